#!/usr/bin/perl

# Neither log has anything of a body, be it the caller's or Violet's: marked
# bodies go through every outcome of a submit and through the other routes.
# The line of a submit names the evidence of its verdict.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $mark = 'MARK7f3a9c';
my $live = Live->new;

# An order of Violet's, and its bags.
my $secret = "\"payment_intent_client_secret\":\"$mark\","
             . "\"customer\":{\"email\":\"$mark\"}";

sub order {
    my ($id, $status, @bags) = @_;

    my $bags = join ',', map {
        "{\"id\":$_,\"status\":\"$bags[$_ - 1]\",\"merchant_name\":\"$mark\","
        . "\"external_id\":" . ($bags[$_ - 1] eq 'ACCEPTED' ? '"x"' : 'null')
        . '}'
    } 1 .. @bags;

    return "{\"id\":$id,\"status\":\"$status\",$secret,\"bags\":[$bags]}";
}

my $exception = "{\"message\":\"$mark\",\"error\":\"$mark\",\"code\":1,"
                . "\"data\":{\"skus\":[{\"message\":\"$mark\"}]}}";

# cart: status, body of the answer to a submit, outcome, evidence
my %carts = (
    1  => [200, order(1, 'COMPLETED', 'ACCEPTED'), 'completed',
           'bag_accepted'],
    2  => [200, order(2, 'IN_PROGRESS', 'SUBMITTED'), 'pending',
           'bag_submitted'],
    3  => [200, order(3, 'REQUIRES_ACTION', 'IN_PROGRESS'),
           'requires_action', 'action_required'],
    4  => [400, $exception, 'failed', 'refused'],
    5  => [200, order(5, 'COMPLETED', 'ACCEPTED', 'REJECTED'), 'partial',
           'rejected'],
    6  => [500, "<html>$mark</html>", 'unknown', 'server_error'],
    7  => [200, "[\"$mark\"", 'unknown', 'no_order'],
    8  => [200, "\"$mark\"", 'unknown', 'no_order'],
    9  => [200, "{\"id\":\"$mark", 'unknown', 'no_order'],
    10 => [200, $mark x 10_000, 'unknown', 'invalid_answer'],
    11 => [409, $exception, 'unknown', 'conflict'],
    12 => [429, $exception, 'unknown', 'busy'],
    13 => [401, "{\"error_code\":11,\"message\":\"$mark\"}", 'failed',
           'token_refused'],
    14 => [403, $mark, 'unknown', 'access_refused'],
    15 => [404, $exception, 'failed', 'no_cart'],
    16 => [400, "{\"message\":\"Order $mark already submitted\",\"code\":1}",
           'unknown', 'doubtful_error'],
    17 => [200, order(17, 'IN_PROGRESS', 'REJECTED'), 'failed', 'rejected'],
    18 => [200, "{\"\\u0069d\":18,\"$mark\":1e999}", 'unknown', 'no_order'],
    19 => [302, $mark, 'unknown', 'invalid_answer'],
    20 => ['cut', $exception, 'unknown', 'invalid_answer'],
);

my $redis = $live->redis;
my $violet = $live->fake(do => 'answer', bytes => \&violet);
my $port = $violet->port;
my $nginx = $live->nginx(workers => 1, http => <<"END", server => <<'END');
    violet_redis redis://127.0.0.1:@{[$redis->port]}/0;
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    upstream violet_api { server 127.0.0.1:$port; }
END
    location /v1/ {
        violet shop;
        violet_buffer_limit 32k;
        violet_health_ttl 1s;
        proxy_pass http://violet_api;
        proxy_read_timeout 2s;
    }
END

for my $cart (sort { $a <=> $b } keys %carts) {
    my (undef, undef, $outcome, $evidence) = @{$carts{$cart}};
    my $path = "/v1/checkout/cart/$cart/submit";
    my $answer = submit($path);

    is($answer->{headers}{'x-violet-cart-outcome'}, $outcome,
       "cart $cart is $outcome");

    my ($said) = $nginx->error_log
        =~ /submit of cart $cart: $outcome\b[^\n]*, evidence (\w+), /;
    is($said, $evidence, "the line of cart $cart says $evidence");

    # the guard's answers, most of them after a read
    submit($path);
    submit($path, 'X-Violet-Submit' => 'again');
    $live->request($nginx->port, "GET $path");
}

for my $key (1, 2) {
    submit('/v1/orders', 'Idempotency-Key' => "key $key") for 1, 2;
    submit('/v1/orders', 'Idempotency-Key' => "key $key", body => $mark);
}

submit('/v1/checkout/cart/4/payment');
submit('/v1/merchants');
$live->request($nginx->port, 'POST /v1/login', body => $mark);
$live->request($nginx->port, 'GET /v1/operations/connection_health' . $_)
    for '', '/4', '/5', '/6', '/7', '/9', '/10', '/14';
$live->request($nginx->port, 'POST /v1/operations/connection_health/4',
               body => "{\"x\":\"$mark\"}");

# what a body may also do: be longer than announced, or come in pieces
submit('/v1/checkout/cart/21/submit', body => "{\"x\":\"$mark\"}" x 5000);

ok(index($violet->received, $mark) >= 0, 'Violet got marked bodies');
is(join("\n", grep { /$mark/ } split /\n/, $nginx->error_log), '',
   'the error log has nothing of a body');
is(index($nginx->access_log, $mark), -1,
   'the access log has nothing of a body');

$live->check_logs;
done_testing();


sub submit {
    my ($path, %option) = @_;

    my $body = delete $option{body}
        || "{\"complete_checkout\":true,\"app_order_id\":\"$mark\"}";

    return $live->request($nginx->port, "POST $path", body => $body,
                          timeout => 30, headers => \%option);
}


# The fake Violet: a submit, or a read, of a cart; a report of that number.
sub violet {
    my ($received) = @_;

    my ($method, $path) = $received =~ /^(\w+) (\S+)/ or return '';
    my ($id) = $path =~ m{/(\d+)(?:/\w+)?$};
    my ($status, $body) = @{$carts{$id || 1} || $carts{4}};
    my $length = length $body;

    ($status, $length) = (200, $length + 10) if $status eq 'cut';

    return "HTTP/1.1 $status Answer\r\nContent-Type: application/json\r\n"
           . "Content-Length: $length\r\nConnection: close\r\n\r\n$body";
}
