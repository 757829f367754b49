package Soak;

# A soak: two gateways of two workers each, with two Redises of different
# kinds, the mock Violet with its merchant, callers of every route, and faults
# on a schedule that the seed chooses.  Gateway "a" is steady: only what is
# around it fails.  The workers of gateway "b" are killed, it is reloaded, and
# its binary is upgraded.  See soak.py for callers and checks.
#
#   my $report = Soak::run($live, seconds => 60, seed => 1, table => $file,
#                          cache => 'sentinel', submits => 'single',
#                          memory => 1);
#
# "cache" is the Redis of violet_redis, "submits" that of violet_submit_redis:
# single (behind a relay), tls, sentinel or cluster.  The report is that of
# soak.py, with the numbers of "faults".

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use JSON::PP ();
use Time::HiRes qw(sleep time);

use Live::Authority;
use Live::Cluster;
use Live::Sentinels;
use Violet::Redis;

my $root = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $callers = "$root/t/torture/soak.py";
my $quiet = 0.2;    # the share of the time at the end without faults

# How often each fault is chosen, and whom it needs.  With without_redis=refuse
# no new cart is sent for 30 s after Redis of submits has lost its data.
my @faults = (
    [3, 'Redis stopped',              'one',      \&one_stopped],
    [1, 'Redis killed, empty',        'one',      sub { one_killed(@_, 1) }],
    [1, 'Redis killed, its data',     'one',      sub { one_killed(@_, 0) }],
    [1, 'Redis emptied',              'one',      \&one_emptied],
    [3, 'Redis closes connections',   'one',      \&one_closes],
    [1, 'Redis a byte at a time',     'relay',    sub { relayed(@_, 'dribble') }],
    [1, 'garbage from Redis',         'relay',    sub { relayed(@_, 'garbage') }],
    [1, 'Redis out of reach',         'relay',    sub { relayed(@_, 'stall') }],
    [3, 'failover',                   'sentinel', \&failover],
    [2, 'master killed',              'sentinel', \&master_killed],
    [3, 'slot moved',                 'cluster',  \&slot_moved],
    [2, 'node killed',                'cluster',  \&node_killed],
    [4, 'worker killed',              '',         \&worker_killed],
    [4, 'gateway reloaded',           '',         \&reloaded],
    [2, 'binary upgraded',            '',         \&upgraded],
    [3, 'Violet refuses connections', '',         \&violet_refuses],
    [2, 'Violet late',                '',         \&violet_late],
    [2, 'Violet lies',                '',         \&violet_lies],
    [2, 'Violet fails reports',       '',         \&violet_fails],
);


sub run {
    my ($live, %option) = @_;

    my $self = {live => $live, %option, begun => time, count => {}};

    $self->{journal} = $live->folder . '/faults';
    open $self->{out}, '>', $self->{journal} or die "$self->{journal}: $!\n";
    $self->{out}->autoflush(1);

    srand $option{seed};
    start_servers($self);

    my $process = start_callers($self);
    my $end = time + $option{seconds} * (1 - $quiet);

    while (time < $end && $process->is_alive) {
        fault($self);
        sleep 0.5 + rand 4;
    }

    violet_does($self, 'merchant?calm=1');
    $process->wait_end($option{seconds} + 300)
        or die 'the callers do not end: ', $process->output;

    return report($self, $process);
}


# The nginx with sanitizers for all gateways from now on.
sub sanitized {
    chdir $root or die "$root: $!\n";
    system('env', 'SAN=1', 'util/build', 'static') == 0
        or die "the build with sanitizers failed\n";
    $ENV{TEST_NGINX_BINARY} = "$root/build/asan/nginx";
    $ENV{TEST_NGINX_STATIC} = 1;
    $ENV{ASAN_OPTIONS} = 'detect_leaks=0,quarantine_size_mb=16';
    $ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';
}


# --- servers ---

sub start_servers {
    my ($self) = @_;

    my $live = $self->{live};

    $self->{mock} = $live->mock(args => ['--merchant', $self->{seed},
                                         '--token-ttl', 40]);
    $self->{kinds}{$_} = redis($self, $self->{$_}) for qw(cache submits);
    certificate($self);
    $self->{steady} = gateway($self);
    $self->{other} = gateway($self, orphan => 1);
}


