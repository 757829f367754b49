package Live::FailingFlows;

# The flows of which Live::FailingCalls lets each call fail.  A flow is a method
# that prepares what it needs and returns code.  That code runs while a call may
# fail.  It sends requests to the gateway of the flow and returns what is wrong
# with the answers, in words; nothing if all is well.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use JSON::PP ();
use Live::Client;
use Live::FailingRefusals;
use Live::Health;
use Time::HiRes qw(sleep time);

our @ISA = ('Live::FailingRefusals');

# seconds that an answer may take
my $patience = 20;

# the gateway of a flow, if it is not the one that keeps its connections
my %gateway = (cold => 'cold', renewal => 'renewing', redis_away => 'away',
               map({ $_ => 'verified' } qw(verified_report verified_streamed
                                           verified_submit)),
               map({ $_ => 'refusing' } Live::FailingRefusals::names()),
               map { $_ => 'host' } qw(host_miss host_refresh host_submit
                                       host_webhook host_purge host_show));


# Takes the Live::FailingCalls whose gateways, numbers and helpers it uses.
sub new {
    my ($class, $calls) = @_;

    return bless {calls => $calls, live => $calls->{live},
                  health => $calls->{health}, merchant => 100000,
                  cart => 1000000, in_group => {}}, $class;
}


sub names {
    return qw(memory_hit redis_hit miss refresh limited list report_by_post
              streamed submit failed partial repeated repeated_partial
              in_doubt resolved again doubted outcome order left pipelined read_of_a_cart redis_lost
              redis_lost_submit redis_away host_miss host_refresh host_submit
              webhook host_webhook purge host_purge purge_cart show host_show
              ready prometheus json page verified_report
              verified_streamed verified_submit renewal cold),
           Live::FailingRefusals::names();
}


sub gateway_of {
    my ($self, $name, $kind) = @_;

    return $gateway{$name} if $gateway{$name};
    return $kind =~ /^(?:connect|socket|epoll)/ ? 'opening' : 'keeping';
}


sub prepare {
    my ($self, $name) = @_;

    my $flow = $self->can("flow_$name") or die "no flow is called $name\n";

    return $flow->($self);
}


# --- reports ---

# Two reports in one round of the event loop.
sub flow_memory_hit {
    my ($self) = @_;

    my @merchants = $self->in_redis;

    $self->get($_) for @merchants;

    return sub { $self->together(@merchants) };
}


sub flow_redis_hit {
    my ($self) = @_;

    my @merchants = $self->in_redis;

    return sub { $self->together(@merchants) };
}


sub flow_miss {
    my ($self) = @_;

    my @merchants = map { ++$self->{merchant} } 1, 2;

    return sub { $self->together(@merchants) };
}


# The gateway's connections to Redis are closed first.
sub flow_redis_lost {
    my ($self) = @_;

    my ($old) = $self->in_redis;
    my $new = ++$self->{merchant};

    return sub {
        $self->{health}->command("CLIENT KILL TYPE $_") for qw(normal pubsub);
        return $self->together($old, $new);
    };
}


# A gateway whose Redis cannot be reached.
sub flow_redis_away {
    my ($self) = @_;

    my ($first, $second) = map { ++$self->{merchant} } 1, 2;

    $self->get($first);

    return sub { $self->together($first, $second) };
}


# A gateway without a Redis.
sub flow_host_miss {
    my ($self) = @_;

    return $self->flow_miss;
}


sub flow_host_refresh {
    my ($self) = @_;

    return $self->flow_limited;
}


sub flow_refresh {
    my ($self) = @_;

    return sub { about($self->get('200003?refresh=true'), 200003) };
}


# The limiter asks Redis; if that fails it refuses.
sub flow_limited {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    return sub {
        my $answer = $self->get("$who?refresh=true", prefix => '/limit/');
        return $answer->{status} == 429 ? () : about($answer, $who);
    };
}


sub flow_list {
    my ($self) = @_;

    my $health = $self->{health};
    my @keys = map { $health->list_key($_) } qw(true false);

    $health->command("DEL @keys");

    return sub { about($self->get('', prefix => '/redis/'), 0) };
}


