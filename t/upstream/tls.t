# Violet behind TLS: the certificates with which secrets are sent.  Section 2
# of the contract, violet_unverified_upstream.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::Nginx::Socket 'no_plan';
use Violet;

our $tls = File::Temp->newdir;
$ENV{TEST_NGINX_TLS} = "$tls";

# An authority; its certificates: a valid one, an expired one, one for another
# name; and a self-signed certificate.
authority();
signed('good', 'violet.test');
signed('expired', 'violet.test', '20200101000000Z', '20200102000000Z');
signed('name', 'violet.other');
command('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
    . ' -nodes -days 2 -subj /CN=violet.test'
    . " -keyout $tls/self-key.pem -out $tls/self.pem");


sub command {
    my ($line) = @_;

    system("$line 2>/dev/null") == 0 or die "this failed: $line\n";
}


sub authority {
    command('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
        . ' -nodes -days 2 -subj /CN=authority'
        . " -keyout $tls/ca-key.pem -out $tls/ca.pem");

    mkdir "$tls/new" or die "$tls/new: $!\n";

    open my $index, '>', "$tls/index" or die "$tls/index: $!\n";
    open my $out, '>', "$tls/ca.conf" or die "$tls/ca.conf: $!\n";

    print $out <<"    END";
        [ca]
        default_ca = own
        [own]
        database = $tls/index
        new_certs_dir = $tls/new
        certificate = $tls/ca.pem
        private_key = $tls/ca-key.pem
        rand_serial = yes
        unique_subject = no
        default_md = sha256
        default_days = 2
        policy = any
        [any]
        commonName = supplied
    END
}


sub signed {
    my ($name, $host, $start, $end) = @_;

    command('openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
        . " -nodes -subj /CN=$host -keyout $tls/$name-key.pem"
        . " -out $tls/$name.csr");
    command("openssl ca -batch -config $tls/ca.conf -in $tls/$name.csr"
        . " -out $tls/$name.pem -notext"
        . ($start ? " -startdate $start -enddate $end" : ''));
}


# A gateway in front of a server with that certificate.
sub gateway {
    my ($certificate, $app, @location) = @_;

    my $lines = join ' ', map { "$_;" } @location;

    return (<<"    END", <<"    END2");
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        $app;
    }

    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate \$TEST_NGINX_TLS/$certificate.pem;
        ssl_certificate_key \$TEST_NGINX_TLS/$certificate-key.pem;

        location / {
            proxy_pass http://127.0.0.1:\$TEST_NGINX_VIOLET_PORT;
        }
    }
    END
        location /v1/ {
            violet shop;
            proxy_pass https://127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
            proxy_ssl_name violet.test;
            $lines
        }
    END2
}


# Two violet locations and one without violet, to one upstream block that keeps
# connections.  The server sends the number of requests of the connection.
sub shared {
    my ($certificate, $version) = @_;

    my $http2 = $version eq '2' ? 'http2 on;' : '';
    my $verify = join ' ', map { "$_;" } @main::Verify;
    my $lines = "proxy_http_version $version;"
                . ' proxy_set_header Connection "";'
                . ' proxy_set_header Host violet.test;';

    return (<<"    END", <<"    END2");
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
        environment shared;
    }

    upstream shared {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate \$TEST_NGINX_TLS/$certificate.pem;
        ssl_certificate_key \$TEST_NGINX_TLS/$certificate-key.pem;
        $http2

        add_header X-Nth \$connection_requests always;

        location / {
            proxy_pass http://127.0.0.1:\$TEST_NGINX_VIOLET_PORT;
        }
    }
    END
        $verify

        location /v1/ {
            violet shop;
            proxy_pass https://shared;
            proxy_ssl_name violet.test;
            $lines
        }

        location /other/v1/ {
            violet shop;
            proxy_pass https://shared/v1/;
            proxy_ssl_name violet.other;
            $lines
        }

        location /pages/ {
            proxy_pass https://shared;
            proxy_ssl_verify off;
            $lines
        }
    END2
}


our @Verify = ('proxy_ssl_verify on',
               'proxy_ssl_trusted_certificate $TEST_NGINX_TLS/ca.pem');
our $Nothing = qr/"cart_read": 0, "cart_submit": 0, "connection_health": 0,.*"login": 0, "order_create": 0, "other": 0, "token": 0/s;
our $Pages = qr/"cart_submit": 0, "connection_health": 0,.*"order_create": 0, "other": 3,/s;
our $Token = 'token mock-token';
our $Refresh = 'refresh_token mock-refresh-token';

our $Problem = qr/"type":"urn:ngx-violet:configuration".*proxy_ssl_verify on/s;
our $Failed = qr/"outcome":"failed","retry":"later".*"reason":"UPSTREAM_UNREACHABLE"/;
our $NoToken = qr/"type":"urn:ngx-violet:credentials-unavailable"/;

