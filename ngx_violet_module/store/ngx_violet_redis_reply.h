
/*
 * The nodes of the replies on a connection: one block, which is used again for
 * each reply.  Nothing is allocated for a part of a reply.
 */

#ifndef NGX_VIOLET_REDIS_REPLY_H
#define NGX_VIOLET_REDIS_REPLY_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_reply.h"


/* one for each connection; all zeroes at first */

typedef struct {
    violet_reply_t    *nodes;
    ngx_uint_t         room;          /* nodes that fit */
} ngx_violet_redis_replies_t;


/*
 * Builds the tree of a whole reply, whose bounds violet_resp has found, with
 * so many elements in all its arrays.  The tree lasts as long as the bytes, and
 * until the next call.  NULL if memory runs out.
 */

violet_reply_t *ngx_violet_redis_reply_build(
    ngx_violet_redis_replies_t *replies, u_char *bytes, ngx_uint_t elements);


/* Frees what a large reply took.  The tree must no longer be in use. */

void ngx_violet_redis_reply_shrink(ngx_violet_redis_replies_t *replies);


/* Frees everything. */

void ngx_violet_redis_reply_free(ngx_violet_redis_replies_t *replies);


#endif /* NGX_VIOLET_REDIS_REPLY_H */
