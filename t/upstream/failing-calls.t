#!/usr/bin/perl

# Each allocation and system call of a request fails in turn: no worker ends, no
# request hangs, no caller gets the answer to another request, no cart is
# submitted twice, and the next request succeeds.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

# seconds that an answer may take
my $patience = 20;

# Seconds for each flow with failing allocations.  A flow has hundreds of them:
# FAULTS_SECONDS=600 FAULTS_MOST=10000 FAULTS_PADS=12 lets each of them fail.
my %seconds = (submit => 8, hits => 6, misses => 5, refresh => 5,
               limited => 2, list => 2, failed => 2, left => 2, again => 2,
               doubt => 2, pipelined => 2, renewal => 60);
my $most = $ENV{FAULTS_MOST} || 110;
my $pads = $ENV{FAULTS_PADS} || 1;

my $live = Live->new;
my $health = Live::Health->new($live);
my $faults = Live::Faults->new($live);
my $keeping = gateway('keepalive 8;');
my $opening = gateway('');
my $other = $health->gateway(workers => 1);
my ($nginx, $worker, $renewing);
my $pad = 0;
my $bare;
my $merchant = 100000;
my $cart = 1000000;

# without the renewal of a token, which takes two seconds each time
my @flows = @ARGV ? @ARGV : grep { $_ ne 'renewal' } sort keys %seconds;
my @kinds = split ' ', $ENV{FAULTS_KINDS} || join ' ', $faults->kinds;

for my $flow (@flows) {
    my $code = main->can("flow_$flow") or die "no flow is called $flow\n";

    for my $kind (@kinds) {

        # without Redis a host decides by its own records
        next if $flow eq 'again' && $kind =~ /^(?:read|write)$/;

        $nginx = $flow eq 'renewal' ? ($renewing ||= renewing())
                 : $kind =~ /^(?:connect|socket)$/ ? $opening : $keeping;
        ($worker) = $nginx->workers;
        try($flow, $code, $kind);
    }
}

for ($keeping, $opening) {
    unlike($_->error_log, qr/answered with the report of another merchant/,
           'no reply belongs to another command');
}

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\].*(?:epoll_ctl|socket)\(.* failed/);
done_testing();


# A gateway that keeps its connections to Violet, or opens one each time.
sub gateway {
    my ($keepalive) = @_;

    return $health->gateway(
        workers => 1, faults => $faults, keepalive => $keepalive,
        extra => $faults->small_pools,
        lines => 'violet_refresh_limit off;',
        more => $health->location('/redis/', 'violet_health_memory off;')
                . $health->location('/limit/', 'violet_refresh_limit '
                                    . 'merchant=1r/1m app=1000r/1s;'));
}


# A gateway whose token expires after two seconds, so that renewals run always.
sub renewing {
    my $violet = $live->mock(args => [qw(--token-ttl 2 --token-grace 3600)]);

    return $live->nginx(faults => $faults, server => $live->violet_location,
                        http => $faults->small_pools . <<"    END");
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$violet->port]};
    }
    END
}


# Lets each call of the flow fail once; of many calls, some.
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
    my $until = time + ($ENV{FAULTS_SECONDS} || $seconds{$name});
    $bare = 0;

    for my $try (tries($kind, $calls)) {
        my $nth;
        ($nth, $pad) = @$try;
        $faults->fail($worker, $kind, $nth);
        push @wrong, map { "$kind $nth: $_" } $flow->();
        $tried += ($faults->disarm)[1];
        push @wrong, map { "after $kind $nth: $_" } healed();
        last if @wrong > 20 || time > $until;
    }

    ok(!@wrong, "$name: $tried of $calls calls of $kind fail")
        or diag(join "\n", @wrong);
}


# A small allocation calls the system's allocator only if it needs a new block
# of the pool: a header of another length changes which one does.
sub tries {
    my ($kind, $calls) = @_;

    my @pads = $kind eq 'memory' ? map { 8 * $_ } 0 .. $pads - 1 : 0;

    return map { my $nth = $_; map { [$nth, $_] } @pads } some_of($calls);
}


# All calls up to a number; of more calls the first and the last, and some in
# between, which parse a long answer.
sub some_of {
    my ($calls) = @_;

    return 1 .. $calls if $calls <= $most;

    my $first = int $most / 2;
    my $last = int $most / 4;
    my $step = ($calls - $first - $last) / $last;

    return (1 .. $first, (map { int $first + $_ * $step } 1 .. $last - 1),
            $calls - $last + 1 .. $calls);
}


# Checks that the worker is the same, uses Redis again, and answers correctly.
sub healed {
    if (!kill 0, $worker) {
        $live->wait_for(10, sub { ($worker) = $nginx->workers });
        return 'the worker has ended';
    }

    return if $renewing && $nginx == $renewing;

    my $seen = $live->wait_for($patience, sub {
        my $answer = $health->get($nginx, 100000, prefix => '/redis/');
        $answer->{status} == 200 && $answer->{vars}{redis} eq 'ok' && $answer;
    }) or return 'Redis is not asked again';

    return about($seen, 100000);
}


