# The route of a request, the requests that are refused, and the request that
# Violet gets: the contract's section 3.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Mock;

our $Health = '/v1/operations/connection_health';
our $Cart = '/v1/checkout/cart';

# Texts that some version of Spring reads as a number, or might read so.
our @BadIds = split ' ', <<'END';
    +42 -42 0 00 042 0x2A 0X2a 2A 42.json 42. 42.0 4e1 4_2 42L abc %2042 42%20
    %2B42 %2b42 42%2Ejson %D9%A4%D9%A2 42%25 $42 42,43 (42) 42:1 42@ 42~
    42%3Frefresh=true 18446744073709551658 99999999999999999999999999
END

our $NoCache = <<'END';
    violet_health_cache off;
    violet_refresh_limit off;
END

our $Asis = <<'END';
        merge_slashes off;

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
END

our $Api = <<'END';
        location /api/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
END

no_long_string();
no_root_location();
run_tests();

__DATA__

=== GET connection_health/{id}: Violet is asked for it, once
--- request eval
["GET $::Health/42", "GET $::Health/42", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchant_id": ?42\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1),
 ::asked('connection_health', "GET $::Health/42")]



=== HEAD connection_health/{id}: asked as GET, answered without a body
--- request eval
["HEAD $::Health/42", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_headers eval
["X-Violet-Merchant-State: ready\nContent-Type: application/json",
 "Content-Type: application/json"]
--- response_body_like eval
['\A\z', ::asked('connection_health', "GET $::Health/42")]



=== HEAD fills the cache for GET
--- request eval
["HEAD $::Health/42", "GET $::Health/42", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['\A\z', '"merchant_id": ?42\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== POST connection_health/{id}: the report, Violet is asked each time
--- http_extra
    violet_refresh_limit off;
--- request eval
["POST $::Health/42", "POST $::Health/42", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
['"merchantId": ?42\b', '"merchantId": ?42\b',
 ::counts(connection_health_report => 2, 'connection_health_report/42' => 2),
 ::asked('connection_health_report', "POST $::Health/42")]



=== POST checkout/cart/{id}/submit: the submit, with its body
--- request eval
["POST $::Cart/20000/submit\n{\"app_order_id\":\"1\"}", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[200, 200, 200]
--- response_headers eval
["X-Violet-Cart-Outcome: completed", "!X-Violet-Cart-Outcome",
 "!X-Violet-Cart-Outcome"]
--- response_body_like eval
['"id": ?20000\b',
 ::counts(cart_submit => 1, 'cart_submit/20000' => 1),
 ::asked('cart_submit', "POST $::Cart/20000/submit",
         '"body": ' . quotemeta '"{\"app_order_id\":\"1\"}"')]



=== POST checkout/cart/{id}/submit: a chunked body arrives whole
--- more_headers eval
["Transfer-Encoding: chunked", "", "", ""]
--- request eval
["POST $::Cart/20000/submit\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
 "GET $::Health/42", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
['"id": ?20000\b', '"merchant_id": ?42\b',
 ::counts(cart_submit => 1, 'cart_submit/20000' => 1, connection_health => 1,
          'connection_health/42' => 1),
 ::asked('cart_submit', "POST $::Cart/20000/submit",
         '"body": ' . quotemeta '"{\"a\":1}"')
]



=== all else is passed on as it is, whatever the method
--- request eval
["GET /v1/merchants/7?a=1&b=%20x;y&c", "DELETE /v1/merchants/7",
 "PUT /v1/merchants/7\n{}", "PATCH /v1/merchants/7\n{}",
 "OPTIONS /v1/merchants/7", "POST /v1/checkout/cart\n{}",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
['"GET", "path": "/v1/merchants/7\?a=1&b=%20x;y&c"',
 '"DELETE", "path": "/v1/merchants/7"',
 '"PUT", "path": "/v1/merchants/7".*"body": "\{\}"',
 '"PATCH", "path": "/v1/merchants/7".*"body": "\{\}"',
 '"OPTIONS", "path": "/v1/merchants/7"',
 '"POST", "path": "/v1/checkout/cart".*"body": "\{\}"',
 ::counts(other => 6)]



=== another method on a captured path is no captured route
--- request eval
["PUT $::Health/42\n{}", "DELETE $::Health/42", "PATCH $::Health/42\n{}",
 "OPTIONS $::Health/42", "PATCH $::Cart/7/submit\n{}",
 "PUT $::Cart/7/submit\n{}",
 "DELETE $::Cart/7/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 8]
--- response_body_like eval
['"PUT", "path": "/v1/operations/connection_health/42"',
 '"DELETE", "path": "/v1/operations/connection_health/42"',
 '"PATCH", "path": "/v1/operations/connection_health/42"',
 '"OPTIONS", "path": "/v1/operations/connection_health/42"',
 '"PATCH", "path": "/v1/checkout/cart/7/submit"',
 '"PUT", "path": "/v1/checkout/cart/7/submit"',
 '"DELETE", "path": "/v1/checkout/cart/7/submit"',
 ::counts(other => 7)]



=== segments more or fewer, or in another letter case, are no captured route
--- request eval
["GET $::Health/42/x", "GET /v1/operations/Connection_Health/42",
 "GET /v1/OPERATIONS/connection_health/42", "GET /v1/connection_health/42",
 "POST $::Cart/7/submit/now", "POST $::Cart/7/Submit",
 "POST /v1/checkout/CART/7/submit", "POST $::Cart/7/submitted",
 "POST $::Cart/7", "GET /_mock/counts"]
--- error_code eval
[(200) x 10]
--- response_body_like eval
['connection_health/42/x"', 'Connection_Health/42"', 'OPERATIONS/',
 '/v1/connection_health/42"', 'submit/now"', 'Submit"', '/CART/',
 'submitted"', '/cart/7"', ::counts(other => 9)]



=== connection_health/search is Violet's own on POST, and no id on others
--- request eval
["POST $::Health/search?app_id=7\n{}", "GET $::Health/search",
 "HEAD $::Health/search", "PUT $::Health/search", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[200, 400, 400, 400, 200, 200]
--- response_body_like eval
['"totalElements"', ::problem('invalid-request', 400, 'merchant_id'), '\A\z',
 ::problem('invalid-request', 400, 'merchant_id'),
 ::counts(connection_health_search => 1),
 ::asked('connection_health_search', "POST $::Health/search?app_id=7")]



=== an id that is not canonical is refused on connection_health
--- request eval
[(map { "GET $::Health/$_" } @::BadIds, 2147483648), "GET /_mock/counts"]
--- error_code eval
[(400) x (@::BadIds + 1), 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'merchant_id')) x (@::BadIds + 1),
 ::counts()]



=== an id that is not canonical is refused on the report
--- request eval
[(map { "POST $::Health/$_" } @::BadIds), "GET /_mock/counts"]
--- error_code eval
[(400) x @::BadIds, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'merchant_id')) x @::BadIds, ::counts()]



=== an id that is not canonical is refused on the submit
--- request eval
[(map { "POST $::Cart/$_/submit" } @::BadIds, '9223372036854775808'),
 "GET /_mock/counts"]
--- error_code eval
[(400) x (@::BadIds + 1), 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'cart_id')) x (@::BadIds + 1),
 ::counts()]



=== an id that is not canonical is refused whatever the method
--- request eval
["HEAD $::Health/042", "PUT $::Health/042", "DELETE $::Health/0x2A",
 "PATCH $::Health/+42", "OPTIONS $::Health/42.json", "GET $::Cart/07/submit",
 "DELETE $::Cart/+7/submit", "PUT $::Cart/x/submit/", "GET /_mock/counts"]
--- error_code eval
[(400) x 8, 200]
--- response_body_like eval
['\A\z', (::problem('invalid-request', 400, 'merchant_id')) x 4,
 (::problem('invalid-request', 400, 'cart_id')) x 3, ::counts()]



=== the smallest and the largest id
--- request eval
["GET $::Health/1", "GET $::Health/2147483647", "POST $::Cart/1/submit",
 "POST $::Cart/9223372036854775807/submit", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
['"merchant_id": ?1\b', '"merchant_id": ?2147483647\b', '"id": ?1\b',
 '"id": ?9223372036854775807\b',
 ::counts(connection_health => 2, 'connection_health/1' => 1,
          'connection_health/2147483647' => 1, cart_submit => 2,
          'cart_submit/1' => 1, 'cart_submit/9223372036854775807' => 1)]



=== an extension is no part of a submit
--- request eval
["POST $::Cart/7/submit.json", "POST $::Cart/7/submit.",
 "POST $::Cart/7/submit%2ejson", "GET $::Cart/7/submit.json",
 "GET /_mock/counts"]
--- error_code eval
[(400) x 4, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'submit')) x 4, ::counts()]



=== a trailing slash changes nothing, and Violet does not see it
--- http_extra eval: $::NoCache
--- request eval
["GET $::Health/42/", "POST $::Health/42/", "POST $::Cart/20000/submit/",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchantId": ?42\b', '"id": ?20000\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1),
 CORE::join '.*', ::asked('connection_health', "GET $::Health/42"),
            ::asked('connection_health_report', "POST $::Health/42"),
            ::asked('cart_submit', "POST $::Cart/20000/submit")]



=== a trailing slash does not get round the cache
--- request eval
["GET $::Health/42", "GET $::Health/42/", "GET $::Health/42//",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 4]
--- response_headers eval
["Cache-Status: violet; fwd=uri-miss; stored",
 ("X-Violet-Merchant-State: ready") x 2, "!Cache-Status"]
--- response_body_like eval
[('"merchant_id": ?42\b') x 3,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== spellings of a path that nginx reads as one are one for the cache
--- request eval
["GET $::Health/42", "GET $::Health/%34%32", "GET $::Health/4%32",
 "GET /v1//operations/connection_health/42",
 "GET /v1/operations///connection_health//42",
 "GET //v1/operations/connection_health/42",
 "GET /v1/./operations/connection_health/42",
 "GET /v1/%2e/operations/connection_health/42",
 "GET /v1/x/../operations/connection_health/42",
 "GET /v1/x/%2E%2e/operations/connection_health/42",
 "GET /x/../v1/operations/connection_health/42",
 "GET /v1/%6fperations/connection%5fhealth/42",
 "GET /v1%2Foperations%2fconnection_health%2F42",
 "GET /%76%31/operations/connection_health/42",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 15]
--- response_body_like eval
[('"merchant_id": ?42\b') x 14,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== spellings of a path: Violet is asked for the canonical one
--- http_extra eval: $::NoCache
--- request eval
["GET /v1//x/%2e%2e/operations/connection_health/%34%32",
 "POST /v1/%6fperations/./connection_health/4%32",
 "POST //v1/checkout%2fcart/2000%30//submit", "GET /_mock/last"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchantId": ?42\b', '"id": ?20000\b',
 CORE::join '.*', ::asked('connection_health', "GET $::Health/42"),
            ::asked('connection_health_report', "POST $::Health/42"),
            ::asked('cart_submit', "POST $::Cart/20000/submit")]



=== spellings of another path: Violet is asked for the canonical one
--- request eval
["GET /v1//merchants", "GET /v1/./merchants", "GET /v1/x/%2e%2e/merchants",
 "GET /v1/%6derchants", "GET /v1%2Fmerchants", "GET /%761/merchants",
 "GET /v1/merchants/", "GET /v1/a%20b%3fc%25d", "GET /_mock/counts"]
--- error_code eval
[(200) x 9]
--- response_body_like eval
[('"path": "/v1/merchants"') x 6, '"path": "/v1/merchants/"',
 '"path": "/v1/a%20b%3Fc%25d"', ::counts(other => 8)]



=== what is encoded twice is decoded once, and Violet sees the same
--- request eval
["GET /v1/%256cogin", "GET /v1/merchants%253bx", "GET $::Health/%2534%2532",
 "GET /_mock/counts"]
--- error_code eval
[200, 200, 400, 200]
--- response_body_like eval
['"path": "/v1/%256cogin"', '"path": "/v1/merchants%253bx"',
 ::problem('invalid-request', 400, 'merchant_id'), ::counts(other => 2)]



=== merge_slashes off: an empty segment is refused on every route
--- config eval: $::Asis
--- request eval
["GET /v1//merchants", "GET /v1/merchants//", "GET /v1//login",
 "GET /v1/operations//connection_health/42", "GET $::Health//42",
 "GET $::Health/42//", "POST $::Health/42//", "POST $::Cart//7/submit",
 "POST $::Cart/7/submit//", "GET /v1/%2Fmerchants", "GET /v1/x/%2f/merchants",
 "GET /v1//", "GET /_mock/counts"]
--- error_code eval
[(400) x 12, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'empty segment')) x 12, ::counts()]



=== merge_slashes off: a single trailing slash changes nothing
--- config eval: $::Asis
--- request eval
["GET $::Health/42/", "GET $::Health/42", "POST $::Cart/20000/submit/",
 "GET /v1/merchants/", "GET /_mock/counts"]
--- error_code eval
[(200) x 5]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchant_id": ?42\b', '"id": ?20000\b',
 '"path": "/v1/merchants/"',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1, other => 1)]



