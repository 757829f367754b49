# Failures of Violet and the results that are held, and Redis's error replies:
# each is logged once, and the request is answered.

use strict;
use warnings;

use lib 't/lib';
use POSIX qw(strftime);
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Mock;
use Violet::Report;

# A busy machine is late; these blocks are about replies, not about time.
our $Fake = 'violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT'
            . ' connect_timeout=20s timeout=20s';

# A report that expired 40 s ago, and the Cache-Status of serving it.
our @Stale = ('violet_health_ttl 1h;', 'violet_health_stale 1h;');
our %Old = (age => 3640, ttl => 3600);
our $Marked = 'Cache-Status: violet; hit; ttl=-[4-7][0-9]; detail=[a-z-]+';

# A Violet whose 429 have each a Retry-After of their own; dates in these forms.
our ($Soon, $Never) = CORE::map { strftime('%a, %d %b %Y %T GMT', gmtime $_) }
                                time + 3000, time + 8_640_000;
our $Past = 'Sun, 06 Nov 1994 08:49:37 GMT';
our $Dated = "
    violet_app shop { app_id 10000; app_secret s; token t; }
    upstream violet_api { server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1; }

    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        default_type application/json;
        location ~ 20001 { add_header Retry-After '$Soon' always; return 429 '{}'; }
        location ~ 20002 { add_header Retry-After '$Never' always; return 429 '{}'; }
        location ~ 20003 { add_header Retry-After '$Past' always; return 429 '{}'; }
        location ~ 20004 { add_header Retry-After 'soon' always; return 429 '{}'; }
    }
";

no_long_string();
run_tests();


sub held_key {
    return "violet:health-held:violet_api:10000:$_[0]";
}


sub list_key {
    return "violet:health-list:violet_api:10000:$_[0]";
}


# Configures the mock, and makes a request.
sub mock {
    return "POST /_mock/$_[0]\n";
}

__DATA__

=== each failure of Violet: the stale report is served, and Cache-Status says so
--- config eval: ::location(@::Stale, 'proxy_read_timeout 300ms;')
--- redis_commands eval
CORE::join '', map { ::seed($_, %::Old) }
    50001, 50301, 51001, 42901, 42801, 60001, 60101, 60201, 60301, 60401,
    60501, 60601, 60701, 60801, 61101, 22101, 30101
--- request eval
::get(50001, 50301, 51001, 42901, 42801, 60001, 60101, 60201, 60301, 60401,
      60501, 60601, 60701, 60801, 61101, 22101, 30101)
--- error_code eval
[(200) x 17]
--- response_headers_like eval
[("$::Marked\nAge: 36[4-7][0-9]\nX-Violet-Merchant-State: ready\nX-Vars: cache=STALE .*") x 17]
--- response_body eval
[CORE::map { ::report($_) } 50001, 50301, 51001, 42901, 42801, 60001, 60101,
 60201, 60301, 60401, 60501, 60601, 60701, 60801, 61101, 22101, 30101]



=== no server at Violet's address: the stale report is served, and Cache-Status says so
--- http_extra
    upstream nobody {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }
--- config eval
"
        location /v1/ {
            violet shop;
            proxy_pass http://nobody;
            @::Stale
        }
"
--- redis_commands eval
::seed(20001, %::Old, key => 'violet:health:nobody:10000:20001')
--- request eval: ::get(20001, 20002)
--- error_code eval: [200, 502]
--- response_headers_like eval
["$::Marked\nX-Vars: cache=STALE .*", 'X-Vars: cache=MISS .*']
--- response_body_like eval
['\A' . quotemeta(::report(20001)) . '\z',
 ::problem('upstream-unavailable', 502)]



=== a stale report ends: longer than violet_health_stale it is not served
--- config eval
::location('violet_health_ttl 1h;', 'violet_health_stale 30s;')
--- redis_commands eval: ::seed(50002, %::Old)
--- request eval: ::get(50002)
--- error_code: 502
--- response_body_like eval: ::problem('upstream-unavailable', 502)



=== Violet's 401, 403 and 404 are no failures: they pass although there is a stale report
--- config eval: ::location(@::Stale)
--- redis_commands eval
CORE::join '', map { ::seed($_, %::Old) } 40001, 40101, 40301, 40401
--- request eval: ::get(40001, 40101, 40301, 40401)
--- error_code eval: [400, 401, 403, 404]



