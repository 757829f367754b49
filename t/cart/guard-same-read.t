#!/usr/bin/perl

# Callers of one cart that is in doubt, of whom each says "again" and waits for
# the same read of it: the read shows it to be open to all of them at once, and
# one submit is sent.  There is no Redis that could tell them apart.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new;
my $mock = $live->mock;
my $http = $live->violet_http($live->redis, $mock);

$http =~ s/violet_redis[^;]*;//;

my $nginx = $live->nginx(workers => 1, http => $http,
                         server => $live->violet_location);
my $cart = 20002;
my $callers = 8;

control("fault?cart_submit/$cart=600");
is(submit()->{headers}{'x-violet-cart-outcome'}, 'unknown',
   'the first submit is in doubt');
is(reached(), 1, 'it was sent');

control("fault?cart_submit/$cart=0");
control("cart?$cart=open");
control("delay?cart_read/$cart=1&cart_submit/$cart=1");

my @answers = $live->many($nginx->port, count => $callers, request => sub {
    return bytes('X-Violet-Submit' => 'again');
});

is(reached(), 2, 'one of the callers submits it');
is(scalar(grep { $_->{status} == 200 } @answers), 1, 'it gets the order');
is(scalar(grep { $_->{status} == 409
                 && $_->{headers}{'x-violet-cart-outcome'} eq 'unknown'
                 && $_->{body} =~ /this submit was not sent/ } @answers),
   $callers - 1, 'the others hear that theirs was not sent')
    or diag(map { "$_->{status} $_->{body}\n" } @answers);

$live->check_logs;
done_testing();


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '');
}


sub bytes {
    my (%headers) = @_;

    return Live::Client::request_bytes("POST /v1/checkout/cart/$cart/submit",
                                       body => '{}', headers => \%headers);
}


sub submit {
    return $live->request($nginx->port, bytes());
}


sub reached {
    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}
