
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
 * The address of the next try, after so many failed ones in a row: each
 * connecting begins with the first address.  NULL while the name has none.
 */

ngx_addr_t *ngx_violet_redis_addr_next(ngx_violet_redis_conf_t *conf,
    ngx_uint_t tries);


/* The name that must stand in the certificate of Redis at that address. */

ngx_str_t *ngx_violet_redis_host_next(ngx_violet_redis_conf_t *conf,
    ngx_uint_t tries);


/*
 * Fills in AUTH with the username, if there is one, and the password of the
 * configuration.  Returns the number of arguments; 0 without a password.
 */

int ngx_violet_redis_auth(ngx_violet_redis_conf_t *conf, const char **argv,
    size_t *lens);


#endif /* NGX_VIOLET_REDIS_CONNECT_H */
