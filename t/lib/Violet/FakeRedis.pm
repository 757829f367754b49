package Violet::FakeRedis;

# A Redis that answers as a test wants it to.  The section fake_redis of a
# block is a list of replies: one for each script, on any connection; the last
# one is the reply to all further scripts.  The commands before a script (PING,
# AUTH, SELECT, INFO) and TIME succeed, and so do those on the connection for
# notices (HELLO, CLIENT TRACKING, SUBSCRIBE, then PING), on which no notice ever
# comes; no purge has an instant.  A hash at the beginning of the list changes
# these replies:
#
#     --- fake_redis eval: [{PING => "-ERR no\r\n"}, "\$-1\r\n"]
#
# It listens on $ENV{TEST_NGINX_FAKE_PORT}.  A reply is
#
#     "+OK\r\n"      these bytes
#     undef          no byte, and none after it on this connection
#     'close'        the connection is closed
#     'reset'        ... by an RST
#     [0.2, ...]     a pause, then further replies
#     \"bytes"       these bytes, one every 20 ms

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(gettimeofday sleep time);

require Test::Nginx::Socket;
require Violet::Report;

our @EXPORT = qw(bulk claimed found);

# Words of 13 characters for instants in ms, which take their place when a
# reply is sent.
my $now = 'NOW_BY_REDIS.';
my $stored = 'NOW_LESS_5300';

my $main_pid = $$;
my $pid;
my %input;
my %subscribed;
my %silent;
my $channel = '__redis__:invalidate';
my %preamble = (AUTH => "+OK\r\n", HELLO => hello('master'),
                INFO => info(0, 'noeviction'),
                PING => bulk('.' x 4096), SELECT => "+OK\r\n",
                TIME => \&instant, 'CLIENT TRACKING' => "+OK\r\n",
                SUBSCRIBE => "*3\r\n" . bulk('subscribe') . bulk($channel)
                             . ":1\r\n",
                'SUBSCRIBED PING' => "*2\r\n" . bulk('pong') . bulk(''),
                'GET purged' => "\$-1\r\n",
                'SET submit:mark' => "\$-1\r\n",
                'GET submit:mark' => bulk('0' x 16),
                'EVALSHA submit:mark' => bulk('mark:' . '0' x 16 . "\r\n"
                                              . 'run_id:' . '0' x 40
                                              . "\r\n"));

my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
    or die "no port for the fake Redis: $!\n";

$ENV{TEST_NGINX_FAKE_PORT} = $socket->sockport;

Test::Nginx::Socket::add_block_preprocessor(\&start);
Test::Nginx::Socket::add_test_cleanup_handler(\&stop);


# The reply to HMGET for the report of a merchant, 5.3 s old.
sub found {
    my ($merchant, $body) = @_;

    return "*7\r\n" . fields($merchant, $body);
}


# The reply to a claim with the same report, found by the script.
sub claimed {
    my ($merchant, $body) = @_;

    return "*9\r\n" . bulk('report') . fields($merchant, $body)
        . ":$now\r\n";
}


sub fields {
    my ($merchant, $body) = @_;

    $body = Violet::Report::report($merchant) if !defined $body;

    return bulk(1) . bulk($body) . bulk('"' . '0' x 40 . '"') . bulk('ready')
        . bulk($stored) . bulk(86400000) . bulk($merchant);
}


# What HELLO gives.
sub hello {
    my ($role) = @_;

    return "*14\r\n" . join('', map { bulk($_) } qw(server redis version 7.0.0))
        . bulk('proto') . ":2\r\n" . bulk('id') . ":7\r\n"
        . join('', map { bulk($_) } qw(mode standalone role), $role, 'modules')
        . "*0\r\n";
}


# What INFO gives of memory.
sub info {
    my ($size, $policy) = @_;

    return bulk("# Memory\r\nused_memory:1\r\nmaxmemory:$size\r\n"
                . "maxmemory_human:1K\r\nmaxmemory_policy:$policy\r\n");
}


# What TIME gives.
sub instant {
    my ($seconds, $micro) = gettimeofday;

    return "*2\r\n" . bulk($seconds) . bulk($micro);
}


