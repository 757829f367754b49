# violet_webhook: signatures, names, bodies, and what becomes of an event.  The
# mock signs and sends the events; what they cost is in webhook-budget.t.

use Digest::SHA ();
use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Report = 'GET /v1/operations/connection_health';

our $Config = sub {
    my ($words, $more) = @_;
    return sprintf <<'END', $words // '', $more // '';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
        }
        location = /hook {
            violet_webhook shop %s;
            %s
        }
        location = /consumer {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/v1/consumer;
        }
END
};

# A request that makes the mock send an event.
our $Event = sub {
    my (%query) = @_;
    my $path = delete $query{path} // '/hook';
    my $port = $ENV{TEST_NGINX_SERVER_PORT} || 1984;
    my $quote = sub {
        return $_[0] =~ s/([^\w.:\/-])/sprintf '%%%02X', ord $1/ger;
    };
    my @words = map { my $name = $_; map { "$name=" . $quote->($_) }
                      ref $query{$_} ? @{$query{$_}} : $query{$_} }
                sort keys %query;
    return 'POST /_mock/webhook?'
           . join('&', "to=http://127.0.0.1:$port$path", @words);
};

# What the mock reports of the answer.
our $Answer = sub {
    my ($status, $body) = @_;
    return qr/^$status \Q$body\E/;
};

our $Accepted = $Answer->(200, '{"result":"accepted"}');
our $Ignored = $Answer->(200, '{"result":"ignored"}');
our $Refused = $Answer->(401, '{"type":"urn:ngx-violet:unauthorized"');

no_long_string();
run_tests();

__DATA__

=== an event drops the report and the lists, in both encodings
--- config eval: $::Config->()
--- request eval
["$::Report/42", $::Event->(topic => 'MERCHANT_NEEDS_ATTENTION'),
 "$::Report/42", $::Event->(topic => 'MERCHANT_COMPLETE', encoding => 'hex'),
 'GET /_mock/counts']
--- response_body_like eval
['merchant_id', $::Accepted, 'merchant_id', $::Accepted, '']
--- response_headers_like eval
['', '', 'Cache-Status: violet; fwd=uri-miss; stored', '', '']
--- error_code eval
[(200) x 5]



=== all events of a merchant, and others
--- config eval: $::Config->()
--- request eval
[map { $::Event->(topic => $_) } qw(
    MERCHANT_CONNECTED MERCHANT_DISCONNECTED MERCHANT_ENABLED
    MERCHANT_DISABLED merchant_complete MERCHANT_PAYOUT_ACCOUNT_CREATED
    PRODUCT_SYNC_COMPLETED PRODUCT_SYNC_FAILED PRODUCT_SYNC_STARTED
    ORDER_UPDATED OFFER_ADDED NOBODY_KNOWS_IT)]
--- response_body_like eval
[($::Accepted) x 8, ($::Ignored) x 4]
--- error_code eval
[(200) x 12]
--- redis_check
EXISTS violet:health:violet_api:10000:42 violet:health:violet_api:10000:7
=> 1



=== no signature, a wrong one, one of another secret, one that is cut, two
--- config eval: $::Config->()
--- request eval
[map { $::Event->(topic => 'MERCHANT_COMPLETE', %$_) }
 {unsigned => 1}, {secret => 'another'}, {secret => 'another', encoding => 'hex'},
 {unsigned => 1, header => ['X-Violet-Hmac:']},
 {unsigned => 1, header => ['X-Violet-Hmac:' . 'A' x 43 . '=']},
 {unsigned => 1, header => ['X-Violet-Hmac:' . 'a' x 64]},
 {header => ['X-Violet-Hmac:' . 'a' x 64]}]
--- response_body_like eval
[($::Refused) x 7]
--- error_code eval
[(200) x 7]
--- redis_check
EXISTS violet:health:violet_api:10000:42
=> 0



=== one signature is enough, the same one twice is not
--- config eval: $::Config->()
--- request eval
[("POST /hook\n{\"id\":42}") x 2]
--- more_headers eval
my $line = 'X-Violet-Hmac: '
           . Digest::SHA::hmac_sha256_hex('{"id":42}', 'mock-app-secret');
["$line\nX-Violet-Topic: MERCHANT_COMPLETE",
 "$line\n$line\nX-Violet-Topic: MERCHANT_COMPLETE"]
--- error_code eval
[200, 401]



=== a line in the log about such an event
--- config eval: $::Config->()
--- request
POST /hook
{"id":42}
--- error_code: 401
--- response_headers
WWW-Authenticate: HMAC-SHA256 header="X-Violet-Hmac"
--- error_log
[warn]
an event for the app "shop" gets a 401: its X-Violet-Hmac is missing



