
/*
 * An app's access token as the workers of a host share it: a slot of a zone
 * of shared memory, with the lease that makes one of them renew it.  The
 * zone is not the one of the reports: a token is not dropped to make room.
 *
 * Instants of a token are milliseconds since the epoch, as Violet counts;
 * those of leases and pauses are of ngx_violet_clock().
 */

#ifndef NGX_VIOLET_TOKEN_ZONE_H
#define NGX_VIOLET_TOKEN_ZONE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_schedule.h"
#include "violet_token_json.h"


#define NGX_VIOLET_TOKEN_KEY  16


typedef struct ngx_violet_token_zone_s  ngx_violet_token_zone_t;


/* where a slot is, for one app in one worker */

typedef struct {
    ngx_shm_zone_t            *zone;
    u_char                     key[NGX_VIOLET_TOKEN_KEY];
    ngx_violet_token_zone_t   *slot;    /* once it is claimed */
} ngx_violet_token_place_t;


/* a token and all that goes with it, out of a slot or for one */

typedef struct {
    ngx_uint_t                 changes;
    ngx_uint_t                 generation;
    violet_schedule_t          schedule;
    uint32_t                   secret;    /* which app_secret it came by */
    size_t                     len;
    u_char                     data[VIOLET_TOKEN_MAX];
} ngx_violet_token_copy_t;


/*
 * Adds the zone for a number of apps to a configuration; NULL if it cannot,
 * which is logged.
 */

ngx_shm_zone_t *ngx_violet_token_zone_zone(ngx_conf_t *cf, ngx_uint_t apps,
    void *tag);


/*
 * Finds the app's slot or takes one for it: a free one, or the one that no
 * worker has started with for the longest time.
 */

void ngx_violet_token_zone_take(ngx_violet_token_place_t *place);


/*
 * Changes with every renewal, also with one that brought the same token, which
 * is no new generation; 0 is none.  Cheap, without a lock.
 */

ngx_uint_t ngx_violet_token_zone_changes(ngx_violet_token_place_t *place);


/* Copies the token; NGX_OK, or NGX_DECLINED if there is none. */

ngx_int_t ngx_violet_token_zone_copy(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy);


/*
 * Copies the refresh token that a login brought to a buffer of
 * VIOLET_REFRESH_MAX bytes; returns its length, 0 if there is none.
 */

size_t ngx_violet_token_zone_refresh(ngx_violet_token_place_t *place,
    u_char *refresh);


/*
 * Asks whether this worker is to renew the token now.  Returns NGX_OK with
 * the lease, which ends by itself after some time or with the worker's
 * process; or NGX_DECLINED: *wait is the time in milliseconds after which to
 * ask again, *pause is set if that is because renewals fail.
 */

ngx_int_t ngx_violet_token_zone_lease(ngx_violet_token_place_t *place,
    ngx_msec_t *wait, ngx_uint_t *pause);


/*
 * Ends a renewal that brought a token; "refresh" may be NULL.  Returns the
 * number of failures before it, or NGX_DECLINED if it is the token that was
 * there before although that was refused: that is a failure.
 */

ngx_int_t ngx_violet_token_zone_renewed(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy, u_char *refresh, size_t refresh_len);


/*
 * Ends a renewal that failed, for a reason (a number not 0).  Returns 1 if
 * it is another one than the last time, so that it is worth a line.
 */

ngx_uint_t ngx_violet_token_zone_failed(ngx_violet_token_place_t *place,
    ngx_uint_t reason);


/* Violet refused the refresh token that a login brought: it is forgotten. */

void ngx_violet_token_zone_forget(ngx_violet_token_place_t *place);


/*
 * Violet refused this generation of the token.  The first time it is to be
 * renewed at once, then after growing pauses: what Violet refuses right
 * after a renewal no renewal can mend.  Returns NGX_OK if a renewal is due
 * or under way or has been made, NGX_DECLINED if there is a pause first;
 * *again is set when pauses begin, since a new token was refused as well,
 * and not a second time before ngx_violet_token_zone_accepted() has ended
 * that.
 */

ngx_int_t ngx_violet_token_zone_refused(ngx_violet_token_place_t *place,
    ngx_uint_t generation, ngx_uint_t *again);


/*
 * Violet took a request with this generation of the token.  Returns 1 if
 * that ends what "again" began: nothing has been refused for a while, or
 * since something has changed.  One request that passes is not enough: there
 * may be a route that Violet refuses to the app, and others that it does
 * not.  Cheap, without a lock, while there is nothing to end.
 */

ngx_uint_t ngx_violet_token_zone_accepted(ngx_violet_token_place_t *place,
    ngx_uint_t generation);


/* Something has changed that may end a failure: the pause is over. */

void ngx_violet_token_zone_retry(ngx_violet_token_place_t *place);


#endif /* NGX_VIOLET_TOKEN_ZONE_H */
