#!/usr/bin/perl

# Redis answers a purge with something else than the numbers of what it has
# dropped: the operator is told that this host alone is purged, and to purge once
# more.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::FakeNode;
use Live::Health;
use Test::More;

my $live = Live->new(patient => 1);
my $health = Live::Health->new($live);
my $list = \&Live::FakeNode::list;
my $bulk = \&Live::FakeNode::bulk;

my $one = 'merchant_id=42';
my $host = '{"purged":{"reports":0,"lists":0},"scope":"host"}';

is(purge($one, $list->((":1\r\n") x 3)), '200 {"purged":{"reports":1,"lists":2}}',
   'three numbers');
is(purge($one, ":1\r\n"), "503 $host", 'one number');
is(purge($one, $list->((":1\r\n") x 2)), "503 $host", 'two numbers');
is(purge($one, $list->((":1\r\n") x 2, $bulk->(1))), "503 $host",
   'a text for a number');

is(purge('all=1', ":1\r\n"), '200 {"purged":{"all":1}}', 'all: a number');
is(purge('all=1', $bulk->(1)), '503 {"purged":{"all":1},"scope":"host"}',
   'all: a text');

$live->check_logs;
done_testing();


# Purges this at a gateway whose Redis answers each script so; its answer.
sub purge {
    my ($what, $reply) = @_;

    my $fake = Live::FakeNode->start($live, EVALSHA => $reply, EVAL => $reply);
    my $nginx = $health->gateway(
        workers => 1, more => 'location = /purge { violet_purge shop; }'
                              . ' location = /status { violet_status; }',
        redis => 'redis://127.0.0.1:' . $fake->port
                 . ' connect_timeout=20s timeout=20s');

    ok($live->wait_for(60, sub {
           $live->request($nginx->port, 'GET /status')->{body}
               =~ /^violet_redis_up\S* 1$/m;
       }), 'it is connected');

    my $answer = $live->request($nginx->port, "POST /purge?$what",
                                body => '', timeout => 60);
    $nginx->stop;
    $fake->stop;

    return $answer->{status} . ' ' . $answer->{body} =~ s/\n\z//r;
}
