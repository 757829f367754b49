use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Report;
use Violet::Until;

use Cwd ();
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep);

our $Key = 'violet:health:violet_api:10000';
our $Fake = 'violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT';

# Times that no machine takes: what such a block is about does not need them.
our $Patient = 'connect_timeout=20s timeout=20s';
our $Closed = 'violet_redis redis://127.0.0.1:$TEST_NGINX_RAND_PORT_1';
our $Replaced = "TYPE $Key:%d\n=> hash\nHLEN $Key:%d\n=> 7\n"
                . "HGET $Key:%d body\n=~ ^\\{\"merchant_id\": %d,\n"
                . "PTTL $Key:%d\n=~ ^(86400000|863\\d{5})\$\n";

# The headers of a miss that could not be stored.
our $Unstored = 'Cache-Status: violet; fwd=uri-miss';

# A second Redis, with passwords.
my $folder = File::Temp->newdir('violet-redis-XXXXXX', TMPDIR => 1);
my $pid = start_guarded();

# This file is about Redis, so nothing is read from memory.
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_extra', 'violet_health_memory off; '
                      . ($block->http_extra || ''));
});

no_long_string();
run_tests();


sub start_guarded {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "no port: $!\n";
    my $port = $socket->sockport;
    close $socket;

    $ENV{TEST_NGINX_GUARDED_PORT} = $port;
    $ENV{TEST_NGINX_GUARDED_SOCKET} = "$folder/redis.sock";

    my $child = fork;
    die "fork: $!\n" if !defined $child;

    if (!$child) {
        open STDOUT, '>', "$folder/log" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec $ENV{REDIS} || 'redis-server', '--bind', '127.0.0.1', '--port', $port,
             '--unixsocket', "$folder/redis.sock", '--dir', "$folder",
             '--save', '', '--appendonly', 'no', '--databases', 4,
             '--requirepass', 'sesame',
             qw(--user violet on >opensesame), Violet::Redis::rights(),
             qw(--user reader on >opensesame ~violet:* &* +@all -@write),
             qw(--user stranger on >opensesame ~other:* &* +@all)
            or POSIX::_exit(127);
    }

    for (1 .. 200) {
        return $child if IO::Socket::INET->new("127.0.0.1:$port");
        sleep 0.05;
    }

    die "the second Redis does not start, see $folder/log\n";
}


# "violet_redis" with the second Redis.
sub guarded {
    my ($words) = @_;

    return ::servers('violet_redis redis://127.0.0.1:'
                     . "\$TEST_NGINX_GUARDED_PORT$words $::Patient;");
}


# The checks in Redis after a merchant's value was replaced.
sub replaced {
    my ($merchant) = @_;

    return sprintf $Replaced, ($merchant) x 5;
}


my $main_pid;

BEGIN {
    $main_pid = $$;
}

END {
    if ($$ == $main_pid && $pid) {
        local $?;
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}

__DATA__

=== a report that another program stored is served, if it has the module's form
--- redis_commands eval: ::seed(20001)
--- request eval: ::get(20001)
--- response_headers_like
Cache-Status: violet; hit; ttl=863(90|[678][0-9])
--- response_body eval: ::report(20001)



=== a string in the place of the report is replaced
--- redis_commands eval: "SET $::Key:20101 hello"
--- request eval: ::get(20101, 20101)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check eval: ::replaced(20101)



=== a list is replaced
--- redis_commands eval: "RPUSH $::Key:20002 body etag state"
--- request eval: ::get(20002, 20002)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check eval: ::replaced(20002)



=== a sorted set, a set, a stream are replaced
--- redis_commands eval
"ZADD $::Key:20003 1 body\nSADD $::Key:20004 body\nXADD $::Key:20005 * body x"
--- request eval: ::get(20003, 20004, 20005)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 3]
--- redis_check eval: CORE::join '', map { ::replaced($_) } 20003 .. 20005



=== a hash without any of our fields gets them
--- redis_commands eval: "HSET $::Key:20006 a b"
--- request eval: ::get(20006, 20006)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check eval
"PTTL $::Key:20006\n=~ ^(86400000|863\\d{5})\$\n"



=== no body: replaced
--- redis_commands eval: ::seed(20007, body => undef)
--- request eval: ::get(20007)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20007)



=== no etag: replaced
--- redis_commands eval: ::seed(20008, etag => undef)
--- request eval: ::get(20008)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20008)



=== no state: replaced
--- redis_commands eval: ::seed(20009, state => undef)
--- request eval: ::get(20009)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20009)



=== no stored_at: replaced
--- redis_commands eval: ::seed(20010, stored_at => undef)
--- request eval: ::get(20010)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20010)



=== an empty body: replaced
--- redis_commands eval: ::seed(20011, body => '')
--- request eval: ::get(20011)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20011)



