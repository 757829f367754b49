#!/usr/bin/perl

# contrib/: what can be checked of it without systemd, a container engine and
# Kubernetes.  util/test-packages runs the steps of the Containerfile and the
# command by which systemd stops nginx.

use strict;
use warnings;

use lib 't/lib';

use File::Copy qw(copy);
use File::Path qw(make_path);
use JSON::PP ();
use Live;
use Test::More;

my $live = Live->new;

systemd();
container();
kubernetes();
configurations_are_one();

done_testing();


sub text {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;

    return <$in>;
}


sub write_file {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# Seconds that the parts of the chain take: workers, QUIT, systemd.
sub systemd {
    my $unit = text('contrib/systemd/violet.conf');
    my ($quit) = $unit =~ m{^ExecStop=-\S+ --quiet --stop --retry QUIT/(\d+) }m;
    my ($stop) = $unit =~ /^TimeoutStopSec=(\d+)$/m;
    my ($workers) = text('docs/install.md') =~ /worker_shutdown_timeout (\d+)s/;

    ok($workers < $quit && $quit < $stop,
       'workers end before QUIT does, and QUIT before systemd kills');

  SKIP: {
        my ($nginx) = grep { -e } map { "$_/systemd/system/nginx.service" }
                      qw(/lib /usr/lib);

        skip 'systemd-analyze or nginx.service is missing', 2
            if !$nginx || !grep { -x "$_/systemd-analyze" }
                           split /:/, $ENV{PATH};

        my $folder = $live->folder;

        make_path("$folder/nginx.service.d");
        copy($nginx, "$folder/nginx.service") or die "$nginx: $!\n";

        local $ENV{SYSTEMD_UNIT_PATH} = "$folder:";

        write_file("$folder/nginx.service.d/violet.conf", $unit);
        is(qx(systemd-analyze verify $folder/nginx.service 2>&1), '',
           'systemd has nothing to say about the drop-in');

        write_file("$folder/nginx.service.d/violet.conf", "$unit\nNo=1\n");
        isnt(qx(systemd-analyze verify $folder/nginx.service 2>&1), '',
             'as it has about a wrong one');
    }
}


sub container {
    my $file = text('contrib/container/Containerfile');

    like($file, qr/^STOPSIGNAL SIGQUIT$/m, 'a container is stopped by QUIT');
    like($file, qr/^USER www-data$/m, 'it does not run as root');
    unlike($file, qr/^(?:ARG|ENV) .*(?:secret|token)/mi, 'no secret in it');

    for my $from ($file =~ /^COPY (?!--from)(\S+)/mg) {
        ok(-e $from, "it copies $from, which is there");
    }
}


sub kubernetes {
    my $python = 'import sys, json, yaml; '
                 . 'print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
    my $json = qx(python3 -c '$python' < contrib/kubernetes/violet-gateway.yaml);

    is($?, 0, 'the example is YAML') or return;

    my %object = map { $_->{kind} => $_ } @{JSON::PP::decode_json($json)};
    my $pod = $object{Deployment}{spec}{template};
    my $spec = $pod->{spec};
    my ($container) = @{$spec->{containers}};
    my %volume = map { $_->{name} => $_ } @{$spec->{volumes}};
    my ($workers) = text('contrib/container/nginx.conf')
                    =~ /^worker_shutdown_timeout (\d+)s;$/m;

    for my $kind (qw(Deployment Service NetworkPolicy PodDisruptionBudget)) {
        my $selector = $object{$kind}{spec}{podSelector}
                       || $object{$kind}{spec}{selector};
        my $labels = $selector->{matchLabels} || $selector;

        is_deeply($labels, $pod->{metadata}{labels}, "$kind means these pods");
    }

    cmp_ok($spec->{terminationGracePeriodSeconds}, '>',
           $workers + $container->{lifecycle}{preStop}{exec}{command}[1],
           'a pod has time for a submit');
    is(sprintf('%04o', $volume{secrets}{secret}{defaultMode}), '0440',
       'secrets can be read by their group only');
    is($spec->{securityContext}{fsGroup}, $spec->{securityContext}{runAsGroup},
       'which is that of the workers');
    is($volume{secrets}{secret}{secretName}, $object{Secret}{metadata}{name},
       'the Secret is there');
    is($volume{conf}{configMap}{name}, $object{ConfigMap}{metadata}{name},
       'and so is the configuration');
    is_deeply([sort map { $_->{name} } @{$container->{volumeMounts}}],
              [sort keys %volume], 'each volume is mounted');

    my $conf = $object{ConfigMap}{data}{'violet.conf'};

    for my $name (sort keys %{$object{Secret}{stringData}}) {
        like($conf, qr{file:/etc/nginx/violet/\Q$name\E;}, "$name is used");
    }

    like($container->{image}, qr/:\Q@{[text('VERSION') =~ s{\n}{}r]}\E$/,
         'the image has the present version');
    nginx_takes($conf);
}


# nginx -t with the image's nginx.conf and this file in conf.d
sub nginx_takes {
    my ($conf) = @_;

  SKIP: {
        skip 'the module is built into this nginx', 1
            if $ENV{TEST_NGINX_STATIC};

        my $folder = $live->folder . '/container';
        my $module = $ENV{TEST_NGINX_LOAD_MODULES}
                     || Cwd::getcwd() . '/build/ngx_violet_module.so';
        my $main = text('contrib/container/nginx.conf');

        make_path("$folder/conf.d", "$folder/violet");
        write_file("$folder/violet/$_", 'a') for qw(app_secret refresh_token);

        # the tree may be in /tmp, so this comes first
        $main =~ s{/tmp/}{$folder/}g;
        $main =~ s{include /etc/nginx/modules-enabled/\*\.conf}
                  {load_module $module};
        $main =~ s{/etc/nginx/conf\.d}{$folder/conf.d};
        $conf =~ s{/etc/nginx/violet/}{$folder/violet/}g;
        $conf =~ s{listen 8080}{listen 127.0.0.1:@{[Live::free_port()]}};
        # names are not resolved here
        $conf =~ s{redis://redis:}{redis://127.0.0.1:};
        $conf =~ s{server sandbox-api\.violet\.io}{server 127.0.0.1};
        write_file("$folder/nginx.conf", "user root;\n$main");
        write_file("$folder/conf.d/violet.conf", $conf);

        local $ENV{PATH} = "$ENV{PATH}:/usr/sbin:/sbin";

        like(qx(nginx -t -e stderr -p $folder -c $folder/nginx.conf 2>&1),
             qr/test is successful/, 'nginx takes the configuration');
    }
}


# The same app and location in each file that an operator may begin with
sub configurations_are_one {
    my $conf = text('contrib/violet.conf');
    my $kube = text('contrib/kubernetes/violet-gateway.yaml');

    $conf =~ s/^##.*\n//mg;
    $conf =~ s/^#//mg;

    for my $line ($conf =~ /^ *((?:proxy|keepalive|app_|refresh_)[^\n#]*;)/mg) {
        my $any = join '\s+', map { quotemeta } split ' ', $line;

        like($kube, qr/^\s*$any/m, "Kubernetes has $line, too");
    }
}
