#!/usr/bin/perl

# The page of violet_status: what is wrong, what to do about it, carts in doubt.
# Where there is a chromium, it reads the page too.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Time::HiRes qw(sleep time);

my $live = Live->new;

ready();
which_format();
redis_away();
no_token_yet();
token_expired();
carts_in_doubt();
many_doubts();
long_in_doubt();
large_numbers();
hostile_texts();
many_apps();
in_a_browser();

$live->check_logs;
done_testing();


sub gateway {
    my (%option) = @_;

    my $mock = $option{mock} || $live->mock;
    my $redis = $option{redis} || '';
    my $token = $option{token} || 'token mock-token;';
    my $more = $option{more} || '';

    return $live->nginx(
        workers => 2, clock => $option{clock},
        http => "$redis violet_app shop { app_id 10000; environment sandbox;"
                . " app_secret mock-app-secret; $token } $more\n"
                . 'upstream violet_api { server 127.0.0.1:' . $mock->port
                . '; }',
        server => $live->violet_location('proxy_read_timeout 2s;')
                  . 'location = /status { violet_status; }'
                  . 'location = /page { violet_status html; }');
}


sub redis_at {
    my ($port) = @_;

    return "violet_redis redis://127.0.0.1:$port/0 timeout=300ms"
           . ' connect_timeout=300ms;';
}


sub control {
    my ($mock, $what) = @_;

    $live->request($mock->port, "POST /_mock/$what", body => '')->{status}
        == 200 or die "/_mock/$what fails\n";
}


sub page {
    my ($nginx, %option) = @_;

    return $live->request($nginx->port, 'GET /page', %option);
}


# Waits until the page says it, and returns the page.
sub says {
    my ($title, $nginx, @patterns) = @_;

    my $page = '';
    my @missing;

    ok($live->wait_for(20, sub {
        $page = page($nginx)->{body};
        @missing = grep { $page !~ /$_/s } @patterns;
        !@missing;
    }), $title) or diag("missing: @missing\n$page");
    balanced($title, $page);

    return $page;
}


