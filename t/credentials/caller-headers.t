#!/usr/bin/perl

# Callers over every version of HTTP: their headers with credentials reach
# Violet on no route, and their requests wait for a token.

use strict;
use warnings;

use lib 't/lib';

use JSON::PP ();
use Live;
use Test::More;
use Time::HiRes qw(time);

my $live = Live->new;
my $health = '/v1/operations/connection_health';

# Names in any letter case, more than once, with "_" for any "-".
my @evil = map { "$_: evil" } (
    'X-Violet-App-Id', 'x-violet-app-secret', 'X-VIOLET-APP-SECRET',
    'X-Violet-Token', 'X-Violet-Token', 'x-vIOLET-tOKEN', 'X_Violet_Token',
    'x-violet_token', 'X_VIOLET-TOKEN', 'X_Violet_App_Id', 'x-violet-app_id',
    'X_Violet-App-Secret', 'X-Violet_App-Secret', 'X-Violet-App_Secret',
    'X_Violet_App_Secret');

headers_of_callers();
cold_start();
no_token();

$live->check_logs;
done_testing();


# A gateway; "h2" is its port for HTTP/2.
sub gateway {
    my ($mock, $token, $more) = @_;

    my $port = Live::free_port();
    my $nginx = $live->nginx(workers => 2, http => <<"    END",
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        $token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }
    END
        server => "listen 127.0.0.1:$port http2;\n" . ($more || '')
                  . $live->violet_location('violet_refresh_limit off;'));

    $nginx->{h2} = $port;

    return $nginx;
}


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub headers_of_callers {
    my $mock = $live->mock;
    my $nginx = gateway($mock, 'token mock-token', <<'    END');
    underscores_in_headers on;
    ignore_invalid_headers off;
    END
    my $id = 20000;

    for my $version ('1.0', '1.1', '2') {
        my ($read, $refreshed, $report, $cart) = map { $id++ } 1 .. 4;

        arrives($mock, $nginx, $version, "GET $health/$read",
                'connection_health');
        arrives($mock, $nginx, $version, "GET $health/$refreshed?refresh=true",
                'connection_health');
        arrives($mock, $nginx, $version, "POST $health/$report",
                'connection_health_report');
        arrives($mock, $nginx, $version, "POST /v1/checkout/cart/$cart/submit",
                'cart_submit');
        arrives($mock, $nginx, $version, "GET $health?app_id=10000",
                'connection_health_list') if $version eq '1.0';
        arrives($mock, $nginx, $version, "GET /v1/merchants/$cart", 'other');
        arrives($mock, $nginx, $version, "POST /v1/merchants/$cart", 'other');
    }

    is($live->mock_counts($mock)->{unauthorized}, 0, 'none was refused');

    $nginx->stop;
    $mock->stop;
}


sub arrives {
    my ($mock, $nginx, $version, $what, $route) = @_;

    my ($method, $path) = split ' ', $what;

    is($version eq '2' ? status_h2($nginx, $method, $path)
                       : status_h1($nginx, $version, $what),
       200, "HTTP/$version: $what");

    my $last = JSON::PP::decode_json(
        $live->request($mock->port, 'GET /_mock/last')->{body})->{$route};

    like($last->{line}, qr/^\Q$method $path\E\b/, 'Violet was asked');
    is(join(', ', sort map { "$_->[0]: $_->[1]" }
                  grep { $_->[0] =~ /^x.violet.(?:app|token)/i
                         || $_->[1] =~ /evil/ } @{$last->{headers}}),
       'X-Violet-App-Id: 10000, X-Violet-App-Secret: mock-app-secret, '
       . 'X-Violet-Token: mock-token', "with the gateway's credentials only");
}


sub status_h1 {
    my ($nginx, $version, $what) = @_;

    my $body = $what =~ /^POST/ ? '{}' : '';

    return $live->request($nginx->port, join "\r\n",
        "$what HTTP/$version", 'Host: localhost', 'Connection: close',
        'Content-Length: ' . length $body, @evil, '', $body)->{status};
}


sub status_h2 {
    my ($nginx, $method, $path) = @_;

    my ($answer) = curl($nginx, [$path], '-X', $method,
                        $method eq 'POST' ? ('-d', '{}') : (),
                        map { ('-H', $_) } @evil);

    return $answer eq '200 2' ? 200 : $answer;
}


