#!/usr/bin/perl

# Reloads and upgrades of the binary under load, with Redis and without it, and
# a master that is killed: no request fails, no cart is sent twice, and neither
# descriptors of the master nor old workers are left.
#
#     TORTURE_RELOADS=200 TORTURE_UPGRADES=5   how many, each with and without
#                                              Redis
#     TORTURE_QUICK=1                          some of them

use strict;
use warnings;

use Cwd ();
use FindBin;
use lib "$FindBin::Bin/../lib";

use Live;
use Live::Health;
use Live::Load;
use Test::More;
use Time::HiRes qw(sleep time);

my $quick = $ENV{TORTURE_QUICK};
my $reloads = $ENV{TORTURE_RELOADS} || ($quick ? 8 : 200);
my $upgrades = $ENV{TORTURE_UPGRADES} || ($quick ? 1 : 5);

# requests a second; the numbers of merchants and carts of a load
my $rate = 40;
my $merchant = 100000;
my $cart = 1000000;

chdir "$FindBin::Bin/../.." or die "$!\n";
$| = 1;

my $live = Live->new;
my $health = Live::Health->new($live);

for my $redis (1, 0) {
    my $with = $redis ? 'with Redis' : 'without Redis';

    under_load("$reloads reloads $with", gateway($redis), \&reload, $reloads);
    under_load("$upgrades upgrades $with", gateway($redis), \&upgrade,
               $upgrades);
}

master_killed();

$live->check_logs(qr/exited on signal 9/, qr/still could not bind/);
done_testing();


sub gateway {
    my ($redis) = @_;

    return $health->gateway(orphan => 1,
        redis => $redis ? 'redis://127.0.0.1:' . $health->redis->port : '',
        main => 'env ASAN_OPTIONS; env UBSAN_OPTIONS;',
        lines => 'violet_refresh_limit off;');
}


# Half of the requests are hits, the others misses, streamed requests and
# submits, each of a merchant or cart of its own.
sub under_load {
    my ($title, $nginx, $act, $times) = @_;

    my ($first_merchant, $first_cart) = ($merchant, $cart);
    $merchant += 1_000_000;
    $cart += 1_000_000;

    $health->get($nginx, 42);

    my $before = descriptors($nginx->pid);
    my $load = Live::Load->start($live, port => $nginx->port, rate => $rate,
        request => sub {
            my ($n) = @_;
            return $health->path(42) if $n % 2;
            return $health->path($first_merchant + $n) if $n % 8 == 0;
            return "GET /v1/merchants/$n" if $n % 8 == 2;
            return 'POST /v1/checkout/cart/' . ($first_cart + $n)
                   . "/submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                   . "Content-Length: 2\r\n\r\n{}";
        });

    my @failed = grep { !$act->($nginx) } 1 .. $times;
    my @answers = $load->stop;
    my @bad = grep { $_->{error} || $_->{status} != 200 } @answers;

    is(scalar @failed, 0, "$title: each has an end");
    cmp_ok(scalar @answers, '>', $times, "$title: there is a load");
    is(scalar @bad, 0, "$title: none of " . @answers . ' requests fails')
        or diag(join "\n", map { "$_->{status} $_->{error}" }
                               @bad[0 .. ($#bad > 4 ? 4 : $#bad)]);

    my $counts = $live->mock_counts($health->mock);
    my @twice = grep { m{^cart_submit/} && $counts->{$_} > 1 } keys %$counts;

    is("@twice", '', "$title: no cart is sent twice");
    ok($live->wait_for(20, sub { $nginx->workers == $nginx->{workers} }),
       "$title: no old worker is left");
    cmp_ok(descriptors($nginx->pid), '<=', $before + 2,
           "$title: the master has no more descriptors than before");
    diag("$title: " . @answers . ' requests, ' . @bad . ' failed');

    $nginx->stop;
    $health->control('reset');
}


sub descriptors {
    my ($pid) = @_;

    my @open = glob "/proc/$pid/fd/*";

    return scalar @open;
}


# Workers that still answer may live on; many of them would take the machine.
sub reload {
    my ($nginx) = @_;

    return 0 if !$nginx->reload(30);
    return $live->wait_for(30, sub { $nginx->workers <= 6 });
}


sub upgrade {
    my ($nginx) = @_;

    my $old = $nginx->pid;
    my @workers = $nginx->workers;

    kill 'USR2', $old;
    $live->wait_for(30, sub {
        $nginx->pid && $nginx->pid != $old
            && $nginx->workers >= $nginx->{workers};
    }) or return 0;

    kill 'QUIT', $old;

    return $nginx->wait_gone(30, $old, @workers);
}


# The workers of a master that was killed go on.  A submit that is in flight
# ends, and a new nginx at another port, a host of its own, does not send the
# cart again.
sub master_killed {
    my $nginx = gateway(1);
    my ($master, @workers) = ($nginx->pid, $nginx->workers);
    my $id = ++$cart;

    $health->control("delay?cart_submit/$id=1");
    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$id/submit", body => '{}'));
    ok($health->reaches("cart_submit/$id"), 'master killed: a submit');

    kill 'KILL', $master;
    ok($nginx->wait_gone(10, $master), 'master killed: it is gone');

    my $answer = $client->answer(20);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'master killed: its submit ends');
    is($health->get($nginx, 42)->{status}, 200,
       'master killed: its workers answer');

    kill 'KILL', @workers;
    ok($nginx->wait_gone(10, @workers), 'master killed: they are killed, too');

    my $new = gateway(1);
    $answer = $live->request($new->port, "POST /v1/checkout/cart/$id/submit",
                             body => '{}', timeout => 20);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'master killed: a new nginx knows the outcome');
    is($health->reached("cart_submit/$id"), 1,
       'master killed: the cart was sent once');

    $nginx->process->stop;
    $new->stop;
}
