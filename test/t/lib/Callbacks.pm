# Steps "request" that wait until their url is called: the urls as a peer gets them, and calls of them.
#
#   use Callbacks;
#   my $desk = Callbacks::start('name', setting => value...);           as Requests::start(), with a gateway and a receiver
#   my $event = $desk->ask_back('/ok', callback_timeout => '1 h', ...);   a request of its own rule with the url in its body
#   my $path = $desk->url($event);                                     the path of that url, when it has arrived
#   my $answer = $desk->call($path, '{"a": 1}', 'application/json');     as in Gateway
package Callbacks;

use strict;
use warnings;

use JSON::PP ();
use Gateway;
use Peers;
use Requests;
use Respond;

our @ISA = ('Requests');

my $PUBLIC = 'https://hooks.example';
my $number = 0;

sub start
{
	my ($name, %conf) = @_;
	my $self = bless Requests::start($name, 'pg_respond.gateway_public_url' => $PUBLIC, %conf), __PACKAGE__;

	$self->{receiver} = Peers::receiver();
	$self->{base} = "http://127.0.0.1:$self->{receiver}{port}";
	$self->{at} = Gateway::open($self->{node});
	Gateway::wait_ready($self->{at}, $self->{db}, 'the gateway answers');
	return $self;
}

# ask_back(path, field => value...): "body" to be something else than {"to": the url, "n": a number of its own}.
sub ask_back
{
	my ($self, $path, %step) = @_;
	my $n = ++$number;
	my $event = $self->ask("$self->{base}$path", callback => JSON::PP::true, body => { to => '{{callback_url}}', n => $n }, %step);

	$self->{number}{$event} = $n;
	return $event;
}

# arrivals(event): the bodies of its requests, in the order in which they arrived.
sub arrivals
{
	my ($self, $event) = @_;
	my $n = $self->{number}{$event};

	return grep { $_->{n} == $n } map { JSON::PP->new->utf8->decode($_->{body}) } grep { ($_->{body} // '') =~ /"n":\s*$n\b/ } $self->{receiver}->requests;
}

# path(url): of a url, without the public address.
sub path
{
	my ($url) = @_;

	return $url =~ m{^\Q$PUBLIC\E(/desk/in/callback/[0-9a-f]{96})$} ? $1 : "no url: $url";
}

sub url
{
	my ($self, $event) = @_;
	my @arrivals;

	Respond::wait_for(sub { @arrivals = $self->arrivals($event); return @arrivals > 0 });
	return path($arrivals[0]{to});
}

sub call
{
	my ($self, $path, $body, $type) = @_;

	return Gateway::request($self->{at}, 'POST', $path, { defined $type ? ('Content-Type' => $type) : () }, $body // '');
}

# call_until(path, body): as senders do, until it is taken or refused for good; the status.
sub call_until
{
	my ($self, $path, $body) = @_;
	my $status;

	Respond::wait_for(sub { $status = $self->call($path, $body, 'application/json')->{status}; return $status != 0 && $status != 503 });
	return $status;
}

# waits(event, for): until its run waits for that.
sub waits
{
	my ($self, $event, $for, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($self->{node}, $self->{db}, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'waiting' AND waits_for = '$for')", $message);
}

# rows(): how many urls wait for a call.
sub rows { return $_[0]->one('SELECT count(*) FROM respond_internal.callback'); }

1;