=== an etag that is empty, not quoted, weak, short, long, in capitals, of other letters: replaced
--- redis_commands eval
my $hex = '0123456789abcdef0123456789abcdef01234567';
my $merchant = 20012;
CORE::join '', map { ::seed($merchant++, etag => $_) }
    '', $hex, "W/\"$hex\"", '"' . substr($hex, 1) . '"', "\"0$hex\"",
    '"' . uc($hex) . '"', '"' . substr($hex, 1) . 'g"', '"' . $hex, "\"$hex ";
--- request eval: ::get(20012 .. 20020)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 9]
--- redis_check eval: ::replaced(20012) . ::replaced(20020)



=== an etag with a line break adds no header
--- redis_commands eval
::seed(20021, etag => "\"\r\nX-Injected: 1\r\nX-Filler: 0123456789abc\"")
--- request eval: ::get(20021)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
!X-Injected



=== a state other than the three: replaced
--- redis_commands eval
::seed(20022, state => '') . ::seed(20023, state => 'READY')
. ::seed(20024, state => 'ready ') . ::seed(20025, state => 'unknown')
--- request eval: ::get(20022 .. 20025)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored
X-Violet-Merchant-State: ready') x 4]



=== each of the three states is taken
--- redis_commands eval
::seed(20026, state => 'ready') . ::seed(20027, state => 'degraded')
. ::seed(20028, state => 'blocked')
--- request eval: ::get(20026 .. 20028)
--- response_headers_like eval
["Cache-Status: violet; hit; ttl=\\d+\nX-Violet-Merchant-State: ready",
 "Cache-Status: violet; hit; ttl=\\d+\nX-Violet-Merchant-State: degraded",
 "Cache-Status: violet; hit; ttl=\\d+\nX-Violet-Merchant-State: blocked"]



=== stored_at in the future: replaced
--- redis_commands eval: ::seed(20029, age => -60)
--- request eval: ::get(20029)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20029)



=== stored_at longer ago than violet_health_ttl: replaced
--- redis_commands eval: ::seed(20030, age => 86401, ttl => 1000)
--- request eval: ::get(20030)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20030)



=== a stored_at that is not a number: replaced
--- redis_commands eval
my $merchant = 20031;
CORE::join '', map { ::seed($merchant++, stored_at => $_) }
    '', 'yesterday', 'nan', '-nan', 'inf', '-inf', '1e400', '-1', '1',
    '0xffffffffffffffffffff', "1\0", '99999999999999999999999';
--- request eval: ::get(20031 .. 20042)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored
Age: 0') x 12]
--- redis_check eval: ::replaced(20031) . ::replaced(20033)



=== a report without a TTL in Redis is served until "kept" is over
--- redis_commands eval
::seed(20043, ttl => undef) . ::seed(20049, ttl => undef, age => 50, kept => 49000)
--- request eval: ::get(20043, 20049)
--- response_headers_like eval
['Cache-Status: violet; hit; ttl=863(90|[678][0-9])', 'Cache-Status: violet; fwd=uri-miss; stored']
--- redis_check eval: ::replaced(20049)



=== a report that was stored with a longer violet_health_ttl is served for what is left of the present one
--- config eval: ::location('violet_health_ttl 1h;')
--- redis_commands eval
::seed(20150, age => 600) . ::seed(20151, age => 3601)
--- request eval: ::get(20150, 20151)
--- response_headers_like eval
['Cache-Status: violet; hit; ttl=(3000|29[789]\d)', 'Cache-Status: violet; fwd=uri-miss; stored']



=== a report that names no merchant, or one in another spelling: replaced
--- redis_commands eval
::seed(20050, merchant => undef) . ::seed(20052, merchant => '')
. ::seed(20053, merchant => '020053') . ::seed(20054, merchant => "20054\0")
--- request eval: ::get(20050, 20052 .. 20054)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 4]
--- redis_check eval
::replaced(20052) . "HGET $::Key:20052 merchant\n=> 20052\n"



=== a report that names another merchant is not served, and the connection with it is closed
--- redis_commands eval: ::seed(20051, merchant => 20050)
--- request eval: ::get(20051)
--- response_headers eval: $::Unstored
--- response_body_like: "merchant_id": 20051
--- error_log: answered with the report of another merchant than 20051



=== the report of another merchant is not served when Violet fails either
--- config eval: ::location('violet_health_stale 1h;')
--- redis_commands eval: ::seed(50001, merchant => 50002)
--- request eval: ::get(50001)
--- error_code: 502
--- response_headers
Cache-Status: violet; fwd=uri-miss
--- error_log: answered with the report of another merchant than 50001



=== a report without a form number, or with an unknown one: replaced
--- redis_commands eval
my $merchant = 20060;
CORE::join '', map { ::seed($merchant++, v => $_) }
    undef, '', '0', '2', '10', '01', ' 1', 'one';
--- request eval: ::get(20060 .. 20067)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 8]
--- redis_check eval
::replaced(20063) . "HGET $::Key:20063 v\n=> 1\n"



