#!/usr/bin/perl

# Tests of t/lib/Live.pm, with an nginx without the module.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $redis = $live->redis;
my $nginx = $live->nginx(workers => 2, http => <<"END", server => <<'END');
    proxy_read_timeout 500ms;
END
    location /hello { return 200 "hello $arg_n\n"; }
    location /slow {
        limit_rate 200;
        return 200 "................................................\n";
    }
END

workers_and_requests();
a_thousand_clients();
reload();
paused_redis();
fakes();
graceful_end();
detector();

$live->check_logs;
done_testing();


sub workers_and_requests {
    is(scalar $nginx->workers, 2, 'two workers');

    my $answer = $live->request($nginx->port, 'GET /hello?n=1');
    is($answer->{status}, 200, 'status');
    is($answer->{body}, "hello 1\n", 'body');
    is($answer->{headers}{'content-type'}, 'text/plain', 'header');

    my $client = $live->client($nginx->port);
    $client->send("GET /hello?n=2 HTTP/1.1\r\nHost: a\r\n");
    ok(!$client->is_closed(0.05), 'nginx waits for the rest');
    $client->send("\r\nGET /hello?n=3 HTTP/1.1\r\nHost: a\r\n\r\n");
    is($client->answer(5)->{body}, "hello 2\n", 'first on a connection');
    is($client->answer(5)->{body}, "hello 3\n", 'second on a connection');
    $client->reset;

    like($nginx->access_log, qr{GET /hello\?n=1}, 'access log');
}


sub a_thousand_clients {
    my @answers = $live->many($nginx->port, count => 1000,
                              request => sub { "GET /hello?n=$_[0]" });

    is(scalar @answers, 1000, 'as many answers');
    is(scalar(grep { !$_->{error} && $_->{status} == 200 } @answers), 1000,
       'all of them good');
    is($answers[999]{body}, "hello 999\n", 'each its own');
}


sub reload {
    my @old = $nginx->workers;
    my $busy = $live->client($nginx->port);
    $busy->send("GET /slow HTTP/1.0\r\n\r\n");
    $busy->read_until(qr/\n/, 5);

    $nginx->configure(server => 'location /hello { return 201; }');
    ok($nginx->reload, 'reload');
    ok($live->wait_for(5, sub {
        $live->request($nginx->port, 'GET /hello')->{status} == 201;
    }), 'the new configuration is in force');

    like($busy->read_all(10), qr/\.{48}\n\z/, 'a request in flight ends');
    ok($nginx->wait_gone(10, @old), 'old workers go');

    $nginx->configure(server => 'location /hello { return 200 "hello"; }');
    ok($nginx->reload, 'and back');
}


sub paused_redis {
    my $client = $live->client($redis->port);
    $client->send("PING\r\n");
    is($client->read_until(qr/\n/, 5), "+PONG\r\n", 'Redis answers');

    $redis->pause;
    $client = $live->client($redis->port);
    $client->send("PING\r\n");
    is($client->read_until(qr/\n/, 0.2), '', 'paused, it does not');

    $redis->resume;
    is($client->read_until(qr/\n/, 5), "+PONG\r\n", 'resumed, it does');
}


sub proxy_to {
    my ($fake) = @_;

    $nginx->configure(server => "location / { proxy_pass http://127.0.0.1:"
                                . $fake->port . '; }');
    $nginx->reload or die "no reload\n";
    # An old worker may take one more connection.
    sleep 0.2;

    return $live->request($nginx->port, 'GET /x');
}


sub fakes {
    my $fake = $live->fake(do => 'silent');
    my $begun = time;
    is(proxy_to($fake)->{status}, 504, 'a silent server');
    cmp_ok(time - $begun, '<', 5, 'in time');
    is($fake->connections, 1, 'it had a connection');
    like($fake->received(1), qr{^GET /x HTTP/1\.[01]\r\n}, 'and got the request');

    is(proxy_to($live->fake(do => 'close'))->{status}, 502, 'it closes');
    is(proxy_to($live->fake(do => 'reset'))->{status}, 502, 'it resets');

    my $garbage = $live->fake(do => 'answer', bytes => "\0\1\2\r\n\r\n");
    like(proxy_to($garbage)->{raw}, qr/^HTTP\S+ 502|^\0/, 'it talks rubbish');

    my $bytes = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    my $answer = proxy_to($live->fake(do => 'dribble', bytes => $bytes,
                                      step => 7, every => 0.05));
    is($answer->{body}, 'abc', 'it dribbles');
    cmp_ok($answer->{seconds}, '>', 0.2, 'which takes its time');

    $answer = proxy_to($live->fake(do => sub {
        my ($socket, $n) = @_;
        sysread $socket, my $request, 4096;
        syswrite $socket, "HTTP/1.0 200 OK\r\n\r\nnumber $n";
    }));
    is($answer->{body}, 'number 1', 'anything else, by code');
}


sub graceful_end {
    my $idle = $live->client($nginx->port);
    $idle->send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    $idle->answer(5);

    ok($nginx->quit(10), 'it ends');
    is($nginx->process->status, 0, 'with status 0');
    ok($idle->is_closed(1), 'idle connections are closed');
}


# check_logs() must fail for a grave line.
sub detector {
    my $file = $live->folder . '/error.log';

    open my $out, '>', $file or die "$file: $!\n";
    print $out "a [notice] b\n", "a [alert] b\n", "a [emerg] bind() b\n",
               "==1==ERROR: AddressSanitizer: x\n",
               "==1== ERROR SUMMARY: 2 errors\n",
               "==1== ERROR SUMMARY: 0 errors\n";
    close $out;

    is(scalar(Live::grave_lines($file)), 4, 'grave lines are seen');
    is(scalar(Live::grave_lines($file, qr/bind/)), 3, 'but those allowed');
}
