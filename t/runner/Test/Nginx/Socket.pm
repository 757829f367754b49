package Test::Nginx::Socket;

# A small runner of test files in the data format of Test::Nginx::Socket, for
# machines that do not have the genuine one.  It needs Perl's own modules only.
# t/README.md lists its features and its differences.

use strict;
use warnings;

use parent 'Exporter';
use List::Util qw(shuffle);
use Test::More;
use Time::HiRes qw(sleep);

use Test::Nginx::Check qw(
    check_access_log check_body check_error_log check_headers
    check_raw_headers check_shutdown_log check_status filter_body
    forget_error_log is_text
);
use Test::Nginx::Client qw(parse_response send_request);
use Test::Nginx::Fake qw(check_fake start_fake stop_fake);
use Test::Nginx::Request qw(requests_of);
use Test::Nginx::Server qw(
    env_to_nginx nginx_version running_pid start_nginx stop_nginx
    write_user_files
);
use Test::Nginx::Spec qw(parse_blocks);
use Test::Nginx::Util qw(
    bail_out expand_env on_bail_out parse_seconds setting
);

our @EXPORT = (
    qw(
        add_block_preprocessor add_cleanup_handler add_response_body_check
        add_test_cleanup_handler bail_out blocks check_accum_error_log
        config_preamble env_to_nginx html_dir is_str log_level
        master_off master_on master_process_enabled no_diff no_long_string
        no_root_location no_shuffle repeat_each run_tests
        server_addr server_name server_port server_port_for_client
        server_root timeout worker_connections workers
    ),
    @Test::More::EXPORT,
);

# Sections of the genuine runner that this one does not support.
my @unsupported = qw(
    charset curl http09 http2 http3 reload_fails request_eval
    response_body_eval skip_openssl skip_slave stap stap_out
    tcp_query_auto_timeout todo_nginx udp_listen write_resp_body_file
);

my @block_preprocessors;
my @body_checks;
my @cleanup_handlers;
my @test_cleanup_handlers;

my $blocks;
my $previous_config;
my $previous_block;
my $main_pid = $$;


sub import {
    my ($class, @plan) = @_;

    strict->import;
    warnings->import;

    $class->export_to_level(1, $class);

    plan(@plan) if @plan;
}


BEGIN {
    my %accessor = (
        config_preamble        => 'preamble',
        log_level              => 'log_level',
        repeat_each            => 'repeat_each',
        server_addr            => 'client_addr',
        server_name            => 'server_name',
        server_port            => 'server_port',
        server_port_for_client => 'server_port_for_client',
        timeout                => 'timeout',
        worker_connections     => 'worker_connections',
        workers                => 'workers',
    );

    my %switch = (
        check_accum_error_log => [whole_error_log => 1],
        master_off            => [master => 'off'],
        master_on             => [master => 'on'],
        no_long_string        => [no_long_string => 1],
        no_root_location      => [no_root_location => 1],
        no_shuffle            => [no_shuffle => 1],
    );

    no strict 'refs';

    for my $name (keys %accessor) {
        *$name = sub { return setting($accessor{$name}, @_) };
    }

    for my $name (keys %switch) {
        *$name = sub { setting(@{$switch{$name}}) };
    }
}


sub no_diff {
    $ENV{TEST_SHOW_NO_DIFFS} = 1;
}


sub is_str {
    return is_text(@_);
}


sub html_dir {
    return $Test::Nginx::Util::HtmlDir;
}


sub server_root {
    return $Test::Nginx::Util::ServRoot;
}


sub master_process_enabled {
    my (@value) = @_;

    setting('master', $value[0] ? 'on' : 'off') if @value;

    return setting('master');
}


# The last one added runs first.
sub add_block_preprocessor(&) {
    unshift @block_preprocessors, shift;
}


sub add_response_body_check {
    push @body_checks, shift;
}


sub add_cleanup_handler {
    unshift @cleanup_handlers, shift;
}


sub add_test_cleanup_handler {
    unshift @test_cleanup_handlers, shift;
}


sub blocks {
    $blocks ||= [parse_blocks(data_text())];

    return wantarray ? @$blocks : scalar @$blocks;
}


sub data_text {
    no warnings 'once';

    local $/;
    my $text = fileno main::DATA ? <main::DATA> : '';

    return defined $text ? $text : '';
}


