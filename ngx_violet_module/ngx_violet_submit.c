
/*
 * Shared memory is asked first: it arbitrates between the workers of this
 * host, and holds what they know by themselves.  Then Redis, by one script
 * on its own clock, for all gateways.  What Redis says is copied to memory,
 * marked "shared", so that a later loss of Redis leaves this host with what
 * it had heard; what was settled while Redis was away stays this host's own
 * and is not given up for what Redis says.
 *
 * A handle lives on the heap, held by the request's pool and by each command
 * that Redis has yet to answer.
 *
 * That a cart is free again is written down in Redis ("open"), not deleted:
 * a Redis that has lost its data must not be taken for one that says so.
 */


#include "ngx_violet_memory.h"
#include "ngx_violet_submit_redis.h"

#include <ngx_sha1.h>


/* how long an unknown outcome is remembered, in milliseconds */
#define NGX_VIOLET_SUBMIT_KEEP     (24 * 60 * 60 * 1000)

typedef enum {
    NGX_VIOLET_SUBMIT_CLAIM = 0,
    NGX_VIOLET_SUBMIT_LOOK,
    NGX_VIOLET_SUBMIT_SETTLE,
    NGX_VIOLET_SUBMIT_SHARE,
    NGX_VIOLET_SUBMIT_ADOPT
} ngx_violet_submit_op_e;


typedef struct {
    ngx_violet_submit_t          *submit;
    ngx_violet_submit_op_e        op;
    violet_submit_verdict_t       verdict;
    violet_submit_state_t         state;        /* to settle */
    ngx_uint_t                    status;
    violet_submit_record_t        record;       /* as it was; to adopt */
} ngx_violet_submit_update_t;


static ngx_int_t ngx_violet_submit_name(ngx_violet_submit_t *submit,
    ngx_violet_submit_conf_t *conf);
static void ngx_violet_submit_digest(u_char *digest, ngx_str_t *text);
static void ngx_violet_submit_token(u_char *token);
static ngx_int_t ngx_violet_submit_memory(ngx_violet_submit_update_t *update,
    ngx_violet_submit_t *submit, ngx_violet_submit_op_e op);
