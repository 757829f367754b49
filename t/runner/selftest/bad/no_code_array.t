use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 several requests, one status
--- config
location /t { return 404; }
--- request eval
["GET /t", "GET /t"]
--- error_code: 404
