
/*
 * The deadline of an exchange.  nginx's own timeouts are for each step, and
 * never expire if Violet sends a byte now and then.  At the deadline the
 * events of the current step are marked as timed out: nginx then ends the
 * step as after its own timeout, counts the peer as failed and closes the
 * connection.
 *
 * The timer is deleted when the exchange ends, or by a cleanup of the
 * carrier's pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_exchange_check_priv.h"


/* ms after which a step that did not end is timed out again */
#define NGX_VIOLET_EXCHANGE_LATE_AGAIN  1000


static void ngx_violet_exchange_late(ngx_event_t *ev);
static void ngx_violet_exchange_end_step(ngx_http_upstream_t *u);


ngx_int_t
ngx_violet_exchange_set_deadline(ngx_violet_exchange_t *e)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(e->carrier->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_exchange_drop_deadline;
    cln->data = e;

    e->deadline.handler = ngx_violet_exchange_late;
    e->deadline.data = e;
    e->deadline.log = ngx_cycle->log;

    ngx_add_timer(&e->deadline, e->timeout);

    return NGX_OK;
}


void
ngx_violet_exchange_drop_deadline(void *exchange)
{
    ngx_violet_exchange_t  *e = exchange;

    if (e->deadline.timer_set) {
        ngx_del_timer(&e->deadline);
    }
}


static void
ngx_violet_exchange_late(ngx_event_t *ev)
{
    ngx_violet_ctx_t       *ctx;
    ngx_http_upstream_t    *u;
    ngx_violet_exchange_t  *e;

    e = ev->data;

    if (!e->late) {
        ngx_log_error(NGX_LOG_ERR, e->carrier->connection->log, 0,
                      "violet: Violet did not send a whole answer within "
                      "%M ms", e->timeout);
    }

    e->late = 1;

    ngx_add_timer(&e->deadline, NGX_VIOLET_EXCHANGE_LATE_AGAIN);

    u = e->subrequest->upstream;

    if (u == NULL) {
        return;
    }

    ctx = ngx_violet_ctx(e->subrequest);

    if (ctx->check) {

        /* the request is not sent to another peer */

        ctx->check->conf.next_upstream = 0;
    }

    /* the exchange and its carrier may be gone after this */

    ngx_violet_exchange_end_step(u);
}


static void
ngx_violet_exchange_end_step(ngx_http_upstream_t *u)
{
    ngx_connection_t    *c;
    ngx_resolver_ctx_t  *resolving;

    resolving = u->resolved ? u->resolved->ctx : NULL;

    if (resolving) {
        resolving->state = NGX_RESOLVE_TIMEDOUT;
        resolving->handler(resolving);
        return;
    }

    c = u->peer.connection;

    if (c == NULL) {
        return;
    }

    /* a TLS handshake and the sending of a request check the write event */

    c->read->timedout = 1;
    c->write->timedout = 1;

    /* proxy_limit_rate may have delayed the read event */

    c->read->delayed = 0;

    c->read->handler(c->read);
}