=== either secret while there are two
--- app
    app_id 10000;
    app_secret new-secret;
    app_secret mock-app-secret;
    token mock-token;
--- config eval: $::Config->()
--- request eval
[map { $::Event->(topic => 'MERCHANT_COMPLETE', %$_) }
 {}, {secret => 'new-secret'}, {secret => 'new-secret', encoding => 'hex'},
 {secret => 'old-secret'}]
--- response_body_like eval
[($::Accepted) x 3, $::Refused]
--- error_code eval
[(200) x 4]



=== no topic: event= of the directive
--- config eval: $::Config->('event=MERCHANT_ENABLED')
--- request eval
[$::Event->(), $::Event->(topic => 'ORDER_UPDATED')]
--- response_body_like eval
[$::Accepted, $::Ignored]
--- error_code eval
[200, 200]



=== no topic, no event=: the shape of the body
--- config eval: $::Config->()
--- request eval
[$::Event->(), $::Event->(body => '{"id":7,"merchant_id":42}'),
 $::Event->(body => '{"id":7,"merchant_id":42,"total_products_synced":1}')]
--- response_body_like eval
[$::Accepted, $::Ignored, $::Accepted]
--- error_code eval
[200, 200, 200]



=== a line in the log about an event without a name
--- config eval: $::Config->()
--- request eval
$::Event->()
--- response_body_like eval
$::Accepted
--- error_log
[warn]
an event for the app "shop" has no X-Violet-Topic and is taken for one of a merchant, by the shape



=== bodies that name no merchant, and those of another app
--- config eval: $::Config->()
--- request eval
[map { $::Event->(topic => $_->[0], body => $_->[1]) }
 ['MERCHANT_COMPLETE', ''], ['MERCHANT_COMPLETE', 'hello'],
 ['MERCHANT_COMPLETE', '[42]'], ['MERCHANT_COMPLETE', '{"id":42'],
 ['MERCHANT_COMPLETE', '{"id":-42}'], ['MERCHANT_COMPLETE', '{}'],
 ['PRODUCT_SYNC_FAILED', '{"id":42}'],
 ['MERCHANT_COMPLETE', '{"id":42,"app_id":10001}'],
 ['MERCHANT_COMPLETE', '{"id":42,"app_id":10000}'],
 ['PRODUCT_SYNC_FAILED', '{"id":7,"merchant_id":"42"}']]
--- response_body_like eval
[($::Ignored) x 8, ($::Accepted) x 2]
--- error_code eval
[(200) x 10]



=== a coded body
--- config eval: $::Config->()
--- request eval
[$::Event->(topic => 'MERCHANT_COMPLETE', gzip => 1),
 $::Event->(topic => 'MERCHANT_COMPLETE', gzip => 1, secret => 'another'),
 $::Event->(topic => 'MERCHANT_COMPLETE', header => ['Content-Encoding:identity'])]
--- response_body_like eval
[$::Answer->(415, '{"type":"urn:ngx-violet:invalid-request"'), $::Refused,
 $::Accepted]
--- error_code eval
[200, 200, 200]



=== a body of 4 MB, in a file and in chunks
--- config eval: $::Config->('', 'client_max_body_size 5m;')
--- request eval
[map { $::Event->(topic => 'MERCHANT_COMPLETE', bytes => 4194304, %$_) }
 {}, {encoding => 'hex', chunked => 1}, {secret => 'another'}]
--- response_body_like eval
[$::Accepted, $::Accepted, $::Refused]
--- error_code eval
[200, 200, 200]



=== a body of 4 MB in memory
--- config eval
$::Config->('', 'client_max_body_size 5m; client_body_buffer_size 5m;')
--- request eval
[$::Event->(topic => 'MERCHANT_COMPLETE', bytes => 4194304),
 $::Event->(topic => 'MERCHANT_COMPLETE', bytes => 4194304, secret => 'x')]
--- response_body_like eval
[$::Accepted, $::Refused]
--- error_code eval
[200, 200]



=== a body that is too large
--- config eval: $::Config->('', 'client_max_body_size 1k;')
--- request eval
[$::Event->(topic => 'MERCHANT_COMPLETE', bytes => 9000),
 $::Event->(topic => 'MERCHANT_COMPLETE', bytes => 9000, chunked => 1)]
--- response_body_like eval
[($::Answer->(413, '{"type":"urn:ngx-violet:too-large"')) x 2]
--- error_code eval
[200, 200]
--- error_log: client intended to send too large



