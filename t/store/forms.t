#!/usr/bin/perl

# Gateways of different versions share a Redis: each value carries the number of
# its form.  A gateway writes a value, the number is made one higher or lower,
# and another gateway, which has nothing of it in its memory, meets the value.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $writer = gateway();
my $reader = gateway();
my $health = '/v1/operations/connection_health';
my $keys = 'violet_api:10000';
my $miss = 'violet; fwd=uri-miss; stored';
my $hit = 'violet; hit; ttl=';
my $cart = 20001;

for my $step (1, -1) {
    my $form = $step > 0 ? 'a newer form' : 'an older form';

    forget();
    reports($form, $step);
    lists($form, $step);
    budgets($form, $step);
    held_answers($form, $step);
    flights($form, $step);
    marks_of_events($form, $step);
    purges($form, $step);
    submits($form, $step);
    submits_under_way($form, $step);
    submits_by_key($form, $step);
}

each_value_has_a_number();

$live->check_logs;
done_testing();


# Each read asks Redis.
sub gateway {
    return $live->nginx(http => $live->violet_http($redis, $mock),
                        server => $live->violet_location(
                            'violet_health_memory off;'
                            . ' violet_refresh_limit merchant=1r/10m app=1000r/s;')
                        . 'location = /hook { violet_webhook shop; }'
                        . 'location = /purge { violet_purge shop; }');
}


sub forget {
    redis('FLUSHALL');
    $live->request($mock->port, 'POST /_mock/reset');
}


sub redis {
    my (@words) = @_;

    return Violet::Redis->new($redis->port)->call(@words);
}


