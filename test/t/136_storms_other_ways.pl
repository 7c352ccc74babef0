# Storms that come by other ways than steps: SQL, start(), watched tables, tickets, dead deliveries, tries again; and what only looks like one.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('storm_ways', fsync => 'off', max_connections => 40, 'pg_respond.storm_limit' => 200, 'pg_respond.max_fan_out' => 3000);
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

sub sql_step
{
	my ($statement) = @_;

	return { action => 'sql', sql => $statement };
}

sub clear
{
	one(q{DELETE FROM respond.rule; SELECT respond.acknowledge('event', event_id) FROM (SELECT DISTINCT event_id FROM respond.dead_letter WHERE event_id IS NOT NULL AND acknowledged_at IS NULL AND kind = 'event') AS d});
	return;
}

# storm(name, rule, statement that begins it, most events that may come of it)
sub storm
{
	my ($name, $rule, $begin, $most) = @_;
	my $before = one('SELECT count(*) FROM respond.event');

	one($begin);
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.event WHERE type = 'rule.storm' AND data->>'rule' = '$rule')", "$name: it is noticed");
	Respond::wait_until($node, $db, q{SELECT (SELECT bool_and(events = 0) FROM respond.lag) AND NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')}, "$name: it ends");
	cmp_ok(one('SELECT count(*) FROM respond.event') - $before, '<', $most, "$name: before there are many events");
	clear();
	return;
}

# quiet(name, statement): no rule is stopped, and nothing is lost
sub quiet
{
	my ($name, $begin) = @_;
	my $before = one(q{SELECT count(*) FROM respond.event WHERE type = 'rule.storm'});

	one($begin);
	Respond::wait_idle($node, $db, "$name: all is handled");
	is(one(q{SELECT count(*) FROM respond.event WHERE type = 'rule.storm'}), $before, "$name: no storm");
	return;
}

Respond::add_rule($node, $db, 'wide', 'wide.*', [ sql_step(q{INSERT INTO respond.event (type) SELECT 'wide.a' FROM generate_series(1, 1000)}) ]);
storm('a thousand at once', 'wide', q{SELECT respond.emit('wide.a')}, 20000);

Respond::add_rule($node, $db, 'forged', 'forged.*', [ sql_step(q{INSERT INTO respond.event (type, cause, depth, actor) SELECT 'forged.a', 1, 0, 'nobody' FROM generate_series(1, 4)}) ]);
storm('cause, depth and actor from the statement', 'forged', q{SELECT respond.emit('forged.a')}, 20000);

Respond::add_rule($node, $db, 'starts', 'starts.*', [ sql_step(q{SELECT respond.start('starts') FROM generate_series(1, 4)}) ]);
storm('start()', 'starts', q{SELECT respond.emit('starts.a')}, 20000);

one(q{CREATE TABLE account (id int PRIMARY KEY, n int); INSERT INTO account SELECT i, 0 FROM generate_series(1, 5000) AS i; SELECT respond.watch('account')});
Respond::add_rule($node, $db, 'watched', 'account.updated', [ sql_step('UPDATE public.account SET n = n + 1 WHERE id <= 4') ]);
storm('a watched table', 'watched', 'UPDATE account SET n = 1 WHERE id = 1', 20000);

one(q{INSERT INTO respond.ticket (subject) SELECT 'x' FROM generate_series(1, 4)});
Respond::wait_idle($node, $db, 'tickets');
Respond::add_rule($node, $db, 'tickets', 'ticket.*', [ sql_step(q{UPDATE respond.ticket SET fields = jsonb_build_object('at', clock_timestamp())}) ]);
storm('tickets', 'tickets', q{UPDATE respond.ticket SET priority = 'high' WHERE id = 1}, 20000);

one(q{INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('nowhere', 'webhook', 'https://127.0.0.1/', 1)});
Respond::add_rule($node, $db, 'first', 'dead.*', [ { action => 'notify', channel => 'nowhere', text => 'x' } ]);
Respond::add_rule($node, $db, 'dead', 'delivery.dead', [ map { { action => 'notify', channel => 'nowhere', text => 'x' } } 1 .. 4 ]);
storm('dead deliveries', 'dead', q{SELECT respond.emit('dead.a')}, 20000);

# A loop that does not multiply has an end.
Respond::add_rule($node, $db, 'first', 'dead.*', [ { action => 'notify', channel => 'nowhere', text => 'x' } ]);
Respond::add_rule($node, $db, 'again', 'delivery.dead', [ sql_step('SELECT respond.retry({{data.delivery_id}})') ]);
{
	my $id = Respond::emit($node, $db, 'dead.b');

	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.dead_letter WHERE reason = 'depth' AND event_type = 'delivery.dead')}, 'retry() by a rule: the loop ends');
	is(one("SELECT max(depth) FROM respond.delivery WHERE event_id = $id"), '16', 'retry() by a rule: at the greatest depth');
	clear();
}

# What looks like a storm.
Respond::add_rule($node, $db, 'root', 'begin', [ { action => 'emit', type => 'import.start' } ]);
Respond::add_rule($node, $db, 'import', 'import.*', [
	{ action => 'sql', sql => q{INSERT INTO respond.event (type) SELECT 'import.row' FROM generate_series(1, 2500)}, if => q{event.type = 'import.page'} },
	{ action => 'emit', type => 'import.page', if => q{event.type = 'import.start'} } ]);
quiet('a rule that is applied to its own events and does nothing', q{SELECT respond.emit('begin')});
is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'import' AND status = 'succeeded'}), '2502', 'all of them');
clear();
Respond::add_rule($node, $db, 'bulk', 'bulk', [ { action => 'emit', type => 'bulk.done' }, { action => 'ticket', subject => 'x', if => 'false' } ]);
quiet('very many events at once', q{INSERT INTO respond.event (type) SELECT 'bulk' FROM generate_series(1, 20000)});
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'bulk.done'}), '20000', 'one for each');
clear();

# What a run may cause at most, by each way.
my %ways = (
	'start()' => q{SELECT respond.start('too much') FROM generate_series(1, 3001)},
	'emit()' => q{SELECT respond.emit('y') FROM generate_series(1, 3001)},
	'a watched table' => 'UPDATE public.account SET n = -1 WHERE id <= 3001',
	'tickets' => q{INSERT INTO respond.ticket (subject) SELECT 'too many' FROM generate_series(1, 3001)});
for my $way (sort keys %ways)
{
	Respond::add_rule($node, $db, 'too much', 'y.begin', [ sql_step($ways{$way}) ]);
	my $id = Respond::emit($node, $db, 'y.begin');

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id AND status = 'failed' AND error LIKE '%more events, tickets, comments and deliveries than is allowed%')", "$way: more than a run may cause");
	is(one("SELECT count(*) FROM respond.event WHERE cause = $id AND type <> 'run.failed'"), '0', "$way: nothing is recorded");
	one("SELECT respond.acknowledge('run', (SELECT id FROM respond.run WHERE event_id = $id))");
	clear();
}
is(one(q{SELECT count(*) FROM account WHERE n = -1}) . one(q{SELECT count(*) FROM respond.ticket WHERE subject = 'too many'}), '00', 'nothing is written either');
$node->stop;
done_testing();
