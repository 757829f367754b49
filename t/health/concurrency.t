#!/usr/bin/perl

# Many callers of one report at once, callers that leave, refreshes in bursts, a
# reload while requests wait.

use strict;
use warnings;

use lib 't/lib';
use IO::Poll qw(POLLIN);
use Live;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;

my $more = 'add_header X-Vars "$violet_cache_status $violet_refresh" always;'
           . 'add_header X-Worker $pid always;'
           . 'proxy_read_timeout 3s;'
           . 'location /status { stub_status; }'
           . uncached('/impatient/', 'proxy_read_timeout 500ms;')
           . uncached('/stale/', 'violet_health_ttl 1s;'
                                 . 'violet_health_stale 1h;')
           . uncached('/large/', 'violet_buffer_limit 8m;')
           . uncached('/bypass/', 'violet_health_cache off;');

my $nginx = nginx(1);

misses();
others_are_answered_meanwhile();
expiries();
bypasses();
failures();
refusals();
reads_join_refreshes();
refreshes_join_refreshes();
refreshes_do_not_join_reads();
read_joins_refused_refresh();
refused_refreshes();
callers_who_leave();
caller_of_a_stalled_violet_leaves();
body_that_dribbles();
refresh_overtakes_a_read();
reload();
quit();
quit_while_callers_are_answered();
bursts();

$live->check_logs;
done_testing();


sub nginx {
    my ($workers) = @_;

    my $http = $live->violet_http($redis, $mock);

    return $live->nginx(workers => $workers, http => $http,
                        server => $live->violet_location . $more);
}


# A location with another prefix, for the same app and upstream.
sub uncached {
    my ($prefix, $lines) = @_;

    return "location ${prefix}v1/ { violet shop;"
           . "proxy_pass http://violet_api/v1/; $lines }\n";
}


sub path {
    my ($merchant, $prefix) = @_;

    return 'GET ' . ($prefix || '/') . "v1/operations/connection_health/"
           . $merchant;
}


sub get {
    return $live->request($nginx->port, path(@_));
}


sub many {
    my ($count, @path) = @_;

    return $live->many($nginx->port, count => $count, request => path(@path));
}


# Sends a request and returns the client that waits for its answer.
sub ask {
    my $client = $live->client($nginx->port);

    $client->send(Live::Client::request_bytes(path(@_)));

    return $client;
}


sub vars {
    my ($answer) = @_;

    return ($answer->{headers}{'x-vars'} || '') =~ s/ +$//r;
}


sub cache_status {
    return $_[0]{headers}{'cache-status'} || '';
}


sub reached {
    my ($merchant, $route) = @_;

    $route = 'connection_health' if !defined $route;

    return $live->mock_counts($mock)->{"$route/$merchant"} || 0;
}


sub reaches {
    my ($merchant) = @_;

    return $live->wait_for(5, sub { reached($merchant) });
}


sub redis {
    return Violet::Redis->new($redis->port)->command($_[0]);
}


sub flush {
    redis('FLUSHALL');
}


sub count(&@) {
    my ($code, @answers) = @_;

    return scalar grep { $code->() } @answers;
}


# One request opens the flight, the others report JOINED; all get one report.
sub is_one_flight {
    my ($title, $merchant, $opener, $collapsed, @answers) = @_;

    is(reached($merchant), 1, "$title: one request reaches Violet");
    is(count(sub { $_->{status} == 200 }, @answers), scalar @answers,
       "$title: all get a 200");
    is(count(sub { vars($_) eq $opener }, @answers), 1, "$title: one opener");
    is(count(sub { vars($_) =~ /^JOINED\b/
                   && cache_status($_) eq $collapsed }, @answers),
       @answers - 1, "$title: the others joined");
    is(count(sub { $_->{body} eq $answers[0]{body} }, @answers),
       scalar @answers, "$title: all get the same bytes");
    like($answers[0]{body}, qr/"merchant_id": $merchant\b/,
         "$title: the report of the merchant");
}


# Opens connections and sends the same request on each of them.
sub callers {
    my ($count, @path) = @_;

    my @callers = Live::Client::connect_all($nginx->port, $count, time + 30);
    my $bytes = Live::Client::request_bytes(path(@path));

    syswrite $_->{sock}, $bytes for @callers;

    return @callers;
}