# Sends requests over one connection; returns "status version" of each.
sub curl {
    my ($nginx, $paths, @more) = @_;

    my $discard = $live->folder . '/body';
    my @urls = map { ('-o', $discard,
                      "http://127.0.0.1:$nginx->{h2}$_") } @$paths;

    open my $out, '-|', 'curl', '-s', '--http2-prior-knowledge', '--globoff',
                        '-w', '%{http_code} %{http_version}\n', @more, @urls
        or die "curl: $!\n";
    my @lines = <$out>;
    close $out;
    chomp @lines;

    return @lines;
}


# Streams of one connection wait for the token like requests of several.
sub cold_start {
    my $mock = $live->mock;

    control($mock, 'tokens?answer=slow');

    my $nginx = gateway($mock, 'refresh_token mock-refresh-token');
    my @paths = ((map { "/v1/merchants/$_" } 1 .. 20),
                 (map { "$health/$_" } 20000 .. 20019));

    is(streams_answered($nginx, @paths), 40,
       '40 streams of one HTTP/2 connection at a cold start');
    is($live->mock_counts($mock)->{token}, 1, 'by one call for a token');
    is($live->mock_counts($mock)->{unauthorized}, 0,
       'no request without a token');

    is(join(' ', curl($nginx, ['/v1/checkout/cart/20000/submit'],
                      '-d', '{}')), '200 2', 'a submit');

    $nginx->stop;
    $mock->stop;
}


# The number of streams that end after a 200.  All streams are opened at once,
# which curl cannot do.
sub streams_answered {
    my ($nginx, @paths) = @_;

    my $client = $live->client($nginx->{h2});
    my ($headers, $end_of_stream, $end_of_headers) = (1, 1, 4);
    my $id = 1;

    $client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
        . join '', map {
            my $frame = frame($headers, $end_of_stream | $end_of_headers, $id,
                              request_headers($_));
            $id += 2;
            $frame;
        } @paths);

    my (%ok, %ended);

    $client->read_until(sub {
        (%ok, %ended) = ();

        for my $frame (frames($_[0])) {
            my ($type, $flags, $id, $bytes) = @$frame;
            next if $type > $headers;

            # an indexed ":status: 200", perhaps after an update of the table
            $ok{$id} = 1 if $type == $headers && $bytes =~ /^\x20?\x88/;
            $ended{$id} = 1 if $flags & $end_of_stream;
        }

        return keys %ended == @paths;
    }, 20);

    return scalar grep { $ok{$_} } keys %ended;
}


sub frame {
    my ($type, $flags, $id, $bytes) = @_;

    return substr(pack('NCCN', length $bytes, $type, $flags, $id), 1) . $bytes;
}


sub frames {
    my ($bytes) = @_;

    my @frames;

    while (length $bytes >= 9) {
        my ($length, $type, $flags, $id) = unpack 'NCCN', "\0$bytes";
        last if length $bytes < 9 + $length;

        push @frames, [$type, $flags, $id, substr $bytes, 9, $length];
        substr $bytes, 0, 9 + $length, '';
    }

    return @frames;
}


# RFC 7541: GET and http by their index, the others as literals.
sub request_headers {
    my ($path) = @_;

    return "\x82\x86" . join '', map { pack 'CC/a', @$_ }
                               [1, 'localhost'], [4, $path];
}


# One caller closes its connection while it waits, another caller waits on.
sub no_token {
    my $mock = $live->mock;

    control($mock, 'tokens?answer=stalled');

    my $nginx = gateway($mock, 'refresh_token mock-refresh-token');
    my $begun = time;

    curl($nginx, ['/v1/merchants/1', "$health/20000",
                  '/v1/checkout/cart/20000/submit'], '--parallel',
         '--parallel-immediate', '--no-progress-meter', '-m', 0.3);
    is(join(' ', curl($nginx, ['/v1/merchants/2'])), '503 2',
       'there is no token for HTTP/2 either');
    cmp_ok(time - $begun, '>=', 5, 'after a wait');
    is($live->mock_counts($mock)->{other}, 0,
       'nothing is sent without a token');

    $nginx->stop;
    $mock->stop;
}
