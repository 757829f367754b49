
/*
 * The scripts of leases, for ngx_violet_flight_lease_redis.c.
 */

#ifndef NGX_VIOLET_FLIGHT_LEASE_SCRIPT_H
#define NGX_VIOLET_FLIGHT_LEASE_SCRIPT_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_redis.h"


extern ngx_violet_redis_script_t  ngx_violet_lease_script;
extern ngx_violet_redis_script_t  ngx_violet_lease_renew_script;
extern ngx_violet_redis_script_t  ngx_violet_lease_land_script;
extern ngx_violet_redis_script_t  ngx_violet_lease_purge_script;
extern ngx_violet_redis_script_t  ngx_violet_lease_purge_all_script;
extern ngx_violet_redis_script_t  ngx_violet_lease_event_script;


#endif /* NGX_VIOLET_FLIGHT_LEASE_SCRIPT_H */