=== a merchant who has left: a 403, 404 or 410 with an API exception drops the report and the lists
--- config eval: ::location(@::Stale)
--- redis_commands eval
CORE::join '', map({ ::seed($_, %::Old) } 40301, 40401, 41001),
    ::seed(40402), map { "SET ${\ ::list_key($_)} x\n" } 'true', 'false'
--- request eval
::get(40301, 40401, 41001, '40402?refresh=true', 40402)
--- error_code eval: [403, 404, 410, 404, 404]
--- response_headers_like eval
['Cache-Status: violet; fwd=stale', 'Cache-Status: violet; fwd=stale',
 'Cache-Status: violet; fwd=stale', 'Cache-Status: violet; fwd=request',
 'Cache-Status: violet; fwd=uri-miss']
--- redis_check eval
CORE::join '', map { "HKEYS $_\n=> [v, stored_at]\n" }
    map({ "violet:health:violet_api:10000:$_" } 40301, 40401, 40402, 41001),
    map { ::list_key($_) } 'true', 'false'



=== a merchant who has left and had no report: the lists stay
--- redis_commands eval
CORE::join '', map { "SET ${\ ::list_key($_)} x\n" } 'true', 'false'
--- request eval: ::get(40401, '40402?refresh=true', 41001)
--- error_code eval: [404, 404, 410]
--- redis_check eval
"EXISTS ${\ ::list_key('true')} ${\ ::list_key('false')}\n=> 2\n"



=== without an API exception the report stays: a 404 passes, a 403 is a failure
--- config eval: ::location(@::Stale)
--- redis_commands eval
CORE::join '', map { ::seed($_, %::Old) } 40501, 40601
--- request eval: ::get(40501, 40601, 40502, '40502?refresh=true')
--- error_code eval: [200, 404, 502, 502]
--- response_headers_like eval
[$::Marked, 'Cache-Status: violet; fwd=stale',
 'Cache-Status: violet; fwd=uri-miss', 'Cache-Status: violet; fwd=request']
--- response_body_like eval
['\A' . quotemeta(::report(40501)) . '\z', '<html>',
 (::problem('upstream-unavailable', 502)) x 2]
--- redis_check
EXISTS violet:health:violet_api:10000:40501 violet:health:violet_api:10000:40601
=> 2



=== without Redis: a merchant who has left, the host drops the report and the lists
--- http_config eval: ::servers('')
--- request eval
::get(24601, '/v1/operations/connection_health', 24601,
      '24601?refresh=true', 24601, '/v1/operations/connection_health')
--- error_code eval: [200, 200, 200, 404, 404, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+', 'Cache-Status: violet; fwd=request',
 'Cache-Status: violet; fwd=uri-miss',
 'Cache-Status: violet; fwd=uri-miss; stored']



=== without Redis: a merchant who has left and had no report, the lists stay
--- http_config eval: ::servers('')
--- request eval
::get('/v1/operations/connection_health', 40401,
      '/v1/operations/connection_health')
--- error_code eval: [200, 404, 200]
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; fwd=uri-miss', 'Cache-Status: violet; hit; ttl=\d+']



=== a failure is held for 5 s while there is a stale report: Violet is asked once
--- config eval: ::location(@::Stale)
--- redis_commands eval: ::seed(50003, %::Old)
--- request eval: ::get(50003, 50003, 50003, '/_mock/counts')
--- error_code eval: [(200) x 4]
--- response_headers_like eval: [($::Marked) x 3, '']
--- response_body_like eval
[('"merchant_id":50003') x 3, '"connection_health/50003": 1\b']
--- redis_check eval
"GET ${\ ::held_key(50003)}
=~ ^4 5000 65000 4\\s
PTTL ${\ ::held_key(50003)}
=~ ^(?:6[0-5]|[345]\\d)\\d\\d\\d\$"



=== a refresh does not wait for the hold and does not lengthen it
--- config eval: ::location(@::Stale)
--- redis_commands eval: ::seed(50003, %::Old)
--- request eval
::get(50003, '50003?refresh=true', 50003, '50003?refresh=true',
      '/_mock/counts')
--- error_code eval: [200, 200, 200, 429, 200]
--- response_body_like eval
[('"merchant_id":50003') x 3, 'refresh-limited',
 '"connection_health/50003": 2\b']
