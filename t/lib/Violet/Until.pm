package Violet::Until;

# Blocks that depend on what happens beside their requests wait for it, however
# long the machine takes.  The section "until" has lines of two or more words:
# the number of a request, or "start" for the time before the first one; then
#
#     up           the worker is connected to each Redis, which answers in time
#     log TEXT     the error log has this text
#
#     --- until
#     start log refused AUTH
#     0 log sent more than it was asked for
#     0 up
#
# The error log counts from the start of nginx on.  The lines of a request are
# waited for in their order, before the sections about the error log are checked.
# A wait that is in vain is a failure.  Violet.pm adds the location that is asked.

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(sleep time);
use Violet ();

require Test::Nginx::Socket;

my $seconds = 30;

# the block that runs
my $now;

Test::Nginx::Socket::add_block_preprocessor(\&prepare);
Test::Nginx::Socket::add_response_body_check(sub { wait_after($_[0], $_[2]) });


sub prepare {
    my ($block) = @_;

    my ($until) = $block->until;

    return if !defined $until;

    $now = $block;
    $block->set_value('init', 'Violet::Until::wait_at_the_start()')
        if $until =~ /^start /m;
}


sub wait_at_the_start {
    wait_after($now, 'start');
}


sub wait_after {
    my ($block, $request) = @_;

    my ($until) = $block->until;

    for (split /\n/, defined $until ? $until : '') {
        my ($at, $up, $text) = /^(start|\d+) (?:(up)|log (.+))$/
            or die "until: \"$_\" is none of its lines\n";
        next if $at ne $request;

        Test::More::ok(comes_true($up, $text),
                       ($block->name)[0] . " - until: $_");
    }
}


sub comes_true {
    my ($up, $text) = @_;

    my $deadline = time + $seconds;

    while (1) {
        return 1 if $up ? is_up() : is_logged($text);
        return 0 if time > $deadline;
        sleep 0.01;
    }
}


sub is_up {
    my $answer = Violet::http(Test::Nginx::Socket::server_port(), 'GET',
                              '/_until');

    my @status = $answer =~ /"componentId":"violet_(?:submit_)?redis","status":"(\w+)"/g;

    return @status && !grep { $_ ne 'pass' } @status;
}


sub is_logged {
    my ($text) = @_;

    open my $in, '<', Test::Nginx::Socket::server_root() . '/logs/error.log'
        or return 0;

    return grep { index($_, $text) >= 0 } <$in>;
}

1;
