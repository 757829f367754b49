package Live::Killer;

# Kills a worker after a chosen change of a shared memory zone, while it holds
# the lock of the zone, or stops it before it takes the lock:
#
#   my $killer = Live::Killer->new($live, 64 * 1024);   size of the zone
#   my $nginx = $live->nginx(killer => $killer, ...);
#   $killer->arm(100);      # the worker dies after the 100th change from now on
#   $killer->arm(0);        # no worker dies, but changes are counted
#   $killer->arm(5, 'stop');    # a worker gets SIGSTOP before the 5th lock of
#                               # the zone from now on, by any worker
#   $killer->counted;       # the number of changes, or of locks
#   $killer->killed;        # the pid of the worker that died or stopped, or 0
#   $killer->disarm;        # stops killing and counting; returns state()
#
# killer.c is written for one processor: see supported().

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use POSIX ();

my $source = Cwd::abs_path(dirname(__FILE__)) . '/killer.c';


# Valgrind runs no code that is changed while it runs.
sub supported {
    return (POSIX::uname())[4] eq 'x86_64'
           && !$ENV{TEST_NGINX_USE_VALGRIND};
}


sub new {
    my ($class, $live, $size) = @_;

    my $name = $live->folder . '/killer.' . ++$live->{count};
    my $self = bless {file => $name, library => "$name.so", size => $size},
                     $class;

    system('cc', '-std=gnu11', '-O1', '-shared', '-fPIC', '-o',
           $self->{library}, $source, '-ldl') == 0
        or die "$source cannot be compiled\n";
    $self->put(0, 0);

    return $self;
}


sub library {
    return $_[0]{library};
}


sub environment {
    return (LIVE_KILLER => $_[0]{file});
}


sub size {
    my ($self, $size) = @_;

    $self->{size} = $size;
}


sub arm {
    my ($self, $at, $how) = @_;

    $self->put(1, $at, ($how || '') eq 'stop' ? 1 : 0);
}


sub disarm {
    my ($self) = @_;

    my @state = $self->state;
    $self->put(0, 0);

    return @state;
}


sub counted {
    return ($_[0]->state)[3];
}


sub killed {
    return ($_[0]->state)[4];
}


# armed, size, at, counted, killed, stop
sub state {
    my ($self) = @_;

    open my $in, '<', $self->{file} or die "$self->{file}: $!\n";
    sysread $in, my $bytes, 48;

    return unpack 'q6', $bytes;
}


# Writes in place, since the processes have mapped the file.  "armed" is
# written last.
sub put {
    my ($self, $armed, $at, $stop) = @_;

    open my $out, '+>>', $self->{file} or die "$self->{file}: $!\n";
    close $out;
    open $out, '+<', $self->{file} or die "$self->{file}: $!\n";

    for my $bytes (pack('q6', 0, $self->{size}, $at, 0, 0, $stop || 0),
                   pack 'q', $armed)
    {
        sysseek $out, 0, 0;
        syswrite $out, $bytes;
    }

    close $out or die "$self->{file}: $!\n";
}

1;
