
/*
 * The store of connection-health reports: shared memory, then Redis.  With
 * violet_redis, Redis has the authoritative report, and memory has a copy
 * that is dropped when Redis notifies that the report has changed.  Without
 * violet_redis reports are in memory only.  A report that is read back is
 * checked, and is a miss if the gateway would not have written it.
 *
 * The holder of a flight's lease writes the report, see
 * ngx_violet_flight_lease.h.
 */

#ifndef NGX_VIOLET_HEALTH_STORE_H
#define NGX_VIOLET_HEALTH_STORE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_app.h"
#include "ngx_violet_redis.h"

#include "violet_report.h"


#define NGX_VIOLET_ETAG_LEN  42     /* bytes of a quoted SHA-1, hexadecimal */


typedef enum {
    NGX_VIOLET_TIER_NONE = 0,
    NGX_VIOLET_TIER_MEMORY,
    NGX_VIOLET_TIER_REDIS
} ngx_violet_tier_e;


typedef struct {
    ngx_str_t                   body;
    ngx_str_t                   etag;       /* with its quotes */
    violet_report_state_t       state;
    uint64_t                    age;        /* ms */
    uint64_t                    left;       /* ms until it is dropped */
    int64_t                     stored_at;  /* of one from Redis: Unix time in
                                               ms, by Redis's clock */
    ngx_violet_tier_e           tier;
} ngx_violet_report_t;


typedef struct {
    ngx_violet_redis_t         *redis;      /* NULL: no violet_redis */
    ngx_shm_zone_t             *zone;
    ngx_violet_app_t           *app;
    ngx_str_t                   key;        /* without the prefix */
    uint64_t                    epoch;      /* of the app's reports, when Redis
                                               or Violet was asked */
    uint64_t                    ttl;        /* ms that a report is fresh */
    uint64_t                    stale;      /* ms that it is kept after that,
                                               as stale */
    uint64_t                    memory;     /* ms that a copy is served without
                                               asking Redis; 0: off */
    size_t                      limit;      /* bytes of a body */
} ngx_violet_report_place_t;


/*
 * Called once with the report in Redis, from within Redis's reply or a timer.
 * "report" is NULL on a miss; its strings are only valid during the call.
 */

typedef void (*ngx_violet_health_store_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_report_t *report);


/*
 * Looks a report up in shared memory.  Returns NGX_OK with *report set (its
 * strings in the pool), or NGX_DECLINED if memory has no report that may be
 * served without asking Redis, which is so while no worker of the host gets
 * notices.  NGX_ERROR if the pool has no memory for it: there may be a report.
 * So do the next two functions.
 */

ngx_int_t ngx_violet_health_store_peek(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report);


/*
 * Looks up a report in memory that Redis or Violet returned within the time
 * "memory", whether notices arrive or not.  For use when Redis does not answer.
 */

ngx_int_t ngx_violet_health_store_spare(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report);


/*
 * Looks up the last good report in memory, however long ago Redis was asked.
 * For use when neither Redis nor Violet answers.
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
 * Stores a report in memory only: without violet_redis, or if Redis did not
 * store it.  The version of the key, as the memory counts it, and key->epoch
 * were taken before Violet was asked.
 * NGX_OK; NGX_DECLINED if the report has changed since; NGX_ERROR if there is
 * no room.
 */

ngx_int_t ngx_violet_health_store_keep(ngx_violet_report_place_t *key,
    ngx_violet_report_t *report, uint64_t version);


/*
 * Marks the report of a key in Redis as old: it has been refreshed, and Redis
 * could not store the new one.
 */

void ngx_violet_health_store_outdate(ngx_violet_report_place_t *key,
    ngx_str_t *name);


/*
 * The age, in milliseconds, from which a report in Redis is not fresh: the
 * time to live, or less if the report has been refreshed since.
 */

uint64_t ngx_violet_health_store_fresh(ngx_violet_report_place_t *key);


