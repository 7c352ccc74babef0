# Transactions of every shape: prepared ones across sessions and restarts, one of 100,000 events with a crash in the
# middle, long ones with many savepoints; rules that change beside events; wake-ups that get lost.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('shapes', restart_after_crash => 'on', fsync => 'off', max_connections => 30, track_commit_timestamp => 'on');
my $db = 'desk';

Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'any', 's.*', [ { action => 'log', message => '{{type}}' } ]);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# check_once(type, count, name): so many events of a type, and each has one run.
sub check_once
{
	my ($type, $count, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, "SELECT count(*) = $count FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE type = '$type'", "$name: handled");
	is(one("SELECT count(*) || ' ' || count(DISTINCT r.event_id) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE type = '$type' AND r.status = 'succeeded'"),
		"$count $count", "$name: exactly once");
	return;
}

# --- prepared transactions
one(q{BEGIN; SELECT respond.emit('s.prepared', subject => 'a'); SAVEPOINT x; SELECT respond.emit('s.prepared', subject => 'b'); PREPARE TRANSACTION 'one'});
one(q{BEGIN; INSERT INTO respond.event (type) SELECT 's.rolled_back' FROM generate_series(1, 5); PREPARE TRANSACTION 'two'});
one(q{BEGIN; SELECT respond.emit('s.prepared_crash'); PREPARE TRANSACTION 'three'});
Respond::emit($node, $db, 's.plain');
check_once('s.plain', 1, 'an event behind prepared ones');
is(one(q{SELECT count(*) FROM respond.run}), '1', 'prepared is not committed');
one(q{ROLLBACK PREPARED 'two'});
one(q{COMMIT PREPARED 'one'});
check_once('s.prepared', 2, 'COMMIT PREPARED from another session');
one(q{BEGIN; SELECT respond.emit('s.prepared_restart'); PREPARE TRANSACTION 'four'});
$node->restart;
Respond::wait_workers($node, $db);
Respond::emit($node, $db, 's.plain_2');
check_once('s.plain_2', 1, 'an event after a restart');
one(q{COMMIT PREPARED 'four'});
check_once('s.prepared_restart', 1, 'COMMIT PREPARED after a restart');
$node->stop('immediate');
$node->start;
Respond::wait_workers($node, $db);
one(q{COMMIT PREPARED 'three'});
check_once('s.prepared_crash', 1, 'COMMIT PREPARED after a crash');
$node->safe_psql('postgres', q{CREATE DATABASE nearby});
is(one(q{SELECT count(*) FROM respond.event WHERE type = 's.rolled_back'}), '0', 'ROLLBACK PREPARED leaves nothing');

# --- the order is that of the commits, also for prepared transactions and after a stop of the dispatcher
{
	my $pid = Respond::signal_worker($node, $db, 'dispatcher', 'STOP');
	my $first = Respond::session($node, $db);

	$first->query_safe(q{BEGIN; SELECT respond.emit('s.order', subject => 'o', data => '{"n": 3}')});
	one(q{BEGIN; SELECT respond.emit('s.order', subject => 'o', data => '{"n": 2}'); PREPARE TRANSACTION 'late'});
	one(q{SELECT respond.emit('s.order', subject => 'o', data => '{"n": 1}')});
	one(q{COMMIT PREPARED 'late'});
	$first->query_safe('COMMIT');
	$first->quit;
	one(qq{SELECT respond.emit('s.order', subject => 'o', data => '{"n": $_}')}) for 4 .. 40;
	kill('CONT', $pid);
	check_once('s.order', 40, 'a dispatcher that was stopped while others committed');
	is(one(q{SELECT string_agg(e.data->>'n', ',' ORDER BY r.id) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE type = 's.order'}),
		join(',', 1 .. 40), 'it takes them in the order of the commits');
}

