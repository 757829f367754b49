use strict;
use warnings;

# Replies of Redis that are no replies, or out of all bounds.  In each block
# the reply to the first lookup is one of them: its caller gets Violet's
# report, the log has one line that names the fault, and the next callers get
# their own reports from Redis.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::FakeRedis;
use Violet::Report;
use Violet::Until;

our $Fake = 'violet_redis redis://127.0.0.1:$TEST_NGINX_FAKE_PORT'
            . ' connect_timeout=20s timeout=20s';
our $Bad = "Cache-Status: violet; fwd=uri-miss\nX-Vars: .* redis=down up=200";
our $Hit = "Cache-Status: violet; hit; ttl=\\d+\nX-Vars: .* redis=ok up=";

# This file is about Redis, so nothing is read from memory.
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_extra', 'violet_health_memory off;');
    $block->set_value('http_config', ::servers("$::Fake;"));

    # a second line would come soon, the next connection in its time
    if ($block->grep_error_log) {
        $block->set_value('wait', '0.4');
    } elsif (!defined $block->until) {
        $block->set_value('until', '0 up');
    }
});

no_long_string();
run_tests();


# A hostile reply, and after it the reports of two merchants.  Scripts, such as
# the one that stores what Violet has sent meanwhile, take none of these.
sub replies {
    my ($merchant, @hostile) = @_;

    return [{EVALSHA => ":0\r\n"}, @hostile, ::found($merchant, 'the first'),
            ::found($merchant + 1, 'the second')];
}


__DATA__

=== arrays nested 14 MB deep
--- fake_redis eval
::replies(21011, "*1\r\n" x 3_500_000)
--- request eval: ::get(21010)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21010
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent arrays nested too deep, closing the connection\n\z/



=== arrays nested 14 MB deep: the next ones are their own
--- fake_redis eval
::replies(21011, "*1\r\n" x 3_500_000)
--- request eval: ::get(21010, 21011, 21012)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21010', '^the first$', '^the second$']



=== four thousand million elements
--- fake_redis eval
::replies(21021, "*4000000000\r\n")
--- request eval: ::get(21020)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21020
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent too many elements, closing the connection\n\z/



=== four thousand million elements: the next ones are their own
--- fake_redis eval
::replies(21021, "*4000000000\r\n")
--- request eval: ::get(21020, 21021, 21022)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21020', '^the first$', '^the second$']



=== a string of 1 GB
--- fake_redis eval
::replies(21031, "\$1073741824\r\nx")
--- request eval: ::get(21030)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21030
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an impossible length, closing the connection\n\z/



=== a string of 1 GB: the next ones are their own
--- fake_redis eval
::replies(21031, "\$1073741824\r\nx")
--- request eval: ::get(21030, 21031, 21032)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21030', '^the first$', '^the second$']



=== a string of a negative length
--- fake_redis eval
::replies(21041, "*7\r\n\$-2\r\n")
--- request eval: ::get(21040)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21040
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an impossible length, closing the connection\n\z/



=== a string of a negative length: the next ones are their own
--- fake_redis eval
::replies(21041, "*7\r\n\$-2\r\n")
--- request eval: ::get(21040, 21041, 21042)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21040', '^the first$', '^the second$']



=== an array of a negative length
--- fake_redis eval
::replies(21051, "*-7\r\n")
--- request eval: ::get(21050)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21050
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an impossible length, closing the connection\n\z/



=== an array of a negative length: the next ones are their own
--- fake_redis eval
::replies(21051, "*-7\r\n")
--- request eval: ::get(21050, 21051, 21052)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21050', '^the first$', '^the second$']



=== a number of 20 digits
--- fake_redis eval
::replies(21061, ":99999999999999999999\r\n")
--- request eval: ::get(21060)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21060
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an invalid number, closing the connection\n\z/



=== a number of 20 digits: the next ones are their own
--- fake_redis eval
::replies(21061, ":99999999999999999999\r\n")
--- request eval: ::get(21060, 21061, 21062)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21060', '^the first$', '^the second$']



=== a length that is no number
--- fake_redis eval
::replies(21071, "\$0x10\r\n")
--- request eval: ::get(21070)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21070
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an invalid number, closing the connection\n\z/



=== a length that is no number: the next ones are their own
--- fake_redis eval
::replies(21071, "\$0x10\r\n")
--- request eval: ::get(21070, 21071, 21072)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21070', '^the first$', '^the second$']



=== a string that is longer than it says
--- fake_redis eval
::replies(21081, "*7\r\n\$3\r\nabcdefgh\r\n")
--- request eval: ::get(21080)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21080
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent a string of another length, closing the connection\n\z/



=== a string that is longer than it says: the next ones are their own
--- fake_redis eval
::replies(21081, "*7\r\n\$3\r\nabcdefgh\r\n")
--- request eval: ::get(21080, 21081, 21082)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21080', '^the first$', '^the second$']



=== a line of 16 MB without an end
--- fake_redis eval
::replies(21091, "+" . "x" x 16_777_216)
--- request eval: ::get(21090)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21090
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent a line without an end, closing the connection\n\z/



=== a line of 16 MB without an end: the next ones are their own
--- fake_redis eval
::replies(21091, "+" . "x" x 16_777_216)
--- request eval: ::get(21090, 21091, 21092)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21090', '^the first$', '^the second$']



=== a line feed without its return
--- fake_redis eval
::replies(21101, "+OK\n")
--- request eval: ::get(21100)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21100
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an invalid line, closing the connection\n\z/



