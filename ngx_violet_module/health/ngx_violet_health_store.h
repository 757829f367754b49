
/*
 * Where connection-health reports are kept: shared memory before Redis.
 * Redis is the truth where there is one, and memory a copy that is dropped
 * as soon as Redis says that the report has changed; without violet_redis
 * memory is all there is.  What comes back is vetted; what is not a report
 * of ours is a miss.
 *
 * A report is written by the holder of its flight's lease, see
 * ngx_violet_flight_lease.h.
 */

#ifndef NGX_VIOLET_HEALTH_STORE_H
#define NGX_VIOLET_HEALTH_STORE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
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
    uint64_t                    age;        /* milliseconds; and the same */
    uint64_t                    left;       /* until it is dropped */
    ngx_violet_tier_e           tier;
} ngx_violet_report_t;


typedef struct {
    ngx_violet_redis_t         *redis;      /* NULL: none */
    ngx_shm_zone_t             *zone;
    ngx_str_t                   key;        /* without the prefix */
    uint64_t                    ttl;        /* how long it is fresh and, */
    uint64_t                    stale;      /* then, kept; milliseconds */
    uint64_t                    memory;     /* without asking Redis; 0: off */
    size_t                      limit;      /* of a body, in bytes */
} ngx_violet_report_place_t;


/*
 * Called once with what Redis has, from within its reply or a timer: report
 * is NULL on a miss, and its strings are only valid during the call.
 */

typedef void (*ngx_violet_health_store_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);


/*
 * Looks a report up in shared memory.  Returns NGX_OK with *report set (its
 * strings in the pool), or NGX_DECLINED if there is none that may be served
 * without asking Redis.
 */

ngx_int_t ngx_violet_health_store_peek(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report);


/*
 * The same for the last good report, however long ago Redis was asked: for
 * when neither Redis nor Violet answers.
 */

ngx_int_t ngx_violet_health_store_last(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report);


/*
 * Looks a report up in Redis, and keeps a copy in memory.  Returns NGX_AGAIN
 * if the handler will be called, within "timeout" milliseconds, or
 * NGX_DECLINED with *status set.
 */

ngx_int_t ngx_violet_health_store_get(ngx_violet_report_place_t *key,
    ngx_msec_t timeout, ngx_violet_redis_status_e *status,
    ngx_violet_health_store_handler_pt handler, void *data);


/*
 * Puts a report into memory alone: where there is no Redis, or none that
 * would take it.  The note was taken before Violet was asked.  NGX_OK, or
 * NGX_DECLINED if the report has changed since, or NGX_ERROR if there is no
 * room.
 */

ngx_int_t ngx_violet_health_store_keep(ngx_violet_report_place_t *key,
    ngx_violet_report_t *report, uint64_t version);


/*
 * A report has been refreshed, and Redis could not be told: what it has of
 * this key from before is not to be served.
 */

void ngx_violet_health_store_outdate(ngx_violet_report_place_t *key,
    ngx_str_t *name);


/*
 * How old a report of Redis's may be to be served as fresh, in milliseconds:
 * its time to live, or less if it has been refreshed since.
 */

uint64_t ngx_violet_health_store_fresh(ngx_violet_report_place_t *key);


/*
 * Reads a report from the fields of its hash as one of our scripts returns
 * them: body, etag, state, age in ms, TTL in ms, merchant; n replies in all.
 * Returns NGX_OK, the strings being the replies' own, or NGX_DECLINED if it
 * is none of ours, or is the report of another merchant than the key's.
 */

ngx_int_t ngx_violet_health_store_vet(ngx_violet_report_place_t *key,
    redisReply **fields, size_t n, ngx_violet_report_t *report);


/* The source of a Lua function that returns these fields, or false. */

#define NGX_VIOLET_HEALTH_STORE_READ                                          \
    "local function read(key, limit) "                                        \
        "local n = redis.pcall('HSTRLEN', key, 'body') "                      \
        "if type(n) ~= 'number' or n == 0 or n > tonumber(limit) then "       \
            "return false "                                                   \
        "end "                                                                \
        "local h = redis.call('HMGET', key, "                                 \
                             "'body', 'etag', 'state', 'stored_at', "         \
                             "'kept', 'merchant', 'v') "                      \
        "local at, kept = tonumber(h[4] or ''), tonumber(h[5] or '') "        \
        "if h[7] ~= '" ngx_value(NGX_VIOLET_FORM_REPORT) "' "                 \
           "or not (at and kept) then "                                       \
            "return false "                                                   \
        "end "                                                                \
        "local t = redis.call('TIME') "                                       \
        "local age = t[1] * 1000 + math.floor(t[2] / 1000) - at "             \
        "if age ~= age or age < 0 or age > 1e13 then return false end "       \
        "local left = math.min(kept - age, redis.call('PTTL', key)) "         \
        "if not (left > 0) then return false end "                            \
        "return {h[1], h[2], h[3], math.floor(age), math.floor(left), h[6]} " \
    "end "


/*
 * Gives a fresh report its etag.  NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_health_store_set_etag(ngx_pool_t *pool,
    ngx_violet_report_t *report);


/* Copies a report's strings to a pool; NGX_ERROR if memory runs out. */

ngx_int_t ngx_violet_health_store_copy(ngx_pool_t *pool,
    ngx_violet_report_t *to, ngx_violet_report_t *from);


#endif /* NGX_VIOLET_HEALTH_STORE_H */
