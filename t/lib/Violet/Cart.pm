package Violet::Cart;

# Checks of the answer to a cart submit: the contract's section 7.
#
#   --- cart_problem          a problem; one line for each value to check
#   status: 400               checks the status, type and outcome header of the
#   outcome: failed           response, too, and Retry-After with retry "later"
#   retry: after_change
#   retry_after: 5            the seconds of Retry-After, with retry "later";
#   retry_after: <=70         or up to 30 less, if they run down meanwhile
#   errors.0.reason: ITEM_UNAVAILABLE
#   errors.#: 1               the length of an array
#   detail: /no longer/       a regex
#   order: (Violet's)         the bytes that the mock sends
#   request_id: (sent)        the X-Request-Id that the mock was sent
#
#   --- cart_passes: completed        Violet's 200, byte for byte
#
#   --- mock_submits: 0               how often the mock was asked for each
#                                     cart, if not once for each request
#
# In addition a problem must have exactly the contract's keys in the contract's
# order, with values that it allows, and no cart is submitted twice.  In a block
# of several requests a section is an array; it has "undef" for a request that
# has no answer of this kind.  Values are JSON, or a string without its quotes.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use Test::More ();

use Violet::Schema ();

require Test::Nginx::Socket;

my %set = (
    outcome => [qw(failed partial unknown)],
    retry   => [qw(
        later after_change new_cart new_cart_for_failed_bags manual
    )],
    scope   => [qw(CART BAG SKU PAYMENT)],
    reason  => [qw(
        ITEM_UNAVAILABLE ITEM_INVALID PAYMENT_FAILED SHIPPING_INVALID
        ADDRESS_INVALID CUSTOMER_INVALID DISCOUNT_INVALID CART_NOT_READY
        CART_NOT_FOUND SUBMIT_IN_PROGRESS ALREADY_SUBMITTED
        SUBMIT_UNRESOLVED GUARD_UNAVAILABLE KEY_REUSED
        MERCHANT_UNAVAILABLE CREDENTIALS_REJECTED RATE_LIMITED UPSTREAM_ERROR
        UPSTREAM_TIMEOUT UPSTREAM_UNREACHABLE UPSTREAM_INVALID OTHER
    )],
    bag     => [qw(accepted failed pending unknown)],
);

my $word = sub { is_word(@_) };
my $words = sub { is_word($_[0]) && length $_[0] };
my $number = sub { is_number(@_) };
my $word_or_null = sub { !defined $_[0] || is_word($_[0]) };
my $number_or_null = sub { !defined $_[0] || is_number($_[0]) };
my $any_or_null = sub { !defined $_[0] || !ref $_[0] || is_number($_[0]) };

# Key and kind, in the contract's order.
my @violet = (
    id           => $any_or_null,
    error        => $word_or_null,
    code         => $number_or_null,
    type         => $word_or_null,
    entity_id    => $any_or_null,
    entity_type  => $word_or_null,
    date_created => $word_or_null,
);

my @error = (
    reason       => one_of('reason'),
    message      => $word_or_null,
    scope        => one_of('scope'),
    blocking     => sub { ref $_[0] eq 'JSON::PP::Boolean' },
    bag_id       => $number_or_null,
    merchant_id  => $number_or_null,
    sku_id       => $number_or_null,
    order_sku_id => $number_or_null,
    name         => $word_or_null,
    platform     => $word_or_null,
    violet       => \@violet,
);

my @bag = (
    bag_id           => $number_or_null,
    merchant_id      => $number_or_null,
    merchant_name    => $word_or_null,
    status           => $word_or_null,
    financial_status => $word_or_null,
    outcome          => one_of('bag'),
);

my @problem = (
    type       => $words,
    title      => $words,
    status     => $number,
    detail     => $words,
    message    => $words,
    error      => $word_or_null,
    code       => $number_or_null,
    outcome    => one_of('outcome'),
    retry      => one_of('retry'),
    cart_id    => $number_or_null,
    order_id   => $number_or_null,
    request_id => sub { is_word($_[0]) && $_[0] =~ /\A[0-9a-f]{32}\z/ },
    errors     => [[@error]],
    bags       => [[@bag]],
    upstream   => [
        status => $number_or_null,
        error  => $word_or_null,
        code   => $number_or_null,
    ],
    order      => sub { !defined $_[0] || ref $_[0] eq 'HASH' },
);

