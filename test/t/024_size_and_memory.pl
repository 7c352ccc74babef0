# Big and odd data, a forgotten old snapshot, and the memory of a dispatcher over many events.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use utf8;

my $node = Respond::node('sizes', fsync => 'off', max_connections => 30, autovacuum => 'off');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{CREATE TABLE took (event_id bigint, type text, note text)});
Respond::add_rule($node, $db, 'witness', 'd.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id, type)' } ]);
Respond::add_rule($node, $db, 'odd', 'd.odd*', [ { action => 'set', name => 'v', values => { n => '{{data.n}}', t => '[{{data.n}}]', m => '{{data.missing}}', all => '{{data}}' } },
		{ action => 'ticket', name => 't', subject => 'S {{subject}} {{data.n}}', description => '{{data.text}}', fields => { n => '{{data.n}}' } } ],
	condition => q{data->'n' IS NULL OR (data->>'n')::numeric > 0}, pattern => '{"type": [{"prefix": "d."}]}');
Respond::add_rule($node, $db, 'numbers', 'd.odd*', [ { action => 'log', message => 'matched' } ], pattern => '{"data": {"n": [{"numeric": [">", 10]}]}}');
Respond::add_rule($node, $db, 'deep', 'd.deep', [ { action => 'set', name => 'v', values => { t => '{{data.a.a.a.a}}' } }, { action => 'ticket', subject => 's', fields => '{{data}}' } ],
	pattern => '{"data": {"a": {"a": {"a": {"b": [{"exists": false}]}}}}}');

# d(expression, subject): the type d.NAME with data given as an SQL expression, between two good events in one transaction.
sub send_odd
{
	my ($type, $data, $subject) = @_;
	my $s = Respond::quote_literal($subject);

	return one(qq{BEGIN; INSERT INTO respond.event (type) VALUES ('d.good');
		INSERT INTO respond.event (type, subject, data) SELECT '$type', $s, $data RETURNING id;
		INSERT INTO respond.event (type) VALUES ('d.good'); COMMIT});
}

sub witnessed
{
	my ($id, $name) = @_;

	Respond::wait_idle($node, $db, "$name: nothing waits");
	return one("SELECT count(*) FROM took WHERE event_id = $id");
}

{
	my $id = send_odd('d.odd', q{jsonb_build_object('text', repeat('0123456789', 1024 * 1024))}, 'ten megabytes');

	is(witnessed($id, '10 MB'), '0', 'data of 10 MB: no rule is applied');
	is(one("SELECT kind || ' ' || reason FROM respond.dead_letter WHERE event_id = $id"), 'event size', 'it is a dead letter');
	like(one("SELECT error FROM respond.dead_letter WHERE event_id = $id"), qr/pg_respond\.max_event_size/, 'that names the setting');
	is(one("SELECT length(data->>'text') FROM respond.event WHERE id = $id"), 10 * 1024 * 1024, 'and is still in the log');

	# compressed it is small, and incompressible data is in TOAST
	$id = send_odd('d.odd', q{jsonb_build_object('text', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 40000) AS i))}, 'random');
	is(witnessed($id, 'toasted'), '0', 'data that does not compress: no rule is applied');
	$id = send_odd('d.odd', q{jsonb_build_object('text', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 20000) AS i))}, 'random');
	is(witnessed($id, 'large'), '1', 'data of 640 kB is handled');
	like(one("SELECT string_agg(status || coalesce(error, ''), ',') FROM respond.run WHERE event_id = $id AND rule = 'odd'"), qr/^(succeeded|failed)/, 'and its run ended');
}
{
	my $id = send_odd('d.deep', q{(repeat('{"a":', 4000) || '1' || repeat('}', 4000))::jsonb});

	is(witnessed($id, 'deep'), '1', 'data nested 4,000 deep is handled');
	my ($code, $out, $err) = $node->psql($db, q{SELECT respond.emit('d.deep', data => (repeat('{"a":', 10000) || '1' || repeat('}', 10000))::jsonb)});
	if ($code == 0)
	{
		is(witnessed($out, 'deeper'), '1', 'data nested 10,000 deep is handled');
		isnt(one("SELECT count(*) FROM respond.run WHERE event_id = $out AND rule = 'deep' AND status IN ('succeeded', 'failed')"), '0', 'the rule that looks into it had its run');
	}
	else
	{
		like($err, qr/stack depth/, 'the server refuses data nested 10,000 deep');
	}
}
my @odd = (
	[ 'd.odd', q{'{"n": 1e131071}'::jsonb}, 'huge' ],
	[ 'd.odd', q{'{"n": 1e-16383}'::jsonb}, 'tiny' ],
	[ 'd.odd', q{'{"n": 123456789012345678901234567890.5}'::jsonb}, 'long' ],
	[ 'd.odd', q{'{"n": 4e300}'::jsonb}, 'large' ],
	[ 'd.odd', q{'{}'::jsonb}, 'x' x 1024 ],
	[ 'd.odd', q{'{"text": "\u00e4\ud83d\ude00 {{subject}} \u202e <b> \u0007 \t"}'::jsonb}, "ünï\x{1F600}cödé {{data.text}} % %s \\ ' \"" ],
	[ 'd.odd*', q{'{"n": 5, "": {"": 1}, "a.b": [[]], "*": null}'::jsonb}, '' ],
	[ 'd.odd?[x]{y}%_\\\\', q{'{"n": 5}'::jsonb}, '*' ],
	[ 'd.odd' . 'x' x 250, q{'{"n": 1}'::jsonb}, 'longest type' ],
	[ 'd.odd', q{jsonb_build_object('n', 1, 'text', (SELECT jsonb_object_agg('k' || i, i) FROM generate_series(1, 20000) AS i))}, 'wide' ],
	[ 'd.odd', q{jsonb_build_object('n', 1, 'text', (SELECT jsonb_agg(i) FROM generate_series(1, 50000) AS i))}, 'list' ]);
