#!/usr/bin/perl

# The number of series depends on the configuration alone, whatever callers send:
# ids of merchants and carts, names of callers and hosts, arguments.  Violet is an
# nginx here, since the mock would take minutes for so many.  TEST_IDS=1000000 is
# a million of them, a part of "make torture".

use strict;
use warnings;

use lib 't/lib';

use IO::Socket::INET;
use Live;
use Test::More;
use Time::HiRes qw(time);

my $ids = $ENV{TEST_IDS} || 50_000;

# connections that throw them, and requests of a connection
my $throwers = 4;
my $at_once = 1000;

my $report = 'GET /v1/operations/connection_health';
my $live = Live->new;
my $violet = Live::free_port();
my $nginx = $live->nginx(workers => 2, http => <<"END", server => <<'END2');
    violet_app shop {
        app_id 10000; app_secret mock-app-secret; token mock-token;
    }
    upstream violet_api { server 127.0.0.1:$violet; keepalive 16; }
    access_log off;
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:$violet;
        default_type application/json;
        location ~ /connection_health/(\\d+) {
            return 200 '{"merchant_id":\$1,"connection":{"status":"COMPLETE"}}';
        }
        location ~ /checkout/cart/(\\d+)\$ {
            return 200 '{"id":\$1,"status":"IN_PROGRESS","bags":[{"id":1,"status":"IN_PROGRESS"}]}';
        }
        location / { return 200 '{}'; }
    }
END
    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /status { violet_status; }
END2

my @before = series();
my $start = time;

throw($_) for 1 .. $throwers;

my @bad = grep { wait; $? } 1 .. $throwers;

note(sprintf '%d ids in %.0f s, %d series', $ids, time - $start,
     scalar @before);
is(scalar @bad, 0, 'all ids were thrown, and each was answered');

my @after = series();
my $counted = 0;
$counted += $_ for map { /^violet_requests_total\{.* (\d+)$/ ? $1 : () } @after;

is($counted, $ids, "all $ids requests are counted");
is(names(@after), names(@before), 'there are the same series after');
cmp_ok(scalar @before, '>', 100, 'and there are series');

$live->check_logs;
done_testing();


sub series {
    return grep { !/^#/ } split /\n/,
        $live->request($nginx->port, 'GET /status')->{body};
}


sub names {
    return join "\n", map { s/ \S+$//r } @_;
}


# Throws a share of the ids from a process of its own, whose status is 0 if each
# request got an answer: many on a connection, one after the other.
sub throw {
    my ($nth) = @_;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;
    return if $pid;

    my $next = int($ids * ($nth - 1) / $throwers);
    my $last = int($ids * $nth / $throwers);
    my $answers = 0;

    while ($next < $last) {
        my $end = $next + $at_once < $last ? $next + $at_once : $last;

        $answers += answers(map { one($_, $_ == $end - 1) } $next .. $end - 1);
        $next = $end;
    }

    # no END block of the test may run here
    require POSIX;
    POSIX::_exit($answers == $last - int($ids * ($nth - 1) / $throwers) ? 0 : 1);
}


sub one {
    my ($id, $is_last) = @_;

    my $n = $id + 1;
    my @what = ("$report/$n", "POST /v1/checkout/cart/$n/x$n",
                "GET /v1/x$n?y=$n", "$report/x$n",
                "GET /v1/checkout/cart/$n/submit");

    return "$what[$id % @what] HTTP/1.1\r\nHost: h$n\r\nX-Caller: c$n\r\n"
           . ($is_last ? "Connection: close\r\n\r\n" : "\r\n");
}


# The number of answers.  The other end may stop to read while it writes.
sub answers {
    my ($text, $in, $tail, $count) = (join('', @_), '', '', 0);

    my $sock = IO::Socket::INET->new('127.0.0.1:' . $nginx->port)
        or return 0;
    my $pid = fork;

    return 0 if !defined $pid;

    if (!$pid) {
        print $sock $text;
        require POSIX;
        POSIX::_exit(0);
    }

    while (sysread $sock, $in, 262144) {
        $in = $tail . $in;
        $count++ while $in =~ m{HTTP/1\.1 \d+ }g;
        $tail = $in =~ m{(HTTP[^ ]*(?: \d*)?|HTT?|H)\z} ? $1 : '';
    }

    waitpid $pid, 0;

    return $count;
}
