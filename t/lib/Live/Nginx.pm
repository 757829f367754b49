package Live::Nginx;

# An nginx with a master and workers in a folder of its own.
#
# Options: http, server, main, events (text of these parts of the
# configuration), workers (1), connections (4096), listen (parameters of the
# directive), log_level (info), binary, clock (a Live::Clock), faults
# (Live::Faults), killer (a Live::Killer), orphan (its parent has ended, as that
# of a daemon: nginx refuses the upgrade of its binary otherwise).

use strict;
use warnings;

use File::Path ();
use Time::HiRes qw(sleep time);

use Live::Process;


sub new {
    my ($class, %option) = @_;

    my $self = bless {
        binary      => $ENV{TEST_NGINX_BINARY} || 'nginx',
        connections => 4096,
        events      => '',
        http        => '',
        listen      => '',
        log_level   => 'info',
        main        => '',
        server      => '',
        workers     => 1,
        %option,
    }, $class;

    # a new binary is started by the path of the old one
    $self->{binary} = in_path($self->{binary});

    File::Path::make_path(map { "$self->{folder}/$_" } qw(conf html logs));
    $self->write_config;

    return $self;
}


sub in_path {
    my ($name) = @_;

    return $name if $name =~ m{/};

    for my $folder (split(/:/, $ENV{PATH}), '/usr/sbin') {
        return "$folder/$name" if -x "$folder/$name";
    }

    return $name;
}


sub port {
    return $_[0]{port};
}


sub process {
    return $_[0]{process};
}


# The workers of the newest master.
sub pid {
    my ($self) = @_;

    return $self->{process}->pid if !$self->{orphan};

    return text_of($self->pid_file) =~ /^(\d+)/ ? $1 : 0;
}


sub pid_file {
    return "$_[0]{folder}/logs/nginx.pid";
}


sub folder {
    return $_[0]{folder};
}


sub error_log_file {
    return "$_[0]{folder}/logs/error.log";
}


sub error_log {
    return text_of($_[0]->error_log_file);
}


sub access_log {
    return text_of("$_[0]{folder}/logs/access.log");
}


sub text_of {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    my $text = <$in>;

    return defined $text ? $text : '';
}


# Changes parts of the configuration; reload() makes nginx read it.
sub configure {
    my ($self, %option) = @_;

    @$self{keys %option} = values %option;
    $self->write_config;
}


sub write_config {
    my ($self) = @_;

    open my $out, '>', "$self->{folder}/conf/nginx.conf"
        or die "nginx.conf: $!\n";
    print $out $self->config_text;
    close $out or die "nginx.conf: $!\n";
}


sub config_text {
    my ($self) = @_;

    my $folder = $self->{folder};
    my $user = $> == 0 ? 'user root;' : '';
    # Valgrind keeps some descriptors for itself and allows no change.
    my $limit = $ENV{TEST_NGINX_USE_VALGRIND} ? ''
                : 'worker_rlimit_nofile 8192;';
    my $temp = join '', map { "    ${_}_temp_path $folder/${_}_temp;\n" }
                        qw(client_body proxy);

    return <<"    END";
@{[$self->load_module]}
$user
daemon off;
worker_processes $self->{workers};
$limit
error_log $folder/logs/error.log $self->{log_level};
pid $folder/logs/nginx.pid;
$self->{main}

events {
    worker_connections $self->{connections};
    $self->{events}
}

http {
    access_log $folder/logs/access.log;
    default_type text/plain;
$temp
$self->{http}

    server {
        listen 127.0.0.1:$self->{port} backlog=2048 $self->{listen};
        server_name localhost;

$self->{server}
    }
}
    END
}


# Empty if the configuration does not use the module, or nginx has it built in.
sub load_module {
    my ($self) = @_;

    return '' if $ENV{TEST_NGINX_STATIC} || "$self->{http}$self->{server}"
                                            !~ /\bviolet/;

    my $module = $ENV{TEST_NGINX_LOAD_MODULES}
                 || "$self->{root}/build/ngx_violet_module.so";

    return "load_module $module;";
}


sub command {
    my ($self, @more) = @_;

    my @valgrind;

    if ($ENV{TEST_NGINX_USE_VALGRIND}) {
        my $logs = $ENV{TEST_NGINX_KEEP_LOGS} || "$self->{folder}/logs";
        @valgrind = ('valgrind', "--log-file=$logs/valgrind-live.%p.log",
                     '--trace-children=yes', '--leak-check=full',
                     '--errors-for-leak-kinds=none', '--num-callers=40');
    }

    return (@valgrind, $self->{binary}, '-e', $self->error_log_file,
            '-p', "$self->{folder}/", '-c', "$self->{folder}/conf/nginx.conf",
            @more);
}


sub start {
    my ($self) = @_;

    local %ENV = (%ENV, $self->preloaded);

    # the parent must be there when nginx begins
    my @orphan = $self->{orphan} ? ('sh', '-c', '("$@" & '
        . 'until [ -s "$0" ]; do sleep 0.05; done); exec sleep 3600',
        $self->pid_file) : ();

    $self->{process} = Live::Process->start(
        'nginx', "$self->{folder}/logs/output", @orphan, $self->command);
    $self->{process}{port} = $self->{port};

    $self->wait_orphan if $self->{orphan};
}


