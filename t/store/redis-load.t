#!/usr/bin/perl

# Failures of Redis under a steady load of hits and misses: Redis is frozen,
# killed, restarted empty or read-only, sends garbage, sends slowly, or accepts
# and never answers.  No request fails, and there are hits again when Redis is
# back; the same with reloads and a killed worker in between.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Live::Load;
use Test::More;
use Time::HiRes qw(sleep time);

# The Redis timeout, in seconds, and the load, in requests a second.
my $timeout = 0.2;
my $rate = 200;

# A merchant whose report is in Redis, and the merchants of the misses.
my $known = 30000;
my $fresh = 1000000;

my $live = Live->new;
my $health = Live::Health->new($live);
my $relay = $live->relay($health->redis->port);

my $direct = gateway($health->redis->port);
my $relayed = gateway($relay->port);

quiet();
frozen();
killed();
restarted_empty();
restarted_read_only();
garbage();
dribbling();
silent();
no_growth();
reloads();
killed_worker();

$live->check_logs(qr/exited on signal 9/);
done_testing();


# Options: seconds that a command may take.
sub gateway {
    my ($port, %option) = @_;

    return $health->gateway(
        redis => "redis://127.0.0.1:$port/0 connect_timeout=200ms"
                 . ' timeout=' . ($option{seconds} || $timeout) * 1000 . 'ms',
        more => $health->location('/unread/', 'violet_health_memory off;'));
}


# A third each: hits from memory, hits from Redis, misses.
sub load {
    my ($nginx) = @_;

    my $base = $fresh;
    $fresh += 100000;

    return Live::Load->start($live, port => $nginx->port, rate => $rate,
                             request => sub {
        my ($n) = @_;

        return $health->path($known + $n % 30, '/') if $n % 3 == 0;
        return $health->path($known + $n % 30, '/unread/') if $n % 3 == 1;
        return $health->path($base + $n);
    });
}


# Waits until a report is found in Redis; the first request may store it.
sub until_hits {
    my ($title, $nginx) = @_;

    my $begun = time;

    my $back = $live->wait_for(20, sub {
        my $vars = $health->get($nginx, $known, prefix => '/unread/')->{vars};
        return "$vars->{cache_status} $vars->{cache_tier} $vars->{redis}"
               eq 'HIT redis ok';
    });

    ok($back, "$title: hits again");
    note(sprintf '%s: %.1f s after Redis was well', $title, time - $begun);
}


# The load goes on before, during and after the failure.
sub bad_day {
    my ($title, $nginx, $seconds, $bad, $well) = @_;

    my $load = load($nginx);

    sleep 1;
    my $begun = time;
    $bad->();
    sleep $seconds;
    $well->();
    my $ended = time;
    until_hits($title, $nginx);
    sleep 0.5;

    my @answers = $load->stop;

    none_failed($title, @answers);
    cmp_ok(scalar @answers, '>', 10, "$title: requests were sent");

    say_times($title, $begun, $ended, @answers);

    return @answers;
}


