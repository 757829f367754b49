# Requests that are repeated, a plan, workers under a master, hooks.

use Test::Nginx::Socket;

repeat_each(2);
no_shuffle();
master_on();
workers(2);
worker_connections(128);
log_level('info');
env_to_nginx('SELFTEST=a');

plan tests => repeat_each() * (2 * blocks() + 5) + 1;

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->request) {
        $block->set_value('request', "GET /t\n");
    }
});

my $seen = 0;

add_response_body_check(sub {
    my ($block, $body, $request, $repeated) = @_;

    is($body, "abc$request", $block->name . " hook");
});

add_test_cleanup_handler(sub {
    my $block = shift;

    is($block->name =~ /R01/ ? 1 : 0, 1, $block->name . ' after')
        if !$seen++;
});

run_tests();

__DATA__

=== R01 the request of the preprocessor
--- config
location /t { return 200 "abc0"; }
--- error_log eval
[]

=== R02 several, two workers
--- config
location /t { return 200 "abc$arg_a"; }
--- request eval
["GET /t?a=0", "GET /t?a=1"]
--- access_log
/t?a=0

=== R03 a hook that fails FAILS
--- config
location /t { return 200 "abd"; }

=== R04 grep of the repeated ones
--- config
location /t { return 200 "abc0"; log_not_found on; }
location /u { return 200 "abc0"; }
--- request
GET /t
--- grep_error_log: closed keepalive
--- grep_error_log_out eval
["", ""]