=== merge_slashes off: other spellings of a path still match its route
--- config eval: $::Asis
--- request eval
["GET $::Health/42", "GET $::Health/%34%32",
 "GET /v1/x/%2e%2e/operations/connection_health/42",
 "GET /v1/./operations/connection_health/42",
 "GET /v1%2Foperations%2fconnection_health%2F42",
 "POST /v1/x/../%6cogin", "POST /v1/./login", "GET /_mock/counts"]
--- error_code eval
[(200) x 5, 403, 403, 200]
--- response_body_like eval
[('"merchant_id": ?42\b') x 5, (::problem('route-blocked', 403)) x 2,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== a matrix parameter is refused on every route, raw or encoded
--- request eval
["GET /v1/merchants;a=b", "GET /v1/merchants%3ba=b", "GET /v1/merchants%3B",
 "GET /v1;x/merchants", "GET /v1/;/merchants", "GET $::Health/42;a=b",
 "GET $::Health;x/42", "POST $::Health/42%3B", "POST $::Cart/7/submit;x",
 "POST $::Cart/7;x/submit", "POST /v1/login;x", "GET /v1/auth%3bx/token",
 "GET /_mock/counts"]
--- config
        location / {
            violet shop;
            proxy_pass http://violet_api;
        }
--- error_code eval
[(400) x 12, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'must not contain \\\\";\\\\"')) x 12,
 ::counts()]



