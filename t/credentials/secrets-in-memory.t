#!/usr/bin/perl

# A worker's memory does not hold a replaced secret: the module wipes its
# values and the buffers in which nginx built the requests.

use strict;
use warnings;
no warnings 'portable';

use lib 't/lib';

use Live;
use MIME::Base64 qw(encode_base64);
use Test::More;

plan skip_all => "valgrind has memory of its own"
    if $ENV{TEST_NGINX_USE_VALGRIND};

my $live = Live->new;
my $folder = $live->folder;
my $jump = $live->nginx(server => <<'END');
    location / { return 200 "plain"; }
    location /v1/jump {
        add_header X-Accel-Redirect /elsewhere;
        return 200 "jump";
    }
END

my %old = (token => 'Old~token~of~wiped.t~1', secret => 'Old~secret~wiped.t~2');

# The allocator overwrites the first bytes of freed memory.
put($_, 'x' x 99 . $old{$_}) for keys %old;

my $nginx = $live->nginx(http => <<"END", server => <<'SERVER');
    violet_app shop {
        app_id     1;
        app_secret file:$folder/secret;
        token      file:$folder/token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$jump->port]};
        keepalive 4;
    }
END
    location /v1/ {
        violet     shop;
        proxy_pass http://violet_api;

        proxy_http_version 1.1;
        proxy_set_header   Connection "";
    }

    location /elsewhere {
        internal;
        proxy_pass http://violet_api;
    }
SERVER

my @requests = ('GET /v1/orders/1', 'GET /v1/jump',
                'GET /v1/operations/connection_health/1',
                map { "POST /v1/checkout/cart/$_/submit" } 1 .. 5);

$live->request($nginx->port, $_) for (@requests) x 3;

my ($worker) = $nginx->workers;

# Tests the search: it must find a secret that the worker has.
ok(found($worker, $old{$_}), "the worker has its $_") for sort keys %old;

put($_, "the new $_") for keys %old;

for my $name (sort keys %old) {
    ok($live->wait_for(20, sub {
           $live->request($nginx->port, $_) for @requests;
           return !found($worker, $old{$name});
       }), "the memory of the worker has no replaced $name")
        or diag(found($worker, $old{$name}));
}

$nginx->stop;
$jump->stop;

renewed_token();
login_and_renewal();
done_testing();


# The password of a login, and its token.
sub renewed_token {
    my $mock = $live->mock(args => ['--token-ttl', '3600']);
    my $mark = 'Pass~word~of~wiped.t~3';

    put('password', 'x' x 99 . $mark);

    my $nginx = $live->nginx(http => <<"    END", server => <<'    SERVER');
    violet_app shop {
        app_id     10000;
        app_secret mock-app-secret;
        login      dev\@example.com file:$folder/password;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
    }
    END
    location /v1/ {
        violet     shop;
        proxy_pass http://violet_api;
    }
    SERVER

    my ($worker) = $nginx->workers;
    my $old = token_of($nginx, $mock);

    is($old, '', 'the password is wrong');
    put('password', 'mock-password');
    ok($live->wait_for(20, sub {
           $nginx->error_log =~ /has an access token again/
       }), 'the new password is right');
    $old = token_of($nginx, $mock);
    ok(!found($worker, $mark), 'the worker has no old password in memory');

    # the end of a token is its signature, which no other token has
    my $end = substr $old, -40;

    # the buffers of the answer have no copy
    is(own($worker, $end), 1, 'the worker has its token once');
    $live->request($mock->port, 'POST /_mock/expire', body => '');
    ok($live->wait_for(20, sub {
           my $new = token_of($nginx, $mock);
           return $new && $new ne $old;
       }), 'the worker has another token');

    # search at once: later data may overwrite a copy
    is(found($worker, $end), '', 'the memory of the worker has no old token');

    $nginx->stop;
    $mock->stop;
}


