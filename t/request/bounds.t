# The answers to callers after texts of Violet that take too long to parse, and
# long texts in a problem.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;
use Violet::FakeRedis;

our $App = <<'END';
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    violet_health_memory off;
END

# Raw bytes as Violet's answer, for tcp_listen of the block.
our $Fake = $App . <<'END';
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
END

our $Report = 'GET /v1/operations/connection_health';
our $Submit = 'POST /v1/checkout/cart';

# More than the 256 kB that are parsed as a whole.
our $Long = 'x' x 270_000;

sub answer {
    my ($status, $body) = @_;

    return "HTTP/1.1 $status\r\nContent-Type: application/json\r\n"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}

# A report, an order and an exception that have a long member of this name.
sub report {
    return '{"merchant_id":7,"connection":{"status":"COMPLETE"},'
           . qq("$_[0]":"$Long"});
}

sub order {
    return '{"id":7,"status":"COMPLETED","bags":[{"id":1,"status":"ACCEPTED"}'
           . qq(],"$_[0]":"$Long"});
}

sub exception {
    return qq({"code":1,"error":"e","message":"Sold out.","$_[0]":"$Long"});
}

# The result of a flight in Redis: Violet failed, with this text.
sub landed {
    my ($detail) = @_;

    # the form, a failure, its status, 12 numbers and 6 texts; then the id of
    # the request, which is empty
    my @numbers = (4, 2, 502, (0) x 18, length $detail);

    return "*2\r\n" . bulk('landed') . bulk("@numbers ${detail}0 ");
}

no_long_string();
run_tests();

__DATA__

=== a large plain order is read
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::order('note'))
--- request eval: "$::Submit/7/submit"
--- error_code: 200
--- response_headers
X-Violet-Cart-Outcome: completed
--- mock_submits: 0



=== a large order with an escape in a name: unknown
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::order('\u006eote'))
--- request eval: "$::Submit/7/submit"
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
order: null
--- error_log
the answer to the submit of cart 7 is not an order: too large to be parsed (
--- mock_submits: 0



=== a large refusal with an escape in a name: unknown
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('400 Bad Request', ::exception('\u006eote'))
--- request eval: "$::Submit/7/submit"
--- cart_problem
status: 400
outcome: unknown
retry: later
errors.0.reason: OTHER
--- mock_submits: 0



=== a large plain refusal is read
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('400 Bad Request', ::exception('note'))
--- request eval: "$::Submit/7/submit"
--- cart_problem
status: 400
outcome: failed
retry: after_change
detail: Sold out.
errors.0.reason: ITEM_UNAVAILABLE
--- mock_submits: 0



=== a large plain report is stored
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::report('note'))
--- request eval: "$::Report/7"
--- error_code: 200
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored



=== a large report with an escape in a name is passed on and not stored
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::report('\u006eote'))
--- request eval: "$::Report/7"
--- error_code: 200
--- response_headers
Cache-Status: violet; fwd=uri-miss
--- response_body eval: ::report('\u006eote')
--- error_log
the answer about merchant 7 is not stored: too large to be parsed (



=== a long message is cut between two characters
--- http_config eval: $::Fake
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
::answer('400 Bad Request', '{"code":1,"error":"' . 'e' x 5000
         . '","message":"' . "\xc3\xa9" x 50_000 . '"}')
--- request eval: "$::Submit/7/submit"
--- cart_problem
status: 400
outcome: failed
retry: after_change
errors.0.reason: OTHER
detail: /\A\x{e9}{4094}\x{2026}\z/
errors.0.message: /\A\x{e9}{4094}\x{2026}\z/
errors.0.violet.error: /\Ae{1021}\x{2026}\z/
upstream.error: /\Ae{1021}\x{2026}\z/
--- mock_submits: 0



=== the failure that another gateway stored has its cause in the problem
--- http_config eval
"    violet_redis redis://127.0.0.1:\$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;\n" . $::Fake
--- fake_redis eval
["\$-1\r\n", ::landed('Violet sleeps'), ":1\r\n"]
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::report('note'))
--- request eval: "$::Report/7"
--- error_code: 502
--- response_body_like: "detail":"Violet sleeps"



=== a stored cause that is too long for a problem is not used
--- http_config eval
"    violet_redis redis://127.0.0.1:\$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;\n" . $::Fake
--- fake_redis eval
["\$-1\r\n", ::landed('z' x 8193), ":1\r\n"]
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::report('note'))
--- request eval: "$::Report/7"
--- error_code: 200



=== a stored cause with a line break is not used
--- http_config eval
"    violet_redis redis://127.0.0.1:\$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;\n" . $::Fake
--- fake_redis eval
["\$-1\r\n", ::landed("Violet\nFORGED"), ":1\r\n"]
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval: ::answer('200 OK', ::report('note'))
--- request eval: "$::Report/7"
--- error_code: 200
--- no_error_log eval
qr/^FORGED/
