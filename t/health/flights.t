#!/usr/bin/perl

# One flight: any number of callers on any number of hosts causes one request to
# Violet.  A thousand callers at once, two nginx instances of two workers each,
# one Redis; openers that leave, workers that are killed, errors of Violet.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

# Seconds that Violet takes: all callers wait before the answer comes.
my $delay = 3;

my $live = Live->new;
my $health = Live::Health->new($live);
my @hosts = map { host() } 1, 2;

cold();
expired();
refreshes();
mixed();
errors();
timeouts();
opener_who_leaves();
killed_worker();
killed_host();
frozen_host();
without_redis();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub host {
    my (%option) = @_;

    return $health->gateway(
        keepalive => '',
        lines => 'proxy_read_timeout 10s;',
        listen => 'reuseport',      # both workers get callers
        more => $health->location('/short/', 'violet_health_ttl 10s;'
                                             . 'violet_health_stale 1h;')
                . $health->location('/hasty/', 'proxy_read_timeout 2s;')
                . $health->location('/other/', '', 'other'),
        extra => 'violet_app other { app_id 10000; environment other;'
                 . 'app_secret mock-app-secret; token mock-token; }',
        %option);
}


sub delay {
    my ($what, $seconds) = @_;

    $health->control("delay?$what=$seconds");
}


# A thousand requests for one report.
sub thousand {
    my ($hosts, $what, $prefix) = @_;

    return $health->many($hosts, count => 1000, what => $what,
                         prefix => $prefix, timeout => 60);
}


# One request asks Violet, the others report JOINED; a late request has a hit.
sub one_flight {
    my ($title, $merchant, $opener, $fwd, @answers) = @_;

    is($health->reached($merchant), 1, "$title: one request at Violet");
    $health->all_are(200, $title, @answers);
    $health->all_same($title, @answers);
    like($answers[0]{body}, qr/"merchant_id": $merchant\b/,
         "$title: the right report");

    my %seen;
    $seen{$_->{vars}{cache_status}}++ for @answers;

    is($seen{$opener}, 1, "$title: one opener");
    is(($seen{JOINED} || 0) + ($seen{HIT} || 0), @answers - 1,
       "$title: all others joined")
        or diag($health->tally('cache_status', @answers));
    is(Live::Health::count(sub {
           $_->{vars}{cache_status} eq 'JOINED'
               && $_->{cache} ne "violet; fwd=$fwd; collapsed"
       }, @answers), 0, "$title: Cache-Status says so");

    note("$title: ", $health->tally('cache_status', @answers));
    $health->tell_slowest($title, $delay, @answers);
}


sub cold {
    delay('connection_health/20001', $delay);

    my @answers = thousand(\@hosts, 20001);

    one_flight('cold', 20001, 'MISS', 'uri-miss', @answers);
    $health->tell_times('cold', $delay, @hosts);

    my %workers;
    $workers{$_->{headers}{'x-worker'}}++ for @answers;
    is(scalar(keys %workers), 4, 'cold: callers of all four workers');

    for my $nginx (@hosts) {
        my $hit = $health->get($nginx, 20001);
        is($hit->{vars}{cache_status}, 'HIT', 'cold: then a hit');
        is($hit->{body}, $answers[0]{body}, 'cold: the hit has the same bytes');
    }

    is($health->reached(20001), 1, 'cold: no further request at Violet');
}


sub expired {
    my $old = $health->get($hosts[0], 20002, prefix => '/short/');
    is($old->{vars}{cache_status}, 'MISS', 'expired: a report is stored');
    $health->get($hosts[1], 20002, prefix => '/short/');

    sleep 10.1;
    $health->control('reset');
    delay('connection_health/20002', $delay);

    my @answers = thousand(\@hosts, 20002, '/short/');

    one_flight('expired', 20002, 'EXPIRED', 'stale', @answers);
    isnt($answers[0]{body}, $old->{body}, 'expired: all get the new report');
}


