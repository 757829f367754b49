
/*
 * What stands between proxy_pass and a connection.  proxy_pass asks for the
 * credentials while it builds a request.  When it asks for the first value
 * it has chosen the upstream and built nothing: the guard then puts itself
 * in the place of the upstream's peer.init.  nginx calls that when the
 * request is built, in every version of HTTP, and before it connects.  Where
 * secrets would go by plain http the guard also looks at each peer that is
 * about to be tried.
 *
 * A host that only nginx's resolver knows has no peer.init.  There the guard
 * looks at the URI when a value is asked for again, for the copy, and at the
 * head before its first byte is sent.
 */


#include "ngx_violet.h"
#include "ngx_violet_exchange_check.h"
#include "ngx_violet_tell.h"


static ngx_violet_refusal_e ngx_violet_check_start(ngx_http_request_t *r,
    ngx_violet_ctx_t *ctx);
static ngx_uint_t ngx_violet_check_is_verified(
    ngx_http_upstream_conf_t *conf);
static ngx_http_upstream_srv_conf_t *ngx_violet_check_block(
    ngx_http_request_t *r);
static ngx_uint_t ngx_violet_check_has_address(ngx_http_upstream_t *u);
static void ngx_violet_check_hook(ngx_violet_check_t *g);
static void ngx_violet_check_exchange(ngx_violet_check_t *g);
static ngx_int_t ngx_violet_check_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_violet_check_send(void *data, ngx_chain_t *in);
static ngx_int_t ngx_violet_check_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);


/* what proxy_pass is given in the place of peers when it must not connect */

static ngx_http_upstream_srv_conf_t  ngx_violet_refusing_upstream = {
    .peer = { .init_upstream = NULL,
              .init = ngx_violet_check_refuse_peer,
              .data = NULL }
};

static ngx_http_upstream_conf_t  ngx_violet_refusing_conf = {
    .upstream = &ngx_violet_refusing_upstream
};


ngx_violet_refusal_e
ngx_violet_check(ngx_http_request_t *r, ngx_uint_t header)
{
    ngx_uint_t             bit;
    ngx_violet_ctx_t      *ctx;
    ngx_violet_check_t    *g;
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
        return ngx_violet_check_refuse(r, refused);
    }

    g = ctx->check;
    g->asked |= bit;

    return NGX_VIOLET_NOT_REFUSED;
}


/* For the first value: the upstream is chosen, nothing is built. */

static ngx_violet_refusal_e
ngx_violet_check_start(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_violet_check_t     *g;
    ngx_http_upstream_t    *u;
    ngx_violet_loc_conf_t  *vlcf;

    vlcf = ngx_violet_loc_conf(r);

    u = r->upstream;

    if (u->ssl && !vlcf->unverified_upstream
        && !ngx_violet_check_is_verified(u->conf))
    {
        return NGX_VIOLET_REFUSED_UNVERIFIED;
    }

    g = ngx_pcalloc(r->pool, sizeof(ngx_violet_check_t));
    if (g == NULL) {
        return NGX_VIOLET_REFUSED_INTERNAL;
    }

    g->request = r;
    g->proxied = u;
    g->exchange = ctx->exchange;
    g->original = u->conf;
    g->resolved = u->resolved;
    g->block = u->resolved ? ngx_violet_check_block(r) : u->conf->upstream;
    g->uri = u->uri.data;
    g->plain = (!u->ssl && !vlcf->unverified_upstream);
    g->verified = (u->ssl && ngx_violet_check_is_verified(u->conf));
    g->conf = *u->conf;

    ctx->check = g;

    if (g->exchange) {
        ngx_violet_check_exchange(g);
    }

    if (g->block || ngx_violet_check_has_address(u)) {
        ngx_violet_check_hook(g);
        return NGX_VIOLET_NOT_REFUSED;
    }

    /* nobody can say where a name will lead */

    if (g->plain) {
        return NGX_VIOLET_REFUSED_PLAIN;
    }

    /* nginx leaves a filter that is there in its place, as proxy's own */

    u->output.output_filter = ngx_violet_check_send;
    u->output.filter_ctx = g;

    return NGX_VIOLET_NOT_REFUSED;
}


/*
 * The flags of this build say which members the structure has, and those of
 * the nginx that loads it whether there is TLS.  A build that cannot see the
 * member cannot tell.
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


/* From here to peer.init nginx reads of the upstream its host alone. */

