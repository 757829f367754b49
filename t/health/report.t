use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Etag = qr/"[0-9a-f]{40}"/;
our $Problem = qr/"type":"urn:ngx-violet:upstream-unavailable"/;
our $Key = 'violet:health:violet_api:10000';

no_long_string();
run_tests();

__DATA__

=== a report that is not cached comes from Violet and is stored
--- request eval: ::get(20001)
--- response_headers_like eval
"Content-Type: application/json
Cache-Status: violet; fwd=uri-miss; stored
Age: 0
ETag: $::Etag
X-Violet-Merchant-State: ready
" . ::vars(cache => 'MISS', age => 0, state => 'ready', redis => 'ok',
           up => 200)
--- redis_check
DBSIZE
=> 1



=== the second time it comes from Redis, and Violet is not asked
--- http_extra
    violet_health_memory off;
--- request eval: ::get(20002, 20002, 20002, '/_mock/counts')
--- response_headers_like eval
my $hit = "Content-Type: application/json
Cache-Status: violet; hit; ttl=(86400|863[789][0-9])
Age: [0-2]?[0-9]
ETag: $::Etag
X-Violet-Merchant-State: ready
X-Vars: cache=HIT tier=redis age=[0-2]?[0-9] refresh= state=ready redis=ok up=";
['Cache-Status: violet; fwd=uri-miss; stored', $hit, $hit, '']
--- response_body_like eval
[('"merchant_id": 20002') x 3, '"connection_health/20002": 1\b']



=== a miss and a hit have Violet's bytes
--- request eval: ::get('direct 20003', 20003, 20003)
--- same_body: 0 1 2



=== a chunked report is stored whole
--- request eval: ::get('direct 22801', 22801, 22801)
--- response_headers eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '']
--- same_body: 0 1 2



=== a report that comes in many pieces is stored whole
--- request eval: ::get('direct 61201', 61201, 61201)
--- response_headers eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '']
--- same_body: 0 1 2



=== bytes after Content-Length are not part of the report
--- request eval: ::get('direct 61001', 61001, 61001)
--- response_headers eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '']
--- response_body_like eval
[('\A\{.*\}\z') x 3]



=== a report of 5 MB is stored if violet_buffer_limit allows it
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT '
          . 'connect_timeout=20s timeout=20s;')
--- config eval: ::location('violet_buffer_limit 8m;')
--- request eval: ::get('direct 22101', 22101, 22101)
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']
--- same_body: 0 1 2
--- no_error_log
[error]



=== a report that is kept is not served where violet_buffer_limit is less
--- http_config eval: ::servers('')
--- config eval
::location('violet_buffer_limit 8m;') . '
        location /small/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }'
--- request eval
[@{::get(22102, 22102)}, 'GET /small/v1/operations/connection_health/22102',
 ::get(22102)]
--- error_code eval: [200, 200, 502, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+', '',
 'Cache-Status: violet; hit; ttl=\d+']
--- response_body_like eval
[('"merchant_id": 22102') x 2, '"status":502,"detail":"[^"]*violet_buffer_limit',
 '"merchant_id": 22102']



=== a request whose body is no chunk is refused, and Violet is not asked
--- raw_request eval
["GET /v1/operations/connection_health/20004 HTTP/1.1\r\nHost: localhost\r\n"
 . "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
 "GET /_mock/counts HTTP/1.0\r\n\r\n"]
--- error_code eval
[400, 200]
--- response_body_like eval
['400 Bad Request', '"connection_health": 0']



=== a hit has its Age and the ttl in Cache-Status
--- redis_commands eval: ::seed(20004, age => 100)
--- request eval: ::get(20004)
--- response_headers_like
Age: 1[0-3][0-9]
Cache-Status: violet; hit; ttl=(86300|862[789][0-9])
X-Vars: cache=HIT tier=redis age=1[0-3][0-9] refresh= state=ready redis=ok up=
--- response_body eval: ::report(20004)



=== the ETag is that of the bytes, the same from Violet and from Redis
--- request eval: ::get(20005, 20005)
--- response_headers_like eval
["ETag: $::Etag", "ETag: $::Etag"]
--- redis_check eval
qq{EVAL "local k=KEYS[1] return '\\"'..redis.sha1hex(redis.call('HGET',k,'body'))..'\\"'==redis.call('HGET',k,'etag') and 1 or 0" 1 $::Key:20005
=> 1
}



=== If-None-Match with the ETag gets 304 and no body
--- redis_commands eval: ::seed(20006, body => ::report(20006), age => 20)
--- more_headers eval
use Digest::SHA;
'If-None-Match: "' . Digest::SHA::sha1_hex(::report(20006)) . '"'
--- request eval: ::get(20006)
--- error_code: 304
--- response_headers_like eval
"ETag: $::Etag
Cache-Status: violet; hit; ttl=863(80|[567][0-9])
Age: [2-5][0-9]
X-Violet-Merchant-State: ready"
--- response_body:



=== If-None-Match with the ETag in a list, in its weak form, gets 304
--- redis_commands eval: ::seed(20007)
--- more_headers eval
use Digest::SHA;
'If-None-Match: "other", W/"' . Digest::SHA::sha1_hex(::report(20007)) . '"'
--- request eval: ::get(20007)
--- error_code: 304



=== If-None-Match with another ETag gets the report
--- redis_commands eval: ::seed(20008)
--- more_headers
If-None-Match: "0000000000000000000000000000000000000000"
--- request eval: ::get(20008)
--- response_body eval: ::report(20008)



