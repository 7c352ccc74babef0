# Rules on a running server: time limits of their SQL, changes that take effect at once and together, routes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();

my $db = 'rules';
my $node = Respond::node('rules', 'pg_respond.rule_timeout' => '200ms');
Respond::create_extension($node, $db);
my $json = JSON::PP->new;

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# fire(type, data, runs): emits an event, waits for its runs, returns "rule status error" of each.
sub fire
{
	my ($type, $data, $runs) = @_;
	my $id = Respond::emit($node, $db, $type, $data);

	Respond::wait_until($node, $db, "SELECT count(*) = $runs FROM respond.run WHERE event_id = $id");
	return one("SELECT string_agg(concat_ws(' ', rule, status, error), '|' ORDER BY id) FROM respond.run WHERE event_id = $id");
}

# Time: SQL that is too slow fails its own rule.
Respond::add_rule($node, $db, 'a slow', 'slow', [], condition => 'pg_sleep(600) IS NULL');
Respond::add_rule($node, $db, 'b step', 'slow', [ { action => 'sql', sql => 'SELECT pg_sleep(600)' } ]);
Respond::add_rule($node, $db, 'd fast', 'slow', []);
like(fire('slow', {}, 3), qr/^a slow failed condition: SQL was canceled after 200 ms\|b step failed .*SQL was canceled after 200 ms.*\|d fast succeeded$/s,
	'slow SQL is canceled, the rule fails, the next one goes on');

one('CREATE TABLE public.locked (id int)');
one('GRANT ALL ON public.locked TO PUBLIC');
Respond::add_rule($node, $db, 'locked', 'locked', [], condition => 'EXISTS (SELECT FROM public.locked) IS NOT NULL');
my $locker = Respond::session($node, $db);
$locker->query('BEGIN; LOCK TABLE public.locked');
is(fire('locked', {}, 1), 'locked failed condition: SQL was canceled after 200 ms', 'waiting for a lock counts as time');
$locker->query('ROLLBACK');
$locker->quit;
is(fire('locked', {}, 1), 'locked succeeded', 'the same rule works when the lock is gone');

my $pid = Respond::worker_pid($node, $db, 'dispatcher');
one(q{CREATE FUNCTION public.stubborn() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
		RETURN true;
	END $$});
Respond::add_rule($node, $db, 'stubborn', 'stubborn', [], condition => 'public.stubborn()');
is(fire('stubborn', {}, 1), 'stubborn succeeded', 'SQL that catches its cancel once and ends is let go on');
is(Respond::worker_pid($node, $db, 'dispatcher'), $pid, 'nothing of that ended the dispatcher');

one(q{CREATE FUNCTION public.deaf() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		LOOP
			BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
		END LOOP;
	END $$});
Respond::add_rule($node, $db, 'deaf', 'deaf', [], condition => 'public.deaf()');
my $deaf = Respond::emit($node, $db, 'deaf');
my $after = Respond::emit($node, $db, 'slow');
Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.dead_letter WHERE event_id = $deaf)",
	'an event whose SQL cannot be canceled becomes a dead letter');
Respond::wait_until($node, $db, "SELECT count(*) = 3 FROM respond.run WHERE event_id = $after", 'and the next event is handled');
one(q{DELETE FROM respond.rule});

# A change takes effect for the next event, all of a transaction at once, COMMIT PREPARED included.
Respond::add_rule($node, $db, 'one', 'change', [ { action => 'set', name => 'v', value => 1 } ]);
Respond::add_rule($node, $db, 'two', 'change', [ { action => 'set', name => 'v', value => 1 } ]);
for my $round (2 .. 6)
{
	one(qq{BEGIN; UPDATE respond.rule SET steps = '[{"action": "set", "name": "v", "value": $round}]'; COMMIT; INSERT INTO respond.event (type) VALUES ('change')});
}
Respond::wait_until($node, $db, q{SELECT count(*) = 10 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'change'});
is(one(q{SELECT string_agg(DISTINCT concat_ws('/', e.n, r.rule_version, r.state ->> 'v'), ' ') FROM respond.run AS r
	JOIN (SELECT id, row_number() OVER (ORDER BY id) + 1 AS n FROM respond.event WHERE type = 'change') AS e ON e.id = r.event_id}),
	'2/2/2 3/3/3 4/4/4 5/5/5 6/6/6', 'each event meets the rules that were committed before it');
