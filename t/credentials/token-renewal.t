#!/usr/bin/perl

# Access tokens that the gateway renews: many requests at once, several workers,
# reloads, load.  Tests of single requests are in t/credentials/tokens.t.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;

# Seconds under load; docs/credentials.md has the figure for 60.
my $under_load = $ENV{TOKENS_SECONDS} || 10;


sub http {
    my ($mock, %option) = @_;

    my $source = $option{source} || 'refresh_token mock-refresh-token;';
    my $secret = $option{secret} || 'app_secret mock-app-secret;';

    return <<"    END";
    violet_app shop {
        app_id 10000;
        $secret
        $source
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 64;
    }
    END
}


sub gateway {
    my ($mock, %option) = @_;

    return $live->nginx(workers => $option{workers} || 2,
                        http => http($mock, %option),
                        # hundreds of requests submit one cart
                        server => $live->violet_location(
                            'violet_submit_guard off;'));
}


sub set {
    my ($mock, $query) = @_;

    $live->request($mock->port, "POST /_mock/$query");
}


sub counts {
    return $live->mock_counts($_[0]);
}


sub having {
    my ($status, @answers) = @_;

    return scalar grep { !$_->{error} && $_->{status} == $status } @answers;
}


# One worker gets the token before the first request.
{
    my $mock = $live->mock;
    my $nginx = gateway($mock, workers => 2);

    ok($live->wait_for(10, sub { counts($mock)->{token} }),
       'a worker asks for the token at the start');

    my @answers = $live->many($nginx->port, count => 50,
                              request => 'GET /v1/orders/1');
    is(having(200, @answers), 50, 'every worker has the token');
    is(counts($mock)->{token}, 1, 'by one call');

    ok($nginx->reload, 'reload');
    @answers = $live->many($nginx->port, count => 50,
                           request => 'GET /v1/orders/1');
    is(having(200, @answers), 50, 'the new workers have the token');
    is(counts($mock)->{token}, 1, 'without another call for a token');
    is(counts($mock)->{unauthorized}, 0, 'no request was refused');

    $nginx->stop;
    $mock->stop;
}


# Many requests at a cold start wait for one call.
for my $route ('GET /v1/orders/1', 'POST /v1/checkout/cart/20000/submit',
               sub { 'GET /v1/operations/connection_health/'
                     . (20000 + $_[0] % 100) })
{
    my $mock = $live->mock;
    set($mock, 'tokens?answer=slow');
    my $nginx = gateway($mock, workers => 2);

    my @answers = $live->many($nginx->port, count => 500, timeout => 30,
                              request => $route);
    my $name = ref $route ? 'health' : $route;

    is(having(200, @answers), 500, "500 answers at a cold start: $name");
    is(counts($mock)->{token}, 1, 'by one call for a token');
    is(counts($mock)->{unauthorized}, 0, 'no request without a token');

    $nginx->stop;
    $mock->stop;
}


# Many requests at a cold start wait for one slow login.
{
    my $mock = $live->mock;
    set($mock, 'tokens?answer=slow');
    my $nginx = gateway($mock,
                        source => 'login dev@example.com mock-password;');

    my @answers = $live->many($nginx->port, count => 200, timeout => 30,
                              request => 'GET /v1/orders/1');
    is(having(200, @answers), 200, 'a login serves all requests that wait');
    is(counts($mock)->{login}, 1, 'one login');

    $nginx->stop;
    $mock->stop;
}


# A revoked token is renewed once, and requests of captured routes succeed.
for my $route (sub { 'GET /v1/operations/connection_health/'
                     . (20000 + $_[0] % 100) },
               'POST /v1/checkout/cart/20000/submit')
{
    my $mock = $live->mock;
    my $nginx = gateway($mock);
    $live->wait_for(10, sub { counts($mock)->{token} });

    set($mock, 'expire');

    my @answers = $live->many($nginx->port, count => 500, timeout => 30,
                              request => $route);
    my $name = ref $route ? 'health' : $route;

    is(having(200, @answers), 500, "500 answers after a revocation: $name");
    is(counts($mock)->{token}, 2, 'by one renewal');

    $nginx->stop;
    $mock->stop;
}


# Streamed routes pass the 401 on, and the token is renewed.
{
    my $mock = $live->mock;
    my $nginx = gateway($mock);
    $live->wait_for(10, sub { counts($mock)->{token} });

    set($mock, 'expire');

    my @answers = $live->many($nginx->port, count => 500, timeout => 30,
                              request => 'GET /v1/orders/1');
    is(having(200, @answers) + having(401, @answers), 500,
       'every streamed request is answered');
    cmp_ok(having(401, @answers), '>=', 1, 'the 401 is passed on');

    ok($live->wait_for(10, sub { counts($mock)->{token} == 2 }),
       'the token is renewed');
    is($live->request($nginx->port, 'GET /v1/orders/1')->{status}, 200,
       'the next request has the new token');
    is(counts($mock)->{token}, 2, 'one renewal for a storm of 401s');

    $nginx->stop;
    $mock->stop;
}


