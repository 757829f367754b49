#!/usr/bin/perl

# Cluster: the slot of the prefix is looked for, moved, left half moved, left
# without a node, and its master is killed, under a load of hits, misses and
# submits.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Cluster;
use Live::Failover;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $options = 'cluster connect_timeout=500ms timeout=200ms';

my $live = Live->new;
my $cluster = Live::Cluster->start($live);
my $slot = $cluster->slot('{violet}:');

# a URL that leads to a node that never has the slot
my $first = $cluster->other_master($slot);
my $gateway = Live::Failover->new($live,
                                  redis => $cluster->urls($first)
                                           . " $options");
$gateway->{prefix} = '{violet}:';

found();
thousand_callers();
moved();
moved_while_idle();
half_moved();
killed_and_back();
url_gone();
no_cluster();
other_prefix();
without_a_node();

$live->check_logs;
done_testing();


sub link_follows {
    my ($title) = @_;

    my $node = $cluster->master_of($slot);

    $gateway->link_follows($title, sub { $cluster->ask($node, @_) });
}


sub found {
    $gateway->until_hits('at the start');

    my $node = $cluster->master_of($slot);

    ok($gateway->lines(qr/Redis at 127\.0\.0\.1:${\ $node->port} is the master now/),
       'at the start: the log names the node');
    is($gateway->lines(qr/\[error\]|\[crit\]/), 0,
       'at the start: nothing failed') or diag($gateway->nginx->error_log);

    my $keys = $cluster->must($node, 'CLUSTER', 'COUNTKEYSINSLOT', $slot);
    cmp_ok($keys, '>', 0, 'at the start: the keys are in the slot');

    link_follows('at the start');
}


# The lease of a flight and its report lie in the slot: two hosts of two
# workers ask Violet once.
sub thousand_callers {
    my $title = 'a thousand callers';
    my $health = Live::Health->new($live, redis => undef);
    my @hosts = map {
        $health->gateway(redis => $cluster->urls . ' cluster timeout=2s',
                         listen => 'reuseport', keepalive => '')
    } 1 .. 2;

    for my $host (@hosts) {
        ok($live->wait_for(20, sub {
               $health->get($host, 30001)->{vars}{redis} eq 'ok'
           }), "$title: the host has found the master");
    }

    $health->control('delay?connection_health/30002=1');

    my @answers = $health->many(\@hosts, count => 1000, what => 30002,
                                timeout => 60);

    is($health->reached(30002), 1, "$title: one request at Violet");
    $health->all_are(200, $title, @answers);
    $health->all_same($title, @answers);

    $_->stop for @hosts;
}


sub moved {
    for my $round (1 .. 2) {
        my $title = "slot moved, $round";
        my $to = $cluster->other_master($slot, $first);

        $gateway->under_load($title, sub {
            $cluster->move($slot, $to);
            return time;
        });

        is($cluster->master_of($slot), $to, "$title: another node has it");
        link_follows($title);
    }
}


# Workers that nobody asks anything find the slot, too.
sub moved_while_idle {
    my $to = $cluster->other_master($slot, $first);
    my $line = qr/Redis at 127\.0\.0\.1:${\ $to->port} is the master now/;
    my $before = $gateway->lines($line);

    # both connections of a worker have its name
    my $workers = sub {
        my $list = Live::Cluster->must($to, 'CLIENT', 'LIST');
        my %names = map { $_ => 1 } $list =~ /\bname=(violet:\S+)/g;
        return scalar keys %names;
    };

    $cluster->move($slot, $to);
    ok($live->wait_for(30, sub { $workers->() >= 2 }),
       'slot moved, no request: both workers follow');
    is($gateway->lines($line), $before + 1,
       'slot moved, no request: one of them logs it');
    link_follows('slot moved, no request');
}


