
/*
 * A report from Violet, as a flight.  The fetch lives in the flight's pool;
 * its exchange is carried by a request without a client, which is destroyed
 * before the flight lands.  So what callers get is a copy in the flight's
 * pool, and no caller can disturb any of it.
 *
 * Redis's callbacks and the end of the exchange only note what happened and
 * post the event that goes on.
 */


#include "ngx_violet_fetch.h"
#include "ngx_violet_attempt.h"


typedef struct ngx_violet_fetch_s  ngx_violet_fetch_t;

typedef void (*ngx_violet_fetch_step_pt)(ngx_violet_fetch_t *fetch);

struct ngx_violet_fetch_s {
    ngx_violet_fetch_conf_t      conf;
    ngx_queue_t                 *flights;
    ngx_violet_flight_t         *flight;
    ngx_violet_fetched_t         fetched;

    ngx_http_request_t          *carrier;
    ngx_violet_exchange_t        exchange;
    ngx_violet_attempt_t         attempt;

    ngx_event_t                  event;
    ngx_violet_fetch_step_pt     next;
    ngx_msec_t                   asked_at;      /* Redis */
};


static ngx_int_t ngx_violet_fetch_copy(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_start(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_limit_answered(void *data,
    ngx_violet_redis_status_e status, ngx_violet_limit_result_t *result);
static void ngx_violet_fetch_limited(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_exchange(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_attempt(void *data);
static void ngx_violet_fetch_repeat(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_exchanged(void *data,
    ngx_violet_exchange_t *exchange);
static void ngx_violet_fetch_check(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_take(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_take_failure(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_take_answer(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_take_error(ngx_violet_fetch_t *fetch);
static ngx_int_t ngx_violet_fetch_check_report(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_store(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_stored(void *data,
    ngx_violet_redis_status_e status);
static void ngx_violet_fetch_land(ngx_violet_fetch_t *fetch);
static void ngx_violet_fetch_asked(ngx_violet_fetch_t *fetch,
    ngx_violet_redis_status_e status);
static void ngx_violet_fetch_post(ngx_violet_fetch_t *fetch,
    ngx_violet_fetch_step_pt next);
static void ngx_violet_fetch_event(ngx_event_t *ev);


ngx_int_t
ngx_violet_fetch(ngx_http_request_t *r, ngx_violet_fetch_conf_t *conf,
    ngx_violet_flight_t **flightp, ngx_uint_t *joined)
{
    ngx_violet_fetch_t      *fetch;
    ngx_violet_flight_t     *flight;
    ngx_violet_main_conf_t  *vmcf;

    vmcf = ngx_http_get_module_main_conf(r, ngx_violet_module);

    flight = ngx_violet_flight_find(&vmcf->flights, &conf->store.key,
                                    conf->refresh);

    if (flight) {
        *flightp = flight;
        *joined = 1;

        return ngx_violet_flight_join(flight, r) == NGX_OK ? NGX_AGAIN
                                                           : NGX_ERROR;
    }

    flight = ngx_violet_flight_open(&vmcf->flights, &conf->store.key,
                                    conf->refresh);
    if (flight == NULL) {
        return NGX_ERROR;
    }

    fetch = ngx_pcalloc(flight->pool, sizeof(ngx_violet_fetch_t));

    if (fetch == NULL) {
        ngx_violet_flight_land(flight);
        return NGX_ERROR;
    }

    fetch->conf = *conf;
    fetch->flights = &vmcf->flights;
    fetch->flight = flight;
    flight->data = fetch;

    fetch->attempt.app = conf->app;
    fetch->attempt.handler = ngx_violet_fetch_attempt;
    fetch->attempt.data = fetch;

    fetch->event.handler = ngx_violet_fetch_event;
    fetch->event.data = fetch;
    fetch->event.log = ngx_cycle->log;

    if (ngx_violet_fetch_copy(fetch) != NGX_OK
        || ngx_violet_flight_join(flight, r) != NGX_OK)
    {
        ngx_violet_flight_land(flight);
        return NGX_ERROR;
    }

    *flightp = flight;
    *joined = 0;

    /* not from here: the request must be parked before anything can end */

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_start);

    return NGX_AGAIN;
}


ngx_violet_fetched_t *
ngx_violet_fetched(ngx_violet_flight_t *flight)
{
    return &((ngx_violet_fetch_t *) flight->data)->fetched;
}


static ngx_int_t
ngx_violet_fetch_copy(ngx_violet_fetch_t *fetch)
{
    ngx_str_t   *s[4];
    ngx_pool_t  *pool;
    ngx_uint_t   i;

    pool = fetch->flight->pool;

    s[0] = &fetch->conf.uri;
    s[1] = &fetch->conf.args;
    s[2] = &fetch->conf.store.key;
    s[3] = &fetch->conf.limit.upstream;

    for (i = 0; i < 4; i++) {
        s[i]->data = ngx_pstrdup(pool, s[i]);
        if (s[i]->data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_violet_fetch_start(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                  rc;
    ngx_violet_redis_status_e  status;

    if (!fetch->conf.refresh || fetch->conf.limit.conf == NULL) {
        ngx_violet_fetch_exchange(fetch);
        return;
    }

    fetch->asked_at = ngx_current_msec;

    rc = ngx_violet_limit_ask(&fetch->conf.limit, &fetch->fetched.limit,
                              fetch->conf.redis_left, &status,
                              ngx_violet_fetch_limit_answered, fetch);

    if (rc == NGX_AGAIN) {
        return;
    }

    ngx_violet_redis_note(&fetch->fetched.redis, status);

    if (rc == NGX_ERROR) {
        fetch->fetched.limit.asked = 1;
        fetch->fetched.limit.in_memory = 1;
        fetch->fetched.limit.wait = fetch->conf.limit.conf->merchant.period;
    }

    ngx_violet_fetch_limited(fetch);
}


static void
ngx_violet_fetch_limit_answered(void *data, ngx_violet_redis_status_e status,
    ngx_violet_limit_result_t *result)
{
    ngx_violet_fetch_t  *fetch = data;

    fetch->fetched.limit = *result;

    ngx_violet_fetch_asked(fetch, status);
    ngx_violet_fetch_post(fetch, ngx_violet_fetch_limited);
}


static void
ngx_violet_fetch_limited(ngx_violet_fetch_t *fetch)
{
    if (!fetch->fetched.limit.allowed
        && !fetch->conf.limit.conf->dry_run)
    {
        fetch->fetched.kind = NGX_VIOLET_FETCHED_LIMITED;
        ngx_violet_fetch_land(fetch);
        return;
    }

    ngx_violet_fetch_exchange(fetch);
}


static void
ngx_violet_fetch_exchange(ngx_violet_fetch_t *fetch)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_violet_exchange_t  *e;

    rc = ngx_violet_attempt_start(&fetch->attempt, &fetch->exchange);

    if (rc != NGX_OK) {
        if (rc == NGX_DECLINED) {
            ngx_violet_fetch_check(fetch);
        }

        return;
    }

    r = ngx_violet_clientless_create(&fetch->conf.location,
                                     &fetch->conf.uri);
    if (r == NULL) {
        fetch->fetched.kind = NGX_VIOLET_FETCHED_FAILED;
        fetch->fetched.status = NGX_HTTP_BAD_GATEWAY;
        ngx_str_set(&fetch->fetched.detail, "the gateway is out of memory");
        ngx_violet_fetch_land(fetch);
        return;
    }

    fetch->carrier = r;

    e = &fetch->exchange;

    e->carrier = r;
    e->app = fetch->conf.app;
    e->uri = r->uri;
    e->args = fetch->conf.args;
    e->limit = fetch->conf.buffer_limit;
    e->no_retry_timeout = fetch->conf.refresh;
    e->handler = ngx_violet_fetch_exchanged;
    e->data = fetch;

    if (ngx_violet_exchange_start(e) != NGX_OK) {
        e->result = NGX_VIOLET_EXCHANGE_UNREACHABLE;
        ngx_violet_fetch_post(fetch, ngx_violet_fetch_check);
        return;
    }

    c = r->connection;

    ngx_http_run_posted_requests(c);
}


static void
ngx_violet_fetch_attempt(void *data)
{
    ngx_violet_fetch_t  *fetch = data;

    ngx_violet_fetch_post(fetch, fetch->carrier ? ngx_violet_fetch_repeat
                                                : ngx_violet_fetch_exchange);
}


static void
ngx_violet_fetch_repeat(ngx_violet_fetch_t *fetch)
{
    if (!ngx_violet_attempt_again(&fetch->attempt, &fetch->exchange,
                                  fetch->flight->pool,
                                  &fetch->fetched.states))
    {
        ngx_violet_fetch_check(fetch);
        return;
    }

    fetch->carrier = NULL;
    ngx_violet_fetch_exchange(fetch);
}


/* Inside the end of the subrequest: its carrier must outlive this call. */

static void
ngx_violet_fetch_exchanged(void *data, ngx_violet_exchange_t *exchange)
{
    ngx_violet_fetch_t  *fetch = data;

    ngx_violet_fetch_post(fetch, ngx_violet_fetch_check);
}


static void
ngx_violet_fetch_check(ngx_violet_fetch_t *fetch)
{
    ngx_int_t  rc;

    if (ngx_violet_attempt_refused(&fetch->attempt, &fetch->exchange)) {
        return;
    }

    if (ngx_violet_exchange_unsent(fetch->exchange.states)
        && fetch->exchange.status == 0
        && fetch->fetched.limit.asked && fetch->fetched.limit.allowed)
    {
        ngx_violet_limit_refund(&fetch->conf.limit, &fetch->fetched.limit);
    }

    rc = ngx_violet_fetch_take(fetch);

    ngx_violet_clientless_destroy(fetch->carrier);
    fetch->carrier = NULL;

    if (rc != NGX_OK) {
        fetch->fetched.kind = NGX_VIOLET_FETCHED_FAILED;
        fetch->fetched.status = NGX_HTTP_BAD_GATEWAY;
        ngx_str_set(&fetch->fetched.detail, "the gateway is out of memory");
    }

    if (fetch->fetched.kind == NGX_VIOLET_FETCHED_REPORT
        && fetch->conf.cached && !fetch->flight->superseded)
    {
        if (fetch->conf.refresh) {
            ngx_violet_flight_supersede(fetch->flights, &fetch->flight->key);
        }

        ngx_violet_fetch_store(fetch);
        return;
    }

    ngx_violet_fetch_land(fetch);
}


/* Out of the carrier's pool, which is about to go, into the flight's. */

static ngx_int_t
ngx_violet_fetch_take(ngx_violet_fetch_t *fetch)
{
    ngx_violet_exchange_t  *e;

    e = &fetch->exchange;

    if (ngx_violet_exchange_copy_states(fetch->flight->pool,
                                        &fetch->fetched.states, e->states)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (e->result == NGX_VIOLET_EXCHANGE_REFUSED) {

        /* without a token Violet has as good as failed: stale reports help */

        fetch->fetched.kind = e->refused == NGX_VIOLET_REFUSED_CREDENTIALS
                              ? NGX_VIOLET_FETCHED_FAILED
                              : NGX_VIOLET_FETCHED_REFUSED;
        fetch->fetched.refused = e->refused;
        return NGX_OK;
    }

    fetch->fetched.status = e->status;

    if (e->result == NGX_VIOLET_EXCHANGE_ANSWERED) {
        return ngx_violet_fetch_take_answer(fetch);
    }

    ngx_violet_fetch_take_failure(fetch);

    return NGX_OK;
}


static void
ngx_violet_fetch_take_failure(ngx_violet_fetch_t *fetch)
{
    ngx_violet_fetched_t  *fetched;

    fetched = &fetch->fetched;

    fetched->kind = NGX_VIOLET_FETCHED_FAILED;
    fetched->status = NGX_HTTP_BAD_GATEWAY;

    switch (fetch->exchange.result) {

    case NGX_VIOLET_EXCHANGE_UNREACHABLE:
        ngx_str_set(&fetched->detail,
                    "no connection to Violet could be made");
        break;

    case NGX_VIOLET_EXCHANGE_TIMEOUT:
        fetched->status = NGX_HTTP_GATEWAY_TIME_OUT;
        ngx_str_set(&fetched->detail, "Violet did not answer in time");
        break;

    case NGX_VIOLET_EXCHANGE_TOO_LARGE:
        ngx_str_set(&fetched->detail,
                    "Violet's answer is larger than violet_buffer_limit");
        break;

    default:
        ngx_str_set(&fetched->detail,
                    "Violet's answer was cut off or was no valid HTTP");
    }
}


static ngx_int_t
ngx_violet_fetch_take_answer(ngx_violet_fetch_t *fetch)
{
    ngx_pool_t              *pool;
    ngx_violet_fetched_t    *fetched;
    ngx_violet_exchange_t   *e;
    ngx_http_headers_out_t  *out;

    e = &fetch->exchange;
    out = e->headers_out;
    pool = fetch->flight->pool;
    fetched = &fetch->fetched;

    fetched->content.data = ngx_pstrdup(pool, &e->content);
    fetched->content_type.data = ngx_pstrdup(pool, &out->content_type);

    if (fetched->content.data == NULL || fetched->content_type.data == NULL) {
        return NGX_ERROR;
    }

    fetched->content.len = e->content.len;
    fetched->content_type.len = out->content_type.len;

    if (out->content_encoding && out->content_encoding->hash) {
        fetched->content_encoding.data =
                            ngx_pstrdup(pool, &out->content_encoding->value);
        if (fetched->content_encoding.data == NULL) {
            return NGX_ERROR;
        }

        fetched->content_encoding.len = out->content_encoding->value.len;
    }

    if (e->status == NGX_HTTP_TOO_MANY_REQUESTS
        || e->status >= NGX_HTTP_INTERNAL_SERVER_ERROR
        || e->status < NGX_HTTP_OK
        || e->status / 100 == 3)
    {
        return ngx_violet_fetch_take_error(fetch);
    }

    if (e->status != NGX_HTTP_OK) {
        fetched->kind = NGX_VIOLET_FETCHED_OTHER;
        return NGX_OK;
    }

    return ngx_violet_fetch_check_report(fetch);
}


/*
 * 5xx and 429, and what Violet's API has no use for: its words stay behind,
 * the status is in the problem.
 */

static ngx_int_t
ngx_violet_fetch_take_error(ngx_violet_fetch_t *fetch)
{
    u_char                *p;
    ngx_table_elt_t       *h;
    ngx_violet_fetched_t  *fetched;

    fetched = &fetch->fetched;
    fetched->kind = NGX_VIOLET_FETCHED_FAILED;

    p = ngx_pnalloc(fetch->flight->pool,
                    sizeof("Violet answered with status ") + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    fetched->detail.data = p;
    fetched->detail.len = ngx_sprintf(p, "Violet answered with status %ui",
                                      fetch->exchange.status)
                          - p;

    if (fetch->exchange.status == NGX_HTTP_TOO_MANY_REQUESTS) {
        h = ngx_violet_exchange_find_header(&fetch->exchange, "Retry-After");

        if (h) {
            fetched->retry_after.data = ngx_pstrdup(fetch->flight->pool,
                                                    &h->value);
            if (fetched->retry_after.data == NULL) {
                return NGX_ERROR;
            }

            fetched->retry_after.len = h->value.len;
        }

        return NGX_OK;
    }

    fetched->status =
        (fetch->exchange.status == NGX_HTTP_GATEWAY_TIME_OUT)
        ? NGX_HTTP_GATEWAY_TIME_OUT : NGX_HTTP_BAD_GATEWAY;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_fetch_check_report(ngx_violet_fetch_t *fetch)
{
    const char            *reason;
    violet_report_t        report;
    ngx_violet_fetched_t  *fetched;

    fetched = &fetch->fetched;

    reason = NULL;
    report.offset = 0;

    if (fetched->content_encoding.len) {
        reason = "it is compressed although that was not asked for";

    } else if (violet_report_check((char *) fetched->content.data,
                                   fetched->content.len,
                                   fetch->conf.merchant_id, &report)
               != 0)
    {
        reason = report.reason;
    }

    if (reason) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: the answer about merchant %D is not stored: "
                      "%s (%uz bytes, at byte %uz)",
                      fetch->conf.merchant_id, reason, fetched->content.len,
                      report.offset);

        fetched->kind = NGX_VIOLET_FETCHED_OTHER;
        return NGX_OK;
    }

    fetched->kind = NGX_VIOLET_FETCHED_REPORT;
    fetched->report.body = fetched->content;
    fetched->report.state = report.state;
    fetched->report.age = 0;

    return ngx_violet_store_set_etag(fetch->flight->pool, &fetched->report);
}


static void
ngx_violet_fetch_store(ngx_violet_fetch_t *fetch)
{
    ngx_int_t                  rc;
    ngx_violet_redis_status_e  status;

    /* parsing a large report takes time that is not Redis's */

    ngx_time_update();

    fetch->asked_at = ngx_current_msec;

    rc = ngx_violet_store_set(&fetch->conf.store, &fetch->fetched.report,
                              fetch->conf.redis_left, &status,
                              ngx_violet_fetch_stored, fetch);

    if (rc == NGX_AGAIN) {
        return;
    }

    ngx_violet_redis_note(&fetch->fetched.redis, status);
    fetch->fetched.stored = (rc == NGX_OK);

    ngx_violet_fetch_land(fetch);
}


static void
ngx_violet_fetch_stored(void *data, ngx_violet_redis_status_e status)
{
    ngx_violet_fetch_t  *fetch = data;

    fetch->fetched.stored = (status == NGX_VIOLET_REDIS_OK);

    ngx_violet_fetch_asked(fetch, status);
    ngx_violet_fetch_post(fetch, ngx_violet_fetch_land);
}


static void
ngx_violet_fetch_land(ngx_violet_fetch_t *fetch)
{
    ngx_violet_flight_land(fetch->flight);
}


/* One deadline for all waits on Redis. */

static void
ngx_violet_fetch_asked(ngx_violet_fetch_t *fetch,
    ngx_violet_redis_status_e status)
{
    ngx_msec_t  spent;

    ngx_violet_redis_note(&fetch->fetched.redis, status);

    spent = ngx_current_msec - fetch->asked_at;

    fetch->conf.redis_left -= ngx_min(spent, fetch->conf.redis_left);
}


static void
ngx_violet_fetch_post(ngx_violet_fetch_t *fetch,
    ngx_violet_fetch_step_pt next)
{
    fetch->next = next;

    ngx_post_event(&fetch->event, &ngx_posted_events);
}


static void
ngx_violet_fetch_event(ngx_event_t *ev)
{
    ngx_violet_fetch_t  *fetch;

    fetch = ev->data;

    fetch->next(fetch);
}
