
/*
 * Decompresses a gzip body as it arrives, into a buffer of the caller's.  The
 * state is zlib's and lies on the heap; it is wiped and freed when the body
 * has ended, or with the pool.
 */

#ifndef NGX_VIOLET_EXCHANGE_GUNZIP_H
#define NGX_VIOLET_EXCHANGE_GUNZIP_H


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_violet_gunzip_s  ngx_violet_gunzip_t;


/* Belongs to the pool; NULL if memory runs out. */

ngx_violet_gunzip_t *ngx_violet_gunzip_create(ngx_pool_t *pool);


/*
 * Reads from "in" and writes at most out->len bytes to "out".  Moves both
 * past the bytes that were read and written.  Returns NGX_AGAIN if more input
 * or more room is needed, NGX_DONE if the body has ended and its checksum and
 * length are right, or NGX_ERROR if the body is not gzip (RFC 1952) of one
 * member or if memory runs out.
 */

ngx_int_t ngx_violet_inflate(ngx_violet_gunzip_t *z, ngx_str_t *in,
    ngx_str_t *out);


/* True if the body has ended, and its checksum and length are right. */

ngx_uint_t ngx_violet_gunzip_is_done(ngx_violet_gunzip_t *z);


#endif /* NGX_VIOLET_EXCHANGE_GUNZIP_H */
