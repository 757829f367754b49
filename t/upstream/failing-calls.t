#!/usr/bin/perl

# Each allocation and system call of a request fails in turn: no worker ends, no
# request hangs, no caller gets the answer to another request, no cart is
# submitted twice, nothing leaks, and the next request succeeds.
#
# Here some calls of most flows fail, as many as fit into the seconds below.
# t/torture/parts/20-failing-calls lets all of them fail.
#
#     perl -It/lib t/upstream/failing-calls.t purge show     only these flows
#     FAULTS_KINDS="memory epoll"    only these kinds of calls
#     FAULTS_SECONDS=600             for all of it

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(max sum);
use Live;
use Live::FailingCalls;
use Test::More;
use Time::HiRes qw(time);

# for all flows, on a quiet machine; a busy one tries fewer calls
my $seconds = $ENV{FAULTS_SECONDS} || 75;

# A flow has many allocations, and a few other calls.
my %share = (memory => 4, read => 2, write => 2);

# Short flows, of which a failure was once unseen: each of their calls is tried.
# With "+" all allocations from the n-th on fail.
my %whole = map { ($_ => 1) } 'webhook memory', 'host_webhook memory',
            'host_purge memory', 'show memory', 'host_show memory',
            'repeated memory+';

# Each start of nginx takes long; what is refused calls little, and waits for the
# torture.
my %long = map { $_ => 1 } qw(cold), Live::FailingRefusals::names();

my $live = Live->new;
my $calls = Live::FailingCalls->new($live);
my @kinds = split ' ', $ENV{FAULTS_KINDS} || join ' ', $calls->kinds;
my @flows = @ARGV ? @ARGV
                  : grep { !$long{$_} } Live::FailingFlows::names();

my $until = time + $seconds;
my $shares = @flows * sum(map { $share{$_} || 1 } @kinds) + 1;

for my $flow (@flows) {
    for my $kind (@kinds, grep { $whole{"$flow $_"} } 'memory+') {
        my $share = $share{$kind} || 1;
        my $left = max(0, $until - time) * $share / $shares;
        my ($wrong, $tried, $all)
            = $calls->sweep($flow, $kind, $whole{"$flow $kind"}
                                          ? () : (seconds => $left));

        $shares -= $share;

        ok(!@$wrong, "$flow: $tried of $all calls of $kind fail")
            or diag(join "\n", @$wrong);
    }
}

note($calls->summary);
$calls->check_logs;
done_testing();
