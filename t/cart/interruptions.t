#!/usr/bin/perl

# Cart submits whose callers leave, whose nginx is reloaded or stopped, and
# whose upstream connections close at the wrong moment: no submit reaches Violet
# twice, and each submit runs to its end.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $h2_port = Live::free_port();
my $tls_port = Live::free_port();
my ($key, $cert) = certificate();

my $format = <<'END';
    log_format cart '<$violet_cart_id|$violet_cart_outcome|'
                    '$violet_cart_reason|$upstream_status>';
    access_log logs/cart.log cart;
    proxy_read_timeout 600ms;
    client_body_timeout 500ms;
END

my $nginx = $live->nginx(
    http   => $live->violet_http($redis, $mock, $format),
    server => "listen 127.0.0.1:$h2_port http2;\n"
              . "listen 127.0.0.1:$tls_port ssl;\n"
              . "ssl_certificate $cert; ssl_certificate_key $key;\n"
              . $live->violet_location);
my @workers = $nginx->workers;

callers_who_leave();
caller_who_stops_sending();
callers_of_http2();
callers_of_https();
callers_who_do_not_finish();
expectations();
pipelined();
fifty_at_once();
kept_connections();
peers_that_cannot_be_reached();
tls();
reload();
shutdown_timeout();
is_well_known();
quit();

$live->check_logs;
done_testing();


sub submit {
    my ($cart, %option) = @_;

    return Live::Client::request_bytes("POST /v1/checkout/cart/$cart/submit",
                                       body => '{"a":"b"}', %option);
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}


sub reaches {
    my ($cart) = @_;

    return $live->wait_for(5, sub { reached($cart) });
}


sub cart_log {
    return Live::Nginx::text_of($nginx->folder . '/logs/cart.log');
}


# The log has one line of a submit whose caller has left, with its outcome.
sub verdict_is_logged {
    my ($cart, $verdict, $title) = @_;

    my $words = qr/submit of cart $cart: $verdict,.* did not wait for it/;

    ok($nginx->wait_log($words), "$title: the verdict is logged");

    my @lines = grep { /submit of cart $cart:/ } split /\n/,
                                                       $nginx->error_log;
    is(scalar @lines, 1, "$title: once");
    is(reached($cart), 1, "$title: Violet was asked once");

    my ($outcome) = $verdict =~ /^(\w+)/;
    ok($live->wait_for(5, sub { cart_log() =~ /^<$cart\|$outcome\|/m }),
       "$title: and in the access log");
}


# --- callers ---

sub callers_who_leave {
    my @ways = (
        [close => 21601, 'completed', 'closed while Violet works'],
        [reset => 21602, 'completed', 'reset while Violet works'],
        [close => 60201, 'unknown, UPSTREAM_TIMEOUT', 'closed while it stalls'],
        [reset => 60202, 'unknown, UPSTREAM_TIMEOUT', 'reset while it stalls'],
        [close => 60601, 'unknown, UPSTREAM_INVALID',
         'closed while it stalls in the body'],
        [close => 61201, 'completed', 'closed while the answer dribbles'],
    );

    for my $way (@ways) {
        my ($how, $cart, $verdict, $title) = @$way;

        my $client = $live->client($nginx->port);
        $client->send(submit($cart, headers => {Connection => undef}));
        ok(reaches($cart), "$title: Violet is asked");
        $client->$how;

        verdict_is_logged($cart, $verdict, $title);
    }

    is_deeply([$nginx->workers], \@workers, 'the worker lives');
}


# For nginx this caller looks like one that left, but it gets its answer.
sub caller_who_stops_sending {
    my $client = $live->client($nginx->port);
    $client->send(submit(21603));
    shutdown $client->{sock}, 1;

    my $answer = $client->answer(5);
    is($answer->{status}, 200, 'stopped sending: status');
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'stopped sending: outcome');
    is(reached(21603), 1, 'stopped sending: Violet was asked once');
}


sub certificate {
    my ($key, $cert) = map { $live->folder . "/$_.pem" } qw(key cert);

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
           . " -subj /CN=violet.test -addext subjectAltName=DNS:violet.test"
           . " -keyout $key -out $cert 2>$cert.out") == 0
        or die "openssl does not make a certificate\n";

    return ($key, $cert);
}


