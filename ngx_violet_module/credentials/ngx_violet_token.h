
/*
 * The access token of an app that renews it: by a refresh token or by a
 * login.  The structure is made with the configuration; what it holds after
 * that is a worker's own, like the client of Redis: a copy of the token that
 * the workers share, a timer, and whoever waits for a token.
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
    ngx_str_t                    upstream;    /* that leads to, for the key */
    ngx_violet_token_place_t     place;

    /* a worker's own */

    ngx_str_t                    value;       /* on the heap */
    ngx_uint_t                   generation;  /* of the value */
    ngx_uint_t                   seen;        /* changes of the slot */
    int64_t                      usable;      /* ms since the epoch, until */

    ngx_event_t                  tick;
    ngx_queue_t                  waiters;
    ngx_violet_token_renewal_t  *call;           /* under way */
    unsigned                     started:1;
};


/*
 * Completes it with the zone that the workers share, once app, route and
 * upstream are set.  NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_token_init(ngx_conf_t *cf, ngx_violet_token_t *token,
    ngx_shm_zone_t *zone);


/* Starts renewing, in a worker; does nothing the second time. */

void ngx_violet_token_start(ngx_violet_token_t *token);


/* Stops it, and wipes what the worker has. */

void ngx_violet_token_stop(ngx_violet_token_t *token);


/* True if there is a token that Violet will not find expired. */

ngx_uint_t ngx_violet_token_ready(ngx_violet_token_t *token);


/* The same for what this worker has already, which stays as it is. */

ngx_uint_t ngx_violet_token_usable(ngx_violet_token_t *token);


/*
 * Waits for a token that can be used and is not of this generation (0: any).
 * The handler is called once, never from within this call: when there is
 * one, when there will be none soon, or after 5 seconds; look which.
 *
 * Returns NGX_OK, or NGX_ERROR if memory runs out.
 */

ngx_int_t ngx_violet_token_wait(ngx_violet_token_t *token,
    ngx_uint_t generation, ngx_violet_credentials_handler_pt handler,
    void *data);


/*
 * Violet refused a request with the token of this generation: it is renewed.
 * Returns NGX_OK if a new one is there or may be waited for, NGX_DECLINED
 * if renewals pause because Violet refuses what they bring.
 */

ngx_int_t ngx_violet_token_refused(ngx_violet_token_t *token,
    ngx_uint_t generation);


/* Violet took a request with the token of this generation. */

void ngx_violet_token_accepted(ngx_violet_token_t *token,
    ngx_uint_t generation);


/* A secret has changed: what failed with the old one is tried at once. */

void ngx_violet_token_retry(ngx_violet_token_t *token);


#endif /* NGX_VIOLET_TOKEN_H */
