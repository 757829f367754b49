package Live::Prometheus;

# A real Prometheus that scrapes gateways every 200 ms.
#
#   my $prometheus = Live::Prometheus->start($live, targets => [$port],
#                                            rules => $text);
#   $prometheus->query('violet_flights');   # [{metric => {...}, value => ...}]
#   $prometheus->firing;                    # names of alerts
#
# Options: targets (ports), path (/status), rules (the text of a file of
# rules).

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP ();

use Live ();


sub start {
    my ($class, $live, %option) = @_;

    my $port = Live::free_port();
    my $folder = $live->folder . "/prometheus.$port";

    mkdir $folder or die "$folder: $!\n";

    put("$folder/rules.yml", $option{rules} // "groups: []\n");
    put("$folder/prometheus.yml", <<"    END");
global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
rule_files: ['$folder/rules.yml']
scrape_configs:
  - job_name: violet
    metrics_path: @{[$option{path} // '/status']}
    static_configs: [{targets: [@{[join ', ', map { "'127.0.0.1:$_'" }
                                              @{$option{targets}}]}]}]
    END

    my $process = $live->process(
        'prometheus', 'prometheus', "--config.file=$folder/prometheus.yml",
        "--storage.tsdb.path=$folder/data",
        "--web.listen-address=127.0.0.1:$port");

    my $self = bless { port => $port, folder => $folder,
                       process => $live->listening($process, $port),
                       http => HTTP::Tiny->new(timeout => 10) }, $class;

    $live->wait_for(60, sub { eval { @{$self->query('up == 1')} } })
        or die "Prometheus reads no gateway: ", $process->output;

    return $self;
}


sub put {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# The result of a query; dies with Prometheus's reason if it has a fault.
sub query {
    my ($self, $expression) = @_;

    my $answer = $self->{http}->post_form(
        "http://127.0.0.1:$self->{port}/api/v1/query",
        { query => $expression });
    my $data = JSON::PP::decode_json($answer->{content});

    die "$expression: $data->{error}\n" if $data->{status} ne 'success';

    return [map { { metric => $_->{metric}, value => $_->{value}[1] } }
            @{$data->{data}{result}}];
}


# The only value of a query, or undef.
sub value {
    my ($self, $expression) = @_;

    my $result = $self->query($expression);

    return @$result == 1 ? $result->[0]{value} : undef;
}


# The names of the alerts that fire.
sub firing {
    my ($self) = @_;

    my $answer = $self->{http}->get(
        "http://127.0.0.1:$self->{port}/api/v1/alerts");
    my $data = JSON::PP::decode_json($answer->{content});

    my %names = map { $_->{labels}{alertname} => 1 }
                grep { $_->{state} eq 'firing' } @{$data->{data}{alerts}};

    return sort keys %names;
}

1;
