
/*
 * The PRECONTENT handler: it finds the route of a request, checks whether the
 * request is allowed, and calls the handler of the route.  nginx has checked
 * access in earlier phases.
 *
 * The handler runs each time the phases of a request run: the context holds
 * the next step, and while the request waits the handler does nothing.
 */


#include "ngx_violet_cart.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_health.h"
#include "ngx_violet_log.h"
#include "ngx_violet_handler.h"
#include "ngx_violet_health_tracking.h"
#include "ngx_violet_operation.h"
#include "ngx_violet_ready.h"


static void ngx_violet_handler_worker(ngx_http_request_t *r);
static ngx_int_t ngx_violet_handler_operation(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_handler_start(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_handler_configuration(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *detail);
static ngx_int_t ngx_violet_handler_app(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_loc_conf_t *vlcf);
static ngx_int_t ngx_violet_handler_dispatch(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_loc_conf_t *vlcf);
static ngx_int_t ngx_violet_handler_auth(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_loc_conf_t *vlcf);
static ngx_int_t ngx_violet_handler_other(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_handler_send(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_handler_credentials(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_violet_step_pt next);


ngx_int_t
ngx_violet_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_violet_ctx_t       *ctx;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    if (vlcf->app == NULL && vlcf->app_name == NULL
        && vlcf->operation == NULL)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_violet_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_violet_ctx_t));
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->next = vlcf->operation ? ngx_violet_handler_operation
                                    : ngx_violet_handler_start;
        ctx->seen.age = -1;

        ngx_http_set_ctx(r, ctx, ngx_violet_module);
    }

    if (ctx->waiting) {
        return NGX_AGAIN;
    }

    rc = ctx->next(r, ctx);

    if (rc == NGX_DECLINED && ctx->answer.is_set) {
        r->content_handler = ngx_violet_answer_handler;
    }

    return rc;
}


/* Without a master process nginx calls no init_process after a reload. */

static void
ngx_violet_handler_worker(ngx_http_request_t *r)
{
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);

    if (!vmcf->started) {
        ngx_violet_start_counts(vmcf);
        ngx_violet_tracking_start(vmcf);
        ngx_violet_records_start(vmcf->records);
        ngx_violet_ready_start(vmcf);
    }
}


/* A location with an operation, such as violet_purge. */

static ngx_int_t
ngx_violet_handler_operation(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ngx_violet_handler_worker(r);

    ctx->app = vlcf->operation->app;
    ctx->next = vlcf->operation->handler;

    return ctx->next(r, ctx);
}


static ngx_int_t
ngx_violet_handler_start(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_str_t                detail;
    violet_route_status_t    status;
    ngx_violet_loc_conf_t   *vlcf;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_violet_main_conf(r);
    vlcf = ngx_violet_loc_conf(r);

    ngx_violet_handler_worker(r);

    if (ngx_violet_handler_app(r, ctx, vlcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ngx_violet_match_route(r, ctx->app, &ctx->route);

    ctx->routed = (status == VIOLET_ROUTE_OK);

    if (r->content_handler != vmcf->proxy_handler) {
        ngx_str_set(&detail, "the location has no proxy_pass");
        return ngx_violet_handler_configuration(r, ctx, &detail);
    }

    if (ctx->app == NULL) {
        ngx_str_set(&detail, "no violet_app has the name that the violet "
                             "directive gives for this request");
        return ngx_violet_handler_configuration(r, ctx, &detail);
    }

    if (ctx->routed && violet_route_submits(ctx->route.id)) {
        ngx_violet_log_request_id(r);
    }

    if (status != VIOLET_ROUTE_OK) {
        detail.data = (u_char *) ctx->route.reason;
        detail.len = ngx_strlen(ctx->route.reason);

        return ngx_violet_answer_problem(r,
                                         NGX_VIOLET_PROBLEM_INVALID_REQUEST,
                                         0, &detail);
    }

    return ngx_violet_handler_dispatch(r, ctx, vlcf);
}


/* Nothing was sent; a submit gets its problem in the schema of submits. */

static ngx_int_t
ngx_violet_handler_configuration(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx, ngx_str_t *detail)
{
    u_char      buf[NGX_VIOLET_LOG_TEXT];
    ngx_str_t  *uri, shown;

    ngx_violet_log_request_id(r);

    /* the caller's URI, unless nginx has rewritten it */

    uri = r->valid_unparsed_uri ? &r->unparsed_uri : &r->uri;
    shown = ngx_violet_log_text(uri, buf);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "violet: \"%V\" was not sent: %V", &shown, detail);

    if (ctx->routed && violet_route_submits(ctx->route.id)
        && ngx_violet_cart_not_sent(r, ctx, detail) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_CONFIGURATION, 0,
                                     detail);
}


/* Leaves ctx->app null if the name is unknown. */

static ngx_int_t
ngx_violet_handler_app(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_loc_conf_t *vlcf)
{
    u_char                   buf[NGX_VIOLET_LOG_TEXT];
    ngx_str_t                name, shown;
    ngx_violet_main_conf_t  *vmcf;

    ctx->app = vlcf->app;

    if (ctx->app) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, vlcf->app_name, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    vmcf = ngx_violet_main_conf(r);

    ctx->app = ngx_violet_credentials_find(&vmcf->apps, &name);

    if (ctx->app == NULL) {
        ngx_violet_log_request_id(r);

        shown = ngx_violet_log_text(&name, buf);

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: no violet_app is named \"%V\"", &shown);
    }

    return NGX_OK;
}


