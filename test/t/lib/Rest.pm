# Requests to the REST interface of a server that tests have started.
#
#   my $rest = Rest::start($node);                      gives the server a gateway on a free port; before create_extension()
#   my $token = Rest::token($node, 'postgres', 'name', 'role');
#   my $answer = $rest->ask(GET => '/postgres/v1/tickets', token => $token);
#   $answer->{status}, $answer->{headers}{etag}, $answer->{json}
package Rest;

use strict;
use warnings;

use FindBin;
use HTTP::Tiny;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use Respond;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# start(node, setting => value...): the node is started
sub start
{
	my ($node, %conf) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();

	Respond::configure($node, 'pg_respond.gateway_listen' => "127.0.0.1:$port", %conf);
	$node->start;
	return bless { port => $port, http => HTTP::Tiny->new(timeout => 180, keep_alive => 1) }, __PACKAGE__;
}

# token(node, db, name, role, "more arguments of create_token")
sub token
{
	my ($node, $db, $name, $role, $more) = @_;

	return $node->safe_psql($db, "SELECT respond.create_token('$name', '$role'" . ($more ? ", $more" : '') . ')');
}

# ask(method, path, token => , body => data for JSON or a text, type => , headers => {})
sub ask
{
	my ($self, $method, $path, %with) = @_;
	my %headers = %{ $with{headers} || {} };
	my $body = ref $with{body} ? $json->encode($with{body}) : $with{body};

	$headers{Authorization} = "Bearer $with{token}" if defined $with{token};
	$headers{'Content-Type'} = $with{type} || 'application/json' if defined $body;
	my $answer = $self->{http}->request($method, "http://127.0.0.1:$self->{port}$path",
		{ headers => \%headers, defined $body ? (content => $body) : () });
	$answer->{json} = eval { $json->decode($answer->{content}) }
	  if ($answer->{headers}{'content-type'} || '') =~ m{^application/(problem\+)?json$};
	$answer->{json} = {} if !defined $answer->{json};
	my ($type) = ($answer->{headers}{'content-type'} || '') =~ /^([^;]*)/;
	my ($sent_type) = ($headers{'Content-Type'} || '') =~ /^([^;]*)/;
	push @{ $self->{seen} }, { method => $method, path => $path, status => $answer->{status}, type => $type, content => $answer->{content} || '',
		$answer->{status} < 300 && ref $with{body} ? (sent => $body, sent_type => $sent_type) : () }
	  if $path =~ m{^/[^/]+/(v1/|v2/|in/|metrics$)} && $answer->{status} != 599;	# 599: nobody answered
	return $answer;
}

# check_seen(db): all requests and answers so far are as the interface describes them; one assertion.
sub check_seen
{
	my ($self, $db) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $description = $self->ask(GET => "/$db/v1/openapi.json")->{content};
	my $exchanges = JSON::PP->new->latin1->encode($self->{seen});

	# what was sent and received are bytes of UTF-8 already
	PostgreSQL::Test::Utils::append_to_file("$folder/description", $description);
	PostgreSQL::Test::Utils::append_to_file("$folder/exchanges", $exchanges);
	my $faults = `python3 -W ignore::DeprecationWarning '$FindBin::RealBin/../stub/openapi.py' $folder/description $folder/exchanges 2>&1`;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::is($faults, '', 'all ' . @{ $self->{seen} } . ' requests and answers are as the interface describes them');
	return;
}

# ready(db, token): waits until the worker of the database answers.
sub ready
{
	my ($self, $db) = @_;

	Respond::wait_for(sub { $self->ask(GET => "/$db/v1/openapi.json")->{status} == 200 });
	return;
}

1;