=== such a body itself
--- config eval: $::Config->('', 'client_max_body_size 10;')
--- request
POST /hook
eleven bytes
--- error_code: 413
--- response_headers
Content-Type: application/problem+json
--- response_body_like chomp
^\{"type":"urn:ngx-violet:too-large","title":"The request is too large","status":413,
--- error_log: client intended to send too large



=== methods
--- config eval: $::Config->()
--- request eval
['GET /hook', 'PUT /hook']
--- error_code eval
[405, 405]
--- response_headers eval
[('Allow: POST') x 2]



=== action=log checks and drops nothing
--- config eval: $::Config->('action=log')
--- request eval
["$::Report/42", $::Event->(topic => 'MERCHANT_COMPLETE'), "$::Report/42",
 $::Event->(topic => 'MERCHANT_COMPLETE', secret => 'x')]
--- response_body_like eval
['', $::Accepted, '', $::Refused]
--- response_headers_like eval
['', '', 'Cache-Status: violet; hit; ttl=\d+', '']
--- error_code eval
[200, 200, 200, 200]



=== a verified event goes on to proxy_pass, byte for byte
--- config eval
$::Config->('', 'proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/v1/consumer;')
--- request eval
["$::Report/42",
 $::Event->(topic => 'MERCHANT_COMPLETE', body => qq({"id":42, "x":"\xC3\xA9 \\u0000"} )),
 'GET /_mock/last', "$::Report/42",
 $::Event->(topic => 'ORDER_UPDATED', body => 'no JSON', chunked => 1),
 'GET /_mock/last',
 $::Event->(topic => 'MERCHANT_COMPLETE', body => 'forged', secret => 'x'),
 'GET /_mock/last']
--- response_body_like eval
['', $::Answer->(401, '{'), qr/"other": \{"line": "POST \/v1\/consumer HTTP.*X-Violet-Hmac.*"body": "\{\\"id\\":42, \\"x\\":\\"\\u00e9 \\\\u0000\\"\} "/,
 '', $::Answer->(401, '{'),
 qr/"other": \{"line": "POST \/v1\/consumer.*"body": "no JSON"/, $::Refused,
 qr/"body": "no JSON"/]
--- response_headers_like eval
['', '', '', 'Cache-Status: violet; fwd=uri-miss; stored', '', '', '', '']
--- error_code eval
[(200) x 8]



=== Redis away: the copy of this host is dropped, the consumer hears nothing
--- config eval
$::Config->('', 'proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT/v1/consumer;')
--- http_config
    violet_redis redis://127.0.0.1:1/0;
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- request eval
["$::Report/42", "$::Report/42", $::Event->(topic => 'MERCHANT_COMPLETE'),
 "$::Report/42", 'GET /_mock/counts', $::Event->(topic => 'ORDER_UPDATED'),
 'GET /_mock/counts']
--- response_body_like eval
['', '', $::Answer->(503, '{"result":"failed","scope":"host"}'), '',
 qr/"other": 0/, $::Answer->(401, ''), qr/"other": 1/]
--- response_headers_like eval
['', 'Cache-Status: violet; hit; ttl=\d+', '',
 'Cache-Status: violet; fwd=uri-miss', '', '', '']
--- error_code eval
[(200) x 7]



=== without Redis
--- http_config
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }
    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
--- config eval: $::Config->()
--- request eval
["$::Report/42", $::Event->(topic => 'MERCHANT_COMPLETE'), "$::Report/42",
 "$::Report/42"]
--- response_body_like eval
['', $::Accepted, '', '']
--- response_headers_like eval
['', '', 'Cache-Status: violet; fwd=uri-miss; stored',
 'Cache-Status: violet; hit; ttl=\d+']
--- error_code eval
[200, 200, 200, 200]



=== an unknown parameter
--- config eval: $::Config->('action=forget')
--- refused: invalid parameter "action=forget" in "violet_webhook", use "event=NAME" once



=== an event that is no name
--- config eval: $::Config->('event=')
--- refused: invalid parameter "event=" in "violet_webhook", use



=== two events
--- config eval: $::Config->('event=A event=B')
--- refused: invalid parameter "event=B" in "violet_webhook", use



=== a 413 of return: a problem for a caller, nginx's page within another answer
--- config eval
$::Config->('', 'return 413;') . 'location = /page.html { ssi on; }'
--- user_files
>>> page.html
before <!--# include virtual="/hook" --> after
--- request eval
["POST /hook\n{}", 'GET /page.html']
--- response_body_like eval
[qr/^\{"type":"urn:ngx-violet:too-large"/,
 qr/^before <html>.*413 Request Entity Too Large.* after/s]
--- error_code eval
[413, 200]
