#!/usr/bin/perl

# The times of renewals, with nginx's clock moved: a day passes in seconds.
# The arithmetic is tested in t/unit/test_schedule.c.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $day = 86400;
my $minute = 60;

# seconds; a worker checks once a second whether to renew
my $look = 1.3;

my $failing = failures_begin();

renewed_half_an_hour_ahead();
token_without_an_end();
old_token_serves_on();
token_that_ends_meanwhile();
token_that_is_the_same();
call_that_lost_its_lease();
tokens_of_two_lengths();
failures_double($failing);
clock_ahead();
clock_behind();

$live->check_logs;
done_testing();


sub gateway {
    my ($mock, %option) = @_;

    my @apps = map { "shop$_" } 1 .. $option{apps} || 1;

    return $live->nginx(
        workers => $option{workers} || 2, clock => $option{clock},
        http => ($option{http} || '')
                . join('', map { app($_) } @apps) . <<"        END",
        upstream violet_api {
            server 127.0.0.1:@{[$mock->port]};
            keepalive 8;
        }
        END
        server => join '', $option{server} || '', map { <<"        END" } @apps);
        location /$_/v1/ {
            violet $_;
            proxy_pass http://violet_api/v1/;
            @{[$option{location} || '']}
        }
        END
}


sub app {
    my ($name) = @_;

    return <<"    END";
    violet_app $name {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
    END
}


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub calls {
    my ($mock) = @_;

    return $live->mock_counts($mock)->{token};
}


sub wait_for_calls {
    my ($mock, $n, $title) = @_;

    ok($live->wait_for(20, sub { calls($mock) >= $n }), $title);
    is(calls($mock), $n, '... and no more');
}


sub status_of {
    my ($nginx, $app) = @_;

    $app ||= 1;

    return $live->request($nginx->port, "GET /shop$app/v1/merchants",
                          timeout => 15)->{status};
}


# Checks at 30 minutes, and then in steps of 150 seconds.
sub renewed_half_an_hour_ahead {
    my $apps = 12;
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, apps => $apps, clock => $clock);

    is(join(' ', map { status_of($nginx, $_) } 1 .. $apps),
       join(' ', (200) x $apps), 'each app has a token of 24 hours');
    is(calls($mock), $apps, 'one call for each app');

    $clock->day($day - 31 * $minute);
    sleep $look;
    is(calls($mock), $apps, '31 minutes before its end none is renewed');

    my ($most, $before) = (0, $apps);

    for my $step (1 .. 3) {
        $clock->day($day - 30 * $minute + $step * 150);
        sleep $look if $step < 3;

        my $calls = calls($mock);
        $most = $calls - $before if $calls - $before > $most;
        $before = $calls;
    }

    wait_for_calls($mock, 2 * $apps,
                   '22.5 minutes before its end each is renewed');
    cmp_ok($before, '>', $apps, 'some were renewed earlier than others');
    cmp_ok($most, '<', $apps, 'not all were renewed at once');

    $nginx->stop;
    $mock->stop;
}


sub token_without_an_end {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);

    control($mock, 'tokens?answer=endless');

    my $nginx = gateway($mock, clock => $clock);

    is(status_of($nginx), 200, 'a token without exp serves');

    $clock->day(11 * 60 * $minute + 29 * $minute);
    sleep $look;
    is(calls($mock), 1, 'for eleven hours and a half it is not renewed');

    $clock->day(12 * 60 * $minute + 2);
    wait_for_calls($mock, 2, 'after twelve hours it is renewed');
    is(status_of($nginx), 200, 'the new token serves');

    $nginx->stop;
    $mock->stop;
}


sub old_token_serves_on {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, clock => $clock, server =>
                        'location = /status { violet_status html; }');
    my $failed = qr/no new access token .* the old one is still used/;
    my $again = qr/has an access token again, after \d+ failures/;

    is(status_of($nginx), 200, 'there is a token');

    control($mock, 'tokens?answer=error');
    $clock->day($day - 20 * $minute);
    ok($nginx->wait_log($failed, 20), 'the failed renewal is logged');
    ok($live->wait_for(20, sub { calls($mock) >= 3 }),
       'the call is made again');

    is(join(' ', map { status_of($nginx) } 1 .. 5), '200 200 200 200 200',
       'the old token serves meanwhile');
    is(scalar(() = $nginx->error_log =~ /no new access token/g), 1,
       'with one line in the log');
    like($live->request($nginx->port, 'GET /status')->{body},
         qr/App shop1: the renewal of its token fails<.*Requests still go through, with the old token\./s,
         'the status page warns');

    $clock->day($day + 1);

    my $sent = $live->mock_counts($mock)->{other};

    is(status_of($nginx), 503, 'the old token does not serve after its end');
    is($live->mock_counts($mock)->{other}, $sent,
       'nothing is sent without a token');

    control($mock, "tokens?answer=good&ttl=" . 2 * $day);
    $clock->count(300);
    ok($live->wait_for(20, sub { status_of($nginx) == 200 }),
       'the next token serves');
    is(scalar(() = $nginx->error_log =~ /$again/g), 1,
       'with one line in the log');

    $nginx->stop;
    $mock->stop;
}


