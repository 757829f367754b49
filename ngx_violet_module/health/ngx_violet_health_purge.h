
/*
 * The purge of one merchant's report and of the lists of its app, or of all
 * reports and lists of an app: on this host and in Redis, which sends all hosts
 * a notice.  Flights under way go on for the requests that wait for them, but
 * nothing that they bring is stored.
 */

#ifndef NGX_VIOLET_HEALTH_PURGE_H
#define NGX_VIOLET_HEALTH_PURGE_H


#include "ngx_violet.h"
#include "ngx_violet_health_store.h"


/* how many there were */

typedef struct {
    ngx_uint_t    reports;
    ngx_uint_t    lists;
} ngx_violet_purged_t;


/*
 * Called once, from within Redis's reply or a timer.  With another status than
 * NGX_VIOLET_REDIS_OK "purged" is of this host alone.
 */

typedef void (*ngx_violet_health_purged_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_purged_t *purged);


/*
 * Purges the report of a merchant; with "event" as an event of a webhook does,
 * see ngx_violet_health_event.h.  With merchant_id 0 all reports of the app are
 * purged, which nobody counts: "purged" has zeroes then.
 *
 * Returns NGX_OK without violet_redis, with *purged set; NGX_AGAIN if the
 * handler will be called, within the timeout of violet_redis; NGX_DECLINED if
 * Redis is away, *purged is of this host then; NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_health_purge(ngx_violet_main_conf_t *vmcf,
    ngx_violet_app_t *app, int32_t merchant_id, ngx_uint_t event,
    ngx_violet_purged_t *purged, ngx_violet_health_purged_pt handler,
    void *data);


#endif /* NGX_VIOLET_HEALTH_PURGE_H */
