# Webhooks in trouble: requests that would become more than the server can hold, and sessions that hold what requests need or do not need.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Gateway;

use File::Temp ();

my $dir = File::Temp->newdir;
PostgreSQL::Test::Utils::append_to_file("$dir/respond.key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/respond.key");
my $node = Respond::node('main', 'pg_respond.secret_key_file' => "$dir/respond.key");
my $at = Gateway::open($node);

Respond::create_extension($node, 'postgres');
$node->safe_psql('postgres', q{INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('shop', 'bearer', 'a-token-of-the-shop')});
Gateway::wait_ready($at, 'postgres', 'the gateway answers');

my $n = 0;

# send(token): the status of a webhook
sub send
{
	my ($token) = @_;

	$n++;
	return Gateway::status($at, 'POST', '/postgres/in/shop', { Authorization => "Bearer $token", 'Content-Type' => 'application/json' }, qq({"type": "t", "id": "$n"}));
}

is(main::send('a-token-of-the-shop'), 200, 'a webhook');

# Templates that put the body into each event of a list.
my $list = '{"pad": "' . 'x' x 100_000 . '", "items": [' . join(',', (1) x 400) . ']}';
for my $column (qw(data subject key event_type))
{
	my $template = $column eq 'data' ? '{"all": "{{body}}"}' : $column eq 'event_type' ? '{{type}}{{body.none}}' : '{{body}}';

	$node->safe_psql('postgres', "INSERT INTO respond.inbound_source (name, scheme, secret, split, $column) VALUES ('list_$column', 'bearer', 'a-token-of-the-shop', 'data.items', '$template')");
	my $answer = Gateway::request($at, 'POST', "/postgres/in/list_$column", { Authorization => 'Bearer a-token-of-the-shop', 'Content-Type' => 'application/json' }, $list);
	is($answer->{status}, $column eq 'event_type' ? 200 : 400, "a list whose events have the body in their $column") or diag $answer->{body};
	like($answer->{body}, qr/its events are larger together than \d+ bytes/, 'says why') if $answer->{status} == 400;
}

# Small bodies whose data is larger than rules may read: as text, and as it is stored.
my %grown = (text => '{"n": [' . join(',', ('1e131071') x 10) . ']}', stored => '{"n": [' . join(',', (1) x 200_000) . ']}');
my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM respond.event');
$node->safe_psql('postgres', q{INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('pager', 'pagerduty_events', 'R0123456789');
	INSERT INTO respond.inbound_source (name, scheme, secret, split) VALUES ('list', 'bearer', 'a-token-of-the-shop', 'data.items')});
