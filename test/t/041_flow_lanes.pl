# Effects when several dispatchers, sessions and errors meet: keys, locks, batches that are repeated.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'lanes';
my $node = Respond::node('lanes', 'pg_respond.dispatchers' => 4, 'pg_respond.batch_size' => 10, 'pg_respond.rule_timeout' => '200ms');
Respond::create_extension($node, $db);

# Four dispatchers open tickets with the same few keys: subjects spread the events over the lanes.
Respond::add_rule($node, $db, 'keyed', 'lane.keyed', [ { action => 'ticket', name => 't', subject => 'k {{data.k}}', key => 'k{{data.k}}' } ]);
for my $round (1 .. 5)
{
	$node->safe_psql($db, "INSERT INTO respond.event (type, subject, data) SELECT 'lane.keyed', 's/' || i, jsonb_build_object('k', $round * 10 + i % 3) FROM generate_series(1, 120) AS i");
}
Respond::wait_until($node, $db, q{SELECT count(*) = 600 FROM respond.run WHERE rule = 'keyed'}, 'every event has its run');
is($node->safe_psql($db, q{SELECT count(*) || ' ' || count(DISTINCT key) FROM respond.ticket WHERE key LIKE 'k%'}), '15 15', 'one ticket for each key');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.comment}), '585', 'every other event added a comment');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.run WHERE status <> 'succeeded'}), '0', 'no run failed over it');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.run AS r WHERE (r.state->'t'->>'opened')::boolean AND NOT EXISTS (SELECT FROM respond.ticket AS t WHERE t.run_id = r.id)}),
	'0', 'a run that says it opened a ticket did');

# Somebody keeps a ticket locked: the event is set aside for this rule, and other rules go on.
Respond::add_rule($node, $db, 'change', 'lane.change', [ { action => 'update_ticket', ticket => '{{data.id}}', priority => 'urgent' } ]);
Respond::add_rule($node, $db, 'log', 'lane.log', [ { action => 'log', message => 'x' } ]);
my $ticket = $node->safe_psql($db, 'SELECT min(id) FROM respond.ticket');
my $session = Respond::session($node, $db);
$session->query_safe("BEGIN; UPDATE respond.ticket SET assignee = 'ann' WHERE id = $ticket");
my $locked = Respond::emit($node, $db, 'lane.change', { id => $ticket }, 'one');
my $behind = Respond::emit($node, $db, 'lane.log', {}, 'one');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $behind)", 'the next event of the same subject is handled');
is($node->safe_psql($db, "SELECT string_agg(rule, ' ') FROM respond.set_aside WHERE event_id = $locked"), 'change', 'the rule that met the lock is set aside');
$session->query_safe('COMMIT');
$session->quit;
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $locked AND status = 'succeeded')", 'and applied when the lock is gone');
is($node->safe_psql($db, "SELECT priority || ' ' || assignee FROM respond.ticket WHERE id = $ticket"), 'urgent ann', 'both changes are there');

# An error behind the step: the batch is repeated and the numbers of the first try are not used.
$node->safe_psql($db, q{CREATE SEQUENCE public.tries; GRANT USAGE ON SEQUENCE public.tries TO PUBLIC});
Respond::add_rule($node, $db, 'again', 'lane.again', [
	{ action => 'ticket', name => 't', subject => 'again' },
	{ action => 'sql', sql => q{DO $$ BEGIN IF nextval('public.tries') < 3 THEN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END IF; END $$} } ]);
my $again = Respond::emit($node, $db, 'lane.again');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $again AND status = 'succeeded')", 'an error that may pass is not a failure of the step');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.ticket WHERE subject = 'again'}), '1', 'and its ticket is opened once');
is($node->safe_psql($db, "SELECT count(*) FROM respond.event WHERE type = 'ticket.created' AND cause = $again"), '1', 'with one event');
is($node->safe_psql($db, q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'no event was given up');

# Large values: what a step gives and logs has a limit, the run says so, others go on.
Respond::add_rule($node, $db, 'large', 'lane.large', [
	{ action => 'sql', name => 'a', sql => q{SELECT repeat('x', 900000) AS x}, on_failure => 'last' },
	map({ { action => 'sql', name => "s$_", sql => q{SELECT repeat('x', 900000) AS x} } } 1 .. 20),
	{ action => 'log', name => 'last', message => 'end' } ]);
my $large = Respond::emit($node, $db, 'lane.large');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $large)", 'a run with large data ends');
like($node->safe_psql($db, "SELECT status || ' ' || error FROM respond.run WHERE event_id = $large"), qr/^failed .*returned more data than a run can keep/, 'it says what was too much');

$node->stop;
done_testing();
