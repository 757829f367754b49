# The wrong forms of each directive, with which nginx must refuse to start, then
# the right forms, and the directives that a location inherits.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

delete $ENV{VIOLET_TEST_UNSET};
$ENV{VIOLET_TEST_EMPTY} = '';
$ENV{VIOLET_TEST_SECRET} = 'secret-of-the-environment';
$ENV{VIOLET_TEST_BROKEN} = "broken-secret\nbehind-the-break";

# A file in html/, which a block's configuration reads.
sub secret {
    my ($name, $text, $mode) = @_;

    my $path = "$ENV{TEST_NGINX_SERVER_ROOT}/html/$name";

    open my $out, '>', $path or die "cannot write $path: $!\n";
    print $out $text;
    close $out or die "cannot write $path: $!\n";
    chmod defined $mode ? $mode : 0600, $path or die "$path: $!\n";
}

no_long_string();
run_tests();

__DATA__

=== violet_app: no name
--- http_extra: violet_app {
--- refused: invalid number of arguments in "violet_app" directive



=== violet_app: a name with other characters
--- http_extra: violet_app my.shop { app_id 1; app_secret s; token t; }
--- refused
invalid name "my.shop" in "violet_app", use letters, digits, "_" and "-"



=== violet_app: an empty name
--- http_extra: violet_app "" { app_id 1; app_secret s; token t; }
--- refused: invalid name "" in "violet_app", use letters, digits, "_" and "-"



=== violet_app: two of one name
--- http_extra: violet_app shop { app_id 1; app_secret s; token t; }
--- refused: duplicate "violet_app" "shop", give each app a name of its own



=== violet_app: not in a server
--- config: violet_app other { app_id 1; app_secret s; token t; }
--- refused: "violet_app" directive is not allowed here



=== violet_app: without a block
--- http_extra: violet_app other;
--- refused: directive "violet_app" has no opening "{"



=== violet_app: an unknown directive in it
--- app: app_id 1; app_secret s; token t; secret x;
--- refused
unknown directive "secret" in "violet_app", use one of "app_id", "environment", "app_secret", "token", "refresh_token" and "login"



=== violet_app: without app_id
--- app: app_secret s; token t;
--- refused: no "app_id" in "violet_app" "shop", add it



=== violet_app: app_id twice
--- app: app_id 1; app_secret s; token t; app_id 1;
--- refused: "app_id" is duplicate in "violet_app" "shop"



=== violet_app: app_id without a value
--- app: app_id; app_secret s; token t;
--- refused
invalid number of arguments in "app_id" of "violet_app", it takes one



=== violet_app: app_id with two values
--- app: app_id 1 2; app_secret s; token t;
--- refused
invalid number of arguments in "app_id" of "violet_app", it takes one



=== violet_app: without app_secret
--- app: app_id 1; token t;
--- refused: no "app_secret" in "violet_app" "shop", add it



=== violet_app: app_secret three times
--- app: app_id 1; app_secret s; token t; app_secret s; app_secret s;
--- refused
"app_secret" is duplicate in "violet_app" "shop", remove one: there may be two, the new one and the old



=== violet_app: app_secret twice is the new one and the old
--- app: app_id 1; app_secret some-secret; app_secret other-secret; token t;
--- config: location /t { return 204; }
--- request
GET /t
--- error_code: 204



=== violet_app: two sources of tokens
--- app: app_id 1; app_secret s; token t; refresh_token other-token;
--- refused
more than one of "token", "refresh_token" and "login" in "violet_app" "shop", keep only one
--- no_error_log: other-token



=== violet_app: no source of tokens
--- app: app_id 1; app_secret s;
--- refused
no "token" in "violet_app" "shop", add it or "refresh_token" or "login"



=== violet_app: refresh_token twice
--- app: app_id 1; app_secret s; refresh_token t; refresh_token t;
--- refused: "refresh_token" is duplicate in "violet_app" "shop", remove one



=== violet_app: refresh_token that is too long
--- app: app_id 1; app_secret s; refresh_token file:../html/long;
--- user_files eval
">>> long\n" . 'r' x 4097
--- refused
"refresh_token" in "violet_app" "shop" is longer than 4096 bytes, check it
--- no_error_log: rrrrrrrr



=== violet_app: refresh_token without a location for its calls
--- app: environment live; app_id 1; app_secret s; refresh_token t;
--- location: violet shop; proxy_pass http://$host;
--- refused eval
qr{no location through which "violet_app" "shop" could get its tokens, add one such as "location /v1/" with "violet shop" and a "proxy_pass" without variables, in \S+/conf/nginx.conf:\d+}



=== violet_app: login without a location that names the app
--- app: app_id 1; app_secret s; login dev@example.com some-password;
--- location
            violet $arg_app;
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
--- refused: no location through which "violet_app" "shop" could get its tokens
--- no_error_log: some-password



=== violet_app: a location for a part of the API is not one for tokens
--- app: app_id 1; app_secret s; refresh_token t;
--- config
        location /v1/operations/ {
            violet shop;
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
--- refused: no location through which "violet_app" "shop" could get its tokens



=== violet_app: app_secret without a value
--- app: app_secret; app_id 1; token t;
--- refused
invalid number of arguments in "app_secret" of "violet_app", it takes one



=== violet_app: app_secret with two values
--- app: app_secret 1 2; app_id 1; token t;
--- refused
invalid number of arguments in "app_secret" of "violet_app", it takes one



=== violet_app: without token
--- app: app_id 1; app_secret s;
--- refused: no "token" in "violet_app" "shop", add it



=== violet_app: token twice
--- app: app_id 1; app_secret s; token t; token t;
--- refused: "token" is duplicate in "violet_app" "shop"



=== violet_app: token without a value
--- app: token; app_id 1; app_secret s;
--- refused
invalid number of arguments in "token" of "violet_app", it takes one



=== violet_app: token with two values
--- app: token 1 2; app_id 1; app_secret s;
--- refused
invalid number of arguments in "token" of "violet_app", it takes one



=== app_id: no number
--- app: app_id abc; app_secret s; token t;
--- refused
invalid value "abc" in "app_id", it must be a number from 1 to 2147483647



=== app_id: zero
--- app: app_id 0; app_secret s; token t;
--- refused
invalid value "0" in "app_id", it must be a number from 1 to 2147483647



=== app_id: a sign
--- app: app_id -1; app_secret s; token t;
--- refused
invalid value "-1" in "app_id", it must be a number from 1 to 2147483647



=== app_id: more than int32
--- app: app_id 2147483648; app_secret s; token t;
--- refused
invalid value "2147483648" in "app_id", it must be a number from 1 to 2147483647



=== app_id: a leading zero
--- app: app_id 010000; app_secret s; token t;
--- refused
invalid value "010000" in "app_id", it must be a number from 1 to 2147483647



=== app_id: more than any number
--- app: app_id 99999999999999999999999; app_secret s; token t;
--- refused
invalid value "99999999999999999999999" in "app_id", it must be a number from 1 to 2147483647



=== app_id: a fraction
--- app: app_id 10000.5; app_secret s; token t;
--- refused
invalid value "10000.5" in "app_id", it must be a number from 1 to 2147483647



=== app_id: empty
--- app: app_id ""; app_secret s; token t;
--- refused
invalid value "" in "app_id", it must be a number from 1 to 2147483647



=== app_secret: an empty literal
--- app: app_id 1; app_secret ""; token t;
--- refused: "app_secret" is empty



=== app_secret: no such file
--- app: app_id 1; app_secret file:../html/none; token t;
--- refused
/html/none" of "app_secret"
cannot open file
No such file or directory



=== app_secret: a folder in place of a file
--- app: app_id 1; app_secret file:../html; token t;
--- refused: /html" of "app_secret" is not a regular file



=== app_secret: an empty file
--- app: app_id 1; app_secret file:../html/secret; token t;
--- post_setup_server_root: ::secret("secret", "");
--- refused: "app_secret" is empty



=== app_secret: a file with only a newline
--- app: app_id 1; app_secret file:../html/secret; token t;
--- post_setup_server_root: ::secret("secret", "\n");
--- refused: "app_secret" is empty



=== app_secret: a file with two lines, of which none is in the message
--- app: app_id 1; app_secret file:../html/secret; token t;
--- post_setup_server_root: ::secret("secret", "first-half\nsecond-half\n");
--- refused: "app_secret" has a control character or a line break in its value
--- no_error_log
first-half
second-half



=== app_secret: a file that is too long
--- app: app_id 1; app_secret file:../html/secret; token t;
--- post_setup_server_root: ::secret("secret", "x" x 65537);
--- refused: /html/secret" of "app_secret" is longer than 65536 bytes
--- no_error_log: xxxxxxxx



=== app_secret: a variable of the environment that is not set
--- app: app_id 1; app_secret env:VIOLET_TEST_UNSET; token t;
--- refused: environment variable "VIOLET_TEST_UNSET" of "app_secret" is not set



=== app_secret: a variable of the environment that is empty
--- app: app_id 1; app_secret env:VIOLET_TEST_EMPTY; token t;
--- refused: "app_secret" is empty



=== app_secret: a control character in the environment, its value is not in the message
--- app: app_id 1; app_secret env:VIOLET_TEST_BROKEN; token t;
--- refused: "app_secret" has a control character or a line break in its value
--- no_error_log
broken-secret
behind-the-break



=== app_secret: a control character in a literal, its value is not in the message
--- app: app_id 1; app_secret "broken-secret\nbehind-the-break"; token t;
--- refused: "app_secret" has a control character or a line break in its value
--- no_error_log
broken-secret
behind-the-break



=== app_secret: env: without a name
--- app: app_id 1; app_secret env:; token t;
--- refused: environment variable "" of "app_secret" is not set



=== token: an empty literal
--- app: app_id 1; token ""; app_secret s;
--- refused: "token" is empty



=== token: no such file
--- app: app_id 1; token file:../html/none; app_secret s;
--- refused
/html/none" of "token"
cannot open file
No such file or directory



=== token: a folder in place of a file
--- app: app_id 1; token file:../html; app_secret s;
--- refused: /html" of "token" is not a regular file



=== token: an empty file
--- app: app_id 1; token file:../html/secret; app_secret s;
--- post_setup_server_root: ::secret("secret", "");
--- refused: "token" is empty



=== token: a file with only a newline
--- app: app_id 1; token file:../html/secret; app_secret s;
--- post_setup_server_root: ::secret("secret", "\n");
--- refused: "token" is empty



=== token: a file with two lines, of which none is in the message
--- app: app_id 1; token file:../html/secret; app_secret s;
--- post_setup_server_root: ::secret("secret", "first-half\nsecond-half\n");
--- refused: "token" has a control character or a line break in its value
--- no_error_log
first-half
second-half



=== token: a file that is too long
--- app: app_id 1; token file:../html/secret; app_secret s;
--- post_setup_server_root: ::secret("secret", "x" x 65537);
--- refused: /html/secret" of "token" is longer than 65536 bytes
--- no_error_log: xxxxxxxx



=== token: a variable of the environment that is not set
--- app: app_id 1; token env:VIOLET_TEST_UNSET; app_secret s;
--- refused: environment variable "VIOLET_TEST_UNSET" of "token" is not set



=== token: a variable of the environment that is empty
--- app: app_id 1; token env:VIOLET_TEST_EMPTY; app_secret s;
--- refused: "token" is empty



=== token: a control character in the environment, its value is not in the message
--- app: app_id 1; token env:VIOLET_TEST_BROKEN; app_secret s;
--- refused: "token" has a control character or a line break in its value
--- no_error_log
broken-secret
behind-the-break



=== token: a control character in a literal, its value is not in the message
--- app: app_id 1; token "broken-secret\nbehind-the-break"; app_secret s;
--- refused: "token" has a control character or a line break in its value
--- no_error_log
broken-secret
behind-the-break



=== token: env: without a name
--- app: app_id 1; token env:; app_secret s;
--- refused: environment variable "" of "token" is not set



=== app_secret: a file that its owner alone may read is silent
--- post_setup_server_root
::secret("secret", "mock-app-secret\n", 0600);
::secret("token", "mock-token", 0640);
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  file:$TEST_NGINX_SERVER_ROOT/html/secret;
        token       file:$TEST_NGINX_SERVER_ROOT/html/token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
GET /v1/merchants
--- response_body_like: "path": "/v1/merchants"
--- no_error_log
[warn]
[error]



=== a file that every user may read warns, for the secret
--- post_setup_server_root
::secret("secret", "mock-app-secret\n", 0644);
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  file:$TEST_NGINX_SERVER_ROOT/html/secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- log_level: info
--- request
GET /v1/merchants
--- response_body_like: "path": "/v1/merchants"
--- error_log eval
qr{\[warn\].*/html/secret" of "app_secret" is readable by every user, .*chmod o-r}
--- no_error_log
[error]
mock-app-secret



=== a file that every user may read warns, for the token
--- post_setup_server_root
::secret("token", "mock-token\n", 0604);
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       file:$TEST_NGINX_SERVER_ROOT/html/token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- log_level: info
--- request
GET /v1/merchants
--- response_body_like: "path": "/v1/merchants"
--- error_log eval
qr{\[warn\].*/html/token" of "token" is readable by every user, .*chmod o-r}
--- no_error_log
[error]
mock-token



=== violet: no app
--- location: violet; proxy_pass http://violet_api;
--- refused: invalid number of arguments in "violet" directive



=== violet: two apps
--- location: violet shop shop; proxy_pass http://violet_api;
--- refused: invalid number of arguments in "violet" directive



=== violet: twice
--- location: violet shop; violet shop; proxy_pass http://violet_api;
--- refused: "violet" directive is duplicate



=== violet: an unknown app
--- location: violet shoe; proxy_pass http://violet_api;
--- refused
unknown app "shoe" in "violet" of location "/v1/", define it with "violet_app shoe { ... }"



=== violet: the letter case of a name counts
--- location: violet Shop; proxy_pass http://violet_api;
--- refused: unknown app "Shop" in "violet" of location "/v1/"



=== violet: an unknown variable
--- location: violet $violet_test_none; proxy_pass http://violet_api;
--- refused: unknown "violet_test_none" variable



=== violet: without proxy_pass
--- location: violet shop;
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== violet: without proxy_pass, with a variable
--- location: violet $arg_app;
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== violet: in a nested location without proxy_pass
--- location: proxy_pass http://violet_api; location /v1/x/ { violet shop; }
--- refused
"violet" in location "/v1/x/" without "proxy_pass", add one that leads to Violet



=== violet: in a regex location
--- config
        location ~ ^/v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in the regex location "^/v1/", use one with a prefix such as "/v1/"



=== violet: in a regex location without letter case
--- config
        location ~* /v1/$ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in the regex location "/v1/$", use one with a prefix



=== violet: in a named location
--- config
        location @violet {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in the named location "@violet", use one with a prefix such as "/v1/"



=== violet: under a prefix that does not end in a slash
--- config
        location /v1 {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in location "/v1", its prefix must end in "/"



=== violet: under an exact path that does not end in a slash
--- config
        location = /v1/merchants {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in location "/v1/merchants", its prefix must end in "/"



=== violet: under ^~ that does not end in a slash
--- config
        location ^~ /v1 {
            violet shop;
            proxy_pass http://violet_api;
        }
--- refused
"violet" cannot be used in location "/v1", its prefix must end in "/"



=== violet: in a server
--- config: violet shop;
--- refused: "violet" directive is not allowed here



=== violet: in http
--- http_extra: violet shop;
--- refused: "violet" directive is not allowed here



=== violet: in an if
--- location: proxy_pass http://violet_api; if ($arg_x) { violet shop; }
--- refused: "violet" directive is not allowed here



=== violet: in a limit_except
--- location: proxy_pass http://violet_api; limit_except GET { violet shop; }
--- refused: "violet" directive is not allowed here



=== violet_redis: no URL
--- http_extra: violet_redis;
--- refused: invalid number of arguments in "violet_redis" directive



=== violet_redis: twice
--- http_extra: violet_redis redis://127.0.0.1:1/0;
--- refused: "violet_redis" directive is duplicate



=== violet_redis: not in a server
--- config: violet_redis redis://127.0.0.1:1/0;
--- refused: "violet_redis" directive is not allowed here



=== violet_redis: no scheme
--- redis: 127.0.0.1:6379
--- refused
invalid URL "127.0.0.1:6379" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== violet_redis: another scheme
--- redis: http://127.0.0.1:6379
--- refused
invalid URL "http://127.0.0.1:6379" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== violet_redis: nothing behind the scheme
--- redis: redis://
--- refused
invalid URL "redis://" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== violet_redis: a socket without a path
--- redis: unix:
--- refused
invalid URL "unix:" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== violet_redis: empty
--- redis: ""
--- refused
invalid URL "" in "violet_redis", use "redis://host:port/db", "rediss://host:port/db" or "unix:/path"



=== violet_redis: a port out of range
--- redis: redis://127.0.0.1:99999/0
--- refused
invalid port
in "violet_redis" "redis://127.0.0.1:99999/0"



=== violet_redis: a port that is no number
--- redis: redis://127.0.0.1:abc/0
--- refused
invalid port
in "violet_redis" "redis://127.0.0.1:abc/0"



=== violet_redis: port zero
--- redis: redis://127.0.0.1:0/0
--- refused
invalid port
in "violet_redis" "redis://127.0.0.1:0/0"



=== violet_redis: no host
--- redis: redis://:6379/0
--- refused: in "violet_redis" "redis://:6379/0"



=== violet_redis: a host that cannot be resolved
--- redis: redis://redis.invalid:6379/0
--- refused: host not found in "violet_redis" "redis://redis.invalid:6379/0"



=== violet_redis: a password in the URL, which is not in the message
--- redis: redis://user:hush-hush@127.0.0.1:6379/0
--- refused
credentials in the URL of "violet_redis", use "username=" and "password=file:PATH" instead
--- no_error_log: hush-hush



=== violet_redis: database x
--- redis: redis://127.0.0.1:6379/x
--- refused
invalid database "x" in "violet_redis" "redis://127.0.0.1:6379/x", it must be a number



=== violet_redis: database -1
--- redis: redis://127.0.0.1:6379/-1
--- refused
invalid database "-1" in "violet_redis" "redis://127.0.0.1:6379/-1", it must be a number



=== violet_redis: database 1x
--- redis: redis://127.0.0.1:6379/1x
--- refused
invalid database "1x" in "violet_redis" "redis://127.0.0.1:6379/1x", it must be a number



=== violet_redis: database 0/1
--- redis: redis://127.0.0.1:6379/0/1
--- refused
invalid database "0/1" in "violet_redis" "redis://127.0.0.1:6379/0/1", it must be a number



=== violet_redis: database 65536
--- redis: redis://127.0.0.1:6379/65536
--- refused
invalid database "65536" in "violet_redis" "redis://127.0.0.1:6379/65536", it must be a number



=== violet_redis: database 99999999999999999999
--- redis: redis://127.0.0.1:6379/99999999999999999999
--- refused
invalid database "99999999999999999999" in "violet_redis" "redis://127.0.0.1:6379/99999999999999999999", it must be a number



=== violet_redis: an unknown parameter
--- redis: redis://127.0.0.1:1/0 ttl=1s
--- refused
invalid parameter "ttl" in "violet_redis", use one of "prefix", "db",



=== violet_redis: a parameter without a value
--- redis: redis://127.0.0.1:1/0 timeout
--- refused: invalid parameter "timeout" in "violet_redis", use one of



=== violet_redis: timeout zero
--- redis: redis://127.0.0.1:1/0 timeout=0
--- refused
invalid value "timeout=0" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: timeout no time
--- redis: redis://127.0.0.1:1/0 timeout=abc
--- refused
invalid value "timeout=abc" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: timeout a wrong unit
--- redis: redis://127.0.0.1:1/0 timeout=100x
--- refused
invalid value "timeout=100x" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: timeout too long
--- redis: redis://127.0.0.1:1/0 timeout=61s
--- refused
invalid value "timeout=61s" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: timeout negative
--- redis: redis://127.0.0.1:1/0 timeout=-1
--- refused
invalid value "timeout=-1" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: timeout nothing
--- redis: redis://127.0.0.1:1/0 timeout=
--- refused
invalid value "timeout=" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout zero
--- redis: redis://127.0.0.1:1/0 connect_timeout=0
--- refused
invalid value "connect_timeout=0" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout no time
--- redis: redis://127.0.0.1:1/0 connect_timeout=abc
--- refused
invalid value "connect_timeout=abc" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout a wrong unit
--- redis: redis://127.0.0.1:1/0 connect_timeout=100x
--- refused
invalid value "connect_timeout=100x" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout too long
--- redis: redis://127.0.0.1:1/0 connect_timeout=61s
--- refused
invalid value "connect_timeout=61s" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout negative
--- redis: redis://127.0.0.1:1/0 connect_timeout=-1
--- refused
invalid value "connect_timeout=-1" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: connect_timeout nothing
--- redis: redis://127.0.0.1:1/0 connect_timeout=
--- refused
invalid value "connect_timeout=" in "violet_redis", it must be a time from 1ms to 60s



=== violet_redis: a prefix that is too long
--- redis
redis://127.0.0.1:1/0 prefix=ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp
--- refused: "prefix" of "violet_redis" is longer than 128 bytes



=== violet_redis: a user name without a password
--- redis: redis://127.0.0.1:1/0 username=me
--- refused: "username" without "password" in "violet_redis", give both



=== violet_redis: an empty password
--- redis: redis://127.0.0.1:1/0 password=
--- refused: "password" is empty



=== violet_redis: a password from a variable that is not set
--- redis: redis://127.0.0.1:1/0 password=env:VIOLET_TEST_UNSET
--- refused: environment variable "VIOLET_TEST_UNSET" of "password" is not set



=== violet_redis: a password from a file that is not there
--- redis: redis://127.0.0.1:1/0 password=file:../html/none
--- refused: /html/none" of "password"



=== violet_redis: a password with a line break, which is not in the message
--- redis: redis://127.0.0.1:1/0 password=env:VIOLET_TEST_BROKEN
--- refused: "password" has a control character or a line break in its value
--- no_error_log: broken-secret



=== violet_zone: no value
--- http_extra: violet_zone;
--- refused: invalid number of arguments in "violet_zone" directive



=== violet_zone: twice
--- http_extra
    violet_zone 1m;
    violet_zone 1m;
--- refused: "violet_zone" directive is duplicate



=== violet_zone: not a size
--- http_extra: violet_zone abc;
--- refused: invalid size "abc" in "violet_zone", give one such as "16m"



=== violet_zone: a wrong unit
--- http_extra: violet_zone 16x;
--- refused: invalid size "16x" in "violet_zone", give one such as "16m"



=== violet_zone: negative
--- http_extra: violet_zone -1m;
--- refused: invalid size "-1m" in "violet_zone", give one such as "16m"



=== violet_zone: empty
--- http_extra: violet_zone "";
--- refused: invalid size "" in "violet_zone", give one such as "16m"



=== violet_zone: too small
--- http_extra: violet_zone 16k;
--- refused: "violet_zone" "16k" is too small, it must be at least 32768 bytes



=== violet_zone: not in a server
--- config: violet_zone 1m;
--- refused: "violet_zone" directive is not allowed here



=== violet_health_cache: no value
--- http_extra: violet_health_cache;
--- refused: invalid number of arguments in "violet_health_cache" directive



=== violet_health_cache: two values
--- http_extra: violet_health_cache on on;
--- refused: invalid number of arguments in "violet_health_cache" directive



=== violet_health_cache: neither on nor off
--- http_extra: violet_health_cache yes;
--- refused
invalid value "yes" in "violet_health_cache" directive, it must be "on" or "off"



=== violet_health_cache: twice
--- http_extra
    violet_health_cache on;
    violet_health_cache on;
--- refused: "violet_health_cache" directive is duplicate



=== violet_health_cache: not in an if
--- location
            proxy_pass http://violet_api;
            if ($arg_x) {
                violet_health_cache on;
            }
--- refused: "violet_health_cache" directive is not allowed here



=== violet_submit_guard: no value
--- http_extra: violet_submit_guard;
--- refused: invalid number of arguments in "violet_submit_guard" directive



=== violet_submit_guard: neither word nor time
--- http_extra: violet_submit_guard ON;
--- refused
invalid value "ON" in "violet_submit_guard", it must be "on", "off" or a time from 1 to 86400 seconds, such as "24h"



=== violet_submit_guard: no time at all
--- http_extra: violet_submit_guard 0;
--- refused
invalid value "0" in "violet_submit_guard", it must be "on", "off" or a time from 1 to 86400 seconds, such as "24h"



=== violet_submit_guard: a parameter that is not known
--- http_extra: violet_submit_guard on without_redis=yes;
--- refused
invalid parameter "without_redis=yes" of "violet_submit_guard": use "without_redis=host" or "without_redis=refuse", and not with "off"



=== violet_submit_guard: off, and a parameter
--- http_extra: violet_submit_guard off without_redis=refuse;
--- refused
invalid parameter "without_redis=refuse" of "violet_submit_guard": use "without_redis=host" or "without_redis=refuse", and not with "off"



=== violet_submit_guard: with each parameter
--- http_extra: violet_submit_guard 1h without_redis=host;
--- location
            violet shop;
            proxy_pass http://violet_api;
            violet_submit_guard on without_redis=refuse;
--- request
POST /v1/checkout/cart/20001/submit
--- error_code: 200



=== violet_submit_guard: longer than doubt is kept
--- http_extra: violet_submit_guard 25h;
--- refused
invalid value "25h" in "violet_submit_guard", it must be "on", "off" or a time from 1 to 86400 seconds, such as "24h"



=== violet_submit_guard: twice
--- http_extra
    violet_submit_guard on;
    violet_submit_guard 1h;
--- refused: "violet_submit_guard" directive is duplicate



=== violet_cart_errors: no value
--- http_extra: violet_cart_errors;
--- refused: invalid number of arguments in "violet_cart_errors" directive



=== violet_cart_errors: two values
--- http_extra: violet_cart_errors on on;
--- refused: invalid number of arguments in "violet_cart_errors" directive



=== violet_cart_errors: neither on nor off
--- http_extra: violet_cart_errors 1;
--- refused
invalid value "1" in "violet_cart_errors", use one of "on", "off", "submit-only"



=== violet_cart_errors: twice
--- http_extra
    violet_cart_errors on;
    violet_cart_errors on;
--- refused: "violet_cart_errors" directive is duplicate



=== violet_cart_errors: not in an if
--- location
            proxy_pass http://violet_api;
            if ($arg_x) {
                violet_cart_errors on;
            }
--- refused: "violet_cart_errors" directive is not allowed here



=== violet_unverified_upstream: no value
--- http_extra: violet_unverified_upstream;
--- refused
invalid number of arguments in "violet_unverified_upstream" directive



=== violet_unverified_upstream: two values
--- http_extra: violet_unverified_upstream on on;
--- refused
invalid number of arguments in "violet_unverified_upstream" directive



=== violet_unverified_upstream: neither on nor off
--- http_extra: violet_unverified_upstream true;
--- refused
invalid value "true" in "violet_unverified_upstream" directive, it must be "on" or "off"



=== violet_unverified_upstream: twice
--- http_extra
    violet_unverified_upstream on;
    violet_unverified_upstream on;
--- refused: "violet_unverified_upstream" directive is duplicate



=== violet_unverified_upstream: not in an if
--- location
            proxy_pass http://violet_api;
            if ($arg_x) {
                violet_unverified_upstream on;
            }
--- refused: "violet_unverified_upstream" directive is not allowed here



=== violet_health_ttl: no value
--- http_extra: violet_health_ttl;
--- refused: invalid number of arguments in "violet_health_ttl" directive



=== violet_health_ttl: twice
--- http_extra
    violet_health_ttl 1h;
    violet_health_ttl 1h;
--- refused: "violet_health_ttl" directive is duplicate



=== violet_health_ttl: zero
--- http_extra: violet_health_ttl 0;
--- refused
invalid value "0" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: not a time
--- http_extra: violet_health_ttl abc;
--- refused
invalid value "abc" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: a wrong unit
--- http_extra: violet_health_ttl 24x;
--- refused
invalid value "24x" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: negative
--- http_extra: violet_health_ttl -1h;
--- refused
invalid value "-1h" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: less than a second
--- http_extra: violet_health_ttl 500ms;
--- refused
invalid value "500ms" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: more than a year
--- http_extra: violet_health_ttl 367d;
--- refused
invalid value "367d" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: empty
--- http_extra: violet_health_ttl "";
--- refused
invalid value "" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_ttl: a word
--- http_extra: violet_health_ttl off;
--- refused
invalid value "off" in "violet_health_ttl", it must be a time from 1 to 31622400 seconds, such as "24h"



=== violet_health_stale: no value
--- http_extra: violet_health_stale;
--- refused: invalid number of arguments in "violet_health_stale" directive



=== violet_health_stale: twice
--- http_extra
    violet_health_stale 1h;
    violet_health_stale 1h;
--- refused: "violet_health_stale" directive is duplicate



=== violet_health_stale: not a time
--- http_extra: violet_health_stale abc;
--- refused
invalid value "abc" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: a wrong unit
--- http_extra: violet_health_stale 24x;
--- refused
invalid value "24x" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: negative
--- http_extra: violet_health_stale -1h;
--- refused
invalid value "-1h" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: an unknown second word
--- http_extra: violet_health_stale 1h update;
--- refused
invalid parameter "update" in "violet_health_stale", use "updating" or leave it out



=== violet_health_stale: updating without a time
--- http_extra: violet_health_stale 0 updating;
--- refused
"updating" in "violet_health_stale" needs a time above 0: how long an expired report may be served, such as "6h"



=== violet_health_stale: updating before the time
--- http_extra: violet_health_stale updating 1h;
--- refused
invalid value "updating" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: less than a second
--- http_extra: violet_health_stale 500ms;
--- refused
invalid value "500ms" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: more than a year
--- http_extra: violet_health_stale 367d;
--- refused
invalid value "367d" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: empty
--- http_extra: violet_health_stale "";
--- refused
invalid value "" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_health_stale: a word
--- http_extra: violet_health_stale off;
--- refused
invalid value "off" in "violet_health_stale", it must be a time from 0 to 31622400 seconds, such as "24h"



=== violet_refresh_limit: nothing
--- http_extra: violet_refresh_limit;
--- refused: invalid number of arguments in "violet_refresh_limit" directive



=== violet_refresh_limit: twice
--- http_extra
    violet_refresh_limit off;
    violet_refresh_limit off;
--- refused: "violet_refresh_limit" directive is duplicate



=== violet_refresh_limit: a word
--- http_extra: violet_refresh_limit on;
--- refused
invalid parameter "on" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: another status
--- http_extra: violet_refresh_limit exceeded=430;
--- refused
invalid parameter "exceeded=430" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: no status
--- http_extra: violet_refresh_limit exceeded=;
--- refused
invalid parameter "exceeded=" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: dry_run with a value
--- http_extra: violet_refresh_limit dry_run=on;
--- refused
invalid parameter "dry_run=on" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: a parameter that is nearly one
--- http_extra: violet_refresh_limit merchants=1r/h;
--- refused
invalid parameter "merchants=1r/h" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: a rate without a name
--- http_extra: violet_refresh_limit 1r/10m;
--- refused
invalid parameter "1r/10m" in "violet_refresh_limit", use one of "merchant=", "app=", "exceeded=429", "exceeded=cached", "dry_run", or "off" alone



=== violet_refresh_limit: off and more
--- http_extra: violet_refresh_limit off merchant=1r/h;
--- refused: invalid parameter "off" in "violet_refresh_limit", use one of



=== violet_refresh_limit: off behind another
--- http_extra: violet_refresh_limit merchant=1r/h off;
--- refused: invalid parameter "off" in "violet_refresh_limit", use one of



=== violet_refresh_limit: merchant= without a rate
--- http_extra: violet_refresh_limit merchant=;
--- refused
invalid rate "merchant=" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1
--- http_extra: violet_refresh_limit merchant=1;
--- refused
invalid rate "merchant=1" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r
--- http_extra: violet_refresh_limit merchant=1r;
--- refused
invalid rate "merchant=1r" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/
--- http_extra: violet_refresh_limit merchant=1r/;
--- refused
invalid rate "merchant=1r/" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=r/h
--- http_extra: violet_refresh_limit merchant=r/h;
--- refused
invalid rate "merchant=r/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=0r/h
--- http_extra: violet_refresh_limit merchant=0r/h;
--- refused
invalid rate "merchant=0r/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/0s
--- http_extra: violet_refresh_limit merchant=1r/0s;
--- refused
invalid rate "merchant=1r/0s" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/10
--- http_extra: violet_refresh_limit merchant=1r/10;
--- refused
invalid rate "merchant=1r/10" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/10x
--- http_extra: violet_refresh_limit merchant=1r/10x;
--- refused
invalid rate "merchant=1r/10x" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/10mm
--- http_extra: violet_refresh_limit merchant=1r/10mm;
--- refused
invalid rate "merchant=1r/10mm" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1/10m
--- http_extra: violet_refresh_limit merchant=1/10m;
--- refused
invalid rate "merchant=1/10m" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=-1r/h
--- http_extra: violet_refresh_limit merchant=-1r/h;
--- refused
invalid rate "merchant=-1r/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1.5r/h
--- http_extra: violet_refresh_limit merchant=1.5r/h;
--- refused
invalid rate "merchant=1.5r/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/h1
--- http_extra: violet_refresh_limit merchant=1r/h1;
--- refused
invalid rate "merchant=1r/h1" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/1.5h
--- http_extra: violet_refresh_limit merchant=1r/1.5h;
--- refused
invalid rate "merchant=1r/1.5h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/10M
--- http_extra: violet_refresh_limit merchant=1r/10M;
--- refused
invalid rate "merchant=1r/10M" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1R/h
--- http_extra: violet_refresh_limit merchant=1R/h;
--- refused
invalid rate "merchant=1R/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1000001r/h
--- http_extra: violet_refresh_limit merchant=1000001r/h;
--- refused
invalid rate "merchant=1000001r/h" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/367d
--- http_extra: violet_refresh_limit merchant=1r/367d;
--- refused
invalid rate "merchant=1r/367d" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1001r/s
--- http_extra: violet_refresh_limit merchant=1001r/s;
--- refused
invalid rate "merchant=1001r/s" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/99999999999d
--- http_extra: violet_refresh_limit merchant=1r/99999999999d;
--- refused
invalid rate "merchant=1r/99999999999d" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: merchant=1r/ms
--- http_extra: violet_refresh_limit merchant=1r/ms;
--- refused
invalid rate "merchant=1r/ms" in "violet_refresh_limit", give a number of requests and a time, such as "1r/10m" or "30r/h"



=== violet_refresh_limit: app=30
--- http_extra: violet_refresh_limit app=30;
--- refused
invalid rate "app=30" in "violet_refresh_limit", give a number of requests and a time



=== violet_refresh_limit: app=30r/x
--- http_extra: violet_refresh_limit app=30r/x;
--- refused
invalid rate "app=30r/x" in "violet_refresh_limit", give a number of requests and a time



=== violet_cart_partial_status: no status
--- http_extra: violet_cart_partial_status;
--- refused
invalid number of arguments in "violet_cart_partial_status" directive



=== violet_cart_partial_status: twice
--- http_extra
    violet_cart_partial_status 207;
    violet_cart_partial_status 207;
--- refused: "violet_cart_partial_status" directive is duplicate



=== violet_cart_partial_status: 201
--- http_extra: violet_cart_partial_status 201;
--- refused
invalid value "201" in "violet_cart_partial_status"
"200"



=== violet_cart_partial_status: 0
--- http_extra: violet_cart_partial_status 0;
--- refused
invalid value "0" in "violet_cart_partial_status"
"200"



=== violet_cart_partial_status: abc
--- http_extra: violet_cart_partial_status abc;
--- refused
invalid value "abc" in "violet_cart_partial_status"
"200"



=== violet_cart_partial_status: 2070
--- http_extra: violet_cart_partial_status 2070;
--- refused
invalid value "2070" in "violet_cart_partial_status"
"200"



=== violet_auth_routes: no value
--- http_extra: violet_auth_routes;
--- refused: invalid number of arguments in "violet_auth_routes" directive



=== violet_auth_routes: twice
--- http_extra
    violet_auth_routes pass;
    violet_auth_routes pass;
--- refused: "violet_auth_routes" directive is duplicate



=== violet_auth_routes: on
--- http_extra: violet_auth_routes on;
--- refused
invalid value "on" in "violet_auth_routes"
"block"
"pass"



=== violet_auth_routes: allow
--- http_extra: violet_auth_routes allow;
--- refused
invalid value "allow" in "violet_auth_routes"
"block"
"pass"



=== violet_cart_reason: no reason
--- http_extra: violet_cart_reason x;
--- refused: invalid number of arguments in "violet_cart_reason" directive



=== violet_cart_reason: too much
--- http_extra: violet_cart_reason ~ x OTHER OTHER;
--- refused: invalid number of arguments in "violet_cart_reason" directive



=== violet_cart_reason: an unknown modifier
--- http_extra: violet_cart_reason ^~ x OTHER;
--- refused: invalid modifier "^~" in "violet_cart_reason", use "~" or "~*"



=== violet_cart_reason: an unknown reason
--- http_extra: violet_cart_reason x SOLD_OUT;
--- refused
unknown reason "SOLD_OUT" in "violet_cart_reason", docs/cart-errors.md lists them



=== violet_cart_reason: a reason in lower case
--- http_extra: violet_cart_reason x other;
--- refused
unknown reason "other" in "violet_cart_reason", docs/cart-errors.md lists them



=== violet_cart_reason: an empty reason
--- http_extra: violet_cart_reason x "";
--- refused
unknown reason "" in "violet_cart_reason", docs/cart-errors.md lists them



=== violet_cart_reason: a bad pattern, a parenthesis too many
--- http_extra: violet_cart_reason "(x" OTHER;
--- refused: invalid pattern "(x" in "violet_cart_reason":



=== violet_cart_reason: a bad pattern, an open class
--- http_extra: violet_cart_reason "[x" OTHER;
--- refused: invalid pattern "[x" in "violet_cart_reason":



=== violet_cart_reason: a bad pattern, a range the wrong way round
--- http_extra: violet_cart_reason "x{2,1}" OTHER;
--- refused: invalid pattern "x{2,1}" in "violet_cart_reason":



=== violet_cart_reason: a bad pattern, nothing to repeat
--- http_extra: violet_cart_reason "*x" OTHER;
--- refused: invalid pattern "*x" in "violet_cart_reason":



=== violet_cart_reason: a bad pattern behind a modifier
--- http_extra: violet_cart_reason ~* "(x" OTHER;
--- refused: invalid pattern "(x" in "violet_cart_reason":



=== violet_cart_reason: an empty pattern, empty
--- http_extra: violet_cart_reason "" OTHER;
--- refused: invalid pattern "" in "violet_cart_reason": it is empty



=== violet_cart_reason: an empty pattern, only a modifier
--- http_extra: violet_cart_reason ~ OTHER;
--- refused: invalid pattern "" in "violet_cart_reason": it is empty



=== violet_cart_reason: an empty pattern, only the other modifier
--- http_extra: violet_cart_reason ~* OTHER;
--- refused: invalid pattern "" in "violet_cart_reason": it is empty



=== violet_cart_reason: not in a server
--- config: violet_cart_reason x OTHER;
--- refused: "violet_cart_reason" directive is not allowed here



=== violet_buffer_limit: no value
--- http_extra: violet_buffer_limit;
--- refused: invalid number of arguments in "violet_buffer_limit" directive



=== violet_buffer_limit: twice
--- http_extra
    violet_buffer_limit 1m;
    violet_buffer_limit 1m;
--- refused: "violet_buffer_limit" directive is duplicate



=== violet_buffer_limit: not a size
--- http_extra: violet_buffer_limit abc;
--- refused
invalid size "abc" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: a wrong unit
--- http_extra: violet_buffer_limit 4x;
--- refused
invalid size "4x" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: zero
--- http_extra: violet_buffer_limit 0;
--- refused
invalid size "0" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: too small
--- http_extra: violet_buffer_limit 4095;
--- refused
invalid size "4095" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: too large
--- http_extra: violet_buffer_limit 257m;
--- refused
invalid size "257m" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: negative
--- http_extra: violet_buffer_limit -1;
--- refused
invalid size "-1" in "violet_buffer_limit", it must be from 4k to 256m



=== violet_buffer_limit: more than any number
--- http_extra: violet_buffer_limit 9999999999999999999999;
--- refused
invalid size "9999999999999999999999" in "violet_buffer_limit", it must be from 4k to 256m



=== violet: with another content handler in place of proxy_pass
--- location: violet shop; stub_status;
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== violet: with a proxy_pass in an if only
--- location: violet shop; if ($arg_x) { proxy_pass http://violet_api; }
--- refused
"violet" in location "/v1/" without "proxy_pass", add one that leads to Violet



=== violet: another content handler in an if is a problem when it is met
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            if ($arg_x) {
                fastcgi_pass 127.0.0.1:1;
            }
        }
--- request eval
["GET /v1/merchants?x=1", "GET /v1/operations/connection_health/42?x=1",
 "POST /v1/checkout/cart/7/submit?x=1", "GET /v1/merchants",
 "GET /_mock/counts"]
--- error_code eval
[500, 500, 500, 200, 200]
--- response_body_like eval
[(::problem('configuration', 500, 'proxy_pass')) x 3,
 '"path": "/v1/merchants"', ::counts(other => 1)]



=== all directives, in http
--- http_config
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0 prefix=all:
                 connect_timeout=20s timeout=20s;
    violet_zone 64k;
    violet_health_cache on;
    violet_health_ttl 1h;
    violet_health_stale 30m;
    violet_refresh_limit merchant=2r/m app=5r/2h exceeded=cached dry_run;
    violet_cart_errors on;
    violet_cart_partial_status 422;
    violet_cart_reason "sold out" ITEM_UNAVAILABLE;
    violet_cart_reason ~ "^Sold" ITEM_UNAVAILABLE;
    violet_cart_reason ~* declined PAYMENT_FAILED;
    violet_cart_reason ~*tax OTHER;
    violet_auth_routes pass;
    violet_buffer_limit 1m;
    violet_unverified_upstream on;

    violet_app a-B_9 {
        token       mock-token;
        app_secret  mock-app-secret;
        app_id      10000;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config
        location /v1/ {
            violet a-B_9;
            proxy_pass http://violet_api;
        }
--- redis_commands: ACL SETUSER default ~all:*
--- request eval
["GET /v1/operations/connection_health/42",
 "GET /v1/operations/connection_health/42",
 "GET /v1/operations/connection_health/42?refresh=true",
 "POST /v1/checkout/cart/20700/submit", "GET /v1/auth/x"]
--- error_code eval
[200, 200, 200, 422, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=(3600|35[789][0-9])',
 'RateLimit-Policy: "merchant";q=2;w=60, "app";q=5;w=7200',
 'X-Violet-Cart-Outcome: partial', 'Content-Type: application/json']
--- redis_check
TTL all:health:violet_api:10000:42
=~ ^(5400|53\d\d)$



=== the same directives, in a server, and in a location, where they count
--- http_extra
    violet_health_cache off;
    violet_health_ttl 1h;
    violet_health_stale 0;
    violet_refresh_limit off;
    violet_cart_errors on;
    violet_cart_partial_status 200;
    violet_submit_guard on;
    violet_auth_routes block;
    violet_buffer_limit 4k;
    violet_unverified_upstream off;
--- config
        violet_health_cache on;
        violet_health_ttl 2h;
        violet_health_stale 1m;
        violet_refresh_limit merchant=3r/h;
        violet_cart_errors off;
        violet_cart_partial_status 422;
        violet_submit_guard 1h;
        violet_auth_routes pass;
        violet_buffer_limit 4m;
        violet_unverified_upstream on;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location /inner/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            violet_health_cache on;
            violet_health_ttl 3h;
            violet_health_stale 2m;
            violet_refresh_limit app=7r/d exceeded=429;
            violet_cart_errors on;
            violet_cart_partial_status 207;
            violet_submit_guard off;
            violet_auth_routes block;
            violet_buffer_limit 256m;
            violet_unverified_upstream off;
        }
--- request eval
["GET /v1/operations/connection_health/42?refresh=1",
 "GET /v1/operations/connection_health/42",
 "GET /inner/operations/connection_health/42",
 "GET /inner/operations/connection_health/43?refresh=1",
 "POST /v1/checkout/cart/20700/submit",
 "POST /inner/checkout/cart/20700/submit",
 "GET /v1/auth/x", "GET /inner/auth/x"]
--- error_code eval
[200, 200, 200, 200, 200, 207, 200, 403]
--- response_headers_like eval
['RateLimit-Policy: "merchant";q=3;w=3600, "app";q=30;w=3600',
 'Cache-Status: violet; hit; ttl=(7200|71[789][0-9])',
 'Cache-Status: violet; hit; ttl=(10800|107[789][0-9])',
 'RateLimit-Policy: "merchant";q=1;w=600, "app";q=7;w=86400',
 'Content-Type: application/json', 'Content-Type: application/problem\+json',
 'Content-Type: application/json', 'Content-Type: application/problem\+json']



=== the defaults
--- request eval
["GET /v1/operations/connection_health/42?refresh=true",
 "GET /v1/operations/connection_health/42",
 "GET /v1/operations/connection_health/42?refresh=true",
 "POST /v1/checkout/cart/20700/submit", "GET /v1/auth/x",
 "GET /v1/operations/connection_health/22100"]
--- error_code eval
[200, 200, 429, 422, 403, 502]
--- response_headers_like eval
['RateLimit-Policy: "merchant";q=1;w=600, "app";q=30;w=3600',
 'Cache-Status: violet; hit; ttl=(86400|863[789][0-9])', 'Retry-After: \d+',
 'X-Violet-Cart-Outcome: partial', 'Content-Type: application/problem\+json',
 'Content-Type: application/problem\+json']
--- redis_check
TTL violet:health:violet_api:10000:42
=~ ^(86400|863\d\d)$



=== violet_redis: without a port, without a database, with a prefix of nothing
--- http_config
    violet_redis redis://127.0.0.1 prefix=;

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
GET /v1/merchants
--- response_body_like: "path": "/v1/merchants"



=== violet_redis: another database
--- http_config
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/7 connect_timeout=20s timeout=20s;

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request
GET /v1/operations/connection_health/42
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check
DBSIZE
=> 0
SELECT 7
=> OK
KEYS *
=> [violet:health:violet_api:10000:42]



=== violet_redis: by a socket, with a user and a password
--- http_config
    violet_redis unix:$TEST_NGINX_SERVER_ROOT/none.sock prefix=v: username=me
                 password=env:VIOLET_TEST_SECRET;

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- log_level: info
--- request
GET /v1/operations/connection_health/42
--- response_body_like: "merchant_id": ?42\b
--- error_log
none.sock
--- no_error_log
[alert]
secret-of-the-environment



=== without violet_redis: shared memory alone is the cache
--- http_config
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["GET /v1/operations/connection_health/42",
 "GET /v1/operations/connection_health/42", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
[('"merchant_id": ?42\b') x 2,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== a configuration without any violet location starts
--- config
        location /t {
            return 200 "fine\n";
        }
--- request
GET /t
--- response_body
fine



=== an app that no location uses is checked, too
--- http_extra
    violet_app spare {
        app_id      1;
        app_secret  env:VIOLET_TEST_UNSET;
        token       x;
    }
--- refused: environment variable "VIOLET_TEST_UNSET" of "app_secret" is not set



=== an if in the location inherits violet, on every route
--- http_extra
    violet_refresh_limit off;
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            if ($arg_x) {
                add_header X-If yes;
            }
        }
--- request eval
["GET /v1/merchants?x=1", "GET /v1/operations/connection_health/42?x=1",
 "GET /v1/operations/connection_health/42?x=1",
 "POST /v1/checkout/cart/20000/submit?x=1",
 "POST /v1/operations/connection_health/42?x=1", "POST /v1/login?x=1",
 "GET /_mock/counts"]
--- error_code eval
[200, 200, 200, 200, 200, 403, 200]
--- response_headers eval
[('X-If: yes') x 5, '!X-If', '!X-If']
--- response_body_like eval
['"path": "/v1/merchants\?x=1"', ('"merchant_id": ?42\b') x 2,
 '"id": ?20000\b', '"merchantId": ?42\b', ::problem('route-blocked', 403),
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== an if with a proxy_pass of its own inherits violet
--- environment: violet_api
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;

            if ($arg_x) {
                proxy_pass http://violet_api;
            }
        }
--- request eval
["GET /v1/merchants?x=1", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"path": "/v1/merchants\?x=1"', ::counts(other => 1)]



=== a limit_except in the location inherits violet, on every route
--- http_extra
    violet_refresh_limit off;
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            limit_except GET {
                allow 127.0.0.1;
                deny all;
            }
        }
--- request eval
["POST /v1/merchants\n{}", "POST /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit", "POST /v1/login",
 "GET /v1/operations/connection_health/42", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200, 403, 200, 200]
--- response_body_like eval
['"path": "/v1/merchants"', '"merchantId": ?42\b', '"id": ?20000\b',
 ::problem('route-blocked', 403), '"merchant_id": ?42\b',
 ::counts(other => 1, connection_health => 1, 'connection_health/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== a limit_except that denies comes before the module
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            limit_except GET {
                deny all;
            }
        }
--- request eval
["POST /v1/merchants\n{}", "POST /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit", "POST /v1/login",
 "GET /_mock/counts"]
--- error_code eval
[403, 403, 403, 403, 200]
--- response_body_like eval
[('<hr><center>') x 4, ::counts()]



=== a nested location does not inherit violet: no credentials, no cache
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            location /v1/operations/ {
                proxy_pass http://violet_api;
            }
        }
--- request eval
["GET /v1/operations/connection_health/42", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[401, 200, 200]
--- response_headers eval
["!X-Violet-Merchant-State\n!Cache-Status", "!Cache-Status", "!Cache-Status"]
--- response_body_like eval
['"error_code"',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          unauthorized => 1),
 '\A((?!X-Violet).)*\z']



=== a nested location with a violet of its own has its own app
--- http_extra
    violet_app other {
        app_id      20000;
        app_secret  another-secret;
        token       another-token;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;

            location /v1/merchants/ {
                violet other;
                proxy_pass http://violet_api;
            }
        }
--- request eval
["GET /v1/merchants/1", "GET /_mock/last", "GET /v1/orders"]
--- error_code eval
[401, 200, 200]
--- response_body_like eval
['"error_code"',
 ::asked('other', 'GET /v1/merchants/1',
         ::sent('X-Violet-App-Id', '20000'),
         ::sent('X-Violet-App-Secret', 'another-secret'),
         ::sent('X-Violet-Token', 'another-token')),
 '"path": "/v1/orders"']



=== violet counts as proxy_set_header lines: those of outer levels are gone
--- http_extra
    proxy_set_header X-Outer outer;
--- request
GET /v1/merchants
--- response_body_like: \A((?!X-Outer).)*\z



=== violet counts as proxy_set_header lines: repeated they are sent
--- http_extra
    proxy_set_header X-Outer outer;
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_set_header X-Outer repeated;
        }
--- request
GET /v1/merchants
--- response_body_like eval
::sent('X-Outer', 'repeated')



=== the operator's proxy_set_header lines go to Violet on captured routes too
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_set_header X-Mine mine;
            proxy_set_header Host sandbox-api.violet.io;
        }
--- request eval
["GET /v1/operations/connection_health/42",
 "POST /v1/checkout/cart/20000/submit", "GET /_mock/last"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['"merchant_id": ?42\b', '"id": ?20000\b',
 ::asked('connection_health', 'GET /v1/operations/connection_health/42',
         ::sent('X-Mine', 'mine'), ::sent('Host', 'sandbox-api.violet.io'))
 . '.*' .
 ::asked('cart_submit', 'POST /v1/checkout/cart/20000/submit',
         ::sent('X-Mine', 'mine'), ::sent('Host', 'sandbox-api.violet.io'))]



=== the order of violet and proxy_pass does not matter
--- config
        location /v1/ {
            proxy_set_header X-Mine mine;
            proxy_pass http://violet_api;
            violet shop;
        }
--- request eval
["GET /v1/operations/connection_health/42", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchant_id": ?42\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== an app that is defined behind its use is found
--- http_config
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;

        location /v1/ {
            violet late;
            proxy_pass http://violet_api;
        }
    }

    violet_app late {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
--- config
        location /v1/ {
            proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        }
--- request
GET /v1/merchants
--- response_body_like: "path": "/v1/merchants"



=== try_files beside violet would start a request again after its submit
--- location: violet shop; proxy_pass http://violet_api; try_files /nope $uri;
--- refused eval
qr{"try_files" beside "violet" in location "/v1/", remove it: .* in \S+:\d+}



=== violet_redis: a parameter given twice
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT timeout=1s timeout=2s
--- refused: duplicate parameter "timeout" in "violet_redis", remove one



=== violet_refresh_limit: a parameter given twice
--- http_extra: violet_refresh_limit merchant=1r/m merchant=2r/m;
--- refused
duplicate parameter "merchant" in "violet_refresh_limit", remove one



=== violet_refresh_limit: dry_run given twice
--- http_extra: violet_refresh_limit dry_run app=1r/m dry_run;
--- refused: duplicate parameter "dry_run" in "violet_refresh_limit", remove one



=== violet_app: login with three values
--- app: app_id 1; app_secret s; login user secretpass more;
--- refused
invalid number of arguments in "login" of "violet_app", it takes two
--- no_error_log: secretpass



=== violet_redis: a password given twice is not printed
--- redis
redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=S1 password=S2s3cret
--- refused: duplicate parameter "password" in "violet_redis", remove one
--- no_error_log: S2s3cret



=== violet_redis: a misspelt password is not printed
--- redis: redis://127.0.0.1:$TEST_NGINX_REDIS_PORT passwrd=S3s3cret
--- refused: invalid parameter "passwrd" in "violet_redis", use one of
--- no_error_log: S3s3cret



=== violet_redis: a password in a URL of another scheme is not printed
--- redis: rediss://:S4s3cret@127.0.0.1:$TEST_NGINX_REDIS_PORT
--- refused: credentials in the URL of "violet_redis"
--- no_error_log: S4s3cret
