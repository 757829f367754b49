
/*
 * Finds the reason for an error of Violet's: by tables of words for "error"
 * and "type", by the operator's patterns, and by built-in patterns over
 * messages.  Pattern sets are made while the configuration is read and live
 * as long as the configuration.  Matching does not write to them; its time is
 * bounded, so that no message can block a worker.
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
 * The first violet_reasons_init() compiles the built-in patterns; it returns
 * -1 if memory runs out.  The last violet_reasons_cleanup() frees them: call
 * it once for each init that succeeded.  So a new configuration takes the
 * patterns over from the old one.
 */

int violet_reasons_init(void);
void violet_reasons_cleanup(void);


/* bytes of a message that are asked for doubt */

#define VIOLET_REASON_DOUBT  8192


/*
 * The reason for one error of Violet's.  *doubtful is set to true if the order
 * may exist although Violet reports the error; the reason is that of the doubt
 * then.  Else it comes from "error", then "type", then the operator's patterns
 * over "message", then the built-in ones; it is OTHER if none matches.
 *
 * A pattern of the operator's can make an error doubtful, none can take the
 * doubt away: the built-in patterns of doubt are asked in any case.  Any of the
 * texts and the operator's set may be null.
 */

violet_reason_t violet_reason_find(const violet_reasons_t *reasons,
    violet_text_t error, violet_text_t type, violet_text_t message,
    int *doubtful);


#endif /* VIOLET_REASON_H */
