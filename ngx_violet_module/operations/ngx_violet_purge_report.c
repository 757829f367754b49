
/*
 * Drops the report of a merchant, or shows what is stored of it.
 */


#include "ngx_violet_purge.h"
#include "ngx_violet_wait.h"


/* bytes of an answer: of a key, six for each byte, and 200 for the rest */
#define NGX_VIOLET_PURGE_ANSWER  2048

/* s: Retry-After while Redis is away */
#define NGX_VIOLET_PURGE_RETRY  "5"


static void ngx_violet_purge_report_done(void *data,
    ngx_violet_redis_status_e status, ngx_violet_purged_t *purged);
static ngx_uint_t ngx_violet_purge_is_away(ngx_violet_purge_ctx_t *purge);
static ngx_int_t ngx_violet_purge_report_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_lookup_place(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_place_t *place);
static void ngx_violet_lookup_report_found(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);
static ngx_int_t ngx_violet_lookup_report_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_purge_report(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_violet_wait_t       *wait;
    ngx_violet_purge_ctx_t  *purge;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    purge = ctx->operation;

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_purge_report_answer;

    rc = ngx_violet_health_purge(vmcf, &ctx->app->keys,
                                 purge->query.merchant_id, 0, &purge->purged,
                                 ngx_violet_purge_report_done, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    purge->redis = (rc == NGX_OK) ? NGX_VIOLET_REDIS_OFF
                                  : NGX_VIOLET_REDIS_DOWN;

    return ngx_violet_purge_report_answer(r, ctx);
}


static void
ngx_violet_purge_report_done(void *data, ngx_violet_redis_status_e status,
    ngx_violet_purged_t *purged)
{
    ngx_violet_wait_t  *wait = data;

    ngx_http_request_t      *r;
    ngx_violet_purge_ctx_t  *purge;

    r = ngx_violet_wait_request(wait);

    if (r) {
        purge = ngx_violet_ctx(r)->operation;

        purge->redis = status;
        purge->purged = *purged;
    }

    ngx_violet_wait_end(wait);
}


static ngx_uint_t
ngx_violet_purge_is_away(ngx_violet_purge_ctx_t *purge)
{
    return purge->redis != NGX_VIOLET_REDIS_OK
           && purge->redis != NGX_VIOLET_REDIS_OFF;
}


static ngx_int_t
ngx_violet_purge_report_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t                nothing;
    ngx_uint_t               away;
    violet_json_writer_t     w;
    ngx_violet_purge_ctx_t  *purge;

    purge = ctx->operation;

    ctx->seen.redis = purge->redis;

    away = ngx_violet_purge_is_away(purge);

    if (!away && purge->purged.reports == 0 && purge->purged.lists == 0) {
        ngx_str_null(&nothing);
        ngx_violet_answer_set(r, NGX_HTTP_NO_CONTENT, &nothing, &nothing);

        return NGX_DECLINED;
    }

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    violet_json_write_open(&w, '{');
    violet_json_write_name(&w, "purged");
    violet_json_write_open(&w, '{');
    violet_json_write_integer(&w, "reports", purge->purged.reports);
    violet_json_write_integer(&w, "lists", purge->purged.lists);
    violet_json_write_close(&w, '}');

    if (!away) {
        violet_json_write_close(&w, '}');
        return ngx_violet_purge_send(r, NGX_HTTP_OK, &w);
    }

    violet_json_write_word(&w, "scope", "host");
    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, NGX_HTTP_SERVICE_UNAVAILABLE, &w);
}


ngx_int_t
ngx_violet_lookup_report(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_violet_wait_t          *wait;
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

    ctx->next = ngx_violet_lookup_report_answer;

    if (ngx_violet_health_store_peek(&place, r->pool, &purge->report)
        == NGX_OK
        || place.redis == NULL)
    {
        purge->redis = NGX_VIOLET_REDIS_OFF;
        return ngx_violet_lookup_report_answer(r, ctx);
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

    purge->redis = status;

    return ngx_violet_lookup_report_answer(r, ctx);
}


/* The times are those of the first location that uses the app. */

static void
ngx_violet_lookup_place(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_place_t *place)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    vlcf = ctx->app->loc_conf;

    if (vlcf == NULL) {
        vlcf = ngx_violet_loc_conf(r);
    }

    place->redis = vmcf->redis;
    place->zone = vmcf->zone;
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
        purge->redis = status;

        /* the copy is missing if there was no memory for it */

        if (report) {
            (void) ngx_violet_health_store_copy(r->pool, &purge->report,
                                                report);
        }
    }

    ngx_violet_wait_end(wait);
}


static ngx_int_t
ngx_violet_lookup_report_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    int64_t                     left;
    ngx_uint_t                  away;
    violet_text_t               etag;
    violet_json_writer_t        w;
    ngx_violet_report_t        *report;
    ngx_violet_purge_ctx_t     *purge;
    ngx_violet_report_place_t   place;

    purge = ctx->operation;
    report = &purge->report;

    ctx->seen.redis = purge->redis;

    if (ngx_violet_purge_writer(r, &w) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    violet_json_write_open(&w, '{');
    violet_json_write_integer(&w, "merchant_id", purge->query.merchant_id);

    if (report->body.len == 0) {
        violet_json_write_word(&w, "state", NULL);

        /* Redis may have it */

        away = ngx_violet_purge_is_away(purge);

        if (away) {
            violet_json_write_word(&w, "scope", "host");
        }

        violet_json_write_close(&w, '}');

        return ngx_violet_purge_send(r, away ? NGX_HTTP_SERVICE_UNAVAILABLE
                                             : NGX_HTTP_NOT_FOUND, &w);
    }

    ngx_violet_lookup_place(r, ctx, &place);

    left = (int64_t) place.ttl - (int64_t) report->age;

    etag.data = (char *) report->etag.data;
    etag.len = report->etag.len;

    violet_json_write_word(&w, "state",
                           violet_report_state_name(report->state));
    violet_json_write_integer(&w, "age", (int64_t) (report->age / 1000));
    violet_json_write_integer(&w, "ttl", left / 1000);
    violet_json_write_word(&w, "tier", report->tier == NGX_VIOLET_TIER_MEMORY
                                       ? "memory" : "redis");
    violet_json_write_text(&w, "etag", etag, 64);
    violet_json_write_close(&w, '}');

    return ngx_violet_purge_send(r, NGX_HTTP_OK, &w);
}


ngx_int_t
ngx_violet_purge_writer(ngx_http_request_t *r, violet_json_writer_t *w)
{
    ngx_memzero(w, sizeof(violet_json_writer_t));

    w->data = ngx_pnalloc(r->pool, NGX_VIOLET_PURGE_ANSWER);
    if (w->data == NULL) {
        return NGX_ERROR;
    }

    w->size = NGX_VIOLET_PURGE_ANSWER - 1;
    w->fixed = 1;

    return NGX_OK;
}


ngx_int_t
ngx_violet_purge_send(ngx_http_request_t *r, ngx_uint_t status,
    violet_json_writer_t *w)
{
    ngx_str_t  text, after;

    if (w->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&after, NGX_VIOLET_PURGE_RETRY);

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_violet_answer_header(r, "Retry-After", &after) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w->data[w->len] = '\n';

    text.data = (u_char *) w->data;
    text.len = w->len + 1;

    return ngx_violet_operation_json(r, status, &text);
}
