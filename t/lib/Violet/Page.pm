package Violet::Page;

# The fenced blocks of a page of the documentation, for the check that each
# command is run (util/docs-check) and for the tests that run them.
#
# The words behind the language of a fence say who runs its commands:
#
#   ```console           lines "$ COMMAND", each with lines of its answer: run by
#                        t/docs/commands.t in front of the gateway of "make run"
#   ```sh                commands that must succeed, run in the same way
#   ```sh by=FILE,FILE   run by these files; a page as FILE has the same block
#   ```sh not-run=CAUSE  not run, because it needs CAUSE: only its syntax is
#                        checked

use strict;
use warnings;


# In order: each has line, heading, language, by, not-run, and text, without the
# indentation of the fence.

sub blocks {
    my ($text) = @_;

    my ($open, @blocks);
    my ($number, $heading) = (0, '');

    for my $line (split /^/, $text) {
        $number++;

        if ($open) {
            if ($line =~ /^ {0,3}```\s*$/) {
                push @blocks, $open;
                undef $open;
            } else {
                $open->{text} .= $line =~ s/^ {0,$open->{indent}}//r;
            }

        } elsif ($line =~ /^( {0,3})```(\w*)(.*)$/) {
            $open = {line => $number, heading => $heading, language => $2,
                     indent => length $1, text => '', words($3)};

        } elsif ($line =~ /^#+ (.*)$/) {
            $heading = $1;
        }
    }

    return @blocks;
}


sub words {
    my ($text) = @_;

    return map { /^(by|not-run)=(.+)$/ ? ($1 => $2) : (unknown => $_) }
           split ' ', $text;
}


# The commands of a console block: [command, line of its answer, ...] each.

sub commands {
    my ($block) = @_;

    return map { my ($first, @lines) = split /\n/;
                 [$first =~ s/^\$ //r, @lines] }
           split /^(?=\$ )/m, $block->{text};
}


1;
