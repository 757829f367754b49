#!/usr/bin/perl

# A gateway whose error_log has only what is critical answers as another one
# does, and logs nothing of what the other one warns about.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my %gateway = map { $_ => gateway($_) } qw(info crit);
my %add = (info => 0, crit => 10);

# Name, method and prefix, the id, the rest of the path, headers.
my @requests = (
    ['an order', 'POST /v1/checkout/cart/', 20001, '/submit'],
    ['a repeat', 'POST /v1/checkout/cart/', 20001, '/submit'],
    ['a question', 'GET /v1/checkout/cart/', 20001, '/submit'],
    ['a part', 'POST /v1/checkout/cart/', 20701, '/submit'],
    ['a submit in doubt', 'POST /v1/checkout/cart/', 60301, '/submit'],
    ['another one of it', 'POST /v1/checkout/cart/', 60301, '/submit'],
    ['what became of it', 'GET /v1/checkout/cart/', 60301, '/submit'],
    ['a bad path', 'POST /v1/checkout/cart/x', 1, '/submit'],
    ['a merchant that is unknown', 'GET ' . health(), 40401, ''],
    ['a failure', 'GET ' . health(), 60001, ''],
    ['a refresh', 'GET ' . health(), 42, '?refresh=true'],
    ['one over the limit', 'GET ' . health(), 42, '?refresh=true'],
    ['one in a dry run', 'GET /dry' . health(), 42, '?refresh=true'],
    ['a name with variables', 'GET /where' . health(), 43, ''],
    ['a webhook that is not signed', 'POST /hook?', 1, ''],
    ['a cart that is freed by force', 'POST /purge?force=1&cart_id=', 60301,
     ''],
    ['an app without a name', 'GET /nobody/v1/merchants/', 1, ''],
    ['a submit of it', 'POST /nobody/v1/checkout/cart/', 20002, '/submit'],
    ['plain http to another machine', 'GET /far/v1/merchants/', 1, ''],
    ['plain http to a name', 'GET /name/v1/merchants/', 1, ''],
);

for my $request (@requests) {
    my ($name, $what, $id, $rest) = @$request;
    my %got = map {
        $_ => $live->request($gateway{$_}->port,
                             $what . ($id + $add{$_}) . $rest, timeout => 60,
                             $what =~ /^POST/ ? (body => '{}') : ())
    } keys %gateway;

    is(summary($got{crit}), summary($got{info}), "$name: the same answer");
}

my @lines = grep { /violet: / } split /\n/, $gateway{info}->error_log;
cmp_ok(scalar @lines, '>=', 5, 'one log has lines of the module');
unlike($gateway{crit}->error_log, qr/violet: /, 'the other one has none');

$live->check_logs;
done_testing();


sub gateway {
    my ($level) = @_;

    my $limit = 'violet_refresh_limit merchant=1r/10m app=1000r/s';

    return $live->nginx(
        workers => 1, log_level => $level,
        http => $live->violet_http($redis, $mock, <<'        END'),
            map '' $nobody { default nobody; }
            map '' $far    { default '192.0.2.1:80'; }
            map '' $name   { default 'violet.test'; }
        END
        server => $live->violet_location("$limit; proxy_read_timeout 600ms;")
                  . "location /dry/v1/ { violet shop; $limit dry_run;"
                  . ' proxy_pass http://violet_api/v1/; }'
                  . 'location /where/v1/ { violet shop; set $how http;'
                  . ' violet_submit_guard off; proxy_pass $how://violet_api; }'
                  . 'location = /hook { violet_webhook shop; }'
                  . 'location = /purge { violet_purge shop; }'
                  . join '', map {
                        "location /$_->[0]/v1/ { violet $_->[1];"
                        . " proxy_pass http://$_->[2]; }"
                    } ['nobody', '$nobody', 'violet_api/v1/'],
                      ['far', 'shop', '$far'], ['name', 'shop', '$name']);
}


sub health {
    return '/v1/operations/connection_health/';
}


sub summary {
    my ($answer) = @_;

    return join ' ', $answer->{status} // 'none',
           map { $answer->{headers}{$_} // '-' } qw(
               x-violet-cart-outcome x-violet-submit-replayed content-type
               x-violet-merchant-state);
}