sub flow_report_by_post {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    return sub {
        my $answer = $self->ask(
            "POST /v1/operations/connection_health/$who", body => '{}');
        return $answer->{body} =~ /"merchantId": $who\b/ ? () : odd($answer)
            if $answer->{status} == 200;
        return $answer->{status} == 429 ? () : odd($answer);
    };
}


# Passed through by proxy_pass; the mock answers with what it got.
sub flow_streamed {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    return sub {
        my $answer = $self->ask("GET /v1/merchants/$who");

        $self->disarm;
        $self->{health}->control('reset');
        return odd($answer) if $answer->{status} != 200;

        my $echo = decoded($answer) or return 'the answer is cut';
        my %header = map { lc $_->[0] => $_->[1] } @{$echo->{headers}};

        return "$who gets $echo->{path}"
            if $echo->{path} ne "/v1/merchants/$who";
        return 'without credentials'
            if ($header{'x-violet-token'} // '') ne 'mock-token';
        return;
    };
}


# Over TLS that is verified.  A connection is there: nginx itself loses an SSL
# object if a call of OpenSSL fails while it makes one.
sub flow_verified_report {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    $self->ask('GET /v1/merchants');

    return sub { about($self->get($who), $who) };
}


# The URI has a character that nginx must escape again.
sub flow_verified_streamed {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    $self->ask('GET /v1/merchants');

    return sub {
        my $answer = $self->ask("GET /chosen/v1/merchants/$who%20");

        return odd($answer) if $answer->{status} != 200;

        my $echo = decoded($answer) or return 'the answer is cut';

        return $echo->{path} eq "/v1/merchants/$who%20"
               ? () : "$who gets $echo->{path}";
    };
}


# More headers than the list of an exchange has room for at first.
sub flow_verified_submit {
    my ($self) = @_;

    my $id = ++$self->{cart};
    my %many = map { ("X-Many-$_" => $_) } 1 .. 12;

    return sub { $self->submit($id, %many) };
}


# --- submits ---

sub flow_submit {
    my ($self) = @_;

    my $id = ++$self->{cart};

    return sub { $self->submit($id) };
}


sub flow_host_submit {
    my ($self) = @_;

    return $self->flow_submit;
}


sub flow_redis_lost_submit {
    my ($self) = @_;

    my $id = ++$self->{cart};

    return sub {
        $self->{health}->command('CLIENT KILL TYPE normal');
        return $self->submit($id);
    };
}


# A 400 or 422 with an API exception: the cart may be submitted again.
sub flow_failed {
    my ($self) = @_;

    my @groups = (40000, 41000, 41200, 41900, 42200, 42300);
    my $id = $self->of_group($groups[$self->{cart} % @groups]);

    return sub { $self->submit($id) };
}


sub flow_partial {
    my ($self) = @_;

    my $id = $self->of_group(20700);

    return sub { $self->submit($id) };
}


# A cart that another gateway has submitted is not sent again.
sub flow_repeated {
    my ($self) = @_;

    my $id = ++$self->{cart};

    $self->submit_at('other', $id);

    return sub {
        my $answer = $self->ask($self->submit_bytes($id));
        return (wrong_order($answer, $id), $self->repeated($id, 1));
    };
}


# The order of a cart that was ordered in part is shown again.
sub flow_repeated_partial {
    my ($self) = @_;

    my $id = $self->of_group(20700);

    $self->submit_at('other', $id);
    $self->{health}->control("cart?$id=partial");

    return sub {
        my $answer = $self->ask($self->submit_bytes($id));
        my $sent = $self->reached($id);
        my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';
        my $retry = (decoded($answer) || {})->{retry} || '';

        $self->disarm;
        $self->{health}->control('reset');

        return "$id: sent $sent times" if $sent != 1;
        return "$id: $outcome $retry"
            if $outcome eq 'completed'
               || $outcome eq 'failed' && $retry ne 'later';
        return wrong_order($answer, $id);
    };
}


# Violet closes the connection before it answers.
sub flow_in_doubt {
    my ($self) = @_;

    my $id = $self->of_group(60300);

    return sub { $self->submit($id) };
}


# The gateway's own read finds out what became of a submit in doubt.
sub flow_resolved {
    my ($self) = @_;

    my $id = $self->of_group(60300);

    $self->submit_at('other', $id);
    $self->{health}->control("cart?$id=completed");

    return sub {
        my $answer = $self->ask($self->submit_bytes($id));
        my $sent = $self->reached($id);

        $self->disarm;
        $self->{health}->control("cart?$id=open");
        $self->{health}->control('reset');

        return "$id: sent $sent times" if $sent != 1;
        return wrong_order($answer, $id);
    };
}


# "again" sends what was not submitted, once for each time it is said.
sub flow_again {
    my ($self) = @_;

    my $id = $self->of_group(60300);

    $self->submit_at('other', $id);
    $self->{health}->control("cart?$id=open");

    return sub {
        $self->ask($self->submit_bytes($id, 'X-Violet-Submit' => 'again'));
        my $sent = $self->reached($id);

        $self->disarm;
        $self->{health}->control('reset');

        return $sent > 2 ? "$id: sent $sent times" : ();
    };
}


# Violet refuses a submit, but an earlier one may have ordered the cart.  A
# gateway without its record has read in the order that it did not.
sub flow_doubted {
    my ($self) = @_;

    my $id = $self->of_group(60300);

    $self->submit_at('other', $id);
    $self->{health}->control("cart?$id=open");
    $self->{health}->control("fault?cart_submit/$id=400");

    return sub {
        my $answer = $self->ask($self->submit_bytes(
            $id, 'X-Violet-Submit' => 'again'));
        my $sent = $self->reached($id);
        my $read = $self->{health}->reached("cart_read/$id");
        my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';

        $self->disarm;
        $self->{health}->control("fault?cart_submit/$id=0");
        $self->{health}->control('reset');

        return "$id: sent $sent times" if $sent > 2;
        return "$id: $outcome, sent $sent times"
            if $outcome =~ /^(?:completed|partial)$/
               || $outcome eq 'failed' && $sent > 1 && !$read;
        return wrong_order($answer, $id);
    };
}


sub flow_outcome {
    my ($self) = @_;

    my $id = ++$self->{cart};

    $self->submit_at('other', $id);

    return sub {
        my $answer = $self->ask("GET /v1/checkout/cart/$id/submit");
        my $sent = $self->reached($id);
        my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';

        $self->disarm;
        $self->{health}->control('reset');

        return "$id: sent $sent times by a question" if $sent != 1;
        return "$id: an order is denied" if $outcome =~ /^(?:none|failed)$/;
        return wrong_order($answer, $id);
    };
}


# Guarded by its key.
sub flow_order {
    my ($self) = @_;

    my $id = ++$self->{cart};
    my $send = sub {
        return $self->ask('POST /v1/orders', body =>
                          qq({"app_order_id":$id}),
                          headers => {'Idempotency-Key' => "key-$id",
                                      'Content-Type' => 'application/json'});
    };

    return sub {
        my @wrong = wrong_order($send->(), $id);

        $self->disarm;
        $send->();
        my $again = $self->until_sent($send,
                          sub { $self->{health}->reached('order_create') });
        my $sent = $self->{health}->reached('order_create');

        $self->{health}->control('reset');

        return @wrong if $sent == 1 || !$sent && $self->may_wait($again);
        return (@wrong, "$id: sent $sent times");
    };
}


# The caller closes its half of the connection at once.
sub flow_left {
    my ($self) = @_;

    my $id = ++$self->{cart};

    return sub {
        my $client = $self->{live}->client($self->nginx->port);

        $client->send($self->submit_bytes($id));
        $client->close;
        $self->ask('GET /none');

        return $self->repeated($id, $self->{live}->wait_for(0.2, sub {
            $self->reached($id);
        }) || 0);
    };
}


# A pipelined request gets its own answer, or no answer.
sub flow_pipelined {
    my ($self) = @_;

    my $id = ++$self->{cart};
    my $who = ++$self->{merchant};

    return sub {
        my $client = $self->{live}->client($self->nginx->port);

        $client->send($self->submit_bytes($id, Connection => 'keep-alive')
                      . Live::Client::request_bytes(
                            $self->{health}->path($who)));

        my $first = $client->answer($patience);

        return "$id: no end" if ($first->{error} || '') =~ /time/;
        return $self->repeated($id, $self->reached($id)) if !$first->{status};

        my $second = Live::Health::read_vars($client->answer($patience));

        return (about($second, $who), wrong_order($first, $id),
                $self->repeated($id, $self->reached($id)));
    };
}


# A caller's read of a cart in doubt.
sub flow_read_of_a_cart {
    my ($self) = @_;

    my $id = 50000 + 2 * (++$self->{cart} % 50);

    $self->submit_at('other', $id);

    return sub {
        my $answer = $self->ask("GET /v1/checkout/cart/$id");

        $self->disarm;
        $self->{health}->control('reset');

        return if $answer->{status} == 404;
        return $answer->{status} == 200 ? wrong_order($answer, $id)
                                        : odd($answer);
    };
}


# --- operations ---

# An event that is accepted has dropped the report.
sub flow_webhook {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        my $answer = $self->event($who);
        return odd($answer) if $answer->{status} != 200;
        return $answer->{body} if $answer->{body} !~ /"accepted"/;
        return $self->not_dropped($who);
    };
}


