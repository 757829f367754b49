
/*
 * The store of reports.  In Redis a report is a hash; one HMGET reads all of
 * its fields at one instant, and its age is counted by Redis's clock, which
 * the client knows.  In shared memory a report is a small head and the body.
 * A report from Redis is checked before it is used.
 *
 * An operation of the store lives on the heap until Redis has called back.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_health_store.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_redis_args.h"
#include "ngx_violet_sha1.h"

#include "violet_text.h"


#define NGX_VIOLET_ETAG_LEN  42     /* a quoted SHA-1 in hexadecimal */

/*
 * ms that a report may lie in the future: Redis's clock is known to within
 * the time of one command
 */
#define NGX_VIOLET_HEALTH_STORE_AHEAD  1000


typedef struct {
    ngx_violet_report_place_t            key;
    uint64_t                             version;
    ngx_violet_health_store_handler_pt   handler;
    void                                *data;
    u_char                               name[1];
} ngx_violet_health_store_op_t;


/* the head before a body in shared memory; instants of ngx_violet_clock() */

typedef struct {
    int64_t                       stored_at;
    int64_t                       asked_at;   /* when Redis or Violet
                                                 returned it */
    violet_report_state_t         state;
    u_char                        etag[NGX_VIOLET_ETAG_LEN];
} ngx_violet_health_store_head_t;


static ngx_str_t  ngx_violet_health_store_fields[] = {
    ngx_string("v"),
    ngx_string("body"),
    ngx_string("etag"),
    ngx_string("state"),
    ngx_string("stored_at"),
    ngx_string("kept"),
    ngx_string("merchant")
};


static ngx_int_t ngx_violet_health_store_recall_young(
    ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report, ngx_uint_t *covered);
static ngx_int_t ngx_violet_health_store_recall(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report, uint64_t *asked,
    ngx_uint_t *covered);
