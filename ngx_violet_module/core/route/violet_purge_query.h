
/*
 * The arguments of a purge or of a look-up: which report or which submit is
 * meant.  No memory is allocated, and no state is kept.
 */

#ifndef VIOLET_PURGE_QUERY_H
#define VIOLET_PURGE_QUERY_H


#include <stdint.h>
#include <stddef.h>

#include "violet_text.h"


/* bytes of an Idempotency-Key at most */

#define VIOLET_PURGE_KEY  1024


typedef enum {
    VIOLET_PURGE_NONE = 0,
    VIOLET_PURGE_MERCHANT,         /* the report of one merchant */
    VIOLET_PURGE_ALL,              /* all reports of the app */
    VIOLET_PURGE_CART,             /* the record of a cart's submit */
    VIOLET_PURGE_KEYED             /* the record of a POST orders */
} violet_purge_kind_t;


typedef struct {
    violet_purge_kind_t   kind;
    int32_t               merchant_id;
    int64_t               cart_id;
    size_t                key_len;
    char                  key[VIOLET_PURGE_KEY];
    unsigned              force:1;
} violet_purge_query_t;


/*
 * Reads raw arguments.  Exactly one of "merchant_id", "all", "cart_id" and
 * "key" must be there, once.  Other names than these and "force" are ignored.
 *
 * Returns NULL, or the error as a static sentence for the caller.
 */

const char *violet_purge_query_read(const violet_text_t *args,
    violet_purge_query_t *query);


#endif /* VIOLET_PURGE_QUERY_H */
