package Live::Client;

# Raw clients: one connection that a test drives step by step, or a thousand
# connections at the same time.

use strict;
use warnings;

use Errno qw(EAGAIN EINPROGRESS EINTR EWOULDBLOCK);
use IO::Poll qw(POLLERR POLLHUP POLLIN POLLOUT);
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_ERROR SO_LINGER);
use Time::HiRes qw(time);

use Live::Process ();
use Violet::Problems ();


sub new {
    my ($class, $port) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                     Timeout => 60)
        or die "cannot connect to port $port: $!\n";

    $sock->blocking(0);

    return bless {sock => $sock, in => '', begun => time}, $class;
}


sub request_bytes {
    my ($what, %option) = @_;

    return $what if $what =~ /\n/;

    my ($method, $path, $version) = split ' ', $what;
    $version = 'HTTP/1.1' if !defined $version;

    my %header = (Host => 'localhost', Connection => 'close',
                  %{$option{headers} || {}});
    $header{'Content-Length'} = length $option{body}
        if defined $option{body} && !exists $header{'Transfer-Encoding'};

    my $lines = join '', map { "$_: $header{$_}\r\n" }
                         grep { defined $header{$_} } sort keys %header;

    return "$method $path $version\r\n$lines\r\n"
           . (defined $option{body} ? $option{body} : '');
}


sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    my $deadline = time + 60;

    while (length $bytes) {
        my $sent = syswrite $self->{sock}, $bytes;

        if (defined $sent) {
            substr $bytes, 0, $sent, '';
            next;
        }

        return 0 if !again() || time > $deadline;
        wait_io($self->{sock}, POLLOUT, 0.1);
    }

    return 1;
}


sub again {
    return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
}


sub wait_io {
    my ($sock, $events, $seconds) = @_;

    my $poll = IO::Poll->new;
    $poll->mask($sock => $events);

    return $poll->poll($seconds);
}


# Reads until the code returns true (or the pattern matches), the peer closes
# or the time is over; returns all bytes since the start.
sub read_until {
    my ($self, $until, $seconds) = @_;

    my $deadline = time + Live::Process::patience($seconds);
    my $done = ref $until eq 'CODE' ? $until : sub { $_[0] =~ $until };

    until ($self->{closed} || $done->($self->{in})) {
        my $left = $deadline - time;
        last if $left <= 0;

        wait_io($self->{sock}, POLLIN, $left);
        $self->read_now;
    }

    return $self->{in};
}


sub read_now {
    my ($self) = @_;

    while (1) {
        my $got = sysread $self->{sock}, $self->{in}, 65536,
                          length $self->{in};
        if (!defined $got) {
            return if again();
            $self->{error} = "$!";
        }
        if (!$got) {
            $self->{closed} = 1;
            return;
        }
    }
}


sub read_all {
    my ($self, $seconds) = @_;

    return $self->read_until(sub { 0 }, $seconds);
}


sub is_closed {
    my ($self, $seconds) = @_;

    $self->read_all(defined $seconds ? $seconds : 0.1);

    return $self->{closed};
}


# The next response of the connection.
sub answer {
    my ($self, $seconds) = @_;

    $self->read_until(sub { is_whole($_[0]) }, $seconds);

    my $answer = parse($self->{in}, $self->{closed});
    $answer->{seconds} = time - $self->{begun};
    $answer->{error} = $self->{error} || 'timeout'
        if !defined $answer->{status} && !$self->{closed} || $self->{error};
    $self->{in} = delete $answer->{rest};

    keep_problem($answer);

    return $answer;
}


sub close {
    my ($self) = @_;

    CORE::close $self->{sock};
    $self->{closed} = 1;
}


# Closes by a reset.
sub reset {
    my ($self) = @_;

    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    $self->close;
}


# --- responses ---

# The end of the connection ends a response without a length.
sub is_whole {
    my ($bytes) = @_;

    my $answer = parse($bytes, 0);

    return $answer->{whole};
}


sub parse {
    my ($bytes, $closed) = @_;

    my ($head, $body) = $bytes =~ /\A(.*?\r\n)\r\n(.*)\z/s
        or return {raw => $bytes, rest => '', whole => 0};

    my ($status) = $head =~ m{\AHTTP/\d\.\d (\d{3})};
    my %header;

    while ($head =~ /^([^\s:]+):[ \t]*(.*?)[ \t]*\r$/mg) {
        my $name = lc $1;
        $header{$name} = defined $header{$name} ? "$header{$name}, $2" : $2;
    }

    my $answer = {status => $status, headers => \%header, head => $head,
                  raw => $bytes, rest => ''};

    return add_body($answer, $body, $closed);
}


