# The submit guard: what its record says, what the gateway's own read shows, and
# the answer to a repeat.  The contract's section 8, row by row.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';

# A record as another gateway has left it: state, evidence, doubts, age in ms.
our $Set = sub {
    my ($cart, $state, %more) = @_;
    my $left = $state eq 'in_flight' ? 30000 : 0;
    my $sent = int((time - 3600) * 1000);
    return sprintf qq{SET $Record:%s "2 %d.0000abcd %s %d 0 %d %d %d %s 0 %s }
                   . qq{- %s 86400000" PX %d\n},
        $cart, $more{seq} || 7, $state, $more{evidence} || 0,
        $more{doubts} || 0, $more{left} // $left, $more{since} || 0, $sent,
        'a' x 32, $more{bags} || '-', $more{px} || 86400000;
};

our $Old = 3_600_000;

our $Unresolved = <<'END';
status: 409
outcome: unknown
retry: later
errors.0.reason: SUBMIT_UNRESOLVED
errors.#: 1
bags: []
upstream: {"status":null,"error":null,"code":null}
order: null
END

our $Manual = $Unresolved =~ s/later/manual/r;
our $Busy = $Unresolved =~ s/SUBMIT_UNRESOLVED/SUBMIT_IN_PROGRESS/r;
our $Already = $Unresolved =~ s/SUBMIT_UNRESOLVED/ALREADY_SUBMITTED/r;
our $Lost = "status: 502\noutcome: unknown\nretry: later
errors.0.reason: UPSTREAM_INVALID";

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

=== completed: the order is read, and nothing is sent
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}",
 "GET /_mock/counts"]
--- response_headers eval
["X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed",
 "X-Violet-Cart-Outcome: completed\nX-Violet-Submit-Replayed: true
Content-Type: application/json", ""]
--- response_body_like eval
['"id": 20001.*"payment_intent_client_secret"',
 '"id": 20001.*"payment_intent_client_secret"',
 '"cart_read/20001": 1.*"cart_submit/20001": 1']
--- mock_submits: 1
--- redis_check eval
"GET $::Record:20001
=~ ^2 \\d+\\.[0-9a-f]{8} completed 2 0 0 0 \\d+ \\d{13} 0 [0-9a-f]{32} - - 86400000\$
PTTL $::Record:20001
=~ ^(?:86[34]\\d{5})\$"



=== completed: the order is read, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}"]
--- response_headers eval
["!X-Violet-Submit-Replayed", "X-Violet-Submit-Replayed: true"]
--- response_body_like eval
['"id": 20001', '"id": 20001']
--- mock_submits: 1



=== a question whose body is no chunk is refused, and Violet is not asked
--- raw_request eval
["GET /v1/checkout/cart/20001/submit HTTP/1.1\r\nHost: localhost\r\n"
 . "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
 "GET /_mock/counts HTTP/1.0\r\n\r\n"]
--- error_code eval
[400, 200]
--- response_body_like eval
['400 Bad Request', '"cart_read": 0']



=== completed, and canceled since: it was ordered all the same
--- mock_commands
/_mock/cart?20002=rejected
--- redis_commands eval: $::Set->(20002, 'completed', since => $::Old)
--- request eval
"$::Cart/20002/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
X-Violet-Submit-Replayed: true
--- response_body_like: "status": "REJECTED"
--- mock_submits: 0



=== completed, but the read shows that it was not submitted: later, then a person
--- mock_commands
/_mock/cart?20002=open&20003=open
--- redis_commands eval
$::Set->(20002, 'completed', since => 20000)
. $::Set->(20003, 'partial', since => $::Old)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20003/submit\n{}"]
--- cart_problem eval
["$::Already\nretry_after: <=50", $::Already =~ s/later/manual/r]
--- response_headers eval
[("X-Violet-Submit-Replayed: true") x 2]
--- mock_submits: 0



=== completed, but not submitted, and settled: an error in the log
--- mock_commands
/_mock/cart?20003=open
--- redis_commands eval: $::Set->(20003, 'completed', since => $::Old)
--- request eval
"$::Cart/20003/submit\n{}"
--- cart_problem eval: $::Already =~ s/later/manual/r
--- error_log eval
qr/\[error\] .*cart 20003 was not sent: ALREADY_SUBMITTED, an earlier submit ordered it, but its order cannot be shown: Violet shows that it was not submitted/
--- mock_submits: 0



