
/*
 * An app's access token in one worker.  A timer checks whether the token must
 * be renewed and whether this worker gets the lease to renew it.  The timer
 * is cancelable unless requests wait.  Other workers find the new token when
 * they next use one: the number of changes in shared memory differs.
 *
 * While requests wait, the timer runs every NGX_VIOLET_TOKEN_POLL ms: another
 * worker may be renewing, and does not notify this one.
 */


#include "ngx_violet.h"
#include "ngx_violet_memory_clock.h"
#include "ngx_violet_token.h"
#include "ngx_violet_token_waiter.h"

#include <ngx_md5.h>

#include "violet_hash.h"


/* ms between two checks for a new token: while requests wait for one, and
   during a renewal that no request waits for */
#define NGX_VIOLET_TOKEN_POLL       20
#define NGX_VIOLET_TOKEN_POLL_SLOW  5000


static void ngx_violet_token_cleanup(void *data);
static void ngx_violet_token_kick(ngx_violet_token_t *token);
static void ngx_violet_token_tick(ngx_event_t *ev);
static void ngx_violet_token_sync(ngx_violet_token_t *token);
static void ngx_violet_token_find_secret(ngx_violet_token_t *token,
    uint32_t hash);
static void ngx_violet_token_wake(ngx_violet_token_t *token,
    ngx_msec_t pause);
static void ngx_violet_token_renew(ngx_violet_token_t *token);
static void ngx_violet_token_renewed(void *data,
    ngx_violet_token_renewal_t *call);
static ngx_int_t ngx_violet_token_store(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call);
static ngx_uint_t ngx_violet_token_dates(violet_token_answer_t *answer,
    violet_schedule_t *schedule);
static void ngx_violet_token_log(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call);
static uint32_t ngx_violet_token_hash(ngx_violet_secret_t *secret);


static char  *ngx_violet_token_reasons[] = {
    NULL,
    "no connection to Violet could be made",
    "Violet did not answer in time",
    "Violet's answer was cut off or is not valid HTTP",
    "the request was not sent",
    "Violet refused the credentials, check the app's secrets",
    "Violet issued no token",
    "Violet's answer is invalid",
    "the new token has already expired, check the clock of this host",
    "Violet issued the same token that it had refused",
    "the gateway is out of memory"
};


ngx_int_t
ngx_violet_token_init(ngx_conf_t *cf, ngx_violet_token_t *token,
    ngx_shm_zone_t *zone)
{
    u_char               digest[16];
    ngx_md5_t            md5;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_violet_token_cleanup;
    cln->data = token;

    /* the token is valid for this app at this Violet only */

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, token->app->name.data, token->app->name.len + 1);
    ngx_md5_update(&md5, token->app->id_text.data,
                   token->app->id_text.len + 1);
    ngx_md5_update(&md5, token->upstream.data, token->upstream.len);
    ngx_md5_final(digest, &md5);

    ngx_memcpy(token->place.key, digest, NGX_VIOLET_TOKEN_KEY);

    token->place.zone = zone;

    ngx_queue_init(&token->waiters);

    return NGX_OK;
}


/* With master_process off no worker exits: the cycle's pool is destroyed. */

static void
ngx_violet_token_cleanup(void *data)
{
    ngx_violet_token_stop(data);
}


void
ngx_violet_token_start(ngx_violet_token_t *token)
{
    if (token->started) {
        return;
    }

    token->started = 1;

    token->tick.handler = ngx_violet_token_tick;
    token->tick.data = token;
    token->tick.log = ngx_cycle->log;

    ngx_violet_clientless_listen(&token->route.location);
    ngx_violet_token_zone_take(&token->place);

    /* the new configuration may have corrected the cause of a failure */

    ngx_violet_token_zone_retry(&token->place);

    ngx_violet_token_kick(token);
}


void
ngx_violet_token_stop(ngx_violet_token_t *token)
{
    if (!token->started) {
        return;
    }

    token->started = 0;

    if (token->tick.timer_set) {
        ngx_del_timer(&token->tick);
    }

    if (token->tick.posted) {
        ngx_delete_posted_event(&token->tick);
    }

    if (token->call) {
        ngx_violet_token_renewal_destroy(token->call);
        token->call = NULL;
    }

    if (token->value.data) {
        explicit_bzero(token->value.data, token->value.len);
        ngx_free(token->value.data);
        ngx_str_null(&token->value);
    }
}


static void
ngx_violet_token_kick(ngx_violet_token_t *token)
{
    ngx_post_event(&token->tick, &ngx_posted_events);
}


ngx_uint_t
ngx_violet_token_ready(ngx_violet_token_t *token)
{
    ngx_violet_token_start(token);
    ngx_violet_token_sync(token);

    return ngx_violet_token_usable(token);
}


ngx_uint_t
ngx_violet_token_usable(ngx_violet_token_t *token)
{
    return token->value.len && ngx_violet_epoch() < token->usable_until;
}


