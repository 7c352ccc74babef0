# The ledger of what administrators and operators do to a database that works: columns added, tables rewritten and locked,
# publications, holds that are rolled back, workers terminated, switches, roles renamed, rules changed.  Producers write all
# the while.  Then a count: each event has one run and one delivery, each delivery arrived, nothing was given up.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;
use Writers;

my $node = Respond::node('operators', restart_after_crash => 'on', max_connections => 60, fsync => 'off', wal_level => 'logical',
	'pg_respond.allowed_networks' => '127.0.0.0/8');
my $db = 'desk';
my $receiver = Peers::receiver();
my $url = "http://127.0.0.1:$receiver->{port}";

Respond::create_extension($node, $db);
$node->safe_psql($db, qq{
	CREATE ROLE author;
	GRANT respond_admin TO author;
	CREATE TABLE took (event_id bigint NOT NULL);
	GRANT INSERT ON took TO author;
	CREATE TABLE stock (id integer PRIMARY KEY, n bigint NOT NULL);
	INSERT INTO stock SELECT i, 0 FROM generate_series(1, 200) AS i;
	SELECT respond.watch('stock', 'ledger.stock', operations => '{UPDATE}');
	INSERT INTO respond.channel (name, kind, url, concurrency, timeout, retry_delays) VALUES
		('receiver', 'webhook', '$url/slow/20', 40, '60 s', '{20 ms, 20 ms, 20 ms, 20 ms, 20 ms, 20 ms, 20 ms, 20 ms}');
});
Respond::add_rule($node, $db, 'work', 'ledger.*', [
	{ action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' },
	{ action => 'ticket', subject => 'Event {{id}}', key => 'subject {{subject}}' },
	{ action => 'emit', type => 'made', key => '{{id}}', source => 'ledger' },
	{ action => 'notify', channel => 'receiver', body => { event => '{{id}}' } } ], owner => 'author');

my $script = Writers::script($node, 'produce', q{
\set s random(1, 30)
\set i random(1, 200)
BEGIN;
INSERT INTO respond.event (type, subject) VALUES ('ledger.plain', 's' || :s);
SAVEPOINT a;
INSERT INTO respond.event (type) VALUES ('ledger.never');
ROLLBACK TO a;
UPDATE stock SET n = n + 1 WHERE id = :i;
COMMIT;
});

my $producers;

# one(query): its answer, or "error: ..." when it fails.
sub one
{
	my ($query) = @_;
	my ($out, $err);

	return $node->psql($db, $query, stdout => \$out, stderr => \$err, on_error_stop => 1) == 0 ? $out : "error: $err";
}

sub setting
{
	my ($name, $value) = @_;

	one("ALTER SYSTEM SET $name = $value");
	$node->reload;
	return;
}

# more(): until there are a hundred more events, or the producers have ended, which a crash of the server does to them.
sub more
{
	my $now = one('SELECT coalesce(max(id), 0) FROM respond.event');

	Respond::wait_for(sub { one("SELECT max(id) >= $now + 100 FROM respond.event") eq 't' || !$producers->pumpable });
	return;
}

# lock(table): somebody has it until there are more events; or, of the events themselves, until somebody waits for it.
sub lock_table
{
	my ($table) = @_;
	my $other = Respond::session($node, $db);

	$other->query_safe("BEGIN; LOCK TABLE respond.$table");
	$table eq 'event' ? Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)}) : more();
	$other->query_safe('ROLLBACK');
	$other->quit;
	return;
}

my @tables = split(/\n/, one(q{SELECT c.oid::regclass FROM pg_class AS c WHERE relnamespace = 'respond'::regnamespace AND relkind = 'r'
	AND (relispartition OR relname IN ('ticket', 'ticket_history', 'channel', 'rule')) ORDER BY 1}));

