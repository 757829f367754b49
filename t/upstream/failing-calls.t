#!/usr/bin/perl

# An allocation or a system call fails, each in its turn, while a request is
# served: no worker ends, nobody waits without end, nobody gets another's
# answer, no cart is submitted twice, and the next request is fine.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

# seconds that an answer may take; nothing here is slow by itself
my $patience = 20;

my $live = Live->new;
my $health = Live::Health->new($live);
my $faults = Live::Faults->new($live);
my $nginx = $health->gateway(
    workers => 1, faults => $faults, keepalive => 'keepalive 8;',
    extra => $faults->small_pools,
    lines => 'violet_refresh_limit off;',
    more => $health->location('/redis/', 'violet_health_memory off;'));
my $other = $health->gateway(workers => 1);
my ($worker) = $nginx->workers;
my $merchant = 100000;
my $cart = 1000000;

my @flows = @ARGV ? @ARGV : qw(hits misses refresh list submit failed left);
my @kinds = split ' ', $ENV{FAULTS_KINDS} || join ' ', $faults->kinds;
my $most = $ENV{FAULTS_MOST} || 40;
my $pads = $ENV{FAULTS_PADS} || 1;

for my $flow (@flows) {
    my $code = main->can("flow_$flow") or die "no flow is called $flow\n";
    try($flow, $code, $_) for @kinds;
}

unlike($nginx->error_log, qr/answered with the report of another merchant/,
       'no reply belongs to another command');

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\].*(?:epoll_ctl|socket)\(.* failed/);
done_testing();


# Each call that the flow makes fails once; of many, some.
sub try {
    my ($name, $flow, $kind) = @_;

    my $calls = 0;

    for (1 .. 2) {
        $faults->count($worker, $kind);
        my @wrong = $flow->();
        my ($seen) = $faults->disarm;
        $calls = $seen if $seen > $calls;
        is("@wrong", '', "$name: without a fault") if $_ == 2;
        healed();
    }

    my @wrong;
    my $tried = 0;
    my $step = $calls > $most ? $calls / $most : 1;

    for (my $n = 1; $n <= $calls; $n += $step) {
        my $nth = int $n;
        $faults->fail($worker, $kind, $nth);
        push @wrong, map { "$kind $nth: $_" } $flow->();
        $tried += ($faults->disarm)[1];
        push @wrong, map { "after $kind $nth: $_" } healed();
        last if @wrong > 20;
    }

    ok(!@wrong, "$name: $tried of $calls calls of $kind fail")
        or diag(join "\n", @wrong);
}


# The worker is the same, Redis is asked again, and all is as it should be.
sub healed {
    my ($now) = $nginx->workers;

    if (!$now || $now != $worker) {
        $live->wait_for(10, sub { ($now) = $nginx->workers });
        $worker = $now;
        return 'the worker has ended';
    }

    my $seen = $live->wait_for($patience, sub {
        my $answer = $health->get($nginx, 100000, prefix => '/redis/');
        $answer->{status} == 200 && $answer->{vars}{redis} eq 'ok' && $answer;
    }) or return 'Redis is not asked again';

    return about($seen, 100000);
}


# --- what is asked ---

# Two that are in Redis, in one round of the event loop, and what is kept of
# them in memory.
sub flow_hits {
    my @merchants = ($merchant += 2, $merchant + 1);

    $health->get($other, $_) for @merchants;

    return (together(@merchants), together(@merchants));
}


sub flow_misses {
    $merchant += 2;

    return together($merchant, $merchant + 1);
}


sub flow_refresh {
    return about($health->get($nginx, '200003?refresh=true',
                              timeout => $patience), 200003);
}


sub flow_list {
    $health->command('DEL', $health->list_key('true'));

    return about($health->get($nginx, '', timeout => $patience), 0);
}


sub flow_submit {
    return submit(++$cart);
}


# 400, an API exception: it may be submitted again.
sub flow_failed {
    return submit(40000 + ++$cart % 100);
}


# The caller shuts the connection down at once.
sub flow_left {
    my $id = ++$cart;
    my $client = $live->client($nginx->port);

    $client->send(submit_bytes($id));
    $client->close;

    $live->request($nginx->port, 'GET /none', timeout => $patience);

    return repeated($id, $live->wait_for(0.2, sub { reached($id) }) || 0);
}


sub together {
    my (@merchants) = @_;

    my @clients = map { $live->client($nginx->port) } @merchants;

    kill 'STOP', $worker;

    for my $n (0 .. $#clients) {
        $clients[$n]->send(Live::Client::request_bytes(
            $health->path($merchants[$n])));
    }

    kill 'CONT', $worker;

    return map {
        about(Live::Health::read_vars($clients[$_]->answer($patience)),
              $merchants[$_]);
    } 0 .. $#clients;
}


# --- what is right ---

# A report is about whom it was asked for; all else is an error or nothing.
sub about {
    my ($answer, $who) = @_;

    return "no end: $answer->{error}" if ($answer->{error} || '') =~ /time/;
    return if !$answer->{status} || $answer->{status} >= 500;
    return "$who gets $answer->{status}" if $answer->{status} != 200;

    my $body = eval { JSON::PP::decode_json($answer->{body}) };

    return if ref $body eq ($who ? 'HASH' : 'ARRAY')
              && (!$who || $body->{merchant_id} == $who);

    return "$who gets " . substr $answer->{body}, 0, 200;
}


sub submit_bytes {
    return Live::Client::request_bytes("POST /v1/checkout/cart/$_[0]/submit",
                                       body => '{}');
}


sub reached {
    return $health->reached("cart_submit/$_[0]");
}


# What a submit that is said to have failed here must not have done.
sub submit {
    my ($id) = @_;

    my $before = reached($id);
    my $answer = $live->request($nginx->port, submit_bytes($id),
                                timeout => $patience);
    my $sent = reached($id) - $before;
    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};
    my $retry = $problem->{retry} || '';
    my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';
    my $what = ($answer->{status} || 'nothing')
               . " $outcome $retry, sent $sent times";

    return "$id: no end" if ($answer->{error} || '') =~ /time/;
    return "$id: $what" if $sent > 1
        || $outcome eq 'completed' && !$sent
        || $outcome eq 'failed' && $retry eq 'later' && $sent
        || $answer->{status} && !$outcome;

    return repeated($id, $sent);
}


# Submitted again, without a fault: what was sent is not, what was not is.
sub repeated {
    my ($id, $sent) = @_;

    $faults->disarm;

    my $again = $live->request($nginx->port, submit_bytes($id),
                               timeout => $patience);
    my $now = reached($id);
    my $counts = $live->mock_counts($health->mock);

    $health->control('reset');

    return "$id: sent $now times" if $id >= 1000000 && $now > 1;
    return "$id: not sent, then " . ($again->{status} || 'nothing')
           . " $again->{body}" if !$sent && !$now;
    return map { "$id: $counts->{$_} of $_" }
           grep { $counts->{$_} } qw(other garbage);
}
