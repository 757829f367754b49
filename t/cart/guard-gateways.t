#!/usr/bin/perl

# One cart, two gateways, one Redis: no gateway sends a submit with an unknown
# outcome a second time, after any failure.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes ();
use Violet::Redis;
use Violet::Schema;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;

my ($one, $two) = map { gateway() } 1 .. 2;

race_of_two_hundred();
race_with_keys();
race_without_redis();
gateway_killed_in_flight();
worker_killed_in_flight();
heard_before_redis_hung();
redis_lost_between_claim_and_settlement();
redis_restarted_empty();
restarted_while_a_claim_waits();
emptied_without_a_loss();
emptied_between_two_submits();
emptied_before_a_start('refuse');
emptied_before_a_start('host');
restored_at_once();
reloaded_in_flight();
caller_gone_in_flight();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub gateway {
    my (%option) = @_;

    return $live->nginx(workers => 2, %option,
                        http => $live->violet_http($redis, $mock),
                        server => $live->violet_location);
}


sub submit {
    my ($nginx, $cart, %headers) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{}', headers => \%headers);
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}


sub reads {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_read/$cart"} || 0;
}


sub start {
    my ($nginx, $cart) = @_;

    my $before = reached($cart);
    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}'));
    $live->wait_for(10, sub { reached($cart) > $before })
        or die "cart $cart does not reach Violet\n";

    return $client;
}


# "true" if the answer comes of a read.
sub replayed {
    my ($answer) = @_;

    return $answer->{headers}{'x-violet-submit-replayed'} // '';
}


sub is_refused {
    my ($answer, $reason, $title) = @_;

    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};

    is(Violet::Schema::violation($answer->{body}), '', "$title: the schema");
    is($answer->{status}, 409, "$title: 409");
    is($problem->{outcome}, 'unknown', "$title: unknown");
    is($problem->{retry}, 'later', "$title: retry");
    is($problem->{errors}[0]{reason}, $reason, "$title: $reason");
}


# Each answer must be Violet's own, its repetition, or a refusal.
sub race {
    my ($title, $cart, @gateways) = @_;

    race_of($title, $cart, sub { () }, @gateways);
}


# The headers are those of a caller's number.
sub race_of {
    my ($title, $cart, $headers, @gateways) = @_;

    my @clients = map { $live->client($gateways[$_ % @gateways]->port) }
                      1 .. 200;
    $clients[$_]->send(Live::Client::request_bytes(
        "POST /v1/checkout/cart/$cart/submit", body => '{}',
        headers => {$headers->($_)})) for 0 .. $#clients;

    my %seen;

    for my $client (@clients) {
        my $answer = $client->answer(30);
        my $mark = replayed($answer) ? 'repeated' : 'first';

        $seen{($answer->{status} || 'none')
              . ($answer->{status} == 200 ? " $mark" : '')}++;
    }

    is(reached($cart), 1, "$title: 1 reaches Violet");
    is($seen{'200 first'}, 1, "$title: 1 caller gets its answer");
    is(($seen{'200 repeated'} || 0) + ($seen{409} || 0), 199,
       "$title: 199 are refused or told again");
    diag(join ', ', map { "$_: $seen{$_}" } sort keys %seen)
        if $ENV{VERBOSE};
}


sub race_of_two_hundred {
    race('two gateways', 21650, $one, $two);
}


# Each caller has a key of its own, or none.
sub race_with_keys {
    race_of('a key for each caller', 21655,
            sub { $_[0] % 3 ? ('Idempotency-Key' => "k$_[0]") : () },
            $one, $two);

    my @answers = map { submit($one, 60010, 'Idempotency-Key' => "\"k$_\"") }
                      1, 1, 2;

    is_deeply([map { $_->{status} } @answers], [502, 409, 409],
              'a cart has its id, whatever the key');
    is(reached(60010), 1, 'two keys, one submit');
}


sub race_without_redis {
    $redis->pause;
    race('one gateway, Redis hangs', 21651, $one);
    $redis->resume;
    recovered($_) for $one, $two;
}


# Waits until the gateway uses Redis again.
sub recovered {
    my ($nginx) = @_;

    $live->wait_for(20, sub {
        my $redis_says = $live->request($nginx->port,
                                        'GET /v1/checkout/cart/1');
        return $redis_says->{status} == 200;
    });
}


