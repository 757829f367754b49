#!/usr/bin/perl

# A submit of which one gateway has a record, and the other gateway or Redis has
# none: no unknown submit and no order is forgotten.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;

my ($one, $two) = map { gateway() } 1 .. 2;

settlement_that_redis_refuses();
order_of_a_submit_that_was_overtaken();
body_of_a_key_is_known_to_all();
body_of_any_size();
read_of_a_key();
flight_of_long_duration();
flight_is_not_overridden_on_its_host();
redis_that_is_behind();
stale_copy_of_a_flight();
doubt_beside_a_flight();
claim_that_redis_runs_later();
claim_that_is_not_sent();
worker_that_must_stop();
partial_passed_as_it_is();
room_for_what_is_remembered();
caller_gone_while_the_token_is_renewed();
doubt_is_read_with_a_token_that_expired();

$live->check_logs;
done_testing();


sub gateway {
    my (%option) = @_;

    my $store = delete $option{redis} || $redis;
    my $violet = delete $option{mock} || $mock;
    my $location = delete $option{location} || '';
    my $http = $live->violet_http($store, $violet, delete $option{more});

    $http =~ s/token       mock-token;/$option{source}/
        if $option{source};

    return $live->nginx(workers => 2, %option, http => $http,
                        server => $live->violet_location($location));
}


sub submit {
    my ($nginx, $cart, %option) = @_;

    my $key = delete $option{key};

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => $option{body} || '{}',
                          headers => {
                              ($key ? ('Idempotency-Key' => qq("$key")) : ()),
                              ($option{where}
                               ? ('X-Where' => $option{where}) : ()),
                              ($option{again}
                               ? ('X-Violet-Submit' => 'again') : ()),
                          });
}


sub start {
    my ($nginx, $cart, $violet) = @_;

    my $before = reached($cart, $violet);
    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}'));
    $live->wait_for(10, sub { reached($cart, $violet) > $before })
        or die "cart $cart does not reach Violet\n";

    return $client;
}


sub read_cart {
    my ($nginx, $cart, $key) = @_;

    return $live->request($nginx->port, "GET /v1/checkout/cart/$cart",
                          headers => $key ? {'Idempotency-Key' => qq("$key")}
                                          : {});
}


sub reached {
    my ($cart, $violet) = @_;

    return $live->mock_counts($violet || $mock)->{"cart_submit/$cart"} || 0;
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

    my $mark = $answer->{headers}{'x-violet-submit'} || '';
    return "$answer->{status} $mark" if $mark;

    my $problem = eval { JSON::PP::decode_json($answer->{body}) };
    my $reason = ref $problem eq 'HASH' && $problem->{errors}
                 && ref $problem->{errors} eq 'ARRAY'
                 && @{$problem->{errors}} && $problem->{errors}[0]{reason}
                 || '';

    return $answer->{status} . ($reason ? " $reason" : '');
}


sub redis_cli {
    my (@words) = @_;

    return Violet::Redis::text_of(
        Violet::Redis->new($redis->port)->call(@words));
}


sub record {
    my ($cart) = @_;

    return "violet:submit:violet_api:10000:$cart";
}


sub state_is {
    my ($cart, $state, $title) = @_;

    ok($live->wait_for(10, sub {
        redis_cli('HGET', record($cart), 'state') eq $state
    }), $title) or diag(redis_cli('HGETALL', record($cart)));
}


# Without Redis the first gateway sends a submit; meanwhile the other gateway
# sends one, too, which fails.  The outcome of the first one stays unknown.
sub settlement_that_redis_refuses {
    my $cart = 60012;
    my $relay = $live->relay($redis->port);
    my $other = $live->mock;
    my $far = gateway(mock => $other);

    control("fault?cart_submit/$cart=400", $other);

    my $violet = $live->mock(args => ['--hold', '60']);
    control("fault?cart_submit/$cart=602", $violet);
    my $near = gateway(redis => $relay, location => 'proxy_read_timeout 3s;',
                    mock => $violet);

    $relay->mode('cut all');
    my $client = start($near, $cart, $violet);
    $relay->mode('pass');

    is(told(submit($far, $cart)), '400 OTHER',
       'the other one fails');
    is(told($client->answer(10)), '504 UPSTREAM_TIMEOUT',
       'the first is lost');
    sleep 0.5;

    is(told(submit($near, $cart)), '409 OTHER', 'its own host refuses');
    is(reached($cart, $violet), 1, 'and sends nothing');

    $near->stop;
    $far->stop;
}


