#!/usr/bin/perl

# violet_health_stale with "updating": an expired report is served at once, and
# one request to Violet renews it in the background, for all hosts.  The fault
# "602" makes Violet accept the request and send nothing for 30 s: an answer
# that waited for Violet would not come in time.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $updating = 'violet_health_ttl 1h; violet_health_stale 2h updating;';

my $live = Live->new;
my $health = Live::Health->new($live);
my ($near, $far) = map { host() } 1, 2;

served_at_once();
renewed_for_all();
one_renewal_for_all();
conditional_and_head();
list();
not_after_the_end();
plain_stale_waits();
failure_is_held('500');
failure_is_held('400');
merchant_who_left();
reader_without_a_report();
not_too_many();
caller_who_leaves();
reloaded();
follows_another_host();
link_away();
without_redis();
redis_away();

$live->check_logs;
done_testing();


sub host {
    my (%option) = @_;

    return $health->gateway(
        keepalive => '',
        listen => 'reuseport',
        lines => $updating . 'proxy_read_timeout 20s;',
        more => $health->location('/plain/', 'violet_health_ttl 1h;'
                                  . 'violet_health_stale 2h;')
                . $health->location('/short/', 'violet_health_ttl 1s;'
                                    . 'violet_health_stale 2h updating;'),
        %option);
}


# A report of the age of 4,000 s: it expired 400 s ago.
sub expired {
    my ($title, $merchant, $nginx, $age) = @_;

    my $answer = $health->get($nginx || $near, $merchant);

    is($answer->{status}, 200, "$title: there is a report");
    $health->command('HINCRBY ' . $health->key($merchant) . ' stored_at -'
                     . 1000 * ($age || 4000));
    $health->heard($near, $far, $nginx && $nginx != $near ? $nginx : ());

    return $answer;
}


sub stall {
    my ($what) = @_;

    $health->control("fault?$what=602");
}


sub is_updating {
    my ($title, @answers) = @_;

    my @bad = grep {
        $_->{cache} !~ /^violet; hit; ttl=-\d+; detail=updating$/
        || $_->{vars}{cache_status} ne 'UPDATING'
    } @answers;

    ok(!@bad, "$title: the expired report, marked as one that is renewed")
        or diag(join "\n", map { "$_->{status} $_->{cache}" } @bad[0 .. 0]);
}


sub renewed {
    my ($title, $nginx, $merchant, $prefix) = @_;

    my $answer;

    ok($live->wait_for(20, sub {
        $answer = $health->get($nginx, $merchant, prefix => $prefix || '/');
        ($answer->{revision} || 0) == 2;
    }), "$title: the new report");

    return $answer;
}


sub served_at_once {
    my $first = expired('at once', 20001);
    stall('connection_health/20001');

    my @answers = map { $health->get($_, 20001) } ($near, $far) x 5;

    $health->all_are(200, 'at once', @answers);
    $health->all_same('at once', $first, @answers);
    is_updating('at once', @answers);
    like($answers[0]{headers}{age}, qr/^40\d\d$/, 'at once: its age');
    is($answers[0]{headers}{'x-violet-merchant-state'}, 'ready',
       'at once: its state');
    is($answers[0]{vars}{cache_tier}, 'redis', 'at once: from Redis');
    ok((grep { $_->{vars}{cache_tier} eq 'memory' } @answers),
       'at once: from memory');
}


sub renewed_for_all {
    expired('renewed', 20002);
    $health->control('forget');
    is_updating('renewed', $health->get($near, 20002));

    my @answers = map { renewed('renewed', $_, 20002) } $near, $far;

    for my $answer (@answers) {
        is($answer->{vars}{cache_status}, 'HIT', 'renewed: a fresh hit');
    }

    is($health->reached(20002), 2, 'renewed: one request for both hosts');
}


sub one_renewal_for_all {
    expired('popular', 20003);
    stall('connection_health/20003');

    my @answers = $health->many([$near, $far], what => 20003, count => 400,
                                timeout => 15);

    $health->all_are(200, 'popular', @answers);
    is_updating('popular', @answers);
    is($health->reached(20003), 2, 'popular: one renewal for 400 readers of '
                                   . 'two hosts');
}


sub conditional_and_head {
    my $first = expired('conditional', 20004);
    stall('connection_health/20004');

    my $same = $health->get($near, 20004, headers => {
        'If-None-Match' => $first->{headers}{etag}});
    is($same->{status}, 304, 'conditional: the caller has this report');
    is_updating('conditional', $same);

    my $head = read_head($near, 20004);
    like($head, qr{^HTTP/1.1 200 }, 'HEAD: 200');
    like($head, qr/\r\nCache-Status: violet; hit; ttl=-\d+; detail=updating\r/,
         'HEAD: marked');
    like($head, qr/\r\n\r\n\z/, 'HEAD: no body');
}


