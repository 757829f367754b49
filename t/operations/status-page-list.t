#!/usr/bin/perl

# The list of the page of violet_status: tokens that do not change, an app without
# refreshes, a Redis that is there and does not do all; and how long, since when.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP qw(encode_json);
use Live;
use Live::Clock;
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Violet::Redis;

my $live = Live->new;

fixed_tokens();
refused_token();
no_refreshes();
no_notices();
evictions();
another_day();

$live->check_logs(qr/\[alert\].*maxmemory/);
done_testing();


sub gateway {
    my (%option) = @_;

    my $mock = delete $option{mock} || $live->mock;
    my $http = delete $option{http};

    return $live->nginx(
        workers => 1,
        http => "$http\nupstream violet_api { server 127.0.0.1:"
                . $mock->port . '; }',
        server => $live->violet_location
                  . 'location = /page { violet_status html; }',
        %option);
}


sub app {
    my ($name, $token, $environment) = @_;

    return "violet_app $name { app_id 10000; app_secret mock-app-secret;"
           . " token $token; environment " . ($environment || 'own') . '; } ';
}


# A token whose text says when it ends.
sub token {
    my ($seconds) = @_;

    return join '.', map { encode_base64url($_) }
                     '{"alg":"none"}', encode_json({exp => time + $seconds}),
                     'x';
}


# Waits until the page says it, and returns the page.
sub says {
    my ($title, $nginx, @patterns) = @_;

    my ($page, @missing) = '';

    ok($live->wait_for(20, sub {
        $page = $live->request($nginx->port, 'GET /page')->{body};
        @missing = grep { $page !~ /$_/s } @patterns;
        !@missing;
    }), $title) or diag("missing: @missing\n$page");

    return $page;
}


sub fixed_tokens {
    my $nginx = gateway(http => app('shop', token(-90_000), 'past')
                              . app('minutes', token(1_530), 'minutes')
                              . app('hours', token(7_530), 'hours')
                              . app('days', token(184_000), 'days'));

    my $page = says('tokens that do not change', $nginx,
                    'App shop: the token has expired',
                    'Violet refuses its requests',
                    '<b>Do:</b> write a new <code>token</code> to its file',
                    'Token expired, 1 d 1 h ago', 'Token valid, for 25 min<',
                    'Token valid, for 2 h 5 min<',
                    'Token valid, for 2 d 3 h<');
    is(() = $page =~ /<article class=bad>/g, 1, 'one of them is to be done');
    $nginx->stop;
}


sub refused_token {
    my $nginx = gateway(http => app('shop', 'another-token'));

    is($live->request($nginx->port, 'GET /v1/merchants')->{status}, 401,
       'Violet refuses a token');
    says('a refused token', $nginx, 'App shop: Violet refuses the token',
         'Its requests fail', 'Token refused by Violet');
    $nginx->stop;
}


sub no_refreshes {
    my $nginx = gateway(http => app('shop', 'mock-token')
                        . 'violet_refresh_limit merchant=100r/1h app=1r/1h;');

    my @status = map {
        $live->request($nginx->port, 'GET /v1/operations/connection_health/'
                                     . "$_?refresh=true")->{status};
    } 1, 2;
    is("@status", '200 429', 'the second refresh is refused');
    my $page = says('no refreshes', $nginx,
                    '<article class=warn><h3>App shop: no refreshes are left',
                    'The budget fills up by itself');
    like($page, qr/Ready, with warnings/, 'no refreshes: a warning');
    $nginx->stop;
}


# The user of the gateway may not use CLIENT TRACKING.
sub no_notices {
    my $redis = $live->redis;
    my $nginx = gateway(http => app('shop', 'mock-token') . redis_at($redis));

    says('notices', $nginx, 'Connected');
    $nginx->stop;

    my @rights = grep { !/tracking/ } Violet::Redis::rights();
    like(Violet::Redis->new($redis->port)->command(
             "ACL SETUSER default reset on nopass @rights"), qr/OK/,
         'a user without CLIENT TRACKING');
    $nginx = gateway(http => app('shop', 'mock-token') . redis_at($redis));
    says('no notices', $nginx, 'No notices of changes from Redis',
         '<code>CLIENT TRACKING</code>');
    $nginx->stop;
}


sub evictions {
    my $redis = $live->redis(args => ['--maxmemory', '100mb',
                                      '--maxmemory-policy', 'allkeys-lru']);
    my $nginx = gateway(http => app('shop', 'mock-token') . redis_at($redis));

    says('Redis may evict', $nginx, 'Redis may evict records of submits',
         'can be ordered twice', 'maxmemory-policy noeviction');
    $nginx->stop;
}


sub redis_at {
    my ($redis) = @_;

    return 'violet_redis redis://127.0.0.1:' . $redis->port . '/0;';
}


# The configuration was read on another day: the page says on which.
sub another_day {
    my $clock = Live::Clock->new($live);
    my $nginx = gateway(http => app('shop', 'mock-token'), clock => $clock);

    says('today', $nginx, 'configuration read \d\d:\d\d UTC');
    $clock->day(40 * 86_400);
    says('another day', $nginx,
         'configuration read \d{4}-\d\d-\d\d \d\d:\d\d UTC');
    $nginx->stop;
}
