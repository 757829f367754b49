package Test::Nginx::Spec;

# Reads the blocks of a test file's data section:
#
#   === name                  a block begins
#   --- section filter ...    its lines follow
#   --- section filter: value on the same line

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(parse_blocks);


sub parse_blocks {
    my ($text) = @_;

    my @blocks;

    for my $raw (split_blocks($text)) {
        my %has = map { $_->{name} => 1 } @{$raw->{sections}};
        my $block = make_block($raw);

        if ($has{ONLY}) {
            Test::More::diag("--- ONLY: all other blocks are left out");
            return $block;
        }

        next if $has{SKIP};

        push @blocks, $block;
        last if $has{LAST};
    }

    return @blocks;
}


sub split_blocks {
    my ($text) = @_;

    my (@blocks, $sink);

    for my $line (split /^/, $text) {

        if ($line =~ /^===[ \t]*(.*)$/) {
            push @blocks, {name => $1, sections => []};
            $sink = {};

        } elsif (!@blocks) {
            next;

        } elsif ($line =~ /^--- +\(?(\w+)\)? *(.*)$/) {
            $sink = add_section($blocks[-1], $1, $2);

        } else {
            $sink->{value} .= $line;
        }
    }

    return @blocks;
}


# A section given twice is an error of the author.
sub add_section {
    my ($block, $name, $rest) = @_;

    if (grep { $_->{name} eq $name } @{$block->{sections}}) {
        die "block \"$block->{name}\" has two sections \"$name\"\n";
    }

    my $section = {name => $name, filters => $rest, value => ''};

    if ($rest =~ /^(.*?)\s*:(?:\s+(.*))?$/) {
        my $value = defined $2 ? $2 : '';
        $value =~ s/\s+$//;
        @$section{qw(filters value)} = ($1, $value);
        $section->{below} = {value => ''};
    }

    push @{$block->{sections}}, $section;

    return $section->{below} || $section;
}


sub make_block {
    my ($raw) = @_;

    my $block = Test::Nginx::Block->new($raw->{name});

    for my $section (@{$raw->{sections}}) {
        if ($section->{below} && $section->{below}{value} =~ /\S/) {
            die "block \"$raw->{name}\": lines below the inline value of"
                . " \"$section->{name}\"\n";
        }

        $block->set_value($section->{name}, $section->{value});
    }

    for my $section (@{$raw->{sections}}) {
        run_filters($block, $section);
    }

    return $block;
}


sub run_filters {
    my ($block, $section) = @_;

    my @filters = qw(norm trim);

    for my $filter (split ' ', $section->{filters}) {
        if ($filter =~ /^-(.*)/) {
            @filters = grep { $_ ne $1 } @filters;
        } else {
            push @filters, $filter =~ s/^\+//r;
        }
    }

    my @value = ($section->{value});

    for my $filter (@filters) {
        my ($name, $argument) = split /=/, $filter, 2;
        @value = run_filter($name, $argument, @value);
        $block->set_value($section->{name}, @value);
    }
}


# A function of the test file replaces a filter of the same name.  If it returns
# a number (or nothing), the value is what it left in $_.
sub run_filter {
    my ($name, $argument, @value) = @_;

    if (my $code = main->can($name)) {
        local $_ = join '', @value;
        my @new = $code->(@value);
        return $_ if !@new;
        return $_ if @new == 1 && defined $new[0] && $new[0] =~ /\A\d*\z/;
        return @new;
    }

    my $code = Test::Nginx::Filter->can("filter_$name")
        or die "no filter \"$name\"\n";

    return $code->($argument, @value);
}


package Test::Nginx::Filter;


sub filter_norm {
    my ($argument, $text) = @_;

    $text =~ s/\r\n/\n/g;
    $text =~ tr/\r/\n/;

    return $text;
}


# Removes blank lines above the text and below it.
sub filter_trim {
    my ($argument, @texts) = @_;

    for my $text (@texts) {
        $text =~ s/^[ \t]*\n//  while $text =~ /^[ \t]*\n/;
        $text =~ s/\n\s*\z/\n/;
    }

    return @texts;
}


sub filter_chomp {
    my ($argument, @texts) = @_;

    chomp @texts;

    return @texts;
}


sub filter_chop {
    my ($argument, @texts) = @_;

    chop for @texts;

    return @texts;
}


sub filter_unchomp {
    my ($argument, @texts) = @_;

    return map { "$_\n" } @texts;
}


sub filter_lines {
    my ($argument, $text) = @_;

    return split /^/, $text;
}


sub filter_array {
    my ($argument, @values) = @_;

    return [@values];
}


sub filter_base64_decode {
    my ($argument, $text) = @_;

    require MIME::Base64;

    return MIME::Base64::decode_base64($text);
}


# A value that does not compile becomes the error message, which the failing
# check then shows.
sub filter_eval {
    my ($argument, $text) = @_;

    my @values = Test::Nginx::Filter::Eval::run($text);

    return $@ ? $@ : @values;
}


package Test::Nginx::Filter::Eval;


# A separate function, so that the text sees no variable of the runner.
sub run {
    return eval $_[0];
}


package Test::Nginx::Block;

our $AUTOLOAD;


sub new {
    my ($class, $name) = @_;

    return bless {name => [$name]}, $class;
}


# The values are a list, nearly always of one value.
sub set_value {
    my ($self, $name, @values) = @_;

    $self->{$name} = [@values];
}


# The first value of a section, in any context.
sub value {
    my ($self, $name) = @_;

    return $self->{$name} ? $self->{$name}[0] : undef;
}


sub AUTOLOAD {
    my ($self) = @_;

    my $name = $AUTOLOAD =~ s/.*:://r;

    return if $name eq 'DESTROY' || !ref $self || !$self->{$name};

    return wantarray ? @{$self->{$name}} : $self->{$name}[0];
}

1;
