# The app's credentials reach Violet on every proxied request, and no other
# server: sections 4 and 2 of the contract.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

$ENV{VIOLET_TEST_SECRET} = 'mock-app-secret';
$ENV{VIOLET_TEST_TOKEN} = 'mock-token';

# The headers that the mock must have got, each once, in any order.
our $Sent = join '[^{}]*', ::sent('X-Violet-App-Id', '10000'),
                           ::sent('X-Violet-App-Secret', 'mock-app-secret'),
                           ::sent('X-Violet-Token', 'mock-token');
our $NoSecret = '\A((?!mock-app-secret|mock-token).)*\z';

our $Health = '/v1/operations/connection_health';
our $Cart = '/v1/checkout/cart';

# A server that is not Violet and logs the credentials that it gets.
our $Elsewhere = <<'END';
    log_format elsewhere
        'elsewhere $request_uri id=[$http_x_violet_app_id]'
        ' secret=[$http_x_violet_app_secret] token=[$http_x_violet_token]';

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log elsewhere;

        location / {
            return 200 "elsewhere\n";
        }
    }
END

our $Caller = <<'END';
X-Violet-App-Id: evil-1
x-violet-app-id: evil-2
X-VIOLET-APP-SECRET: evil-3
X-Violet-App-Secret: evil-4
x-Violet-tOken: evil-5
X-Violet-Token: evil-6
X-Violet-Token: evil-7
END

# Violet behind TLS, with a self-signed certificate for violet.test.
our $Tls = <<'END';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 ssl;
        ssl_certificate $TEST_NGINX_TLS/cert.pem;
        ssl_certificate_key $TEST_NGINX_TLS/key.pem;

        location / {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
    }
END

our $tls = File::Temp->newdir;
$ENV{TEST_NGINX_TLS} = "$tls";
make_certificate($_) for qw(cert other);


sub make_certificate {
    my ($name) = @_;

    my $key = $name eq 'cert' ? 'key' : "$name-key";

    system('openssl req -x509 -newkey ec -pkeyopt'
           . ' ec_paramgen_curve:prime256v1 -nodes -days 2'
           . ' -subj /CN=violet.test -addext subjectAltName=DNS:violet.test'
           . " -keyout $tls/$key.pem -out $tls/$name.pem 2>/dev/null") == 0
        or die "openssl cannot make a certificate\n";
}


# A file in html/ that only its owner can read.
sub secret {
    my ($name, $text) = @_;

    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/$name";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $text;
    close $out or die "cannot write $path: $!\n";
    chmod 0600, $path or die "$path: $!\n";
}


no_long_string();
no_root_location();
run_tests();

__DATA__

=== literals: all three headers reach Violet
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
[$::Sent, ::counts(other => 1)]



=== files: one newline at the end does not count
--- post_setup_server_root
::secret("secret", "mock-app-secret\n");
::secret("token", "mock-token");
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  file:$TEST_NGINX_SERVER_ROOT/html/secret;
        token       file:$TEST_NGINX_SERVER_ROOT/html/token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
[$::Sent, ::counts(other => 1)]



=== files: a path that is not absolute begins at nginx.conf
--- post_setup_server_root
::secret("secret", "mock-app-secret");
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  file:../html/secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
GET /v1/merchants
--- response_body_like eval
$::Sent



=== variables of the environment
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  env:VIOLET_TEST_SECRET;
        token       env:VIOLET_TEST_TOKEN;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
[$::Sent, ::counts(other => 1)]



=== a literal is taken as it is, with what would be a variable elsewhere
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  'a$uri ${b} c';
        token       "t:=/+$$";
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["GET /v1/merchants", "GET /_mock/last"]
--- error_code eval
[401, 200]
--- response_body_like eval
['"error_code"',
 ::asked('other', 'GET /v1/merchants')
 . '.*' . ::sent('X-Violet-App-Secret', 'a$uri ${b} c')
 . '.*' . ::sent('X-Violet-Token', 't:=/+$$')]



