package Live::Health;

# Shared by the live tests of connection health: gateways that send the values
# of the module's variables in a header, and queries to the mock and to Redis.
#
#   my $health = Live::Health->new($live);      starts a Redis and a mock
#   my $nginx = $health->gateway(workers => 2); over both; see gateway()
#   my $answer = $health->get($nginx, 42);
#   $answer->{vars}{cache_status}               "HIT"
#
# Locations: /v1/, and those that a test adds by location().

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis;

my @variables = qw(cache_status cache_tier cache_age refresh redis route
                   merchant_state);


sub new {
    my ($class, $live, %option) = @_;

    my $redis = exists $option{redis} ? $option{redis} : $live->redis;

    return bless {live => $live, redis => $redis, mock => $live->mock},
                 $class;
}


sub redis {
    return $_[0]{redis};
}


sub mock {
    return $_[0]{mock};
}


# Starts an nginx that is a host of its own.  Options, beside those of
# Live::Nginx: redis (the parameters of "violet_redis"; '' leaves it out), lines
# (of /v1/), more (of the server), extra (of http), keepalive (of the upstream).
sub gateway {
    my ($self, %option) = @_;

    my $live = $self->{live};
    my $redis = exists $option{redis}
                ? delete $option{redis}
                : 'redis://127.0.0.1:' . $self->{redis}->port
                  . '/0 timeout=2s connect_timeout=2s';
    my $lines = delete $option{lines};
    my $more = delete $option{more} || '';
    my $extra = delete $option{extra} || '';
    my $keepalive = exists $option{keepalive} ? delete $option{keepalive}
                                              : 'keepalive 8;';

    my $connection = length $keepalive ? '' : 'close';

    my $http = length $redis ? "violet_redis $redis;\n" : '';

    $http .= <<"    END";
    violet_app shop {
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$self->{mock}->port]};
        $keepalive
    }

    # From 1.29.7 on nginx keeps connections without being told to.
    map '' \$to_violet { default '$connection'; }

    log_format times '\$request_time \$status \$violet_cache_status';
    access_log logs/times.log times;
    $extra
    END

    my $headers = 'add_header X-Worker $pid always;'
        . 'add_header X-Vars "'
        . join('|', map { "\$violet_$_" } @variables) . '" always;';

    return $live->nginx(workers => 2, http => $http, server =>
                        $headers . $self->location('/', $lines) . $more,
                        %option);
}


# A location with another prefix, by default of the same app.
sub location {
    my ($self, $prefix, $lines, $app) = @_;

    $lines = '' if !defined $lines;
    $app = 'shop' if !defined $app;

    return "location ${prefix}v1/ { violet $app;"
           . 'proxy_pass http://violet_api' . ($prefix eq '/' ? '' : '/v1/')
           . '; proxy_http_version 1.1;'
           . ' proxy_set_header Connection $to_violet;'
           . "$lines }\n";
}


# --- asking ---

# Paths: "42", "42?refresh=true"; '' or "?..." is the list.
sub path {
    my ($self, $what, $prefix) = @_;

    $prefix = '/' if !defined $prefix;

    return "GET ${prefix}v1/operations/connection_health"
           . ($what =~ /^\d/ ? '/' : '') . $what;
}


sub get {
    my ($self, $nginx, $what, %option) = @_;

    return read_vars($self->{live}->request(
        $nginx->port, $self->path($what, delete $option{prefix}), %option));
}


# Kills Redis and starts an empty one at the same port.
sub restart_redis {
    my ($self, @args) = @_;

    my $port = $self->{redis}->port;

    $self->{redis}->stop('KILL');
    $self->{redis} = $self->{live}->redis(port => $port, args => \@args);
}


# Sends a request and returns the client that waits for its answer.
sub ask {
    my ($self, $nginx, @path) = @_;

    my $client = $self->{live}->client($nginx->port);

    $client->send(Live::Client::request_bytes($self->path(@path)));

    return $client;
}


