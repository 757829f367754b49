#!/usr/bin/perl

# Failed renewals: calls for a token that do not end, refusals for other reasons
# than the credentials, effects of other directives.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;
my $password = 'mock-password';

call_that_dribbles();
call_in_logs_and_on_disk();
refusal_behind_an_error_page();
refusal_of_a_streamed_request();
refusal_that_is_not_about_the_secret();
refusal_after_a_renewal();
pause_ends_with_a_reload();
worker_that_comes_late();
many_apps();

$live->check_logs(qr/exited on signal 9/);
done_testing();


sub http {
    my ($port, $app, $more) = @_;

    return <<"    END";
    violet_app shop {
        app_id 10000;
        $app
    }

    upstream violet_api {
        server 127.0.0.1:$port;
        keepalive 8;
    }

    @{[$more || '']}
    END
}


sub gateway {
    my ($mock, $app, %option) = @_;

    my $location = delete $option{location} || '';
    my $server = delete $option{server} || '';

    return $live->nginx(%option, http => http($mock->port, $app,
                                              delete $option{more}),
                        server => $live->violet_location($location) . $server);
}


sub refreshing {
    return 'app_secret mock-app-secret; refresh_token mock-refresh-token;';
}


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub status_of {
    my ($nginx, $what) = @_;

    return $live->request($nginx->port, $what || 'GET /v1/merchants')
                ->{status};
}


sub has_token {
    my ($nginx) = @_;

    ok($live->wait_for(10, sub { status_of($nginx) == 200 }),
       'there is a token');
}


# Each kind of failure has a gateway of its own; all run at once.  Requests that
# wait for a token get a 503, nothing is sent to Violet, and calls pause.
sub calls_that_bring_nothing {
    my %said = (
        forbidden => "Violet refused the credentials, check the app's "
                     . 'secrets (status 403)',
        limited   => 'Violet issued no token (status 429)',
        html      => "Violet's answer is invalid: it is not JSON",
    );
    my %mock = map { $_ => $live->mock } keys %said;

    control($mock{$_}, "tokens?answer=$_") for keys %said;

    my $begun = time;
    my %nginx = map { $_ => gateway($mock{$_}, refreshing()) } keys %said;
    my @kinds = sort keys %said;
    my @answers = $live->many([map { $nginx{$_}->port } @kinds],
                              count => scalar @kinds, timeout => 30,
                              request => 'GET /v1/merchants');

    for my $kind (@kinds) {
        my $answer = shift @answers;
        my $counts = $live->mock_counts($mock{$kind});
        my $most = 2 + (time - $begun) / 0.75;

        is($answer->{status}, 503, "$kind: a 503 without a token");
        like($answer->{body}, qr/credentials-unavailable/,
             "$kind: the problem");
        is($counts->{other}, 0, "$kind: nothing is sent to Violet");
        cmp_ok($counts->{token}, '>=', 2,
               "$kind: the token is asked for again");
        cmp_ok($counts->{token}, '<=', $most, "$kind: after a pause");
        like($nginx{$kind}->error_log,
             qr/\Qno new access token for app "shop": $said{$kind}, requests/,
             "$kind: the log names the failure");
        is(said($nginx{$kind}, qr/no new access token/), 1,
           "$kind: the log has one line");

        $nginx{$kind}->stop;
        $mock{$kind}->stop;
    }
}


# Violet sends single bytes, and never the whole answer.
sub call_that_dribbles {
    my $fake = $live->fake(do => 'dribble', every => 0.5, step => 1,
                           bytes => "HTTP/1.1 200 OK\r\n"
                                    . "Content-Type: application/json\r\n"
                                    . "Content-Length: 1000\r\n\r\n"
                                    . '{"token":"' . 'x' x 980 . '"}');
    my $nginx = gateway($fake, refreshing());
    my $begun = time;

    # within the timeout of the call
    calls_that_bring_nothing();

    ok($live->wait_for(20, sub {
        $nginx->error_log =~ /no new access token .* did not answer in time/
    }), 'a call with an endless answer is ended');
    cmp_ok(time - $begun, '<', 100, 'after 10 s, not after its 500 s');

    $nginx->stop;
    $fake->stop;
}


