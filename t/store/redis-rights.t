#!/usr/bin/perl

# The rights in docs/caching.md are enough for all commands of the module: Redis
# refuses no command of a user with only these rights.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $port = $redis->port;

my $page = Live::Nginx::text_of('docs/caching.md');
my ($rights, $keys, $channel)
    = $page =~ /needs `([^`]+)`, the keys `([^`]+)` and the channel `([^`]+)`/
    or die "docs/caching.md does not say what the user of Redis needs\n";

$keys =~ s/<prefix>/violet:/;

is(Violet::Redis->new($port)->command("ACL SETUSER gateway on >secret $keys "
                                      . "$channel $rights"),
   'OK', 'Redis knows all these rights');

my $http = $live->violet_http($redis, $mock);
$http =~ s{/0;}{/0 username=gateway password=secret timeout=2s;};

my @hosts = map {
    $live->nginx(workers => 2, http => $http,
                 server => $live->violet_location)
} 1, 2;

my $health = '/v1/operations/connection_health';

ok($live->wait_for(20, sub {
    Violet::Redis->new($port)->command('INFO clients')
        =~ /tracking_clients:4\b/;
}), 'Redis tells all four workers of changes');


for my $host (@hosts) {
    ask($host, "GET $health/42") for 1 .. 3;
    ask($host, "GET $health/42?refresh=true") for 1, 2;
    ask($host, "GET $health/42900") for 1, 2;
    ask($host, "GET $health");
    ask($host, "POST $health/43");
    ask($host, 'POST /v1/checkout/cart/20000/submit') for 1, 2;
    ask($host, 'POST /v1/checkout/cart/20700/submit') for 1, 2;
    ask($host, 'POST /v1/checkout/cart/60000/submit') for 1, 2;
    ask($host, 'GET /v1/checkout/cart/60000');
    ask($host, 'POST /v1/checkout/cart/20001/submit',
        headers => {'Idempotency-Key' => 'k'}) for 1, 2;
}

is($live->mock_counts($mock)->{'connection_health/42'}, 2,
   'one host reads what another has stored: Violet was asked once, and for '
   . 'the refresh');

# a refresh that was not sent is given back
my $dead = $live->nginx(
    workers => 1, server => $live->violet_location,
    http => $http =~ s/server 127.0.0.1:\d+/'server 127.0.0.1:'
                                           . Live::free_port()/er);
ask($dead, "GET $health/44?refresh=true");

my $log = join '', map { Live::Nginx::text_of($_->error_log_file) }
                       @hosts, $dead;
is(join('', $log =~ /^.*Redis at .*$/mg), '', 'Redis refuses nothing');

$live->check_logs;
done_testing();


sub ask {
    my ($nginx, $what, %option) = @_;

    my $answer = $live->request($nginx->port, $what, %option,
                                $what =~ /^POST/ ? (body => '{}') : ());
    ok($answer->{status}, "$what: an answer");
}
