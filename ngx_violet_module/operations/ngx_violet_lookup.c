
/*
 * Shows what is stored of a merchant's report, and how many refreshes of it are
 * left.  Nothing is fetched, spent or dropped.
 */


#include "ngx_violet_purge.h"
#include "ngx_violet_wait.h"


static ngx_violet_loc_conf_t *ngx_violet_lookup_conf(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_lookup_place(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_place_t *place);
static void ngx_violet_lookup_report_found(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);
static void ngx_violet_lookup_keep(ngx_violet_purge_ctx_t *purge,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_lookup_budget(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_lookup_budget_told(void *data,
    ngx_violet_redis_status_e status, ngx_violet_limit_result_t *result);
static ngx_int_t ngx_violet_lookup_missing(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_lookup_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_lookup_report(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_violet_wait_t          *wait;
    ngx_violet_report_t         report;
    ngx_violet_purge_ctx_t     *purge;
    ngx_violet_report_place_t   place;
    ngx_violet_redis_status_e   status;

    purge = ctx->operation;

    ngx_violet_lookup_place(r, ctx, &place);

    if (ngx_violet_keys_report(&ctx->app->keys, r->pool,
                               purge->query.merchant_id, &place.key)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_lookup_budget;

    rc = ngx_violet_health_store_peek(&place, r->pool, &report);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK) {
        ngx_violet_lookup_keep(purge, &report);
    }

    if (rc == NGX_OK || place.redis == NULL) {
        purge->drop.redis = NGX_VIOLET_REDIS_OFF;
        return ngx_violet_lookup_budget(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_violet_health_store_get(&place,
                                 ngx_violet_redis_conf(place.redis)->timeout,
                                 &status, ngx_violet_lookup_report_found,
                                 wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    purge->drop.redis = status;

    return ngx_violet_lookup_budget(r, ctx);
}


/* The times and limits are those of the first location that uses the app. */

static ngx_violet_loc_conf_t *
ngx_violet_lookup_conf(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    return ctx->app->loc_conf ? ctx->app->loc_conf : ngx_violet_loc_conf(r);
}


static void
ngx_violet_lookup_place(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_place_t *place)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    vlcf = ngx_violet_lookup_conf(r, ctx);

    place->redis = vmcf->redis;
    place->zone = vmcf->zone;
    place->app = ctx->app;
    place->ttl = (uint64_t) vlcf->health_ttl * 1000;
    place->stale = (uint64_t) vlcf->health_stale * 1000;
    place->memory = (uint64_t) vlcf->health_memory * 1000;
    place->limit = vlcf->buffer_limit;
}


static void
ngx_violet_lookup_report_found(void *data, ngx_violet_redis_status_e status,
    ngx_violet_report_t *report)
{
    ngx_violet_wait_t  *wait = data;

    ngx_http_request_t      *r;
    ngx_violet_purge_ctx_t  *purge;

    r = ngx_violet_wait_request(wait);

    if (r) {
        purge = ngx_violet_ctx(r)->operation;
        purge->drop.redis = status;

        if (report) {
            ngx_violet_lookup_keep(purge, report);
        }
    }

    ngx_violet_wait_end(wait);
}


/* Keeps what the answer shows, which needs no memory. */

static void
ngx_violet_lookup_keep(ngx_violet_purge_ctx_t *purge,
    ngx_violet_report_t *report)
{
    purge->found = 1;
    purge->report = *report;

    ngx_str_null(&purge->report.body);

    purge->report.etag.data = purge->etag;
    purge->report.etag.len = ngx_min(report->etag.len, NGX_VIOLET_ETAG_LEN);
    ngx_memcpy(purge->etag, report->etag.data, purge->report.etag.len);
}


/* Asks how many refreshes are left, if there is a report. */

static ngx_int_t
ngx_violet_lookup_budget(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_msec_t                  timeout;
    ngx_violet_wait_t          *wait;
    ngx_violet_purge_ctx_t     *purge;
    ngx_violet_main_conf_t     *vmcf;
    ngx_violet_limit_key_t      key;
    ngx_violet_redis_status_e   status;

    vmcf = ngx_violet_main_conf(r);
    purge = ctx->operation;

    ctx->seen.redis = purge->drop.redis;

    if (!purge->found) {
        return ngx_violet_lookup_missing(r, ctx);
    }

    ngx_memzero(&key, sizeof(ngx_violet_limit_key_t));

    key.conf = ngx_violet_lookup_conf(r, ctx)->limit;

    if (key.conf == NULL) {
        return ngx_violet_lookup_answer(r, ctx);
    }

    key.redis = vmcf->redis;
    key.zone = vmcf->zone;
    key.keys = ctx->app->keys;
    key.merchant_id = purge->query.merchant_id;
    key.look = 1;

    ctx->next = ngx_violet_lookup_answer;

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    timeout = key.redis ? ngx_violet_redis_conf(key.redis)->timeout : 0;

    rc = ngx_violet_limit_ask(&key, &purge->limit, timeout, &status,
                              ngx_violet_lookup_budget_told, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    return ngx_violet_lookup_answer(r, ctx);
}


static ngx_int_t
ngx_violet_lookup_budget_told(void *data, ngx_violet_redis_status_e status,
    ngx_violet_limit_result_t *result)
{
    ngx_violet_wait_t  *wait = data;

    ngx_http_request_t      *r;
    ngx_violet_purge_ctx_t  *purge;

    r = ngx_violet_wait_request(wait);

    if (r) {
        purge = ngx_violet_ctx(r)->operation;
        purge->limit = *result;
    }

    ngx_violet_wait_end(wait);

    return NGX_OK;
}


/* Redis may have a report while it is away. */

static ngx_int_t
ngx_violet_lookup_missing(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_uint_t               away;
    violet_json_writer_t     w;
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    violet_json_write_open(&w, '{');
    violet_json_write_integer(&w, "merchant_id", purge->query.merchant_id);
    violet_json_write_word(&w, "state", NULL);

    away = ngx_violet_drop_is_away(purge->drop.redis);

    if (away) {
        violet_json_write_word(&w, "scope", "host");
    }

    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, away ? NGX_HTTP_SERVICE_UNAVAILABLE
                                         : NGX_HTTP_NOT_FOUND, &w);
}


/* The budget is null with "violet_refresh_limit off". */

static ngx_int_t
ngx_violet_lookup_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    int64_t                     left;
    violet_text_t               etag;
    violet_json_writer_t        w;
    ngx_violet_report_t        *report;
    ngx_violet_purge_ctx_t     *purge;
    ngx_violet_report_place_t   place;

    purge = ctx->operation;
    report = &purge->report;

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_lookup_place(r, ctx, &place);

    left = (int64_t) place.ttl - (int64_t) report->age;

    etag.data = (char *) report->etag.data;
    etag.len = report->etag.len;

    violet_json_write_open(&w, '{');
    violet_json_write_integer(&w, "merchant_id", purge->query.merchant_id);
    violet_json_write_word(&w, "state",
                           violet_report_state_name(report->state));
    violet_json_write_integer(&w, "age", (int64_t) (report->age / 1000));
    violet_json_write_integer(&w, "ttl", left / 1000);
    violet_json_write_word(&w, "tier", report->tier == NGX_VIOLET_TIER_MEMORY
                                       ? "memory" : "redis");
    violet_json_write_text(&w, "etag", etag, 64);

    if (purge->limit.asked) {
        violet_json_write_integer(&w, "budget",
                                  (int64_t) purge->limit.remaining);
    } else {
        violet_json_write_word(&w, "budget", NULL);
    }

    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, NGX_HTTP_OK, &w);
}
