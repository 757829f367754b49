#!/usr/bin/perl

# The headers of Violet's answer to a submit: those that nginx passes on reach
# the caller once, and the two that only the gateway sets are not Violet's.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Faults;
use Test::More;

my $order = '{"id":%d,"status":"COMPLETED","bags":[{"id":1,"status":'
            . '"ACCEPTED"}]}';
my @own = ('Date: Tue, 01 Dec 2026 10:00:00 GMT', 'Server: violet',
           'ETag: "order"', 'X-Violet-Cart-Outcome: partial',
           'X-Violet-Submit-Replayed: true', 'X-Violet-Request-Id: of-violet');
my @many = map { "X-Many-$_: $_" } 1 .. 30;

my $live = Live->new(patient => 1);
my $faults = Live::Faults->new($live);
my $violet = $live->fake(do => 'answer', bytes => \&answer);
my $nginx = gateway();
my ($worker) = $nginx->workers;

passed_on();
another_coding();
without_memory();

$live->check_logs(qr/\[emerg\].*malloc\(.*failed/);
done_testing();


sub gateway {
    return $live->nginx(
        workers => 1, faults => $faults,
        http => Live::Faults::small_pools() . <<"        END",
        violet_app shop {
            app_id      10000;
            app_secret  mock-app-secret;
            token       mock-token;
        }

        upstream violet_api {
            server 127.0.0.1:@{[$violet->port]} max_fails=0;
        }
        END
        server => $live->violet_location
                  . 'location /own/v1/ { violet shop;'
                  . ' proxy_pass http://violet_api/v1/;'
                  . ' proxy_pass_header Date; proxy_pass_header Server; }'
                  . 'location /off/v1/ { violet shop; violet_cart_errors off;'
                  . ' proxy_pass http://violet_api/v1/; }');
}


# Carts from 3000 on have an answer in another coding, those from 2000 on one
# with many headers.
sub answer {
    my ($in) = @_;

    my ($cart) = $in =~ m{/cart/(\d+)};
    my $body = sprintf $order, $cart;
    my @headers = ('Content-Type: application/json',
                   'Content-Length: ' . length $body,
                   $cart < 2000 ? @own : $cart < 3000 ? @many
                                       : 'Content-Encoding: br');

    return join "\r\n", 'HTTP/1.1 200 OK', @headers, '', $body;
}


sub submit {
    my ($cart, $prefix) = @_;

    return $live->request($nginx->port, 'POST ' . ($prefix || '')
                                        . "/v1/checkout/cart/$cart/submit",
                          body => '{}');
}


sub lines {
    my ($answer, $name) = @_;

    my ($head) = $answer->{raw} =~ /^(.*?)\r\n\r\n/s;

    return join '|', $head =~ /^\Q$name\E: (.*?)\r?$/mig;
}


sub passed_on {
    my $answer = submit(1001, '/own');

    is(lines($answer, 'Date'), 'Tue, 01 Dec 2026 10:00:00 GMT',
       'the Date is that of Violet');
    is(lines($answer, 'Server'), 'violet', 'and the Server');
    is(lines($answer, 'ETag'), '"order"', 'and the ETag');
    is(lines($answer, 'X-Violet-Request-Id'), 'of-violet', 'and any other');
    is(lines($answer, 'X-Violet-Cart-Outcome'), 'completed',
       'the outcome is that of the gateway');
    is(lines($answer, 'X-Violet-Submit-Replayed'), '', 'it is no replay');

    $answer = submit(1002);
    is(lines($answer, 'Server') =~ /^violet$/ ? 1 : 0, 0,
       'without proxy_pass_header the Server is nginx');
    unlike(lines($answer, 'Date'), qr/10:00:00|\|/, 'and the Date is its own');
}


# With violet_cart_errors off even an answer that cannot be read is passed on.
sub another_coding {
    my $answer = submit(3001, '/off');

    is("$answer->{status} " . lines($answer, 'Content-Encoding'), '200 br',
       'an answer in another coding is passed on as it is');
    is($answer->{body}, sprintf($order, 3001), 'byte for byte');
    is(lines($answer, 'X-Violet-Cart-Outcome'), 'unknown',
       'and its outcome is unknown');
}


# Each time a list of headers needs memory, it gets none.
sub without_memory {
    my (%seen, @wrong, @carts);

    is(submit(2000)->{headers}{'x-many-30'}, 30, 'many headers are passed on');

    for my $need (1 .. 12) {
        my $cart = 2000 + $need;

        $faults->fail($worker, 'headers', $need);
        my $answer = submit($cart);
        last if !$faults->disarm;

        my $status = $answer->{status} || 0;
        $seen{$status}++;
        push @wrong, "$need: $status is without a header"
            if $status == 200 && !$answer->{headers}{'x-many-30'};

        my $again = submit($cart)->{status};
        push @wrong, "$need: then $again" if $again != 200;
        push @carts, $cart;
    }

    is(join("\n", @wrong), '', 'without memory: all of the headers, or an error');
    ok($seen{500}, 'without memory: a 500');
    ok($live->wait_for(60, sub { !grep { !sent($_) } @carts }),
       'each cart was sent');
    is(join(' ', grep { sent($_) != 1 } @carts), '', 'and none of them twice');
}


# The fake writes what it received after the answer.
sub sent {
    my ($cart) = @_;

    return scalar(() = $violet->received =~ m{POST \S*/cart/$cart/submit}g);
}
