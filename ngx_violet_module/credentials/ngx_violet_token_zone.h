
/*
 * The access token of an app as the workers of a host share it: a slot in a
 * zone of shared memory, with a lease by which one worker renews the token.
 * The zone of the reports is another one: it drops values to make room.
 *
 * The instants of a token are in milliseconds since the epoch, those of
 * leases and pauses are of ngx_violet_clock().
 */

#ifndef NGX_VIOLET_TOKEN_ZONE_H
#define NGX_VIOLET_TOKEN_ZONE_H


#include <ngx_config.h>
#include <ngx_core.h>

#include "violet_schedule.h"
#include "violet_token_json.h"


#define NGX_VIOLET_TOKEN_KEY  16


typedef struct ngx_violet_token_zone_s  ngx_violet_token_zone_t;


/* the place of an app's slot, in one worker */

typedef struct {
    ngx_shm_zone_t            *zone;
    u_char                     key[NGX_VIOLET_TOKEN_KEY];
    ngx_violet_token_zone_t   *slot;    /* NULL: not taken yet */
} ngx_violet_token_place_t;


/* a token with its times, copied from a slot or to be written to one */

typedef struct {
    ngx_uint_t                 changes;
    ngx_uint_t                 generation;
    violet_schedule_t          schedule;
    uint32_t                   secret;    /* hash of the app_secret that it
                                             was issued for */
    ngx_uint_t                 failures;  /* of renewals, in a row */
    ngx_uint_t                 reason;    /* of the last failure */
    ngx_uint_t                 refused;   /* Violet refused it, and a renewal
                                             brings no better one */
    size_t                     len;
    u_char                     data[VIOLET_TOKEN_MAX];
} ngx_violet_token_copy_t;


/*
 * Adds the zone for a number of apps to a configuration.  Returns NULL on
 * failure, which is logged.
 */

ngx_shm_zone_t *ngx_violet_token_zone_add(ngx_conf_t *cf, ngx_uint_t apps,
    void *tag);


/*
 * Finds the slot of the app, or takes one for it: a free one, or else the one
 * that was taken least recently.
 */

void ngx_violet_token_zone_take(ngx_violet_token_place_t *place);


/*
 * The number of changes of the slot; 0 if there is no slot.  It grows with
 * every renewal, even if Violet issued the same token (the generation is then
 * the same).  Takes no lock.
 */

ngx_uint_t ngx_violet_token_zone_changes(ngx_violet_token_place_t *place);


/*
 * Copies the token; NGX_OK, or NGX_DECLINED if there is no token.  Failures are
 * copied in both cases, if there is a slot.
 */

ngx_int_t ngx_violet_token_zone_copy(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy);


/*
 * Copies the refresh token of the last login into a buffer of
 * VIOLET_REFRESH_MAX bytes.  Returns its length, 0 if there is none.
 */

size_t ngx_violet_token_zone_refresh(ngx_violet_token_place_t *place,
    u_char *refresh);


/*
 * Asks for the lease to renew the token.  Returns NGX_OK if this worker now
 * holds the lease; the lease ends after 60 s or with the worker's process.
 * Returns NGX_DECLINED if there is nothing to do: *wait is the time in ms
 * after which to ask again, *pause is set if renewals pause until then.
 */

ngx_int_t ngx_violet_token_zone_lease(ngx_violet_token_place_t *place,
    ngx_msec_t *wait, ngx_uint_t *pause);


/*
 * Ends a renewal with a new token; "refresh" may be NULL.  Returns the number
 * of failures before it, or NGX_DECLINED if Violet issued the same token that
 * it had refused: the caller must treat that as a failure.
 */

ngx_int_t ngx_violet_token_zone_renewed(ngx_violet_token_place_t *place,
    ngx_violet_token_copy_t *copy, u_char *refresh, size_t refresh_len);


/*
 * Ends a renewal that failed, for a reason (a number above 0).  Returns 1 if
 * the reason differs from that of the last failure, and must be logged.
 */

ngx_uint_t ngx_violet_token_zone_failed(ngx_violet_token_place_t *place,
    ngx_uint_t reason);


/* Violet refused the refresh token of a login: the zone drops it. */

void ngx_violet_token_zone_forget(ngx_violet_token_place_t *place);


/*
 * Violet refused this generation of the token.  After the first refusal the
 * token is renewed at once, after further ones with growing pauses: a renewal
 * cannot help if Violet refuses a new token too.  Returns NGX_OK if a renewal
 * is due, under way or done, NGX_DECLINED if there is a pause first.
 * *refused_again is set when Violet has refused a new token; it is set only
 * once until ngx_violet_token_zone_accepted() returns 1.
 */

ngx_int_t ngx_violet_token_zone_refused(ngx_violet_token_place_t *place,
    ngx_uint_t generation, ngx_uint_t *refused_again);


/*
 * Violet accepted a request with this generation of the token.  Returns 1 if
 * *refused_again had been set and refusals have ended: there was none for
 * 10 minutes, or none since ngx_violet_token_zone_retry().  A single accepted
 * request does not end them: Violet may refuse one route to the app and
 * accept others.  Takes the lock only if *refused_again had been set.
 */

ngx_uint_t ngx_violet_token_zone_accepted(ngx_violet_token_place_t *place,
    ngx_uint_t generation);


/* Ends a pause: a change may have removed the cause of a failure. */

void ngx_violet_token_zone_retry(ngx_violet_token_place_t *place);


#endif /* NGX_VIOLET_TOKEN_ZONE_H */
