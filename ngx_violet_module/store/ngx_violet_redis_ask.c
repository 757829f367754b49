
/*
 * The connection on which sentinels or nodes are asked, one after another:
 * the first whose answer leads to the master is kept until it fails.  Between
 * two of them no time is lost; after all have failed a delay grows.
 */


#include "ngx_violet_redis_topology_priv.h"
#include "ngx_violet_redis_connect.h"


/* bytes and elements of an answer */
#define NGX_VIOLET_REDIS_ASK_SIZE   (1024 * 1024)
#define NGX_VIOLET_REDIS_ASK_PARTS  65536


static void ngx_violet_redis_ask_timer(ngx_event_t *ev);
static void ngx_violet_redis_ask_ready(ngx_violet_redis_topology_t *t);
static void ngx_violet_redis_ask_connect(ngx_violet_redis_topology_t *t);
static ngx_uint_t ngx_violet_redis_ask_hosts(ngx_violet_redis_topology_t *t);
static ngx_violet_redis_host_t *ngx_violet_redis_ask_host(
    ngx_violet_redis_topology_t *t, ngx_uint_t n);
static void ngx_violet_redis_ask_connected(void *data);
static ngx_int_t ngx_violet_redis_ask_auth(ngx_violet_redis_topology_t *t);
static void ngx_violet_redis_ask_send(ngx_violet_redis_topology_t *t);
static void ngx_violet_redis_ask_reply(void *data, violet_reply_t *reply);
static void ngx_violet_redis_ask_refused(ngx_violet_redis_topology_t *t,
    violet_reply_t *reply);
static void ngx_violet_redis_ask_lost(void *data,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why);
static void ngx_violet_redis_ask_next(ngx_violet_redis_topology_t *t);
static void ngx_violet_redis_ask_again(ngx_violet_redis_topology_t *t,
    ngx_msec_t delay);


static ngx_violet_redis_connection_handlers_t  ngx_violet_redis_ask_handlers =
{
    ngx_violet_redis_ask_connected,
    ngx_violet_redis_ask_reply,
    ngx_violet_redis_ask_lost,
    NULL
};


void
ngx_violet_redis_ask_start(ngx_violet_redis_topology_t *t)
{
    t->ask.handlers = &ngx_violet_redis_ask_handlers;
    t->ask.data = t;
    t->ask.counted = 1;
    t->ask.limits.total = NGX_VIOLET_REDIS_ASK_SIZE;
    t->ask.limits.elements = NGX_VIOLET_REDIS_ASK_PARTS;

    t->timer.handler = ngx_violet_redis_ask_timer;
    t->timer.data = t;
    t->timer.log = ngx_cycle->log;
    t->timer.cancelable = 1;

    ngx_violet_redis_ask_timer(&t->timer);
}


void
ngx_violet_redis_ask_close(ngx_violet_redis_topology_t *t)
{
    ngx_violet_redis_connection_end(&t->ask);

    t->state = NGX_VIOLET_REDIS_ASK_IDLE;

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }
}


void
ngx_violet_redis_ask_soon(ngx_violet_redis_topology_t *t)
{
    ngx_msec_t  since, soon;

    if (t->state == NGX_VIOLET_REDIS_ASK_AUTH
        || t->state == NGX_VIOLET_REDIS_ASK_SENT)
    {
        return;
    }

    since = ngx_current_msec - t->asked_at;

    /* while all fail, the delay between two rounds stays */

    if (t->failures && t->timer.timer_set) {
        return;
    }

    soon = ngx_violet_redis_topology_soon(t);

    ngx_violet_redis_ask_again(t, since < soon ? soon - since : 1);
}


static void
ngx_violet_redis_ask_timer(ngx_event_t *ev)
{
    ngx_violet_redis_topology_t  *t;

    t = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    switch (t->state) {

    case NGX_VIOLET_REDIS_ASK_IDLE:
        ngx_violet_redis_ask_connect(t);
        return;

    case NGX_VIOLET_REDIS_ASK_READY:
        ngx_violet_redis_ask_ready(t);
        return;

    default: /* a question was sent */
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_CONNECT,
                                     "it does not answer");
        ngx_violet_redis_ask_next(t);
    }
}