sub call_in_logs_and_on_disk {
    my $mock = $live->mock;
    my $store = $live->folder . '/store';

    mkdir $store;
    chmod 0777, $live->folder, $store;

    my $nginx = gateway(
        $mock, "app_secret mock-app-secret; login dev\@example.com $password;",
        location => "proxy_store $store\$uri; log_subrequest on; "
                    . 'access_log logs/body.log body;',
        more => 'log_format body "$uri $request_body $http_x_violet_token";');

    has_token($nginx);
    is(status_of($nginx, 'GET /v1/operations/connection_health/20000'), 200,
       'a report');

    my $log = $nginx->folder . '/logs/body.log';
    my @stored = glob "$store/v1/*";

    like(slurp($log), qr{connection_health}, 'subrequests are logged');
    unlike(slurp($log), qr/username/,
           'the body of a call for a token is not logged');
    is(join(' ', grep { m{/login|/auth|/operations} } @stored), '',
       'no answer with a token is stored');

    $nginx->stop;
    $mock->stop;
}


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar <$in>;
}


sub refusal_behind_an_error_page {
    my $mock = $live->mock;
    my $nginx = gateway($mock, refreshing(),
                        location => 'proxy_intercept_errors on; '
                                    . 'error_page 401 /sorry;',
                        server => 'location = /sorry { return 401 sorry; }');

    has_token($nginx);
    control($mock, 'expire');
    is($live->request($nginx->port, 'GET /v1/merchants')->{body}, 'sorry',
       'an error page answers a 401');
    has_token($nginx);

    $nginx->stop;
    $mock->stop;
}


sub refusal_of_a_streamed_request {
    my $mock = $live->mock;
    my $nginx = gateway($mock, 'app_secret mock-app-secret; '
                               . 'app_secret other-secret; token mock-token;');

    control($mock, 'fault?other=403');
    is(status_of($nginx), 403, 'a streamed request is refused');
    ok($live->wait_for(5, sub {
        $nginx->error_log =~ /refused the first "app_secret" .* the second/
    }), 'the other secret is tried');

    $nginx->stop;
    $mock->stop;
}


# The second secret is right; after a 403 of one route or a 401 of one merchant
# it is still used.
sub refusal_that_is_not_about_the_secret {
    my $mock = $live->mock;
    my $nginx = gateway($mock, 'app_secret wrong-secret; '
                               . 'app_secret mock-app-secret; '
                               . 'token mock-token;');
    my $health = 'GET /v1/operations/connection_health';

    is(status_of($nginx, "$health/20000"), 200, 'the second secret is found');
    has_token($nginx);

    is(status_of($nginx, "$health/40300"), 403, 'a 403');
    is(status_of($nginx), 200, 'after the 403 the second secret is used');
    is(status_of($nginx, "$health/40100"), 401, 'a 401');
    is(status_of($nginx, "$health/20001"), 200,
       'after the 401 the second secret is used');
    is(status_of($nginx), 200, 'after the 401 it is used on all routes');

    $nginx->stop;
    $mock->stop;
}


sub refusal_after_a_renewal {
    my $mock = $live->mock;
    my $clock = Live::Clock->new($live);
    my $nginx = gateway($mock, refreshing(), clock => $clock);
    my $refused = qr{even with a new access token};
    my $taken = qr/Violet accepts requests of app "shop" again/;

    has_token($nginx);
    control($mock, 'fault?other=401');
    becomes_said($nginx, $refused, 1,
                 'the log says that a new token is refused, too');

    status_of($nginx), sleep 0.1 for 1 .. 20;
    is(said($nginx, $refused), 1, 'the log says it once');

    my $calls = $live->mock_counts($mock)->{token};

    ok($live->wait_for(20, sub {
           $live->mock_counts($mock)->{token} > $calls
       }), 'there is a token that no request has tried');
    is(status_of($nginx, 'GET /v1/operations/connection_health/20000'), 200,
       'another route is not refused with this token');
    is(said($nginx, $taken), 0,
       'a success on another route does not end the refusal');

    control($mock, 'fault?other=0');
    is(status_of($nginx), 200, 'a request passes');
    is(said($nginx, $taken), 0, 'one success does not end the refusal at once');

    $clock->count(601);
    becomes_said($nginx, $taken, 1,
                 'after 601 s the log says that the refusal is over');
    status_of($nginx) for 1 .. 5;
    is(said($nginx, $taken), 1, 'the log says it once');

    refusal_that_a_reload_ends($mock, $nginx, $refused, $taken);

    $nginx->stop;
    $mock->stop;
}


