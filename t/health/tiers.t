#!/usr/bin/perl

# Two tiers: a hit comes from shared memory, Redis has the authoritative report.
# A key that is written, deleted or expires in Redis is dropped from the memory
# of every gateway.  While the link is down, a copy in memory is served no longer
# than violet_health_memory.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

# Seconds of violet_health_memory in the tests in which that time ends.
my $bound = 4;

my $live = Live->new;
my $health = Live::Health->new($live);
my $link = $live->relay($health->redis->port);

my ($near, $far) = map {
    $health->gateway(lines => 'violet_health_memory 1h;',
                     more => $health->location('/unread/',
                                               'violet_health_memory off;'))
} 1, 2;

memory_before_redis();
memory_off();
deleted();
refreshed_elsewhere();
written_by_hand();
expired();
flushed();
many_at_once();
reloaded();
zone_full();
link_cut();
link_stalled();
link_back();
redis_away();

$live->check_logs;
done_testing();


sub tier {
    my ($answer) = @_;

    my $vars = $answer->{vars};

    return "$vars->{cache_status} $vars->{cache_tier}";
}


# Brings a report into the memory of both hosts.  The write of the report is a
# change, too, so a host drops a copy that it made before the notice came.
sub fill {
    my ($title, $merchant) = @_;

    $health->get($near, $merchant);
    sleep 0.3;

    return (map { in_memory($title, $_, $merchant) } $near, $far)[1];
}


sub in_memory {
    my ($title, $nginx, $merchant) = @_;

    $health->get($nginx, $merchant);
    sleep 0.3;

    my $answer;
    ok($live->wait_for(10, sub {
        $answer = $health->get($nginx, $merchant);
        return tier($answer) eq 'HIT memory';
    }), "$title: in memory");

    return $answer;
}


# Asks until the host knows the change, and notes how long that takes.
sub learns {
    my ($title, $nginx, $merchant, $code) = @_;

    my ($begun, $answer) = (time);

    ok($live->wait_for(30, sub {
        $answer = $health->get($nginx, $merchant);
        return $code->($answer);
    }), $title) or diag(tier($answer), ' ', $answer->{body});
    note(sprintf '%s: known after %.2f s', $title, time - $begun);

    return $answer;
}


sub memory_before_redis {
    my $first = $health->get($near, 20001);
    is($first->{vars}{cache_status}, 'MISS', 'first: a miss');
    is($first->{vars}{cache_tier}, '', 'first: the tier is empty');

    sleep 0.3;
    my $second = $health->get($near, 20001);
    like(tier($second), qr/^HIT (?:memory|redis)$/, 'the second read: a hit');

    # its own write is a change, too
    in_memory('later reads', $near, 20001);

    my @reads = map { $health->get($near, 20001) } 1 .. 10;
    is(Live::Health::count(sub { tier($_) eq 'HIT memory' }, @reads), 10,
       'later reads come from memory');
    $health->all_same('memory', $first, $second, @reads);
    like($reads[0]{cache}, qr/^violet; hit; ttl=\d+$/, 'memory: a plain hit');
    is($reads[0]{headers}{etag}, $first->{headers}{etag}, 'memory: the ETag');
    is($reads[0]{headers}{'x-violet-merchant-state'}, 'ready',
       'memory: the state');

    my $other = $health->get($far, 20001);
    note('the second read: ', tier($second));
    is(tier($other), 'HIT redis', 'another host finds it in Redis');
    is($other->{body}, $first->{body}, 'the other host serves the same bytes');
    in_memory('the other host, then', $far, 20001);

    # the kernel chooses the worker that answers
    my (@all, %workers);
    ok($live->wait_for(20, sub {
        my @more = $health->many($far, count => 100, what => 20001);
        $workers{$_->{headers}{'x-worker'}} = 1 for @more;
        push @all, @more;
        return keys %workers == 2;
    }), 'both workers have answered');
    is(Live::Health::count(sub { tier($_) eq 'HIT memory' }, @all),
       scalar @all, 'both workers serve from the same memory');

    sleep 1.1;
    my $aged = $health->get($near, 20001);
    cmp_ok($aged->{headers}{age}, '>=', 1, 'a report in memory ages');
    is($health->reached(20001), 1, 'Violet was asked once');
}


