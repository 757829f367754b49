#!/usr/bin/perl

# Upstreams whose names nginx's resolver looks up at run time.  Over https the
# module checks a request before it is sent; over plain http a peer gets nothing
# unless it is on this machine when nginx connects to it.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Dns;
use Test::More;

my $submit = '/v1/checkout/cart/20000/submit';

my $live = Live->new;
my $mock = $live->mock;
my $dns = Live::Dns->start($live);
my $folder = $live->folder;
my $tls = Live::free_port();

$dns->answers('violet.test' => ['127.0.0.1']);

my $resolver = 'resolver 127.0.0.1:' . $dns->port
               . ' valid=1s ipv6=off; resolver_timeout 20s;';

certificate();
by_https();
by_http2();
by_plain_http();
silent_resolver();
followed();
resolved_again();

$live->check_logs(qr/violet: the request was not sent/);
done_testing();


# A self-signed certificate, its own authority.
sub certificate {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 2 -subj /CN=violet.test"
           . " -keyout $folder/key.pem -out $folder/cert.pem 2>/dev/null")
        == 0 or die "openssl makes no certificate\n";

    return;
}


# The app, and Violet behind TLS.
sub http {
    my ($more) = @_;

    return <<"    END" . ($more || '');
    $resolver

    violet_submit_guard off;

    violet_app shop {
        app_id 10000;
        environment violet_test;
        app_secret mock-app-secret;
        token mock-token;
    }

    upstream mock {
        server 127.0.0.1:@{[$mock->port]};
    }

    server {
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $folder/cert.pem;
        ssl_certificate_key $folder/key.pem;

        location / {
            rewrite ^/(?:length|yes)(/v1/.*) \$1 break;
            proxy_pass http://mock;
        }
    }
    END
}


# A location with that prefix, verification of the peer, and these lines.
sub location {
    my ($prefix, @lines) = @_;

    return join "\n", "location $prefix {", 'violet shop;',
                'set $peer violet.test;', 'proxy_ssl_verify on;',
                "proxy_ssl_trusted_certificate $folder/cert.pem;",
                'proxy_ssl_name violet.test;', (map { "$_;" } @lines), "}\n";
}


# Checks the number of requests to Violet since the last call.
sub got {
    my ($count, $name) = @_;

    my $counts = $live->mock_counts($mock);

    is($counts->{other} + $counts->{cart_submit}, $count, $name);
    $live->request($mock->port, 'POST /_mock/reset');

    return;
}


sub is_problem {
    my ($answer, $detail, $name) = @_;

    is($answer->{status}, 500, "$name: 500");
    like($answer->{body}, qr/urn:ngx-violet:configuration.*$detail/s,
         "$name: the problem");

    return;
}


sub by_https {
    my $nginx = $live->nginx(workers => 1, http => http(), server =>
        location('/v1/', "proxy_pass https://\$peer:$tls\$uri\$is_args\$args")
        . location('/yes/v1/', "proxy_pass https://\$peer:$tls",
                   'proxy_http_version 1.1', 'proxy_request_buffering off')
        . location('/else/v1/', "proxy_pass https://\$peer:$tls/v1/\$arg_to")
        . location('/late/v1/', "proxy_pass https://\$peer:$tls/v1/\$arg_to",
                   'proxy_http_version 1.1', 'proxy_request_buffering off')
        . location('/length/v1/', "proxy_pass https://\$peer:$tls",
                   'proxy_set_header Content-Length ""'));

    is(ask($nginx, 'GET /v1/merchants?a=%20b')->{status}, 200,
       'https to a resolved name');
    is(ask($nginx, "POST $submit", '{}')->{status}, 200, 'a submit');
    is(ask($nginx, 'POST /yes/v1/merchants', '{}')->{status}, 200,
       'a streamed body');
    is(chunked($nginx, '/yes/v1/merchants')->{status}, 200,
       'a body in chunks');
    got(4, 'Violet got four requests');
    ok($dns->asked('violet.test'), 'the resolver was asked');

    is_problem(ask($nginx, 'GET /else/v1/merchants?to=login'),
               'another URI', 'another URI');
    is_problem(ask($nginx, "POST /else$submit?to=login", '{}'),
               'another URI', 'another URI of a submit');
    is_problem(chunked($nginx, '/late/v1/merchants?to=login'),
               'another URI', 'another URI, with a body in chunks');
    got(0, 'Violet got none of these requests');

    is_problem(ask($nginx, 'POST /length/v1/merchants', '{}'),
               'does not say how long', 'a body without its length');
    my $answer = ask($nginx, "POST /length$submit", '{}');
    is_problem($answer, 'does not say how long', 'the same of a submit');
    is($answer->{headers}{'x-violet-cart-outcome'}, 'failed',
       'the outcome of the submit is known');
    got(0, 'Violet got none of these requests');

    is(ask($nginx, 'GET /length/v1/merchants')->{status}, 200,
       'a request without a body is sent');
    got(1, 'Violet got one request');

    $nginx->stop;

    return;
}


