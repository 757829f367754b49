
/*
 * A request that drops reports, and waits for Redis.
 */


#include "ngx_violet_drop.h"
#include "ngx_violet_wait.h"


static void ngx_violet_drop_done(void *data, ngx_violet_redis_status_e status,
    ngx_violet_purged_t *purged);


ngx_int_t
ngx_violet_drop(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    int32_t merchant_id, ngx_uint_t event, ngx_violet_step_pt next)
{
    ngx_int_t           rc;
    ngx_violet_wait_t  *wait;
    ngx_violet_drop_t  *drop;

    drop = ctx->operation;

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->next = next;

    rc = ngx_violet_health_purge(ngx_violet_main_conf(r), ctx->app,
                                 merchant_id, event, &drop->purged,
                                 ngx_violet_drop_done, wait);

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_violet_wait_cancel(wait);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    drop->redis = (rc == NGX_OK) ? NGX_VIOLET_REDIS_OFF
                                 : NGX_VIOLET_REDIS_DOWN;

    return next(r, ctx);
}


static void
ngx_violet_drop_done(void *data, ngx_violet_redis_status_e status,
    ngx_violet_purged_t *purged)
{
    ngx_violet_wait_t  *wait = data;

    ngx_violet_drop_t   *drop;
    ngx_http_request_t  *r;

    r = ngx_violet_wait_request(wait);

    if (r) {
        drop = ngx_violet_ctx(r)->operation;

        drop->redis = status;
        drop->purged = *purged;
    }

    ngx_violet_wait_end(wait);
}


ngx_uint_t
ngx_violet_drop_is_away(ngx_violet_redis_status_e redis)
{
    return redis > NGX_VIOLET_REDIS_OK && redis != NGX_VIOLET_REDIS_OFF;
}
