
/*
 * Reads the arguments of connection health as Spring does.  No memory is
 * allocated, and no state is kept.
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
 * Reads "app_id" and "refresh" from raw arguments and ignores all others.  If
 * "refresh" is repeated, one true value is enough.  "app_id" must be the
 * canonical spelling of the app's own id.
 *
 * Returns NULL, or the error as a static sentence for the caller.
 */

const char *violet_query_read(const violet_text_t *args, int32_t app_id,
    violet_query_t *query);


/*
 * Reads "app_id" and "exclude_public", for the list of an app's merchants.
 * "exclude_public" is true if it is absent.  If it is repeated, one true value
 * is enough: the caller gets the shorter list.
 */

const char *violet_query_read_list(const violet_text_t *args, int32_t app_id,
    violet_query_t *query);


#endif /* VIOLET_QUERY_H */
