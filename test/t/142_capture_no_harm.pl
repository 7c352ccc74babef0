# A write never fails because of us: whatever is wrong with the event log, the change of the user is made, he is
# warned once, the lost events are counted, and health() is well again after its remedy.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('main', fsync => 'off');
my $db = 'desk';
my $row = 0;

Respond::create_extension($node, $db);
$node->safe_psql($db, q{CREATE TABLE item (id integer PRIMARY KEY, v text); SELECT respond.watch('item', 'item')});
$node->safe_psql($db, q{SELECT respond.hold('test')});

# run(sql): runs it in a session of its own; returns what it wrote to stderr.
sub run
{
	my ($sql) = @_;
	my ($out, $err);

	$node->psql($db, $sql, stdout => \$out, stderr => \$err);
	return $err;
}

# lost(name, break, mend): while the log is broken, writes succeed with one warning and are counted; then all is well again.
sub lost
{
	my ($name, $break, $mend) = @_;
	my $first = ++$row;
	my $second = ++$row;
	my $third = ++$row;

	run($break) if $break ne '';
	my $err = run("INSERT INTO item VALUES ($first, 'x'); INSERT INTO item VALUES ($second, 'x')");
	my $warnings = () = $err =~ /could not be recorded/g;

	is($warnings, 1, "$name: warned once") or diag($err);
	unlike($err, qr/ERROR/, "$name: no error");
	is($node->safe_psql($db, "SELECT count(*) FROM item WHERE id IN ($first, $second)"), '2', "$name: the rows are written");
	is($node->safe_psql($db, q{SELECT sum(count) FROM respond_internal.capture_faults() WHERE fault = 'lost'}), '2', "$name: the events are counted");
	run($mend) if $mend ne '';
	my ($ok, $remedy) = split /\|/, $node->safe_psql($db, q{SELECT ok, remedy FROM respond.health() WHERE "check" = 'lost events'});

	is($ok, 'f', "$name: health() tells");
	my ($statement) = $remedy =~ /(SELECT respond\.acknowledge\('watch', \d+\))/;
	$node->safe_psql($db, $statement);
	is($node->safe_psql($db, q{SELECT ok FROM respond.health() WHERE "check" = 'lost events'}), 't', "$name: and after its remedy all is well");
	is(run("INSERT INTO item VALUES ($third, 'x')"), '', "$name: no warning afterwards");
	is($node->safe_psql($db, "SELECT count(*) FROM respond.event WHERE data->'new'->>'id' IN ('$first', '$second', '$third')"), '1', "$name: events are recorded again");
	return;
}

# An index of somebody's own in the partition of today, over rows to come, that refuses values that are no number.
my $foreign_index = q{DO $$ DECLARE last record; BEGIN SELECT tableoid::regclass AS partition, id INTO last FROM respond.event ORDER BY id DESC LIMIT 1;
	EXECUTE format('CREATE INDEX mine ON %s (((data->''new''->>''v'')::integer)) WHERE id > %s', last.partition, last.id); END $$};

run(q{INSERT INTO item VALUES (0, 'x')});
lost('a renamed log', q{ALTER TABLE respond.event RENAME TO events}, q{ALTER TABLE respond.events RENAME TO event});
lost('a renamed column', q{ALTER TABLE respond.event RENAME COLUMN data TO daten}, q{ALTER TABLE respond.event RENAME COLUMN daten TO data});
lost('an index of somebody that refuses rows', $foreign_index,
	q{DO $$ BEGIN EXECUTE 'DROP INDEX ' || (SELECT oid::regclass FROM pg_class WHERE relname = 'mine'); END $$});
lost('a sequence that is used up', q{ALTER SEQUENCE respond.event_id_seq MAXVALUE 100000 START 1; SELECT setval('respond.event_id_seq', 100000)},
	q{ALTER SEQUENCE respond.event_id_seq NO MAXVALUE});
run(q{SELECT respond.emit('filler') FROM generate_series(1, 20)});
lost('a sequence that was put back', q{SELECT setval('respond.event_id_seq', (SELECT min(id) FROM respond.event WHERE type = 'filler'))},
	q{SELECT setval('respond.event_id_seq', 1000000)});
lost('no partition at all', q{BEGIN; ALTER TABLE respond.event RENAME TO hidden; CREATE TABLE respond.event (LIKE respond.hidden) PARTITION BY RANGE (recorded_at); COMMIT},
	q{BEGIN; DROP TABLE respond.event; ALTER TABLE respond.hidden RENAME TO event; COMMIT});

