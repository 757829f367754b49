package Violet::InEveryServer;

# For util/nginx-tests, by PERL5OPT=-MViolet::InEveryServer: every server of
# every http block that a test of nginx's writes gets a location of this module.
# Test::Nginx has variables for main and http, but not for servers.

use strict;
use warnings;

my $location = '
location /violet-is-in-every-server/ {
    violet shop;
    proxy_pass http://violet_in_every_server;
    proxy_cache off;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
}
';

# After the test itself was read, and before it runs.

INIT {
    if (my $write = Test::Nginx->can('write_file')) {
        no warnings qw(redefine prototype);

        *Test::Nginx::write_file = sub {
            my ($self, $name, $content) = @_;

            $content = in_every_server($content)
                if $name =~ /\.conf$/ && defined $content;
            return $write->($self, $name, $content);
        };
    }
}


# "http {" and "server {" open lines of their own in these tests.

sub in_every_server {
    my ($content) = @_;
    my ($done, @open) = ('');

    for my $line (split /(?<=\n)/, $content) {
        $done .= $line;
        next if $line =~ /^\s*#/;

        my $is_server = @open == 1 && $open[0] eq 'http'
                        && $line =~ /^\s*server\s*\{\s*$/;
        my ($name) = $line =~ /^\s*(\w+)/;
        for my $brace ($line =~ /[{}]/g) {
            $brace eq '{' ? push @open, $name // '' : pop @open;
        }
        $done .= $location if $is_server;
        note_server() if $is_server;
    }
    return $done;
}


# One byte for each server, for the report.

sub note_server {
    open my $out, '>>', "$ENV{TMPDIR}/servers" or die "servers: $!\n";
    syswrite $out, 's';
}


1;
