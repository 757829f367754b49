
/*
 * The keys of the report that a request asks for, and of the lists that a
 * refresh of this report makes old, in the request's pool.
 */


#include "ngx_violet_health.h"


ngx_int_t
ngx_violet_health_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *key)
{
    if (ctx->route.id == VIOLET_ROUTE_CONNECTION_HEALTH_LIST) {
        return ngx_violet_keys_list(&ctx->app->keys, r->pool,
                                    ctx->route.exclude_public, key);
    }

    return ngx_violet_keys_report(&ctx->app->keys, r->pool,
                                  ctx->route.merchant_id, key);
}


ngx_int_t
ngx_violet_health_drops(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t keys[NGX_VIOLET_LEASE_DROPS])
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_VIOLET_LEASE_DROPS; i++) {
        if (ngx_violet_keys_list(&ctx->app->keys, r->pool, i, &keys[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_violet_health_store_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_report_place_t *key)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    key->redis = vmcf->redis;
    key->zone = vmcf->zone;
    key->app = ctx->app;
    key->key = ctx->health->key;
    key->ttl = (uint64_t) vlcf->health_ttl * 1000;
    key->stale = (uint64_t) vlcf->health_stale * 1000;
    key->memory = (uint64_t) vlcf->health_memory * 1000;
    key->limit = vlcf->buffer_limit;
}
