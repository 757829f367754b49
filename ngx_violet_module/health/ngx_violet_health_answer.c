
/*
 * The answers of the connection-health flow, with Cache-Status (RFC 9211).
 * Bodies and header fields live in the request's pool, or in the pool of the
 * flight, which the request holds.
 */


#include "ngx_violet_health.h"

#include "violet_text.h"


static ngx_int_t ngx_violet_health_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_t *report,
    ngx_str_t *cache_status);
static ngx_int_t ngx_violet_health_answer_state(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_status(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_result_t *fetched);
static ngx_int_t ngx_violet_health_retry_after(ngx_http_request_t *r,
    ngx_violet_fetch_result_t *fetched);
static ngx_str_t *ngx_violet_health_forwarded(ngx_violet_ctx_t *ctx,
    ngx_uint_t stored);


static ngx_str_t  ngx_violet_json_type = ngx_string("application/json");


ngx_int_t
ngx_violet_health_answer_new(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetch_result_t *fetched)
{
    ngx_str_t  *status;

    if (fetched->found) {
        ctx->health->report = fetched->report;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_HIT;

        return ngx_violet_health_answer_hit(r, ctx, "");
    }

    status = ngx_violet_health_forwarded(ctx, fetched->stored);

    return ngx_violet_health_answer(r, ctx, &fetched->report, status);
}


ngx_int_t
ngx_violet_health_answer_other(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetch_result_t *fetched)
{
    if (ngx_violet_health_status(r, ctx, fetched) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (fetched->content_encoding.len
        && ngx_violet_answer_header(r, "Content-Encoding",
                                    &fetched->content_encoding)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_answer_set(r, fetched->status, &fetched->content_type,
                          &fetched->content);

    return NGX_DECLINED;
}


ngx_int_t
ngx_violet_health_answer_failure(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_result_t *fetched)
{
    if (ngx_violet_health_status(r, ctx, fetched) != NGX_OK
        || ngx_violet_health_retry_after(r, fetched) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (fetched->refused) {
        return ngx_violet_answer_refused(r, fetched->refused);
    }

    return ngx_violet_answer_problem(r,
                                     NGX_VIOLET_PROBLEM_UPSTREAM_UNAVAILABLE,
                                     fetched->status, &fetched->detail);
}


ngx_int_t
ngx_violet_health_answer_hit(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    char *detail)
{
    u_char                 *p;
    int64_t                 ttl;
    ngx_str_t               status;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ttl = (int64_t) vlcf->health_ttl
          - (int64_t) (ctx->health->report.age / 1000);

    /* the ttl is negative from the first millisecond after expiry */

    if (ctx->health->report.age > (uint64_t) vlcf->health_ttl * 1000) {
        ttl = ngx_min(ttl, -1);
    }

    p = ngx_pnalloc(r->pool, sizeof("violet; hit; ttl=") + NGX_INT64_LEN
                             + ngx_strlen(detail));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status.data = p;

    p = ngx_cpymem(p, "violet; hit; ttl=", sizeof("violet; hit; ttl=") - 1);
    p = (u_char *) violet_text_print((char *) p, ttl);
    p = ngx_cpymem(p, detail, ngx_strlen(detail));

    status.len = p - status.data;

    ctx->seen.tier = ctx->health->report.tier;

    return ngx_violet_health_answer(r, ctx, &ctx->health->report, &status);
}


static ngx_int_t
ngx_violet_health_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_t *report, ngx_str_t *cache_status)
{
    ngx_str_t         age;
    ngx_table_elt_t  *h;

    ctx->seen.age = (ngx_int_t) (report->age / 1000);

    age.data = ngx_pnalloc(r->pool, VIOLET_TEXT_NUMBER);
    if (age.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    age.len = violet_text_print((char *) age.data, ctx->seen.age)
              - (char *) age.data;

    if (ngx_violet_answer_header(r, "Age", &age) != NGX_OK
        || ngx_violet_answer_header(r, "Cache-Status", cache_status)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_violet_health_answer_state(r, ctx, report) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nginx's not-modified filter compares this with If-None-Match */

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "ETag");
    h->value = report->etag;
    h->lowcase_key = NULL;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    r->headers_out.etag = h;

    ngx_violet_answer_set(r, NGX_HTTP_OK, &ngx_violet_json_type,
                          &report->body);

    return NGX_DECLINED;
}


/* Adds the state of a merchant; a list has no state. */

static ngx_int_t
ngx_violet_health_answer_state(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_t *report)
{
    if (ctx->route.id == VIOLET_ROUTE_CONNECTION_HEALTH_LIST) {
        return NGX_OK;
    }

    ctx->seen.merchant_state.data =
                        (u_char *) violet_report_state_name(report->state);
    ctx->seen.merchant_state.len = ngx_strlen(ctx->seen.merchant_state.data);

    return ngx_violet_answer_header(r, "X-Violet-Merchant-State",
                                    &ctx->seen.merchant_state);
}


/* Adds the Cache-Status of an answer that is no report. */

static ngx_int_t
ngx_violet_health_status(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetch_result_t *fetched)
{
    u_char     *p;
    ngx_str_t   status;

    if (!fetched->held) {
        return ngx_violet_answer_header(r, "Cache-Status",
                                        ngx_violet_health_forwarded(ctx, 0));
    }

    ctx->seen.cache_status = NGX_VIOLET_CACHE_HIT;
    ctx->seen.held = 1;

    p = ngx_pnalloc(r->pool, sizeof("violet; hit; ttl=; detail=held")
                             + NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    status.data = p;
    status.len = ngx_sprintf(p, "violet; hit; ttl=%uL; detail=held",
                             fetched->hold / 1000)
                 - p;

    return ngx_violet_answer_header(r, "Cache-Status", &status);
}


/* Adds Violet's Retry-After, or the rest of the time a 429 is held. */

static ngx_int_t
ngx_violet_health_retry_after(ngx_http_request_t *r,
    ngx_violet_fetch_result_t *fetched)
{
    u_char     *p;
    ngx_str_t   after;

    if (fetched->status != NGX_HTTP_TOO_MANY_REQUESTS) {
        return NGX_OK;
    }

    after = fetched->retry_after;

    if (fetched->held) {
        p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        after.data = p;
        after.len = ngx_sprintf(p, "%uL", fetched->hold / 1000 + 1) - p;
    }

    if (after.len == 0) {
        return NGX_OK;
    }

    return ngx_violet_answer_header(r, "Retry-After", &after);
}


/* Returns the Cache-Status of an answer from Violet (RFC 9211). */

static ngx_str_t *
ngx_violet_health_forwarded(ngx_violet_ctx_t *ctx, ngx_uint_t stored)
{
    ngx_uint_t  i, j;

    static ngx_str_t  texts[4][3] = {
        { ngx_string("violet; fwd=uri-miss"),
          ngx_string("violet; fwd=uri-miss; stored"),
          ngx_string("violet; fwd=uri-miss; collapsed") },

        { ngx_string("violet; fwd=stale"),
          ngx_string("violet; fwd=stale; stored"),
          ngx_string("violet; fwd=stale; collapsed") },

        { ngx_string("violet; fwd=request"),
          ngx_string("violet; fwd=request; stored"),
          ngx_string("violet; fwd=request; collapsed") },

        { ngx_string("violet; fwd=bypass"),
          ngx_string("violet; fwd=bypass; stored"),
          ngx_string("violet; fwd=bypass; collapsed") }
    };

    if (ctx->route.refresh) {
        i = 2;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_REFRESH;

    } else if (!ctx->health->store_asked) {
        i = 3;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_BYPASS;

    } else if (ctx->health->report.body.len) {
        i = 1;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_EXPIRED;

    } else {
        i = 0;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_MISS;
    }

    j = stored ? 1 : 0;

    if (ctx->health->joined) {
        j = 2;
        ctx->seen.cache_status = NGX_VIOLET_CACHE_JOINED;
    }

    return &texts[i][j];
}