=== If-None-Match: conditions by date beside it are ignored
--- redis_commands eval: ::seed(20010)
--- more_headers eval
use Digest::SHA;
[map { CORE::join "\n", 'If-None-Match: "' . $_ . '"',
           'If-Modified-Since: Mon, 30 Nov 2026 00:00:00 GMT',
           'If-Unmodified-Since: Mon, 30 Nov 2026 00:00:00 GMT' }
 Digest::SHA::sha1_hex(::report(20010)), '0' x 40]
--- request eval: ::get(20010, 20010)
--- error_code eval: [304, 200]
--- response_body eval: ['', ::report(20010)]



=== a report has no Last-Modified: conditions by date are ignored
--- redis_commands eval: ::seed(20010)
--- more_headers eval
['If-Modified-Since: Mon, 30 Nov 2026 00:00:00 GMT',
 'If-Unmodified-Since: Mon, 30 Nov 2026 00:00:00 GMT',
 "If-Modified-Since: Mon, 30 Nov 2026 00:00:00 GMT
If-Unmodified-Since: Mon, 30 Nov 2026 00:00:00 GMT"]
--- request eval: ::get(20010, 20010, 20010)
--- error_code eval: [200, 200, 200]
--- response_headers_like eval
[("!Last-Modified\nETag: $::Etag") x 3]
--- response_body eval: [(::report(20010)) x 3]



=== If-None-Match is answered on a miss as well, and Violet gets none
--- redis_commands eval: ::seed(20009)
--- more_headers
If-None-Match: *
--- request eval: ::get(20010, '/_mock/last')
--- error_code eval: [304, 200]
--- response_headers eval
['Cache-Status: violet; fwd=uri-miss; stored', '']
--- response_body_unlike eval
['.', '(?i)if-none-match']



=== HEAD is sent to Violet as GET, the report is stored, the answer has no body
--- request eval: ::get('HEAD 20011', '/_mock/last', 20011)
--- response_headers_like eval
["Cache-Status: violet; fwd=uri-miss; stored
ETag: $::Etag
Content-Length: [1-9]\\d+
Content-Type: application/json
X-Violet-Merchant-State: ready", '', 'Cache-Status: violet; hit; ttl=\d+']
--- response_body_like eval
['\A\z', '"line": "GET /v1/operations/connection_health/20011 HTTP/1.1"',
 '"merchant_id": 20011']



=== HEAD of a cached report
--- redis_commands eval: ::seed(20012)
--- request eval: ::get('HEAD 20012')
--- response_headers_like eval
"Cache-Status: violet; hit; ttl=863(90|[678][0-9])
Content-Length: " . length(::report(20012))
--- response_body:



=== HEAD with If-None-Match gets 304
--- redis_commands eval: ::seed(20013)
--- more_headers
If-None-Match: *
--- request eval: ::get('HEAD 20013')
--- error_code: 304



=== complete reports: ready
--- request eval: ::get(20014, 20601, 20701, 20901, 21701, 21801, 23201)
--- response_headers eval
[('X-Violet-Merchant-State: ready') x 7]



=== a section that is NEEDS_ATTENTION: blocked
--- request eval: ::get(20101)
--- response_headers eval
"X-Violet-Merchant-State: blocked\n"
. ::vars(cache => 'MISS', age => 0, state => 'blocked', redis => 'ok',
         up => 200)



=== a section that is NEEDS_ATTENTION, in camelCase: blocked
--- request eval: ::get(20801)
--- response_headers
X-Violet-Merchant-State: blocked



=== a section that is ERROR: blocked
--- request eval: ::get(20201)
--- response_headers
X-Violet-Merchant-State: blocked



=== merchant_status INACTIVE, DISABLED, DISABLED_INACTIVE, FOR_DELETION, APPLICATION_DENIED: blocked
--- request eval: ::get(21001, 21101, 21201, 21301, 21401)
--- response_headers eval
[('X-Violet-Merchant-State: blocked') x 5]



=== a section that is INCOMPLETE: degraded
--- request eval: ::get(20301)
--- response_headers
X-Violet-Merchant-State: degraded



=== a section of an unknown status: degraded
--- request eval: ::get(20401)
--- response_headers
X-Violet-Merchant-State: degraded



=== no connection section: degraded
--- request eval: ::get(20501)
--- response_headers
X-Violet-Merchant-State: degraded



=== any other merchant_status: degraded
--- request eval: ::get(21501, 21601)
--- response_headers eval
[('X-Violet-Merchant-State: degraded') x 2]



=== the state of a hit is the one that was stored
--- request eval: ::get(20102, 20102)
--- response_headers_like eval
['X-Violet-Merchant-State: blocked',
'X-Violet-Merchant-State: blocked
X-Vars: cache=HIT tier=redis age=[0-2]?[0-9] refresh= state=blocked redis=ok up=']
--- redis_check
HGET violet:health:violet_api:10000:20102 state
=> blocked



=== Redis has the report, its fields, and the number of the form
--- request eval: ::get(20302)
--- redis_check eval
"KEYS *
=> [$::Key:20302]
HLEN $::Key:20302
=> 7
HGET $::Key:20302 v
=> 1
HGET $::Key:20302 merchant
=> 20302
HGET $::Key:20302 kept
=> 86400000
HGET $::Key:20302 body
=~ ^\\{\"merchant_id\": 20302,.*\\}\$
HGET $::Key:20302 etag
=~ ^$::Etag\$
HGET $::Key:20302 state
=> degraded
HGET $::Key:20302 stored_at
=~ ^\\d{13}\$
EVAL \"local t=redis.call('TIME') local a=t[1]*1000+math.floor(t[2]/1000)-redis.call('HGET',KEYS[1],'stored_at') return (a>=0 and a<3000) and 1 or a\" 1 $::Key:20302
=> 1
PTTL $::Key:20302
=~ ^(86400000|863\\d{5})\$
"



=== the TTL in Redis is violet_health_ttl and violet_health_stale together
--- config eval
::location('violet_health_ttl 10s;', 'violet_health_stale 1h;')
--- request eval: ::get(20015)
--- redis_check eval
"PTTL $::Key:20015
=~ ^(3610000|3(?:60|5[789])\\d{4})\$
"



=== the keys have the prefix of violet_redis
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0 prefix=a:b/ connect_timeout=20s timeout=20s;')
--- redis_commands: ACL SETUSER default ~a:b/*
--- request eval: ::get(20016, 20016)
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check
KEYS *
=> [a:b/health:violet_api:10000:20016]



=== an empty prefix: the keys begin with "health:"
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s prefix=;')
--- redis_commands eval: 'ACL SETUSER default ' . Violet::Redis::bare_keys()
--- request eval: ::get(20017)
--- redis_check
KEYS *
=> [health:violet_api:10000:20017]



=== the report is in the database of violet_redis
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/3 '
          . 'connect_timeout=20s timeout=20s;')
--- request eval: ::get(20018, 20018)
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check
DBSIZE
=> 0
SELECT 3
=> OK
KEYS *
=> [violet:health:violet_api:10000:20018]



=== the app's own app_id is not forwarded, and the entry is the same
--- request eval
::get('20019?app_id=10000', '/_mock/last', 20019, '20019?app_id=10000',
      '/_mock/counts')
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored', '',
 ('Cache-Status: violet; hit; ttl=\d+') x 2, '']
--- response_body_like eval
['', '"line": "GET /v1/operations/connection_health/20019 HTTP/1.1"', '', '',
 '"connection_health/20019": 1\b']
--- redis_check
KEYS *
=> [violet:health:violet_api:10000:20019]



=== another app's app_id is a 400 problem, and Violet is not asked
--- request eval: ::get('20020?app_id=10001', '/_mock/counts')
--- error_code eval: [400, 200]
--- response_headers eval
['Content-Type: application/problem+json', '']
--- response_body_like eval
['"type":"urn:ngx-violet:invalid-request".*"status":400',
 '"connection_health": 0']
--- redis_check
DBSIZE
=> 0



=== two apps of one id share a report: no key holds an app's name
--- http_extra
    violet_app second {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
--- config eval
::location() . '
        location /second/v1/ {
            violet second;
            proxy_pass http://violet_api/v1/;
        }
'
--- request eval
::get(20021, '/second' . ::health(20021), 20021, '/second' . ::health(20021),
      '/_mock/counts')
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 ('Cache-Status: violet; hit; ttl=\d+') x 3, '']
--- response_body_like eval
[('') x 4, '"connection_health/20021": 1\b']
--- redis_check
KEYS *
=> [violet:health:violet_api:10000:20021]



=== two apps of different ids never share a report
--- http_extra
    violet_app second {
        app_id      10001;
        app_secret  mock-app-secret;
        token       mock-token;
    }
--- config eval
::location() . '
        location /second/v1/ {
            violet second;
            proxy_pass http://violet_api/v1/;
        }
'
--- request eval
::get(20021, '/second' . ::health(20021), 20021)
--- error_code eval: [200, 401, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored', 'Cache-Status: violet; fwd=uri-miss',
 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check
KEYS *
=> [violet:health:violet_api:10000:20021]



=== two upstreams never share a report
--- http_extra
    violet_app sandbox {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    upstream sandbox {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config eval
::location() . '
        location /sandbox/v1/ {
            violet sandbox;
            proxy_pass http://sandbox/v1/;
        }
'
--- request eval
::get(20022, '/sandbox' . ::health(20022), '/sandbox' . ::health(20022),
      '/_mock/counts')
--- response_headers_like eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 2,
 'Cache-Status: violet; hit; ttl=\d+', '']
--- response_body_like eval
[('') x 3, '"connection_health/20022": 2\b']
--- redis_check
EXISTS violet:health:violet_api:10000:20022
=> 1
EXISTS violet:health:sandbox:10000:20022
=> 1



=== two locations with the same app and upstream share a report
--- config eval
::location() . '
        location /other/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
'
--- request eval: ::get(20023, '/other' . ::health(20023))
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']



=== a merchant without an own report is not served another's
--- request eval: ::get(20024, 20025)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 2]
--- response_body_like eval
['"merchant_id": 20024,', '"merchant_id": 20025,']



=== Violet's headers are not kept, on a miss and on a hit
--- request eval: ::get(22901, 22901)
--- response_headers_like eval
[("ETag: $::Etag") x 2]
--- raw_response_headers_unlike eval
[('(?i)(Set-Cookie|X-Accel|Cache-Control|Expires|Cart-Outcome)') x 2]
--- response_body_like eval
[('"merchant_id": 22901') x 2]



=== the caller's headers are not sent to Violet, the operator's are
--- config eval
::location('proxy_set_header X-Env production;')
--- more_headers
Accept: text/html
Accept-Encoding: gzip
Authorization: Basic Zm9vOmJhcg==
Cookie: session=1
If-None-Match: "x"
Range: bytes=0-9
User-Agent: somebody
X-Forwarded-For: 10.0.0.1
X-Violet-Token: mine
X-Whatever: 1
--- request eval: ::get(20026, '/_mock/last')
--- response_body_like eval
['"merchant_id": 20026',
 '"connection_health": \{"line": "GET /v1/operations/connection_health/20026 HTTP/1.1", '
 . '"headers": \[(?:\["(?:Host", "violet_api|X-Env", "production|X-Violet-App-Id", "10000|X-Violet-App-Secret", "mock-app-secret|X-Violet-Token", "mock-token|X-Request-Id", "[0-9a-f]{32}|Accept", "application/json)"\](?:, )?){7}\], '
 . '"body": ""']



=== a refresh carries no header of the caller either
--- more_headers
Accept: text/html
X-Whatever: 1
--- request eval: ::get('20027?refresh=true', '/_mock/last')
--- response_body_like eval
['', '"line": "GET /v1/operations/connection_health/20027\?refresh=true HTTP/1.1", '
 . '"headers": \[(?:\["(?:Host|X-Violet-App-Id|X-Violet-App-Secret|X-Violet-Token|X-Request-Id|Accept)", "[^"]*"\](?:, )?){6}\], '
 . '"body": ""']



=== a body that comes with a GET is not passed on
--- request eval
["GET " . ::health(20028) . "\nGET /v1/nowhere HTTP/1.1", ::get(20029),
 ::get('/_mock/counts')]
--- response_body_like eval
['"merchant_id": 20028', '"merchant_id": 20029', '"garbage": 0\b']



=== proxy_buffering off: the report is stored
--- config eval: ::location('proxy_buffering off;')
--- request eval: ::get('direct 20030', 20030, 20030, 60001, 22102)
--- error_code eval: [200, 200, 200, 502, 502]
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+', ('Cache-Status: violet; fwd=uri-miss') x 2]
--- response_body_like eval
[('"merchant_id": 20030') x 3, $::Problem, 'violet_buffer_limit']
--- same_body: 0 1 2



=== HTTP/1.0 to Violet: the report is stored
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_http_version 1.0;
        }
--- request eval: ::get('direct 22802', 22802, 22802)
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']
--- same_body: 0 1 2



=== a peer that is down: the next one is asked
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0 '
          . 'connect_timeout=20s timeout=20s;')
. '    upstream two {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT backup;
    }
'
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://two;
        }
--- request eval: ::get(20031)
--- response_headers eval
"Cache-Status: violet; fwd=uri-miss; stored\n"
. ::vars(cache => 'MISS', age => 0, state => 'ready', redis => 'ok',
         up => '502, 200')
--- error_log
connect() failed



=== proxy_next_upstream http_500: the next one is asked
--- http_extra
    upstream two {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://two;
            proxy_next_upstream error timeout http_500;
        }
--- request eval: ::get(24301)
--- response_headers eval
"Cache-Status: violet; fwd=uri-miss; stored\n"
. ::vars(cache => 'MISS', age => 0, state => 'ready', redis => 'ok',
         up => '500, 200')



=== a refresh that timed out is not asked of the next one, a plain read is
--- http_extra
    upstream two {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT max_fails=0;
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT max_fails=0;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://two;
            proxy_read_timeout 300ms;
        }
--- request eval: ::get('60211?refresh=true', 60212)
--- error_code eval: [504, 504]
--- response_headers eval
["Cache-Status: violet; fwd=request
" . ::vars(refresh => 'granted', redis => 'ok', cache => 'REFRESH',
           up => '504'),
 "Cache-Status: violet; fwd=uri-miss
" . ::vars(redis => 'ok', cache => 'MISS', up => '504, 504')]



=== a hit is not counted as an exchange with Violet
--- redis_commands eval: ::seed(20032)
--- request eval: ::get(20032)
--- raw_response_headers_like: up=\r\n



=== gzip on: compressed for those who ask, from the same entry
--- config eval
::location('gzip on;', 'gzip_types application/json;', 'gzip_min_length 1;')
--- request eval: ::get(20033, 20033)
--- more_headers eval
['', "Accept-Encoding: gzip\n"]
--- response_headers_like eval
["ETag: $::Etag", "Content-Encoding: gzip
ETag: W/$::Etag
Cache-Status: violet; hit; ttl=\\d+"]



=== Violet's answer with a Content-Encoding that nobody asked for passes, and is not stored
--- request eval: ::get('direct 22201', 22201)
--- response_headers eval
['', "Content-Encoding: deflate
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State"]
--- same_body: 0 1
--- redis_check
DBSIZE
=> 0



=== a compressed report: one warning, with the reason
--- request eval: ::get(22202)
--- grep_error_log eval: qr/\[warn\].*? is not stored: [a-z ]+/
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22202 is not stored: it is compressed[^\n]*\n\z/



=== the report of another merchant passes, is not stored, one warning
--- request eval: ::get(22301)
--- response_headers
Cache-Status: violet; fwd=uri-miss
Content-Type: application/json
!ETag
!Age
!X-Violet-Merchant-State
--- response_body_like: "merchant_id": 22302
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: [\w ]+/
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22301 is not stored: not the merchant_id [^\n]*\n\z/



=== a report without any section passes, is not stored, one warning
--- request eval: ::get(22401)
--- response_headers
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State
--- response_body_like: "merchant_id": 22401
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: [\w ]+/
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22401 is not stored: no known section[^\n]*\n\z/



=== a sentence as JSON passes, is not stored, one warning
--- request eval: ::get(22501)
--- response_headers
Cache-Status: violet; fwd=uri-miss
Content-Type: application/json
!ETag
!X-Violet-Merchant-State
--- response_body chomp
All is well with this merchant.
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: ./
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22501 is not stored: [^\n]*\n\z/



=== a list passes, is not stored, one warning
--- request eval: ::get(22601)
--- response_headers
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State
--- response_body_like: ^\[\{"merchant_id": 22601
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: [\w ]+/
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22601 is not stored: not an object[^\n]*\n\z/



=== an empty body passes, is not stored, one warning
--- request eval: ::get(22701)
--- response_headers
Cache-Status: violet; fwd=uri-miss
Content-Length: 0
!ETag
!X-Violet-Merchant-State
--- response_body:
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: ./
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 22701 is not stored: [^\n]*\n\z/



=== JSON that breaks off passes, is not stored, one warning
--- request eval: ::get('direct 23001', 23001)
--- response_headers eval
['', "Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State"]
--- same_body: 0 1
--- redis_check
DBSIZE
=> 0



=== JSON that breaks off: one warning
--- request eval: ::get(23001)
--- grep_error_log eval: qr/\[warn\].*? is not stored: ./
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 23001 is not stored: [^\n]*\n\z/



=== a report without merchant_id passes, is not stored, one warning
--- request eval: ::get(23101)
--- response_headers
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State
--- redis_check
DBSIZE
=> 0
--- grep_error_log eval: qr/\[warn\].*? is not stored: [\w ]+/
--- grep_error_log_out eval
qr/\A\[warn\] [^\n]* about merchant 23101 is not stored: no merchant_id[^\n]*\n\z/



=== a valid report is stored without a warning
--- request eval: ::get(20034)
--- no_error_log
[warn]
[error]



=== an answer that was not stored is asked for again
--- request eval: ::get(22302, 22302, '/_mock/counts')
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss') x 2, '']
--- response_body_like eval
['', '', '"connection_health/22302": 2\b']



=== a bad 200 does not replace a good report that has expired
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(22303, age => 3700, ttl => 1000)
--- request eval: ::get(22303)
--- response_headers
Cache-Status: violet; fwd=stale
--- redis_check eval
"HGET $::Key:22303 body
=> @{[::report(22303)]}
"



=== Violet's 400 passes unchanged and uncached
--- request eval: ::get('direct 40001', 40001)
--- error_code eval: [400, 400]
--- response_headers eval
['', "Content-Type: application/json
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State"]
--- response_body_like eval
[('"error": "bad_request"') x 2]
--- redis_check
DBSIZE
=> 0
--- no_error_log
[warn]



=== Violet's 401 passes unchanged and uncached
--- request eval: ::get(40101)
--- error_code: 401
--- response_headers eval
"Content-Type: application/json
Cache-Status: violet; fwd=uri-miss\n"
. ::vars(cache => 'MISS', redis => 'ok', up => 401)
--- response_body_like: "message": "Token has expired"
--- redis_check
DBSIZE
=> 0



=== Violet's 403 passes unchanged and uncached
--- request eval: ::get(40301)
--- error_code: 403
--- response_headers
Cache-Status: violet; fwd=uri-miss
--- response_body_like: "error": "merchant_not_connected"
--- redis_check
DBSIZE
=> 0



=== Violet's 404 passes unchanged, and is asked for again
--- request eval: ::get(40401, 40401, '/_mock/counts')
--- error_code eval: [404, 404, 200]
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss') x 2, '']
--- response_body_like eval
[('"error": "merchant_not_found"') x 2, '"connection_health/40401": 2\b']



=== proxy_intercept_errors and error_page do not change Violet's 404
--- config eval
::location('proxy_intercept_errors on;', 'error_page 404 502 =200 /elsewhere;')
. '        location /elsewhere { return 200 "elsewhere"; }
'
--- request eval: ::get(40402, 50001)
--- error_code eval: [404, 502]
--- response_body_like eval
['"error": "merchant_not_found"', $::Problem]



=== Violet's 429 stays 429, as a problem, with its Retry-After
--- request eval: ::get(42901)
--- error_code: 429
--- response_headers eval
"Content-Type: application/problem+json
Cache-Status: violet; fwd=uri-miss
Retry-After: 7
!ETag
!X-Violet-Merchant-State
" . ::vars(cache => 'MISS', redis => 'ok', up => 429)
--- response_body_like eval
qr/\A\{"type":"urn:ngx-violet:upstream-unavailable","title":"[^"]+","status":429,"detail":"[^"]*429[^"]*","request_id":"[0-9a-f]{32}"\}\n\z/
--- redis_check
KEYS *
=> [violet:health-held:violet_api:10000:42901]



=== Violet's 500: a 502 problem that names the status
--- request eval: ::get(50001)
--- error_code: 502
--- response_headers eval
"Content-Type: application/problem+json
Cache-Status: violet; fwd=uri-miss
!ETag
!X-Violet-Merchant-State
" . ::vars(cache => 'MISS', redis => 'ok', up => 500)
--- response_body_like eval
qr/\A\{"type":"urn:ngx-violet:upstream-unavailable","title":"[^"]+","status":502,"detail":"[^"]*\b500\b[^"]*","request_id":"[0-9a-f]{32}"\}\n\z/
--- redis_check
DBSIZE
=> 0



=== Violet's 503: a 502 problem that names the status
--- request eval: ::get(50301)
--- error_code: 502
--- response_body_like: "status":502,"detail":"[^"]*\b503\b



=== Violet's 500 in HTML: a 502 problem, no byte of HTML
--- request eval: ::get(51001)
--- error_code: 502
--- response_headers
Content-Type: application/problem+json
--- response_body_like: \A\{"type":"urn:ngx-violet:upstream-unavailable"[^<]*\z



=== Violet's 301: a 502 problem, no Location
--- request eval: ::get(30101)
--- error_code: 502
--- response_headers
Content-Type: application/problem+json
!Location
--- response_body_like eval: $::Problem



=== cut off within the announced length: a 502 problem
--- request eval: ::get(60002)
--- error_code: 502
--- response_headers
Content-Type: application/problem+json
Cache-Status: violet; fwd=uri-miss
--- response_body_like: "status":502,"detail":"[^"]*cut off
--- redis_check
DBSIZE
=> 0



=== cut off without the last chunk: a 502 problem
--- request eval: ::get(60101)
--- error_code: 502
--- response_body_like: "status":502,"detail":"[^"]*cut off
--- redis_check
DBSIZE
=> 0



=== no answer within proxy_read_timeout: a 504 problem
--- config eval: ::location('proxy_read_timeout 200ms;')
--- request eval: ::get(60201)
--- error_code: 504
--- response_headers eval
"Content-Type: application/problem+json
Cache-Status: violet; fwd=uri-miss
" . ::vars(cache => 'MISS', redis => 'ok', up => 504)
--- response_body_like: "status":504,"detail":"[^"]*in time
--- redis_check
DBSIZE
=> 0



=== stalled in the body: a 502 or 504 problem, nothing stored
--- config eval: ::location('proxy_read_timeout 200ms;')
--- request eval: ::get(60601)
--- error_code_like: ^50[24]$
--- response_headers
Content-Type: application/problem+json
--- response_body_like eval: $::Problem
--- redis_check
EXISTS violet:health:violet_api:10000:60601
=> 0



=== closed before the header: a 502 problem
--- request eval: ::get(60301)
--- error_code: 502
--- response_body_like eval: $::Problem



=== closed within the header: a 502 problem
--- request eval: ::get(60401)
--- error_code: 502
--- response_body_like eval: $::Problem



=== not HTTP: a 502 problem
--- request eval: ::get(60501)
--- error_code: 502
--- response_body_like eval: $::Problem
--- redis_check
DBSIZE
=> 0



=== reset before the header: a 502 problem
--- request eval: ::get(60701)
--- error_code: 502
--- response_body_like eval: $::Problem



=== an invalid header line: a 502 problem
--- request eval: ::get(60801)
--- error_code: 502
--- response_body_like eval: $::Problem
--- redis_check
DBSIZE
=> 0



=== a good body without a header, as in HTTP/0.9: a 502 problem
--- request eval: ::get(60901)
--- error_code: 502
--- response_body_like eval: $::Problem
--- redis_check
DBSIZE
=> 0



=== a header of 200 kB: a 502 problem
--- request eval: ::get(61101)
--- error_code: 502
--- response_body_like eval: $::Problem



=== a header of 31 kB: stored, however small the operator's buffers
--- config eval
::location('proxy_buffer_size 1k;', 'proxy_buffers 2 4k;',
           'proxy_busy_buffers_size 4k;', 'proxy_max_temp_file_size 0;',
           'violet_buffer_limit 6m;')
--- request eval: ::get(61301, 61301, 22101, 22101)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+',
 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']
--- same_body: 2 3



=== a header of 200 kB: stored if the operator's buffer is larger
--- config eval
::location('proxy_buffer_size 256k;', 'proxy_buffers 4 256k;',
           'proxy_busy_buffers_size 512k;')
--- request eval: ::get(61101, 61101)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']



=== nothing listens: a 502 problem that says so
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0 '
          . 'connect_timeout=20s timeout=20s;')
. '    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
'
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- request eval: ::get(20035)
--- error_code: 502
--- response_headers eval
"Cache-Status: violet; fwd=uri-miss\n"
. ::vars(cache => 'MISS', redis => 'ok', up => 502)
--- response_body_like: "status":502,"detail":"no connection to Violet could be made"



=== over violet_buffer_limit by its length: a 502 problem that names the directive
--- request eval: ::get(22103)
--- error_code: 502
--- response_headers
Content-Type: application/problem+json
Cache-Status: violet; fwd=uri-miss
--- response_body_like: "status":502,"detail":"[^"]*violet_buffer_limit
--- redis_check
KEYS *
=> [violet:health-held:violet_api:10000:22103]



=== over violet_buffer_limit without a length: a 502 problem that names the directive
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/unmeasured/v1/;
        }
        location /unmeasured/v1/ {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/v1/;
            sub_filter_types application/json;
            sub_filter "not in there" "";
        }
--- request eval: ::get(22107, 20049)
--- error_code eval: [502, 200]
--- response_headers eval
['', 'Cache-Status: violet; fwd=uri-miss; stored']
--- response_body_like eval
['"status":502,"detail":"[^"]*violet_buffer_limit', '"merchant_id": 20049']
--- redis_check
DBSIZE
=> 2



=== after all of these the next report is stored
--- config eval
::location('proxy_read_timeout 200ms;')
. ::location() =~ s{ /v1/}{ /next/}r =~ s{violet_api;}{violet_api/v1/;}r
--- request eval
::get(60003, 60102, 60202, 60302, 60402, 60502, 60602, 60702, 60802, 60902,
      61102, 22104, '/next/operations/connection_health/20036')
--- error_code_like eval
[('^50[24]$') x 12, 200]
--- response_headers eval
[('') x 12, 'Cache-Status: violet; fwd=uri-miss; stored']



=== violet_health_ttl: an expired report is not served
--- config eval: ::location('violet_health_ttl 1s;')
--- wait: 1.2
--- request eval: ::get(20037, 20037)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 2]



=== violet_health_ttl with violet_health_stale: EXPIRED, a new report is stored
--- config eval
::location('violet_health_ttl 1s;', 'violet_health_stale 1h;')
--- wait: 1.2
--- request eval: ::get(24401, '24401?refresh=false', '/_mock/counts')
--- response_headers eval
['Cache-Status: violet; fwd=uri-miss; stored',
"Cache-Status: violet; fwd=stale; stored
Age: 0
" . ::vars(cache => 'EXPIRED', age => 0, state => 'ready', redis => 'ok',
           up => 200), '']
--- response_body_like eval
['', '', '"connection_health/24401": 2\b']



=== a report from before violet_health_ttl, though Redis keeps it longer, is not served
--- config eval: ::location('violet_health_ttl 60s;')
--- redis_commands eval: ::seed(20038, age => 100, ttl => 1000)
--- request eval: ::get(20038)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored



=== a shorter violet_health_ttl holds for what is stored already
--- config eval
::location('violet_health_ttl 60s;', 'violet_health_stale 10m;')
--- redis_commands eval: ::seed(20039, age => 100, ttl => 1000)
--- request eval: ::get(20039)
--- response_headers
Cache-Status: violet; fwd=stale; stored



=== violet_health_stale: a 500, then the last good report, marked
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval
::seed(24001, age => 3640, ttl => 3600, state => 'degraded')
--- request eval: ::get('direct 24001', 24001)
--- response_headers_like eval
['', "Content-Type: application/json
Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error
Age: 36[4-7][0-9]
ETag: $::Etag
X-Violet-Merchant-State: degraded
X-Vars: cache=STALE tier=redis age=36[4-7][0-9] refresh= state=degraded redis=ok up=500"]
--- response_body eval
[qr/"merchant_id": 24001/, ::report(24001)]



=== violet_health_stale: a report is stored, expires, and is served when Violet fails
--- config eval
::location('violet_health_ttl 1s;', 'violet_health_stale 1h;')
--- wait: 2.1
--- request eval: ::get(24002, 24002)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=-[1-3]?[0-9]; detail=upstream-error']
--- same_body: 0 1



=== violet_health_stale: Violet stalls, the last good report
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;',
           'proxy_read_timeout 200ms;')
--- redis_commands eval: ::seed(24101, age => 3640, ttl => 3600)
--- request eval: ::get('direct 24101', 24101)
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error']



=== violet_health_stale: a 429, without its Retry-After
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(24201, age => 3640, ttl => 3600)
--- request eval: ::get('direct 24201', 24201)
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error']
--- response_body eval
[qr/"merchant_id": 24201/, ::report(24201)]



=== violet_health_stale: Violet closes before the header
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(24501, age => 3640, ttl => 3600)
--- request eval: ::get('direct 24501', 24501)
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error']



=== violet_health_stale: a cut answer, one over the limit, no connection
--- http_extra
    violet_app nobody {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config eval
my @lines = ('violet_health_ttl 1h;', 'violet_health_stale 1h;');
::location(@lines) . "
        location /nobody/v1/ {
            violet nobody;
            proxy_pass http://nobody/v1/;
            @lines
        }
"
--- redis_commands eval
my %old = (age => 3640, ttl => 3600);
::seed(60004, %old) . ::seed(22105, %old)
. ::seed(20040, %old, key => 'violet:health:nobody:10000:20040')
--- request eval: ::get(60004, 22105, '/nobody' . ::health(20040))
--- response_headers_like eval
[('Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error') x 3]
--- response_body eval
[::report(60004), ::report(22105), ::report(20040)]



=== violet_health_stale: a 404 is an answer, not a failure
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(24601, age => 3640, ttl => 3600)
--- request eval: ::get('direct 24601', 24601)
--- error_code eval: [200, 404]
--- response_headers eval
['', 'Cache-Status: violet; fwd=stale']



=== violet_health_stale: a failure with nothing stored is a problem
--- config eval: ::location('violet_health_stale 1h;')
--- request eval: ::get(24301, 24301)
--- error_code eval: [502, 200]
--- response_headers eval
['Cache-Status: violet; fwd=uri-miss',
 'Cache-Status: violet; fwd=uri-miss; stored']



=== violet_health_stale: older than that is not served
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 10s;')
--- redis_commands eval: ::seed(50002, age => 3640, ttl => 3600)
--- request eval: ::get(50002)
--- error_code: 502
--- response_headers
Cache-Status: violet; fwd=uri-miss



=== violet_health_stale 0: no stale report is served
--- config eval: ::location('violet_health_ttl 1h;')
--- redis_commands eval: ::seed(50003, age => 3640, ttl => 3600)
--- request eval: ::get(50003)
--- error_code: 502
--- response_headers
!Age
!ETag



=== violet_health_stale: a stale report gets 304 as well
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(50004, age => 3640, ttl => 3600)
--- more_headers
If-None-Match: *
--- request eval: ::get(50004)
--- error_code: 304
--- response_headers_like
Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=upstream-error



=== violet_health_cache off: BYPASS, nothing is read or stored
--- config eval: ::location('violet_health_cache off;')
--- redis_commands eval: ::seed(20041)
--- request eval: ::get(20041, 20041, '/_mock/counts')
--- response_headers eval
[("Cache-Status: violet; fwd=bypass
Age: 0
X-Violet-Merchant-State: ready
" . ::vars(cache => 'BYPASS', age => 0, state => 'ready', redis => '',
           up => 200)) x 2, '']
--- response_body_like eval
[('"merchant_id": 20041') x 2, '"connection_health/20041": 2\b']
--- redis_check eval
"HGET $::Key:20041 body
=> @{[::report(20041)]}
"



=== violet_health_cache off: ETag and 304 work
--- config eval: ::location('violet_health_cache off;')
--- more_headers
If-None-Match: *
--- request eval: ::get(20042)
--- error_code: 304
--- response_headers_like eval: "ETag: $::Etag"



=== violet_health_cache off: a failure is a problem, whatever is stored
--- config eval
::location('violet_health_cache off;', 'violet_health_stale 1h;')
--- redis_commands eval: ::seed(50005)
--- request eval: ::get(50005)
--- error_code: 502
--- response_headers
Cache-Status: violet; fwd=bypass



=== without violet_redis reports are kept in shared memory
--- http_config eval: ::servers('')
--- request eval: ::get('direct 20043', 20043, 20043, '/_mock/counts')
--- response_headers_like eval
['', "Cache-Status: violet; fwd=uri-miss; stored
X-Vars: cache=MISS tier= age=0 refresh= state=ready redis=off up=200",
"Cache-Status: violet; hit; ttl=(86400|863[789][0-9])
ETag: $::Etag
Age: [0-2]?[0-9]
X-Violet-Merchant-State: ready
X-Vars: cache=HIT tier=memory age=[0-2]?[0-9] refresh= state=ready redis=off up=", '']
--- same_body: 0 1 2
--- response_body_like eval
[('') x 3, '"connection_health/20043": 2\b']
--- redis_check
DBSIZE
=> 0



=== shared memory: If-None-Match
--- http_config eval: ::servers('')
--- request eval: ::get(20044, 20044)
--- more_headers eval
['', "If-None-Match: *\n"]
--- error_code eval: [200, 304]



=== shared memory: violet_health_ttl, then EXPIRED or gone
--- http_config eval: ::servers('')
--- config eval
::location('violet_health_ttl 1s;') . '
        location /stale/v1/ {
            violet shop;
            violet_health_ttl 1s;
            violet_health_stale 1h;
            proxy_pass http://violet_api/v1/;
        }
'
--- wait: 1.1
--- request eval
::get(20045, 20045, '/stale' . ::health(20046), '/stale' . ::health(20046))
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 3,
 'Cache-Status: violet; fwd=stale; stored']



=== shared memory: violet_health_stale
--- http_config eval: ::servers('')
--- config eval
::location('violet_health_ttl 1s;', 'violet_health_stale 1h;')
--- wait: 2.1
--- request eval: ::get(24003, 24003)
--- response_headers_like eval
['',
'Cache-Status: violet; hit; ttl=-[1-3]?[0-9]; detail=upstream-error
X-Vars: cache=STALE tier=memory age=[1-3]?[0-9] refresh= state=ready redis=off up=500']
--- same_body: 0 1



=== shared memory: an invalid report is not stored
--- http_config eval: ::servers('')
--- request eval: ::get(22304, 22304, '/_mock/counts')
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss') x 2, '']
--- response_body_like eval
['', '', '"connection_health/22304": 2\b']



=== shared memory: two apps of one id share, two upstreams do not
--- http_config eval
::servers('') . '
    violet_app sandbox {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    violet_app second {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    upstream sandbox {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
'
--- config eval
::location() . '
        location /second/v1/ {
            violet second;
            proxy_pass http://violet_api/v1/;
        }
        location /sandbox/v1/ {
            violet sandbox;
            proxy_pass http://sandbox/v1/;
        }
'
--- request eval
::get(20047, '/second' . ::health(20047), '/sandbox' . ::health(20047))
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+',
 'Cache-Status: violet; fwd=uri-miss; stored']



=== shared memory: a report that does not fit is served, not stored
--- http_config eval: ::servers('violet_zone 1m;')
--- config eval: ::location('violet_buffer_limit 8m;')
--- request eval: ::get('direct 22106', 22106, 22106, 20048, 20048)
--- response_headers_like eval
['', ("Cache-Status: violet; fwd=uri-miss
ETag: $::Etag") x 2, 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']
--- same_body: 0 1 2



=== shared memory: the least recently used makes room
--- http_config eval: ::servers('violet_zone 64k;')
--- request eval: ::get(20051 .. 20082, 20082, 20051)
--- response_headers_like eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 32,
 'Cache-Status: violet; hit; ttl=\d+',
 'Cache-Status: violet; fwd=uri-miss; stored']
