use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 grep_error_log alone
--- config
location /t { return 200; }
--- request
GET /t
--- grep_error_log: a
