#!/usr/bin/perl

# The part "carts" of "make torture": carts submitted through two gateways
# while everything fails.
#
#     TORTURE_CARTS=20000     carts in all
#     TORTURE_SECONDS=240     real seconds with faults in all
#     TORTURE_SEED=N          of the first run; the next ones count on
#
# Three kinds of runs: with without_redis=refuse and all faults, with
# without_redis=host and all faults but those of Redis, and with
# without_redis=host and all faults, where a cart that was ordered twice is
# counted apart if a gateway sent it without Redis and its log says so, as
# documented.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin", "$FindBin::Bin/../lib";

use Live;
use POSIX qw(ceil);
use Test::More;
use Torture;

my $carts = $ENV{TORTURE_CARTS} || 20000;
my $seconds = $ENV{TORTURE_SECONDS} || 240;
my $seed = $ENV{TORTURE_SEED} || 1 + int rand 1_000_000;

# share of the carts, without_redis, with the faults of Redis
my @kinds = (
    [0.6, 'refuse', 1],
    [0.2, 'host',   0],
    [0.2, 'host',   1],
);

my $most = 10000;    # carts in one run, for the zone of a gateway

for my $kind (@kinds) {
    my ($share, $without, $redis_faults) = @$kind;
    my $runs = ceil($carts * $share / $most);

    for (1 .. $runs) {
        one(carts => ceil($carts * $share / $runs),
            seconds => $seconds * $share / $runs,
            seed => $seed++, without_redis => $without,
            redis_faults => $redis_faults);
    }
}

done_testing();


sub one {
    my (%option) = @_;

    my $live = Live->new;
    my $report = Torture::run($live, %option);
    my @wrong = grep { !/as documented/ } keys %{$report->{violations}};

    diag(Torture::text($report));
    ok(!@wrong, "$option{without_redis}, seed $option{seed}: "
                . "$report->{carts} carts");
    $live->check_logs(qr/exited on signal 9/);
}
