#!/usr/bin/perl

# Secrets in files that change while nginx runs: the workers use the new value,
# or log why they keep the old one.

use strict;
use warnings;

use lib 't/lib';

use Live;
use POSIX ();
use Test::More;

my $live = Live->new;


sub http {
    my ($mock, $app) = @_;

    return <<"    END";
    violet_app shop {
        app_id 10000;
        $app
    }

    upstream violet_api {
        server 127.0.0.1:@{[$mock->port]};
        keepalive 8;
    }
    END
}


sub folder {
    my ($name) = @_;

    my $folder = $live->folder . "/$name";
    mkdir $folder or die "$folder: $!\n";
    chmod 0755, $live->folder, $folder;

    return $folder;
}


sub put {
    my ($file, $text, $mode) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
    chmod defined $mode ? $mode : 0640, $file or die "$file: $!\n";
}


# The values of a header that the workers send; with so many requests each
# worker gets one.
sub sent {
    my ($nginx, $header) = @_;

    my %seen;

    for my $answer ($live->many($nginx->port, count => 40,
                                request => 'GET /v1/anything'))
    {
        my ($value) = $answer->{body} =~ /\["\Q$header\E", "([^"]*)"\]/;
        $seen{defined $value ? $value : $answer->{status}} = 1;
    }

    return join ' ', sort keys %seen;
}


sub becomes {
    my ($nginx, $header, $value, $title) = @_;

    my $seen;
    my $ok = $live->wait_for(20, sub {
        $seen = sent($nginx, $header);
        return $seen eq $value;
    });

    ok($ok, $title) or diag("it is $seen");
}


# A server in the place of Violet that accepts any token and returns it.
my $echo = $live->nginx(server => <<'END');
    location / {
        return 200 '["X-Violet-Token", "$http_x_violet_token"]
                    ["X-Violet-App-Secret", "$http_x_violet_app_secret"]';
    }
END


sub lenient {
    my ($to, %more) = @_;

    return $live->nginx(workers => 2, %more,
                        server => $live->violet_location);
}


# Waits until each of two workers has logged a line.
sub both_log {
    my ($nginx, $pattern, $title) = @_;

    ok($live->wait_for(20, sub {
           (() = $nginx->error_log =~ /$pattern/g) >= 2
       }), $title);
}


# Files with new content.
{
    my $folder = folder('content');
    put("$folder/token", "first-token\n");
    put("$folder/secret", "first-secret");

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret file:$folder/secret;
        token file:$folder/token;
    END

    is(sent($nginx, 'X-Violet-Token'), 'first-token', 'the first token');

    put("$folder/token", "second-token\n");
    becomes($nginx, 'X-Violet-Token', 'second-token',
            'all workers use the new content');
    is(sent($nginx, 'X-Violet-App-Secret'), 'first-secret',
       'the value of the other file is unchanged');

    put("$folder/token", '');
    both_log($nginx, qr/"$folder\/token" of "token" is empty, the old/,
             'an empty file is logged');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    unlink "$folder/token";
    both_log($nginx, qr/"$folder\/token" of "token" cannot be read/,
             'a missing file is logged');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "two\nlines\n");
    both_log($nginx, qr/of "token" has a control character/,
             'an invalid value is logged');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "\xef\xbb\xbfmarked-token\n");
    both_log($nginx, qr/of "token" begins with a byte order mark, the/,
             'a byte order mark is logged');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "third-token\n");
    becomes($nginx, 'X-Violet-Token', 'third-token',
            'the workers use the next valid value');

    put("$folder/new", "second-secret\n");
    rename "$folder/new", "$folder/secret" or die "rename: $!\n";
    becomes($nginx, 'X-Violet-App-Secret', 'second-secret',
            'a file that is replaced by another one');

    # each of two workers logged each of four failures once
    my @kept = $nginx->error_log =~ /the old value is kept/g;
    is(scalar @kept, 8, 'each worker logs a failure once');

    unlike($nginx->error_log,
           qr/first-token|second-token|third-token|first-secret|second-secret/,
           'the log has no secret');

    $nginx->stop;
}


