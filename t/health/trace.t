#!/usr/bin/perl

# The trace and the request id of the caller who opened a flight go to Violet
# with it, and $violet_request_id is the id that Violet got, for all callers who
# shared the flight.

use strict;
use warnings;

use JSON::PP ();
use lib 't/lib';
use Live;
use Live::Health;
use Test::More;
use Time::HiRes qw(sleep time);

my $trace = '4bf92f3577b34da6a3ce929d0e0e4736';
my $parent = "00-$trace-00f067aa0ba902b7-01";

my $live = Live->new;
my $health = Live::Health->new($live);
my ($near, $far) = map { host() } 1, 2;
my $next = 20000;

headers_of_the_opener();
own_id_without_one();
hostile_ids();
hostile_traces();
several_states();
nothing_else_goes();
shared_on_one_host();
shared_by_hosts();
shared_failure();
shared_without_redis();
background_renewal();
no_id_without_a_request();
set_by_the_operator();
other_routes();
submits();

$live->check_logs;
done_testing();


sub host {
    my (%option) = @_;

    return $health->gateway(
        keepalive => '',
        listen => 'reuseport',
        lines => 'violet_health_ttl 1h; violet_health_stale 2h updating;',
        more => 'add_header X-Sent "$violet_request_id" always;'
                . 'add_header X-Own "$request_id" always;'
                . $health->location('/own/',
                                    'proxy_set_header X-Request-Id '
                                    . '"gw-$request_id";'),
        extra => 'log_format ids "$violet_request_id $uri";'
                 . 'access_log logs/ids.log ids;',
        %option);
}


sub merchant {
    return ++$next;
}


sub ask {
    my (@headers) = @_;

    my $client = $live->client($near->port);
    my $path = $health->path(merchant());

    $client->send(join("\r\n", "$path HTTP/1.1", 'Host: h',
                       'Connection: close', @headers) . "\r\n\r\n");

    my $answer = Live::Health::read_vars($client->answer(10));
    $client->close;

    return $answer;
}


# The headers of the last request of a route at the mock, by lower-case name.
sub at_violet {
    my ($route) = @_;

    my $answer = $live->request($health->mock->port, 'GET /_mock/last');
    my $last = JSON::PP::decode_json($answer->{body})
                   ->{$route || 'connection_health'};
    my %headers;

    push @{$headers{lc $_->[0]}}, $_->[1] for @{$last->{headers}};

    return {map { $_ => join ' & ', @{$headers{$_}} } keys %headers};
}


sub headers_of_the_opener {
    my $answer = ask("traceparent: $parent", 'tracestate: a=1,b=2',
                     'X-Request-Id: of the caller/1');
    my $got = at_violet();

    is($got->{traceparent}, $parent, 'the opener: traceparent');
    is($got->{tracestate}, 'a=1,b=2', 'the opener: tracestate');
    is($got->{'x-request-id'}, 'of the caller/1', 'the opener: X-Request-Id');
    is($answer->{headers}{'x-sent'}, 'of the caller/1',
       'the opener: $violet_request_id');
}


sub own_id_without_one {
    my $answer = ask();
    my $got = at_violet();

    like($got->{'x-request-id'}, qr/^[0-9a-f]{32}$/, 'no id: $request_id');
    is($got->{'x-request-id'}, $answer->{headers}{'x-own'},
       'no id: the one of the caller\'s request');
    is($answer->{headers}{'x-sent'}, $got->{'x-request-id'},
       'no id: $violet_request_id');
    ok(!exists $got->{traceparent}, 'no id: no traceparent');
}


