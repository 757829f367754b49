
/*
 * The record in shared memory is claimed first: it decides between the workers
 * of this host.  Then the record in Redis is claimed, by one script on Redis's
 * clock: it decides between all hosts.  The record of Redis is copied to
 * shared memory and marked SHARED, so that this host still has it if Redis is
 * lost.  A record that was settled while Redis was unreachable is not marked,
 * and is not overwritten by a record of Redis.
 *
 * A handle is on the heap.  The request's pool and each command in flight to
 * Redis hold a reference to it.
 *
 * When a cart may be submitted again, its record in Redis becomes "open" and
 * is not deleted.  So a missing record can be told from a Redis that has lost
 * its data.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_cart_record_priv.h"


/* ms that an unknown record is kept */
#define NGX_VIOLET_RECORD_KEEP  (24 * 60 * 60 * 1000)

/* tries to take a claim back, and ms between two tries */
#define NGX_VIOLET_RECORD_TRIES  120
#define NGX_VIOLET_RECORD_TRY    1000


static ngx_uint_t ngx_violet_record_is_final(violet_record_t *record,
    violet_record_state_t state);
static void ngx_violet_record_answered(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_record_claimed(ngx_violet_record_t *submit,
    ngx_violet_record_reply_t *reply);
static void ngx_violet_record_looked(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_record_renew(ngx_event_t *ev);
static void ngx_violet_record_retract_later(ngx_violet_record_t *submit);
static void ngx_violet_record_retract(ngx_event_t *ev);
static void ngx_violet_record_told(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_record_end(ngx_violet_record_t *submit,
    ngx_violet_record_op_e op, violet_record_state_t state,
    ngx_uint_t status);
static void ngx_violet_record_settled(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_record_adopt(ngx_violet_record_t *submit,
    ngx_violet_record_reply_t *reply);
static void ngx_violet_record_cleanup(void *data);
static void ngx_violet_record_release(ngx_violet_record_t *submit);


ngx_violet_record_t *
ngx_violet_record_create(ngx_pool_t *pool, ngx_violet_record_conf_t *conf)
{
    ngx_pool_cleanup_t   *cln;
    ngx_violet_record_t  *submit;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    submit = ngx_calloc(sizeof(ngx_violet_record_t), ngx_cycle->log);
    if (submit == NULL) {
        return NULL;
    }

    if (ngx_violet_record_token(submit->claim.token) != NGX_OK) {
        ngx_free(submit);
        return NULL;
    }

    submit->redis = conf->redis;
    submit->zone = conf->zone;
    submit->log = conf->log;
    submit->refs = 1;

    submit->claim.flight = ngx_min((int64_t) conf->time,
                                   NGX_VIOLET_RECORD_FLIGHT);
    submit->claim.keep = ngx_max((int64_t) conf->time,
                                 NGX_VIOLET_RECORD_KEEP);
    submit->claim.time = conf->time;
    submit->claim.override_unknown = conf->override_unknown;

    if (conf->key.len) {
        ngx_violet_record_digest(submit->claim.body, &conf->body);
    }

    /* the timer must not keep a worker from stopping */

    submit->renewal.handler = ngx_violet_record_renew;
    submit->renewal.data = submit;
    submit->renewal.log = ngx_cycle->log;
    submit->renewal.cancelable = 1;

    ngx_violet_record_name(submit, conf);

    cln->handler = ngx_violet_record_cleanup;
    cln->data = submit;

    return submit;
}


ngx_violet_record_result_t *
ngx_violet_record_result(ngx_violet_record_t *submit)
{
    return &submit->result;
}


void
ngx_violet_record_sent(ngx_violet_record_t *submit)
{
    submit->sent = 1;

    if (submit->claimed && !submit->renewal.timer_set) {
        ngx_add_timer(&submit->renewal,
                      (ngx_msec_t) submit->claim.flight / 2);
    }
}


ngx_int_t
ngx_violet_record_claim(ngx_violet_record_t *submit, ngx_violet_wait_t *wait)
{
    ngx_int_t                    rc;
    ngx_violet_record_update_t   update;
    ngx_violet_record_result_t  *result;

    result = &submit->result;
    result->redis = NGX_VIOLET_REDIS_OFF;

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    rc = ngx_violet_record_memory(&update, submit, NGX_VIOLET_RECORD_CLAIM);

    result->full = (rc != NGX_OK);

    submit->known = update.record;
    submit->seq = update.record.seq;
    submit->claimed = (rc == NGX_OK
                       && update.verdict == VIOLET_RECORD_CLAIMED);

    result->verdict = update.verdict;
    result->state = violet_record_state(&update.record, submit->claim.now);
    result->status = update.record.status;

    if (submit->redis == NULL
        || (rc == NGX_OK && update.verdict != VIOLET_RECORD_CLAIMED
            && (update.verdict == VIOLET_RECORD_OTHER_BODY
                || ngx_violet_record_is_final(&update.record,
                                              result->state))))
    {
        submit->seq += submit->claimed;
        return NGX_OK;
    }

    result->redis = ngx_violet_record_run(submit, "claim",
                        update.verdict == VIOLET_RECORD_REFUSED
                        ? &submit->known : NULL,
                        submit->claim.override_unknown ? "1" : "", 0,
                        ngx_violet_record_answered);

    submit->seq += submit->claimed;

    if (result->redis != NGX_VIOLET_REDIS_OK) {
        return NGX_OK;
    }

    submit->wait = wait;

    return NGX_AGAIN;
}


/*
 * True if Redis need not be asked: this host alone has the record, or it has
 * an outcome, or its submit is in flight on this host.
 */

static ngx_uint_t
ngx_violet_record_is_final(violet_record_t *record,
    violet_record_state_t state)
{
    return !(record->flags & VIOLET_RECORD_SHARED)
           || state == VIOLET_RECORD_COMPLETED
           || state == VIOLET_RECORD_PARTIAL
           || (state == VIOLET_RECORD_IN_FLIGHT
               && (record->flags & VIOLET_RECORD_OWN));
}


ngx_int_t
ngx_violet_record_look(ngx_violet_record_t *submit, ngx_violet_wait_t *wait)
{
    ngx_violet_record_update_t   update;
    ngx_violet_record_result_t  *result;

    result = &submit->result;
    result->redis = NGX_VIOLET_REDIS_OFF;

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    (void) ngx_violet_record_memory(&update, submit, NGX_VIOLET_RECORD_LOOK);

    result->state = violet_record_state(&update.record, submit->claim.now);

    submit->known = update.record;
    submit->seq = update.record.seq;

    /* ngx_violet_record_reopen() needs the token of the record */

    if (result->state == VIOLET_RECORD_UNKNOWN) {
        ngx_memcpy(submit->claim.token, update.record.token,
                   VIOLET_RECORD_DIGEST);
    }

    if (submit->redis == NULL
        || (result->state != VIOLET_RECORD_NONE
            && ngx_violet_record_is_final(&update.record, result->state)))
    {
        return NGX_OK;
    }

    result->redis = ngx_violet_record_run(submit, "look",
                        result->state != VIOLET_RECORD_NONE
                        ? &submit->known : NULL,
                        "", 0, ngx_violet_record_looked);

    if (result->redis != NGX_VIOLET_REDIS_OK) {
        return NGX_OK;
    }

    submit->wait = wait;

    return NGX_AGAIN;
}


/* If Redis does not answer, the result of shared memory is used. */

static void
ngx_violet_record_answered(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_record_t  *submit = data;

    ngx_violet_record_reply_t  result;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_record_read(reply, &result) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    submit->result.redis = status;

    if (status == NGX_VIOLET_REDIS_OK) {
        ngx_violet_record_claimed(submit, &result);
    }

    if (submit->wait) {
        ngx_violet_wait_end(submit->wait);
        submit->wait = NULL;
    }

    if (submit->gone) {

        /* the request has ended: its submit is not sent */

        ngx_violet_record_unsent(submit);
    }

    if (status != NGX_VIOLET_REDIS_OK && !submit->claimed) {

        /* Redis may still run the claim of this refused submit */

        ngx_violet_record_retract_later(submit);
    }

    ngx_violet_record_release(submit);
}


static void
ngx_violet_record_claimed(ngx_violet_record_t *submit,
    ngx_violet_record_reply_t *reply)
{
    ngx_violet_record_result_t  *result;

    result = &submit->result;

    result->full = 0;
    result->state = reply->state;
    result->status = (ngx_uint_t) reply->status;

    if (ngx_violet_record_is(reply, "claimed")) {
        result->verdict = VIOLET_RECORD_CLAIMED;
        submit->claimed = 1;
        submit->seq = (uint32_t) reply->seq;

    } else {
        result->verdict = ngx_violet_record_is(reply, "body")
                          ? VIOLET_RECORD_OTHER_BODY : VIOLET_RECORD_REFUSED;
        submit->claimed = 0;
    }

    ngx_violet_record_adopt(submit, reply);
}


static void
ngx_violet_record_looked(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_record_t  *submit = data;

    ngx_violet_record_reply_t  result;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_record_read(reply, &result) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    submit->result.redis = status;

    if (status == NGX_VIOLET_REDIS_OK) {
        submit->result.state = result.state;

        if (result.state == VIOLET_RECORD_UNKNOWN) {
            (void) ngx_violet_record_unhex(submit->claim.token,
                                           &result.token);
        }
    }

    if (submit->wait) {
        ngx_violet_wait_end(submit->wait);
        submit->wait = NULL;
    }

    ngx_violet_record_release(submit);
}


/* Renews the deadline of the flight, in shared memory and in Redis. */

static void
ngx_violet_record_renew(ngx_event_t *ev)
{
    ngx_violet_record_t         *submit;
    ngx_violet_record_update_t   update;

    submit = ev->data;

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    (void) ngx_violet_record_memory(&update, submit, NGX_VIOLET_RECORD_RENEW);

    if (submit->redis) {
        (void) ngx_violet_record_run(submit, "renew", NULL, "", 0,
                                     ngx_violet_record_told);
    }

    ngx_add_timer(ev, (ngx_msec_t) submit->claim.flight / 2);
}


/* Takes a claim in Redis back; tries again until Redis accepts the command. */

static void
ngx_violet_record_retract_later(ngx_violet_record_t *submit)
{
    submit->refs++;
    submit->renewal.handler = ngx_violet_record_retract;
    submit->tries = NGX_VIOLET_RECORD_TRIES;

    ngx_add_timer(&submit->renewal, NGX_VIOLET_RECORD_TRY);
}


static void
ngx_violet_record_retract(ngx_event_t *ev)
{
    ngx_violet_record_t        *submit;
    ngx_violet_redis_status_e   rc;

    submit = ev->data;

    rc = ngx_violet_record_run(submit, "cancel", NULL, "", 0,
                               ngx_violet_record_told);

    if (rc != NGX_VIOLET_REDIS_OK && --submit->tries) {
        ngx_add_timer(ev, NGX_VIOLET_RECORD_TRY);
        return;
    }

    ngx_violet_record_release(submit);
}


static void
ngx_violet_record_told(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_record_release(data);
}


void
ngx_violet_record_settle(ngx_violet_record_t *submit,
    violet_record_state_t state, ngx_uint_t status)
{
    ngx_violet_record_end(submit, NGX_VIOLET_RECORD_SETTLE, state, status);
}


void
ngx_violet_record_unsent(ngx_violet_record_t *submit)
{
    ngx_violet_record_end(submit, NGX_VIOLET_RECORD_CANCEL,
                          VIOLET_RECORD_OPEN, 0);
}


static void
ngx_violet_record_end(ngx_violet_record_t *submit, ngx_violet_record_op_e op,
    violet_record_state_t state, ngx_uint_t status)
{
    ngx_violet_redis_status_e   rc;
    ngx_violet_record_update_t  update;

    if (!submit->claimed || submit->settled) {
        return;
    }

    submit->settled = 1;
    submit->canceled = (op == NGX_VIOLET_RECORD_CANCEL);

    if (submit->renewal.timer_set) {
        ngx_del_timer(&submit->renewal);
    }

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    update.state = state;
    update.status = status;

    (void) ngx_violet_record_memory(&update, submit, op);

    if (submit->redis == NULL) {
        return;
    }

    rc = ngx_violet_record_run(submit,
                               submit->canceled ? "cancel" : "settle", NULL,
                               violet_record_name(state), status,
                               ngx_violet_record_settled);

    if (rc != NGX_VIOLET_REDIS_OK && submit->canceled) {
        ngx_violet_record_retract_later(submit);
    }
}


void
ngx_violet_record_reopen(ngx_violet_record_t *submit)
{
    ngx_violet_record_update_t  update;

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    (void) ngx_violet_record_memory(&update, submit, NGX_VIOLET_RECORD_REOPEN);

    if (submit->redis) {
        (void) ngx_violet_record_run(submit, "free", NULL, "", 0,
                                     ngx_violet_record_settled);
    }
}


/* Marks the record as SHARED unless Redis refused to settle it. */

static void
ngx_violet_record_settled(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_record_t  *submit = data;

    ngx_violet_record_reply_t   result;
    ngx_violet_record_update_t  update;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_record_read(reply, &result) == NGX_OK
        && !ngx_violet_record_is(&result, "refused"))
    {
        ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

        (void) ngx_violet_record_memory(&update, submit,
                                        NGX_VIOLET_RECORD_SHARE);
    }

    if (status != NGX_VIOLET_REDIS_OK && submit->canceled) {
        ngx_violet_record_retract_later(submit);
    }

    ngx_violet_record_release(submit);
}


/* Copies the record of Redis to shared memory. */

static void
ngx_violet_record_adopt(ngx_violet_record_t *submit,
    ngx_violet_record_reply_t *reply)
{
    violet_record_t             *record;
    ngx_violet_record_update_t   update;

    ngx_memzero(&update, sizeof(ngx_violet_record_update_t));

    record = &update.record;

    submit->claim.now = ngx_violet_clock();

    /* an open record is kept only for the digest of the body */

    if (reply->state > VIOLET_RECORD_OPEN
        || (reply->state == VIOLET_RECORD_OPEN && reply->body.len))
    {
        if (ngx_violet_record_unhex(record->token, &reply->token) != NGX_OK) {
            record->token[0] = 1;
        }

        record->expires = submit->claim.now
                          + ngx_min(ngx_max(reply->ttl, 1),
                                    submit->claim.keep);
        record->deadline = submit->claim.now + reply->left;
        record->status = (uint16_t) reply->status;
        record->state = (uint8_t) reply->state;
        record->seq = (uint32_t) reply->seq;
        record->flags = VIOLET_RECORD_SHARED
                        | (submit->claimed ? VIOLET_RECORD_OWN : 0);

        if (ngx_violet_record_unhex(record->body, &reply->body) != NGX_OK) {
            ngx_memzero(record->body, VIOLET_RECORD_DIGEST);
        }
    }

    if (ngx_violet_record_memory(&update, submit, NGX_VIOLET_RECORD_ADOPT)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN,
                      submit->gone ? ngx_cycle->log : submit->log, 0,
                      "violet: no room in the shared memory zone for the "
                      "record of a submit, only Redis has it: make "
                      "\"violet_zone\" larger");
    }
}


static void
ngx_violet_record_cleanup(void *data)
{
    ngx_violet_record_t  *submit = data;

    submit->gone = 1;

    /* while Redis runs a claim, ngx_violet_record_answered() settles it */

    if (submit->wait == NULL) {

        if (submit->sent) {
            ngx_violet_record_settle(submit, VIOLET_RECORD_UNKNOWN, 502);
        }

        ngx_violet_record_unsent(submit);
    }

    ngx_violet_record_release(submit);
}


static void
ngx_violet_record_release(ngx_violet_record_t *submit)
{
    if (--submit->refs == 0) {
        ngx_free(submit);
    }
}
