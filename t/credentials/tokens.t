# Access tokens that the gateway gets: the calls for a token, and single
# requests.  Tests with many requests are in t/credentials/token-renewal.t.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

our $Upstream = <<'END';
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        keepalive 8;
    }
END

our $Refresh = <<"END";
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
$Upstream
END

our $Login = <<"END";
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        login dev\@example.com mock-password;
    }
$Upstream
END

# Answers: an error state has a line of its own.
our $Problem = qr/"type":"urn:ngx-violet:credentials-unavailable"/;

no_root_location();
run_tests();

__DATA__

=== refresh_token: the gateway gets a token and uses it on every route
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1",
 "GET /v1/operations/connection_health/20000",
 "POST /v1/operations/connection_health/20000\n",
 "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "merchant_id", "merchantId", "bags",
 qr/"login": 0.*"token": 1.*"unauthorized": 0/s]
--- error_code eval
[200, 200, 200, 200, 200]



=== refresh_token: the request to Violet
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["", qr{"token": \{"line": "GET /v1/auth/token HTTP/1.1"}]
--- error_code eval
[200, 200]



=== refresh_token: the three headers of the call, each once
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["", '"token": \{' . join '[^{}]*', '',
     ::sent('X-Violet-App-Id', '10000'),
     ::sent('X-Violet-App-Secret', 'mock-app-secret'),
     ::sent('X-Violet-Token', 'mock-refresh-token')]
--- error_code eval
[200, 200]



=== login: the gateway gets a token by one login
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "bags", qr/"login": 1.*"token": 0.*"unauthorized": 0/s]
--- error_code eval
[200, 200, 200]



=== login: the request to Violet
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["", qr{"login": \{"line": "POST /v1/login HTTP/1.1".*\["Content-Type", "application/json"\].*"body": "\{\\"username\\":\\"dev\\\\u0040example\\\\u002ecom\\",\\"password\\":\\"mock\\\\u002dpassword\\"\}"}]
--- error_code eval
[200, 200]



=== login: the request has no token
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["", qr/"login": \{((?!X-Violet-Token)[^}])*\}/]
--- error_code eval
[200, 200]



=== login: the token is renewed by the refresh token of the login
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "POST /_mock/expire\n",
 "GET /v1/operations/connection_health/20000", "GET /_mock/counts"]
--- response_body_like eval
["", "", "merchant_id", qr/"login": 1.*"token": 1/s]
--- error_code eval
[200, 200, 200, 200]



=== login: another login if Violet refuses the refresh token
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?refresh=none\n",
 "POST /_mock/expire\n", "GET /v1/operations/connection_health/20000",
 "GET /_mock/counts"]
--- response_body_like eval
["", "", "", "merchant_id", qr/"login": 2.*"token": 1/s]
--- error_code eval
[200, 200, 200, 200, 200]



=== login: a 429 does not refuse the refresh token
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?answer=limited\n",
 "POST /_mock/expire\n", "GET /v1/operations/connection_health/20000",
 "GET /_mock/counts"]
--- response_body_like eval
["", "", "", "Token has expired", qr/"login": 1.*"token": 1,/s]
--- error_code eval
[200, 200, 200, 401, 200]



=== login: a 403 refuses the refresh token; a refused login ends the renewal
--- http_config eval: $::Login
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?answer=forbidden\n",
 "POST /_mock/expire\n", "GET /v1/operations/connection_health/20000",
 "GET /_mock/counts"]
--- response_body_like eval
["", "", "", "Token has expired", qr/"login": 2.*"token": 1,/s]
--- error_code eval
[200, 200, 200, 401, 200]



=== login: name and password may have any character
--- main_config
env MOCK_PASSWORD=mock-password;
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        login "a\"b\\\\c" "é/!";
    }'
--- mock_commands
/_mock/tokens?answer=refused
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
[$::Problem,
 qr{"body": "\{\\"username\\":\\"a\\\\u0022b\\\\u005cc\\",\\"password\\":\\"\\u00e9\\\\u002f\\\\u0021\\"\}"}]
--- error_code eval
[503, 200]
--- no_error_log eval
["u0022b", "a\"b"]



=== the path of a call: proxy_pass has a URI
--- http_config eval: $::Refresh
--- config
        location /api/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /api/offers/1", "GET /_mock/last"]
