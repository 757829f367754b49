
/*
 * How connections to Redis begin: the delay before the next try and the
 * arguments of AUTH.  Both the client and the notify connection use this.
 */

#ifndef NGX_VIOLET_REDIS_CONNECT_H
#define NGX_VIOLET_REDIS_CONNECT_H


#include "ngx_violet_redis.h"


/* arguments of AUTH at most, with the command itself */
#define NGX_VIOLET_REDIS_AUTH_ARGS  3


/*
 * The delay in ms before the next try, after a failure that was preceded by
 * "failures" others in a row.  It doubles from 100 ms to 1 s; the workers of
 * all hosts spread over the second half of it.
 */

ngx_msec_t ngx_violet_redis_delay(ngx_uint_t failures);


/*
 * True if a connection that was ready at that time has lasted: its end is the
 * first failure again.  Replies alone say less: a Redis, or a proxy before it,
 * may answer some commands and close the connection at others.
 */

ngx_uint_t ngx_violet_redis_has_lasted(ngx_msec_t ready_at);


/*
 * Fills in AUTH with the username, if it is not empty, and the password.
 * Returns the number of arguments; 0 without a password.
 */

int ngx_violet_redis_auth(ngx_str_t *username, ngx_str_t *password,
    const char **argv, size_t *lens);


#endif /* NGX_VIOLET_REDIS_CONNECT_H */
