
/*
 * nginx ends a request with a 500 if its upstream's peer.init fails.  A
 * request that is refused gets such an upstream.  Nothing is kept between
 * calls.
 */


#include "ngx_violet_exchange.h"
#include "ngx_violet_exchange_refusal.h"
#include "ngx_violet_log.h"


static ngx_int_t ngx_violet_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);


/* an upstream whose peer.init fails, for a request that must not connect */

static ngx_http_upstream_srv_conf_t  ngx_violet_refusing_upstream = {
    .peer = { .init_upstream = NULL,
              .init = ngx_violet_refuse_peer,
              .data = NULL }
};

static ngx_http_upstream_conf_t  ngx_violet_refusing_conf = {
    .upstream = &ngx_violet_refusing_upstream
};


ngx_violet_refusal_e
ngx_violet_refuse(ngx_http_request_t *r,
    ngx_violet_refusal_e refused)
{
    r->upstream->conf = &ngx_violet_refusing_conf;
    r->upstream->resolved = NULL;

    ngx_violet_set_refused(r, refused, NULL);

    return refused;
}


void
ngx_violet_set_refused(ngx_http_request_t *r,
    ngx_violet_refusal_e refused, ngx_str_t *peer)
{
    ngx_str_t          detail;
    ngx_violet_ctx_t  *ctx;

    /* the answer is a problem document, not a page of the operator's */

    r->error_page = 1;

    ctx = ngx_violet_ctx(r);

    if (ctx) {
        ctx->refused = refused;
    }

    if (ctx && ctx->exchange) {
        ctx->exchange->refused = refused;
    }

    /* a call for a token tries this path first: it is no error yet */

    if (refused == NGX_VIOLET_REFUSED_PATH) {
        return;
    }

    ngx_violet_answer_refusal(refused, &detail);

    ngx_violet_log_request_id(r);

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
ngx_violet_refuse_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    return NGX_ERROR;
}
