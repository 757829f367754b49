#!/usr/bin/perl

# violet_submit_redis: the records of submits lie in a Redis of their own, and
# nothing else does; the loss of one Redis does not touch what lies in the
# other.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

my $live = Live->new(patient => 1);
my %redis = (cache => scalar $live->redis, submit => scalar $live->redis);
my $mock = $live->mock;

my ($one, $two) = map { gateway() } 1 .. 2;

each_has_its_own();
without_the_cache();
without_the_records();

$live->check_logs;
done_testing();


sub gateway {
    my $more = 'violet_submit_redis redis://127.0.0.1:'
               . $redis{submit}->port . ';';

    return $live->nginx(workers => 1,
                        http => $live->violet_http($redis{cache}, $mock, $more),
                        server => $live->violet_location(
                            'violet_health_memory off;'));
}


sub keys_of {
    my ($name) = @_;

    my $keys = Violet::Redis->new($redis{$name}->port)->call('KEYS', '*');

    return join ' ', sort map { s/^violet:([\w-]+):.*/$1/r }
                          grep { $_ ne 'violet:submit:mark' } @$keys;
}


sub report {
    my ($nginx, $merchant) = @_;

    return $live->request($nginx->port,
                          "GET /v1/operations/connection_health/$merchant");
}


sub is_hit {
    my ($nginx, $merchant) = @_;

    my $answer = report($nginx, $merchant);

    return $answer->{status} == 200
           && $answer->{headers}{'cache-status'} =~ /; hit;/;
}


sub submit {
    my ($nginx, $cart) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{}');
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}


# The port is the same, and nothing is left in it.
sub start_again {
    my ($name) = @_;

    $redis{$name} = $live->redis(port => $redis{$name}->port);
}


sub each_has_its_own {
    is(report($one, 42)->{status}, 200, 'a report');
    is($live->request($one->port, 'GET /v1/operations/connection_health/43'
                                  . '?refresh=true')->{status},
       200, 'a refresh');
    is(submit($one, 10000)->{status}, 200, 'a submit');

    is(keys_of('submit'), 'submit', 'its record is in the one Redis');

    my $keys = keys_of('cache');
    like($keys, qr/\bhealth\b.*\blimit\b/, 'reports and limits in the other');
    unlike($keys, qr/\bsubmit\b/, 'which has no record');

    submit($two, 10000);
    is(reached(10000), 1, 'the other gateway knows the record');
    ok(is_hit($two, 42), 'and the report');
}


sub without_the_cache {
    $redis{cache}->stop('KILL');

    is(report($one, 44)->{status}, 200, 'no cache: a report by Violet');
    is(submit($one, 10001)->{status}, 200, 'no cache: a submit');
    submit($two, 10001);
    is(reached(10001), 1, 'no cache: the other gateway knows its record');

    start_again('cache');
    ok($live->wait_for(20, sub { is_hit($_, 45) }),
       'the cache is used again by both') for $one, $two;
}


sub without_the_records {
    $redis{submit}->stop('KILL');

    report($one, 46);
    ok(is_hit($two, 46), 'no records: one report for both gateways');
    is(submit($one, 10002)->{status}, 200, 'no records: a submit');
    unlike(keys_of('cache'), qr/\bsubmit\b/,
           'no records: none in the other Redis');
    submit($one, 10002);
    is(reached(10002), 1, 'no records: its host knows it');

    start_again('submit');

    my $cart = 10003;

    ok($live->wait_for(20, sub { submit($one, $cart++);
                                 keys_of('submit') =~ /submit/ }),
       'records are kept in Redis again');
}
