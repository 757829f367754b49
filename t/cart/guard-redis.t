#!/usr/bin/perl

# The submit guard while Redis is away, hangs, or has lost what it knew: no cart
# is ordered twice, no order is lost, and what Redis did not hear it is told.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;

my ($one, $two) = map { gateway() } 1 .. 2;

redis_stopped_for_a_moment();
settlement_that_redis_did_not_hear();
redis_away_and_the_cart_is_open();
redis_away_and_the_cart_is_ordered();
without_redis_refuse();
refuse_after_a_loss();
refuse_before_the_loss_is_known();
claim_that_a_failed_read_gives_back();
order_of_a_submit_that_was_overtaken();
order_in_place_of_something_else();
doubt_beside_a_flight();
flight_is_told_again();
flight_is_not_overridden_on_its_host();
redis_that_is_behind();
redis_that_was_replaced();
claim_that_is_not_sent();
caller_gone_while_the_order_is_read();
worker_that_must_stop();
body_of_any_size();
long_value_in_place_of_a_record();
idle_gateway();
room_for_what_matters();
caller_gone_while_the_token_is_renewed();
order_is_read_with_a_token_that_expired();
doubts_are_forgotten_without_redis();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub gateway {
    my (%option) = @_;

    my $store = delete $option{redis} || $redis;
    my $violet = delete $option{mock} || $mock;
    my $location = delete $option{location} || '';
    my $source = delete $option{source};
    my $http = $live->violet_http($store, $violet, delete $option{more});

    $http =~ s/token       mock-token;/$source/ if $source;
    $http =~ s/violet_redis .*//g if delete $option{no_redis};

    return $live->nginx(workers => 2, %option, http => $http,
                        server => $live->violet_location($location));
}


sub submit {
    my ($nginx, $cart, %option) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{}', headers => headers(%option));
}


sub headers {
    my (%option) = @_;

    return {
        ($option{where} ? ('X-Where' => $option{where}) : ()),
        ($option{again} ? ('X-Violet-Submit' => 'again') : ()),
    };
}


# Sends a submit, and returns once it has reached Violet.
sub start {
    my ($nginx, $cart, $violet) = @_;

    my $before = reached($cart, $violet);
    my $client = begin($nginx, $cart);
    $live->wait_for(10, sub { reached($cart, $violet) > $before })
        or die "cart $cart does not reach Violet\n";

    return $client;
}


sub begin {
    my ($nginx, $cart) = @_;

    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}'));

    return $client;
}


sub reached {
    my ($cart, $violet, $route) = @_;

    $route ||= 'cart_submit';

    return $live->mock_counts($violet || $mock)->{"$route/$cart"} || 0;
}


sub control {
    my ($what, $violet) = @_;

    $live->request(($violet || $mock)->port, "POST /_mock/$what",
                   body => '')->{status} == 200
        or die "/_mock/$what fails\n";
}


# The answer to a submit in short: status and reason, such as "400 OTHER".
sub told {
    my ($answer) = @_;

    return "$answer->{status} replayed"
        if $answer->{status} == 200
           && $answer->{headers}{'x-violet-submit-replayed'};

    my $problem = eval { JSON::PP::decode_json($answer->{body}) };
    my $reason = ref $problem eq 'HASH' && ref $problem->{errors} eq 'ARRAY'
                 && @{$problem->{errors}} && $problem->{errors}[0]{reason}
                 || '';

    return $answer->{status} . ($reason ? " $reason" : '');
}


sub redis {
    my (@words) = @_;

    return Violet::Redis->new($redis->port)->call(@words) // '';
}


sub record {
    my ($cart) = @_;

    return "violet:submit:violet_api:10000:$cart";
}


sub state_of {
    my ($cart) = @_;

    return $live->submit_state($redis, $cart);
}


sub state_is {
    my ($cart, $state, $title) = @_;

    ok($live->wait_for(20, sub { state_of($cart) eq $state }), $title)
        or diag(redis('GET', record($cart)));
}


# Puts a record into Redis, as another host would.
sub put {
    my ($cart, $state, %more) = @_;

    my $text = sprintf '2 %d.0000abcd %s %d 0 %d %d %d %d 0 %s - - 86400000',
        $more{seq} || 7, $state, $more{evidence} || 0, $more{doubts} || 0,
        $state eq 'in_flight' ? 30000 : 0, $more{since} || 0,
        (time - 3600) * 1000, 'b' x 32;

    redis('SET', record($cart), $text, 'PX', 86400000);
}


