use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 a bad request line
--- config
location /t { return 200; }
--- request
GET /t a b HTTP/1.1
