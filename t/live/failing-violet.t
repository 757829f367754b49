#!/usr/bin/perl

# A Violet that fails slowly, and a gateway that has nothing left to ask it
# with: no caller waits longer than is documented, and a stale report is
# served to all.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $health = Live::Health->new($live);

no_descriptors();

$live->check_logs(qr/Too many open files/);
done_testing();


# One worker without a descriptor left.  Its connections are there before.
sub no_descriptors {
    my $nginx = $health->gateway(
        workers => 1, keepalive => '',
        lines => 'violet_health_ttl 1s; violet_health_stale 1h;'
                 . 'violet_health_memory off;');
    my ($worker) = $nginx->workers;
    my $client = $live->client($nginx->port);

    is(on($client, $health->path('101'))->{status}, 200, 'a report is stored');
    sleep 1.1;

    open_files($worker, 3);

    my $stale = on($client, $health->path('101'));
    my $none = on($client, $health->path('102'));
    my $refresh = on($client, $health->path('103?refresh=true'));
    my $submit = on($client, 'POST /v1/checkout/cart/104/submit', '{}');

    open_files($worker, 4096);

    is($stale->{status}, 200, 'no descriptor is left: the stale report');
    like($stale->{headers}{'cache-status'}, qr/; hit; .*detail=upstream-error/,
         'it is marked');
    problem_is($none, 502, 'upstream-unavailable', 'without a stale one');
    like($none->{body}, qr/no connection to Violet could be made/,
         'the problem names the cause');
    problem_is($refresh, 502, 'upstream-unavailable', 'a refresh');
    problem_is($submit, 502, 'cart-submit-failed', 'a submit');
    is(eval { JSON::PP::decode_json($submit->{body})->{errors}[0]{reason} },
       'UPSTREAM_UNREACHABLE', 'nothing of it was sent');

    my $again = on($client, $health->path('103?refresh=true'));

    is($again->{status}, 200, 'descriptors again: the refresh');
    like($again->{headers}{'cache-status'}, qr/fwd=request; stored/,
         'has its budget still');
    $nginx->stop;
}


# On a connection that stays open.
sub on {
    my ($client, $what, $body) = @_;

    $client->send(Live::Client::request_bytes(
        $what, body => $body, headers => {Connection => 'keep-alive'}));

    return Live::Health::read_vars($client->answer(20));
}


sub problem_is {
    my ($answer, $status, $type, $title) = @_;

    is($answer->{status}, $status, "$title: $status");
    is(eval { JSON::PP::decode_json($answer->{body})->{type} },
       "urn:ngx-violet:$type", "$title: $type");
}


sub open_files {
    my ($pid, $soft) = @_;

    system('prlimit', "--pid=$pid", "--nofile=$soft:") == 0
        or die "prlimit fails\n";
}
