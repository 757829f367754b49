
/*
 * The counters of a Redis client.  A command is timed by a clock of its own,
 * since most take less than the millisecond of nginx's; without a reader of
 * the counters the clock is not read.
 */


#include "ngx_violet_redis_command.h"

#include <time.h>


static int64_t ngx_violet_redis_count_clock(void);


void
ngx_violet_redis_count(ngx_violet_redis_t *redis,
    violet_counters_of_redis_t *counts)
{
    redis->counts = *counts;
}


/* Microseconds of a clock that nobody sets. */

static int64_t
ngx_violet_redis_count_clock(void)
{
    struct timespec  now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return 0;
    }

    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}


void
ngx_violet_redis_count_sent(ngx_violet_redis_command_t *cmd)
{
    if (cmd->redis->counts.counters && cmd->counted_at == 0) {
        cmd->counted_at = ngx_violet_redis_count_clock();
    }
}


void
ngx_violet_redis_count_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status)
{
    int64_t                   us;
    ngx_uint_t                result;
    violet_counters_redis_t  *counters;

    counters = cmd->redis->counts.counters;

    if (counters == NULL) {
        return;
    }

    switch (status) {

    case NGX_VIOLET_REDIS_OK:
        result = VIOLET_COUNT_COMMAND_OK;
        break;

    case NGX_VIOLET_REDIS_TIMEOUT:
        result = VIOLET_COUNT_COMMAND_TIMEOUT;
        break;

    default:
        result = VIOLET_COUNT_COMMAND_ERROR;
    }

    violet_count(&counters->commands[result]);

    if (cmd->counted_at) {
        us = ngx_violet_redis_count_clock() - cmd->counted_at;
        violet_count_us(&counters->time, (uint64_t) ngx_max(us, 0));
    }
}


void
ngx_violet_redis_count_refused(ngx_violet_redis_t *redis)
{
    violet_counters_redis_t  *counters;

    counters = redis->counts.counters;

    if (counters) {
        violet_count(&counters->commands[VIOLET_COUNT_COMMAND_REFUSED]);
    }
}


/*
 * Each worker reconnects, but Redis fails over once: one worker counts that,
 * when it is connected to another place than before.
 */

void
ngx_violet_redis_count_ready(ngx_violet_redis_t *redis)
{
    ngx_addr_t               *now;
    violet_counters_redis_t  *counters;

    counters = redis->counts.counters;

    if (counters == NULL) {
        return;
    }

    if (redis->counts.up) {
        violet_gauge_set(redis->counts.up, 1);
    }

    now = &redis->user.place.addr;

    if (redis->counted_len) {
        violet_count(&counters->reconnects);

        if (ngx_worker == 0
            && ngx_cmp_sockaddr(&redis->counted.sockaddr, redis->counted_len,
                                now->sockaddr, now->socklen, 1)
               != NGX_OK)
        {
            violet_count(&counters->failovers);
        }
    }

    redis->counted_len = ngx_min(now->socklen, sizeof(ngx_sockaddr_t));
    ngx_memcpy(&redis->counted, now->sockaddr, redis->counted_len);
}


void
ngx_violet_redis_count_lost(ngx_violet_redis_t *redis)
{
    if (redis->counts.up) {
        violet_gauge_set(redis->counts.up, 0);
    }
}


void
ngx_violet_redis_count_evicts(ngx_violet_redis_t *redis, long evicts)
{
    if (redis->counts.counters) {
        violet_gauge_set(&redis->counts.counters->evicts, evicts);
    }
}