=== completed, and the order cannot be read
--- mock_commands
/_mock/fault?cart_read/20002=500
--- redis_commands eval: $::Set->(20002, 'completed', since => $::Old)
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: "$::Already\nretry_after: 10"
--- response_headers
!X-Violet-Submit-Replayed
--- mock_submits: 0



=== partial: the same outcome and status, with the bags
--- request eval
["$::Cart/20701/submit\n{}", "$::Cart/20701/submit\n{}"]
--- mock_commands
/_mock/cart?20701=partial
--- cart_problem eval
["status: 422\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: ITEM_UNAVAILABLE",
 "status: 422\noutcome: partial\nretry: new_cart_for_failed_bags
errors.0.reason: ALREADY_SUBMITTED\nbags.#: 2
bags.0.outcome: accepted\nbags.1.outcome: failed\nbags.1.bag_id: 11112"]
--- response_headers eval
["!X-Violet-Submit-Replayed", "X-Violet-Submit-Replayed: true"]
--- mock_submits: 1



=== partial never becomes better
--- request eval
["$::Cart/20701/submit\n{}", "POST /_mock/cart?20701=completed",
 "$::Cart/20701/submit\n{}"]
--- error_code eval
[422, 200, 422]
--- response_headers eval
["X-Violet-Cart-Outcome: partial", "", "X-Violet-Cart-Outcome: partial"]
--- mock_submits: 1
--- redis_check eval
"GET $::Record:20701
=~ partial \\d 0 0 .* 11112 86400000\$"



=== violet_cart_errors off: partial is replayed as the order, with its outcome
--- http_extra
    violet_cart_errors off;
--- mock_commands
/_mock/cart?20701=partial
--- request eval
["$::Cart/20701/submit\n{}", "$::Cart/20701/submit\n{}"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: partial",
 "X-Violet-Cart-Outcome: partial\nX-Violet-Submit-Replayed: true"]
--- response_body_like eval
['"id": 20701', '"id": 20701']
--- mock_submits: 1



=== violet_cart_errors off: the guard's own answers are problems all the same
--- http_extra
    violet_cart_errors off;
--- redis_commands eval: $::Set->(20002, 'in_flight')
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: $::Busy
--- mock_submits: 0



=== in flight on another gateway
--- redis_commands eval: $::Set->(20002, 'in_flight')
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20002/submit\n{}"]
--- more_headers eval
["", "X-Violet-Submit: again"]
--- cart_problem eval: [("$::Busy\nretry_after: 5") x 2]
--- response_headers eval
[("!X-Violet-Submit-Replayed") x 2]
--- mock_submits: 0



=== the submit of a gateway that died is in doubt, and clears up
--- mock_commands
/_mock/cart?20002=open&20003=completed
--- redis_commands eval
$::Set->(20002, 'in_flight', px => 86400000 - 31000)
. $::Set->(20003, 'in_flight', px => 86400000 - 31000)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20003/submit\n{}"]
--- error_code eval
[409, 200]
--- response_headers_like eval
["Retry-After: (?:[4-6][0-9])", "X-Violet-Cart-Outcome: completed
X-Violet-Submit-Replayed: true"]
--- mock_submits: 0
--- redis_check eval
"GET $::Record:20002
=~ ^2 8\\.[0-9a-f]{8} unknown 0 2 1
GET $::Record:20003
=~ completed"



=== the submit of a gateway that died long ago is sent
--- mock_commands
/_mock/cart?20004=open
--- redis_commands eval
$::Set->(20004, 'in_flight', px => 86400000 - 101000)
--- request eval
"$::Cart/20004/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed
!X-Violet-Submit-Replayed



=== unknown: not settled, whatever is read
--- request eval
["$::Cart/60002/submit\n{}", "$::Cart/60002/submit\n{}"]
--- cart_problem eval
["$::Lost\nretry_after: 70", "$::Unresolved\nretry_after: <=70"]
--- response_headers eval
["", "X-Violet-Submit-Replayed: true"]
--- location
            violet shop;
            proxy_pass http://violet_api;
            proxy_read_timeout 60s;
--- mock_submits: 1
--- redis_check eval
"GET $::Record:60002
=~ unknown 0 0 1 0"



=== unknown: not settled, without Redis
--- http_config eval: $::Off
--- request eval
["$::Cart/60002/submit\n{}", "$::Cart/60002/submit\n{}"]
--- cart_problem eval: [$::Lost, $::Unresolved]
--- mock_submits: 1



=== unknown: an order was made
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- error_code eval
[502, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: unknown",
 "X-Violet-Cart-Outcome: completed\nX-Violet-Submit-Replayed: true"]
--- mock_submits: 1
--- redis_check eval
"GET $::Record:60001
=~ completed"



=== unknown: a partial order was made
--- mock_commands
/_mock/cart?20002=partial
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- request eval
["$::Cart/20002/submit\n{}", "POST /_mock/cart?20002=completed",
 "$::Cart/20002/submit\n{}"]
--- error_code eval
[422, 200, 422]
--- response_headers eval
["X-Violet-Cart-Outcome: partial", "", "X-Violet-Cart-Outcome: partial"]
--- mock_submits: 0



=== unknown, settled: what was not submitted is sent
--- mock_commands
/_mock/cart?20002=open&20003=early&20004=earlier&20005=intent
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 1, since => $::Old)
. $::Set->(20003, 'pending', doubts => 1, since => $::Old)
. $::Set->(20004, 'unknown', doubts => 1, since => $::Old)
. $::Set->(20005, 'unknown', doubts => 1, since => $::Old)
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20005]
--- response_headers eval
[("X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed") x 4]