sub memory_off {
    my @reads = map { $health->get($near, 20001, prefix => '/unread/') } 1 .. 5;

    is(Live::Health::count(sub { tier($_) eq 'HIT redis' }, @reads), 5,
       'violet_health_memory off: Redis is asked each time');
    $health->all_same('violet_health_memory off', @reads);
    is(tier($health->get($near, 20001)), 'HIT memory',
       'another location still serves from memory');
}


sub deleted {
    for my $round (1 .. 3) {
        my $old = fill("DEL, round $round", 20002);

        $health->control('forget');
        is($health->command('DEL ' . $health->key(20002)), 1,
           "DEL, round $round: the key was there");

        my $new = learns("DEL, round $round: Violet is asked again", $far,
                         20002, sub { $_[0]{revision} > $old->{revision} });
        is($new->{vars}{cache_status}, 'MISS', "DEL, round $round: a miss");

        my $near_new = learns("DEL, round $round: the other host has it", $near,
                              20002, sub { $_[0]{revision}
                                           == $new->{revision} });
        is($health->reached(20002), $round + 1,
           "DEL, round $round: one request at Violet");
    }
}


sub refreshed_elsewhere {
    my $old = fill('refresh', 20003);

    my $new = $health->get($near, '20003?refresh=true');
    is($new->{vars}{refresh}, 'granted', 'refresh: on one host');
    cmp_ok($new->{revision}, '>', $old->{revision}, 'refresh: a new report');

    # the host of the refresh knows the new report at once
    is($health->get($near, 20003)->{body}, $new->{body},
       'refresh: the next read on this host has the new report');

    learns('refresh: the other host does not serve the old report', $far, 20003,
           sub { $_[0]{body} eq $new->{body} });
    in_memory('refresh', $far, 20003);
    is($health->reached(20003), 2, 'refresh: Violet was not asked again');

    # requests to several workers
    my @all = $health->many($far, count => 100, what => 20003);
    is(Live::Health::count(sub { $_->{body} eq $new->{body} }, @all), 100,
       'refresh: no worker of it serves the old report');
}


# An operator writes a report in the form of the module.
sub written_by_hand {
    my $old = fill('HSET', 20004);
    my $body = $old->{body} =~ s/"Store 20004"/"Store By Hand"/r;
    my $redis = Violet::Redis->new($health->redis->port);

    $redis->call('HSET', $health->key(20004), 'body', $body);
    learns('HSET of a body: the other bytes are served', $far, 20004,
           sub { $_[0]{body} eq $body });
    in_memory('HSET', $far, 20004);

    # bytes that are not a report cause a miss and are replaced
    $redis->call('HSET', $health->key(20004), 'state', 'whatever');
    learns('HSET of nonsense: a miss', $near, 20004,
           sub { $_[0]{vars}{cache_status} eq 'MISS'
                 && $_[0]{body} =~ /"Store 20004"/ });

    fill('SET', 20005);
    $redis->call('SET', $health->key(20005), 'nonsense');
    learns('SET of a string: a miss', $far, 20005,
           sub { $_[0]{vars}{cache_status} eq 'MISS' });
    is($health->command('TYPE ' . $health->key(20005)), 'hash',
       'SET of a string: replaced');
}


sub expired {
    my $old = fill('EXPIRE', 20006);

    $health->control('forget');
    $health->command('PEXPIRE ' . $health->key(20006) . ' 50');
    # Redis sends the notice when a read of the key finds it expired
    $live->wait_for(20, sub {
        $health->command('EXISTS ' . $health->key(20006)) eq '0'
    });

    learns('EXPIRE: memory has dropped it', $far, 20006,
           sub { $_[0]{revision} > $old->{revision} });

    fill('PERSIST', 20007);
    $health->command('PERSIST ' . $health->key(20007));
    $health->command('HSET ' . $health->key(20007) . ' kept 1');
    learns('PERSIST: the field "kept" ends a report without a TTL', $far, 20007,
           sub { $_[0]{vars}{cache_status} eq 'MISS' });
    cmp_ok($health->command('PTTL ' . $health->key(20007)), '>', 0,
           'PERSIST: the new report has a TTL');
}


