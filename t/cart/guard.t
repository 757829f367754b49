# The submit guard: the answer to a second submit of a cart, and the effect of
# a read of the cart.  The contract's section 7, "Submit guard".

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';
our $Old = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

our $Unknown = <<'END';
status: 409
outcome: unknown
retry: manual
errors.0.reason: OTHER
errors.#: 1
bags: []
upstream: {"status":null,"error":null,"code":null}
order: null
END

our $Busy = $Unknown =~ s/OTHER/SUBMIT_IN_PROGRESS/r =~ s/manual/later/r;
our $Partial = <<'END';
status: 207
outcome: partial
retry: manual
errors.0.reason: ALREADY_SUBMITTED
END

our $Off = <<'END';
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
END

no_long_string();
run_tests();

__DATA__

=== a completed submit is not sent again: Violet's order is fetched
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}",
 "GET /_mock/counts"]
--- response_headers eval
["X-Violet-Cart-Outcome: completed\n!X-Violet-Submit",
 "X-Violet-Cart-Outcome: completed\nX-Violet-Submit: repeated
Content-Type: application/json", ""]
--- response_body_like eval
['"id": 20001.*"payment_intent_client_secret"',
 '"id": 20001.*"payment_intent_client_secret"',
 '"cart_read/20001": 1.*"cart_submit/20001": 1']
--- mock_submits: 1
--- redis_check eval
"HGET $::Record:20001 state
=> completed
HGET $::Record:20001 status
=> 200
HGET $::Record:20001 v
=> 1
HLEN $::Record:20001
=> 7
PTTL $::Record:20001
=~ ^(?:[1-9]\\d{0,4}|[1-5]\\d{5}|600000)\$"



=== a completed submit is not sent again: Violet's order is fetched, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}"]
--- response_headers eval
["!X-Violet-Submit", "X-Violet-Submit: repeated"]
--- response_body_like eval
['"id": 20001', '"id": 20001']
--- mock_submits: 1



=== a repeat of a partial submit gets the same outcome and status
--- http_extra
    violet_cart_partial_status 207;
--- request eval
["$::Cart/20701/submit\n{}", "$::Cart/20701/submit\n{}"]
--- cart_problem eval
["status: 207\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE", $::Partial]
--- response_headers eval
["!X-Violet-Submit", "X-Violet-Submit: repeated"]
--- mock_submits: 1



=== after unknown no submit is sent
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID", $::Unknown]
--- mock_submits: 1
--- redis_check eval
"HGET $::Record:60001 state
=> unknown"



=== after unknown no submit is sent, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- cart_problem eval
["status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID", $::Unknown]
--- mock_submits: 1



=== "again" overrides unknown, and does not reach Violet
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}",
 "GET /_mock/last"]
--- more_headers eval
["", "X-Violet-Submit: again", ""]
--- error_code eval
[502, 502, 200]
--- response_body_like eval
["UPSTREAM_INVALID", "UPSTREAM_INVALID",
 qr/\A(?!.*x-violet-submit).*"cart_submit"/si]
--- mock_submits: 2



=== "again" overrides nothing but unknown
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}"]
--- more_headers
X-Violet-Submit: again
--- response_headers eval
["!X-Violet-Submit", "X-Violet-Submit: repeated"]
--- response_body_like eval
['"id": 20001', '"id": 20001']
--- mock_submits: 1



=== a word that is not "again" overrides nothing
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- more_headers
X-Violet-Submit: yes
--- error_code eval
[502, 409]
--- mock_submits: 1



=== after a read that shows that nothing was ordered the cart may be submitted again
--- request eval
["$::Cart/60002/submit\n{}", "GET /v1/checkout/cart/60002",
 "$::Cart/60002/submit\n{}"]
--- error_code eval
[502, 200, 502]
--- response_body_like eval
["UPSTREAM_INVALID", '"id": 60002.*"IN_PROGRESS"', "UPSTREAM_INVALID"]
--- mock_submits: 2



=== so it may after a read of the order, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/60002/submit\n{}", "GET /v1/orders/60002",
 "$::Cart/60002/submit\n{}"]
--- error_code eval
[502, 200, 502]
--- response_body_like eval
["UPSTREAM_INVALID", '"id": 60002.*"IN_PROGRESS"', "UPSTREAM_INVALID"]
--- mock_submits: 2



=== a read that shows an order, or of another cart, leaves it unknown
--- request eval
["$::Cart/60001/submit\n{}", "GET /v1/checkout/cart/60001",
 "GET /v1/checkout/cart/60002", "$::Cart/60001/submit\n{}"]
--- error_code eval
[502, 200, 200, 409]
--- response_body_like eval
["UPSTREAM_INVALID", '"id": 60001.*"COMPLETED"', "path", '"manual"']
--- mock_submits: 1



=== a HEAD leaves it unknown
--- request eval
["$::Cart/60002/submit\n{}", "HEAD /v1/checkout/cart/60002",
 "$::Cart/60002/submit\n{}"]
--- error_code eval
[502, 200, 409]
--- mock_submits: 1



=== after failed, pending and requires_action a repeat is sent
--- request eval
["$::Cart/40001/submit\n{}", "$::Cart/40001/submit\n{}",
 "$::Cart/20101/submit\n{}", "$::Cart/20101/submit\n{}",
 "$::Cart/20301/submit\n{}", "$::Cart/20301/submit\n{}"]
