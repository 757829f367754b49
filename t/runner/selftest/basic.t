# Requests and the checks of their responses.  A block whose name ends in
# "FAILS" must fail under either runner; see ./run.

use Test::Nginx::Socket 'no_plan';

sub shout {
    $_[0] =~ tr/a-z/A-Z/;
    return $_[0];
}

our $HttpConfig = <<'END';
    map $arg_a $mapped { default other; 1 one; }
END

no_shuffle();
run_tests();

__DATA__

=== B01 status 200 is the default
--- config
location /t { return 200 "x"; }
--- request
GET /t

=== B02 status 200 is the default FAILS
--- config
location /t { return 404; }
--- request
GET /t

=== B03 error_code
--- config
location /t { return 404; }
--- request
GET /t
--- error_code: 404

=== B04 error_code FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- error_code: 404

=== B05 error_code_like
--- config
location /t { return 503; }
--- request
GET /t
--- error_code_like: ^5\d\d$

=== B06 error_code_like FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- error_code_like: ^5\d\d$

=== B07 response_body
--- config
location /t { return 200 "a\nb\n"; }
--- request
GET /t
--- response_body
a
b

=== B08 response_body FAILS
--- config
location /t { return 200 "a\nb"; }
--- request
GET /t
--- response_body
a
b

=== B09 response_body chomp
--- config
location /t { return 200 "a\nb"; }
--- request
GET /t
--- response_body chomp
a
b

=== B10 response_body inline
--- config
location /t { return 200 "a: b"; }
--- request
GET /t
--- response_body: a: b

=== B11 response_body by regex
--- config
location /t { return 200 "abc"; }
--- request
GET /t
--- response_body eval
qr/^a.c$/

=== B12 response_body by regex FAILS
--- config
location /t { return 200 "abd"; }
--- request
GET /t
--- response_body eval
qr/^a.c$/

=== B13 long response_body
--- config
location /t { return 200 $args; }
--- request eval
"GET /t?" . ("x" x 3000)
--- response_body eval
"x" x 3000

=== B14 long response_body FAILS
--- config
location /t { return 200 $args; }
--- request eval
"GET /t?" . ("x" x 3000)
--- response_body eval
"x" x 2999 . "y"

=== B15 response_body_like
--- config
location /t { return 200 "one\ntwo\n"; }
--- request
GET /t
--- response_body_like chop
one.two

=== B16 response_body_like FAILS
--- config
location /t { return 200 "one\ntwo\n"; }
--- request
GET /t
--- response_body_like chop
^two

=== B17 response_body_unlike
--- config
location /t { return 200 "one"; }
--- request
GET /t
--- response_body_unlike: two

=== B18 response_body_unlike FAILS
--- config
location /t { return 200 "one"; }
--- request
GET /t
--- response_body_unlike: on

=== B19 response_body goes before response_body_like
--- config
location /t { return 200 "one"; }
--- request
GET /t
--- response_body: one
--- response_body_like: never

=== B20 response_body_like goes before response_body_unlike
--- config
location /t { return 200 "one"; }
--- request
GET /t
--- response_body_like: one
--- response_body_unlike: one

=== B21 response_headers
--- config
location /t { add_header X-A "v w"; return 200; }
--- request
GET /t
--- response_headers
X-A: v w
content-length: 0
!X-B

=== B22 response_headers FAILS
--- config
location /t { add_header X-A v; return 200; }
--- request
GET /t
--- response_headers
X-A: w

=== B23 response_headers missing FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- response_headers
X-A: w

=== B24 response_headers absent FAILS
--- config
location /t { add_header X-A v; return 200; }
--- request
GET /t
--- response_headers
!X-A

=== B25 response_headers absent, in another case
--- config
location /t { add_header X-A v; return 200; }
--- request
GET /t
--- response_headers
!x-a

=== B26 response_headers twice on the wire
--- config
location /t { add_header X-A v; add_header X-A w; return 200; }
--- request
GET /t
--- response_headers
X-A: v, w

=== B27 response_headers an empty one is like none
--- config
location /t { return 200; }
--- request
GET /t
--- response_headers
X-A:

