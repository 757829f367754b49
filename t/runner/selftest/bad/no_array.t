use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 several requests, one expectation
--- config
location /t { return 200 "a"; }
--- request eval
["GET /t", "GET /t"]
--- response_body: a