# The parameters of the directive, and what the faults need.
sub redis {
    my ($self, $kind) = @_;

    my $live = $self->{live};

    if ($kind eq 'sentinel') {
        my $group = Live::Sentinels->start($live);
        return {sentinel => $group, url => $group->urls . ' sentinel=shop'};

    } elsif ($kind eq 'cluster') {
        my $cluster = Live::Cluster->start($live);
        return {cluster => $cluster, url => $cluster->urls . ' cluster'};

    } elsif ($kind eq 'tls') {
        my $authority = Live::Authority->new($live->folder . '/authority');
        my $pair = $authority->issue('redis.test');
        my $port = Live::free_port();
        my @args = ('--tls-port', $port,
                    '--tls-cert-file', $pair->{certificate},
                    '--tls-key-file', $pair->{key}, '--tls-ca-cert-file',
                    $authority->file, '--tls-auth-clients', 'no');

        return {one => $live->redis(args => \@args), args => \@args,
                url => "rediss://127.0.0.1:$port ssl_name=redis.test"
                       . ' ssl_trusted_certificate=' . $authority->file};
    }

    my $one = $live->redis;
    my $relay = $live->relay($one->port);

    return {one => $one, args => [], relay => $relay,
            url => 'redis://127.0.0.1:' . $relay->port};
}


sub certificate {
    my ($self) = @_;

    my $folder = $self->{live}->folder;

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
           . " -nodes -days 2 -subj /CN=localhost"
           . " -keyout $folder/key.pem -out $folder/cert.pem 2>/dev/null")
        == 0 or die "openssl makes no certificate\n";
}


sub has_http3 {
    my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

    return qx($binary -V 2>&1) =~ /--with-http_v3_module/
           && qx(curl --version) =~ /^Features:.*\bHTTP3\b/m;
}


sub gateway {
    my ($self, %option) = @_;

    my $live = $self->{live};
    my $folder = $live->folder;
    my ($tls, $quic) = (Live::free_port(), has_http3() ? Live::free_port() : 0);
    my $http3 = $quic ? "listen 127.0.0.1:$quic quic;" : '';
    my $nginx = $live->nginx(
        workers => 2, log_level => 'notice', %option,
        main => 'worker_shutdown_timeout 15s;'
                . ' env ASAN_OPTIONS; env UBSAN_OPTIONS;',
        http => http($self),
        server => "listen 127.0.0.1:$tls ssl http2; $http3\n"
                  . "ssl_certificate $folder/cert.pem;\n"
                  . "ssl_certificate_key $folder/key.pem;\n" . server());

    @$nginx{qw(tls quic)} = ($tls, $quic);

    return $nginx;
}


sub http {
    my ($self) = @_;

    my $times = 'timeout=1s connect_timeout=1s';

    return <<"    END";
    access_log off;
    violet_redis $self->{kinds}{cache}{url} $times;
    violet_submit_redis $self->{kinds}{submits}{url} $times;
    violet_zone 16m;

    violet_app shop {
        app_id        10000;
        environment   violet_api;
        app_secret    mock-app-secret;
        refresh_token mock-refresh-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$self->{mock}->port]} max_fails=0;
        keepalive 8;
    }

    violet_health_stale 1h updating;
    END
}


sub server {
    my $proxy = <<'    END';
        violet shop;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_connect_timeout 5s;
        proxy_send_timeout 5s;
        proxy_read_timeout 5s;
        violet_submit_guard on without_redis=refuse;
    END

    return <<"    END";
    add_header X-Id \$request_id always;
    client_max_body_size 8m;
    keepalive_timeout 15s;

    location /v1/ {
        proxy_pass http://violet_api;
        violet_health_memory 3s;
$proxy
    }

    location /brief/v1/ {
        proxy_pass http://violet_api/v1/;
        violet_health_ttl 2s;
        violet_refresh_limit merchant=30r/m app=6000r/h;
$proxy
    }

    location = /hook { violet_webhook shop; }
    location = /purge { violet_purge shop; }
    location = /status { violet_status; }
    location = /ready { violet_ready redis details; }
    END
}


