
/*
 * What stands between proxy_pass and a connection.  proxy_pass asks for each
 * credential twice: for its length, before the URI is built, and for the
 * copy, after it.  That makes this the one place where a module can look at
 * a request after the proxy module has made up its mind and before it
 * connects.  Nothing is kept between calls; a changed upstream configuration
 * lives in the request's pool.
 */


#include "ngx_violet_guard.h"
#include "ngx_violet_answer.h"


static ngx_uint_t ngx_violet_guard_is_verified(
    ngx_http_upstream_conf_t *conf);
static ngx_int_t ngx_violet_guard_exchange(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr);
static ngx_int_t ngx_violet_guard_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_uint_t ngx_violet_guard_is_api(ngx_str_t *uri, ngx_str_t *path);
static ngx_int_t ngx_violet_guard_check_uri(ngx_http_request_t *r);


/* what proxy_pass is given in the place of peers when it must not connect */

static ngx_http_upstream_srv_conf_t  ngx_violet_refusing_upstream = {
    .peer = { .init_upstream = NULL,
              .init = ngx_violet_guard_refuse_peer,
              .data = NULL }
};

static ngx_http_upstream_conf_t  ngx_violet_refusing_conf = {
    .upstream = &ngx_violet_refusing_upstream
};


ngx_violet_refusal_e
ngx_violet_guard(ngx_http_request_t *r, ngx_violet_exchange_t *e,
    ngx_uint_t unverified)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u->uri.len) {

        if (u->resolved && ngx_violet_guard_check_uri(r) != NGX_OK) {
            return ngx_violet_guard_refuse(r, NGX_VIOLET_REFUSED_URI);
        }

        if (e && e->own && !ngx_violet_guard_is_api(&u->uri, &e->own->path)) {
            return ngx_violet_guard_refuse(r, NGX_VIOLET_REFUSED_PATH);
        }

        return NGX_VIOLET_NOT_REFUSED;
    }

    if (u->ssl && !unverified && !ngx_violet_guard_is_verified(u->conf)) {
        return ngx_violet_guard_refuse(r, NGX_VIOLET_REFUSED_UNVERIFIED);
    }

    if (e && r == e->subrequest && e->failed == 0
        && ngx_violet_guard_exchange(e, r) != NGX_OK)
    {
        return ngx_violet_guard_refuse(r, NGX_VIOLET_REFUSED_INTERNAL);
    }

    return NGX_VIOLET_NOT_REFUSED;
}


/*
 * The flags of this build say which members the structure has, and those of
 * the nginx that loads it whether there is TLS.  A build that cannot see the
 * member cannot tell.
 */

static ngx_uint_t
ngx_violet_guard_is_verified(ngx_http_upstream_conf_t *conf)
{
#if (NGX_HTTP_SSL || NGX_COMPAT)
    return conf->ssl_verify == 1;
#else
    return 0;
#endif
}


static ngx_int_t
ngx_violet_guard_exchange(ngx_violet_exchange_t *e,
    ngx_http_request_t *sr)
{
    ngx_http_upstream_t       *u;
    ngx_http_upstream_conf_t  *conf;

    u = sr->upstream;

    if (e->copied) {
        return NGX_OK;
    }

    conf = ngx_palloc(sr->pool, sizeof(ngx_http_upstream_conf_t));
    if (conf == NULL) {
        return NGX_ERROR;
    }

    *conf = *u->conf;

    /* one exchange must not become two, nor somebody else's */

    conf->next_upstream &= ~NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;

    if (e->no_retry_timeout) {
        conf->next_upstream &= ~NGX_HTTP_UPSTREAM_FT_TIMEOUT;
    }

    if (e->own) {
        conf->connect_timeout = ngx_min(conf->connect_timeout,
                                        e->own->timeout);
        conf->send_timeout = ngx_min(conf->send_timeout, e->own->timeout);
        conf->read_timeout = ngx_min(conf->read_timeout, e->own->timeout);

        if (conf->next_upstream_timeout == 0
            || conf->next_upstream_timeout > e->own->timeout)
        {
            conf->next_upstream_timeout = e->own->timeout;
        }
    }

    conf->intercept_errors = 0;
    conf->ignore_client_abort = 1;
    conf->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                            |NGX_HTTP_UPSTREAM_IGN_XA_EXPIRES
                            |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                            |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING
                            |NGX_HTTP_UPSTREAM_IGN_XA_CHARSET;

    ngx_violet_exchange_set_buffers(conf);

    u->conf = conf;

    /* what is captured is not written to a disk */

    u->store = 0;

    ngx_violet_exchange_ask_plain(sr);

    /* the capture can only stop an answer that comes through the pipe */

    u->buffering = 1;

    /* a caller who leaves does not stop it */

    sr->read_event_handler = ngx_http_block_reading;
    sr->write_event_handler = ngx_http_request_empty_handler;

    e->copied = 1;

    return NGX_OK;
}


ngx_violet_refusal_e
ngx_violet_guard_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused)
{
    ngx_str_t             detail;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    u->conf = &ngx_violet_refusing_conf;
    u->resolved = NULL;

    /* it ends as a problem of ours, not as one of the operator's pages */

    r->error_page = 1;

    /* it was only an attempt to find out where proxy_pass leads */

    if (refused == NGX_VIOLET_REFUSED_PATH) {
        return refused;
    }

    ngx_violet_answer_refusal(refused, &detail);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "violet: the request was not sent: %V", &detail);

    return refused;
}


static ngx_int_t
ngx_violet_guard_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    return NGX_ERROR;
}


/* Does the URI end in "/v1/" and the path?  It may if there is no path. */

static ngx_uint_t
ngx_violet_guard_is_api(ngx_str_t *uri, ngx_str_t *path)
{
    u_char  *last;

    if (path->len == 0) {
        return 1;
    }

    if (uri->len < 4 + path->len) {
        return 0;
    }

    last = uri->data + uri->len - path->len;

    return ngx_memcmp(last, path->data, path->len) == 0
           && ngx_memcmp(last - 4, "/v1/", 4) == 0;
}


/*
 * Only a proxy_pass with variables can build a URI that is not the one that
 * was matched.
 */

static ngx_int_t
ngx_violet_guard_check_uri(ngx_http_request_t *r)
{
    u_char     *p, *last;
    size_t      len;
    ngx_str_t  *built;
    uintptr_t   escape;

    escape = 0;

    if (r->quoted_uri || r->internal) {
        escape = ngx_escape_uri(NULL, r->uri.data, r->uri.len,
                                NGX_ESCAPE_URI);
    }

    len = r->uri.len + 2 * escape + (r->args.len ? 1 + r->args.len : 0);

    built = &r->upstream->uri;

    if (built->len != len) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (escape) {
        last = (u_char *) ngx_escape_uri(p, r->uri.data, r->uri.len,
                                         NGX_ESCAPE_URI);
    } else {
        last = ngx_cpymem(p, r->uri.data, r->uri.len);
    }

    if (r->args.len) {
        *last++ = '?';
        ngx_memcpy(last, r->args.data, r->args.len);
    }

    return ngx_memcmp(p, built->data, len) == 0 ? NGX_OK : NGX_DECLINED;
}
