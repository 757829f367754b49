#!/usr/bin/perl

# TLS to Redis: reports and notices of changes over it; each certificate that
# is refused, with the line that says why; a server that does not end the
# handshake; sessions; large and slow replies.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $authority = Live::Authority->new($live->folder . '/authority');
my $stranger = Live::Authority->new($live->folder . '/stranger');
my $good = $authority->issue('redis.test');

# A merchant that is not asked for yet.
my $next = 30000;

works();
own_certificate();
refused_certificates();
expires_while_it_runs();
no_tls_at_the_port();
tls_behind_a_plain_url();
plain_redis_closes();
nobody_answers();
killed_in_the_handshake();
name_too_long();
no_session();
nothing_before_the_certificate();
large_and_slow();
held_up_while_it_sends();

$live->check_logs;
done_testing();


# A Redis with this certificate; its port is the one for TLS.
sub redis {
    my ($pair, $port, @args) = @_;

    $port ||= Live::free_port();

    return $live->redis(port => $port, args => [
        '--port', 0, '--tls-port', $port,
        '--tls-cert-file', $pair->{certificate}, '--tls-key-file', $pair->{key},
        '--tls-ca-cert-file', $authority->file, '--tls-auth-clients', 'no',
        @args]);
}


# The parameters of "violet_redis" for a port.
sub secure {
    my ($port, @more) = @_;

    return join ' ', "rediss://127.0.0.1:$port", 'ssl_name=redis.test',
                     'ssl_trusted_certificate=' . $authority->file,
                     'connect_timeout=2s timeout=2s', @more;
}


sub gateway {
    my ($redis, %option) = @_;

    return $health->gateway(workers => 1, redis => $redis, %option);
}


sub cli {
    my ($redis, @words) = @_;

    return run($redis, '--cacert', $authority->file, '--sni', 'redis.test',
               @words);
}


sub run {
    my ($redis, @words) = @_;

    open my $out, '-|', 'redis-cli', '--tls', '-p', $redis->port, '--user',
                        'admin', '--pass', 'admin', '--no-auth-warning', @words
        or die "redis-cli: $!\n";
    local $/;

    return scalar <$out>;
}


sub status {
    my ($nginx, $merchant) = @_;

    return $health->get($nginx, $merchant)->{status};
}


# A report that one gateway has fetched is a hit at the other by Redis.
sub shared {
    my ($one, $two) = @_;

    my $merchant = $next++;

    $health->get($one, $merchant);

    return $health->get($two, $merchant)->{vars}{cache_status} eq 'HIT';
}


sub says {
    my ($nginx, $words, $times) = @_;

    $times ||= 1;

    return $live->wait_for(20, sub {
        my $n = () = $nginx->error_log =~ /$words/g;
        return $n >= $times;
    });
}