# Waits until all gateways have a record in Redis again.
sub recovered {
    my (@gateways) = @_;

    my $n = 0;

    for my $nginx (@gateways) {
        ok($live->wait_for(20, sub {
            my $cart = 29000 + ++$n;
            submit($nginx, $cart);
            return redis('EXISTS', record($cart));
        }), 'Redis is asked again');
    }
}


# Both hosts ask while Redis does not answer for 300 ms: they wait.
sub redis_stopped_for_a_moment {
    my $cart = 21660;

    $redis->pause;
    my @clients = map { begin($_, $cart) } $one, $two;
    sleep 0.3;
    $redis->resume;

    my @answers = sort map { told($_->answer(20)) } @clients;

    is(reached($cart), 1, 'Redis stopped for a moment: one submit is sent');
    like("@answers", qr/^200 (?:200 replayed|409 SUBMIT_IN_PROGRESS)$/,
         'Redis stopped for a moment: the answers');
}


sub settlement_that_redis_did_not_hear {
    my $cart = 21661;

    control("delay?cart_submit/$cart=1");
    my $client = start($one, $cart);
    $redis->pause;
    is($client->answer(20)->{status}, 200, 'answered while Redis hangs');
    $redis->resume;

    state_is($cart, 'completed', 'Redis is told when it is back');
    is(told(submit($two, $cart)), '200 replayed', 'the other gateway knows');
    is(reached($cart), 1, 'Violet was asked once');
    control("delay?cart_submit/$cart=0");
}


sub redis_away_and_the_cart_is_open {
    my $cart = 20031;
    my $relay = $live->relay($redis->port);
    my $nginx = gateway(redis => $relay);

    $relay->mode('cut all');

    my $answer = submit($nginx, $cart);
    is(told($answer), '200', 'Redis is away: what is not submitted is sent');
    is(reached($cart, $mock, 'cart_read'), 1, 'after a read');
    is(told(submit($nginx, $cart)), '200 replayed', 'its host knows it');

    $relay->mode('pass');
    state_is($cart, 'completed', 'Redis is told');
    is(told(submit($two, $cart)), '200 replayed', 'and so the others know');
    is(reached($cart), 1, 'Violet was asked once');
    $nginx->stop;
}


sub redis_away_and_the_cart_is_ordered {
    my $cart = 20032;
    my $relay = $live->relay($redis->port);
    my $nginx = gateway(redis => $relay);

    is(told(submit($two, $cart)), '200', 'ordered at another host');
    $relay->mode('cut all');
    is(told(submit($nginx, $cart)), '200 replayed',
       'Redis is away: the order is read');
    is(reached($cart), 1, 'Violet was asked once');
    control("fault?cart_read/20033=500");
    is(told(submit($nginx, 20033)), '503 GUARD_UNAVAILABLE',
       'neither Redis nor the read: nothing is sent');
    is(reached(20033), 0, 'Violet was not asked');
    $nginx->stop;
}


# Another host may have a record that the new Redis was not told yet.
sub refuse_after_a_loss {
    my $store = $live->redis;
    my $nginx = gateway(redis => $store,
        location => 'violet_submit_guard on without_redis=refuse;');

    is(told(submit($nginx, 20060)), '200', 'refuse: Redis is known');

    $store->stop('KILL');
    $store = $live->redis(port => $store->port);
    ok($live->wait_for(20, sub { $nginx->error_log =~ /may have lost some/ }),
       'refuse: Redis has lost its data');

    is(told(submit($nginx, 20061)), '503 GUARD_UNAVAILABLE',
       'refuse: a cart without a record is not sent then');
    is(reached(20061), 0, 'refuse: nor does it reach Violet');
    $nginx->stop;
}


