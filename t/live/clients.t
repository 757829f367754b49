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
                         server => $live->violet_location);

my %command = (python => 'python3', perl => 'perl');

# What the client must say, by what the mock makes of the cart.
my @rows = (
    [20000, 'done'], [20100, 'pending'], [20300, 'requires_action'],
    [20700, 'never'], [40000, 'after_change'], [40100, 'later'],
    [60000, 'check_first'], [40900, 'check_first'],
    ['0', 'fix_request'],
);

my $number = 0;

for my $language (sort keys %command) {
    my $file = $live->folder . "/client.$language";
    open my $out, '>', $file or die "$file: $!\n";
    print $out example($language);
    close $out;

    for my $row (@rows) {
        my ($cart, $expected) = @$row;
        my $id = $cart eq '0' ? $cart : $cart + $number;
        my $url = 'http://127.0.0.1:' . $nginx->port
                  . "/v1/checkout/cart/$id/submit";
        my $says = `$command{$language} $file $url`;

        is($says, "$expected\n", "$language: cart $id");
    }

    my $says = `$command{$language} $file http://127.0.0.1:1/`;
    is($says, "check_first\n", "$language: nobody there");

    $number++;
}

$live->check_logs;
done_testing();


sub example {
    my ($language) = @_;

    my $text = Live::Nginx::text_of('docs/cart-errors.md');
    my ($code) = $text =~ /^```$language\n(.*?)^```$/ms
        or die "docs/cart-errors.md has no example in $language\n";

    return $code;
}
