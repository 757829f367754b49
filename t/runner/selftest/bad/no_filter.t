use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 an unknown filter
--- config
location /t { return 200; }
--- request nosuchfilter
GET /t