# Redis has the claim by then, and is told that nothing was sent: other hosts
# need not wait until it has lapsed.
sub claim_that_a_failed_read_gives_back {
    my $cart = 20066;
    my $store = $live->redis;
    my ($nginx, $other) = map { gateway(redis => $store, workers => 1) } 1 .. 2;

    is(told(submit($nginx, 20067)), '200', 'given back: Redis is known');
    is(told(submit($other, 20068)), '200', 'given back: also at the other');

    $store->stop('KILL');
    $store = $live->redis(port => $store->port);
    ok($live->wait_for(20, sub {
           2 == grep { $_->error_log =~ /may have lost some/ } $nginx, $other
       }), 'given back: Redis has lost its data');

    # the looks that follow the loss are over

    sleep 6;
    control("fault?cart_read/$cart=500");
    is(told(submit($nginx, $cart)), '503 GUARD_UNAVAILABLE',
       'given back: claimed, but the read fails');
    control("fault?cart_read/$cart=0");
    ok($live->wait_for(20, sub { told(submit($other, $cart)) eq '200' }),
       'given back: another host sends it');
    is(reached($cart), 1, 'given back: once');
    $_->stop for $nginx, $other;
}


# The claim itself finds that the mark has gone.
sub refuse_before_the_loss_is_known {
    my $store = $live->redis;
    my $nginx = gateway(redis => $store, workers => 1,
        location => 'violet_submit_guard on without_redis=refuse;');

    is(told(submit($nginx, 20064)), '200', 'refuse: Redis has a mark');

    Violet::Redis->new($store->port)->call('FLUSHALL');

    is(told(submit($nginx, 20065)), '503 GUARD_UNAVAILABLE',
       'refuse: a cart is not sent to a Redis that was just emptied');
    is(reached(20065, $mock, 'cart_read'), 0, 'refuse: nor is it read before');
    is(reached(20065), 0, 'refuse: nor does it reach Violet');
    $nginx->stop;
}


sub without_redis_refuse {
    my $cart = 20034;
    my $relay = $live->relay($redis->port);
    my $nginx = gateway(redis => $relay,
        location => 'violet_submit_guard on without_redis=refuse;');

    ok($live->wait_for(20, sub { told(submit($nginx, 20035)) eq '200' }),
       'refuse: Redis is there');
    $relay->mode('cut all');

    my $answer = submit($nginx, $cart);
    is(told($answer), '503 GUARD_UNAVAILABLE', 'refuse: Redis is away');
    is($answer->{headers}{'retry-after'}, 10, 'refuse: later');
    is(reached($cart), 0, 'refuse: nothing is sent');
    is(told(submit($nginx, 20035)), '200 replayed',
       'refuse: what the host knows is told');

    $relay->mode('pass');
    ok($live->wait_for(20, sub { told(submit($nginx, $cart)) eq '200' }),
       'refuse: it is sent when Redis is back');
    is(reached($cart), 1, 'refuse: once');
    $nginx->stop;
}


# One submit takes long, another one was sent in spite of it and fails: the
# order of the first one counts.
sub order_of_a_submit_that_was_overtaken {
    my $cart = 20021;

    control("delay?cart_submit/$cart=3");
    my $client = start($one, $cart);

    put($cart, 'unknown', doubts => 1, seq => 50);
    control("delay?cart_submit/$cart=0");
    control("fault?cart_submit/$cart=400");
    control("cart?$cart=open");
    is(told(submit($two, $cart, again => 1)), '409 SUBMIT_UNRESOLVED',
       'again, and it fails: the first one is in doubt');
    control("fault?cart_submit/$cart=0");
    control("cart?$cart=completed");

    is($client->answer(20)->{status}, 200, 'the first one completes');
    state_is($cart, 'completed', 'which counts more than the failure');
    is(told(submit($two, $cart)), '200 replayed', 'for all');
    is(reached($cart), 2, 'nothing else was sent');
}


# An order is written without a look at what Redis has: a doubt of another host
# is joined with it, and anything else gives way.
sub order_in_place_of_something_else {
    my %other = (
        'a doubt' => sub { put($_[0], 'unknown', doubts => 3, seq => 50) },
        'nothing' => sub { redis('DEL', record($_[0])) },
        'no record' => sub { redis('SET', record($_[0]), 'x') },
        'a list' => sub {
            redis('DEL', record($_[0]));
            redis('RPUSH', record($_[0]), 'x');
        },
    );
    my $cart = 21680;

    for my $what (sort keys %other) {
        $cart++;
        control("delay?cart_submit/$cart=2");
        my $client = start($one, $cart);

        $other{$what}->($cart);
        is($client->answer(20)->{status}, 200, "it completes, Redis: $what");
        state_is($cart, 'completed', 'and Redis has the order');
        is(told(submit($two, $cart)), '200 replayed', 'for all');
        is(reached($cart), 1, 'Violet was asked once');
        control("delay?cart_submit/$cart=0");

        next if $what ne 'a doubt';

        ok($live->wait_for(20, sub {
            my ($version, $doubts)
                = (split / /, redis('GET', record($cart)))[1, 5];
            return $version =~ /^(\d+)/ && $1 > 50 && $doubts == 3;
        }), 'the doubts count still') or diag(redis('GET', record($cart)));
    }
}


