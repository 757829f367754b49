#!/usr/bin/perl

# Hostile callers, answers of Violet, replies and values of Redis, and events:
# the inputs that are kept, and some mutated ones.  "make torture" sends more of
# them, and has another seed each time.

use strict;
use warnings;

use lib 't/lib', 't/torture';
use Hostile;
use Live;
use Test::More;

my $live = Live->new;

# the cases end it, however long they take
my $report = Hostile::run($live, seconds => 3600, cases => 300, seed => 1);
my $counts = $report->{counts};

is_deeply($report->{wrong}, {}, 'every case is right')
    or diag(Hostile::text($report));
cmp_ok($counts->{'kept inputs'}, '>=', 60, 'the kept inputs were sent');
cmp_ok($counts->{$_} || 0, '>', 0, "cases of the kind $_")
    for qw(caller answer reply stored event);
cmp_ok($counts->{'requests at Violet'}, '>', 100, 'Violet got requests');

$live->check_logs;
done_testing();
