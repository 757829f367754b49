# Possible mistakes in proxy_pass and the lines beside it: nginx -t warns of each
# once, and nginx starts.  The right form of each causes no warning.  The
# contract's section 2.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;

our @Verify = ('proxy_ssl_verify on',
               'proxy_ssl_trusted_certificate $TEST_NGINX_SERVER_ROOT/html/ca');

# nginx reads this file; no request uses it.
my $ca = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \\
          -nodes -days 2 -subj /CN=authority -keyout /dev/null 2>/dev/null`;

sub authority {
    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/ca";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $ca;
    close $out or die "cannot write $path: $!\n";
}

sub file {
    my ($name, $text) = @_;

    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/$name";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $text;
    close $out or die "cannot write $path: $!\n";
    chmod 0600, $path or die "$path: $!\n";
}

# A violet location with that prefix, proxy_pass and further lines.
sub location {
    my ($prefix, $url, @lines) = @_;

    my $lines = join ' ', map { "$_;" } @lines;

    return "location $prefix { violet shop; proxy_pass $url; $lines }\n";
}

# Puts lines into a violet location.
sub within {
    my (@lines) = @_;

    return "location /v1/ { violet shop; proxy_pass http://violet_api;\n"
           . join("\n", @lines) . "\n}\n";
}

# An upstream block of that name.  The addresses of other machines are those
# reserved for documentation.
sub upstream {
    my ($name, @servers) = @_;

    return "upstream $name {\n"
           . join('', map { "    server $_;\n" } @servers) . "}\n";
}

# The warnings of the log, without the time before them.
our $Warnings = qr/\[warn\] [^\n]*/;

# One warning for each text, with the place.
sub warned {
    my (@texts) = @_;

    my $lines = join '', map { "\\[warn\\] \\S+ \Q$_\E in \\S+:\\d+\n" } @texts;

    return qr/\A$lines\z/;
}

sub plain {
    my ($url, $prefix) = @_;

    return qq("proxy_pass" "$url" in location "$prefix" with "violet" leads )
           . 'to another machine by plain http, use https: requests to it are '
           . 'refused, unless "violet_unverified_upstream on",';
}

sub chosen {
    my ($url, $prefix) = @_;

    return qq("proxy_pass" "$url" in location "$prefix" with "violet" lets )
           . 'variables choose a host for plain http, use https: requests to '
           . 'other machines than this are refused, unless '
           . '"violet_unverified_upstream on",';
}

no_long_string();
no_root_location();
log_level('warn');
run_tests();

__DATA__

=== the smallest configuration has no warning
--- http_config
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0 connect_timeout=20s timeout=20s;

    violet_app shop {
        app_id         10000;
        app_secret     file:$TEST_NGINX_SERVER_ROOT/html/app_secret;
        refresh_token  file:$TEST_NGINX_SERVER_ROOT/html/refresh_token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        keepalive 16;
        keepalive_timeout 20s;
    }
--- config
    location /v1/ {
        violet     shop;
        proxy_pass https://violet_api;

        proxy_http_version 1.1;
        proxy_set_header   Connection "";
        proxy_set_header   Host sandbox-api.violet.io;
        proxy_ssl_name     sandbox-api.violet.io;
        proxy_ssl_server_name on;
        proxy_ssl_verify   on;
        proxy_ssl_trusted_certificate $TEST_NGINX_SERVER_ROOT/html/ca;
    }
--- post_setup_server_root
::authority();
::file('app_secret', "mock-app-secret\n");
::file('refresh_token', "mock-refresh-token\n");
--- request
GET /_mock/counts
--- no_error_log
[warn]
[emerg]



=== nginx before 1.27.3: a server's name that is resolved once has no warning
--- skip_nginx: 2: >= 1.27.3
--- http_config eval
::upstream('violet_api', '10.1:443') . <<'END'
    violet_app shop { app_id 10000; app_secret s; token t; }
END
--- config eval
::location('/v1/', 'https://violet_api', @::Verify,
           'proxy_set_header Host violet.test', 'proxy_ssl_name violet.test')
--- post_setup_server_root
::authority();
--- request
GET /_mock/counts
--- no_error_log
[warn]



=== from nginx 1.27.3 on: one warning a block about names without "resolve"
--- skip_nginx: 2: < 1.27.3
--- http_config eval
::upstream('violet_api', '10.1:443', '192.0.2.1:443', 'localhost:443',
           '10.2:443 backup') . <<'END'
    violet_app shop { app_id 10000; app_secret s; token t; }
END
--- config eval
join '', map { ::location($_, 'https://violet_api', @::Verify,
                          'proxy_set_header Host violet.test',
                          'proxy_ssl_name violet.test') }
             '/v1/', '/a/v1/'
--- post_setup_server_root
::authority();
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(map { qq(server "$_:443" of upstream "violet_api" is a name that is )
               . 'resolved once, when nginx starts, add "resolve" to it, '
               . '"zone" to the block and a "resolver",' } '10.1', '10.2')



=== a name with "resolve" is silent
--- skip_nginx: 2: < 1.27.3
--- http_config
    resolver 127.0.0.1:1;
    upstream violet_api {
        zone one 64k;
        server violet.test:443 resolve;
    }
    violet_app shop { app_id 10000; app_secret s; token t; }
--- config eval
::location('/v1/', 'https://violet_api', @::Verify,
           'proxy_set_header Host violet.test', 'proxy_ssl_name violet.test')
--- post_setup_server_root
::authority();
--- request
GET /_mock/counts
--- no_error_log
[warn]



=== plain http to a name with "resolve" may lead anywhere
--- skip_nginx: 2: < 1.27.3
--- http_extra
    resolver 127.0.0.1:1;
    upstream resolved {
        zone one 64k;
        server violet.test:80 resolve;
    }
--- config eval
::location('/v1/', 'http://resolved')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(::plain('http://resolved', '/v1/'))



=== plain http to another machine: once, not for each "if" in the location
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://192.0.2.1;

            if ($arg_x) {
                add_header X-If yes;
            }

            limit_except GET {
                deny all;
            }
        }
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(::plain('http://192.0.2.1', '/v1/'))



=== plain http to another machine: one of several, and a backup
--- environment: violet_api
--- http_extra eval
::upstream('mixed', '127.0.0.1:80', '192.0.2.1:80')
. ::upstream('spare', '127.0.0.1:80', '192.0.2.1:80 backup')
. ::upstream('six', '[2001:db8::1]:80')
--- config eval
::location('/v1/', 'http://mixed') . ::location('/a/v1/', 'http://spare')
. ::location('/b/v1/', 'http://six')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(::plain('http://mixed', '/v1/'), ::plain('http://spare', '/a/v1/'),
         ::plain('http://six', '/b/v1/'))



=== plain http to another machine: addresses of IPv6 that are nearly ::1
--- environment: violet_api
--- config eval
::location('/v1/', 'http://[::2]') . ::location('/a/v1/', 'http://[::1:0:1]')
. ::location('/b/v1/', 'http://[0:0:1::1]')
. ::location('/c/v1/', 'http://[1::1]') . ::location('/d/v1/', 'http://[::1]')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(::plain('http://[::2]', '/v1/'), ::plain('http://[::1:0:1]', '/a/v1/'),
         ::plain('http://[0:0:1::1]', '/b/v1/'),
         ::plain('http://[1::1]', '/c/v1/'))



=== plain http to another machine in an "if" of its own
--- environment: violet_api
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            if ($arg_x) {
                proxy_pass http://192.0.2.1;
            }
        }
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(::plain('http://192.0.2.1', '/v1/'))



=== plain http to this machine is silent
--- environment: violet_api
--- http_extra eval
::upstream('local', '127.0.0.1:80', '127.1.2.3:80', '[::1]:80',
           'unix:/nowhere.sock', 'localhost:80 backup')
--- config eval
::location('/v1/', 'http://local') . ::location('/a/', 'http://localhost:80')
. ::location('/b/', 'http://unix:/nowhere.sock:')
. ::location('/c/', 'http://[::1]:80')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== violet_unverified_upstream on: plain http to anywhere is silent
--- environment: violet_api
--- http_extra
    violet_unverified_upstream on;
--- config eval
::location('/v1/', 'http://192.0.2.1') . ::location('/a/v1/', 'http://$host')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== plain http to a host that variables choose
--- environment: violet_api
--- http_extra eval
::upstream('far', '192.0.2.1:80')
--- config eval
'set $request_uri_x x;' . join '', map { ::location("/$_->[0]/v1/", "http://$_->[1]") }
             ['a', '$host'], ['b', '127.0.0.1$arg_x'], ['c', '192.0.2.1:$arg_x'],
             ['d', 'far$request_uri'], ['e', 'violet_api$arg_x'],
             ['f', 'violet_api:$arg_x'], ['g', '[::1$arg_x'],
             ['h', 'localhost:$arg_x'], ['i', '127.0.0.1$request_uri_x'],
             ['j', 'fax$request_uri']
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(map { ::chosen("http://$_->[1]", "/$_->[0]/v1/") }
             ['a', '$host'], ['b', '127.0.0.1$arg_x'], ['c', '192.0.2.1:$arg_x'],
             ['d', 'far$request_uri'], ['e', 'violet_api$arg_x'],
             ['f', 'violet_api:$arg_x'], ['g', '[::1$arg_x'],
             ['h', 'localhost:$arg_x'], ['i', '127.0.0.1$request_uri_x'],
             ['j', 'fax$request_uri'])



=== variables that cannot choose another machine are silent
--- environment: violet_api
--- config eval
join '', map { ::location("/$_->[0]/v1/", "http://$_->[1]") }
             ['a', '127.0.0.1:$arg_x'], ['b', '127.0.0.1/$arg_x'],
             ['c', '127.0.0.1$request_uri'], ['d', '[::1]:$arg_x'],
             ['e', '[::1]/$arg_x'], ['f', 'unix:$arg_x'],
             ['g', 'violet_api$request_uri'], ['h', 'VIOLET_API/$arg_x'],
             ['i', '127.0.0.1?x=$arg_x']
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== a block of https without Host and without a name for its certificate
--- post_setup_server_root
::authority();
--- config eval
::location('/v1/', 'https://violet_api', @::Verify)
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned('no "proxy_set_header Host" beside "proxy_pass" "https://violet_api" '
         . 'in location "/v1/", add one with Violet\'s name: "violet_api" is '
         . 'sent,',
         'no "proxy_ssl_name" beside "proxy_pass" "https://violet_api" in '
         . 'location "/v1/", add one with Violet\'s name: "violet_api" is '
         . 'looked for in the certificate,')



=== Host of the server does not count: violet has headers of its own
--- post_setup_server_root
::authority();
--- config eval
'proxy_set_header Host violet.test; proxy_ssl_name violet.test;'
. ::location('/v1/', 'https://violet_api', @::Verify)
--- request
GET /_mock/counts
--- error_log
no "proxy_set_header Host" beside "proxy_pass" "https://violet_api"
--- no_error_log
no "proxy_ssl_name"



=== no warning with both, without a block, or if the block has the host's name
--- environment: violet_api
--- post_setup_server_root
::authority();
--- http_extra eval
::upstream('api.violet.test', '127.0.0.1:1')
--- config eval
::location('/v1/', 'https://violet_api', @::Verify,
           'proxy_set_header host violet.test', 'proxy_ssl_name violet.test')
. ::location('/a/v1/', 'https://127.0.0.1:1', @::Verify)
. ::location('/b/v1/', 'https://api.violet.test', @::Verify)
. ::location('/c/v1/', 'http://violet_api')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== without verification there is no warning about proxy_ssl_name, but about Host
--- environment: violet_api
--- config eval
::location('/v1/', 'https://violet_api', 'violet_unverified_upstream on')
. ::location('/a/v1/', 'https://violet_api', 'violet_unverified_upstream on',
             'proxy_ssl_server_name on', 'proxy_set_header Host violet.test')
--- request
GET /_mock/counts
--- grep_error_log eval: qr/\[warn\].*?"proxy_pass" "[^"]*" in location "[^"]*"/
--- grep_error_log_out eval
qr{\A\[warn\] \S+ no "proxy_set_header Host" beside "proxy_pass" "https://violet_api" in location "/v1/"
\[warn\] \S+ no "proxy_ssl_name" beside "proxy_pass" "https://violet_api" in location "/a/v1/"
\z}



=== a header that is Violet's
--- config eval
'proxy_headers_hash_bucket_size 128;'
. ::location('/v1/', 'http://violet_api', 'proxy_set_header X-Violet-Token mine',
           'proxy_set_header x-violet-app-id $arg_id',
           'proxy_set_header X-Violet-Other other')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(map { qq("proxy_set_header $_" beside "violet" in location "/v1/", )
               . 'remove it: headers of that name are Violet\'s, and the '
               . 'module sends its credentials by itself,' }
             'X-Violet-Token', 'x-violet-app-id', 'X-Violet-Other')



=== other headers, one without a value, and one outside of violet
--- config eval
'proxy_set_header X-Violet-Token mine;'
. ::location('/v1/', 'http://violet_api', 'proxy_set_header X-Mine mine',
             'proxy_set_header X-Violet-Other ""',
             'proxy_set_header X-Violets blue')
. 'location /t { proxy_pass http://violet_api; }'
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== an inner location with proxy_pass and without violet
--- config eval
::within('location /v1/orders/ { proxy_pass http://violet_api; }',
         'location ~ x$ { proxy_pass http://violet_api; if ($arg_x) { } }')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned(map { 'no "violet" beside "proxy_pass" "http://violet_api" in '
               . qq(location "$_", which is within a location with "violet", )
               . 'add it: requests go there without credentials,' }
             '/v1/orders/', 'x$')



=== an inner location without an answer
--- config eval
::within('location /v1/orders/ { client_max_body_size 1m; }')
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned('no "proxy_pass" and no other answer in location "/v1/orders/", '
         . 'which is within a location with "violet", add "violet" and '
         . '"proxy_pass", or "return": it inherits neither, and serves files,')



=== inner locations that have an answer are silent
--- config eval
::within('location /v1/a/ { violet shop; proxy_pass http://violet_api; }',
         'location /v1/b/ { return 404; }',
         'location /v1/c/ { rewrite ^ /t last; }',
         'location /v1/d/ { deny all; }',
         'location /v1/e/ { root /nowhere; }',
         'location /v1/f/ { alias /nowhere/; }',
         'location /v1/g/ { internal; }',
         'location /v1/h/ { empty_gif; }',
         'location /v1/i/ { try_files /nowhere =404; }',
         'if ($arg_x) { set $y z; }',
         'limit_except GET { deny all; }')
. 'location /a/ { location /a/b/ { client_max_body_size 1m; } }'
. 'location /b/ { proxy_pass http://violet_api;'
. ' location /b/c/ { client_max_body_size 1m; } }'
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== an app that no location uses
--- http_extra
    violet_app spare { app_id 10001; app_secret s; token t; }
--- request
GET /_mock/counts
--- grep_error_log eval: $::Warnings
--- grep_error_log_out eval
::warned('no location uses "violet_app" "spare", name it in one by '
         . '"violet spare" or remove it,')



=== an app that only an operation uses
--- http_extra
    violet_app spare { app_id 10001; app_secret s; token t; environment x; }
--- config
    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
    }
    location = /purge {
        violet_purge spare;
    }
--- request
GET /v1/products/1
--- no_error_log
[warn]
[error]



=== no location at all
--- config
    location /t {
        return 204;
    }
--- request
GET /t
--- error_code: 204
--- error_log
no location uses "violet_app" "shop", name it in one by "violet shop" or remove it



=== a variable may use any app
--- http_extra
    violet_app spare { app_id 10001; app_secret s; token t; }
--- config
    location /v1/ {
        violet $arg_app;
        proxy_pass http://violet_api;
    }
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]
