#!/usr/bin/perl

# The disk is full, cannot create a file, or cannot read one: nginx writes large
# bodies of requests and of answers to temporary files, and its logs.  A cart is
# not sent, or sent once and said to be so; an event is refused in a way that
# lets Violet repeat it; and everything goes on when there is room again.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256_hex);
use JSON::PP ();
use Live;
use Live::Health;
use Test::More;

my $live = Live->new;
my $health = Live::Health->new($live);
my $faults = Live::Faults->new($live);
my $port = Live::free_port();

# bytes of an answer that no buffer of a socket holds
my $size = 40_000_000;

my $nginx = $health->gateway(
    workers => 1, faults => $faults,
    extra => 'client_body_buffer_size 1k; proxy_buffers 4 4k;'
             . ' proxy_buffer_size 8k; proxy_busy_buffers_size 8k;'
             . 'violet_app files { app_id 1; app_secret s; token t; }'
             . " server { listen 127.0.0.1:$port; sendfile on;"
             . " root @{[files()]}; }",
    lines => 'violet_buffer_limit 8m; violet_refresh_limit off;',
    more => 'location = /hook { violet_webhook shop; }'
            . 'location /files/v1/ { violet files;'
            . " proxy_pass http://127.0.0.1:$port/v1/; }");

my ($worker) = $nginx->workers;
my $filler = 'x' x 100_000;
my ($cart, $key) = (1000000, 0);

# all calls of a kind fail until the disk has room again
my $all = 1_000_000;

for my $kind (qw(disk create pread)) {
    submits($kind);
    payments($kind);
    orders($kind);
    events($kind);
    reports($kind);
    large_answers($kind);
    slow_readers($kind) if $kind ne 'pread';
}

logs();

is(join(' ', $nginx->workers), $worker, 'the worker is the same');
$live->check_logs;
done_testing();


# A folder with a file "catalog".
sub files {
    my $folder = $live->folder . '/files';

    mkdir $_ or die "$_: $!\n" for $folder, "$folder/v1";
    open my $out, '>', "$folder/v1/catalog" or die "catalog: $!\n";
    truncate $out, $size or die "catalog: $!\n";
    close $out or die "catalog: $!\n";

    return $folder;
}


# While the calls of this kind fail; returns what the code does, and whether a
# call has failed.
sub without_room {
    my ($kind, $code) = @_;

    $faults->fail($worker, $kind, 1, many => $all);
    my @result = $code->();

    return (scalar $faults->disarm, @result);
}


