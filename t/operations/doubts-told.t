#!/usr/bin/perl

# Redis has lost its data, and another host has written since that a cart was
# ordered.  The host for which that cart is in doubt tells its record, hears of
# the order, and counts no doubt any more.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

my $cart = 60302;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $nginx = $live->nginx(workers => 1,
                         http => $live->violet_http($redis, $mock),
                         server => $live->violet_location
                                   . 'location = /status { violet_status; }');

is($live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                  body => '{}', timeout => 60)->{status}, 502,
   'a cart is in doubt');
is(in_doubt(), 1, 'it is counted');

# another host's record, with a token of its own
my $sent = int(time * 1000);
my $record = "2 9.0000abcd completed 2 0 0 0 0 $sent 0 " . 'a' x 32
             . ' - - 86400000';

Violet::Redis->new($redis->port)->call(
    'EVAL', 'redis.call("FLUSHALL")'
            . ' return redis.call("SET", KEYS[1], ARGV[1], "PX", 86400000)',
    1, "violet:submit:violet_api:10000:$cart", $record);

ok($live->wait_for(60, sub { in_doubt() == 0 }),
   'the order is known, and the doubt is not counted any more')
    or diag(in_doubt(), ' in doubt');
is($live->submit_state($redis, $cart), 'completed', 'as in Redis');

$live->check_logs;
done_testing();


sub in_doubt {
    my $page = $live->request($nginx->port, 'GET /status')->{body};
    my ($n) = $page =~ /^violet_submits_in_doubt\{app="shop"\} (\d+)$/m
        or die "no doubts in the page\n";

    return $n;
}
