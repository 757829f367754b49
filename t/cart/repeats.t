# Submits that are repeated: what the first answer was, and what a repeat hears.
# Each of these cases once led to a second order.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';

# A doubt as another gateway has left it: how many there were, and the age in ms.
our $Doubt = sub {
    my ($cart, $doubts, $age) = @_;

    return sprintf qq{SET $Record:%s "2 7.0000abcd unknown 0 0 %d 0 %d }
                   . qq{%d 0 %s - - 86400000" PX 86400000\n},
        $cart, $doubts, $age, int((time - 7200) * 1000), 'a' x 32;
};

our $Unresolved = <<'END';
status: 409
outcome: unknown
retry: later
errors.0.reason: SUBMIT_UNRESOLVED
END

# A Violet that answers each submit so, and shows the cart as not submitted.
our $Violet = sub {
    my ($status, $body) = @_;
    my $order = '{"id":1,"status":"IN_PROGRESS",'
                . '"bags":[{"id":1,"status":"IN_PROGRESS"}]}';

    return "
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    violet_redis redis://127.0.0.1:\$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s;

    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
    }

    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        default_type application/json;
        location = /v1/checkout/cart/1/submit { return $status '$body'; }
        location = /v1/checkout/cart/1 { return 200 '$order'; }
    }
";
};

no_long_string();
run_tests();

__DATA__

=== pending, and rejected since: the repeat is told so, and nothing is sent
--- request eval
["$::Cart/20201/submit\n{}", "POST /_mock/cart?20201=rejected",
 "$::Cart/20201/submit\n{}"]
--- error_code eval
[200, 200, 422]
--- response_headers eval
["X-Violet-Cart-Outcome: pending\n!X-Violet-Submit-Replayed", "",
 "X-Violet-Cart-Outcome: failed\nX-Violet-Submit-Replayed: true"]
--- mock_submits: 1
--- redis_check eval
"GET $::Record:20201
=~ ^2 \\d+\\.[0-9a-f]{8} failed "



=== a key after a submit without one
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}",
 "$::Cart/20001/submit\n{ }"]
--- more_headers eval
["", "Idempotency-Key: one", "Idempotency-Key: two"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed",
 ("X-Violet-Cart-Outcome: completed\nX-Violet-Submit-Replayed: true") x 2]
--- mock_submits: 1



=== 500 to each submit: the eighth doubt is counted, and takes an hour
--- mock_commands
/_mock/cart?20002=open
/_mock/fault?cart_submit/20002=500
--- redis_commands eval
$::Doubt->(20002, 7, 3_610_000)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20002/submit\n{}"]
--- cart_problem eval
["status: 500\noutcome: unknown\nretry: later\nretry_after: 3600
errors.0.reason: UPSTREAM_ERROR",
 "$::Unresolved\nretry_after: <=3600"]
--- mock_submits: 1
--- redis_check eval
"GET $::Record:20002
=~ ^2 \\d+\\.[0-9a-f]{8} unknown 0 0 8 "



=== HTML with 405 to each submit: the pauses grow
--- http_config eval: $::Violet->(405, '<html>405</html>')
--- redis_commands eval: $::Doubt->(1, 6, 3_600_000)
--- request eval
["$::Cart/1/submit\n{}", "$::Cart/1/submit\n{}"]
--- cart_problem eval
["status: 405\noutcome: unknown\nretry: later\nretry_after: 3600
errors.0.reason: OTHER", "$::Unresolved\nretry_after: <=3600"]
--- mock_submits: 0



=== an order that says nothing is not sent again
--- http_config eval: $::Violet->(200, '{"id":1,"status":"ERROR"}')
--- request eval
["$::Cart/1/submit\n{}", "$::Cart/1/submit\n{}"]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: manual\nerrors.0.reason: OTHER",
 $::Unresolved]
--- mock_submits: 0



=== an order that is canceled and lists no bags is not sent again
--- http_config eval: $::Violet->(200, '{"id":1,"status":"CANCELED"}')
--- request eval
["$::Cart/1/submit\n{}", "$::Cart/1/submit\n{}"]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: manual\nerrors.0.reason: OTHER",
 $::Unresolved]
--- mock_submits: 0



=== the merchant's platform said that it timed out: not sent again
--- http_config eval
$::Violet->(400, '{"message":"Read timed out","code":2503,'
                 . '"error":"external_cart_completion_error"}')
--- request eval
["$::Cart/1/submit\n{}", "$::Cart/1/submit\n{}"]
--- cart_problem eval
["status: 400\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_TIMEOUT", $::Unresolved]
--- mock_submits: 0