sub refreshes {
    my $old = $health->get($hosts[0], 20003);
    $health->get($hosts[1], 20003);
    delay('connection_health/20003', $delay);

    my @answers = thousand(\@hosts, '20003?refresh=true');

    is($health->reached('connection_health.refresh/20003'), 1,
       'refreshes: one request at Violet');
    is($health->reached(20003), 2, 'refreshes: beside the first read');
    $health->all_are(200, 'refreshes', @answers);
    $health->all_same('refreshes', @answers);
    is($answers[0]{revision}, $old->{revision} + 1,
       'refreshes: all get the new report');

    my %seen;
    $seen{$_->{vars}{refresh}}++ for @answers;
    is_deeply(\%seen, {granted => 1, joined => 999},
              'refreshes: one is granted, those that join spend nothing')
        or diag($health->tally('refresh', @answers));
    $health->tell_slowest('refreshes', $delay, @answers);

    for my $nginx (@hosts) {
        is($health->get($nginx, 20003)->{body}, $answers[0]{body},
           'refreshes: then the cached report is the new one');
        is($health->get($nginx, '20003?refresh=true')->{status}, 429,
           'refreshes: the budget is spent');
    }
}


# Requests for another environment or another merchant have a flight of their
# own, those with an app_id argument have not.
sub mixed {
    my @paths = (['20004', '/'], ['20004', '/other/'],
                 ['20004?app_id=10000', '/'], ['20005', '/']);

    delay('connection_health', 1);

    my @answers = $health->many(\@hosts, count => 400, timeout => 60,
                                what => sub { @{$paths[$_[0] / 2 % 4]} });

    delay('connection_health', 0);

    $health->all_are(200, 'mixed', @answers);
    is($health->reached(20004), 2, 'mixed: two flights of one merchant');
    is($health->reached(20005), 1, 'mixed: one flight of the other merchant');

    for my $n (0 .. 3) {
        my @own = map { $answers[$_] } grep { int($_ / 2) % 4 == $n } 0 .. 399;
        my $merchant = substr $paths[$n][0], 0, 5;

        $health->all_same("mixed, path $n", @own);
        like($own[0]{body}, qr/"merchant_id": $merchant\b/,
             "mixed, path $n: the right report");
    }
}


# All requests get the same error; a later request opens another flight.
sub errors {
    delay('connection_health/50001', $delay);

    for my $round (1, 2) {
        my @answers = thousand(\@hosts, 50001);

        is($health->reached(50001), $round,
           "500, round $round: one request at Violet");
        $health->all_are(502, "500, round $round", @answers);
        is(Live::Health::count(sub {
               $_->{body} =~ /"type":"urn:ngx-violet:upstream-unavailable"/
           }, @answers), 1000, "500, round $round: each gets the problem");
        note('500: ', $health->tally('cache_status', @answers));
    }
}


sub timeouts {
    my @answers = thousand(\@hosts, 60201, '/hasty/');

    is($health->reached(60201), 1, 'time-out: one request at Violet');
    $health->all_are(504, 'time-out', @answers);
    $health->tell_slowest('time-out', 2, @answers);
}


sub opener_who_leaves {
    delay('connection_health/20006', $delay);

    my $opener = $health->ask($hosts[0], 20006);
    ok($health->reaches(20006), 'opener leaves: Violet is asked');
    my @others = map { $health->ask($_, 20006) } (@hosts) x 20;
    sleep 0.3;
    $opener->reset;

    my @answers = map { $health->answer($_, 30) } @others;

    $health->all_are(200, 'opener leaves', @answers);
    $health->all_same('opener leaves', @answers);
    is($health->reached(20006), 1, 'opener leaves: one request at Violet');
    is(Live::Health::count(sub { $_->{vars}{cache_status} eq 'JOINED' },
                           @answers), 40, 'opener leaves: all others joined');

    # no other request waits for the flight
    delay('connection_health/20007', 1);
    $opener = $health->ask($hosts[0], 20007);
    ok($health->reaches(20007), 'the only caller leaves: Violet is asked');
    $opener->reset;

    ok($live->wait_for(20, sub {
        $health->command('EXISTS ' . $health->key(20007)) eq '1';
    }), 'the only caller leaves: the report is stored');
    is($health->get($hosts[1], 20007)->{vars}{cache_status}, 'HIT',
       'the only caller leaves: the next caller gets a hit');
    is($health->reached(20007), 1, 'the only caller leaves: asked once');
}


# The worker with a connection to the mock runs the flight: no keepalive here.
sub flyer {
    my ($nginx) = @_;

    my $port = sprintf '%04X', $health->mock->port;
    my %inodes = map { $_ => 1 }
        map { /^\s*\d+: \S+ \S+:$port 01(?:\s+\S+){5}\s+(\d+)/ ? $1 : () }
        split /\n/, Live::Nginx::text_of('/proc/net/tcp');

    for my $pid ($nginx->workers) {
        for my $fd (glob "/proc/$pid/fd/*") {
            my $target = readlink $fd;
            return $pid if defined $target && $target =~ /^socket:\[(\d+)\]$/
                           && $inodes{$1};
        }
    }

    return undef;
}


