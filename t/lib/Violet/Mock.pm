package Violet::Mock;

# Patterns for the mock's record of its requests (GET /_mock/counts and
# GET /_mock/last), and for problems of the gateway.  They are exported into
# the test file; a block's "eval" calls them as ::counts(...).

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(asked counts problem sent);

my @routes = qw(
    cart_payment cart_read cart_submit connection_health
    connection_health_list connection_health_report connection_health_search
    garbage login order_create other token unauthorized
);


# The whole of /_mock/counts; a route that is not given has the count 0.
sub counts {
    my (%count) = ((map { $_ => 0 } @routes), @_);

    my $text = join ', ', map { "\"$_\": $count{$_}" } sort keys %count;

    return '\A' . quotemeta("{$text}") . '\z';
}


# /_mock/last: the line of a route's last request; then optional regexes for
# its headers and for the rest, in any order: nginx 1.31.4 and newer send Host
# first.
sub asked {
    my ($route, $line, @rest) = @_;

    my $request = quotemeta("\"$route\": {\"line\": \"$line HTTP/1.");

    return join '', "$request\[01]\"", map { "(?=[^{}]*(?:$_))" } @rest;
}


# A header of a request, as /_mock/last and an echo show it.
sub sent {
    my ($name, $value) = @_;

    return quotemeta("[\"$name\", \"$value\"]");
}


# The problem document of section 8 with all its keys.
sub problem {
    my ($type, $status, $detail) = @_;

    $detail = '' if !defined $detail;

    return '\A\{"type":"urn:ngx-violet:' . quotemeta($type)
           . '","title":"[^"\\\\]+","status":' . $status . ',"detail":"'
           . '(?=(?:[^"\\\\]|\\\\.)*?' . $detail . ')(?:[^"\\\\]|\\\\.)+'
           . '","request_id":"[0-9a-f]{32}"\}\s*\z';
}

1;
