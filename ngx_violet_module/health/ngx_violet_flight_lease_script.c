
/*
 * What Redis decides of claims: who asks Violet, and whose report is stored.
 */


#include "ngx_violet_flight_lease_script.h"
#include "ngx_violet_flight_lease.h"


/* what a flight begins with, before "F", "L" or "X" and its token */

#define NGX_VIOLET_LEASE_FORM  ngx_value(NGX_VIOLET_FORM_FLIGHT) " "


/*
 * what a held result begins with, before how long it was held, in
 * milliseconds, if it is a failure that is asked for again, else 0
 */

#define NGX_VIOLET_LEASE_KEPT  ngx_value(NGX_VIOLET_FORM_RESULT) " "


/* get() returns a value of this form, flight() what follows the number */

#define NGX_VIOLET_LEASE_GET                                                  \
    "local function get(key, form) "                                          \
        "local v = redis.pcall('GET', key) "                                  \
        "v = type(v) == 'string' and v or '' "                                \
        "return string.sub(v, 1, #form) == form and v or '' "                 \
    "end "                                                                    \
    "local function flight(key) "                                             \
        "local form = '" NGX_VIOLET_LEASE_FORM "' "                           \
        "return string.sub(get(key, form), #form + 1) "                       \
    "end "


/*
 * KEYS: report, flight of plain reads, flight of refreshes, held result.
 * ARGV: token, "read" or "refresh", the token that is followed or "", lease,
 * how old a report may be, its size, "bad" if it is none of ours, and
 * "stale" if an old one is at hand.
 *
 * A report comes before a claim: one may have been stored after the caller
 * found none.  A key of another type in the place of a flight is replaced,
 * and so is a held result that would be held for ever.
 */

ngx_violet_redis_script_t  ngx_violet_lease_script = {
    ngx_string(
        NGX_VIOLET_HEALTH_STORE_READ
        NGX_VIOLET_LEASE_GET
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
        "local span, held = string.match(get(KEYS[4], "
                                            "'" NGX_VIOLET_LEASE_KEPT "'), "
                                        "'^%d+ (%d+) (.+)$') "
        "if span then "
            "local left = redis.call('PTTL', KEYS[4]) "
            "if left < 0 then "
                "redis.call('DEL', KEYS[4]) "
            "elseif span ~= '0' then "
                "left = ARGV[8] ~= '' and left - "
                       ngx_value(NGX_VIOLET_LEASE_NEXT) " or 0 "
            "end "
            "if left > 0 then return {'held', held, left} end "
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
                   "'" NGX_VIOLET_LEASE_FORM "F' .. ARGV[1], 'PX', ARGV[4]) "
        "return {'ours'}"),
    ""
};


/*
 * KEYS: flight.  ARGV: token, lease.  One that has run out is not claimed
 * again: somebody else may have flown meanwhile.
 */

ngx_violet_redis_script_t  ngx_violet_lease_renew_script = {
    ngx_string(
        NGX_VIOLET_LEASE_GET
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
 * followers, how long it is held ("failed": longer each time), then, if a
 * report is to be stored, its TTL, body, etag, state and merchant, or "gone"
 * if it is to be dropped; what a refresh makes old goes then if there was one.
 *
 * The flight is the fence.  A report is stored by whose flight it is; or by
 * anybody if there is none ("F" somebody else's, "X" ended by a refresh) and
 * nobody has stored one in this form since.  HSET first, which Redis refuses
 * when it is full, as it would not after a DEL; a report of another type is
 * replaced.  If a refreshed one cannot be stored the old one goes all the
 * same.
 *
 * A flight that is ended is not renewed, and its key runs out before its
 * answer comes.  So what is dropped leaves "v" and "stored_at", which newer()
 * finds; without "body" this is no report.
 */

ngx_violet_redis_script_t  ngx_violet_lease_land_script = {
    ngx_string(
        NGX_VIOLET_LEASE_GET
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
        "local function drop(report, reads) "
            "local had = redis.pcall('HSTRLEN', report, 'body') ~= 0 "
            "if had then redis.pcall('DEL', report) end "
            "if had or reads ~= KEYS[2] and flight(reads) ~= '' then "
                "redis.pcall('HSET', report, "
                            "'v', '" ngx_value(NGX_VIOLET_FORM_REPORT) "', "
                            "'stored_at', string.format('%.0f', now)) "
                "redis.pcall('PEXPIRE', report, "
                            ngx_value(NGX_VIOLET_LEASE_FENCE) ") "
            "end "
            "return had and 1 or 0 "
        "end "
        "local free = not string.find(f, '^[FX]') "
        "local may = mine or free and not newer() "
        "local drops = #KEYS "
        "if ARGV[6] == 'gone' then "
            "stored = may and drop(KEYS[1], KEYS[4]) or 0 "
            "drops = stored == 1 and drops or may and 4 or 3 "
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
                "drop(KEYS[i], KEYS[i + 1]) "
            "elseif flight(KEYS[i]) ~= '' then "
                "redis.pcall('SET', KEYS[i], '" NGX_VIOLET_LEASE_FORM "X', "
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
                "redis.call('SET', KEYS[2], '" NGX_VIOLET_LEASE_FORM "L' "
                           ".. ARGV[1] .. ARGV[3], 'PX', ARGV[4]) "
            "else "
                "redis.call('DEL', KEYS[2]) "
            "end "
        "end "
        "local hold, span = tonumber(ARGV[5]) or 0, 0 "
        "if ARGV[5] == 'failed' and mine then "
            "local last = string.match(get(KEYS[3], "
                                          "'" NGX_VIOLET_LEASE_KEPT "'), "
                                      "'^%d+ (%d+) ') "
            "span = math.max(2 * (tonumber(last or '') or 0), "
                            ngx_value(NGX_VIOLET_LEASE_HOLD) ") "
            "span = math.min(span, "
                            ngx_value(NGX_VIOLET_LEASE_MAX_HOLD) ") "
            "hold = span + " ngx_value(NGX_VIOLET_LEASE_NEXT) " "
        "end "
        "if hold > 0 then "
            "redis.call('SET', KEYS[3], '" NGX_VIOLET_LEASE_KEPT "' "
                       ".. span .. ' ' .. ARGV[3], 'PX', hold) "
        "elseif stored == 1 then "
            "redis.call('DEL', KEYS[3]) "
        "end "
        "return stored"),
    ""
};