=== the credentials are sent with every method
--- request eval
["GET /v1/merchants", "HEAD /v1/merchants", "POST /v1/merchants\n{}",
 "PUT /v1/merchants\n{}", "PATCH /v1/merchants\n{}", "DELETE /v1/merchants",
 "OPTIONS /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[(200) x 8]
--- response_body_like eval
[$::Sent, '\A\z', ($::Sent) x 5, ::counts(other => 7)]



=== the credentials are sent on connection health, a refresh, the report and the submit
--- request eval
["GET $::Health/42", "GET $::Health/43?refresh=true", "POST $::Health/44",
 "POST $::Cart/20000/submit", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 6]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchant_id": ?43\b', '"merchantId": ?44\b',
 '"id": ?20000\b',
 ::counts(connection_health => 2, 'connection_health/42' => 1,
          'connection_health/43' => 1, 'connection_health.refresh' => 1,
          'connection_health.refresh/43' => 1, connection_health_report => 1,
          'connection_health_report/44' => 1, cart_submit => 1,
          'cart_submit/20000' => 1),
 ::asked('connection_health', "GET $::Health/43?refresh=true", $::Sent)
 . '.*'
 . ::asked('connection_health_report', "POST $::Health/44", $::Sent)
 . '.*' . ::asked('cart_submit', "POST $::Cart/20000/submit", $::Sent)]



=== the credentials are sent with proxy_pass_request_headers off
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_pass_request_headers off;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/20000/submit",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
[$::Sent, '"merchant_id": ?42\b', '"id": ?20000\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== a caller's own copies never arrive, in any letter case, repeated or not
--- http_extra
    violet_refresh_limit off;
--- more_headers eval: $::Caller
--- request eval
["GET /v1/merchants", "POST /v1/merchants\n{}", "GET $::Health/42",
 "GET $::Health/42?refresh=true", "POST $::Health/42",
 "POST $::Cart/20000/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
[('\A((?!evil).)*\z') x 6,
 ::counts(other => 2, connection_health => 2, 'connection_health/42' => 2,
          'connection_health.refresh' => 1,
          'connection_health.refresh/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== a caller's own copies are nowhere in what Violet got
--- more_headers eval
[($::Caller) x 4, '']
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/43",
 "POST $::Cart/20000/submit", "GET /_mock/last"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
[('') x 4,
 '\A(?=.*"other")(?=.*"connection_health")(?=.*"connection_health_report")'
 . '(?=.*"cart_submit")((?!evil).)*\z']



=== a caller's own copies do not arrive on the login routes either
--- http_extra
    violet_auth_routes pass;
--- more_headers eval: $::Caller
--- request eval
["GET /v1/auth/x", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A((?!evil).)*\z', ::counts(other => 1)]



=== names that nginx lets through with ignore_invalid_headers off
--- config
        ignore_invalid_headers off;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- more_headers
X-Violet-Token.: x
X.Violet.Token: y
X-Violet-Token: evil
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A((?!evil).)*\z', ::counts(other => 1)]



=== a caller's own copy with a blank behind the name does not arrive
--- config
        ignore_invalid_headers off;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- raw_request eval
"GET /v1/merchants HTTP/1.1\r\nHost: localhost\r\nConnection: close\r
X-Violet-Token : evil\r\n\r\n"
--- error_code: 400
--- response_body_like: <hr><center>



=== mirror: a mirrored request to another location has no credentials
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            mirror /copy;
        }

        location = /copy {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/copy;
        }
--- request
GET /v1/merchants
--- response_body_like eval
$::Sent
--- access_log
elsewhere /copy id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== mirror: a mirrored request of a captured route has no credentials
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            mirror /copy;
        }

        location = /copy {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/copy;
        }
--- request eval
["GET $::Health/42", "POST $::Cart/20000/submit\n{}"]
--- error_code eval
[200, 200]
--- access_log
elsewhere /copy id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== auth_request: its request has no credentials
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            auth_request /decide;
        }

        location = /decide {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/decide;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/20000/submit"]
--- error_code eval
[200, 200, 200]
--- access_log
elsewhere /decide id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== auth_request: it runs before the module
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            auth_request /decide;
        }

        location = /decide {
            internal;
            return 401;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/20000/submit",
 "POST /v1/login", "GET /v1/merchants;x", "GET /_mock/counts"]
--- error_code eval
[(401) x 5, 200]
--- response_body_like eval
[('<hr><center>') x 5, ::counts()]



=== error_page: the page's upstream gets no credentials
--- http_extra eval
$::Elsewhere . <<'END';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;

        location / {
            return 500;
        }
    }
END
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
            proxy_intercept_errors on;
            error_page 500 = /elsewhere;
        }

        location = /elsewhere {
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/page;
        }
