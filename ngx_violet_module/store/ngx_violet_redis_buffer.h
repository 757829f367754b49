
/*
 * A buffer of bytes on the heap, for one direction of a connection to Redis.
 * All zeroes are an empty one; its user frees it.  Bytes that a pool keeps stay
 * where they are until the pool is destroyed, also after that.
 */

#ifndef NGX_VIOLET_REDIS_BUFFER_H
#define NGX_VIOLET_REDIS_BUFFER_H


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * bytes of a buffer, unless a reply or the commands need more; in a build in
 * which each allocation is one of its own, a buffer has just those it needs
 */
#if (NGX_DEBUG_PALLOC)
#define NGX_VIOLET_REDIS_BUFFER  1
#else
#define NGX_VIOLET_REDIS_BUFFER  65536
#endif


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


/*
 * Keeps the bytes that are in the buffer now, also those before "start", until
 * the pool is destroyed.  NGX_DECLINED if pools keep as many as they may, or
 * without memory.
 */

ngx_int_t ngx_violet_redis_buffer_keep(ngx_violet_redis_buffer_t *b,
    ngx_pool_t *pool);


/* True if a pool keeps bytes of the buffer. */

ngx_uint_t ngx_violet_redis_buffer_is_kept(ngx_violet_redis_buffer_t *b);


/* Called when all bytes were taken; a large buffer is freed. */

void ngx_violet_redis_buffer_shrink(ngx_violet_redis_buffer_t *b);


void ngx_violet_redis_buffer_free(ngx_violet_redis_buffer_t *b);


#endif /* NGX_VIOLET_REDIS_BUFFER_H */