# Files that are no text of a secret, and a line that ends as on Windows.
{
    my $folder = folder('forms');
    put("$folder/token", "a-token\n");

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret some-secret;
        token file:$folder/token;
    END

    is(sent($nginx, 'X-Violet-Token'), 'a-token', 'a token');

    rename "$folder/token", "$folder/old" or die "rename: $!\n";
    mkdir "$folder/token" or die "mkdir: $!\n";
    both_log($nginx, qr/"$folder\/token" of "token" is not a regular file, /,
             'a folder is logged');

    rmdir "$folder/token" or die "rmdir: $!\n";
    put("$folder/token", 'x' x 65537);
    both_log($nginx, qr/of "token" is too long, the old value is kept/,
             'a text that is too long is logged');

    put("$folder/token", "a-token\n");
    sent($nginx, 'X-Violet-Token') for 1 .. 3;
    put("$folder/token", "b-token\r\n");
    becomes($nginx, 'X-Violet-Token', 'b-token',
            'a line break of Windows does not count');

    my @used = $nginx->error_log =~ /the new value of "token" in .* is used/g;
    is(scalar @used, 2, 'a new value is logged once by each worker');

    $nginx->stop;
}


# Counts seconds of nginx's own clock, since a busy machine may be slow.  The
# second change comes right after a check.
{
    my $folder = folder('seconds');
    put("$folder/token", 'token-0');

    my $clock = Live::Clock->new($live);
    my $nginx = lenient($echo, clock => $clock, http => http($echo, <<"    END"));
        app_secret some-secret;
        token file:$folder/token;
    END

    is(sent($nginx, 'X-Violet-Token'), 'token-0', 'a token');

    for my $n (1 .. 3) {
        put("$folder/token", "token-$n");

        # requests wake the workers, which then update their time
        for my $second (1 .. 4) {
            $clock->count(4 * $n - 4 + $second);
            sent($nginx, 'X-Violet-Token');
        }

        is(sent($nginx, 'X-Violet-Token'), "token-$n",
           'the new content is used within 5 seconds');
    }

    $nginx->stop;
}


# After a temporary error that has another cause than the file, such as a lack
# of descriptors, the file is read again although it has not changed.
SKIP: {
    skip 'Valgrind has limits of its own', 4 if $ENV{TEST_NGINX_USE_VALGRIND};

    my $folder = folder('limit');
    put("$folder/token", 'first-token');

    my $nginx = lenient($echo, workers => 1, http => http($echo, <<"    END"));
        app_secret some-secret;
        token file:$folder/token;
    END

    is(sent($nginx, 'X-Violet-Token'), 'first-token', 'a token');

    my ($worker) = $nginx->workers;

    open_files($worker, 3);
    put("$folder/token", 'second-token');
    ok($nginx->wait_log(qr/of "token" cannot be read.*Too many open files/,
                        20), 'a worker without a free descriptor logs it');
    open_files($worker, 4096);
    becomes($nginx, 'X-Violet-Token', 'second-token',
            'the worker reads the same file later');
    is(scalar(() = $nginx->error_log =~ /the old value is kept/g), 1,
       'the failure is one line in the log');

    $nginx->stop;
}


sub open_files {
    my ($pid, $soft) = @_;

    system('prlimit', "--pid=$pid", "--nofile=$soft:") == 0
        or die "prlimit fails\n";
}


# A secret that Kubernetes mounts: the link ..data is swapped.
{
    my $folder = folder('kubernetes');

    mkdir "$folder/..1";
    mkdir "$folder/..2";
    put("$folder/..1/token", 'token-of-1');
    put("$folder/..2/token", 'token-of-2');
    symlink '..1', "$folder/..data" or die "symlink: $!\n";
    symlink '..data/token', "$folder/token" or die "symlink: $!\n";

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret some-secret;
        token file:$folder/token;
    END

    is(sent($nginx, 'X-Violet-Token'), 'token-of-1',
       'the file behind the first link');

    symlink '..2', "$folder/..new" or die "symlink: $!\n";
    rename "$folder/..new", "$folder/..data" or die "rename: $!\n";
    becomes($nginx, 'X-Violet-Token', 'token-of-2',
            'the file behind the swapped link');

    $nginx->stop;
}


