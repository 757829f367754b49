-- GET, another merchant each time, upwards from an argument.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/summary.lua")

local id, path

function init(args)
    id = tonumber(args[1])
    path = wrk.path
end

function request()
    id = id + 1
    return wrk.format(nil, path .. id)
end
