#!/usr/bin/perl

# TLS to Redis: a log that tells nothing of connections that are well, a port
# that sends what looks like TLS but is not, and a server that gives no session
# to resume.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $authority = Live::Authority->new($live->folder . '/authority');
my $pair = $authority->issue('redis.test');
my $next = 31000;

told_nothing();
long_record();
no_ticket();

$live->check_logs;
done_testing();


sub gateway {
    my ($port, $times, %option) = @_;

    return $health->gateway(workers => 1, %option, redis =>
                            "rediss://127.0.0.1:$port ssl_name=redis.test"
                            . ' ssl_trusted_certificate=' . $authority->file
                            . " $times");
}


sub status {
    return $health->get($_[0], $next++, timeout => 60)->{status};
}


# A new connection is no news at the level "notice".
sub told_nothing {
    my $port = Live::free_port();

    $live->redis(port => $port, args => [
        '--port', 0, '--tls-port', $port,
        '--tls-cert-file', $pair->{certificate},
        '--tls-key-file', $pair->{key},
        '--tls-ca-cert-file', $authority->file, '--tls-auth-clients', 'no']);

    my $nginx = gateway($port, 'connect_timeout=20s timeout=20s',
                        log_level => 'notice',
                        lines => 'violet_health_memory off;');
    my $merchant = $next++;

    ok($live->wait_for(30, sub {
        $health->get($nginx, $merchant)->{vars}{cache_tier} eq 'redis';
    }), 'told nothing: a report comes by TLS');
    unlike($nginx->error_log, qr/TLS to Redis/,
           'told nothing: the log has no line');
}


# A record that is longer than TLS allows.
sub long_record {
    my $fake = $live->fake(do => 'answer', keep => 1,
                           bytes => "\x16\x03\x03\xff\xff" . 'x' x 40);
    my $nginx = gateway($fake->port, 'connect_timeout=20s timeout=20s');

    is(status($nginx), 200, 'a long record: a report');
    ok($nginx->wait_log(qr/failed: this port does not speak TLS: SSL_do_handshake\(\) failed \(SSL: .*packet length too long/, 30),
       'a long record: the line') or diag($nginx->error_log);
}


# The server ends the handshake, and answers nothing.
sub no_ticket {
    my $port = Live::free_port();
    my $server = $live->process('s_server', 'openssl', 's_server', '-quiet',
        '-www', '-accept', "127.0.0.1:$port", '-num_tickets', 0, '-tls1_3',
        '-cert', $pair->{certificate}, '-key', $pair->{key});

    $live->wait_for(30, sub {
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
    }) or die "openssl s_server does not listen\n";

    my $nginx = gateway($port, 'connect_timeout=3s timeout=1s');

    is(status($nginx), 200, 'no ticket: a report');
    ok($nginx->wait_log(qr/TLS to Redis, which is called "redis.test", is set up: TLSv1.3, a new session/, 60),
       'no ticket: a handshake is ended') or diag($nginx->error_log);
    ok($nginx->wait_log(qr/did not answer within 3000ms while connecting/, 60),
       'no ticket: no command is answered') or diag($nginx->error_log);
    is(status($nginx), 200, 'no ticket: another report');
    unlike($nginx->error_log, qr/a resumed session/,
           'no ticket: no session is resumed');
    $nginx->stop;
    $server->stop;
}
