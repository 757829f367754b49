package Live::Faults;

# Lets chosen calls of a worker fail:
#
#   my $faults = Live::Faults->new($live);
#   my $nginx = $live->nginx(faults => $faults, ...);
#   $faults->count($pid, 'memory');          # only counts
#   $faults->fail($pid, 'memory', 7);        # the seventh from now on fails
#   $faults->fail($pid, 'socket', 1, many => 3, error => EMFILE);
#   ...
#   my ($seen, $failed) = $faults->disarm;
#
# Kinds: memory (malloc, calloc, realloc, posix_memalign), read, write (of a
# socket), connect, socket, epoll.  nginx takes small allocations from pools:
# small_pools() in its configuration makes each of them a malloc().

use strict;
use warnings;

use Cwd ();
use Errno qw(ECONNREFUSED ECONNRESET EMFILE ENOMEM ENOSPC);
use Fcntl qw(SEEK_SET);
use File::Basename qw(dirname);

my $source = Cwd::abs_path(dirname(__FILE__)) . '/faults.c';

my %number = (memory => 1, read => 2, write => 3, connect => 4, socket => 5,
              epoll => 6);
my %error = (memory => ENOMEM, read => ECONNRESET, write => ECONNRESET,
             connect => ECONNREFUSED, socket => EMFILE, epoll => ENOSPC);


sub new {
    my ($class, $live) = @_;

    my $name = $live->folder . '/faults.' . ++$live->{count};
    my $self = bless {file => $name, library => "$name.so"}, $class;

    system('cc', '-std=gnu11', '-O1', '-shared', '-fPIC', '-fno-builtin',
           '-o', $self->{library}, $source) == 0
        or die "$source cannot be compiled\n";

    open $self->{shared}, '+>', $name or die "$name: $!\n";
    $self->put((0) x 7);

    return $self;
}


sub library {
    return $_[0]{library};
}


sub environment {
    return (LIVE_FAULTS => $_[0]{file});
}


sub kinds {
    return sort keys %number;
}


# For the http part of a configuration.
sub small_pools {
    return "request_pool_size 128; connection_pool_size 128;\n";
}


sub count {
    my ($self, $pid, $kind) = @_;

    $self->fail($pid, $kind, 0);
}


sub fail {
    my ($self, $pid, $kind, $first, %option) = @_;

    die "faults: no kind is called $kind\n" if !$number{$kind};

    $self->put(0, $number{$kind}, $first, $option{many} || 1,
               $option{error} || $error{$kind}, 0, 0);
    $self->put($pid);
}


# Returns the number of calls and the number of those that failed.
sub disarm {
    my ($self) = @_;

    $self->put(0);

    sysseek $self->{shared}, 5 * 8, SEEK_SET;
    sysread $self->{shared}, my $bytes, 2 * 8;

    return unpack 'q2', $bytes;
}


# Writes in place, since the processes have mapped the file.
sub put {
    my ($self, @numbers) = @_;

    sysseek $self->{shared}, 0, SEEK_SET;
    syswrite $self->{shared}, pack 'q*', map { int } @numbers;
}

1;
