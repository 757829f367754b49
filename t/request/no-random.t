#!/usr/bin/perl

# A kernel that has no random numbers: nginx does not start with a name that a
# caller could guess, a request gets no id, no submit is sent without a token of
# its own, and all is well as soon as there are numbers again.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Faults;
use Live::Process;
use Test::More;

my $live = Live->new;
my $mock = $live->mock;
my $faults = Live::Faults->new($live);
my $nginx = $live->nginx(faults => $faults, workers => 1,
                         http => $live->violet_http($live->redis, $mock),
                         server => $live->violet_location);
my ($worker) = $nginx->workers;
my $cart = 1_000_000;

# --- nginx starts ---

$faults->fail('first', 'random', 1);
like(tested(), qr/\[emerg\].*violet: getrandom\(\) failed \(11: /,
     'nginx does not start');
is($faults->disarm, 1, 'since a call failed');
like(tested(), qr/test is successful/, 'then it does');

# --- a worker that has used up what it had ---

$faults->fail($worker, 'random', 1, many => 1_000_000);
my $refused;
$live->wait_for(20, sub {
    $refused = submit();
    $faults->failed && $refused->{status} >= 500;
});
my $sent = sent();

like($refused->{body}, qr/"outcome":"failed"/, 'a submit has failed');
like($refused->{body}, qr/"retry":"later"/, 'and may be sent later');
is($sent, 0, 'it was not sent');

my $report = $live->request($nginx->port,
                            'GET /v1/operations/connection_health/42');
is($report->{status}, 200, 'a report comes');

$faults->disarm;
$refused = submit($cart);
is($refused->{status}, 200, 'the submit is sent as soon as there are numbers');
is(sent(), 1, 'once');

$live->check_logs(qr{\[emerg\].*violet: getrandom\(\) failed});
done_testing();


sub tested {
    my %preloaded = $nginx->preloaded;
    my $process = Live::Process->start(
        'nginx-t', $live->folder . '/nginx-t.out', 'env',
        map({ "$_=$preloaded{$_}" } sort keys %preloaded),
        $nginx->command('-t'));

    $process->wait_end(60);

    return $process->output;
}


sub submit {
    my ($id) = @_;

    $id ||= ++$cart;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$id/submit",
                          body => '{}');
}


sub sent {
    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}
