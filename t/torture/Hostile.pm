package Hostile;

# A gateway among hostile peers, see hostile.py.
#
#   my $report = Hostile::run($live, seconds => 60, seed => 1);
#
# Options: cases (at most so many), found (a folder for inputs of new kinds).
# The report is that of hostile.py.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use JSON::PP ();

my $here = Cwd::abs_path(dirname(__FILE__));


sub run {
    my ($live, %option) = @_;

    my ($violet, $proxy, $port) = map { Live::free_port() } 1 .. 3;
    my $redis = $live->redis;
    my $corpus = corpus($live);
    my $report = $live->folder . '/report';

    my $process = $live->process(
        'hostile', 'python3', "$here/hostile.py", '--seed', $option{seed},
        '--seconds', $option{seconds}, '--cases', $option{cases} || 0,
        '--violet', $violet, '--proxy', $proxy, '--redis', $redis->port,
        '--gateway', $port, '--corpus', $corpus, '--report', $report,
        ($option{found} ? ('--found', $option{found}) : ()));

    my $nginx = $live->nginx(workers => 2, port => $port,
                             log_level => 'notice', http => http($violet, $proxy),
                             server => server());
    my %workers = map { $_ => 1 } $nginx->workers;

    $process->wait_end($option{seconds} + 600)
        or die 'hostile.py does not end: ', $process->output;

    my $json = Live::Nginx::text_of($report)
        or die 'hostile.py has no report: ', $process->output;
    my $result = JSON::PP::decode_json($json);

    $result->{wrong}{'a worker ended'}++
        if grep { !$workers{$_} } $nginx->workers;
    $nginx->stop;

    return $result;
}


# The kept inputs, unpacked.
sub corpus {
    my ($live) = @_;

    my $folder = $live->folder . '/corpus';

    mkdir $folder or die "$folder: $!\n";
    system('tar', '-xzf', "$here/../fuzz/corpus/socket.tar.gz", '-C', $folder)
        == 0 or die "the corpus cannot be unpacked\n";

    return "$folder/socket";
}


sub http {
    my ($violet, $proxy) = @_;

    return <<"    END";
    violet_redis redis://127.0.0.1:$proxy timeout=500ms;

    violet_app shop {
        app_id      10000;
        environment violet_api;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:$violet max_fails=0;
        keepalive 8;
    }

    violet_buffer_limit 1m;
    END
}


# $violet_route goes to Violet, and so does the id that the caller gets.
sub server {
    my $proxy = <<'    END';
        violet shop;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Route $violet_route;
        proxy_set_header X-Seen $request_id;
        proxy_connect_timeout 5s;
        proxy_send_timeout 5s;
        proxy_read_timeout 5s;
        violet_health_memory 1s;
        violet_refresh_limit merchant=1000r/m app=100000r/h;
    END

    return <<"    END";
    add_header X-Id \$request_id always;
    client_header_timeout 60s;
    client_body_timeout 60s;

    location /v1/ { proxy_pass http://violet_api; $proxy }
    location /violet/ { proxy_pass http://violet_api/v1/; $proxy }
    location = /hook { violet_webhook shop; }
    location = /purge { violet_purge shop; }
    location = /status { violet_status; }
    location = /ready { violet_ready details; }
    END
}


# The report as lines of text.
sub text {
    my ($report) = @_;

    my $counts = $report->{counts};

    return join('; ', map { "$_: $counts->{$_}" } sort keys %$counts)
           . "; kinds of answers: $report->{'kinds of answers'}\n"
           . join '', (map { "$_: $report->{wrong}{$_}\n" }
                           sort keys %{$report->{wrong}}),
                      map { "$_\n" } @{$report->{examples}};
}

1;
