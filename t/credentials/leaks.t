#!/usr/bin/perl

# Only Violet gets the secrets: the test searches all bytes that nginx sends and
# writes for the secrets, raw, in base64 and percent-encoded, during many kinds
# of failures.

use strict;
use warnings;

use lib 't/lib';

use Live;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);
use Violet::Redis ();

# Secrets with bytes that every encoding changes.
my %secret = (
    'app_secret'    => 'Sec+ret/0f~the=App?1',
    'other secret'  => 'Sec+ret/0f~the=App?2',
    'third secret'  => 'Sec+ret/0f~the=App?3',
    'refresh token' => 'Ref+resh/0f~the=App?',
    'username'      => 'Own+er/0f~the=App?@x',
    'password'      => 'Pass+word/0f~the=App',
);

my $live = Live->new;
my @mock_args = ('--app-secret', $secret{'app_secret'},
                 '--refresh-token', $secret{'refresh token'},
                 '--username', $secret{'username'},
                 '--password', $secret{'password'});

my $mock = $live->mock(args => [@mock_args, '--hold', '2']);
my $redis = $live->redis;
my $elsewhere = $live->fake(do => 'answer', bytes =>
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
    . 'elsewhere');
my $jump = $live->nginx(server => <<'END');
    location / {
        add_header X-Accel-Redirect /elsewhere always;
        return 200 "jump";
    }
END
my $h2_port = Live::free_port();
my $dead_port = Live::free_port();

my $folder = $live->folder . '/secrets';
mkdir $folder or die "$folder: $!\n";
put('secret', $secret{'app_secret'});
put('other', $secret{'other secret'});
put('refresh', $secret{'refresh token'});
put('username', $secret{'username'});
put('password', $secret{'password'});

# All variables of nginx, except those that need a module, a name (arg_,
# cookie_, http_) or a regular expression.
my @variables = qw(
    ancient_browser args binary_remote_addr body_bytes_sent bytes_sent
    connection connection_requests connection_time connections_active
    connections_reading connections_waiting connections_writing
    content_length content_type date_gmt date_local document_root
    document_uri gzip_ratio host hostname http2 https invalid_referer is_args
    limit_rate modern_browser msec msie nginx_version pid pipe
    proxy_add_x_forwarded_for proxy_host proxy_port proxy_protocol_addr
    proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port
    query_string realpath_root remote_addr remote_port remote_user request
    request_body request_body_file request_completion request_filename
    request_id request_length request_method request_time request_uri scheme
    server_addr server_name server_port server_protocol status
    tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space
    time_iso8601 time_local uri
    upstream_addr upstream_bytes_received upstream_bytes_sent
    upstream_cache_status upstream_connect_time upstream_header_time
    upstream_response_length upstream_response_time upstream_status
    http_x_violet_app_id http_x_violet_app_secret http_x_violet_token
    sent_http_x_violet_app_id sent_http_x_violet_app_secret
    sent_http_x_violet_token sent_http_location sent_http_content_type
    upstream_http_x_violet_app_secret upstream_http_x_violet_token
    upstream_http_set_cookie upstream_trailer_x sent_trailer_x
    violet_app violet_route violet_merchant_id violet_cart_id
    violet_cache_status violet_cache_tier violet_cache_age violet_refresh
    violet_merchant_state violet_cart_outcome violet_cart_reason violet_redis
);

my $all = join ' ', map { "\$$_" } @variables;
my $map = join '|', map { "\$$_" } grep { !/^sent_|^status$|^binary/ } @variables;

my $nginx = $live->nginx(workers => 2, http => <<"END", server => <<"SERVER");
    violet_redis redis://127.0.0.1:@{[$redis->port]}/0;

    violet_app shop {
        app_id 10000;
        environment violet_api;
        app_secret file:$folder/other;
        app_secret file:$folder/secret;
        refresh_token file:$folder/refresh;
    }

    violet_app owner {
        app_id 10000;
        app_secret file:$folder/secret;
        login file:$folder/username file:$folder/password;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }

    map "$map" \$mapped {
        default "mapped: $map";
    }

    log_format everything 'status \$status $all \$mapped';
    access_log $folder/../everything.log everything;

    proxy_cache_path $folder/../cache keys_zone=cache:1m;

    resolver 127.0.0.1:$dead_port valid=1s;
    resolver_timeout 1s;
