#!/usr/bin/perl

# The module as docs/install.md builds it for any nginx: only with
# --with-compat, loaded into an nginx with more flags.  util/test builds it.  It must protect
# the secrets and see callers leave like every other build.

use strict;
use warnings;

use lib 't/lib';
use Cwd ();
use Live;
use Test::More;

my $module = Cwd::getcwd() . '/build' . ($ENV{NGINX_SRC} ? '/own' : '')
             . '/recipe/ngx_violet_module.so';

plan skip_all => 'the module is built into this nginx'
    if $ENV{TEST_NGINX_STATIC};
die "there is no $module\n" if !-f $module;
$ENV{TEST_NGINX_LOAD_MODULES} = $module;

my $live = Live->new;
my $mock = $live->mock;
my $tls = $live->folder;

certificate();

my $verify = "proxy_ssl_verify on; proxy_ssl_trusted_certificate $tls/tls.pem;";

is_refused('https without proxy_ssl_verify', '');
is_refused('https with proxy_ssl_verify off', 'proxy_ssl_verify off;');
is_no_configuration('https without proxy_ssl_verify', '');
is_no_configuration('https with proxy_ssl_verify off',
                    'proxy_ssl_verify off;');
is_sent('https that is verified', $verify);
no_tls_to_redis();
is_refused_if_shared();
is_sent('violet_unverified_upstream on', 'violet_unverified_upstream on;');
caller_of_http2();

$live->check_logs(qr/without "proxy_ssl_verify on", add it/,
                  qr/asks for TLS to Redis/);
done_testing();


# A self-signed certificate, its own authority.
sub certificate {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 2 -subj /CN=violet.test"
           . " -keyout $tls/tls-key.pem -out $tls/tls.pem 2>/dev/null") == 0
        or die "openssl makes no certificate\n";
}


sub gateway {
    my ($proxy_pass, $location, $server) = @_;

    my $port = Live::free_port();

    return $live->nginx(http => <<"    END",
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
        environment violet_api;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
    }

    upstream shared {
        server 127.0.0.1:$port;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $tls/tls.pem;
        ssl_certificate_key $tls/tls-key.pem;

        location / {
            proxy_pass http://violet_api;
        }
    }
    END
        server => ($server || '') . <<"    END");
        location /v1/ {
            violet shop;
            set \$how https;
            proxy_pass @{[($proxy_pass || 'https://PEER')
                          =~ s/PEER/127.0.0.1:$port/r]};
            proxy_ssl_name violet.test;
            $location
        }
    END
}


my @requests;

BEGIN {
    @requests = (['GET /v1/merchants/1'],
                 ['GET /v1/operations/connection_health/42'],
                 ['POST /v1/checkout/cart/20000/submit', body => '{}']);
}


sub asked {
    my $count = 0;
    my $counts = $live->mock_counts($mock);

    $count += $counts->{$_} for qw(other connection_health cart_submit);

    return $count;
}


sub is_refused {
    my ($title, $location) = @_;

    # "nginx -t" cannot know a scheme that a variable chooses
    my $nginx = gateway('$how://PEER', "violet_submit_guard off; $location");
    my $before = asked();

    for my $request (@requests[0, 2]) {
        my $answer = $live->request($nginx->port, @$request);

        is($answer->{status}, 500, "$title: $request->[0]");
        like($answer->{body}, qr/configuration.*proxy_ssl_verify on/s,
             'the problem says what to add');
    }

    is(asked(), $before, 'Violet gets no request');
    $nginx->stop;
}


sub is_no_configuration {
    my ($title, $location) = @_;

    my $nginx = gateway('http://violet_api', '');
    my $server = $nginx->{server};

    $server =~ s{http://violet_api;}{https://127.0.0.1:1; $location};
    $nginx->configure(server => $server);

    my ($content, $said) = $nginx->test_config;

    ok(!$content, "$title: nginx -t fails");
    like($said, qr/without "proxy_ssl_verify on", add it/,
         'nginx names the line to add');
    $nginx->stop;
}


sub no_tls_to_redis {
    my $nginx = gateway('http://violet_api', '');

    $nginx->configure(http => "violet_redis rediss://redis.test:1"
                              . " ssl_trusted_certificate=$tls/tls.pem;"
                              . $nginx->{http});

    my ($content, $said) = $nginx->test_config;

    ok(!$content, 'TLS to Redis: nginx -t fails');
    like($said, qr{"rediss://redis.test:1" in "violet_redis" asks for TLS to Redis, build nginx and the module with "--with-http_ssl_module"},
         'nginx names what is missing');
    $nginx->stop;
}


sub is_sent {
    my ($title, $location) = @_;

    my $nginx = gateway(undef, $location);
    my $before = asked();

    for my $request (@requests) {
        is($live->request($nginx->port, @$request)->{status}, 200,
           "$title: $request->[0]");
    }

    is(asked(), $before + 3, 'Violet gets three requests');
    $nginx->stop;
}


# This build cannot close a TLS connection itself, so the request fails and
# nginx closes the connection.
sub is_refused_if_shared {
    my $keep = 'proxy_http_version 1.1; proxy_set_header Connection "";'
               . ' proxy_set_header Host violet.test;';
    my $nginx = gateway('https://shared', "$verify $keep", <<"    END");
        location /pages/ {
            proxy_pass https://shared;
            $keep
        }
    END
    my $before = asked();

    for my $request (@requests[0, 2]) {
        $live->request($nginx->port, 'GET /pages/1');

        my $answer = $live->request($nginx->port, @$request);

        is($answer->{status}, 500, "shared: $request->[0]");
        like($answer->{body}, qr/"type":"urn:ngx-violet:configuration".*an[ ]
                                 upstream[ ]block[ ]of[ ]their[ ]own/sx,
             'the problem names the remedy');
    }

    is(asked(), $before + 2, 'Violet gets the requests without violet only');

    for (1, 2) {
        is($live->request($nginx->port, @{$requests[0]})->{status}, 200,
           'a connection that the location opened itself is used again');
    }

    $nginx->stop;
}


# One HTTP/2 connection has many requests, so its end ends no single one.
sub caller_of_http2 {
    my $port = Live::free_port();
    my $nginx = gateway('http://violet_api', '',
                        "listen 127.0.0.1:$port http2;\n");

    my $out = qx(curl -s --http2-prior-knowledge -d '{}' -w '%{http_code}' \\
        -o /dev/null http://127.0.0.1:$port/v1/checkout/cart/20001/submit);

    is($out, 200, 'a submit over HTTP/2');
    unlike($nginx->error_log, qr/did not wait/, 'the caller waited for it');
    like($nginx->error_log, qr/submit of cart 20001: completed/,
         'the submit is logged');
    $nginx->stop;
}
