# What an event costs: the next read of the merchant is a refresh, if the
# budgets allow it; the mark of an event; reports that are not kept for long.

use Test::Nginx::Socket 'no_plan';
use Violet;
use Violet::Report;

our $Report = 'GET /v1/operations/connection_health';
our $Key = 'violet:health:violet_api:10000:42';
our $Mark = 'violet:event:violet_api:10000:42';
our $Limit = 'violet:limit:violet_api:10000';

our $Config = sub {
    my ($lines) = @_;
    return sprintf <<'END', $lines // '';
        location /v1/ {
            violet shop;
            proxy_pass http://violet_api;
            %s
        }
        location = /hook { violet_webhook shop; }
END
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

our $Event = sub {
    my ($merchant) = @_;
    return 'POST /_mock/webhook?topic=MERCHANT_COMPLETE&to=http://127.0.0.1:'
           . ($ENV{TEST_NGINX_SERVER_PORT} || 1984) . '/hook'
           . ($merchant ? "&merchant=$merchant" : '');
};

# The line of the last request for a report that the mock got.
our $Plain = qr{"connection_health": \{"line": "GET /v1/operations/connection_health/42 HTTP};
our $Refresh = qr{"connection_health": \{"line": "GET /v1/operations/connection_health/42\?refresh=true HTTP};

no_long_string();
run_tests();

__DATA__

=== the next read is a refresh, and spends the budgets; then the mark is closed
--- config eval: $::Config->()
--- request eval
[$::Event->(), "$::Report/42", 'GET /_mock/last', "$::Report/42",
 "$::Report/42?refresh=true"]
--- response_body_like eval
[qr/^200 /, '', $::Refresh, '', '']
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '',
 'Cache-Status: violet; hit; ttl=\d+', 'Retry-After: \d+']
--- error_code eval
[200, 200, 200, 200, 429]
--- redis_check eval
qq{HGET $::Key kept\n=> 86400000\n}
. qq{GET $::Mark\n=~ ^1 \\d{13} 0\$\nPTTL $::Mark\n=~ ^(60000|[345]\\d{4})\$\n}



=== the merchant's budget is spent: a plain read, kept for 10 minutes, and the mark stays
--- config eval: $::Config->()
--- request eval
["$::Report/42?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last']
--- response_body_like eval
['', qr/^200 /, '', $::Plain]
--- error_code eval
[200, 200, 200, 200]
--- redis_check eval
qq{HGET $::Key kept\n=> 600000\nPTTL $::Key\n=~ ^(600000|5[789]\\d{4})\$\n}
. qq{GET $::Mark\n=~ ^1 \\d{13} 1\$\nPTTL $::Mark\n=~ ^(86400000|863\\d{5})\$\n}



=== half of the app's budget is left to others
--- config eval: $::Config->('violet_refresh_limit app=4r/h merchant=10r/h;')
--- request eval
["$::Report/43?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last',
 $::Event->()]
--- response_body_like eval
['', qr/^200 /, '', $::Refresh, qr/^200 /]
--- error_code eval
[(200) x 5]



=== and no more than that
--- config eval: $::Config->('violet_refresh_limit app=4r/h merchant=10r/h;')
--- request eval
["$::Report/43?refresh=true", "$::Report/44?refresh=true", $::Event->(),
 "$::Report/42", 'GET /_mock/last', "$::Report/45?refresh=true",
 "$::Report/46?refresh=true", "$::Report/47?refresh=true"]
--- response_body_like eval
['', '', qr/^200 /, '', $::Plain, '', '', '']
--- error_code eval
[(200) x 7, 429]



=== without a limit the read is always a refresh
--- config eval: $::Config->('violet_refresh_limit off;')
--- request eval
["$::Report/42?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last']
--- response_body_like eval
['', qr/^200 /, '', $::Refresh]
--- error_code eval
[(200) x 4]



=== and with dry_run
--- config eval: $::Config->('violet_refresh_limit dry_run;')
--- request eval
["$::Report/42?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last']
--- response_body_like eval
['', qr/^200 /, '', $::Refresh]
--- error_code eval
[(200) x 4]



=== a refresh by a caller closes the mark
--- config eval: $::Config->()
--- request eval
[$::Event->(), "$::Report/42?refresh=true"]
--- error_code eval
[200, 200]
--- redis_check eval
qq{GET $::Mark\n=~ ^1 \\d{13} 0\$\nHGET $::Key kept\n=> 86400000\n}



=== a second event leaves a report that was just read, for a minute
--- config eval: $::Config->()
--- request eval
[$::Event->(), "$::Report/42", $::Event->(), "$::Report/42", $::Event->(), "$::Report/42"]
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '',
 'Cache-Status: violet; hit; ttl=\d+', '', 'Cache-Status: violet; hit; ttl=\d+']
--- error_code eval
[(200) x 6]
--- redis_check eval
qq{HGET $::Key kept\n=> 60000\nPTTL $::Key\n=~ ^[345]\\d{4}\$\nGET $::Mark\n=~ ^1 \\d{13} 1\$\n}



=== a report that was read more than a minute ago is dropped by every event
--- config eval: $::Config->()
--- redis_commands eval
my $at = int(time * 1000) - 61_000;
qq{SET $::Mark "1 1000 1" PX 60000\n}
. qq{HSET $::Key v 1 body report stored_at $at kept 86400000\n}
--- request eval
[$::Event->(), $::Event->()]
--- error_code eval
[200, 200]
--- redis_check eval
qq{HEXISTS $::Key body\n=> 0\nHEXISTS $::Key stored_at\n=> 1\n}



=== the lists: the first event drops them, the next one leaves them a minute
--- config eval: $::Config->()
--- request eval
['GET /v1/operations/connection_health', $::Event->(),
 'GET /v1/operations/connection_health', $::Event->(43),
 'GET /v1/operations/connection_health', 'GET /_mock/counts']
--- response_headers_like eval
['', '', 'Cache-Status: violet; fwd=uri-miss; stored', '',
 'Cache-Status: violet; hit; ttl=\d+', '']
--- response_body_like eval
['', '', '', '', '', qr/"connection_health_list": 2/]
--- error_code eval
[(200) x 6]
--- redis_check
HGET violet:health-list:violet_api:10000:true kept
=> 60000
GET violet:event:violet_api:10000:0
=~ ^1 \d{13} 0$



=== without Redis: a refresh, then a plain read
--- http_config eval: $::Alone
--- config eval: $::Config->()
--- request eval
[$::Event->(), "$::Report/42", 'GET /_mock/last', $::Event->(), "$::Report/42",
 'POST /_mock/reset', $::Event->(43), "$::Report/43?refresh=true",
 $::Event->(44), "$::Report/44"]
--- response_headers_like eval
['', 'Cache-Status: violet; fwd=uri-miss; stored', '', '',
 'Cache-Status: violet; hit; ttl=\d+', '', '', '', '',
 'Cache-Status: violet; fwd=uri-miss; stored']
--- response_body_like eval
['', '', $::Refresh, '', '', '', '', '', '', '']
--- error_code eval
[(200) x 10]



=== without Redis: the merchant's budget is spent
--- http_config eval: $::Alone
--- config eval: $::Config->()
--- request eval
["$::Report/42?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last']
--- response_body_like eval
['', '', '', $::Plain]
--- error_code eval
[200, 200, 200, 200]



=== without Redis: half of the app's budget
--- http_config eval: $::Alone
--- config eval: $::Config->('violet_refresh_limit app=2r/h merchant=10r/h;')
--- request eval
["$::Report/43?refresh=true", $::Event->(), "$::Report/42", 'GET /_mock/last']
--- response_body_like eval
['', '', '', $::Plain]
--- error_code eval
[200, 200, 200, 200]
