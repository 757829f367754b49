#!/usr/bin/perl

# The rights of the two users of Redis in the documentation: Redis refuses
# nothing to a user with only these rights, and each of them is used.  All other
# tests have the rights of the first one, see Violet::Redis.  And the names of
# all keys that the module has asked Redis for.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

# how often this test has sent INFO since the statistics began
my %infos;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $admin = Violet::Redis->new($redis->port);

only_user($admin, 'gateway');

# Every command from now on, as Redis has received it.
my $monitor = $live->client($redis->port);
$monitor->send("AUTH admin admin\r\nMONITOR\r\n");
$monitor->read_until(qr/\+OK\r\n\+OK\r\n/, 10);

my $http = $live->violet_http($redis, $mock);
$http =~ s{/0;}{/1 username=gateway password=secret timeout=2s connect_timeout=2s;};

my @hosts = map {
    $live->nginx(workers => 2, http => $http,
                 server => $live->violet_location)
} 1, 2;

my $health = '/v1/operations/connection_health';

ok($live->wait_for(20, sub {
    my ($links) = info($admin, 'clients') =~ /tracking_clients:(\d+)/;
    return $links == 2;
}), 'Redis tells both hosts of changes');


for my $host (@hosts) {
    ask($host, "GET $health/42") for 1 .. 3;
    ask($host, "GET $health/42?refresh=true") for 1, 2;
    ask($host, "GET $health/42900") for 1, 2;
    ask($host, "GET $health");
    ask($host, "POST $health/43");
    ask($host, 'POST /v1/checkout/cart/20000/submit') for 1, 2;
    ask($host, 'POST /v1/checkout/cart/20700/submit') for 1, 2;
    ask($host, 'POST /v1/checkout/cart/60000/submit') for 1, 2;
    ask($host, 'GET /v1/checkout/cart/60000');
    ask($host, 'POST /v1/checkout/cart/20001/submit',
        headers => {'Idempotency-Key' => 'k'}) for 1, 2;
    ask($host, 'POST /v1/orders', headers => {'Idempotency-Key' => 'o'});
}

is($live->mock_counts($mock)->{'connection_health/42'}, 2,
   'one host reads what another has stored: Violet was asked once, and for '
   . 'the refresh');

# a refresh that was not sent is given back
my $dead = $live->nginx(
    workers => 1, server => $live->violet_location,
    http => $http =~ s/server 127.0.0.1:\d+/'server 127.0.0.1:'
                                           . Live::free_port()/er);
ask($dead, "GET $health/44?refresh=true");

# a flight that another host follows leaves its result
$live->request($mock->port, 'POST /_mock/delay?connection_health/45=0.5');
my @clients = map { $live->client($_->port) } @hosts;
$_->send("GET $health/45 HTTP/1.1\r\nHost: localhost\r\n\r\n") for @clients;
like($_->read_until(qr/\r\n\r\n/, 20), qr/^HTTP\S+ 200/,
     'two hosts, one flight: an answer') for @clients;

my $log = join '', map { Live::Nginx::text_of($_->error_log_file) }
                       @hosts, $dead;
is(join('', $log =~ /^.*Redis at .*$/mg), '', 'Redis refuses nothing');

# PING is the sign of life of a link
ok($live->wait_for(20, sub { !unused($admin, 'gateway') }),
   'each right is used') or diag(unused($admin, 'gateway'));

keys_are_documented();
redis_of_submits();

$live->check_logs;
done_testing();


sub ask {
    my ($nginx, $what, %option) = @_;

    my $answer = $live->request($nginx->port, $what, %option,
                                $what =~ /^POST/ ? (body => '{}') : ());
    ok($answer->{status}, "$what: an answer");
}


# From now on Redis knows only this user, with the documented rights.
sub only_user {
    my ($admin, $user) = @_;

    is(Violet::Redis::text_of($admin->call('ACL', 'SETUSER', $user, 'on',
                                           '>secret',
                                           Violet::Redis::rights($user))),
       'OK', "Redis knows all rights of $user");
    is($admin->command('ACL SETUSER default off'), 'OK',
       'no other user is used');
    $admin->command('CONFIG RESETSTAT');
    $infos{$admin} = 0;
}


sub info {
    my ($admin, $section) = @_;

    $infos{$admin}++;

    return $admin->command("INFO $section");
}


