
/*
 * Flights.  A flight and its result live in the flight's own pool.  The pool
 * is destroyed when the flight has landed and the last request that joined it
 * has ended.
 */


#include "ngx_violet_flight.h"


/*
 * ms: a worker that shuts down ends when it has no timers, so there is one
 * until all requests are resumed
 */
#define NGX_VIOLET_FLIGHT_RESUME  1000


typedef struct {
    ngx_queue_t             queue;
    ngx_violet_wait_t      *wait;
    ngx_event_t             timer;
    ngx_violet_flight_t    *flight;
    ngx_violet_flight_t   **left;
} ngx_violet_waiter_t;


static ngx_uint_t ngx_violet_flight_ends_within(ngx_violet_flight_t *flight,
    ngx_msec_t timeout);
static void ngx_violet_flight_leave(ngx_event_t *ev);
static void ngx_violet_flight_resume(ngx_event_t *ev);
static void ngx_violet_flight_count(ngx_violet_flight_t *flight, long n);
static void ngx_violet_flight_release(void *data);


ngx_violet_flight_t *
ngx_violet_flight_find(ngx_queue_t *flights, ngx_str_t *key,
    ngx_uint_t refresh, ngx_uint_t cached, ngx_violet_flight_t *left,
    ngx_msec_t timeout)
{
    ngx_queue_t          *q;
    ngx_violet_flight_t  *flight;

    for (q = ngx_queue_head(flights);
         q != ngx_queue_sentinel(flights);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_violet_flight_t, queue);

        if (flight->key.len == key->len
            && (flight->refresh || !refresh)
            && flight->cached == cached
            && (left == NULL
                || (flight != left
                    && ngx_violet_flight_ends_within(flight, timeout)))
            && flight->joined < NGX_VIOLET_FLIGHT_MAX_WAITERS
            && ngx_memcmp(flight->key.data, key->data, key->len) == 0)
        {
            return flight;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_violet_flight_ends_within(ngx_violet_flight_t *flight,
    ngx_msec_t timeout)
{
    return flight->bounded
           && (ngx_msec_int_t) (flight->ends - ngx_current_msec - timeout)
              <= 0;
}


ngx_violet_flight_t *
ngx_violet_flight_open(ngx_queue_t *flights, ngx_str_t *key,
    ngx_uint_t refresh, ngx_uint_t cached)
{
    ngx_pool_t           *pool;
    ngx_violet_flight_t  *flight;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    flight = ngx_pcalloc(pool, sizeof(ngx_violet_flight_t));
    if (flight == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    flight->key.data = ngx_pstrdup(pool, key);
    if (flight->key.data == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    flight->key.len = key->len;
    flight->pool = pool;
    flight->refs = 1;
    flight->refresh = refresh;
    flight->cached = cached;

    ngx_queue_init(&flight->waiters);
    ngx_queue_insert_head(flights, &flight->queue);

    return flight;
}


ngx_int_t
ngx_violet_flight_join(ngx_violet_flight_t *flight, ngx_http_request_t *r,
    ngx_msec_t timeout, ngx_violet_flight_t **left)
{
    ngx_violet_waiter_t  *waiter;
    ngx_pool_cleanup_t   *cln;

    waiter = ngx_pcalloc(flight->pool, sizeof(ngx_violet_waiter_t));
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    waiter->wait = ngx_violet_wait_start(r);
    if (waiter->wait == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_flight_release;
    cln->data = flight;

    flight->refs++;
    flight->joined++;

    ngx_queue_insert_tail(&flight->waiters, &waiter->queue);

    ngx_violet_flight_count(flight, 1);

    if (timeout) {
        waiter->flight = flight;
        waiter->left = left;

        waiter->timer.handler = ngx_violet_flight_leave;
        waiter->timer.data = waiter;
        waiter->timer.log = ngx_cycle->log;
        waiter->timer.cancelable = 1;

        ngx_add_timer(&waiter->timer, timeout);
    }

    return NGX_OK;
}


static void
ngx_violet_flight_leave(ngx_event_t *ev)
{
    ngx_violet_waiter_t  *waiter;

    waiter = ev->data;

    /* a request of a landed flight has a result, and is only resumed early */

    if (!waiter->flight->landed && ngx_violet_wait_request(waiter->wait)) {
        *waiter->left = waiter->flight;
    }

    ngx_queue_remove(&waiter->queue);

    ngx_violet_flight_count(waiter->flight, -1);

    ngx_violet_wait_end(waiter->wait);
}


ngx_uint_t
ngx_violet_flight_is_empty(ngx_violet_flight_t *flight)
{
    return flight->refs == 1;
}


void
ngx_violet_flight_notify(ngx_queue_t *flights)
{
    ngx_queue_t          *q;
    ngx_violet_flight_t  *flight;

    for (q = ngx_queue_head(flights);
         q != ngx_queue_sentinel(flights);
         q = ngx_queue_next(q))
    {
        flight = ngx_queue_data(q, ngx_violet_flight_t, queue);

        if (flight->following) {
            flight->notice(flight);
        }
    }
}


void
ngx_violet_flight_land(ngx_violet_flight_t *flight)
{
    ngx_queue_remove(&flight->queue);

    if (flight->gauges) {
        violet_gauge_add(&flight->gauges->flights, -1);
    }

    flight->landed = 1;

    flight->resume.handler = ngx_violet_flight_resume;
    flight->resume.data = flight;
    flight->resume.log = ngx_cycle->log;

    ngx_violet_flight_resume(&flight->resume);
}


/*
 * Resumes some requests, at least one; the next ones are due in the next
 * round.
 */

static void
ngx_violet_flight_resume(ngx_event_t *ev)
{
    size_t                bytes;
    ngx_uint_t            i;
    ngx_queue_t          *q;
    ngx_violet_flight_t  *flight;
    ngx_violet_waiter_t  *waiter;

    flight = ev->data;
    bytes = 0;

    for (i = 0;
         i < NGX_VIOLET_FLIGHT_SLICE && bytes < NGX_VIOLET_FLIGHT_SLICE_BYTES
         && !ngx_queue_empty(&flight->waiters);
         i++)
    {
        bytes += flight->bytes;

        q = ngx_queue_head(&flight->waiters);

        /* the head is another one than that of the round before */

        ngx_queue_remove(q);              /* NOLINT(*-core.NullDereference) */

        waiter = ngx_queue_data(q, ngx_violet_waiter_t, queue);

        if (waiter->timer.timer_set) {
            ngx_del_timer(&waiter->timer);
        }

        ngx_violet_flight_count(flight, -1);

        ngx_violet_wait_end(waiter->wait);
    }

    if (!ngx_queue_empty(&flight->waiters)) {
        ngx_post_event(ev, &ngx_posted_next_events);

        if (!ev->timer_set) {
            ngx_add_timer(ev, NGX_VIOLET_FLIGHT_RESUME);
        }

        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    ngx_violet_flight_release(flight);
}


/* Requests that wait. */

static void
ngx_violet_flight_count(ngx_violet_flight_t *flight, long n)
{
    if (flight->gauges) {
        violet_gauge_add(&flight->gauges->waiters, n);
    }
}


static void
ngx_violet_flight_release(void *data)
{
    ngx_violet_flight_t  *flight = data;

    if (--flight->refs == 0) {
        ngx_destroy_pool(flight->pool);
    }
}