--- error_code eval
[400, 400, 200, 200, 200, 200]
--- response_headers eval
[("X-Violet-Cart-Outcome: failed") x 2,
 ("X-Violet-Cart-Outcome: pending\n!X-Violet-Submit") x 2,
 ("X-Violet-Cart-Outcome: requires_action\n!X-Violet-Submit") x 2]
--- mock_submits: 2



=== a submit is in flight on another gateway
--- redis_commands eval
"EVAL \"local t = redis.call('TIME') redis.call('HSET', KEYS[1], 'v', '1', 'state', 'in_flight', 'token', ARGV[1], 'status', '0', 'body', '', 'deadline', t[1] * 1000 + 60000) redis.call('PEXPIRE', KEYS[1], 600000) return 1\" 1 $::Record:20002 $::Old"
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: $::Busy
--- mock_submits: 0



=== the submit of a gateway that died is unknown, not open
--- redis_commands eval
"HSET $::Record:20002 v 1 state in_flight token $::Old status 0 body \"\" deadline 1000
EXPIRE $::Record:20002 3600"
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: $::Unknown
--- mock_submits: 0



=== a record that cannot be read is unknown, and gets a time to live
--- redis_commands eval
"SET $::Record:20002 nonsense
HSET $::Record:20003 colour green
HSET $::Record:20004 v 1 state in_flight token x deadline nan"
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20003/submit\n{}",
 "$::Cart/20004/submit\n{}"]
--- cart_problem eval: [($::Unknown) x 3]
--- mock_submits: 0
--- redis_check eval
"HGET $::Record:20002 state
=> unknown
PTTL $::Record:20002
=~ ^\\d+\$
PTTL $::Record:20004
=~ ^\\d+\$"



=== a record without a known version of its format is unknown
--- redis_commands eval
my @old = ("token $::Old status 0 body \"\" deadline 1000");
CORE::join '', map { "HSET $::Record:$_->[0] $_->[1] @old\n" }
    [20002, 'state open'], [20003, 'v 2 state open'], [20004, 'v "" state open'],
    [20005, 'v 01 state open'], [20006, 'v 2 state paid'];
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20006]
--- cart_problem eval: [($::Unknown) x 5]
--- mock_submits: 0
--- redis_check eval
"HGET $::Record:20003 state
=> unknown
HGET $::Record:20003 v
=> 1
PTTL $::Record:20003
=~ ^\\d+\$"



=== a record belongs to the app id and the environment, not to the app's name
--- http_extra
    violet_app other {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    violet_app sandbox {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location /other/v1/ {
            violet other;
            proxy_pass http://violet_api/v1/;
        }

        location /sandbox/v1/ {
            violet sandbox;
            proxy_pass http://violet_api/v1/;
            proxy_set_header Host sandbox-api.violet.io;
        }
--- request eval
["$::Cart/60001/submit\n{}",
 "POST /other/v1/checkout/cart/60001/submit\n{}",
 "$::Cart/60001/submit\n{}",
 "POST /sandbox/v1/checkout/cart/60001/submit\n{}"]
--- error_code eval
[502, 409, 409, 502]
--- mock_submits: 2
--- redis_check
EXISTS violet:submit:violet_api:10000:60001 violet:submit:sandbox-api.violet.io:10000:60001
=> 2
DBSIZE
=> 2



=== an outcome is kept for the time of the directive
--- http_extra
    violet_submit_guard 1s;
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}"]
--- wait: 1.2
--- response_headers eval
["!X-Violet-Submit", ""]
--- redis_check eval
"PTTL $::Record:20001
=~ ^(?:-2|\\d{1,3}|1000)\$"
--- mock_submits: 2



=== violet_submit_guard off
--- http_extra
    violet_submit_guard off;
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- error_code eval
[502, 502]
--- mock_submits: 2
--- redis_check
DBSIZE
=> 0



=== a key limits the guard to the submits with that key
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}",
 "$::Cart/60001/submit\n{}"]
--- more_headers eval
["Idempotency-Key: \"one\"", "Idempotency-Key: \"one\"",
 "Idempotency-Key: \"two\""]
--- error_code eval
[502, 409, 502]
--- mock_submits: 2
--- redis_check eval
"EVAL \"return #redis.call('KEYS', ARGV[1])\" 0 $::Record:60001:key:*
=> 2
EVAL \"return #redis.call('KEYS', ARGV[1])\" 0 *one*
=> 0"



=== another body under the same key is refused
--- request eval
["$::Cart/40001/submit\n{}", "$::Cart/40001/submit\n{ }",
 "$::Cart/40001/submit\n{}"]
--- more_headers
Idempotency-Key: "one"
--- cart_problem eval
["status: 400\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE",
 "status: 422\noutcome: unknown\nretry: manual
errors.0.reason: OTHER\nupstream.status: null",
 "status: 400\noutcome: failed\nretry: after_change
errors.0.reason: ITEM_UNAVAILABLE"]
--- mock_submits: 2



=== another body under the same key is refused, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/40001/submit\n{}", "$::Cart/40001/submit\n{ }",
 "$::Cart/40001/submit\n{}"]
--- more_headers
Idempotency-Key: "one"
--- error_code eval
[400, 422, 400]
--- mock_submits: 2



