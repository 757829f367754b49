
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
 * Attaches a fresh context, before any callback is set on it.  What this
 * allocates is freed when hiredis frees the context.  Returns NGX_OK or
 * NGX_ERROR; after an error the context is still the caller's to free.
 */

ngx_int_t ngx_violet_redis_event_attach(redisAsyncContext *ac,
    ngx_log_t *log);


/*
 * From now on nothing is read from the socket or written to it, whatever the
 * event loop has noticed already.
 */

void ngx_violet_redis_event_stop(redisAsyncContext *ac);


/*
 * A reader that keeps its buffer, and after a large reply, when all of it has
 * been taken, gives the buffer back, if there is memory for a small one.
 */

void ngx_violet_redis_event_reader(redisReader *reader);
void ngx_violet_redis_event_shrink(redisReader *reader);


#endif /* NGX_VIOLET_REDIS_EVENT_H */