sub curl {
    my ($server, $cart, @options) = @_;

    open my $out, '-|', 'curl', '-s', '-i', '-k', '-d', '{"a":"b"}',
        @options, "$server/v1/checkout/cart/$cart/submit"
        or die "curl: $!\n";
    local $/;
    my $text = <$out>;
    close $out;

    return $text;
}


sub callers_of_http2 {
    my @server = ("http://127.0.0.1:$h2_port", '--http2-prior-knowledge');
    my $submit = sub { curl($server[0], $_[0], @server[1 .. $#server],
                            @_[1 .. $#_]) };

    my $text = $submit->(20701);
    like($text, qr{^HTTP/2 422 }, 'HTTP/2: status of a problem');
    like($text, qr/^x-violet-cart-outcome: partial\r$/m, 'HTTP/2: outcome');
    like($text, qr/"outcome":"partial","retry":"new_cart_for_failed_bags",/, 'HTTP/2: body');

    $text = $submit->(20001);
    like($text, qr/^x-violet-cart-outcome: completed\r$/m,
         'HTTP/2: an order passes');
    like($text, qr/\r\n\r\n\{"id": 20001, .*\}\z/s, 'HTTP/2: whole');

    is($submit->(21604, '--max-time', '0.15'), '', 'HTTP/2: a caller leaves');
    verdict_is_logged(21604, 'completed', 'HTTP/2');

    is($submit->(60203, '--max-time', '0.15'), '', 'HTTP/2: while it stalls');
    verdict_is_logged(60203, 'unknown, UPSTREAM_TIMEOUT', 'HTTP/2, stalled');
    is_deeply([$nginx->workers], \@workers, 'HTTP/2: the worker lives');
}


sub callers_of_https {
    my $server = "https://127.0.0.1:$tls_port";

    like(curl($server, 20008), qr/^X-Violet-Cart-Outcome: completed\r$/m,
         'HTTPS: an order passes');

    is(curl($server, 21609, '--max-time', '0.2'), '',
       'HTTPS: a caller leaves, not without a close_notify');
    verdict_is_logged(21609, 'completed', 'HTTPS');
}


sub callers_who_do_not_finish {
    my $bytes = submit(20002) =~ s/Content-Length: \d+/Content-Length: 999/r;

    my $client = $live->client($nginx->port);
    $client->send($bytes);
    is($client->read_all(5), '', 'a body that does not come: no answer');
    ok($client->is_closed, 'a body that does not come: nginx gives up');

    $client = $live->client($nginx->port);
    $client->send($bytes);
    sleep 0.1;
    $client->reset;
    sleep 0.1;

    is(reached(20002), 0, 'half a body: Violet was not asked');
    unlike($nginx->error_log, qr/submit of cart 20002/,
           'half a body: there is no verdict');
}


sub expectations {
    my $client = $live->client($nginx->port);
    my ($head, $body) = submit(20003, headers => {Expect => '100-continue'})
                        =~ /\A(.*\r\n\r\n)(.*)\z/s;

    $client->send($head);
    like($client->read_until(qr/\r\n\r\n/, 5), qr{\AHTTP/1\.1 100 },
         'Expect: nginx says 100');
    is(reached(20003), 0, 'Expect: Violet is not asked yet');

    $client->send($body);
    $client->{in} = '';
    is($client->answer(5)->{headers}{'x-violet-cart-outcome'}, 'completed',
       'Expect: the answer');
    is(reached(20003), 1, 'Expect: Violet was asked once');

    my $last = JSON::PP::decode_json(
        $live->request($mock->port, 'GET /_mock/last')->{body});
    is($last->{cart_submit}{body}, '{"a":"b"}', 'Expect: with the body');
    is_deeply([grep { lc $_->[0] eq 'expect' }
                    @{$last->{cart_submit}{headers}}], [],
              'Expect: which Violet does not see');
}


sub pipelined {
    my $client = $live->client($nginx->port);
    my %kept = (headers => {Connection => undef});

    $client->send(submit(21605, %kept) . submit(40001, %kept)
                  . submit(20004, %kept));

    for my $expected ([200, 'completed'], [400, 'failed'],
                      [200, 'completed'])
    {
        my $answer = $client->answer(5);
        is($answer->{status}, $expected->[0], 'pipelined: status');
        is($answer->{headers}{'x-violet-cart-outcome'}, $expected->[1],
           'pipelined: outcome');
    }

    is(reached($_), 1, "pipelined: cart $_ once") for 21605, 40001, 20004;

    $client = $live->client($nginx->port);
    $client->send(submit(21606, %kept) . submit(20005, %kept));
    ok(reaches(21606), 'pipelined, then closed: the first is asked');
    $client->close;

    verdict_is_logged(21606, 'completed', 'pipelined, then closed');
}


sub fifty_at_once {
    my @answers = $live->many($nginx->port, count => 50, request => sub {
        return submit($_[0] % 2 ? 21610 + $_[0] : 40010 + $_[0]);
    });

    my @wrong = grep {
        my $i = $_;
        my $completed = $i % 2;
        my $cart = $completed ? 21610 + $i : 40010 + $i;
        my $answer = $answers[$i];

        ($answer->{status} || 0) != ($completed ? 200 : 400)
            || $answer->{body} !~ ($completed ? qr/\A\{"id": $cart,/
                                              : qr/"cart_id":$cart,/);
    } 0 .. 49;

    is_deeply(\@wrong, [], 'fifty at once: each gets its own answer');

    my $counts = $live->mock_counts($mock);
    my @often = grep {
        ($counts->{'cart_submit/' . ($_ % 2 ? 21610 + $_ : 40010 + $_)} || 0)
            != 1
    } 0 .. 49;

    is_deeply(\@often, [], 'fifty at once: Violet was asked once for each');
    is($counts->{garbage}, 0, 'Violet never got what is no request');
}


# --- Violet ---

# A gateway in front of a server of this test.
sub gateway {
    my ($port, $upstream, $location) = @_;

    # without the guard, since the tests submit the same carts again
    my $http = $live->violet_http($redis, $mock,
                                  "violet_submit_guard off; $upstream");
    $http =~ s/server 127\.0\.0\.1:\d+;/server 127.0.0.1:$port;/;

    return $live->nginx(http => $http,
                        server => $live->violet_location($location));
}


sub outcome {
    my ($gateway, $cart) = @_;

    my $answer = $live->request($gateway->port, submit($cart), timeout => 5);
    my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};

    return join ' ', $answer->{status} || 'none',
        $answer->{headers}{'x-violet-cart-outcome'} || 'none',
        $problem->{retry} || 'none',
        $problem->{errors} ? $problem->{errors}[0]{reason} : 'none';
}


sub order {
    my ($cart) = @_;

    my $body = qq({"id":$cart,"status":"COMPLETED",)
               . qq("bags":[{"id":1,"status":"ACCEPTED"}]});

    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


# Serves submits over one connection: the code answers the $nth submit, and
# returns false to end the connection.  A file gets a line for each submit.
sub serve {
    my ($file, $code) = @_;

    return sub {
        my ($sock) = @_;
        my $in = '';
        my $nth = 0;

        while (sysread $sock, $in, 4096, length $in) {
            while ($in =~ s/\APOST \S+\/(\d+)\/submit .*?\r\n\r\n\{"a":"b"\}//s)
            {
                my $cart = $1;
                open my $out, '>>', $file or die "$file: $!\n";
                syswrite $out, "$cart\n";
                close $out;

                $code->($sock, ++$nth, $cart) or return;
            }
        }
    };
}


sub received {
    my ($file) = @_;

    my %times;
    $times{$_}++ for split /\n/, Live::Nginx::text_of($file);

    return \%times;
}


sub kept_connections {
    my $again = 'proxy_next_upstream error timeout invalid_header http_502 '
                . 'non_idempotent;';

    # Violet closes when it has received the second submit of a connection.
    for my $how (qw(close reset)) {
        my $file = $live->folder . "/kept.$how";
        my $fake = $live->fake(do => serve($file, sub {
            my ($sock, $nth, $cart) = @_;
            syswrite $sock, order($cart) if $nth == 1;
            setsockopt $sock, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
                       pack 'ii', 1, 0 if $nth > 1 && $how eq 'reset';
            return $nth == 1;
        }));
        my $gateway = gateway($fake->port, '', $again);

        is(outcome($gateway, 1), '200 completed none none',
           "kept, $how: the first submit");
        is(outcome($gateway, 2), '502 unknown manual UPSTREAM_INVALID',
           "kept, $how: the second is not sent again");
        is(outcome($gateway, 3), '200 completed none none',
           "kept, $how: the third has a connection of its own");
        is_deeply(received($file), {1 => 1, 2 => 1, 3 => 1},
                  "kept, $how: each was received once");
        is($fake->connections, 2, "kept, $how: over two connections");
    }

    # Violet closes soon after each answer, also if a submit has come.
    my $file = $live->folder . '/kept.race';
    my $fake = $live->fake(do => serve($file, sub {
        my ($sock, $nth, $cart) = @_;
        syswrite $sock, order($cart);
        sleep 0.0005 * ($cart % 5);
        return 0;
    }));
    my $gateway = gateway($fake->port, '', $again);
    my (%outcomes, @wrong);

    for my $cart (1 .. 200) {
        my $outcome = outcome($gateway, $cart);
        my $times = received($file)->{$cart} || 0;

        $outcomes{$outcome}++;
        push @wrong, "$cart: $outcome, received $times times"
            if $times > 1
               || $outcome eq '200 completed none none' && $times != 1
               || $outcome !~ /^200 completed|^502 unknown manual /
                  && !($outcome =~ /^502 failed later / && $times == 0);
    }

    is_deeply(\@wrong, [], 'closed just before the next submit: none twice');
    ok($outcomes{'200 completed none none'}, 'closed just before: some pass');
    note join ', ', map { "$_: $outcomes{$_}" } sort keys %outcomes;
}


sub peers_that_cannot_be_reached {

    # The queue of the listening socket is full.
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1:0',
                                       Listen => 1) or die "listen: $!\n";
    listen $listen, 0;
    my @queue = map {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $listen->sockport,
                              Blocking => 0);
    } 1 .. 4;

    my $gateway = gateway($listen->sockport, '',
                          'proxy_connect_timeout 300ms;');
    is(outcome($gateway, 1), '502 failed later UPSTREAM_UNREACHABLE',
       'no connection in time: nothing was sent');

    # The server accepts and reads, but not the whole of so large a body.
    my $fake = $live->fake(do => sub { sleep 5 });
    $gateway = gateway($fake->port, '', 'proxy_send_timeout 300ms; '
                       . 'proxy_read_timeout 300ms;'
                       . 'client_max_body_size 64m; '
                       . 'client_body_buffer_size 64m;');
    my $answer = $live->request($gateway->port,
                                submit(2, body => 'x' x 30_000_000),
                                timeout => 20);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'unknown',
       'a part was sent: the outcome is unknown');
    is($answer->{status}, 504, 'a part was sent: it is a timeout');
    like($answer->{body}, qr/"reason":"UPSTREAM_TIMEOUT"/,
         'a part was sent: the reason is the time-out');

    # The server answers before it has read the whole body, and closes.
    $fake = $live->fake(do => sub {
        my ($sock) = @_;
        sysread $sock, my $in, 1000;
        syswrite $sock, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n"
                        . "Connection: close\r\n\r\n";
        sleep 0.3;
    });
    $gateway = gateway($fake->port, '', 'client_max_body_size 64m;');
    $answer = $live->request($gateway->port,
                             submit(3, body => 'x' x 30_000_000),
                             timeout => 20);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'unknown',
       'an answer before the end of the body: the outcome is unknown');
}


sub tls {
    my $violet = $live->mock(args => ['--tls-cert', $cert,
                                      '--tls-key', $key]);
    my $server = $live->violet_location(<<'END') =~ s/http:/https:/r;
        proxy_ssl_verify on;
        proxy_ssl_name violet.test;
END
    my $plain = $live->fake(do => 'answer', bytes => order(1));

    my %peer = (
        'an untrusted certificate' =>
            [$violet, 'proxy_ssl_trusted_certificate '
                      . '/etc/ssl/certs/ca-certificates.crt;',
             '502 failed later UPSTREAM_UNREACHABLE'],
        'a certificate of another name' =>
            [$violet, "proxy_ssl_trusted_certificate $cert; "
                      . 'proxy_ssl_name other.test;',
             '502 failed later UPSTREAM_UNREACHABLE'],
        'a peer that speaks no TLS' =>
            [$plain, "proxy_ssl_trusted_certificate $cert;",
             '502 failed later UPSTREAM_UNREACHABLE'],
        'the right certificate' =>
            [$violet, "proxy_ssl_trusted_certificate $cert;",
             '200 completed none none'],
    );

    for my $title (sort keys %peer) {
        my ($peer, $more, $expected) = @{$peer{$title}};

        my $http = $live->violet_http($redis, $peer,
                                      'violet_submit_guard off;');
        my $location = $server =~ s/\}\s*\z/$more }/r;
        $location =~ s/proxy_ssl_name violet.test;//
            if $more =~ /proxy_ssl_name/;

        my $gateway = $live->nginx(http => $http, server => $location);
        is(outcome($gateway, 20001), $expected, "TLS: $title");
    }

    is($plain->received =~ /POST|mock-/ ? 'sent' : 'not sent', 'not sent',
       'TLS: nothing is sent in the clear');
}


