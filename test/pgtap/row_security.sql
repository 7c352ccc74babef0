-- Who can do what with which rows: each role, each relation of schema respond, each operation.
--
-- The relations come from the catalog, so a new one has no line in "golden" and fails here until somebody has decided.
-- A cell names the operations that the role may do: S(elect), I(nsert), U(pdate), D(elete).  With row security, and for
-- views of such tables, the number of rows of the fixture follows for which they work.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE ROLE gold_admin IN ROLE respond_admin;
CREATE ROLE gold_auditor IN ROLE respond_auditor;
CREATE ROLE gold_ann IN ROLE respond_agent;
CREATE ROLE gold_lone IN ROLE respond_agent;
CREATE ROLE gold_bare IN ROLE respond_agent;
CREATE ROLE gold_lead IN ROLE gold_ann, gold_lone;
CREATE ROLE gold_both IN ROLE respond_agent, respond_auditor;
CREATE ROLE gold_producer IN ROLE respond_producer;
CREATE ROLE gold_nobody;
-- whom a superuser gave rights of their own
CREATE ROLE gold_reporter;
GRANT USAGE ON SCHEMA respond TO gold_reporter;
GRANT SELECT, UPDATE ON respond.ticket, respond.comment, respond.rating, respond.ticket_history, respond.run TO gold_reporter;

INSERT INTO respond.team (name) VALUES ('a'), ('b');
INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'gold_ann'), ('Lone', 'gold_lone'), ('Else', NULL);
INSERT INTO respond.team_member (team, agent) VALUES ('a', 'Ann'), ('b', 'Else');
INSERT INTO respond.rule (name, event_type, steps, start_roles) VALUES ('startable', 'x', '[]', '{gold_ann}'), ('closed', 'x', '[]', '{}');
INSERT INTO respond.ticket (id, subject, team, assignee, run_id) VALUES
	(1, 'a', 'a', NULL, 101), (2, 'b', 'b', NULL, 102), (3, 'nobody''s', NULL, NULL, NULL), (4, 'b, Ann', 'b', 'Ann', NULL),
	(5, 'b, Lone', 'b', 'Lone', NULL), (6, 'a, Lone', 'a', 'Lone', NULL), (7, 'nobody''s, Else', NULL, 'Else', NULL), (8, 'deleted', 'a', NULL, NULL);
INSERT INTO respond.comment (ticket_id, body) SELECT id, 'said' FROM respond.ticket;
INSERT INTO respond.rating (ticket_id, score) SELECT id, 5 FROM respond.ticket;
DELETE FROM respond.ticket WHERE id = 8;
SELECT FROM setval('respond.ticket_id_seq', 1000);
SELECT respond.emit('asked', subject => 'ticket/2') AS event_2, respond.emit('asked', subject => 'ticket/3') AS event_3,
	respond.emit('asked', subject => 'ticket/3', source => '/elsewhere') AS event_elsewhere \gset
INSERT INTO respond.run (id, rule, rule_version, event_id, status) VALUES
	(101, 'closed', 1, NULL, 'waiting'), (102, 'closed', 1, NULL, 'waiting'), (103, 'closed', 1, :event_2, 'waiting'), (104, 'closed', 1, :event_3, 'waiting'),
	(105, 'startable', 1, NULL, 'waiting'), (106, 'closed', 1, NULL, 'waiting'), (107, 'closed', 1, :event_elsewhere, 'waiting'), (108, 'gone', 1, -1, 'waiting');
INSERT INTO respond.approval (id, run_id, run_started_at, rule, rule_version, step, pause, depth, question, options, approvers, asked_of, self_approval, deny_wins, asked_at)
	SELECT format('00000000-0000-0000-0000-00000000000%s', n)::uuid, 101, now(), 'closed', 1, 's', 1, 0, 'Well?', '{yes,no}', ARRAY[who], '{}', false, false, now()
	  FROM (VALUES (1, 'Ann'), (2, 'Else')) AS a (n, who);
INSERT INTO respond.approval_vote (approval_id, voter, option, voted_at) SELECT id, 'Else', 'yes', now() FROM respond.approval;

-- What can be written, with columns that everybody may say who may write at all.
CREATE TEMP TABLE example AS
	SELECT 'respond.ticket'::regclass AS relation, format('INSERT INTO respond.ticket (subject, team, assignee) VALUES (''new'', %L, %L)', team, assignee) AS statement FROM respond.ticket
	UNION ALL SELECT 'respond.comment', format('INSERT INTO respond.comment (ticket_id, body) VALUES (%s, ''new'')', id) FROM respond.ticket
	UNION ALL SELECT 'respond.rating', format('INSERT INTO respond.rating (ticket_id, score) VALUES (%s, 1)', id) FROM respond.ticket
	UNION ALL SELECT 'respond.comment', 'INSERT INTO respond.comment (ticket_id, body) VALUES (9, ''there is none'')';
GRANT SELECT ON example TO PUBLIC;

