#!/usr/bin/perl

# A report or a list is dropped while a plain read of it is under way.  The read
# began before the drop, so its answer goes to the requests that wait for it and
# is not stored, also if it comes after its lease in Redis has ended.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep);

# seconds of a slow answer; a lease that is not renewed lasts 3 s
my $slow = 6;

my $live = Live->new;
my $health = Live::Health->new($live);

merchant_who_left('without a report', 20001, '');
merchant_who_left('with a report', 20002, 'report');
merchant_who_left('without Redis', 20003, '', redis => '');
list_of_before_a_refresh('with Redis');
list_of_before_a_refresh('without Redis', redis => '');

$live->check_logs;
done_testing();


# Makes the next answers of a route or of one id slow, and starts a read.
sub slow_read {
    my ($nginx, $what, $name) = @_;

    my $before = $health->reached($name);

    $health->control("delay?$name=$slow");
    my $client = $health->ask($nginx, $what);
    ok($health->reaches($name, $before + 1), "a slow read of $name");
    $health->control("delay?$name=0");

    return $client;
}


sub merchant_who_left {
    my ($title, $merchant, $known, %option) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = $health->gateway(
        workers => 1, %option,
        lines => 'violet_health_ttl 1s; violet_health_stale 1h;');

    if ($known) {
        $health->get($nginx, $merchant);
        sleep 1.1;
    }

    my $client = slow_read($nginx, $merchant, $name);

    $health->control("fault?$name=404");
    is($health->get($nginx, "$merchant?refresh=true")->{status}, 404,
       "$title: the merchant has left");

    my $got = $health->answer($client, 60);

    is($got->{status}, 200, "$title: the request that waited gets the answer");
    is($got->{cache}, 'violet; fwd=' . ($known ? 'stale' : 'uri-miss'),
       "$title: it is not stored");
    is($health->get($nginx, $merchant)->{status}, 404,
       "$title: the merchant is not ready");
    $nginx->stop;
}


sub list_of_before_a_refresh {
    my ($title, %option) = @_;

    my $nginx = $health->gateway(workers => 1, %option,
                                 lines => 'violet_refresh_limit off;');

    $health->command('FLUSHALL');

    my $client = slow_read($nginx, '', 'connection_health_list');

    is($health->get($nginx, '20010?refresh=true')->{status}, 200,
       "$title: a refresh");
    is($health->answer($client, 60)->{cache}, 'violet; fwd=uri-miss',
       "$title: the list from before the drop is not stored");

    # a stored list is dropped while no read is under way
    $health->get($nginx, '') for 1 .. 2;
    $health->get($nginx, '20010?refresh=true');

    is($health->get($nginx, '')->{cache}, 'violet; fwd=uri-miss; stored',
       "$title: the next list is stored");
    $nginx->stop;
}
