# Answers after which the cart may be ordered: a caller must not hear "failed",
# or the cart would be ordered twice.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Submit = 'POST /v1/checkout/cart';

# One answer for each cart, from 1 on: a status and a body.
sub answers {
    my @answers = @_;

    my $locations = '';
    my $cart = 0;

    while (my ($status, $body) = splice @answers, 0, 2) {
        $cart++;
        $body =~ s/([\\'])/\\$1/g;
        $locations .= "location /v1/checkout/cart/$cart/ { "
                      . "return $status '$body'; }\n";
    }

    return "
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
    }

    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        default_type application/json;
        $locations
    }
";
}

sub exception {
    my ($message, $error) = @_;

    $error //= 'external_cart_completion_error';

    return qq({"message":"$message","error":"$error","code":2503});
}

# An order of one bag that is IN_PROGRESS, with an error of the submit.
sub bag_error {
    my ($message, $bag) = @_;

    $bag //= '';

    return qq({"id":1,"status":"IN_PROGRESS","bags":[{"id":1,"status":)
           . qq("IN_PROGRESS"$bag}],"errors":[{"bag_id":1,"type":)
           . qq("EXTERNAL_SUBMIT_CART","message":"$message"}]});
}

our $Generic = 'A store is currently not accepting new orders. This is likely '
               . 'temporary. Please wait a few moments then try again.';

no_long_string();
run_tests();

__DATA__

=== an exception after which the order may exist is unknown
--- http_config eval
::answers(400 => ::exception('Read timed out'),
          422 => ::exception('Internal server error'),
          400 => ::exception("Could not complete external cart: 504 Gateway"),
          400 => ::exception($::Generic))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1 .. 4]
--- cart_problem eval
["status: 400\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_TIMEOUT",
 "status: 422\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR",
 "status: 400\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR",
 "status: 400\noutcome: unknown\nretry: later
errors.0.reason: MERCHANT_UNAVAILABLE"]
--- mock_submits: 0



=== a bag whose error is such a one is unknown
--- http_config eval
::answers(200 => ::bag_error('Read timed out'),
          200 => ::bag_error($::Generic))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1, 2]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: manual
errors.0.reason: UPSTREAM_TIMEOUT\nbags.0.outcome: unknown",
 "status: 502\noutcome: unknown\nretry: manual
errors.0.reason: MERCHANT_UNAVAILABLE\nbags.0.outcome: unknown"]
--- mock_submits: 0



=== a submit in progress is unknown under 404 and 412 too
--- http_config eval
::answers(404 => ::exception('x', 'bag_submission_in_progress'),
          412 => ::exception('x', 'bag_submission_in_progress'))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1, 2]
--- cart_problem eval
["status: 404\noutcome: unknown\nretry: later
errors.0.reason: SUBMIT_IN_PROGRESS",
 "status: 412\noutcome: unknown\nretry: later
errors.0.reason: SUBMIT_IN_PROGRESS"]
--- mock_submits: 0



=== words of an earlier submit that succeeded are unknown
--- http_config eval
::answers(400 => ::exception('Cart cannot be submitted. Current status: '
                             . 'COMPLETED'),
          400 => ::exception('The cart was converted to an order'),
          400 => ::exception('Duplicate submission'),
          400 => ::exception('PaymentIntent already succeeded'))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1 .. 4]
--- cart_problem eval
[("status: 400\noutcome: unknown\nretry: later
errors.0.reason: ALREADY_SUBMITTED") x 4]
--- mock_submits: 0



=== a word that is about something else is no doubt
--- http_config eval
::answers(400 => ::exception('Could not complete external cart: Duplicate '
                             . 'discount code'))
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: DISCOUNT_INVALID
--- mock_submits: 0



=== an operator's pattern hides no doubt, and can make an error doubtful
--- http_config eval
'    violet_cart_reason "wait" CART_NOT_READY;
    violet_cart_reason "E17" UPSTREAM_ERROR;
' . ::answers(404 => ::exception('please wait', 'bag_submission_in_progress'),
              400 => ::exception('wait: Read timed out'),
              400 => ::exception('Till E17'))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1 .. 3]
