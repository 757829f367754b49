
/*
 * A whole reply as hiredis's redisReply, without an allocation for each part:
 * hiredis's public reader takes the bytes apart, all nodes of the tree lie in
 * one block that is used again, and each string stays where it was received.
 */

#ifndef NGX_VIOLET_REDIS_REPLY_H
#define NGX_VIOLET_REDIS_REPLY_H


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/time.h>
#include <hiredis/hiredis.h>


/* one for each connection; all zeroes at first */

typedef struct {
    redisReader    *reader;
    redisReply     *nodes;
    redisReply    **elements;      /* of all arrays, behind the nodes */
    ngx_uint_t      room;          /* nodes that fit */
    ngx_uint_t      nnodes;        /* of the reply that is built */
    ngx_uint_t      nelements;
    u_char         *bytes;         /* of this reply, as received */
    char           *copy;          /* the same, in the reader */
    size_t          largest;       /* reply that the reader has had */
} ngx_violet_redis_replies_t;


/*
 * Builds the reply from its bytes: one reply whose bounds violet_resp has
 * found, with so many elements in all its arrays.  The bytes must stay until
 * the caller has used the tree; the byte after each string becomes a zero.
 * The tree lasts until the next call.
 *
 * NULL if memory runs out, or if hiredis reads the bytes in another way.
 */

redisReply *ngx_violet_redis_reply_build(ngx_violet_redis_replies_t *replies,
    u_char *bytes, size_t len, ngx_uint_t elements);


/* Frees what a large reply took.  The tree must no longer be in use. */

void ngx_violet_redis_reply_shrink(ngx_violet_redis_replies_t *replies);


/* Frees everything. */

void ngx_violet_redis_reply_free(ngx_violet_redis_replies_t *replies);


#endif /* NGX_VIOLET_REDIS_REPLY_H */
