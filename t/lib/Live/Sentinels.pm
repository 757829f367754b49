package Live::Sentinels;

# A master with replicas and the sentinels that watch it.
#
#   my $group = Live::Sentinels->start($live, replicas => 2, sentinels => 3);
#   $group->sentinels           the sentinels, as Live::Process
#   $group->redis               the master and the replicas, at first in turn
#   $group->master              the one that takes writes now; undef: none
#
# Option: name (of the master), password (of the sentinels).

use strict;
use warnings;

use File::Path ();
use Violet::Redis;

my $number = 0;


sub start {
    my ($class, $live, %option) = @_;

    my $self = bless {live => $live, name => 'shop', password => '',
                      replicas => 2, sentinels => 3, %option}, $class;

    my $master = $self->start_redis;

    $self->{redis} = [$master, map {
        $self->start_redis(undef, '--replicaof', '127.0.0.1', $master->port);
    } 1 .. $self->{replicas}];

    my @sentinels = map { $self->sentinel($master->port) }
                        1 .. $self->{sentinels};

    $self->{watching} = \@sentinels;
    $self->wait_known or die "the sentinels do not find each other\n";

    return $self;
}


# A Redis that any other Redis may be the master of.
sub start_redis {
    my ($self, $port, @args) = @_;

    return $self->{live}->redis(port => $port,
                                args => ['--masteruser', 'admin',
                                         '--masterauth', 'admin', @args]);
}


sub redis {
    return @{$_[0]{redis}};
}


sub sentinels {
    return @{$_[0]{watching}};
}


sub urls {
    my ($self) = @_;

    return join ' ', map { 'redis://127.0.0.1:' . $_->port }
                         $self->sentinels;
}


# One sentinel, at a free port or at the port of one that has ended.
sub sentinel {
    my ($self, $master, $port) = @_;

    my $live = $self->{live};
    $port ||= Live::free_port();

    my $folder = $live->folder . "/sentinel.$port";
    my $file = "$folder/sentinel.conf";

    if (!-f $file) {
        File::Path::make_path($folder);
        open my $out, '>', $file or die "$file: $!\n";
        print $out $self->config($master, $port, $folder);
        close $out or die "$file: $!\n";
    }

    my $process = $live->listening(
        $live->process('sentinel', $ENV{REDIS} || 'redis-server', $file,
                       '--sentinel'),
        $port);

    # It looks more often than it does by default.
    $self->ask($process, 'SENTINEL', 'DEBUG', 'INFO-PERIOD', 300,
               'PING-PERIOD', 100, 'ASK-PERIOD', 100, 'PUBLISH-PERIOD', 200,
               'ELECTION-TIMEOUT', 1000, 'SLAVE-RECONF-TIMEOUT', 2000);

    return $process;
}


sub config {
    my ($self, $master, $port, $folder) = @_;

    my $password = $self->{password} eq ''
                   ? '' : "requirepass $self->{password}\n"
                          . "sentinel sentinel-pass $self->{password}\n";

    return <<"    END" . $password;
bind 127.0.0.1
port $port
dir $folder
sentinel monitor $self->{name} 127.0.0.1 $master 2
sentinel auth-user $self->{name} admin
sentinel auth-pass $self->{name} admin
sentinel down-after-milliseconds $self->{name} 1000
sentinel failover-timeout $self->{name} 1000
sentinel parallel-syncs $self->{name} 2
    END
}


sub ask {
    my ($self, $process, @command) = @_;

    my $redis = eval { Violet::Redis->new($process->port) } or return undef;

    $redis->call('AUTH', $self->{password})
        if $process->name eq 'sentinel' && $self->{password} ne '';

    return scalar eval { $redis->call(@command) };
}


# All sentinels know each other and all replicas.
sub wait_known {
    my ($self) = @_;

    my ($others, $replicas) = ($self->{sentinels} - 1, $self->{replicas});

    return $self->{live}->wait_for(60, sub {
        for my $sentinel ($self->sentinels) {
            my $list = $self->ask($sentinel, 'SENTINEL', 'MASTER',
                                  $self->{name});
            return 0 if ref $list ne 'ARRAY';

            my %is = @$list;
            return 0 if $is{'num-other-sentinels'} != $others
                        || $is{'num-slaves'} != $replicas
                        || $is{flags} ne 'master';
        }

        return 1;
    });
}


# Asks a sentinel for a failover and waits until one replica is the master.
sub failover {
    my ($self, $sentinel) = @_;

    my $old = $self->master;

    $sentinel ||= ($self->sentinels)[0];

    my $asked = 0;

    return $self->{live}->wait_for(120, sub {
        my $now = $self->master;

        return $now if $now && $now != $old;

        # what a sentinel has begun takes some seconds, or comes to nothing
        if (time > $asked + 15) {
            $self->ask($sentinel, 'SENTINEL', 'FAILOVER', $self->{name});
            $asked = time;
        }

        return undef;
    });
}


# The Redis that says it is a master, and is the one that the sentinels name.
sub master {
    my ($self) = @_;

    my %ports;

    for my $sentinel (grep { $_->is_alive } $self->sentinels) {
        my $named = $self->ask($sentinel, 'SENTINEL',
                               'GET-MASTER-ADDR-BY-NAME', $self->{name});
        $ports{$named->[1]} = 1 if ref $named eq 'ARRAY';
    }

    for my $redis (grep { $_->is_alive && $ports{$_->port} } $self->redis) {
        my $role = $self->ask($redis, 'ROLE');
        return $redis if ref $role eq 'ARRAY' && $role->[0] eq 'master';
    }

    return undef;
}


# Starts a Redis that has ended again, at its port and as a master.
sub start_again {
    my ($self, $redis) = @_;

    my ($i) = grep { $self->{redis}[$_] == $redis } 0 .. $#{$self->{redis}};

    return $self->{redis}[$i] = $self->start_redis($redis->port);
}

1;
