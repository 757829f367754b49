
/*
 * The Redis client: its connection.  The client object lives in the
 * configuration's pool; what changes at run time in it belongs to one
 * worker, which got its own copy by fork().  Commands are in
 * ngx_violet_redis_command.c.
 *
 * Commands wait in "pending" until the connection is open, authenticated and
 * on its database; none is ever run before that.  After a failure the
 * connection is tried again no sooner than a growing, jittered delay; until
 * then the breaker is open.
 */


#include "ngx_violet_redis_command.h"
#include "ngx_violet_redis_event.h"


#define NGX_VIOLET_REDIS_MIN_BACKOFF   100
#define NGX_VIOLET_REDIS_MAX_BACKOFF   5000

/* how long an error reply is not logged again */
#define NGX_VIOLET_REDIS_COMPLAIN      60000


static void ngx_violet_redis_init(ngx_violet_redis_t *redis);
static ngx_int_t ngx_violet_redis_connect(ngx_violet_redis_t *redis);
static redisAsyncContext *ngx_violet_redis_open(ngx_violet_redis_t *redis);
static void ngx_violet_redis_connected(const redisAsyncContext *ac,
    int status);
static void ngx_violet_redis_disconnected(const redisAsyncContext *ac,
    int status);
static ngx_int_t ngx_violet_redis_send_preamble(ngx_violet_redis_t *redis);
static void ngx_violet_redis_preamble_reply(redisAsyncContext *ac,
    void *reply, void *privdata);
static void ngx_violet_redis_ready(ngx_violet_redis_t *redis);
static void ngx_violet_redis_lost(ngx_violet_redis_t *redis);
static void ngx_violet_redis_connect_timeout(ngx_event_t *ev);
static void ngx_violet_redis_drop(ngx_event_t *ev);
static ngx_int_t ngx_violet_redis_send(ngx_violet_redis_command_t *cmd);
static void ngx_violet_redis_reply(redisAsyncContext *ac, void *reply,
    void *privdata);
static ngx_uint_t ngx_violet_redis_error(ngx_violet_redis_command_t *cmd,
    redisReply *reply);
static void ngx_violet_redis_check_excess(redisAsyncContext *ac,
    ngx_violet_redis_t *redis);


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


ngx_violet_redis_status_e
ngx_violet_redis_script(ngx_violet_redis_t *redis,
    ngx_violet_redis_script_t *script, ngx_str_t *args, ngx_uint_t nkeys,
    ngx_uint_t nargs, ngx_msec_t timeout, ngx_violet_redis_handler_pt handler,
    void *data)
{
    ngx_violet_redis_command_t  *cmd;

    if (!redis->initialized) {
        ngx_violet_redis_init(redis);
    }

    if (redis->state != NGX_VIOLET_REDIS_READY && redis->failures) {

        /* one command at a time finds out whether Redis is back */

        if ((ngx_msec_int_t) (redis->retry_at - ngx_current_msec) > 0
            || redis->state != NGX_VIOLET_REDIS_IDLE)
        {
            return NGX_VIOLET_REDIS_OPEN;
        }
    }

    if (redis->drop.posted) {
        return NGX_VIOLET_REDIS_OPEN;
    }

    cmd = ngx_violet_redis_create_command(redis, script, args, nkeys, nargs);

    if (cmd == NULL) {
        return NGX_VIOLET_REDIS_DOWN;
    }

    if (redis->state == NGX_VIOLET_REDIS_IDLE
        && ngx_violet_redis_connect(redis) != NGX_OK)
    {
        ngx_violet_redis_free_command(cmd);
        return NGX_VIOLET_REDIS_DOWN;
    }

    cmd->handler = handler;
    cmd->data = data;

    if (redis->state != NGX_VIOLET_REDIS_READY) {
        ngx_queue_insert_tail(&redis->pending, &cmd->queue);

    } else if (ngx_violet_redis_send(cmd) != NGX_OK) {
        ngx_violet_redis_free_command(cmd);
        return NGX_VIOLET_REDIS_DOWN;
    }

    ngx_add_timer(&cmd->timer, timeout);

    return NGX_VIOLET_REDIS_OK;
}


