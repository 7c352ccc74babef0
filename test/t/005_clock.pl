# The clock: partitions ahead of time, retention, progress tables, hold and release.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $node = Respond::node('clock');
Respond::create_extension($node, $db);

sub value
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# set(name, value): changes a setting of the running server.
sub set
{
	my ($name, $value) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET $name = " . Respond::quote_literal($value));
	return $node->reload;
}

# partitions(table): how many there are, the default one not counted.
sub partitions
{
	my ($table) = @_;

	return "(SELECT count(*) FROM pg_inherits WHERE inhparent = 'respond.$table'::regclass AND inhrelid <> 'respond.${table}_default'::regclass)";
}

sub old_partition { return Respond::old_partition($node, $db, @_, 1); }
sub gone { return Respond::partition_gone($node, $db, @_); }

# clock_looked(): makes the clock look at once, and waits until it has.
my $interval = 1440;
sub clock_looked { return Respond::clock_looks($node, $db, 'pg_respond.partition_interval', ++$interval); }

# Partitions.
for my $table ('event', 'run', 'audit_log')
{
	Respond::wait_until($node, $db, 'SELECT ' . partitions($table) . ' >= 3', "respond.$table has a partition for the present and two more");
}
is(value(q{SELECT count(*) FROM pg_class WHERE relname ~ '^(event|run|audit_log)_20' AND relkind = 'r' AND relowner = 'respond_worker'::regrole}), '9', 'they belong to respond_worker');
is(value(q{SELECT count(*) FROM pg_depend d JOIN pg_class c ON d.objid = c.oid WHERE d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND c.relname ~ '_20\d+_'}), '0', 'and are no members of the extension');
Respond::emit($node, $db, 'a.b');
is(value('SELECT count(*) FROM respond.event_default'), '0', 'events do not go to the default partition');
is(value(q{SELECT count(DISTINCT pg_get_indexdef(indexrelid) ~ 'UNIQUE') FROM pg_index WHERE indrelid::regclass::text ~ 'event_20'}), '2', 'partitions have the indexes of the default');
is(value(q{SELECT ok FROM respond.health() WHERE "check" = 'partitions'}), 't', 'health() is content');
my ($out, $err);
isnt($node->psql($db, q{DELETE FROM respond.audit_log}, stderr => \$err, on_error_stop => 1), 0, 'partitions of the audit log are append-only') if value('SELECT count(*) FROM respond.audit_log');

# A gap: the clock did not run for a while, and the default partition has rows.
value(q{SELECT respond.hold('test')});
value(q{DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'respond.event'::regclass AND inhrelid <> 'respond.event_default'::regclass
	LOOP EXECUTE format('DROP TABLE %s', p); END LOOP; END $$});
Respond::emit($node, $db, 'a.b') for 1 .. 3;
is(value('SELECT count(*) FROM respond.event_default'), '3', 'without partitions events go to the default one');
is(value(q{SELECT ok FROM respond.health() WHERE "check" = 'partitions'}), 'f', 'health() complains');
value('SELECT respond.release()');
set('pg_respond.partition_interval', ++$interval);
Respond::wait_until($node, $db, 'SELECT ' . partitions('event') . ' >= 2', 'partitions are made after the gap');
Respond::wait_idle($node, $db, 'and events of the default partition are handled');

# Somebody holds a lock: producers go on, and the partition is made later.
my $reader = Respond::session($node, $db);
value(q{DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'respond.run'::regclass AND inhrelid <> 'respond.run_default'::regclass
	LOOP EXECUTE format('DROP TABLE %s', p); END LOOP; END $$});
$reader->query_safe('BEGIN');
$reader->query_safe('LOCK TABLE respond.run_default IN SHARE MODE');
set('pg_respond.partition_interval', ++$interval);
Respond::wait_until($node, $db, q{SELECT errors > 0 FROM respond.worker WHERE kind = 'clock'}, 'the clock does not wait for long for a lock');
$reader->query_safe('COMMIT');
Respond::wait_until($node, $db, 'SELECT ' . partitions('run') . ' >= 2', 'and gets it later');

# Retention.
old_partition('event', 'event_old');
value(q{INSERT INTO respond.event (type, recorded_at) SELECT 'old', '2020-01-01 12:00+0' FROM generate_series(1, 100)});
Respond::wait_idle($node, $db);
value(q{INSERT INTO respond_internal.event_key (source, key, id, recorded_at) SELECT '/x', n::text, n, '2020-01-01' FROM generate_series(1, 1000) AS n});
value(q{INSERT INTO respond_internal.event_key (source, key, id, recorded_at) VALUES ('/x', 'new', 0, now())});
set('pg_respond.event_retention', '2d');
gone('event_old', 'a partition that was handled and is old is dropped');
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond_internal.event_key WHERE source = '/x'}, 'old keys are forgotten, and only they');

# Not before it was handled: a rule keeps the dispatcher busy.
Respond::add_rule($node, $db, 'blocked', 'block', [ { action => 'sql', sql => 'SELECT pg_catalog.pg_advisory_xact_lock_shared(1)' } ]);
set('pg_respond.rule_timeout', '1h');
old_partition('event', 'event_busy');
$reader->query_safe('SELECT pg_advisory_lock(1)');
Respond::emit($node, $db, 'block');
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)});
value(q{INSERT INTO respond.event (type, recorded_at) VALUES ('old', '2020-01-01 12:00+0')});
clock_looked();
is(value(q{SELECT to_regclass('respond_internal.event_busy') IS NOT NULL}), 't', 'a partition with an event that waits stays');
$reader->query_safe('SELECT pg_advisory_unlock(1)');
Respond::wait_idle($node, $db);
clock_looked();
gone('event_busy', 'and goes when the event was handled');

