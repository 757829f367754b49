
/*
 * The request that an exchange sends: its body, and headers of the gateway's
 * own or those of the caller that are about the request.  All of it lives in
 * the carrier's pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_header.h"


static ngx_int_t ngx_violet_exchange_set_body(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr);
static ngx_int_t ngx_violet_exchange_set_headers(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr);
static ngx_int_t ngx_violet_exchange_set_own_headers(
    ngx_violet_exchange_t *e, ngx_list_t *headers);
static ngx_int_t ngx_violet_exchange_push(ngx_list_t *headers, char *name,
    char *lowcase, ngx_str_t *value);
static ngx_uint_t ngx_violet_exchange_drops_header(ngx_table_elt_t *h);
static ngx_int_t ngx_violet_exchange_push_header(ngx_list_t *headers,
    ngx_table_elt_t *h);


static ngx_str_t  ngx_violet_post_method = ngx_string("POST");

static ngx_str_t  ngx_violet_json_type = ngx_string("application/json");


/*
 * Headers of a caller that are not sent: they would change the form of
 * Violet's answer, or are about the caller's connection, or are for the
 * gateway.
 */

static ngx_str_t  ngx_violet_dropped_headers[] = {
    ngx_string("accept-encoding"),
    ngx_string("expect"),
    ngx_string("if-match"),
    ngx_string("if-modified-since"),
    ngx_string("if-none-match"),
    ngx_string("if-range"),
    ngx_string("if-unmodified-since"),
    ngx_string("range"),
    ngx_string("te"),
    ngx_string("upgrade"),
    ngx_string("x-violet-submit"),
    ngx_null_string
};


ngx_int_t
ngx_violet_exchange_set_request(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr)
{
    if (ngx_violet_exchange_set_body(e, sr) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_violet_exchange_set_headers(e, sr);
}


static ngx_int_t
ngx_violet_exchange_set_body(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr)
{
    ngx_buf_t                *b;
    ngx_http_request_body_t  *rb;

    if (e->body) {
        return NGX_OK;
    }

    /*
     * no body is sent: with its length in the head Violet would read the
     * next request on the same connection as that body
     */

    sr->request_body = NULL;
    sr->headers_in.content_length = NULL;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.chunked = 0;

    if (e->own_request == NULL || e->own_request->body.len == 0) {
        return NGX_OK;
    }

    rb = ngx_pcalloc(sr->pool, sizeof(ngx_http_request_body_t));
    b = ngx_calloc_buf(sr->pool);

    if (rb == NULL || b == NULL) {
        return NGX_ERROR;
    }

    rb->bufs = ngx_alloc_chain_link(sr->pool);
    if (rb->bufs == NULL) {
        return NGX_ERROR;
    }

    b->memory = 1;
    b->last_buf = 1;
    b->pos = e->own_request->body.data;
    b->start = b->pos;
    b->last = b->pos + e->own_request->body.len;
    b->end = b->last;

    rb->bufs->buf = b;
    rb->bufs->next = NULL;
    rb->buf = b;

    sr->method_name = ngx_violet_post_method;
    sr->request_body = rb;
    sr->headers_in.content_length_n = e->own_request->body.len;

    return NGX_OK;
}


/* A list of its own: the carrier's is read by its access log and others. */

static ngx_int_t
ngx_violet_exchange_set_headers(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr)
{
    ngx_table_elt_t           *h;
    ngx_violet_header_iter_t   iter;

    if (ngx_list_init(&sr->headers_in.headers, sr->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!e->headers) {
        return ngx_violet_exchange_set_own_headers(e, &sr->headers_in.headers);
    }

    ngx_violet_header_first(&iter, &e->carrier->headers_in.headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        if (ngx_violet_exchange_drops_header(h)) {
            continue;
        }

        if (ngx_violet_exchange_push_header(&sr->headers_in.headers, h)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    sr->headers_in.upgrade = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_exchange_set_own_headers(ngx_violet_exchange_t *e,
    ngx_list_t *headers)
{
    ngx_violet_trace_t  *trace;

    if (e->own_request && e->own_request->body.len
        && ngx_violet_exchange_push(headers, "Content-Type", "content-type",
                                    &ngx_violet_json_type)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    trace = e->trace;

    if (trace
        && (ngx_violet_exchange_push(headers, "traceparent", "traceparent",
                                     &trace->parent)
            != NGX_OK
            || ngx_violet_exchange_push(headers, "tracestate", "tracestate",
                                        &trace->state)
               != NGX_OK
            || ngx_violet_exchange_push(headers, "X-Request-Id",
                                        "x-request-id", &trace->id)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_violet_exchange_push(headers, "Accept", "accept",
                                    &ngx_violet_json_type);
}


/* An empty value is not sent. */

static ngx_int_t
ngx_violet_exchange_push(ngx_list_t *headers, char *name, char *lowcase,
    ngx_str_t *value)
{
    ngx_table_elt_t  h;

    if (value->len == 0) {
        return NGX_OK;
    }

    ngx_memzero(&h, sizeof(ngx_table_elt_t));

    h.key.data = (u_char *) name;
    h.key.len = ngx_strlen(name);
    h.lowcase_key = (u_char *) lowcase;
    h.hash = ngx_hash_key(h.lowcase_key, h.key.len);
    h.value = *value;

    return ngx_violet_exchange_push_header(headers, &h);
}


static ngx_uint_t
ngx_violet_exchange_drops_header(ngx_table_elt_t *h)
{
    ngx_str_t  *name;

    for (name = ngx_violet_dropped_headers; name->len; name++) {
        if (h->key.len == name->len
            && ngx_strncasecmp(h->key.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_violet_exchange_push_header(ngx_list_t *headers, ngx_table_elt_t *h)
{
    ngx_table_elt_t  *pushed;

    pushed = ngx_list_push(headers);
    if (pushed == NULL) {
        return NGX_ERROR;
    }

    *pushed = *h;

#if (nginx_version >= 1023000)
    pushed->next = NULL;
#endif

    return NGX_OK;
}
