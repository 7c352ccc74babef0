# Code that somebody hung on our tables does not run as the workers, at their start or later; rows that a subscription applies.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('manifest', init => [ allows_streaming => 'logical' ]);
my $db = 'desk';

sub one
{
	my ($sql) = @_;

	return $node->safe_psql($db, $sql);
}

sub manifest
{
	return one(q{SELECT CASE WHEN ok THEN 'ok' ELSE message || ' -> ' || remedy END FROM respond.health() WHERE "check" = 'manifest'});
}

Respond::create_extension($node, $db);
one(q{CREATE ROLE eve; CREATE SCHEMA eve; GRANT ALL ON SCHEMA eve TO PUBLIC; CREATE TABLE eve.ran (who name DEFAULT current_user); GRANT ALL ON eve.ran TO PUBLIC;
	CREATE FUNCTION eve.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO eve.ran DEFAULT VALUES; RETURN NULL; END $$});
Respond::add_rule($node, $db, 'open', 'open', [ { action => 'ticket', subject => 'x' } ]);
one(q{SELECT respond.emit('open')});
Respond::wait_idle($node, $db, 'the workers work');
is(manifest(), 'ok', 'nothing is wrong at first');

# Later: from the commit on.
my $log = -s $node->logfile;
one(q{CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f(); SELECT respond.emit('open')});
Respond::wait_until($node, $db, q{SELECT state = 'holding' AND waiting_for LIKE '%manifest%' FROM respond.worker WHERE kind = 'dispatcher'}, 'the dispatcher waits, and says for what');
ok($node->wait_for_log(qr/workers of this database wait.*\n.*trigger evil on respond\.ticket.*\n.*DROP TRIGGER evil ON respond\.ticket/, $log), 'so does the log, with the remedy');
like(manifest(), qr/^the workers wait: trigger evil on respond\.ticket .* -> as a superuser: DROP TRIGGER evil ON respond\.ticket$/, 'and health()');
is(one('SELECT count(*) FROM eve.ran'), '0', 'the trigger did not run');

# At the start of the server.
$node->restart;
Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.worker WHERE state = 'holding' AND waiting_for LIKE '%manifest%'}, 'after a restart they wait too');
is(one('SELECT count(*) FROM eve.ran'), '0', 'the trigger did not run');
is(one('SELECT count(*) FROM respond.ticket'), '1', 'no ticket was opened');

# The remedy.
one('DROP TRIGGER evil ON respond.ticket');
Respond::wait_idle($node, $db, 'once it is dropped the workers go on');
is(one('SELECT count(*) FROM respond.ticket'), '2', 'the event took effect');
is(manifest(), 'ok', 'health() is content');

# What is merely not as it was holds nobody up.
one(q{ALTER TABLE respond.ticket DISABLE TRIGGER ticket_guard_update; ALTER TABLE respond.ticket ADD COLUMN mine text; SELECT respond.emit('open')});
Respond::wait_idle($node, $db, 'a disabled trigger and a column do not stop the workers');
like(manifest(), qr/firing ticket_guard_update on respond\.ticket is not as it was installed/, 'health() tells of the trigger');
ok($node->wait_for_log(qr/its objects differ from what was installed/, $log), 'so does the log');
one('ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_guard_update');
is(manifest(), 'ok', 'its remedy helps');

# A rolled back trigger, and one that rolls back to a savepoint, hold nobody.
one(q{BEGIN; CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f(); ROLLBACK; BEGIN; SAVEPOINT s; CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f(); ROLLBACK TO s; COMMIT; SELECT respond.emit('open')});
Respond::wait_idle($node, $db, 'a trigger that was rolled back does not stop the workers');

# A table whose triggers a restore switched off and on again.
one('ALTER TABLE respond.rule DISABLE TRIGGER ALL; ALTER TABLE respond.rule ENABLE TRIGGER ALL');
like(manifest(), qr/firing rule_validate on respond\.rule is not as it was installed/, 'pg_restore --disable-triggers leaves them less than they were');
one(one(q{SELECT regexp_replace(remedy, '^as a superuser: ', '') FROM respond.health() WHERE "check" = 'manifest'}));
is(manifest(), 'ok', 'the remedy helps');

# Rows that a subscription applies: as they are, recorded where they came from.
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->safe_psql('copy', 'CREATE EXTENSION pg_respond');
Respond::wait_workers($node, 'copy');
one(q{INSERT INTO respond.rule (name, event_type, condition, steps, description) VALUES ('there', 'x', 'EXISTS (SELECT FROM eve.ran)', '[]', 'first');
	UPDATE respond.rule SET description = 'second' WHERE name = 'there'; INSERT INTO respond.team (name) VALUES ('there'); INSERT INTO respond.ticket (subject, team) VALUES ('there', 'there');
	INSERT INTO respond.mask (path) VALUES ('card'); INSERT INTO respond.channel (name, kind, url) VALUES ('there', 'webhook', 'https://x.example/');
	CREATE PUBLICATION desk FOR TABLE respond.rule, respond.rule_version, respond.team, respond.ticket, respond.mask, respond.channel, respond.mute, respond.route;
	SELECT pg_create_logical_replication_slot('desk', 'pgoutput')});
my $string = $node->connstr($db);
$node->safe_psql('copy', "ALTER TABLE respond.ticket ADD COLUMN mine text; CREATE SUBSCRIPTION desk CONNECTION " . Respond::quote_literal($string) . " PUBLICATION desk WITH (create_slot = false, slot_name = 'desk')");
Respond::wait_until($node, 'copy', q{SELECT count(*) > 0 AND bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel}, 'the tables are copied');
one(q{UPDATE respond.rule SET description = 'third', pattern = '{"data": {"a": [1]}}' WHERE name = 'there'; UPDATE respond.ticket SET status = 'solved' WHERE subject = 'there';
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('later', 'x', '[{"action": "ticket", "subject": "y", "team": "there"}]'); DELETE FROM respond.mask});
Respond::wait_until($node, 'copy', q{SELECT EXISTS (SELECT FROM respond.rule WHERE name = 'later') AND NOT EXISTS (SELECT FROM respond.mask)}, 'changes are applied');
is($node->safe_psql('copy', q{SELECT string_agg(name || ' ' || version, ', ' ORDER BY name) FROM respond.rule}),
	one(q{SELECT string_agg(name || ' ' || version, ', ' ORDER BY name) FROM respond.rule}), 'rules have the versions that they have there');
is($node->safe_psql('copy', q{SELECT count(*) FROM respond.rule_version}), one('SELECT count(*) FROM respond.rule_version'), 'and their former versions');
is($node->safe_psql('copy', q{SELECT status FROM respond.ticket WHERE subject = 'there'}), 'solved', 'tickets are as they are there');
is($node->safe_psql('copy', q{SELECT count(*) FROM respond.audit_log WHERE object_type IN ('rule', 'team', 'mask', 'channel')}), '0', 'nothing is put on record twice');
is($node->safe_psql('copy', q{SELECT count(*) FROM respond.event}), '0', 'and no event is recorded twice');

done_testing();
