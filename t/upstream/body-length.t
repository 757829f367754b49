#!/usr/bin/perl

# If nginx has no memory for the digits of Content-Length, it omits the header
# from a request to Violet and would send the body, which Violet would read as
# the next request on that connection.  In this test each allocation of a
# request with a body fails once.  Headers of several lengths move small
# allocations from one block of memory to another.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Faults;
use Test::More;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $faults = Live::Faults->new($live);
my $nginx = $live->nginx(
    workers => 1, faults => $faults,
    http => $live->violet_http($redis, $mock, $faults->small_pools),
    server => $live->violet_location);
my ($worker) = $nginx->workers;

my ($sent, $refused, @wrong) = (0, 0);

each_call(8 * $_) for 0 .. 15;

is("@wrong", '', 'the next request is answered');
ok($sent, "$sent requests were sent");
ok($refused, "the module refused $refused requests");
is($live->mock_counts($mock)->{garbage}, 0, 'Violet could read all requests');
is_deeply([$nginx->workers], [$worker], 'it is the same worker');

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/violet: the request was not sent/);
done_testing();


# Sends a request with a header of that length.
sub each_call {
    my ($length) = @_;

    $faults->count($worker);
    ask('POST /v1/merchants', $length);
    $faults->disarm;
    my $calls = $faults->seen('memory');

    for my $nth (1 .. $calls) {
        $faults->fail($worker, 'memory', $nth);
        my $answer = ask('POST /v1/merchants', $length);
        $faults->disarm;

        # on the same connection to Violet
        my $next = ask('GET /v1/merchants', 0);

        push @wrong, "$length, $nth: " . ($next->{status} || $next->{error})
            if !$next->{status} || $next->{status} != 200;

        $sent++ if ($answer->{status} || 0) == 200;
        $refused++ if ($answer->{body} || '') =~ /does not say how long/;
    }

    return;
}


sub ask {
    my ($what, $length) = @_;

    return $live->request($nginx->port, $what,
                          headers => { Host => 'localhost',
                                       'X-Length' => 'x' x $length },
                          $what =~ /\APOST/ ? (body => '{}') : (),
                          timeout => 60);
}
