
/*
 * One renewal of an access token: calls to Violet, one after the other, until
 * one succeeds.  A call is an exchange without a client, made through a
 * location of the app.
 */

#ifndef NGX_VIOLET_TOKEN_RENEWAL_H
#define NGX_VIOLET_TOKEN_RENEWAL_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_clientless.h"
#include "ngx_violet_exchange.h"

#include "violet_token_json.h"


/* the location for the calls, and the part of the URI before "auth/token" */

typedef struct {
    ngx_violet_location_t       location;   /* no handler: no location */
    ngx_str_t                   prefix;
    unsigned                    check:1;    /* "v1/" may have to follow it */
    unsigned                    v1:1;       /* "v1/" does; of this worker */
} ngx_violet_token_route_t;


typedef enum {
    NGX_VIOLET_TOKEN_RENEWED = 0,
    NGX_VIOLET_TOKEN_UNREACHABLE,
    NGX_VIOLET_TOKEN_TIMEOUT,
    NGX_VIOLET_TOKEN_CUT,
    NGX_VIOLET_TOKEN_UNSENT,            /* the reason is in the error log */
    NGX_VIOLET_TOKEN_REFUSED,           /* 401 or 403 */
    NGX_VIOLET_TOKEN_STATUS,            /* not 200, 401 or 403 */
    NGX_VIOLET_TOKEN_INVALID,           /* 200 without a token, see "detail" */
    NGX_VIOLET_TOKEN_EXPIRED,
    NGX_VIOLET_TOKEN_SAME,              /* the token that Violet refused */
    NGX_VIOLET_TOKEN_MEMORY
} ngx_violet_token_result_e;


typedef struct ngx_violet_token_renewal_s  ngx_violet_token_renewal_t;

typedef void (*ngx_violet_token_renewal_pt)(void *data,
    ngx_violet_token_renewal_t *call);


struct ngx_violet_token_renewal_s {

    /* set before ngx_violet_token_renewal_start() */

    ngx_violet_app_t             *app;
    ngx_violet_token_route_t     *route;
    ngx_violet_token_renewal_pt   handler;
    void                         *data;
    ngx_uint_t                    secret;   /* app_secret to begin with */
    size_t                        refresh_len;
    u_char                        refresh[VIOLET_REFRESH_MAX];

    /* the outcome; "secret" is the app_secret of the last call */

    ngx_violet_token_result_e     result;
    ngx_uint_t                    status;
    const char                   *detail;
    violet_token_answer_t         answer;
    unsigned                      forget:1;  /* "refresh" was refused */

    /* private */

    ngx_uint_t                    tried;    /* secrets, as bits */
    ngx_http_request_t           *carrier;
    ngx_violet_exchange_t         exchange;
    ngx_violet_own_request_t     own_request;
    ngx_event_t                   event;
    unsigned                      login:1;
};


/* Allocates a renewal from the heap; NULL if memory runs out. */

ngx_violet_token_renewal_t *ngx_violet_token_renewal_create(ngx_log_t *log);


/*
 * Starts a renewal.  The handler is called once, from a posted event; it must
 * call ngx_violet_token_renewal_destroy().
 */

void ngx_violet_token_renewal_start(ngx_violet_token_renewal_t *call);


/* Wipes and frees a renewal, also while it is under way. */

void ngx_violet_token_renewal_destroy(ngx_violet_token_renewal_t *call);


#endif /* NGX_VIOLET_TOKEN_RENEWAL_H */