my @faults = (
	[ 'columns are added', sub {
		one("ALTER TABLE respond.$_ ADD COLUMN mine text DEFAULT 'yours', ADD COLUMN numbered integer GENERATED ALWAYS AS (1 + 1) STORED")
		  for qw(run event delivery attempt ticket_history ticket audit_log);
	} ],
	[ 'tables are rewritten', sub {
		for my $table (grep { /delivery|attempt|event|run/ } @tables)
		{
			one("SET lock_timeout = '2 s'; VACUUM FULL $table");
		}
	} ],
	[ 'everything is published', sub { one('CREATE PUBLICATION all_tables FOR ALL TABLES') } ],
	[ 'holds and releases are rolled back', sub {
		one(q{BEGIN; SAVEPOINT s; SELECT respond.hold('never'); ROLLBACK TO s; COMMIT});
		one(q{DO $$ BEGIN BEGIN PERFORM respond.hold('never'); RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN END; END $$});
		one(q{SELECT respond.hold('for a moment')});
		one(q{BEGIN; SAVEPOINT s; SELECT respond.release(); ROLLBACK TO s; COMMIT});
		one(q{SELECT respond.release()});
	} ],
	[ 'tables are locked', sub { lock_table($_) for qw(ticket delivery channel rule run event) } ],
	[ 'workers are terminated', sub {
		for (1 .. 5)
		{
			one(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'pg_respond %' AND datname IS NOT NULL});
			more();
		}
	} ],
	[ 'the switches are used', sub {
		setting('pg_respond.courier', 'off');
		more();
		setting('pg_respond.enabled', 'off');
		more();
		setting('pg_respond.courier', 'on');
		setting('pg_respond.enabled', 'on');
	} ],
	[ 'the owner is renamed', sub { one('ALTER ROLE author RENAME TO writer'); more(); one('ALTER ROLE writer RENAME TO author'); } ],
	[ 'a key stays open', sub {
		my $open = Respond::session($node, $db);
		my $next = one(q{SELECT max(id) + 20 FROM respond.event});

		$open->query_safe("BEGIN; INSERT INTO respond.event (type, source, key) SELECT 'made', 'ledger', $next + i FROM generate_series(1, 5) AS i");
		more();
		$open->query_safe('ROLLBACK');
		$open->quit;
	} ],
	[ 'a ticket stays open', sub {
		my $open = Respond::session($node, $db);

		$open->query_safe(q{BEGIN; UPDATE respond.ticket SET priority = 'high' WHERE key IN ('subject s1', 'subject s2')});
		more();
		$open->query_safe('COMMIT');
		$open->quit;
	} ],
	[ 'a worker is killed', sub { Respond::signal_worker($node, $db, 'dispatcher', 'KILL'); Respond::wait_workers($node, $db, 'a killed dispatcher is back'); } ],
	[ 'the courier is killed', sub { Respond::signal_worker($node, $db, 'courier', 'KILL'); Respond::wait_workers($node, $db, 'a killed courier is back'); } ],
	[ 'the server is stopped hard', sub { $node->stop('immediate'); $node->start; Respond::wait_workers($node, $db, 'the workers are back after a hard stop'); } ]);

for my $fault (@faults)
{
	my ($name, $act) = @$fault;

	$producers = Writers::start($node, $db, $script, clients => 3, seconds => 600, rate => 60);
	more();
	$act->();
	more();
	$producers->kill_kill;
	pass($name);
}

Respond::wait_idle($node, $db, 'no event waits');
Respond::wait_until($node, $db, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')}, 'no delivery waits')
  or diag(one('SELECT * FROM respond.health() WHERE NOT ok'));
is(one(q{SELECT count(*) > 500 FROM respond.event WHERE type LIKE 'ledger.%'}), 't', 'there were events');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'ledger.never'}), '0', 'what was rolled back left nothing');
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'ledger.%' AND (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id AND r.status = 'succeeded') <> 1}),
	'0', 'each event has one run');
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'ledger.%' AND (SELECT count(*) FROM took AS t WHERE t.event_id = e.id) <> 1}),
	'0', 'the SQL of its rule took effect once');
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'ledger.%' AND (SELECT count(*) FROM respond.event AS m WHERE m.cause = e.id AND m.type = 'made') <> 1}),
	'0', 'it made one event');
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'ledger.%' AND (SELECT count(*) FROM respond.delivery AS d WHERE d.event_id = e.id AND d.status = 'delivered') <> 1}),
	'0', 'each event has one delivery, which was delivered');
is(one(q{SELECT count(*) FROM respond.dead_letter}), '0', 'nothing was given up') or diag(one('SELECT * FROM respond.dead_letter LIMIT 5'));
is(one(q{SELECT sum(n) = (SELECT count(*) FROM respond.event WHERE type = 'ledger.stock') FROM stock}), 't', 'each change of the watched table is an event');
is(one(q{SELECT count(*) FROM (SELECT mine FROM respond.run UNION ALL SELECT mine FROM respond.delivery UNION ALL SELECT mine FROM respond.event) AS r WHERE mine IS DISTINCT FROM 'yours'}),
	'0', 'columns that were added have their default');
is(one(q{SELECT count(*) FROM respond.run AS r WHERE numbered IS DISTINCT FROM 2}), '0', 'and generated ones their value');

my %arrived = map { $_ => 1 } PostgreSQL::Test::Utils::slurp_file($receiver->{log}) =~ /"webhook-id": "([^"]+)"/g;
my @keys = split(/\n/, one('SELECT key FROM respond.delivery'));
my %known = map { $_ => 1 } @keys;

is(scalar(grep { !$arrived{$_} } @keys), 0, 'each delivery arrived');
is(scalar(grep { !$known{$_} } keys %arrived), 0, 'nothing arrived that the database does not know');
is(one(q{SELECT string_agg("check" || ': ' || message, '; ') FROM respond.health() WHERE NOT ok}), '', 'health() is ok');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal (?:6|11)|TRAP|cache lookup failed/, 'the log is clean');
$node->stop;
done_testing();
