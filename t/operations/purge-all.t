#!/usr/bin/perl

# A purge of all reports of an app, on several hosts: what was stored before it
# counts as missing, and what a fetch brings that began before it is not stored.
# Another app keeps its reports.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live);

all_hosts();
new_host();
without_redis();
fetch_under_way('with Redis', 20201, sub { gateway() });
fetch_under_way('without Redis', 20202, sub { gateway(redis => '') });
fetch_alone('with Redis', 20211, sub { gateway() });
fetch_alone('without Redis', 20212, sub { gateway(redis => '') });
fetch_on_another_host();
held_answer('with Redis', 42901, sub { gateway() });
held_answer('without Redis', 42902, sub { gateway(redis => '') });
unusable_instants();
instant_ahead();
redis_away();

$live->check_logs;
done_testing();


sub gateway {
    my (%option) = @_;

    return $health->gateway(
        workers => 2, %option,
        extra => 'violet_app other { app_id 10000; token mock-token;'
                 . ' environment other; app_secret mock-app-secret; }',
        more => 'location = /purge { violet_purge shop; }'
                . $health->location('/other/', '', 'other'));
}


sub redis {
    my $reply = Violet::Redis->new($health->redis->port)->call(@_);

    die "Redis refused @_: $$reply\n" if ref $reply eq 'SCALAR';

    return $reply;
}


sub purge {
    my ($nginx) = @_;

    return $live->request($nginx->port, "POST /purge?all=1 HTTP/1.0\r\n\r\n");
}


sub misses {
    my ($title, $nginx, $what, @more) = @_;

    like($health->get($nginx, $what, @more)->{cache}, qr/fwd=uri-miss; stored/,
         "$title: a miss, and stored");
    hits($title, $nginx, $what, @more);
}


sub hits {
    my ($title, $nginx, $what, @more) = @_;

    like($health->get($nginx, $what, @more)->{cache}, qr/^violet; hit/,
         "$title: a hit");
}


sub all_hosts {
    my $one = gateway();
    my $other = gateway();

    for my $nginx ($one, $other) {
        $health->get($nginx, $_) for 20101, 20102, '', 20101, 20102, '';
        $health->get($nginx, 20101, prefix => '/other/') for 1, 2;
    }

    my $answer = purge($one);

    is($answer->{status}, 200, 'all reports are purged at one host');
    is($answer->{body}, qq({"purged":{"all":1}}\n), 'and it says so');

    misses('this host', $one, $_) for 20101, '';

    $health->becomes('the other host: a miss', $other, 20102,
                     qr/fwd=uri-miss; stored/);
    hits('the other host', $other, 20102);
    hits('the other host, what was fetched since', $other, $_) for 20101, '';
    hits('another app', $_, 20101, prefix => '/other/') for $one, $other;
    is($live->request($one->port, "GET /purge?all=1 HTTP/1.0\r\n\r\n")->{status},
       405, 'nothing to show');
    $_->stop for $one, $other;
}


# A host that did not hear of the purge.
sub new_host {
    my $one = gateway();

    $health->get($one, 20111);
    is(redis('HEXISTS', $health->key(20111), 'body'), 1,
       'Redis has a report');
    purge($one);
    $one->stop;

    my $new = gateway();

    misses('a host that starts after the purge', $new, 20111);
    $new->stop;
}


sub without_redis {
    my $nginx = gateway(redis => '');

    $health->get($nginx, 20121) for 1, 2;
    $health->get($nginx, 20121, prefix => '/other/') for 1, 2;
    is(purge($nginx)->{status}, 200, 'without Redis: purged');
    misses('without Redis', $nginx, 20121);
    hits('without Redis, another app', $nginx, 20121, prefix => '/other/');
    $nginx->stop;
}


# The reader after the purge does not wait for the older fetch.  The mock
# calculates another report for that reader.
sub fetch_under_way {
    my ($title, $merchant, $gateway) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = $gateway->();

    $health->control("delay?$name=5");
    my $begun = time;
    my $client = $health->ask($nginx, $merchant);
    ok($health->reaches($name), "$title: a fetch is under way");
    $health->control("delay?$name=0");
    purge($nginx);
    $health->control('forget');

    my @new = map { $health->get($nginx, $merchant) } 1 .. 6;

    $health->control('forget');
    is($health->reached($name), 2, "$title: the readers after it ask anew");
    $client->read_until(sub { 0 }, 0.05);
    ok($client->{in} eq '' || time - $begun > 5,
       "$title: and do not wait for the older fetch");

    my $old = $health->answer($client, 60);

    is($old->{status}, 200, "$title: who waited gets the answer");
    isnt($old->{revision}, $_->{revision}, "$title: of the other fetch")
        for @new;
    is($health->get($nginx, $merchant)->{revision}, $new[0]{revision},
       "$title: which is not stored");
    $nginx->stop;
}