sub start_callers {
    my ($self) = @_;

    my ($steady, $other) = @$self{qw(steady other)};

    return $self->{live}->process(
        'callers', 'python3', $callers, '--seconds', $self->{seconds},
        '--seed', $self->{seed}, '--at-once', $self->{at_once} || 16,
        '--pause', $self->{pause} || 0.4, '--mock', $self->{mock}->port,
        '--gateways', (map {
            join ':', $_ == $steady ? 'a' : 'b', $_->port, @$_{qw(tls quic)}
        } $steady, $other),
        '--steady', $steady->pid, ($self->{memory} ? '--memory' : ()),
        '--offset', $self->{offset} || 0, '--table', $self->{table},
        '--logs', (map { $_->error_log_file } $steady, $other),
        '--faults', $self->{journal}, '--report', $self->{live}->folder . '/report');
}


# --- faults ---

# Those that have what they need; of two Redises that fit, any one.
sub fault {
    my ($self) = @_;

    my @possible = map {
        my $fault = $_;
        my $need = $fault->[2];
        map { [$fault, $_] } $need eq '' ? undef
                             : grep { $_->{$need} } values %{$self->{kinds}};
    } @faults;
    my $sum = 0;
    $sum += $_->[0][0] for @possible;

    my $dice = rand $sum;

    for my $choice (@possible) {
        my ($fault, $redis) = @$choice;

        $dice -= $fault->[0];
        next if $dice >= 0;

        my $begun = time;
        $fault->[3]->($self, $redis);
        printf {$self->{out}} "%.3f %.3f %s\n", $begun, time, $fault->[1];
        $self->{count}{$fault->[1]}++;
        return;
    }
}


sub one_stopped {
    my ($self, $redis) = @_;

    $redis->{one}->pause;
    sleep(rand() < 0.3 ? 1 + rand 3 : 0.2 + rand 1);
    $redis->{one}->resume;
}


sub one_killed {
    my ($self, $redis, $empty) = @_;

    my $port = $redis->{one}->port;

    if (!$empty) {
        eval { one_does($redis, 'SHUTDOWN SAVE') };
        $redis->{one}->wait_end(20);
    }

    $redis->{one}->stop('KILL');
    unlink $self->{live}->folder . "/redis.127.0.0.1.$port/dump.rdb" if $empty;
    sleep 0.1 + rand 1.5;
    $redis->{one} = $self->{live}->redis(port => $port,
                                         args => $redis->{args});
}


sub one_emptied {
    my ($self, $redis) = @_;

    one_does($redis, 'FLUSHALL');
}


sub one_closes {
    my ($self, $redis) = @_;

    one_does($redis, 'CLIENT KILL TYPE normal SKIPME yes') for 1 .. 3;
}


sub one_does {
    my ($redis, $command) = @_;

    return Violet::Redis->new($redis->{one}->port)->command($command);
}


sub relayed {
    my ($self, $redis, $how) = @_;

    $redis->{relay}->mode("$how all");
    sleep 0.3 + rand 1.5;
    $redis->{relay}->mode('cut all') if $how eq 'garbage';
    $redis->{relay}->mode('pass');
}


sub failover {
    my ($self, $redis) = @_;

    $redis->{sentinel}->failover;
}


# Sentinels choose another one, and make a replica of it when it is back.
sub master_killed {
    my ($self, $redis) = @_;

    my $group = $redis->{sentinel};
    my $master = $group->master or return;

    $master->stop('KILL');
    $self->{live}->wait_for(30, sub { $group->master });
    $group->start_again($master);
}


sub slot_moved {
    my ($self, $redis) = @_;

    my $cluster = $redis->{cluster};
    my $slot = $cluster->slot('{violet}:x');
    my $to = $cluster->master_of($slot)
             && $cluster->other_master($slot) or return;

    # a node that a replica has just replaced may refuse a step
    eval { $cluster->move($slot, $to) };
}


