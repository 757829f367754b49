#!/usr/bin/perl

# The gateway asks Violet for answers without a content coding.  It
# decompresses an answer with gzip.  An answer that is not valid gzip, is over
# the limit or has another coding means an unknown outcome.

use strict;
use warnings;

use lib 't/lib';
use IO::Compress::Gzip ();
use IO::Compress::Deflate ();
use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Schema;

my $live = Live->new;
my $redis = $live->redis;

my $order = '{"id":1,"status":"COMPLETED","bags":[{"id":1,"status":'
            . '"ACCEPTED"}],"note":"' . join('', 'a' .. 'z') . '"}';
my $failed = $order =~ s/ACCEPTED/REJECTED/r;
my $limit = 64 * 1024;
my $line = "Content-Encoding: gzip\r\n";

my $good = squeeze($order);
my $full = padded($limit);
my $over = padded($limit + 1);

# By cart: header lines, body, outcome, and the body that the caller gets.
my %carts = (
    1  => [$line . "ETag: \"x\"\r\n", $good, 'completed', $order],
    2  => [$line, squeeze($failed), 'failed'],
    3  => ["Content-Encoding: GZIP\r\n", $good, 'completed', $order],
    4  => [$line, squeeze($full), 'completed', $full],
    5  => ["Content-Encoding: identity\r\n", $order, 'completed', $order],
    6  => ["Content-Encoding:\r\n", $order, 'completed', $order],
    7  => ['', $order, 'completed', $order],
    8  => [$line, squeeze($order, -Level => 0), 'completed', $order],
    9  => [$line, squeeze($order, -Name => 'x', -Comment => 'y'),
           'completed', $order],
    10 => ["Content-Encoding: x-gzip\r\n", $good, 'completed', $order],
    11 => ["Content-Encoding: Identity, X-GZip ,\r\n", $good,
           'completed', $order],
    12 => [$line . "Content-Encoding: identity\r\n", $good,
           'completed', $order],
    13 => ["Content-Encoding: identity\r\nContent-Encoding:\r\n", $order,
           'completed', $order],
    14 => ["Content-Encoding: identity\t, \tgzip\t,\tidentity\r\n", $good,
           'completed', $order],

    20 => [$line, substr($good, 0, -1), 'unknown'],
    21 => [$line, substr($good, 0, -8), 'unknown'],
    22 => [$line, substr($good, 0, 10), 'unknown'],
    23 => [$line, flipped($good, -8), 'unknown'],
    24 => [$line, flipped($good, -1), 'unknown'],
    25 => [$line, flipped($good, 20), 'unknown'],
    26 => [$line, $good . $good, 'unknown'],
    27 => [$line, $good . squeeze(''), 'unknown'],
    28 => [$line, "$good\n", 'unknown'],
    29 => [$line, $order, 'unknown'],
    30 => [$line, squeeze($good), 'unknown'],
    31 => [$line, squeeze($over), 'unknown'],
    32 => [$line, squeeze('{"x":"' . ' ' x (64 * 1024 * 1024)), 'unknown'],
    33 => [$line, substr($good, 0, 10) . "\0\0\0\xff\xff" x $limit,
           'unknown'],
    34 => [$line, '', 'unknown'],

    41 => ["Content-Encoding: br\r\n", $order, 'unknown'],
    42 => ["Content-Encoding: deflate\r\n", deflated($order), 'unknown'],
    43 => ["Content-Encoding: gzip, gzip\r\n", squeeze($good), 'unknown'],
    44 => [$line . $line, $good, 'unknown'],
    45 => ["Content-Encoding: x-gzip, gzip\r\n", squeeze($good), 'unknown'],
    46 => ["Content-Encoding: identity, br\r\n", $order, 'unknown'],
    47 => ["Content-Encoding: gzip;q=1\r\n", $good, 'unknown'],
    48 => ['', $good, 'unknown'],
);

my $requests = $live->folder . '/requests';
my $nginx = gateway($live->fake(do => \&serve));

each_cart();
nothing_but_plain_is_asked_for();
at_every_byte();
reads();
health();
tokens();

$live->check_logs;
done_testing();


sub gateway {
    my ($server) = @_;

    return $live->nginx(
        workers => 1,
        http    => $live->violet_http($redis, $server)
                   . "violet_buffer_limit $limit;\n"
                   . "violet_submit_guard off;\n",
        server  => $live->violet_location . <<'        END');
        location /asks/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            proxy_set_header accept-encoding "gzip, br";
            proxy_set_header X-Mark "accept-encoding: mark";
            proxy_set_header Accept-Encoding $http_x_coding;
        }

        location /body/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            proxy_set_header Accept-Encoding gzip;
            proxy_set_body "{\"text\": \"Accept-Encoding: x\"}";
        }
        END
}