# A submit whose answer is lost during a second submit, which fails.
sub doubt_beside_a_flight {
    my $cart = 60026;
    my $other = $live->mock;
    my $far = gateway(mock => $other);

    control("delay?cart_submit/$cart=1");
    control("delay?cart_submit/$cart=3", $other);
    control("fault?cart_submit/$cart=400", $other);
    control("cart?$cart=open", $_) for $mock, $other;

    my $client = start($one, $cart);
    put($cart, 'unknown', doubts => 1, seq => 50);
    my $answer = submit($far, $cart, again => 1);

    is(told($client->answer(20)), '502 UPSTREAM_INVALID', 'one is lost');
    is(told($answer), '409 SUBMIT_UNRESOLVED',
       'the other one fails, and is told of the doubt');
    state_is($cart, 'unknown', 'the failure does not clear the doubt');
    is(told(submit($two, $cart)), '409 SUBMIT_UNRESOLVED', 'for all');

    control("delay?cart_submit/$cart=0");
    $far->stop;
}


# A gateway says every 10 s that its submit is in flight.
sub flight_is_told_again {
    my $cart = 20024;

    control("delay?cart_submit/$cart=13");
    my $client = start($one, $cart);
    redis('DEL', record($cart));

    state_is($cart, 'in_flight', 'a Redis that has lost it is told again');
    is(told(submit($two, $cart)), '409 SUBMIT_IN_PROGRESS',
       'and the others know');
    is($client->answer(30)->{status}, 200, 'it completes');
    state_is($cart, 'completed', 'and Redis knows');
    is(reached($cart), 1, 'Violet was asked once');
    control("delay?cart_submit/$cart=0");
}


sub flight_is_not_overridden_on_its_host {
    for my $lost (['DEL'], ['failed'], ['unknown']) {
        my $cart = 21670 + length $lost->[0];

        control("delay?cart_submit/$cart=1");
        my $client = start($one, $cart);

        if ($lost->[0] eq 'DEL') {
            redis('DEL', record($cart));
        } else {
            put($cart, $lost->[0], seq => 1);
        }

        is(told(submit($one, $cart, again => $_)), '409 SUBMIT_IN_PROGRESS',
           "in flight, Redis: @$lost, again: $_") for 0, 1;

        is($client->answer(20)->{status}, 200, 'it completes');
        is(reached($cart), 1, 'Violet was asked once');
        control("delay?cart_submit/$cart=0");
    }
}


# A replica without the last submit becomes the primary.
sub redis_that_is_behind {
    my $cart = 60016;

    is(told(submit($one, $cart)), '502 UPSTREAM_INVALID', 'unknown');
    is(told(submit($two, $cart)), '409 SUBMIT_UNRESOLVED',
       'the other gateway learns it');

    for my $nginx ($one, $two) {
        put($cart, 'failed', seq => 1);

        is(told(submit($nginx, $cart)), '409 SUBMIT_UNRESOLVED',
           'Redis returns an older record');
        state_is($cart, 'unknown', 'and is told the newer one');
    }

    is(reached($cart), 1, 'Violet was asked once');
}


# It is empty, and another process: the hosts write their records again, and a
# cart that nobody knows is read before it is sent.
sub redis_that_was_replaced {
    my $store = $live->redis;
    my ($near, $far) = map { gateway(redis => $store) } 1, 2;

    is(told(submit($near, 60040)), '502 UPSTREAM_INVALID', 'unknown');
    is(told(submit($near, 20041)), '200', 'completed');
    is(told(submit($far, 20042)), '200', 'the other one knows this Redis');

    $store->stop('KILL');
    $store = $live->redis(port => $store->port);

    my $there = sub {
        Violet::Redis->new($store->port)->call('EXISTS', record($_[0]));
    };

    ok($live->wait_for(30, sub { $there->(60040) && $there->(20041) }),
       'Redis was replaced: it is told');
    ok($near->wait_log(qr/Redis of records of submits was restarted/, 10),
       'Redis was replaced: the log says so');
    is(told(submit($far, 60040)), '409 SUBMIT_UNRESOLVED',
       'Redis was replaced: the other gateway knows the doubt');
    is(told(submit($far, 20041)), '200 replayed', 'and the order');

    is(told(submit($far, 20043)), '200', 'a cart that nobody knows is sent');
    is(reached(20043, $mock, 'cart_read'), 1, 'after a read');
    is(reached($_), 1, "cart $_: once") for 60040, 20041, 20042, 20043;
    $_->stop for $near, $far;
}