=== a matrix parameter that nginx resolves away is refused as well
--- request eval
["GET /v1/x/..;/login", "GET /v1/..;/v1/login", "GET /v1/x;y/../merchants",
 "GET /v1/x%3by/../merchants", "GET /v1/x/..%3b/login",
 "GET /v1/x/%2e%2e;/login", "GET /v1/x;/..//operations/connection_health/42",
 "POST /v1/;/../checkout/cart/7/submit", "GET /_mock/counts"]
--- error_code eval
[(400) x 8, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'must not contain \\\\";\\\\"')) x 8,
 ::counts()]



=== a fragment is refused, raw or encoded, also behind the arguments
--- request eval
["GET /v1/merchants#x", "GET /v1/merchants%23x", "GET /v1/merchants?a=1#x",
 "GET $::Health/42#", "GET $::Health/42#?refresh=true",
 "GET $::Health/42?refresh=false#&refresh=true", "GET $::Health/42%23",
 "POST $::Health/42#x", "POST $::Cart/7/submit#x", "POST $::Cart/7%23/submit",
 "POST /v1/login#x", "GET /v1/x%23/../merchants", "GET /_mock/counts"]
--- error_code eval
[(400) x 12, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'must not contain \\\\"#\\\\"')) x 12,
 ::counts()]



