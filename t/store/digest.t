#!/usr/bin/perl

# OpenSSL hashes a large report, and allocates memory for that.  Each allocation
# of a request fails in turn: the ETag of each report that is sent is the SHA-1
# of its body all the same.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha1_hex);
use Live;
use Live::Health;
use Test::More;

my $live = Live->new(patient => 1);
my $health = Live::Health->new($live, redis => undef);
my $faults = Live::Faults->new($live);
my $port = Live::free_port();

# nginx takes at most 4 kB in one word of its configuration
my $note = 'x' x 3600;
my $head = qq({"merchant_id":\$id,"connection":{"status":"COMPLETE"},"note":");

my $nginx = $health->gateway(
    workers => 1, faults => $faults, redis => '',
    extra => qq(violet_zone 1m;
        violet_app large { app_id 1; app_secret s; token t; }
        server { listen 127.0.0.1:$port;
        default_type application/json; set \$note "$note";
        location ~ /(?<id>[0-9]+)\$ {
            return 200 '$head\$note\$note\$note\$note\$note"}';
        } }),
    more => "location /large/v1/ { violet large;
             proxy_pass http://127.0.0.1:$port/v1/; }");

my ($worker) = $nginx->workers;
my $merchant = 300000;

is(wrong(), 'no fault', 'a report without a fault');

$faults->count($worker);
wrong();
$faults->disarm;

my $calls = $faults->seen('memory');
my %count;

for my $n (1 .. $calls) {
    $faults->fail($worker, 'memory', $n);
    my $result = wrong();
    $result = 'no fault' if $result eq 'no report' && $faults->failed;
    $count{$result}++;
    $faults->disarm;
}

note("$calls allocations, " . join ', ', map { "$count{$_}: $_" }
                                         sort keys %count);
is(join(', ', keys %count), 'no fault', 'no report has a wrong ETag');
is(wrong(), 'no fault', 'a report at the end');
is(join(' ', $nginx->workers), $worker, 'the worker has not ended');

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\]/);
done_testing();


# What is wrong with the report of a merchant that is not in memory.
sub wrong {
    my $answer = $health->get($nginx, ++$merchant, prefix => '/large/',
                              timeout => 30);

    return 'no end' if ($answer->{error} || '') =~ /time/;
    return 'no report' if ($answer->{status} || 0) != 200
                          || !$answer->{whole};

    my $etag = $answer->{headers}{etag} || '';

    return $etag eq '"' . sha1_hex($answer->{body}) . '"'
           ? 'no fault' : "the ETag $etag";
}
