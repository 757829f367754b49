-- GET, a random merchant of so many.  The requests are made before the load
-- begins, so that making them is not measured.

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
