
/*
 * hiredis on nginx's event loop.  Each context has one adapter object, which
 * is allocated on attach and freed in hiredis's cleanup hook; if the hook runs
 * inside a handler of this file, the object is freed when the handler returns.
 *
 * The events are level-triggered: hiredis reads at most 16k at a time, and
 * epoll reports the rest again.  All commands of one round of the event loop
 * are written at once, at its end; a write event is added only if the socket
 * cannot take them.  hiredis owns the socket; nginx's connection object is
 * freed without closing it.
 *
 * Once connected, this file writes the bytes, not hiredis: hiredis frees its
 * buffer after each write and allocates another one, and version 0.14 ends
 * the process if there is no memory for that.
 */


#include "ngx_violet_redis_event.h"

#include <ngx_event.h>
#include <hiredis/sds.h>


/* bytes that an empty buffer of hiredis keeps */
#define NGX_VIOLET_REDIS_BUFFER  65536


typedef struct {
    redisAsyncContext  *ac;
    ngx_connection_t   *connection;
    unsigned            entered:1;
    unsigned            writing:1;
    unsigned            stopped:1;
    unsigned            deleted:1;
} ngx_violet_redis_event_t;


static void ngx_violet_redis_read_handler(ngx_event_t *rev);
static void ngx_violet_redis_write_handler(ngx_event_t *wev);
static void ngx_violet_redis_write(ngx_violet_redis_event_t *e);
static ngx_int_t ngx_violet_redis_expects_reply(ngx_violet_redis_event_t *e);
static void ngx_violet_redis_leave(ngx_violet_redis_event_t *e);
static void ngx_violet_redis_add_read(void *data);
static void ngx_violet_redis_del_read(void *data);
static void ngx_violet_redis_add_write(void *data);
static void ngx_violet_redis_del_write(void *data);
static void ngx_violet_redis_cleanup(void *data);


ngx_int_t
ngx_violet_redis_event_attach(redisAsyncContext *ac, ngx_log_t *log)
{
    ngx_connection_t          *c;
    ngx_violet_redis_event_t  *e;

    e = ngx_calloc(sizeof(ngx_violet_redis_event_t), log);
    if (e == NULL) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(ac->c.fd, log);
    if (c == NULL) {
        ngx_free(e);
        return NGX_ERROR;
    }

    c->data = e;
    c->log = log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    c->read->handler = ngx_violet_redis_read_handler;
    c->read->log = log;
    c->write->handler = ngx_violet_redis_write_handler;
    c->write->log = log;

    e->ac = ac;
    e->connection = c;

    ac->ev.data = e;
    ac->ev.addRead = ngx_violet_redis_add_read;
    ac->ev.delRead = ngx_violet_redis_del_read;
    ac->ev.addWrite = ngx_violet_redis_add_write;
    ac->ev.delWrite = ngx_violet_redis_del_write;
    ac->ev.cleanup = ngx_violet_redis_cleanup;

    ngx_violet_redis_event_reader(ac->c.reader);

    return NGX_OK;
}


/*
 * hiredis 0.14 ends the process if it has freed a large buffer and there is
 * no memory for a small one.  So it must not free any: the next function does.
 */

void
ngx_violet_redis_event_reader(redisReader *reader)
{
    reader->maxbuf = 0;
}


void
ngx_violet_redis_event_shrink(redisReader *reader)
{
    sds  buf;

    if (reader->buf == NULL || reader->pos < reader->len
        || sdslen(reader->buf) + sdsavail(reader->buf)
           <= NGX_VIOLET_REDIS_BUFFER)
    {
        return;
    }

    buf = sdsempty();

    if (buf) {
        sdsfree(reader->buf);

        reader->buf = buf;
        reader->pos = 0;
        reader->len = 0;
    }
}


void
ngx_violet_redis_event_stop(redisAsyncContext *ac)
{
    ngx_violet_redis_event_t  *e;

    e = ac->ev.data;

    if (e == NULL) {
        return;
    }

    e->stopped = 1;

    ngx_violet_redis_del_read(e);
    ngx_violet_redis_del_write(e);

    if (e->connection->read->posted) {
        ngx_delete_posted_event(e->connection->read);
    }

    if (e->connection->write->posted) {
        ngx_delete_posted_event(e->connection->write);
    }
}


