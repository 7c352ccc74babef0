-- What each of the four roles may do, in the catalog and in deed.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

-- Role, table, privileges on the whole table.
CREATE TEMP TABLE expected (role_name text, relation regclass, privileges text[]);
INSERT INTO expected VALUES
	('respond_producer', 'respond.event', '{}'),
	('respond_producer', 'respond.ticket', '{}'),
	('respond_producer', 'respond.rule', '{}'),
	('respond_producer', 'respond.audit_log', '{}'),
	('respond_producer', 'respond.run', '{}'),
	('respond_agent', 'respond.event', '{}'),
	('respond_agent', 'respond.ticket', '{SELECT}'),
	('respond_agent', 'respond.comment', '{SELECT}'),
	('respond_agent', 'respond.team', '{SELECT}'),
	('respond_agent', 'respond.ticket_history', '{SELECT}'),
	('respond_agent', 'respond.run', '{SELECT}'),
	('respond_agent', 'respond.rule', '{}'),
	('respond_agent', 'respond.audit_log', '{}'),
	('respond_agent', 'respond.approval', '{SELECT}'),
	('respond_agent', 'respond.approval_vote', '{SELECT}'),
	('respond_agent', 'respond.agent', '{SELECT}'),
	('respond_agent', 'respond.team_member', '{SELECT}'),
	('respond_agent', 'respond.calendar', '{SELECT}'),
	('respond_agent', 'respond.calendar_exception', '{SELECT}'),
	('respond_admin', 'respond.calendar', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.calendar_exception', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_auditor', 'respond.calendar_exception', '{SELECT}'),
	('respond_producer', 'respond.calendar', '{}'),
	('respond_agent', 'respond.rotation', '{SELECT}'),
	('respond_agent', 'respond.on_call_override', '{SELECT}'),
	('respond_admin', 'respond.rotation', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.rotation_member', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.on_call_layer', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.on_call_override', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_auditor', 'respond.on_call_layer', '{SELECT}'),
	('respond_producer', 'respond.on_call_layer', '{}'),
	('respond_producer', 'respond.approval', '{}'),
	('respond_producer', 'respond.approval_vote', '{}'),
	('respond_auditor', 'respond.approval', '{SELECT}'),
	('respond_auditor', 'respond.approval_vote', '{SELECT}'),
	('respond_admin', 'respond.approval', '{SELECT}'),
	('respond_admin', 'respond.approval_vote', '{SELECT}'),
	('respond_admin', 'respond.agent', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.team_member', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_auditor', 'respond.event', '{SELECT}'),
	('respond_auditor', 'respond.ticket', '{SELECT}'),
	('respond_auditor', 'respond.rule', '{SELECT}'),
	('respond_auditor', 'respond.run', '{SELECT}'),
	('respond_auditor', 'respond.audit_log', '{SELECT}'),
	('respond_auditor', 'respond_internal.dead_event', '{SELECT}'),
	('respond_auditor', 'respond.channel', '{SELECT}'),
	('respond_auditor', 'respond.channel_kind', '{SELECT}'),
	('respond_auditor', 'respond.delivery', '{SELECT}'),
	('respond_auditor', 'respond.attempt', '{SELECT}'),
	('respond_auditor', 'respond.mask', '{SELECT}'),
	('respond_auditor', 'respond.inbound_scheme', '{SELECT}'),
	('respond_auditor', 'respond_internal.channel_secret', '{}'),
	('respond_admin', 'respond.event', '{SELECT}'),
	('respond_admin', 'respond.run', '{SELECT}'),
	('respond_admin', 'respond.audit_log', '{SELECT}'),
	('respond_admin', 'respond.ticket_history', '{SELECT}'),
	('respond_admin', 'respond.rule', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.mute', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.route', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.team', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.ticket', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.comment', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.channel', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.channel_kind', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.mask', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.inbound_scheme', '{SELECT,INSERT,UPDATE,DELETE}'),
	('respond_admin', 'respond.delivery', '{SELECT}'),
	('respond_admin', 'respond.attempt', '{SELECT}'),
	('respond_admin', 'respond_internal.channel_secret', '{}');
INSERT INTO expected SELECT role_name, relation::regclass, '{}'
  FROM unnest('{respond_agent,respond_producer}'::text[]) AS role_name,
	unnest('{respond.channel,respond.channel_kind,respond.delivery,respond.attempt,respond.mask,respond.inbound_scheme,respond_internal.channel_secret}'::text[]) AS relation;
SELECT is(ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS u (p, n)
		WHERE has_table_privilege(role_name, relation, p) ORDER BY n), privileges,
	format('%s on %s', role_name, relation))
  FROM expected;

