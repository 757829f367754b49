#!/usr/bin/perl

# A reload takes an app away whose carts are in doubt, and a later one brings it
# back.  Meanwhile the page of violet_status names the other app's carts only,
# and Redis, which has lost its data, is told all records: also those of the app
# that is gone.  No cart is sent again.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $admin = Violet::Redis->new($redis->port);
my $nginx = $live->nginx(workers => 1, configuration('first', 'second'));

# Violet closes the connection before it answers: nobody knows what it did
my %cart = (first => 60302, second => 60304);

is(outcome($_), '502 unknown', "$_: a cart is in doubt") for qw(first second);
is(named(), 'first second', 'the page names both');

with('first');
is(named(), 'first', 'without the second app the page names the first alone');

$admin->call('FLUSHALL');
ok($live->wait_for(60, sub { stored('first') && stored('second') }),
   'Redis has lost its data, and is told the records of both apps');

with('first', 'second');
is(named(), 'first second', 'the app is back, and so is its cart');
is(outcome($_), '409 unknown', "$_: it is not sent again") for sort keys %cart;
is($live->mock_counts($mock)->{"cart_submit/$cart{$_}"}, 1,
   "$_: Violet was asked once") for sort keys %cart;

$live->check_logs;
done_testing();


sub configuration {
    my (@apps) = @_;

    my $http = 'violet_redis redis://127.0.0.1:' . $redis->port . '/0;'
               . ' upstream violet_api { server 127.0.0.1:' . $mock->port
               . ' max_fails=0; }';
    my $server = 'location = /status { violet_status; }';

    for my $app (@apps) {
        $http .= "violet_app $app { app_id 10000; environment $app;"
                 . ' app_secret mock-app-secret; token mock-token; }';
        $server .= "location /$app/v1/ { violet $app; proxy_http_version 1.1;"
                   . ' proxy_pass http://violet_api/v1/; }';
    }

    return (http => $http, server => $server);
}


# Reloads with these apps; the old workers tell Redis nothing any more.
sub with {
    my (@apps) = @_;

    my @old = $nginx->workers;

    $nginx->configure(configuration(@apps));
    ok($nginx->reload && $nginx->wait_gone(30, @old), "a reload: @apps");
}


sub outcome {
    my ($app) = @_;

    my $answer = $live->request(
        $nginx->port, "POST /$app/v1/checkout/cart/$cart{$app}/submit",
        body => '{}', timeout => 60);

    return ($answer->{status} || 0) . ' '
           . ($answer->{headers}{'x-violet-cart-outcome'} || '');
}


# The apps of which the page names the cart that is in doubt.
sub named {
    my $page = $live->request($nginx->port,
                              'GET /status?format=html')->{body};

    return join ' ', grep { $page =~ m{<b>$cart{$_}</b><small>$_</small>} }
                          sort keys %cart;
}


sub stored {
    my ($app) = @_;

    my $record = $admin->call('GET',
                              "violet:submit:$app:10000:$cart{$app}");

    return ($record // '') =~ / unknown /;
}
