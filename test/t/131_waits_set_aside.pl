# Somebody stands in the way: what has to wait is set aside, everything else goes on, and nothing is lost or done twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Time::HiRes qw(time);

my $node = Respond::node('waits', restart_after_crash => 'on', fsync => 'off', max_connections => 40);
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{
	CREATE TABLE took (event_id bigint, rule text);
	CREATE TABLE account (id int PRIMARY KEY, n int);
	INSERT INTO account VALUES (1, 0);
	CREATE FUNCTION raise_it(code text) RETURNS boolean LANGUAGE plpgsql AS $$
		BEGIN IF EXISTS (SELECT FROM public.trouble) THEN RAISE EXCEPTION 'raised %', code USING ERRCODE = code; END IF; RETURN true; END $$;
	CREATE TABLE trouble (n int);
	INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('hook', 'webhook', 'https://example.org/', false);
	INSERT INTO respond.team (name) VALUES ('billing');
});
Respond::add_rule($node, $db, 'witness', 'w.*', [ { action => 'sql', sql => q{INSERT INTO public.took VALUES (event.id, 'witness')} } ], priority => 10);
Respond::add_rule($node, $db, 'emits', 'w.emit', [ { action => 'emit', type => 'zz', source => '/t', key => '{{data.key}}', name => 'e' } ]);
Respond::add_rule($node, $db, 'emits unnamed', 'w.emit2', [ { action => 'emit', type => 'zz', source => '/t', key => '{{data.key}}' } ]);
Respond::add_rule($node, $db, 'opens', 'w.open', [ { action => 'ticket', subject => 'x', key => '{{data.key}}' } ]);
Respond::add_rule($node, $db, 'changes', 'w.change', [ { action => 'update_ticket', ticket => '{{data.id}}', priority => 'urgent' } ]);
Respond::add_rule($node, $db, 'comments', 'w.comment', [ { action => 'comment', ticket => '{{data.id}}', body => 'hello' } ]);
Respond::add_rule($node, $db, 'assigns', 'w.assign', [ { action => 'assign', ticket => '{{data.id}}', team => 'billing' } ]);
Respond::add_rule($node, $db, 'sends', 'w.send', [ { action => 'notify', channel => 'hook', text => 'x' } ]);
Respond::add_rule($node, $db, 'nowait', 'w.nowait', [ { action => 'sql', sql => 'SELECT n FROM public.account WHERE id = 1 FOR UPDATE NOWAIT' },
	{ action => 'sql', sql => q{INSERT INTO public.took VALUES (event.id, 'nowait')} } ]);
Respond::add_rule($node, $db, 'updates', 'w.updates', [ { action => 'sql', sql => 'UPDATE public.account SET n = n + 1 WHERE id = 1' } ]);
Respond::add_rule($node, $db, 'others', 'o.*', [ { action => 'ticket', subject => '{{type}}' } ]);
my $ticket = one(q{INSERT INTO respond.ticket (subject) VALUES ('mine') RETURNING id});

# blocked(name, statement of the other session, type of the events, data, rule): while the other session keeps its
# transaction open, events of other rules are handled, five of this one wait; afterwards each is done once.
sub blocked
{
	my ($name, $statement, $type, $data, $rule) = @_;
	my $other = Respond::session($node, $db);
	my $json = Respond::quote_literal($data);

	$other->query_safe("BEGIN; $statement");
	one('TRUNCATE took');
	one(qq{INSERT INTO respond.event (type, data) SELECT '$type', $json FROM generate_series(1, 5)});
	my $start = time();
	my $id = Respond::emit($node, $db, 'o.one', {}, 's');
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id)", "$name: another rule's event is handled");
	cmp_ok(time() - $start, '<', 20, "$name: soon");
	is(one("SELECT count(*) FROM took WHERE rule = 'witness'"), '5', "$name: other rules of the same events are applied");
	Respond::wait_until($node, $db, qq{SELECT count(*) = 5 FROM respond.set_aside WHERE rule = '$rule' AND reason IN ('a lock was not available', 'the rule takes too long')}, "$name: five wait");
	is(one("SELECT count(*) FROM respond.worker WHERE kind = 'dispatcher' AND failures > 0"), '0', "$name: nobody died");
	$other->query_safe('ROLLBACK');
	$other->quit;
	Respond::wait_idle($node, $db, "$name: then all is done");
	is(one("SELECT count(*) || ' ' || count(DISTINCT event_id) || ' ' || string_agg(DISTINCT status, ',') FROM respond.run AS r WHERE rule = '$rule' AND event_id IN (SELECT id FROM respond.event WHERE type = '$type' ORDER BY id DESC LIMIT 5)"),
		'5 5 succeeded', "$name: each once");
	is(one("SELECT count(*) FROM took WHERE rule = 'witness'"), '5', "$name: and other rules not again");
	return;
}