-- The number of rows; NULL: refused.  What it did is undone.
CREATE FUNCTION pg_temp.rows_of(who name, statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	result bigint;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	BEGIN
		EXECUTE statement;
		GET DIAGNOSTICS result = ROW_COUNT;
		RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO0';
	EXCEPTION
		WHEN SQLSTATE 'UNDO0' THEN NULL;
		WHEN insufficient_privilege OR foreign_key_violation THEN result := NULL;
	END;
	RESET ROLE;
	RETURN result;
END
$$;

CREATE FUNCTION pg_temp.may(who name, relation regclass, privilege text) RETURNS boolean LANGUAGE sql AS $$
	SELECT has_table_privilege(who, relation, privilege) OR (privilege <> 'DELETE' AND has_any_column_privilege(who, relation, privilege))
$$;

CREATE FUNCTION pg_temp.cell(who name, relation regclass, counted boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text[] := '{}';
	column_name name;
BEGIN
	IF NOT has_schema_privilege(who, 'respond', 'USAGE') THEN
		RETURN '-';
	END IF;
	IF pg_temp.may(who, relation, 'SELECT') THEN
		result := result || concat('S', CASE WHEN counted THEN pg_temp.rows_of(who, format('SELECT 1 FROM %s', relation)) END);
	END IF;
	IF pg_temp.may(who, relation, 'INSERT') THEN
		result := result || concat('I', CASE WHEN counted THEN (SELECT count(pg_temp.rows_of(who, e.statement)) FROM example AS e WHERE e.relation = $2) END);
	END IF;
	IF pg_temp.may(who, relation, 'UPDATE') THEN
		SELECT a.attname INTO column_name FROM pg_attribute AS a
		 WHERE a.attrelid = relation AND a.attnum > 1 AND has_column_privilege(who, relation, a.attnum, 'UPDATE') ORDER BY a.attnum LIMIT 1;
		result := result || concat('U', CASE WHEN counted THEN pg_temp.rows_of(who, format('UPDATE %s SET %I = %2$I', relation, column_name)) END);
	END IF;
	IF pg_temp.may(who, relation, 'DELETE') THEN
		result := result || concat('D', CASE WHEN counted THEN pg_temp.rows_of(who, format('DELETE FROM %s', relation)) END);
	END IF;
	RETURN coalesce(nullif(array_to_string(result, ' '), ''), '-');
END
$$;

CREATE TEMP TABLE relation AS
	SELECT c.oid::regclass AS name, c.relrowsecurity OR EXISTS (
			SELECT FROM pg_rewrite AS w JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
			  JOIN pg_class AS t ON t.oid = d.refobjid
			 WHERE w.ev_class = c.oid AND t.relrowsecurity AND t.relname = 'run' AND c.relname = 'waiting') AS counted
	  FROM pg_class AS c
	 WHERE c.relnamespace = 'respond'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
CREATE TEMP TABLE person (place integer, who name);
INSERT INTO person SELECT n, who FROM unnest('{gold_admin,gold_auditor,gold_both,gold_ann,gold_lone,gold_lead,gold_bare,gold_reporter,gold_producer,gold_nobody}'::name[])
	WITH ORDINALITY AS p (who, n);
CREATE TEMP TABLE found AS
	SELECT r.name::text AS relation, string_agg(pg_temp.cell(p.who, r.name, r.counted), ' | ' ORDER BY p.place) AS cells
	  FROM relation AS r CROSS JOIN person AS p GROUP BY 1;

CREATE TEMP TABLE golden (relation text, cells text);
-- admin | auditor | agent and auditor | agent of team a | agent without a team | whoever is both of these | agent without a row | reporter | producer | nobody
\if :{?print}
SELECT format(E'\t(%L, %L),', relation, cells) FROM found ORDER BY 1;
\endif
INSERT INTO golden VALUES
	('respond.agent', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.api_token', 'S U D | S | S | - | - | - | - | - | - | -'),
	('respond.approval', 'S2 | S2 | S2 | S1 | S0 | S0 | S0 | - | - | -'),
	('respond.approval_vote', 'S2 | S2 | S2 | S1 | S0 | S0 | S0 | - | - | -'),
	('respond.attempt', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.attempt_default', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.audit_log', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.audit_log_default', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.audit_seal', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.calendar', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.calendar_exception', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.channel', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.channel_kind', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.channel_stats', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.cloud_event', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.comment', 'S7 I7 U7 D7 | S7 | S7 I7 | S5 I5 | S4 I4 | S6 I6 | S2 I2 | S7 U7 | - | -'),
	('respond.dead_letter', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.delivery', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.delivery_default', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.event', 'S I | S | S | - | - | - | - | - | I | -'),
	('respond.event_default', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.gateway', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.inbound_reject', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.inbound_scheme', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.inbound_source', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.inbound_stats', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.lag', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.mask', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.mute', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.on_call_layer', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.on_call_override', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.producer', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.rating', 'S8 I7 U8 D8 | S8 | S8 I7 | S5 I5 | S4 I4 | S6 I6 | S2 I2 | S8 U8 | - | -'),
	('respond.rotation', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.rotation_member', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.route', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.rule', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.rule_stats', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.rule_version', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.run', 'S8 | S8 | S8 | S3 | S1 | S3 | S1 | S8 U8 | - | -'),
	('respond.run_default', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.schedule', 'S I U D | S | S | - | - | - | - | - | - | -'),
	('respond.set_aside', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.team', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.team_member', 'S I U D | S | S | S | S | S | S | - | - | -'),
	('respond.ticket', 'S7 I7 U7 D7 | S7 | S7 I7 U2 | S5 I7 U5 | S4 I7 U4 | S6 I7 U6 | S2 I7 U2 | S7 U7 | - | -'),
	('respond.ticket_history', 'S25 | S25 | S25 | S15 | S12 | S18 | S6 | S25 U25 | - | -'),
	('respond.wait_decision', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.waiting', 'S8 | S8 | S8 | S3 | S1 | S3 | S1 | - | - | -'),
	('respond.watched', 'S | S | S | - | - | - | - | - | - | -'),
	('respond.worker', 'S | S | S | - | - | - | - | - | - | -');
SELECT is_empty('SELECT relation, cells FROM found EXCEPT SELECT relation, cells FROM golden', 'who can do what was decided');
SELECT is_empty('SELECT relation, cells FROM golden EXCEPT SELECT relation, cells FROM found', 'and is so');

SELECT * FROM finish();
ROLLBACK;