=== a line feed without its return: the next ones are their own
--- fake_redis eval
::replies(21101, "+OK\n")
--- request eval: ::get(21100, 21101, 21102)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21100', '^the first$', '^the second$']



=== a map of RESP3
--- fake_redis eval
::replies(21111, "%1\r\n+a\r\n+b\r\n")
--- request eval: ::get(21110)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21110
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a map of RESP3: the next ones are their own
--- fake_redis eval
::replies(21111, "%1\r\n+a\r\n+b\r\n")
--- request eval: ::get(21110, 21111, 21112)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21110', '^the first$', '^the second$']



=== a push message of RESP3
--- fake_redis eval
::replies(21121, ">2\r\n+invalidate\r\n*0\r\n")
--- request eval: ::get(21120)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21120
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a push message of RESP3: the next ones are their own
--- fake_redis eval
::replies(21121, ">2\r\n+invalidate\r\n*0\r\n")
--- request eval: ::get(21120, 21121, 21122)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21120', '^the first$', '^the second$']



=== a double of RESP3
--- fake_redis eval
::replies(21131, ",1.5\r\n")
--- request eval: ::get(21130)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21130
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a double of RESP3: the next ones are their own
--- fake_redis eval
::replies(21131, ",1.5\r\n")
--- request eval: ::get(21130, 21131, 21132)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21130', '^the first$', '^the second$']



=== a null of RESP3
--- fake_redis eval
::replies(21141, "_\r\n")
--- request eval: ::get(21140)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21140
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a null of RESP3: the next ones are their own
--- fake_redis eval
::replies(21141, "_\r\n")
--- request eval: ::get(21140, 21141, 21142)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21140', '^the first$', '^the second$']



=== a boolean of RESP3
--- fake_redis eval
::replies(21151, "#t\r\n")
--- request eval: ::get(21150)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21150
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a boolean of RESP3: the next ones are their own
--- fake_redis eval
::replies(21151, "#t\r\n")
--- request eval: ::get(21150, 21151, 21152)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21150', '^the first$', '^the second$']



=== a verbatim string of RESP3
--- fake_redis eval
::replies(21161, "=7\r\ntxt:abc\r\n")
--- request eval: ::get(21160)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21160
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a verbatim string of RESP3: the next ones are their own
--- fake_redis eval
::replies(21161, "=7\r\ntxt:abc\r\n")
--- request eval: ::get(21160, 21161, 21162)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21160', '^the first$', '^the second$']



=== a set of RESP3
--- fake_redis eval
::replies(21171, "~1\r\n+a\r\n")
--- request eval: ::get(21170)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21170
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a set of RESP3: the next ones are their own
--- fake_redis eval
::replies(21171, "~1\r\n+a\r\n")
--- request eval: ::get(21170, 21171, 21172)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21170', '^the first$', '^the second$']



=== a big number of RESP3
--- fake_redis eval
::replies(21181, "(12\r\n")
--- request eval: ::get(21180)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21180
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a big number of RESP3: the next ones are their own
--- fake_redis eval
::replies(21181, "(12\r\n")
--- request eval: ::get(21180, 21181, 21182)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21180', '^the first$', '^the second$']



=== a attribute of RESP3
--- fake_redis eval
::replies(21191, "|1\r\n+a\r\n+b\r\n")
--- request eval: ::get(21190)
--- response_headers_like eval: $::Bad
--- response_body_like: "merchant_id": ?21190
--- grep_error_log eval: qr/violet: Redis at "[^"]*" sent [^,]*, closing the connection/
--- grep_error_log_out eval
qr/\Aviolet: Redis at "[^"]*" sent an unknown type of reply, closing the connection\n\z/



=== a attribute of RESP3: the next ones are their own
--- fake_redis eval
::replies(21191, "|1\r\n+a\r\n+b\r\n")
--- request eval: ::get(21190, 21191, 21192)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?21190', '^the first$', '^the second$']



=== cut within a string
--- fake_redis eval
::replies(22001, [0, substr(::found(22000), 0, 60), "close"])
--- request eval: ::get(22000, 22001, 22002)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?22000', '^the first$', '^the second$']



=== cut by a reset
--- fake_redis eval
::replies(22011, [0, substr(::found(22010), 0, 60), "reset"])
--- request eval: ::get(22010, 22011, 22012)
--- response_headers_like eval: [$::Bad, $::Hit, $::Hit]
--- response_body_like eval: ['"merchant_id": ?22010', '^the first$', '^the second$']



=== byte by byte, in time
--- fake_redis eval
[[0, map { ($_, [0.0005]) } split //, Violet::FakeRedis::dated(::found(22020, "b"))], ::found(22021, "the second")]
--- request eval: ::get(22020, 22021)
--- response_headers_like eval: [$::Hit, $::Hit]
--- response_body_like eval: ['^b$', '^the second$']



=== two replies in one segment: the second one belongs to nobody
--- fake_redis eval
[::found(22030, "the first") . ::found(22031, "of nobody"), ::found(22031, "the second")]
--- request eval: ::get(22030, 22031)
--- response_headers_like eval: [$::Hit, $::Hit]
--- response_body_like eval: ['^the first$', '^the second$']



=== the beginning of a reply that nobody asked for is not the beginning of the next one
--- fake_redis eval
[[0, ::found(22040, "the first"), [0.1, "*7\r\n"]], ::found(22041, "the second")]
--- until
0 log sent more than it was asked for
0 up
--- request eval: ::get(22040, 22041)
--- response_headers_like eval: [$::Hit, $::Hit]
--- response_body_like eval: ['^the first$', '^the second$']
