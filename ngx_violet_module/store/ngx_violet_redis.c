
/*
 * The Redis client: its life.  The client object lives in the configuration's
 * pool; what changes at run time in it belongs to one worker, which got its
 * own copy by fork().  Commands are in ngx_violet_redis_command.c.
 *
 * Commands wait in "pending" until the connection is open, authenticated, to
 * a master, on its database, and has told its time; none is ever run before
 * that.  After a failure the connection is tried again in the background,
 * after a growing, jittered delay, and no command waits for it but those that
 * ask for that.
 */


#include "ngx_violet_redis_command.h"
#include "ngx_violet_redis_clock.h"
#include "ngx_violet_redis_connect.h"


/* bytes of a reply beside its longest string */
#define NGX_VIOLET_REDIS_REPLY_REST   65536

/* elements of a reply, in all its arrays */
#define NGX_VIOLET_REDIS_REPLY_PARTS  1024


static void ngx_violet_redis_moved(void *data);
static void ngx_violet_redis_connected(void *data);
static void ngx_violet_redis_reply(void *data, violet_reply_t *reply);
static void ngx_violet_redis_ready(ngx_violet_redis_t *redis);
static void ngx_violet_redis_failed(void *data,
    ngx_violet_redis_error_e error, ngx_err_t err, const char *why);
static void ngx_violet_redis_writing(void *data);
static void ngx_violet_redis_lost(ngx_violet_redis_t *redis);
static void ngx_violet_redis_retry_in(ngx_violet_redis_t *redis,
    ngx_msec_t delay);
static void ngx_violet_redis_retry(ngx_event_t *ev);
static void ngx_violet_redis_drop(ngx_event_t *ev);


static ngx_violet_redis_connection_handlers_t  ngx_violet_redis_handlers = {
    ngx_violet_redis_connected,
    ngx_violet_redis_reply,
    ngx_violet_redis_failed,
    ngx_violet_redis_writing
};