=== a report of an unknown form that is newer is replaced, too
--- redis_commands eval: ::seed(20068, v => 2, age => 0)
--- request eval: ::get(20068, 20068)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check eval: ::replaced(20068)



=== a flight without a form number, or with an unknown one, is ignored
--- redis_commands
SET violet:flight:violet_api:10000:20170:read F0123456789abcdef PX 60000
SET violet:flight:violet_api:10000:20171:read "2 F0123456789abcdef" PX 60000
SET violet:flight:violet_api:10000:20172:read "1F0123456789abcdef" PX 60000
SET violet:flight:violet_api:10000:20173:refresh "2 F0123456789abcdef" PX 60000
HSET violet:flight:violet_api:10000:20174:read v 1
SET violet:flight-list:violet_api:10000:true:read "2 F0123456789abcdef" PX 60000
--- request eval
[@{::get(20170 .. 20174)}, 'GET /v1/operations/connection_health']
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 6]



=== a flight of this form is followed until it ends
--- init
Violet::Redis->new($ENV{TEST_NGINX_REDIS_PORT})->command(
    'SET violet:flight:violet_api:10000:20175:read "1 F0123456789abcdef" PX 3000');
--- request eval: ::get(20175)
--- response_headers_like
Cache-Status: violet; fwd=uri-miss; stored
X-Time: (?:0\.[4-9]|[1-9]).*



=== an answer that is held in another form is asked for again
--- redis_commands
SET violet:health-held:violet_api:10000:20176 "2 3 502 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 " PX 60000
SET violet:health-held:violet_api:10000:20177 nonsense PX 60000
SET violet:health-list-held:violet_api:10000:true "0 3" PX 60000
--- request eval
[@{::get(20176, 20177)}, 'GET /v1/operations/connection_health']
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 3]



=== "kept" is not a number, is missing or is over: replaced
--- redis_commands eval
my $merchant = 20070;
CORE::join '', map { ::seed($merchant++, kept => $_) }
    undef, '', 'long', 'nan', '-1', '0', '10000';
--- request eval: ::get(20070 .. 20076)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 7]
--- redis_check eval
::replaced(20070) . "HGET $::Key:20070 kept\n=> 86400000\n"



=== a body as long as violet_buffer_limit is served
--- config eval: ::location('violet_buffer_limit 4k;')
--- redis_commands eval: ::seed(20044, body => "=string.rep('x',4096)")
--- request eval: ::get(20044)
--- response_headers_like
Cache-Status: violet; hit; ttl=\d+
Content-Length: 4096



=== a body that is longer than violet_buffer_limit: replaced
--- config eval: ::location('violet_buffer_limit 4k;')
--- redis_commands eval: ::seed(20045, body => "=string.rep('x',4097)")
--- request eval: ::get(20045)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20045)



=== a body of 5 MB: replaced
--- redis_commands eval: ::seed(20046, body => "=string.rep('x',5*1048576)")
--- request eval: ::get(20046)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20046)



=== a body of 64 MB: replaced
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT ' . "$::Patient;")
--- redis_commands eval: ::seed(20047, body => "=string.rep('x',64*1048576)")
--- request eval: ::get(20047, 20047)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']
--- redis_check eval: ::replaced(20047)



=== a string of 100 MB: replaced
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT ' . "$::Patient;")
--- redis_commands eval
"EVAL \"redis.call('SET',KEYS[1],string.rep('x',100*1048576))\" 1 $::Key:20048"
--- request eval: ::get(20048)
--- response_headers
Cache-Status: violet; fwd=uri-miss; stored
--- redis_check eval: ::replaced(20048)



=== an invalid value is not served when Violet fails either
--- config eval: ::location('violet_health_stale 1h;')
--- redis_commands eval: ::seed(50001, etag => 'x')
--- request eval: ::get(50001)
--- error_code: 502
--- response_headers
Cache-Status: violet; fwd=uri-miss



=== an invalid value is removed although Violet's answer is no report
--- redis_commands eval: ::seed(22301, etag => 'x')
--- request eval: ::get(22301)
--- response_headers
Cache-Status: violet; fwd=uri-miss



=== without violet_redis: off
--- http_config eval: ::servers('')
--- request eval: ::get(20049)
--- response_headers_like
X-Vars: .* redis=off up=200
--- no_error_log
[error]



=== a port without a server: open, the request is answered
--- http_config eval: ::servers("$::Closed;")
--- until: start log cannot connect to Redis
--- request eval: ::get(20049)
--- response_headers_like eval
"$::Unstored
X-Violet-Merchant-State: ready
X-Vars: cache=MISS tier= age=0 refresh= state=ready redis=open up=200"
--- response_body_like: "merchant_id": 20049
--- error_log eval
qr/\[error\] .*violet: cannot connect to Redis at "redis:[^"]*" \(111: Connection refused\)/



