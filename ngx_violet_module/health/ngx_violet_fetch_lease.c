
/*
 * The first half of a fetch: the lease.  The fetch takes the lease on this
 * host and then in Redis.  If another flight has it, the fetch follows that
 * flight, for all requests of this worker: it looks again when Redis has sent
 * a notice of the report or of its held result, and at intervals, since Redis
 * sends no notices of flights.
 */


#include "ngx_violet_fetch_priv.h"
#include "ngx_violet_health_event.h"
#include "ngx_violet_health_tracking.h"


/* ms between two looks of a follower at a flight of its own host */
#define NGX_VIOLET_FETCH_LOOK         20

/* the same in Redis, while the notify connection is up and while it is down */
#define NGX_VIOLET_FETCH_LOOK_LINKED  250
#define NGX_VIOLET_FETCH_LOOK_REDIS   50


static void ngx_violet_fetch_lease_on_host(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_alone(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_lease_in_redis(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_lease_answered(void *data,
    ngx_violet_redis_status_e status, ngx_violet_lease_e outcome,
    ngx_violet_report_t *report, ngx_str_t *result, uint64_t left);
static ngx_int_t ngx_violet_fetch_follow_result(ngx_violet_fetch_t *fetch,
    ngx_str_t *result, ngx_uint_t held, uint64_t left);
static ngx_int_t ngx_violet_fetch_found(ngx_violet_fetch_t *fetch,
    ngx_violet_report_t *report, ngx_str_t *id);
static void ngx_violet_fetch_follow(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_look(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_look_event(ngx_event_t *ev);
static void ngx_violet_fetch_noticed(ngx_violet_flight_t *flight);
static void ngx_violet_fetch_renew(ngx_event_t *ev);


void
ngx_violet_fetch_start(ngx_violet_fetch_t *fetch)
{
    ngx_violet_lease_t  *lease;

    fetch->flight->notice = ngx_violet_fetch_noticed;

    fetch->look.handler = ngx_violet_fetch_look_event;
    fetch->look.data = fetch;
    fetch->look.log = ngx_cycle->log;

    fetch->renewal.handler = ngx_violet_fetch_renew;
    fetch->renewal.data = fetch;
    fetch->renewal.log = ngx_cycle->log;
    fetch->renewal.cancelable = 1;

    lease = &fetch->lease;

    lease->store = fetch->conf.store;
    lease->drops = fetch->conf.drops;
    lease->refresh = fetch->conf.refresh;
    lease->stale = fetch->conf.stale;

    if (!fetch->conf.cached || ngx_violet_lease_init(lease) != NGX_OK) {
        fetch->ask(fetch);
        return;
    }

    ngx_violet_fetch_lease_on_host(fetch);
}


static void
ngx_violet_fetch_lease_on_host(ngx_violet_fetch_t *fetch)
{
    uint64_t            left;
    ngx_str_t           result;
    ngx_violet_lease_e  outcome;

    outcome = ngx_violet_lease_on_host(&fetch->lease, fetch->flight->pool,
                                       &result, &left);

    switch (outcome) {

    case NGX_VIOLET_LEASE_THEIRS:
        ngx_violet_fetch_follow(fetch);
        return;

    case NGX_VIOLET_LEASE_RESULT:
    case NGX_VIOLET_LEASE_HELD:
        if (ngx_violet_fetch_follow_result(fetch, &result,
                                           outcome == NGX_VIOLET_LEASE_HELD,
                                           left)
            == NGX_OK)
        {
            fetch->land(fetch);
            return;
        }

        if (fetch->lease_again) {
            ngx_violet_fetch_lease_on_host(fetch);
            return;
        }

        break;

    default: /* NGX_VIOLET_LEASE_OURS */
        break;
    }

    ngx_add_timer(&fetch->renewal, NGX_VIOLET_LEASE_RENEW);

    if (fetch->conf.store.redis) {
        ngx_violet_fetch_lease_in_redis(fetch);
        return;
    }

    ngx_violet_fetch_alone(fetch);
}


/*
 * Continues without Redis's decision.  Another flight of this host may have
 * stored a report since the caller's lookup, and what is held is all that is
 * known.
 */

static void
ngx_violet_fetch_alone(ngx_violet_fetch_t *fetch)
{
    uint64_t             left;
    ngx_str_t            result;
    ngx_violet_report_t  report;

    if (fetch->conf.store.redis
        && ngx_violet_lease_held_on_host(&fetch->lease, fetch->flight->pool,
                                         &result, &left)
           == NGX_OK
        && ngx_violet_fetch_follow_result(fetch, &result, 1, left) == NGX_OK)
    {
        fetch->land(fetch);
        return;
    }

    if (!fetch->conf.refresh
        && ngx_violet_health_store_spare(&fetch->conf.store,
                                         fetch->flight->pool, &report)
           == NGX_OK
        && report.age < fetch->conf.store.ttl
        && ngx_violet_fetch_found(fetch, &report, NULL) == NGX_OK)
    {
        fetch->land(fetch);
        return;
    }

    if (fetch->conf.store.redis == NULL && fetch->conf.merchant_id) {
        fetch->lease.event =
            ngx_violet_health_event_is_open(fetch->conf.store.zone,
                                            &fetch->conf.store.key);
    }

    fetch->ask(fetch);
}


static void
ngx_violet_fetch_lease_in_redis(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                  rc;
    ngx_msec_t                 timeout;
    ngx_violet_redis_status_e  status;

    fetch->redis_asked_at = ngx_current_msec;
    fetch->noticed = ngx_violet_lease_noticed(&fetch->lease);

    timeout = fetch->conf.redis_left;

    if (fetch->followed) {

        /* a follower waits for Violet, so each look has a full timeout */

        timeout = ngx_violet_redis_conf(fetch->conf.store.redis)->timeout;
    }

    rc = ngx_violet_lease_in_redis(&fetch->lease, timeout, &status,
                                   ngx_violet_fetch_lease_answered, fetch);

    if (rc == NGX_AGAIN) {
        return;
    }

    fetch->fetched.redis = ngx_violet_redis_status_merge(
                                 fetch->fetched.redis, status);

    ngx_violet_fetch_alone(fetch);
}


static void
ngx_violet_fetch_lease_answered(void *data, ngx_violet_redis_status_e status,
    ngx_violet_lease_e outcome, ngx_violet_report_t *report,
    ngx_str_t *result, uint64_t left)
{
    ngx_int_t                  rc;
    ngx_violet_fetch_t        *fetch = data;
    ngx_violet_fetch_step_pt   next;

    if (fetch->followed) {
        fetch->fetched.redis = ngx_violet_redis_status_merge(
                                     fetch->fetched.redis, status);

    } else {
        ngx_violet_fetch_asked(fetch, status);
    }

    next = (status == NGX_VIOLET_REDIS_OK) ? fetch->ask
                                           : ngx_violet_fetch_alone;

    switch (outcome) {

    case NGX_VIOLET_LEASE_AGAIN:
        next = ngx_violet_fetch_lease_in_redis;
        break;

    case NGX_VIOLET_LEASE_THEIRS:
        next = ngx_violet_fetch_follow;
        break;

    case NGX_VIOLET_LEASE_REPORT:
        if (ngx_violet_fetch_found(fetch, report, result) == NGX_OK) {
            next = fetch->land;
        }

        break;

    case NGX_VIOLET_LEASE_RESULT:
    case NGX_VIOLET_LEASE_HELD:
        rc = ngx_violet_fetch_follow_result(fetch, result,
                                            outcome == NGX_VIOLET_LEASE_HELD,
                                            left);
        if (rc == NGX_OK
            && fetch->fetched.kind != NGX_VIOLET_FETCH_REPORT)
        {
            next = fetch->land;

        } else if (fetch->lease_again) {
            next = ngx_violet_fetch_lease_in_redis;
        }

        break;

    default: /* NGX_VIOLET_LEASE_OURS */
        break;
    }

    ngx_violet_fetch_post(fetch, next);
}


/*
 * Takes over the result of another flight.  NGX_OK; NGX_DECLINED or NGX_ERROR
 * if this fetch must ask Violet itself.
 */

static ngx_int_t
ngx_violet_fetch_follow_result(ngx_violet_fetch_t *fetch, ngx_str_t *result,
    ngx_uint_t held, uint64_t left)
{
    ngx_int_t                  rc;
    ngx_violet_fetch_result_t  fetched;

    ngx_memzero(&fetched, sizeof(ngx_violet_fetch_result_t));

    fetch->lease_again = 0;

    rc = ngx_violet_fetch_result_unpack(&fetched, fetch->flight->pool, result,
                                        fetch->conf.buffer_limit);
    if (rc != NGX_OK) {
        return rc;
    }

    /*
     * A refused refresh is no result for a plain read: it asks for the lease
     * again.  If the refusal is held, which no flight of this version does,
     * it asks Violet, since it would find the same refusal again.
     */

    if (fetched.kind == NGX_VIOLET_FETCH_LIMITED && !fetch->conf.refresh) {
        fetch->lease.follows = 0;
        fetch->lease_again = !held;
        return NGX_DECLINED;
    }

    if (held) {
        fetched.held = 1;
        fetched.spared = (fetched.hold == 0);
        fetched.hold = left;
    }

    if (fetched.held) {

        /* the limiter was not asked for this request */

        ngx_memzero(&fetched.limit, sizeof(ngx_violet_limit_result_t));

        ngx_str_null(&fetched.request_id);

    } else {
        fetched.hold = 0;
    }

    fetched.redis = fetch->fetched.redis;
    fetched.followed = !fetched.held;

    fetch->fetched = fetched;

    return NGX_OK;
}


/* "id" is the one that Violet got with the flight that was followed. */

static ngx_int_t
ngx_violet_fetch_found(ngx_violet_fetch_t *fetch,
    ngx_violet_report_t *report, ngx_str_t *id)
{
    ngx_violet_fetch_result_t  *fetched;

    fetched = &fetch->fetched;

    if (id && id->len) {
        fetched->request_id.data = ngx_pstrdup(fetch->flight->pool, id);
        if (fetched->request_id.data == NULL) {
            return NGX_ERROR;
        }

        fetched->request_id.len = id->len;
    }

    if (ngx_violet_health_store_copy(fetch->flight->pool, &fetched->report,
                                     report)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    fetched->kind = NGX_VIOLET_FETCH_REPORT;
    fetched->followed = fetch->lease.follows;
    fetched->found = !fetched->followed;

    return NGX_OK;
}


static void
ngx_violet_fetch_follow(ngx_violet_fetch_t *fetch)
{
    ngx_uint_t               late;
    ngx_msec_t               delay;
    ngx_violet_main_conf_t  *vmcf;

    /* the flight that is followed may take upstream_timeout, as this one */

    late = (fetch->conf.left
            || ngx_current_msec - fetch->opened_at
               >= fetch->conf.upstream_timeout + NGX_VIOLET_FETCH_LOOK_LAST);

    /*
     * No request waits for the result.  A renewal in the background follows
     * all the same, since it keeps the readers of this worker from asking for
     * the lease one after the other; but it does not keep a worker that ends.
     */

    if (ngx_violet_flight_is_empty(fetch->flight)
        && (fetch->updates == NULL || late || ngx_exiting))
    {
        fetch->not_shared = 1;
        fetch->land(fetch);
        return;
    }

    if (late) {
        fetch->ask(fetch);
        return;
    }

    delay = NGX_VIOLET_FETCH_LOOK;

    if (fetch->lease.on_host) {
        vmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                                   ngx_violet_module);

        delay = ngx_violet_tracking_is_up(vmcf)
                ? NGX_VIOLET_FETCH_LOOK_LINKED : NGX_VIOLET_FETCH_LOOK_REDIS;

        delay += (ngx_msec_t) ngx_random() % (delay / 4);

        /* this worker may have seen a notice while Redis was asked */

        if (fetch->noticed != ngx_violet_lease_noticed(&fetch->lease)) {
            delay = NGX_VIOLET_FETCH_LOOK;
        }

        fetch->flight->following = 1;

        ngx_violet_tracking_watch(vmcf, delay);
    }

    fetch->followed = 1;

    ngx_add_timer(&fetch->look, delay);
}


static void
ngx_violet_fetch_look(ngx_violet_fetch_t *fetch)
{
    if (fetch->lease.on_host) {
        ngx_violet_fetch_lease_in_redis(fetch);
        return;
    }

    ngx_violet_fetch_lease_on_host(fetch);
}


static void
ngx_violet_fetch_look_event(ngx_event_t *ev)
{
    ngx_violet_fetch_t  *fetch;

    fetch = ev->data;
    fetch->flight->following = 0;

    ngx_violet_fetch_look(fetch);
}


/* Runs while the queue of flights is read, so the next step is posted. */

static void
ngx_violet_fetch_noticed(ngx_violet_flight_t *flight)
{
    ngx_violet_fetch_t  *fetch;

    fetch = flight->data;

    if (fetch->noticed == ngx_violet_lease_noticed(&fetch->lease)) {
        return;
    }

    flight->following = 0;

    if (fetch->look.timer_set) {
        ngx_del_timer(&fetch->look);
    }

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_look);
}


static void
ngx_violet_fetch_renew(ngx_event_t *ev)
{
    ngx_violet_fetch_t  *fetch;

    fetch = ev->data;

    (void) ngx_violet_lease_renew_on_host(&fetch->lease);
    ngx_violet_lease_renew(&fetch->lease);

    ngx_add_timer(&fetch->renewal, NGX_VIOLET_LEASE_RENEW);
}
