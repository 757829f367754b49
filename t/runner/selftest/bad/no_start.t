use Test::Nginx::Socket "no_plan";
no_shuffle();
run_tests();

__DATA__

=== X01 nginx does not start
--- config
nonsense on;
--- request
GET /t
