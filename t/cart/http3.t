#!/usr/bin/perl

# Cart submits over HTTP/3.  nginx ends the requests of a caller that leaves,
# even with proxy_ignore_client_abort; but a submit runs to its end, and its
# result is kept for the next submit.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;

my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

plan skip_all => 'this nginx has no HTTP/3'
    if qx($binary -V 2>&1) !~ /--with-http_v3_module/;
plan skip_all => 'this curl has no HTTP/3'
    if qx(curl --version) !~ /^Features:.*\bHTTP3\b/m;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my ($key, $cert) = map { $live->folder . "/$_.pem" } qw(key cert);

# A killed caller sends nothing: nginx ends its connection after this time-out.
my $idle = 'keepalive_timeout 3s; proxy_read_timeout 20s;';

certificate();

my $nginx = gateway();

callers_who_wait();
caller_who_is_killed();
caller_who_closes();
caller_who_leaves_in_the_answer();
caller_who_leaves_a_silent_violet();
caller_who_leaves_after_a_401();
caller_who_leaves_a_reload();
shutdown_timeout();

$live->check_logs;
done_testing();


sub certificate {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 2 -subj /CN=localhost"
           . " -keyout $key -out $cert 2>/dev/null") == 0
        or die "openssl makes no certificate\n";
}


# Options: app (the source of its token), main, location, violet (another mock).
sub gateway {
    my (%option) = @_;

    my $port = Live::free_port();
    my $http = $live->violet_http($redis, $option{violet} || $mock, $idle);
    $http =~ s/token +mock-token/$option{app}/ if $option{app};

    my $gateway = $live->nginx(
        main => $option{main} || '', http => $http,
        server => "listen 127.0.0.1:$port quic;\n"
                  . "listen 127.0.0.1:$port ssl;\n"
                  . "ssl_certificate $cert; ssl_certificate_key $key;\n"
                  . "location = /ping { return 204; }\n"
                  . $live->violet_location($option{location}));

    $gateway->{h3} = $port;

    return $gateway;
}


sub curl {
    my ($gateway, $cart, @options) = @_;

    return $live->process('curl', 'curl', '-s', '-i', '-k', '--http3-only',
        '-d', '{"a":"b"}', '--max-time', 60, @options,
        "https://127.0.0.1:$gateway->{h3}/v1/checkout/cart/$cart/submit");
}


# The output of curl after its end.
sub answer {
    my ($curl) = @_;

    $curl->wait_end(70);

    return $curl->output;
}


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub reached {
    my ($cart) = @_;

    return $live->mock_counts($mock)->{"cart_submit/$cart"} || 0;
}


# Starts a submit and halts Violet when the submit has arrived.  On a busy
# machine nginx may end a connection before its handshake is done, so curl is
# started again if it ends before Violet is asked.
sub held {
    my ($gateway, $cart) = @_;

    my $curl;

    control("delay?cart_submit/$cart=4");

    for (1 .. 5) {
        $curl = curl($gateway, $cart);
        $live->wait_for(30, sub { reached($cart) || !$curl->is_alive });
        last if reached($cart);
    }

    ok(reached($cart), "cart $cart: Violet is asked");
    $mock->pause;

    return $curl;
}


# Kills the caller and waits until nginx has timed out its connection.
sub leave {
    my ($gateway, $curl) = @_;

    my $words = qr/quic client timed out/;
    my $before = () = $gateway->error_log =~ /$words/g;

    $curl->stop('KILL');
    ok($live->wait_for(30, sub {
        (() = $gateway->error_log =~ /$words/g) > $before;
    }), 'the caller has gone');
}


# The outcome is that of Violet's answer, and the next submit gets it.
sub is_settled {
    my ($gateway, $cart, $verdict, $again) = @_;

    ok($gateway->wait_log(qr/submit of cart $cart: $verdict,.* did not wait/,
                          30),
       "cart $cart: $verdict, and nobody waited for it");

    my $answer = $live->request($gateway->port,
        "POST /v1/checkout/cart/$cart/submit", body => '{"a":"b"}');

    like(($answer->{headers}{'x-violet-submit-replayed'} || '')
         . " $answer->{status}",
         $again, "cart $cart: the next submit is answered by it");
    is(() = $gateway->error_log =~ /submit of cart $cart: (?!not sent)/g, 1,
       "cart $cart: it is logged once");
}


sub callers_who_wait {
    my %expected = (20001 => [200, 'completed'], 20701 => [422, 'partial'],
                    40001 => [400, 'failed'], 21601 => [200, 'completed'],
                    61201 => [200, 'completed']);

    for my $cart (sort keys %expected) {
        my ($status, $outcome) = @{$expected{$cart}};
        my $text = answer(curl($nginx, $cart));

        like($text, qr{^HTTP/3 $status }, "cart $cart: status");
        like($text, qr/^x-violet-cart-outcome: $outcome\r$/mi,
             "cart $cart: outcome");
    }

    unlike($nginx->error_log, qr/did not wait/, 'all of them waited');
}


