# Peers of the courier for tests: an HTTP receiver, a mail server and a name server that do what they are told, and nginx.
#
#   use Peers;
#   my $receiver = Peers::receiver();                     its {port}; http://127.0.0.1:PORT/ok and so on, see test/stub/receiver.c
#   my @requests = $receiver->requests;                   what it was sent, in order: hashes with path, headers, body, ...
#   my $mail = Peers::mail_server(mode => 'greylist:1');  its {port}; see test/stub/smtp.py
#   my @mails = $mail->mails;
#   my $nginx = Peers::nginx(ports => [ $port ], http => "server { listen 127.0.0.1:$port; ... }");
#
# A peer ends with the test.
package Peers;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET ();
use IPC::Run ();
use JSON::PP ();
use Respond ();
use Scalar::Util qw(weaken);
use Shared ();

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
	return $receiver_program = Shared::once('receiver', sub {
		my ($program) = @_;

		system(join(' ', 'cc', '-O2', '-o', "'$program'", (map { "'$_'" } glob("'$stub'/receiver*.c")), '-lssl', '-lcrypto')) == 0
		  or die "could not build the receiver";
	});
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

	push @peers, $self;
	weaken($peers[-1]);
	$self->{handle} = IPC::Run::start([ @command, '--log', $self->{log}, '--port-file', $self->{port_file} ],
		'<', '/dev/null', '>', "$base.out", '2>', "$base.err");
	Respond::wait_for(sub { -s $self->{port_file} || !$self->{handle}->pumpable });
	die "peer $name did not start: " . slurp("$base.err") unless -s $self->{port_file};
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

# say(content type, body): an HTTP server that answers every GET so.
sub say
{
	my ($type, $body) = @_;
	my $file = work_dir() . '/body' . ++$count;

	open(my $out, '>:raw', $file) or die "open: $!";
	print $out $body;
	close($out) or die "close: $!";
	return start('say', '/usr/bin/python3', "$stub/say.py", '--body', $file, '--type', $type);
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

# free_port(): one of 127.0.0.1 that nobody has now.
sub free_port
{
	return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
}

# nginx(ports => [...], http => text): what stands within "http" of its configuration, and the ports that it listens on.  The
# certificate of "server" is given.  stop() ends it, serve() starts it again, reload() makes it read its configuration anew.
sub nginx
{
	my (%option) = @_;
	my $nginx_dir = work_dir() . '/nginx' . ++$count;
	my $self = bless { dir => $nginx_dir, ports => $option{ports} }, __PACKAGE__;
	my $certificates = certificates();

	push @peers, $self;
	weaken($peers[-1]);
	mkdir($_) for $nginx_dir, "$nginx_dir/tmp";
	PostgreSQL::Test::Utils::append_to_file("$nginx_dir/nginx.conf", <<"END");
daemon off;
worker_processes 1;
pid nginx.pid;
error_log nginx.log;
events { worker_connections 256; }
http {
	log_format tries '\$status \$server_protocol \$connection \$http_webhook_id \$uri';
	access_log access.log tries;
	client_body_temp_path tmp/body;
	proxy_temp_path tmp/proxy;
	fastcgi_temp_path tmp/fastcgi;
	scgi_temp_path tmp/scgi;
	uwsgi_temp_path tmp/uwsgi;
	ssl_certificate $certificates/server.pem;
	ssl_certificate_key $certificates/server.key;
	$option{http}
}
END
	$self->serve;
	return $self;
}

sub serve
{
	my ($self) = @_;

	$self->{handle} = IPC::Run::start([ '/usr/sbin/nginx', '-p', $self->{dir}, '-c', 'nginx.conf', '-e', 'nginx.log' ],
		'<', '/dev/null', '>', "$self->{dir}/out", '2>&1');
	for my $port (@{ $self->{ports} })
	{
		Respond::wait_for(sub { IO::Socket::INET->new("127.0.0.1:$port") || !$self->{handle}->pumpable });
		die 'nginx did not start: ' . slurp("$self->{dir}/nginx.log") unless $self->{handle}->pumpable;
	}
	return;
}

sub reload
{
	my ($self) = @_;

	kill('HUP', slurp("$self->{dir}/nginx.pid") =~ /(\d+)/);
	return;
}

# tries(uri): [status, protocol, connection, webhook-id] of each request, from nginx's own log.
sub tries
{
	my ($self, $uri) = @_;

	return map { [ @$_[ 0 .. 3 ] ] } grep { ($_->[4] // '') eq $uri } map { [ split / / ] } split(/\n/, slurp("$self->{dir}/access.log"));
}

# connections(port): those to a port of 127.0.0.1 that neither side has closed; with "quiet" only those on which nothing has come.
sub connections
{
	my ($port, $quiet) = @_;
	my $remote = sprintf('0100007F:%04X', $port);
	my @fields = map { [ split ] } split(/\n/, slurp('/proc/net/tcp'));

	return grep { ($_->[2] // '') eq $remote && $_->[3] eq '01' && (!$quiet || $_->[4] =~ /:0+$/) } @fields;
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

# lines(pattern): the lines of its log that match, without the cost of reading all of them as JSON.
sub lines
{
	my ($self, $pattern) = @_;

	return grep { /\}\s*$/ && /$pattern/ } split(/\n/, slurp($self->{log}));
}

# keys_in(lines): the webhook-id of each.
sub keys_in
{
	return map { /"webhook-id": "([^"]+)"/ ? $1 : () } @_;
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
