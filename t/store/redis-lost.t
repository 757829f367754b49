#!/usr/bin/perl

# A Redis that freezes, ends and is started again; callers that leave while
# nginx waits for Redis; a reload at such a time; two workers that share a
# Redis.

use strict;
use warnings;

use lib 't/lib';
use Live;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

# The whole time, in seconds, that one request waits for Redis.
my $timeout = 0.5;

# times that no machine takes
my $patient = 'timeout=20s connect_timeout=20s';

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;

my $vars = 'add_header X-Vars "$violet_cache_status $violet_redis" always;'
           . 'add_header X-Worker $pid always;'
           . 'location /status { stub_status; }';

my $nginx = nginx(1);

callers_who_leave();
frozen_under_load();
frozen_and_back();
refreshed_while_frozen();
killed_and_back();
killed_under_load();
full();
refreshed_while_full();
reload_of_the_idle();
reload();
quit();
two_workers();

$live->check_logs;
done_testing();


sub nginx {
    my ($workers, $redis_options) = @_;

    my $http = $live->violet_http($redis, $mock,
                                  'violet_health_memory off;');
    $redis_options = "timeout=${\ ($timeout * 1000)}ms connect_timeout=20s"
        if !defined $redis_options;
    $http =~ s{(violet_redis [^;]+)}{$1 $redis_options};

    return $live->nginx(workers => $workers, http => $http,
                        server => $live->violet_location . $vars);
}


sub path {
    return "GET /v1/operations/connection_health/$_[0]";
}


sub get {
    my ($merchant) = @_;

    return $live->request($nginx->port, path($merchant));
}


# The cache status and the state of Redis, such as "HIT ok".
sub vars {
    my ($answer) = @_;

    return $answer->{headers}{'x-vars'} || '';
}


sub all_good {
    my ($title, @answers) = @_;

    my @bad = grep { $_->{error} || $_->{status} != 200 } @answers;

    ok(!@bad, "$title: all " . @answers . ' requests are answered')
        or diag(scalar @bad, ' are not: ',
                $bad[0]{error} || $bad[0]{status});
}


sub reached {
    my ($merchant) = @_;

    return $live->mock_counts($mock)->{"connection_health/$merchant"} || 0;
}


# Waits until Redis is used again.
sub until_hit {
    my ($merchant) = @_;

    return $live->wait_for(8, sub { vars(get($merchant)) eq 'HIT ok' });
}


# Waits until nginx has read so many requests that wait for Redis.
sub have_come {
    my ($count) = @_;

    ok($live->wait_for(20, sub {
        my $status = $live->request($nginx->port, 'GET /status')->{body};
        return $status =~ /^Reading: 0 Writing: (\d+)/m && $1 > $count;
    }), "$count requests wait");
}


# nginx has no connection but the test's, and the worker no more open files.
sub is_idle {
    my ($fds, $title) = @_;

    my $status;
    my $idle = $live->wait_for(5, sub {
        $status = $live->request($nginx->port, 'GET /status')->{body};
        return $status =~ /^Active connections: 1 /;
    });

    ok($idle, "$title: no connection is left") or diag($status);

    my $now;
    ok($live->wait_for(5, sub { ($now = open_files()) <= $fds }),
       "$title: no file is left open") or diag("$now, before: $fds");
}


sub open_files {
    my $count = 0;

    for my $pid ($nginx->workers) {
        $count += () = glob "/proc/$pid/fd/*";
    }

    return $count;
}


# Callers close their connections while their requests wait for Redis.
sub callers_who_leave {
    ok(until_hit(20001), 'a report is stored and found');

    my $before = reached(20001);
    my $fds = open_files();

    $redis->pause;

    my @clients = map { $live->client($nginx->port) } 1 .. 40;
    $_->send(Live::Client::request_bytes(path(20001))) for @clients;
    sleep $timeout / 4;

    $clients[$_]->reset for grep { $_ % 2 } 0 .. $#clients;
    $clients[$_]->close for grep { !($_ % 2) } 0 .. $#clients;

    sleep 1.5 * $timeout;
    is(reached(20001), $before,
       'Violet is not asked for callers that have left');

    $redis->resume;
    ok(until_hit(20001), 'the next caller gets a hit');
    is_idle($fds, 'callers that left');
}


