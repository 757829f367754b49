#!/usr/bin/perl

# The rights of a user of Redis in the documentation: Redis refuses nothing to
# a user with only these rights, and each of them is used.  All other tests
# have the same rights, see Violet::Redis.  And the names of all keys that the
# module has asked Redis for.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $redis = $live->redis;
my $mock = $live->mock;
my $admin = Violet::Redis->new($redis->port);

my @rights = Violet::Redis::rights();

is(Violet::Redis::text_of($admin->call('ACL', 'SETUSER', 'gateway', 'on',
                                       '>secret', @rights)),
   'OK', 'Redis knows all these rights');
is($admin->command('ACL SETUSER default off'), 'OK', 'no other user is used');
$admin->command('CONFIG RESETSTAT');

# Every command from now on, as Redis has received it.
my $monitor = $live->client($redis->port);
$monitor->send("AUTH admin admin\r\nMONITOR\r\n");
$monitor->read_until(qr/\+OK\r\n\+OK\r\n/, 10);

my $http = $live->violet_http($redis, $mock);
$http =~ s{/0;}{/1 username=gateway password=secret timeout=2s;};

my @hosts = map {
    $live->nginx(workers => 2, http => $http,
                 server => $live->violet_location)
} 1, 2;

my $health = '/v1/operations/connection_health';

ok($live->wait_for(20, sub {
    my ($links) = $admin->command('INFO clients') =~ /tracking_clients:(\d+)/;
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
ok($live->wait_for(20, sub { !unused() }), 'each right is used')
    or diag(unused());

keys_are_documented();

$live->check_logs;
done_testing();


sub ask {
    my ($nginx, $what, %option) = @_;

    my $answer = $live->request($nginx->port, $what, %option,
                                $what =~ /^POST/ ? (body => '{}') : ());
    ok($answer->{status}, "$what: an answer");
}


# The commands that no client and no script has called, but those of rare
# branches of scripts.
sub unused {
    my %used = map { $_ => 1 }
               $admin->command('INFO commandstats') =~ /^cmdstat_([^:]+):/mg;

    for my $file (glob 'ngx_violet_module/*/*.c') {
        $used{lc $_} = 1
            for Live::Nginx::text_of($file) =~ /\bredis\.p?call\('(\w+)'/g;
    }

    return grep { !$used{$_} } map { /^\+(.*)/ ? $1 : () } @rights;
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
        'submit'           => qr/submit:$app:\d+(?::key:[0-9a-f]{32})?/,
        'submit of a key'  => qr/submit:$app:key:[0-9a-f]{32}/,
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

    return $words[0] if ($command // '') =~ /\Ahmget\z/i;
    return @words[2 .. 1 + $words[1]] if ($command // '') =~ /\Aeval(?:sha)?\z/i;
    return ();
}
