#!/usr/bin/perl

# Redis loses its data: once for several workers, twice within a second, before
# the host's time of day is set, and while the host's memory is full.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $live = Live->new;
my $mock = $live->mock;
my $mark = 'violet:submit:mark';
my $lost = qr/may have lost some/;
my $cart = 1_000_000;

one_mark_of_a_loss();
emptied_twice();
clock_of_host_set();
claim_without_memory();

$live->check_logs;
done_testing();


sub gateway {
    my ($redis, %option) = @_;

    my $http = $live->violet_http($redis, $mock);

    $http =~ s{/0;}{/0 timeout=10s;} if delete $option{patient};

    return $live->nginx(workers => 1, http => $http,
                        server => $live->violet_location, %option);
}


sub submit {
    my ($nginx, $id) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$id/submit",
                          body => '{}', timeout => 30);
}


sub losses {
    my ($nginx) = @_;

    return scalar(() = $nginx->error_log =~ /$lost/g);
}


# All workers of a host hear of the loss at once: Redis had stopped.  Another
# gateway that never knew Redis has written a mark which says nothing of it.
sub one_mark_of_a_loss {
    my $title = 'a loss that four workers see';
    my $redis = $live->redis;
    my $relay = $live->relay($redis->port);
    my $nginx = gateway($relay, workers => 4, patient => 1);
    my $admin = Violet::Redis->new($redis->port);

    submit($nginx, ++$cart) for 1 .. 20;
    sleep 1.5;    # each worker has asked

    my $watcher = $live->process('monitor', 'redis-cli', '-p', $redis->port,
                                 qw(--user admin --pass admin --no-auth-warning
                                    MONITOR));
    $live->wait_for(10, sub { $watcher->output =~ /^OK/ })
        or die "no MONITOR\n";

    $relay->mode('stall all');
    sleep 1.5;
    $admin->call('FLUSHALL');
    $admin->call('SET', $mark, '0123456789abcdef');
    $relay->mode('pass');

    ok($live->wait_for(30, sub {
        ($admin->call('GET', $mark) // '') =~ /^l/
    }), "$title: it is marked");
    sleep 3;

    my %marks = map { $_ => 1 }
                $watcher->output =~ /"SET" "\Q$mark\E" "(l\w+)"/gi;
    is(scalar keys %marks, 1, "$title: by one mark");
    is(losses($nginx), 1, "$title: it is one loss");
    $_->stop for $watcher, $nginx, $relay, $redis;
}


# What a host has told Redis since the first loss is lost by the second one.
sub emptied_twice {
    my $title = 'emptied twice';
    my $redis = $live->redis;
    my $one = gateway($redis);
    my $admin = Violet::Redis->new($redis->port);
    my $id = $cart + 10;
    my $there = sub {
        $admin->call('EXISTS', "violet:submit:violet_api:10000:$id");
    };

    submit($one, ++$cart);
    sleep 1.5;    # it has asked
    $admin->call('FLUSHALL');
    ok($live->wait_for(30, sub { losses($one) }), "$title: the first is seen");
    is(submit($one, $id)->{status}, 200, "$title: a cart is ordered");
    ok($there->(), "$title: and is in Redis");
    sleep 0.3;
    $admin->call('FLUSHALL');

    ok($live->wait_for(30, $there), "$title: it is written again");

    my $two = gateway($redis);
    is(submit($two, $id)->{headers}{'x-violet-submit-replayed'}, 'true',
       "$title: the other host knows it");
    $cart = $id;
    $_->stop for $one, $two, $redis;
}


sub clock_of_host_set {
    my $title = 'the time of day goes an hour ahead after a loss';
    my $redis = $live->redis;
    my $relay = $live->relay($redis->port);
    my $clock = Live::Clock->new($live);
    my $one = gateway($relay, clock => $clock);
    my $two = gateway($redis);
    my $admin = Violet::Redis->new($redis->port);

    submit($_, ++$cart) for $one, $two;
    $admin->call('FLUSHALL');
    ok($live->wait_for(30, sub { losses($_) == 1 }), "$title: it is seen")
        for $one, $two;
    sleep 2.2;

    my $before = $admin->call('GET', $mark);
    like($before, qr/^l/, "$title: it is marked");

    $clock->day(3600);
    kill 'ALRM', $one->workers;
    $relay->mode('cut all');
    sleep 0.5;
    $relay->mode('pass');

    ok($live->wait_for(30, sub {
        submit($one, ++$cart);
        $admin->call('EXISTS', "violet:submit:violet_api:10000:$cart");
    }), "$title: Redis is asked again");
    sleep 2.2;

    is($admin->call('GET', $mark), $before, "$title: no other mark");
    is(losses($_), 1, "$title: no other loss") for $one, $two;
    $_->stop for $one, $two, $relay, $redis;
}


# The zone has no room for the claim, Redis has, and then nothing is sent.
sub claim_without_memory {
    my $title = 'memory is full';
    my $redis = $live->redis;
    my $admin = Violet::Redis->new($redis->port);
    my $nginx = $live->nginx(workers => 1,
        http => $live->violet_http($redis, $mock, 'violet_zone 64k;'),
        server => $live->violet_location(
            'violet_submit_guard on without_redis=refuse;'));
    my $state = sub { $live->submit_state($redis, $cart) };

    $live->request($mock->port, 'POST /_mock/fault?cart_submit=603',
                   body => '');
    submit($nginx, ++$cart) for 1 .. 250;
    $live->request($mock->port, 'POST /_mock/fault?cart_submit=0', body => '');

    $admin->call('FLUSHALL');
    is(submit($nginx, ++$cart)->{status}, 503, "$title: a cart is refused");
    ok($live->wait_for(20, sub { $state->() eq 'failed' }),
       "$title: its claim is taken back") or diag($state->());
    is($live->mock_counts($mock)->{"cart_submit/$cart"} || 0, 0,
       "$title: nothing was sent");
    $_->stop for $nginx, $redis;
}
