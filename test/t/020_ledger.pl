# The ledger: writers that are concurrent, slow, rolled back, prepared and very large, crashes in between, and
# then a count.  Every event that committed has exactly one run, in commit order per subject; nothing else has.
use FindBin;
use lib "$FindBin::Bin/lib";
use Respond;
use Writers;

# Commit times make the order of commits survive a crash.
my $node = Respond::node('ledger', restart_after_crash => 'on', max_connections => 60, fsync => 'off',
	track_commit_timestamp => 'on');
my $db = 'desk';

Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'ledger', 'ledger.*', [ { action => 'ticket', subject => '{{subject}}' } ]);

my $ordered = Writers::ordered($node, $db, 8);
my $untidy = Writers::script($node, 'untidy', q{
\set r random(1, 20)
BEGIN;
INSERT INTO respond.event (type, subject) SELECT 'ledger.untidy', 'u' || :r FROM generate_series(1, :r);
SAVEPOINT a;
INSERT INTO respond.event (type) VALUES ('ledger.never');
ROLLBACK TO a;
SELECT pg_sleep(CASE :r WHEN 1 THEN 0.5 WHEN 2 THEN 0.1 ELSE 0 END);
SAVEPOINT b;
INSERT INTO respond.event (type) VALUES ('ledger.untidy');
RELEASE b;
COMMIT;
BEGIN;
INSERT INTO respond.event (type) VALUES ('ledger.never');
ROLLBACK;
});

sub writers
{
	my ($script, $clients, $seconds) = @_;

	return Writers::start($node, $db, $script, clients => $clients, seconds => $seconds);
}

sub check_ledger
{
	my ($when) = @_;

	Respond::wait_idle($node, $db, "$when: nothing waits");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM respond.event AS e WHERE type LIKE 'ledger.%'
		   AND (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) <> 1}), '0', "$when: each event has one run");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM respond.run AS r
		 WHERE rule = 'ledger' AND NOT EXISTS (SELECT FROM respond.event AS e WHERE e.id = r.event_id)}),
		'0', "$when: each run has its event");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM (SELECT event_id FROM respond.ticket GROUP BY event_id HAVING count(*) <> 1) AS twice}),
		'0', "$when: no event has two tickets");
	is($node->safe_psql($db, q{
		SELECT (SELECT count(*) FROM respond.ticket) = (SELECT count(*) FROM respond.run WHERE rule = 'ledger' AND status = 'succeeded')}),
		't', "$when: as many tickets as runs");
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'ledger.never'}),
		'0', "$when: what was rolled back left nothing");
	is($node->safe_psql($db, q{SELECT count(*) FROM respond_internal.dead_event}), '0', "$when: no dead letter");
	is($node->safe_psql($db, q{
		SELECT count(*) FROM (
			SELECT (e.data->>'n')::bigint AS n,
				   lag((e.data->>'n')::bigint) OVER (PARTITION BY e.subject ORDER BY r.id) AS before
			  FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id
			 WHERE e.type = 'ledger.ordered') AS s
		 WHERE n < before}), '0', "$when: each subject in the order of commits");
	return;
}

# --- without faults
{
	my @runs = (writers($ordered, 8, 5), writers($untidy, 6, 5));
	my $open = Respond::session($node, $db);

	$open->query_safe(q{BEGIN; INSERT INTO respond.event (type) VALUES ('ledger.open') RETURNING 1});
	$node->safe_psql($db, q{INSERT INTO respond.event (type, subject) SELECT 'ledger.large', 'large' FROM generate_series(1, 40000)});
	$_->finish for @runs;
	Respond::wait_until($node, $db, q{
		SELECT NOT EXISTS (SELECT FROM respond.event AS e WHERE type LIKE 'ledger.%' AND NOT EXISTS (SELECT FROM respond.run AS r WHERE r.event_id = e.id))},
		'an open transaction delays nobody else');
	$open->query_safe('COMMIT');
	$open->quit;
	check_ledger('without faults');
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'ledger.open'}), '1',
		'the late one is there');
}

# --- several lanes, and back
for my $lanes (3, 2, 1)
{
	$node->safe_psql($db, "ALTER SYSTEM SET pg_respond.dispatchers = $lanes");
	$node->reload;

	my @runs = (writers($ordered, 6, 3), writers($untidy, 3, 3));

	$_->finish for @runs;
	Respond::wait_until($node, $db,
		"SELECT count(*) = $lanes FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'pg_respond dispatcher'",
		"$lanes dispatchers");
	check_ledger("with $lanes lanes");
}

# --- crashes while writers write
for my $round (1 .. 4)
{
	my @runs = (writers($ordered, 6, 4), writers($untidy, 3, 4));

	Respond::crash_worker($node, $db, $round % 2 ? 'dispatcher' : 'clock');
	$_->finish for @runs;
	Respond::wait_workers($node, $db, "round $round: the workers are back");
}
{
	my $run = writers($ordered, 6, 2);

	$run->finish;
}
check_ledger('after crashes');

# --- an immediate shutdown with a backlog
$node->safe_psql($db, q{INSERT INTO respond.event (type, subject) SELECT 'ledger.large', i % 100 FROM generate_series(1, 20000) AS i});
$node->stop('immediate');
$node->start;
Respond::wait_workers($node, $db, 'the workers are back after an immediate shutdown');
check_ledger('after an immediate shutdown');

$node->stop;
done_testing();