=== a backslash is refused, raw or encoded
--- request eval
["GET /v1/merchants\\x", "GET /v1/merchants%5Cx", "GET /v1/x\\..\\login",
 "GET /v1/x/..%5clogin", "GET /v1/%5c/../merchants", "GET $::Health\\42",
 "GET $::Health/42%5c", "POST $::Health/42\\", "POST $::Cart/7\\submit",
 "POST $::Cart/7/submit%5c", "POST /v1/login\\", "GET /_mock/counts"]
--- error_code eval
[(400) x 11, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'backslash')) x 11, ::counts()]



=== an encoded control character is refused
--- request eval
["GET /v1/merchants%0a", "GET /v1/merchants%0D%0Ax", "GET /v1/%09merchants",
 "GET /v1/merchants%1f", "GET /v1/merchants%7F", "GET $::Health/42%0a",
 "GET $::Health/%0d42", "POST $::Health/42%01", "POST $::Cart/7/submit%0a",
 "POST $::Cart/7%1B/submit", "POST /v1/login%0a",
 "GET /v1/x%0a/../merchants", "GET /_mock/counts"]
--- error_code eval
[(400) x 12, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'control characters')) x 12, ::counts()]



=== nginx itself refuses an encoded NUL, and Violet is not asked
--- request eval
["GET /v1/merchants%00", "GET $::Health/42%00", "POST $::Cart/7/submit%00",
 "GET /_mock/counts"]
--- error_code eval
[(400) x 3, 200]
--- response_body_like eval
[('<hr><center>') x 3, ::counts()]



=== nginx itself refuses a raw control character
--- raw_request eval
"GET /v1/merchants\x01 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- response_body_like: <hr><center>



=== in the arguments of another route all these characters are allowed
--- request eval
["GET /v1/merchants?x=;y&z=\\a%0a%23%3b", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"path": "/v1/merchants\?x=;y&z=\\\\\\\\a%0a%23%3b"',
 '"line": "GET /v1/merchants\?x=;y&z=\\\\\\\\a%0a%23%3b HTTP/1.1"']



=== the arguments of a submit are passed on as they are
--- request eval
["POST $::Cart/20000/submit?refresh=maybe&x=%20;y", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"id": ?20000\b',
 ::asked('cart_submit', "POST $::Cart/20000/submit?refresh=maybe&x=%20;y")]



=== connection_health: refresh is read in every spelling
--- http_extra
    violet_refresh_limit off;
--- request eval
[(map { "GET $::Health/42?$_" }
  qw(refresh=true %72efresh=true refresh=TRUE refresh=True refresh=tru%65
     refresh=1 refresh=yes refresh=YES refresh=on refresh=On x&refresh=true
     refresh=false&refresh=true refresh=true&refresh=false
     refresh=true&refresh=true r%65fresh=%31 &&refresh=on& ?&refresh=true
     refresh=0&%72%65%66%72%65%73%68=%59%65%73)),
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 20]
--- response_body_like eval
[('"merchant_id": ?42\b') x 18,
 ::counts(connection_health => 18, 'connection_health/42' => 18,
          'connection_health.refresh' => 18,
          'connection_health.refresh/42' => 18),
 ::asked('connection_health', "GET $::Health/42?refresh=true")]



=== connection_health: no spelling of refresh gets round the limit
--- http_extra
    violet_refresh_limit merchant=1r/h app=100r/h;
--- request eval
[(map { "GET $_" } "$::Health/42?refresh=true", "$::Health/42?%72efresh=true",
                   "$::Health/42?refresh=TRUE", "$::Health/%34%32?refresh=on",
                   "$::Health/42?refresh=false&refresh=1",
                   "$::Health//42/?refresh=yes", "$::Health/42/?x&refresh=Yes",
                   "$::Health/42?app_id=10000&refresh=true"),
 "GET /_mock/counts"]
--- error_code eval
[200, (429) x 7, 200]
--- response_body_like eval
['"merchant_id": ?42\b', (::problem('refresh-limited', 429)) x 7,
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          'connection_health.refresh' => 1,
          'connection_health.refresh/42' => 1)]



=== connection_health: false values of refresh are a plain read
--- request eval
[(map { "GET $::Health/42$_" }
  '', qw(?refresh=false ?refresh=0 ?refresh=no ?refresh=off ?refresh=OFF
         ?refresh=False ?refresh=false&refresh=0 ? ?x=1 ?Refresh=true
         ?REFRESH=true ?refresh[]=true ?refresh%20=true ?xrefresh=true
         ?refreshx=true ?x=refresh=true ?x%26refresh=true)),
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 20]
--- response_body_like eval
[('"merchant_id": ?42\b') x 18,
 ::counts(connection_health => 1, 'connection_health/42' => 1),
 ::asked('connection_health', "GET $::Health/42")]



=== connection_health: any other value of refresh is refused
--- request eval
[(map { "GET $::Health/42?$_" } split ' ',
  'refresh refresh= refresh=maybe refresh=2 refresh=00 refresh=t
     refresh=%20true refresh=true%20 refresh=+true refresh=true+
     refresh=true%00 refresh=truefalse refresh=true,false
     refresh=false;refresh=true refresh=true;x refresh=true&refresh=maybe
     refresh=maybe&refresh=true refresh==true refresh=%74%72%75%65%0a
     refresh=truetruetruetruetrue'),
 "POST $::Health/42?refresh=maybe", "HEAD $::Health/42?refresh=maybe",
 "GET /_mock/counts"]
--- error_code eval
[(400) x 22, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'refresh')) x 21, '\A\z', ::counts()]



