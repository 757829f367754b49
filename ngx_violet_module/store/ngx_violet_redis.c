
/*
 * The Redis client: its connection.  The client object lives in the
 * configuration's pool; what changes at run time in it belongs to one
 * worker, which got its own copy by fork().  Commands are in
 * ngx_violet_redis_command.c.
 *
 * Commands wait in "pending" until the connection is open, authenticated, on
 * its database and has answered a PING; none is ever run before that.  After
 * a failure the connection is tried again in the background, after a
 * growing, jittered delay, and no command waits for it.
 */


#include "ngx_violet_redis_command.h"
#include "ngx_violet_redis_connect.h"
#include "ngx_violet_redis_clock.h"
#include "ngx_violet_redis_event.h"


/*
 * bytes that Redis must echo after a failure before it is used again: as many
 * as a report has, so that a Redis that sends a few bytes a second fails
 */
#define NGX_VIOLET_REDIS_PROBE        4096


static ngx_int_t ngx_violet_redis_connect(ngx_violet_redis_t *redis);
static redisAsyncContext *ngx_violet_redis_open(ngx_violet_redis_t *redis);
static redisAsyncContext *ngx_violet_redis_open_addr(ngx_addr_t *addr);
static void ngx_violet_redis_connected(const redisAsyncContext *ac,
    int status);
static void ngx_violet_redis_disconnected(const redisAsyncContext *ac,
    int status);
static void ngx_violet_redis_hello(ngx_event_t *ev);
static ngx_int_t ngx_violet_redis_send_preamble(ngx_violet_redis_t *redis);
static ngx_int_t ngx_violet_redis_preamble_command(ngx_violet_redis_t *redis,
    int argc, const char **argv, size_t *lens);
static void ngx_violet_redis_preamble_reply(redisAsyncContext *ac,
    void *reply, void *privdata);
static ngx_uint_t ngx_violet_redis_preamble_good(ngx_violet_redis_t *redis,
    redisReply *reply, char *command);
static void ngx_violet_redis_ready(ngx_violet_redis_t *redis);
static void ngx_violet_redis_lost(ngx_violet_redis_t *redis);
static void ngx_violet_redis_retry_later(ngx_violet_redis_t *redis);
static void ngx_violet_redis_connect_timeout(ngx_event_t *ev);
static void ngx_violet_redis_retry(ngx_event_t *ev);
static void ngx_violet_redis_drop(ngx_event_t *ev);