# The other worker of its host and the other hosts are answered by the flight
# that replaces the lost one; the killed worker stores no report.
sub killed_worker {
    my $merchant = 20008;

    delay("connection_health/$merchant", $delay);

    my $opener = $health->ask($hosts[0], $merchant);
    ok($health->reaches($merchant), 'killed worker: Violet is asked');

    my @near = map { $health->ask($hosts[0], $merchant) } 1 .. 40;
    my @far = map { $health->ask($hosts[1], $merchant) } 1 .. 40;
    sleep 0.5;

    my $pid = flyer($hosts[0]);
    ok($pid, 'killed worker: its pid is known') or return;
    kill 'KILL', $pid;
    my $begun = time;

    my @answers = map { $health->answer($_, 60) } @far;

    note(sprintf 'killed worker: replaced and answered after %.1f s, of '
                 . 'which Violet takes %.0f s', time - $begun, $delay);

    $health->all_are(200, 'killed worker, other host', @answers);

    my @near_answers = map { $health->answer($_, 60) } @near;
    my @answered = grep { $_->{status} } @near_answers;

    $health->all_are(200, 'killed worker, same host', @answered);
    cmp_ok(scalar @answered, '>', 0,
           'killed worker: callers of the other worker are answered');
    is(Live::Health::count(sub { !$_->{status} && length $_->{raw} },
                           @near_answers), 0,
       'killed worker: all other callers lost their connection');
    note(scalar(@answered), ' of 40 callers were at the worker that lives');

    $health->all_same('killed worker', @answers, @answered);
    is($health->reached($merchant), 2,
       'killed worker: one more request at Violet');
    is($health->get($_, $merchant)->{vars}{cache_status}, 'HIT',
       'killed worker: then a hit') for @hosts;
    ok($live->wait_for(10, sub { $hosts[0]->workers == 2 }),
       'killed worker: nginx has two workers again');
}


# All workers of a host are killed; its lease in Redis expires.
sub killed_host {
    my $merchant = 20009;
    my $host = host();

    delay("connection_health/$merchant", $delay);

    my $opener = $health->ask($host, $merchant);
    ok($health->reaches($merchant), 'killed host: Violet is asked');
    my @others = map { $health->ask($hosts[1], $merchant) } 1 .. 20;
    sleep 0.5;
    $host->process->stop('KILL');

    my @answers = map { $health->answer($_, 60) } @others;

    $health->all_are(200, 'killed host', @answers);
    is($health->reached($merchant), 2,
       'killed host: one more request at Violet');

    my $redis = Violet::Redis->new($health->redis->port);
    my @left = grep { $redis->call('PTTL', $_) < 0 }
               @{$redis->call('KEYS', 'violet:*')};
    is("@left", 'violet:submit:mark',
       'killed host: every key in Redis has a TTL, but for the mark');
}


# A host is halted for longer than its lease and then continued: its report is
# older than the one that another host has stored meanwhile.
sub frozen_host {
    my $merchant = 20011;
    my $host = host(workers => 1);
    my ($worker) = $host->workers;

    delay("connection_health/$merchant", 1);

    my $opener = $health->ask($host, $merchant);
    ok($health->reaches($merchant), 'frozen host: Violet is asked');
    kill 'STOP', $worker;
    $health->control('forget');

    my $new = $health->get($hosts[1], $merchant, timeout => 30);
    is($new->{status}, 200, 'frozen host: another host takes over');
    is($new->{revision}, 2, 'frozen host: the other host has a newer report');

    kill 'CONT', $worker;
    is($health->answer($opener, 20)->{status}, 200,
       'frozen host: the caller of the frozen host is answered');

    sleep 0.5;
    my $redis = Violet::Redis->new($health->redis->port);
    like($redis->call('HGET', $health->key($merchant), 'body'),
         qr/"recalculated": 2\b/, 'frozen host: it stores no older report');

    for my $nginx ($host, @hosts) {
        is($health->get($nginx, $merchant)->{revision}, 2,
           'frozen host: no host serves the older report') for 1, 2;
    }

    is($health->reached($merchant), 2, 'frozen host: two requests in all');
}


sub without_redis {
    my $alone = host(redis => '');

    delay('connection_health/20010', $delay);

    my @answers = thousand($alone, 20010);

    one_flight('without Redis', 20010, 'MISS', 'uri-miss', @answers);
    is($health->get($alone, 20010)->{vars}{cache_status}, 'HIT',
       'without Redis: then a hit');
}