=== connection_health: arguments with a broken escape are refused
--- request eval
[(map { "GET $::Health/42?$_" }
  qw(refresh=%zz refresh=tru%6 refresh=tru% %7gefresh=true x=%)),
 "GET /_mock/counts"]
--- error_code eval
[(400) x 5, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'percent-encoded')) x 5, ::counts()]



=== connection_health: only refresh is forwarded
--- http_extra eval: $::NoCache
--- request eval
["GET $::Health/42?x=1&refresh=1&z&app_id=10000&y=%20", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchant_id": ?42\b',
 ::asked('connection_health', "GET $::Health/42?refresh=true")]



=== connection_health: the app's own app_id is accepted and not forwarded
--- http_extra eval: $::NoCache
--- request eval
[(map { ("GET $::Health/42?$_", "GET /_mock/last") }
  qw(app_id=10000 app%5fid=10000 app_id=1000%30 app_id=10000&app_id=10000))]
--- error_code eval
[(200) x 8]
--- response_body_like eval
[('"merchant_id": ?42\b',
  ::asked('connection_health', "GET $::Health/42")) x 4]



=== connection_health: any other app_id is refused
--- request eval
[(map { ("GET $::Health/42?$_", "POST $::Health/42?$_") } split ' ',
  'app_id=10001 app_id app_id= app_id=010000 app_id=+10000 app_id=10000%20
     app_id=0x2710 app_id=10000.0 app_id=10000&app_id=10001
     app_id=10001&app_id=10000 app%5Fid=10001 app_id=10000,10001'),
 "GET /_mock/counts"]
--- error_code eval
[(400) x 24, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'app_id')) x 24, ::counts()]



=== the report: arguments are read and forwarded as on connection_health
--- http_extra eval: $::NoCache
--- request eval
["POST $::Health/42?x=1&%72efresh=YES&app_id=10000", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchantId": ?42\b',
 ::asked('connection_health_report',
         "POST $::Health/42?refresh=true")]



