# A cart submit that Violet answers with anything but an order: one schema for
# all of it.  The contract's section 7, its first table.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

# Violet's answer as a string of nginx's configuration.
our $Upstream = <<'END';
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
END

sub answer {
    my ($status, $body) = @_;

    $body =~ s/([\\'])/\\$1/g;

    return "$::Upstream
    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        default_type application/json;

        location / {
            return $status '$body';
        }
    }
";
}

no_long_string();
run_tests();

__DATA__

=== an API exception of one bag: each SKU of it is an error
--- request
POST /v1/checkout/cart/40001/submit
{}
--- cart_problem
type: urn:ngx-violet:cart-submit-failed
title: The cart was not submitted
status: 400
detail: Could not complete external cart: One or more items in the cart are no longer available for purchase.
message: Could not complete external cart: One or more items in the cart are no longer available for purchase.
error: external_cart_completion_error
code: 2503
outcome: failed
retry: after_change
cart_id: 40001
order_id: null
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.message: This item is no longer available for purchase.
errors.0.scope: SKU
errors.0.blocking: true
errors.0.bag_id: 77777
errors.0.merchant_id: null
errors.0.sku_id: 99999
errors.0.order_sku_id: 88888
errors.0.name: Sample Product
errors.0.platform: null
errors.0.violet: {"id":null,"error":"external_cart_completion_error","code":2503,"type":null,"entity_id":null,"entity_type":null,"date_created":null}
bags: []
upstream: {"status":400,"error":"external_cart_completion_error","code":2503}
order: null



=== an API exception with its SKUs in camelCase reads the same
--- request
POST /v1/checkout/cart/41001/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.scope: SKU
errors.0.bag_id: 77777
errors.0.sku_id: 99999
errors.0.order_sku_id: 88888
errors.0.name: Sample Product
upstream: {"status":400,"error":"external_cart_completion_error","code":2503}



=== 422 with an API exception keeps its status
--- request
POST /v1/checkout/cart/42201/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.sku_id: 99999
upstream.status: 422
--- raw_response_headers_like: ^HTTP/1\.1 422 Unprocessable Content\r\n



=== 422 with its SKUs in camelCase reads the same
--- request
POST /v1/checkout/cart/42301/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
errors.0.sku_id: 99999
errors.0.order_sku_id: 88888
errors.0.bag_id: 77777
upstream.status: 422



=== an API exception without SKUs is one error of the cart
--- request
POST /v1/checkout/cart/41901/submit
{}
--- cart_problem
status: 400
detail: Payment failed: Your card was declined.
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.message: Payment failed: Your card was declined.
errors.0.scope: CART
errors.0.blocking: true
errors.0.bag_id: null
errors.0.sku_id: null
errors.0.violet.error: payment_failed
errors.0.violet.code: 2419
upstream: {"status":400,"error":"payment_failed","code":2419}



=== code 2503 alone gives no reason: the message gives the reason
--- request
POST /v1/checkout/cart/41101/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: SHIPPING_INVALID
errors.0.violet.error: null
errors.0.violet.code: 2503
upstream: {"status":400,"error":null,"code":2503}



=== the "error" gives the reason, with any message
--- http_config eval
::answer(400, '{"message":"Your card was declined.","error":"offer_not_published","code":1}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
errors.0.message: Your card was declined.
--- mock_submits: 0



=== a message that no pattern matches is OTHER
--- http_config eval
::answer(400, '{"message":"Computer says no.","code":2503}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
detail: Computer says no.
message: Computer says no.
error: other
code: 2503
outcome: failed
retry: after_change
errors.0.reason: OTHER
--- mock_submits: 0



=== the older envelope is an API exception: its code is error_code
--- request
POST /v1/checkout/cart/42401/submit
{}
--- cart_problem
status: 400
detail: The cart holds no items.
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: OTHER
errors.0.message: The cart holds no items.
errors.0.violet.code: 20
upstream: {"status":400,"error":null,"code":20}



=== error_code alone makes an API exception
--- http_config eval
::answer(400, '{"error_code":20}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: OTHER
errors.0.violet.code: 20
upstream: {"status":400,"error":null,"code":20}
--- mock_submits: 0



=== code alone makes an API exception
--- http_config eval
::answer(400, '{"code":20}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: OTHER
upstream: {"status":400,"error":null,"code":20}
--- mock_submits: 0



=== error and message without a code make an API exception
--- http_config eval
::answer(400, '{"error":"Bad Request","message":"The cart is empty."}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: CART_NOT_READY
upstream: {"status":400,"error":"Bad Request","code":null}
--- mock_submits: 0



=== a numeric status alone makes an API exception
--- http_config eval
::answer(400, '{"status":400}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: OTHER
upstream: {"status":400,"error":null,"code":null}
--- mock_submits: 0



=== a message alone does not make an API exception: unknown
--- http_config eval
::answer(400, '{"message":"The cart is empty."}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.0.reason: OTHER
--- mock_submits: 0



=== a 4xx other than those listed, with an API exception, keeps its status
--- http_config eval
::answer(410, '{"error":"gone","message":"The cart is empty.","code":7}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 410
outcome: failed
retry: after_change
errors.0.reason: CART_NOT_READY
upstream.status: 410
--- mock_submits: 0



=== 4xx with a body of another form
--- request
POST /v1/checkout/cart/41801/submit
{}
--- cart_problem
status: 418
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: OTHER
upstream: {"status":418,"error":null,"code":null}
order: null



=== 401: the submit may be repeated, and says when
--- request
POST /v1/checkout/cart/40101/submit
{}
--- cart_problem
status: 502
outcome: failed
retry: later
errors.#: 1
errors.0.reason: CREDENTIALS_REJECTED
errors.0.scope: CART
errors.0.violet.code: 11
upstream: {"status":401,"error":null,"code":11}
order: null



=== a 401 is not repeated without another token
--- request
POST /v1/checkout/cart/40201/submit
{}
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: CREDENTIALS_REJECTED



=== 409: another submit is under way
--- request
POST /v1/checkout/cart/40901/submit
{}
--- cart_problem
type: urn:ngx-violet:cart-submit-unknown
status: 409
detail: A bag of this cart is being submitted.
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: SUBMIT_IN_PROGRESS
errors.0.blocking: true
upstream: {"status":409,"error":"bag_submission_in_progress","code":2409}



=== 409 without a body
--- http_config eval
::answer(409, '')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 409
outcome: unknown
retry: later
errors.0.reason: SUBMIT_IN_PROGRESS
--- mock_submits: 0



=== 408
--- request
POST /v1/checkout/cart/40801/submit
{}
--- cart_problem
status: 408
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: OTHER
upstream: {"status":408,"error":null,"code":null}



=== 425
--- request
POST /v1/checkout/cart/42501/submit
{}
--- cart_problem
status: 425
outcome: unknown
retry: later
errors.0.reason: OTHER
--- raw_response_headers_like: ^HTTP/1\.1 425 Too Early\r\n



=== 429: other bags may be through
--- request
POST /v1/checkout/cart/42901/submit
{}
--- cart_problem
status: 429
outcome: unknown
retry: later
errors.0.reason: RATE_LIMITED
upstream: {"status":429,"error":"platform_throttled","code":2429}



=== 4xx that says that the cart is already submitted
--- request
POST /v1/checkout/cart/41401/submit
{}
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: ALREADY_SUBMITTED
upstream: {"status":400,"error":"cart_already_submitted","code":2414}



=== 4xx whose message alone says that the order is already completed
--- request
POST /v1/checkout/cart/41501/submit
{}
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.0.reason: ALREADY_SUBMITTED
errors.0.message: Order 41501 is already completed.



=== 4xx whose "error" alone says that the cart is already submitted
--- http_config eval
::answer(412, '{"error":"order_already_completed","message":"No.","code":9}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 412
outcome: unknown
retry: later
errors.0.reason: ALREADY_SUBMITTED
--- mock_submits: 0



=== a 404 that says that the cart is already submitted is not CART_NOT_FOUND
--- http_config eval
::answer(404, '{"error":"not_found","message":"The cart was not found: it has already been submitted.","code":9}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 404
outcome: unknown
retry: later
errors.0.reason: ALREADY_SUBMITTED
--- mock_submits: 0



=== 403 without an API exception
--- request
POST /v1/checkout/cart/40301/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.#: 1
errors.0.reason: CREDENTIALS_REJECTED
upstream: {"status":403,"error":null,"code":null}



=== 403 with an API exception
--- request
POST /v1/checkout/cart/41301/submit
{}
--- cart_problem
status: 403
outcome: failed
retry: after_change
errors.0.reason: ADDRESS_INVALID
upstream: {"status":403,"error":"blocked_address","code":4236}



=== 404 with an API exception
--- request
POST /v1/checkout/cart/40401/submit
{}
--- cart_problem
status: 404
detail: Cart 40401 not found.
outcome: failed
retry: new_cart
errors.#: 1
errors.0.reason: CART_NOT_FOUND
upstream: {"status":404,"error":"cart_not_found","code":2404}



=== 404 in Spring's own form
--- request
POST /v1/checkout/cart/41701/submit
{}
--- cart_problem
status: 404
outcome: failed
retry: new_cart
errors.0.reason: CART_NOT_FOUND
upstream: {"status":404,"error":"Not Found","code":null}



=== 404 with an HTML page: unknown
--- request
POST /v1/checkout/cart/41601/submit
{}
--- cart_problem
status: 404
outcome: unknown
retry: later
errors.0.reason: OTHER
upstream: {"status":404,"error":null,"code":null}



=== 412 with an API exception
--- request
POST /v1/checkout/cart/41201/submit
{}
--- cart_problem
status: 412
detail: The cart has not been priced.
outcome: failed
retry: after_change
errors.0.reason: CART_NOT_READY
upstream: {"status":412,"error":"cart_not_priced","code":2412}



=== 412 without a JSON error body
--- http_config eval
::answer(412, '')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 412
outcome: unknown
retry: later
errors.0.reason: OTHER
--- mock_submits: 0



=== 500 with an API exception
--- request
POST /v1/checkout/cart/50001/submit
{}
--- cart_problem
status: 500
detail: Something went wrong on our side.
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_ERROR
errors.0.scope: CART
upstream: {"status":500,"error":"internal_error","code":1000}
order: null



=== 500 with an HTML page, which does not reach the caller
--- request
POST /v1/checkout/cart/51001/submit
{}
--- cart_problem
status: 500
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
upstream: {"status":500,"error":null,"code":null}
--- response_body_unlike: Oops



=== 503: Violet's own Retry-After does not pass
--- request
POST /v1/checkout/cart/50301/submit
{}
--- cart_problem
status: 503
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
upstream.status: 503



=== a completed order under 502 is unknown
--- request
POST /v1/checkout/cart/51101/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
upstream.status: 502



=== Violet's own 504 is UPSTREAM_ERROR, not UPSTREAM_TIMEOUT
--- http_config eval
::answer(504, '')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 504
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
upstream.status: 504
--- mock_submits: 0



=== 3xx: the Location does not pass
--- request
POST /v1/checkout/cart/30101/submit
{}
--- response_headers
! Location
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: 301



=== 2xx with an API exception
--- request
POST /v1/checkout/cart/22001/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.scope: SKU
errors.0.sku_id: 99999
upstream: {"status":202,"error":"external_cart_completion_error","code":2503}
order: null



=== 2xx with an empty object
--- request
POST /v1/checkout/cart/21801/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: UPSTREAM_INVALID
upstream: {"status":200,"error":null,"code":null}
order: null



=== 2xx without a body
--- request
POST /v1/checkout/cart/21901/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: 200



=== 204
--- http_config eval
::answer(204, '')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
upstream.status: 204
--- mock_submits: 0



=== 2xx with an array
--- request
POST /v1/checkout/cart/22101/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null



=== 2xx with a sentence: length and offset are logged, not what it says
--- request
POST /v1/checkout/cart/21701/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- error_log eval
qr/\[error\] .*violet: .*cart 21701 .*25 bytes, at byte \d+/
--- no_error_log
on its way



=== 2xx with JSON that is cut off: length and offset are logged
--- request
POST /v1/checkout/cart/22201/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log eval
qr/\[error\] .*violet: .*cart 22201 .*\b\d{4} bytes, at byte \d{4}\b/



=== 2xx with a content coding that was not asked for
--- request
POST /v1/checkout/cart/22701/submit
{}
--- response_headers
! Content-Encoding
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null



=== an order with a name twice in an object is unknown
--- http_config eval
::answer(200, '{"id":1,"status":"IN_PROGRESS","status":"COMPLETED","bags":[]}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
--- mock_submits: 0



=== two JSON texts in a row are not JSON
--- http_config eval
::answer(200, '{"id":1,"status":"COMPLETED","bags":[]} {"id":1}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- mock_submits: 0



=== request_id is $request_id, which can be sent to Violet too
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_set_header X-Request-Id $request_id;
        }
--- request
POST /v1/checkout/cart/40002/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
request_id: (sent)
errors.0.reason: ITEM_UNAVAILABLE



=== the largest cart id is not rounded
--- request
POST /v1/checkout/cart/9223372036854775807/submit
{}
--- http_config eval
::answer(500, '')
--- cart_problem
status: 500
outcome: unknown
retry: later
cart_id: 9223372036854775807
errors.0.reason: UPSTREAM_ERROR
--- mock_submits: 0



=== quotes, controls and odd characters in a message stay JSON
--- http_config eval
::answer(400, '{"code":1,"message":"\"a\\\\\u0001\u2028\ud83d\ude00 </script>"}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
detail: "\"a\\\u0001\u2028\ud83d\ude00 </script>"
errors.0.reason: OTHER
errors.0.message: "\"a\\\u0001\u2028\ud83d\ude00 </script>"
--- mock_submits: 0



=== a message that is not UTF-8 makes the answer invalid JSON
--- http_config eval
::answer(400, "{\"code\":1,\"message\":\"caf\xe9\"}")
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.0.reason: OTHER
upstream: {"status":400,"error":null,"code":null}
--- mock_submits: 0



=== a SKU's own message is preferred to that of the exception
--- http_config eval
::answer(400, '{"code":2503,"error":"e","message":"Sold out.","data":{"skus":[{"skuId":"5","message":"Your card was declined."},{"sku_id":6},7]}}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.#: 2
errors.0.reason: PAYMENT_FAILED
errors.0.sku_id: 5
errors.1.reason: ITEM_UNAVAILABLE
errors.1.sku_id: 6
--- mock_submits: 0



=== the problem is the same with gzip, add_header and charset on
--- config
        gzip on;
        gzip_types *;
        charset koi8-r;
        charset_types *;
        add_header X-Added yes always;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request
POST /v1/checkout/cart/40003/submit
{}
--- response_headers
X-Added: yes
--- error_code: 400
--- response_body_like: "outcome":"failed","retry":"after_change","cart_id":40003
