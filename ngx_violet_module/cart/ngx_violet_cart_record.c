
/*
 * A handle of a record, from the question whether the submit may be sent to
 * its end.  At most one command to Redis is under way for a handle; what is to
 * be told meanwhile is told after it.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"


/* ms between two times that a submit in flight is heard of */
#define NGX_VIOLET_RECORD_RENEWAL  10000


static ngx_violet_record_t *ngx_violet_record_alloc(
    ngx_violet_records_t *records);
static ngx_int_t ngx_violet_record_go(ngx_violet_record_t *record,
    violet_cart_step_t step, ngx_violet_wait_t *wait);
static void ngx_violet_record_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_record_silence(ngx_violet_record_t *record,
    ngx_violet_redis_status_e status);
static void ngx_violet_record_decided(ngx_violet_record_t *record);
static void ngx_violet_record_told(ngx_violet_record_t *record,
    violet_cart_step_t step);
static void ngx_violet_record_renew(ngx_event_t *ev);
static void ngx_violet_record_cleanup(void *data);


ngx_violet_record_t *
ngx_violet_record_create(ngx_pool_t *pool, ngx_violet_record_conf_t *conf)
{
    ngx_pool_cleanup_t   *cln;
    ngx_violet_record_t  *record;
    violet_cart_guard_t  *guard;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    record = ngx_violet_record_alloc(conf->records);
    if (record == NULL) {
        return NULL;
    }

    guard = &record->guard;

    if (ngx_violet_record_token(guard->token) != NGX_OK) {
        ngx_free(record);
        return NULL;
    }

    record->log = conf->log;
    record->doubts = conf->doubts;

    if (conf->cart_id == 0) {
        ngx_violet_record_digest(guard->body, &conf->body);
        guard->ask.key = 1;
    }

    guard->ask.body = guard->body;
    guard->ask.again = conf->again;
    guard->ask.question = conf->question;
    guard->ask.settle = violet_cart_settle_first((int64_t) conf->timeout);
    guard->refuse = conf->refuse;
    guard->sent = ngx_violet_epoch();
    guard->time = (int64_t) conf->time;

    /* the timer must not keep a worker from stopping */

    record->renewal.handler = ngx_violet_record_renew;
    record->renewal.data = record;
    record->renewal.log = ngx_cycle->log;
    record->renewal.cancelable = 1;

    ngx_violet_record_name(record, conf);

    cln->handler = ngx_violet_record_cleanup;
    cln->data = record;

    return record;
}


static ngx_violet_record_t *
ngx_violet_record_alloc(ngx_violet_records_t *records)
{
    ngx_violet_record_t  *record;

    record = ngx_calloc(sizeof(ngx_violet_record_t), ngx_cycle->log);
    if (record == NULL) {
        return NULL;
    }

    record->records = records;
    record->refs = 1;
    record->redis = NGX_VIOLET_REDIS_OFF;

    record->guard.host = &record->host;
    record->guard.redis = (records->redis != NULL);

    ngx_violet_record_memory(record);

    return record;
}


violet_cart_guard_t *
ngx_violet_record_guard(ngx_violet_record_t *record)
{
    return &record->guard;
}


violet_cart_step_t
ngx_violet_record_step(ngx_violet_record_t *record)
{
    return record->step;
}


ngx_violet_redis_status_e
ngx_violet_record_redis(ngx_violet_record_t *record)
{
    return record->redis;
}


ngx_int_t
ngx_violet_record_ask(ngx_violet_record_t *record, ngx_violet_wait_t *wait)
{
    record->deciding = 1;

    ngx_violet_record_wait(record);

    return ngx_violet_record_go(record,
                                violet_cart_guard_start(&record->guard),
                                wait);
}


ngx_int_t
ngx_violet_record_shown(ngx_violet_record_t *record,
    violet_cart_shown_t *shown, ngx_violet_wait_t *wait)
{
    int64_t  elapsed;

    elapsed = ngx_violet_clock() - record->asked;

    record->deciding = 1;

    ngx_violet_record_wait(record);

    return ngx_violet_record_go(record,
                                violet_cart_guard_read(&record->guard, shown,
                                                       elapsed),
                                wait);
}


