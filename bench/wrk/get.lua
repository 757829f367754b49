-- GET, always the same path.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/summary.lua")
