# Peers that would get secrets by plain http, and requests that are not sent:
# section 4 of the contract.  Tests of TLS are in tls.t.
#
# A peer on "another machine" is an address of this machine that is not
# loopback.  Without such an address the blocks that need it are skipped.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

our $Health = '/v1/operations/connection_health';
our $Submit = '/v1/checkout/cart/20000/submit';

our $Far = far();
$ENV{TEST_NGINX_FAR} = $Far;

# The other machine, which logs its requests and asks the mock, and a port there
# without a server.
our $Other = <<'END';
    log_format far 'far $request_uri secret=[$http_x_violet_app_secret]';

    server {
        listen $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1;
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log far;

        location / {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
    }
END

# Violet behind HTTP/2 without TLS, with a log of the requests.
our $Two = <<'END';
    log_format two '$server_protocol $request_uri';

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        http2 on;
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log two;

        location / {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
    }

    upstream two {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
END

our $Plain = problem('configuration', 500, 'by plain http to another machine');
our $Log = qr/violet: the request was not sent to "\Q$Far\E:\d+": secrets/;


# An address of this machine that is not loopback, or an empty text.
sub far {
    my ($address) = grep { /\A\d+\.\d+\.\d+\.\d+\z/ && !/\A127\./ }
                    split ' ', `hostname -I 2>/dev/null` || '';

    return defined $address ? $address : '';
}


# A location with these lines.
sub location {
    my @lines = @_;

    return "location /v1/ {\nviolet shop;\n"
           . join('', map { "$_;\n" } @lines) . "}\n";
}


add_block_preprocessor(sub {
    my ($block) = @_;

    my $all = join '', map { defined $_ ? $_ : '' } $block->config,
                       $block->http_extra, $block->http_config;

    if ($all =~ /TEST_NGINX_FAR/) {
        $block->set_value(skip_eval => "8: '$Far' eq ''");
    }
});

no_long_string();
no_root_location();
run_tests();

__DATA__

=== plain http to another machine: a problem on every route, nothing is sent
--- http_extra eval: $::Other
--- config eval
::location('proxy_pass http://$TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1')
--- request eval
["GET /v1/merchants", "POST /v1/merchants\n{}", "GET $::Health/42",
 "GET $::Health/42?refresh=true", "GET $::Health", "POST $::Health/42",
 "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[(500) x 7, 200]
--- response_body_like eval
[($::Plain) x 7, ::counts()]
--- response_headers eval
[('') x 6, 'X-Violet-Cart-Outcome: failed', '']
--- no_access_log
far



=== plain http to another machine: the log names the peer once
--- http_extra eval: $::Other
--- config eval
::location('proxy_pass http://$TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1')
--- request
GET /v1/merchants
--- error_code: 500
--- grep_error_log eval: $::Log
--- grep_error_log_out eval
qr/\A[^\n]+\n\z/



=== violet_unverified_upstream on: plain http to another machine goes through
--- http_extra eval: $::Other
--- config eval
::location('violet_unverified_upstream on',
           'proxy_pass http://$TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1')
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Submit\n{}",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
['mock-app-secret', '"merchant_id": ?42\b', '"id": ?20000\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== plain http to loopback in IPv6 and to a unix socket goes through
--- environment: violet_api
--- http_extra
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/far.sock;

        location / {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/far.sock:;
        }

        location /six/ {
            violet shop;
            proxy_pass http://[::1]:$TEST_NGINX_RAND_PORT_2/v1/;
        }
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}", "GET /six/merchants"]
--- error_code eval
[200, 200, 502]
--- response_body_like eval
['mock-app-secret', '"id": ?20000\b', '502 Bad Gateway']
--- no_error_log
was not sent



=== one peer of a block is on another machine: it gets none of 8 requests
--- http_extra eval
$::Other . <<'END';
    upstream mixed {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1;
    }
END
--- config eval
::location('proxy_pass http://mixed', 'proxy_next_upstream off')
--- request eval
[("GET /v1/merchants") x 8]
--- error_code_like eval
[(qr/^(200|500)$/) x 8]
--- no_access_log
far



=== one peer of a block is on another machine: keepalive, a zone, least_conn
--- http_extra eval
$::Other . <<'END';
    upstream mixed {
        zone mixed 64k;
        least_conn;
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1;
        keepalive 4;
    }
END
--- config eval
::location('proxy_pass http://mixed', 'proxy_http_version 1.1',
           'proxy_set_header Connection ""')
--- request eval
[("GET /v1/merchants", "POST $::Submit\n{}") x 4]
--- error_code_like eval
[(qr/^(200|409|500)$/) x 8]
--- no_access_log
far



=== a backup peer is on another machine, and the first one is down
--- http_extra eval
$::Other . <<'END';
    upstream mixed {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1 backup;
    }
END
--- config eval
::location('proxy_pass http://mixed')
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Submit\n{}",
 "GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[(500) x 4, 200]
--- response_body_like eval
[($::Plain) x 4, ::counts()]
--- response_headers eval
['', '', 'X-Violet-Cart-Outcome: failed', '', '']
--- no_access_log
far



=== the next peer is on another machine: it does not get the request
--- http_extra eval
$::Other . <<'END';
    upstream mixed {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_2 max_fails=0;
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1 backup;
    }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        return 444;
    }
END
--- config eval
::location('proxy_pass http://mixed')
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Submit\n{}",
 "GET /_mock/counts"]
--- error_code eval
[500, 502, 502, 200]
--- response_body_like eval
[$::Plain, 'upstream-unavailable', '"outcome":"unknown"', ::counts()]
--- response_headers eval
['', '', 'X-Violet-Cart-Outcome: unknown', '']
--- no_access_log
far



=== proxy_pass with a variable: an address on another machine gets nothing
--- environment: violet_api
--- http_extra eval: $::Other
--- config eval
::location('proxy_pass http://$http_to')
--- more_headers eval
"To: $::Far:1\nHost: localhost\n"
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_body_like eval
[$::Plain, $::Plain, ::counts()]
--- no_access_log
far
--- no_error_log
Connection refused
[crit]



=== proxy_pass with a variable: the caller names the host
--- environment: violet_api
--- http_extra eval: $::Other
--- config eval
::location('set $port $TEST_NGINX_RAND_PORT_1',
           'proxy_pass http://$host:$port')
--- more_headers eval
["Host: $::Far\n", "Host: 127.0.0.1\n", "Host: $::Far\n"]
--- request eval
["GET /v1/merchants", "GET /v1/merchants", "POST $::Submit\n{}"]
--- error_code eval
[500, 502, 500]
--- response_body_like eval
[$::Plain, '502 Bad Gateway', $::Plain]
--- no_access_log
far



=== proxy_pass with a variable: a block with a peer on another machine
--- environment: violet_api
--- http_extra eval
$::Other . <<'END';
    upstream far {
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1;
    }
END
--- config eval
::location('set $peer far', 'proxy_pass http://$peer')
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_body_like eval
[$::Plain, $::Plain, ::counts()]
--- no_access_log
far



=== proxy_pass with a variable: a name that the resolver looks up
--- environment: violet_api
--- config
        location /v1/ {
            resolver 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            set $peer violet.test;
            violet shop;
            proxy_pass http://$peer:$TEST_NGINX_VIOLET_PORT;
        }
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_body_like eval
[$::Plain, $::Plain, ::counts()]
--- no_error_log
could not be resolved
[crit]



=== proxy_pass with a variable: violet_unverified_upstream on
--- environment: violet_api
--- http_extra eval: $::Other
--- config eval
::location('violet_unverified_upstream on',
           'set $peer $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1',
           'proxy_pass http://$peer')
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}"]
--- error_code eval
[200, 200]
--- response_body_like eval
['mock-app-secret', '"id": ?20000\b']