# The second event of a merchant leaves the report for a minute at most.
sub flow_host_webhook {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    $self->event($who);
    $self->get($who);

    return sub {
        my $answer = $self->event($who);
        return odd($answer) if $answer->{status} != 200;

        $self->disarm;
        $self->{calls}->pass(61);
        return $self->get($who)->{cache} =~ /fwd=/
               ? () : "$who: the report is kept for longer than a minute";
    };
}


sub event {
    my ($self, $who) = @_;

    my $event = qq({"id":$who,"name":"Sample Merchant"});
    my $hmac = hmac_sha256_hex($event, 'mock-app-secret');

    return $self->ask('POST /hook', body => $event,
                      headers => {'X-Violet-Topic' => 'MERCHANT_COMPLETE',
                                  'X-Violet-Hmac' => $hmac});
}


sub flow_purge {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        my $answer = $self->ask("POST /purge?merchant_id=$who", body => '');
        return odd($answer) if $answer->{status} != 200;
        return $answer->{body} if $answer->{body} !~ /"reports":1/;
        return $self->not_dropped($who);
    };
}


sub flow_host_purge {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    $self->get($who);

    return sub {
        my $answer = $self->ask("POST /purge?merchant_id=$who", body => '');

        return odd($answer) if $answer->{status} != 200
                               && $answer->{status} != 204;

        return 'it says that there was nothing' if $answer->{status} == 204;
        return $answer->{body} =~ /"reports":1/ ? () : $answer->{body};
    };
}


