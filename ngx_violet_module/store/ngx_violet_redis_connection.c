
/*
 * A connection to Redis.  Bytes are read into one buffer, in which
 * violet_resp finds the bounds of each reply; a reply is handed on where it
 * lies.  Bytes for which no command has asked close the connection before
 * anything of them is believed.  All commands of one round of the event loop
 * are written at once, at its end.
 */


#include "ngx_violet_redis_connection.h"
#include "violet_resp_command.h"


/* reads in one turn, after which other events have theirs */
#define NGX_VIOLET_REDIS_READS   16

/* free bytes in a buffer that are worth a read */
#define NGX_VIOLET_REDIS_ROOM    4096


static void ngx_violet_redis_connection_write_handler(ngx_event_t *wev);
static void ngx_violet_redis_connection_connected(
    ngx_violet_redis_connection_t *rc);
static void ngx_violet_redis_connection_tls(void *data, ngx_int_t n);
static void ngx_violet_redis_connection_flush(
    ngx_violet_redis_connection_t *rc);
static void ngx_violet_redis_connection_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_violet_redis_connection_take(
    ngx_violet_redis_connection_t *rc);
static ngx_int_t ngx_violet_redis_connection_next(
    ngx_violet_redis_connection_t *rc);
static void ngx_violet_redis_connection_timer(ngx_event_t *ev);
static void ngx_violet_redis_connection_lost(
    ngx_violet_redis_connection_t *rc, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why);
static void ngx_violet_redis_connection_free(
    ngx_violet_redis_connection_t *rc);


void
ngx_violet_redis_connection_open(ngx_violet_redis_connection_t *rc,
    ngx_violet_redis_conf_t *conf, ngx_addr_t *addr, ngx_str_t *host)
{
    ngx_int_t          n;
    ngx_connection_t  *c;

    ngx_memzero(&rc->peer, sizeof(ngx_peer_connection_t));

    if (addr == NULL) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_CONNECT,
                                         0, NULL);
        return;
    }

    /* the user logs errors, once a minute and not at each try */

    rc->log = *ngx_cycle->log;
    rc->log.log_level = ngx_min(rc->log.log_level, NGX_LOG_ALERT);

    rc->peer.sockaddr = addr->sockaddr;
    rc->peer.socklen = addr->socklen;
    rc->peer.name = &addr->name;
    rc->peer.get = ngx_event_get_peer;
    rc->peer.log = &rc->log;
    rc->peer.log_error = NGX_ERROR_INFO;
    rc->peer.so_keepalive = 1;

    rc->in.start = 0;
    rc->in.end = 0;
    rc->out.start = 0;
    rc->out.end = 0;
    rc->expected = 0;
    rc->connected = 0;
    rc->stopped = 0;
    rc->ssl = conf->ssl;
    rc->host = host;

    violet_resp_init(&rc->resp, &rc->limits);

    ngx_set_errno(0);

    n = ngx_event_connect_peer(&rc->peer);

    if (n == NGX_ERROR || n == NGX_BUSY || n == NGX_DECLINED) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_CONNECT,
                                         ngx_socket_errno, NULL);
        return;
    }

    c = rc->peer.connection;

    c->data = rc;
    c->read->handler = ngx_violet_redis_connection_read_handler;
    c->write->handler = ngx_violet_redis_connection_write_handler;

    rc->timer.handler = ngx_violet_redis_connection_timer;
    rc->timer.data = rc;
    rc->timer.log = ngx_cycle->log;
    rc->timer.cancelable = 1;

    ngx_add_timer(&rc->timer, conf->connect_timeout);

    if (n == NGX_OK) {
        ngx_post_event(c->write, &ngx_posted_events);
    }
}


void
ngx_violet_redis_connection_ready(ngx_violet_redis_connection_t *rc)
{
    if (rc->timer.timer_set) {
        ngx_del_timer(&rc->timer);
    }
}


static void
ngx_violet_redis_connection_write_handler(ngx_event_t *wev)
{
    ngx_connection_t               *c;
    ngx_violet_redis_connection_t  *rc;

    c = wev->data;
    rc = c->data;

    if (rc->stopped) {
        return;
    }

    if (rc->connected) {

        if (rc->handlers->writing) {
            rc->handlers->writing(rc->data);
        }

        ngx_violet_redis_connection_flush(rc);

    } else {
        ngx_violet_redis_connection_connected(rc);
    }
}


static void
ngx_violet_redis_connection_connected(ngx_violet_redis_connection_t *rc)
{
    int                err;
    ngx_int_t          n;
    socklen_t          len;
    ngx_connection_t  *c;

    c = rc->peer.connection;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_CONNECT,
                                         err, NULL);
        return;
    }

    if (rc->peer.sockaddr->sa_family != AF_UNIX) {
        (void) ngx_tcp_nodelay(c);
    }

    n = rc->ssl ? ngx_violet_redis_tls_begin(&rc->tls, c, rc->ssl, rc->host,
                                             ngx_violet_redis_connection_tls)
                : NGX_OK;

    if (n != NGX_AGAIN) {
        ngx_violet_redis_connection_tls(rc, n);
    }
}