# Many short-lived tokens under load.  A token of 2 s is renewed at most 62 ms
# before it expires, so there are at most 31 renewals in 60 s: one for each
# token that expired, and one for the current token.
{
    my $life = 2 - 2 / 32 - 0.001;
    my @grace = $ENV{TOKENS_SECONDS} ? () : ('--token-grace', '1');
    my $mock = $live->mock(args => ['--token-ttl', '2', @grace]);
    my $nginx = gateway($mock, workers => 2);
    $live->wait_for(10, sub { counts($mock)->{token} });

    my ($n, $failed, $start) = (0, 0, time);
    my $first = counts($mock)->{token};

    while (time - $start < $under_load) {
        my @answers = $live->many($nginx->port, count => 8,
                                  request => 'GET /v1/orders/1');
        $n += @answers;
        $failed += @answers - having(200, @answers);
        sleep 0.01;
    }

    my $seconds = time - $start;
    my $counts = counts($mock);
    my $renewals = $counts->{token} - $first;
    $counts->{expired} ||= 0;

    diag("$n requests in $seconds s: $failed failures, $counts->{expired} "
         . "with an expired token, $renewals renewals")
        if $ENV{TOKENS_SECONDS};

    is($failed, 0, "no failure of $n requests");
    is($counts->{expired}, 0, 'none with an expired token');
    is($first, 1, 'one call for the first token');
    cmp_ok($renewals, '<=', int($seconds / $life) + 1,
           'a renewal for each life and no more');
    cmp_ok($renewals, '>=', 2, 'there were renewals');

    $nginx->stop;
    $mock->stop;
}


# A worker is killed while it renews: another one renews at once.
{
    my $mock = $live->mock;
    set($mock, 'tokens?answer=stalled');
    my $nginx = gateway($mock, workers => 2);

    $live->wait_for(10, sub { counts($mock)->{token} });
    my ($first) = grep { $nginx->connections($_, $mock->port) }
                  $nginx->workers;
    ok($first, 'a worker asks for the token');

    set($mock, 'tokens?answer=good');
    kill 'KILL', $first;

    my $answer = $live->request($nginx->port, 'GET /v1/orders/1',
                                timeout => 15);
    is($answer->{status}, 200, 'another worker gets the token');
    is(counts($mock)->{token}, 2, 'by a call of its own for a token');

    $nginx->stop;
    $mock->stop;
}


# While Violet is down requests wait and get a 503; later requests succeed.
{
    my $mock = $live->mock;
    set($mock, 'tokens?answer=error');
    my $nginx = gateway($mock);

    my $answer = $live->request($nginx->port, 'GET /v1/orders/1',
                                timeout => 15);
    is($answer->{status}, 503, 'without a token there is a 503');
    like($answer->{body}, qr/credentials-unavailable/, 'the 503 is a problem');
    is(counts($mock)->{other}, 0, 'nothing is sent without a token');

    set($mock, 'tokens?answer=good');

    ok($live->wait_for(30, sub {
           $live->request($nginx->port, 'GET /v1/orders/1', timeout => 15)
                ->{status} == 200
       }), 'later there is a token without a request');
    ok($nginx->wait_log(qr/has an access token again/), 'the token is logged');

    my @lines = $nginx->error_log =~ /no new access token for app/g;
    is(scalar @lines, 1, 'one line for all failures');

    $nginx->stop;
    $mock->stop;
}


# A reload during a renewal: the old worker completes the renewal.
{
    my $mock = $live->mock;
    set($mock, 'tokens?answer=slow');
    my $nginx = gateway($mock);

    $live->wait_for(10, sub { counts($mock)->{token} });
    ok($nginx->reload, 'a reload while Violet is asked');

    my @answers = $live->many($nginx->port, count => 100, timeout => 30,
                              request => 'GET /v1/orders/1');
    is(having(200, @answers), 100, 'the new workers get the token');
    is(counts($mock)->{token}, 1, 'the old worker made the only call');

    $nginx->stop;
    $mock->stop;
}


# A reload with more apps.
{
    my $mock = $live->mock;
    my $nginx = gateway($mock);
    $live->wait_for(10, sub { counts($mock)->{token} });

    my $more = join '', map { "violet_app shop$_ { app_id 10000; app_secret "
                              . "mock-app-secret; refresh_token "
                              . "mock-refresh-token; }\n" } 1 .. 9;
    my $locations = join '', map { "location /$_/v1/ { violet shop$_; "
                                   . "proxy_pass http://violet_api/v1/; }\n"
                             } 1 .. 9;

    $nginx->configure(http => $more . http($mock),
                      server => $locations . $live->violet_location);

    my @old = $nginx->workers;
    ok($nginx->reload, 'a reload with ten apps');
    ok($nginx->wait_gone(20, @old), 'the old workers have ended');

    is(having(200, map { $live->request($nginx->port, "GET /$_/v1/orders/1") }
                   1 .. 9), 9, 'each has its token');
    is($live->request($nginx->port, 'GET /v1/orders/1')->{status}, 200,
       'the first app has its token');
    is(counts($mock)->{unauthorized}, 0, 'no token is refused');

    $nginx->stop;
    $mock->stop;
}


# nginx answers the requests that wait before it ends.
{
    my $mock = $live->mock(args => ['--hold', '1']);
    set($mock, 'tokens?answer=stalled');
    my $nginx = gateway($mock, workers => 1);

    my $client = $live->client($nginx->port);
    $client->send("GET /v1/orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    sleep 0.2;

    ok($nginx->quit(30), 'nginx ends while a request waits');
    like($client->read_until(qr/\r\n\r\n/, 10), qr/^HTTP\/1.1 503 /,
         'the request is answered before');

    $mock->stop;
}


# A graceful end does not wait for timers.
{
    my $mock = $live->mock;
    my $nginx = gateway($mock);
    $live->wait_for(10, sub { counts($mock)->{token} });

    ok($nginx->quit(10), 'nginx ends');
    $mock->stop;
}


$live->check_logs(qr/exited on signal 9/);
done_testing();
