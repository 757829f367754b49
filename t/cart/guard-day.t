#!/usr/bin/perl

# The host's memory keeps records of submits for a day, without Redis: a repeat
# after ten minutes or 23 hours is told what became of the first one.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Clock;
use Test::More;

my $live = Live->new;
my $mock = $live->mock;
my $clock = Live::Clock->new($live);
my $nginx = gateway();

# completed, to be asked after ten minutes, 23 hours, and more than a day
my ($minutes, $hours, $days) = (1_000_101, 1_000_102, 1_000_103);

is(told($_), '200 first', "cart $_ is ordered") for $minutes, $hours, $days;

$clock->count(600);
is(told($minutes), '200 replayed', 'after ten minutes: told again');

$clock->count(23 * 3600);
is(told($hours), '200 replayed', 'after 23 hours: told again');

$clock->count(24 * 3600 + 60);
is(told($days), '200 first', 'after a day: it is sent');

is(reached($minutes), 1, 'ten minutes: Violet was asked once');
is(reached($hours), 1, '23 hours: Violet was asked once');
is(reached($days), 2, 'a day: Violet was asked again');

$live->check_logs;
done_testing();


sub gateway {
    my $http = $live->violet_http($mock, $mock) =~ s{violet_redis .*}{}r;

    return $live->nginx(workers => 1, clock => $clock, http => $http,
                        server => $live->violet_location);
}


sub told {
    my ($cart) = @_;
    my $answer = $live->request($nginx->port,
                                "POST /v1/checkout/cart/$cart/submit",
                                body => '{}');

    return "$answer->{status} "
           . ($answer->{headers}{'x-violet-submit-replayed'} ? 'replayed'
                                                             : 'first');
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}
