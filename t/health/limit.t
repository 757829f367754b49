use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Report;

our $Health = 'violet:health:violet_api:10000';
our $App = 'violet:limit:violet_api:10000';
our $Policy = 'RateLimit-Policy: "merchant";q=1;w=600, "app";q=30;w=3600';

# The usual budgets, after one refresh of this merchant.
our $Granted = "$Policy\n" . 'RateLimit: "merchant";r=0;t=(600|5[789][0-9])' . "\n";
our $Refused = $Granted . "Retry-After: (600|5[789][0-9])\n";

our $Fresh = "Cache-Status: violet; fwd=request; stored\n";

no_long_string();
run_tests();


# A command that writes the instant of a budget, so many seconds from now.
sub owe {
    my ($key, $seconds) = @_;

    return "EVAL \"local t=redis.call('TIME') redis.call('SET',KEYS[1],"
        . "string.format('1 %.0f',t[1]*1000+math.floor(t[2]/1000)"
        . "+$seconds*1000),'PX',$seconds*1000)\" 1 $key\n";
}


# Lines for redis_check: the debt of a budget, in seconds, and its TTL.
sub owes {
    my ($key, $seconds) = @_;

    return "EVAL \"local t=redis.call('TIME') local owed=string.match("
        . "redis.call('GET',KEYS[1]),'^1 (.*)')-t[1]*1000-math.floor(t[2]/1000) "
        . "local ttl=redis.call('PTTL',KEYS[1]) "
        . "return (owed<=$seconds*1000 and owed>$seconds*1000-4000 and "
        . "ttl>=owed-5 and ttl<=owed+5) and 1 or {owed,ttl}\" 1 $key\n=> 1\n";
}

__DATA__

=== refresh=true asks Violet, whatever is cached, and replaces it
--- redis_commands eval: ::seed(20001)
--- request eval
::get(20001, '20001?refresh=true', 20001, '/_mock/counts')
--- response_headers_like eval
['Cache-Status: violet; hit; ttl=863\d\d', "${main::Fresh}Age: 0
${main::Granted}X-Vars: cache=REFRESH tier= age=0 refresh=granted state=ready redis=ok up=200",
'Cache-Status: violet; hit; ttl=(86400|863[789][0-9])', '']
--- response_body_like eval
[quotemeta ::report(20001), ('"recalculated": 1\b') x 2,
 '"connection_health.refresh/20001": 1\b']



=== a refresh recalculates, and the next reader gets the new bytes
--- request eval
::get(24401, '24401?refresh=1', 24401, 'direct 24401')
--- response_headers_like eval
["X-Violet-Merchant-State: ready", ("X-Violet-Merchant-State: blocked") x 2,
 '']
--- same_body: 1 2 3



=== a refresh of a report that is not cached
--- request eval: ::get('20002?refresh=yes', 20002)
--- response_headers_like eval
["$::Fresh$::Granted", 'Cache-Status: violet; hit; ttl=\d+']



