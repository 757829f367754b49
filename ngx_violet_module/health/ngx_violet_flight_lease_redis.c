
/*
 * Leases among all hosts that share a Redis.  A report has up to three strings
 * there: the flight of plain reads, the flight of refreshes, and a result that
 * is held.  A flight is
 *
 *     1 F<token>          while it is under way
 *     1 F<token>@<ms>     the same, after a purge of all reports: its instant
 *     1 F<token>+         the same as either, when another flight follows it
 *     1 L<token><result>  when it has landed, if a flight followed
 *     1 L<token>@<id>     the same, with a report: the id that Violet got
 *     1 X                 when a refresh has ended its lease
 *
 * All strings expire.  1 is the number of the form; a value of another form
 * is ignored.
 *
 * An operation lives on the heap until Redis has called back.
 */


#include "ngx_violet_flight_lease.h"
#include "ngx_violet_flight_lease_script.h"
#include "ngx_violet_redis_args.h"

#include "violet_text.h"
#include "violet_trace.h"


/* bytes of a result that is left for followers; a longer one is not left */
#define NGX_VIOLET_LEASE_MAX_RESULT  65536


typedef struct {
    ngx_violet_lease_t           *lease;
    ngx_violet_lease_handler_pt   handler;
    ngx_violet_lease_landed_pt    landed;
    void                         *data;
} ngx_violet_lease_op_t;


static void ngx_violet_lease_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_lease_read(ngx_violet_lease_op_t *op,
    violet_reply_t *reply);
static ngx_int_t ngx_violet_lease_read_report(ngx_violet_lease_t *lease,
    violet_reply_t *reply, ngx_violet_report_t *report, ngx_str_t *id);
static ngx_int_t ngx_violet_lease_read_result(violet_reply_t *reply,
    ngx_str_t *result, uint64_t *left);
static ngx_int_t ngx_violet_lease_read_theirs(ngx_violet_lease_t *lease,
    violet_reply_t *reply);
