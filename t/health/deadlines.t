#!/usr/bin/perl

# Violet fails slowly, or the gateway has no descriptor left: no caller waits
# longer than documented, and every caller gets the stale report.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Clock;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $health = Live::Health->new($live);

no_descriptors();
reports_without_an_end();
callers_in_a_hurry();
callers_in_a_hurry_and_a_refresh();
connections_are_not_reused();
submits_without_an_end();
reads_of_a_cart_without_an_end();
merchant_who_left();
merchant_who_left_without_redis();
failures_are_held_for_all();
failures_are_held_without_redis();

$live->check_logs(qr/Too many open files/);
done_testing();


# One worker without a free descriptor; clients have connected before.
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

    is($stale->{status}, 200,
       'no descriptor is left: a read gets the stale report');
    like($stale->{headers}{'cache-status'}, qr/; hit; .*detail=upstream-error/,
         'it is marked as stale');
    problem_is($none, 502, 'upstream-unavailable', 'without a stale report');
    like($none->{body}, qr/no connection to Violet could be made/,
         'the problem names the cause');
    problem_is($refresh, 502, 'upstream-unavailable', 'a refresh');
    problem_is($submit, 502, 'cart-submit-failed', 'a submit');
    is(eval { JSON::PP::decode_json($submit->{body})->{errors}[0]{reason} },
       'UPSTREAM_UNREACHABLE', 'the submit was not sent');

    my $again = on($client, $health->path('103?refresh=true'));

    is($again->{status}, 200, 'descriptors are free again: a refresh');
    like($again->{headers}{'cache-status'}, qr/fwd=request; stored/,
         'is granted, since its budget was not spent');
    $nginx->stop;
}


# Violet may take four seconds for a whole answer; two hosts.
sub impatient {
    my (%option) = @_;

    return $health->gateway(
        workers => 2, %option,
        lines => 'proxy_connect_timeout 1s; proxy_send_timeout 1s;'
                 . 'proxy_read_timeout 2s; ' . ($option{lines} || ''));
}


sub reports_without_an_end {
    my @nginx = map {
        impatient(keepalive => '',
                  lines => 'violet_health_ttl 1s; violet_health_stale 1h;')
    } 1 .. 2;

    for my $merchant (61401, 61501) {
        my @got = $health->many(\@nginx, count => 24, what => $merchant,
                                timeout => 60);

        $health->all_are(504, "merchant $merchant", @got);
        is(scalar(grep { $_->{body} =~ /did not answer in time/ } @got), 24,
           'each problem names the cause');
        is($health->reached($merchant), 1, 'Violet is asked once for all');
    }

    for my $fault (614, 615) {
        my $merchant = $fault * 100 - 40_000;

        $health->get($nginx[0], $merchant);
        sleep 1.1;
        $health->control("fault?connection_health/$merchant=$fault");

        my @got = $health->many(\@nginx, count => 24, what => $merchant,
                                timeout => 60);

        $health->all_are(200, "the stale report of $merchant", @got);
        is($health->tally(cache_status => @got), 'STALE 24',
           'it is marked as stale');
    }

    ok($live->wait_for(20, sub { open_at_violet() <= 1 }),
       'each connection to Violet is closed')
        or diag(open_at_violet());
    $_->stop for @nginx;
}


