
/*
 * The link to Redis.  The object lives in the configuration's pool and its
 * run-time part belongs to one worker.  The socket is nginx's own, and only
 * hiredis's reader is used on it: its asynchronous client ends the process
 * on a message that it does not expect.
 *
 * Whatever goes wrong ends the link, and it is opened anew after a delay;
 * whoever relies on it is told of both.
 */


#include "ngx_violet_redis_link.h"
#include "ngx_violet_redis_error.h"

#include <ngx_event.h>
#include <ngx_event_connect.h>


#define NGX_VIOLET_REDIS_LINK_MIN_DELAY  100
#define NGX_VIOLET_REDIS_LINK_MAX_DELAY  1000

/* after Redis has said that it does not know, or not allow, the commands */
#define NGX_VIOLET_REDIS_LINK_REFUSED    60000

#define NGX_VIOLET_REDIS_LINK_CHANNEL    "__redis__:invalidate"

/* of one message in bytes, and in keys: more are taken for all */
#define NGX_VIOLET_REDIS_LINK_MAX_SIZE   (16 * 1024 * 1024)
#define NGX_VIOLET_REDIS_LINK_MAX_KEYS   1000

#define NGX_VIOLET_REDIS_LINK_MAX_NAMES  4


typedef enum {
    NGX_VIOLET_REDIS_LINK_CLOSED = 0,
    NGX_VIOLET_REDIS_LINK_CONNECTING,
    NGX_VIOLET_REDIS_LINK_AUTH,
    NGX_VIOLET_REDIS_LINK_ID,
    NGX_VIOLET_REDIS_LINK_TRACKING,
    NGX_VIOLET_REDIS_LINK_SUBSCRIBE,
    NGX_VIOLET_REDIS_LINK_READY
} ngx_violet_redis_link_state_e;


struct ngx_violet_redis_link_s {
    ngx_violet_redis_conf_t         *conf;
    ngx_str_t                       *names;
    ngx_uint_t                       n;

    ngx_violet_redis_link_pt         handler;
    void                            *data;

    ngx_violet_redis_link_state_e    state;
    ngx_peer_connection_t            peer;
    redisReader                     *reader;
    ngx_event_t                      timer;
    ngx_uint_t                       addr;
    ngx_uint_t                       failures;
    ngx_violet_redis_errors_t        errors;

    unsigned                         asked:1;   /* a PING is under way */
};


static void ngx_violet_redis_link_connect(ngx_violet_redis_link_t *link);
static void ngx_violet_redis_link_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_violet_redis_link_begin(ngx_violet_redis_link_t *link);
static ngx_int_t ngx_violet_redis_link_track(ngx_violet_redis_link_t *link,
    long long id);
static ngx_int_t ngx_violet_redis_link_send(ngx_violet_redis_link_t *link,
    int argc, const char **argv, size_t *lens);
static void ngx_violet_redis_link_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_violet_redis_link_read(ngx_violet_redis_link_t *link,
    u_char *data, size_t len);
static ngx_int_t ngx_violet_redis_link_reply(ngx_violet_redis_link_t *link,
    redisReply *reply);
static ngx_int_t ngx_violet_redis_link_refused(ngx_violet_redis_link_t *link,
    redisReply *reply);
static ngx_int_t ngx_violet_redis_link_message(ngx_violet_redis_link_t *link,
    redisReply *reply);
static ngx_int_t ngx_violet_redis_link_changed(ngx_violet_redis_link_t *link,
    redisReply *keys);
static void ngx_violet_redis_link_timer(ngx_event_t *ev);
static void ngx_violet_redis_link_lost(ngx_violet_redis_link_t *link,
    char *why);
static void ngx_violet_redis_link_end(ngx_violet_redis_link_t *link);


ngx_violet_redis_link_t *
ngx_violet_redis_link_create(ngx_pool_t *pool, ngx_violet_redis_conf_t *conf,
    ngx_str_t *names, ngx_uint_t n)
{
    ngx_violet_redis_link_t  *link;

    if (n > NGX_VIOLET_REDIS_LINK_MAX_NAMES) {
        return NULL;
    }

    link = ngx_pcalloc(pool, sizeof(ngx_violet_redis_link_t));
    if (link == NULL) {
        return NULL;
    }

    link->conf = conf;
    link->names = names;
    link->n = n;

    return link;
}


void
ngx_violet_redis_link_start(ngx_violet_redis_link_t *link,
    ngx_violet_redis_link_pt handler, void *data)
{
    link->handler = handler;
    link->data = data;

    link->timer.handler = ngx_violet_redis_link_timer;
    link->timer.data = link;
    link->timer.log = ngx_cycle->log;
    link->timer.cancelable = 1;

    ngx_violet_redis_link_connect(link);
}


