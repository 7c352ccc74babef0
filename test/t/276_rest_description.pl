# The description of the interface: what other rooms answer is in it, too, and they answer as it says.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Rest;
use Stream;

use File::Temp ();

my $db = 'postgres';
my $dir = File::Temp->newdir;
PostgreSQL::Test::Utils::append_to_file("$dir/respond.key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/respond.key");
my $node = Respond::node('main', start => 0, 'pg_respond.secret_key_file' => "$dir/respond.key");
my $rest = Rest::start($node);

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE auditor LOGIN IN ROLE respond_auditor;
	CREATE ROLE nobody_special LOGIN;
	INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('shop', 'bearer', 'a-token-of-the-shop'), ('pager', 'pagerduty_events', 'R0123456789'),
		('meta', 'meta', 'a-secret-of-meta'), ('cloud', 'cloudevents', 'a-secret-of-the-cloud')});
my %token = map { $_ => Rest::token($node, $db, $_, $_) } qw(auditor nobody_special);

# ask(method, path, status, more): the answer has this status, and is kept for check_seen().
sub ask
{
	my ($method, $path, $status, %with) = @_;
	my $answer = $rest->ask($method, "/$db$path", %with);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($answer->{status}, $status, "$method $path: $status") or diag $answer->{content};
	return $answer;
}

my $description = $rest->ask(GET => "/$db/v1/openapi.json")->{json};
is(join(' ', map { my $path = $_; map { "$_ $path" } sort keys %{ $description->{paths}{$path} } } grep { exists $description->{paths}{$_} } '/v1/stream', '/in/{source}', '/v2/enqueue', '/metrics'),
	'get /v1/stream get /in/{source} options /in/{source} post /in/{source} post /v2/enqueue get /metrics', 'what other rooms answer is described');
is(join(' ', map { "$_->{in}:$_->{name}" } @{ $description->{paths}{'/v1/stream'}{get}{parameters} }), 'query:type query:pattern header:Last-Event-ID', 'with its parameters');

# Streams.
my @refused = ([ GET => '', 401 ], [ GET => '?type=', 400, token => $token{auditor} ], [ GET => '?pattern=%7B', 400, token => $token{auditor} ], [ GET => '?pattern=%5B%5D', 400, token => $token{auditor} ],
	[ GET => '?nonsense=1', 400, token => $token{auditor} ], [ GET => '', 403, token => $token{nobody_special} ], [ POST => '', 405, token => $token{auditor} ]);
ask($_->[0], "/v1/stream$_->[1]", @$_[2 .. $#$_]) for @refused;
my $stream = Stream::follow("127.0.0.1:$rest->{port}", "/$db/v1/stream?type=t&pattern=%7B%22type%22%3A%5B%22t%22%5D%7D", $token{auditor});
is($stream->{status}, 200, 'a stream');
my ($type) = $stream->{head} =~ /^content-type: *([^;\r]+)/im;
push @{ $rest->{seen} }, { method => 'GET', path => "/$db/v1/stream?type=t", status => 200, type => $type, content => "retry: 2000\n" };

# Webhooks.
my %bearer = (Authorization => 'Bearer a-token-of-the-shop');
ask(POST => '/in/shop', 200, headers => \%bearer, body => { id => 'one', type => 't' });
ask(POST => '/in/shop', 200, headers => \%bearer, body => { specversion => '1.0', id => '1', source => 's', type => 't' }, type => 'application/cloudevents+json');
ask(POST => '/in/shop', 401, body => { id => 'one' });
ask(POST => '/in/shop', 400, headers => \%bearer, body => '{');
ask(POST => '/in/nowhere', 404, body => {});
ask(PUT => '/in/shop', 405, headers => \%bearer, body => {});
ask(GET => '/in/shop', 405);
ask(GET => '/in/meta?hub.mode=subscribe&hub.verify_token=a-secret-of-meta&hub.challenge=4711', 200);
ask(GET => '/in/meta?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=4711', 401);
ask(OPTIONS => '/in/cloud?access_token=a-secret-of-the-cloud', 200, headers => { 'WebHook-Request-Origin' => 'shop.example' });

my %event = (routing_key => 'R0123456789', event_action => 'trigger', payload => { summary => 's', source => 'x', severity => 'info' });
ask(POST => '/v2/enqueue', 202, body => \%event);
ask(POST => '/v2/enqueue', 400, body => { %event, payload => {} });
ask(POST => '/v2/enqueue', 401, body => { %event, routing_key => 'unknown' });

# Metrics.
ask(GET => '/metrics', 200);
ask(GET => '/metrics', 200, headers => { Accept => 'text/plain' });
ask(POST => '/metrics', 405, body => {});

$rest->check_seen($db);
done_testing();
