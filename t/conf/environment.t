# The name of the Violet that an app talks to, a part of all keys: "environment"
# of its violet_app block, else a name made from its locations.  The contract's
# section 9.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;

our $Route = 'operations/connection_health';

no_long_string();
run_tests();


# Apps of those names, all of one id.
sub apps {
    return join '', map { app($_) } @_;
}


sub app {
    my ($name, @lines) = @_;

    return join '', "    violet_app $name {\n",
        map({ "        $_;\n" } 'app_id 10000', 'app_secret mock-app-secret',
            'token mock-token', @lines), "    }\n";
}


# One location for each app, which sends the variable in a header.  Violet gets
# no request, since the merchant id 0 is invalid.
sub locations {
    my (%lines) = @_;

    return join '', map { my $name = $_; join '',
        "        location /$name/v1/ {\n",
        map({ "            $_;\n" } "violet $name", @{$lines{$name}},
            'add_header X-Env "<$violet_environment>" always'),
        "        }\n" } sort keys %lines;
}


sub asks {
    return [map { "GET /$_/v1/$::Route/0" } @_];
}


# The location /v1/ of the app "shop" with those lines.
sub shop {
    my (@lines) = @_;

    return join '', "        location /v1/ {\n",
        map({ "            $_;\n" } 'violet shop', @lines), "        }\n";
}

__DATA__

=== a name of an upstream block, as it is written, in lower case
--- http_extra eval
::apps(qw(a b)) . '
    upstream Live_API { server 127.0.0.1:$TEST_NGINX_VIOLET_PORT; }
'
--- config eval
::locations(a => ['proxy_pass http://violet_api/v1/'],
            b => ['proxy_pass http://Live_API/v1/'])
--- request eval: ::asks(qw(a b))
--- error_code eval: [400, 400]
--- response_headers eval
['X-Env: <violet_api>', 'X-Env: <live_api>']



=== the literal Host line comes first, in lower case, without a default port
--- http_extra eval: ::apps(qw(a b c d e f))
--- config eval
my @to = ('proxy_ssl_name other.violet.io', 'proxy_pass http://violet_api/v1/');
::locations(
    a => ['proxy_set_header Host sandbox-api.violet.io', @to],
    b => ['proxy_set_header HOST Sandbox-API.Violet.IO', @to],
    c => ['proxy_set_header Host api.violet.io:8443', @to],
    d => ['proxy_set_header Host api.violet.io:80', @to],
    e => ['proxy_set_header Host api.violet.io:443', @to],
    f => ['proxy_set_header X-A b', 'proxy_set_header Host "x"', @to])
--- request eval: ::asks('a' .. 'f')
--- error_code eval: [(400) x 6]
--- response_headers eval
['X-Env: <sandbox-api.violet.io>', 'X-Env: <sandbox-api.violet.io>',
 'X-Env: <api.violet.io_8443>', 'X-Env: <api.violet.io>',
 'X-Env: <api.violet.io_443>', 'X-Env: <x>']



=== a Host line of the server does not apply where violet stands, nor is it sent there
--- http_extra eval: ::apps(qw(a b))
--- config eval
"        proxy_set_header Host sandbox-api.violet.io;\n"
. ::locations(a => ['proxy_pass http://violet_api/v1/'],
              b => ['proxy_pass http://violet_api/v1/',
                    'proxy_set_header X-A b'])
--- request eval: ::asks(qw(a b))
--- error_code eval: [400, 400]
--- response_headers eval
['X-Env: <violet_api>', 'X-Env: <violet_api>']



=== a Host line with a variable, or an empty one, is passed over: proxy_ssl_name, then proxy_pass
--- http_extra eval: ::apps(qw(a b c d e))
--- config eval
my $to = 'proxy_pass http://violet_api/v1/';
::locations(
    a => ['proxy_set_header Host $host', 'proxy_ssl_name API.violet.io', $to],
    b => ['proxy_set_header Host $proxy_host', $to],
    c => ['proxy_set_header Host ""', 'proxy_ssl_name api.violet.io', $to],
    d => ['proxy_ssl_name $host', $to],
    e => ['proxy_set_header Host api-$host', 'proxy_ssl_name ""', $to])
--- request eval: ::asks('a' .. 'e')
--- error_code eval: [(400) x 5]
--- response_headers eval
['X-Env: <api.violet.io>', 'X-Env: <violet_api>', 'X-Env: <api.violet.io>',
 'X-Env: <violet_api>', 'X-Env: <violet_api>']



