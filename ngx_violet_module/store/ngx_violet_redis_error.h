
/*
 * What Redis can have against a command or a connection, told apart: what
 * it means for us, and what the operator hears of it, once a minute for
 * each kind.
 */

#ifndef NGX_VIOLET_REDIS_ERROR_H
#define NGX_VIOLET_REDIS_ERROR_H


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/time.h>
#include <hiredis/hiredis.h>


typedef enum {
    NGX_VIOLET_REDIS_ERROR_OTHER = 0,

    /* error replies, by their first word */
    NGX_VIOLET_REDIS_ERROR_LOADING,
    NGX_VIOLET_REDIS_ERROR_MASTERDOWN,
    NGX_VIOLET_REDIS_ERROR_BUSY,
    NGX_VIOLET_REDIS_ERROR_NOAUTH,
    NGX_VIOLET_REDIS_ERROR_NOPERM,
    NGX_VIOLET_REDIS_ERROR_READONLY,
    NGX_VIOLET_REDIS_ERROR_OOM,
    NGX_VIOLET_REDIS_ERROR_MISCONF,
    NGX_VIOLET_REDIS_ERROR_WRONGTYPE,
    NGX_VIOLET_REDIS_ERROR_MOVED,
    NGX_VIOLET_REDIS_ERROR_CROSSSLOT,

    /* of a connection */
    NGX_VIOLET_REDIS_ERROR_CONNECT,
    NGX_VIOLET_REDIS_ERROR_CLOSED,
    NGX_VIOLET_REDIS_ERROR_STALLED,

    NGX_VIOLET_REDIS_ERRORS
} ngx_violet_redis_error_e;


/* when each was told last, a worker's own; all zeroes to begin with */

typedef struct {
    ngx_msec_t    told_at[NGX_VIOLET_REDIS_ERRORS];
    u_char        told[NGX_VIOLET_REDIS_ERRORS];
} ngx_violet_redis_errors_t;


/* Which error a reply of type error is. */

ngx_violet_redis_error_e ngx_violet_redis_error(redisReply *reply);


/*
 * True if Redis will say the same to every command for a while, so that it
 * is better left alone until it answers a PING.
 */

ngx_uint_t ngx_violet_redis_error_is_away(ngx_violet_redis_error_e error);


/* True if the error is to be logged now; notes that it is. */

ngx_uint_t ngx_violet_redis_error_tell(ngx_violet_redis_errors_t *errors,
    ngx_violet_redis_error_e error);


/*
 * Logs an error reply with what follows from it: to a command of ours if
 * "what" is NULL, else to that word of the preamble.  Of an AUTH only the
 * code is logged: Redis may repeat its arguments.
 */

void ngx_violet_redis_error_log(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url, char *what, redisReply *reply);


#endif /* NGX_VIOLET_REDIS_ERROR_H */