# After some requests that time out no further request waits for Redis.
sub frozen_under_load {
    $redis->pause;

    for my $round (1 .. 5) {
        my @answers = $live->many($nginx->port, count => 100,
                                  request => path(20001));

        all_good("frozen, round $round", @answers);
        ok(!(grep { vars($_) !~ /(?:timeout|open|down)$/ } @answers),
           "frozen, round $round: \$violet_redis_status says why");
        ok((grep { vars($_) eq 'MISS timeout' } @answers),
           'frozen, round 1: requests wait') if $round == 1;
        # the module finds out by itself whether Redis is back
        is(scalar(grep { vars($_) eq 'MISS open' || vars($_) eq 'JOINED open' }
                  @answers), 100,
           'frozen, round 5: no request waits') if $round == 5;
    }

    # longer than a connection may take for an answer
    sleep 1.5;

    $redis->resume;
    ok(until_hit(20001), 'Redis thaws: hits again');
    like($nginx->error_log, qr/is connected again|answers again/,
         'Redis thaws: a log line');
}


# A short frost under load.
sub frozen_and_back {
    my @all;

    for my $round (1 .. 12) {
        $redis->pause if $round == 3;
        $redis->resume if $round == 7;
        push @all, $live->many($nginx->port, count => 50,
                               request => path(20001));
    }

    all_good('a short frost', @all);
    ok(until_hit(20001), 'a short frost: hits again');
}


# A report that could not be stored in a frozen Redis is not stored later.
sub refreshed_while_frozen {
    is(recalculated(20007), 1, 'before the frost: a report is stored');

    $redis->pause;
    ok($live->wait_for(5, sub { vars(get(20001)) =~ / open$/ }),
       'a frost: Redis is given up');

    is(recalculated('20007?refresh=true'), 2, 'a frost: a refresh is granted');

    $redis->resume;
    ok(until_hit(20001), 'after the frost: hits again');
    is(recalculated(20007), 2, 'after the frost: the refreshed report stays');
}


sub refreshed_while_full {
    is(recalculated(20008), 1, 'before Redis is full: a report is stored');

    my $admin = Violet::Redis->new($redis->port);
    $admin->command('CONFIG SET maxmemory 1');
    is(recalculated('20008?refresh=true'), 2,
       'Redis is full: a refresh is granted');
    $admin->command('CONFIG SET maxmemory 0');

    is(recalculated(20008), 2, 'Redis was full: the refreshed report stays');
}


# The number of calculations of the merchant's report, as an answer shows it.
sub recalculated {
    my ($n) = get($_[0])->{body} =~ /"recalculated": (\d+)/;

    return $n;
}


sub killed_and_back {
    my $port = $redis->port;

    $redis->stop('KILL');
    my @answers = map { get(20002) } 1 .. 10;

    all_good('Redis is gone', @answers);
    ok(!(grep { vars($_) !~ /^MISS (?:down|open)$/ } @answers),
       'Redis is gone: down or open');
    is(reached(20002), 10, 'Redis is gone: Violet is asked each time');

    $redis = $live->redis(port => $port);
    ok(until_hit(20002), 'Redis is started again: hits again');
}


# Redis is killed while commands are under way.
sub killed_under_load {
    my $usual = $nginx;
    my $port = $redis->port;

    $nginx = nginx(1, $patient);

    ok(until_hit(20002), 'killed under load: hits before');

    my $killer = fork;
    die "fork: $!\n" if !defined $killer;

    if (!$killer) {
        sleep 0.1;
        kill 'KILL', $redis->pid;
        POSIX::_exit(0);
    }

    my @all;
    my $end = time + 0.6;

    while (time < $end) {
        push @all, $live->many($nginx->port, count => 50,
                               request => path(20002));
    }

    waitpid $killer, 0;
    $redis->stop;

    all_good('killed under load', @all);
    ok(!(grep { vars($_) =~ /timeout$/ } @all), 'killed under load: no waits');
    is(scalar $nginx->workers, 1, 'killed under load: the worker lives');

    $redis = $live->redis(port => $port);
    ok(until_hit(20002), 'killed under load: hits again');
    ok($nginx->quit(20), 'killed under load: nginx ends');
    $nginx = $usual;
}


# Good replies between the errors, as each lookup has, cause no second line.
sub full {
    ok(until_hit(20002), 'before Redis is full: connected again');

    my $before = () = $nginx->error_log =~ /answered "OOM/g;

    Violet::Redis->new($redis->port)->command('CONFIG SET maxmemory 1');
    is(get($_)->{status}, 200, "Redis is full: $_") for 20501 .. 20505;
    Violet::Redis->new($redis->port)->command('CONFIG SET maxmemory 0');

    my $after = () = $nginx->error_log =~ /answered "OOM/g;
    is($after - $before, 1, 'Redis is full: the log says it once');
}