=== after a failure the breaker is open: no request asks Redis or waits
--- http_config eval: ::servers("$::Closed;")
--- until: start log cannot connect to Redis
--- pipelined_requests eval: ::get((20049) x 4)
--- response_headers_like eval
[('X-Vars: .* redis=open up=200') x 4]



=== a Redis that cannot be reached is logged once, not at each try
--- http_config eval: ::servers("$::Closed;")
--- log_level: debug
--- until: start log cannot connect to Redis
--- wait: 0.5
--- request eval: ::get(20049)
--- response_headers_like
X-Vars: .* redis=open up=200
--- grep_error_log eval: qr/violet: cannot connect to Redis/
--- grep_error_log_out
violet: cannot connect to Redis



=== the log line of a failure has the URL of Redis
--- http_config eval
::servers('violet_redis unix:/nowhere/redis.sock;')
--- until: start log cannot connect to Redis
--- request eval: ::get(20049)
--- response_headers_like
X-Vars: .* redis=open up=200
--- error_log
violet: cannot connect to Redis at "unix:/nowhere/redis.sock" (2: No such file or directory)



=== a unix socket
--- http_config eval
::servers('violet_redis unix:$TEST_NGINX_GUARDED_SOCKET password=sesame '
          . "$::Patient;")
--- request eval: ::get(20050, 20050)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']



=== a password
--- http_config eval: ::guarded(' password=sesame')
--- request eval: ::get(20051, 20051)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']
--- no_error_log
sesame



=== a password from a file
--- user_files
>>> password
sesame
--- http_config eval
::guarded(' password=file:$TEST_NGINX_SERVER_ROOT/html/password')
--- request eval: ::get(20052)
--- response_headers_like
Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200



=== a user name, a password, a database
--- http_config eval: ::guarded('/2 username=violet password=opensesame')
--- request eval: ::get(20053, 20053)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss; stored
X-Vars: .* redis=ok up=200', 'Cache-Status: violet; hit; ttl=\d+']



=== a wrong password: open, the request is answered, the log does not show it
--- http_config eval: ::guarded(' username=violet password=guesswork')
--- until: start log refused AUTH: WRONGPASS
--- request eval: ::get(20054)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=open up=200"
--- error_log
refused AUTH: WRONGPASS
--- no_error_log
guesswork



=== no password for a Redis that requires one: open
--- http_config eval: ::guarded('')
--- until: start log NOAUTH
--- request eval: ::get(20055)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=open up=200"
--- error_log eval
qr/violet: Redis at "[^"]*" .*NOAUTH/



=== a password for a Redis without one: open
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT password=guesswork '
          . "$::Patient;")
--- until: start log refused AUTH:
--- request eval: ::get(20056)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=open up=200"
--- error_log
refused AUTH:
--- no_error_log
guesswork



=== a database that does not exist: open, no other database is used
--- http_config eval: ::guarded('/4 password=sesame')
--- until: start log refused SELECT
--- request eval: ::get(20057)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=open up=200"
--- error_log
refused SELECT: ERR DB index is out of range



=== a user without rights to the module's keys: down
--- http_config eval: ::guarded(' username=stranger password=opensesame')
--- request eval: ::get(20058)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"
--- error_log
answered "NOPERM



=== a user who may only read: reports are served, none is stored
--- http_config eval: ::guarded(' username=reader password=opensesame')
--- request eval: ::get(20059)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"
--- error_log
violet: Redis at "redis:



=== a Redis that is full: hits are served, misses are answered, not stored
--- redis_commands eval
::seed(20060) . 'CONFIG SET maxmemory 1'
--- request eval: ::get(20060, 20061, 20060)
--- response_headers_like eval
['Cache-Status: violet; hit; ttl=\d+
X-Vars: .* redis=ok up=',
"$::Unstored
X-Vars: .* redis=down up=200",
'Cache-Status: violet; hit; ttl=\d+
X-Vars: .* redis=ok up=']



=== a full Redis is logged once
--- redis_commands
CONFIG SET maxmemory 1
--- request eval: ::get(20062)
--- response_headers_like eval: "X-Vars: .* redis=down up=200"
--- grep_error_log eval: qr/violet: Redis at "[^"]*" answered "OOM/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" answered "OOM\n\z/



=== a read-only replica is bypassed
--- redis_commands eval
::seed(20063) . 'REPLICAOF 127.0.0.1 1'
--- until: start log is a replica and is bypassed
--- request eval: ::get(20063)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=open up=200"
--- error_log eval
qr/violet: Redis at "[^"]*" is a replica and is bypassed until it is a master/



=== a master that becomes a replica is bypassed, although nothing is written
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
my $role = 'master';
[{HELLO => sub { Violet::FakeRedis::hello($role) }},
 sub { $role = 'replica'; ::found(20065) }]
--- until: 0 log is a replica and is bypassed
--- request eval: ::get(20065, 20066)
--- response_headers_like eval
['X-Vars: .* redis=ok up=', "$::Unstored\nX-Vars: .* redis=open up=200"]