static void
ngx_violet_redis_init(ngx_violet_redis_t *redis)
{
    ngx_queue_init(&redis->pending);

    redis->connect_timer.handler = ngx_violet_redis_connect_timeout;
    redis->connect_timer.data = redis;
    redis->connect_timer.log = ngx_cycle->log;
    redis->connect_timer.cancelable = 1;

    redis->drop.handler = ngx_violet_redis_drop;
    redis->drop.data = redis;
    redis->drop.log = ngx_cycle->log;

    redis->initialized = 1;
}


static ngx_int_t
ngx_violet_redis_connect(ngx_violet_redis_t *redis)
{
    redisAsyncContext  *ac;

    ac = ngx_violet_redis_open(redis);
    if (ac == NULL) {
        redis->failures++;
        redis->retry_at = ngx_current_msec + NGX_VIOLET_REDIS_MIN_BACKOFF;
        return NGX_ERROR;
    }

    ac->data = redis;
    redis->ac = ac;
    redis->state = NGX_VIOLET_REDIS_CONNECTING;
    redis->timeouts = 0;

    ngx_add_timer(&redis->connect_timer, redis->conf.connect_timeout);

    return NGX_OK;
}


static redisAsyncContext *
ngx_violet_redis_open(ngx_violet_redis_t *redis)
{
    u_char              text[NGX_SOCKADDR_STRLEN + 1];
    ngx_addr_t         *addr;
    redisAsyncContext  *ac;

    addr = &redis->conf.addrs[redis->addr];

#if (NGX_HAVE_UNIX_DOMAIN)
    if (addr->sockaddr->sa_family == AF_UNIX) {
        ac = redisAsyncConnectUnix(
                        ((struct sockaddr_un *) addr->sockaddr)->sun_path);
    } else
#endif
    {
        /* the address was resolved with the configuration */

        text[ngx_sock_ntop(addr->sockaddr, addr->socklen, text,
                           NGX_SOCKADDR_STRLEN, 0)] = '\0';

        if (text[0] == '[') {
            text[ngx_strlen(text) - 1] = '\0';
            ngx_memmove(text, text + 1, ngx_strlen(text));
        }

        ac = redisAsyncConnect((char *) text,
                               ngx_inet_get_port(addr->sockaddr));
    }

    if (ac == NULL || ac->err) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: cannot connect to Redis at \"%V\": %s",
                      &redis->conf.url, ac ? ac->errstr : "no memory");

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


static void
ngx_violet_redis_connected(const redisAsyncContext *ac, int status)
{
    ngx_violet_redis_t  *redis;

    redis = ac->data;

    if (redis->ac != ac) {
        return;
    }

    if (status != REDIS_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: cannot connect to Redis at \"%V\": %s",
                      &redis->conf.url, ac->c.errstr);

        /* hiredis frees the context as soon as we return */

        redis->addr = (redis->addr + 1) % redis->conf.naddrs;
        ngx_violet_redis_lost(redis);
        return;
    }

    if (ngx_violet_redis_send_preamble(redis) != NGX_OK) {
        ngx_post_event(&redis->drop, &ngx_posted_events);
    }
}


static ngx_int_t
ngx_violet_redis_send_preamble(ngx_violet_redis_t *redis)
{
    int          argc;
    char         db[NGX_INT_T_LEN + 1];
    size_t       lens[3];
    const char  *argv[3];

    redis->state = NGX_VIOLET_REDIS_PREAMBLE;
    redis->preamble = 0;

    if (redis->conf.password.len) {
        argc = 0;

        argv[argc] = "AUTH";
        lens[argc++] = 4;

        if (redis->conf.username.len) {
            argv[argc] = (char *) redis->conf.username.data;
            lens[argc++] = redis->conf.username.len;
        }

        argv[argc] = (char *) redis->conf.password.data;
        lens[argc++] = redis->conf.password.len;

        if (redisAsyncCommandArgv(redis->ac, ngx_violet_redis_preamble_reply,
                                  "AUTH", argc, argv, lens)
            != REDIS_OK)
        {
            return NGX_ERROR;
        }

        redis->preamble++;
    }

    if (redis->conf.db) {
        argv[0] = "SELECT";
        lens[0] = 6;

        argv[1] = db;
        lens[1] = ngx_sprintf((u_char *) db, "%ui", redis->conf.db)
                  - (u_char *) db;

        if (redisAsyncCommandArgv(redis->ac, ngx_violet_redis_preamble_reply,
                                  "SELECT", 2, argv, lens)
            != REDIS_OK)
        {
            return NGX_ERROR;
        }

        redis->preamble++;
    }

    /* the kernel accepts for a Redis that hangs: let it say something */

    if (redis->preamble == 0) {
        argv[0] = "PING";
        lens[0] = 4;

        if (redisAsyncCommandArgv(redis->ac, ngx_violet_redis_preamble_reply,
                                  "PING", 1, argv, lens)
            != REDIS_OK)
        {
            return NGX_ERROR;
        }

        redis->preamble++;
    }

    return NGX_OK;
}