for my $case (@odd)
{
	my ($type, $data, $subject) = @$case;
	my $name = substr($subject . " $type", 0, 30);
	utf8::encode($subject);
	utf8::encode($name);
	my $id = send_odd($type, $data, $subject);

	is(witnessed($id, $name), '1', "$name: handled");
	is(one("SELECT string_agg(status, ',') FROM respond.run WHERE event_id = $id AND rule = 'odd'"), 'succeeded', "$name: its rule had its run");
}
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type = 'd.good' AND (SELECT count(*) FROM took AS t WHERE t.event_id = e.id) <> 1}), '0', 'their neighbours took effect once');
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'numbers'}), '3', 'numbers of any size are in ranges');
is(one(q{SELECT string_agg(DISTINCT reason, ',') FROM respond.dead_letter WHERE kind = 'event'}), 'size', 'no other event was given up');

# --- memory and an old snapshot: the same work before and after, with rounds of it between
sub private_memory
{
	my ($pid) = @_;

	# pages of shared memory that nobody else has touched yet would count as private, but are not anonymous
	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/smaps_rollup") =~ /^Anonymous:\s+(\d+) kB/m)[0];
}

one(q{DELETE FROM respond.rule});
Respond::add_rule($node, $db, 'ticket', 'm.*', [ { action => 'ticket', subject => 'T {{data.n}}', key => '{{data.k}}' } ], pattern => '{"data": {"n": [{"numeric": [">", 0]}]}}',
	condition => q{length(data->>'text') > 3});
{
	my $pid = Respond::worker_pid($node, $db, 'dispatcher');
	my $old = Respond::session($node, $db);
	my (@seconds, @memory);
	my $round = sub {
		my ($n) = @_;
		my $start = Time::HiRes::time();

		one(qq{INSERT INTO respond.event (type, subject, data) SELECT 'm.x', 's' || i % 100, jsonb_build_object('n', i, 'text', repeat('t', 200)) FROM generate_series(1, $n) AS i});
		Respond::wait_until($node, $db, q{SELECT bool_and(events = 0) FROM respond.lag});
		push @seconds, Time::HiRes::time() - $start;
		push @memory, private_memory($pid);
	};

	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.event');
	$round->(20000) for 1 .. 5;
	note("seconds: @seconds; kB: @memory");
	cmp_ok($seconds[4], '<', 4 * $seconds[0] + 1, 'an old snapshot does not slow the workers down');
	cmp_ok($memory[4], '<', $memory[1] + 8 * 1024, 'the memory of the dispatcher is flat');
	is(one(q{SELECT count(*) = (SELECT count(*) FROM respond.event WHERE type = 'm.x') FROM respond.run WHERE rule = 'ticket'}), 't', 'each event had its run');
	is($old->query_safe('SELECT count(*) FROM respond.run'), $old->query_safe('SELECT count(*) FROM respond.run'), 'the old snapshot is still there');
	$old->query_safe('ROLLBACK');
	$old->quit;

	# errors, on the way around the batch: memory again
	Respond::add_rule($node, $db, 'failing', 'm.*', [ { action => 'sql', sql => q{SELECT 1 / (length(subject) - length(subject))} } ]);
	$round->(4000) for 1 .. 4;
	note("kB with failing SQL: @memory[5 .. 8]");
	cmp_ok($memory[8], '<', 50 * 1024, 'memory stays below 50 MB');
	cmp_ok($memory[8], '<', $memory[5] + 8 * 1024, 'flat with errors, too');
	is(Respond::worker_pid($node, $db, 'dispatcher'), $pid, 'all that in one process');
}

$node->stop;
done_testing();
