
/*
 * What the two halves of a fetch share: asking Violet (ngx_violet_fetch.c),
 * and finding out whether somebody else does (ngx_violet_fetch_lease.c).  For
 * nobody else.  Each function is a step that posts or calls the next one.
 */

#ifndef NGX_VIOLET_FETCH_LEASE_H
#define NGX_VIOLET_FETCH_LEASE_H


#include "ngx_violet_fetch_retry.h"
#include "ngx_violet_fetch.h"


/*
 * how much longer than a request of its own one waits for another's, in
 * milliseconds: who asks tells the others at the end of the same time
 */
#define NGX_VIOLET_FETCH_LOOK_LAST  1000


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
    ngx_msec_t                   opened_at;

    ngx_http_request_t          *carrier;
    ngx_violet_exchange_t        exchange;
    ngx_violet_retry_t           retry;
    ngx_msec_t                   sent_at;       /* to Violet */
    uint64_t                     version;       /* of the report in memory,
                                                   at "sent_at" */

    ngx_event_t                  event;
    ngx_violet_fetch_step_pt     next;
    ngx_msec_t                   redis_asked_at;

    unsigned                     lease_again:1;  /* ask for the lease again */
    unsigned                     not_shared:1;  /* followers get no result */
    unsigned                     followed:1;    /* another flight, once */
};


/* The first step: claims the flight, follows it, or goes on to ask Violet. */

void ngx_violet_fetch_start(ngx_violet_fetch_t *fetch);


/* Asks Violet: the limiter first, if it is a refresh. */

void ngx_violet_fetch_limit(ngx_violet_fetch_t *fetch);


/* The last step: the outcome is known, and the fetch may be gone. */

void ngx_violet_fetch_land(ngx_violet_fetch_t *fetch);


/* Redis has answered: notes how it was and what that took. */

void ngx_violet_fetch_asked(ngx_violet_fetch_t *fetch,
    ngx_violet_redis_status_e status);


/* Lets the next step run soon, from an event of its own. */

void ngx_violet_fetch_post(ngx_violet_fetch_t *fetch,
    ngx_violet_fetch_step_pt next);


#endif /* NGX_VIOLET_FETCH_LEASE_H */
