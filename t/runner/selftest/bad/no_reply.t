use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 tcp_listen without tcp_reply
--- config
location /t { return 200; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- request
GET /t