# --- a log that breaks in the middle of a session's life
{
	my $session = $node->background_psql($db);
	my $write = sub { my $id = ++$row; $session->query("INSERT INTO item VALUES ($id, 'x'); SELECT 1"); };

	$write->() for 1 .. 3;
	run(q{ALTER TABLE respond.event RENAME TO events});
	$write->() for 1 .. 3;
	is($node->safe_psql($db, q{SELECT sum(count) FROM respond_internal.capture_faults() WHERE fault = 'lost'}), '3', 'a session that is under way notices');
	run(q{ALTER TABLE respond.events RENAME TO event});
	$write->() for 1 .. 3;
	is($node->safe_psql($db, 'SELECT count(*) FROM item'), $row + 1, 'all of its rows are written');
	is($node->safe_psql($db, q{SELECT sum(count) FROM respond_internal.capture_faults() WHERE fault = 'lost'}), '3', 'and it notices that all is well');
	$session->quit;
	run(q{SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)});
}

# --- one that fails now and then, as a disk does that is nearly full: one statement at most
{
	my $broken = q{SELECT setval('respond.event_id_seq', 9223372036854775807)};
	my $well = q{SELECT setval('respond.event_id_seq', 2000000)};
	my $first = $row + 1;
	my $last = $row += 8;
	my $err = run(join ';', map { ($_ % 2 ? $broken : $well, "INSERT INTO item VALUES ($_, 'x')") } $first .. $last);
	my $errors = () = $err =~ /ERROR/g;

	cmp_ok($errors, '<=', 1, 'a log that fails now and then') or diag($err);
	cmp_ok($node->safe_psql($db, "SELECT count(*) FROM item WHERE id BETWEEN $first AND $last"), '>=', 7, 'the other rows are written');
	run("SELECT setval('respond.event_id_seq', 3000000); SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)");
}

# --- a log that somebody has locked
{
	my $locker = $node->background_psql($db);
	my $session = $node->background_psql($db);
	my $first = ++$row;
	my $second = ++$row;

	$session->query(q{SET lock_timeout = '100ms'; INSERT INTO item VALUES (} . ++$row . q{, 'x')});
	$locker->query(q{BEGIN; LOCK TABLE respond.event});
	like(run("SET lock_timeout = '100ms'; INSERT INTO item VALUES ($first, 'x')"), qr/WARNING.*could not be recorded.*lock timeout/s, 'a locked log, with a lock_timeout');
	$session->query("INSERT INTO item VALUES ($second, 'x')");
	$locker->query('COMMIT');
	is($node->safe_psql($db, "SELECT count(*) FROM item WHERE id IN ($first, $second)"), '2', 'the rows are written, by a session that is under way too');
	$locker->quit;
	$session->quit;
	run(q{SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)});
}

# --- its sequence alone, which somebody is altering
{
	my $locker = $node->background_psql($db);
	my $session = $node->background_psql($db);
	my @ids = map { ++$row } 1 .. 3;

	$session->query("SET lock_timeout = '100ms'; INSERT INTO item VALUES ($ids[0], 'x')");
	$locker->query(q{BEGIN; ALTER SEQUENCE respond.event_id_seq CACHE 5});
	$session->query("INSERT INTO item VALUES ($ids[1], 'x')");
	$locker->query('ROLLBACK');
	$session->query("INSERT INTO item VALUES ($ids[2], 'x')");
	is($node->safe_psql($db, "SELECT count(*) FROM item WHERE id BETWEEN $ids[0] AND $ids[2]"), '3', 'a locked sequence fails no write');
	$locker->quit;
	$session->quit;
	run(q{SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)});
}

# --- what somebody added to the log takes one row and refuses the next, in a session that trusts the log
{
	my %additions = (
		'a constraint' => [q{ADD COLUMN mine integer, ADD CONSTRAINT mine CHECK (data->'new'->>'v' <> 'bad') NOT VALID}, 'DROP CONSTRAINT mine, DROP COLUMN mine'],
		'a column that is generated' => [q{ADD COLUMN mine integer GENERATED ALWAYS AS (CASE data->'new'->>'v' WHEN 'worse' THEN 1 / length(data->'new'->>'w') END) STORED}, 'DROP COLUMN mine'],
		'a default' => [q{ADD COLUMN mine integer, ALTER COLUMN mine SET DEFAULT 1 / (current_setting('my.divisor', true))::integer}, 'DROP COLUMN mine']);

	run(q{ALTER TABLE item ADD COLUMN w text DEFAULT ''});
	# the column is generated for older rows too, so this one comes first
	foreach my $name (reverse sort { length($a) <=> length($b) } keys %additions)
	{
		my ($good, $bad, $worse, $zero) = map { ++$row } 1 .. 4;

		run("ALTER TABLE respond.event $additions{$name}[0]");
		my $err = run("SET my.divisor = 1; INSERT INTO item VALUES ($good, 'x'); INSERT INTO item VALUES ($bad, 'bad'); INSERT INTO item VALUES ($worse, 'worse'); SET my.divisor = 0; INSERT INTO item VALUES ($zero, 'x')");
		like($err, qr/WARNING.*could not be recorded/, "$name that refuses rows: warned");
		unlike($err, qr/ERROR/, "$name that refuses rows: no error");
		is($node->safe_psql($db, "SELECT count(*) FROM item WHERE id BETWEEN $good AND $zero"), '4', "$name that refuses rows: all are written");
		run("ALTER TABLE respond.event $additions{$name}[1]; SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)");
	}
}

