# The module's variables, and nginx's own of the upstream, in the access log of
# each request: the contract's section 9.
#
# The section "access_lines" of this file has a regex for each line that the
# location /v1/ logs, in order.

use strict;
use warnings;

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);
use Violet;
use Violet::Mock;
use Violet::Report qw(seed);
use Violet::Until;

our $Health = '/v1/operations/connection_health';
our $Cart = '/v1/checkout/cart';

# The mock as it is in $upstream_addr, and a time in seconds.
our $Mock = "127\\.0\\.0\\.1:$ENV{TEST_NGINX_VIOLET_PORT}";
our $Time = '\d+\.\d{3}';
our $Refused = "(?:-|$Time)";    # newer versions of nginx give it a time
our $Later = '(?:0\.[2-9]|[1-9]\.\d)\d\d';

our $Variables = <<'END';
    log_format violet 'line app=$violet_app route=$violet_route '
        'merchant=$violet_merchant_id cart=$violet_cart_id '
        'cache=$violet_cache_status tier=$violet_cache_tier '
        'age=$violet_cache_age refresh=$violet_refresh '
        'state=$violet_merchant_state outcome=$violet_cart_outcome '
        'reason=$violet_cart_reason redis=$violet_redis';
END

our $Upstream = <<'END';
    log_format violet 'line addr=$upstream_addr status=$upstream_status '
        'connect=$upstream_connect_time header=$upstream_header_time '
        'time=$upstream_response_time type=$upstream_http_content_type '
        'cookie=$upstream_http_set_cookie cached=$upstream_cache_status';
END

# By default each variable is empty, which nginx logs as "-".
sub line {
    my (%value) = @_;

    # the guard of a submit asks Redis
    $value{redis} = 'ok'
        if ($value{route} || '') eq 'cart_submit' && !exists $value{redis};

    return join ' ', map {
        "$_=" . (defined $value{$_} ? $value{$_} : '-')
    } qw(app route merchant cart cache tier age refresh state outcome reason
         redis);
}


sub upstream {
    my (%value) = @_;

    return join ' ', map {
        "$_=" . (defined $value{$_} ? $value{$_} : '-')
    } qw(addr status connect header time type cookie cached);
}


sub times {
    my ($count, $line) = @_;

    return "$line\n" x $count;
}


# One exchange on a captured route.
sub exchange {
    my ($status) = @_;

    return upstream(addr => $::Mock, status => $status, connect => $::Time,
                    header => $::Time, time => $::Time);
}


# The location with more lines, which logs.
sub logging {
    my (@lines) = @_;

    return join '', "        location /v1/ {\n",
        map({ "            $_\n" }
            'access_log $TEST_NGINX_SERVER_ROOT/logs/access.log violet;',
            'violet shop;', 'proxy_http_version 1.1;',
            (grep { /proxy_pass/ } @lines)
                ? () : 'proxy_pass http://violet_api;', @lines),
        "        }\n";
}


# GET /both sends two requests at the same time.
sub both {
    my ($report) = @_;

    my $url = 'http://127.0.0.1:$TEST_NGINX_SERVER_PORT'
              . "$::Health/$report";

    return <<"    END";
        location = /both {
            access_log off;
            mirror /too;
            proxy_pass $url;
        }

        location = /too {
            internal;
            proxy_pass $url;
        }
    END
}


add_block_preprocessor(sub {
    my ($block) = @_;

    my ($config) = $block->config;

    $block->set_value('config', logging()) if !defined $config;
});

add_test_cleanup_handler(sub {
    my ($block) = @_;

    my ($wanted) = $block->access_lines;
    my ($name) = $block->name;

    return if !defined $wanted;

    my @wanted = grep { /\S/ } split /\n/, $wanted;
    my $deadline = time + 2;
    my @lines;

    # nginx logs after the response is sent
    while (1) {
        open my $in, '<', server_root() . '/logs/access.log' or die "log: $!";
        @lines = map { /^line (.*)$/ ? $1 : () } <$in>;
        last if @lines >= @wanted || time > $deadline;
        sleep 0.01;
    }

    is(scalar @lines, scalar @wanted, "$name - lines in the access log");

    for my $i (0 .. $#wanted) {
        like(defined $lines[$i] ? $lines[$i] : '', qr/\A$wanted[$i]\z/,
             "$name - line $i of the access log");
    }
});

