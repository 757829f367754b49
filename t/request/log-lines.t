#!/usr/bin/perl

# The error log of a running nginx: a lasting failure has one line a minute for
# each app and cause; a submit has one line, however it ends, with the request
# id that the caller got.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Clock;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $clock = Live::Clock->new($live);
my $nginx = $live->nginx(clock => $clock,
                         http => $live->violet_http($redis, $mock, <<'END'),
    violet_app other {
        app_id      10000;
        app_secret  mock-app-secret;
        token       old-token;
    }
END
                         server => $live->violet_location . <<'END');
    location /unguarded/v1/ {
        violet shop;
        proxy_pass http://violet_api/v1/;
        violet_submit_guard off;
    }

    location /other/v1/ {
        violet other;
        proxy_pass http://violet_api/v1/;
    }
END

told_once_a_minute();
each_app_by_itself();
ids_that_callers_are_told();
stopped_at_once();

$live->check_logs;
done_testing();


sub lines {
    my ($regex) = @_;

    return scalar(() = $nginx->error_log =~ /$regex/g);
}


sub get {
    my ($path) = @_;

    return $live->request($nginx->port, "GET $path")->{status};
}


sub told_once_a_minute {
    my $words = qr/violet: Violet answers requests of app "shop" for/;

    is(get("/v1/operations/connection_health/5000$_"), 502, "$_ fails")
        for 1 .. 3;
    is(lines($words), 1, 'three failures have one line');

    $clock->count(50);
    get('/v1/operations/connection_health/50004');
    is(lines($words), 1, 'after 50 s there is still one');

    $clock->count(61);
    get('/v1/operations/connection_health/50005');
    is(lines($words), 2, 'after a minute there is another one');

    is(get('/v1/operations/connection_health/42901'), 429, 'another cause');
    is(lines(qr/violet: Violet limits the requests of app "shop"/), 1,
       'the other cause has a line of its own');
}


sub each_app_by_itself {
    is(get('/other/v1/merchants'), 401, 'a token that is refused') for 1 .. 3;
    is(lines(qr/app "other" with status 401/), 1,
       'the refused token has one line');

    is(get('/v1/operations/connection_health/40101'), 401, 'of another app');
    is(lines(qr/app "shop" with status 401/), 1, 'the other app has its line');
}


# Submits that are answered, or held back by the guard.
sub ids_that_callers_are_told {
    for my $cart (40001, 20701, 50002, 50002, 60001) {
        my $answer = submit($cart);
        my $id = JSON::PP::decode_json($answer->{body})->{request_id};

        like($id, qr/^[0-9a-f]{32}$/, "cart $cart: the problem has an id");
        is(lines(qr/submit of cart $cart.*, id: $id, /), 1,
           "cart $cart: its line has the same id");
    }
}


sub submit {
    my ($cart) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{}');
}


# SIGTERM ends nginx at once.  The mock never answers the submit of this cart.
sub stopped_at_once {
    my @clients = map { $live->client($nginx->port) } 1 .. 3;

    $clients[0]->send(Live::Client::request_bytes(
        'POST /v1/checkout/cart/60240/submit', body => '{}'));
    $clients[1]->send(Live::Client::request_bytes(
        'POST /unguarded/v1/checkout/cart/60240/submit', body => '{}'));
    $clients[2]->send(Live::Client::request_bytes(
        'POST /v1/orders', body => '{"app_order_id":60240}'));

    ok($live->wait_for(20, sub {
        my $counts = $live->mock_counts($mock);
        return ($counts->{'cart_submit/60240'} || 0) == 2
               && $counts->{order_create};
    }), 'stopped: three submits are in flight');

    is(submit(20001)->{status}, 200, 'stopped: another submit has ended');

    $nginx->stop;

    is(lines(qr/submit of cart 60240: unknown, the worker was told to stop before Violet answered, .*, id: [0-9a-f]{32}, /),
       2, 'stopped: the submits in flight have a line');
    for my $advice ('submit it again, the gateway reads the cart first',
                    'read the cart before it is submitted again',
                    'look in Violet for the order before it is sent again') {
        is(lines(qr/told to stop before Violet answered, app "shop": \Q$advice\E/),
           1, "stopped: $advice");
    }
    is(lines(qr/submit of cart 20001: completed/), 1,
       'stopped: the ended submit has its line');
    is(lines(qr/submit of cart 20001: unknown/), 0,
       'stopped: the ended submit has no other line');
}
