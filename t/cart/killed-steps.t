#!/usr/bin/perl

# The worker of a submit is killed at each step: before and after each system
# call about a socket, with Redis and without it.  No caller hears anything
# false, no cart is sent a second time without evidence that the first submit
# did not arrive, and every cart is ordered in the end.  The steps are printed,
# with what the caller and the next submits get.
#
# An hour of doubt passes in a moment: the clocks of nginx, Redis and Violet are
# moved.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;

my $live = Live->new(patient => 1);
my $clock = Live::Clock->new($live);
my $faults = Live::Faults->new($live);
my $redis = $live->redis(clock => $clock);
my $mock = $live->mock(clock => $clock);
my $cart = 1000000;
my $passed = 0;

my %peer = ($redis->port => 'Redis', $mock->port => 'Violet');

# seconds after the kill at which the cart is submitted again
my @later = (0, 5, 35, 120, 400, 1500, 3600);

my $http = $live->violet_http($redis, $mock);
my $other = gateway($http);

steps('with Redis', gateway($http), 5);
steps('no connection to Violet', gateway($http =~ s/keepalive 8;//r), 6);
steps('then another host', gateway($http), 5, $other);
steps('without Redis', gateway($http =~ s/violet_redis [^;]*;//r), 3);

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub gateway {
    my ($parts) = @_;

    return $live->nginx(clock => $clock, faults => $faults, http => $parts,
                        server => $live->violet_location);
}


# "least" steps at least, and up to three behind the answer: later ones are
# those of timers.  The next submits go to the same gateway, or to that of
# another host.
sub steps {
    my ($title, $nginx, $least, $next) = @_;

    for (1 .. 3) {
        is(outcome(send_cart($nginx, ++$cart)), '200 completed',
           "$title: a submit");
    }

    for my $when (qw(before after)) {
        my ($steps, $answered) = (0, 0);

        until ($answered > 2 || $steps > 30) {
            my $first = killed_at($title, $nginx, $next || $nginx, $when,
                                  $steps + 1) or last;
            $steps++;
            $answered++ if $first->{status};
        }

        cmp_ok($steps, '>=', $least, "$title: $steps steps, killed $when each");
        cmp_ok($steps, '<=', 30, "$title: all steps up to the answer");
    }
}


# Returns the answer to the first submit, or false if it has fewer steps.
sub killed_at {
    my ($title, $nginx, $next, $when, $nth) = @_;

    my $id = ++$cart;
    my ($worker) = $nginx->workers;

    $faults->fail($worker, $when, $nth);
    my $first = send_cart($nginx, $id);
    $live->wait_for($first->{status} ? 0.2 : 5, sub { $faults->killed });
    $faults->disarm;

    my $call = $faults->killed or return 0;

    $live->wait_for(20, sub {
        grep { $_ != $worker } $nginx->workers;
    }) or die "there is no new worker\n";

    my $step = "$when $nth: " . name_of($call);
    my $sent = sent($id);
    my $then = afterwards($next, $id);
    my @answers = @{$then->{answers}};

    note(sprintf '%s, %s: at Violet %d; the caller: %s; then: %s', $title,
                 $step, $sent, outcome($first), join ', ', @answers);

    is(wrong($first, $sent, $then), '', "$title: $step");

    return $first;
}


sub name_of {
    my ($call) = @_;

    my $peer = $peer{$call->{port}} || 'the caller';
    my ($text) = $call->{text} =~ /\A([^\r\n]*)/;

    $text = join ' ', $call->{text} =~ /\$\d+\r\n([A-Za-z]+)\r/g
        if $peer eq 'Redis' && $call->{call} eq 'write';

    return join ' ', $call->{call}, $peer, length $text
                                           ? '"' . substr($text, 0, 24) . '"'
                                           : ();
}


# Submits the cart again and again.
sub afterwards {
    my ($nginx, $id) = @_;

    my $begun = $passed;
    my (@answers, @sent, $last);

    for my $seconds (@later) {
        move_clocks($begun + $seconds - $passed);
        $last = send_cart($nginx, $id);
        push @answers, "+$seconds s " . outcome($last);
        push @sent, sent($id);
        last if outcome($last) eq '200 completed';
    }

    return {answers => \@answers, sent => \@sent, last => outcome($last)};
}


sub wrong {
    my ($first, $sent, $then) = @_;

    my $outcome = $first->{headers}{'x-violet-cart-outcome'} || '';
    my $now = $then->{sent}[-1];

    return "the caller hears $outcome, sent $sent times"
        if $outcome eq 'completed' && $sent != 1
           || $outcome eq 'failed' && $sent;
    return "sent $now times" if $now != 1;
    return "it ends with $then->{last}" if $then->{last} ne '200 completed';
    return '';
}


sub move_clocks {
    my ($seconds) = @_;

    return if $seconds <= 0;

    $passed += $seconds;
    $clock->day($passed);
    $clock->count($passed);
}


sub send_cart {
    my ($nginx, $id) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$id/submit",
                          body => '{}', timeout => 20);
}


sub outcome {
    my ($answer) = @_;

    return 'no answer' if !$answer->{status};

    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};

    return join ' ', grep { defined && length } $answer->{status},
        $answer->{headers}{'x-violet-cart-outcome'}, $problem->{retry},
        $problem->{errors} && @{$problem->{errors}}
            ? $problem->{errors}[0]{reason} : undef;
}


sub sent {
    my ($id) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$id"} || 0;
}
