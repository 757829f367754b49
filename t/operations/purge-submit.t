# violet_purge of a submit: an operator frees a cart or an Idempotency-Key, or
# looks at the record.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Cart;

our $Cart = 'POST /v1/checkout/cart';
our $Record = 'violet:submit:violet_api:10000';

our $Config = <<'END';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location = /purge { violet_purge shop; }
END

our $Set = sub {
    my ($cart, $state) = @_;
    return sprintf qq{SET $Record:%s "2 7.0000abcd %s 0 0 2 %d %d %d 0 %s - - 86400000" PX 86400000\n},
        $cart, $state, $state eq 'in_flight' ? 30000 : 0, 60_000,
        int((time - 3600) * 1000), 'a' x 32;
};

our $Alone = <<'END';
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
END

no_long_string();
run_tests();

__DATA__

=== a completed cart is freed, and sent again
--- config eval: $::Config
--- request eval
["$::Cart/30000/submit", 'GET /purge?cart_id=30000',
 'POST /purge?cart_id=30000', 'GET /purge?cart_id=30000',
 "$::Cart/30000/submit", 'GET /_mock/counts']
--- error_code eval
[200, 200, 200, 200, 200, 200]
--- response_body_like eval
['', qr/^\{"cart_id":30000,"record":\{"outcome":"completed","status":"ended","since":\d{10},"deadline":null,"doubts":0\}\}$/,
 qr/^\{"cart_id":30000,"record":\{"outcome":"completed",/,
 qr/^\{"cart_id":30000,"record":\{"outcome":"failed",/, '',
 qr/"cart_submit\/30000": 2/]



=== a line in the log
--- config eval: $::Config
--- redis_commands eval
$::Set->(30000, 'completed')
--- request
POST /purge?cart_id=30000
--- error_log
[warn]
the submit of cart 30000 is freed by 127.0.0.1, its record was completed



=== a doubt is freed in Redis, with a later number
--- config eval: $::Config
--- redis_commands eval
$::Set->(30000, 'unknown')
--- request eval
['POST /purge?cart_id=30000', "$::Cart/30000/submit"]
--- error_code eval
[200, 200]
--- response_body_like eval
[qr/^\{"cart_id":30000,"record":\{"outcome":"unknown","status":"ended",.*"doubts":2/, '']
--- response_headers eval
['', 'X-Violet-Cart-Outcome: completed']



=== in flight: only by force
--- config eval: $::Config
--- redis_commands eval
$::Set->(30000, 'in_flight') . $::Set->(30001, 'in_flight')
--- request eval
['POST /purge?cart_id=30000', 'POST /purge?cart_id=30000&force=1',
 'GET /purge?cart_id=30001']
--- error_code eval
[409, 200, 200]
--- response_body_like eval
[(qr/^\{"cart_id":3000\d,"record":\{"outcome":null,"status":"in_flight","since":\d+,"deadline":\d+,/) x 3]
--- redis_check eval
qq{GET $::Record:30000\n=~ ^2 8\\.[0-9a-f]{8} failed \nGET $::Record:30001\n=~ ^2 7\\.0000abcd in_flight \n}



=== nothing to free
--- config eval: $::Config
--- request eval
['POST /purge?cart_id=30000', 'GET /purge?cart_id=30000', 'GET /purge?key=a']
--- error_code eval
[204, 404, 404]
--- response_body_like eval
[qr/^$/, qr/^\{"cart_id":30000,"record":null\}$/, qr/^\{"key":"a","record":null\}$/]
--- redis_check eval
qq{EXISTS $::Record:30000\n=> 0\n}



=== the key of a POST orders
--- config eval: $::Config
--- request eval
['POST /v1/orders', 'GET /purge?key=a%20b', 'POST /purge?key=a%20b',
 'GET /purge?key=a%20b']
--- more_headers eval
['Idempotency-Key: a b', '', '', '']
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
['', (qr/^\{"key":"a b","record":\{"outcome":"completed"/) x 2,
 qr/^\{"key":"a b","record":\{"outcome":"failed"/]



=== without Redis
--- http_config eval: $::Alone
--- config eval: $::Config
--- request eval
["$::Cart/30000/submit", 'POST /purge?cart_id=30000', "$::Cart/30000/submit",
 'GET /_mock/counts']
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
['', qr/"outcome":"completed"/, '', qr/"cart_submit\/30000": 2/]



=== Redis away: freed on this host
--- http_config eval: qq{    violet_redis redis://127.0.0.1:1/0;\n$::Alone}
--- config eval: $::Config
--- request eval
["$::Cart/30000/submit", 'POST /purge?cart_id=30000', 'GET /purge?cart_id=30000',
 'GET /purge?cart_id=30001']
--- error_code eval
[200, 503, 200, 503]
--- response_body_like eval
['', qr/"outcome":"completed",.*"scope":"host"\}$/,
 qr/"outcome":"failed",.*"scope":"host"\}$/,
 qr/^\{"cart_id":30001,"record":null,"scope":"host"\}$/]
--- response_headers_like eval
['', 'Retry-After: 5', '', 'Retry-After: 5']



=== an app that no location uses: its carts are asked about and freed too
--- http_extra
    violet_app other {
        app_id 10001;
        app_secret other-app-secret;
        token other-token;
        environment other;
    }
--- config
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location = /purge {
            violet_purge other;
        }
--- redis_commands eval
$::Set->(30000, 'completed') =~ s/violet_api:10000/other:10001/r
--- request eval
['GET /purge?cart_id=30000', 'POST /purge?cart_id=30000',
 'POST /purge?cart_id=30001']
--- error_code eval
[200, 200, 204]
--- response_body_like eval
[(qr/^\{"cart_id":30000,"record":\{"outcome":"completed"/) x 2, '']
