# Forms of violet_redis that are not there yet, and a host that is written
# wrong: the contract's sections 2 and 10.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;

no_long_string();
run_tests();

__DATA__

=== TLS is not there yet
--- http_config
    violet_redis rediss://redis.example:6380/0;
--- config
--- must_die
--- error_log eval
qr{"rediss://redis.example:6380/0" in "violet_redis" asks for TLS to Redis, which is not there yet, use "redis://host:port/db" through a tunnel in \S+:\d+}



=== the parameters of TLS are not there yet
--- http_config
    violet_redis redis://127.0.0.1:1/0 ssl_trusted_certificate=/etc/ca.pem;
--- config
--- must_die
--- error_log
"ssl_trusted_certificate" in "violet_redis" is for TLS to Redis, which is not there yet, remove it



=== several URLs are not there yet
--- http_config
    violet_redis redis://127.0.0.1:1/0 redis://:S5s3cret@127.0.0.1:2/0;
--- config
--- must_die
--- error_log
more than one URL in "violet_redis", which is not there yet, keep only one
--- no_error_log
S5s3cret



=== several URLs, one of a socket, are not there yet
--- http_config
    violet_redis unix:/run/redis-1.sock unix:/run/redis-2.sock;
--- config
--- must_die
--- error_log
more than one URL in "violet_redis", which is not there yet, keep only one



=== several URLs, the second with TLS, are not there yet
--- http_config
    violet_redis redis://127.0.0.1:1/0 rediss://127.0.0.1:2/0;
--- config
--- must_die
--- error_log
more than one URL in "violet_redis", which is not there yet, keep only one



=== sentinels are not there yet
--- http_config
    violet_redis redis://127.0.0.1:26379 sentinel=main;
--- config
--- must_die
--- error_log
"sentinel" in "violet_redis" is not there yet, remove it and give the URL of one Redis that takes writes



=== the password of sentinels is not there yet, and is not printed
--- http_config
    violet_redis redis://127.0.0.1:26379 sentinel_password=S6s3cret;
--- config
--- must_die
--- error_log
"sentinel_password" in "violet_redis" is not there yet, remove it
--- no_error_log
S6s3cret



=== a cluster is not there yet
--- http_config
    violet_redis redis://127.0.0.1:7000 cluster;
--- config
--- must_die
--- error_log
"cluster" in "violet_redis" is not there yet, remove it and give the URL of one Redis that takes writes



=== an IPv6 address without brackets
--- http_config
    violet_redis redis://::1:6379;
--- config
--- must_die
--- error_log eval
qr{more than one ":" in the host of "violet_redis" "redis://::1:6379", write an IPv6 address in brackets, such as "redis://\[::1\]:6379/0" in \S+:\d+}



=== one with a database
--- http_config
    violet_redis redis://fd00::5/1;
--- config
--- must_die
--- error_log
more than one ":" in the host of "violet_redis" "redis://fd00::5/1", write an IPv6 address in brackets



=== with brackets it is taken
--- http_config
    violet_redis redis://[::1]:1/0;
--- config
        location /t {
            return 204;
        }
--- request
GET /t
--- error_code: 204
--- no_error_log
[error]



=== a colon in the path of a socket is allowed
--- http_config
    violet_redis unix:/tmp/no:such:redis.sock;
--- config
        location /t {
            return 204;
        }
--- request
GET /t
--- error_code: 204
--- no_error_log
[error]