sub reload_of_the_idle {
    ok(until_hit(20002), 'connected to Redis');

    my @old = $nginx->workers;

    ok($nginx->reload, 'reload of an idle nginx');
    ok($nginx->wait_gone(20, @old), 'the old worker ends at once');
    ok(until_hit(20002), 'the new worker connects by itself');
    unlike($nginx->error_log, qr/open socket/, 'no socket is left');
}


# Requests that wait for Redis when the configuration changes.
sub reload {
    $nginx->quit(5);
    $nginx = nginx(1, $patient);
    ok(until_hit(20002), 'an nginx with a long timeout: a hit');

    my @old = $nginx->workers;
    $redis->pause;

    my @clients = map { $live->client($nginx->port) } 1 .. 20;
    $_->send(Live::Client::request_bytes(path(20002))) for @clients;
    my $refresh = $live->client($nginx->port);
    $refresh->send(Live::Client::request_bytes(path('20003?refresh=true')));
    have_come(21);

    ok($nginx->reload, 'reload while requests wait for Redis');
    ok(!$nginx->wait_gone(0.3, @old), 'the old worker waits for its requests');
    $redis->resume;

    my @answers = map { $_->answer(5) } @clients;
    all_good('reload', @answers);
    is(scalar(grep { vars($_) eq 'HIT ok' } @answers), 20,
       'reload: all requests get their reports');
    is(vars($refresh->answer(5)), 'REFRESH ok', 'reload: the refresh too');
    ok($nginx->wait_gone(5, @old), 'reload: then the old worker ends');

    # Redis was stopped when the worker started: it may not be connected yet
    ok($live->wait_for(10, sub { vars(get(20002)) eq 'HIT ok' }),
       'reload: the new worker gets a hit');
    unlike($nginx->error_log, qr/open socket/, 'reload: no socket is left');
}


sub quit {
    $redis->pause;

    my @clients = map { $live->client($nginx->port) } 1 .. 20;
    $_->send(Live::Client::request_bytes(path(20002))) for @clients;
    my @leaving = map { $live->client($nginx->port) } 1 .. 5;
    $_->send(Live::Client::request_bytes(path(20002))) for @leaving;
    have_come(25);

    $nginx->signal('QUIT');
    $_->reset for @leaving;
    sleep 0.2;
    $redis->resume;

    my @answers = map { $_->answer(5) } @clients;
    all_good('QUIT', @answers);
    is(scalar(grep { vars($_) eq 'HIT ok' } @answers), 20,
       'QUIT: all requests get their reports');
    ok($nginx->process->wait_end(5), 'QUIT: then nginx ends');
    is($nginx->process->status, 0, 'QUIT: with status 0');
    unlike($nginx->error_log, qr/open socket/, 'QUIT: no socket is left');
}


sub two_workers {
    $nginx = nginx(2, $patient);

    my $first = get(20004);
    is(vars($first), 'MISS ok', 'one worker stores a report');

    my @answers = answers_of_both(path(20004));
    is(scalar(grep { vars($_) ne 'HIT ok' } @answers), 0,
       'the other worker finds the report');
    is(scalar(grep { $_->{body} ne $first->{body} } @answers), 0,
       'the same bytes');
    is(reached(20004), 1, 'Violet is asked once');

    is(get('20005?refresh=true')->{status}, 200, 'one worker grants a refresh');
    @answers = answers_of_both(path('20005?refresh=true'));
    is(scalar(grep { $_->{status} != 429 } @answers), 0,
       'the other worker refuses a second refresh');

    $live->request($nginx->port,
                   'POST /v1/operations/connection_health/20006');
    @answers = answers_of_both(path('20006?refresh=true'));
    is(scalar(grep { $_->{status} != 429 } @answers), 0,
       'the other worker refuses a report by POST');

    ok($nginx->quit(5), 'two workers end');
}


# Sends bursts until each of two workers has answered some requests.
sub answers_of_both {
    my ($request) = @_;

    my (%worker, @all);

    for (1 .. 50) {
        my @answers = $live->many($nginx->port, count => 20,
                                  request => $request);
        $worker{$_->{headers}{'x-worker'}}++ for @answers;
        push @all, @answers;
        last if keys %worker > 1;
    }

    is(scalar(keys %worker), 2, 'both workers have answered');

    return @all;
}
