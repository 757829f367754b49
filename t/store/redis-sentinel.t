#!/usr/bin/perl

# Sentinel: the master is asked for, killed, frozen and replaced under a load
# of hits, misses and submits; sentinels end, know nothing or send anything.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Failover;
use Live::Sentinels;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $options = 'sentinel=shop connect_timeout=500ms timeout=200ms';

my $live = Live->new;
my $group = Live::Sentinels->start($live);
my $gateway = Live::Failover->new($live, redis => $group->urls . " $options");

$gateway->until_hits('at the start');
switched();
killed_and_back();
frozen();
sentinel_killed();
unknown_name();
no_sentinel();
hostile();
none_is_right();
one_is_wrong();
only_the_link_is_lost();
passwords();
down_at_the_start();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub link_follows {
    my ($title) = @_;

    my $master = $group->master;

    $gateway->link_follows($title, sub { $group->ask($master, @_) });
}


sub switched {
    link_follows('at the start');

    $gateway->under_load('failover', sub {
        my $now = $group->failover;
        my $well = time;

        ok($now, 'failover: another Redis is the master');
        ok($live->wait_for(20, sub {
            $gateway->lines(qr/Redis at 127\.0\.0\.1:${\ $now->port} is the master now, it was/)
        }), 'failover: the log names it');

        return $well;
    });

    link_follows('failover');

    is($gateway->lines(qr/is the master now, it was/), 1,
       'failover: one line for all workers');
}


# Kills the master; the time is that of the promotion.
sub kill_master {
    my $old = $group->master;

    $old->stop('KILL');
    ok($live->wait_for(60, sub { $group->master }),
       'a replica takes the place of a master that was killed');

    return $old;
}


sub killed_and_back {
    my $old;

    $gateway->under_load('killed', sub { $old = kill_master(); time });

    link_follows('killed');

    my $master = $group->master;

    $gateway->under_load('old master', sub {
        $old = $group->start_again($old);
        ok($live->wait_for(60, sub {
            my $role = $group->ask($old, 'ROLE');
            return ref $role eq 'ARRAY' && $role->[0] eq 'slave';
        }), 'old master: it is a replica now');
        time;
    });

    is($group->master, $master, 'old master: the new one is used');
}


# A frozen master thaws as a master and is told later that it is none.
sub frozen {
    my $old = $group->master;

    $gateway->under_load('frozen', sub {
        $old->pause;
        ok($live->wait_for(60, sub {
            my ($first) = $group->sentinels;
            my $named = $group->ask($first, 'SENTINEL',
                                    'GET-MASTER-ADDR-BY-NAME', 'shop');
            return ref $named eq 'ARRAY' && $named->[1] != $old->port;
        }), 'frozen: the sentinels name another master');
        my $well = time;
        $gateway->until_hits('frozen', $well);
        $old->resume;
        return $well;
    });

    $group->wait_known;
    link_follows('frozen');
}


sub sentinel_killed {
    my ($first, @others) = $group->sentinels;

    $gateway->under_load('a sentinel killed', sub {
        $first->stop('KILL');
        ok($group->failover($others[0]), 'a sentinel killed: a failover');
        time;
    });

    # the first URL is the one that is down
    my $nginx = $gateway->gateway(redis => $group->urls . " $options");

    $gateway->until_hits('a sentinel is down', 0, $nginx);
    ok($gateway->lines(qr/the sentinel at 127\.0\.0\.1:${\ $first->port} is not asked where the master is/, $nginx),
       'a sentinel is down: the log has a line');
}


sub serves {
    my ($title, $nginx) = @_;

    my @answers = $gateway->health->many($nginx, count => 20,
                                         what => sub { 1500000 + $_[0] });

    $gateway->health->all_are(200, $title, @answers);
    my @slow = grep { $_->{seconds} > 30 } @answers;
    ok(!@slow, "$title: no request waits");
}


# Sentinels that do not help: the log says why, and requests are answered.
sub useless {
    my ($title, $redis, $line) = @_;

    my $nginx = $gateway->gateway(redis => $redis);

    serves($title, $nginx);
    ok($nginx->wait_log($line, 30), "$title: the log says why")
        or diag($nginx->error_log);
    serves("$title, later", $nginx);
    cmp_ok($gateway->lines($line, $nginx), '<=', 2,
           "$title: one line for each worker");

    return $nginx;
}


sub unknown_name {
    useless('another name', $group->urls . ' sentinel=another',
            qr/it knows no master of the name in "sentinel="/);
}


sub no_sentinel {
    my $redis = $live->redis;

    useless('a Redis', 'redis://127.0.0.1:' . $redis->port
                       . ' sentinel=shop',
            qr/refused SENTINEL GET-MASTER-ADDR-BY-NAME: ERR unknown command/);
    useless('nothing', 'redis://127.0.0.1:' . Live::free_port()
                       . ' sentinel=shop', qr/it cannot be reached/);
}


