
/*
 * A flight is one request to Violet for a report, for which all requests of
 * the worker that want this report wait.  The fetch that runs the flight and
 * each request that uses the result hold it; when the last one lets go, the
 * flight's pool is destroyed.  Each worker has its own queue of flights.
 */

#ifndef NGX_VIOLET_FLIGHT_H
#define NGX_VIOLET_FLIGHT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_wait.h"

#include "violet_counters.h"


/* requests that join one flight; more wait for the next flight */
#define NGX_VIOLET_FLIGHT_MAX_WAITERS  8192

/*
 * requests of a landed flight that are resumed in one round of the loop, and
 * bytes that they are sent
 */
#define NGX_VIOLET_FLIGHT_SLICE        64
#define NGX_VIOLET_FLIGHT_SLICE_BYTES  (256 * 1024)


typedef struct ngx_violet_flight_s  ngx_violet_flight_t;

typedef void (*ngx_violet_flight_notice_pt)(ngx_violet_flight_t *flight);

struct ngx_violet_flight_s {
    ngx_queue_t                   queue;      /* of flights under way */
    ngx_queue_t                   waiters;
    ngx_pool_t                   *pool;
    ngx_str_t                     key;
    ngx_uint_t                    refs;       /* holders */
    ngx_uint_t                    joined;     /* number of requests */
    violet_counters_worker_t     *gauges;     /* NULL: not counted */
    void                         *data;       /* the fetch that runs it */
    ngx_msec_t                    ends;       /* if bounded: latest end */
    ngx_violet_flight_notice_pt   notice;     /* called when any key has
                                                 changed in Redis */
    ngx_event_t                   resume;     /* of the next requests */
    size_t                        bytes;      /* of the body of its result */
    unsigned                      refresh:1;
    unsigned                      cached:1;   /* the report may be stored */
    unsigned                      following:1; /* it follows the flight of
                                                 another host */
    unsigned                      bounded:1;  /* waits for no other flight */
    unsigned                      landed:1;   /* has a result */
};


/*
 * Returns a flight under way for this key that the request may join, or NULL.
 * A refresh joins only a refresh, a plain read joins either.  "cached" must be
 * the same.  A request that has left a flight joins only another one, which
 * ends within "timeout" milliseconds; "left" is NULL if it has left none.
 */

ngx_violet_flight_t *ngx_violet_flight_find(ngx_queue_t *flights,
    ngx_str_t *key, ngx_uint_t refresh, ngx_uint_t cached,
    ngx_violet_flight_t *left, ngx_msec_t timeout);


/* Opens a flight, which the caller holds; NULL if memory runs out. */

ngx_violet_flight_t *ngx_violet_flight_open(ngx_queue_t *flights,
    ngx_str_t *key, ngx_uint_t refresh, ngx_uint_t cached);


/*
 * Holds the flight for as long as the request lives, and parks the request
 * until the flight lands.  After "timeout" milliseconds (0: never) the request
 * is resumed and *left is set to the flight; *left must live as long as the
 * request.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_flight_join(ngx_violet_flight_t *flight,
    ngx_http_request_t *r, ngx_msec_t timeout, ngx_violet_flight_t **left);


/* True if no request uses the result any more. */

ngx_uint_t ngx_violet_flight_is_empty(ngx_violet_flight_t *flight);


/* Calls "notice" of all flights that follow a flight of another host. */

void ngx_violet_flight_notify(ngx_queue_t *flights);


/*
 * Ends a flight that has a result: takes it off the queue, resumes the
 * requests that wait, a few in each round of the event loop so that other
 * requests are answered in between, and then gives up the caller's hold.
 */

void ngx_violet_flight_land(ngx_violet_flight_t *flight);


#endif /* NGX_VIOLET_FLIGHT_H */
