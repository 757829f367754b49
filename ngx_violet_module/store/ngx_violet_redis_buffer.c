
/*
 * The bytes of one direction of a connection to Redis.  A buffer is allocated
 * when it is needed first, grows to twice its bytes, and belongs to its user.
 */


#include "ngx_violet_redis_buffer.h"


ngx_int_t
ngx_violet_redis_buffer_room(ngx_violet_redis_buffer_t *b, size_t len)
{
    u_char  *data;
    size_t   size, used;

    if (len <= b->size - b->end) {
        return NGX_OK;
    }

    used = b->end - b->start;

    if (used + len > b->size) {
        size = ngx_max(used + len, 2 * used);
        size = ngx_max(size, NGX_VIOLET_REDIS_BUFFER);

        data = ngx_alloc(size, ngx_cycle->log);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (used) {
            ngx_memcpy(data, b->data + b->start, used);
        }

        if (b->data) {
            ngx_free(b->data);
        }

        b->data = data;
        b->size = size;

    } else {
        ngx_memmove(b->data, b->data + b->start, used);
    }

    b->start = 0;
    b->end = used;

    return NGX_OK;
}


void
ngx_violet_redis_buffer_shrink(ngx_violet_redis_buffer_t *b)
{
    b->start = 0;
    b->end = 0;

    if (b->size > NGX_VIOLET_REDIS_BUFFER) {
        ngx_violet_redis_buffer_free(b);
    }
}


void
ngx_violet_redis_buffer_free(ngx_violet_redis_buffer_t *b)
{
    if (b->data) {
        ngx_free(b->data);
    }

    ngx_memzero(b, sizeof(ngx_violet_redis_buffer_t));
}
