package Violet::Problems;

# Every problem that a test gets to see is kept in the folder $TEST_PROBLEMS,
# in a file for each process, and at the end of a run schema.py validates them
# all.  Without the folder (a test that is run by itself) nothing is kept.

use strict;
use warnings;

use File::Basename qw(basename);
use IO::Handle ();

my ($out, $owner);


# Of a response whose content type is known.
sub keep {
    my ($body) = @_;

    return if !defined $ENV{TEST_PROBLEMS} || !defined $body;

    open_file() if !$out || $owner != $$;

    print $out length($body), "\n", $body or die "TEST_PROBLEMS: $!\n";
}


# Of one whose content type is not: something with the looks of a problem.
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
