
/*
 * The refresh limit: two budgets, one of a merchant and one of an app.  One
 * decision spends both or neither.  Budgets are counted in Redis, by Redis's
 * clock, and in shared memory while Redis is away.
 */

#ifndef NGX_VIOLET_HEALTH_LIMIT_H
#define NGX_VIOLET_HEALTH_LIMIT_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_keys.h"
#include "ngx_violet_redis.h"

#include "violet_rate.h"


typedef struct ngx_violet_limit_conf_s {
    violet_rate_t               merchant;
    violet_rate_t               app;
    unsigned                    exceeded_cached:1;
    unsigned                    dry_run:1;
} ngx_violet_limit_conf_t;


typedef struct {
    ngx_uint_t                  asked;        /* 0 or 1, as the next three */
    ngx_uint_t                  allowed;
    ngx_uint_t                  by_app;       /* the app's budget is tighter */
    ngx_uint_t                  in_memory;    /* Redis did not count */
    ngx_uint_t                  remaining;    /* requests, of the tighter
                                                 budget */
    ngx_uint_t                  app_left;     /* requests, of the app's */
    uint64_t                    wait;         /* ms until the tighter budget
                                                 has one request more */
} ngx_violet_limit_result_t;


typedef struct {
    ngx_violet_redis_t         *redis;        /* NULL: no violet_redis */
    ngx_shm_zone_t             *zone;
    ngx_violet_keys_t           keys;
    int32_t                     merchant_id;
    ngx_violet_limit_conf_t    *conf;
    unsigned                    half:1;       /* half of the app's budget is
                                                 left to others */
    unsigned                    look:1;       /* nothing is spent */
} ngx_violet_limit_key_t;


/*
 * Returns NGX_OK, or NGX_DECLINED if nobody refreshes any more: what was
 * granted is then given back.
 */

typedef ngx_int_t (*ngx_violet_limit_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_limit_result_t *result);


/* Sets the default of violet_refresh_limit. */

void ngx_violet_limit_defaults(ngx_violet_limit_conf_t *conf);


/*
 * Asks for one refresh and spends it if it is granted; with key->look only how
 * many are left.  Returns NGX_OK with *result set, or NGX_AGAIN if the handler
 * will be called.  A refresh that cannot be counted, since memory or the zone
 * is full, is refused.  The key is
 * copied.
 */

ngx_int_t ngx_violet_limit_ask(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_limit_handler_pt handler,
    void *data);


/* Gives the budgets back for a refresh that was not sent. */

void ngx_violet_limit_refund(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result);


#endif /* NGX_VIOLET_HEALTH_LIMIT_H */
