
/*
 * A gzip body made plain as it arrives, into a buffer of the caller's.  The
 * state is zlib's, on the heap, wiped and freed with the pool or as soon as
 * the body has ended.
 */

#ifndef NGX_VIOLET_EXCHANGE_GUNZIP_H
#define NGX_VIOLET_EXCHANGE_GUNZIP_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_violet_gunzip_s  ngx_violet_gunzip_t;


/* Belongs to the pool; NULL if memory runs out. */

ngx_violet_gunzip_t *ngx_violet_gunzip_create(ngx_pool_t *pool);


/*
 * Reads from "in" and writes to "out", at most its length, and moves both
 * past what was read and written.  Returns NGX_AGAIN if it wants more input
 * or more room, NGX_DONE if the body has ended, its checksum and length
 * being right, or NGX_ERROR if it is no gzip body (RFC 1952) of one member
 * or if memory runs out.
 */

ngx_int_t ngx_violet_inflate(ngx_violet_gunzip_t *z, ngx_str_t *in,
    ngx_str_t *out);


/* Has the body ended as it should? */

ngx_uint_t ngx_violet_gunzip_is_done(ngx_violet_gunzip_t *z);


#endif /* NGX_VIOLET_EXCHANGE_GUNZIP_H */
