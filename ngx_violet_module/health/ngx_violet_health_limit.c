
/*
 * The refresh limit.  In Redis it is one script that uses Redis's clock and
 * calculates as violet_rate.c does: a budget has a capacity of n intervals,
 * of which "tat - now" is spent.  An operation lives on the heap until Redis
 * has called back.  If Redis does not decide, shared memory does.
 */


#include "ngx_violet_memory_clock.h"
#include "ngx_violet_health_limit.h"
#include "ngx_violet_memory.h"
#include "ngx_violet_redis_args.h"


typedef struct {
    int64_t                       tat[2];       /* app, merchant */
} ngx_violet_limit_tats_t;


typedef struct {
    ngx_violet_limit_conf_t      *conf;
    int64_t                       now;
    unsigned                      refund:1;
    unsigned                      half:1;
    unsigned                      look:1;
    ngx_violet_limit_result_t    *result;
} ngx_violet_limit_update_t;


typedef struct {
    ngx_violet_limit_key_t        key;
    ngx_violet_limit_conf_t       conf;
    ngx_violet_limit_handler_pt   handler;
    void                         *data;
    u_char                        env[1];
} ngx_violet_limit_op_t;


/* the beginning of a value */

#define NGX_VIOLET_LIMIT_FORM  ngx_value(NGX_VIOLET_FORM_LIMIT) " "


/*
 * KEYS: app, merchant.  ARGV: n and period (ms) of each, then "ask", "half"
 * (which needs more than half of the app's budget), "look" (which spends
 * nothing) or "refund".  A value is the
 * number of its form and the tat, in ms.  A tat that is too large is read as
 * the largest possible one; a value of another form or type, or that is no
 * number, as a full budget.  Both are written again, with a TTL.
 */

static ngx_violet_redis_script_t  ngx_violet_limit_script = {
    ngx_string(
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local owed, step, cap = {}, {}, {} "
        "for i = 1, 2 do "
            "local n = tonumber(ARGV[i * 2 - 1]) "
            "step[i] = math.ceil(tonumber(ARGV[i * 2]) / n) "
            "cap[i] = step[i] * n "
            "local v = redis.pcall('GET', KEYS[i]) "
            "v = type(v) == 'string' "
                "and string.match(v, '^" NGX_VIOLET_LIMIT_FORM "(.+)$') "
            "v = tonumber(v or '') or now "
            "if v ~= v then v = now end "
            "owed[i] = math.min(math.max(v - now, 0), cap[i]) "
        "end "
        "local ok = 1 "
        "if ARGV[5] == 'refund' then "
            "for i = 1, 2 do owed[i] = math.max(owed[i] - step[i], 0) end "
        "else "
            "for i = 1, 2 do "
                "if owed[i] + step[i] > cap[i] then ok = 0 end "
            "end "
            "if ARGV[5] == 'half' "
               "and 2 * math.floor((cap[1] - owed[1]) / step[1]) "
                   "<= cap[1] / step[1] then "
                "ok = 0 "
            "end "
            "if ok == 1 and ARGV[5] ~= 'look' then "
                "for i = 1, 2 do owed[i] = owed[i] + step[i] end "
            "end "
        "end "
        "local r = {ok} "
        "for i = 1, 2 do "
            "if ARGV[5] == 'look' then "
            "elseif owed[i] > 0 then "
                "redis.call('SET', KEYS[i], "
                           "string.format('" NGX_VIOLET_LIMIT_FORM "%.0f', "
                                         "now + owed[i]), "
                           "'PX', math.ceil(owed[i])) "
            "else "
                "redis.call('DEL', KEYS[i]) "
            "end "
            "local left = math.floor((cap[i] - owed[i]) / step[i]) "
            "r[#r + 1] = left "
            "r[#r + 1] = owed[i] > 0 "
                        "and owed[i] + (left + 1) * step[i] - cap[i] or 0 "
        "end "
        "return r"),
    ""
};


static ngx_violet_redis_status_e ngx_violet_limit_run(
    ngx_violet_limit_key_t *key, char *mode, ngx_msec_t timeout,
    ngx_violet_redis_handler_pt handler, void *data);
