#!/usr/bin/perl

# nginx keeps the headers of an answer in a list, which needs memory after each
# 20 of them.  Here another server has filled the list, up to the header that the
# test chooses, before it passes the request on by X-Accel-Redirect; Violet's
# answer has some more.  Each time the list needs memory it gets none: the caller
# gets a 500 or the answer with all of its headers, never one without, and a cart
# reaches Violet at most once.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Faults;
use Live::Health;
use Test::More;

# the headers that fill the list, and the times that it needs memory
use constant {
    FILLED => 20,
    NEEDS  => 6,
};

my $live = Live->new(patient => 1);
my $health = Live::Health->new($live);
my $faults = Live::Faults->new($live);
my $fill = $live->nginx(http => fill_http(), server => fill_server());
my $nginx = gateway();
my $other = gateway(faults => undef);
my ($worker) = $nginx->workers;
my ($cart, $merchant) = (1000000, 100000);
my %number;
my $failed = 0;

# Name, what prepares a request and returns it, headers of a whole answer.
my @submit = qw(x-violet-cart-outcome);
my @report = qw(age cache-status etag x-violet-merchant-state);
my @rows = (
    ['an order', \&order, @submit],
    ['a problem', of_group(20700), @submit],
    ['too many submits', of_group(42900), @submit, 'retry-after'],
    ['a repeat', again(\&order), @submit, 'x-violet-submit-replayed'],
    ['a repeat of a part', again(of_group(20700)), @submit,
     'x-violet-submit-replayed'],
    ['a cart in doubt', again(of_group(60300)), @submit],
    ['an outcome', outcome(\&order), @submit, 'x-violet-submit-replayed'],
    ['nothing was submitted', outcome(), @submit],
    ['a miss', \&miss, @report],
    ['a hit', after(\&miss), @report],
    ['a refresh', \&refresh, @report, 'ratelimit', 'ratelimit-policy'],
    ['a refresh over the limit', after(\&refresh), 'retry-after', 'ratelimit'],
    ['a report by POST', \&by_post, 'ratelimit'],
    ['no report', about(40400), 'cache-status'],
    ['a 429 of Violet', about(42900), 'cache-status', 'retry-after'],
    ['a 429 that is held', after(about(42900)), 'cache-status', 'retry-after'],
    ['a wrong method', plain('PUT /purge?merchant_id=1'), 'allow'],
    ['a purge without its token', plain('POST /secret?merchant_id=1'),
     'www-authenticate'],
    ['an event without a signature', plain('POST /hook'), 'www-authenticate'],
    ['what is known of a report', plain('GET /purge?merchant_id=1'),
     'cache-control'],
    ['readiness', plain('GET /ready'), 'cache-control'],
    ['metrics', plain('GET /status'), 'cache-control'],
    ['the page', plain('GET /status?format=html'), 'cache-control',
     'content-security-policy', 'x-content-type-options', 'referrer-policy'],
);

fails(@$_) for @rows;

cmp_ok($failed, '>', 20 * @rows, 'the list gets no memory');
is(join(' ', $nginx->workers), $worker, 'the worker lives');