sub add_body {
    my ($answer, $body, $closed) = @_;

    my $length = $answer->{headers}{'content-length'};
    my $coding = $answer->{headers}{'transfer-encoding'};

    if (($answer->{status} || 0) =~ /^(?:1..|204|304)$/) {
        @$answer{qw(body rest whole)} = ('', $body, 1);

    } elsif (defined $coding && lc $coding eq 'chunked') {
        @$answer{qw(body rest whole)} = dechunk($body);

    } elsif (defined $length) {
        my $whole = length $body >= $length;
        $answer->{body} = substr $body, 0, $length;
        $answer->{rest} = $whole ? substr $body, $length : '';
        $answer->{whole} = $whole;

    } else {
        @$answer{qw(body whole)} = ($body, $closed);
    }

    return $answer;
}


sub dechunk {
    my ($bytes) = @_;

    my $body = '';

    while ($bytes =~ s/\A([0-9A-Fa-f]+)[^\r\n]*\r\n//) {
        my $size = hex $1;

        if (!$size) {
            return ($body, $bytes, 1) if $bytes =~ s/\A\r\n//;
            return ($body, $bytes, 0);
        }

        return ($body . $bytes, '', 0) if length $bytes < $size + 2;
        $body .= substr $bytes, 0, $size;
        substr $bytes, 0, $size + 2, '';
    }

    return ($body, $bytes, 0);
}


# --- many at once ---

sub many {
    my ($port, %option) = @_;

    my $deadline = time + Live::Process::patience($option{timeout} || 30);
    my @states = connect_all($port, $option{count}, $deadline);
    my $begun = time;

    for my $i (0 .. $#states) {
        my $what = ref $option{request} ? $option{request}->($i)
                                        : $option{request};
        $states[$i]{out} = request_bytes($what);
    }

    converse(\@states, $deadline, $begun);

    return map { result($_, $begun) } @states;
}


sub result {
    my ($state, $begun) = @_;

    my $answer = parse($state->{in}, $state->{closed});
    $answer->{seconds} = ($state->{end} || time) - $begun;
    $answer->{error} = $state->{error} || 'timeout'
        if $state->{error} || !defined $answer->{status};

    keep_problem($answer);

    return $answer;
}


sub keep_problem {
    my ($answer) = @_;

    return if !$answer->{whole} || $answer->{body} eq ''
              || ($answer->{headers}{'content-type'} // '')
                 !~ m{^application/problem\+json};

    # an operator's own, see docs/examples
    return if $answer->{body} =~ /"type":"about:blank"/;

    Violet::Problems::keep($answer->{body});
}


# The backlog of a listening socket is limited, so the connections are opened
# in groups, to several ports in turn.
sub connect_all {
    my ($port, $count, $deadline) = @_;

    my @ports = ref $port ? @$port : $port;
    my @states;

    while (@states < $count) {
        my $port = $ports[@states % @ports];
        my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                         Timeout => 60);

        if ($sock) {
            $sock->blocking(0);
            push @states, {sock => $sock, in => ''};
            next;
        }

        die "connection " . @states . ": $!\n" if time > $deadline;
    }

    return @states;
}


sub converse {
    my ($states, $deadline) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $poll = IO::Poll->new;
    my %by_sock;

    for my $state (@$states) {
        $by_sock{$state->{sock}} = $state;
        $poll->mask($state->{sock} => POLLIN | POLLOUT);
    }

    while (%by_sock && time < $deadline) {
        $poll->poll(0.5);

        for my $sock ($poll->handles(POLLIN | POLLOUT | POLLERR | POLLHUP)) {
            my $state = $by_sock{$sock} or next;

            step($state, $poll);
            next if !$state->{end};

            $poll->remove($sock);
            delete $by_sock{$sock};
            CORE::close $sock;
        }
    }

    $_->{error} = 'timeout' for values %by_sock;
}


sub step {
    my ($state, $poll) = @_;

    if (length $state->{out}) {
        my $sent = syswrite $state->{sock}, $state->{out};
        substr $state->{out}, 0, $sent, '' if defined $sent;
        $poll->mask($state->{sock} => POLLIN) if !length $state->{out};
    }

    my $got = sysread $state->{sock}, $state->{in}, 65536,
                      length $state->{in};

    return if !defined $got && again();

    $state->{error} = "$!" if !defined $got;
    $state->{closed} = 1 if !$got;
    $state->{end} = time if !$got || is_whole($state->{in});
}

1;