=== a plain read has no limit and no RateLimit fields
--- request eval: ::get(20003, 20003)
--- response_headers eval
[("!RateLimit
!RateLimit-Policy
!Retry-After") x 2]
--- redis_check eval
"KEYS violet:limit*
=> []
"



=== the second refresh of a merchant is refused: a 429 problem
--- request eval: ::get('20004?refresh=true', '20004?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval
["$::Fresh$::Granted",
"Content-Type: application/problem\\+json
${main::Refused}X-Vars: cache=LIMITED tier= age= refresh=limited state= redis=ok up="]
--- response_body_like eval
['"merchant_id": 20004', qr/\A\{"type":"urn:ngx-violet:refresh-limited","title":"[^"]+","status":429,"detail":"[^"]*\bmerchant 20004\b[^"]*","request_id":"[0-9a-f]{32}"\}\n\z/]



=== a refused refresh is not sent to Violet
--- request eval
::get('20005?refresh=true', '20005?refresh=true', '20005?refresh=true',
      '/_mock/counts')
--- error_code eval: [200, 429, 429, 200]
--- response_body_like eval
[('') x 3, '"connection_health/20005": 1\b']



=== a refused refresh leaves the cached report as it is
--- redis_commands eval
::seed(20006) . ::owe("$::App:20006", 600)
--- request eval: ::get('20006?refresh=true', 20006)
--- error_code eval: [429, 200]
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=863\d\d']
--- response_body_like eval: ['', quotemeta ::report(20006)]



=== each merchant has a budget of its own
--- request eval
::get('20007?refresh=true', '20008?refresh=true', '20007?refresh=true')
--- error_code eval: [200, 200, 429]



=== the budget is the merchant's, with app_id or without
--- request eval
::get('20009?refresh=true', '20009?app_id=10000&refresh=true')
--- error_code eval: [200, 429]



=== the keys: app and merchant by environment and id, with a TTL
--- request eval: ::get('20010?app_id=10000&refresh=true')
--- redis_check eval
"EXISTS $::App
=> 1
EXISTS $::App:20010
=> 1
EVAL \"return #redis.call('KEYS','violet:limit*')\" 0
=> 2
" . ::owes($::App, 120) . ::owes("$::App:20010", 600)



=== the keys have the prefix
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT prefix=p: connect_timeout=20s timeout=20s;')
--- redis_commands: ACL SETUSER default ~p:*
--- request eval: ::get('20011?refresh=true')
--- redis_check
EXISTS p:limit:violet_api:10000
=> 1
EXISTS p:limit:violet_api:10000:20011
=> 1
EVAL "return #redis.call('KEYS','*limit*')" 0
=> 2



=== a refusal writes nothing
--- redis_commands eval: ::owe("$::App:20012", 600)
--- request eval: ::get('20012?refresh=true')
--- error_code: 429
--- redis_check eval
"EXISTS $::App
=> 0
" . ::owes("$::App:20012", 600)



=== Retry-After and t are the seconds until the next refresh
--- redis_commands eval: ::owe("$::App:20013", 540)
--- request eval: ::get('20013?refresh=true')
--- error_code: 429
--- response_headers_like eval
"$::Policy
RateLimit: \"merchant\";r=0;t=(540|5[123][0-9])
Retry-After: (540|5[123][0-9])"
--- response_body_like: \bin 5(40|[123][0-9]) seconds



=== the app's budget is spent: the merchant's stays
--- redis_commands eval: ::owe($::App, 3600)
--- request eval: ::get('20014?refresh=true')
--- error_code: 429
--- response_headers_like eval
"$::Policy
RateLimit: \"app\";r=0;t=(120|1[01][0-9]|9[0-9])
Retry-After: (120|1[01][0-9]|9[0-9])
X-Vars: cache=LIMITED tier= age= refresh=limited state= redis=ok up="
--- redis_check eval
"EXISTS $::App:20014
=> 0
" . ::owes($::App, 3600)



=== the merchant's budget is spent: the app's stays
--- redis_commands eval
::owe("$::App:20015", 600) . ::owe($::App, 1200)
--- request eval: ::get('20015?refresh=true')
--- error_code: 429
--- response_headers_like
RateLimit: "merchant";r=0;t=(600|5[789][0-9])
--- redis_check eval: ::owes($::App, 1200)



=== both budgets are spent: RateLimit names the one that takes longer
--- redis_commands eval
::owe("$::App:20016", 300) . ::owe($::App, 3600)
--- request eval: ::get('20016?refresh=true')
--- error_code: 429
--- response_headers_like
RateLimit: "merchant";r=0;t=(300|2[789][0-9])
Retry-After: (300|2[789][0-9])



=== the last of the app's budget is granted
--- redis_commands eval: ::owe($::App, 3480)
--- request eval: ::get('20017?refresh=true', '20018?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval
['RateLimit: "merchant";r=0;t=(600|5[789][0-9])',
 'RateLimit: "app";r=0;t=(120|1[01][0-9]|9[0-9])']



=== a budget of n: n at once, then one every period/n
--- config eval
::location('violet_refresh_limit merchant=3r/1h app=100r/1h;')
--- request eval: ::get(('20019?refresh=true') x 4)
--- error_code eval: [200, 200, 200, 429]
--- response_headers_like eval
my $policy = 'RateLimit-Policy: "merchant";q=3;w=3600, "app";q=100;w=3600';
["$policy\nRateLimit: \"merchant\";r=2;t=(1200|11[789][0-9])",
 "$policy\nRateLimit: \"merchant\";r=1;t=(1200|11[789][0-9])",
 "$policy\nRateLimit: \"merchant\";r=0;t=(1200|11[789][0-9])",
 "$policy\nRateLimit: \"merchant\";r=0;t=(1200|11[789][0-9])
Retry-After: (1200|11[789][0-9])"]
--- redis_check eval
::owes("$::App:20019", 3600) . ::owes($::App, 108)



=== RateLimit names the tighter of the two budgets
--- config eval
::location('violet_refresh_limit merchant=10r/1m app=2r/1h;')
--- request eval
::get('20020?refresh=true', '20021?refresh=true', '20022?refresh=true')
--- error_code eval: [200, 200, 429]
--- response_headers_like eval
my $policy = 'RateLimit-Policy: "merchant";q=10;w=60, "app";q=2;w=3600';
["$policy\nRateLimit: \"app\";r=1;t=(1800|17[789][0-9])",
 "$policy\nRateLimit: \"app\";r=0;t=(1800|17[789][0-9])",
 "$policy\nRateLimit: \"app\";r=0;t=(1800|17[789][0-9])
Retry-After: (1800|17[789][0-9])"]



=== a budget refills: after the wait one refresh is granted
--- config eval
::location('violet_refresh_limit merchant=1r/1s app=30r/1h;')
--- wait: 1.1
--- request eval: ::get(('20023?refresh=true') x 3)
--- error_code eval: [200, 200, 200]



=== Retry-After is never 0
--- config eval
::location('violet_refresh_limit merchant=1r/1s app=30r/1h;')
--- pipelined_requests eval: ::get(('20024?refresh=true') x 2)
--- error_code eval: [200, 429]
--- response_headers_like eval
['RateLimit: "merchant";r=0;t=1', 'RateLimit: "merchant";r=0;t=1
Retry-After: 1']



=== two locations with other limits count with the same keys
--- config eval
::location() . '
        location /other/v1/ {
            violet shop;
            violet_refresh_limit merchant=1r/1h app=60r/1h;
            proxy_pass http://violet_api/v1/;
        }
'
--- request eval
::get('20025?refresh=true', '/other' . ::health('20025?refresh=true'))
--- error_code eval: [200, 429]
--- response_headers_like eval
['', 'RateLimit-Policy: "merchant";q=1;w=3600, "app";q=60;w=3600']



=== two apps of one id share the budget, two upstreams do not
--- http_extra
    violet_app second {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
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
::get('20026?refresh=true', '/second' . ::health('20026?refresh=true'),
      '/sandbox' . ::health('20026?refresh=true'))
--- error_code eval: [200, 429, 200]
--- redis_check
EXISTS violet:limit:sandbox:10000:20026
=> 1



=== exceeded=cached: the cached report, with Retry-After
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- redis_commands eval
::seed(20027, age => 100, state => 'degraded') . ::owe("$::App:20027", 600)
--- request eval: ::get('20027?refresh=true')
--- response_headers_like eval
"Cache-Status: violet; hit; ttl=(86300|862[789][0-9]); detail=refresh-limited
Content-Type: application/json
Age: 1[0-3][0-9]
ETag: \"[0-9a-f]{40}\"
X-Violet-Merchant-State: degraded
${main::Refused}X-Vars: cache=LIMITED tier=redis age=1[0-3][0-9] refresh=limited state=degraded redis=ok up="
--- response_body eval: ::report(20027)



=== exceeded=cached: 429 if no report is cached
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- redis_commands eval: ::owe("$::App:20028", 600)
--- request eval: ::get('20028?refresh=true')
--- error_code: 429
--- response_headers_like eval
"Content-Type: application/problem\\+json
$::Refused"
--- response_body_like: urn:ngx-violet:refresh-limited



=== exceeded=cached: 429 if the cached report has expired
--- config eval
::location('violet_refresh_limit exceeded=cached;', 'violet_health_ttl 60s;',
           'violet_health_stale 1h;')
--- redis_commands eval
::seed(20029, age => 100, ttl => 1000) . ::owe("$::App:20029", 600)
--- request eval: ::get('20029?refresh=true')
--- error_code: 429



=== exceeded=cached: If-None-Match gets 304
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- redis_commands eval
::seed(20030) . ::owe("$::App:20030", 600)
--- more_headers
If-None-Match: *
--- request eval: ::get('20030?refresh=true')
--- error_code: 304
--- response_headers_like eval: $::Refused



=== exceeded=cached: a granted refresh asks Violet
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- redis_commands eval: ::seed(20031)
--- request eval: ::get('20031?refresh=true', '20031?refresh=true')
--- response_headers_like eval
["$::Fresh$::Granted",
 "Cache-Status: violet; hit; ttl=(86400|863[789][0-9]); detail=refresh-limited
$::Refused"]
--- same_body: 0 1



=== exceeded=cached: 429 with violet_health_cache off
--- config eval
::location('violet_refresh_limit exceeded=cached;',
           'violet_health_cache off;')
--- redis_commands eval
::seed(20032) . ::owe("$::App:20032", 600)
--- request eval: ::get('20032?refresh=true')
--- error_code: 429



=== dry_run: a refresh over the limit is granted, logged, and counted
--- config eval: ::location('violet_refresh_limit dry_run;')
--- redis_commands eval: ::owe("$::App:20033", 600)
--- request eval: ::get('20033?refresh=true')
--- response_headers_like eval
"${main::Fresh}X-Vars: cache=REFRESH tier= age=0 refresh=dry_run state=ready redis=ok up=200"
--- raw_response_headers_unlike: Retry-After
--- error_log eval
qr/\[warn\] .*violet: .*merchant 20033.*dry run/



=== dry_run: within the budget a refresh is granted without a warning
--- config eval: ::location('violet_refresh_limit dry_run;')
--- request eval: ::get('20034?refresh=true')
--- response_headers_like
X-Vars: cache=REFRESH tier= age=0 refresh=granted state=ready redis=ok up=200
--- no_error_log
[warn]



=== off: no limit, no header, no key
--- config eval: ::location('violet_refresh_limit off;')
--- request eval: ::get(('20035?refresh=true') x 3, '/_mock/counts')
--- response_headers eval
[("Cache-Status: violet; fwd=request; stored
!RateLimit
!RateLimit-Policy
" . ::vars(cache => 'REFRESH', age => 0, refresh => 'granted',
           state => 'ready', redis => 'ok', up => 200)) x 3, '']
--- response_body_like eval
[('') x 3, '"connection_health/20035": 3\b']
--- redis_check
KEYS violet:limit*
=> []



=== the report by POST spends the same budget
--- request eval: ::get('20036?refresh=true', 'POST 20036', '/_mock/counts')
--- error_code eval: [200, 429, 200]
--- response_headers_like eval
['', "Content-Type: application/problem\\+json
${main::Refused}X-Vars: cache= tier= age= refresh=limited state= redis=ok up=",
 '']
--- response_body_like eval
['', '"type":"urn:ngx-violet:refresh-limited"',
 '"connection_health_report": 0\b']



=== a refresh finds the budget that a report by POST has spent
--- request eval: ::get('POST 20037', '20037?refresh=true', 'POST 20037')
--- error_code eval: [200, 429, 429]
--- response_headers_like eval
["${main::Granted}X-Vars: cache= tier= age= refresh=granted state= redis=ok up=200",
 $::Refused, $::Refused]
--- redis_check eval
::owes($::App, 120) . ::owes("$::App:20037", 600)



=== the report by POST is streamed, with the caller's body, and not stored
--- request eval
["POST " . ::health(20038) . "\n{\"connection\":true}", ::get('/_mock/last')]
--- more_headers
Content-Type: application/json
--- response_body_like eval
['"merchantId": 20038', '"connection_health_report": \{"line": "POST /v1/operations/connection_health/20038 HTTP/1.[01]".*"body": "\{\\\\"connection\\\\":true\}"']
--- redis_check eval
"EXISTS $::Health:20038
=> 0
"



=== the report by POST neither reads nor replaces the cached report
--- redis_commands eval: ::seed(20039)
--- request eval: ::get('POST 20039', 20039)
--- response_body_like eval
['"merchantId": 20039', quotemeta ::report(20039)]



=== exceeded=cached: the report by POST gets a 429
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- redis_commands eval
::seed(20040) . ::owe("$::App:20040", 600)
--- request eval: ::get('POST 20040')
--- error_code: 429
--- response_headers_like eval: $::Refused



=== dry_run: the report by POST passes
--- config eval: ::location('violet_refresh_limit dry_run;')
--- redis_commands eval: ::owe("$::App:20041", 600)
--- request eval: ::get('POST 20041')
--- response_headers_like
X-Vars: cache= tier= age= refresh=dry_run state= redis=ok up=200
--- error_log
dry run



=== off: the report by POST passes
--- config eval: ::location('violet_refresh_limit off;')
--- request eval: ::get(('POST 20042') x 3)
--- redis_check
KEYS violet:limit*
=> []



=== a key without a TTL gets a TTL
--- redis_commands eval: "SET $::App:20043 '1 9999999999999'"
--- request eval: ::get('20043?refresh=true')
--- error_code: 429
--- response_headers_like eval: $::Refused
--- redis_check eval
"PTTL $::App:20043
=~ ^(600000|5[789]\\d{4})\$
"



=== an instant too far in the future counts as a spent budget
--- redis_commands eval
"SET $::App:20044 '1 99999999999999999999' EX 1000000\nSET $::App '1 1e300'"
--- request eval: ::get('20044?refresh=true')
--- error_code: 429
--- response_headers_like
RateLimit: "merchant";r=0;t=(600|5[789][0-9])
Retry-After: (600|5[789][0-9])
--- redis_check eval
"PTTL $::App:20044
=~ ^(600000|5[789]\\d{4})\$
PTTL $::App
=~ ^(3600000|35\\d{5})\$
"



=== an infinite instant counts as a spent budget
--- redis_commands eval: "SET $::App:20045 '1 inf'"
--- request eval: ::get('20045?refresh=true')
--- error_code: 429
--- response_headers_like eval: $::Refused



=== a value that is not a number counts as a full budget, and is replaced
--- redis_commands eval
"SET $::App:20046 '1 garbage'\nSET $::App '1 nan'"
--- request eval: ::get('20046?refresh=true', '20046?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]
--- redis_check eval
::owes($::App, 120) . ::owes("$::App:20046", 600)



=== a value of another type counts as a full budget, and is replaced
--- redis_commands eval
"RPUSH $::App:20047 1 2\nHSET $::App a b"
--- request eval: ::get('20047?refresh=true', '20047?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]
--- redis_check eval
::owes($::App, 120) . ::owes("$::App:20047", 600)



=== a value without the number of its form, or with another: a full budget
--- redis_commands
EVAL "local t=redis.call('TIME') local full=string.format('%.0f',t[1]*1000+600000) for i,v in ipairs({full,'2 '..full,'01 '..full,' 1 '..full,'1'..full,'1\t'..full,'1 '}) do redis.call('SET',KEYS[1]..i,v) end return 1" 1 violet:limit:violet_api:10000:2009
SET violet:limit:violet_api:10000 "2 9999999999999"
--- request eval
::get((map { "2009$_?refresh=true" } 1 .. 7), '20091?refresh=true')
--- error_code eval: [(200) x 7, 429]
--- redis_check eval
CORE::join '', ::owes($::App, 840),
               map { ::owes("$::App:2009$_", 600) } 1 .. 7



=== an instant in the past counts as a full budget
--- redis_commands eval
"SET $::App:20048 '1 1000'\nSET $::App '1 -5'"
--- request eval: ::get('20048?refresh=true')
--- response_headers_like eval: $::Granted
--- redis_check eval
::owes($::App, 120) . ::owes("$::App:20048", 600)



=== Violet cannot be reached, nothing was sent: the refresh is given back
--- http_extra
    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- request eval: ::get(('20049?refresh=true') x 2)
--- error_code eval: [502, 502]
--- response_headers eval
[('Content-Type: application/problem+json
Cache-Status: violet; fwd=request') x 2]
--- redis_check
KEYS violet:limit*
=> []



=== nothing was sent: refreshes spent before stay spent
--- http_extra
    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- redis_commands eval: ::owe('violet:limit:nobody:10000', 1000)
--- request eval: ::get('20050?refresh=true')
--- error_code: 502
--- redis_check eval
::owes('violet:limit:nobody:10000', 1000) . "DBSIZE\n=> 1\n"



=== nothing was sent of a report by POST: the refresh is given back
--- http_extra
    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- request eval: ::get(('POST 20051') x 2)
--- error_code eval: [502, 502]
--- redis_check
KEYS violet:limit*
=> []



=== a refresh that was sent stays spent, also if it fails
--- config eval: ::location('proxy_read_timeout 200ms;')
--- request eval
::get('60201?refresh=true', '60201?refresh=true', '50001?refresh=true',
      '50001?refresh=true', 'POST 60301', 'POST 60301')
--- error_code eval: [504, 429, 502, 429, 502, 429]
--- redis_check eval: ::owes($::App, 360)



=== a refresh that fails leaves the cached report
--- redis_commands eval: ::seed(50002)
--- request eval: ::get('50002?refresh=true', 50002)
--- error_code eval: [502, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=request
RateLimit: "merchant";r=0;t=(600|5[789][0-9])',
'Cache-Status: violet; hit; ttl=863\d\d']



=== violet_health_stale: a refresh that fails gets the last good report
--- config eval: ::location('violet_health_stale 1h;')
--- redis_commands eval: ::seed(50003, age => 86500, ttl => 1000)
--- request eval: ::get('50003?refresh=true')
--- response_headers_like eval
"Cache-Status: violet; hit; ttl=-1[0-3][0-9]; detail=upstream-error
X-Vars: cache=STALE tier=redis age=865[0-3][0-9] refresh=granted state=ready redis=ok up=500"
--- response_body eval: ::report(50003)



=== an answer without a report does not replace the cached report
--- redis_commands eval: ::seed(22301)
--- request eval: ::get('22301?refresh=true', 22301)
--- response_headers_like eval
['Cache-Status: violet; fwd=request', 'Cache-Status: violet; hit; ttl=863\d\d']
--- response_body_like eval
['"merchant_id": 22302', quotemeta ::report(22301)]



=== violet_health_cache off: a refresh is limited and not stored
--- config eval: ::location('violet_health_cache off;')
--- request eval: ::get('20052?refresh=true', '20052?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval
["Cache-Status: violet; fwd=request\n$::Granted", $::Refused]
--- redis_check eval
"EXISTS $::Health:20052
=> 0
"



=== the scripts are not in Redis: each is sent once
--- redis_commands
SCRIPT FLUSH
CONFIG RESETSTAT
--- request eval: ::get('20053?refresh=true', '20054?refresh=true')
--- response_headers_like eval
[($::Granted) x 2]
--- redis_check
INFO commandstats
=~ cmdstat_eval:calls=3,
INFO commandstats
=~ cmdstat_evalsha:calls=6,.*failed_calls=3\b
--- no_error_log
[error]



=== without violet_redis the limit is counted in shared memory
--- http_config eval: ::servers('')
--- request eval
::get('20055?refresh=true', '20055?refresh=true', '20056?refresh=true',
      'POST 20055', '/_mock/counts')
--- error_code eval: [200, 429, 200, 429, 200]
--- response_headers_like eval
["$::Fresh${main::Granted}X-Vars: cache=REFRESH tier= age=0 refresh=granted state=ready redis=off up=200",
 "${main::Refused}X-Vars: cache=LIMITED tier= age= refresh=limited state= redis=off up=",
 $::Granted, $::Refused, '']
--- response_body_like eval
[('') x 4, '"connection_health/20055": 1\b']
--- redis_check
DBSIZE
=> 0



=== shared memory: a refresh spends both budgets or neither
--- http_config eval: ::servers('')
--- config eval
::location('violet_refresh_limit merchant=1r/10m app=2r/1h;') . '
        location /wide/v1/ {
            violet shop;
            violet_refresh_limit merchant=1r/10m app=100r/10h;
            proxy_pass http://violet_api/v1/;
        }
'
--- request eval
::get('20057?refresh=true', '20058?refresh=true', '20059?refresh=true',
      '/wide' . ::health('20059?refresh=true'))
--- error_code eval: [200, 200, 429, 200]
--- response_headers_like eval
['RateLimit: "merchant";r=0;t=(600|5[789][0-9])', 'RateLimit: "app";r=0;t=(1800|17[789][0-9])',
'RateLimit: "app";r=0;t=(1800|17[789][0-9])
Retry-After: (1800|17[789][0-9])', 'RateLimit: "merchant";r=0;t=(600|5[789][0-9])']



=== shared memory: a budget of n
--- http_config eval: ::servers('')
--- config eval
::location('violet_refresh_limit merchant=3r/1h app=100r/1h;')
--- request eval: ::get(('20060?refresh=true') x 4)
--- error_code eval: [200, 200, 200, 429]
--- response_headers_like eval
['RateLimit: "merchant";r=2;t=(1200|11[789][0-9])',
 'RateLimit: "merchant";r=1;t=(1200|11[789][0-9])',
 'RateLimit: "merchant";r=0;t=(1200|11[789][0-9])',
 'RateLimit: "merchant";r=0;t=(1200|11[789][0-9])
Retry-After: (1200|11[789][0-9])']



=== shared memory: exceeded=cached
--- http_config eval: ::servers('')
--- config eval: ::location('violet_refresh_limit exceeded=cached;')
--- request eval: ::get('20061?refresh=true', '20061?refresh=true')
--- response_headers_like eval
[$::Granted,
"Cache-Status: violet; hit; ttl=(86400|863[789][0-9]); detail=refresh-limited
${main::Refused}X-Vars: cache=LIMITED tier=memory age=[0-2]?[0-9] refresh=limited state=ready redis=off up="]
--- same_body: 0 1



=== shared memory: a refresh replaces the report
--- http_config eval: ::servers('')
--- request eval: ::get(24402, '24402?refresh=true', 24402)
--- response_headers_like eval
['X-Violet-Merchant-State: ready', ('X-Violet-Merchant-State: blocked') x 2]
--- same_body: 1 2



=== shared memory: nothing was sent, the refresh is given back
--- http_config eval
::servers('') . '    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
'
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
        }
--- request eval
::get(('20062?refresh=true') x 2, ('POST 20062') x 2)
--- error_code eval: [502, 502, 502, 502]



=== Redis away: the limit holds in shared memory
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_RAND_PORT_1;')
--- request eval
::get('20064?refresh=true', '20064?refresh=true', '20065?refresh=true',
      'POST 20065')
--- error_code eval: [200, 429, 200, 429]
--- response_headers_like eval
["$::Policy\nRateLimit: \"merchant\";r=0;t=(600|5[789][0-9])\nX-Vars: .* redis=(down|open) up=200",
 "${main::Refused}X-Vars: .* redis=(down|open) up=", $::Granted, $::Refused]



=== Redis frozen: one wait, the limit holds in shared memory
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT '
          . 'connect_timeout=20s timeout=200ms;')
--- fake_redis eval: [undef]
--- request eval: ::get('20066?refresh=true', '20066?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval
["${main::Granted}X-Time: (?!0\\.(?:0|1[0-8]))[0-9.]+
X-Vars: .* redis=timeout up=200", $::Refused]



=== Redis full: the limit holds in shared memory
--- redis_commands
CONFIG SET maxmemory 1
--- request eval: ::get('20067?refresh=true', '20067?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]



=== Redis read-only: the limit holds in shared memory
--- redis_commands
REPLICAOF 127.0.0.1 1
--- request eval: ::get('20068?refresh=true', '20068?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]



=== Redis answers nonsense: the limit holds in shared memory
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT connect_timeout=20s timeout=20s;')
--- fake_redis eval: ["*1\r\n:1\r\n"]
--- request eval: ::get('20069?refresh=true', '20069?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]



=== without violet_redis budgets are kept when reports fill the zone
--- http_config eval: ::servers('violet_zone 64k;')
--- request eval: ::get('20072?refresh=true', 20101 .. 20180, '20072?refresh=true')
--- error_code eval: [(200) x 81, 429]



=== without violet_redis refused refreshes leave room for reports
--- http_config eval: ::servers('violet_zone 64k;')
--- config eval: ::location('violet_refresh_limit merchant=1r/10m app=1r/h;')
--- request eval
::get('20073?refresh=true', (map { "$_?refresh=true" } 30001 .. 30600),
      20074, 20074)
--- error_code eval: [200, (429) x 600, 200, 200]
--- response_headers_like eval
[('') x 601, 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']



=== HEAD with refresh is limited as well
--- request eval
::get('HEAD 20070?refresh=true', 'HEAD 20070?refresh=true')
--- error_code eval: [200, 429]
--- response_headers_like eval: [$::Granted, $::Refused]
--- response_body eval: ['', '']



=== a refresh with If-None-Match spends a refresh, and gets 304 if the report is the same
--- more_headers
If-None-Match: *
--- request eval: ::get('20071?refresh=true', '20071?refresh=true')
--- error_code eval: [304, 429]
--- response_headers_like eval: [$::Granted, $::Refused]
