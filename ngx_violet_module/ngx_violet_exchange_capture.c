
/*
 * What an exchange takes of an answer: whether its header makes sense, and
 * its body, up to the limit and made plain if it came as gzip.  All of it is
 * in the carrier's pool.
 */


#include "ngx_violet_exchange.h"
#include "ngx_violet_log.h"


#define NGX_VIOLET_EXCHANGE_MIN_BUFFER  4096


static ngx_int_t ngx_violet_exchange_vet(ngx_violet_exchange_t *e,
    ngx_http_request_t *r);
static ngx_int_t ngx_violet_exchange_decode(ngx_violet_exchange_t *e,
    ngx_http_request_t *r, ngx_str_t *coding, ngx_uint_t codings);
static void ngx_violet_exchange_add(ngx_violet_exchange_t *e, u_char *data,
    size_t size);
static void ngx_violet_exchange_inflate(ngx_violet_exchange_t *e,
    ngx_str_t *in);
static ngx_int_t ngx_violet_exchange_reserve(ngx_violet_exchange_t *e,
    size_t size);


ngx_int_t
ngx_violet_exchange_header(ngx_violet_exchange_t *e, ngx_http_request_t *r)
{
    off_t  length;

    /* what is no HTTP at all nginx takes for HTTP/0.9, without a status */

    e->status = r->upstream ? r->upstream->headers_in.status_n : 0;

    if (e->status == 0 || ngx_violet_exchange_vet(e, r) != NGX_OK) {
        e->failed = 1;
        return NGX_ERROR;
    }

    r->filter_need_in_memory = 1;
    r->header_sent = 1;

    length = r->headers_out.content_length_n;

    if (length > (off_t) e->limit) {
        e->too_large = 1;
        return NGX_ERROR;
    }

    if (length > 0 && ngx_violet_exchange_reserve(e, (size_t) length)
                      != NGX_OK)
    {
        e->failed = 1;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * RFC 9112, section 6.3: lengths that contradict each other make an answer
 * invalid.  nginx before 1.23 takes the last one.
 */

static ngx_int_t
ngx_violet_exchange_vet(ngx_violet_exchange_t *e, ngx_http_request_t *r)
{
    ngx_str_t        *coding;
    ngx_uint_t        i, lengths, codings;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    lengths = 0;
    codings = 0;
    coding = NULL;
    part = &r->upstream->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if ((h[i].key.len == 14
             && ngx_strncasecmp(h[i].key.data, (u_char *) "Content-Length",
                                14)
                == 0)
            || (h[i].key.len == 17
                && ngx_strncasecmp(h[i].key.data,
                                   (u_char *) "Transfer-Encoding", 17)
                   == 0))
        {
            lengths++;

        } else if (h[i].key.len == 16
                   && ngx_strncasecmp(h[i].key.data,
                                      (u_char *) "Content-Encoding", 16)
                      == 0)
        {
            codings++;
            coding = &h[i].value;
        }
    }

    if (lengths > 1) {
        return NGX_ERROR;
    }

    if (codings == 0) {
        return NGX_OK;
    }

    return ngx_violet_exchange_decode(e, r, coding, codings);
}


/*
 * Identity is asked for.  A body that comes as gzip all the same is made
 * plain; of what any other coding hides nothing can be said.
 */

static ngx_int_t
ngx_violet_exchange_decode(ngx_violet_exchange_t *e, ngx_http_request_t *r,
    ngx_str_t *coding, ngx_uint_t codings)
{
    u_char     buf[NGX_VIOLET_LOG_TEXT];
    ngx_str_t  shown;

    if (codings == 1
        && (coding->len == 0
            || (coding->len == 8
                && ngx_strncasecmp(coding->data, (u_char *) "identity", 8)
                   == 0)))
    {
        return NGX_OK;
    }

    if (codings > 1 || coding->len != 4
        || ngx_strncasecmp(coding->data, (u_char *) "gzip", 4) != 0)
    {
        shown = ngx_violet_log_text(coding, buf);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: Violet's answer has the content coding "
                      "\"%V\"%s, which nobody asked for",
                      &shown, codings > 1 ? " and others" : "");

        e->encoded = 1;

        return NGX_OK;
    }

    e->inflate = ngx_violet_inflate_create(e->carrier->pool);
    if (e->inflate == NULL) {
        return NGX_ERROR;
    }

    /* as nginx's gunzip does: what is passed on is another representation */

    if (r->headers_out.content_encoding) {
        r->headers_out.content_encoding->hash = 0;
        r->headers_out.content_encoding = NULL;
    }

    ngx_http_clear_accept_ranges(r);
    ngx_http_weak_etag(r);

    return NGX_OK;
}