SELECT is(ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
		AND has_column_privilege(role_name, relation, attnum, privilege) ORDER BY attnum), columns::text[],
	format('%s may %s columns of %s', role_name, privilege, relation))
  FROM (VALUES
	('respond_producer', 'respond.event'::regclass, 'INSERT', '{type,source,subject,time,data,key}'),
	('respond_producer', 'respond.event', 'SELECT', '{}'),
	('respond_admin', 'respond.event', 'INSERT', '{type,source,subject,time,data,key}'),
	('respond_agent', 'respond.ticket', 'INSERT', '{subject,description,status,priority,team,assignee,requester,tags,key,fields}'),
	('respond_agent', 'respond.ticket', 'UPDATE', '{subject,description,status,priority,team,assignee,requester,tags,key,fields}'),
	('respond_agent', 'respond.comment', 'INSERT', '{ticket_id,kind,body}'),
	('respond_agent', 'respond.comment', 'UPDATE', '{}'),
	('respond_admin', 'respond_internal.channel_secret', 'SELECT', '{channel,set_at,set_by}'),
	('respond_auditor', 'respond_internal.channel_secret', 'SELECT', '{channel,set_at,set_by}'),
	('respond_agent', 'respond_internal.channel_secret', 'SELECT', '{}'),
	('respond_producer', 'respond_internal.channel_secret', 'SELECT', '{}')) AS c (role_name, relation, privilege, columns);

SELECT is_empty($$ SELECT r, p.oid::regprocedure FROM unnest(ARRAY['respond_producer', 'respond_agent', 'respond_auditor', 'respond_admin']) AS r, pg_proc AS p
	WHERE p.pronamespace = 'respond_internal'::regnamespace AND p.provolatile = 'v' AND has_function_privilege(r, p.oid, 'EXECUTE')
	  AND NOT EXISTS (SELECT FROM pg_depend AS d JOIN pg_rewrite AS w ON w.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
		WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid) $$,
	'nobody may execute internal functions that do something');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'respond'::regnamespace
	AND has_function_privilege('respond_producer', p.oid, 'EXECUTE') <> (p.proname = ANY ('{emit,capture,watch,unwatch}')) $$,
	'of the public functions a producer may execute those that record events and no other');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'respond'::regnamespace
	AND has_function_privilege('respond_agent', p.oid, 'EXECUTE') <> (p.proname = ANY ('{start,merge,decide,approval_link,rating_link,cancel_run,retry_run,pause_run,resume_run,signal,local_instant,business_open,business_add,business_between,next_open,next_close,open_periods,rotation_shift,on_call_now,on_call_shifts,on_call_gaps}')) $$,
	'an agent may merge tickets, and ask for what rules allow it: to start them, and what is done to runs by hand; and for local and business time');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'respond'::regnamespace
	AND has_function_privilege('respond_auditor', p.oid, 'EXECUTE') <> (p.proname = ANY ('{matches,render,cron_next,local_instant,schedule_preview,explain,export_rules,health,rule_map,rule_doc,metrics,audit_head,verify_audit,business_open,business_add,business_between,next_open,next_close,open_periods,rotation_shift,on_call_now,on_call_shifts,on_call_gaps}')) $$,
	'an auditor may execute what only looks');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'respond'::regnamespace
	AND NOT has_function_privilege('respond_admin', p.oid, 'EXECUTE') $$,
	'an admin may execute every public function');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'respond'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	AND NOT (has_table_privilege('respond_admin', c.oid, 'SELECT') AND has_table_privilege('respond_auditor', c.oid, 'SELECT')) $$,
	'admins and auditors read every table and view');

