#!/usr/bin/perl

# Each allocation and system call fails in turn while a worker connects to
# Redis by TLS: the worker stays, requests are answered, and the worker
# connects after all.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

# Seconds for each kind.  A connecting has hundreds of allocations:
# FAULTS_SECONDS=600 lets each of them fail.
my $seconds = $ENV{FAULTS_SECONDS} || 4;

# failing calls of a kind, at most
my $most = 400;

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
my ($worker) = $nginx->workers;
my $merchant = 30000;

ok(is_connected(), 'connected');
fails($_) for $faults->kinds;
is(join(' ', $nginx->workers), $worker, 'the worker has not ended');

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
                  qr/\[alert\]/);
done_testing();


# A report is stored in Redis and found there.
sub is_connected {
    return $live->wait_for(20, sub {
        $health->get($nginx, ++$merchant);
        return $health->get($nginx, $merchant)->{vars}{cache_tier} eq 'redis';
    });
}


# All connections of the gateway are closed, so that it opens new ones.
sub close_all {
    for my $type (qw(normal pubsub)) {
        system("redis-cli --tls --insecure -p $port --user admin --pass admin"
               . " --no-auth-warning CLIENT KILL TYPE $type SKIPME yes"
               . ' > /dev/null') == 0
            or die "redis-cli fails\n";
    }
}


sub fails {
    my ($kind) = @_;

    $faults->count($worker, $kind);
    close_all();
    is_connected();
    my ($calls) = $faults->disarm;

    my $until = time + $seconds;
    my ($tried, @wrong) = 0;
    my $step = int($calls / $most) + 1;

    # some of all calls, spread over them, in the time that there is
    for my $round (0 .. 15) {
        for (my $n = 1 + $round * $step; $n <= $calls; $n += 16 * $step) {
            last if time > $until;

            $faults->fail($worker, $kind, $n);
            close_all();
            sleep 0.2;
            my $answer = $health->get($nginx, ++$merchant, timeout => 20);
            $faults->disarm;
            $tried++;

            # the fault may be the request's own, which then fails at once
            push @wrong, "$n: no answer" if $answer->{error}
                                            && $answer->{error} =~ /time/;
            push @wrong, "$n: not connected again" if !is_connected();
        }
    }

    note("$kind: $calls calls, $tried failed");
    is("@wrong", '', "$kind: the next connecting succeeds");
    cmp_ok($tried, '>', 0, "$kind: some have failed");
}
