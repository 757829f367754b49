#!/usr/bin/perl

# A worker that is killed while it holds the lock of a zone stops no other
# worker.  The kills come after changes that a miss, a refresh, a submit, a
# renewal and the taking of the link make, in even steps.
#
# TEST_LIVE_KILLS is the number of kills in each sweep (100000: after each
# change).  TEST_LIVE_KILL_FIRST is the number of the first kill.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{TEST_LIVE_KILLS} || 60;
my $first = $ENV{TEST_LIVE_KILL_FIRST} || 1;

# a sweep ends after this many seconds and some kills, also on a busy machine
my $enough = $kills > 60 ? 100000 : 8;
my $least = 3;

plan skip_all => 'killer.c does not support this processor'
    if !Live::Killer::supported();

my $live = Live->new;
my $health = Live::Health->new($live);
my $merchant = 300000;
my $cart = 500000;

# a worker that dies of an error causes another alert
my $expected = qr/exited on signal 9$|was locked by \d+$/;

miss();
miss_in_a_full_zone();
large_miss_in_a_full_zone();
refresh();
submit();
rescue();
link_taken();
renewal();

$live->check_logs($expected);
done_testing();


sub gateway {
    my ($killer, %option) = @_;

    my $zone = delete $option{zone} || '64k';

    return $health->gateway(workers => 1, killer => $killer, redis => '',
                            extra => "violet_zone $zone;", %option);
}


# Calls "act" with a worker that is killed after one of its changes, each time
# after another change, and then "check", which returns an error, or nothing.
sub sweep {
    my ($title, $killer, $act, $check) = @_;

    $act->();
    $killer->arm(0);
    $act->();
    my $total = $killer->counted;
    $killer->disarm;

    cmp_ok($total, '>', 10, "$title: changes are counted");

    my $step = int($total / $kills) || 1;
    my $deadline = time + $enough;
    my ($killed, @wrong) = (0);

    for my $at (spread($first, $total, $step)) {
        last if @wrong > 4 || ($killed >= $least && time > $deadline);

        $killer->arm($at);
        $act->();
        $killed++ if ($killer->disarm)[4];

        my $wrong = $check->();
        push @wrong, "$at of $total: $wrong" if $wrong;
    }

    note("$title: killed $killed times, every ${step}th of $total changes");
    cmp_ok($killed, '>=', $least, "$title: workers are killed");
    is(join("\n", @wrong), '', "$title: no other request fails");
}


# An order in which the first few numbers, too, are spread over the range.
sub spread {
    my ($from, $to, $step) = @_;

    my %part;
    for (my $at = $from; $at <= $to; $at += $step) {
        my $turns = 0.618034 * keys %part;
        $part{$at} = $turns - int $turns;
    }

    return sort { $part{$a} <=> $part{$b} } keys %part;
}


# The signals that ended workers, except SIGKILL.
sub crashes {
    my ($nginx) = @_;

    my @others = grep { $_ != 9 } $nginx->error_log =~ /exited on signal (\d+)/g;

    return @others ? 'workers died of signal ' . join ', ', @others : '';
}


sub is_answered {
    my ($nginx, @what) = @_;

    for my $what (@what) {
        my $answer = $health->get($nginx, $what, timeout => 30);
        return "$what gets " . ($answer->{error} || $answer->{status})
            if $answer->{error} || $answer->{status} != 200;
    }

    return crashes($nginx);
}


sub fill {
    my ($nginx, $count) = @_;

    my $from = $merchant;
    $merchant += $count;
    $health->many($nginx, count => $count, timeout => 30,
                  what => sub { $from + $_[0] });
}


# A new merchant, then one whose report may be in memory.
sub miss {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer);

    sweep('a miss', $killer,
          sub { $health->get($nginx, ++$merchant, timeout => 30) },
          sub { is_answered($nginx, $merchant + 100000, 20000, 20000) });

    # the flight of a dead worker ends after 3 s
    is(is_answered($nginx, $merchant, $merchant), '',
       'a miss: the report of its merchant is in memory');
}


# Each new report evicts another one.
sub miss_in_a_full_zone {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer);

    fill($nginx, 20);

    sweep('a miss in a full zone', $killer,
          sub { $health->get($nginx, ++$merchant, timeout => 30) },
          sub {
              my $wrong = is_answered($nginx, 20000);
              fill($nginx, 15);
              return $wrong || is_answered($nginx, 20000, 20001);
          });
}