ngx_uint_t
ngx_violet_redis_link_is_up(ngx_violet_redis_link_t *link)
{
    return link->state == NGX_VIOLET_REDIS_LINK_READY;
}


void
ngx_violet_redis_link_close(ngx_violet_redis_link_t *link)
{
    ngx_violet_redis_link_end(link);

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }
}


static void
ngx_violet_redis_link_connect(ngx_violet_redis_link_t *link)
{
    ngx_int_t          rc;
    ngx_addr_t        *addr;
    ngx_connection_t  *c;

    addr = &link->conf->addrs[link->addr];

    ngx_memzero(&link->peer, sizeof(ngx_peer_connection_t));

    link->peer.sockaddr = addr->sockaddr;
    link->peer.socklen = addr->socklen;
    link->peer.name = &addr->name;
    link->peer.get = ngx_event_get_peer;
    link->peer.log = ngx_cycle->log;
    link->peer.log_error = NGX_ERROR_INFO;

    link->state = NGX_VIOLET_REDIS_LINK_CONNECTING;
    link->reader = redisReaderCreate();

    if (link->reader == NULL) {
        ngx_violet_redis_link_lost(link, "no memory");
        return;
    }

    rc = ngx_event_connect_peer(&link->peer);

    if (rc == NGX_ERROR || rc == NGX_BUSY || rc == NGX_DECLINED) {
        ngx_violet_redis_link_lost(link, "it cannot be reached");
        return;
    }

    c = link->peer.connection;

    c->data = link;
    c->read->handler = ngx_violet_redis_link_read_handler;
    c->write->handler = ngx_violet_redis_link_write_handler;

    ngx_add_timer(&link->timer, link->conf->connect_timeout);

    if (rc == NGX_OK) {
        ngx_violet_redis_link_write_handler(c->write);
    }
}


static void
ngx_violet_redis_link_write_handler(ngx_event_t *wev)
{
    int                       err;
    socklen_t                 len;
    ngx_connection_t         *c;
    ngx_violet_redis_link_t  *link;

    c = wev->data;
    link = c->data;

    if (link->state != NGX_VIOLET_REDIS_LINK_CONNECTING) {
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err || ngx_violet_redis_link_begin(link) != NGX_OK) {
        ngx_violet_redis_link_lost(link, "it cannot be reached");
    }
}


/* AUTH if there is a password, then CLIENT ID. */

static ngx_int_t
ngx_violet_redis_link_begin(ngx_violet_redis_link_t *link)
{
    int          argc;
    size_t       lens[3];
    const char  *argv[3];

    argc = 0;

    if (link->state == NGX_VIOLET_REDIS_LINK_CONNECTING
        && link->conf->password.len)
    {
        link->state = NGX_VIOLET_REDIS_LINK_AUTH;

        argv[argc] = "AUTH";
        lens[argc++] = 4;

        if (link->conf->username.len) {
            argv[argc] = (char *) link->conf->username.data;
            lens[argc++] = link->conf->username.len;
        }

        argv[argc] = (char *) link->conf->password.data;
        lens[argc++] = link->conf->password.len;

        return ngx_violet_redis_link_send(link, argc, argv, lens);
    }

    link->state = NGX_VIOLET_REDIS_LINK_ID;

    argv[argc] = "CLIENT";
    lens[argc++] = 6;

    argv[argc] = "ID";
    lens[argc++] = 2;

    return ngx_violet_redis_link_send(link, argc, argv, lens);
}


static ngx_int_t
ngx_violet_redis_link_track(ngx_violet_redis_link_t *link, long long id)
{
    int          argc;
    u_char       text[NGX_INT64_LEN], *p;
    u_char       names[NGX_VIOLET_REDIS_LINK_MAX_NAMES][256];
    size_t       lens[6 + 2 * NGX_VIOLET_REDIS_LINK_MAX_NAMES];
    ngx_uint_t   i;
    const char  *argv[6 + 2 * NGX_VIOLET_REDIS_LINK_MAX_NAMES];

    static const char  *words[] = {
        "CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT"
    };

    for (argc = 0; argc < 5; argc++) {
        argv[argc] = words[argc];
        lens[argc] = ngx_strlen(words[argc]);
    }

    argv[argc] = (char *) text;
    lens[argc++] = ngx_sprintf(text, "%L", (int64_t) id) - text;

    for (i = 0; i < link->n; i++) {
        argv[argc] = "PREFIX";
        lens[argc++] = 6;

        p = ngx_slprintf(names[i], names[i] + sizeof(names[i]), "%V%V",
                         &link->conf->prefix, &link->names[i]);

        argv[argc] = (char *) names[i];
        lens[argc++] = p - names[i];
    }

    link->state = NGX_VIOLET_REDIS_LINK_TRACKING;

    return ngx_violet_redis_link_send(link, argc, argv, lens);
}


