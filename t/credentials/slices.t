# The slice module asks for a large answer in pieces, each with a clone of the
# request.  Only a clone of a streamed request that was approved may carry
# credentials: section 4 of the contract.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;

# A Violet with an answer of 2500 bytes, which it sends in ranges, and with an
# answer to each other request that says it is the first of three pieces.  Its log has
# the token that came with each request.
our $Ranges = <<'END';
    log_format pieces
        'piece $request_method $uri [$http_range] [$http_x_violet_token]';

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log $TEST_NGINX_SERVER_ROOT/logs/access.log pieces;

        location /v1/exports {
            root $TEST_NGINX_SERVER_ROOT/html;
        }

        location / {
            add_header Content-Range "bytes 0-999/2500";
            add_header X-Violet-Piece $request_method;
            return 206 $http_x_piece;
        }
    }
END

our $Sliced = <<'END';
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    slice 1000;
    proxy_set_header Range $slice_range;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
END

our $Answer = join '', map { sprintf "%09d\n", $_ } 1 .. 250;


sub answer {
    my $folder = "$ENV{TEST_NGINX_SERVER_ROOT}/html/v1/exports";

    system('mkdir', '-p', $folder) == 0 or die "cannot make $folder\n";
    open my $out, '>', "$folder/1" or die "cannot write $folder/1: $!\n";
    print $out $Answer;
    close $out or die "cannot write $folder/1: $!\n";
}


no_long_string();
no_root_location();
run_tests();

__DATA__

=== a streamed answer in three pieces: each of them is asked for with credentials
--- post_setup_server_root
::answer()
--- http_extra eval: $::Ranges
--- location eval: 'violet shop;' . $::Sliced
--- request
GET /v1/exports/1
--- response_body eval: $::Answer
--- error_code: 200
--- access_log
piece GET /v1/exports/1 [bytes=0-999] [mock-token]
piece GET /v1/exports/1 [bytes=1000-1999] [mock-token]
piece GET /v1/exports/1 [bytes=2000-2999] [mock-token]



=== a login that is passed on is not sent for a second piece
--- http_extra eval: $::Ranges
--- location eval: 'violet shop; violet_auth_routes pass;' . $::Sliced
--- request
POST /v1/login
{}
--- more_headers eval
'X-Piece: ' . '1' x 1000
--- response_headers
X-Violet-Piece: POST
--- response_body_unlike: 1{1001}
--- ignore_response
--- access_log
piece POST /v1/login [bytes=0-999] [mock-token]
--- no_access_log
[bytes=1000-1999]
--- error_log
reached proxy_pass without passing the violet checks
