
/*
 * The submit guard's records in Redis: a hash of state, token, status, body
 * (a digest) and deadline for each, changed by one script alone.  The script
 * lives as long as the process.
 */


#include "ngx_violet_submit_redis.h"


/*
 * ARGV: operation, token, body, and in milliseconds how long a flight, doubt
 * and an outcome last; then of a claim "again" (1) and the token of the
 * unsettled record that the gateway knows, of a settlement its state and
 * status.  A value of another type, or one that cannot be read, is doubt.
 */

static ngx_violet_redis_script_t  ngx_violet_submit_script = {
    ngx_string(
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local k, op, token, body = KEYS[1], ARGV[1], ARGV[2], ARGV[3] "
        "local flight, keep = tonumber(ARGV[4]), tonumber(ARGV[5]) "
        "local function put(state, owner, status, digest, ttl) "
            "redis.call('DEL', k) "
            "redis.call('HMSET', k, 'state', state, 'token', owner, "
                       "'status', status, 'body', digest, 'deadline', "
                       "string.format('%.0f', now + flight)) "
            "redis.call('PEXPIRE', k, ttl) "
        "end "
        "local known = {open = 1, in_flight = 1, unknown = 1, "
                       "completed = 1, partial = 1} "
        "local h = redis.pcall('HMGET', k, 'state', 'token', 'status', "
                              "'body', 'deadline') "
        "if h.err or (not known[h[1]] and redis.call('EXISTS', k) == 1) then "
            "h = {'unknown', token, '0', '', '0'} "
            "put(h[1], h[2], h[3], h[4], keep) "
        "end "
        "local state, owner = h[1], h[2] or '' "
        "local status = math.floor(tonumber(h[3] or '') or 0) "
        "local digest, left = h[4] or '', 0 "
        "if state and redis.call('PTTL', k) < 0 then "
            "redis.call('PEXPIRE', k, keep) "
        "end "
        "if state == 'in_flight' then "
            "left = math.floor((tonumber(h[5] or '') or 0) - now) "
            "if not (left > 0 and left <= flight) then "
                "state, left = 'unknown', 0 "
                "redis.call('HSET', k, 'state', state) "
            "end "
        "end "
        "local verdict = 'refused' "
        "if op == 'claim' then "
            "if not state and ARGV[8] ~= '' then "
                "state, owner, digest = 'unknown', ARGV[8], '' "
                "put(state, owner, '0', digest, keep) "
            "end "
            "if state and body ~= '' and digest ~= '' and digest ~= body then "
                "verdict = 'body' "
            "elseif not state or state == 'open' "
                   "or (state == 'unknown' and ARGV[7] == '1') then "
                "verdict, state, owner, left = "
                    "'claimed', 'in_flight', token, flight "
                "put(state, owner, '0', body, keep) "
            "end "
        "elseif op == 'settle' then "
            "if not state or owner == token then "
                "verdict, state, owner, left = "
                    "'settled', ARGV[7], token, 0 "
                "local ttl = keep "
                "if state == 'completed' or state == 'partial' then "
                    "ttl = tonumber(ARGV[6]) "
                "end "
                "put(state, owner, ARGV[8], body, ttl) "
            "end "
        "elseif op == 'free' and state == 'unknown' and owner == token then "
            "verdict, state = 'freed', 'open' "
            "put(state, owner, '0', digest, keep) "
        "end "
        "return {verdict, state or 'none', owner, status, left, "
                "math.max(redis.call('PTTL', k), 0)}"),
    ""
};


ngx_violet_redis_status_e
ngx_violet_submit_run(ngx_violet_submit_t *submit, char *op,
    violet_submit_record_t *known, const char *state, ngx_uint_t status,
    ngx_violet_redis_handler_pt handler)
{
    u_char                      hex[3][NGX_VIOLET_SUBMIT_HEX];
    u_char                      numbers[4][NGX_INT64_LEN];
    ngx_str_t                   args[9];
    ngx_uint_t                  i;
    ngx_violet_redis_status_e   rc;

    static u_char  none[VIOLET_SUBMIT_DIGEST];

    ngx_memzero(args, sizeof(args));

    args[0].data = submit->name;
    args[0].len = submit->name_len;

    args[1].data = (u_char *) op;
    args[1].len = ngx_strlen(op);

    args[2].data = hex[0];
    args[2].len = ngx_hex_dump(hex[0], submit->claim.token,
                               VIOLET_SUBMIT_DIGEST) - hex[0];

    args[3].data = hex[1];

    if (ngx_memcmp(submit->claim.body, none, VIOLET_SUBMIT_DIGEST) != 0) {
        args[3].len = ngx_hex_dump(hex[1], submit->claim.body,
                                   VIOLET_SUBMIT_DIGEST) - hex[1];
    }

    for (i = 0; i < 3; i++) {
        args[4 + i].data = numbers[i];
        args[4 + i].len = ngx_sprintf(numbers[i], "%L",
                                      i == 0 ? submit->claim.flight
                                      : i == 1 ? submit->claim.keep
                                               : submit->claim.time)
                          - numbers[i];
    }

    args[7].data = (u_char *) state;
    args[7].len = ngx_strlen(state);

    args[8].data = numbers[3];

    if (known) {
        args[8].data = hex[2];
        args[8].len = ngx_hex_dump(hex[2], known->token,
                                   VIOLET_SUBMIT_DIGEST) - hex[2];

    } else if (status) {
        args[8].len = ngx_sprintf(numbers[3], "%ui", status) - numbers[3];
    }

    rc = ngx_violet_redis_script(submit->redis, &ngx_violet_submit_script,
                                 args, 1, 9,
                                 ngx_violet_redis_conf(submit->redis)->timeout,
                                 handler, submit);

    if (rc == NGX_VIOLET_REDIS_OK) {
        submit->refs++;
    }

    return rc;
}


/* Nothing that Redis returns is taken on trust. */

ngx_int_t
ngx_violet_submit_read(redisReply *reply, ngx_violet_submit_reply_t *result)
{
    ngx_str_t   state, *text[3];
    ngx_uint_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 6) {
        return NGX_ERROR;
    }

    text[0] = &result->verdict;
    text[1] = &state;
    text[2] = &result->token;

    for (i = 0; i < 3; i++) {

        if (reply->element[i]->type != REDIS_REPLY_STRING
            || reply->element[i]->len > NGX_VIOLET_SUBMIT_HEX
            || reply->element[3 + i]->type != REDIS_REPLY_INTEGER
            || reply->element[3 + i]->integer < 0)
        {
            return NGX_ERROR;
        }

        text[i]->data = (u_char *) reply->element[i]->str;
        text[i]->len = reply->element[i]->len;
    }

    result->state = violet_submit_parse((char *) state.data, state.len);
    result->status = reply->element[3]->integer;
    result->left = ngx_min(reply->element[4]->integer,
                           NGX_VIOLET_SUBMIT_FLIGHT);
    result->ttl = reply->element[5]->integer;

    if ((result->state == VIOLET_SUBMIT_COMPLETED
         || result->state == VIOLET_SUBMIT_PARTIAL)
        && (result->status < 200 || result->status > 599))
    {
        /* somebody wrote there who should not */

        result->state = VIOLET_SUBMIT_UNKNOWN;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_submit_unhex(u_char *raw, ngx_str_t *hex)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (hex->len != NGX_VIOLET_SUBMIT_HEX) {
        return NGX_ERROR;
    }

    for (i = 0; i < VIOLET_SUBMIT_DIGEST; i++) {

        n = ngx_hextoi(hex->data + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        raw[i] = (u_char) n;
    }

    return NGX_OK;
}
