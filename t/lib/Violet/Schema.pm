package Violet::Schema;

# Validates a problem against the published schemas at once, so that a failure
# names its block; Violet::Problems keeps problems for the validation at the end
# of a run.  It needs python3-jsonschema; one validator serves a whole file.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use IPC::Open2 qw(open2);

my $lib = Cwd::abs_path(File::Basename::dirname(__FILE__));
my ($from, $to);


# The errors of a document by its schema; empty for a valid document.
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