my $json = JSON::PP->new->utf8->allow_nonref->allow_bignum->canonical;

my @requests = qw(request raw_request pipelined_requests);

# The number of submits that this file sent to the mock by itself, by cart.
my %own;


Test::Nginx::Socket::add_block_preprocessor(\&expect);
Test::Nginx::Socket::add_response_body_check(\&check);
Test::Nginx::Socket::add_test_cleanup_handler(\&count);


sub one_of {
    my ($name) = @_;

    return sub {
        my ($value) = @_;
        return is_word($value) && grep { $_ eq $value } @{$set{$name}};
    };
}


# A number of JSON::PP has no string in it.
sub is_number {
    my ($value) = @_;

    return defined $value && $json->encode($value) =~ /\A-?\d+\z/;
}


sub is_word {
    my ($value) = @_;

    return defined $value && !ref $value && $json->encode($value) =~ /\A"/;
}


# Checks the response against the values of its problem.
sub expect {
    my ($block) = @_;

    my $problem = section($block, 'cart_problem');
    my $passes = section($block, 'cart_passes');

    return if !defined $problem && !defined $passes;

    my $many = ref $problem || ref $passes;
    my $requests = $many ? @{$problem || $passes} : 1;
    my (@codes, @headers, @raw);

    for my $i (0 .. $requests - 1) {
        my $lines = at($problem, $i);
        my $outcome = at($passes, $i);

        push @codes, defined $lines ? line_of($block, $lines, 'status') : 200;
        push @headers, defined $lines   ? problem_headers($block, $lines)
                       : defined $outcome ? pass_headers($outcome)
                       :                  '';
        push @raw, defined $lines ? retry_after($block, $lines) : '';
    }

    my $given = section($block, 'response_headers');

    $block->set_value('raw_response_headers_like', $many ? \@raw : $raw[0])
        if !defined section($block, 'raw_response_headers_like')
           && grep { length } @raw;

    $block->set_value('error_code', $many ? \@codes : $codes[0])
        if !defined section($block, 'error_code')
           && !defined section($block, 'error_code_like');

    $headers[$_] = (at($given, $_) // '') . "\n" . $headers[$_]
        for 0 .. $#headers;

    $block->set_value('response_headers', $many ? \@headers : $headers[0]);
}


sub section {
    my ($block, $name) = @_;

    my ($value) = $block->$name;

    return $value;
}


sub at {
    my ($value, $i) = @_;

    return ref $value eq 'ARRAY' ? $value->[$i] : $i ? undef : $value;
}


sub line_of {
    my ($block, $lines, $key) = @_;

    my ($value) = $lines =~ /^\s*\Q$key\E:\s*(.*?)\s*$/m
        or die $block->name . ": cart_problem without \"$key\"\n";

    return $value;
}


sub problem_headers {
    my ($block, $lines) = @_;

    line_of($block, $lines, 'errors.0.reason');

    my $retry = line_of($block, $lines, 'retry') eq 'later';

    return join "\n", 'Content-Type: application/problem+json',
        'X-Violet-Cart-Outcome: ' . line_of($block, $lines, 'outcome'),
        $retry ? '' : '!Retry-After', '';
}


# With retry "later" there is a Retry-After; the line "retry_after" says which.
sub retry_after {
    my ($block, $lines) = @_;

    return '' if line_of($block, $lines, 'retry') ne 'later';

    my ($after) = $lines =~ /^\s*retry_after:\s*(\S+)\s*$/m;
    $after //= '[1-9]\d*';
    $after = join '|', $1 - 30 .. $1 if $after =~ /^<=(\d+)$/;

    return qr/\r\nRetry-After: (?:$after)\r\n/;
}


sub pass_headers {
    my ($outcome) = @_;

    return "Content-Type: application/json\n"
           . "X-Violet-Cart-Outcome: $outcome\n!Retry-After\n";
}


sub check {
    my ($block, $body, $i) = @_;

    my $name = $block->name;
    my $lines = at(section($block, 'cart_problem'), $i);
    my $passes = at(section($block, 'cart_passes'), $i);

    $body = '' if !defined $body;

    check_problem($block, $name, $i, $body, $lines) if defined $lines;
    check_same($body, violets_own($block, $i), "$name - Violet's own bytes")
        if defined $passes;
}


sub check_problem {
    my ($block, $name, $i, $body, $lines) = @_;

    my $problem = eval { $json->decode($body) };
    my @wrong = ref $problem eq 'HASH' ? wrong_form($body, $problem)
                                       : "it is no JSON object: $@";

    Test::More::ok(!@wrong, "$name - the problem's form")
        or Test::More::diag(join "\n", @wrong, substr $body, 0, 4000);

    return if ref $problem ne 'HASH';

    Test::More::is($problem->{cart_id}, cart_of($block, $i),
                   "$name - cart_problem cart_id");

    for my $line (grep { /\S/ } split /\n/, $lines) {
        my ($path, $value) = $line =~ /^\s*(\S+?):\s*(.*?)\s*$/
            or die "$name: bad line in cart_problem: $line\n";

        next if $path eq 'retry_after';

        check_value($block, $i, $body, $problem, $path, $value);
    }
}


sub check_value {
    my ($block, $i, $body, $problem, $path, $value) = @_;

    my $title = $block->name . " - cart_problem $path";
    my $got = value_at($problem, $path);

    if ($value eq "(Violet's)") {
        my ($order) = $body =~ /,"order":(.*)\}\s*\z/s;
        check_same($order, violets_own($block, $i), $title);

    } elsif ($value eq '(sent)') {
        Test::More::is($got, last_request_id(), $title);

    } elsif ($value =~ m{\A/(.*)/\z}) {
        Test::More::like($got, qr/$1/, $title);

    } else {
        Test::More::is($json->encode($got), canonical($value), $title);
    }
}


