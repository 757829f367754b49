#!/usr/bin/perl

# The example configurations do what their comments say: each runs over the
# mock, with its own ports.

use strict;
use warnings;

use JSON::PP ();
use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;

operations();
many_callers();

$live->check_logs;
done_testing();


# The http block of an example, over a Redis and a mock of this test.
sub example {
    my ($name, $redis, $mock, %replace) = @_;

    my $text = Live::Nginx::text_of("docs/examples/$name.conf");
    my ($http) = $text =~ /^http \{\n(.*)^\}/ms or die "$name has no http\n";
    my $port = Live::free_port();

    $http =~ s{redis://127\.0\.0\.1:6379/0}
              {"redis://127.0.0.1:" . $redis->port . '/0'}e;
    $http =~ s{file:/etc/nginx/violet/app_secret}{mock-app-secret};
    $http =~ s{file:/etc/nginx/violet/refresh_token}{mock-refresh-token};
    $http =~ s{server sandbox-api\.violet\.io:443;.*}
              {"server 127.0.0.1:" . $mock->port . ';'}e;
    $http =~ s{^ *(?:proxy_ssl_\w+|resolver) .*;.*\n}{}mg;
    $http =~ s{https://violet_api}{http://violet_api}g;
    $http =~ s{/var/log/nginx/}{logs/}g;
    $http =~ s{listen 8080;}{listen 127.0.0.1:$port;};
    $http =~ s{\Q$_}{$replace{$_}}g for keys %replace;

    my $nginx = $live->nginx(workers => 1, http => $http);
    $live->wait_for(10, sub { status($port, 'GET /v1/merchants') == 200 })
        or die "$name does not start\n";

    return ($nginx, $port);
}


sub status {
    my ($port, $what) = @_;

    return eval { $live->request($port, $what)->{status} } || 0;
}


sub operations {
    my ($redis, $mock) = ($live->redis, $live->mock);
    my ($port, $drained) = (Live::free_port(), $live->folder . '/draining');
    my ($nginx, $callers) = example('operations', $redis, $mock,
        '127.0.0.1:9080' => "127.0.0.1:$port",
        '/run/violet/draining' => $drained);

    my $path = '/v1/operations/connection_health/42';
    ok($live->wait_for(10, sub {
        my $answer = $live->request($callers, "GET $path");
        ($answer->{headers}{'x-debug-cache'} || '') =~ /^HIT (?:redis|memory)$/;
    }), 'debug headers');

    my @lines;
    ok($live->wait_for(5, sub {
        @lines = split /\n/, Live::Nginx::text_of($nginx->folder
                                                  . '/logs/violet.json');
        @lines >= 3;
    }), 'the log');
    my ($first) = grep { $_->{request} =~ /connection_health/ }
                  map { JSON::PP::decode_json($_) } @lines;
    is("$first->{route} $first->{cache}", 'connection_health MISS',
       'the log is JSON');
    is($first->{violet_id}, $first->{id}, 'the log has both ids');

    ok($live->wait_for(10, sub { status($port, 'GET /violet/ready') == 200 }),
       'ready');
    like($live->request($port, 'GET /violet/status')->{body},
         qr/^violet_requests_total\{/m, 'metrics');

    open my $out, '>', $drained or die "$drained: $!\n";
    close $out;
    is(status($port, 'GET /violet/ready'), 503, 'draining: not ready');
    is(status($callers, "GET $path"), 200, 'draining: callers are served');
    ok($nginx->quit(20), 'draining: nginx ends');
}


sub many_callers {
    my ($redis, $mock) = ($live->redis, $live->mock);
    my ($nginx, $port) = example('many-callers', $redis, $mock,
                                 'proxy_read_timeout 60s' =>
                                 'proxy_read_timeout 1s');
    my $origin = {Origin => 'https://shop.example'};

    my $before = $live->mock_counts($mock);
    my $answer = $live->request($port, 'OPTIONS /v1/merchants',
                                headers => $origin);
    is($answer->{status}, 204, 'a preflight');
    is($answer->{headers}{'access-control-allow-origin'},
       'https://shop.example', 'a preflight: the page may call');
    is_deeply($live->mock_counts($mock), $before,
              'a preflight: Violet is not asked');
    ok(!exists $live->request($port, 'OPTIONS /v1/merchants', headers =>
           {Origin => 'https://other.example'})
           ->{headers}{'access-control-allow-origin'},
       'a preflight of another page: it may not');

    my @answers = $live->many($port, count => 120, timeout => 30, request =>
                              'GET /v1/operations/connection_health/42');
    my ($limited) = grep { ($_->{status} || 0) == 429 } @answers;
    ok($limited, 'over the rate: 429');
    like($limited->{body}, qr/^\{"type":"about:blank".*"status":429/,
         'over the rate: a problem');
    is($limited->{headers}{'retry-after'}, 1, 'over the rate: Retry-After');

    $mock->stop;
    sleep 3;
    $answer = $live->request($port, 'GET /v1/merchants', headers => $origin);
    is($answer->{status}, 502, 'a streamed route without Violet: 502');
    is($answer->{headers}{'content-type'}, 'application/problem+json',
       'a streamed route without Violet: a problem');
    is($answer->{headers}{'access-control-allow-origin'},
       'https://shop.example', 'a streamed route without Violet: for the page');

    $answer = $live->request($port, 'POST /v1/checkout/cart/20001/submit');
    is($answer->{status}, 502, 'a submit without Violet: 502');
    like($answer->{body}, qr/"outcome":"failed".*"UPSTREAM_UNREACHABLE"/,
         'a submit without Violet: in the schema of submits');
    $nginx->stop;
}
