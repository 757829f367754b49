package Live::Authority;

# An authority that issues certificates, by openssl, in a folder of its own.
#
#   my $authority = Live::Authority->new($folder);
#   $authority->file, ->key               its own certificate and key
#   my $pair = $authority->issue('redis.test');
#   $pair->{certificate}, $pair->{key}    two files
#   $authority->issue('redis.test', from => time - 7200, to => time - 3600)

use strict;
use warnings;

use File::Path ();
use POSIX ();


sub new {
    my ($class, $folder) = @_;

    my $self = bless {folder => $folder, count => 0}, $class;

    File::Path::make_path("$folder/new");
    $self->put('index.txt', '');
    $self->put('serial', "1000\n");
    $self->put('openssl.cnf', <<"    END");
    [ca]
    default_ca = authority

    [authority]
    database = $folder/index.txt
    serial = $folder/serial
    new_certs_dir = $folder/new
    certificate = $folder/authority.pem
    private_key = $folder/authority.key
    default_md = sha256
    policy = any
    unique_subject = no
    copy_extensions = copy

    [any]
    commonName = supplied
    END

    $self->run('req', '-x509', '-newkey', 'ec', '-pkeyopt',
               'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
               '-subj', '/CN=authority', '-keyout', "$folder/authority.key",
               '-out', "$folder/authority.pem");

    return $self;
}


sub key {
    return "$_[0]{folder}/authority.key";
}


sub file {
    return "$_[0]{folder}/authority.pem";
}


# Options: from, to (instants, by default yesterday and tomorrow).
sub issue {
    my ($self, $name, %option) = @_;

    my $file = "$self->{folder}/$name." . ++$self->{count};

    $self->run('req', '-new', '-newkey', 'ec', '-pkeyopt',
               'ec_paramgen_curve:prime256v1', '-nodes', '-subj', "/CN=$name",
               '-addext', "subjectAltName=DNS:$name", '-keyout', "$file.key",
               '-out', "$file.csr");
    $self->run('ca', '-batch', '-notext',
               '-config', "$self->{folder}/openssl.cnf", '-in', "$file.csr",
               '-out', "$file.pem",
               '-startdate', stamp($option{from} || time - 86400),
               '-enddate', stamp($option{to} || time + 86400));

    return {certificate => "$file.pem", key => "$file.key"};
}


sub stamp {
    return POSIX::strftime('%Y%m%d%H%M%SZ', gmtime $_[0]);
}


sub put {
    my ($self, $name, $text) = @_;

    open my $out, '>', "$self->{folder}/$name"
        or die "$self->{folder}/$name: $!\n";
    print $out $text;
    close $out or die "$self->{folder}/$name: $!\n";
}


sub run {
    my ($self, @words) = @_;

    my $log = "$self->{folder}/openssl.out";
    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec 'openssl', @words or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    die "openssl @words fails, see $log\n" if $?;
}

1;