static void
ngx_violet_redis_connection_tls(void *data, ngx_int_t n)
{
    ngx_violet_redis_connection_t  *rc = data;

    char  *why;

    if (rc->stopped) {
        return;
    }

    if (n != NGX_OK) {
        why = ngx_violet_redis_tls_why(&rc->tls);

        ngx_violet_redis_connection_lost(rc, why ? NGX_VIOLET_REDIS_ERROR_TLS
                                    : NGX_VIOLET_REDIS_ERROR_MEMORY, 0, why);
        return;
    }

    rc->connected = 1;

    rc->handlers->connected(rc->data);
}


ngx_int_t
ngx_violet_redis_connection_command(ngx_violet_redis_connection_t *rc,
    int argc, const char **argv, size_t *lens)
{
    char    *p;
    size_t   len;

    len = violet_resp_command_len(argc, lens);

    p = ngx_violet_redis_connection_room(rc, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) violet_resp_command(p, argc, argv, lens);

    ngx_violet_redis_connection_written(rc, len);

    return NGX_OK;
}


ngx_int_t
ngx_violet_redis_connection_send(ngx_violet_redis_connection_t *rc,
    char *bytes, size_t len)
{
    char  *p;

    p = ngx_violet_redis_connection_room(rc, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, bytes, len);

    ngx_violet_redis_connection_written(rc, len);

    return NGX_OK;
}


char *
ngx_violet_redis_connection_room(ngx_violet_redis_connection_t *rc,
    size_t len)
{
    if (ngx_violet_redis_buffer_room(&rc->out, len) != NGX_OK) {
        return NULL;
    }

    return (char *) rc->out.data + rc->out.end;
}


void
ngx_violet_redis_connection_written(ngx_violet_redis_connection_t *rc,
    size_t len)
{
    rc->out.end += len;
    rc->expected++;

    /* what a short write has left waits for the socket */

    if (rc->connected && rc->out.start == 0 && rc->peer.connection) {
        ngx_post_event(rc->peer.connection->write, &ngx_posted_events);
    }
}


static void
ngx_violet_redis_connection_flush(ngx_violet_redis_connection_t *rc)
{
    ssize_t            n;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = rc->peer.connection;

    while (rc->out.start < rc->out.end) {

        n = c->send(c, rc->out.data + rc->out.start,
                    rc->out.end - rc->out.start);

        if (n == NGX_AGAIN) {

            if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
                ngx_violet_redis_connection_lost(rc,
                            NGX_VIOLET_REDIS_ERROR_CLOSED, 0, NULL);
            }

            return;
        }

        if (n == NGX_ERROR) {
            err = ngx_socket_errno;

            if (rc->ssl) {
                ngx_violet_redis_tls_alert(&rc->tls, c);
            }

            ngx_violet_redis_connection_lost(rc,
                            NGX_VIOLET_REDIS_ERROR_CLOSED, err, NULL);
            return;
        }

        rc->out.start += n;
    }

    ngx_violet_redis_buffer_shrink(&rc->out);
}


static void
ngx_violet_redis_connection_read_handler(ngx_event_t *rev)
{
    ssize_t                         n;
    ngx_uint_t                      i;
    ngx_connection_t               *c;
    ngx_violet_redis_buffer_t      *in;
    ngx_violet_redis_connection_t  *rc;

    c = rev->data;
    rc = c->data;
    in = &rc->in;

    if (rc->stopped || !rc->connected) {
        return;
    }

    for (i = 0; i < NGX_VIOLET_REDIS_READS; i++) {

        n = (in->end == in->start) ? NGX_VIOLET_REDIS_ROOM
                      : violet_resp_at_least(&rc->resp) - (in->end - in->start);

        if (ngx_violet_redis_buffer_room(in, ngx_max(n, NGX_VIOLET_REDIS_ROOM))
            != NGX_OK)
        {
            ngx_violet_redis_connection_lost(rc,
                            NGX_VIOLET_REDIS_ERROR_MEMORY, 0, NULL);
            return;
        }

        n = c->recv(c, in->data + in->end, in->size - in->end);

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_violet_redis_connection_lost(rc,
                            NGX_VIOLET_REDIS_ERROR_CLOSED, 0, NULL);
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_violet_redis_connection_lost(rc,
                            NGX_VIOLET_REDIS_ERROR_CLOSED,
                            n ? ngx_socket_errno : 0, NULL);
            return;
        }

        in->end += n;

        rc->reading = 1;

        n = ngx_violet_redis_connection_take(rc);

        rc->reading = 0;

        if (rc->peer.connection == NULL) {
            ngx_violet_redis_connection_free(rc);
            return;
        }

        if (n != NGX_OK) {
            return;
        }

        /* those who keep the buffer's bytes mostly need them for this round */

        if (in->size - in->end < NGX_VIOLET_REDIS_ROOM
            && ngx_violet_redis_buffer_is_kept(in))
        {
            ngx_post_event(rev, &ngx_posted_events);
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_next_events);
}


