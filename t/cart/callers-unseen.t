#!/usr/bin/perl

# A kernel that does not tell epoll that a caller has left (nginx tries it when a
# worker starts; here this fails): the module asks the caller's socket instead.
# A connection of HTTP/2 that is open says nothing.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Faults;
use Test::More;

my $live = Live->new(patient => 1);
my $faults = Live::Faults->new($live);
my $mock = $live->mock;
my $h2_port = Live::free_port();

$faults->fail('child', 'socket', 1);

my $nginx = gateway();
my $port = $nginx->port;

ok($live->wait_for(60, sub { $faults->failed }), 'the worker cannot try it');
$faults->disarm;
ok($nginx->wait_log(qr/socketpair\(\) failed/), 'and nginx says so');

leaves('a caller who closes', 21601, 'close');
leaves('a caller who resets', 21602, 'reset');
stays('a caller who waits', 20001);
stays('a caller who sends more', 20002, "\r\n");
by_http2();

$live->check_logs(qr/socketpair\(\) failed/);
done_testing();


sub gateway {
    return $live->nginx(
        workers => 1, faults => $faults,
        http => $live->violet_http($live->redis, $mock),
        server => "listen 127.0.0.1:$h2_port http2;"
                  . $live->violet_location);
}


sub bytes {
    my ($cart) = @_;

    return Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{"a":"b"}',
        headers => {Connection => undef});
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}


# The line of the log about a submit.
sub line {
    my ($cart) = @_;

    $nginx->wait_log(qr/submit of cart $cart: /);

    return (grep { /submit of cart $cart: / }
            split /\n/, $nginx->error_log)[0] // '';
}


sub leaves {
    my ($title, $cart, $how) = @_;

    my $client = $live->client($port);

    $client->send(bytes($cart));
    ok($live->wait_for(60, sub { reached($cart) }), "$title: Violet is asked");
    $client->$how;

    like(line($cart), qr/completed,.* did not wait for it/,
         "$title: the log says that it has left");
}


sub stays {
    my ($title, $cart, $more) = @_;

    my $client = $live->client($port);

    $client->send(bytes($cart) . ($more || ''));
    is($client->answer(60)->{status}, 200, "$title: it gets its answer");
    like(line($cart), qr/completed,/, "$title: the outcome is logged");
    unlike(line($cart), qr/did not wait/, "$title: and no more than that");
}


sub by_http2 {
    my $cart = 20003;
    my $status = `curl -s -o /dev/null -w '%{http_code}' -d '{}' \\
        --http2-prior-knowledge \\
        http://127.0.0.1:$h2_port/v1/checkout/cart/$cart/submit`;

    is($status, 200, 'HTTP/2: the caller gets its answer');
    unlike(line($cart), qr/did not wait/, 'HTTP/2: the log says no more');
}
