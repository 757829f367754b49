#!/usr/bin/perl

# The refresh limit under a burst: exactly the configured number is granted, by
# two hosts together if they share a Redis, and by each host without Redis.

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
my $nowhere = Live::free_port();

my @hosts = map { host() } 1, 2;

burst('two hosts', \@hosts, 70000, 30);
budgets();
never_sent();
per_host();
without_redis();

$live->check_logs;
done_testing();


sub host {
    return $health->gateway(
        lines => 'violet_refresh_limit merchant=1r/10m app=30r/h;',
        extra => 'violet_app nowhere { app_id 10000;'
                 . 'app_secret mock-app-secret; token mock-token; }',
        more => "location /nowhere/v1/ { violet nowhere;"
                . "proxy_pass http://127.0.0.1:$nowhere/v1/;"
                . 'violet_refresh_limit merchant=1r/10m app=30r/h; }',
        @_);
}


# A hundred merchants, each refreshed once, all at the same time.  The budget of
# an hour gets one refresh back every 120 s.
sub burst {
    my ($title, $hosts, $first, $granted) = @_;

    my $before = $health->reached('connection_health.refresh');
    my $begun = time;
    my @answers = $health->many($hosts, count => 100, timeout => 60, what =>
                                sub { $first + $_[0] . '?refresh=true' });
    my $took = time - $begun;

    my @good = grep { $_->{status} == 200 } @answers;
    my @limited = grep { $_->{status} == 429 } @answers;

    is($health->reached('connection_health.refresh') - $before, $granted,
       "$title: exactly $granted reach Violet");
    is(scalar @good, $granted, "$title: the granted refreshes are answered");
    is(scalar @limited, 100 - $granted, "$title: all others get 429");
    is(Live::Health::count(sub { $_->{vars}{refresh} eq 'granted' }, @good),
       $granted, "$title: granted");
    is(Live::Health::count(sub { $_->{vars}{refresh} eq 'limited' },
                           @limited), 100 - $granted, "$title: limited");

    my @seconds = sort { $a <=> $b }
                  map { $_->{headers}{'retry-after'} || 0 } @limited;

    cmp_ok($seconds[-1], '<=', 120, "$title: Retry-After, not too long");
    cmp_ok($seconds[0], '>=', 119 - $took,
           "$title: Retry-After, not too short");
    note("$title: Retry-After from $seconds[0] to $seconds[-1]");

    is(Live::Health::count(sub {
           ($_->{headers}{'ratelimit-policy'} || '')
               eq '"merchant";q=1;w=600, "app";q=30;w=3600'
       }, @answers), 100, "$title: RateLimit-Policy on all of them");
    is(Live::Health::count(sub {
           $_->{body} =~ /"type":"urn:ngx-violet:refresh-limited"/
       }, @limited), 100 - $granted, "$title: the problem");
    is(Live::Health::count(sub {
           my ($merchant) = $_->{body} =~ /"merchant_id": (\d+)/;
           $health->reached("connection_health.refresh/$merchant") == 1
       }, @good), $granted, "$title: each merchant once");
}


# A refused refresh has not spent the merchant's budget.
sub budgets {
    my $redis = Violet::Redis->new($health->redis->port);
    my @keys = @{$redis->call('KEYS', 'violet:limit:*')};

    is(scalar @keys, 31, 'budgets: of the app and of 30 merchants');
    is(scalar(grep { $_ eq 'violet:limit:violet_api:10000' } @keys), 1,
       'budgets: the key of the app');
    is(scalar(grep { /^violet:limit:violet_api:10000:70\d\d\d$/ } @keys),
       30, 'budgets: the keys of merchants');

    my @endless = grep { $redis->call('PTTL', $_) <= 0 } @keys;
    is("@endless", '', 'budgets: each key has a TTL');

    my $read = $health->get($hosts[0], 70000);
    is($read->{status}, 200, 'budgets: plain reads are answered');
    is($read->{vars}{refresh}, '', 'budgets: plain reads are not limited');
}


# No server listens there, so no refresh was sent, and no budget is spent.
sub never_sent {
    my @answers = $health->many(\@hosts, count => 80, timeout => 60, what =>
                                sub { 71000 + $_[0] . '?refresh=true',
                                      '/nowhere/' });

    # a refund takes a moment, in which the budget is spent
    my @other = grep { $_->{status} != 502 && $_->{status} != 429 } @answers;
    is(scalar @other, 0, 'never sent: 502, or 429 while others are tried');

    ok($live->wait_for(10, sub {
        $health->get($hosts[0], '71500?refresh=true', prefix => '/nowhere/')
               ->{status} == 502;
    }), 'never sent: the budget is there again');

    # each refresh spends the budget and gives it back
    @answers = map {
        $health->get($hosts[$_ % 2], '71501?refresh=true',
                     prefix => '/nowhere/');
    } 1 .. 40;
    is(Live::Health::count(sub { $_->{status} == 502 }, @answers), 40,
       'never sent: forty of one merchant in a row')
        or diag($health->tally('refresh', @answers));
}


# The budget of a merchant is one for the two hosts.
sub per_host {
    $health->command('FLUSHALL');

    is($health->get($hosts[0], '72000?refresh=true')->{status}, 200,
       'granted on one host');
    my $other = $health->get($hosts[1], '72000?refresh=true');
    is($other->{status}, 429, 'refused on the other');
    cmp_ok($other->{headers}{'retry-after'}, '<=', 600, 'for ten minutes');
    cmp_ok($other->{headers}{'retry-after'}, '>', 590, 'not less');
}


# Each host counts for itself; the workers of a host count together.
sub without_redis {
    my @alone = map { host(redis => '') } 1, 2;

    burst('without Redis, one host', $alone[0], 73000, 30);
    burst('without Redis, the other', $alone[1], 74000, 30);
}