static void ngx_violet_health_store_got(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static ngx_int_t ngx_violet_health_store_read(
    ngx_violet_health_store_op_t *op, redisReply *reply,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_store_remember(
    ngx_violet_report_place_t *key, ngx_violet_report_t *report,
    uint64_t version);
static void ngx_violet_health_store_crossed(ngx_violet_report_place_t *key,
    redisReply *named, ngx_str_t *merchant);
static ngx_int_t ngx_violet_health_store_vet_times(
    ngx_violet_report_place_t *key, redisReply **field, int64_t now,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_store_vet_etag(ngx_str_t *etag);


ngx_int_t
ngx_violet_health_store_peek(ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report)
{
    ngx_uint_t  covered;

    if (ngx_violet_health_store_recall_young(key, pool, report, &covered)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (key->redis && !covered) {
        ngx_memzero(report, sizeof(ngx_violet_report_t));
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_health_store_spare(ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report)
{
    ngx_uint_t  covered;

    return ngx_violet_health_store_recall_young(key, pool, report, &covered);
}


ngx_int_t
ngx_violet_health_store_last(ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report)
{
    uint64_t    asked;
    ngx_uint_t  covered;

    return ngx_violet_health_store_recall(key, pool, report, &asked, &covered);
}


/* Recalls a report for which violet_health_memory is not over. */

static ngx_int_t
ngx_violet_health_store_recall_young(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report, ngx_uint_t *covered)
{
    uint64_t  asked;

    if (key->redis && key->memory == 0) {
        return NGX_DECLINED;
    }

    if (ngx_violet_health_store_recall(key, pool, report, &asked, covered)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (key->redis && asked >= key->memory) {
        ngx_memzero(report, sizeof(ngx_violet_report_t));
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* *asked is the time since Redis or Violet returned the report, in ms. */

static ngx_int_t
ngx_violet_health_store_recall(ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report, uint64_t *asked, ngx_uint_t *covered)
{
    ngx_str_t                        value;
    ngx_violet_health_store_head_t  *head;

    if (ngx_violet_memory_get(key->zone, &key->key, pool, &value, covered)
        != NGX_OK
        || value.len <= sizeof(ngx_violet_health_store_head_t))
    {
        return NGX_DECLINED;
    }

    head = (ngx_violet_health_store_head_t *) value.data;

    report->body.data = value.data + sizeof(ngx_violet_health_store_head_t);
    report->body.len = value.len - sizeof(ngx_violet_health_store_head_t);
    report->etag.data = head->etag;
    report->etag.len = NGX_VIOLET_ETAG_LEN;
    report->state = head->state;
    report->age = ngx_violet_clock_since(head->stored_at);
    report->tier = NGX_VIOLET_TIER_MEMORY;

    *asked = ngx_violet_clock_since(head->asked_at);

    /* the limits may be tighter than when it was stored */

    if (report->body.len > key->limit
        || report->age > key->ttl + key->stale)
    {
        ngx_memzero(report, sizeof(ngx_violet_report_t));
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_health_store_get(ngx_violet_report_place_t *key, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status,
    ngx_violet_health_store_handler_pt handler, void *data)
{
    ngx_uint_t                     i;
    ngx_violet_redis_args_t        args;
    ngx_violet_health_store_op_t  *op;

    if (key->redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    if (timeout == 0) {
        *status = NGX_VIOLET_REDIS_TIMEOUT;
        return NGX_DECLINED;
    }

    op = ngx_alloc(sizeof(ngx_violet_health_store_op_t) + key->key.len,
                   ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->key = *key;
    op->key.key.data = op->name;
    ngx_memcpy(op->name, key->key.data, key->key.len);

    op->version = ngx_violet_memory_key_version(key->zone, &key->key);
    op->handler = handler;
    op->data = data;

    ngx_violet_redis_args_init(&args, key->redis);
    ngx_violet_redis_args_key(&args, &key->key);

    for (i = 0; i < NGX_VIOLET_HEALTH_STORE_N; i++) {
        ngx_violet_redis_args_add(&args,
                                  ngx_violet_health_store_fields[i].data,
                                  ngx_violet_health_store_fields[i].len);
    }

    *status = ngx_violet_redis_args_command(&args, "HMGET", timeout,
                                            ngx_violet_health_store_got, op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_violet_health_store_got(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_health_store_op_t  *op = data;

    ngx_violet_report_t  report, *found;

    found = NULL;

    if (status == NGX_VIOLET_REDIS_OK) {

        if (ngx_violet_health_store_read(op, reply, &report) == NGX_OK) {
            found = &report;
        }

        if (found && op->key.memory) {

            /* without room for a copy the next read asks Redis */

            (void) ngx_violet_health_store_remember(&op->key, found,
                                                    op->version);

        } else if (found == NULL) {
            ngx_violet_memory_forget(op->key.zone, &op->key.key);
        }
    }

    op->handler(op->data, status, found);

    ngx_free(op);
}


/*
 * A key of another type is a miss, as is every report while Redis's clock is
 * unknown: the script of the lease then finds it, by the clock of Redis.
 */

static ngx_int_t
ngx_violet_health_store_read(ngx_violet_health_store_op_t *op,
    redisReply *reply, ngx_violet_report_t *report)
{
    int64_t  now;

    now = ngx_violet_redis_clock(op->key.redis);

    if (now < 0 || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != NGX_VIOLET_HEALTH_STORE_N
        || ngx_violet_health_store_vet(&op->key, reply->element, now, report)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (report->age < op->key.ttl
        && report->age >= ngx_violet_health_store_fresh(&op->key))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_health_store_keep(ngx_violet_report_place_t *key,
    ngx_violet_report_t *report, uint64_t version)
{
    if (key->redis && key->memory == 0) {
        return NGX_ERROR;
    }

    report->left = key->ttl + key->stale;

    return ngx_violet_health_store_remember(key, report, version);
}


void
ngx_violet_health_store_outdate(ngx_violet_report_place_t *key, ngx_str_t *name)
{
    int64_t           now;
    ngx_str_t         head, body;
    ngx_violet_key_t  marker;

    ngx_violet_keys_refreshed(&marker, name);

    now = ngx_violet_clock();

    head.data = (u_char *) &now;
    head.len = sizeof(int64_t);
    ngx_str_null(&body);

    (void) ngx_violet_memory_set(key->zone, &marker.name, &head, &body,
                                 key->ttl + key->stale);
}


uint64_t
ngx_violet_health_store_fresh(ngx_violet_report_place_t *key)
{
    int64_t           then;
    ngx_violet_key_t  marker;

    ngx_violet_keys_refreshed(&marker, &key->key);

    if (ngx_violet_memory_read(key->zone, &marker.name, (u_char *) &then,
                               sizeof(int64_t))
        != NGX_OK)
    {
        return key->ttl;
    }

    return ngx_min(key->ttl, ngx_violet_clock_since(then));
}


static ngx_int_t
ngx_violet_health_store_remember(ngx_violet_report_place_t *key,
    ngx_violet_report_t *report, uint64_t version)
{
    ngx_str_t                       head;
    ngx_violet_health_store_head_t  h;

    if (report->etag.len != NGX_VIOLET_ETAG_LEN) {
        return NGX_ERROR;
    }

    ngx_memzero(&h, sizeof(ngx_violet_health_store_head_t));

    /* stored_at may be negative: before the host was started */

    h.asked_at = ngx_violet_clock();
    h.stored_at = h.asked_at - (int64_t) report->age;
    h.state = report->state;
    ngx_memcpy(h.etag, report->etag.data, NGX_VIOLET_ETAG_LEN);

    head.data = (u_char *) &h;
    head.len = sizeof(ngx_violet_health_store_head_t);

    return ngx_violet_memory_cache(key->zone, &key->key, &head,
                                   &report->body, report->left, version);
}


ngx_int_t
ngx_violet_health_store_vet(ngx_violet_report_place_t *key, redisReply **field,
    int64_t now, ngx_violet_report_t *report)
{
    ngx_str_t    merchant;
    ngx_uint_t   i;
    redisReply  *v, *named, *state;

    for (i = 0; i < NGX_VIOLET_HEALTH_STORE_N; i++) {
        if (field[i]->type != REDIS_REPLY_STRING) {
            return NGX_DECLINED;
        }
    }

    v = field[NGX_VIOLET_HEALTH_STORE_V];
    named = field[NGX_VIOLET_HEALTH_STORE_MERCHANT];
    state = field[NGX_VIOLET_HEALTH_STORE_STATE];

    if (v->len != sizeof(ngx_value(NGX_VIOLET_FORM_REPORT)) - 1
        || ngx_memcmp(v->str, ngx_value(NGX_VIOLET_FORM_REPORT), v->len) != 0)
    {
        return NGX_DECLINED;
    }

    ngx_violet_keys_of(&key->key, &merchant);

    if (named->len != merchant.len
        || ngx_memcmp(named->str, merchant.data, merchant.len) != 0)
    {
        ngx_violet_health_store_crossed(key, named, &merchant);
        return NGX_DECLINED;
    }

    report->body.data = (u_char *) field[NGX_VIOLET_HEALTH_STORE_BODY]->str;
    report->body.len = field[NGX_VIOLET_HEALTH_STORE_BODY]->len;
    report->etag.data = (u_char *) field[NGX_VIOLET_HEALTH_STORE_ETAG]->str;
    report->etag.len = field[NGX_VIOLET_HEALTH_STORE_ETAG]->len;
    report->tier = NGX_VIOLET_TIER_REDIS;

    if (report->body.len == 0 || report->body.len > key->limit
        || ngx_violet_health_store_vet_etag(&report->etag) != NGX_OK
        || violet_report_state_parse(state->str, state->len, &report->state)
           != 0)
    {
        return NGX_DECLINED;
    }

    return ngx_violet_health_store_vet_times(key, field, now, report);
}


/*
 * What is left comes from "kept", not from the key's TTL: HMGET and PTTL are
 * two commands, and a write between them would give an old body a new age.
 * "kept" may be longer than what is configured now.
 */

static ngx_int_t
ngx_violet_health_store_vet_times(ngx_violet_report_place_t *key,
    redisReply **field, int64_t now, ngx_violet_report_t *report)
{
    int64_t      age;
    uint64_t     stored_at, kept;
    redisReply  *at, *ms;

    at = field[NGX_VIOLET_HEALTH_STORE_STORED_AT];
    ms = field[NGX_VIOLET_HEALTH_STORE_KEPT];

    if (violet_text_number((violet_text_t) { at->str, at->len }, &stored_at)
        != 0
        || violet_text_number((violet_text_t) { ms->str, ms->len }, &kept)
           != 0)
    {
        return NGX_DECLINED;
    }

    age = now - (int64_t) stored_at;

    if (age < -NGX_VIOLET_HEALTH_STORE_AHEAD) {
        return NGX_DECLINED;
    }

    report->age = ngx_max(age, 0);

    kept = ngx_min(kept, key->ttl + key->stale);

    if (report->age >= kept) {
        return NGX_DECLINED;
    }

    report->left = kept - report->age;

    return NGX_OK;
}


/*
 * The report of another merchant may be the reply to another command, so the
 * connection and all replies on it are given up.  A name that is no number
 * is only an invalid value.
 */

static void
ngx_violet_health_store_crossed(ngx_violet_report_place_t *key,
    redisReply *named, ngx_str_t *merchant)
{
    ngx_uint_t  i;

    for (i = 0; i < (ngx_uint_t) named->len; i++) {
        if (named->str[i] < (i ? '0' : '1') || named->str[i] > '9') {
            return;
        }
    }

    if (named->len == 0) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis answered with the report of another "
                  "merchant than %V, the report is not served, closing the "
                  "connection", merchant);

    ngx_violet_redis_distrust(key->redis);
}


static ngx_int_t
ngx_violet_health_store_vet_etag(ngx_str_t *etag)
{
    ngx_uint_t  i;

    if (etag->len != NGX_VIOLET_ETAG_LEN
        || etag->data[0] != '"' || etag->data[etag->len - 1] != '"')
    {
        return NGX_DECLINED;
    }

    for (i = 1; i < NGX_VIOLET_ETAG_LEN - 1; i++) {
        if ((etag->data[i] < '0' || etag->data[i] > '9')
            && (etag->data[i] < 'a' || etag->data[i] > 'f'))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_health_store_set_etag(ngx_pool_t *pool, ngx_violet_report_t *report)
{
    u_char  *p;

    p = ngx_pnalloc(pool, NGX_VIOLET_ETAG_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p[0] = '"';
    (void) ngx_violet_sha1_hex(&report->body, p + 1);
    p[NGX_VIOLET_ETAG_LEN - 1] = '"';

    report->etag.data = p;
    report->etag.len = NGX_VIOLET_ETAG_LEN;

    return NGX_OK;
}


ngx_int_t
ngx_violet_health_store_copy(ngx_pool_t *pool, ngx_violet_report_t *to,
    ngx_violet_report_t *from)
{
    *to = *from;

    to->body.data = ngx_pstrdup(pool, &from->body);
    to->etag.data = ngx_pstrdup(pool, &from->etag);

    if (to->body.data == NULL || to->etag.data == NULL) {
        ngx_memzero(to, sizeof(ngx_violet_report_t));
        return NGX_ERROR;
    }

    return NGX_OK;
}
