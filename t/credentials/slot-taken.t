#!/usr/bin/perl

# A reload may give an app's place in shared memory to another app, while a
# worker of the old configuration still has requests.  The old worker gets
# nothing of the other app: neither its token, nor does it change anything there
# when a call of its own ends.
#
# The clock of the timers stands still: no call is late on a slow machine.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

# the zone has 8 places, for up to 4 apps of a configuration
my @old = 1 .. 4;
my @new = map { ["second$_", "third$_"] } 1 .. 4;

my $live = Live->new;
my $mock = $live->mock;
my $folder = $live->folder;
my $fake = $live->fake(do => \&violet);

my $clock = Live::Clock->new($live);

$clock->hold;

my $nginx = $live->nginx(workers => 1, clock => $clock,
                         http => http($fake->port, \&app, @old),
                         server => server(@old));

my $streamed = old_apps_begin();

# The app sends the rest of its request when its place is taken.
my $late = $live->client($nginx->port);
$late->send("GET /1/v1/merchants HTTP/1.1\r\nHost: localhost\r\n");

for my $n (0, 1) {
    my @apps = map { $_->[$n] } @new;

    # the places that were taken first are given away first
    $clock->pass(10);
    $nginx->configure(http => http($mock->port, \&refreshing, @apps),
                      server => server(@apps));
    ok($nginx->reload(30), 'a reload');
    ok(are_served(@apps), '... gives each of four apps a token');
}

open my $go, '>', "$folder/go" or die "$folder/go: $!\n";
close $go;

wait_for_call('4 POST /v1/login', 2);
ok($live->wait_for(30, sub { -e "$folder/ended.$_" }), "app $_: its call ends")
    for 1, 2;
is($streamed->answer(30)->{status}, 401, 'app 3: the answer is passed on');

$late->send("Connection: close\r\n\r\n");
$live->wait_for(30, sub {
    $clock->pass(1000);
    $late->read_until(qr/\r\n\r\n/, 0.1);
});
is($late->answer(30)->{status}, 503, 'an old app has no token any more');

my @apps = map { $_->[1] } @new;
ok(are_served(@apps), 'the apps have their tokens still');
is($live->mock_counts($mock)->{other} || 0, 2 * @new + @apps,
   '... each request with the right one');
unlike(calls(), qr/^1 GET \/v1\/merchants/m,
       'no request was sent with the token of another app');

$live->check_logs;
done_testing();


# --- configurations ---

sub http {
    my ($port, $app, @names) = @_;

    return join('', map { $app->($_) } @names)
           . "upstream violet_api { server 127.0.0.1:$port; keepalive 8; }\n";
}


sub app {
    my ($n) = @_;

    my $credentials = $n < 3 ? 'refresh_token its-refresh-token;'
                             : 'login its-name its-password;';

    return "violet_app app$n { app_id $n; app_secret its-secret;"
           . " $credentials }\n";
}


sub refreshing {
    my ($name) = @_;

    return "violet_app app$name { app_id 10000; app_secret mock-app-secret;"
           . " refresh_token mock-refresh-token; }\n";
}


sub server {
    return join '', map {
        "location /$_/v1/ { violet app$_;"
        . " proxy_pass http://violet_api/v1/; }\n"
    } @_;
}


sub are_served {
    for my $name (@_) {
        return 0 if !$live->wait_for(30, sub {
            $live->request($nginx->port, "GET /$name/v1/merchants",
                           timeout => 30)->{status} == 200;
        });
    }

    return 1;
}


# --- the Violet of the old apps ---

# Apps 1 and 2 wait for a token, app 3 for an answer, and app 4, whose token was
# refused, for another one.  Returns the client of app 3.
sub old_apps_begin {
    wait_for_call("$_ GET /v1/auth/token", 1) for 1, 2;
    wait_for_call("$_ POST /v1/login", 1) for 3, 4;

    my $client = $live->client($nginx->port);
    $client->send(Live::Client::request_bytes('GET /3/v1/merchants'));
    wait_for_call('3 GET /v1/merchants', 1);

    is($live->request($nginx->port, 'GET /4/v1/merchants')->{status}, 401,
       'Violet refuses a token');
    wait_for_call('4 GET /v1/auth/token', 1);

    return $client;
}


sub violet {
    my ($socket) = @_;

    my $in = '';

    while (sysread $socket, my $bytes, 65536) {
        $in .= $bytes;

        my ($head, $body) = $in =~ /\A(.*?\r\n)\r\n(.*)\z/s or next;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        next if length $body < ($length || 0);

        $in = '';

        my ($what) = $head =~ /^(\S+ \S+)/;
        my ($app) = $head =~ /^X-Violet-App-Id: (\d+)/mi;
        my ($status, $text) = answer_to($app, $what);

        syswrite $socket, "HTTP/1.1 $status Status\r\n"
            . "Content-Type: application/json\r\n"
            . 'Content-Length: ' . length($text) . "\r\n\r\n$text";
        mark("ended.$app");
    }
}


# Status and body.
sub answer_to {
    my ($app, $what) = @_;

    mark('calls', "$app $what\n");

    return (200, qq({"token":"token-$app","refresh_token":"again-$app"}))
        if $what =~ /login/;
    return (401, '{}') if $app == 4 && $what =~ /merchants/;

    select undef, undef, undef, 0.02 while !-e "$folder/go";

    return (200, '{"token":"too-late"}') if $app == 1;
    return ($app == 2 ? 500 : 401, '{}');
}


sub mark {
    my ($name, $text) = @_;

    open my $out, '>>', "$folder/$name" or die "$folder/$name: $!\n";
    syswrite $out, $text // '';
}


sub calls {
    open my $in, '<', "$folder/calls" or return '';
    local $/;

    return <$in> // '';
}


sub wait_for_call {
    my ($call, $n) = @_;

    ok($live->wait_for(30, sub {
        my $seen = () = calls() =~ /^\Q$call\E$/mg;
        $seen >= $n;
    }), "app $call");
}