# Two locations of one app, in one worker: a request that joins the flight of
# the location with the long timeouts waits for its own timeouts only.
sub callers_in_a_hurry {
    my $hurry = 'proxy_connect_timeout 1s; proxy_send_timeout 1s;'
                . 'proxy_read_timeout 1s;';
    my $nginx = $health->gateway(
        workers => 1, keepalive => '', lines => 'proxy_read_timeout 60s;',
        more => $health->location('/hurry/', $hurry));

    my $patient = $health->ask($nginx, 61504);
    ok($health->reaches(61504), 'the location with long timeouts asks Violet');

    my @got = $health->many($nginx, count => 30, what => 61504,
                            prefix => '/hurry/', timeout => 60);

    $health->all_are(504, 'requests of the location with short timeouts', @got);
    is($health->reached(61504), 2, 'they ask Violet once themselves');
    $patient->read_until(qr/./, 0.1);
    is($patient->{in}, '', 'the request with long timeouts waits');

    $health->control('fault?connection_health/201=615');
    my $other = $health->ask($nginx, 201);
    ok($health->reaches(201), 'another request with long timeouts asks Violet');

    my $hasty = $health->ask($nginx, 201, '/hurry/');
    sleep 2;
    $health->control('fault?connection_health/201=0');

    my $got = $health->answer($hasty, 30);

    is($got->{status}, 200,
       'a request with short timeouts gets its own answer');
    like($got->{body}, qr/^\{"merchant_id": 201,.*\}$/s, 'whole');
    $_->close for $patient, $other;
    $nginx->stop;
}


# Requests that leave a long plain read do not wait for a long refresh either.
sub callers_in_a_hurry_and_a_refresh {
    my $hurry = 'proxy_connect_timeout 1s; proxy_send_timeout 1s;'
                . 'proxy_read_timeout 1s;';
    my $nginx = $health->gateway(
        workers => 1, keepalive => '', lines => 'proxy_read_timeout 90s;',
        more => $health->location('/hurry/', $hurry));

    my @patient = $health->ask($nginx, 61505);
    ok($health->reaches(61505), 'a read with long timeouts');

    my @hasty = map { $health->ask($nginx, 61505, '/hurry/') } 1 .. 5;

    push @patient, $health->ask($nginx, '61505?refresh=true');
    ok($health->reaches(61505, 2), 'a refresh with long timeouts');

    my @got = map { $health->answer($_, 60) } @hasty;

    $health->all_are(504, 'requests of the location with short timeouts', @got);
    is($health->reached(61505), 3, 'they ask Violet once themselves');
    $_->close for @patient;
    $nginx->stop;
}


# The connection of this request itself counts as one.
sub open_at_violet {
    my $answer = $live->request($health->mock->port,
                                "GET /_mock/connections HTTP/1.0\r\n\r\n");

    return JSON::PP::decode_json($answer->{body})->{open};
}


sub connections_are_not_reused {
    my $nginx = impatient(workers => 1);

    is($health->get($nginx, 61502)->{status}, 504, 'a report without an end');

    my $got = $health->get($nginx, 201);

    is($got->{status}, 200, 'the next request');
    like($got->{body}, qr/^\{"merchant_id": 201,.*\}$/s,
         'has no byte of the endless report');
    $nginx->stop;
}


# The bound is five minutes: the test moves the clock.
sub submits_without_an_end {
    my $clock = Live::Clock->new($live);
    my $nginx = $health->gateway(workers => 1, clock => $clock,
                                 lines => 'proxy_read_timeout 1h;');

    for my $cart (61403, 61503) {
        my $client = $live->client($nginx->port);

        $client->send(Live::Client::request_bytes(
            "POST /v1/checkout/cart/$cart/submit", body => '{}'));
        ok($health->reaches("cart_submit/$cart"), "cart $cart is at Violet");

        $clock->count($clock->{count} + 290);
        $client->read_until(qr/./, 2);
        is($client->{in}, '', 'the submit does not end before its time');

        $clock->count($clock->{count} + 11);

        my $got = $client->answer(30);

        problem_is($got, 504, 'cart-submit-unknown', 'after 5 minutes');
        is($got->{headers}{'x-violet-cart-outcome'}, 'unknown',
           'the outcome of the submit is unknown');
        like($got->{body}, qr/"reason":"UPSTREAM_TIMEOUT"/,
             'the reason is the time-out');
    }

    ok($live->wait_for(20, sub { open_at_violet() <= 1 }),
       'each connection to Violet is closed');
    $nginx->stop;
}


