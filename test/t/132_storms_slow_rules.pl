# Rules that multiply their own events are stopped, what only looks like it is not; slow rules leave time for others.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Time::HiRes qw(time);

my $node = Respond::node('storms', restart_after_crash => 'on', fsync => 'off', max_connections => 40, 'pg_respond.max_fan_out' => 3000);
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

sub emit_step
{
	my ($type, $count) = @_;

	return map { { action => 'emit', type => $type } } 1 .. ($count || 1);
}

# storm(name, kinds of events, names of the rules of which at least one must be stopped)
sub storm
{
	my ($name, $kind, @rules) = @_;

	Respond::emit($node, $db, "$kind.a");
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'rule.storm')}, "$name: it is noticed");
	Respond::wait_idle($node, $db, "$name: it ends");
	cmp_ok(one("SELECT count(*) FROM respond.event WHERE type LIKE '$kind.%'"), '<', 30000, "$name: before there are many events");
	is(one(q{SELECT count(*) - count(DISTINCT subject) FROM respond.event WHERE type = 'rule.storm'}), '0', "$name: each rule is told of once");
	is(one(q{SELECT count(*) FROM respond.run WHERE rule = 'told'}), one(q{SELECT count(*) FROM respond.event WHERE type = 'rule.storm'}), "$name: a rule hears of it");
	is(one("SELECT count(*) FROM respond.event AS e WHERE type LIKE '$kind.%' AND NOT EXISTS (SELECT FROM respond.run AS r WHERE r.event_id = e.id) AND NOT EXISTS (SELECT FROM respond.dead_letter AS d WHERE d.event_id = e.id AND reason = 'storm')"),
		'0', "$name: each event has a run or is a dead letter");
	like(one(q{SELECT message || ' ' || remedy FROM respond.health() WHERE "check" = 'storms' AND NOT ok}), qr/multiply their own events: .*respond\.resume_rule\('/, "$name: health() tells");
	# the remedy
	my @stopped = split(/\n/, one(q{SELECT rule FROM respond_internal.stopped_rule ORDER BY rule}));
	ok(scalar(grep { my $rule = $_; grep { $_ eq $rule } @rules } @stopped), "$name: the right one is stopped");
	one("UPDATE respond.rule SET steps = '[]' WHERE name IN (" . join(', ', map { Respond::quote_literal($_) } @rules) . ')');
	my $dead = one(q{SELECT count(*) FROM respond.dead_letter WHERE reason = 'storm' AND acknowledged_at IS NULL});
	my $replayed = 0;
	$replayed += one('SELECT respond.resume_rule(' . Respond::quote_literal($_) . ', replay => true)') for @stopped;
	is($replayed, $dead, "$name: what was held back is played again");
	Respond::wait_idle($node, $db, "$name: to its end");
	is(one(q{SELECT string_agg("check", ',') FROM respond.health() WHERE NOT ok}), '', "$name: health() is green");
	one(q{DELETE FROM respond.rule WHERE name <> 'told'});
	return;
}

Respond::add_rule($node, $db, 'told', 'rule.storm', [ { action => 'log', message => '{{data.rule}}' } ]);

Respond::add_rule($node, $db, 'four', 'four.*', [ emit_step('four.a', 4) ]);
storm('four of its own', 'four', 'four');

# quiet(name, kinds): nothing is stopped
sub quiet
{
	my ($name, $kind) = @_;

	Respond::wait_idle($node, $db, "$name: all is handled");
	is(one(q{SELECT count(*) FROM respond_internal.stopped_rule}), '0', "$name: no rule is stopped");
	is(one("SELECT count(*) FROM respond.dead_letter AS d JOIN respond.event AS e ON e.id = d.event_id WHERE e.type LIKE '$kind.%' AND d.reason = 'storm'"), '0', "$name: no dead letter");
	one(q{DELETE FROM respond.rule WHERE name <> 'told'});
	return;
}

# A loop that does not multiply, from many events; wide fan-out over two levels, with a rule that answers everything.
Respond::add_rule($node, $db, 'chain', 'chain.*', [ emit_step('chain.a') ], condition => '(SELECT depth < 6 FROM respond.event AS e WHERE e.id = event.id)');
one(q{GRANT SELECT ON respond.event TO PUBLIC});
one(q{INSERT INTO respond.event (type) SELECT 'chain.a' FROM generate_series(1, 3000)});
quiet('a chain', 'chain');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'chain.a'}), '21000', 'a chain: to its end');

Respond::add_rule($node, $db, 'ship', 'ship.order', [ { action => 'emit', type => 'ship.parcel' } ]);
Respond::add_rule($node, $db, 'pack', 'ship.parcel', [ { action => 'sql', sql => q{INSERT INTO respond.event (type) SELECT 'ship.item' FROM generate_series(1, 2500)} } ]);
Respond::add_rule($node, $db, 'journal', 'ship.*', [ { action => 'emit', type => 'journal' } ]);
one(q{GRANT INSERT ON respond.event TO PUBLIC});
Respond::emit($node, $db, 'ship.order');
quiet('a wide fan-out', 'ship');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'journal'}), '2502', 'a wide fan-out: all of it');