# A report of 18 kB is stored in pieces, for each of which another report is
# evicted; what a worker that was killed has stored of it is evicted, too.
sub large_miss_in_a_full_zone {
    my $killer = Live::Killer->new($live, 128 * 1024);
    my $port = Live::free_port();

    # nginx takes at most 4 kB in one word of its configuration
    my $note = 'x' x 3600;
    my $large = qq({"merchant_id":\$id,"connection":{"status":"COMPLETE"},)
                . '"note":"';

    my $nginx = gateway(
        $killer,
        extra => qq(violet_zone 128k;
            violet_app large { app_id 1; app_secret s; token t; }
            server { listen 127.0.0.1:$port;
            default_type application/json; set \$note "$note";
            location ~ /(?<id>[0-9]+)\$ {
                return 200 '$large\$note\$note\$note\$note\$note"}';
            } }),
        more => "location /large/v1/ { violet large;
                 proxy_pass http://127.0.0.1:$port/v1/; }");

    my $ask = sub {
        return $health->get($nginx, $_[0], prefix => '/large/', timeout => 30);
    };

    fill($nginx, 40);

    sweep('a large miss in a full zone', $killer,
          sub { $ask->(++$merchant) },
          sub {
              my $wrong = is_answered($nginx, 20000);
              fill($nginx, 30);
              return $wrong || is_answered($nginx, 20000, 20001);
          });

    # the flight of a dead worker ends after 3 s
    for my $n (1 .. 3) {
        my ($new, $again) = map { $ask->($merchant) } 1 .. 2;

        is(length $again->{body}, 18000 + length($large =~ s/\$id/$merchant/r)
                                  + 2, 'a large report');
        is($again->{vars}{cache_status}, 'HIT', '... is kept in memory');
        $merchant++;
    }
}


# The budget of a merchant is not full again after a worker was killed.
sub refresh {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer, lines => 'violet_refresh_limit app=9999r/h;');

    is($health->get($nginx, '20002?refresh=true')->{status}, 200,
       'a refresh: the first one is granted');

    sweep('a refresh', $killer,
          sub {
              my $what = ++$merchant . '?refresh=true';
              $health->get($nginx, $what, timeout => 30);
          },
          sub {
              my $status = $health->get($nginx, '20002?refresh=true',
                                        timeout => 30)->{status};
              return "a second refresh gets $status" if $status != 429;
              return is_answered($nginx, 20001);
          });
}


sub send_cart {
    my ($nginx, $id) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$id/submit",
                          body => '{}', timeout => 30);
}


sub sent {
    my ($id) = @_;

    return $health->reached("cart_submit/$id");
}


# Without Redis the zone has the only record of a submit.
sub submit {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer);

    # Violet closes the connection before it answers
    my $doubt = 60300;
    send_cart($nginx, $doubt);
    is(sent($doubt), 1, 'a submit: its outcome is in doubt');

    sweep('a submit', $killer,
          sub { send_cart($nginx, ++$cart) },
          sub {
              my $before = sent($cart);
              my $again = send_cart($nginx, $cart);

              return "cart $cart is sent again"
                  if $before && sent($cart) > $before;
              return "cart $cart gets no answer" if !$again->{status};

              my $answer = send_cart($nginx, $doubt);

              return "cart in doubt gets $answer->{status}"
                  if $answer->{status} != 409 || sent($doubt) != 1;
              return is_answered($nginx, 20001, 20002);
          });

    unlike($nginx->error_log, qr/\[crit\]/,
           'a submit: no record is lost');
    like($nginx->error_log, qr/a worker ended while it changed the shared/,
         'a submit: a loss is logged');
}


