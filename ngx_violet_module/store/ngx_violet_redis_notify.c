
/*
 * The link to Redis.  The object lives in the configuration's pool, and its
 * run-time part belongs to one worker.  The connection is nginx's, and only
 * hiredis's reader is used: hiredis's asynchronous client ends the process on
 * a message that it does not expect.
 *
 * Any error closes the link, and it is opened again after a delay.  The
 * handler is called for both.
 */


#include "ngx_violet_redis_notify_proto.h"
#include "ngx_violet_redis_connect.h"
#include "ngx_violet_redis_event.h"


/*
 * in ms, before the next try after Redis has refused the commands: it does
 * not know them or does not allow them
 */
#define NGX_VIOLET_REDIS_NOTIFY_REFUSED  60000

/* reads in one turn, of 16k each */
#define NGX_VIOLET_REDIS_NOTIFY_READS  8

/* bytes of one message */
#define NGX_VIOLET_REDIS_NOTIFY_MAX_SIZE  (16 * 1024 * 1024)


static void ngx_violet_redis_notify_connect(ngx_violet_redis_notify_t *link);
static void ngx_violet_redis_notify_write_handler(ngx_event_t *wev);
static void ngx_violet_redis_notify_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_violet_redis_notify_read(ngx_violet_redis_notify_t *link,
    u_char *data, size_t len);
static void ngx_violet_redis_notify_timer(ngx_event_t *ev);
static void ngx_violet_redis_notify_lost(ngx_violet_redis_notify_t *link,
    char *why);
static void ngx_violet_redis_notify_give_up(ngx_violet_redis_notify_t *link);
static void ngx_violet_redis_notify_end(ngx_violet_redis_notify_t *link);


ngx_violet_redis_notify_t *
ngx_violet_redis_notify_create(ngx_pool_t *pool, ngx_violet_redis_conf_t *conf,
    ngx_str_t *names, ngx_uint_t n)
{
    ngx_violet_redis_notify_t  *link;

    if (n > NGX_VIOLET_REDIS_NOTIFY_MAX_NAMES) {
        return NULL;
    }

    link = ngx_pcalloc(pool, sizeof(ngx_violet_redis_notify_t));
    if (link == NULL) {
        return NULL;
    }

    link->conf = conf;
    link->names = names;
    link->n = n;

    return link;
}


void
ngx_violet_redis_notify_start(ngx_violet_redis_notify_t *link,
    ngx_violet_redis_notify_pt handler, void *data)
{
    link->handler = handler;
    link->data = data;

    link->timer.handler = ngx_violet_redis_notify_timer;
    link->timer.data = link;
    link->timer.log = ngx_cycle->log;
    link->timer.cancelable = 1;

    ngx_violet_redis_notify_connect(link);
}


ngx_uint_t
ngx_violet_redis_notify_is_up(ngx_violet_redis_notify_t *link)
{
    return link->state == NGX_VIOLET_REDIS_NOTIFY_READY;
}


void
ngx_violet_redis_notify_ask(ngx_violet_redis_notify_t *link)
{
    if (!ngx_violet_redis_notify_is_up(link)) {
        return;
    }

    if (ngx_violet_redis_notify_ping(link) != NGX_OK) {
        ngx_violet_redis_notify_lost(link, "a command could not be sent");
        return;
    }

    /* the timer would count this PING as one that has no reply */

    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_NOTIFY_PERIOD);
}


ngx_msec_t
ngx_violet_redis_notify_since(ngx_violet_redis_notify_t *link)
{
    return ngx_current_msec - link->asked_at;
}


void
ngx_violet_redis_notify_close(ngx_violet_redis_notify_t *link)
{
    ngx_violet_redis_notify_end(link);

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }
}


static void
ngx_violet_redis_notify_connect(ngx_violet_redis_notify_t *link)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &link->conf->addrs[link->addr];

    ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

    /* this file logs errors, once a minute and not at each try */

    link->log = *ngx_cycle->log;
    link->log.log_level = ngx_min(link->log.log_level, NGX_LOG_ALERT);

    link->peer.sockaddr = addr->sockaddr;
    link->peer.socklen = addr->socklen;
    link->peer.name = &addr->name;
    link->peer.get = ngx_event_get_peer;
    link->peer.log = &link->log;
    link->peer.log_error = NGX_ERROR_INFO;

    link->state = NGX_VIOLET_REDIS_NOTIFY_CONNECTING;
    link->reader = redisReaderCreate();

    if (link->reader == NULL) {
        ngx_violet_redis_notify_lost(link, "no memory");
        return;
    }

    ngx_violet_redis_event_reader(link->reader);

    rc = ngx_event_connect_peer(&link->peer);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_violet_redis_notify_lost(link, "it cannot be reached");
        return;
    }

    c = link->peer.connection;

    c->data = link;
    c->read->handler = ngx_violet_redis_notify_read_handler;
    c->write->handler = ngx_violet_redis_notify_write_handler;

    ngx_add_timer(&link->timer, link->conf->connect_timeout);

    if (rc == NGX_OK) {
        ngx_violet_redis_notify_write_handler(c->write);
    }
}


