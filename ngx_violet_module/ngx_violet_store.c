
/*
 * Where reports are kept.  In Redis a report is a hash, written and read by
 * a script each, so that both are atomic and both use Redis's clock.  In
 * shared memory it is a small head and the body.  Nothing that is read back
 * is believed before it is vetted.
 *
 * An operation of the store lives on the heap until Redis has called back.
 */


#include "ngx_violet_store.h"
#include "ngx_violet_memory.h"

#include <ngx_sha1.h>


#define NGX_VIOLET_ETAG_LEN  42     /* a quoted SHA-1 in hexadecimal */


typedef struct {
    uint64_t                      ttl;
    uint64_t                      stale;
    size_t                        limit;
    ngx_violet_store_handler_pt   get;
    ngx_violet_store_done_pt      set;
    void                         *data;
} ngx_violet_store_op_t;


/* what precedes a body in shared memory */

typedef struct {
    uint64_t                      stored_at;  /* monotonic milliseconds */
    violet_report_state_t         state;
    u_char                        etag[NGX_VIOLET_ETAG_LEN];
} ngx_violet_store_head_t;


/*
 * Age and fields of the hash, or nothing: a value of another type or too
 * long a body is not fetched at all.
 */

static ngx_violet_redis_script_t  ngx_violet_store_get_script = {
    ngx_string(
        "local n = redis.pcall('HSTRLEN', KEYS[1], 'body') "
        "if type(n) ~= 'number' or n == 0 or n > tonumber(ARGV[1]) then "
            "return false "
        "end "
        "local h = redis.call('HMGET', KEYS[1], "
                             "'body', 'etag', 'state', 'stored_at') "
        "local at = tonumber(h[4] or '') "
        "if not at then return false end "
        "local t = redis.call('TIME') "
        "local age = t[1] * 1000 + math.floor(t[2] / 1000) - at "
        "if age ~= age or age < 0 or age > 1e13 then return false end "
        "return {h[1], h[2], h[3], math.floor(age), "
                "redis.call('PTTL', KEYS[1])}"),
    ""
};


/*
 * HSET first, which Redis refuses when it is full, as it would not after a
 * DEL; whatever else was there, of whatever type, is replaced.
 */

static ngx_violet_redis_script_t  ngx_violet_store_set_script = {
    ngx_string(
        "local t = redis.call('TIME') "
        "local at = string.format('%.0f', "
                                 "t[1] * 1000 + math.floor(t[2] / 1000)) "
        "local function set() "
            "return redis.pcall('HSET', KEYS[1], 'body', ARGV[2], "
                               "'etag', ARGV[3], 'state', ARGV[4], "
                               "'stored_at', at) "
        "end "
        "local r = set() "
        "if type(r) == 'table' and string.find(r.err, 'WRONGTYPE') then "
            "redis.call('DEL', KEYS[1]) "
            "r = set() "
        "end "
        "if type(r) == 'table' then return r end "
        "redis.call('PEXPIRE', KEYS[1], ARGV[1]) "
        "return 1"),
    ""
};


static ngx_int_t ngx_violet_store_get_memory(ngx_violet_store_key_t *key,
    ngx_pool_t *pool, ngx_violet_report_t *report);
static ngx_int_t ngx_violet_store_set_memory(ngx_violet_store_key_t *key,
    ngx_violet_report_t *report);
static ngx_int_t ngx_violet_store_prefixed(ngx_violet_store_key_t *key,
    u_char *buf, size_t size, ngx_str_t *prefixed);
