#!/usr/bin/perl

# The zone is full of entries of one kind: what makes room, what is refused, and
# what goes on without it.  Without Redis the zone has the only copy.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256_hex);
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live);
my $merchant = 300000;
my $cart = 1000000;

# more than fit into a zone of 64 kB
my $many = 250;

reports();
carts('orders', 0, '200 completed', '503 unknown GUARD_UNAVAILABLE');
carts('doubts', 603, '502 unknown UPSTREAM_INVALID',
      '503 unknown GUARD_UNAVAILABLE');
failures();
failures_with_keys();
limits();
events();
events_and_a_large_report();
apps();
carts_with_redis();

$live->check_logs;
done_testing();


sub gateway {
    my (%option) = @_;

    return $health->gateway(
        workers => 1, redis => '', extra => 'violet_zone 64k;',
        lines => 'violet_refresh_limit merchant=1r/10m app=500r/h;',
        more => 'location = /status { violet_status; }'
                . 'location = /hook { violet_webhook shop; }', %option);
}


sub send_cart {
    my ($nginx, $id) = @_;

    my $answer = $live->request($nginx->port,
                                "POST /v1/checkout/cart/$id/submit",
                                body => '{}', timeout => 20);
    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};
    my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';

    return join ' ', grep { length } $answer->{status} || 0, $outcome,
        $problem->{errors} ? $problem->{errors}[0]{reason} : '';
}


# The number of entries of a kind.
sub entries {
    my ($nginx, $kind) = @_;

    my $answer = $live->request($nginx->port,
                                'GET /status?format=prometheus');

    return $answer->{body} =~ /^violet_zone_entries\{kind="$kind"\} (\d+)/m
           ? $1 : -1;
}


# What a full zone must not change: reads are answered by Violet, but are not
# kept; a refresh that cannot be counted is refused.
sub goes_on {
    my ($title, $nginx) = @_;

    for my $which ('first', 'second') {
        my $answer = $health->get($nginx, 30000);
        is($answer->{status}, 200, "$title: the $which read is answered");
        unlike($answer->{cache}, qr/hit|stored/, '... and not kept');
    }

    for my $which ('first', 'second') {
        my $answer = $health->get($nginx, '30001?refresh=true');
        is($answer->{status}, 429, "$title: the $which refresh is refused");
        is($answer->{headers}{'retry-after'}, 600, '... for ten minutes');
    }

    is($health->reached('connection_health/30001'), 0,
       "$title: Violet does not see the refreshes");

    $health->control('reset');
}


sub reports {
    my $nginx = gateway();
    my $first = $merchant + 1;

    my @bad = grep { $_->{status} != 200 }
              map { $health->get($nginx, ++$merchant) } 1 .. $many;

    is(scalar @bad, 0, 'reports: each of them is served');
    like($health->get($nginx, $merchant)->{cache}, qr/hit/,
         'reports: the last one is kept');
    like($health->get($nginx, $first)->{cache}, qr/fwd=uri-miss/,
         'reports: the first one has made room');
    cmp_ok(entries($nginx, 'report'), '<', $many, 'reports: some are kept');
    is(send_cart($nginx, ++$cart), '200 completed',
       'reports: they make room for a cart');
    is($health->get($nginx, '30002?refresh=true')->{status}, 200,
       'reports: and for a refresh');
    is($health->get($nginx, '30002?refresh=true')->{status}, 429,
       'reports: which is counted');
    $health->control('reset');
}


# Neither an order nor a doubt makes room for another record.
sub carts {
    my ($title, $fault, $taken, $refused) = @_;

    my $nginx = gateway();
    my $first = $cart + 1;

    $health->control("fault?cart_submit=$fault");
    my %answers;
    $answers{send_cart($nginx, ++$cart)}++ for 1 .. $many;
    $health->control('fault?cart_submit=0');

    is(join(', ', sort keys %answers), join(', ', sort $taken, $refused),
       "$title: a submit that cannot be guarded is refused");
    is(entries($nginx, 'submit'), $answers{$taken},
       "$title: each one that was sent has its record");
    is($health->reached('cart_submit'), $answers{$taken},
       "$title: Violet has seen no other one");

    my $before = $health->reached("cart_submit/$first");
    send_cart($nginx, $first);
    is($health->reached("cart_submit/$first"), $before,
       "$title: the first one is not sent again");

    $health->control('reset');
    goes_on($title, $nginx);
}


