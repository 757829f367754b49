#!/usr/bin/perl

# What a submit waits for comes late, or not at all: Redis's answer to the sign
# of life of a submit, while Violet answers; and a token, while the order is read.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Clock;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;

ends_while_redis_is_late(20060);
order_is_read_and_no_token_comes(20061);

$live->check_logs(qr/\[error\].*token/);
done_testing();


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub begin {
    my ($nginx, $cart) = @_;

    my $client = $live->client($nginx->port);

    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}'));

    return $client;
}


sub told {
    my ($answer) = @_;

    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};

    return join ' ', grep { defined } $answer->{status},
        $answer->{headers}{'x-violet-cart-outcome'},
        $problem->{errors} ? $problem->{errors}[0]{reason} : undef;
}


# A worker tells Redis every 10 s that its submit is alive.  The end of the
# submit is told after the answer to that.
sub ends_while_redis_is_late {
    my ($cart) = @_;

    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $relay = $live->relay($redis->port);
    my $nginx = $live->nginx(workers => 1, clock => $clock,
                             http => $live->violet_http($relay, $mock),
                             server => $live->violet_location);

    control($mock, "delay?cart_submit/$cart=4");
    my $client = begin($nginx, $cart);
    ok($live->wait_for(60, sub {
           $live->submit_state($redis, $cart) eq 'in_flight'
               && $live->mock_counts($mock)->{"cart_submit/$cart"};
       }), 'a submit is in flight');

    $relay->mode('stall all');
    $clock->count(11);
    kill 'ALRM', $nginx->workers;

    is(told($client->answer(60)), '200 completed',
       'Violet answers while Redis is late, and so does the gateway');
    is($live->submit_state($redis, $cart), 'in_flight',
       'Redis has not heard of it');

    $relay->mode('pass');
    ok($live->wait_for(60, sub {
           $live->submit_state($redis, $cart) eq 'completed';
       }), 'then Redis hears of it');
    $nginx->stop;
}


sub order_is_read_and_no_token_comes {
    my ($cart) = @_;

    my $mock = $live->mock;
    my $http = $live->violet_http($redis, $mock)
               =~ s/token       mock-token;/refresh_token mock-refresh-token;/r;
    my $nginx = $live->nginx(workers => 1, http => $http,
                             server => $live->violet_location);

    ok($live->wait_for(60, sub {
           $live->request($nginx->port, 'GET /v1/orders/1')->{status} == 200;
       }), 'there is a token');
    is(told(begin($nginx, $cart)->answer(60)), '200 completed', 'it is ordered');

    control($mock, 'tokens?answer=error');
    control($mock, 'expire');
    is(told(begin($nginx, $cart)->answer(60)), '409 unknown ALREADY_SUBMITTED',
       'the token has expired and there is no other: the order is not shown');
    is($live->mock_counts($mock)->{"cart_submit/$cart"}, 1,
       'Violet was asked once');

    control($mock, 'tokens?answer=good');
    ok($live->wait_for(60, sub {
           told(begin($nginx, $cart)->answer(60)) eq '200 completed';
       }), 'with the next token it is');
    is($live->mock_counts($mock)->{"cart_submit/$cart"}, 1, 'and is not sent');
    $nginx->stop;
}