static void
ngx_violet_redis_preamble_reply(redisAsyncContext *ac, void *data,
    void *privdata)
{
    redisReply          *reply = data;
    ngx_violet_redis_t  *redis = ac->data;

    u_char     buf[NGX_VIOLET_REDIS_WORDS];
    ngx_str_t  words;

    if (reply == NULL || redis->ac != ac) {
        return;
    }

    if (reply->type != REDIS_REPLY_STATUS) {
        /* an AUTH that Redis does not know comes back with its arguments */

        words = ngx_violet_redis_words(reply, buf, sizeof(buf),
                                       ngx_strcmp(privdata, "AUTH") == 0);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" refused %s: %V",
                      &redis->conf.url, privdata, &words);

        /* not later: more replies may follow in what was read */

        ngx_violet_redis_drop(&redis->drop);
        return;
    }

    ngx_violet_redis_check_excess(ac, redis);

    if (redis->ac == ac && --redis->preamble == 0) {
        ngx_violet_redis_ready(redis);
    }
}


static void
ngx_violet_redis_ready(ngx_violet_redis_t *redis)
{
    ngx_queue_t                 *q;
    ngx_violet_redis_command_t  *cmd;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->failures) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" is connected again",
                      &redis->conf.url);
    }

    redis->state = NGX_VIOLET_REDIS_READY;

    while (!ngx_queue_empty(&redis->pending)) {
        q = ngx_queue_head(&redis->pending);
        ngx_queue_remove(q);

        cmd = ngx_queue_data(q, ngx_violet_redis_command_t, queue);

        if (ngx_violet_redis_send(cmd) != NGX_OK) {
            ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);
            ngx_violet_redis_free_command(cmd);
        }
    }
}


/*
 * The connection is gone or about to be: whoever still waits for it is told,
 * and the breaker opens for a while.  Commands that were sent are told by
 * hiredis, which calls them back without a reply.
 */

static void
ngx_violet_redis_lost(ngx_violet_redis_t *redis)
{
    ngx_uint_t                   n;
    ngx_msec_t                   delay;
    ngx_queue_t                 *q;
    ngx_violet_redis_command_t  *cmd;

    if (redis->connect_timer.timer_set) {
        ngx_del_timer(&redis->connect_timer);
    }

    if (redis->drop.posted) {
        ngx_delete_posted_event(&redis->drop);
    }

    redis->ac = NULL;
    redis->state = NGX_VIOLET_REDIS_IDLE;
    redis->complained = 0;

    n = ngx_min(redis->failures, 8);
    delay = ngx_min(NGX_VIOLET_REDIS_MIN_BACKOFF << n,
                    NGX_VIOLET_REDIS_MAX_BACKOFF);

    redis->failures++;
    redis->retry_at = ngx_current_msec + delay / 2
                      + (ngx_msec_t) ngx_random() % (delay / 2 + 1);

    while (!ngx_queue_empty(&redis->pending)) {
        q = ngx_queue_head(&redis->pending);
        ngx_queue_remove(q);

        cmd = ngx_queue_data(q, ngx_violet_redis_command_t, queue);

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);
        ngx_violet_redis_free_command(cmd);
    }
}