violet_route_status_t
ngx_violet_match_route(ngx_http_request_t *r, ngx_violet_app_t *app,
    violet_route_t *route)
{
    ngx_str_t                 *raw;
    violet_route_request_t     request;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* a rewritten URI is not the caller's */

    raw = r->valid_unparsed_uri ? &r->unparsed_uri : &r->uri;

    request.method.data = (char *) r->method_name.data;
    request.method.len = r->method_name.len;
    request.uri.data = (char *) r->uri.data;
    request.uri.len = r->uri.len;
    request.raw_uri.data = (char *) raw->data;
    request.raw_uri.len = raw->len;
    request.args.data = (char *) r->args.data;
    request.args.len = r->args.len;
    request.prefix.data = (char *) clcf->name.data;
    request.prefix.len = clcf->name.len;
    request.app_id = app ? (int32_t) app->id : 0;

    return violet_route_match(&request, route);
}


static ngx_int_t
ngx_violet_handler_dispatch(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_str_t  detail;

    if (ctx->route.id == VIOLET_ROUTE_AUTH) {
        return ngx_violet_handler_auth(r, ctx, vlcf);
    }

    /*
     * violet_cart_errors submit-only: the payment and order routes are
     * proxied untouched
     */

    if (vlcf->cart_errors == NGX_VIOLET_CART_SUBMIT_ONLY
        && violet_route_submits(ctx->route.id)
        && ctx->route.id != VIOLET_ROUTE_CART_SUBMIT)
    {
        ctx->route.id = VIOLET_ROUTE_OTHER;
    }

    if (ctx->route.id == VIOLET_ROUTE_OTHER) {
        return ngx_violet_handler_other(r, ctx);
    }

    /* a captured answer cannot become a part of another response */

    if (r != r->main) {
        ngx_str_set(&detail, "this route cannot be the target of a "
                             "subrequest (SSI, mirror, auth_request)");

        return ngx_violet_handler_configuration(r, ctx, &detail);
    }

    /* a cached report needs no credentials */

    if (ctx->route.id == VIOLET_ROUTE_CONNECTION_HEALTH
        || ctx->route.id == VIOLET_ROUTE_CONNECTION_HEALTH_LIST)
    {
        return ngx_violet_health_handler(r, ctx);
    }

    return ngx_violet_handler_send(r, ctx);
}


static ngx_int_t
ngx_violet_handler_auth(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_loc_conf_t *vlcf)
{
    ngx_str_t  detail;

    if (vlcf->auth_routes == NGX_VIOLET_AUTH_PASS && r == r->main) {
        return ngx_violet_handler_other(r, ctx);
    }

    ngx_str_set(&detail, "Violet's login routes are blocked: the gateway "
                         "obtains tokens itself (see violet_auth_routes)");

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_ROUTE_BLOCKED, 0,
                                     &detail);
}


/* Passes the request to proxy_pass, with the credentials. */

static ngx_int_t
ngx_violet_handler_other(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_violet_handler_credentials(r, ctx, ngx_violet_handler_other);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->credentials = 1;

    /* Violet gets the normalized URI that was matched, not the caller's */

    r->valid_unparsed_uri = 0;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_violet_handler_send(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_violet_handler_credentials(r, ctx, ngx_violet_handler_send);

    if (rc != NGX_OK) {
        return rc;
    }

    if (violet_route_submits(ctx->route.id)) {
        return ngx_violet_cart_handler(r, ctx);
    }

    if (ctx->route.id == VIOLET_ROUTE_CART_OUTCOME) {
        return ngx_violet_cart_outcome_handler(r, ctx);
    }

    return ngx_violet_report_handler(r, ctx);
}


/*
 * NGX_OK if the credentials are there.  Else the request waits for them and
 * "next" runs after that; if they do not come it gets a problem document.
 */

static ngx_int_t
ngx_violet_handler_credentials(ngx_http_request_t *r, ngx_violet_ctx_t *ctx,
    ngx_violet_step_pt next)
{
    ngx_str_t  detail;

    if (ngx_violet_credentials_ready(ctx->app)) {
        return NGX_OK;
    }

    if (!ctx->waited) {
        ctx->waited = 1;
        ctx->next = next;

        return ngx_violet_credentials_park(r, ctx->app, NULL) == NGX_AGAIN
               ? NGX_AGAIN : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (violet_route_submits(ctx->route.id)) {
        ngx_violet_answer_refusal(NGX_VIOLET_REFUSED_CREDENTIALS, &detail);

        if (ngx_violet_cart_not_sent(r, ctx, &detail) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_violet_answer_refused(r, NGX_VIOLET_REFUSED_CREDENTIALS);
}
