-- GET, each of so many merchants in turn, beginning with a given one.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/summary.lua")

local n, path, asked

function init(args)
    n = tonumber(args[1])
    asked = tonumber(args[2]) % n
    path = wrk.path
end

function request()
    asked = asked % n + 1
    return wrk.format(nil, path .. asked)
end
