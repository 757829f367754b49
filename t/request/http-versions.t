#!/usr/bin/perl

# Callers over HTTP/1.0, 1.1, 2 and 3: each route gives the same by all of
# them.  HTTP/2 and HTTP/3 run where curl and nginx have them.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $nginx_has = qx($binary -V 2>&1);
my $curl_has = qx(curl --version);

my $live = Live->new;
my $mock = $live->mock;
my $folder = $live->folder;
my $big = "$folder/big.json";

certificate();
big_body();

# The option of curl, the first line of an answer, and the last digit of carts.
callers('1.0', '--http1.0', 'HTTP/1.1', 1);
callers('1.1', '--http1.1', 'HTTP/1.1', 2);

SKIP: {
    skip 'this nginx has no HTTP/2', 1
        if $nginx_has !~ /--with-http_v2_module/;
    skip 'this curl has no HTTP/2', 1
        if $curl_has !~ /^Features:.*\bHTTP2\b/m;

    callers('2', '--http2', 'HTTP/2', 3);
}

SKIP: {
    skip 'this nginx has no HTTP/3', 1
        if $nginx_has !~ /--with-http_v3_module/;
    skip 'this curl has no HTTP/3', 1
        if $curl_has !~ /^Features:.*\bHTTP3\b/m;

    callers('3', '--http3-only', 'HTTP/3', 4);
}

$live->check_logs;
done_testing();


sub callers {
    my ($version, $option, $line, $n) = @_;

    my $port = Live::free_port();
    my $listen = "listen 127.0.0.1:$port ssl"
                 . ($version eq '2' ? ' http2' : '') . ';';

    $listen .= "\nlisten 127.0.0.1:$port quic;" if $version eq '3';

    my $nginx = $live->nginx(
        http => http(),
        server => "$listen\n"
                  . "ssl_certificate $folder/cert.pem;\n"
                  . "ssl_certificate_key $folder/key.pem;\n"
                  . $live->violet_location);

    my $ask = sub {
        my ($path, @options) = @_;

        return curl($option, "https://127.0.0.1:$port$path", @options);
    };

    subtest "HTTP/$version" => sub {
        health($ask, $line);
        refreshes($ask);
        submits($ask, $n);
        other_routes($ask);
        many($option, $port);
    };

    $nginx->stop;
    control('reset');
}


sub health {
    my ($ask, $line) = @_;

    my $path = '/v1/operations/connection_health/42';

    my $miss = $ask->($path);
    like($miss, qr{^\Q$line\E 200\b}, 'a miss: the version and 200');
    is(header($miss, 'cache-status'), 'violet; fwd=uri-miss; stored',
       'its Cache-Status');
    like(body($miss), qr/"merchant_id": ?42\b/, 'its report');

    my $hit = $ask->($path);
    like(header($hit, 'cache-status'), qr/^violet; hit; ttl=\d+$/, 'a hit');
    is(body($hit), body($miss), 'the same report');
    is(header($hit, 'content-length'), length body($hit), 'its length');

    my $etag = header($hit, 'etag');
    my $unchanged = $ask->($path, '-H', "If-None-Match: $etag");
    like($unchanged, qr/^\S+ 304\b/, 'If-None-Match: 304');
    is(body($unchanged), '', 'without a body');

    my $head = $ask->($path, '--head');
    like($head, qr/^\S+ 200\b/, 'HEAD: 200');
    is(header($head, 'content-length'), length body($hit), 'HEAD: the length');
    is(body($head), '', 'HEAD: no body');
}


sub refreshes {
    my ($ask) = @_;

    my $path = '/v1/operations/connection_health/42';

    like($ask->("$path?refresh=true"), qr/^\S+ 200\b/, 'a refresh');

    my $limited = $ask->("$path?refresh=true");
    like($limited, qr/^\S+ 429\b/, 'the second refresh: 429');
    like(header($limited, 'retry-after'), qr/^\d+$/, 'its Retry-After');
    like(body($limited), qr/urn:ngx-violet:refresh-limited/, 'its problem');

    like($ask->('/v1/operations/connection_health/43', '-X', 'POST'),
         qr/^\S+ 200\b/, 'the report by POST');
}


