package Test::Nginx::Check;

# The assertions: each section of a block that expects something becomes one
# or more lines of TAP.

use strict;
use warnings;

use Exporter 'import';
use Test::More ();
use Time::HiRes qw(sleep);
use Test::Nginx::Util qw(bail_out expand_env setting trim_text);

our @EXPORT_OK = qw(
    check_status check_raw_headers check_headers filter_body check_body
    check_error_log check_access_log check_shutdown_log forget_error_log
    is_text one_of
);

# The part of the error log that has been read.
my $error_log_read = 0;


sub forget_error_log {
    $error_log_read = 0;
}


# The value for the request $at: an array has one for each request, and a block
# of several requests must have an array.
sub one_of {
    my ($block, $section, $at) = @_;

    my $value = $block->value($section);
    my $is_array = ref $value eq 'ARRAY';

    if ($at->{many} && !$is_array) {
        bail_out($block->value('name') . " - $section must be an array,"
                 . ' as there are several requests');
    }

    return $is_array ? $value->[$at->{request}] : $value;
}


sub is_text {
    my ($got, $expected, $title) = @_;

    if (ref $expected eq 'Regexp') {
        return Test::More::like($got, $expected, $title);
    }

    if (setting('no_long_string') || !defined $got || !defined $expected
        || length($got) + length($expected) < 200)
    {
        return Test::More::is($got, $expected, $title);
    }

    return Test::More::ok($got eq $expected, $title)
        || Test::More::diag(difference($got, $expected));
}


sub difference {
    my ($got, $expected) = @_;

    my $same = 0;
    my $min = length $got < length $expected
              ? length $got : length $expected;

    $same++ while $same < $min
            && substr($got, $same, 1) eq substr($expected, $same, 1);

    my $from = $same > 40 ? $same - 40 : 0;

    return sprintf "%d bytes instead of %d, they differ at %d\n"
                   . "     got: ...%s...\nexpected: ...%s...\n",
                   length $got, length $expected, $same,
                   visible(substr $got, $from, 120),
                   visible(substr $expected, $from, 120);
}


sub visible {
    my ($text) = @_;

    $text =~ s/([^\x20-\x7e])/sprintf '\x%02x', ord $1/ge;

    return $text;
}


sub check_status {
    my ($block, $response, $at) = @_;

    my $name = $block->value('name');
    my $code = $response && $response->code || '';

    if (defined $block->value('error_code_like')) {
        my $pattern = one_of($block, 'error_code_like', $at);
        Test::More::like($code, qr/$pattern/ms, "$name - status");
        return;
    }

    my $expected = defined $block->value('error_code')
                   ? one_of($block, 'error_code', $at) : 200;

    Test::More::is($code, $expected, "$name - status");
}


sub check_raw_headers {
    my ($block, $response, $at) = @_;

    my $name = $block->value('name');
    my $raw = $response ? $response->raw_headers : '';

    if (defined $block->value('raw_response_headers_like')) {
        my $pattern = one_of($block, 'raw_response_headers_like', $at);
        Test::More::like($raw, qr/$pattern/s, "$name - raw headers");
    }

    if (defined $block->value('raw_response_headers_unlike')) {
        my $pattern = one_of($block, 'raw_response_headers_unlike', $at);
        Test::More::unlike($raw, qr/$pattern/s, "$name - raw headers unlike");
    }
}


# "Name: value", or "!Name" for a header that must not be there, in the letter
# case that is given.
sub check_headers {
    my ($block, $response, $at) = @_;

    my $name = $block->value('name');

    if (defined $block->value('response_headers')) {
        my $expected = header_lines(one_of($block, 'response_headers', $at));

        for my $key (sort keys %$expected) {
            my $title = "$name - header $key";
            my $value = $expected->{$key};

            if (defined $value) {
                Test::More::is(header($response, $key), with_ports($value),
                               $title);
            } else {
                my $raw = $response ? $response->raw_headers : '';
                Test::More::unlike($raw, qr/^\s*\Q$key\E\s*:/ms,
                                   "$title is absent");
            }
        }

    } elsif (defined $block->value('response_headers_like')) {
        my $expected
            = header_lines(one_of($block, 'response_headers_like', $at));

        for my $key (sort keys %$expected) {
            my $pattern = defined $expected->{$key} ? $expected->{$key} : '';
            Test::More::like(header($response, $key), qr/^$pattern$/,
                             "$name - header $key is like");
        }
    }
}