=== unknown, settled: what may have been submitted is not sent
--- mock_commands
/_mock/cart?20002=dated&20003=external&20004=submitted&20005=processing&20006=authorized
--- redis_commands eval
join '', map { $::Set->($_, 'unknown', doubts => 1, since => $::Old) }
    20002 .. 20006
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20006]
--- error_code eval
[409, 409, 200, 200, 409]
--- response_body_like eval
['"retry":"manual"', '"retry":"manual"', '"id": 20004', '"id": 20005',
 '"retry":"manual"']
--- response_headers eval
[("X-Violet-Cart-Outcome: unknown") x 2,
 ("X-Violet-Cart-Outcome: pending\nX-Violet-Submit-Replayed: true") x 2,
 "X-Violet-Cart-Outcome: unknown"]
--- mock_submits: 0



=== evidence once seen stays: such a cart is not sent again
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 1, since => $::Old)
--- request eval
["POST /_mock/cart?20002=submitted", "$::Cart/20002/submit\n{}",
 "POST /_mock/cart?20002=open", "$::Cart/20002/submit\n{}",
 "POST /_mock/cart?20002=rejected", "$::Cart/20002/submit\n{}",
 "POST /_mock/cart?20002=open", "$::Cart/20002/submit\n{}"]
--- error_code eval
[200, 200, 200, 409, 200, 422, 200, 409]
--- mock_submits: 0
--- redis_check eval
"GET $::Record:20002
=~ failed 1 0 1"



=== rejected: failed, at once, and then it may be sent
--- mock_commands
/_mock/cart?20002=rejected
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20002/submit\n{}"]
--- error_code eval
[422, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: failed\nX-Violet-Submit-Replayed: true",
 "X-Violet-Cart-Outcome: completed\n!X-Violet-Submit-Replayed"]
--- mock_submits: 1



=== a cart that has gone is read as an order
--- mock_commands
/_mock/cart?20002=order
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- request eval
["$::Cart/20002/submit\n{}", "GET /_mock/counts"]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
['"id": 20002', '"cart_read/20002": 2']
--- mock_submits: 0



