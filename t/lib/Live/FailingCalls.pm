package Live::FailingCalls;

# Lets each allocation and each system call of a flow fail, one after another,
# and looks at what follows:
#
#   my $calls = Live::FailingCalls->new($live);
#   my $wrong = $calls->sweep('submit', 'memory', seconds => 3);
#   $calls->summary;                   # the figures, in a sentence
#   $calls->check_logs;
#
# After each call that failed the worker is the same one, it answers, it uses
# Redis again, and it has as many blocks of memory and descriptors as before.
# The flows are those of Live::FailingFlows.

use strict;
use warnings;

use Live::Authority;
use Live::FailingFlows;
use Live::Health;
use Test::More ();
use Time::HiRes qw(sleep time);

# seconds in which a worker must use Redis again, and free what it has
my $patience = 20;


sub new {
    my ($class, $live) = @_;

    my $self = bless {
        live   => $live,
        health => Live::Health->new($live),
        faults => Live::Faults->new($live),
        pad    => 0,
        bare   => 0,
        figures => {flows => {}, tried => 0, wrong => 0},
    }, $class;

    $self->{keeping} = $self->gateway(keepalive => 'keepalive 8;');
    $self->{opening} = $self->gateway(keepalive => '');
    $self->{other} = $self->gateway(faults => undef);
    $self->{flows} = Live::FailingFlows->new($self);

    return $self;
}


sub kinds {
    return qw(memory read write connect socket epoll);
}


sub summary {
    my ($self) = @_;

    my $figures = $self->{figures};

    return sprintf '%d flows, %d calls failed, %d failures found',
                   scalar keys %{$figures->{flows}}, @$figures{qw(tried wrong)};
}


