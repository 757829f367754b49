#!/usr/bin/perl

# A worker is killed while it changes the zone, and the next one repairs it.  A
# fault had written over a record before: the next worker keeps the records that
# it reaches, reads nothing outside of the zone, and serves on.  Or the dead one
# was moving a record within its queue: that one is kept, too.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;

my $size = 64 * 1024;

# A record: its place before the key, and the bytes that are written there.
my @faults = (
    ['another kind',           -2,  "\0"],
    ['no version',             -1,  "\7"],
    ['a length of 4 GB',       -12, "\xff" x 4],
    ['a successor at 0',       -68, "\0" x 8],
    ['a successor at 4096',    -68, pack 'Q', 4096],
);

plan skip_all => 'killer.c does not support this processor'
    if !Live::Killer::supported();

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $killer = Live::Killer->new($live, $size);
my ($merchant, $cart) = (320000, 520000);

my $nginx = gateway();

plan skip_all => 'the memory of a worker cannot be written'
    if !defined memory('+<');

fault($nginx, @$_) for @faults;

# the second version of a record is behind the first one
$killer->disarm;
submit($nginx, $cart + 1) for 1 .. 2;
fault($nginx, 'a length of 4 GB, again', -12, "\xff" x 4);

# records of which none is written over
submit($nginx, $cart += 1) for 1 .. 4;
moved($_) for 1 .. 8;
is(scalar(() = $nginx->error_log =~ /records of submits, budgets and flights in it were kept/g),
   @faults + 9, 'the log tells of each repair');

# the line is an error, no alert
$nginx->stop;
$nginx = gateway(log_level => 'alert');
fault($nginx, @{$faults[0]});
unlike($nginx->error_log, qr/violet:/, 'a log of alerts has no line of it');

$live->check_logs(qr/exited on signal 9$|was locked by \d+$/);
done_testing();


sub gateway {
    return $health->gateway(workers => 1, killer => $killer, redis => '',
                            extra => 'violet_zone 64k;', @_);
}


sub fault {
    my ($nginx, $title, $place, $bytes) = @_;

    my ($old, $new) = ($cart + 1, $cart + 2);

    $cart += 2;
    is(submit($nginx, $_)->{status}, 200, "$title: cart $_") for $old, $new;

    my ($handle, $at) = record($old);

    sysseek $handle, $at + $place, 0;
    is(syswrite($handle, $bytes), length $bytes, "$title is written");
    close $handle;

    # right after the mark that the zone is half changed
    dies($nginx, 1, $title);
    submit($nginx, $new);
    ends($nginx, $title);
}


# Room for a new node is looked for among the two records that were not used for
# the longest time, which are moved to the head of the queue then.
sub moved {
    my ($at) = @_;

    my $title = "after change $at";

    dies($nginx, $at, $title);
    submit($nginx, $_) for $cart - 3 .. $cart;
    ends($nginx, $title);
}


# A worker is killed after that change of a miss.
sub dies {
    my ($nginx, $at, $title) = @_;

    $killer->arm($at);
    $health->get($nginx, ++$merchant, timeout => 30);
    ok(($killer->disarm)[4], "$title: a worker is killed");

    is($health->get($nginx, ++$merchant, timeout => 30)->{status}, 200,
       "$title: the next worker answers");
}


sub ends {
    my ($nginx, $title) = @_;

    is(join(' ', grep { $_ != 9 }
                 $nginx->error_log =~ /exited on signal (\d+)/g), '',
       "$title: no worker ends of itself");

    # a worker that counts the lines which run writes that down when it ends
    my @old = $nginx->workers;
    ok($nginx->reload(30) && $nginx->wait_gone(30, @old), "$title: a reload");
}


# Submits a cart, which was or is sent, and never twice.
sub submit {
    my ($nginx, $id) = @_;

    my $answer = $live->request($nginx->port,
                                "POST /v1/checkout/cart/$id/submit",
                                body => '{}', timeout => 30);

    is($health->reached("cart_submit/$id"), 1, "cart $id is sent once");

    return $answer;
}


# A handle to the memory of the worker, and the place of the zone.
sub memory {
    my ($mode) = @_;

    my ($worker) = $nginx->workers;

    open my $maps, '<', "/proc/$worker/maps" or return;

    # the zone of the tokens has another size
    no warnings 'portable';

    my ($zone) = grep { $_->[1] - $_->[0] == $size }
                 map { /^(\w+)-(\w+) rw-s/ ? [hex $1, hex $2] : () } <$maps>;

    open my $memory, $mode, "/proc/$worker/mem" or return;
    binmode $memory;

    return ($memory, $zone->[0]);
}


# ... and the place of the key of a cart's record.
sub record {
    my ($id) = @_;

    my ($memory, $zone) = memory('+<');

    sysseek $memory, $zone, 0;
    sysread $memory, my ($bytes), $size;

    while ($bytes =~ /submit:[\x20-\x7e]*?:$id/g) {
        my ($at, $length) = ($-[0], $+[0] - $-[0]);
        my ($key, $kind, $version) = unpack 'S C C', substr $bytes, $at - 4, 4;

        return ($memory, $zone + $at)
            if $key == $length && $kind == 2 && $version < 2;
    }

    die "the record of $id is not found\n";
}
