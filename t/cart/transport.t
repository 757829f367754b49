# The request and the answer of a cart submit on the wire: it is sent once, and
# an answer that is missing or incomplete is unknown.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;
use Violet::Mock;

our $Submit = 'POST /v1/checkout/cart';

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

our $Order = '{"id":1,"status":"COMPLETED","bags":'
             . '[{"id":1,"status":"ACCEPTED"}]}';

# More than any buffer of nginx's.
our $Large = '{"app_order_id":"' . 'x' x 200_000 . '"}';

sub location {
    return join "\n", '        location /v1/ {', '            violet shop;',
        '            proxy_pass http://violet_api;',
        '            proxy_http_version 1.1;',
        '            proxy_set_header Connection "";', @_, '        }';
}

# Some servers in one upstream, the last of which the mock is.
sub peers {
    my (@servers) = @_;

    return "$::App\n    upstream violet_api {\n"
           . join('', map { "        server $_;\n" } @servers) . "    }\n";
}

our $Mock = '127.0.0.1:$TEST_NGINX_VIOLET_PORT';
our $Closed = '127.0.0.1:$TEST_NGINX_RAND_PORT_1 max_fails=0';

# Directives of the operator that must have no effect on a submit.
our $Again = 'proxy_next_upstream error timeout invalid_header http_500
              http_502 http_503 http_504 http_403 http_404 http_429
              non_idempotent;';

sub raw {
    return join "\r\n", @_;
}

no_long_string();
run_tests();

__DATA__

=== the peer does not listen: nothing was sent, so the submit may be repeated
--- http_config eval
::peers($::Closed)
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
type: urn:ngx-violet:cart-submit-failed
status: 502
outcome: failed
retry: later
cart_id: 20001
order_id: null
errors.#: 1
errors.0.reason: UPSTREAM_UNREACHABLE
errors.0.scope: CART
errors.0.blocking: true
bags: []
upstream: {"status":null,"error":null,"code":null}
order: null
--- error_log
Connection refused
--- mock_submits: 0



=== none of the peers listens
--- http_config eval
::peers($::Closed, '127.0.0.1:$TEST_NGINX_RAND_PORT_2 max_fails=0')
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
--- grep_error_log: Connection refused
--- grep_error_log_out
Connection refused
Connection refused
--- mock_submits: 0



=== every peer is marked as down
--- http_config eval
::peers('127.0.0.1:$TEST_NGINX_RAND_PORT_1 down')
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
--- error_log
no live upstreams
--- mock_submits: 0



=== the first peer does not listen, the second does: completed, asked once
--- http_config eval
::peers("$::Closed weight=100", $::Mock)
--- request eval
"$::Submit/20001/submit\n{\"app_order_id\":\"1\"}"
--- cart_passes: completed
--- error_log
Connection refused



=== the first peer does not listen, the second fails: that is not "later"
--- http_config eval
::peers("$::Closed weight=100", $::Mock)
--- request eval
"$::Submit/60301/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
Connection refused
upstream prematurely closed connection



=== the first peer fails, the second does not listen: that is not "later"
--- http_config eval
::peers("$::Mock weight=100", $::Closed)
--- config eval
::location($::Again)
--- request eval
"$::Submit/60301/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream prematurely closed connection
--- no_error_log
Connection refused



=== closed before the header, with a second peer: asked once
--- http_config eval
::peers($::Mock, '127.0.0.1:$TEST_NGINX_VIOLET_PORT')
--- config eval
::location($::Again)
--- request eval
"$::Submit/60301/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_INVALID
upstream: {"status":null,"error":null,"code":null}
--- error_log
upstream prematurely closed connection



=== 500, with a second peer: asked once
--- http_config eval
::peers($::Mock, $::Mock)
--- config eval
::location($::Again)
--- request eval
"$::Submit/50001/submit\n{}"
--- cart_problem
status: 500
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
upstream.error: internal_error



=== 503, 404 and 429, with a second peer: asked once
--- http_config eval
::peers($::Mock, $::Mock)
--- config eval
::location($::Again)
--- request eval
["$::Submit/50301/submit\n{}", "$::Submit/40401/submit\n{}",
 "$::Submit/42901/submit\n{}"]
