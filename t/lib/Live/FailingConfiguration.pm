package Live::FailingConfiguration;

# Lets each allocation fail, one after another, while nginx reads a
# configuration that has all directives:
#
#   my $sweep = Live::FailingConfiguration->new($live);
#   my ($wrong, $tried, $all) = $sweep->start(most => 100);     # nginx -t
#   my ($wrong, $tried, $all) = $sweep->reload(most => 100);    # SIGHUP
#   my ($wrong, $tried, $all) = $sweep->plain(most => 100);     # without TLS
#
# nginx says what failed and ends, or keeps its old configuration and answers.

use strict;
use warnings;

use Live::Authority;
use Live::Faults;
use Live::Process;
use Time::HiRes qw(sleep time);


sub new {
    my ($class, $live) = @_;

    my $self = bless {live => $live, faults => Live::Faults->new($live)},
                     $class;

    my $folder = $live->folder . '/failing-configuration';
    $self->{authority} = Live::Authority->new($folder);
    $self->{pair} = $self->{authority}->issue('gateway.test');
    $self->{secret} = secret("$folder/secret", 'mock-app-secret');
    $self->{token} = secret("$folder/token", 'mock-token');

    my $mock = $live->mock;
    my $redis = $live->redis;

    $self->{nginx} = $live->nginx(
        faults => $self->{faults}, http => $self->http($mock, $redis),
        server => $self->server . $live->violet_location);

    return $self;
}


sub secret {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    chmod 0600, $file or die "$file: $!\n";

    return $file;
}


sub http {
    my ($self, $mock, $redis) = @_;

    my $tls = "ssl_trusted_certificate=@{[$self->{authority}->file]} "
              . 'ssl_name=redis.test '
              . "ssl_certificate=$self->{pair}{certificate} "
              . "ssl_certificate_key=$self->{pair}{key}";
    my $submit = Live::free_port();

    return <<"    END";
    resolver 127.0.0.1:@{[Live::free_port()]} ipv6=off;
    violet_zone 4m;
    violet_cart_reason ~* "out of (stock|season)" ITEM_UNAVAILABLE;
    violet_cart_reason "card was declined" PAYMENT_FAILED;
    violet_redis redis://127.0.0.1:@{[$redis->port]}/0 prefix=all:
                 connect_timeout=1s timeout=1s;
    violet_submit_redis rediss://submit.test:$submit rediss://127.0.0.2:$submit
                        sentinel=first sentinel_username=one
                        sentinel_password=file:$self->{secret}
                        username=two password=file:$self->{secret} $tls;

    violet_app shop {
        app_id 10000;
        environment all;
        app_secret file:$self->{secret};
        token file:$self->{token};
    }

    violet_app refreshed {
        app_id 10001;
        environment all;
        app_secret file:$self->{secret};
        refresh_token file:$self->{secret};
    }

    violet_app other {
        app_id 10002;
        environment all;
        app_secret file:$self->{secret};
        login file:$self->{secret} file:$self->{secret};
    }

    map \$arg_app \$chosen {
        default shop;
        other   other;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }
    END
}


sub server {
    my ($self) = @_;

    return <<"    END";
    violet_health_ttl 12h;
    violet_health_stale 10m updating;
    violet_health_memory 5s;
    violet_refresh_limit merchant=1r/1m app=10r/1m exceeded=cached dry_run;
    violet_cart_errors submit-only;
    violet_cart_partial_status 207;
    violet_submit_guard 1h without_redis=refuse;
    violet_buffer_limit 1m;

    location /chosen/v1/ {
        violet \$chosen;
        violet_health_cache off;
        violet_auth_routes pass;
        proxy_pass http://violet_api;
    }

    location /renewed/v1/ {
        violet refreshed;
        violet_health_memory off;
        proxy_pass http://violet_api/v1/;
        proxy_set_header Host "api.violet.test";
        proxy_set_header Connection "";
    }

    location /tls/v1/ {
        violet other;
        proxy_pass https://violet_api/v1/;
        proxy_set_header Host "gateway.test";
        proxy_ssl_name gateway.test;
        proxy_ssl_server_name on;
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate @{[$self->{authority}->file]};
    }

    location /unverified/v1/ {
        violet other;
        violet_unverified_upstream on;
        proxy_set_header Host "gateway.test";
        proxy_pass https://violet_api/v1/;
    }

    location = /status { violet_status html zone=1m; }
    location = /metrics { violet_status prometheus; }
    location = /ready { violet_ready redis details; }
    location = /purge { violet_purge shop token=file:$self->{secret}; }
    location = /hook { violet_webhook shop event=MERCHANT_UPDATED action=log; }
    END
}


