# Mistakes in a location with violet that are errors of nginx -t, and the right
# form of each.  The contract's section 2.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;

# A violet location with that prefix, proxy_pass and further lines.
sub location {
    my ($prefix, $url, @lines) = @_;

    my $lines = join ' ', map { "$_;" } @lines;

    return "location $prefix { violet shop; proxy_pass $url; $lines }\n";
}

our $Cache = 'proxy_cache_path locations_cache keys_zone=one:1m;';
our $Https = 'https://127.0.0.1:1';
our @Verify = ('proxy_ssl_verify on',
               'proxy_ssl_trusted_certificate $TEST_NGINX_SERVER_ROOT/html/ca');

# nginx reads it; no request uses it.
my $ca = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \\
          -nodes -days 2 -subj /CN=authority -keyout /dev/null 2>/dev/null`;

sub authority {
    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/ca";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $ca;
    close $out or die "cannot write $path: $!\n";
}

# The error about a path: the wrong result for an example, and the remedy.
sub turned {
    my ($url, $prefix, $from, $to, $end) = @_;

    return qr{\[emerg\].*"proxy_pass" "\Q$url\E" in location "\Q$prefix\E" with "violet" turns "\Q$from\E" into "\Q$to\E", its path must end in "\Q$end\E", in \S+/nginx\.conf:\d+};
}

no_long_string();
no_root_location();
run_tests();

__DATA__

=== proxy_cache beside violet
--- http_extra eval: $::Cache
--- config eval
::location('/v1/', 'http://violet_api', 'proxy_cache one')
--- refused eval
qr{\[emerg\].*"proxy_cache" is in force in location "/v1/" with "violet", add "proxy_cache off": it would give one caller's answers to others, in \S+/nginx\.conf:\d+}



=== proxy_cache that is inherited from the server
--- http_extra eval: $::Cache
--- config eval
"proxy_cache one;\n" . ::location('/v1/', 'http://violet_api')
--- refused: "proxy_cache" is in force in location "/v1/" with "violet"



=== proxy_cache that is inherited from http
--- http_extra eval: $::Cache . 'proxy_cache one;'
--- refused: "proxy_cache" is in force in location "/v1/" with "violet"



=== proxy_cache with a variable in its name
--- http_extra eval: $::Cache
--- config eval
::location('/v1/', 'http://violet_api', 'set $zone one', 'proxy_cache $zone')
--- refused: "proxy_cache" is in force in location "/v1/" with "violet"



=== proxy_cache off beside violet, and on elsewhere
--- http_extra eval: $::Cache . 'proxy_cache one;'
--- config eval
::location('/v1/', 'http://violet_api', 'proxy_cache off')
. 'location /public/ { proxy_pass http://violet_api/v1/; }'
--- request eval
["GET /v1/merchants", "GET /public/merchants"]
--- error_code eval
[200, 401]
--- no_error_log
[warn]
[error]



=== https without proxy_ssl_verify on
--- config eval: ::location('/v1/', $::Https)
--- refused eval
qr{\[emerg\].*"proxy_pass" "https://127\.0\.0\.1:1" in location "/v1/" with "violet" and without "proxy_ssl_verify on", add it and "proxy_ssl_trusted_certificate", in \S+/nginx\.conf:\d+}



=== https in upper and lower case
--- config eval: ::location('/v1/', 'HTTPS://127.0.0.1:1')
--- refused: without "proxy_ssl_verify on", add it



=== https with proxy_ssl_verify off
--- http_extra
    proxy_ssl_verify on;
--- config eval: ::location('/v1/', $::Https, 'proxy_ssl_verify off')
--- refused: without "proxy_ssl_verify on", add it



=== https to a name that variables choose
--- config eval: ::location('/v1/', 'https://$host')
--- refused
"proxy_pass" "https://$host" in location "/v1/" with "violet" and without "proxy_ssl_verify on", add it



=== https in an if
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            if ($arg_x) {
                proxy_pass https://127.0.0.1:1;
            }
        }
--- refused
"proxy_pass" "https://127.0.0.1:1" in location "/v1/" with "violet" and without "proxy_ssl_verify on", add it



=== https in a limit_except
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            limit_except GET {
                proxy_pass https://127.0.0.1:1;
            }
        }
--- refused
"proxy_pass" "https://127.0.0.1:1" in location "/v1/" with "violet" and without "proxy_ssl_verify on", add it



=== proxy_ssl_verify on, in the location and inherited
--- post_setup_server_root
::authority();
--- config eval
::location('/v1/', $::Https, @::Verify)
. join('', map { "$_;\n" } @::Verify) . ::location('/a/v1/', $::Https . '/v1/')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== violet_unverified_upstream on
--- environment: violet_api
--- config eval
::location('/v1/', $::Https, 'violet_unverified_upstream on')
. "violet_unverified_upstream on;\n"
. ::location('/a/v1/', $::Https)
. ::location('/b/v1/', 'https://$host')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== https where there is no violet, and a scheme that a variable chooses
--- environment: violet_api
--- config eval
'location /t { proxy_pass https://127.0.0.1:1; }'
. ::location('/v1/', '$how://127.0.0.1:1', 'set $how https')
--- request
GET /_mock/counts
--- no_error_log
[warn]
[error]



=== a path that loses the version
--- config eval: ::location('/v1/', 'http://violet_api/')
--- refused eval
::turned('http://violet_api/', '/v1/', '/v1/x', '/x', '/v1/')



=== a path that doubles the version
--- config eval: ::location('/v1/operations/', 'http://violet_api/v1/')
--- refused eval
::turned('http://violet_api/v1/', '/v1/operations/', '/v1/operations/x',
         '/v1/x', '/v1/operations/')



=== a path without its last slash
--- config eval: ::location('/violet/', 'http://violet_api/v1')
--- refused eval
::turned('http://violet_api/v1', '/violet/', '/violet/x', '/v1x', '/v1/')



=== the same, where the prefix has the version
--- config eval: ::location('/shop/v1/', 'http://violet_api/v1')
--- refused eval
::turned('http://violet_api/v1', '/shop/v1/', '/shop/v1/x', '/v1x', '/v1/')



=== another version
--- config eval: ::location('/v1/', 'http://violet_api/v2/')
--- refused eval
::turned('http://violet_api/v2/', '/v1/', '/v1/x', '/v2/x', '/v1/')



=== a path that ends like the version
--- config eval: ::location('/v1/', 'http://violet_api/xv1/')
--- refused eval
::turned('http://violet_api/xv1/', '/v1/', '/v1/x', '/xv1/x', '/v1/')



=== an argument where the path should be
--- config eval: ::location('/v1/', 'http://violet_api/v1/?key=x')
--- refused eval
::turned('http://violet_api/v1/?key=x', '/v1/', '/v1/x', '/v1/?key=xx', '/v1/')



=== a path of a socket
--- config eval: ::location('/v1/', 'http://unix:/nowhere.sock:/')
--- refused eval
::turned('http://unix:/nowhere.sock:/', '/v1/', '/v1/x', '/x', '/v1/')



=== https has a path, too
--- config eval
::location('/v1/', $::Https . '/', 'violet_unverified_upstream on')
--- refused eval
::turned('https://127.0.0.1:1/', '/v1/', '/v1/x', '/x', '/v1/')



=== paths that are right reach Violet
--- environment: violet_api
--- config eval
::location('/v1/', 'http://violet_api')
. ::location('/v1/operations/', 'http://violet_api')
. ::location('/v1/orders/', 'http://violet_api/v1/orders/')
. ::location('/a/v1/', 'http://violet_api/v1/')
. ::location('/b/v1/orders/', 'http://violet_api/v1/orders/')
. ::location('/c/', 'http://violet_api/v1/')
. ::location('/d/', 'http://violet_api/')
. ::location('= /v1/merchants/', 'http://violet_api')
. ::location('^~ /e/v1/', 'http://violet_api/v1/')
. ::location('/', 'http://violet_api')
. ::location('/f/v1/', 'http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/v1/')
. ::location('/g/v1/', 'http://unix:/nowhere.sock:/somewhere/v1/')
. ::location('/h/v1/', 'http://unix:/nowhere.sock:')
--- request eval
["GET /v1/x", "GET /v1/operations/x", "GET /v1/orders/x", "GET /a/v1/x",
 "GET /b/v1/orders/x", "GET /c/x", "GET /d/v1/x", "GET /v1/merchants/",
 "GET /e/v1/x", "GET /f/v1/x"]
--- error_code eval
[(200) x 10]
--- response_body_like eval
['"path": "/v1/x"', '"path": "/v1/operations/x"', '"path": "/v1/orders/x"',
 '"path": "/v1/x"', '"path": "/v1/orders/x"', '"path": "/v1/x"',
 '"path": "/v1/x"', '"path": "/v1/merchants/"', '"path": "/v1/x"',
 '"path": "/v1/x"']
--- no_error_log
[warn]
[error]



=== a path with variables is not checked
--- environment: violet_api
--- config eval
::location('/v1/', 'http://violet_api/$arg_x')
--- request
GET /_mock/counts
--- no_error_log
[emerg]
[warn]



=== a path that a rewrite makes right: a warning
--- config eval
::location('/shop/v1/', 'http://violet_api/',
           'rewrite ^/shop(/v1/.*)$ $1 break')
--- log_level: warn
--- request
GET /shop/v1/orders/x
--- response_body_like: "path": "/v1/orders/x"
--- grep_error_log eval: qr/\[warn\].*its path must end in "\/v1\/"/
--- grep_error_log_out eval
qr/\[warn\] \S+ "proxy_pass" "http:\/\/violet_api\/" in location "\/shop\/v1\/" with "violet" turns "\/shop\/v1\/x" into "\/x", its path must end in "\/v1\/"\n/
--- no_error_log
[error]



=== a rewrite of the server: a warning
--- config eval
'if ($arg_x) { rewrite ^ /v1/y break; }'
. ::location('/v1/', 'http://violet_api/')
--- log_level: warn
--- request
GET /_mock/counts
--- error_log eval
qr{\[warn\].*"proxy_pass" "http://violet_api/" in location "/v1/" with "violet" turns "/v1/x" into "/x"}



=== no proxy_pass in the whole configuration
--- config
        location /v1/ {
            violet shop;
        }

        location /_mock {
            return 204;
        }
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== a content handler of another module in its place
--- config
        location /v1/ {
            violet shop;
            empty_gif;
        }
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== a proxy_pass that nginx refuses is refused beside violet too
--- location: violet shop; proxy_pass http://violet_api; proxy_pass http://violet_api;
--- refused: "proxy_pass" directive is duplicate
