package Live::Killer;

# Kills a worker after a chosen change of a shared memory zone, while it holds
# the lock of the zone:
#
#   my $killer = Live::Killer->new($live, 64 * 1024);   size of the zone
#   my $nginx = $live->nginx(killer => $killer, ...);
#   $killer->arm(100);      # the worker dies after the 100th change from now on
#   $killer->arm(0);        # no worker dies, but changes are counted
#   $killer->counted;       # the number of changes
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
    my ($self, $at) = @_;

    $self->put(1, $at);
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


# armed, size, at, counted, killed
sub state {
    my ($self) = @_;

    open my $in, '<', $self->{file} or die "$self->{file}: $!\n";
    sysread $in, my $bytes, 40;

    return unpack 'q5', $bytes;
}


# Writes in place, since the processes have mapped the file.  "armed" is
# written last.
sub put {
    my ($self, $armed, $at) = @_;

    open my $out, '+>>', $self->{file} or die "$self->{file}: $!\n";
    close $out;
    open $out, '+<', $self->{file} or die "$self->{file}: $!\n";

    for my $bytes (pack('q5', 0, $self->{size}, $at, 0, 0),
                   pack 'q', $armed)
    {
        sysseek $out, 0, 0;
        syswrite $out, $bytes;
    }

    close $out or die "$self->{file}: $!\n";
}

1;