sub ask {
    my ($what, %option) = @_;

    my $answer = $live->request($nginx->port, $what, timeout => 60, %option);
    my $problem = eval { JSON::PP::decode_json($answer->{body} // '') };

    $answer->{outcome} = $answer->{headers}{'x-violet-cart-outcome'} || '';
    $answer->{retry} = ref $problem eq 'HASH' ? $problem->{retry} || '' : '';
    $answer->{status} //= 0;

    return $answer;
}


# The caller learns that nothing was sent, from nginx's own 500 or from a
# problem, or gets the order.  If the body could not be read when its header was
# sent already, the gateway does not know what became of it.
sub is_true {
    my ($title, $answer, $sent) = @_;

    if ($answer->{outcome} eq 'unknown') {
        is($answer->{retry}, 'later', "$title: in doubt, sent $sent times");

    } elsif ($sent) {
        like($answer->{outcome}, qr/^completed$/,
             "$title: sent, with a status of $answer->{status}");

    } else {
        cmp_ok($answer->{status}, '>=', 500, "$title: refused");
        like($answer->{outcome}, qr/^(?:failed)?$/, "$title: not sent");
    }
}


sub submits {
    my ($kind) = @_;

    my $id = ++$cart;
    my $send = sub {
        ask("POST /v1/checkout/cart/$id/submit",
            body => qq({"note":"$filler"}));
    };
    my ($failed, $answer) = without_room($kind, $send);
    my $sent = $health->reached("cart_submit/$id");

    ok($failed, "$kind: a submit with a large body meets it");
    cmp_ok($sent, '<=', 1, "$kind: it is sent once at most");
    is_true("$kind, submit", $answer, $sent);

    # a doubt settles after a minute and a half
    my $doubt = $answer->{outcome} eq 'unknown';

    is($doubt, $kind eq 'pread', "$kind: whether it is in doubt");
    $answer = $send->();
    is("$answer->{status} $answer->{outcome}",
       $doubt ? '409 unknown' : '200 completed', "$kind: the next submit");
    is($health->reached("cart_submit/$id"), $doubt ? $sent : 1,
       "$kind: sent once at most");
}


# A payment is sent only after its body was read: it may complete the checkout.
sub payments {
    my ($kind) = @_;

    my $id = ++$cart;
    my $send = sub {
        ask("POST /v1/checkout/cart/$id/payment",
            body => qq({"note":"$filler","complete_checkout":true}));
    };
    my ($failed, $answer) = without_room($kind, $send);

    ok($failed, "$kind: a payment with a large body meets it");
    is($health->reached("cart_payment/$id"), 0, "$kind: it is not sent");
    cmp_ok($answer->{status}, '>=', 500, "$kind: and is refused");

    $answer = $send->();
    is("$answer->{status} $answer->{outcome}", '200 completed',
       "$kind: the next payment is fine");
    is($health->reached("cart_payment/$id"), 1, "$kind: and is sent once");
}


sub orders {
    my ($kind) = @_;

    my $name = "$kind-" . ++$key;
    my $send = sub {
        ask('POST /v1/orders', headers => {'Idempotency-Key' => $name},
            body => qq({"app_order_id":20001,"note":"$filler"}));
    };
    my $before = $health->reached('order_create');
    my ($failed, $answer) = without_room($kind, $send);
    my $sent = $health->reached('order_create') - $before;

    ok($failed, "$kind: an order with a large body meets it");
    is_true("$kind, order", $answer, $sent);

    $answer = $send->();
    is("$answer->{status} $answer->{outcome}", '200 completed',
       "$kind: the next order is fine");
    is($health->reached('order_create') - $before, 1, "$kind: made once");
}


sub events {
    my ($kind) = @_;

    my $event = qq({"id":30000,"name":"$filler","platform":"SHOPIFY"});
    my $send = sub {
        ask('POST /hook', body => $event, headers => {
            'X-Violet-Topic' => 'MERCHANT_COMPLETE',
            'X-Violet-Hmac' => hmac_sha256_hex($event, 'mock-app-secret')});
    };

    $health->get($nginx, 30000);
    my ($failed, $answer) = without_room($kind, $send);

    ok($failed, "$kind: a large event meets it");
    cmp_ok($answer->{status}, '>=', 500, "$kind: Violet sends it again");

    $answer = $send->();
    cmp_ok($answer->{status}, '<', 300, "$kind: the next one is taken")
        or diag($answer->{status}, $answer->{body});
}


# The answer to a submit is judged from memory.
sub large_answers {
    my ($kind) = @_;

    my $id = 21500 + $key;
    my $send = sub { ask("POST /v1/checkout/cart/$id/submit", body => '{}') };
    my ($failed, $answer) = without_room($kind, $send);

    is($health->reached("cart_submit/$id"), 1, "$kind: a large order is sent");
    is_true("$kind, large order", $answer, 1);

    $answer = $send->();
    is("$answer->{status} $answer->{outcome}", '200 completed',
       "$kind: it is completed");
    is($health->reached("cart_submit/$id"), 1, "$kind: and sent once");
}


# A report is kept in memory while it is read, so the disk does not matter.
sub reports {
    my ($kind) = @_;

    my $who = 22100 + $key;
    my ($failed, $answer)
        = without_room($kind, sub { $health->get($nginx, $who) });

    is($answer->{status}, 200, "$kind: a report of 5 MB");
    ok($answer->{whole}, "$kind: it is whole");
    like($answer->{cache}, qr/stored/, "$kind: and is stored");
    ok($health->get($nginx, $who)->{body} eq $answer->{body},
       "$kind: its copy is the same");
}


# A caller who does not read: nginx buffers the rest of the answer in a file.
sub slow_readers {
    my ($kind) = @_;

    my $client = $live->client($nginx->port);

    $faults->fail($worker, $kind, 1, many => $all);
    $client->send("GET /files/v1/catalog HTTP/1.1\r\nHost: a\r\n\r\n");
    ok($live->wait_for(30, sub { $faults->failed }),
       "$kind: an answer to a slow reader meets it");
    $faults->disarm;
    ok(!$client->answer(30)->{whole}, "$kind: its end is missing, visibly");

    my $answer = ask('GET /files/v1/catalog');
    is("$answer->{status} " . length $answer->{body}, "200 $size",
       "$kind: the next one is whole");
}


sub logs {
    my ($failed, @answers) = without_room('disk', sub {
        map { $health->get($nginx, 31000 + $_ % 10) } 1 .. 40;
    });

    ok($failed, 'full logs: lines are lost');
    is(scalar(grep { $_->{status} == 200 } @answers), 40,
       'full logs: all requests are answered');
}
