use strict;
use warnings;

# What Redis says of itself: a reply without a number for the connection is no
# reply to HELLO, and a replica is bypassed by its old name, too.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Report;
use Violet::Until;

our $Bypassed = 'X-Vars: .* redis=(?:down|open) up=200';

# The reply to HELLO with this number and this role.
sub hello {
    my ($id, $role) = @_;

    return "*4\r\n" . ::bulk('id') . $id . ::bulk('role') . ::bulk($role);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_extra', 'violet_health_memory off;');
    $block->set_value('http_config', ::servers(
        'violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT'
        . ' connect_timeout=20s timeout=20s;'));
});

no_long_string();
run_tests();


__DATA__

=== a master with a number
--- fake_redis eval: [{HELLO => ::hello(":7\r\n", 'master')}, ::found(27001)]
--- request eval: ::get(27001)
--- response_headers_like: X-Vars: .* redis=ok up=



=== the number is a word
--- fake_redis eval: [{HELLO => ::hello(::bulk(7), 'master')}, ::found(27002)]
--- until: start log refused HELLO: unexpected reply
--- request eval: ::get(27002)
--- response_headers_like eval: $::Bypassed



=== the number is 0
--- fake_redis eval: [{HELLO => ::hello(":0\r\n", 'master')}, ::found(27003)]
--- until: start log refused HELLO: unexpected reply
--- request eval: ::get(27003)
--- response_headers_like eval: $::Bypassed



=== a replica by its old name
--- fake_redis eval: [{HELLO => ::hello(":7\r\n", 'slave')}, ::found(27004)]
--- until: start log is a replica and is bypassed
--- request eval: ::get(27004)
--- response_headers_like eval: $::Bypassed



=== a role that begins like that of a replica
--- fake_redis eval: [{HELLO => ::hello(":7\r\n", 'slavf')}, ::found(27005)]
--- request eval: ::get(27005)
--- response_headers_like: X-Vars: .* redis=ok up=