# A cart that was freed may be sent; one that was not freed is not sent.
sub flow_purge_cart {
    my ($self) = @_;

    my $id = ++$self->{cart};

    $self->submit_at('other', $id);

    # until Redis has heard of the end
    $self->{live}->wait_for($patience, sub {
        $self->ask("GET /purge?cart_id=$id")->{body} =~ /"ended"/;
    });

    return sub {
        my $answer = $self->ask("POST /purge?cart_id=$id", body => '');

        $self->disarm;
        my $sent = $self->reached($id);
        $self->submit_at('other', $id) if $answer->{status} == 200;
        my $now = $self->reached($id);
        $self->{health}->control('reset');

        return "$id: a purge sends it" if $sent != 1;
        return odd($answer) if $answer->{status} != 200;
        return $now == 2 ? () : "$id: freed, but it is not sent";
    };
}


sub flow_show {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        return $self->shown($who);
    };
}


sub flow_host_show {
    my ($self) = @_;

    my $who = ++$self->{merchant};

    $self->get($who);

    return sub { $self->shown($who) };
}


sub shown {
    my ($self, $who) = @_;

    my $answer = $self->ask("GET /purge?merchant_id=$who");

    return odd($answer) if $answer->{status} != 200;
    return $answer->{body} =~ /"merchant_id":$who,"state":"ready"/
           ? () : $answer->{body};
}


sub flow_ready {
    my ($self) = @_;

    return sub {
        my $answer = $self->ask('GET /ready');
        return odd($answer) if $answer->{status} != 200;
        return decoded($answer) ? () : $answer->{body};
    };
}


sub flow_prometheus {
    my ($self) = @_;

    return sub { $self->status('prometheus', qr/^\w\S*(?:\{.*\})? \S+\n\z/m) };
}