--- cart_problem eval
["status: 503\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR\nupstream.status: 503",
 "status: 404\noutcome: failed\nretry: new_cart
errors.0.reason: CART_NOT_FOUND\nupstream.status: 404",
 "status: 429\noutcome: unknown\nretry: later
errors.0.reason: RATE_LIMITED\nupstream.status: 429"]



=== a stalled answer, with a second peer: asked once
--- http_config eval
::peers($::Mock, $::Mock)
--- config eval
::location($::Again, 'proxy_read_timeout 500ms;')
--- request eval
"$::Submit/60201/submit\n{}"
--- cart_problem
status: 504
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_TIMEOUT
upstream: {"status":null,"error":null,"code":null}
--- error_log
upstream timed out



=== an invalid header, with a second peer: asked once
--- http_config eval
::peers($::Mock, $::Mock)
--- config eval
::location($::Again)
--- request eval
"$::Submit/60801/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream sent invalid header



=== an answer that is not HTTP, with a second peer: asked once
--- http_config eval
::peers($::Mock, $::Mock)
--- config eval
::location($::Again)
--- request eval
"$::Submit/60501/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID



=== cut off: half of what Content-Length announced
--- request eval
"$::Submit/60001/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_INVALID
bags: []
order: null
--- error_log
upstream prematurely closed connection



=== cut off: chunked, without the last chunk
--- request eval
"$::Submit/60101/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
upstream prematurely closed connection



=== cut off behind what looks like a whole order
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Content-Length: ' . (1 + length $::Order), '',
      $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
upstream prematurely closed connection
--- mock_submits: 0



=== a whole order in chunks of which the last is missing
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '',
      sprintf('%x', length $::Order), $::Order, '')
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
upstream prematurely closed connection
--- mock_submits: 0



=== a 4xx that is cut off is unknown
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 400 Bad Request', 'Content-Length: 99', '',
      '{"code":1,"message":"Sold out."}')
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream prematurely closed connection
--- mock_submits: 0



=== stalled after half of the body
--- config eval
::location('proxy_read_timeout 500ms;')
--- request eval
"$::Submit/60601/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
upstream timed out



=== closed after half of the header
--- request eval
"$::Submit/60401/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream prematurely closed connection



=== connection reset before the header
--- request eval
"$::Submit/60701/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID



=== a body without a header, an order as in HTTP/0.9
--- request eval
"$::Submit/60901/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: null
order: null



=== a large body without a header is no large answer: no limit would help
--- config eval
::location('violet_buffer_limit 4k;')
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
'{"id": 1, "note": "' . 'x' x 20_000 . '"}'
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: null
--- no_error_log
violet_buffer_limit
--- mock_submits: 0



=== more than Content-Length says: what it says is the answer
--- request eval
"$::Submit/61001/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
--- response_body_like: \A\{"id": 61001, .*"order_id": 61001\}\z



=== a header of 200 kB
--- request eval
"$::Submit/61101/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream sent too big header



=== a header of 31 kB: completed, however small the operator's buffers
--- config eval
::location('proxy_buffer_size 1k;', 'proxy_buffers 2 4k;',
           'proxy_busy_buffers_size 4k;', 'proxy_max_temp_file_size 0;')
--- request eval
["$::Submit/61301/submit\n{}", "$::Submit/10001/submit\n{}"]
--- cart_passes eval: [('completed') x 2]



=== 100 sent as if it were final
--- request eval
"$::Submit/19001/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null



=== 103, then nothing
--- request eval
"$::Submit/19101/submit\n{}"
--- response_headers
! Link
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID



=== 101 does not make a tunnel
--- http_config eval
$::Fake
--- config eval
::location('proxy_set_header Upgrade websocket;')
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket',
      'Connection: Upgrade', '', $::Order)
--- more_headers
Upgrade: websocket
Connection: Upgrade, close
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== 304 is unknown
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 304 Not Modified', 'ETag: "x"', '', '')
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: 304
--- mock_submits: 0



=== a status above 599
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 700 Strange', 'Content-Length: ' . length $::Order, '',
      $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== status 000 is not an answer
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 000 Nothing', 'Content-Length: ' . length $::Order, '',
      $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== two lengths that contradict each other
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Content-Length: 10',
      'Content-Length: ' . length $::Order, '', $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- error_code: 502
--- response_headers
X-Violet-Cart-Outcome: unknown
--- mock_submits: 0



=== invalid chunks
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'zz', $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
upstream sent invalid chunked response
--- mock_submits: 0



=== an answer without a length ends where the connection does
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.0 200 OK', 'Content-Type: application/json', '', $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
Content-Type: application/json
--- response_body eval
$::Order
--- mock_submits: 0



