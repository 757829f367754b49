
/*
 * The module's variables.  They read the context that the PRECONTENT handler
 * made; in a request that has none they are empty.  None of them holds a
 * secret.
 */


#include "ngx_violet_cart.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_handler.h"


typedef void (*ngx_violet_variable_pt)(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);


typedef struct {
    ngx_str_t                name;
    ngx_violet_variable_pt   handler;
} ngx_violet_variable_t;


static ngx_int_t ngx_violet_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static void ngx_violet_variable_app(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_environment(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_route(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_merchant_id(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cart_id(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cache_status(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cache_tier(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cache_age(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_refresh(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_merchant_state(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cart_outcome(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_cart_reason(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_submit_replayed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_request_id(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_redis(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value);
static void ngx_violet_variable_number(ngx_http_request_t *r, int64_t number,
    ngx_str_t *value);
static void ngx_violet_variable_literal(const char *text, ngx_str_t *value);


static ngx_violet_variable_t  ngx_violet_variables[] = {

    { ngx_string("violet_app"), ngx_violet_variable_app },

    { ngx_string("violet_environment"), ngx_violet_variable_environment },

    { ngx_string("violet_route"), ngx_violet_variable_route },

    { ngx_string("violet_merchant_id"), ngx_violet_variable_merchant_id },

    { ngx_string("violet_cart_id"), ngx_violet_variable_cart_id },

    { ngx_string("violet_cache_status"), ngx_violet_variable_cache_status },

    { ngx_string("violet_cache_tier"), ngx_violet_variable_cache_tier },

    { ngx_string("violet_cache_age"), ngx_violet_variable_cache_age },

    { ngx_string("violet_refresh"), ngx_violet_variable_refresh },

    { ngx_string("violet_merchant_state"),
      ngx_violet_variable_merchant_state },

    { ngx_string("violet_cart_outcome"), ngx_violet_variable_cart_outcome },

    { ngx_string("violet_cart_reason"), ngx_violet_variable_cart_reason },

    { ngx_string("violet_submit_replayed"),
      ngx_violet_variable_submit_replayed },

    { ngx_string("violet_request_id"), ngx_violet_variable_request_id },

    { ngx_string("violet_redis"), ngx_violet_variable_redis },

    { ngx_null_string, NULL }
};


ngx_int_t
ngx_violet_add_variables(ngx_conf_t *cf)
{
    ngx_str_t                name;
    ngx_http_variable_t     *var;
    ngx_violet_variable_t   *v;
    ngx_violet_main_conf_t  *vmcf;

    for (v = ngx_violet_variables; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_violet_variable;
        var->data = (uintptr_t) v;
    }

    /* an indexed variable has one value in all parts of a request */

    vmcf = ngx_http_conf_get_module_main_conf(cf, ngx_violet_module);

    ngx_str_set(&name, "request_id");

    vmcf->request_id = ngx_http_get_variable_index(cf, &name);

    return vmcf->request_id == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_violet_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t               value;
    ngx_violet_ctx_t       *ctx;
    ngx_violet_variable_t  *variable;

    variable = (ngx_violet_variable_t *) data;

    ngx_str_null(&value);

    ctx = ngx_violet_ctx(r);

    /* an exchange has the values of the request that it is made for */

    if (ctx && ctx->exchange) {
        ctx = ngx_violet_ctx(r->main);
    }

    if (ctx) {
        variable->handler(r, ctx, &value);
    }

    if (value.data == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value.len;
    v->data = value.data;

    return NGX_OK;
}


static void
ngx_violet_variable_app(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->app) {
        *value = ctx->app->name;
    }
}


static void
ngx_violet_variable_environment(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->app) {
        *value = ctx->app->keys.env;
    }
}


static void
ngx_violet_variable_route(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->routed) {
        ngx_violet_variable_literal(violet_route_name(ctx->route.id), value);
    }
}


static void
ngx_violet_variable_merchant_id(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->routed && ctx->route.merchant_id) {
        ngx_violet_variable_number(r, ctx->route.merchant_id, value);
    }
}


static void
ngx_violet_variable_cart_id(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->routed && ctx->route.cart_id) {
        ngx_violet_variable_number(r, ctx->route.cart_id, value);
    }
}


static void
ngx_violet_variable_cache_status(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value)
{
    static const char  *names[] = {
        NULL, "HIT", "MISS", "EXPIRED", "STALE", "REFRESH", "JOINED",
        "BYPASS", "LIMITED", "UPDATING"
    };

    ngx_violet_variable_literal(names[ctx->seen.cache_status], value);
}


static void
ngx_violet_variable_cache_tier(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    static const char  *names[] = { NULL, "memory", "redis" };

    ngx_violet_variable_literal(names[ctx->seen.tier], value);
}


static void
ngx_violet_variable_cache_age(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    if (ctx->seen.age >= 0) {
        ngx_violet_variable_number(r, ctx->seen.age, value);
    }
}


static void
ngx_violet_variable_refresh(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    static const char  *names[] = {
        NULL, "granted", "joined", "limited", "dry_run"
    };

    ngx_violet_variable_literal(names[ctx->seen.refresh], value);
}


static void
ngx_violet_variable_merchant_state(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value)
{
    *value = ctx->seen.merchant_state;
}


static void
ngx_violet_variable_cart_outcome(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value)
{
    violet_cart_verdict_t  *verdict;

    if (ctx->cart && ctx->cart->judged) {
        verdict = &ctx->cart->verdict;

        ngx_violet_variable_literal(violet_cart_outcome_name(verdict->outcome),
                                    value);
    }
}


static void
ngx_violet_variable_cart_reason(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    violet_cart_verdict_t  *verdict;

    if (ctx->cart == NULL || !ctx->cart->judged) {
        return;
    }

    verdict = &ctx->cart->verdict;

    if (verdict->has_reason) {
        ngx_violet_variable_literal(violet_reason_name(verdict->reason),
                                    value);
    }
}


static void
ngx_violet_variable_submit_replayed(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *value)
{
    if (ctx->cart && ctx->cart->replayed) {
        ngx_violet_variable_literal("1", value);
    }
}


/* Of a flight, of a submit, or of a request that proxy_pass streams. */

static void
ngx_violet_variable_request_id(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    ngx_str_t  id;

    if (ctx->health) {
        id = ctx->seen.request_id;

    } else if (ctx->cart && ctx->cart->submitted
               && ctx->cart->submitted->subrequest)
    {
        ngx_violet_check_sent_id(ctx->cart->submitted->subrequest, &id);

    } else {
        ngx_violet_check_sent_id(r, &id);
    }

    if (id.len) {
        *value = id;
    }
}


static void
ngx_violet_variable_redis(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_str_t *value)
{
    static const char  *names[] = {
        NULL, "ok", "timeout", "down", "open", "off"
    };

    ngx_violet_variable_literal(names[ctx->seen.redis], value);
}


static void
ngx_violet_variable_number(ngx_http_request_t *r, int64_t number,
    ngx_str_t *value)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return;
    }

    value->data = p;
    value->len = ngx_sprintf(p, "%L", number) - p;
}


static void
ngx_violet_variable_literal(const char *text, ngx_str_t *value)
{
    if (text) {
        value->data = (u_char *) text;
        value->len = ngx_strlen(text);
    }
}
