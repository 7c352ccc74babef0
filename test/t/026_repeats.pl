# Work that is done again: batches that fail at their end, replays of poison, a lane that changes in the middle of a
# transaction, deadlocks with people, replays beside live events and below an old snapshot.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('repeats', restart_after_crash => 'on', fsync => 'off', max_connections => 40, autovacuum => 'off',
	'pg_respond.batch_size' => 100, 'pg_respond.retry_time' => '1s', deadlock_timeout => '100ms');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# check_once(type, count, name): so many events, and each has one row in took.
sub check_once
{
	my ($type, $count, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_idle($node, $db, "$name: nothing waits");
	is(one("SELECT count(*) || ' ' || count(*) FILTER (WHERE (SELECT count(*) FROM took AS t WHERE t.event_id = e.id) = 1) FROM respond.event AS e WHERE type = '$type'"),
		"$count $count", "$name: each event took effect once");
	return;
}

one('CREATE TABLE took (event_id bigint); CREATE INDEX ON took (event_id)');
Respond::add_rule($node, $db, 'witness', 'x.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' } ], priority => 10);

# --- the effects of one event cannot be written, or not be committed
Respond::add_rule($node, $db, 'open', 'x.open', [ { action => 'ticket', subject => '{{data.s}}' } ]);
one(q{
	ALTER TABLE respond.ticket ADD CONSTRAINT house_rule CHECK (subject <> 'bad');
	CREATE TABLE known (subject text PRIMARY KEY);
	INSERT INTO known SELECT s || ' ' || i FROM generate_series(1, 50) AS i, unnest(ARRAY['bad', 'late']) AS s;
	GRANT SELECT, REFERENCES ON known TO respond_worker;
	ALTER TABLE respond.ticket ADD CONSTRAINT late FOREIGN KEY (subject) REFERENCES known DEFERRABLE INITIALLY DEFERRED;
});
for my $subject ('bad', 'late')
{
	one('TRUNCATE took');
	my $id = one(qq{WITH e AS (INSERT INTO respond.event (type, data) SELECT 'x.open', jsonb_build_object('s', CASE i WHEN 20 THEN '$subject' ELSE '$subject ' || i END)
		FROM generate_series(1, 50) AS i RETURNING id, data) SELECT id FROM e WHERE data->>'s' = '$subject'});

	Respond::wait_idle($node, $db, "$subject: nothing waits");
	is(one("SELECT reason || ': ' || error FROM respond.dead_letter WHERE event_id = $id"), $subject eq 'bad' ?
		'error: new row for relation "ticket" violates check constraint "house_rule"' : 'error: insert or update on table "ticket" violates foreign key constraint "late"', "$subject: the event is a dead letter");
	is(one(qq{SELECT count(*) || ' ' || count(DISTINCT subject) FROM respond.ticket WHERE subject LIKE '$subject%'}), '49 49', "$subject: the others opened their tickets");
	is(one(qq{SELECT count(*) || ' ' || count(DISTINCT event_id) FROM took}), '49 49', "$subject: and took effect once");
	one(q{ALTER TABLE respond.ticket DROP CONSTRAINT late, DROP CONSTRAINT house_rule}) if $subject eq 'late';
	if ($subject eq 'late')
	{
		one("SELECT respond.replay($id)");
		Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.ticket WHERE event_id = $id", 'what was given up can be replayed when the cause is gone');
	}
}

# --- a replay that kills the process: it is given up, live events and other replays go on
one(q{CREATE TABLE armed (yes boolean); INSERT INTO armed VALUES (false)});
one(q{CREATE FUNCTION trap() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF (SELECT yes FROM public.armed) THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); END IF; RETURN 1; END $$});
Respond::add_rule($node, $db, 'trap', 'x.trap', [ { action => 'sql', sql => 'SELECT public.trap()' } ]);
{
	my $trap = Respond::emit($node, $db, 'x.trap');
	my $plain = Respond::emit($node, $db, 'x.plain');

	check_once('x.trap', 1, 'before it kills');
	one(qq{UPDATE armed SET yes = true; SELECT respond.replay(i) FROM unnest(ARRAY[$plain, $trap, $plain]) AS i; SELECT respond.emit('x.live')});
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.dead_letter WHERE event_id = $trap AND reason = 'crash')", 'a replay that kills is given up');
	check_once('x.live', 1, 'a live event behind it');
	is(one("SELECT count(*) FROM took WHERE event_id = $plain"), '3', 'the other replays happened once each');
	is(one("SELECT count(*) FROM took WHERE event_id = $trap"), '1', 'the one that kills left nothing');
	one('UPDATE armed SET yes = false');
}

