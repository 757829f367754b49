
/*
 * The caller's connection while a submit is in flight.  When a QUIC connection
 * ends, nginx sets c->close of its streams, and ngx_http_request_handler()
 * terminates the request of each stream, even with proxy_ignore_client_abort.
 * r->blocked does not prevent this: ngx_http_terminate_request() runs the
 * cleanups first, that of the upstream included.  So until the submit has
 * ended, the events of the connection are handled here first, and the one with
 * c->close is dropped.  The stream and its QUIC connection live until the
 * request ends, as with requests that wait for a thread.
 */


#include "ngx_violet_cart.h"


static void ngx_violet_cart_caller_event(ngx_event_t *ev);


void
ngx_violet_cart_hold_caller(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_connection_t  *c;

    if (ctx->cart->caller_read) {
        return;
    }

    c = r->connection;

    ctx->cart->caller_read = c->read->handler;
    ctx->cart->caller_write = c->write->handler;

    c->read->handler = ngx_violet_cart_caller_event;
    c->write->handler = ngx_violet_cart_caller_event;
}


void
ngx_violet_cart_release_caller(ngx_http_request_t *r, ngx_violet_ctx_t *ctx)
{
    ngx_connection_t  *c;

    if (ctx->cart->caller_read == NULL) {
        return;
    }

    c = r->connection;

    c->read->handler = ctx->cart->caller_read;
    c->write->handler = ctx->cart->caller_write;

    ctx->cart->caller_read = NULL;
    ctx->cart->caller_write = NULL;
}


static void
ngx_violet_cart_caller_event(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_violet_ctx_t      *ctx;
    ngx_http_request_t    *r;
    ngx_event_handler_pt   handler;

    c = ev->data;
    r = c->data;
    r = r->main;

    ctx = ngx_violet_ctx(r);

    handler = ev->write ? ctx->cart->caller_write : ctx->cart->caller_read;

    if (c->close) {

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                       "violet cart caller close error:%d", c->error);

        /* both are set at the end of worker_shutdown_timeout: stop */

        if (!c->error) {
            return;
        }

        ngx_violet_cart_release_caller(r, ctx);
    }

    handler(ev);
}


ngx_uint_t
ngx_violet_cart_caller_left(ngx_http_request_t *r)
{
    u_char             byte;
    ssize_t            n;
    ngx_connection_t  *c;

    c = r->connection;

    if (c->error || c->close) {
        return 1;
    }

    /* an HTTP/3 stream is at its end of file after each request */

    if (r->http_version > NGX_HTTP_VERSION_20) {
        return c->read->error || c->write->error;
    }

    if (c->read->eof) {
        return 1;
    }

#if (NGX_HAVE_EPOLLRDHUP)

    /* epoll reports the end even if unread data come before it */

    if (c->read->pending_eof || ngx_use_epoll_rdhup) {
        return c->read->pending_eof;
    }

#endif

    /* an HTTP/2 connection that is open says nothing about one stream */

    if (r->http_version == NGX_HTTP_VERSION_20) {
        return 0;
    }

    n = recv(c->fd, &byte, 1, MSG_PEEK|MSG_DONTWAIT);

    return n == 0
           || (n == -1 && ngx_socket_errno != NGX_EAGAIN
               && ngx_socket_errno != NGX_EINTR);
}
