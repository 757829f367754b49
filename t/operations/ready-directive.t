# violet_ready: its parameters.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Ready = sub {
    return ::location() . "location = /ready { $_[0] }\n";
};

run_tests();

__DATA__

=== an unknown word
--- config eval: $::Ready->('violet_ready reddis;')
--- refused
invalid parameter "reddis" in "violet_ready", use "redis" and "details", each once or not at all



=== a word twice
--- config eval: $::Ready->('violet_ready redis redis;')
--- refused
invalid parameter "redis" in "violet_ready", use "redis" and "details", each once or not at all



=== redis without a Redis
--- http_config eval: ::servers('')
--- config eval: $::Ready->('violet_ready redis;')
--- refused
"redis" in "violet_ready" without a Redis, add "violet_redis" or remove the parameter



=== beside violet
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            violet_ready;
        }
--- refused
"violet" and "violet_ready" in one location, give each a location of its own



=== twice in a location
--- config eval: $::Ready->('violet_ready; violet_ready;')
--- refused
"violet_ready" and "violet_ready" in one location, give each a location of its own



=== both words, in either order
--- config eval
$::Ready->('violet_ready details redis;')
. "location = /other { violet_ready redis details; }\n"
--- request eval: ['GET /ready', 'GET /other']
--- error_code_like eval: [(qr{200|503}) x 2]
--- response_headers eval
[('Content-Type: application/health+json') x 2]
