package Test::Nginx::Util;

# Settings, places and small text helpers of the runner.  The variables below
# can be read by a test file by the names that the genuine runner gives them.

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use IO::Socket::INET;
use Time::HiRes ();

our @EXPORT_OK = qw(
    bail_out expand_env parse_seconds is_alive free_port trim_text
    settings setting note_verbose on_bail_out
);

our $ServRoot = $ENV{TEST_NGINX_SERVROOT} || Cwd::getcwd() . '/t/servroot';
$ServRoot = Cwd::getcwd() . "/$ServRoot" if $ServRoot !~ m{^/};

our $LogDir     = "$ServRoot/logs";
our $HtmlDir    = "$ServRoot/html";
our $ConfDir    = "$ServRoot/conf";
our $ErrLogFile = "$LogDir/error.log";
our $AccLogFile = "$LogDir/access.log";
our $PidFile    = "$LogDir/nginx.pid";
our $ConfFile   = "$ConfDir/nginx.conf";

our $Verbose = $ENV{TEST_NGINX_VERBOSE};

# Free ports of the block that runs now, by name (TEST_NGINX_RAND_PORT_n).
our $RandPorts = {};

$ENV{TEST_NGINX_SERVER_ROOT} = $ServRoot;

my $port = $ENV{TEST_NGINX_SERVER_PORT} || $ENV{TEST_NGINX_PORT} || 1984;

my %setting = (
    binary                 => $ENV{TEST_NGINX_BINARY} || 'nginx',
    client_addr            => '127.0.0.1',
    event_type             => $ENV{TEST_NGINX_EVENT_TYPE},
    load_modules           => $ENV{TEST_NGINX_LOAD_MODULES},
    log_level              => $ENV{TEST_NGINX_LOG_LEVEL} || 'debug',
    master                 => $ENV{TEST_NGINX_MASTER_PROCESS} || 'off',
    no_long_string         => 0,
    no_root_location       => 0,
    no_shuffle             => $ENV{TEST_NGINX_NO_SHUFFLE} || 0,
    postpone_output        => $ENV{TEST_NGINX_POSTPONE_OUTPUT},
    preamble               => '',
    repeat_each            => 1,
    server_name            => 'localhost',
    server_port            => $port,
    server_port_for_client => $ENV{TEST_NGINX_CLIENT_PORT} || $port,
    sleep                  => $ENV{TEST_NGINX_SLEEP} || 0.015,
    timeout                => $ENV{TEST_NGINX_TIMEOUT} || 3,
    valgrind               => $ENV{TEST_NGINX_USE_VALGRIND},
    whole_error_log        => $ENV{TEST_NGINX_CHECK_ACCUM_ERR_LOG},
    worker_connections     => 64,
    workers                => 1,
);

# Called before the run is aborted, so that no server is left.
my $on_bail_out = sub { };


sub setting {
    my ($name, @value) = @_;

    die "no setting \"$name\"" if !exists $setting{$name};

    $setting{$name} = $value[0] if @value;

    return $setting{$name};
}


sub on_bail_out {
    $on_bail_out = shift;
}


sub bail_out {
    $on_bail_out->();
    Test::More::BAIL_OUT(join '', @_);
}


sub note_verbose {
    warn @_, "\n" if $Verbose;
}


# "250ms", "2s" and "2" as seconds.
sub parse_seconds {
    my ($text) = @_;

    return undef if !defined $text;
    return $1 / 1000 if $text =~ /^\s*([\d.]+)ms\s*$/;
    return $1 if $text =~ /^\s*([\d.]+)s\s*$/;

    return $text;
}


sub trim_text {
    my ($text) = @_;

    $text =~ s/^\s+//;
    $text =~ s/\s+$//;

    return $text;
}


# A zombie accepts signal 0, so read its state in /proc as well.
sub is_alive {
    my ($pid) = @_;

    return 0 if !$pid || !kill 0, $pid;

    open my $in, '<', "/proc/$pid/stat" or return -d '/proc/self' ? 0 : 1;
    my $stat = <$in>;
    close $in;

    return defined $stat && $stat =~ /\) Z / ? 0 : 1;
}


sub free_port {
    my %taken = map { $_ => 1 } @_;

    for (1 .. 1000) {
        my $port = 2000 + int rand 30000;
        next if $taken{$port};

        my $sock = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $port,
            Proto     => 'tcp',
            Listen    => 5,
            ReuseAddr => 1,
        );
        next if !$sock;

        close $sock;
        return $port;
    }

    bail_out('no free port found');
}


sub expand_env {
    my ($text, $name) = @_;

    return $text if !defined $text || ref $text;

    $text =~ s/\$(TEST_NGINX_[A-Z0-9_]+)/env_value($1, $name)/eg;

    return $text;
}


sub env_value {
    my ($var, $name) = @_;

    if ($var =~ /^TEST_NGINX_RAND_PORT_\d+$/) {
        my @taken = (setting('server_port'), values %$RandPorts);
        $RandPorts->{$var} = free_port(@taken) if !$RandPorts->{$var};
        return $RandPorts->{$var};
    }

    return $ENV{$var} if defined $ENV{$var};

    bail_out("$name - the environment has no $var");
}

1;
