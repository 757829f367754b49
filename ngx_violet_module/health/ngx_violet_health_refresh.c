
/*
 * The refresh limit as callers see it, and the flow of the report by POST.
 * Violet never caches a report by POST, so it spends the same budgets as a
 * refresh.
 *
 * proxy_pass streams this report.  The flow asks the limiter before that, and
 * gives the budget back if nothing was sent to Violet.
 */


#include "ngx_violet_health.h"


typedef struct {
    ngx_http_request_t         *request;
    ngx_violet_limit_key_t      key;
    ngx_violet_limit_result_t   limit;
} ngx_violet_refund_t;


static ngx_int_t ngx_violet_report_asked(void *data,
    ngx_violet_redis_status_e status, ngx_violet_limit_result_t *result);
static ngx_int_t ngx_violet_report_answered(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_report_proceed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_report_add_refund(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_report_refund(void *data);
static ngx_int_t ngx_violet_refresh_headers(ngx_http_request_t *r,
    ngx_violet_limit_conf_t *conf, ngx_violet_limit_result_t *limit);
static ngx_uint_t ngx_violet_refresh_seconds(uint64_t msec);


ngx_int_t
ngx_violet_health_check_upstream(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx)
{
    ngx_str_t               detail;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (vlcf->upstream.len) {
        return NGX_OK;
    }

    if (ngx_violet_log_due(&ctx->app->state->logged,
                           NGX_VIOLET_CAUSE_VARIABLES))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: requests of app \"%V\" for connection health "
                      "get a 500, since its \"proxy_pass\" has variables: "
                      "write the host, or an upstream block, into it",
                      &ctx->app->name);
    }

    ngx_str_set(&detail, "connection health needs a proxy_pass without "
                         "variables: one request to Violet serves all callers "
                         "and has no variables of a caller's request");

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_CONFIGURATION, 0,
                                     &detail);
}


void
ngx_violet_refresh_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_limit_key_t *key)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    key->redis = vmcf->redis;
    key->zone = vmcf->zone;
    key->keys = ctx->app->keys;
    key->merchant_id = ctx->route.merchant_id;
    key->conf = vlcf->limit;
    key->half = 0;
    key->look = 0;
}


