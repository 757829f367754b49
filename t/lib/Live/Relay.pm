package Live::Relay;

# A relay between clients and a server, as a bad network: what passes through
# it can be held up without a word, or cut off.
#
#   my $relay = $live->relay($redis->port);
#   $relay->mode('stall link');     connections that have subscribed get and
#                                   send nothing any more, and stay open
#   $relay->mode('stall all');      all of them, new ones as well
#   $relay->mode('cut link');       they are closed, and new ones as soon as
#   $relay->mode('cut all');        they subscribe, or at once
#   $relay->mode('dribble all');    what the server says comes one byte at a
#                                   time
#   $relay->mode('garbage all');    instead of it comes what is no reply
#   $relay->mode('pass');           all is well again; what was held up comes
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


# Whole, or not at all.
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

    # stalled or closed by what was read before in this round
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


# All that is waiting, but for those who get it byte by byte.
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
