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

# nginx gets an environment of its own instead of the test's
local $ENV{LIVE_UPGRADE_SECRET} = 'mock-app-secret';
local $ENV{LIVE_UPGRADE_TOKEN} = 'mock-refresh-token';

secrets_of_the_environment();
variable_that_is_not_handed_on();

$live->check_logs(qr/environment variable "LIVE_UPGRADE_TOKEN" of "refresh/);
done_testing();


sub gateway {
    my ($main) = @_;

    # the options of the sanitizers, which the new binary needs
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


# Sends no WINCH, which only daemons obey.
sub secrets_of_the_environment {
    my $nginx = gateway('env LIVE_UPGRADE_SECRET; env LIVE_UPGRADE_TOKEN;');
    my $old = $nginx->pid;
    my @workers = $nginx->workers;

    serves($nginx, 'the first binary has its secrets');

    kill 'USR2', $old;
    ok($live->wait_for(20, sub {
           $nginx->pid && $nginx->pid != $old && $nginx->workers >= 2
       }), 'a new binary is started');

    serves($nginx, 'both binaries serve');

    kill 'QUIT', $old;
    ok($nginx->wait_gone(20, $old, @workers), 'the old binary ends');
    serves($nginx, 'the new binary has the secrets');
    is($live->mock_counts($mock)->{token}, 2, 'each binary got a token');
    is($live->mock_counts($mock)->{unauthorized}, 0, 'no request was refused');

    ok($nginx->reload, 'a reload');
    serves($nginx, 'the reloaded nginx has the secrets');

    $nginx->stop;
}


sub variable_that_is_not_handed_on {
    my $nginx = gateway('env LIVE_UPGRADE_SECRET;');
    my $old = $nginx->pid;

    kill 'USR2', $old;
    ok($nginx->wait_log(qr/\[emerg\].*"LIVE_UPGRADE_TOKEN" .* is not set/, 20),
       'without its variable the new binary does not start');
    ok($live->wait_for(20, sub { $nginx->pid == $old }),
       'the old binary stays');
    serves($nginx, 'the old binary serves');

    $nginx->stop;
}
