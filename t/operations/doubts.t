#!/usr/bin/perl

# The page of violet_status names the carts in doubt, each with its app: not the
# submits that are under way, and not those that ended.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $mock = $live->mock;
my $nginx = gateway();

submit('first', 20001);
submit('second', 60301);
submit('first', 60302);
submit('second', 60303);

like(page(), qr/\b60301\b/, 'a cart of the second app is named');
like(page(), qr/\b60302\b/, 'and one of the first');
unlike(page(), qr/\b20001\b/, 'and none that was ordered');

under_way();
many();

$live->check_logs;
done_testing();


sub gateway {
    my $location = sub {
        my ($app) = @_;
        return "location /$app/v1/ { violet $app; proxy_http_version 1.1;"
               . ' proxy_pass http://violet_api/v1/; }';
    };
    my $app = sub {
        my ($name) = @_;
        return "violet_app $name { app_id 10000; environment $name;"
               . ' app_secret mock-app-secret; token mock-token; }';
    };

    return $live->nginx(
        workers => 1,
        http => $app->('first') . $app->('second')
                . $app->('third')
                . 'upstream violet_api { server 127.0.0.1:' . $mock->port
                . ' max_fails=0; }',
        server => join('', map { $location->($_) } qw(first second third))
                  . 'location = /status { violet_status; }');
}


sub submit {
    my ($app, $cart) = @_;

    return $live->request($nginx->port,
                          "POST /$app/v1/checkout/cart/$cart/submit",
                          body => '{}', timeout => 60);
}


sub page {
    return $live->request($nginx->port, 'GET /status?format=html')->{body};
}


# Violet works for a second on it.
sub under_way {
    my $client = $live->client($nginx->port);
    my $cart = 21601;

    $client->send(Live::Client::request_bytes(
        "POST /third/v1/checkout/cart/$cart/submit", body => '{}'));

    ok($live->wait_for(60, sub {
        $live->mock_counts($mock)->{"cart_submit/$cart"};
    }), 'a submit is under way');
    unlike(page(), qr/\b$cart\b/, 'it is not in doubt');
    is($client->answer(60)->{status}, 200, 'and it ends well');
}


# The page has room for the oldest ones.
sub many {
    submit('third', $_) for 60310 .. 60360;

    my $page = page();

    like($page, qr/\b60301\b/, 'of many the oldest one is named');
    unlike($page, qr/\b60360\b/, 'and the newest one is not');
}
