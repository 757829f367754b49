
/*
 * The words of Violet's "error" and "type", and the patterns over messages,
 * each with its reason.  A table ends with a row whose word is NULL.
 */

#ifndef VIOLET_REASON_TABLE_H
#define VIOLET_REASON_TABLE_H


#include "violet_cart_words.h"


typedef struct {
    const char            *word;
    violet_reason_t        reason;
} violet_reason_word_t;


extern const violet_reason_word_t  violet_reason_errors[];
extern const violet_reason_word_t  violet_reason_types[];
extern const violet_reason_word_t  violet_reason_item_types[];

/* PCRE2, over bytes, in any letter case */

extern const violet_reason_word_t  violet_reason_doubts[];
extern const violet_reason_word_t  violet_reason_patterns[];


#endif /* VIOLET_REASON_TABLE_H */
