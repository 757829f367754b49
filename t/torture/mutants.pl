#!/usr/bin/perl

# The part "mutants" of "make torture": each guard of the module is broken once,
# and the test that is named for it must then fail.  A mutant that survives has
# no test.
#
#     t/torture/mutants.pl               all mutants of t/torture/mutants
#     t/torture/mutants.pl WORD...       those whose sentence or file has a WORD
#     t/torture/mutants.pl --check       only that each can be made still, and
#                                        that its test exists
#
# A mutant in t/torture/mutants:
#
#     * a sentence: what is broken
#     core/cart/violet_cart_record.c
#     -     if (record->seq < other->seq) {
#     +     if (0) {
#     > unit cart_record
#
# The file is in ngx_violet_module.  The lines "-" stand in it once, one after
# another, and the lines "+" come in their place.  The test is a program of
# t/unit, or a block of a test file by its name (> t/cart/guard.t in flight), or
# a whole file.
#
# JOBS (3) copies of the tree are in build/mutants; a mutant builds what depends
# on its file, and no more.  MUTANT_SECONDS (60) for one test.  QUICK=1 takes
# every tenth mutant with a unit test alone.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use FindBin;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

# seconds: a mutant that lets its test take longer hangs, which is red, too
use constant LIMIT => $ENV{MUTANT_SECONDS} || 60;

my $top = abs_path("$FindBin::Bin/../..");
my $list = "$top/t/torture/mutants";
my $build = "$top/build/mutants";
my $jobs = $ENV{JOBS} || 3;

$| = 1;
exit main(@ARGV);


sub main {
    my (@words) = @_;
    my $check = @words && $words[0] eq '--check' && shift @words;

    my @mutants = read_list();
    my @faults = map { fault($_) } @mutants;
    print "t/torture/mutants: $_\n" for @faults;
    return 1 if @faults;
    if ($check) {
        print scalar @mutants, " mutants can be made\n";
        return 0;
    }

    @mutants = grep { chosen($_, @words) } @mutants if @words;
    @mutants = few(@mutants) if $ENV{QUICK};
    return run(@mutants);
}


sub chosen {
    my ($mutant, @words) = @_;

    return grep { index("$mutant->{name} $mutant->{file} $mutant->{test}", $_)
                  >= 0 } @words;
}


sub few {
    my $n = 0;

    return grep { !($n++ % 10) } grep { $_->{test} =~ /^unit / } @_;
}