no_long_string();
run_tests();

__DATA__

=== another route: only the app and the route are set
--- http_extra eval: $::Variables
--- request eval
["GET /v1/merchants", "POST $::Health/search?app_id=10000",
 "PUT $::Health/42", "PUT $::Cart/7/submit"]
--- error_code eval
[(200) x 4]
--- access_lines eval
::times(4, ::line(app => 'shop', route => 'other'))



=== connection_health: a miss, then hits
--- http_extra eval: $::Variables . 'violet_health_memory off;'
--- request eval
["GET $::Health/42", "GET $::Health/42", "HEAD $::Health/42/?x=1"]
--- error_code eval
[(200) x 3]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', merchant => 42,
           state => 'ready', redis => 'ok');
::line(%all, cache => 'MISS', age => 0) . "\n"
. (::line(%all, cache => 'HIT', tier => 'redis', age => '[01]') . "\n") x 2



=== connection_health: the age of a hit is that of the report
--- http_extra eval: $::Variables
--- redis_commands eval: ::seed(42, age => 4000, state => 'degraded')
--- request eval
"GET $::Health/42"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 42,
       cache => 'HIT', tier => 'redis', age => '400[01]', state => 'degraded',
       redis => 'ok')



=== connection_health: the merchant's state is that of the header
--- http_extra eval: $::Variables
--- request eval
["GET $::Health/20100", "GET $::Health/20300", "GET $::Health/20100"]
--- error_code eval
[(200) x 3]
--- response_headers eval
['X-Violet-Merchant-State: blocked', 'X-Violet-Merchant-State: degraded',
 'X-Violet-Merchant-State: blocked']
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', redis => 'ok');
::line(%all, merchant => 20100, cache => 'MISS', age => 0, state => 'blocked')
. "\n"
. ::line(%all, merchant => 20300, cache => 'MISS', age => 0,
         state => 'degraded')
. "\n"
. ::line(%all, merchant => 20100, cache => 'HIT', tier => 'redis',
         age => '[01]', state => 'blocked')



=== connection_health: a refresh that is granted, then one that is limited
--- http_extra eval: $::Variables
--- request eval
["GET $::Health/42?refresh=true", "GET $::Health/42?refresh=true"]
--- error_code eval
[200, 429]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', merchant => 42,
           redis => 'ok');
::line(%all, cache => 'REFRESH', age => 0, refresh => 'granted',
       state => 'ready') . "\n"
. ::line(%all, cache => 'LIMITED', refresh => 'limited')



=== connection_health: a limited refresh that is served the cached report
--- http_extra eval
"$::Variables violet_refresh_limit exceeded=cached;"
--- request eval
["GET $::Health/42?refresh=true", "GET $::Health/42?refresh=true"]
--- error_code eval
[200, 200]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', merchant => 42,
           state => 'ready', redis => 'ok');
::line(%all, cache => 'REFRESH', age => 0, refresh => 'granted') . "\n"
. ::line(%all, cache => 'LIMITED', tier => 'redis', age => '[01]',
         refresh => 'limited')



=== connection_health: a refresh that would be limited, in a dry run
--- http_extra eval
"$::Variables violet_refresh_limit merchant=1r/h dry_run;"
--- request eval
["GET $::Health/42?refresh=true", "GET $::Health/42?refresh=true"]
--- error_code eval
[200, 200]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', merchant => 42,
           cache => 'REFRESH', age => 0, state => 'ready', redis => 'ok');
