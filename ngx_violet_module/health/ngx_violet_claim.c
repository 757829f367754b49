
/*
 * Claims among all hosts that share a Redis.  Of each report there are up to
 * three strings there: the flight of plain reads and that of refreshes, "1 F"
 * and a token while it is under way, with a "+" once somebody follows it,
 * who finds "1 L", the token and the result when it has landed; and a result
 * that is held.  All of them expire, by Redis's clock.  The 1 is the number
 * of the form; a value of another form is no value.
 *
 * An operation lives on the heap until Redis has called back.
 */


#include "ngx_violet_claim.h"
#include "ngx_violet_redis_args.h"

#include <sys/random.h>


/* milliseconds that a result waits for those who follow */
#define NGX_VIOLET_CLAIM_RESULT_TTL  5000

/* bytes of a result that others are told; a longer one they ask for */
#define NGX_VIOLET_CLAIM_MAX_RESULT  65536


typedef struct {
    ngx_violet_claim_t           *claim;
    ngx_violet_claim_handler_pt   claimed;
    ngx_violet_claim_landed_pt    landed;
    void                         *data;
} ngx_violet_claim_op_t;


/* what a flight begins with, before "F", "L" or "X" and its token */

#define NGX_VIOLET_CLAIM_FORM  ngx_value(NGX_VIOLET_FORM_FLIGHT) " "


/* get() returns a value of this form, flight() what follows the number */

#define NGX_VIOLET_CLAIM_GET                                                  \
    "local function get(key, form) "                                          \
        "local v = redis.pcall('GET', key) "                                  \
        "v = type(v) == 'string' and v or '' "                                \
        "return string.sub(v, 1, #form) == form and v or '' "                 \
    "end "                                                                    \
    "local function flight(key) "                                             \
        "local form = '" NGX_VIOLET_CLAIM_FORM "' "                           \
        "return string.sub(get(key, form), #form + 1) "                       \
    "end "


/*
 * KEYS: report, flight of plain reads, flight of refreshes, held result.
 * ARGV: token, "read" or "refresh", the token that is followed or "", lease,
 * how old a report may be, its size, and "bad" if it is none of ours.
 *
 * A report comes before a claim: one may have been stored after the caller
 * found none.  A key of another type in the place of a flight is replaced,
 * and so is a held result that would be held for ever.
 */

static ngx_violet_redis_script_t  ngx_violet_claim_script = {
    ngx_string(
        NGX_VIOLET_STORE_READ
        NGX_VIOLET_CLAIM_GET
        "local function report() "
            "local r = ARGV[7] == '' and read(KEYS[1], ARGV[6]) "
            "return r and {'report', unpack(r)} "
        "end "
        "local flights = {flight(KEYS[2]), flight(KEYS[3])} "
        "if ARGV[3] ~= '' then "
            "for i = 1, 2 do "
                "if string.sub(flights[i], 1, 17) == 'L' .. ARGV[3] then "
                    "local result = string.sub(flights[i], 18) "
                    "if result ~= '' then return {'landed', result} end "
                    "local r = report() "
                    "if r then return r end "
                "end "
            "end "
        "end "
        "if ARGV[2] == 'read' then "
            "local r = report() "
            "if r and r[5] < tonumber(ARGV[5]) then return r end "
        "end "
        "local held = get(KEYS[4], '" ngx_value(NGX_VIOLET_FORM_RESULT) " ') "
        "if held ~= '' then "
            "local left = redis.call('PTTL', KEYS[4]) "
            "if left >= 0 then return {'held', held, left} end "
            "redis.call('DEL', KEYS[4]) "
        "end "
        "local mine = ARGV[2] == 'read' and 2 or 3 "
        "for i = 3, mine, -1 do "
            "local f = flights[i - 1] "
            "if string.sub(f, 1, 1) == 'F' then "
                "if #f == 17 then redis.call('APPEND', KEYS[i], '+') end "
                "return {'theirs', string.sub(f, 2, 17)} "
            "end "
        "end "
        "redis.call('SET', KEYS[mine], "
                   "'" NGX_VIOLET_CLAIM_FORM "F' .. ARGV[1], 'PX', ARGV[4]) "
        "return {'ours'}"),
    ""
};