ngx_violet_redis_t *
ngx_violet_redis_create(ngx_pool_t *pool, ngx_violet_redis_conf_t *conf)
{
    ngx_violet_redis_t             *redis;
    ngx_violet_redis_connection_t  *rc;

    redis = ngx_pcalloc(pool, sizeof(ngx_violet_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->conf = *conf;

    redis->topology = ngx_violet_redis_topology_create(pool, &redis->conf);
    if (redis->topology == NULL) {
        return NULL;
    }

    redis->user.moved = ngx_violet_redis_moved;
    redis->user.data = redis;

    ngx_violet_redis_topology_add(redis->topology, &redis->user);

    rc = &redis->connection;

    rc->handlers = &ngx_violet_redis_handlers;
    rc->data = redis;
    rc->counted = 1;
    rc->limits.total = NGX_VIOLET_REDIS_REPLY_REST;
    rc->limits.elements = NGX_VIOLET_REDIS_REPLY_PARTS;

    return redis;
}


ngx_uint_t
ngx_violet_redis_losses(ngx_violet_redis_t *redis)
{
    return redis->losses;
}


ngx_violet_redis_topology_t *
ngx_violet_redis_topology(ngx_violet_redis_t *redis)
{
    return redis->topology;
}


ngx_violet_redis_conf_t *
ngx_violet_redis_conf(ngx_violet_redis_t *redis)
{
    return &redis->conf;
}


void
ngx_violet_redis_allow(ngx_violet_redis_t *redis, size_t bytes)
{
    size_t  *total;

    total = &redis->connection.limits.total;

    *total = ngx_max(*total, bytes + NGX_VIOLET_REDIS_REPLY_REST);
}


void
ngx_violet_redis_on_demoted(ngx_violet_redis_t *redis,
    ngx_violet_redis_demoted_pt handler, void *data)
{
    redis->on_demoted = handler;
    redis->on_demoted_data = data;
}


void
ngx_violet_redis_on_writing(ngx_violet_redis_t *redis,
    ngx_violet_redis_writing_pt handler, void *data)
{
    redis->on_writing = handler;
    redis->on_writing_data = data;
}


void
ngx_violet_redis_start(ngx_violet_redis_t *redis)
{
    ngx_uint_t    i;
    ngx_event_t  *ev[5];

    ngx_queue_init(&redis->pending);
    ngx_queue_init(&redis->sent);

    redis->retry_timer.handler = ngx_violet_redis_retry;
    redis->stall_timer.handler = ngx_violet_redis_stall_timer;
    redis->deadline_timer.handler = ngx_violet_redis_deadline_timer;
    redis->clock_timer.handler = ngx_violet_redis_clock_timer;
    redis->drop.handler = ngx_violet_redis_drop;

    ev[0] = &redis->retry_timer;
    ev[1] = &redis->stall_timer;
    ev[2] = &redis->clock_timer;
    ev[3] = &redis->drop;
    ev[4] = &redis->deadline_timer;

    for (i = 0; i < 5; i++) {
        ev[i]->data = redis;
        ev[i]->log = ngx_cycle->log;
        ev[i]->cancelable = 1;
    }

    redis->initialized = 1;

    ngx_violet_redis_topology_start(redis->topology);

    ngx_violet_redis_retry(&redis->retry_timer);
}


/* The topology knows another address, or the first one. */

static void
ngx_violet_redis_moved(void *data)
{
    ngx_violet_redis_t  *redis = data;

    redis->moving = 1;

    if (redis->state == NGX_VIOLET_REDIS_IDLE) {
        ngx_violet_redis_retry_in(redis, 1);
        return;
    }

    ngx_violet_redis_connection_stop(&redis->connection);

    ngx_post_event(&redis->drop, &ngx_posted_events);
}


static void
ngx_violet_redis_connected(void *data)
{
    ngx_violet_redis_t  *redis = data;

    if (ngx_violet_redis_preamble_send(redis) != NGX_OK) {
        ngx_violet_redis_lost(redis);
    }
}


static void
ngx_violet_redis_reply(void *data, violet_reply_t *reply)
{
    ngx_violet_redis_t  *redis = data;

    const char  *command;

    if (redis->state == NGX_VIOLET_REDIS_READY) {
        ngx_violet_redis_command_reply(redis, reply);
        return;
    }

    command = redis->preamble[redis->answered++];

    if (ngx_violet_redis_preamble_reply(redis, command, reply) != NGX_OK) {
        ngx_violet_redis_lost(redis);
        return;
    }

    if (redis->answered == redis->npreamble) {
        ngx_violet_redis_ready(redis);
    }
}


static void
ngx_violet_redis_ready(ngx_violet_redis_t *redis)
{
    ngx_violet_redis_connection_ready(&redis->connection);

    /* a failure that was not logged again has no end in the log either */

    if (redis->failures && redis->errors.lines != redis->lines) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Redis at \"%V\" is connected again",
                      ngx_violet_redis_name(redis));
    }

    redis->lines = redis->errors.lines;

    redis->state = NGX_VIOLET_REDIS_READY;
    redis->ready_at = ngx_current_msec;
    redis->tries = 0;
    redis->distrusted = 0;

    redis->user.ready = 1;

    ngx_violet_redis_count_ready(redis);

    ngx_violet_redis_topology_found(redis->topology);

    ngx_add_timer(&redis->clock_timer, NGX_VIOLET_REDIS_CLOCK_PERIOD);

    ngx_violet_redis_send_pending(redis);
}


/* The connection is closed already. */

static void
ngx_violet_redis_failed(void *data, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why)
{
    ngx_violet_redis_t  *redis = data;

    if (error == NGX_VIOLET_REDIS_ERROR_MEMORY) {
        redis->distrusted = 1;
    }

    ngx_violet_redis_error_lost(&redis->errors,
                                ngx_violet_redis_name(redis),
                                redis->conf.connect_timeout, error, err, why);

    ngx_violet_redis_lost(redis);
}


