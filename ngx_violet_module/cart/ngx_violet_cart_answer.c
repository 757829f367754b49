
/*
 * The answers of the cart-submit flow, with their headers: Violet's answer,
 * byte for byte, or the problem.  Their bodies are in the request's pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_cart.h"
#include "ngx_violet_header.h"


static ngx_int_t ngx_violet_cart_copy_headers(ngx_http_request_t *r,
    ngx_http_headers_out_t *out);


static ngx_str_t  ngx_violet_cart_problem_type =
    ngx_string("application/problem+json");


ngx_int_t
ngx_violet_cart_answer_problem(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    u_char                 *p;
    ngx_str_t               after;
    violet_cart_verdict_t  *verdict;

    verdict = &ctx->cart->verdict;

    if (ngx_violet_cart_set_outcome(r, verdict->outcome) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (verdict->retry == VIOLET_CART_RETRY_LATER) {
        p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        after.data = p;
        after.len = ngx_sprintf(p, "%L", ctx->cart->after) - p;

        if (ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_violet_answer_set(r, verdict->status, &ngx_violet_cart_problem_type,
                          &ctx->cart->problem);

    return NGX_DECLINED;
}


/* Violet's answer, byte for byte, with its headers. */

ngx_int_t
ngx_violet_cart_pass(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_exchange_t *e)
{
    if (ngx_violet_cart_copy_headers(r, e->headers_out) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_answer_set(r, e->status, &e->headers_out->content_type,
                          &e->content);

    /* gzip_types and the like go by the type without its charset */

    ctx->answer.content_type_len = e->headers_out->content_type_len;
    r->headers_out.charset = e->headers_out->charset;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_cart_copy_headers(ngx_http_request_t *r,
    ngx_http_headers_out_t *out)
{
    ngx_table_elt_t           *h, *copy;
    ngx_violet_header_iter_t   iter;

    ngx_violet_header_first(&iter, &out->headers);

    while ((h = ngx_violet_header_next(&iter)) != NULL) {

        /* only the gateway sets these two headers */

        if (h->hash == 0
            || ngx_violet_header_is(&h->key, "X-Violet-Cart-Outcome")
            || ngx_violet_header_is(&h->key, "X-Violet-Submit-Replayed"))
        {
            continue;
        }

        copy = ngx_list_push(&r->headers_out.headers);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = *h;

#if (nginx_version >= 1023000)
        copy->next = NULL;
#endif

        /* nginx adds or changes these headers by their pointers */

        if (h == out->content_encoding) {
            r->headers_out.content_encoding = copy;

        } else if (h == out->date) {
            r->headers_out.date = copy;

        } else if (h == out->server) {
            r->headers_out.server = copy;

        } else if (h == out->etag) {
            r->headers_out.etag = copy;
        }
    }

    return NGX_OK;
}


ngx_str_t
ngx_violet_cart_name(ngx_violet_ctx_t *ctx, u_char *buf)
{
    ngx_str_t  name;

    if (ctx->route.cart_id == 0) {
        ngx_str_set(&name, "an order by POST orders");
        return name;
    }

    name.data = buf;
    name.len = ngx_sprintf(buf, "cart %L", ctx->route.cart_id) - buf;

    return name;
}


ngx_int_t
ngx_violet_cart_not_sent(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *why)
{
    u_char     buf[NGX_VIOLET_CART_NAME];
    ngx_str_t  name;

    name = ngx_violet_cart_name(ctx, buf);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "violet: submit of %V was not sent: %V", &name, why);

    if (ngx_violet_cart_ctx(r, ctx) == NULL) {
        return NGX_ERROR;
    }

    ctx->cart->judged = 1;
    ctx->cart->verdict.outcome = VIOLET_CART_FAILED;

    ngx_violet_cart_count(ctx);

    return ngx_violet_cart_set_outcome(r, VIOLET_CART_FAILED);
}


ngx_int_t
ngx_violet_cart_set_outcome(ngx_http_request_t *r,
    violet_cart_outcome_t outcome)
{
    ngx_str_t  value;

    value.data = (u_char *) violet_cart_outcome_name(outcome);
    value.len = ngx_strlen(value.data);

    return ngx_violet_answer_header(r, "X-Violet-Cart-Outcome", &value);
}


ngx_violet_cart_ctx_t *
ngx_violet_cart_ctx(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    if (ctx->cart == NULL) {
        ctx->cart = ngx_pcalloc(r->pool, sizeof(ngx_violet_cart_ctx_t));
    }

    return ctx->cart;
}