ngx_int_t
ngx_violet_redis_connection_keep(ngx_violet_redis_connection_t *rc,
    ngx_pool_t *pool)
{
    return rc->reading ? ngx_violet_redis_buffer_keep(&rc->in, pool)
                       : NGX_DECLINED;
}


/* NGX_DONE if nothing more is to be read. */

static ngx_int_t
ngx_violet_redis_connection_take(ngx_violet_redis_connection_t *rc)
{
    ngx_int_t  n;

    do {

        if (rc->in.start == rc->in.end) {
            ngx_violet_redis_buffer_shrink(&rc->in);
            ngx_violet_redis_reply_shrink(&rc->replies);
            return NGX_OK;
        }

        n = ngx_violet_redis_connection_next(rc);

    } while (n == NGX_OK);

    return n == NGX_AGAIN ? NGX_OK : NGX_DONE;
}


/* The next reply in the buffer; NGX_AGAIN if it is not whole yet. */

static ngx_int_t
ngx_violet_redis_connection_next(ngx_violet_redis_connection_t *rc)
{
    char                       *bytes;
    size_t                      len;
    violet_reply_t             *reply;
    ngx_uint_t                  elements;
    ngx_violet_redis_buffer_t  *in;

    in = &rc->in;

    if (rc->counted && rc->expected == 0) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                    0, "more than it was asked for");
        return NGX_DONE;
    }

    bytes = (char *) in->data + in->start;
    len = in->end - in->start;

    switch (violet_resp_read(&rc->resp, bytes, &len)) {

    case VIOLET_RESP_MORE:
        in->end = in->start + len;
        return NGX_AGAIN;

    case VIOLET_RESP_WHOLE:
        in->end = in->start + len;
        break;

    default: /* VIOLET_RESP_BAD */
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_PROTOCOL,
                                    0, rc->resp.fault);
        return NGX_DONE;
    }

    len = rc->resp.len;
    elements = rc->resp.elements;

    violet_resp_init(&rc->resp, &rc->limits);

    in->start += len;
    rc->expected -= rc->counted;

    reply = ngx_violet_redis_reply_build(&rc->replies, (u_char *) bytes,
                                         elements);
    if (reply == NULL) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_MEMORY,
                                         0, NULL);
        return NGX_DONE;
    }

    rc->heard = 1;

    rc->handlers->reply(rc->data, reply);

    return (rc->stopped || rc->peer.connection == NULL) ? NGX_DONE : NGX_OK;
}


static void
ngx_violet_redis_connection_timer(ngx_event_t *ev)
{
    ngx_violet_redis_connection_t  *rc;

    rc = ev->data;

    /* a Redis without TLS takes the handshake for a command without an end */

    if (rc->ssl && !rc->connected && rc->tls.pool) {
        ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_TLS, 0,
                                    "the handshake does not end in time, "
                                    "perhaps this port does not speak TLS");
        return;
    }

    ngx_violet_redis_connection_lost(rc, NGX_VIOLET_REDIS_ERROR_CONNECT,
                                     NGX_ETIMEDOUT, NULL);
}


void
ngx_violet_redis_connection_stop(ngx_violet_redis_connection_t *rc)
{
    rc->stopped = 1;

    ngx_violet_redis_connection_ready(rc);
}


static void
ngx_violet_redis_connection_lost(ngx_violet_redis_connection_t *rc,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why)
{
    if (error == NGX_VIOLET_REDIS_ERROR_CLOSED) {

        if (rc->ssl && ngx_violet_redis_tls_why(&rc->tls)) {
            error = NGX_VIOLET_REDIS_ERROR_TLS;
            why = ngx_violet_redis_tls_why(&rc->tls);

        } else if (rc->ssl == NULL && !rc->heard
                   && rc->peer.sockaddr->sa_family != AF_UNIX)
        {
            why = "before any reply: if it speaks TLS, the URL begins with "
                  "\"rediss://\"";
        }
    }

    ngx_violet_redis_connection_close(rc);

    rc->handlers->lost(rc->data, error, err, why);
}


void
ngx_violet_redis_connection_close(ngx_violet_redis_connection_t *rc)
{
    ngx_violet_redis_connection_ready(rc);

    if (rc->peer.connection) {
        ngx_violet_redis_tls_close(&rc->tls, rc->peer.connection);
        rc->peer.connection = NULL;
    }

    /* a reply that lies in the buffer may still be in use */

    if (!rc->reading) {
        ngx_violet_redis_connection_free(rc);
    }
}


void
ngx_violet_redis_connection_end(ngx_violet_redis_connection_t *rc)
{
    ngx_violet_redis_connection_close(rc);
    ngx_violet_redis_tls_free(&rc->tls);
}


static void
ngx_violet_redis_connection_free(ngx_violet_redis_connection_t *rc)
{
    ngx_violet_redis_buffer_free(&rc->in);
    ngx_violet_redis_buffer_free(&rc->out);
    ngx_violet_redis_reply_free(&rc->replies);
}