static void
ngx_violet_check_hook(ngx_violet_check_t *g)
{
    ngx_http_upstream_t  *u;

    u = g->proxied;

    if (g->block) {
        g->upstream = *g->block;

    } else {
        g->upstream.host = g->resolved->host;
    }

    g->upstream.peer.init = ngx_violet_check_init_peer;
    g->upstream.peer.data = g;

    g->conf.upstream = &g->upstream;

    u->conf = &g->conf;
    u->resolved = NULL;

    g->hooked = 1;
}


static void
ngx_violet_check_exchange(ngx_violet_check_t *g)
{
    ngx_http_request_t        *sr;
    ngx_http_upstream_t       *u;
    ngx_violet_exchange_t     *e;
    ngx_http_upstream_conf_t  *conf;

    e = g->exchange;
    u = g->proxied;
    sr = g->request;
    conf = &g->conf;

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

    /* the capture can only stop an answer that comes through the pipe */

    u->buffering = 1;

    /* a caller who leaves does not stop it */

    sr->read_event_handler = ngx_http_block_reading;
    sr->write_event_handler = ngx_http_request_empty_handler;
}


/* The request is built; what the guard had taken is put back. */

static ngx_int_t
ngx_violet_check_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_int_t              rc;
    ngx_violet_check_t    *g;
    ngx_http_upstream_t   *u;
    ngx_violet_refusal_e   refused;

    g = us->peer.data;
    u = g->proxied;

    g->conf.upstream = g->original->upstream;

    u->upstream = g->block;
    u->resolved = g->resolved;

    if (g->exchange == NULL) {
        u->conf = g->original;
    }

    refused = ngx_violet_check_look_uri(g);

    if (refused == NGX_VIOLET_NOT_REFUSED) {
        refused = ngx_violet_check_look_head(g);
    }

    if (refused) {
        ngx_violet_check_note(r, refused, NULL);
        return NGX_ERROR;
    }

    rc = g->block ? g->block->peer.init(r, g->block)
                  : ngx_http_upstream_create_round_robin_peer(r, g->resolved);

    if (rc == NGX_OK && (g->plain || g->verified)) {
        rc = ngx_violet_check_watch(g);
    }

    return rc;
}


/* What lies between the request that proxy_pass has built and the socket. */

static ngx_int_t
ngx_violet_check_send(void *data, ngx_chain_t *in)
{
    ngx_violet_check_t *g = data;

    ngx_buf_t             *b;
    ngx_http_upstream_t   *u;
    ngx_violet_refusal_e   refused;

    u = g->proxied;
    b = u->request_bufs->buf;

    if (b->pos == b->start) {
        refused = ngx_violet_check_look_head(g);

        if (refused) {
            ngx_violet_check_note(g->request, refused, u->peer.name);

            /* the next peer would be sent the same */

            u->peer.tries = 0;

            return NGX_ERROR;
        }
    }

    return ngx_chain_writer(&u->writer, in);
}


ngx_violet_refusal_e
ngx_violet_check_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused)
{
    r->upstream->conf = &ngx_violet_refusing_conf;
    r->upstream->resolved = NULL;

    ngx_violet_check_note(r, refused, NULL);

    return refused;
}


void
ngx_violet_check_note(ngx_http_request_t *r, ngx_violet_refusal_e refused,
    ngx_str_t *peer)
{
    ngx_str_t          detail;
    ngx_violet_ctx_t  *ctx;

    /* it ends as a problem of ours, not as one of the operator's pages */

    r->error_page = 1;

    ctx = ngx_violet_ctx(r);

    if (ctx) {
        ctx->refused = refused;
    }

    if (ctx && ctx->exchange) {
        ctx->exchange->refused = refused;
    }

    /* it was only an attempt to find out where proxy_pass leads */

    if (refused == NGX_VIOLET_REFUSED_PATH) {
        return;
    }

    ngx_violet_answer_refusal(refused, &detail);

    ngx_violet_tell_id(r);

    if (peer) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "violet: the request was not sent to \"%V\": %V",
                      peer, &detail);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "violet: the request was not sent: %V", &detail);
}


static ngx_int_t
ngx_violet_check_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    return NGX_ERROR;
}
