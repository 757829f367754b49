
/*
 * hiredis's asynchronous context on nginx's event loop, and nothing else.
 * hiredis owns the socket and closes it; the adapter only watches it.
 */

#ifndef NGX_VIOLET_REDIS_EVENT_H
#define NGX_VIOLET_REDIS_EVENT_H


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/time.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>


/*
 * Attaches a new context, before any callback is set on it.  The adapter's
 * memory is freed when hiredis frees the context.  Returns NGX_OK or
 * NGX_ERROR; after an error the caller frees the context.
 */

ngx_int_t ngx_violet_redis_event_attach(redisAsyncContext *ac,
    ngx_log_t *log);


/*
 * Stops all reading and writing of the socket; events that are already posted
 * are dropped.
 */

void ngx_violet_redis_event_stop(redisAsyncContext *ac);


/*
 * The first makes a reader keep its buffer.  The second replaces a large
 * buffer that is empty by a small one, if there is memory for it.
 */

void ngx_violet_redis_event_reader(redisReader *reader);
void ngx_violet_redis_event_shrink(redisReader *reader);


#endif /* NGX_VIOLET_REDIS_EVENT_H */
