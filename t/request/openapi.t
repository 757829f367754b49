#!/usr/bin/perl

# Compares docs/openapi.yaml with real answers: each answer must be a listed
# response, with its headers, media type and body; and each listed response must
# have occurred with each of its headers.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $dead = Live::free_port();
my $silent = $live->fake(do => 'silent');

# Several nginx for one app, so that all paths begin with /v1.
my $plain = gateway();
my $kind = gateway(
    upstream => 'odd_api',
    lines => 'violet_refresh_limit exceeded=cached; violet_auth_routes pass;'
             . 'violet_cart_partial_status 200;');
my $multi = gateway(upstream => 'multi_api',
                    lines => 'violet_cart_partial_status 207;');
my $nobody = gateway(upstream => 'nobodys_api', app => '$http_x_nobody');
my $unreachable = gateway(upstream => 'dead_api', port => $dead);
my $slow = gateway(upstream => 'slow_api', port => $silent->port,
                   lines => 'proxy_read_timeout 300ms;');
my $failing = gateway(upstream => 'failing_api', port => answers(507, '{}'));
my $created = gateway(upstream => 'created_api', port => answers(201,
    '{"id":1,"status":"COMPLETED","bags":[{"id":1,"status":"ACCEPTED"}]}'));
my $bad = gateway(upstream => 'bad_api', port => answers(502, '{}'));
my $contradicts = gateway(upstream => 'contradicting_api', port => answers(200,
    '{"id":1,"status":"COMPLETED","bags":[{"id":1,"status":"ACCEPTED"}],'
    . '"errors":[{"bag_id":1,"type":"EXTERNAL_SUBMIT_CART"}]}'));
my $poor = gateway(upstream => 'poor_api', poor => 1);

my $health = '/operations/connection_health';
my @exchanges;

connection_health();
list_of_reports();
report_by_post();
submits();
outcomes();
login();

my @faults = hold_against_description();
is(join('', @faults), '', 'the description matches the answers');
cmp_ok(scalar @exchanges, '>=', 100, 'there were enough answers');

$live->check_logs;
done_testing();


# Options: upstream (its name, a part of all keys), port, app (its name, or a
# variable), lines (of the location), poor (the app gets no token).
sub gateway {
    my (%option) = @_;

    my $name = $option{upstream} || 'violet_api';
    my $port = $option{port} || $mock->port;
    my $token = $option{poor} ? 'refresh_token wrong' : 'token mock-token';
    my $app = $option{app} || 'shop';
    my $lines = $option{lines} || '';

    return $live->nginx(workers => 1, http => <<"    END", server => <<"    END");
    violet_redis redis://127.0.0.1:@{[$redis->port]}/0 connect_timeout=20s timeout=20s;
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        $token;
    }
    upstream $name { server 127.0.0.1:$port; }
    END
    client_max_body_size 8k;
    location /v1/ {
        violet $app;
        proxy_pass http://$name;
        $lines
    }
    END
}


# Adds answers that the mock does not have on every route.
sub answers {
    my ($status, $body) = @_;

    my $bytes = "HTTP/1.1 $status Odd\r\nContent-Type: application/json\r\n"
                . 'Content-Length: ' . length($body)
                . "\r\nConnection: close\r\n\r\n$body";

    return $live->fake(do => 'answer', bytes => $bytes)->port;
}


sub ask {
    my ($nginx, $request, %option) = @_;

    my ($method, $path) = split ' ', $request;
    my $answer = $live->request($nginx->port, "$method /v1$path",
                                timeout => 20, %option);

    die "$request: no answer\n" if !defined $answer->{status};

    push @exchanges, {
        name    => "$request ($answer->{status})",
        method  => $method,
        path    => $path,
        status  => $answer->{status} + 0,
        headers => $answer->{headers},
        body    => $answer->{body},
    };

    return $answer;
}


# HEAD of a report or of the list gets every response that GET gets.
sub connection_health {
    my $etag;

    for my $method (qw(GET HEAD)) {
        my $base = $method eq 'GET' ? 0 : 1;
        my $ask = sub {
            my ($nginx, $what, %option) = @_;
            return ask($nginx, "$method $health/$what", %option);
        };

        $etag = $ask->($plain, 20000 + $base)->{headers}{etag};
        $ask->($plain, 20000 + $base);
        $ask->($plain, 20000 + $base, headers => {'If-None-Match' => $etag});
        $ask->($plain, 20100 + $base);
        $ask->($plain, 20300 + $base);
        $ask->($plain, 21000 + $base . '?refresh=true',
               headers => {'If-None-Match' => $etag});
        $ask->($plain, 21000 + $base . '?refresh=true');
        $ask->($plain, '042');
        $ask->($plain, 40000 + $base);
        $ask->($plain, 40400 + $base . '?refresh=true');
        $ask->($plain, 42900 + $base);
        $ask->($plain, 42900 + $base);
        $ask->($plain, 30100 + $base . '?refresh=true');
        $ask->($plain, 60000 + $base);
        $ask->($nobody, 42);
        $ask->($unreachable, 42);
        $ask->($slow, 42 + $base . '?refresh=true');
        $ask->($poor, 42);
    }

    # a refused refresh that gets the cached report, as a 200 and as a 304
    ask($kind, "GET $health/42?refresh=1") for 1, 2;
    $etag = $exchanges[-1]{headers}{etag};
    ask($kind, "GET $health/42?refresh=1",
        headers => {'If-None-Match' => $etag});
    is($exchanges[-1]{status}, 304, 'a refused refresh can be a 304');
}