ngx_int_t
ngx_violet_record_free(ngx_violet_record_t *record, ngx_violet_wait_t *wait)
{
    record->deciding = 1;

    return ngx_violet_record_go(record,
                                violet_cart_guard_free(&record->guard),
                                wait);
}


/* Runs steps until one is the caller's, or Redis is asked. */

static ngx_int_t
ngx_violet_record_go(ngx_violet_record_t *record, violet_cart_step_t step,
    ngx_violet_wait_t *wait)
{
    ngx_violet_redis_status_e  rc;
    violet_cart_redis_reply_t  away;

    while (step == VIOLET_GUARD_REDIS) {

        record->asked = ngx_violet_clock();

        /* Redis had its time, and is asked once more: it may be back */

        rc = ngx_violet_record_run(record, !record->guard.away,
                                   ngx_violet_record_answered);

        if (rc == NGX_VIOLET_REDIS_OK) {
            record->wait = wait;
            return NGX_AGAIN;
        }

        record->redis = rc;

        ngx_memzero(&away, sizeof(violet_cart_redis_reply_t));
        away.status = VIOLET_REDIS_AWAY;

        step = violet_cart_guard_redis(&record->guard, &away, 0);
    }

    record->step = step;
    record->asked = ngx_violet_clock();

    ngx_violet_record_decided(record);

    return NGX_OK;
}


static void
ngx_violet_record_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_record_t  *record = data;

    violet_cart_step_t         step;
    ngx_violet_wait_t         *wait;
    violet_cart_redis_reply_t  result;

    record->busy = 0;

    ngx_violet_record_read(record, status, reply, &result);

    if (result.status == VIOLET_REDIS_AWAY) {
        ngx_violet_records_unsaved(record->records);
        ngx_violet_record_silence(record, status);

    } else if (record->teller) {
        record->records->heard_of = 1;
    }

    if (!record->deciding) {

        if (record->later) {
            record->later = 0;
            step = violet_cart_guard_tell(&record->guard);

        } else {
            step = violet_cart_guard_told(&record->guard, &result);
        }

        ngx_violet_record_told(record, step);
        ngx_violet_record_release(record);
        return;
    }

    record->redis = (result.status != VIOLET_REDIS_AWAY) ? NGX_VIOLET_REDIS_OK
                    : (status == NGX_VIOLET_REDIS_OK) ? NGX_VIOLET_REDIS_DOWN
                                                      : status;

    step = violet_cart_guard_redis(&record->guard, &result,
                                   ngx_violet_clock() - record->asked);

    wait = record->wait;
    record->wait = NULL;

    if (record->gone) {

        /* the request has ended: its submit is not sent */

        record->deciding = 0;

        if (step == VIOLET_GUARD_SEND) {
            ngx_violet_record_told(record,
                                   violet_cart_guard_cancel(&record->guard));

        } else {
            violet_cart_guard_leave(&record->guard);
            ngx_violet_record_told(record,
                                   violet_cart_guard_withdraw(&record->guard));
        }

        ngx_violet_records_unsaved(record->records);
        ngx_violet_record_release(record);
        return;
    }

    if (ngx_violet_record_go(record, step, wait) == NGX_OK && wait) {
        ngx_violet_wait_end(wait);
    }

    ngx_violet_record_release(record);
}


/* An error is an answer: it may come each time. */

static void
ngx_violet_record_silence(ngx_violet_record_t *record,
    ngx_violet_redis_status_e status)
{
    ngx_violet_records_t  *records = record->records;

    if (record->teller
        && (status == NGX_VIOLET_REDIS_TIMEOUT
            || status == NGX_VIOLET_REDIS_OPEN
            || records->losses_told != ngx_violet_redis_losses(records->redis)))
    {
        records->silent = 1;
    }
}


static void
ngx_violet_record_decided(ngx_violet_record_t *record)
{
    record->deciding = 0;
    record->claimed = (record->step == VIOLET_GUARD_SEND);

    if (record->guard.away || record->guard.left) {
        ngx_violet_records_unsaved(record->records);
    }

    if (record->step == VIOLET_GUARD_ANSWER) {
        ngx_violet_record_told(record,
                               violet_cart_guard_withdraw(&record->guard));
    }
}