=== too few replicas to write: hits are served, misses are answered
--- redis_commands eval
::seed(20065) . 'CONFIG SET min-replicas-to-write 1'
--- request eval: ::get(20065, 20066)
--- response_headers_like eval
['Cache-Status: violet; hit; ttl=\d+
X-Vars: .* redis=ok up=',
"$::Unstored
X-Vars: .* redis=down up=200"]



=== a Redis that is slow: one wait, then Violet
--- http_config eval
::servers("$::Fake connect_timeout=20s timeout=300ms;")
--- fake_redis eval: [[600, "\$-1\r\n"]]
--- request eval: ::get(20067)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.(?:[01]|2[0-7]))[0-9.]+
X-Vars: cache=MISS tier= age=0 refresh= state=ready redis=timeout up=200"



=== a Redis that is slow to store: one wait
--- http_config eval
::servers("$::Fake connect_timeout=20s timeout=300ms;")
--- fake_redis eval: ["\$-1\r\n", undef]
--- request eval: ::get(20068)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.(?:[01]|2[0-7]))[0-9.]+
X-Vars: cache=MISS tier= age=0 refresh= state=ready redis=timeout up=200"



=== reading takes half of the time: the other half remains for storing
--- http_config eval
::servers("$::Fake connect_timeout=20s timeout=400ms;")
--- fake_redis eval: [[0.2, "\$-1\r\n"], undef]
--- request eval: ::get(20069)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.(?:[0-2]|3[0-7]))[0-9.]+
X-Vars: .* redis=timeout up=200"



=== all waits of a request for Redis share the timeout: each of three replies is in time, all together are not
--- http_config eval: ::servers("$::Fake connect_timeout=20s timeout=900ms;")
--- fake_redis eval
[[0.4, "\$-1\r\n"], [0.4, "*1\r\n" . ::bulk('ours')], [0.4, ":1\r\n"]]
--- request eval: ::get(20160)
--- response_headers_like eval
"$::Unstored
X-Vars: cache=MISS .* redis=timeout up=200"



=== the same for a refresh, which asks for its budget as well
--- http_config eval: ::servers("$::Fake connect_timeout=20s timeout=900ms;")
--- fake_redis eval
[[0.4, "*1\r\n" . ::bulk('ours')],
 [0.4, "*5\r\n:1\r\n:1\r\n:0\r\n:1\r\n:0\r\n"], [0.4, ":1\r\n"]]
--- request eval: ::get('20161?refresh=true')
--- response_headers_like
Cache-Status: violet; fwd=request
X-Vars: .* redis=timeout up=200



=== accepted and never answered: one bounded wait
--- http_config eval
::servers("$::Fake connect_timeout=20s timeout=300ms;")
--- fake_redis eval: [{TIME => undef}, undef]
--- request eval: ::get(20070)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.(?:[01]|2[0-7]))[0-9.]+
X-Vars: .* redis=timeout up=200"



=== SELECT is never answered: the wait is the same one
--- http_config eval
::servers("$::Fake/1 connect_timeout=20s timeout=300ms;")
--- fake_redis eval: [{SELECT => undef}, undef]
--- request eval: ::get(20071)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.(?:[01]|2[0-7]))[0-9.]+
X-Vars: .* redis=timeout up=200"



=== connect_timeout is over first: down, or open if the request comes later
--- http_config eval
::servers("$::Fake/1 connect_timeout=200ms timeout=20s;")
--- fake_redis eval: [{SELECT => undef}, undef]
--- request eval: ::get(20072)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=(down|open) up=200"
--- until: 0 log while connecting
--- error_log
did not answer within 200ms while connecting



=== after a timeout no request waits for that Redis
--- http_config eval: ::servers("$::Fake connect_timeout=20s timeout=1s;")
--- fake_redis eval: [undef]
--- until: start up
--- pipelined_requests eval: ::get((20073) x 3)
--- response_headers_like eval
['X-Vars: .* redis=timeout up=200', ('X-Vars: .* redis=open up=200') x 2]



=== a reply that comes byte by byte: one bounded wait
--- http_config eval: ::servers("$::Fake connect_timeout=20s timeout=1s;")
--- fake_redis eval: [\::found(20074)]
--- until: start up
--- request eval: ::get(20074)
--- response_headers_like eval
"$::Unstored
X-Time: (?!0\\.[0-8])[0-9.]+
X-Vars: cache=MISS .* redis=timeout up=200"
--- error_log
did not answer within 1000ms and is bypassed until it answers again
--- response_body_like: "merchant_id": 20074,