::line(%all, refresh => 'granted') . "\n"
. ::line(%all, refresh => 'dry_run')



=== connection_health: a plain read that joins another
--- http_extra eval: $::Variables
--- config eval
::logging() . ::both('22000')
--- request
GET /both
--- wait: 0.3
--- access_lines eval
my $all = ::line(app => 'shop', route => 'connection_health',
                 merchant => 22000, cache => '(MISS|JOINED)', age => 0,
                 state => 'ready', redis => 'ok');
"$all\n$all\n"
--- access_log
cache=JOINED
cache=MISS



=== connection_health: a refresh that joins another
--- http_extra eval: $::Variables
--- config eval
::logging() . ::both('22000?refresh=1')
--- request
GET /both
--- wait: 0.3
--- access_log
cache=REFRESH tier=- age=0 refresh=granted state=ready
cache=JOINED tier=- age=0 refresh=joined state=ready



=== connection_health: a report that has expired, renewed
--- http_extra eval
"$::Variables violet_health_ttl 1h; violet_health_stale 2h;"
--- redis_commands eval: ::seed(42, age => 4000, ttl => 6800)
--- request eval
"GET $::Health/42"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 42,
       cache => 'EXPIRED', age => 0, state => 'ready', redis => 'ok')



=== connection_health: a report that has expired, served when Violet fails
--- http_extra eval
"$::Variables violet_health_ttl 1h; violet_health_stale 2h;"
--- redis_commands eval: ::seed(50000, age => 4000, ttl => 6800)
--- request eval
"GET $::Health/50000"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 50000,
       cache => 'STALE', tier => 'redis', age => '400[01]', state => 'ready',
       redis => 'ok')



=== connection_health: the cache is off
--- http_extra eval
"$::Variables violet_health_cache off;"
--- request eval
["GET $::Health/42", "GET $::Health/42"]
--- error_code eval
[200, 200]
--- access_lines eval
::times(2, ::line(app => 'shop', route => 'connection_health', merchant => 42,
        cache => 'BYPASS', age => 0, state => 'ready'))



=== connection_health: Violet fails, and Violet refuses
--- http_extra eval: $::Variables
--- request eval
["GET $::Health/50000", "GET $::Health/40400"]
--- error_code eval
[502, 404]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', cache => 'MISS',
           redis => 'ok');
::line(%all, merchant => 50000) . "\n" . ::line(%all, merchant => 40400)



=== connection_health: a 200 that is no report has no state
--- http_extra eval: $::Variables
--- request eval
"GET $::Health/22500"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 22500,
       cache => 'MISS', redis => 'ok')



=== connection_health: a 304 sets the same variables as a hit
--- http_extra eval: $::Variables
--- redis_commands eval: ::seed(42, etag => '"' . 'a' x 40 . '"')
--- more_headers eval
'If-None-Match: "' . 'a' x 40 . '"'
--- request eval
"GET $::Health/42"
--- error_code: 304
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 42,
       cache => 'HIT', tier => 'redis', age => '1[01]', state => 'ready',
       redis => 'ok')



=== without violet_redis: the tier is the memory, Redis is off
--- http_config eval
<<'END' . $::Variables;
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
END
--- request eval
["GET $::Health/42", "GET $::Health/42", "POST $::Health/43",
 "POST $::Cart/20000/submit", "GET /v1/merchants"]
--- error_code eval
[(200) x 5]
--- access_lines eval
my %all = (app => 'shop', redis => 'off');
my %health = (%all, route => 'connection_health', merchant => 42,
              state => 'ready');
CORE::join "\n",
    ::line(%health, cache => 'MISS', age => 0),
    ::line(%health, cache => 'HIT', tier => 'memory', age => '[01]'),
    ::line(%all, route => 'connection_health_report', merchant => 43,
           refresh => 'granted'),
    ::line(%all, route => 'cart_submit', cart => 20000,
           outcome => 'completed'),
    ::line(app => 'shop', route => 'other')



