#!/usr/bin/perl

# The drill: for each alert of contrib/alerts.yml the fault is made to happen,
# and the alert fires in a real Prometheus.  Only the times of the rules are
# shorter here.

use strict;
use warnings;

use lib 't/lib';

use Live;
use Live::Prometheus;
use Test::More;
use Time::HiRes qw(sleep time);
use Violet::Redis ();

my $report = 'GET /v1/operations/connection_health';
my $submit = 'POST /v1/checkout/cart';

my $rules = Live::Nginx::text_of('contrib/alerts.yml');
my @alerts = $rules =~ /^\s+- alert: (\w+)$/mg;

for my $check ('check rules contrib/alerts.yml',
               'test rules contrib/alerts.test.yml')
{
    my $output = `promtool $check 2>&1`;
    is($?, 0, "promtool $check") or diag($output);
}

# each alert has a line in the documentation, and no other one has
my $page = Live::Nginx::text_of('docs/operations.md');
is_deeply([sort $page =~ /^\| `(Violet\w+)` \|/mg], [sort @alerts],
          'docs/operations.md says what to do at each alert');

$rules =~ s/for: \d+m/for: 0s/g;
$rules =~ s/\[\d+m\]/[3s]/g;


my $live = Live->new;
my $mock = $live->mock;


sub http {
    my ($redis, $name, $more) = @_;

    return $live->violet_http($redis, $mock, $more)
           =~ s/environment violet_api/environment $name/r;
}


