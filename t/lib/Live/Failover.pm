package Live::Failover;

# A gateway under a steady load of hits, misses and submits while its Redis is
# replaced: no request fails, and there are hits from Redis afterwards.
#
#   my $failover = Live::Failover->new($live, redis => '... parameters of
#                                      violet_redis', extra => 'resolver ...;');
#   $failover->under_load('title', sub { ... });
#
# Options: redis, extra (text of the "http" block), rate (requests a second).

use strict;
use warnings;

use Live::Health;
use Live::Load;
use Test::More;
use Time::HiRes qw(sleep time);

# Merchants whose reports are in Redis, those of the misses, and carts.
my $known = 30000;
my $fresh = 1000000;
my $cart = 2000000;


sub new {
    my ($class, $live, %option) = @_;

    my $health = Live::Health->new($live, redis => undef);
    my $self = bless {live => $live, health => $health, rate => 60, %option},
                     $class;

    $self->{nginx} = $self->gateway(%option);

    return $self;
}


# A gateway; one more is a host of its own.
sub gateway {
    my ($self, %option) = @_;

    my $health = $self->{health};
    my $unread = $health->location('/unread/', 'violet_health_memory off;');

    return $health->gateway(redis => $option{redis}, more => $unread,
                            extra => $option{extra},
                            lines => 'violet_health_memory 1h;');
}


sub nginx {
    return $_[0]{nginx};
}


sub health {
    return $_[0]{health};
}


# The state of the next request for a report in Redis: "HIT redis ok".
sub state {
    my ($self, $nginx) = @_;

    my $vars = $self->{health}->get($nginx || $self->{nginx}, $known,
                                    prefix => '/unread/')->{vars};

    return "$vars->{cache_status} $vars->{cache_tier} $vars->{redis}";
}


# Waits until a report is found in Redis, by each worker in all probability.
# Returns the seconds since "begun"; undef if there are no hits.
sub until_hits {
    my ($self, $title, $begun, $nginx) = @_;

    my ($in_turn, $state) = (0, '');

    $begun ||= time;

    my $first;

    my $ok = $self->{live}->wait_for(30, sub {
        $state = $self->state($nginx);
        $in_turn = $state eq 'HIT redis ok' ? $in_turn + 1 : 0;
        $first = $in_turn ? $first || time : undef;
        return $in_turn == 12;
    });

    ok($ok, "$title: hits from Redis") or diag($state);
    return undef if !$ok;

    note(sprintf '%s: %.1f s until hits', $title, $first - $begun);

    return $first - $begun;
}


# Calls the code while there is load, and waits for hits after it.  The code
# may return the time since which Redis is well.  Returns the figures: requests,
# failed, slowest and hits (seconds; hits is undef if there are none).
sub under_load {
    my ($self, $title, $code) = @_;

    my $load = $self->load;

    sleep 0.5;
    my $well = $code->();
    $well = time if !defined $well || $well !~ /^\d+\.\d+$/;
    my $hits = $self->until_hits($title, $well);
    sleep 0.3;

    my @answers = $load->stop;
    my @bad = grep { $_->{error} || $_->{status} != 200 } @answers;
    my ($slowest) = sort { $b <=> $a } map { $_->{seconds} } @answers;

    ok(!@bad, "$title: none of " . @answers . ' requests failed')
        or diag(scalar @bad, ' did: ', join ', ', map {
            "$_->{status} $_->{error} $_->{vars}"
        } @bad[0 .. ($#bad > 4 ? 4 : $#bad)]);
    cmp_ok(scalar @answers, '>', 10, "$title: requests were sent");
    note(sprintf '%s: the slowest of %d requests after %.0f ms', $title,
                 scalar @answers, $slowest * 1000);

    return (requests => scalar @answers, failed => scalar @bad,
            slowest => $slowest, hits => $hits);
}


# A quarter each: hits from memory, hits from Redis, misses, submits.
sub load {
    my ($self) = @_;

    my $health = $self->{health};
    my ($merchants, $carts) = ($fresh, $cart);

    $fresh += 100000;
    $cart += 100000;

    return Live::Load->start($self->{live}, port => $self->{nginx}->port,
                             rate => $self->{rate}, request => sub {
        my ($n) = @_;

        return $health->path($known + $n % 30, '/') if $n % 4 == 0;
        return $health->path($known + $n % 30, '/unread/') if $n % 4 == 1;
        return $health->path($merchants + $n) if $n % 4 == 2;
        return 'POST /v1/checkout/cart/' . ($carts + $n) . "/submit HTTP/1.1\r\n"
               . "Host: localhost\r\nConnection: close\r\n"
               . "Content-Length: 2\r\n\r\n{}";
    });
}


# A report in memory is dropped when its key changes in Redis: the link leads to
# this one.  The code sends a command.  This one changes the key also if a worker
# that was not connected yet has kept the report in memory alone.
sub link_follows {
    my ($self, $title, $command) = @_;

    my $health = $self->{health};
    my $merchant = $fresh++;
    my $memory = sub {
        $health->get($self->{nginx}, $merchant)->{vars}{cache_tier} eq 'memory'
    };

    ok($self->{live}->wait_for(30, $memory),
       "$title: a report is in memory");

    my $key = $health->key($merchant, $self->{prefix});
    my $reply = $command->('HINCRBY', $key, 'stored_at', 0);

    die "$title: Redis refuses to change a key: $$reply\n" if ref $reply;

    ok($self->{live}->wait_for(30, sub { !$memory->() }),
       "$title: a notice of Redis drops it");
}


# How many lines of the log match.
sub lines {
    my ($self, $pattern, $nginx) = @_;

    my @lines = grep { $_ =~ $pattern }
                split /\n/, ($nginx || $self->{nginx})->error_log;

    return scalar @lines;
}

1;
