# violet_status: its directive, the choice of a format, and what is counted at
# each place.  A real Prometheus scrapes it in status-prometheus.t.

use Test::Nginx::Socket 'no_plan';
use Violet;

our $Report = 'GET /v1/operations/connection_health';
our $Submit = 'POST /v1/checkout/cart';

our $Config = sub {
    my ($arguments, $location) = @_;
    return sprintf <<'END', $location // '', $arguments // '';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            %s
        }
        location = /status {
            violet_status %s;
        }
END
};

# a pattern for lines of Prometheus's text, in this order
our $Has = sub {
    my $lines = join '.*?', map { "^\Qviolet_$_\E\$" } @_;
    return qr/$lines/sm;
};

no_long_string();
run_tests();

__DATA__

=== Prometheus is the default, and what a scraper or curl gets
--- config eval: $::Config->()
--- request eval
['GET /status', 'GET /status', 'GET /status', 'GET /status']
--- more_headers eval
['', 'Accept: */*',
 "Accept: application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
 'Accept: image/png']
--- response_headers_like eval
["Content-Type: text/plain; version=0.0.4\nCache-Control: no-store",
 ('Content-Type: text/plain; version=0.0.4') x 3]
--- response_body_like eval
[(qr/\A# HELP violet_build_info .*\n# TYPE violet_build_info gauge\nviolet_build_info\{version="[0-9.]+",nginx="[0-9.]+"\} 1\n/) x 4]
--- error_code eval
[200, 200, 200, 200]



=== JSON by Accept, by its weight, and by an argument
--- config eval: $::Config->()
--- request eval
['GET /status', 'GET /status', 'GET /status?format=json',
 'GET /status?format=prometheus']
--- more_headers eval
['Accept: application/json', 'Accept: text/plain;q=0.2, application/json;q=0.9',
 'Accept: text/plain', 'Accept: application/json']
--- response_headers_like eval
[('Content-Type: application/json') x 3,
 'Content-Type: text/plain; version=0.0.4']
--- response_body_like eval
[(qr/\A\{"build_info":\{"version":"[0-9.]+","nginx":"[0-9.]+"\},.*"apps":\{"shop":\{.*\}\}\}\n\z/) x 3,
 qr/\A# HELP/]
--- error_code eval
[200, 200, 200, 200]



=== the directive's format outweighs the argument and Accept
--- config eval: $::Config->('json')
--- request eval
['GET /status?format=prometheus', 'GET /status?format=xml']
--- more_headers eval
['Accept: text/plain', '']
--- response_body_like eval
[qr/\A\{"build_info"/, '"type":"urn:ngx-violet:invalid-request"']
--- error_code eval
[200, 400]



=== HEAD has no body, other methods are refused, another format is a problem
--- config eval: $::Config->()
--- request eval
['HEAD /status', 'POST /status', 'GET /status?format=xml',
 'GET /status?format=', 'GET /status?format=JSON']
--- error_code eval
[200, 405, 400, 400, 400]
--- response_body_like eval
[qr/\A\z/, '"type":"urn:ngx-violet:method-not-allowed"',
 ('"type":"urn:ngx-violet:invalid-request".*"detail":"\\\\"format\\\\" is html, json or prometheus"') x 3]
--- response_headers_like eval
['', 'Allow: GET, HEAD', '', '', '']



=== the cache, the routes and requests to Violet
--- config eval: $::Config->()
--- request eval
["$::Report/42", "$::Report/42", "$::Report/43?refresh=true",
 "$::Report/43?refresh=true", "$::Report/x", 'GET /v1/products/1',
 'POST /v1/login', 'GET /status']
--- error_code eval
[200, 200, 200, 429, 400, 200, 403, 200]
--- response_body_like eval
[('') x 7, $::Has->(
 'requests_total{app="shop",route="other",status="200"} 1',
 'requests_total{app="shop",route="other",status="400"} 1',
 'requests_total{app="shop",route="connection_health",status="200"} 3',
 'requests_total{app="shop",route="connection_health",status="429"} 1',
 'requests_total{app="shop",route="auth",status="403"} 1',
 'request_duration_seconds_count{app="shop",route="connection_health"} 4',
 'health_cache_total{app="shop",result="hit_redis"} 1',
 'health_cache_total{app="shop",result="miss"} 1',
 'health_cache_total{app="shop",result="refresh"} 1',
 'health_cache_total{app="shop",result="limited"} 1',
 'upstream_requests_total{app="shop",route="other",result="2xx"} 1',
 'upstream_requests_total{app="shop",route="connection_health",result="2xx"} 2',
 'upstream_duration_seconds_count{app="shop",route="connection_health"} 2',
 'refresh_total{app="shop",result="granted"} 1',
 'refresh_total{app="shop",result="limited"} 1',
 'refresh_budget_left{app="shop"} 29',
 'flights 0',
 'waiters 0',
 'redis_up{redis="cache"} 1',
 'redis_commands_total{redis="cache",result="error"} 0',
 'redis_evicts{redis="cache"} 0')]



=== a streamed request whose error page is elsewhere
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;
            error_page 502 = @unreachable;
        }
        location @unreachable {
            return 502 "unreachable";
        }
        location = /status {
            violet_status;
        }
--- request eval
['GET /v1/products/1', 'GET /v1/products/2', 'GET /status']
--- error_code eval
[502, 502, 200]
--- response_body_like eval
['^unreachable$', '^unreachable$', $::Has->(
 'requests_total{app="shop",route="other",status="502"} 2',
 'request_duration_seconds_count{app="shop",route="other"} 2',
 'upstream_requests_total{app="shop",route="other",result="unreachable"} 2')]



=== submits, their reasons, the guard
--- config eval: $::Config->()
--- request eval
["$::Submit/1/submit", "$::Submit/1/submit", "$::Submit/20700/submit",
 "$::Submit/50300/submit", 'GET /status']
--- error_code eval
[200, 200, 422, 503, 200]
--- response_body_like eval
['', '', '', '', $::Has->(
 'requests_total{app="shop",route="cart_submit",status="200"} 2',
 'upstream_requests_total{app="shop",route="cart_submit",result="2xx"} 2',
 'upstream_requests_total{app="shop",route="cart_submit",result="5xx"} 1',
 'upstream_requests_total{app="shop",route="cart_read",result="2xx"} 1',
 'submits_total{app="shop",outcome="completed"} 1',
 'submits_total{app="shop",outcome="partial"} 1',
 'submits_total{app="shop",outcome="unknown"} 1',
 'submit_errors_total{app="shop",reason="UPSTREAM_ERROR"} 1',
 'submit_guard_total{app="shop",result="sent"} 3',
 'submit_guard_total{app="shop",result="replayed"} 1',
 'submits_in_flight{app="shop"} 0',
 'submits_in_doubt{app="shop"} 1')]



=== a submit that a purge frees is in doubt no more
--- config eval
$::Config->() . '        location = /purge { violet_purge shop; }'
--- request eval
["$::Submit/50300/submit", "$::Submit/50301/submit", 'GET /status',
 'POST /purge?cart_id=50300', 'GET /status']
--- error_code eval
[503, 503, 200, 200, 200]
--- response_body_like eval
['', '', $::Has->('submits_in_doubt{app="shop"} 2'), '',
 $::Has->('requests_total{app="shop",route="other",status="200"} 0',
          'submits_in_doubt{app="shop"} 1')]



=== in a part of another response
--- config
    location = /page {
        ssi on;
        return 200 'A<!--# include virtual="/status" -->B<!--# include virtual="/html" -->C';
        default_type text/html;
    }
    location = /status { violet_status; }
    location = /html { violet_status html; }
--- request
GET /page
--- response_body_like eval
qr/^A\{"type":"urn:ngx-violet:configuration".*\}\s*B<!DOCTYPE html>.*<\/html>\s*C$/s



=== two sizes of the zone
--- config
        location = /one { violet_status zone=1m; }
        location = /two { violet_status json zone=2m; }
--- refused: "zone=2m" of "violet_status" differs from that of another location, which has 1048576 bytes: all locations show one zone, keep only one size



=== one size, in one location or in both
--- config
        location = /one { violet_status zone=1m; }
        location = /two { violet_status json zone=1024k; }
        location = /three { violet_status prometheus; }
--- request eval
['GET /one', 'GET /two', 'GET /three?format=json']
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['^# HELP', '^\{', '^# HELP']



=== a zone that is too small
--- config
        location = /one { violet_status zone=64k; }
--- refused: "violet_status": "zone=" has 65536 bytes, the counters of 1 apps need



=== an invalid size
--- config
        location = /one { violet_status zone=much; }
--- refused: invalid size "much" in "zone=" of "violet_status", use a size such as "1m"



=== an unknown word
--- config
        location = /one { violet_status xml; }
--- refused: invalid parameter "xml" in "violet_status", use "html", "json" or "prometheus" first, then "zone=" with a size



=== two formats
--- config
        location = /one { violet_status json prometheus; }
--- refused: invalid parameter "prometheus" in "violet_status", use "html", "json" or "prometheus" first



=== beside "violet"
--- config
        location /v1/ { violet shop; proxy_pass http://violet_api; violet_status; }
--- refused: "violet" and "violet_status" in one location