--- redis_check eval
"GET ${\ ::held_key(50003)}
=~ ^4 5000 65000 4\\s"



=== a failure without a stale report is not held
--- config eval: ::location(@::Stale)
--- request eval: ::get(50003, 50003, '/_mock/counts')
--- error_code eval: [502, 502, 200]
--- response_body_like eval
[(::problem('upstream-unavailable', 502)) x 2,
 '"connection_health/50003": 2\b']
--- redis_check eval
"EXISTS ${\ ::held_key(50003)}
=> 0"



=== a location without violet_health_stale does not use the failure that is held
--- config eval
::location(@::Stale) . '
        location /fresh/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            violet_health_ttl 1h;
        }
'
--- redis_commands eval: ::seed(50003, %::Old)
--- request eval
::get(50003, '/fresh/v1/operations/connection_health/50003', 50003,
      '/_mock/counts')
--- error_code eval: [200, 502, 200, 200]
--- response_body_like eval
['', ::problem('upstream-unavailable', 502), '',
 '"connection_health/50003": 2\b']



=== the next failure is held for twice as long, up to 60 s
--- config eval: ::location(@::Stale)
--- redis_commands eval
CORE::join '', map({ ::seed($_, %::Old) } 50003, 50004),
    "SET ${\ ::held_key(50003)} \"4 5000 65000 x\" PX 59000\n",
    "SET ${\ ::held_key(50004)} \"4 60000 120000 x\" PX 59000\n"
--- request eval: ::get(50003, 50003, 50004, 50004, '/_mock/counts')
--- error_code eval: [(200) x 5]
--- response_body_like eval
[('merchant_id') x 4,
 '"connection_health/50003": 1\b.*"connection_health/50004": 1\b']
--- redis_check eval
"GET ${\ ::held_key(50003)}
=~ ^4 10000 70000 4\\s
PTTL ${\ ::held_key(50003)}
=~ ^([4-6]\\d|70)\\d\\d\\d\$
GET ${\ ::held_key(50004)}
=~ ^4 60000 120000 4\\s"



=== a report ends the hold of failures
--- config eval: ::location(@::Stale)
--- redis_commands eval
::seed(20003, %::Old) . "SET ${\ ::held_key(20003)} \"4 5000 65000 x\" PX 59000\n"
--- request eval: ::get(20003)
--- response_headers
Cache-Status: violet; fwd=stale; stored
--- redis_check eval
"EXISTS ${\ ::held_key(20003)}
=> 0"



=== a held result that is invalid is ignored
--- config eval: ::location(@::Stale)
--- redis_commands eval
CORE::join '', map({ ::seed(20010 + $_, %::Old) } 1 .. 6),
    "SET ${\ ::held_key(20011)} \"9 5000 65000 x\" PX 62000\n",
    "SET ${\ ::held_key(20012)} \"4 5000 65000\" PX 62000\n",
    "SET ${\ ::held_key(20013)} \"4 5000 65000 x\" PX 62000\n",
    "SET ${\ ::held_key(20014)} \"4 0 60000 x\"\n",
    "HSET ${\ ::held_key(20015)} x x\n",
    "SET ${\ ::held_key(20016)} \"4 0 62000 4 3" . ' 0' x 21 . " \" PX 62000\n"
