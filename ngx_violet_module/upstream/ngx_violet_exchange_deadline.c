
/*
 * The deadline of an exchange.  nginx times each step of it, and a Violet
 * that sends a byte now and then is never late.  At the deadline the step
 * that is under way is told that its own time is up: nginx then ends it as
 * any step that takes too long, counts the peer as failed and closes the
 * connection.
 *
 * The timer is deleted with the exchange, or by a cleanup of the carrier's
 * pool.
 */


#include "ngx_violet.h"
#include "ngx_violet_exchange_check.h"


/* milliseconds, if a step did not end when it was told to */
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
                      "violet: there is no whole answer of Violet's after "
                      "%M ms, it is waited for no longer", e->timeout);
    }

    e->late = 1;

    ngx_add_timer(&e->deadline, NGX_VIOLET_EXCHANGE_LATE_AGAIN);

    u = e->subrequest->upstream;

    if (u == NULL) {
        return;
    }

    ctx = ngx_violet_ctx(e->subrequest);

    if (ctx->check) {

        /* no other peer is asked */

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

    /* a handshake and the sending of a request look at the second one */

    c->read->timedout = 1;
    c->write->timedout = 1;

    /* by proxy_limit_rate */

    c->read->delayed = 0;

    c->read->handler(c->read);
}
