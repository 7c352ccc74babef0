# hold() and release(), and a dump that is restored beside its original and into another cluster: the copies hold,
# and after release() they handle exactly what the original had not handled, nothing twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my %conf = (fsync => 'off', 'pg_respond.batch_size' => 10, max_connections => 30);
my $node = Respond::node('origin', %conf);
my $other = Respond::node('elsewhere', %conf);
my $db = 'desk';
my $dump = $node->basedir;
my @tables = qw(respond.event respond.run respond.rule respond.rule_version respond.mute respond.route respond.ticket respond.ticket_history
  respond.comment respond.team respond.calendar respond.calendar_exception respond.audit_log respond_internal.dead_event respond_internal.requeue respond_internal.event_key respond_internal.suspect);

Respond::create_extension($node, $db);

# contents(node, db): each table with the number of its rows and a digest of them.
sub contents
{
	my ($at, $name) = @_;

	return $at->safe_psql($name, join(' UNION ALL ', map { "SELECT '$_ ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '-') FROM $_ AS t" } @tables));
}

# check_once(node, db, name): each event that the rule is for has one run, and one row of its SQL.
sub check_once
{
	my ($at, $name, $message) = @_;

	is($at->safe_psql($name, q{SELECT count(*) FROM respond.event AS e WHERE type LIKE 'w.%' AND
		((SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id AND r.status = 'succeeded') <> 1 OR (SELECT count(*) FROM public.took AS t WHERE t.event_id = e.id) <> 1)}),
		'0', "$message: each event was handled once");
	return;
}

$node->safe_psql($db, q{
	CREATE TABLE took (event_id bigint);
	INSERT INTO respond.team (name) VALUES ('first');
	INSERT INTO respond.mute (event_type, until_time, reason) VALUES ('quiet.*', '2100-01-01', 'test');
	INSERT INTO respond.calendar (name, timezone, hours) VALUES ('office', 'Europe/Berlin', '{"mon": [["09:00", "17:00"]]}');
	INSERT INTO respond.calendar_exception (calendar, from_date, name, yearly) VALUES ('office', '2026-12-25', 'Christmas', true), ('office', '2026-11-30', 'closed', false);
	INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('r', 'w.*', 'heard');
});
Respond::add_rule($node, $db, 'work', 'w.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' },
	{ action => 'ticket', subject => 'Event {{id}}', team => 'first', key => '{{data.k}}' } ]);
Respond::add_rule($node, $db, 'slow', 'w.slow', [ { action => 'sql', sql => 'SELECT pg_sleep(0.01)' } ], enabled => 'false');

# --- hold() and release()
$node->safe_psql($db, q{INSERT INTO respond.event (type, subject, data, key) SELECT 'w.early', i % 7, jsonb_build_object('k', i % 40), 'key ' || i FROM generate_series(1, 200) AS i});
Respond::wait_idle($node, $db, 'the first events are handled');
{
	$node->safe_psql($db, q{SELECT respond.hold('nightly')});
	Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, 'the workers hold');
	$node->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'w.held', '{"k": "held"}' FROM generate_series(1, 25)});
	Respond::beat($node);
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.run JOIN respond.event ON event.id = event_id WHERE event.type = 'w.held'}), '0', 'nothing is handled meanwhile');
	is($node->safe_psql($db, 'SELECT sum(events) FROM respond.lag'), '25', 'it waits');
	is($node->safe_psql($db, q{SELECT message FROM respond.health() WHERE "check" = 'hold'}) =~ /^the workers have been paused since .*: nightly$/, 1, 'health() gives the reason');
	$node->psql($db, q{BEGIN; SELECT respond.release(); ROLLBACK});
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.worker WHERE state = 'holding'}), '3', 'a release that is rolled back changes nothing');
	$node->restart;
	Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, 'the hold outlasts a restart');
	$node->safe_psql($db, q{SELECT respond.release()});
	Respond::wait_idle($node, $db, 'after release() all of it is handled');
	check_once($node, $db, 'after a hold');
}

# what is set aside waits, too: once, however many rules wait for it
{
	my ($out, $err);

	$node->psql($db, q{BEGIN; UPDATE respond_internal.state SET hold = 'restore', hold_since = now();
		INSERT INTO respond_internal.set_aside_event (event_id, recorded_at, rule, rule_hash, forced, replay, tries, first_at, due_at)
		SELECT 1, now(), r, 0, false, false, 1, now(), 'infinity' FROM unnest('{a,b}'::text[]) AS r; SELECT respond.release(); ROLLBACK}, stdout => \$out, stderr => \$err);
	like($err, qr/the workers resume; 1 event waits to be handled/, 'release() counts what was set aside');
}

