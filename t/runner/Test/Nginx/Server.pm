package Test::Nginx::Server;

# Writes the server root of a block, starts nginx there and stops it.

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(make_path remove_tree);
use Time::HiRes qw(sleep time);
use Test::Nginx::Util qw(bail_out expand_env is_alive note_verbose setting);

our @EXPORT_OK = qw(
    env_to_nginx nginx_version running_pid start_nginx stop_nginx
    write_user_files
);

my @nginx_env;
my $version_text;


sub env_to_nginx {
    my (@variables) = @_;

    for my $variable (@variables) {
        die "env_to_nginx: bad value \"$variable\"\n"
            if $variable !~ /^[A-Za-z_]/ || $variable =~ /\n/;
        push @nginx_env, $variable;
    }
}


sub version_text {
    return $version_text if defined $version_text;

    my $binary = setting('binary');
    my $text = `$binary -V 2>&1`;

    bail_out("cannot run \"$binary -V\"") if $? || !$text;

    return $version_text = $text;
}


# 1.22.1 as 1.022001, to be compared as a number; of Angie the version of the
# nginx in it.
sub nginx_version {
    my @parts = version_text() =~ m{nginx/(\d+)\.(\d+)\.(\d+)}
        or bail_out('nginx -V gives no version');

    return sprintf '%d.%03d%03d', @parts;
}


# Removes only files that a run makes, so a wrong TEST_NGINX_SERVROOT does no
# harm.
sub make_server_root {
    my $root = $Test::Nginx::Util::ServRoot;

    if (-d $root) {
        remove_tree(map { "$root/$_" } qw(cache conf html logs));
        remove_tree(glob "$root/*_cache"), remove_tree(glob "$root/*_temp");
        rmdir $root or bail_out("cannot remove $root: $!");
    }

    make_path(map { "$root/$_" } qw(conf html logs));

    write_file("$Test::Nginx::Util::HtmlDir/index.html",
               "<html><body>It works.</body></html>\n");
}


sub write_file {
    my ($path, $text) = @_;

    open my $out, '>', $path or bail_out("cannot write $path: $!");
    binmode $out;
    print $out $text;
    close $out or bail_out("cannot write $path: $!");
}


# ">>> name [date]" and the lines below it; or an array of [name, text, date].
sub write_user_files {
    my ($block) = @_;

    my $files = $block->value('user_files');

    return if !$files;

    $files = split_files($files) if !ref $files;

    for my $file (@$files) {
        my ($name, $text, $date) = @$file;
        my $path = $name =~ m{^/}
                   ? $name : "$Test::Nginx::Util::HtmlDir/$name";

        make_path($path =~ s{/[^/]*\z}{}r);
        write_file($path, expand_env(defined $text ? $text : '',
                                     $block->value('name')));

        next if !$date;
        local $ENV{TZ} = 'GMT';
        system('touch', '-t', $date, $path) == 0
            or bail_out("cannot set the date of $path");
    }
}


sub split_files {
    my ($text) = @_;

    my @files;

    for my $line (split /^/, $text) {
        if ($line =~ /^>>> (\S+)(?:\s+(.+))?/) {
            push @files, [$1, '', $2];
        } elsif (@files) {
            $files[-1][1] .= $line;
        }
    }

    return \@files;
}


sub block_text {
    my ($block, $section) = @_;

    my $text = expand_env($block->value($section), $block->value('name'));

    return defined $text ? $text : '';
}


# Test servers are reached from this machine only.
sub on_loopback {
    my ($text) = @_;

    return $text =~ s/\b(listen\s+)(?=\d+(?:\s|;))/${1}127.0.0.1:/gr;
}


sub main_lines {
    my ($block) = @_;

    my $log = block_text($block, 'error_log_file')
              || $Test::Nginx::Util::ErrLogFile;
    my $level = $block->value('log_level') || setting('log_level');

    my @lines = (
        'worker_processes ' . setting('workers'),
        'daemon on',
        'master_process ' . setting('master'),
        "error_log $log $level",
        "pid $Test::Nginx::Util::PidFile",
        (map { "env $_" } qw(LD_PRELOAD LD_LIBRARY_PATH ASAN_OPTIONS
                             UBSAN_OPTIONS MOCKEAGAIN MOCKEAGAIN_VERBOSE)),
        (map { /\s/ ? "env '$_'" : "env $_" } @nginx_env),
        $> == 0 ? 'user root' : (),
    );

    return join '', map { "$_;\n" } @lines;
}


sub load_modules {
    my $modules = setting('load_modules');

    return '' if !defined $modules;

    return join '', map { "load_module $_;\n" } split ' ', $modules;
}


