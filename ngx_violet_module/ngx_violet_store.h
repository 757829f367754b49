
/*
 * Where connection-health reports are kept: in Redis, or, without
 * violet_redis, in shared memory.  What comes back is vetted; what is not a
 * report of ours is a miss.
 */

#ifndef NGX_VIOLET_STORE_H
#define NGX_VIOLET_STORE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_redis.h"

#include "violet_report.h"


typedef enum {
    NGX_VIOLET_TIER_NONE = 0,
    NGX_VIOLET_TIER_MEMORY,
    NGX_VIOLET_TIER_REDIS
} ngx_violet_tier_e;


typedef struct {
    ngx_str_t                   body;
    ngx_str_t                   etag;       /* with its quotes */
    violet_report_state_t       state;
    uint64_t                    age;        /* milliseconds */
    ngx_violet_tier_e           tier;
} ngx_violet_report_t;


typedef struct {
    ngx_violet_redis_t         *redis;      /* NULL: none */
    ngx_shm_zone_t             *zone;
    ngx_str_t                   key;        /* without the prefix */
    uint64_t                    ttl;        /* how long it is fresh and, */
    uint64_t                    stale;      /* then, kept; milliseconds */
    size_t                      limit;      /* of a body, in bytes */
} ngx_violet_store_key_t;


/*
 * Called once with what was found, from within Redis's reply or a timer:
 * report is NULL on a miss, and its strings are only valid during the call.
 */

typedef void (*ngx_violet_store_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);


/*
 * Looks a report up.  Returns NGX_OK with *report set (its strings in the
 * pool), NGX_DECLINED for a miss known at once, or NGX_AGAIN if the handler
 * will be called, within "timeout" milliseconds.  *status says how Redis
 * was, unless it is NGX_AGAIN.
 */

ngx_int_t ngx_violet_store_get(ngx_violet_store_key_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_store_handler_pt handler,
    void *data);


/*
 * Called once after a report was sent to Redis; status OK says that it is
 * stored.
 */

typedef void (*ngx_violet_store_done_pt)(void *data,
    ngx_violet_redis_status_e status);


/*
 * Stores a report: body, etag and state count, its age is 0 from now on.
 * Returns NGX_OK if it is stored, NGX_AGAIN if the handler will be called,
 * or NGX_ERROR if it is not stored; *status as above.
 */

ngx_int_t ngx_violet_store_set(ngx_violet_store_key_t *key,
    ngx_violet_report_t *report, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_store_done_pt handler,
    void *data);


/*
 * Gives a fresh report its etag.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_store_set_etag(ngx_pool_t *pool,
    ngx_violet_report_t *report);


/* Copies a report's strings to a pool; NGX_ERROR if memory runs out. */

ngx_int_t ngx_violet_store_copy(ngx_pool_t *pool, ngx_violet_report_t *to,
    ngx_violet_report_t *from);


#endif /* NGX_VIOLET_STORE_H */