sub run_tests {
    $ENV{TEST_NGINX_SERVER_PORT} = setting('server_port')
        if !defined $ENV{TEST_NGINX_SERVER_PORT};

    my @list = blocks();
    @list = shuffle @list if !setting('no_shuffle');

    for my $block (@list) {
        $_->($block) for @block_preprocessors;

        $block->set_value('name', "$0 " . $block->value('name'));
        run_block($block);
        $_->($block) for @test_cleanup_handlers;

        $previous_block = $block;
    }

    clean_up();
    check_previous_shutdown();
}


sub run_block {
    my ($block) = @_;

    my $name = $block->value('name');

    for my $section (@unsupported) {
        bail_out("$name - this runner does not support --- $section")
            if defined $block->value($section);
    }

    if (my $skip = skipped($block)) {
        SKIP: { skip "$name - $skip->{reason}", $skip->{count}; }
        return;
    }

    if (my $todo = $block->value('todo')) {
        my ($count, $reason) = $todo =~ /^\s*(\d+)\s*:\s*(.*)/s
            or bail_out("$name - bad --- todo: $todo");
        TODO: { todo_skip "$name - $reason", $count; }
        return;
    }

    local $Test::Nginx::Util::RandPorts = {};

    return if !prepare_nginx($block);

    if (defined(my $code = $block->value('init'))) {
        eval $code;
        bail_out("$name - init: $@") if $@;
    }

    forget_error_log();

    for my $run (0 .. setting('repeat_each') - 1) {
        write_user_files($block) if $run;
        start_fake($block);
        run_requests($block, $run);
        check_fake($block);
        stop_fake();
    }

    append_error_log($name);
}


# "N: reason", where N is the number of skipped checks.
sub skipped {
    my ($block) = @_;

    my $name = $block->value('name');

    if (defined(my $text = $block->value('skip_eval'))) {
        my ($count, $code) = $text =~ /^\s*(\d+)\s*:\s*(.*)/s
            or return undef;
        my $skip = eval $code;
        bail_out("$name - skip_eval: $@") if $@;
        return {count => $count, reason => 'skip_eval'} if $skip;
    }

    my $text = $block->value('skip_nginx');
    my $test = qr/([<>]=?)\s*(\d+)\.(\d+)\.(\d+)/;

    if (defined $text) {
        my ($count, $op, @rest)
            = $text =~ /^\s*(\d+)\s*:\s*$test\s*(?::\s*(.*?))?\s*$/s
            or bail_out("$name - bad --- skip_nginx: $text");
        my $reason = pop @rest;
        return undef if !version_is($op, @rest);
        return {count => $count, reason => $reason || 'version of nginx'};
    }

    return skipped2($block, $test);
}


sub skipped2 {
    my ($block, $test) = @_;

    my $text = $block->value('skip_nginx2');

    return undef if !defined $text;

    my ($count, @spec)
        = $text =~ /^\s*(\d+)\s*:\s*$test\s*(and|or)\s*$test\s*(?::|$)/s
        or bail_out($block->value('name') . " - bad --- skip_nginx2: $text");

    my $first = version_is(@spec[0 .. 3]);
    my $second = version_is(@spec[5 .. 8]);

    return undef if !($spec[4] eq 'and' ? $first && $second
                                        : $first || $second);

    return {count => $count, reason => 'version of nginx'};
}


sub version_is {
    my ($op, @version) = @_;

    my $difference = nginx_version() - sprintf '%d.%03d%03d', @version;

    return $op eq '<'  ? $difference < 0
         : $op eq '<=' ? $difference <= 0
         : $op eq '>'  ? $difference > 0
         :               $difference >= 0;
}


# Returns false if the block has no request.
sub prepare_nginx {
    my ($block) = @_;

    my $name = $block->value('name');
    my $config = expand_env($block->value('config'), $name);

    if (!defined $config) {
        bail_out("$name - no --- config, and no block before this one")
            if !defined $previous_config;
        return 1;
    }

    stop_nginx();
    check_previous_shutdown();
    forget_error_log();
    $previous_config = $config;

    my $must_die = $block->value('must_die');

    if (defined $must_die) {
        for my $run (0 .. setting('repeat_each') - 1) {
            check_death($block, $config, $must_die, $run);
        }
        return 0;
    }

    my ($status, $said) = start_nginx($block, $config);

    if ($status) {
        fail("$name - nginx starts");
        diag("its exit status is $status; it said: $said");
        return 0;
    }

    sleep setting('sleep');

    return 1;
}


