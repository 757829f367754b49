
/*
 * The access token of an app, where the gateway renews it: by a refresh token
 * or by a login.  The structure is made with the configuration.  At run time
 * each worker keeps in its own copy of it a copy of the token that the
 * workers share, a timer, and the waits for a token.
 */

#ifndef NGX_VIOLET_TOKEN_H
#define NGX_VIOLET_TOKEN_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_clientless.h"
#include "ngx_violet_credentials.h"
#include "ngx_violet_token_renewal.h"
#include "ngx_violet_token_zone.h"


typedef struct ngx_violet_token_s  ngx_violet_token_t;

struct ngx_violet_token_s {
    ngx_violet_app_t            *app;
    ngx_violet_token_route_t     route;
    ngx_str_t                    upstream;    /* name of Violet's host, for
                                                 the key of the slot */
    ngx_violet_token_place_t     place;

    /* of this worker */

    ngx_str_t                    value;       /* on the heap */
    ngx_uint_t                   generation;  /* of the value */
    ngx_uint_t                   seen;        /* number of changes of the
                                                 slot when it was copied */
    int64_t                      usable_until;   /* ms since the epoch */

    ngx_event_t                  tick;
    ngx_queue_t                  waiters;
    ngx_violet_token_renewal_t  *call;        /* NULL: none is under way */
    unsigned                     started:1;
};


/*
 * Completes the token with the zone that the workers share.  app, route and
 * upstream must be set.  NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_token_init(ngx_conf_t *cf, ngx_violet_token_t *token,
    ngx_shm_zone_t *zone);


/* The text of a reason of ngx_violet_token_zone_failed(), or NULL. */

const char *ngx_violet_token_reason(ngx_uint_t reason);


/* Starts renewals in this worker; a second call does nothing. */

void ngx_violet_token_start(ngx_violet_token_t *token);


/* Stops renewals in this worker, and wipes its copy of the token. */

void ngx_violet_token_stop(ngx_violet_token_t *token);


/*
 * Copies a newer token from shared memory, if there is one.  True if the
 * worker then has a token that does not expire before a request arrives.
 */

ngx_uint_t ngx_violet_token_ready(ngx_violet_token_t *token);


/* True if the worker's copy is such a token; does not update the copy. */

ngx_uint_t ngx_violet_token_usable(ngx_violet_token_t *token);


/*
 * Waits for a token that can be used and is of another generation than this
 * one (0: any token will do).  The handler is called once, never from within
 * this call: when there is such a token, when there will be none soon, or
 * after 5 s.  It must check which of these it was.
 *
 * Returns NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_token_wait(ngx_violet_token_t *token,
    ngx_uint_t generation, ngx_violet_credentials_handler_pt handler,
    void *data);


/*
 * Violet refused a request with the token of this generation: the token is
 * renewed.  Returns NGX_OK if there is a new token or the caller may wait for
 * one, NGX_DECLINED if renewals pause because Violet refuses new tokens too.
 */

ngx_int_t ngx_violet_token_refused(ngx_violet_token_t *token,
    ngx_uint_t generation);


/* Violet accepted a request with the token of this generation. */

void ngx_violet_token_accepted(ngx_violet_token_t *token,
    ngx_uint_t generation);


/* A secret has changed: a failed renewal is tried again at once. */

void ngx_violet_token_retry(ngx_violet_token_t *token);


/* ms since the epoch: when the host's token ends; -1 if that is not known. */

int64_t ngx_violet_token_expiry(ngx_violet_token_t *token);


#endif /* NGX_VIOLET_TOKEN_H */