sub flow_json {
    my ($self) = @_;

    return sub { $self->status('json', qr/\}\s*\z/) };
}


sub flow_page {
    my ($self) = @_;

    return sub { $self->status('html', qr/<\/html>\s*\z/) };
}


# An answer that says it is whole must be.
sub status {
    my ($self, $format, $end) = @_;

    my $answer = $self->ask("GET /status?format=$format");

    return odd($answer) if $answer->{status} != 200;
    return if !$answer->{whole};
    return "the end is cut: " . substr $answer->{body}, -40
        if $answer->{body} !~ $end;
    return 'it is no JSON' if $format eq 'json' && !decoded($answer);
    return;
}


# --- tokens ---

# A day passes, so the token is renewed; then there must be another one.
sub flow_renewal {
    my ($self) = @_;

    my $calls = $self->{calls};
    my $before = $calls->tokens;

    return sub {
        $calls->pass(85200);

        my $renewed = $self->{live}->wait_for(1, sub {
            $self->ask('GET /none');
            $calls->tokens > $before;
        });
        my @wrong = about($self->get(++$self->{merchant}), $self->{merchant});

        $self->disarm;

        return @wrong if $renewed;
        return (@wrong, $self->{live}->wait_for($patience, sub {
            $calls->pass(30);
            $self->ask('GET /none');
            $calls->tokens > $before;
        }) ? () : 'the token is not renewed');
    };
}


# The first request to a gateway that has no token yet.
sub flow_cold {
    my ($self) = @_;

    my $starts = $self->{calls}->start_cold;

    return sub {
        return if !$starts;

        my $answer = $self->get(++$self->{merchant});
        my @wrong = about($answer, $self->{merchant});

        $self->disarm;

        return (@wrong, $self->{live}->wait_for($patience, sub {
            $self->get(++$self->{merchant})->{status} == 200;
        }) ? () : 'there is no token');
    };
}


# --- what they share ---

sub nginx {
    return $_[0]{calls}{nginx};
}


sub disarm {
    return $_[0]{calls}->disarm;
}


# Two merchants whose reports are in Redis.
sub in_redis {
    my ($self) = @_;

    my @merchants = map { ++$self->{merchant} } 1, 2;

    $self->{health}->get($self->{calls}{other}, $_) for @merchants;

    return @merchants;
}


sub not_dropped {
    my ($self, $who) = @_;

    my $key = $self->{health}->key($who);
    my $stored = $self->{health}->command("HEXISTS $key etag");

    return $stored eq '0' ? () : "the report of $who is not dropped: $stored";
}


# A cart of a group of the mock's, about which no gateway has a record.
sub of_group {
    my ($self, $group) = @_;

    my $id = $group + $self->{in_group}{$group}++ % 100;

    $self->{live}->request($_->port, "POST /purge?cart_id=$id&force=1",
                           body => '', timeout => $patience)
        for $self->{calls}->gateways;

    return $id;
}


# An answer, with a status of 0 if there is none.
sub ask {
    my ($self, $what, %option) = @_;

    my $answer = $self->{live}->request($self->nginx->port, $what,
                                        timeout => $patience, %option);

    $answer->{status} //= 0;
    $answer->{body} //= '';

    return $answer;
}


sub get {
    my ($self, $what, %option) = @_;

    return $self->{health}->get($self->nginx, $what, timeout => $patience,
                                %option);
}


# Requests that the worker reads in one round of its event loop.
sub together {
    my ($self, @merchants) = @_;

    my $worker = $self->{calls}{worker};
    my @clients = map { $self->{live}->client($self->nginx->port) } @merchants;

    kill 'STOP', $worker;

    for my $n (0 .. $#clients) {
        $clients[$n]->send(Live::Client::request_bytes(
            $self->{health}->path($merchants[$n])));
    }

    kill 'CONT', $worker;

    return map {
        about(Live::Health::read_vars($clients[$_]->answer($patience)),
              $merchants[$_]);
    } 0 .. $#clients;
}


sub submit_at {
    my ($self, $gateway, $id) = @_;

    return $self->{live}->request($self->{calls}{$gateway}->port,
                                  submit_bytes($self, $id),
                                  timeout => $patience);
}