sub gateway_killed_in_flight {
    my $doomed = gateway();
    my $client = start($doomed, 60210);

    kill 'KILL', $doomed->workers, $doomed->pid;
    $client->close;

    is_refused(submit($one, 60210), 'SUBMIT_IN_PROGRESS',
               'killed in flight, another gateway');
    expire(60210);
    is_refused(submit($one, 60210), 'SUBMIT_UNRESOLVED', 'killed, after its deadline');
    is(reached(60210), 1, 'killed in flight: Violet was asked once');
}


# Lets the time that a submit may take have passed.
sub expire {
    my ($cart) = @_;

    my $key = "violet:submit:violet_api:10000:$cart";

    is(Violet::Redis->new($redis->port)->call('PEXPIRE', $key,
                                              86400000 - 31000),
       1, 'there is such a record');
}


sub worker_killed_in_flight {
    my $client = start($two, 60211);

    kill 'KILL', $two->workers;
    $live->wait_for(10, sub { $two->workers == 2 });
    $client->close;

    is_refused(submit($two, 60211), 'SUBMIT_IN_PROGRESS',
               'worker killed in flight');
    is(reached(60211), 1, 'worker killed: Violet was asked once');
}


# The second gateway knows the submit only from Redis.
sub heard_before_redis_hung {
    is(submit($one, 60014)->{status}, 502, 'unknown at one gateway');
    ok($live->submit_ended($redis, 60014), 'which Redis knows');
    is_refused(submit($two, 60014), 'SUBMIT_UNRESOLVED', 'unknown at the other');

    $redis->pause;
    is_refused(submit($two, 60014), 'SUBMIT_UNRESOLVED', 'still, while Redis hangs');
    $redis->resume;
    recovered($_) for $one, $two;

    is(reached(60014), 1, 'Violet was asked once');
}


sub redis_lost_between_claim_and_settlement {
    my $client = start($one, 21652);

    $redis->pause;
    is($client->answer(30)->{status}, 200, 'answered while Redis hangs');

    my $again = submit($one, 21652);
    is(replayed($again), 'true',
       'Redis lost in between: told again');
    $redis->resume;
    recovered($_) for $one, $two;

    is(replayed(submit($one, 21652)), 'true',
       'and when Redis is back');

    my $other = submit($two, 21652);
    ok($other->{status} == 409
       || replayed($other) eq 'true',
       'the other gateway knows of the claim, at least');
    is(reached(21652), 1, 'Violet was asked once');
}


sub redis_restarted_empty {
    is(submit($one, 60012)->{status}, 502, 'unknown');
    is(submit($one, 20010)->{status}, 200, 'completed');

    Violet::Redis->new($redis->port)->call('FLUSHALL');

    is_refused(submit($one, 60012), 'SUBMIT_UNRESOLVED', 'Redis has lost its data');
    ok($live->submit_ended($redis, 60012), 'and has been told again');
    is_refused(submit($two, 60012), 'SUBMIT_UNRESOLVED', 'as another gateway hears');
    is(replayed(submit($one, 20010)), 'true',
       'an outcome is known as well');
    is(reached(60012), 1, 'Violet was asked once');
    is(reached(20010), 1, 'Violet was asked once');
}


# A claim waits longer than the question which Redis it is.  A gateway that
# does not know it reads first: another one may have submitted the cart.
sub restarted_while_a_claim_waits {
    my $three = gateway();

    is(submit($three, 60018)->{status}, 502, 'unknown at the third gateway');
    ok($three->quit(10), 'which ends');

    my $before = reads(60018);
    my $port = $redis->port;
    $redis->stop('KILL');
    my $client = $live->client($two->port);
    $client->send(Live::Client::request_bytes(
        'POST /v1/checkout/cart/60018/submit', body => '{}'));
    Time::HiRes::sleep(0.6);
    $redis = $live->redis(port => $port);

    my $answer = $client->answer(30);
    is(reads(60018) - $before, 1,
       'Redis lost its data while a claim waited: read first');
    is($live->mock_counts($mock)->{'cart_submit/60018'}, 2,
       'sent, since it is not submitted');
    recovered($_) for $one, $two;
}


# FLUSHALL closes no connection.
sub emptied_without_a_loss {
    my ($three, $four) = map { gateway() } 1 .. 2;

    is(submit($three, 60020)->{status}, 502, 'unknown at the third gateway');
    ok($three->quit(10), 'which ends');
    is(submit($four, 20012)->{status}, 200, 'the fourth knows Redis');

    my $before = reads(60020);

    # again and again: it looks once a second

    my $noticed = $live->wait_for(30, sub {
        Violet::Redis->new($redis->port)->call('FLUSHALL');
        Time::HiRes::sleep(0.5);
        return $four->error_log =~ /may have lost some/;
    });

    ok($noticed, 'it notices that Redis was emptied');

    submit($four, 60020);
    is(reads(60020) - $before, 1,
       'it reads a cart that the third has submitted');
}