=== host and port of proxy_pass, without a default port, ":" as "_"
--- http_extra eval: ::apps(qw(a b c d e f g))
--- config eval
my @verify = ('proxy_ssl_verify on',
              'proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt');
::locations(
    a => ['proxy_pass http://127.0.0.1/v1/'],
    b => ['proxy_pass http://127.0.0.1:80/v1/'],
    c => ['proxy_pass http://127.0.0.1:8080/v1/'],
    d => ['proxy_pass https://127.0.0.1:443/v1/', @verify],
    e => ['proxy_pass https://127.0.0.1/v1/', @verify],
    f => ['proxy_pass https://127.0.0.1:8443/v1/', @verify],
    g => ['proxy_pass HTTP://LocalHost:8080/v1/'])
--- request eval: ::asks('a' .. 'g')
--- error_code eval: [(400) x 7]
--- response_headers eval
['X-Env: <127.0.0.1>', 'X-Env: <127.0.0.1>', 'X-Env: <127.0.0.1_8080>',
 'X-Env: <127.0.0.1>', 'X-Env: <127.0.0.1>', 'X-Env: <127.0.0.1_8443>',
 'X-Env: <localhost_8080>']



=== an IPv6 address, with a port and without; a unix socket
--- http_extra eval: ::apps(qw(a b c d))
--- config eval
::locations(
    a => ['proxy_pass http://[::1]/v1/'],
    b => ['proxy_pass http://[::1]:8080/v1/'],
    c => ['proxy_pass http://[::1]:80/v1/'],
    d => ['proxy_pass http://unix:/run/Violet.sock:/v1/'])
--- request eval: ::asks('a' .. 'd')
--- error_code eval: [(400) x 4]
--- response_headers eval
['X-Env: <[__1]>', 'X-Env: <[__1]_8080>', 'X-Env: <[__1]>',
 'X-Env: </run/violet.sock>']



=== the part of the URI of proxy_pass before v1 is part of the name
--- http_extra eval: ::apps(qw(a b c d e f g))
--- config eval
::locations(
    a => ['proxy_pass http://violet_api/shop/v1/'],
    b => ['proxy_pass http://violet_api/Shop/EU/v1/'],
    c => ['proxy_pass http://violet_api/shop//v1/',
          'proxy_set_header Host api.violet.io'],
    d => ['proxy_pass http://127.0.0.1:8080/v1/operations/v1/'],
    e => ['proxy_pass http://violet_api/shop.v1/v1/'],
    f => ['proxy_pass http://violet_api/v10/v1/'],
    g => ['proxy_pass http://violet_api'])
--- request eval: ::asks('a' .. 'g')
--- error_code eval: [(400) x 7]
--- response_headers eval
['X-Env: <violet_api/shop>', 'X-Env: <violet_api/shop/eu>',
 'X-Env: <api.violet.io/shop>', 'X-Env: <127.0.0.1_8080>',
 'X-Env: <violet_api/shop.v1>', 'X-Env: <violet_api/v10>',
 'X-Env: <violet_api>']



=== "environment" is taken as it is written, and for every location
--- http_config eval
::app('shop', 'environment Live_1.2-B') . ::app('a', 'environment A' . 'b' x 127)
. '
    upstream violet_api { server 127.0.0.1:$TEST_NGINX_VIOLET_PORT; }
    map $server_name $where { default violet_api; }
'
--- config eval
::locations(a => ['proxy_pass http://violet_api/v1/'],
            shop => ['proxy_pass http://violet_api/v1/'])
. ::shop('proxy_pass http://$where',
         'add_header X-Env "<$violet_environment>" always')
--- request eval: [@{::asks('a', 'shop')}, "GET /v1/$::Route/0"]
--- error_code eval: [400, 400, 400]
--- response_headers eval
['X-Env: <A' . 'b' x 127 . '>', 'X-Env: <Live_1.2-B>', 'X-Env: <Live_1.2-B>']



=== $violet_environment is empty where there is no app
--- config
        location /t {
            add_header X-Env "<$violet_environment>" always;
            return 204;
        }
--- request
GET /t
--- error_code: 204
--- response_headers
X-Env: <>



=== sandbox and live behind one block share nothing
--- http_extra eval: ::apps('sandbox')
--- config eval
::shop('proxy_pass http://violet_api', 'proxy_set_header Host api.violet.io')
. '
        location /sandbox/v1/ {
            violet sandbox;
            proxy_pass http://violet_api/v1/;
            proxy_set_header Host sandbox-api.violet.io;
        }