-- Keys, answers and signals may hold what SQL of a rule returned to its owner.
SELECT is_empty($$ SELECT r, c FROM unnest(ARRAY['respond_producer', 'respond_agent', 'respond_auditor', 'respond_admin']) AS r,
	(VALUES ('wait', 'key'), ('wait', 'key_hash'), ('run_inbox', 'data'), ('timer', 'data'), ('wait_decision', 'key_hash'),
		('wait_decision_default', 'key_hash')) AS c (table_name, column_name)
	WHERE has_column_privilege(r, 'respond_internal.' || table_name, column_name, 'SELECT') $$,
	'nobody reads what waiting runs wait for and are told');
SELECT is_empty($$ SELECT r, p.inhrelid::regclass FROM unnest(ARRAY['respond_producer', 'respond_agent', 'respond_auditor', 'respond_admin']) AS r, pg_inherits AS p
	WHERE p.inhparent = 'respond_internal.wait_decision'::regclass AND has_any_column_privilege(r, p.inhrelid, 'SELECT') $$,
	'nor by which hashes of their keys decisions are found');

-- What is sealed is for its owner, and superusers, alone.
SELECT is_empty($$ SELECT r.rolname FROM pg_roles AS r WHERE NOT r.rolsuper AND NOT pg_has_role(r.oid, 'respond_worker', 'USAGE') AND r.rolname <> 'pg_read_all_data'
	AND has_column_privilege(r.oid, 'respond_internal.channel_secret', 'sealed', 'SELECT') $$,
	'nobody but its owner reads what is sealed');
SELECT is_empty($$ SELECT r.rolname, privilege FROM pg_roles AS r, unnest('{INSERT,UPDATE}'::text[]) AS privilege
	WHERE NOT r.rolsuper AND NOT pg_has_role(r.oid, 'respond_worker', 'USAGE') AND r.rolname <> 'pg_write_all_data'
	AND has_any_column_privilege(r.oid, 'respond_internal.channel_secret', privilege) $$,
	'and nobody writes it');
SELECT is_empty($$ SELECT p.oid::regprocedure, r FROM pg_proc AS p, unnest('{respond_producer,respond_agent,respond_auditor}'::text[]) AS r
	WHERE p.pronamespace = 'respond'::regnamespace AND p.proname IN ('set_secret', 'rotate_secrets', 'send_test', 'retry', 'retry_channel', 'discard')
	AND has_function_privilege(r, p.oid, 'EXECUTE') $$,
	'secrets and deliveries are for admins');

-- In deed: people who hold one role each, and one who holds none.
CREATE ROLE respond_test_agent IN ROLE respond_agent;
CREATE ROLE respond_test_producer IN ROLE respond_producer;
CREATE ROLE respond_test_auditor IN ROLE respond_auditor;
CREATE ROLE respond_test_admin IN ROLE respond_admin;
CREATE ROLE respond_test_nobody;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
INSERT INTO respond.team (name) VALUES ('grants');