sub flushed {
    for my $command ('FLUSHALL', 'FLUSHDB', 'FLUSHALL ASYNC') {
        my @old = map { fill($command, $_) } 20008, 20009;

        $health->control('forget');
        $health->command($command);

        for my $n (0, 1) {
            learns("$command: memory has dropped all reports", $far, 20008 + $n,
                   sub { $_[0]{revision} > $old[$n]{revision} });
        }
    }
}


# More changed keys than one message of Redis lists.
sub many_at_once {
    my @merchants = 20010 .. 20059;
    my %old;

    for my $nginx ($near, $far) {
        ok($live->wait_for(30, sub {
            $old{$_} = $health->get($nginx, $_) for @merchants;
            return !grep { tier($_) ne 'HIT memory' } values %old;
        }), 'DEL of fifty: all in memory');
    }

    $health->control('forget');
    $health->command('DEL ' . join ' ', map { $health->key($_) } @merchants);

    my @stale = @merchants;
    ok($live->wait_for(30, sub {
        @stale = grep {
            $health->get($far, $_)->{revision} <= $old{$_}{revision}
        } @stale;
        return !@stale;
    }), 'DEL of fifty: Violet is asked again for each');
}


sub reloaded {
    fill('reload', 20060);

    my @old = $far->workers;

    ok($far->reload, 'reload');
    ok($far->wait_gone(10, @old), 'reload: the old workers end');

    # the first read after the reload, then one while Redis does not answer
    my $answer = $health->get($far, 20060);
    is($answer->{vars}{cache_status}, 'HIT', 'reload: a hit');
    ok($live->wait_for(5, sub {
        tier($health->get($far, 20060)) eq 'HIT memory'
    }), 'reload: from memory');
    is($health->reached(20060), 1, 'reload: Violet is not asked');

    # a notice of a change still arrives
    my $old = fill('reload', 20060);
    $health->control('forget');
    $health->command('DEL ' . $health->key(20060));
    learns('reload: the new workers learn of a change', $far, 20060,
           sub { $_[0]{revision} > $old->{revision} });
}


# More reports than the zone has room for: the least recently used are evicted,
# and no request fails.
sub zone_full {
    my $small = $health->gateway(
        extra => 'violet_zone 128k;',
        lines => 'violet_health_memory 1h;');
    my @merchants = 100001 .. 100300;

    $health->get($small, 100000);

    my @answers = map { $health->get($small, $_) } @merchants;
    my @used;
    sleep 0.3;

    for my $merchant (@merchants) {
        push @answers, $health->get($small, $merchant);
        push @used, $health->get($small, 100000) if $merchant % 5 == 0;
    }

    shift @used;
    $health->all_are(200, 'zone full', @answers);
    is(Live::Health::count(sub { tier($_) eq 'HIT memory' }, @used),
       scalar @used, 'zone full: reports in use are kept');
    is(tier($health->get($small, 100300)), 'HIT memory',
       'zone full: the newest reports are kept');
    is(tier($health->get($small, 100001)), 'HIT redis',
       'zone full: unused reports are evicted');
    is(Live::Health::count(sub { $health->reached($_) == 1 }, @merchants),
       300, 'zone full: Violet was asked once for each');

    my @again = map { $health->get($small, $_) } reverse @merchants;
    my $held = Live::Health::count(sub { tier($_) eq 'HIT memory' }, @again);

    note(sprintf 'zone full: 128k hold about %d reports of %d bytes, '
                 . '%.0f bytes of the zone for each', $held,
                 length $again[0]{body}, $held ? 131072 / $held : 0);
    $health->all_are(200, 'zone full, again', @again);
    $small->quit(10);
}


# --- the link is lost ---

