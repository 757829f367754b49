
/*
 * Errors of Redis's commands and connections, by kind: whether Redis can be
 * used, and the log line for the operator, once a minute for each kind.
 */

#ifndef NGX_VIOLET_REDIS_ERROR_H
#define NGX_VIOLET_REDIS_ERROR_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_reply.h"

#include "ngx_violet_redis.h"


typedef enum {
    NGX_VIOLET_REDIS_ERROR_OTHER = 0,

    /* error replies, by their first word */
    NGX_VIOLET_REDIS_ERROR_LOADING,
    NGX_VIOLET_REDIS_ERROR_MASTERDOWN,
    NGX_VIOLET_REDIS_ERROR_BUSY,
    NGX_VIOLET_REDIS_ERROR_MAXCLIENTS,
    NGX_VIOLET_REDIS_ERROR_NOAUTH,
    NGX_VIOLET_REDIS_ERROR_NOPERM,
    NGX_VIOLET_REDIS_ERROR_READONLY,
    NGX_VIOLET_REDIS_ERROR_OOM,
    NGX_VIOLET_REDIS_ERROR_MISCONF,
    NGX_VIOLET_REDIS_ERROR_WRONGTYPE,
    NGX_VIOLET_REDIS_ERROR_MOVED,
    NGX_VIOLET_REDIS_ERROR_ASK,
    NGX_VIOLET_REDIS_ERROR_CLUSTERDOWN,
    NGX_VIOLET_REDIS_ERROR_CROSSSLOT,

    /* of a connection */
    NGX_VIOLET_REDIS_ERROR_CONNECT,
    NGX_VIOLET_REDIS_ERROR_CLOSED,
    NGX_VIOLET_REDIS_ERROR_TLS,
    NGX_VIOLET_REDIS_ERROR_STALLED,
    NGX_VIOLET_REDIS_ERROR_PROTOCOL,
    NGX_VIOLET_REDIS_ERROR_MEMORY,

    NGX_VIOLET_REDIS_ERRORS
} ngx_violet_redis_error_e;


/* when a worker logged each error last; all zeroes at first */

typedef struct {
    ngx_msec_t    logged_at[NGX_VIOLET_REDIS_ERRORS];
    u_char        logged[NGX_VIOLET_REDIS_ERRORS];
    ngx_uint_t    lines;             /* logged so far */
} ngx_violet_redis_errors_t;


/* The kind of an error reply. */

ngx_violet_redis_error_e ngx_violet_redis_error(violet_reply_t *reply);


/*
 * True if Redis will refuse every command for a while, so that it is
 * bypassed until it answers a PING.
 */

ngx_uint_t ngx_violet_redis_error_is_away(ngx_violet_redis_error_e error);


/* True if the error is to be logged now; stores the time. */

ngx_uint_t ngx_violet_redis_error_due(ngx_violet_redis_errors_t *errors,
    ngx_violet_redis_error_e error);


/*
 * Logs an error reply and its consequence.  "what" is NULL for a script, else
 * the command that opens a connection.  Of an error of AUTH only the code is
 * logged: Redis may repeat the arguments.
 */

void ngx_violet_redis_error_log(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url, const char *what, violet_reply_t *reply);


/*
 * Logs that a connection was lost, with the arguments of the connection's
 * handler; "timeout" is that of connecting, in ms.
 */

void ngx_violet_redis_error_lost(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url, ngx_msec_t timeout, ngx_violet_redis_error_e error,
    ngx_err_t err, const char *why);


/* Logs that Redis is a replica. */

void ngx_violet_redis_error_replica(ngx_violet_redis_errors_t *errors,
    ngx_str_t *url);


#endif /* NGX_VIOLET_REDIS_ERROR_H */
