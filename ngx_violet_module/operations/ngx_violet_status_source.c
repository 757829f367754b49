
/*
 * The numbers of violet_status that are no counters: they are read when the
 * request comes, from the zones of this host and from this worker.
 */


#include "ngx_violet_count.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_memory_link.h"
#include "ngx_violet_status.h"


static void ngx_violet_status_host(ngx_violet_main_conf_t *vmcf,
    int64_t *values);
static void ngx_violet_status_redis(ngx_violet_main_conf_t *vmcf,
    violet_metrics_source_t *source);
static int64_t ngx_violet_status_redis_up(ngx_violet_counts_t *counts,
    ngx_uint_t i);
static void ngx_violet_status_app(ngx_violet_counts_t *counts,
    ngx_violet_app_t *app, int64_t *values);


ngx_int_t
ngx_violet_status_source(ngx_http_request_t *r,
    violet_metrics_source_t *source)
{
    ngx_uint_t                i;
    ngx_violet_app_t        **app;
    ngx_violet_counts_t      *counts;
    violet_metrics_app_t     *apps;
    ngx_violet_main_conf_t   *vmcf;

    vmcf = ngx_violet_main_conf(r);
    counts = vmcf->counts;

    /* without an app the array is empty, and not null */

    apps = ngx_palloc(r->pool, (vmcf->apps.nelts + 1)
                               * sizeof(violet_metrics_app_t));
    if (apps == NULL) {
        return NGX_ERROR;
    }

    source->counters = counts->counters;
    source->version = counts->version;
    source->nginx = NGINX_VERSION;
    source->apps = apps;
    source->napps = vmcf->apps.nelts;

    ngx_violet_status_host(vmcf, source->values);
    ngx_violet_status_redis(vmcf, source);

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        apps[i].name.data = (char *) app[i]->name.data;
        apps[i].name.len = app[i]->name.len;
        apps[i].place = app[i]->counted;

        ngx_violet_status_app(counts, app[i], apps[i].values);
    }

    return NGX_OK;
}


static void
ngx_violet_status_host(ngx_violet_main_conf_t *vmcf, int64_t *values)
{
    violet_counters_t          *counters;
    ngx_violet_memory_stats_t   zone;

    counters = vmcf->counts->counters;

    ngx_violet_memory_stats(vmcf->zone, &zone);

    values[VIOLET_HOST_BUILD] = 1;
    values[VIOLET_HOST_LOADED] = vmcf->counts->loaded;
    values[VIOLET_HOST_FLIGHTS] = violet_counters_read_workers(counters,
                                  offsetof(violet_counters_worker_t, flights),
                                                   ngx_violet_counts_alive);
    values[VIOLET_HOST_WAITERS] = violet_counters_read_workers(counters,
                                  offsetof(violet_counters_worker_t, waiters),
                                                   ngx_violet_counts_alive);
    values[VIOLET_HOST_BYTES_USED] = zone.used;
    values[VIOLET_HOST_BYTES_FREE] = zone.free;
    values[VIOLET_HOST_ENTRIES_REPORT] = zone.entries[NGX_VIOLET_MEMORY_REPORT];
    values[VIOLET_HOST_ENTRIES_FLIGHT] = zone.entries[NGX_VIOLET_MEMORY_FLIGHT];
    values[VIOLET_HOST_ENTRIES_LIMIT] = zone.entries[NGX_VIOLET_MEMORY_LIMIT];
    values[VIOLET_HOST_ENTRIES_SUBMIT] = zone.entries[NGX_VIOLET_MEMORY_SUBMIT];
    values[VIOLET_HOST_ENTRIES_EVENT] = zone.entries[NGX_VIOLET_MEMORY_EVENT];
}


/* Submits lie in violet_submit_redis, if there is one. */

static void
ngx_violet_status_redis(ngx_violet_main_conf_t *vmcf,
    violet_metrics_source_t *source)
{
    ngx_uint_t            i, submits;
    violet_counters_t    *counters;
    ngx_violet_counts_t  *counts;

    counts = vmcf->counts;
    counters = counts->counters;

    source->redis[0].configured = (vmcf->redis != NULL);
    source->redis[1].configured = (vmcf->submit_redis != NULL);

    submits = vmcf->submit_redis ? 1 : 0;

    for (i = 0; i < 2; i++) {
        source->redis[i].values[VIOLET_REDIS_UP] =
                                       ngx_violet_status_redis_up(counts, i);
        source->redis[i].values[VIOLET_REDIS_LINK_UP] = VIOLET_METRIC_UNKNOWN;
        source->redis[i].values[VIOLET_REDIS_EVICTS] = VIOLET_METRIC_UNKNOWN;
    }

    source->redis[0].values[VIOLET_REDIS_LINK_UP] =
                                   ngx_violet_memory_link_covers(vmcf->zone);
    source->redis[submits].values[VIOLET_REDIS_EVICTS] =
        (int64_t) violet_counters_read_host(counters,
                      offsetof(violet_counters_host_t, redis)
                      + submits * sizeof(violet_counters_redis_t)
                      + offsetof(violet_counters_redis_t, evicts));
}


/* 1 if any worker is connected. */

static int64_t
ngx_violet_status_redis_up(ngx_violet_counts_t *counts, ngx_uint_t i)
{
    return violet_counters_read_workers(counts->counters,
               offsetof(violet_counters_worker_t, redis_up)
               + i * sizeof(violet_gauge_t),
               ngx_violet_counts_alive) > 0;
}


static void
ngx_violet_status_app(ngx_violet_counts_t *counts, ngx_violet_app_t *app,
    int64_t *values)
{
    long     budget;
    int64_t  expiry;

    budget = atomic_load(&app->counts.known->budget);
    expiry = ngx_violet_credentials_expiry(app);

    values[VIOLET_APP_BUDGET_LEFT] = budget ? budget - 1
                                            : VIOLET_METRIC_UNKNOWN;
    values[VIOLET_APP_IN_FLIGHT] =
        violet_counters_read_in_flight(counts->counters, app->counted,
                                       ngx_violet_counts_alive);
    values[VIOLET_APP_IN_DOUBT] =
        violet_counters_read_in_doubt(counts->counters, app->counted,
                                      ngx_violet_clock());
    values[VIOLET_APP_TOKEN_EXPIRY] = expiry == -1 ? VIOLET_METRIC_UNKNOWN
                                                   : expiry / 1000;
}
