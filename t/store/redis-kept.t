#!/usr/bin/perl

# A report is sent from the bytes that Redis sent, for as long as its caller
# takes to read it.  Meanwhile the worker reads other reports, and may lose its
# connection: each caller gets the report of its merchant, byte for byte.  Not
# more than 4 MB are kept so.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha1_hex);
use Live;
use Live::Health;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);
my $redis = Violet::Redis->new($health->redis->port);

my $nginx = $health->gateway(
    workers => 1,
    redis => 'redis://127.0.0.1:' . $health->redis->port . '/0 timeout=20s',
    lines => 'violet_health_memory off;',
    more => $health->location('/slow/',
                              'violet_health_memory off; limit_rate 1k;')
            . $health->location('/slower/',
                                'violet_health_memory off; limit_rate 100;'
                                . 'limit_rate_after 1k;')
            . $health->location('/large/',
                                'violet_health_memory off; limit_rate 100k;'));
my ($worker) = $nginx->workers;

my %body;

kept('small reports', '/slow/', 60, 3700, 20100);
kept('large reports', '/large/', 12, 400000, 20200);
bounded();

is(join(' ', $nginx->workers), $worker, 'it is the same worker');

$live->check_logs;
done_testing();


# Slow callers, each of a merchant of its own, and fast ones of other merchants
# behind them.
sub kept {
    my ($title, $prefix, $count, $bytes, $first) = @_;

    my @slow = map { $first + $_ } 0 .. $count - 1;
    my @fast = map { $first + 1000 + $_ } 0 .. 99;

    store($_, $bytes) for @slow;
    store($_, 3700) for @fast;

    my @callers = map { begun($prefix, $_) } @slow;
    my @wrong = grep { !is_right($_, $health->get($nginx, $_)) } @fast, @fast;

    is("@wrong", '', "$title: fast callers get theirs");

    $redis->call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    $live->wait_for(10, sub {
        ($health->get($nginx, 20001)->{vars}{cache_tier} || '') eq 'redis';
    });

    @wrong = grep { !is_right($_, $health->get($nginx, $_)) } @fast;
    is("@wrong", '', "$title: ... and on the next connection");

    @wrong = grep { !is_right($slow[$_], $health->answer($callers[$_], 60)) }
                  0 .. $#slow;
    is("@wrong", '', "$title: slow callers get theirs");
}


# Behind each slow caller somebody reads a large report, so each holds a buffer
# of 64 kB.  In the end they leave.
sub bounded {
    my ($small, $large) = (20300, 20301);

    store($small, 3700);
    store($large, 60000);

    ok(is_right($large, $health->get($nginx, $large)), 'a large report');

    my $peak = peak();
    my @callers;

    for (1 .. 300) {
        push @callers, begun('/slower/', $small);
        $health->get($nginx, $large);
    }

    my $growth = peak() - $peak;

    note("300 slow callers: the worker grows by $growth kB");

  SKIP: {
        skip 'a sanitizer keeps what was freed', 1
            if $ENV{TEST_SAN} || $ENV{TEST_NGINX_USE_VALGRIND};

        cmp_ok($growth, '<', 10240,
               '300 slow callers: it is less than 10240 kB');
    }

    $_->reset for @callers;

    ok(is_right($small, $health->get($nginx, $small)),
       '... leave, and the next one gets the report');
}


# The most memory that the worker has had, in kB.
sub peak {
    return (Live::Nginx::text_of("/proc/$worker/status")
            =~ /^VmHWM:\s+(\d+) kB/m)[0];
}


# A caller that has begun to read.
sub begun {
    my ($prefix, $merchant) = @_;

    my $caller = $health->ask($nginx, $merchant, $prefix);

    $caller->read_until(qr/\r\n\r\n/, 20);

    return $caller;
}


sub is_right {
    my ($merchant, $answer) = @_;

    return ($answer->{status} || 0) == 200
           && $answer->{vars}{cache_tier} eq 'redis'
           && $answer->{body} eq $body{$merchant};
}


# A merchant's report, of that many bytes, as the module stores it.
sub store {
    my ($merchant, $bytes) = @_;

    my $text = qq({"merchant_id":$merchant,"note":");
    my $rest = $bytes - length($text) - 2;

    $body{$merchant} = $text . substr("$merchant " x (1 + $rest / 6), 0, $rest)
                       . '"}';

    my ($seconds) = @{$redis->call('TIME')};

    $redis->call('HSET', $health->key($merchant), v => 1,
                 body => $body{$merchant},
                 etag => '"' . sha1_hex($body{$merchant}) . '"',
                 state => 'ready', merchant => $merchant,
                 stored_at => 1000 * $seconds, kept => 86400000);
    $redis->call('PEXPIRE', $health->key($merchant), 86400000);
}
