
/*
 * A report from Violet: limiter if it is a refresh, exchange, check, store.
 * It runs as a flight, for whoever waits and even for nobody; the result
 * lives in the flight's pool.
 */

#ifndef NGX_VIOLET_FETCH_H
#define NGX_VIOLET_FETCH_H


#include "ngx_violet_module.h"
#include "ngx_violet_clientless.h"
#include "ngx_violet_flight.h"


typedef enum {
    NGX_VIOLET_FETCHED_REPORT = 0,  /* a good report */
    NGX_VIOLET_FETCHED_OTHER,       /* a whole answer that is no report */
    NGX_VIOLET_FETCHED_FAILED,      /* Violet failed */
    NGX_VIOLET_FETCHED_LIMITED,     /* the limiter refused */
    NGX_VIOLET_FETCHED_REFUSED      /* a configuration problem */
} ngx_violet_fetched_e;


typedef struct ngx_violet_fetched_s  ngx_violet_fetched_t;

struct ngx_violet_fetched_s {
    ngx_violet_fetched_e        kind;

    ngx_violet_report_t         report;
    unsigned                    stored:1;

    /* of a whole answer that is no report, and of a failed 429 */
    ngx_uint_t                  status;
    ngx_str_t                   content_type;
    ngx_str_t                   content_encoding;
    ngx_str_t                   content;
    ngx_str_t                   retry_after;

    /* of a failure: what to tell, as a sentence; 502, 504 or 429 */
    ngx_str_t                   detail;

    /* also of a failure, if it is ours */
    ngx_violet_refusal_e        refused;

    ngx_violet_limit_result_t   limit;
    ngx_violet_redis_status_e   redis;
    ngx_array_t                *states;
};


typedef struct {
    ngx_violet_location_t       location;
    ngx_violet_app_t           *app;
    ngx_violet_store_key_t      store;
    ngx_violet_limit_key_t      limit;
    ngx_str_t                   uri;        /* decoded, canonical */
    ngx_str_t                   args;
    int32_t                     merchant_id;
    size_t                      buffer_limit;
    ngx_msec_t                  redis_left;
    unsigned                    refresh:1;
    unsigned                    cached:1;   /* the report may be stored */
} ngx_violet_fetch_conf_t;


/*
 * Joins the flight for a report or opens one, and parks the request until
 * it lands.  All strings of the conf are copied.  Returns NGX_AGAIN, or
 * NGX_ERROR if memory runs out.  *joined tells which it was.
 */

ngx_int_t ngx_violet_fetch(ngx_http_request_t *r,
    ngx_violet_fetch_conf_t *conf, ngx_violet_flight_t **flight,
    ngx_uint_t *joined);


/* The result of a flight that has landed. */

ngx_violet_fetched_t *ngx_violet_fetched(ngx_violet_flight_t *flight);


#endif /* NGX_VIOLET_FETCH_H */
