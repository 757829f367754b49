
/*
 * The fetch of a report, second half: the refresh limit, the exchange, the
 * store.  ngx_violet_fetch_lease.c takes the lease before that.
 *
 * The fetch lives in the flight's pool.  A request without a client carries
 * its exchange and is destroyed before the flight lands, so callers read a
 * copy in the flight's pool.
 *
 * Redis's callbacks and the end of the exchange only store what happened and
 * post the event that runs the next step (ngx_violet_fetch_step.c).
 */


#include "ngx_violet_fetch_priv.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_health_event.h"
#include "ngx_violet_memory.h"


static void ngx_violet_fetch_limit(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_limit_answered(void *data,
    ngx_violet_redis_status_e status, ngx_violet_limit_result_t *result);
static void ngx_violet_fetch_limited(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_exchange(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_credentials_changed(void *data);
static void ngx_violet_fetch_repeat(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_exchanged(void *data,
    ngx_violet_exchange_t *exchange);
static void ngx_violet_fetch_check(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_refund(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_publish(ngx_violet_fetch_t *fetch);
static ngx_uint_t ngx_violet_fetch_is_failure(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_published(void *data,
    ngx_violet_redis_status_e status, ngx_uint_t stored);
static void ngx_violet_fetch_keep(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_remember(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_drop(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_outdate(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_land(ngx_violet_fetch_t *fetch);


void
ngx_violet_fetch_prepare(ngx_violet_fetch_t *fetch)
{
    fetch->retry.app = fetch->conf.app;
    fetch->retry.handler = ngx_violet_fetch_credentials_changed;
    fetch->retry.data = fetch;

    fetch->ask = ngx_violet_fetch_limit;
    fetch->land = ngx_violet_fetch_land;
}


/* Asks Violet, and before that the limiter if it is a refresh. */

static void
ngx_violet_fetch_limit(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                  rc;
    ngx_violet_redis_status_e  status;

    fetch->refreshes = (fetch->conf.refresh || fetch->lease.event);

    if (!fetch->refreshes || fetch->conf.limit.conf == NULL) {
        ngx_violet_fetch_exchange(fetch);
        return;
    }

    fetch->conf.limit.half = !fetch->conf.refresh;

    fetch->redis_asked_at = ngx_current_msec;

    rc = ngx_violet_limit_ask(&fetch->conf.limit, &fetch->fetched.limit,
                              fetch->conf.redis_left, &status,
                              ngx_violet_fetch_limit_answered, fetch);

    if (rc == NGX_AGAIN) {
        return;
    }

    fetch->fetched.redis = ngx_violet_redis_status_merge(
                                 fetch->fetched.redis, status);

    ngx_violet_fetch_limited(fetch);
}


static ngx_int_t
ngx_violet_fetch_limit_answered(void *data, ngx_violet_redis_status_e status,
    ngx_violet_limit_result_t *result)
{
    ngx_violet_fetch_t  *fetch = data;

    fetch->fetched.limit = *result;

    ngx_violet_fetch_asked(fetch, status);
    ngx_violet_fetch_post(fetch, ngx_violet_fetch_limited);

    return NGX_OK;
}


static void
ngx_violet_fetch_limited(ngx_violet_fetch_t *fetch)
{
    if (!fetch->fetched.limit.allowed
        && !fetch->conf.limit.conf->dry_run)
    {
        if (!fetch->conf.refresh) {

            /* the event of a webhook waits for a later refresh */

            fetch->refreshes = 0;
            ngx_violet_fetch_exchange(fetch);
            return;
        }

        fetch->fetched.kind = NGX_VIOLET_FETCH_LIMITED;
        ngx_violet_fetch_publish(fetch);
        return;
    }

    ngx_violet_fetch_exchange(fetch);
}


static void
ngx_violet_fetch_exchange(ngx_violet_fetch_t *fetch)
{
    ngx_int_t               rc;
    ngx_http_request_t     *r;
    ngx_violet_exchange_t  *e;

    rc = ngx_violet_retry_start(&fetch->retry, &fetch->exchange);

    if (rc != NGX_OK) {
        if (rc == NGX_DECLINED) {
            ngx_violet_fetch_check(fetch);
        }

        return;
    }

    fetch->sent_at = ngx_current_msec;
    fetch->version = ngx_violet_memory_key_version(fetch->conf.store.zone,
                                                &fetch->conf.store.key);
    fetch->conf.store.epoch = ngx_violet_health_epoch(fetch->conf.store.zone,
                                                      fetch->conf.app);

    r = ngx_violet_clientless_create(&fetch->conf.location,
                                     &fetch->conf.uri);
    if (r == NULL) {
        ngx_violet_fetch_refund(fetch);
        ngx_violet_fetch_result_no_memory(&fetch->fetched);
        ngx_violet_fetch_publish(fetch);
        return;
    }

    fetch->carrier = r;

    ngx_violet_trace_set_id(r, &fetch->trace.own_id);

    e = &fetch->exchange;

    e->carrier = r;
    e->app = fetch->conf.app;
    e->route = fetch->conf.merchant_id ? VIOLET_ROUTE_CONNECTION_HEALTH
                                       : VIOLET_ROUTE_CONNECTION_HEALTH_LIST;
    e->uri = r->uri;
    e->args = fetch->conf.args;

    if (fetch->refreshes && !fetch->conf.refresh) {
        ngx_str_set(&e->args, "refresh=true");
    }

    e->limit = fetch->conf.buffer_limit;
    e->timeout = fetch->conf.upstream_timeout;
    e->no_retry_timeout = fetch->refreshes;
    e->trace = &fetch->trace;
    e->handler = ngx_violet_fetch_exchanged;
    e->data = fetch;

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        e->result = NGX_VIOLET_EXCHANGE_UNREACHABLE;
        ngx_violet_fetch_post(fetch, ngx_violet_fetch_check);
        return;
    }

    ngx_http_run_posted_requests(r->connection);
}


static void
ngx_violet_fetch_credentials_changed(void *data)
{
    ngx_violet_fetch_t  *fetch = data;

    ngx_violet_fetch_post(fetch, fetch->carrier ? ngx_violet_fetch_repeat
                                                : ngx_violet_fetch_exchange);
}


static void
ngx_violet_fetch_repeat(ngx_violet_fetch_t *fetch)
{
    if (!ngx_violet_retry_again(&fetch->retry, &fetch->exchange,
                                fetch->flight->pool,
                                &fetch->fetched.states))
    {
        ngx_violet_fetch_check(fetch);
        return;
    }

    fetch->carrier = NULL;
    ngx_violet_fetch_exchange(fetch);
}


/* Runs at the end of the subrequest: the carrier must outlive this call. */

static void
ngx_violet_fetch_exchanged(void *data, ngx_violet_exchange_t *exchange)
{
    ngx_violet_fetch_t  *fetch = data;

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_check);
}


static void
ngx_violet_fetch_check(ngx_violet_fetch_t *fetch)
{
    if (ngx_violet_retry_refused(&fetch->retry, &fetch->exchange)) {
        return;
    }

    if (ngx_violet_exchange_unsent(fetch->exchange.states)
        && fetch->exchange.status == 0)
    {
        ngx_violet_fetch_refund(fetch);
    }

    if (ngx_violet_fetch_result_take(&fetch->fetched, fetch->flight->pool,
                                     &fetch->exchange, fetch->conf.merchant_id)
        != NGX_OK)
    {
        ngx_violet_fetch_result_no_memory(&fetch->fetched);
    }

    ngx_violet_clientless_destroy(fetch->carrier);
    fetch->carrier = NULL;

    ngx_violet_fetch_publish(fetch);
}


/* Gives the budget of a refresh back that was not sent to Violet. */

static void
ngx_violet_fetch_refund(ngx_violet_fetch_t *fetch)
{
    if (fetch->fetched.limit.asked && fetch->fetched.limit.allowed) {
        ngx_violet_limit_refund(&fetch->conf.limit, &fetch->fetched.limit);
    }
}


/* Stores the report, and leaves the result for followers. */

static void
ngx_violet_fetch_publish(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                  rc;
    ngx_violet_landing_t      *landing;
    ngx_violet_redis_status_e  status;

    if (!fetch->conf.cached) {
        ngx_violet_fetch_land(fetch);
        return;
    }

    /* the time that parsing took must not count as a wait for Redis */

    ngx_time_update();

    landing = &fetch->landing;

    landing->hold = fetch->fetched.hold;
    landing->since = ngx_current_msec - fetch->sent_at;

    landing->gone = fetch->fetched.gone;
    landing->refreshed = fetch->refreshes;
    landing->failed = (ngx_violet_fetch_is_failure(fetch)
                       && fetch->conf.stale && landing->hold == 0
                       && !ngx_violet_fetch_result_is_private(&fetch->fetched));

    if (fetch->fetched.kind == NGX_VIOLET_FETCH_REPORT) {
        landing->report = &fetch->fetched.report;
        landing->request_id = fetch->fetched.request_id;
    }

    fetch->not_shared = ngx_violet_fetch_result_is_private(&fetch->fetched);

    if (!fetch->not_shared
        && ngx_violet_fetch_result_pack(&fetch->fetched, fetch->flight->pool,
                                        &landing->result)
           != NGX_OK)
    {
        landing->hold = 0;
        landing->failed = 0;
    }

    if (landing->report == NULL && landing->hold == 0 && !landing->gone
        && !fetch->lease.in_redis)
    {
        ngx_violet_fetch_land(fetch);
        return;
    }

    fetch->redis_asked_at = ngx_current_msec;

    rc = ngx_violet_lease_land(&fetch->lease, landing,
                               fetch->conf.redis_left, &status,
                               ngx_violet_fetch_published, fetch);

    if (rc == NGX_AGAIN) {
        return;
    }

    fetch->fetched.redis = ngx_violet_redis_status_merge(
                                 fetch->fetched.redis, status);

    ngx_violet_fetch_keep(fetch);
    ngx_violet_fetch_land(fetch);
}


/*
 * In the background each answer that replaces no report is a failure: readers
 * still get the expired report, and each of them would renew it again.
 */

static ngx_uint_t
ngx_violet_fetch_is_failure(ngx_violet_fetch_t *fetch)
{
    if (fetch->updates && fetch->fetched.kind == NGX_VIOLET_FETCH_OTHER) {
        return !fetch->fetched.gone;
    }

    return fetch->fetched.kind == NGX_VIOLET_FETCH_FAILED;
}


static void
ngx_violet_fetch_published(void *data, ngx_violet_redis_status_e status,
    ngx_uint_t stored)
{
    ngx_violet_fetch_t  *fetch = data;

    ngx_violet_fetch_asked(fetch, status);

    if (fetch->landing.gone) {
        fetch->landing.dropped = stored;

    } else {
        fetch->fetched.stored = stored;
    }

    if (status == NGX_VIOLET_REDIS_OK) {

        /* the next read copies the report from Redis into memory */

        (void) ngx_violet_memory_forget(fetch->conf.store.zone,
                                 &fetch->conf.store.key);

    } else {
        ngx_violet_fetch_keep(fetch);
    }

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_land);
}


/*
 * Stores the report in memory, without Redis or while it is away, unless
 * another flight has taken the lease.
 */

static void
ngx_violet_fetch_keep(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                   rc;
    ngx_violet_report_place_t  *store;

    store = &fetch->conf.store;

    if (fetch->landing.report == NULL && !fetch->landing.gone) {
        return;
    }

    if (!fetch->conf.refresh
        && !ngx_violet_lease_renew_on_host(&fetch->lease))
    {
        return;
    }

    if (fetch->landing.gone) {
        ngx_violet_fetch_drop(fetch);
        return;
    }

    if (fetch->conf.refresh) {
        ngx_violet_fetch_outdate(fetch);
    }

    rc = ngx_violet_fetch_remember(fetch);

    if (store->redis == NULL) {
        fetch->fetched.stored = (rc == NGX_OK);
    }
}


/* Without violet_redis the mark of an event is in shared memory. */

static ngx_int_t
ngx_violet_fetch_remember(ngx_violet_fetch_t *fetch)
{
    uint64_t                   kept;
    ngx_violet_report_place_t  place;

    place = fetch->conf.store;

    if (place.redis == NULL) {
        kept = ngx_violet_health_event_kept(place.zone, &place.key,
                                            fetch->landing.since,
                                            fetch->landing.refreshed);

        place.ttl = ngx_min(place.ttl, kept);
        place.stale = ngx_min(place.stale, kept - place.ttl);
    }

    return ngx_violet_health_store_keep(&place, fetch->landing.report,
                                        fetch->version);
}


/* A Redis that is away may have the report: "dropped" is set then. */

static void
ngx_violet_fetch_drop(ngx_violet_fetch_t *fetch)
{
    ngx_uint_t                  had;
    ngx_violet_report_place_t  *store;

    store = &fetch->conf.store;

    had = ngx_violet_memory_forget(store->zone, &store->key);

    fetch->landing.dropped = (store->redis != NULL || had);

    ngx_violet_fetch_outdate(fetch);
}


/*
 * Marks the report and the lists that Redis still has as old.  Plain reads
 * that are under way do not store their reports after this.
 */

static void
ngx_violet_fetch_outdate(ngx_violet_fetch_t *fetch)
{
    ngx_uint_t                  i;
    ngx_violet_report_place_t  *store;

    store = &fetch->conf.store;

    (void) ngx_violet_memory_forget(store->zone, &store->key);

    fetch->version = ngx_violet_memory_key_version(store->zone, &store->key);

    if (store->redis == NULL) {
        return;
    }

    ngx_violet_health_store_outdate(store, &store->key);

    for (i = 0; i < NGX_VIOLET_LEASE_DROPS; i++) {
        ngx_violet_health_store_outdate(store, &fetch->conf.drops[i]);
    }
}


static void
ngx_violet_fetch_land(ngx_violet_fetch_t *fetch)
{
    if (fetch->landing.result.len == 0 && fetch->lease.on_host
        && !fetch->not_shared
        && ngx_violet_fetch_result_pack(&fetch->fetched, fetch->flight->pool,
                                        &fetch->landing.result)
           != NGX_OK)
    {
        ngx_str_null(&fetch->landing.result);
    }

    fetch->fetched.redis_left = fetch->conf.redis_left;

    ngx_violet_lease_land_on_host(&fetch->lease, &fetch->landing);

    if (fetch->renewal.timer_set) {
        ngx_del_timer(&fetch->renewal);
    }

    if (fetch->updates) {
        (*fetch->updates)--;
    }

    fetch->flight->bytes = fetch->fetched.report.body.len
                           + fetch->fetched.content.len;

    ngx_violet_flight_land(fetch->flight);
}
