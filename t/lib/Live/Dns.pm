package Live::Dns;

# A small DNS server for nginx's "resolver".  A test changes its answers while
# it runs:
#
#   my $dns = Live::Dns->start($live);
#   $dns->answers('redis.test' => ['127.0.0.1'], ...);
#   resolver 127.0.0.1:PORT valid=1s;
#
# The answer for a name is a list of addresses, of version 4 or 6, or one of
# the words
#
#   fails       SERVFAIL
#   silent      no answer
#   unknown     NXDOMAIN, which any other name gets as well

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Socket qw(AF_INET AF_INET6 inet_pton);

use Live::Process;

# the types of questions, and the error codes
my %address = (1 => AF_INET, 28 => AF_INET6);
my %code = (fails => 2, unknown => 3);


sub start {
    my ($class, $live) = @_;

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       Proto => 'udp')
        or die "no port for a DNS server: $!\n";
    my $port = $socket->sockport;
    my $self = bless {port => $port,
                      file => $live->folder . "/dns.$port"}, $class;

    $self->answers;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        Live::Process::leave_with_parent();
        eval { $self->serve($socket); 1 } or warn "DNS: $@";
        POSIX::_exit(0);
    }

    $self->{process} = Live::Process->adopt('dns', $pid, "$self->{file}.out");

    return $self;
}


sub port {
    return $_[0]{port};
}


# To pause and resume it.
sub process {
    return $_[0]{process};
}


# Sets all answers; each is a list of addresses or a word.
sub answers {
    my ($self, %answer) = @_;

    open my $out, '>', "$self->{file}.new" or die "$self->{file}: $!\n";
    print $out join(' ', $_, ref $answer{$_} ? @{$answer{$_}} : $answer{$_}),
               "\n" for sort keys %answer;
    close $out or die "$self->{file}: $!\n";

    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";
}


# How many questions for addresses of version 4 it has had.
sub asked {
    my ($self, $name) = @_;

    open my $in, '<', "$self->{file}.asked" or return 0;

    return scalar grep { $_ eq "$name\n" } <$in>;
}


sub serve {
    my ($self, $socket) = @_;

    open my $log, '>>', "$self->{file}.asked" or die "$self->{file}: $!\n";

    while (1) {
        my $from = recv $socket, my $query, 4096, 0;
        next if !defined $from;

        my ($name, $type) = question($query) or next;
        syswrite $log, "$name\n" if $type == 1;

        my $reply = reply($query, $type, $self->answer($name));
        send $socket, $reply, 0, $from if defined $reply;
    }
}


# The words behind a name.
sub answer {
    my ($self, $name) = @_;

    open my $in, '<', $self->{file} or return 'fails';

    for (<$in>) {
        my ($known, @words) = split;
        return @words if $known eq lc $name;
    }

    return 'unknown';
}


sub question {
    my ($query) = @_;

    return if length $query < 17;

    my ($name, $at) = ('', 12);

    while (my $length = ord substr $query, $at, 1) {
        $name .= substr($query, $at + 1, $length) . '.';
        $at += $length + 1;
        return if $at + 5 > length $query;
    }

    return ($name =~ s/\.$//r, unpack 'n', substr $query, $at + 1, 2);
}


sub reply {
    my ($query, $type, @words) = @_;

    return undef if "@words" eq 'silent';

    my $code = $code{"@words"} || 0;
    my $family = $address{$type};
    my @bytes = $code || !$family
                ? () : grep { defined } map { inet_pton($family, $_) } @words;

    my $end = index($query, "\0", 12) + 5;

    # the same name each time, and a TTL of a second
    return substr($query, 0, 2) . pack('n5', 0x8180 | $code, 1,
                                       scalar @bytes, 0, 0)
        . substr($query, 12, $end - 12)
        . join '', map { pack('n3 N n', 0xc00c, $type, 1, 1, length) . $_ }
                       @bytes;
}

1;