ngx_violet_redis_t *
ngx_violet_redis_create(ngx_pool_t *pool, ngx_violet_redis_conf_t *conf)
{
    ngx_violet_redis_t  *redis;

    redis = ngx_pcalloc(pool, sizeof(ngx_violet_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->conf = *conf;

    return redis;
}


ngx_violet_redis_conf_t *
ngx_violet_redis_conf(ngx_violet_redis_t *redis)
{
    return &redis->conf;
}


void
ngx_violet_redis_start(ngx_violet_redis_t *redis)
{
    ngx_uint_t    i;
    ngx_event_t  *ev[6];

    ngx_queue_init(&redis->pending);
    ngx_queue_init(&redis->sent);

    redis->connect_timer.handler = ngx_violet_redis_connect_timeout;
    redis->retry_timer.handler = ngx_violet_redis_retry;
    redis->stall_timer.handler = ngx_violet_redis_drop;
    redis->clock_timer.handler = ngx_violet_redis_clock_timer;
    redis->hello.handler = ngx_violet_redis_hello;
    redis->drop.handler = ngx_violet_redis_drop;

    ev[0] = &redis->connect_timer;
    ev[1] = &redis->retry_timer;
    ev[2] = &redis->stall_timer;
    ev[3] = &redis->hello;
    ev[4] = &redis->drop;
    ev[5] = &redis->clock_timer;

    for (i = 0; i < 6; i++) {
        ev[i]->data = redis;
        ev[i]->log = ngx_cycle->log;
        ev[i]->cancelable = 1;
    }

    redis->initialized = 1;

    ngx_violet_redis_retry(&redis->retry_timer);
}


static ngx_int_t
ngx_violet_redis_connect(ngx_violet_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = ngx_violet_redis_open(redis);
    if (ac == NULL) {
        return NGX_ERROR;
    }

    ac->data = redis;
    redis->ac = ac;
    redis->state = NGX_VIOLET_REDIS_CONNECTING;

    ngx_add_timer(&redis->connect_timer, redis->conf.connect_timeout);

    return NGX_OK;
}


static redisAsyncContext *
ngx_violet_redis_open(ngx_violet_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = ngx_violet_redis_open_addr(&redis->conf.addrs[redis->addr]);

    if (ac == NULL || ac->err) {

        if (ngx_violet_redis_error_tell(&redis->errors,
                                        NGX_VIOLET_REDIS_ERROR_CONNECT))
        {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "violet: cannot connect to Redis at \"%V\": %s",
                          &redis->conf.url, ac ? ac->errstr : "no memory");
        }

        if (ac) {
            redisAsyncFree(ac);
        }

        return NULL;
    }

    if (ngx_violet_redis_event_attach(ac, ngx_cycle->log) != NGX_OK) {
        redisAsyncFree(ac);
        return NULL;
    }

    if (redisAsyncSetConnectCallback(ac, ngx_violet_redis_connected)
        != REDIS_OK
        || redisAsyncSetDisconnectCallback(ac, ngx_violet_redis_disconnected)
           != REDIS_OK)
    {
        redisAsyncFree(ac);
        return NULL;
    }

    return ac;
}


/* The address was resolved with the configuration. */

static redisAsyncContext *
ngx_violet_redis_open_addr(ngx_addr_t *addr)
{
    u_char              text[NGX_SOCKADDR_STRLEN + 1];
    redisAsyncContext  *ac;

#if (NGX_HAVE_UNIX_DOMAIN)

    if (addr->sockaddr->sa_family == AF_UNIX) {
        return redisAsyncConnectUnix(
                        ((struct sockaddr_un *) addr->sockaddr)->sun_path);
    }

#endif

    text[ngx_sock_ntop(addr->sockaddr, addr->socklen, text,
                       NGX_SOCKADDR_STRLEN, 0)] = '\0';

    if (text[0] == '[') {
        text[ngx_strlen(text) - 1] = '\0';
        ngx_memmove(text, text + 1, ngx_strlen(text));
    }

    ac = redisAsyncConnect((char *) text, ngx_inet_get_port(addr->sockaddr));

    /* without memory for the address hiredis connects to this host */

    if (ac && ac->err == 0 && ac->c.tcp.host == NULL) {
        redisAsyncFree(ac);
        return NULL;
    }

    return ac;
}


static void
ngx_violet_redis_connected(const redisAsyncContext *ac, int status)
{
    ngx_violet_redis_t  *redis;

    redis = ac->data;

    if (redis->ac != ac) {
        return;
    }

    if (status != REDIS_OK) {

        if (ngx_violet_redis_error_tell(&redis->errors,
                                        NGX_VIOLET_REDIS_ERROR_CONNECT))
        {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "violet: cannot connect to Redis at \"%V\": %s",
                          &redis->conf.url, ac->c.errstr);
        }

        /* hiredis frees the context as soon as we return */

        redis->addr = (redis->addr + 1) % redis->conf.naddrs;
        ngx_violet_redis_lost(redis);
        return;
    }

    /* not in this callback: hiredis would write the queued commands itself */

    ngx_post_event(&redis->hello, &ngx_posted_events);
}


static void
ngx_violet_redis_hello(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (ngx_violet_redis_send_preamble(redis) != NGX_OK) {
        ngx_post_event(&redis->drop, &ngx_posted_events);
    }
}


