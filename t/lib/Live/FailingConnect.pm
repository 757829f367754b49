package Live::FailingConnect;

# Lets each allocation and system call fail while a worker connects to Redis:
#
#   my $connect = Live::FailingConnect->new(live => $live, health => $health,
#       faults => $faults, nginx => $nginx, close_all => sub { ... });
#   $connect->fails($_) for $connect->kinds;
#
# The gateway has one worker, reads no report from memory, and connects anew
# once close_all has closed its connections.  After each fault it is served, and
# the worker connects after all.
#
# Seconds for each kind are those of FAULTS_SECONDS, by default 4.  A connecting
# may have hundreds of allocations: FAULTS_SECONDS=600 lets each of them fail.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

# failing calls of a kind, at most; the first ones are those of the connecting
my $most = 400;
my $early = 120;


sub new {
    my ($class, %option) = @_;

    # a build that counts lines is to reach what follows each allocation
    my $seconds = $ENV{FAULTS_SECONDS} || ($ENV{TEST_COVERAGE} ? 180 : 4);

    my $self = bless {merchant => 30000, title => '', seconds => $seconds,
                      %option}, $class;

    ($self->{worker}) = $self->{nginx}->workers;

    ok($self->is_connected, "$self->{title}connected")
        or diag($self->{nginx}->error_log);

    return $self;
}


sub kinds {
    return qw(connect epoll memory read socket write);
}


# A report is stored in Redis and found there.
sub is_connected {
    my ($self) = @_;

    my ($health, $nginx) = @$self{qw(health nginx)};

    return $self->{live}->wait_for(20, sub {
        $health->get($nginx, ++$self->{merchant});
        return $health->get($nginx, $self->{merchant})->{vars}{cache_tier}
               eq 'redis';
    });
}


sub fails {
    my ($self, $kind) = @_;

    my ($faults, $worker) = @$self{qw(faults worker)};

    $faults->count($worker);
    $self->{close_all}->();
    $self->is_connected;
    $faults->disarm;

    my $calls = $faults->seen($kind);
    my $until = time + $self->{seconds};
    my ($tried, @wrong) = 0;

    for my $n (spread(1, $calls < $early ? $calls : $early, 1),
               spread($early + 1, $calls, int($calls / $most) + 1))
    {
        last if time > $until;
        push @wrong, $self->try($kind, $n);
        $tried++;
    }

    note("$self->{title}$kind: $calls calls, $tried failed");
    is("@wrong", '', "$self->{title}$kind: the next connecting succeeds");
    cmp_ok($tried, '>', 0, "$self->{title}$kind: some have failed");
}


# Each "step"-th number, in an order in which the first ones are spread over all.
sub spread {
    my ($first, $last, $step) = @_;

    return map {
        my $from = $first + $_ * $step;
        map { $from + 16 * $step * $_ }
            0 .. int(($last - $from) / (16 * $step));
    } grep { $first + $_ * $step <= $last } 0 .. 15;
}


sub try {
    my ($self, $kind, $n) = @_;

    $self->{faults}->fail($self->{worker}, $kind, $n);
    $self->{close_all}->();
    $self->{live}->wait_for(0.6, sub { $self->{faults}->failed });
    my $answer = $self->{health}->get($self->{nginx}, ++$self->{merchant},
                                      timeout => 20);
    $self->{faults}->disarm;

    # the fault may be the request's own, which then fails at once
    return ($answer->{error} && $answer->{error} =~ /time/
            ? "$n: no answer" : (),
            $self->is_connected ? () : "$n: not connected again");
}


# No worker has ended.
sub is_same {
    my ($self) = @_;

    is(join(' ', $self->{nginx}->workers), $self->{worker},
       "$self->{title}the worker has not ended");
}

1;
