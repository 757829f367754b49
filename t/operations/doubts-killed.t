#!/usr/bin/perl

# The worker of a submit is killed: the page of violet_status names the cart when
# the lease of its submit has ended, and says why.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Clock;
use Test::More;

my $live = Live->new(patient => 1);
my $mock = $live->mock;
my $clock = Live::Clock->new($live);
my $nginx = gateway();

my ($doubt, $killed) = (60302, 20050);
my $died = qr{<b>$killed</b>(?:(?!<b>).)*, its worker died}s;

# the page has a list as soon as one cart is in doubt
is(submit($doubt)->answer(60)->{status}, 502, 'a cart is in doubt');

$live->request($mock->port, "POST /_mock/delay?cart_submit/$killed=20",
               body => '');
submit($killed);
ok($live->wait_for(60, sub { reached() }), 'a submit is in flight');

my @old = $nginx->workers;
kill 'KILL', @old;
ok($nginx->wait_gone(60, @old) && $live->wait_for(60, sub { $nginx->workers }),
   'its worker is killed, and there is another one');

unlike(page(), qr{<b>$killed</b>}, 'while its lease lasts it is not in doubt');

$clock->count(120);
ok($live->wait_for(60, sub { page() =~ $died }),
   'then the page names it, and says that its worker died') or diag(page());
unlike(page() =~ s/$died//r, qr/its worker died/, 'and no other one');
is(reached(), 1, 'Violet was asked once');

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub gateway {
    my $http = $live->violet_http($mock, $mock) =~ s{violet_redis .*}{}r;

    return $live->nginx(workers => 1, clock => $clock, http => $http,
                        server => $live->violet_location
                                  . 'location = /status { violet_status; }');
}


sub submit {
    my ($cart) = @_;

    my $client = $live->client($nginx->port);

    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}'));

    return $client;
}


sub reached {
    return $live->mock_counts($mock)->{"cart_submit/$killed"} || 0;
}


sub page {
    return $live->request($nginx->port, 'GET /status?format=html')->{body};
}