=== an order may have any Content-Type
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.0 200 OK', 'Content-Type: text/html', '', $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
Content-Type: text/html
--- response_body eval
$::Order
--- mock_submits: 0



=== proxy_buffering off changes nothing
--- config eval
::location('proxy_buffering off;')
--- request eval
["$::Submit/20001/submit\n{}", "$::Submit/20701/submit\n{}",
 "$::Submit/60001/submit\n{}", "$::Submit/21501/submit\n{}"]
--- cart_passes eval
["completed", undef, undef, undef]
--- cart_problem eval
[undef,
 "status: 422\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE\norder: (Violet's)",
 "status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID",
 "status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID\norder: null"]



=== X-Accel-Buffering of Violet's changes nothing
--- http_config eval
$::Fake
--- config eval
::location('violet_buffer_limit 4k;')
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.0 200 OK', 'X-Accel-Buffering: no', '', $::Order . ' ' x 5000)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== an answer over the limit is not read to its end, with proxy_buffering on or off
--- http_config eval
$::Fake
--- config eval
::location('violet_buffer_limit 4k; proxy_buffering off;')
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_no_close
--- tcp_reply eval
::raw('HTTP/1.0 200 OK', '', $::Order . ' ' x 60_000)
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== an answer whose Content-Length is over the limit is not read
--- http_config eval
$::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_no_close
--- tcp_reply eval
::raw('HTTP/1.1 200 OK', 'Content-Length: 99999999999', '', '')
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== an answer that nginx keeps in a temporary file is the same
--- config eval
::location('violet_buffer_limit 8m;', 'sendfile on;', 'proxy_buffers 2 4k;',
           'proxy_buffer_size 4k;', 'proxy_busy_buffers_size 4k;',
           'proxy_temp_file_write_size 8k;', 'aio threads;')
--- request eval
["$::Submit/21501/submit\n{}", "$::Submit/20701/submit\n{}"]
--- cart_passes eval
["completed", undef]
--- cart_problem eval
[undef, "status: 422\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE\norder: (Violet's)"]



=== a name that cannot be resolved: nothing was sent
--- environment: violet_api
--- config
        set $violet_host nowhere.invalid;
        resolver 127.0.0.1:1;
        resolver_timeout 200ms;

        location /v1/ {
            violet shop;
            violet_unverified_upstream on;
            proxy_pass http://$violet_host;
        }
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
--- error_log
nowhere.invalid could not be resolved
--- mock_submits: 0



=== proxy_intercept_errors and error_page do not get the problem
--- config
        proxy_intercept_errors on;
        error_page 301 400 401 404 422 500 502 503 504 /sorry;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location = /sorry {
            return 200 "sorry";
        }
--- request eval
[map { "$::Submit/$_/submit\n{}" } 40001, 50001, 60301, 30101]
--- cart_problem eval
["status: 400\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE",
 "status: 500\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR",
 "status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID",
 "status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID"]



=== error_page of a location does not get the problem
--- http_config eval
::peers($::Closed)
--- config
        error_page 502 504 /sorry;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location = /sorry {
            return 200 "sorry";
        }
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
--- error_log
Connection refused
--- mock_submits: 0



=== X-Accel-Redirect of Violet's leads nowhere
--- http_config eval
$::Fake
--- config eval
::location() . '
        location = /secret {
            internal;
            return 200 "secret";
        }'
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::raw('HTTP/1.0 200 OK', 'X-Accel-Redirect: /secret', '', $::Order)
--- request eval
"$::Submit/1/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
--- response_body eval
$::Order
--- mock_submits: 0



=== the caller's body reaches Violet
--- request eval
["$::Submit/20001/submit\n{\"app_order_id\":\"1\"}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        ::sent('Content-Length', 20),
                        quotemeta '"body": "{\"app_order_id\":\"1\"}"')]



=== no body: Violet gets none
--- request eval
["$::Submit/20001/submit", "GET /_mock/last", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        quotemeta '"body": ""'),
 ::counts(cart_submit => 1, 'cart_submit/20001' => 1)]



=== a body of 200 kB reaches Violet whole
--- request eval
["$::Submit/20001/submit\n$::Large", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        ::sent('Content-Length', length $::Large),
                        '"body": "\{\\\\"app_order_id\\\\":\\\\"x+\\\\"\}"')]



