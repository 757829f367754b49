#!/usr/bin/perl

# The answer to a claim is late at one gateway while the other one submits the
# cart.  Time in which a worker stood still, or its clock jumped, is not time
# that Redis took.  And a claim that did time out is made again when the order
# has been read, since Redis may be back.  Violet shows the cart as not
# submitted all the time.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Clock;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $relay = $live->relay($redis->port);
my $clock = Live::Clock->new($live);

my $one = gateway($redis);
my $two = gateway($relay, clock => $clock);

clock_jumps(cart(21671));
clock_jumps(order(21672));
worker_stops(cart(21673));
redis_is_back_after_the_read(cart(21674));
own_claim_arrives_late(cart(21675));
redis_stays_away(cart(21676));
worker_stops_in_flight(cart(60226));

$live->check_logs;
done_testing();


sub gateway {
    my ($store, %option) = @_;
    my $vars = 'add_header X-Redis $violet_redis always;';

    return $live->nginx(workers => 1, %option,
                        server => $live->violet_location . $vars
                                  . 'location = /status { violet_status; }',
                        http => $live->violet_http($store, $mock,
                                                   'violet_health_memory off;'));
}


sub cart {
    my ($cart) = @_;

    control("cart?$cart=open");
    control("delay?cart_submit/$cart=4");

    return {id => $cart, route => 'cart_submit',
            request => ["POST /v1/checkout/cart/$cart/submit", body => '{}']};
}


# It cannot be read: nobody knows the id of its order yet.
sub order {
    my ($order) = @_;

    control('delay?order_create=4');

    return {id => $order, route => 'order_create', counted => 'order_create',
            request => ['POST /v1/orders',
                        body => qq({"app_order_id":"$order"}),
                        headers => {'Idempotency-Key' => "order-$order"}]};
}


sub begin {
    my ($nginx, $what) = @_;

    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(@{$what->{request}}));

    return $client;
}


sub reached {
    my ($what) = @_;

    my $counts = $live->mock_counts($mock);

    return $counts->{$what->{counted} || "$what->{route}/$what->{id}"} || 0;
}


sub reads {
    my ($what) = @_;

    return $live->mock_counts($mock)->{"cart_read/$what->{id}"} || 0;
}


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub are_used {
    my ($title) = @_;

    ok($live->wait_for(20, sub { !grep { known($_) ne 'ok' } $one, $two }),
       "$title: both gateways use Redis");
}


sub known {
    my ($nginx) = @_;

    return $live->request($nginx->port,
        'GET /v1/operations/connection_health/20001')->{headers}{'x-redis'}
        || '';
}


# Asks the gateway alone: the mock may stand still.
sub is_connected {
    my ($nginx) = @_;

    return $live->request($nginx->port, 'GET /status')->{body}
           =~ /^violet_redis_up\S* 1$/m;
}


