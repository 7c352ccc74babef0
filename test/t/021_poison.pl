# Poison: events and rules that raise, hang, kill the process or try to change it.  The culprit alone suffers;
# what stands before and behind it in the same transaction takes effect exactly once.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('poison', restart_after_crash => 'on', fsync => 'off', 'pg_respond.rule_timeout' => '400ms', 'pg_respond.retry_time' => '1s',
	'pg_respond.max_depth' => 5, max_connections => 30);
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{
	CREATE TABLE took (event_id bigint);
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
	CREATE TABLE account (id int PRIMARY KEY, n int);
	INSERT INTO account VALUES (1, 0);
	CREATE FUNCTION die_hard() RETURNS int LANGUAGE plpgsql AS $$
		BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || pg_backend_pid()); PERFORM pg_sleep(60); RETURN 1; END $$;
	CREATE FUNCTION stubborn() RETURNS int LANGUAGE plpgsql AS $$
		BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;
	CREATE FUNCTION raise_it(code text) RETURNS boolean LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'raised %', code USING ERRCODE = code; END $$;
	CREATE FUNCTION recurse(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN public.recurse(n + 1); END $$;
});

# Runs before the others: its effects for an event that is given up must go with it.
Respond::add_rule($node, $db, 'witness', 'p.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' } ], priority => 100);

# surround(type, data): ten good events, the given one, ten good ones, in one transaction; gives the id of the one.
sub surround
{
	my ($type, $data) = @_;
	my $json = Respond::quote_literal($data || '{}');

	return one(qq{
		WITH e AS (INSERT INTO respond.event (type, data)
			SELECT CASE i WHEN 11 THEN '$type' ELSE 'p.good' END, CASE i WHEN 11 THEN ${json}::jsonb ELSE '{}' END
			  FROM generate_series(1, 21) AS i ORDER BY i RETURNING id, type)
		SELECT id FROM e WHERE type = '$type'});
}

# check_others(name, id, witnessed): every event but the one took effect once; so did the one, if it was witnessed.
sub check_others
{
	my ($name, $id, $witnessed) = @_;
	my $wanted = $witnessed ? 1 : 0;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_idle($node, $db, "$name: nothing waits");
	is(one(qq{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'p.%' AND id >= $id - 10 AND
		(SELECT count(*) FROM took AS t WHERE t.event_id = e.id) <> CASE WHEN e.id = $id THEN $wanted ELSE 1 END}),
		'0', "$name: each event took effect as often as it should");
	return;
}

# kills(name, sql, restarts): SQL that ends the process; the event is quarantined.
sub kills
{
	my ($name, $sql, $restarts) = @_;

	Respond::add_rule($node, $db, $name, "p.$name", [ { action => 'sql', sql => $sql } ]);
	my $offset = -s $node->logfile;
	my $id = surround("p.$name");
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.dead_letter WHERE event_id = $id)", "$name: the event is a dead letter");
	check_others($name, $id, 0);
	is(one("SELECT reason FROM respond.dead_letter WHERE event_id = $id"), 'crash', "$name: because of a crash");
	is(one('SELECT count(*) FROM respond_internal.suspect'), '0', "$name: no marker is left");
	my $sign = $restarts ? qr/all server processes terminated; reinitializing/ : qr/pg_respond dispatcher of database \d+ ended unexpectedly/;
	my $deaths = () = PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset) =~ /$sign/g;
	cmp_ok($deaths, '<=', 3, "$name: after few deaths");
	one("DELETE FROM respond.rule WHERE name = '$name'");
	return;
}

kills('terminate', 'SELECT pg_terminate_backend(pg_backend_pid())');
kills('stubborn', 'SELECT public.stubborn()');
kills('crash', 'SELECT public.die_hard()', 1);