/*
 * KEYS: flight.  ARGV: token, lease.  One that has run out is not claimed
 * again: somebody else may have flown meanwhile.
 */

static ngx_violet_redis_script_t  ngx_violet_claim_renew_script = {
    ngx_string(
        NGX_VIOLET_CLAIM_GET
        "if string.sub(flight(KEYS[1]), 1, 17) ~= 'F' .. ARGV[1] then "
            "return 0 "
        "end "
        "return redis.call('PEXPIRE', KEYS[1], ARGV[2])"),
    ""
};


/*
 * KEYS: report, flight, held result, then what a refresh makes old: the
 * flight of plain reads, and pairs of a report and its flight.  ARGV: token,
 * milliseconds since Violet was asked, result, how long it waits for
 * followers, how long it is held, then, if a report is to be stored, its TTL,
 * body, etag, state and merchant, or "gone" if it is to be dropped; what a
 * refresh makes old goes then if there was one.
 *
 * The flight is the fence.  A report is stored by whose flight it is; or by
 * anybody if there is none ("F" somebody else's, "X" ended by a refresh) and
 * nobody has stored one in this form since.  HSET first, which Redis refuses
 * when it is full, as it would not after a DEL; a report of another type is
 * replaced.  If a refreshed one cannot be stored the old one goes all the
 * same.
 */

static ngx_violet_redis_script_t  ngx_violet_claim_land_script = {
    ngx_string(
        NGX_VIOLET_CLAIM_GET
        "local f = flight(KEYS[2]) "
        "local mine = string.sub(f, 1, 17) == 'F' .. ARGV[1] "
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local stored, failed = 0, false "
        "local function set() "
            "return redis.pcall('HSET', KEYS[1], "
                               "'v', '" ngx_value(NGX_VIOLET_FORM_REPORT) "', "
                               "'body', ARGV[7], 'etag', ARGV[8], "
                               "'state', ARGV[9], 'merchant', ARGV[10], "
                               "'kept', ARGV[6], "
                               "'stored_at', string.format('%.0f', now)) "
        "end "
        "local function newer() "
            "local h = redis.pcall('HMGET', KEYS[1], 'v', 'stored_at') "
            "local at = h[1] == '" ngx_value(NGX_VIOLET_FORM_REPORT) "' "
                       "and tonumber(h[2] or '') or 0 "
            "return at > now - tonumber(ARGV[2]) "
        "end "
        "local free = not string.find(f, '^[FX]') "
        "local may = mine or free and not newer() "
        "local drops = #KEYS "
        "if ARGV[6] == 'gone' then "
            "stored = may and redis.call('DEL', KEYS[1]) or 0 "
            "drops = stored == 1 and drops or 3 "
        "elseif ARGV[6] and may then "
            "local r = set() "
            "if type(r) == 'table' and string.find(r.err, 'WRONGTYPE') then "
                "redis.call('DEL', KEYS[1]) "
                "r = set() "
            "end "
            "if type(r) == 'table' then "
                "failed = r "
            "else "
                "redis.call('PEXPIRE', KEYS[1], ARGV[6]) "
                "stored = 1 "
            "end "
        "end "
        "for i = 4, drops do "
            "if i % 2 == 1 then "
                "redis.pcall('DEL', KEYS[i]) "
            "elseif flight(KEYS[i]) ~= '' then "
                "redis.pcall('SET', KEYS[i], '" NGX_VIOLET_CLAIM_FORM "X', "
                            "'KEEPTTL') "
            "end "
        "end "
        "if failed then "
            "if #KEYS > 3 then redis.pcall('DEL', KEYS[1]) end "
            "if mine then redis.pcall('DEL', KEYS[2]) end "
            "return failed "
        "end "
        "if mine then "
            "if #f > 17 and ARGV[4] ~= '0' then "
                "redis.call('SET', KEYS[2], '" NGX_VIOLET_CLAIM_FORM "L' "
                           ".. ARGV[1] .. ARGV[3], 'PX', ARGV[4]) "
            "else "
                "redis.call('DEL', KEYS[2]) "
            "end "
        "end "
        "if ARGV[5] ~= '0' then "
            "redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[5]) "
        "end "
        "return stored"),
    ""
};


