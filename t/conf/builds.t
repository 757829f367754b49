#!/usr/bin/perl

# Shared memory and another build of the module, or another size: a reload goes
# on with the build that runs, an upgrade of the binary begins with new memory.
# Records of submits in doubt that only the old memory had are announced.

use strict;
use warnings;

use lib 't/lib';

use Cwd ();
use Live;
use Test::More;

plan skip_all => 'the module is built into this nginx'
    if $ENV{TEST_NGINX_STATIC};
plan skip_all => 'a program under Valgrind is not started anew'
    if $ENV{TEST_NGINX_USE_VALGRIND};

my $live = Live->new;
my $mock = $live->mock;
my $built = $ENV{TEST_NGINX_LOAD_MODULES}
            || Cwd::getcwd() . '/build/ngx_violet_module.so';
my ($version, $next) = versions();
my $doubt = qr/1 records of submits are in doubt or in flight and are forgotten/;

local $ENV{TEST_NGINX_LOAD_MODULES} = $live->folder . '/module.so';

install($built, $version);
other_build_by_a_reload();
other_build_by_an_upgrade();
other_size();

$live->check_logs;
done_testing();


sub text {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;

    return <$in>;
}


sub versions {
    my ($text) = text('VERSION') =~ /^(.*)/;

    return ($text, $text =~ s/\d$/9/r);
}


# As "make install" does: a new file, renamed.
sub install {
    my ($from, $number) = @_;
    my $file = $ENV{TEST_NGINX_LOAD_MODULES};
    my $text = text($from);

    $text =~ s/violet: version \Q$version\E,/violet: version $number,/
        or die "$from has no version\n";

    open my $out, '>:raw', "$file.new" or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}


sub gateway {
    return $live->nginx(workers => 1, orphan => 1,
                        server => $live->violet_location, http => http());
}


sub http {
    my ($more) = @_;

    return <<"    END" . ($more || '');
    violet_app shop {
        app_id 10000; environment violet_api;
        app_secret mock-app-secret; token mock-token;
    }

    upstream violet_api { server 127.0.0.1:@{[$mock->port]}; }
    END
}


sub newest_version {
    my ($nginx) = @_;

    return ($nginx->error_log =~ /violet: version (\S+),/g)[-1];
}


sub is_hit {
    my ($nginx, $hit, $title) = @_;
    my $answer = $live->request($nginx->port,
                                'GET /v1/operations/connection_health/42');

    is($answer->{status}, 200, 'a report');
    like($answer->{headers}{'cache-status'}, $hit ? qr/; hit/ : qr/fwd=/,
         $title);
}


# Violet's answer is 502, and a read shows nothing yet.
sub doubt {
    my ($nginx, $cart) = @_;
    my $answer = $live->request($nginx->port,
                                "POST /v1/checkout/cart/$cart/submit");

    is($answer->{headers}{'x-violet-cart-outcome'}, 'unknown',
       'a submit in doubt');
}


# nginx has the old object in memory, also if the new one has another name.
sub other_build_by_a_reload {
    my $nginx = gateway();
    my $other = $live->folder . '/other.so';

    is_hit($nginx, 0, 'is stored');
    install($built, $next);
    ok($nginx->reload, 'a reload after another build was installed');
    is(newest_version($nginx), $version, 'the build that ran goes on');
    is_hit($nginx, 1, 'its memory is kept');

    rename $ENV{TEST_NGINX_LOAD_MODULES}, $other or die "$other: $!\n";
    install($built, $version);
    {
        local $ENV{TEST_NGINX_LOAD_MODULES} = $other;
        $nginx->configure;
    }
    ok($nginx->reload, 'a reload with another build of another name');
    is(newest_version($nginx), $version, 'the build that ran goes on');
    is_hit($nginx, 1, 'its memory is kept');

    $nginx->stop;
}


sub other_build_by_an_upgrade {
    my $nginx = gateway();
    my $old = $nginx->pid;
    my @workers = $nginx->workers;

    is_hit($nginx, 0, 'is stored');
    is_hit($nginx, 1, 'and is a hit');
    doubt($nginx, 60000);
    install($built, $next);

    kill 'USR2', $old;
    ok($live->wait_for(20, sub {
           $nginx->pid && $nginx->pid != $old && $nginx->workers >= 1
       }), 'a new binary is started');
    is(newest_version($nginx), $next, 'with the new build');

    kill 'QUIT', $old;
    ok($nginx->wait_gone(20, $old, @workers), 'the old one ends');
    like($nginx->error_log, $doubt, 'and announces the doubt that it had');
    is_hit($nginx, 0, 'the new build has memory of its own');

    $nginx->stop;
}


sub other_size {
    my $nginx = gateway();

    doubt($nginx, 60010);
    ok($nginx->reload, 'a reload');
    unlike($nginx->error_log, $doubt, 'the memory is kept');

    $nginx->configure(http => http('violet_zone 12m;'));
    ok($nginx->reload, 'a reload with another size');
    like($nginx->error_log, $doubt, 'the doubt is announced');
    like($nginx->error_log, qr/since "violet_zone" has another size/,
         'with its cause');

    $nginx->stop;
}