sub failures {
    my $nginx = gateway();

    $health->control('fault?cart_submit=400');
    my %answers;
    $answers{send_cart($nginx, ++$cart)}++ for 1 .. $many;
    $health->control('fault?cart_submit=0');

    is(join(', ', sort keys %answers), '400 failed OTHER',
       'failures: they make room for each other');
    is(send_cart($nginx, ++$cart), '200 completed',
       'failures: and for an order');

    my $answer = $health->get($nginx, '30003?refresh=true');
    is($answer->{status}, 200, 'failures: a refresh is granted');
    is($health->get($nginx, '30003?refresh=true')->{status}, 429,
       'failures: and counted');
    $health->control('reset');
}


# Once they refused every later submit.
sub failures_with_keys {
    my $nginx = gateway();
    my $order = sub {
        my ($key, $id) = @_;

        return $live->request($nginx->port, 'POST /v1/orders', timeout => 20,
                              body => qq({"app_order_id":$id}),
                              headers => {'Idempotency-Key' => $key})
               ->{headers}{'x-violet-cart-outcome'} || '';
    };
    my %outcomes;

    $outcomes{$order->("key-$_", 40001)}++ for 1 .. $many;

    is_deeply(\%outcomes, {failed => $many},
              'failures with keys: they make room for each other');
    is($order->('another', 20001), 'completed',
       'failures with keys: and for an order');
    is($order->('another', 20001), 'completed',
       'failures with keys: which is told again');
    is($health->reached('order_create'), $many + 1,
       'failures with keys: Violet has seen it once');
    $health->control('reset');
}


# Budgets that are not full again make no room: the next refreshes are refused,
# and do not spend the app's budget.
sub limits {
    my $nginx = gateway();
    my %answers;

    $answers{$health->get($nginx, ++$merchant . '?refresh=true')->{status}}++
        for 1 .. 400;

    is(join(', ', sort keys %answers), '200, 429',
       'limits: a refresh that cannot be counted is refused');

    my $counted = entries($nginx, 'limit');
    is($counted, $answers{200} + 1,
       'limits: each one that was granted is counted, and the app');
    is($health->reached('connection_health.refresh'), $answers{200},
       'limits: Violet sees no other one');

    my $last = $health->get($nginx, ($merchant - 399) . '?refresh=true');
    is($last->{status}, 429, 'limits: the first merchant has no budget');
    like($last->{headers}{ratelimit}, qr/"merchant";r=0/,
         'limits: and the app has some');
    $health->control('reset');
}


# A mark of an event spares Violet requests: it makes room for what decides.
sub events {
    my $nginx = gateway();
    my %answers;

    $answers{event($nginx, ++$merchant)}++ for 1 .. $many;

    is_deeply(\%answers, {200 => $many}, 'events: each one is taken');
    cmp_ok(entries($nginx, 'event'), '<', $many,
           'events: marks make room for each other');

    is($health->get($nginx, 30005)->{status}, 200, 'events: a read');
    like($health->get($nginx, 30005)->{cache}, qr/hit/, 'events: is kept');
    is($health->get($nginx, '30005?refresh=true')->{status}, 200,
       'events: a refresh is granted');
    is($health->get($nginx, '30005?refresh=true')->{status}, 429,
       'events: and counted');

    $health->control('reset');
    is(send_cart($nginx, ++$cart), '200 completed', 'events: a cart is sent');
    is(send_cart($nginx, $cart), '200 completed', 'events: and told again');
    is($health->reached("cart_submit/$cart"), 1, 'events: but not sent again');
    $health->control('reset');
}