sub node_killed {
    my ($self, $redis) = @_;

    my $cluster = $redis->{cluster};
    my $slot = $cluster->slot('{violet}:x');
    my $node = $cluster->master_of($slot) or return;

    $node->stop('KILL');
    $self->{live}->wait_for(30, sub { $cluster->master_of($slot) });
    $cluster->start_again($node);
}


sub worker_killed {
    my ($self) = @_;

    my @workers = $self->{other}->workers;

    kill 'KILL', $workers[rand @workers] if @workers;
}


# Not again while workers of the last time are still there.
sub reloaded {
    my ($self) = @_;

    my $nginx = $self->{other};

    $nginx->reload if $nginx->workers <= $nginx->{workers};
}


sub upgraded {
    my ($self) = @_;

    my ($live, $nginx) = @$self{qw(live other)};
    my $old = $nginx->pid;

    kill 'USR2', $old;
    $live->wait_for(60, sub {
        my $new = $nginx->pid;
        $new && $new != $old && $nginx->workers >= $nginx->{workers};
    }) or die "the new binary does not start\n";
    sleep rand 1;
    kill 'QUIT', $old;
    $nginx->wait_gone(60, $old) or die "the old binary does not end\n";
}


sub violet_refuses {
    my ($self) = @_;

    my $seconds = 0.2 + rand 1.5;

    violet_does($self, "refuse?seconds=$seconds");
    sleep $seconds + 0.2;
}


sub violet_late {
    my ($self) = @_;

    $self->{mock}->pause;
    sleep(rand() < 0.2 ? 6 : 0.2 + rand 1.5);
    $self->{mock}->resume;
}


sub violet_lies {
    my ($self) = @_;

    violet_does($self, 'merchant?lies=0.6');
    sleep 0.5 + rand 1;
    violet_does($self, 'merchant?lies=0.06');
}


# Reports and the list are cut off, dribble, stall or are errors.
sub violet_fails {
    my ($self) = @_;

    my $group = (500, 429, 600, 601, 603, 604, 606, 608, 612, 614)[rand 10];

    violet_does($self, "fault?connection_health=$group"
                       . "&connection_health_list=$group");
    sleep 0.5 + rand 2;
    violet_does($self, 'fault?connection_health=0&connection_health_list=0');
}


# It does not listen for a moment after it has refused connections.
sub violet_does {
    my ($self, $what) = @_;

    $self->{live}->wait_for(60, sub {
        my $answer = eval {
            $self->{live}->request($self->{mock}->port, "POST /_mock/$what",
                                   timeout => 30);
        };
        $answer && $answer->{status} == 200;
    }) or die "the mock does not take $what\n";
}


# --- report ---

sub report {
    my ($self, $process) = @_;

    my $json = Live::Nginx::text_of($self->{live}->folder . '/report')
        or die 'the callers have no report: ', $process->output;
    my $report = JSON::PP::decode_json($json);

    $report->{faults} = $self->{count};
    $report->{seconds} = int(time - $self->{begun});
    $report->{HTTP} = $self->{steady}{quic} ? '1.1, 2, 3' : '1.1, 2';
    $report->{$_} = $self->{$_} for qw(seed cache submits);

    $_->stop for @$self{qw(steady other)};

    return $report;
}


# The report as lines of text.
sub text {
    my ($report) = @_;

    my $text = "Redis: $report->{cache}, of submits: $report->{submits}; seed "
               . "$report->{seed}\n";

    for my $name (sort keys %$report) {
        my $value = $report->{$name};

        next if $name =~ /^(?:seed|cache|submits|examples)$/;

        if (ref $value eq 'HASH') {
            $value = join '; ', map { "$_: $value->{$_}" }
                     sort { $value->{$b} <=> $value->{$a} || $a cmp $b }
                     keys %$value;

        } elsif (ref $value) {
            $value = join ', ', @$value;
        }

        $text .= "  $name: $value\n";
    }

    return $text . join '', map { "$_\n" } @{$report->{examples}};
}

1;
