# A database that sends through three channels to a receiver of the tests: the requests of "hang" are never answered, those of
# "ok" at once, those of "slow" after 700 ms.  Each carries a tag in its path, so that databases can be told apart.
#
#   my $receiver = Peers::receiver();
#   my $node = Respond::node('name', Sender::settings());
#   my $desk = Sender::start($node, 'desk', $receiver, 'tag');      the extension, the channels, and rules for events send.*
#   $desk->emit('hang', 200);                                        as many events
#   $desk->arrives('hang', 200, 'they hang');                        waits until the receiver has got so many
#   my $copy = Sender::at($node, 'copy', $receiver, 'tag');          another database that has them already
package Sender;

use strict;
use warnings;

use Peers;
use Respond;

my %path = (hang => '/hang', ok => '/ok', slow => '/slow/700');

sub settings
{
	return (fsync => 'off', max_connections => 40, log_statement => 'none', 'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.max_requests' => 600);
}

sub at
{
	my ($node, $db, $receiver, $tag) = @_;

	return bless { node => $node, db => $db, receiver => $receiver, tag => $tag }, __PACKAGE__;
}

sub start
{
	my ($node, $db, $receiver, $tag) = @_;
	my $self = at($node, $db, $receiver, $tag);

	Respond::create_extension($node, $db);
	for my $channel (sort keys %path)
	{
		$self->one(sprintf(q{INSERT INTO respond.channel (name, kind, url, concurrency, timeout) VALUES ('%s', 'webhook', 'http://127.0.0.1:%d%s?%s', %s)},
			$channel, $receiver->{port}, $path{$channel}, $tag, $channel eq 'hang' ? q{200, '600 s'} : q{16, '60 s'}));
		Respond::add_rule($node, $db, $channel, "send.$channel", [ { action => 'notify', channel => $channel, body => { id => '{{id}}' } } ]);
	}
	return $self;
}

sub one
{
	my ($self, $query) = @_;

	return $self->{node}->safe_psql($self->{db}, $query);
}

# emit(channel, count): events for it; their commit waits for no standby.
sub emit
{
	my ($self, $channel, $count) = @_;

	return $self->one("SET synchronous_commit = local; INSERT INTO respond.event (type, subject) SELECT 'send.$channel', 's' || i FROM generate_series(1, $count) AS i");
}

# requests(channel): the lines of the receiver's log about them, of all channels without one.
sub requests
{
	my ($self, $channel) = @_;
	my $place = defined $channel ? "\Q$path{$channel}?" : '\?';

	return $self->{receiver}->lines($place . quotemeta($self->{tag}) . '"');
}

sub arrived
{
	my ($self, $channel) = @_;

	return scalar(my @found = $self->requests($channel));
}

sub arrives
{
	my ($self, $channel, $count, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_for(sub { $self->arrived($channel) >= $count }, $message) || diag($self->arrived($channel) . " of $count");
}

# distinct(channel): how many keys its requests have.
sub distinct
{
	my ($self, $channel) = @_;
	my %key = map { $_ => 1 } Peers::keys_in($self->requests($channel));

	return scalar(keys %key);
}

sub until
{
	my ($self, $query, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($self->{node}, $self->{db}, $query, $message);
}

sub delivers
{
	my ($self, $channel, $count, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->until("SELECT count(*) = $count FROM respond.delivery WHERE channel = '$channel' AND status = 'delivered'", $message);
}

sub none_pending
{
	my ($self, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	# events that wait have no delivery yet
	return $self->until(q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')
		AND coalesce((SELECT bool_and(events = 0) FROM respond.lag), false)}, $message);
}

sub holds
{
	my ($self, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->until(q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'courier'}, $message);
}

sub courier
{
	my ($self) = @_;

	return Respond::worker_pid($self->{node}, $self->{db}, 'courier');
}

1;