# No worker has looked since Redis was emptied, or at all: the claim itself
# shows it.  Carts from 1000000 on are shown as they were submitted.
sub emptied_between_two_submits {
    for my $pause (0, 2.5) {
        my ($first, $second) = map { gateway() } 1 .. 2;
        my $cart = 1_000_700 + 10 * $pause;

        Time::HiRes::sleep($pause);
        submit($second, 20013 + $pause * 2);
        is(submit($first, $cart)->{status}, 200, 'completed at the first');
        Violet::Redis->new($redis->port)->call('FLUSHALL');

        is(replayed(submit($second, $cart)), 'true',
           "Redis was emptied $pause s after the start: the second reads");
        is(reached($cart), 1, 'Violet was asked once');
        ok($_->quit(10), 'a gateway ends') for $first, $second;
    }
}


# The gateway that ordered the cart starts again with an empty memory: that Redis
# was emptied it hears from the one that saw it.
sub emptied_before_a_start {
    my ($without) = @_;

    my $own = $live->redis;
    my $start = sub {
        return $live->nginx(
            workers => 2, http => $live->violet_http($own, $mock),
            server => $live->violet_location(
                "violet_submit_guard on without_redis=$without;"));
    };
    my ($stays, $ends) = map { $start->() } 1 .. 2;
    my $admin = Violet::Redis->new($own->port);
    my $cart = $without eq 'host' ? 1_000_900 : 1_000_901;

    submit($stays, $cart + 10);
    is(submit($ends, $cart)->{status}, 200, "$without: completed");
    ok($ends->quit(10), 'its gateway ends');
    $admin->call('FLUSHALL');
    ok($live->wait_for(30, sub {
           ($admin->call('GET', 'violet:submit:mark') // '') =~ /^l/
       }), 'another gateway marks that Redis was emptied');

    my $again = $start->();

    my $answer = submit($again, $cart);

    # it refuses for 30 s, since a third one may have a record
    is($without eq 'host' ? replayed($answer) : $answer->{status},
       $without eq 'host' ? 'true' : 503, 'the gateway knows of the loss');
    is(reached($cart), 1, 'Violet was asked once');
    ok($_->quit(10), 'a gateway ends') for $stays, $again;
    $own->stop;
}


# Batches of some 300 records follow each other while Redis answers.  With one
# a second it would take 9 s.
sub restored_at_once {
    my $nginx = gateway(workers => 1);
    my $count = 3000;
    my $admin = Violet::Redis->new($redis->port);
    my @carts = map { 1_010_000 + $_ } 1 .. $count;

    while (my @some = splice @carts, 0, 50) {
        my @clients = map { $live->client($nginx->port) } @some;

        $clients[$_]->send(Live::Client::request_bytes(
            "POST /v1/checkout/cart/$some[$_]/submit", body => '{}'))
            for 0 .. $#some;
        $_->answer(30)->{status} == 200 or die "no answer\n" for @clients;
    }

    my $records = sub {
        return scalar grep { /:10\d{5}$/ } @{$admin->call('KEYS', '*')};
    };

    cmp_ok($records->(), '>=', $count, 'many records are in Redis');
    $admin->call('FLUSHALL');
    ok($live->wait_for(30, sub { $records->() > 0 }), 'they come back');

    my $begun = Time::HiRes::time;
    ok($live->wait_for(30, sub { $records->() >= $count }), 'all of them');
    cmp_ok(Time::HiRes::time - $begun, '<', 5, 'one batch after the other');
    ok($nginx->quit(10), 'a gateway ends');
}


sub reloaded_in_flight {
    my $client = start($one, 21653);

    $one->reload;
    my $second = submit($one, 21653);
    ok($second->{status} == 409
       || replayed($second) eq 'true',
       'reloaded in flight: the new worker refuses, or tells again');
    is($client->answer(30)->{status}, 200, 'the old one answers');
    is(replayed(submit($one, 21653)), 'true',
       'and has settled');
    is(reached(21653), 1, 'reloaded: Violet was asked once');
}


sub caller_gone_in_flight {
    my $client = start($one, 21654);

    $client->reset;
    ok($live->wait_for(20, sub {
        replayed(submit($two, 21654)) eq 'true';
    }), 'the caller has gone: it is settled, for all');
    is(reached(21654), 1, 'the caller has gone: Violet was asked once');
}