# fails(name, sql, error, columns...): SQL that fails or is stopped; the run of this rule fails, the event's other rules act.
sub fails
{
	my ($name, $sql, $error, %columns) = @_;

	Respond::add_rule($node, $db, $name, "p.$name", [ { action => 'sql', sql => $sql } ], %columns);
	my $id = surround("p.$name");
	check_others($name, $id, 1);
	like(one("SELECT status || ': ' || error FROM respond.run WHERE event_id = $id AND rule = '$name'"), $error, "$name: the run failed");
	is(one("SELECT count(*) FROM respond_internal.dead_event WHERE event_id = $id"), '0', "$name: the event is no dead letter");
	one("DELETE FROM respond.rule WHERE name = '$name'");
	return;
}

fails('divide', 'SELECT 1 / (event.id - event.id)', qr/^failed: division by zero/);
fails('condition', 'SELECT 1', qr/^failed: condition: division by zero/, condition => '1 / (id - id) = 1');
fails('raising', 'SELECT 1', qr/^failed: condition: raised P0001/, condition => q{public.raise_it('P0001')});
fails('deferred', 'INSERT INTO public.child VALUES (1)', qr/^failed: .*(security-restricted|foreign key)/);
fails('sleep', 'SELECT pg_sleep(100)', qr/^failed: SQL was canceled after 400 ms/);
fails('sleepy', 'SELECT 1', qr/^failed: condition: SQL was canceled after 400 ms/, condition => 'pg_sleep(100) IS NULL');
fails('recursion', 'SELECT public.recurse(1)', qr/^failed: stack depth limit exceeded/);
fails('role', q{DO $$ BEGIN EXECUTE 'SET ROLE respond_worker'; END $$}, qr/^failed: cannot set parameter "role"/);
fails('commits', q{DO $$ BEGIN COMMIT; END $$}, qr/^failed: invalid transaction termination/);
fails('temporary', q{DO $$ BEGIN CREATE TEMP TABLE t (a int); END $$}, qr/^failed: cannot create temporary table/);
{
	my $other = Respond::session($node, $db);

	$other->query_safe('BEGIN; UPDATE account SET n = 1 WHERE id = 1');
	fails('locked', 'UPDATE public.account SET n = n + 1 WHERE id = 1', qr/^failed: SQL was canceled after 400 ms/);
	fails('nowait', 'SELECT n FROM public.account WHERE id = 1 FOR UPDATE NOWAIT', qr/^failed: could not obtain lock/);
	$other->quit;
}

# Errors that may pass, raised by a rule for ever: retried for pg_respond.retry_time, then a failure of this rule alone.
for my $code (qw(08006 57014))
{
	fails("class_$code", "SELECT public.raise_it('$code')", qr/^failed: raised $code/);
}
fails('transient_condition', 'SELECT 1', qr/^failed: condition: raised 40P01/, condition => q{public.raise_it('40P01')});
fails('cancels_itself', 'SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)', qr/^failed: canceling statement/);