sub answer {
    my ($self, $client, $seconds) = @_;

    return read_vars($client->answer($seconds || 10));
}


# Many requests at once, to all the gateways in turn; "what" is a path, or code
# that returns the path of a number.
sub many {
    my ($self, $nginx, %option) = @_;

    my $what = $option{what};
    my @ports = map { $_->port } ref $nginx eq 'ARRAY' ? @$nginx : $nginx;

    return map { read_vars($_) } $self->{live}->many(
        \@ports, count => $option{count}, timeout => $option{timeout},
        request => sub {
            $self->path(ref $what ? $what->($_[0]) : ($what,
                                                      $option{prefix}));
        });
}


sub read_vars {
    my ($answer) = @_;

    my @values = split /\|/, $answer->{headers}{'x-vars'} || '', -1;
    my %vars = map { $variables[$_] => defined $values[$_] ? $values[$_] : '' }
                   0 .. $#variables;

    $answer->{vars} = \%vars;
    $answer->{status} = 0 if !defined $answer->{status};
    $answer->{body} = '' if !defined $answer->{body};
    $answer->{cache} = $answer->{headers}{'cache-status'} || '';
    ($answer->{revision}) = $answer->{body} =~ /"recalculated": (\d+)/;

    return $answer;
}


# --- the mock and Redis ---

sub control {
    my ($self, $what) = @_;

    my $answer = $self->{live}->request(
        $self->{mock}->port,
        "POST /_mock/$what HTTP/1.0\r\nContent-Length: 0\r\n\r\n");

    die "the mock refuses $what\n" if ($answer->{status} || 0) != 200;
}


# Asks until each of these gateways has a copy of the report in its memory.
sub in_memory {
    my ($self, $title, $what, @nginx) = @_;

    ok($self->{live}->wait_for(30, sub {
        !grep { !$self->is_in_memory($_, $what) } @nginx;
    }), "$title: in memory");
}


sub is_in_memory {
    my ($self, $nginx, $what) = @_;

    my $vars = $self->get($nginx, $what)->{vars};

    return "$vars->{cache_status} $vars->{cache_tier}" eq 'HIT memory';
}


# Waits until these gateways have heard of all changes in Redis: notices come in
# the order of the changes, and the last one is of a report that nobody uses.
sub heard {
    my ($self, @nginx) = @_;

    my $unused = 29999;

    for my $nginx (@nginx) {
        $self->{live}->wait_for(30, sub { $self->is_in_memory($nginx, $unused) })
            or die "a gateway keeps nothing in its memory\n";
    }

    $self->command('HINCRBY ' . $self->key($unused) . ' stored_at 0');

    $self->{live}->wait_for(30, sub {
        @nginx = grep { $self->is_in_memory($_, $unused) } @nginx;
        return !@nginx;
    }) or die "a gateway hears of no change\n";
}


# Asks until the answer has this Cache-Status: a notice is on its way.
sub becomes {
    my ($self, $title, $nginx, $what, $cache) = @_;

    my $answer;

    ok($self->{live}->wait_for(30, sub {
        $answer = $self->get($nginx, $what);
        return $answer->{cache} =~ $cache;
    }), $title) or diag($answer->{cache});
}


# The mock's count of "connection_health/42", or "42" for short.
sub reached {
    my ($self, $name) = @_;

    $name = "connection_health/$name" if $name =~ /^\d/;

    return $self->{live}->mock_counts($self->{mock})->{$name} || 0;
}


sub reaches {
    my ($self, $name, $times, $seconds) = @_;

    return $self->{live}->wait_for($seconds || 10, sub {
        $self->reached($name) >= ($times || 1);
    });
}


sub command {
    my ($self, $line, @more) = @_;

    die "command() takes one line\n" if @more;

    return Violet::Redis->new($self->{redis}->port)->command($line);
}


