#!/usr/bin/perl

# The clock of Redis, or of a host, goes a day forwards or back while a submit
# is in flight, in doubt or completed.  Violet gets each cart once, and no cart
# is blocked for longer than without a change.  Violet shows a cart that is in
# flight as not submitted.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $live = Live->new;
my $mock = $live->mock;
my $day = 86400;
my $cart = 1000000;

# s; by then a worker has looked at Redis's clock, and told Redis its records
my $look = 6;

clocks_of_redis(24, 12, -24);
clock_of_host($_) for 1, -1;

$live->check_logs;
done_testing();


sub gateway {
    my ($redis, %option) = @_;

    my $http = $live->violet_http($redis || $mock, $mock);
    $http =~ s/violet_redis [^;]*;// if !$redis;

    return $live->nginx(workers => 1, http => $http,
                        server => $live->violet_location, %option);
}


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub begin {
    my ($nginx, $id) = @_;

    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$id/submit", body => '{}'));

    return $client;
}


sub told {
    my ($answer) = @_;

    my $problem = eval { JSON::PP::decode_json($answer->{body} // '') };
    my $reason = ref $problem eq 'HASH' && ref $problem->{errors} eq 'ARRAY'
                 && @{$problem->{errors}} && $problem->{errors}[0]{reason};

    return ($answer->{status} // 0) . ($reason ? " $reason" : '');
}


sub submit {
    my ($nginx, $id) = @_;

    return told(begin($nginx, $id)->answer(30));
}


sub sent {
    my ($id) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$id"} || 0;
}


sub in_flight {
    my ($nginx, $seconds) = @_;

    my $id = ++$cart;

    control("cart?$id=open");
    control("delay?cart_submit/$id=$seconds");

    my $client = begin($nginx, $id);
    $live->wait_for(10, sub { sent($id) }) or die "cart $id is not sent\n";

    return ($id, $client);
}


# Each Redis has two hosts; the second one asks for the carts of the first.
sub clocks_of_redis {
    my @cases = map { case_of_redis($_) } @_;

    $_->{clock}->day($_->{hours} * 3600) for @cases;
    sleep $look;
    known_by_other_host($_) for @cases;
    $_->stop for map { @$_{qw(one two redis)} } @cases;
}


sub case_of_redis {
    my ($hours) = @_;

    my $title = "Redis's clock goes $hours h";
    my $clock = Live::Clock->new($live);
    my $redis = $live->redis(clock => $clock);
    my ($one, $two) = map { gateway($redis) } 1, 2;
    my $done = ++$cart;

    is(submit($_, ++$cart), 200, "$title: a gateway is ready") for $one, $two;
    is(submit($one, $done), 200, "$title: one submit is over");

    my ($id, $client) = in_flight($one, 12);

    return {title => $title, hours => $hours, clock => $clock,
            redis => $redis, one => $one, two => $two, done => $done,
            id => $id, client => $client};
}


sub known_by_other_host {
    my ($case) = @_;

    my ($title, $two, $id) = @$case{qw(title two id)};

    is(submit($two, $id), '409 SUBMIT_IN_PROGRESS', "$title: it is in flight");
    is(submit($two, $case->{done}), 200, "$title: the other one is answered");
    is(sent($case->{done}), 1, "$title: ... and not sent again");

    control("cart?$id=completed");
    is(told($case->{client}->answer(30)), 200, "$title: it is completed");
    is(submit($two, $id), 200, "$title: which is known to another host");
    is(sent($id), 1, "$title: it was sent once");
}


# The gateway's own time of day.
sub clock_of_host {
    my ($days) = @_;

    for my $redis (undef, $live->redis) {
        my $title = "the host's clock goes $days day, "
                    . ($redis ? 'with Redis' : 'without Redis');
        my $clock = Live::Clock->new($live);
        my $nginx = gateway($redis, clock => $clock);
        my $done = ++$cart;

        is(submit($nginx, $done), 200, "$title: one submit is over");

        my ($id, $client) = in_flight($nginx, 2);

        $clock->day($days * $day);
        kill 'ALRM', $nginx->workers;

        is(submit($nginx, $id), '409 SUBMIT_IN_PROGRESS',
           "$title: it is in flight");
        is(submit($nginx, $done), 200, "$title: the other one is answered");

        control("cart?$id=completed");
        is(told($client->answer(30)), 200, "$title: it is completed");
        is(submit($nginx, $id), 200, "$title: and is known");
        is(join(' ', sent($done), sent($id)), '1 1', "$title: each once");

        $nginx->stop;
        $redis->stop if $redis;
    }
}
