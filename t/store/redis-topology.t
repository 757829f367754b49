#!/usr/bin/perl

# What sentinels and nodes may name: hosts by name, no host at all, ports of
# TLS; and workers that end while a name, a sentinel or a node is being asked.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Cluster;
use Live::Dns;
use Live::Failover;
use Live::FakeNode;
use Live::Sentinels;
use Test::More;
use Time::HiRes qw(time);
use Violet::Redis;

my $live = Live->new;
my $dns = Live::Dns->start($live);
my $redis = $live->redis;
my $gateway = Live::Failover->new($live,
                                  redis => 'redis://127.0.0.1:'
                                           . $redis->port);
my $resolver = 'resolver 127.0.0.1:' . $dns->port
               . ' valid=1s ipv6=off; resolver_timeout 30s;';

sentinel_by_name();
two_masters();
master_by_name();
node_by_name();
node_without_host();
nodes_in_a_circle();
records_in_a_cluster();
sentinel_with_tls();
node_with_tls();
workers_end();

$live->check_logs;
done_testing();


sub works {
    my ($title, $redis, $extra) = @_;

    my $nginx = $gateway->gateway(redis => $redis, extra => $extra);

    $gateway->until_hits($title, 0, $nginx) or diag($nginx->error_log);

    return $nginx;
}


# A sentinel that says the same to everybody.
sub says {
    my ($host, $port) = @_;

    my $bulk = sub { '$' . length($_[0]) . "\r\n$_[0]\r\n" };

    return $live->fake(do => 'answer', keep => 1,
                       bytes => "*2\r\n" . $bulk->($host) . $bulk->($port));
}


sub sentinel_by_name {
    my $sentinel = says('127.0.0.1', $redis->port);

    $dns->answers('sentinel.test' => ['127.0.0.1']);
    works('a sentinel by name', 'redis://sentinel.test:' . $sentinel->port
                                . ' sentinel=shop', $resolver);
}


# One sentinel knows the Redis of reports and that of records.  Four workers hear
# of both, in any order.
sub two_masters {
    my %port = (shop => $redis->port, carts => $live->redis->port);
    my $sentinel = Live::FakeNode->start($live, SENTINEL => sub {
        my ($its, @words) = @_;

        return Live::FakeNode::list(
            map { Live::FakeNode::bulk($_) } '127.0.0.1', $port{$words[2]});
    });
    my $url = 'redis://127.0.0.1:' . $sentinel->port;
    my $nginx = $gateway->gateway(
        workers => 4, redis => "$url sentinel=shop",
        extra => "violet_submit_redis $url sentinel=carts;");

    $gateway->until_hits('two masters', 0, $nginx);

    for my $name (sort keys %port) {
        my $line = qr/Redis at 127\.0\.0\.1:$port{$name} is the master now/;

        ok($nginx->wait_log($line, 30), "two masters: a line about $name");
        is($gateway->lines($line, $nginx), 1, "two masters: it is one line");
    }
}


sub master_by_name {
    my $sentinel = says('master.test', $redis->port);
    my $parameters = 'redis://127.0.0.1:' . $sentinel->port
                     . ' sentinel=shop';

    $dns->answers('master.test' => 'unknown');

    my $nginx = $gateway->gateway(redis => $parameters, extra => $resolver);

    ok($nginx->wait_log(qr/cannot resolve "master\.test" of "violet_redis"/,
                        30), 'a master by name: it is not known yet');
    $dns->answers('master.test' => ['127.0.0.1']);
    $gateway->until_hits('a master by name', 0, $nginx);

    $nginx = $gateway->gateway(redis => $parameters);
    ok($nginx->wait_log(qr/cannot resolve "master\.test" of "violet_redis", it is a name, and there is no "resolver"/,
                        30), 'a master by name, no resolver: a line in the log');
    is($gateway->health->get($nginx, 1500001)->{status}, 200,
       'a master by name, no resolver: requests are answered');
}


