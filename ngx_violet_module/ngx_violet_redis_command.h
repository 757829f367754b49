
/*
 * What the two halves of the Redis client share: the connection
 * (ngx_violet_redis.c) and its commands (ngx_violet_redis_command.c).  For
 * nobody else.
 */

#ifndef NGX_VIOLET_REDIS_COMMAND_H
#define NGX_VIOLET_REDIS_COMMAND_H


#include "ngx_violet_redis.h"

#include <ngx_event.h>
#include <hiredis/async.h>


#define NGX_VIOLET_REDIS_MAX_ARGS  16

/* as much of an error reply as goes to the log */
#define NGX_VIOLET_REDIS_WORDS     128


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

    ngx_queue_t                  pending;
    ngx_event_t                  connect_timer;
    ngx_event_t                  drop;          /* posted: close it */

    ngx_uint_t                   timeouts;      /* in a row */
    ngx_uint_t                   failures;      /* in a row */
    ngx_msec_t                   retry_at;
    ngx_msec_t                   complained_at;

    unsigned                     initialized:1;
    unsigned                     complained:1;  /* of an error reply */
};


typedef struct {
    ngx_queue_t                  queue;
    ngx_event_t                  timer;
    ngx_violet_redis_t          *redis;
    ngx_violet_redis_handler_pt  handler;
    void                        *data;

    ngx_violet_redis_script_t   *script;
    char                        *request;       /* hiredis's, EVALSHA */
    int                          len;

    unsigned                     sent:1;
    unsigned                     done:1;        /* the handler was called */
    unsigned                     by_source:1;
} ngx_violet_redis_command_t;


/* A command, ready to be sent; NULL if memory runs out. */

ngx_violet_redis_command_t *ngx_violet_redis_create_command(
    ngx_violet_redis_t *redis, ngx_violet_redis_script_t *script,
    ngx_str_t *args, ngx_uint_t nkeys, ngx_uint_t nargs);


/*
 * Puts the script's source in the place of its digest, for a Redis that does
 * not know the script.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_redis_use_source(ngx_violet_redis_command_t *cmd);


/* Calls its handler, unless it was called before. */

void ngx_violet_redis_done(ngx_violet_redis_command_t *cmd,
    ngx_violet_redis_status_e status, redisReply *reply);


void ngx_violet_redis_free_command(ngx_violet_redis_command_t *cmd);


/*
 * What an error reply says, fit for a log, in the buffer; only its first
 * word, the code, if the rest could repeat what was sent.
 */

ngx_str_t ngx_violet_redis_words(redisReply *reply, u_char *buf, size_t size,
    ngx_uint_t code);


#endif /* NGX_VIOLET_REDIS_COMMAND_H */
