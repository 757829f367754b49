#!/usr/bin/perl

# The caller of a report by POST leaves while Redis is asked for the budget of
# it.  Redis's answer is for nobody then: Violet is not asked, and the next
# caller gets an answer.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;

my $live = Live->new(patient => 1);
my $health = Live::Health->new($live);
my $relay = $live->relay($health->redis->port);
my $nginx = $health->gateway(
    workers => 1, more => 'location = /status { violet_status; }',
    redis => 'redis://127.0.0.1:' . $relay->port
             . ' connect_timeout=20s timeout=20s');
my @workers = $nginx->workers;

ok($live->wait_for(60, sub {
       $live->request($nginx->port, 'GET /status')->{body}
           =~ /^violet_redis_up\S* 1$/m;
   }), 'Redis is connected');

$relay->mode('stall all');

my $client = $live->client($nginx->port);
my $from = $client->{sock}->sockport;

$client->send(report(20001));
ok($nginx->wait_read($client), 'a request for a report, while Redis is late');
$client->reset;
ok($nginx->wait_left($from), 'its caller leaves');

$relay->mode('pass');

my $answer = $live->request($nginx->port, report(20002), timeout => 60);

is($answer->{status}, 200, 'the next caller gets a report');
like($answer->{body}, qr/"merchantId": 20002\b/, 'which is the right one');
is($health->reached('connection_health_report/20001'), 0,
   'Violet was not asked for the other one');
is($live->request($nginx->port, report(20001), timeout => 60)->{status}, 200,
   'and the budget of that one is not spent');
is_deeply([$nginx->workers], \@workers, 'the worker lives');

$live->check_logs;
done_testing();


sub report {
    my ($merchant) = @_;

    return Live::Client::request_bytes(
        "POST /v1/operations/connection_health/$merchant", body => '{}');
}
