#!/usr/bin/perl

# A Redis that has as many clients as it takes: the log says so, requests are
# answered, and both connections are there soon after it has room again.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);
my $port = $health->redis->port;

my @clients = Violet::Redis->new($port);
$clients[0]->call('CONFIG', 'SET', 'maxclients', 8);
push @clients, Violet::Redis->new($port) for 2 .. 8;

my $nginx = $health->gateway(workers => 1);

is($health->get($nginx, 30000 + $_)->{status}, 200, 'a request is answered')
    for 1 .. 3;

ok($nginx->wait_log(qr/refused HELLO: ERR max number of clients reached, it takes no more connections/, 5),
   'the log says why') or diag($nginx->error_log);
ok($nginx->wait_log(qr/refused HELLO.*refused HELLO/s, 20),
   'the log says it for both connections') or diag($nginx->error_log);
unlike($nginx->error_log, qr/rediss:/, 'the log does not guess');

@clients = ();

ok($live->wait_for(20, sub {
    my $vars = $health->get($nginx, 30000)->{vars};
    return "$vars->{cache_status} $vars->{cache_tier}" eq 'HIT memory'
           && $vars->{redis} =~ /^-?$/;
}), 'then notices of changed keys are there again')
    or diag($nginx->error_log);

$live->check_logs;
done_testing();