=== a reply that comes too late is not taken for the next request's
--- http_config eval: ::servers("$::Fake connect_timeout=20s timeout=1s;")
--- fake_redis eval
[[1.5, ::found(20075, 'late')], ::found(20076, 'in time')]
--- until
start up
0 up
--- request eval: ::get(20075, 20076)
--- response_headers_like eval
['Cache-Status: violet; fwd=uri-miss
X-Vars: .* redis=timeout up=200', 'Cache-Status: violet; hit; ttl=\d+
X-Vars: .* redis=ok up=']
--- response_body eval
[qr/"merchant_id": 20075,/, 'in time']



=== a reply in pieces, but in time, is taken
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
my $reply = ::found(20077);
[[0, substr($reply, 0, 30), [0.1, substr($reply, 30)]]]
--- request eval: ::get(20077)
--- response_headers_like
Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])
X-Vars: cache=HIT tier=redis age=(?:[5-9]|[1-3][0-9]) refresh= state=ready redis=ok up=
--- response_body eval: ::report(20077)



=== garbage for a reply: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["HTTP/1.1 400 Bad Request\r\n\r\n"]
--- request eval: ::get(20078)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- error_log eval
qr/violet: Redis at "[^"]*" sent an unknown type of reply, closing/



=== impossible lengths: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["*5\r\n\$-7\r\n"]
--- request eval: ::get(20079)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"



=== an array of thousands of millions of elements: down or timeout
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["*4000000000\r\n"]
--- request eval: ::get(20080)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=(down|timeout) up=200"



=== a string with a length of a terabyte: timeout
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["\$1099511627776\r\nx"]
--- request eval: ::get(20081)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=(down|timeout) up=200"



=== a reply nested without end: down or timeout
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["*1\r\n" x 1000]
--- request eval: ::get(20082)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=(down|timeout) up=200"



=== closed instead of a reply: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ['close']
--- request eval: ::get(20083)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- error_log
closed the connection



=== closed within a reply: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[[0, substr(::found(20084), 0, 40), 'close']]
--- request eval: ::get(20084)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"



=== reset instead of a reply: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ['reset']
--- request eval: ::get(20085)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- error_log
Connection reset by peer



=== closed before the first reply: open, and logged
--- http_config eval: ::servers("$::Closed;")
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_shutdown: 2
--- request eval: ::get(20086)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=open up=200"
--- error_log eval
qr/closed the connection|cannot connect to Redis at/



=== -LOADING: down, and logged
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["-LOADING Redis is loading the dataset in memory\r\n"]
--- request eval: ::get(20087)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- grep_error_log eval: qr/answered "\w+/
--- grep_error_log_out
answered "LOADING



=== -TRYAGAIN: down, and logged with what it means
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["-TRYAGAIN Multiple keys request during rehashing of slot\r\n"]
--- request eval: ::get(20188)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- error_log eval
qr/answered "TRYAGAIN [^"]*", the slot of its keys is on its way to another node/



=== -READONLY: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
["\$-1\r\n", "-READONLY You can't write against a read only replica.\r\n"]
--- request eval: ::get(20088)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"
--- error_log
answered "READONLY



=== -NOAUTH: down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["-NOAUTH Authentication required.\r\n"]
--- request eval: ::get(20089)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"
--- error_log
answered "NOAUTH



=== -NOSCRIPT again and again: asked by source once, then down
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["-NOSCRIPT No matching script.\r\n"]
--- request eval: ::get(20090)
--- response_headers_like eval
"$::Unstored
X-Vars: .* redis=down up=200"
--- error_log
answered "NOSCRIPT



=== replies that HMGET does not give: misses, each closes the connection
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
["+OK\r\n", ":1\r\n", "*0\r\n", ::bulk('x'), "*1\r\n" . ::bulk('ours'),
 "*7\r\n" . ":1\r\n" x 7, "*7\r\n" . "*0\r\n" x 7,
 ::found(20098) =~ s/\$\d+\r\n/+/gr, "*6" . substr(::found(20099), 2, -11),
 "*8" . substr(::found(20100), 2) . ::bulk('x'), ::found(20101)]
--- request eval: ::get(20091 .. 20101)
--- until eval: join '', map { "$_ up\n" } 0 .. 9
--- response_headers_like eval
[('Cache-Status: violet; fwd=uri-miss') x 10,
 'Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])']



=== a reply that HMGET does not give is logged
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: [":1\r\n"]
--- request eval: ::get(20091)
--- response_headers_like eval: $::Unstored
--- error_log
answered the lookup of a report with something else, closing the connection



=== a reply of HMGET without a report: a miss
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[(map { ($_, "*1\r\n" . ::bulk('ours'), ":1\r\n") }
      "*-1\r\n", "\$-1\r\n", "*7\r\n" . "\$-1\r\n" x 7,
      "*7\r\n" . ::bulk('x') x 7, "*7\r\n" . ::bulk('') x 7,
      map { my $n = 0; ::found(20098) =~ s/(\$\d+\r\n.*?\r\n)/$n++ == $_ ? "\$-1\r\n" : $1/ger } 0 .. 6)]
--- request eval: ::get(20091 .. 20095, (20098) x 7)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 12]



=== a reply with the report of another merchant: a miss, nothing of it is served
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[::found(20192), ::claimed(20192),
 "*1\r\n" . ::bulk('ours'), ":1\r\n"]
