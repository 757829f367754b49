# Shared memory before Redis in one process (violet_health_memory), and the list
# of an app's merchants, which is cached in the same way.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;
use Violet::Report;

our $List = '/v1/operations/connection_health';
our $Memory = 'X-Vars: cache=HIT tier=memory age=\d+ refresh= state=ready redis= up=';
our $Redis = 'X-Vars: cache=HIT tier=redis age=\d+ refresh= state=ready redis=ok up=';

no_long_string();
run_tests();

__DATA__

=== a report that was found in Redis is served from memory from then on
--- redis_commands eval: ::seed(20001)
--- link_after: 0
--- request eval
::get('/_mock/counts', 20001, 20001, 20001, '/_mock/counts')
--- response_headers_like eval
['', $::Redis, $::Memory, $::Memory, '']
--- same_body: 1 2 3
--- response_body_like eval
['', 'merchant_id', 'merchant_id', 'merchant_id', ::counts()]
--- error_code eval
[(200) x 5]



=== a report from memory has the same Age and ttl as one from Redis
--- redis_commands eval: ::seed(20002, age => 100, ttl => 50)
--- wait: 1.1
--- link_after: 0
--- request eval: ::get('/_mock/counts', 20002, 20002)
--- response_headers_like eval
['',
 "Age: 1[0-3]\\d\nCache-Status: violet; hit; ttl=86(?:300|2[789]\\d)\n$::Redis",
 "Age: 1(?:0[1-9]|[1-3]\\d)\nCache-Status: violet; hit; ttl=862[789]\\d\n$::Memory"]



=== violet_health_memory off: Redis is asked each time
--- http_extra
    violet_health_memory off;
--- redis_commands eval: ::seed(20003)
--- request eval: ::get(20003, 20003, 20003)
--- response_headers_like eval
[($::Redis) x 3]



=== violet_health_memory 1s: then Redis is asked again
--- config eval: ::location('violet_health_memory 1s;')
--- redis_commands eval: ::seed(20004)
--- wait: 1.2
--- request eval: ::get(20004, 20004, 20004)
--- response_headers_like eval
[($::Redis) x 3]



=== violet_health_memory is inherited, and each location has its own
--- http_extra
    violet_health_memory off;
--- config eval
::location() . '
        location /kept/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            violet_health_memory 1h;
        }
'
--- redis_commands eval: ::seed(20005)
--- link_after: 0
--- request eval
::get('/_mock/counts', 20005, '/kept' . ::health(20005),
      '/kept' . ::health(20005), 20005)
--- response_headers_like eval
['', $::Redis, $::Redis, $::Memory, $::Redis]



=== a conditional request is answered from memory as well
--- redis_commands eval: ::seed(20006)
--- link_after: 0
--- request eval: ::get('/_mock/counts', 20006, 20006, 'HEAD 20006')
--- more_headers eval
['', '', 'If-None-Match: *', '']
--- error_code eval
[200, 200, 304, 200]
--- response_headers_like eval
['', $::Redis, $::Memory, $::Memory]



=== a refresh replaces what is in memory
--- redis_commands eval: ::seed(20007)
--- link_after: 0
--- request eval
::get('/_mock/counts', 20007, 20007, '20007?refresh=true', 20007)
--- response_headers_like eval
['', $::Redis, $::Memory, 'X-Vars: cache=REFRESH .*', 'X-Vars: cache=HIT .*']
--- same_body: 3 4



=== memory serves no report that has expired
--- config eval: ::location('violet_health_ttl 5s;')
--- init
Violet::Redis->new($ENV{TEST_NGINX_REDIS_PORT})
    ->command(main::seed(20008, age => 0, ttl => 5) =~ s/\n//r);
--- wait: 5.2
--- request eval: ::get(20008, 20008)
--- response_headers_like eval
['X-Vars: cache=HIT .*', 'X-Vars: cache=MISS .*']



=== the list is cached, and has no merchant state
--- request eval
["GET $::List", "GET $::List/?exclude_public=true", "HEAD $::List",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 5]
--- response_headers_like eval
["Cache-Status: violet; fwd=uri-miss; stored
X-Vars: cache=MISS tier= age=0 refresh= state= redis=ok up=200",
 'X-Vars: cache=HIT tier=(?:memory|redis) age=\d+ refresh= state= redis=\w* up=',
 'X-Vars: cache=HIT tier=(?:memory|redis) age=\d+ refresh= state= redis=\w* up=',
 '', '']
--- same_body: 0 1
--- response_body_like eval
['\A\[\{"merchant_id": 10000,', '\A\[', '\A\z',
 ::counts(connection_health_list => 1),
 ::asked('connection_health_list',
         "GET $::List?app_id=10000&exclude_public=true")]



=== the list: one key for each of its two forms
--- request eval
["GET $::List", "GET $::List?exclude_public=false"]
--- error_code eval
[200, 200]
--- redis_check
DBSIZE
=> 2
HLEN violet:health-list:violet_api:10000:true
=> 7
HLEN violet:health-list:violet_api:10000:false
=> 7
HGET violet:health-list:violet_api:10000:false merchant
=> false
HGET violet:health-list:violet_api:10000:false body
=~ ^\[\{"merchant_id": 10000,.*"merchant_id": 20001,
PTTL violet:health-list:violet_api:10000:true
=~ ^(86400000|863\d{5})$



=== a refresh drops both lists, a plain read neither
--- request eval
["GET $::List", "GET $::List?exclude_public=0", ::get(20300), "GET $::List",
 ::get('20300?refresh=true'), "GET $::List", "GET $::List?exclude_public=0"]
--- error_code eval
[(200) x 7]
--- response_headers_like eval
['X-Vars: cache=MISS .*', 'X-Vars: cache=MISS .*', 'X-Vars: cache=MISS .*',
 'X-Vars: cache=HIT .*', 'X-Vars: cache=REFRESH .*', 'X-Vars: cache=MISS .*',
 'X-Vars: cache=MISS .*']



=== the list cannot be the target of a subrequest
--- config eval
::location() . '
        location = /mirrored {
            mirror /v1/operations/connection_health;
            proxy_pass http://violet_api/v1/merchants;
        }
'
--- request
GET /mirrored
--- error_code: 401
--- error_log
cannot be the target of a subrequest



=== violet_health_memory: no value
--- http_extra: violet_health_memory;
--- refused: invalid number of arguments in "violet_health_memory" directive



=== violet_health_memory: twice
--- http_extra
    violet_health_memory 1m;
    violet_health_memory off;
--- refused: "violet_health_memory" directive is duplicate



=== violet_health_memory: not "0", which is "off"
--- http_extra: violet_health_memory 0;
--- refused
invalid value "0" in "violet_health_memory", it must be "off" or a time from 1 to 31622400 seconds, such as "60s"



=== violet_health_memory: a word
--- http_extra: violet_health_memory on;
--- refused
invalid value "on" in "violet_health_memory", it must be "off" or a time from 1 to 31622400 seconds, such as "60s"



=== violet_health_memory: less than a second
--- http_extra: violet_health_memory 500ms;
--- refused
invalid value "500ms" in "violet_health_memory", it must be "off" or a time from 1 to 31622400 seconds, such as "60s"



=== violet_health_memory: more than a year
--- http_extra: violet_health_memory 367d;
--- refused
invalid value "367d" in "violet_health_memory", it must be "off" or a time from 1 to 31622400 seconds, such as "60s"
