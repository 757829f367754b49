#!/usr/bin/perl

# Each allocation and system call fails in turn while a worker connects to
# Redis by TLS: the worker stays, requests are answered, and the worker
# connects after all.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::FailingConnect;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $faults = Live::Faults->new($live);
my $authority = Live::Authority->new($live->folder . '/authority');
my $pair = $authority->issue('redis.test');
my $port = Live::free_port();
my $redis = $live->redis(port => $port, args => [
    '--port', 0, '--tls-port', $port,
    '--tls-cert-file', $pair->{certificate}, '--tls-key-file', $pair->{key},
    '--tls-ca-cert-file', $authority->file, '--tls-auth-clients', 'no']);
my $nginx = $health->gateway(
    workers => 1, faults => $faults, lines => 'violet_health_memory off;',
    redis => "rediss://127.0.0.1:$port ssl_name=redis.test"
             . ' ssl_trusted_certificate=' . $authority->file
             . ' connect_timeout=2s timeout=2s');
my $connect = Live::FailingConnect->new(
    live => $live, health => $health, faults => $faults, nginx => $nginx,
    close_all => \&close_all);

$connect->fails($_) for $connect->kinds;
$connect->is_same;

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\]/);
done_testing();


# All connections of the gateway are closed, so that it opens new ones.
sub close_all {
    for my $type (qw(normal pubsub)) {
        system("redis-cli --tls --insecure -p $port --user admin --pass admin"
               . " --no-auth-warning CLIENT KILL TYPE $type SKIPME yes"
               . ' > /dev/null') == 0
            or die "redis-cli fails\n";
    }
}
