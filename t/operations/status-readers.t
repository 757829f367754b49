#!/usr/bin/perl

# Who reads the metrics of violet_status slowly: he gets all of them, as fast as
# limit_rate lets him; who reads nothing for send_timeout is dropped, and the
# worker serves others meanwhile.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

# so many apps that the metrics are larger than the buffers of a connection
use constant APPS => 40;

my $live = Live->new;
my $port = Live::free_port();
my $nginx = $live->nginx(workers => 1, http => http(), server => '');
my ($worker) = $nginx->workers;
my $whole = $live->request($port, 'GET /status')->{body};

cmp_ok(length $whole, '>', 1_000_000, 'the metrics have a megabyte');

reads_nothing('/short');
as_fast_as_limit_rate();
no_body();

is(join(' ', $nginx->workers), $worker, 'the worker lives');

$live->check_logs;
done_testing();


# The buffer of a socket would take a megabyte.
sub http {
    my $apps = join '', map {
        "violet_app app$_ { app_id $_; environment e; app_secret s; token t; }\n"
    } 1 .. APPS;
    my $locations = join '', map {
        "location /$_/v1/ { violet app$_; proxy_pass http://127.0.0.1:1/v1/; }\n"
    } 1 .. APPS;

    return <<"    END";
    $apps

    log_format seen '\$request_uri \$status \$body_bytes_sent';

    server {
        listen 127.0.0.1:$port sndbuf=16k;
        access_log logs/seen.log seen;
        location = /status { violet_status; }
        location = /short { violet_status; send_timeout 300ms; }
        location = /limited { violet_status; limit_rate 500k; }
        $locations
    }
    END
}


sub seen {
    my ($path) = @_;

    return Live::Nginx::text_of($nginx->folder . '/logs/seen.log')
           =~ /^\Q$path\E (.*)$/m ? $1 : undef;
}


sub reads_nothing {
    my ($path) = @_;

    my $name = 'who reads nothing';
    my $client = $live->client($port);

    $client->send("GET $path HTTP/1.0\r\n\r\n");
    my $end = $live->wait_for(20, sub { seen($path) });
    my ($status, $sent) = split / /, $end // '';

    ok(defined $end, "$name: the request ends");
    is($status, 200, "$name: its status was sent");
    cmp_ok($sent // 0, '<', length $whole, "$name: not all was sent");
    is($live->request($port, 'GET /status')->{status}, 200,
       "$name: others are served");
}


sub as_fast_as_limit_rate {
    my $answer = $live->request($port, 'GET /limited', timeout => 60);

    is(length $answer->{body}, length $whole, 'with limit_rate: all of it');
    ok($answer->{whole}, 'with limit_rate: with its end');
}


sub no_body {
    my $answer = $live->request($port, 'HEAD /status');

    is($answer->{status}, 200, 'HEAD: the status');
    like($answer->{headers}{'content-type'}, qr{^text/plain}, 'HEAD: the type');
}
