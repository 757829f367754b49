package Live::Fake;

# A server that misbehaves in a way that the test chooses.
#
#   $live->fake(do => 'silent')     accepts and never sends anything
#   $live->fake(do => 'close')      accepts and closes
#   $live->fake(do => 'reset')      accepts and resets
#   $live->fake(do => 'answer', bytes => ...)    sends these bytes after any
#                                   request, and closes; with keep => 1 the
#                                   connection stays open
#   $live->fake(do => 'greet', bytes => ...)     sends before any request
#   $live->fake(do => 'dribble', bytes => ..., every => 0.1, step => 1)
#                                   sends "step" bytes every 0.1 s
#   $live->fake(do => sub { my ($socket, $n) = @_; ... })   anything else, in a
#                                   process of its own for each connection
#
# "bytes" may be code: its arguments are the bytes received and the number of
# the connection.
# after => N: the first N connections are treated as "close".

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep time);

use Live::Process;


sub start {
    my ($class, $port, $log, %option) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => "127.0.0.1:$port", Listen => 512, ReuseAddr => 1)
        or die "port $port: $!\n";

    my $self = bless {port => $port, log => $log, %option}, $class;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        Live::Process::leave_with_parent();
        $SIG{PIPE} = 'IGNORE';
        eval { $self->serve($listen); 1 } or warn "fake: $@";
        POSIX::_exit(0);
    }

    $self->{process} = Live::Process->adopt('fake', $pid, $log);

    return $self;
}


sub port {
    return $_[0]{port};
}


sub process {
    return $_[0]{process};
}


sub stop {
    return $_[0]{process}->stop('KILL');
}


# The number of connections so far.
sub connections {
    my ($self) = @_;

    return scalar grep { /^connection / } $self->log_lines;
}


# All bytes received on connection $n (from 1), or on all connections.
sub received {
    my ($self, $n) = @_;

    my $bytes = '';

    for my $line ($self->log_lines) {
        next if $line !~ /^received (\d+) (.*)$/;
        $bytes .= pack 'H*', $2 if !defined $n || $n == $1;
    }

    return $bytes;
}


sub log_lines {
    my ($self) = @_;

    open my $in, '<', $self->{log} or return;

    return <$in>;
}


sub note {
    my ($self, $text) = @_;

    open my $out, '>>', $self->{log} or die "$self->{log}: $!\n";
    syswrite $out, "$text\n";
}


sub serve {
    my ($self, $listen) = @_;

    my $select = IO::Select->new($listen);
    my %state;

    while (1) {
        for my $sock ($select->can_read($self->pause(\%state))) {

            if ($sock == $listen) {
                $self->take($listen, $select, \%state);
            } else {
                $self->hear($sock, $select, \%state);
            }
        }

        $self->dribble($select, \%state);
    }
}


sub pause {
    my ($self, $state) = @_;

    my @due = map { $_->{due} } grep { $_->{due} } values %$state;

    return undef if !@due;

    my $pause = (sort { $a <=> $b } @due)[0] - time;

    return $pause > 0 ? $pause : 0;
}


sub take {
    my ($self, $listen, $select, $state) = @_;

    my $sock = $listen->accept or return;
    my $n = ++$self->{n};
    my $do = $n <= ($self->{after} || 0) ? 'close' : $self->{do};

    $self->note("connection $n");

    if (ref $do eq 'CODE') {
        $self->fork_for($do, $sock, $n);

    } elsif ($do eq 'close') {
        close $sock;

    } elsif ($do eq 'reset') {
        setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        close $sock;

    } else {
        $state->{$sock} = {sock => $sock, n => $n, in => ''};
        $select->add($sock);
        syswrite $sock, $self->bytes_for($state->{$sock}) if $do eq 'greet';
    }
}


sub fork_for {
    my ($self, $code, $sock, $n) = @_;

    local $SIG{CHLD} = 'IGNORE';
    my $pid = fork;

    if (defined $pid && !$pid) {
        eval { $code->($sock, $n); 1 } or $self->note("died $@");
        POSIX::_exit(0);
    }

    close $sock;
}


sub bytes_for {
    my ($self, $state) = @_;

    return ref $self->{bytes} ? $self->{bytes}->($state->{in}, $state->{n})
                              : $self->{bytes};
}


sub hear {
    my ($self, $sock, $select, $state) = @_;

    my $own = $state->{$sock};

    if (!sysread $sock, my $bytes, 65536) {
        $select->remove($sock);
        delete $state->{$sock};
        close $sock;
        return;

    } else {
        $own->{in} .= $bytes;
        $self->note("received $own->{n} " . unpack 'H*', $bytes);
    }

    if ($self->{do} eq 'answer') {
        syswrite $sock, $self->bytes_for($own);
        return if $self->{keep};
        $select->remove($sock);
        delete $state->{$sock};
        close $sock;

    } elsif ($self->{do} eq 'dribble' && !$own->{due}) {
        $own->{out} = $self->bytes_for($own);
        $own->{due} = time;
    }
}


sub dribble {
    my ($self, $select, $state) = @_;

    for my $own (grep { $_->{due} && $_->{due} <= time } values %$state) {

        if (length $own->{out}) {
            syswrite $own->{sock},
                     substr $own->{out}, 0, $self->{step} || 1, '';
            $own->{due} = time + ($self->{every} || 0.1);
            next;
        }

        delete $own->{due};
        next if $self->{keep};

        $select->remove($own->{sock});
        delete $state->{$own->{sock}};
        close $own->{sock};
    }
}

1;
