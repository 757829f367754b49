#!/usr/bin/perl

# violet_status comes with a reload, to an nginx that has counted nothing so far
# and has other zones of shared memory; then it goes, and comes again.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $nginx = $live->nginx(
    workers => 1, server => server(''),
    http => $live->violet_http($redis, $mock, join '', map {
        "limit_req_zone \$uri zone=other$_:64k rate=1000r/s;\n"
    } 1 .. 3));

asks(2);
is(requests(), undef, 'without violet_status there are no metrics');

for my $turn ('comes', 'comes again') {
    $nginx->configure(server => server('location = /status { violet_status; }'));
    ok(renewed(), "violet_status $turn");
    is(requests(), 0, "violet_status $turn: it begins with nothing");
    asks(3);
    is(requests(), 3, "violet_status $turn: it counts");

    $nginx->configure(server => server(''));
    ok(renewed(), "violet_status $turn, and goes");
    asks(1);
    is(requests(), undef, "violet_status $turn, and goes: no metrics");
}

$live->check_logs;
done_testing();


sub server {
    my ($status) = @_;

    return $live->violet_location . "location / { return 404; } $status";
}


# The old worker, which might take a request, has ended.
sub renewed {
    my @old = $nginx->workers;

    return $nginx->reload && $nginx->wait_gone(30, @old);
}


sub asks {
    my ($count) = @_;

    for (1 .. $count) {
        my $answer = $live->request($nginx->port, 'GET /v1/merchants');
        die "it gets no answer\n" if $answer->{status} != 200;
    }
}


# All that were counted; undef if there are no metrics.
sub requests {
    my $answer = $live->request($nginx->port, 'GET /status');

    return undef if $answer->{status} != 200;

    my $sum = 0;

    $sum += $_ for $answer->{body} =~ /^violet_requests_total\{.*\} (\d+)$/mg;

    return $sum;
}
