
/*
 * From Violet's words to one of our reasons: the table of names for "error"
 * and "type", the operator's patterns, and the built-in patterns over
 * messages.  Pattern sets are made while the configuration is read and live
 * as long as it does; matching does not write to them and is bounded, so no
 * message can hold a worker.
 */

#ifndef VIOLET_REASON_H
#define VIOLET_REASON_H


#include <stddef.h>

#include "violet_cart_words.h"
#include "violet_text.h"


/* A set of patterns, in the order in which they were added. */

typedef struct violet_reasons_s  violet_reasons_t;


/* Makes an empty set; NULL if memory runs out. */

violet_reasons_t *violet_reasons_create(void);


/*
 * Adds a pattern (PCRE2, UTF-8 where the message is valid UTF-8).  Returns
 * 0, or -1 with an explanation in "error" (NUL-terminated, cut to "size").
 */

int violet_reasons_add(violet_reasons_t *reasons, violet_text_t pattern,
    int caseless, violet_reason_t reason, char *error, size_t size);


/* Frees a set; NULL is allowed. */

void violet_reasons_destroy(violet_reasons_t *reasons);


/*
 * The reason for one error of Violet's: from "error", then "type", then the
 * operator's patterns over "message", then the built-in ones; OTHER if none
 * knows.  Any of the texts and the operator's set may be null.
 *
 * The built-in patterns are compiled by the first violet_reasons_init(); it
 * returns -1 if memory runs out.  They go with the last cleanup: each init
 * that succeeded wants one of its own, so that a new configuration can take
 * them over from the old one.
 */

int violet_reasons_init(void);
void violet_reasons_cleanup(void);

violet_reason_t violet_reason_find(const violet_reasons_t *reasons,
    violet_text_t error, violet_text_t type, violet_text_t message);


#endif /* VIOLET_REASON_H */