/* The one that is connected has answered. */

static void
ngx_violet_redis_ask_ready(ngx_violet_redis_topology_t *t)
{
    if (t->missing ? !t->doubted : t->kind->always) {
        ngx_violet_redis_ask_send(t);
        return;
    }

    ngx_violet_redis_connection_close(&t->ask);

    t->state = NGX_VIOLET_REDIS_ASK_IDLE;

    if (t->missing) {

        /* its answer did not lead to the master: another may know better */

        t->at++;
        ngx_violet_redis_ask_connect(t);
    }
}


static void
ngx_violet_redis_ask_connect(ngx_violet_redis_topology_t *t)
{
    ngx_violet_redis_host_t  *host;

    t->asked_at = ngx_current_msec;

    host = ngx_violet_redis_ask_host(t, t->at);

    ngx_violet_redis_host_look(host);

    if (host->naddrs == 0) {
        ngx_violet_redis_ask_next(t);
        return;
    }

    ngx_violet_redis_host_place(host,
                                t->failures / ngx_violet_redis_ask_hosts(t),
                                &t->place);

    t->state = NGX_VIOLET_REDIS_ASK_AUTH;

    ngx_violet_redis_connection_open(&t->ask, t->conf, &t->place.addr,
                                     t->place.ssl_name);
}


static ngx_uint_t
ngx_violet_redis_ask_hosts(ngx_violet_redis_topology_t *t)
{
    return t->conf->nurls + t->nnodes;
}


/* Those of the URLs, then those that a cluster has named. */

static ngx_violet_redis_host_t *
ngx_violet_redis_ask_host(ngx_violet_redis_topology_t *t, ngx_uint_t n)
{
    n %= ngx_violet_redis_ask_hosts(t);

    return n < t->conf->nurls ? &t->urls[n] : &t->nodes[n - t->conf->nurls];
}


static void
ngx_violet_redis_ask_connected(void *data)
{
    ngx_violet_redis_topology_t  *t = data;

    ngx_int_t  rc;

    rc = ngx_violet_redis_ask_auth(t);

    if (rc == NGX_DECLINED) {
        ngx_violet_redis_ask_send(t);

    } else if (rc == NGX_ERROR) {
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_MEMORY,
                                     "no memory");
        ngx_violet_redis_ask_next(t);
    }
}


/* NGX_DECLINED without a password. */

static ngx_int_t
ngx_violet_redis_ask_auth(ngx_violet_redis_topology_t *t)
{
    int          argc;
    size_t       lens[NGX_VIOLET_REDIS_AUTH_ARGS];
    const char  *argv[NGX_VIOLET_REDIS_AUTH_ARGS];

    if (t->conf->sentinel.len) {
        argc = ngx_violet_redis_auth(&t->conf->sentinel_username,
                                     &t->conf->sentinel_password, argv, lens);
    } else {
        argc = ngx_violet_redis_auth(&t->conf->username, &t->conf->password,
                                     argv, lens);
    }

    if (argc == 0) {
        return NGX_DECLINED;
    }

    return ngx_violet_redis_connection_command(&t->ask, argc, argv, lens);
}


static void
ngx_violet_redis_ask_send(ngx_violet_redis_topology_t *t)
{
    int          argc;
    size_t       lens[NGX_VIOLET_REDIS_ASK_WORDS];
    const char  *argv[NGX_VIOLET_REDIS_ASK_WORDS];

    argc = t->kind->ask(t, argv, lens);

    if (ngx_violet_redis_connection_command(&t->ask, argc, argv, lens)
        != NGX_OK)
    {
        ngx_violet_redis_ask_useless(t, NGX_VIOLET_REDIS_ERROR_MEMORY,
                                     "no memory");
        ngx_violet_redis_ask_next(t);
        return;
    }

    t->asked_at = ngx_current_msec;
    t->state = NGX_VIOLET_REDIS_ASK_SENT;

    ngx_violet_redis_ask_again(t, t->conf->connect_timeout);
}