# --- values of the row that was, in a TOAST table that is damaged: an UPDATE that mends it goes through
SKIP:
{
	skip 'pg_surgery is not there', 3 if $node->safe_psql($db, q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_surgery'}) eq '0';
	run(q{CREATE EXTENSION pg_surgery; CREATE TABLE damaged (id integer PRIMARY KEY, v text); ALTER TABLE damaged ALTER v SET STORAGE EXTERNAL;
		SELECT respond.watch('damaged', 'damaged'); INSERT INTO damaged SELECT n, repeat(n::text, 5000) FROM generate_series(1, 3) AS n});
	run(q{DO $$ DECLARE t regclass; BEGIN SELECT reltoastrelid INTO t FROM pg_class WHERE oid = 'damaged'::regclass;
		EXECUTE format('SELECT heap_force_kill(%L, (SELECT array_agg(ctid) FROM %s WHERE chunk_seq = 1))', t, t); END $$});
	my $err = run(q{UPDATE damaged SET v = repeat('z', 5000) WHERE id = 1; UPDATE damaged SET id = 20 WHERE id = 2; DELETE FROM damaged WHERE id = 3});

	like($err, qr/WARNING.*cannot be recorded as JSON/, 'a damaged value: warned');
	unlike($err, qr/ERROR/, 'a damaged value: no error');
	is($node->safe_psql($db, q{SELECT string_agg(concat_ws(' ', subject, data->>'op', data->>'changed', data->>'omitted'), ', ' ORDER BY id)
		FROM respond.event WHERE type = 'damaged' AND data->>'op' <> 'INSERT'}),
		'damaged/1 UPDATE ["v"] ["v"], damaged/20 UPDATE ["id"] ["v"], damaged/3 DELETE ["v"]', 'a damaged value: left out');
	run(q{SELECT respond.acknowledge('watch', 'damaged'::regclass::oid::bigint)});
}

# --- one bad row among many, rows of a trigger of a trigger, a transaction that cannot write
{
	run($foreign_index);
	like(run(q{INSERT INTO item SELECT 10000 + n, CASE n WHEN 500 THEN 'bad' ELSE '1' END FROM generate_series(1, 1000) AS n}), qr/could not be recorded/, 'a bad row among a thousand');
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE (data->'new'->>'id')::integer BETWEEN 10001 AND 11000}), '999', 'the others are recorded');
	is($node->safe_psql($db, q{SELECT count(*) FROM item WHERE id > 10000}), '1000', 'and all are written');
	run(q{DO $$ BEGIN EXECUTE 'DROP INDEX ' || (SELECT oid::regclass FROM pg_class WHERE relname = 'mine'); END $$; SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint)});
	like(run(q{CREATE TEMPORARY TABLE t (id integer); SELECT respond.watch('t', 't'); BEGIN READ ONLY; INSERT INTO t VALUES (1); COMMIT; SELECT count(*) FROM t}),
		qr/WARNING.*could not be recorded.*read-only/s, 'a temporary table in a read-only transaction');
}

# --- a cancel is no fault
{
	run(q{CREATE FUNCTION public.nap(integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(60); RETURN 'x'; END $$;
		CREATE TABLE slow (id integer); SELECT respond.watch('slow', 'slow', subject => 'public.nap(id)')});
	like(run(q{SET statement_timeout = '200ms'; INSERT INTO slow VALUES (1)}), qr/ERROR: .*statement timeout/, 'a timeout ends the statement all the same');
	is($node->safe_psql($db, 'SELECT count(*) FROM slow'), '0', 'and its change');
}

# --- another encoding: escapes that it cannot say
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
Respond::create_extension($node, 'latin');
$node->safe_psql('latin', q{CREATE TABLE item (id integer PRIMARY KEY, j json, t text); SELECT respond.watch('item', 'item')});
{
	my ($out, $err);

	$node->psql('latin', q{INSERT INTO item VALUES (1, '{"a": "\u20ac"}', 'x'), (2, '{"a": "\u00e4"}', 'y')}, stdout => \$out, stderr => \$err);
	unlike($err, qr/ERROR/, 'a json with a character that the encoding does not have');
	is($node->safe_psql('latin', q{SELECT string_agg(subject || coalesce(' ' || (data->>'as_text'), '') || ' ' || jsonb_typeof(data->'new'->'j'), ', ' ORDER BY id) FROM respond.event}),
		'item/1 ["j"] string, item/2 object', 'is text, and one with a character that it has is json');
}
done_testing();
