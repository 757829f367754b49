
/*
 * The state of an access token, from its slot in the host's zone if the gateway
 * renews it, else from the token itself.
 */


#include "ngx_violet_secret.h"
#include "ngx_violet_token.h"
#include "ngx_violet_token_state.h"


static void ngx_violet_token_state_renewed(ngx_violet_token_t *token,
    ngx_violet_token_state_t *state);
static void ngx_violet_token_state_fixed(ngx_violet_app_t *app,
    ngx_violet_token_state_t *state);
static int64_t ngx_violet_token_state_now(void);


void
ngx_violet_token_state(ngx_violet_app_t *app, ngx_violet_token_state_t *state)
{
    ngx_memzero(state, sizeof(ngx_violet_token_state_t));

    state->expires = ngx_violet_credentials_expiry(app);

    if (app->renewal) {
        state->renewed = 1;
        ngx_violet_token_state_renewed(app->renewal, state);
        return;
    }

    ngx_violet_token_state_fixed(app, state);
}


static void
ngx_violet_token_state_renewed(ngx_violet_token_t *token,
    ngx_violet_token_state_t *state)
{
    ngx_int_t                rc;
    ngx_violet_token_copy_t  copy;

    ngx_memzero(&copy, offsetof(ngx_violet_token_copy_t, data));

    rc = ngx_violet_token_zone_copy(&token->place, &copy);

    if (copy.failures) {
        state->reason = ngx_violet_token_reason(copy.reason);
    }

    if (rc != NGX_OK) {
        state->is = NGX_VIOLET_TOKEN_IS_MISSING;
        return;
    }

    explicit_bzero(copy.data, copy.len);

    if (ngx_violet_token_state_now()
        >= violet_schedule_usable(&copy.schedule))
    {
        state->is = NGX_VIOLET_TOKEN_IS_EXPIRED;

    } else if (copy.refused) {
        state->is = NGX_VIOLET_TOKEN_IS_REFUSED;

    } else if (copy.failures) {
        state->is = NGX_VIOLET_TOKEN_IS_FAILING;
    }
}


static void
ngx_violet_token_state_fixed(ngx_violet_app_t *app,
    ngx_violet_token_state_t *state)
{
    ngx_violet_secret_t  *token;

    token = app->secrets[NGX_VIOLET_APP_TOKEN];

    if (token == NULL) {
        state->is = NGX_VIOLET_TOKEN_IS_MISSING;
        return;
    }

    if (state->expires != -1
        && ngx_violet_token_state_now() >= state->expires)
    {
        state->is = NGX_VIOLET_TOKEN_IS_EXPIRED;

    } else if (app->state->unauthorized == token->version) {
        state->is = NGX_VIOLET_TOKEN_IS_REFUSED;
    }
}


static int64_t
ngx_violet_token_state_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}