# nginx itself says which of its calls failed, and no reply of Redis was taken
# for another one.
sub check_logs {
    my ($self) = @_;

    for my $nginx ($self->gateways) {
        Test::More::unlike($nginx->error_log,
                           qr/answered with the report of another merchant/,
                           'no reply belongs to another command');
    }

    $self->{live}->check_logs(
        qr/\[emerg\].*(?:alloc|memalign)\(.*failed/,
        qr/\[(?:alert|emerg)\].*(?:epoll_ctl|socket|socketpair)\(.* failed/,
        qr/\[alert\].*SSL_\w+\(\) failed \(SSL: .*malloc failure/,
        $self->{cold} ? qr/exited with fatal code 2 and cannot be resp/ : ());
}


sub gateways {
    my ($self) = @_;

    return grep { $_ } @$self{qw(keeping opening other)};
}


# A gateway that keeps its connections to Violet, or opens one each time.
sub gateway {
    my ($self, %option) = @_;

    my $health = $self->{health};

    return $health->gateway(
        workers => 1, faults => $self->{faults},
        extra => Live::Faults::small_pools()
                 . 'violet_zone 4m; client_header_buffer_size 256;',
        lines => 'violet_refresh_limit off;',
        more => $health->location('/redis/', 'violet_health_memory off;')
                . $health->location('/limit/', 'violet_refresh_limit '
                                    . 'merchant=1r/1m app=1000r/1s;')
                . operations(),
        %option);
}


sub operations {
    return 'location = /hook { violet_webhook shop; }'
           . 'location = /purge { violet_purge shop; }'
           . 'location = /status { violet_status; }'
           . 'location = /ready { violet_ready details; }';
}


# A gateway that answers requests by itself.
sub refusing {
    my ($self) = @_;

    return $self->{refusing} ||= Live::FailingRefusals::gateway($self);
}


# Nobody listens where its Redis should be.
sub away {
    my ($self) = @_;

    my $port = Live::free_port();

    return $self->{away} ||= $self->gateway(
        redis => "redis://127.0.0.1:$port/0 timeout=100ms");
}


sub host {
    my ($self) = @_;

    return $self->{host} ||= $self->gateway(redis => '',
                                            clock => $self->clock);
}


# A gateway that renews its token.  The clocks of both sides are moved.
sub renewing {
    my ($self) = @_;

    return $self->{renewing} if $self->{renewing};

    my $clock = $self->clock;
    my $violet = $self->{violet} = $self->{live}->mock(clock => $clock);

    return $self->{renewing} = $self->{live}->nginx(
        faults => $self->{faults}, clock => $clock,
        server => $self->{live}->violet_location,
        http => Live::Faults::small_pools() . renewing_http($violet));
}


sub renewing_http {
    my ($violet) = @_;

    return <<"    END";
    violet_app shop {
        app_id 10000;
        app_secret mock-app-secret;
        refresh_token mock-refresh-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$violet->port]};
    }
    END
}


# A gateway that verifies Violet's certificate, with a name from a variable, and
# chooses the upstream block by another one.  Violet's reports and orders come as
# gzip.
sub verified {
    my ($self) = @_;

    return $self->{verified} if $self->{verified};

    my $live = $self->{live};
    my $authority = Live::Authority->new($live->folder . '/authority');
    my ($port, $plain) = map { Live::free_port() } 1, 2;

    $live->nginx(workers => 1, server => '', http => in_gzip(
        $self->{health}->mock->port, $port, $plain,
        $authority->issue('violet.test')));

    my $lines = 'violet shop; proxy_ssl_name $peer.test; proxy_ssl_verify on;'
                . "proxy_ssl_trusted_certificate @{[$authority->file]};"
                . 'proxy_http_version 1.1; proxy_set_header Connection "";';

    return $self->{verified} = $live->nginx(
        workers => 1, faults => $self->{faults},
        http => Live::Faults::small_pools() . <<"        END",
        violet_app shop {
            app_id 10000;
            app_secret mock-app-secret;
            token mock-token;
            environment verified;
        }

        upstream violet { server 127.0.0.1:$port; keepalive 1; }
        map '' \$peer { default violet; }
        END
        server => "location /v1/ { $lines proxy_pass https://violet; }"
                  . "location /chosen/v1/ { $lines proxy_pass https://\$peer; }");
}


sub in_gzip {
    my ($violet, $port, $plain, $pair) = @_;

    return <<"    END";
    gzip_types application/json;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_http_version 1.0;

    server {
        listen 127.0.0.1:$plain;
        gzip on;
        location / { proxy_pass http://127.0.0.1:$violet; }
    }

    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $pair->{certificate};
        ssl_certificate_key $pair->{key};

        location / {
            proxy_set_header Accept-Encoding gzip;
            proxy_pass http://127.0.0.1:$plain;
        }

        location /chosen/ {
            proxy_pass http://127.0.0.1:$violet/;
        }
    }
    END
}


sub clock {
    my ($self) = @_;

    return $self->{clock} ||= Live::Clock->new($self->{live});
}


# Seconds pass, for the gateways whose clock is moved.
sub pass {
    my ($self, $seconds) = @_;

    $self->{passed} = ($self->{passed} || 0) + $seconds;
    $self->{clock}->day($self->{passed});
    $self->{clock}->count($self->{passed});
}


# The number of tokens that Violet has given to it.
sub tokens {
    my ($self) = @_;

    return $self->{live}->mock_counts($self->{violet})->{token};
}


sub cold {
    my ($self) = @_;

    return $self->{cold} ||= $self->{live}->nginx(
        faults => $self->{faults}, server => $self->{live}->violet_location,
        http => Live::Faults::small_pools()
                . renewing_http($self->{health}->mock));
}


# Starts it again, with faults in its worker.  False if nginx itself cannot
# start a worker without this call.  A worker gets its title once it has made all
# that it starts with; until then it may still end.
sub start_cold {
    my ($self) = @_;

    my $nginx = $self->cold;
    my $fatal = qr/exited with fatal code 2 and cannot be respawned/;
    my $before = () = $nginx->error_log =~ /$fatal/g;

    $nginx->stop;
    $self->arm('child');
    $nginx->start;
    $self->{live}->listening($nginx->process, $nginx->port);

    my $lost = 0;

    $self->{live}->wait_for($patience, sub {
        my $now = () = $nginx->error_log =~ /$fatal/g;
        $lost = $now > $before;
        return $lost || grep { titled($_) } $nginx->workers;
    });

    $self->{lost} = $lost;

    return !$lost;
}


sub titled {
    my ($pid) = @_;

    open my $file, '<', "/proc/$pid/cmdline" or return 0;
    my $title = <$file> // '';

    return $title =~ /^nginx: worker process/;
}


# --- a sweep ---

# Lets each call of this kind in the flow fail.  Options: seconds (after which
# the sweep ends), most (calls at most, by default all), pads.  Returns what is
# wrong, and how many calls failed.
sub sweep {
    my ($self, $name, $kind, %option) = @_;

    my ($real, $many) = $kind =~ /^(\w+)(\+?)$/;
    my $gateway = $self->{flows}->gateway_of($name, $real);

    @$self{qw(flow kind many gateway)}
        = ($name, $real, $many ? 1_000_000 : 1, $gateway);
    $self->{nginx} = $self->can($gateway) ? $self->$gateway
                                          : $self->{$gateway};
    $self->{bare} = 0;
    $self->{bare_most} = 8 * ($option{pads} || 1);
    ($self->{worker}) = $self->{nginx}->workers;

    my @wrong = map { "without a fault: $_" } $self->warm_up;
    my $calls = $self->{counts}{"$name $gateway"}{$real};
    my $until = time + ($option{seconds} || 1_000_000);
    my $tried = 0;

    for my $try (tries($kind, $calls, %option)) {
        last if @wrong > 10 || time > $until;
        $tried++ if $self->try(\@wrong, @$try);
    }

    # until the flow makes no more calls
    for (my $nth = $calls + 1; !$option{most} && time < $until; $nth++) {
        last if @wrong > 10 || !$self->try(\@wrong, $nth, 0);
        $tried++;
    }

    $self->{figures}{flows}{$name} += $tried;
    $self->{figures}{tried} += $tried;
    $self->{figures}{wrong} += @wrong;

    return (\@wrong, $tried, $calls);
}


# Runs the flow without a fault, once for all kinds of calls: caches are filled,
# and its calls are counted.
sub warm_up {
    my ($self) = @_;

    my $name = "$self->{flow} $self->{gateway}";
    my (@wrong, %counts);

    return if $self->{counts}{$name};

    for (1, 2) {
        @wrong = $self->run(0);
        $counts{$_} = $self->{faults}->seen($_) for kinds();
        push @wrong, $self->healed;
    }

    $self->{counts}{$name} = \%counts;

    return @wrong;
}


# Runs the flow while the call with this number fails; 0: none.
sub run {
    my ($self, $nth) = @_;

    $self->{nth} = $nth;
    $self->{armed} = 0;
    my $act = $self->{flows}->prepare($self->{flow});

    $self->arm($self->{worker}) if !$self->{armed};
    my @wrong = $act->();
    $self->disarm;

    return @wrong;
}


sub arm {
    my ($self, $pid) = @_;

    $self->{armed} = 1;
    $self->{faults}->fail($pid, $self->{kind}, $self->{nth},
                          many => $self->{many});
}


sub disarm {
    my ($self) = @_;

    return if !$self->{armed};

    $self->{failed} = $self->{faults}->disarm;
    $self->{armed} = 0;
}


# Returns whether a call has failed.
sub try {
    my ($self, $wrong, $nth, $pad) = @_;

    my $what = "$self->{kind} $nth";

    $self->{pad} = $pad;
    my @before = $self->owned;
    push @$wrong, map { "$what: $_" } $self->run($nth);
    my $failed = $self->{failed};
    push @$wrong, map { "after $what: $_" } $self->healed,
                                            $self->leaked($nth, @before);

    return $failed;
}


# Each call, in an order in which the first ones are spread over all; of more
# calls than "most", some.  A small allocation calls the system's allocator only
# if it needs a new block of its pool: a header of another length (a pad)
# changes which one does.
sub tries {
    my ($kind, $calls, %option) = @_;

    my $pads = $kind =~ /^memory/ && $option{pads} || 1;
    my $most = $option{most} || $calls;
    my $step = $calls > $most ? $calls / $most : 1;
    my %part;

    for (my $at = 1; $at <= $calls; $at += $step) {
        my $turns = 0.618034 * keys %part;
        $part{int $at} = $turns - int $turns;
    }

    return map { my $nth = $_; map { [$nth, 8 * $_] } 0 .. $pads - 1 }
           sort { $part{$a} <=> $part{$b} } keys %part;
}


# --- after a fault ---

# The worker is the same, uses Redis again, and answers correctly.
sub healed {
    my ($self) = @_;

    my $gateway = $self->{gateway};

    return $self->crash if $gateway eq 'cold' && $self->{lost};

    if (!$self->{worker} || !kill 0, $self->{worker}) {
        $self->{live}->wait_for(10, sub {
            ($self->{worker}) = $self->{nginx}->workers;
        });
        return $gateway eq 'cold' ? $self->crash : 'the worker has ended';
    }

    return if $gateway =~ /^(?:cold|renewing|verified)$/;

    my $redis = $gateway =~ /^(?:away|host)$/ ? qr// : qr/^ok$/;
    my $seen = $self->{live}->wait_for($patience, sub {
        my $answer = $self->{health}->get($self->{nginx}, 100000,
                                          prefix => '/redis/');
        $answer->{status} == 200 && $answer->{vars}{redis} =~ $redis
            && $answer;
    }) or return 'Redis is not asked again';

    return Live::FailingFlows::about($seen, 100000);
}


# A gateway that is started anew has another worker each time.
sub crash {
    my ($self) = @_;

    return $self->{nginx}->error_log =~ /exited on signal (\d+)/
           ? "a worker ended on signal $1" : ();
}


# Blocks of memory and descriptors of the worker.
sub owned {
    my ($self) = @_;

    return (0, 0) if $self->{gateway} eq 'cold';

    $self->{faults}->watch($self->{worker});
    $self->{live}->request($self->{nginx}->port, 'GET /none');
    sleep 0.002;

    return ($self->{faults}->blocks, scalar glob_count($self->{worker}));
}


sub glob_count {
    my ($pid) = @_;

    opendir my $folder, "/proc/$pid/fd" or return 0;
    my @open = readdir $folder;

    return scalar @open;
}


# The flow is repeated, with the same fault: a leak is what grows each time.
# libcrypto keeps the texts of its last 16 errors, which is no leak.
sub leaked {
    my ($self, $nth, @before) = @_;

    return if $self->{gateway} eq 'cold' || $self->flat(0.3, @before);

    my $flat = 0;

    for (1 .. 20) {
        my @last = $self->owned;
        $self->run($nth);
        $self->healed;
        return if $self->flat(0.1, @last) && ++$flat == 2;
    }

    return if $self->flat($patience, map { $_ + 15 } @before);

    my @now = $self->owned;

    return "a leak: $before[0] blocks and $before[1] descriptors, then "
           . "$now[0] and $now[1]";
}


# Has the worker no more than this, soon?
sub flat {
    my ($self, $seconds, $blocks, $descriptors) = @_;

    return $self->{live}->wait_for($seconds, sub {
        my @now = $self->owned;
        $now[0] <= $blocks && $now[1] <= $descriptors;
    });
}


# nginx's own 500, before the module knew that the request is a submit.
sub is_bare {
    my ($self, $answer, $sent) = @_;

    return $answer->{status} == 500 && !$sent
           && ++$self->{bare} <= $self->{bare_most};
}

1;
