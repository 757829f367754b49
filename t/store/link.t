#!/usr/bin/perl

# One worker of each host has the link to Redis.  Another worker takes it over
# when this one dies, hangs or belongs to an older configuration.  Memory is
# trusted only while a worker has the link.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

# seconds after which another worker must have the link
my $takeover = 20;

my $live = Live->new;
my $health = Live::Health->new($live);
my $relay = $live->relay($health->redis->port);
my $nginx = gateway();

one_for_four_workers();
killed_holder();
killed_one_after_the_other();
no_link_no_trust();
hung_holder();
reload_under_load();
reload_with_a_hung_holder();
worker_with_a_long_request();
another_redis();
one_worker();
upgraded_binary();
quits_at_once();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub gateway {
    my (%option) = @_;

    my $lines = delete $option{lines} || '';

    return $health->gateway(workers => 4,
                            lines => "violet_health_memory 1h; $lines",
                            %option);
}


sub tier {
    my ($answer) = @_;

    return "$answer->{vars}{cache_status} $answer->{vars}{cache_tier}";
}


# --- the links, as Redis sees them ---

# Ports of the connections that have subscribed, in the order of their age.
sub links {
    return map { / addr=127\.0\.0\.1:(\d+) .* sub=1 / ? $1 : () }
               split /\n/, $health->command('CLIENT LIST');
}


# The worker at the other end.
sub holder {
    my ($of) = @_;

    my %inodes;

    for my $port (links()) {
        my $hex = sprintf '%04X', $port;

        $inodes{$_} = 1 for map {
            /^\s*\d+: \S+:$hex \S+ 01(?:\s+\S+){5}\s+(\d+)/ ? $1 : ()
        } split /\n/, Live::Nginx::text_of('/proc/net/tcp');
    }

    for my $pid ($of->workers) {
        for my $fd (glob "/proc/$pid/fd/*") {
            my $target = readlink $fd;
            return $pid if defined $target && $target =~ /^socket:\[(\d+)\]$/
                           && $inodes{$1};
        }
    }

    return undef;
}


sub has_links {
    my ($title, $count) = @_;

    my @links;
    ok($live->wait_for($takeover, sub { (@links = links()) == $count }),
       "$title: " . ($count == 1 ? 'one link' : "$count links"))
        or diag(scalar(@links), ' links');
}


# --- the memory, as callers see it ---

# A worker that is stopped may have taken the connection, so several are tried.
sub get {
    my ($of, $merchant) = @_;

    my $answer;

    for (1 .. 40) {
        $answer = Live::Health::read_vars($live->request(
            $of->port, $health->path($merchant), timeout => 0.5));
        last if $answer->{status};
    }

    return $answer;
}


sub in_memory {
    my ($title, $of, $merchant) = @_;

    my $answer;
    ok($live->wait_for($takeover, sub {
        $answer = get($of, $merchant);
        return tier($answer) eq 'HIT memory';
    }), "$title: in memory") or diag(tier($answer));

    return $answer;
}


# Another host stores a report.
sub change {
    my ($merchant, $old) = @_;

    my $name = 'Changed at ' . time;
    my $body = $old->{body} =~ s/"merchant_name": "[^"]*"/"merchant_name": "$name"/r;

    isnt($body, $old->{body}, 'another report');
    Violet::Redis->new($health->redis->port)->call(
        'HSET', $health->key($merchant), 'body', $body);

    return $body;
}


# Asks until the change is known, and notes how long that takes.
sub learns {
    my ($title, $of, $merchant, $body) = @_;

    my $begun = time;

    ok($live->wait_for($takeover, sub { get($of, $merchant)->{body} eq $body }),
       "$title: the new report is served");
    note(sprintf '%s: known after %.2f s', $title, time - $begun);
}


# --- the tests ---

sub one_for_four_workers {
    has_links('four workers', 1);
    sleep 1.5;
    is(scalar(links()), 1, 'four workers: still one link');

    my $other = gateway(workers => 2);
    has_links('two hosts', 2);
    $other->quit(20);
    has_links('one host', 1);
}


# No report of before is served.
sub killed_holder {
    my $old = in_memory('killed holder', $nginx, 20001);
    in_memory('killed holder', $nginx, 20002);

    my $holder = holder($nginx);
    ok($holder, 'killed holder: it is found') or return;

    kill 'KILL', $holder;
    my $body = change(20001, $old);
    learns('killed holder', $nginx, 20001, $body);

    has_links('killed holder', 1);
    isnt(holder($nginx), $holder, 'killed holder: of another worker');
    is(tier(get($nginx, 20002)), 'HIT redis',
       'killed holder: memory was emptied');

    $old = in_memory('killed holder', $nginx, 20001);
    learns('killed holder, later', $nginx, 20001, change(20001, $old));
}


