-- GET, any of so many merchants.  The requests are made before they are
-- needed: making one must not be what is measured.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/summary.lua")

local requests = {}
local n

function init(args)
    n = tonumber(args[1])

    local first = tonumber(args[2])
    local path = wrk.path

    for i = 1, n do
        requests[i] = wrk.format(nil, path .. (first + i))
    end
end

function request()
    return requests[math.random(n)]
end
