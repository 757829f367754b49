#!/usr/bin/perl

# Secrets in files that cannot be read for a moment, that workers may not see,
# or that are written again without a change; and an error log that an operator
# wants to have only critical lines.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Test::More;

my $live = Live->new;

chmod 0755, $live->folder;

# A server in the place of Violet that accepts any token and returns it.
my $echo = $live->nginx(server => <<'END');
    location / { return 200 "$http_x_violet_token $http_x_violet_app_secret"; }
END

written_again();
missing_for_long();
unreadable_for_a_moment();
unseen();
few_lines();

$live->check_logs(qr/\[emerg\].*(?:alloc|memalign)\(.*failed/);
done_testing();


sub folder {
    my ($name) = @_;

    my $folder = $live->folder . "/$name";
    mkdir $folder or die "$folder: $!\n";
    chmod 0755, $folder;
    put("$folder/secret", 'secret-1');
    put("$folder/token", 'token-1');

    return $folder;
}


sub put {
    my ($file, $text) = @_;

    open my $out, '>', "$file.new" or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    chmod 0644, "$file.new" or die "$file: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
}


sub gateway {
    my ($folder, %option) = @_;

    return $live->nginx(workers => 1, %option, server => $live->violet_location,
                        http => <<"    END");
    violet_app shop {
        app_id 10000;
        app_secret file:$folder/secret;
        token file:$folder/token;
    }

    upstream violet_api {
        server 127.0.0.1:@{[$echo->port]};
    }
    END
}


# Token and secret that the worker sends.
sub becomes {
    my ($nginx, $values, $title) = @_;

    my $seen = '';
    my $ok = $live->wait_for(30, sub {
        $seen = $live->request($nginx->port, 'GET /v1/anything')->{body};
        return $seen eq $values;
    });

    ok($ok, $title) or diag("it is $seen");
}


sub lines {
    my ($nginx, $pattern) = @_;

    return scalar(() = $nginx->error_log =~ /$pattern/g);
}


# A worker looks at both files in the same turn, so when it uses the second of
# two new secrets it has looked at the token, too.
sub written_again {
    my $folder = folder('again');
    my $nginx = gateway($folder);

    put("$folder/token", "token-1\n");

    for my $n (2, 3) {
        put("$folder/secret", "secret-$n");
        becomes($nginx, "token-1 secret-$n", "the secret is changed to $n");
    }

    is(lines($nginx, qr/the new value of "app_secret"/), 2,
       'the log tells of each new secret');
    is(lines($nginx, qr/the new value of "token"/), 0,
       'a value that is written again is no new one');
    $nginx->stop;
}


sub missing_for_long {
    my $folder = folder('missing');
    my $nginx = gateway($folder);

    becomes($nginx, 'token-1 secret-1', 'two values');
    unlink "$folder/token";

    for my $n (2, 3) {
        put("$folder/secret", "secret-$n");
        becomes($nginx, "token-1 secret-$n", "the secret is changed to $n");
    }

    is(lines($nginx, qr/"$folder\/token" of "token" cannot be read/), 1,
       'a missing file is logged once');
    $nginx->stop;
}


# The disk fails, then memory is short: the worker tries again.
sub unreadable_for_a_moment {
    my $folder = folder('moment');
    my $faults = Live::Faults->new($live);
    my $nginx = gateway($folder, faults => $faults);
    my ($worker) = $nginx->workers;
    my %error = (pread => 'Input/output error',
                 memory => 'Cannot allocate memory');
    my $n = 1;

    becomes($nginx, 'token-1 secret-1', 'two values');

    for my $kind (sort keys %error) {
        $n++;
        $faults->fail($worker, $kind, 1);
        put("$folder/token", "token-$n");
        ok($nginx->wait_log(qr/"$folder\/token" of "token" cannot be read, the old value is kept \(\d+: $error{$kind}\)/, 30),
           "$kind: the log says why the token cannot be read")
            or diag($nginx->error_log);
        $faults->disarm;
        becomes($nginx, "token-$n secret-1", "$kind: the next try succeeds");
    }

    $nginx->stop;
}


# nginx -t has warned of a folder that workers may not enter, so they do not log
# it; but they do once they have seen the file.
sub unseen {
    SKIP: {
        skip 'only root can start workers as another user', 9 if $> != 0;

        my $folder = folder('unseen');
        my $inner = "$folder/inner";

        mkdir $inner or die "$inner: $!\n";
        chmod 0700, $inner;
        put("$inner/token", 'token-1');
        rename "$folder/secret", "$inner/secret" or die "rename: $!\n";

        my $user = getpwnam('www-data') ? 'www-data' : 'nobody';
        my $nginx = gateway($inner);
        my $file = $nginx->folder . '/conf/nginx.conf';
        my $config = Live::Nginx::text_of($file);

        $config =~ s/user root;/user $user;/ or die "no user in nginx.conf\n";
        $config =~ s/(app_secret file:)\S+;/$1$folder\/secret;/ or die;
        put("$folder/secret", 'secret-1');
        put($file, $config);

        like(($nginx->test_config)[1], qr/"$inner\/token" of "token" cannot/,
             'nginx -t warns of a file that workers cannot read');
        put($file, $config =~ s/(error_log \S+) info;/$1 crit;/r);
        my ($ok, $said) = $nginx->test_config;
        ok($ok, 'the configuration is valid');
        is(scalar(() = $said =~ /cannot be read by the workers/g), 1,
           '... but not if only critical lines are wanted');

        put($file, $config);
        ok($nginx->reload(30), 'workers of another user');

        for my $n (2, 3) {
            put("$folder/secret", "secret-$n");
            becomes($nginx, "token-1 secret-$n", "the secret becomes $n");
        }

        is(lines($nginx, qr/"$inner\/token" of "token" cannot be read by the workers' user, the old/), 0,
           'a file that workers never saw is not logged');

        chmod 0755, $inner;
        put("$inner/token", 'token-2');
        becomes($nginx, 'token-2 secret-3', 'a file that they may see now');

        chmod 0700, $inner;
        ok($nginx->wait_log(qr/"$inner\/token" of "token" cannot be read by the workers' user, the old value is kept/, 30),
           'a file that workers saw before is logged');
        $nginx->stop;
    }
}


# Warnings of nginx -t, news and errors of workers are less than critical.
sub few_lines {
    my $folder = folder('few');
    my $nginx = gateway($folder, log_level => 'crit');

    becomes($nginx, 'token-1 secret-1', 'few lines: two values');
    put("$folder/token", 'token-2');
    becomes($nginx, 'token-2 secret-1', 'few lines: a new token');
    put("$folder/token", '');

    for my $n (2, 3) {
        put("$folder/secret", "secret-$n");
        becomes($nginx, "token-2 secret-$n", "few lines: the secret is $n");
    }

    is(lines($nginx, qr/violet:/), 0, 'few lines: nothing is logged');

    local $ENV{LIVE_ODD} = 'token-of-the-environment';
    my $config = Live::Nginx::text_of($nginx->folder . '/conf/nginx.conf');

    $config =~ s/token file:\S+;/token env:LIVE_ODD;/ or die "no token\n";
    put($nginx->folder . '/conf/nginx.conf', $config);

    my ($ok, $said) = $nginx->test_config;

    ok($ok, 'few lines: the configuration is valid');
    unlike($said, qr/is lost when the nginx binary is upgraded/,
           'few lines: nginx -t does not warn of the environment');
    $nginx->stop;
}