--- response_body_like eval
["X-Violet-Token", qr{"token": \{"line": "GET /v1/auth/token HTTP}]
--- error_code eval
[200, 200]



=== the path of a call: proxy_pass has no URI, and the prefix no version
--- http_config eval: $::Refresh
--- config
        location / {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/offers/1", "GET /_mock/counts", "GET /_mock/last"]
--- response_body_like eval
["X-Violet-Token", qr/"other": 1,.*"token": 1,/s,
 qr{"token": \{"line": "GET /v1/auth/token HTTP}]
--- error_code eval
[200, 200, 200]
--- no_error_log
[error]



=== the path of a call: proxy_pass cuts off a prefix
--- http_config eval: $::Login
--- config
        location /violet/ {
            violet shop;
            proxy_pass http://violet_api/;
        }
--- request eval
["GET /violet/v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["X-Violet-Token", qr{"login": \{"line": "POST /v1/login HTTP}]
--- error_code eval
[200, 200]



=== the path of a call: the prefix ends in the version
--- http_config eval: $::Refresh
--- config
        location /shop/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /shop/v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["X-Violet-Token", qr{"token": \{"line": "GET /v1/auth/token HTTP}]
--- error_code eval
[200, 200]



=== a call goes through the first location that is suitable
--- environment: violet_api
--- http_config eval: $::Refresh
--- config
        location /v1/operations/ {
            violet shop;
            proxy_pass http://violet_api;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://$http_host$uri;

            location /v1/offers/ {
                violet shop;
                proxy_pass http://violet_api;
            }
        }

        location /api/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            proxy_set_header X-Way "the third";
        }
--- request eval
["GET /v1/offers/1", "GET /_mock/last"]
--- response_body_like eval
["X-Violet-Token", qr/"token": \{[^}]*"X-Way", "the third"/]
--- error_code eval
[200, 200]



=== a call goes through an internal location
--- http_config eval: $::Refresh
--- config
        location /v1/ {
            violet $arg_app;
            proxy_pass http://violet_api;
        }

        location /tokens/v1/ {
            internal;
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /v1/offers/1?app=shop", "GET /tokens/v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "404", qr/"other": 1,.*"token": 1,/s]
--- error_code eval
[200, 404, 200]



=== a token without exp is used
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=endless
--- request eval
["GET /v1/offers/1", "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", qr/"token": 1,/]
--- error_code eval
[200, 200]



=== a slow answer: the request waits
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=slow
--- request
GET /v1/offers/1
--- response_body_like: X-Violet-Token



=== Violet refuses the call: a 503 problem, one line in the log, nothing sent
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=refused
--- request eval
["GET /v1/offers/1", "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /v1/operations/connection_health/20000",
 "POST /v1/operations/connection_health/20000\n",
 "GET /_mock/counts"]
--- response_body_like eval
[$::Problem, $::Problem, $::Problem, $::Problem,
 qr/"cart_submit": 0.*"connection_health": 0.*"connection_health_report": 0.*"other": 0/s]
--- response_headers_like eval
["Content-Type: application/problem\\+json\nRetry-After: 5",
 "X-Violet-Cart-Outcome: failed\nRetry-After: 5", "Retry-After: 5",
 "Retry-After: 5", ""]
--- error_code eval
[503, 503, 503, 503, 200]



=== Violet refuses the call: the log names the remedy
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=refused
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
no new access token for app "shop": Violet refused the credentials, check the app's secrets (status 401), requests to Violet fail until there is one



=== answers without a token
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=garbage
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
no new access token for app "shop": Violet's answer is invalid: it is not JSON



=== answers without a token: an object without one
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=empty
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
it has no token



=== answers without a token: a line break in it
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=hostile
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
a token in it has a character that no header can carry
--- no_error_log
X-Evil



=== answers without a token: a long one
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=long
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
a token in it is too long



=== answers without a token: one that has expired
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=expired
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
the new token has already expired, check the clock of this host



=== answers without a token: cut off
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=cut
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
no new access token for app "shop": Violet's answer was cut off



=== no answer: a bounded wait
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=stalled
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem



=== Violet's failures: the log has the status
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=error
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
no new access token for app "shop": Violet issued no token (status 500)



=== Violet is down
--- http_config
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- request
GET /v1/offers/1
--- error_code: 503
--- response_body_like eval: $::Problem
--- error_log
no new access token for app "shop": no connection to Violet could be made



=== a cached report needs no token
--- http_config eval
$::Refresh . "violet_redis redis://127.0.0.1:\$TEST_NGINX_REDIS_PORT/0 connect_timeout=20s timeout=20s;"
--- mock_commands
/_mock/tokens?answer=good
--- request eval
["GET /v1/operations/connection_health/20000",
 "POST /_mock/tokens?answer=error\n", "POST /_mock/expire\n",
 "GET /v1/operations/connection_health/20000"]
--- response_body_like eval
["merchant_id", "", "", "merchant_id"]
--- error_code eval
[200, 200, 200, 200]



=== 401 on connection health: renewed and repeated, once
--- http_config eval: $::Refresh
--- request eval
["GET /v1/operations/connection_health/20000", "POST /_mock/expire\n",
 "GET /v1/operations/connection_health/20001", "GET /_mock/counts"]
--- response_body_like eval
["merchant_id", "", "merchant_id",
 qr{"connection_health/20001": 2.*"token": 2,.*"unauthorized": 1}s]
--- error_code eval
[200, 200, 200, 200]



=== 401 on the report by POST, which is streamed: passed on, and renewed
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/expire\n",
 "POST /v1/operations/connection_health/20000\n",
 "GET /v1/operations/connection_health/20002",
 "POST /v1/operations/connection_health/20001\n", "GET /_mock/counts"]
--- response_body_like eval
["", "", "Token has expired", "merchant_id", "merchantId",
 qr{"connection_health_report/20000": 1,.*"token": 2,.*"unauthorized": 1\b}s]
--- error_code eval
[200, 200, 401, 200, 200, 200]



=== 401 on a submit: renewed and repeated, once, with its body
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/expire\n",
 "POST /v1/checkout/cart/20000/submit\n{\"app_order_id\":\"A-1\"}",
 "GET /_mock/counts", "GET /_mock/last"]
--- response_headers_like eval
["", "", "X-Violet-Cart-Outcome: completed", "", ""]
--- response_body_like eval
["", "", "bags",
 qr{"cart_submit/20000": 2.*"token": 2,.*"unauthorized": 1}s,
 qr/"cart_submit": \{[^}]*app_order_id[^}]*A-1/]
--- error_code eval
[200, 200, 200, 200, 200]



=== 401 on a submit: a large body is repeated
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/expire\n",
 "POST /v1/checkout/cart/20000/submit\n" . '{"x":"' . 'y' x 200000 . 'z"}',
 "GET /_mock/last"]
--- response_headers_like eval
["", "", "X-Violet-Cart-Outcome: completed", ""]
--- response_body_like eval
["", "", "bags", qr/"cart_submit": \{[^}]*"body": "[^}]*y{20000}y{20000}y{20000}y{20000}y{20000}/]
--- error_code eval
[200, 200, 200, 200]



=== 401 on a submit: the log has both answers, in $upstream_status
--- http_config eval
$::Refresh . 'log_format up "submit $upstream_status";'
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            access_log $TEST_NGINX_SERVER_ROOT/logs/access.log up;
        }
--- request
POST /v1/checkout/cart/40200/submit
{}
--- response_body_like: bags
--- access_log
submit 401, 200



=== 401 for every token: one repeat, then the answer
--- http_config eval: $::Refresh
--- request eval
["POST /v1/checkout/cart/40100/submit\n{}", "GET /_mock/counts"]
--- response_headers_like eval
["X-Violet-Cart-Outcome: failed", ""]
--- response_body_like eval
["CREDENTIALS_REJECTED", qr{"cart_submit/40100": 2.*"token": 2,}s]
--- error_code eval
[502, 200]



=== 401 for every token: no loop, later 401s are passed on at once
--- http_config eval: $::Refresh
--- request eval
["GET /v1/operations/connection_health/40100",
 "GET /v1/operations/connection_health/40101",
 "GET /v1/operations/connection_health/40102",
 "GET /v1/offers/1",
 "GET /_mock/counts"]
--- response_body_like eval
["Token|401", "401", "401", "X-Violet-Token",
 qr{"connection_health/40100": 2.*"connection_health/40102": 1.*"token": [23],}s]
--- error_code eval
[401, 401, 401, 200, 200]



=== 401: the same token is not sent again
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?answer=same\n",
 "POST /_mock/expire\n", "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /_mock/counts"]
--- response_headers_like eval
["", "", "", "X-Violet-Cart-Outcome: failed", ""]
--- response_body_like eval
["", "", "", "CREDENTIALS_REJECTED", qr{"cart_submit/20000": 1,}]
--- error_code eval
[200, 200, 200, 502, 200]



=== 401: the log says that Violet issued the same token
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=same
--- request
GET /v1/operations/connection_health/40100
--- error_code: 401
--- error_log
no new access token for app "shop": Violet issued the same token that it had refused, the old one is still used



=== 401 while tokens cannot be renewed: it is passed on
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?answer=error\n",
 "POST /_mock/expire\n", "GET /v1/operations/connection_health/20000",
 "GET /_mock/counts"]
--- response_body_like eval
["", "", "", "Token has expired", qr{"connection_health/20000": 1,}]
--- error_code eval
[200, 200, 200, 401, 200]



=== 401 with "token": no repeat
--- request eval
["GET /v1/operations/connection_health/40100",
 "POST /v1/checkout/cart/40100/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["401", "CREDENTIALS_REJECTED",
 qr{"cart_submit/40100": 1,.*"connection_health/40100": 1,}s]
--- error_code eval
[401, 502, 200]



=== 401 on a streamed route is passed on, and the token renewed
--- http_config eval: $::Refresh
--- request eval
["GET /v1/offers/1", "POST /_mock/expire\n", "GET /v1/offers/1",
 "GET /v1/operations/connection_health/20000", "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "", "Token has expired", "merchant_id",
 qr{"token": 2,.*"unauthorized": 1}s]
--- error_code eval
[200, 200, 401, 200, 200]



=== app_secret twice: the second one is tried by the call for a token
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }'
--- request eval
["GET /v1/offers/1", "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /_mock/counts"]
--- response_body_like eval
["X-Violet-Token", "bags", qr/"token": 2,.*"unauthorized": 1/s]
--- error_code eval
[200, 200, 200]



=== app_secret twice: the change causes no failed request
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }'
--- request eval
["GET /v1/offers/1", "POST /_mock/tokens?secret=new-secret\n",
 "POST /v1/checkout/cart/20000/submit\n{}",
 "GET /v1/operations/connection_health/20000"]
