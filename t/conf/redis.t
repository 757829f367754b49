# The forms of violet_redis and violet_submit_redis: several URLs, names,
# databases, TLS, sentinels, clusters.  Each refused form stands beside one
# that nginx takes.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Until;

# An authority, a certificate and its key, enough for nginx to read.
my ($certificate, $key) = ('', '');

{
    my $text = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout - 2>/dev/null`;

    $key = $1 if $text =~ /(-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n)/s;
    $certificate = $1 if $text =~ /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/s;
}

sub files {
    my %text = (ca => $certificate, key => $key, none => "no certificate\n");

    for my $name (keys %text) {
        my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/$name";

        open my $out, '>', $path or die "cannot write $path: $!\n";
        print $out $text{$name};
        close $out or die "cannot write $path: $!\n";
        chmod 0600, $path or die "$path: $!\n";
    }
}

# The parameter that TLS cannot be without.
our $Trusted = 'ssl_trusted_certificate=$TEST_NGINX_SERVER_ROOT/html/ca';

# A host name that every C library resolves to 127.0.0.1 by itself.
our $Name = '127.1';

# All warnings, and nothing else of their lines.
our $Warnings = qr/\[warn\] [^\n]*/;

sub warned {
    my ($url, $directive) = @_;

    return qr/\A\[warn\] \S+ "\Q$url\E" in "$directive" has a name, whose addresses nginx keeps until it is reloaded, since there is no "resolver" in the "http" block, in \S+:\d+\n\z/;
}

no_long_string();
log_level('warn');
run_tests();

__DATA__

=== an IPv6 address without brackets
--- redis: redis://::1:6379
--- refused
more than one ":" in the host of "violet_redis" "redis://::1:6379", write an IPv6 address in brackets, such as "redis://[::1]:6379/0"



=== one with a database
--- redis: redis://fd00::5/1
--- refused
more than one ":" in the host of "violet_redis" "redis://fd00::5/1", write an IPv6 address in brackets



=== with brackets it is taken
--- redis: redis://[::1]:1/0
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== a colon in the path of a socket is allowed
--- redis: unix:/tmp/no:such:redis.sock
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== no URL among the parameters
--- redis: timeout=1s
--- refused
no URL in "violet_redis", give from 1 to 16 such as "redis://host:port/db"



=== a password in the place of the URL is not printed
--- redis: password=S7s3cret
--- refused: no URL in "violet_redis", give from 1 to 16
--- no_error_log
S7s3cret



=== a password behind a colon is not printed
--- redis: redis://127.0.0.1:1 password:S8s3cret
--- refused: invalid parameter "password" in "violet_redis", use one of
--- no_error_log
S8s3cret



=== a second URL without a scheme
--- redis: redis://127.0.0.1:1 127.0.0.1:2
--- refused
invalid parameter "" in "violet_redis", use one of "prefix", "db", "username", "password", "connect_timeout", "timeout", "ssl_trusted_certificate", "ssl_name", "ssl_certificate", "ssl_certificate_key", "sentinel", "sentinel_username", "sentinel_password", "cluster", and a URL begins with "redis://"



=== a second URL of another scheme
--- redis: redis://127.0.0.1:1 http://127.0.0.1:2
--- refused
invalid URL "http://127.0.0.1:2" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== a password in the second URL is not printed
--- redis: redis://127.0.0.1:1/0 redis://:S5s3cret@127.0.0.1:2/0
--- refused
credentials in the URL of "violet_redis", use "username=" and "password=file:PATH" instead
--- no_error_log
S5s3cret



=== redis:// beside rediss://
--- redis: redis://127.0.0.1:1/0 rediss://127.0.0.1:2/0
--- refused
"redis://127.0.0.1:1/0" and "rediss://127.0.0.1:2/0" in "violet_redis" have different schemes, give all URLs the same one



=== a socket beside redis://
--- redis: unix:/run/redis.sock redis://127.0.0.1:1
--- refused
"unix:/run/redis.sock" and "redis://127.0.0.1:1" in "violet_redis" have different schemes, give all URLs the same one



=== one address twice
--- redis: redis://127.0.0.1:1 redis://127.0.0.1:2 redis://127.0.0.1:1/0
--- refused
"redis://127.0.0.1:1" and "redis://127.0.0.1:1/0" in "violet_redis" are the same address, remove one



=== one name twice, in other letters, with the default port
--- redis: redis://LOCALHOST redis://localhost:6379
--- refused
"redis://LOCALHOST" and "redis://localhost:6379" in "violet_redis" are the same address, remove one



=== one socket twice
--- redis: unix:/run/redis.sock unix:/run/redis.sock
--- refused
"unix:/run/redis.sock" and "unix:/run/redis.sock" in "violet_redis" are the same address, remove one



=== two sockets
--- redis: unix:/tmp/no-such-1.sock unix:/tmp/no-such-2.sock
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== 17 URLs
--- redis: redis://127.0.0.1:1 redis://127.0.0.1:2 redis://127.0.0.1:3 redis://127.0.0.1:4 redis://127.0.0.1:5 redis://127.0.0.1:6 redis://127.0.0.1:7 redis://127.0.0.1:8 redis://127.0.0.1:9 redis://127.0.0.1:10 redis://127.0.0.1:11 redis://127.0.0.1:12 redis://127.0.0.1:13 redis://127.0.0.1:14 redis://127.0.0.1:15 redis://127.0.0.1:16 redis://127.0.0.1:17
--- refused
too many URLs in "violet_redis", give from 1 to 16 such as "redis://host:port/db"



=== 16 URLs
--- redis: redis://127.0.0.1:1 redis://127.0.0.1:2 redis://127.0.0.1:3 redis://127.0.0.1:4 redis://127.0.0.1:5 redis://127.0.0.1:6 redis://127.0.0.1:7 redis://127.0.0.1:8 redis://127.0.0.1:9 redis://127.0.0.1:10 redis://127.0.0.1:11 redis://127.0.0.1:12 redis://127.0.0.1:13 redis://127.0.0.1:14 redis://127.0.0.1:15 redis://127.0.0.1:16
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== db beside another database in the URL
--- redis: redis://127.0.0.1:1/1 db=2
--- refused
"db=2" and "redis://127.0.0.1:1/1" in "violet_redis" name different databases, give one number



=== two URLs with two databases
--- redis: redis://127.0.0.1:1/1 redis://127.0.0.1:2/2
--- refused
"redis://127.0.0.1:1/1" and "redis://127.0.0.1:2/2" in "violet_redis" name different databases, give one number



=== db is not a number
--- redis: redis://127.0.0.1:1 db=x
--- refused
invalid database "x" in "violet_redis" "db=x", it must be a number from 0 to 65535



=== db is nothing
--- redis: redis://127.0.0.1:1 db=
--- refused: invalid database "" in "violet_redis" "db="



=== a name without a resolver
--- http_extra: violet_submit_redis redis://127.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s;
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned("redis://127.1:$ENV{TEST_NGINX_REDIS_PORT}", 'violet_submit_redis')



=== the second URL has a name
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT redis://127.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned("redis://127.1:$ENV{TEST_NGINX_REDIS_PORT}", 'violet_redis')



=== a name with a resolver, which stands behind it
--- http_extra: resolver 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
--- redis: redis://127.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s
--- request
GET /_mock/counts
--- no_error_log
[warn]



=== localhost needs no resolver
--- redis: redis://localhost:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s
--- request
GET /_mock/counts
--- until: 0 up
--- no_error_log
[warn]
[error]



=== a resolver in a server is no resolver of the http block
--- location: violet shop; proxy_pass http://violet_api; resolver 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
--- redis: redis://127.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned("redis://127.1:$ENV{TEST_NGINX_REDIS_PORT}", 'violet_redis')



=== a second URL that cannot be resolved
--- redis: redis://127.0.0.1:1 redis://redis.invalid:2
--- refused
host not found in "violet_redis" "redis://redis.invalid:2", use an address or a name that this host can resolve, in



=== username is empty
--- redis: redis://127.0.0.1:1 username=
--- refused
"username" of "violet_redis" is empty, give it a value or remove it



=== ssl_trusted_certificate is empty
--- redis: redis://127.0.0.1:1 ssl_trusted_certificate=
--- refused
"ssl_trusted_certificate" of "violet_redis" is empty, give it a value or remove it



=== ssl_name is empty
--- redis: redis://127.0.0.1:1 ssl_name=
--- refused
"ssl_name" of "violet_redis" is empty, give it a value or remove it



=== ssl_certificate is empty
--- redis: redis://127.0.0.1:1 ssl_certificate=
--- refused
"ssl_certificate" of "violet_redis" is empty, give it a value or remove it



=== ssl_certificate_key is empty
--- redis: redis://127.0.0.1:1 ssl_certificate_key=
--- refused
"ssl_certificate_key" of "violet_redis" is empty, give it a value or remove it



=== sentinel_username is empty
--- redis: redis://127.0.0.1:1 sentinel_username=
--- refused
"sentinel_username" of "violet_redis" is empty, give it a value or remove it



=== a brace in the prefix
--- redis: redis://127.0.0.1:1 "prefix=a{b:"
--- refused
"prefix=a{b:" of "violet_redis" has a brace, remove it: with "cluster" the gateway writes the braces of the hash tag itself



=== a closing one
--- redis: redis://127.0.0.1:1 "prefix=a}b:"
--- refused: "prefix=a}b:" of "violet_redis" has a brace, remove it



=== rediss:// without trusted certificates
--- redis: rediss://redis.example:6380/0
--- refused
"rediss://redis.example:6380/0" in "violet_redis" without "ssl_trusted_certificate", give the file of the certificates that may issue Redis's own



=== a certificate without its key
--- redis eval: "rediss://redis.example:6380/0 $::Trusted ssl_certificate=/etc/c.pem"
--- post_setup_server_root
::files();
--- refused
"ssl_certificate" without "ssl_certificate_key" in "violet_redis", give both



=== a key without its certificate
--- redis eval: "rediss://redis.example:6380/0 $::Trusted ssl_certificate_key=/etc/c.pem"
--- post_setup_server_root
::files();
--- refused
"ssl_certificate_key" without "ssl_certificate" in "violet_redis", give both



=== ssl_trusted_certificate without TLS
--- redis: redis://127.0.0.1:1/0 ssl_trusted_certificate=/etc/ca.pem
--- refused
"ssl_trusted_certificate" with "redis://127.0.0.1:1/0" in "violet_redis" does nothing without TLS, remove it or begin the URL with "rediss://"



=== ssl_name without TLS
--- redis: redis://127.0.0.1:1/0 ssl_name=redis.example
--- refused
"ssl_name" with "redis://127.0.0.1:1/0" in "violet_redis" does nothing without TLS, remove it or begin the URL with "rediss://"



=== ssl_certificate without TLS
--- redis: redis://127.0.0.1:1/0 ssl_certificate=/etc/c.pem
--- refused
"ssl_certificate" with "redis://127.0.0.1:1/0" in "violet_redis" does nothing without TLS, remove it or begin the URL with "rediss://"



=== ssl_certificate_key without TLS
--- redis: redis://127.0.0.1:1/0 ssl_certificate_key=/etc/k.pem
--- refused
"ssl_certificate_key" with "redis://127.0.0.1:1/0" in "violet_redis" does nothing without TLS, remove it or begin the URL with "rediss://"



=== ssl_name with a socket
--- redis: unix:/run/redis.sock ssl_name=redis.example
--- refused
"ssl_name" with "unix:/run/redis.sock" in "violet_redis" does nothing without TLS



=== the second URL is an address, without ssl_name
--- redis eval: "rediss://redis.example:6380/0 rediss://192.0.2.1:1 $::Trusted"
--- post_setup_server_root
::files();
--- refused
"rediss://192.0.2.1:1" in "violet_redis" without "ssl_name": its host is an address, give a host name that stands in Redis's certificate



=== an IPv6 address without ssl_name
--- redis eval: "rediss://[::1]:1 $::Trusted"
--- post_setup_server_root
::files();
--- refused
"rediss://[::1]:1" in "violet_redis" without "ssl_name": its host is an address



=== ssl_name is the address 192.0.2.1
--- redis eval: "rediss://192.0.2.1:1 $::Trusted ssl_name=192.0.2.1"
--- post_setup_server_root
::files();
--- refused
"ssl_name=192.0.2.1" in "violet_redis" is an address, give a host name that stands in Redis's certificate



=== ssl_name is the address ::1
--- redis eval: "rediss://192.0.2.1:1 $::Trusted ssl_name=::1"
--- post_setup_server_root
::files();
--- refused
"ssl_name=::1" in "violet_redis" is an address, give a host name that stands in Redis's certificate



=== ssl_name is the address [::1]
--- redis eval: "rediss://192.0.2.1:1 $::Trusted ssl_name=[::1]"
--- post_setup_server_root
::files();
--- refused
"ssl_name=[::1]" in "violet_redis" is an address, give a host name that stands in Redis's certificate



=== a file of trusted certificates that has none
--- redis: rediss://127.0.0.1:1 ssl_name=redis.example ssl_trusted_certificate=$TEST_NGINX_SERVER_ROOT/html/none
--- post_setup_server_root
::files();
--- refused
html/none" in "violet_redis" cannot be used, give a file of certificates in PEM



=== a file of trusted certificates that is not there
--- redis: rediss://127.0.0.1:1 ssl_name=redis.example ssl_trusted_certificate=$TEST_NGINX_SERVER_ROOT/html/no-such
--- post_setup_server_root
::files();
--- refused
html/no-such" in "violet_redis" cannot be used, give a file of certificates in PEM



=== a key that is none
--- redis eval: "rediss://127.0.0.1:1 ssl_name=redis.example $::Trusted ssl_certificate=$ENV{TEST_NGINX_SERVER_ROOT}/html/ca ssl_certificate_key=$ENV{TEST_NGINX_SERVER_ROOT}/html/none"
--- post_setup_server_root
::files();
--- refused
html/none" in "violet_redis" cannot be used, give the files of a certificate and of its key in PEM



=== with them a host name is all that it needs
--- redis eval: "rediss://localhost:1/2 $::Trusted"
--- post_setup_server_root
::files();
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== an address with ssl_name, and a certificate of the gateway's own
--- redis eval: "rediss://127.0.0.1:1 ssl_name=redis.example $::Trusted ssl_certificate=$ENV{TEST_NGINX_SERVER_ROOT}/html/ca ssl_certificate_key=$ENV{TEST_NGINX_SERVER_ROOT}/html/key"
--- post_setup_server_root
::files();
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== two URLs with TLS
--- redis eval: "rediss://localhost:1 rediss://localhost:2 $::Trusted"
--- post_setup_server_root
::files();
--- request
GET /_mock/counts
--- no_error_log
in "violet_redis"



=== sentinels with a socket
--- redis: unix:/run/redis.sock sentinel=main
--- refused
"unix:/run/redis.sock" with "sentinel" in "violet_redis", give a host and a port: "redis://host:port"



=== the master is called ""
--- redis: redis://127.0.0.1:1 'sentinel='
--- refused
invalid value "sentinel=" in "violet_redis", give the name of the master that the sentinels watch, of letters, digits, ".", "-" and "_"



=== the master is called "a b"
--- redis: redis://127.0.0.1:1 'sentinel=a b'
--- refused
invalid value "sentinel=a b" in "violet_redis", give the name of the master that the sentinels watch, of letters, digits, ".", "-" and "_"



=== the master is called "a"b"
--- redis: redis://127.0.0.1:1 'sentinel=a"b'
--- refused
invalid value "sentinel=a"b" in "violet_redis", give the name of the master that the sentinels watch, of letters, digits, ".", "-" and "_"



=== the master is called "ä"
--- redis: redis://127.0.0.1:1 'sentinel=ä'
--- refused
invalid value "sentinel=ä" in "violet_redis", give the name of the master that the sentinels watch, of letters, digits, ".", "-" and "_"



=== the password of sentinels without them
--- redis: redis://127.0.0.1:1 sentinel_password=S6s3cret
--- refused
"sentinel_password" without "sentinel" in "violet_redis", give both
--- no_error_log
S6s3cret



=== the user of sentinels without a password
--- redis: redis://127.0.0.1:1 sentinel=main sentinel_username=me
--- refused
"sentinel_username" without "sentinel_password" in "violet_redis", give both



=== sentinels of a cluster
--- redis: redis://127.0.0.1:1 sentinel=main cluster
--- refused: "sentinel" and "cluster" in "violet_redis", remove one



=== sentinels by TLS without ssl_name
--- redis eval: "rediss://redis.example:6380/0 $::Trusted sentinel=main"
--- post_setup_server_root
::files();
--- refused
"rediss://redis.example:6380/0" in "violet_redis" without "ssl_name": the sentinels name addresses, give a host name



=== two sentinels, one with the default port
--- redis: redis://127.0.0.1 redis://127.0.0.1:26379 sentinel=main
--- refused
"redis://127.0.0.1" and "redis://127.0.0.1:26379" in "violet_redis" are the same address, remove one



=== sentinels, of which none is there
--- redis: redis://127.0.0.1:26379/2 redis://127.0.0.3 redis://127.0.0.2 sentinel=main-1.a_B sentinel_username=me sentinel_password=S6s3cret
--- request
GET /v1/operations/connection_health/42
--- error_code: 200
--- no_error_log
S6s3cret



=== a cluster with a socket
--- redis: unix:/run/redis.sock cluster
--- refused
"unix:/run/redis.sock" with "cluster" in "violet_redis", give a host and a port: "redis://host:port"



=== a cluster with a database in the URL
--- redis: redis://127.0.0.1:1/3 cluster
--- refused
"redis://127.0.0.1:1/3" with "cluster" in "violet_redis", a cluster has the database 0 only, remove the number



=== a cluster with db
--- redis: redis://127.0.0.1:1 cluster db=3
--- refused
"db=3" with "cluster" in "violet_redis", a cluster has the database 0 only



=== a cluster with the prefix ""
--- redis: redis://127.0.0.1:1 cluster prefix=
--- refused
"prefix=" with "cluster" in "violet_redis" leaves the hash tag empty, give one such as "prefix=violet:"



=== a cluster with the prefix ":"
--- redis: redis://127.0.0.1:1 cluster prefix=:
--- refused
"prefix=:" with "cluster" in "violet_redis" leaves the hash tag empty, give one such as "prefix=violet:"



=== a cluster with a value
--- redis: redis://127.0.0.1:1 cluster=on
--- refused: invalid parameter "cluster" in "violet_redis", use one of



=== a cluster by TLS without ssl_name
--- redis eval: "rediss://redis.example:6380/0 $::Trusted cluster"
--- post_setup_server_root
::files();
--- refused
"rediss://redis.example:6380/0" in "violet_redis" without "ssl_name": the cluster names addresses



=== a cluster with a prefix of 127 bytes
--- redis: redis://127.0.0.1:1 cluster prefix=ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp
--- refused
"prefix" of "violet_redis" is longer than 128 bytes with its braces, shorten it



=== a cluster, of which no node is there
--- redis: redis://127.0.0.1:7000/0 redis://127.0.0.1:7001 cluster db=0 prefix=pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp
--- request
GET /v1/operations/connection_health/42
--- error_code: 200



=== violet_submit_redis: twice
--- http_extra: violet_submit_redis redis://127.0.0.1:1; violet_submit_redis redis://127.0.0.1:1;
--- refused: "violet_submit_redis" directive is duplicate



=== violet_submit_redis: no URL
--- http_extra: violet_submit_redis;
--- refused
invalid number of arguments in "violet_submit_redis" directive



=== violet_submit_redis: not in a server
--- config: violet_submit_redis redis://127.0.0.1:1/0;
--- refused: "violet_submit_redis" directive is not allowed here



=== violet_submit_redis http://127.0.0.1:1
--- http_extra: violet_submit_redis http://127.0.0.1:1;
--- refused
invalid URL "http://127.0.0.1:1" in "violet_submit_redis", use



=== violet_submit_redis redis://127.0.0.1:1 timeout=0
--- http_extra: violet_submit_redis redis://127.0.0.1:1 timeout=0;
--- refused
invalid value "timeout=0" in "violet_submit_redis", it must be a time from 1ms to 60s



=== violet_submit_redis redis://127.0.0.1:1 username=me
--- http_extra: violet_submit_redis redis://127.0.0.1:1 username=me;
--- refused
"username" without "password" in "violet_submit_redis", give both



=== violet_submit_redis redis://127.0.0.1:1 db=1 db=1
--- http_extra: violet_submit_redis redis://127.0.0.1:1 db=1 db=1;
--- refused
duplicate parameter "db" in "violet_submit_redis", remove one



=== violet_submit_redis redis://127.0.0.1:1 ttl=1s
--- http_extra: violet_submit_redis redis://127.0.0.1:1 ttl=1s;
--- refused
invalid parameter "ttl" in "violet_submit_redis", use one of



=== violet_submit_redis redis://redis.invalid:1
--- http_extra: violet_submit_redis redis://redis.invalid:1;
--- refused
host not found in "violet_submit_redis" "redis://redis.invalid:1"



=== violet_submit_redis alone, with its own prefix
--- http_config
    violet_submit_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT prefix=violet:own: db=2 connect_timeout=20s timeout=20s;

    violet_app shop { app_id 10000; app_secret s; token t; }

    upstream violet_api { server 127.0.0.1:$TEST_NGINX_VIOLET_PORT; }
--- request
GET /_mock/counts
--- until: 0 up
--- no_error_log
[warn]
[error]
