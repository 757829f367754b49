#!/usr/bin/perl

# Names of Redis are resolved again while nginx runs: a name that is not known
# at the start, that moves, fails or is not answered; and several URLs.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Dns;
use Live::Failover;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my @address = map { "127.0.0.$_" } 1 .. 2;

my $live = Live->new;
my $dns = Live::Dns->start($live);
my $port = Live::free_port();
my %redis = map { $_ => scalar start_redis($_) } @address;

my $gateway = Live::Failover->new(
    $live, extra => resolver(),
    redis => "redis://redis.test:$port connect_timeout=500ms timeout=200ms");

unknown_at_the_start();
fails('fails', 'fails', qr/cannot resolve "redis\.test" of "violet_redis", .*: its addresses stay/);
fails('unknown', 'unknown', qr/cannot resolve "redis\.test" of "violet_redis", .*: its addresses stay/);
fails('silent', 'silent', undef);
moved();
moved_to_nothing();
killed();
more_addresses();
several_urls();
without_resolver();

$live->check_logs;
done_testing();


sub start_redis {
    my ($address) = @_;

    return $live->redis(address => $address, port => $port);
}


sub resolver {
    return 'resolver 127.0.0.1:' . $dns->port . ' valid=1s ipv6=off;'
           . ' resolver_timeout 2s;';
}


sub keys_at {
    my ($address) = @_;

    return Violet::Redis->new($port, $address)->call('DBSIZE');
}


sub commands_at {
    my ($address) = @_;

    my $info = Violet::Redis->new($port, $address)->call('INFO', 'commandstats');

    return $info =~ /^cmdstat_hmget:calls=(\d+)/m ? $1 : 0;
}


sub link_follows {
    my ($title, $address) = @_;

    $gateway->link_follows($title, sub {
        Violet::Redis->new($port, $address)->call(@_);
    });
}


# Waits until both workers have asked for the name, which each does each second,
# once more than they may have before the answer changed.
sub is_known {
    my $asked = $dns->asked('redis.test');

    return $live->wait_for(30, sub {
        $dns->asked('redis.test') >= $asked + 6
    });
}


sub unknown_at_the_start {
    like($gateway->state, qr/ (?:open|down)$/, 'unknown: Redis is bypassed');
    is($gateway->health->get($gateway->nginx, 1500000)->{status}, 200,
       'unknown: requests are answered');
    ok($gateway->nginx->wait_log(qr/cannot resolve "redis\.test"/, 20),
       'unknown: the log has a line');

    $gateway->under_load('known later', sub {
        $dns->answers('redis.test' => [$address[0]]);
        return time;
    });

    cmp_ok(keys_at($address[0]), '>', 0, 'known later: Redis is used');
    link_follows('known later', $address[0]);
}


# A failed look keeps the addresses, also for a new connection.
sub fails {
    my ($answer, $title, $line) = @_;

    my $begun = time;
    my $before = $gateway->lines(qr/cannot resolve/);

    $gateway->under_load($title, sub {
        $dns->answers('redis.test' => $answer);

        ok(is_known(), "$title: the name is asked for");
        $redis{$address[0]}->stop('KILL');
        $redis{$address[0]} = start_redis($address[0]);
        return time;
    });

    # one of each worker in a minute
    cmp_ok($gateway->lines(qr/cannot resolve/) - $before, '<=',
           2 + 2 * (time - $begun) / 60, "$title: few lines in the log");

    $dns->answers('redis.test' => [$address[0]]);
    is_known();
}


# The old Redis is well and is left all the same.
sub moved {
    $gateway->under_load('moved', sub {
        $dns->answers('redis.test' => [$address[1]]);
        ok($gateway->nginx->wait_log(qr/has moved to 127\.0\.0\.2:$port/, 30),
           'moved: the log names the new address');
        return time;
    });

    cmp_ok(keys_at($address[1]), '>', 0, 'moved: the new one is used');

    my $commands = commands_at($address[0]);
    $gateway->state for 1 .. 20;
    is(commands_at($address[0]), $commands, 'moved: the old one is not');
    link_follows('moved', $address[1]);
}


# An address where nothing is: the connection stays.
sub moved_to_nothing {
    $gateway->under_load('moved to nothing', sub {
        $dns->answers('redis.test' => ['127.0.0.3']);
        is_known();
        is($gateway->state, 'HIT redis ok',
           'moved to nothing: the connection stays');
        return time;
    });

    $dns->answers('redis.test' => [$address[1]]);
    is_known();
}


# Redis and its address go together.
sub killed {
    $gateway->under_load('killed', sub {
        $redis{$address[1]}->stop('KILL');
        sleep 1;
        $dns->answers('redis.test' => [$address[0]]);
        return time;
    });

    link_follows('killed', $address[0]);
}


# All addresses of a name are tried in turn.
sub more_addresses {
    $dns->answers('redis.test' => ['127.0.0.3', '127.0.0.4', $address[0]]);
    is_known();

    $gateway->under_load('three addresses', sub {
        $redis{$address[0]}->stop('KILL');
        $redis{$address[0]} = start_redis($address[0]);
        return time;
    });
}


# Each connecting begins with the first URL.
sub several_urls {
    my ($one, $two) = map { $live->redis } 1 .. 2;
    my $urls = join ' ', map { 'redis://127.0.0.1:' . $_->port } $one, $two;
    my $nginx = $gateway->gateway(redis => "$urls timeout=20s connect_timeout=20s");
    my $used = sub {
        Violet::Redis->new($_[0]->port)->call('DBSIZE') > 0;
    };

    $gateway->until_hits('two URLs', 0, $nginx);
    ok($used->($one) && !$used->($two), 'two URLs: the first one is used');

    $one->stop('KILL');
    $gateway->until_hits('the first is down', 0, $nginx);
    ok($used->($two), 'the first is down: the second one is used');

    $one = $live->redis(port => $one->port);
    $two->stop('KILL');
    $two = $live->redis(port => $two->port);
    $gateway->until_hits('both are back', 0, $nginx);
    ok($used->($one) && !$used->($two),
       'both are back: the first one is used');
}


# Without "resolver" a name that is not known is an error, as it was.
sub without_resolver {
    my $nginx = Live::Nginx->new(
        folder => $live->folder . '/refused', port => Live::free_port(),
        root => $gateway->nginx->{root},
        http => "violet_redis redis://redis.test:$port;");

    my ($ok, $output) = $nginx->test_config;

    ok(!$ok, 'without "resolver": nginx does not start');
    like($output, qr/host not found.*"redis:\/\/redis\.test:$port"/,
         'without "resolver": it says why');
}
