# violet_purge: who may use it, its arguments, the report of a merchant dropped
# and shown.  Several hosts, and drops while a report is fetched, are in
# purge-hosts.t.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Report = 'GET /v1/operations/connection_health';
our $Key = 'violet:health:violet_api:10000';

our $Config = sub {
    my ($token, $more) = @_;
    return sprintf <<'END', $more // '', $token // '';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location = /purge {
            %s
            violet_purge shop %s;
        }
END
};

our $Problem = sub {
    my ($type, $status, $detail) = @_;
    return qr/^\{"type":"urn:ngx-violet:$type",.*"status":$status,"detail":"$detail/;
};

no_long_string();
run_tests();

__DATA__

=== a report and the lists are dropped, then there is nothing
--- config eval: $::Config->()
--- request eval
["$::Report/42", 'GET /v1/operations/connection_health',
 'GET /v1/operations/connection_health?exclude_public=false',
 'POST /purge?merchant_id=42', 'POST /purge?merchant_id=42',
 "$::Report/42", 'GET /v1/operations/connection_health',
 'GET /_mock/counts']
--- error_code eval
[200, 200, 200, 200, 204, 200, 200, 200]
--- response_body_like eval
['merchant_id', '', '', qr/^\{"purged":\{"reports":1,"lists":2\}\}$/, qr/^$/,
 'merchant_id', '', qr/"connection_health": 2,.*"connection_health_list": 3\b/]
--- response_headers_like eval
['', '', '', "Content-Type: application/json\nCache-Control: no-store", '',
 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; fwd=uri-miss; stored', '']



=== the report of another merchant stays
--- config eval: $::Config->()
--- request eval
["$::Report/42", "$::Report/43", 'POST /purge?merchant_id=42', "$::Report/43"]
--- response_headers_like eval
['', '', '', 'Cache-Status: violet; hit; ttl=\d+']
--- error_code eval
[200, 200, 200, 200]
--- redis_check eval
qq{HEXISTS $::Key:42 body\n=> 0\nHEXISTS $::Key:43 body\n=> 1\n}



=== without Redis
--- http_config
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config eval: $::Config->()
--- request eval
["$::Report/42", 'POST /purge?merchant_id=42', 'POST /purge?merchant_id=42',
 "$::Report/42", 'GET /purge?merchant_id=42', 'GET /purge?merchant_id=43']
--- error_code eval
[200, 200, 204, 200, 200, 404]
--- response_body_like eval
['merchant_id', qr/^\{"purged":\{"reports":1,"lists":0\}\}$/, qr/^$/,
 'merchant_id',
 qr/^\{"merchant_id":42,"state":"\w+","age":[0-2]?\d,"ttl":86\d{3},"tier":"memory"/,
 qr/^\{"merchant_id":43,"state":null/]
--- response_headers_like eval
['', '', '', 'Cache-Status: violet; fwd=uri-miss; stored', '', '']



=== a report is shown
--- config eval: $::Config->()
--- request eval
['GET /purge?merchant_id=42', "$::Report/42", 'GET /purge?merchant_id=42',
 'HEAD /purge?merchant_id=42', 'GET /_mock/counts']
--- error_code eval
[404, 200, 200, 200, 200]
--- response_body_like eval
[qr/^\{"merchant_id":42,"state":null/, 'merchant_id',
 qr/^\{"merchant_id":42,"state":"ready","age":[0-2]?\d,"ttl":863\d\d,"tier":"redis","etag":"\\"[0-9a-f]{40}\\"","budget":1\}$/,
 qr/^$/, qr/"connection_health": 1\b/]



=== the budget: what is left of the merchant's, then of the app's; nothing is spent
--- config eval
$::Config->('', 'violet_refresh_limit off;')
=~ s/proxy_pass/violet_refresh_limit merchant=3r\/h app=4r\/h; proxy_pass/r
--- request eval
["$::Report/42", 'GET /purge?merchant_id=42', 'GET /purge?merchant_id=42',
 ("$::Report/42?refresh=true", 'GET /purge?merchant_id=42') x 4,
 ("$::Report/43", 'GET /purge?merchant_id=43',
 "$::Report/43?refresh=true", 'GET /purge?merchant_id=43')]
--- error_code eval
[200, 200, 200, (200, 200) x 3, 429, 200, 200, 200, 200, 200]
--- response_body_like eval
['', qr/"budget":3\}$/, qr/"budget":3\}$/, '', qr/"budget":2\}$/,
 '', qr/"budget":1\}$/, '', qr/"budget":0\}$/, '', qr/"budget":0\}$/,
 '', qr/"budget":1\}$/, '', qr/"budget":0\}$/]



=== the budget without Redis
--- http_config
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config eval
$::Config->()
=~ s/proxy_pass/violet_refresh_limit merchant=3r\/h app=4r\/h; proxy_pass/r
--- request eval
["$::Report/42", 'GET /purge?merchant_id=42', 'GET /purge?merchant_id=42',
 ("$::Report/42?refresh=true", 'GET /purge?merchant_id=42') x 4,
 ("$::Report/43", 'GET /purge?merchant_id=43',
 "$::Report/43?refresh=true", 'GET /purge?merchant_id=43')]