--- request eval: ::get(20011, 20012, 20013, 20014, 20015, 20016)
--- response_headers_like eval
[("Cache-Status: violet; fwd=stale; stored
X-Vars: .* redis=ok up=200") x 6]



=== after a failure the next report is stored
--- config eval: ::location(@::Stale)
--- redis_commands eval: ::seed(20003, %::Old)
--- request eval
[::mock('fault?connection_health/20003=500'), ::get(20003),
 ::mock('fault?connection_health/20003=0'), ::get('20003?refresh=true'),
 ::get(20003)]
--- error_code eval: [(200) x 5]
--- response_headers_like eval
['', $::Marked, '', 'Cache-Status: violet; fwd=request; stored',
 'Cache-Status: violet; hit; ttl=\d+']



=== a report over violet_buffer_limit is held, Violet is not asked again
--- request eval: ::get(22102, 22102, 22102, '/_mock/counts')
--- error_code eval: [502, 502, 502, 200]
--- response_headers_like eval
[('Content-Type: application/problem\+json') x 3, '']
--- response_body_like eval
[(::problem('upstream-unavailable', 502, 'violet_buffer_limit')) x 3,
 ::counts(connection_health => 1, 'connection_health/22102' => 1)]



=== a report over violet_buffer_limit: the stale report is served, Violet is not asked again
--- config eval: ::location(@::Stale)
--- redis_commands eval: ::seed(22103, %::Old)
--- request eval: ::get(22103, 22103, '/_mock/counts')
--- error_code eval: [200, 200, 200]
--- response_headers_like eval
[($::Marked) x 2, '']
--- response_body_like eval
[('\A' . quotemeta(::report(22103)) . '\z') x 2,
 ::counts(connection_health => 1, 'connection_health/22103' => 1)]



=== a report over violet_buffer_limit is held for one merchant, not for others
--- request eval: ::get(22104, 22105, 20004)
--- error_code eval: [502, 502, 200]



=== Violet's 429 is held for its Retry-After
--- request eval: ::get(42902, 42902, 42902, '/_mock/counts')
--- error_code eval: [429, 429, 429, 200]
--- response_headers_like eval
['Retry-After: 7', 'Retry-After: [67]', 'Retry-After: [67]', '']
--- response_body_like eval
[(::problem('upstream-unavailable', 429)) x 3,
 ::counts(connection_health => 1, 'connection_health/42902' => 1)]



=== Violet's 429 is held on this host while Redis is away
--- http_config eval: ::servers('violet_redis redis://127.0.0.1:1/0;')
--- request eval: ::get(42803, 42803, 42803, '/_mock/counts')
--- error_code eval: [429, 429, 429, 200]
--- response_headers_like eval
['!Retry-After', ('Retry-After: (?:6[01]|[1-5]\d)') x 2, '']
--- response_body_like eval
[(::problem('upstream-unavailable', 429)) x 3,
 ::counts(connection_health => 1, 'connection_health/42803' => 1)]



=== Violet's 429 is not held after its Retry-After
--- request eval
[::mock('fault?connection_health/20005=429'), ::get(20005), ::get(20005),
 ::mock('fault?connection_health/20005=0'),
 ::mock('delay?connection_health/20006=7.2'), ::get(20006), ::get(20005)]
--- error_code eval: [200, 429, 429, 200, 200, 200, 200]
--- response_body_like eval
['', (::problem('upstream-unavailable', 429)) x 2, '', '', '20006', '20005']



=== Violet's 429 without Retry-After is held for 60 s
--- request eval: ::get(42802, 42802, '/_mock/counts')
--- error_code eval: [429, 429, 200]
--- response_body_like eval
[(::problem('upstream-unavailable', 429)) x 2,
 ::counts(connection_health => 1, 'connection_health/42802' => 1)]



=== Violet's 429 is held until the date of its Retry-After, for a day at most
--- http_config eval: $::Dated
--- request eval: ::get(20001, 20001, 20002, 20002, 20003, 20003, 20004, 20004)
--- error_code eval
[(429) x 8]
--- response_headers_like eval
["Retry-After: $::Soon", 'Retry-After: (?:[12]\d{3}|3000)',
 "Retry-After: $::Never", 'Retry-After: (?:8640[01]|86[0-3]\d\d)',
 ("Retry-After: $::Past") x 2,
 'Retry-After: soon', 'Retry-After: (?:6[01]|[1-5]\d)']



=== Violet's 429 is held for one merchant, not for others
--- request eval: ::get(42903, 42904, 42903, '/_mock/counts')
--- error_code eval: [429, 429, 429, 200]
--- response_body_like eval
['', '', '', ::counts(connection_health => 2, 'connection_health/42903' => 1,
                      'connection_health/42904' => 1)]



=== Violet's 429: the stale report is served, Violet is not asked again
--- config eval: ::location(@::Stale)
--- redis_commands eval: ::seed(42905, %::Old)
--- request eval: ::get(42905, 42905, '/_mock/counts')
--- error_code eval: [200, 200, 200]
--- response_headers_like eval
[($::Marked) x 2, '']
--- response_body_like eval
[('\A' . quotemeta(::report(42905)) . '\z') x 2,
 ::counts(connection_health => 1, 'connection_health/42905' => 1)]



=== a 500 is not held
--- request eval: ::get(24301, 24301)
--- error_code eval: [502, 200]



=== a limit's key without a TTL is a spent budget, and gets a TTL
--- redis_commands
SET violet:limit:violet_api:10000 "1 99999999999999"
SET violet:limit:violet_api:10000:20007 "1 99999999999999"
--- request eval: ::get('20007?refresh=true')
--- error_code: 429
--- response_headers_like
Retry-After: (?:[1-9]|\d\d|[1-9]\d\d|[12]\d{3}|3[0-5]\d\d|3600)
--- redis_check
PTTL violet:limit:violet_api:10000
=~ ^(?:3600000|35\d{5})$
PTTL violet:limit:violet_api:10000:20007
=~ ^(?:600000|5[789]\d{4})$



=== an old limit's key without a TTL is a full budget, and gets a TTL
--- redis_commands
SET violet:limit:violet_api:10000 "1 1000"
SET violet:limit:violet_api:10000:20007 "1 1000"
--- request eval: ::get('20007?refresh=true', '20007?refresh=true')
--- error_code eval: [200, 429]
--- redis_check
PTTL violet:limit:violet_api:10000
=~ ^(?:120000|1[01]\d{4}|9\d{4})$
PTTL violet:limit:violet_api:10000:20007
=~ ^(?:600000|5[789]\d{4})$



=== a limit's key that is no number is replaced
--- redis_commands
SET violet:limit:violet_api:10000 "1 nonsense"
HSET violet:limit:violet_api:10000:20008 a b
--- request eval: ::get('20008?refresh=true', '20008?refresh=true')
--- error_code eval: [200, 429]
--- redis_check
TYPE violet:limit:violet_api:10000:20008
=> string
PTTL violet:limit:violet_api:10000:20008
=~ ^(?:600000|5[789]\d{4})$



=== LOADING: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-LOADING Redis is loading the dataset in memory\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "LOADING
--- error_log eval
qr/\[error\][^\n]*answered "LOADING[^\n]*loading/



=== MASTERDOWN: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "MASTERDOWN
--- error_log eval
qr/\[error\][^\n]*answered "MASTERDOWN[^\n]*replica/



=== BUSY: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-BUSY Redis is busy running a script. You can only call SCRIPT KILL.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "BUSY
--- error_log eval
qr/\[error\][^\n]*answered "BUSY[^\n]*script/



=== NOAUTH: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-NOAUTH Authentication required.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "NOAUTH
--- error_log eval
qr/\[error\][^\n]*answered "NOAUTH[^\n]*password=/



=== NOPERM: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-NOPERM this user has no permissions to run this command\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "NOPERM
--- error_log eval
qr/\[error\][^\n]*answered "NOPERM[^\n]*ACL/



=== a script lacks a right, in the words of Redis 8: logged once, with the remedy of NOPERM
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval
["\$-1\r\n", "-ERR ACL failure in script: User gateway has no permissions to run the 'get' command\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "ERR [^"]*", its user lacks a right/
--- grep_error_log_out
answered "ERR ACL failure in script: User gateway has no permissions to run the 'get' command", its user lacks a right



=== a script lacks a right, in the words of Redis 7.0: logged once, with the remedy of NOPERM
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval
["\$-1\r\n", "-ERR The user executing the script can't run this command or subcommand script: 620c, on user_script:1.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "ERR [^"]*", its user lacks a right/
--- grep_error_log_out
answered "ERR The user executing the script can't run this command or subcommand script: 620c, on user_script:1.", its user lacks a right



=== READONLY: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-READONLY You can't write against a read only replica.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "READONLY
--- error_log eval
qr/\[error\][^\n]*answered "READONLY[^\n]*read-only/



=== OOM: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-OOM command not allowed when used memory > 'maxmemory'.\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "OOM
--- error_log eval
qr/\[error\][^\n]*answered "OOM[^\n]*maxmemory/



=== WRONGTYPE: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "WRONGTYPE
--- error_log eval
qr/\[error\][^\n]*answered "WRONGTYPE[^\n]*prefix=/



=== MOVED: logged once, with the remedy, and the request is answered
--- http_config eval: ::servers("$::Fake;")
--- fake_redis eval: ["-MOVED 3999 127.0.0.1:6381\r\n"]
--- request eval: ::get(20010)
--- response_headers_like
X-Vars: cache=MISS .* redis=(?:down|open) up=200
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "MOVED
--- error_log eval
qr/\[error\][^\n]*answered "MOVED[^\n]*cluster/
