
/*
 * The module's filters.  They capture the answers of exchanges, and replace
 * the answer of a request that was refused while proxy_pass built it by a
 * problem document.  They pass everything else on.
 *
 * A module of type HTTP_AUX_FILTER runs right after the copy filter: its
 * buffers are in memory, and gzip and add_header come later.
 */


#include "ngx_violet_exchange.h"
#include "ngx_violet_handler.h"


static ngx_int_t ngx_violet_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_violet_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_violet_ctx_t *ngx_violet_filter_too_large(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_filter_refused(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


static ngx_http_output_header_filter_pt  ngx_violet_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_violet_next_body_filter;


static ngx_int_t
ngx_violet_header_filter(ngx_http_request_t *r)
{
    ngx_violet_ctx_t  *ctx;

    ctx = ngx_violet_ctx(r);

    if (r->err_status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        ctx = ngx_violet_filter_too_large(r, ctx);
    }

    if (ctx == NULL) {
        return ngx_violet_next_header_filter(r);
    }

    if (ctx->exchange && ctx->exchange->subrequest == r) {
        return ngx_violet_exchange_header(ctx->exchange, r);
    }

    if (ctx->refused && !ctx->answer.is_set
        && ngx_violet_filter_refused(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_violet_next_header_filter(r);
}


static ngx_int_t
ngx_violet_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t         *b;
    ngx_chain_t        out;
    ngx_violet_ctx_t  *ctx;

    ctx = ngx_violet_ctx(r);

    if (ctx == NULL) {
        return ngx_violet_next_body_filter(r, in);
    }

    if (ctx->exchange && ctx->exchange->subrequest == r) {
        return ngx_violet_exchange_body(ctx->exchange, r, in);
    }

    if (!ctx->refused || !ctx->answer.is_set || in == NULL) {
        return ngx_violet_next_body_filter(r, in);
    }

    /* the problem replaces nginx's error page, which is one chain */

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = ctx->answer.content.data;
    b->last = b->pos + ctx->answer.content.len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    /* later calls pass their chain on */

    ctx->refused = NGX_VIOLET_NOT_REFUSED;

    return ngx_violet_next_body_filter(r, &out);
}


/*
 * nginx refuses a body that is too large before any handler runs.  In the
 * location of an operation the caller gets a problem; without memory for it,
 * nginx's page.
 */

static ngx_violet_ctx_t *
ngx_violet_filter_too_large(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    if (ngx_violet_loc_conf(r)->operation == NULL || r != r->main) {
        return ctx;
    }

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_violet_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ctx->seen.age = -1;

        ngx_http_set_ctx(r, ctx, ngx_violet_module);
    }

    ctx->refused = NGX_VIOLET_REFUSED_TOO_LARGE;

    return ctx;
}


static ngx_int_t
ngx_violet_filter_refused(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    if (ngx_violet_answer_refused(r, ctx->refused) != NGX_DECLINED) {
        return NGX_ERROR;
    }

    r->headers_out.status = ctx->answer.status;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_length_n = ctx->answer.content.len;
    r->headers_out.content_type = ctx->answer.content_type;
    r->headers_out.content_type_len = ctx->answer.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    return NGX_OK;
}


ngx_int_t
ngx_violet_init_filters(ngx_conf_t *cf)
{
    ngx_violet_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_violet_header_filter;

    ngx_violet_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_violet_body_filter;

    return NGX_OK;
}
