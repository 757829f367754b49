
/*
 * How it stands with the access token of an app, for operators.  Nobody is
 * asked: it is read from the host's zone and from this worker.
 */

#ifndef NGX_VIOLET_TOKEN_STATE_H
#define NGX_VIOLET_TOKEN_STATE_H


#include "ngx_violet.h"


typedef enum {
    NGX_VIOLET_TOKEN_IS_GOOD = 0,
    NGX_VIOLET_TOKEN_IS_FAILING,    /* it is good, but its renewal fails */
    NGX_VIOLET_TOKEN_IS_REFUSED,    /* by Violet, and no renewal helps */
    NGX_VIOLET_TOKEN_IS_EXPIRED,    /* its time is over */
    NGX_VIOLET_TOKEN_IS_MISSING     /* there has been none yet */
} ngx_violet_token_state_e;


typedef struct {
    ngx_violet_token_state_e   is;
    int64_t                    expires;    /* ms since the epoch; -1: the end is
                                              not known */
    const char                *reason;     /* why the last renewal failed, or
                                              NULL */
    unsigned                   renewed:1;  /* the gateway renews it */
} ngx_violet_token_state_t;


/*
 * The refusal of a token that is not renewed is known to the worker alone that
 * was answered so.
 */

void ngx_violet_token_state(ngx_violet_app_t *app,
    ngx_violet_token_state_t *state);


#endif /* NGX_VIOLET_TOKEN_STATE_H */
