package Live::FailingRefusals;

# Flows of Live::FailingFlows: requests that the gateway answers by itself, with
# a problem document, and events that come in pieces.  While a call
# fails the caller gets that problem, whole, or a 500, or no answer; what was
# refused does not reach Violet.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);

# bytes of an event: it is hashed in more than one piece
my $large = 200_000;


sub names {
    return qw(wrong_method no_token_given too_large unsigned large_event
              large_event_cut unknown_event plain_http unknown_app
              unknown_app_submit traced shown_cart);
}


# The gateway of these flows.
sub gateway {
    my ($calls) = @_;

    my $health = $calls->{health};

    return $calls->gateway(
        extra => Live::Faults::small_pools() . <<'        END',
        map '' $no_app { default nobody; }
        map '' $far    { default '192.0.2.1:80'; }

        violet_app far {
            app_id 10001;
            app_secret far-app-secret;
            token far-token;
            environment far;
        }
        END
        more => $health->location('/redis/', 'violet_health_memory off;')
                . $health->location('/unknown/', '', '$no_app')
                . 'location /far/v1/ { violet far;'
                . ' proxy_pass http://$far; }'
                . operations());
}


sub operations {
    return <<'    END';
    location = /hook { violet_webhook shop; client_body_buffer_size 1k; }
    location = /small { violet_webhook shop; client_max_body_size 1k; }
    location = /purge { violet_purge shop; }
    location = /secret { violet_purge shop token=purge-token; }
    END
}


# --- operations ---

sub flow_wrong_method {
    my ($self) = @_;

    return sub {
        $self->refused('PUT /purge?merchant_id=1', 405, 'method-not-allowed',
                       with => 'allow', body => '');
    };
}


sub flow_no_token_given {
    my ($self) = @_;

    return sub {
        $self->refused('POST /secret?merchant_id=1', 401, 'unauthorized',
                       with => 'www-authenticate', body => '');
    };
}


# nginx refuses the body before a handler runs; without memory for the problem
# its own page is sent.
sub flow_too_large {
    my ($self) = @_;

    return sub {
        $self->refused('POST /small', 413, 'too-large', page => 1,
                       body => 'x' x 2000);
    };
}


sub flow_unsigned {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        my @wrong = $self->refused(
            'POST /hook', 401, 'unauthorized', with => 'www-authenticate',
            body => qq({"id":$who}), headers => {
                'X-Violet-Topic' => 'MERCHANT_COMPLETE',
                'X-Violet-Hmac' => '0' x 64});
        return (@wrong, $self->kept($who));
    };
}


# In a file, and hashed in pieces.
sub flow_large_event {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        my $answer = $self->signed(
            qq({"id":$who,"name":") . 'x' x $large . '"}');

        return Live::FailingFlows::odd($answer) if $answer->{status} != 200;
        return $answer->{body} if $answer->{body} !~ /"accepted"/;
        return $self->not_dropped($who);
    };
}


# The caller leaves while the event is read.
sub flow_large_event_cut {
    my ($self) = @_;

    my ($who) = $self->in_redis;
    my $event = qq({"id":$who,"name":") . 'x' x $large . '"}';

    return sub {
        my $client = $self->{live}->client($self->nginx->port);

        $client->send(Live::Client::request_bytes(
            'POST /hook', body => $event, headers => signature($event)));
        $client->close;
        $self->ask('GET /none');
        return;
    };
}


sub flow_unknown_event {
    my ($self) = @_;

    my ($who) = $self->in_redis;

    return sub {
        my $answer = $self->signed(qq({"what":$who}), '');

        return Live::FailingFlows::odd($answer) if $answer->{status} != 200;
        return $answer->{body} if $answer->{body} !~ /"ignored"/;
        return $self->kept($who);
    };
}


# Another host has submitted it.
sub flow_shown_cart {
    my ($self) = @_;

    my $id = ++$self->{cart};

    $self->submit_at('other', $id);
    $self->{live}->submit_ended($self->{health}{redis}, $id)
        or return sub { "$id: Redis does not know that it ended" };

    return sub {
        my $answer = $self->ask("GET /purge?cart_id=$id");

        return Live::FailingFlows::odd($answer) if $answer->{status} != 200;
        return $answer->{body} =~ /"cart_id":$id,"record":\{/
               ? () : $answer->{body};
    };
}


# --- requests that are not sent ---

# The credentials do not go to another machine by plain http.
sub flow_plain_http {
    my ($self) = @_;

    return sub {
        $self->refused('GET /far/v1/merchants', 500, 'configuration');
    };
}


sub flow_unknown_app {
    my ($self) = @_;

    return sub {
        $self->refused('GET /unknown/v1/merchants', 500, 'configuration');
    };
}


# A cart that was not sent may be sent: its problem says so.
sub flow_unknown_app_submit {
    my ($self) = @_;

    my $id = ++$self->{cart};

    return sub {
        my $answer = $self->ask("POST /unknown/v1/checkout/cart/$id/submit",
                                body => '{}');
        my $sent = $self->reached($id);
        my $outcome = $answer->{headers}{'x-violet-cart-outcome'} // 'failed';

        return "$id: sent $sent times" if $sent;
        return $outcome eq 'failed' ? () : "$id: $outcome";
    };
}


# With the caller's ids of a trace, which the report's request has too.
sub flow_traced {
    my ($self) = @_;

    my $who = ++$self->{merchant};
    my %trace = (traceparent => '00-' . 'ab' x 16 . '-' . 'cd' x 8 . '-01',
                 tracestate => 'shop=1', 'X-Request-Id' => "request-$who");

    return sub {
        Live::FailingFlows::about($self->get($who, headers => \%trace), $who);
    };
}


# --- what they share ---

sub signature {
    my ($event, $topic) = @_;

    $topic //= 'MERCHANT_COMPLETE';

    return {'X-Violet-Hmac' => hmac_sha256_hex($event, 'mock-app-secret'),
            length $topic ? ('X-Violet-Topic' => $topic) : ()};
}


sub signed {
    my ($self, $event, $topic) = @_;

    return $self->ask('POST /hook', body => $event,
                      headers => signature($event, $topic));
}


# An event that was not accepted has dropped nothing.
sub kept {
    my ($self, $who) = @_;

    return $self->not_dropped($who) ? () : "$who: its report is dropped";
}


# The problem of that type, with its header; or a 500, or no answer.
sub refused {
    my ($self, $what, $status, $type, %option) = @_;

    my $with = delete $option{with};
    my $page = delete $option{page} || $status == 500;
    my $answer = $self->ask($what, %option);

    return Live::FailingFlows::odd($answer) if $answer->{status} != $status;
    return if !$answer->{whole};

    my $problem = Live::FailingFlows::decoded($answer)
        or return $page ? () : "no problem: $answer->{body}";

    return "type $problem->{type}"
        if $problem->{type} ne "urn:ngx-violet:$type"
           && $problem->{status} != 500;
    return "$status without $with"
        if $with && !defined $answer->{headers}{$with};
    return;
}

1;