# A number is the expected exit code; without one any failure passes.
sub check_death {
    my ($block, $config, $must_die, $run) = @_;

    my $name = $block->value('name');
    my ($status, $said) = start_nginx($block, $config);

    if ($status == -1 || ($status >> 8) == 127) {
        fail("$name - nginx cannot be run");

    } elsif ($status & 127) {
        fail("$name - nginx died of signal " . ($status & 127));

    } elsif ($must_die =~ /^\s*\d+\s*$/) {
        is($status >> 8, $must_die + 0, "$name - exit code");

    } else {
        isnt($status, 0, "$name - nginx refuses to start");
    }

    forget_error_log();
    check_error_log($block, {run => $run});

    if ($status == 0) {
        sleep setting('sleep');
        stop_nginx();
    }
}


sub run_requests {
    my ($block, $run) = @_;

    my @requests = requests_of($block);
    my $pipelined = $block->value('pipelined_requests');
    my $count = $pipelined ? @$pipelined : @requests;

    my $at = {run => $run, many => $pipelined || @requests > 1};
    my $bytes;

    for my $i (0 .. $count - 1) {
        $at->{request} = $i;
        $bytes = exchange($block, $requests[$i]) if !$pipelined || $i == 0;

        if (!defined $block->value('ignore_response')) {
            my $rest = check_response($block, $bytes, $at);
            warn $block->value('name') . ' - ' . length($rest)
                . " bytes behind the response\n"
                if length $rest && !$pipelined;
            $bytes = $rest;
        }

        sleep $block->value('wait') if $block->value('wait');

        check_error_log($block, $at);
        check_access_log($block, $at)
            if !defined $block->value('ignore_response');
    }
}


sub exchange {
    my ($block, $request) = @_;

    my $name = $block->value('name');
    my $seconds = parse_seconds($block->value('timeout'));
    my $shutdown = $block->value('shutdown');

    $shutdown = 1 if defined $shutdown && $shutdown eq '';

    my ($bytes, $problem) = send_request(
        $request,
        addr         => $block->value('server_addr_for_client'),
        middle_delay => $block->value('raw_request_middle_delay'),
        server_alive => \&running_pid,
        shutdown     => $shutdown,
        timeout      => defined $seconds ? $seconds : setting('timeout'),
    );

    return $bytes if !$problem;

    # A block with "abort" closes the connection early on purpose.
    if ($problem eq 'timeout' && defined $block->value('abort')) {
        sleep 0.005;
        return $bytes;
    }

    fail("$name - the exchange: $problem");

    return $bytes;
}


sub check_response {
    my ($block, $bytes, $at) = @_;

    my $name = $block->value('name');
    my ($response, $rest, $problem) = parse_response($bytes);

    fail("$name - the response: $problem") if $problem;

    check_status($block, $response, $at);
    check_raw_headers($block, $response, $at);
    check_headers($block, $response, $at);
    filter_body($block, $response, $at);
    check_body($block, $response, $at);

    for my $check (@body_checks) {
        $check->($block, $response ? $response->content : undef,
                 $at->{request}, $at->{run}, 0);
    }

    return $rest;
}


sub check_previous_shutdown {
    check_shutdown_log($previous_block) if $previous_block;
    undef $previous_block;
}


# Appends the log of each block to one file if TEST_NGINX_ERROR_LOG names it.
sub append_error_log {
    my ($name) = @_;

    my $path = $ENV{TEST_NGINX_ERROR_LOG} or return;

    open my $in, '<', $Test::Nginx::Util::ErrLogFile or return;
    open my $out, '>>', $path or die "cannot write $path: $!\n";
    print $out "\n=== $name\n", <$in>;
}


sub clean_up {
    $_->() for splice @cleanup_handlers;

    stop_fake();
    stop_nginx() if !$ENV{TEST_NGINX_NO_CLEAN};
}


on_bail_out(\&clean_up);


END {
    if ($$ == $main_pid) {
        local $?;
        clean_up();
    }
}

1;