# --- the flows ---

# Two reports that are in Redis, in one round of the event loop, and their
# copies in memory.
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


# The limiter asks Redis; if that fails it refuses.
sub flow_limited {
    $merchant += 2;

    my $answer = $health->get($nginx, "$merchant?refresh=true",
                              prefix => '/limit/', timeout => $patience);

    return ($answer->{status} || 0) == 429 ? () : about($answer, $merchant);
}


sub flow_list {
    $health->command(join ' ', 'DEL', map { $health->list_key($_) }
                                       qw(true false));

    return about($health->get($nginx, '', prefix => '/redis/',
                              timeout => $patience), 0);
}


sub flow_submit {
    return submit(++$cart);
}


# A 400 or 422 with an API exception: the cart may be submitted again.
sub flow_failed {
    my @groups = (40000, 41000, 41200, 41900, 42200, 42300);

    $cart++;

    return submit($groups[$cart / 100 % @groups] + $cart % 100);
}


# The caller closes its half of the connection at once.
sub flow_left {
    my $id = ++$cart;
    my $client = $live->client($nginx->port);

    $client->send(submit_bytes($id));
    $client->close;

    $live->request($nginx->port, 'GET /none', timeout => $patience);

    return repeated($id, $live->wait_for(0.2, sub { reached($id) }) || 0);
}


# A pipelined request gets its own answer, or no answer.
sub flow_pipelined {
    my $id = ++$cart;
    my $who = ++$merchant;
    my $client = $live->client($nginx->port);

    $client->send(submit_bytes($id, Connection => 'keep-alive')
                  . Live::Client::request_bytes($health->path($who)));

    my $first = $client->answer($patience);

    return "$id: no end" if ($first->{error} || '') =~ /time/;
    return repeated($id, reached($id)) if !$first->{status};

    my $second = Live::Health::read_vars($client->answer($patience));

    return (about($second, $who), repeated($id, reached($id)));
}


# A cart that another gateway has submitted is not sent again.
sub flow_again {
    my $id = ++$cart;

    $live->request($other->port, submit_bytes($id));

    my $answer = $live->request($nginx->port, submit_bytes($id),
                                timeout => $patience);

    return "$id: no end" if ($answer->{error} || '') =~ /time/;
    return repeated($id, 1);
}


# A submit with an unknown outcome, and a read that may find the outcome.
sub flow_doubt {
    my $id = 50000 + 2 * (++$cart % 50);

    $live->request($other->port, submit_bytes($id));

    my $answer = $live->request($nginx->port, "GET /v1/checkout/cart/$id",
                                timeout => $patience);

    $health->control('reset');

    return "$id: no end" if ($answer->{error} || '') =~ /time/;
    return if !$answer->{status} || $answer->{status} =~ /^(?:200|404|5..)$/;
    return "$id: $answer->{status}";
}


# Sends requests until the token expires; then there must be another token.
sub flow_renewal {
    my $deadline = time + 2.5;

    sleep 0.05 while time < $deadline;
    $faults->disarm;

    return $live->wait_for($patience, sub {
        my $answer = $live->request($nginx->port,
                                    'GET /v1/operations/connection_health/'
                                    . ++$merchant);
        ($answer->{status} || 0) == 200;
    }) ? () : 'there is no token';
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


# --- the checks ---

# A report must be the requested merchant's; any other answer must be an error.
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
    my ($id, %headers) = @_;

    return Live::Client::request_bytes(
        "POST /v1/checkout/cart/$id/submit", body => '{}',
        headers => {'X' . '-' x $pad => 1, %headers});
}


sub reached {
    return $health->reached("cart_submit/$_[0]");
}


# A submit that is reported as failed must not have been sent.
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
        || $answer->{status} && !$outcome && !is_bare($answer, $sent);

    return repeated($id, $sent);
}


# nginx's own 500, before the module knew that the request is a submit.
sub is_bare {
    my ($answer, $sent) = @_;

    return $answer->{status} == 500 && !$sent && ++$bare <= 6 * $pads;
}


# Submits again, without a fault: it is sent only if the first submit was not.
sub repeated {
    my ($id, $sent) = @_;

    $faults->disarm;

    my $again;

    $live->wait_for($patience, sub {
        $again = $live->request($nginx->port, submit_bytes($id),
                                timeout => $patience);
        $again->{body} !~ /"retry":"later"|SUBMIT_IN_PROGRESS/;
    });

    my $now = reached($id);
    my $counts = $live->mock_counts($health->mock);

    $health->control('reset');

    return "$id: sent $now times" if $id >= 1000000 && $now > 1;
    return "$id: not sent, then " . ($again->{status} || 'nothing')
           . " $again->{body}" if !$sent && !$now;
    return map { "$id: $counts->{$_} of $_" }
           grep { $counts->{$_} } qw(other garbage);
}