sub header {
    my ($response, $key) = @_;

    my $value = $response ? $response->header($key) : undef;

    return defined $value ? $value : '';
}


sub header_lines {
    my ($text) = @_;

    my %expected;

    for my $line (split /\n/, defined $text ? $text : '') {
        $line = trim_text($line);
        next if $line eq '';

        if ($line =~ /^!\s*(.*)/) {
            $expected{$1} = undef;
        } else {
            my ($key, $value) = split /\s*:\s*/, $line, 2;
            $expected{$key} = $value;
        }
    }

    return \%expected;
}


sub with_ports {
    my ($text) = @_;

    my $port = setting('server_port');
    my $client_port = setting('server_port_for_client');

    $text =~ s/\$ServerPortForClient\b/$client_port/g;
    $text =~ s/\$ServerPort\b/$port/g;

    return $text;
}


my %body_filter = (
    length   => sub { length $_[0] },
    lc       => sub { lc $_[0] },
    lcfirst  => sub { lcfirst $_[0] },
    md5_hex  => sub { require Digest::MD5; Digest::MD5::md5_hex($_[0]) },
    sha1_hex => sub { require Digest::SHA; Digest::SHA::sha1_hex($_[0]) },
    uc       => sub { uc $_[0] },
    ucfirst  => sub { ucfirst $_[0] },
);


# In an array of arrays each request has its own filters.
sub filter_body {
    my ($block, $response, $at) = @_;

    my $filters = $block->value('response_body_filters');

    return if !$response || !defined $filters;

    $filters = [split ' ', $filters] if !ref $filters;
    $filters = [$filters] if ref $filters ne 'ARRAY';
    $filters = $filters->[$at->{request}] if ref $filters->[0] eq 'ARRAY';

    my $body = $response->content;

    for my $filter (ref $filters eq 'ARRAY' ? @$filters : ()) {
        my $code = ref $filter eq 'CODE' ? $filter : $body_filter{$filter};
        bail_out($block->value('name') . " - no body filter $filter")
            if !$code;
        $body = $code->($body);
    }

    $response->content($body);
}


sub check_body {
    my ($block, $response, $at) = @_;

    my $name = $block->value('name');
    my $body = $response ? $response->content : undef;

    if (defined $block->value('response_body')) {
        my $expected = one_of($block, 'response_body', $at);
        $expected = expand_env(with_ports($expected), $name)
            if defined $expected && !ref $expected;

        is_text(sorted_json($block, $body), $expected,
                "$name - body of request $at->{request}");
        return;
    }

    for my $kind (qw(like unlike)) {
        next if !defined $block->value("response_body_$kind");

        my $pattern = one_of($block, "response_body_$kind", $at);
        $pattern = with_ports($pattern) if defined $pattern && !ref $pattern;

        my $check = Test::More->can($kind);
        $check->($body, qr/$pattern/s,
                 "$name - body $kind of request $at->{request}");
        return;
    }
}


sub sorted_json {
    my ($block, $body) = @_;

    return $body if !defined $block->value('response_body_json_sort');

    require JSON::PP;
    my $json = JSON::PP->new->canonical(1)->loose(1);
    my $value = eval { $json->decode($body) };

    return $@ ? $body : $json->encode($value) . "\n";
}


# An undefined pattern in an array is ignored.
sub patterns_of {
    my ($block, $section) = @_;

    my $value = $block->value($section);

    return grep { defined $_ } @$value if ref $value eq 'ARRAY';
    return $value if ref $value;

    return split /\n+/, $value;
}


sub matches {
    my ($line, $pattern) = @_;

    return ref $pattern ? $line =~ /$pattern/ : index($line, $pattern) >= 0;
}


# One check for each pattern: it matches a line of the log.
sub check_log_has {
    my ($block, $section, $lines, $where) = @_;

    for my $pattern (patterns_of($block, $section)) {
        Test::More::ok((grep { matches($_, $pattern) } @$lines),
                       $block->value('name') . " - $section: \"$pattern\""
                       . $where);
    }
}


