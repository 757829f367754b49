# GET and HEAD checkout/cart/{id}/submit: what became of a submit.  They answer
# as a repeat would, send nothing but a read, and change no record.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Ask = 'GET /v1/checkout/cart';
our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';

our $Set = sub {
    my ($cart, $state, %more) = @_;
    my $left = $state eq 'in_flight' ? 30000 : 0;
    my $sent = int((time - 3600) * 1000);
    return sprintf qq{SET $Record:%s "2 7.0000abcd %s %d 0 %d %d %d %d 0 %s }
                   . qq{- %s 86400000" PX 86400000\n},
        $cart, $state, $more{evidence} || 0, $more{doubts} || 0, $left,
        $more{since} || 0, $sent, 'a' x 32, $more{bags} || '-';
};

our $Old = 3_600_000;

our $NotSubmitted = '\A\{"type":"urn:ngx-violet:not-submitted",'
    . '"title":"The cart was not submitted","status":404,';

no_long_string();
run_tests();

__DATA__

=== without a record the order is read, judged and answered
--- mock_commands
/_mock/cart?20002=completed&20003=submitted&20004=rejected&20005=partial
--- request eval
[map { "$::Ask/$_/submit" } 20002 .. 20005]
--- error_code eval
[200, 200, 422, 422]
--- response_headers eval
[map { "X-Violet-Cart-Outcome: $_\nX-Violet-Submit-Replayed: true" }
    qw(completed pending failed partial)]
--- mock_submits: 0
--- redis_check
EVAL "return #redis.call('KEYS', 'violet:submit:violet_api:*')" 0
=> 0



=== an unknown order without a record is for a person: a repeat would be sent
--- mock_commands
/_mock/cart?20002=mixed
--- redis_commands eval
$::Set->(20003, 'failed')
. qq{SET $::Record:20004 "no record of this form"\n}
--- request eval
["$::Ask/20002/submit", "POST /_mock/cart?20003=mixed&20004=mixed",
 "$::Ask/20003/submit", "$::Ask/20004/submit"]
--- error_code eval
[502, 200, 502, 409]
--- response_headers eval
["X-Violet-Cart-Outcome: unknown\n!Retry-After", "",
 "X-Violet-Cart-Outcome: unknown\n!Retry-After",
 "X-Violet-Cart-Outcome: unknown\nRetry-After: 70"]
--- response_body_like eval
['"retry":"manual"', '', '"retry":"manual"', '"retry":"later"']
--- mock_submits: 0



=== a cart that was not submitted
--- mock_commands
/_mock/cart?20002=open
--- request eval
["$::Ask/20002/submit", "HEAD /v1/checkout/cart/20002/submit"]
--- error_code eval
[404, 404]
--- response_headers eval
["Content-Type: application/problem+json\nX-Violet-Cart-Outcome: none
X-Violet-Submit-Replayed: true", "X-Violet-Cart-Outcome: none"]
--- response_body_like eval
[$::NotSubmitted, '\A\z']
--- mock_submits: 0



=== a record is answered as to a repeat, and does not change
--- mock_commands
/_mock/cart?20002=completed&20003=completed
--- redis_commands eval
$::Set->(20002, 'completed', since => $::Old)
. $::Set->(20003, 'unknown', doubts => 1)
. $::Set->(20004, 'in_flight')
--- request eval
[map { "$::Ask/$_/submit" } 20002 .. 20004]
--- error_code eval
[200, 200, 409]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", "X-Violet-Cart-Outcome: completed",
 "X-Violet-Cart-Outcome: unknown\nRetry-After: 5"]
--- mock_submits: 0
--- redis_check eval
"GET $::Record:20002
=~ ^2 7.0000abcd completed
GET $::Record:20003
=~ ^2 7.0000abcd unknown 0 0 1
GET $::Record:20004
=~ ^2 7.0000abcd in_flight"



=== a doubt must be settled before it is not submitted
--- mock_commands
/_mock/cart?20002=open&20003=open&20004=open&20005=open
--- redis_commands eval
$::Set->(20002, 'unknown', doubts => 1)
. $::Set->(20003, 'unknown', doubts => 1, since => $::Old)
. $::Set->(20004, 'unknown', doubts => 8, since => $::Old)
. $::Set->(20005, 'unknown', doubts => 1, since => $::Old, evidence => 1)
--- request eval
[map { "$::Ask/$_/submit" } 20002 .. 20005]
--- error_code eval
[409, 404, 404, 409]
--- response_body_like eval
['"retry":"later"', $::NotSubmitted, $::NotSubmitted, '"retry":"manual"']
--- mock_submits: 0



=== "again" has no say in a question
--- mock_commands
/_mock/cart?20002=open
--- redis_commands eval: $::Set->(20002, 'unknown', doubts => 1)
--- more_headers
X-Violet-Submit: again
--- request eval
"$::Ask/20002/submit"
--- error_code: 409
--- response_body_like: SUBMIT_UNRESOLVED
--- mock_submits: 0



=== a read that fails
--- mock_commands
/_mock/fault?cart_read/20002=500&cart_read/20003=401
--- request eval
["$::Ask/20002/submit", "$::Ask/20003/submit"]
--- error_code eval
[409, 409]
--- response_body_like eval
['"retry":"later".*SUBMIT_UNRESOLVED',
 '"retry":"manual".*CREDENTIALS_REJECTED']
--- mock_submits: 0
--- error_log eval
["", ""]



=== with the guard off the order is read all the same
--- http_extra
    violet_submit_guard off;
--- mock_commands
/_mock/cart?20002=completed&20003=open
--- request eval
["$::Ask/20002/submit", "$::Ask/20003/submit"]
--- error_code eval
[200, 404]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", "X-Violet-Cart-Outcome: none"]
--- mock_submits: 0



=== the route has its name, and the replay its variable
--- http_extra
    log_format outcome '<$violet_route|$violet_cart_id|$violet_cart_outcome|$violet_submit_replayed>';
    access_log logs/access.log outcome;
--- mock_commands
/_mock/cart?20002=completed
--- request eval
"$::Ask/20002/submit"
--- error_code: 200
--- access_log
<cart_outcome|20002|completed|1>
--- mock_submits: 0



=== submits by other methods, and ids that are not canonical
--- request eval
["DELETE /v1/checkout/cart/20002/submit", "$::Ask/07/submit",
 "$::Ask/7/submit.json"]
--- error_code eval
[200, 400, 400]
--- mock_submits: 0
