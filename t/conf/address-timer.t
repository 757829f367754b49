#!/usr/bin/perl

# contrib/systemd/violet-address: reloads nginx when an address of Violet's host
# has gone, and only then.  getent, nginx and systemctl are ours.

use strict;
use warnings;

use File::Temp ();
use Test::More;

my $folder = File::Temp::tempdir(CLEANUP => 1);
my $script = 'contrib/systemd/violet-address';

put("$folder/getent", '#!/bin/sh', "cat $folder/addresses");
put("$folder/nginx", '#!/bin/sh', "exit \$(cat $folder/status)");
put("$folder/systemctl", '#!/bin/sh', "echo \"\$*\" >> $folder/reloads");
put("$folder/status", 0);

$ENV{PATH} = "$folder:$ENV{PATH}";
$ENV{RUNTIME_DIRECTORY} = $folder;

is(look(qw(192.0.2.1 192.0.2.2)), 'reload nginx', 'the first look');
is(look(qw(192.0.2.2 192.0.2.1)), '', 'another order');
is(look(qw(192.0.2.1 192.0.2.2 2001:db8::1)), '', 'one more');
is(look(qw(192.0.2.11 192.0.2.2)), 'reload nginx', 'one has gone');
is(look(qw(192.0.2.11 192.0.2.2)), '', 'the same');
is(look(), 'status 1', 'the name has no address');
is(look(qw(192.0.2.2)), 'reload nginx', 'one has gone after that');

put("$folder/status", 1);
is(look(qw(192.0.2.3)), 'status 1', 'nginx -t fails: no reload');
put("$folder/status", 0);
is(look(qw(192.0.2.3)), 'reload nginx', 'the next look tries again');

is(system("sh $script 2>/dev/null"), 2 << 8, 'no host: the usage');

done_testing();


# What systemctl was asked for, and the status if it is not 0.
sub look {
    my @addresses = @_;

    put("$folder/addresses",
        map { ("$_     STREAM violet.test", "$_     DGRAM") } @addresses);
    unlink "$folder/reloads";

    my $status = system "sh $script violet.test 2>/dev/null";
    my $asked = '';

    if (open my $in, '<', "$folder/reloads") {
        chomp($asked = join '', <$in>);
    }

    return $status ? $asked . 'status ' . ($status >> 8) : $asked;
}


sub put {
    my ($file, @lines) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out map { "$_\n" } @lines;
    close $out or die "$file: $!\n";
    chmod 0755, $file;

    return;
}