sub read_head {
    my ($nginx, $merchant) = @_;

    my $client = $live->client($nginx->port);
    my $path = $health->path($merchant) =~ s/^GET/HEAD/r;

    $client->send("$path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    $client->read_all(10);

    return $client->{in};
}


sub list {
    $health->get($near, '');
    $health->command('HINCRBY ' . $health->list_key('true')
                     . ' stored_at -4000000');
    $health->heard($near, $far);

    is_updating('the list', $health->get($near, ''));
    ok($live->wait_for(20, sub {
        $health->get($far, '')->{vars}{cache_status} eq 'HIT'
    }), 'the list: renewed for both hosts');
    is($health->reached('connection_health_list'), 2,
       'the list: one request more');
}


sub not_after_the_end {
    expired('after the end', 20005, $near, 4 * 3600);

    my $answer = $health->get($near, 20005);
    unlike($answer->{cache}, qr/hit/, 'older than violet_health_stale: '
                                      . 'the reader waits for Violet');
}


sub plain_stale_waits {
    expired('without "updating"', 20006);
    $health->control('forget');

    my $answer = $health->get($near, 20006, prefix => '/plain/');
    is("$answer->{vars}{cache_status} $answer->{revision}", 'EXPIRED 2',
       'without "updating" the reader waits for the new report');
}


# Also an answer that is no failure for a caller: it replaces no report, so
# each reader would start the next renewal.
sub failure_is_held {
    my ($fault) = @_;

    my $merchant = 20100 + $fault;
    my $title = "Violet answers $fault";

    expired($title, $merchant);
    $health->control("fault?connection_health/$merchant=$fault");
    is_updating($title, $health->get($near, $merchant));

    my $held = 'violet:health-held:violet_api:10000:' . $merchant;
    ok($live->wait_for(10, sub { $health->command("EXISTS $held") }),
       "$title: it is held");

    like($health->command("GET $held"), qr/^\d+ 5000 /, "$title: for 5 s");

    my $begun = time;
    my @answers = $health->many([$near, $far], what => $merchant,
                                count => 100, timeout => 15);
    $health->all_are(200, $title, @answers);
    is_updating($title, @answers);
    cmp_ok($health->reached($merchant), '<=', 2 + (time - $begun) / 5,
           "$title: meanwhile Violet is not asked");

    ok($live->wait_for(30, sub {
        $health->get($far, $merchant);
        $health->command("GET $held") =~ /^\d+ 10000 /;
    }), "$title: then for 10 s");
}


sub merchant_who_left {
    expired('who left', 24601);
    is_updating('who left', $health->get($near, 24601));

    my $answer;
    ok($live->wait_for(10, sub {
        $answer = $health->get($far, 24601);
        $answer->{status} == 404;
    }), 'who left: the report is dropped on all hosts');
}


# Its memory and Redis have lost the report, while the renewal is under way.
sub reader_without_a_report {
    expired('a lost report', 20007);
    $health->control('delay?connection_health/20007=2');
    is_updating('a lost report', $health->get($near, 20007));
    ok($health->reaches(20007, 2), 'a lost report: the renewal is under way');
    $health->command('DEL ' . $health->key(20007));
    $health->heard($near, $far);

    my @answers = map { $health->answer($_, 60) }
                  map { $health->ask($_, 20007) } $near, $far;
    $health->all_are(200, 'a lost report', @answers);
    is($health->tally('cache_status', @answers), 'JOINED 2',
       'a lost report: its readers wait for the renewal');
    is($health->reached(20007), 2, 'a lost report: no further request');
}


# One reader asks for many expired reports: without a bound all connections of
# the worker would go to renewals.
sub not_too_many {
    my $nginx = host(workers => 1);
    my @merchants = (30001 .. 30099, 30201 .. 30299);

    $health->many($nginx, count => scalar @merchants, timeout => 20,
                  what => sub { $merchants[$_[0] % @merchants] });
    age($nginx, @merchants);

    ok($live->wait_for(30, sub {
        $health->get($nginx, $_) for @merchants;
        renewals(1, @merchants) == @merchants
    }), 'many: all are renewed after a while');

    age($nginx, @merchants);
    stall("connection_health/$_") for @merchants;

    my @answers = map { $health->get($nginx, $_) } @merchants;
    $health->all_are(200, 'many', @answers);
    is_updating('many', @answers);

    ok($live->wait_for(10, sub { renewals(2, @merchants) >= 64 }),
       'many: renewals are started');
    is(renewals(2, @merchants), 64, 'many: 64 at once in a worker');
    $nginx->stop;
}


sub age {
    my ($nginx, @merchants) = @_;

    $health->command('HINCRBY ' . $health->key($_) . ' stored_at -4000000')
        for @merchants;
    $health->heard($nginx);
}


# The number of merchants for whom Violet was asked more often than that.
sub renewals {
    my ($times, @merchants) = @_;

    my $counts = $live->mock_counts($health->mock);

    return scalar grep {
        ($counts->{"connection_health/$_"} || 0) > $times
    } @merchants;
}


sub caller_who_leaves {
    expired('a caller who leaves', 20008);
    $health->control('forget');
    $health->control('delay?connection_health/20008=1');
    my $client = $health->ask($near, 20008);
    ok($health->reaches(20008, 2), 'a caller who leaves: Violet is asked');
    $client->reset;

    renewed('a caller who leaves', $near, 20008);
}


# The old worker ends when its renewal has landed.
sub reloaded {
    my $nginx = host(workers => 1);

    expired('a reload', 20009, $nginx);
    $health->control('forget');
    $health->control('delay?connection_health/20009=2');
    is_updating('a reload', $health->get($nginx, 20009));
    ok($health->reaches(20009, 2), 'a reload: the renewal is under way');
    $nginx->reload;

    renewed('a reload', $nginx, 20009);
    is($health->reached(20009), 2, 'a reload: one request');
    $nginx->stop;
}


# The readers of a host do not ask Redis for the lease one after the other while
# another host renews the report; a worker that follows that host can end.
sub follows_another_host {
    my $nginx = host(workers => 1);

    expired('another host', 20015);
    stall('connection_health/20015');
    is_updating('another host', $health->get($near, 20015));
    ok($health->reaches(20015, 2), 'another host: it renews the report');

    my ($begun, $seconds) = time;
    my @leases = grep { /"evalsha" "\w+" "6" "violet:health:[^"]+:20015"/i }
                 $health->monitored(sub {
        is_updating('another host',
                    map { $health->get($nginx, 20015) } 1 .. 200);
        $seconds = time - $begun;
    });
    cmp_ok(scalar @leases, '<=', 2 + 5 * $seconds,
           'another host: few looks for 200 readers');
    cmp_ok(scalar @leases, '>', 0, 'another host: looks are seen');

    my ($old) = $nginx->workers;
    $nginx->reload;
    ok($nginx->wait_gone(8, $old), 'another host: the old worker ends');
    is($health->reached(20015), 2, 'another host: one renewal');
    $nginx->stop;
}


# While notices are interrupted each read asks Redis.
sub link_away {
    my $relay = $live->relay($health->redis->port);
    my $nginx = host(workers => 1, redis => 'redis://127.0.0.1:'
                     . $relay->port . '/0 timeout=2s');

    $health->get($nginx, 20010) for 1 .. 3;
    expired('no notices', 20010, $nginx);
    stall('connection_health/20010');

    my @killed = grep { / sub=[1-9]/ }
                 split /\n/, $health->command('CLIENT LIST');
    $health->command("CLIENT KILL ID $_")
        for map { /^id=(\d+)/ ? $1 : () } @killed;

    my @answers = map { $health->get($nginx, 20010) } 1 .. 20;
    $health->all_are(200, 'no notices', @answers);
    is_updating('no notices', @answers);
    is($health->reached(20010), 2, 'no notices: one renewal');
    $nginx->stop;
}


# All workers of a host, and the memory alone.
sub without_redis {
    my $nginx = host(redis => '');

    my $first = $health->get($nginx, 20011);
    sleep 1.2;
    stall('connection_health/20011');

    my @answers = $health->many($nginx, what => 20011, prefix => '/short/',
                                count => 100, timeout => 15);
    is_updating('without Redis', @answers);
    $health->all_same('without Redis', $first, @answers);
    is($health->reached(20011), 2, 'without Redis: one renewal for two '
                                   . 'workers');

    $health->get($nginx, 20014);
    $health->control('forget');
    sleep 1.2;
    is_updating('without Redis',
                $health->get($nginx, 20014, prefix => '/short/'));
    renewed('without Redis', $nginx, 20014);
    is($health->reached(20014), 2, 'without Redis: the memory has it');

    $health->get($nginx, 20012);
    $health->control('fault?connection_health/20012=500');
    sleep 1.2;
    $health->get($nginx, 20012, prefix => '/short/');
    ok($health->reaches(20012, 2), 'without Redis: a failure');
    sleep 0.5;

    my $begun = time;
    @answers = $health->many($nginx, what => 20012, prefix => '/short/',
                             count => 50, timeout => 15);
    is_updating('without Redis: a failure', @answers);
    cmp_ok($health->reached(20012), '<=', 2 + (time - $begun) / 5,
           'without Redis: a failure is held');
    $nginx->stop;
}


# The last test: it leaves no Redis.
sub redis_away {
    my $nginx = host(redis => 'redis://127.0.0.1:' . $health->redis->port
                              . '/0 timeout=1s');

    $health->in_memory('Redis is away, before', 20013, $nginx);

    $health->control('forget');
    sleep 1.2;
    $health->redis->stop('KILL');

    my $answer = $health->get($nginx, 20013, prefix => '/short/');
    is_updating('Redis is away', $answer);
    is($answer->{vars}{cache_tier}, 'memory', 'Redis is away: from memory');
    renewed('Redis is away', $nginx, 20013, '/short/');
    $nginx->stop;
}