# A submit without an upstream is not sent, and a cart in doubt stays in doubt.
sub claim_that_is_not_sent {
    my $cart = 60022;
    my $nginx = $live->nginx(
        workers => 1,
        http => $live->violet_http($redis, $mock,
                                   'map $http_x_where $where { '
                                   . 'default http://violet_api; none ""; }'),
        server => $live->violet_location
                  =~ s{proxy_pass \S+;}{proxy_pass \$where;}r);
    my @nowhere = (where => 'none');

    is(submit($nginx, $cart, @nowhere)->{status}, 500, 'nothing is sent');
    state_is($cart, 'failed', 'the claim is taken back');
    is(told(submit($nginx, $cart)), '502 UPSTREAM_INVALID',
       'the repeated submit is sent, its outcome is unknown');
    is(told(submit($nginx, $cart)), '409 SUBMIT_UNRESOLVED',
       'the unknown outcome stays');
    is(reached($cart), 1, 'Violet was asked once');
    $nginx->stop;
}


sub caller_gone_while_the_order_is_read {
    my $cart = 20050;

    put($cart, 'unknown', doubts => 1, since => 3_600_000);
    control("cart?$cart=open");
    control("delay?cart_read/$cart=1");

    my $client = begin($one, $cart);
    ok($live->wait_for(10, sub { reached($cart, $mock, 'cart_read') }),
       'the order is read');
    $client->reset;
    sleep 2;

    is(reached($cart), 0, 'the caller has gone: nothing is sent');
    control("delay?cart_read/$cart=0");
    is(told(submit($one, $cart)), '200', 'another caller submits it');
}


# Redis refuses connections at once: a worker that ends does not wait for it.
sub worker_that_must_stop {
    my $nowhere = bless {port => Live::free_port()}, 'Nowhere';
    my $nginx = gateway(redis => $nowhere, workers => 1,
                        main => 'worker_shutdown_timeout 1s;');

    control('delay?cart_submit/20025=20');
    my $client = start($nginx, 20025);
    control('cart?20025=open');
    $nginx->reload;

    ok($live->wait_for(20, sub {
        told(submit($nginx, 20025)) eq '409 SUBMIT_UNRESOLVED'
    }), 'ended in flight: in doubt, at once');
    is(reached(20025), 1, 'Violet was asked once');
    control('delay?cart_submit/20025=0');
    $nginx->stop;
}


