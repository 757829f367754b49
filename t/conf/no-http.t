#!/usr/bin/perl

# An nginx that has the module and no http block, as one for mail or TCP: it
# starts, reloads and ends as without the module, with a master process and
# without one.

use strict;
use warnings;

use lib 't/lib';
use Live;
use Test::More;

my $live = Live->new;

for my $master (qw(on off)) {
    my $nginx = Bare->new(folder => $live->folder . "/$master",
                          root => '.', port => 0, master => $master);
    my ($right, $output) = $nginx->test_config;

    ok($right, "master_process $master: nginx -t takes it") or diag($output);

    $nginx->start;
    ok($nginx->wait_log(qr/ using the "\w+" event method/),
       "master_process $master: it starts");
    $nginx->signal('HUP');
    ok($nginx->wait_log(qr/ reconfiguring/),
       "master_process $master: it reloads");
    ok($nginx->quit, "master_process $master: it ends");
    is($nginx->process->status, 0, "master_process $master: with success");
    unlike($nginx->error_log, qr/\[(?:alert|emerg|crit|error)\]|on signal \d/,
           "master_process $master: no process has crashed");
}

$live->check_logs;
done_testing();


package Bare;

use parent -norequire, 'Live::Nginx';


sub config_text {
    my ($self) = @_;

    my $folder = $self->folder;
    my $user = $> == 0 ? 'user root;' : '';

    return <<"    END";
@{[Live::Nginx::load_module({%$self, server => 'violet'})]}
$user
daemon off;
master_process $self->{master};
error_log $folder/logs/error.log info;
pid $folder/logs/nginx.pid;
events {}
    END
}