# The number of callers that have an answer to read.
sub answered {
    my $poll = IO::Poll->new;

    $poll->mask($_->{sock} => POLLIN) for @_;
    $poll->poll(0);

    return scalar $poll->handles(POLLIN);
}


# The callers of a cold report are answered in slices: a hit that is asked for
# when the first of them is answered does not wait for the last one.  A slice
# has 64 callers, and fewer of a large report.
sub others_are_answered_meanwhile {
    is(get(900)->{status}, 200, 'many callers: another report is in memory');

    is_answered_meanwhile('many callers', 1500, 21950);
    is_answered_meanwhile('callers of 5 MB', 60, 22150, '/large/');
}


# This program may run too late to see that, so it tries several times.
sub is_answered_meanwhile {
    my ($title, $count, $merchant, @prefix) = @_;
    my $best = 0;

    for my $try (1 .. 8) {
        my @callers = callers($count, ++$merchant, @prefix);
        my $other = $live->client($nginx->port);

        $live->wait_for(10, sub { reached($merchant) });
        Live::Client::wait_io($callers[0]{sock}, POLLIN, 10);

        $other->send(Live::Client::request_bytes(path(900)));
        is($other->answer(10)->{status}, 200, "$title: a hit meanwhile");

        my $left = @callers - answered(@callers);
        $best = $left if $left > $best;
        note("$title: $left of $count wait when the hit is answered");

        # to read much takes long
        Live::Client::converse([map { +{%$_, out => ''} } @callers],
                               time + 20)
            if !@prefix;
        close $_->{sock} for @callers;
        last if $best;
    }

    cmp_ok($best, '>', 0, "$title: a hit does not wait for the last");
}


# A worker that shuts down answers all callers, not only the first slice.
sub quit_while_callers_are_answered {
    $nginx = nginx(1);

    my @callers = map { +{%$_, out => ''} } callers(1500, 21970);

    $live->wait_for(10, sub { reached(21970) });
    Live::Client::wait_io($callers[0]{sock}, POLLIN, 10);
    $nginx->signal('QUIT');

    Live::Client::converse(\@callers, time + 20);

    my @answers = map { Live::Client::result($_, 0) } @callers;
    is(scalar(grep { ($_->{status} || 0) == 200 } @answers), 1500,
       'a worker that shuts down answers all callers of a landed flight');
}


sub misses {
    is_one_flight('50 misses', 22001, 'MISS',
                  'violet; fwd=uri-miss; collapsed', many(50, 22001));
    is(vars(get(22001)), 'HIT', '50 misses: then a hit');

    my @answers = $live->many($nginx->port, count => 50, request => sub {
        return path(22010 + $_[0] % 5);
    });
    is(count(sub { vars($_) eq 'MISS' }, @answers), 5,
       'misses of 5 merchants: 5 flights');
    is(count(sub { $answers[$_]{body} =~ /"merchant_id": (\d+)/
                   && $1 == 22010 + $_ % 5 }, 0 .. 49), 50,
       'misses of 5 merchants: each gets its own report');
}


sub expiries {
    get(22002, '/stale/');
    sleep 1.1;
    $live->request($mock->port,
                   "POST /_mock/reset HTTP/1.0\r\nContent-Length: 0\r\n\r\n");

    is_one_flight('50 expiries', 22002, 'EXPIRED',
                  'violet; fwd=stale; collapsed', many(50, 22002, '/stale/'));
}


sub bypasses {
    is_one_flight('50 without a cache', 22003, 'BYPASS',
                  'violet; fwd=bypass; collapsed',
                  many(50, 22003, '/bypass/'));
}


# Requests that joined get the same problem; a later one asks Violet again.
sub failures {
    my @answers = many(30, 60201, '/impatient/');

    is(count(sub { $_->{status} == 504 }, @answers), 30,
       'a stalled Violet: 504 for all');
    is(reached(60201), 1, 'a stalled Violet: asked once');

    get(60201, '/impatient/');
    is(reached(60201), 2, 'a stalled Violet: the next request asks again');
}