/* What is sent is shorter than any socket's buffer. */

static ngx_int_t
ngx_violet_redis_link_send(ngx_violet_redis_link_t *link, int argc,
    const char **argv, size_t *lens)
{
    int                len;
    char              *request;
    ssize_t            n;
    ngx_connection_t  *c;

    len = redisFormatCommandArgv(&request, argc, argv, lens);
    if (len < 0) {
        return NGX_ERROR;
    }

    c = link->peer.connection;

    n = c->send(c, (u_char *) request, len);

    redisFreeCommand(request);

    return n == len ? NGX_OK : NGX_ERROR;
}


static void
ngx_violet_redis_link_read_handler(ngx_event_t *rev)
{
    u_char                    buf[16384];
    ssize_t                   n;
    ngx_connection_t         *c;
    ngx_violet_redis_link_t  *link;

    c = rev->data;
    link = c->data;

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {

            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_violet_redis_link_lost(link, "it cannot be watched");
            }

            return;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_violet_redis_link_lost(link, "it closed the connection");
            return;
        }

        if (ngx_violet_redis_link_read(link, buf, n) != NGX_OK) {
            return;
        }
    }
}


/* After an error the link has been ended. */

static ngx_int_t
ngx_violet_redis_link_read(ngx_violet_redis_link_t *link, u_char *data,
    size_t len)
{
    void        *reply;
    ngx_int_t    rc;

    if (redisReaderFeed(link->reader, (char *) data, len) != REDIS_OK
        || link->reader->len > NGX_VIOLET_REDIS_LINK_MAX_SIZE)
    {
        ngx_violet_redis_link_lost(link, "it sent too much");
        return NGX_ERROR;
    }

    for ( ;; ) {

        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            ngx_violet_redis_link_lost(link, "it sent what is no reply");
            return NGX_ERROR;
        }

        if (reply == NULL) {
            return NGX_OK;
        }

        rc = ngx_violet_redis_link_reply(link, reply);

        freeReplyObject(reply);

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_ERROR) {
            ngx_violet_redis_link_lost(link,
                                       "it sent what was not expected");
        }

        return NGX_ERROR;
    }
}


/* NGX_OK, NGX_ERROR, or NGX_DONE if the link was ended here. */

static ngx_int_t
ngx_violet_redis_link_reply(ngx_violet_redis_link_t *link, redisReply *reply)
{
    size_t       lens[2];
    const char  *argv[2];

    if (reply->type == REDIS_REPLY_ERROR) {
        return ngx_violet_redis_link_refused(link, reply);
    }

    switch (link->state) {

    case NGX_VIOLET_REDIS_LINK_AUTH:
        if (reply->type != REDIS_REPLY_STATUS) {
            return NGX_ERROR;
        }

        return ngx_violet_redis_link_begin(link);

    case NGX_VIOLET_REDIS_LINK_ID:
        if (reply->type != REDIS_REPLY_INTEGER) {
            return NGX_ERROR;
        }

        return ngx_violet_redis_link_track(link, reply->integer);

    case NGX_VIOLET_REDIS_LINK_TRACKING:
        if (reply->type != REDIS_REPLY_STATUS) {
            return NGX_ERROR;
        }

        link->state = NGX_VIOLET_REDIS_LINK_SUBSCRIBE;

        argv[0] = "SUBSCRIBE";
        lens[0] = 9;
        argv[1] = NGX_VIOLET_REDIS_LINK_CHANNEL;
        lens[1] = sizeof(NGX_VIOLET_REDIS_LINK_CHANNEL) - 1;

        return ngx_violet_redis_link_send(link, 2, argv, lens);

    default: /* SUBSCRIBE, READY */
        return ngx_violet_redis_link_message(link, reply);
    }
}


static ngx_int_t
ngx_violet_redis_link_refused(ngx_violet_redis_link_t *link,
    redisReply *reply)
{
    char  *what;

    what = (link->state == NGX_VIOLET_REDIS_LINK_AUTH) ? "AUTH"
                                                       : "CLIENT TRACKING";

    ngx_violet_redis_error_log(&link->errors, &link->conf->url, what, reply);

    if (ngx_violet_redis_error_is_away(ngx_violet_redis_error(reply))) {
        ngx_violet_redis_link_lost(link, NULL);
        return NGX_DONE;
    }

    ngx_violet_redis_link_end(link);
    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_LINK_REFUSED);

    return NGX_DONE;
}


