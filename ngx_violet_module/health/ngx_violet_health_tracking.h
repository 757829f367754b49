
/*
 * Handles the notices of changed keys in Redis: drops the copy in memory, and
 * wakes the flights that follow another flight.
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


/* Opens, and closes, the worker's two connections to Redis, if any. */

void ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_tracking_close(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_HEALTH_TRACKING_H */
