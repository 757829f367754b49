#!/usr/bin/perl

# Replies of Redis, of a node and of a sentinel that follow the protocol, but
# are no answers to the question: requests are answered, and the log says what
# was odd.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Cluster;
use Live::FakeNode;
use Live::Failover;
use IO::Socket::IP;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $url = 'redis://127.0.0.1:' . $redis->port;
my $gateway = Live::Failover->new($live, redis => $url);
my $patient = 'connect_timeout=20s timeout=20s';
my $bulk = \&Live::FakeNode::bulk;
my $list = \&Live::FakeNode::list;

# A merchant that is not asked for yet.
my $next = 1500000;

clocks();
notices();
notices_of_a_node();
many_keys();
lists_of_slots();
node_of_version_6();
no_second_answer();

$live->check_logs;
done_testing();


# A gateway over a fake with these replies: it answers, and says this.
sub says {
    my ($title, $line, $parameters, %reply) = @_;

    my $fake = Live::FakeNode->start($live, %reply);
    my $nginx = $gateway->gateway(redis => 'redis://127.0.0.1:' . $fake->port
                                           . " $patient $parameters");

    is($gateway->health->get($nginx, $next++)->{status}, 200,
       "$title: a request is answered");
    ok($nginx->wait_log($line, 30), "$title: a line in the log")
        or diag($nginx->error_log);

    $nginx->stop;
    $fake->stop;
}


# The first reply of the connection is well, the others are these bytes.
sub later {
    my ($name, $bytes) = @_;

    return ($name => sub {
        my ($its, @words) = @_;

        return $its->{alone} || $its->{seen}{$name} < 2
               ? Live::FakeNode::usual($its, @words) : $bytes;
    });
}


sub clocks {
    my $odd = qr/answered TIME with something else, closing the connection/;

    says('no time', $odd, '', later(TIME => ":1\r\n"));
    says('half a time', $odd, '', later(TIME => $list->($bulk->(1))));
    says('numbers for a time', $odd, '',
         later(TIME => $list->(":1\r\n", ":2\r\n")));
    says('no role', qr/answered HELLO with something else/, '',
         later(HELLO => "+OK\r\n"));
}


# These bytes only on the connection for notices.
sub link_gets {
    my ($name, $bytes) = @_;

    return ($name => sub {
        my ($its, @words) = @_;

        return $its->{alone} ? $bytes : Live::FakeNode::usual($its, @words);
    });
}


sub notices {
    my $odd = qr/notices of changed keys from Redis at .* are interrupted, it sent an unexpected reply/;
    my $channel = $bulk->($Live::FakeNode::channel);
    my $subscribed = $list->($bulk->('subscribe'), $channel, ":1\r\n");
    my $message = $bulk->('message');

    says('notices: AUTH', $odd, 'username=me password=secret',
         link_gets(AUTH => ":1\r\n"));
    says('notices: HELLO', $odd, '', link_gets(HELLO => "+OK\r\n"));
    says('notices: TRACKING', $odd, '', CLIENT => ":1\r\n");
    says('notices: another subscription', $odd, '', SUBSCRIBE =>
         $list->($bulk->('unsubscribe'), $channel, ":0\r\n"));

    my %after = (
        'a status'             => "+OK\r\n",
        'one part'             => $list->($message),
        'a number first'       => $list->(":1\r\n", $channel),
        'a pong'               => $list->($bulk->('pong'), $bulk->('')),
        'another message'      => $list->($bulk->('pmessage'), $channel,
                                          $list->()),
        'no keys'              => $list->($message, $channel),
        'a number for keys'    => $list->($message, $channel, ":1\r\n"),
        'a number among keys'  => $list->($message, $channel,
                                          $list->($bulk->('a'), ":1\r\n")),
    );

    says("notices: $_", $odd, '', SUBSCRIBE => $subscribed . $after{$_})
        for sort keys %after;
}


# "CLUSTER SLOTS" of a node that has them all, at this place.
sub slots {
    my ($host, $port, @more) = @_;

    return $list->($list->(":0\r\n", ":16383\r\n",
                           $list->($bulk->($host), ":$port\r\n"), @more));
}


# A node that names itself, with these replies.
sub says_as_node {
    my ($title, $line, %reply) = @_;

    my $port = Live::free_port();
    my $fake = Live::FakeNode->start($live, port => $port,
                                     CLUSTER => slots('127.0.0.1', $port),
                                     %reply);
    my $nginx = $gateway->gateway(redis => "redis://127.0.0.1:$port $patient cluster");

    is($gateway->health->get($nginx, $next++)->{status}, 200,
       "$title: a request is answered");
    ok($nginx->wait_log($line, 30), "$title: a line in the log")
        or diag($nginx->error_log);

    $nginx->stop;
    $fake->stop;
}


sub notices_of_a_node {
    says_as_node('notices: a value', qr/are interrupted, it sent an unexpected reply/,
                 link_gets(GET => $bulk->('a value')));
    says_as_node('notices: GET is refused', qr/refused GET: NOPERM/,
                 link_gets(GET => "-NOPERM this user has no permissions\r\n"));
    says_as_node('notices: the slot has moved', qr/is the master now, it was/,
                 link_gets(GET => "-MOVED 1 127.0.0.1:"
                                  . Live::free_port() . "\r\n"));
}


