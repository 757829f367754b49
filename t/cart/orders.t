# A cart submit that Violet answers with an order: the orders that pass, byte
# for byte, and the others.  The contract's section 7, its second table.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

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

# Violet's 200 with an order.
sub order {
    my ($body) = @_;

    $body =~ s/([\\'])/\\$1/g;

    return "$::Upstream
    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        default_type application/json;

        location / {
            return 200 '$body';
        }
    }
";
}

# An order with these bags (id => status) and other members.
sub bags {
    my ($members, @bags) = @_;

    my @texts;

    while (my ($id, $status) = splice @bags, 0, 2) {
        push @texts, qq({"id":$id,"status":"$status"});
    }

    return order('{"id":1,' . ($members ? "$members," : '')
                 . '"bags":[' . join(',', @texts) . ']}');
}

no_long_string();
run_tests();

__DATA__

=== a completed order passes
--- request
POST /v1/checkout/cart/20001/submit
{}
--- cart_passes: completed



=== a bag that is SUBMITTED is not accepted yet, whatever the others are
--- request
POST /v1/checkout/cart/20201/submit
{}
--- cart_passes: pending



=== statuses count in any letter case
--- request
POST /v1/checkout/cart/22501/submit
{}
--- cart_passes: completed



=== stale errors of accepted bags do not block
--- request
POST /v1/checkout/cart/20601/submit
{}
--- cart_passes: completed



=== a chunked order passes
--- request
POST /v1/checkout/cart/22801/submit
{}
--- cart_passes: completed



=== an order that arrives in forty pieces passes
--- request
POST /v1/checkout/cart/61201/submit
{}
--- cart_passes: completed



=== each status of a bag that counts as accepted
--- http_config eval
::bags('"status":"IN_PROGRESS"', 2 => 'ACCEPTED',
       3 => 'COMPLETED', 4 => 'BACKORDERED', 5 => 'PARTIALLY_REFUNDED',
       6 => 'REFUNDED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: completed
Content-Type: application/json
--- response_body_like: \A\{"id":1,.*"REFUNDED"\}\]\}\z
--- mock_submits: 0



