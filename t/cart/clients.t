#!/usr/bin/perl

# The clients of docs/cart-errors.md, taken from there and run.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $nginx = $live->nginx(workers => 1,
                         http   => $live->violet_http($redis, $mock),
                         server => $live->violet_location
                                   . 'location /wrong/v1/ { violet shop;'
                                   . 'violet_submit_guard off; set $how https;'
                                   . 'proxy_pass $how://violet_api; }'
                                   . 'location /busy/ { return 429; }');

my %command = (python => 'python3', perl => 'perl');

# What the client must say, by what the mock makes of the cart; of those from
# 40000 on it shows an open cart where the id is even.  Some are asked again.
my @rows = (
    [20000, 'done'], [20000, 'done'], [20100, 'pending'],
    [20300, 'requires_action'], [20700, 'new_cart_for_failed_bags'],
    [20700, 'manual'],
    [20800, 'after_change'], [20900, 'new_cart'],
    [40000, 'after_change'], [40100, 'later'], [40900, 'submit_again'],
    [60000, 'submit_again'], [60000, 'submit_again'],
    [60001, 'read_order'], [60001, 'read_order'],
    [0, 'fix_request'],
);

my $number = 0;

for my $language (sort keys %command) {
    my $file = $live->folder . "/client.$language";
    open my $out, '>', $file or die "$file: $!\n";
    print $out example($language);
    close $out;

    for my $row (@rows) {
        my ($cart, $expected) = @$row;
        my $id = $cart ? $cart + $number : 0;

        is(says($language, $file, $nginx->port, "/v1/checkout/cart/$id"),
           $expected, "$language: cart $id");
    }

    # the guard holds back what was repeated, but for what a read cleared up
    my $counts = $live->mock_counts($mock);
    my %sent = map { $_ => $counts->{'cart_submit/' . ($_ + $number)} }
                   20000, 20700, 60000, 60001;
    is_deeply(\%sent, {20000 => 1, 20700 => 1, 60000 => 2, 60001 => 1},
              "$language: how often each reached Violet");

    is(says($language, $file, $nginx->port, '/wrong/v1/checkout/cart/1'),
       'later', "$language: a problem of the gateway's own");
    is(says($language, $file, $nginx->port, '/busy/v1/checkout/cart/1'),
       'later', "$language: too many requests");
    is(says($language, $file, 1, '/v1/checkout/cart/1'), 'manual',
       "$language: nobody there");

    $number += 2;
}

$live->check_logs;
done_testing();


sub says {
    my ($language, $file, $port, $path) = @_;

    my $says = `$command{$language} $file http://127.0.0.1:$port$path 0`;

    return $says =~ s/\n\z//r;
}


sub example {
    my ($language) = @_;

    my $text = Live::Nginx::text_of('docs/cart-errors.md');
    my ($code) = $text =~ /^```$language\n(.*?)^```$/ms
        or die "docs/cart-errors.md has no example in $language\n";

    return $code;
}
