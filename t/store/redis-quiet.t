use strict;
use warnings;

# An operator who wants only lines of the level "crit" gets none about a Redis
# that fails, whatever its fault is: requests are answered from Violet.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Report;

our $Redis = 'violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT';
our $Closed = 'violet_redis redis://127.0.0.1:$TEST_NGINX_RAND_PORT_1';
our $Patient = 'connect_timeout=20s timeout=20s';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_extra', 'violet_health_memory off;');
    $block->set_value('http_config', ::servers("$::Redis $::Patient;"))
        if !defined $block->http_config;
    $block->set_value('response_headers_like',
                      'X-Vars: .* redis=(?:down|open) up=200')
        if !defined $block->response_headers_like;
    $block->set_value('no_error_log', 'violet:');
});

log_level('crit');
no_long_string();
run_tests();


__DATA__

=== AUTH is refused
--- http_config eval: ::servers("$::Redis username=me password=secret $::Patient;")
--- fake_redis eval: [{AUTH => "-WRONGPASS\r\n"}, "\$-1\r\n"]
--- request eval: ::get(26001)



=== a lookup is refused
--- fake_redis eval: ["-BUSY a script\r\n"]
--- request eval: ::get(26002)



=== no rights for a script, in the words of Redis 7.2
--- fake_redis eval: [{EVALSHA => "-ERR ACL failure in script: no\r\n"}, "\$-1\r\n"]
--- request eval: ::get(26003)



=== nobody listens
--- http_config eval: ::servers("$::Closed $::Patient;")
--- request eval: ::get(26004)



=== no answer while connecting
--- http_config eval: ::servers("$::Redis connect_timeout=200ms timeout=20s;")
--- fake_redis eval: [{TIME => undef}, "\$-1\r\n"]
--- request eval: ::get(26005)



=== the connection is closed
--- fake_redis eval: ['close']
--- request eval: ::get(26006)



=== a reply that is none
--- fake_redis eval: ["?\r\n"]
--- request eval: ::get(26007)



=== a replica
--- fake_redis eval: [{HELLO => ::Violet::FakeRedis::hello('replica')}, "\$-1\r\n"]
--- request eval: ::get(26008)



=== something else than a time
--- fake_redis eval: [{TIME => ":1\r\n"}, "\$-1\r\n"]
--- request eval: ::get(26009)



=== notices are refused: a lookup is not
--- fake_redis eval: [{'CLIENT TRACKING' => "-ERR no\r\n"}, ::found(26010)]
--- request eval: ::get(26010)
--- response_headers_like: X-Vars: .* redis=ok up=



=== the connection for notices sends something else: a lookup is answered
--- fake_redis eval: [{SUBSCRIBE => "+OK\r\n"}, ::found(26011)]
--- request eval: ::get(26011)
--- response_headers_like: X-Vars: .* redis=ok up=
