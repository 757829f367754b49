package Test::Nginx::Client;

# Sends a request and takes the response apart.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
use Test::Nginx::Util qw(setting note_verbose);

our @EXPORT_OK = qw(send_request parse_response);

# Seconds that nginx may take to listen.
my $connect_time = 60;


# Returns the bytes received and, after a failure, its reason: "timeout" or a
# message.
sub send_request {
    my ($packets, %option) = @_;

    my $sock = connect_to($option{addr} || setting('client_addr'),
                          setting('server_port_for_client'),
                          $option{server_alive});

    return ('', "cannot connect: $!") if !$sock;

    my $state = {
        sock     => $sock,
        packets  => [map { {%$_} } @$packets],
        response => '',
        %option,
    };

    next_packet($state, 1);
    local $SIG{PIPE} = 'IGNORE';

    my $problem = converse($state);
    close $sock;

    note_verbose("response: [$state->{response}]");

    return ($state->{response}, $problem);
}


sub connect_to {
    my ($addr, $port, $server_alive) = @_;

    my $deadline = time + $connect_time;

    while (1) {
        my $sock = IO::Socket::INET->new(
            PeerAddr => $addr,
            PeerPort => $port,
            Proto    => 'tcp',
            Timeout  => setting('timeout'),
        );

        if ($sock) {
            $sock->blocking(0);
            return $sock;
        }

        return undef if time > $deadline || !$server_alive->();
        sleep setting('sleep');
    }
}


sub converse {
    my ($state) = @_;

    while (1) {
        my $read = IO::Select->new($state->{sock});
        my $write = IO::Select->new(
            defined $state->{out} ? $state->{sock} : ());

        my ($readable, $writable)
            = IO::Select->select($read, $write, undef, $state->{timeout});

        return 'timeout' if !$readable && !$writable;

        if (@$readable) {
            my $more = receive($state);
            return $state->{problem} if !$more;
        }

        if ($writable && @$writable) {
            transmit($state);
        }
    }
}


sub receive {
    my ($state) = @_;

    while (1) {
        my $got = sysread $state->{sock}, my $bytes, 65536;

        if (!defined $got) {
            return 1 if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
            warn "reading the response failed: $!\n";
            return 0;
        }

        return 0 if $got == 0;

        $state->{response} .= $bytes;
    }
}


# A peer that closes early may still have answered: go on reading.
sub transmit {
    my ($state) = @_;

    my $sent = syswrite $state->{sock}, $state->{out};

    if (!defined $sent) {
        return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
        warn "sending the request failed: $!\n";
        undef $state->{out};
        return;
    }

    substr $state->{out}, 0, $sent, '';

    next_packet($state) if $state->{out} eq '';
}


sub next_packet {
    my ($state, $first) = @_;

    my $packet = shift @{$state->{packets}};

    if (!$packet) {
        undef $state->{out};
        shutdown $state->{sock}, $state->{shutdown}
            if defined $state->{shutdown};
        return;
    }

    my $delay = $packet->{delay_before};
    $delay = $state->{middle_delay} if !defined $delay;
    sleep $delay if $delay && !$first;

    $state->{out} = $packet->{value};
}


# Returns the response and the bytes behind it.  If there is no response, a text
# with the reason takes its place.
sub parse_response {
    my ($bytes) = @_;

    my $response = split_response($bytes);
    my $code = $response->code;
    my $encoding = $response->header('Transfer-Encoding');
    my $length = $response->header('Content-Length');

    if ($code && ($code == 304 || $code == 101)) {
        return ($response, '');
    }

    if (defined $encoding && $encoding eq 'chunked') {
        my ($body, $rest, $problem)
            = decode_chunks($response->content,
                            defined $response->header('Trailer'));
        return (undef, '', $problem) if $problem;

        $response->content($body);
        return ($response, $rest);
    }

    return ($response, '') if !defined $length || $length !~ /^\d+$/;

    my $body = $response->content;
    my $rest = '';

    if (length $body > $length) {
        $rest = substr $body, $length, length $body, '';
        $response->content($body);
    }

    return ($response, $rest);
}


sub split_response {
    my ($bytes) = @_;

    my ($raw) = $bytes =~ /\A(.*?\r\n)\r\n/s;
    my ($status, $rest) = $bytes =~ /\A([^\n]*)\n?(.*)\z/s;
    my ($code) = $status =~ /^\S+ +(\d+)(?:\s|$)/;
    my @headers;

    while ($rest =~ s/\A([^\n]*?)\r?(?:\n|\z)// && $1 ne '') {
        my $line = $1;

        if ($line =~ /^([^\s:]+)[ \t]*: ?(.*)/) {
            push @headers, [$1, $2];
        } elsif (@headers && $line =~ /^[ \t]/) {
            $headers[-1][1] .= "\n$line";
        } else {
            $rest = "$line\n$rest";
            last;
        }
    }

    return bless {
        code    => $code,
        raw     => defined $raw ? $raw : '',
        headers => \@headers,
        content => $rest,
    }, 'Test::Nginx::Response';
}


sub decode_chunks {
    my ($bytes, $trailer) = @_;

    my $body = '';
    pos($bytes) = 0;

    while ($bytes =~ /\G[ \t]*([0-9A-Fa-f]+)[ \t]*\r\n/gc) {
        my $size = hex $1;
        my $at = pos $bytes;

        if ($size == 0) {
            my $end = $trailer ? qr/\G(?:[^\r\n]+\r\n)*\r\n/ : qr/\G\r\n/;
            $bytes =~ /$end/gc
                or return (undef, '', 'no empty line after the last chunk');
            return ($body, substr($bytes, pos $bytes));
        }

        return (undef, '', 'a chunk is cut off')
            if $at + $size + 2 > length $bytes;
        return (undef, '', 'a chunk does not end in CRLF')
            if substr($bytes, $at + $size, 2) ne "\r\n";

        $body .= substr $bytes, $at, $size;
        pos($bytes) = $at + $size + 2;
    }

    return (undef, '', pos $bytes < length $bytes
                       ? 'an invalid chunk' : 'the last chunk is missing');
}


package Test::Nginx::Response;


sub code {
    return $_[0]{code};
}


sub raw_headers {
    return $_[0]{raw};
}


sub content {
    my ($self, @value) = @_;

    $self->{content} = $value[0] if @value;

    return $self->{content};
}


# Joins the lines of one name to one value, as RFC 9110 does.
sub header {
    my ($self, $name) = @_;

    my $wanted = lc $name =~ tr/_/-/r;
    my @values = map { $_->[1] }
                 grep { lc $_->[0] =~ tr/_/-/r eq $wanted }
                 @{$self->{headers}};

    return @values ? join(', ', @values) : undef;
}

1;
