#!/usr/bin/perl

# A Redis that may evict the records of submits causes one warning; one that
# may not, or that has no such records, causes none.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $next = 30000;

my $evicts = redis('64mb', 'allkeys-lru');
my $keeps = redis('64mb', 'noeviction');
my $endless = redis('0', 'allkeys-lru');

warns();
is_silent('noeviction', port($keeps));
is_silent('no limit of memory', port($endless));
is_silent('records elsewhere', port($evicts),
          extra => 'violet_submit_redis ' . port($keeps) . ';');
is_silent('no guard', port($evicts), lines => 'violet_submit_guard off;');
records_elsewhere();
without_the_right();

$live->check_logs;
done_testing();


sub redis {
    my ($size, $policy) = @_;

    return $live->redis(args => ['--maxmemory', $size,
                                 '--maxmemory-policy', $policy]);
}


sub port {
    my ($redis) = @_;

    return 'redis://127.0.0.1:' . $redis->port;
}


sub gateway {
    my ($url, %option) = @_;

    return $health->gateway(redis => "$url connect_timeout=2s timeout=2s",
                            %option);
}


# All workers are connected: each serves what the other host has stored.
sub is_used {
    my ($nginx, $title) = @_;

    ok($live->wait_for(20, sub {
           $health->get($nginx, ++$next);
           my @again = map { $health->get($nginx, $next) } 1 .. 10;
           return !grep { $_->{vars}{redis} !~ /^(?:ok|-)?$/ } @again;
       }), "$title: Redis is used");
}


sub told {
    my ($nginx) = @_;

    return $nginx->error_log =~ /^.*may evict.*$/mg;
}


sub warns {
    my $nginx = gateway(port($evicts));

    ok($live->wait_for(20, sub { told($nginx) }), 'a warning');
    like((told($nginx))[0], qr{\[warn\] \S+ violet: Redis at "redis://127.0.0.1:\d+" may evict the records of submits, "maxmemory-policy" is "allkeys-lru", and then a cart can be ordered twice: set it to "noeviction", or use "violet_submit_redis"$},
         'its words');

    Violet::Redis->new($evicts->port)->command('CLIENT KILL TYPE normal');
    is_used($nginx, 'connected again');
    is(scalar(my @told = told($nginx)), 1,
       'not once more for each worker and connection');
}


sub is_silent {
    my ($title, @more) = @_;

    my $nginx = gateway(@more);

    is_used($nginx, $title);
    is(join('', told($nginx)), '', "$title: no warning");
}


sub records_elsewhere {
    my $nginx = gateway(port($keeps),
                        extra => 'violet_submit_redis ' . port($evicts) . ';');

    ok($live->wait_for(20, sub { told($nginx) }),
       'violet_submit_redis evicts: a warning');
    like((told($nginx))[0], qr/:@{[$evicts->port]}"/, 'about this Redis');
}


sub without_the_right {
    Violet::Redis->new($evicts->port)->command('ACL SETUSER default -info');

    my $nginx = gateway(port($evicts));

    is_used($nginx, 'without the right to INFO');
    unlike($nginx->error_log, qr/may evict|refused/,
           'without the right to INFO: no warning');

    # by INFO a worker notices that Redis was replaced
    my @lines = $nginx->error_log
                =~ /answered "NOPERM [^"]*'info' command", its user lacks a right/g;
    cmp_ok(scalar @lines, '>', 0,
           'without the right to INFO: the log names it');
    cmp_ok(scalar @lines, '<=', 2,
           'without the right to INFO: one line of each worker');
}