=== a token is not asked for by plain http of another machine
--- http_config eval
$::Other . <<'END';
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
END
--- config eval
::location('proxy_pass http://$TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1')
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[503, 200]
--- response_body_like eval
[::problem('credentials-unavailable', 503), ::counts()]
--- no_access_log
far



=== a location without violet uses the same peers as before
--- http_extra eval
$::Other . <<'END';
    upstream far {
        server $TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1;
        keepalive 4;
    }
END
--- config eval
::location('proxy_pass http://far') . <<'END';
        location /open/ {
            proxy_pass http://far/v1/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
END
--- request eval
["GET /open/merchants", "GET /v1/merchants", "GET /open/merchants"]
--- error_code eval
[401, 500, 401]
--- response_body_like eval
['error_code', $::Plain, 'error_code']



=== a body without its length is not sent
--- config eval
::location('proxy_set_header Content-Length ""',
           'proxy_pass http://violet_api')
--- request eval
["POST /v1/merchants\n{}", "POST $::Submit\n{}", "GET /v1/merchants",
 "GET $::Health/42", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200, 200, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'has a body')) x 2, 'mock-app-secret',
 '"merchant_id": ?42\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1)]
--- response_headers eval
['', 'X-Violet-Cart-Outcome: failed', '', '', '']



