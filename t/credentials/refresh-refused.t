#!/usr/bin/perl

# A refresh token that came with a login is refused with another status than
# 401: a status that is about this token leads to a new login, a status that any
# call gets does not.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new;
my $folder = $live->folder;

after_status($_, 2) for 400, 404, 422;
after_status($_, 1) for 408, 429, 500;

$live->check_logs;
done_testing();


# The answer to the refresh token has this status: so many logins follow.
sub after_status {
    my ($status, $logins) = @_;

    my $fake = $live->fake(do => sub { violet($_[0], $status) });
    my $nginx = $live->nginx(workers => 1, server => $live->violet_location,
                             http => <<"    END");
    violet_app shop {
        app_id $status;
        app_secret its-secret;
        login its-name its-password;
    }

    upstream violet_api { server 127.0.0.1:@{[$fake->port]}; }
    END

    ok($live->wait_for(30, sub {
        $live->request($nginx->port, 'GET /v1/merchants')->{status} == 401;
    }), "$status: Violet refuses the first token");
    ok($live->wait_for(30, sub { calls($status, 'refresh') }),
       "$status: it is renewed");

    if ($logins == 2) {
        ok($live->wait_for(30, sub {
            $live->request($nginx->port, 'GET /v1/merchants')->{status} == 200;
        }), "$status: then there is another token");

    } else {
        ok($nginx->wait_log(qr/no new access token for app "shop": Violet issued no token \(status $status\)/, 30),
           "$status: the log has the status") or diag($nginx->error_log);
    }

    is(calls($status, 'login'), $logins, "$status: logins");
    $nginx->stop;
    $fake->stop;
}


# The second login brings a token that is accepted.
sub violet {
    my ($socket, $status) = @_;

    my $in = '';

    while (sysread $socket, my $bytes, 65536) {
        $in .= $bytes;

        my ($head, $body) = $in =~ /\A(.*?\r\n)\r\n(.*)\z/s or next;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        next if length $body < ($length || 0);

        $in = '';

        my ($code, $text) = answer_to($head, $status);

        syswrite $socket, "HTTP/1.1 $code Status\r\n"
            . "Content-Type: application/json\r\n"
            . 'Content-Length: ' . length($text) . "\r\n\r\n$text";
    }
}


# Status and body.
sub answer_to {
    my ($head, $status) = @_;

    if ($head =~ m{^POST /v1/login }) {
        my $n = called($status, 'login');
        return (200, qq({"token":"token-$n","refresh_token":"again-$n"}));
    }

    if ($head =~ m{^GET /v1/auth/token }) {
        called($status, 'refresh');
        return ($status, '{"message":"no"}');
    }

    return ($head =~ /^X-Violet-Token: token-1\r$/mi ? 401 : 200, '{}');
}


# Counts a call, by the length of a file.
sub called {
    my ($status, $what) = @_;

    open my $out, '>>', "$folder/$status.$what" or die "$folder: $!\n";
    syswrite $out, '.';

    return calls($status, $what);
}


sub calls {
    my ($status, $what) = @_;

    return -s "$folder/$status.$what" || 0;
}
