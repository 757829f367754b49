package Violet;

# Defaults and hooks for every test file, under either runner:
#
#   use lib 't/lib';
#   use Test::Nginx::Socket 'no_plan';
#   use Violet;
#   run_tests();
#
# A block without http_config gets a Redis, an app and an upstream; one without
# config gets the location /v1/.  The sections redis, app and location replace
# one piece of these.  Before each block Redis and the mock are emptied; after
# it nginx is stopped and its whole error log is checked.
#
# Sections of its own: app, environment, http_extra, location, mock_commands,
# redis, redis_check, redis_commands, refused (see t/README.md).

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Copy ();
use File::Path ();
use IO::Socket::INET;
use Test::More ();
use Time::HiRes qw(sleep time);

use Violet::Problems ();
use Violet::Redis ();

# Not imported: the genuine runner exports into the test file only.
require Test::Nginx::Socket;

my $root = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..');

# The default of the section of the same name.
my %piece = (
    redis => "redis://127.0.0.1:\$TEST_NGINX_REDIS_PORT/0\n"
             . "                 timeout=20s connect_timeout=20s",
    app => <<'END',
        app_id      10000;
        app_secret  mock-app-secret;
        token       mock-token;
END
    location => <<'END',
            violet shop;
            proxy_pass http://violet_api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
END
);

my $http_config = <<'END';
    violet_redis <redis>;

    violet_app shop {
<app>
    }

    upstream violet_api {
        server 127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        keepalive 8;
    }
END

my $config = <<'END';
        location /v1/ {
<location>
        }
END

my $mock_location = <<'END';

        location /_mock {
            proxy_pass http://127.0.0.1:$TEST_NGINX_VIOLET_PORT;
        }
END

# For Violet::Until.
my $until_location = <<'END';

        location = /_until {
            violet_ready details;
        }
END

# A line with one of these levels is a failure in every block.
my @grave = ('[alert]', '[emerg]', '[crit]');
my $sanitizer = qr/Sanitizer|runtime error:/;

my $last_log;


for my $var (qw(TEST_NGINX_REDIS_PORT TEST_NGINX_VIOLET_PORT)) {
    die "$var is not set; run a single file by: make test T=$0\n"
        if !defined $ENV{$var};
}

Test::Nginx::Socket::add_block_preprocessor(\&prepare_or_die);
Test::Nginx::Socket::add_response_body_check(
    sub { Violet::Problems::keep_if_one($_[1]) });
Test::Nginx::Socket::add_test_cleanup_handler(\&finish);


# Dies with the name of the block, which the harness looks up in the file.
sub prepare_or_die {
    my ($block) = @_;

    eval { prepare($block); 1 } or die section($block, 'name'), ": $@";
}


sub prepare {
    my ($block) = @_;

    # if the first block is skipped, the log of another file is still there
    $last_log = log_id() if !defined $last_log;

    set_default($block, 'config', $config, qw(location));
    set_default($block, 'http_config', $http_config, qw(redis app));

    append($block, 'http_config', section($block, 'http_extra'));
    set_environment($block);
    append($block, 'config', $mock_location)
        if section($block, 'config') !~ m{location\s+/_mock};
    append($block, 'config', $until_location)
        if defined section($block, 'until');

    load_module($block);
    expect_refusal($block);
    forbid_grave_lines($block);
    keep_problems($block);

    return if defined section($block, 'refused');

    reset_servers();
    redis_commands($block);
    mock_commands($block);
}


sub section {
    my ($block, $name) = @_;

    my ($value) = $block->$name;

    return $value;
}


# Fills the pieces into the default; a block's own text has no pieces.
sub set_default {
    my ($block, $name, $text, @pieces) = @_;

    if (defined section($block, $name)) {
        my ($lost) = grep { defined section($block, $_) } @pieces;

        die "\"$lost\" has no effect beside \"$name\"\n" if $lost;
        return;
    }

    for my $piece (@pieces) {
        my $own = section($block, $piece);

        $own = $piece{$piece} if !defined $own;
        chomp $own;
        $text =~ s/<$piece>/$own/;
    }

    $block->set_value($name, $text);
}


# "refused" has the messages with which nginx must refuse to start.
sub expect_refusal {
    my ($block) = @_;

    my $words = section($block, 'refused');

    return if !defined $words;

    for my $name (qw(must_die error_log request)) {
        die "\"$name\" cannot stand beside \"refused\"\n"
            if defined section($block, $name);
    }

    die "\"refused\" is empty\n" if !length flat($words);

    $block->set_value('must_die', '');
    $block->set_value('error_log', $words);
}


