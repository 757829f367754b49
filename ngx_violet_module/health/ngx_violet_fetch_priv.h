
/*
 * The private header of a fetch.  ngx_violet_fetch_open.c begins it with the
 * steps in ngx_violet_fetch_lease.c, which take the lease or follow the flight
 * that has it; they continue with fetch->ask or fetch->land.
 */

#ifndef NGX_VIOLET_FETCH_PRIV_H
#define NGX_VIOLET_FETCH_PRIV_H


#include "ngx_violet_fetch_retry.h"
#include "ngx_violet_fetch.h"


/*
 * ms that a follower waits after upstream_timeout: the flight that it follows
 * may take all of upstream_timeout, and then leaves its result
 */
#define NGX_VIOLET_FETCH_LOOK_LAST  1000

/* renewals of a worker that may be under way in the background */
#define NGX_VIOLET_FETCH_UPDATES  64


typedef struct ngx_violet_fetch_s  ngx_violet_fetch_t;

typedef void (*ngx_violet_fetch_step_pt)(ngx_violet_fetch_t *fetch);

struct ngx_violet_fetch_s {
    ngx_violet_fetch_conf_t      conf;
    ngx_violet_flight_t         *flight;
    ngx_violet_fetch_result_t    fetched;

    ngx_violet_lease_t           lease;
    ngx_violet_landing_t         landing;
    ngx_event_t                  renewal;
    ngx_event_t                  look;          /* timer of a follower */
    uint64_t                     noticed;       /* before Redis was asked for
                                                   the lease */
    ngx_msec_t                   opened_at;

    ngx_violet_trace_t           trace;         /* of the request that opened
                                                   the flight */

    ngx_http_request_t          *carrier;
    ngx_violet_exchange_t        exchange;
    ngx_violet_retry_t           retry;
    ngx_msec_t                   sent_at;       /* to Violet */
    uint64_t                     version;       /* of the report in memory,
                                                   at "sent_at" */

    /* the steps after the lease, both in ngx_violet_fetch.c */
    ngx_violet_fetch_step_pt     ask;           /* asks Violet */
    ngx_violet_fetch_step_pt     land;          /* lands the flight, which may
                                                   destroy the fetch */

    ngx_event_t                  event;
    ngx_violet_fetch_step_pt     next;          /* which the event runs */
    ngx_msec_t                   redis_asked_at;

    ngx_uint_t                  *updates;       /* the worker's number of
                                                   renewals in the background;
                                                   NULL: not one of them */

    unsigned                     refreshes:1;   /* Violet is asked for
                                                   a refresh */
    unsigned                     lease_again:1;  /* ask for the lease again */
    unsigned                     not_shared:1;  /* followers get no result */
    unsigned                     followed:1;    /* has followed a flight */
};


/* Sets the steps and handlers of a new fetch. */

void ngx_violet_fetch_prepare(ngx_violet_fetch_t *fetch);


/* The first step: takes the lease, or follows the flight that has it. */

void ngx_violet_fetch_start(ngx_violet_fetch_t *fetch);


/* Stores the status of a reply of Redis, and the time that was waited. */

void ngx_violet_fetch_asked(ngx_violet_fetch_t *fetch,
    ngx_violet_redis_status_e status);


/* Posts an event that runs the next step. */

void ngx_violet_fetch_post(ngx_violet_fetch_t *fetch,
    ngx_violet_fetch_step_pt next);


#endif /* NGX_VIOLET_FETCH_PRIV_H */
