package Live::Relay;

# A relay between clients and a server, as a bad network: it can hold up bytes,
# change them and close connections.
#
#   my $relay = $live->relay($redis->port);
#   $relay->mode('stall link');     connections that have subscribed stay open,
#                                   and no byte passes on them
#   $relay->mode('stall all');      the same for all connections, new ones too
#   $relay->mode('cut link');       connections that have subscribed are closed,
#                                   new ones as soon as they subscribe
#   $relay->mode('cut all');        all connections are closed, new ones at once
#   $relay->mode('dribble all');    the server's bytes arrive one at a time
#   $relay->mode('garbage all');    other bytes arrive in place of the server's
#   $relay->mode('pass');           bytes pass again, also those held up
#
# A mode is in force when the call returns.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use Live::Process;


sub start {
    my ($class, $port, $target, $file) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => "127.0.0.1:$port", Listen => 512, ReuseAddr => 1)
        or die "port $port: $!\n";

    my $self = bless {port => $port, target => $target, file => $file,
                      wanted => 0}, $class;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        Live::Process::leave_with_parent();
        $SIG{PIPE} = 'IGNORE';
        eval { $self->serve($listen); 1 } or warn "relay: $@";
        POSIX::_exit(0);
    }

    $self->{process} = Live::Process->adopt('relay', $pid, "$file.out");

    return $self;
}


sub port {
    return $_[0]{port};
}


sub stop {
    return $_[0]{process}->stop('KILL');
}


sub mode {
    my ($self, $mode) = @_;

    my $n = ++$self->{wanted};

    put("$self->{file}.mode", "$n $mode");

    my $deadline = time + 10;

    while (text("$self->{file}.done") ne $n) {
        die "the relay does not change its mode\n" if time > $deadline;
        sleep 0.005;
    }
}


# Renames a whole file, so that the relay never reads a part.
sub put {
    my ($file, $text) = @_;

    open my $out, '>', "$file.new" or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}


sub text {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    my $text = <$in>;

    return defined $text ? $text : '';
}


# --- the process of the relay ---

sub serve {
    my ($self, $listen) = @_;

    @$self{qw(how whom pairs)} = ('pass', '', []);
    my $done = '';

    while (1) {
        my ($n, $how, $whom) = split ' ', text("$self->{file}.mode");

        if (defined $n && $n ne $done) {
            @$self{qw(how whom)} = ($how, $whom || '');
            $self->cut;
            $done = $n;
            put("$self->{file}.done", $n);
        }

        $self->dribble;

        my @open = map { length $_->{out} ? $_->{client}
                                          : @$_{qw(client server)} }
                   grep { !$self->is_hit($_, 'stall') } @{$self->{pairs}};

        for my $sock (IO::Select->new($listen, @open)->can_read(0.02)) {
            if ($sock == $listen) {
                $self->take($listen);
            } else {
                $self->pass($sock);
            }
        }

        $self->cut;
    }
}


sub is_hit {
    my ($self, $pair, $how) = @_;

    return $self->{how} eq $how && ($self->{whom} eq 'all' || $pair->{link});
}


sub cut {
    my ($self) = @_;

    for my $pair (@{$self->{pairs}}) {
        next if !$pair->{closed} && !$self->is_hit($pair, 'cut');
        $pair->{closed} = 1;
        close $pair->{client};
        close $pair->{server};
    }

    @{$self->{pairs}} = grep { !$_->{closed} } @{$self->{pairs}};
}


sub take {
    my ($self, $listen) = @_;

    my $client = $listen->accept or return;
    my $server = IO::Socket::INET->new(
        PeerAddr => "127.0.0.1:$self->{target}");

    if (!$server) {
        close $client;
        return;
    }

    push @{$self->{pairs}}, {client => $client, server => $server,
                             out => '', due => 0};
}


sub pass {
    my ($self, $sock) = @_;

    my ($pair) = grep { $_->{client} == $sock || $_->{server} == $sock }
                      @{$self->{pairs}} or return;

    # bytes read earlier in this round may have stalled or closed it
    return if $pair->{closed} || $self->is_hit($pair, 'stall');

    if (!sysread $sock, my $bytes, 65536) {
        $pair->{closed} = 1;
        return;

    } elsif ($sock == $pair->{client}) {
        $pair->{link} = 1 if $bytes =~ /subscribe/i;
        return if $self->is_hit($pair, 'cut');
        send_all($pair->{server}, $bytes);

    } elsif ($self->is_hit($pair, 'garbage')) {
        send_all($pair->{client}, "\0\1\377 what is this?\r\n");

    } else {
        $pair->{out} .= $bytes;
        $self->dribble;
    }
}


# Sends the waiting bytes to the clients: all of them or, in the mode "dribble",
# one every 20 ms.
sub dribble {
    my ($self) = @_;

    for my $pair (grep { length $_->{out} && !$_->{closed} }
                  @{$self->{pairs}})
    {
        next if $self->is_hit($pair, 'stall');

        if (!$self->is_hit($pair, 'dribble')) {
            send_all($pair->{client}, $pair->{out});
            $pair->{out} = '';

        } elsif ($pair->{due} <= time) {
            send_all($pair->{client}, substr $pair->{out}, 0, 1, '');
            $pair->{due} = time + 0.02;
        }
    }
}


sub send_all {
    my ($sock, $bytes) = @_;

    while (length $bytes) {
        my $sent = syswrite $sock, $bytes or return;
        substr $bytes, 0, $sent, '';
    }
}

1;
