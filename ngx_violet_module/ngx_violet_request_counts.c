
/*
 * The log phase: counts a request that has ended, by its context.  Results of
 * the flows are counted here where the context has them; a flow counts by
 * itself what outlives the request.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_exchange.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_handler.h"
#include "ngx_violet_health.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_version.h"


static ngx_int_t ngx_violet_count_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_violet_count_route(ngx_violet_ctx_t *ctx);
static ngx_uint_t ngx_violet_count_answered(ngx_http_request_t *r);
static void ngx_violet_count_health(ngx_violet_ctx_t *ctx,
    violet_counters_app_t *counters);
static ngx_uint_t ngx_violet_count_cache(ngx_violet_ctx_t *ctx);
static void ngx_violet_count_streamed(ngx_http_request_t *r,
    ngx_violet_app_t *app, ngx_uint_t route, ngx_uint_t status);


ngx_int_t
ngx_violet_add_counts(ngx_conf_t *cf, ngx_violet_main_conf_t *vmcf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    if (vmcf->counts == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_violet_count_handler;

    vmcf->counts->version = NGX_VIOLET_VERSION;

    return ngx_violet_counts_add(cf, vmcf);
}


void
ngx_violet_start_counts(ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t                   i;
    ngx_violet_redis_t          *redis[2];
    violet_counters_of_redis_t   of;

    if (vmcf->counts == NULL) {
        return;
    }

    ngx_violet_counts_start(vmcf);

    ngx_violet_memory_count_evictions(vmcf->zone,
                                      &vmcf->counts->host->evictions);

    redis[0] = vmcf->redis;
    redis[1] = vmcf->submit_redis;

    for (i = 0; i < 2; i++) {

        if (redis[i]) {
            violet_counters_of_redis(vmcf->counts->counters, (int) i,
                                     ngx_worker, vmcf->counts->slot, &of);
            ngx_violet_redis_count(redis[i], &of);
        }
    }
}


/* A request that an earlier phase refused has no context. */

static ngx_int_t
ngx_violet_count_handler(ngx_http_request_t *r)
{
    ngx_msec_int_t          ms;
    ngx_time_t             *tp;
    ngx_uint_t              route, status;
    ngx_violet_app_t       *app;
    ngx_violet_ctx_t       *ctx;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (r != r->main || vlcf->operation) {
        return NGX_OK;
    }

    ctx = ngx_violet_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_violet_count_remembered(r);
    }

    app = ctx ? ctx->app : vlcf->app;

    if (app == NULL || app->counts.counters == NULL) {
        return NGX_OK;
    }

    route = ngx_violet_count_route(ctx);
    status = ngx_violet_count_answered(r);

    tp = ngx_timeofday();

    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (tp->msec - r->start_msec));

    violet_count(&app->counts.counters->requests[route]
                                                [violet_count_status(status)]);
    violet_count_ms(&app->counts.counters->request_time[route],
                    ngx_max(ms, 0));

    if (ctx == NULL) {
        return NGX_OK;
    }

    if (ctx->health) {
        ngx_violet_count_health(ctx, app->counts.counters);
    }

    /* the page of an error may be that of another upstream */

    if (r->upstream && ngx_violet_check_is_of(r, ctx)) {
        ngx_violet_count_streamed(r, app, route, status);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_violet_count_route(ngx_violet_ctx_t *ctx)
{
    return (ctx && ctx->routed) ? (ngx_uint_t) ctx->route.id
                                : VIOLET_COUNT_ROUTE_OTHER;
}


/* As $status. */

static ngx_uint_t
ngx_violet_count_answered(ngx_http_request_t *r)
{
    return r->err_status ? r->err_status : r->headers_out.status;
}


static void
ngx_violet_count_health(ngx_violet_ctx_t *ctx,
    violet_counters_app_t *counters)
{
    ngx_uint_t  result;

    static const u_char  refreshes[] = {
        VIOLET_COUNT_REFRESHES,          /* NGX_VIOLET_REFRESH_NONE */
        VIOLET_COUNT_REFRESH_GRANTED,
        VIOLET_COUNT_REFRESH_JOINED,
        VIOLET_COUNT_REFRESH_LIMITED,
        VIOLET_COUNT_REFRESH_DRY_RUN
    };

    result = ngx_violet_count_cache(ctx);

    if (result != VIOLET_COUNT_CACHES) {
        violet_count(&counters->caches[result]);
    }

    if (ctx->seen.refresh) {
        violet_count(&counters->refreshes[refreshes[ctx->seen.refresh]]);
    }
}


static ngx_uint_t
ngx_violet_count_cache(ngx_violet_ctx_t *ctx)
{
    switch (ctx->seen.cache_status) {

    case NGX_VIOLET_CACHE_HIT:

        if (ctx->seen.held) {
            return VIOLET_COUNT_CACHE_HELD;
        }

        return ctx->seen.tier == NGX_VIOLET_TIER_REDIS
               ? VIOLET_COUNT_CACHE_HIT_REDIS : VIOLET_COUNT_CACHE_HIT_MEMORY;

    case NGX_VIOLET_CACHE_MISS:
        return VIOLET_COUNT_CACHE_MISS;

    case NGX_VIOLET_CACHE_EXPIRED:
        return VIOLET_COUNT_CACHE_EXPIRED;

    case NGX_VIOLET_CACHE_STALE:
        return VIOLET_COUNT_CACHE_STALE;

    case NGX_VIOLET_CACHE_UPDATING:
        return VIOLET_COUNT_CACHE_UPDATING;

    case NGX_VIOLET_CACHE_REFRESH:
        return VIOLET_COUNT_CACHE_REFRESH;

    case NGX_VIOLET_CACHE_JOINED:
        return VIOLET_COUNT_CACHE_JOINED;

    case NGX_VIOLET_CACHE_BYPASS:
        return VIOLET_COUNT_CACHE_BYPASS;

    case NGX_VIOLET_CACHE_LIMITED:
        return VIOLET_COUNT_CACHE_LIMITED;

    case NGX_VIOLET_CACHE_NONE:
        break;
    }

    return VIOLET_COUNT_CACHES;
}


/*
 * A request that proxy_pass streamed; an exchange counts by itself.  One that
 * was refused, or whose caller left before the answer, says nothing about
 * Violet.
 */

static void
ngx_violet_count_streamed(ngx_http_request_t *r, ngx_violet_app_t *app,
    ngx_uint_t route, ngx_uint_t status)
{
    ngx_msec_t                  ms;
    ngx_uint_t                  i, result;
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL || r->upstream_states->nelts == 0) {
        return;
    }

    if (r->upstream->headers_in.status_n) {
        result = violet_count_upstream(r->upstream->headers_in.status_n);

    } else if (status == NGX_HTTP_GATEWAY_TIME_OUT) {
        result = VIOLET_COUNT_UPSTREAM_TIMEOUT;

    } else if (status == NGX_HTTP_BAD_GATEWAY) {
        result = ngx_violet_exchange_unsent(r->upstream_states)
                 ? VIOLET_COUNT_UPSTREAM_UNREACHABLE
                 : VIOLET_COUNT_UPSTREAM_CUT;

    } else {
        return;
    }

    ms = 0;
    state = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {
        if (state[i].response_time != (ngx_msec_t) -1) {
            ms += state[i].response_time;
        }
    }

    ngx_violet_count_upstream(app, route, result, ms);
}