# More keys in one notice than are looked at stand for all keys.
sub many_keys {
    my $nginx = $gateway->gateway(redis => $url);
    my $health = $gateway->health;
    my $tier = sub { $health->get($nginx, 1400000)->{vars}{cache_tier} };

    ok($live->wait_for(30, sub {
        $health->get($nginx, 1400000, prefix => '/unread/');
        return $tier->() eq 'memory';
    }), 'many keys: a report is read from memory');

    my $set = 'for i = 1, 1100 do redis.call("SET", KEYS[1] .. i, 1) end';

    ok($live->wait_for(30, sub {
        Violet::Redis->new($redis->port)->call('EVAL', $set, 1,
                                               'violet:health:other:');
        return $tier->() eq 'redis';
    }), 'many keys: then it is read from Redis');
}


# What a node may send in place of a list of slots; the next node is asked.
sub lists_of_slots {
    my $node = node();
    my $port = $node->port;
    my $real = $list->($bulk->('127.0.0.1'), ":$port\r\n");
    my $range = sub { $list->($list->(@_)) };
    my @all = (":0\r\n", ":16383\r\n");

    my %useless = (
        'a status'             => "+OK\r\n",
        'statuses'             => $list->("+OK\r\n"),
        'two parts'            => $range->(@all),
        'words for slots'      => $range->($bulk->(0), $bulk->(16383), $real),
        'a word for the last'  => $range->(":0\r\n", $bulk->(16383), $real),
        'other slots'          => $range->(":0\r\n", ":0\r\n", $real),
        'a number for a node'  => $range->(@all, ":1\r\n"),
        'a node without port'  => $range->(@all, $list->($bulk->('a'))),
        'a word for a port'    => $range->(@all, $list->($bulk->('a'),
                                                         $bulk->(1))),
        'a number for a host'  => $range->(@all, $list->(":1\r\n", ":1\r\n")),
        'a port of 70000'      => $range->(@all, $list->($bulk->('127.0.0.1'),
                                                         ":70000\r\n")),
    );

    for my $title (sort keys %useless) {
        my $nginx = follows("a list of slots, $title", $port,
                            $useless{$title});
        ok($gateway->lines(qr/the node at \S+ is not asked where the master is, but the next one: (?:it sent no list of slots|no node has the slot)/, $nginx),
           "a list of slots, $title: the log says so")
            or diag($nginx->error_log);
        $nginx->stop;
    }

    # more nodes than are kept, and ranges that are none
    my $many = $list->($list->(@all, $real,
                               map { $list->($bulk->("10.0.0.$_"), ":1\r\n") }
                                   1 .. 40), "+OK\r\n");
    my $nginx = follows('a list of slots, 40 nodes', $port, $many);

    unlike($nginx->error_log, qr/\[error\]/,
           'a list of slots, 40 nodes: nothing failed');
    $nginx->stop;
}


# A gateway whose first node sends this, and whose second one is a real one.
sub follows {
    my ($title, $port, $slots) = @_;

    my $fake = Live::FakeNode->start($live, CLUSTER => $slots);
    my $nginx = $gateway->gateway(
        redis => 'redis://127.0.0.1:' . $fake->port
                 . " redis://127.0.0.1:$port cluster $patient");

    $gateway->until_hits($title, 0, $nginx);

    return $nginx;
}


# A cluster of one node, which has all slots.
sub node {
    my $node = $live->redis(args => ['--cluster-enabled', 'yes',
                                     '--cluster-port', Live::free_port()]);

    Live::Cluster->must($node, @$_)
        for ['ACL', 'SETUSER', 'default', '~{violet}:*', '+cluster|slots'],
            ['CLUSTER', 'ADDSLOTSRANGE', 0, 16383];

    $live->wait_for(30, sub {
        Live::Cluster->must($node, 'CLUSTER', 'INFO')
            =~ /^cluster_state:ok\r$/m;
    }) or die "the cluster of one node is not ready\n";

    return $node;
}


# A sentinel may name an address of version 6.
sub node_of_version_6 {
    SKIP: {
        skip 'there is no ::1 here', 1
            if !IO::Socket::IP->new(LocalHost => '::1', Listen => 1);

        my $six = $live->redis(args => ['--bind', '127.0.0.1', '::1']);
        my $sentinel = Live::FakeNode->start($live, SENTINEL =>
            $list->($bulk->('::1'), $bulk->($six->port)));
        my $nginx = $gateway->gateway(
            redis => 'redis://127.0.0.1:' . $sentinel->port
                     . ' sentinel=shop');

        $gateway->until_hits('an address of version 6', 0, $nginx);
        like($nginx->error_log, qr/Redis at \[?::1\]?:\d+ is the master now/,
             'an address of version 6: the log names it');
    }
}


# A sentinel that has answered once and then no more is left for the next one.
sub no_second_answer {
    my $named = $list->($bulk->('127.0.0.1'), $bulk->($redis->port));
    my $silent = Live::FakeNode->start($live, SENTINEL => sub {
        my ($its) = @_;

        return $its->{seen}{SENTINEL} < 2 ? $named : '';
    });
    my $other = Live::FakeNode->start($live, SENTINEL => $named);
    my $nginx = $gateway->gateway(
        redis => join(' ', map { 'redis://127.0.0.1:' . $_->port }
                               $silent, $other)
                 . ' sentinel=shop connect_timeout=300ms');

    ok($nginx->wait_log(qr/the sentinel at 127\.0\.0\.1:${\ $silent->port} is not asked where the master is, but the next one: it does not answer/, 30),
       'no second answer: the log says so') or diag($nginx->error_log);
    ok($live->wait_for(30, sub { $other->connections }),
       'no second answer: the other one is asked');
    $gateway->until_hits('no second answer', 0, $nginx);
}
