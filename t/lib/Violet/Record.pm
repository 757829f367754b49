package Violet::Record;

# The record of a run of the tests: one line of JSON in build/runs.jsonl with
# the system, the versions of all that took part, the commit and the result of
# each file.  util/compatibility makes the table of docs/compatibility.md from
# such lines.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();


my %packages = (
    jansson => 'libjansson-dev',
    pcre2   => 'libpcre2-dev',
    openssl => 'libssl-dev',
    zlib    => 'zlib1g-dev',
);


# Appends a line.  "results" is {FILE => [passed, failed, skipped]}; "sum" are
# the same three numbers of the whole run, which may have found more failures
# than its files, such as an alert in a log.
sub append {
    my ($root, $runner, $results, $sum) = @_;

    # files outside of t/ are samples of the self-test
    my @files = grep { m{^t/[\w./ -]+\z} && !/:\d+\z/ } sort keys %$results;

    return if !@files;

    my ($nginx, $build) = nginx($root);

    my %record = (
        date      => POSIX::strftime('%Y-%m-%d', gmtime),
        commit    => commit(),
        system    => system_name(),
        nginx     => $nginx,
        build     => $build,
        libraries => { map { $_ => package_version($packages{$_}) }
                           keys %packages },
        redis     => redis(),
        runner    => $runner,
        results   => { map { $_ => [map { $_ + 0 } @{$results->{$_}}] }
                           @files },
        failed    => $sum->{failed},
    );

    open my $out, '>>', "$root/build/runs.jsonl"
        or die "build/runs.jsonl: $!\n";
    print $out JSON::PP->new->canonical->encode(\%record), "\n";
    close $out or die "build/runs.jsonl: $!\n";

    return;
}


# Abbreviated; with a "+" if files of git differ from it.  In a root of another
# Debian git may not see the repository, so util/root says which it is.
sub commit {
    return $ENV{TEST_COMMIT} if $ENV{TEST_COMMIT};

    my $commit = first_line('git rev-parse --short=10 HEAD');

    return 'unknown' if $commit !~ /\A[0-9a-f]+\z/;

    system('git diff --quiet HEAD -- 2>/dev/null');

    return $? ? "$commit+" : $commit;
}


# "Debian 12 amd64", "Debian forky amd64"
sub system_name {
    my $text = '';

    if (open my $in, '<', '/etc/os-release') {
        local $/;
        $text = <$in>;
    }

    my ($name) = $text =~ /^NAME="?(\w+)/m;
    my ($version) = $text =~ /^VERSION_ID="?([\w.]+)/m;
    ($version) = $text =~ /^VERSION_CODENAME="?(\w+)/m if !defined $version;

    return join ' ', $name || (POSIX::uname())[0],
                     defined $version ? $version : (),
                     first_line('dpkg --print-architecture')
                     || (POSIX::uname())[4];
}


# Name and version, and how the module is built.
sub nginx {
    my ($root) = @_;

    my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my $text = `$binary -V 2>&1`;
    my ($name, $version) = $text =~ m{(\w+)/(\d[\d.]*)};
    my $build = $ENV{TEST_SAN} ? 'static, ASan and UBSan'
                : $ENV{TEST_NGINX_STATIC} ? 'static'
                : 'dynamic';

    $build .= ', Valgrind' if $ENV{TEST_NGINX_USE_VALGRIND};

    return (defined $name ? "$name $version" : 'unknown', $build);
}


# "redis 7.0.15", "valkey 8.1.1"
sub redis {
    my $server = $ENV{REDIS} || 'redis-server';
    my $text = first_line("$server --version");

    return $text =~ /\A(\w+) server v=([\d.]+)/i ? lc($1) . " $2" : 'unknown';
}


# Without Debian's part of it, such as "-3+deb12u1".
sub package_version {
    my ($package) = @_;

    my $text = first_line("dpkg-query -W -f '\${Version}' $package");

    return $text =~ /\A(?:\d+:)?(\d+(?:\.\d+)*)/ ? $1 : 'unknown';
}


sub first_line {
    my ($command) = @_;

    my ($line) = `$command 2>/dev/null`;
    $line = '' if !defined $line;
    chomp $line;

    return $line;
}


1;
