# Assertions on the logs, and on an nginx that does not start.

use Test::Nginx::Socket 'no_plan';

no_shuffle();
run_tests();

__DATA__

=== L01 error_log
--- config
location /t { return 200; }
--- request
GET /t
--- error_log
http process request line
GET /t HTTP/1.1

=== L02 error_log FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- error_log
http process request line
never said

=== L03 error_log by regex
--- config
location /t { return 200; }
--- request
GET /t
--- error_log eval
qr/http process .*? line/

=== L04 error_log by regex FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- error_log eval
qr/http process .*? lime/

=== L05 error_log by array
--- config
location /t { return 200; }
--- request
GET /t
--- error_log eval
[qr/http process .*? line/, "GET /t HTTP/1.1", undef]

=== L06 error_log patterns are literal FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- error_log
http process .* line

=== L07 no_error_log
--- config
location /t { return 200; }
--- request
GET /t
--- no_error_log
[error]
[alert]

=== L08 no_error_log FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- no_error_log
[error]
http process request line

=== L09 no_error_log, each line that matches FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- no_error_log eval
qr/http header: "/

=== L10 each request by itself
--- config
location /t { return 200; }
--- request eval
["GET /t?1", "GET /t?2"]
--- error_log
http process request line

=== L11 each request by itself FAILS
--- config
location /t { return 200; }
--- request eval
["GET /t?1", "GET /t?2"]
--- error_log
GET /t?1 HTTP

=== L12 the first request's lines are gone for the second FAILS
--- config
location /t { return 200; }
--- request eval
["GET /t?1", "GET /t?2"]
--- error_log
GET /t?2 HTTP

=== L13 grep_error_log
--- config
location /t { return 200; }
--- request
GET /t
--- more_headers
X-A: 1
X-B: 2
--- grep_error_log eval
qr/http header: "X-.*?"/
--- grep_error_log_out
http header: "X-A: 1"
http header: "X-B: 2"

=== L14 grep_error_log FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- more_headers
X-A: 1
--- grep_error_log eval
qr/http header: "X-.*?"/
--- grep_error_log_out
http header: "X-B: 1"

=== L15 grep_error_log of nothing
--- config
location /t { return 200; }
--- request
GET /t
--- grep_error_log: never said
--- grep_error_log_out

=== L16 grep_error_log with groups and a back reference
--- config
location /t { return 200; }
--- request
GET /t
--- more_headers
X-A: zyzy
--- grep_error_log eval
qr/X-A: (zy)\1/
--- grep_error_log_out
X-A: zyzy

=== L17 grep_error_log_out by regex
--- config
location /t { return 200; }
--- request
GET /t
--- grep_error_log: http process request line
--- grep_error_log_out eval
qr/^http process request line\n$/

=== L18 access_log
--- config
location /t { return 200; }
--- request
GET /t?q
--- access_log
GET /t?q HTTP/1.1" 200

=== L19 access_log FAILS
--- config
location /t { return 200; }
--- request
GET /t?q
--- access_log
GET /t?r

=== L20 access_log by regex
--- config
location /t { return 200; }
--- request
GET /t?q
--- access_log eval
qr{GET /t\?. HTTP}

=== L21 no_access_log
--- config
location /t { return 200; }
--- request
GET /t?q
--- no_access_log
GET /t?r

=== L22 no_access_log FAILS
--- config
location /t { return 200; }
--- request
GET /t?q
--- no_access_log
GET /t?q

=== L23 must_die
--- config
nonsense on;
--- must_die
--- error_log
unknown directive "nonsense"

=== L24 must_die FAILS
--- config
location /t { return 200; }
--- must_die

=== L25 must_die with the wrong message FAILS
--- config
nonsense on;
--- must_die
--- error_log
unknown directive "sense"

=== L26 must_die with an exit code
--- config
nonsense on;
--- must_die: 1
--- no_error_log
[alert]

=== L27 must_die with the wrong exit code FAILS
--- config
nonsense on;
--- must_die: 2

=== L28 must_die, by another section's fault
--- http_config
nonsense on;
--- config
location /t { return 200; }
--- must_die
--- request
GET /t
--- error_log eval
[qr/\[emerg\] .*?unknown directive "nonsense"/]

=== L29 shutdown_error_log
--- config
location /t { return 200; }
--- request
GET /t
--- shutdown_error_log
[notice]

=== L30 shutdown_error_log FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- shutdown_error_log
never said

=== L31 no_shutdown_error_log
--- config
location /t { return 200; }
--- request
GET /t
--- no_shutdown_error_log
http process request line

=== L32 no_shutdown_error_log FAILS
--- config
location /t { return 200; }
--- request
GET /t
--- no_shutdown_error_log
[notice]

=== L33 error_log_file elsewhere: nothing is found in the usual one FAILS
--- config
location /t { return 200; }
--- error_log_file: $TEST_NGINX_SERVER_ROOT/logs/other.log
--- request
GET /t
--- error_log
http process request line

=== L34 wait
--- config
location /t {
    lingering_close always;
    lingering_time 200ms;
    return 200;
}
--- request
GET /t
--- wait: 0.4
--- error_log
close http connection
