
/*
 * violet_purge: operators drop a report, or look it up.  The location answers
 * callers on this machine only, or those who have the token.
 */


#include "ngx_violet_operation.h"
#include "ngx_violet_address.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_header.h"
#include "ngx_violet_purge.h"

#include "violet_text.h"


static ngx_int_t ngx_violet_purge_handler(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_int_t ngx_violet_purge_access(ngx_http_request_t *r,
    ngx_violet_purge_conf_t *conf);
static ngx_uint_t ngx_violet_purge_from_page(ngx_http_request_t *r);
static ngx_uint_t ngx_violet_purge_has_token(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_violet_purge_unauthorized(ngx_http_request_t *r);
static ngx_int_t ngx_violet_purge_forbidden(ngx_http_request_t *r,
    char *reason);


char *
ngx_violet_purge_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_violet_loc_conf_t  *vlcf = conf;

    ngx_str_t                *value, name, secret;
    ngx_violet_operation_t   *operation;
    ngx_violet_purge_conf_t  *purge;

    operation = ngx_violet_operation_add(cf, vlcf, ngx_violet_purge_handler);
    if (operation == NULL) {
        return NGX_CONF_ERROR;
    }

    purge = ngx_pcalloc(cf->pool, sizeof(ngx_violet_purge_conf_t));
    if (purge == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    operation->app_name = value[1];
    operation->conf = purge;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strncmp(value[2].data, "token=", 6) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"violet_purge\", "
                           "use \"token=\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    secret.data = value[2].data + 6;
    secret.len = value[2].len - 6;

    ngx_str_set(&name, "token= of violet_purge");

    if (ngx_violet_credentials_read(cf, &name, &secret, &purge->token)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_violet_purge_handler(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_str_t                detail;
    const char              *reason;
    violet_text_t            args;
    ngx_violet_purge_ctx_t  *purge;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_violet_purge_access(r, ngx_violet_loc_conf(r)->operation->conf);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_violet_operation_method(r, "GET, HEAD, POST");
    }

    purge = ngx_pcalloc(r->pool, sizeof(ngx_violet_purge_ctx_t));
    if (purge == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->operation = purge;

    args.data = (char *) r->args.data;
    args.len = r->args.len;

    reason = violet_purge_query_read(&args, &purge->query);

    if (reason) {
        detail.data = (u_char *) reason;
        detail.len = ngx_strlen(reason);

        return ngx_violet_answer_problem(r,
                                         NGX_VIOLET_PROBLEM_INVALID_REQUEST,
                                         0, &detail);
    }

    switch (purge->query.kind) {

    case VIOLET_PURGE_ALL:
        if (r->method != NGX_HTTP_POST) {
            return ngx_violet_operation_method(r, "POST");
        }

        /* fall through */

    case VIOLET_PURGE_MERCHANT:
        return r->method == NGX_HTTP_POST ? ngx_violet_purge_report(r, ctx)
                                          : ngx_violet_lookup_report(r, ctx);

    default: /* a submit */
        return ngx_violet_purge_submit(r, ctx);
    }
}


/* NGX_OK if the request may purge, else the problem is set. */

static ngx_int_t
ngx_violet_purge_access(ngx_http_request_t *r, ngx_violet_purge_conf_t *conf)
{
    if (ngx_violet_purge_from_page(r)) {
        return ngx_violet_purge_forbidden(r, "a page in a browser may not "
                                             "send requests here: Origin or "
                                             "Sec-Fetch-Site says that this "
                                             "is one");
    }

    if (conf->token.len) {
        return ngx_violet_purge_has_token(r, &conf->token)
               ? NGX_OK : ngx_violet_purge_unauthorized(r);
    }

    if (!ngx_violet_is_local(r->connection->sockaddr)) {
        return ngx_violet_purge_forbidden(r, "without token= in violet_purge "
                                             "only this machine may send "
                                             "requests here");
    }

    return NGX_OK;
}


/* A browser on this machine would send what a page of anybody asks it to. */

static ngx_uint_t
ngx_violet_purge_from_page(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    if (ngx_violet_header_find(&r->headers_in.headers, "Origin")) {
        return 1;
    }

    h = ngx_violet_header_find(&r->headers_in.headers, "Sec-Fetch-Site");

    return h && ngx_violet_header_is(&h->value, "cross-site");
}


static ngx_uint_t
ngx_violet_purge_has_token(ngx_http_request_t *r, ngx_str_t *token)
{
    size_t            scheme;
    violet_text_t     given, right;
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;
    scheme = sizeof("Bearer ") - 1;

    if (h == NULL || h->value.len < scheme
        || ngx_strncasecmp(h->value.data, (u_char *) "Bearer ", scheme) != 0)
    {
        return 0;
    }

    given.data = (char *) h->value.data + scheme;
    given.len = h->value.len - scheme;
    right.data = (char *) token->data;
    right.len = token->len;

    return violet_text_same_secret(given, right);
}


static ngx_int_t
ngx_violet_purge_unauthorized(ngx_http_request_t *r)
{
    ngx_str_t  challenge, detail;

    ngx_str_set(&challenge, "Bearer");

    if (ngx_violet_answer_header(r, "WWW-Authenticate", &challenge)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&detail, "the header \"Authorization: Bearer\" with the "
                         "token of violet_purge is missing or wrong");

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_UNAUTHORIZED, 0,
                                     &detail);
}


static ngx_int_t
ngx_violet_purge_forbidden(ngx_http_request_t *r, char *reason)
{
    ngx_str_t  detail;

    detail.data = (u_char *) reason;
    detail.len = ngx_strlen(reason);

    return ngx_violet_answer_problem(r, NGX_VIOLET_PROBLEM_ROUTE_BLOCKED, 0,
                                     &detail);
}
