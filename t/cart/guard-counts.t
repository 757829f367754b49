# What the submit guard did with each submit, as violet_submit_guard_total counts
# it: each submit once, and a question never.

use Test::Nginx::Socket 'no_plan';
use Violet;

our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';

# A record as another gateway has left it.
our $Set = sub {
    my ($cart, $state) = @_;

    return sprintf qq{SET $Record:%s "2 7.0000abcd %s 0 0 1 %d 0 %d 0 %s }
                   . qq{- - 86400000" PX 86400000\n},
        $cart, $state, $state eq 'in_flight' ? 30000 : 0,
        int((time - 60) * 1000), 'a' x 32;
};

our $Config = <<'END';
        location /v1/ {
            violet shop;
            %s
            proxy_pass http://violet_api;
        }
        location = /status {
            violet_status;
        }
END

# The lines of the metric, with the results in the page's order.
our $Counts = sub {
    my (%counts) = @_;

    my $lines = join '', map {
        sprintf qq{violet_submit_guard_total{app="shop",result="%s"} %d\n},
                $_, $counts{$_} || 0
    } qw(sent in_progress replayed resolved unresolved again key_reused
         unavailable);

    return qr/^\Q$lines\E/m;
};

no_long_string();
run_tests();

__DATA__

=== each result, and no question
--- config eval: sprintf $::Config, ""
--- mock_commands
/_mock/cart?20003=completed&20004=open
--- redis_commands eval
$::Set->(20002, 'in_flight') . $::Set->(20003, 'unknown')
. $::Set->(20004, 'unknown') . $::Set->(20005, 'unknown')
--- request eval
["$::Cart/20001/submit\n{}",
 "$::Cart/20001/submit\n{}",
 "$::Cart/20002/submit\n{}",
 "$::Cart/20003/submit\n{}",
 "$::Cart/20004/submit\n{}",
 "$::Cart/20005/submit\n{}",
 "POST /v1/orders\n{\"app_order_id\":\"20006\"}",
 "POST /v1/orders\n{\"app_order_id\":\"20007\"}",
 "GET /v1/checkout/cart/20001/submit",
 "GET /v1/checkout/cart/20002/submit",
 "GET /status"]
--- more_headers eval
[("") x 5, "X-Violet-Submit: again", ("Idempotency-Key: one") x 2, ("") x 3]
--- error_code eval
[200, 200, 409, 200, 409, 200, 200, 422, 200, 409, 200]
--- response_body_like eval
[("") x 10,
 $::Counts->(sent => 2, in_progress => 1, replayed => 1, resolved => 1,
             unresolved => 1, again => 1, key_reused => 1)]



=== Redis must have each claim, and it is away
--- config eval
sprintf $::Config, 'violet_submit_guard on without_redis=refuse;'
--- redis: redis://127.0.0.1:$TEST_NGINX_RAND_PORT_1
--- request eval
["$::Cart/20001/submit\n{}", "$::Cart/20001/submit\n{}", "GET /status"]
--- error_code eval
[503, 503, 200]
--- response_body_like eval
[("GUARD_UNAVAILABLE") x 2, $::Counts->(unavailable => 2)]
