#!/usr/bin/perl

# The clock of Redis goes a day forwards or back: reports, budgets, flights of
# a gateway that dies, held answers and marks of events.  Nothing is blocked for
# longer than without the change, and no budget is spent twice.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256_hex);
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $live = Live->new;
my $day = 86400;

# s; by then a worker has looked at Redis's clock
my $look = 3;

moved($_) for -$day, $day;

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub moved {
    my ($seconds) = @_;

    my $clock = Live::Clock->new($live);
    my $redis = $live->redis(clock => $clock);
    my $health = Live::Health->new($live, redis => $redis);
    my $self = {health => $health, clock => $clock, redis => $redis,
                seconds => $seconds,
                title => "Redis's clock goes " . $seconds / 3600 . ' h'};

    @$self{qw(one two)} = map { gateway($health) } 1, 2;

    reports_before($self);
    budgets_before($self);
    flight_before($self);
    held_before($self);
    event_before($self);

    $clock->day($seconds);
    sleep $look;

    flight_after($self);
    reports_after($self);
    budgets_after($self);
    held_after($self);
    event_after($self);

    $_->stop for @$self{qw(one two)}, $redis, $health->mock;
}


# Each read asks Redis.
sub gateway {
    my ($health) = @_;

    return $health->gateway(
        workers => 1, lines => 'violet_health_memory off;'
                               . ' violet_refresh_limit merchant=1r/10m'
                               . ' app=1000r/s;',
        more => 'location = /hook { violet_webhook shop; }');
}


sub redis {
    my ($self, @words) = @_;

    return Violet::Redis->new($self->{redis}->port)->call(@words);
}


# --- reports ---

sub reports_before {
    my ($self) = @_;

    my $health = $self->{health};

    $health->get($self->{one}, 20001);
    like($health->get($self->{two}, 20001)->{cache}, qr/hit/,
         "$self->{title}: there is a report");
}


# A report of the past is too old, one of the future cannot be dated.
sub reports_after {
    my ($self) = @_;

    my $health = $self->{health};

    like($health->get($self->{two}, 20001)->{cache}, qr/fwd=\S+; stored/,
         "$self->{title}: the report is fetched again");
    like($health->get($self->{one}, 20001)->{cache}, qr/hit/,
         "$self->{title}: and serves both hosts");
}


# --- budgets ---

sub refresh {
    my ($self, $nginx) = @_;

    return $self->{health}->get($self->{$nginx}, '20002?refresh=true');
}


sub budgets_before {
    my ($self) = @_;

    is(refresh($self, 'one')->{status}, 200, "$self->{title}: a refresh");
    is(refresh($self, 'two')->{status}, 429, "$self->{title}: one in 10 min");
}


sub budgets_after {
    my ($self) = @_;

    # ten minutes are over by the new clock, so there is a budget
    if ($self->{seconds} < 0) {
        my $answer = refresh($self, 'two');

        is($answer->{status}, 429, "$self->{title}: it counts still");
        cmp_ok($answer->{headers}{'retry-after'}, '<=', 600,
               "$self->{title}: for ten minutes at most");
        $self->{clock}->day($self->{seconds} + 601);
    }

    is(refresh($self, 'one')->{status}, 200,
       "$self->{title}: ten minutes later there is another one");
    is(refresh($self, 'two')->{status}, 429, "$self->{title}: and no more");
}


# --- flights ---

# Its worker stands still when the clock is set, and dies.
sub flight_before {
    my ($self) = @_;

    my $health = $self->{health};

    $health->control('delay?connection_health/20003=600');
    $self->{asked} = $health->ask($self->{one}, 20003);
    ok($health->reaches(20003), "$self->{title}: a flight is under way");
    ok($live->wait_for(10, sub {
           redis($self, 'PTTL', 'violet:flight:violet_api:10000:20003:read') > 0
       }), "$self->{title}: it has a lease");

    ($self->{worker}) = $self->{one}->workers;
    kill 'STOP', $self->{worker};
    $health->control('delay?connection_health/20003=0');
}


sub flight_after {
    my ($self) = @_;

    my $health = $self->{health};

    kill 'KILL', $self->{worker};

    my $follower = $health->ask($self->{two}, 20003);
    my $answer = $health->answer($follower, 30);

    is($answer->{status}, 200, "$self->{title}: the next flight is not held up");
    like($health->get($self->{two}, 20003)->{cache}, qr/hit/,
         "$self->{title}: and its report is kept");
    ok($live->wait_for(20, sub { $self->{one}->workers }),
       "$self->{title}: the other host has a worker again");
}


# --- held answers ---

sub held_before {
    my ($self) = @_;

    my $health = $self->{health};

    is($health->get($self->{$_}, 42801)->{status}, 429,
       "$self->{title}: an answer that is held for a minute") for qw(two two);
    is($health->reached(42801), 1, "$self->{title}: for all");
}


sub held_after {
    my ($self) = @_;

    my $health = $self->{health};

    # the other host holds it in its memory, for a minute by its own clock
    my $answer = $health->get($self->{one}, 42801);

    is($answer->{status}, 429, "$self->{title}: the same answer");
    cmp_ok($answer->{headers}{'retry-after'} // 0, '<=', 60,
           "$self->{title}: for a minute at most");
    is($health->reached(42801), 2, "$self->{title}: it is not held any more");
    $health->get($self->{one}, 42801);
    is($health->reached(42801), 2, "$self->{title}: the new one is held");
}


# --- marks of events ---

sub event_before {
    my ($self) = @_;

    my $event = '{"id":20004,"name":"a","platform":"SHOPIFY"}';
    my $answer = $live->request($self->{two}->port, 'POST /hook',
        body => $event, headers => {
            'X-Violet-Topic' => 'MERCHANT_COMPLETE',
            'X-Violet-Hmac' => hmac_sha256_hex($event, 'mock-app-secret')});

    cmp_ok($answer->{status}, '<', 300, "$self->{title}: an event is taken");
}


# The mark seems to be of the future: it is dated anew, once.
sub event_after {
    my ($self) = @_;

    my $health = $self->{health};
    my $key = $health->key(20004);

    for my $turn (1, 2) {
        is($health->get($self->{two}, 20004)->{status}, 200,
           "$self->{title}: report $turn after the event");
        last if $turn == 2;
        redis($self, 'DEL', $key);
    }

    cmp_ok(redis($self, 'HGET', $key, 'kept'), '>', 60_000,
           "$self->{title}: the second one is kept for longer than a minute");
}