# A slot that is being moved answers ASK for each key that has left.
sub half_moved {
    my $to = $cluster->other_master($slot, $first);
    my $begun = time;
    my $from;

    $gateway->under_load('half moved', sub {
        $from = $cluster->begin_move($slot, $to);
        $cluster->move_keys($slot, $from, $to);

        ok($live->wait_for(20, sub { $gateway->lines(qr/answered "ASK/) }),
           'half moved: the log has a line');
        ok($live->wait_for(20, sub { $gateway->state =~ / open$/ }),
           'half moved: Redis is bypassed');

        $cluster->end_move($slot, $from, $to);
        return time;
    });

    cmp_ok($gateway->lines(qr/answered "ASK|refused .*: ASK/), '<=',
           4 + 4 * (time - $begun) / 60,
           'half moved: few lines for many requests');
    link_follows('half moved');
}


sub without_a_node {
    my $node = $cluster->master_of($slot);
    my $begun = time;

    $gateway->under_load('CLUSTERDOWN', sub {
        $cluster->must($node, 'CLUSTER', 'DELSLOTS', $slot);
        ok($live->wait_for(20, sub { $gateway->state =~ / open$/ }),
           'CLUSTERDOWN: Redis is bypassed');
        ok($live->wait_for(20, sub { $gateway->lines(qr/CLUSTERDOWN/) }),
           'CLUSTERDOWN: the log has a line');
        $cluster->must($node, 'CLUSTER', 'ADDSLOTS', $slot);
        $cluster->all_say(qr/^cluster_state:ok\r$/m);
        return time;
    });

    cmp_ok($gateway->lines(qr/CLUSTERDOWN/), '<=',
           4 + 4 * (time - $begun) / 60,
           'CLUSTERDOWN: few lines for many requests');
    link_follows('CLUSTERDOWN');
}


sub killed_and_back {
    my $old = $cluster->master_of($slot);

    $gateway->under_load('killed', sub {
        $old->stop('KILL');
        ok($live->wait_for(60, sub { $cluster->master_of($slot) }),
           'killed: its replica is the master');
        return time;
    });

    my $master = $cluster->master_of($slot);
    link_follows('killed');

    $gateway->under_load('old master', sub {
        $old = $cluster->start_again($old);
        ok($live->wait_for(60, sub {
            my $role = $cluster->ask($old, 'ROLE');
            return ref $role eq 'ARRAY' && $role->[0] eq 'slave'
                   && $role->[3] eq 'connected';
        }), 'old master: it is a replica now');
        return time;
    });

    is($cluster->master_of($slot), $master, 'old master: the new one is used');
}


# The only node of the URLs is gone: the others are known by then.
sub url_gone {
    my ($its) = grep { my $node = $cluster->master_of($_);
                       $node && $node == $first } map { 1000 * $_ } 0 .. 16;

    $first->stop('KILL');

    ok($live->wait_for(60, sub { $cluster->master_of($its) }),
       'a URL is gone: a replica has its slots');
    $cluster->all_say(qr/^cluster_state:ok\r$/m);

    my $old = $cluster->master_of($slot);

    $gateway->under_load('a URL is gone', sub {
        $old->stop('KILL');
        ok($live->wait_for(60, sub { $cluster->master_of($slot) }),
           'a URL is gone: a replica is the master');
        return time;
    });

    link_follows('a URL is gone');
}


sub no_cluster {
    my $redis = $live->redis;
    my $url = 'redis://127.0.0.1:' . $redis->port;
    my $barred = $gateway->gateway(redis => "$url cluster");

    ok($barred->wait_log(qr/refused CLUSTER SLOTS: NOPERM/, 20),
       'no right to CLUSTER SLOTS: the log says so')
        or diag($barred->error_log);

    $cluster->must($redis, 'ACL', 'SETUSER', 'default', '+cluster|slots');

    my $nginx = $gateway->gateway(redis => "$url cluster");

    my $answer = $gateway->health->get($nginx, 1500000);
    is($answer->{status}, 200, 'no cluster: requests are answered');
    ok($nginx->wait_log(qr/refused CLUSTER SLOTS: ERR This instance has cluster support disabled/, 20),
       'no cluster: the log says why') or diag($nginx->error_log);

    # and the other way round
    my $node = $cluster->master_of($slot);
    my $other = $gateway->gateway(
        redis => 'redis://127.0.0.1:' . $node->port . ' prefix=abc:');

    $cluster->must($node, 'ACL', 'SETUSER', 'default', '~abc:*');
    $gateway->health->get($other, 1500000 + $_) for 1 .. 9;
    ok($other->wait_log(qr/it is a node of a cluster, add "cluster" to "violet_redis"/, 20),
       'a cluster without "cluster": the log says what to do')
        or diag($other->error_log);
}


sub other_prefix {
    my $nginx = $gateway->gateway(redis => $cluster->urls
                                           . " $options prefix=shop");

    $gateway->until_hits('another prefix', 0, $nginx);

    my $other = $cluster->slot('{shop}');
    my $keys = $cluster->must($cluster->master_of($other), 'CLUSTER',
                              'GETKEYSINSLOT', $other, 1000);

    isnt($other, $slot, 'another prefix: another slot');
    ok((grep { /^\{shop\}health:/ } @$keys), 'another prefix: keys are there');
}