# Each line of the log that matches the pattern is a failure.
sub check_log_lacks {
    my ($block, $section, $lines, $where) = @_;

    for my $pattern (patterns_of($block, $section)) {
        my $title = $block->value('name') . " - $section: \"$pattern\"";
        my @found = grep { matches($_, $pattern) } @$lines;

        Test::More::pass("$title$where") if !@found;

        for my $line (@found) {
            Test::More::fail("$title$where");
            Test::More::diag("in the log: $line");
        }
    }
}


sub read_lines {
    my ($path, $from) = @_;

    open my $in, '<', $path or return;
    seek $in, $from, 0;
    my @lines = <$in>;

    return (\@lines, tell $in);
}


# nginx logs after it has closed the connection, so wait a little.
sub error_log_lines {
    sleep 3 * setting('sleep');

    my $from = setting('whole_error_log') ? 0 : $error_log_read;
    my ($lines, $end) = read_lines($Test::Nginx::Util::ErrLogFile, $from);

    $error_log_read = $end if defined $end;

    return $lines || [];
}


# A section on the error log is about the lines that came since the last look,
# so in a block of several requests it holds for each request by itself.
sub check_error_log {
    my ($block, $at) = @_;

    my $lines = error_log_lines();
    my $where = " (run $at->{run})";

    check_grepped($block, $lines, $at);

    check_log_has($block, 'error_log', $lines, $where)
        if defined $block->value('error_log');
    check_log_lacks($block, 'no_error_log', $lines, $where)
        if defined $block->value('no_error_log');

    warn_of_grave_lines($block, $lines);

    for my $line (grep { /\bAssertion .*?failed\b/ } @$lines) {
        Test::More::fail($block->value('name') . " - $line");
    }
}


sub check_grepped {
    my ($block, $lines, $at) = @_;

    my $name = $block->value('name');
    my $pattern = $block->value('grep_error_log');
    my $expected = $block->value('grep_error_log_out');

    return if !defined $pattern && !defined $expected;

    bail_out("$name - grep_error_log and grep_error_log_out go together")
        if !defined $pattern || !defined $expected;

    $pattern = $pattern->[$at->{run}] if ref $pattern eq 'ARRAY';
    $expected = $expected->[$at->{run}] if ref $expected eq 'ARRAY';

    return if !defined $pattern;

    my $regex = ref $pattern ? $pattern : qr/\Q$pattern\E/;
    my $found = '';

    for my $line (@$lines) {
        next if $line !~ $regex;
        my $match = substr $line, $-[0], $+[0] - $-[0];
        $found .= "$match\n" if $match !~ /\n/;
    }

    is_text($found, expand_env($expected, $name),
            "$name - grep_error_log_out (run $at->{run})");
}


# Shows a line that is not a failure by itself.
sub warn_of_grave_lines {
    my ($block, $lines) = @_;

    return if defined $block->value('must_die');

    my $asked = join "\n", map { flat($block->value($_)) }
                           qw(error_log no_error_log);

    for my $level (qw(alert crit emerg)) {
        next if index($asked, "[$level") >= 0
                || index($asked, "\\[$level") >= 0;

        for my $line (grep { /\[$level\]/ } @$lines) {
            warn 'WARNING: ', $block->value('name'), " - $line";
        }
    }
}


sub flat {
    my ($value) = @_;

    return '' if !defined $value;
    return join "\n", map { flat($_) } @$value if ref $value eq 'ARRAY';

    return "$value";
}


sub check_access_log {
    my ($block, $at) = @_;

    return if !defined $block->value('access_log')
              && !defined $block->value('no_access_log');

    sleep 3 * setting('sleep');
    my ($lines) = read_lines($Test::Nginx::Util::AccLogFile, 0);
    $lines ||= [];

    my $where = " (run $at->{run})";

    check_log_has($block, 'access_log', $lines, $where)
        if defined $block->value('access_log');
    check_log_lacks($block, 'no_access_log', $lines, $where)
        if defined $block->value('no_access_log');
}


# Checks the lines that nginx logs while it ends: call it after the end.
sub check_shutdown_log {
    my ($block) = @_;

    return if !defined $block->value('shutdown_error_log')
              && !defined $block->value('no_shutdown_error_log');

    my $lines = error_log_lines();

    check_log_has($block, 'shutdown_error_log', $lines, '')
        if defined $block->value('shutdown_error_log');
    check_log_lacks($block, 'no_shutdown_error_log', $lines, '')
        if defined $block->value('no_shutdown_error_log');
}

1;
