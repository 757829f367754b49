#!/usr/bin/perl

# A worker without a free connection or descriptor for Violet does not send a
# submit, and the caller may repeat it.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Live;
use Test::More;
use Violet::Schema;

my $live = Live->new;
my $mock = $live->mock;
my $cart = 20000;

no_connections();
no_descriptors();

$live->check_logs(qr/worker_connections are not enough/,
                  qr/Too many open files/);
done_testing();


# Without Redis the worker has only connections of clients and peers; it keeps
# no connection to a peer open.
sub gateway {
    my (%option) = @_;

    return $live->nginx(%option, http => <<"    END", server => <<'    SERVER');
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
    }
    END
    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
        proxy_set_header Connection close;
    }
    SERVER
}


# Clients connect one by one and stay, each with half a request, until nginx
# does not accept a submit.  Returns the answers to the submits before.
sub crowd {
    my ($nginx) = @_;

    my (@clients, @answers);

    for my $n (1 .. 100) {
        my $answer = $live->request($nginx->port,
            'POST /v1/checkout/cart/' . ++$cart . '/submit', body => '{}',
            timeout => 2);
        last if !$answer->{status};

        push @answers, {%$answer, cart => $cart};

        push @clients, $live->client($nginx->port);
        $clients[-1]->send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    }

    $_->close for @clients;

    return @answers;
}


sub check {
    my ($title, $nginx, $cause) = @_;

    my @answers = crowd($nginx);
    my @refused = grep { $_->{status} != 200 } @answers;
    my $counts = $live->mock_counts($mock);

    ok(@answers > @refused, "$title: a submit is sent while one is free");
    ok(@refused > 0, "$title: a submit is not sent without");

    for my $answer (@refused) {
        my $problem = eval { JSON::PP::decode_json($answer->{body}) } || {};

        is($answer->{status}, 502, "$title: 502");
        is(Violet::Schema::violation($answer->{body}), '',
           "$title: the schema");
        is($problem->{outcome}, 'failed', "$title: failed");
        is($problem->{retry}, 'later', "$title: later");
        is($problem->{errors}[0]{reason}, 'UPSTREAM_UNREACHABLE',
           "$title: UPSTREAM_UNREACHABLE");
        is($answer->{headers}{'retry-after'}, 5, "$title: Retry-After");
        is($counts->{"cart_submit/$answer->{cart}"} || 0, 0,
           "$title: Violet was not asked");
    }

    like($nginx->error_log, $cause, "$title: the log names the cause");

    is($live->request($nginx->port,
                      "POST /v1/checkout/cart/$refused[0]{cart}/submit",
                      body => '{}')->{status}, 200,
       "$title: a submit is sent when one is free again") if @refused;
}


sub no_connections {
    check('no connections', gateway(connections => 16),
          qr/worker_connections are not enough/);
}


sub no_descriptors {
    my $nginx = gateway();
    my ($worker) = $nginx->workers;

    my @open = glob "/proc/$worker/fd/*";
    my $limit = @open + 10;

    system('prlimit', '--pid', $worker, "--nofile=$limit:$limit") == 0
        or die "prlimit fails\n";

    check('no descriptors', $nginx, qr/socket\(\) failed \(24: /);
}