=== a body of 200 kB may be in a file
--- request eval
"$::Submit/20001/submit\n$::Large"
--- cart_passes: completed
--- error_log
a client request body is buffered to a temporary file



=== a body of 200 kB, with proxy_request_buffering off
--- config eval
::location('proxy_request_buffering off;')
--- request eval
["$::Submit/20001/submit\n$::Large", "GET /_mock/last",
 "GET /_mock/counts"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        ::sent('Content-Length', length $::Large)),
 ::counts(cart_submit => 1, 'cart_submit/20001' => 1)]



=== a chunked body
--- more_headers eval
["Transfer-Encoding: chunked", ""]
--- request eval
["$::Submit/20001/submit\n9\r\n{\"a\":\"b\"}\r\n0\r\n\r\n",
 "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        ::sent('Content-Length', 9),
                        quotemeta '"body": "{\"a\":\"b\"}"')]



=== a chunked body, with proxy_request_buffering off
--- config eval
::location('proxy_request_buffering off;')
--- more_headers eval
["Transfer-Encoding: chunked", "", ""]
--- request eval
["$::Submit/20001/submit\n9\r\n{\"a\":\"b\"}\r\n0\r\n\r\n",
 "GET /_mock/last", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        quotemeta '"body": "{\"a\":\"b\"}"'),
 ::counts(cart_submit => 1, 'cart_submit/20001' => 1)]