=== Redis is down, and then bypassed for a while
--- http_config eval
<<'END' . $::Variables;
    violet_redis redis://127.0.0.1:1/0;

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
END
--- pipelined_requests eval
["GET $::Health/42", "GET $::Health/43"]
--- error_code eval
[200, 200]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health', cache => 'MISS',
           age => 0, state => 'ready');
::line(%all, merchant => 42, redis => '(down|open)') . "\n"
. ::line(%all, merchant => 43, redis => 'open')



=== Redis does not answer the script of a claim; the connection is there before
--- http_config eval
<<'END' . $::Variables;
    violet_redis redis://127.0.0.1:$TEST_NGINX_REDIS_PORT/0
                 connect_timeout=20s timeout=300ms;

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
    }
END
--- redis_commands
CLIENT PAUSE 60000 WRITE
--- until: start up
--- request eval
"GET $::Health/42"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 42,
       cache => 'MISS', age => 0, state => 'ready', redis => 'timeout')



=== the report: granted, then limited
--- http_extra eval: $::Variables
--- request eval
["POST $::Health/42", "POST $::Health/42"]
--- error_code eval
[200, 429]
--- access_lines eval
my %all = (app => 'shop', route => 'connection_health_report',
           merchant => 42, redis => 'ok');
::line(%all, refresh => 'granted') . "\n"
. ::line(%all, refresh => 'limited')



=== the report: without a limit every one is granted
--- http_extra eval
"$::Variables violet_refresh_limit off;"
--- request eval
["POST $::Health/42", "POST $::Health/42"]
--- error_code eval
[200, 200]
--- access_lines eval
::times(2, ::line(app => 'shop', route => 'connection_health_report',
                  merchant => 42, refresh => 'granted'))



=== the submit: completed, pending, requires_action
--- http_extra eval: $::Variables
--- request eval
["POST $::Cart/20000/submit", "POST $::Cart/20100/submit",
 "POST $::Cart/20300/submit"]
--- error_code eval
[(200) x 3]
--- response_headers eval
['X-Violet-Cart-Outcome: completed', 'X-Violet-Cart-Outcome: pending',
 'X-Violet-Cart-Outcome: requires_action']
--- access_lines eval
my %all = (app => 'shop', route => 'cart_submit');
::line(%all, cart => 20000, outcome => 'completed') . "\n"
. ::line(%all, cart => 20100, outcome => 'pending') . "\n"
. ::line(%all, cart => 20300, outcome => 'requires_action')



=== the submit: partial, failed, unknown, with their reasons
--- http_extra eval: $::Variables
--- request eval
["POST $::Cart/20700/submit", "POST $::Cart/40000/submit",
 "POST $::Cart/40900/submit", "POST $::Cart/60300/submit",
 "POST $::Cart/41900/submit"]
--- error_code eval
[422, 400, 409, 502, 400]
--- response_headers eval
['X-Violet-Cart-Outcome: partial', 'X-Violet-Cart-Outcome: failed',
 'X-Violet-Cart-Outcome: unknown', 'X-Violet-Cart-Outcome: unknown',
 'X-Violet-Cart-Outcome: failed']
--- access_lines eval
my %all = (app => 'shop', route => 'cart_submit');
CORE::join "\n",
    ::line(%all, cart => 20700, outcome => 'partial', reason => '[A-Z_]+'),
    ::line(%all, cart => 40000, outcome => 'failed',
           reason => 'ITEM_UNAVAILABLE'),
    ::line(%all, cart => 40900, outcome => 'unknown',
           reason => 'SUBMIT_IN_PROGRESS'),
    ::line(%all, cart => 60300, outcome => 'unknown',
           reason => 'UPSTREAM_INVALID'),
    ::line(%all, cart => 41900, outcome => 'failed',
           reason => 'PAYMENT_FAILED')



