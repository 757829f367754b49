#!/usr/bin/perl

# Each allocation and system call fails in turn while a worker connects to a
# Redis with a password and a database, to a node of a cluster, and to the
# master that a sentinel names: the worker stays, requests are answered, and
# the worker connects after all.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Cluster;
use Live::Dns;
use Live::FailingConnect;
use Live::FakeNode;
use Live::Health;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $faults = Live::Faults->new($live);
my $dns = Live::Dns->start($live);
my $resolver = 'resolver 127.0.0.1:' . $dns->port
               . ' valid=1s ipv6=off; resolver_timeout 1s;';

$dns->answers('redis.test' => ['127.0.0.1']);

database();
cluster();
sentinel();

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\]/);
done_testing();


# Redis is at this port; "parameters" lead to it.
sub fails {
    my ($title, $redis, $parameters) = @_;

    my $nginx = $health->gateway(
        workers => 1, faults => $faults, extra => $resolver,
        lines => 'violet_health_memory off;',
        redis => "$parameters connect_timeout=1s timeout=1s");
    my $admin = Violet::Redis->new($redis->port);
    my $connect = Live::FailingConnect->new(
        live => $live, health => $health, faults => $faults, nginx => $nginx,
        title => "$title, ", close_all => sub {
            $admin->call('CLIENT', 'KILL', 'TYPE', $_, 'SKIPME', 'yes')
                for qw(normal pubsub);
        });

    $connect->fails($_) for $connect->kinds;
    $connect->is_same;
    $nginx->stop;
}


sub database {
    my $redis = $live->redis;

    fails('a database', $redis, 'redis://127.0.0.1:' . $redis->port
                                . '/3 username=default password=hush-hush');
}


sub cluster {
    my $node = $live->redis(args => ['--cluster-enabled', 'yes',
                                     '--cluster-port', Live::free_port()]);

    Live::Cluster->must($node, @$_)
        for ['ACL', 'SETUSER', 'default', '~{violet}:*', '+cluster|slots'],
            ['CLUSTER', 'ADDSLOTSRANGE', 0, 16383];

    fails('a node', $node, 'redis://redis.test:' . $node->port
                           . ' cluster username=default password=hush-hush');
}


# The sentinel closes each connection once it has answered.
sub sentinel {
    my $redis = $live->redis;
    my $sentinel = $live->fake(
        do => 'answer', bytes => Live::FakeNode::list(
            map { Live::FakeNode::bulk($_) } 'redis.test', $redis->port));

    fails('a sentinel', $redis, 'redis://redis.test:' . $sentinel->port
                                . ' sentinel=shop');
}
