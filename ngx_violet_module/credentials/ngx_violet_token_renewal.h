
/*
 * One renewal: the calls to Violet that bring an access token, one after the
 * other until one succeeds.  A call is an exchange without a client through
 * a location of the app.
 */

#ifndef NGX_VIOLET_TOKEN_RENEWAL_H
#define NGX_VIOLET_TOKEN_RENEWAL_H


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_violet_clientless.h"
#include "ngx_violet_exchange.h"

#include "violet_token_json.h"


/* through which location, and what precedes "auth/token" in the URI there */

typedef struct {
    ngx_violet_location_t       location;   /* no handler: there is none */
    ngx_str_t                   prefix;
    unsigned                    check:1;    /* it may lack a "v1/" */
    unsigned                    v1:1;       /* a worker's own: it does */
} ngx_violet_token_route_t;


typedef enum {
    NGX_VIOLET_TOKEN_RENEWED = 0,
    NGX_VIOLET_TOKEN_UNREACHABLE,
    NGX_VIOLET_TOKEN_TIMEOUT,
    NGX_VIOLET_TOKEN_CUT,
    NGX_VIOLET_TOKEN_UNSENT,            /* the error log says why */
    NGX_VIOLET_TOKEN_REFUSED,           /* 401 or 403 */
    NGX_VIOLET_TOKEN_STATUS,            /* neither that nor a 200 */
    NGX_VIOLET_TOKEN_INVALID,           /* no token in it, see "detail" */
    NGX_VIOLET_TOKEN_EXPIRED,
    NGX_VIOLET_TOKEN_SAME,              /* the one that Violet refused */
    NGX_VIOLET_TOKEN_MEMORY
} ngx_violet_token_result_e;


typedef struct ngx_violet_token_renewal_s  ngx_violet_token_renewal_t;

typedef void (*ngx_violet_token_renewal_pt)(void *data,
    ngx_violet_token_renewal_t *call);


struct ngx_violet_token_renewal_s {

    /* set by whoever calls */

    ngx_violet_app_t             *app;
    ngx_violet_token_route_t     *route;
    ngx_violet_token_renewal_pt   handler;
    void                         *data;
    ngx_uint_t                    secret;   /* which to begin with */
    size_t                        refresh_len;
    u_char                        refresh[VIOLET_REFRESH_MAX];

    /* the outcome; "secret" tells which one was right */

    ngx_violet_token_result_e     result;
    ngx_uint_t                    status;
    const char                   *detail;
    violet_token_answer_t         answer;
    unsigned                      forget:1;  /* "refresh" was refused */

    /* its own */

    ngx_uint_t                    tried;    /* secrets, as bits */
    ngx_http_request_t           *carrier;
    ngx_violet_exchange_t         exchange;
    ngx_violet_exchange_own_t     own;
    ngx_event_t                   event;
    unsigned                      login:1;
};


/* Allocates a call; NULL if memory runs out. */

ngx_violet_token_renewal_t *ngx_violet_token_renewal_create(ngx_log_t *log);


/*
 * Starts it.  The handler is called once, from a posted event, and owns the
 * call then.
 */

void ngx_violet_token_renewal_start(ngx_violet_token_renewal_t *call);


/* Wipes and frees it, at any time. */

void ngx_violet_token_renewal_destroy(ngx_violet_token_renewal_t *call);


#endif /* NGX_VIOLET_TOKEN_RENEWAL_H */
