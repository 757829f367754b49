
/*
 * Captures an answer of an exchange: checks its header, and copies its body,
 * up to the limit and decompressed if it came as gzip, to the carrier's pool.
 */


#include "ngx_violet_exchange.h"
#include "ngx_violet_header.h"
#include "ngx_violet_log.h"


#define NGX_VIOLET_EXCHANGE_MIN_BUFFER  4096

/* bytes for a response header at least, if proxy_buffer_size is less */
#define NGX_VIOLET_EXCHANGE_HEADER      32768


/* the content codings of an answer */

typedef struct {
    ngx_uint_t    gzip;         /* number of times */
    ngx_str_t     other;        /* one that cannot be decoded */
} ngx_violet_exchange_codings_t;


static ngx_int_t ngx_violet_exchange_vet(ngx_violet_exchange_t *e,
    ngx_http_request_t *r);
static void ngx_violet_exchange_read_codings(
    ngx_violet_exchange_codings_t *codings, ngx_str_t *value);
static ngx_int_t ngx_violet_exchange_decode(ngx_violet_exchange_t *e,
    ngx_http_request_t *r, ngx_violet_exchange_codings_t *codings);
static void ngx_violet_exchange_drop_codings(ngx_http_request_t *r);
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

    /* nginx takes an answer that is not HTTP for HTTP/0.9, with status 0 */

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
    ngx_uint_t                      lengths;
    ngx_table_elt_t                *h;
    ngx_violet_header_iter_t        iter;
    ngx_violet_exchange_codings_t   codings;

    ngx_memzero(&codings, sizeof(ngx_violet_exchange_codings_t));

    lengths = 0;

    ngx_violet_header_first(&iter, &r->upstream->headers_in.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (ngx_violet_header_is(&h->key, "Content-Length")
            || ngx_violet_header_is(&h->key, "Transfer-Encoding"))
        {
            lengths++;

        } else if (ngx_violet_header_is(&h->key, "Content-Encoding")) {
            ngx_violet_exchange_read_codings(&codings, &h->value);
        }
    }

    if (lengths > 1) {
        return NGX_ERROR;
    }

    return ngx_violet_exchange_decode(e, r, &codings);
}


/*
 * RFC 9110, section 8.4: a list of codings.  "identity" means no coding, and
 * "x-gzip" is another name of gzip.
 */

static void
ngx_violet_exchange_read_codings(ngx_violet_exchange_codings_t *codings,
    ngx_str_t *value)
{
    u_char     *p, *last, *end;
    ngx_str_t   coding;

    last = value->data + value->len;

    for (p = value->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        coding.data = p;
        coding.len = end - p;

        while (coding.len && (*coding.data == ' ' || *coding.data == '\t')) {
            coding.data++;
            coding.len--;
        }

        while (coding.len && (coding.data[coding.len - 1] == ' '
                              || coding.data[coding.len - 1] == '\t'))
        {
            coding.len--;
        }

        if (coding.len == 0 || ngx_violet_header_is(&coding, "identity")) {
            continue;
        }

        if (ngx_violet_header_is(&coding, "gzip")
            || ngx_violet_header_is(&coding, "x-gzip"))
        {
            codings->gzip++;

        } else {
            codings->other = coding;
        }
    }
}


/*
 * An exchange asks for no coding.  A body that comes as gzip is decompressed;
 * one with another coding cannot be read.
 */

static ngx_int_t
ngx_violet_exchange_decode(ngx_violet_exchange_t *e, ngx_http_request_t *r,
    ngx_violet_exchange_codings_t *codings)
{
    u_char     buf[NGX_VIOLET_LOG_TEXT];
    ngx_str_t  shown;

    if (codings->other.len || codings->gzip > 1) {

        if (codings->other.len == 0) {
            ngx_str_set(&codings->other, "gzip");
        }

        shown = ngx_violet_log_text(&codings->other, buf);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: Violet's answer has the content coding "
                      "\"%V\"%s, which nobody asked for",
                      &shown, codings->gzip ? " and others" : "");

        e->encoded = 1;

        return NGX_OK;
    }

    ngx_violet_exchange_drop_codings(r);

    if (codings->gzip == 0) {
        return NGX_OK;
    }

    e->inflate = ngx_violet_gunzip_create(e->carrier->pool);
    if (e->inflate == NULL) {
        return NGX_ERROR;
    }

    /* as nginx's gunzip filter does: another representation is passed on */

    ngx_http_clear_accept_ranges(r);
    ngx_http_weak_etag(r);

    return NGX_OK;
}


/* The body that is passed on has no coding: removes the header lines. */

static void
ngx_violet_exchange_drop_codings(ngx_http_request_t *r)
{
    ngx_table_elt_t           *h;
    ngx_violet_header_iter_t   iter;

    if (r->headers_out.content_encoding == NULL) {
        return;
    }

    r->headers_out.content_encoding = NULL;

    ngx_violet_header_first(&iter, &r->headers_out.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (ngx_violet_header_is(&h->key, "Content-Encoding")) {
            h->hash = 0;
        }
    }
}


/*
 * nginx requires that the busy buffers hold the header's buffer and each of
 * the others, and that at least one buffer is left beside them.
 */

void
ngx_violet_exchange_set_buffers(ngx_http_upstream_conf_t *conf)
{
    size_t  size;

    if (conf->buffer_size >= NGX_VIOLET_EXCHANGE_HEADER) {
        return;
    }

    size = NGX_VIOLET_EXCHANGE_HEADER;

    conf->buffer_size = size;

    conf->busy_buffers_size = ngx_max(conf->busy_buffers_size, size);
    conf->temp_file_write_size = ngx_max(conf->temp_file_write_size, size);

    if (conf->max_temp_file_size) {
        conf->max_temp_file_size = ngx_max(conf->max_temp_file_size, size);
    }

    if (conf->busy_buffers_size
        > (size_t) (conf->bufs.num - 1) * conf->bufs.size)
    {
        conf->bufs.num = (conf->busy_buffers_size + conf->bufs.size - 1)
                         / conf->bufs.size + 1;
    }
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

        /* nginx's buffer must not keep a copy of a token */

        if (size && e->own_request) {
            explicit_bzero(b->pos, size);
        }

        b->pos = b->last;
        b->file_pos = b->file_last;

        if (b->last_buf || b->last_in_chain) {
            e->complete = 1;
        }
    }

    /*
     * nginx would take NGX_ERROR for an error of the caller's connection;
     * downstream_error stops the upstream alone
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
 * When the content has reached the limit, one more byte is decompressed to
 * find out whether the body is larger than the limit.
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

        if (e->own_request) {
            explicit_bzero(e->content.data, e->content.len);
        }

        (void) ngx_pfree(e->carrier->pool, e->content.data);
    }

    e->content.data = p;
    e->allocated = size;

    return NGX_OK;
}
