package Torture;

# A torture run: two gateways of two workers each, one Redis, the mock Violet
# with its merchant, many callers, and faults on a schedule that the seed
# chooses.  See callers.py for callers, clock and judge.
#
#   my $report = Torture::run($live, carts => 500, seconds => 25, seed => 1,
#                             without_redis => 'refuse', redis_faults => 1);
#   print Torture::text($report);
#
# The report is that of callers.py, with the numbers of "faults" and the "real
# seconds" of the run.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use JSON::PP ();
use Time::HiRes qw(sleep time);

use Live::Clock;
use Violet::Redis;

my $callers = Cwd::abs_path(dirname(__FILE__)) . '/callers.py';

# How often each fault is chosen.
my @faults = (
    [6, 'redis stopped',              \&redis_stopped],
    [3, 'redis killed, empty',        sub { redis_killed($_[0], 'empty') }],
    [2, 'redis killed, its data',     sub { redis_killed($_[0], 'saved') }],
    [2, 'redis killed, older data',   sub { redis_killed($_[0], 'older') }],
    [2, 'redis emptied (FLUSHALL)',   \&redis_emptied],
    [4, 'redis closes connections',   \&redis_closes],
    [6, 'worker killed',              \&worker_killed],
    [2, 'gateway reloaded',           \&reloaded],
    [3, 'Violet refuses connections', \&violet_refuses],
    [2, 'Violet late',                \&violet_late],
    [3, 'Violet lies',                \&violet_lies],
);


sub run {
    my ($live, %option) = @_;

    my $self = {live => $live, %option, begun => time, reloads => {},
                count => {}, folder => $live->folder . '/torture.'
                                       . ++$live->{count}};

    mkdir $self->{folder} or die "$self->{folder}: $!\n";
    open $self->{journal}, '>', "$self->{folder}/faults" or die "faults: $!\n";
    $self->{journal}->autoflush(1);

    srand $option{seed};
    start_servers($self);
    my $process = start_callers($self);

    while (time < $self->{begun} + $option{seconds} && $process->is_alive) {
        fault($self);
        sleep 0.2 + rand 1;
    }

    heal($self);
    $process->signal('USR1');
    $process->wait_end(2 * $option{seconds} + 600)
        or die 'the callers do not end: ', $process->output;

    return report($self, $process);
}


sub start_servers {
    my ($self) = @_;

    my $live = $self->{live};

    # timers of the gateways are moved, those of the others are not
    $self->{clock} = Live::Clock->new($live);
    $self->{day} = Live::Clock->new($live);
    $self->{redis} = $live->redis(clock => $self->{day});
    $self->{mock} = $live->mock(clock => $self->{day},
                                args => ['--merchant', $self->{seed}]);

    $self->{gateways} = [map {
        $live->nginx(
            workers => 2, clock => $self->{clock},
            http => $live->violet_http($self->{redis}, $self->{mock},
                                       'violet_zone 64m;'),
            server => $live->violet_location(
                'proxy_read_timeout 5s; violet_submit_guard on '
                . "without_redis=$self->{without_redis};"));
    } 1 .. 2];
}


sub start_callers {
    my ($self) = @_;

    my @gateways = @{$self->{gateways}};
    my $folder = $self->{folder};

    return $self->{live}->process(
        'callers', 'python3', $callers,
        '--carts', $self->{carts}, '--seconds', $self->{seconds},
        '--seed', $self->{seed},
        ($self->{without_redis} eq 'host' ? '--host' : ()),
        '--mock', $self->{mock}->port, '--redis', $self->{redis}->port,
        '--gateways', (map { $_->port } @gateways),
        '--masters', (map { $_->pid } @gateways),
        '--logs', (map { $_->error_log_file } @gateways),
        '--clock', $self->{clock}{file}, '--day-clock', $self->{day}{file},
        '--hold', "$folder/hold", '--faults', "$folder/faults",
        '--report', "$folder/report");
}


# --- faults ---

sub fault {
    my ($self) = @_;

    my @possible = grep { $self->{redis_faults} || $_->[1] !~ /^redis/ }
                   @faults;
    my $sum = 0;
    $sum += $_->[0] for @possible;

    my $dice = rand $sum;

    for my $fault (@possible) {
        $dice -= $fault->[0];
        next if $dice >= 0;

        my $begun = time;
        $fault->[2]->($self);
        printf {$self->{journal}} "%.6f %.6f %s\n", $begun, time, $fault->[1];
        $self->{count}{$fault->[1]}++;
        return;
    }
}


