#!/usr/bin/perl

# Secrets and tokens while the binary of nginx is upgraded: the old master
# starts a new one, with the environment variables that nginx passes on.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

plan skip_all => 'a program under Valgrind is not started anew'
    if $ENV{TEST_NGINX_USE_VALGRIND};

my $live = Live->new;
my $mock = $live->mock;

# nginx gets an environment of its own, not that of the test
local $ENV{LIVE_UPGRADE_SECRET} = 'mock-app-secret';
local $ENV{LIVE_UPGRADE_TOKEN} = 'mock-refresh-token';

secrets_of_the_environment();
variable_that_is_not_handed_on();

$live->check_logs(qr/environment variable "LIVE_UPGRADE_TOKEN" of "refresh/);
done_testing();


sub gateway {
    my ($main) = @_;

    # options of the sanitizers for the new binary
    $main .= ' env ASAN_OPTIONS; env UBSAN_OPTIONS;';

    return $live->nginx(workers => 2, orphan => 1, main => $main,
                        http => <<"    END", server => $live->violet_location);
    violet_app shop {
        app_id 10000;
        app_secret env:LIVE_UPGRADE_SECRET;
        refresh_token env:LIVE_UPGRADE_TOKEN;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }
    END
}


sub serves {
    my ($nginx, $title) = @_;

    my @answers = $live->many($nginx->port, count => 20, timeout => 20,
                              request => 'GET /v1/merchants');

    is(scalar(grep { !$_->{error} && $_->{status} == 200 } @answers), 20,
       $title);
}


# Without WINCH, which keeps the old master: only daemons obey it.
sub secrets_of_the_environment {
    my $nginx = gateway('env LIVE_UPGRADE_SECRET; env LIVE_UPGRADE_TOKEN;');
    my $old = $nginx->pid;
    my @workers = $nginx->workers;

    serves($nginx, 'the first binary has its secrets');

    kill 'USR2', $old;
    ok($live->wait_for(20, sub {
           $nginx->pid && $nginx->pid != $old && $nginx->workers >= 2
       }), 'a new one is started');

    serves($nginx, 'they serve side by side');

    kill 'QUIT', $old;
    ok($nginx->wait_gone(20, $old, @workers), 'the old one ends');
    serves($nginx, 'the new one has the secrets');
    is($live->mock_counts($mock)->{token}, 2, 'each got a token');
    is($live->mock_counts($mock)->{unauthorized}, 0, 'and none was refused');

    ok($nginx->reload, 'a reload');
    serves($nginx, 'does not need the environment of the first one either');

    $nginx->stop;
}


sub variable_that_is_not_handed_on {
    my $nginx = gateway('env LIVE_UPGRADE_SECRET;');
    my $old = $nginx->pid;

    kill 'USR2', $old;
    ok($nginx->wait_log(qr/\[emerg\].*"LIVE_UPGRADE_TOKEN" .* is not set/, 20),
       'without its variable the new binary does not start');
    ok($live->wait_for(20, sub { $nginx->pid == $old }),
       'the old one stays');
    serves($nginx, 'and serves');

    $nginx->stop;
}
