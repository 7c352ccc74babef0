# Seals of the audit log: whatever is done to it behind the guard's back is found and named; what transactions do in whatever order is not a
# fault; erased and dropped rows leave a log that still verifies, in a dump as well.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('seals', max_prepared_transactions => 5, 'pg_respond.audit_seal_interval' => 0, autovacuum => 'off');
my $db = 'desk';
Respond::create_extension($node, $db);

sub one { my ($sql, $at) = @_; return $node->safe_psql($at // $db, $sql) }
sub seal { return one('SELECT respond.seal_audit()') }
sub faults { my ($head, $at) = @_; return one('SELECT string_agg(concat_ws($$ $$, fault, block, audit_id), $$, $$ ORDER BY block NULLS LAST, audit_id NULLS FIRST) FROM respond.verify_audit(' . ($head ? "'$head'" : '') . ')', $at) }

# tampered(sql): what verify_audit() finds after a superuser did this behind the guard's back; it is undone.
sub tampered
{
	my ($sql, $head) = @_;

	return one(qq{BEGIN;
		DO \$\$ DECLARE t record; BEGIN
			FOR t IN SELECT tgrelid::regclass AS name, tgname FROM pg_trigger WHERE tgname LIKE 'audit_guard%' AND tgparentid = 0 LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.name, t.tgname); END LOOP; END \$\$;
		$sql;
		SELECT coalesce(string_agg(concat_ws(' ', fault, block, audit_id), ', ' ORDER BY block NULLS LAST, audit_id NULLS FIRST), 'nothing') FROM respond.verify_audit(} . ($head ? "'$head'" : '') . q{);
		ROLLBACK});
}

# --- Nothing yet.
is(faults(), '', 'a new log verifies');
is(one('SELECT respond.audit_head() IS NULL'), one('SELECT NOT EXISTS (SELECT FROM respond.audit_seal)'), 'there is a head when there is a seal');
one(q{INSERT INTO respond.team (name) SELECT 'team ' || i FROM generate_series(1, 20) AS i});
seal();
one(q{INSERT INTO respond.team (name) SELECT 'more ' || i FROM generate_series(1, 20) AS i});
is(seal(), '20', 'what was written is sealed');
is(seal(), '0', 'once');
is(faults(), '', 'and verifies');
my $first = one(q{SELECT min(id) FROM respond.audit_log WHERE object_id = 'team 1'});
my $block = one(qq{SELECT block FROM respond.audit_seal WHERE ids \@> $first\::bigint});
my $head = one('SELECT respond.audit_head()');
is(one(q{SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET bytea_output = 'escape'; SET extra_float_digits = 0; SET IntervalStyle = 'sql_standard'; SET search_path = '';
	SELECT count(*) FROM respond.verify_audit()}), '0', 'whatever the settings of a session are');
is(one(qq{SET default_transaction_isolation = 'serializable'; SET default_transaction_read_only = on; SELECT count(*) FROM respond.verify_audit('$head')}), '0', 'and its isolation');
my ($code, $out, $error) = $node->psql($db, q{SET default_transaction_isolation = 'repeatable read'; SELECT respond.seal_audit()});
like($error, qr/only in a transaction with isolation level READ COMMITTED/, 'sealing needs to see what is newest');

# --- Behind the guard's back.
for my $change ([ "actor = 'nobody'", 'the actor' ], [ "action = 'team.deleted'", 'the action' ], [ "object_type = 'x'", 'the kind of object' ], [ "object_id = 'team 2'", 'the object' ],
	[ "event_id = 7", 'the event' ], [ 'run_id = 7', 'the run' ], [ "rule = 'r'", 'the rule' ], [ "old = '{}'", 'the value before' ], [ "new = new || '{\"description\": \"x\"}'", 'the value after' ],
	[ "session_actor = 'x'", 'who was logged in' ], [ "salt = NULL", 'the salt' ], [ "at = at + interval '1 microsecond'", 'the time' ], [ "at = at - interval '3 years'", 'the year' ])
{
	is(tampered("UPDATE respond.audit_log SET $change->[0] WHERE id = $first"), "altered $block $first", "$change->[1] of a row is changed");
}
is(tampered("UPDATE respond.audit_log SET actor = actor WHERE id = $first"), 'nothing', 'a row that is only written again is the same');
is(tampered("DELETE FROM respond.audit_log WHERE id IN ($first, $first + 3)"), "removed $block $first, removed $block " . ($first + 3), 'rows are removed');
is(tampered("UPDATE respond.audit_log AS a SET new = b.new, object_id = b.object_id FROM respond.audit_log AS b WHERE a.id IN ($first, $first + 1) AND b.id = 2 * $first + 1 - a.id"),
	"altered $block $first, altered $block " . ($first + 1), 'two rows change places');
is(tampered("INSERT INTO respond.audit_log (id, at, actor, action, object_type, object_id, new, salt) OVERRIDING SYSTEM VALUE
	SELECT -id, at, actor, action, object_type, object_id, new, salt FROM respond.audit_log WHERE id = $first; DELETE FROM respond.audit_log WHERE id = $first"), "removed $block $first, inserted -$first", 'a row gets another id');
is(tampered("INSERT INTO respond.audit_log (id, at, actor, action, object_type) OVERRIDING SYSTEM VALUE VALUES ($first, now() + interval '1 day', 'x', 'x', 'x')"), "inserted $first", 'a second row with an id lies in another partition');
is(tampered("INSERT INTO respond.audit_log (id, actor, action, object_type) OVERRIDING SYSTEM VALUE VALUES (1000000, 'x', 'x', 'x')"), 'inserted 1000000', 'a row has an id that is not due');
is(tampered("UPDATE respond.audit_seal SET digests = overlay(digests PLACING decode('00', 'hex') FROM 1) WHERE block = $block"),
	"seal altered $block, altered $block $first", 'a seal is altered');
is(tampered("DELETE FROM respond.audit_seal WHERE block = 1"), 'seal removed 1, ' . join(', ', map { "inserted $_" } split ' ', one("SELECT string_agg(id::text, ' ' ORDER BY id) FROM respond.audit_log WHERE id <= (SELECT to_id FROM respond.audit_seal WHERE block = 1)")),
	'a seal is removed');
is(tampered("DELETE FROM respond.audit_seal WHERE block = (SELECT max(block) FROM respond.audit_seal)", $head), 'seal removed ' . one('SELECT max(block) FROM respond.audit_seal'), 'the last one: whoever kept the head knows');
is(tampered("DELETE FROM respond.audit_seal; UPDATE respond.audit_log SET actor = 'x' WHERE id = $first; SELECT respond.seal_audit()", $head) =~ s/^\d+\n//r, 'seal removed 2', 'all is sealed anew: whoever kept the head knows');
is(tampered("UPDATE respond.audit_seal SET hash = sha256('x') WHERE block = 1") =~ /^seal altered 1(, seal altered 2)?$/, 1, 'a hash is altered');
is(tampered("UPDATE respond.audit_seal AS a SET block = -block WHERE false; UPDATE respond.audit_seal SET sealed_at = sealed_at + interval '1 hour' WHERE block = 1"), 'seal altered 1', 'so is the time of a seal');
($code, $out, $error) = $node->psql($db, q{SELECT * FROM respond.verify_audit('17')});
like($error, qr/head must be what audit_head\(\) returned/, 'a head that is none is refused');
is(faults($head), '', 'nothing of that is left');

# --- Transactions in any order.
my ($a, $b) = map { Respond::session($node, $db) } 1 .. 2;
$a->query_safe(q{BEGIN; INSERT INTO respond.team (name) VALUES ('open a')});
$b->query_safe(q{BEGIN; SAVEPOINT s; INSERT INTO respond.team (name) VALUES ('open b'); RELEASE s});
one(q{INSERT INTO respond.team (name) VALUES ('between 1'); INSERT INTO respond.team (name) VALUES ('between 2')});
one(q{BEGIN; INSERT INTO respond.team (name) VALUES ('prepared'); PREPARE TRANSACTION 'p'});
one(q{BEGIN; INSERT INTO respond.team (name) VALUES ('taken back'); ROLLBACK; INSERT INTO respond.team (name) VALUES ('between 3')});
is(seal(), '3', 'what is committed is sealed');
is(seal(), '0', 'what is open is not');
is(faults(), '', 'which is no fault');
$a->query_safe('COMMIT');
is(faults(), '', 'a row that came late is no fault');
is(seal(), '1', 'and is sealed');
one(q{INSERT INTO respond.team (name) VALUES ('between 4')});
is(seal(), '1', 'others too');
$b->query_safe('COMMIT');
is(seal(), '1', 'the next one that came late is sealed');
one(q{COMMIT PREPARED 'p'});
is(seal(), '1', 'and the one that was prepared');
is(seal(), '0', 'then nothing is left');
is(faults($head), '', 'all of it verifies');
my $gap = one(q{SELECT lower(u) - 1 FROM respond.audit_seal AS s, unnest((SELECT range_agg(v) FROM respond.audit_seal AS z, unnest(z.ids) AS v)) AS u WHERE s.block = 1 ORDER BY lower(u) DESC LIMIT 1});
is(tampered("INSERT INTO respond.audit_log (id, actor, action, object_type) OVERRIDING SYSTEM VALUE VALUES ($gap, 'x', 'x', 'x'); SELECT respond.seal_audit()") =~ s/^\d+\n//r, "inserted $gap", 'a row in the place of one that was rolled back is found, and never sealed');

# --- A model: many sessions, some of which roll back or end in the middle, beside a sealer.
one(q{CREATE TABLE public.kept (name text)});
my $work = $node->basedir . '/work.sql';
PostgreSQL::Test::Utils::append_to_file($work, <<'SQL');
\set n random(1, 1000000000)
\set how random(1, 10)
BEGIN;
INSERT INTO respond.team (name) VALUES ('load ' || :n || ' ' || :client_id);
SELECT pg_sleep(:how * 0.002);
INSERT INTO public.kept VALUES ('load ' || :n || ' ' || :client_id);
\if :how > 7
ROLLBACK;
\else
COMMIT;
\endif
SQL
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '8', '-t', '40', '-f', $work, '-p', $node->port, '-h', $node->host, $db ], '>', \my $told, '2>', \my $said);
my $sealings = 0;
while ($load->pumpable) { $load->pump_nb; seal(); $sealings++; is(faults(), '', 'verifies meanwhile') if $sealings % 10 == 0; }
$load->finish;
$node->stop('immediate');
$node->start;
seal();
is(faults($head), '', "after $sealings times of sealing, and a crash, all verifies");
is(one(q{SELECT count(*) FROM public.kept}), one(q{SELECT count(*) FROM respond.audit_log WHERE object_id LIKE 'load %'}), 'each change has its row');
is(one(q{SELECT count(*) FROM respond.audit_log WHERE NOT id <@ (SELECT range_agg(u) FROM respond.audit_seal AS s, unnest(s.ids) AS u)}), '0', 'each row its seal');
is(one(q{SELECT sum(row_count) FROM respond.audit_seal}), one(q{SELECT count(*) FROM respond.audit_log}), 'and one alone');

# --- People are erased.
one(q{INSERT INTO respond.team (name, description) VALUES ('jane@example.org', 'Jane'); UPDATE respond.team SET description = 'Jane Doe' WHERE name = 'jane@example.org'});
my $rows = one(q{SELECT array_agg(id ORDER BY id) FROM respond.audit_log WHERE object_id = 'jane@example.org'});
is(one(qq{SELECT respond_internal.erase_audit('$rows', '{jane\@example.org}')}), '2', 'rows are erased, also when they were not yet sealed');
is(one(q{SELECT count(*) FROM respond.audit_log AS a WHERE a::text ~* 'jane'}), '0', 'nothing of the person is left');
is(one(qq{SELECT string_agg(concat_ws(' ', action, object_id, old, new), ', ' ORDER BY id) FROM respond.audit_log WHERE id = ANY ('$rows')}),
	'team.inserted erased {"erased": true}, team.updated erased {"erased": true} {"erased": true}', 'what was done is');
is(faults(), '', 'the log verifies');
my ($jane) = $rows =~ /(\d+)/;
my $jane_block = one(qq{SELECT block FROM respond.audit_seal WHERE kind = 'rows' AND ids \@> $jane\::bigint});
is(tampered(qq{UPDATE respond.audit_log SET actor = 'x' WHERE id = $jane}), "altered $jane_block $jane", 'an erased row cannot be altered either');
is(tampered(qq{UPDATE respond.audit_log SET action = 'x' WHERE id = $jane}), "altered $jane_block $jane", 'nor what was left of it');
is(tampered(qq{DELETE FROM respond.audit_seal WHERE kind = 'erased'}), "altered $jane_block $jane, altered $jane_block " . ($jane + 1), 'nor can it be said to be erased by who only changes it');
is(one(qq{SELECT respond_internal.erase_audit('$rows', '{}')}), '2', 'a second time');
is(faults(), '', 'does no harm');
($code, $out, $error) = $node->psql($db, q{UPDATE respond.audit_log SET actor = 'x'});
like($error, qr/UPDATE on the audit log is not allowed/, 'the guard stands again');

# --- A partition goes.
one(q{ALTER TABLE respond.audit_log DETACH PARTITION respond.audit_log_default; ALTER TABLE respond.audit_log ATTACH PARTITION respond.audit_log_default DEFAULT});
Respond::old_partition($node, $db, 'audit_log', 'audit_log_old', 3);
one(q{SET ROLE respond_worker; INSERT INTO respond.audit_log (at, action, object_type) SELECT '2020-01-03 12:00+00', 'old', 'old' FROM generate_series(1, 5)});
seal();
my $dropped = one(q{SELECT count(*) FROM respond.audit_seal WHERE kind = 'dropped'});
Respond::configure($node, 'pg_respond.audit_retention' => '1000d');
$node->reload;
Respond::wait_until($node, $db, q{SELECT count(*) > 0 FROM respond.audit_seal WHERE kind = 'dropped'}, 'a partition that is dropped is put on record');
Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM respond.audit_log WHERE action = 'old'}, 'its rows are gone');
is(faults($head), '', 'and the rest verifies');
is(tampered(q{DELETE FROM respond.audit_seal WHERE kind = 'dropped'}) =~ /removed/, 1, 'without that record they were removed');

# --- Rights.
for my $role (qw(respond_producer respond_agent))
{
	for my $call ('seal_audit()', 'audit_head()', 'verify_audit()')
	{
		($code, $out, $error) = $node->psql($db, "SET ROLE $role; SELECT * FROM respond.$call");
		like($error, qr/permission denied/, "$role may not call $call");
	}
}
is(one('SET ROLE respond_auditor; SELECT count(*) FROM respond.verify_audit(respond.audit_head())'), '0', 'an auditor verifies');
($code, $out, $error) = $node->psql($db, 'SET ROLE respond_auditor; SELECT respond.seal_audit()');
like($error, qr/permission denied/, 'and does not seal');
one('SET ROLE respond_admin; SELECT respond.seal_audit()');
for my $role (qw(respond_admin respond_auditor))
{
	for my $change ('DELETE FROM respond.audit_seal', 'UPDATE respond.audit_seal SET block = 1', 'INSERT INTO respond.audit_seal DEFAULT VALUES', 'TRUNCATE respond.audit_seal',
		q{SELECT respond_internal.erase_audit('{1}', '{}')}, q{SELECT respond_internal.overwrite_audit('{1}', '{}')}, q{SELECT respond_internal.seal_block(1)})
	{
		($code, $out, $error) = $node->psql($db, "SET ROLE $role; $change");
		like($error, qr/permission denied/, "$role: $change");
	}
}

# --- Restored elsewhere.
seal();
my $kept = one('SELECT respond.audit_head()');
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr($db) ], 'dumped');
one('CREATE DATABASE copy', 'postgres');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('copy'), $dump ], 'restored');
is(faults($kept, 'copy'), '', 'it verifies there');
one(q{INSERT INTO respond.team (name) VALUES ('in the copy')}, 'copy');
is(one('SELECT respond.seal_audit() > 0', 'copy'), 't', 'and goes on');
is(faults($kept, 'copy'), '', 'and verifies');

# --- By itself.
Respond::configure($node, 'pg_respond.audit_seal_interval' => '1s');
$node->reload;
one(q{INSERT INTO respond.team (name) VALUES ('by itself')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.audit_seal AS s, respond.audit_log AS a WHERE a.object_id = 'by itself' AND s.ids @> a.id)}, 'the clock seals');
$a->quit;
$b->quit;
$node->stop;
done_testing();
