
/*
 * What follows from a key that changed in Redis: the copy in memory goes,
 * and who follows somebody else's flight looks again.
 */

#ifndef NGX_VIOLET_HEALTH_TRACKING_H
#define NGX_VIOLET_HEALTH_TRACKING_H


#include "ngx_violet.h"


/*
 * Makes the link of a configuration that has a Redis.  NGX_ERROR if memory
 * runs out.
 */

ngx_int_t ngx_violet_tracking_create(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/* Connects to Redis, and to what it tells, if there is one; closes both. */

void ngx_violet_tracking_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_tracking_close(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_HEALTH_TRACKING_H */
