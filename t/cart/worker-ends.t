#!/usr/bin/perl

# Workers that shut down while another worker reads the order for their callers:
# these wait for its read, and get an answer.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $mock = $live->mock;
my $nginx = $live->nginx(workers => 2, listen => 'reuseport',
                         http => $live->violet_http($live->redis, $mock),
                         server => $live->violet_location);
my $cart = 60320;
my $callers = 24;

$live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
               body => '{}');
$live->request($mock->port, "POST /_mock/delay?cart_read/$cart=3", body => '');

my $before = reads();
my %idle = descriptors();
my @clients = map { $live->client($nginx->port) } 1 .. $callers;
my $question = Live::Client::request_bytes(
    "GET /v1/checkout/cart/$cart/submit");

$_->send($question) for @clients;
ok($live->wait_for(20, sub { reads() > $before }), 'a worker reads the order');

# one of them reads, the other one waits
ok($live->wait_for(20, sub {
       my %now = descriptors();
       my @more = map { $now{$_} - $idle{$_} } keys %idle;
       $more[0] && $more[1] && $more[0] + $more[1] >= $callers;
   }), 'both workers have callers of it');

ok($nginx->reload, 'a reload');

my @answers = map { $_->answer(30) } @clients;

is(scalar(grep { !$_->{error} && $_->{status} } @answers), $callers,
   'each caller gets an answer')
    or diag(map { "$_->{error}\n" } grep { $_->{error} } @answers);

$live->check_logs;
done_testing();


sub reads {
    return $live->mock_counts($mock)->{"cart_read/$cart"} || 0;
}


# The number of open files of each worker.
sub descriptors {
    return map { my $pid = $_; $pid => scalar(() = glob "/proc/$pid/fd/*") }
               $nginx->workers;
}
