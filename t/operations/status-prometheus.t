#!/usr/bin/perl

# violet_status with a real Prometheus: the format, each query of
# contrib/grafana.json, counters that are kept over a reload, gauges after a worker
# was killed, slow readers and many apps.

use strict;
use warnings;

use lib 't/lib';

use IO::Socket::INET;
use JSON::PP ();
use Live;
use Live::Prometheus;
use Test::More;
use Time::HiRes qw(sleep time);

my $report = 'GET /v1/operations/connection_health';
my $submit = 'POST /v1/checkout/cart';

my $live = Live->new(patient => 1);
my $redis = $live->redis;
my $mock = $live->mock;

sub status_location {
    return "location = /status { violet_status @_; }\n";
}

my $nginx = $live->nginx(
    workers => 2,
    http => $live->violet_http($redis, $mock),
    server => $live->violet_location . status_location());
my $prometheus = Live::Prometheus->start($live, targets => [$nginx->port]);


sub metrics {
    my ($gateway) = @_;

    return $live->request(($gateway || $nginx)->port, 'GET /status')->{body};
}


sub metric {
    my ($name, $gateway) = @_;

    return metrics($gateway) =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}


sub becomes {
    my ($name, $value, $what, $gateway) = @_;

    ok($live->wait_for(10, sub { (metric($name, $gateway) // '') eq $value }),
       $what)
        or diag("$name is " . (metric($name, $gateway) // 'missing'));
}


sub lines {
    return $_[0] =~ tr/\n//;
}


# A line of promtool's about each thing that it does not like.
sub promtool {
    my ($text, @arguments) = @_;

    my $file = $live->folder . '/metrics.txt';

    Live::Prometheus::put($file, $text);

    my $output = `promtool @arguments < $file 2>&1`;

    return ($? >> 8, $output);
}


{
    my ($status, $output) = promtool(metrics(), 'check metrics');

    is($status, 0, 'promtool takes the metrics');
    is($output, '', 'and has nothing to say about them');
}

{
    my ($status) = promtool(metrics() =~ s/^# TYPE violet_flights gauge$/# TYPE violet_flights counter/mr,
                            'check metrics');

    isnt($status, 0, 'promtool does find a metric whose type is wrong');
}


# some of everything, so that no query is about nothing
$live->request($nginx->port, "$report/" . ($_ % 40 + 1)) for 1 .. 80;
$live->request($nginx->port, "$report/$_?refresh=true") for 1 .. 5;
$live->request($nginx->port, "$submit/$_/submit") for 1, 2, 20700, 50000, 1;

is(metric('violet_requests_total{app="shop",route="connection_health",status="200"}'),
   85, 'the requests are counted');
is(metric('violet_submits_in_doubt{app="shop"}'), 1, 'a doubt');

# what Prometheus has read is what the gateway says
ok($live->wait_for(10, sub {
    ($prometheus->value('violet_requests_total{route="connection_health",status="200"}') // 0)
    == 85 }), 'Prometheus reads the same');
is($prometheus->value('violet_request_duration_seconds_count{route="connection_health"}'),
   85, 'and the histogram');
is($prometheus->value('count(violet_request_duration_seconds_bucket{route="connection_health"})'),
   14, 'with all buckets');


{
    my $dashboard = JSON::PP::decode_json(Live::Nginx::text_of(
        'contrib/grafana.json'));
    my @targets = map { @{$_->{targets} || []} } @{$dashboard->{panels}};

    cmp_ok(scalar @targets, '>=', 30, 'Grafana has queries');

    # traffic while Prometheus scrapes, so that rates are there
    for (1 .. 10) {
        $live->request($nginx->port, "$report/7");
        $live->request($nginx->port, "$submit/1/submit");
        sleep 0.25;
    }

    for my $target (@targets) {
        my $query = $target->{expr};

        $query =~ s/\$__rate_interval/5m/g;
        $query =~ s/\$(?:instance|app)/.*/g;

        # an app with a token of its own has no expiry
        next if $query =~ /token_expiry/;

        my $result = eval { $prometheus->query($query) };

        ok($result && @$result, "Grafana: $query") or diag($@ || 'no series');
    }
}


{
    my $page = Live::Nginx::text_of('docs/operations.md');
    my %documented = map { $_ => 1 } $page =~ /^\| `(violet_\w+)/mg;

    # of a token that does not say when it ends there is none
    delete $documented{violet_token_expiry_timestamp_seconds};

    my @shown = metrics() =~ /^# TYPE (\w+)/mg;

    is_deeply([sort keys %documented], [sort @shown],
              'docs/operations.md has all metrics and no other');
}


# a reload keeps the values, and an app that is added gets its own
{
    my $before = metric('violet_submits_total{app="shop",outcome="completed"}');

    cmp_ok($before, '>=', 2, 'submits were counted');

    my $mall = 'violet_app mall { app_id 10001; environment violet_api; '
               . 'app_secret mock-app-secret; token mock-token; }';
    my $more = join '', map {
        "violet_app more$_ { app_id @{[20000 + $_]}; environment violet_api; "
        . "app_secret s; token t; }\n" } 1 .. 6;

    for my $apps ($mall, "$mall\n$more", '') {
        $nginx->configure(
            http => $live->violet_http($redis, $mock, $apps),
            server => $live->violet_location . status_location()
                      . join '', map { "location /$_/v1/ { violet $_; proxy_pass http://violet_api/v1/; }\n" }
                                 $apps =~ /violet_app (\w+)/g);
        $nginx->reload;

        my $n = 1 + (() = $apps =~ /violet_app/g);

        # a worker of the old configuration may still answer
        ok($live->wait_for(10, sub {
            $n == (() = metrics() =~ /^violet_secret_errors_total/mg) }),
           "$n apps are configured");
        is(metric('violet_submits_total{app="shop",outcome="completed"}'),
           $before, 'a reload keeps the counters of an app');
        is(metric('violet_submits_in_doubt{app="shop"}'), 1,
           'and its doubts');
    }
}


# gauges: a worker that is killed takes its own with it
{
    my $slow = $live->mock(args => []);
    my $gateway = $live->nginx(
        workers => 2,
        http => $live->violet_http($redis, $slow)
                =~ s/environment violet_api/environment killed/r,
        server => $live->violet_location . status_location());

    $live->request($slow->port, 'POST /_mock/delay?connection_health=3');

    my @callers = map { my $client = $live->client($gateway->port);
                        $client->send("$report/@{[8 + $_ % 2]} HTTP/1.1\r\nHost: h\r\n\r\n");
                        $client } 1 .. 8;

    becomes('violet_waiters', 8, 'requests wait', $gateway);
    cmp_ok(metric('violet_flights', $gateway), '>=', 2, 'for flights');

    kill KILL => $_ for $gateway->workers;

    becomes('violet_waiters', 0, 'a worker that was killed has no waiters',
            $gateway);
    becomes('violet_flights', 0, 'and no flights', $gateway);
    becomes('violet_redis_up{redis="cache"}', 1, 'the new ones have Redis',
            $gateway);
}


# a caller who reads slowly, and an answer of many pieces
{
    my $apps = join '', map {
        "violet_app app$_ { app_id $_; environment e; app_secret s; token t; }\n"
    } 1 .. 40;
    my $gateway = $live->nginx(
        http => $live->violet_http($redis, $mock, $apps),
        server => $live->violet_location . status_location()
                  . "location = /json { violet_status json; }\n"
                  . "location = /zip { gzip on; gzip_types *; violet_status; }\n"
                  . join '', map { "location /$_/v1/ { violet app$_; proxy_pass http://violet_api/v1/; }\n" } 1 .. 40);

    my $whole = metrics($gateway);

    cmp_ok(length $whole, '>', 1_000_000, 'an answer of a megabyte')
        or diag(length $whole);
    is((promtool($whole, 'check metrics'))[1], '', 'promtool takes it');

    my $client = $live->client($gateway->port);
    $client->send("GET /status HTTP/1.0\r\n\r\n");
    sleep 1;
    my $slow = $client->answer(10)->{body};

    is(lines($slow), lines($whole), 'who reads late gets all of it');

    my $json = $live->request($gateway->port, 'GET /json')->{body};
    is(keys %{JSON::PP::decode_json($json)->{apps}}, 41, 'all apps as JSON');

    my $zip = $live->request($gateway->port, 'GET /zip',
                             headers => { 'Accept-Encoding' => 'gzip' });
    is($zip->{headers}{'content-encoding'}, 'gzip', 'as gzip');

    # leaves in the middle
    for (1 .. 5) {
        my $leaver = $live->client($gateway->port);
        $leaver->send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
        sleep 0.01;
        undef $leaver;
    }

    is(lines(metrics($gateway)), lines($whole), 'and others are served');

    # a worker of the old configuration sends all of its answers
    my $cut = 0;

    for (1 .. 10) {
        my @readers = map { $live->client($gateway->port) } 1 .. 12;
        $_->send("GET /status HTTP/1.0\r\n\r\n") for @readers;
        $gateway->reload;
        $cut += grep { lines($_->answer(10)->{body}) != lines($whole) }
                @readers;
    }

    is($cut, 0, 'a reload cuts no answer');
}


$live->check_logs(qr/worker process \d+ exited on signal 9/);
done_testing();
