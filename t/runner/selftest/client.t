# Time limits, clients that leave, and the fake server.

use Test::Nginx::Socket 'no_plan';

no_shuffle();
timeout(1);
run_tests();

__DATA__

=== C01 a timeout FAILS
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply_delay: 2s
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nabc"
--- request
GET /t
--- timeout: 300ms

=== C02 abort
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply_delay: 2s
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nabc"
--- request
GET /t
--- timeout: 0.2
--- abort
--- ignore_response
--- error_log
http upstream check client

=== C03 abort without ignore_response FAILS
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply_delay: 2s
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nabc"
--- request
GET /t
--- timeout: 0.2
--- abort

=== C04 ignore_response does not look at the response
--- config
location /t { return 500; }
--- request
GET /t
--- ignore_response
--- response_body: never

=== C05 ignore_response looks at the error log FAILS
--- config
location /t { return 500; }
--- request
GET /t
--- ignore_response
--- error_log
never said

=== C07 tcp_query
--- config
location /t {
    proxy_http_version 1.0;
    proxy_set_header Host h;
    proxy_set_header Connection close;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 201 OK\r\n\r\nabc"
--- tcp_query eval
"GET /t HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n"
--- request
GET /t
--- error_code: 201
--- response_body: abc

=== C08 tcp_query FAILS
--- config
location /t {
    proxy_http_version 1.0;
    proxy_set_header Host h;
    proxy_set_header Connection close;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 201 OK\r\n\r\nabc"
--- tcp_query eval
"GET /t HTTP/1.0\r\nHost: g\r\nConnection: close\r\n\r\n"
--- request
GET /t
--- error_code: 201

=== C09 tcp_query_len
--- config
location /t {
    proxy_http_version 1.0;
    proxy_set_header Host h;
    proxy_set_header Connection close;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
["HTTP/1.0 201 OK\r\n", "\r\nab", "c"]
--- tcp_query_len: 47
--- request
GET /t
--- error_code: 201
--- response_body: abc

=== C10 tcp_query_len FAILS
--- config
location /t {
    proxy_http_version 1.0;
    proxy_set_header Host h;
    proxy_set_header Connection close;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 201 OK\r\n\r\nabc"
--- tcp_query_len: 12
--- request
GET /t
--- error_code: 201

=== C12 a reply by code
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
sub { "HTTP/1.0 200 OK\r\n\r\n" . substr $_[0], 0, 6 }
--- request
GET /t
--- response_body: GET /t

=== C13 tcp_shutdown
--- config
location /t { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_shutdown: 1
--- request
GET /t
--- error_code: 502
--- error_log
prematurely closed

=== C14 tcp_no_close
--- config
location /t {
    proxy_read_timeout 100ms;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nabc"
--- tcp_no_close
--- request
GET /t
--- error_log
timed out

=== C15 a second connection is not answered
--- config
location /t {
    proxy_read_timeout 100ms;
    proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
}
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nabc"
--- request eval
["GET /t", "GET /t"]
--- error_code eval
[200, 504]

=== C16 a unix socket
--- config
location /t {
    proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/html/fake.sock;
}
--- tcp_listen: $TEST_NGINX_SERVER_ROOT/html/fake.sock
--- tcp_reply eval
"HTTP/1.0 200 OK\r\n\r\nabc"
--- request
GET /t
--- response_body: abc

=== C17 a query that never came
--- config
location /t { return 200; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply: x
--- tcp_query:
--- tcp_query_len: 0
--- request
GET /t

=== C18 a query that never came FAILS
--- config
location /t { return 200; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_reply: x
--- tcp_query: abc
--- request
GET /t

=== C19 half-closed by the client
--- config
location /t { return 200 "abc"; }
--- raw_request eval
"GET /t HTTP/1.0\r\n\r\n"
--- shutdown: 1
--- response_body: abc

=== C20 a kept-alive connection times out FAILS
--- config
location /t { return 200 "abc"; }
--- request
GET /t
--- more_headers
Connection: keep-alive
--- response_body: abc
