#!/usr/bin/perl

# The age of a report is right on a host that was started after the report was
# stored, and when the clock of Redis or of a host is changed.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);
my $hour = 3600;

# seconds since the host was started
my $uptime = 100;

old_report_keeps_its_age();
expired_report_stays_expired();
budget_without_redis();
clock_of_redis();
clock_of_host();

$live->check_logs;
done_testing();


sub young_gateway {
    my (%option) = @_;

    my $clock = Live::Clock->new($live);
    $clock->boot($uptime);

    return $health->gateway(workers => 1, clock => $clock, %option);
}


# Lets another host have stored the report that many seconds ago.
sub store {
    my ($other, $merchant, $age) = @_;

    my $key = $health->key($merchant);
    my $redis = Violet::Redis->new($health->redis->port);

    is($health->get($other, $merchant)->{status}, 200,
       "another host has a report of $merchant");

    my $now = $redis->call('HGET', $key, 'stored_at');
    $redis->call('HSET', $key, stored_at => $now - 1000 * $age);
}


# The first answer, and the first one from memory.  The worker empties its
# memory once if its link to Redis comes up in between.
sub from_both {
    my ($nginx, $merchant) = @_;

    my $first = $health->get($nginx, $merchant);
    my $second;

    $live->wait_for(20, sub {
        $second = $health->get($nginx, $merchant);
        return $second->{vars}{cache_tier} eq 'memory';
    });

    return ($first, $second);
}


sub old_report_keeps_its_age {
    my $nginx = young_gateway();

    store($health->gateway(workers => 1), 20001, $hour);

    my @answers = from_both($nginx, 20001);

    is(join(' ', map { $_->{vars}{cache_tier} } @answers), 'redis memory',
       'a report an hour old comes from Redis, then from memory');

    for my $answer (@answers) {
        my $tier = $answer->{vars}{cache_tier};
        my ($ttl) = $answer->{cache} =~ /ttl=(-?\d+)/;

        cmp_ok($answer->{headers}{age}, '>=', $hour,
               "... with its age, from $tier");
        cmp_ok($ttl, '<=', 23 * $hour,
               "... with the rest of its ttl, from $tier");
    }
}


# The first read leaves a copy in memory and asks Violet, which does not answer;
# the reads meanwhile find the copy.
sub expired_report_stays_expired {
    my $lines = 'violet_health_ttl 30m; violet_health_stale 20h;'
                . 'proxy_read_timeout 5s;';
    my $other = $health->gateway(workers => 1, lines => $lines);
    my $nginx = young_gateway(lines => $lines);

    # the link is up before this read
    store($other, 20003, 60);
    from_both($nginx, 20003);

    # for this merchant Violet answers once
    store($other, 24100, $hour);

    my $first = $health->ask($nginx, 24100);
    ok($health->reaches(24100, 2), 'Violet is asked for an expired report');

    my @answers = ($health->get($nginx, 24100, timeout => 60),
                   $health->answer($first, 60));

    $health->all_are(200, '... and does not answer: reads get a 200', @answers);
    is($health->tally('cache_status', @answers), 'STALE 2',
       '... all reads get the stale report');
    is(scalar(grep { ($_->{headers}{age} || 0) < $hour } @answers), 0,
       '... with the age of an hour');
}


# A budget that is given back may have been full before the host was started.
sub budget_without_redis {
    my $nginx = young_gateway(redis => '');

    my @answers = map { $health->get($nginx, '20002?refresh=true') } 1 .. 2;

    is(join(' ', map { $_->{status} } @answers), '200 429',
       'without Redis the second refresh is refused');
}


# The clock of Redis goes a day forwards, then back.  Before and after a host
# knows the change, a report that was just stored is not old, and no report from
# before the change is served as fresh with a wrong age.
sub clock_of_redis {
    my $clock = Live::Clock->new($live);
    my $health = Live::Health->new($live,
                                   redis => $live->redis(clock => $clock));
    my $nginx = $health->gateway(workers => 1,
                                 lines => 'violet_health_memory off;');
    my $other = $health->gateway(workers => 1,
                                 lines => 'violet_health_memory off;');

    is($health->get($nginx, 20010)->{status}, 200, 'a report is stored');

    for my $day (1, 0) {
        my $title = $day ? 'a day forwards' : 'a day back';
        my ($asked, $from) = (asked($health, 20010), time);
        my @answers;

        $clock->day(86400 * $day);

        while (time < $from + 3) {
            push @answers, map { $health->get($_, 20010) } $nginx, $other;
            sleep 0.05;
        }

        $health->all_are(200, "Redis's clock goes $title", @answers);

        my @ages = sort { $a <=> $b }
                   map { $_->{headers}{age} || 0 } @answers;

        cmp_ok($ages[-1], '<', 60, "... $title: no report is a day old");
        is(asked($health, 20010) - $asked, 1,
           "... $title: Violet is asked once for the older report");
        is($answers[-1]{vars}{cache_status}, 'HIT', "... $title: then a hit");
    }
}


sub asked {
    my ($health, $merchant) = @_;

    return $live->mock_counts($health->mock)->{"connection_health/$merchant"};
}


sub clock_of_host {
    my $clock = Live::Clock->new($live);
    my $nginx = $health->gateway(workers => 1, clock => $clock,
                                 lines => 'violet_health_memory off;');

    is($health->get($nginx, 20011)->{status}, 200, 'a report is stored');

    for my $day (1, -1) {
        $clock->day(86400 * $day);

        my $answer = $health->get($nginx, 20011);

        is($answer->{vars}{cache_status}, 'HIT',
           "the host's time of day is wrong by $day day: a hit");
        cmp_ok($answer->{headers}{age}, '<', 60, '... with its age');
    }
}
