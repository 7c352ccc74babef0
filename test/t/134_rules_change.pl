# One rule of many changes: the next event does not wait until all of them are compiled again, and meets the rules as
# they are.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Time::HiRes qw(time);

my $node = Respond::node('rules', fsync => 'off', autovacuum => 'off', shared_buffers => '256MB');
my $db = 'desk';
my $rules = 30000;

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# latency(): seconds until an event that fires rule "probe" has its run.
sub latency
{
	my $start = time();
	my $id = one(q{SELECT respond.emit('probe')});

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id)");
	return time() - $start;
}

Respond::add_rule($node, $db, 'probe', 'probe', [ { action => 'log', message => 'x' } ]);
one(qq{INSERT INTO respond.rule (name, event_type, pattern, priority, steps)
	SELECT 'rule ' || i, 'many.' || i % 100, jsonb_build_object('data', jsonb_build_object('n', jsonb_build_array(i), 'text', jsonb_build_array(jsonb_build_object('prefix', 'p' || i)))), i % 7, '[{"action": "log", "message": "x"}]'
	  FROM generate_series(1, $rules) AS i});
latency();
# the whole set: a new process
one(q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher'});
Respond::wait_workers($node, $db);
my $whole = latency();
my @changed = sort { $a <=> $b } map { one("UPDATE respond.rule SET description = 'changed $_' WHERE name = 'rule $_'"); latency() } 1 .. 9;
note("whole set: $whole s, after a change: $changed[0] to $changed[8] s");
cmp_ok($changed[0], '<', $whole / 3, 'a change costs a part of the whole');

# matched(n): rules that fired for the event many.x of that number, in their order; expected(n): by looking at the table.
sub check
{
	my ($what, @numbers) = @_;
	my @wrong;

	for my $n (@numbers)
	{
		my $id = Respond::emit($node, $db, 'many.' . $n % 100, { n => $n, text => "p$n" });
		Respond::wait_idle($node, $db);
		my $fired = one("SELECT coalesce(string_agg(rule || ' ' || rule_version || ' ' || status, ',' ORDER BY id), '') FROM respond.run WHERE event_id = $id");
		my $expected = one("SELECT coalesce(string_agg(name || ' ' || version || ' ' || CASE WHEN shadow THEN 'shadow' ELSE 'succeeded' END, ',' ORDER BY priority DESC, name COLLATE \"C\"), '')
			FROM respond.rule WHERE enabled AND respond.matches(jsonb_build_object('type', jsonb_build_array(event_type)) || coalesce(pattern, '{}'),
				(SELECT jsonb_build_object('type', type, 'data', data) FROM respond.event WHERE id = $id))");
		push @wrong, "$n: $fired instead of $expected" if $fired ne $expected;
	}
	is(join('; ', @wrong), '', $what);
	return;
}

check('unchanged rules', 4000, 17);
one(q{UPDATE respond.rule SET priority = 100 WHERE name = 'rule 17'; INSERT INTO respond.rule (name, event_type, priority, steps) VALUES ('all of 17', 'many.17', 50, '[]'), ('a first', 'many.17', 200, '[]')});
check('changed and new rules among the old ones', 17, 117, 4000);
one(q{UPDATE respond.rule SET enabled = false WHERE name = 'a first'; DELETE FROM respond.rule WHERE name = 'rule 117'; UPDATE respond.rule SET shadow = true WHERE name = 'rule 217'});
check('disabled, deleted and shadow rules', 17, 117, 217);
one(q{UPDATE respond.rule SET enabled = true WHERE name = 'a first'; INSERT INTO respond.rule (name, event_type, steps) VALUES ('rule 117', 'many.17', '[]'); UPDATE respond.rule SET name = 'renamed' WHERE name = 'rule 317'});
check('enabled again, made anew, renamed', 17, 117, 317, 417);
one(q{BEGIN; UPDATE respond.rule SET priority = -5 WHERE name = 'rule 417'; ROLLBACK});
check('a change that was rolled back', 417);

# Mutes and routes.
one(q{INSERT INTO respond.mute (event_type, reason) VALUES ('many.17', 'quiet')});
my $id = Respond::emit($node, $db, 'many.17', { n => 17, text => 'p17' });
Respond::wait_idle($node, $db);
is(one("SELECT string_agg(DISTINCT status, ',') FROM respond.run WHERE event_id = $id"), 'suppressed', 'a mute that was added');
one(q{DELETE FROM respond.mute; UPDATE respond.rule SET description = 'again' WHERE name = 'rule 17'});
check('a mute that was deleted', 17, 317);

# Rows at other places, and so many changes that all is made anew.
one(q{VACUUM FULL respond.rule});
check('all rows at other places', 17, 117, 4000);
one(qq{UPDATE respond.rule SET priority = 3 WHERE name LIKE 'rule 1%'});
check('a third of the rules changed', 17, 117, 14000, 2000);
one(qq{DELETE FROM respond.rule WHERE name LIKE 'rule 2%'});
check('many deleted', 17, 217, 2000, 3000);
one(q{CREATE ROLE anybody});
check('a role was made', 17, 3000);
one(q{CREATE ROLE leaver; UPDATE respond.rule SET owner = 'leaver', condition = 'true' WHERE name = 'rule 3000'});
check('a rule of another owner', 3000);
one(q{DROP OWNED BY leaver});
one(q{DROP ROLE leaver});
my $orphan = Respond::emit($node, $db, 'many.0', { n => 3000, text => 'p3000' });
Respond::wait_idle($node, $db);
like(one("SELECT status || ' ' || error FROM respond.run WHERE event_id = $orphan AND rule = 'rule 3000'"), qr/^failed owner: role/, 'an owner that was dropped');
is(one(q{SELECT max(failures) FROM respond.worker}), '0', 'nobody died');
$node->stop;
done_testing();
