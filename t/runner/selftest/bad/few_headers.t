use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 too few more_headers
--- config
location /t { return 200 "a"; }
--- request eval
["GET /t", "GET /t"]
--- more_headers eval
["X-A: 1"]
