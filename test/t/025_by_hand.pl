# What people do to the log by hand: partitions attached with other columns, without indexes, in layers; detached and
# dropped while events wait.  And the extension or the database dropped while the workers are busy.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('hands', restart_after_crash => 'on', fsync => 'off', 'pg_respond.batch_size' => 10, 'pg_respond.event_retention' => -1);
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

sub add_rules
{
	Respond::add_rule($node, $db, 'any', 'h.*', [ { action => 'sql', sql => q{INSERT INTO public.took VALUES (event.id, concat_ws('|', type, subject, source, time, data))} } ]);
	Respond::add_rule($node, $db, 'slow', 'h.slow', [ { action => 'sql', sql => q{SELECT pg_sleep(0.005)} } ]);
	return;
}

# check_once(where, count, name): so many events match, and each took effect once.
sub check_once
{
	my ($where, $count, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_idle($node, $db, "$name: nothing waits");
	is(one("SELECT count(*) || ' ' || count(*) FILTER (WHERE (SELECT count(*) FROM took AS t WHERE t.event_id = e.id) = 1) FROM respond.event AS e WHERE $where"),
		"$count $count", "$name: each event took effect once");
	return;
}

one('CREATE TABLE took (event_id bigint, note text)');
add_rules();

# --- attached partitions
my $offset = -s $node->logfile;
one(q{
	CREATE TABLE year_2001 (junk int, data jsonb NOT NULL, xid xid8 NOT NULL, recorded_at timestamptz NOT NULL, depth int NOT NULL, id bigint NOT NULL, key text,
		type text NOT NULL, subject text, actor text NOT NULL, cause bigint, source text NOT NULL, "time" timestamptz NOT NULL, incarnation bigint NOT NULL);
	ALTER TABLE year_2001 DROP COLUMN junk;
	CREATE INDEX ON year_2001 (id);
	CREATE INDEX ON year_2001 (xid, id);
	GRANT SELECT ON year_2001 TO respond_worker;
	ALTER TABLE respond.event ATTACH PARTITION year_2001 FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
	CREATE TABLE year_2002 (LIKE respond.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
	ALTER TABLE respond.event ATTACH PARTITION year_2002 FOR VALUES FROM ('2002-01-01') TO ('2003-01-01');
	CREATE TABLE year_2003 (LIKE respond.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (type);
	CREATE TABLE year_2003_a PARTITION OF year_2003 FOR VALUES IN ('h.a');
	CREATE TABLE year_2003_b PARTITION OF year_2003 DEFAULT;
	CREATE INDEX ON year_2003 (xid, id);
	ALTER TABLE respond.event ATTACH PARTITION year_2003 FOR VALUES FROM ('2003-01-01') TO ('2004-01-01');
});
one(qq{INSERT INTO respond.event (type, subject, source, time, data, recorded_at)
	SELECT CASE i % 2 WHEN 0 THEN 'h.a' ELSE 'h.b' END, 's' || i % 5, '/x', '2001-02-03 UTC', jsonb_build_object('i', i), make_timestamptz($_, 2, 3, 4, 5, 6)
	  FROM generate_series(1, 55) AS i}) for 2001 .. 2003;
Respond::emit($node, $db, 'h.now');
check_once(q{recorded_at BETWEEN '2001-01-01' AND '2001-12-31'}, 55, 'other columns');
check_once(q{recorded_at BETWEEN '2002-01-01' AND '2002-12-31'}, 55, 'no index');
check_once(q{recorded_at BETWEEN '2003-01-01' AND '2003-12-31'}, 55, 'layers');
check_once(q{type = 'h.now'}, 1, 'beside them');
is(one(q{SELECT count(*) FROM took JOIN respond.event AS e ON e.id = event_id WHERE note <> concat_ws('|', type, subject, source, time, data)}), '0', 'each column is what it should be');
{
	my $warnings = () = PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset) =~ /WARNING:  partition "year_2002" of the event log has no index on \(xid, id\)/g;

	is($warnings, 1, 'the log names the missing index once');
}
like(PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset), qr/HINT:  Run CREATE INDEX ON public\.year_2002 \(xid, id\)/, 'and the remedy');
{
	my $id = one('SELECT min(id) FROM year_2002');

	one("SELECT respond.replay($id)");
	Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM took WHERE event_id = $id", 'an event in a partition without index can be replayed');
	one("DELETE FROM took WHERE ctid = (SELECT max(ctid) FROM took WHERE event_id = $id)");
}
one('CREATE INDEX ON year_2002 (xid, id)');
one(q{INSERT INTO respond.event (type, recorded_at) VALUES ('h.c', '2002-05-05')});
check_once(q{type = 'h.c'}, 1, 'with an index then');

# --- detached and dropped while events wait
{
	one(q{SELECT respond.hold()});
	Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'});
	one(q{INSERT INTO respond.event (type, recorded_at) SELECT 'h.d', make_timestamptz(2001 + i % 3, 6, 1, 0, 0, 0) FROM generate_series(1, 30) AS i});
	one(q{INSERT INTO respond.event (type) VALUES ('h.d')});
	one('ALTER TABLE respond.event DETACH PARTITION year_2001');
	one('DROP TABLE year_2003_b');
	one('SELECT respond.release()');
	check_once(q{type = 'h.d'}, 11, 'detached and dropped before the look');
}
{
	one(q{INSERT INTO respond.event (type, recorded_at) SELECT 'h.slow', '2002-07-07' FROM generate_series(1, 300) AS i});
	one(q{INSERT INTO respond.event (type) VALUES ('h.behind')});
	Respond::wait_until($node, $db, q{SELECT count(*) >= 20 FROM respond.run WHERE rule = 'slow'}, 'a part of the partition is handled');
	one('DROP TABLE year_2002');
	check_once(q{type = 'h.behind'}, 1, 'dropped after the look');
	cmp_ok(one(q{SELECT count(*) FROM respond.run WHERE rule = 'slow'}), '<', 300, 'what was dropped was not handled any more');
	is(one(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no dead letter');
}

# --- a rename that breaks the log is not the events' fault
{
	my $log = -s $node->logfile;

	one(q{BEGIN; INSERT INTO respond.event (type) SELECT 'h.broken' FROM generate_series(1, 30); ALTER TABLE respond_internal.progress_0 RENAME TO away; ALTER TABLE respond_internal.progress_1 RENAME TO away_1; COMMIT});
	Respond::wait_for(sub { $node->log_contains(qr/ERROR:  table "respond_internal\.progress_\d" is not as this library expects it: it is missing/, $log) },
		'a damaged extension is reported');
	one(q{ALTER TABLE respond_internal.away RENAME TO progress_0; ALTER TABLE respond_internal.away_1 RENAME TO progress_1});
	check_once(q{type = 'h.broken'}, 30, 'after the repair');
	is(one(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no event was given up for it');
	my $lines = () = PostgreSQL::Test::Utils::slurp_file($node->logfile, $log) =~ /ERROR:/g;
	cmp_ok($lines, '<', 40, 'the log is not flooded');
}

# --- DROP EXTENSION while busy
one(q{INSERT INTO respond.event (type) SELECT 'h.slow' FROM generate_series(1, 200)});
Respond::wait_until($node, $db, q{SELECT count(*) > 10 FROM respond.run JOIN respond.event ON event.id = event_id WHERE type = 'h.slow' AND event.recorded_at > '2020-01-01'}, 'the workers are busy');
one(q{BEGIN; DROP EXTENSION pg_respond CASCADE; ROLLBACK});
check_once(q{type = 'h.slow' AND recorded_at > '2020-01-01'}, 200, 'a DROP EXTENSION that was rolled back');
one(q{INSERT INTO respond.event (type) SELECT 'h.slow' FROM generate_series(1, 1000)});
Respond::wait_until($node, $db, q{SELECT sum(events) > 100 FROM respond.lag}, 'the workers are busy again');
one(q{DROP EXTENSION pg_respond CASCADE});
Respond::wait_no_workers($node, $db, 'DROP EXTENSION stops the workers');
one(q{TRUNCATE took});
one(q{CREATE EXTENSION pg_respond});
add_rules();
Respond::emit($node, $db, 'h.again');
check_once(q{type LIKE 'h.%'}, 1, 'created again');

# --- DROP DATABASE while busy
one(q{INSERT INTO respond.event (type) SELECT 'h.slow' FROM generate_series(1, 1000)});
Respond::wait_until($node, $db, q{SELECT count(*) > 10 FROM took}, 'busy before DROP DATABASE');
$node->safe_psql('postgres', qq{DROP DATABASE $db WITH (FORCE)});
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname = '$db'"), '0', 'the database is gone');
Respond::create_extension($node, 'next');
$node->safe_psql('next', 'CREATE TABLE took (event_id bigint, note text)');
$db = 'next';
add_rules();
one(q{INSERT INTO respond.event (type) SELECT 'h.slow' FROM generate_series(1, 1000)});
Respond::wait_until($node, $db, q{SELECT count(*) > 10 FROM took}, 'busy in the next database');
$node->safe_psql('postgres', qq{DROP DATABASE $db});
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname = '$db'"), '0', 'it is gone without FORCE, too');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|cache lookup failed|could not open relation/, 'the log is clean');

$node->stop;
done_testing();
