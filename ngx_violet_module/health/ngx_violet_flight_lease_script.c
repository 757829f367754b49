
/*
 * The scripts of leases: which flight asks Violet, and whose report is stored.
 */


#include "ngx_violet_flight_lease_script.h"
#include "ngx_violet_flight_lease.h"
#include "ngx_violet_health_epoch.h"
#include "ngx_violet_health_event.h"


/* the beginning of a flight, before "F", "L" or "X" and the token */

#define NGX_VIOLET_LEASE_FORM  ngx_value(NGX_VIOLET_FORM_FLIGHT) " "


/*
 * the beginning of a held result, before the ms for which a failure is held,
 * or 0 for any other result, and the ms for which Redis keeps it
 */

#define NGX_VIOLET_LEASE_KEPT  ngx_value(NGX_VIOLET_FORM_RESULT) " "


/* the beginning of a mark, before the time of the event and 1 if it is open */

#define NGX_VIOLET_EVENT_FORM  ngx_value(NGX_VIOLET_FORM_EVENT) " "


/* get() returns a value of a form, flight() the text after the number */

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
 * KEYS: report, flight of plain reads, flight of refreshes, held result, mark
 * of an event, instant of a purge of all reports.  ARGV: token, "read" or
 * "refresh", the token that is followed or "", ms of the lease, ms that a
 * report may be old, bytes of its body, "bad" if the report was found to be
 * invalid, and "stale" if the caller has an old report.
 *
 * A plain read looks for the report first: another flight may have stored one
 * after the caller's lookup.  A flight of another type is replaced, and a held
 * result without a TTL is deleted.  A caller that may ask is also told whether
 * the mark is open, and the instant of the purge, if there was one.  Flights
 * and held results have that instant, too: with another one they count as
 * ended.
 *
 * Redis deletes a key at an instant, so a key lives longer when Redis's clock
 * is set back.  A flight or a held result with more time left than it was given
 * is such a key: the flight gets the time of a lease, and the result is
 * deleted.
 */

ngx_violet_redis_script_t  ngx_violet_lease_script = {
    ngx_string(
        NGX_VIOLET_HEALTH_STORE_READ
        NGX_VIOLET_LEASE_GET
        NGX_VIOLET_HEALTH_EPOCH_PURGED
        "local at = purged(KEYS[6]) "
        "local function report() "
            "local h, age "
            "if ARGV[7] == '' then h, age = read(KEYS[1], ARGV[6]) end "
            "if h and tonumber(h[5]) <= tonumber(at) then h = false end "
            "return h and {'report', unpack(h)}, age "
        "end "
        "local flights = {flight(KEYS[2]), flight(KEYS[3])} "
        "if ARGV[3] ~= '' then "
            "for i = 1, 2 do "
                "if string.sub(flights[i], 1, 17) == 'L' .. ARGV[3] then "
                    "local result = string.sub(flights[i], 18) "
                    "local id = string.match(result, '^@(.*)$') "
                    "if result ~= '' and not id then "
                        "return {'landed', result} "
                    "end "
                    "local r = report() "
                    "if r then r[#r + 1] = id or '' return r end "
                "end "
            "end "
        "end "
        "if ARGV[2] == 'read' then "
            "local r, age = report() "
            "if r and age < tonumber(ARGV[5]) then return r end "
        "end "
        "local span, kept, of, held = string.match(get(KEYS[4], "
            "'" NGX_VIOLET_LEASE_KEPT "'), '^%d+ (%d+) (%d+)@?(%d*) (.+)$') "
        "if span and (of == '' and '0' or of) == at then "
            "local left = redis.call('PTTL', KEYS[4]) "
            "if left < 0 or left > tonumber(kept) then "
                "redis.call('DEL', KEYS[4]) "
                "left = 0 "
            "elseif span ~= '0' then "
                "left = ARGV[8] ~= '' and left - "
                       ngx_value(NGX_VIOLET_LEASE_NEXT) " or 0 "
            "end "
            "if left > 0 then return {'held', held, left} end "
        "end "
        "local mine = ARGV[2] == 'read' and 2 or 3 "
        "for i = 3, mine, -1 do "
            "local f = flights[i - 1] "
            "if string.sub(f, 1, 1) == 'F' "
               "and (string.match(f, '@(%d+)') or '0') == at then "
                "if string.sub(f, -1) ~= '+' then "
                    "redis.call('APPEND', KEYS[i], '+') "
                "end "
                "if redis.call('PTTL', KEYS[i]) > tonumber(ARGV[4]) then "
                    "redis.call('PEXPIRE', KEYS[i], ARGV[4]) "
                "end "
                "return {'theirs', string.sub(f, 2, 17)} "
            "end "
        "end "
        "redis.call('SET', KEYS[mine], "
                   "'" NGX_VIOLET_LEASE_FORM "F' .. ARGV[1] "
                   ".. (at == '0' and '' or '@' .. at), 'PX', ARGV[4]) "
        "local open = string.match(get(KEYS[5], "
                                      "'" NGX_VIOLET_EVENT_FORM "'), "
                                  "'^%d+ %d+ 1$') "
        "local mark = open and 1 or 0 "
        "if at == '0' then return {'ours', mark} end "
        "return {'ours', mark, at}"),
    ""
};