# A gateway with a Redis of its own, unless it is given one.
sub gateway {
    my ($name, %option) = @_;

    my $redis = $option{redis} || $live->redis;
    my $http = http($redis, $name, $option{http});

    $http =~ s{(violet_redis redis://\S+?)/0;}{$1/0 $option{parameters};}
        if $option{parameters};

    my $nginx = $live->nginx(
        http => $http,
        server => $live->violet_location($option{location})
                  . "location = /status { violet_status; }\n"
                  . ($option{server} || ''));

    return { nginx => $nginx, redis => $redis };
}


sub ask {
    my ($gateway, @what) = @_;

    $live->request($gateway->{nginx}->port, $_, timeout => 8) for @what;
}


# The mock sends events to a gateway.
sub events {
    my ($gateway, $query) = @_;

    $live->request($mock->port, 'POST /_mock/webhook?topic=MERCHANT_COMPLETE'
                                . "&$query&to=http://127.0.0.1:"
                                . $gateway->{nginx}->port . '/hook');
}


sub redis_command {
    my ($gateway, $command) = @_;

    return Violet::Redis->new($gateway->{redis}->port)->command($command);
}


my $folder = $live->folder . '/secrets';
mkdir $folder or die "$folder: $!\n";
chmod 0755, $live->folder, $folder;
Live::Prometheus::put("$folder/secret", "mock-app-secret\n");

my $second = $live->redis;

# tokens expire here, and not at the mock that all others use
my $tokens = $live->mock;

my $violet = gateway('violet', http => <<"END", server => <<"END2");
    violet_app renews {
        app_id 10000; environment renews;
        app_secret file:$folder/secret; refresh_token mock-refresh-token;
    }
    violet_app wrong {
        app_id 10000; environment wrong;
        app_secret mock-app-secret; token no-token;
    }
    upstream tokens { server 127.0.0.1:@{[$tokens->port]}; }
    violet_refresh_limit app=2r/h;
END
    location /renews/v1/ { violet renews; proxy_pass http://tokens/v1/; }
    location = /hook { violet_webhook shop; }
    location /wrong/v1/ { violet wrong; proxy_pass http://violet_api/v1/; }
    location /variable/v1/ {
        violet shop;
        set \$violet 127.0.0.1:@{[$mock->port]};
        proxy_pass http://\$violet;
        rewrite ^/variable(/.*) \$1 break;
    }
END2
my $away = gateway('away', server => 'location = /hook { violet_webhook shop; }',
                   location => 'violet_submit_guard on without_redis=refuse;');
my $linkless = gateway('linkless');
my $slow = gateway('slow');
my $small = gateway('small', http => 'violet_zone 128k;');
my $moves = gateway('moves', parameters =>
                    'redis://127.0.0.1:' . $second->port . '/0');
my $stops = gateway('stops');

my @gateways = ($violet, $away, $linkless, $slow, $small, $moves, $stops);
my $prometheus = Live::Prometheus->start(
    $live, rules => $rules,
    targets => [map { $_->{nginx}->port } @gateways]);


# a quiet time: healthy gateways and some traffic
ok($live->wait_for(20, sub {
    7 == @{$prometheus->query('up == 1')}
    && 7 == @{$prometheus->query('violet_redis_link_up == 1')} }),
   'all gateways are read, and all have their Redis and its link');

for my $gateway (@gateways) {
    ask($gateway, "$report/1", "$report/1", "$submit/1/submit", 'GET /v1/x');
}

events($violet, 'merchant=42');
events($violet, 'secret=old');

sleep 4;
is_deeply([$prometheus->firing], [], 'no alert fires while all is well');


my %drill = (
    VioletGatewayDown => sub { Live::Process::stop($stops->{nginx}->process) },
    VioletRedisDown => sub { Live::Process::stop($away->{redis}) },
    VioletSubmitGuardUnavailable => sub { ask($away, "$submit/3/submit") },
    VioletRedisLinkDown => sub {
        redis_command($linkless, 'ACL SETUSER default -subscribe -client|tracking');
        redis_command($linkless, 'CLIENT KILL TYPE pubsub');
        redis_command($linkless, 'CLIENT KILL TYPE normal');
    },
    VioletRedisSlow => sub {
        redis_command($slow, 'CLIENT PAUSE 400 ALL');
        ask($slow, "$report/2");
        sleep 0.6;
    },
    VioletRedisEvicts => sub {
        redis_command($small, 'CONFIG SET maxmemory-policy allkeys-lru');
        redis_command($small, 'CONFIG SET maxmemory 100mb');
        redis_command($small, 'CLIENT KILL TYPE normal');
    },
    VioletRedisFailover => sub { Live::Process::stop($moves->{redis}) },
    VioletSubmitsInDoubt => sub { ask($violet, "$submit/50000/submit") },
    VioletSubmitsFail => sub {
        ask($violet, map { "$submit/4000$_/submit" } 1 .. 5);
    },
    VioletTokenExpires => sub {
        $live->request($tokens->port, 'POST /_mock/tokens?ttl=300');
        $live->request($tokens->port, 'POST /_mock/expire');
        ask($violet, "GET /renews/v1/x$_") for 1 .. 3;
    },
    VioletTokenRefused => sub {
        $live->request($tokens->port, 'POST /_mock/tokens?answer=refused');
        $live->request($tokens->port, 'POST /_mock/expire');
        ask($violet, "GET /renews/v1/y$_") for 1 .. 3;
    },
    VioletCredentialsRefused => sub {
        ask($violet, map { "GET /wrong/v1/x$_" } 1 .. 5);
    },
    VioletSecretUnreadable => sub { unlink "$folder/secret" },
    VioletUpstreamErrors => sub {
        ask($violet, map { "$report/5000$_" } 1 .. 9);
    },
    VioletUpstreamSlow => sub {
        $live->request($mock->port, 'POST /_mock/delay?connection_health/777=3');
        ask($violet, "$report/777");
    },
    VioletRateLimited => sub {
        ask($violet, map { "$report/4290$_" } 1 .. 3);
    },
    VioletReportsStale => sub { ask($violet, ("$report/42910") x 9) },
    VioletRefreshBudgetSpent => sub {
        ask($violet, map { "$report/@{[60 + $_]}?refresh=true" } 1 .. 6);
    },
    VioletWebhookUnverified => sub { events($violet, 'secret=old&count=30') },
    VioletWebhookNotApplied => sub { events($away, 'merchant=42') },
    VioletConfigurationRefuses => sub {
        ask($violet, ('GET /variable/v1/operations/connection_health/1') x 3);
    },
    VioletZoneTooSmall => sub {
        ask($small, map { ("$report/$_") x 2 } 1000 .. 1200);
    },
);

is_deeply([sort keys %drill], [sort @alerts], 'each alert has a drill');

for my $alert (@alerts) {
    my $fault = $drill{$alert} or next;
    my $end = time + 25;
    my $fires;

    while (time < $end && !$fires) {
        $fault->();
        $fires = $live->wait_for(1.5, sub {
            grep { $_ eq $alert } $prometheus->firing });
    }

    ok($fires, "$alert fires")
        or diag("firing: @{[$prometheus->firing]}");
}

$live->check_logs;
done_testing();
