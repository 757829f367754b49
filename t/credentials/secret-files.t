#!/usr/bin/perl

# Secrets in files that change while nginx runs: the workers use a new value,
# or log why they cannot.

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


# The values of a header that the workers send; enough requests for each
# worker to get one.
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


# A new content, and an atomic swap of a symbolic link.
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
            'a new content is taken up by all workers');
    is(sent($nginx, 'X-Violet-App-Secret'), 'first-secret',
       'the other file is as it was');

    put("$folder/token", '');
    ok($nginx->wait_log(qr/"$folder\/token" of "token" is empty, the old/, 20),
       'an empty file is told');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    unlink "$folder/token";
    ok($nginx->wait_log(qr/"$folder\/token" of "token" cannot be read/, 20),
       'a file that is gone is told');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "two\nlines\n");
    ok($nginx->wait_log(qr/of "token" has a control character/, 20),
       'what is no secret is told');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "\xef\xbb\xbfmarked-token\n");
    ok($nginx->wait_log(qr/of "token" begins with a byte order mark, the/, 20),
       'a byte order mark is told');
    is(sent($nginx, 'X-Violet-Token'), 'second-token', 'the old value stays');

    put("$folder/token", "third-token\n");
    becomes($nginx, 'X-Violet-Token', 'third-token', 'a good one is taken');

    put("$folder/new", "second-secret\n");
    rename "$folder/new", "$folder/secret" or die "rename: $!\n";
    becomes($nginx, 'X-Violet-App-Secret', 'second-secret',
            'a file that another one replaces');

    # each of two workers logged each of four failures once
    my @told = $nginx->error_log =~ /the old value is kept/g;
    is(scalar @told, 8, 'a failure is one line of each worker');

    unlike($nginx->error_log,
           qr/first-token|second-token|third-token|first-secret|second-secret/,
           'the log has no value');

    $nginx->stop;
}


# Seconds of nginx's own clock, since a busy machine may be slow.  The second
# change comes right after a check.
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
           'a new content is taken up within 5 seconds');
    }

    $nginx->stop;
}


# After a temporary error that is not about the file, such as a lack of
# descriptors, the file is read although it has not changed again.
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
                        20), 'a worker that can open no more files');
    open_files($worker, 4096);
    becomes($nginx, 'X-Violet-Token', 'second-token',
            'reads the same file when it can again');
    is(scalar(() = $nginx->error_log =~ /the old value is kept/g), 1,
       'with one line in the log');

    $nginx->stop;
}


sub open_files {
    my ($pid, $soft) = @_;

    system('prlimit', "--pid=$pid", "--nofile=$soft:") == 0
        or die "prlimit fails\n";
}


# As Kubernetes mounts a secret: ..data is a link that is swapped.
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

    is(sent($nginx, 'X-Violet-Token'), 'token-of-1', 'the first link');

    symlink '..2', "$folder/..new" or die "symlink: $!\n";
    rename "$folder/..new", "$folder/..data" or die "rename: $!\n";
    becomes($nginx, 'X-Violet-Token', 'token-of-2', 'a link that is swapped');

    $nginx->stop;
}


# A refresh token that changes ends the pauses of renewals that fail.
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
       }), 'the right one is taken up without a reload');

    $nginx->stop;
    $mock->stop;
}


# "nginx -t" warns of secrets whose changes workers cannot see.
SKIP: {
    skip 'only root starts workers as somebody else', 5 if $> != 0;

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

    ok($ok, 'the configuration is good');
    like($said, qr/\[warn\].*"$folder\/secret" of "app_secret" cannot be read by the workers' user "$user": a change of it needs a reload/,
         'a file that workers cannot read');
    unlike($said, qr/"$folder\/token" of/, 'one that they can');

    chmod 0700, $folder;
    (undef, $said) = $nginx->test_config;
    like($said, qr/"$folder\/token" of "token" cannot be read/,
         'nor can they in a folder that is closed to them');
    unlike($said, qr/some-secret|some-token/, 'no value is said');

    $nginx->stop;
}


# A variable of the environment that a new binary would not get.
{
    local $ENV{LIVE_ROTATION} = 'some-token';

    my $nginx = lenient($echo, http => http($echo, <<"    END"));
        app_secret some-secret;
        token env:LIVE_ROTATION;
    END

    my (undef, $said) = $nginx->test_config;
    like($said, qr/\[warn\].*"LIVE_ROTATION" of "token" is lost when the nginx binary is upgraded, add "env LIVE_ROTATION;"/,
         'a variable that is not handed on');

    $nginx->configure(main => 'env LIVE_ROTATION;');
    (undef, $said) = $nginx->test_config;

    # what both of them said
    my @told = $said =~ /is lost when the nginx binary/g;
    is(scalar @told, 1, 'one that is');

    $nginx->stop;
}


$live->check_logs;
done_testing();
