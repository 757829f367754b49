
/*
 * Who may ask Violet for a report: a lease to its flight, held on this host
 * in shared memory and among all hosts in Redis.  A lease is a lease: who
 * holds it renews it, and one whose holder has died is free when it ends.
 * Redis's part is fenced: only who still holds it may store a report, and it
 * is released by comparing its token.
 *
 * A flight that lands leaves its result behind for those who follow it, and
 * for longer if it is one that is not to be asked for again soon.
 */

#ifndef NGX_VIOLET_FLIGHT_LEASE_H
#define NGX_VIOLET_FLIGHT_LEASE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_health_store.h"


#define NGX_VIOLET_LEASE_TIME   3000   /* milliseconds, and */
#define NGX_VIOLET_LEASE_RENEW  1000   /* how often it is renewed */

#define NGX_VIOLET_LEASE_TOKEN  16     /* its text, in bytes */

/*
 * milliseconds that a failure is held the first time, and at most; and how
 * long after that another one counts as the next
 */
#define NGX_VIOLET_LEASE_HOLD      5000
#define NGX_VIOLET_LEASE_MAX_HOLD  60000
#define NGX_VIOLET_LEASE_NEXT      60000

/*
 * milliseconds for which Redis keeps the instant at which a report was
 * dropped: an answer that Violet was asked for before it is not stored
 */
#define NGX_VIOLET_LEASE_FENCE     3600000

/* what else is old once a report has been refreshed */
#define NGX_VIOLET_LEASE_DROPS  2


typedef enum {
    NGX_VIOLET_LEASE_OURS = 0,  /* ask Violet */
    NGX_VIOLET_LEASE_THEIRS,    /* somebody else does: look again */
    NGX_VIOLET_LEASE_REPORT,    /* a report has been stored meanwhile */
    NGX_VIOLET_LEASE_RESULT,    /* the flight we followed has landed */
    NGX_VIOLET_LEASE_HELD,      /* a result that is not asked for again */
    NGX_VIOLET_LEASE_AGAIN      /* the report is none: lease once more */
} ngx_violet_lease_e;


typedef struct {
    ngx_violet_report_place_t   store;         /* of the report */
    ngx_str_t                  *drops;      /* keys that a refresh drops */

    u_char                      token[NGX_VIOLET_LEASE_TOKEN];
    u_char                      followed[NGX_VIOLET_LEASE_TOKEN];

    uint64_t                    span;       /* ms that the last failure was
                                               held on this host */

    unsigned                    refresh:1;
    unsigned                    follows:1;  /* "followed" is set */
    unsigned                    on_host:1;  /* held on this host */
    unsigned                    in_redis:1;  /* held in Redis */
    unsigned                    bad:1;      /* Redis's report is none */
    unsigned                    stale:1;    /* a failure that is held will
                                               do: there is an old report */
} ngx_violet_lease_t;


/*
 * Called once, from within Redis's reply or a timer.  With a status other
 * than NGX_VIOLET_REDIS_OK nobody but this host is known about, and the
 * outcome is OURS.  What report and result point to is valid during the
 * call; "left" is how long a HELD result is still held, in milliseconds.
 */

typedef void (*ngx_violet_lease_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_lease_e outcome,
    ngx_violet_report_t *report, ngx_str_t *result, uint64_t left);


/* Gives a lease, otherwise zeroed and filled in, its token. */

ngx_int_t ngx_violet_lease_init(ngx_violet_lease_t *lease);


/*
 * Claims the flight on this host, or looks again if it was somebody else's.
 * A plain read follows any flight, a refresh only a refresh.  Returns OURS,
 * THEIRS, RESULT or HELD, *result then being in the pool and *left as above,
 * or OURS if there is no room to know.
 */

ngx_violet_lease_e ngx_violet_lease_on_host(ngx_violet_lease_t *lease,
    ngx_pool_t *pool, ngx_str_t *result, uint64_t *left);


/*
 * The same among all hosts, for who holds the lease on this one.  Returns
 * NGX_AGAIN if the handler will be called, within "timeout" milliseconds, or
 * NGX_DECLINED with *status set.
 */

ngx_int_t ngx_violet_lease_in_redis(ngx_violet_lease_t *lease,
    ngx_msec_t timeout, ngx_violet_redis_status_e *status,
    ngx_violet_lease_handler_pt handler, void *data);


/*
 * Renews what is held in Redis, for which nobody waits, and what is held on
 * this host: true if it still is.
 */

void ngx_violet_lease_renew(ngx_violet_lease_t *lease);
ngx_uint_t ngx_violet_lease_renew_on_host(ngx_violet_lease_t *lease);


typedef struct {
    ngx_violet_report_t        *report;     /* to be stored, or NULL */
    ngx_str_t                   result;     /* for who follows; or empty */
    uint64_t                    hold;       /* ms it is held; 0: not */
    unsigned                    failed:1;   /* held for a while that grows,
                                               for who has an old report */
    uint64_t                    since;      /* ms since Violet was asked */
    unsigned                    gone:1;     /* the report is to be dropped */
    unsigned                    dropped:1;  /* and there was one */
} ngx_violet_landing_t;


/*
 * Called once; status OK says that Redis knows of the landing, and stored
 * that it stored the report, or dropped the one that is gone.
 */

typedef void (*ngx_violet_lease_landed_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_uint_t stored);


/*
 * Stores the report or drops it, releases the lease in Redis and leaves the
 * result there, in one command.  Returns NGX_AGAIN if the handler will be
 * called, or NGX_DECLINED with *status set.
 */

ngx_int_t ngx_violet_lease_land(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_lease_landed_pt handler,
    void *data);


/* The same on this host, in shared memory, without the report. */

void ngx_violet_lease_land_on_host(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing);


/* Somebody has ended, or changed, what is held of a report. */

void ngx_violet_lease_forget_held(ngx_shm_zone_t *zone, ngx_str_t *key);


#endif /* NGX_VIOLET_FLIGHT_LEASE_H */