sub works {
    my $redis = redis($good);
    my @gateways = map { gateway(secure($redis->port,
                                    'username=default password=hush-hush')) }
                       1 .. 2;

    ok(says($_, qr/TLS to Redis, which is called "redis.test", is set up/, 2),
       'two connections speak TLS') for @gateways;
    ok(shared(@gateways), 'a report is shared by TLS');
    like(cli($redis, 'KEYS', '*'), qr/health/,
         'it is in that Redis');

    my $merchant = $next++;
    ok($live->wait_for(20, sub {
           $health->get($gateways[0], $merchant);
           $health->get($gateways[0], $merchant)->{vars}{cache_tier}
               eq 'memory';
       }), 'and in memory, since notices come by TLS');
    cli($redis, 'FLUSHALL');
    ok($live->wait_for(20, sub {
           $health->get($gateways[0], $merchant)->{vars}{cache_status}
               eq 'MISS';
       }), 'a notice drops it');

    unlike($gateways[0]->error_log, qr/a resumed session/,
           'the first sessions are new');
    cli($redis, 'CLIENT', 'KILL', 'TYPE', 'normal');
    cli($redis, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
    ok(says($gateways[0], qr/a resumed session/, 2),
       'both connections resume their sessions');
    ok($live->wait_for(20, sub { shared(@gateways) }),
       'reports are shared again');

    $redis->stop('KILL');
    is(status($gateways[0], $next++), 200, 'Redis is killed: a report');
    $redis = redis($good, $redis->port);
    ok($live->wait_for(20, sub { shared(@gateways) }),
       'the same with a new Redis');
}


sub own_certificate {
    my $redis = redis($good, undef, '--tls-auth-clients', 'yes');
    my $mine = $authority->issue('gateway.test');
    my $secure = secure($redis->port, "ssl_certificate=$mine->{certificate}",
                        "ssl_certificate_key=$mine->{key}");

    my @gateways = map { gateway($secure) } 1 .. 2;

    ok($live->wait_for(20, sub { shared(@gateways) }),
       "Redis takes the gateway's certificate");

    my $nginx = gateway(secure($redis->port));

    is(status($nginx, $next++), 200, 'without one: a report');
    ok(says($nginx, qr/Redis at "rediss:[^"]*".*certificate required/),
       'without one: the line');
}


sub refused_certificates {
    my @rows = (
        ['of another name', $authority->issue('other.test'),
         'its certificate is not for "redis.test"'],
        ['that has expired', $authority->issue('redis.test',
                                               to => time - 60),
         'its certificate is refused: certificate has expired'],
        ['that is not valid yet', $authority->issue('redis.test',
                                                    from => time + 3600),
         'its certificate is refused: certificate is not yet valid'],
        ['of an unknown authority', $stranger->issue('redis.test'),
         'its certificate is refused: unable to verify the first certificate'],
        ['signed by itself', {certificate => $stranger->file,
                              key => $stranger->key},
         qr/its certificate is refused: self.signed certificate/],
    );

    for my $row (@rows) {
        my ($title, $pair, $words) = @$row;
        my $redis = redis($pair);
        my $nginx = gateway(secure($redis->port));

        is(status($nginx, $next++), 200, "a certificate $title: a report");
        $words = quotemeta $words if !ref $words;
        ok(says($nginx, qr/violet: TLS to Redis at "rediss:[^"]*" failed: $words/),
           "a certificate $title: the line");
        ok(says($nginx, qr/violet: notices of changed keys from Redis at "rediss:[^"]*" are interrupted, TLS failed: $words/),
           "a certificate $title: the line of notices");
        unlike($nginx->error_log, qr/is set up/,
               "a certificate $title: it is not used");
        is(run($redis, '--insecure', 'DBSIZE'), "0\n",
           "a certificate $title: nothing is stored");
        $redis->stop;
    }
}


# The sessions that Redis has given would last longer.
sub expires_while_it_runs {
    my $redis = redis($authority->issue('redis.test', to => time + 1800),
                      undef, '--tls-session-cache-timeout', 7200);
    my @clocks = map { Live::Clock->new($live) } 1 .. 2;
    my @gateways = map { gateway(secure($redis->port), clock => $_) } @clocks;

    ok(shared(@gateways), 'before the certificate expires');

    $_->day(2000) for @clocks;
    ok(shared(@gateways), 'it has expired: the connections stay');

    kill_clients($redis);
    ok(says($_, 'certificate has expired'), 'the next one is refused')
        for @gateways;
    is(status($gateways[0], $next++), 200, 'requests go on');
}


sub kill_clients {
    my ($redis) = @_;

    run($redis, '--insecure', 'CLIENT', 'KILL', 'TYPE', $_)
        for qw(normal pubsub);
}


sub no_tls_at_the_port {
    my $redis = $live->redis;
    my $nginx = gateway(secure($redis->port));

    is(status($nginx, $next++), 200, 'a plain Redis: a report');
    ok(says($nginx, qr/TLS to Redis at "rediss:[^"]*" failed: .*this port does not speak TLS/),
       'a plain Redis: the line');

    my $fake = $live->fake(do => 'answer', keep => 1,
                           bytes => "-ERR unknown command\r\n");
    $nginx = gateway(secure($fake->port));

    is(status($nginx, $next++), 200, 'an answer without TLS: a report');
    ok(says($nginx, qr/failed: this port does not speak TLS: SSL_do_handshake\(\) failed \(SSL: .*wrong version number/),
       'an answer without TLS: the line');
    unlike($nginx->error_log, qr/an error of TLS in this worker/,
           'an answer without TLS: no other line');
}


sub tls_behind_a_plain_url {
    my $redis = redis($good);
    my $nginx = gateway('redis://127.0.0.1:' . $redis->port
                        . ' connect_timeout=2s');

    is(status($nginx, $next++), 200, 'TLS behind redis://: a report');
    ok(says($nginx, 'if it speaks TLS, the URL begins with "rediss://"'),
       'TLS behind redis://: the line');
}


# A Redis that has answered without TLS, and then closes each connection, does
# not speak TLS.
sub plain_redis_closes {
    my $relay = $live->relay($live->redis->port);
    my $nginx = gateway('redis://127.0.0.1:' . $relay->port
                        . ' connect_timeout=2s');

    ok($live->wait_for(20, sub {
           $health->get($nginx, $next)->{vars}{redis} eq 'ok';
       }), 'a plain Redis: it is used');

    # the line about a connection that is closed comes once a minute, so the
    # first connection ends in another way
    $relay->mode('garbage all');
    $health->get($nginx, $next++);
    ok(says($nginx, 'sent an unknown type of reply'),
       'a plain Redis sends garbage: the line');

    $relay->mode('cut all');
    ok(says($nginx, qr/Redis at "redis:[^"]*" closed the connection/),
       'a plain Redis closes: the line');
    unlike($nginx->error_log, qr/it speaks TLS/,
           'a plain Redis closes: the log does not speak of TLS');
}


sub nobody_answers {
    my $fake = $live->fake(do => 'silent');
    my $nginx = gateway(secure($fake->port) =~ s/connect_timeout=2s/connect_timeout=200ms/r);

    is(status($nginx, $next++), 200, 'a silent server: a report');
    ok(says($nginx, 'failed: the handshake does not end in time'),
       'a silent server: the line');
}


# Redis's first flight is held up, then it is gone; and each way to close.
sub killed_in_the_handshake {
    my $redis = redis($good);
    my $relay = $live->relay($redis->port);

    $relay->mode('stall all');
    my $nginx = gateway(secure($relay->port));
    is(status($nginx, $next++), 200, 'held up in the handshake: a report');
    $relay->mode('cut all');
    is(status($nginx, $next++), 200, 'cut off in the handshake: a report');
    ok(says($nginx, qr/TLS to Redis at "rediss:[^"]*" failed: |did not answer/),
       'cut off in the handshake: the line');
    $relay->mode('garbage all');
    is(status($nginx, $next++), 200, 'garbage in the handshake: a report');
    $relay->mode('dribble all');
    is(status($nginx, $next++), 200, 'a handshake in single bytes: a report');
    $relay->mode('pass');
    ok($live->wait_for(20, sub { shared($nginx, $nginx) && says(
           $nginx, 'is set up') }), 'afterwards TLS is set up');
}


sub name_too_long {
    my $redis = redis($good);
    my $nginx = gateway(secure($redis->port)
                        =~ s/ssl_name=\S+/'ssl_name=' . 'a' x 256/er);

    is(status($nginx, $next++), 200, 'a name of 256 bytes: served');
    ok(says($nginx, qr/TLS to Redis at "[^"]*" failed: the host name is too long/),
       'a name of 256 bytes: the log says why') or diag($nginx->error_log);
}


# A server that gives no session to resume, and never answers.
sub no_session {
    my $port = Live::free_port();
    my $keys = $live->folder . '/keys';

    $live->listening($live->process(
        's_server', 'openssl', 's_server', '-accept', $port, '-www',
        '-cert', $good->{certificate}, '-key', $good->{key},
        '-num_tickets', 0, '-keylogfile', $keys), $port);

    my $nginx = gateway(secure($port) =~ s/ timeout=2s/ timeout=200ms/r);

    is(status($nginx, $next++), 200, 'no session: served');
    ok(says($nginx, qr/did not answer within/), 'no session: it is left')
        or diag($nginx->error_log);
    ok($live->wait_for(20, sub {
        status($nginx, $next++);
        my $shaken = () = Live::Nginx::text_of($keys) =~ /^EXPORTER_SECRET /mg;
        return $shaken > 3;
    }), 'no session: it is connected to again');
    unlike($nginx->error_log, qr/a resumed session/,
           'no session: none is resumed');
    like($nginx->error_log, qr/is set up: TLSv1\.3, a new session/,
         'no session: each handshake is a whole one');
}


sub nothing_before_the_certificate {
    my $port = Live::free_port();
    my $pair = $authority->issue('other.test');
    my $server = $live->process('s_server', 'sh', '-c',
                                "sleep 600 | openssl s_server -tlsextdebug -4"
                                . " -accept 127.0.0.1:$port"
                                . " -cert $pair->{certificate}"
                                . " -key $pair->{key}");
    $live->wait_for(20, sub { $server->output =~ /ACCEPT/ });

    my $nginx = gateway(secure($port, 'password=hush-hush'));

    ok(says($nginx, 'its certificate is not for'), 'refused');
    ok($live->wait_for(20, sub { $server->output =~ /redis\.test/ }),
       'the server is told which name is meant');
    unlike($server->output, qr/AUTH|hush-hush|PING/, 'and nothing else');
}


# Two gateways behind a relay to Redis, with a Violet whose reports are long and
# which answers when there is no file "hold".
sub with_long_reports {
    my $redis = redis($good);
    my $relay = $live->relay($redis->port);
    my $long = 'x' x 1_000_000;
    my $body = qq({"merchant_id": %d, "connection": {"status": "COMPLETE", )
               . qq("filler": "$long"}});
    my $hold = $live->folder . '/hold';
    my $violet = $live->fake(do => sub {
        my ($socket) = @_;
        sysread $socket, my $request, 65536;
        my ($merchant) = $request =~ m{/connection_health/(\d+)};
        my $text = sprintf $body, $merchant || 0;

        touch("$hold.$merchant");
        sleep 0.02 while -e $hold;

        print $socket "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      . 'Content-Length: ' . length($text) . "\r\n\r\n$text";
        close $socket;
    });
    my ($one, $two) = map {
        $live->nginx(workers => 1, server => $live->violet_location(
                         'violet_health_memory off;'),
                     http => $live->violet_http($redis, $violet)
                             =~ s/violet_redis [^;]*/'violet_redis '
                                  . secure($relay->port)/er)
    } 1 .. 2;

    return ($relay, $one, $two, sub { sprintf $body, $_[0] });
}


sub large_and_slow {
    my ($relay, $one, $two, $body) = with_long_reports();
    my $path = 'GET /v1/operations/connection_health/';

    my $answer = $live->request($one->port, "${path}42", timeout => 30);
    is(length $answer->{body}, length $body->(42), '1 MB is fetched');

    my $hit = $live->request($two->port, "${path}42", timeout => 30);
    like($hit->{headers}{'cache-status'}, qr/; hit/, '1 MB is a hit');
    ok($hit->{body} eq $answer->{body}, 'and the same');

    $relay->mode('dribble all');
    my $slow = $live->request($two->port, "${path}42", timeout => 30);
    is($slow->{status}, 200, 'in single bytes: a report');
    $relay->mode('pass');
    ok($live->wait_for(20, sub {
           my $again = $live->request($two->port, "${path}42", timeout => 30);
           return $again->{headers}{'cache-status'} =~ /; hit/
                  && $again->{body} eq $answer->{body};
       }), 'and then again a hit');
}


# More is written than the kernel takes, so it is written in parts, with other
# commands behind it meanwhile.
sub held_up_while_it_sends {
    my ($relay, $one, $two, $body) = with_long_reports();
    my $path = 'GET /v1/operations/connection_health/';

    ok(says($one, 'is set up'), 'held up while it sends: TLS is set up');
    $live->request($one->port, "${path}41", timeout => 30);

    my $hold = $live->folder . '/hold';
    my @merchants = 42 .. 55;
    my @clients = map { $live->client($one->port) } @merchants;

    touch($hold);
    $clients[$_]->send(Live::Client::request_bytes("$path$merchants[$_]"))
        for 0 .. $#clients;
    $live->wait_for(20, sub { !grep { !-e "$hold.$_" } @merchants });
    $relay->mode('stall all');
    unlink $hold;
    sleep 0.7;
    $relay->mode('pass');

    is($_->answer(30)->{status}, 200, 'held up while it sends: a report')
        for @clients;
    unlike($one->error_log, qr/failed|closed the connection/,
           'held up while it sends: the connection stays');

    for my $merchant (@merchants) {
        my $hit = $live->request($two->port, "$path$merchant", timeout => 30);

        like($hit->{headers}{'cache-status'}, qr/; hit/,
             "held up while it sends: $merchant is a hit");
        ok($hit->{body} eq $body->($merchant), 'and whole');
    }
}


sub touch {
    my ($file) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    close $out;
}
