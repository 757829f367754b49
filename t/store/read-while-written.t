#!/usr/bin/perl

# A worker reads a large report from memory, in pieces, and stops in the middle.
# Meanwhile another worker drops the report, or stores a new one in its place.
# Then the first one goes on: its caller gets one of the two reports as a whole.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;

plan skip_all => 'killer.c does not support this processor'
    if !Live::Killer::supported();

# times that the worker stops before each lock of the zone
my $rounds = 2;
my $merchant = 710000;
my %request = (drops => sub { "POST /purge?merchant_id=$_[0]" },
               stores => sub { 'GET /v1/operations/connection_health/'
                               . "$_[0]?refresh=true" });

my $live = Live->new(patient => 1);
my $health = Live::Health->new($live);

# before a worker has the link, so that no notice of them comes later
$health->put(\&body, $merchant .. $merchant + 300);

my $killer = Live::Killer->new($live, 256 * 1024);
my $nginx = $health->gateway(
    workers => 2, killer => $killer,
    extra => 'violet_zone 256k; violet_health_memory 1h;',
    lines => 'violet_refresh_limit off;',
    more => 'location = /purge { violet_purge shop; }');

# a worker keeps nothing in memory before it knows the clock of Redis
in_memory($merchant);
$killer->arm(0, 'stop');
$health->get($nginx, $merchant, timeout => 30);
my $locks = ($killer->disarm)[3];

cmp_ok($locks, '>=', 5, 'a large report is read in pieces');

my ($stopped, %wrong) = (0, drops => [], stores => []);

for my $at ((1 .. $locks) x $rounds) {
    try($_, $at) for sort keys %request;
}

note("a worker stopped $stopped times before one of $locks locks");
cmp_ok($stopped, '>=', 10, 'workers stop while they read a report');
is(join("\n", @{$wrong{$_}}), '', "one report, if another worker $_ it")
    for sort keys %wrong;

$live->check_logs;
done_testing();


sub in_memory {
    my ($id) = @_;

    $live->wait_for(30, sub {
        my $answer = $health->get($nginx, $id, timeout => 30);
        return ($answer->{vars}{cache_tier} || '') eq 'memory'
               && $answer->{body} eq body($id);
    }) or die "the report of $id is not in memory\n";
}


sub try {
    my ($what, $at) = @_;

    in_memory(++$merchant);
    $killer->arm($at, 'stop');

    my $first = $health->ask($nginx, $merchant);

    # the worker stops before it answers, or it does not stop
    $live->wait_for(20, sub {
        return $killer->killed || $first->read_until(qr/\r\n\r\n/, 0.01);
    });

    my $pid = ($killer->disarm)[4];
    my $other = $live->request($nginx->port, $request{$what}->($merchant),
                               timeout => 30)->{status} || 0;

    # the next requests store it in memory, unless that worker may not trust it
    $live->wait_for(0.5, sub {
        return $health->get($nginx, $merchant)->{vars}{cache_tier} eq 'memory';
    }) if $what eq 'stores';

    if ($pid) {
        $stopped++;
        kill CONT => $pid;
    }

    my $body = $health->answer($first)->{body} // '';

    push @{$wrong{$what}}, "before lock $at: $other, " . substr $body, 0, 80
        if $other != 200 || $body ne body($merchant) && !is_new($body);
}


# The report that Violet has, which is a small one.
sub is_new {
    my ($body) = @_;

    return $body =~ /^\{"merchant_id": ?$merchant\b.*\}\s*$/s
           && $body !~ /"note"/;
}


# 18 kB: what a node has room for, and four pieces
sub body {
    my ($id) = @_;

    return qq({"merchant_id":$id,"complete":true,"note":")
           . ('x' x 18000) . '"}';
}