# The worker that finds the zone half changed is killed as well: the loss of
# records is logged.
sub rescue {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer);
    my @doubt = map { 60300 + 2 * $_ } 1 .. 20;   # not submitted
    my $losses = 0;

    send_cart($nginx, $_) for @doubt;

    my $half = half_of_a_miss($killer, $nginx);
    ok($half, 'a rescue: there is something to rescue') or return;

    sweep('a rescue', $killer,
          sub {
              my ($armed, undef, $at) = $killer->state;

              $killer->arm($half);
              $health->get($nginx, ++$merchant, timeout => 30);
              $armed ? $killer->arm($at) : $killer->disarm;
              $health->get($nginx, ++$merchant, timeout => 30);
          },
          sub {
              my $wrong = is_answered($nginx, 20001);
              my $known = grep { send_cart($nginx, $_)->{status} == 409 }
                               @doubt;
              my $told = () = $nginx->error_log =~ /\[crit\]/g;
              my $silent = $known < @doubt && $told == $losses;

              $losses = $told;
              return $wrong || ($silent && "$known of 20 doubts are known");
          });

    note("a rescue: $losses losses were told");
}


# A change after which a miss leaves the zone half changed.
sub half_of_a_miss {
    my ($killer, $nginx) = @_;

    for (my $at = 10; $at < 1000; $at += 5) {
        $killer->arm($at);
        $health->get($nginx, ++$merchant, timeout => 30);
        $killer->disarm;

        my $wrong = is_answered($nginx, 20000);
        return $at if !$wrong && $nginx->error_log =~ /a worker ended while/;
    }

    return 0;
}


# The zone of tokens has neither trees nor queues.  A worker starts with the
# token that it finds there, which has expired, and renews it.
# A worker loses the link, or another one has it: reports in memory are trusted
# only while there is one.
sub link_taken {
    my $killer = Live::Killer->new($live, 64 * 1024);
    my $nginx = gateway($killer, workers => 2,
                        redis => 'redis://127.0.0.1:' . $health->redis->port
                                 . '/0 timeout=2s connect_timeout=2s',
                        lines => 'violet_health_memory 1h;');
    my $in_memory = sub {
        my $vars = $health->get($nginx, 20003, timeout => 30)->{vars};
        return "$vars->{cache_status} $vars->{cache_tier}" eq 'HIT memory';
    };

    sweep('the link is taken', $killer,
          sub {
              $live->wait_for(20, $in_memory);
              $health->command('CLIENT KILL TYPE pubsub');
              sleep 0.2;
              $live->wait_for(20, $in_memory);
          },
          sub {
              return 'nothing is in memory' if !$live->wait_for(20, $in_memory);

              my $state = $health->command('HGET ' . $health->key(20003)
                                           . ' state') eq 'ready'
                          ? 'blocked' : 'ready';
              $health->command('HSET ' . $health->key(20003)
                               . " state $state");

              my $new = $live->wait_for(1, sub {
                  $health->get($nginx, 20003, timeout => 30)
                         ->{vars}{merchant_state} eq $state;
              });
              return 'an old report is served' if !$new;
              return crashes($nginx);
          });
}


sub renewal {
    my $killer = Live::Killer->new($live, 0);
    my $mock = $live->mock;
    my $nginx = $live->nginx(workers => 1, killer => $killer,
                             http => <<"    END", server => <<'    SERVER');
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        login       dev\@example.com mock-password;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
    }
    END
    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
    }
    SERVER

    # a miss waits for the renewal
    my $ask = sub {
        return $live->request($nginx->port, $health->path(++$merchant),
                              timeout => 30)->{status} || 0;
    };

    is($ask->(), 200, 'a renewal: there is a token');

    # larger than a few pages, and not the 16 MB of the reports
    my @sizes = grep { $_ > 32768 && $_ < 1 << 20 } zones($nginx);
    is(scalar @sizes, 1, 'a renewal: its zone is found');
    $killer->size($sizes[0]);

    sweep('a renewal', $killer,
          sub {
              $live->request($mock->port, 'POST /_mock/expire', body => '');
              kill 'KILL', $nginx->workers;
              $ask->();
          },
          sub {
              my $status = join ' ', map { $ask->() } 1 .. 3;
              return "requests get $status" if $status ne '200 200 200';
              return crashes($nginx);
          });
}


# The sizes of the zones of a worker.
sub zones {
    my ($nginx) = @_;

    my ($worker) = $nginx->workers;

    return map { m{^(\w+)-(\w+) rw-s .*/dev/zero} ? hex($2) - hex $1 : () }
               split /\n/, Live::Nginx::text_of("/proc/$worker/maps");
}
