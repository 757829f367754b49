
/*
 * The submit guard's records in Redis, each a hash with the fields v (version
 * of the format), state, token, status, body (a digest), deadline, seq, doubt
 * and again.  Only one script changes them; it lives as long as the process.
 */


#include "ngx_violet_cart_record_priv.h"


/*
 * ARGV[1], [2], [3]   operation, token, body
 * ARGV[4], [5], [6]   ms that a flight, an unknown record, an outcome last
 * ARGV[7]             claim: "1" overrides unknown; settle: the state
 * ARGV[8]             claim, look: the token of the record in shared memory;
 *                     settle: the status
 * ARGV[9]             seq of the record in shared memory
 *
 * A value of another type or version, or one that cannot be read, counts as
 * unknown.  So does a record that is missing or older than the one in shared
 * memory: this Redis has lost data.  A claim that was not sent is taken
 * back even if its deadline has passed.
 */

static ngx_violet_redis_script_t  ngx_violet_record_script = {
    ngx_string(
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local k, op, token, body = KEYS[1], ARGV[1], ARGV[2], ARGV[3] "
        "local flight, keep = tonumber(ARGV[4]), tonumber(ARGV[5]) "
        "local known, seq = tonumber(ARGV[9]), 0 "
        "local function put(state, owner, status, digest, ttl) "
            "redis.call('DEL', k) "
            "redis.call('HMSET', k, "
                       "'v', '" ngx_value(NGX_VIOLET_FORM_SUBMIT) "', "
                       "'state', state, 'token', owner, "
                       "'status', status, 'body', digest, "
                       "'seq', string.format('%.0f', seq), 'deadline', "
                       "string.format('%.0f', now + flight)) "
            "redis.call('PEXPIRE', k, ttl) "
        "end "
        "local weights = {open = 0, in_flight = 1, unknown = 1, "
                         "completed = 2, partial = 2} "
        "local h = redis.pcall('HMGET', k, 'state', 'token', 'status', "
                              "'body', 'deadline', 'seq', 'doubt', 'again', "
                              "'v') "
        "if h.err or ((not weights[h[1]] "
                      "or h[9] ~= '" ngx_value(NGX_VIOLET_FORM_SUBMIT) "') "
                     "and redis.call('EXISTS', k) == 1) "
        "then "
            "h = {'unknown', token, '0', '', '0', ARGV[9]} "
            "put(h[1], h[2], h[3], h[4], keep) "
        "end "
        "local state, owner, digest = h[1], h[2] or '', h[4] or '' "
        "local status = math.floor(tonumber(h[3] or '') or 0) "
        "local left = 0 "
        "seq = math.floor(tonumber(h[6] or '') or 0) "
        "if not (seq >= 0 and seq < 4294967295) then "
            "seq = 0 "
        "end "
        "if state and redis.call('PTTL', k) < 0 then "
            "redis.call('PEXPIRE', k, keep) "
        "end "
        "if state == 'in_flight' then "
            "left = math.floor((tonumber(h[5] or '') or 0) - now) "
            "if not (left > 0 "
                    "and left <= " ngx_value(NGX_VIOLET_RECORD_FLIGHT) ") "
            "then "
                "state, left = 'unknown', 0 "
                "redis.call('HSET', k, 'state', state) "
            "end "
        "end "
        "if (op == 'claim' or op == 'look') and ARGV[8] ~= '' "
           "and (not state or seq < known) then "
            "state, owner, status, digest, left, seq = "
                "'unknown', ARGV[8], 0, '', 0, known "
            "put(state, owner, '0', digest, keep) "
        "end "
        "local verdict = 'refused' "
        "if op == 'claim' then "
            "if state and body ~= '' and digest ~= '' and digest ~= body then "
                "verdict = 'body' "
            "elseif not state or state == 'open' "
                   "or (state == 'unknown' and ARGV[7] == '1') then "
                "local again = state == 'unknown' "
                "seq = math.max(seq, known) + 1 "
                "verdict, state, owner, status, digest, left = "
                    "'claimed', 'in_flight', token, 0, body, flight "
                "put(state, owner, '0', digest, keep) "
                "if again then "
                    "redis.call('HSET', k, 'again', '1') "
                "end "
            "end "
        "elseif op == 'renew' then "
            "if not state or (owner == token and weights[state] == 1) then "
                "seq = math.max(seq, known) "
                "if not state then "
                    "put('in_flight', token, '0', body, keep) "
                "end "
                "redis.call('HMSET', k, 'state', 'in_flight', 'deadline', "
                           "string.format('%.0f', now + flight)) "
                "redis.call('PEXPIRE', k, keep) "
                "verdict, state, owner, left = "
                    "'renewed', 'in_flight', token, flight "
            "end "
        "elseif op == 'settle' "
               "or (op == 'cancel' and h[1] == 'in_flight' "
                   "and owner == token) then "
            "local new = ARGV[7] "
            "if op == 'cancel' then "
                "new = h[8] == '1' and 'unknown' or 'open' "
            "end "
            "if not state or owner == token "
               "or weights[new] > weights[state] then "
                "if state and new == 'open' and h[7] == '1' then "
                    "new = 'unknown' "
                "end "
                "local ttl = keep "
                "if weights[new] == 2 then "
                    "ttl = tonumber(ARGV[6]) "
                "end "
                "seq = math.max(seq, known) "
                "verdict, state, owner, digest, left = "
                    "'settled', new, token, body, 0 "
                "put(state, owner, ARGV[8], digest, ttl) "
            "elseif new == 'unknown' and state == 'in_flight' then "
                "redis.call('HSET', k, 'doubt', '1') "
            "end "
        "elseif op == 'free' and state == 'unknown' and owner == token then "
            "verdict, state = 'freed', 'open' "
            "put(state, owner, '0', digest, keep) "
        "end "
        "return {verdict, state or 'none', owner, digest, status, left, "
                "math.max(redis.call('PTTL', k), 0), seq}"),
    ""
};