static void ngx_violet_lease_renewed(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_lease_landed(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_lease_land_keys(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args);
static void ngx_violet_lease_add_flight(ngx_violet_redis_args_t *args,
    ngx_str_t *report, ngx_uint_t refresh);
static void ngx_violet_lease_add_held(ngx_violet_redis_args_t *args,
    ngx_str_t *report);
static void ngx_violet_lease_add_event(ngx_violet_redis_args_t *args,
    ngx_violet_report_place_t *store);
static uint64_t ngx_violet_lease_read_purged(violet_reply_t *reply);
static void ngx_violet_lease_land_args(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args,
    u_char *mark);
static size_t ngx_violet_lease_mark(u_char *mark, ngx_str_t *id);


ngx_int_t
ngx_violet_lease_in_redis(ngx_violet_lease_t *lease, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_lease_handler_pt handler,
    void *data)
{
    ngx_str_t                *key;
    ngx_violet_lease_op_t    *op;
    ngx_violet_redis_args_t   args;

    key = &lease->store.key;

    if (lease->store.redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    if (timeout == 0) {
        *status = NGX_VIOLET_REDIS_TIMEOUT;
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_violet_lease_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->lease = lease;
    op->handler = handler;
    op->data = data;

    ngx_violet_redis_args_init(&args, lease->store.redis);

    ngx_violet_redis_args_key(&args, key);
    ngx_violet_lease_add_flight(&args, key, 0);
    ngx_violet_lease_add_flight(&args, key, 1);
    ngx_violet_lease_add_held(&args, key);
    ngx_violet_lease_add_event(&args, &lease->store);

    ngx_violet_redis_args_add(&args, lease->token, NGX_VIOLET_LEASE_TOKEN);
    ngx_violet_redis_args_text(&args, lease->refresh ? "refresh" : "read");
    ngx_violet_redis_args_add(&args, lease->followed,
                              lease->follows ? NGX_VIOLET_LEASE_TOKEN : 0);
    ngx_violet_redis_args_number(&args, NGX_VIOLET_LEASE_TIME);
    ngx_violet_redis_args_number(&args,
                                 ngx_violet_health_store_fresh(&lease->store));
    ngx_violet_redis_args_number(&args, lease->store.limit);
    ngx_violet_redis_args_text(&args, lease->bad ? "bad" : "");
    ngx_violet_redis_args_text(&args, lease->stale ? "stale" : "");

    *status = ngx_violet_redis_args_run(&args, &ngx_violet_lease_script,
                                        timeout, ngx_violet_lease_answered,
                                        op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_violet_lease_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_lease_op_t  *op = data;

    if (status == NGX_VIOLET_REDIS_OK) {
        ngx_violet_lease_read(op, reply);

    } else {
        op->handler(op->data, status, NGX_VIOLET_LEASE_OURS, NULL, NULL, 0);
    }

    ngx_free(op);
}


static void
ngx_violet_lease_read(ngx_violet_lease_op_t *op, violet_reply_t *reply)
{
    char                        *word;
    uint64_t                     left;
    ngx_str_t                    result;
    violet_reply_t              *element;
    ngx_violet_lease_t          *lease;
    ngx_violet_lease_e           outcome;
    ngx_violet_report_t          report, *found;
    ngx_violet_redis_status_e    status;

    lease = op->lease;
    status = NGX_VIOLET_REDIS_OK;
    outcome = NGX_VIOLET_LEASE_OURS;
    element = reply->element;
    found = NULL;
    left = 0;

    ngx_str_null(&result);

    word = "";

    if (reply->type == VIOLET_REPLY_ARRAY && reply->elements
        && element[0].type == VIOLET_REPLY_STRING)
    {
        word = element[0].str;
    }

    if (ngx_strcmp(word, "ours") == 0) {
        lease->in_redis = 1;
        lease->purged = ngx_violet_lease_read_purged(reply);
        lease->event = (reply->elements >= 2
                        && element[1].type == VIOLET_REPLY_INTEGER
                        && element[1].integer == 1);

    } else if (ngx_strcmp(word, "theirs") == 0
               && ngx_violet_lease_read_theirs(lease, reply) == NGX_OK)
    {
        outcome = NGX_VIOLET_LEASE_THEIRS;

    } else if (ngx_strcmp(word, "report") == 0 && !lease->bad) {

        if (ngx_violet_lease_read_report(lease, reply, &report, &result)
            == NGX_OK)
        {
            outcome = NGX_VIOLET_LEASE_REPORT;
            found = &report;

        } else {
            lease->bad = 1;
            outcome = NGX_VIOLET_LEASE_AGAIN;
        }

    } else if (ngx_violet_lease_read_result(reply, &result, &left) == NGX_OK)
    {
        outcome = ngx_strcmp(word, "held") == 0 ? NGX_VIOLET_LEASE_HELD
                                                : NGX_VIOLET_LEASE_RESULT;

    } else {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    op->handler(op->data, status, outcome, found, &result, left);
}


/* The instant is the third element of "ours"; without one it is 0. */

static uint64_t
ngx_violet_lease_read_purged(violet_reply_t *reply)
{
    uint64_t         at;
    violet_reply_t  *word;

    word = &reply->element[2];

    if (reply->elements < 3 || word->type != VIOLET_REPLY_STRING
        || violet_text_number((violet_text_t) { word->str, word->len }, &at)
           != 0)
    {
        return 0;
    }

    return at;
}


/*
 * Reads "report", its fields, the time by Redis's clock and, from a flight that
 * was followed, the id that Violet got.  An invalid id is left out.
 */

static ngx_int_t
ngx_violet_lease_read_report(ngx_violet_lease_t *lease, violet_reply_t *reply,
    ngx_violet_report_t *report, ngx_str_t *id)
{
    violet_reply_t   *field, *now, *last;

    if (reply->elements != NGX_VIOLET_HEALTH_STORE_N + 2
        && reply->elements != NGX_VIOLET_HEALTH_STORE_N + 3)
    {
        return NGX_DECLINED;
    }

    last = &reply->element[reply->elements - 1];

    if (last->type == VIOLET_REPLY_STRING
        && violet_trace_is_id((violet_text_t) { last->str, last->len }))
    {
        id->data = (u_char *) last->str;
        id->len = last->len;
    }

    field = reply->element + 1;
    now = &field[NGX_VIOLET_HEALTH_STORE_N];

    if (now->type != VIOLET_REPLY_INTEGER || now->integer < 0) {
        return NGX_DECLINED;
    }

    return ngx_violet_health_store_vet(&lease->store, field, now->integer,
                                       report);
}


/* Reads "landed", result, or "held", result, ms for which it is held. */

static ngx_int_t
ngx_violet_lease_read_result(violet_reply_t *reply, ngx_str_t *result,
    uint64_t *left)
{
    ngx_uint_t       n;
    violet_reply_t  *element;

    element = reply->element;

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements < 2
        || element[0].type != VIOLET_REPLY_STRING
        || element[1].type != VIOLET_REPLY_STRING)
    {
        return NGX_DECLINED;
    }

    n = 0;

    if (ngx_strcmp(element[0].str, "landed") == 0) {
        n = 2;

    } else if (ngx_strcmp(element[0].str, "held") == 0
               && reply->elements == 3
               && element[2].type == VIOLET_REPLY_INTEGER
               && element[2].integer >= 0)
    {
        n = 3;
        *left = element[2].integer;
    }

    if (reply->elements != n) {
        return NGX_DECLINED;
    }

    result->data = (u_char *) element[1].str;
    result->len = element[1].len;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_lease_read_theirs(ngx_violet_lease_t *lease, violet_reply_t *reply)
{
    violet_reply_t  *token;

    if (reply->elements != 2) {
        return NGX_DECLINED;
    }

    token = &reply->element[1];

    if (token->type != VIOLET_REPLY_STRING
        || token->len != NGX_VIOLET_LEASE_TOKEN)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(lease->followed, token->str, NGX_VIOLET_LEASE_TOKEN);
    lease->follows = 1;

    return NGX_OK;
}


void
ngx_violet_lease_renew(ngx_violet_lease_t *lease)
{
    ngx_violet_redis_t       *redis;
    ngx_violet_redis_args_t   args;

    if (!lease->in_redis) {
        return;
    }

    redis = lease->store.redis;

    ngx_violet_redis_args_init(&args, redis);

    ngx_violet_lease_add_flight(&args, &lease->store.key, lease->refresh);
    ngx_violet_redis_args_add(&args, lease->token, NGX_VIOLET_LEASE_TOKEN);
    ngx_violet_redis_args_number(&args, NGX_VIOLET_LEASE_TIME);

    (void) ngx_violet_redis_args_run(&args, &ngx_violet_lease_renew_script,
                                     ngx_violet_redis_conf(redis)->timeout,
                                     ngx_violet_lease_renewed, NULL);
}


static void
ngx_violet_lease_renewed(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "violet: lease renewed: %d", status);
}


ngx_int_t
ngx_violet_lease_land(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_lease_landed_pt handler,
    void *data)
{
    u_char                    mark[1 + VIOLET_TRACE_ID];
    ngx_violet_lease_op_t    *op;
    ngx_violet_redis_args_t   args;

    if (lease->store.redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_violet_lease_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->landed = handler;
    op->data = data;

    ngx_violet_redis_args_init(&args, lease->store.redis);

    ngx_violet_lease_land_keys(lease, landing, &args);
    ngx_violet_lease_add_event(&args, &lease->store);
    ngx_violet_lease_land_args(lease, landing, &args, mark);

    /* the report is stored even if no request has time to wait for Redis */

    *status = ngx_violet_redis_args_run(&args, &ngx_violet_lease_land_script,
                                        ngx_max(timeout, 1),
                                        ngx_violet_lease_landed, op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    lease->in_redis = 0;

    return NGX_AGAIN;
}


static void
ngx_violet_lease_land_keys(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args)
{
    ngx_str_t   *key;
    ngx_uint_t   i;

    key = &lease->store.key;

    ngx_violet_redis_args_key(args, key);
    ngx_violet_lease_add_flight(args, key, lease->refresh);
    ngx_violet_lease_add_held(args, key);

    if (!landing->gone && (!lease->refresh || landing->report == NULL)) {
        return;
    }

    /* a plain read under way brings an older report */

    ngx_violet_lease_add_flight(args, key, 0);

    for (i = 0; i < NGX_VIOLET_LEASE_DROPS; i++) {
        key = &lease->drops[i];

        ngx_violet_redis_args_key(args, key);
        ngx_violet_lease_add_flight(args, key, 0);
    }
}


static void
ngx_violet_lease_add_flight(ngx_violet_redis_args_t *args, ngx_str_t *report,
    ngx_uint_t refresh)
{
    ngx_violet_key_t  key;

    static ngx_str_t  words[] = { ngx_string("read"), ngx_string("refresh") };

    ngx_violet_keys_flight(&key, report, &words[refresh]);
    ngx_violet_redis_args_key(args, &key.name);
}


static void
ngx_violet_lease_add_held(ngx_violet_redis_args_t *args, ngx_str_t *report)
{
    ngx_violet_key_t  key;

    ngx_violet_keys_held(&key, report);
    ngx_violet_redis_args_key(args, &key.name);
}


/* The mark of an event, and the instant of a purge of all reports. */

static void
ngx_violet_lease_add_event(ngx_violet_redis_args_t *args,
    ngx_violet_report_place_t *store)
{
    ngx_violet_key_t  key;

    ngx_violet_keys_event(&key, &store->key);
    ngx_violet_redis_args_key(args, &key.name);

    ngx_violet_keys_purged(&store->app->keys, &key);
    ngx_violet_redis_args_key(args, &key.name);
}


/* "mark" is room for the text that followers get with a report. */

static void
ngx_violet_lease_land_args(ngx_violet_lease_t *lease,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args,
    u_char *mark)
{
    ngx_str_t    merchant;
    ngx_uint_t   shared;
    const char  *state;

    /* followers read a report from the key of the report */

    shared = landing->report
           || (landing->result.len
               && landing->result.len <= NGX_VIOLET_LEASE_MAX_RESULT);

    ngx_violet_redis_args_add(args, lease->token, NGX_VIOLET_LEASE_TOKEN);
    ngx_violet_redis_args_number(args, landing->since);

    if (landing->report) {
        ngx_violet_redis_args_add(args, mark,
                                  ngx_violet_lease_mark(mark,
                                                        &landing->request_id));
    } else {
        ngx_violet_redis_args_add(args, landing->result.data,
                                  shared ? landing->result.len : 0);
    }

    ngx_violet_redis_args_number(args,
                                 shared ? NGX_VIOLET_LEASE_RESULT_TTL : 0);

    if (shared && landing->failed) {
        ngx_violet_redis_args_text(args, "failed");

    } else {
        ngx_violet_redis_args_number(args, shared ? landing->hold : 0);
    }

    if (lease->in_redis) {
        ngx_violet_redis_args_number(args, lease->purged);

    } else {
        ngx_violet_redis_args_text(args, "");
    }

    if (landing->gone) {
        ngx_violet_redis_args_text(args, "gone");
        return;
    }

    if (landing->report == NULL) {
        return;
    }

    state = violet_report_state_name(landing->report->state);

    ngx_violet_redis_args_number(args,
                                 lease->store.ttl + lease->store.stale);
    ngx_violet_redis_args_add(args, landing->report->body.data,
                              landing->report->body.len);
    ngx_violet_redis_args_add(args, landing->report->etag.data,
                              landing->report->etag.len);
    ngx_violet_redis_args_text(args, state);

    ngx_violet_keys_of(&lease->store.key, &merchant);
    ngx_violet_redis_args_add(args, merchant.data, merchant.len);
    ngx_violet_redis_args_text(args, landing->refreshed ? "refresh" : "read");
}


static size_t
ngx_violet_lease_mark(u_char *mark, ngx_str_t *id)
{
    if (id->len == 0 || id->len > VIOLET_TRACE_ID) {
        return 0;
    }

    mark[0] = '@';
    ngx_memcpy(mark + 1, id->data, id->len);

    return 1 + id->len;
}


static void
ngx_violet_lease_landed(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_lease_op_t  *op = data;

    ngx_uint_t  stored;

    stored = 0;

    if (status == NGX_VIOLET_REDIS_OK) {

        if (reply->type == VIOLET_REPLY_INTEGER) {
            stored = (reply->integer == 1);

        } else {
            status = NGX_VIOLET_REDIS_DOWN;
        }
    }

    op->landed(op->data, status, stored);

    ngx_free(op);
}