--- cart_problem eval
["status: 404\noutcome: unknown\nretry: later
errors.0.reason: SUBMIT_IN_PROGRESS",
 "status: 400\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_TIMEOUT",
 "status: 400\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_ERROR"]
--- mock_submits: 0



=== a bag that the merchant has is unknown, whatever its error
--- http_config eval
::answers(200 => ::bag_error('Sold out', ',"external_id":"543"'),
          200 => ::bag_error('Sold out', ',"financial_status":"PAID"'),
          200 => ::bag_error('Sold out', ',"external_id":null'))
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1 .. 3]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: manual
errors.0.reason: ITEM_UNAVAILABLE\nbags.0.outcome: unknown",
 "status: 502\noutcome: unknown\nretry: manual
errors.0.reason: ITEM_UNAVAILABLE\nbags.0.outcome: unknown",
 "status: 422\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE\nbags.0.outcome: failed"]
--- mock_submits: 0



=== an order that says nothing is unknown, not pending
--- http_config eval
::answers(200 => '{"id":1,"status":"CANCELED"}',
          200 => '{"id":6,"status":"ERROR"}')
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1, 2]
--- cart_problem eval
[("status: 502\noutcome: unknown\nretry: manual\nerrors.0.reason: OTHER") x 2]
--- mock_submits: 0



=== payments: one that goes on outweighs one that failed, a failed capture is doubt
--- http_config eval
my $order = '{"id":1,"status":"IN_PROGRESS","bags":[{"id":1,"status":'
            . '"IN_PROGRESS"},{"id":2,"status":"ACCEPTED"}],'
            . '"payment_transactions":[';
::answers(200 => "$order" . '{"status":"FAILED","related_bags":[1]},'
                 . '{"status":"CAPTURED","related_bags":[2]}]}',
          200 => "$order" . '{"status":"AUTHORIZED","capture_status":'
                 . '"FAILED","related_bags":[1]}]}')
--- request eval
[map { "$::Submit/$_/submit\n{}" } 1, 2]
--- cart_problem eval
["status: 422\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: PAYMENT_FAILED\nbags.0.outcome: failed",
 "status: 422\noutcome: partial\nretry: manual
errors.0.reason: PAYMENT_FAILED\nbags.0.outcome: unknown"]
--- mock_submits: 0



=== FAILED, then CAPTURED, of one bag: pending
--- http_config eval
::answers(200 => '{"id":1,"status":"IN_PROGRESS","bags":[{"id":1,"status":'
                 . '"IN_PROGRESS"}],"payment_transactions":[{"status":'
                 . '"FAILED"},{"status":"CAPTURED"}]}')
--- request eval
"$::Submit/1/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: pending
--- mock_submits: 0



=== an error of a step before the submit, of one of two bags: failed
--- http_config eval
::answers(200 => '{"id":1,"status":"IN_PROGRESS","bags":[{"id":1,"status":'
                 . '"IN_PROGRESS"},{"id":2,"status":"IN_PROGRESS"}],'
                 . '"errors":[{"bag_id":2,"type":"EXTERNAL_CREATE_CART",'
                 . '"message":"[API] This app is not approved"}]}')
--- request eval
"$::Submit/1/submit\n{}"
--- cart_problem
status: 422
outcome: failed
retry: after_change
errors.0.reason: OTHER
bags.0.outcome: pending
bags.1.outcome: failed
--- mock_submits: 0



=== a 401 about a merchant's payment token is not repeated with another token
--- app: app_id 10000; app_secret mock-app-secret; refresh_token mock-refresh-token;
--- request
POST /v1/checkout/cart/42001/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: manual
errors.0.reason: CREDENTIALS_REJECTED
errors.0.violet.error: external_cart_completion_error
--- mock_submits: 1