# Each of them is replaced by $request_id.
sub hostile_ids {
    my %ids = (
        'too long'          => ['X-Request-Id: ' . 'x' x 129],
        '7,000 bytes'       => ['X-Request-Id: ' . 'x' x 7000],
        'empty'             => ['X-Request-Id:'],
        'a control byte'    => ["X-Request-Id: a\x01b"],
        'an escape'         => ["X-Request-Id: \x1b[2J"],
        'a tab'             => ["X-Request-Id: a\tb"],
        'DEL'               => ["X-Request-Id: a\x7f"],
        'not ASCII'         => ["X-Request-Id: \xc3\xa9"],
        'a bare CR'         => ["X-Request-Id: a\rX-Violet-Token: b"],
        'given twice'       => ['X-Request-Id: a', 'X-Request-Id: b'],
    );

    for my $name (sort keys %ids) {
        my $answer = ask(@{$ids{$name}});

        if ($answer->{status} == 400) {
            pass("an id that is $name: nginx refuses the request");
            next;
        }

        is(at_violet()->{'x-request-id'}, $answer->{headers}{'x-own'},
           "an id that is $name: \$request_id is sent");
        is(at_violet()->{'x-violet-token'}, 'mock-token',
           "an id that is $name: no other header");
    }

    ask('X-Request-Id: ' . 'x' x 128);
    is(at_violet()->{'x-request-id'}, 'x' x 128, 'an id of 128 bytes is sent');
}


sub hostile_traces {
    my $zeros = '0' x 32;

    for my $value ("00-$zeros-00f067aa0ba902b7-01",
                   "00-$trace-0000000000000000-01", "$parent-more",
                   "ff-$trace-00f067aa0ba902b7-01", uc $parent,
                   "00-$trace-00f067aa0ba902b7", 'x' x 300, "$parent\x01",
                   '', "00-$trace-00f067aa0ba902b7-0g")
    {
        ask("traceparent: $value", 'tracestate: a=1');

        my $got = at_violet();
        ok(!exists $got->{traceparent} && !exists $got->{tracestate},
           'not sent: traceparent ' . substr $value =~ s/\W/./gr, 0, 60);
    }

    ask("traceparent: $parent", "traceparent: $parent");
    ok(!exists at_violet()->{traceparent}, 'not sent: two of them');

    ask("traceparent: 01-$trace-00f067aa0ba902b7-01-more");
    like(at_violet()->{traceparent}, qr/-more$/, 'sent: a later version');

    ask("traceparent: $parent", "tracestate: a=1\x01");
    my $got = at_violet();
    is($got->{traceparent}, $parent, 'a bad tracestate: traceparent is sent');
    ok(!exists $got->{tracestate}, 'a bad tracestate: it is not');
}


sub several_states {
    ask("traceparent: $parent", 'tracestate: a=1', 'tracestate: b=2');
    is(at_violet()->{tracestate}, 'a=1,b=2', 'two headers are joined');

    my $long = 'a=' . 'x' x 510;
    ask("traceparent: $parent", "tracestate: $long");
    is(at_violet()->{tracestate}, $long, '512 bytes are sent');

    ask("traceparent: $parent", "tracestate: $long", 'tracestate: b=2');
    ok(!exists at_violet()->{tracestate}, 'more are not');
}


sub nothing_else_goes {
    ask('X-Other: 1', 'Cookie: a=b', 'Authorization: Bearer x');

    my $got = at_violet();
    is(join(' ', grep { exists $got->{$_} } qw(x-other cookie authorization)),
       '', 'no other header of the caller');
}


# The answers of callers who share a flight of that merchant.
sub shared {
    my ($hosts, $merchant, $status) = @_;

    my $client = $live->client($near->port);

    $client = $live->client($hosts->[0]->port);
    $client->send($health->path($merchant) . " HTTP/1.1\r\nHost: h\r\n"
                  . "X-Request-Id: opener-$merchant\r\n"
                  . "Connection: close\r\n\r\n");
    ok($health->reaches($merchant), "$merchant: Violet is asked");

    my @others = map { $health->ask($hosts->[$_ % @$hosts], $merchant) }
                 1 .. 12;
    my @answers = map { $health->answer($_, 60) } $client, @others;

    $health->all_are($status, $merchant, @answers);
    is($health->reached($merchant), 1, "$merchant: one request");

    my %seen;
    $seen{$_->{headers}{'x-sent'} || ''}++ for @answers;
    is_deeply(\%seen, {"opener-$merchant" => 13},
              "$merchant: all have the id that Violet got");

    for my $host (@$hosts) {
        my $path = "/v1/operations/connection_health/$merchant";
        ok($live->wait_for(10, sub {
            my @lines = grep { / $path$/ } split /\n/, Live::Nginx::text_of(
                $host->folder . '/logs/ids.log');
            @lines && !grep { $_ ne "opener-$merchant $path" } @lines;
        }), "$merchant: so has the access log");
    }
}


