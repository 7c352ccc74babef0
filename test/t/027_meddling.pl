# A superuser's rule that meddles with the desk itself from inside the dispatcher: whatever it does to tables, rules,
# locks or the extension, the server stays up and the neighbours of its event take effect exactly once.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('meddling', restart_after_crash => 'on', fsync => 'off', 'pg_respond.rule_timeout' => '300ms', 'pg_respond.retry_time' => '1s');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{CREATE TABLE took (event_id bigint); CREATE TABLE held (n int);
	CREATE FUNCTION left_open() RETURNS void LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'open'; BEGIN OPEN c FOR SELECT g FROM generate_series(1, 1000) AS g; FETCH c INTO c; END $$});
Respond::add_rule($node, $db, 'witness', 'z.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' }, { action => 'ticket', subject => '{{id}}' } ], priority => 10);

my $worker = Respond::worker_pid($node, $db, 'dispatcher');
my $number = 0;
my @ended;

# meddle(name, sql, wanted): the status of its run, or "dead" when the event as a whole is given up.
sub meddle
{
	my ($name, $sql, $wanted) = @_;
	my $type = 'z.m' . ++$number;

	$sql = 'DO $x$ BEGIN ' . ($sql =~ /^PERFORM/ ? $sql : 'EXECUTE ' . Respond::quote_literal($sql)) . '; END $x$' unless $sql =~ /^SELECT/;
	Respond::add_rule($node, $db, $name, $type, [ { action => 'sql', sql => $sql } ]);
	my $id = one(qq{WITH e AS (INSERT INTO respond.event (type) SELECT CASE i WHEN 6 THEN '$type' ELSE 'z.good' END FROM generate_series(1, 11) AS i RETURNING id, type)
		SELECT id FROM e WHERE type = '$type'});
	Respond::wait_idle($node, $db, "$name: nothing waits");
	is(one(qq{SELECT count(*) FROM respond.event AS e WHERE id BETWEEN $id - 5 AND $id + 5 AND type = 'z.good' AND ((SELECT count(*) FROM took AS t WHERE t.event_id = e.id) <> 1
		OR (SELECT count(*) FROM respond.ticket AS t WHERE t.event_id = e.id) <> 1)}), '0', "$name: the neighbours took effect once");
	like(one("SELECT coalesce((SELECT 'dead: ' || error FROM respond_internal.dead_event WHERE event_id = $id), (SELECT status || coalesce(': ' || error, '') FROM respond.run WHERE event_id = $id AND rule = '$name'))"),
		$wanted, "$name: how it ended");
	one(qq{DELETE FROM respond.rule WHERE name = '$name'});
	return;
}

meddle('drop extension', 'DROP EXTENSION pg_respond CASCADE', qr/^(failed|dead): /);
meddle('drop schema', 'DROP SCHEMA respond_internal CASCADE', qr/^(failed|dead): /);
meddle('drop log', 'DROP TABLE respond.event CASCADE', qr/^(failed|dead): /);
meddle('truncate log', 'TRUNCATE respond.event', qr/^(failed|dead): /);
meddle('alter log', 'ALTER TABLE respond.event ADD COLUMN extra int', qr/^(failed|dead): /);
meddle('alter tickets', 'ALTER TABLE respond.ticket ADD COLUMN extra int', qr/^(succeeded|failed|dead)/);
meddle('drop progress', 'DROP TABLE respond_internal.progress_0, respond_internal.progress_1 CASCADE', qr/^(failed|dead): /);
meddle('drop role', 'DROP ROLE respond_worker', qr/^failed: /);
meddle('lock log', 'LOCK TABLE respond.event, respond.run, respond.ticket IN ACCESS EXCLUSIVE MODE', qr/^succeeded/);
meddle('prepare', q{PREPARE TRANSACTION 'x'}, qr/^failed: /);
meddle('vacuum', 'VACUUM', qr/^failed: /);
meddle('hold', 'PERFORM respond.hold(); PERFORM respond.release()', qr/^succeeded/);
meddle('replay', q{PERFORM respond.replay(min(id)) FROM respond.event WHERE type = 'z.never'}, qr/^(succeeded|failed)/);
meddle('simulate', q{SELECT count(*) FROM respond.simulate('z.good', '{}')}, qr/^failed: simulate/);
meddle('open cursor', 'SELECT public.left_open()', qr/^(succeeded|failed)/);
meddle('export', 'SELECT pg_export_snapshot()', qr/^failed: /);
meddle('rules', q{UPDATE respond.rule SET priority = priority + 1, description = 'changed'}, qr/^succeeded/);
meddle('own rule', q{DELETE FROM respond.rule WHERE name = 'own rule'}, qr/^succeeded/);
meddle('constraints', 'SET CONSTRAINTS ALL DEFERRED', qr/^(succeeded|failed)/);
meddle('reload', 'SELECT pg_reload_conf()', qr/^succeeded/);
meddle('noise', q{SELECT count(pg_notify('x', repeat('y', 7999) )) FROM generate_series(1, 100)}, qr/^succeeded/);
meddle('loud', q{SELECT pg_notify('x', repeat('y', 8001))}, qr/^failed: /);
{
	my $other = Respond::session($node, $db);

	$other->query_safe('SELECT pg_advisory_lock(5); BEGIN; LOCK TABLE held');
	meddle('waits for advisory', 'SELECT pg_advisory_lock(5)', qr/^failed: (SQL was canceled after 300 ms|canceling statement due to lock timeout)/);
	meddle('waits for table', 'LOCK TABLE public.held', qr/^failed: (SQL was canceled after 300 ms|canceling statement due to lock timeout)/);
	$other->quit;
}
is(Respond::worker_pid($node, $db, 'dispatcher'), $worker, 'all that in one process');
is(one(q{SELECT count(*) FROM pg_prepared_xacts}), '0', 'nothing is prepared');
is(one(q{SELECT count(*) FROM pg_locks WHERE pid = } . $worker . q{ AND locktype IN ('advisory', 'relation')}), '0', 'the worker holds no lock between batches');
is(one(q{SELECT concat_ws(' ', backend_xmin, backend_xid, xact_start) FROM pg_stat_activity WHERE pid = } . $worker), '', 'and no snapshot');
is(one(q{SELECT string_agg("check" || ': ' || message, '; ') FROM respond.health() WHERE NOT ok AND "check" <> 'dead letters'}), '', 'health() finds nothing wrong');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|WARNING:  (?!pg_respond)/, 'the log is clean');

$node->stop;
done_testing();