# A long submit in flight, and a second one with "again", which fails: the order
# of the first one counts.
sub order_of_a_submit_that_was_overtaken {
    my $cart = 20021;

    control("delay?cart_submit/$cart=2");
    my $client = start($one, $cart);

    redis_cli('HSET', record($cart), 'state', 'unknown');
    control("delay?cart_submit/$cart=0");
    control("fault?cart_submit/$cart=400");
    is(told(submit($two, $cart, again => 1)), '400 OTHER',
       'again, and it fails');

    is($client->answer(10)->{status}, 200, 'the first one completes');
    state_is($cart, 'completed', 'the order outweighs the failure');
    is(told(submit($two, $cart)), '200 repeated', 'for all');
    is(reached($cart), 2, 'nothing else was sent');
    control("fault?cart_submit/$cart=0");
}


sub body_of_a_key_is_known_to_all {
    my $cart = 20022;

    is(told(submit($one, $cart, key => 'k', body => '{"a":1}')), '200',
       'a key, and a body');

    for (1, 2) {
        is(told(submit($two, $cart, key => 'k', body => '{"a":2}')),
           '422 OTHER', 'another body, at another gateway');
    }

    is(told(submit($two, $cart, key => 'k', body => '{"a":1}')),
       '200 repeated', 'its own body');
    is(told(submit($two, $cart, key => 'k', body => '{"a":2}')),
       '422 OTHER', 'another body, still');

    control("fault?cart_submit/$cart=400");
    is(told(submit($one, $cart, key => 'f', body => '{"a":1}')),
       '400 OTHER', 'a key of one that fails');
    is(told(submit($two, $cart, key => 'f', body => '{"a":2}')),
       '422 OTHER', 'another body, at another gateway');
    $redis->pause;
    is(told(submit($two, $cart, key => 'f', body => '{"a":2}')),
       '422 OTHER', 'and while Redis hangs');
    $redis->resume;
    recovered($_) for $one, $two;
    control("fault?cart_submit/$cart=0");
}


sub recovered {
    my ($nginx) = @_;

    my $n = 0;

    ok($live->wait_for(20, sub {
        my $cart = 29000 + ++$n;
        submit($nginx, $cart);
        return redis_cli('EXISTS', record($cart)) eq '1';
    }), 'Redis is asked again');
}