static void ngx_violet_submit_update(void *data, u_char *value);
static void ngx_violet_submit_answered(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_submit_claimed(ngx_violet_submit_t *submit,
    ngx_violet_submit_reply_t *reply);
static void ngx_violet_submit_looked(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_submit_settled(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_submit_adopt(ngx_violet_submit_t *submit,
    ngx_violet_submit_reply_t *reply);
static void ngx_violet_submit_cleanup(void *data);
static void ngx_violet_submit_release(ngx_violet_submit_t *submit);


ngx_violet_submit_t *
ngx_violet_submit_create(ngx_pool_t *pool, ngx_violet_submit_conf_t *conf)
{
    ngx_pool_cleanup_t   *cln;
    ngx_violet_submit_t  *submit;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    submit = ngx_calloc(sizeof(ngx_violet_submit_t), ngx_cycle->log);
    if (submit == NULL) {
        return NULL;
    }

    submit->redis = conf->redis;
    submit->zone = conf->zone;
    submit->refs = 1;

    submit->claim.flight = NGX_VIOLET_SUBMIT_FLIGHT;
    submit->claim.keep = ngx_max((int64_t) conf->time,
                                 NGX_VIOLET_SUBMIT_KEEP);
    submit->claim.time = conf->time;
    submit->claim.again = conf->again;

    if (conf->key.len) {
        ngx_violet_submit_digest(submit->claim.body, &conf->body);
    }

    ngx_violet_submit_token(submit->claim.token);

    if (ngx_violet_submit_name(submit, conf) != NGX_OK) {
        ngx_free(submit);
        return NULL;
    }

    cln->handler = ngx_violet_submit_cleanup;
    cln->data = submit;

    return submit;
}


static ngx_int_t
ngx_violet_submit_name(ngx_violet_submit_t *submit,
    ngx_violet_submit_conf_t *conf)
{
    u_char     *p, *last, digest[VIOLET_SUBMIT_DIGEST];
    ngx_str_t   prefix;

    ngx_str_null(&prefix);

    if (conf->redis) {
        prefix = ngx_violet_redis_conf(conf->redis)->prefix;
    }

    p = submit->name;
    last = p + NGX_VIOLET_SUBMIT_KEY_LEN;

    p = ngx_slprintf(p, last, "%Vsubmit:%V:%V:%i:", &prefix,
                     &conf->upstream, &conf->app_name, conf->app_id);

    if (conf->cart_id) {
        p = ngx_slprintf(p, last, "%L", conf->cart_id);

    } else {
        p = ngx_slprintf(p, last, "-");
    }

    if (conf->key.len) {

        if (last - p < (ssize_t) (NGX_VIOLET_SUBMIT_HEX + sizeof(":key:"))) {
            return NGX_ERROR;
        }

        ngx_violet_submit_digest(digest, &conf->key);

        p = ngx_cpymem(p, ":key:", sizeof(":key:") - 1);
        p = ngx_hex_dump(p, digest, VIOLET_SUBMIT_DIGEST);
    }

    if (p == last) {
        return NGX_ERROR;
    }

    submit->name_len = p - submit->name;

    return NGX_OK;
}


static void
ngx_violet_submit_digest(u_char *digest, ngx_str_t *text)
{
    u_char      sum[20];
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, text->data, text->len);
    ngx_sha1_final(sum, &sha1);

    ngx_memcpy(digest, sum, VIOLET_SUBMIT_DIGEST);

    /* all zeroes would say that there is none */

    digest[0] |= 1;
}


/* Unlike any other on any host: a claim is known by it, nothing else is. */

static void
ngx_violet_submit_token(u_char *token)
{
    u_char         *p, buf[128];
    ngx_str_t       text;
    struct timeval  tv;

    static ngx_uint_t  n;

    ngx_gettimeofday(&tv);

    p = ngx_slprintf(buf, buf + sizeof(buf), "%V %P %ui %T.%06l %xD%xD",
                     &ngx_cycle->hostname, ngx_pid, n++, tv.tv_sec,
                     (long) tv.tv_usec, (uint32_t) ngx_random(),
                     (uint32_t) ngx_random());

    text.data = buf;
    text.len = p - buf;

    ngx_violet_submit_digest(token, &text);
}


ngx_violet_submit_result_t *
ngx_violet_submit_result(ngx_violet_submit_t *submit)
{
    return &submit->result;
}


void
ngx_violet_submit_sent(ngx_violet_submit_t *submit)
{
    submit->sent = 1;
}


ngx_int_t
ngx_violet_submit_claim(ngx_violet_submit_t *submit, ngx_violet_wait_t *wait)
{
    ngx_int_t                    rc;
    ngx_violet_submit_update_t   update;
    ngx_violet_submit_result_t  *result;

    result = &submit->result;
    result->redis = NGX_VIOLET_REDIS_OFF;

    rc = ngx_violet_submit_memory(&update, submit, NGX_VIOLET_SUBMIT_CLAIM);

    result->full = (rc != NGX_OK);

    submit->known = update.record;
    submit->claimed = (rc == NGX_OK
                       && update.verdict == VIOLET_SUBMIT_CLAIMED);

    result->verdict = update.verdict;
    result->state = violet_submit_state(&update.record, submit->claim.now);
    result->status = update.record.status;

    /* an outcome is final, and so is what this host alone knows */

    if (submit->redis == NULL
        || (rc == NGX_OK && update.verdict != VIOLET_SUBMIT_CLAIMED
            && (!update.record.shared
                || update.verdict == VIOLET_SUBMIT_OTHER_BODY
                || result->state == VIOLET_SUBMIT_COMPLETED
                || result->state == VIOLET_SUBMIT_PARTIAL)))
    {
        return NGX_OK;
    }

    submit->wait = wait;

    result->redis = ngx_violet_submit_run(submit, "claim",
                        update.verdict == VIOLET_SUBMIT_REFUSED
                        ? &submit->known : NULL,
                        submit->claim.again ? "1" : "", 0,
                        ngx_violet_submit_answered);

    return result->redis == NGX_VIOLET_REDIS_OK ? NGX_AGAIN : NGX_OK;
}


ngx_int_t
ngx_violet_submit_look(ngx_violet_submit_t *submit, ngx_violet_wait_t *wait)
{
    ngx_violet_submit_update_t   update;
    ngx_violet_submit_result_t  *result;

    result = &submit->result;
    result->redis = NGX_VIOLET_REDIS_OFF;

    (void) ngx_violet_submit_memory(&update, submit, NGX_VIOLET_SUBMIT_LOOK);

    result->state = violet_submit_state(&update.record, submit->claim.now);

    /* who frees a record does it by the token that he has seen */

    if (result->state == VIOLET_SUBMIT_UNKNOWN) {
        ngx_memcpy(submit->claim.token, update.record.token,
                   VIOLET_SUBMIT_DIGEST);
    }

    if (submit->redis == NULL || result->state != VIOLET_SUBMIT_NONE) {
        return NGX_OK;
    }

    submit->wait = wait;

    result->redis = ngx_violet_submit_run(submit, "look", NULL, "", 0,
                                          ngx_violet_submit_looked);

    return result->redis == NGX_VIOLET_REDIS_OK ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_violet_submit_memory(ngx_violet_submit_update_t *update,
    ngx_violet_submit_t *submit, ngx_violet_submit_op_e op)
{
    ngx_str_t  name;

    if (op != NGX_VIOLET_SUBMIT_SETTLE && op != NGX_VIOLET_SUBMIT_ADOPT) {
        ngx_memzero(update, sizeof(ngx_violet_submit_update_t));
    }

    update->submit = submit;
    update->op = op;

    submit->claim.now = (int64_t) ngx_current_msec;

    name.data = submit->name;
    name.len = submit->name_len;

    return ngx_violet_memory_update(submit->zone, &name, 1,
                                    sizeof(violet_submit_record_t),
                                    (ngx_msec_t) submit->claim.keep,
                                    ngx_violet_submit_update, update);
}


static void
ngx_violet_submit_update(void *data, u_char *value)
{
    ngx_violet_submit_update_t  *u = data;

    violet_submit_claim_t   *claim;
    violet_submit_record_t   record;

    claim = &u->submit->claim;

    ngx_memcpy(&record, value, sizeof(violet_submit_record_t));

    if (violet_submit_state(&record, claim->now) == VIOLET_SUBMIT_NONE) {
        ngx_memzero(&record, sizeof(violet_submit_record_t));
    }

    switch (u->op) {

    case NGX_VIOLET_SUBMIT_CLAIM:
        u->record = record;
        u->verdict = violet_submit_claim(&record, claim);
        break;

    case NGX_VIOLET_SUBMIT_LOOK:
        u->record = record;
        break;

    case NGX_VIOLET_SUBMIT_SETTLE:
        (void) violet_submit_settle(&record, claim, u->state, u->status);
        break;

    case NGX_VIOLET_SUBMIT_SHARE:

        if (ngx_memcmp(record.token, claim->token, VIOLET_SUBMIT_DIGEST)
            == 0)
        {
            record.shared = (record.state != VIOLET_SUBMIT_NONE);
        }

        break;

    case NGX_VIOLET_SUBMIT_ADOPT:

        /* what this host learned by itself in the meantime stays */

        if (record.state == VIOLET_SUBMIT_NONE || record.shared
            || ngx_memcmp(record.token, claim->token, VIOLET_SUBMIT_DIGEST)
               == 0)
        {
            record = u->record;
        }

        break;
    }

    ngx_memcpy(value, &record, sizeof(violet_submit_record_t));
}


/* Without an answer of Redis what memory said holds. */

static void
ngx_violet_submit_answered(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_submit_t  *submit = data;

    ngx_violet_submit_reply_t  result;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_submit_read(reply, &result) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    submit->result.redis = status;

    if (status == NGX_VIOLET_REDIS_OK) {
        ngx_violet_submit_claimed(submit, &result);
    }

    if (submit->wait) {
        ngx_violet_wait_end(submit->wait);
        submit->wait = NULL;
    }

    /* nobody is left to send what was claimed */

    if (submit->gone && submit->claimed) {
        ngx_violet_submit_settle(submit, VIOLET_SUBMIT_OPEN, 0);
    }

    ngx_violet_submit_release(submit);
}


static void
ngx_violet_submit_claimed(ngx_violet_submit_t *submit,
    ngx_violet_submit_reply_t *reply)
{
    ngx_violet_submit_result_t  *result;

    result = &submit->result;

    result->full = 0;
    result->state = reply->state;
    result->status = (ngx_uint_t) reply->status;

    if (ngx_violet_submit_is(reply, "claimed")) {
        result->verdict = VIOLET_SUBMIT_CLAIMED;
        submit->claimed = 1;

    } else {
        result->verdict = ngx_violet_submit_is(reply, "body")
                          ? VIOLET_SUBMIT_OTHER_BODY : VIOLET_SUBMIT_REFUSED;
        submit->claimed = 0;
    }

    ngx_violet_submit_adopt(submit, reply);
}


static void
ngx_violet_submit_looked(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_submit_t  *submit = data;

    ngx_violet_submit_reply_t  result;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_submit_read(reply, &result) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    submit->result.redis = status;

    if (status == NGX_VIOLET_REDIS_OK) {
        submit->result.state = result.state;

        if (result.state == VIOLET_SUBMIT_UNKNOWN) {
            (void) ngx_violet_submit_unhex(submit->claim.token,
                                           &result.token);
        }
    }

    if (submit->wait) {
        ngx_violet_wait_end(submit->wait);
        submit->wait = NULL;
    }

    ngx_violet_submit_release(submit);
}


void
ngx_violet_submit_settle(ngx_violet_submit_t *submit,
    violet_submit_state_t state, ngx_uint_t status)
{
    ngx_violet_submit_update_t  update;

    if (!submit->claimed || submit->settled) {
        return;
    }

    submit->settled = 1;

    ngx_memzero(&update, sizeof(ngx_violet_submit_update_t));

    update.state = state;
    update.status = status;

    (void) ngx_violet_submit_memory(&update, submit,
                                    NGX_VIOLET_SUBMIT_SETTLE);

    if (submit->redis) {
        (void) ngx_violet_submit_run(submit, "settle", NULL,
                                     violet_submit_name(state), status,
                                     ngx_violet_submit_settled);
    }
}


void
ngx_violet_submit_free(ngx_violet_submit_t *submit)
{
    ngx_violet_submit_update_t  update;

    ngx_memzero(&update, sizeof(ngx_violet_submit_update_t));

    update.state = VIOLET_SUBMIT_OPEN;

    (void) ngx_violet_submit_memory(&update, submit,
                                    NGX_VIOLET_SUBMIT_SETTLE);

    if (submit->redis) {
        (void) ngx_violet_submit_run(submit, "free", NULL, "", 0,
                                     ngx_violet_submit_settled);
    }
}


static void
ngx_violet_submit_settled(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_submit_t  *submit = data;

    ngx_violet_submit_reply_t   result;
    ngx_violet_submit_update_t  update;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_submit_read(reply, &result) == NGX_OK)
    {
        (void) ngx_violet_submit_memory(&update, submit,
                                        NGX_VIOLET_SUBMIT_SHARE);
    }

    ngx_violet_submit_release(submit);
}


/* What all gateways know, this host knows from now on. */

static void
ngx_violet_submit_adopt(ngx_violet_submit_t *submit,
    ngx_violet_submit_reply_t *reply)
{
    violet_submit_record_t      *record;
    ngx_violet_submit_update_t   update;

    ngx_memzero(&update, sizeof(ngx_violet_submit_update_t));

    record = &update.record;

    submit->claim.now = (int64_t) ngx_current_msec;

    if (reply->state != VIOLET_SUBMIT_NONE
        && reply->state != VIOLET_SUBMIT_OPEN)
    {
        if (ngx_violet_submit_unhex(record->token, &reply->token) != NGX_OK) {
            record->token[0] = 1;
        }

        record->expires = submit->claim.now
                          + ngx_min(ngx_max(reply->ttl, 1),
                                    submit->claim.keep);
        record->deadline = submit->claim.now + reply->left;
        record->status = (uint16_t) reply->status;
        record->state = (uint8_t) reply->state;
        record->shared = 1;

        if (submit->claimed) {
            ngx_memcpy(record->body, submit->claim.body,
                       VIOLET_SUBMIT_DIGEST);
        }
    }

    if (ngx_violet_submit_memory(&update, submit, NGX_VIOLET_SUBMIT_ADOPT)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "violet: no room in the shared memory zone to guard a "
                      "cart against a second submit, only Redis does: make "
                      "\"violet_zone\" larger");
    }
}


static void
ngx_violet_submit_cleanup(void *data)
{
    ngx_violet_submit_t  *submit = data;

    submit->gone = 1;

    /* while Redis is asked, its answer decides: see there */

    if (submit->wait == NULL) {
        ngx_violet_submit_settle(submit, submit->sent ? VIOLET_SUBMIT_UNKNOWN
                                                      : VIOLET_SUBMIT_OPEN,
                                 502);
    }

    ngx_violet_submit_release(submit);
}


static void
ngx_violet_submit_release(ngx_violet_submit_t *submit)
{
    if (--submit->refs == 0) {
        ngx_free(submit);
    }
}