--- error_code eval
[200, 200, 200, (200, 200) x 3, 429, 200, 200, 200, 200, 200]
--- response_body_like eval
['', qr/"budget":3\}$/, qr/"budget":3\}$/, '', qr/"budget":2\}$/,
 '', qr/"budget":1\}$/, '', qr/"budget":0\}$/, '', qr/"budget":0\}$/,
 '', qr/"budget":1\}$/, '', qr/"budget":0\}$/]



=== no budget without a limit
--- config eval
$::Config->() =~ s/proxy_pass/violet_refresh_limit off; proxy_pass/r
--- request eval
["$::Report/42", 'GET /purge?merchant_id=42']
--- response_body_like eval
['', qr/"budget":null\}$/]



=== Redis away: the copy of this host is dropped
--- config eval: $::Config->()
--- http_config
    violet_redis redis://127.0.0.1:1/0;
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["$::Report/42", "$::Report/42", 'POST /purge?merchant_id=42', "$::Report/42",
 'GET /purge?merchant_id=43']
--- error_code eval
[200, 200, 503, 200, 503]
--- response_body_like eval
['', '', qr/^\{"purged":\{"reports":1,"lists":0\},"scope":"host"\}$/, '',
 qr/^\{"merchant_id":43,"state":null,"scope":"host"\}$/]
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=\\d+', 'Retry-After: 5',
 'Cache-Status: violet; fwd=uri-miss', 'Retry-After: 5']



=== only this machine, without a token
--- config eval
$::Config->('', 'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;')
--- request
POST /purge?merchant_id=42
--- more_headers
X-Real-IP: 192.0.2.1
--- error_code: 403
--- response_body_like eval
$::Problem->('route-blocked', 403, 'without token= in violet_purge only this')



=== a page in a browser may not
--- config eval: $::Config->()
--- request eval
[('POST /purge?merchant_id=42') x 3]
--- more_headers eval
['Origin: http://127.0.0.1', 'Sec-Fetch-Site: cross-site',
 'Sec-Fetch-Site: none']
--- error_code eval
[403, 403, 204]



=== the token
--- config eval
$::Config->('token=s3cret', 'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;')
--- request eval
[('POST /purge?merchant_id=42') x 8]
--- more_headers eval
['', 'Authorization: Bearer s3cre', 'Authorization: Bearer s3creT',
 'Authorization: Basic s3cret', "Authorization: Bearer s3cret\nX-Real-IP: 192.0.2.1",
 'Authorization: bearer s3cret', "Authorization: Bearer s3cret\nOrigin: http://x",
 'Authorization: Bearer s3crett']
--- error_code eval
[401, 401, 401, 401, 204, 204, 403, 401]
--- response_headers_like eval
[('WWW-Authenticate: Bearer') x 4, '', '', '', 'WWW-Authenticate: Bearer']



=== methods
--- config eval: $::Config->()
--- request eval
['PUT /purge?merchant_id=42', 'DELETE /purge?merchant_id=42']
--- error_code eval
[405, 405]
--- response_headers eval
[('Allow: GET, HEAD, POST') x 2]
--- response_body_like eval
[($::Problem->('method-not-allowed', 405, 'the methods here are GET, HEAD')) x 2]



=== arguments
--- config eval: $::Config->()
--- request eval
[map { "POST /purge$_" } '', '?x=1', '?merchant_id=', '?merchant_id=0',
 '?merchant_id=042', '?merchant_id=2147483648', '?merchant_id=4%2',
 '?merchant_id=42&merchant_id=43', '?all=2', '?all=1&merchant_id=42',
 '?merchant_id=%342&x=1']
--- error_code eval
[(400) x 10, 204]
--- response_body_like eval
[$::Problem->('invalid-request', 400, 'one of the arguments'),
 $::Problem->('invalid-request', 400, 'one of the arguments'),
 ($::Problem->('invalid-request', 400, 'merchant_id must be a number')) x 4,
 $::Problem->('invalid-request', 400, 'the arguments must be correctly'),
 $::Problem->('invalid-request', 400, 'only one of the arguments'),
 $::Problem->('invalid-request', 400, 'all must be 1'),
 $::Problem->('invalid-request', 400, 'only one of the arguments'), qr/^$/]



=== an unknown parameter
--- config eval: $::Config->('tokens=x')
--- refused: invalid parameter "tokens=x" in "violet_purge", use "token="



=== an unknown app
--- config
    location = /purge { violet_purge shops; }
--- refused: unknown app "shops" in "violet_purge", define it with



=== an app that no location uses
--- config
    location = /purge { violet_purge shop; }
--- refused: no location uses the app "shop" of "violet_purge", so its keys are not known



=== such an app with an environment
--- environment: elsewhere
--- config
    location = /purge { violet_purge shop; }
--- request
POST /purge?merchant_id=42
--- error_code: 204
--- redis_check
HEXISTS violet:health:elsewhere:10000:42 v
=> 1



=== beside violet
--- location
    violet shop;
    proxy_pass http://violet_api;
    violet_purge shop;
--- refused: "violet" and "violet_purge" in one location, give each a location of its own



=== twice
--- config eval: $::Config->('', 'violet_purge shop;')
--- refused: "violet_purge" and "violet_purge" in one location