# Each element that is opened is closed, in order.
sub balanced {
    my ($title, $page) = @_;

    my ($wrong, @open) = ('');
    while ($page =~ m{<(/?)(\w+)[^>]*>}g) {
        my ($end, $name) = ($1, $2);
        next if $name =~ /^(?:meta|DOCTYPE)$/i;
        if (!$end) {
            push @open, $name;
        } elsif ((pop @open // '') ne $name) {
            $wrong ||= "$name at " . pos $page;
        }
    }

    is($wrong || "@open", '', "$title: the page is well formed");
    like($page, qr{</html>\n\z}, "$title: the page is whole");
}


sub ready {
    my $redis = $live->redis;
    my $nginx = gateway(redis => redis_at($redis->port));

    $live->request($nginx->port, 'GET /v1/operations/connection_health/42')
        for 1 .. 4;
    $live->request($nginx->port, "POST /v1/checkout/cart/$_/submit")
        for 20001, 20002, 20801;

    my $page = says('ready', $nginx, '<h1><span class="dot good"></span>Ready',
                    'Nothing to do', '75\.0 %', 'completed<b>2</b>',
                    'failed<b>1</b>', 'Token valid', 'Connected');
    unlike($page, qr/<script|javascript:|<img|<link|https?:/i,
           'ready: nothing is loaded, no script');
    unlike($page, qr/mock-token|mock-app-secret/, 'ready: no secret');
    like($page, qr/<meta http-equiv=refresh content=15>/,
         'ready: it renews itself');

    my $headers = page($nginx)->{headers};
    is($headers->{'content-type'}, 'text/html; charset=utf-8', 'its type');
    is($headers->{'content-security-policy'}, "default-src 'none'; style-src "
       . "'unsafe-inline'; frame-ancestors 'none'", 'its policy');
    is($headers->{'cache-control'}, 'no-store', 'it is not stored');
    is($headers->{'x-content-type-options'}, 'nosniff', 'its type holds');
    $nginx->stop;
}


sub which_format {
    my $nginx = gateway();
    my %type = (
        '' => qr{^text/plain},
        '*/*' => qr{^text/plain},
        'text/html,application/xhtml+xml,*/*;q=0.8' => qr{^text/html},
        'application/json' => qr{^application/json},
        'text/html;q=0.1, application/json' => qr{^application/json},
    );

    for my $accept (sort keys %type) {
        my $answer = $live->request($nginx->port, 'GET /status', headers =>
            {length $accept ? (Accept => $accept) : ()});
        like($answer->{headers}{'content-type'}, $type{$accept},
             "Accept: $accept");
    }

    like($live->request($nginx->port, 'GET /status?format=html')
              ->{headers}{'content-type'}, qr{^text/html}, 'format=html');
    like($live->request($nginx->port, 'GET /page?format=json')
              ->{headers}{'content-type'}, qr{^text/html},
         'the directive counts more');
    is($live->request($nginx->port, 'POST /page')->{status}, 405,
       'POST is not allowed');
    $nginx->stop;
}


sub redis_away {
    my $redis = $live->redis;
    my $nginx = gateway(redis => redis_at($redis->port));

    says('Redis is there', $nginx, 'Connected');
    $redis->stop('KILL');
    says('Redis away', $nginx, 'dot bad"></span>Ready, but something fails',
         '<article class=bad><h3>Redis is away</h3>',
         'both send it', '<b>Do:</b> see whether Redis runs',
         '<span>Away</span>');
    $nginx->stop;
}


sub no_token_yet {
    my $mock = $live->mock;
    control($mock, 'tokens?answer=error');
    my $nginx = gateway(mock => $mock,
                        token => 'refresh_token mock-refresh-token;');

    says('no token yet', $nginx, 'dot bad"></span>Not ready',
         'App shop: there has been no token yet',
         'The last renewal failed: Violet issued no token',
         '<b>Do:</b> check <code>app_secret</code>');
    $nginx->stop;
}


sub token_expired {
    my $mock = $live->mock;
    control($mock, 'tokens?ttl=2');
    my $nginx = gateway(mock => $mock,
                        token => 'refresh_token mock-refresh-token;');

    says('a token', $nginx, 'Token valid');
    control($mock, 'tokens?answer=error');
    says('token expired', $nginx, 'App shop: the token has expired',
         'Token expired, \d+ s ago', 'Ready, but something fails');
    $nginx->stop;
}


sub submit {
    my ($nginx, $cart, %option) = @_;

    return $live->request($nginx->port, "POST /v1/checkout/cart/$cart/submit",
                          %option);
}


sub carts_in_doubt {
    my $nginx = gateway();

    is(submit($nginx, 50001)->{status}, 500, 'a submit ends in doubt');
    my $page = says('a cart in doubt', $nginx, '1 cart is in doubt',
                    'Carts in doubt on this host', '<b>50001</b><small>shop',
                    'GET /v1/checkout/cart/ID/submit',
                    '<td>\d+ s<small>\d\d:\d\d UTC', 'unknown<b>1</b>');
    like($page, qr/Ready, with warnings/, 'a cart in doubt: a warning');

    $live->request($nginx->port, 'POST /v1/orders', body => '{}',
                   headers => {'Idempotency-Key' => '<script>alert(1)</script>',
                               'Content-Type' => 'application/json'});
    $nginx->stop;
}


sub many_doubts {
    my $nginx = gateway();

    submit($nginx, $_) for 50010 .. 50034;
    my $page = says('many doubts', $nginx, '25 carts are in doubt',
                    '5 more are not listed');
    is(() = $page =~ /<tr><td><b>\d+/g, 20, 'many doubts: 20 are listed');
    like($page, qr/<td><b>50010<.*<td><b>50011</s,
         'many doubts: the oldest first');
    $nginx->stop;
}


# A cart is in doubt for longer and longer; the day is named if it is another.
sub long_in_doubt {
    my $clock = Live::Clock->new($live);
    my $nginx = gateway(clock => $clock);
    my $day = qr/\d{4}-\d\d-\d\d/;

    submit($nginx, 50040);
    for my $step ([1200, '[2-5]\d min<small>'],
                  [2 * 3600 + 1200, '2 h [2-5]\d min<small>'],
                  [2 * 86400 + 7200, "2 d 2 h<small>$day \\d\\d:\\d\\d UTC"])
    {
        my ($seconds, $pattern) = @$step;

        $clock->day($seconds);
        says("in doubt for $seconds s", $nginx, "<td>$pattern");
    }

    $clock->day(-3600);
    says('the clock was set back', $nginx, '<td>0 s<small>');
    $nginx->stop;
}


sub large_numbers {
    my $nginx = gateway(more => 'violet_refresh_limit merchant=1r/1m '
                                . 'app=5000r/1h; violet_zone 1m;');

    $live->request($nginx->port,
                   'GET /v1/operations/connection_health/42?refresh=true');
    says('large numbers', $nginx, 'refreshes left</dt><dd>(?:4,999|5,000)<',
         'violet_zone of 1\d\d\d kB');
    $nginx->stop;
}


sub hostile_texts {
    my $socket = $live->folder . '/a<script>&"b.sock';
    my $nginx = gateway(redis => "violet_redis 'unix:$socket';");

    $live->request($nginx->port, 'GET /v1/<script>alert(1)</script>',
                   headers => {'X-Request-Id' => '<script>',
                               Host => '<script>'});
    my $page = says('hostile texts', $nginx, 'Redis is away');
    unlike($page, qr/<script/i, 'hostile texts: no script');
    like($page, qr/a&lt;script&gt;&amp;&quot;b\.sock/,
         'hostile texts: shown as text');
    $nginx->stop;
}


sub many_apps {
    my $more = join ' ', map {
        "violet_app app-$_" . 'x' x 40 . " { app_id $_; environment e-$_"
        . 'x' x 90 . '; app_secret s; token t; }'
    } 1 .. 60;
    my $nginx = gateway(more => $more);

    my $page = says('60 apps', $nginx, 'Ready');
    is(() = $page =~ m{<article class=card><h3>app-}g, 60,
       '60 apps: all are there');
    $nginx->stop;
}


sub in_a_browser {
    my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};

    SKIP: {
        skip 'no chromium', 4 if !$chromium;

        my $nginx = gateway();
        submit($nginx, 50002);
        my $url = 'http://127.0.0.1:' . $nginx->port . '/page';
        my $profile = $live->folder . '/chromium';
        my @flags = (qw(--headless --no-sandbox --disable-gpu --no-first-run
            --disable-background-networking --disable-component-update
            --disable-sync), "--user-data-dir=$profile");

        my $dom = dom($chromium, @flags, '--dump-dom', $url);
        like($dom, qr/<title>Ready, with warnings: /, 'a browser: the title');
        like($dom, qr{<td><b>50002</b>}, 'a browser: the cart');

        my $picture = $live->folder . '/page.png';
        dom($chromium, @flags, '--window-size=390,844',
            "--screenshot=$picture", $url);
        cmp_ok(-s $picture || 0, '>', 10_000, 'a browser: a picture');
        unlike(Live::Nginx::text_of($live->folder . '/browser.out'),
               qr/Content Security Policy/, 'a browser: the policy is kept');
        $nginx->stop;
    }
}


sub dom {
    my (@command) = @_;

    my $out = $live->folder . '/browser.out';

    open my $in, '-|', 'sh', '-c', 'exec timeout 60 "$@" 2>>' . $out, 'sh',
        @command or die "sh: $!\n";
    local $/;

    my $text = <$in> // '';
    close $in;

    return $text;
}