# A sentinel that sends what it should not, before one that does not.
sub hostile {
    my $port = ($group->redis)[0]->port;
    my $bulk = sub { '$' . length($_[0]) . "\r\n$_[0]\r\n" };
    my $pair = sub { "*2\r\n" . $bulk->($_[0]) . $bulk->($_[1]) };

    my %bytes = (
        'a host with a line break' => $pair->("127.0.0.1\nx", $port),
        'no host'                  => $pair->('', $port),
        'a host of 1 MB'           => $pair->('a' x 1000000, $port),
        'no port'                  => $pair->('127.0.0.1', ''),
        'a port of 70000'          => $pair->('127.0.0.1', 70000),
        'three parts'              => "*3\r\n" . $bulk->(1) x 3,
        'numbers'                  => "*2\r\n:1\r\n:2\r\n",
        'a status'                 => "+OK\r\n",
        'arrays within arrays'     => "*1\r\n" x 100,
        'four billion elements'    => "*4000000000\r\n",
        'a string of 1 GB'         => "\$1073741824\r\n",
        'no protocol'              => "HTTP/1.1 400 Bad Request\r\n\r\n",
    );

    for my $title (sort keys %bytes) {
        my $fake = $live->fake(do => 'answer', keep => 1,
                               bytes => $bytes{$title});
        my $nginx = $gateway->gateway(
            redis => 'redis://127.0.0.1:' . $fake->port . ' '
                     . $group->urls . " $options");

        $gateway->until_hits($title, 0, $nginx);
        is($gateway->lines(qr/the sentinel at 127\.0\.0\.1:${\ $fake->port} (?:is not asked|refused)/, $nginx) > 0,
           1, "$title: a line in the log") or diag($nginx->error_log);
        $nginx->stop;
    }
}


# A sentinel that names this port.
sub names {
    my ($port) = @_;

    my $bulk = sub { '$' . length($_[0]) . "\r\n$_[0]\r\n" };

    return $live->fake(do => 'answer', keep => 1,
                       bytes => "*2\r\n" . $bulk->('127.0.0.1')
                                . $bulk->($port));
}


# Two sentinels that name two ports where nothing is: they are followed less and
# less often.
sub none_is_right {
    my @fakes = map { names(Live::free_port()) } 1 .. 2;
    my $begun = time;
    my $nginx = $gateway->gateway(redis =>
        join(' ', map { 'redis://127.0.0.1:' . $_->port } @fakes)
        . " $options");

    sleep 3;
    serves('none is right', $nginx);
    sleep 3;

    my $seconds = time - $begun;

    # 0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1 s, then one in 2 s
    cmp_ok($gateway->lines(qr/is the master now/, $nginx), '<=',
           2 * (5 + $seconds / 2),
           'none is right: few changes of each worker');

    # five a second of each worker
    cmp_ok($fakes[0]->connections + $fakes[1]->connections, '<=',
           5 * 2 * (time - $begun + 1), 'none is right: few questions');

    ok($live->wait_for(60, sub {
        $gateway->lines(qr{more changes of this minute}, $nginx) >= 1
    }), 'none is right: the last one says so') or diag($nginx->error_log);
    cmp_ok($gateway->lines(qr/is the master now/, $nginx), '<=',
           10 * (1 + int((time - $begun) / 60)),
           'none is right: no more lines of both workers in a minute');
}


# Of two sentinels one names a port where nothing is: the other one is asked
# from then on.
sub one_is_wrong {
    my ($right) = grep { $_->is_alive } $group->sentinels;
    my $wrong = names(Live::free_port());
    my $nginx = $gateway->gateway(redis =>
        join(' ', map { 'redis://127.0.0.1:' . $_->port } $wrong, $right)
        . " $options");

    $gateway->until_hits('one is wrong', 0, $nginx);
    sleep 3;
    cmp_ok($gateway->lines(qr/is the master now/, $nginx), '<=', 2 * 2,
           'one is wrong: the right master stays') or diag($nginx->error_log);
}


# The link finds no room in a Redis that answers commands: no other sentinel is
# asked for the master, so one that is wrong does no harm.
sub only_the_link_is_lost {
    my $redis = $live->redis;
    my ($right, $wrong) = (names($redis->port), names(Live::free_port()));
    my $nginx = $gateway->gateway(redis =>
        join(' ', map { 'redis://127.0.0.1:' . $_->port } $right, $wrong)
        . " $options");

    $gateway->until_hits('only the link is lost', 0, $nginx);

    my $admin = Violet::Redis->new($redis->port);
    my $linked = sub { $admin->call('CLIENT', 'LIST', 'TYPE', 'pubsub') ne '' };

    ok($live->wait_for(20, $linked), 'only the link is lost: it was there');
    sleep 1.5;

    my @clients = split /\n/, $admin->call('CLIENT', 'LIST');
    $admin->call('CONFIG', 'SET', 'maxclients', scalar @clients);
    $admin->call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    my $other = Violet::Redis->new($redis->port);

    my ($before, @states) = ($gateway->lines(qr/is the master now/, $nginx));

    for (1 .. 30) {
        push @states, $gateway->state($nginx);
        sleep 0.1;
    }

    ok(!$linked->(), 'only the link is lost: it does not come back');
    is($gateway->lines(qr/is the master now/, $nginx), $before,
       'only the link is lost: the master stays');
    is((grep { / open$/ } @states), 0,
       'only the link is lost: Redis is used for all requests');
}


sub passwords {
    my $secret = 'm0st-secret';
    my $guarded = Live::Sentinels->start($live, password => $secret,
                                         replicas => 0, sentinels => 2);

    my $right = $gateway->gateway(redis => $guarded->urls . " $options "
                                           . "sentinel_password=$secret");
    $gateway->until_hits('a password', 0, $right);

    my $wrong = useless('a wrong password', $guarded->urls
                        . " $options sentinel_password=${secret}x",
                        qr/refused AUTH: WRONGPASS/);
    my $none = useless('no password', $guarded->urls . " $options",
                       qr/refused SENTINEL [A-Z-]+: NOAUTH/);

    unlike($_->error_log, qr/\Q$secret/, 'no password is in the log')
        for $right, $wrong, $none;
}


# nginx starts before its sentinels.
sub down_at_the_start {
    my $port = Live::free_port();
    my $nginx = $gateway->gateway(
        redis => "redis://127.0.0.1:$port $options");

    serves('sentinels later', $nginx);

    my $master = $group->master;
    local $group->{sentinels} = 1;
    $group->sentinel($master->port, $port);

    $gateway->until_hits('sentinels later', 0, $nginx);
}