--- request eval: ::get(20191)
--- response_headers
Cache-Status: violet; fwd=uri-miss
--- response_body_like: "merchant_id": 20191,
--- error_log: answered with the report of another merchant than 20191



=== the same in reply to a claim
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
["\$-1\r\n", ::claimed(20192),
 "*1\r\n" . ::bulk('ours'), ":1\r\n"]
--- request eval: ::get(20191)
--- response_headers
Cache-Status: violet; fwd=uri-miss
--- response_body_like: "merchant_id": 20191,
--- error_log: answered with the report of another merchant than 20191



=== invalid replies to a claim: Violet is asked without it
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[(map { ("\$-1\r\n", $_, ":1\r\n") }
      "+OK\r\n", ":1\r\n", "*0\r\n", "*-1\r\n", "*1\r\n:1\r\n",
      "*1\r\n" . ::bulk('theirs'), "*2\r\n" . ::bulk('theirs') . ::bulk('x'),
      "*2\r\n" . ::bulk('landed') . ::bulk('4 2 4'),
      "*2\r\n" . ::bulk('landed') . ::bulk('4 ' . '9' x 400 . ' '),
      "*2\r\n" . ::bulk('held') . ":1\r\n")]
--- request eval: ::get(20301 .. 20310)
--- error_code eval
[(200) x 10]
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 10]



=== invalid reports in reply to a claim: claimed again without them
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[map { ("\$-1\r\n", $_, "*1\r\n" . ::bulk('ours'), ":1\r\n") }
     "*9\r\n" . ::bulk('report') . ::bulk('x') x 7 . ":1\r\n",
     ::claimed(20312) =~ s/:[^:]*\z/:-1\r\n/r,
     ::claimed(20313) =~ s/:[^:]*\z/\$1\r\n1\r\n/r,
     "*8" . substr ::claimed(20314) =~ s/:[^:]*\z//r, 2]
--- request eval: ::get(20311 .. 20314)
--- response_headers eval
[('Cache-Status: violet; fwd=uri-miss; stored') x 4]



=== the report that a claim finds is served, whatever is behind it
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[map { ("\$-1\r\n", "*10" . substr(::claimed(20320 + $_), 2)
                     . ('', ::bulk('an id'), ::bulk("a\x01b"), ":5\r\n",
                        ::bulk('x' x 200), "\$-1\r\n")[$_]) } 1 .. 5]
--- request eval: ::get(20321 .. 20325)
--- response_headers_like eval
[('Cache-Status: violet; hit; ttl=\d+') x 5]



=== the report that a claim finds is served
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["\$-1\r\n", ::claimed(20315)]
--- request eval: ::get(20315)
--- response_headers_like
Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])
X-Vars: cache=HIT tier=redis age=(?:[5-9]|[1-3][0-9]) refresh= state=ready redis=ok up=
--- response_body eval: ::report(20315)



=== a reply to storing other than 1
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ["\$-1\r\n", "+OK\r\n"]
--- request eval: ::get(20098)
--- response_headers_like eval
"$::Unstored\nX-Vars: .* redis=down up=200"



=== one reply more than commands: the connection is closed, nginx keeps running
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[::found(20099) . ::found(20000, 'somebody else'),
 ::found(20000, 'another'), ::found(20000, 'another')]
--- until
0 log sent more than it was asked for
0 up
--- request eval: ::get(20099, 20000)
--- response_headers_like eval
["Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])\nX-Vars: .* redis=ok up=",
 "Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])\nX-Vars: .* redis=ok up="]
--- response_body eval
[::report(20099), 'another']



=== one reply more: logged
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: [::found(20601) . "+OK\r\n"]
--- request eval: ::get(20601)
--- response_body eval: ::report(20601)
--- error_log
sent more than it was asked for



=== a refused TIME, SELECT or AUTH with another reply after it: nginx keeps running
--- http_config eval
::servers("$::Fake/1 password=x;")
--- fake_redis eval
[{AUTH => "-ERR no\r\n", SELECT => "-ERR no\r\n",
  TIME => "-ERR no\r\n+OK\r\n+OK\r\n"}, undef]
--- until: start log refused AUTH
--- request eval: ::get(20061, 20061)
--- response_headers_like eval
[("X-Vars: .* redis=open up=200") x 2]



=== another reply after that of TIME: nginx keeps running
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{TIME => Violet::FakeRedis::instant() . "+PONG\r\n"}, ::found(20062)]
--- request eval: ::get(20062, 20062)
--- error_code eval: [200, 200]
--- response_body_like eval
[('"merchant_id": ?20062') x 2]



=== a thousand replies more: nginx keeps running
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: [::found(20602) . "+OK\r\n" x 1000]
--- until
0 log sent more than it was asked for
0 up
--- request eval: ::get(20602, 20602)
--- response_body eval
[(::report(20602)) x 2]