# Over HTTP/2 the module cannot see the URI that nginx built.
sub by_http2 {
    SKIP: {
        skip 'nginx before 1.29.4 speaks no HTTP/2 to upstreams', 5
            if version() < 1029004;

        my $nginx = $live->nginx(workers => 1, http => http(),
            server => location('/v1/', "proxy_pass https://\$peer:$tls",
                               'proxy_http_version 2'));

        is_problem(ask($nginx, 'GET /v1/merchants'), 'does not show',
                   'HTTP/2 to a resolved name');
        is_problem(ask($nginx, "POST $submit", '{}'), 'does not show',
                   'the same of a submit');
        got(0, 'Violet got none of these requests');

        $nginx->stop;
    }

    return;
}


sub by_plain_http {
    my $before = $dns->asked('violet.test');
    my $port = $mock->port;

    my $nginx = $live->nginx(workers => 1, http => http(), server =>
        location('/v1/', "proxy_pass http://\$peer:$port"));

    is_problem(ask($nginx, 'GET /v1/merchants'), 'plain http',
               'plain http to a resolved name');
    got(0, 'Violet got nothing');
    is($dns->asked('violet.test'), $before,
       'the resolver was not asked');

    $nginx->stop;

    return;
}


# The gateway's read of a cart in doubt has a deadline, which ends the look-up of
# a name, too.
sub silent_resolver {
    my $nginx = $live->nginx(workers => 1, http => http(), server =>
        location('/v1/', "proxy_pass https://\$peer:$tls",
                 'resolver_timeout 600s', 'violet_submit_guard on'));
    my $doubt = 'POST /v1/checkout/cart/50001/submit';

    is(ask($nginx, $doubt, '{}')->{status}, 500, 'a submit ends in doubt');

    $dns->answers('violet.test' => 'silent');
    my $answer;
    $live->wait_for(60, sub {
        $answer = ask($nginx, $doubt, '{}');
        $nginx->error_log =~ /did not send a whole answer within/;
    });

    like($answer->{body}, qr/"outcome":"unknown"/,
         'a resolver that does not answer: nobody knows more');
    like($nginx->error_log, qr/did not send a whole answer within \d+ ms/,
         'the log says why');
    $dns->answers('violet.test' => ['127.0.0.1']);
    $nginx->stop;
    is($live->mock_counts($mock)->{cart_submit}, 1, 'Violet got one submit');
    $live->request($mock->port, 'POST /_mock/reset');

    return;
}