static void
ngx_violet_redis_ask_reply(void *data, violet_reply_t *reply)
{
    ngx_violet_redis_topology_t  *t = data;

    if (reply->type == VIOLET_REPLY_ERROR) {
        ngx_violet_redis_ask_refused(t, reply);
        ngx_violet_redis_ask_next(t);
        return;
    }

    if (t->state == NGX_VIOLET_REDIS_ASK_AUTH) {
        ngx_violet_redis_ask_send(t);
        return;
    }

    ngx_violet_redis_connection_ready(&t->ask);

    if (t->kind->answer(t, reply) != NGX_OK) {
        ngx_violet_redis_ask_next(t);
        return;
    }

    t->failures = 0;
    t->state = NGX_VIOLET_REDIS_ASK_READY;

    /* while the master is missing, the answer has to lead to it in time */

    t->doubted = t->missing;

    ngx_violet_redis_ask_again(t, t->missing
                                  ? ngx_violet_redis_topology_soon(t)
                                  : NGX_VIOLET_REDIS_LOOK);
}


/* Of an error of AUTH only the code is logged: it may repeat the arguments. */

static void
ngx_violet_redis_ask_refused(ngx_violet_redis_topology_t *t,
    violet_reply_t *reply)
{
    u_char      text[VIOLET_TEXT_SHOWN], *space;
    size_t      len;
    ngx_uint_t  auth;

    if (!ngx_violet_redis_error_due(&t->errors,
                                    NGX_VIOLET_REDIS_ERROR_OTHER))
    {
        return;
    }

    auth = (t->state == NGX_VIOLET_REDIS_ASK_AUTH);
    len = reply->len;

    space = auth ? ngx_strlchr((u_char *) reply->str,
                               (u_char *) reply->str + len, ' ') : NULL;
    if (space) {
        len = space - (u_char *) reply->str;
    }

    len = violet_text_shown(reply->str, len, (char *) text);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: the %V at %V refused %s: %*s",
                  &t->kind->word, &t->place.addr.name,
                  auth ? "AUTH" : (char *) t->kind->question.data, len, text);
}


void
ngx_violet_redis_ask_useless(ngx_violet_redis_topology_t *t,
    ngx_violet_redis_error_e error, const char *why)
{
    if (ngx_violet_redis_error_due(&t->errors, error)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: the %V at %V is not asked where the master "
                      "is, but the next one: %s",
                      &t->kind->word, &t->place.addr.name, why);
    }
}


/* The connection is closed already. */

static void
ngx_violet_redis_ask_lost(void *data, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why)
{
    ngx_violet_redis_topology_t  *t = data;

    switch (error) {

    case NGX_VIOLET_REDIS_ERROR_CONNECT:
        why = (err == NGX_ETIMEDOUT) ? "it does not answer"
                                     : "it cannot be reached";
        break;

    case NGX_VIOLET_REDIS_ERROR_CLOSED:
        why = "it closed the connection";
        break;

    case NGX_VIOLET_REDIS_ERROR_MEMORY:
        why = "no memory";
        break;

    default: /* the words are those of the connection */
        break;
    }

    ngx_violet_redis_ask_useless(t, error, why);
    ngx_violet_redis_ask_next(t);
}


static void
ngx_violet_redis_ask_next(ngx_violet_redis_topology_t *t)
{
    ngx_uint_t  n;
    ngx_msec_t  delay, pause, since, soon;

    ngx_violet_redis_connection_close(&t->ask);

    n = ngx_violet_redis_ask_hosts(t);
    delay = 1;

    /* it answered and closed the connection: the next one is asked later */

    since = ngx_current_msec - t->asked_at;
    soon = ngx_violet_redis_topology_soon(t);

    if (t->state == NGX_VIOLET_REDIS_ASK_READY && since < soon) {
        delay = soon - since;
    }

    t->state = NGX_VIOLET_REDIS_ASK_IDLE;
    t->at++;
    t->failures++;

    if (t->failures % n == 0) {
        pause = ngx_violet_redis_delay(t->failures / n - 1);
        delay = ngx_max(delay, pause);
    }

    ngx_violet_redis_ask_again(t, delay);
}


/* nginx keeps a timer that is set to almost the same time. */

static void
ngx_violet_redis_ask_again(ngx_violet_redis_topology_t *t, ngx_msec_t delay)
{
    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }

    ngx_add_timer(&t->timer, delay);
}