ngx_int_t
ngx_violet_token_wait(ngx_violet_token_t *token, ngx_uint_t generation,
    ngx_violet_credentials_handler_pt handler, void *data)
{
    if (ngx_violet_token_waiter_add(&token->waiters, generation, handler, data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_violet_token_kick(token);

    return NGX_OK;
}


ngx_int_t
ngx_violet_token_refused(ngx_violet_token_t *token, ngx_uint_t generation)
{
    ngx_int_t   rc;
    ngx_uint_t  refused_again;

    ngx_violet_token_start(token);

    rc = ngx_violet_token_zone_refused(&token->place, generation,
                                       &refused_again);

    if (refused_again) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Violet refuses app \"%V\" even with a new "
                      "access token, which is now renewed after growing "
                      "pauses: check the app's rights and its "
                      "\"app_secret\"",
                      &token->app->name);
    }

    ngx_violet_token_kick(token);

    return rc;
}


void
ngx_violet_token_accepted(ngx_violet_token_t *token, ngx_uint_t generation)
{
    if (ngx_violet_token_zone_accepted(&token->place, generation)) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "violet: Violet accepts requests of app \"%V\" again, "
                      "its access token is renewed without pauses",
                      &token->app->name);
    }
}


void
ngx_violet_token_retry(ngx_violet_token_t *token)
{
    ngx_violet_token_zone_retry(&token->place);
    ngx_violet_token_kick(token);
}


static void
ngx_violet_token_tick(ngx_event_t *ev)
{
    ngx_msec_t           wait;
    ngx_uint_t           pause;
    ngx_violet_token_t  *token;

    token = ev->data;

    ngx_violet_token_sync(token);
    ngx_violet_token_wake(token, 0);

    /* an exiting worker leaves renewals to the new workers */

    if (ngx_exiting && ngx_queue_empty(&token->waiters)) {
        return;
    }

    wait = NGX_VIOLET_TOKEN_POLL;

    if (token->call == NULL) {

        if (ngx_violet_token_zone_lease(&token->place, &wait, &pause)
            == NGX_OK)
        {
            ngx_violet_token_renew(token);

        } else if (pause) {
            ngx_violet_token_wake(token, wait);
        }
    }

    if (!ngx_queue_empty(&token->waiters)) {
        wait = NGX_VIOLET_TOKEN_POLL;

    } else if (token->call) {
        wait = NGX_VIOLET_TOKEN_POLL_SLOW;
    }

    ev->cancelable = ngx_queue_empty(&token->waiters);


    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, ngx_max(wait, 1));
}


/* Updates the worker's copy of the token from shared memory. */

static void
ngx_violet_token_sync(ngx_violet_token_t *token)
{
    u_char                   *p;
    ngx_uint_t                changes;
    ngx_violet_token_copy_t   copy;

    changes = ngx_violet_token_zone_changes(&token->place);

    if (changes == token->seen) {
        return;
    }

    if (ngx_violet_token_zone_copy(&token->place, &copy) != NGX_OK) {
        token->seen = changes;
        return;
    }

    p = ngx_alloc(copy.len, ngx_cycle->log);

    if (p) {
        ngx_memcpy(p, copy.data, copy.len);

        if (token->value.data) {
            explicit_bzero(token->value.data, token->value.len);
            ngx_free(token->value.data);
        }

        token->value.data = p;
        token->value.len = copy.len;
        token->generation = copy.generation;
        token->seen = copy.changes;

        token->usable_until = violet_schedule_usable(&copy.schedule);

        ngx_violet_token_find_secret(token, copy.secret);
    }

    explicit_bzero(&copy, sizeof(ngx_violet_token_copy_t));
}


/* Requests are sent with the app_secret that the token was issued for. */

static void
ngx_violet_token_find_secret(ngx_violet_token_t *token, uint32_t hash)
{
    ngx_uint_t         i;
    ngx_violet_app_t  *app;

    app = token->app;

    for (i = 0; i < 2 && app->secrets[i]; i++) {
        if (ngx_violet_token_hash(app->secrets[i]) == hash) {
            app->state->secret = i;
            return;
        }
    }
}


static void
ngx_violet_token_wake(ngx_violet_token_t *token, ngx_msec_t pause)
{
    ngx_uint_t  generation;

    generation = ngx_violet_token_usable(token) ? token->generation : 0;

    ngx_violet_token_waiter_wake(&token->waiters, generation, pause);
}


static void
ngx_violet_token_renew(ngx_violet_token_t *token)
{
    ngx_violet_secret_t         *secret;
    ngx_violet_token_renewal_t  *call;

    call = ngx_violet_token_renewal_create(ngx_cycle->log);

    if (call == NULL) {
        (void) ngx_violet_token_zone_failed(&token->place,
                                            NGX_VIOLET_TOKEN_MEMORY);
        return;
    }

    token->call = call;

    call->app = token->app;
    call->route = &token->route;
    call->handler = ngx_violet_token_renewed;
    call->data = token;
    call->secret = token->app->state->secret;

    secret = token->app->secrets[NGX_VIOLET_APP_REFRESH_TOKEN];

    if (secret) {
        call->refresh_len = ngx_min(secret->value.len, VIOLET_REFRESH_MAX);
        ngx_memcpy(call->refresh, secret->value.data, call->refresh_len);

    } else {
        call->refresh_len = ngx_violet_token_zone_refresh(&token->place,
                                                          call->refresh);
    }

    ngx_violet_token_renewal_start(call);
}