=== the submit: the reason of the first error that blocks, not of a stale one
--- http_extra eval: $::Variables
--- request eval
["POST $::Cart/20600/submit", "POST $::Cart/21200/submit"]
--- error_code eval
[200, 422]
--- access_lines eval
my %all = (app => 'shop', route => 'cart_submit');
::line(%all, cart => 20600, outcome => 'completed') . "\n"
. ::line(%all, cart => 21200, outcome => 'failed',
         reason => 'PAYMENT_FAILED')



=== the submit: the largest id
--- http_extra eval: $::Variables
--- request eval
"POST $::Cart/9223372036854775807/submit"
--- access_lines eval
::line(app => 'shop', route => 'cart_submit', cart => '9223372036854775807',
       outcome => 'completed')



=== the submit: Violet cannot be reached
--- http_extra eval: $::Variables
--- config eval
::logging('proxy_pass http://127.0.0.1:1;')
--- request eval
"POST $::Cart/7/submit"
--- error_code: 502
--- access_lines eval
::line(app => 'shop', route => 'cart_submit', cart => 7, outcome => 'failed',
       reason => 'UPSTREAM_UNREACHABLE')



=== the submit: violet_cart_errors off leaves the verdict in the variables
--- http_extra eval
"$::Variables violet_cart_errors off;"
--- request eval
["POST $::Cart/20700/submit", "POST $::Cart/40000/submit"]
--- error_code eval
[200, 400]
--- access_lines eval
my %all = (app => 'shop', route => 'cart_submit');
::line(%all, cart => 20700, outcome => 'partial', reason => '[A-Z_]+') . "\n"
. ::line(%all, cart => 40000, outcome => 'failed',
         reason => 'ITEM_UNAVAILABLE')



=== a login route: blocked or not
--- http_extra eval: $::Variables
--- config eval
::logging() . <<'END';
        location /pass/ {
            access_log $TEST_NGINX_SERVER_ROOT/logs/access.log violet;
            violet shop;
            violet_auth_routes pass;
            proxy_pass http://violet_api/v1/;
        }
END
--- request eval
["POST /v1/login", "GET /pass/auth/x"]
--- error_code eval
[403, 200]
--- access_lines eval
::times(2, ::line(app => 'shop', route => 'auth'))



=== a request that is refused for its form has an app and no route
--- http_extra eval: $::Variables
--- request eval
["GET /v1/merchants;x", "GET $::Health/042", "GET $::Health/42?refresh=maybe",
 "POST $::Cart/07/submit"]
--- error_code eval
[(400) x 4]
--- access_lines eval
::times(4, ::line(app => 'shop'))



=== a request that nginx itself refused sets no variable
--- http_extra eval: $::Variables
--- config eval
::logging('deny all;')
--- request eval
["GET $::Health/42", "POST $::Cart/7/submit", "GET /v1/merchants"]
--- error_code eval
[(403) x 3]
--- access_lines eval
::times(3, ::line())