# The rights to commands that no client and no script has called, but for those
# of rare branches of scripts.
sub unused {
    my ($admin, $user) = @_;

    my $own = $infos{$admin};
    my %used = info($admin, 'commandstats') =~ /^cmdstat_(\S+?):calls=(\d+)/mg;
    my $scripts = $user eq 'submits' ? 'cart' : '*';

    $used{info} = ($used{info} || 0) - $own;

    for my $file (glob "ngx_violet_module/$scripts/*.c") {
        $used{lc $_} = 1
            for Live::Nginx::text_of($file) =~ /\bredis\.p?call\('(\w+)'/g;
    }

    return grep { ($used{$_} || 0) < 1 }
           map { /^\+(.*)/ ? $1 : () } Violet::Redis::rights($user);
}


sub redis_of_submits {
    my $records = $live->redis;
    my $admin = Violet::Redis->new($records->port);

    only_user($admin, 'submits');

    my $nginx = $live->nginx(
        server => $live->violet_location,
        http => $live->violet_http(
            $live->redis, $mock, 'violet_submit_redis redis://127.0.0.1:'
            . $records->port . '/1 username=submits password=secret;'));

    for my $cart (30000, 30700, 60100) {
        ask($nginx, "POST /v1/checkout/cart/$cart/submit") for 1, 2;
    }
    ask($nginx, 'POST /v1/orders', headers => {'Idempotency-Key' => 's'});

    # PING is for a Redis that comes back
    $live->request($mock->port, 'POST /_mock/delay?cart_submit/30001=1');
    my $client = $live->client($nginx->port);
    $client->send("POST /v1/checkout/cart/30001/submit HTTP/1.1\r\n"
                  . "Host: localhost\r\nContent-Length: 2\r\n\r\n{}");
    $admin->command('CLIENT KILL TYPE normal SKIPME yes');
    like($client->read_until(qr/\r\n\r\n/, 20), qr/^HTTP\S+ 200/,
         'the connection was lost: an answer');

    ok($live->wait_for(20, sub { !unused($admin, 'submits') }),
       'submits: each right is used') or diag(unused($admin, 'submits'));
    unlike($nginx->error_log, qr/answered "|refused/,
           'submits: Redis refuses nothing');
}


# The name of a key says what it is, of which Violet and of which app.
sub keys_are_documented {
    my $app = 'violet_api:10000';
    my %kinds = (
        'health'           => qr/health:$app:\d+/,
        'health-list'      => qr/health-list:$app:(?:true|false)/,
        'health-held'      => qr/health-held:$app:\d+/,
        'health-list-held' => qr/health-list-held:$app:(?:true|false)/,
        'flight'           => qr/flight:$app:\d+:(?:read|refresh)/,
        'flight-list'      => qr/flight-list:$app:(?:true|false):
                                 (?:read|refresh)/x,
        'limit'            => qr/limit:$app(?::\d+)?/,
        'event'            => qr/event:$app:\d+/,
        'purge'            => qr/purged:$app/,
        'submit'           => qr/submit:$app:\d+/,
        'submit of a key'  => qr/submit:$app:key:[0-9a-f]{32}/,
        'mark of submits'  => qr/submit:mark/,
    );
    my (%seen, @others);

    $monitor->read_until(sub { 0 }, 0.5);

    for my $key (map { asked_for($_) } split /\r\n/, $monitor->{in}) {
        my @kinds = grep { $key =~ /\Aviolet:$kinds{$_}\z/ } keys %kinds;

        $seen{$_}++ for @kinds;
        push @others, $key if !@kinds;
    }

    is("@others", '', 'no key has another name');
    is(join(', ', sort keys %seen), join(', ', sort keys %kinds),
       'and there are keys of all kinds');
}


# The keys in a line of MONITOR, without those that a script asks for.
sub asked_for {
    my ($line) = @_;

    return () if $line =~ /\A\+\S+ \[\d+ lua\]/;

    my ($command, @words) = $line =~ /"((?:[^"\\]|\\.)*)"/g;

    return $words[0] if ($command // '') =~ /\A(?:hmget|[gs]et)\z/i;
    return @words[2 .. 1 + $words[1]] if ($command // '') =~ /\Aeval(?:sha)?\z/i;
    return ();
}