sub canonical {
    my ($value) = @_;

    return $json->encode($value)
        if $value !~ /\A(?:-?\d+|true|false|null|".*"|\[.*\]|\{.*\})\z/;

    return $json->encode($json->decode($value));
}


# The value at a path such as "errors.0.violet.code" or "bags.#"; for a path
# that does not exist it returns a text that says so.
sub value_at {
    my ($value, $path) = @_;

    for my $step (split /\./, $path) {
        if ($step eq '#' && ref $value eq 'ARRAY') {
            $value = @$value;
        } elsif (ref $value eq 'ARRAY' && $step =~ /\A\d+\z/
                 && $step < @$value)
        {
            $value = $value->[$step];
        } elsif (ref $value eq 'HASH' && exists $value->{$step}) {
            $value = $value->{$step};
        } else {
            return "there is no $step";
        }
    }

    return $value;
}


sub check_same {
    my ($got, $expected, $title) = @_;

    $got = '' if !defined $got;

    Test::More::ok($got eq $expected, $title) and return;

    my $same = 0;
    $same++ while $same < length $got
                  && substr($got, $same, 1) eq substr($expected, $same, 1);

    Test::More::diag(sprintf "%d bytes instead of %d, they differ at %d:\n"
                             . "     got ...%s\nexpected ...%s",
                     length $got, length $expected, $same,
                     map { substr $_, $same, 80 } $got, $expected);
}


# Checks the rules that hold for every problem.
sub wrong_form {
    my ($body, $problem) = @_;

    my @wrong = wrong_value('', $problem, \@problem);

    return @wrong if @wrong;

    my $keys = join ' ', keys_of($body);
    my $expected = join ' ', expected_keys($problem);

    push @wrong, "the keys are\n  $keys\nand not\n  $expected"
        if $keys ne $expected;
    push @wrong, "type $problem->{type}"
        if $problem->{type}
           ne "urn:ngx-violet:cart-submit-$problem->{outcome}";
    push @wrong, "title $problem->{title}"
        if $problem->{outcome} eq 'failed'
           && $problem->{title} ne 'The cart was not submitted';
    push @wrong, 'no errors' if !@{$problem->{errors}};

    my $violation = Violet::Schema::violation($body);
    push @wrong, "the schema: $violation" if $violation ne '';

    return @wrong;
}


