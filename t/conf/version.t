#!/usr/bin/perl

# The version of the module: in the log once for each configuration that nginx
# reads, in the text of the shared object, and in the files that must agree.

use strict;
use warnings;

use lib 't/lib';

use Cwd ();
use File::Copy qw(copy);
use File::Path qw(make_path);
use Live;
use Test::More;

my $top = Cwd::getcwd();
my $version = text('VERSION') =~ s/\n//r;
my $live = Live->new;
my $mock = $live->mock;

like($version, qr/^\d+\.\d+\.\d+$/, 'VERSION has a version');

in_the_log();
in_the_object();
files_that_disagree();

$live->check_logs;
done_testing();


sub text {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;

    return <$in>;
}


sub in_the_log {
    my $nginx = $live->nginx(workers => 2, server => $live->violet_location,
                             http => <<"    END");
    violet_app shop {
        app_id 10000; environment violet_api;
        app_secret mock-app-secret; token mock-token;
    }

    upstream violet_api { server 127.0.0.1:@{[$mock->port]}; }
    END

    my $line = qr/\[notice\] (\d+)#\d+: violet: version \Q$version\E, forms/;

    is_deeply([$nginx->error_log =~ /$line/g], [$nginx->pid],
              'the master names the version once, and no worker does');

    my ($fine) = $nginx->test_config;
    ok($fine, 'nginx -t');
    is(scalar(() = $nginx->error_log =~ /$line/g), 1, 'which names none');

    ok($nginx->reload, 'a reload');
    is(scalar(() = $nginx->error_log =~ /$line/g), 2, 'names it again');

    $nginx->stop;
}


sub in_the_object {
    my $file = $ENV{TEST_NGINX_STATIC} ? $ENV{TEST_NGINX_BINARY}
               : $ENV{TEST_NGINX_LOAD_MODULES} || 'build/ngx_violet_module.so';

    like(text($file), qr/\0violet: version \Q$version\E, /,
         'the version can be read without running it');
}


# Sources `config` as nginx's configure does, from a copy of the files that it
# compares.
sub files_that_disagree {
    my @files = qw(config VERSION CHANGES
                   ngx_violet_module/ngx_violet_version.h);
    my %change = (VERSION => 's/\d+$/99/',
                  CHANGES => 's/^(Changes with \S+) \S+/$1 0.0.1/m',
                  $files[3] => 's/(VERSION  ")[^"]+/${1}9.9.9/');

    for my $changed ('', sort keys %change) {
        my $folder = $live->folder . '/config.' . ($changed =~ s{/}{-}gr);

        make_path("$folder/ngx_violet_module", "$folder/auto");
        copy("$top/$_", "$folder/$_") or die "$_: $!\n" for @files;
        write_file("$folder/auto/feature", "ngx_found=yes\n");
        write_file("$folder/auto/have", "");
        write_file("$folder/auto/module", "echo the module is added\n");

        if ($changed) {
            my $text = text("$folder/$changed");
            eval "\$text =~ $change{$changed}; 1" or die $@;
            write_file("$folder/$changed", $text);
        }

        my $said = qx(cd $folder && sh -c 'ngx_addon_dir=. && . ./config' 2>&1);

        if ($changed) {
            like($said, qr/different versions in the files\nVERSION .*CHANGES/,
                 "$changed has another version: configure fails");
            unlike($said, qr/the module is added/, 'before it adds anything');

        } else {
            like($said, qr/^the module is added$/m, 'all agree');
        }
    }
}


sub write_file {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}