static void ngx_violet_store_got(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static ngx_int_t ngx_violet_store_vet(ngx_violet_store_op_t *op,
    redisReply *reply, ngx_violet_report_t *report);
static ngx_int_t ngx_violet_store_vet_etag(ngx_str_t *etag);
static void ngx_violet_store_stored(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);


ngx_int_t
ngx_violet_store_get(ngx_violet_store_key_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_store_handler_pt handler,
    void *data)
{
    u_char                  name[512], limit[NGX_SIZE_T_LEN];
    ngx_str_t               args[2];
    ngx_violet_store_op_t  *op;

    if (key->redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return ngx_violet_store_get_memory(key, pool, report);
    }

    if (timeout == 0) {
        *status = NGX_VIOLET_REDIS_TIMEOUT;
        return NGX_DECLINED;
    }

    if (ngx_violet_store_prefixed(key, name, sizeof(name), &args[0])
        != NGX_OK)
    {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    args[1].data = limit;
    args[1].len = ngx_sprintf(limit, "%uz", key->limit) - limit;

    op = ngx_calloc(sizeof(ngx_violet_store_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->ttl = key->ttl;
    op->stale = key->stale;
    op->limit = key->limit;
    op->get = handler;
    op->data = data;

    *status = ngx_violet_redis_script(key->redis,
                                      &ngx_violet_store_get_script, args, 1,
                                      2, timeout, ngx_violet_store_got, op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_violet_store_set(ngx_violet_store_key_t *key,
    ngx_violet_report_t *report, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_store_done_pt handler,
    void *data)
{
    u_char                  name[512], ttl[NGX_INT64_LEN];
    ngx_str_t               args[5];
    const char             *state;
    ngx_violet_store_op_t  *op;

    if (key->redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return ngx_violet_store_set_memory(key, report);
    }

    if (ngx_violet_store_prefixed(key, name, sizeof(name), &args[0])
        != NGX_OK)
    {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_ERROR;
    }

    args[1].data = ttl;
    args[1].len = ngx_sprintf(ttl, "%uL", key->ttl + key->stale) - ttl;
    args[2] = report->body;
    args[3] = report->etag;

    state = violet_report_state_name(report->state);
    args[4].data = (u_char *) state;
    args[4].len = ngx_strlen(state);

    op = ngx_calloc(sizeof(ngx_violet_store_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_ERROR;
    }

    op->set = handler;
    op->data = data;

    /* a report that nobody can wait for any longer is still worth storing */

    *status = ngx_violet_redis_script(key->redis,
                                      &ngx_violet_store_set_script, args, 1,
                                      5, ngx_max(timeout, 1),
                                      ngx_violet_store_stored, op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_violet_store_get_memory(ngx_violet_store_key_t *key, ngx_pool_t *pool,
    ngx_violet_report_t *report)
{
    ngx_str_t                 value;
    ngx_violet_store_head_t  *head;

    if (ngx_violet_memory_get(key->zone, &key->key, pool, &value) != NGX_OK
        || value.len <= sizeof(ngx_violet_store_head_t))
    {
        return NGX_DECLINED;
    }

    head = (ngx_violet_store_head_t *) value.data;

    report->body.data = value.data + sizeof(ngx_violet_store_head_t);
    report->body.len = value.len - sizeof(ngx_violet_store_head_t);
    report->etag.data = head->etag;
    report->etag.len = NGX_VIOLET_ETAG_LEN;
    report->state = head->state;
    report->age = ngx_current_msec - head->stored_at;
    report->tier = NGX_VIOLET_TIER_MEMORY;

    /* the limits may be tighter than when it was stored */

    if (report->body.len > key->limit
        || report->age > key->ttl + key->stale)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_violet_store_set_memory(ngx_violet_store_key_t *key,
    ngx_violet_report_t *report)
{
    ngx_str_t                head;
    ngx_violet_store_head_t  h;

    if (report->etag.len != NGX_VIOLET_ETAG_LEN) {
        return NGX_ERROR;
    }

    ngx_memzero(&h, sizeof(ngx_violet_store_head_t));

    h.stored_at = ngx_current_msec;
    h.state = report->state;
    ngx_memcpy(h.etag, report->etag.data, NGX_VIOLET_ETAG_LEN);

    head.data = (u_char *) &h;
    head.len = sizeof(ngx_violet_store_head_t);

    return ngx_violet_memory_set(key->zone, &key->key, &head, &report->body,
                                 key->ttl + key->stale);
}


static ngx_int_t
ngx_violet_store_prefixed(ngx_violet_store_key_t *key, u_char *buf,
    size_t size, ngx_str_t *prefixed)
{
    u_char     *p;
    ngx_str_t  *prefix;

    prefix = &ngx_violet_redis_conf(key->redis)->prefix;

    if (prefix->len + key->key.len > size) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(buf, prefix->data, prefix->len);
    p = ngx_cpymem(p, key->key.data, key->key.len);

    prefixed->data = buf;
    prefixed->len = p - buf;

    return NGX_OK;
}


static void
ngx_violet_store_got(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_store_op_t  *op = data;

    ngx_violet_report_t  report, *found;

    ngx_memzero(&report, sizeof(ngx_violet_report_t));

    found = NULL;

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_store_vet(op, reply, &report) == NGX_OK)
    {
        found = &report;
    }

    op->get(op->data, status, found);

    ngx_free(op);
}


static ngx_int_t
ngx_violet_store_vet(ngx_violet_store_op_t *op, redisReply *reply,
    ngx_violet_report_t *report)
{
    ngx_uint_t    i;
    redisReply  **field;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5) {
        return NGX_DECLINED;
    }

    field = reply->element;

    for (i = 0; i < 3; i++) {
        if (field[i]->type != REDIS_REPLY_STRING) {
            return NGX_DECLINED;
        }
    }

    if (field[3]->type != REDIS_REPLY_INTEGER
        || field[4]->type != REDIS_REPLY_INTEGER)
    {
        return NGX_DECLINED;
    }

    report->body.data = (u_char *) field[0]->str;
    report->body.len = field[0]->len;
    report->etag.data = (u_char *) field[1]->str;
    report->etag.len = field[1]->len;

    if (report->body.len == 0 || report->body.len > op->limit
        || ngx_violet_store_vet_etag(&report->etag) != NGX_OK
        || violet_report_state_parse(field[2]->str, field[2]->len,
                                     &report->state)
           != 0)
    {
        return NGX_DECLINED;
    }

    /* a key that would never expire is not one that we wrote */

    if (field[3]->integer < 0
        || (uint64_t) field[3]->integer > op->ttl + op->stale
        || field[4]->integer < 0)
    {
        return NGX_DECLINED;
    }

    report->age = field[3]->integer;
    report->tier = NGX_VIOLET_TIER_REDIS;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_store_vet_etag(ngx_str_t *etag)
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


static void
ngx_violet_store_stored(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_store_op_t  *op = data;

    if (status == NGX_VIOLET_REDIS_OK
        && (reply->type != REDIS_REPLY_INTEGER || reply->integer != 1))
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    op->set(op->data, status);

    ngx_free(op);
}


ngx_int_t
ngx_violet_store_set_etag(ngx_pool_t *pool, ngx_violet_report_t *report)
{
    u_char      *p, digest[20];
    ngx_sha1_t   sha1;

    p = ngx_pnalloc(pool, NGX_VIOLET_ETAG_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, report->body.data, report->body.len);
    ngx_sha1_final(digest, &sha1);

    p[0] = '"';
    ngx_hex_dump(p + 1, digest, 20);
    p[NGX_VIOLET_ETAG_LEN - 1] = '"';

    report->etag.data = p;
    report->etag.len = NGX_VIOLET_ETAG_LEN;

    return NGX_OK;
}


ngx_int_t
ngx_violet_store_copy(ngx_pool_t *pool, ngx_violet_report_t *to,
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
