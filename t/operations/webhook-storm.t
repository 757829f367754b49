#!/usr/bin/perl

# A storm of events of one merchant, with a reader every 100 ms: it costs at
# most two requests to Violet within a minute.  And events while a report is
# fetched, on two hosts, and at a worker that ends.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256_hex);
use Live;
use Live::Clock;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

# The whole storm of a minute is for those who ask for it.
my $events = $ENV{TEST_STORM} ? 10_000 : 1_000;
my $seconds = $ENV{TEST_STORM} ? 60 : 6;

my $live = Live->new;
my $health = Live::Health->new($live);

storm('with Redis', 20001);
storm('without Redis', 20002, redis => '');
first_event_ends_a_flight('with Redis', 20011);
first_event_ends_a_flight('without Redis', 20012, redis => '');
next_event_shortens_a_flight('with Redis', 20021);
next_event_shortens_a_flight('without Redis', 20022, redis => '');
after_a_minute();
other_host();
worker_ends();

$live->check_logs;
done_testing();


sub gateway {
    my (%option) = @_;

    return $health->gateway(
        workers => 2, %option,
        more => 'location = /hook { violet_webhook shop; }');
}


# Sends events by the mock; the numbers of answers by status.
sub send_events {
    my ($nginx, $merchant, $count, $at_once) = @_;

    return $health->control(sprintf 'webhook?topic=MERCHANT_COMPLETE'
                                    . '&merchant=%d&count=%d&at_once=%d'
                                    . '&to=http://127.0.0.1:%d/hook',
                            $merchant, $count, $at_once // 1, $nginx->port);
}


sub storm {
    my ($title, $merchant, %option) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = gateway(%option);

    $health->get($nginx, $merchant);

    my $before = $health->reached($name);
    my $start = time;
    my ($sent, $reads, $bad) = (0, 0, 0);

    while (time - $start < $seconds) {
        my $due = $events * (time - $start + 0.1) / $seconds;
        my $n = int($due - $sent);

        if ($n > 0) {
            send_events($nginx, $merchant, $n, 4);
            $sent += $n;
        }

        $bad++ if $health->get($nginx, $merchant)->{status} != 200;
        $reads++;
        my $rest = $start + $reads * 0.1 - time;
        sleep $rest if $rest > 0;
    }

    my $cost = $health->reached($name) - $before;

    cmp_ok($cost, '>=', 1, "$title: the first event makes the gateway ask");
    cmp_ok($cost, '<=', 2 + (time - $start) / 60,
           "$title: $sent events, $reads reads");
    is($bad, 0, "$title: every reader gets a report");
    $nginx->stop;
}


# Makes the answer slow, and starts a read.
sub slow_read {
    my ($nginx, $merchant) = @_;

    my $name = "connection_health/$merchant";
    my $before = $health->reached($name);

    $health->control("delay?$name=2");
    my $client = $health->ask($nginx, $merchant);
    ok($health->reaches($name, $before + 1), 'a slow read');
    $health->control("delay?$name=0");

    return $client;
}


sub first_event_ends_a_flight {
    my ($title, $merchant, %option) = @_;

    my $nginx = gateway(%option, workers => 1);
    my $client = slow_read($nginx, $merchant);

    send_events($nginx, $merchant, 2);

    is($health->answer($client, 60)->{cache}, 'violet; fwd=uri-miss',
       "$title: a report that was asked for before the event is not stored");
    is($health->get($nginx, $merchant)->{cache},
       'violet; fwd=uri-miss; stored', "$title: the next read asks again");
    $nginx->stop;
}


sub next_event_shortens_a_flight {
    my ($title, $merchant, %option) = @_;

    my $nginx = gateway(%option, workers => 1);

    send_events($nginx, $merchant, 2);

    my $client = slow_read($nginx, $merchant);

    send_events($nginx, $merchant, 2);

    is($health->answer($client, 60)->{cache}, 'violet; fwd=uri-miss; stored',
       "$title: while there is a mark a report is stored");
    like($health->get($nginx, $merchant)->{cache}, qr/^violet; hit/,
         "$title: and served");

    my $key = "violet:health:violet_api:10000:$merchant";

    if (!defined $option{redis}) {
        my $redis = Violet::Redis->new($health->redis->port);
        is($redis->call('HGET', $key, 'kept'), 60000,
           "$title: for a minute");
    }

    $nginx->stop;
}


# Without Redis, and with no budget for a refresh: the mark of the first event
# stays, and the report that is read then is older than a minute when the next
# event comes, which drops it at once.
sub after_a_minute {
    my $clock = Live::Clock->new($live);
    my $nginx = gateway(redis => '', workers => 1, clock => $clock);

    is($health->get($nginx, '20051?refresh=true')->{status}, 200,
       'a refresh takes the budget');
    my $refreshes = $health->reached('connection_health.refresh');
    send_events($nginx, 20051, 1);
    is($health->get($nginx, 20051)->{cache}, 'violet; fwd=uri-miss; stored',
       'a report is read after an event');
    is($health->reached('connection_health.refresh'), $refreshes,
       'not as a refresh');

    $clock->count(61);
    like($health->get($nginx, 20051)->{cache}, qr/^violet; hit/,
         'it is served after a minute still');
    send_events($nginx, 20051, 1);
    is($health->get($nginx, 20051)->{cache}, 'violet; fwd=uri-miss; stored',
       'the next event then drops it');
    $nginx->stop;
}


# An event at one host is heard by the other.
sub other_host {
    my $one = gateway();
    my $other = gateway();

    $health->in_memory('both hosts', 20031, $one, $other);
    send_events($one, 20031, 2);
    $health->becomes('after an event at one host the other asks Violet',
                     $other, 20031, qr/^violet; fwd=uri-miss; stored$/);
    $_->stop for $one, $other;
}


# A worker that ends answers an event whose body it still reads.  The body is
# so large that this takes some tenths of a second.
sub worker_ends {
    my $nginx = $health->gateway(
        more => 'location = /hook {
                     violet_webhook shop;
                     client_max_body_size 100m;
                 }');

    my $body = '{"merchant_id":20041,"name":"' . 'a' x 60_000_000 . '"}';

    my $client = $live->client($nginx->port);

    $client->send(Live::Client::request_bytes(
        'POST /hook',
        headers => {'X-Violet-Topic' => 'MERCHANT_COMPLETE',
                    'X-Violet-Hmac' => hmac_sha256_hex($body,
                                                       'mock-app-secret')},
        body => $body));
    sleep 0.05;
    $nginx->signal('QUIT');

    like($client->answer(60)->{body} // '', qr/"result":"accepted"/,
         'a worker that ends answers the event that it reads');
    ok($nginx->process->wait_end(60), 'and then ends');
}