'
--- request eval
[map({ ("GET /v1/$::Route$_", "GET /sandbox/v1/$::Route$_",
        "GET /v1/$::Route$_") } '/20001', ''),
 "GET /v1/$::Route/20001?refresh=true",
 "GET /sandbox/v1/$::Route/20001?refresh=true"]
--- error_code eval: [(200) x 8]
--- response_headers_like eval
[(('Cache-Status: violet; fwd=uri-miss; stored') x 2,
  'Cache-Status: violet; hit; ttl=\d+') x 2,
 ('Cache-Status: violet; fwd=request; stored') x 2]
--- redis_check
EXISTS violet:health:api.violet.io:10000:20001 violet:health:sandbox-api.violet.io:10000:20001
=> 2
HEXISTS violet:health-list:api.violet.io:10000:true body
=> 0
HEXISTS violet:health-list:sandbox-api.violet.io:10000:true body
=> 0
EXISTS violet:limit:api.violet.io:10000 violet:limit:api.violet.io:10000:20001
=> 2
EXISTS violet:limit:sandbox-api.violet.io:10000 violet:limit:sandbox-api.violet.io:10000:20001
=> 2
DBSIZE
=> 8



=== two apps of one id with one "environment" share, whatever their upstreams
--- http_extra eval
::app('a', 'environment live') . ::app('b', 'environment live') . '
    upstream other { server 127.0.0.1:$TEST_NGINX_VIOLET_PORT; }
'
--- config eval
::locations(a => ['proxy_pass http://violet_api/v1/'],
            b => ['proxy_pass http://other/v1/'])
--- request eval
["GET /a/v1/$::Route/20002?refresh=true", "GET /b/v1/$::Route/20002",
 "GET /b/v1/$::Route/20002?refresh=true"]
--- error_code eval: [200, 200, 429]
--- response_headers_like eval
['Cache-Status: violet; fwd=request; stored',
 'Cache-Status: violet; hit; ttl=\d+', '']
--- redis_check
KEYS violet:health*
=> [violet:health:live:10000:20002]



=== proxy_pass with variables and "environment": submits are guarded, reports by POST limited
--- http_config eval
::app('shop', 'environment live') . '
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s;
    upstream violet_api { server 127.0.0.1:$TEST_NGINX_VIOLET_PORT; }
    map $server_name $where { default violet_api; }
'
--- config eval: ::shop('proxy_pass http://$where')
--- request eval
["POST /v1/checkout/cart/60004/submit\n{}",
 "POST /v1/checkout/cart/60004/submit\n{}",
 "POST /v1/$::Route/20003", "POST /v1/$::Route/20003"]
--- error_code eval: [502, 409, 200, 429]
--- redis_check
EXISTS violet:submit:live:10000:60004 violet:limit:live:10000:20003
=> 2



=== environment: twice
--- app: app_id 10000; app_secret s; token t; environment a; environment a;
--- refused: "environment" is duplicate in "violet_app" "shop", remove one



=== environment: no value
--- app: app_id 10000; app_secret s; token t; environment;
--- refused
invalid number of arguments in "environment" of "violet_app", it takes one



=== environment: two values
--- app: app_id 10000; app_secret s; token t; environment a b;
--- refused
invalid number of arguments in "environment" of "violet_app", it takes one



=== environment: empty
--- app: app_id 10000; app_secret s; token t; environment "";
--- refused
invalid value "" in "environment" of "violet_app" "shop", use letters, digits, "_", "." and "-"



=== environment: a separator
--- app: app_id 10000; app_secret s; token t; environment live:10000;
--- refused
invalid value "live:10000" in "environment" of "violet_app" "shop", use letters, digits, "_", "." and "-"



=== environment: a slash
--- app: app_id 10000; app_secret s; token t; environment live/eu;
--- refused: invalid value "live/eu" in "environment"



=== environment: a brace
--- app: app_id 10000; app_secret s; token t; environment "{live}";
--- refused: invalid value "{live}" in "environment"



=== environment: a letter outside of ASCII
--- app eval
"app_id 10000; app_secret s; token t; environment caf\xc3\xa9;"
--- refused eval
qr/invalid value "caf.*" in "environment"/



=== environment: longer than 128 bytes
--- app eval
"app_id 10000; app_secret s; token t; environment " . 'a' x 129 . ';'
--- refused
"environment" of "violet_app" "shop" is longer than 128 bytes, shorten it