=== GET connection_health: the list, asked for with both of its arguments
--- http_extra eval: $::NoCache
--- request eval
["GET $::Health", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
['\A\[\{"merchant_id":', ::counts(connection_health_list => 1),
 ::asked('connection_health_list',
         "GET $::Health?app_id=10000&exclude_public=true")]



=== spellings of the list: Violet is asked for the canonical one
--- http_extra eval: $::NoCache
--- request eval
[(map { ("GET $_", "GET /_mock/last") }
  "$::Health/", "/v1//operations///connection_health//",
  "/v1/./operations/x/../connection_health",
  "/v1%2Foperations%2fconnection_health", "/v1/operations/connection%5fhealth",
  "$::Health?", "$::Health/?&&", "$::Health?app_id=10000",
  "$::Health?app%5Fid=1000%30&x=1", "$::Health?exclude_public=true",
  "$::Health?exclude_public=ON&exclude_public=1",
  "$::Health?exclude_public=false&%65xclude_public=Yes",
  "$::Health?exclude_public=true&exclude_public=0",
  "$::Health?Exclude_Public=false&excludePublic=false&page=2",
  "$::Health?refresh=true", "$::Health?refresh=maybe")]
--- error_code eval
[(200) x 32]
--- response_body_like eval
[('\A\[', ::asked('connection_health_list',
                  "GET $::Health?app_id=10000&exclude_public=true")) x 16]



=== the list with public merchants, in every spelling
--- http_extra eval: $::NoCache
--- request eval
[(map { ("GET $::Health$_", "GET /_mock/last") } split ' ',
  '?exclude_public=false /?exclude_public=0 ?exclude_public=No
     ?app_id=10000&exclude_public=off ?exclude_public=FALSE&app_id=10000
     ?%65xclude%5fpublic=%66alse ?exclude_public=false&exclude_public=false
     ?refresh=true&exclude_public=false&x')]
--- error_code eval
[(200) x 16]
--- response_body_like eval
[('\A\[', ::asked('connection_health_list',
                  "GET $::Health?app_id=10000&exclude_public=false")) x 8]



=== the list: another app, another value or a broken escape is refused
--- request eval
[(map { "GET $::Health$_" } split ' ',
  '?app_id=10001 ?app_id ?app_id= /?app_id=010000 ?app_id=10000&app_id=1
     ?exclude_public ?exclude_public= ?exclude_public=maybe
     /?exclude_public=2 ?exclude_public=true&exclude_public=x
     ?exclude_public=false%00 ?x=%zz ?exclude_public=%tr'),
 "GET /_mock/counts"]
--- error_code eval
[(400) x 13, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'app_id')) x 5,
 (::problem('invalid-request', 400, 'exclude_public')) x 6,
 (::problem('invalid-request', 400, 'percent-encoded')) x 2, ::counts()]



=== a path with an extension is not the list
--- request eval
["GET $::Health.json", "GET $::Health.", "GET $::Health.json/",
 "HEAD $::Health%2ejson", "POST $::Health.json\n{}", "GET /_mock/counts"]
--- error_code eval
[(400) x 5, 200]
--- response_body_like eval
[(::problem('invalid-request', 400, 'extension')) x 3, '\A\z',
 ::problem('invalid-request', 400, 'extension'), ::counts()]



=== paths that only resemble the list are passed on unchanged
--- request eval
["POST $::Health\n{}", "PUT $::Health/\n{}", "GET /v1/operations/Connection_Health",
 "GET /v1/operations/connection_healthy?app_id=1", "GET /v1/operations/",
 "POST $::Health/search?app_id=10000\n{}", "GET /_mock/counts"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
['"POST"', '"PUT"', 'Connection_Health"',
 'connection_healthy\?app_id=1"', '/v1/operations/"', '"content"',
 ::counts(other => 5, connection_health_search => 1)]



=== Violet's login routes are blocked for every method
--- request eval
["POST /v1/login\n{}", "GET /v1/login", "PUT /v1/login", "DELETE /v1/login",
 "GET /v1/auth", "GET /v1/auth/token", "POST /v1/auth/token\n{}",
 "GET /v1/auth/anything/else", "GET /_mock/counts"]
--- error_code eval
[(403) x 8, 200]
--- response_body_like eval
[(::problem('route-blocked', 403)) x 8, ::counts()]



=== no spelling of a login route avoids the block
--- request eval
["POST /v1/%6cogin", "POST /v1//login", "POST /v1/login/",
 "POST /v1/login//", "POST /v1/./login", "POST /v1/x/../login",
 "POST /v1/x/%2e%2E/login", "POST /v1%2Flogin", "POST //v1/login",
 "POST /%76%31/login", "POST /v1/login.json", "POST /v1/login.",
 "POST /v1/login%2ejson", "POST /v1/login/x", "POST /v1/login?x",
 "GET /v1/%61uth/token", "GET /v1/auth%2ftoken", "GET /v1/auth//token",
 "GET /v1/auth.json/token", "GET /v1/auth./token", "GET /_mock/counts"]
--- error_code eval
[(403) x 20, 200]
--- response_body_like eval
[(::problem('route-blocked', 403)) x 20, ::counts()]



=== paths that only resemble a login route are passed on
--- request eval
["GET /v1/logins", "GET /v1/authority", "GET /v1/merchants/login",
 "GET /v1/merchants/auth/token", "GET /v1/LOGIN", "GET /v1/login_x",
 "GET /_mock/counts"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
['/v1/logins"', '/v1/authority"', '/v1/merchants/login"',
 '/v1/merchants/auth/token"', '/v1/LOGIN"', '/v1/login_x"',
 ::counts(other => 6)]



=== violet_auth_routes pass: the login routes are streamed through
--- http_extra
    violet_auth_routes pass;
--- request eval
["POST /v1/login\n" . '{"username":"dev@example.com","password":'
                    . '"mock-password"}',
 "GET /v1/auth/other", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
['"refresh_token"', '"path": "/v1/auth/other"',
 ::counts(login => 1, other => 1),
 ::asked('login', 'POST /v1/login',
         ::sent('X-Violet-App-Secret', 'mock-app-secret'))]



=== violet_auth_routes: block in a location under pass
--- http_extra
    violet_auth_routes pass;
--- config
        location /v1/ {
            violet shop;
            violet_auth_routes block;
            proxy_pass http://violet_api;
        }
--- request eval
["POST /v1/login\n{}", "GET /_mock/counts"]
--- error_code eval
[403, 200]
--- response_body_like eval
[::problem('route-blocked', 403), ::counts()]



=== another prefix: the part of the URI after it is the API path
--- config eval: $::Api
--- http_extra eval: $::NoCache
--- request eval
["GET /api/operations/connection_health/42?refresh=on&x=1",
 "POST /api/operations/connection_health/42",
 "POST /api/checkout/cart/20000/submit/", "GET /api/merchants?a=%20b",
 "POST /api/operations/connection_health/search?app_id=10000",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 7]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchantId": ?42\b', '"id": ?20000\b',
 '"path": "/v1/merchants\?a=%20b"', '"totalElements"',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          'connection_health.refresh' => 1,
          'connection_health.refresh/42' => 1,
          connection_health_report => 1, 'connection_health_report/42' => 1,
          connection_health_search => 1,
          cart_submit => 1, 'cart_submit/20000' => 1, other => 1),
 CORE::join '.*', ::asked('connection_health', "GET $::Health/42?refresh=true"),
            ::asked('connection_health_report', "POST $::Health/42"),
            ::asked('cart_submit', "POST $::Cart/20000/submit")]



=== another prefix: no spelling avoids the block and the checks
--- config eval: $::Api
--- request eval
["POST /api/login", "GET /api/auth/token", "POST /api//%6cogin/",
 "POST /api/x/../login.json", "POST /api/login/v1/x", "GET /api/login/v1",
 "GET /api/operations/connection_health/042", "GET /api/merchants;x",
 "POST /api/checkout/cart/+7/submit", "GET /api/x/..;/login",
 "GET /_mock/counts"]
--- error_code eval
[(403) x 6, (400) x 4, 200]
--- response_body_like eval
[(::problem('route-blocked', 403)) x 6,
 (::problem('invalid-request', 400)) x 4, ::counts()]



=== another prefix: all spellings have one cache entry, and Violet gets the canonical one
--- config eval: $::Api
--- request eval
["GET /api/operations//connection_health/%34%32/",
 "GET /%61pi/x/../operations/connection_health/42",
 "GET /api%2Foperations/connection_health/42", "GET /api//./merchants",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 6]
--- response_body_like eval
[('"merchant_id": ?42\b') x 3, '"path": "/v1/merchants"',
 ::counts(connection_health => 1, 'connection_health/42' => 1, other => 1),
 ::asked('connection_health', "GET $::Health/42")]



=== a prefix with v1 in it: the API path begins after v1
--- config
        location /shop/v1/ {
            violet shop;
            proxy_pass http://violet_api/v1/;
        }
--- request eval
["GET /shop/v1/operations/connection_health/42",
 "POST /shop/v1/checkout/cart/20000/submit", "POST /shop/v1/login",
 "GET /_mock/counts"]
--- error_code eval
[200, 200, 403, 200]
--- response_body_like eval
['"merchant_id": ?42\b', '"id": ?20000\b', ::problem('route-blocked', 403),
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1)]



=== a prefix deeper than v1: the API path also begins after v1
--- config
        location /v1/operations/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET $::Health/42", "GET $::Health/042", "GET /_mock/counts"]
--- error_code eval
[200, 400, 200]
--- response_body_like eval
['"merchant_id": ?42\b', ::problem('invalid-request', 400, 'merchant_id'),
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== a request line with an absolute URI is treated like one with a path
--- request eval
["GET http://localhost$::Health/42", "GET http://localhost$::Health/%34%32/",
 "POST http://localhost/v1/%6cogin", "GET http://localhost/v1/merchants;x",
 "POST http://localhost//v1/checkout/cart/20000/submit?a=b",
 "GET http://localhost/v1/./merchants", "GET $::Health/42",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[200, 200, 403, 400, 200, 200, 200, 200, 200]
--- response_body_like eval
[('"merchant_id": ?42\b') x 2, ::problem('route-blocked', 403),
 ::problem('invalid-request', 400), '"id": ?20000\b',
 '"path": "/v1/merchants"', '"merchant_id": ?42\b',
 ::counts(connection_health => 1, 'connection_health/42' => 1,
          cart_submit => 1, 'cart_submit/20000' => 1, other => 1),
 CORE::join '.*', ::asked('connection_health', "GET $::Health/42"),
            ::asked('cart_submit', "POST $::Cart/20000/submit?a=b")]



=== HTTP/1.0, without a Host: Violet gets HTTP/1.1 and the peer's name
--- raw_request eval
"GET $::Health/42 HTTP/1.0\r\n\r\n"
--- response_headers
X-Violet-Merchant-State: ready
--- response_body_like: "merchant_id": ?42\b



=== a URI that a rewrite made is matched, not the one that was sent
--- config
        location /shop/ {
            rewrite ^/shop/(.*)$ /v1/$1 last;
        }

        location /v1/ {
            rewrite ^/v1/my/(.*)$ /v1/$1 break;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /shop/operations/connection_health/42",
 "GET /v1/my/operations/connection_health/42", "POST /shop/login",
 "POST /v1/my/login", "GET /shop/merchants?a=b", "GET /v1/my/merchants?a=b",
 "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[200, 200, 403, 403, 200, 200, 200, 200]
--- response_body_like eval
[('"merchant_id": ?42\b') x 2, (::problem('route-blocked', 403)) x 2,
 ('"path": "/v1/merchants\?a=b"') x 2,
 ::counts(connection_health => 1, 'connection_health/42' => 1, other => 2),
 ::asked('connection_health', "GET $::Health/42")]



=== a rewrite cannot make a URI that a caller could not send
--- config
        location /v1/ {
            rewrite ^/v1/a/(.*)$ "/v1/merchants;$1" break;
            rewrite ^/v1/b/(.*)$ /v1//$1 break;
            rewrite ^/v1/c/(.*)$ /v1/x/../$1 break;
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /v1/a/x", "POST /v1/b/login", "POST /v1/c/login", "GET /_mock/counts"]
--- error_code eval
[400, 400, 400, 200]
--- response_body_like eval
[(::problem('invalid-request', 400)) x 3, ::counts()]



=== GET and HEAD with a body: none of it goes to Violet
--- http_extra eval: $::NoCache
--- request eval
["GET $::Health/42\nGET /v1/login HTTP/1.1", "GET $::Health/43",
 "HEAD $::Health/44\nx", "GET $::Health/45", "GET /_mock/counts",
 "GET /_mock/last"]
--- error_code eval
[(200) x 6]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchant_id": ?43\b', '\A\z',
 '"merchant_id": ?45\b',
 ::counts(connection_health => 4, map { ("connection_health/$_", 1) }
                                      42 .. 45),
 ::asked('connection_health', "GET $::Health/45", '"nth": 4\b')]



=== GET with a body: Violet sees neither length nor coding
--- http_extra eval: $::NoCache
--- request eval
["GET $::Health/42\nabc", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchant_id": ?42\b',
 ::asked('connection_health', "GET $::Health/42", '"body": ""')]
--- response_body_filters eval
[[], [sub { $_[0] =~ /Content-Length|Transfer-Encoding/i
            ? "a length: $_[0]" : $_[0] }]]



=== GET and HEAD with a chunked body: none of it goes to Violet
--- http_extra eval: $::NoCache
--- more_headers eval
["Transfer-Encoding: chunked", "", "Transfer-Encoding: chunked", "", "", ""]
--- request eval
["GET $::Health/42\n1a\r\nGET /v1/login HTTP/1.1\r\n\r\n\r\n0\r\n\r\n",
 "GET $::Health/43", "HEAD $::Health/44\n1\r\nx\r\n0\r\n\r\n",
 "GET $::Health/45", "GET /_mock/counts", "GET /_mock/last"]
--- error_code eval
[(200) x 6]
--- response_body_like eval
['"merchant_id": ?42\b', '"merchant_id": ?43\b', '\A\z',
 '"merchant_id": ?45\b',
 ::counts(connection_health => 4, map { ("connection_health/$_", 1) }
                                      42 .. 45),
 ::asked('connection_health', "GET $::Health/45", '"nth": 4\b')]



=== a body on a cache hit is discarded, and the connection stays open
--- request eval
["GET $::Health/42", "GET /_mock/counts"]
--- pipelined_requests eval
["GET $::Health/42", "GET $::Health/42\nGET /v1/login HTTP/1.1",
 "GET $::Health/42", "GET /_mock/counts"]
--- error_code eval
[200, 200, 200, 200]
--- response_body_like eval
[('"merchant_id": ?42\b') x 3,
 ::counts(connection_health => 1, 'connection_health/42' => 1)]



=== a body on a refused request is discarded, and the connection stays open
--- pipelined_requests eval
["POST /v1/login\nGET /v1/a HTTP/1.1", "POST $::Cart/07/submit\nabc",
 "GET /v1/merchants;x\nabc", "GET /_mock/counts"]
--- error_code eval
[403, 400, 400, 200]
--- response_body_like eval
[::problem('route-blocked', 403), (::problem('invalid-request', 400)) x 2,
 ::counts()]



=== a body on the report goes to Violet
--- request eval
["POST $::Health/42\n{\"a\":1}", "GET /_mock/last"]
--- error_code eval
[200, 200]
--- response_body_like eval
['"merchantId": ?42\b',
 ::asked('connection_health_report', "POST $::Health/42",
         '"body": ' . quotemeta '"{\"a\":1}"')]



=== SSI: another route is included, with credentials
--- config
        location /page {
            ssi on;
            default_type text/html;
            alias $TEST_NGINX_SERVER_ROOT/html/page.html;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
[<!--#include virtual="/v1/merchants?a=b" -->]
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A\[\{"method": "GET", "path": "/v1/merchants\?a=b".*\}\]\s*\z',
 ::counts(other => 1)]



=== SSI: a captured route is a configuration problem, Violet is not asked
--- config
        location /page {
            ssi on;
            default_type text/html;
            alias $TEST_NGINX_SERVER_ROOT/html/page.html;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
[<!--#include virtual="/v1/operations/connection_health/42" -->]
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A\[\{[^{}]*urn:ngx-violet:configuration[^{}]*"status":500[^{}]*\}\s*\]'
 . '\s*\z', ::counts()]



=== SSI: the log says why a captured route cannot be included
--- config
        location /page {
            ssi on;
            default_type text/html;
            alias $TEST_NGINX_SERVER_ROOT/html/page.html;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
<!--#include virtual="/v1/operations/connection_health/42?refresh=true" -->
--- request
GET /page
--- response_body_like: urn:ngx-violet:configuration
--- error_log eval
qr{\[error\].*violet: "/v1/operations/connection_health/42" was not sent: .*subrequest}



=== SSI: a refused path in an include is not sent
--- config
        location /page {
            ssi on;
            default_type text/html;
            alias $TEST_NGINX_SERVER_ROOT/html/page.html;
        }

        location /v1/ {
            violet shop;
            violet_auth_routes pass;
            proxy_pass http://violet_api;
        }
--- user_files
>>> page.html
[<!--#include virtual="/v1/auth/token" --><!--#include virtual="/v1/a;b" -->]
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['\A\[\{[^{}]*route-blocked[^{}]*\}\s*\{[^{}]*invalid-request[^{}]*\}\s*\]'
 . '\s*\z', ::counts()]



=== mirror: to another route it goes with credentials
--- config
        location /page {
            mirror /v1/merchants;
            root html;
            try_files /index.html =404;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['It works', ::counts(other => 1)]



=== mirror: to a captured route or the login it does not go
--- config
        location /page {
            mirror /v1/operations/connection_health/42;
            mirror /v1/checkout/cart/7/submit;
            mirror /v1/auth/token;
            root html;
            try_files /index.html =404;
        }

        location /v1/ {
            violet shop;
            violet_auth_routes pass;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['It works', ::counts()]



=== auth_request: to a captured route it fails, Violet is not asked
--- config
        location /page {
            auth_request /v1/operations/connection_health/42;
            root html;
            try_files /index.html =404;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[500, 200]
--- response_body_like eval
['500 Internal Server Error', ::counts()]



=== auth_request: another route decides
--- config
        location /page {
            auth_request /v1/merchants;
            root html;
            try_files /index.html =404;
        }

        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
--- request eval
["GET /page", "GET /_mock/counts"]
--- error_code eval
[200, 200]
--- response_body_like eval
['It works', ::counts(other => 1)]