sub bulk {
    my ($bytes) = @_;

    return '$' . length($bytes) . "\r\n$bytes\r\n";
}


sub start {
    my ($block) = @_;

    my @replies = $block->fake_redis;

    return if !@replies;

    @replies = @{$replies[0]} if ref $replies[0] eq 'ARRAY' && @replies == 1;

    stop();
    $pid = fork;
    die "fork: $!\n" if !defined $pid;

    return if $pid;

    $SIG{PIPE} = 'IGNORE';
    eval { serve(@replies); 1 } or warn "fake Redis: $@";
    POSIX::_exit(0);
}


sub stop {
    return if !$pid || $$ != $main_pid;

    kill 'KILL', $pid;
    waitpid $pid, 0;
    undef $pid;

    # A connection made meanwhile must not reach the fake of the next block.
    $socket->blocking(0);
    1 while $socket->accept;
    $socket->blocking(1);
}


sub serve {
    my (@replies) = @_;

    my %answer = (%preamble, ref $replies[0] eq 'HASH' ? %{shift @replies}
                                                       : ());
    my $select = IO::Select->new($socket);

    while (my @ready = $select->can_read) {
        for my $sock (@ready) {
            if ($sock == $socket) {
                $select->add($socket->accept);
                next;
            }

            my $got = sysread $sock, $input{$sock}, 65536,
                              length($input{$sock} || '');

            if (!$got) {
                forget($select, $sock);
                next;
            }

            while (exists $input{$sock}
                   && (my $name = take_command(\$input{$sock})))
            {
                $name = "SUBSCRIBED $name" if $subscribed{$sock};
                $subscribed{$sock} = 1 if $name eq 'SUBSCRIBE';

                my $reply = exists $answer{$name} ? $answer{$name}
                          : @replies > 1          ? shift @replies
                          :                         $replies[0];
                answer($select, $sock, $reply);
            }
        }
    }
}


sub forget {
    my ($select, $sock) = @_;

    $select->remove($sock);
    delete $input{$sock};
    delete $subscribed{$sock};
    delete $silent{$sock};
    close $sock;
}


sub dated {
    my ($bytes) = @_;

    my $ms = int(1000 * time);

    $bytes =~ s/\Q$now\E/$ms/g;
    $bytes =~ s/\Q$stored\E/$ms - 5300/ge;

    return $bytes;
}


# Takes one command from the bytes: its first word, for CLIENT its first two,
# with "submit:mark" behind it if it is about the mark of the records of submits,
# "GET purged" if it asks for the instant of a purge; an empty text while the
# command is incomplete.
sub take_command {
    my ($bytes) = @_;

    my @words;

    $$bytes =~ /\A\*(\d+)\r\n/g or return '';

    for (1 .. $1) {
        $$bytes =~ /\G\$(\d+)\r\n/g or return '';
        my $end = pos($$bytes) + $1 + 2;
        return '' if $end > length $$bytes;
        push @words, substr $$bytes, pos $$bytes, $1;
        pos($$bytes) = $end;
    }

    substr $$bytes, 0, pos $$bytes, '';

    my $name = uc($words[0] eq 'CLIENT' ? "@words[0, 1]" : $words[0]);

    return "$name purged" if $name eq 'GET' && $words[1] =~ /^(.*:)?purged:/;
    return grep({ /submit:mark$/ } @words) ? "$name submit:mark" : $name;
}


sub answer {
    my ($select, $sock, $reply) = @_;

    if (!defined $reply || $silent{$sock}) {
        $silent{$sock} = 1;

    } elsif (ref $reply eq 'CODE') {
        answer($select, $sock, $reply->());

    } elsif (ref $reply eq 'ARRAY') {
        my ($pause, @more) = @$reply;
        sleep $pause;
        answer($select, $sock, $_) for @more;

    } elsif (ref $reply) {
        for my $byte (split //, dated($$reply)) {
            syswrite $sock, $byte or last;
            sleep 0.02;
        }

    } elsif ($reply eq 'close') {
        forget($select, $sock);

    } elsif ($reply eq 'reset') {
        setsockopt $sock, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
        forget($select, $sock);

    } else {
        syswrite $sock, dated($reply);
    }
}


END {
    local $?;
    stop();
}

1;