/*
 * KEYS: flight.  ARGV: token, ms of the lease.  A lease that has run out is
 * not taken again: another flight may have landed meanwhile.
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
 * KEYS: report, flight, held result, then the keys that a refresh makes old:
 * the flight of plain reads, and pairs of a list and its flight; last come the
 * mark of an event and the instant of a purge of all reports.  ARGV: token, ms
 * since Violet was asked, result, ms that it is left for followers, ms that it
 * is held ("failed": longer each time), the instant of the purge when the lease
 * was taken ("" without a lease), then, to store a report, its TTL in ms, body,
 * etag, state, merchant and "refresh" or "read", or "gone" to drop it.  With
 * "gone" the lists are dropped only if there was a report to drop.
 *
 * The flight is the fence.  A report is stored by the flight that holds the
 * lease.  If no flight holds it (no "F" and no "X") any flight may store, if
 * no report of this form was stored since Violet was asked.  HSET runs before
 * any DEL: a full Redis refuses it then, but not after a DEL of the same
 * script.  A report of another type is replaced.  If a refreshed report cannot
 * be stored, the old one is deleted.
 *
 * A flight whose lease a refresh has ended renews it no more, so its key may
 * expire before its answer comes.  So a report that is dropped leaves the
 * fields "v" and "stored_at", which newer() reads; a hash without "body" is no
 * report.
 *
 * A report that was asked for before the last event is not kept for long, nor
 * is one that was not refreshed although the mark is open.  A refresh closes
 * the mark.  A mark whose time lies ahead was written before Redis's clock was
 * set back: it gets the present time.
 *
 * A flight that began before a purge of all reports leaves nothing.
 */