# A list of keys with their kinds describes an object, a list in a list an
# array.
sub wrong_value {
    my ($where, $value, $kind) = @_;

    return $kind->($value) ? () : "$where is wrong" if ref $kind eq 'CODE';

    if (ref $kind->[0]) {
        return "$where is no array" if ref $value ne 'ARRAY';
        return map { wrong_value("$where.$_", $value->[$_], $kind->[0]) }
                   0 .. $#$value;
    }

    return "$where is no object" if ref $value ne 'HASH';

    my %kind = @$kind;
    my @wrong = map { "$where.$_ is too much" }
                    grep { !$kind{$_} } sort keys %$value;

    for my $key (sort keys %kind) {
        push @wrong, exists $value->{$key}
                     ? wrong_value("$where.$key", $value->{$key}, $kind{$key})
                     : "$where.$key is missing";
    }

    return @wrong;
}


# The keys in the order of the text, without those in "order": "order" is the
# last member, and the bytes at its beginning cannot be in a string.
sub keys_of {
    my ($body) = @_;

    my ($text) = $body =~ /\A(.*?,"order":)/s or return 'without an order';
    my @keys;

    while ($text =~ /"((?:[^"\\]|\\.)*)"(\s*:)?/gs) {
        push @keys, $1 if $2;
    }

    return @keys;
}


sub expected_keys {
    my ($problem) = @_;

    my @keys;

    for (my $i = 0; $i < @problem; $i += 2) {
        push @keys, $problem[$i];
        push @keys, (names(@error), names(@violet)) x @{$problem->{errors}}
            if $problem[$i] eq 'errors';
        push @keys, (names(@bag)) x @{$problem->{bags}}
            if $problem[$i] eq 'bags';
        push @keys, qw(status error code) if $problem[$i] eq 'upstream';
    }

    return @keys;
}


sub names {
    my (@pairs) = @_;

    return @pairs[map { 2 * $_ } 0 .. $#pairs / 2];
}


# The carts that a block submits, in the order of its requests.
sub carts_of {
    my ($block) = @_;

    my @texts = grep { defined } map { section($block, $_) } @requests;

    return map { m{POST\s+\S*?/cart/(\d+)/submit}g } flat(\@texts);
}


sub flat {
    my ($value) = @_;

    return ref $value eq 'ARRAY' ? join '', map { flat($_) } @$value
           : ref $value eq 'HASH' ? flat($value->{value})
           : $value;
}


sub cart_of {
    my ($block, $i) = @_;

    my ($value) = grep { defined } map { section($block, $_) } @requests;
    my $request = flat(at($value, $i));

    return $request =~ m{/cart/(\d+)/(?:submit|payment)} ? $1 : undef;
}


# The mock's answer to this submit without a gateway.
sub violets_own {
    my ($block, $i) = @_;

    my $cart = cart_of($block, $i);

    $own{$cart}++;

    return ask("POST /v1/checkout/cart/$cart/submit");
}


sub last_request_id {
    my $last = $json->decode(ask('GET /_mock/last'));
    my ($id) = map { $_->[1] } grep { lc $_->[0] eq 'x-request-id' }
                                    @{$last->{cart_submit}{headers}};

    return $id;
}


# Asks the mock; returns the body.
sub ask {
    my ($request) = @_;

    my $port = $ENV{TEST_NGINX_VIOLET_PORT};
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port, Timeout => 5)
        or die "cannot connect to the mock's port $port: $!\n";

    print $sock join "\r\n", "$request HTTP/1.0", 'Host: localhost',
        'X-Violet-App-Id: 10000', 'X-Violet-App-Secret: mock-app-secret',
        'X-Violet-Token: mock-token', '', '';

    my $answer = do { local $/; <$sock> };

    return defined $answer ? $answer =~ s/\A.*?\r\n\r\n//sr : '';
}


# Checks after every block that each cart was submitted once.
sub count {
    my ($block) = @_;

    my %expected;
    my $times = section($block, 'mock_submits');

    $expected{$_} += 1 for carts_of($block);

    if (%expected) {
        my $counts = $json->decode(ask('GET /_mock/counts'));

        for my $cart (sort keys %expected) {
            my $wanted = defined $times ? $times : $expected{$cart};
            my $got = ($counts->{"cart_submit/$cart"} || 0)
                      - ($own{$cart} || 0);

            Test::More::is($got, $wanted, $block->name
                           . " - how often cart $cart reached Violet");
        }
    }

    %own = ();
}

1;
