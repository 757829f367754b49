package Live;

# A harness for tests of a whole running nginx: with a master and workers, an
# own Redis, an own mock Violet, fake servers and raw clients.  The tests are
# plain Test::More files that say "use Live".
#
#   my $live = Live->new;
#   my $redis = $live->redis;
#   my $mock = $live->mock;
#   my $nginx = $live->nginx(workers => 2,
#                            http => $live->violet_http($redis, $mock),
#                            server => $live->violet_location);
#   my $answer = $live->request($nginx->port, 'GET /v1/...');
#   ...
#   $live->check_logs;
#   done_testing();
#
# Everything listens on 127.0.0.1 at a free port, lives in one temporary
# folder, and is stopped by its pid at the end, even if the test dies.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(basename dirname);
use File::Copy ();
use File::Path ();
use File::Spec ();
use File::Temp ();
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Test::More ();
use Time::HiRes qw(sleep time);

use Live::Client;
use Live::Clock;
use Live::Fake;
use Live::Faults;
use Live::Killer;
use Live::Nginx;
use Live::Process;
use Live::Relay;
use Violet::Redis ();

my $root = Cwd::abs_path(dirname(__FILE__) . '/../..');
my $open_files = 8192;
my @all;
my %given;

raise_open_files();


# With "patient" violet_http() lets Redis take 20 s: for a test that is about
# something else than a slow Redis.
sub new {
    my ($class, %option) = @_;

    my $name = basename($0) =~ s/\.t$//r;
    my $parent = $ENV{TEST_LIVE_FOLDER} || File::Spec->tmpdir;
    my $folder = File::Temp::tempdir("live-$name-XXXXXX", DIR => $parent);

    my $self = bless {
        folder  => $folder,
        name    => $name,
        pid     => $$,
        checked => 0,
        logs    => [],
        count   => 0,
        times   => $option{patient} ? ' connect_timeout=20s timeout=20s' : '',
    }, $class;

    push @all, $self;

    return $self;
}


sub folder {
    return $_[0]{folder};
}


# A thousand clients need more open files than most shells allow, and Perl has
# no setrlimit().
sub raise_open_files {
    return if $ENV{LIVE_OPEN_FILES}++;

    open my $in, '<', '/proc/self/limits' or return;
    my ($soft) = map { /^Max open files\s+(\d+)/ ? $1 : () } <$in>;
    close $in;

    return if !$soft || $soft >= $open_files || !-f $0;

    exec 'sh', '-c', "ulimit -n $open_files 2>/dev/null; exec \"\$@\"", 'sh',
         $^X, (map { "-I$_" } grep { !ref } @INC), $0, @ARGV;
}


# Below the range from which the kernel takes ports for outgoing connections.
sub free_port {
    for (1 .. 1000) {
        my $port = 20000 + int rand 12000;
        next if $given{$port}++;

        my $sock = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port",
                                         Listen => 1, ReuseAddr => 1);
        return $port if $sock;
    }

    die "no free port\n";
}


# --- servers ---

sub process {
    my ($self, $name, @command) = @_;

    my $log = "$self->{folder}/$name." . ++$self->{count} . '.out';

    return Live::Process->start($name, $log, @command);
}


# Options: args (more of its command line), address (of this host), port, clock
# (a Live::Clock).
sub redis {
    my ($self, %option) = @_;

    my $port = $option{port} || free_port();
    my $address = $option{address} || '127.0.0.1';
    my $folder = "$self->{folder}/redis.$address.$port";
    File::Path::make_path($folder);

    my $redis = $self->process(
        'redis', moved_by($option{clock}),
        Violet::Redis::server($port, $folder, '--bind', $address,
                              @{$option{args} || []}));

    return $self->listening($redis, $port, $address);
}


# The beginning of the command line of a program whose clock is moved.
sub moved_by {
    my ($clock) = @_;

    return $clock ? ('env', 'LD_PRELOAD=' . $clock->library,
                     join('=', $clock->environment))
                  : ();
}


# Options: args, port, clock (a Live::Clock).
sub mock {
    my ($self, %option) = @_;

    my $port = $option{port} || free_port();
    my $mock = $self->process(
        'mock', moved_by($option{clock}), 'python3',
        "$root/t/mock/violet.py", '--port', $port,
        '--app-id', '10000', '--app-secret', 'mock-app-secret',
        '--token', 'mock-token', @{$option{args} || []});

    return $self->listening($mock, $port);
}


# A relay to another port that can be stalled or cut, see Live::Relay.
sub relay {
    my ($self, $target) = @_;

    my $port = free_port();

    return Live::Relay->start($port, $target,
                              "$self->{folder}/relay.$port");
}


sub listening {
    my ($self, $process, $port, $address) = @_;

    $process->{port} = $port;
    $address ||= '127.0.0.1';

    $self->wait_for(300, sub {
        die $process->name, ' ended: ', $process->output
            if !$process->is_alive;
        return IO::Socket::INET->new(PeerAddr => "$address:$port");
    }) or die $process->name, " does not listen: ", $process->output;

    return $process;
}