sub none_failed {
    my ($title, @answers) = @_;

    my @bad = grep { $_->{error} || $_->{status} != 200 } @answers;

    ok(!@bad, "$title: none of " . @answers . ' requests failed')
        or diag(scalar @bad, ' did: ', join ', ', map {
            "$_->{status} $_->{error} $_->{vars}"
        } @bad[0 .. ($#bad > 4 ? 4 : $#bad)]);
}


sub say_times {
    my ($title, $begun, $ended, @answers) = @_;

    my @during = grep { $_->{begun} > $begun && $_->{begun} < $ended }
                 @answers;
    my @slow = grep { $_->{seconds} > $timeout } @answers;
    my ($slowest) = sort { $b <=> $a } map { $_->{seconds} } @answers;
    my %seen;

    $seen{(split /\|/, $_->{vars})[4] || '-'}++ for @during;

    note(sprintf '%s: %d requests, %d slower than the Redis timeout, the '
                 . 'slowest %.0f ms; meanwhile: %s', $title, scalar @answers,
                 scalar @slow, $slowest * 1000,
                 join ', ', map { "$_ $seen{$_}" } sort keys %seen);
}


# The load while Redis answers.  On a busy machine it may take longer than the
# others' timeout.
sub quiet {
    my $patient = gateway($health->redis->port, seconds => 10);

    for my $nginx ($direct, $relayed, $patient) {
        $health->get($nginx, $known + $_) for 0 .. 29;
        until_hits('a good day', $nginx);
    }

    my @answers = bad_day('a good day', $patient, 2, sub { }, sub { });

    $patient->stop;

    is((grep { $_->{vars} =~ /\|(?:timeout|down|open)\|/ } @answers), 0,
       'a good day: Redis answers all requests');
}


sub frozen {
    bad_day('frozen', $direct, 5, sub { $health->redis->pause },
            sub { $health->redis->resume });
}


sub killed {
    bad_day('killed', $direct, 3, sub { $health->redis->stop('KILL') },
            sub { $health->restart_redis });
}


sub restarted_empty {
    bad_day('restarted empty', $direct, 1, sub { $health->restart_redis },
            sub { });
}


# A replica whose master has never existed: it refuses writes.
sub restarted_read_only {
    my $nowhere = Live::free_port();
    my $before = () = $direct->error_log =~ /is a replica/g;

    bad_day('restarted read-only', $direct, 3,
            sub { $health->restart_redis('--replicaof', '127.0.0.1',
                                         $nowhere) },
            sub { $health->command('REPLICAOF NO ONE') });

    my $after = () = $direct->error_log =~ /is a replica/g;
    cmp_ok($after, '>', $before, 'restarted read-only: the log has a line');
    cmp_ok($after - $before, '<=', 4,
           'restarted read-only: fewer lines than requests');
}


sub garbage {
    bad_day('garbage', $relayed, 3, sub { $relay->mode('garbage all') },
            sub { $relay->mode('pass') });
}


sub dribbling {
    bad_day('dribbling', $relayed, 3, sub { $relay->mode('dribble all') },
            sub { $relay->mode('pass') });
}


sub silent {
    bad_day('silent', $relayed, 3, sub { $relay->mode('stall all') },
            sub { $relay->mode('pass') });
}


# --- growth ---

# Open files and private memory in kB of the worker that has most.
sub most {
    my ($nginx) = @_;

    my ($files, $memory) = (0, 0);

    for my $pid ($nginx->workers) {
        my $n = () = glob "/proc/$pid/fd/*";
        my ($kb) = Live::Nginx::text_of("/proc/$pid/status")
                   =~ /^RssAnon:\s+(\d+)/m;

        $files = $n if $n > $files;
        $memory = $kb if $kb > $memory;
    }

    return ($files, $memory);
}


# After many failures no more files are open and no more memory is in use.
sub no_growth {
    bad_day('warm', $direct, 1, sub { $health->redis->pause },
            sub { $health->redis->resume });

    my ($files, $memory) = most($direct);

    for my $round (1 .. 3) {
        bad_day("frozen again, $round", $direct, 1,
                sub { $health->redis->pause },
                sub { $health->redis->resume });
        bad_day("killed again, $round", $direct, 0.5, sub { },
                sub { $health->restart_redis });
    }

    my ($files_now, $memory_now);

    # a last connection may still be closing
    $live->wait_for(10, sub {
        ($files_now, $memory_now) = most($direct);
        return $files_now <= $files + 4;
    });

    cmp_ok($files_now, '<=', $files + 4, 'no more files are open');
    SKIP: {
        skip 'a sanitizer keeps what was freed', 1 if $ENV{ASAN_OPTIONS};

        cmp_ok($memory_now, '<=', $memory + 4096,
               'less than 4 MB more memory is in use');
    }
    note("files $files, then $files_now; memory $memory kB, then "
         . "$memory_now kB");
}


# Ten reloads; Redis is frozen and killed between two of them.
sub reloads {
    my @old = $direct->workers;
    my $load = load($direct);
    my $reloaded = 0;

    for my $round (1 .. 10) {
        $health->redis->pause if $round == 3;
        $health->redis->resume if $round == 5;
        $health->restart_redis if $round == 7;
        $reloaded++ if $direct->reload;
        push @old, $direct->workers;
        sleep 0.3;
    }

    is($reloaded, 10, 'reloads: ten');
    until_hits('reloads', $direct);

    my @answers = $load->stop;
    my %now = map { $_ => 1 } $direct->workers;

    none_failed('reloads', @answers);
    ok($direct->wait_gone(20, grep { !$now{$_} } @old),
       'reloads: the old workers have ended');
}


# Only the requests that the killed worker had begun are lost.
sub killed_worker {
    my $load = load($direct);

    sleep 1;
    $health->redis->pause;
    sleep 0.1;

    my ($pid) = $direct->workers;
    kill 'KILL', $pid;
    my $killed = time;

    sleep 0.5;
    $health->redis->resume;
    until_hits('killed worker', $direct);
    sleep 0.5;

    my @answers = $load->stop;
    my @lost = grep { $_->{error} || $_->{status} != 200 } @answers;
    my @other = grep { $_->{status} || $_->{begun} > $killed + 0.1 } @lost;

    ok(!@other, 'killed worker: only its own requests are lost')
        or diag(join ', ', map {
            sprintf '%s %s %.3f s after', $_->{status}, $_->{error},
                    $_->{begun} - $killed
        } @other);
    note(scalar(@lost), ' of ', scalar(@answers), ' were lost with it');
    cmp_ok(scalar @lost, '<', $rate, 'killed worker: few requests are lost');
    ok($live->wait_for(10, sub { $direct->workers == 2 }),
       'killed worker: there are two workers again');
}
