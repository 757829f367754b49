package Live::Faults;

# Lets chosen calls of a worker fail:
#
#   my $faults = Live::Faults->new($live);
#   my $nginx = $live->nginx(faults => $faults, ...);
#   $faults->count($pid);                    # only counts
#   $faults->fail($pid, 'memory', 7);        # the seventh from now on fails
#   $faults->fail($pid, 'socket', 1, many => 3, error => EMFILE);
#   ...
#   my $failed = $faults->disarm;            # the number of those that did
#   $faults->seen('memory');                 # calls of a kind while armed
#   $faults->watch($pid);
#   my $blocks = $faults->blocks;            # of memory that it has
#
#   $faults->fail($pid, 'before', 3);        # kills it before, or 'after', its
#                                            # third call about a socket
#   my $call = $faults->killed;              # {call, port, text}, or undef
#
# In place of a pid, 'child' means any worker, and 'first' the process that is
# started.
#
# Kinds: memory (malloc, calloc, realloc, posix_memalign), read, write (of a
# socket), connect, socket, epoll, disk (a write to a file, which may be a log),
# create and pread (of a file), random (getrandom), headers (the memory of a list
# of headers, for 20 of them).  nginx takes small allocations from pools:
# small_pools() in its configuration makes each of them a malloc().

use strict;
use warnings;

use Cwd ();
use Errno qw(EAGAIN ECONNREFUSED ECONNRESET EIO EMFILE ENOMEM ENOSPC);
use Fcntl qw(SEEK_SET);
use File::Basename qw(dirname);

my $source = Cwd::abs_path(dirname(__FILE__)) . '/faults.c';

my %number = (memory => 1, read => 2, write => 3, connect => 4, socket => 5,
              epoll => 6, before => 7, after => 8, disk => 9, create => 10,
              pread => 11, random => 12, headers => 13);
my %name = reverse %number;
my %error = (memory => ENOMEM, read => ECONNRESET, write => ECONNRESET,
             connect => ECONNREFUSED, socket => EMFILE, epoll => ENOSPC,
             before => 0, after => 0, disk => ENOSPC, create => ENOSPC,
             pread => EIO, random => EAGAIN, headers => ENOMEM);


sub new {
    my ($class, $live) = @_;

    my $name = $live->folder . '/faults.' . ++$live->{count};
    my $self = bless {file => $name, library => "$name.so"}, $class;

    system('cc', '-std=gnu11', '-O1', '-shared', '-fPIC', '-fno-builtin',
           '-o', $self->{library}, $source) == 0
        or die "$source cannot be compiled\n";

    open $self->{shared}, '+>', $name or die "$name: $!\n";
    $self->at(0, (0) x 36);

    return $self;
}


sub library {
    return $_[0]{library};
}


sub environment {
    return (LIVE_FAULTS => $_[0]{file});
}


# For the http part of a configuration.
sub small_pools {
    return "request_pool_size 128; connection_pool_size 128;\n";
}


sub count {
    my ($self, $pid) = @_;

    $self->fail($pid, 'memory', 0);
}


sub fail {
    my ($self, $pid, $kind, $first, %option) = @_;

    die "faults: no kind is called $kind\n" if !$number{$kind};

    $self->put(0, $number{$kind}, $first, $option{many} || 1,
               $option{error} // $error{$kind}, 0);
    $self->at(8, (0) x 26);
    $self->put({child => -1, first => -2}->{$pid} // $pid);
}


sub disarm {
    my ($self) = @_;

    $self->put(0);

    return $self->failed;
}


# The number of calls that have failed so far.
sub failed {
    my ($self) = @_;

    return ($self->numbers(5, 1))[0];
}


# The call at which the process was killed: its kind, the port of its peer, the
# first bytes of what it sent or had received.
sub killed {
    my ($self) = @_;

    my ($call, $port, @text) = $self->numbers(22, 11);

    return undef if !$call;

    my $text = pack('q*', @text) =~ s/\0.*//sr;

    return {call => $name{$call}, port => $port, text => $text};
}


sub seen {
    my ($self, $kind) = @_;

    return ($self->numbers(8 + $number{$kind}, 1))[0];
}


# The number is right from the next malloc() or free() of the process on.
sub watch {
    my ($self, $pid) = @_;

    $self->at(6, $pid);
}


sub blocks {
    return ($_[0]->numbers(7, 1))[0];
}


sub numbers {
    my ($self, $first, $count) = @_;

    sysseek $self->{shared}, $first * 8, SEEK_SET;
    sysread $self->{shared}, my $bytes, $count * 8;

    return unpack 'q*', $bytes;
}


# Writes in place, since the processes have mapped the file.
sub put {
    my ($self, @numbers) = @_;

    $self->at(0, @numbers);
}


sub at {
    my ($self, $first, @numbers) = @_;

    sysseek $self->{shared}, $first * 8, SEEK_SET;
    syswrite $self->{shared}, pack 'q*', map { int } @numbers;
}

1;
