
/*
 * A flight needs a lease to ask Violet for a report: on its host the lease is
 * in shared memory, among all hosts it is in Redis.  The holder renews the
 * lease; if the holder dies, the lease ends after NGX_VIOLET_LEASE_TIME.  The
 * lease in Redis is a fence: only its holder may store a report.  Its token
 * is compared when it is released.
 *
 * A flight that lands leaves its result for its followers.  A result that
 * must not be asked for again soon is held for longer, for all requests.
 */

#ifndef NGX_VIOLET_FLIGHT_LEASE_H
#define NGX_VIOLET_FLIGHT_LEASE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_violet_health_store.h"


#define NGX_VIOLET_LEASE_TIME   3000   /* ms that a lease lasts */
#define NGX_VIOLET_LEASE_RENEW  1000   /* ms between two renewals */

#define NGX_VIOLET_LEASE_TOKEN  16     /* bytes of a token's text */

/* ms that a result is left for followers, who look every 20 ms */
#define NGX_VIOLET_LEASE_RESULT_TTL  5000

/* ms that the first failure is held, and that a failure is held at most */
#define NGX_VIOLET_LEASE_HOLD      5000
#define NGX_VIOLET_LEASE_MAX_HOLD  60000

/* ms after a hold in which another failure is held for twice as long */
#define NGX_VIOLET_LEASE_NEXT      60000

/*
 * ms that Redis keeps the time at which a report was dropped: the answer to a
 * request that was sent to Violet before that time is not stored
 */
#define NGX_VIOLET_LEASE_FENCE     3600000

/* lists that a refresh of a report makes old */
#define NGX_VIOLET_LEASE_DROPS  2


typedef enum {
    NGX_VIOLET_LEASE_OURS = 0,  /* ask Violet */
    NGX_VIOLET_LEASE_THEIRS,    /* another flight holds it: look again */
    NGX_VIOLET_LEASE_REPORT,    /* a report has been stored meanwhile */
    NGX_VIOLET_LEASE_RESULT,    /* the flight that we followed has landed */
    NGX_VIOLET_LEASE_HELD,      /* a result is held: do not ask Violet */
    NGX_VIOLET_LEASE_AGAIN      /* Redis's report is invalid: try again */
} ngx_violet_lease_e;


typedef struct {
    ngx_violet_report_place_t   store;      /* of the report */
    ngx_str_t                  *drops;      /* keys that a refresh drops */

    u_char                      token[NGX_VIOLET_LEASE_TOKEN];
    u_char                      followed[NGX_VIOLET_LEASE_TOKEN];

    uint64_t                    span;       /* ms for which this host held
                                               the last failure */

    unsigned                    refresh:1;
    unsigned                    follows:1;  /* "followed" is set */
    unsigned                    on_host:1;  /* held on this host */
    unsigned                    in_redis:1;  /* held in Redis */
    unsigned                    bad:1;      /* Redis's report is invalid */
    unsigned                    stale:1;    /* the caller has an old report
                                               and may use a held failure */
    unsigned                    event:1;    /* the merchant has an open mark */
    unsigned                    alone:1;    /* Redis does not answer */

    uint64_t                    purged;     /* if "in_redis": when all reports
                                               of the app were dropped, by the
                                               time the lease was taken */
} ngx_violet_lease_t;


/*
 * Called once, from within Redis's reply or a timer.  With a status other
 * than NGX_VIOLET_REDIS_OK the outcome is OURS, and other hosts may ask
 * Violet as well.  "report" and "result" are valid during the call; with a
 * report, "result" is the id of the request to Violet, or empty; "left" is the
 * time, in milliseconds, for which a HELD result is still held.
 */

typedef void (*ngx_violet_lease_handler_pt)(void *data,
    ngx_violet_redis_status_e status, ngx_violet_lease_e outcome,
    ngx_violet_report_t *report, ngx_str_t *result, uint64_t left);


/* Sets the token of a lease.  NGX_ERROR if there are no random numbers. */

ngx_int_t ngx_violet_lease_init(ngx_violet_lease_t *lease);


/*
 * Takes the lease on this host, or looks again if another flight held it.  A
 * plain read follows any flight, a refresh only a refresh.  Returns OURS (also
 * if the zone has no room), THEIRS, or RESULT or HELD with *result in the pool
 * and *left as above.
 */

ngx_violet_lease_e ngx_violet_lease_on_host(ngx_violet_lease_t *lease,
    ngx_pool_t *pool, ngx_str_t *result, uint64_t *left);


/*
 * Reads the answer that is held on this host, also if notices may have been
 * missed: for a flight that Redis does not answer.  NGX_DECLINED if the host
 * holds no answer.
 */

ngx_int_t ngx_violet_lease_held_on_host(ngx_violet_lease_t *lease,
    ngx_pool_t *pool, ngx_str_t *result, uint64_t *left);


/*
 * False if the report was dropped since the lease was asked for on this host:
 * the lease, or that of the flight that is followed, has ended.
 */

ngx_uint_t ngx_violet_lease_is_live(ngx_violet_lease_t *lease);


/*
 * Takes the lease among all hosts; the lease on this host must be held.
 * Returns NGX_AGAIN if the handler will be called, within "timeout"
 * milliseconds, or NGX_DECLINED with *status set.
 */

ngx_int_t ngx_violet_lease_in_redis(ngx_violet_lease_t *lease,
    ngx_msec_t timeout, ngx_violet_redis_status_e *status,
    ngx_violet_lease_handler_pt handler, void *data);


/*
 * _renew() renews the lease in Redis and does not wait for the reply;
 * _renew_on_host() renews the lease on this host, and returns true if it is
 * still held.
 */

void ngx_violet_lease_renew(ngx_violet_lease_t *lease);
ngx_uint_t ngx_violet_lease_renew_on_host(ngx_violet_lease_t *lease);


typedef struct {
    ngx_violet_report_t        *report;     /* to be stored, or NULL */
    ngx_str_t                   request_id;  /* with which Violet was asked
                                                for it */
    ngx_str_t                   result;     /* for followers, or empty */
    uint64_t                    hold;       /* ms the result is held; 0: off */
    unsigned                    failed:1;   /* held for twice as long each
                                               time, for callers with an old
                                               report */
    uint64_t                    since;      /* ms since Violet was asked */
    unsigned                    gone:1;     /* the report is to be dropped */
    unsigned                    dropped:1;  /* a report was dropped */
    unsigned                    refreshed:1;  /* Violet was asked for a
                                               refresh */
} ngx_violet_landing_t;


/*
 * Called once.  With status NGX_VIOLET_REDIS_OK Redis has executed the
 * landing; "stored" is true if Redis stored the report, or dropped the report
 * of a merchant who is gone.
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


/* Releases the lease on this host, and leaves the result in memory. */

void ngx_violet_lease_land_on_host(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing);


/*
 * Ends the leases of both flights of a report on this host: what they bring is
 * not stored.
 */

void ngx_violet_lease_end_on_host(ngx_shm_zone_t *zone, ngx_str_t *report);


/*
 * A number that changes with each notice of Redis that may be about the report
 * or its held result.  Take it before the lease in Redis is asked for.
 */

uint64_t ngx_violet_lease_noticed(ngx_violet_lease_t *lease);


#endif /* NGX_VIOLET_FLIGHT_LEASE_H */