# --- a wake-up that never comes: an INSERT that fills in xid by hand wakes nobody
one(q{INSERT INTO respond.event (type, xid) VALUES ('s.unheard', pg_current_xact_id())});
check_once('s.unheard', 1, 'an event that woke nobody');

# --- long transactions
{
	my $long = Respond::session($node, $db);

	$long->query_safe('BEGIN');
	for my $i (1 .. 100)
	{
		$long->query_safe(qq{SAVEPOINT s$i; SELECT respond.emit('s.long', subject => '$i')});
		$long->query_safe("ROLLBACK TO s$i") if $i % 4 == 0;
	}
	one(q{INSERT INTO respond.event (type) SELECT 's.beside' FROM generate_series(1, 100)}) for 1 .. 5;
	check_once('s.beside', 500, 'others beside a long transaction');
	is(one(q{SELECT count(*) FROM respond.event WHERE type = 's.long'}), '0', 'the long one is still open');
	$long->query_safe('COMMIT');
	$long->quit;
	check_once('s.long', 75, 'a long transaction with savepoints');
}

# --- rules beside events
one(q{BEGIN; INSERT INTO respond.rule (name, event_type, steps) VALUES ('with', 'r.with', '[{"action": "log", "message": "x"}]'); SELECT respond.emit('r.with'); COMMIT});
check_once('r.with', 1, 'a rule and its event in one transaction');
one(q{BEGIN; DELETE FROM respond.rule WHERE name = 'with'; SELECT respond.emit('r.with'); COMMIT});
Respond::emit($node, $db, 's.fence');
check_once('s.fence', 1, 'an event behind it');
check_once('r.with', 1, 'a rule deleted with its event does not fire');
{
	my $session = Respond::session($node, $db);

	$session->query_safe(q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('changing', 'r.change', '[{"action": "set", "name": "v", "values": {"n": 0}}]')});
	for my $n (1 .. 20)
	{
		$session->query_safe(qq{BEGIN; UPDATE respond.rule SET steps = '[{"action": "set", "name": "v", "values": {"n": $n}}]' WHERE name = 'changing';
			SELECT respond.emit('r.change', data => '{"n": $n}'); COMMIT});
	}
	$session->quit;
	check_once('r.change', 20, 'a rule that changes with each event');
	is(one(q{SELECT count(*) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'r.change' AND (r.state->'v'->>'n')::int < (e.data->>'n')::int}),
		'0', 'no event is handled by a version older than it');
	is(one(q{SELECT count(*) FROM respond.run AS r WHERE rule = 'changing' AND (r.state->'v'->>'n')::int <> r.rule_version - 1}), '0', 'runs name the version that acted');
}

# --- one transaction of 100,000 events; the worker is killed in the middle, twice
one(q{INSERT INTO respond.event (type, subject) SELECT 's.huge', i % 50 FROM generate_series(1, 100000) AS i});
one(q{SELECT respond.emit('s.after')});
Respond::wait_until($node, $db, q{SELECT count(*) > 5000 FROM respond.run}, 'a part of the huge transaction is handled');
Respond::crash_worker($node, $db, 'dispatcher');
Respond::wait_until($node, $db, q{SELECT count(*) > 30000 FROM respond.run}, 'more of it is handled');
cmp_ok(one('SELECT count(*) FROM respond.run'), '<', 100000, 'but not all');
Respond::crash_worker($node, $db, 'dispatcher');
check_once('s.huge', 100000, 'a transaction of 100,000 events');
check_once('s.after', 1, 'an event behind it');
is(one(q{SELECT count(*) FROM (SELECT r.id, lag(r.id) OVER (PARTITION BY e.subject ORDER BY e.id) AS before FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE type = 's.huge') AS s WHERE id < before}),
	'0', 'in order');
is(one(q{SELECT count(*) FROM respond.dead_letter}), '0', 'no dead letter');
is(one(q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 's.%' AND (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) <> 1}), '0', 'the ledger is even');

$node->stop;
done_testing();