# Adds "environment" to the app "shop".
sub set_environment {
    my ($block) = @_;

    my $name = section($block, 'environment');

    return if !defined $name;

    chomp $name;

    my $text = section($block, 'http_config');
    $text =~ s/(violet_app shop \{)/$1 environment $name;/
        or die "no violet_app shop in a block with \"environment\"\n";

    $block->set_value('http_config', $text);
}


sub append {
    my ($block, $name, $text) = @_;

    return if !defined $text;

    $block->set_value($name, section($block, $name) . $text);
}


# A body check sees the body only after the block's filters have changed it, so
# the first filter keeps the problem.
sub keep_problems {
    my ($block) = @_;

    my $filters = section($block, 'response_body_filters');
    my $keep = sub { Violet::Problems::keep_if_one($_[0]); $_[0] };

    return if !defined $filters;

    $filters = [ref $filters ? $filters : split ' ', $filters]
        if ref $filters ne 'ARRAY';

    $block->set_value('response_body_filters',
                      ref $filters->[0] eq 'ARRAY'
                      ? [map { [$keep, @$_] } @$filters]
                      : [$keep, @$filters]);
}


# TEST_NGINX_LOAD_MODULES makes the runner load the module; with
# TEST_NGINX_STATIC it is built in.
sub load_module {
    my ($block) = @_;

    return if $ENV{TEST_NGINX_LOAD_MODULES} || $ENV{TEST_NGINX_STATIC};

    my $main = section($block, 'main_config');
    $main = '' if !defined $main;

    $block->set_value('main_config', "load_module $root/build/"
                                     . "ngx_violet_module.so;\n$main");
}


# Every block forbids these lines, unless its own sections name the level.
sub forbid_grave_lines {
    my ($block) = @_;

    return if defined section($block, 'must_die');

    my @asked = map { flat(section($block, $_)) } qw(error_log no_error_log);
    my @levels = grep { my $level = $_;
                        !grep { index($_, bare($level)) >= 0 } @asked
                 } @grave;

    my $given = section($block, 'no_error_log');
    my @given = !defined $given       ? ()
              : ref $given eq 'ARRAY' ? @$given
              : ref $given            ? ($given)
              :                         split /\n+/, $given;

    $block->set_value('no_error_log', [@given, @levels]);
}


# The level without its brackets, which a regex of a block escapes.
sub bare {
    my ($level) = @_;

    return substr $level, 1, -1;
}


sub flat {
    my ($value) = @_;

    return '' if !defined $value;
    return join "\n", map { flat($_) } @$value if ref $value eq 'ARRAY';

    return "$value";
}


sub reset_servers {
    Violet::Redis::reset_state($ENV{TEST_NGINX_REDIS_PORT});

    my $answer = http($ENV{TEST_NGINX_VIOLET_PORT}, 'POST', '/_mock/reset');
    die "the mock does not reset: $answer\n"
        if $answer !~ m{^HTTP/1\.[01] 20[04]};
}


# One small exchange on a connection of its own.
sub http {
    my ($port, $method, $path) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port, Timeout => 60)
        or die "cannot connect to port $port: $!\n";

    print $sock "$method $path HTTP/1.0\r\nHost: localhost\r\n"
                . "Content-Length: 0\r\n\r\n";

    local $SIG{ALRM} = sub { die "no answer of port $port\n" };
    alarm 60;
    my $answer = do { local $/; <$sock> };
    alarm 0;

    return defined $answer ? $answer : '';
}


sub mock_commands {
    my ($block) = @_;

    my $text = section($block, 'mock_commands');

    for my $path (split ' ', defined $text ? $text : '') {
        my $answer = http($ENV{TEST_NGINX_VIOLET_PORT}, 'POST', $path);
        die "mock_commands: \"$path\" gives $answer\n"
            if $answer !~ m{^HTTP/1\.[01] 200};
    }
}


sub redis_commands {
    my ($block) = @_;

    my $text = section($block, 'redis_commands');

    return if !defined $text;

    my $redis = Violet::Redis->new($ENV{TEST_NGINX_REDIS_PORT});

    for my $line (split /\n+/, $text) {
        next if $line !~ /\S/ || $line =~ /^\s*#/;

        my $reply = $redis->command($line);
        die "redis_commands: \"$line\" gives $reply\n"
            if $reply =~ /^\(error\)/;
    }
}


