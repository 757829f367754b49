package Violet::Problems;

# Keeps every problem that a test receives in the folder $TEST_PROBLEMS, in one
# file for each process; at the end of a run schema.py validates all of them.
# Without the folder (a test that is run by itself) no problem is kept.

use strict;
use warnings;

use File::Basename qw(basename);
use IO::Handle ();

my ($out, $owner);


# Keeps the body of a response whose content type is known.
sub keep {
    my ($body) = @_;

    return if !defined $ENV{TEST_PROBLEMS} || !defined $body;

    open_file() if !$out || $owner != $$;

    print $out length($body), "\n", $body or die "TEST_PROBLEMS: $!\n";
}


# Keeps the body of a response without a known content type if it looks like a
# problem.
sub keep_if_one {
    my ($body) = @_;

    return if !defined $body || $body !~ /\A\s*\{/;

    keep($body) if $body =~ /"urn:ngx-violet:/
                   || $body =~ /"title"/ && $body =~ /"request_id"/;
}


sub open_file {
    my $name = basename($0) =~ s/\W+/-/gr;

    open $out, '>>:raw', "$ENV{TEST_PROBLEMS}/$name.$$"
        or die "$ENV{TEST_PROBLEMS}: $!\n";
    $out->autoflush(1);
    $owner = $$;
}

1;