=== an accepted bag beside one that is pending: pending
--- http_config eval
::bags('"status":"PROCESSING"', 1 => 'ACCEPTED', 2 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: pending
--- response_body_like: \A\{"id":1,"status":"PROCESSING"
--- mock_submits: 0



=== no bag accepted, order COMPLETED: pending
--- http_config eval
::bags('"status":"COMPLETED"', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: pending
--- response_body_like: \A\{"id":1,"status":"COMPLETED"
--- mock_submits: 0



=== an id and a string status are an order: ACCEPTED is completed
--- http_config eval
::order('{"id":1,"status":"ACCEPTED"}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: completed
--- response_body chomp
{"id":1,"status":"ACCEPTED"}
--- mock_submits: 0



=== an order that Violet is still processing passes as pending
--- request
POST /v1/checkout/cart/20101/submit
{}
--- cart_passes: pending



=== an unknown status of a bag is pending, not completed
--- http_config eval
::bags('"status":"IN_PROGRESS"', 1 => 'SUPERPOSED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: pending
--- response_body_like: SUPERPOSED
--- mock_submits: 0



=== an unknown status of the order is unknown
--- http_config eval
::bags('"status":"QUANTUM"', 1 => 'SUPERPOSED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: OTHER
bags.0.outcome: pending
--- mock_submits: 0



=== REQUIRES_ACTION of the order
--- request
POST /v1/checkout/cart/20301/submit
{}
--- cart_passes: requires_action



=== REQUIRES_ACTION of its payment_status
--- request
POST /v1/checkout/cart/20401/submit
{}
--- cart_passes: requires_action



=== REQUIRES_ACTION of a transaction
--- request
POST /v1/checkout/cart/20501/submit
{}
--- cart_passes: requires_action



=== REQUIRES_ACTION counts more than a bag that is accepted
--- http_config eval
::bags('"status":"REQUIRES_ACTION","errors":[{"bag_id":2,"message":"Old."}]',
       1 => 'IN_PROGRESS', 2 => 'ACCEPTED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: requires_action
--- response_body_like: REQUIRES_ACTION
--- mock_submits: 0



=== REQUIRES_ACTION with a failed bag is not requires_action
--- http_config eval
::bags('"status":"REQUIRES_ACTION"', 1 => 'REJECTED', 2 => 'ACCEPTED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
order_id: 1
errors.0.reason: OTHER
errors.0.bag_id: 1
--- mock_submits: 0



=== one bag of two: partial, every key of it
--- request
POST /v1/checkout/cart/20701/submit
{}
--- raw_response_headers_like: ^HTTP/1\.1 422 Unprocessable 
--- cart_problem
type: urn:ngx-violet:cart-submit-partial
status: 422
detail: This item is no longer available for purchase.
outcome: partial
retry: new_cart_for_failed_bags
cart_id: 20701
order_id: 20701
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.message: This item is no longer available for purchase.
errors.0.scope: SKU
errors.0.blocking: true
errors.0.bag_id: 11112
errors.0.merchant_id: 10001
errors.0.sku_id: 99999
errors.0.order_sku_id: null
errors.0.platform: SHOPIFY
errors.0.violet: {"id":55555,"error":null,"code":null,"type":"EXTERNAL_SUBMIT_CART","entity_id":"99999","entity_type":"SKU","date_created":"2023-11-07T05:31:56Z"}
bags: [{"bag_id":11111,"merchant_id":10000,"merchant_name":"Legacy Games","status":"ACCEPTED","financial_status":"PAID","outcome":"accepted"},{"bag_id":11112,"merchant_id":10001,"merchant_name":"Second Store","status":"REJECTED","financial_status":"VOIDED","outcome":"failed"}]
upstream: {"status":200,"error":null,"code":null}
order: (Violet's)



=== partial with ids as strings, above 2^53: none is rounded
--- request
POST /v1/checkout/cart/22601/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE
errors.0.bag_id: 9007199254711112
bags.0.bag_id: 9007199254711111
bags.1.bag_id: 9007199254711112
bags.0.outcome: accepted
bags.1.outcome: failed
order: (Violet's)



=== partial because a payment failed
--- request
POST /v1/checkout/cart/22301/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.message: Your card was declined.
errors.0.scope: PAYMENT
errors.0.blocking: true
errors.0.bag_id: 11112
errors.0.merchant_id: 10001
errors.0.violet.id: 4711
errors.0.violet.error: card_declined
bags.0.outcome: accepted
bags.1.outcome: failed
bags.1.status: IN_PROGRESS
order: (Violet's)



=== partial because of an error that names a bag that is not listed
--- http_config eval
::bags('"status":"COMPLETED","errors":[{"bag_id":2,"message":"Sold out."}]',
       1 => 'ACCEPTED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: manual
errors.0.reason: ITEM_UNAVAILABLE
errors.0.scope: BAG
errors.0.bag_id: 2
bags.0.outcome: accepted
--- mock_submits: 0



=== EXTERNAL_SUBMIT_CART on an accepted bag is a contradiction
--- request
POST /v1/checkout/cart/21101/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.#: 2
errors.0.reason: OTHER
errors.0.blocking: true
errors.1.reason: ITEM_UNAVAILABLE
errors.1.blocking: false
bags.#: 1
bags.0.outcome: unknown
order: (Violet's)



=== errors of an order that lists no bags
--- request
POST /v1/checkout/cart/21401/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.#: 1
errors.0.reason: OTHER
errors.0.message: The order could not be placed.
errors.0.scope: CART
errors.0.blocking: true
bags: []
order_id: 21401
order: (Violet's)



=== an errors array alone is an order without bags
--- http_config eval
::order('{"errors":[{"message":"Sold out."}]}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.0.reason: ITEM_UNAVAILABLE
order_id: null
order: {"errors":[{"message":"Sold out."}]}
--- mock_submits: 0



=== only payment errors, with the transaction's own
--- request
POST /v1/checkout/cart/21201/submit
{}
--- cart_problem
status: 422
detail: Your card was declined.
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.message: Your card was declined.
errors.0.scope: PAYMENT
errors.0.blocking: true
errors.0.violet.id: 4711
errors.0.violet.error: card_declined
errors.0.violet.date_created: 2024-08-29T22:52:52+0000
bags.0.outcome: failed
bags.1.outcome: failed
order: (Violet's)



=== only payment errors, of a transaction that names neither bags nor errors
--- request
POST /v1/checkout/cart/21301/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.scope: PAYMENT
errors.0.bag_id: null
bags.0.outcome: failed
bags.1.outcome: failed
order: (Violet's)



=== a payment that failed while the order is PROCESSING: unknown
--- http_config eval
::bags('"status":"PROCESSING","payment_transactions":[{"status":"FAILED"}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: PAYMENT_FAILED
bags.0.outcome: unknown
--- mock_submits: 0



=== only payment errors, of one of two bags
--- http_config eval
::bags('"status":"IN_PROGRESS","payment_transactions":[{"status":"FAILED","related_bags":["2"]}]', 1 => 'IN_PROGRESS', 2 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.bag_id: 2
bags.0.outcome: pending
bags.1.outcome: failed
--- mock_submits: 0



=== a payment error beside another that blocks
--- http_config eval
::bags('"status":"CANCELED","payment_transactions":[{"status":"FAILED"}],"errors":[{"bag_id":1,"message":"Sold out."}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: new_cart
errors.#: 2
errors.0.reason: ITEM_UNAVAILABLE
errors.1.reason: PAYMENT_FAILED
bags.0.outcome: failed
--- mock_submits: 0



=== a CANCELLED capture_status blocks as well
--- http_config eval
::bags('"status":"IN_PROGRESS","payment_transactions":[{"capture_status":"CANCELLED","related_bags":["1"]}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.0.reason: PAYMENT_FAILED
errors.0.bag_id: 1
bags.0.outcome: failed
--- mock_submits: 0



=== errors of a transaction that did not fail do not block
--- http_config eval
::bags('"status":"IN_PROGRESS","payment_transactions":[{"status":"AUTHORIZED","errors":[{"message":"Your card was declined.","resolved":false}]}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: pending
--- response_body_like: AUTHORIZED
--- mock_submits: 0



=== errors of a failed transaction that are resolved are left out
--- http_config eval
::bags('"status":"IN_PROGRESS","payment_transactions":[{"status":"FAILED","errors":[{"message":"Old.","resolved":true},{"message":"New.","resolved":false}]}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: PAYMENT_FAILED
errors.0.message: New.
--- mock_submits: 0



=== every bag failed, order IN_PROGRESS: the cart can be changed
--- request
POST /v1/checkout/cart/20801/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 2
errors.0.reason: ITEM_UNAVAILABLE
errors.0.bag_id: 11111
errors.0.merchant_id: 10000
errors.0.scope: SKU
errors.1.reason: SHIPPING_INVALID
errors.1.bag_id: 11112
errors.1.merchant_id: 10001
errors.1.scope: BAG
errors.1.platform: MAGENTO
bags.0.outcome: failed
bags.1.outcome: failed
order: (Violet's)



=== every bag failed, no order status: the same
--- http_config eval
::bags('', 1 => 'REJECTED', 2 => 'CANCELED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 2
errors.0.reason: OTHER
errors.0.bag_id: 1
errors.1.bag_id: 2
bags.0.outcome: failed
bags.1.outcome: failed
--- mock_submits: 0



=== a failed bag that no error names gets one
--- request
POST /v1/checkout/cart/22401/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: OTHER
errors.0.scope: BAG
errors.0.blocking: true
errors.0.bag_id: 11111
errors.0.merchant_id: 10000
errors.0.violet: {"id":null,"error":null,"code":null,"type":null,"entity_id":null,"entity_type":null,"date_created":null}
bags.0.outcome: failed
order: (Violet's)



=== every bag failed, order CANCELED: this cart is used up
--- request
POST /v1/checkout/cart/20901/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: new_cart
errors.#: 2
errors.0.reason: ITEM_UNAVAILABLE
errors.1.reason: SHIPPING_INVALID
bags.0.outcome: failed
bags.1.outcome: failed
order: (Violet's)



=== a REJECTED order fails the bags that were not accepted
--- http_config eval
::bags('"status":"REJECTED"', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: new_cart
errors.0.reason: OTHER
bags.0.outcome: failed
--- mock_submits: 0



=== a CANCELED order with an accepted bag is partial
--- http_config eval
::bags('"status":"CANCELED"', 1 => 'ACCEPTED', 2 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: partial
retry: new_cart_for_failed_bags
errors.0.reason: OTHER
errors.0.bag_id: 2
bags.0.outcome: accepted
bags.1.outcome: failed
--- mock_submits: 0



=== some bags failed, some pending: unknown
--- request
POST /v1/checkout/cart/21001/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.bag_id: 11112
bags.0.outcome: pending
bags.1.outcome: failed
order: (Violet's)



=== INTERNAL_ADD_ITEM never blocks, not even a bag that was not accepted
--- http_config eval
::bags('"status":"IN_PROGRESS","errors":[{"type":"internal_add_item","bag_id":1,"message":"x"}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
X-Violet-Cart-Outcome: pending
--- response_body_like: internal_add_item
--- mock_submits: 0



=== an error of another type blocks a bag that was not accepted
--- http_config eval
::bags('"status":"IN_PROGRESS","errors":[{"type":"EXTERNAL_ADD_ITEM","bag_id":"1","message":"x"}]', 1 => 'IN_PROGRESS')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.0.reason: ITEM_INVALID
errors.0.blocking: true
errors.0.violet.type: EXTERNAL_ADD_ITEM
bags.0.outcome: failed
--- mock_submits: 0



=== an error's type gives the reason, before its message
--- http_config eval
::bags('"status":"IN_PROGRESS","errors":[{"type":"EXTERNAL_SET_SHIPPING_METHOD","bag_id":1,"message":"Your card was declined."}]', 1 => 'REJECTED')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: SHIPPING_INVALID
--- mock_submits: 0



=== camelCase keys read the same
--- http_config eval
::order('{"id":1,"status":"IN_PROGRESS","bags":[{"id":"7","merchantId":"8","merchantName":"M","financialStatus":"VOIDED","status":"REJECTED"}],"errors":[{"bagId":"7","entityId":"9","entityType":"SKU","orderSkuId":"10","message":"Sold out.","dateCreated":"now"}]}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.#: 1
errors.0.reason: ITEM_UNAVAILABLE
errors.0.bag_id: 7
errors.0.merchant_id: 8
errors.0.sku_id: 9
errors.0.order_sku_id: 10
errors.0.scope: SKU
errors.0.violet.date_created: now
bags: [{"bag_id":7,"merchant_id":8,"merchant_name":"M","status":"REJECTED","financial_status":"VOIDED","outcome":"failed"}]
--- mock_submits: 0



=== an order without an id has its order_id
--- http_config eval
::order('{"orderId":"9007199254740993","status":"IN_PROGRESS","bags":[{"id":1,"status":"REJECTED"}]}')
--- request
POST /v1/checkout/cart/1/submit
{}
--- cart_problem
status: 422
outcome: failed
retry: after_change
order_id: 9007199254740993
errors.0.reason: OTHER
--- mock_submits: 0



=== the order in the problem is a copy of Violet's bytes
--- http_config eval
::order('{ "id" : 1e0 , "status":"IN_PROGRESS", "total": 10.00, "big": 12345678901234567890, "text": "\u0041\/", "bags":[{"id":1,"status":"REJECTED"}] }')
--- request
POST /v1/checkout/cart/1/submit
{}
--- error_code: 422
--- response_headers
X-Violet-Cart-Outcome: failed
--- response_body_like: ,"order":\{ "id" : 1e0 , "status":"IN_PROGRESS", "total": 10\.00, "big": 12345678901234567890, "text": "\\u0041\\/", "bags":\[\{"id":1,"status":"REJECTED"\}\] \}\}\z
--- mock_submits: 0



=== an order of 5 MB passes if violet_buffer_limit allows it
--- config
        location /v1/ {
            violet shop;
            violet_buffer_limit 8m;
            proxy_pass http://violet_api;
        }
--- request
POST /v1/checkout/cart/21501/submit
{}
--- cart_passes: completed



=== Violet's headers pass with its answer, except X-Accel-*
--- request
POST /v1/checkout/cart/22901/submit
{}
--- response_headers
Set-Cookie: JSESSIONID=of-somebody; Path=/
Cache-Control: no-store
ETag: "violet"
Expires: Thu, 01 Jan 1970 00:00:01 GMT
! X-Accel-Redirect
! X-Accel-Expires
! X-Accel-Buffering
--- cart_passes: completed



=== a problem has none of Violet's headers
--- http_config eval
$::Upstream . '
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        default_type application/json;
        add_header Set-Cookie a=b always;
        add_header Cache-Control public always;
        add_header ETag \'"x"\' always;
        add_header X-Accel-Redirect /elsewhere always;
        add_header Retry-After 9 always;
        add_header X-Violet-Cart-Outcome completed always;

        location / {
            return 400 \'{"code":1,"message":"Sold out."}\';
        }
    }
'
--- request
POST /v1/checkout/cart/1/submit
{}
--- response_headers
! Set-Cookie
! Cache-Control
! ETag
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: ITEM_UNAVAILABLE
--- mock_submits: 0