# Starts a gateway that reaches Redis through the relay.
sub far_away {
    my ($memory) = @_;

    return $health->gateway(
        redis => 'redis://127.0.0.1:' . $link->port . '/0 timeout=2s',
        lines => "violet_health_memory $memory;");
}


# A report in memory is served for violet_health_memory and no longer.
sub is_bounded {
    my ($title, $nginx, $merchant, $old) = @_;

    $health->control('forget');
    my $changed = time;
    $health->command('DEL ' . $health->key($merchant));

    my $answer;
    ok($live->wait_for($bound + 10, sub {
        $answer = $health->get($nginx, $merchant);
        return $answer->{revision} > $old->{revision};
    }), "$title: the old report is not served for longer");
    note(sprintf '%s: the change was known after %.1f s, the bound is %d s',
         $title, time - $changed, $bound);
    is($answer->{status}, 200, "$title: no error");
}


sub link_cut {
    my $nginx = far_away("${bound}s");
    my $old = in_memory('link cut', $nginx, 20070);

    $link->mode('cut link');
    is_bounded('link cut', $nginx, 20070, $old);
    $link->mode('pass');

    # an operator kills the links; the workers connect again
    in_memory('link killed', $nginx, 20071);
    my $kill = $health->command('CLIENT KILL TYPE pubsub');
    is($kill, 3, 'link killed: the link of each host');

    my $killed = in_memory('link killed', $nginx, 20071);
    $health->control('forget');
    sleep 3;
    $health->command('DEL ' . $health->key(20071));
    learns('link killed: the new link brings a change', $nginx, 20071,
           sub { $_[0]{revision} > $killed->{revision} });

    $nginx->quit(10);
}


# The link is dead without an error.
sub link_stalled {
    my $nginx = far_away("${bound}s");
    my $old = in_memory('link stalled', $nginx, 20072);

    $link->mode('stall link');
    is_bounded('link stalled', $nginx, 20072, $old);
    $link->mode('pass');

    is($health->get($nginx, 20072)->{status}, 200,
       'link stalled: the relay passes again');
    $nginx->quit(10);
}


# A change during the loss of the link is known when the link is back, also if
# violet_health_memory is long.
sub link_back {
    my $nginx = far_away('1h');
    my @old = map { in_memory('link back', $nginx, $_) } 20073, 20074;

    $link->mode('cut link');
    sleep 0.5;
    $health->control('forget');
    $health->command('DEL ' . $health->key($_)) for 20073, 20074;
    sleep 0.5;
    $link->mode('pass');

    my $begun = time;

    for my $n (0, 1) {
        ok($live->wait_for(10, sub {
            $health->get($nginx, 20073 + $n)->{revision}
                > $old[$n]{revision};
        }), 'link back: memory was emptied');
    }

    note(sprintf 'link back: after %.1f s', time - $begun);
    in_memory('link back', $nginx, 20073);
    $nginx->quit(10);
}


# Without Redis a report in memory is served for violet_health_memory; then
# Violet is asked once, not for each caller.
sub redis_away {
    my $nginx = far_away("${bound}s");

    my $begun = time;
    in_memory('Redis away', $nginx, 20075);
    $health->get($nginx, 20075);
    $link->mode('cut all');

    my @answers = map { $health->get($nginx, 20075) } 1 .. 20;
    $health->all_are(200, 'Redis away', @answers);
    cmp_ok($health->reached(20075), '<=', 1 + (time - $begun) / $bound,
           'Redis away: Violet is not asked meanwhile');
    my $before = $health->reached(20075);

    sleep $bound + 1;
    $health->control('delay?connection_health/20075=1');
    @answers = $health->many($nginx, count => 100, what => 20075);
    $health->all_are(200, 'Redis away, later', @answers);
    cmp_ok($health->reached(20075), '<=', $before + 1,
           'Redis away, later: one flight for all');

    $link->mode('pass');
    $health->control('delay?connection_health/20075=0');
    ok($live->wait_for(10, sub {
        my $answer = $health->get($nginx, 20075);
        return $answer->{vars}{redis} eq 'ok'
               || tier($answer) eq 'HIT memory';
    }), 'Redis away: Redis is back');
    $nginx->quit(10);
}
