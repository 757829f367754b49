#!/usr/bin/perl

# Each way in which Redis fails, for 5 seconds, under 200 requests a second of
# hits, misses and submits: no request fails, and hits are back soon after
# Redis is well.  The notes at the end have the figures as a table.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Cluster;
use Live::Dns;
use Live::Failover;
use Live::Sentinels;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

# Requests a second, and the seconds of each failure.
my $rate = 200;
my $bad = 5;

my $options = 'connect_timeout=500ms timeout=200ms';

my $live = Live->new;
my @table;

single();
sentinel();
cluster();
name();
certificate();

note(sprintf '%-20s %8s %6s %12s %11s', 'failure', 'requests', 'failed',
             'until hits', 'slowest');
note(sprintf '%-20s %8d %6d %10.1f s %8.0f ms', @$_) for @table;

$live->check_logs;
done_testing();


sub gateway {
    my ($redis, %option) = @_;

    my $gateway = Live::Failover->new($live, redis => "$redis $options",
                                      rate => $rate, %option);

    $gateway->until_hits('at the start');

    return $gateway;
}


sub fault {
    my ($gateway, $title, $code) = @_;

    my %is = $gateway->under_load($title, $code);
    my $hits = defined $is{hits} ? $is{hits} : 1e9;

    push @table, [$title, $is{requests}, $is{failed}, $hits,
                  $is{slowest} * 1000];
}


sub finish {
    my ($gateway, @processes) = @_;

    $gateway->nginx->stop;
    $_->stop for @processes;
}


sub single {
    my $redis = $live->redis;
    my $port = $redis->port;
    my $gateway = gateway("redis://127.0.0.1:$port");

    fault($gateway, 'stopped', sub {
        $redis->pause;
        sleep $bad;
        $redis->resume;
        return time;
    });

    fault($gateway, 'killed', sub {
        $redis->stop('KILL');
        sleep $bad;
        $redis = $live->redis(port => $port);
        return time;
    });

    fault($gateway, 'emptied', sub {
        for (1 .. 5 * $bad) {
            Violet::Redis->new($port)->call('FLUSHALL');
            sleep 0.2;
        }
        return time;
    });

    finish($gateway, $redis);
}


sub sentinel {
    my $group = Live::Sentinels->start($live);
    my $gateway = gateway($group->urls . ' sentinel=shop');

    # the time is that of the promotion
    fault($gateway, 'failed over', sub {
        sleep $bad;
        ok($group->failover, 'failed over: another Redis is the master');
        return time;
    });

    # the failure lasts until the sentinels agree on another master
    fault($gateway, 'master killed', sub {
        $group->master->stop('KILL');
        ok($live->wait_for(60, sub { $group->master }),
           'master killed: a replica takes its place');
        return time;
    });

    finish($gateway, grep { $_->is_alive } $group->redis, $group->sentinels);
}


# Redis answers ASK from when the keys have left until the slot has.
sub cluster {
    my $cluster = Live::Cluster->start($live);
    my $slot = $cluster->slot('{violet}:');
    my $gateway = gateway($cluster->urls . ' cluster');

    fault($gateway, 'slot moved', sub {
        my $to = $cluster->other_master($slot);
        my $from = $cluster->begin_move($slot, $to);

        $cluster->move_keys($slot, $from, $to);
        sleep $bad;

        # some keys may have come back meanwhile
        $cluster->move_keys($slot, $from, $to);
        $cluster->end_move($slot, $from, $to);
        return time;
    });

    finish($gateway, $cluster->nodes);
}


# The old address is gone before the name has the new one.
sub name {
    my $dns = Live::Dns->start($live);
    my $port = Live::free_port();
    my ($old, $new) = map { $live->redis(address => "127.0.0.$_",
                                         port => $port) } 1 .. 2;

    $dns->answers('redis.test' => ['127.0.0.1']);

    my $gateway = gateway("redis://redis.test:$port", extra =>
        'resolver 127.0.0.1:' . $dns->port . ' valid=1s ipv6=off;');

    fault($gateway, 'address changed', sub {
        $old->stop('KILL');
        sleep $bad;
        $dns->answers('redis.test' => ['127.0.0.2']);
        return time;
    });

    finish($gateway, $new);
}


# Redis reads its certificate again while it runs; only new connections see it.
sub certificate {
    my $authority = Live::Authority->new($live->folder . '/authority');
    my $good = $authority->issue('redis.test');
    my $expired = $authority->issue('redis.test', from => time - 7200,
                                    to => time - 3600);
    my $port = Live::free_port();
    my $redis = $live->redis(args => [
        '--tls-port', $port, '--tls-ca-cert-file', $authority->file,
        '--tls-cert-file', $good->{certificate}, '--tls-key-file',
        $good->{key}, '--tls-auth-clients', 'no',
        '--tls-session-caching', 'no']);

    my $gateway = gateway("rediss://127.0.0.1:$port ssl_name=redis.test"
                          . ' ssl_trusted_certificate=' . $authority->file);
    my $use = sub {
        my ($pair) = @_;
        my $admin = Violet::Redis->new($redis->port);

        is($admin->call('CONFIG', 'SET', 'tls-cert-file',
                        $pair->{certificate}, 'tls-key-file', $pair->{key}),
           'OK', 'certificate expired: Redis has another certificate');
        $admin->call('CLIENT', 'KILL', 'TYPE', $_) for 'normal', 'pubsub';
    };

    fault($gateway, 'certificate expired', sub {
        $use->($expired);
        ok($live->wait_for(20, sub {
            $gateway->lines(qr/certificate has expired/)
        }), 'certificate expired: the log says so');
        sleep $bad;
        is($gateway->state =~ /HIT redis ok/ ? 1 : 0, 0,
           'certificate expired: Redis is not used');
        $use->($good);
        return time;
    });

    finish($gateway, $redis);
}
