
/*
 * The link to Redis.  The object lives in the configuration's pool, and its
 * run-time part belongs to one worker.  Any error closes the link, and it is
 * opened again after a delay.  The handler is called for both.
 */


#include "ngx_violet_redis_notify_proto.h"
#include "ngx_violet_redis_connect.h"


/*
 * in ms, before the next try after Redis has refused the commands: it does
 * not know them or does not allow them
 */
#define NGX_VIOLET_REDIS_NOTIFY_REFUSED  60000

/* bytes and elements of one message */
#define NGX_VIOLET_REDIS_NOTIFY_MAX_SIZE   (16 * 1024 * 1024)
#define NGX_VIOLET_REDIS_NOTIFY_MAX_PARTS  65536


static void ngx_violet_redis_notify_moved(void *data);
static void ngx_violet_redis_notify_again(ngx_violet_redis_notify_t *link,
    ngx_msec_t delay);
static void ngx_violet_redis_notify_connect(ngx_violet_redis_notify_t *link);
static void ngx_violet_redis_notify_connected(void *data);
static void ngx_violet_redis_notify_read(void *data, violet_reply_t *reply);
static void ngx_violet_redis_notify_failed(void *data,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why);
static void ngx_violet_redis_notify_timer(ngx_event_t *ev);
static void ngx_violet_redis_notify_lost(ngx_violet_redis_notify_t *link,
    const char *why);
static void ngx_violet_redis_notify_give_up(ngx_violet_redis_notify_t *link);
static void ngx_violet_redis_notify_end(ngx_violet_redis_notify_t *link);


static ngx_violet_redis_connection_handlers_t
    ngx_violet_redis_notify_handlers =
{
    ngx_violet_redis_notify_connected,
    ngx_violet_redis_notify_read,
    ngx_violet_redis_notify_failed,
    NULL
};


ngx_violet_redis_notify_t *
ngx_violet_redis_notify_create(ngx_pool_t *pool, ngx_violet_redis_t *redis,
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

    link->conf = ngx_violet_redis_conf(redis);
    link->topology = ngx_violet_redis_topology(redis);
    link->user.moved = ngx_violet_redis_notify_moved;
    link->user.data = link;
    link->names = names;
    link->n = n;

    link->connection.handlers = &ngx_violet_redis_notify_handlers;
    link->connection.data = link;
    link->connection.limits.total = NGX_VIOLET_REDIS_NOTIFY_MAX_SIZE;
    link->connection.limits.elements = NGX_VIOLET_REDIS_NOTIFY_MAX_PARTS;

    ngx_violet_redis_topology_add(link->topology, &link->user);

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

    link->started = 1;

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
        ngx_violet_redis_notify_lost(link, "no memory");
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
    link->started = 0;

    ngx_violet_redis_notify_end(link);
    ngx_violet_redis_connection_end(&link->connection);

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }
}


/* The topology knows another address, or the first one. */

static void
ngx_violet_redis_notify_moved(void *data)
{
    ngx_violet_redis_notify_t  *link = data;

    if (!link->started) {
        return;
    }

    link->moving = 1;

    if (link->state == NGX_VIOLET_REDIS_NOTIFY_CLOSED) {
        ngx_violet_redis_notify_again(link, 1);

    } else {
        ngx_violet_redis_notify_lost(link, NULL);
    }
}


void
ngx_violet_redis_notify_drop(ngx_violet_redis_notify_t *link)
{
    if (link->state != NGX_VIOLET_REDIS_NOTIFY_CLOSED) {
        ngx_violet_redis_notify_lost(link, "it takes no writes");
    }
}


static void
ngx_violet_redis_notify_connect(ngx_violet_redis_notify_t *link)
{
    link->moving = 0;

    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    /* ngx_violet_redis_notify_moved() is called once an address is known */

    if (ngx_violet_redis_topology_where(link->topology, &link->user,
                                        link->tries)
        != NGX_OK)
    {
        return;
    }

    link->state = NGX_VIOLET_REDIS_NOTIFY_CONNECTING;
    link->user.open = 1;

    ngx_violet_redis_connection_open(&link->connection,
                                     link->conf, &link->user.place.addr,
                                     link->user.place.ssl_name);
}


static void
ngx_violet_redis_notify_connected(void *data)
{
    ngx_violet_redis_notify_t  *link = data;

    if (ngx_violet_redis_notify_begin(link) != NGX_OK) {
        ngx_violet_redis_notify_lost(link, "no memory");
    }
}