/* Tells Redis what a step of a submit has to tell. */

static void
ngx_violet_record_told(ngx_violet_record_t *record, violet_cart_step_t step)
{
    ngx_violet_redis_status_e  rc;

    if (step != VIOLET_GUARD_REDIS) {
        return;
    }

    if (record->busy) {
        record->later = 1;
        return;
    }

    record->asked = ngx_violet_clock();

    rc = ngx_violet_record_run(record, 0, ngx_violet_record_answered);

    if (rc != NGX_VIOLET_REDIS_OK) {
        ngx_violet_records_unsaved(record->records);
        ngx_violet_record_silence(record, rc);
    }
}


void
ngx_violet_record_sent(ngx_violet_record_t *record)
{
    record->sent = 1;

    if (record->claimed && !record->renewal.timer_set) {
        ngx_add_timer(&record->renewal, NGX_VIOLET_RECORD_RENEWAL);
    }
}


static void
ngx_violet_record_renew(ngx_event_t *ev)
{
    ngx_violet_record_t  *record;

    record = ev->data;

    ngx_violet_record_told(record, violet_cart_guard_renew(&record->guard));

    ngx_add_timer(ev, NGX_VIOLET_RECORD_RENEWAL);
}


void
ngx_violet_record_unsent(ngx_violet_record_t *record)
{
    if (!record->claimed || record->settled) {
        return;
    }

    record->settled = 1;

    if (record->renewal.timer_set) {
        ngx_del_timer(&record->renewal);
    }

    ngx_violet_record_told(record, violet_cart_guard_cancel(&record->guard));
}


ngx_uint_t
ngx_violet_record_settle(ngx_violet_record_t *record, violet_cart_end_t *end)
{
    int                 doubted;
    violet_cart_step_t  step;

    if (!record->claimed || record->settled) {
        return 0;
    }

    record->settled = 1;

    if (record->renewal.timer_set) {
        ngx_del_timer(&record->renewal);
    }

    ngx_memcpy(end->token, record->guard.token, VIOLET_RECORD_DIGEST);
    ngx_memcpy(end->body, record->guard.body, VIOLET_RECORD_DIGEST);

    end->sent = record->guard.sent;

    step = violet_cart_guard_settle(&record->guard, end, &doubted);

    ngx_violet_record_told(record, step);

    return doubted;
}


static void
ngx_violet_record_cleanup(void *data)
{
    ngx_violet_record_t  *record = data;

    violet_cart_end_t     end;

    record->gone = 1;
    record->wait = NULL;

    /* while Redis decides, ngx_violet_record_answered() takes the claim back */

    if (!record->deciding) {

        if (record->sent) {
            ngx_memzero(&end, sizeof(violet_cart_end_t));
            end.outcome = VIOLET_CART_UNKNOWN;

            (void) ngx_violet_record_settle(record, &end);
        }

        if (record->claimed) {
            ngx_violet_record_unsent(record);

        } else {
            violet_cart_guard_leave(&record->guard);

            if (record->guard.left) {
                ngx_violet_records_unsaved(record->records);
            }

            ngx_violet_record_told(record,
                                   violet_cart_guard_withdraw(&record->guard));
        }
    }

    ngx_violet_record_release(record);
}


void
ngx_violet_record_tell(ngx_violet_records_t *records, ngx_str_t *name)
{
    ngx_violet_record_t  *record;

    if (name->len > NGX_VIOLET_KEYS_NAME) {
        return;
    }

    record = ngx_violet_record_alloc(records);
    if (record == NULL) {
        return;
    }

    ngx_memcpy(record->name, name->data, name->len);
    record->name_len = name->len;
    record->doubts = ngx_violet_record_doubts_of(records, name);
    record->guard.ask.body = record->guard.body;
    record->gone = 1;
    record->teller = 1;
    records->telling++;

    ngx_violet_record_told(record, violet_cart_guard_tell(&record->guard));

    ngx_violet_record_release(record);
}


void
ngx_violet_record_release(ngx_violet_record_t *record)
{
    if (--record->refs) {
        return;
    }

    if (record->teller) {
        ngx_violet_records_told(record->records);
    }

    ngx_free(record);
}