static void
ngx_violet_redis_writing(void *data)
{
    ngx_violet_redis_t  *redis = data;

    if (redis->on_writing) {
        redis->on_writing(redis->on_writing_data);
    }
}


/*
 * The connection is closed.  Commands fail, and the breaker is open until
 * another connection is ready.
 */

static void
ngx_violet_redis_lost(ngx_violet_redis_t *redis)
{
    ngx_msec_t  delay;
    ngx_uint_t  demoted;

    ngx_violet_redis_connection_close(&redis->connection);

    if (redis->stall_timer.timer_set) {
        ngx_del_timer(&redis->stall_timer);
    }

    if (redis->clock_timer.timer_set) {
        ngx_del_timer(&redis->clock_timer);
    }

    if (redis->drop.posted) {
        ngx_delete_posted_event(&redis->drop);
    }

    /* once a new connection was tried, a failure is Redis's own */

    if (redis->state != NGX_VIOLET_REDIS_READY) {
        redis->distrusted = 0;
        redis->tries++;

    } else {
        redis->losses++;
    }

    demoted = redis->demoted;

    ngx_violet_redis_count_lost(redis);

    redis->state = NGX_VIOLET_REDIS_IDLE;
    redis->user.open = 0;
    redis->user.ready = 0;
    redis->clock.known = 0;
    redis->stalled = 0;
    redis->demoted = 0;

    delay = ngx_violet_redis_topology_delay(redis->topology, &redis->user,
                                    ngx_violet_redis_delay(redis->failures));

    ngx_violet_redis_retry_in(redis, redis->moving ? 1 : delay);

    redis->failures++;

    if (!redis->moving) {
        ngx_violet_redis_topology_lost(redis->topology);
    }

    ngx_violet_redis_fail_commands(redis, ngx_exiting || ngx_terminate);

    if (demoted && redis->on_demoted) {
        redis->on_demoted(redis->on_demoted_data);
    }
}


/* nginx keeps a timer that is set to almost the same time. */

static void
ngx_violet_redis_retry_in(ngx_violet_redis_t *redis, ngx_msec_t delay)
{
    if (redis->retry_timer.timer_set) {
        ngx_del_timer(&redis->retry_timer);
    }

    ngx_add_timer(&redis->retry_timer, delay);
}


static void
ngx_violet_redis_retry(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (ngx_exiting || ngx_terminate) {
        return;
    }

    if (redis->retry_timer.timer_set) {
        ngx_del_timer(&redis->retry_timer);
    }

    redis->moving = 0;

    /* ngx_violet_redis_moved() is called once an address is known */

    if (ngx_violet_redis_topology_where(redis->topology, &redis->user,
                                        redis->tries)
        != NGX_OK)
    {
        return;
    }

    redis->state = NGX_VIOLET_REDIS_CONNECTING;
    redis->user.open = 1;

    ngx_violet_redis_connection_open(&redis->connection,
                                     &redis->conf, &redis->user.place.addr,
                                     redis->user.place.ssl_name);
}


static void
ngx_violet_redis_drop(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (redis->state != NGX_VIOLET_REDIS_IDLE) {
        ngx_violet_redis_lost(redis);
    }
}


ngx_uint_t
ngx_violet_redis_is_up(ngx_violet_redis_t *redis)
{
    return redis->state == NGX_VIOLET_REDIS_READY && !redis->stalled
           && !redis->drop.posted;
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

    if (redis->state != NGX_VIOLET_REDIS_IDLE) {
        ngx_violet_redis_lost(redis);
    }

    ngx_violet_redis_fail_commands(redis, 1);

    ngx_violet_redis_connection_end(&redis->connection);

    ngx_violet_redis_topology_close(redis->topology);

    if (redis->retry_timer.timer_set) {
        ngx_del_timer(&redis->retry_timer);
    }

    if (redis->deadline_timer.timer_set) {
        ngx_del_timer(&redis->deadline_timer);
    }
}