END
    listen 127.0.0.1:$h2_port http2;
    client_body_timeout 1s;
    proxy_read_timeout 1s;
    underscores_in_headers on;
    ignore_invalid_headers off;

    add_header X-All "\$mapped" always;

    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
    }

    location /owner/v1/ {
        violet owner;
        proxy_pass http://violet_api/v1/;
    }

    location /mirrored/v1/ {
        violet shop;
        proxy_pass http://violet_api/v1/;
        mirror /elsewhere;
    }

    location /asked/v1/ {
        violet shop;
        proxy_pass http://violet_api/v1/;
        auth_request /elsewhere;
    }

    # in a server before the gateway: beside violet it is an error
    location /cached/v1/ {
        rewrite ^/cached(/.*) \$1 break;
        proxy_pass http://127.0.0.1:\$server_port;
        proxy_cache cache;
        proxy_cache_valid any 1m;
    }

    location /paged/v1/ {
        violet shop;
        proxy_pass http://127.0.0.1:$dead_port/v1/;
        error_page 500 502 503 504 = \@elsewhere;
    }

    location /unresolved/v1/ {
        violet shop;
        proxy_pass http://no-such-host.invalid:\$server_port/v1/;
    }

    location /redirected/v1/ {
        violet shop;
        proxy_pass http://violet_api/v1/;
        proxy_intercept_errors on;
        error_page 404 /elsewhere;
    }

    location /accelerated/v1/ {
        violet shop;
        proxy_pass http://127.0.0.1:@{[$jump->port]}/v1/;
    }

    location /elsewhere {
        proxy_pass http://127.0.0.1:@{[$elsewhere->port]};
    }

    location \@elsewhere {
        proxy_pass http://127.0.0.1:@{[$elsewhere->port]};
    }
SERVER

my $caller = 'X-Violet-App-Id: evil-1' . "\r\n"
             . 'x-violet-app-secret: evil-2' . "\r\n"
             . 'X-VIOLET-APP-SECRET: evil-3' . "\r\n"
             . 'X-Violet-Token: evil-4' . "\r\n"
             . 'X_Violet_Token: evil-5' . "\r\n"
             . 'x-violet_token: evil-6' . "\r\n"
             . 'X-Violet-Token: evil-7' . "\r\n";

my @routes = ('GET /%sv1/checkout/cart/20000',
              'GET /%sv1/operations/connection_health?app_id=10000',
              'GET /%sv1/operations/connection_health/20000',
              'GET /%sv1/operations/connection_health/20000',
              'GET /%sv1/operations/connection_health/20000?refresh=true',
              'GET /%sv1/operations/connection_health/40100',
              'GET /%sv1/operations/connection_health/60000',
              'GET /%sv1/operations/connection_health/60200',
              'GET /%sv1/operations/connection_health/042',
              'POST /%sv1/operations/connection_health/20000',
              'POST /%sv1/checkout/cart/20000/submit',
              'POST /%sv1/checkout/cart/22900/submit',
              'POST /%sv1/checkout/cart/40100/submit',
              'POST /%sv1/checkout/cart/60200/submit',
              'POST /%sv1/checkout/cart/60500/submit',
              'GET /%sv1/auth/token',
              'POST /%sv1/login');

my @places = ('', map { "$_/" } qw(owner mirrored asked cached paged unresolved
                                   redirected accelerated));
my $answers = '';
my %tokens;


sub put {
    my ($name, $text) = @_;

    open my $out, '>', "$folder/$name" or die "$folder/$name: $!\n";
    print $out $text;
    close $out or die "$folder/$name: $!\n";
    chmod 0640, "$folder/$name";
}


sub ask {
    my ($bytes) = @_;

    my $answer = $live->request($nginx->port, $bytes, timeout => 15);
    $answers .= $answer->{raw} if defined $answer->{raw};

    return $answer;
}


sub bytes {
    my ($what, $version) = @_;

    my $body = $what =~ /^POST/ ? '{}' : '';

    return "$what HTTP/$version\r\nHost: localhost\r\nConnection: close\r\n"
           . "$caller"
           . ($body ? "Content-Length: 2\r\n\r\n{}" : "\r\n");
}


# The last headers that Violet got on each route; the tokens are secrets.
sub note_tokens {
    return if !$mock->is_alive;

    my $text = $live->request($mock->port, 'GET /_mock/last')->{body};

    $tokens{$_} = 1 for $text =~ /"X-Violet-Token", "(eyJ[^"]+)"/g;
}


sub everything {
    my ($title) = @_;

    for my $place (@places) {
        my @bytes = map { bytes(sprintf($_, $place), '1.1') } @routes;

        my @got = $live->many($nginx->port, count => scalar @bytes,
                              timeout => 20,
                              request => sub { $bytes[$_[0] % @bytes] });
        $answers .= join '', map { defined $_->{raw} ? $_->{raw} : '' } @got;
        note_tokens();
    }

    pass("requests of all kinds were sent: $title");
}


is(ask(bytes('GET /accelerated/v1/orders/1', '1.1'))->{body}, 'elsewhere',
   'X-Accel-Redirect leads to the other upstream');

# The mock must know the cart that is read, and must not echo the headers.
ask(bytes('POST /v1/checkout/cart/20000/submit', '1.1'));

everything('all is well');

# Callers send credentials themselves, in each version of HTTP.
for my $version (qw(1.0 1.1)) {
    my $answer = $live->request($nginx->port,
                                bytes('GET /v1/echo', $version));
    like($answer->{body}, qr/X-Violet-Token", "eyJ/, "HTTP/$version: ours");
    unlike($answer->{body}, qr/evil-/,
           "HTTP/$version: Violet gets no header of the caller");
}

