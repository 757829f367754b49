#!/usr/bin/perl

# violet_ready: 503 until each app has had its first token and, with "redis",
# until Redis has answered this host; then 200, whatever happens.

use strict;
use warnings;

use JSON::PP ();
use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $fixed = 'violet_app fixed { app_id 10001; app_secret mock-app-secret;'
            . 'token mock-token; }';

first_token();
methods();
fixed_token_alone();
revoked_token();
expired_token();
refused_fixed_token();
redis_before_its_first_answer();
redis_away();
redis_not_waited_for();
other_redis();
asks_nobody();

$live->check_logs;
done_testing();


sub refreshing {
    return 'violet_app shop { app_id 10000; app_secret mock-app-secret;'
           . 'refresh_token mock-refresh-token; }' . $fixed;
}


# Locations: /ready, /waits ("redis"), /details.
sub gateway {
    my ($mock, $redis, %option) = @_;

    return $live->nginx(workers => 1, config_of($mock, $redis, %option));
}


sub config_of {
    my ($mock, $redis, %option) = @_;

    my $http = $redis ? 'violet_redis redis://127.0.0.1:' . $redis->port
                        . '/0 timeout=300ms connect_timeout=300ms;' : '';
    my $apps = $option{apps} || refreshing();
    my $app = $apps =~ /violet_app (\w+)/ ? $1 : die;

    return (
        http => "$http $apps\nupstream violet_api { server 127.0.0.1:"
                . $mock->port . '; }',
        server => $live->violet_location =~ s/violet shop/violet $app/r
            . "location /fixed/v1/ { violet fixed;"
            . " proxy_pass http://violet_api/v1/; }\n"
            . 'location = /ready { violet_ready; }'
            . 'location = /details { violet_ready details; }'
            . ($redis ? 'location = /waits { violet_ready redis details; }'
                      : ''));
}


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


# "503 fail", and the details.
sub asked {
    my ($nginx, $path) = @_;

    my $answer = $live->request($nginx->port, 'GET /' . ($path || 'ready'));
    my $json = eval { JSON::PP::decode_json($answer->{body}) };

    return {answer => $answer, said => "$answer->{status} "
                                       . ($json ? $json->{status} : '?'),
            checks => $json->{checks}};
}


sub says {
    my ($title, $nginx, $path, $said) = @_;

    my $last = '';
    ok($live->wait_for(20, sub {
        $last = asked($nginx, $path)->{said};
        $last eq $said;
    }), "$title: $said") or diag($last);
}


# The old worker no longer answers.
sub reloaded {
    my ($nginx) = @_;

    my @old = $nginx->workers;
    $nginx->reload;
    $nginx->wait_gone(10, @old) or die "the old worker stays\n";
}


sub first_token {
    my $mock = $live->mock;
    control($mock, 'tokens?answer=error');
    my $nginx = gateway($mock);

    my $asked = asked($nginx);
    is($asked->{said}, '503 fail', 'no token yet: 503');
    is($asked->{answer}{body}, "{\"status\":\"fail\"}\n",
       'no token yet: no name of an app');
    is($asked->{answer}{headers}{'content-type'}, 'application/health+json',
       'no token yet: its type');
    is($asked->{answer}{headers}{'cache-control'}, 'no-store',
       'no token yet: not to be stored');
    is($asked->{answer}{headers}{'retry-after'}, 1,
       'no token yet: Retry-After');

    is_deeply(asked($nginx, 'details')->{checks}, {'violet:token' => [
        {componentId => 'shop', status => 'fail',
         output => 'there has been no token yet'},
        {componentId => 'fixed', status => 'pass'}]},
        'no token yet: which app, with "details"');

    control($mock, 'tokens?answer=good');
    says('the first token', $nginx, 'ready', '200 pass');
    is_deeply(asked($nginx, 'details')->{checks}, {'violet:token' => [
        {componentId => 'shop', status => 'pass'},
        {componentId => 'fixed', status => 'pass'}]},
        'the first token: both apps pass');

    # a reload keeps the token, though Violet issues none now

    control($mock, 'tokens?answer=error');
    reloaded($nginx);
    is(asked($nginx)->{said}, '200 pass', 'after a reload: ready at once');
    $nginx->stop;
}