sub reads_of_a_cart_without_an_end {
    my $nginx = impatient(workers => 1);
    my $submit = 'POST /v1/checkout/cart/20099/submit';

    $live->request($nginx->port, $submit, body => '{}', timeout => 60);
    $health->control('fault?cart_read/20099=615');

    my $got = $live->request($nginx->port, $submit, body => '{}',
                             timeout => 60);

    problem_is($got, 409, 'cart-submit-unknown', 'a read without an end');
    is($health->reached('cart_submit/20099'), 1, 'no second submit');
    ok($health->reached('cart_read/20099') > 0, 'the cart was read');
    $nginx->stop;
}


# A merchant has left while the memory of both hosts has the report.
sub merchant_who_left {
    my ($one, $two) = map { $health->gateway(workers => 1) } 1 .. 2;

    $health->get($one, 24602);
    ok($live->wait_for(20, sub {
        !grep { $health->get($_, 24602)->{vars}{cache_tier} ne 'memory' }
            $one, $two;
    }), 'both hosts have a copy');

    is($health->get($one, '24602?refresh=true')->{status}, 404,
       'the merchant has left');
    ok($live->wait_for(20, sub { $health->get($two, 24602)->{status} == 404 }),
       'the other host has dropped its copy');
    $_->stop for $one, $two;
}


# An old report in Redis is not served when Redis is back.
sub merchant_who_left_without_redis {
    my $nginx = $health->gateway(workers => 1);

    $health->get($nginx, 24603);
    $health->redis->pause;
    is($health->get($nginx, '24603?refresh=true')->{status}, 404,
       'the merchant has left while Redis hangs');
    $health->redis->resume;
    ok($live->wait_for(20, sub {
        $health->get($nginx, 201)->{vars}{redis} eq 'ok';
    }), 'Redis is back');
    is($health->get($nginx, 24603)->{status}, 404,
       'the old report of Redis is not served');
    $nginx->stop;
}


# The first caller waits, on one of two hosts, and no later caller.
sub failures_are_held_for_all {
    my @nginx = map {
        impatient(lines => 'violet_health_ttl 1s; violet_health_stale 1h;')
    } 1 .. 2;

    $health->get($nginx[0], 24101);
    sleep 1.1;

    my $begun = time;
    my @got = map { $health->get($nginx[$_ % 2], 24101) } 1 .. 6;

    $health->all_are(200, 'Violet stalls', @got);
    is($health->tally(cache_status => @got), 'STALE 6',
       'it is marked as stale');
    cmp_ok($health->reached(24101), '<=', 2 + (time - $begun) / 5,
           'Violet is asked once while its failure is held');
    $health->tell_slowest('held', 0, @got[1 .. 5]);
    $_->stop for @nginx;
}


sub failures_are_held_without_redis {
    my $nginx = $health->gateway(
        redis => '',
        lines => 'violet_health_ttl 1s; violet_health_stale 1h;');

    $health->get($nginx, 24002);
    sleep 1.1;

    my $begun = time;
    my @got = $health->many($nginx, count => 20, what => 24002);
    push @got, map { $health->get($nginx, 24002) } 1 .. 5;

    $health->all_are(200, 'Violet fails', @got);
    is($health->tally(cache_status => @got), 'STALE 25',
       'it is marked as stale');
    my $reached = $health->reached(24002);
    cmp_ok($reached, '<=', 2 + (time - $begun) / 5,
           'Violet is asked once while its failure is held');
    $health->get($nginx, '24002?refresh=true');
    is($health->reached(24002), ++$reached,
       'a refresh does not wait for the hold');

    ok($live->wait_for(30, sub {
        $begun = time;
        $health->get($nginx, 24002);
        $health->reached(24002) > $reached;
    }), 'Violet is asked again after the hold');

    $reached = $health->reached(24002);
    sleep 5.2;
    $health->get($nginx, 24002);
    cmp_ok($health->reached(24002), '<=', $reached + (time - $begun > 9.9),
           'the next failure is held for longer');
    $nginx->stop;
}


# Sends a request on a connection that stays open.
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