# A cluster of one node, which has all slots.
sub node {
    my (@args) = @_;

    my $node = $live->redis(args => ['--cluster-enabled', 'yes',
                                     '--cluster-port', Live::free_port(),
                                     @args]);

    for (['ACL', 'SETUSER', 'default', '~{violet}:*', '+cluster|slots'],
         ['CLUSTER', 'ADDSLOTSRANGE', 0, 16383])
    {
        Live::Cluster->must($node, @$_);
    }

    $live->wait_for(30, sub {
        Live::Cluster->must($node, 'CLUSTER', 'INFO')
            =~ /^cluster_state:ok\r$/m;
    }) or die "the cluster of one node is not ready\n";

    return $node;
}


sub node_by_name {
    my $node = node('--cluster-announce-hostname', 'node.test',
                    '--cluster-preferred-endpoint-type', 'hostname');

    $dns->answers('node.test' => ['127.0.0.1']);
    my $nginx = works('a node by name', 'redis://127.0.0.1:' . $node->port
                                        . ' cluster', $resolver);
    like($nginx->error_log, qr/Redis at node\.test:\d+ is the master now/,
         'a node by name: the log has the name');
}


sub node_without_host {
    my $node = node('--cluster-preferred-endpoint-type', 'unknown-endpoint');

    works('a node without a host', 'redis://127.0.0.1:' . $node->port
                                   . ' cluster');
}


# A node that is well, but for reports and records it sends to another one.
sub sends_to {
    my ($port, $other) = @_;

    my $list = \&Live::FakeNode::list;
    my $node = $list->(Live::FakeNode::bulk('127.0.0.1'), ":$other\r\n");

    return Live::FakeNode->start(
        $live, port => $port, DEFAULT => "-MOVED 1 127.0.0.1:$other\r\n",
        CLUSTER => $list->($list->(":0\r\n", ":16383\r\n", $node)));
}


# Two nodes that send to each other: requests are answered, they are followed
# less and less often, and the log does not say at each turn that a node is
# connected again.
sub nodes_in_a_circle {
    my ($one, $two) = (Live::free_port(), Live::free_port());
    my @nodes = (sends_to($one, $two), sends_to($two, $one));
    my $nginx = $gateway->gateway(
        redis => "redis://127.0.0.1:$one cluster timeout=200ms");
    my ($start, @answers) = (time);

    my $turns = sub {
        for (1 .. 60) {
            push @answers, $gateway->health->get($nginx,
                                                 1600000 + scalar @answers);
            select undef, undef, undef, 0.05;
        }
    };

    $turns->();
    my $begun = time;
    my $before = $nodes[0]->connections + $nodes[1]->connections;
    $turns->();
    my $seconds = time - $begun;
    my $new = $nodes[0]->connections + $nodes[1]->connections - $before;

    $gateway->health->all_are(200, 'nodes in a circle', @answers);
    cmp_ok($nodes[1]->connections, '>', 2,
           'nodes in a circle: they are followed');
    cmp_ok($new / $seconds, '<', 6,
           'nodes in a circle: few connections a second of each worker');
    cmp_ok($gateway->lines(qr/Redis at/, $nginx), '<=',
           2 * 12 * (1 + int((time - $start) / 60)),
           'nodes in a circle: few lines of each worker in the log')
        or diag($nginx->error_log);
}


# The user of the records alone may read no other key.
sub records_in_a_cluster {
    my ($rights) = Live::Nginx::text_of('docs/caching.md')
                   =~ /^ACL SETUSER submits on >PASSWORD (.*)$/m;
    my $node = node();

    $rights =~ s/~violet:/~{violet}:/;
    is(Live::Cluster->must($node, 'ACL', 'SETUSER', 'submits', 'on',
                           '>hush-hush', split(' ', $rights),
                           '+cluster|slots'),
       'OK', 'records in a cluster: its user');

    my $nginx = $gateway->gateway(
        redis => 'redis://127.0.0.1:' . $redis->port,
        extra => 'violet_submit_redis redis://127.0.0.1:' . $node->port
                 . ' cluster username=submits password=hush-hush;');
    my $cart = 3000000;

    ok($live->wait_for(30, sub {
        $live->request($nginx->port,
                       'POST /v1/checkout/cart/' . $cart++ . '/submit',
                       body => '{}');
        my $keys = Live::Cluster->must($node, 'KEYS', '{violet}:submit:*');
        return @$keys > 0;
    }), 'records in a cluster: they are there') or diag($nginx->error_log);
}