blocked('a key', q{INSERT INTO respond.event (type, source, key) VALUES ('zz', '/t', 'K1')}, 'w.emit', '{"key": "K1"}', 'emits');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'zz' AND key = 'K1'}), '1', 'a key: one event has it');
blocked('a key, unnamed', q{INSERT INTO respond.event (type, source, key) VALUES ('zz', '/t', 'K2')}, 'w.emit2', '{"key": "K2"}', 'emits unnamed');
blocked('a ticket with the key', q{INSERT INTO respond.ticket (subject, key) VALUES ('theirs', 'T1')}, 'w.open', '{"key": "T1"}', 'opens');
is(one(q{SELECT count(*) FROM respond.ticket WHERE key = 'T1'}), '1', 'a ticket with the key: one has it');
blocked('a row of ticket', "SELECT FROM respond.ticket WHERE id = $ticket FOR UPDATE", 'w.change', qq({"id": $ticket}), 'changes');
blocked('a row of ticket for assign', "UPDATE respond.ticket SET subject = 'theirs' WHERE id = $ticket", 'w.assign', qq({"id": $ticket}), 'assigns');
blocked('channels', 'LOCK TABLE respond.channel', 'w.send', '{}', 'sends');
blocked('deliveries', 'LOCK TABLE respond.delivery', 'w.send', '{}', 'sends');
blocked('comments', 'LOCK TABLE respond.comment', 'w.comment', qq({"id": $ticket}), 'comments');
blocked('nowait', 'UPDATE account SET n = n WHERE id = 1', 'w.nowait', '{}', 'nowait');
blocked('a row of the application', 'UPDATE account SET n = n WHERE id = 1', 'w.updates', '{}', 'updates');

# Tables that every run needs: nothing can be done, but the workers answer, and then go on.
for my $table (qw(run audit_log event ticket rule))
{
	my $other = Respond::session($node, $db);
	one(q{UPDATE respond.rule SET description = 'changed' WHERE name = 'sends'});
	$other->query_safe("BEGIN; LOCK TABLE respond.$table");
	my $session = Respond::session($node, $db);
	$session->query_until(qr/started/, "\\echo started\nINSERT INTO respond.event (type) SELECT 'o.locked' FROM generate_series(1, 5);\n");
	my $locked_at = one('SELECT clock_timestamp()');
	Respond::beat($node);
	is(one(qq{SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE a.backend_type LIKE 'pg_respond %' AND NOT l.granted AND l.waitstart < '$locked_at'}), '0', "$table: no worker waits for long");
	$other->query_safe('ROLLBACK');
	$other->quit;
	$session->query_safe('SELECT 1');
	$session->quit;
	Respond::wait_idle($node, $db, "$table: then all is done");
}
is(one(q{SELECT count(*) FILTER (WHERE n = 1) || ' of ' || count(*) FROM (SELECT (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) AS n FROM respond.event AS e WHERE type = 'o.locked') AS each}), '25 of 25', 'locked tables: each event once');

# Order per subject: what comes later waits behind, as far as the rule goes; other subjects pass.
{
	one('TRUNCATE took');
	one(q{BEGIN; UPDATE account SET n = n WHERE id = 1; PREPARE TRANSACTION 'holder'});
	one(q{INSERT INTO respond.event (type, subject, data) SELECT 'w.nowait', 'S', jsonb_build_object('n', i) FROM generate_series(1, 20) AS i});
	Respond::wait_until($node, $db, q{SELECT count(*) = 19 FROM respond.set_aside WHERE reason = 'an earlier event of the subject is set aside'}, 'order: later events of the subject wait behind');
	one(q{SELECT respond.emit('w.nowait', subject => 'S', data => '{"n": 21}')});
	Respond::crash_worker($node, $db, 'dispatcher');
	one(q{SELECT respond.emit('w.nowait', subject => 'S', data => '{"n": 22}')});
	Respond::wait_until($node, $db, q{SELECT count(*) = 22 FROM respond.set_aside}, 'order: also after a crash');
	one(q{ROLLBACK PREPARED 'holder'});
	Respond::wait_idle($node, $db, 'order: then all is done');
	is(one(q{SELECT string_agg(data->>'n', ' ' ORDER BY r.id) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE r.rule = 'nowait' AND e.subject = 'S'}),
		join(' ', 1 .. 22), 'order: in the order of the events');
}

# Errors that may pass, for as long as the trouble lasts; then the run succeeds, with no failed one before.
one('INSERT INTO trouble VALUES (1)');
for my $code (qw(08006 53100 40001 40P01 57014 55P03))
{
	Respond::add_rule($node, $db, "code $code", 'w.code', [ { action => 'sql', sql => "SELECT public.raise_it('$code')" } ]);
}
Respond::add_rule($node, $db, 'code in a condition', 'w.code', [ { action => 'log', message => 'x' } ], condition => q{public.raise_it('53100')});
{
	my $offset = -s $node->logfile;

	one(q{INSERT INTO respond.event (type) SELECT 'w.code' FROM generate_series(1, 40)});
	my $id = Respond::emit($node, $db, 'o.code');
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $id)", 'codes: another event is handled');
	Respond::wait_until($node, $db, q{SELECT count(*) = 280 AND min(tries) >= 3 FROM respond.set_aside}, 'codes: all are set aside');
	is(one(q{SELECT count(*) FROM respond.dead_letter}), '0', 'codes: no dead letter');
	ok(Respond::log_has($node, qr/sets event \d+ of type "w.code" aside for rule "code 53100": raised 53100/, $offset), 'codes: the log names the rule');
	my $log = substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $offset);
	cmp_ok(scalar(() = $log =~ /aside for rule/g), '<=', 7, 'codes: once for each rule');
	one('TRUNCATE trouble; SELECT respond.retry_set_aside()');
	Respond::wait_idle($node, $db, 'codes: then all is done');
	is(one(q{SELECT count(*) || ' ' || string_agg(DISTINCT r.status, ',') FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'w.code' AND r.rule LIKE 'code%'}), '280 succeeded', 'codes: and succeeds');
}
is(one(q{SELECT count(*) FROM respond_internal.set_aside_event}), '0', 'nothing is left');
is(one(q{SELECT string_agg("check", ',') FROM respond.health() WHERE NOT ok AND "check" NOT IN ('channels')}), '', 'health() is green');
$node->stop;
done_testing();
