
/*
 * Flights: one request to Violet at a time for a report, and everybody who
 * wants it meanwhile waits for that one.  A flight is held by whoever runs
 * it and by each request that uses its result, and its pool goes with the
 * last of them.  The queue of flights is a worker's own.
 */

#ifndef NGX_VIOLET_FLIGHT_H
#define NGX_VIOLET_FLIGHT_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_wait.h"


/* more than these wait for the next flight */
#define NGX_VIOLET_FLIGHT_MAX_WAITERS  8192


typedef struct ngx_violet_flight_s  ngx_violet_flight_t;

typedef void (*ngx_violet_flight_notice_pt)(ngx_violet_flight_t *flight);

struct ngx_violet_flight_s {
    ngx_queue_t                   queue;      /* of flights under way */
    ngx_queue_t                   waiters;
    ngx_pool_t                   *pool;
    ngx_str_t                     key;
    ngx_uint_t                    refs;
    ngx_uint_t                    joined;     /* in all */
    void                         *data;       /* whoever runs it */
    ngx_msec_t                    ends;       /* at the latest, if bounded */
    ngx_violet_flight_notice_pt   notice;     /* something has changed */
    unsigned                      refresh:1;
    unsigned                      cached:1;   /* its report is stored */
    unsigned                      following:1; /* waits for a notice */
    unsigned                      bounded:1;  /* waits for no other flight */
};


/*
 * A flight under way for this key that can be joined, or NULL.  A refresh
 * joins only a refresh; a plain read joins either; where reports are cached
 * nobody joins a flight that stores none.  Who has left a flight (NULL: has
 * left none) joins only another one that ends within so many milliseconds.
 */

ngx_violet_flight_t *ngx_violet_flight_find(ngx_queue_t *flights,
    ngx_str_t *key, ngx_uint_t refresh, ngx_uint_t cached,
    ngx_violet_flight_t *left, ngx_msec_t timeout);


/* Opens a flight, held once by the caller; NULL if memory runs out. */

ngx_violet_flight_t *ngx_violet_flight_open(ngx_queue_t *flights,
    ngx_str_t *key, ngx_uint_t refresh, ngx_uint_t cached);


/*
 * Holds the flight for as long as the request lives, and parks the request
 * until it lands, or for so many milliseconds (0: until it lands): *left is
 * set then.  It lives as long as the request.  NGX_OK or NGX_ERROR.
 */

ngx_int_t ngx_violet_flight_join(ngx_violet_flight_t *flight,
    ngx_http_request_t *r, ngx_msec_t timeout, ngx_violet_flight_t **left);


/* True if nobody is left who would use the result. */

ngx_uint_t ngx_violet_flight_is_empty(ngx_violet_flight_t *flight);


/*
 * Gives notice to the flights of a key that follow others, or to all of
 * them if it is NULL.
 */

void ngx_violet_flight_notify(ngx_queue_t *flights, ngx_str_t *key);


/*
 * The flight has a result: nobody joins it any more, those who wait are
 * resumed, and the caller's hold is given up.
 */

void ngx_violet_flight_land(ngx_violet_flight_t *flight);


#endif /* NGX_VIOLET_FLIGHT_H */