static void
ngx_violet_redis_notify_read(void *data, violet_reply_t *reply)
{
    ngx_violet_redis_notify_t  *link = data;

    switch (ngx_violet_redis_notify_reply(link, reply)) {

    case NGX_OK:
        return;

    case NGX_BUSY:

        /* closed already if another node has the slot */

        if (link->state != NGX_VIOLET_REDIS_NOTIFY_CLOSED) {
            ngx_violet_redis_notify_lost(link, NULL);
        }

        return;

    case NGX_DECLINED:
        ngx_violet_redis_notify_give_up(link);
        return;

    default: /* NGX_ERROR */
        ngx_violet_redis_notify_lost(link, "it sent an unexpected reply");
    }
}


static void
ngx_violet_redis_notify_failed(void *data, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why)
{
    ngx_violet_redis_notify_t  *link = data;

    u_char  text[NGX_VIOLET_REDIS_TLS_WHY + 32], *last;

    switch (error) {

    case NGX_VIOLET_REDIS_ERROR_CONNECT:
        why = (err == NGX_ETIMEDOUT) ? "it does not answer"
                                     : "it cannot be reached";
        break;

    case NGX_VIOLET_REDIS_ERROR_CLOSED:
        why = "it closed the connection";
        break;

    case NGX_VIOLET_REDIS_ERROR_TLS:
        last = ngx_snprintf(text, sizeof(text) - 1, "TLS failed: %s", why);
        *last = '\0';
        why = (char *) text;
        break;

    case NGX_VIOLET_REDIS_ERROR_PROTOCOL:
        last = ngx_snprintf(text, sizeof(text) - 1, "it sent %s", why);
        *last = '\0';
        why = (char *) text;
        break;

    default: /* NGX_VIOLET_REDIS_ERROR_MEMORY */
        why = "no memory";
    }

    ngx_violet_redis_notify_lost(link, why);
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
        ngx_violet_redis_notify_lost(link, "no memory");
        return;
    }

    ngx_add_timer(&link->timer, NGX_VIOLET_REDIS_NOTIFY_PERIOD);
}


/*
 * Closes the connection and opens it again after a delay.  "why" is NULL if
 * the reason has been logged.
 */

static void
ngx_violet_redis_notify_lost(ngx_violet_redis_notify_t *link, const char *why)
{
    ngx_msec_t                delay;
    ngx_violet_redis_error_e  error;

    error = (link->state == NGX_VIOLET_REDIS_NOTIFY_READY)
            ? NGX_VIOLET_REDIS_ERROR_CLOSED : NGX_VIOLET_REDIS_ERROR_CONNECT;

    if (why && ngx_violet_redis_error_due(&link->errors, error)) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: notices of changed keys from Redis at \"%V\" "
                      "are interrupted, %s: each read asks Redis until they "
                      "arrive again", ngx_violet_redis_notify_name(link), why);
    }

    ngx_violet_redis_notify_end(link);

    delay = ngx_violet_redis_topology_delay(link->topology, &link->user,
                                    ngx_violet_redis_delay(link->failures));

    ngx_violet_redis_notify_again(link, link->moving ? 1 : delay);

    link->failures++;

    if (!link->moving) {
        ngx_violet_redis_topology_lost(link->topology);
    }
}


/* nginx keeps a timer that is set to almost the same time. */

static void
ngx_violet_redis_notify_again(ngx_violet_redis_notify_t *link,
    ngx_msec_t delay)
{
    if (link->timer.timer_set) {
        ngx_del_timer(&link->timer);
    }

    ngx_add_timer(&link->timer, delay);
}


/* The same after a refusal: the delay is long. */

static void
ngx_violet_redis_notify_give_up(ngx_violet_redis_notify_t *link)
{
    ngx_violet_redis_notify_end(link);

    ngx_violet_redis_notify_again(link, NGX_VIOLET_REDIS_NOTIFY_REFUSED);
}


static void
ngx_violet_redis_notify_end(ngx_violet_redis_notify_t *link)
{
    ngx_uint_t  was_up;

    was_up = ngx_violet_redis_notify_is_up(link);

    link->state = NGX_VIOLET_REDIS_NOTIFY_CLOSED;
    link->user.open = 0;
    link->tries = was_up ? 0 : link->tries + 1;

    ngx_violet_redis_connection_close(&link->connection);

    if (was_up && !ngx_exiting && !ngx_terminate) {
        link->handler(link->data, NGX_VIOLET_REDIS_NOTIFY_DOWN, NULL);
    }
}
