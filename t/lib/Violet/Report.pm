package Violet::Report;

# For the test files about connection health: requests for reports, reports
# put into Redis, and configurations.  Every response has the values of the
# module's variables in a header:
#
#     X-Vars: cache=HIT tier=redis age=0 refresh= state=ready redis=ok up=
#
# The location /direct/ leads to the mock without the module.  Two sections:
# "same_body: 0 1 2" lists the requests of a block that must get equal bodies;
# "link_after: 0" lets the next request after request 0 wait until the worker's
# link to Redis is up, since the worker empties its memory at that moment.

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use Test::More ();
use Time::HiRes qw(sleep time);
use Violet::Redis ();

require Test::Nginx::Socket;

our @EXPORT = qw(get health location report seed servers vars);

my %bodies;

Test::Nginx::Socket::config_preamble(<<"END");
        add_header X-Vars "cache=\$violet_cache_status tier=\$violet_cache_tier age=\$violet_cache_age refresh=\$violet_refresh state=\$violet_merchant_state redis=\$violet_redis up=\$upstream_status" always;
        add_header X-Time \$request_time always;

        location /direct/ {
            proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_VIOLET_PORT}/v1/;
            proxy_set_header X-Violet-App-Id 10000;
            proxy_set_header X-Violet-App-Secret mock-app-secret;
            proxy_set_header X-Violet-Token mock-token;
        }
END

Test::Nginx::Socket::add_response_body_check(\&check_same_body);
Test::Nginx::Socket::add_response_body_check(\&wait_for_link);


# The path of a merchant's report.
sub health {
    my ($merchant) = @_;

    return "/v1/operations/connection_health/$merchant";
}


# A request for each merchant; any other argument is a request as it stands:
# get(20001, '20001?refresh=1', 'direct 20001', 'POST 20001', '/_mock/counts').
sub get {
    my @requests;

    for my $asked (@_) {
        my ($word, $rest) = $asked =~ /^([A-Za-z]+) (.*)/ ? ($1, $2)
                                                          : ('GET', $asked);
        my $path = $rest =~ m{^/} ? $rest : health($rest);

        if ($word eq 'direct') {
            $word = 'GET';
            $path =~ s{^/v1/}{/direct/};
        }

        push @requests, "$word $path";
    }

    return @requests == 1 ? $requests[0] : \@requests;
}


# The value of X-Vars; a variable that is not given is empty.
sub vars {
    my (%value) = @_;

    return 'X-Vars: ' . join ' ', map {
        "$_=" . (defined $value{$_} ? $value{$_} : '')
    } qw(cache tier age refresh state redis up);
}


# A small report of a merchant.
sub report {
    my ($merchant) = @_;

    return qq({"merchant_id":$merchant,"connection":{"status":"COMPLETE"}});
}


# A command that puts a report into Redis: "age" and "ttl" in seconds, "kept"
# in milliseconds; a field that is undef is left out.
sub seed {
    my ($merchant, %option) = @_;

    my %value = (
        key   => "violet:health:violet_api:10000:$merchant",
        v     => 1,
        body  => report($merchant),
        state => 'ready',
        age   => 10,
        ttl   => 86400,
        %option,
    );
    ($value{merchant}) = $value{key} =~ /([^:]*)$/ if !exists $value{merchant};
    $value{kept} = 1000 * (($value{age} || 0) + ($value{ttl} || 86400))
        if !exists $value{kept};

    my $etag = '"' . Digest::SHA::sha1_hex(defined $value{body}
                                           ? $value{body} : '') . '"';
    $value{etag} = $etag if !exists $value{etag};

    my @fields = map { "'$_'," . in_lua($value{$_}) }
                 grep { defined $value{$_} } qw(v body etag state merchant kept);
    my $at = 'string.format(\'%.0f\',now-(' . 1000 * ($value{age} || 0) . '))';
    $at = in_lua($value{stored_at}) if defined $value{stored_at};

    push @fields, "'stored_at',$at"
        if !exists $value{stored_at} || defined $value{stored_at};

    my $fields = join ',', @fields;
    my $expire = defined $value{ttl}
        ? "redis.call('PEXPIRE',KEYS[1]," . int(1000 * $value{ttl}) . ')' : '';

    my $script = "local t=redis.call('TIME') "
        . 'local now=t[1]*1000+math.floor(t[2]/1000) '
        . "redis.call('DEL',KEYS[1]) redis.call('HSET',KEYS[1],$fields) "
        . "$expire return 1";

    return 'EVAL ' . quoted($script) . " 1 $value{key}\n";
}


# "=..." is a Lua expression, for values too long for a command line.
sub in_lua {
    my ($value) = @_;

    return $1 if $value =~ /^=(.*)/s;

    $value =~ s/([^\x20-\x7e]|['"\\])/sprintf '\\%03d', ord $1/ge;

    return "'$value'";
}


# Quotes a word of an inline command.
sub quoted {
    my ($text) = @_;

    $text =~ s/(["\\])/\\$1/g;

    return "\"$text\"";
}


# The location /v1/ with more lines in it.
sub location {
    my (@lines) = @_;

    return join '', "        location /v1/ {\n",
        map({ "            $_\n" } 'violet shop;',
            'proxy_pass http://violet_api;', 'proxy_http_version 1.1;',
            'proxy_set_header Connection "";', @lines),
        "        }\n";
}


# The http part of a configuration, with another line for Redis.
sub servers {
    my ($redis) = @_;

    return "    $redis\n" . <<'END';

    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        keepalive 8;
    }
END
}


sub check_same_body {
    my ($block, $body, $request) = @_;

    my ($wanted) = $block->same_body;

    return if !defined $wanted;

    my ($first, @others) = split ' ', $wanted;
    my ($name) = $block->name;

    $bodies{$name} = defined $body ? $body : '' if $request == $first;

    return if !grep { $_ == $request } @others;

    Test::More::ok(length $bodies{$name} && $body eq $bodies{$name},
                   "$name - body of request $request as that of $first");
}


# PING is the last command on a link before the link is up.
sub wait_for_link {
    my ($block, $body, $request) = @_;

    my ($after) = $block->link_after;

    return if !defined $after || $request != $after;

    my $redis = Violet::Redis->new($ENV{TEST_NGINX_REDIS_PORT});
    my $deadline = time + 30;
    my $up;

    while (time < $deadline) {
        $up = $redis->command('CLIENT LIST') =~ / sub=1 .* cmd=ping /;
        last if $up;
        sleep 0.02;
    }

    Test::More::ok($up, $block->name . ' - the link to Redis is up');
}

1;