static void
ngx_violet_redis_disconnected(const redisAsyncContext *ac, int status)
{
    ngx_violet_redis_t  *redis;

    redis = ac->data;

    /* a context that drop() has already given up */

    if (redis->ac != ac) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" closed the connection%s%s",
                  &redis->conf.url,
                  status == REDIS_OK ? "" : ": ",
                  status == REDIS_OK ? "" : ac->errstr);

    ngx_violet_redis_lost(redis);
}


static void
ngx_violet_redis_connect_timeout(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" did not answer within %Mms "
                  "while connecting",
                  &redis->conf.url, redis->conf.connect_timeout);

    redis->addr = (redis->addr + 1) % redis->conf.naddrs;

    ngx_violet_redis_drop(&redis->drop);
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


void
ngx_violet_redis_note(ngx_violet_redis_status_e *known,
    ngx_violet_redis_status_e status)
{
    if (*known == NGX_VIOLET_REDIS_DOWN || *known == NGX_VIOLET_REDIS_TIMEOUT
        || status == NGX_VIOLET_REDIS_NONE)
    {
        return;
    }

    *known = status;
}


void
ngx_violet_redis_close(ngx_violet_redis_t *redis)
{
    if (redis->initialized) {
        ngx_violet_redis_drop(&redis->drop);
    }
}


/*
 * After NGX_OK the command is freed by its reply, which always comes: hiredis
 * calls back without one when the connection goes.
 */

static ngx_int_t
ngx_violet_redis_send(ngx_violet_redis_command_t *cmd)
{
    if (redisAsyncFormattedCommand(cmd->redis->ac, ngx_violet_redis_reply,
                                   cmd, cmd->request, cmd->len)
        != REDIS_OK)
    {
        return NGX_ERROR;
    }

    cmd->sent = 1;

    return NGX_OK;
}


static void
ngx_violet_redis_reply(redisAsyncContext *ac, void *data, void *privdata)
{
    redisReply                  *reply = data;
    ngx_violet_redis_command_t  *cmd = privdata;

    ngx_violet_redis_t  *redis;

    redis = cmd->redis;

    if (reply == NULL) {
        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);
        ngx_violet_redis_free_command(cmd);
        return;
    }

    redis->timeouts = 0;

    if (reply->type == REDIS_REPLY_ERROR) {

        if (ngx_violet_redis_error(cmd, reply)
            && ngx_violet_redis_send(cmd) == NGX_OK)
        {
            return;
        }

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_DOWN, NULL);

    } else {
        redis->failures = 0;

        ngx_violet_redis_done(cmd, NGX_VIOLET_REDIS_OK, reply);
    }

    ngx_violet_redis_free_command(cmd);

    ngx_violet_redis_check_excess(ac, redis);
}


/* Returns true if the command is to be sent again, with its source. */

static ngx_uint_t
ngx_violet_redis_error(ngx_violet_redis_command_t *cmd, redisReply *reply)
{
    u_char               buf[NGX_VIOLET_REDIS_WORDS];
    ngx_str_t            words;
    ngx_violet_redis_t  *redis;

    redis = cmd->redis;

    if (reply->len >= 8 && ngx_strncmp(reply->str, "NOSCRIPT", 8) == 0
        && !cmd->by_source)
    {
        /* one that nobody waits for any more is not run late */

        return !cmd->done && redis->ac != NULL && !redis->drop.posted
               && ngx_violet_redis_use_source(cmd) == NGX_OK;
    }

    if (!redis->complained
        || ngx_current_msec - redis->complained_at
           >= NGX_VIOLET_REDIS_COMPLAIN)
    {
        words = ngx_violet_redis_words(reply, buf, sizeof(buf), 0);

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" answered \"%V\"",
                      &redis->conf.url, &words);

        redis->complained = 1;
        redis->complained_at = ngx_current_msec;
    }

    return 0;
}


/* hiredis would abort() on them, see ngx_violet_redis_event.c. */

static void
ngx_violet_redis_check_excess(redisAsyncContext *ac,
    ngx_violet_redis_t *redis)
{
    if (redis->ac != ac || ac->replies.head != NULL
        || ac->c.reader->pos >= ac->c.reader->len)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" sent more than it was asked for, "
                  "closing the connection", &redis->conf.url);

    ngx_violet_redis_drop(&redis->drop);
}
