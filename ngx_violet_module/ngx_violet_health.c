
/*
 * The connection-health flow, as one caller sees it: look the report up,
 * fetch it if need be, answer.  What happens to the report itself, for all
 * callers at once, is in ngx_violet_fetch.c.
 *
 * The flow's state is the request's context; while it waits, only the wait
 * (ngx_violet_wait.c) and the flight know of the request.
 */


#include "ngx_violet_module.h"
#include "ngx_violet_fetch.h"


static ngx_int_t ngx_violet_health_set_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_loc_conf_t *vlcf);
static void ngx_violet_health_store_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_store_key_t *key);
static ngx_int_t ngx_violet_health_lookup(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_step_pt next);
static void ngx_violet_health_looked_up(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_found(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_fetch(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_fetched(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_new(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetched_t *fetched);
static ngx_int_t ngx_violet_health_other(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_fetched_t *fetched);
static ngx_int_t ngx_violet_health_failed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_limited(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_health_answer(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_report_t *report,
    ngx_str_t *cache_status);
static ngx_int_t ngx_violet_health_answer_hit(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, char *detail);
static ngx_str_t *ngx_violet_health_forwarded(ngx_violet_ctx_t *ctx,
    ngx_uint_t stored);
static void ngx_violet_health_count_wait(ngx_violet_ctx_t *ctx);


static ngx_str_t  ngx_violet_json_type = ngx_string("application/json");


ngx_int_t
ngx_violet_health_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    /* a body that a caller sent along has no meaning here */

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_violet_health_set_key(r, ctx, vlcf);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->route.refresh || !vlcf->health_cache) {
        return ngx_violet_health_fetch(r, ctx);
    }

    return ngx_violet_health_lookup(r, ctx, ngx_violet_health_found);
}


static ngx_int_t
ngx_violet_health_set_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_loc_conf_t *vlcf)
{
    u_char                  *p;
    size_t                   len;
    ngx_int_t                rc;
    ngx_str_t                argument;
    ngx_violet_app_t        *app;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_violet_module);

    ctx->redis = NGX_VIOLET_REDIS_OFF;

    if (vmcf->redis) {
        ctx->redis = NGX_VIOLET_REDIS_NONE;
        ctx->redis_left = ngx_violet_redis_conf(vmcf->redis)->timeout;
    }

    rc = ngx_violet_health_check_upstream(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    app = ctx->app;

    ngx_str_set(&argument, "-");

    if (ctx->route.has_app_id) {
        argument = app->id_text;
    }

    len = sizeof("health:::::") + vlcf->upstream.len + app->name.len
          + app->id_text.len + argument.len + NGX_INT32_LEN;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->key.data = p;
    ctx->key.len = ngx_sprintf(p, "health:%V:%V:%V:%V:%D", &vlcf->upstream,
                               &app->name, &app->id_text, &argument,
                               ctx->route.merchant_id)
                   - p;

    return NGX_OK;
}


static void
ngx_violet_health_store_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_store_key_t *key)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_violet_module);
    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    key->redis = vmcf->redis;
    key->zone = vmcf->zone;
    key->key = ctx->key;
    key->ttl = (uint64_t) vlcf->health_ttl * 1000;
    key->stale = (uint64_t) vlcf->health_stale * 1000;
    key->limit = vlcf->buffer_limit;
}


/* Looks the report up; "next" finds it in ctx->report, or an empty body. */

