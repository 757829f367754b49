use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 lines below an inline value
--- config
location /t { return 200; }
--- request
GET /t
--- error_code: 200
more
