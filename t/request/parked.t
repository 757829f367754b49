#!/usr/bin/perl

# A request that is parked until Redis answers: its caller leaves in the very
# round of the event loop in which the answer comes, or before it, or has not
# sent all of a body that nobody wants.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $health = Live::Health->new($live, redis => $redis);
my $nginx = $health->gateway(
    workers => 1, more => 'location = /purge { violet_purge shop; }',
    redis => 'redis://127.0.0.1:' . $redis->port
             . '/0 timeout=60s connect_timeout=60s',
    lines => 'violet_health_memory off;');
my ($worker) = $nginx->workers;

leaves_with_the_answer();
leaves_before_the_answer();
body_is_not_sent();
leaves_within_the_body();

is(join(' ', $nginx->workers), $worker, 'the worker lives');

$live->check_logs;
done_testing();


# Redis has answered and the caller has left before the worker looks at either.
sub leaves_with_the_answer {
    my $caller = parked($health->path(142) . " HTTP/1.1\r\nHost: h\r\n\r\n");

    kill STOP => $worker;
    $redis->resume;
    ok($live->wait_for(30, sub {
        grep { $_ } $nginx->connections($worker, $redis->port);
    }), 'the answer of Redis is there');
    $caller->close;
    kill CONT => $worker;

    gone('who leaves as the answer comes', 'connection_health/142', 499);
}


sub leaves_before_the_answer {
    my $caller = parked($health->path(143) . " HTTP/1.1\r\nHost: h\r\n\r\n");

    $caller->close;
    gone('who leaves before the answer', 'connection_health/143', 499,
         sub { $redis->resume });
}


# nginx reads what is left of the body after the answer.
sub body_is_not_sent {
    my $caller = parked(half_a_body(144));

    $redis->resume;
    is($caller->answer(30)->{status}, 204, 'half a body: the answer comes');
    $caller->send('67890' . $health->path(144)
                  . " HTTP/1.1\r\nHost: h\r\n\r\n");
    is($caller->answer(30)->{status}, 200,
       'half a body: then the rest, and the next request');
}


# nginx takes the end of the connection for that of the body, and the request
# goes on.
sub leaves_within_the_body {
    my $caller = parked(half_a_body(145));

    $caller->close;
    $redis->resume;
    gone('who leaves within a body', 'purge.merchant_id=145', '\d+');
}


sub half_a_body {
    my ($merchant) = @_;

    return "POST /purge?merchant_id=$merchant HTTP/1.1\r\nHost: h\r\n"
           . "Content-Length: 10\r\n\r\n12345";
}


# A client whose request waits for Redis, which is stopped.
sub parked {
    my ($request) = @_;

    $live->wait_for(30, sub { $health->get($nginx, 44)->{vars}{redis} eq 'ok' })
        or die "Redis is not used\n";
    $redis->pause;

    my $before = unread();
    my $caller = $live->client($nginx->port);

    $caller->send($request);
    $live->wait_for(30, sub { unread() > $before })
        or die "Redis is not asked\n";

    return $caller;
}


# The bytes that wait for Redis.
sub unread {
    my $from = sprintf ':%04X', $redis->port;
    my $bytes = 0;

    for my $line (split /\n/, Live::Nginx::text_of('/proc/net/tcp')) {
        my @field = split ' ', $line;
        $bytes += hex((split /:/, $field[4])[1])
            if $field[1] =~ /\Q$from\E$/ && $field[3] eq '01';
    }

    return $bytes;
}


# The request ends with this status in the log, and the worker serves others.
sub gone {
    my ($name, $path, $status, $then) = @_;

    ok($live->wait_for(30, sub {
        $nginx->access_log =~ m{$path HTTP/1\.1" $status };
    }), "$name: the request ends");
    $then->() if $then;
    is($health->get($nginx, 42)->{status}, 200, "$name: others are served");
}