# No request runs meanwhile, so freed memory keeps its content.
sub login_and_renewal {
    my $clock = Live::Clock->new($live);

    # a body has letters and digits unencoded
    my $password = 'x' x 99 . 'PassWordOfWipedTest4';
    my $mock = $live->mock(args => ['--password', $password]);

    put('password', 'wrong-password');

    my $nginx = $live->nginx(clock => $clock, server => $live->violet_location,
                             http => <<"    END");
    violet_app shop {
        app_id     10000;
        app_secret mock-app-secret;
        login      dev\@example.com file:$folder/password;
    }

    upstream violet_api { server 127.0.0.1:@{[$mock->port]}; }
    END

    my ($worker) = $nginx->workers;

    ok($nginx->wait_log(qr/Violet refused the credentials/, 20),
       'the password is wrong');
    put('password', $password);
    ok($live->wait_for(20, sub {
           $nginx->error_log =~ /has an access token again/
       }), 'a login');
    ok($live->wait_for(5, sub { own($worker, $password) == 1 }),
       'the worker has the password once')
        or diag(found($worker, $password));

    $clock->day(86400 - 1200);
    ok($live->wait_for(20, sub { sent_last($mock, 'token') }), 'a renewal');

    my $refresh = sent_last($mock, 'token');

    like($refresh, qr/^rt_/, 'the renewal uses the refresh token of the login');
    ok($live->wait_for(5, sub { own($worker, $refresh) == 0 }),
       'only shared memory has the refresh token')
        or diag(found($worker, $refresh));

    $nginx->stop;
    $mock->stop;
}


# The number of copies in memory that is not shared.  A program with
# sanitizers binds functions lazily, which leaves registers on the stack.
sub own {
    my ($pid, $secret) = @_;

    my $other = $ENV{TEST_SAN} ? qr{/dev/zero|\[stack\]} : qr{/dev/zero};

    return scalar grep { !/$other/ } split /\n/, found($pid, $secret);
}


# Reads the token from the mock: an answer of nginx would leave it in memory.
sub token_of {
    my ($nginx, $mock) = @_;

    my $status = $live->request($nginx->port,
                                'POST /v1/checkout/cart/40001/submit',
                                body => '{}')->{status};

    return $status == 400 ? sent_last($mock, 'cart_submit') : '';
}


# The X-Violet-Token of a route's last request.
sub sent_last {
    my ($mock, $route) = @_;

    my $last = $live->request($mock->port, 'GET /_mock/last')->{body};

    return $last =~ /"\Q$route\E": .*?"X-Violet-Token", "([^"]+)"/s ? $1 : '';
}


sub put {
    my ($name, $text) = @_;

    open my $out, '>', "$folder/$name" or die "$folder/$name: $!\n";
    print $out $text;
    close $out or die "$folder/$name: $!\n";
    chmod 0640, "$folder/$name";
}


# The raw bytes, and the part of their base64 that is the same with any bytes
# behind them; the number of bytes before them is a multiple of three.
sub found {
    my ($pid, $secret) = @_;

    my $base64 = substr encode_base64($secret, ''), 0, 24;
    my $seen = '';

    open my $maps, '<', "/proc/$pid/maps" or die "/proc/$pid/maps: $!\n";
    open my $memory, '<:raw', "/proc/$pid/mem" or die "/proc/$pid/mem: $!\n";

    while (my $line = <$maps>) {
        my ($from, $to, $name) = $line
            =~ /^(\w+)-(\w+) r\S+ \S+ \S+ \S+\s*(.*)/ or next;

        # the shadow of an address sanitizer is not the module's, and huge
        next if $name =~ /^\[v/ || hex($to) - hex($from) > 1 << 28;

        sysseek $memory, hex $from, 0 or next;
        defined sysread $memory, my $bytes, hex($to) - hex($from) or next;

        for my $spelling ($secret, $base64) {
            my $n = () = $bytes =~ /\Q$spelling\E/g;
            $seen .= "$spelling in $name\n" x $n;
        }
    }

    return $seen;
}
