
/*
 * A report that Redis returns is checked before it is used: another program or
 * another version may have written it, and a reply may belong to another
 * command.  Nothing is kept here; the strings of a report point into the
 * reply.
 */


#include "ngx_violet_health_store.h"

#include "violet_text.h"


/*
 * ms that a report may lie in the future: Redis's clock is known to within
 * the time of one command
 */
#define NGX_VIOLET_HEALTH_STORE_AHEAD  1000


static ngx_int_t ngx_violet_health_store_vet_times(
    ngx_violet_report_place_t *key, violet_reply_t *field, int64_t now,
    ngx_violet_report_t *report);
static void ngx_violet_health_store_crossed(ngx_violet_report_place_t *key,
    violet_reply_t *named, ngx_str_t *merchant);
static ngx_int_t ngx_violet_health_store_vet_etag(ngx_str_t *etag);


ngx_int_t
ngx_violet_health_store_vet_reply(ngx_violet_report_place_t *key,
    violet_reply_t *reply)
{
    ngx_uint_t  i, fits;

    if (reply->type == VIOLET_REPLY_ERROR || reply->type == VIOLET_REPLY_NIL) {
        return NGX_DECLINED;
    }

    fits = (reply->type == VIOLET_REPLY_ARRAY
            && reply->elements == NGX_VIOLET_HEALTH_STORE_N);

    for (i = 0; fits && i < NGX_VIOLET_HEALTH_STORE_N; i++) {
        fits = (reply->element[i].type == VIOLET_REPLY_STRING
                || reply->element[i].type == VIOLET_REPLY_NIL);
    }

    if (fits) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "violet: Redis answered the lookup of a report with "
                  "something else, closing the connection");

    ngx_violet_redis_distrust(key->redis);

    return NGX_DECLINED;
}


ngx_int_t
ngx_violet_health_store_vet(ngx_violet_report_place_t *key,
    violet_reply_t *field, int64_t now, ngx_violet_report_t *report)
{
    ngx_str_t        merchant;
    ngx_uint_t       i;
    violet_reply_t  *v, *named, *state;

    for (i = 0; i < NGX_VIOLET_HEALTH_STORE_N; i++) {
        if (field[i].type != VIOLET_REPLY_STRING) {
            return NGX_DECLINED;
        }
    }

    v = &field[NGX_VIOLET_HEALTH_STORE_V];
    named = &field[NGX_VIOLET_HEALTH_STORE_MERCHANT];
    state = &field[NGX_VIOLET_HEALTH_STORE_STATE];

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

    report->body.data = (u_char *) field[NGX_VIOLET_HEALTH_STORE_BODY].str;
    report->body.len = field[NGX_VIOLET_HEALTH_STORE_BODY].len;
    report->etag.data = (u_char *) field[NGX_VIOLET_HEALTH_STORE_ETAG].str;
    report->etag.len = field[NGX_VIOLET_HEALTH_STORE_ETAG].len;
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
 * The time left comes from "kept", not from the key's TTL: HMGET and PTTL are
 * two commands, and a write between them would give an old body a new age.
 * "kept" may be longer than what is configured now.
 */

static ngx_int_t
ngx_violet_health_store_vet_times(ngx_violet_report_place_t *key,
    violet_reply_t *field, int64_t now, ngx_violet_report_t *report)
{
    int64_t          age;
    uint64_t         stored_at, kept;
    violet_reply_t  *at, *ms;

    at = &field[NGX_VIOLET_HEALTH_STORE_STORED_AT];
    ms = &field[NGX_VIOLET_HEALTH_STORE_KEPT];

    if (violet_text_number((violet_text_t) { at->str, at->len }, &stored_at)
        != 0
        || violet_text_number((violet_text_t) { ms->str, ms->len }, &kept)
           != 0)
    {
        return NGX_DECLINED;
    }

    report->stored_at = (int64_t) stored_at;

    age = now - report->stored_at;

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
    violet_reply_t *named, ngx_str_t *merchant)
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
    u_char      c, bad;
    ngx_uint_t  i;

    if (etag->len != NGX_VIOLET_ETAG_LEN
        || etag->data[0] != '"' || etag->data[etag->len - 1] != '"')
    {
        return NGX_DECLINED;
    }

    /* without a branch in it: almost all are valid */

    for (bad = 0, i = 1; i < NGX_VIOLET_ETAG_LEN - 1; i++) {
        c = etag->data[i];
        bad |= (u_char) (c - '0') > 9 && (u_char) (c - 'a') > 5;
    }

    return bad ? NGX_DECLINED : NGX_OK;
}