static void
ngx_violet_redis_read_handler(ngx_event_t *rev)
{
    ngx_connection_t          *c;
    ngx_violet_redis_event_t  *e;

    c = rev->data;
    e = c->data;

    e->entered = 1;

    if (ngx_violet_redis_expects_reply(e)) {
        redisAsyncHandleRead(e->ac);

    } else {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "violet: Redis sent a reply that nobody asked for, "
                      "closing the connection");

        redisAsyncFree(e->ac);
    }

    ngx_violet_redis_leave(e);
}


static void
ngx_violet_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_violet_redis_event_t  *e;

    c = wev->data;
    e = c->data;

    e->entered = 1;
    e->writing = 1;

    if (e->ac->c.flags & REDIS_CONNECTED) {
        ngx_violet_redis_write(e);

    } else {
        redisAsyncHandleWrite(e->ac);
    }

    e->writing = 0;

    ngx_violet_redis_leave(e);
}


static void
ngx_violet_redis_write(ngx_violet_redis_event_t *e)
{
    sds            buf;
    size_t         len;
    ssize_t        n;
    redisContext  *c;

    c = &e->ac->c;

    len = sdslen(c->obuf);
    n = len ? send(c->fd, c->obuf, len, 0) : 0;

    if (n == -1 && ngx_socket_errno != NGX_EAGAIN
        && ngx_socket_errno != NGX_EINTR)
    {
        redisAsyncFree(e->ac);
        return;
    }

    if (n == -1 || (size_t) n < len) {
        sdsrange(c->obuf, n == -1 ? 0 : n, -1);

        ngx_violet_redis_add_write(e);
        return;
    }

    sdsclear(c->obuf);

    if (sdsavail(c->obuf) > NGX_VIOLET_REDIS_BUFFER) {
        buf = sdsempty();

        if (buf) {
            sdsfree(c->obuf);
            c->obuf = buf;
        }
    }

    ngx_violet_redis_del_write(e);
}


/*
 * hiredis calls abort() on a reply that belongs to no command, so such bytes
 * must not reach it.  An end of file must: hiredis then closes the context.
 */

static ngx_int_t
ngx_violet_redis_expects_reply(ngx_violet_redis_event_t *e)
{
    u_char  byte;

    if (!(e->ac->c.flags & REDIS_CONNECTED) || e->ac->replies.head != NULL) {
        return 1;
    }

    return recv(e->ac->c.fd, &byte, 1, MSG_PEEK) <= 0;
}


static void
ngx_violet_redis_leave(ngx_violet_redis_event_t *e)
{
    e->entered = 0;

    if (e->deleted) {
        ngx_free(e);
        return;
    }

    ngx_violet_redis_event_shrink(e->ac->c.reader);
}


static void
ngx_violet_redis_add_read(void *data)
{
    ngx_violet_redis_event_t  *e = data;

    ngx_event_t  *rev;

    rev = e->connection->read;

    if (!rev->active && !e->stopped
        && ngx_add_event(rev, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, rev->log, 0,
                      "violet: the Redis connection cannot be watched");
    }
}


static void
ngx_violet_redis_del_read(void *data)
{
    ngx_violet_redis_event_t  *e = data;

    if (e->connection->read->active) {
        (void) ngx_del_event(e->connection->read, NGX_READ_EVENT, 0);
    }
}


static void
ngx_violet_redis_add_write(void *data)
{
    ngx_violet_redis_event_t  *e = data;

    ngx_event_t  *wev;

    wev = e->connection->write;

    if (wev->active || e->stopped) {
        return;
    }

    /* the rest of a write, or connect(), needs an event of the socket */

    if (!e->writing && (e->ac->c.flags & REDIS_CONNECTED)) {
        ngx_post_event(wev, &ngx_posted_events);
        return;
    }

    if (ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, wev->log, 0,
                      "violet: the Redis connection cannot be watched");
    }
}


static void
ngx_violet_redis_del_write(void *data)
{
    ngx_violet_redis_event_t  *e = data;

    if (e->connection->write->active) {
        (void) ngx_del_event(e->connection->write, NGX_WRITE_EVENT, 0);
    }
}


static void
ngx_violet_redis_cleanup(void *data)
{
    ngx_violet_redis_event_t  *e = data;

    ngx_connection_t  *c;

    /* newer versions of hiredis call this hook twice */

    if (e == NULL || e->deleted) {
        return;
    }

    ngx_violet_redis_del_read(e);
    ngx_violet_redis_del_write(e);

    c = e->connection;

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    /* ngx_free_connection() reads the file descriptor */

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    e->ac->ev.data = NULL;
    e->deleted = 1;

    if (!e->entered) {
        ngx_free(e);
    }
}