sub squeeze {
    my ($text, %option) = @_;

    my $out;
    IO::Compress::Gzip::gzip(\$text => \$out, -Minimal => !%option, %option)
        or die "gzip fails\n";

    return $out;
}


sub deflated {
    my ($text) = @_;

    my $out;
    IO::Compress::Deflate::deflate(\$text => \$out) or die "deflate fails\n";

    return $out;
}


sub flipped {
    my ($bytes, $at) = @_;

    substr($bytes, $at, 1) ^= "\x01";

    return $bytes;
}


# A completed order of that many bytes.
sub padded {
    my ($length) = @_;

    return $order =~ s/(?=abc)/' ' x ($length - length $order)/er;
}


# Cart 1000 + N comes in two pieces, cart 2000 + N ends after the first.  Cart
# 3000 has a byte more than it should, which does not fit into the buffer of
# 32 kB that has the head and the gzip.
sub serve {
    my ($socket) = @_;

    my $in = '';

    # a close with unread data would reset the connection
    until ($in =~ /\r\n\r\n(.*)/s
           && length $1 >= ($in =~ /^Content-Length: (\d+)/m ? $1 : 0))
    {
        sysread $socket, $in, 4096, length $in or return;
    }

    open my $out, '>>', $requests or die "$requests: $!\n";
    print $out $in;
    close $out;

    my ($id) = $in =~ m{/(\d+)(?:/submit)? HTTP} or return;
    my ($lines, $body, $cut) = ($line, $good, $id % 1000);

    if ($id < 1000 && $carts{$id}) {
        ($lines, $body) = @{$carts{$id}};
        $cut = length $body;
    } elsif ($in =~ /connection_health/) {
        $body = $id == 502 ? report($id) : squeeze(report($id));
        $lines = "Content-Encoding: identity\r\n" if $id == 502;
        $lines = "Content-Encoding: x-gzip\r\n" if $id == 503;
        $cut = length $body;
    }

    my $head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n$lines"
               . ($id >= 2000 ? '' : "Content-Length: @{[length $body]}\r\n")
               . "Connection: close\r\n\r\n";

    if ($id == 3000) {
        my $some = squeeze($order, -Comment => 'y');
        my $more = 32 * 1024 - length "$head$some";

        $body = squeeze($order, -Comment => 'y' x ($more + 1)) . "\n";
        $cut = length $body;
    }

    send_all($socket, $head . substr $body, 0, $cut);
    return if $cut == length $body || $id >= 2000;

    sleep 0.005;
    send_all($socket, substr $body, $cut);
}


sub send_all {
    my ($socket, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $socket, $bytes or return;
        substr $bytes, 0, $n, '';
    }
}


sub submit {
    my ($cart, %option) = @_;

    my $prefix = $option{prefix} || '';

    return $live->request($nginx->port,
                          "POST $prefix/v1/checkout/cart/$cart/submit",
                          body => '{}', %option);
}


sub outcome {
    return $_[0]{headers}{'x-violet-cart-outcome'} // 'none';
}


sub each_cart {
    for my $cart (sort { $a <=> $b } keys %carts) {
        my (undef, undef, $outcome, $body) = @{$carts{$cart}};
        my $got = submit($cart, headers => {'Accept-Encoding' => 'gzip, br'});
        my $title = "cart $cart";

        is(outcome($got), $outcome, "$title: $outcome");

        if (defined $body) {
            ok($got->{body} eq $body, "$title: the order is decompressed");
            is($got->{headers}{'content-length'}, length $body,
               "$title: Content-Length is that of the order");
        } else {
            my $problem = eval { JSON::PP::decode_json($got->{body}) } || {};
            is(Violet::Schema::violation($got->{body}), '',
               "$title: the problem matches its schema");
            is($problem->{errors}[0]{reason}, 'UPSTREAM_INVALID',
               "$title: its reason")
                if $outcome eq 'unknown';
        }

        ok(!defined $got->{headers}{'content-encoding'},
           "$title: no Content-Encoding header");
    }

    is(submit(1)->{headers}{etag}, 'W/"x"', 'the ETag is weak');

    my ($worker) = $nginx->workers;
    my ($peak) = map { /^VmHWM:\s+(\d+)/ ? $1 : () } lines("/proc/$worker/status");
    note("peak of the worker: $peak kB");
    SKIP: {
        skip 'a sanitizer needs more memory', 1 if $ENV{TEST_SAN};
        skip 'Valgrind needs more memory', 1 if $ENV{TEST_NGINX_USE_VALGRIND};
        cmp_ok($peak, '<', 48 * 1024,
               'nginx never had 64 MB of blanks in memory');
    }
}


sub lines {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";

    return <$in>;
}