static ngx_int_t
ngx_violet_redis_link_message(ngx_violet_redis_link_t *link,
    redisReply *reply)
{
    redisReply  *kind;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2
        || reply->element[0]->type != REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    kind = reply->element[0];

    if (link->state == NGX_VIOLET_REDIS_LINK_SUBSCRIBE) {

        if (ngx_strcmp(kind->str, "subscribe") != 0) {
            return NGX_ERROR;
        }

        link->state = NGX_VIOLET_REDIS_LINK_READY;
        link->failures = 0;
        link->asked = 0;

        ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_LINK_PERIOD);

        link->handler(link->data, NGX_VIOLET_REDIS_LINK_UP, NULL);

        return NGX_OK;
    }

    if (ngx_strcmp(kind->str, "pong") == 0) {
        link->asked = 0;

        link->handler(link->data, NGX_VIOLET_REDIS_LINK_ALIVE, NULL);

        return NGX_OK;
    }

    if (ngx_strcmp(kind->str, "message") != 0 || reply->elements != 3) {
        return NGX_ERROR;
    }

    return ngx_violet_redis_link_changed(link, reply->element[2]);
}


/* nil stands for all keys: FLUSHDB and FLUSHALL. */

static ngx_int_t
ngx_violet_redis_link_changed(ngx_violet_redis_link_t *link,
    redisReply *keys)
{
    size_t      i;
    ngx_str_t   key;

    if (keys->type == REDIS_REPLY_NIL
        || (keys->type == REDIS_REPLY_ARRAY
            && keys->elements > NGX_VIOLET_REDIS_LINK_MAX_KEYS))
    {
        link->handler(link->data, NGX_VIOLET_REDIS_LINK_ALL, NULL);
        return NGX_OK;
    }

    if (keys->type != REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    for (i = 0; i < keys->elements; i++) {

        if (keys->element[i]->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }

        key.data = (u_char *) keys->element[i]->str;
        key.len = keys->element[i]->len;

        link->handler(link->data, NGX_VIOLET_REDIS_LINK_KEY, &key);
    }

    return NGX_OK;
}


static void
ngx_violet_redis_link_timer(ngx_event_t *ev)
{
    size_t                    lens[1];
    const char               *argv[1];
    ngx_violet_redis_link_t  *link;

    link = ev->data;

    if (link->state == NGX_VIOLET_REDIS_LINK_CLOSED) {

        if (!ngx_exiting && !ngx_terminate) {
            ngx_violet_redis_link_connect(link);
        }

        return;
    }

    if (link->state != NGX_VIOLET_REDIS_LINK_READY || link->asked) {
        ngx_violet_redis_link_lost(link, "it does not answer");
        return;
    }

    argv[0] = "PING";
    lens[0] = 4;

    if (ngx_violet_redis_link_send(link, 1, argv, lens) != NGX_OK) {
        ngx_violet_redis_link_lost(link, "it takes no more");
        return;
    }

    link->asked = 1;

    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_LINK_PERIOD);
}


/* The reason is NULL if it has been told already. */

static void
ngx_violet_redis_link_lost(ngx_violet_redis_link_t *link, char *why)
{
    ngx_msec_t                delay;
    ngx_violet_redis_error_e  error;

    error = (link->state == NGX_VIOLET_REDIS_LINK_READY)
            ? NGX_VIOLET_REDIS_ERROR_CLOSED : NGX_VIOLET_REDIS_ERROR_CONNECT;

    if (why && ngx_violet_redis_error_tell(&link->errors, error)) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: no notices of changed keys from Redis at "
                      "\"%V\", %s; until they are back a report may be "
                      "served for violet_health_memory after it changed "
                      "there", &link->conf->url, why);
    }

    ngx_violet_redis_link_end(link);

    delay = ngx_min(NGX_VIOLET_REDIS_LINK_MIN_DELAY
                    << ngx_min(link->failures, 8),
                    NGX_VIOLET_REDIS_LINK_MAX_DELAY);

    link->failures++;
    link->addr = (link->addr + 1) % link->conf->naddrs;

    ngx_add_timer(&link->timer,
                  delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1));
}


static void
ngx_violet_redis_link_end(ngx_violet_redis_link_t *link)
{
    ngx_uint_t  was_up;

    was_up = ngx_violet_redis_link_is_up(link);

    link->state = NGX_VIOLET_REDIS_LINK_CLOSED;

    if (link->peer.connection) {
        ngx_close_connection(link->peer.connection);
        link->peer.connection = NULL;
    }

    if (link->reader) {
        redisReaderFree(link->reader);
        link->reader = NULL;
    }

    if (was_up && !ngx_exiting && !ngx_terminate) {
        link->handler(link->data, NGX_VIOLET_REDIS_LINK_DOWN, NULL);
    }
}
