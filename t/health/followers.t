#!/usr/bin/perl

# A host waits for the flight of another host.  Redis sends notices of reports
# and held results, which make it look again; Redis sends none of flights, whose
# results it finds when it looks at intervals.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

# seconds that Violet takes, and seconds during which a key is changed
my $delay = 4;
my $while = 1.5;

# at the most so many looks a second without any notice
my $looks = 4;

my $live = Live->new;
my $health = Live::Health->new($live);
my ($near, $far) = map { $health->gateway } 1, 2;

only_reports_are_tracked();
woken_by('its report', 20001, 1, "violet:health:violet_api:10000:20001");
woken_by('its held result', 20002, 1,
         "violet:health-held:violet_api:10000:20002");
woken_by('the report of another merchant', 20003, 0,
         "violet:health:violet_api:10000:20999");
failure_is_found();

$live->check_logs;
done_testing();


sub only_reports_are_tracked {
    my $other;
    my @lines = $health->monitored(sub {
        $other = $health->gateway(workers => 1);
        $health->heard($other);
    });
    my @tracking = grep { /"CLIENT" "TRACKING"/i } @lines;

    like($tracking[0],
         qr/"REDIRECT" "\d+" "PREFIX" "violet:health" "PREFIX" "violet:purged:"$/,
         'keys that begin with "health" or "purged:" are tracked, no others');
    $other->quit(10);
}


# A key is changed many times while one host follows the flight of another.
# "wakes" says whether the follower looks more often than it does anyway, which
# takes some changes a second: on a busy machine at the next try.
sub woken_by {
    my ($title, $merchant, $wakes, $key) = @_;

    for my $try (0 .. 4) {
        my $other = $merchant + 10 * $try;

        last if follows($title, $other, $wakes, $key =~ s/$merchant$/$other/r,
                        $try == 4);
    }
}


sub follows {
    my ($title, $merchant, $wakes, $key, $last) = @_;

    $health->control("delay?connection_health/$merchant=$delay");

    my $opener = $health->ask($near, $merchant);
    ok($health->reaches($merchant), "$title: Violet is asked");
    my $follower = $health->ask($far, $merchant);
    sleep 0.5;

    my ($changes, $begun, $seconds) = (0, time);
    my @lines = $health->monitored(sub {
        while (time < $begun + $while) {
            $health->command("SET $key whatever PX 10000");
            $changes++;
            sleep 0.03;
        }
        $health->command("DEL $key");
        $seconds = time - $begun;
    });

    my $leases = grep {
        /"evalsha" "\w+" "6" "violet:health:violet_api:10000:$merchant"/i
    } @lines;
    my $usual = $looks * ($seconds + 1);

    note(sprintf '%s: %d changes, %d looks in %.1f s, %d without a notice',
         $title, $changes, $leases, $seconds, $usual);

    my $done = $last || !$wakes || $leases > $usual;

    if ($wakes && $done) {
        cmp_ok($leases, '>', $usual, "$title: the follower looks");
    } elsif (!$wakes) {
        cmp_ok($leases, '<=', $usual, "$title: the follower does not look");
    }

    my @answers = map { $health->answer($_, 60) } $opener, $follower;
    $health->all_are(200, $title, @answers);
    $health->all_same($title, @answers);
    is($health->reached($merchant), 1, "$title: one request at Violet");

    return $done;
}


# A failure is in the key of the flight only.
sub failure_is_found {
    $health->control('delay?connection_health/20004=2');
    $health->control('fault?connection_health/20004=500');

    my $opener = $health->ask($near, 20004);
    ok($health->reaches(20004), 'a failure: Violet is asked');
    my $follower = $health->ask($far, 20004);

    my @answers = map { $health->answer($_, 60) } $opener, $follower;
    $health->all_are(502, 'a failure', @answers);
    is($health->reached(20004), 1, 'a failure: one request at Violet');
    is($answers[1]{vars}{cache_status}, 'JOINED',
       'a failure: the follower has the result of the other host');
}
