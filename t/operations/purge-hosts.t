#!/usr/bin/perl

# violet_purge on several hosts, and while a report is being fetched: what is
# dropped is dropped everywhere, and a fetch under way does not restore it.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep);

my $live = Live->new;
my $health = Live::Health->new($live);

fetch_under_way('with Redis', 20001, '');
fetch_under_way('a refresh', 20002, '?refresh=true');
fetch_under_way('without Redis', 20003, '', redis => '');
other_host();
submit_on_both_hosts();

$live->check_logs;
done_testing();


sub gateway {
    return $health->gateway(
        workers => 2, @_, more => 'location = /purge { violet_purge shop; }');
}


sub purge {
    my ($nginx, $args) = @_;

    return $live->request($nginx->port, "POST /purge?$args HTTP/1.0\r\n\r\n");
}


# The answer takes longer than a lease that is not renewed.  The mock
# calculates another report for the reader after the purge.
sub fetch_under_way {
    my ($title, $merchant, $args, %option) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = gateway(%option, workers => 1);
    my $before = $health->reached($name);

    $health->control("delay?$name=5");
    my $client = $health->ask($nginx, "$merchant$args");
    ok($health->reaches($name, $before + 1), "$title: a fetch is under way");
    $health->control("delay?$name=0");

    purge($nginx, "merchant_id=$merchant");
    $health->control('forget');

    my $new = $health->get($nginx, $merchant);

    $health->control('forget');

    is($health->reached($name), $before + 2, "$title: a reader asks anew");
    like($new->{cache}, qr/fwd=uri-miss; stored/, "$title: and does not wait");

    my $old = $health->answer($client, 60);

    is($old->{status}, 200, "$title: the request that waited gets the answer");
    isnt($old->{revision}, $new->{revision}, "$title: of the other fetch");
    is($health->get($nginx, $merchant)->{revision}, $new->{revision},
       "$title: which is not stored");
    $nginx->stop;
}


sub other_host {
    my $one = gateway();
    my $other = gateway();

    $health->in_memory('both hosts', 20011, $one, $other);
    is(purge($one, 'merchant_id=20011')->{status}, 200, 'a purge at one host');
    $health->becomes('the other one asks Violet', $other, 20011,
                     qr/fwd=uri-miss; stored/);
    $_->stop for $one, $other;
}


sub submit_on_both_hosts {
    my $one = gateway();
    my $other = gateway();
    my $submit = sub {
        return $live->request($_[0]->port,
                              'POST /v1/checkout/cart/30000/submit HTTP/1.0'
                              . "\r\nContent-Length: 2\r\n\r\n{}")->{status};
    };
    my $sent = sub {
        return $live->mock_counts($health->mock)->{'cart_submit/30000'} || 0;
    };

    is($submit->($one), 200, 'a cart is submitted at one host');
    is($submit->($other), 200, 'and repeated at the other');
    is($sent->(), 1, 'it was sent once');
    is(purge($one, 'cart_id=30000')->{status}, 200, 'it is freed at the first');
    is($submit->($other), 200, 'and submitted at the other');
    is($sent->(), 2, 'it was sent again');
    is($submit->($one), 200, 'a repeat at the first');
    is($sent->(), 2, 'is a repeat');
    $_->stop for $one, $other;
}