# The block of docs/upstream.md: the gateway follows a name to another address,
# without a reload.
sub followed {
    SKIP: {
        skip 'nginx before 1.27.3 has no "resolve"', 12
            if version() < 1027003;

        $dns->answers('violet.test' => ['127.0.0.1']);
        $dns->process->pause;

        my $nginx = $live->nginx(workers => 1,
            server => location('/v1/', 'proxy_pass https://moving',
                               'proxy_ssl_session_reuse off',
                               'proxy_set_header Host violet.test'),
            http => http(<<"        END"));
        upstream moving {
            zone moving 64k;
            server violet.test:$tls resolve;
            keepalive 16;
            keepalive_timeout 20s;
        }

        server {
            listen 127.0.0.2:$tls ssl;
            ssl_certificate $folder/cert.pem;
            ssl_certificate_key $folder/key.pem;

            location / {
                add_header X-Violet-Address second;
                proxy_pass http://mock;
            }
        }
        END

        got(0, 'Violet got nothing before');

        my $answer = ask($nginx, "POST $submit", '{}');

        is($answer->{status}, 502, 'before the resolver has answered: 502');
        like($answer->{body}, qr/urn:ngx-violet:cart-submit-failed/,
             'a submit has failed');
        is(ask($nginx, 'GET /v1/merchants')->{status}, 502, 'a read: 502');
        got(0, 'Violet got nothing');

        $dns->process->resume;

        is(followed_to($nginx, ''), 200, 'the first address');
        is(ask($nginx, "POST $submit", '{}')->{status}, 200, 'a submit');

        $dns->answers('violet.test' => ['127.0.0.2']);

        is(followed_to($nginx, 'second'), 200, 'the second address');

        $answer = ask($nginx, "POST $submit", '{}');
        is($answer->{status}, 200, 'a submit to the second address');
        is($answer->{headers}{'x-violet-cart-outcome'}, 'completed',
           'its outcome');

        my $health = 'GET /v1/operations/connection_health/42';
        is(ask($nginx, $health)->{status}, 200, 'connection health');
        unlike($nginx->error_log, qr/signal process started|reconfiguring/,
               'nginx was not reloaded');

        $nginx->stop;
    }

    return;
}


# The status of the first answer that comes from the address with that mark.
sub followed_to {
    my ($nginx, $mark) = @_;

    my $answer = $live->wait_for(60, sub {
        my $now = ask($nginx, 'GET /v1/merchants');

        return $now->{status} == 200
               && ($now->{headers}{'x-violet-address'} || '') eq $mark
               && $now;
    });

    return $answer ? $answer->{status} : 'none in 60 s';
}


# "server ... resolve": the name moves to another machine.
sub resolved_again {
    my ($far) = grep { /\A\d+\.\d+\.\d+\.\d+\z/ && !/\A127\./ }
                split ' ', `hostname -I 2>/dev/null` || '';
    my $port = $mock->port;

    SKIP: {
        skip 'this machine has no address but loopback', 5 if !$far;
        skip 'nginx before 1.27.3 has no "resolve"', 5 if version() < 1027003;

        $dns->answers('violet.test' => ['127.0.0.1']);

        my $nginx = $live->nginx(workers => 1,
            server => location('/v1/', 'proxy_pass http://moving'),
            http => http(<<"        END"));
        upstream moving {
            zone moving 64k;
            server violet.test:$port resolve;
        }
        END

        my $answer = $live->wait_for(60, sub {
            my $now = ask($nginx, 'GET /v1/merchants');
            return $now->{status} == 200 && $now;
        });
        ok($answer, 'a name of this machine');

        $dns->answers('violet.test' => [$far]);

        $answer = $live->wait_for(60, sub {
            my $now = ask($nginx, 'GET /v1/merchants');
            return $now->{status} != 200 && $now;
        });
        is_problem($answer, 'plain http',
                   'the name has moved to another machine');
        is_problem(ask($nginx, "POST $submit", '{}'), 'plain http',
                   'the same of a submit');

        $nginx->stop;
    }

    return;
}


# 1027003 for 1.27.3; of Angie the version of the nginx in it.
sub version {
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my ($major, $minor, $patch) = `$nginx -V 2>&1`
                                   =~ m{nginx/(\d+)\.(\d+)\.(\d+)}
        or die "$nginx has no version\n";

    return $major * 1_000_000 + $minor * 1000 + $patch;
}


sub ask {
    my ($nginx, $what, $body) = @_;

    return $live->request($nginx->port, $what,
                          headers => { Host => 'localhost' },
                          defined $body ? (body => $body) : (),
                          timeout => 60);
}


sub chunked {
    my ($nginx, $path) = @_;

    return $live->request($nginx->port,
                          "POST $path HTTP/1.1\r\nHost: localhost\r\n"
                          . "Transfer-Encoding: chunked\r\n"
                          . "Connection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                          timeout => 60);
}
