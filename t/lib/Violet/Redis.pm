package Violet::Redis;

# A blocking client of Redis for tests, on plain sockets, and how tests start
# Redis.  REDIS in the environment names the program: redis-server,
# valkey-server.
#
# The module's user of Redis in every test is "default", without a password,
# and has the rights that the documentation names and no others.  The tests'
# own client is "admin".

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use IO::Select;
use IO::Socket::INET;

my $timeout = 600;    # a script that makes 100 MB takes 9 s, and minutes on a busy machine

my $root = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../..');
my $admin = 'admin';

# Resets everything that a test may have changed.  Older versions of Redis do
# not have the first two commands and reply with an error, which is ignored.
my @reset_commands = (
    'CLIENT UNPAUSE',
    'REPLICAOF NO ONE',
    'CONFIG SET maxmemory 0',
    'CONFIG SET min-replicas-to-write 0',
    'CONFIG SET stop-writes-on-bgsave-error no',
    'CONFIG RESETSTAT',
    'SCRIPT FLUSH',
    'FLUSHALL',
    'ACL SETUSER default resetkeys ~violet:*',
);


# The command that starts Redis at a port, its files in a folder.
sub server {
    my ($port, $folder, @more) = @_;

    return ($ENV{REDIS} || 'redis-server', '--bind', '127.0.0.1',
            '--port', $port, '--dir', $folder, '--save', '',
            '--appendonly', 'no', '--daemonize', 'no',
            '--enable-debug-command', 'yes',
            '--user', 'default', 'on', 'nopass', rights(),
            '--user', $admin, 'on', ">$admin", '~*', '&*', '+@all', @more);
}


# The words of the rights that the documentation names, for the prefix
# "violet:", of its user "gateway" (of violet_redis) or another one.
sub rights {
    my ($user) = @_;

    $user = 'gateway' if !defined $user;

    my @lines = map { text_of_file($_) =~ /^ACL SETUSER $user on >\S+ (.+)$/mg }
                glob "$root/docs/*.md";

    die "docs/*.md: not one line has the rights of the user $user of Redis\n"
        if @lines != 1;

    return split ' ', $lines[0];
}


# The patterns of keys without a prefix, in the documentation.
sub bare_keys {
    my @lines = map { text_of_file($_) =~ /`(~health:\*[^`]*)`/g }
                glob "$root/docs/*.md";

    die "docs/*.md: not one line names the keys without a prefix\n"
        if @lines != 1;

    return $lines[0];
}


sub text_of_file {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;

    return <$in>;
}


sub new {
    my ($class, $port, $address) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => $address || '127.0.0.1',
                                     PeerPort => $port,
                                     Timeout  => $timeout)
        or die "cannot connect to Redis at port $port: $!\n";

    my $self = bless {sock => $sock, in => ''}, $class;

    # a server that a test has started otherwise has no such user
    $self->call('AUTH', $admin, $admin);

    return $self;
}


sub reset_state {
    my ($port) = @_;

    my $redis = Violet::Redis->new($port);

    $redis->command($_) for @reset_commands;
}


# An inline command: Redis itself splits it into words, with "..." quotes and
# escapes.  Returns the reply as text.
sub command {
    my ($self, $line) = @_;

    $self->send_bytes("$line\r\n");

    return text_of($self->reply);
}


# Sends words of any bytes and returns the reply (an array as a reference, nil
# as undef, an error as a reference to its text).
sub call {
    my ($self, @words) = @_;

    $self->send_bytes('*' . @words . "\r\n"
                      . join '', map { '$' . length($_) . "\r\n$_\r\n" }
                                 @words);

    return $self->reply;
}


sub send_bytes {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $sent = syswrite $self->{sock}, $bytes
            or die "sending to Redis failed: $!\n";
        substr $bytes, 0, $sent, '';
    }
}


sub reply {
    my ($self) = @_;

    my $line = $self->read_line;
    my $rest = substr $line, 1;

    return $rest if $line =~ /^[+:]/;
    return \"$rest" if $line =~ /^-/;

    if ($line =~ /^\$/) {
        return undef if $rest < 0;
        my $bytes = $self->read_bytes($rest + 2);
        return substr $bytes, 0, $rest;
    }

    if ($line =~ /^\*/) {
        return undef if $rest < 0;
        return [map { $self->reply } 1 .. $rest];
    }

    die "Redis sent \"$line\"\n";
}


sub read_line {
    my ($self) = @_;

    $self->fill while $self->{in} !~ /\r\n/;
    $self->{in} =~ s/\A(.*?)\r\n//s;

    return $1;
}


sub read_bytes {
    my ($self, $count) = @_;

    $self->fill while length $self->{in} < $count;

    return substr $self->{in}, 0, $count, '';
}


sub fill {
    my ($self) = @_;

    IO::Select->new($self->{sock})->can_read($timeout)
        or die "Redis does not answer\n";

    sysread $self->{sock}, $self->{in}, 65536, length $self->{in}
        or die "Redis closed the connection\n";
}


sub text_of {
    my ($reply) = @_;

    return '(nil)' if !defined $reply;
    return "(error) $$reply" if ref $reply eq 'SCALAR';
    return $reply if !ref $reply;

    return '[' . join(', ', map { text_of($_) } @$reply) . ']';
}

1;