# What a rule does to its session does not outlast it.
{
	my $worker = Respond::worker_pid($node, $db, 'dispatcher');
	my @settings = map { "SELECT set_config('$_->[0]', '$_->[1]', false)" } (
		[ 'search_path', 'public' ], [ 'session_replication_role', 'replica' ], [ 'statement_timeout', '1' ],
		[ 'default_transaction_read_only', 'on' ], [ 'row_security', 'off' ], [ 'DateStyle', 'German' ], [ 'TimeZone', 'Asia/Tokyo' ],
		[ 'synchronous_commit', 'on' ], [ 'application_name', 'gotcha' ], [ 'enable_indexscan', 'off' ], [ 'transaction_read_only', 'on' ]);

	one(q{CREATE TABLE saw AS SELECT 1::bigint AS event_id, name, setting FROM pg_settings WHERE false});
	my $n = 0;
	for my $sql (@settings, 'RESET ALL', 'SET search_path = public', 'SELECT pg_advisory_lock(17), pg_advisory_lock_shared(18)',
		'SET LOCAL lock_timeout = 1', 'DISCARD ALL', 'LISTEN x', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
		'CREATE TEMP TABLE t (a int)', 'PREPARE p AS SELECT 1', 'SET SESSION AUTHORIZATION postgres')
	{
		$n++;
		Respond::add_rule($node, $db, "session $n", 'p.session',
			[ { action => 'sql', sql => $sql =~ /^SELECT/ ? $sql : 'DO $x$ BEGIN EXECUTE ' . Respond::quote_literal($sql) . '; END $x$' } ]);
	}
	Respond::add_rule($node, $db, 'look', 'p.look', [ { action => 'sql', sql => q{INSERT INTO public.saw SELECT event.id, name, setting FROM pg_settings WHERE name <> 'transaction_deferrable'} } ]);
	my $before = surround('p.look');
	check_others('a look before', $before, 1);
	my $id = surround('p.session');
	check_others('session', $id, 1);
	my $after = surround('p.look');
	check_others('a look after', $after, 1);
	is(one(qq{SELECT string_agg(concat_ws(' ', a.name, b.setting, '->', a.setting), ', ') FROM saw AS a JOIN saw AS b USING (name)
		WHERE a.event_id = $after AND b.event_id = $before AND a.setting <> b.setting}), '', 'the settings of the worker are what they were');
	cmp_ok(one("SELECT count(*) FROM saw WHERE event_id = $after"), '>', 300, 'and both were looked at');
	is(one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = $worker"), '0', 'advisory locks were given back');
	is(Respond::worker_pid($node, $db, 'dispatcher'), $worker, 'all that in one process');
	one(q{DELETE FROM respond.rule WHERE name LIKE 'session %' OR name = 'look'});
}

# Events that cause each other.
Respond::add_rule($node, $db, 'loop', 'loop.*', [ { action => 'emit', type => 'loop.again', subject => 'loop' } ]);
Respond::emit($node, $db, 'loop.start');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.dead_letter WHERE reason = 'depth')}, 'a loop ends as a dead letter');
Respond::wait_idle($node, $db, 'nothing of the loop waits');
is(one(q{SELECT string_agg(depth::text, ',' ORDER BY id) FROM respond.event WHERE type LIKE 'loop.%'}), '0,1,2,3,4,5,6', 'after max_depth rounds');
is(one(q{SELECT count(*) || ' ' || min(depth) FROM respond.dead_letter JOIN respond.event ON event.id = event_id WHERE reason = 'depth'}), '1 6', 'the event beyond is the dead letter');
one(q{DELETE FROM respond.rule WHERE name = 'loop'});

# Cancels from outside while events are handled: nothing is lost, nothing is done twice.
{
	one(q{INSERT INTO respond.event (type) SELECT 'p.good' FROM generate_series(1, 6000)});
	for my $round (1 .. 40)
	{
		one(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher'});
	}
	Respond::wait_idle($node, $db, 'cancelled: nothing waits');
	is(one(q{SELECT count(*) FROM respond.event AS e WHERE type = 'p.good' AND (SELECT count(*) FROM took AS t WHERE t.event_id = e.id) <> 1}),
		'0', 'cancelled: each event took effect once');
	is(one(q{SELECT count(*) FROM respond.dead_letter WHERE at > now() - interval '1 hour' AND event_type = 'p.good'}), '0', 'cancelled: no dead letter');
}

# An owner that is dropped.
one(q{CREATE ROLE leaver; GRANT USAGE ON SCHEMA respond TO leaver});
Respond::add_rule($node, $db, 'orphan', 'p.orphan', [ { action => 'sql', sql => 'SELECT 1' } ], owner => 'leaver');
one(q{DROP OWNED BY leaver; DROP ROLE leaver});
{
	my $id = surround('p.orphan');

	check_others('orphan', $id, 1);
	like(one("SELECT status || ': ' || error FROM respond.run WHERE event_id = $id AND rule = 'orphan'"), qr/^failed: .*role "leaver" does not exist/, 'a rule whose owner was dropped fails and says so');
}

$node->stop;
done_testing();
