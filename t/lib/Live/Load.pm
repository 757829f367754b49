package Live::Load;

# A steady load from a process of its own: so many requests a second, each on
# its own connection.  A slow answer delays no later request.
#
#   my $load = Live::Load->start($live, port => ..., rate => 200,
#                                request => sub { "GET /$_[0]" });
#   ...
#   for my $answer ($load->stop) { ... }
#
# The members of an answer: begun, seconds, status (0 without an answer), error,
# vars (the value of X-Vars).

use strict;
use warnings;

use IO::Poll qw(POLLERR POLLHUP POLLIN POLLOUT);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use Live::Client;
use Live::Process;

# longer than the gateway ever waits
my $patience = 60;


sub start {
    my ($class, $live, %option) = @_;

    my $file = $live->folder . '/load.' . ++$live->{count};
    my $self = bless {file => $file, %option}, $class;

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        Live::Process::leave_with_parent();
        eval { $self->run; 1 } or warn "load: $@";
        POSIX::_exit(0);
    }

    $self->{process} = Live::Process->adopt('load', $pid, "$file.out");

    return $self;
}


sub stop {
    my ($self) = @_;

    $self->{process}->signal('TERM');
    $self->{process}->wait_end($patience + 10)
        or die "the load does not end\n";

    open my $in, '<', $self->{file} or die "$self->{file}: $!\n";

    return map {
        chomp;
        my %answer;
        @answer{qw(begun seconds status error vars)} = split /\t/, $_, -1;
        \%answer;
    } <$in>;
}


sub run {
    my ($self) = @_;

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{TERM} = sub { $self->{ending} ||= time };

    open my $out, '>', $self->{file} or die "$self->{file}: $!\n";

    my $poll = IO::Poll->new;
    my $begun = time;
    my ($n, %by_sock) = (0);

    while (!$self->{ending} || %by_sock) {

        while (!$self->{ending} && $n < (time - $begun) * $self->{rate}) {
            my $state = $self->open_one($n++, $out) or next;
            $by_sock{$state->{sock}} = $state;
            $poll->mask($state->{sock} => POLLIN | POLLOUT);
        }

        if (!%by_sock) {
            sleep 0.002;
            next;
        }

        $poll->poll(0.005);

        for my $sock ($poll->handles(POLLIN | POLLOUT | POLLERR | POLLHUP)) {
            Live::Client::step($by_sock{$sock}, $poll);
        }

        for my $state (values %by_sock) {
            $state->{error} = 'timeout'
                if !$state->{end} && time - $state->{begun} > $patience;
            next if !$state->{end} && !$state->{error};

            $poll->remove($state->{sock});
            delete $by_sock{$state->{sock}};
            close $state->{sock};
            put($out, $state);
        }
    }

    close $out;
}


sub open_one {
    my ($self, $n, $out) = @_;

    my $begun = time;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}",
                                     Timeout => 60);

    if (!$sock) {
        put($out, {begun => $begun, in => '', error => "connect: $!"});
        return undef;
    }

    $sock->blocking(0);

    return {sock => $sock, begun => $begun, in => '',
            out => Live::Client::request_bytes($self->{request}->($n))};
}


sub put {
    my ($out, $state) = @_;

    my $answer = Live::Client::parse($state->{in}, $state->{closed});
    my $error = $state->{error} || '';

    $error = 'cut' if $error eq '' && !$answer->{whole};

    syswrite $out, join("\t", $state->{begun},
                        ($state->{end} || time) - $state->{begun},
                        $answer->{status} || 0, $error,
                        $answer->{headers}{'x-vars'} || '') . "\n";
}

1;
