# LAST leaves out the blocks that follow.

use Test::Nginx::Socket 'no_plan';

no_shuffle();
run_tests();

__DATA__

=== O01 this one
--- config
location /t { return 200; }
--- request
GET /t

=== O02 this one is the last
--- LAST
--- config
location /t { return 200; }
--- request
GET /t

=== O03 not this one FAILS
--- config
location /t { return 500; }
--- request
GET /t