=== an unknown app: the route is set
--- http_extra eval: $::Variables
--- config
        location /v1/ {
            access_log $TEST_NGINX_SERVER_ROOT/logs/access.log violet;
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- request eval
["GET $::Health/42", "POST /v1/checkout/cart/7/submit\n{}"]
--- error_code eval: [500, 500]
--- response_headers eval
['', 'X-Violet-Cart-Outcome: failed']
--- access_lines eval
::line(route => 'connection_health', merchant => 42) . "\n"
. ::line(route => 'cart_submit', cart => 7, outcome => 'failed',
         redis => '-') . "\n"



=== the app that a variable chose
--- http_extra eval: $::Variables
--- config
        location /v1/ {
            access_log $TEST_NGINX_SERVER_ROOT/logs/access.log violet;
            violet $http_x_app;
            proxy_pass http://violet_api;
        }
--- more_headers
X-App: shop
--- request eval
"GET $::Health/42"
--- access_lines eval
::line(app => 'shop', route => 'connection_health', merchant => 42,
       cache => 'MISS', age => 0, state => 'ready', redis => 'ok')



=== a location without violet sets no variable
--- http_extra eval: $::Variables
--- config
        location /v1/ {
            access_log $TEST_NGINX_SERVER_ROOT/logs/access.log violet;
            proxy_pass http://violet_api;
        }
--- request eval
["GET $::Health/42", "POST $::Cart/7/submit"]
--- error_code eval
[401, 401]
--- access_lines eval
::times(2, ::line())



=== a response header can have the values
--- config eval
::logging('add_header X-Vars "$violet_app/$violet_route/$violet_merchant_id/'
          . '$violet_cart_id/$violet_cache_status/$violet_cache_tier/'
          . '$violet_cache_age/$violet_refresh/$violet_merchant_state/'
          . '$violet_cart_outcome/$violet_cart_reason/$violet_redis" always;')
  =~ s/ violet;/ combined;/r
--- request eval
["GET $::Health/42", "GET $::Health/42", "POST $::Cart/40000/submit",
 "GET /v1/merchants", "POST /v1/login", "GET $::Health/042"]
--- error_code eval
[200, 200, 400, 200, 403, 400]
--- response_headers_like eval
['X-Vars: shop/connection_health/42//MISS//0//ready///ok',
 'X-Vars: shop/connection_health/42//HIT/redis/[01]//ready///ok',
 'X-Vars: shop/cart_submit//40000//////failed/ITEM_UNAVAILABLE/ok',
 'X-Vars: shop/other//////////', 'X-Vars: shop/auth//////////',
 'X-Vars: shop///////////']



=== the operator's proxy_set_header lines can use the variables
--- config eval
::logging('proxy_set_header X-Route "$violet_app $violet_route '
          . '$violet_merchant_id $violet_cart_id";')
  =~ s/ violet;/ combined;/r
--- request eval
["GET $::Health/42", "POST $::Cart/20000/submit", "GET /v1/merchants",
 "GET /_mock/last"]
--- error_code eval
[(200) x 4]
--- response_body_like eval
['', '', ::sent('X-Route', 'shop other'),
 ::asked('cart_submit', "POST $::Cart/20000/submit",
         ::sent('X-Route', 'shop cart_submit  20000'))]



=== upstream: another route has nginx's values
--- http_extra eval: $::Upstream
--- request eval
"GET /v1/merchants"
--- access_lines eval
::upstream(addr => $::Mock, status => 200, connect => $::Time,
           header => $::Time, time => $::Time, type => 'application/json')



=== upstream: a miss has the values of its exchange, a hit has none
--- http_extra eval: $::Upstream
--- request eval
["GET $::Health/42", "GET $::Health/42", "GET $::Health/42?refresh=1",
 "GET $::Health/42?refresh=1"]
--- error_code eval
[200, 200, 200, 429]
--- access_lines eval
CORE::join "\n", ::exchange(200), ::upstream(), ::exchange(200), ::upstream()



=== upstream: Violet's headers on captured routes are not in the variables
--- http_extra eval: $::Upstream
--- request eval
["GET $::Health/22900", "POST $::Cart/22900/submit", "GET $::Health/40400",
 "POST $::Cart/40000/submit"]
--- error_code eval
[200, 200, 404, 400]
--- access_lines eval
CORE::join "\n", ::exchange(200), ::exchange(200), ::exchange(404),
                 ::exchange(400)



=== upstream: $upstream_http_* is not in a header either
--- config eval
::logging('add_header X-Upstream "[$upstream_http_content_type'
          . '$upstream_http_server$upstream_http_set_cookie'
          . '$upstream_http_etag$upstream_cookie_a$upstream_cache_status]"'
          . ' always;')
  =~ s/ violet;/ combined;/r
--- request eval
["GET $::Health/22900", "GET $::Health/22900", "POST $::Cart/22900/submit",
 "GET $::Health/40400", "POST $::Cart/40000/submit", "GET /v1/merchants"]
--- error_code eval
[200, 200, 200, 404, 400, 200]
--- response_headers eval
[('X-Upstream: []') x 5, 'X-Upstream: [application/jsonmock-violet]']



=== upstream: Violet's statuses are those of the exchange, not of the answer
--- http_extra eval: $::Upstream
--- request eval
["GET $::Health/50300", "POST $::Cart/20700/submit",
 "POST $::Cart/40100/submit", "POST $::Cart/20800/submit"]
--- error_code eval
[502, 422, 502, 422]
--- access_lines eval
CORE::join "\n", ::exchange(503), ::exchange(200), ::exchange(401),
                 ::exchange(200)



=== upstream: a peer that is down
--- http_extra eval: $::Upstream
--- config eval
::logging('proxy_pass http://127.0.0.1:1;')
--- request eval
["GET $::Health/42", "POST $::Cart/7/submit"]
--- error_code eval
[502, 502]
--- access_lines eval
::times(2, ::upstream(addr => '127.0.0.1:1', status => 502,
            connect => $::Refused, time => $::Time))



=== upstream: two peers, the first of them down
--- http_extra eval
$::Upstream . <<'END';
    upstream two {
        server 127.0.0.1:1 max_fails=0;
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT backup;
    }
END
--- config eval
::logging('proxy_pass http://two;')
--- request eval
["GET $::Health/42", "POST $::Cart/20000/submit"]
--- error_code eval
[200, 200]
--- access_lines eval
::times(2, ::upstream(addr => "127.0.0.1:1, $::Mock", status => '502, 200',
            connect => "$::Refused, $::Time", header => "-, $::Time",
            time => "$::Time, $::Time"))



=== upstream: closed before the header
--- http_extra eval: $::Upstream
--- request eval
["GET $::Health/60300", "POST $::Cart/60300/submit"]
--- error_code eval
[502, 502]
--- access_lines eval
::times(2, ::upstream(addr => $::Mock, status => 502, connect => $::Time,
            time => $::Time))



=== upstream: no answer in time
--- http_extra eval: $::Upstream
--- config eval
::logging('proxy_read_timeout 200ms;')
--- request eval
["GET $::Health/60200", "POST $::Cart/60200/submit"]
--- error_code eval
[504, 504]
--- access_lines eval
::times(2, ::upstream(addr => $::Mock, status => 504, connect => $::Time,
            time => $::Later))



=== upstream: the times are those of the exchange
--- http_extra eval: $::Upstream
--- request eval
["GET $::Health/22000", "POST $::Cart/21600/submit"]
--- error_code eval
[200, 200]
--- access_lines eval
::upstream(addr => $::Mock, status => 200, connect => $::Time,
           header => $::Later, time => $::Later) . "\n"
. ::upstream(addr => $::Mock, status => 200, connect => $::Time,
             header => $::Later, time => $::Later)



=== upstream: two requests share an exchange, one line has it
--- http_extra eval: $::Upstream
--- config eval
::logging() . ::both('22000')
--- request
GET /both
--- wait: 0.3
--- access_lines eval
my $all = '(' . ::exchange(200) . '|' . ::upstream() . ')';
"$all\n$all\n"
--- access_log eval
[qr/^line addr=- status=-/, qr/^line addr=127\.0\.0\.1:\d+ status=200/]



=== upstream: the report is streamed, and nginx's own variables are right
--- http_extra eval: $::Upstream
--- request eval
["POST $::Health/42", "POST $::Health/42"]
--- error_code eval
[200, 429]
--- access_lines eval
::upstream(addr => $::Mock, status => 200, connect => $::Time,
           header => $::Time, time => $::Time, type => 'application/json')
. "\n" . ::upstream()



=== upstream: a refused request has no values
--- http_extra eval: $::Upstream
--- request eval
["POST /v1/login", "GET /v1/merchants;x", "GET $::Health/042"]
--- error_code eval
[403, 400, 400]
--- access_lines eval
::times(3, ::upstream())
