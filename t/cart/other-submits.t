# The other requests that submit a cart or an order: a payment that
# completes the checkout, and a new order.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Payment = 'POST /v1/checkout/cart';
our $Complete = '{"complete_checkout": true}';

our $Access = <<'END';
    log_format door '<$violet_route|$violet_cart_id|$violet_cart_outcome>';
    access_log logs/access.log door;
END

our $Gone = <<'END';
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
END

our $Lost = <<'END';
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
END

our $Unknown = <<'END';
status: 409
outcome: unknown
retry: manual
errors.0.reason: OTHER
END

no_long_string();
run_tests();

__DATA__

=== a payment that completes the checkout fails in the one schema
--- http_extra eval: $::Access
--- request eval
"$::Payment/40001/payment\n$::Complete"
--- cart_problem eval: "cart_id: 40001\n$::Gone"
--- access_log
<cart_payment|40001|failed>



=== a payment that completes the checkout passes if it succeeds
--- request eval
["$::Payment/20001/payment\n$::Complete", "GET /_mock/counts"]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
['\A\{"id": 20001, .*\}\z', '"cart_payment/20001": 1']



=== a payment that does not complete the checkout is streamed unchanged
--- http_extra eval: $::Access
--- request eval
["$::Payment/40001/payment\n{\"payment_method_id\":7}",
 "$::Payment/40001/payment\n{\"complete_checkout\":false}",
 "$::Payment/40001/payment"]
--- response_body_like eval
['"path": "/v1/checkout/cart/40001/payment".*\{\\\\"payment_method_id\\\\":7\}',
 '\{\\\\"complete_checkout\\\\":false\}', '"body": ""']
--- response_headers eval
["!X-Violet-Cart-Outcome", "!X-Violet-Cart-Outcome", "!X-Violet-Cart-Outcome"]
--- access_log
<other



=== a body that nginx keeps in a file is read as well
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            client_body_in_file_only clean;
        }
--- request eval
["$::Payment/40001/payment\n{\"x\":\"" . ('y' x 20000)
 . "\",\"complete_checkout\":true}",
 "$::Payment/40001/payment\n{\"x\":\"" . ('y' x 20000) . "\"}"]
--- error_code eval
[400, 200]
--- response_body_like eval
["cart-submit-failed", '"path"']



=== a body over violet_buffer_limit may complete the checkout: it is guarded
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            violet_buffer_limit 4k;
        }
--- request eval
["$::Payment/40001/payment\n{\"x\":\"" . ('y' x 5000)
 . "\",\"complete_checkout\":true}",
 "$::Payment/20001/payment\n{\"x\":\"" . ('y' x 5000) . "\"}",
 "$::Payment/20001/payment\n{\"x\":\"" . ('y' x 4000) . "\"}",
 "GET /v1/checkout/cart/20001/submit"]
--- error_code eval
[400, 502, 200, 409]
--- response_headers eval
["X-Violet-Cart-Outcome: failed", "X-Violet-Cart-Outcome: unknown",
 "!X-Violet-Cart-Outcome", "X-Violet-Cart-Outcome: unknown"]
--- response_body_like eval
["ITEM_UNAVAILABLE", "UPSTREAM_INVALID", '"path"', "SUBMIT_UNRESOLVED"]
--- mock_submits: 0



=== a payment and a submit share the cart's record
--- request eval
["$::Payment/60001/payment\n$::Complete", "POST /v1/checkout/cart/60001/submit\n{}",
 "$::Payment/60001/payment\n$::Complete"]
--- error_code eval
[502, 200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: unknown",
 ("X-Violet-Cart-Outcome: completed\nX-Violet-Submit-Replayed: true") x 2]
--- mock_submits: 0



=== an id that is not canonical, or an extension, is refused
--- request eval
["$::Payment/+1/payment\n$::Complete", "$::Payment/01/payment\n$::Complete",
 "$::Payment/1/payment.json\n$::Complete", "POST /v1/orders.json\n{}",
 "PUT /v1/checkout/cart/x/payment\n{}"]
--- error_code eval
[400, 400, 400, 400, 200]



=== a new order fails in the one schema, without a cart
--- http_extra eval: $::Access
--- request
POST /v1/orders
{"app_order_id": 40001}
--- cart_problem eval: "cart_id: null\n$::Gone"
--- access_log
<order_create|-|failed>



=== a new order without a key is not guarded
--- request eval
["POST /v1/orders\n{\"app_order_id\": 60001}",
 "POST /v1/orders\n{\"app_order_id\": 60001}", "GET /_mock/counts"]
--- error_code eval
[502, 502, 200]
--- response_body_like eval
["UPSTREAM_INVALID", "UPSTREAM_INVALID", '"order_create": 2']



=== a new order with a key is guarded
--- request eval
["POST /v1/orders\n{\"app_order_id\": 60001}",
 "POST /v1/orders\n{\"app_order_id\": 60001}",
 "POST /v1/orders\n{\"app_order_id\": 20001}"]
