#!/usr/bin/perl

# "make run" in front of a Violet that the environment names: which variables
# it takes, and that it gets access tokens by a refresh token.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new;
my $mock = $live->mock;

my %violet = (VIOLET_URL => 'http://127.0.0.1:' . $mock->port,
              VIOLET_APP_ID => 10000,
              VIOLET_APP_SECRET => 'mock-app-secret');

# "make run" builds the module first: not within the time of a start
is(system('env -u NGINX_SRC util/build'), 0, 'the module is built');

says_what_is_missing();
answers({VIOLET_REFRESH_TOKEN => 'mock-refresh-token'}, 1);
answers({VIOLET_TOKEN => 'mock-token'}, 0);
answers_in_front_of_a_mock();

done_testing();


sub clean_environment {
    delete @ENV{grep { /^VIOLET_/ } keys %ENV};
}


sub says_what_is_missing {
    my %token = (VIOLET_REFRESH_TOKEN => 'a', VIOLET_TOKEN => 'b');

    for (
        [{VIOLET_REFRESH_TOKEN => 'a'},
         qr/VIOLET_REFRESH_TOKEN set, but not VIOLET_URL VIOLET_APP_ID VIOLET/],
        [\%violet, qr/but not VIOLET_REFRESH_TOKEN or VIOLET_TOKEN: set VIOLET/],
        [{%violet, %token}, qr/are both set: keep VIOLET_REFRESH_TOKEN/],
        [{%violet, VIOLET_REFRESH_TOKEN => "a\n"}, qr/holds a control char/],
    ) {
        my ($environment, $text) = @$_;

        local %ENV = %ENV;
        clean_environment();
        @ENV{keys %$environment} = values %$environment;

        my $said = qx(util/run 2>&1);

        is($? >> 8, 1, 'nothing is started with ' . join ' ',
           sort keys %$environment);
        like($said =~ s/\s+/ /gr, $text, 'which is explained');
        unlike($said, qr/mock-app-secret/, 'without the secret');
    }
}


sub answers {
    my ($token, $renewals) = @_;
    my ($name) = keys %$token;

    $live->request($mock->port, 'POST /_mock/reset');

    with_gateway({%violet, %$token}, sub {
        my ($port) = @_;
        my $answer = $live->request($port,
                                    'GET /v1/operations/connection_health/42');

        is($answer->{status}, 200, "$name: a report");
        is($live->mock_counts($mock)->{token} || 0, $renewals,
           "$name: calls for an access token");
        is($live->mock_counts($mock)->{unauthorized}, 0,
           "$name: Violet refused nothing");
    });
}


sub answers_in_front_of_a_mock {
    with_gateway({MOCK_PORT => Live::free_port()}, sub {
        my ($port) = @_;

        is($live->request($port, 'GET /v1/operations/connection_health/42')
               ->{status},
           200, 'without variables it starts a mock');
    });
}


sub with_gateway {
    my ($environment, $code) = @_;
    my $port = Live::free_port();

    local %ENV = %ENV;
    clean_environment();
    @ENV{keys %$environment} = values %$environment;
    @ENV{qw(PORT REDIS_PORT)} = ($port, Live::free_port());

    my $run = $live->process('run', 'util/run');

    ok($live->wait_for(60, sub { $run->output =~ /Ctrl-C stops everything/ }),
       'it starts') or diag $run->output;
    $code->($port);

    my ($folder) = $run->output =~ m{^Logs:  (\S+)/logs/}m;

    $run->stop;
    ok(!-e $folder, 'and leaves nothing behind');
}
