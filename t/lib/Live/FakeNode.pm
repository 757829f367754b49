package Live::FakeNode;

# A Redis, a node or a sentinel that answers each command as a test wants it to.
#
#   my $fake = Live::FakeNode->start($live, TIME => ":1\r\n");
#   $fake->port                     of its own, or that of the option "port"
#
# A reply is bytes, or code that returns them: its arguments are a hash about
# the connection, and the words of the command.  In the hash, "alone" is true on
# a connection whose first command came without a second one, as on those for
# notices and questions, "seen" has the number of each command so far, and the
# test may keep its own values there.  The commands that are not named get the
# replies of a master that has no key; all others the one of DEFAULT.

use strict;
use warnings;

use Live::Fake;
use Time::HiRes ();

our $channel = '__redis__:invalidate';


sub start {
    my ($class, $live, %reply) = @_;

    my %connection;
    my @port = $reply{port} ? (port => delete $reply{port}) : ();

    return $live->fake(@port, do => 'answer', keep => 1, bytes => sub {
        my ($in, $n) = @_;

        my $its = $connection{$n} ||= {answered => 0, seen => {}};
        my @commands = commands($in);
        my @new = @commands[$its->{answered} .. $#commands];

        $its->{alone} //= @commands < 2;
        $its->{answered} = @commands;

        return join '', map { answer($its, \%reply, @$_) } @new;
    });
}


sub answer {
    my ($its, $reply, @words) = @_;

    my $name = uc $words[0];
    my $answer = $reply->{$name} // usual($its, @words)
                 // $reply->{DEFAULT} // "-ERR not here\r\n";

    $its->{seen}{$name}++;

    return ref $answer ? $answer->($its, @words) : $answer;
}


sub usual {
    my ($its, @words) = @_;

    my $name = uc $words[0];
    my ($seconds, $micro) = Time::HiRes::gettimeofday();

    return list(bulk('pong'), bulk('')) if $name eq 'PING'
                                           && $its->{seen}{SUBSCRIBE};
    return {
        HELLO     => list(bulk('role'), bulk('master'), bulk('id'), ":5\r\n"),
        GET       => "\$-1\r\n",
        TIME      => list(bulk($seconds), bulk($micro)),
        PING      => bulk($words[1] // ''),
        AUTH      => "+OK\r\n",
        CLIENT    => "+OK\r\n",
        SUBSCRIBE => list(bulk('subscribe'), bulk($channel), ":1\r\n"),
        INFO      => bulk("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n"),
    }->{$name};
}


sub bulk {
    my ($bytes) = @_;

    return '$' . length($bytes) . "\r\n$bytes\r\n";
}


sub list {
    my (@parts) = @_;

    return '*' . @parts . "\r\n" . join '', @parts;
}


# The words of each whole command in these bytes.
sub commands {
    my ($in) = @_;

    my @commands;

    while ($in =~ /\G\*(\d+)\r\n/gc) {
        my @words;

        for (1 .. $1) {
            $in =~ /\G\$(\d+)\r\n/gc or return @commands;
            my ($from, $length) = (pos $in, $1);
            return @commands if $from + $length + 2 > length $in;
            push @words, substr $in, $from, $length;
            pos($in) = $from + $length + 2;
        }

        push @commands, \@words;
    }

    return @commands;
}

1;