ngx_violet_redis_script_t  ngx_violet_lease_land_script = {
    ngx_string(
        NGX_VIOLET_LEASE_GET
        NGX_VIOLET_HEALTH_EPOCH_PURGED
        "local f = flight(KEYS[2]) "
        "local mine = string.sub(f, 1, 17) == 'F' .. ARGV[1] "
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local stored, failed = 0, false "
        "local keys, kept, event = #KEYS - 2, ARGV[7], KEYS[#KEYS - 1] "
        "local at = purged(KEYS[#KEYS]) "
        "local ended = at ~= ARGV[6] "
        "if ARGV[6] == '' then "
            "ended = tonumber(at) >= now - tonumber(ARGV[2]) "
        "end "
        "local last, open = string.match(get(event, "
                                            "'" NGX_VIOLET_EVENT_FORM "'), "
                                        "'^%d+ (%d+) ([01])$') "
        "if last and tonumber(last) > now then "
            "last = string.format('%.0f', now) "
            "redis.pcall('SET', event, "
                        "'" NGX_VIOLET_EVENT_FORM "' .. last .. ' ' .. open, "
                        "'PX', " ngx_value(NGX_VIOLET_EVENT_KEEP) ") "
        "end "
        "local heard = last and tonumber(last) >= now - tonumber(ARGV[2]) "
        "if last and kept and kept ~= 'gone' then "
            "if heard then "
                "kept = math.min(kept, " ngx_value(NGX_VIOLET_EVENT_CALM) ") "
            "elseif open == '1' and ARGV[12] == 'read' then "
                "kept = math.min(kept, "
                                ngx_value(NGX_VIOLET_EVENT_LIMITED) ") "
            "end "
            "kept = string.format('%.0f', kept) "
        "end "
        "local function set() "
            "return redis.pcall('HSET', KEYS[1], "
                               "'v', '" ngx_value(NGX_VIOLET_FORM_REPORT) "', "
                               "'body', ARGV[8], 'etag', ARGV[9], "
                               "'state', ARGV[10], 'merchant', ARGV[11], "
                               "'kept', kept, "
                               "'stored_at', string.format('%.0f', "
                                   "math.max(now, tonumber(at) + 1))) "
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
        "local may = not ended and (mine or free and not newer()) "
        "local drops = keys "
        "if kept == 'gone' then "
            "stored = may and drop(KEYS[1], KEYS[4]) or 0 "
            "drops = stored == 1 and drops or may and 4 or 3 "
        "elseif kept and may then "
            "local r = set() "
            "if type(r) == 'table' and string.find(r.err, 'WRONGTYPE') then "
                "redis.call('DEL', KEYS[1]) "
                "r = set() "
            "end "
            "if type(r) == 'table' then "
                "failed = r "
            "else "
                "redis.call('PEXPIRE', KEYS[1], kept) "
                "stored = 1 "
                "if open == '1' and not heard and ARGV[12] == 'refresh' then "
                    "redis.call('SET', event, "
                               "'" NGX_VIOLET_EVENT_FORM "' .. last .. ' 0', "
                               "'PX', " ngx_value(NGX_VIOLET_EVENT_CALM) ") "
                "end "
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
            "if keys > 3 then redis.pcall('DEL', KEYS[1]) end "
            "if mine then redis.pcall('DEL', KEYS[2]) end "
            "return failed "
        "end "
        "if mine then "
            "if string.sub(f, -1) == '+' and ARGV[4] ~= '0' "
               "and not ended then "
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
                                      "'^%d+ (%d+)[@ ]') "
            "span = math.max(2 * (tonumber(last or '') or 0), "
                            ngx_value(NGX_VIOLET_LEASE_HOLD) ") "
            "span = math.min(span, "
                            ngx_value(NGX_VIOLET_LEASE_MAX_HOLD) ") "
            "hold = span + " ngx_value(NGX_VIOLET_LEASE_NEXT) " "
        "end "
        "if hold > 0 and not ended then "
            "redis.call('SET', KEYS[3], '" NGX_VIOLET_LEASE_KEPT "' "
                       ".. span .. ' ' .. hold "
                       ".. (at == '0' and '' or '@' .. at) "
                       ".. ' ' .. ARGV[3], 'PX', hold) "
        "elseif stored == 1 then "
            "redis.call('DEL', KEYS[3]) "
        "end "
        "return stored"),
    ""
};


/*
 * KEYS: groups of a report or list, its flight of plain reads, its flight of
 * refreshes, its held result.  Returns for each group whether there was a
 * report.  No flight that is under way stores its report after this: its lease
 * has ended, and a flight without a lease finds "stored_at", see newer() above.
 *
 * DEL runs first: a full Redis refuses HSET, but not after a DEL of the same
 * script.
 */

ngx_violet_redis_script_t  ngx_violet_lease_purge_script = {
    ngx_string(
        NGX_VIOLET_LEASE_GET
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local had = {} "
        "for i = 1, #KEYS, 4 do "
            "local n = redis.pcall('HSTRLEN', KEYS[i], 'body') "
            "had[#had + 1] = n ~= 0 and 1 or 0 "
            "redis.call('DEL', KEYS[i], KEYS[i + 3]) "
            "redis.call('HSET', KEYS[i], "
                       "'v', '" ngx_value(NGX_VIOLET_FORM_REPORT) "', "
                       "'stored_at', string.format('%.0f', now)) "
            "redis.call('PEXPIRE', KEYS[i], "
                       ngx_value(NGX_VIOLET_LEASE_FENCE) ") "
            "for f = i + 1, i + 2 do "
                "if flight(KEYS[f]) ~= '' then "
                    "redis.call('SET', KEYS[f], "
                               "'" NGX_VIOLET_LEASE_FORM "X', 'KEEPTTL') "
                "end "
            "end "
        "end "
        "return had"),
    ""
};