sub killed_one_after_the_other {
    for my $round (1 .. 3) {
        my $old = in_memory("killed, round $round", $nginx, 20003);

        kill 'KILL', holder($nginx);
        learns("killed, round $round", $nginx, 20003, change(20003, $old));
        has_links("killed, round $round", 1);
    }

    ok($live->wait_for(10, sub { $nginx->workers == 4 }),
       'killed: nginx has four workers again');
}


# Redis answers, and no worker gets a link.
sub no_link_no_trust {
    my $far = gateway(lines => 'violet_refresh_limit merchant=1r/h'
                               . ' exceeded=cached;',
                      redis => 'redis://127.0.0.1:' . $relay->port
                               . '/0 timeout=2s connect_timeout=2s');
    my $old = in_memory('link cut', $far, 20004);

    $relay->mode('cut link');
    learns('link cut', $far, 20004, change(20004, $old));

    my @reads = map { get($far, 20004) } 1 .. 5;
    is(Live::Health::count(sub { tier($_) eq 'HIT redis' }, @reads), 5,
       'link cut: Redis is asked each time');

    # what is held, too
    held($far, 20044);
    $health->command('DEL violet:health-held:violet_api:10000:20044');
    is(get($far, 20044)->{status}, 200,
       'link cut: what another host has dropped is not held any more');
    held($far, 20045);

    # Redis is away, too
    $relay->mode('cut all');
    is(get($far, 20045)->{status}, 429,
       'Redis away: what is held on this host is all that is known');
    ok($live->wait_for(10, sub {
        tier(get($far, 20004)) eq 'HIT memory'
    }), 'Redis away: memory is served');
    is(get($far, 20004)->{vars}{redis}, 'open',
       'Redis away: which the variable says');

    @reads = $health->many($far, count => 100, what => 20004);
    is(Live::Health::count(sub { tier($_) eq 'HIT memory' }, @reads), 100,
       'Redis away: it is served to all at once');

    # the second refresh gets the cached report
    my @refreshes = map { get($far, '20004?refresh=true') } 1, 2;
    is(join(', ', map { "$_->{status} $_->{vars}{refresh}" } @refreshes),
       '200 granted, 200 limited',
       'Redis away: a refresh that is refused gets it, too');

    $relay->mode('pass');
    in_memory('link back', $far, 20004);
    $far->quit(20);
    has_links('link back, host gone', 1);
}


# Violet's 429 is held, in Redis and on the host.
sub held {
    my ($host, $merchant) = @_;

    $health->control("fault?connection_health/$merchant=429");
    is(get($host, $merchant)->{status}, 429, "$merchant: Violet has no time");
    $health->control("fault?connection_health/$merchant=0");
    is(get($host, $merchant)->{status}, 429, "$merchant: which is held");
    is($health->reached($merchant), 1, "$merchant: Violet is asked once");
}


# Its link is open, and it does not read.
sub hung_holder {
    my $old = in_memory('hung holder', $nginx, 20005);
    in_memory('hung holder', $nginx, 20014);
    my $holder = holder($nginx);

    kill 'STOP', $holder;

    my $body = change(20005, $old);
    my $begun = time;

    ok($live->wait_for($takeover, sub {
        get($nginx, 20005)->{body} eq $body
    }), 'hung holder: the old report is not served for ever');
    note(sprintf 'hung holder: the change was known after %.1f s',
         time - $begun);

    has_links('hung holder', 2);
    $old = in_memory('hung holder', $nginx, 20005);
    learns('hung holder', $nginx, 20005, change(20005, $old));
    in_memory('hung holder', $nginx, 20014);

    # the worker may read the notices that it has, and none is of this report,
    # which was stored before it hung
    kill 'CONT', $holder;
    has_links('awake', 1);
    isnt(holder($nginx), $holder, 'awake: that of the other worker');

    $begun = time;
    my @tiers;
    push @tiers, tier(get($nginx, 20014)) while time < $begun + 1;
    is(scalar(grep { $_ ne 'HIT memory' } @tiers), 0,
       'awake: memory is trusted all the time');
}


# A report that nobody asks for meanwhile stays in memory.
sub reload_under_load {
    in_memory('reload', $nginx, 20006);
    in_memory('reload', $nginx, 20007);

    for my $round (1 .. 3) {
        my @workers = $nginx->workers;
        my $was = holder($nginx);

        ok($nginx->reload(20), "reload $round");

        my (%tiers, $new);
        ok($live->wait_for($takeover, sub {
            $tiers{tier(get($nginx, 20006))}++;
            $new = holder($nginx);
            return $new && $new != $was && links() == 1;
        }), "reload $round: a new worker has the link");

        is_deeply([keys %tiers], ['HIT memory'],
                  "reload $round: all hits are from memory");
        ok($nginx->wait_gone(20, @workers),
           "reload $round: the old workers go");
        is(tier(get($nginx, 20007)), 'HIT memory',
           "reload $round: memory is kept");

        my $old = in_memory("reload $round", $nginx, 20006);
        learns("reload $round", $nginx, 20006, change(20006, $old));
        in_memory("reload $round", $nginx, 20006);
    }
}


