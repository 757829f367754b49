
/*
 * The bytes of one direction of a connection to Redis.  A buffer is allocated
 * when it is needed first, grows to twice its bytes, and belongs to its user.
 *
 * The bytes lie in a block.  Pools may keep it, so that a report is sent from
 * where it was received: the buffer then adds bytes behind the others, or takes
 * another block, and the last one who uses a block frees it.
 */


#include "ngx_violet_redis_buffer.h"


/* bytes of blocks that only pools keep, in a worker; then reports are copied */
#define NGX_VIOLET_REDIS_KEPT  (4 * 1024 * 1024)


typedef struct {
    size_t       size;
    ngx_uint_t   users;     /* the buffer, and pools */
} ngx_violet_redis_block_t;


#define ngx_violet_redis_block(b)                                             \
    ((ngx_violet_redis_block_t *) (void *) (b)->data - 1)


static ngx_int_t ngx_violet_redis_buffer_change(ngx_violet_redis_buffer_t *b,
    size_t size);
static void ngx_violet_redis_buffer_leave(ngx_violet_redis_buffer_t *b);
static void ngx_violet_redis_buffer_release(void *data);


static size_t  ngx_violet_redis_kept;


ngx_int_t
ngx_violet_redis_buffer_room(ngx_violet_redis_buffer_t *b, size_t len)
{
    size_t      size, used;
    ngx_uint_t  kept;

    used = b->end - b->start;
    kept = ngx_violet_redis_buffer_is_kept(b);

    if (used == 0 && !kept) {
        b->start = 0;
        b->end = 0;
    }

    if (len <= b->size - b->end) {
        return NGX_OK;
    }

    if (used + len > b->size || kept) {
        size = ngx_max(used + len, 2 * used);

        return ngx_violet_redis_buffer_change(b, ngx_max(size,
                                                    NGX_VIOLET_REDIS_BUFFER));
    }

    ngx_memmove(b->data, b->data + b->start, used);

    b->start = 0;
    b->end = used;

    return NGX_OK;
}


/* Takes another block, and the bytes with it. */

static ngx_int_t
ngx_violet_redis_buffer_change(ngx_violet_redis_buffer_t *b, size_t size)
{
    size_t                     used;
    ngx_violet_redis_block_t  *block;

    block = ngx_alloc(sizeof(ngx_violet_redis_block_t) + size,
                      ngx_cycle->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    block->size = size;
    block->users = 1;

    used = b->end - b->start;

    if (used) {
        ngx_memcpy(block + 1, b->data + b->start, used);
    }

    ngx_violet_redis_buffer_leave(b);

    b->data = (u_char *) (block + 1);
    b->size = size;
    b->start = 0;
    b->end = used;

    return NGX_OK;
}


static void
ngx_violet_redis_buffer_leave(ngx_violet_redis_buffer_t *b)
{
    ngx_violet_redis_block_t  *block;

    if (b->data == NULL) {
        return;
    }

    block = ngx_violet_redis_block(b);

    if (--block->users == 0) {
        ngx_free(block);
        return;
    }

    ngx_violet_redis_kept += block->size;
}


ngx_int_t
ngx_violet_redis_buffer_keep(ngx_violet_redis_buffer_t *b, ngx_pool_t *pool)
{
    ngx_pool_cleanup_t        *cln;
    ngx_violet_redis_block_t  *block;

    block = ngx_violet_redis_block(b);

    if (ngx_violet_redis_kept + block->size > NGX_VIOLET_REDIS_KEPT) {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_DECLINED;
    }

    block->users++;

    cln->handler = ngx_violet_redis_buffer_release;
    cln->data = block;

    return NGX_OK;
}


ngx_uint_t
ngx_violet_redis_buffer_is_kept(ngx_violet_redis_buffer_t *b)
{
    return b->data && ngx_violet_redis_block(b)->users > 1;
}


/* A pool is destroyed.  The buffer left the block before its last user did. */

static void
ngx_violet_redis_buffer_release(void *data)
{
    ngx_violet_redis_block_t  *block = data;

    if (--block->users == 0) {
        ngx_violet_redis_kept -= block->size;
        ngx_free(block);
    }
}


void
ngx_violet_redis_buffer_shrink(ngx_violet_redis_buffer_t *b)
{
    if (b->size > NGX_VIOLET_REDIS_BUFFER) {
        ngx_violet_redis_buffer_free(b);

    } else if (!ngx_violet_redis_buffer_is_kept(b)) {
        b->start = 0;
        b->end = 0;
    }
}


void
ngx_violet_redis_buffer_free(ngx_violet_redis_buffer_t *b)
{
    ngx_violet_redis_buffer_leave(b);

    ngx_memzero(b, sizeof(ngx_violet_redis_buffer_t));
}
