-- Connection health in Lua: looks a report up in a shared dictionary (if
-- configured) and in Redis, fetches it once a host, judges and stores it; a
-- script in Redis limits refreshes.  Functions are local, and connections to
-- Redis are pooled.

local redis = require "nginx.redis"
local cjson = require "cjson.safe"

local _M = { redis_port = 6379 }

local ngx = ngx
local reports = ngx.shared.reports
local flights = ngx.shared.flights
local sub, upper = string.sub, string.upper
local floor = math.floor

local TTL = 86400
local NULL = ngx.null

local PREFIX = "lua:health:violet_api:shop:10000:-:"
local LIMIT = "lua:limit:{violet_api:10000}"

-- GCRA over two budgets: spends both or none; returns the wait of the worse
local SCRIPT = [[
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local tats, wait = {}, 0
for i = 1, 2 do
    local period, n = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local tat = tonumber(redis.call('GET', KEYS[i]) or '0')
    if tat < now then tat = now end
    local left = tat + period / n - now - period
    if left > wait then wait = left end
    tats[i] = tat + period / n
end
if wait > 0 then return math.ceil(wait) end
for i = 1, 2 do
    redis.call('SET', KEYS[i], tats[i], 'PX', math.ceil(tats[i] - now))
end
return 0
]]

local digest

local SECTIONS = { "connection", "commission", "payout_account", "sync",
                   "shipping", "products" }
local COMPLETE = { COMPLETE = true, NOT_APPLICABLE = true }
local LETTERS = { ready = "r", degraded = "d", blocked = "b" }
local STATES = { r = "ready", d = "degraded", b = "blocked" }
local BLOCKING = { NEEDS_ATTENTION = true, ERROR = true }


local function connect()
    local red = redis:new()
    red:set_timeout(100)

    if not red:connect("127.0.0.1", _M.redis_port) then
        return nil
    end

    return red
end


local function release(red)
    red:set_keepalive(60000, 64)
end


local function answer(body, etag, state, age, cache)
    local header = ngx.header

    header["Age"] = age
    header["Cache-Status"] = cache
    header["X-Violet-Merchant-State"] = state
    header["ETag"] = etag
    header["Content-Length"] = #body

    ngx.print(body)
end


local function hit(body, etag, state, stored)
    local age = floor(ngx.now()) - stored

    if age >= TTL then
        return false
    end

    answer(body, etag, state, age, "violet; hit; ttl=" .. (TTL - age))
    return true
end


local function problem(status, kind, title, detail)
    ngx.status = status
    ngx.header["Content-Type"] = "application/problem+json"

    local body = cjson.encode {
        type = "urn:ngx-violet:" .. kind, title = title, status = status,
        detail = detail, request_id = ngx.var.request_id
    }

    ngx.header["Content-Length"] = #body
    ngx.print(body)
end


local function state_of(report)
    local state = "ready"

    for i = 1, #SECTIONS do
        local section = report[SECTIONS[i]]

        if type(section) == "table" then
            local status = upper(tostring(section.status))

            if BLOCKING[status] then
                return "blocked"
            end

            if not COMPLETE[status] then
                state = "degraded"
            end
        end
    end

    return state
end


-- in the dictionary: etag and state before the body, the time in the flags

local function remember(id, body, etag, state, stored)
    reports:set(id, etag .. LETTERS[state] .. body, 3600, stored)
end


local function recall(id)
    local value, stored = reports:get(id)

    if not value then
        return false
    end

    return hit(sub(value, 36), sub(value, 1, 34), STATES[sub(value, 35, 35)],
               stored)
end


local function lookup(red, id, dict)
    local fields = red:hmget(PREFIX .. id, "body", "etag", "state",
                             "stored_at")

    if not fields or fields[1] == NULL then
        return false
    end

    local stored = tonumber(fields[4])

    if dict then
        remember(id, fields[1], fields[2], fields[3], stored)
    end

    return fields[1], fields[2], fields[3], stored
end


local function fetch(red, id, dict, refresh)
    local res = ngx.location.capture(
                "/_violet/v1/operations/connection_health/" .. id
                .. (refresh and "?refresh=true" or ""))

    local report = res.status == 200 and not res.truncated
                   and cjson.decode(res.body)

    if type(report) ~= "table" or tostring(report.merchant_id) ~= id then
        return problem(502, "upstream-unavailable", "Violet cannot answer",
                       "status " .. res.status)
    end

    local body, state = res.body, state_of(report)
    local etag = '"' .. ngx.md5(body) .. '"'
    local stored = floor(ngx.now())

    red:init_pipeline(2)
    red:hmset(PREFIX .. id, "body", body, "etag", etag, "state", state,
              "stored_at", stored)
    red:expire(PREFIX .. id, TTL)
    red:commit_pipeline()

    if dict then
        remember(id, body, etag, state, stored)
    end

    answer(body, etag, state, 0, refresh and "violet; fwd=request; stored"
                                         or "violet; fwd=uri-miss; stored")
end


local function allowed(red, id)
    digest = digest or red:script("load", SCRIPT)

    local wait = red:evalsha(digest, 2, LIMIT .. ":" .. id, LIMIT,
                             600000, 1, 3600000, 30)

    if wait == 0 then
        return true
    end

    local seconds = math.ceil(wait / 1000)

    ngx.header["Retry-After"] = seconds
    ngx.header["RateLimit-Policy"] = '"merchant";q=1;w=600, "app";q=30;w=3600'
    ngx.header["RateLimit"] = '"merchant";r=0;t=' .. seconds

    problem(429, "refresh-limited", "The refresh limit is reached",
            "the budget of the merchant is spent")
    return false
end


-- one fetch at a time; a request that waits finds the stored report

local function fetch_once(red, id, dict)
    while not flights:add(id, true, 10) do
        ngx.sleep(0.02)

        local body, etag, state, stored = lookup(red, id, dict)

        if body then
            return hit(body, etag, state, stored)
        end
    end

    fetch(red, id, dict, false)
    flights:delete(id)
end


function _M.serve(id, dict)
    local refresh = ngx.var.arg_refresh == "true"

    if dict and not refresh and recall(id) then
        return
    end

    local red = connect()

    if not red then
        return problem(503, "redis", "Redis is away", "try again")
    end

    if refresh then
        if allowed(red, id) then
            fetch(red, id, dict, true)
        end

        return release(red)
    end

    local body, etag, state, stored = lookup(red, id, dict)

    if body then
        -- other requests may use the connection while this answer is sent
        release(red)
        hit(body, etag, state, stored)
        return
    end

    fetch_once(red, id, dict)
    release(red)
end


return _M