one(q{BEGIN; UPDATE respond.rule SET steps = '[{"action": "set", "name": "v", "value": "prepared"}]'; PREPARE TRANSACTION 'rules'});
my $before = Respond::emit($node, $db, 'change');
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE event_id = $before");
is(one("SELECT string_agg(DISTINCT state ->> 'v', ',') FROM respond.run WHERE event_id = $before"), '6', 'a prepared change is not in force');
one(q{COMMIT PREPARED 'rules'});
my $then = Respond::emit($node, $db, 'change');
Respond::wait_until($node, $db, "SELECT count(*) = 2 FROM respond.run WHERE event_id = $then");
is(one("SELECT string_agg(DISTINCT state ->> 'v', ',') FROM respond.run WHERE event_id = $then"), 'prepared', 'it is after COMMIT PREPARED');
one(q{BEGIN; DELETE FROM respond.rule; ROLLBACK});
is(fire('change', {}, 2), 'one succeeded|two succeeded', 'a change that was rolled back is none');
# a rule and its first event in one transaction
my $same = one(q{INSERT INTO respond.rule (name, event_type) VALUES ('same', 'same'); INSERT INTO respond.event (type) VALUES ('same') RETURNING id});
Respond::wait_until($node, $db, "SELECT count(*) = 1 FROM respond.run WHERE event_id = $same", 'a rule meets an event of its own transaction');
# order and priority
one(q{DELETE FROM respond.rule; INSERT INTO respond.rule (name, priority, event_type) VALUES ('b', 0, 'o'), ('a', 0, 'o'), ('z', 5, '*'), ('y', -5, 'o*')});
is(fire('o', {}, 4), 'z succeeded|a succeeded|b succeeded|y succeeded', 'rules are applied by priority, then by name');
# rights that are gone
one(q{CREATE ROLE someone; CREATE TABLE public.secret (id int); GRANT SELECT ON public.secret TO someone; DELETE FROM respond.rule});
Respond::add_rule($node, $db, 'r', 'rights', [], owner => 'someone', condition => 'NOT EXISTS (SELECT FROM public.secret)');
is(fire('rights', {}, 1), 'r succeeded', 'the owner may look');
one('REVOKE SELECT ON public.secret FROM someone');
is(fire('rights', {}, 1), 'r failed condition: permission denied for table secret', 'and may not after a REVOKE');
one('GRANT SELECT ON public.secret TO someone');
is(fire('rights', {}, 1), 'r succeeded', 'and may again after a GRANT');
one(q{DROP TABLE public.secret});
like(fire('rights', {}, 1), qr/^r failed condition: relation "public.secret" does not exist/, 'a table that is gone fails the rule alone');
one(q{CREATE TABLE public.secret (id int); GRANT SELECT ON public.secret TO someone});
is(fire('rights', {}, 1), 'r succeeded', 'and it works again when the table is back');

