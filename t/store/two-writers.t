#!/usr/bin/perl

# Two workers of one host store the same large report, in pieces, at the same
# time.  The first one stops in the middle, the second one stores the whole
# report, and then the first one goes on: what the second one stored stays.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'killer.c does not support this processor'
    if !Live::Killer::supported();

# times that the worker stops before each lock of the zone
my $rounds = 3;
my $merchant = 700000;
my $warm = 100;

my $live = Live->new;
my $health = Live::Health->new($live);

# before a worker has the link, so that no notice of them comes later
$health->put(sub { body($_[0]) }, $merchant .. $merchant + $warm + 500);

my $killer = Live::Killer->new($live, 256 * 1024);
my $nginx = $health->gateway(workers => 2, killer => $killer,
                             extra => 'violet_zone 256k;'
                                      . 'violet_health_memory 1h;');

# a worker keeps nothing in memory before it knows the clock of Redis
$live->wait_for(20, sub { tier($merchant) eq 'memory' });
$health->many($nginx, count => $warm, what => sub { $merchant + $_[0] });

$merchant += $warm;
$killer->arm(0, 'stop');
is(tier($merchant), 'redis', 'a report from Redis');
my $locks = ($killer->disarm)[3];
is(tier($merchant), 'memory', '... is kept in memory');

my ($stopped, @wrong) = (0);

for my $at ((1 .. $locks) x $rounds) {
    $merchant++;
    $killer->arm($at, 'stop');

    my $first = $health->ask($nginx, $merchant);

    # the worker stops before it answers, or it does not stop
    $live->wait_for(20, sub {
        return $killer->killed || $first->read_until(qr/\r\n\r\n/, 0.01);
    });

    my $pid = ($killer->disarm)[4];
    my $second = tier($merchant);

    if ($pid) {
        $stopped++;
        kill CONT => $pid;
    }

    my $status = $health->answer($first)->{status} || 0;
    my $third = tier($merchant);

    push @wrong, "before lock $at of $locks: $status, $second, $third"
        if $status != 200 || $third ne 'memory';
}

note("a worker stopped $stopped times before one of $locks locks");
cmp_ok($stopped, '>=', 10, 'workers stop while they store a report');
is(join("\n", @wrong), '', 'what another worker stored meanwhile stays');

$live->check_logs;
done_testing();


sub tier {
    my ($id) = @_;

    my $answer = $health->get($nginx, $id, timeout => 30);

    return 'error' if ($answer->{status} || 0) != 200
                      || $answer->{body} ne body($id);
    return lc $answer->{vars}{cache_tier};
}


# 18 kB: what a node has room for, and four pieces
sub body {
    my ($id) = @_;

    return qq({"merchant_id":$id,"complete":true,"note":")
           . ('x' x 18000) . '"}';
}