=== two locations of one app that lead to different Violets
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass http://127.0.0.1', 'proxy_set_header Host live.violet.io')
. ::locations(shop => ['proxy_pass http://127.0.0.1',
                       'proxy_set_header Host sandbox.violet.io'])
--- refused eval
qr/\Q[emerg]\E .*location "[^"]*" leads the app "shop" to "(live|sandbox)\.violet\.io", and location "[^"]*" leads it to "(live|sandbox)\.violet\.io": use one "violet_app" for each Violet, or add "environment NAME" to this one if they are the same, in \S+nginx\.conf:\d+/



=== the same, by a limit_except that has a proxy_pass of its own
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass http://127.0.0.1;
            limit_except GET { proxy_pass http://127.0.0.2; }
            proxy_connect_timeout 1s')
--- refused: leads the app "shop" to "127.0.0.2"



=== the same, by a location that names its app by a variable
--- http_config eval: ::apps('shop', 'other')
--- config eval
::shop('proxy_pass http://127.0.0.1') . '
        location /any/v1/ {
            violet $arg_app;
            proxy_pass http://127.0.0.2/v1/;
        }
'
--- refused eval
qr/location "[^"]*" leads the app "shop" to "127\.0\.0\.[12]", and location "[^"]*" leads it to "127\.0\.0\.[12]"/



=== a location with a variable and one without may lead to the same Violet
--- http_extra eval: ::apps('other')
--- config eval
::shop('proxy_pass http://violet_api') . '
        location /any/v1/ {
            violet $arg_app;
            proxy_pass http://violet_api/v1/;
            add_header X-Env "<$violet_environment>" always;
        }
'
--- request eval
["GET /any/v1/$::Route/0?app=shop", "GET /any/v1/$::Route/0?app=other",
 "GET /any/v1/$::Route/0?app=none"]
--- error_code eval: [400, 400, 500]
--- response_headers eval
['X-Env: <violet_api>', 'X-Env: <violet_api>', 'X-Env: <>']



=== proxy_pass with variables
--- http_config eval: ::apps('shop')
--- config eval: ::shop('proxy_pass http://$host')
--- refused eval
qr/\Q[emerg]\E .*"proxy_pass" in location "\/v1\/" has variables, so nobody can tell which Violet the app "shop" talks to, add "environment NAME" to its "violet_app", in \S+nginx\.conf:\d+/



=== proxy_pass with variables is refused, also with a literal Host line
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass http://$host', 'proxy_set_header Host api.violet.io')
--- refused: "proxy_pass" in location "/v1/" has variables



=== proxy_pass with variables beside violet with one: every app needs it
--- http_config eval: ::app('shop', 'environment a') . ::app('other')
--- config
        location /v1/ {
            violet $arg_app;
            proxy_pass http://$host;
        }
--- refused: which Violet the app "other" talks to, add "environment NAME"



=== a name that has characters that cannot be in a key
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass http://127.0.0.1', 'proxy_set_header Host "api.violet.io, x"')
--- refused eval
qr/location "\/v1\/" leads the app "shop" to "api\.violet\.io, x", which is too long or has characters that cannot be in a key, add "environment NAME" to its "violet_app", in \S+nginx\.conf:\d+/



=== a name that would be a hash tag
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass "http://127.0.0.1/{a}/v1/"')
--- refused: which is too long or has characters that cannot be in a key



=== a name that is too long
--- http_config eval: ::apps('shop')
--- config eval
::shop('proxy_pass http://127.0.0.1', 'proxy_set_header Host ' . 'a' x 129)
--- refused: which is too long or has characters that cannot be in a key



=== the longest name is kept whole
--- http_extra eval: ::apps('a')
--- config eval
::locations(a => ['proxy_pass http://violet_api/v1/',
                  'proxy_set_header Host ' . 'a' x 128])
--- request eval
["GET /a/v1/$::Route/2147483647", "GET /a/v1/$::Route/2147483647",
 "GET /a/v1/$::Route?exclude_public=false",
 "POST /a/v1/checkout/cart/60001/submit\n{}"]
--- error_code eval: [200, 200, 200, 502]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+', '', '']
--- redis_check eval
my $env = 'a' x 128;
"EXISTS violet:health:$env:10000:2147483647 violet:health-list:$env:10000:false violet:submit:$env:10000:60001\n=> 3"