# The number of a value: the field v of a hash, the first word of a string.
sub number {
    my ($key) = @_;

    return redis('HGET', $key, 'v') if redis('TYPE', $key) eq 'hash';

    my ($number) = (redis('GET', $key) // '') =~ /^(\d+) /;

    return $number;
}


sub change_form {
    my ($key, $step) = @_;

    my $number = number("violet:$key");

    die "violet:$key has no number\n" if !defined $number;

    if (redis('TYPE', "violet:$key") eq 'hash') {
        redis('HSET', "violet:$key", 'v', $number + $step);

    } else {
        redis('SET', "violet:$key", redis('GET', "violet:$key")
                                    =~ s/^\d+/$number + $step/er, 'KEEPTTL');
    }

    return $number;
}


sub ask {
    my ($nginx, $what, %option) = @_;

    return $live->request($nginx->port, $what, timeout => 30, %option);
}


sub count {
    my ($name) = @_;

    return $live->mock_counts($mock)->{$name} || 0;
}


# Without the seconds.
sub cache_status {
    my ($answer) = @_;

    return $answer->{headers}{'cache-status'} =~ s/ttl=\K.*//r;
}


sub reports {
    my ($form, $step) = @_;

    ask($writer, "GET $health/42");
    is(cache_status(ask($reader, "GET $health/42")), $hit,
       'a report of the same form: a hit');

    my $number = change_form("health:$keys:42", $step);
    my $answer = ask($reader, "GET $health/42");

    is(cache_status($answer), $miss, "a report of $form is a miss");
    is(number("violet:health:$keys:42"), $number, 'and is replaced');
    is(count('connection_health/42'), 2, 'Violet was asked for it once');
}


sub lists {
    my ($form, $step) = @_;

    ask($writer, "GET $health");

    my $number = change_form("health-list:$keys:true", $step);

    is(cache_status(ask($reader, "GET $health")), $miss,
       "a list of $form is a miss");
    is(number("violet:health-list:$keys:true"), $number, 'and is replaced');
}


sub budgets {
    my ($form, $step) = @_;

    ask($writer, "GET $health/43?refresh=true");
    is(ask($reader, "GET $health/43?refresh=true")->{status}, 429,
       'a budget of the same form is spent');

    my $number = change_form("limit:$keys:43", $step);

    is(ask($reader, "GET $health/43?refresh=true")->{status}, 200,
       "a budget of $form counts as a full one");
    is(number("violet:limit:$keys:43"), $number, 'and is replaced');
}


sub held_answers {
    my ($form, $step) = @_;

    ask($writer, "GET $health/42900");
    ask($reader, "GET $health/42900");
    is(count('connection_health/42900'), 1, 'a held answer of the same form');

    change_form("health-held:$keys:42900", $step);
    ask($reader, "GET $health/42900");
    is(count('connection_health/42900'), 2,
       "with a held answer of $form Violet is asked");
}


sub flights {
    my ($form, $step) = @_;

    $live->request($mock->port, 'POST /_mock/delay?connection_health/44=2');

    my $client = $live->client($writer->port);
    $client->send("GET $health/44 HTTP/1.1\r\nHost: a\r\n\r\n");
    ok($live->wait_for(10, sub { number("violet:flight:$keys:44:read") }),
       'a flight is under way');

    change_form("flight:$keys:44:read", $step);
    is(ask($reader, "GET $health/44")->{status}, 200,
       "beside a flight of $form another one is started");
    is($client->answer(20)->{status}, 200, 'and both land');
    is(count('connection_health/44'), 2, 'Violet was asked by both');
}


# The next read of a merchant after an event is a refresh.
sub marks_of_events {
    my ($form, $step) = @_;
    my $hook = 'http://127.0.0.1:' . $writer->port . '/hook';

    for my $merchant (45, 46) {
        $live->request($mock->port, "POST /_mock/webhook?to=$hook"
                                    . "&topic=MERCHANT_NEEDS_ATTENTION"
                                    . "&merchant=$merchant");
        ok(defined number("violet:event:$keys:$merchant"), 'an event');
    }

    change_form("event:$keys:46", $step);

    for my $merchant (45, 46) {
        my $before = count('connection_health.refresh');

        is(ask($reader, "GET $health/$merchant")->{status}, 200, 'a read');
        is(count('connection_health.refresh') - $before,
           $merchant == 45 ? 1 : 0,
           $merchant == 45 ? 'is a refresh' : "is plain after one of $form");
    }
}


# A gateway that starts reads the instant of the purge in Redis.
sub purges {
    my ($form, $step) = @_;

    my $key = "purged:$keys";

    ask($writer, "GET $health/47");
    purge($writer);
    is(new_gateway(), $miss, 'after a purge of all of the same form: a miss');
    is(new_gateway(), $hit, 'which is stored');

    purge($writer);

    my $number = change_form($key, $step);

    is(new_gateway(), $hit, "a purge of all of $form is not seen");

    purge($reader);
    is(number("violet:$key"), $number, 'and is replaced by the next one');
    is(new_gateway(), $miss, 'which is seen');
}


sub purge {
    my ($nginx) = @_;

    is(ask($nginx, 'POST /purge?all=1')->{status}, 200, 'all are purged');
}


# How a gateway that has just started answers: without what it knew before.
sub new_gateway {
    my $new = gateway();
    my $answer = ask($new, "GET $health/47");

    $new->stop;

    return cache_status($answer);
}


# However a submit has ended, a record that cannot be read is a doubt.
sub submits {
    my ($form, $step) = @_;

    for (['completed', $cart++, 200], ['failed', 40020 + 2 * $step, 400],
         ['partial', 20700 + $cart % 90, 422])
    {
        my ($outcome, $id, $status) = @$_;
        my $submit = "POST /v1/checkout/cart/$id/submit";
        my $first = ask($writer, $submit);

        is($first->{status}, $status, "a submit: $outcome");
        is(count("cart_submit/$id"), 1, 'is sent');

        change_form("submit:$keys:$id", $step);

        my $answer = ask($reader, $submit);

        is(count("cart_submit/$id"), 1,
           "a record of $form ($outcome): the cart is not sent");
        isnt($answer->{headers}{'x-violet-cart-outcome'}, 'failed',
             'no verdict without evidence');
        is($answer->{headers}{'x-violet-submit-replayed'}, 'true',
           'the answer comes of a read');

        ask($writer, $submit);
        is(count("cart_submit/$id"), 1, 'nor by the gateway that wrote it')
            if $outcome ne 'failed';
    }
}


sub submits_under_way {
    my ($form, $step) = @_;

    my $id = 20050 + $step;
    my $submit = "POST /v1/checkout/cart/$id/submit";

    # what a read shows before Violet has begun
    $live->request($mock->port, "POST /_mock/cart?$id=open");
    $live->request($mock->port, "POST /_mock/delay?cart_submit/$id=3");

    my $client = $live->client($writer->port);
    $client->send(Live::Client::request_bytes($submit));
    ok($live->wait_for(10, sub { count("cart_submit/$id") }),
       'a submit is under way');

    change_form("submit:$keys:$id", $step);

    my $answer = ask($reader, $submit);

    is($answer->{headers}{'x-violet-cart-outcome'}, 'unknown',
       "its record has $form: unknown");
    is($answer->{status}, 409, 'with 409');
    is($client->answer(20)->{headers}{'x-violet-cart-outcome'}, 'completed',
       'the submit ends');
    is(count("cart_submit/$id"), 1, 'it was sent once');
}


sub submits_by_key {
    my ($form, $step) = @_;

    my %request = (body => '{"app_order_id": 20080}',
                   headers => {'Idempotency-Key' => "a$step"});

    is(ask($writer, 'POST /v1/orders', %request)->{status}, 200,
       'an order by key');

    for my $key (grep { /:key:/ } keys_of_redis()) {
        change_form($key =~ s/^violet://r, $step);
    }

    my $answer = ask($reader, 'POST /v1/orders', %request);

    is($answer->{status}, 409, "its record has $form: 409");
    like($answer->{body}, qr/"retry":"manual"/, 'and nobody sends it');
    is(count('order_create'), 1, 'it was sent once');
    forget();
}


sub keys_of_redis {
    my $text = redis('EVAL', "return table.concat(redis.call('KEYS', '*'),"
                             . " '\\n')", 0);

    return sort split /\n/, $text;
}


# All that the flows above have left in Redis.  The mark is compared as a whole.
sub each_value_has_a_number {
    $live->request($mock->port, 'POST /_mock/delay?connection_health/44=2');
    ask($writer, "GET $health/$_") for '42', '42900', '43?refresh=true', '';
    ask($writer, 'POST /v1/checkout/cart/20099/submit');
    ask($writer, 'POST /v1/orders', body => '{"app_order_id": 20098}',
        headers => {'Idempotency-Key' => 'b'});
    purge($writer);

    my @keys = grep { $_ ne 'violet:submit:mark' } keys_of_redis();
    my %kinds = map { (split /:/)[1] => 1 } @keys;

    for my $kind (qw(health health-held health-list limit purged submit)) {
        ok($kinds{$kind}, "there is a value $kind");
    }

    for my $key (@keys) {
        ok(defined number($key), "$key has a number");
    }
}