# The arguments of a Redis that has a port with TLS beside its own.
sub tls {
    our $authority ||= Live::Authority->new($live->folder . '/authority');
    our $pair ||= $authority->issue('redis.test');

    my $port = Live::free_port();

    return ($port, 'ssl_trusted_certificate=' . $authority->file
                   . ' ssl_name=redis.test connect_timeout=10s timeout=2s',
            'tls-port' => $port, 'tls-cert-file' => $pair->{certificate},
            'tls-key-file' => $pair->{key},
            'tls-ca-cert-file' => $authority->file,
            'tls-auth-clients' => 'no');
}


sub arguments {
    my (@pairs) = @_;

    return map { $_ % 2 ? $pairs[$_] : "--$pairs[$_]" } 0 .. $#pairs;
}


sub sentinel_with_tls {
    my ($port, $parameters, @redis) = tls();
    my $secure = $live->redis(args => [arguments(@redis)]);
    my ($at, undef, @sentinel) = tls();
    my $file = $live->folder . '/sentinel-tls.conf';

    open my $out, '>', $file or die "$file: $!\n";
    print $out 'port ', Live::free_port(), "\ntls-replication yes\n",
        "sentinel monitor shop 127.0.0.1 $port 1\n",
        "sentinel auth-user shop admin\nsentinel auth-pass shop admin\n",
        map { $_ % 2 ? " $sentinel[$_]\n" : $sentinel[$_] } 0 .. $#sentinel;
    close $out or die "$file: $!\n";

    $live->listening($live->process('sentinel',
                                    $ENV{REDIS} || 'redis-server', $file,
                                    '--sentinel'), $at);

    my $nginx = works('a sentinel with TLS', "rediss://127.0.0.1:$at "
                                             . "sentinel=shop $parameters");
    cmp_ok(Violet::Redis->new($secure->port)->call('DBSIZE'), '>', 0,
           'a sentinel with TLS: its master is used');
    unlike($nginx->error_log, qr/\[(?:error|crit)\]/,
           'a sentinel with TLS: nothing failed');

    # another name than the certificate's
    my $wrong = $gateway->gateway(redis => "rediss://127.0.0.1:$at "
        . "sentinel=shop $parameters" =~ s/redis\.test/other.test/r);

    ok($wrong->wait_log(qr/the sentinel at 127\.0\.0\.1:$at is not asked .*certificate/,
                        30), 'a sentinel of another name: the log says why')
        or diag($wrong->error_log);
}


sub node_with_tls {
    my ($port, $parameters, @redis) = tls();

    node(arguments(@redis, 'tls-cluster', 'yes'));
    works('a node with TLS', "rediss://127.0.0.1:$port cluster $parameters");
}


# A worker that exits waits for no answer.
sub workers_end {
    my $silent = $live->fake(do => 'silent');

    $dns->answers('redis.test' => 'silent', 'known.test' => ['127.0.0.1']);

    my $name = 'redis://redis.test:' . $redis->port;
    my $url = 'redis://127.0.0.1:' . $silent->port;
    my $known = 'redis://known.test:' . $redis->port;

    for my $parameters ($name, $known, "$url sentinel=shop", "$url cluster",
                        "$name sentinel=shop")
    {
        my $nginx = $gateway->gateway(redis => $parameters,
                                      extra => $resolver);
        my @old = $nginx->workers;

        $gateway->health->get($nginx, 1500002);
        ok($nginx->reload, "$parameters: a reload");
        ok($nginx->wait_gone(20, @old), "$parameters: the old workers end");
        ok($nginx->quit(20), "$parameters: nginx ends");
    }
}
