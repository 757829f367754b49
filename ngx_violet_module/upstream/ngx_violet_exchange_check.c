
/*
 * The check of a request between proxy_pass and a connection.  proxy_pass
 * asks for the credentials while it builds a request.  When it asks for the
 * first value, it has chosen the upstream and built nothing yet: the check
 * then replaces the upstream's peer.init.  nginx calls peer.init after the
 * request is built, in every version of HTTP, and before it connects.  Where
 * secrets would go by plain http, or over https to a verified host, each peer
 * is checked as well (ngx_violet_exchange_check_peer.c).
 *
 * A host that only nginx's resolver knows has no peer.init.  There the URI is
 * checked when proxy_pass asks for a value the second time, to copy it, and
 * the head before its first byte is sent.
 */


#include "ngx_violet.h"
#include "ngx_violet_count.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_exchange_check_priv.h"
#include "ngx_violet_exchange_refusal.h"


static ngx_violet_refusal_e ngx_violet_check_start(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_uint_t ngx_violet_check_is_verified(
    ngx_http_upstream_conf_t *conf);
static ngx_http_upstream_srv_conf_t *ngx_violet_check_block(
    ngx_http_request_t *r);
static ngx_uint_t ngx_violet_check_has_address(ngx_http_upstream_t *u);
static void ngx_violet_check_hook(ngx_violet_check_t *check);
static void ngx_violet_check_exchange(ngx_violet_check_t *check);
static ngx_int_t ngx_violet_check_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_violet_check_send(void *data, ngx_chain_t *in);


ngx_violet_refusal_e
ngx_violet_check(ngx_http_request_t *r, ngx_uint_t header)
{
    ngx_uint_t             bit;
    ngx_violet_ctx_t      *ctx;
    ngx_violet_check_t    *check;
    ngx_violet_refusal_e   refused;

    ctx = ngx_violet_ctx(r);

    bit = (ngx_uint_t) 1 << header;
    refused = NGX_VIOLET_NOT_REFUSED;

    if (ctx->check == NULL || ctx->check->proxied != r->upstream) {
        refused = ngx_violet_check_start(r, ctx);

    } else if (!ctx->check->hooked && (ctx->check->asked & bit)) {
        refused = ngx_violet_check_look_uri(ctx->check);
    }

    if (refused) {
        return ngx_violet_refuse(r, refused);
    }

    check = ctx->check;
    check->asked |= bit;

    return NGX_VIOLET_NOT_REFUSED;
}


ngx_uint_t
ngx_violet_check_is_of(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    return ctx->check && ctx->check->proxied == r->upstream;
}


/* At the first value: proxy_pass has chosen the upstream, and built nothing. */

static ngx_violet_refusal_e
ngx_violet_check_start(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_check_t     *check;
    ngx_http_upstream_t    *u;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    ngx_violet_count_remember(r, ctx);

    u = r->upstream;

    if (u->ssl && !vlcf->unverified_upstream
        && !ngx_violet_check_is_verified(u->conf))
    {
        return NGX_VIOLET_REFUSED_UNVERIFIED;
    }

    check = ngx_pcalloc(r->pool, sizeof(ngx_violet_check_t));
    if (check == NULL) {
        return NGX_VIOLET_REFUSED_INTERNAL;
    }

    check->request = r;
    check->proxied = u;
    check->exchange = ctx->exchange;
    check->original = u->conf;
    check->resolved = u->resolved;
    check->block = u->resolved ? ngx_violet_check_block(r) : u->conf->upstream;
    check->uri = u->uri.data;
    check->plain = (!u->ssl && !vlcf->unverified_upstream);
    check->verified = (u->ssl && ngx_violet_check_is_verified(u->conf));
    check->conf = *u->conf;

    ctx->check = check;

    if (check->exchange) {
        ngx_violet_check_exchange(check);
    }

    if (check->block || ngx_violet_check_has_address(u)) {
        ngx_violet_check_hook(check);
        return NGX_VIOLET_NOT_REFUSED;
    }

    /* it is not known yet to which address the name will be resolved */

    if (check->plain) {
        return NGX_VIOLET_REFUSED_PLAIN;
    }

    /* nginx keeps an output filter that is set, as it keeps that of proxy */

    u->output.output_filter = ngx_violet_check_send;
    u->output.filter_ctx = check;

    return NGX_VIOLET_NOT_REFUSED;
}


/*
 * A build without nginx's SSL flags has no member ssl_verify, although the
 * nginx that loads the module may use TLS: it takes every upstream for
 * unverified.
 */

static ngx_uint_t
ngx_violet_check_is_verified(ngx_http_upstream_conf_t *conf)
{
#if (NGX_HTTP_SSL || NGX_COMPAT)
    return conf->ssl_verify == 1;
#else
    return 0;
#endif
}


/* The block that a proxy_pass with variables leads to, found as nginx does. */

static ngx_http_upstream_srv_conf_t *
ngx_violet_check_block(ngx_http_request_t *r)
{
    ngx_uint_t                       i;
    ngx_http_upstream_srv_conf_t   **uscfp;
    ngx_http_upstream_resolved_t    *resolved;
    ngx_http_upstream_main_conf_t   *umcf;

    resolved = r->upstream->resolved;

    umcf = ngx_http_get_module_main_conf(r, ngx_http_upstream_module);

    uscfp = umcf->upstreams.elts;

    for (i = 0; i < umcf->upstreams.nelts; i++) {

        if (uscfp[i]->host.len == resolved->host.len
            && ((uscfp[i]->port == 0 && resolved->no_port)
                || uscfp[i]->port == resolved->port)
            && ngx_strncasecmp(uscfp[i]->host.data, resolved->host.data,
                               resolved->host.len)
               == 0)
        {
            return uscfp[i];
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_violet_check_has_address(ngx_http_upstream_t *u)
{
    struct sockaddr  *sa;

    if (u->resolved == NULL || u->resolved->sockaddr == NULL) {
        return 0;
    }

    sa = u->resolved->sockaddr;

    return u->resolved->port != 0 || sa->sa_family == AF_UNIX;
}


/* Until it calls peer.init, nginx reads only the host of the upstream. */

static void
ngx_violet_check_hook(ngx_violet_check_t *check)
{
    ngx_http_upstream_t  *u;

    u = check->proxied;

    if (check->block) {
        check->upstream = *check->block;

    } else {
        check->upstream.host = check->resolved->host;
    }

    check->upstream.peer.init = ngx_violet_check_init_peer;
    check->upstream.peer.data = check;

    check->conf.upstream = &check->upstream;

    u->conf = &check->conf;
    u->resolved = NULL;

    check->hooked = 1;
}


static void
ngx_violet_check_exchange(ngx_violet_check_t *check)
{
    ngx_msec_t                 timeout;
    ngx_http_request_t        *sr;
    ngx_http_upstream_t       *u;
    ngx_violet_exchange_t     *e;
    ngx_http_upstream_conf_t  *conf;

    e = check->exchange;
    u = check->proxied;
    sr = check->request;
    conf = &check->conf;

    /* one exchange must send one request, and get the answer to it */

    conf->next_upstream &= ~NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;

    if (e->no_retry_timeout) {
        conf->next_upstream &= ~NGX_HTTP_UPSTREAM_FT_TIMEOUT;
    }

    if (e->own_request) {
        timeout = e->own_request->timeout;

        conf->connect_timeout = ngx_min(conf->connect_timeout, timeout);
        conf->send_timeout = ngx_min(conf->send_timeout, timeout);
        conf->read_timeout = ngx_min(conf->read_timeout, timeout);

        if (conf->next_upstream_timeout == 0
            || conf->next_upstream_timeout > timeout)
        {
            conf->next_upstream_timeout = timeout;
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

    /* a captured answer is not written to a disk */

    u->store = 0;

    /* the capture can only stop an answer that comes through the pipe */

    u->buffering = 1;

    /* the exchange goes on if the caller closes the connection */

    sr->read_event_handler = ngx_http_block_reading;
    sr->write_event_handler = ngx_http_request_empty_handler;
}


/* The request is built: restores the upstream, checks, and gets the peers. */

static ngx_int_t
ngx_violet_check_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_int_t              rc;
    ngx_violet_check_t    *check;
    ngx_http_upstream_t   *u;
    ngx_violet_refusal_e   refused;

    check = us->peer.data;
    u = check->proxied;

    check->conf.upstream = check->original->upstream;

    u->upstream = check->block;
    u->resolved = check->resolved;

    if (check->exchange == NULL) {
        u->conf = check->original;
    }

    refused = ngx_violet_check_look_uri(check);

    if (refused == NGX_VIOLET_NOT_REFUSED) {
        refused = ngx_violet_check_look_head(check);
    }

    if (refused) {
        ngx_violet_set_refused(r, refused, NULL);
        return NGX_ERROR;
    }

    if (check->block) {
        rc = check->block->peer.init(r, check->block);

    } else {
        rc = ngx_http_upstream_create_round_robin_peer(r, check->resolved);
    }

    if (rc == NGX_OK && (check->plain || check->verified)) {
        rc = ngx_violet_check_watch(check);
    }

    return rc;
}


/* The output filter of a request whose upstream has no peer.init. */

static ngx_int_t
ngx_violet_check_send(void *data, ngx_chain_t *in)
{
    ngx_violet_check_t *check = data;

    ngx_buf_t             *b;
    ngx_http_upstream_t   *u;
    ngx_violet_refusal_e   refused;

    u = check->proxied;
    b = u->request_bufs->buf;

    if (b->pos == b->start) {
        refused = ngx_violet_check_look_head(check);

        if (refused) {
            ngx_violet_set_refused(check->request, refused, u->peer.name);

            /* the request must not be sent to another peer either */

            u->peer.tries = 0;

            return NGX_ERROR;
        }
    }

    return ngx_chain_writer(&u->writer, in);
}