# Bodies larger than the buffer in memory, which nginx writes to a file.
sub body_of_any_size {
    my $nginx = gateway(location => 'violet_buffer_limit 8k; '
                                    . 'client_body_buffer_size 1k;');
    my ($x, $y) = map { '{"x":"' . 'x' x 50_000 . qq($_"}) } 1, 2;

    is(told(submit($nginx, 20023, key => 'k', body => $x)), '200',
       'a large body');
    is(told(submit($nginx, 20023, key => 'k', body => $y)), '422 OTHER',
       'another one, of which the end alone differs');
    is(told(submit($nginx, 20023, key => 'k', body => $x)), '200 repeated',
       'the same one');
    $nginx->stop;
}


sub read_of_a_key {
    my $cart = 60014;

    is(told(submit($one, $cart, key => 'k', body => '{"a":1}')),
       '502 UPSTREAM_INVALID', 'a key whose outcome is not known');
    is(read_cart($one, $cart, 'k')->{status}, 200, 'a read of the key');
    is(told(submit($one, $cart, key => 'k', body => '{"a":2}')), '422 OTHER',
       'frees it for its own body alone');
    is(told(submit($one, $cart, key => 'k', body => '{"a":1}')),
       '502 UPSTREAM_INVALID', 'which is sent');
    is(reached($cart), 2, 'twice in all');
}


# The record of a flight expires after a second unless its host renews it.
sub flight_of_long_duration {
    my ($near, $far)
        = map { gateway(location => 'violet_submit_guard 1s;') } 1, 2;
    my $cart = 20024;

    control("delay?cart_submit/$cart=3");
    my $client = start($near, $cart);
    sleep 2;
    is(told(submit($near, $cart)), '409 SUBMIT_IN_PROGRESS',
       'still in flight, on its host');
    is(told(submit($far, $cart)), '409 SUBMIT_IN_PROGRESS',
       'and for the others');

    redis_cli('DEL', record($cart));
    ok($live->wait_for(1, sub {
        redis_cli('HGET', record($cart), 'state') eq 'in_flight'
    }), 'a Redis that has lost it is told again');

    is($client->answer(10)->{status}, 200, 'it completes');
    is(reached($cart), 1, 'Violet was asked once');
    control("delay?cart_submit/$cart=0");
    $_->stop for $near, $far;
}


sub flight_is_not_overridden_on_its_host {
    for my $lost (['DEL'], ['HSET', 'state', 'open'],
                  ['HSET', 'state', 'unknown'])
    {
        my ($op, @rest) = @$lost;
        my $cart = 21660 + @rest + ($rest[1] || '') =~ /^u/;

        control("delay?cart_submit/$cart=1");
        my $client = start($one, $cart);
        redis_cli($op, record($cart), @rest);

        is(told(submit($one, $cart, again => $_)), '409 SUBMIT_IN_PROGRESS',
           "in flight, Redis: @$lost, again: $_") for 0, 1;

        is($client->answer(10)->{status}, 200, 'it completes');
        is(reached($cart), 1, 'Violet was asked once');
        control("delay?cart_submit/$cart=0");
    }
}


# A replica without the record of the last submit takes over.
sub redis_that_is_behind {
    my $cart = 60016;

    control("fault?cart_submit/$cart=400");
    is(told(submit($one, $cart)), '400 OTHER', 'failed');
    state_is($cart, 'open', 'which Redis knows');

    my %old = @{Violet::Redis->new($redis->port)->call('HGETALL',
                                                       record($cart))};

    control("fault?cart_submit/$cart=0");
    is(told(submit($one, $cart)), '502 UPSTREAM_INVALID', 'unknown');
    state_is($cart, 'unknown', 'which Redis knows');
    is(told(submit($two, $cart)), '409 OTHER', 'and the other gateway');

    for my $nginx ($one, $two) {
        redis_cli('DEL', record($cart));
        redis_cli('HSET', record($cart), %old);

        is(told(submit($nginx, $cart)), '409 OTHER',
           'Redis says what was before');
        is(redis_cli('HGET', record($cart), 'state'), 'unknown',
           'and is told better');

        redis_cli('DEL', record($cart));
        redis_cli('HSET', record($cart), %old);

        like(read_cart($nginx, $cart)->{body}, qr/IN_PROGRESS/, 'a read');
    }

    is(reached($cart), 2, 'nothing was sent');
    is(told(submit($two, $cart)), '502 UPSTREAM_INVALID',
       'after the read it is');
}


sub stale_copy_of_a_flight {
    my $cart = 60018;

    control("delay?cart_submit/$cart=1");
    my $client = start($one, $cart);
    is(told(submit($two, $cart)), '409 SUBMIT_IN_PROGRESS',
       'the other gateway learns of a flight');
    is(told($client->answer(10)), '502 UPSTREAM_INVALID', 'which is lost');
    state_is($cart, 'unknown', 'as Redis knows');

    like(read_cart($two, $cart)->{body}, qr/IN_PROGRESS/,
         'a read at the other gateway');
    control("delay?cart_submit/$cart=0");
    is(told(submit($two, $cart)), '502 UPSTREAM_INVALID', 'frees it there');
    is(reached($cart), 2, 'Violet was asked twice');
}


# A submit whose answer is lost during a second submit, which fails.
sub doubt_beside_a_flight {
    my $cart = 60026;
    my $other = $live->mock;
    my $far = gateway(mock => $other);

    control("delay?cart_submit/$cart=1");
    control("delay?cart_submit/$cart=2", $other);
    control("fault?cart_submit/$cart=400", $other);

    my $client = start($one, $cart);
    redis_cli('HSET', record($cart), 'state', 'unknown');
    my $answer = submit($far, $cart, again => 1);

    is(told($client->answer(10)), '502 UPSTREAM_INVALID', 'one is lost');
    is(told($answer), '400 OTHER', 'the other one fails');
    state_is($cart, 'unknown', 'the failure does not change the first outcome');
    is(told(submit($two, $cart)), '409 OTHER', 'for all');
    is(told(submit($far, $cart)), '409 OTHER', 'there as well');

    control("delay?cart_submit/$cart=0");
    $far->stop;
}


# The host refuses a submit by its own record while Redis hangs with the claim.
# When Redis runs the claim, the deadline of the claim has passed.
sub claim_that_redis_runs_later {
    my $cart = 60020;
    my ($near, $far)
        = map { gateway(location => 'violet_submit_guard 1s;') } 1, 2;

    is(told(submit($near, $cart)), '502 UPSTREAM_INVALID', 'unknown');
    is(told(submit($far, $cart)), '409 OTHER',
       'the other gateway learns it from Redis');
    is(read_cart($near, $cart)->{status}, 200, 'freed');
    state_is($cart, 'open', 'in Redis');

    $redis->pause;
    is(told(submit($far, $cart)), '409 OTHER', 'refused while Redis hangs');
    $redis->resume;

    # as if Redis had hung longer: the late claim changes nothing
    redis_cli('HSET', record($cart), 'deadline', 1000)
        if $live->wait_for(0.5, sub {
            redis_cli('HGET', record($cart), 'state') eq 'in_flight'
        });
    recovered($_) for $near, $far, $one, $two;

    state_is($cart, 'open', 'nothing is in flight');
    is(told(submit($far, $cart)), '502 UPSTREAM_INVALID', 'it may be sent');
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
    is(told(submit($nginx, $cart)), '502 UPSTREAM_INVALID',
       'the repeated submit is sent, its outcome is unknown');
    is(submit($nginx, $cart, @nowhere, again => 1)->{status}, 500,
       'again, and nothing is sent');
    is(told(submit($nginx, $cart)), '409 OTHER', 'the unknown outcome stays');
    is(reached($cart), 1, 'Violet was asked once');
    $nginx->stop;
}


# Redis refuses connections at once: a worker that ends does not wait for it.
sub worker_that_must_stop {
    my $nowhere = bless {port => Live::free_port()}, 'Nowhere';
    my $nginx = gateway(redis => $nowhere, workers => 1,
                        main => 'worker_shutdown_timeout 1s;');

    control('delay?cart_submit/20025=20');
    my $client = start($nginx, 20025);
    $nginx->reload;

    ok($live->wait_for(10, sub {
        told(submit($nginx, 20025)) eq '409 OTHER'
    }), 'ended in flight: unknown, at once');
    is(reached(20025), 1, 'Violet was asked once');
    control('delay?cart_submit/20025=0');
    $nginx->stop;
}


sub partial_passed_as_it_is {
    my $nginx = gateway(location => 'violet_cart_errors off;');
    my $first = submit($nginx, 20710);
    my $second = submit($nginx, 20710);

    is($first->{status}, 200, 'a partial submit, as Violet says it');
    is(told($second), '200 repeated', 'and again');
    is($second->{headers}{'x-violet-cart-outcome'}, 'partial', 'is partial');
    like($second->{body}, qr/"id": 20710/, 'with the order');
    is(reached(20710), 1, 'Violet was asked once');
    $nginx->stop;
}


# More records than the zone has room for, but few at a time.
sub room_for_what_is_remembered {
    my $nginx = $live->nginx(
        workers => 1,
        http => $live->violet_http($redis, $mock, 'violet_zone 64k;')
                =~ s/violet_redis .*//r,
        server => $live->violet_location('violet_submit_guard 1s;'));

    my ($cart, %told) = (23000);

    for my $round (1 .. 4) {
        $told{told(submit($nginx, $cart++))}++ for 1 .. 120;
        sleep 1.2;
    }

    is_deeply(\%told, {200 => 480}, 'what is over makes room');
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
        told(submit($nginx, 20026)) eq '200 repeated'
    }), 'and settled');
    like($nginx->error_log, qr/cart 20026: completed, Violet's status 200/,
         'as the log says');
    unlike($nginx->error_log, qr/completed, Violet's status 401/,
           'of the answer that counts');
    $nginx->stop;
}


sub has_token {
    my ($nginx) = @_;

    ok($live->wait_for(10, sub {
        $live->request($nginx->port, 'GET /v1/orders/1')->{status} == 200
    }), 'there is a token');
}


sub doubt_is_read_with_a_token_that_expired {
    my $violet = $live->mock;
    my $nginx = gateway(mock => $violet, workers => 1,
                        source => 'refresh_token mock-refresh-token;');

    has_token($nginx);

    is(told(submit($nginx, 60024)), '502 UPSTREAM_INVALID', 'unknown');
    control('expire', $violet);
    is(read_cart($nginx, 60024)->{status}, 401, 'a read is refused');
    ok($live->wait_for(10, sub {
        read_cart($nginx, 60024)->{status} == 200
    }), 'but the token is renewed');
    is(told(submit($nginx, 60024)), '502 UPSTREAM_INVALID', 'and freed');
    $nginx->stop;
}


package Nowhere;

sub port {
    return $_[0]{port};
}