ngx_int_t
ngx_violet_report_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_msec_t                  timeout;
    ngx_violet_wait_t          *wait;
    ngx_violet_loc_conf_t      *vlcf;
    ngx_violet_main_conf_t     *vmcf;
    ngx_violet_limit_key_t      key;
    ngx_violet_redis_status_e   status;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    if (vlcf->limit == NULL) {
        ctx->seen.refresh = NGX_VIOLET_REFRESH_GRANTED;
        return ngx_violet_report_proceed(r, ctx);
    }

    ctx->health = ngx_pcalloc(r->pool, sizeof(ngx_violet_health_ctx_t));
    if (ctx->health == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wait = NULL;
    timeout = 0;

    if (vmcf->redis) {
        timeout = ngx_violet_redis_conf(vmcf->redis)->timeout;

        wait = ngx_violet_wait_start(r);
        if (wait == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_violet_refresh_key(r, ctx, &key);

    ctx->next = ngx_violet_report_answered;

    rc = ngx_violet_limit_ask(&key, &ctx->health->limit, timeout, &status,
                              ngx_violet_report_asked, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (wait) {
        ngx_violet_wait_cancel(wait);
    }

    ctx->seen.redis = status;

    return ngx_violet_report_answered(r, ctx);
}


static ngx_int_t
ngx_violet_report_asked(void *data, ngx_violet_redis_status_e status,
    ngx_violet_limit_result_t *result)
{
    ngx_violet_wait_t  *wait = data;

    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = ngx_violet_wait_request(wait);

    if (r) {
        ctx = ngx_violet_ctx(r);
        ctx->seen.redis = status;
        ctx->health->limit = *result;
    }

    ngx_violet_wait_end(wait);

    /* nothing is sent for a caller who has left */

    return r ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_violet_report_answered(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (ngx_violet_refresh_set_limit(r, ctx, &ctx->health->limit) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->health->limit.allowed && !vlcf->limit->dry_run) {
        return ngx_violet_refresh_limited(r, ctx, 0);
    }

    if (ctx->health->limit.allowed
        && ngx_violet_report_add_refund(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_report_proceed(r, ctx);
}


/* Continues with proxy_pass, with the canonical URI. */

static ngx_int_t
ngx_violet_report_proceed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    if (ngx_violet_exchange_uri(r, &ctx->route, &r->uri) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->args.data = (u_char *) ctx->route.args;
    r->args.len = ctx->route.args_len;

    r->valid_unparsed_uri = 0;

    ctx->credentials = 1;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_report_add_refund(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_http_cleanup_t   *cln;
    ngx_violet_refund_t  *refund;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_violet_refund_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_report_refund;

    refund = cln->data;
    refund->request = r;
    refund->limit = ctx->health->limit;

    ngx_violet_refresh_key(r, ctx, &refund->key);

    return NGX_OK;
}


static void
ngx_violet_report_refund(void *data)
{
    ngx_violet_refund_t  *refund = data;

    ngx_http_request_t  *r;

    r = refund->request;

    if (ngx_violet_exchange_unsent(r->upstream_states)
        && (r->upstream == NULL || r->upstream->headers_in.status_n == 0))
    {
        ngx_violet_limit_refund(&refund->key, &refund->limit);
    }
}


ngx_int_t
ngx_violet_refresh_set_limit(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_limit_result_t *limit)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ctx->health->limit = *limit;

    if (limit->asked && !limit->allowed) {
        ctx->seen.refresh = vlcf->limit->dry_run ? NGX_VIOLET_REFRESH_DRY_RUN
                                            : NGX_VIOLET_REFRESH_LIMITED;

    } else {
        ctx->seen.refresh = ctx->health->joined ? NGX_VIOLET_REFRESH_JOINED
                                   : NGX_VIOLET_REFRESH_GRANTED;
    }

    if (!limit->asked) {
        return NGX_OK;
    }

    if (ctx->app->counts.known) {
        violet_gauge_set(&ctx->app->counts.known->budget,
                         (long) limit->app_left + 1);
    }

    if (ctx->seen.refresh == NGX_VIOLET_REFRESH_DRY_RUN) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "violet: refresh of merchant %D over the limit, "
                      "dry run", ctx->route.merchant_id);
        return NGX_OK;
    }

    return ngx_violet_refresh_headers(r, vlcf->limit, limit);
}


/* draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4 */

static ngx_int_t
ngx_violet_refresh_headers(ngx_http_request_t *r,
    ngx_violet_limit_conf_t *conf, ngx_violet_limit_result_t *limit)
{
    u_char     *p;
    ngx_str_t   policy, state;

    p = ngx_pnalloc(r->pool, sizeof("\"merchant\";q=;w=, \"app\";q=;w=")
                             + 4 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    policy.data = p;
    policy.len = ngx_sprintf(p, "\"merchant\";q=%uD;w=%uL, "
                             "\"app\";q=%uD;w=%uL",
                             conf->merchant.requests,
                             conf->merchant.period / 1000,
                             conf->app.requests, conf->app.period / 1000)
                 - p;

    p = ngx_pnalloc(r->pool, sizeof("\"merchant\";r=;t=")
                             + 2 * NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    state.data = p;
    state.len = ngx_sprintf(p, "\"%s\";r=%ui;t=%ui",
                            limit->by_app ? "app" : "merchant",
                            limit->remaining,
                            ngx_violet_refresh_seconds(limit->wait))
                - p;

    if (ngx_violet_answer_header(r, "RateLimit-Policy", &policy) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_violet_answer_header(r, "RateLimit", &state);
}


/* If "cached" is set, a report is sent and no problem document. */

ngx_int_t
ngx_violet_refresh_limited(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_uint_t cached)
{
    u_char      *p;
    ngx_str_t    after, detail;
    ngx_uint_t   seconds;

    seconds = ngx_max(ngx_violet_refresh_seconds(ctx->health->limit.wait), 1);

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    after.data = p;
    after.len = ngx_sprintf(p, "%ui", seconds) - p;

    if (ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (cached) {
        return NGX_OK;
    }

    detail.data = ngx_pnalloc(r->pool, 128);
    if (detail.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(detail.data,
                    "the budget of %s is spent, the next refresh of merchant "
                    "%D is possible in %V seconds",
                    ctx->health->limit.by_app ? "the app" : "the merchant",
                    ctx->route.merchant_id, &after);

    detail.len = p - detail.data;

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_REFRESH_LIMITED,
                                     0, &detail);
}


static ngx_uint_t
ngx_violet_refresh_seconds(uint64_t msec)
{
    return (ngx_uint_t) ((msec + 999) / 1000);
}
