#!/usr/bin/perl

# A verified connection that is kept alive carries one mark, however often it is
# used: a second one for each submit would be memory that grows with the age of
# the connection.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Faults;
use Test::More;

my $uses = 1000;

my $live = Live->new;
my $mock = $live->mock;
my $authority = Live::Authority->new($live->folder . '/authority');
my $faults = Live::Faults->new($live);
my $port = Live::free_port();

my $violet = violet();
my $nginx = gateway();
my $cart = 1_000_000;

submit() for 1 .. 50;

my ($worker) = $nginx->workers;
$faults->watch($worker);
submit();

my $before = $faults->blocks;
my $answer;
$answer = submit() for 1 .. $uses;
my $more = $faults->blocks - $before;

is($answer->{headers}{'x-violet-cart-outcome'}, 'completed', 'a submit');
cmp_ok($answer->{headers}{'x-nth'}, '>', $uses,
       'all submits went over one connection');
cmp_ok($more, '<', $uses / 4, 'the worker has no block more for each of them');

$live->check_logs;
done_testing();


# The answers say how many requests the connection has had.
sub violet {
    my $pair = $authority->issue('violet.test');

    return $live->nginx(workers => 1, server => '', http => <<"    END");
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $pair->{certificate};
        ssl_certificate_key $pair->{key};
        keepalive_requests 10000;

        location / {
            add_header X-Nth \$connection_requests always;
            proxy_pass http://127.0.0.1:@{[$mock->port]};
        }
    }
    END
}


sub gateway {
    return $live->nginx(workers => 1, faults => $faults,
                        http => Live::Faults::small_pools() . <<"    END",
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        token mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$port;
        keepalive 1;
        keepalive_requests 10000;
    }
    END
                        server => <<"    END");
    location /v1/ {
        violet shop;
        proxy_pass https://violet_api;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host violet.test;
        proxy_ssl_name violet.test;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate @{[$authority->file]};
    }
    END
}


sub submit {
    $cart++;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          body => '{}');
}