static ngx_int_t
ngx_violet_redis_send_preamble(ngx_violet_redis_t *redis)
{
    int          argc;
    char         db[NGX_INT_T_LEN + 1], probe[NGX_VIOLET_REDIS_PROBE];
    size_t       lens[NGX_VIOLET_REDIS_AUTH_ARGS];
    const char  *argv[NGX_VIOLET_REDIS_AUTH_ARGS];

    redis->state = NGX_VIOLET_REDIS_PREAMBLE;
    redis->preamble = 0;

    argc = ngx_violet_redis_auth(&redis->conf, argv, lens);

    if (argc
        && ngx_violet_redis_preamble_command(redis, argc, argv, lens)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (redis->conf.db) {
        argv[0] = "SELECT";
        lens[0] = 6;

        argv[1] = db;
        lens[1] = ngx_sprintf((u_char *) db, "%ui", redis->conf.db)
                  - (u_char *) db;

        if (ngx_violet_redis_preamble_command(redis, 2, argv, lens) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* the kernel accepts connections for a Redis that hangs: ask for a reply */

    if (redis->failures) {
        argv[0] = "PING";
        lens[0] = 4;

        ngx_memset(probe, '.', sizeof(probe));
        argv[1] = probe;
        lens[1] = sizeof(probe);

        if (ngx_violet_redis_preamble_command(redis, 2, argv, lens) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    argv[0] = "TIME";
    lens[0] = 4;

    redis->clock_asked = ngx_violet_clock();

    return ngx_violet_redis_preamble_command(redis, 1, argv, lens);
}


static ngx_int_t
ngx_violet_redis_preamble_command(ngx_violet_redis_t *redis, int argc,
    const char **argv, size_t *lens)
{
    int                 rc;
    redisCallback      *last;
    redisAsyncContext  *ac;

    ac = redis->ac;
    last = ac->replies.tail;

    rc = redisAsyncCommandArgv(ac, ngx_violet_redis_preamble_reply,
                               (void *) argv[0], argc, argv, lens);

    if (ngx_violet_redis_accepted(redis, ac, last, rc) != NGX_OK) {
        return NGX_ERROR;
    }

    redis->preamble++;

    return NGX_OK;
}


static void
ngx_violet_redis_preamble_reply(redisAsyncContext *ac, void *data,
    void *privdata)
{
    char                *command = privdata;
    redisReply          *reply = data;
    ngx_violet_redis_t  *redis = ac->data;

    if (reply == NULL || redis->ac != ac) {
        return;
    }

    if (!ngx_violet_redis_preamble_good(redis, reply, command)) {
        ngx_violet_redis_error_log(&redis->errors, &redis->conf.url, command,
                                   reply);

        /* not later: the bytes that were read may hold more replies */

        ngx_violet_redis_drop(&redis->drop);
        return;
    }

    if (--redis->preamble == 0) {
        ngx_violet_redis_ready(redis);
    }

    ngx_violet_redis_check_excess(redis, ac);
}


static ngx_uint_t
ngx_violet_redis_preamble_good(ngx_violet_redis_t *redis, redisReply *reply,
    char *command)
{
    if (ngx_strcmp(command, "TIME") == 0) {
        return ngx_violet_redis_clock_take(redis, reply) == NGX_OK;
    }

    if (reply->type == REDIS_REPLY_STATUS) {
        return 1;
    }

    /* the echo of a probe */

    return reply->type == REDIS_REPLY_STRING
           && reply->len == NGX_VIOLET_REDIS_PROBE
           && ngx_strcmp(command, "PING") == 0;
}


static void
ngx_violet_redis_ready(ngx_violet_redis_t *redis)
{
    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->failures) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" is connected again",
                      &redis->conf.url);
    }

    redis->state = NGX_VIOLET_REDIS_READY;
    redis->distrusted = 0;

    ngx_add_timer(&redis->clock_timer, NGX_VIOLET_REDIS_CLOCK_PERIOD);

    ngx_violet_redis_send_pending(redis);
}


/*
 * The connection is closed or about to be: pending commands fail, and the
 * breaker is open until another connection is ready.  hiredis calls back the
 * commands that were sent, without a reply.
 */

static void
ngx_violet_redis_lost(ngx_violet_redis_t *redis)
{
    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->stall_timer.timer_set) {
        ngx_del_timer(&redis->stall_timer);
    }

    if (redis->clock_timer.timer_set) {
        ngx_del_timer(&redis->clock_timer);
    }

    redis->clock.known = 0;

    if (redis->hello.posted) {
        ngx_delete_posted_event(&redis->hello);
    }

    if (redis->drop.posted) {
        ngx_delete_posted_event(&redis->drop);
    }

    /* once a new connection was tried, a failure is Redis's own */

    redis->distrusted &= (redis->state == NGX_VIOLET_REDIS_READY);

    redis->ac = NULL;
    redis->state = NGX_VIOLET_REDIS_IDLE;
    redis->stalled = 0;

    ngx_violet_redis_retry_later(redis);

    ngx_violet_redis_fail_pending(redis);
}


static void
ngx_violet_redis_retry_later(ngx_violet_redis_t *redis)
{
    ngx_add_timer(&redis->retry_timer,
                  ngx_violet_redis_delay(redis->failures));

    redis->failures++;
}


static void
ngx_violet_redis_disconnected(const redisAsyncContext *ac, int status)
{
    ngx_violet_redis_t  *redis;

    redis = ac->data;

    /* ngx_violet_redis_drop() has already replaced this context */

    if (redis->ac != ac) {
        return;
    }

    if (ngx_violet_redis_error_tell(&redis->errors,
                                    NGX_VIOLET_REDIS_ERROR_CLOSED))
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" closed the connection%s%s",
                      &redis->conf.url,
                      status == REDIS_OK ? "" : ": ",
                      status == REDIS_OK ? "" : ac->errstr);
    }

    ngx_violet_redis_lost(redis);
}


