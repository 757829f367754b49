
/*
 * Types of the Redis client's own files: the connection
 * (ngx_violet_redis.c), its commands (ngx_violet_redis_command.c) and log
 * lines about errors (ngx_violet_redis_error.c).  The connection calls the
 * other two, never the reverse.
 */

#ifndef NGX_VIOLET_REDIS_COMMAND_H
#define NGX_VIOLET_REDIS_COMMAND_H


#include "ngx_violet_redis.h"
#include "ngx_violet_redis_args.h"
#include "ngx_violet_redis_error.h"
#include "violet_clock.h"

#include <ngx_event.h>
#include <hiredis/async.h>


typedef enum {
    NGX_VIOLET_REDIS_IDLE = 0,
    NGX_VIOLET_REDIS_CONNECTING,
    NGX_VIOLET_REDIS_PREAMBLE,
    NGX_VIOLET_REDIS_READY
} ngx_violet_redis_state_e;


struct ngx_violet_redis_s {
    ngx_violet_redis_conf_t      conf;

    redisAsyncContext           *ac;
    ngx_violet_redis_state_e     state;
    ngx_uint_t                   addr;          /* index of the next try */
    ngx_uint_t                   preamble;      /* replies still awaited */

    ngx_queue_t                  pending;       /* until connected */
    ngx_queue_t                  sent;          /* without a reply, by age */

    ngx_event_t                  connect_timer;
    ngx_event_t                  retry_timer;
    ngx_event_t                  stall_timer;
    ngx_event_t                  clock_timer;
    ngx_event_t                  hello;         /* posted: connected */
    ngx_event_t                  drop;          /* posted: close it */

    violet_clock_far_t           clock;         /* Redis's */
    int64_t                      clock_asked;   /* by ours */

    ngx_uint_t                   failures;      /* in a row */
    ngx_violet_redis_errors_t    errors;

    unsigned                     initialized:1;
    unsigned                     clock_asking:1;
    unsigned                     stalled:1;     /* a deadline was missed */
    unsigned                     stall_told:1;
    unsigned                     distrusted:1;  /* a failure of this worker */
};


typedef struct {
    ngx_queue_t                  queue;
    ngx_event_t                  timer;
    ngx_violet_redis_t          *redis;
    ngx_violet_redis_handler_pt  handler;
    void                        *data;

    ngx_violet_redis_script_t   *script;        /* NULL: a plain command */
    char                        *request;       /* in hiredis's format */
    int                          len;
    ngx_msec_t                   sent_at;

    unsigned                     sent:1;
    unsigned                     done:1;        /* the handler was called */
    unsigned                     by_source:1;
} ngx_violet_redis_command_t;


/*
 * Checks that hiredis has queued a command: "last" is the last callback that
 * was queued before, "rc" the code that hiredis returned.  Without memory
 * hiredis drops the callback or the command silently, and every later reply
 * would be matched with another command.  Such a connection is closed before
 * anything more is written or read.
 *
 * NGX_OK if the callback is queued and will be called; else NGX_ERROR.
 */

ngx_int_t ngx_violet_redis_accepted(ngx_violet_redis_t *redis,
    redisAsyncContext *ac, redisCallback *last, int rc);


/*
 * Send the pending commands when the connection is ready, or fail them when
 * it is lost.  hiredis calls back the commands that were sent.
 */

void ngx_violet_redis_send_pending(ngx_violet_redis_t *redis);
void ngx_violet_redis_fail_pending(ngx_violet_redis_t *redis);


/*
 * hiredis calls abort() on a reply that belongs to no command, so the
 * connection is closed before hiredis parses such a reply.
 */

void ngx_violet_redis_check_excess(ngx_violet_redis_t *redis,
    redisAsyncContext *ac);


#endif /* NGX_VIOLET_REDIS_COMMAND_H */
