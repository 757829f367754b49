package Live::Cluster;

# A Redis Cluster: masters that share the slots evenly, each with a replica.
#
#   my $cluster = Live::Cluster->start($live, masters => 3);
#   $cluster->nodes                   all nodes, as Live::Process
#   $cluster->master_of($slot)        the node that has a slot
#   $cluster->move($slot, $to)        moves a slot with all its keys
#
# Option: timeout (cluster-node-timeout in ms).

use strict;
use warnings;

use Time::HiRes qw(sleep);
use Violet::Redis;

my $slots = 16384;


sub start {
    my ($class, $live, %option) = @_;

    my $self = bless {live => $live, masters => 3, timeout => 1000, %option},
                     $class;

    $self->{nodes} = [map { $self->node } 1 .. 2 * $self->{masters}];

    $self->meet;
    $self->share_slots;
    $self->replicate;

    return $self;
}


sub node {
    my ($self, $port, $bus) = @_;

    my $live = $self->{live};

    $port ||= Live::free_port();
    $bus ||= Live::free_port();

    my $node = $live->redis(port => $port, args => [
        '--cluster-enabled', 'yes', '--cluster-port', $bus,
        '--cluster-node-timeout', $self->{timeout},
        '--cluster-allow-replica-migration', 'no',
        '--masteruser', 'admin', '--masterauth', 'admin']);

    $node->{bus} = $bus;

    # what the documentation adds for a cluster, and a second prefix
    $self->must($node, 'ACL', 'SETUSER', 'default', '~{violet}:*', '~{shop}*',
                '+cluster|slots');

    return $node;
}


sub nodes {
    return @{$_[0]{nodes}};
}


sub urls {
    my ($self, @nodes) = @_;

    return join ' ', map { 'redis://127.0.0.1:' . $_->port }
                         @nodes ? @nodes : $self->nodes;
}


# Sends a command; an error is returned as a reference to its text.
sub ask {
    my ($self, $node, @command) = @_;

    my $redis = eval { Violet::Redis->new($node->port) } or return \'down';
    my $reply = eval { $redis->call(@command) };

    return defined $reply ? $reply : \($@ || 'nil');
}


sub must {
    my ($self, $node, @command) = @_;

    my $reply = $self->ask($node, @command);

    die 'node ', $node->port, " refuses @command: $$reply\n"
        if ref $reply eq 'SCALAR';

    return $reply;
}


sub meet {
    my ($self) = @_;

    my ($first, @others) = $self->nodes;

    $self->must($first, 'CLUSTER', 'MEET', '127.0.0.1', $_->port, $_->{bus})
        for @others;

    $self->all_say(qr/^cluster_known_nodes:${\ scalar $self->nodes}\r$/m)
        or die "the nodes of the cluster do not meet\n";
}


sub share_slots {
    my ($self) = @_;

    my $n = $self->{masters};

    for my $i (0 .. $n - 1) {
        $self->must($self->{nodes}[$i], 'CLUSTER', 'ADDSLOTSRANGE',
                    int($slots * $i / $n), int($slots * ($i + 1) / $n) - 1);
    }

    $self->all_say(qr/^cluster_state:ok\r$/m)
        or die "the cluster does not become ready\n";
}


sub replicate {
    my ($self) = @_;

    my $n = $self->{masters};

    for my $i (0 .. $n - 1) {
        $self->must($self->{nodes}[$n + $i], 'CLUSTER', 'REPLICATE',
                    $self->id($self->{nodes}[$i]));
    }

    $self->{live}->wait_for(60, sub {
        return !grep { $self->must($_, 'INFO', 'replication')
                           !~ /^slave0:.*state=online/m }
                     @{$self->{nodes}}[0 .. $n - 1];
    }) or die "the replicas of the cluster are not ready\n";
}


sub all_say {
    my ($self, $pattern) = @_;

    return $self->{live}->wait_for(60, sub {
        return !grep { $_->is_alive
                       && $self->must($_, 'CLUSTER', 'INFO') !~ $pattern }
                     $self->nodes;
    });
}


sub id {
    my ($self, $node) = @_;

    return $self->must($node, 'CLUSTER', 'MYID');
}


sub slot {
    my ($self, $key) = @_;

    my ($node) = grep { $_->is_alive } $self->nodes;

    return $self->must($node, 'CLUSTER', 'KEYSLOT', $key);
}


# The node that has a slot and says that it is a master; undef: none.
sub master_of {
    my ($self, $slot) = @_;

    for my $node (grep { $_->is_alive } $self->nodes) {
        my $lines = $self->ask($node, 'CLUSTER', 'NODES');
        next if ref $lines;

        return $node if grep {
            my ($id, $at, $flags, @rest) = split;
            $flags =~ /myself,master/ && grep {
                /^(\d+)(?:-(\d+))?$/ && $1 <= $slot
                    && $slot <= (defined $2 ? $2 : $1)
            } @rest[5 .. $#rest];
        } split /\n/, $lines;
    }

    return undef;
}


# A master that has not this slot; none of the nodes behind it.
sub other_master {
    my ($self, $slot, @not) = @_;

    my $owner = $self->master_of($slot);

    my ($other) = grep {
        my $role = $self->ask($_, 'ROLE');
        $_ != $owner && ref $role eq 'ARRAY' && $role->[0] eq 'master';
    } grep {
        my $node = $_;
        $node->is_alive && !grep { $_ == $node } @not;
    } $self->nodes;

    return $other;
}


# The three steps of a move; between them Redis answers ASK.
sub begin_move {
    my ($self, $slot, $to) = @_;

    my $from = $self->master_of($slot);

    $self->must($to, 'CLUSTER', 'SETSLOT', $slot, 'IMPORTING',
                $self->id($from));
    $self->must($from, 'CLUSTER', 'SETSLOT', $slot, 'MIGRATING',
                $self->id($to));

    return $from;
}


sub move_keys {
    my ($self, $slot, $from, $to) = @_;

    while (1) {
        my $keys = $self->must($from, 'CLUSTER', 'GETKEYSINSLOT', $slot, 100);
        return if !@$keys;

        $self->must($from, 'MIGRATE', '127.0.0.1', $to->port, '', 0, 5000,
                    'REPLACE', 'AUTH2', 'admin', 'admin', 'KEYS', @$keys);
    }
}


sub end_move {
    my ($self, $slot, $from, $to) = @_;

    $self->must($_, 'CLUSTER', 'SETSLOT', $slot, 'NODE', $self->id($to))
        for $to, $from;
}


sub move {
    my ($self, $slot, $to) = @_;

    my $from = $self->begin_move($slot, $to);

    $self->move_keys($slot, $from, $to);
    $self->end_move($slot, $from, $to);
}


# Starts a node that has ended again, at its ports and with its own data.
sub start_again {
    my ($self, $node) = @_;

    my ($i) = grep { $self->{nodes}[$_] == $node } 0 .. $#{$self->{nodes}};

    return $self->{nodes}[$i] = $self->node($node->port, $node->{bus});
}

1;