static void ngx_violet_claim_claimed(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_claim_read(ngx_violet_claim_op_t *op,
    redisReply *reply);
static ngx_int_t ngx_violet_claim_read_result(redisReply *reply,
    ngx_str_t *result, uint64_t *left);
static ngx_int_t ngx_violet_claim_read_theirs(ngx_violet_claim_t *claim,
    redisReply *reply);
static void ngx_violet_claim_renewed(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_claim_landed(void *data,
    ngx_violet_redis_status_e status, redisReply *reply);
static void ngx_violet_claim_land_keys(ngx_violet_claim_t *claim,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args);
static void ngx_violet_claim_add_flight(ngx_violet_redis_args_t *args,
    ngx_str_t *report, ngx_uint_t refresh);
static void ngx_violet_claim_add_held(ngx_violet_redis_args_t *args,
    ngx_str_t *report);
static void ngx_violet_claim_land_args(ngx_violet_claim_t *claim,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args);


ngx_int_t
ngx_violet_claim_init(ngx_violet_claim_t *claim)
{
    u_char  random[NGX_VIOLET_CLAIM_TOKEN / 2];

    /* the worker's own random numbers may be those of a worker elsewhere */

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        return NGX_ERROR;
    }

    ngx_hex_dump(claim->token, random, sizeof(random));

    return NGX_OK;
}


ngx_int_t
ngx_violet_claim_in_redis(ngx_violet_claim_t *claim, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_claim_handler_pt handler,
    void *data)
{
    ngx_str_t                *key;
    ngx_violet_claim_op_t    *op;
    ngx_violet_redis_args_t   args;

    key = &claim->store.key;

    if (claim->store.redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    if (timeout == 0) {
        *status = NGX_VIOLET_REDIS_TIMEOUT;
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_violet_claim_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->claim = claim;
    op->claimed = handler;
    op->data = data;

    ngx_violet_redis_args_init(&args, claim->store.redis);

    ngx_violet_redis_args_key(&args, key);
    ngx_violet_claim_add_flight(&args, key, 0);
    ngx_violet_claim_add_flight(&args, key, 1);
    ngx_violet_claim_add_held(&args, key);

    ngx_violet_redis_args_add(&args, claim->token, NGX_VIOLET_CLAIM_TOKEN);
    ngx_violet_redis_args_text(&args, claim->refresh ? "refresh" : "read");
    ngx_violet_redis_args_add(&args, claim->followed,
                              claim->follows ? NGX_VIOLET_CLAIM_TOKEN : 0);
    ngx_violet_redis_args_number(&args, NGX_VIOLET_CLAIM_LEASE);
    ngx_violet_redis_args_number(&args,
                                 ngx_violet_store_fresh(&claim->store));
    ngx_violet_redis_args_number(&args, claim->store.limit);
    ngx_violet_redis_args_text(&args, claim->bad ? "bad" : "");

    *status = ngx_violet_redis_args_run(&args, &ngx_violet_claim_script,
                                        timeout, ngx_violet_claim_claimed,
                                        op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


static void
ngx_violet_claim_claimed(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_claim_op_t  *op = data;

    if (status == NGX_VIOLET_REDIS_OK) {
        ngx_violet_claim_read(op, reply);

    } else {
        op->claimed(op->data, status, NGX_VIOLET_CLAIM_OURS, NULL, NULL, 0);
    }

    ngx_free(op);
}


static void
ngx_violet_claim_read(ngx_violet_claim_op_t *op, redisReply *reply)
{
    char                       *word;
    uint64_t                    left;
    ngx_str_t                   result;
    redisReply                **element;
    ngx_violet_claim_t         *claim;
    ngx_violet_claim_e          outcome;
    ngx_violet_report_t         report, *found;
    ngx_violet_redis_status_e   status;

    claim = op->claim;
    status = NGX_VIOLET_REDIS_OK;
    outcome = NGX_VIOLET_CLAIM_OURS;
    element = reply->element;
    found = NULL;
    left = 0;

    ngx_str_null(&result);

    word = "";

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements
        && element[0]->type == REDIS_REPLY_STRING)
    {
        word = element[0]->str;
    }

    if (ngx_strcmp(word, "ours") == 0) {
        claim->in_redis = 1;

    } else if (ngx_strcmp(word, "theirs") == 0
               && ngx_violet_claim_read_theirs(claim, reply) == NGX_OK)
    {
        outcome = NGX_VIOLET_CLAIM_THEIRS;

    } else if (ngx_strcmp(word, "report") == 0 && !claim->bad) {

        if (ngx_violet_store_vet(&claim->store, element + 1,
                                 reply->elements - 1, &report)
            == NGX_OK)
        {
            outcome = NGX_VIOLET_CLAIM_REPORT;
            found = &report;

        } else {
            claim->bad = 1;
            outcome = NGX_VIOLET_CLAIM_AGAIN;
        }

    } else if (ngx_violet_claim_read_result(reply, &result, &left) == NGX_OK)
    {
        outcome = ngx_strcmp(word, "held") == 0 ? NGX_VIOLET_CLAIM_HELD
                                                : NGX_VIOLET_CLAIM_RESULT;

    } else {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    op->claimed(op->data, status, outcome, found, &result, left);
}


/* "landed" and a result, or "held", a result and how long it is held. */

static ngx_int_t
ngx_violet_claim_read_result(redisReply *reply, ngx_str_t *result,
    uint64_t *left)
{
    ngx_uint_t    n;
    redisReply  **element;

    element = reply->element;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2
        || element[0]->type != REDIS_REPLY_STRING
        || element[1]->type != REDIS_REPLY_STRING)
    {
        return NGX_DECLINED;
    }

    n = 0;

    if (ngx_strcmp(element[0]->str, "landed") == 0) {
        n = 2;

    } else if (ngx_strcmp(element[0]->str, "held") == 0
               && reply->elements == 3
               && element[2]->type == REDIS_REPLY_INTEGER
               && element[2]->integer >= 0)
    {
        n = 3;
        *left = element[2]->integer;
    }

    if (reply->elements != n) {
        return NGX_DECLINED;
    }

    result->data = (u_char *) element[1]->str;
    result->len = element[1]->len;

    return NGX_OK;
}


static ngx_int_t
ngx_violet_claim_read_theirs(ngx_violet_claim_t *claim, redisReply *reply)
{
    redisReply  *token;

    if (reply->elements != 2) {
        return NGX_DECLINED;
    }

    token = reply->element[1];

    if (token->type != REDIS_REPLY_STRING
        || token->len != NGX_VIOLET_CLAIM_TOKEN)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(claim->followed, token->str, NGX_VIOLET_CLAIM_TOKEN);
    claim->follows = 1;

    return NGX_OK;
}


void
ngx_violet_claim_renew(ngx_violet_claim_t *claim)
{
    ngx_violet_redis_t       *redis;
    ngx_violet_redis_args_t   args;

    if (!claim->in_redis) {
        return;
    }

    redis = claim->store.redis;

    ngx_violet_redis_args_init(&args, redis);

    ngx_violet_claim_add_flight(&args, &claim->store.key, claim->refresh);
    ngx_violet_redis_args_add(&args, claim->token, NGX_VIOLET_CLAIM_TOKEN);
    ngx_violet_redis_args_number(&args, NGX_VIOLET_CLAIM_LEASE);

    (void) ngx_violet_redis_args_run(&args, &ngx_violet_claim_renew_script,
                                     ngx_violet_redis_conf(redis)->timeout,
                                     ngx_violet_claim_renewed, NULL);
}


static void
ngx_violet_claim_renewed(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "violet: claim renewed: %d", status);
}


ngx_int_t
ngx_violet_claim_land(ngx_violet_claim_t *claim,
    ngx_violet_landing_t *landing, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_claim_landed_pt handler,
    void *data)
{
    ngx_violet_claim_op_t    *op;
    ngx_violet_redis_args_t   args;

    if (claim->store.redis == NULL) {
        *status = NGX_VIOLET_REDIS_OFF;
        return NGX_DECLINED;
    }

    op = ngx_calloc(sizeof(ngx_violet_claim_op_t), ngx_cycle->log);
    if (op == NULL) {
        *status = NGX_VIOLET_REDIS_DOWN;
        return NGX_DECLINED;
    }

    op->landed = handler;
    op->data = data;

    ngx_violet_redis_args_init(&args, claim->store.redis);

    ngx_violet_claim_land_keys(claim, landing, &args);
    ngx_violet_claim_land_args(claim, landing, &args);

    /* a report that nobody can wait for any longer is still worth storing */

    *status = ngx_violet_redis_args_run(&args, &ngx_violet_claim_land_script,
                                        ngx_max(timeout, 1),
                                        ngx_violet_claim_landed, op);

    if (*status != NGX_VIOLET_REDIS_OK) {
        ngx_free(op);
        return NGX_DECLINED;
    }

    claim->in_redis = 0;

    return NGX_AGAIN;
}


static void
ngx_violet_claim_land_keys(ngx_violet_claim_t *claim,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args)
{
    ngx_str_t   *key;
    ngx_uint_t   i;

    key = &claim->store.key;

    ngx_violet_redis_args_key(args, key);
    ngx_violet_claim_add_flight(args, key, claim->refresh);
    ngx_violet_claim_add_held(args, key);

    if (!landing->gone && (!claim->refresh || landing->report == NULL)) {
        return;
    }

    /* a plain read under way brings what is older */

    ngx_violet_claim_add_flight(args, key, 0);

    for (i = 0; i < NGX_VIOLET_CLAIM_DROPS; i++) {
        key = &claim->drops[i];

        ngx_violet_redis_args_key(args, key);
        ngx_violet_claim_add_flight(args, key, 0);
    }
}


static void
ngx_violet_claim_add_flight(ngx_violet_redis_args_t *args, ngx_str_t *report,
    ngx_uint_t refresh)
{
    ngx_violet_key_t  key;

    static ngx_str_t  words[] = { ngx_string("read"), ngx_string("refresh") };

    ngx_violet_keys_flight(&key, report, &words[refresh]);
    ngx_violet_redis_args_key(args, &key.name);
}


static void
ngx_violet_claim_add_held(ngx_violet_redis_args_t *args, ngx_str_t *report)
{
    ngx_violet_key_t  key;

    ngx_violet_keys_held(&key, report);
    ngx_violet_redis_args_key(args, &key.name);
}


static void
ngx_violet_claim_land_args(ngx_violet_claim_t *claim,
    ngx_violet_landing_t *landing, ngx_violet_redis_args_t *args)
{
    ngx_str_t    merchant;
    ngx_uint_t   told;
    const char  *state;

    /* a report is read from where it is stored */

    told = landing->report
           || (landing->result.len
               && landing->result.len <= NGX_VIOLET_CLAIM_MAX_RESULT);

    ngx_violet_redis_args_add(args, claim->token, NGX_VIOLET_CLAIM_TOKEN);
    ngx_violet_redis_args_number(args, landing->since);
    ngx_violet_redis_args_add(args, landing->result.data,
                              (landing->report || !told)
                              ? 0 : landing->result.len);
    ngx_violet_redis_args_number(args,
                                 told ? NGX_VIOLET_CLAIM_RESULT_TTL : 0);
    ngx_violet_redis_args_number(args, told ? landing->hold : 0);

    if (landing->gone) {
        ngx_violet_redis_args_text(args, "gone");
        return;
    }

    if (landing->report == NULL) {
        return;
    }

    state = violet_report_state_name(landing->report->state);

    ngx_violet_redis_args_number(args,
                                 claim->store.ttl + claim->store.stale);
    ngx_violet_redis_args_add(args, landing->report->body.data,
                              landing->report->body.len);
    ngx_violet_redis_args_add(args, landing->report->etag.data,
                              landing->report->etag.len);
    ngx_violet_redis_args_text(args, state);

    ngx_violet_keys_of(&claim->store.key, &merchant);
    ngx_violet_redis_args_add(args, merchant.data, merchant.len);
}


static void
ngx_violet_claim_landed(void *data, ngx_violet_redis_status_e status,
    redisReply *reply)
{
    ngx_violet_claim_op_t  *op = data;

    ngx_uint_t  stored;

    stored = 0;

    if (status == NGX_VIOLET_REDIS_OK) {

        if (reply->type == REDIS_REPLY_INTEGER) {
            stored = (reply->integer == 1);

        } else {
            status = NGX_VIOLET_REDIS_DOWN;
        }
    }

    op->landed(op->data, status, stored);

    ngx_free(op);
}