# A changed refresh token ends the pauses between failed renewals.
{
    my $folder = folder('refresh');
    put("$folder/refresh", 'wrong-refresh-token');

    my $mock = $live->mock;
    my $nginx = $live->nginx(workers => 2, http => http($mock, <<"    END"),
        app_secret mock-app-secret;
        refresh_token file:$folder/refresh;
    END
                             server => $live->violet_location);

    ok($nginx->wait_log(qr/no new access token for app "shop": Violet refused/,
                        20), 'a wrong refresh token is refused');

    put("$folder/refresh", 'mock-refresh-token');
    ok($live->wait_for(30, sub {
           $live->request($nginx->port, 'GET /v1/orders/1', timeout => 15)
                ->{status} == 200
       }), 'the valid refresh token is used without a reload');

    $nginx->stop;
    $mock->stop;
}


# "nginx -t" warns of secrets whose changes workers cannot see.
SKIP: {
    skip 'only root can start workers as another user', 6 if $> != 0;

    my $user = getpwnam('www-data') ? 'www-data' : 'nobody';
    my (undef, undef, $uid, $gid) = getpwnam $user;

    my $folder = folder('rights');
    put("$folder/secret", 'some-secret', 0600);
    put("$folder/token", 'some-token', 0640);
    chown 0, $gid, "$folder/token";

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret file:$folder/secret;
        token file:$folder/token;
    END

    my $config = Live::Nginx::text_of($nginx->folder . '/conf/nginx.conf');
    $config =~ s/user root;/user $user;/ or die "no user in nginx.conf\n";
    put($nginx->folder . '/conf/nginx.conf', $config);

    my ($ok, $said) = $nginx->test_config;

    ok($ok, 'the configuration is valid');
    like($said, qr/\[warn\].*"$folder\/secret" of "app_secret" cannot be read by the workers' user "$user": a change of it needs a reload/,
         'a warning about a file that workers cannot read');
    unlike($said, qr/"$folder\/token" of/,
           'no warning about a file that workers can read');

    chown $uid, 0, "$folder/token";
    chmod 0400, "$folder/token";
    (undef, $said) = $nginx->test_config;
    unlike($said, qr/"$folder\/token" of/, 'nor about a file of their own');

    chmod 0700, $folder;
    (undef, $said) = $nginx->test_config;
    like($said, qr/"$folder\/token" of "token" cannot be read/,
         'a warning about a file in a folder that workers cannot enter');
    unlike($said, qr/some-secret|some-token/, 'no value is printed');

    $nginx->stop;
}


# "nginx -t" warns of an environment variable that a new binary would not get.
{
    local $ENV{LIVE_ROTATION} = 'some-token';

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret some-secret;
        token env:LIVE_ROTATION;
    END

    my (undef, $said) = $nginx->test_config;
    like($said, qr/\[warn\].*"LIVE_ROTATION" of "token" is lost when the nginx binary is upgraded, add "env LIVE_ROTATION;"/,
         'a warning about a variable without "env"');

    $nginx->configure(main => 'env LIVE_ROTATION;');
    (undef, $said) = $nginx->test_config;

    # the output of both runs
    my @lost = $said =~ /is lost when the nginx binary/g;
    is(scalar @lost, 1, 'no warning about a variable with "env"');

    $nginx->configure(main => 'env LIVE_ROTATION=some-token;');
    (undef, $said) = $nginx->test_config;
    @lost = $said =~ /is lost when the nginx binary/g;
    is(scalar @lost, 1, 'nor about one with "env" and a value');

    $nginx->configure(main => 'env LIVE_ROTATION_OF_ANOTHER;');
    (undef, $said) = $nginx->test_config;
    @lost = $said =~ /is lost when the nginx binary/g;
    is(scalar @lost, 2, 'a warning if "env" has a longer name');

    $nginx->stop;
}


$live->check_logs;
done_testing();
