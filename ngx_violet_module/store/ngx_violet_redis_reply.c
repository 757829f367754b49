
/*
 * The nodes of the replies on a connection.  There is room for the whole reply
 * before its tree is built, so nothing can fail half-way.
 */


#include "ngx_violet_redis_reply.h"


/* nodes that are kept between two replies */
#define NGX_VIOLET_REDIS_REPLY_NODES  64


violet_reply_t *
ngx_violet_redis_reply_build(ngx_violet_redis_replies_t *replies,
    u_char *bytes, ngx_uint_t elements)
{
    ngx_uint_t  n;

    n = elements + 1;

    if (n > replies->room) {
        ngx_violet_redis_reply_free(replies);

        n = ngx_max(n, NGX_VIOLET_REDIS_REPLY_NODES);

        replies->nodes = ngx_alloc(n * sizeof(violet_reply_t),
                                   ngx_cycle->log);
        if (replies->nodes == NULL) {
            return NULL;
        }

        replies->room = n;
    }

    violet_reply_build(replies->nodes, (char *) bytes);

    return replies->nodes;
}


void
ngx_violet_redis_reply_shrink(ngx_violet_redis_replies_t *replies)
{
    if (replies->room > NGX_VIOLET_REDIS_REPLY_NODES) {
        ngx_violet_redis_reply_free(replies);
    }
}


void
ngx_violet_redis_reply_free(ngx_violet_redis_replies_t *replies)
{
    if (replies->nodes) {
        ngx_free(replies->nodes);
    }

    ngx_memzero(replies, sizeof(ngx_violet_redis_replies_t));
}