# Not while a run has heard an event in it, and has yet to go on with it.
Respond::add_rule($node, $db, 'collects', 'collect', [ { action => 'wait', name => 'w', event_type => 'old', collect => 2 }, { action => 'log', message => '{{steps.w.0.data.n}} and {{steps.w.1.data.n}}' } ]);
my $collects = Respond::emit($node, $db, 'collect', {}, 's');
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.waiting}, 'a run waits for two events');
old_partition('event', 'event_heard');
value(q{INSERT INTO respond.event (type, subject, data, recorded_at) VALUES ('old', 's', '{"n": 1}', '2020-01-01 12:00+0')});
Respond::wait_idle($node, $db);
clock_looked();
is(value(q{SELECT to_regclass('respond_internal.event_heard') IS NOT NULL}), 't', 'a partition with an event that a run has heard stays');
Respond::emit($node, $db, 'old', { n => 2 }, 's');
Respond::wait_until($node, $db, "SELECT state -> '_log' = '[\"1 and 2\"]' FROM respond.run WHERE event_id = $collects", 'the run goes on with both');
clock_looked();
gone('event_heard', 'and the partition goes then');

old_partition('run', 'run_old');
value(q{INSERT INTO respond.run (rule, rule_version, status, started_at) VALUES ('x', 1, 'waiting', '2020-01-01 12:00+0')});
clock_looked();
is(value(q{SELECT to_regclass('respond_internal.run_old') IS NOT NULL}), 't', 'a partition with a run that has not ended stays');
value(q{UPDATE respond.run SET status = 'cancelled' WHERE status = 'waiting'});
clock_looked();
gone('run_old', 'and goes when it has');

old_partition('audit_log', 'audit_log_old');
clock_looked();
is(value(q{SELECT to_regclass('respond_internal.audit_log_old') IS NOT NULL}), 't', 'the audit log is kept');
set('pg_respond.audit_retention', '2d');
gone('audit_log_old', 'unless pg_respond.audit_retention is set');

# Progress tables: the side changes, the old one is emptied, the cursor stays.
set('pg_respond.batch_size', 1);
my $side = value(q{SELECT CASE WHEN (SELECT max(seq) FROM respond_internal.progress_1) > (SELECT coalesce(max(seq), 0) FROM respond_internal.progress_0) THEN 1 ELSE 0 END});
my $other = 1 - $side;
value(q{INSERT INTO respond.event (type) SELECT 'many' FROM generate_series(1, 10500)});
Respond::wait_until($node, $db, "SELECT count(*) > 0 FROM respond_internal.progress_$other", 'after many batches progress goes to the other table');
Respond::wait_idle($node, $db);
Respond::wait_until($node, $db, "SELECT pg_relation_size('respond_internal.progress_$side') = 0", 'and the first one is emptied');
$node->stop('immediate');
$node->start;
Respond::wait_workers($node, $db);
Respond::emit($node, $db, 'a.b');
Respond::wait_idle($node, $db);
is(value(q{SELECT events FROM respond.worker WHERE kind = 'dispatcher'}), '1', 'after a crash nothing is handled again');

# Hold and release.
value(q{BEGIN; SELECT respond.hold('rolled back'); ROLLBACK});
is(value(q{SELECT count(*) FROM respond.worker WHERE state = 'holding'}), '0', 'a hold that was rolled back does nothing');
value(q{SELECT respond.hold('maintenance')});
Respond::emit($node, $db, 'while.held');
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, 'the workers hold');
is(value('SELECT sum(events) FROM respond.lag'), '1', 'events are recorded and wait');
like(value(q{SELECT message FROM respond.health() WHERE "check" = 'hold' AND NOT ok}), qr/maintenance/, 'health() tells the reason');
$node->restart;
Respond::wait_workers($node, $db);
is(value(q{SELECT state FROM respond.worker WHERE kind = 'dispatcher'}), 'holding', 'a hold outlasts a restart');
isnt($node->psql($db, q{SELECT respond.hold('restore')}, stderr => \$err, on_error_stop => 1), 0, 'a reason that is reserved is refused');
isnt($node->psql($db, q{BEGIN; SELECT respond.release(); PREPARE TRANSACTION 'x'}, stderr => \$err, on_error_stop => 1), 0, 'release() cannot be prepared');
value('SELECT respond.release()');
Respond::wait_idle($node, $db, 'after release() they work');

# Another cluster: a copy of the files with another identifier holds by itself.
value('UPDATE respond_internal.state SET system_identifier = 1');
$node->restart;
Respond::wait_until($node, $db, q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'dispatcher'}, 'a database of another cluster holds');
Respond::emit($node, $db, 'in.the.copy');
value('SELECT respond.release()');
Respond::wait_idle($node, $db, 'until it is released');
is(value(q{SELECT system_identifier = (SELECT system_identifier FROM pg_control_system()) FROM respond_internal.state}), 't', 'then it belongs to this one');

# Idle workers hold no snapshot.
# The clock has its duties, one after the other, some of which come with the start.
Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'pg\_respond%' AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)}, 'idle workers hold no snapshot');
$reader->quit;
$node->stop;

done_testing();
