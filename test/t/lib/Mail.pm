# Mail servers, channels to them, and what arrived.
#
#   use Mail;
#   my $desk = Mail::start('name', setting => value...);       a Courier with TLS certificates of the tests allowed
#   $desk->mail('x', { mode => ... }, column => value..., step => {...}, scheme => 'smtps');
#                                                              a server, a channel to it, and a rule that mails what events go.x say
#   my $event = $desk->fire('x', { to => ..., subject => ..., text => ... });
#   $desk->settle('x', ...);                                   all deliveries of these channels have ended
#   my @mails = $desk->arrived('x');  my $mail = Mail::parse($mails[0]);
package Mail;

use strict;
use warnings;

use parent -norequire, 'Courier';

use Courier;
use File::Temp ();
use IPC::Run ();
use JSON::PP ();
use Peers;
use Respond;
use Test::More;

my $json = JSON::PP->new->ascii->canonical;

sub start
{
	my ($name, %conf) = @_;
	my $certificates = Peers::certificates();
	my $self = Courier::start($name, 'pg_respond.ca_file' => "$certificates/ca.pem", %conf);

	$self->{server} = {};
	return bless $self, __PACKAGE__;
}

sub mail
{
	my ($self, $name, $peer, %row) = @_;
	my $scheme = delete $row{scheme} || 'smtp';
	my $step = delete $row{step} || {};
	my $options = delete $row{options} || {};
	my $attempts = delete $row{max_attempts} || 1;

	$self->{server}{$name} = Peers::mail_server(tls => 'server', %$peer, options => [ '--trace', @{ $peer->{options} || [] } ]);
	$self->one(sprintf('INSERT INTO respond.channel (%s) VALUES (%s)', join(', ', qw(name kind url options max_attempts retry_delays), sort keys %row),
		join(', ', map { Respond::quote_literal($_) } $name, 'email', "$scheme://127.0.0.1:$self->{server}{$name}{port}",
			$json->encode({ from => 'Desk <desk@sender.test>', %$options }), $attempts, '{10ms}', map { $row{$_} } sort keys %row)));
	$self->rule($name, %$step);
	return;
}

# rule(name, field => template...): mails what events go.NAME say; the fields of the step that are given replace the usual ones.
sub rule
{
	my ($self, $name, %step) = @_;
	my %all = (to => '{{data.to}}', subject => '{{data.subject}}', text => '{{data.text}}', %step);

	Respond::add_rule($self->node, $self->db, "to $name", "go.$name", [ { action => 'email', name => 'm', channel => $name,
		map { $_ => $all{$_} } grep { defined $all{$_} } keys %all } ]);
	return;
}

sub fire
{
	my ($self, $name, $data, $subject) = @_;

	return Respond::emit($self->node, $self->db, "go.$name", { to => 'a@recipient.test', subject => 'Hello', text => 'Good day.', %{ $data || {} } }, $subject);
}

sub settle
{
	my ($self, @names) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::settle($self->node, $self->db, @names);
}

# state(name): status, attempts, recipients, last_status and last_error of each delivery, in order.
sub state
{
	my ($self, $name) = @_;

	return $self->one("SELECT status, attempts, array_to_string(recipients, ','), last_status, last_error FROM respond.delivery WHERE channel = '$name' ORDER BY id");
}

# failure(event): why the run of the event failed.
sub failure
{
	my ($self, $event) = @_;

	Respond::wait_idle($self->node, $self->db);
	return $self->one("SELECT coalesce(string_agg(error, ';'), '') FROM respond.run WHERE event_id = $event AND status = 'failed'");
}

sub arrived
{
	my ($self, $name) = @_;

	return $self->{server}{$name}->mails;
}

sub commands
{
	my ($self, $name) = @_;

	return map { $_->{line} } grep { ($_->{event} || '') eq 'command' } $self->{server}{$name}->entries;
}

# parse(mail...): headers and parts of each as Python's email package reads them; line breaks in texts are LF.
sub parse
{
	my (@mails) = @_;
	my $file = File::Temp->new;
	my ($out, $error);

	print $file $json->utf8->encode([ map { $_->{data} } @mails ]);
	close($file);
	IPC::Run::run([ '/usr/bin/python3', '-c', <<'END', $file->filename ], '>', \$out, '2>', \$error) or die $error;
import email, email.policy, json, sys
def read(data):
	message = email.message_from_string(data, policy=email.policy.SMTPUTF8)
	defects = [str(d) for part in message.walk() for d in part.defects]
	defects += [f"{name}: {d}" for name, value in message.items() for d in value.defects]
	parts = [[p.get_content_type(), p.get_content().replace("\r\n", "\n")] for p in message.walk() if not p.is_multipart()]
	people = {name: [[a.display_name, a.addr_spec] for a in message[name].addresses] for name in ("From", "To", "Cc", "Reply-To") if name in message}
	return {"headers": [[n, str(v)] for n, v in message.items()], "type": message.get_content_type(), "parts": parts, "people": people, "defects": defects}
json.dump([read(data) for data in json.load(open(sys.argv[1]))], sys.stdout)
END
	my @parsed = @{ JSON::PP->new->utf8->decode($out) };

	$_->{header} = { map { lc $_->[0] => $_->[1] } @{ $_->{headers} } } for @parsed;
	return wantarray ? @parsed : $parsed[0];
}

1;
