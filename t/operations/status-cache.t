#!/usr/bin/perl

# violet_status counts each way in which a read of connection health can end.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live);
my $nginx = $health->gateway(
    workers => 1,
    lines => stale(''),
    more => $health->location('/off/', 'violet_health_cache off;')
            . $health->location('/updating/', stale('updating'))
            . 'location = /status { violet_status prometheus; }');
my %want = map { $_ => 0 } qw(hit_memory hit_redis miss expired stale updating
                              refresh joined bypass limited held);

seen('MISS miss', 20001);
seen('HIT hit_redis', 20001);
seen('BYPASS bypass', 20001, '/off/');

aged(20001);
seen('UPDATING updating', 20001, '/updating/');
$live->wait_for(20, sub { $health->reached('connection_health/20001') >= 3 });

aged(20001);
seen('EXPIRED expired', 20001);

aged(20001);
$health->control('fault?connection_health/20001=500');
seen('STALE stale', 20001);

# two callers, one question
$health->control('delay?connection_health/20002=2');
my $first = $health->ask($nginx, 20002);
$health->reaches(20002, 1) or diag('Violet is not asked');
my $second = $health->ask($nginx, 20002);
my @both = map { $health->answer($_, 30)->{vars}{cache_status} } $first,
                                                                  $second;
is("@both", 'MISS JOINED', 'two callers at once');
$want{$_}++ for qw(miss joined);

is(counted(), join(' ', map { "$_=$want{$_}" } sort keys %want),
   'each of them is counted once');

$live->check_logs;
done_testing();


sub stale {
    my ($how) = @_;

    return "violet_health_memory off; violet_health_ttl 1h;"
           . "violet_health_stale 2h $how;";
}


# A read that ends so, and the counter that it adds to.
sub seen {
    my ($how, $merchant, $prefix) = @_;

    my ($status, $counter) = split ' ', $how;
    my $answer = $health->get($nginx, $merchant,
                              $prefix ? (prefix => $prefix) : ());

    is("$answer->{status} $answer->{vars}{cache_status}", "200 $status",
       "a read that is $counter");
    $want{$counter}++;
}


# Its report gets 4,000 s older.
sub aged {
    my ($merchant) = @_;

    $health->command('HINCRBY ' . $health->key($merchant)
                     . ' stored_at -4000000');
}


sub counted {
    my $page = $live->request($nginx->port, 'GET /status')->{body};
    my %count = $page
        =~ /health_cache_total\{app="shop",result="(\w+)"\} (\d+)/g;

    return join ' ', map { "$_=$count{$_}" } sort keys %count;
}