ngx_int_t
ngx_violet_exchange_body(ngx_violet_exchange_t *e, ngx_http_request_t *r,
    ngx_chain_t *in)
{
    size_t        size;
    ngx_buf_t    *b;
    ngx_str_t     piece;
    ngx_chain_t  *cl;

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        size = ngx_buf_in_memory(b) ? (size_t) (b->last - b->pos) : 0;

        if (size && !e->too_large && !e->failed) {

            if (size > e->limit - e->received) {
                e->too_large = 1;

            } else if (e->inflate) {
                piece.data = b->pos;
                piece.len = size;

                ngx_violet_exchange_inflate(e, &piece);

            } else {
                ngx_violet_exchange_add(e, b->pos, size);
            }

            e->received += size;
        }

        /* a token lies nowhere but where it is used */

        if (size && e->own) {
            explicit_bzero(b->pos, size);
        }

        b->pos = b->last;
        b->file_pos = b->file_last;

        if (b->last_buf || b->last_in_chain) {
            e->complete = 1;
        }
    }

    /*
     * an error returned from here would be taken for one of the caller's
     * connection; this stops the upstream alone
     */

    if ((e->too_large || e->failed) && r->upstream && r->upstream->pipe) {
        r->upstream->pipe->downstream_error = 1;
    }

    return NGX_OK;
}


static void
ngx_violet_exchange_add(ngx_violet_exchange_t *e, u_char *data, size_t size)
{
    if (ngx_violet_exchange_reserve(e, e->content.len + size) != NGX_OK) {
        e->failed = 1;
        return;
    }

    ngx_memcpy(e->content.data + e->content.len, data, size);
    e->content.len += size;
}


/*
 * A buffer that is full may be all there is: what comes after it, if
 * anything, tells.
 */

static void
ngx_violet_exchange_inflate(ngx_violet_exchange_t *e, ngx_str_t *in)
{
    u_char     byte;
    size_t     room;
    ngx_int_t  rc;
    ngx_str_t  out;

    for ( ;; ) {

        if (e->content.len < e->limit
            && ngx_violet_exchange_reserve(e, e->content.len + 1) != NGX_OK)
        {
            e->failed = 1;
            return;
        }

        room = ngx_min(e->allocated, e->limit) - e->content.len;

        if (room) {
            out.data = e->content.data + e->content.len;
            out.len = room;

        } else {
            out.data = &byte;
            out.len = 1;
        }

        rc = ngx_violet_inflate(e->inflate, in, &out);

        if (room == 0 && out.len == 0) {
            e->too_large = 1;
            return;
        }

        e->content.len += room ? room - out.len : 0;

        if (rc == NGX_ERROR) {
            e->failed = 1;
            return;
        }

        if (rc == NGX_DONE || (in->len == 0 && out.len)) {
            return;
        }
    }
}


static ngx_int_t
ngx_violet_exchange_reserve(ngx_violet_exchange_t *e, size_t size)
{
    u_char  *p;

    if (size <= e->allocated) {
        return NGX_OK;
    }

    size = ngx_max(size, 2 * e->allocated);
    size = ngx_max(size, NGX_VIOLET_EXCHANGE_MIN_BUFFER);
    size = ngx_min(size, ngx_max(e->limit, NGX_VIOLET_EXCHANGE_MIN_BUFFER));

    p = ngx_pnalloc(e->carrier->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (e->content.len) {
        ngx_memcpy(p, e->content.data, e->content.len);
    }

    if (e->content.data) {

        if (e->own) {
            explicit_bzero(e->content.data, e->content.len);
        }

        (void) ngx_pfree(e->carrier->pool, e->content.data);
    }

    e->content.data = p;
    e->allocated = size;

    return NGX_OK;
}