$live->check_logs(qr/\[emerg\].*malloc\(.*failed/);
done_testing();


# --- servers ---

# X-Full with N bytes asks for N headers.
sub fill_http {
    return join '', map {
        "map \$http_x_full \$full_$_ { '~^.{$_}' $_; default ''; }\n"
    } 1 .. FILLED;
}


sub fill_server {
    return 'location / { add_header X-Accel-Redirect @filled;'
           . join('', map { "add_header Set-Cookie \$full_$_;" } 1 .. FILLED)
           . ' return 200; }';
}


sub gateway {
    my (%option) = @_;

    my $filled = 'http://127.0.0.1:' . $fill->port;

    return $health->gateway(
        workers => 1, faults => $faults, extra => Live::Faults::small_pools(),
        lines => 'violet_refresh_limit merchant=1r/1m app=1000r/1s;',
        more => 'location = /purge { violet_purge shop; }'
                . 'location = /secret { violet_purge shop token=purge-token; }'
                . 'location = /hook { violet_webhook shop; }'
                . 'location = /ready { violet_ready; }'
                . 'location = /status { violet_status; }'
                . "location /full/ { rewrite ^/full(/.*) \$1 break;"
                . " proxy_pass $filled; }"
                . 'location @filled { rewrite ^(.*) $1 last; }',
        %option);
}


# --- requests ---

sub order {
    return {%{submit_of(++$cart)}, new => 1};
}


sub submit_of {
    my ($id) = @_;

    return {id => $id, what => "POST /v1/checkout/cart/$id/submit",
            body => '{}'};
}


# A cart of a group of the mock's, about which no gateway has a record.
sub of_group {
    my ($group) = @_;

    return sub {
        my $id = $group + $number{$group}++ % 100;
        $live->request($_->port, "POST /purge?cart_id=$id&force=1",
                       body => '') for $nginx, $other;
        $health->control('reset');
        return submit_of($id);
    };
}


# The other gateway has sent it before.
sub again {
    my ($make) = @_;

    return sub {
        my $request = $make->();
        ask($other, $request);
        $live->submit_ended($health->{redis}, $request->{id})
            or die "Redis does not know that cart $request->{id} ended\n";
        return {%$request, sent => 1, new => 0};
    };
}


sub outcome {
    my ($make) = @_;

    return sub {
        my $request = $make ? again($make)->() : {id => ++$cart, sent => 0};
        return {id => $request->{id}, sent => $request->{sent},
                what => "GET /v1/checkout/cart/$request->{id}/submit"};
    };
}


sub miss {
    return {what => $health->path(++$merchant)};
}


sub refresh {
    return {what => $health->path(++$merchant . '?refresh=true')};
}


sub by_post {
    return {what => 'POST /v1/operations/connection_health/' . ++$merchant,
            body => '{}'};
}


sub about {
    my ($group) = @_;

    return sub {
        return {what => $health->path($group + $number{$group}++ % 100)};
    };
}


# A request that the gateway answers by itself.
sub plain {
    my ($what) = @_;

    return sub {
        return {what => $what, $what =~ /^P/ ? (body => '{}') : ()};
    };
}


# This gateway has answered the same request before.
sub after {
    my ($make) = @_;

    return sub {
        my $request = $make->();
        ask($nginx, $request);
        return $request;
    };
}


sub ask {
    my ($gateway, $request, $filled) = @_;

    my $what = $request->{what};

    $what =~ s{ /}{ /full/} if defined $filled;

    return $live->request(
        $gateway->port, $what,
        defined $request->{body} ? (body => $request->{body}) : (),
        headers => $filled ? {'X-Full' => 'x' x $filled} : {});
}


# --- the checks ---

sub fails {
    my ($name, $make, @headers) = @_;

    my $whole = ask($nginx, $make->(), 0);
    my $status = $whole->{status} || 0;
    my ($tried, @wrong) = (0);

    is(join(' ', grep { !exists $whole->{headers}{$_} } @headers), '',
       "$name: with status $status it has its headers");

    for my $filled (FILLED - 12 .. FILLED) {
        for my $need (1 .. NEEDS) {
            my $request = $make->();

            $faults->fail($worker, 'headers', $need);
            my $answer = ask($nginx, $request, $filled);

            last if !$faults->disarm;

            $tried++;
            push @wrong, map { "$filled $need: $_" }
                         wrong($whole, $answer, @headers),
                         sent($request);
        }
    }

    is(join("\n", @wrong), '', "$name: whole or a 500, $tried times");
    $failed += $tried;
}


sub wrong {
    my ($whole, $answer, @headers) = @_;

    my $status = $answer->{status} || 0;

    # nginx closes the connection if it cannot make the header of the answer
    return if $status == 0 && ($answer->{error} || '') !~ /time/;

    # a flight, or the gateway's own read of a cart, got no memory
    return if $status == 500 || $status == 502;
    return if $status == 409 && $answer->{headers}{'x-violet-cart-outcome'};
    return "status $status" if $status != $whole->{status};
    return map { "without $_" } grep { !exists $answer->{headers}{$_} } @headers;
}


# A new cart is submitted again, and must then have been sent once.
sub sent {
    my ($request) = @_;

    return if !$request->{id};

    if ($request->{new}) {
        ask($nginx, $request);
        my $now = $health->reached("cart_submit/$request->{id}");
        return $now == 1 ? () : "it is sent $now times";
    }

    my $sent = $health->reached("cart_submit/$request->{id}");
    my $most = $request->{sent} // 1;

    return $sent > $most ? "it is sent $sent times" : ();
}
