#!/usr/bin/perl

# A Redis, or a proxy before it, that answers lookups and closes the connection
# at a script: each miss costs a connection, and the pauses before the next one
# grow, although there are good replies between.  When a connection has lasted,
# the pause is the first one again.  The same for the link, and for sentinels
# that close the connection after each answer.
#
# Before a way to Redis the clock of the gateway's timers stands still but for
# what the test lets pass: a pause is found to the millisecond on a machine of
# any speed.

use strict;
use warnings;

use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use Live;
use Live::Clock;
use Live::Health;
use Test::More;
use Time::HiRes qw(time);

my $live = Live->new;
my $health = Live::Health->new($live);
my $next = 1500000;

scripts_are_refused();
the_link_is_cut();
sentinels_close();

$live->check_logs;
done_testing();


# A way to Redis that ends at these words, of the gateway or of Redis.  Options:
# no_link (there are no notices), wide (a folder: when it is there, a link ends
# at its first reply to PING instead).
sub way {
    my ($words, %option) = @_;

    my $port = $health->redis->port;

    return $live->fake(do => sub {
        my ($gateway) = @_;
        my $redis = IO::Socket::INET->new("127.0.0.1:$port") or return;
        my $select = IO::Select->new($gateway, $redis);

        while (my @ready = $select->can_read) {
            for my $from (@ready) {
                sysread $from, my $bytes, 65536 or return;

                if ($option{no_link} && $bytes =~ /\r\nTRACKING\r\n/) {
                    syswrite $gateway, "-ERR no notices\r\n";
                    next;
                }

                my $ends = $bytes =~ ($option{wide} && -e $option{wide}
                                      ? qr/\r\npong\r\n/ : $words);
                return if $ends && $from == $gateway;

                syswrite $from == $gateway ? $redis : $gateway, $bytes;
                return if $ends;
            }
        }
    });
}


sub gateway {
    my ($redis, %option) = @_;

    return $health->gateway(
        workers => 1, redis => "$redis connect_timeout=20s timeout=20s",
        lines => 'violet_health_memory off; violet_submit_guard off;',
        more => 'location = /status { violet_status; }', %option);
}


# A gateway over a way, and the clock of its timers.
sub held {
    my ($fake) = @_;

    my $clock = Live::Clock->new($live);
    $clock->hold;

    return {fake => $fake, asked => 0, clock => $clock,
            nginx => gateway('redis://127.0.0.1:' . $fake->port,
                             clock => $clock)};
}


sub status {
    my ($held) = @_;

    return $live->request($held->{nginx}->port, 'GET /status')->{body};
}


# "up" for commands, "link_up" for notices.
sub has {
    my ($held, $what) = @_;

    return status($held) =~ /^violet_redis_$what\{redis="cache"\} 1$/m;
}


# How often the gateway has connected to the fake.  With the second answer the
# worker has looked at its timers, and the fake takes its connections in turn.
sub connected {
    my ($held) = @_;

    status($held) for 1, 2;

    my $client = $live->client($held->{fake}->port);
    $client->send("PING\r\n");
    $client->read_until(qr/PONG/, 60);
    $client->close;

    return $held->{fake}->connections - ++$held->{asked};
}


# A connection was closed: the next one comes after a pause of the half of so
# many ms at least, and of so many at most.
sub pause_is {
    my ($title, $held, $most) = @_;

    my $before = connected($held);

    $held->{clock}->pass($most / 2 - 1);
    is(connected($held), $before,
       "$title: the pause is not shorter than " . $most / 2 . ' ms');

    $held->{clock}->pass($most / 2 + 1);
    ok($live->wait_for(60, sub { connected($held) > $before }),
       "$title: the pause is not longer than $most ms")
        or die "$title: there is no connection\n";
}


# Those of reports: a new connection may have one for the mark of the submits.
sub scripts_are_refused {
    my $title = 'scripts are refused';
    my $held = held(way(qr/\r\nEVALSHA\r\n.*:flight:/s, no_link => 1));
    my @answers;

    # a miss, whose lookup has a good reply, after so many ms
    my $closes = sub {
        my ($age) = @_;

        $live->wait_for(60, sub { has($held, 'up') })
            or die "$title: Redis is not connected\n";
        $held->{clock}->pass($age);
        push @answers, $health->get($held->{nginx}, $next++);
        $live->wait_for(60, sub { !has($held, 'up') })
            or die "$title: the connection is not closed\n";
    };

    for my $most (100, 200, 400, 800, 1000, 1000) {
        $closes->(0);
        pause_is($title, $held, $most);
    }

    $closes->(999);
    pause_is("$title, a connection of 999 ms", $held, 1000);
    $closes->(1000);
    pause_is("$title, a connection of 1000 ms", $held, 100);
    $closes->(0);
    pause_is("$title, the one after that", $held, 200);

    $health->all_are(200, $title, @answers);
}


# The link is closed as soon as it is up, and then when it has lasted.
sub the_link_is_cut {
    my $title = 'the link is cut';
    my $wide = $live->folder . '/wide';
    my $held = held(way(qr/\r\nsubscribe\r\n/, wide => $wide));
    my ($worker) = $held->{nginx}->workers;
    my $fake = $held->{fake};

    # the connection for commands stays
    my $closes = sub {
        $live->wait_for(60, sub {
            has($held, 'up')
                && $held->{nginx}->connections($worker, $fake->port) == 1;
        }) or die "$title: it is not closed\n";
    };

    $live->wait_for(60, sub { $fake->connections == 2 })
        or die "$title: it is not connected\n";

    for my $most (100, 200, 400, 800, 1000, 1000) {
        $closes->();
        pause_is($title, $held, $most);
    }

    $closes->();
    mkdir $wide or die "$wide: $!\n";
    pause_is($title, $held, 1000);
    $live->wait_for(60, sub { has($held, 'link_up') })
        or die "$title: it is not up\n";
    $held->{clock}->pass(1000);
    $closes->();
    pause_is("$title, one that has lasted", $held, 100);

    is($health->get($held->{nginx}, $next++)->{status}, 200,
       "$title: a request is answered");
}


# Waits until there were so many more connections; returns the seconds.
sub connects {
    my ($title, $fake, $count) = @_;

    my ($begun, $before) = (time, $fake->connections);

    ok($live->wait_for(60, sub { $fake->connections >= $before + $count }),
       "$title: it is connected to again and again");

    return time - $begun;
}


# Each of them knows the master.
sub sentinels_close {
    my $title = 'sentinels close';
    my $bulk = sub { '$' . length($_[0]) . "\r\n$_[0]\r\n" };
    my @fakes = map {
        $live->fake(do => 'answer', bytes => "*2\r\n" . $bulk->('127.0.0.1')
                                    . $bulk->($health->redis->port))
    } 1 .. 3;
    my $nginx = gateway(join(' ', map { 'redis://127.0.0.1:' . $_->port }
                                  @fakes) . ' sentinel=shop');

    my $seconds = connects($title, $fakes[0], 4);

    # three questions in the meantime from one to the next of the same one
    cmp_ok($seconds, '>=', 1.5, "$title: they are not asked at once");
    is($health->get($nginx, $next++)->{vars}{redis}, 'ok',
       "$title: Redis is used");
}