sub submits {
    my ($ask, $n) = @_;

    my $order = $ask->("/v1/checkout/cart/2000$n/submit",
                       '--data-binary', "\@$big");
    like($order, qr/^\S+ 200\b/, 'a submit with a body of 300 kB: 200');
    is(header($order, 'x-violet-cart-outcome'), 'completed', 'its outcome');
    like(body($order), qr/\A\{"id": 2000$n, .*\}\z/s, 'its order');

    my $again = $ask->("/v1/checkout/cart/2000$n/submit",
                       '--data-binary', "\@$big");
    is(header($again, 'x-violet-submit-replayed'), 'true',
       'the second submit of the cart is not sent');

    my $partial = $ask->("/v1/checkout/cart/2070$n/submit", '-d', '{}');
    like($partial, qr/^\S+ 422\b/, 'a partly failed submit: 422');
    is(header($partial, 'x-violet-cart-outcome'), 'partial', 'its outcome');
    like(body($partial), qr/"retry":"new_cart_for_failed_bags"/,
         'its problem');

    is($live->mock_counts($mock)->{cart_submit}, 2, 'Violet got two submits');
}


sub other_routes {
    my ($ask) = @_;

    my $echo = $ask->('/v1/merchants?a=b', '-H', 'X-Violet-Token: evil');
    like(body($echo), qr/"X-Violet-Token", "mock-token"/,
         'another route: our token');
    unlike($echo, qr/evil/, "not the caller's");

    $echo = $ask->('/v1/offers', '--data-binary', "\@$big");
    like($echo, qr/^\S+ 200\b/, 'a body of 300 kB: 200');
    is(body($echo) =~ /"body": "[^x]*(x+)/ && length $1, 300_000, 'it arrives');

    my $login = $ask->('/v1/login', '-d', '{}');
    like($login, qr/^\S+ 403\b/, 'the login route: 403');
    is($live->mock_counts($mock)->{login}, 0, 'Violet got no login');
}


# Callers of one cold report at once; over HTTP/2 and 3 in one connection.
sub many {
    my ($option, $port) = @_;

    my $before = $live->mock_counts($mock)->{connection_health};
    my $url = "https://127.0.0.1:$port/v1/operations/connection_health/4242";

    control('delay?connection_health=0.5');

    my $codes = output('curl', '-s', '-k', $option, '--parallel',
                       '--max-time', 60, '-w', '%{http_code} ',
                       (map { ($url, '-o', '/dev/null') } 1 .. 20));

    is($codes, '200 ' x 20, '20 requests for one report at once');
    is($live->mock_counts($mock)->{connection_health} - $before, 1,
       'one of them reaches Violet');
}


sub http {
    return <<"    END";
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 16;
        keepalive_timeout 20s;
    }
    END
}


sub certificate {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 2 -subj /CN=localhost"
           . " -keyout $folder/key.pem -out $folder/cert.pem 2>/dev/null")
        == 0 or die "openssl makes no certificate\n";
}


sub big_body {
    open my $out, '>', $big or die "$big: $!\n";
    print $out '{"a":"', 'x' x 300_000, '"}';
    close $out or die "$big: $!\n";
}


sub control {
    my ($what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


# The head of the last answer, and its body.
sub curl {
    my ($option, $url, @options) = @_;

    my $text = output('curl', '-s', '-i', '-k', $option, '--max-time', 60,
                      '-H', 'Expect:', @options, $url);

    return $text =~ s/\r\n/\n/gr;
}


sub output {
    my @command = @_;

    open my $out, '-|', @command or die "$command[0]: $!\n";
    local $/;
    my $text = <$out>;
    close $out;

    return defined $text ? $text : '';
}


sub header {
    my ($text, $name) = @_;

    my ($head) = $text =~ /\A(.*?)\n\n/s;
    my ($value) = ($head || '') =~ /^\Q$name\E: (.*)$/mi;

    return defined $value ? $value : '';
}


sub body {
    my ($text) = @_;

    return $text =~ /\n\n(.*)\z/s ? $1 : '';
}