static void
ngx_violet_token_renewed(void *data, ngx_violet_token_renewal_t *call)
{
    ngx_violet_token_t  *token = data;

    ngx_int_t  failures;

    if (call->forget) {
        ngx_violet_token_zone_forget(&token->place);
    }

    if (call->result == NGX_VIOLET_TOKEN_RENEWED) {

        failures = ngx_violet_token_store(token, call);

        if (failures > 0) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "violet: app \"%V\" has an access token again, "
                          "after %i failures",
                          &token->app->name, failures);
        }
    }

    if (call->result != NGX_VIOLET_TOKEN_RENEWED
        && ngx_violet_token_zone_failed(&token->place, call->result))
    {
        ngx_violet_token_log(token, call);
    }

    ngx_violet_token_renewal_destroy(call);
    token->call = NULL;

    ngx_violet_token_kick(token);
}


/*
 * Returns the number of failures before this renewal.  Sets call->result if
 * the new token cannot be used.
 */

static ngx_int_t
ngx_violet_token_store(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call)
{
    u_char                   *refresh;
    ngx_int_t                 failures;
    violet_token_answer_t    *answer;
    ngx_violet_token_copy_t   copy;

    answer = &call->answer;

    if (!ngx_violet_token_dates(answer, &copy.schedule)) {
        call->result = NGX_VIOLET_TOKEN_EXPIRED;
        return 0;
    }

    copy.secret = ngx_violet_token_hash(token->app->secrets[call->secret]);
    copy.len = answer->access_len;
    ngx_memcpy(copy.data, answer->access, answer->access_len);

    /* a refresh token of the configuration is not replaced */

    refresh = NULL;

    if (answer->refresh_len
        && token->app->secrets[NGX_VIOLET_APP_REFRESH_TOKEN] == NULL)
    {
        refresh = (u_char *) answer->refresh;
    }

    failures = ngx_violet_token_zone_renewed(&token->place, &copy, refresh,
                                             answer->refresh_len);

    explicit_bzero(&copy, sizeof(ngx_violet_token_copy_t));

    if (failures == NGX_DECLINED) {
        call->result = NGX_VIOLET_TOKEN_SAME;
        return 0;
    }

    return failures;
}


/* Sets the times of a new token; returns false if it has expired already. */

static ngx_uint_t
ngx_violet_token_dates(violet_token_answer_t *answer,
    violet_schedule_t *schedule)
{
    int64_t   now, expires;
    uint32_t  jitter;

    now = ngx_violet_epoch();
    jitter = (uint32_t) ngx_random();

    if (violet_jwt_expiry(answer->access, answer->access_len, &expires) == 0)
    {
        return violet_schedule_expiring(now, expires, jitter, schedule) == 0;
    }

    /* it names no time of expiry: it is used until Violet refuses it */

    violet_schedule_endless(now, jitter, schedule);

    return 1;
}


static void
ngx_violet_token_log(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call)
{
    u_char      *p, status[sizeof(" (status )") + NGX_INT_T_LEN];
    ngx_uint_t   ready;

    ready = ngx_violet_token_usable(token);

    p = status;

    if (call->result == NGX_VIOLET_TOKEN_REFUSED
        || call->result == NGX_VIOLET_TOKEN_STATUS)
    {
        p = ngx_sprintf(p, " (status %ui)", call->status);
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: no new access token for app \"%V\": %s%s%s%*s, "
                  "%s",
                  &token->app->name,
                  ngx_violet_token_reasons[call->result],
                  call->detail ? ": " : "", call->detail ? call->detail : "",
                  (size_t) (p - status), status,
                  ready ? "the old one is still used"
                        : "requests to Violet fail until there is one");
}


/* Tells two secrets apart, and does not reveal either. */

static uint32_t
ngx_violet_token_hash(ngx_violet_secret_t *secret)
{
    return violet_hash(secret->value.data, secret->value.len);
}


/* A token without an end has a time that is far away. */

int64_t
ngx_violet_token_expiry(ngx_violet_token_t *token)
{
    int64_t                  expires, left;
    ngx_violet_token_copy_t  copy;

    if (ngx_violet_token_zone_copy(&token->place, &copy) != NGX_OK) {
        return -1;
    }

    expires = copy.schedule.expires;
    left = expires - copy.schedule.renew;

    explicit_bzero(&copy, sizeof(ngx_violet_token_copy_t));

    return left > VIOLET_SCHEDULE_LEAD ? -1 : expires;
}


const char *
ngx_violet_token_reason(ngx_uint_t reason)
{
    return reason < sizeof(ngx_violet_token_reasons)
                    / sizeof(ngx_violet_token_reasons[0])
           ? ngx_violet_token_reasons[reason] : NULL;
}
