#!/usr/bin/perl

# A reload after which an app's records of submits have other names says once
# how many of them no longer count.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $lines = 0;

my $nginx = $live->nginx(workers => 2, configuration('a', 'a'));

is(submit('shop', $_), 502, "cart $_ is in doubt") for 60001, 60002;
is(submit('twin', 60003), 502, 'so is that of another app of the same id');
is(submit('shop', 40001), 400, 'and one has failed, and is free');

takes('a', 'a', 'the same configuration');
says(0, 'nothing has changed');
is(submit('shop', 60001), 409, 'the records count');

takes('a', 'b', 'one app leads elsewhere, the other one does not');
says(0, 'the records are still the other one\'s');
is(submit('shop', 60003), 409, 'for which they count');

takes('b', 'b', 'the other one follows');
says(1, 'the records are nobody\'s now');
like(line(), qr/3 records of submits no longer count, and their carts can be submitted again: those of the app "shop" were named "violet:submit:a:10000:\.\.\." and are named "violet:submit:b:10000:\.\.\." from now on/,
     'how many, whose, and what they were named');
is(submit('shop', 60002), 502, 'they do not count');

takes('c', 'c', 'two apps of one id change at once');
says(2, 'told once, not for each app or worker');
like(line(), qr/ 1 records of submits no longer count/, 'the one of b');

takes('a', 'a', 'back to where it began');
says(2, 'there is no record of c');
is(submit('shop', 60001), 409, 'and those of a count again');

$live->check_logs;
done_testing();


# Two apps of one id, and the environments that their Host lines make.
sub configuration {
    my ($shop, $twin) = @_;

    my %of = (shop => $shop, twin => $twin);
    my $http = join '', map {
        "violet_app $_ { app_id 10000; app_secret mock-app-secret; "
        . "token mock-token; }\n"
    } sort keys %of;
    my $server = join '', map {
        "location /$_/v1/ { violet $_; proxy_pass http://violet_api/v1/; "
        . "proxy_set_header Host $of{$_}; }\n"
    } sort keys %of;

    return (http => "violet_redis redis://127.0.0.1:@{[$redis->port]};\n"
                    . "upstream violet_api { "
                    . "server 127.0.0.1:@{[$mock->port]}; }\n$http",
            server => $server);
}


sub takes {
    my ($shop, $twin, $title) = @_;

    $nginx->configure(configuration($shop, $twin));
    ok($nginx->reload(30) && $live->wait_for(30, sub {
        (() = $nginx->workers) == 2;
    }), $title);
}


sub submit {
    my ($app, $cart) = @_;

    return $live->request($nginx->port,
                          "POST /$app/v1/checkout/cart/$cart/submit",
                          body => '{}')->{status};
}


sub told {
    return $nginx->error_log =~ /^.*records of submits no longer count.*$/mg;
}


sub line {
    return (told())[-1];
}


sub says {
    my ($n, $title) = @_;

    is(scalar(my @told = told()), $n, $title);
}
