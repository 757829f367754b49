package Test::Nginx::Request;

# Makes the bytes to be sent from the request sections of a block.
#
# A request is a list of packets; a packet is {value, delay_before}.

use strict;
use warnings;

use Exporter 'import';
use Test::Nginx::Util qw(bail_out expand_env setting);

our @EXPORT_OK = qw(requests_of);


sub requests_of {
    my ($block) = @_;

    if (defined(my $raw = $block->value('raw_request'))) {
        my @parts = ref $raw eq 'ARRAY' ? @$raw : ($raw);
        return [map { {value => $_} } @parts];
    }

    if ($block->value('pipelined_requests')) {
        return pipeline($block);
    }

    my $request = $block->value('request');
    my $name = $block->value('name');

    bail_out("$name - no request") if !defined $request;

    return one_request($block, 0, strip_comments($request)) if !ref $request;

    bail_out("$name - a request is a string or an array")
        if ref $request ne 'ARRAY';

    return map { one_request($block, $_, $request->[$_]) } 0 .. $#$request;
}


sub pipeline {
    my ($block) = @_;

    my $name = $block->value('name');
    my $texts = $block->value('pipelined_requests');

    bail_out("$name - pipelined_requests is no array")
        if ref $texts ne 'ARRAY';

    my $bytes = '';

    for my $i (0 .. $#$texts) {
        my $text = expand_env($texts->[$i], $name);
        my $connection = $i == $#$texts ? 'close' : 'keep-alive';

        $bytes .= join '', assemble($block, $i, $connection, $text);
    }

    return [{value => $bytes}];
}


sub one_request {
    my ($block, $i, $request) = @_;

    return [{value => assemble($block, $i, 'close', $request)}]
        if !ref $request;

    my $name = $block->value('name');

    bail_out("$name - a request of many is a string or an array of packets")
        if ref $request ne 'ARRAY';

    my @packets = map { ref $_ ? {%$_} : {value => $_} } @$request;
    my @values = assemble($block, $i, 'close', map { $_->{value} } @packets);

    $packets[$_]{value} = $values[$_] for 0 .. $#packets;

    return \@packets;
}


sub strip_comments {
    my ($text) = @_;

    1 while $text =~ s/^\s*#[^\n]+\s+// || $text =~ s/^\s+//;

    return $text;
}


# Takes a request in short form, cut into packets, and returns the full request,
# cut at the same places: the packet that ends the request line gets the header.
sub assemble {
    my ($block, $i, $connection, @packets) = @_;

    my $text = join '', @packets;
    my ($line, $body) = $text =~ /\A([^\n]*\n?)(.*)\z/s;

    my $start = start_line($block, $line);
    my ($more, $chunked) = more_headers($block, $i);

    my $trimmed = $body;
    my $length = '';

    if (!$chunked && $body ne '' && $more !~ /^Content-Length:/m) {
        $trimmed =~ s/\A\s+//;
        $trimmed =~ s/\s+\z//;
        $length = 'Content-Length: ' . length($trimmed) . "\r\n";
    }

    my $header = '';
    $header .= 'Host: ' . setting('server_name') . "\r\n"
        if $more !~ /^Host:/mi;
    $header .= "Connection: $connection\r\n" if $more !~ /^Connection/mi;

    my $head = "$start$header$more$length\r\n";

    return "$head$trimmed" if @packets == 1;

    return cut($head, $trimmed, length $line, @packets);
}


sub cut {
    my ($head, $body, $line_length, @packets) = @_;

    my @out;

    for my $packet (@packets) {
        my $length = length $packet;

        if ($length < $line_length) {
            push @out, substr $head, 0, $length, '';
            $line_length -= $length;
            next;
        }

        my $rest = $length - $line_length;
        my $part = substr $body, 0, $rest, '';

        push @out, "$head$part";
        ($head, $line_length) = ('', 0);
    }

    return @out;
}


sub start_line {
    my ($block, $line) = @_;

    my $name = $block->value('name');

    bail_out("$name - an empty request line") if $line eq '';

    $line =~ /^\s*(\S+)(?: +(\S+))?(?: +(\S+))?\s*$/
        or bail_out("$name - bad request line \"$line\"");

    my $url = defined $2 ? $2 : '/';
    my $version = defined $3 ? $3 : 'HTTP/1.1';

    return "$1 $url $version\r\n";
}


sub more_headers {
    my ($block, $i) = @_;

    my $text = $block->value('more_headers');
    $text = '' if !defined $text;

    if (ref $text eq 'ARRAY') {
        $text = $text->[$i];
        bail_out($block->value('name') . " - no more_headers for request $i")
            if !defined $text;
    }

    my ($headers, $chunked) = ('', 0);

    for my $line (split /\n+/, $text) {
        next if $line =~ /^\s*#/;

        my ($key, $value) = split /:\s*/, $line, 2;
        $value = '' if !defined $value;

        $chunked = 1
            if lc $key eq 'transfer-encoding' && $value eq 'chunked';
        $headers .= "$key: $value\r\n";
    }

    $headers =~ s/(?<!\r)\n/\r\n/g;

    return ($headers, $chunked);
}

1;