--- request
GET /v1/merchants
--- response_body
elsewhere
--- access_log
elsewhere /page id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== error_page: a named location, after a peer that is down
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;
            error_page 502 = @elsewhere;
        }

        location @elsewhere {
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request
GET /v1/merchants
--- response_body
elsewhere
--- access_log
elsewhere /v1/merchants id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== X-Accel-Redirect: its target outside of the location gets no credentials
--- http_extra eval
$::Elsewhere . <<'END';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;

        location / {
            add_header X-Accel-Redirect /elsewhere;
            return 200;
        }
    }
END
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        }

        location = /elsewhere {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1/accel;
        }
--- request
GET /v1/merchants
--- response_body
elsewhere
--- access_log
elsewhere /accel id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== X-Accel-Redirect: ignored on captured routes
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location / {
            return 200 "elsewhere\n";
        }
--- request eval
["GET $::Health/22900", "POST $::Cart/22900/submit"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchant_id": ?22900\b', '"id": ?22900\b']



=== a rewrite to another location: no credentials there
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            rewrite ^ /elsewhere last;
            violet shop;
            proxy_pass http://violet_api;
        }

        location = /elsewhere {
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request
GET /v1/merchants
--- response_body
elsewhere
--- access_log
elsewhere /elsewhere id=[-] secret=[-] token=[-]
--- no_access_log
mock-app-secret
mock-token



=== the access log has no secret in any variable
--- http_extra
    log_format all 'all $violet_app $violet_route $violet_merchant_id '
        '$violet_cart_id $violet_cache_status $violet_cache_tier '
        '$violet_cache_age $violet_refresh $violet_merchant_state '
        '$violet_cart_outcome $violet_cart_reason $violet_redis '
        '$http_x_violet_app_id $http_x_violet_app_secret '
        '$http_x_violet_token $upstream_addr $upstream_status '
        '$upstream_http_x_violet_token $sent_http_x_violet_token '
        '$proxy_host $proxy_port $proxy_add_x_forwarded_for $request '
        '$request_body $args $uri';
--- config
        access_log logs/access.log all;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "GET $::Health/42",
 "GET $::Health/42?refresh=1", "POST $::Health/42",
 "POST $::Cart/20000/submit\n{}", "POST $::Cart/40000/submit\n{}",
 "POST /v1/login", "GET $::Health/042"]
--- error_code eval
[200, 200, 200, 200, 429, 200, 400, 403, 400]
--- access_log
all shop other
--- no_access_log
mock-app-secret
mock-token



=== no configuration can name the variable of the secret
--- http_extra: log_format all '$violet_app_secret';
--- refused: unknown "violet_app_secret" variable



=== no configuration can name the variable of the token
--- http_extra: log_format all '$violet_token';
--- refused: unknown "violet_token" variable



=== no configuration can name the variable of the id
--- http_extra: log_format all '$violet_app_id';
--- refused: unknown "violet_app_id" variable



