
/*
 * The caller's body and its digest.  nginx has the body in memory, in a
 * temporary file, or in both.
 */


#include "ngx_violet_cart.h"

#include <ngx_sha1.h>


#define NGX_VIOLET_CART_DIGEST  20
#define NGX_VIOLET_CART_PIECE   16384


static ngx_int_t ngx_violet_cart_body_part(ngx_buf_t *b, u_char *p,
    size_t size);


ngx_int_t
ngx_violet_cart_body(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t                   size;
    u_char                 *p;
    ngx_chain_t            *cl;
    ngx_violet_loc_conf_t  *vlcf;

    ngx_str_null(body);

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    vlcf = ngx_violet_loc_conf(r);

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size > (off_t) vlcf->buffer_limit) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, (size_t) size + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = (size_t) size;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size = ngx_buf_size(cl->buf);

        if (ngx_violet_cart_body_part(cl->buf, p, (size_t) size) != NGX_OK) {
            return NGX_ERROR;
        }

        p += size;
    }

    return NGX_OK;
}


/* Reads the body piece by piece, so that the digest covers all of it. */

ngx_int_t
ngx_violet_cart_digest(ngx_http_request_t *r, ngx_str_t *digest)
{
    u_char       *p, *buf;
    size_t        size;
    ngx_buf_t     part;
    ngx_sha1_t    sha1;
    ngx_chain_t  *cl;

    p = ngx_pnalloc(r->pool, NGX_VIOLET_CART_DIGEST + NGX_VIOLET_CART_PIECE);
    if (p == NULL) {
        return NGX_ERROR;
    }

    buf = p + NGX_VIOLET_CART_DIGEST;

    ngx_sha1_init(&sha1);

    cl = r->request_body ? r->request_body->bufs : NULL;

    for ( /* void */ ; cl; cl = cl->next) {

        if (ngx_buf_in_memory(cl->buf)) {
            ngx_sha1_update(&sha1, cl->buf->pos, ngx_buf_size(cl->buf));
            continue;
        }

        for (part = *cl->buf; part.file_pos < part.file_last; /* void */ ) {

            size = (size_t) ngx_min(part.file_last - part.file_pos,
                                    NGX_VIOLET_CART_PIECE);

            if (ngx_violet_cart_body_part(&part, buf, size) != NGX_OK) {
                return NGX_ERROR;
            }

            ngx_sha1_update(&sha1, buf, size);

            part.file_pos += (off_t) size;
        }
    }

    ngx_sha1_final(p, &sha1);

    digest->data = p;
    digest->len = NGX_VIOLET_CART_DIGEST;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_cart_body_part(ngx_buf_t *b, u_char *p, size_t size)
{
    size_t   done;
    ssize_t  n;

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(p, b->pos, size);
        return NGX_OK;
    }

    for (done = 0; done < size; done += (size_t) n) {

        n = ngx_read_file(b->file, p + done, size - done,
                          b->file_pos + (off_t) done);
        if (n <= 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
