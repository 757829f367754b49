
/*
 * The connection-health flow of one request: it looks the report up, fetches
 * it if necessary, and answers.  ngx_violet_fetch.c fetches a report for all
 * callers at once; the answers are in ngx_violet_health_answer.c.
 *
 * The flow's state is in the request's context.  While the request waits,
 * only the wait (ngx_violet_wait.c) and the flight point to the request.
 */


#include "ngx_violet_health.h"


static ngx_int_t ngx_violet_health_lookup(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_step_pt next);
static void ngx_violet_health_store_answered(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);
static void ngx_violet_health_asked(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_redis_status_e status,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_found(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_health_update(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_fetch(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_fetch_conf(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetch_conf_t *conf);
static ngx_int_t ngx_violet_health_fetched(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_failed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_uint_t ngx_violet_health_find_stale(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_loc_conf_t *vlcf);
static ngx_int_t ngx_violet_health_limited(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static void ngx_violet_health_count_wait(ngx_violet_ctx_t *ctx);


ngx_int_t
ngx_violet_health_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    /* a request body has no meaning on this route */

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->health = ngx_pcalloc(r->pool, sizeof(ngx_violet_health_ctx_t));
    if (ctx->health == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->seen.redis = NGX_VIOLET_REDIS_OFF;

    if (vmcf->redis) {
        ctx->seen.redis = NGX_VIOLET_REDIS_NONE;
        ctx->health->redis_left = ngx_violet_redis_conf(vmcf->redis)->timeout;
    }

    rc = ngx_violet_health_check_upstream(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_violet_health_key(r, ctx, &ctx->health->key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->route.refresh || !vlcf->health_cache) {
        return ngx_violet_health_fetch(r, ctx);
    }

    return ngx_violet_health_lookup(r, ctx, ngx_violet_health_found);
}


/*
 * Looks the report up and calls "next", which reads ctx->health->report; its
 * body is empty if there is no report.
 */

static ngx_int_t
ngx_violet_health_lookup(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_step_pt next)
{
    ngx_int_t                   rc;
    ngx_violet_wait_t          *wait;
    ngx_violet_report_place_t   key;
    ngx_violet_redis_status_e   status;

    ngx_violet_health_store_key(r, ctx, &key);

    ctx->health->store_asked = 1;
    ctx->next = next;
    ctx->health->redis_asked = ngx_current_msec;

    if (ngx_violet_health_store_peek(&key, r->pool, &ctx->health->report)
        == NGX_OK
        || key.redis == NULL)
    {
        return next(r, ctx);
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_violet_health_store_get(&key, ctx->health->redis_left, &status,
                                     ngx_violet_health_store_answered, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    ngx_violet_health_asked(r, ctx, status, NULL);

    return next(r, ctx);
}


/* Runs within a callback of Redis: copies the report, resumes the request. */

static void
ngx_violet_health_store_answered(void *data, ngx_violet_redis_status_e status,
    ngx_violet_report_t *report)
{
    ngx_violet_wait_t  *wait = data;

    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = ngx_violet_wait_request(wait);

    if (r) {
        ctx = ngx_violet_ctx(r);

        ngx_violet_health_count_wait(ctx);
        ngx_violet_health_asked(r, ctx, status, report);
    }

    ngx_violet_wait_end(wait);
}


/*
 * Takes the report over from Redis.  If Redis did not answer, a copy in memory
 * is served for violet_health_memory.
 */

static void
ngx_violet_health_asked(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report)
{
    ngx_violet_report_place_t  key;

    ctx->seen.redis = ngx_violet_redis_status_merge(ctx->seen.redis, status);

    /* without memory for the report it is a miss */

    if (report) {
        (void) ngx_violet_health_store_take(ngx_violet_main_conf(r)->redis,
                                            r->pool, &ctx->health->report,
                                            report);
        return;
    }

    if (status != NGX_VIOLET_REDIS_OK) {
        ngx_violet_health_store_key(r, ctx, &key);

        (void) ngx_violet_health_store_spare(&key, r->pool,
                                             &ctx->health->report);
    }
}


static ngx_int_t
ngx_violet_health_found(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (ctx->health->report.body.len
        && ctx->health->report.age < (uint64_t) vlcf->health_ttl * 1000)
    {
        ctx->seen.cache_status = NGX_VIOLET_CACHE_HIT;
        return ngx_violet_health_answer_hit(r, ctx, "");
    }

    /* the store has no report older than violet_health_stale allows */

    if (ctx->health->report.body.len && vlcf->health_updating) {
        ngx_violet_health_update(r, ctx);

        ctx->seen.cache_status = NGX_VIOLET_CACHE_UPDATING;
        return ngx_violet_health_answer_hit(r, ctx, "; detail=updating");
    }

    return ngx_violet_health_fetch(r, ctx);
}


/*
 * Renews the report in the background.  The renewal has all of the time for
 * Redis: nobody waits for it.
 */

static void
ngx_violet_health_update(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_fetch_conf_t   conf;
    ngx_violet_main_conf_t   *vmcf;

    if (ngx_violet_health_fetch_conf(r, ctx, &conf) != NGX_OK) {
        return;
    }

    vmcf = ngx_violet_main_conf(r);

    if (vmcf->redis) {
        conf.redis_left = ngx_violet_redis_conf(vmcf->redis)->timeout;
    }

    ngx_violet_fetch_update(r, &conf);
}


static ngx_int_t
ngx_violet_health_fetch(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_uint_t                joined;
    ngx_violet_flight_t      *flight;
    ngx_violet_fetch_conf_t   conf;

    if (ngx_violet_health_fetch_conf(r, ctx, &conf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = ngx_violet_health_fetched;

    rc = ngx_violet_fetch(r, &conf, &flight, &joined, &ctx->health->left);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->health->flight = flight;
    ctx->health->joined = joined;

    return rc;
}


/* Fills in what a fetch needs; NGX_ERROR if memory runs out. */

static ngx_int_t
ngx_violet_health_fetch_conf(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetch_conf_t *conf)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ngx_memzero(conf, sizeof(ngx_violet_fetch_conf_t));

    if (ngx_violet_exchange_uri(r, &ctx->route, &conf->uri) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_violet_location_of(r, &conf->location);
    ngx_violet_health_store_key(r, ctx, &conf->store);
    ngx_violet_refresh_key(r, ctx, &conf->limit);

    conf->app = ctx->app;
    conf->args.data = (u_char *) ctx->route.args;
    conf->args.len = ctx->route.args_len;
    conf->merchant_id = ctx->route.merchant_id;
    conf->buffer_limit = vlcf->buffer_limit;
    conf->redis_left = ctx->health->redis_left;
    conf->upstream_timeout = vlcf->upstream_timeout;
    conf->refresh = ctx->route.refresh;
    conf->cached = vlcf->health_cache;
    conf->left = ctx->health->left;
    conf->stale = (vlcf->health_stale && ctx->health->report.body.len);

    if (conf->cached && conf->merchant_id) {
        return ngx_violet_health_drops(r, ctx, conf->drops);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_health_fetched(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_fetch_result_t  *fetched;

    /* the request left the flight of another request: its time was up */

    if (ctx->health->left == ctx->health->flight) {
        return ngx_violet_health_fetch(r, ctx);
    }

    fetched = ngx_violet_fetch_result(ctx->health->flight);

    if (!ctx->health->joined
        && ngx_violet_exchange_copy_states(r->pool, &r->upstream_states,
                                           fetched->states)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->seen.redis = ngx_violet_redis_status_merge(ctx->seen.redis,
                                                    fetched->redis);
    ctx->seen.request_id = fetched->request_id;

    if (fetched->followed) {
        ctx->health->joined = 1;
    }

    ctx->health->redis_left = ngx_min(ctx->health->redis_left,
                                      fetched->redis_left);

    /* a plain read that joined a refused refresh asks again */

    if (fetched->kind == NGX_VIOLET_FETCH_LIMITED && !ctx->route.refresh) {
        return ngx_violet_health_fetch(r, ctx);
    }

    /* a request without an old report does not use a failure that is held */

    if (fetched->spared && ctx->health->report.body.len == 0) {
        return ngx_violet_health_fetch(r, ctx);
    }

    if (ctx->route.refresh && !fetched->held
        && ngx_violet_refresh_set_limit(r, ctx, &fetched->limit) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (fetched->kind) {

    case NGX_VIOLET_FETCH_REPORT:
        return ngx_violet_health_answer_new(r, ctx, fetched);

    case NGX_VIOLET_FETCH_OTHER:
        return ngx_violet_health_answer_other(r, ctx, fetched);

    case NGX_VIOLET_FETCH_FAILED:
        return ngx_violet_health_failed(r, ctx);

    case NGX_VIOLET_FETCH_LIMITED:
        return ngx_violet_health_limited(r, ctx);

    default: /* NGX_VIOLET_FETCH_REFUSED */
        return ngx_violet_answer_refused(r, fetched->refused);
    }
}


static ngx_int_t
ngx_violet_health_failed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t      *vlcf;
    ngx_violet_fetch_result_t  *fetched;

    vlcf = ngx_violet_loc_conf(r);
    fetched = ngx_violet_fetch_result(ctx->health->flight);

    if (vlcf->health_stale && vlcf->health_cache && !ctx->health->store_asked) {
        return ngx_violet_health_lookup(r, ctx, ngx_violet_health_failed);
    }

    if (ngx_violet_health_find_stale(r, ctx, vlcf)) {
        ctx->seen.cache_status = NGX_VIOLET_CACHE_STALE;
        return ngx_violet_health_answer_hit(r, ctx,
                                            "; detail=upstream-error");
    }

    return ngx_violet_health_answer_failure(r, ctx, fetched);
}


/*
 * Finds the report to serve when Violet failed: an expired one, if
 * violet_health_stale allows it, or the copy in memory while Redis is away.
 */

static ngx_uint_t
ngx_violet_health_find_stale(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_violet_report_place_t  key;

    if (!ctx->health->store_asked) {
        return 0;
    }

    if (ctx->health->report.body.len) {

        /* add the time that the request to Violet took */

        ctx->health->report.age += ngx_current_msec - ctx->health->redis_asked;

    } else if (ctx->seen.redis != NGX_VIOLET_REDIS_OK) {
        ngx_violet_health_store_key(r, ctx, &key);

        if (ngx_violet_health_store_last(&key, r->pool, &ctx->health->report)
            != NGX_OK)
        {
            return 0;
        }
    }

    return ctx->health->report.body.len
           && ctx->health->report.age < (uint64_t) (vlcf->health_ttl
                                            + vlcf->health_stale) * 1000;
}


static ngx_int_t
ngx_violet_health_limited(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ctx->seen.cache_status = NGX_VIOLET_CACHE_LIMITED;

    if (vlcf->limit->exceeded_cached && vlcf->health_cache) {

        if (!ctx->health->store_asked) {
            return ngx_violet_health_lookup(r, ctx,
                                            ngx_violet_health_limited);
        }

        if (ctx->health->report.body.len
            && ctx->health->report.age < (uint64_t) vlcf->health_ttl * 1000)
        {
            if (ngx_violet_refresh_limited(r, ctx, 1) != NGX_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            return ngx_violet_health_answer_hit(r, ctx,
                                                "; detail=refresh-limited");
        }
    }

    return ngx_violet_refresh_limited(r, ctx, 0);
}


/* All waits of a request for Redis share one deadline. */

static void
ngx_violet_health_count_wait(ngx_violet_ctx_t *ctx)
{
    ngx_msec_t  spent;

    spent = ngx_current_msec - ctx->health->redis_asked;

    ctx->health->redis_left -= ngx_min(spent, ctx->health->redis_left);
}