# Larger than what is held in memory, and in a file.
sub body_of_any_size {
    my $nginx = gateway(location => 'violet_buffer_limit 8k; '
                                    . 'client_body_buffer_size 1k;');
    my ($x, $y) = map { '{"app_order_id":20023,"x":"' . 'x' x 50_000
                        . qq($_"}) } 1, 2;
    my $order = sub {
        return $live->request($nginx->port, 'POST /v1/orders',
                              body => $_[0],
                              headers => {'Idempotency-Key' => 'k'});
    };

    is(told($order->($x)), '200', 'a large body');
    is(told($order->($y)), '422 KEY_REUSED', 'another body at its end');
    is(told($order->($x)), '200 replayed', 'the same one');
    $nginx->stop;
}


# A value that is longer than a reply may be reads as nil, which is no claim.
sub long_value_in_place_of_a_record {
    my $cart = 20171;

    redis('SET', record($cart), 'x' x 5_000_000);

    my $answer = submit($one, $cart);
    unlike($answer->{status}, qr/^2/, 'a value that is no record is a doubt');
    is(reached($cart), 0, 'the cart is not submitted');
    like(told($answer), qr/SUBMIT_UNRESOLVED/, 'the gateway reads first');
    redis('DEL', record($cart));
}


# Each worker looks each second whether Redis was emptied.  That must be cheap.
sub idle_gateway {
    my $store = $live->redis;
    my $admin = Violet::Redis->new($store->port);
    my $calls = sub {
        my ($name) = @_;
        my $stats = $admin->call('INFO', 'commandstats');

        return $stats =~ /^cmdstat_$name:calls=(\d+)/m ? $1 : 0;
    };
    my $nginx = gateway(redis => $store);

    ok($live->wait_for(20, sub {
           $admin->call('EXISTS', 'violet:submit:mark') && $calls->('get');
       }), 'an idle gateway: Redis has a mark');

    # a worker that finds no connection at its start runs one script

    ok($live->wait_for(20, sub {
           $admin->call('CONFIG', 'RESETSTAT') if $calls->('eval(?:sha)?');
           $calls->('get') >= 6;
       }), 'an idle gateway: its workers look six times, without a script');
    unlike($nginx->error_log, qr/may have lost some/,
           'an idle gateway: Redis is the same one');

    $admin->call('FLUSHALL');

    ok($live->wait_for(20, sub { $nginx->error_log =~ /may have lost some/ }),
       'an idle gateway: it finds that Redis was emptied');
    ok($live->wait_for(20, sub {
           $admin->call('EXISTS', 'violet:submit:mark');
       }), '... and writes another mark');
}


# More records than the zone has room for.
sub room_for_what_matters {
    my $nginx = gateway(no_redis => 1, workers => 1,
                        more => 'violet_zone 64k;');
    my $cart = 400_000;
    my %told;

    control("fault?cart_submit=400");
    $told{told(submit($nginx, $cart++))}++ for 1 .. 300;
    is_deeply(\%told, {'400 OTHER' => 300}, 'what has failed makes room');

    %told = ();
    control("fault?cart_submit=600");
    $told{told(submit($nginx, $cart++))}++ for 1 .. 300;
    control("fault?cart_submit=0");

    ok($told{'502 UPSTREAM_INVALID'}, 'some doubts have room');
    ok($told{'503 GUARD_UNAVAILABLE'},
       'a doubt makes no room for another one');
    is(join(' ', sort keys %told),
       '502 UPSTREAM_INVALID 503 GUARD_UNAVAILABLE', 'nothing else');
    $nginx->stop;
}


sub caller_gone_while_the_token_is_renewed {
    my $violet = $live->mock;
    my $nginx = gateway(mock => $violet, workers => 1,
                        source => 'refresh_token mock-refresh-token;');

    has_token($nginx);

    control('tokens?answer=slow', $violet);
    control('expire', $violet);

    my $client = start($nginx, 20026, $violet);
    sleep 0.1;
    $client->reset;

    ok($live->wait_for(10, sub { reached(20026, $violet) == 2 }),
       'the caller has gone: repeated with the new token');
    ok($live->wait_for(10, sub {
        told(submit($nginx, 20026)) eq '200 replayed'
    }), 'and settled');
    like($nginx->error_log,
         qr/cart 20026: completed, evidence \w+, Violet's status 200/,
         'as the log says');
    unlike($nginx->error_log, qr/completed, .*Violet's status 401/,
           'of the answer that counts');
    $nginx->stop;
}


sub has_token {
    my ($nginx) = @_;

    ok($live->wait_for(10, sub {
        $live->request($nginx->port, 'GET /v1/orders/1')->{status} == 200
    }), 'there is a token');
}


sub order_is_read_with_a_token_that_expired {
    my $violet = $live->mock;
    my $nginx = gateway(mock => $violet, workers => 1,
                        source => 'refresh_token mock-refresh-token;');

    has_token($nginx);

    is(told(submit($nginx, 20027)), '200', 'completed');
    control('expire', $violet);
    is(told(submit($nginx, 20027)), '200 replayed',
       'the token has expired: the read is repeated with another one');
    is(reached(20027, $violet), 1, 'Violet was asked once');
    $nginx->stop;
}


sub doubts_are_forgotten_without_redis {
    my $nginx = gateway(no_redis => 1, workers => 1);

    is(told(submit($nginx, 60060)), '502 UPSTREAM_INVALID', 'in doubt');
    $nginx->stop;
    like($nginx->error_log,
         qr/1 records of submits are in doubt or in flight and are forgotten/,
         'no Redis: the end of nginx forgets it, and says so');
}


package Nowhere;

sub port {
    return $_[0]{port};
}
