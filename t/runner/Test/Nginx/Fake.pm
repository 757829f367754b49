package Test::Nginx::Fake;

# The server of the sections tcp_*: it takes one connection, reads a query and
# sends a reply.  Connections after the first are accepted by the kernel and
# never answered, as this process keeps the socket open to the block's end.

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(sleep time);
use Test::More ();
use Test::Nginx::Check qw(is_text);
use Test::Nginx::Util qw(
    bail_out expand_env is_alive parse_seconds setting
);

our @EXPORT_OK = qw(start_fake check_fake stop_fake);

my $fake;


sub start_fake {
    my ($block) = @_;

    my $target = expand_env($block->value('tcp_listen'),
                            $block->value('name'));
    return if !defined $target;

    bail_out($block->value('name') . ' - tcp_listen without tcp_reply')
        if !defined $block->value('tcp_reply')
           && !defined $block->value('tcp_shutdown');

    my $socket = listen_on($target)
        or bail_out($block->value('name') . " - cannot listen on $target: $!");

    $fake = {
        socket => $socket,
        target => $target,
        query  => "$Test::Nginx::Util::ConfDir/tcp_query.$$",
    };
    unlink $fake->{query};

    $fake->{pid} = fork;
    bail_out("cannot fork: $!") if !defined $fake->{pid};

    return if $fake->{pid};

    eval { serve($block); 1 } or warn "fake server: $@";
    POSIX::_exit(0);
}


sub listen_on {
    my ($target) = @_;

    if ($target =~ /\.sock$/) {
        unlink $target;
        return IO::Socket::UNIX->new(Local => $target, Listen => 5,
                                     Type => SOCK_STREAM);
    }

    my $deadline = time + 60;

    while (1) {
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $target,
            Listen    => 5,           ReuseAddr => 1,
            Proto     => 'tcp',
        );

        return $socket if $socket || time > $deadline;
        sleep 0.1;
    }
}


sub serve {
    my ($block) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $client = $fake->{socket}->accept or die "accept: $!\n";
    my $shutdown = $block->value('tcp_shutdown');
    my $query = '';

    if (defined $shutdown) {
        sleep $block->value('tcp_shutdown_delay')
            if $block->value('tcp_shutdown_delay');
        shutdown $client, $shutdown;
    }

    $query = read_query($block, $client)
        if !defined $shutdown || $shutdown == 1;

    my $delay = parse_seconds($block->value('tcp_reply_delay'));
    sleep $delay if $delay;

    send_reply($block, $client, $query) if !defined $shutdown
                                           || $shutdown == 0
                                           || $shutdown == 2;

    sleep 1 while defined $block->value('tcp_no_close');

    close $client;
    close $fake->{socket};
}


# Reads as many bytes as the expected query has; without one, the first bytes
# that arrive.
sub read_query {
    my ($block, $client) = @_;

    my $expected = $block->value('tcp_query');
    my $wanted = $block->value('tcp_query_len');
    $wanted = length $expected if !defined $wanted && defined $expected;

    my $query = '';

    while (sysread $client, my $bytes, 4096) {
        $query .= $bytes;
        keep_query($query);
        last if !$wanted || length $query >= $wanted;
    }

    return $query;
}


# Writes under another name first, so that the parent never reads a part.
sub keep_query {
    my ($query) = @_;

    open my $out, '>', "$fake->{query}.new" or die "$fake->{query}: $!\n";
    binmode $out;
    print $out $query;
    close $out;
    rename "$fake->{query}.new", $fake->{query};
}


sub send_reply {
    my ($block, $client, $query) = @_;

    my $reply = $block->value('tcp_reply');

    return if !defined $reply;

    $reply = $reply->($query) if ref $reply eq 'CODE';

    for my $part (ref $reply eq 'ARRAY' ? @$reply : ($reply)) {
        syswrite $client, $part;
    }
}


sub check_fake {
    my ($block) = @_;

    return if !$fake;

    my $name = $block->value('name');
    my $got = '';

    if (open my $in, '<', $fake->{query}) {
        binmode $in;
        local $/;
        $got = <$in>;
    }

    is_text($got, $block->value('tcp_query'), "$name - tcp_query")
        if defined $block->value('tcp_query');
    Test::More::is(length $got, $block->value('tcp_query_len'),
                   "$name - tcp_query_len")
        if defined $block->value('tcp_query_len');
}


sub stop_fake {
    return if !$fake;

    kill 'TERM', $fake->{pid};
    waitpid $fake->{pid}, 0;
    close $fake->{socket};
    unlink $fake->{target} if $fake->{target} =~ /\.sock$/;
    undef $fake;
}

1;