# --- nginx -t ---

sub start {
    my ($self, %option) = @_;

    return $self->sweep(sub { $self->test($_[0]) }, %option);
}


# Returns what is wrong, and whether a call has failed.
sub test {
    my ($self, $nth) = @_;

    my $nginx = $self->{nginx};
    my $log = "$nginx->{folder}/logs/test";

    unlink $log;
    $self->{faults}->fail('first', 'memory', $nth);
    my $process = Live::Process->start('nginx-t', $log, 'env',
                                       $self->environment,
                                       $nginx->command('-t'));
    $process->wait_end(60);
    my $failed = $self->{faults}->disarm;
    my ($status, $output) = ($process->status, $process->output);

    # libgcov crashes without memory, after the end of main()
    return $failed if $ENV{TEST_COVERAGE} && $output =~ /test is successful/;

    return ($failed, "nginx -t did not end: $output") if !defined $status;
    return ($failed, "nginx -t ended on signal " . ($status & 127)
                     . ": $output") if $status & 127;
    return ($failed, "a sanitizer's report: $output")
        if $output =~ /Sanitizer|runtime error:/;
    return ($failed, "nginx -t failed without a reason: $output")
        if $status && $output !~ /failed|error|memory/i;
    return $failed;
}


# nginx -t without TLS, whose library makes nine of ten allocations, and from the
# one on at which nginx begins to read the file.
sub plain {
    my ($self, %option) = @_;

    my $nginx = $self->{nginx};
    my ($http, $server) = @$nginx{qw(http server)};

    $http =~ s/\bssl_\w+=[^\s;]+//g;
    $http =~ s/\brediss:/redis:/g;
    $server =~ s/\bproxy_ssl_\w+ [^;]*;//g;
    $server =~ s/\bhttps:/http:/g;

    $nginx->configure(main => 'wrong;');
    $self->test(0);
    my $before = $self->{faults}->seen('memory');

    $nginx->configure(main => '', http => $http, server => $server);
    my ($right, $output) = $nginx->test_config;
    return ([$output], 0, 0) if !$right;

    return $self->sweep(sub { $self->test($_[0]) }, before => $before,
                        %option);
}


sub environment {
    my ($self) = @_;

    my %preloaded = $self->{nginx}->preloaded;

    return map { "$_=$preloaded{$_}" } sort keys %preloaded;
}


# --- a reload ---

sub reload {
    my ($self, %option) = @_;

    $self->{master} = $self->{nginx}->pid;

    return $self->sweep(sub { $self->hang_up($_[0]) }, %option);
}


sub hang_up {
    my ($self, $nth) = @_;

    my $live = $self->{live};
    my $nginx = $self->{nginx};
    my $before = $self->reloads;

    $self->{faults}->fail($self->{master}, 'memory', $nth);
    $nginx->signal('HUP');
    my $done = $live->wait_for(60, sub {
        !$nginx->process->is_alive
            || $self->reloads > $before && $self->master_waits;
    });
    my $failed = $self->{faults}->disarm;

    return ($failed, 'the master has ended') if !$nginx->process->is_alive;
    return ($failed, 'the reload does not end') if !$done;

    my $answer = $live->wait_for(20, sub {
        my $got = $live->request($nginx->port, 'GET /v1/merchants');
        $got->{status} && $got->{status} == 200;
    });

    return ($failed, $answer ? () : 'nginx does not answer');
}


sub reloads {
    my ($self) = @_;

    my $count = () = $self->{nginx}->error_log =~ /: reconfiguring/g;

    return $count;
}


# A master that has nothing to do waits for signals, in rt_sigsuspend().
sub master_waits {
    my ($self) = @_;

    open my $in, '<', "/proc/$self->{master}/wchan" or return 0;

    return (<$in> // '') =~ /sigsuspend/;
}


# --- both ---

# Options: most (calls at most; the others are spread over all of them), before
# (as many are left out at the beginning).
sub sweep {
    my ($self, $one, %option) = @_;

    my (undef, @odd) = $one->(0);
    my @wrong = map { "without a fault: $_" } @odd;
    my $before = $option{before} || 0;
    my $all = $self->{faults}->seen('memory') - $before;
    my $step = $option{most} && $all > $option{most} ? $all / $option{most}
                                                     : 1;
    my $tried = 0;

    for (my $at = $before + 1; $at <= $before + $all && @wrong <= 10;
         $at += $step)
    {
        (my $failed, @odd) = $one->(int $at);
        $tried++ if $failed;
        push @wrong, map { 'memory ' . int($at) . ": $_" } @odd;
    }

    return (\@wrong, $tried, $all);
}

1;
