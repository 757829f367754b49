-- POST with a small body, another cart each time: ids from the argument on.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/post.lua")

local id, path

function init(args)
    id = tonumber(args[1])
    path = wrk.path
end

function request()
    id = id + 1
    return wrk.format(nil, path .. id .. "/submit")
end