static ngx_int_t
ngx_violet_health_lookup(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_step_pt next)
{
    ngx_int_t                  rc;
    ngx_violet_wait_t         *wait;
    ngx_violet_store_key_t     key;
    ngx_violet_redis_status_e  status;

    ngx_violet_health_store_key(r, ctx, &key);

    ctx->looked_up = 1;
    ctx->next = next;
    ctx->redis_asked = ngx_current_msec;

    wait = NULL;

    if (key.redis) {
        wait = ngx_violet_wait_start(r);
        if (wait == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_violet_store_get(&key, r->pool, &ctx->report, ctx->redis_left,
                              &status, ngx_violet_health_looked_up, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (wait) {
        ngx_violet_wait_cancel(wait);
    }

    ngx_violet_redis_note(&ctx->redis, status);

    if (rc != NGX_OK) {
        ngx_memzero(&ctx->report, sizeof(ngx_violet_report_t));
    }

    return next(r, ctx);
}


/* Within Redis's callback: copy, and let the request go on later. */

static void
ngx_violet_health_looked_up(void *data, ngx_violet_redis_status_e status,
    ngx_violet_report_t *report)
{
    ngx_violet_wait_t  *wait = data;

    ngx_violet_ctx_t    *ctx;
    ngx_http_request_t  *r;

    r = ngx_violet_wait_request(wait);

    if (r) {
        ctx = ngx_http_get_module_ctx(r, ngx_violet_module);

        ngx_violet_redis_note(&ctx->redis, status);
        ngx_violet_health_count_wait(ctx);

        if (report) {

            /* out of memory makes it a miss */

            (void) ngx_violet_store_copy(r->pool, &ctx->report, report);
        }
    }

    ngx_violet_wait_end(wait);
}


static ngx_int_t
ngx_violet_health_found(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    if (ctx->report.body.len
        && ctx->report.age < (uint64_t) vlcf->health_ttl * 1000)
    {
        ctx->cache_status = NGX_VIOLET_CACHE_HIT;
        return ngx_violet_health_answer_hit(r, ctx, "");
    }

    return ngx_violet_health_fetch(r, ctx);
}


static ngx_int_t
ngx_violet_health_fetch(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_uint_t                joined;
    ngx_violet_flight_t      *flight;
    ngx_violet_loc_conf_t    *vlcf;
    ngx_violet_fetch_conf_t   conf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    ngx_memzero(&conf, sizeof(ngx_violet_fetch_conf_t));

    if (ngx_violet_exchange_uri(r, &ctx->route, &conf.uri) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_location_of(r, &conf.location);
    ngx_violet_health_store_key(r, ctx, &conf.store);
    ngx_violet_refresh_key(r, ctx, &conf.limit);

    conf.app = ctx->app;
    conf.args.data = (u_char *) ctx->route.args;
    conf.args.len = ctx->route.args_len;
    conf.merchant_id = ctx->route.merchant_id;
    conf.buffer_limit = vlcf->buffer_limit;
    conf.redis_left = ctx->redis_left;
    conf.refresh = ctx->route.refresh;
    conf.cached = vlcf->health_cache;

    ctx->next = ngx_violet_health_fetched;

    rc = ngx_violet_fetch(r, &conf, &flight, &joined);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->flight = flight;
    ctx->joined = joined;

    return rc;
}


static ngx_int_t
ngx_violet_health_fetched(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_fetched_t  *fetched;

    fetched = ngx_violet_fetched(ctx->flight);

    if (!ctx->joined
        && ngx_violet_exchange_copy_states(r->pool, &r->upstream_states,
                                           fetched->states)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_violet_redis_note(&ctx->redis, fetched->redis);

    /* a plain read that joined a refused refresh is still a plain read */

    if (fetched->kind == NGX_VIOLET_FETCHED_LIMITED && !ctx->route.refresh) {
        return ngx_violet_health_fetch(r, ctx);
    }

    if (ctx->route.refresh
        && ngx_violet_refresh_note(r, ctx, &fetched->limit) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (fetched->kind) {

    case NGX_VIOLET_FETCHED_REPORT:
        return ngx_violet_health_new(r, ctx, fetched);

    case NGX_VIOLET_FETCHED_OTHER:
        return ngx_violet_health_other(r, ctx, fetched);

    case NGX_VIOLET_FETCHED_FAILED:
        return ngx_violet_health_failed(r, ctx);

    case NGX_VIOLET_FETCHED_LIMITED:
        return ngx_violet_health_limited(r, ctx);

    default: /* NGX_VIOLET_FETCHED_REFUSED */
        return ngx_violet_answer_refused(r, fetched->refused);
    }
}


static ngx_int_t
ngx_violet_health_new(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetched_t *fetched)
{
    return ngx_violet_health_answer(r, ctx, &fetched->report,
                                    ngx_violet_health_forwarded(ctx,
                                                          fetched->stored));
}


/* Violet's own 4xx, and a 200 that is no report: unchanged, uncached. */

static ngx_int_t
ngx_violet_health_other(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_fetched_t *fetched)
{
    ngx_str_t  *status;

    status = ngx_violet_health_forwarded(ctx, 0);

    if (ngx_violet_answer_header(r, "Cache-Status", status) != NGX_OK) {
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


static ngx_int_t
ngx_violet_health_failed(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_fetched_t   *fetched;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);
    fetched = ngx_violet_fetched(ctx->flight);

    if (vlcf->health_stale && vlcf->health_cache) {

        if (!ctx->looked_up) {
            return ngx_violet_health_lookup(r, ctx,
                                            ngx_violet_health_failed);
        }

        if (ctx->report.body.len) {
            ctx->cache_status = NGX_VIOLET_CACHE_STALE;
            return ngx_violet_health_answer_hit(r, ctx,
                                                "; detail=upstream-error");
        }
    }

    if (ngx_violet_answer_header(r, "Cache-Status",
                                 ngx_violet_health_forwarded(ctx, 0))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (fetched->retry_after.len
        && ngx_violet_answer_header(r, "Retry-After", &fetched->retry_after)
           != NGX_OK)
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


static ngx_int_t
ngx_violet_health_limited(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    ctx->cache_status = NGX_VIOLET_CACHE_LIMITED;

    if (vlcf->limit->exceeded_cached && vlcf->health_cache) {

        if (!ctx->looked_up) {
            return ngx_violet_health_lookup(r, ctx,
                                            ngx_violet_health_limited);
        }

        if (ctx->report.body.len
            && ctx->report.age < (uint64_t) vlcf->health_ttl * 1000)
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


static ngx_int_t
ngx_violet_health_answer_hit(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    char *detail)
{
    u_char                 *p;
    int64_t                 ttl;
    ngx_str_t               status;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_http_get_module_loc_conf(r, ngx_violet_module);

    ttl = (int64_t) vlcf->health_ttl - (int64_t) (ctx->report.age / 1000);

    p = ngx_pnalloc(r->pool, sizeof("violet; hit; ttl=") + NGX_INT64_LEN
                             + ngx_strlen(detail));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status.data = p;
    status.len = ngx_sprintf(p, "violet; hit; ttl=%L%s", ttl, detail) - p;

    ctx->tier = ctx->report.tier;

    return ngx_violet_health_answer(r, ctx, &ctx->report, &status);
}


static ngx_int_t
ngx_violet_health_answer(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_t *report, ngx_str_t *cache_status)
{
    u_char           *p;
    ngx_str_t         age;
    ngx_table_elt_t  *h;

    ctx->age = (ngx_int_t) (report->age / 1000);

    ctx->merchant_state.data =
                        (u_char *) violet_report_state_name(report->state);
    ctx->merchant_state.len = ngx_strlen(ctx->merchant_state.data);

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    age.data = p;
    age.len = ngx_sprintf(p, "%i", ctx->age) - p;

    if (ngx_violet_answer_header(r, "Age", &age) != NGX_OK
        || ngx_violet_answer_header(r, "Cache-Status", cache_status)
           != NGX_OK
        || ngx_violet_answer_header(r, "X-Violet-Merchant-State",
                                    &ctx->merchant_state)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nginx's own filter answers If-None-Match with it */

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


/* RFC 9211, for what came from Violet. */

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
        ctx->cache_status = NGX_VIOLET_CACHE_REFRESH;

    } else if (!ctx->looked_up) {
        i = 3;
        ctx->cache_status = NGX_VIOLET_CACHE_BYPASS;

    } else if (ctx->report.body.len) {
        i = 1;
        ctx->cache_status = NGX_VIOLET_CACHE_EXPIRED;

    } else {
        i = 0;
        ctx->cache_status = NGX_VIOLET_CACHE_MISS;
    }

    j = stored ? 1 : 0;

    if (ctx->joined) {
        j = 2;
        ctx->cache_status = NGX_VIOLET_CACHE_JOINED;
    }

    return &texts[i][j];
}


/* One deadline for all waits of a request on Redis. */

static void
ngx_violet_health_count_wait(ngx_violet_ctx_t *ctx)
{
    ngx_msec_t  spent;

    spent = ngx_current_msec - ctx->redis_asked;

    ctx->redis_left -= ngx_min(spent, ctx->redis_left);
}