# The upstream connection is slow, so some requests always join.
sub refusals {
    my @answers = many(50, 40401);

    is(count(sub { $_->{status} == 404
                   && $_->{body} =~ /merchant_not_found/ }, @answers), 50,
       'a 404 passes to all requests, also to those that joined');
}


sub reads_join_refreshes {
    flush();

    my $refresh = ask('21901?refresh=true');
    ok(reaches(21901), 'a refresh is under way');

    my @reads = many(10, 21901);
    my $first = $refresh->answer(5);

    is(vars($first), 'REFRESH granted', 'reads join a refresh');
    is(count(sub { vars($_) eq 'JOINED'
                   && cache_status($_) eq 'violet; fwd=uri-miss; collapsed'
                   && $_->{body} eq $first->{body} }, @reads), 10,
       'reads join a refresh: they get its bytes');
    is(reached(21901), 1, 'reads join a refresh: one request to Violet');
    ok(!(grep { $_->{headers}{ratelimit} } @reads),
       'reads join a refresh: no RateLimit header');
}


sub refreshes_join_refreshes {
    flush();

    my $refresh = ask('21902?refresh=true');
    ok(reaches(21902), 'a refresh is under way');

    my @others = many(10, '21902?refresh=true');
    my $first = $refresh->answer(5);

    is($first->{status}, 200, 'refreshes join a refresh');
    is(count(sub { vars($_) eq 'JOINED joined'
                   && cache_status($_) eq 'violet; fwd=request; collapsed'
                   && $_->{body} eq $first->{body} }, @others), 10,
       'refreshes join a refresh: they get its bytes');
    is(reached(21902), 1, 'refreshes join a refresh: one request to Violet');

    # One refresh, which the budget gets back in 120 s.
    my $ttl = redis('PTTL violet:limit:violet_api:10000');
    ok($ttl > 0 && $ttl <= 120_000,
       'refreshes join a refresh: one refresh is spent')
        or diag("owed: $ttl ms");
}


sub refreshes_do_not_join_reads {
    flush();

    my $read = ask(21903);
    ok(reaches(21903), 'a read is under way');

    my $refresh = get('21903?refresh=true');

    is(vars($refresh), 'REFRESH granted', 'a refresh does not join a read');
    is(vars($read->answer(5)), 'MISS', 'the read has a flight of its own');
    is(reached(21903), 2, 'two requests to Violet');
    like($refresh->{body}, qr/"recalculated": 2\b/, 'the refresh recalculates');

    my $hit = get(21903);
    is($hit->{body}, $refresh->{body}, 'the recalculated report is stored');
}


# The refresh waits for the limiter, a read joins it, the limiter refuses.
sub read_joins_refused_refresh {
    flush();
    get('20001?refresh=true');

    $redis->pause;
    my $refresh = ask('20001?refresh=true', '/bypass/');
    sleep 0.2;
    my @reads = map { ask(20001, '/bypass/') } 1 .. 5;
    sleep 0.2;
    $redis->resume;

    is($refresh->answer(5)->{status}, 429, 'a refresh is refused');

    my @answers = map { $_->answer(5) } @reads;
    is(count(sub { $_->{status} == 200
                   && $_->{body} =~ /"merchant_id": 20001/ }, @answers), 5,
       'the reads that joined the refresh get a report');
}


sub refused_refreshes {
    flush();
    get('20002?refresh=true');

    my @answers = many(50, '20002?refresh=true');
    is(count(sub { $_->{status} == 429 && $_->{headers}{'retry-after'} },
             @answers), 50, '50 refreshes too many: 429 with Retry-After');
    is(reached(20002, 'connection_health.refresh'), 1,
       '50 refreshes too many: none reaches Violet');
}


sub open_files {
    my $count = 0;

    for my $pid ($nginx->workers) {
        $count += () = glob "/proc/$pid/fd/*";
    }

    return $count;
}


# The connection of this request itself counts as one.
sub is_idle {
    my ($fds, $title) = @_;

    my $status;
    ok($live->wait_for(5, sub {
        $status = $live->request($nginx->port, 'GET /status')->{body};
        return $status =~ /^Active connections: 1 /;
    }), "$title: no connection is left") or diag($status);

    my $now;
    ok($live->wait_for(5, sub { ($now = open_files()) <= $fds }),
       "$title: no file is left open") or diag("$now, before: $fds");
}


