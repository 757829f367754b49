#!/usr/bin/perl

# A reload that changes the names of an app's records of submits logs once how
# many records no longer count.

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

is(submit('shop', $_), 502, "cart $_ is in doubt") for 60004, 60002;
is(submit('twin', 60006), 502,
   'cart 60006 of another app of the same id is in doubt');
is(submit('shop', 40001), 400,
   'cart 40001 has failed, and may be submitted again');

takes('a', 'a', 'the same configuration');
says(0, 'nothing has changed');
is(submit('shop', 60004), 409, 'the records count');

takes('a', 'b', 'one app leads to another Violet, the other app does not');
says(0, 'the records still have the other app\'s name');
is(submit('shop', 60006), 409, 'the records count for the other app');

takes('b', 'b', 'the other app leads there, too');
says(1, 'the records have no app now');
like(line(), qr/3 records of submits no longer count, and their carts can be submitted again: those of the app "shop" were named "violet:submit:a:10000:\.\.\." and are named "violet:submit:b:10000:\.\.\." from now on/,
     'the line has the number, the app and the old name');
is(submit('shop', 60002), 502, 'the records do not count');

takes('c', 'c', 'two apps of one id change at once');
says(2, 'one line, not one for each app or worker');
like(line(), qr/ 1 records of submits no longer count/, 'the record of b');

takes('a', 'a', 'the first configuration again');
says(2, 'there is no record of c');
is(submit('shop', 60004), 409, 'the records of a count again');

takes('a', 'a', 'the records go to another Redis with another prefix',
      "violet_submit_redis redis://127.0.0.1:@{[$redis->port]} prefix=s:;\n");
says(3, 'the records do not count there');
like(line(), qr/3 records of submits no longer count, .* were named "violet:submit:a:10000:\.\.\." and are named "s:submit:a:10000:\.\.\."/,
     'the line has the prefix of violet_submit_redis');
is(submit('shop', 60004), 502, 'they do not count');

$live->check_logs;
done_testing();


# Two apps of one id, with environments from their Host lines.
sub configuration {
    my ($shop, $twin, $more) = @_;

    my %of = (shop => $shop, twin => $twin);
    my $http = join '', map {
        "violet_app $_ { app_id 10000; app_secret mock-app-secret; "
        . "token mock-token; }\n"
    } sort keys %of;
    my $server = join '', map {
        "location /$_/v1/ { violet $_; proxy_pass http://violet_api/v1/; "
        . "proxy_set_header Host $of{$_}; }\n"
    } sort keys %of;

    $more = '' if !defined $more;

    return (http => "violet_redis redis://127.0.0.1:@{[$redis->port]};\n$more"
                    . "upstream violet_api { "
                    . "server 127.0.0.1:@{[$mock->port]}; }\n$http",
            server => $server);
}


sub takes {
    my ($shop, $twin, $title, $more) = @_;

    $nginx->configure(configuration($shop, $twin, $more));
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