sub shared_on_one_host {
    my $merchant = merchant();

    $health->control("delay?connection_health/$merchant=2");
    shared([$near], $merchant, 200);
}


sub shared_by_hosts {
    my $merchant = merchant();

    $health->control("delay?connection_health/$merchant=2");
    shared([$near, $far], $merchant, 200);
}


sub shared_failure {
    my $merchant = merchant();

    $health->control("delay?connection_health/$merchant=2");
    $health->control("fault?connection_health/$merchant=500");
    shared([$near, $far], $merchant, 502);
}


sub shared_without_redis {
    my $nginx = host(redis => '');
    my $merchant = merchant();

    $health->control("delay?connection_health/$merchant=2");
    shared([$nginx], $merchant, 200);
    $nginx->stop;
}


# The reader who starts the renewal shares it with nobody.
sub background_renewal {
    my $merchant = merchant();

    $health->get($near, $merchant);
    $health->command('HINCRBY ' . $health->key($merchant)
                     . ' stored_at -4000000');
    $health->heard($near);

    my $answer = $health->get($near, $merchant,
                              headers => {'X-Request-Id' => 'reader'});
    is($answer->{vars}{cache_status}, 'UPDATING', 'a renewal is started');
    is($answer->{headers}{'x-sent'} || '', '', 'its reader has no id');
    ok($health->reaches($merchant, 2), 'Violet is asked');
    is(at_violet()->{'x-request-id'}, 'reader', 'with the id of the reader');
}


sub no_id_without_a_request {
    my $merchant = merchant();

    $health->get($near, $merchant);
    my $hit = $health->get($near, $merchant);
    is($hit->{vars}{cache_status}, 'HIT', 'a hit');
    is($hit->{headers}{'x-sent'} || '', '', 'a hit has no id');

    $health->get($near, 42901);
    my $held = $health->get($near, 42901);
    like($held->{cache}, qr/detail=held/, 'an answer that is held');
    is($held->{headers}{'x-sent'} || '', '', 'it has no id');

    my $limited = ($health->get($near, "$merchant?refresh=true"),
                   $health->get($near, "$merchant?refresh=true"))[1];
    is($limited->{status}, 429, 'a refused refresh');
    is($limited->{headers}{'x-sent'} || '', '', 'it has no id');
}


# A proxy_set_header line wins, and its $request_id is the caller's.
sub set_by_the_operator {
    my $answer = $health->get($near, merchant(), prefix => '/own/',
                              headers => {'X-Request-Id' => 'caller'});

    is(at_violet()->{'x-request-id'}, "gw-$answer->{headers}{'x-own'}",
       'set by the operator: the $request_id of the caller');
    is($answer->{headers}{'x-sent'}, at_violet()->{'x-request-id'},
       'set by the operator: $violet_request_id');
}


sub other_routes {
    my $answer = $live->request($near->port, 'GET /v1/merchants', headers => {
        'X-Request-Id' => 'streamed', 'traceparent' => $parent});

    is(at_violet('other')->{traceparent}, $parent,
       'another route: traceparent passes');
    is($answer->{headers}{'x-sent'}, 'streamed',
       'another route: $violet_request_id');

    $answer = $live->request($near->port, 'GET /own/v1/merchants');
    is($answer->{headers}{'x-sent'}, "gw-$answer->{headers}{'x-own'}",
       'another route: set by the operator');

    $answer = $live->request($near->port, 'GET /v1/merchants');
    is($answer->{headers}{'x-sent'} || '', '', 'another route: no id');
}


sub submits {
    my $answer = $live->request(
        $near->port, 'POST /v1/checkout/cart/20001/submit',
        headers => {'X-Request-Id' => 'submit-1', 'traceparent' => $parent});

    is($answer->{status}, 200, 'a submit');
    is(at_violet('cart_submit')->{traceparent}, $parent,
       'a submit: traceparent passes');
    is($answer->{headers}{'x-sent'}, 'submit-1',
       'a submit: $violet_request_id');
}