sub key {
    my ($self, $merchant, $prefix) = @_;

    $prefix = 'violet:' if !defined $prefix;

    return "${prefix}health:violet_api:10000:$merchant";
}


sub list_key {
    my ($self, $exclude) = @_;

    return "violet:health-list:violet_api:10000:$exclude";
}


# Stores reports in Redis as the module does; "body" is called with a merchant.
sub put {
    my ($self, $body, @merchants) = @_;

    my $redis = $self->{live}->client($self->{redis}->port);
    my $now = int(time * 1000);

    while (my @group = splice @merchants, 0, 500) {
        $redis->send(join '', map {
            resp('HSET', $self->key($_), v => 1, body => $body->($_),
                 etag => '"' . sprintf('%040d', $_) . '"', state => 'ready',
                 merchant => $_, kept => 86400000, stored_at => $now)
            . resp('PEXPIRE', $self->key($_), 86400000);
        } @group);

        $redis->read_until(sub { ($_[0] =~ tr/\n//) >= 2 * @group }, 30);
        $redis->{in} = '';
    }

    $redis->close;
}


sub resp {
    return '*' . @_ . "\r\n"
           . join '', map { '$' . length($_) . "\r\n$_\r\n" } @_;
}


# The lines of MONITOR while the code runs.
sub monitored {
    my ($self, $code) = @_;

    my $client = $self->{live}->client($self->{redis}->port);

    $client->send("AUTH admin admin\r\nMONITOR\r\n");
    $client->read_until(qr/\+OK\r\n\+OK\r\n/, 10);
    $code->();
    sleep 0.2;
    $client->read_until(sub { 0 }, 0.1);
    $client->close;

    return grep { /^\+\d/ } split /\r\n/, $client->{in};
}


# --- checks and notes ---

sub count(&@) {
    my ($code, @answers) = @_;

    return scalar grep { $code->() } @answers;
}


# Checks that all answers have this status; a failure shows some that have not.
sub all_are {
    my ($self, $status, $title, @answers) = @_;

    my @bad = grep { $_->{error} || $_->{status} != $status } @answers;

    ok(!@bad, "$title: all " . @answers . " get $status")
        or diag(scalar @bad, ' do not: ', join ', ', map {
            $_->{error} || "$_->{status} " . substr($_->{body}, 0, 200)
        } @bad[0 .. ($#bad > 4 ? 4 : $#bad)]);
}


sub all_same {
    my ($self, $title, @answers) = @_;

    my %bodies;
    $bodies{$_->{body}}++ for @answers;

    is(scalar(keys %bodies), 1, "$title: the same bytes for all")
        or diag(join ', ', sort { $b <=> $a } values %bodies > 9
                           ? (values %bodies)[0 .. 9] : values %bodies);
}


# The number of answers with each value of a variable: "HIT 3, MISS 1".
sub tally {
    my ($self, $name, @answers) = @_;

    my %seen;
    $seen{length $_->{vars}{$name} ? $_->{vars}{$name} : '-'}++ for @answers;

    return join ', ', map { "$_ $seen{$_}" } sort keys %seen;
}


# Notes for the reader of the output; no check depends on them.
sub tell_slowest {
    my ($self, $title, $delay, @answers) = @_;

    my ($slowest) = sort { $b <=> $a } map { $_->{seconds} } @answers;

    note(sprintf '%s: the slowest of %d after %.0f ms, %.0f ms more than the '
                 . 'mock takes', $title, scalar @answers, $slowest * 1000,
                 ($slowest - $delay) * 1000);
}


sub tell_times {
    my ($self, $title, $delay, @nginx) = @_;

    my ($slowest) = sort { $b <=> $a } map { /^([\d.]+)/ ? $1 : 0 }
        map { split /\n/, Live::Nginx::text_of($_->folder
                                               . '/logs/times.log') } @nginx;

    note(sprintf '%s: $request_time of the slowest is %.0f ms more than the '
                 . 'mock takes', $title, ($slowest - $delay) * 1000);
}

1;
