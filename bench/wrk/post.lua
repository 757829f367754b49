-- POST with a small body, as a submit has one.

dofile(os.getenv("BENCH_FOLDER") .. "/wrk/summary.lua")

wrk.method = "POST"
wrk.body = '{"app_order_id":"a7f1c2d4","order_customer":{"first_name":"Ann"}}'
wrk.headers["Content-Type"] = "application/json"