# When no request waits for it, a flight still ends and stores the report.
sub callers_who_leave {
    flush();
    my $fds = open_files();

    my @clients = map { ask(21904) } 1 .. 10;
    ok(reaches(21904), 'ten callers wait');
    $_->reset for @clients;

    my $hit;
    ok($live->wait_for(5, sub {
        redis('EXISTS violet:health:violet_api:10000:21904');
    }), 'all leave: the report is stored');
    is(vars(get(21904)), 'HIT', 'all leave: the next caller gets a hit');
    is(reached(21904), 1, 'all leave: Violet was asked once');

    my $opener = ask(21905);
    ok(reaches(21905), 'another flight');
    my $second = ask(21905);
    sleep 0.2;
    $opener->reset;
    my $answer = $second->answer(5);
    is(vars($answer), 'JOINED',
       'the opener leaves: the request that joined is answered');
    like($answer->{body}, qr/"merchant_id": 21905/,
         'the opener leaves: it gets the report');
    is(reached(21905), 1, 'the opener leaves: Violet was asked once');

    my $refresh = ask('21906?refresh=true');
    ok(reaches(21906), 'a refresh');
    $refresh->close;
    ok($live->wait_for(5, sub {
        redis('EXISTS violet:health:violet_api:10000:21906');
    }), 'the caller of a refresh leaves: the report is stored');

    # An upstream connection may stay in the keepalive pool.
    is_idle($fds + 8, 'callers that leave');
}


# The body of a read is ignored, but the rest of it must be read before the next
# request of the connection, also the bytes that come while the caller waits.
sub body_that_dribbles {
    my $client = $live->client($nginx->port);
    my %option = (headers => {Connection => undef, 'Content-Length' => 5});

    $client->send(Live::Client::request_bytes(path(22091), %option) . 'ab');
    ok(reaches(22091), 'half a body has come: Violet is asked');

    $client->send('cde' . Live::Client::request_bytes(path(22091)));

    is($client->answer(3)->{status}, 200,
       'the rest of the body comes while the caller waits');
    is($client->answer(3)->{status}, 200,
       'the next request of the connection is answered');
}


# A slow plain read brings an older report than a refresh meanwhile.
sub refresh_overtakes_a_read {
    my $body = '{"merchant_id": 77, "connection": {"status": "COMPLETE"}, '
               . '"age": "%s"}';

    my $violet = $live->fake(do => sub {
        my ($sock) = @_;
        my $in = '';
        sysread $sock, $in, 4096, length $in until $in =~ /\r\n\r\n/;
        my $new = $in =~ /refresh=true/;
        sleep 1 if !$new;
        my $answer = sprintf $body, $new ? 'new' : 'old';
        syswrite $sock, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                        . 'Content-Length: ' . length($answer)
                        . "\r\n\r\n$answer";
    });

    my $http = $live->violet_http($redis, $mock);
    $http =~ s{(server 127\.0\.0\.1:)\d+}{$1 . $violet->port}e;

    flush();
    my $other = $live->nginx(workers => 1, http => $http,
                             server => $live->violet_location);
    my $slow = $live->client($other->port);
    $slow->send(Live::Client::request_bytes(path(77)));
    sleep 0.3;

    my $refresh = $live->request($other->port, path('77?refresh=true'));
    like($refresh->{body}, qr/new/,
         'a refresh beside a slow read gets the new report');
    like($slow->answer(3)->{body}, qr/old/,
         'the slow read gets its old report');
    like($live->request($other->port, path(77))->{body}, qr/new/,
         'the refreshed report stays in the cache');

    $other->stop;
}


sub caller_of_a_stalled_violet_leaves {
    my $fds = open_files();

    my @clients = map { ask(60210 + $_, '/impatient/') } 1 .. 20;
    ok(reaches(60230), 'Violet stalls');
    $_->reset for @clients;
    sleep 0.7;

    is_idle($fds, 'Violet stalls, all leave');
    ok($live->wait_for(5, sub {
        my $answer = $live->request($mock->port, 'GET /_mock/connections');
        my ($open) = $answer->{body} =~ /"open": (\d+)/;
        return $open <= 9;
    }), 'Violet stalls, all leave: connections to Violet are closed');
}


