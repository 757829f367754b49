#!/usr/bin/perl

# The list of an app's merchants is cached like a report, in both tiers, for all
# workers and hosts, and a refresh of any merchant drops it.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);
my $redis = Violet::Redis->new($health->redis->port);
my $odd = odd_violet();

my ($near, $far) = map {
    $health->gateway(
        more => $health->location('/short/', 'violet_health_ttl 1s;'
                                             . 'violet_health_stale 1h;')
                . $health->location('/other/', '', 'other')
                . $health->location('/off/', 'violet_health_cache off;')
                . 'location /odd/v1/ { violet odd; proxy_pass '
                . "http://127.0.0.1:${\ $odd->port}/v1/; }",
        extra => join '', map {
            "violet_app $_ { app_id 10000; environment $_;"
            . 'app_secret mock-app-secret; token mock-token; }'
        } qw(other odd));
} 1, 2;

cached();
keys_in_redis();
arguments();
conditional();
refreshed();
refused_refresh();
deleted();
one_flight();
bypassed();
stale();
failed();
no_list();

$live->check_logs;
done_testing();


# A server that answers with an object instead of a list.
sub odd_violet {
    my $body = '{"merchant_id": 1, "connection": {"status": "COMPLETE"}}';

    return $live->fake(do => 'answer', bytes =>
        "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
}


sub list {
    my ($nginx, $arguments, %option) = @_;

    return $health->get($nginx, defined $arguments ? $arguments : '', %option);
}


sub reached {
    return $health->reached('connection_health_list');
}


sub status {
    return $_[0]{vars}{cache_status};
}


# Resets the mock and empties Redis and the memory of the hosts, which a report
# in it shows.
sub begin {
    my %full = map { $_ => $_ } $near, $far;
    my $in_memory = sub {
        my $vars = $health->get($_[0], 20999)->{vars};
        return "$vars->{cache_status} $vars->{cache_tier}" eq 'HIT memory';
    };

    $live->wait_for(30, sub { !grep { !$in_memory->($_) } values %full })
        or die "a host keeps nothing in its memory\n";
    $redis->call('FLUSHALL');
    $live->wait_for(30, sub {
        delete $full{$_} for grep { !$in_memory->($_) } values %full;
        return !%full;
    }) or die "the memory of a host is not emptied\n";
    $health->control('reset');
}


# The number of calculations of each merchant's report in a list.
sub revisions {
    my ($answer) = @_;

    return join ' ', $answer->{body} =~ /"recalculated": (\d+)/g;
}


# Asks until each of these lists comes from the memory of the host.
sub in_memory {
    my ($title, $nginx, @arguments) = @_;

    my @answers;

    ok($live->wait_for(30, sub {
        @answers = map { list($nginx, $_) } @arguments;
        return !grep { status($_) ne 'HIT' || $_->{vars}{cache_tier} ne 'memory'
                     } @answers;
    }), "$title: in memory");

    return $answers[0];
}


sub cached {
    my $first = list($near);

    is($first->{status}, 200, 'list: the first read');
    is(status($first), 'MISS', 'list: a miss');
    is($first->{cache}, 'violet; fwd=uri-miss; stored', 'list: it is stored');
    is($first->{vars}{route}, 'connection_health_list', 'list: the route');
    is($first->{headers}{'content-type'}, 'application/json', 'list: JSON');
    like($first->{headers}{etag}, qr/^"[0-9a-f]{40}"$/, 'list: an ETag');
    like($first->{body}, qr/^\[\{"merchant_id": 10000,/, 'list: an array');
    is($first->{headers}{'x-violet-merchant-state'}, undef,
       'list: no header with a state, which one merchant has');
    is($first->{vars}{merchant_state}, '', 'list: no variable with a state');

    my $hit = in_memory('list', $near, '');
    like($hit->{cache}, qr/^violet; hit; ttl=\d+$/, 'list: a plain hit');
    is($hit->{body}, $first->{body}, 'list: the same bytes');
    is($hit->{headers}{etag}, $first->{headers}{etag}, 'list: the same ETag');
    like($hit->{headers}{age}, qr/^\d+$/, 'list: its age');

    my $other = list($far);
    is(status($other) . " $other->{vars}{cache_tier}", 'HIT redis',
       'list: the other host finds it in Redis');
    is($other->{body}, $first->{body},
       'list: the other host has the same bytes');
    is(reached(), 1, 'list: Violet is asked once');
}


sub keys_in_redis {
    my ($key) = @{$redis->call('KEYS', 'violet:health-list:*')};

    like($key, qr/^violet:health-list:violet_api:10000:(?:true|1)$/,
         'list: the key');
    my %hash = @{$redis->call('HGETALL', $key)};
    is_deeply([sort keys %hash],
              [qw(body etag kept merchant state stored_at v)],
              'list: its fields');
    is($hash{body}, list($near)->{body}, 'list: its body');

    my $ttl = $redis->call('PTTL', $key);
    cmp_ok($ttl, '<=', 86400_000, 'list: it ends within violet_health_ttl');
    cmp_ok($ttl, '>', 86000_000, 'list: it does not end much earlier');
}


# There are two lists: without and with public merchants.
sub arguments {
    begin();

    my $hidden = list($near);
    my $all = list($near, '?exclude_public=false');

    is(status($all), 'MISS', 'exclude_public=false: another list');
    like($all->{body}, qr/"merchant_id": 20001\b/,
         'exclude_public=false: with public merchants');
    unlike($hidden->{body}, qr/"merchant_id": 20001\b/,
           'the other list has no public merchants');
    is(reached(), 2, 'exclude_public=false: Violet is asked');

    for my $spelling ('/', '?app_id=10000', '?exclude_public=yes',
                      '?x=1', '?refresh=true',
                      '?exclude_public=false&exclude_public=true')
    {
        my $answer = list($near, $spelling);
        is(status($answer), 'HIT', "$spelling: a hit");
        is($answer->{body}, $hidden->{body}, "$spelling: the same list");
    }

    for my $spelling ('/?exclude_public=off', '?exclude_public=0&refresh=1',
                      '?app_id=10000&%65xclude_public=FALSE')
    {
        is(list($near, $spelling)->{body}, $all->{body},
           "$spelling: the list with public merchants");
    }

    is(reached(), 2, 'spellings: Violet is not asked');
    is($health->reached('connection_health.refresh'), 0,
       'spellings: refresh is not an argument of the list');

    is(list($near, '?app_id=1')->{status}, 400, 'another app: refused');
    is(list($near, '?exclude_public=x')->{status}, 400, 'nonsense: refused');

    my $other = list($near, '', prefix => '/other/');
    is(status($other), 'MISS', 'another environment has a list of its own');
    is(reached(), 3, 'another environment: Violet is asked');

    my $post = $live->request($near->port,
        'POST /v1/operations/connection_health', body => '{}');
    is($post->{status}, 200, 'POST: passed on');
    is(reached(), 3, 'POST: Violet is not asked for a list');
}


sub conditional {
    begin();

    my $first = list($near);
    my $etag = $first->{headers}{etag};

    my $same = list($near, '', headers => {'If-None-Match' => $etag});
    is($same->{status}, 304, 'If-None-Match: not modified');
    is($same->{body}, '', 'If-None-Match: no body');

    my $head = $live->request(
        $near->port, 'HEAD /v1/operations/connection_health');
    is($head->{status}, 200, 'HEAD: found');
    is($head->{headers}{'content-length'}, length $first->{body},
       'HEAD: the length');
    is(reached(), 1, 'HEAD: Violet is not asked');
}


# Both hosts have the list in memory; one host refreshes a merchant.
sub refreshed {
    begin();

    in_memory('refresh', $_, '', '?exclude_public=no') for $near, $far;

    my $old = list($near);
    is(revisions($old), '1 1 1', 'refresh: the list before');

    my $refresh = $health->get($near, '20100?refresh=true');
    is($refresh->{vars}{refresh}, 'granted',
       'refresh: one merchant is refreshed');

    my $new = list($near);
    is(status($new), 'MISS', 'refresh: the list is dropped');
    is(revisions($new), '1 2 1', 'refresh: it shows the new report');

    ok($live->wait_for(30, sub { revisions(list($far)) eq '1 2 1' }),
       'refresh: the list of the other host shows it, too');
    ok($live->wait_for(30, sub {
        revisions(list($far, '?exclude_public=no')) eq '1 2 1 1'
    }), 'refresh: the list with public merchants shows it, too');
    is(reached(), 4, 'refresh: Violet is asked once for each list');

    # a refresh of a merchant that the list did not have
    $health->get($far, '20200?refresh=true');
    is(status(list($far)), 'MISS',
       'refresh of any merchant: the list is dropped');

    # the list of another environment stays
    list($near, '', prefix => '/other/');
    $health->get($near, '20301?refresh=true');
    is(status(list($near, '', prefix => '/other/')), 'HIT',
       'refresh: the list of another environment stays');
}


# A request that changes no report drops no list.
sub refused_refresh {
    begin();

    $health->get($near, '20100?refresh=true');
    list($near);
    is($health->get($near, '20100?refresh=true')->{status}, 429,
       'refused refresh: 429');
    is(status(list($near)), 'HIT', 'refused refresh: the list stays');

    $health->get($near, 20300);
    is(status(list($near)), 'HIT', 'a plain read: the list stays');
}


sub deleted {
    begin();

    in_memory('DEL', $_, '') for $near, $far;

    my $old = list($far);
    my ($key) = @{$redis->call('KEYS', 'violet:health-list:*')};
    $health->control('forget');
    is($redis->call('DEL', $key), 1, 'DEL: an operator deletes the key');

    ok($live->wait_for(30, sub { list($far)->{body} ne $old->{body} }),
       'DEL: the old list is not served');
}


sub one_flight {
    begin();
    $health->control('delay?connection_health_list=2');

    my @answers = $health->many([$near, $far], count => 400, what => '',
                                timeout => 60);

    $health->all_are(200, 'one flight', @answers);
    $health->all_same('one flight', @answers);
    is(reached(), 1, 'one flight: one request at Violet');
    note('one flight: ', $health->tally('cache_status', @answers));
}


sub bypassed {
    begin();

    is(status(list($near, '', prefix => '/off/')), 'BYPASS',
       'violet_health_cache off: not cached') for 1, 2;
    is(reached(), 2, 'violet_health_cache off: Violet is asked each time');
    is(scalar @{$redis->call('KEYS', 'violet:health-list:*')}, 0,
       'violet_health_cache off: not stored');
}


# While Violet fails the last good list is served.
sub stale {
    begin();

    my $good = list($near, '', prefix => '/short/');
    $health->control('fault?connection_health_list=500');
    sleep 2.2;

    my $stale = list($near, '', prefix => '/short/');
    is($stale->{status}, 200, 'stale: served');
    is(status($stale), 'STALE', 'stale: the status says so');
    like($stale->{cache}, qr/^violet; hit; ttl=-\d+; detail=\S+$/,
         'stale: Cache-Status says so');
    is($stale->{body}, $good->{body}, 'stale: the last good list');
}


# The 429 comes last, since it is held.
sub failed {
    begin();
    $health->control('fault?connection_health_list=403');
    is(list($near)->{status}, 403, 'as 403: passes');

    for my $case ([500, 502], [600, 502], [603, 502], [429, 429]) {
        my ($fault, $wanted) = @$case;

        begin();
        $health->control("fault?connection_health_list=$fault");
        my $answer = list($near);
        is($answer->{status}, $wanted, "as $fault: $wanted");
        like($answer->{headers}{'content-type'}, qr/problem\+json/,
             "as $fault: a problem");
    }

    is(scalar @{$redis->call('KEYS', 'violet:health-list:*')}, 0,
       'failures: nothing is stored');
    begin();
}


sub no_list {
    my $before = $odd->connections;

    for my $round (1, 2) {
        my $answer = list($near, '', prefix => '/odd/');
        is($answer->{status}, 200, 'no list: the answer passes');
        unlike($answer->{cache}, qr/stored/, 'no list: not stored');
    }

    is($odd->connections - $before, 2, 'no list: Violet is asked each time');
    like($near->error_log, qr/\[warn\].*not an array/,
         'no list: the log says why');
}