# --- lanes change and a worker dies in the middle of a large transaction
one(q{INSERT INTO respond.event (type, subject) SELECT 'x.lanes', 's' || i % 40 FROM generate_series(1, 6000) AS i});
for my $lanes (3, 2, 1)
{
	my $done = one(q{SELECT count(*) FROM took JOIN respond.event ON id = event_id WHERE type = 'x.lanes'});

	one("ALTER SYSTEM SET pg_respond.dispatchers = $lanes");
	$node->reload;
	one(q{INSERT INTO respond.event (type, subject) SELECT 'x.lanes', 's' || i % 40 FROM generate_series(1, 1000) AS i});
	Respond::wait_until($node, $db, "SELECT count(*) >= least($done + 1500, 8000) FROM took JOIN respond.event ON id = event_id WHERE type = 'x.lanes'", "$lanes lanes go on");
	one(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' LIMIT 1});
}
Respond::wait_workers($node, $db);
check_once('x.lanes', 9000, 'lanes that change in the middle');

# --- deadlocks with a person: the one who loses is tried again
one(q{CREATE TABLE pair (id int PRIMARY KEY, n int); INSERT INTO pair VALUES (1, 0), (2, 0);
	CREATE FUNCTION bump() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE public.pair SET n = n + 1 WHERE id = 2; PERFORM pg_sleep(0.05); UPDATE public.pair SET n = n + 1 WHERE id = 1; END $$});
Respond::add_rule($node, $db, 'bump', 'x.bump', [ { action => 'sql', sql => 'SELECT public.bump()' } ]);
{
	my $losses = 0;

	for my $round (1 .. 6)
	{
		my $session = Respond::session($node, $db);

		$session->query('BEGIN; UPDATE pair SET n = n WHERE id = 1');
		Respond::emit($node, $db, 'x.bump');
		Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND wait_event_type = 'Lock')});
		$session->query('UPDATE pair SET n = n WHERE id = 2; COMMIT');
		$session->quit;
		# an event that loses in every round would use up its tries
		Respond::wait_idle($node, $db);
	}
	check_once('x.bump', 6, 'deadlocks');
	is(one('SELECT string_agg(n::text, $$ $$) FROM pair'), '6 6', 'deadlocks: the SQL took effect once for each event');
	is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'bump' AND status <> 'succeeded'}), '0', 'deadlocks: no run failed');
}

# --- SQL that wants too much
Respond::add_rule($node, $db, 'greedy', 'x.greedy', [ { action => 'sql', sql => q{SELECT repeat('x', 100000000)} } ]);
Respond::add_rule($node, $db, 'locksmith', 'x.greedy', [ { action => 'sql', sql => q{SELECT count(pg_advisory_xact_lock(i)) FROM generate_series(1, 100000) AS i} } ]);
Respond::add_rule($node, $db, 'talker', 'x.greedy', [ { action => 'sql', sql => q{SELECT repeat('x', 1000) FROM generate_series(1, 20000)} } ]);
one(q{INSERT INTO respond.event (type) SELECT 'x.greedy' FROM generate_series(1, 2)});
check_once('x.greedy', 2, 'greedy SQL');
is(one(q{SELECT string_agg(DISTINCT rule, ',') FROM respond.run JOIN respond.event ON event.id = event_id WHERE type = 'x.greedy' AND status = 'failed'}),
	'locksmith', 'SQL that takes all locks fails');

# --- a long replay delays no live events, and an old snapshot does not delay the replay
{
	my $old = Respond::session($node, $db);

	one('DELETE FROM respond.rule');
	Respond::add_rule($node, $db, 'again', 'y.*', [ { action => 'log', message => 'again' } ]);
	one(q{INSERT INTO respond.event (type) SELECT 'y.old' FROM generate_series(1, 30000)});
	Respond::wait_idle($node, $db);
	$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.run');
	one(q{SELECT respond.replay(min(recorded_at), now(), 'again') FROM respond.event WHERE type = 'y.old'});
	one(q{SELECT respond.emit('y.live')});
	Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run JOIN respond.event ON event.id = event_id WHERE type = 'y.live'}, 'a live event behind a replay is handled');
	cmp_ok(one('SELECT count(*) FROM respond_internal.requeue'), '>', 0, 'before the replay is done');
	Respond::wait_idle($node, $db, 'then the replay is done');
	is(one(q{SELECT count(*) || ' ' || count(DISTINCT event_id) FROM respond.run WHERE replay AND rule = 'again'}), '30000 30000', 'each event was replayed once');

	# a start() that commits late, after later ones were done
	my $late = Respond::session($node, $db);

	$late->query_safe(q{BEGIN; SELECT respond.start('again', '{}', 'late')});
	one(q{SELECT respond.start('again', '{}', 'early')}) for 1 .. 3;
	Respond::wait_idle($node, $db, 'starts are done');
	$late->query_safe('COMMIT');
	$late->quit;
	Respond::wait_idle($node, $db, 'a start that commits late is done');
	is(one(q{SELECT string_agg(subject, ',' ORDER BY r.id) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE subject IS NOT NULL AND rule = 'again'}), 'late,early,early,early', 'all of them once');
	$old->query_safe('ROLLBACK');
	$old->quit;
}

$node->stop;
done_testing();