# More than a run may cause.
Respond::add_rule($node, $db, 'flood', 'flood', [ { action => 'sql', sql => q{INSERT INTO respond.event (type) SELECT 'flood.x' FROM generate_series(1, 3001)} } ]);
{
	my $id = Respond::emit($node, $db, 'flood');

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id AND status = 'failed' AND error LIKE '%more events, tickets, comments and deliveries than is allowed%')", 'a flood: the run fails');
	is(one(q{SELECT count(*) FROM respond.event WHERE type = 'flood.x'}), '0', 'a flood: none is recorded');
	one("SELECT respond.acknowledge('run', (SELECT id FROM respond.run WHERE event_id = $id))");
	one(q{DELETE FROM respond.rule WHERE name <> 'told'});
}

# A condition that takes a second, and SQL that times out: others go on, and the slow ones get their turn.
Respond::add_rule($node, $db, 'slow', 'slow', [ { action => 'log', message => 'x' } ], condition => 'pg_sleep(1) IS NOT NULL', priority => 5);
Respond::add_rule($node, $db, 'quick', 'quick', [ { action => 'log', message => 'x' } ]);
{
	my $start = time();
	my $id;

	one(q{INSERT INTO respond.event (type, subject) SELECT 'slow', 's' || i FROM generate_series(1, 12) AS i});
	for my $round (1 .. 8)
	{
		one(q{INSERT INTO respond.event (type) SELECT 'quick' FROM generate_series(1, 5)});
		$id = Respond::emit($node, $db, 'quick');
		Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id)");
	}
	cmp_ok(time() - $start, '<', 9, 'slow: 8 rounds of quick events did not wait for 12 seconds of conditions');
	cmp_ok(one(q{SELECT count(*) FROM respond.set_aside WHERE rule = 'slow' AND reason = 'the rule takes too long'}), '>', 3, 'slow: its events wait');
	like(one(q{SELECT message || ' ' || remedy FROM respond.health() WHERE "check" = 'set aside' AND NOT ok}), qr/slow \(the rule takes too long\).*make the condition/, 'slow: health() tells');
	one(q{UPDATE respond.rule SET condition = 'true' WHERE name = 'slow'});
	Respond::wait_idle($node, $db, 'slow: all are handled, quickly when the rule is');
	is(one(q{SELECT count(*) || ' ' || count(DISTINCT event_id) FROM respond.run WHERE rule = 'slow' AND status = 'succeeded'}), '12 12', 'slow: each once');
}

# A rule that only fails.
Respond::add_rule($node, $db, 'fails', 'fails', [ { action => 'sql', sql => 'SELECT 1 / (event.data->>\'n\')::int' } ]);
one(q{INSERT INTO respond.event (type, data) SELECT 'fails', '{"n": 0}' FROM generate_series(1, 99)});
Respond::wait_idle($node, $db, 'fails: all are handled');
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'failing rules'}), 't', 'fails: 99 times are not enough');
one(q{SELECT respond.emit('fails', '{"n": 0}')});
Respond::wait_idle($node, $db, 'fails: one more');
like(one(q{SELECT message || ' ' || remedy FROM respond.health() WHERE "check" = 'failing rules' AND NOT ok}), qr/fails \(100 times, the last at .*UPDATE of respond.rule/, 'fails: health() tells');
one(q{UPDATE respond.rule SET description = 'fixed' WHERE name = 'fails'});
is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'failing rules'}), 't', 'fails: the remedy helps');
one(q{SELECT respond.emit('fails', '{"n": 0}'), respond.emit('fails', '{"n": 1}')});
Respond::wait_idle($node, $db, 'fails: then one succeeds');
is(one(q{SELECT string_agg("check", ',') FROM respond.health() WHERE NOT ok}), '', 'health() is green');
$node->stop;

# Other shapes of storms, each in a server of its own.
my %shapes = (
	'rules in a ring' => [ 'ring', { ping => [ 'ring.a', [ emit_step('ring.b', 3) ] ], pong => [ 'ring.b', [ emit_step('ring.a') ] ] } ],
	'four rules' => [ 'many', { map { ("many $_" => [ 'many.*', [ emit_step('many.a') ] ]) } 1 .. 4 } ],
	'with SQL' => [ 'sql', { sql => [ 'sql.*', [ { action => 'sql', sql => q{INSERT INTO respond.event (type) SELECT 'sql.a' FROM generate_series(1, 3)} } ] ] } ],
	'two of its own' => [ 'two', { two => [ 'two.*', [ emit_step('two.a', 2) ] ] } ]);
for my $name (sort keys %shapes)
{
	my ($kind, $rules) = @{ $shapes{$name} };

	$node = Respond::node("storms_$kind", fsync => 'off');
	Respond::create_extension($node, $db);
	one(q{GRANT INSERT ON respond.event TO PUBLIC});
	Respond::add_rule($node, $db, 'told', 'rule.storm', [ { action => 'log', message => '{{data.rule}}' } ]);
	Respond::add_rule($node, $db, $_, @{ $rules->{$_} }) for sort keys %$rules;
	storm($name, $kind, sort keys %$rules);
	$node->stop;
}
done_testing();
