-- The audit log is append-only, for everybody and in every partition.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

INSERT INTO respond.team (name) VALUES ('audited');
CREATE TABLE audit_log_later (LIKE respond.audit_log INCLUDING DEFAULTS);
ALTER TABLE respond.audit_log ATTACH PARTITION audit_log_later FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
SELECT throws_ok(format(statement, relation), '42501', split_part(statement, ' ', 1) || ' on the audit log is not allowed', format(statement, relation))
  FROM unnest(ARRAY['INSERT INTO %s (id, at, action, object_type) OVERRIDING SYSTEM VALUE VALUES (1, ''2001-01-15'', ''x'', ''x'')',
		'UPDATE %s SET actor = ''x''', 'DELETE FROM %s', 'TRUNCATE %s', 'UPDATE %s SET actor = ''x'' WHERE false']) AS statement,
	unnest(ARRAY['respond.audit_log', 'respond.audit_log_default']) AS relation;

-- A partition made later is guarded as a whole by guard_audit_partition(), its rows at once.
SET ROLE respond_worker;
INSERT INTO respond.audit_log (at, action, object_type) VALUES ('2001-01-15', 'x', 'x');
RESET ROLE;
SELECT throws_ok('UPDATE audit_log_later SET actor = ''x''', '42501', 'UPDATE on the audit log is not allowed');
SELECT throws_ok('DELETE FROM audit_log_later', '42501', 'DELETE on the audit log is not allowed');
SELECT respond_internal.guard_audit_partition('audit_log_later');
SELECT throws_ok('TRUNCATE audit_log_later', '42501', 'TRUNCATE on the audit log is not allowed');
SELECT throws_ok('INSERT INTO audit_log_later (id, at, action, object_type) OVERRIDING SYSTEM VALUE VALUES (1, ''2001-01-15'', ''x'', ''x'')', '42501', 'INSERT on the audit log is not allowed');

SET LOCAL session_replication_role = replica;
SELECT throws_ok('DELETE FROM respond.audit_log', '42501', 'DELETE on the audit log is not allowed');
SELECT throws_ok('TRUNCATE audit_log_later', '42501', 'TRUNCATE on the audit log is not allowed');
SET LOCAL session_replication_role = origin;

SET ROLE respond_worker;
SELECT throws_ok('UPDATE respond.audit_log SET actor = ''x''', '42501', 'UPDATE on the audit log is not allowed', 'the owner cannot change it either');
RESET ROLE;
SELECT lives_ok('DROP TABLE audit_log_later', 'an old partition can be dropped');

-- What the trigger for other tables writes.
UPDATE respond.team SET description = 'd' WHERE name = 'audited';
UPDATE respond.team SET description = 'd' WHERE name = 'audited';
DELETE FROM respond.team WHERE name = 'audited';
SELECT results_eq($$ SELECT action, object_type, object_id, old - 'created_at', new - 'created_at' FROM respond.audit_log WHERE object_id = 'audited' ORDER BY id $$,
	$$ VALUES ('team.inserted', 'team', 'audited', NULL::jsonb, '{"name": "audited", "description": null}'::jsonb),
		('team.updated', 'team', 'audited', '{"description": null}', '{"description": "d"}'),
		('team.deleted', 'team', 'audited', '{"name": "audited", "description": "d"}', NULL) $$,
	'changes of a team are on record, with what they changed');
SELECT is((SELECT array_agg(DISTINCT actor) FROM respond.audit_log WHERE object_id = 'audited'), ARRAY[session_user::text], 'with who made them');
SELECT respond_internal.audit('thing.done', 'thing', '7', '{"a": 1}', NULL);
SELECT results_eq($$ SELECT action, object_type, object_id, old, new, event_id, run_id, rule FROM respond.audit_log WHERE action = 'thing.done' $$,
	$$ VALUES ('thing.done', 'thing', '7', '{"a": 1}'::jsonb, NULL::jsonb, NULL::bigint, NULL::bigint, NULL::text) $$, 'functions can write to it');

SELECT * FROM finish();
ROLLBACK;
