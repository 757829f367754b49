#!/usr/bin/perl

# Large reports in a zone that is full of small ones: a large report is kept,
# and as many small ones are evicted for it as it needs pages of memory.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(shuffle);
use Live;
use Live::Health;
use Test::More;

# reports that are stored, of which 64 MB hold some 16,200, and the hot ones,
# which are requested again before the large ones
my $stored = 17000;
my $hot = 15000;

my %sizes = (800001 => 64 * 1024, 800002 => 256 * 1024, 800003 => 1024 * 1024);

my $live = Live->new;
my $health = Live::Health->new($live);

$health->put(\&body, 1 .. $stored, sort keys %sizes);

my $nginx = $health->gateway(
    workers => 2,
    extra => 'violet_zone 64m; violet_buffer_limit 4m;'
             . 'violet_health_memory 1h; keepalive_requests 1000000;');

# The hot ones are taken at random, and so is the order of their use: neither
# they nor the others are neighbours in memory.
srand 1;
tiers(1 .. $stored);
my @hot = (shuffle(1001 .. $stored))[0 .. $hot - 1];
@hot = shuffle(@hot), tiers(@hot) for 1 .. 3;

# the first request that a worker makes to Redis may miss
cmp_ok(tiers(@hot)->{memory}, '>=', $hot - 50, 'the hot reports are in memory');

large($_) for sort keys %sizes;

$live->check_logs;
done_testing();


sub large {
    my ($merchant) = @_;

    my $title = "200 requests for a report of $sizes{$merchant} bytes";
    my %tiers;

    for my $n (1 .. 200) {
        my ($answer) = requests($merchant);

        is(length $answer->{body}, $sizes{$merchant}, 'its length')
            if $n == 1 || $n == 200;
        $tiers{$answer->{tier}}++;
        fail('its bytes') if $answer->{body} ne body($merchant);
    }

    cmp_ok($tiers{memory} || 0, '>=', 190, "$title: served from memory");

    my $lost = $hot - tiers(@hot)->{memory};

    note(sprintf '%s: %d from memory, %d of %d hot reports lost, %.2f %%',
         $title, $tiers{memory} || 0, $lost, $hot, 100 * $lost / $hot);
    cmp_ok($lost, '<=', $hot * 0.02, "$title: hot reports that are lost");
}


# How often each tier answered requests for these merchants.
sub tiers {
    my %tiers = (memory => 0);

    $tiers{$_->{tier}}++ for requests(@_);

    return \%tiers;
}


# Requests in groups on one connection; returns body and tier of the answers.
sub requests {
    my @merchants = @_;

    my $client = $live->client($nginx->port);
    my @answers;

    while (my @group = splice @merchants, 0, 50) {
        $client->send(join '', map {
            $health->path($_) . " HTTP/1.1\r\nHost: localhost\r\n\r\n"
        } @group);

        push @answers, answer($client) for @group;
    }

    $client->close;

    return @answers;
}


# The next answer.  (That of Live::Client reads the bytes anew after each piece
# that arrives, which takes long with 1 MB.)
sub answer {
    my ($client) = @_;

    my $head = qr{\AHTTP/1\.1 200 .*?\r\n\r\n}s;

    $client->read_until($head, 30) =~ $head or die "no report\n";

    my $start = $+[0];
    my ($length) = $client->{in} =~ /^Content-Length: (\d+)/m;
    my ($tier) = $client->{in} =~ /^X-Vars: [^|]*\|([^|]*)/m;

    $client->read_until(sub { length $_[0] >= $start + $length }, 30);

    my $body = substr $client->{in}, $start, $length;
    substr $client->{in}, 0, $start + $length, '';

    return {tier => lc $tier, body => $body};
}


sub body {
    my ($merchant) = @_;

    my $length = $sizes{$merchant} || 3700;
    my $text = qq({"merchant_id":$merchant,"complete":true,"note":");

    return $text . substr("$merchant " x ($length / 2), 0,
                          $length - 2 - length $text) . '"}';
}
