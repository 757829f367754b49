
/*
 * The arguments of connection health, read the way Spring reads them, and
 * the percent-decoding that they and paths share.  Nothing is allocated and
 * nothing is kept.
 */

#ifndef VIOLET_QUERY_H
#define VIOLET_QUERY_H


#include <stdint.h>
#include <stddef.h>

#include "violet_text.h"


typedef struct {
    unsigned   refresh:1;
    unsigned   exclude_public:1;
} violet_query_t;


/*
 * Reads "app_id" and "refresh" out of raw arguments and passes over all
 * others.  If any repetition of "refresh" is true, it is true; an "app_id"
 * must be the canonical spelling of the app's own.
 *
 * Returns NULL, or a sentence for the caller that says what is wrong,
 * static.
 */

const char *violet_query_read(const violet_text_t *args, int32_t app_id,
    violet_query_t *query);


/*
 * The same for the list of an app's merchants, which knows "app_id" and
 * "exclude_public".  The latter is true if it is absent, and if any
 * repetition is true: a caller who contradicts himself gets the shorter
 * list, never merchants that he asked not to see.
 */

const char *violet_query_read_list(const violet_text_t *args, int32_t app_id,
    violet_query_t *query);


/*
 * The character that the "%XX" at the beginning of "data" stands for, or -1
 * if there is none.
 */

int violet_query_unescape(const char *data, size_t len);


#endif /* VIOLET_QUERY_H */
