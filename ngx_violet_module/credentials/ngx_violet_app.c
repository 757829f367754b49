
/*
 * The state of the apps' credentials in one worker: whether there is a token,
 * which app_secret Violet refused, whether a secret's file has changed.  One
 * timer checks all files; it is cancelable, so an exiting worker does not
 * wait for it.
 */


#include "ngx_violet.h"
#include "ngx_violet_count.h"
#include "ngx_violet_token.h"
#include "ngx_violet_wait.h"

#include "violet_jwt.h"


/* ms between two checks of the files: a new value is used within 5 s */
#define NGX_VIOLET_CREDENTIALS_LOOK   1000

/* ms after which a refused app_secret may be tried again */
#define NGX_VIOLET_CREDENTIALS_DOUBT  60000

/* ms after a success during which a 403 is not about the app_secret */
#define NGX_VIOLET_CREDENTIALS_PROVEN  10000


static void ngx_violet_credentials_waited(void *data);
static void ngx_violet_credentials_look(ngx_event_t *ev);
static void ngx_violet_credentials_look_at(ngx_violet_app_t *app);
static ngx_int_t ngx_violet_credentials_other_secret(ngx_violet_app_t *app,
    ngx_violet_used_t *used);


ngx_uint_t
ngx_violet_credentials_ready(ngx_violet_app_t *app)
{
    return app->renewal == NULL || ngx_violet_token_ready(app->renewal);
}


ngx_int_t
ngx_violet_credentials_wait(ngx_violet_app_t *app, ngx_violet_used_t *used,
    ngx_violet_credentials_handler_pt handler, void *data)
{
    return ngx_violet_token_wait(app->renewal, used ? used->token : 0,
                                 handler, data);
}


ngx_int_t
ngx_violet_credentials_park(ngx_http_request_t *r, ngx_violet_app_t *app,
    ngx_violet_used_t *used)
{
    ngx_violet_wait_t  *wait;

    if (used && ngx_violet_credentials_token_differs(app, used)) {
        return NGX_OK;
    }

    wait = ngx_violet_wait_start(r);
    if (wait == NULL) {
        return NGX_ERROR;
    }

    if (ngx_violet_credentials_wait(app, used, ngx_violet_credentials_waited,
                                    wait)
        != NGX_OK)
    {
        ngx_violet_wait_cancel(wait);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_violet_credentials_waited(void *data)
{
    ngx_violet_wait_end(data);
}


ngx_int_t
ngx_violet_credentials_feedback(ngx_violet_app_t *app,
    ngx_violet_used_t *used, ngx_uint_t status)
{
    ngx_violet_app_state_t  *state;

    state = app->state;

    if (used->token == 0) {
        return NGX_DECLINED;
    }

    if (status == NGX_HTTP_UNAUTHORIZED && app->renewal == NULL
        && ngx_violet_log_due(&state->logged, NGX_VIOLET_CAUSE_UNAUTHORIZED))
    {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Violet answers requests of app \"%V\" with "
                      "status 401: if its \"token\" has expired, write a new "
                      "one, or let the gateway renew it by \"refresh_token\" "
                      "or \"login\"", &app->name);
    }

    if (status == NGX_HTTP_UNAUTHORIZED && app->renewal == NULL) {
        state->unauthorized = used->token;
    }

    if (status >= NGX_HTTP_OK && status < NGX_HTTP_BAD_REQUEST) {
        state->unauthorized = 0;
        state->proven = used->secret + 1;
        state->worked = ngx_current_msec;

        if (app->renewal) {
            ngx_violet_token_accepted(app->renewal, used->token);
        }

        return NGX_DECLINED;
    }

    if (status != NGX_HTTP_UNAUTHORIZED
        && (status != NGX_HTTP_FORBIDDEN
            || app->secrets[1] == NULL
            || (state->proven == used->secret + 1
                && ngx_current_msec - state->worked
                   < NGX_VIOLET_CREDENTIALS_PROVEN)))
    {
        return NGX_DECLINED;
    }

    if (ngx_violet_credentials_token_differs(app, used)) {
        return NGX_OK;
    }

    if (app->renewal == NULL) {
        return ngx_violet_credentials_other_secret(app, used);
    }

    return ngx_violet_token_refused(app->renewal, used->token) == NGX_OK
           ? NGX_AGAIN : NGX_DECLINED;
}


ngx_uint_t
ngx_violet_credentials_token_differs(ngx_violet_app_t *app,
    ngx_violet_used_t *used)
{
    if (app->renewal == NULL) {
        return app->secrets[NGX_VIOLET_APP_TOKEN]->version != used->token;
    }

    return ngx_violet_token_ready(app->renewal)
           && app->renewal->generation != used->token;
}


ngx_uint_t
ngx_violet_credentials_differ(ngx_violet_app_t *app, ngx_violet_used_t *used)
{
    return app->state->secret != used->secret
           || ngx_violet_credentials_token_differs(app, used);
}


/*
 * Without renewals the requests show which app_secret is right.  NGX_OK if a
 * repeat would be sent with another one than the request was.
 */

static ngx_int_t
ngx_violet_credentials_other_secret(ngx_violet_app_t *app,
    ngx_violet_used_t *used)
{
    ngx_uint_t               other;
    ngx_violet_app_state_t  *state;

    state = app->state;

    if (app->secrets[1] == NULL) {
        return NGX_DECLINED;
    }

    if (used->secret != state->secret) {
        return NGX_OK;
    }

    if (ngx_current_msec - state->doubted > NGX_VIOLET_CREDENTIALS_DOUBT) {
        state->refused = 0;
    }

    if (state->refused == 0) {
        state->doubted = ngx_current_msec;
    }

    other = 1 - used->secret;

    state->refused |= 1 << used->secret;

    if (state->refused & (1 << other)) {

        /* both were refused, so the cause is another one */

        if (state->proven == other + 1) {
            state->secret = other;
            return NGX_OK;
        }

        state->secret = state->proven ? used->secret : 0;
        return NGX_DECLINED;
    }

    state->secret = other;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "violet: Violet refused the %s \"app_secret\" of app "
                  "\"%V\", the %s one is tried",
                  used->secret ? "second" : "first", &app->name,
                  other ? "second" : "first");

    return NGX_OK;
}