=== a later reply without a command: nginx keeps running and connects again
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[[0, ::found(20603), [0.1, "+surprise\r\n"]], ::found(20604, 'another')]
--- until
0 log sent more than it was asked for
0 up
--- request eval: ::get(20603, 20604)
--- response_headers_like eval
[("Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])\nX-Vars: .* redis=ok up=") x 2]
--- response_body eval
[::report(20603), 'another']



=== a reply without a command is logged
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[[0, ::found(20605), [0.1, "+surprise\r\n"]]]
--- until: 0 log sent more than it was asked for
--- request eval: ::get(20605)
--- error_log
sent more than it was asked for



=== a clock that is none: the connection is closed, nginx keeps running
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{TIME => "*2\r\n\$2\r\n-1\r\n\$1\r\n0\r\n"}, ::found(20608)]
--- request eval: ::get(20608)
--- response_headers_like
X-Vars: .* redis=(down|open) up=200
--- error_log
refused TIME: unexpected reply



=== Redis's clock becomes none: the connection is closed, nginx keeps running
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
my $time = \&Violet::FakeRedis::instant;
[{TIME => sub { $time }},
 sub { $time = "*2\r\n\$1\r\n1\r\n:0\r\n"; ::found(20609) }]
--- until: 0 log answered TIME with something else
--- request eval: ::get(20609)
--- response_body eval: ::report(20609)
--- error_log
answered TIME with something else, closing the connection



=== INFO says that Redis evicts: a warning
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => Violet::FakeRedis::info(1, 'volatile-ttl')}, ::found(20620)]
--- request eval: ::get(20620)
--- response_body eval: ::report(20620)
--- error_log
may evict the records of submits



=== INFO with a policy that is no word: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => Violet::FakeRedis::info(1, "all\x1bkeys")}, ::found(20621)]
--- request eval: ::get(20621)
--- response_body eval: ::report(20621)
--- no_error_log
may evict the records of submits



=== INFO without a policy: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => Violet::FakeRedis::info(1, '')}, ::found(20622)]
--- request eval: ::get(20622)
--- response_body eval: ::report(20622)
--- no_error_log
may evict the records of submits



=== INFO that ends in a policy: a warning
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => Violet::FakeRedis::bulk("\nmaxmemory:1\r\nmaxmemory_policy:allkeys-lru")}, ::found(20623)]
--- request eval: ::get(20623)
--- response_body eval: ::report(20623)
--- error_log
may evict the records of submits



=== INFO of nothing: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => Violet::FakeRedis::bulk("")}, ::found(20624)]
--- request eval: ::get(20624)
--- response_body eval: ::report(20624)
--- no_error_log
may evict the records of submits



=== INFO is nil: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => "\$-1\r\n"}, ::found(20625)]
--- request eval: ::get(20625)
--- response_body eval: ::report(20625)
--- no_error_log
may evict the records of submits



=== INFO is a number: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => ":1\r\n"}, ::found(20626)]
--- request eval: ::get(20626)
--- response_body eval: ::report(20626)
--- no_error_log
may evict the records of submits



=== INFO is an array: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => "*1\r\n" . Violet::FakeRedis::info(1, "allkeys-lru")}, ::found(20627)]
--- request eval: ::get(20627)
--- response_body eval: ::report(20627)
--- no_error_log
may evict the records of submits



=== INFO is refused: silence
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval
[{INFO => "-NOPERM no\r\n"}, ::found(20628)]
--- request eval: ::get(20628)
--- response_body eval: ::report(20628)
--- no_error_log
may evict the records of submits



=== a push message before the reply: nginx keeps running
--- http_config eval: ::servers("$::Fake timeout=200ms;")
--- fake_redis eval
[">2\r\n" . ::bulk('invalidate') . "*0\r\n" . ::found(20606)]
--- request eval: ::get(20606, 20606)
--- error_code eval: [200, 200]
--- response_body_like eval
[('"merchant_id": ?20606') x 2]



=== Redis is back: connected again, and logged
--- http_config eval: ::servers("$::Fake $::Patient;")
--- fake_redis eval: ['close', ::found(20607)]
--- until
0 log is connected again
0 up
--- request eval: ::get(20607, 20607)
--- response_headers_like eval
["X-Vars: .* redis=down up=200",
 "Cache-Status: violet; hit; ttl=863(?:9[0-5]|[678][0-9])\nX-Vars: .* redis=ok up="]



=== a Redis whose error repeats the password: the log does not show it
--- http_config eval
::servers('violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT password=S3cretOfRedis;')
--- fake_redis eval
[{AUTH => "-ERR unknown command 'AUTH', with args beginning with: 'S3cretOfRedis' \r\n"},
 "\$-1\r\n"]
--- until: start log refused AUTH: ERR
--- request eval: ::get(20091)
--- error_log eval
qr/refused AUTH: ERR$/m
--- no_error_log
S3cretOfRedis
