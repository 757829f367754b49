# The error log: texts of a caller, of Violet or of Redis cannot
# write a line of its own there, and each failure has a line that names the
# app, the cause and what to do.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;
use Violet::FakeRedis;

our $App = <<'END';
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
END

# Raw bytes as Violet's answer: for a tcp_listen of the block.
our $Fake = $App . <<'END';
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
END

our $Report = 'GET /v1/operations/connection_health';

# The location /v1/ with this "violet" and further lines.
sub location {
    my ($app, @lines) = @_;

    return join "\n", '        location /v1/ {', "            violet $app;",
        '            proxy_pass http://violet_api;', @lines, '        }';
}

sub raw {
    return join "\r\n", @_;
}

# nginx's own debugging lines have the raw bytes of a caller.
log_level('info');
no_long_string();
run_tests();

__DATA__

=== a line break in the URI of a request for an unknown app
--- config eval: ::location('$arg_app')
--- request
GET /v1/merchants%0aFORGED%22%1b%5b31m?app=none
--- error_code: 500
--- response_body_like: urn:ngx-violet:configuration
--- error_log eval
[qr{violet: "/v1/merchants%0aFORGED%22%1b%5b31m\?app=none" was not sent: no },
 qr/ was not sent: .*, id: [0-9a-f]{32}, server: /]
--- no_error_log eval
qr/^FORGED/



=== a line break in a URI that nginx has rewritten
--- config
        location /other/ {
            rewrite "(?s)^/other/(.*)$" /v1/$1 last;
        }

        location /v1/ {
            violet $arg_app;
            proxy_pass http://violet_api;
        }
--- request
GET /other/merchants%0aFORGED%22%1b%5b31m%ff?app=none
--- error_code: 500
--- error_log eval
qr{violet: "/v1/merchants\\x0AFORGED\\x22\\x1B\[31m\\xFF" was not sent: }
--- no_error_log eval
qr/^FORGED/



=== a line break in the URI of a subrequest
--- config
        location /page {
            ssi on;
        }

        location /v1/ {
            violet $arg_app;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
<!--# include virtual="/v1/merchants%0aFORGED?app=none" -->
--- request
GET /page.html
--- ignore_response
--- error_log eval
[qr{violet: "/v1/merchants\\x0AFORGED" was not sent: },
 qr{was not sent: .*, subrequest: "/v1/merchants\?FORGED"}]
--- no_error_log eval
qr/^FORGED/



=== a header with a command for a terminal, which nginx shows as it came
--- config eval: ::location('$arg_app')
--- more_headers eval
"Referer: \x1b[31m"
--- request
GET /v1/merchants?app=none
--- error_code: 500
--- error_log eval
qr/was not sent: .*, referrer: "\?\[31m"/
--- no_error_log eval
qr/\x1b/



=== a raw byte in the URI that a terminal would take for a command
--- config eval: ::location('$arg_app')
--- raw_request eval
"GET /v1/\x9b31m\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- error_code: 500
--- error_log eval
qr{violet: "/v1/\\x9B31m\\xFF" was not sent: }



=== a long URI is cut
--- config eval: ::location('$arg_app')
--- request eval
'GET /v1/' . 'x' x 1000
--- error_code: 500
--- error_log eval
qr{violet: "/v1/x{249}\.\.\." was not sent: }



=== a line break and a quote in the name of an app
--- config eval: ::location('$uri')
--- request
GET /v1/merchants%0aFORGED%22%5c%1b%5b31m
--- error_code: 500
--- error_log eval
qr{violet: no violet_app is named "/v1/merchants\\x0AFORGED\\x22\\x5C\\x1B\[31m"}
--- no_error_log eval
qr/^FORGED/



=== a long name of an app is cut
--- config eval: ::location('$arg_app')
--- request eval
'GET /v1/merchants?app=' . 'a' x 1000
--- error_code: 500
--- error_log eval
qr{violet: no violet_app is named "a{253}\.\.\."}



=== hostile bytes in Violet's Content-Encoding
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', "Content-Encoding: \x1b]0;owned\x07\"\xff",
      'Content-Length: 2', '', '{}')
--- request
POST /v1/checkout/cart/7/submit
--- error_code: 502
--- error_log eval
qr{has the content coding "\\x1B\]0;owned\\x07\\x22\\xFF", which}
--- mock_submits: 0



=== a long Content-Encoding of Violet is cut
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Content-Encoding: ' . 'x' x 1000,
      'Content-Length: 2', '', '{}')
--- request
POST /v1/checkout/cart/7/submit
--- error_code: 502
--- error_log eval
qr{has the content coding "x{253}\.\.\.", which}
--- mock_submits: 0



=== hostile bytes in an error of Redis
--- http_extra
    violet_health_memory off;