sub last_request {
    return (split /(?=(?:GET|POST) )/, join '', lines($requests))[-1];
}


sub nothing_but_plain_is_asked_for {
    my %headers = ('Accept-Encoding' => 'gzip', 'X-Coding' => 'br;q=0.5');

    submit(7, headers => \%headers);
    unlike(last_request(), qr/^accept-encoding/im,
           'Violet gets no Accept-Encoding of the caller');

    submit(7, headers => \%headers, prefix => '/asks');
    unlike(last_request(), qr/^accept-encoding/im,
           'Violet gets no Accept-Encoding of the operator');
    like(last_request(),
         qr/\r\nX-Mark: accept-encoding: mark\r\n.*\r\n\r\n\{\}/s,
         'other headers and the body are unchanged');

    submit(7, headers => \%headers, prefix => '/body');
    unlike(last_request(), qr/^accept-encoding/im,
           'no Accept-Encoding with proxy_set_body');
    like(last_request(), qr/\r\n\r\n\{"text": "Accept-Encoding: x"\}/,
         'the body of proxy_set_body is unchanged');

    $live->request($nginx->port,
                   'GET /asks/v1/operations/connection_health/500',
                   headers => \%headers);
    unlike(last_request(), qr/^accept-encoding/im,
           'no Accept-Encoding for a report');

    $live->request($nginx->port, 'GET /asks/v1/other/7',
                   headers => \%headers);
    like(last_request(),
         qr/\r\naccept-encoding: gzip, br\r\n.*\r\nAccept-Encoding: br/s,
         'a streamed request has the Accept-Encoding of the operator');
}


sub at_every_byte {
    my (@cut, @split);

    for my $n (1 .. length($good) - 1) {
        push @split, $n if submit(1000 + $n)->{body} ne $order;
        push @cut, $n if outcome(submit(2000 + $n)) ne 'unknown';
    }

    is("@split", '', 'in two pieces, split at any byte: the order');
    is("@cut", '', 'cut at any byte, without a length: unknown');
    is(outcome(submit(2000 + length $good)), 'completed', 'whole: completed');
    is(outcome(submit(3000)), 'unknown',
       'a byte behind the end, in a buffer of its own: unknown');
}


sub reads {
    my $got = $live->request($nginx->port, 'POST /v1/orders', body => '{}');

    is(outcome($got), 'unknown', 'an order without an answer');
}


sub health {
    my %lines = (501 => 'gzip', 502 => 'identity', 503 => 'x-gzip');

    for my $merchant (sort keys %lines) {
        my @got = map {
            $live->request($nginx->port,
                           "GET /v1/operations/connection_health/$merchant",
                           headers => {'Accept-Encoding' => 'gzip'})
        } 1 .. 2;
        my $title = "a report in $lines{$merchant}";

        is($got[0]{body}, report($merchant), "$title is decompressed");
        is($got[0]{headers}{'content-encoding'}, undef,
           "$title has no Content-Encoding");
        like($got[0]{headers}{'cache-status'}, qr/; stored/,
             "$title is stored");
        like($got[1]{headers}{'cache-status'}, qr/; hit/,
             "$title is a hit then");
        is($got[1]{body}, $got[0]{body}, "$title has the same bytes then");
    }
}


sub report {
    my ($merchant) = @_;

    return qq({"merchant_id":$merchant,"connection":{"status":"COMPLETE"}});
}


# Every second token that the mock gives is larger than the first buffer for a
# decompressed answer.
sub tokens {
    my $mock = $live->mock;
    my ($port, $plain) = map { Live::free_port() } 1, 2;

    $live->nginx(workers => 1, server => '', http => <<"    END");
    gzip_types application/json;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_http_version 1.0;

    server {
        listen 127.0.0.1:$plain;
        gzip on;
        location / { proxy_pass http://127.0.0.1:@{[$mock->port]}; }
    }

    server {
        listen 127.0.0.1:$port;
        location / { proxy_pass http://127.0.0.1:$plain; }
        location /v1/auth/ {
            proxy_set_header Accept-Encoding gzip;
            proxy_pass http://127.0.0.1:$plain;
        }
    }
    END

    $live->request($mock->port, 'POST /_mock/tokens?answer=uneven');

    for my $nth (1, 2) {
        my $gateway = $live->nginx(workers => 1, http => <<"        END",
        violet_app shop {
            app_id 10000;
            app_secret mock-app-secret;
            refresh_token mock-refresh-token;
        }

        upstream violet_api { server 127.0.0.1:$port; }
        END
                                   server => $live->violet_location);

        is($live->request($gateway->port, 'GET /v1/merchants')->{status}, 200,
           "token $nth came as gzip");
        $gateway->stop;
    }

    is($live->mock_counts($mock)->{token}, 2, 'Violet gave two tokens');
}
