#!/usr/bin/perl

# A worker must stop (worker_shutdown_timeout) while a submit waits: for Redis to
# decide on its claim, for Violet, or for the order that another request reads.
# Nothing is sent for a caller whose connection was closed, a claim that Redis
# grants meanwhile is taken back, and the next worker reads at once.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $relay = $live->relay($redis->port);

my $other = gateway($redis);
my $nginx = gateway($relay, main => 'worker_shutdown_timeout 300ms;');

claim_that_is_granted(20040);
claim_of_a_cart_in_flight(20041);
order_in_flight();
question_that_waits(60330);

$live->check_logs;
done_testing();


sub gateway {
    my ($store, %option) = @_;

    return $live->nginx(workers => 1, %option,
                        http => $live->violet_http($store, $mock),
                        server => $live->violet_location);
}


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub reached {
    my ($name) = @_;

    return $live->mock_counts($mock)->{$name} || 0;
}


# Sends a request, and returns when the worker has read all of it.
sub begin {
    my ($at, $what, %option) = @_;

    my $client = $live->client($at->port);

    $client->send(Live::Client::request_bytes($what, %option));
    $at->wait_read($client) or die "$what is not read\n";

    return $client;
}


sub submit {
    my ($at, $cart) = @_;

    return begin($at, "POST /v1/checkout/cart/$cart/submit", body => '{}');
}


sub ask {
    my ($at, $what) = @_;

    return $live->request($at->port, $what, body => '{}', timeout => 60);
}


# Reloads; the old worker closes the connections of its callers.
sub must_stop {
    my ($title, @clients) = @_;

    ok($nginx->reload, "$title: a reload");
    is(scalar(grep { $_->answer(60)->{status} } @clients), 0,
       "$title: the callers' connections are closed");
}


sub state_of {
    my ($cart) = @_;

    return $live->submit_state($redis, $cart);
}


sub claim_that_is_granted {
    my ($cart) = @_;

    my $title = 'a claim that is granted';
    my @old = $nginx->workers;

    $relay->mode('stall all');
    must_stop($title, submit($nginx, $cart));
    is(state_of($cart), '', "$title: Redis has not heard of it");

    $relay->mode('pass');
    ok($live->wait_for(60, sub { state_of($cart) eq 'failed' }),
       "$title: it is taken back");
    ok($nginx->wait_gone(60, @old), "$title: the worker ends");
    is(reached("cart_submit/$cart"), 0, "$title: nothing is sent");
    is(ask($other, "POST /v1/checkout/cart/$cart/submit")->{status}, 200,
       "$title: another host may send it at once");
}


sub claim_of_a_cart_in_flight {
    my ($cart) = @_;

    my $title = 'a claim of a cart in flight';
    my @old = $nginx->workers;

    control("delay?cart_submit/$cart=6");
    my $first = submit($other, $cart);
    ok($live->wait_for(30, sub { reached("cart_submit/$cart") }),
       "$title: Violet works on it");

    $relay->mode('stall all');
    must_stop($title, submit($nginx, $cart));
    $relay->mode('pass');
    ok($nginx->wait_gone(60, @old), "$title: the worker ends");

    is($first->answer(60)->{status}, 200, "$title: the first one is answered");
    ok($live->wait_for(60, sub { state_of($cart) eq 'completed' }),
       "$title: as Redis knows");
    is(reached("cart_submit/$cart"), 1, "$title: Violet was asked once");
}


# It cannot be read: nobody knows the id of its order yet.
sub order_in_flight {
    my $title = 'an order in flight';
    my @old = $nginx->workers;

    control('delay?order_create=20');
    my $client = begin($nginx, 'POST /v1/orders', body => '{"app_order_id":"7"}',
                       headers => {'Idempotency-Key' => 'one'});
    ok($live->wait_for(30, sub { reached('order_create') }),
       "$title: Violet works on it");

    must_stop($title, $client);
    ok($nginx->wait_log(qr/unknown, nginx ended the .*look in Violet for the /,
                        30),
       "$title: the log says what to do");
    ok($nginx->wait_gone(60, @old), "$title: the worker ends");
    control('delay?order_create=0');
}


# Two callers ask what became of a cart: one of them reads the order.
sub question_that_waits {
    my ($cart) = @_;

    my $title = 'a question that waits';
    my @old = $nginx->workers;
    my $question = "GET /v1/checkout/cart/$cart/submit";

    is(ask($nginx, "POST /v1/checkout/cart/$cart/submit")->{status}, 502,
       "$title: the cart is in doubt");

    control("delay?cart_read/$cart=20");
    my @clients = map { begin($nginx, $question) } 1 .. 2;
    ok($live->wait_for(30, sub { reached("cart_read/$cart") }),
       "$title: the order is read");

    must_stop($title, @clients);
    ok($nginx->wait_gone(60, @old), "$title: the worker ends");

    control("delay?cart_read/$cart=0");
    is(ask($nginx, $question)->{status}, 409,
       "$title: the next worker is asked");
    is(reached("cart_read/$cart"), 2, "$title: and reads at once");
}
