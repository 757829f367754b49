
/*
 * Redis's clock, for the Redis client's own files.  The offset to this host's
 * clock lies in the client and is dropped with its connection.
 */

#ifndef NGX_VIOLET_REDIS_CLOCK_H
#define NGX_VIOLET_REDIS_CLOCK_H


#include "ngx_violet_redis_command.h"
#include "ngx_violet_memory_clock.h"


/* ms between two looks at Redis's clock */
#define NGX_VIOLET_REDIS_CLOCK_PERIOD  1000


/*
 * Takes the reply to the TIME that was sent at redis->clock_asked.  NGX_ERROR
 * if it is no such reply.
 */

ngx_int_t ngx_violet_redis_clock_take(ngx_violet_redis_t *redis,
    violet_reply_t *reply);


/* Asks for the time; the handler of the client's timer. */

void ngx_violet_redis_clock_timer(ngx_event_t *ev);


#endif /* NGX_VIOLET_REDIS_CLOCK_H */
