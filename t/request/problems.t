# Every error of the module is a document of one kind, and errors of nginx
# itself stay as they are: the contract's section 8.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

our $Health = '/v1/operations/connection_health';
our $Cart = '/v1/checkout/cart';

our $Mark = 'a' x 32;

# The document as "key=value" lines, in the order of their names; request_id is
# "same" if it is the id of the request, which $Same has marked.
our $Decode = sub {
    my $json = eval { JSON::PP->new->decode($_[0]) };

    return "no JSON: $_[0]" if ref $json ne 'HASH';

    $json->{request_id} = 'same' if ($json->{request_id} // '') eq $Mark;

    return join '', map { "$_=" . (defined $json->{$_} ? $json->{$_} : 'null')
                          . "\n" }
                    sort keys %$json;
};

our $Same = <<"END";
        sub_filter '"request_id":"\$request_id"' '"request_id":"$Mark"';
        sub_filter_types application/problem+json;
END

our $Location = <<'END';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
END

# Exactly the keys of a problem.
sub document {
    my ($type, $status, $detail) = @_;

    return "\\Adetail=$detail\nrequest_id=same\nstatus=$status\n"
           . "title=[^\n]+\ntype=urn:ngx-violet:$type\n\\z";
}


no_long_string();
run_tests();

__DATA__

=== invalid-request, 400
--- config eval: $::Same . $::Location
--- request eval
"GET $::Health/042"
--- error_code: 400
--- response_headers
Content-Type: application/problem+json
--- response_body_filters eval
$::Decode
--- response_body_like eval
::document('invalid-request', 400, '[^\n]*merchant_id[^\n]*')



=== invalid-request: the character that is not allowed is in the detail
--- config eval: $::Same . $::Location
--- request eval
["GET /v1/merchants;x", "GET /v1/merchants#x", "GET /v1/merchants\\x",
 "POST $::Cart/7/submit.json"]
--- error_code eval
[(400) x 4]
--- response_body_filters eval
[([$::Decode]) x 4]
--- response_body_like eval
[::document('invalid-request', 400, '[^\n]*";"[^\n]*'),
 ::document('invalid-request', 400, '[^\n]*"#"[^\n]*'),
 ::document('invalid-request', 400, '[^\n]*backslash[^\n]*'),
 ::document('invalid-request', 400, '[^\n]*"submit"[^\n]*')]



=== invalid-request: nothing that the caller sent is in the document
--- request eval
["GET /v1/<script>;", "GET $::Health/<script>",
 "GET $::Health/42?refresh=<script>", "GET $::Health/42?app_id=\"<script>",
 "POST $::Cart/%22<script>/submit"]
--- error_code eval
[(400) x 5]
--- response_body_like eval
[('\A\{(?:(?!script).)*\}\s*\z') x 5]



=== route-blocked, 403
--- config eval: $::Same . $::Location
--- request
POST /v1/login
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
--- response_body_filters eval
$::Decode
--- response_body_like eval
::document('route-blocked', 403, '[^\n]+')



=== refresh-limited, 429, for a refresh and for the report
--- config eval: $::Same . $::Location
--- request eval
["GET $::Health/42?refresh=true", "GET $::Health/42?refresh=true",
 "POST $::Health/42"]
--- error_code eval
[200, 429, 429]
--- response_headers_like eval
['X-Violet-Merchant-State: ready',
 ("Content-Type: application/problem\\+json\nRetry-After: \\d+") x 2]
--- response_body_filters eval
[[], [$::Decode], [$::Decode]]
--- response_body_like eval
['"merchant_id"', (::document('refresh-limited', 429, '[^\n]+')) x 2]



=== upstream-unavailable, 502: the cause is in the detail
--- config eval: $::Same . $::Location
--- request eval
["GET $::Health/50000", "GET $::Health/60000", "GET $::Health/30100",
 "GET $::Health/22100"]
--- error_code eval
[(502) x 4]
--- response_headers eval
[('Content-Type: application/problem+json') x 4]
--- response_body_filters eval
[([$::Decode]) x 4]
--- response_body_like eval
[::document('upstream-unavailable', 502, '[^\n]*500[^\n]*'),
 ::document('upstream-unavailable', 502, '[^\n]+'),
 ::document('upstream-unavailable', 502, '[^\n]*301[^\n]*'),
 ::document('upstream-unavailable', 502, '[^\n]*violet_buffer_limit[^\n]*')]



=== upstream-unavailable, 502: no server listens
--- config eval
$::Same . $::Location =~ s/violet_api/127.0.0.1:1/r
--- request eval
"GET $::Health/42"
--- error_code: 502
--- response_headers
Content-Type: application/problem+json
--- response_body_filters eval
$::Decode
--- response_body_like eval
::document('upstream-unavailable', 502, '[^\n]+')



=== upstream-unavailable, 504: no answer in time
--- config eval
$::Same . $::Location =~ s/violet_api;/violet_api; proxy_read_timeout 100ms;/r
--- request eval
"GET $::Health/60200"
--- error_code: 504
--- response_headers
Content-Type: application/problem+json
--- response_body_filters eval
$::Decode
--- response_body_like eval
::document('upstream-unavailable', 504, '[^\n]+')



=== upstream-unavailable: a 429 of Violet stays one
--- config eval: $::Same . $::Location
--- request eval
"GET $::Health/42900"
--- error_code: 429
--- response_headers
Content-Type: application/problem+json
Retry-After: 7
--- response_body_filters eval
$::Decode
--- response_body_like eval
::document('upstream-unavailable', 429, '[^\n]+')



=== configuration, 500: before the request to Violet is built
--- config eval
$::Same . $::Location =~ s/violet shop/violet \$http_x_app/r
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Cart/7/submit"]
--- error_code eval
[(500) x 3]
--- response_headers eval
[('Content-Type: application/problem+json') x 3]
--- response_body_filters eval
[([$::Decode]) x 3]
--- response_body_like eval
[(::document('configuration', 500, '[^\n]*violet[^\n]*')) x 3]



=== configuration, 500: while proxy_pass builds the request
--- environment: violet_api
--- config eval
$::Same . $::Location =~ s/http:/\$how:/r =~ s/violet shop;/violet shop; violet_submit_guard off; set \$how https;/r
--- request eval
["GET /v1/merchants", "POST /v1/merchants\n{}", "POST $::Cart/7/submit"]
--- error_code eval
[(500) x 3]
--- response_headers eval
[('Content-Type: application/problem+json') x 3]
--- response_body_filters eval
[([$::Decode]) x 3]
--- response_body_like eval
[(::document('configuration', 500,
             '[^\n]*"proxy_ssl_verify on"[^\n]*'
             . '"violet_unverified_upstream on"[^\n]*')) x 3]



=== HEAD gets the header of the problem, with its length, and no body
--- request eval
["HEAD $::Health/042", "HEAD /v1/login", "HEAD /v1/merchants;x",
 "HEAD $::Health/50000"]
--- error_code eval
[400, 403, 400, 502]
--- response_headers_like eval
[("Content-Type: application/problem\\+json\nContent-Length: [1-9]\\d\\d")
 x 4]
--- response_body_like eval
[('\A\z') x 4]



=== the length is that of the document
--- request eval
["GET $::Health/042", "POST /v1/login"]
--- error_code eval
[400, 403]
--- raw_response_headers_like eval
[('Content-Length: [1-9]\d\d\r\n') x 2]
--- raw_response_headers_unlike eval
[('Transfer-Encoding') x 2]
--- response_body_like eval
[('\}\s*\z') x 2]



=== two requests have two ids
--- pipelined_requests eval
["GET $::Health/042", "GET $::Health/042"]
--- error_code eval
[400, 400]
--- response_body_filters eval
my $last = '';
my $id = sub {
    my ($id) = $_[0] =~ /"request_id":"([0-9a-f]{32})"/;
    my $seen = !defined $id ? 'none' : $id eq $last ? 'same' : 'new';
    $last = $id;
    return $seen;
};
[[$id], [$id]]
--- response_body eval
['new', 'new']



=== the request id is nginx's $request_id
--- config eval
"$::Same add_header X-Id '[\$request_id]' always;$::Location"
--- request
POST /v1/login
--- error_code: 403
--- response_headers_like
X-Id: \[[0-9a-f]{32}\]
--- response_body_like eval: qr/"request_id":"$::Mark"/



=== add_header adds to a problem with always, and not without
--- config
        location /v1/ {
            add_header X-Always yes always;
            add_header X-Good yes;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["POST /v1/login", "GET $::Health/042", "GET $::Health/50000"]
--- error_code eval
[403, 400, 502]
--- response_headers eval
[("X-Always: yes\n!X-Good") x 3]



=== error_page leaves problems as they are
--- config
        error_page 400 403 429 500 502 503 504 /page;

        location = /page {
            return 200 "page\n";
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_intercept_errors on;
        }
--- request eval
["GET $::Health/042", "POST /v1/login", "GET $::Health/50000",
 "GET $::Health/42?refresh=1", "GET $::Health/42?refresh=1"]
--- error_code eval
[400, 403, 502, 200, 429]
--- response_body_like eval
[::problem('invalid-request', 400), ::problem('route-blocked', 403),
 ::problem('upstream-unavailable', 502), '"merchant_id": ?42\b',
 ::problem('refresh-limited', 429)]



=== error_page does not change a problem that was made while proxy_pass built
--- environment: violet_api
--- config
        error_page 500 /page;

        location = /page {
            return 200 "page\n";
        }

        location /v1/ {
            violet shop;
            set $how https;
            proxy_pass $how://violet_api;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/42", "POST $::Health/42"]
--- error_code eval
[500, 500, 500]
--- response_body_like eval
[(::problem('configuration', 500)) x 3]



=== conditions and ranges do not turn a problem into something else
--- more_headers
If-None-Match: *
If-Modified-Since: Sat, 01 Jan 2022 00:00:00 GMT
If-Match: "x"
Range: bytes=0-5
--- request eval
["GET $::Health/042", "GET $::Health/50000", "POST /v1/login"]
--- error_code eval
[400, 502, 403]
--- response_body_like eval
[::problem('invalid-request', 400), ::problem('upstream-unavailable', 502),
 ::problem('route-blocked', 403)]



=== gzip on: a problem can be compressed like any other answer
--- config
        gzip on;
        gzip_min_length 1;
        gzip_types application/problem+json;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- more_headers
Accept-Encoding: gzip
--- request
POST /v1/login
--- error_code: 403
--- response_headers
Content-Encoding: gzip
Content-Type: application/problem+json



=== 413 is nginx's, on every route
--- config
        location /v1/ {
            client_max_body_size 4;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["POST /v1/merchants\n12345", "POST $::Cart/7/submit\n12345",
 "POST $::Health/42\n12345", "GET $::Health/42\n12345",
 "POST /v1/login\n12345", "GET /_mock/counts"]
--- error_code eval
[(413) x 5, 200]
--- response_headers eval
[('Content-Type: text/html') x 5, 'Content-Type: application/json']
--- response_body_like eval
[('<hr><center>') x 5, ::counts()]



=== 413 is nginx's for a chunked body, which is found to be too long later
--- config
        location /v1/ {
            client_max_body_size 4;
            violet shop;
            proxy_pass http://violet_api;
        }
--- more_headers eval
["Transfer-Encoding: chunked", "Transfer-Encoding: chunked", ""]
--- request eval
["POST $::Cart/7/submit\n5\r\n12345\r\n0\r\n\r\n",
 "POST /v1/merchants\n5\r\n12345\r\n0\r\n\r\n", "GET /_mock/counts"]
--- error_code eval
[413, 413, 200]
--- response_headers eval
[('Content-Type: text/html') x 2, 'Content-Type: application/json']
--- response_body_like eval
[('<hr><center>') x 2, ::counts()]



=== deny is nginx's 403, before any check of the module
--- config
        location /v1/ {
            deny all;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/merchants", "GET $::Health/042", "POST $::Cart/7/submit",
 "POST /v1/login", "GET /v1/merchants;x", "GET /_mock/counts"]
--- error_code eval
[(403) x 5, 200]
--- response_headers eval
[('Content-Type: text/html') x 5, 'Content-Type: application/json']
--- response_body_like eval
[('<hr><center>') x 5, ::counts()]



=== auth_basic is nginx's 401
--- config
        location /v1/ {
            auth_basic realm;
            auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
            violet shop;
            proxy_pass http://violet_api;
        }
--- user_files
>>> users
me:{PLAIN}pass
--- more_headers eval
["", "Authorization: Basic bWU6cGFzcw==", ""]
--- request eval
["GET $::Health/42", "GET $::Health/42", "GET /_mock/counts"]
--- error_code eval
[401, 200, 200]
--- response_body_like eval
['<hr><center>', '"merchant_id": ?42\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== limit_req is nginx's 503
--- http_extra
    limit_req_zone $server_name zone=slow:64k rate=1r/m;
--- config
        location /v1/ {
            limit_req zone=slow;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET $::Health/42", "GET $::Health/42", "POST $::Cart/7/submit",
 "GET /_mock/counts"]
--- error_code eval
[200, 503, 503, 200]
--- response_body_like eval
['"merchant_id": ?42\b', ('<hr><center>') x 2,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== with limit_req_status it is a 429, without an outcome: nothing was sent
--- http_extra
    limit_req_zone   $server_name zone=slow:64k rate=1r/m;
    limit_req_status 429;
--- config
        location /v1/ {
            limit_req zone=slow;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET $::Health/42", "GET $::Health/42", "POST $::Cart/7/submit",
 "GET /_mock/counts"]
--- error_code eval
[200, 429, 429, 200]
--- response_headers eval
[('X-Violet-Cart-Outcome:') x 4]
--- response_body_like eval
['"merchant_id": ?42\b', ('<hr><center>') x 2,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== the answer of return is nginx's, before any check of the module
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            if ($arg_x) {
                return 418 "teapot\n";
            }
        }
--- request eval
["GET $::Health/42?x=1", "POST $::Cart/7/submit?x=1", "POST /v1/login?x=1",
 "GET /_mock/counts"]
--- error_code eval
[418, 418, 418, 200]
--- response_body_like eval
[('\Ateapot\n\z') x 3, ::counts()]



=== 405 is nginx's
--- request eval
["TRACE /v1/merchants", "TRACE $::Health/42", "GET /_mock/counts"]
--- error_code eval
[405, 405, 200]
--- response_body_like eval
[('<hr><center>') x 2, ::counts()]



=== 400 is nginx's for an invalid request line
--- raw_request eval
"GET /v1/merchants HTTP/1.1\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- response_headers
Content-Type: text/html
--- response_body_like: <hr><center>



=== 502 and 504 are nginx's on routes that are streamed
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;
        }
--- request eval
["GET /v1/merchants", "POST $::Health/42"]
--- error_code eval
[502, 502]
--- response_headers eval
[('Content-Type: text/html') x 2]
--- response_body_like eval
[('<hr><center>') x 2]



=== Violet's own errors on streamed routes are Violet's
--- http_extra
    violet_app wrong {
        app_id      10000;
        app_secret  mock-app-secret;
        token       no-token;
    }
--- config
        location /v1/ {
            violet wrong;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/merchants", "POST $::Health/42"]
--- error_code eval
[401, 401]
--- response_headers eval
[('Content-Type: application/json') x 2]
--- response_body_like eval
[('"error_code"') x 2]
