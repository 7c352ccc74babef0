# Rows of another database that come in without a restore: each table notices them at once, and who finds one does not take it.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'elsewhere';
my $node = Respond::node('rows_from_elsewhere');
Respond::create_extension($node, $db);
sub one { return $node->safe_psql($db, $_[0]) }

# --- a row of each table: some value of its type for each column
my @tables = split /\n/, one(q{SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'foreign_row' AND tgparentid = 0 ORDER BY 1});
my $values = q{'{"bigint": 5, "integer": 1, "smallint": 1, "text": "x", "boolean": true, "timestamp with time zone": "2030-01-01", "jsonb": {}, "uuid": "00000000-0000-4000-8000-000000000000", "xid8": "5", "oid": 10}'::jsonb};
is(one(q{SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text COLLATE "C") FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE a.attname = 'incarnation' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'foreign_row')}),
	'respond.audit_seal, respond.event, respond_internal.progress_0, respond_internal.progress_1, respond_internal.state', 'all tables whose rows are work, but for events, which notice it by themselves');
foreach my $table (@tables)
{
	my $insert = sub { my ($mark) = @_; return one(qq{BEGIN; INSERT INTO $table OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::$table, (SELECT jsonb_object_agg(a.attname, CASE a.attname
		WHEN 'incarnation' THEN to_jsonb($mark) WHEN 'status' THEN '"pending"' ELSE $values -> format_type(a.atttypid, NULL) END) FROM pg_attribute AS a WHERE a.attrelid = '$table'::regclass AND a.attnum > 0 AND NOT a.attisdropped))).*;
		SELECT hold FROM respond_internal.state; ROLLBACK}) };

	is($insert->('respond_internal.incarnation()'), '', "$table: a row of this database");
	is($insert->('5'), 'restore', "$table: a row of another one makes the workers hold");
}

# --- a note that came in without triggers waits for release()
Respond::add_rule($node, $db, 'waits', 'ask', [ { action => 'wait', name => 'w', event_type => 'never' } ]);
Respond::add_rule($node, $db, 'marks', 'mark', [ { action => 'log', message => 'x' } ]);
my $ask = Respond::emit($node, $db, 'ask', {}, 's');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $ask AND status = 'waiting')", 'a run waits');
one(qq{BEGIN; INSERT INTO respond_internal.run_inbox (run_id, run_started_at, kind, step, data) SELECT id, started_at, 'signal', 'w', '{}' FROM respond.run WHERE event_id = $ask;
	UPDATE respond_internal.run_inbox SET incarnation = 5; COMMIT});
# notes and events take turns
for (1 .. 3)
{
	my $mark = Respond::emit($node, $db, 'mark', {}, 's');
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $mark) OR (SELECT hold FROM respond_internal.state) IS NOT NULL", 'the dispatcher goes on, or holds');
}
is(one("SELECT status FROM respond.run WHERE event_id = $ask"), 'waiting', 'a note of another database is not told');
one(q{INSERT INTO respond_internal.run_inbox (run_id, run_started_at, kind, step, data, incarnation) SELECT run_id, run_started_at, kind, step, data, incarnation FROM respond_internal.run_inbox});
is(one('SELECT hold FROM respond_internal.state'), 'restore', 'the same as a row that is seen: the workers hold');
one('SELECT respond.release()');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $ask AND status = 'succeeded')", 'after release() both are, and the run goes on once');
Respond::wait_until($node, $db, 'SELECT NOT EXISTS (SELECT FROM respond_internal.run_inbox)', 'nothing is left');
$node->stop;
done_testing();