sub read_list {
    my (@mutants, $mutant);

    open my $in, '<', $list or die "$list: $!\n";
    while (my $line = <$in>) {
        if ($line =~ /^\* (.+)/) {
            push @mutants, $mutant = {name => $1, line => $., old => '',
                                      new => '', file => '', test => ''};
        } elsif ($line =~ /^\s*(?:#|$)/) {
            next;
        } elsif (!$mutant) {
            die "$list:$.: no mutant begins here\n";
        } elsif ($line =~ /^-(?: (.*))?$/s) {
            $mutant->{old} .= $1 // "\n";
        } elsif ($line =~ /^\+(?: (.*))?$/s) {
            $mutant->{new} .= $1 // "\n";
        } elsif ($line =~ /^> (.+)/) {
            $mutant->{test} = $1;
        } elsif ($line =~ /^(\S+\.[ch])$/) {
            $mutant->{file} = $1;
        } else {
            die "$list:$.: neither a file, nor -, +, >: $line";
        }
    }
    return @mutants;
}


# What is wrong with a mutant in the list, "line: text".

sub fault {
    my ($mutant) = @_;
    my $where = "$mutant->{line}: $mutant->{name}";
    my $file = "$top/ngx_violet_module/$mutant->{file}";

    return "$where: there is no file '$mutant->{file}'" if !-f $file;
    return "$where: it has no line to replace" if $mutant->{old} eq '';

    my $found = () = text_of($file) =~ /^\Q$mutant->{old}\E/mg;
    return "$where: its lines are in $mutant->{file} $found times"
        if $found != 1;
    return "$where: there is no test '$mutant->{test}'"
        if !defined command($mutant, $top);
    return;
}


# The command of a test in a copy of the tree, or undef.

sub command {
    my ($mutant, $tree) = @_;
    my $test = $mutant->{test};

    if ($test =~ /^unit (\w+)$/) {
        return -f "$top/t/unit/test_$1.c" ? unit_command($1) : undef;
    }
    my ($file, $block) = $test =~ m{^(t/\S+\.t)(?: (.+))?$} or return;
    return if !-f "$top/$file";
    return "T=$file NO_BUILD=1 util/test" if !defined $block;

    my $line = 0;
    for (split /\n/, text_of("$top/$file")) {
        $line++;
        return "T=$file:$line NO_BUILD=1 util/test" if $_ eq "=== $block";
    }
    return;
}


sub unit_command {
    my ($name) = @_;
    my $program = "build/unit/gcc-plain/test_$name";

    return "make -s -C t/unit CC=gcc \$PWD/$program >build.log 2>&1"
           . " || exit 99; VIOLET_TEST_DATA=t/data VIOLET_TEST_QUICK=1"
           . " VIOLET_FUZZ_CORPUS=build/unit/corpus ./$program";
}


sub is_unit {
    return $_[0]{test} =~ /^unit /;
}


sub run {
    my (@mutants) = @_;
    my (%running, @bad);
    my @trees = map { "$build/$_" } 1 .. $jobs;
    my $begun = time;

    prepare($_, @mutants) for @trees;
    wait_for(\%running, map { start(sub { build_tree($_[0], @mutants) }, $_) }
                            @trees);
    print "built and passed without a mutant in ", int(time - $begun), " s\n";

    my @left = @mutants;
    my @free = @trees;
    while (@left || %running) {
        while (@left && @free) {
            my $mutant = shift @left;
            my $tree = shift @free;
            my $pid = start(sub { try(@_) }, $mutant, $tree);
            $running{$pid} = [$mutant, $tree];
        }
        my $pid = wait;
        my $code = $? >> 8;
        my ($mutant, $tree) = @{delete $running{$pid} or next};
        push @free, $tree;
        push @bad, "$mutant->{name} ($mutant->{test}): "
                   . ($code == 1 ? 'it survived' : 'it could not be built')
            if $code == 1 || $code == 2;
        printf "%-8s %s: %s\n", ('killed', 'SURVIVED', 'NO BUILD', 'hung')[$code],
               $mutant->{file} =~ s{.*/}{}r, $mutant->{name};
    }
    printf "%d mutants, %d killed, in %d s\n", scalar @mutants,
           @mutants - @bad, time - $begun;
    print map { "    $_\n" } @bad;
    return @bad || !@mutants ? 1 : 0;
}


sub start {
    my ($code, @arguments) = @_;

    defined(my $pid = fork) or die "fork: $!\n";
    return $pid if $pid;
    setpgrp;
    exit $code->(@arguments);
}


sub wait_for {
    my ($running, @pids) = @_;

    for my $pid (@pids) {
        waitpid $pid, 0;
        die "the tree without a mutant could not be built, or fails\n" if $?;
    }
}


# A copy of all files of the repository; what is there stays, for what was built
# from it.

sub prepare {
    my ($tree, @mutants) = @_;

    make_path($tree);
    for my $name (split /\0/, `git -C '$top' ls-files -z -co --exclude-standard`) {
        next if -d "$top/$name" || !-e "$top/$name";
        my $text = text_of("$top/$name");
        next if -f "$tree/$name" && text_of("$tree/$name") eq $text;
        make_path(dirname("$tree/$name"));
        write_file("$tree/$name", $text);
        chmod 0755, "$tree/$name" if -x "$top/$name";
    }
    for my $file (split /\n/, `find '$tree/ngx_violet_module' -type f`) {
        unlink $file if !-f $top . substr $file, length $tree;
    }
}


# Builds, and runs once all tests that are named: those of t/unit in the first
# copy, the others in the second.

sub build_tree {
    my ($tree, @mutants) = @_;
    my ($number) = $tree =~ m{/(\d+)$};
    my %once;

    my @tests = grep { !$once{$_->{test}}++ } @mutants;
    my @units = grep { is_unit($_) } @tests;
    my @others = grep { !is_unit($_) } @tests;

    return 1 if @others && !shell($tree, 'util/build', 600);
    my @programs = map { $_->{test} =~ /^unit (\w+)/
                         ? "\$PWD/build/unit/gcc-plain/test_$1" : () } @units;
    return 1 if @units
                && !shell($tree, "make -s -j 2 -C t/unit CC=gcc @programs", 600);
    for my $mutant ($number == 1 || !@others ? @units : ()) {
        shell($tree, command($mutant, $tree), LIMIT)
            or print("fails without a mutant: $mutant->{test}\n"), return 1;
    }
    if (@others && $number == ($jobs > 1 ? 2 : 1)) {
        my @names = map { command($_, $tree) =~ /T=(\S+)/ } @others;
        shell($tree, "T='@names' NO_BUILD=1 util/test", 900)
            or print(text_of("$tree/said")), return 1;
    }
    return 0;
}


# 0: the test failed; 1: it passed; 2: the mutant cannot be built; 3: the test
# did not end.

sub try {
    my ($mutant, $tree) = @_;
    my $file = "$tree/ngx_violet_module/$mutant->{file}";
    my $text = text_of($file);
    my $mutated = $text =~ s/^\Q$mutant->{old}\E/$mutant->{new}/mr;

    write_file($file, $mutated);
    my $code = is_unit($mutant) || shell($tree, 'util/build', 600) ? 0 : 2;
    if ($code == 0) {
        shell($tree, command($mutant, $tree), LIMIT);
        $code = {0 => 1, 99 => 2, 124 => 3, 137 => 3}->{$? >> 8} // 0;
    }
    write_file($file, $text);
    return $code;
}


# Whether a command succeeds; $? says how it ended.

sub shell {
    my ($tree, $command, $limit) = @_;

    system "cd '$tree' && exec timeout -k 5 $limit sh -c '"
           . ($command =~ s/'/'\\''/gr) . "' >said 2>&1 </dev/null";
    return $? == 0;
}


sub text_of {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    return scalar(<$in>) // '';
}


sub write_file {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}
