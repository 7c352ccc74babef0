# The ledger of requests: runs ask, and go on with the answer, while everything happens that can end a process or the server.
# Then a count: each event has one run, each run one answer and one effect of it, each delivery one key, whatever was sent twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Writers;
use Peers;

my $node = Respond::node('requests', restart_after_crash => 'on', max_connections => 60, fsync => 'off', log_statement => 'none',
	'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.dispatchers' => 3);
my $db = 'desk';
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";

Respond::create_extension($node, $db);
$node->safe_psql($db, "INSERT INTO respond.channel (name, kind, url, concurrency) VALUES ('api', 'webhook', '$url', 60)");
my %steps = (
	plain => { url => "$url/ok?{{id}}" },
	slow => { url => "/slow/40?{{id}}", channel => 'api' },
	broken => { url => "$url/seq/{{id}}/503,rst,200", retry_after => '20 ms' },
	missing => { url => "$url/status/404?{{id}}", expect => [ 404 ] });

# A request that a fault makes wait long must not time out.
Respond::add_rule($node, $db, $_, "ledger.$_", [
	{ action => 'request', name => 'a', timeout => '5 min', max_attempts => 20, %{ $steps{$_} } },
	{ action => 'emit', type => 'answered', subject => '{{id}}', data => { status => '{{steps.a.status}}' } },
	{ action => 'request', name => 'b', url => "$url/ok?second-{{id}}", timeout => '5 min', max_attempts => 20 },
	{ action => 'emit', type => 'done', subject => '{{id}}', data => { body => '{{steps.b.body}}' } } ]) for sort keys %steps;
my $script = Writers::script($node, 'requests', q{
\set r random(1, 9)
INSERT INTO respond.event (type, subject) VALUES ('ledger.plain', 's' || :r), ('ledger.slow', 's' || :r), ('ledger.missing', NULL), ('ledger.broken', 's' || :r);
});

sub grows
{
	my ($more) = @_;
	my $wanted = (-s $receiver->{log}) + $more;

	Respond::wait_for(sub { -s $receiver->{log} >= $wanted });
	return;
}

sub count_of
{
	my ($query) = @_;

	return $node->safe_psql($db, "SELECT count(*) FROM $query");
}

# A try that was sent twice has one key; two deliveries never have the same.
sub check_keys
{
	my ($when) = @_;
	my %known = map { my ($key, $event) = split(/\|/, $_); ($key => $event) } split(/\n/, $node->safe_psql($db, 'SELECT key, event_id FROM respond.delivery'));
	my (%seen, %path);
	my ($phantoms, $wrong) = (0, 0);

	for my $line ($receiver->lines(qr/idempotency-key/))
	{
		my ($key) = $line =~ /"idempotency-key": "([^"]+)"/;
		my ($path) = $line =~ /"path": "([^"]+)"/;

		$phantoms++ unless $known{$key};
		$wrong++ if defined $path{$key} && $path{$key} ne $path || $path !~ /\b$known{$key}\b/;
		$path{$key} = $path;
		$seen{$key}++;
	}
	is($phantoms, 0, "$when: nothing arrived that the database does not know");
	is($wrong, 0, "$when: a key belongs to one request");
	is(scalar(grep { !$seen{$_} } keys %known), 0, "$when: each request arrived");
	note(sprintf('%s: %d requests, %d arrived more than once', $when, scalar keys %known, scalar grep { $seen{$_} > 1 } keys %seen));
	return;
}

sub check_ledger
{
	my ($when) = @_;

	Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.event AS e WHERE e.type LIKE 'ledger.%'
		AND NOT EXISTS (SELECT FROM respond.run AS r WHERE r.event_id = e.id AND r.status NOT IN ('running', 'waiting')))}, "$when: no run waits");
	Respond::wait_idle($node, $db);
	is($node->safe_psql($db, q{SELECT status, left(error::text, 200) FROM respond.run WHERE status <> 'succeeded' LIMIT 3}), '', "$when: all runs succeeded");
	is(count_of(q{respond.event AS e LEFT JOIN (SELECT event_id, count(*) AS n FROM respond.run GROUP BY 1) AS r ON r.event_id = e.id
		WHERE e.type LIKE 'ledger.%' AND r.n IS DISTINCT FROM 1}), '0', "$when: each event has one run");
	is(count_of(q{respond.run AS r LEFT JOIN (SELECT run_id, count(*) AS n FROM respond.delivery GROUP BY 1) AS d ON d.run_id = r.id WHERE d.n IS DISTINCT FROM 2}),
		'0', "$when: each run asked twice");
	for my $type ('answered', 'done')
	{
		is(count_of(qq{respond.event AS e LEFT JOIN (SELECT cause, count(*) AS n FROM respond.event WHERE type = '$type' GROUP BY 1) AS a ON a.cause = e.id
			WHERE e.type LIKE 'ledger.%' AND a.n IS DISTINCT FROM 1}), '0', "$when: each went on once ($type)");
	}
	is(count_of(q{respond.event WHERE type = 'answered' AND data->>'status' NOT IN ('200', '404') OR type = 'done' AND data->'body' <> '{"ok": true}'}), '0', "$when: with the answer");
	is(count_of(q{respond.delivery WHERE status = 'pending' OR (status = 'dead')}), '0', "$when: each request has ended");
	is(count_of('respond_internal.run_inbox'), '0', "$when: nothing is left of what runs were told");
	is(count_of('respond_internal.timer'), '0', "$when: nor of their time");
	check_keys($when);
	return;
}

sub writers
{
	my ($seconds, $rate) = @_;

	return Writers::start($node, $db, $script, clients => 3, seconds => $seconds, rate => $rate);
}

writers(3, 40)->finish;
check_ledger('without faults');
is(count_of(q{(SELECT FROM respond.attempt GROUP BY delivery_id, number HAVING count(*) > 1) AS twice}), '0', 'no try is recorded twice');

for my $fault ('courier', 'immediate', 'dispatcher', 'fast', 'courier', 'dispatcher', 'immediate')
{
	my $run = writers(5, 40);

	grows(60_000);
	if ($fault eq 'courier' || $fault eq 'dispatcher')
	{
		Respond::crash_worker($node, $db, $fault);
	}
	else
	{
		$node->stop($fault);
		$node->start;
	}
	$run->finish;
	Respond::wait_workers($node, $db, "$fault: the workers are back");
}
check_ledger('after everything');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal (?:6|11)|TRAP|cache lookup failed/, 'the log is clean');

$node->stop;
done_testing();