sub caller_who_is_killed {
    my $curl = held($nginx, 20010);

    leave($nginx, $curl);
    $mock->resume;

    is_settled($nginx, 20010, 'completed', qr/^true 200/);
    is(reached(20010), 1, 'cart 20010: Violet was asked once');
}


# Some versions of curl close the connection, others end without that.  The time
# until Violet is asked depends on the machine.
sub caller_who_closes {
    my $cart = 20020;

    for my $seconds (1, 2, 4, 8, 16) {
        $cart++;
        control("delay?cart_submit/$cart=" . (3 * $seconds + 4));
        answer(curl($nginx, $cart, '--max-time', $seconds));
        last if reached($cart);
    }

    is_settled($nginx, $cart, 'completed', qr/^true 200/);
    is(reached($cart), 1, "cart $cart: Violet was asked once");
}


# The order comes in two parts, and the caller leaves between them.
sub caller_who_leaves_in_the_answer {
    my $half = $live->folder . '/half';
    my $order = '{"id":30,"status":"COMPLETED",'
                . '"bags":[{"id":1,"status":"ACCEPTED"}]}';
    my $fake = $live->fake(do => sub {
        my ($socket, $n) = @_;

        sysread $socket, my $request, 65536;
        syswrite $socket, "HTTP/1.1 200 OK\r\n"
            . "Content-Type: application/json\r\nContent-Length: "
            . length($order) . "\r\n\r\n" . substr $order, 0, 20;

        if ($n == 1) {
            rename "$half.part", $half if open my $out, '>', "$half.part";
            $live->wait_for(60, sub { !-e $half });
        }

        syswrite $socket, substr $order, 20;
    });
    my $gateway = gateway(violet => $fake);
    my $curl = curl($gateway, 30);
    ok($live->wait_for(30, sub { -e $half }), 'half of the order comes');
    leave($gateway, $curl);
    unlink $half;

    is_settled($gateway, 30, 'completed', qr/^true 200/);
    $gateway->stop;
}


sub caller_who_leaves_a_silent_violet {
    my $gateway = gateway(location => 'proxy_read_timeout 6s;');
    my $curl = curl($gateway, 60210);

    ok($live->wait_for(30, sub { reached(60210) }), 'Violet is asked');
    leave($gateway, $curl);

    is_settled($gateway, 60210, 'unknown, UPSTREAM_TIMEOUT', qr/^(?:true)? ?(?:200|409)/);
    is(reached(60210), 1, 'cart 60210: Violet was asked once');
    $gateway->stop;
}


# The token has expired, so the cart is sent once more, with the next token.
sub caller_who_leaves_after_a_401 {
    my $gateway = gateway(app => 'refresh_token mock-refresh-token');

    is($live->request($gateway->port, 'GET /v1/merchants/1')->{status}, 200,
       'there is a token');
    control('expire');
    control('tokens?answer=slow');
    control('delay?cart_submit/20040=4');

    my $refused = $live->mock_counts($mock)->{unauthorized};
    my $curl = curl($gateway, 20040);
    ok($live->wait_for(30, sub {
        $live->mock_counts($mock)->{unauthorized} > $refused;
    }), 'Violet refuses the token');
    $mock->pause;
    leave($gateway, $curl);
    $mock->resume;

    is_settled($gateway, 20040, 'completed', qr/^true 200/);
    is(reached(20040), 2, 'cart 20040: Violet was asked twice');
    control('reset');
    $gateway->stop;
}


sub caller_who_leaves_a_reload {
    my @old = $nginx->workers;
    my $curl = held($nginx, 20050);

    $nginx->reload or die "no reload\n";
    leave($nginx, $curl);
    $mock->resume;

    is_settled($nginx, 20050, 'completed', qr/^true 200/);
    ok($nginx->wait_gone(30, @old), 'the old worker ends');
}


sub shutdown_timeout {
    my $hasty = gateway(main => 'worker_shutdown_timeout 1s;');
    my @old = $hasty->workers;
    my $curl = held($hasty, 20060);

    $hasty->reload or die "no reload\n";
    ok($hasty->wait_log(qr/submit of cart 20060: unknown, nginx ended the/,
                        30),
       'worker_shutdown_timeout ends a submit');
    ok($hasty->wait_gone(30, @old), 'and its worker');
    $mock->resume;
    $curl->stop('KILL');
    $hasty->stop;
}