void
ngx_violet_credentials_start(ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t           i;
    ngx_violet_app_t   **app;

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        if (app[i]->renewal) {
            ngx_violet_token_start(app[i]->renewal);
        }

        /*
         * a file may have changed since the configuration was read; a new
         * value is used after two checks that see the same content
         */

        ngx_violet_credentials_look_at(app[i]);
        ngx_violet_credentials_look_at(app[i]);
    }

    vmcf->look.handler = ngx_violet_credentials_look;
    vmcf->look.data = vmcf;
    vmcf->look.log = ngx_cycle->log;
    vmcf->look.cancelable = 1;

    ngx_add_timer(&vmcf->look, NGX_VIOLET_CREDENTIALS_LOOK);
}


void
ngx_violet_credentials_stop(ngx_violet_main_conf_t *vmcf)
{
    ngx_uint_t           i, n;
    ngx_violet_app_t   **app;

    if (vmcf->look.timer_set) {
        ngx_del_timer(&vmcf->look);
    }

    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {

        if (app[i]->renewal) {
            ngx_violet_token_stop(app[i]->renewal);
        }

        for (n = 0; n < NGX_VIOLET_APP_SECRETS; n++) {
            if (app[i]->secrets[n]) {
                ngx_violet_secret_wipe(app[i]->secrets[n]);
            }
        }
    }
}


static void
ngx_violet_credentials_look(ngx_event_t *ev)
{
    ngx_uint_t                i;
    ngx_violet_app_t        **app;
    ngx_violet_main_conf_t   *vmcf;

    vmcf = ev->data;
    app = vmcf->apps.elts;

    for (i = 0; i < vmcf->apps.nelts; i++) {
        ngx_violet_credentials_look_at(app[i]);
    }

    ngx_add_timer(ev, NGX_VIOLET_CREDENTIALS_LOOK);
}


static void
ngx_violet_credentials_look_at(ngx_violet_app_t *app)
{
    ngx_err_t             err;
    ngx_uint_t            n, changed;
    ngx_violet_secret_t  *secret;

    changed = 0;

    for (n = 0; n < NGX_VIOLET_APP_SECRETS; n++) {
        secret = app->secrets[n];

        if (secret == NULL) {
            continue;
        }

        err = secret->error;

        changed |= ngx_violet_secret_check(secret);

        if (secret->error && secret->error != err) {
            ngx_violet_count(app, secret_errors);
        }
    }

    if (!changed) {
        return;
    }

    app->state->refused = 0;

    if (app->renewal) {
        ngx_violet_token_retry(app->renewal);
    }
}


int64_t
ngx_violet_credentials_expiry(ngx_violet_app_t *app)
{
    int64_t               expires;
    ngx_violet_secret_t  *token;

    if (app->renewal) {
        return ngx_violet_token_expiry(app->renewal);
    }

    token = app->secrets[NGX_VIOLET_APP_TOKEN];

    return token && violet_jwt_expiry((char *) token->value.data,
                                      token->value.len, &expires) == 0
           ? expires : -1;
}
