package Violet::Schema;

# A problem is validated against the published schemas at once, for tests that
# say what is wrong by the name of a block; Violet::Problems has all of them
# validated at the end of a run.  python3-jsonschema does it, and one validator
# serves a whole test file.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use IPC::Open2 qw(open2);

my $lib = Cwd::abs_path(File::Basename::dirname(__FILE__));
my ($from, $to);


# What its schema says against a document; empty if nothing.
sub violation {
    my ($text) = @_;

    start() if !$to;

    print $to length($text), "\n", $text or die "the validator is gone: $!\n";

    my $line = <$from>;
    die "the validator does not answer: is python3-jsonschema installed?\n"
        if !defined $line;

    chomp $line;

    return $line;
}


sub start {
    open2($from, $to, 'python3', "$lib/schema.py");
    binmode $_ for $from, $to;
    $to->autoflush(1);
}

1;