# nginx knows these directives only if it was built with the modules.
sub temp_paths {
    my ($http_config) = @_;

    my $root = $Test::Nginx::Util::ServRoot;
    my @paths = qw(client_body proxy);

    for my $module (qw(fastcgi scgi uwsgi)) {
        push @paths, $module
            if version_text() !~ /--without-http_${module}_module/;
    }

    @paths = grep { $http_config !~ /\b${_}_temp_path\b/ } @paths;

    return join '', map { "    ${_}_temp_path $root/${_}_temp;\n" } @paths;
}


sub server_lines {
    my ($block, $config) = @_;

    my $name = $block->value('server_name');
    $name = setting('server_name') if !defined $name;
    $name =~ s/([\\'])/\\$1/g;

    my $root_location = setting('no_root_location') ? '' : <<"    END";

        location / {
            root $Test::Nginx::Util::HtmlDir;
            index index.html index.htm;
        }
    END

    return <<"    END";
    server {
        listen 127.0.0.1:@{[setting('server_port')]};
        server_name '$name';
        client_max_body_size 30M;

@{[setting('preamble')]}
$config
$root_location
    }
    END
}


sub events_lines {
    my $type = setting('event_type');

    return "events {\n    accept_mutex off;\n"
           . '    worker_connections ' . setting('worker_connections')
           . ";\n" . ($type ? "    use $type;\n" : '') . "}\n";
}


sub write_config {
    my ($block, $config) = @_;

    my $http = block_text($block, 'http_config');
    my $postpone = setting('postpone_output');
    my $access_log = $Test::Nginx::Util::AccLogFile;

    $http .= "    postpone_output $postpone;\n"
        if defined $postpone && $http !~ /\bpostpone_output\b/;

    my $text = main_lines($block) . load_modules()
        . block_text($block, 'main_config')
        . "\nhttp {\n"
        . "    access_log $access_log;\n"
        . temp_paths($http)
        . "    default_type text/plain;\n"
        . "    keepalive_timeout 68000ms;\n\n"
        . on_loopback($http) . "\n"
        . server_lines($block, on_loopback($config))
        . "}\n\n"
        . block_text($block, 'post_main_config')
        . events_lines();

    write_file($Test::Nginx::Util::ConfFile, $text);
}


# Returns the exit status of nginx (which goes on in the background if it
# starts) and its output.
sub start_nginx {
    my ($block, $config) = @_;

    make_server_root();

    if (defined(my $code = $block->value('post_setup_server_root'))) {
        eval $code;
        bail_out($block->value('name') . " - post_setup_server_root: $@")
            if $@;
    }

    write_user_files($block);
    write_config($block, $config);

    return run_nginx();
}


sub run_nginx {
    my $root = $Test::Nginx::Util::ServRoot;
    my $said = "$root/conf/stderr";
    my $command = setting('binary')
        . " -e $Test::Nginx::Util::ErrLogFile -p $root/"
        . " -c $Test::Nginx::Util::ConfFile >$said 2>&1";

    $command = valgrind() . " $command" if setting('valgrind');

    note_verbose("running $command");
    system $command;
    my $status = $?;

    wait_for_pid() if $status == 0;

    open my $in, '<', $said or return ($status, '');
    local $/;

    return ($status, scalar <$in>);
}


# nginx listens as soon as it is in the background, but writes its pid later.
sub wait_for_pid {
    my $deadline = time + 60;

    sleep 0.002 until running_pid() || time > $deadline;
}


# A number turns Valgrind on; any other value is its options.  Each process has
# its own report.  Leaks are shown but fail no test, since nginx itself leaks
# memory when it ends.
sub valgrind {
    my $options = setting('valgrind');
    my $logs = $ENV{TEST_NGINX_KEEP_LOGS} || $Test::Nginx::Util::LogDir;

    $options = '--leak-check=full --errors-for-leak-kinds=none'
        . ' --num-callers=40 --gen-suppressions=all'
        if $options =~ /^\d+$/;

    return "valgrind --log-file=$logs/valgrind.%p.log $options";
}


sub running_pid {
    open my $in, '<', $Test::Nginx::Util::PidFile or return 0;
    my $pid = <$in>;
    close $in;

    return defined $pid && $pid =~ /^(\d+)/ && is_alive($1) ? $1 : 0;
}


sub stop_nginx {
    my $pid = running_pid();

    return if !$pid;

    for my $signal (qw(QUIT TERM KILL)) {
        kill $signal, $pid;
        my $deadline = time + setting('timeout');

        while (is_alive($pid)) {
            last if time > $deadline;
            sleep 0.005;
        }

        last if !is_alive($pid);
        warn "nginx $pid does not stop on SIG$signal\n";
    }

    unlink $Test::Nginx::Util::PidFile;
}

1;