sub told {
    my ($answer) = @_;

    my $problem = eval { JSON::PP::decode_json($answer->{body} // '') };
    my $reason = ref $problem eq 'HASH' && ref $problem->{errors} eq 'ARRAY'
                 && @{$problem->{errors}} && $problem->{errors}[0]{reason};

    return ($answer->{status} // 0) . ($reason ? " $reason" : '');
}


# The first gateway submits; Redis has its claim.
sub submit_one {
    my ($what) = @_;

    my $client = begin($one, $what);
    $live->wait_for(10, sub { reached($what) })
        or die "$what->{id} does not reach Violet\n";

    return $client;
}


sub is_sent_once {
    my ($title, $what, $answer, $client) = @_;

    control("cart?$what->{id}=completed");

    is(told($answer), '409 SUBMIT_IN_PROGRESS', "$title: it is in flight");
    is(reached($what), 1, "$title: Violet got one submit");
    is(told($client->answer(30)), 200, "$title: which is answered");
    is(told(begin($two, $what)->answer(30)), 200, "$title: and is known then");
    is(reached($what), 1, "$title: to both");
}


# The answer lies at the relay while the clock jumps past the claim's 2 s.
sub clock_jumps {
    my ($what) = @_;

    my $title = "The clock jumps, $what->{route}";
    are_used($title);

    my $client = submit_one($what);

    $relay->mode('stall all');
    my $late = begin($two, $what);
    sleep 0.3;
    $clock->count($clock->{count} + 8);
    kill 'ALRM', $two->workers;
    sleep 0.3;
    $relay->mode('pass');

    is_sent_once($title, $what, $late->answer(30), $client);
}


# It stops between the claim and its answer, and its clock runs on.
sub worker_stops {
    my ($what) = @_;

    my $title = 'The worker stands still';
    are_used($title);

    my $client = submit_one($what);

    $relay->mode('stall all');
    my $late = begin($two, $what);
    sleep 0.3;
    my ($worker) = $two->workers;
    kill 'STOP', $worker;
    $clock->count($clock->{count} + 5);
    sleep 0.1;
    kill 'ALRM', $worker;
    kill 'CONT', $worker;
    sleep 0.3;
    $relay->mode('pass');

    is_sent_once($title, $what, $late->answer(30), $client);
}


# The claim of the second gateway waits for its 2 s in vain, and the order is
# read.  The mock stands still meanwhile: Redis is used again before the read
# has ended.
sub times_out {
    my ($title, $what, $stop, $go) = @_;

    $stop->();
    my $late = begin($two, $what);
    sleep 0.5;
    $mock->pause;
    sleep 3;
    $go->();
    ok($live->wait_for(6, sub { is_connected($two) }),
       "$title: Redis is back while the order is read");
    $mock->resume;

    return $late;
}


sub redis_is_back_after_the_read {
    my ($what) = @_;

    my $title = 'Redis is back after the read';
    are_used($title);
    control("delay?cart_submit/$what->{id}=8");

    my $client = submit_one($what);
    my $late = times_out($title, $what, sub { $relay->mode('stall all') },
                         sub { $relay->mode('pass') });

    is_sent_once($title, $what, $late->answer(30), $client);
    is(reads($what), 2, "$title: it was read, and again when it had ended");
}


# Redis has run the claim since, and nobody else has asked.
sub own_claim_arrives_late {
    my ($what) = @_;

    my $title = 'The claim arrives late';
    are_used($title);
    control("delay?cart_submit/$what->{id}=0");

    my $late = times_out($title, $what, sub { $redis->pause }, sub {
        $redis->resume;
        ok($live->wait_for(6, sub { state_of($what) eq 'in_flight' }),
           "$title: Redis has it");
    });

    is(told($late->answer(30)), 200, "$title: the submit is sent");
    is(reached($what), 1, "$title: once");
    is(reads($what), 1, "$title: the order was read");
    ok($live->wait_for(6, sub { state_of($what) eq 'completed' }),
       "$title: Redis hears of its end");
}


sub redis_stays_away {
    my ($what) = @_;

    my $title = 'Redis stays away';
    are_used($title);
    control("delay?cart_submit/$what->{id}=0");

    $relay->mode('cut all');
    is(told(begin($two, $what)->answer(30)), 200,
       "$title: what was read as not submitted is sent");
    like($two->error_log, qr/\[warn\].* violet: submit of cart $what->{id} /,
         "$title: the log says so");
    $relay->mode('pass');
}


# A worker stands still until its submit counts as lost, and another one sends
# the cart, which Violet shows as not submitted.  The first submit ends in doubt
# meanwhile: the failure of the second one does not take that away.
sub worker_stops_in_flight {
    my ($what) = @_;

    my $title = 'A submit outlives its claim';
    my $watch = Live::Clock->new($live);
    my $http = $live->violet_http($redis, $mock);
    $http =~ s/violet_redis .*//;
    my $nginx = $live->nginx(workers => 1, clock => $watch, http => $http,
                             server => $live->violet_location);
    my ($old) = $nginx->workers;

    control("delay?cart_submit/$what->{id}=0");
    my $first = begin($nginx, $what);
    $live->wait_for(10, sub { reached($what) == 1 }) or die "it is not sent\n";
    control("fault?cart_submit/$what->{id}=400");
    control("delay?cart_submit/$what->{id}=3");

    $nginx->reload;
    kill 'STOP', $old;
    $watch->count(100);
    kill 'ALRM', grep { $_ != $old } $nginx->workers;

    my $second = begin($nginx, $what);
    ok($live->wait_for(10, sub { reached($what) == 2 }),
       "$title: another worker sends the cart");
    kill 'ALRM', $old;
    kill 'CONT', $old;

    is(told($first->answer(30)), '504 UPSTREAM_TIMEOUT',
       "$title: the first one ends in doubt");
    is(told($second->answer(30)), '409 SUBMIT_UNRESOLVED',
       "$title: the second one fails, and the doubt stays");
}


sub state_of {
    my ($what) = @_;

    return $live->submit_state($redis, $what->{id});
}
