#!/usr/bin/perl

# Each allocation fails while nginx reads a configuration that has all
# directives: when it starts (nginx -t), and when it reloads.  Most of them are
# those of the library of TLS, so a configuration without TLS follows.
#
#     TORTURE_MOST=400    calls at most of each, spread over all of them
#     TORTURE_QUICK=1     30 calls
#     TEST_SAN=1          with ASan and UBSan

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Live;
use Live::FailingConfiguration;
use Soak;
use Test::More;
use Time::HiRes qw(time);

my $most = $ENV{TORTURE_MOST} || ($ENV{TORTURE_QUICK} ? 30 : 400);

chdir "$FindBin::Bin/../.." or die "$!\n";

Soak::sanitized() if $ENV{TEST_SAN} && !$ENV{TEST_NGINX_STATIC};

my $live = Live->new;
my $sweep = Live::FailingConfiguration->new($live);

for my $kind (qw(start reload plain)) {
    my $begun = time;
    my ($wrong, $tried, $all) = $sweep->$kind(most => $most);

    ok(!@$wrong && $tried > 1,
       "$kind: $tried of $all allocations of a configuration fail")
        or diag(join "\n", @$wrong);
    diag(sprintf '%s: %.0f s', $kind, time - $begun);
}

# nginx says what failed
$live->check_logs(qr/\[(?:emerg|alert)\]/);
done_testing();