static void ngx_violet_limit_answered(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static void ngx_violet_limit_refunded(void *data,
    ngx_violet_redis_status_e status, violet_reply_t *reply);
static ngx_int_t ngx_violet_limit_read(violet_reply_t *reply,
    ngx_violet_limit_result_t *result);
static void ngx_violet_limit_tighter(ngx_violet_limit_result_t *result,
    uint64_t *remaining, uint64_t *wait);
static void ngx_violet_limit_refuse(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result);
static void ngx_violet_limit_memory(ngx_violet_limit_key_t *key,
    ngx_uint_t refund, ngx_violet_limit_result_t *result);
static int64_t ngx_violet_limit_update(void *data, u_char *value);


void
ngx_violet_limit_defaults(ngx_violet_limit_conf_t *conf)
{
    conf->merchant.requests = 1;
    conf->merchant.period = 10 * 60 * 1000;
    conf->app.requests = 30;
    conf->app.period = 60 * 60 * 1000;
}


ngx_int_t
ngx_violet_limit_ask(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result, ngx_msec_t timeout,
    ngx_violet_redis_status_e *status, ngx_violet_limit_handler_pt handler,
    void *data)
{
    ngx_violet_limit_op_t  *op;

    *status = NGX_VIOLET_REDIS_OFF;

    if (key->redis == NULL) {
        ngx_violet_limit_memory(key, 0, result);
        return NGX_OK;
    }

    *status = NGX_VIOLET_REDIS_TIMEOUT;

    if (timeout == 0) {
        ngx_violet_limit_memory(key, 0, result);
        return NGX_OK;
    }

    op = ngx_calloc(sizeof(ngx_violet_limit_op_t) + key->keys.env.len,
                    ngx_cycle->log);
    if (op == NULL) {
        ngx_violet_limit_refuse(key, result);
        return NGX_OK;
    }

    op->key = *key;
    op->conf = *key->conf;
    op->key.conf = &op->conf;
    op->key.keys.env.data = op->env;
    ngx_memcpy(op->env, key->keys.env.data, key->keys.env.len);

    op->handler = handler;
    op->data = data;

    *status = ngx_violet_limit_run(&op->key, key->look ? "look"
                                             : key->half ? "half" : "ask",
                                   timeout,
                                   ngx_violet_limit_answered, op);

    if (*status == NGX_VIOLET_REDIS_OK) {
        return NGX_AGAIN;
    }

    ngx_free(op);

    ngx_violet_limit_memory(key, 0, result);

    return NGX_OK;
}


/*
 * No request waits for a refund, since a lost refund costs one refresh and
 * no more.  The deadline is the timeout of violet_redis.
 */

void
ngx_violet_limit_refund(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result)
{
    if (result->in_memory || key->redis == NULL) {
        ngx_violet_limit_memory(key, 1, NULL);
        return;
    }

    (void) ngx_violet_limit_run(key, "refund",
                                ngx_violet_redis_conf(key->redis)->timeout,
                                ngx_violet_limit_refunded, NULL);
}


static ngx_violet_redis_status_e
ngx_violet_limit_run(ngx_violet_limit_key_t *key, char *mode,
    ngx_msec_t timeout, ngx_violet_redis_handler_pt handler, void *data)
{
    ngx_uint_t                i;
    violet_rate_t            *rate[2];
    ngx_violet_key_t          keys[2];
    ngx_violet_redis_args_t   args;

    ngx_violet_keys_limit(&key->keys, 0, &keys[0]);
    ngx_violet_keys_limit(&key->keys, key->merchant_id, &keys[1]);

    rate[0] = &key->conf->app;
    rate[1] = &key->conf->merchant;

    ngx_violet_redis_args_init(&args, key->redis);

    for (i = 0; i < 2; i++) {
        ngx_violet_redis_args_key(&args, &keys[i].name);
    }

    for (i = 0; i < 2; i++) {
        ngx_violet_redis_args_number(&args, rate[i]->requests);
        ngx_violet_redis_args_number(&args, rate[i]->period);
    }

    ngx_violet_redis_args_text(&args, mode);

    return ngx_violet_redis_args_run(&args, &ngx_violet_limit_script,
                                     timeout, handler, data);
}


static void
ngx_violet_limit_answered(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_violet_limit_op_t  *op = data;

    ngx_violet_limit_result_t  result;

    ngx_memzero(&result, sizeof(ngx_violet_limit_result_t));

    if (status == NGX_VIOLET_REDIS_OK
        && ngx_violet_limit_read(reply, &result) != NGX_OK)
    {
        status = NGX_VIOLET_REDIS_DOWN;
    }

    if (status != NGX_VIOLET_REDIS_OK) {
        ngx_violet_limit_memory(&op->key, 0, &result);
    }

    if (op->handler(op->data, status, &result) == NGX_DECLINED
        && result.allowed && !op->key.look)
    {
        ngx_violet_limit_refund(&op->key, &result);
    }

    ngx_free(op);
}


static void
ngx_violet_limit_refunded(void *data, ngx_violet_redis_status_e status,
    violet_reply_t *reply)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "violet: refresh given back: %d", status);
}