sub methods {
    my $mock = $live->mock;
    my $nginx = gateway($mock);

    says('methods', $nginx, 'ready', '200 pass');

    my $head = $live->client($nginx->port);
    $head->send("HEAD /ready HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    $head->read_all(10);
    like($head->{in}, qr{^HTTP/1.1 200 .*\r\n\r\n\z}s, 'HEAD: no body');

    for my $method (qw(POST PUT DELETE OPTIONS)) {
        my $answer = $live->request($nginx->port, "$method /ready");
        is("$answer->{status} $answer->{headers}{allow}", '405 GET, HEAD',
           "$method is not allowed");
    }
    $nginx->stop;
}


sub fixed_token_alone {
    my $nginx = gateway($live->mock, undef, apps => $fixed);

    is(asked($nginx)->{said}, '200 pass', 'a fixed token is there at once');
    $nginx->stop;
}


# Violet refuses the token of one app, and new ones too.
sub revoked_token {
    my $mock = $live->mock;
    my $nginx = gateway($mock);

    says('a revoked token', $nginx, 'ready', '200 pass');
    control($mock, 'tokens?answer=same');
    control($mock, 'expire');

    ok($live->wait_for(30, sub {
        $live->request($nginx->port, 'GET /v1/merchants');
        asked($nginx)->{said} eq '200 warn';
    }), 'a revoked token: 200 warn') or diag(asked($nginx, 'details')
                                            ->{answer}{body});
    my ($shop, $other) = @{asked($nginx, 'details')->{checks}{'violet:token'}};
    is("$shop->{status} $other->{status}", 'warn pass',
       'a revoked token: of one app');
    $nginx->stop;
}


sub expired_token {
    my $mock = $live->mock;
    control($mock, 'tokens?ttl=2');
    my $nginx = gateway($mock);

    says('an expired token', $nginx, 'ready', '200 pass');
    control($mock, 'tokens?answer=error');
    says('an expired token', $nginx, 'ready', '200 warn');
    is(asked($nginx, 'details')->{checks}{'violet:token'}[0]{output},
       'the token has expired', 'an expired token: which');
    control($mock, 'tokens?answer=good&ttl=600');
    says('a new token', $nginx, 'ready', '200 pass');
    $nginx->stop;
}


sub refused_fixed_token {
    my $nginx = gateway($live->mock, undef, apps =>
        $fixed =~ s/token mock-token/token wrong/r);

    is(asked($nginx)->{said}, '200 pass', 'a fixed token: not tried yet');
    $live->request($nginx->port, 'GET /v1/merchants');
    is(asked($nginx)->{said}, '200 warn', 'a fixed token that is refused');
    is(asked($nginx, 'details')->{checks}{'violet:token'}[0]{output},
       'Violet refuses the token', 'a fixed token that is refused: which');
    $nginx->stop;
}


sub redis_before_its_first_answer {
    my $port = Live::free_port();
    my $mock = $live->mock;
    my $nginx = gateway($mock, bless({port => $port}, 'Port'));

    says('no Redis yet', $nginx, 'ready', '200 warn');
    is(asked($nginx, 'waits')->{said}, '503 fail', 'no Redis yet: 503');
    is_deeply(asked($nginx, 'waits')->{checks}{redis},
              [{componentId => 'violet_redis', status => 'fail',
                output => 'Redis has not answered this host yet'}],
              'no Redis yet: why');

    my $redis = $live->redis(port => $port);
    says('its first answer', $nginx, 'waits', '200 pass');

    # Redis has answered, though no probe was there when it did

    $redis->stop('KILL');
    says('Redis has gone', $nginx, 'waits', '200 warn');
    reloaded($nginx);
    is(asked($nginx, 'waits')->{said}, '200 warn',
       'Redis has gone: a reload does not forget its answer');
    $nginx->stop;
}


sub redis_away {
    my $redis = $live->redis;
    my $nginx = gateway($live->mock, $redis);

    # the worker asks TIME each second; it looks for the answer more often
    my $admin = Violet::Redis->new($redis->port);
    ok($live->wait_for(30, sub {
        $admin->call('INFO', 'commandstats') =~ /^cmdstat_time:calls=(?:[3-9]|\d\d)/m
    }), 'Redis away before the first probe: Redis was there');
    $redis->stop('KILL');
    says('Redis away before the first probe', $nginx, 'waits', '200 warn');
    is(asked($nginx, 'waits')->{checks}{redis}[0]{output}, 'Redis is away',
       'Redis away before the first probe: why');
    $nginx->stop;
}


sub redis_not_waited_for {
    my $nginx = gateway($live->mock, bless({port => Live::free_port()},
                                           'Port'));

    says('without "redis"', $nginx, 'ready', '200 warn');
    $nginx->stop;
}


# The mark is of one Redis: another one has not answered.
sub other_redis {
    my ($redis, $mock) = ($live->redis, $live->mock);
    my $nginx = gateway($mock, $redis);

    says('one Redis', $nginx, 'waits', '200 pass');
    $nginx->configure(config_of($mock, bless({port => Live::free_port()},
                                             'Port')));
    reloaded($nginx);
    is(asked($nginx, 'waits')->{said}, '503 fail', 'another one: 503');
    $nginx->stop;
}


sub asks_nobody {
    my ($redis, $mock) = ($live->redis, $live->mock);
    my $nginx = gateway($mock, $redis);

    says('probes', $nginx, 'waits', '200 pass');
    my $before = $live->mock_counts($mock);
    asked($nginx, 'waits') for 1 .. 50;
    is_deeply($live->mock_counts($mock), $before, 'probes: Violet is not asked');
    $nginx->stop;
}


package Port;

sub port {
    return $_[0]{port};
}
