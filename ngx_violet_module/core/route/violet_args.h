
/*
 * The arguments of a request: their names and values, and percent-decoding,
 * also for paths.  No memory is allocated, and no state is kept.
 */

#ifndef VIOLET_ARGS_H
#define VIOLET_ARGS_H


#include <stddef.h>

#include "violet_text.h"


/*
 * Takes the next argument off "rest", and sets its name and value as they are
 * written; without "=" the value is empty.  Returns 0 at the end of "rest".
 */

int violet_args_next(violet_text_t *rest, violet_text_t *name,
    violet_text_t *value);


/*
 * Decodes a name or a value; "+" stands for itself.  *len is the number of its
 * bytes: if it is larger than "size", "buf" has only the first ones.  Returns
 * -1 if the encoding is invalid.
 */

int violet_args_decode(violet_text_t text, char *buf, size_t size,
    size_t *len);


/* Decodes the "%XX" at the beginning of "data"; -1 if it is no escape. */

int violet_args_unescape(const char *data, size_t len);


#endif /* VIOLET_ARGS_H */
