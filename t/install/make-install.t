#!/usr/bin/perl

# "make install" into a folder, and over a module that a running nginx has
# loaded.

use strict;
use warnings;

use lib 't/lib';

use Cwd ();
use Live;
use Live::Load;
use Test::More;

plan skip_all => 'the module is built into this nginx'
    if $ENV{TEST_NGINX_STATIC};

my $top = Cwd::getcwd();
my $built = $ENV{TEST_NGINX_LOAD_MODULES} || "$top/build/ngx_violet_module.so";
my $live = Live->new;
my $dest = $live->folder . '/dest';
my ($modules) = qx(nginx -V 2>&1) =~ /--modules-path=(\S+)/;
my $installed = "$dest$modules/ngx_violet_module.so";

$ENV{PATH} .= ':/usr/sbin:/sbin';

new_folder();
edited_configuration();
over_a_loaded_module();
nginx_that_is_not_there();

$live->check_logs;
done_testing();


sub install {
    my (%variable) = (DESTDIR => $dest, SO => $built, @_);

    local %ENV = (%ENV, %variable);

    my $said = qx(make --no-print-directory install 2>&1);

    return ($? == 0, $said);
}


sub text {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;

    return <$in>;
}


sub new_folder {
    my ($done, $said) = install();

    ok($done, 'make install') or diag $said;
    ok(text($installed) eq text($built), 'the module is there');
    is((stat $installed)[2] & 0777, 0644, 'all may read it');
    is_deeply([glob "$dest$modules/*"], [$installed], 'and nothing beside it');
    is(text("$dest/etc/nginx/conf.d/violet.conf"), text('contrib/violet.conf'),
       'a configuration to be edited');

    my $enabled = "$dest/etc/nginx/modules-enabled/90-mod-violet.conf";

    is(text($enabled), "load_module $modules/ngx_violet_module.so;\n",
       'the line that loads it');
    ok(-l $enabled, 'by a link');

    my $before = (stat $installed)[1];

    ($done, $said) = install();
    ok($done, 'once more');
    is((stat $installed)[1], $before, 'the same module stays');
}


sub edited_configuration {
    my $file = "$dest/etc/nginx/conf.d/violet.conf";

    append($file, "# mine\n");

    my ($done, $said) = install();

    ok($done, 'beside an edited configuration');
    like($said, qr/is yours and stays/, 'make install says so');
    like(text($file), qr/# mine\n\z/, 'and it stays');
}


sub append {
    my ($file, $text) = @_;

    open my $out, '>>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# A file of another length, so that pages of the old one would be gone if it
# were written over.
sub over_a_loaded_module {
    my $mock = $live->mock;
    my $other = $live->folder . '/other.so';

    qx(strip -o $other $built) if !-e $other;
    cmp_ok(-s $other, '<', -s $built, 'another build');

    local $ENV{TEST_NGINX_LOAD_MODULES} = $installed;

    my $nginx = $live->nginx(workers => 2, server => $live->violet_location,
                             http => <<"    END");
    violet_app shop {
        app_id 10000; environment violet_api;
        app_secret mock-app-secret; token mock-token;
    }

    upstream violet_api { server 127.0.0.1:@{[$mock->port]}; }
    END
    my @workers = sort $nginx->workers;
    my $load = Live::Load->start(
        $live, port => $nginx->port, rate => 40,
        request => sub { 'GET /v1/operations/connection_health/42' });

    for my $so ($other, $built, $other, $built) {
        my ($done, $said) = install(SO => $so);

        ok($done && text($installed) eq text($so), 'another module') or
            diag $said;
    }

    my @answers = $load->stop;

    cmp_ok(scalar @answers, '>', 0, 'meanwhile there were requests');
    is(scalar(grep { $_->{status} != 200 } @answers), 0,
       'and each was answered');
    is_deeply([sort $nginx->workers], \@workers, 'no worker has ended');
    ok($nginx->reload, 'a reload');
    is($live->request($nginx->port, 'GET /v1/operations/connection_health/42')
           ->{status},
       200, 'and an answer');

    $nginx->stop;
}


sub nginx_that_is_not_there {
    my ($done, $said) = install(NGINX => '/nowhere/nginx');

    ok(!$done, 'without an nginx it fails');
    like($said, qr/no \/nowhere\/nginx: install nginx first, or name it/,
         'and says what to do');

    ($done, $said) = install(SO => '/nowhere/module.so');
    ok(!$done, 'without a module, too');
    like($said, qr{/nowhere/module.so is missing: run "make build" first},
         'and says what to do');
}
