# The directives and the variables of cart submits.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;
use Violet::Mock;

our $Submit = 'POST /v1/checkout/cart';

# A location with some more directives.
sub location {
    return join "\n", '        location /v1/ {', '            violet shop;',
        '            proxy_pass http://violet_api;',
        '            proxy_http_version 1.1;',
        '            proxy_set_header Connection "";', @_, '        }';
}

no_long_string();
run_tests();

__DATA__

=== violet_cart_errors off: an API exception passes, the outcome is told
--- config eval
::location('violet_cart_errors off;')
--- request eval
"$::Submit/40001/submit\n{}"
--- error_code: 400
--- response_headers
Content-Type: application/json
X-Violet-Cart-Outcome: failed
--- response_body_like: \A\{"message": "Could not complete external cart: .*"bag_id": 77777\}\]\}\}\z



=== violet_cart_errors off: an HTML page passes
--- config eval
::location('violet_cart_errors off;')
--- request eval
"$::Submit/51001/submit\n{}"
--- error_code: 500
--- response_headers
Content-Type: text/html
X-Violet-Cart-Outcome: unknown
--- response_body chomp
<html><head><title>Oops</title></head><body><h1>Oops</h1></body></html>



=== violet_cart_errors off: a partly failed order passes
--- config eval
::location('violet_cart_errors off;')
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_passes: partial



=== violet_cart_errors off: Violet's Retry-After passes
--- config eval
::location('violet_cart_errors off;')
--- request eval
"$::Submit/42901/submit\n{}"
--- error_code: 429
--- response_headers
X-Violet-Cart-Outcome: unknown
Retry-After: 7
--- response_body_like: platform_throttled



=== violet_cart_errors off: what no answer came for is a problem still
--- config eval
::location('violet_cart_errors off;')
--- request eval
"$::Submit/60301/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log
upstream prematurely closed connection



=== violet_cart_errors is inherited, and a location may say otherwise
--- http_extra
    violet_cart_errors off;
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location /strict/v1/ {
            violet shop;
            violet_cart_errors on;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["$::Submit/40001/submit\n{}", "POST /strict/v1/checkout/cart/40002/submit\n{}"]
--- error_code eval
[400, 400]
--- response_headers eval
["Content-Type: application/json\nX-Violet-Cart-Outcome: failed",
 "Content-Type: application/problem+json\nX-Violet-Cart-Outcome: failed"]
--- response_body_like eval
['\A\{"message": ', '\A\{"type":']



=== violet_cart_partial_status 200
--- config eval
::location('violet_cart_partial_status 200;')
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_problem
status: 200
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE
order: (Violet's)



=== violet_cart_partial_status 207
--- config eval
::location('violet_cart_partial_status 207;')
--- request eval
"$::Submit/20701/submit\n{}"
--- raw_response_headers_like: ^HTTP/1\.1 207 Multi-Status\r\n
--- cart_problem
status: 207
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE



=== violet_cart_partial_status 422
--- config eval
::location('violet_cart_partial_status 422;')
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE
upstream.status: 200



=== violet_cart_partial_status counts for partial alone
--- http_extra
    violet_cart_partial_status 207;
--- request eval
["$::Submit/21101/submit\n{}", "$::Submit/21401/submit\n{}"]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: manual\nerrors.0.reason: OTHER",
 "status: 502\noutcome: unknown\nretry: manual\nerrors.0.reason: OTHER"]



=== violet_cart_partial_status takes no other status
--- config eval
::location('violet_cart_partial_status 201;')
--- refused: invalid value "201"



=== violet_cart_reason ~: a pattern over the message, before the built-in ones
--- http_extra
    violet_cart_reason ~ "shipping method" MERCHANT_UNAVAILABLE;
--- request eval
"$::Submit/41101/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: MERCHANT_UNAVAILABLE



=== violet_cart_reason without a modifier is as with ~
--- http_extra
    violet_cart_reason "shipping method" MERCHANT_UNAVAILABLE;
--- request eval
"$::Submit/41101/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: MERCHANT_UNAVAILABLE



=== violet_cart_reason ~ is case-sensitive
--- http_extra
    violet_cart_reason ~ "SHIPPING METHOD" MERCHANT_UNAVAILABLE;
--- request eval
"$::Submit/41101/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: SHIPPING_INVALID



=== violet_cart_reason ~* is case-insensitive
--- http_extra
    violet_cart_reason ~* "SHIPPING METHOD" MERCHANT_UNAVAILABLE;
--- request eval
"$::Submit/41101/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: MERCHANT_UNAVAILABLE



=== violet_cart_reason: the first that matches wins
--- http_extra
    violet_cart_reason "no such thing" CUSTOMER_INVALID;
    violet_cart_reason "no longer available" DISCOUNT_INVALID;
    violet_cart_reason "shipping method" MERCHANT_UNAVAILABLE;
--- request eval
"$::Submit/41101/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: DISCOUNT_INVALID



=== violet_cart_reason: an "error" that we know goes before it
--- http_extra
    violet_cart_reason "blocked" CUSTOMER_INVALID;
--- request eval
"$::Submit/41301/submit\n{}"
--- cart_problem
status: 403
outcome: failed
retry: after_change
errors.0.reason: ADDRESS_INVALID



=== violet_cart_reason counts for the errors of orders
--- http_extra
    violet_cart_reason ~* "^THIS ITEM .*\.$" ITEM_INVALID;
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_INVALID



=== violet_cart_reason cannot turn unknown into failed
--- http_extra
    violet_cart_reason "already been submitted" CART_NOT_READY;
--- request eval
"$::Submit/41401/submit\n{}"
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.0.reason: ALREADY_SUBMITTED



=== violet_cart_reason leaves a row's own reason alone
--- http_extra
    violet_cart_reason "." ITEM_INVALID;
--- request eval
["$::Submit/40901/submit\n{}", "$::Submit/50001/submit\n{}"]
--- cart_problem eval
["status: 409\noutcome: unknown\nretry: later
errors.0.reason: SUBMIT_IN_PROGRESS",
 "status: 500\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR"]



=== violet_cart_reason with an unknown reason fails nginx -t
--- http_extra: violet_cart_reason "x" ITEM_EATEN;
--- refused: unknown reason "ITEM_EATEN" in "violet_cart_reason"



=== violet_cart_reason with a pattern that does not compile fails nginx -t
--- http_extra: violet_cart_reason "(x" ITEM_INVALID;
--- refused: invalid pattern "(x" in "violet_cart_reason"



=== violet_buffer_limit: a larger order is unknown, and not shown
--- config eval
::location('violet_buffer_limit 4k;')
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_INVALID
upstream.status: null
bags: []
order: null



=== violet_buffer_limit: a smaller one passes, its length announced or not
--- config eval
::location('violet_buffer_limit 4k;')
--- request eval
["$::Submit/22801/submit\n{}", "$::Submit/61201/submit\n{}"]
--- cart_passes eval
["completed", "completed"]



=== violet_buffer_limit: 5 MB are over its default
--- request eval
"$::Submit/21501/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null



=== violet_buffer_limit: chunks count as they come
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;

        location / {
            proxy_method POST;
            proxy_http_version 1.1;
            proxy_set_header X-Violet-App-Id 10000;
            proxy_set_header X-Violet-App-Secret mock-app-secret;
            proxy_set_header X-Violet-Token mock-token;
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
            sub_filter_once off;
            sub_filter_types *;
            sub_filter '"name":' '"name" :';
        }
    }
--- config eval
::location('violet_buffer_limit 4k;')
--- request eval
"$::Submit/20701/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null



=== variables of a failed submit, and the upstream's, are in the access log
--- http_extra
    log_format cart '<$violet_app|$violet_route|$violet_cart_id|'
                    '$violet_cart_outcome|$violet_cart_reason|'
                    '$violet_merchant_id|$violet_cache_status|$status|'
                    '$upstream_addr|$upstream_status|'
                    '$upstream_http_content_type>';
--- config eval
"        access_log logs/access.log cart;\n" . ::location()
--- request eval
"$::Submit/40001/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
--- access_log eval
"<shop|cart_submit|40001|failed|ITEM_UNAVAILABLE|-|-|400|127.0.0.1:$ENV{TEST_NGINX_VIOLET_PORT}|400|->"



=== variables of a submit that passes
--- http_extra
    log_format cart '<$violet_route|$violet_cart_id|$violet_cart_outcome|'
                    '$violet_cart_reason|$status|$upstream_status>';
--- config eval
"        access_log logs/access.log cart;\n" . ::location()
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_passes: completed
--- access_log
<cart_submit|20001|completed|-|200|200>



=== $violet_cart_reason is the first error's that blocks
--- http_extra
    log_format cart '<$violet_cart_outcome|$violet_cart_reason|$status>';
--- config eval
"        access_log logs/access.log cart;\n" . ::location()
--- request eval
"$::Submit/20801/submit\n{}"
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
errors.1.reason: SHIPPING_INVALID
--- access_log
<failed|ITEM_UNAVAILABLE|422>



=== $violet_cart_reason of a contradiction
--- http_extra
    log_format cart '<$violet_cart_outcome|$violet_cart_reason|$status>';
--- config eval
"        access_log logs/access.log cart;\n" . ::location()
--- request eval
"$::Submit/21101/submit\n{}"
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.0.reason: OTHER
errors.1.reason: ITEM_UNAVAILABLE
errors.1.blocking: false
--- access_log
<unknown|OTHER|502>



=== the upstream's times are in the access log
--- http_extra
    log_format cart '<$upstream_response_time|$upstream_connect_time|'
                    '$upstream_header_time|$upstream_bytes_received>';
--- config eval
"        access_log logs/access.log cart;\n" . ::location()
--- request eval
"$::Submit/21601/submit\n{}"
--- cart_passes: completed
--- access_log eval
qr/^<0\.[34]\d\d\|0\.0\d\d\|0\.[34]\d\d\|4\d{3}>$/



=== variables of a submit that was not sent
--- http_extra
    log_format cart '<$violet_cart_outcome|$violet_cart_reason|$status|'
                    '$upstream_addr|$upstream_status>';

    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config
        access_log logs/access.log cart;

        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- request eval
"$::Submit/20001/submit\n{}"
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
--- access_log eval
qr/^<failed\|UPSTREAM_UNREACHABLE\|502\|127\.0\.0\.1:\d+\|502>$/
--- error_log
Connection refused
--- mock_submits: 0
