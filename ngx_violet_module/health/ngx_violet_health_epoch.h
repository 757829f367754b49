
/*
 * The reports of an app are dropped all at once by a new epoch.
 *
 * In shared memory an epoch is a number of the host.  Reports, leases and
 * flights have the number of when they were begun; with another one than the
 * present they are old.
 *
 * In Redis an instant says when the reports were dropped: older ones count as
 * missing.  Redis sends a notice of it, which begins a new epoch on each host.
 * A worker knows the instant from Redis, and asks for it again in a new epoch
 * and whenever notices may have been missed.
 */

#ifndef NGX_VIOLET_HEALTH_EPOCH_H
#define NGX_VIOLET_HEALTH_EPOCH_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_app.h"
#include "ngx_violet_redis.h"


/* The present epoch of the app's reports on this host. */

uint64_t ngx_violet_health_epoch(ngx_shm_zone_t *zone, ngx_violet_app_t *app);


/* Begins a new epoch, by the name of the instant's key. */

void ngx_violet_health_epoch_next(ngx_shm_zone_t *zone, ngx_str_t *name);


/*
 * Asks Redis for the instant unless this worker knows it.  Send the command
 * whose answer depends on it after that: replies come in the order of commands.
 * NGX_VIOLET_REDIS_OK, or another status if the command was not sent.
 */

ngx_violet_redis_status_e ngx_violet_health_epoch_ask(
    ngx_violet_redis_t *redis, ngx_shm_zone_t *zone, ngx_violet_app_t *app,
    ngx_msec_t timeout);


/*
 * Whether a report in Redis counts that was stored at this Unix time, in ms by
 * Redis's clock.  False as long as the instant is not known.
 */

ngx_uint_t ngx_violet_health_epoch_has(ngx_violet_app_t *app,
    int64_t stored_at);


/*
 * The source of the Lua function purged(): it returns the instant at a key as a
 * text, or '0'.  An instant that lies in the future by more than a second is
 * ignored: nothing could be stored before it is over.  get() must be there.
 */

#define NGX_VIOLET_HEALTH_EPOCH_FORM  ngx_value(NGX_VIOLET_FORM_PURGED) " "

#define NGX_VIOLET_HEALTH_EPOCH_AHEAD   1000    /* ms */
#define NGX_VIOLET_HEALTH_EPOCH_DIGITS  15

#define NGX_VIOLET_HEALTH_EPOCH_PURGED                                        \
    "local function purged(key) "                                             \
        "local at = string.match(get(key, "                                   \
                                    "'" NGX_VIOLET_HEALTH_EPOCH_FORM "'), "   \
                                "'^%d+ ([1-9]%d*)$') "                        \
        "if not at or #at > " ngx_value(NGX_VIOLET_HEALTH_EPOCH_DIGITS) " "   \
            "then return '0' "                                                \
        "end "                                                                \
        "local t = redis.call('TIME') "                                       \
        "local last = t[1] * 1000 + math.floor(t[2] / 1000) + "               \
                     ngx_value(NGX_VIOLET_HEALTH_EPOCH_AHEAD) " "             \
        "return tonumber(at) <= last and at or '0' "                          \
    "end "


#endif /* NGX_VIOLET_HEALTH_EPOCH_H */
