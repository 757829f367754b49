
/*
 * Handles the notices of changed keys in Redis: drops the copy in memory, and
 * wakes the flights that follow a flight of another host.
 */

#ifndef NGX_VIOLET_HEALTH_TRACKING_H
#define NGX_VIOLET_HEALTH_TRACKING_H


#include "ngx_violet.h"


/*
 * Creates the connection for notices (the link) if there is a violet_redis.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_tracking_create(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * The first opens the worker's connection for commands, if there is a
 * violet_redis, and sees to it that one worker of the host has the link.  The
 * second closes both.
 */

void ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_tracking_close(ngx_violet_main_conf_t *vmcf);


/* Whether this host gets notices. */

ngx_uint_t ngx_violet_tracking_is_up(ngx_violet_main_conf_t *vmcf);


/*
 * A flight of this worker has begun to follow a flight of another host.  For
 * "msec" ms the worker compares the number of notices in the zone every 20 ms,
 * once for all its flights, and calls ngx_violet_flight_notify() if it has
 * changed.
 */

void ngx_violet_tracking_watch(ngx_violet_main_conf_t *vmcf, ngx_msec_t msec);


#endif /* NGX_VIOLET_HEALTH_TRACKING_H */