=== a body without its length is not sent: proxy_set_body, a streamed body
--- config
        proxy_set_header Content-Length "";

        location /v1/ {
            violet shop;
            proxy_set_body '[1]';
            proxy_set_header Content-Length "";
            proxy_pass http://violet_api;
        }

        location /streamed/v1/ {
            violet shop;
            proxy_request_buffering off;
            proxy_set_header Content-Length "";
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /v1/merchants", "POST /streamed/v1/merchants\n{}",
 "POST /streamed/v1/merchants\n" . 'x' x 300_000, "GET /_mock/counts"]
--- error_code eval
[500, 500, 500, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'has a body')) x 3, ::counts()]



=== a body with its length, or in chunks, is sent
--- config
        location /v1/ {
            violet shop;
            proxy_set_body '[1]';
            proxy_pass http://violet_api;
        }

        location /streamed/v1/ {
            violet shop;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /v1/merchants", "POST /streamed/v1/merchants\n{}",
 "POST /streamed/v1/merchants\n" . 'x' x 300_000]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['"body": "\[1\]"', '"body": "\{\}"', '"body": "x{60000}']



=== a body in chunks is sent before its last chunk has come
--- config
        location /v1/ {
            violet shop;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_pass http://violet_api;
        }
--- raw_request eval
["POST /v1/merchants HTTP/1.1\r\nHost: localhost\r\nConnection: close\r
Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "0\r\n\r\n"]
--- raw_request_middle_delay: 0.5
--- response_body_like eval
qr/"Transfer-Encoding", "chunked".*"body": "\{\}"/



=== HTTP/2 to the upstream: all routes, credentials and bodies
--- skip_nginx: 40: < 1.29.4
--- http_extra eval: $::Two
--- config eval
::location('proxy_pass http://two', 'proxy_http_version 2',
           'proxy_set_header Accept-Encoding br')
--- request eval
["GET /v1/merchants?a=b", "POST /v1/merchants\n{}", "GET $::Health/42",
 "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
['"path": "/v1/merchants\?a=b".*mock-app-secret', '"body": "\{\}"',
 '"merchant_id": ?42\b', '"id": ?20000\b',
 ::counts(other => 2, connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]
--- access_log
HTTP/2.0 /v1/merchants?a=b



=== HTTP/2 to the upstream, by variables: the module cannot see the URI, nothing is sent
--- environment: violet_api
--- skip_nginx: 40: < 1.29.4
--- http_extra eval: $::Two
--- config
        location /v1/ {
            violet shop;
            proxy_http_version 2;
            set $peer two;
            proxy_pass http://$peer/v1/$arg_to;
        }

        location /address/v1/ {
            violet shop;
            proxy_http_version 2;
            set $peer 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            proxy_pass http://$peer/v1/$arg_to;
        }

        location /host/v1/ {
            violet shop;
            proxy_http_version 2;
            set $peer two;
            proxy_pass http://$peer;
        }
--- request eval
["GET /v1/merchants?to=login", "POST /v1/merchants?to=auth/token\n{}",
 "POST $::Submit?to=checkout/cart/8/submit\n{}",
 "GET /address/v1/merchants?to=login", "GET /host/v1/merchants",
 "GET /_mock/counts"]
--- error_code eval
[(500) x 5, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'does not show which URI')) x 5,
 ::counts()]
--- no_access_log
HTTP/2.0



=== HTTP/2 to the upstream: a token, through a prefix with v1 and one without
--- skip_nginx: 20: < 1.29.4
--- http_config eval
$::Two . <<'END';
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }

    violet_app other {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
END
--- config
        proxy_http_version 2;

        location /v1/ {
            violet shop;
            proxy_pass http://two;
        }

        location /violet/ {
            violet other;
            proxy_pass http://two/v1/;
        }
--- request eval
["GET /v1/merchants", "GET /violet/merchants"]
--- error_code eval
[200, 503]
--- response_body_like eval
['mock-app-secret', ::problem('credentials-unavailable', 503)]
--- response_headers eval
['', 'Retry-After: 5']
--- error_log eval
[qr/does not show which URI/, '']



=== HTTP/2 to the upstream: plain http to another machine
--- skip_nginx: 20: < 1.29.4
--- http_extra eval
$::Other =~ s/(listen [^;]+)/$1; http2 on/r
--- config eval
::location('proxy_http_version 2',
           'proxy_pass http://$TEST_NGINX_FAR:$TEST_NGINX_RAND_PORT_1')
--- request eval
["GET /v1/merchants", "POST $::Submit\n{}", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_body_like eval
[$::Plain, $::Plain, ::counts()]
--- no_access_log
far
