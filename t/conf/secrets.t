# Values that a secret must not have: a path, a variable or a placeholder instead
# of a value, a file with a byte order mark.  The contract's section 2.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

$ENV{VIOLET_TEST_SLASH} = '/secret-of-the-environment';
$ENV{VIOLET_TEST_MARK} = "\xef\xbb\xbfmarked-secret";

# A file in html/, which a block's configuration reads.
sub secret {
    my ($name, $text) = @_;

    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/$name";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $text;
    close $out or die "cannot write $path: $!\n";
    chmod 0600, $path or die "$path: $!\n";
}

# An app with these lines, and the upstream of the default location.
sub app {
    my (@lines) = @_;

    my $lines = join ' ', map { "$_;" } @lines;

    return <<"    END";
    violet_app shop {
        app_id 10000;
        $lines
    }
    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_VIOLET_PORT;
    }
    END
}

our $File = 'a secret that really begins so goes into a file';

no_long_string();
run_tests();

__DATA__

=== app_secret: a path, and "file:" was forgotten
--- app: app_id 10000; app_secret /etc/nginx/violet/app_secret; token t;
--- refused eval
qr{the value of "app_secret" begins with "/", write "file:" before a path; $::File in \S+:\d+}
--- no_error_log: /etc/nginx/violet/app_secret



=== app_secret: a variable of nginx, which it does not take
--- app: app_id 10000; app_secret $hush_hush; token t;
--- refused eval
qr{the value of "app_secret" begins with "\$", it takes no variables of nginx, use "file:PATH" or "env:NAME"; $::File in \S+:\d+}
--- no_error_log: hush_hush



=== app_secret: a placeholder
--- app: app_id 10000; app_secret "<your hush-hush>"; token t;
--- refused eval
qr{the value of "app_secret" begins with "<", put your own in its place, best as "file:PATH"; $::File in \S+:\d+}
--- no_error_log: hush-hush



=== token: a path
--- app: app_id 10000; app_secret s; token /run/token;
--- refused: the value of "token" begins with "/", write "file:" before a path



=== refresh_token: a variable
--- app: app_id 10000; app_secret s; refresh_token ${TOKEN};
--- refused
the value of "refresh_token" begins with "$", it takes no variables



=== login: the name is a path
--- app: app_id 10000; app_secret s; login /etc/name p;
--- refused: the value of "login" begins with "/", write "file:" before a path



=== login: the password is a placeholder
--- app: app_id 10000; app_secret s; login dev@example.com <password>;
--- refused: the value of "login" begins with "<", put your own in its place



=== password= of violet_redis: a path
--- redis
redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=/etc/nginx/violet/redis_password
--- refused
the value of "password" begins with "/", write "file:" before a path
--- no_error_log: redis_password



=== password= of violet_redis: a variable
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=$hush_hush
--- refused: the value of "password" begins with "$", it takes no variables
--- no_error_log: hush_hush



=== password= of violet_redis: a placeholder
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=<hush-hush>
--- refused: the value of "password" begins with "<", put your own in its place
--- no_error_log: hush-hush



=== the content of a file may begin with such a character
--- http_config eval
::app("app_secret file:$ENV{TEST_NGINX_SERVER_ROOT}/html/slash",
      "token file:$ENV{TEST_NGINX_SERVER_ROOT}/html/dollar")
--- post_setup_server_root
::secret('slash', "/mock-secret\n");
::secret('dollar', "\$mock-token\n");
--- request eval
["GET /v1/merchants", "GET /_mock/last"]
--- error_code eval
[401, 200]
--- response_body_like eval
["", ::sent('X-Violet-App-Secret', '/mock-secret') . '.*'
     . ::sent('X-Violet-Token', '$mock-token')]
--- no_error_log
[warn]



=== a variable of the environment may begin with such a character
--- main_config
env VIOLET_TEST_SLASH;
--- http_config eval
::app('app_secret env:VIOLET_TEST_SLASH', 'token mock-token')
--- request eval
["GET /v1/merchants", "GET /_mock/last"]
--- error_code eval
[401, 200]
--- response_body_like eval
["", ::sent('X-Violet-App-Secret', '/secret-of-the-environment')]
--- no_error_log
[warn]



=== a literal may hold such a character anywhere else
--- http_config eval: ::app('app_secret mock/$app<secret', 'token mock-token')
--- request eval
["GET /v1/merchants", "GET /_mock/last"]
--- error_code eval
[401, 200]
--- response_body_like eval
["", ::sent('X-Violet-App-Secret', 'mock/$app<secret')]
--- no_error_log
[warn]



=== a file with the byte order mark of UTF-8
--- app: app_id 10000; app_secret file:../html/marked; token t;
--- post_setup_server_root
::secret('marked', "\xef\xbb\xbfhush-hush\n");
--- refused eval
qr{the value of "app_secret" begins with a byte order mark, save it without one, in a file for "file:PATH": \S+/html/marked in \S+:\d+}
--- no_error_log: hush-hush



=== a file with the byte order mark of UTF-16, either kind
--- app: app_id 10000; app_secret file:../html/marked; token t;
--- post_setup_server_root
::secret('marked', "\xff\xfeh\0u\0s\0h\0");
--- refused: the value of "app_secret" begins with a byte order mark



=== the other byte order mark of UTF-16
--- app: app_id 10000; app_secret file:../html/marked; token t;
--- post_setup_server_root
::secret('marked', "\xfe\xff\0h\0u\0s\0h");
--- refused: the value of "app_secret" begins with a byte order mark



=== a byte order mark in the file of password=
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=file:../html/marked
--- post_setup_server_root
::secret('marked', "\xef\xbb\xbfhush-hush\n");
--- refused: the value of "password" begins with a byte order mark
--- no_error_log: hush-hush



=== a byte order mark in a variable of the environment
--- main_config
env VIOLET_TEST_MARK;
--- app: app_id 10000; app_secret env:VIOLET_TEST_MARK; token t;
--- refused
the value of "app_secret" begins with a byte order mark, save it without one
--- no_error_log: marked-secret



=== a file of two bytes that are no byte order mark
--- http_config eval
::app("app_secret file:$ENV{TEST_NGINX_SERVER_ROOT}/html/short", 'token mock-token')
--- post_setup_server_root
::secret('short', "\xef\xbb");
--- request
GET /v1/merchants
--- error_code: 401
--- no_error_log
[warn]



=== violet_app: a name of 64 bytes
--- http_config eval
"violet_app " . 'n' x 64 . " { app_id 10000; app_secret mock-app-secret; token mock-token; }"
--- config eval
'location /v1/ { violet ' . 'n' x 64 . '; proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT; }'
--- request
POST /v1/checkout/cart/20000/submit
{}
--- response_headers
X-Violet-Cart-Outcome: completed
--- no_error_log
[warn]
[error]



=== violet_app: a longer name
--- http_config eval
"violet_app " . 'n' x 65 . " { app_id 10000; app_secret s; token t; }"
--- config eval
'location /v1/ { violet ' . 'n' x 65 . '; proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT; }'
--- refused eval
qr/a name of "violet_app" is longer than 64 bytes, shorten it: "n{65}" in \S+:\d+/
