package Live::Names;

# A name server for one test: answers every query for an IPv4 address with the
# address in a file, which the test may change, and other queries without one.
#
#   my $names = Live::Names->start($live);
#   $names->says('127.0.0.1');
#   ... "resolver 127.0.0.1:" . $names->port . " valid=1s ipv6=off;"
#   $names->asked;          # number of queries

use strict;
use warnings;

use IO::Socket::INET ();


sub start {
    my ($class, $live) = @_;

    # the kernel chooses a port, and it stays taken
    my $sock = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'udp')
        or die "no port for a name server: $!\n";
    my $port = $sock->sockport;
    my $file = $live->folder . "/names.$port";

    close $sock;

    my $self = bless { port => $port, file => $file }, $class;

    $self->says('127.0.0.1');

    $self->{process} = $live->process('names', $^X,
        (map { "-I$_" } grep { !ref } @INC), '-MLive::Names',
        '-e', 'Live::Names::serve(@ARGV)', $port, $file);

    $live->wait_for(20, sub { -e "$file.ready" })
        or die "the name server does not start\n";

    return $self;
}


sub port {
    return $_[0]{port};
}


sub says {
    my ($self, $address) = @_;

    open my $out, '>', "$self->{file}.new" or die "$self->{file}: $!\n";
    print $out $address;
    close $out or die "$self->{file}: $!\n";
    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";

    return;
}


sub asked {
    my ($self) = @_;

    return -s "$self->{file}.asked" || 0;
}


sub serve {
    my ($port, $file) = @_;

    my $sock = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
                                     Proto => 'udp')
        or die "port $port: $!\n";

    open my $ready, '>', "$file.ready" or die "$file.ready: $!\n";
    close $ready;

    while (1) {
        my $question;
        next if !defined $sock->recv($question, 512);

        open my $asked, '>>', "$file.asked" or die "$file.asked: $!\n";
        print $asked '.';
        close $asked;

        $sock->send(answer($question, $file));
    }

    return;
}


# RFC 1035, section 4: repeats the question, and adds an A record to a query for
# one.
sub answer {
    my ($question, $file) = @_;

    my ($id) = unpack 'n', $question;
    my ($end) = substr($question, 12) =~ /\A((?:[^\0].*?)?\0)/s
        ? 12 + length $1 : length $question;
    my $asked = substr $question, 12, $end + 4 - 12;
    my ($type) = unpack 'n', substr $question, $end, 2;

    open my $in, '<', $file or die "$file: $!\n";
    my $address = <$in>;
    close $in;

    return pack('nnnnnn', $id, 0x8180, 1, 0, 0, 0) . $asked if $type != 1;

    return pack('nnnnnn', $id, 0x8180, 1, 1, 0, 0) . $asked
           . pack('nnnNn', 0xc00c, 1, 1, 1, 4)
           . pack 'C4', split /\./, $address;
}

1;
