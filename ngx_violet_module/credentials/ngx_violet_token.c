
/*
 * An app's access token in one worker.  A timer, cancelable unless requests
 * wait, looks whether the token must be renewed and whether this worker is
 * the one to do it; the others see the new token when they next use it, by
 * the number of changes in shared memory.
 *
 * While requests wait the timer ticks often: the renewal may be another
 * worker's, and nothing else tells that it has ended.
 */


#include "ngx_violet.h"
#include "ngx_violet_token.h"

#include <ngx_md5.h>


/* ms; how long a request waits for a token, and how often that is looked at */
#define NGX_VIOLET_TOKEN_WAIT    5000
#define NGX_VIOLET_TOKEN_POLL    20


typedef struct {
    ngx_queue_t                          queue;
    ngx_uint_t                           generation;   /* not this one */
    ngx_msec_t                           deadline;
    ngx_violet_credentials_handler_pt    handler;
    void                                *data;
} ngx_violet_token_waiter_t;


static void ngx_violet_token_cleanup(void *data);
static void ngx_violet_token_kick(ngx_violet_token_t *token);
static void ngx_violet_token_tick(ngx_event_t *ev);
static void ngx_violet_token_sync(ngx_violet_token_t *token);
static void ngx_violet_token_find_secret(ngx_violet_token_t *token,
    uint32_t hash);
static void ngx_violet_token_wake(ngx_violet_token_t *token,
    ngx_msec_t pause);
static void ngx_violet_token_renew(ngx_violet_token_t *token);
static void ngx_violet_token_renewaled(void *data,
    ngx_violet_token_renewal_t *call);
static ngx_int_t ngx_violet_token_store(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call);
static ngx_uint_t ngx_violet_token_dates(violet_token_answer_t *answer,
    violet_schedule_t *schedule);
static void ngx_violet_token_log(ngx_violet_token_t *token,
    ngx_violet_token_renewal_t *call);
static uint32_t ngx_violet_token_hash(ngx_violet_secret_t *secret);
static int64_t ngx_violet_token_now(void);


static char  *ngx_violet_token_reasons[] = {
    NULL,
    "no connection to Violet could be made",
    "Violet did not answer in time",
    "Violet's answer was cut off or was no valid HTTP",
    "the request was not sent",
    "Violet refused the credentials, check the app's secrets",
    "Violet gave no token",
    "Violet's answer is not what it should be",
    "the new token has already expired, check the clock of this host",
    "Violet gave the token again that it had refused",
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

    /* what it is a token for; of another Violet it would be none */

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


/* Where there is no worker process the configuration's end is the end. */

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

    /* what failed with an earlier configuration need not fail with this one */

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
    return token->value.len && ngx_violet_token_now() < token->usable;
}


ngx_int_t
ngx_violet_token_wait(ngx_violet_token_t *token, ngx_uint_t generation,
    ngx_violet_credentials_handler_pt handler, void *data)
{
    ngx_violet_token_waiter_t  *waiter;

    waiter = ngx_alloc(sizeof(ngx_violet_token_waiter_t), ngx_cycle->log);
    if (waiter == NULL) {
        return NGX_ERROR;
    }

    waiter->generation = generation;
    waiter->deadline = ngx_current_msec + NGX_VIOLET_TOKEN_WAIT;
    waiter->handler = handler;
    waiter->data = data;

    ngx_queue_insert_tail(&token->waiters, &waiter->queue);

    ngx_violet_token_kick(token);

    return NGX_OK;
}


ngx_int_t
ngx_violet_token_refused(ngx_violet_token_t *token, ngx_uint_t generation)
{
    ngx_int_t   rc;
    ngx_uint_t  again;

    ngx_violet_token_start(token);

    rc = ngx_violet_token_zone_refused(&token->place, generation, &again);

    if (again) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "violet: Violet refuses app \"%V\" with a new access "
                      "token as well, which is renewed after growing pauses: "
                      "check the app's rights and its \"app_secret\"",
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
                      "violet: Violet takes requests of app \"%V\" again, "
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

    /* a worker that is about to end leaves it to the new ones */

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
        wait = NGX_VIOLET_TOKEN_WAIT;
    }

    ev->cancelable = ngx_queue_empty(&token->waiters);

    /* a timer that is set already is moved */

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, ngx_max(wait, 1));
}


/* The worker's copy of what is in the slot. */

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

        token->usable = violet_schedule_usable(&copy.schedule);

        ngx_violet_token_find_secret(token, copy.secret);
    }

    explicit_bzero(&copy, sizeof(ngx_violet_token_copy_t));
}


/* With the app_secret that brought the token requests are made, too. */

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


/*
 * Ends the waits that have what they waited for, or waited long enough.
 * With a pause, in ms, before renewals go on, those as well that would wait
 * in vain.
 */

static void
ngx_violet_token_wake(ngx_violet_token_t *token, ngx_msec_t pause)
{
    ngx_msec_t                  now;
    ngx_uint_t                  ready;
    ngx_queue_t                *q, *next;
    ngx_violet_token_waiter_t  *waiter;

    now = ngx_current_msec;
    ready = ngx_violet_token_usable(token);

    for (q = ngx_queue_head(&token->waiters);
         q != ngx_queue_sentinel(&token->waiters);
         q = next)
    {
        next = ngx_queue_next(q);
        waiter = ngx_queue_data(q, ngx_violet_token_waiter_t, queue);

        if (!(ready && waiter->generation != token->generation)
            && !(pause && waiter->generation)
            && (ngx_msec_int_t) (waiter->deadline - now - pause) > 0)
        {
            continue;
        }

        ngx_queue_remove(q);

        waiter->handler(waiter->data);

        ngx_free(waiter);
    }
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
    call->handler = ngx_violet_token_renewaled;
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
ngx_violet_token_renewaled(void *data, ngx_violet_token_renewal_t *call)
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


/* Returns the failures there were before; the call's result may change. */

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

    /* one that the operator gave is kept, whatever an answer says */

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


/* When it expires and when it is to be renewed; false if it has expired. */

static ngx_uint_t
ngx_violet_token_dates(violet_token_answer_t *answer,
    violet_schedule_t *schedule)
{
    int64_t   now, expires;
    uint32_t  jitter;

    now = ngx_violet_token_now();
    jitter = (uint32_t) ngx_random();

    if (violet_jwt_expiry(answer->access, answer->access_len, &expires) == 0)
    {
        return violet_schedule_expiring(now, expires, jitter, schedule) == 0;
    }

    /* it is good until Violet says otherwise */

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
                  ready ? "the old one is used on"
                        : "requests to Violet fail until there is one");
}


/* Enough to tell two secrets apart, and no more. */

static uint32_t
ngx_violet_token_hash(ngx_violet_secret_t *secret)
{
    return ngx_murmur_hash2(secret->value.data, secret->value.len);
}


static int64_t
ngx_violet_token_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}