=== the order of another cart, or none, is a read that has failed
--- mock_commands
/_mock/cart?20002=other
/_mock/fault?cart_read/20003=600&cart_read/20004=500
--- redis_commands eval
join '', map { $::Set->($_, 'unknown', doubts => 1, since => $::Old) }
    20002 .. 20004
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20004]
--- cart_problem eval: [("$::Unresolved\nretry_after: 10") x 3]
--- response_headers eval
[("!X-Violet-Submit-Replayed") x 3]
--- mock_submits: 0



=== a read that has failed is not tried again for 5 s
--- mock_commands
/_mock/fault?cart_read/20002=500
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 1, since => $::Old)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20002/submit\n{}",
 "GET /_mock/counts"]
--- error_code eval
[409, 409, 200]
--- response_body_like eval
['"later"', '"later"', '"cart_read/20002": 1\b']
--- mock_submits: 0



=== a read that Violet refuses is for a person
--- mock_commands
/_mock/fault?cart_read/20002=403
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 1, since => $::Old)
--- request eval
["$::Cart/20002/submit\n{}", "$::Cart/20002/submit\n{}"]
--- cart_problem eval
[($::Manual =~ s/SUBMIT_UNRESOLVED/CREDENTIALS_REJECTED/r) x 2]
--- mock_submits: 0



=== doubts take longer and longer, and end
--- mock_commands
/_mock/cart?20002=open&20003=open
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 3, since => 100000)
. $::Set->(20003, 'unknown', doubts => 8, since => 4000000)
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20003]
--- cart_problem eval: ["$::Unresolved\nretry_after: <=180", $::Manual]
--- mock_submits: 0



=== the seventh doubt, settled, is sent
--- mock_commands
/_mock/cart?20004=open
--- redis_commands eval
$::Set->(20004, 'unknown', doubts => 7, since => 4000000)
--- request eval
"$::Cart/20004/submit\n{}"
--- response_headers
X-Violet-Cart-Outcome: completed



=== "again" takes the doubt away, and does not reach Violet
--- mock_commands
/_mock/cart?20002=open
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- request eval
["$::Cart/20002/submit\n{}", "GET /_mock/last"]
--- more_headers eval
["X-Violet-Submit: again", ""]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
['"id": 20002', qr/\A(?!.*x-violet-submit).*"cart_submit"/si]
--- mock_submits: 1



=== "again" does not take evidence away, nor a failed read
--- mock_commands
/_mock/cart?20002=submitted&20003=external&20004=completed
/_mock/fault?cart_read/20005=500
--- redis_commands eval
join '', map { $::Set->($_, 'unknown', doubts => 1, since => $::Old) }
    20002 .. 20005
--- more_headers
X-Violet-Submit: again
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20005]
--- error_code eval
[200, 409, 200, 409]
--- mock_submits: 0



=== "again", and it fails: the first one is in doubt still
--- request eval
["$::Cart/40002/submit\n{}", "$::Cart/40002/submit\n{}",
 "$::Cart/40002/submit\n{}"]
--- redis_commands eval: $::Set->(40002, 'unknown', doubts => 1)
--- mock_commands
/_mock/cart?40002=open
--- more_headers eval
["X-Violet-Submit: again", "", ""]
--- cart_problem eval: [($::Unresolved) x 3]
--- response_headers_like eval
["Retry-After: 120\n!X-Violet-Submit-Replayed",
 ("Retry-After: (?:140|1[123][0-9])\nX-Violet-Submit-Replayed: true") x 2]
--- mock_submits: 1



=== a word that is not "again" takes nothing away
--- mock_commands
/_mock/cart?20002=open
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- more_headers
X-Violet-Submit: yes
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: $::Unresolved
--- mock_submits: 0



=== reads of callers change nothing
--- request eval
["$::Cart/60002/submit\n{}", "GET /v1/checkout/cart/60002",
 "GET /v1/orders/60002", "$::Cart/60002/submit\n{}"]
--- error_code eval
[502, 200, 200, 409]
--- response_body_like eval
["UPSTREAM_INVALID", '"id": 60002.*"IN_PROGRESS"', '"id": 60002',
 '"SUBMIT_UNRESOLVED"']
--- mock_submits: 1