=== headers that would change Violet's answer are not forwarded
--- more_headers eval
["Accept-Encoding: gzip\nIf-Match: \"a\"\nIf-None-Match: \"b\"
If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT
If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT\nIf-Range: \"c\"
Range: bytes=0-1\nTE: trailers\nUpgrade: h2c\nX-Kept: yes\nAccept: x/y", ""]
--- request eval
["$::Submit/20001/submit\n{}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A\{"id": 20001, .*"order_id": 20001\}\z',
 '"cart_submit": \{"line": "[^"]*", "headers": \[(?:\["(?:X-Violet-App-Id'
 . '|X-Violet-App-Secret|X-Violet-Token|Host|Content-Length|X-Kept|Accept)"'
 . ', "[^"]*"\](?:, )?)+\], "body": ']



=== a caller's If-None-Match and Range do not change an answer of Violet's
--- more_headers
If-None-Match: "violet"
Range: bytes=0-9
--- request eval
"$::Submit/22901/submit\n{}"
--- response_headers
ETag: "violet"
! Content-Range
--- cart_passes: completed



=== a caller's If-None-Match: * neither that of a problem
--- more_headers
If-None-Match: *
If-Modified-Since: Sat, 01 Jan 2050 00:00:00 GMT
Range: bytes=0-9
--- request eval
"$::Submit/40001/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE



=== a caller's own X-Violet-Cart-Outcome has no effect
--- more_headers
X-Violet-Cart-Outcome: completed
--- request eval
"$::Submit/40001/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE



=== X-HTTP-Method-Override does not make a submit something else
--- more_headers
X-HTTP-Method-Override: GET
--- request eval
"$::Submit/40001/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE



=== PUT, PATCH and DELETE on the path are not submits
--- request eval
["PUT /v1/checkout/cart/20001/submit\n{}",
 "PATCH /v1/checkout/cart/20001/submit\n{}",
 "DELETE /v1/checkout/cart/20001/submit", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200, 200]
--- response_headers eval
[("! X-Violet-Cart-Outcome") x 4]
--- response_body_like eval
['"method": "PUT"', '"method": "PATCH"', '"method": "DELETE"',
 ::counts(other => 3)]



=== 413 is nginx's own, and Violet is not asked
--- config eval
::location('client_max_body_size 1k;')
--- request eval
"$::Submit/20001/submit\n$::Large"
--- error_code: 413
--- response_headers
Content-Type: text/html
--- response_body_like: 413 Request Entity Too Large
--- error_log
client intended to send too large body
--- mock_submits: 0



=== 413 of a chunked body is nginx's own too
--- config eval
::location('client_max_body_size 1k;')
--- more_headers
Transfer-Encoding: chunked
--- request eval
"$::Submit/20001/submit\n800\r\n" . 'x' x 2048 . "\r\n0\r\n\r\n"
--- error_code: 413
--- response_headers
Content-Type: text/html
--- response_body_like: 413 Request Entity Too Large
--- error_log
client intended to send too large chunked body
--- mock_submits: 0



=== an invalid chunked body is nginx's 400, and Violet is not asked
--- more_headers
Transfer-Encoding: chunked
--- request eval
"$::Submit/20001/submit\nzz\r\n{}\r\n0\r\n\r\n"
--- error_code: 400
--- response_headers
Content-Type: text/html
--- mock_submits: 0



=== client_body_in_file_only
--- config eval
::location('client_body_in_file_only clean;')
--- request eval
["$::Submit/20001/submit\n{\"a\":\"b\"}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        quotemeta '"body": "{\"a\":\"b\"}"')]



=== HTTP/1.0 to Violet, the default of nginx before 1.29.7
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_http_version 1.0;
        }
--- request eval
["$::Submit/20001/submit\n{}", "$::Submit/22801/submit\n{}",
 "$::Submit/40001/submit\n{}"]
--- cart_passes eval
["completed", "completed", undef]
--- cart_problem eval
[undef, undef, "status: 400\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE"]



=== submits one after another over one kept connection
--- request eval
["$::Submit/20001/submit\n{}", "$::Submit/40001/submit\n{\"a\":1}",
 "$::Submit/20002/submit", "GET /_mock/last", "GET /_mock/counts"]
--- error_code eval
[200, 400, 200, 200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", "X-Violet-Cart-Outcome: failed",
 "X-Violet-Cart-Outcome: completed", "", ""]
--- response_body_like eval
['"id": 20001', '"cart_id":40001', '"id": 20002', '"nth": 3\b',
 ::counts(cart_submit => 3, map { ("cart_submit/$_" => 1) } 20001, 20002,
                                                            40001)]



=== pipelined submits: each gets its own answer
--- pipelined_requests eval
["$::Submit/20601/submit\n{}", "$::Submit/40001/submit\n{}",
 "$::Submit/20001/submit\n{}"]
--- cart_passes eval
["completed", undef, "completed"]
--- cart_problem eval
[undef, "status: 400\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE", undef]



=== a submit in another location's prefix
--- config
        location /api/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
--- request
POST /api/checkout/cart/20701/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE
order: (Violet's)



=== an internal redirect does not send the cart again
--- config eval
::location('post_action /v1/checkout/cart/20001/submit;')
--- request eval: "$::Submit/20001/submit\n{}"
--- cart_passes: completed
--- wait: 0.2
--- error_log
unknown, the cart was sent before this request was redirected



=== a submit cannot be the target of a subrequest
--- config eval
::location() . '
        location = /mirrored {
            mirror /v1/checkout/cart/20001/submit;
            proxy_method GET;
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/_mock/counts;
        }'
--- request
POST /mirrored
{}
--- response_body_like eval
::counts()
--- error_log
"/v1/checkout/cart/20001/submit" was not sent: this route cannot be the target of a subrequest



=== a submit after a rewrite
--- config eval
'        rewrite ^/buy/(\d+)$ /v1/checkout/cart/$1/submit last;' . "\n"
. ::location()
--- request eval
["POST /buy/20001\n{\"a\":\"b\"}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        quotemeta '"body": "{\"a\":\"b\"}"')]



=== a submit after auth_request, with its body
--- config eval
::location('auth_request /allowed;') . '
        location = /allowed {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/_mock/counts;
            proxy_method GET;
        }'
--- request eval
["$::Submit/20001/submit\n{\"a\":\"b\"}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": 20001', ::asked('cart_submit', "$::Submit/20001/submit",
                        quotemeta '"body": "{\"a\":\"b\"}"')]



=== a caller who is denied access gets nginx's own answer, and Violet is not asked
--- config eval
::location('deny all;')
--- request eval
"$::Submit/20001/submit\n{}"
--- error_code: 403
--- response_headers
Content-Type: text/html
! X-Violet-Cart-Outcome
--- response_body_like: 403 Forbidden
--- error_log
access forbidden by rule
--- mock_submits: 0



=== a configuration that cannot be served: nothing is sent, nothing ordered
--- environment: violet_api
--- config
        location /v1/ {
            violet shop;
            violet_submit_guard off;
            set $how https;
            proxy_pass $how://violet_api;
        }
--- request eval
["$::Submit/20001/submit\n{}", "GET /_mock/counts"]
--- error_code eval
[500, 200]
--- response_headers eval
["Content-Type: application/problem+json\nX-Violet-Cart-Outcome: failed", ""]
--- response_body_like eval
['\A\{"type":"urn:ngx-violet:configuration",.*proxy_ssl_verify on',
 ::counts()]
--- mock_submits: 0
