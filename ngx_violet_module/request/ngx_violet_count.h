
/*
 * Counting: the zone of the counters, and where this worker counts.  The zone
 * is there only if a location has violet_status; without it, counting costs
 * one comparison.  Any folder may count for an app:
 *
 *     ngx_violet_count(app, submits[outcome]);
 *
 * A member of violet_counters_app_t follows the app.  store/ counts into the
 * violet_counters_redis_t that its client is handed.
 */

#ifndef NGX_VIOLET_COUNT_H
#define NGX_VIOLET_COUNT_H


#include "ngx_violet.h"


/* of a configuration; "slot" and all pointers are of this worker */

typedef struct ngx_violet_counts_s {
    size_t                     size;        /* of the zone; 0: the default */
    ngx_shm_zone_t            *zone;
    ngx_array_t               *apps;        /* of ngx_violet_app_t * */
    violet_counters_t         *counters;
    violet_counters_host_t    *host;
    violet_counters_worker_t  *worker;      /* NULL: no slot is free */
    int                        slot;        /* -1: the same */
    time_t                     loaded;      /* s: when it was read */
    const char                *version;     /* of the module */
} ngx_violet_counts_t;


/*
 * Adds the zone to a configuration whose apps are known; vmcf->counts says how
 * large it is.  NGX_ERROR if it is too small for the apps, or memory runs out;
 * that is logged.
 */

ngx_int_t ngx_violet_counts_add(ngx_conf_t *cf,
    ngx_violet_main_conf_t *vmcf);


/* Takes and leaves the slot of this worker. */

void ngx_violet_counts_start(ngx_violet_main_conf_t *vmcf);
void ngx_violet_counts_stop(ngx_violet_main_conf_t *vmcf);


/* Whether a process has this pid. */

int ngx_violet_counts_alive(long pid);


/*
 * nginx takes the context away from a request that error_page leads to another
 * location.  The first keeps the one of a request that proxy_pass streams, as
 * far as there is memory and a violet_status; the second returns it in the log
 * phase, or NULL.
 */

void ngx_violet_count_remember(ngx_http_request_t *r, ngx_violet_ctx_t *ctx);
ngx_violet_ctx_t *ngx_violet_count_remembered(ngx_http_request_t *r);


/* Adds one to a counter of an app, which is not NULL. */

#define ngx_violet_count(app, member)                                         \
    do {                                                                      \
        if ((app)->counts.counters) {                                         \
            violet_count(&(app)->counts.counters->member);                    \
        }                                                                     \
    } while (0)


/* Adds n, which may be negative, to a gauge of this worker. */

#define ngx_violet_gauge(vmcf, member, n)                                     \
    do {                                                                      \
        if ((vmcf)->counts && (vmcf)->counts->worker) {                       \
            violet_gauge_add(&(vmcf)->counts->worker->member, n);             \
        }                                                                     \
    } while (0)


/* Adds n to an app's submits in flight. */

static ngx_inline void
ngx_violet_count_in_flight(ngx_violet_app_t *app, long n)
{
    if (app->counts.in_flight) {
        violet_gauge_add(app->counts.in_flight, n);
    }
}


/*
 * A request to Violet has ended: its route, its result and how long it took,
 * in ms.
 */

static ngx_inline void
ngx_violet_count_upstream(ngx_violet_app_t *app, ngx_uint_t route,
    ngx_uint_t result, ngx_msec_t ms)
{
    if (app->counts.counters) {
        violet_count(&app->counts.counters->upstreams[route][result]);
        violet_count_ms(&app->counts.counters->upstream_time[route], ms);
    }
}


#endif /* NGX_VIOLET_COUNT_H */
