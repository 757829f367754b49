use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 init dies
--- config
location /t { return 200; }
--- init
die "no";
--- request
GET /t
