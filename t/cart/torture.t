#!/usr/bin/perl

# A short torture run (t/torture): Redis, workers and Violet fail while callers
# submit 400 carts through two gateways with without_redis=refuse.  No cart is
# ordered twice, none is lost, none is blocked.  "make torture" runs longer.
#
# TORTURE_SEED chooses another run.

use strict;
use warnings;

use lib 't/lib', 't/torture';
use Live;
use Test::More;
use Torture;

like(qx(python3 t/torture/test_judge.py 2>&1), qr/^OK$/m,
     'the judge of a run finds each kind of fault');

my $live = Live->new;
my $report = Torture::run($live, carts => 400, seconds => 20,
                          seed => $ENV{TORTURE_SEED} || 17,
                          without_redis => 'refuse', redis_faults => 1);

is_deeply($report->{violations}, {}, 'each cart is ordered once, or refused')
    or diag(Torture::text($report));

cmp_ok($report->{carts}, '==', 400, 'all carts were submitted');
cmp_ok($report->{orders}, '>', 200, 'most of them were ordered');
cmp_ok($report->{'carts sent more than once'}, '>', 20,
       'some were sent again, since the first submit was lost');
cmp_ok($report->{'carts of two bags, ordered in part'}, '>', 5,
       'some were ordered in part');
is(scalar(grep { $_ } @{$report->{'callers by kind'}}{
       'orders', 'insists', 'watched, second'}), 3,
   'by POST orders, with "again", and with questions in between');

note(Torture::text($report));

$live->check_logs(qr/exited on signal 9/);
done_testing();
