#!/usr/bin/perl

# A module that was built without libcrypto has all but violet_webhook, and says
# so.  The files that need libcrypto are compiled again as such a build
# compiles them, and linked with the other objects of the build.

use strict;
use warnings;

use Cwd qw(getcwd);
use lib 't/lib';
use Live;
use Test::More;

my $top = getcwd();
my $objs = "$top/build/debian-" . ($ENV{CC} || 'gcc') =~ s{.*/}{}r;

plan skip_all => 'no module was built for the nginx that is installed'
    if $ENV{TEST_NGINX_STATIC} || $ENV{NGINX_SRC} || !-f "$objs/Makefile";

my $live = Live->new;
my $folder = $live->folder . '/no-crypto';

mkdir $folder or die "$folder: $!\n";
build();

like(nginx('violet_webhook shop;'),
     qr/no "violet_webhook" in this build of ngx_violet_module, which lacks libcrypto: build it again with OpenSSL's development package/,
     'violet_webhook is refused, with the remedy');
like(nginx('violet_purge shop;'), qr/test is successful/,
     'another operation is there');

done_testing();


# The commands that make would run if only these files had changed, with
# other places for what they write.
sub build {
    my $config = Live::Nginx::text_of("$objs/ngx_auto_config.h");
    my @files = ((map { "operations/ngx_violet_$_" } qw(webhook webhook_body)),
                 'store/ngx_violet_sha1');
    my $changed = join ' ', map { "-W $top/ngx_violet_module/$_.c" } @files;
    my $commands = qx(make -s -n -C /usr/share/nginx/src -f $objs/Makefile \\
                      $changed modules);

    is($config =~ s/^#define NGX_VIOLET_CRYPTO +1$//mg, 1,
       'the build has libcrypto');
    put("$folder/ngx_auto_config.h", $config);

    for my $file (@files, '../ngx_violet_module') {
        my ($name) = $file =~ /(\w+)\z/;

        $commands =~ s{\Q$objs\E/(?:addon/(?:operations|store)/)?$name\b
                       \.(o|so)\b}
                      {$folder/$name.$1}gx;
    }

    $commands =~ s/ -I src\/core / -I $folder -I src\/core /g;
    put("$folder/commands", "set -e\ncd /usr/share/nginx/src\n$commands");

    my $output = qx(sh $folder/commands 2>&1);

    is($?, 0, 'it is built without') or diag($output);
}


# What nginx -t says of a location.
sub nginx {
    my ($operation) = @_;

    put("$folder/nginx.conf", <<"END");
load_module $folder/ngx_violet_module.so;
pid $folder/nginx.pid;
events { }
http {
    access_log off;
    violet_app shop { app_id 1; app_secret s; token t; environment test; }
    server { listen 127.0.0.1:1; location / { $operation } }
}
END

    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin:/sbin";

    return scalar qx(nginx -e stderr -t -p $folder -c $folder/nginx.conf 2>&1);
}


sub put {
    my ($name, $text) = @_;

    open my $file, '>', $name or die "$name: $!\n";
    print $file $text;
    close $file or die "$name: $!\n";
}