CREATE FUNCTION pg_temp.attempt(role_name text, statement text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN insufficient_privilege THEN
		RESET ROLE;
		RETURN 'denied';
	END;
	RESET ROLE;
	RETURN 'done';
END
$$;

SELECT is(pg_temp.attempt(role_name, statement), outcome, format('%s: %s: %s', role_name, outcome, statement))
  FROM (VALUES
	('respond_test_agent', 'done', $$INSERT INTO respond.ticket (subject) VALUES ('of an agent')$$),
	('respond_test_agent', 'done', $$UPDATE respond.ticket SET status = 'open' WHERE subject = 'of an agent'$$),
	('respond_test_agent', 'done', $$INSERT INTO respond.comment (ticket_id, body) SELECT id, 'x' FROM respond.ticket WHERE subject = 'of an agent'$$),
	('respond_test_agent', 'denied', $$DELETE FROM respond.ticket$$),
	('respond_test_agent', 'denied', $$TRUNCATE respond.ticket$$),
	('respond_test_agent', 'denied', $$INSERT INTO respond.ticket (subject, created_by) VALUES ('x', 'somebody else')$$),
	('respond_test_agent', 'denied', $$INSERT INTO respond.comment (ticket_id, body, author) VALUES (1, 'x', 'somebody else')$$),
	('respond_test_agent', 'denied', $$UPDATE respond.comment SET body = 'y'$$),
	('respond_test_agent', 'denied', $$INSERT INTO respond.ticket_history (ticket_id, field) VALUES (1, 'x')$$),
	('respond_test_agent', 'denied', $$SELECT * FROM respond.event$$),
	('respond_test_agent', 'denied', $$SELECT * FROM respond.audit_log$$),
	('respond_test_agent', 'denied', $$SELECT respond_internal.audit('x', 'x', NULL, NULL, NULL)$$),
	('respond_test_producer', 'done', $$INSERT INTO respond.event (type, source, subject, "time", data, key) VALUES ('grants.tested', 's', 's', now(), '{}', 'k')$$),
	('respond_test_producer', 'done', $$SELECT respond.emit('grants.tested')$$),
	('respond_test_producer', 'denied', $$INSERT INTO respond.event (type, actor) VALUES ('grants.tested', 'somebody else')$$),
	('respond_test_producer', 'denied', $$INSERT INTO respond.event (type, depth) VALUES ('grants.tested', -100)$$),
	('respond_test_producer', 'denied', $$INSERT INTO respond.event (type, xid) VALUES ('grants.tested', '1')$$),
	('respond_test_producer', 'denied', $$SELECT count(*) FROM respond.event$$),
	('respond_test_producer', 'denied', $$UPDATE respond.event SET type = 'x'$$),
	('respond_test_producer', 'denied', $$SELECT count(*) FROM respond.ticket$$),
	('respond_test_auditor', 'done', $$SELECT * FROM respond.audit_log, respond.run, respond.event, respond.ticket, respond.rule LIMIT 1$$),
	('respond_test_auditor', 'denied', $$INSERT INTO respond.audit_log (action, object_type) VALUES ('x', 'x')$$),
	('respond_test_auditor', 'denied', $$INSERT INTO respond.event (type) VALUES ('x')$$),
	('respond_test_auditor', 'denied', $$UPDATE respond.ticket SET subject = 'x'$$),
	('respond_test_admin', 'done', $$INSERT INTO respond.team (name) VALUES ('of an admin')$$),
	('respond_test_admin', 'done', $$DELETE FROM respond.team WHERE name = 'of an admin'$$),
	('respond_test_admin', 'done', $$DELETE FROM respond.ticket WHERE subject = 'of an agent'$$),
	('respond_test_admin', 'done', $$SELECT respond.emit('grants.tested')$$),
	('respond_test_admin', 'done', $$INSERT INTO respond.channel (name, kind, url) VALUES ('grants', 'webhook', 'https://hook.test/x')$$),
	('respond_test_admin', 'done', $$UPDATE respond.channel SET enabled = false WHERE name = 'grants'$$),
	('respond_test_admin', 'done', $$SELECT respond.send_test('grants')$$),
	('respond_test_admin', 'done', $$SELECT respond.retry_channel('grants')$$),
	('respond_test_admin', 'done', $$SELECT respond.discard(id) FROM respond.delivery WHERE channel = 'grants'$$),
	('respond_test_admin', 'done', $$SELECT respond.set_secret('grants', NULL)$$),
	('respond_test_admin', 'done', $$INSERT INTO respond.channel_kind (name, transport) VALUES ('grants', 'http')$$),
	('respond_test_admin', 'done', $$DELETE FROM respond.channel_kind WHERE name = 'grants'$$),
	('respond_test_admin', 'done', $$INSERT INTO respond.mask (path) VALUES ('grants')$$),
	('respond_test_admin', 'done', $$SELECT channel, set_at, set_by FROM respond_internal.channel_secret$$),
	('respond_test_admin', 'denied', $$SELECT sealed FROM respond_internal.channel_secret$$),
	('respond_test_admin', 'denied', $$SELECT s::text FROM respond_internal.channel_secret AS s$$),
	('respond_test_admin', 'denied', $$DELETE FROM respond_internal.channel_secret$$),
	('respond_test_admin', 'denied', $$INSERT INTO respond_internal.channel_secret (channel, sealed, set_at) VALUES ('x', '', now())$$),
	('respond_test_admin', 'denied', $$INSERT INTO respond.delivery (channel) VALUES ('grants')$$),
	('respond_test_admin', 'denied', $$UPDATE respond.delivery SET status = 'delivered', next_attempt_at = NULL$$),
	('respond_test_admin', 'denied', $$DELETE FROM respond.delivery$$),
	('respond_test_admin', 'denied', $$DELETE FROM respond.attempt$$),
	('respond_test_admin', 'denied', $$TRUNCATE respond.channel$$),
	('respond_test_admin', 'done', $$DELETE FROM respond.channel WHERE name = 'grants'$$),
	('respond_test_auditor', 'done', $$SELECT * FROM respond.channel, respond.channel_kind, respond.delivery, respond.attempt, respond.mask LIMIT 1$$),
	('respond_test_auditor', 'denied', $$SELECT sealed FROM respond_internal.channel_secret$$),
	('respond_test_auditor', 'denied', $$SELECT respond.set_secret('grants', 'x')$$),
	('respond_test_auditor', 'denied', $$SELECT respond.rotate_secrets()$$),
	('respond_test_auditor', 'denied', $$SELECT respond.send_test('grants')$$),
	('respond_test_auditor', 'denied', $$UPDATE respond.channel SET url = 'https://evil.test'$$),
	('respond_test_agent', 'denied', $$SELECT 1 FROM respond.channel$$),
	('respond_test_agent', 'denied', $$SELECT 1 FROM respond.delivery$$),
	('respond_test_agent', 'denied', $$SELECT respond.retry(1)$$),
	('respond_test_producer', 'denied', $$INSERT INTO respond.channel (name, kind) VALUES ('x', 'notify')$$),
	('respond_test_nobody', 'denied', $$SELECT 1 FROM respond_internal.channel_secret$$),
	('respond_test_nobody', 'denied', $$SELECT respond.set_secret('grants', 'x')$$),
	('respond_test_admin', 'denied', $$DELETE FROM respond.event$$),
	('respond_test_admin', 'denied', $$INSERT INTO respond.audit_log (action, object_type) VALUES ('x', 'x')$$),
	('respond_test_admin', 'denied', $$DELETE FROM respond.audit_log$$),
	('respond_test_nobody', 'denied', $$SELECT 1 FROM respond.ticket$$),
	('respond_test_nobody', 'denied', $$SELECT respond.emit('x')$$)) AS a (role_name, outcome, statement);

-- Row by row: a question is for those who may answer it, and for those who oversee.
INSERT INTO respond.agent (name, db_role) VALUES ('tester', 'respond_test_agent');
INSERT INTO respond.team_member (team, agent) VALUES ('grants', 'tester');
INSERT INTO respond.approval (id, run_id, run_started_at, rule, rule_version, step, pause, depth, question, options, approvers, asked_of, self_approval, deny_wins, asked_at)
SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 1, now(), 'x', 1, 'x', 1, 0, 'x', '{a,b}', ARRAY[approver], '{}', false, true, now()
  FROM unnest('{tester,team:grants,on_call:grants,respond_agent,respond_test_agent,respond_test_admin,somebody}'::text[]) WITH ORDINALITY AS a (approver, n);
INSERT INTO respond.approval_vote (approval_id, voter, option, voted_at) SELECT id, 'x', 'a', now() FROM respond.approval;
CREATE FUNCTION pg_temp.seen(role_name text, relation text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	EXECUTE format('SELECT count(*) FROM %s', relation) INTO result;
	RESET ROLE;
	RETURN result;
END
$$;
SELECT is(pg_temp.seen(role_name, relation), seen::bigint, format('%s sees %s rows of %s', role_name, seen, relation))
  FROM (VALUES ('respond_test_agent', 5), ('respond_test_auditor', 7), ('respond_test_admin', 7)) AS s (role_name, seen),
	unnest('{respond.approval,respond.approval_vote}'::text[]) AS relation;
UPDATE respond.agent SET available = false;
SELECT is(pg_temp.seen('respond_test_agent', 'respond.approval'), 4::bigint, 'who is not available is not on call');
DELETE FROM respond.team_member;
SELECT is(pg_temp.seen('respond_test_agent', 'respond.approval'), 3::bigint, 'who left the team sees its questions no more');
SELECT is(pg_temp.attempt(role_name, statement), 'denied', format('%s: denied: %s', role_name, statement))
  FROM unnest('{respond_test_agent,respond_test_auditor,respond_test_admin,respond_test_producer,respond_test_nobody}'::text[]) AS role_name,
	unnest(ARRAY[$$INSERT INTO respond.approval_vote (approval_id, voter, option, voted_at) VALUES ('00000000-0000-0000-0000-000000000001', 'y', 'a', now())$$,
		$$UPDATE respond.approval SET status = 'decided', decision = 'a'$$, $$DELETE FROM respond.approval$$, $$DELETE FROM respond.approval_vote$$,
		$$SELECT respond_internal.cancel_approvals(1)$$]) AS statement;
SELECT throws_ok($$INSERT INTO respond.team_member (team, agent) VALUES ('grants', 'none')$$, '23503', 'agent "none" does not exist', 'a member of a team is an agent');
SELECT throws_ok($$INSERT INTO respond.team_member (team, agent) VALUES ('none', 'tester')$$, '23503', 'team "none" does not exist', 'and the team exists');
INSERT INTO respond.team_member (team, agent) VALUES ('grants', 'tester');
UPDATE respond.agent SET name = 'tester 2';
UPDATE respond.team SET name = 'grants 2' WHERE name = 'grants';
SELECT results_eq('SELECT team, agent FROM respond.team_member', $$VALUES ('grants 2', 'tester 2')$$, 'members have the new names');
DELETE FROM respond.agent;
SELECT is_empty('SELECT FROM respond.team_member', 'who is gone is in no team');

-- Every view can be read by those who may read it.
SELECT is(pg_temp.attempt(role_name, format('SELECT * FROM %s LIMIT 1', c.oid::regclass)), 'done', format('%s reads view %s', role_name, c.oid::regclass))
  FROM pg_class AS c, unnest(ARRAY['respond_test_auditor', 'respond_test_admin']) AS role_name
 WHERE c.relnamespace = 'respond'::regnamespace AND c.relkind = 'v';

SELECT is((SELECT array_agg(DISTINCT actor) FROM respond.ticket_history AS h WHERE field = 'created'), ARRAY['respond_test_agent'],
	'the history of an agent''s ticket names the agent');
SELECT is((SELECT count(*) FROM respond.audit_log WHERE actor = 'respond_test_agent'), 3::bigint,
	'what an agent did is on record although the agent cannot write there');

SELECT * FROM finish();
ROLLBACK;