# A report of 7 kB takes more than one page, and marks make room for each.
sub events_and_a_large_report {
    my $port = Live::free_port();

    # nginx takes at most 4 kB in one word of its configuration
    my $note = 'x' x 3500;
    my $head = '{"merchant_id":$id,"connection":{"status":"COMPLETE"}';
    my $nginx = gateway(
        extra => qq(violet_zone 64k;
            violet_app large { app_id 1; app_secret s; token t; }
            server { listen 127.0.0.1:$port;
            default_type application/json; set \$note "$note";
            location ~ /(?<id>[0-9]+)\$ {
                return 200 '$head,"note":"\$note\$note"}';
            } }),
        more => "location = /hook { violet_webhook shop; }
                 location /large/v1/ { violet large;
                 proxy_pass http://127.0.0.1:$port/v1/; }");

    my @bad = grep { $_ != 200 } map { event($nginx, ++$merchant) } 1 .. $many;
    my ($first, $again) = map {
        $health->get($nginx, 30006, prefix => '/large/')
    } 1 .. 2;

    is(scalar @bad, 0, 'events, a large report: each event is taken');
    like($first->{body}, qr/"x{7000}"/, 'events, a large report: a read');
    like($again->{cache}, qr/hit/, 'events, a large report: is kept');
}


sub event {
    my ($nginx, $who) = @_;

    my $body = qq({"id":$who,"name":"a","platform":"SHOPIFY"});

    return $live->request($nginx->port, 'POST /hook', body => $body,
        headers => {
            'X-Violet-Topic' => 'MERCHANT_COMPLETE',
            'X-Violet-Hmac' => hmac_sha256_hex($body, 'mock-app-secret')})
        ->{status};
}


# Each reload has another app, so there are more apps than slots for tokens.
# The one that was not used for the longest time makes room.
sub apps {
    my $violet = $live->mock;
    my $config = sub {
        my ($name) = @_;

        return (http => <<"        END", server => <<"        SERVER");
        violet_app $name {
            app_id 10000;
            app_secret mock-app-secret;
            refresh_token mock-refresh-token;
        }

        upstream violet_api {
            server 127.0.0.1:@{[$violet->port]};
        }
        END
        location /v1/ {
            violet $name;
            proxy_pass http://violet_api;
        }
        SERVER
    };

    my $nginx = $live->nginx(workers => 1, $config->('app0'));
    my $ask = sub {
        $live->request($nginx->port, 'GET /v1/merchants',
                       timeout => 15)->{status};
    };

    is($ask->(), 200, 'apps: the first one has a token');

    for my $n (1 .. 20) {
        $nginx->configure($config->("app$n"));
        my @old = $nginx->workers;
        $nginx->reload && $nginx->wait_gone(20, @old)
            or die "nginx is not reloaded\n";
        is($ask->(), 200, "apps: number $n has a token");
    }

    is($live->mock_counts($violet)->{token}, 21, 'apps: each asked once');

    $nginx->configure($config->('app20'));
    $nginx->reload or die "nginx is not reloaded\n";
    is($ask->(), 200, 'apps: the last one again');
    is($live->mock_counts($violet)->{token}, 21, 'apps: its token was kept');
    $nginx->stop;
    $violet->stop;
}


# Redis has the records and the budgets, so nothing is refused.
sub carts_with_redis {
    my $nginx = gateway(redis => 'redis://127.0.0.1:' . $health->redis->port);

    $health->control('fault?cart_submit=603');
    my %answers;
    $answers{send_cart($nginx, ++$cart)}++ for 1 .. $many;
    $health->control('fault?cart_submit=0');

    is(join(', ', sort keys %answers), '502 unknown UPSTREAM_INVALID',
       'with Redis: each doubt is sent');
    cmp_ok(entries($nginx, 'submit'), '>=', 20,
           'with Redis: records are counted as such');

    my $first = $cart - $many + 1;
    my $before = $health->reached("cart_submit/$first");
    is(send_cart($nginx, $first), '200 completed',
       'with Redis: a doubt is cleared up, also one that left the zone');
    is($health->reached("cart_submit/$first"), $before,
       'with Redis: and not sent again');
    is($health->get($nginx, '30004?refresh=true')->{status}, 200,
       'with Redis: a refresh is granted');
    is($health->get($nginx, '30004?refresh=true')->{status}, 429,
       'with Redis: and counted');
}
