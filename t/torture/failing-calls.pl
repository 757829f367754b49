#!/usr/bin/perl

# Each allocation and each system call of each flow fails, as in
# t/upstream/failing-calls.t, until the flow makes no more calls.  Four processes
# share the flows, since each of them waits for most of its time.
#
#     t/torture/failing-calls.pl purge show    only these flows, in one process
#     TORTURE_QUICK=1                          some calls of each flow
#     TEST_SAN=1                               with ASan and UBSan

use strict;
use warnings;

use Cwd ();
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Live;
use Live::FailingCalls;
use Soak;
use Test::More;
use Time::HiRes qw(time);

# "+": all calls from this one on fail, until the flow has ended
my @kinds = qw(memory read write connect socket epoll memory+ connect+ socket+);

# calls at most, of flows that have thousands: a worker starts, and libcrypto
my %most = ('cold memory' => 300, map { ("$_ memory+" => 40) }
                                      Live::FailingFlows::names());

my $quick = $ENV{TORTURE_QUICK};

chdir "$FindBin::Bin/../.." or die "$!\n";

Soak::sanitized() if $ENV{TEST_SAN} && !$ENV{TEST_NGINX_STATIC};

@ARGV ? sweep_all(@ARGV) : share(4);


# The flows with many calls are not all in one process.
sub share {
    my ($processes) = @_;

    my @flows = Live::FailingFlows::names();
    my (@pids, $failed);

    for my $n (0 .. $processes - 1) {
        my @mine = map { $flows[$_] } grep { $_ % $processes == $n }
                                           0 .. $#flows;
        my $pid = fork;
        die "fork: $!\n" if !defined $pid;
        exec $^X, "$FindBin::Bin/failing-calls.pl", @mine if !$pid;
        push @pids, $pid;
    }

    for my $pid (@pids) {
        waitpid $pid, 0;
        $failed ||= $?;
    }

    exit($failed ? 1 : 0);
}


sub sweep_all {
    my (@flows) = @_;

    my $begun = time;
    my $calls = Live::FailingCalls->new(Live->new);

    $| = 1;

    for my $flow (@flows) {
        sweep($calls, $flow, $_) for $quick ? qw(memory write) : @kinds;
    }

    $calls->check_logs;
    diag(sprintf '%s, %.0f s', $calls->summary, time - $begun);
    done_testing();
}


sub sweep {
    my ($calls, $flow, $kind) = @_;

    my $most = $most{"$flow $kind"};
    my ($wrong, $tried, $all)
        = $calls->sweep($flow, $kind, $quick ? (seconds => 0.4) : (),
                        $most ? (most => $most) : ());

    ok(!@$wrong, "$flow: $tried of $all calls of $kind fail")
        or diag(join "\n", @$wrong);
}
