use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 an unknown variable
--- config
location /t { return 200 "$TEST_NGINX_NO_SUCH_VARIABLE"; }
--- request
GET /t