# The token ends while a caller sends the body of its request, which was let
# through before.
sub token_that_ends_meanwhile {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, clock => $clock, workers => 1);

    is(status_of($nginx), 200, 'there is a token');

    # nginx says 100 when it begins to read the body
    my $client = $live->client($nginx->port);
    $client->send("POST /shop1/v1/merchants HTTP/1.1\r\nHost: localhost\r\n"
                  . "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    like($client->read_until(qr/\r\n\r\n/, 20), qr{^HTTP/1\.1 100 },
         'a request waits for its body');
    $client->{in} = '';

    my $sent = $live->mock_counts($mock)->{other};

    control($mock, 'tokens?answer=error');
    $clock->day($day + 1);
    is(status_of($nginx), 503, 'the token has ended');
    $client->send('{}');

    my $answer = $client->answer(20);

    is($answer->{status}, 503, 'the request is refused after its body');
    like($answer->{body}, qr/credentials-unavailable/, '... with the problem');
    is($live->mock_counts($mock)->{other}, $sent, '... and nothing is sent');

    $nginx->stop;
    $mock->stop;
}


# A renewal brings the same token while Violet still answers a request with it.
# Violet then refuses this token; a repeated request would have the same token.
sub token_that_is_the_same {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, clock => $clock);
    my $health = 'connection_health/40100';

    is(status_of($nginx), 200, 'there is a token');

    control($mock, "delay?$health=2");
    control($mock, 'tokens?answer=same');

    my $client = $live->client($nginx->port);

    $client->send("GET /shop1/v1/operations/$health HTTP/1.1\r\n"
                  . "Host: localhost\r\nConnection: close\r\n\r\n");
    ok($live->wait_for(10, sub { $live->mock_counts($mock)->{$health} }),
       'a request is at Violet');

    $clock->day($day - 20 * $minute);
    ok($live->wait_for(10, sub { calls($mock) >= 2 }), 'a renewal is due');

    is($client->answer(20)->{status}, 401, 'the request is refused');
    is($live->mock_counts($mock)->{$health}, 1,
       'the request is not repeated with the refused token');

    $nginx->stop;
    $mock->stop;
}


# A worker hangs during a call for a token; after a minute another worker
# renews.  The answer to the first worker's call is ignored.
sub call_that_lost_its_lease {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);

    control($mock, 'delay?token=2');

    my $nginx = gateway($mock, clock => $clock);

    ok($live->wait_for(10, sub { calls($mock) }), 'a worker asks');

    my ($worker) = grep { $nginx->connections($_, $mock->port) }
                   $nginx->workers;

    kill 'STOP', $worker;
    control($mock, 'delay?token=0');
    $clock->count(61);
    wait_for_calls($mock, 2, 'the worker is halted, and another worker asks');

    my $token = token_of($nginx, 1);

    like($token, qr/^eyJ/, 'the other worker gets a token');
    ok($live->wait_for(10, sub {
           grep { $_ } $nginx->connections($worker, $mock->port)
       }), 'the answer to the first call has come');

    # else the worker would see its time-out first and not read the answer

    $clock->count(0);
    kill 'CONT', $worker;
    ok($live->wait_for(10, sub {
           !grep { $_ } $nginx->connections($worker, $mock->port)
       }), 'the first worker reads the answer');
    is(token_of($nginx, 40), $token, 'the later token is still used');
    unlike($nginx->error_log, qr/no new access token/, 'no renewal failed');

    $nginx->stop;
    $mock->stop;
}


# The tokens of so many requests.
sub token_of {
    my ($nginx, $count) = @_;

    my %seen;

    for my $answer ($live->many($nginx->port, count => $count,
                                request => 'GET /shop1/v1/merchants'))
    {
        my ($token) = $answer->{body} =~ /"X-Violet-Token", "([^"]*)"/;
        $seen{defined $token ? $token : $answer->{status}} = 1;
    }

    return join ' ', sort keys %seen;
}


