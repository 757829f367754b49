#!/usr/bin/perl

# The clients of docs/calling.md are taken from the page and run.

use strict;
use warnings;

use lib 't/lib';
use Live;
use POSIX ();
use Test::More;

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;
my $page = Live::Nginx::text_of('docs/calling.md');

my %command = (python => 'python3', ts => 'node');
my $late = Live::free_port();
my $nginx = gateway();
my $number = 0;

passes_the_request_id();

for my $language (sort keys %command) {
    client($language);
    $number += 2;
}

$live->check_logs;
done_testing();


sub gateway {
    return $live->nginx(
        workers => 1,
        http    => $live->violet_http($redis, $mock)
                   . "upstream late { server 127.0.0.1:$late max_fails=0; }"
                   . 'violet_app late { app_id 10000; environment late;'
                   . 'app_secret mock-app-secret; token mock-token; }',
        server  => $live->violet_location
                   . 'location /wrong/v1/ { violet shop;'
                   . 'violet_submit_guard off; set $how https;'
                   . 'proxy_pass $how://violet_api; }'
                   . 'location /late/v1/ { violet late;'
                   . 'proxy_pass http://late/v1/; }'
                   . 'location /busy/ { return 429; }');
}


# As docs/calling.md promises.
sub passes_the_request_id {
    $live->request($nginx->port, 'POST /v1/checkout/cart/20099/submit',
                   headers => {'X-Request-Id' => 'of-the-caller'});
    like($live->request($mock->port, 'GET /_mock/last')->{body},
         qr/"of-the-caller"/, "the caller's request id reaches Violet");
}


sub client {
    my ($language) = @_;

    my $file = $live->folder . "/client.$language";
    my ($code) = $page =~ /^```$language\n(.*?)^```$/ms
        or die "docs/calling.md has no client in $language\n";

    cmp_ok($code =~ tr/\n//, '<=', 40, "$language: it fits on a screen");

    if ($language eq 'ts' && !node_strips_types()) {
        $file = $live->folder . '/client.mjs';
        $code = without_types($code);
    }

    open my $out, '>', $file or die "$file: $!\n";
    print $out $code;
    close $out or die "$file: $!\n";

    my $says = sub {
        my ($path, $patience, $port) = @_;
        my $url = 'http://127.0.0.1:' . ($port || $nginx->port) . $path;
        return `$command{$language} $file $url $patience` =~ s/\n\z//r;
    };

    # cart, what the client must say
    my @rows = (
        [20000, 'completed'], [20000, 'completed'], [20100, 'pending'],
        [20300, 'requires_action'], [20700, 'new_cart_for_failed_bags'],
        [20700, 'new_cart_for_failed_bags'], [20800, 'after_change'],
        [20900, 'new_cart'], [40000, 'after_change'], [40100, 'later'],
        [40300, 'manual'], [60000, 'later'], [60000, 'later'],
        [0, 'fix_request'],
    );

    for my $row (@rows) {
        my ($cart, $expected) = @$row;
        my $id = $cart ? $cart + $number : 0;

        is($says->("/v1/checkout/cart/$id", 0), $expected,
           "$language: cart $id");
    }

    my $counts = $live->mock_counts($mock);
    my %sent = map { $_ => $counts->{'cart_submit/' . ($_ + $number)} }
                   20000, 20700, 60000;
    is_deeply(\%sent, {20000 => 1, 20700 => 1, 60000 => 1},
              "$language: each reached Violet once");

    is($says->('/wrong/v1/checkout/cart/1', 0), 'manual',
       "$language: a problem of the gateway's own");
    is($says->('/busy/v1/checkout/cart/1', 0), 'later',
       "$language: too many requests");
    is($says->('/v1/checkout/cart/1', 0, 1), 'later',
       "$language: there is no gateway");

    waits($language, $says);
}


# Violet cannot be reached at first.
sub waits {
    my ($language, $says) = @_;

    my $id = 20050 + $number;
    my $violet;
    my $start = time;

    my $pid = fork // die "fork: $!\n";

    if (!$pid) {
        my $word = $says->("/late/v1/checkout/cart/$id", 120);
        POSIX::_exit($word eq 'completed' ? 0 : 1);
    }

    # the log says it once the first answer is on its way
    ok($live->wait_for(60, sub { $nginx->error_log =~ /cart $id\b/ }),
       "$language: the first submit does not reach Violet");
    $violet = $live->mock(port => $late);

    waitpid($pid, 0);
    is($?, 0, "$language: it waits and submits again");
    cmp_ok(time - $start, '>=', 4, "$language: not before Retry-After");
    is($live->mock_counts($violet)->{"cart_submit/$id"}, 1,
       "$language: the second submit reaches Violet");

    $violet->stop;
}


# From 22.18 on node runs TypeScript as it is; for an older one the test removes
# the types.
sub node_strips_types {
    return `node -p process.features.typescript` =~ /strip|transform/;
}


# The client has types of parameters and of results of functions, and no others.
sub without_types {
    my ($code) = @_;

    return $code =~ s/\b(\w+): (?:string|number)(?=[,)])/$1/gr
                 =~ s/\): Promise<string>/)/gr;
}
