#!/usr/bin/perl

# The commands of the documentation, as they stand, in front of the gateway of
# "make run".  Only the ports are replaced.  t/lib/Violet/Page.pm says which
# blocks are run here.  A command of a console block must show the lines below
# it, in their order.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Page;

my $live = Live->new;
my %port = map { $_ => Live::free_port() } 
           qw(PORT REDIS_PORT MOCK_PORT OTHER_PORT);
my %default = (PORT => 8080, REDIS_PORT => 6380, MOCK_PORT => 8081,
               OTHER_PORT => 8091);

for my $page (glob('*.md docs/*.md docs/internals/*.md t/*.md t/*/*.md')) {
    run_page($page);
}

done_testing();


sub run_page {
    my ($page) = @_;

    my @blocks = grep { $_->{language} =~ /^(?:sh|console)$/
                        && !exists $_->{by} && !exists $_->{'not-run'} }
                 Violet::Page::blocks(Live::Nginx::text_of($page));
    my $prelude = '';

    return if !@blocks;

    with_gateway(sub {
        for my $block (@blocks) {
            my $name = "$page:$block->{line}";

            if ($block->{language} eq 'console') {
                shows($name, $prelude, @$_) for Violet::Page::commands($block);

            } else {
                my ($status, $output) = run($prelude . $block->{text});

                is($status, 0, $name) or diag($output);
                $prelude .= join '', $block->{text} =~ /^(\w+=\S+\n)/mg;
            }
        }
    });
}


# Each page has a gateway of its own, with an empty Redis.

sub with_gateway {
    my ($code) = @_;

    local %ENV = %ENV;
    delete @ENV{grep { /^VIOLET_/ } keys %ENV};
    @ENV{keys %port} = values %port;

    my $run = $live->process('run', 'util/run');

    if (ok($live->wait_for(120, sub { $run->output =~ /Ctrl-C stops/ }),
           'the gateway starts'))
    {
        $code->();
    } else {
        diag $run->output;
    }

    $run->stop;
}


sub shows {
    my ($name, $prelude, $command, @lines) = @_;

    my ($status, $output) = run("$prelude$command\n");
    my $rest = $output;
    my @missing = grep { !has(\$rest, $_) } @lines;

    is($status, 0, "$name: $command");
    is("@missing", '', "$name shows its answer") or diag($output);
}


sub run {
    my ($commands) = @_;

    my $file = $live->folder . '/commands';

    for my $name (keys %port) {
        $commands =~ s/(127\.0\.0\.1:|-p |--port )$default{$name}\b/$1$port{$name}/g;
    }

    open my $out, '>', $file or die "$file: $!\n";
    print $out $commands;
    close $out or die "$file: $!\n";

    my $output = `bash -e $file 2>&1` =~ s/\r//gr;

    return ($? >> 8, $output);
}


# True if the line is in the output; all up to it is then taken off.  "…" is
# anything.  A number of seconds may be up to 30 less, of "Age" up to 30 more,
# than on the page: the time that the test takes.

sub has {
    my ($output, $line) = @_;

    my @shown;
    my $text = join '[^\n]*', map { quotemeta } split /\xe2\x80\xa6/, $line, -1;

    $text =~ s{(^Age\\:\\ |^Retry\\-After\\:\\ |\bt(?:tl)?\\=)(\d+)}
              { my ($name, $shown) = ($1, $2);
                push @shown, $name =~ /^Age/ ? [$shown, $shown + 30]
                                             : [$shown - 30, $shown];
                "$name(\\d+)" }ge;

    while ($$output =~ /^$text$/mg) {
        my @numbers = map { substr $$output, $-[$_], $+[$_] - $-[$_] }
                      1 .. $#-;
        my $end = $+[0];

        next if grep { $numbers[$_] < $shown[$_][0]
                       || $numbers[$_] > $shown[$_][1] } 0 .. $#shown;

        $$output = substr $$output, $end;
        return 1;
    }

    return 0;
}