# Half of the times the clock stands still meanwhile.
sub held {
    my ($self, $code) = @_;

    my $hold = "$self->{folder}/hold";

    if (rand() < 0.5) {
        open my $out, '>', $hold or die "$hold: $!\n";
    }

    $code->();
    unlink $hold;
}


sub redis_stopped {
    my ($self) = @_;

    my $seconds = rand() < 0.3 ? 1 + rand 4 : 0.3 + rand 1;

    held($self, sub {
        $self->{redis}->pause;
        sleep $seconds;
        $self->{redis}->resume;
    });
}


# It comes back empty, with its data, or with those of an earlier time.
sub redis_killed {
    my ($self, $then) = @_;

    my $port = $self->{redis}->port;
    my $dump = $self->{live}->folder . "/redis.127.0.0.1.$port/dump.rdb";
    my $pause = 0.1 + rand 1.5;

    held($self, sub {
        if ($then eq 'older') {
            redis_does($self, 'SAVE');
            sleep 0.1 + rand 1;
        }

        if ($then eq 'saved') {
            eval { redis_does($self, 'SHUTDOWN SAVE') };
            $self->{redis}->wait_end(20);
        }

        $self->{redis}->stop('KILL');
        unlink $dump if $then eq 'empty';
        sleep $pause;
        $self->{redis} = $self->{live}->redis(port => $port,
                                              clock => $self->{day});
    });
}


sub redis_emptied {
    my ($self) = @_;

    redis_does($self, 'FLUSHALL');
}


sub redis_closes {
    my ($self) = @_;

    redis_does($self, 'CLIENT KILL TYPE normal SKIPME yes') for 1 .. 3;
}


sub redis_does {
    my ($self, $command) = @_;

    return Violet::Redis->new($self->{redis}->port)->command($command);
}


sub worker_killed {
    my ($self) = @_;

    my @workers = $self->{gateways}[rand 2]->workers;

    kill 'KILL', $workers[rand @workers] if @workers;
}


# Not again while workers of the last time are still there.
sub reloaded {
    my ($self) = @_;

    my $nginx = $self->{gateways}[rand 2];

    $nginx->reload if $nginx->workers <= $nginx->{workers};
}


sub violet_refuses {
    my ($self) = @_;

    my $seconds = 0.2 + rand 1.5;

    violet_does($self, "refuse?seconds=$seconds");
    sleep $seconds + 0.2;
}


# callers.py does not move the clocks while the mock does not answer.
sub violet_late {
    my ($self) = @_;

    $self->{mock}->pause;
    sleep 0.2 + rand 1;
    $self->{mock}->resume;
}


sub violet_lies {
    my ($self) = @_;

    violet_does($self, 'merchant?lies=0.6');
    sleep 0.5 + rand 1;
    violet_does($self, 'merchant?lies=0.06');
}


sub violet_does {
    my ($self, $what) = @_;

    $self->{live}->request($self->{mock}->port, "POST /_mock/$what",
                           timeout => 30);
}


sub heal {
    my ($self) = @_;

    violet_does($self, 'merchant?calm=1');
}


# --- report ---

sub report {
    my ($self, $process) = @_;

    my $json = Live::Nginx::text_of("$self->{folder}/report")
        or die 'the callers have no report: ', $process->output;
    my $report = JSON::PP::decode_json($json);

    $report->{faults} = $self->{count};
    $report->{'real seconds'} = int(time - $self->{begun});
    $report->{seed} = $self->{seed};
    $report->{without_redis} = $self->{without_redis};

    $_->stop for @{$self->{gateways}}, $self->{mock}, $self->{redis};

    return $report;
}


# The report as lines of text.
sub text {
    my ($report) = @_;

    my $text = "seed $report->{seed}, without_redis=$report->{without_redis}\n";

    for my $name (sort keys %$report) {
        my $value = $report->{$name};
        next if $name =~ /^(?:seed|without_redis|histories)$/;
        $value = join '; ', map { "$_: $value->{$_}" }
                            sort { $value->{$b} <=> $value->{$a} || $a cmp $b }
                            keys %$value if ref $value;
        $text .= "  $name: $value\n";
    }

    return $text . join '', map { "$_\n\n" } @{$report->{histories}};
}

1;