=== pending: a repeat is not sent
--- request eval
["$::Cart/20101/submit\n{}", "POST /_mock/cart?20101=processing",
 "$::Cart/20101/submit\n{}"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: pending\n!X-Violet-Submit-Replayed", "",
 "X-Violet-Cart-Outcome: pending\nX-Violet-Submit-Replayed: true"]
--- mock_submits: 1



=== failed and requires_action: a repeat is sent
--- request eval
["$::Cart/40001/submit\n{}", "$::Cart/40001/submit\n{}",
 "$::Cart/20301/submit\n{}", "$::Cart/20301/submit\n{}"]
--- error_code eval
[400, 400, 200, 200]
--- response_headers eval
[("X-Violet-Cart-Outcome: failed") x 2,
 ("X-Violet-Cart-Outcome: requires_action\n!X-Violet-Submit-Replayed") x 2]
--- mock_submits: 2



=== a cart has its id: a key says nothing
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{ }",
 "$::Cart/20001/submit\n{}"]
--- more_headers eval
["Idempotency-Key: one", "Idempotency-Key: two", ""]
--- response_headers eval
["!X-Violet-Submit-Replayed", ("X-Violet-Submit-Replayed: true") x 2]
--- mock_submits: 1
--- redis_check eval
"EVAL \"return #redis.call('KEYS', ARGV[1])\" 0 violet:submit:violet_api:*
=> 1"



=== what Redis has and nobody can read is unknown, and becomes a record
--- mock_commands
/_mock/cart?20002=open&20003=open&20004=open&20005=open&20006=open
--- redis_commands eval
"SET $::Record:20002 nonsense
HSET $::Record:20003 colour green
SET $::Record:20004 \"\"
SET $::Record:20005 \"3 1.00000001 failed 0 0 0 0 0 0 0 - - - 86400000\"
SET $::Record:20006 \"2 1.00000001 paid 0 0 0 0 0 0 0 - - - 86400000\""
--- request eval
[map { "$::Cart/$_/submit\n{}" } 20002 .. 20006]
--- cart_problem eval: [($::Unresolved) x 5]
--- mock_submits: 0
--- redis_check eval
"GET $::Record:20003
=~ ^2 \\d+\\.[0-9a-f]{8} unknown 0 0 1
PTTL $::Record:20002
=~ ^\\d+\$"



=== every refusal prolongs a record
--- mock_commands
/_mock/cart?20002=open
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 8, px => 5000)
--- request eval
"$::Cart/20002/submit\n{}"
--- cart_problem eval: $::Manual
--- mock_submits: 0
--- redis_check eval
"PTTL $::Record:20002
=~ ^86[34]\\d{5}\$
GET $::Record:20002
=~ unknown 0 0 8 0 863\\d{5}"



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
["$::Cart/60002/submit\n{}",
 "POST /other/v1/checkout/cart/60002/submit\n{}",
 "$::Cart/60002/submit\n{}",
 "POST /sandbox/v1/checkout/cart/60002/submit\n{}"]
--- error_code eval
[502, 409, 409, 502]
--- mock_submits: 2
--- redis_check
EXISTS violet:submit:violet_api:10000:60002 violet:submit:sandbox-api.violet.io:10000:60002
=> 2



=== an outcome is kept for the time of the directive, a doubt for a day
--- http_extra
    violet_submit_guard 1s;
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}"]
--- wait: 1.2
--- response_headers eval
[("!X-Violet-Submit-Replayed") x 2]
--- mock_submits: 2



=== a doubt is kept for a day, whatever the time of the directive
--- http_extra
    violet_submit_guard 1s;
--- request eval
["$::Cart/60002/submit\n{}", "$::Cart/60002/submit\n{}"]
--- wait: 1.2
--- error_code eval
[502, 409]
--- mock_submits: 1
--- redis_check eval
"PTTL $::Record:60002
=~ ^86[34]\\d{5}\$"



=== violet_submit_guard off
--- http_extra
    violet_submit_guard off;
--- request eval
["$::Cart/60001/submit\n{}", "$::Cart/60001/submit\n{}"]
--- error_code eval
[502, 502]
--- mock_submits: 2
--- redis_check
EVAL "return #redis.call('KEYS', ARGV[1])" 0 violet:submit:violet_api:*
=> 0