# A header of another length changes which small allocation needs a new block of
# its pool.
sub submit_bytes {
    my ($self, $id, %headers) = @_;

    return Live::Client::request_bytes(
        "POST /v1/checkout/cart/$id/submit", body => '{}',
        headers => {'X' . '-' x $self->{calls}{pad} => 1, %headers});
}


sub reached {
    my ($self, $id) = @_;

    return $self->{health}->reached("cart_submit/$id");
}


# --- the checks ---

sub decoded {
    my ($answer) = @_;

    return eval { JSON::PP::decode_json($answer->{body}) };
}


# No answer and an error of the gateway are fine.
sub odd {
    my ($answer) = @_;

    return "no end: $answer->{error}" if ($answer->{error} || '') =~ /time/;
    return if !$answer->{status} || $answer->{status} >= 500;
    return "it gets $answer->{status} " . substr $answer->{body}, 0, 200;
}


# A report must be the requested merchant's; any other answer must be an error.
sub about {
    my ($answer, $who) = @_;

    return map { "$who: $_" } odd($answer) if $answer->{status} != 200;

    my $body = decoded($answer);

    return if ref $body eq ($who ? 'HASH' : 'ARRAY')
              && (!$who || $body->{merchant_id} == $who);

    # a body whose end is missing
    return if !$answer->{whole} && !$body;

    return "$who gets " . substr $answer->{body}, 0, 200;
}


# The order and the problem name the cart that was submitted.
sub wrong_order {
    my ($answer, $id) = @_;

    return "$id: no end" if ($answer->{error} || '') =~ /time/;
    return if !$answer->{status};

    my $body = decoded($answer);
    return "$id: no JSON" if !$body && $answer->{status} == 200
                             && $answer->{whole};
    return if ref $body ne 'HASH';

    my $about = $answer->{status} == 200 ? $body->{id} : $body->{cart_id};

    return defined $about && $about != $id ? "$id gets $about" : ();
}


# A submit that is reported as failed must not have been sent.
sub submit {
    my ($self, $id, %headers) = @_;

    my $before = $self->reached($id);
    my $answer = $self->ask($self->submit_bytes($id, %headers));
    my $sent = $self->reached($id) - $before;
    my $problem = decoded($answer) || {};
    my $retry = $problem->{retry} || '';
    my $outcome = $answer->{headers}{'x-violet-cart-outcome'} || '';
    my $what = "$answer->{status} $outcome $retry, sent $sent times";

    return "$id: no end" if ($answer->{error} || '') =~ /time/;
    return "$id: $what" if $sent > 1
        || $outcome =~ /^(?:completed|partial)$/ && !$sent
        || $outcome eq 'failed' && $retry eq 'later' && $sent
        || $answer->{status} && !$outcome
           && !$self->{calls}->is_bare($answer, $sent);

    return (wrong_order($answer, $id), $self->repeated($id, $sent));
}


# Submits again, without a fault, until Violet has the submit.
sub until_sent {
    my ($self, $send, $reached) = @_;

    my $again;

    $self->{live}->wait_for($patience, sub {
        $again = $send->();
        $reached->();
    });

    return $again;
}


# A worker whose calls all failed could not take its claim back: the cart is in
# doubt for a minute and a half, and an order, which cannot be read, for good as
# soon as its claim has run out.
sub may_wait {
    my ($self, $again) = @_;

    return $self->{calls}{many} > 1
           && $again->{body} =~ /"retry":"later"|"SUBMIT_UNRESOLVED"/;
}


# The cart is sent only if the first submit was not sent, or failed.
sub repeated {
    my ($self, $id, $sent) = @_;

    $self->disarm;

    my $send = sub { $self->ask($self->submit_bytes($id)) };
    my $again = $sent ? $send->()
                : $self->until_sent($send, sub { $self->reached($id) });
    my $now = $self->reached($id);
    my $counts = $self->{live}->mock_counts($self->{health}->mock);
    my $may_fail = $id >= 40000 && $id < 43000;

    $self->{health}->control('reset');

    return "$id: sent $now times" if $now > 1 && !$may_fail;
    return "$id: not sent, then " . ($again->{status} || 'nothing')
           . " $again->{body}" if !$now && !$self->may_wait($again);
    return map { "$id: $counts->{$_} of $_" }
           grep { $counts->{$_} } qw(other garbage);
}

1;