# nginx asks for the length of a header first and for its bytes later; a slow
# header delays it between.  Another worker renews meanwhile.
sub tokens_of_two_lengths {
    my $mock = $live->mock(args => ['--token-ttl', '0.3',
                                    '--token-grace', '3600']);
    my $slow = 'a' x 18 . 'b';

    control($mock, 'tokens?answer=uneven');

    my $nginx = gateway($mock, http => <<"    END",
    map "\${request_method}$slow" \$slow {
        volatile;
        default      "";
        "~^GET(a+)+\$"  slow;
    }
    END
                        location => 'proxy_set_header X-Slow $slow;');
    my ($begun, %seen) = (time);

    while (time - $begun < 4) {
        $seen{$_->{status} || $_->{error}}++
            for $live->many($nginx->port, count => 6,
                            request => 'GET /shop1/v1/merchants');
    }

    my $counts = $live->mock_counts($mock);

    note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
    cmp_ok($counts->{token}, '>=', 4, 'many tokens, long and short');
    is(join(' ', grep { !/^(?:200|503)$/ } keys %seen), '',
       'every request is answered');
    is($counts->{garbage}, 0, 'every request is whole');
    is($counts->{unauthorized}, 0, 'every token is whole');

    $nginx->stop;
    $mock->stop;
}


# A day ahead every token has expired, also a new one, and the log says why.
# When the clock is right again the old token serves.
sub clock_ahead {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, clock => $clock);
    my $sent = sub { $live->mock_counts($mock)->{other} };

    is(status_of($nginx), 200, 'there is a token');
    my $before = $sent->();

    my $begun = time;

    $clock->day($day + 1);
    is(status_of($nginx), 503, 'a day ahead it has expired');
    is($sent->(), $before, 'nothing is sent without a token');
    ok($nginx->wait_log(qr/the new token has already expired, check the clock/,
                        20), 'the log says that the clock is wrong');

    status_of($nginx) for 1 .. 10;
    cmp_ok(calls($mock), '<=', 1 + calls_within(0.75, time - $begun + 0.5),
           'requests ask for no tokens beside the growing pauses');

    $clock->day(0);
    is(status_of($nginx), 200, 'with the right clock the token serves');

    $nginx->stop;
    $mock->stop;
}


# A day behind a token is used after its end: Violet refuses it, and the request
# is repeated with a new one.
sub clock_behind {
    my $violet = Live::Clock->new($live);
    my $mock = $live->mock(clock => $violet);
    my $nginx = gateway($mock);

    is(status_of($nginx), 200, 'there is a token');
    is(calls($mock), 1, 'one call');

    $violet->day($day + 60);
    is($live->request($nginx->port, 'GET /shop1/v1/operations/'
                      . 'connection_health/42', timeout => 15)->{status}, 200,
       'a day behind: the request is answered');
    is(calls($mock), 2, 'with a new token');
    is(join(' ', map { status_of($nginx) } 1 .. 5), '200 200 200 200 200',
       'which serves');
    is(calls($mock), 2, 'and is kept');

    $nginx->stop;
    $mock->stop;
}


# Starts early and ends late, since the test is slow.
sub failures_begin {
    my $mock = $live->mock;

    control($mock, 'tokens?answer=error');

    my $nginx = gateway($mock, workers => 1);

    ok($live->wait_for(10, sub { calls($mock) }), 'a call for a token fails');

    return {mock => $mock, nginx => $nginx, begun => time};
}


# The calls come after pauses of 1, 2, 4, ... s, each a quarter more or less.
sub failures_double {
    my ($failing) = @_;

    sleep 0.1 while time - $failing->{begun} < 9;

    my $least = calls_within(1.25, time - $failing->{begun} - 3);
    my $calls = calls($failing->{mock});
    my $most = calls_within(0.75, time - $failing->{begun} + 0.5);

    cmp_ok($calls, '>=', $least, 'a call that fails is made again');
    cmp_ok($calls, '<=', $most, 'after pauses that double');

    $failing->{nginx}->stop;
    $failing->{mock}->stop;
}


sub calls_within {
    my ($pause, $seconds) = @_;

    my ($n, $at) = (1, $pause);

    while ($at <= $seconds) {
        $n++;
        $pause *= 2;
        $at += $pause;
    }

    return $n;
}
