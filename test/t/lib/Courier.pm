# A database whose courier is looked at: channels, a rule for each that sends through it, and what became of the deliveries.
#
#   use Courier;
#   my $courier = Courier::start('name', setting => value...);      a node, the database "desk", loopback allowed
#   $courier->channel('hook', 'webhook', "http://127.0.0.1:$port/ok", retry_delays => '{1 s}');
#   my $event = $courier->fire('hook', { text => 'x' }, 'order/1');  the rule "to hook" sends {{data.text}}
#   $courier->until($event, q{status = 'delivered'}, 'it arrives');
#   my $row = $courier->delivery($event);                            a hash
package Courier;

use strict;
use warnings;

use JSON::PP ();
use Respond;

my $json = JSON::PP->new->ascii->canonical->allow_nonref;
my $bytes = JSON::PP->new->utf8;

# start(name, setting => value...); key_file => 0: without a key for secrets.
sub start
{
	my ($name, %conf) = @_;
	my $self = bless { db => 'desk' }, __PACKAGE__;
	my $key = PostgreSQL::Test::Utils::tempdir('key') . '/key';

	PostgreSQL::Test::Utils::append_to_file($key, join('', map { sprintf('%02x', rand(256)) } 1 .. 32) . "\n");
	chmod(0600, $key) or die "chmod: $!";
	$self->{node} = Respond::node($name, fsync => 'off', 'pg_respond.allowed_networks' => '127.0.0.0/8',
		'pg_respond.secret_key_file' => $key, max_connections => 40, %conf);
	Respond::create_extension($self->{node}, $self->{db});
	return $self;
}

sub node { return $_[0]{node}; }
sub db { return $_[0]{db}; }

sub one
{
	my ($self, $query) = @_;

	return $self->{node}->safe_psql($self->{db}, $query);
}

# error(query): the message that it fails with; empty when it does not.
sub error
{
	my ($self, $query) = @_;
	my ($status, $out, $err) = $self->{node}->psql($self->{db}, $query, on_error_stop => 1);

	return $status == 0 ? '' : $err;
}

sub pid
{
	my ($self) = @_;

	return Respond::worker_pid($self->{node}, $self->{db}, 'courier');
}

# channel(name, kind, url, column => value...): the channel, and a rule "to NAME" that sends events "go.NAME" through it.
# step => {...}: more parameters of the step; by default the text is {{data.text}}.
sub channel
{
	my ($self, $name, $kind, $url, %row) = @_;
	my $step = delete $row{step} || { text => '{{data.text}}' };
	my @columns = sort keys %row;

	$self->one(sprintf('INSERT INTO respond.channel (%s) VALUES (%s)', join(', ', qw(name kind url), @columns),
		join(', ', map { Respond::quote_literal(ref $_ ? $json->encode($_) : $_) } $name, $kind, $url, @row{@columns})));
	Respond::add_rule($self->{node}, $self->{db}, "to $name", "go.$name", [ { action => 'notify', channel => $name, %$step } ]);
	return;
}

sub set
{
	my ($self, $name, $assignments) = @_;

	$self->one("UPDATE respond.channel SET $assignments WHERE name = " . Respond::quote_literal($name));
	return;
}

# fire(channel, data, subject): an event that the channel's rule acts on; its id.
sub fire
{
	my ($self, $name, $data, $subject) = @_;

	return Respond::emit($self->{node}, $self->{db}, "go.$name", $data || { text => 'hello' }, $subject);
}

# fire_many(channel, count, subject): a SQL expression over i, or nothing.
sub fire_many
{
	my ($self, $name, $count, $subject) = @_;
	my $type = Respond::quote_literal("go.$name");

	$subject = 'NULL' unless defined $subject;
	$self->one("INSERT INTO respond.event (type, subject, data)
		SELECT $type, $subject, jsonb_build_object('text', i::text, 'i', i) FROM generate_series(1, $count) AS i ORDER BY i");
	return;
}

# until(event, condition, message): waits until the event has a delivery for which the condition holds.
sub until
{
	my ($self, $event, $condition, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($self->{node}, $self->{db},
		"SELECT EXISTS (SELECT FROM respond.delivery WHERE event_id = $event AND ($condition))", $message)
	  || diag($self->one("SELECT coalesce(jsonb_agg(to_jsonb(d))::text, 'no delivery') FROM respond.delivery AS d WHERE event_id = $event"));
}

# until_all(channel, condition, message): every delivery of the channel fulfills the condition, and nothing waits to become one.
sub until_all
{
	my ($self, $name, $condition, $message) = @_;
	my $channel = Respond::quote_literal($name);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_idle($self->{node}, $self->{db});
	return Respond::wait_until($self->{node}, $self->{db},
		"SELECT coalesce(bool_and($condition), false) FROM respond.delivery WHERE channel = $channel", $message)
	  || diag($self->one("SELECT status, attempts, last_error, count(*) FROM respond.delivery WHERE channel = $channel GROUP BY 1, 2, 3"));
}

sub row
{
	my ($self, $query) = @_;
	my $text = $self->one("SELECT to_jsonb(q) FROM ($query LIMIT 1) AS q");

	return $text eq '' ? {} : $bytes->decode($text);
}

sub delivery
{
	my ($self, $event) = @_;

	return $self->row("SELECT * FROM respond.delivery WHERE event_id = $event ORDER BY id");
}

# arrives(channel, message): a round trip of one event through the channel.
sub arrives
{
	my ($self, $name, $message, $data, $subject) = @_;
	my $event = $self->fire($name, $data, $subject);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$self->until($event, q{status = 'delivered'}, $message);
	return $event;
}

# memory(pid): what the process has of its own in memory, in kB.
sub memory
{
	my ($pid) = @_;
	my %size = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^(VmRSS|RssAnon):\s+(\d+) kB/mg;

	return $size{RssAnon};
}

sub stop
{
	my ($self) = @_;

	$self->{node}->stop;
	return;
}

1;