no_long_string();
no_root_location();
run_tests();

__DATA__

=== verified, a valid certificate: every route and the token get answers
--- http_config eval: (::gateway('good', $::Refresh, @::Verify))[0]
--- config eval: (::gateway('good', $::Refresh, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "merchant_id", "bags", qr/"token": 1/]
--- error_code eval
[200, 200, 200, 200]



=== verified, the certificate is self-signed: nothing is sent
--- http_config eval: (::gateway('self', $::Token, @::Verify))[0]
--- config eval: (::gateway('self', $::Token, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["502", "upstream-unavailable", $::Failed, $::Nothing]
--- error_code eval
[502, 502, 502, 200]



=== verified, the certificate has expired: nothing is sent
--- http_config eval: (::gateway('expired', $::Token, @::Verify))[0]
--- config eval: (::gateway('expired', $::Token, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["502", "upstream-unavailable", $::Failed, $::Nothing]
--- error_code eval
[502, 502, 502, 200]



=== verified, the certificate is for another name: nothing is sent
--- http_config eval: (::gateway('name', $::Token, @::Verify))[0]
--- config eval: (::gateway('name', $::Token, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["502", "upstream-unavailable", $::Failed, $::Nothing]
--- error_code eval
[502, 502, 502, 200]



=== a refresh token is not sent: self-signed certificate
--- http_config eval: (::gateway('self', $::Refresh, @::Verify))[0]
--- config eval: (::gateway('self', $::Refresh, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
[$::NoToken, $::Nothing]
--- error_code eval
[503, 200]



=== a refresh token is not sent: expired certificate
--- http_config eval: (::gateway('expired', $::Refresh, @::Verify))[0]
--- config eval: (::gateway('expired', $::Refresh, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
[$::NoToken, $::Nothing]
--- error_code eval
[503, 200]



=== a refresh token is not sent: certificate for another name
--- http_config eval: (::gateway('name', $::Refresh, @::Verify))[0]
--- config eval: (::gateway('name', $::Refresh, @::Verify))[1]
--- request eval
["GET /v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
[$::NoToken, $::Nothing]
--- error_code eval
[503, 200]



=== https that variables choose, not verified: the problem names the lines to add
--- environment: violet_api
--- http_config eval: (::gateway('good', $::Token))[0]
--- config eval
(::gateway('good', $::Token, 'violet_submit_guard off',
           'set $how https'))[1] =~ s/https:/\$how:/r
--- request eval
["GET /v1/offers/1", "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /_mock/counts"]
--- response_body_like eval
[$::Problem, $::Problem, $::Nothing]
--- error_code eval
[500, 500, 200]



=== not verified: nginx does not start
--- http_config eval: (::gateway('good', $::Refresh))[0]
--- config eval: (::gateway('good', $::Refresh))[1]
--- refused: with "violet" and without "proxy_ssl_verify on", add it



=== violet_unverified_upstream on: a self-signed certificate is accepted
--- http_config eval: (::gateway('self', $::Refresh, 'violet_unverified_upstream on'))[0]
--- config eval: (::gateway('self', $::Refresh, 'violet_unverified_upstream on'))[1]
--- request eval
["GET /v1/offers/1", "POST /v1/checkout/cart/20000/submit\n{}"]
--- response_body_like eval
["X-Violet-Token", "bags"]
--- error_code eval
[200, 200]



=== violet_unverified_upstream on does not turn a verification off
--- http_config eval: (::gateway('expired', $::Token, @::Verify, 'violet_unverified_upstream on'))[0]
--- config eval: (::gateway('expired', $::Token, @::Verify, 'violet_unverified_upstream on'))[1]
--- request eval
["GET /v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
["502", $::Nothing]
--- error_code eval
[502, 200]



=== a connection that another location opened and did not verify: nothing is sent on it
--- http_config eval: (::shared('self', '1.1'))[0]
--- config eval: (::shared('self', '1.1'))[1]
--- request eval
["GET /pages/1", "GET /v1/offers/1", "GET /pages/1",
 "GET /v1/operations/connection_health/42", "GET /pages/1",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["", "502", "", "upstream-unavailable", "", $::Failed, $::Pages]
--- response_headers_like eval
["X-Nth: 1", "", "X-Nth: 1", "", "X-Nth: 1", "", ""]
--- error_code eval
[401, 502, 401, 502, 401, 502, 200]



=== a connection that was verified is used again by all locations
--- http_config eval: (::shared('good', '1.1'))[0]
--- config eval: (::shared('good', '1.1'))[1]
--- request eval
["GET /pages/1", "GET /v1/offers/1", "GET /v1/offers/1", "GET /pages/1",
 "GET /v1/offers/1"]
--- response_headers_like eval
["X-Nth: 1", "X-Nth: 1", "X-Nth: 2", "X-Nth: 3", "X-Nth: 4"]
--- response_body_like eval
["", "X-Violet-Token", "X-Violet-Token", "", "X-Violet-Token"]
--- error_code eval
[401, 200, 200, 401, 200]



=== a connection that was verified for another name is not used
--- http_config eval: (::shared('good', '1.1'))[0]
--- config eval: (::shared('good', '1.1'))[1]
--- request eval
["GET /v1/offers/1", "GET /other/v1/offers/1", "GET /v1/offers/1"]
--- response_headers_like eval
["X-Nth: 1", "", "X-Nth: 1"]
--- response_body_like eval
["X-Violet-Token", "502", "X-Violet-Token"]
--- error_code eval
[200, 502, 200]



=== without proxy_ssl_name the certificate is for the name of the upstream block
--- http_config eval
(::shared('good', '1.1'))[0] =~ s/upstream shared/upstream violet.test/r
--- config eval
(::shared('good', '1.1'))[1] =~ s/proxy_ssl_name violet.test;//r
                             =~ s/https:..shared/https:\/\/violet.test/gr
--- request eval
["GET /v1/offers/1", "GET /v1/offers/1", "GET /pages/1",
 "GET /other/v1/offers/1", "GET /v1/offers/1"]
--- response_headers_like eval
["X-Nth: 1", "X-Nth: 2", "X-Nth: 3", "", "X-Nth: 1"]
--- response_body_like eval
["X-Violet-Token", "X-Violet-Token", "", "502", "X-Violet-Token"]
--- error_code eval
[200, 200, 401, 502, 200]



=== a connection that grpc_pass opened and did not verify: nothing is sent on it
--- http_config eval
(::shared('good', '1.1'))[0] =~ s/ ssl;/ ssl http2;/r
--- config eval
(::shared('good', '1.1'))[1] . 'location /rpc { grpc_pass grpcs://shared; }'
--- request eval
["GET /rpc", "GET /v1/offers/1", "GET /v1/offers/1"]
--- response_headers_like eval
["X-Nth: 1", "X-Nth: 1", "X-Nth: 2"]
--- response_body_like eval
["", "X-Violet-Token", "X-Violet-Token"]
--- error_code eval
[401, 200, 200]



=== a submit does not use a connection that was verified for another name
--- http_config eval: (::shared('good', '1.1'))[0]
--- config eval: (::shared('good', '1.1'))[1]
--- request eval
["POST /v1/checkout/cart/20000/submit\n{}",
 "POST /other/v1/checkout/cart/20001/submit\n{}",
 "POST /v1/checkout/cart/20002/submit\n{}", "GET /_mock/counts"]
--- response_headers_like eval
["X-Nth: 1\nX-Violet-Cart-Outcome: completed",
 "X-Violet-Cart-Outcome: failed\nRetry-After: 5",
 "X-Nth: 1\nX-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
["bags", $::Failed, "bags",
 qr/"cart_submit": 2,.*"cart_submit\/20000": 1, "cart_submit\/20002": 1/s]
--- error_code eval
[200, 502, 200, 200]



=== a connection that another location opened and did not verify: nothing is sent on it, in HTTP/2
--- skip_nginx: 38: < 1.29.4
--- http_config eval: (::shared('self', '2'))[0]
--- config eval: (::shared('self', '2'))[1]
--- request eval
["GET /pages/1", "GET /v1/offers/1", "GET /pages/1",
 "GET /v1/operations/connection_health/42", "GET /pages/1",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["", "502", "", "upstream-unavailable", "", $::Failed, $::Pages]
--- response_headers_like eval
["X-Nth: 1", "", "X-Nth: 1", "", "X-Nth: 1", "", ""]
--- error_code eval
[401, 502, 401, 502, 401, 502, 200]



=== a connection that was verified is used again by all locations, in HTTP/2
--- skip_nginx: 30: < 1.29.4
--- http_config eval: (::shared('good', '2'))[0]
--- config eval: (::shared('good', '2'))[1]
--- request eval
["GET /pages/1", "GET /v1/offers/1", "GET /v1/offers/1", "GET /pages/1",
 "GET /v1/offers/1"]
--- response_headers_like eval
["X-Nth: 1", "X-Nth: 1", "X-Nth: 2", "X-Nth: 3", "X-Nth: 4"]
--- response_body_like eval
["", qr/x-violet-token/, qr/x-violet-token/, "", qr/x-violet-token/]
--- error_code eval
[401, 200, 200, 401, 200]