static void
ngx_violet_redis_connect_timeout(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (ngx_violet_redis_error_tell(&redis->errors,
                                    NGX_VIOLET_REDIS_ERROR_CONNECT))
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" did not answer within %Mms "
                      "while connecting",
                      &redis->conf.url, redis->conf.connect_timeout);
    }

    redis->addr = (redis->addr + 1) % redis->conf.naddrs;

    ngx_violet_redis_drop(&redis->drop);
}


static void
ngx_violet_redis_retry(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    if (ngx_violet_redis_connect(redis) != NGX_OK) {
        redis->distrusted = 0;
        ngx_violet_redis_retry_later(redis);
    }
}


static void
ngx_violet_redis_drop(ngx_event_t *ev)
{
    redisAsyncContext   *ac;
    ngx_violet_redis_t  *redis;

    redis = ev->data;
    ac = redis->ac;

    if (ac == NULL) {
        return;
    }

    ngx_violet_redis_lost(redis);

    /* within a callback this only marks the context */

    redisAsyncFree(ac);
}


ngx_violet_redis_status_e
ngx_violet_redis_status_merge(ngx_violet_redis_status_e known,
    ngx_violet_redis_status_e status)
{
    if (known == NGX_VIOLET_REDIS_DOWN || known == NGX_VIOLET_REDIS_TIMEOUT
        || status == NGX_VIOLET_REDIS_NONE)
    {
        return known;
    }

    return status == NGX_VIOLET_REDIS_MEMORY ? NGX_VIOLET_REDIS_DOWN : status;
}


void
ngx_violet_redis_close(ngx_violet_redis_t *redis)
{
    if (!redis->initialized) {
        return;
    }

    ngx_violet_redis_drop(&redis->drop);

    if (redis->retry_timer.timer_set) {
        ngx_del_timer(&redis->retry_timer);
    }
}
