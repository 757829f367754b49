
/*
 * INFO memory, by which a Redis is found that may evict the records of
 * submits.  It is asked when a connection begins, by one worker of the host.
 */

#ifndef NGX_VIOLET_REDIS_INFO_H
#define NGX_VIOLET_REDIS_INFO_H


#include "ngx_violet_redis_command.h"


/* True if it is to be asked now. */

ngx_uint_t ngx_violet_redis_info_is_due(ngx_violet_redis_t *redis);


/*
 * Takes the reply; a Redis that evicts is logged once.  Any other reply, such
 * as one that the user has no right to INFO, says nothing.
 */

void ngx_violet_redis_info_take(ngx_violet_redis_t *redis,
    violet_reply_t *reply);


#endif /* NGX_VIOLET_REDIS_INFO_H */