--- http_config eval
"    violet_redis redis://127.0.0.1:\$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;\n"
. $::App . '
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
'
--- fake_redis eval
["-OOPS \x1b[31m\"\\\x00\xff" . 'x' x 1000 . "\r\n"]
--- request eval: "$::Report/20001"
--- error_code: 200
--- error_log eval
qr{answered "OOPS \\x1B\[31m\\x22\\x5C\\x00\\xFFx{224}\.\.\."}



=== hostile bytes in place of a reply of Redis
--- http_config eval
"    violet_redis redis://127.0.0.1:\$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;\n"
. $::App . '
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
'
--- fake_redis eval
["\x1b[31m\nFORGED\r\n"]
--- request eval: "$::Report/20001"
--- error_code: 200
--- error_log
violet: Redis at
--- no_error_log eval
[qr/^FORGED/, qr/\x1b/]



=== hostile bytes in an answer that should have a token
--- http_config
    violet_app shop {
        app_id         10000;
        app_secret     mock-app-secret;
        refresh_token  some-refresh-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Content-Length: 33', '',
      '{"token": "\u000aFORGED\u001b"}  ')
--- request
GET /v1/merchants
--- error_code: 503
--- error_log
violet: no new access token for app "shop":
--- no_error_log eval
[qr/FORGED/, qr/\x1b/]



=== 401 on a streamed route, the app has a token
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       old-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
GET /v1/merchants
--- error_code: 401
--- error_log
violet: Violet answers requests of app "shop" with status 401: if its "token"



=== 401 on connection health, the app has a token
--- request eval: "$::Report/40101"
--- error_code: 401
--- error_log
violet: Violet answers requests of app "shop" with status 401: if its "token"



=== Violet's 500 on connection health
--- request eval: "$::Report/50001"
--- error_code: 502
--- error_log
violet: Violet answers requests of app "shop" for connection health with status 500: callers



=== Violet's 503 on connection health
--- request eval: "$::Report/50301"
--- error_code: 502
--- error_log
violet: Violet answers requests of app "shop" for connection health with status 503: callers



=== Violet's 429 on connection health
--- request eval: "$::Report/42901"
--- error_code: 429
--- error_log eval
qr/\[warn\] .*violet: Violet limits the requests of app "shop" for connection health \(/



=== Violet's 301 on connection health
--- request eval: "$::Report/30101"
--- error_code: 502
--- error_log
violet: Violet redirects requests of app "shop" for connection health (status 301),



=== a report over the buffer limit
--- request eval: "$::Report/22101"
--- error_code: 502
--- error_log
violet: Violet's answer to app "shop" is larger than "violet_buffer_limit" (4194304 bytes)



=== an order over the buffer limit
--- http_extra
    violet_buffer_limit 4k;
--- request
POST /v1/checkout/cart/21501/submit
--- error_code: 502
--- error_log eval
["violet: Violet's answer to app \"shop\" is larger than \"violet_buffer_limit\" (4096 bytes)",
 qr/submit of cart 21501: unknown, UPSTREAM_INVALID, .*, id: /]



=== connection health where proxy_pass has variables
--- environment: violet_api
--- config
        set $host_of violet_api;

        location /v1/ {
            violet shop;
            proxy_pass http://$host_of;
        }
--- request eval: "$::Report/20001"
--- error_code: 500
--- error_log
violet: requests of app "shop" for connection health get a 500, since its "proxy_pass" has variables



=== a submit without an access token
--- http_config
    violet_app shop {
        app_id         10000;
        app_secret     mock-app-secret;
        refresh_token  wrong-refresh-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
POST /v1/checkout/cart/20001/submit
--- error_code: 503
--- error_log eval
qr/submit of cart 20001 was not sent: the gateway has no access token .*, id: /
--- mock_submits: 0



=== each line about a submit has its id, nginx's own lines too
--- http_config eval
"$::App
    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
    }
"
--- request
POST /v1/checkout/cart/20001/submit
--- error_code: 502
--- error_log eval
[qr/connect\(\) failed .*, id: [0-9a-f]{32}, server: /,
 qr/submit of cart 20001: failed, UPSTREAM_UNREACHABLE, .*, app "shop".*, id: /]
--- mock_submits: 0



=== the line about an answer that is not an order has the id
--- request
POST /v1/checkout/cart/21701/submit
--- error_code: 502
--- error_log eval
[qr/submit of cart 21701: unknown, .*, id: [0-9a-f]{32}, /,
 qr/the answer to the submit of cart 21701 is not an order: .*, id: /]



=== the line about a completed submit has the id
--- request
POST /v1/checkout/cart/20001/submit
--- error_code: 200
--- error_log eval
qr/\[info\] .*submit of cart 20001: completed, .*, id: [0-9a-f]{32}, /



=== an order that is submitted without a cart
--- http_config eval
"$::App
    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
    }
"
--- request
POST /v1/orders
{}
--- error_code: 502
--- error_log eval
qr/submit of an order by POST orders: failed, UPSTREAM_UNREACHABLE, .*, id: /
