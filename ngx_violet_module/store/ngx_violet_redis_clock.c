
/*
 * Redis's clock.  TIME is asked at connecting and each second after that,
 * which is the sign of life of an idle connection as well: a Redis that hangs
 * is bypassed before a request has waited for it.  HELLO is asked with it: a
 * master that has become a replica goes on to answer everything else.
 */


#include "ngx_violet_redis_clock.h"
#include "ngx_violet_redis_hello.h"


static void ngx_violet_redis_slot_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_redis_role_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_redis_clock_odd(ngx_violet_redis_t *redis,
    const char *command);
static void ngx_violet_redis_clock_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);


ngx_int_t
ngx_violet_redis_clock_take(ngx_violet_redis_t *redis, violet_reply_t *reply)
{
    off_t            n[2];
    ngx_uint_t       i;
    violet_reply_t  *part;

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements != 2) {
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        part = &reply->element[i];

        if (part->type != VIOLET_REPLY_STRING) {
            return NGX_ERROR;
        }

        n[i] = ngx_atoof((u_char *) part->str, part->len);

        if (n[i] == NGX_ERROR || n[i] > (i ? 999999 : NGX_MAX_UINT32_VALUE)) {
            return NGX_ERROR;
        }
    }

    (void) violet_clock_sample(&redis->clock, redis->clock_asked,
                               ngx_violet_clock(),
                               (int64_t) n[0] * 1000 + n[1] / 1000);

    return NGX_OK;
}


int64_t
ngx_violet_redis_clock(ngx_violet_redis_t *redis)
{
    return violet_clock_there(&redis->clock, ngx_violet_clock());
}


int64_t
ngx_violet_redis_elapsed(ngx_violet_redis_t *redis, int64_t elapsed)
{
    return violet_clock_elapsed(&redis->clock, elapsed, ngx_violet_clock());
}


ngx_uint_t
ngx_violet_redis_leaps(ngx_violet_redis_t *redis)
{
    return redis->clock.leaps;
}


void
ngx_violet_redis_clock_timer(ngx_event_t *ev)
{
    ngx_violet_redis_t  *redis;

    redis = ev->data;

    if (!redis->clock_asking) {
        (void) ngx_violet_redis_command(redis, "HELLO", NULL, 0,
                                        redis->conf.timeout,
                                        ngx_violet_redis_role_answered, redis);

        if (redis->conf.cluster) {
            (void) ngx_violet_redis_command(redis, "GET",
                                            &redis->conf.slot_key, 1,
                                            redis->conf.timeout,
                                            ngx_violet_redis_slot_answered,
                                            redis);
        }

        if (ngx_violet_redis_command(redis, "TIME", NULL, 0,
                                     redis->conf.timeout,
                                     ngx_violet_redis_clock_answered, redis)
            == NGX_VIOLET_REDIS_OK)
        {
            redis->clock_asked = ngx_violet_clock();
            redis->clock_asking = 1;
        }
    }

    ngx_add_timer(&redis->clock_timer, NGX_VIOLET_REDIS_CLOCK_PERIOD);
}


/* A node that has lost the slot answers with an error, as to any command. */

static void
ngx_violet_redis_slot_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    /* void */
}


static void
ngx_violet_redis_role_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_redis_t  *redis = data;

    ngx_violet_redis_hello_t  hello;

    if (status != NGX_VIOLET_REDIS_OK) {
        return;
    }

    if (ngx_violet_redis_hello_read(&hello, reply) != NGX_OK) {
        ngx_violet_redis_clock_odd(redis, "HELLO");
        return;
    }

    if (hello.replica) {
        ngx_violet_redis_error_replica(&redis->errors,
                                       ngx_violet_redis_name(redis));
        ngx_violet_redis_demoted(redis);
    }
}


static void
ngx_violet_redis_clock_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_redis_t  *redis = data;

    redis->clock_asking = 0;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_redis_clock_take(redis, reply) != NGX_OK)
    {
        ngx_violet_redis_clock_odd(redis, "TIME");
    }
}


static void
ngx_violet_redis_clock_odd(ngx_violet_redis_t *redis, const char *command)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis at \"%V\" answered %s with something else, "
                  "closing the connection", ngx_violet_redis_name(redis),
                  command);

    ngx_violet_redis_distrust(redis);
}
