#!/usr/bin/perl

# The configurations of docs/redis.md are taken from the page and run, with the
# addresses and files of this test in place of the page's.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Live::Authority;
use Live::Cluster;
use Live::Dns;
use Live::Health;
use Live::Sentinels;
use Test::More;
use Violet::Redis;

my $live = Live->new;
my $health = Live::Health->new($live, redis => undef);
my $folder = $live->folder;
my $authority = Live::Authority->new("$folder/authority");
my $pair = $authority->issue('tls.redis.example');
my $own = $authority->issue('gateway');
my $socket = "$folder/redis.sock";
my $port = Live::free_port();

my %redis = (
    'redis.example:6379'     => plain('gw:', '--unixsocket', $socket),
    'redis-a.example:6379'   => plain('violet:'),
    'redis-b.example:6379'   => plain('violet:'),
    'tls.redis.example:6380' => $live->redis(port => $port, args => [
        '--port', 0, '--tls-port', $port,
        '--tls-cert-file', $pair->{certificate}, '--tls-key-file', $pair->{key},
        '--tls-ca-cert-file', $authority->file,
        '--tls-auth-clients', 'optional']),
);
my %file = (
    redis_password => password(),
    'redis_ca.pem' => $authority->file,
    'gateway.pem'  => $own->{certificate},
    'gateway.key'  => $own->{key},
);

my $dns = Live::Dns->start($live);
my $group = Live::Sentinels->start($live);
my $cluster = Live::Cluster->start($live);

$dns->answers('redis.example' => ['127.0.0.1']);
user($_, 'violet:') for $group->redis;
user($_, '{violet}:', '+cluster|slots') for $cluster->nodes;

@redis{map { "sentinel-$_.example:26379" } 1 .. 3} = $group->sentinels;
@redis{map { "node-$_.example:6379" } 1 .. 3} = $cluster->nodes;

my @blocks = Live::Nginx::text_of('docs/redis.md') =~ /^```nginx\n(.*?)^```$/msg;

cmp_ok(scalar @blocks, '>=', 9, 'the page has configurations');
runs($blocks[$_], 10000 + $_) for 0 .. $#blocks;

$live->check_logs;
done_testing();


# A Redis whose user "gateway" has the documented rights.
sub plain {
    my ($prefix, @args) = @_;

    my $redis = $live->redis(args => \@args);

    user($redis, $prefix);
    Violet::Redis->new($redis->port)->command('CONFIG SET unixsocketperm 777');

    return $redis;
}


sub user {
    my ($redis, $prefix, @more) = @_;

    my @rights = map { /^~/ ? "~$prefix*" : $_ } Violet::Redis::rights();

    Violet::Redis->new($redis->port)->command(
        "ACL SETUSER gateway on >hush-hush @rights @more");
}


sub password {
    my $file = "$folder/password";

    open my $out, '>', $file or die "$file: $!\n";
    print $out "hush-hush\n";
    close $out or die "$file: $!\n";
    chmod 0600, $file or die "$file: $!\n";

    return $file;
}


sub here {
    my ($block) = @_;

    my $port_of_dns = $dns->port;

    # nginx finds this Redis by its name
    if ($block =~ s{resolver \S+}{resolver 127.0.0.1:$port_of_dns ipv6=off}) {
        my $port = $redis{'redis-a.example:6379'}->port;

        $block =~ s{//redis\.example:6379}{//redis.example:$port};
    }

    for my $name (keys %redis) {
        my $port = $redis{$name}->port;

        # the name is the certificate's
        $block =~ s{//\Q$name\E(?= )(.*?);}{//127.0.0.1:$port$1 ssl_name=tls.redis.example;}s
            if $name =~ /^tls/;
        $block =~ s{//\Q$name\E}{//127.0.0.1:$port}g;
    }

    $block =~ s{//192\.0\.2\.7:\d+}{//127.0.0.1:$port};
    $block =~ s{/run/redis/redis\.sock}{$socket};
    $block =~ s{/etc/nginx/violet/([\w.]+)}{$file{$1} || die "$1\n"}ge;

    return $block;
}


sub runs {
    my ($block, $cart) = @_;

    my ($title) = $block =~ /^(.*?);?$/m;
    my $text = here($block);
    my $merchant = $cart * 10;
    my @gateways = map {
        $health->gateway(workers => 1, redis => '', extra => $text)
    } 1 .. 2;

    ok($live->wait_for(20, sub {
           $health->get($gateways[0], ++$merchant);
           $health->get($gateways[1], $merchant)->{vars}{cache_status}
               eq 'HIT';
       }), "$title: a report is shared");

    $live->request($_->port, "POST /v1/checkout/cart/$cart/submit",
                   body => '{}') for @gateways;
    is($live->mock_counts($health->mock)->{"cart_submit/$cart"}, 1,
       "$title: a submit reaches Violet once");

    $_->process->stop for @gateways;
}