{
    my @headers = map { ('-H', $_) } split /\r\n/, $caller;
    my $text = run('curl', '-s', '--http2-prior-knowledge', @headers,
                   "http://127.0.0.1:$h2_port/v1/echo");
    like($text, qr/X-Violet-Token", "eyJ/, 'HTTP/2: ours');
    unlike($text, qr/evil-/, "HTTP/2: Violet gets no header of the caller");
}


sub run {
    my (@command) = @_;

    open my $out, '-|', @command or die "$command[0]: $!\n";
    local $/;
    my $text = <$out>;
    close $out;

    return defined $text ? $text : '';
}


# A caller that closes the connection in the middle of a body, and a slow one.
{
    my @half = map { sprintf("$_ HTTP/1.1\r\nHost: localhost\r\n", '')
                     . "Content-Length: 100\r\n\r\nhalf" }
               'POST /%sv1/orders', @routes;

    for my $bytes (@half) {
        my $client = $live->client($nginx->port);
        $client->send($bytes);
        sleep 0.05;
    }

    my @got = $live->many($nginx->port, count => scalar @half, timeout => 20,
                          request => sub { $half[$_[0] % @half] });
    $answers .= join '', map { defined $_->{raw} ? $_->{raw} : '' } @got;

    like(Live::Nginx::text_of("$folder/../everything.log"),
         qr/^status 408 /m, 'a body was too slow');
}

# Tokens expire, Violet refuses secrets, Redis and Violet stop.
$live->request($mock->port, 'POST /_mock/expire');
everything('tokens have expired');

$live->request($mock->port, 'POST /_mock/tokens?secret=none&answer=garbage');
$live->request($mock->port, 'POST /_mock/expire');

# a new value ends the pauses after so many 401s
put('other', $secret{'third secret'});
everything('Violet refuses the secrets');
ok($nginx->wait_log(qr/no new access token for app "shop"/, 30),
   'the error log says that there is no token');
ok($nginx->wait_log(qr/the new value of "app_secret" in/, 10),
   'the error log says that a file has changed');

my @redis = redis_contents();
$redis->stop;
$mock->stop;
everything('Redis and Violet are gone');


sub redis_contents {
    my $redis = Violet::Redis->new($redis->port);
    my @found;

    for my $key ($redis->command('KEYS *') =~ /([^\[\],\s]+)/g) {
        push @found, $key, $redis->command("HGETALL $key"),
             $redis->command("GET $key");
    }

    return @found;
}


my $dump = run('sh', '-c', 'exec 2>&1; exec "$@"', 'sh', $nginx->command('-T'));
like($dump, qr/violet_app shop/, 'nginx -T prints the configuration');
unlike($dump, qr/\Q$_\E/, 'nginx -T prints no secret') for values %secret;

ok(scalar(keys %tokens) >= 2, 'access tokens were seen by Violet')
    or diag(join ' ', keys %tokens);
cmp_ok(scalar @redis, '>', 0, 'Redis held something');
like($elsewhere->received, qr/GET|POST/, 'the other upstream was asked');

$nginx->quit(20);

my %haystack = (
    'responses'          => $answers,
    'the error log'      => $nginx->error_log,
    'the access log'     => Live::Nginx::text_of("$folder/../everything.log"),
    'another upstream'   => $elsewhere->received,
    'Redis'              => join("\n", @redis),
    'the cache of proxy' => join("\n", map { Live::Nginx::text_of($_) }
                                       glob "$folder/../cache/*"),
);

for my $where (sort keys %haystack) {
    my @found;

    cmp_ok(length $haystack{$where}, '>', 0, "$where: it is not empty");

    my %what = (%secret, map { ("token $_" => $_) } keys %tokens);

    for my $name (sort keys %what) {
        push @found, $name if grep { index($haystack{$where}, $_) >= 0 }
                              spellings($what{$name});
    }

    is("@found", '', "$where: no secret");
}


# The secret raw, percent-encoded in either case, and the part of its base64
# that is the same with any bytes before and behind it.
sub spellings {
    my ($secret) = @_;

    my @found = $secret;

    for my $escaped (qr/[^A-Za-z0-9_.~-]/, qr/\W/) {
        push @found, $secret =~ s/($escaped)/sprintf '%%%02X', ord $1/ger,
                     $secret =~ s/($escaped)/sprintf '%%%02x', ord $1/ger;
    }

    for my $before (0 .. 2) {
        my $text = encode_base64('x' x $before . $secret, '');
        push @found, substr $text, 4, 4 * int(length($secret) / 3) - 8;
        push @found, $found[-1] =~ tr{+/}{-_}r;
    }

    return @found;
}


# Tests the search: it must find a secret in a text that has one.
{
    my $secret = $secret{'app_secret'};

    for my $text ("<$secret>", encode_base64("user:$secret", ''),
                  encode_base64("a$secret", ''),
                  $secret =~ s/(\W)/sprintf '%%%02x', ord $1/ger)
    {
        ok(scalar(grep { index($text, $_) >= 0 } spellings($secret)),
           'the search finds a secret where there is one');
    }
}

$live->check_logs;
done_testing();