# --- a backlog of which a part is handled: one large transaction in pieces, small ones behind it
$node->safe_psql($db, q{UPDATE respond.rule SET condition = 'pg_sleep(0.004) IS NOT NULL' WHERE name = 'work'});
$node->safe_psql($db, q{INSERT INTO respond.event (type, subject, data) SELECT 'w.large', i % 5, jsonb_build_object('k', i) FROM generate_series(1, 400) AS i});
for my $i (1 .. 5)
{
	Respond::emit($node, $db, 'w.small', { k => "s$i" }, "s$i");
}
Respond::wait_until($node, $db, q{SELECT count(*) > 20 FROM respond.run JOIN respond.event ON event.id = event_id WHERE event.type = 'w.large'}, 'a part of it is handled');
$node->safe_psql($db, q{SELECT respond.hold()});
Respond::wait_until($node, $db, q{SELECT count(*) = 3 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND datname = current_database() AND xact_start IS NOT NULL)
	FROM respond.worker WHERE state = 'holding'}, 'the workers hold in the middle of it');
$node->safe_psql($db, q{UPDATE respond.rule SET condition = NULL WHERE name = 'work'});
$node->safe_psql($db, q{UPDATE respond.ticket SET status = 'solved' WHERE id = (SELECT min(id) FROM respond.ticket); INSERT INTO respond.comment (ticket_id, body) SELECT min(id), 'by hand' FROM respond.ticket});
my $waiting = $node->safe_psql($db, 'SELECT sum(events) FROM respond.lag');
cmp_ok($waiting, '>', 5, 'a part of it waits');
note("$waiting events wait");

my $before = contents($node, $db);
command_ok([ 'pg_dump', '-d', $node->connstr($db), '-f', "$dump/plain.sql" ], 'pg_dump as a script');
command_ok([ 'pg_dump', '-d', $node->connstr($db), '-Fc', '-f', "$dump/custom.dump" ], 'pg_dump in custom format');
is(contents($node, $db), $before, 'dumping changes nothing');

sub check_copy
{
	my ($at, $name, $message) = @_;

	is(contents($at, $name), $before, "$message: every row is there, and no other");
	Respond::wait_until($at, $name, q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, "$message: the workers hold");
	like($at->safe_psql($name, q{SELECT ok::text || ' ' || message || ' ' || remedy FROM respond.health() WHERE "check" = 'hold'}),
		qr/^false .*restored or copied.*respond\.release\(\)/, "$message: health() says so, and what to do");
	$at->safe_psql($name, q{SELECT respond.emit('w.new', '{"k": "new"}', 'new', key => 'new')});
	is($at->safe_psql($name, q{WITH e AS (INSERT INTO respond.event (type, source, key) VALUES ('w.early', '/desk', 'key 17') RETURNING id) SELECT count(*) FROM e}), '0', "$message: keys are known");
	my ($code, $out, $err) = $at->psql($name, 'SELECT respond.release()');
	like($err, qr/(\d+) events wait/, "$message: release() tells what waits");
	is(($err =~ /(\d+) events wait/)[0], $waiting + 1, "$message: what the original had not handled, and what is new");
	Respond::wait_idle($at, $name, "$message: then all of it is handled");
	check_once($at, $name, $message);
	is($at->safe_psql($name, q{SELECT count(*) FROM respond.health() WHERE NOT ok}), '0', "$message: all is well") or diag($at->safe_psql($name, 'SELECT * FROM respond.health() WHERE NOT ok'));
	Respond::emit($at, $name, 'w.later', { k => 'later' });
	$at->safe_psql($name, q{SELECT respond.hold(); SELECT respond.release()});
	Respond::wait_idle($at, $name, "$message: what comes later is handled");
	check_once($at, $name, "$message, later");
	$at->restart if $at != $node;
	Respond::wait_idle($at, $name, "$message: after a restart nothing waits");
	check_once($at, $name, "$message, after a restart");
	return;
}

$node->safe_psql('postgres', 'CREATE DATABASE copy');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', "$dump/plain.sql" ], 'the script restores into another database');
check_copy($node, 'copy', 'same cluster');

# numbers of transactions there are far ahead of what the dump says, so that they would seem handled or not at random
$other->safe_psql('postgres', q{CREATE TABLE burn (n int); DO $$ BEGIN FOR i IN 1 .. 3000 LOOP INSERT INTO burn VALUES (i); COMMIT; END LOOP; END $$});
$other->safe_psql('postgres', 'CREATE DATABASE desk');
command_ok([ 'pg_restore', '-j', '3', '--exit-on-error', '-d', $other->connstr('desk'), "$dump/custom.dump" ], 'pg_restore with three jobs into another cluster');
check_copy($other, 'desk', 'other cluster');

# --- the original goes on as if nothing had been
is(contents($node, $db), $before, 'the original did not change');
$node->safe_psql($db, q{SELECT respond.release()});
Respond::wait_idle($node, $db, 'the original goes on');
check_once($node, $db, 'the original');

$node->stop;
$other->stop;
done_testing();