--- more_headers
Idempotency-Key: "a"
--- cart_problem eval
[$::Lost =~ s/later/manual/r,
 "status: 409\noutcome: unknown\nretry: manual
errors.0.reason: SUBMIT_UNRESOLVED",
 "status: 422\noutcome: unknown\nretry: manual
errors.0.reason: KEY_REUSED"]
--- redis_check
EVAL "return #redis.call('KEYS', 'violet:submit:violet_api:10000:key:*')" 0
=> 1



=== a new order that completed is not sent again: it is read by its id
--- request eval
["POST /v1/orders\n{\"app_order_id\": 20001}",
 "POST /v1/orders\n{\"app_order_id\": 20001}", "GET /_mock/counts"]
--- more_headers
Idempotency-Key: "a"
--- response_headers eval
["X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed",
 "X-Violet-Cart-Outcome: completed\nX-Violet-Submit-Replayed: true", ""]
--- response_body_like eval
['"id": 20001', '"id": 20001', '"cart_read/20001": 1.*"order_create": 1']



=== a new order that completed, and is not found by its id
--- request eval
["POST /v1/orders\n{\"app_order_id\": 20001}",
 "POST /_mock/fault?cart_read/20001=404",
 "POST /v1/orders\n{\"app_order_id\": 20001}", "GET /_mock/counts"]
--- more_headers
Idempotency-Key: "a"
--- error_code eval
[200, 200, 409, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", "", "X-Violet-Cart-Outcome: unknown", ""]
--- response_body_like eval
['"id": 20001', '', 'ALREADY_SUBMITTED',
 '"cart_read/20001": 1.*"order_create": 1']



=== a new order that completed, and whose id is no id
--- http_config
    violet_app shop { app_id 10000; app_secret s; token t; }
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s;
    upstream violet_api { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        default_type application/json;
        location = /v1/orders {
            return 200 '{"id":-1,"status":"COMPLETED","bags":[{"id":1,"status":"ACCEPTED"}]}';
        }
        location / { return 200 '{"is":"read"}'; }
    }
--- request eval
["POST /v1/orders\n{\"app_order_id\": 20001}",
 "POST /v1/orders\n{\"app_order_id\": 20001}"]
--- more_headers
Idempotency-Key: "a"
--- error_code eval
[200, 409]
--- response_headers eval
["X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed",
 "X-Violet-Cart-Outcome: unknown\n!X-Violet-Submit-Replayed"]
--- response_body_like eval
['"id":-1', 'ALREADY_SUBMITTED']



=== a new order with a key and the body of another one
--- request eval
["POST /v1/orders\n{\"app_order_id\": 20001}",
 "POST /v1/orders\n{\"app_order_id\": 20002}",
 "POST /v1/orders\n{\"app_order_id\": 20002}"]
--- more_headers eval
["Idempotency-Key: a", "Idempotency-Key: a", "Idempotency-Key: b"]
--- error_code eval
[200, 422, 200]



=== a record of a key that cannot be read is a doubt, not another body
--- request eval
["POST /v1/orders\n{\"app_order_id\": 20001}",
 "POST /v1/orders\n{\"app_order_id\": 20001}"]
--- more_headers eval
["Idempotency-Key: a", "Idempotency-Key: a\nX-Violet-Submit: again"]
--- redis_commands eval
"SET violet:submit:violet_api:10000:key:87f7e437faa5a7fce15d1ddcb9eaeaea"
. " \"9 of another form\"\n"
--- error_code eval
[409, 200]
--- response_body_like eval
['"retry":"manual".*SUBMIT_UNRESOLVED', '"id": 20001']



=== a new order that failed frees its key for another body
--- request eval
["POST /v1/orders\n{\"app_order_id\": 40001}",
 "POST /v1/orders\n{\"app_order_id\": 20002}"]
--- more_headers
Idempotency-Key: a
--- error_code eval
[400, 200]



=== a new order in doubt is sent again only if somebody wants it
--- request eval
["POST /v1/orders\n{\"app_order_id\": 60001}",
 "POST /v1/orders\n{\"app_order_id\": 60001}", "GET /_mock/counts"]
--- more_headers eval
["Idempotency-Key: a", "Idempotency-Key: a\nX-Violet-Submit: again", ""]
--- error_code eval
[502, 502, 200]
--- response_body_like eval
["UPSTREAM_INVALID", "UPSTREAM_INVALID", '"order_create": 2']



=== submit-only leaves payments and new orders to proxy_pass
--- http_extra
    violet_cart_errors submit-only;
--- request eval
["$::Payment/40001/payment\n$::Complete",
 "POST /v1/orders\n{\"app_order_id\": 40001}"]
--- error_code eval
[400, 400]
--- response_headers eval
["!X-Violet-Cart-Outcome", "!X-Violet-Cart-Outcome"]
--- response_body_like eval
['\A\{"message"', '\A\{"message"']



=== submit-only does not leave the submit to proxy_pass
--- http_extra
    violet_cart_errors submit-only;
--- request
POST /v1/checkout/cart/40001/submit
{}
--- cart_problem eval: $::Gone



=== violet_cart_errors off passes Violet's answer, with the outcome
--- http_extra
    violet_cart_errors off;
--- request eval
"$::Payment/40001/payment\n$::Complete"
--- error_code: 400
--- response_headers
X-Violet-Cart-Outcome: failed
--- response_body_like: \A\{"message"
