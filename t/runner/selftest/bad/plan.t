use Test::Nginx::Socket tests => 3;
no_shuffle();
run_tests();

__DATA__

=== X01 two checks, three planned
--- config
location /t { return 200 "a"; }
--- request
GET /t
--- response_body: a