# Runs after the block's requests; nginx is still up.
sub finish {
    my ($block) = @_;

    my $name = section($block, 'name');

    redis_check($name, section($block, 'redis_check'));

    stop_nginx($name);

    return if !is_new_log();

    my @expected = expected_levels($block);
    check_whole_log($name, @expected);
    keep_log($name, scalar @expected);
}


# A block that was skipped leaves the log of the one before it.
sub is_new_log {
    my $id = log_id();
    my $is_new = $id ne $last_log && $id ne '';

    $last_log = $id;

    return $is_new;
}


sub log_id {
    return join ':', (stat error_log())[0, 1, 7, 9];
}


sub error_log {
    return Test::Nginx::Socket::server_root() . '/logs/error.log';
}


# The grave levels that the block expects.
sub expected_levels {
    my ($block) = @_;

    return map { bare($_) } @grave if defined section($block, 'must_die');

    my $asked = flat(section($block, 'error_log'));

    return grep { index($asked, $_) >= 0 } map { bare($_) } @grave;
}


# The mark, by which a gateway sees that Redis was emptied, is made at some time
# after the start: KEYS * and DBSIZE are asked without it.
sub remove_marks {
    my ($redis) = @_;

    $redis->command(q{EVAL "for _, k in ipairs(redis.call('KEYS', }
                    . q{'*submit:mark')) do redis.call('DEL', k) end" 0});
}


# A command line, then "=> reply" or "=~ regex" lines about its reply.
sub redis_check {
    my ($name, $text) = @_;

    return if !defined $text;

    my $redis = Violet::Redis->new($ENV{TEST_NGINX_REDIS_PORT});
    my ($command, $reply);

    for my $line (split /\n/, $text) {
        next if $line !~ /\S/ || $line =~ /^\s*#/;

        if ($line =~ /^\s*=> ?(.*)$/) {
            Test::More::is($reply, $1, "$name - redis: $command");

        } elsif ($line =~ /^\s*=~ ?(.*)$/) {
            Test::More::like($reply, qr/$1/s, "$name - redis: $command");

        } else {
            $command = $line;
            remove_marks($redis) if $line =~ /^\s*(?:KEYS \*|DBSIZE)\s*$/;
            $reply = $redis->command($line);
        }
    }
}


# The lines that nginx logs while it ends belong to the block as well.
sub stop_nginx {
    my ($name) = @_;

    my $path = Test::Nginx::Socket::server_root() . '/logs/nginx.pid';
    open my $in, '<', $path or return;
    my ($pid) = (<$in> || '') =~ /^(\d+)/ or return;

    kill 'QUIT', $pid or return;

    my $deadline = time + 60;

    while (is_alive($pid)) {
        if (time > $deadline) {
            Test::More::diag("$name - nginx $pid does not stop on SIGQUIT");
            kill 'KILL', $pid;
            last;
        }
        sleep 0.005;
    }

    unlink $path;
}


sub is_alive {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or return 0;
    my $stat = <$in>;

    return defined $stat && $stat !~ /\) Z /;
}


# Prints a line of TAP only for a forbidden line of the log.
sub check_whole_log {
    my ($name, @expected) = @_;

    open my $in, '<', error_log() or return;

    while (my $line = <$in>) {
        my ($level) = $line =~ /\[(alert|emerg)\]/;

        next if !$level && $line !~ $sanitizer;
        next if $level && grep { $_ eq $level } @expected;

        Test::More::fail("$name - the error log is clean to the end");
        Test::More::diag("in the log: $line");
    }
}


# The harness reads all kept logs at the end of a run; it allows the levels
# [alert] and [emerg] in a log named ".expected.log".
sub keep_log {
    my ($name, $expected) = @_;

    my $folder = $ENV{TEST_NGINX_KEEP_LOGS};

    return if !$folder;

    my ($file, $block) = $name =~ m{^(?:.*/)?(\S+?)\.t (.*)$} or return;
    $block =~ s/[^A-Za-z0-9]+/-/g;

    my $suffix = $expected ? '.expected.log' : '.log';
    File::Path::make_path($folder);
    File::Copy::copy(error_log(), "$folder/$file." . substr($block, 0, 60)
                                  . $suffix);
}

1;
