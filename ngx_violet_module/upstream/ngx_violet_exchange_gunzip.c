
/*
 * Decompresses, by zlib, an answer that came as gzip although the gateway had
 * asked for none.  The caller bounds the length of the output.
 */


#include "ngx_violet_exchange_gunzip.h"

#include <zlib.h>


/* the largest window, in a gzip wrapper: zlib checks CRC-32 and length */
#define NGX_VIOLET_GUNZIP_GZIP  (MAX_WBITS + 16)

/* bytes in front of each allocation, which hold its length */
#define NGX_VIOLET_GUNZIP_HEAD  16


struct ngx_violet_gunzip_s {
    z_stream      stream;

    unsigned      open:1;
    unsigned      done:1;
    unsigned      failed:1;
};


static void ngx_violet_gunzip_close(void *data);
static void *ngx_violet_gunzip_alloc(void *opaque, u_int items, u_int size);
static void ngx_violet_gunzip_free(void *opaque, void *address);


ngx_violet_gunzip_t *
ngx_violet_gunzip_create(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t   *cln;
    ngx_violet_gunzip_t  *z;

    cln = ngx_pool_cleanup_add(pool, 0);
    z = ngx_pcalloc(pool, sizeof(ngx_violet_gunzip_t));

    if (cln == NULL || z == NULL) {
        return NULL;
    }

    z->stream.zalloc = ngx_violet_gunzip_alloc;
    z->stream.zfree = ngx_violet_gunzip_free;

    if (inflateInit2(&z->stream, NGX_VIOLET_GUNZIP_GZIP) != Z_OK) {
        return NULL;
    }

    z->open = 1;

    cln->handler = ngx_violet_gunzip_close;
    cln->data = z;

    return z;
}


ngx_int_t
ngx_violet_inflate(ngx_violet_gunzip_t *z, ngx_str_t *in,
    ngx_str_t *out)
{
    int        rc;
    z_stream  *stream;

    /* data behind the end is an error, also if it is another member */

    if (z->failed || (z->done && in->len)) {
        z->failed = 1;
        return NGX_ERROR;
    }

    if (z->done) {
        return NGX_DONE;
    }

    stream = &z->stream;

    stream->next_in = in->data;
    stream->avail_in = (uInt) ngx_min(in->len, NGX_MAX_INT32_VALUE);
    stream->next_out = out->data;
    stream->avail_out = (uInt) ngx_min(out->len, NGX_MAX_INT32_VALUE);

    rc = inflate(stream, Z_NO_FLUSH);

    in->len -= stream->next_in - in->data;
    in->data = stream->next_in;
    out->len -= stream->next_out - out->data;
    out->data = stream->next_out;

    switch (rc) {

    case Z_OK:
    case Z_BUF_ERROR:
        return NGX_AGAIN;

    case Z_STREAM_END:
        z->done = 1;
        ngx_violet_gunzip_close(z);

        if (in->len == 0) {
            return NGX_DONE;
        }

        break;
    }

    z->failed = 1;

    return NGX_ERROR;
}


ngx_uint_t
ngx_violet_gunzip_is_done(ngx_violet_gunzip_t *z)
{
    return z->done && !z->failed;
}


static void
ngx_violet_gunzip_close(void *data)
{
    ngx_violet_gunzip_t  *z = data;

    if (z->open) {
        z->open = 0;
        (void) inflateEnd(&z->stream);
    }
}


/* The window holds parts of the answer, which may be a token: it is wiped. */

static void *
ngx_violet_gunzip_alloc(void *opaque, u_int items, u_int size)
{
    size_t   n;
    size_t  *p;

    n = (size_t) items * size;

    p = ngx_alloc(NGX_VIOLET_GUNZIP_HEAD + n, ngx_cycle->log);
    if (p == NULL) {
        return NULL;
    }

    *p = n;

    return (u_char *) p + NGX_VIOLET_GUNZIP_HEAD;
}


static void
ngx_violet_gunzip_free(void *opaque, void *address)
{
    size_t  *p;

    p = (size_t *) ((u_char *) address - NGX_VIOLET_GUNZIP_HEAD);

    explicit_bzero(address, *p);

    ngx_free(p);
}