=== B28 response_headers $ServerPort
--- config
location /t { return 301 http://h:$server_port/x; }
--- request
GET /t
--- error_code: 301
--- response_headers
Location: http://h:$ServerPort/x

=== B29 response_headers_like
--- config
location /t { add_header X-A abc; return 200; }
--- request
GET /t
--- response_headers_like
X-A: a.c
Server: nginx.*

=== B30 response_headers_like is anchored FAILS
--- config
location /t { add_header X-A abcd; return 200; }
--- request
GET /t
--- response_headers_like
X-A: a.c

=== B31 response_headers_like is ignored beside response_headers
--- config
location /t { add_header X-A abcd; return 200; }
--- request
GET /t
--- response_headers
X-A: abcd
--- response_headers_like
X-A: nothing

=== B32 raw_response_headers_like
--- config
location /t { add_header X-A abc; return 200; }
--- request
GET /t
--- raw_response_headers_like: HTTP/1.1 200 OK.*X-A: abc\r\n

=== B33 raw_response_headers_like FAILS
--- config
location /t { add_header X-A abc; return 200; }
--- request
GET /t
--- raw_response_headers_like: x-a: abc

=== B34 raw_response_headers_unlike
--- config
location /t { return 200; }
--- request
GET /t
--- raw_response_headers_unlike: X-A

=== B35 raw_response_headers_unlike FAILS
--- config
location /t { add_header X-A abc; return 200; }
--- request
GET /t
--- raw_response_headers_unlike: X-[A-Z]

=== B36 request line, default version and headers
--- config
location /t { return 200 "$request|$http_host|$http_connection|$http_x_a"; }
--- request
  GET   /t
--- more_headers
X-A: b: c
# X-A: comment
--- response_body chomp
GET /t HTTP/1.1|localhost|close|b: c

=== B37 request line, own version and headers
--- config
location /t { return 200 "$request|$http_host|$http_connection"; }
--- request
GET /t HTTP/1.0
--- more_headers
host: h
connection: keep-alive
--- response_body chomp
GET /t HTTP/1.0|h|keep-alive
--- timeout: 1
--- abort

=== B38 comments above a request
--- config
location /t { return 200 "$request"; }
--- request
# first
# second

GET /t
--- response_body: GET /t HTTP/1.1

=== B39 default path
--- config
location = / { return 200 "$request"; }
--- request
GET
--- response_body: GET / HTTP/1.1

=== B40 body, trimmed
--- config
location /t { return 200 "$http_content_length"; }
--- request
POST /t
  one two  
--- response_body: 7

=== B41 body by eval
--- config
location /t { return 200 "$http_content_length"; }
--- request eval
"POST /t\n  one two  \n\n"
--- response_body: 7

=== B42 body with a length of its own, not trimmed
--- config
location /t { return 200 "$http_content_length"; }
--- request eval
"POST /t\nabc\n"
--- more_headers
Content-Length: 4
--- response_body: 4

=== B43 chunked request
--- config
location /t { return 200 "$http_transfer_encoding|$http_content_length"; }
--- request eval
"POST /t
3\r
abc\r
0\r
\r
"
--- more_headers
Transfer-Encoding: chunked
--- response_body: chunked|

=== B44 several requests
--- config
location /t { return 200 "$arg_a"; }
location /u { return 201 "$arg_a"; }
--- request eval
["GET /t?a=1", "GET /u?a=2"]
--- error_code eval
[200, 201]
--- response_body eval
["1", "2"]
--- response_headers eval
["!X-A", "Content-Length: 1"]

=== B45 several requests, the second wrong FAILS
--- config
location /t { return 200 "$arg_a"; }
--- request eval
["GET /t?a=1", "GET /t?a=2"]
--- response_body eval
["1", "1"]

=== B46 several requests, an element missing FAILS
--- config
location /t { return 200 "$arg_a"; }
--- request eval
["GET /t?a=1", "GET /t?a=2"]
--- response_body eval
["1"]

=== B47 several requests, more_headers for each
--- config
location /t { return 200 "$http_x_a"; }
--- request eval
["GET /t", "GET /t"]
--- more_headers eval
["X-A: 1", "X-A: 2"]
--- response_body eval
["1", "2"]

=== B48 several requests, more_headers for all
--- config
location /t { return 200 "$http_x_a"; }
--- request eval
["GET /t", "POST /t\nabc"]
--- more_headers
X-A: 1
--- response_body eval
["1", "1"]

=== B49 packets
--- config
location /t { return 200 "$request_method $http_content_length"; }
--- request eval
[["PO", "ST /t\nab", {value => "cd", delay_before => 0.05}]]
--- response_body: POST 4

=== B50 pipelined requests
--- config
location /t { return 200 "$arg_a $http_connection\n"; }
--- pipelined_requests eval
["GET /t?a=1", "GET /t?a=2", "GET /t?a=3"]
--- response_body eval
["1 keep-alive\n", "2 keep-alive\n", "3 close\n"]

=== B51 pipelined requests, one wrong FAILS
--- config
location /t { return 200 "$arg_a\n"; }
--- pipelined_requests eval
["GET /t?a=1", "GET /t?a=2"]
--- response_body eval
["1\n", "3\n"]

=== B52 pipelined requests, headers for each
--- config
location /t { return 200 "$http_x_a\n"; }
--- pipelined_requests eval
["GET /t", "GET /t"]
--- more_headers eval
["X-A: 1", "X-A: 2"]
--- response_body eval
["1\n", "2\n"]

=== B53 raw_request
--- config
location /t { return 200 "$request|$http_x"; }
--- raw_request eval
"GET /t HTTP/1.0\r\nX: y\r\n\r\n"
--- response_body: GET /t HTTP/1.0|y

=== B54 raw_request in parts
--- config
location /t { return 200 "$request"; }
--- raw_request eval
["GET /t ", "HTTP/1.0\r\n", "\r\n"]
--- raw_request_middle_delay: 0.02
--- response_body: GET /t HTTP/1.0

=== B55 chunked response
--- config
location /t {
    sub_filter_types *; sub_filter a bb; sub_filter_once off;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
}
location /up { return 200 "banana\n"; }
--- request
GET /t
--- response_headers
Transfer-Encoding: chunked
--- response_body
bbbnbbnbb

=== B56 HEAD
--- config
location /t { return 200 "abc"; }
--- request
HEAD /t
--- response_headers
Content-Length: 3
--- response_body:

=== B57 304
--- config
location = /index.html { root html; if_modified_since before; }
--- user_files
>>> index.html 201001010000.00
hello
--- request
GET /index.html
--- more_headers
If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT
--- error_code: 304
--- response_body:

=== B58 user_files
--- config
location /d/ { root html; }
--- user_files
>>> d/a.txt
A $TEST_NGINX_SERVER_PORT
>>> d/b.txt
B
--- request eval
["GET /d/a.txt", "GET /d/b.txt"]
--- response_body eval
["A $ENV{TEST_NGINX_SERVER_PORT}\n", "B\n"]

=== B59 user_files by eval
--- config
location /d/ { root html; }
--- user_files eval
[["d/a.txt", "A\0"], ["d/b.txt", "B", "201001010000.00"]]
--- request eval
["GET /d/a.txt", "GET /d/b.txt"]
--- response_body eval
["A\0", "B"]
--- response_headers eval
["!X-A", "Last-Modified: Fri, 01 Jan 2010 00:00:00 GMT"]

=== B60 the root location is there
--- config
--- request
GET /index.html
--- response_body_like: works

=== B61 http_config by eval of a variable of the file
--- http_config eval: $::HttpConfig
--- config
location /t { return 200 $mapped; }
--- request
GET /t?a=1
--- response_body: one

=== B62 a filter of the file
--- config
location /t { return 200 "ABC\n"; }
--- request
GET /t
--- response_body shout
abc

=== B63 response_body_filters
--- config
location /t { return 200 "abc"; }
--- request
GET /t
--- response_body_filters
uc md5_hex
--- response_body eval
require Digest::MD5; Digest::MD5::md5_hex("ABC")

=== B64 response_body_filters, each request its own
--- config
location /t { return 200 "abC"; }
--- request eval
["GET /t", "GET /t"]
--- response_body_filters eval
[["uc"], [sub { scalar reverse $_[0] }, "lc"]]
--- response_body eval
["ABC", "cba"]

=== B65 eval that does not compile FAILS
--- config
location /t { return 200 "abc"; }
--- request
GET /t
--- response_body eval
"abc

=== B66 skip_nginx skips
--- config
location /t { return 500; }
--- request
GET /t
--- skip_nginx: 2: >= 1.0.0

=== B67 skip_nginx does not skip FAILS
--- config
location /t { return 500; }
--- request
GET /t
--- skip_nginx: 2: < 1.0.0

=== B68 skip_eval
--- config
location /t { return 500; }
--- request
GET /t
--- skip_eval: 3: 1 + 1 == 2

=== B69 SKIP FAILS if it runs
--- SKIP
--- config
location /t { return 500; }
--- request
GET /t

=== B70 $TEST_NGINX_SERVER_ROOT in the sections
--- main_config
env FOO_$TEST_NGINX_SERVER_PORT=1;
--- config
location /t { return 200 "$TEST_NGINX_SERVER_ROOT"; }
--- request
GET /t
--- response_body chomp
$TEST_NGINX_SERVER_ROOT

=== B71 a truncated body is no failure by itself
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nabc"
--- request
GET /t
--- response_body: abc

=== B72 the last chunk is missing FAILS
--- config
location /t {
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
--- request
GET /t
--- response_body: abc

=== B73 no config: the nginx before goes on FAILS
--- request
GET /nothing

=== B74 response_body_json_sort
--- config
location /t { return 200 '{"b":1,"a":{"d":2,"c":3}}'; }
--- request
GET /t
--- response_body_json_sort
--- response_body
{"a":{"c":3,"d":2},"b":1}

=== B75 a 1.0 request
--- config
location /t { return 200 "$server_protocol $http_connection"; }
--- request
GET /t HTTP/1.0
--- response_body: HTTP/1.0 close

=== B76 blank lines around a body go
--- config
location /t { return 200 "a\n\nb\n"; }
--- request

GET /t

--- response_body


a

b



=== B77 server_name, post_main_config, log_level
--- server_name: foo.example
--- post_main_config
worker_priority 0;
--- log_level: notice
--- config
location /t { return 200 "$server_name"; }
--- request
GET /t
--- response_body: foo.example
--- no_error_log
[debug]
