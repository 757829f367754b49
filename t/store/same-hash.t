# Two merchants whose keys have the same hash of 32 bits: each gets its own
# report from memory, and the report of one is dropped without the other's.
# t/unit/test_hash.c finds out that the hashes of these keys are the same.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Stored = 'Cache-Status: violet; fwd=uri-miss; stored';
our $Memory = "Cache-Status: violet; hit; ttl=\\d+\nX-Vars: cache=HIT tier=memory .*";

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', ::servers('violet_zone 1m;'));
    $block->set_value('config', ::location()
                      . 'location = /purge { violet_purge shop; }');
});

# "merchant_id" of each report.
sub of {
    return [map { qr/"merchant_id": ?$_\b/ } @_];
}

no_long_string();
run_tests();

__DATA__

=== the smaller number comes first
--- request eval: ::get(204851, 392628, 204851, 392628)
--- response_headers_like eval: [$::Stored, $::Stored, $::Memory, $::Memory]
--- response_body_like eval: ::of(204851, 392628, 204851, 392628)



=== the greater number comes first
--- request eval: ::get(392628, 204851, 392628, 204851)
--- response_headers_like eval: [$::Stored, $::Stored, $::Memory, $::Memory]
--- response_body_like eval: ::of(392628, 204851, 392628, 204851)



=== two pairs
--- request eval
::get(135603, 392628, 204851, 313250, 135603, 392628, 204851, 313250)
--- response_headers_like eval: [($::Stored) x 4, ($::Memory) x 4]
--- response_body_like eval
::of(135603, 392628, 204851, 313250, 135603, 392628, 204851, 313250)



=== the first one is dropped
--- request eval
::get(135603, 313250, 'POST /purge?merchant_id=135603', 313250, 135603)
--- response_headers_like eval
[$::Stored, $::Stored, '', $::Memory, $::Stored]
--- response_body_like eval
[@{::of(135603, 313250)}, '"reports":1', @{::of(313250, 135603)}]



=== the second one is dropped
--- request eval
::get(135603, 313250, 'POST /purge?merchant_id=313250', 135603, 313250)
--- response_headers_like eval
[$::Stored, $::Stored, '', $::Memory, $::Stored]
--- response_body_like eval
[@{::of(135603, 313250)}, '"reports":1', @{::of(135603, 313250)}]
