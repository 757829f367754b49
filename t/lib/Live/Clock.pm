package Live::Clock;

# Clocks that a test moves, so that it need not wait for minutes or a day:
#
#   my $clock = Live::Clock->new($live);
#   my $nginx = $live->nginx(clock => $clock, ...);
#   $clock->day(3600);      # the time of day is an hour ahead
#   $clock->count(60);      # the clock of timers is a minute ahead
#   $clock->boot(100);      # the host was started 100 seconds ago
#   $clock->hold;           # the clock of timers stands still
#   $clock->pass(50);       # and goes 50 milliseconds on
#
# A moved clock runs on, so many seconds ahead of the real one, or behind it if
# the number is negative.  A move wakes no process: a worker looks at its timers
# after the next event, and once a second if it renews tokens.
#
# With a clock that stands still a test finds the pause before an event to the
# millisecond, on a machine of any speed.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $source = Cwd::abs_path(dirname(__FILE__)) . '/clock.c';


sub new {
    my ($class, $live) = @_;

    my $name = $live->folder . '/clock.' . ++$live->{count};
    my $self = bless {file => $name, library => "$name.so",
                      day => 0, count => 0, held => 0}, $class;

    system('cc', '-std=gnu11', '-O1', '-shared', '-fPIC', '-o',
           $self->{library}, $source) == 0
        or die "$source cannot be compiled\n";
    $self->put;

    return $self;
}


sub library {
    return $_[0]{library};
}


sub environment {
    return (LIVE_CLOCK => $_[0]{file});
}


sub day {
    my ($self, $seconds) = @_;

    $self->{day} = $seconds;
    $self->put;
}


sub count {
    my ($self, $seconds) = @_;

    $self->{count} = $seconds;
    $self->put;
}


# Call it before nginx is started: the timers of nginx must not go back.
sub boot {
    my ($self, $seconds) = @_;

    $self->count($seconds - int clock_gettime(CLOCK_MONOTONIC));
}


# Call it before nginx is started, as boot().
sub hold {
    my ($self) = @_;

    $self->{held} = int 1000 * clock_gettime(CLOCK_MONOTONIC);
    $self->put;
}


sub pass {
    my ($self, $milliseconds) = @_;

    $self->{held} += $milliseconds;
    $self->put;
}


# Writes in place, since the processes have mapped the file.
sub put {
    my ($self) = @_;

    open my $out, '+>>', $self->{file} or die "$self->{file}: $!\n";
    close $out;
    open $out, '+<', $self->{file} or die "$self->{file}: $!\n";
    syswrite $out, pack 'q3', map { int } @$self{qw(day count held)};
    close $out or die "$self->{file}: $!\n";
}

1;
