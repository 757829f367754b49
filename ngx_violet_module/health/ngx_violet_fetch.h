
/*
 * A fetch gets a report from Violet: lease, refresh limit (a refresh only),
 * exchange, check, store.  It runs as a flight, even if all requests that
 * waited have gone; the result lives in the flight's pool.
 */

#ifndef NGX_VIOLET_FETCH_H
#define NGX_VIOLET_FETCH_H


#include "ngx_violet.h"
#include "ngx_violet_flight_lease.h"
#include "ngx_violet_clientless.h"
#include "ngx_violet_fetch_result.h"
#include "ngx_violet_flight.h"


typedef struct {
    ngx_violet_location_t       location;
    ngx_violet_app_t           *app;
    ngx_violet_report_place_t   store;
    ngx_violet_limit_key_t      limit;
    ngx_str_t                   drops[NGX_VIOLET_LEASE_DROPS];
    ngx_str_t                   uri;        /* decoded, canonical */
    ngx_str_t                   args;
    int32_t                     merchant_id;    /* 0: the list */
    size_t                      buffer_limit;
    ngx_msec_t                  redis_left;
    ngx_msec_t                  upstream_timeout;   /* ms, for Violet's whole
                                               answer */
    unsigned                    refresh:1;
    unsigned                    cached:1;   /* the report may be stored */
    unsigned                    stale:1;    /* the caller has an old report */

    /* the flight that the caller has left, or NULL */
    ngx_violet_flight_t        *left;
} ngx_violet_fetch_conf_t;


/*
 * Joins the flight for a report, or opens one, and parks the request until
 * the flight lands.  *joined is 1 if a flight was joined.  All strings of the
 * conf are copied.  Returns NGX_AGAIN, or NGX_ERROR if memory runs out.
 *
 * A request waits for a flight that it joined for conf->upstream_timeout and
 * NGX_VIOLET_FETCH_LOOK_LAST.  Then *left is set, and the request calls this
 * function again; a second flight does not wait for another flight's lease.
 */

ngx_int_t ngx_violet_fetch(ngx_http_request_t *r,
    ngx_violet_fetch_conf_t *conf, ngx_violet_flight_t **flight,
    ngx_uint_t *joined, ngx_violet_flight_t **left);


/*
 * Renews an expired report in the background, unless this worker has a flight
 * for it already.  No request waits for the result, and the renewal goes on
 * when the caller has gone.  It may not be started: if memory runs out, or if
 * NGX_VIOLET_FETCH_UPDATES are under way.  Then a later reader starts it.
 */

void ngx_violet_fetch_update(ngx_http_request_t *r,
    ngx_violet_fetch_conf_t *conf);


/* The result of a flight that has landed. */

ngx_violet_fetch_result_t *ngx_violet_fetch_result(ngx_violet_flight_t *flight);


#endif /* NGX_VIOLET_FETCH_H */
