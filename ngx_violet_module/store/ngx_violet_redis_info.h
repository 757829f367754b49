
/*
 * INFO memory, by which a Redis is found that may evict the records of
 * submits.  It is asked when a connection begins, by one worker of the host.
 * And the fields of any reply of INFO.
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


/*
 * The value of the first line "name:value" of a reply of INFO, which belongs to
 * the reply, and *len, its bytes without the end of the line.  "name" has the
 * colon.  NULL if the reply is no string, or no line has a value.
 */

u_char *ngx_violet_redis_info_field(violet_reply_t *reply, char *name,
    size_t *len);


#endif /* NGX_VIOLET_REDIS_INFO_H */