# --- nginx ---

sub reload {
    my @old = $nginx->workers;
    my $client = $live->client($nginx->port);
    my $gone = $live->client($nginx->port);

    $client->send(submit(21607));
    $gone->send(submit(21608));
    ok(reaches(21607) && reaches(21608), 'reload: two submits in flight');
    $gone->close;
    ok($nginx->reload, 'reload');

    my $answer = $client->answer(5);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'reload: the caller gets its answer');
    like($answer->{body}, qr/\A\{"id": 21607, .*\}\z/s, 'reload: whole');
    is(reached(21607), 1, 'reload: Violet was asked once');
    verdict_is_logged(21608, 'completed', 'reload, and the caller gone');
    ok($nginx->wait_gone(10, @old), 'reload: old workers go');

    $answer = $live->request($nginx->port, submit(20006));
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'reload: the new ones serve');
}


# nginx ends the requests that run after worker_shutdown_timeout: only so can a
# submit end before its answer is judged.
sub shutdown_timeout {
    my $hasty = $live->nginx(workers => 1,
                             main => 'worker_shutdown_timeout 1s;',
                             http => $live->violet_http($redis, $mock),
                             server => $live->violet_location);
    my $client = $live->client($hasty->port);

    $client->send(submit(60240));
    ok(reaches(60240), 'worker_shutdown_timeout: a submit in flight');
    $hasty->reload;

    ok($hasty->wait_log(qr/submit of cart 60240: unknown, nginx ended the/, 5),
       'worker_shutdown_timeout: its verdict is logged');
    is(reached(60240), 1, 'worker_shutdown_timeout: Violet was asked once');
    $hasty->stop;
}


# Operators watch the levels of the error log.
sub is_well_known {
    my $log = $nginx->error_log;

    like($log, qr/\[warn\] .*submit of cart 40001: failed, ITEM_UNAVAILABLE, /,
         'a failed submit is logged as a warning');
    like($log, qr/\[error\] .*submit of cart 20701: partial, /,
         'a partial one as an error');
    like($log, qr/\[info\] .*submit of cart 20001: completed, /,
         'a completed one for information');
    unlike($log, qr/mock-app-secret|mock-token/, 'and no secret in it');
}


sub quit {
    my $client = $live->client($nginx->port);
    my $gone = $live->client($nginx->port);

    $client->send(submit(21691));
    $gone->send(submit(21692));
    ok(reaches(21691) && reaches(21692), 'QUIT: two submits in flight');
    $gone->close;
    $nginx->signal('QUIT');

    my $answer = $client->answer(5);
    is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
       'QUIT: the caller gets its answer');
    ok($nginx->process->wait_end(10), 'QUIT: nginx ends');
    is($nginx->process->status, 0, 'QUIT: with status 0');
    is(reached(21691), 1, 'QUIT: Violet was asked once');
    verdict_is_logged(21692, 'completed', 'QUIT, and the caller gone');
}
