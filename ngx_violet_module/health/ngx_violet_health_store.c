
/*
 * The store of reports.  In Redis a report is a hash; one HMGET reads all of
 * its fields at one instant, and its age is counted by Redis's clock, which
 * the client knows.  In shared memory a report is a small head and the body.
 * A report from Redis is vetted before it is used, see
 * ngx_violet_health_store_vet.c.
 *
 * An operation of the store lives in its command until Redis has called back.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_health_store.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_sha1.h"


typedef struct {
    ngx_violet_report_place_t            key;
    uint64_t                             version;
    ngx_violet_health_store_handler_pt   handler;
    void                                *data;
    u_char                               name[NGX_VIOLET_KEYS_LEN];
} ngx_violet_health_store_op_t;


/* the head before a body in shared memory; instants of ngx_violet_clock() */

typedef struct {
    int64_t                       stored_at;
    int64_t                       asked_at;   /* when Redis or Violet
                                                 returned it */
    uint64_t                      epoch;      /* when they were asked */
    violet_report_state_t         state;
    u_char                        etag[NGX_VIOLET_ETAG_LEN];
} ngx_violet_health_store_head_t;


/*
 * The command HMGET of a report, but for its key: as many words as fields, and
 * two.
 */

static ngx_violet_redis_form_t  ngx_violet_health_store_form = {
    ngx_string("*9\r\n$5\r\nHMGET\r\n"),
    ngx_string("$1\r\nv\r\n"
               "$4\r\nbody\r\n"
               "$4\r\netag\r\n"
               "$5\r\nstate\r\n"
               "$9\r\nstored_at\r\n"
               "$4\r\nkept\r\n"
               "$8\r\nmerchant\r\n")
};


static ngx_int_t ngx_violet_health_store_recall_young(
    ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report, ngx_uint_t *covered);
static ngx_int_t ngx_violet_health_store_recall(ngx_violet_report_place_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report, uint64_t *asked,
    ngx_uint_t *covered);
static void ngx_violet_health_store_got(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_int_t ngx_violet_health_store_read(
    ngx_violet_health_store_op_t *op, violet_reply_t *reply,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_health_store_remember(
    ngx_violet_report_place_t *key, ngx_violet_report_t *report,
    uint64_t version);


ngx_int_t
ngx_violet_health_store_peek(ngx_violet_report_place_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report)
{
    ngx_int_t   rc;
    ngx_uint_t  covered;

    rc = ngx_violet_health_store_recall_young(key, pool, report, &covered);

    if (rc != NGX_OK) {
        return rc;
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
    uint64_t   asked;
    ngx_int_t  rc;

    if (key->redis && key->memory == 0) {
        return NGX_DECLINED;
    }

    rc = ngx_violet_health_store_recall(key, pool, report, &asked, covered);

    if (rc != NGX_OK) {
        return rc;
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
    ngx_int_t                        rc;
    ngx_str_t                        value;
    ngx_violet_health_store_head_t  *head;

    rc = ngx_violet_memory_get(key->zone, &key->key, pool, &value, covered);

    if (rc != NGX_OK) {
        return rc;
    }

    if (value.len <= sizeof(ngx_violet_health_store_head_t)) {
        return NGX_DECLINED;
    }

    head = (ngx_violet_health_store_head_t *) value.data;

    if (head->epoch != ngx_violet_health_epoch(key->zone, key->app)) {
        return NGX_DECLINED;
    }

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
    ngx_violet_health_store_op_t  op;

    if (key->redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    if (timeout == 0) {
        *status = NGX_VIOLET_REDIS_TIMEOUT;
        return NGX_DECLINED;
    }

    *status = ngx_violet_health_epoch_ask(key->redis, key->zone, key->app,
                                          timeout);

    if (*status != NGX_VIOLET_REDIS_OK) {
        return NGX_DECLINED;
    }

    op.key = *key;
    op.key.epoch = ngx_violet_health_epoch(key->zone, key->app);
    ngx_memcpy(op.name, key->key.data, key->key.len);

    /* without a copy in memory no version is compared */

    op.version = key->memory
                 ? ngx_violet_memory_key_version(key->zone, &key->key) : 0;
    op.handler = handler;
    op.data = data;

    *status = ngx_violet_redis_read(key->redis, &ngx_violet_health_store_form,
                                    &key->key, timeout,
                                    ngx_violet_health_store_got, &op,
                                    offsetof(ngx_violet_health_store_op_t,
                                             name)
                                    + key->key.len);

    return *status == NGX_VIOLET_REDIS_OK ? NGX_AGAIN : NGX_DECLINED;
}


static void
ngx_violet_health_store_got(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_health_store_op_t  *op = data;

    ngx_violet_report_t  report, *found;

    found = NULL;

    /* the caller's key may be gone */

    op->key.key.data = op->name;

    if (status == NGX_VIOLET_REDIS_OK) {

        if (ngx_violet_health_store_read(op, reply, &report) == NGX_OK) {
            found = &report;
        }

        if (found && op->key.memory) {

            /* without room for a copy the next read asks Redis */

            (void) ngx_violet_health_store_remember(&op->key, found,
                                                    op->version);

        } else if (found == NULL) {
            (void) ngx_violet_memory_forget(op->key.zone, &op->key.key);
        }
    }

    op->handler(op->data, status, found);
}


/*
 * A key of another type is a miss, as is every report while Redis's clock is
 * unknown: the script of the lease then finds it, by the clock of Redis.
 */

static ngx_int_t
ngx_violet_health_store_read(ngx_violet_health_store_op_t *op,
    violet_reply_t *reply, ngx_violet_report_t *report)
{
    int64_t  now;

    now = ngx_violet_redis_clock(op->key.redis);

    if (now < 0
        || ngx_violet_health_store_vet_reply(&op->key, reply) != NGX_OK
        || ngx_violet_health_store_vet(&op->key, reply->element, now, report)
           != NGX_OK
        || !ngx_violet_health_epoch_has(op->key.app, report->stored_at))
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

    ngx_violet_memory_mark(key->zone, key->ttl + key->stale);

    (void) ngx_violet_memory_set(key->zone, &marker.name, &head, &body,
                                 key->ttl + key->stale);
}


uint64_t
ngx_violet_health_store_fresh(ngx_violet_report_place_t *key)
{
    int64_t           then;
    ngx_violet_key_t  marker;

    if (!ngx_violet_memory_marked(key->zone)) {
        return key->ttl;
    }

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
    h.epoch = key->epoch;
    h.state = report->state;
    ngx_memcpy(h.etag, report->etag.data, NGX_VIOLET_ETAG_LEN);

    head.data = (u_char *) &h;
    head.len = sizeof(ngx_violet_health_store_head_t);

    return ngx_violet_memory_cache(key->zone, &key->key, &head,
                                   &report->body, report->left, version);
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
ngx_violet_health_store_take(ngx_violet_redis_t *redis, ngx_pool_t *pool,
    ngx_violet_report_t *to, ngx_violet_report_t *from)
{
    if (ngx_violet_redis_keep(redis, pool) != NGX_OK) {
        return ngx_violet_health_store_copy(pool, to, from);
    }

    *to = *from;

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
