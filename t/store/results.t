#!/usr/bin/perl

# The result of a flight that a gateway finds in Redis is checked member by
# member.  Here one that is kept for others is changed: a result that the gateway
# would not write is not used, and Violet is asked instead.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;
use Violet::Redis;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $writer = gateway();
my $reader = gateway();
my $health = '/v1/operations/connection_health';
my $keys = 'violet_api:10000';

# Violet answers 429 for it, which is kept.
my $merchant = 42900;

# What the result is made before it is changed.
my %failed = (kind => 2, status => 429);
my %other = (kind => 1, status => 404, content_type => 'text/plain',
             content => 'no');

# The members in the order of ngx_violet_fetch_result_pack.c.
my @members = qw(kind status stored state refused asked allowed by_app in_memory
                 remaining wait age held hold body etag content_type
                 content_encoding content retry_after detail request_id);
my %is_text = map { $_ => 1 } @members[14 .. $#members];

my @used = (
    [\%failed, 'a 429', sub { }],
    [\%failed, 'another Retry-After', sub { $_[0]{retry_after} = '9' }],
    [\%failed, 'a 502', sub { $_[0]{status} = 502 }],
    [\%failed, 'a 504', sub { $_[0]{status} = 504 }],
    [\%failed, 'a tab', sub { $_[0]{detail} = "a\tb" }],
    [\%other, 'a 404', sub { }],
    [\%other, 'a 599', sub { $_[0]{status} = 599 }],
);

my @refused = (
    [\%failed, 'a failure with 200', sub { $_[0]{status} = 200 }],
    [\%other, 'an answer with 100', sub { $_[0]{status} = 100 }],
    [\%other, 'an answer with 302', sub { $_[0]{status} = 302 }],
    [\%other, 'a status of 600', sub { $_[0]{status} = 600 }],
    [\%other, 'no number', sub { $_[0]{status} = 'x' }],
    [\%other, 'an unknown kind', sub { $_[0]{kind} = 99 }],
    [\%other, 'a refused request', sub { $_[0]{refused} = 1 }],
    [\%failed, 'a line break', sub { $_[0]{retry_after} = "1\r\nX: y" }],
    [\%other, 'a control character',
     sub { $_[0]{content_type} = "text/\x7f" }],
    [\%other, 'a long header', sub { $_[0]{content_type} = 'x' x 8193 }],
    [\%other, 'a body over the limit', sub { $_[0]{content} = 'x' x 70000 }],
    [\%other, 'bytes behind the end', sub { }, sub { "$_[0]x" }],
    [\%other, 'without its end', sub { }, sub { substr $_[0], 0, -1 }],
    [\%other, 'half of it', sub { },
     sub { substr $_[0], 0, length($_[0]) / 2 }],
    [\%other, 'only its form', sub { }, sub { $_[0] =~ s/^(?:\d+ ){4}\K.*//sr }],
    [\%failed, 'a refusal by the limiter', sub { $_[0]{kind} = 3 }],
    [\%other, 'a report, which is kept elsewhere',
     sub { @{$_[0]}{qw(kind body etag)} = (0, '{}', '"e"') }],
    [\%other, 'a report without a body', sub { $_[0]{kind} = 0 }],
    [\%other, 'a report without an etag',
     sub { @{$_[0]}{qw(kind body)} = (0, '{}') }],
);

for my $row (@used) {
    my ($base, $name, @change) = @$row;
    is(asked($base, @change), 0, "$name is used");
}

for my $row (@refused) {
    my ($base, $name, @change) = @$row;
    is(asked($base, @change), 1, "$name: Violet is asked");
}

a_changed_answer();

$live->check_logs;
done_testing();


sub gateway {
    return $live->nginx(
        http => $live->violet_http($redis, $mock), workers => 1,
        server => $live->violet_location('violet_health_memory off;'
                                         . ' violet_buffer_limit 64k;'));
}


sub redis {
    my (@words) = @_;

    return Violet::Redis->new($redis->port)->call(@words);
}


# The reader's answer to a changed result, and how often Violet is asked.
sub changed {
    my ($base, $change, $cut) = @_;

    redis('FLUSHALL');
    $live->request($mock->port, 'POST /_mock/reset');
    $live->request($writer->port, "GET $health/$merchant", timeout => 30);

    my $key = "violet:health-held:$keys:$merchant";
    my $packed = redis('GET', $key) // die "no result is kept\n";
    my ($form, %result) = unpacked($packed);

    die "a result of other members\n"
        if packed($form, %result) ne $packed;

    %result = (%result, %$base);
    $change->(\%result);
    $packed = packed($form, %result);
    $packed = $cut->($packed) if $cut;
    redis('SET', $key, $packed, 'KEEPTTL');

    my $answer = $live->request($reader->port, "GET $health/$merchant",
                                timeout => 30);
    my $count = $live->mock_counts($mock)->{"connection_health/$merchant"};

    return ($answer, $count - 1);
}


sub asked {
    return (changed(@_))[1];
}


sub unpacked {
    my ($text) = @_;

    # in Redis three more numbers stand before it
    my ($form, $rest) = $text =~ /^((?:\d+ ){3}\d+) (.*)\z/s
        or die "no form\n";
    my %result;

    for my $member (@members) {
        my ($number, $more) = $rest =~ /^(\d+) (.*)\z/s
            or die "no $member: $text\n";
        $result{$member} = $is_text{$member}
                           ? substr $more, 0, $number, '' : $number;
        $rest = $more;
    }

    return ($form, %result);
}


sub packed {
    my ($form, %result) = @_;

    return join '', "$form ", map {
        $is_text{$_} ? length($result{$_}) . " $result{$_}" : "$result{$_} "
    } @members;
}


sub a_changed_answer {
    my ($answer, $asked) = changed(\%other, sub {
        @{$_[0]}{qw(status content content_encoding)}
            = (410, 'gone', 'identity');
    });

    is("$asked $answer->{status} $answer->{body}", '0 410 gone',
       'the reader answers with the result');
    is($answer->{headers}{'content-encoding'}, 'identity',
       'and with its coding');
    like($answer->{headers}{'cache-status'}, qr/detail=held/,
         'as one that is held');
}