# The old worker has notices that it does not read, so memory is not kept.
sub reload_with_a_hung_holder {
    my $old = in_memory('reload, hung', $nginx, 20008);
    in_memory('reload, hung', $nginx, 20015);
    my $holder = holder($nginx);

    kill 'STOP', $holder;
    my $body = change(20008, $old);
    ok($nginx->reload(20), 'reload, hung: reload');

    ok($live->wait_for($takeover, sub {
        get($nginx, 20008)->{body} eq $body
    }), 'reload, hung: the old report is not served for ever');

    in_memory('reload, hung', $nginx, 20008);
    is(get($nginx, 20008)->{body}, $body, 'reload, hung: the new report');
    in_memory('reload, hung', $nginx, 20015);

    kill 'CONT', $holder;
    ok($nginx->wait_gone(20, $holder), 'reload, hung: the old worker goes');
    has_links('reload, hung', 1);
    is(tier(get($nginx, 20015)), 'HIT memory',
       'reload, hung: memory is trusted');
}


# The old worker lives on without a link and takes none.
sub worker_with_a_long_request {
    $health->control('delay?connection_health/20009=6');
    my $client = $health->ask($nginx, 20009);
    ok($health->reaches(20009), 'long request: Violet is asked');

    my @old = $nginx->workers;
    ok($nginx->reload(20), 'long request: reload');

    # the one link may still be that of an old worker, which has yet to end it
    my $holder;
    ok($live->wait_for($takeover, sub {
        $holder = holder($nginx);
        return $holder && links() == 1 && !grep { $_ == $holder } @old;
    }), 'long request: a new worker has the link');

    my @left = grep { my $pid = $_; grep { $_ == $pid } $nginx->workers } @old;
    cmp_ok(scalar @left, '>=', 1, 'long request: an old worker is there');

    is($health->answer($client, 30)->{status}, 200,
       'long request: it is answered');
    $health->control('delay?connection_health/20009=0');
    ok($nginx->wait_gone(20, @old), 'long request: the old workers go');
}


# Its reports are others.
sub another_redis {
    my $second = $live->redis;
    my $moved = gateway();
    my $old = in_memory('another Redis', $moved, 20010);
    my $http = $moved->{http};
    my ($from, $to) = ($health->redis->port, $second->port);

    $http =~ s/127\.0\.0\.1:$from/127.0.0.1:$to/;
    $moved->configure(http => $http);
    $health->control('forget');

    my @workers = $moved->workers;
    ok($moved->reload(20), 'another Redis: reload');
    ok($moved->wait_gone(20, @workers), 'another Redis: the old workers go');

    my $answer;
    ok($live->wait_for($takeover, sub {
        $answer = get($moved, 20010);
        return $answer->{revision} > $old->{revision};
    }), 'another Redis: no report of the other one is served')
        or diag(tier($answer));

    $moved->quit(20);
}


sub one_worker {
    my $single = gateway(workers => 1);
    has_links('one worker', 2);

    my $old = in_memory('one worker', $single, 20011);
    my ($worker) = $single->workers;

    kill 'KILL', $worker;
    my $body = change(20011, $old);
    ok($live->wait_for(10, sub { $single->workers }),
       'one worker: there is another');
    learns('one worker', $single, 20011, $body);

    in_memory('one worker', $single, 20011);
    my @workers = $single->workers;
    ok($single->reload(20), 'one worker: reload');
    ok($single->wait_gone(20, @workers), 'one worker: the old one goes');
    is(tier(get($single, 20011)), 'HIT memory',
       'one worker: memory is kept');

    $single->quit(20);
    has_links('one worker gone', 1);
}


# The new binary has a zone of its own, and a link.
sub upgraded_binary {
    SKIP: {
        skip 'a program under Valgrind is not started anew', 1
            if $ENV{TEST_NGINX_USE_VALGRIND};

        my $upgraded = gateway(workers => 2, orphan => 1,
                               main => 'env ASAN_OPTIONS; env UBSAN_OPTIONS;');
        has_links('before the upgrade', 2);

        my $master = $upgraded->pid;
        my @workers = $upgraded->workers;

        kill 'USR2', $master;
        ok($live->wait_for(20, sub {
            $upgraded->pid && $upgraded->pid != $master
                && $upgraded->workers >= 2
        }), 'upgrade: a new master');
        has_links('upgrade', 3);

        kill 'QUIT', $master;
        ok($upgraded->wait_gone(20, $master, @workers),
           'upgrade: the old one ends');
        has_links('after the upgrade', 2);

        my $old = in_memory('upgrade', $upgraded, 20012);
        learns('upgrade', $upgraded, 20012, change(20012, $old));
        $upgraded->stop;
    }
}


# The worker with the link waits for nobody.
sub quits_at_once {
    in_memory('quit', $nginx, 20013);

    my $begun = time;
    ok($nginx->quit(20), 'quit');
    note(sprintf 'quit: after %.2f s', time - $begun);
    has_links('quit', 0);
}
