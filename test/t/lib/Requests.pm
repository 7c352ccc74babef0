# Requests whose answer a run waits for.
#
#   use Requests;
#   my $requests = Requests::start('name', setting => value...);     as Courier::start()
#   my $id = $requests->ask($url, method => 'POST', body => '...', timeout => '1 min', ...);   columns of the delivery
#   my $answer = $requests->answer($id);                              what the run is told: a hash, decoded from JSON
package Requests;

use strict;
use warnings;

use JSON::PP ();
use Courier;
use Respond;

our @ISA = ('Courier');

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $run = 1000;

sub start
{
	return bless Courier::start(@_), __PACKAGE__;
}

# raw(status line and headers, body): the path of a receiver that answers so; Content-Length is added.
sub raw
{
	my ($head, $body) = @_;

	$head = join("\r\n", split(/\n/, $head), 'Content-Length: ' . length($body)) . "\r\n\r\n";
	return '/raw/' . unpack('H*', $head . $body);
}

sub ask
{
	my ($self, $url, %row) = @_;
	my ($host) = $url =~ m{^(\w+://[^/]+)};
	my $timeout = delete $row{timeout} || '1 min';

	%row = (url => $url, channel => $host, run_id => ++$run, run_started_at => '2026-11-01', step => 'ask', method => 'GET',
		headers => '{}', attempt_timeout => '10 s', max_attempts => 1, max_body => 1048576, %row);
	$row{channel_id} ||= sprintf('ffffffff-ffff-8000-8000-%012x', unpack('%32C*', $host) * 65536 + ($host =~ /:(\d+)$/ ? $1 : 0));
	return $self->one(sprintf("INSERT INTO respond.delivery (%s, deadline, next_attempt_at)
		VALUES (%s, clock_timestamp() + interval '%s', clock_timestamp()) RETURNING id",
		join(', ', sort keys %row), join(', ', map { Respond::quote_literal($row{$_}) } sort keys %row), $timeout));
}

sub answer
{
	my ($self, $id) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($self->{node}, $self->{db},
		"SELECT EXISTS (SELECT FROM respond_internal.run_inbox WHERE (data->>'delivery_id')::bigint = $id)");
	my @notes = split /\n/, $self->one("SELECT data FROM respond_internal.run_inbox WHERE (data->>'delivery_id')::bigint = $id");
	Test::More::is(scalar @notes, 1, 'one answer') if @notes != 1;
	return $json->decode($notes[0]);
}

1;
