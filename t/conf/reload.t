#!/usr/bin/perl

# Reloads with the module and without it.  The module replaces the handler of
# proxy_pass while nginx reads a configuration; afterwards nginx must be
# unchanged, after a valid and an invalid configuration, and without the module.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;

my %violet = (http => $live->violet_http($redis, $mock),
              server => $live->violet_location);
my %plain = (http => '', server => 'location /v1/ { proxy_pass '
                                   . "http://127.0.0.1:@{[$mock->port]}; }");

my $nginx = $live->nginx(workers => 1, %violet);

answers(200, 'with the module');

fails('an error behind proxy_pass leaves the old configuration');
answers(200, 'the old configuration serves');

takes(\%plain, 'a configuration without the module');
answers(401, 'no credentials are added');

takes(\%plain, 'again a configuration without the module');
answers(401, 'proxy_pass is unchanged');

fails('an error behind proxy_pass, the module just loaded');
answers(401, 'the old configuration serves');

takes(\%plain, 'a configuration without the module after the failed one');
answers(401, 'proxy_pass is unchanged');

takes(\%violet, 'the module again');
answers(200, 'with the module');

$live->check_logs(qr/unknown directive "nonsense"/);
done_testing();


sub answers {
    my ($status, $title) = @_;

    is($live->request($nginx->port, 'GET /v1/merchants')->{status}, $status,
       $title);
}


sub takes {
    my ($configuration, $title) = @_;

    my %old = map { $_ => 1 } $nginx->workers;

    $nginx->configure(%$configuration);
    $nginx->signal('HUP');

    ok($live->wait_for(20, sub { grep { !$old{$_} } $nginx->workers }),
       $title);
    ok($nginx->wait_gone(20, keys %old), 'the old worker has gone');
}


sub fails {
    my ($title) = @_;

    my $refused = sub { scalar(() = $nginx->error_log =~ /"nonsense"/g) };
    my $before = $refused->();

    $nginx->configure(http => $violet{http},
                      server => "$violet{server} nonsense on;");
    $nginx->signal('HUP');

    ok($live->wait_for(20, sub { $refused->() > $before }), $title);
}