=== SSI cannot name the variables of the credentials
--- config
        location /page {
            ssi on;
            default_type text/html;
            alias $TEST_NGINX_SERVER_ROOT/html/page.html;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
[<!--#echo var="violet_app_secret" --><!--#echo var="violet_token" -->]
--- request
GET /page
--- response_body
[(none)(none)]



=== responses have no secret: reports, orders, problems
--- request eval
["GET $::Health/42", "GET $::Health/42", "GET $::Health/40100",
 "GET $::Health/50000", "POST $::Health/42", "POST $::Cart/20000/submit",
 "POST $::Cart/40100/submit", "POST $::Cart/60000/submit", "POST /v1/login",
 "GET /v1/merchants;x"]
--- error_code eval
[200, 200, 401, 502, 200, 200, 502, 502, 403, 400]
--- raw_response_headers_unlike eval
[('mock-app-secret|mock-token') x 10]
--- response_body_like eval
[($::NoSecret) x 10]



=== the error log at info has no secret, neither at the start nor later
--- log_level: info
--- request eval
["GET /v1/merchants", "GET $::Health/42", "GET $::Health/42?refresh=1",
 "GET $::Health/40100", "GET $::Health/50000", "GET $::Health/60400",
 "GET $::Health/60500", "GET $::Health/60800", "GET $::Health/22500",
 "POST $::Health/42", "POST $::Cart/20000/submit", "POST $::Cart/40100/submit",
 "POST $::Cart/60500/submit", "POST $::Cart/60800/submit",
 "POST $::Cart/61100/submit", "POST $::Cart/20700/submit",
 "POST /v1/login", "GET /v1/merchants;x"]
--- error_code eval
[200, 200, 200, 401, 502, 502, 502, 502, 200, 429, 200, 502, 502, 502, 502,
 422, 403, 400]
--- no_error_log
[alert]
mock-app-secret
mock-token



=== the error log at info has no secret when the peer is down
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;
        }
--- log_level: info
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/42",
 "POST $::Cart/20000/submit"]
--- error_code eval
[502, 502, 502, 502]
--- no_error_log
[alert]
mock-app-secret
mock-token



=== Redis has no secret, in no key and no value
--- request eval
["GET $::Health/42", "GET $::Health/43?refresh=true"]
--- error_code eval
[200, 200]
--- redis_check
KEYS *secret*
=> []
KEYS *token*
=> []
HGETALL violet:health:violet_api:10000:42
=~ merchant_id
HGETALL violet:health:violet_api:10000:42
=~ \A((?!mock-app-secret|mock-token).)*\z



=== violet $variable: the app is chosen for each request
--- http_extra
    violet_app other {
        app_id      20000;
        app_secret  other-secret;
        token       other-token;
    }

    map $http_x_tenant $tenant {
        acme    shop;
        globex  other;
    }
--- config
        location /v1/ {
            violet $tenant;
            proxy_pass http://violet_api;
        }
--- more_headers eval
["X-Tenant: acme", "X-Tenant: globex", ""]
--- request eval
["GET /v1/merchants", "GET /v1/merchants", "GET /_mock/last"]
--- error_code eval
[200, 401, 200]
--- response_body_like eval
[$::Sent, '"error_code"',
 ::asked('other', 'GET /v1/merchants')
 . '.*' . ::sent('X-Violet-App-Id', '20000')
 . '.*' . ::sent('X-Violet-App-Secret', 'other-secret')
 . '.*' . ::sent('X-Violet-Token', 'other-token')]



=== violet $variable: on captured routes too, with a cache for each app_id
--- http_extra
    violet_app twin {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
--- config
        location /v1/ {
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- more_headers eval
["X-App: shop", "X-App: twin", "X-App: shop", "X-App: twin", ""]
--- request eval
["GET $::Health/42", "GET $::Health/42", "GET $::Health/42",
 "POST $::Cart/20000/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 ('Cache-Status: violet; hit;.*') x 2,
 'X-Violet-Cart-Outcome: completed', '']
--- response_body_like eval
[('"merchant_id": ?42\b') x 3, '"id": ?20000\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== violet $variable: an unknown name is a problem, on every route
--- config
        location /v1/ {
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- more_headers
X-App: shoe
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/42",
 "POST $::Cart/20000/submit", "POST /v1/login", "GET /_mock/counts"]
--- error_code eval
[(500) x 5, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'violet_app')) x 5, ::counts()]



=== violet $variable: an empty name is a problem
--- config
        location /v1/ {
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'violet_app')) x 2, ::counts()]