--- response_body_like eval
["X-Violet-Token", "", "bags", "merchant_id"]
--- error_code eval
[200, 200, 200, 200]



=== app_secret twice: with "token" the requests show which is right
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret mock-app-secret;
        token mock-token;
    }'
--- request eval
["GET /v1/operations/connection_health/20000",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /v1/offers/1",
 "GET /_mock/counts"]
--- response_body_like eval
["merchant_id", "bags", "X-Violet-Token", qr/"unauthorized": 1/]
--- error_code eval
[200, 200, 200, 200]



=== app_secret twice: the log says that the other one is tried
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret mock-app-secret;
        token mock-token;
    }'
--- request
GET /v1/operations/connection_health/20000
--- error_log
violet: Violet refused the first "app_secret" of app "shop", the second one is tried



=== app_secret twice: a submit is not repeated with the other secret, the next submit has it
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret mock-app-secret;
        token mock-token;
    }'
--- request eval
["POST /v1/checkout/cart/20000/submit\n{}",
 "POST /v1/checkout/cart/20000/submit\n{}", "GET /_mock/counts"]
--- response_body_like eval
["CREDENTIALS_REJECTED", "bags", qr{"cart_submit/20000": 2,}]
--- error_code eval
[502, 200, 200]



=== app_secret twice: neither is right, no endless calls
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret new-secret;
        app_secret newer-secret;
        token mock-token;
    }'