/*
 * KEYS: groups as above, each with the mark of an event behind it; the first
 * group is the merchant's, whose mark is open after this.  Returns as above.
 *
 * The first event ends the flights that are under way.  While there is a mark
 * they have begun after an event, and find the mark when they land.
 */

ngx_violet_redis_script_t  ngx_violet_lease_event_script = {
    ngx_string(
        NGX_VIOLET_LEASE_GET
        "local t = redis.call('TIME') "
        "local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "local had, marked = {}, {} "
        "local function drop(i) "
            "redis.call('DEL', KEYS[i]) "
            "redis.call('HSET', KEYS[i], "
                       "'v', '" ngx_value(NGX_VIOLET_FORM_REPORT) "', "
                       "'stored_at', string.format('%.0f', now)) "
            "redis.call('PEXPIRE', KEYS[i], "
                       ngx_value(NGX_VIOLET_LEASE_FENCE) ") "
        "end "
        "local function calm(i) "
            "local h = redis.pcall('HMGET', KEYS[i], 'stored_at', 'kept') "
            "local at = tonumber(h[1] or '') "
            "local kept = tonumber(h[2] or '') "
            "local left = at and kept "
                         "and at + " ngx_value(NGX_VIOLET_EVENT_CALM) " - now "
                         "or 0 "
            "if left <= 0 or left > " ngx_value(NGX_VIOLET_EVENT_CALM) " then "
                "return false "
            "end "
            "if kept > " ngx_value(NGX_VIOLET_EVENT_CALM) " then "
                "redis.call('PEXPIRE', KEYS[i], left) "
                "redis.call('HSET', KEYS[i], 'kept', "
                           ngx_value(NGX_VIOLET_EVENT_CALM) ") "
            "end "
            "return true "
        "end "
        "for i = 1, #KEYS, 5 do "
            "marked[i] = get(KEYS[i + 4], '" NGX_VIOLET_EVENT_FORM "') ~= '' "
        "end "
        "for i = 1, #KEYS, 5 do "
            "local has = redis.pcall('HSTRLEN', KEYS[i], 'body') ~= 0 "
            "had[#had + 1] = has and 1 or 0 "
            "if not marked[i] then "
                "drop(i) "
                "redis.call('DEL', KEYS[i + 3]) "
                "for f = i + 1, i + 2 do "
                    "if flight(KEYS[f]) ~= '' then "
                        "redis.call('SET', KEYS[f], "
                                   "'" NGX_VIOLET_LEASE_FORM "X', 'KEEPTTL') "
                    "end "
                "end "
            "elseif has and not calm(i) then "
                "drop(i) "
            "end "
        "end "
        "for i = 1, #KEYS, 5 do "
            "redis.call('DEL', KEYS[i + 4]) "
            "redis.call('SET', KEYS[i + 4], "
                       "string.format('" NGX_VIOLET_EVENT_FORM "%.0f %d', "
                                     "now, i == 1 and 1 or 0), "
                       "'PX', " ngx_value(NGX_VIOLET_EVENT_KEEP) ") "
        "end "
        "return had"),
    ""
};


/*
 * KEYS: the instant of a purge of all reports of an app.  DEL runs first, as
 * above.  It has no TTL: reports are kept for as long as each host's
 * configuration says.
 */

ngx_violet_redis_script_t  ngx_violet_lease_purge_all_script = {
    ngx_string(
        "local t = redis.call('TIME') "
        "redis.call('DEL', KEYS[1]) "
        "redis.call('SET', KEYS[1], "
                   "string.format('" NGX_VIOLET_HEALTH_EPOCH_FORM "%.0f', "
                                 "t[1] * 1000 + math.floor(t[2] / 1000))) "
        "return 1"),
    ""
};
