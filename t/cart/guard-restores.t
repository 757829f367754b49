#!/usr/bin/perl

# Redis is emptied, and a host with many records writes them again: each record
# once, and those of POST orders first, since another host cannot read them from
# Violet; also those that were just made, those for which Redis did not answer
# at first, and those that a killed worker had not written yet.  The host has
# one worker: on a busy machine two workers may write the same record, which
# does no harm.

use strict;
use warnings;

use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $carts = 800;
my $orders = 20;
my $fresh = 20;
my $marks = 0;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $ways = $live->folder . '/ways';
mkdir $ways or die "$ways: $!\n";
my $nginx = $live->nginx(workers => 1, server => $live->violet_location,
                         http => $live->violet_http($live->fake(do => \&way),
                                                    $mock));
my $command = Violet::Redis->new($redis->port);

submit($_) for 0 .. $carts / 40 - 1;
order($_) for 1 .. $orders;
is($command->call('DBSIZE'), $carts + $orders + 1, 'Redis has all records');

# what was just written is left to who wrote it
sleep 3.2;

my $watcher = $live->process('monitor', 'redis-cli', '-p', $redis->port,
                             qw(--user admin --pass admin --no-auth-warning
                                MONITOR));
$live->wait_for(10, sub { $watcher->output =~ /^OK/ }) or die "no MONITOR\n";

emptied();
silent();
killed();
carts_alone();

$live->check_logs(qr/exited on signal 9/);
done_testing();


# Some orders were made a moment before.
sub emptied {
    order($_) for $orders + 1 .. $orders + $fresh;
    from_now();
    $command->call('FLUSHALL');
    written_again('emptied');
    sleep 2;

    my @written = written();

    cmp_ok(scalar @written, '>=', $carts + $orders, 'emptied: by scripts');
    cmp_ok(scalar @written, '<', 1.5 * ($carts + $orders + $fresh),
           'emptied: each of them about once');
    orders_first('emptied', @written);
}


# It is emptied, and the connection is closed at records of orders, twice.
sub silent {
    put("$ways/$_") for 1, 2;
    from_now();
    $command->call('FLUSHALL');
    written_again('silent');
    ok(!-e "$ways/$_", "silent: the connection was closed, $_") for 1, 2;
    orders_first('silent', written());
}


# The worker is killed at its first record of an order.
sub killed {
    my ($worker) = $nginx->workers;

    put("$ways/kill", $worker);
    from_now();
    $command->call('FLUSHALL');
    written_again('killed');
    ok(!-e "$ways/kill", 'killed: the worker is another one');
    orders_first('killed', written());
}


# A host without a POST order writes its carts again as well, and soon: it looks
# by itself only once in a minute.
sub carts_alone {
    my $store = $live->redis;
    my $records = Violet::Redis->new($store->port);
    my $host = $live->nginx(workers => 1, server => $live->violet_location,
                            http => $live->violet_http($store, $mock));

    $live->request($host->port, "POST /v1/checkout/cart/$_/submit",
                   body => '{}') for 6_100_000 .. 6_100_004;
    ok($live->wait_for(10, sub { $records->call('DBSIZE') == 6 }),
       'carts alone: Redis has their records');
    $records->call('FLUSHALL');
    ok($live->wait_for(20, sub { $records->call('DBSIZE') == 6 }),
       'carts alone: written again');
    $host->stop;
}


# A way to Redis that ends at a record of an order, once for each file; the file
# "kill" has the pid of a worker that ends with it.
sub way {
    my ($gateway) = @_;

    my $server = IO::Socket::INET->new('127.0.0.1:' . $redis->port) or return;
    my $select = IO::Select->new($gateway, $server);

    while (my @ready = $select->can_read) {
        for my $from (@ready) {
            sysread $from, my $bytes, 65536 or return;
            return if $from == $gateway && $bytes =~ /:key:/ && ends();

            syswrite $from == $gateway ? $server : $gateway, $bytes;
        }
    }
}


sub ends {
    if (open my $in, '<', "$ways/kill") {
        kill 'KILL', <$in>;
        return unlink "$ways/kill";
    }

    return unlink("$ways/1") || unlink "$ways/2";
}


sub put {
    my ($file, $text) = @_;

    open my $out, '>', "$file.new" or die "$file: $!\n";
    print $out $text // '';
    close $out or die "$file: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}


sub written_again {
    my ($title) = @_;

    ok($live->wait_for(120, sub {
        $command->call('DBSIZE') == $carts + $orders + $fresh + 1;
    }), "$title: all are written again");
}


# What the monitor has seen so far does not count.
sub from_now {
    $command->call('ECHO', 'mark ' . ++$marks);
    $live->wait_for(10, sub { $watcher->output =~ /"mark $marks"/ })
        or die "no mark\n";
}


# The keys that were written, in their order.
sub written {
    my ($since) = $watcher->output =~ /"mark $marks"(.*)/s;

    return grep { !/mark$/ }
           $since =~ /"(?:EVALSHA|EVAL)".*?"(violet:submit:[^"]*)"/gi;
}


sub orders_first {
    my ($title, @written) = @_;

    my $last = (grep { $written[$_] =~ /:key:/ } 0 .. $#written)[-1];

    cmp_ok($last, '<', $carts / 4, "$title: orders first");
}


sub submit {
    my ($part) = @_;

    my @clients = map {
        my $client = $live->client($nginx->port);
        $client->send(Live::Client::request_bytes(
            'POST /v1/checkout/cart/' . (6_000_000 + 40 * $part + $_)
            . '/submit', body => '{}'));
        $client;
    } 0 .. 39;

    $_->answer(30) for @clients;
}


sub order {
    my ($n) = @_;

    $live->request($nginx->port, 'POST /v1/orders',
                   body => qq({"app_order_id":"$n"}),
                   headers => {'Idempotency-Key' => "order-$n"});
}