# A secret's file changes or nginx is reloaded: the pause ends.
sub refusal_that_a_reload_ends {
    my ($mock, $nginx, $refused, $taken) = @_;

    control($mock, 'fault?other=401');
    becomes_said($nginx, $refused, 2, 'a new refusal is logged again');

    control($mock, 'fault?other=0');
    ok($nginx->reload, 'a reload');
    becomes_said($nginx, $taken, 2,
                 'after the reload the first success ends the refusal');
}


# Sends requests until the log has the line.
sub becomes_said {
    my ($nginx, $pattern, $n, $title) = @_;

    ok($live->wait_for(20, sub {
        status_of($nginx);
        sleep 0.1;
        return said($nginx, $pattern) >= $n;
    }), $title);
    is(said($nginx, $pattern), $n, '... and no more often');
}


sub said {
    my ($nginx, $pattern) = @_;

    return scalar(() = $nginx->error_log =~ /$pattern/g);
}


sub pause_ends_with_a_reload {
    my $mock = $live->mock;
    my $nginx = gateway($mock, refreshing());

    has_token($nginx);
    control($mock, 'tokens?answer=error');
    control($mock, 'expire');
    status_of($nginx);

    # pauses of 1, 2, 4 and 8 s: the next call is 12 s away at least
    ok($live->wait_for(60, sub {
        $live->mock_counts($mock)->{token} >= 6
    }), 'renewals fail');
    control($mock, 'tokens?answer=good');

    my $begun = time;
    $nginx->reload;
    has_token($nginx);
    cmp_ok(time - $begun, '<', 11, 'soon after a reload there is a token');

    $nginx->stop;
    $mock->stop;
}


# A file that has changed since nginx was started.
sub worker_that_comes_late {
    my $folder = $live->folder;
    my $mock = $live->mock;

    put("$folder/secret", 'mock-app-secret');

    my $nginx = gateway($mock, "app_secret file:$folder/secret; "
                               . 'token mock-token;');
    has_token($nginx);

    put("$folder/secret", 'rotated-secret');
    control($mock, 'tokens?secret=rotated-secret');
    ok($live->wait_for(10, sub {
        $nginx->error_log =~ /the new value of "app_secret" .* is used/
    }), 'the worker uses the new file');

    my ($old) = $nginx->workers;
    kill 'KILL', $old;
    $live->wait_for(10, sub {
        my ($new) = $nginx->workers;
        return $new && $new != $old;
    });

    is(status_of($nginx), 200, 'a new worker begins with the new file');
    $nginx->stop;
    $mock->stop;
}


sub put {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    chmod 0640, $file;
}


sub many_apps {
    my $mock = $live->mock;
    my $n = 250;
    my $nginx = $live->nginx(
        http => join('', map { <<"        END" } 1 .. $n) . <<"        END",
        violet_app app$_ {
            app_id 10000;
            app_secret mock-app-secret;
            refresh_token mock-refresh-token;
        }
        END
        upstream violet_api { server 127.0.0.1:@{[$mock->port]}; }
        END
        server => join '', map { <<"        END" } 1 .. $n);
        location /$_/v1/ {
            violet app$_;
            proxy_pass http://violet_api/v1/;
        }
        END

    ok($live->wait_for(20, sub {
        status_of($nginx, "GET /$n/v1/merchants") == 200
    }), "$n apps have their tokens");

    $nginx->stop;
    $mock->stop;
}