# The libraries of t/lib/Live that are loaded before libc.
sub preloaded {
    my ($self) = @_;

    my @library = grep { $_ } @$self{qw(clock faults killer)} or return;

    # the sanitizer's library would have to be the first one
    my $asan = join ',', grep { $_ } $ENV{ASAN_OPTIONS},
                                     'verify_asan_link_order=0';

    return (LD_PRELOAD => join(':', map { $_->library } @library),
            ASAN_OPTIONS => $asan, map { $_->environment } @library);
}


# Waits until the shell between test and nginx has ended.
sub wait_orphan {
    my ($self) = @_;

    my $deadline = time + 60;

    while (!$self->pid || parent_of(parent_of($self->pid))
                          == $self->{process}->pid)
    {
        die "nginx does not start\n" if time > $deadline;
        sleep 0.02;
    }
}


sub parent_of {
    my ($pid) = @_;

    return text_of("/proc/$pid/stat") =~ /^\d+ \(.*\) \S (\d+)/s ? $1 : 0;
}


# "nginx -t": returns true if it accepts the configuration, and its output.
sub test_config {
    my ($self) = @_;

    my $process = Live::Process->start(
        'nginx-t', "$self->{folder}/logs/test", $self->command('-t'));
    $process->wait_end(30);

    return ($process->status == 0, $process->output);
}


sub signal {
    my ($self, $signal) = @_;

    return kill $signal, $self->pid;
}


sub workers {
    my ($self) = @_;

    my $master = $self->pid;
    my @pids;

    for my $file (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $parent)
            = text_of($file) =~ /^(\d+) \(.*\) (\S) (\d+)/s or next;
        push @pids, $pid if $parent == $master && $state ne 'Z';
    }

    return @pids;
}


# The number of unread bytes of each connection of a process to this port, open
# or closed by the peer.
sub connections {
    my ($self, $pid, $port) = @_;

    my $to = sprintf ':%04X', $port;
    my %unread;

    for my $line (split /\n/, text_of('/proc/net/tcp')) {
        my @field = split ' ', $line;
        next if $field[2] !~ /\Q$to\E$/ || $field[3] !~ /^0[18]$/;
        $unread{$field[9]} = hex((split /:/, $field[4])[1]);
    }

    return grep { defined } map {
        my $open = readlink;
        $open && $open =~ /^socket:\[(\d+)\]$/ ? $unread{$1} : undef;
    } glob "/proc/$pid/fd/*";
}


# Waits until a worker has read all that this client has sent: what it sends to
# another server then, it has sent.
sub wait_read {
    my ($self, $client) = @_;

    return wait_lines($self, $client, sub { grep { /^0+$/ } @_ });
}


# Waits until no worker has the connection that a client has closed, which was
# from this port.
sub wait_left {
    my ($self, $port) = @_;

    return wait_lines($self, $port, sub { !@_ });
}


# Waits until the code returns true; it is given the number of unread bytes, in
# hexadecimal digits, of each connection from this port that a worker has.
sub wait_lines {
    my ($self, $from, $code) = @_;

    my ($to, $by) = map { sprintf ':%04X', $_ }
                        $self->{port}, ref $from ? $from->{sock}->sockport
                                                 : $from;
    my $deadline = time + 60;

    while (time < $deadline) {
        my @lines = map { [split] } split /\n/, text_of('/proc/net/tcp');

        return 1 if $code->(map { (split /:/, $_->[4])[1] }
                                grep { $_->[1] =~ /$to$/ && $_->[2] =~ /$by$/
                                       && $_->[9] } @lines);
        sleep 0.02;
    }

    return 0;
}


# Returns true as soon as there are new workers; the old ones may still have
# requests.  Returns false if nginx keeps the old configuration.
sub reload {
    my ($self, $seconds) = @_;

    my %old = map { $_ => 1 } $self->workers;
    my $deadline = time + Live::Process::patience($seconds || 10);

    $self->signal('HUP');

    while (time < $deadline) {
        my @new = grep { !$old{$_} } $self->workers;
        return 1 if @new >= $self->{workers};
        return 0 if $self->error_log =~ /\[emerg\]/;
        sleep 0.02;
    }

    return 0;
}


# Waits until the workers of before a reload have ended.
sub wait_gone {
    my ($self, $seconds, @pids) = @_;

    my $deadline = time + Live::Process::patience($seconds);

    while (grep { text_of("/proc/$_/stat") =~ /\) [^Z] / } @pids) {
        return 0 if time > $deadline;
        sleep 0.02;
    }

    return 1;
}


# Waits for a line of the error log.
sub wait_log {
    my ($self, $pattern, $seconds) = @_;

    my $deadline = time + Live::Process::patience($seconds || 5);

    while (1) {
        return 1 if $self->error_log =~ $pattern;
        return 0 if time > $deadline;
        sleep 0.02;
    }
}


# Stops nginx gracefully; returns false if it takes longer.
sub quit {
    my ($self, $seconds) = @_;

    $self->signal('QUIT');

    return $self->{process}->wait_end($seconds || 10);
}


sub stop {
    my ($self) = @_;

    if ($self->{orphan} && $self->pid) {
        my $master = $self->pid;
        kill 'TERM', $master;
        $self->wait_gone(5, $master);
    }

    return $self->{process}->stop;
}

1;
