#!/usr/bin/perl

# A value in Redis that is larger than violet_buffer_limit is a miss.  Redis
# sends it, and the worker reads past it: it costs no memory, the connection
# stays, and the next report comes from Redis.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);
my $redis = Violet::Redis->new($health->redis->port);

my $large = 64 * 1048576;

# kB by which the worker may grow
my $room = 8192;

my $nginx = $health->gateway(
    workers => 1,
    redis => 'redis://127.0.0.1:' . $health->redis->port . '/0 timeout=20s',
    lines => 'violet_health_memory off; violet_buffer_limit 1m;');
my ($worker) = $nginx->workers;

is($health->get($nginx, 20001)->{status}, 200, 'a report is stored');
is(from($health->get($nginx, 20001)), 'HIT redis ok', '... and found');

my $peak = peak();
my $merchant = 20002;

for my $fields (['body'], ['merchant'], ['body', 'etag', 'kept']) {
    my $title = "64 MB of @$fields";

    is($health->get($nginx, ++$merchant)->{status}, 200, "$title: a report");
    grow($merchant, $_) for @$fields;

    my ($lookup, $after) = pipelined($merchant);

    is(from($lookup), 'MISS  ok', "$title: a miss");
    is(from($after), 'HIT redis ok', "$title: the report behind it is a hit");
    is(from($health->get($nginx, $merchant)), 'HIT redis ok',
       "$title: replaced");
    cmp_ok(peak() - $peak, '<', $room, "$title: the worker has not grown");
}

is(join(' ', $nginx->workers), $worker, 'it is the same worker');
unlike($nginx->error_log, qr/Redis at .* is connected again/,
       'the connection has stayed');

$live->check_logs;
done_testing();


sub from {
    my ($answer) = @_;

    return join ' ', @{$answer->{vars}}{qw(cache_status cache_tier redis)};
}


# A field of the merchant's report becomes large in place.
sub grow {
    my ($merchant, $field) = @_;

    $redis->call('EVAL', "redis.call('HSET', KEYS[1], ARGV[1], "
                         . "string.rep('1', tonumber(ARGV[2])))",
                 1, $health->key($merchant), $field, $large);
}


# Two lookups on the worker's one connection to Redis at the same time.
sub pipelined {
    my ($merchant) = @_;

    my @clients = map { $health->ask($nginx, $_) } $merchant, 20001;

    return map { $health->answer($_, 60) } @clients;
}


# The most memory that the worker has had, in kB.
sub peak {
    return (Live::Nginx::text_of("/proc/$worker/status")
            =~ /^VmHWM:\s+(\d+) kB/m)[0];
}
