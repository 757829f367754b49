#!/usr/bin/perl

# Two upstreams that close after each byte of the answer, or of the request:
# although proxy_next_upstream allows nginx to try the next one, no submit is
# sent twice.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Schema;

my $live = Live->new;
my $redis = $live->redis;

my $order = '{"id":1,"status":"COMPLETED","bags":[{"id":1,"status":'
            . '"ACCEPTED"}]}';
my $answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
             . 'Content-Length: ' . length($order) . "\r\n\r\n$order";

at_every_byte_of_the_answer();
at_every_byte_of_the_request();
on_a_kept_connection();

$live->check_logs;
done_testing();


sub gateway {
    my (@fakes) = @_;

    my $servers = join '', map { 'server 127.0.0.1:' . $_->port
                                 . " max_fails=0;\n" } @fakes;

    return $live->nginx(
        workers => 1,
        http    => <<"        END",
        violet_redis redis://127.0.0.1:@{[$redis->port]}/0;

        violet_app shop {
            app_id      10000;
            app_secret  mock-app-secret;
            token       mock-token;
        }

        upstream violet_api {
            $servers
            keepalive 4;
        }
        END
        server  => $live->violet_location(
            'proxy_next_upstream error timeout invalid_header http_500 '
            . 'http_502 non_idempotent;'));
}


sub submit {
    my ($nginx, $cart) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{"a":"b"}');
}


# Cart N gets the first N bytes of the answer.
sub at_every_byte_of_the_answer {
    my $cut = sub {
        my ($in) = @_;
        my ($cart) = $in =~ m{/cart/(\d+)/submit};
        return substr $answer, 0, $cart - 1;
    };
    my @fakes = map { $live->fake(do => 'answer', bytes => $cut) } 1 .. 2;
    my $nginx = gateway(@fakes);
    my (@wrong, @invalid);

    for my $cart (1 .. length($answer) + 1) {
        my $got = submit($nginx, $cart);
        my $outcome = $got->{headers}{'x-violet-cart-outcome'} // 'none';
        my $whole = $cart == length($answer) + 1;

        push @wrong, "$cart: $outcome"
            if $outcome ne ($whole ? 'completed' : 'unknown');
        push @invalid, $cart
            if !$whole && Violet::Schema::violation($got->{body}) ne '';
    }

    is("@wrong", '', 'the answer: unknown, until its last byte is there');
    is("@invalid", '', 'the answer: each problem is of the schema');

    # the fakes write what they received after the answer
    my %times;
    $live->wait_for(30, sub {
        my $received = join '', map { $_->received } @fakes;

        %times = ();
        $times{$_}++ for $received =~ m{POST /v1/checkout/cart/(\d+)/submit}g;

        return keys %times > length $answer;
    });

    is(scalar keys %times, length($answer) + 1, 'the answer: all were sent');
    is(join(' ', grep { $times{$_} != 1 } sort keys %times), '',
       'the answer: each was sent once');
}


# Connection N is closed, or reset, after N bytes of the request.
sub at_every_byte_of_the_request {
    my $close = sub {
        my ($socket, $n) = @_;
        my $left = $n;

        while ($left > 0 && sysread $socket, my $bytes, $left) {
            $left -= length $bytes;
        }
    };
    my @fakes = map { $live->fake(do => $close) } 1 .. 2;
    my $nginx = gateway(@fakes);
    my @wrong;
    my $submits = 300;

    for my $cart (10001 .. 10000 + $submits) {
        my $got = submit($nginx, $cart);
        my $outcome = $got->{headers}{'x-violet-cart-outcome'} // 'none';
        push @wrong, "$cart: $outcome" if $outcome ne 'unknown';
    }

    is("@wrong", '', 'the request: cut at any byte the outcome is unknown');

    my $connections = 0;
    $connections += $_->connections for @fakes;
    is($connections, $submits, 'the request: one connection for each submit');
}


# A connection that has served a read is used for the submit, and closed or
# reset after so many bytes of the submit: nginx must not treat it like a
# connection that was closed before.
sub on_a_kept_connection {
    my $log = $live->folder . '/kept';
    my $submits = 150;
    my $read = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
               . "Content-Length: 2\r\n\r\n{}";

    my $once = sub {
        my ($socket, $n) = @_;
        my ($in, $bytes) = ('', '');

        while ($in !~ /\r\n\r\n/) {
            sysread $socket, $bytes, 4096 or return;
            $in .= $bytes;
        }

        open my $out, '>>', $log or die "$log: $!\n";
        syswrite $out, ($in =~ /^POST/ ? 'new' : 'read') . "\n";
        return if $in =~ /^POST/;

        syswrite $socket, $read;
        $in = '';

        while (length $in < $n && sysread $socket, $bytes, $n - length $in) {
            $in .= $bytes;
        }

        syswrite $out, "kept\n" if $in =~ /^P/;
    };
    # two servers at one address, so that both can use the connection
    my $nginx = gateway(($live->fake(do => $once)) x 2);
    my @wrong;

    for my $cart (20001 .. 20000 + $submits) {
        $live->request($nginx->port, 'GET /v1/merchants');
        my $got = submit($nginx, $cart);
        my $outcome = $got->{headers}{'x-violet-cart-outcome'} // 'none';
        push @wrong, "$cart: $outcome" if $outcome ne 'unknown';
    }

    is("@wrong", '', 'a kept connection: unknown, wherever it was cut');

    open my $in, '<', $log or die "$log: $!\n";
    my %times;
    $times{$_ =~ s/\n//r}++ while defined($_ = <$in>);

    cmp_ok($times{kept} // 0, '>', $submits / 2, 'most were on one');
    cmp_ok(($times{kept} // 0) + ($times{new} // 0), '<=', $submits,
           'none was sent twice');
}
