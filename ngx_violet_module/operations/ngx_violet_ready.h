
/*
 * violet_ready for a load balancer: whether this host can do its work.  A mark
 * in the zone says that Redis has answered the host once; it is kept over a
 * reload.
 */

#ifndef NGX_VIOLET_READY_H
#define NGX_VIOLET_READY_H


#include "ngx_violet.h"


/*
 * Checks, once the configuration is read, that there is a Redis to wait for.
 * NGX_OK, or NGX_ERROR, which is logged.
 */

ngx_int_t ngx_violet_ready_check_redis(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/*
 * In a worker that has started: looks at intervals whether Redis has answered,
 * until it has.  Does nothing unless a violet_ready waits for Redis, and
 * nothing when it is called again.
 */

void ngx_violet_ready_start(ngx_violet_main_conf_t *vmcf);


#endif /* NGX_VIOLET_READY_H */
