
/*
 * The mark that an event of a webhook leaves for a merchant, or for the lists
 * of an app: when the last event came, and whether it is still open, that is,
 * whether the merchant was not refreshed since.
 *
 * The first event drops the report.  While there is a mark, a report that was
 * read a short while ago is not dropped at once: it ends NGX_VIOLET_EVENT_CALM
 * after it was read, so a storm of events costs one read in that time.  A read
 * of a merchant with an open mark goes to Violet as a refresh if the budgets
 * allow it, else its report is kept for NGX_VIOLET_EVENT_LIMITED.
 *
 * With violet_redis the mark is in Redis, and the scripts of leases do this.
 * The functions here do the same in shared memory, without violet_redis.
 */

#ifndef NGX_VIOLET_HEALTH_EVENT_H
#define NGX_VIOLET_HEALTH_EVENT_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_health_store.h"


#define NGX_VIOLET_EVENT_CALM     60000      /* ms, see above */
#define NGX_VIOLET_EVENT_LIMITED  600000     /* ms, the same */
#define NGX_VIOLET_EVENT_KEEP     86400000   /* ms that a mark is kept */


/*
 * An event has come, which is about this report or list.  "open" is false for a
 * list, which is not refreshed.  Returns true if a report was dropped, or will
 * be soon.
 */

ngx_uint_t ngx_violet_health_event_take(ngx_shm_zone_t *zone,
    ngx_violet_app_t *app, ngx_pool_t *pool, ngx_str_t *report,
    ngx_uint_t open);


/* True if the report has an open mark. */

ngx_uint_t ngx_violet_health_event_is_open(ngx_shm_zone_t *zone,
    ngx_str_t *report);


/*
 * ms that a new report may be kept; "since" are the ms since Violet was asked.
 * A refresh closes the mark.
 */

uint64_t ngx_violet_health_event_kept(ngx_shm_zone_t *zone, ngx_str_t *report,
    uint64_t since, ngx_uint_t refresh);


#endif /* NGX_VIOLET_HEALTH_EVENT_H */