=== violet $variable: the log shows an unknown name
--- config
        location /v1/ {
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- more_headers
X-App: shoe
--- request
GET /v1/merchants
--- error_code: 500
--- error_log eval
qr/\[error\].*no violet_app is named "shoe"/



=== violet $variable: the letter case of a name counts, and all of its length
--- config
        location /v1/ {
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- more_headers eval
["X-App: Shop", "X-App: sho", "X-App: shop2", "X-App: shop", ""]
--- request eval
[("GET /v1/merchants") x 4, "GET /_mock/counts"]
--- error_code eval
[500, 500, 500, 200, 200]
--- response_body_like eval
[(::problem('configuration', 500)) x 3, $::Sent, ::counts(other => 1)]



=== https that is not verified is a problem on every route, nothing is sent
--- environment: violet_api
--- http_extra eval
$::Tls . "violet_auth_routes pass; violet_refresh_limit off;"
--- config
        location /v1/ {
            violet shop;
            violet_submit_guard off;
            set $how https;
            proxy_pass $how://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request eval
["GET /v1/merchants", "POST /v1/merchants\n{}", "POST $::Health/42",
 "POST $::Cart/20000/submit", "POST /v1/login", "GET /_mock/counts"]
--- error_code eval
[(500) x 5, 200]
--- response_headers eval
[('Content-Type: application/problem+json') x 5,
 'Content-Type: application/json']
--- response_body_like eval
[(::problem('configuration', 500, 'proxy_ssl_verify on')) x 5, ::counts()]



=== https that is not verified is a problem on HEAD, which has no body
--- environment: violet_api
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            set $how https;
            proxy_pass $how://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request eval
["HEAD /v1/merchants", "HEAD $::Health/42", "GET /_mock/counts"]
--- error_code eval
[500, 500, 200]
--- response_headers eval
[('Content-Type: application/problem+json') x 2,
 'Content-Type: application/json']
--- response_body_like eval
[('\A\z') x 2, ::counts()]



=== https that is not verified: no connection is made
--- environment: violet_api
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            set $how https;
            proxy_pass $how://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request
GET /v1/merchants
--- error_code: 500
--- error_log eval
[qr/\[error\].*violet: the request was not sent: .*proxy_ssl_verify on.*, id: /]
--- no_error_log
SSL
connect to 127.0.0.1
[warn]



=== https that is not verified gives the refresh budget of a report back
--- environment: violet_api
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            set $how https;
            proxy_pass $how://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request eval
["POST $::Health/42", "POST $::Health/42"]
--- error_code eval
[500, 500]



=== https that is not verified, with violet_unverified_upstream on: sent
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            violet_unverified_upstream on;
            proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/42",
 "POST $::Cart/20000/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
[$::Sent, '"merchant_id": ?42\b', '"merchantId": ?42\b', '"id": ?20000\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== https that is verified: sent
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            proxy_ssl_name violet.test;
            proxy_ssl_server_name on;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate $TEST_NGINX_TLS/cert.pem;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/42",
 "POST $::Cart/20000/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
[$::Sent, '"merchant_id": ?42\b', '"merchantId": ?42\b', '"id": ?20000\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== https with the wrong certificate: nothing is sent
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            proxy_ssl_name violet.test;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate $TEST_NGINX_TLS/other.pem;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/20000/submit",
 "GET /_mock/counts"]
--- error_code eval
[502, 502, 502, 200]
--- response_body_like eval
['<hr><center>', ::problem('upstream-unavailable', 502),
 '"outcome":"failed","retry":"later".*"reason":"UPSTREAM_UNREACHABLE"',
 ::counts()]



=== https with another name in the certificate: nothing is sent
--- http_extra eval: $::Tls
--- config
        location /v1/ {
            violet shop;
            proxy_pass https://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            proxy_ssl_name violet.other;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate $TEST_NGINX_TLS/cert.pem;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/20000/submit",
 "GET /_mock/counts"]
--- error_code eval
[502, 502, 502, 200]
--- response_body_like eval
['<hr><center>', ::problem('upstream-unavailable', 502),
 '"outcome":"failed","retry":"later".*"reason":"UPSTREAM_UNREACHABLE"',
 ::counts()]



=== proxy_pass with a variable host: other routes and the submit work
--- environment: violet_api
--- http_extra
    violet_submit_guard off;
--- config
        location /v1/ {
            set $peer 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
            violet shop;
            proxy_pass http://$peer;
        }
--- request eval
["GET /v1/merchants?a=%20b", "GET /v1//x/../%6derchants",
 "POST $::Cart/20000/submit?a=b", "POST $::Cart//2000%30/submit/",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 6]
--- response_body_like eval
['"path": "/v1/merchants\?a=%20b".*' . $::Sent,
 '"path": "/v1/merchants".*' . $::Sent, ('"id": ?20000\b') x 2,
 ::counts(other => 2, cart_submit => 2, 'cart_submit/20000' => 2),
 ::asked('cart_submit', "POST $::Cart/20000/submit", $::Sent)]



=== proxy_pass with a variable host: the name of an upstream block
--- environment: violet_api
--- config
        location /v1/ {
            set $peer violet_api;
            violet shop;
            proxy_pass http://$peer;
        }
--- request eval
["GET /v1/merchants", "POST $::Cart/20000/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 3]
--- response_body_like eval
[$::Sent, '"id": ?20000\b',
 ::counts(other => 1, cart_submit => 1, 'cart_submit/20000' => 1)]



=== proxy_pass with a variable host: connection health is a problem
--- environment: violet_api
--- config
        location /v1/ {
            set $peer violet_api;
            violet shop;
            proxy_pass http://$peer;
        }
--- request eval
["GET $::Health/42", "HEAD $::Health/42", "GET $::Health/42?refresh=true",
 "GET $::Health", "GET /_mock/counts"]
--- error_code eval
[(500) x 4, 200]
--- response_body_like eval
[::problem('configuration', 500, 'proxy_pass'), '\A\z',
 (::problem('configuration', 500, 'proxy_pass')) x 2, ::counts()]



=== proxy_pass with a URI of variables that is canonical works
--- environment: violet_api
--- config
        location /v1/ {
            set $peer violet_api;
            violet shop;
            proxy_pass http://$peer$uri$is_args$args;
        }
--- request eval
["GET /v1/merchants?a=b", "GET /v1//x/../merchants",
 "POST $::Cart/20000/submit?c", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
['"path": "/v1/merchants\?a=b"', '"path": "/v1/merchants"', '"id": ?20000\b',
 ::counts(other => 2, cart_submit => 1, 'cart_submit/20000' => 1),
 ::asked('cart_submit', "POST $::Cart/20000/submit?c", $::Sent)]



=== proxy_pass with a URI of variables that is not canonical is a problem
--- environment: violet_api
--- config
        location /v1/ {
            set $peer violet_api;
            violet shop;
            proxy_pass http://$peer$request_uri;
        }
--- request eval
["GET /v1/merchants", "GET /v1//merchants", "GET /v1/%6derchants",
 "GET /v1/x/../merchants", "POST $::Cart/20000/submit/",
 "POST $::Cart/%320000/submit", "GET /_mock/counts"]
--- error_code eval
[200, (500) x 5, 200]
--- response_body_like eval
[$::Sent, (::problem('configuration', 500, 'proxy_pass')) x 5,
 ::counts(other => 1)]



=== proxy_pass with a URI of variables that leads elsewhere is a problem
--- environment: violet_api
--- config
        location /v1/ {
            set $peer violet_api;
            violet shop;
            proxy_pass http://$peer/v1/$arg_to;
        }
--- request eval
["GET /v1/merchants?to=login", "POST /v1/merchants?to=auth/token",
 "POST $::Cart/7/submit?to=checkout/cart/8/submit",
 "GET /v1/login2?to=merchants", "GET /_mock/counts"]
--- error_code eval
[(500) x 4, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'proxy_pass')) x 4, ::counts()]



=== proxy_pass with a URI of variables that leads elsewhere: no connection
--- environment: violet_api
--- http_extra eval: $::Elsewhere
--- config
        location /v1/ {
            set $peer 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
            violet shop;
            violet_unverified_upstream on;
            proxy_pass http://$peer/else$uri;
        }
--- request
GET /v1/merchants
--- error_code: 500
--- response_headers
Content-Type: application/problem+json
--- no_access_log
elsewhere
--- no_error_log
connect to 127.0.0.1
[warn]