for my $kind (sort keys %grown)
{
	my $answer = Gateway::request($at, 'POST', '/postgres/in/shop', { Authorization => 'Bearer a-token-of-the-shop', 'Content-Type' => 'application/json' }, $grown{$kind});
	is($answer->{status}, 413, "data that is too large as $kind is refused") or diag $answer->{body};
	like($answer->{body}, qr/larger than pg_respond\.max_event_size \(1024 kB\)/, 'in words');
	is($node->safe_psql('postgres', 'SELECT source || $$|$$ || reason FROM respond.inbound_reject ORDER BY id DESC LIMIT 1'), 'shop|size', 'with a reason');
	$answer = Gateway::request($at, 'POST', '/postgres/in/list', { Authorization => 'Bearer a-token-of-the-shop', 'Content-Type' => 'application/json' }, qq({"items": [{}, $grown{$kind}]}));
	is($answer->{status}, 413, 'one in a list, too');
	like($answer->{body}, qr/event 1: its data is larger/, 'which one');
	my $event = '{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": ' . $grown{$kind} . '}';
	$answer = Gateway::request($at, 'POST', '/postgres/in/shop', { Authorization => 'Bearer a-token-of-the-shop', 'Content-Type' => 'application/cloudevents+json' }, $event);
	is($answer->{status}, 413, 'a CloudEvent');
	$answer = Gateway::request($at, 'POST', '/postgres/v2/enqueue', { 'Content-Type' => 'application/json' },
		'{"routing_key": "R0123456789", "event_action": "trigger", "payload": {"summary": "s", "source": "x", "severity": "info", "custom_details": ' . $grown{$kind} . '}}');
	is($answer->{status}, 413, 'one of the Events API') or diag $answer->{body};
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM respond.event'), $before, 'nothing of them is recorded');

# Many lists at once, each of which would be taken alone.  They wait for a worker that is stopped, so they are of one turn.
my $large = '{"pad": "' . 'x' x 12_000 . '", "items": [' . join(',', (1) x 700) . ']}';
my $worker = $node->safe_psql('postgres', q{SELECT pid FROM respond.worker WHERE kind = 'gateway' AND lane = 1});
kill STOP => $worker;
my @senders = map { Gateway::connect($at) } 1 .. 24;
my $request = Gateway::text('POST', '/postgres/in/list_data', { Authorization => 'Bearer a-token-of-the-shop', 'Content-Type' => 'application/json' }, $large);
Gateway::send_all($_, $request) for @senders;
Gateway::request($at, 'GET', '/nowhere');
kill CONT => $worker;
my %got;
$got{ Gateway::parse(Gateway::read_all($_))->{status} }++ for @senders;
is_deeply([ sort keys %got ], [ 200, 503 ], 'some are taken, others come again') or diag join(' ', %got);
my ($peak) = PostgreSQL::Test::Utils::slurp_file("/proc/$worker/status") =~ /VmHWM:\s+(\d+) kB/;
cmp_ok($peak, '<', 700_000, 'and the worker does not grow with their number');
is(main::send('a-token-of-the-shop'), 200, 'a webhook after that');

# Refused requests are sampled in a table that somebody has for himself.
my $holder = Respond::session($node, 'postgres');
$holder->query_safe('BEGIN; LOCK TABLE respond.inbound_reject');
is(main::send('another token'), 401, 'what is refused is refused, though it cannot be written down');
is(main::send('a-token-of-the-shop'), 200, 'and what is right is taken');
$holder->query_safe('ROLLBACK');
like(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/could not be written to respond.inbound_reject/, 'the log says so');

# The tables are looked at anew, while one that no webhook needs is locked.
$holder->query_safe('BEGIN; LOCK TABLE respond.agent');
$node->safe_psql('postgres', 'ALTER TABLE respond.ticket RENAME subject TO theme');
is(main::send('a-token-of-the-shop'), 200, 'a table that is locked is not waited for');

# What was changed behind it is seen all the same, each time.
$node->safe_psql('postgres', 'ALTER TABLE respond.ticket RENAME priority TO urgency');
is(main::send('a-token-of-the-shop') . main::send('a-token-of-the-shop'), '503503', 'another table that is not as it should be');
$node->safe_psql('postgres', 'ALTER TABLE respond.ticket RENAME urgency TO priority');
is(main::send('a-token-of-the-shop'), 200, 'that is as it should be again');
$holder->query_safe('ALTER TABLE respond.agent RENAME db_role TO login; COMMIT');
is(main::send('a-token-of-the-shop') . main::send('a-token-of-the-shop'), '503503', 'the one that was locked');
$node->safe_psql('postgres', 'ALTER TABLE respond.agent RENAME login TO db_role');
is(main::send('a-token-of-the-shop'), 200, 'is as it should be again');

# A key that another session has claimed and not committed.
$holder->query_safe(q{BEGIN; SET LOCAL ROLE respond_worker; INSERT INTO respond.event (type, source, key) VALUES ('t', '/postgres/in/shop', '} . ($n + 1) . q{')});
is(main::send('a-token-of-the-shop'), 503, 'an event that may be known: not now');
is(main::send('a-token-of-the-shop'), 200, 'others are taken');
$holder->query_safe('ROLLBACK');
$n -= 2;
is(main::send('a-token-of-the-shop'), 200, 'it was not, so it is taken');

done_testing();
