# rule_stats: how long runs took and how many wait.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'times';
my $node = Respond::node('times');
Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# stats(rule, expression): once every event has been handled.
sub stats
{
	my ($rule, $expression) = @_;

	Respond::wait_idle($node, $db);
	return one("SELECT concat_ws(' ', $expression) FROM respond.rule_stats WHERE rule = '$rule'");
}

Respond::add_rule($node, $db, 'quick', 'quick', []);
Respond::add_rule($node, $db, 'slow', 'slow', [ { action => 'sql', sql => 'SELECT pg_sleep(0.1)' } ]);
Respond::add_rule($node, $db, 'fails', 'fails', [ { action => 'fail' } ]);
Respond::add_rule($node, $db, 'shadow', 'shadow', [], shadow => 't');
Respond::add_rule($node, $db, 'never', 'never', []);
Respond::add_rule($node, $db, 'again', 'again', [], enabled => 'f');
my $columns = 'latency_p50, latency_p99, duration_p50, duration_p99';
is(stats('never', "$columns, oldest_wait, waiting"), '0', 'a rule that never fired has no times, and no run waits');

# The session's clock says when an event was recorded; nothing has to take time for a test of times.
one(q{SET pg_respond.clock_offset = '-1h'; SELECT respond.emit('quick'); SELECT respond.emit('again')});
is(stats('quick', 'latency_p50 BETWEEN 3240000 AND 3960000, latency_p99 = latency_p50, duration_p99 < 60000'), 't t t', 'an event of an hour ago: an hour from event to result, and a run that was short');
one(q{SELECT respond.emit('quick') FROM generate_series(1, 9)});
is(stats('quick', 'latency_p50 < 600000, latency_p99 BETWEEN 3240000 AND 3960000'), 't t', 'of ten, half were quick and one was not');
one(q{SET pg_respond.clock_offset = '30d'; SELECT respond.emit('shadow'); SELECT respond.emit('fails')});
is(stats('fails', 'latency_p50 < 1, duration_p50 IS NOT NULL'), 't t', 'a run that failed counts; an event that claims to be of tomorrow took no time');
is(stats('shadow', "matched, $columns"), '1', 'what a shadow rule did not do took no time');
one(q{SELECT respond.emit('slow')});
is(stats('slow', 'duration_p50 >= 90, latency_p50 >= duration_p50 * 0.8'), 't t', 'a step that takes time is in both');

# A replay is of an old event, and nobody has waited for it since.
one(q{UPDATE respond.rule SET enabled = true WHERE name = 'again'});
one(q{SELECT respond.replay(id) FROM respond.event WHERE type = 'again'});
Respond::wait_until($node, $db, q{SELECT matched = 1 FROM respond.rule_stats WHERE rule = 'again'});
is(stats('again', 'latency_p50 IS NULL, duration_p50 IS NOT NULL'), 't t', 'a replay has a duration and no latency');
my $started = one(q{SELECT respond.start('never')});
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE id = $started)");
is(stats('never', 'latency_p50 IS NOT NULL, duration_p50 IS NOT NULL'), 't t', 'a run that was started by hand has both');

# What is rolled back was not.
one(q{BEGIN; SELECT respond.emit('slow'); ROLLBACK});
is(stats('slow', 'matched'), '1', 'an event that was rolled back ran nothing');

# Runs that wait.
Respond::add_rule($node, $db, 'waits', 'waits', [ { action => 'wait', event_type => 'go', key => 'x', event_key => 'subject' } ]);
one(q{SELECT respond.emit('waits') FROM generate_series(1, 3)});
Respond::wait_until($node, $db, q{SELECT waiting = 3 FROM respond.rule_stats WHERE rule = 'waits'}, 'three runs wait');
is(stats('waits', q{oldest_wait = (SELECT min(waiting_since) FROM respond.run WHERE rule = 'waits'), duration_p50 IS NULL}), 't t', 'since when the first of them waits; none has ended');
like(one(q{SELECT respond.rule_doc('waits')}), qr/No run has ended since.*Runs that wait now: 3\. One of them has waited since \d{4}-/s, 'rule_doc() says so');
is(one(q{SET ROLE respond_auditor; SELECT waiting FROM respond.rule_stats WHERE rule = 'waits'}), '3', 'an auditor sees them');
unlike(one(q{EXPLAIN SELECT matched, latency_p99 FROM respond.rule_stats}), qr/run_/, 'who does not ask for them reads no runs');
like(one(q{SET enable_seqscan = off; EXPLAIN SELECT waiting, oldest_wait FROM respond.rule_stats}), qr/run_\w+_rule_key_id_idx/, 'and who does reads those under way');
one(q{SELECT respond.emit('go', subject => 'x')});
Respond::wait_until($node, $db, q{SELECT waiting = 0 AND succeeded = 3 FROM respond.rule_stats WHERE rule = 'waits'}, 'they go on');
is(stats('waits', 'oldest_wait IS NULL, duration_p50 IS NOT NULL'), 't t', 'and count as ended');
like(one(q{SELECT respond.rule_doc('waits')}), qr/Half of the runs were done [\d.]+ ms after their event was recorded, 99 percent after [\d.]+ ms\./, 'rule_doc() says how long they took');

$node->restart;
Respond::wait_workers($node, $db);
is(stats('quick', "matched, $columns"), '0', 'numbers begin anew with the server');

$node->stop;
done_testing();