sub list_of_reports {
    for my $method (qw(GET HEAD)) {
        my $nginx = gateway(upstream => lc $method . '_api');
        my $etag = ask($nginx, "$method $health")->{headers}{etag};

        ask($nginx, "$method $health");
        ask($nginx, "$method $health", headers => {'If-None-Match' => $etag});
        ask($nginx, "$method $health?exclude_public=perhaps");

        for my $group (400, 403, 500, 429) {
            control("fault?connection_health_list=$group");
            ask($nginx, "$method $health?exclude_public=false");
        }
        control('fault?connection_health_list=0');

        ask($_, "$method $health") for $nobody, $unreachable, $slow, $poor;
    }
}


sub report_by_post {
    my $ask = sub { ask($_[0], "POST $health/$_[1]", body => '{}') };

    $ask->($plain, 22000) for 1, 2;
    $ask->($plain, '042');
    for my $group (400, 404, 429, 500, 503) {
        control("fault?connection_health_report=$group");
        $ask->($plain, 23000 + $group);
    }
    control('fault?connection_health_report=0');
    $ask->($_, 77) for $nobody, $unreachable, $slow, $poor, $bad;
}


sub submits {
    my %submit = (
        submit  => sub { ("/checkout/cart/$_[0]/submit", '{}') },
        payment => sub { ("/checkout/cart/$_[0]/payment",
                          '{"complete_checkout": true}') },
        order   => sub { ('/orders', "{\"app_order_id\": $_[0]}") },
    );
    my $offset = 10;

    for my $name (sort keys %submit) {
        my $ask = sub {
            my ($nginx, $cart, %headers) = @_;
            my ($path, $body) = $submit{$name}->($cart + $offset);
            return ask($nginx, "POST $path", body => $body,
                       headers => \%headers);
        };

        $ask->($plain, $_)
            for 20000, 20100, 20300, 20700, 20800, 20900, 21000, 40000, 40100,
                40300, 40400, 40900, 41200, 41300, 41400, 41600, 41800, 42200,
                42900, 50000, 50300, 51100, 60000, 60000;
        $ask->($plain, $_, 'Idempotency-Key' => "$name $_")
            for 20000, 20000, 20700, 20700;
        $ask->($kind, 20750);
        $ask->($multi, 20705, 'Idempotency-Key' => "$name 207") for 1 .. 2;
        $ask->($_, 20001)
            for $nobody, $unreachable, $slow, $poor, $failing, $created;

        my ($path) = $submit{$name}->(20002 + $offset);
        ask($plain, "POST $path;x", body => '{}');
        ask($plain, "POST $path", body => 'x' x 9000);
        other_body($path) if $name eq 'order';

        $offset += 10;
    }
}


# HEAD gets every response that GET gets; the submits were those above.
sub outcomes {
    my $path = '/checkout/cart';

    for my $method (qw(GET HEAD)) {
        ask($plain, "$method $path/$_/submit")
            for 20030, 20730, 40230, 60030, 47000, '042';
        ask($multi, "$method $path/20735/submit");
        ask($contradicts, "$method $path/1/submit");
        ask($_, "$method $path/20001/submit") for $nobody, $poor;
    }
}


# The same Idempotency-Key with another body.
sub other_body {
    my ($path) = @_;

    ask($plain, "POST $path", body => "{\"app_order_id\": $_}",
        headers => {'Idempotency-Key' => 'other'}) for 20003, 20004;
    is($exchanges[-1]{status}, 422, 'another body under the same key');
}


sub login {
    for my $nginx ($plain, $kind) {
        ask($nginx, 'POST /login', body => JSON::PP::encode_json(
            {username => 'dev@example.com', password => 'mock-password'}));
        ask($nginx, 'GET /auth/token',
            headers => {'X-Violet-Token' => 'mock-refresh-token'});
    }
}


sub control {
    my ($what) = @_;

    my $answer = $live->request($mock->port, "POST /_mock/$what");
    die "$what: $answer->{status}\n" if $answer->{status} != 200;
}


sub hold_against_description {
    my $file = $live->folder . '/exchanges';
    my $json = JSON::PP->new->ascii->canonical;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $json->encode($_), "\n" for @exchanges;
    close $out or die "$file: $!\n";

    my @lines = `python3 t/lib/Violet/openapi.py $file`;
    push @lines, "openapi.py fails: $?\n" if $?;

    return @lines;
}
