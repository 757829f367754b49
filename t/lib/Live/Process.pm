package Live::Process;

# A child process with its own group, which a test signals, pauses and stops.

use strict;
use warnings;

use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

my %living;    # by pid


# Its output goes to the file $log.
sub start {
    my ($class, $name, $log, @command) = @_;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        leave_with_parent();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec @command or POSIX::_exit(127);
    }

    return $class->adopt($name, $pid, $log);
}


# In a child: makes its own group, and asks the kernel for a SIGTERM when the
# parent ends, since a test that was killed stops no process.
sub leave_with_parent {
    my %prctl = (x86_64 => 157, aarch64 => 167);
    my $number = $prctl{(POSIX::uname())[4]};
    my $set_parent_death_signal = 1;

    setpgrp;
    eval { syscall $number, $set_parent_death_signal, POSIX::SIGTERM() }
        if $number;
}


sub adopt {
    my ($class, $name, $pid, $log) = @_;

    my $self = bless {
        name  => $name,
        pid   => $pid,
        log   => $log,
        owner => $$,
    }, $class;

    $living{$pid} = $self;

    return $self;
}


sub name {
    return $_[0]{name};
}


sub pid {
    return $_[0]{pid};
}


sub port {
    return $_[0]{port};
}


# The exit status, after the end.
sub status {
    return $_[0]{status};
}


sub output {
    my ($self) = @_;

    open my $in, '<', $self->{log} or return '';
    local $/;
    my $text = <$in>;

    return defined $text ? $text : '';
}


sub is_alive {
    my ($self) = @_;

    return 0 if defined $self->{status};

    if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
        $self->{status} = $?;
        delete $living{$self->{pid}};
        return 0;
    }

    return 1;
}


sub signal {
    my ($self, $signal) = @_;

    return kill $signal, $self->{pid};
}


# Halts the process by SIGSTOP; its sockets stay open.
sub pause {
    my ($self) = @_;

    return $self->signal('STOP');
}


sub resume {
    my ($self) = @_;

    return $self->signal('CONT');
}


# A limit of 3 seconds or more is there for what hangs: a machine that is busy
# with other things may need a minute.  A shorter one is meant as it stands.
sub patience {
    my ($seconds) = @_;

    return $seconds < 3 || $seconds > 60 ? $seconds : 60;
}


# Returns false if the process has not ended within the time.
sub wait_end {
    my ($self, $seconds) = @_;

    my $deadline = time + patience($seconds);

    while ($self->is_alive) {
        return 0 if time > $deadline;
        sleep 0.01;
    }

    return 1;
}


# Ends the whole group, since an nginx that was killed leaves workers.  A
# process that is stopped takes no signal but KILL.
sub stop {
    my ($self, $signal) = @_;

    $signal ||= 'TERM';

    if ($self->is_alive) {
        $self->signal('CONT') if $signal ne 'KILL';
        $self->signal($signal);
        $self->wait_end(5);
    }

    kill 'KILL', -$self->{pid};
    $self->wait_end(5);

    return $self->{status};
}


sub stop_all {
    my ($name) = @_;

    for my $process (values %living) {
        next if $process->{owner} != $$;
        next if defined $name && $process->{name} ne $name;
        $process->stop;
    }
}

1;
