
/*
 * A buffer of bytes on the heap, for one direction of a connection to Redis.
 * All zeroes are an empty one; its user frees it.
 */

#ifndef NGX_VIOLET_REDIS_BUFFER_H
#define NGX_VIOLET_REDIS_BUFFER_H


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of a buffer, unless a reply or the commands need more */
#define NGX_VIOLET_REDIS_BUFFER  65536


typedef struct {
    u_char   *data;
    size_t    size;
    size_t    start;    /* of the bytes that are there */
    size_t    end;
} ngx_violet_redis_buffer_t;


/*
 * Makes room for so many bytes behind those that are there, which may move.
 * NGX_OK, or NGX_ERROR if memory runs out; nothing has changed then.
 */

ngx_int_t ngx_violet_redis_buffer_room(ngx_violet_redis_buffer_t *b,
    size_t len);


/* Empties a buffer; a large one is freed. */

void ngx_violet_redis_buffer_shrink(ngx_violet_redis_buffer_t *b);


void ngx_violet_redis_buffer_free(ngx_violet_redis_buffer_t *b);


#endif /* NGX_VIOLET_REDIS_BUFFER_H */