# Nobody asks before the fetch ends.
sub fetch_alone {
    my ($title, $merchant, $gateway) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = $gateway->();

    $health->control("delay?$name=3");
    my $client = $health->ask($nginx, $merchant);
    ok($health->reaches($name), "$title, alone: a fetch is under way");
    $health->control("delay?$name=0");
    purge($nginx);
    is($health->answer($client, 60)->{status}, 200,
       "$title, alone: who waited gets the answer");
    misses("$title, alone", $nginx, $merchant);
    $nginx->stop;
}


sub fetch_on_another_host {
    my $merchant = 20203;
    my $name = "connection_health/$merchant";
    my $one = gateway();
    my $other = gateway();

    $health->control("delay?$name=5");
    my $client = $health->ask($other, $merchant);
    ok($health->reaches($name), 'another host: a fetch is under way');
    $health->control("delay?$name=0");
    purge($one);
    sleep 0.5;
    $health->control('forget');

    my $new = $health->get($one, $merchant);

    $health->control('forget');
    is($health->reached($name), 2, 'another host: a reader here asks anew');
    hits('another host: a reader there', $other, $merchant);

    my $old = $health->answer($client, 60);

    is($old->{status}, 200, 'another host: who waited gets the answer');
    isnt($old->{revision}, $new->{revision},
         'another host: of the other fetch');
    is($health->get($_, $merchant)->{revision}, $new->{revision},
       'another host: which is not stored') for $one, $other;
    $_->stop for $one, $other;
}


sub held_answer {
    my ($title, $merchant, $gateway) = @_;

    my $name = "connection_health/$merchant";
    my $nginx = $gateway->();

    is($health->get($nginx, $merchant)->{status}, 429, "$title: a 429")
        for 1, 2;
    is($health->reached($name), 1, "$title: which is held");
    purge($nginx);
    is($health->get($nginx, $merchant)->{status}, 429, "$title: a 429 again");
    is($health->reached($name), 2, "$title: from Violet");
    $health->get($nginx, $merchant);
    is($health->reached($name), 2, "$title: which is held, too");
    $nginx->stop;
}


# Each would keep a gateway from ever having a hit, if it were believed.
sub unusable_instants {
    my $key = 'violet:purged:violet_api:10000';
    my $merchant = 20301;

    for my $set (['SET', $key, '1 ' . (time + 3600) . '000'],
                 ['SET', $key, '1 ' . '9' x 30], ['SET', $key, '1 x'],
                 ['SET', $key, '1 0' . (time - 60) . '000'],
                 ['SET', $key, '2 ' . time . '000'], ['SET', $key, ''],
                 ['HSET', $key, 'v', '1'])
    {
        redis('DEL', $key);
        redis(@$set);

        my $nginx = gateway();

        misses("@$set", $nginx, $merchant);
        $nginx->stop;

        # it is in Redis alone
        $nginx = gateway(lines => 'violet_health_memory off;');
        hits("@$set: another host", $nginx, $merchant++);
        $nginx->stop;
    }

    redis('DEL', $key);
}


# The clock of Redis, or what a worker knows of it, is behind that of the purge,
# as after a failover.  The purge counts at last.
sub instant_ahead {
    my $key = 'violet:purged:violet_api:10000';
    my $merchant = 20311;
    my $nginx = gateway(lines => 'violet_health_memory off;', workers => 1);

    misses('an instant ahead: before it', $nginx, $merchant);

    my $at = time + 4;

    redis('SET', $key, "1 ${at}000");
    sleep 0.5;
    hits('an instant ahead: until then', $nginx, $merchant) for 1, 2;
    sleep $at + 0.5 - time;
    misses('an instant ahead: from then on', $nginx, $merchant);
    $nginx->stop;
    redis('DEL', $key);
}


sub redis_away {
    my $nginx = gateway(redis => 'redis://127.0.0.1:' . $health->redis->port
                                 . '/0 timeout=200ms');

    for my $prefix ('/', '/other/') {
        ok($live->wait_for(20, sub {
            my $answer = $health->get($nginx, 20401, prefix => $prefix);

            $answer->{vars}{cache_tier} eq 'memory';
        }), "Redis away: $prefix has a copy in memory");
    }

    $health->redis->pause;

    my $answer = purge($nginx);

    is($answer->{status}, 503, 'Redis away: 503');
    is($answer->{body}, qq({"purged":{"all":1},"scope":"host"}\n),
       'Redis away: this host alone');
    is($answer->{headers}{'retry-after'}, 5, 'Redis away: repeat it');
    like($health->get($nginx, 20401)->{cache}, qr/fwd=uri-miss/,
         'Redis away: a miss');
    like($health->get($nginx, 20401, prefix => '/other/')->{cache}, qr/hit/,
         'Redis away: another app has its copy');
    $health->redis->resume;
    $nginx->stop;
}