static ngx_int_t
ngx_violet_limit_read(violet_reply_t *reply, ngx_violet_limit_result_t *result)
{
    uint64_t    remaining[2], wait[2];
    ngx_uint_t  i;

    if (reply->type != VIOLET_REPLY_ARRAY || reply->elements != 5) {
        return NGX_ERROR;
    }

    for (i = 0; i < 5; i++) {
        if (reply->element[i].type != VIOLET_REPLY_INTEGER
            || reply->element[i].integer < 0)
        {
            return NGX_ERROR;
        }
    }

    result->asked = 1;
    result->allowed = (reply->element[0].integer == 1);

    for (i = 0; i < 2; i++) {
        remaining[i] = reply->element[1 + i * 2].integer;
        wait[i] = reply->element[2 + i * 2].integer;
    }

    ngx_violet_limit_tighter(result, remaining, wait);

    return NGX_OK;
}


/* Index 0 is the app's budget, 1 the merchant's. */

static void
ngx_violet_limit_tighter(ngx_violet_limit_result_t *result,
    uint64_t *remaining, uint64_t *wait)
{
    ngx_uint_t  i;

    if (remaining[0] != remaining[1]) {
        i = remaining[1] < remaining[0];

    } else {
        i = wait[1] >= wait[0];
    }

    result->by_app = (i == 0);
    result->app_left = remaining[0];
    result->remaining = remaining[i];
    result->wait = wait[i];
}


static void
ngx_violet_limit_memory(ngx_violet_limit_key_t *key, ngx_uint_t refund,
    ngx_violet_limit_result_t *result)
{
    ngx_str_t                   names[2];
    ngx_violet_key_t            keys[2];
    ngx_violet_limit_update_t   update;
    ngx_violet_limit_result_t   unused;

    ngx_violet_keys_limit(&key->keys, 0, &keys[0]);
    ngx_violet_keys_limit(&key->keys, key->merchant_id, &keys[1]);

    names[0] = keys[0].name;
    names[1] = keys[1].name;

    update.conf = key->conf;
    update.refund = refund;
    update.half = key->half;
    update.look = key->look;
    update.result = result ? result : &unused;

    ngx_memzero(&unused, sizeof(ngx_violet_limit_result_t));

    if (ngx_violet_memory_update(key->zone, names, 2, sizeof(int64_t),
                                 ngx_violet_limit_update, &update)
        != NGX_OK)
    {
        ngx_violet_limit_refuse(key, update.result);
    }
}


/* Without memory to count, a refresh is refused. */

static void
ngx_violet_limit_refuse(ngx_violet_limit_key_t *key,
    ngx_violet_limit_result_t *result)
{
    ngx_memzero(result, sizeof(ngx_violet_limit_result_t));

    result->asked = 1;
    result->in_memory = 1;
    result->wait = key->conf->merchant.period;
}


static int64_t
ngx_violet_limit_update(void *data, u_char *value)
{
    ngx_violet_limit_update_t  *u = data;

    int64_t                  ttl;
    uint64_t                 remaining[2], wait[2];
    ngx_uint_t               i;
    violet_rate_t           *rate[2];
    violet_rate_verdict_t    verdict[2];
    ngx_violet_limit_tats_t  t;

    /*
     * The zone is locked.  By a time that is older than that of the worker
     * before, the last refresh of a budget would be refused, for a moment.
     */

    ngx_time_update();
    u->now = ngx_violet_clock();

    ngx_memcpy(&t, value, sizeof(ngx_violet_limit_tats_t));

    rate[0] = &u->conf->app;
    rate[1] = &u->conf->merchant;

    for (i = 0; i < 2; i++) {

        if (u->refund) {
            t.tat[i] = violet_rate_refund(rate[i], t.tat[i], u->now);
            continue;
        }

        violet_rate_check(rate[i], t.tat[i], u->now, &verdict[i]);
    }

    if (!u->refund) {
        u->result->asked = 1;
        u->result->in_memory = 1;
        u->result->allowed = verdict[0].allowed && verdict[1].allowed
                             && !(u->half
                                  && violet_rate_is_half(rate[0], t.tat[0],
                                                         u->now));

        for (i = 0; i < 2; i++) {
            remaining[i] = verdict[i].remaining;
            wait[i] = verdict[i].wait;

            if (u->result->allowed && !u->look) {
                t.tat[i] = verdict[i].tat;

            } else if (verdict[i].allowed) {

                /* the other budget refused: this one is not spent */

                remaining[i]++;
                wait[i] = 0;

            } else {

                /* brings back a tat that was ahead of the clock */

                t.tat[i] = verdict[i].tat;
            }
        }

        ngx_violet_limit_tighter(u->result, remaining, wait);
    }

    for (i = 0, ttl = 0; i < 2; i++) {

        /* a full budget is stored as 0 */

        if (t.tat[i] <= u->now) {
            t.tat[i] = 0;
            continue;
        }

        ttl = ngx_max(ttl, t.tat[i] - u->now);
    }

    ngx_memcpy(value, &t, sizeof(ngx_violet_limit_tats_t));

    return ttl;
}