static void
ngx_violet_redis_notify_write_handler(ngx_event_t *wev)
{
    int                         err;
    socklen_t                   len;
    ngx_connection_t           *c;
    ngx_violet_redis_notify_t  *link;

    c = wev->data;
    link = c->data;

    if (link->state != NGX_VIOLET_REDIS_NOTIFY_CONNECTING) {
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err || ngx_violet_redis_notify_begin(link) != NGX_OK) {
        ngx_violet_redis_notify_lost(link, "it cannot be reached");
    }
}


static void
ngx_violet_redis_notify_read_handler(ngx_event_t *rev)
{
    u_char                      buf[16384];
    ssize_t                     n;
    ngx_uint_t                  i;
    ngx_connection_t           *c;
    ngx_violet_redis_notify_t  *link;

    c = rev->data;
    link = c->data;

    /* after some reads other events have their turn */

    for (i = 0; i < NGX_VIOLET_REDIS_NOTIFY_READS; i++) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_violet_redis_notify_lost(link, "no event could be added");
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_violet_redis_notify_lost(link, "it closed the connection");
            return;
        }

        if (ngx_violet_redis_notify_read(link, buf, n) != NGX_OK) {
            return;
        }
    }

    ngx_post_event(rev, &ngx_posted_events);
}


/* After an error the link has been ended. */

static ngx_int_t
ngx_violet_redis_notify_read(ngx_violet_redis_notify_t *link, u_char *data,
    size_t len)
{
    void        *reply;
    ngx_int_t    rc;

    if (redisReaderFeed(link->reader, (char *) data, len) != REDIS_OK
        || link->reader->len > NGX_VIOLET_REDIS_NOTIFY_MAX_SIZE)
    {
        ngx_violet_redis_notify_lost(link, "it sent too much");
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            ngx_violet_redis_notify_lost(link, "it sent an invalid reply");
            return NGX_ERROR;
        }

        if (reply == NULL) {
            ngx_violet_redis_event_shrink(link->reader);
            return NGX_OK;
        }

        rc = ngx_violet_redis_notify_reply(link, reply);

        freeReplyObject(reply);

        switch (rc) {

        case NGX_OK:
            continue;

        case NGX_BUSY:
            ngx_violet_redis_notify_lost(link, NULL);
            return NGX_ERROR;

        case NGX_DECLINED:
            ngx_violet_redis_notify_give_up(link);
            return NGX_ERROR;

        default: /* NGX_ERROR */
            ngx_violet_redis_notify_lost(link,
                                         "it sent an unexpected reply");
            return NGX_ERROR;
        }
    }
}


static void
ngx_violet_redis_notify_timer(ngx_event_t *ev)
{
    ngx_violet_redis_notify_t  *link;

    link = ev->data;

    if (link->state == NGX_VIOLET_REDIS_NOTIFY_CLOSED) {

        if (!ngx_exiting && !ngx_terminate) {
            ngx_violet_redis_notify_connect(link);
        }

        return;
    }

    if (link->state != NGX_VIOLET_REDIS_NOTIFY_READY || link->asked) {
        ngx_violet_redis_notify_lost(link, "it does not answer");
        return;
    }

    if (ngx_violet_redis_notify_ping(link) != NGX_OK) {
        ngx_violet_redis_notify_lost(link, "a command could not be sent");
        return;
    }

    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_NOTIFY_PERIOD);
}


/*
 * Closes the connection and opens it again after a delay.  "why" is NULL if
 * the reason has been logged.
 */

static void
ngx_violet_redis_notify_lost(ngx_violet_redis_notify_t *link, char *why)
{
    ngx_violet_redis_error_e  error;

    error = (link->state == NGX_VIOLET_REDIS_NOTIFY_READY)
            ? NGX_VIOLET_REDIS_ERROR_CLOSED : NGX_VIOLET_REDIS_ERROR_CONNECT;

    if (why && ngx_violet_redis_error_tell(&link->errors, error)) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: notices of changed keys from Redis at \"%V\" "
                      "are interrupted, %s: each read asks Redis until they "
                      "arrive again", &link->conf->url, why);
    }

    ngx_violet_redis_notify_end(link);

    ngx_add_timer(&link->timer, ngx_violet_redis_delay(link->failures));

    link->failures++;
    link->addr = (link->addr + 1) % link->conf->naddrs;
}


/* The same after a refusal: the delay is long. */

static void
ngx_violet_redis_notify_give_up(ngx_violet_redis_notify_t *link)
{
    ngx_violet_redis_notify_end(link);

    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_NOTIFY_REFUSED);
}


static void
ngx_violet_redis_notify_end(ngx_violet_redis_notify_t *link)
{
    ngx_uint_t  was_up;

    was_up = ngx_violet_redis_notify_is_up(link);

    link->state = NGX_VIOLET_REDIS_NOTIFY_CLOSED;

    if (link->peer.connection) {
        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }

    if (was_up && !ngx_exiting && !ngx_terminate) {
        link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_DOWN, NULL);
    }
}
