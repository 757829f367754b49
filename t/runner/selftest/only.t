# ONLY leaves out all other blocks.

use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== O01 not this one FAILS
--- config
location /t { return 500; }
--- request
GET /t

=== O02 this one
--- ONLY
--- config
location /t { return 200; }
--- request
GET /t

=== O03 nor this one FAILS
--- config
location /t { return 500; }
--- request
GET /t