/*
 * The fields of a report's hash, in the order in which they are read, as words
 * of Lua and of the command HMGET.
 */

#define NGX_VIOLET_HEALTH_STORE_FIELDS                                        \
    "'v', 'body', 'etag', 'state', 'stored_at', 'kept', 'merchant'"

typedef enum {
    NGX_VIOLET_HEALTH_STORE_V = 0,
    NGX_VIOLET_HEALTH_STORE_BODY,
    NGX_VIOLET_HEALTH_STORE_ETAG,
    NGX_VIOLET_HEALTH_STORE_STATE,
    NGX_VIOLET_HEALTH_STORE_STORED_AT,
    NGX_VIOLET_HEALTH_STORE_KEPT,
    NGX_VIOLET_HEALTH_STORE_MERCHANT,
    NGX_VIOLET_HEALTH_STORE_N
} ngx_violet_health_store_field_e;


/*
 * Checks that a reply has these fields, each a string or nil, as the command
 * HMGET returns them.  NGX_OK; NGX_DECLINED if the key is of another type or
 * the reply belongs to another command, in which case the connection is
 * closed.
 */

ngx_int_t ngx_violet_health_store_vet_reply(ngx_violet_report_place_t *key,
    violet_reply_t *reply);


/*
 * Reads a report from these fields, all of them strings as they lie in Redis.
 * "now" is the time by Redis's clock, in ms since the epoch.  Returns NGX_OK,
 * the strings of the report point into the replies, or NGX_DECLINED if a field
 * is missing or invalid, the report is of an unknown form, lies in the future,
 * is too old or is another merchant's.
 */

ngx_int_t ngx_violet_health_store_vet(ngx_violet_report_place_t *key,
    violet_reply_t  *fields, int64_t now, ngx_violet_report_t *report);


/*
 * The source of the Lua function read(): it returns these fields with the time
 * as an integer behind them, and the report's age in ms; or false if there is
 * no report that may be served.  Redis does not copy a body over the limit.
 */

#define NGX_VIOLET_HEALTH_STORE_READ                                          \
    "local function read(key, limit) "                                        \
        "local n = redis.pcall('HSTRLEN', key, 'body') "                      \
        "if type(n) ~= 'number' or n == 0 or n > tonumber(limit) then "       \
            "return false "                                                   \
        "end "                                                                \
        "local h = redis.call('HMGET', key, "                                 \
                             NGX_VIOLET_HEALTH_STORE_FIELDS ") "              \
        "local at, kept = tonumber(h[5] or ''), tonumber(h[6] or '') "        \
        "if h[1] ~= '" ngx_value(NGX_VIOLET_FORM_REPORT) "' "                 \
           "or not (at and kept) then "                                       \
            "return false "                                                   \
        "end "                                                                \
        "local t = redis.call('TIME') "                                       \
        "h[8] = t[1] * 1000 + math.floor(t[2] / 1000) "                       \
        "local age = h[8] - at "                                              \
        "if not (age >= 0 and age < kept) then return false end "             \
        "return h, age "                                                      \
    "end "


/* Sets the etag of a new report.  NGX_ERROR if memory runs out. */

ngx_int_t ngx_violet_health_store_set_etag(ngx_pool_t *pool,
    ngx_violet_report_t *report);


/*
 * Takes over the report that a handler was called with, for as long as the
 * pool lives: the bytes that Redis sent are kept, or copied if too many are.
 * NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_health_store_take(ngx_violet_redis_t *redis,
    ngx_pool_t *pool, ngx_violet_report_t *to, ngx_violet_report_t *from);


/* Copies a report's strings to a pool; NGX_ERROR if memory runs out. */

ngx_int_t ngx_violet_health_store_copy(ngx_pool_t *pool,
    ngx_violet_report_t *to, ngx_violet_report_t *from);


#endif /* NGX_VIOLET_HEALTH_STORE_H */
