#!/usr/bin/perl

# Redis answers one lookup with the report of another merchant, while replies
# to other lookups have come already: none of them is believed.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep);

my $live = Live->new;
my $health = Live::Health->new($live);
my $relay = $live->relay($health->redis->port);

my $nginx = $health->gateway(
    workers => 1,
    redis => 'redis://127.0.0.1:' . $relay->port . '/0 timeout=20s',
    lines => 'violet_health_memory off;');

is($health->get($nginx, $_)->{status}, 200, "report $_ is stored")
    for 20001 .. 20004;

$health->command("HSET ${\ $health->key(20002)} merchant 29999");

# Four lookups lie in the relay; their replies come together.
$relay->mode('stall all');
my @clients = map { $health->ask($nginx, $_) } 20001 .. 20004;
sleep 0.3;
$relay->mode('pass');

my @answers = map { $health->answer($_, 60) } @clients;

is(from($answers[0]), 'HIT ok', 'the one before it is believed');
like(from($answers[$_]), qr/\AMISS (?!ok)/, 'merchant ' . (20001 + $_)
     . ': its reply came too late to be believed') for 1 .. 3;

for my $i (0 .. 3) {
    my $merchant = 20001 + $i;
    like($answers[$i]{body}, qr/"merchant_id": ?$merchant,/,
         "merchant $merchant: the right report");
}

my @lines = $nginx->error_log =~ /with the report of another merchant/g;
is(scalar @lines, 1, 'the log has one line about it');

ok($live->wait_for(10, sub {
    return from($health->get($nginx, 20003)) eq 'HIT ok';
}), 'then Redis is used again');

$live->check_logs;
done_testing();


sub from {
    my ($answer) = @_;

    return join ' ', @{$answer->{vars}}{qw(cache_status redis)};
}