sub reload {
    flush();
    my @old = $nginx->workers;

    my @clients = map { ask(21910) } 1 .. 10;
    my $refresh = ask('21911?refresh=true');
    my $leaves = ask(21912);
    ok(reaches(21910) && reaches(21911) && reaches(21912),
       'requests wait for Violet');

    $leaves->reset;
    ok($nginx->reload, 'reload while requests wait');
    ok(!$nginx->wait_gone(0.1, @old), 'reload: the old worker stays');

    my @answers = map { $_->answer(5) } @clients;
    is(count(sub { $_->{status} == 200 && $_->{body} =~ /21910/ }, @answers),
       10, 'reload: all requests that wait are answered');
    is(vars($refresh->answer(5)), 'REFRESH granted',
       'reload: the refresh is answered');
    ok($nginx->wait_gone(5, @old), 'reload: then the old worker ends');

    is(vars(get(21910)), 'HIT', 'reload: the report was stored');
    is(vars(get(21911)), 'HIT', 'reload: the report of the refresh was stored');
    is(vars(get(21912)), 'HIT', 'reload: a report without a caller was stored');
    unlike($nginx->error_log, qr/open socket/, 'reload: no socket is left');
}


sub quit {
    my @clients = map { ask(21913) } 1 .. 10;
    my $leaves = ask(21914);
    ok(reaches(21913) && reaches(21914), 'requests wait for Violet');

    $nginx->signal('QUIT');
    sleep 0.1;
    $leaves->reset;

    my @answers = map { $_->answer(5) } @clients;
    is(count(sub { $_->{status} == 200 && $_->{body} =~ /21913/ }, @answers),
       10, 'QUIT: all requests that wait are answered');
    ok($nginx->process->wait_end(5), 'QUIT: then nginx ends');
    is($nginx->process->status, 0, 'QUIT: with status 0');

    for my $merchant (21913, 21914) {
        is(redis("EXISTS violet:health:violet_api:10000:$merchant"), 1,
           "QUIT: the report of $merchant is stored");
    }

    unlike($nginx->error_log, qr/open socket/, 'QUIT: no socket is left');
}


# Two workers, one budget.
sub bursts {
    flush();
    $nginx = nginx(2);

    my @answers = $live->many($nginx->port, count => 40, request => sub {
        return path(20100 + $_[0] . '?refresh=true');
    });
    my %worker = map { $_->{headers}{'x-worker'} => 1 } @answers;

    is(count(sub { $_->{status} == 200 }, @answers), 30,
       '40 merchants at once, app=30r/h: 30 are granted');
    is(count(sub { $_->{status} == 429
                   && $_->{headers}{ratelimit} =~ /^"app";r=0;t=(?:1[0-2]\d|9\d)$/ },
             @answers), 10, '40 merchants at once: 10 are refused');
    is($live->mock_counts($mock)->{'connection_health.refresh'},
       refreshes_before() + 30, '40 merchants at once: 30 reach Violet');
    note(scalar(keys %worker), ' workers took part');

    flush();
    @answers = many(40, '22050?refresh=true');
    is(reached(22050, 'connection_health.refresh'), 1,
       '40 refreshes of one merchant: one reaches Violet');
    is(count(sub { vars($_) eq 'REFRESH granted' }, @answers), 1,
       '40 refreshes of one merchant: one is granted');
    is(count(sub { vars($_) =~ /^(?:REFRESH granted|JOINED joined)$/
                   && $_->{status} == 200
                   || vars($_) eq 'LIMITED limited'
                   && $_->{status} == 429 }, @answers), 40,
       '40 refreshes of one merchant: the others join or are refused');

    ok($nginx->quit(5), 'two workers end');
}


# The number of refreshes of other merchants than those of the bursts.
sub refreshes_before {
    my $counts = $live->mock_counts($mock);
    my $sum = 0;

    for my $key (keys %$counts) {
        my ($merchant) = $key =~ m{^connection_health\.refresh/(\d+)} or next;
        $sum += $counts->{$key} if $merchant < 20100 || $merchant > 20199;
    }

    return $sum;
}