# See Live::Nginx for the options.
sub nginx {
    my ($self, %option) = @_;

    my $port = delete $option{port} || free_port();
    my $nginx = Live::Nginx->new(
        folder => "$self->{folder}/nginx." . ++$self->{count},
        port   => $port,
        root   => $root,
        %option);

    push @{$self->{logs}}, $nginx->error_log_file;
    $nginx->start;
    $self->listening($nginx->process, $port);
    $self->wait_for(300, sub { $nginx->workers >= $nginx->{workers} })
        or die "nginx has not all its workers\n";

    return $nginx;
}


# A server that behaves badly, see Live::Fake.
sub fake {
    my ($self, %option) = @_;

    my $port = delete $option{port} || free_port();

    return Live::Fake->start($port, "$self->{folder}/fake.$port", %option);
}


# --- configuration ---

sub violet_http {
    my ($self, $redis, $mock, $more) = @_;

    $more = '' if !defined $more;

    return <<"    END";
    violet_redis redis://127.0.0.1:@{[$redis->port]}/0$self->{times};

    violet_app shop {
        app_id      10000;
        environment violet_api;
        app_secret  mock-app-secret;
        token       mock-token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }

    $more
    END
}


sub violet_location {
    my ($self, $more) = @_;

    $more = '' if !defined $more;

    return <<"    END";
    location /v1/ {
        violet shop;
        proxy_pass http://violet_api;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        $more
    }
    END
}


# --- clients ---

# One exchange on a connection of its own.  $what is "GET /path", or raw bytes
# if it has a line break.  Options: headers (a hash), body, timeout.
# Returns {status, headers, body, raw, seconds, error}.  Header names are in
# lower case; the values of one name are joined.
sub request {
    my ($self, $port, $what, %option) = @_;

    my $client = Live::Client->new($port);
    $client->send(Live::Client::request_bytes($what, %option));

    return $client->answer($option{timeout} || 10);
}


sub client {
    my ($self, $port) = @_;

    return Live::Client->new($port);
}


# Many requests at once, each on its own connection.  All connections are open
# before the first byte is sent.  Options: count, request (text, or code that
# returns the text for a number), timeout.  Returns the answers, each as
# request() does.  The connections go to several ports in turn.
sub many {
    my ($self, $port, %option) = @_;

    return Live::Client::many($port, %option);
}


# The mock's counts of requests.
sub mock_counts {
    my ($self, $mock) = @_;

    require JSON::PP;
    my $answer = $self->request($mock->port, 'GET /_mock/counts');

    return JSON::PP::decode_json($answer->{body});
}


# --- Redis ---

# The state of a submit in its record in Redis, such as "in_flight"; "" if
# Redis has no record of the cart.
sub submit_state {
    my ($self, $redis, $cart) = @_;

    require Violet::Redis;
    my $record = Violet::Redis->new($redis->port)->call(
        'GET', "violet:submit:violet_api:10000:$cart");

    return (split / /, $record // '')[2] // '';
}


# Waits until Redis knows how a submit ended: the caller has its answer a
# moment before.
sub submit_ended {
    my ($self, $redis, $cart) = @_;

    return $self->wait_for(10, sub {
        $self->submit_state($redis, $cart) !~ /\A(?:in_flight)?\z/;
    });
}


# --- time ---

# Calls the code until it returns a true value or the time is over; returns
# that value.
sub wait_for {
    my ($self, $seconds, $code) = @_;

    my $deadline = time + Live::Process::patience($seconds);

    while (1) {
        my $value = $code->();
        return $value if $value;
        return undef if time > $deadline;
        sleep 0.02;
    }
}


# --- the end ---

# One check for each nginx: its error log has no forbidden line.  A line of its
# end counts, too, so each nginx is stopped first.
sub check_logs {
    my ($self, @allowed) = @_;

    Live::Process::stop_all('nginx');
    $self->{checked} = 1;

    for my $file (@{$self->{logs}}) {
        my @lines = grave_lines($file, @allowed);

        Test::More::ok(!@lines, 'nothing grave in the error log')
            or Test::More::diag(@lines);
    }
}


sub grave_lines {
    my ($file, @allowed) = @_;

    open my $in, '<', $file or return "$file: $!\n";

    return grep {
        my $line = $_;
        $line =~ /\[(?:alert|emerg)\]|Sanitizer|runtime error:/
            || $line =~ /ERROR SUMMARY: [1-9]/
            and !grep { $line =~ $_ } @allowed;
    } <$in>;
}


# Keeps the log: the harness reads all logs at the end of a run.
sub keep_logs {
    my ($self, $passed) = @_;

    my $folder = $ENV{TEST_NGINX_KEEP_LOGS} or return;

    for my $file (@{$self->{logs}}) {
        my $n = basename(dirname(dirname($file)));
        my $kind = $self->{checked} && $passed ? '.expected.log' : '.log';
        File::Copy::copy($file, "$folder/live-$self->{name}.$n$kind");
    }
}


# a test that gets a signal stops its servers, too
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);


END {
    my $status = $?;

    for my $live (grep { $_->{pid} == $$ } @all) {
        Live::Process::stop_all();

        if (!$live->{checked}) {
            my @lines = map { grave_lines($_) } @{$live->{logs}};
            Test::More::diag("check_logs was not called:\n", @lines) if @lines;
            $status ||= 1 if @lines;
        }

        $live->keep_logs(!$status);
        File::Path::remove_tree($live->{folder})
            if !$status && !$ENV{TEST_NGINX_NO_CLEAN};
        Test::More::diag("all files are in $live->{folder}") if $status;
    }

    $? = $status;
}

1;