# Statements: tags are parameters of the type that their place wants, never text.
one(q{CREATE TABLE public.taken (a int, b jsonb, c text, d timestamptz, e int[]); GRANT ALL ON public.taken TO PUBLIC; DELETE FROM respond.rule});
one(q{CREATE PROCEDURE public.twice(x int, INOUT y int DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN y := x * 2; END $$});
Respond::add_rule($node, $db, 'sql', 'sql', [
	{ action => 'sql', name => 'i', sql => q{INSERT INTO public.taken VALUES ({{data.n}}, {{data.o}}, {{data.s}}, {{time}}, {{data.l}}),
		({{data.missing}}, {{data.s}}, {{rule}}, NULL, NULL) RETURNING a, b, c, d = {{time}} AS same, e} },
	{ action => 'sql', name => 'c', sql => 'CALL public.twice({{steps.i.rows.0.a}})' },
	{ action => 'sql', name => 'd', sql => q{DO 'BEGIN PERFORM 1; END'} },
	{ action => 'sql', name => 'big', sql => q{SELECT i FROM generate_series(1, 5000) AS i} },
	{ action => 'sql', name => 'none', sql => 'UPDATE public.taken SET a = 1 WHERE false' } ]);
is(fire('sql', { n => 4, s => q{'); DROP TABLE public.taken; --}, o => { k => [ 1, 2 ] }, l => [ 1, 2 ] }, 1), 'sql succeeded', 'statements of every kind');
my $state = $json->decode(one(q{SELECT state FROM respond.run WHERE rule = 'sql'}));
my $bad = q{'); DROP TABLE public.taken; --};
is_deeply($state->{i}, { count => 2, rows => [ { a => 4, b => { k => [ 1, 2 ] }, c => $bad, same => JSON::PP::true, e => [ 1, 2 ] },
		{ a => undef, b => $bad, c => 'sql', same => undef, e => undef } ] }, 'values reach the statement as they are');
is_deeply($state->{c}, { count => 1, rows => [ { y => 8 } ] }, 'a procedure returns its row');
is(join(' ', $state->{big}{count}, scalar(@{ $state->{big}{rows} }), $state->{big}{truncated} ? 'truncated' : 'all'), '5000 1000 truncated', 'of many rows the first are kept');
is_deeply($state->{none}, { count => 0, rows => [] }, 'a statement without rows');

# Routes.
one(q{DELETE FROM respond.rule; INSERT INTO respond.route (name, event_type, pattern, notify_channel, payload) VALUES
	('plain', 'route.*', NULL, 'desk', NULL),
	('words', 'route.words', '{"data": {"loud": [true]}}', 'desk', '{{type}}: {{data.text}} of {{subject}}'),
	('json', 'route.json', NULL, 'Odd "Channel"', '{"id": {{id}}, "text": "{{data.text}}", "all": {{{data}}}}'),
	('off', 'route.words', NULL, 'off', 'x')});
one(q{UPDATE respond.route SET enabled = false WHERE name = 'off'});
my $listener = Respond::session($node, $db);
$listener->query(q{LISTEN desk; LISTEN "Odd ""Channel"""; LISTEN off});

# cloud_id(event): the id that it has as a CloudEvent, wherever it goes.
sub cloud_id { return one(qq{SELECT cloud_event->>'id' FROM respond.cloud_event WHERE id = $_[0]}); }

# heard(count): the next notifications, as [channel, payload].
my @queue;
sub heard
{
	my ($count) = @_;

	Respond::wait_for(sub {
		my $out = $listener->query('SELECT 1');

		push @queue, [ $1, $2 ] while $out =~ /^Asynchronous notification "(.*)" with payload "(.*)" received/mg;
		return @queue >= $count;
	});
	return splice(@queue, 0, $count);
}

my $id = Respond::emit($node, $db, 'route.words', { loud => JSON::PP::true, text => 'a "b" <c>' }, 's/1');
my %got = map { $_->[1] => $_->[0] } heard(2);
is($got{'route.words: a "b" <c> of s/1'}, 'desk', 'a template over the event is sent as it is');
my ($cloud) = grep { /^\{/ } keys %got;
my $event = $json->decode($cloud);
is(join('|', map { $event->{$_} } qw(specversion id type source subject datacontenttype)), '1.0|' . cloud_id($id) . "|route.words|/$db|s/1|application/json",
	'without a template the event is sent as CloudEvent');
is($event->{data}{text}, 'a "b" <c>', 'with its data');
like($event->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'and its time');

$id = Respond::emit($node, $db, 'route.json', { text => "q\" b\\ \n" });
my @notes = sort { $a->[0] cmp $b->[0] } heard(2);
is($notes[0][0], 'Odd "Channel"', 'names of channels are taken as they are');
is_deeply($json->decode($notes[0][1]), { id => $id, text => "q\" b\\ \n", all => { text => "q\" b\\ \n" } }, 'in a JSON template values are escaped');

$id = Respond::emit($node, $db, 'route.large', { text => 'x' x 100_000 }, 'big "one"');
is_deeply($json->decode((heard(1))[0][1]), { id => $id, type => 'route.large', subject => 'big "one"', truncated => JSON::PP::true },
	'what NOTIFY does not take is announced');
$id = Respond::emit($node, $db, 'route.none', {});
is($json->decode((heard(1))[0][1])->{id}, cloud_id($id), 'an event without subject');
one(q{INSERT INTO respond.mute (event_type) VALUES ('route.*')});
Respond::emit($node, $db, 'route.muted', {});
Respond::wait_idle($node, $db);
one(q{DELETE FROM respond.mute});
$id = Respond::emit($node, $db, 'route.heard', {});
is($json->decode((heard(1))[0][1])->{id}, cloud_id($id), 'a muted event is not told of');
is(one(q{SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type LIKE 'pg_respond%' AND state = 'idle in transaction'}), '0', 'no worker stays in a transaction');
$listener->quit;
ok(!$node->log_contains(qr/PANIC|TRAP|server process .* was terminated/), 'no process crashed');
$node->stop;
done_testing();
