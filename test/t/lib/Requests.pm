# Steps "request": what they ask, and what they hear.
#
#   use Requests;
#   my $requests = Requests::start('name', setting => value...);         as Courier::start()
#   my $run = $requests->ask($url, method => 'POST', body => {...}, ...);   the event that a new rule with this step acts on
#   my $answer = $requests->answer($run);                                 what the step gave, when the run has ended: a hash
#   my $row = $requests->delivery($run);                                  as in Courier
package Requests;

use strict;
use warnings;

use JSON::PP ();
use Courier;
use Respond;

our @ISA = ('Courier');

my $json = JSON::PP->new->utf8->canonical->allow_nonref->max_depth(2000);
my $rules = 0;

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

# rule(steps...): a new rule; the type of its events.
sub rule
{
	my ($self, @steps) = @_;
	my $type = 'ask.' . ++$rules;

	Respond::add_rule($self->{node}, $self->{db}, "rule $type", $type, \@steps);
	return $type;
}

# ask(url, field => value...): a request of its own rule, step "r"; data => {...}, subject => ...: of the event.
sub ask
{
	my ($self, $url, %step) = @_;
	my $data = delete $step{data} || {};
	my $subject = delete $step{subject};

	return Respond::emit($self->{node}, $self->{db},
		$self->rule({ action => 'request', name => 'r', (defined $url ? (url => $url) : ()), max_attempts => 1, %step }), $data, $subject);
}

# run(event): status, error and state of its run, when that has ended; not of runs that are items of a loop, or called.
sub run
{
	my ($self, $event) = @_;
	my $ended = "FROM respond.run WHERE event_id = $event AND parent_id IS NULL AND status NOT IN ('running', 'waiting')";

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($self->{node}, $self->{db}, "SELECT EXISTS (SELECT $ended)");
	return $json->decode($self->one("SELECT jsonb_build_object('id', id, 'status', status, 'error', error::text, 'state', state::jsonb) $ended"));
}

sub answer
{
	my ($self, $event) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->run($event)->{state}{r};
}

1;
