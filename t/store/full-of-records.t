#!/usr/bin/perl

# A zone that is nearly full of records, which are not evicted: a large report
# finds no room for all of its pieces, and leaves nothing in the zone.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha1_hex);
use Live;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live);
my $port = Live::free_port();

# nginx takes at most 4 kB in one word of its configuration
my $note = 'x' x 3600;
my $head = qq({"merchant_id":\$id,"connection":{"status":"COMPLETE"},"note":");

my $nginx = $health->gateway(
    redis => '',
    extra => qq(violet_zone 128k;
        violet_app large { app_id 1; app_secret s; token t; }
        server { listen 127.0.0.1:$port;
        default_type application/json; set \$note "$note";
        location ~ /(?<id>[0-9]+)\$ {
            return 200 '$head\$note\$note\$note\$note\$note"}';
        } }),
    more => "location /large/v1/ { violet large;
             proxy_pass http://127.0.0.1:$port/v1/; }");

my $merchant = 300000;
my $cart = 500000;

is(kept('/large/'), 'HIT', 'a large report is kept in an empty zone');

while (kept('/large/') eq 'HIT' && $cart < 505000) {
    submit() for 1 .. 8;
}

my $etag = $health->get($nginx, $merchant, prefix => '/large/');
is($etag->{headers}{etag}, '"' . sha1_hex($etag->{body}) . '"',
   'its ETag is the SHA-1 of its body');

my $submits = $cart - 500000;
note("$submits records leave no room for a report of 18 kB");
cmp_ok($submits, '<', 5000, 'a large report is not kept in a full zone');
is(kept('/'), 'HIT', '... but a small one is');

# more often than the zone has pages
kept('/large/') for 1 .. 64;

is(kept('/'), 'HIT', 'large reports that found no room take none');

$live->check_logs;
done_testing();


# The status of the cache for the second request of a merchant.
sub kept {
    my ($prefix) = @_;

    $merchant++;

    my ($new, $again) = map {
        $health->get($nginx, $merchant, prefix => $prefix, timeout => 30)
    } 1 .. 2;

    return $again->{status} == 200 ? $again->{vars}{cache_status} : 'error';
}


sub submit {
    $live->request($nginx->port, 'POST /v1/checkout/cart/' . ++$cart
                   . '/submit', body => '{}', timeout => 30);
}
