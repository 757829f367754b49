#!/usr/bin/perl

# Redis has lost its data, and refuses some of the records that a host writes
# again: it does so for ever, and the host has more of them than it tells at
# once.  The others are written all the same.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $refused = 250;
my $others = 40;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $admin = Violet::Redis->new($redis->port);

# long names, of which one look has room for 60
my $prefix = 'violet:' . 'p' x 120 . ':';
my $environment = 'e' x 128;
my $http = $live->violet_http($redis, $mock, 'violet_zone 512k;');
$http =~ s{/0;}{/0 prefix=$prefix;};
$http =~ s{environment violet_api;}{environment $environment;};

my $nginx = $live->nginx(workers => 1, http => $http,
                         server => $live->violet_location);

submit(map { 1_000_000 + $_ } 1 .. $refused);
submit(map { 1_100_000 + $_ } 1 .. $others);
is(records('10'), $refused, 'Redis has all records');
is(records('11'), $others, '... of both kinds');

sleep 3.2;    # what was just written is left to who wrote it

$admin->command("ACL SETUSER default resetkeys ~${prefix}submit:mark"
                . " ~$prefix*:11?????");
$admin->command('FLUSHALL');

ok($live->wait_for(60, sub { records('11') == $others }),
   'what Redis takes is written again') or diag(records('11'), " of $others");
is(records('10'), 0, 'beside what it refuses');

$admin->command('ACL SETUSER default resetkeys ~violet:*');
ok($live->wait_for(60, sub { records('10') == $refused }),
   'which is written when Redis takes it');

$live->check_logs;
done_testing();


sub submit {
    while (my @some = splice @_, 0, 50) {
        my @clients = map {
            my $client = $live->client($nginx->port);
            $client->send(Live::Client::request_bytes(
                "POST /v1/checkout/cart/$_/submit", body => '{}'));
            $client;
        } @some;

        $_->answer(30)->{status} == 200 or die "no answer\n" for @clients;
    }
}


# The number of records in Redis of carts whose numbers begin so.
sub records {
    my ($first) = @_;

    return scalar @{$admin->call('KEYS', "$prefix*:$first?????")};
}
