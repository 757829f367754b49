
/*
 * The keys of reports, without the prefix of violet_redis.  They are made in
 * the request's pool and hold whatever makes a report another one: where it
 * comes from, which app may see it, and which arguments it was asked with.
 */


#include "ngx_violet_health.h"


static ngx_int_t ngx_violet_health_report_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t has_app_id, ngx_str_t *key);
static ngx_int_t ngx_violet_health_list_key(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_uint_t exclude_public, ngx_str_t *key);


ngx_int_t
ngx_violet_health_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *key)
{
    if (ctx->route.id == VIOLET_ROUTE_CONNECTION_HEALTH_LIST) {
        return ngx_violet_health_list_key(r, ctx, ctx->route.exclude_public,
                                          key);
    }

    return ngx_violet_health_report_key(r, ctx, ctx->route.has_app_id, key);
}


ngx_int_t
ngx_violet_health_drops(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t keys[NGX_VIOLET_CLAIM_DROPS])
{
    if (ngx_violet_health_list_key(r, ctx, 0, &keys[0]) != NGX_OK
        || ngx_violet_health_list_key(r, ctx, 1, &keys[1]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_violet_health_report_key(r, ctx, !ctx->route.has_app_id,
                                        &keys[2]);
}


static ngx_int_t
ngx_violet_health_report_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_uint_t has_app_id, ngx_str_t *key)
{
    u_char                 *p;
    size_t                  len;
    ngx_str_t               argument;
    ngx_violet_app_t       *app;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);
    app = ctx->app;

    ngx_str_set(&argument, "-");

    if (has_app_id) {
        argument = app->id_text;
    }

    len = sizeof("health:::::") + vlcf->upstream.len + app->name.len
          + app->id_text.len + argument.len + NGX_INT32_LEN;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;
    key->len = ngx_sprintf(p, "health:%V:%V:%V:%V:%D", &vlcf->upstream,
                           &app->name, &app->id_text, &argument,
                           ctx->route.merchant_id)
               - p;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_health_list_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_uint_t exclude_public, ngx_str_t *key)
{
    u_char                 *p;
    ngx_violet_app_t       *app;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);
    app = ctx->app;

    p = ngx_pnalloc(r->pool, sizeof("health-list::::false")
                             + vlcf->upstream.len + app->name.len
                             + app->id_text.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;
    key->len = ngx_sprintf(p, "health-list:%V:%V:%V:%s", &vlcf->upstream,
                           &app->name, &app->id_text,
                           exclude_public ? "true" : "false")
               - p;

    return NGX_OK;
}


void
ngx_violet_health_store_key(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_store_key_t *key)
{
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    key->redis = vmcf->redis;
    key->zone = vmcf->zone;
    key->key = ctx->health->key;
    key->ttl = (uint64_t) vlcf->health_ttl * 1000;
    key->stale = (uint64_t) vlcf->health_stale * 1000;
    key->memory = (uint64_t) vlcf->health_memory * 1000;
    key->limit = vlcf->buffer_limit;
}
