# Peers of the courier for tests: an HTTP receiver, a mail server and a name server that do what they are told.
#
#   use Peers;
#   my $receiver = Peers::receiver();                     its {port}; http://127.0.0.1:PORT/ok and so on, see test/stub/receiver.c
#   my @requests = $receiver->requests;                   what it was sent, in order: hashes with path, headers, body, ...
#   my $mail = Peers::mail_server(mode => 'greylist:1');  its {port}; see test/stub/smtp.py
#   my @mails = $mail->mails;
#
# A peer ends with the test.
package Peers;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run ();
use JSON::PP ();
use Scalar::Util qw(weaken);
use Time::HiRes qw(time usleep);

my $stub = abs_path(dirname(__FILE__) . '/../../stub');
my $dir = $ENV{TESTDATADIR} || $ENV{TESTDIR} || '.';
my $count = 0;
my $receiver_program;
my @peers;

sub work_dir
{
	mkdir $dir unless -d $dir;
	return $dir;
}

sub build_receiver
{
	return $receiver_program if $receiver_program;
	my $program = work_dir() . '/receiver';

	system(join(' ', 'cc', '-O2', '-o', "'$program'", (map { "'$_'" } glob("'$stub'/receiver*.c")), '-lssl', '-lcrypto')) == 0
	  or die "could not build the receiver";
	return $receiver_program = $program;
}

# certificates(): the folder with ca.pem, server.pem, server.key and the bad ones; see test/stub/certificates.sh.
sub certificates
{
	my $certificates = work_dir() . '/certificates';

	system('bash', "$stub/certificates.sh", $certificates) == 0 or die "could not make certificates";
	return $certificates;
}

# start(name, command...): a peer that writes its port into --port-file, and a log.
sub start
{
	my ($name, @command) = @_;
	my $base = work_dir() . "/$name" . ++$count;
	my $self = bless { log => "$base.log", port_file => "$base.port" }, __PACKAGE__;
	my $end = time() + 60;

	push @peers, $self;
	weaken($peers[-1]);
	$self->{handle} = IPC::Run::start([ @command, '--log', $self->{log}, '--port-file', $self->{port_file} ],
		'<', '/dev/null', '>', "$base.out", '2>', "$base.err");
	until (-s $self->{port_file})
	{
		die "peer $name did not start: " . slurp("$base.err") if time() > $end || !$self->{handle}->pumpable;
		usleep(5_000);
	}
	($self->{port}) = slurp($self->{port_file}) =~ /(\d+)/;
	return $self;
}

# receiver(listen => ..., tls => certificate name, options => [...]): an HTTP receiver, by default on 127.0.0.1.
sub receiver
{
	my (%option) = @_;
	my @tls = ();

	if ($option{tls})
	{
		my $certificates = certificates();

		@tls = ('--cert', "$certificates/$option{tls}.pem", '--key', "$certificates/$option{tls}.key");
	}
	return start('receiver', build_receiver(), '--listen', $option{listen} || '127.0.0.1:0', @tls, @{ $option{options} || [] });
}

# mail_server(mode => ... or [...], tls => name of a certificate, options => [...])
sub mail_server
{
	my (%option) = @_;
	my @modes = ref $option{mode} ? @{ $option{mode} } : $option{mode} ? ($option{mode}) : ();
	my @tls = ();

	if ($option{tls})
	{
		my $certificates = certificates();

		@tls = ('--cert', "$certificates/$option{tls}.pem", '--key', "$certificates/$option{tls}.key");
	}
	return start('smtp', '/usr/bin/python3', "$stub/smtp.py", '--listen', $option{listen} || '127.0.0.1:0',
		(map { ('--mode', $_) } @modes), @tls, @{ $option{options} || [] });
}

sub name_server
{
	my (%option) = @_;

	return start('dns', '/usr/bin/python3', "$stub/dns.py", '--listen', $option{listen} || '127.0.0.1:0', '--zone', $option{zone});
}

sub slurp
{
	my ($file) = @_;

	open(my $in, '<', $file) or return '';
	local $/;
	my $text = <$in>;
	close($in);
	return defined $text ? $text : '';
}

# entries(): all lines of the log that are complete.
sub entries
{
	my ($self) = @_;
	my $json = JSON::PP->new->utf8;

	return map { $json->decode($_) } grep { /\}\s*$/ } split(/\n/, slurp($self->{log}));
}

# requests(path): what an HTTP receiver got, all or those of a path.
sub requests
{
	my ($self, $path) = @_;

	return grep { defined $_->{path} && (!defined $path || $_->{path} eq $path) } $self->entries;
}

# mails(): what a mail server accepted.
sub mails
{
	my ($self) = @_;

	return grep { exists $_->{data} } $self->entries;
}

# stop(): ends the peer now.
sub stop
{
	my ($self) = @_;

	$self->{handle}->kill_kill if $self->{handle};
	delete $self->{handle};
	return;
}

# At the very end objects vanish in any order, their handles perhaps first.
END
{
	my $status = $?;

	eval { $_->stop } for grep { defined } @peers;
	$? = $status;
}

sub DESTROY
{
	my ($self) = @_;

	local ($?, $@);
	eval { $self->stop };
	return;
}

1;
