# Retry-After of a submit whose word is "later", by what happened, in seconds.
# That no other word has it is checked for every problem by Violet::Cart and by
# t/request/openapi.t; guard.t and outcome.t have the answers of the guard.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Submit = "POST /v1/checkout/cart/1/submit\n{}";

# An upstream that answers every request so.
sub answers {
    my ($status, $header) = @_;

    return "
    violet_redis redis://127.0.0.1:\$TEST_NGINX_REDIS_PORT connect_timeout=20s timeout=20s;
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
    }
    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1;
        $header
        location / {
            return $status;
        }
    }
";
}

no_long_string();
run_tests();

__DATA__

=== nothing was sent: 5
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://127.0.0.1:1;
        }
--- request eval: $::Submit
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: UPSTREAM_UNREACHABLE
retry_after: 5
--- mock_submits: 0



=== Violet rejects the gateway's token: 30
--- request
POST /v1/checkout/cart/40101/submit
{}
--- cart_problem
status: 502
outcome: failed
retry: later
errors.0.reason: CREDENTIALS_REJECTED
retry_after: 30



=== after a submit that was sent: 10 more than proxy_read_timeout
--- request
POST /v1/checkout/cart/60001/submit
{}
--- cart_problem
status: 502
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_INVALID
retry_after: <=70



=== after a submit that was sent: at least 60
--- location: violet shop; proxy_pass http://violet_api; proxy_read_timeout 5s;
--- request
POST /v1/checkout/cart/50001/submit
{}
--- cart_problem
status: 500
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
retry_after: <=60



=== after a submit that was sent: the location's own time
--- location: violet shop; proxy_pass http://violet_api; proxy_read_timeout 200s;
--- request
POST /v1/checkout/cart/40901/submit
{}
--- cart_problem
status: 409
outcome: unknown
retry: later
errors.0.reason: SUBMIT_IN_PROGRESS
retry_after: <=210



=== 429: Violet's Retry-After is shorter
--- request
POST /v1/checkout/cart/42901/submit
{}
--- cart_problem
status: 429
outcome: unknown
retry: later
errors.0.reason: RATE_LIMITED
retry_after: <=70



=== 429: Violet's Retry-After is longer
--- http_config eval
::answers(429, 'add_header Retry-After 100 always;')
--- request eval: $::Submit
--- cart_problem
status: 429
outcome: unknown
retry: later
errors.0.reason: RATE_LIMITED
retry_after: 100
--- mock_submits: 0



=== 429: an hour at most
--- http_config eval
::answers(429, 'add_header Retry-After 86400 always;')
--- request eval: $::Submit
--- cart_problem
status: 429
outcome: unknown
retry: later
errors.0.reason: RATE_LIMITED
retry_after: 3600
--- mock_submits: 0



=== 429: a Retry-After that is no number of seconds does not count
--- http_config eval
::answers(429, 'add_header Retry-After "-1" always;')
--- request eval: $::Submit
--- cart_problem
status: 429
outcome: unknown
retry: later
errors.0.reason: RATE_LIMITED
retry_after: <=70
--- mock_submits: 0



=== Violet's Retry-After counts for nothing but a 429
--- http_config eval
::answers(503, 'add_header Retry-After 100 always;')
--- request eval: $::Submit
--- cart_problem
status: 503
outcome: unknown
retry: later
errors.0.reason: UPSTREAM_ERROR
retry_after: <=70
--- mock_submits: 0



=== without a guard a doubt is manual, and there is nothing to wait for
--- location: violet shop; proxy_pass http://violet_api; violet_submit_guard off;
--- request
POST /v1/checkout/cart/42902/submit
{}
--- cart_problem
status: 429
outcome: unknown
retry: manual
errors.0.reason: RATE_LIMITED