--- request eval
["GET /v1/operations/connection_health/20000",
 "GET /v1/operations/connection_health/20000", "GET /_mock/counts"]
--- response_body_like eval
["invalid", "invalid", qr{"connection_health/20000": 3,}]
--- error_code eval
[401, 401, 200]



=== two apps never share a token
--- http_config eval
$::Upstream . '
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }
    violet_app other {
        app_id 10000;
        app_secret mock-app-secret;
        login dev@example.com mock-password;
    }
    violet_app third {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }'
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location /other/v1/ {
            violet other;
            proxy_pass http://violet_api/v1/;
        }
        location /any/v1/ {
            violet $arg_app;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /any/v1/x?app=third", "GET /any/v1/x?app=shop",
 "GET /any/v1/x?app=other", "GET /v1/x", "GET /other/v1/x",
 "GET /any/v1/x?app=none", "GET /_mock/counts"]
--- response_body_like eval
[qr/"X-Violet-Token", "mock-token"/, qr/"X-Violet-Token", "eyJ/,
 qr/"X-Violet-Token", "eyJ/, "eyJ", "eyJ", "configuration",
 qr/"login": 1.*"token": 1,.*"unauthorized": 0/s]
--- error_code eval
[200, 200, 200, 200, 200, 500, 200]



=== SSI: a subrequest waits for the token as well
--- http_config eval: $::Refresh
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location /page.html {
            ssi on;
        }
--- mock_commands
/_mock/tokens?answer=slow
--- user_files
>>> page.html
before <!--# include virtual="/v1/offers/1" --> after
--- request
GET /page.html
--- response_body_like
before \{"method": "GET".*X-Violet-Token.* after



=== a caller who closes the connection while waiting: no error
--- http_config eval: $::Refresh
--- mock_commands
/_mock/tokens?answer=slow
--- request
GET /v1/offers/1
--- abort
--- timeout: 0.2
--- wait: 1
--- ignore_response
--- no_error_log
[error]



=== the first socket of nginx is one of IPv6: a token is got
--- skip_eval: 8: system('grep -q ^0*1[[:space:]] /proc/net/if_inet6 2>/dev/null') != 0
--- app: app_id 10000; app_secret mock-app-secret; refresh_token mock-refresh-token;
--- http_extra
    server {
        listen [::1]:$TEST_NGINX_RAND_PORT_1;
    }
--- request eval
["GET /v1/merchants", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
["X-Violet-Token", qr/"token": 1/]