ngx_violet_redis_status_e
ngx_violet_record_run(ngx_violet_record_t *submit, char *op,
    violet_record_t *known, const char *state, ngx_uint_t status,
    ngx_violet_redis_handler_pt handler)
{
    u_char                     hex[3][NGX_VIOLET_RECORD_HEX];
    u_char                     numbers[5][NGX_INT64_LEN];
    ngx_str_t                  args[10];
    ngx_uint_t                 i;
    ngx_violet_redis_status_e  rc;

    static u_char  none[VIOLET_RECORD_DIGEST];

    ngx_memzero(args, sizeof(args));

    args[0].data = submit->name;
    args[0].len = submit->name_len;

    args[1].data = (u_char *) op;
    args[1].len = ngx_strlen(op);

    args[2].data = hex[0];
    args[2].len = ngx_hex_dump(hex[0], submit->claim.token,
                               VIOLET_RECORD_DIGEST) - hex[0];

    args[3].data = hex[1];

    if (ngx_memcmp(submit->claim.body, none, VIOLET_RECORD_DIGEST) != 0) {
        args[3].len = ngx_hex_dump(hex[1], submit->claim.body,
                                   VIOLET_RECORD_DIGEST) - hex[1];
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
                                   VIOLET_RECORD_DIGEST) - hex[2];

    } else if (status) {
        args[8].len = ngx_sprintf(numbers[3], "%ui", status) - numbers[3];
    }

    args[9].data = numbers[4];
    args[9].len = ngx_sprintf(numbers[4], "%uD", submit->seq) - numbers[4];

    rc = ngx_violet_redis_script(submit->redis, &ngx_violet_record_script,
                                 args, 1, 10,
                                 ngx_violet_redis_conf(submit->redis)->timeout,
                                 handler, submit);

    if (rc == NGX_VIOLET_REDIS_OK) {
        submit->refs++;
    }

    return rc;
}


/* The type and the range of everything that Redis returns are checked. */

ngx_int_t
ngx_violet_record_read(redisReply *reply, ngx_violet_record_reply_t *result)
{
    ngx_str_t   state, *text[4];
    ngx_uint_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 8) {
        return NGX_ERROR;
    }

    text[0] = &result->verdict;
    text[1] = &state;
    text[2] = &result->token;
    text[3] = &result->body;

    for (i = 0; i < 4; i++) {

        if (reply->element[i]->type != REDIS_REPLY_STRING
            || reply->element[i]->len > NGX_VIOLET_RECORD_HEX
            || reply->element[4 + i]->type != REDIS_REPLY_INTEGER
            || reply->element[4 + i]->integer < 0)
        {
            return NGX_ERROR;
        }

        text[i]->data = (u_char *) reply->element[i]->str;
        text[i]->len = reply->element[i]->len;
    }

    result->state = violet_record_parse((char *) state.data, state.len);
    result->status = reply->element[4]->integer;
    result->left = ngx_min(reply->element[5]->integer,
                           NGX_VIOLET_RECORD_FLIGHT);
    result->ttl = reply->element[6]->integer;
    result->seq = ngx_min(reply->element[7]->integer, 0xffffffff);

    if ((result->state == VIOLET_RECORD_COMPLETED
         || result->state == VIOLET_RECORD_PARTIAL)
        && (result->status < 200 || result->status > 599))
    {
        /* another program has changed the record */

        result->state = VIOLET_RECORD_UNKNOWN;
    }

    return NGX_OK;
}


ngx_int_t
ngx_violet_record_unhex(u_char *raw, ngx_str_t *hex)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (hex->len != NGX_VIOLET_RECORD_HEX) {
        return NGX_ERROR;
    }

    for (i = 0; i < VIOLET_RECORD_DIGEST; i++) {

        n = ngx_hextoi(hex->data + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        raw[i] = (u_char) n;
    }

    return NGX_OK;
}
