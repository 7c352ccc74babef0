-- 90_grants.sql: who may do what.
--
-- One block for each role.  What reads is granted for whole schemas, so that a
-- new table or view is readable without a line here; what writes is named.
-- Functions are named without arguments: all functions of that name are meant.

CREATE FUNCTION respond_internal.grant_execute(role_name text, schema_name text, VARIADIC function_names text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	function_name text;
	signature regprocedure;
BEGIN
	FOREACH function_name IN ARRAY function_names LOOP
		FOR signature IN
			SELECT p.oid FROM pg_catalog.pg_proc AS p
			 WHERE p.pronamespace = schema_name::regnamespace AND p.proname = function_name
		LOOP
			EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %s', signature, role_name);
		END LOOP;
	END LOOP;
END
$$;

-- ALTER DEFAULT PRIVILEGES of whoever creates the extension gave rights on
-- everything above.  A trigger on one of these tables would run as the workers.
CREATE FUNCTION respond_internal.take_back_defaults(only_partitions boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT DISTINCT o.kind, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
		  FROM (SELECT 'SCHEMA' AS kind, n.oid::regnamespace::text AS name, n.nspacl AS acl, n.nspowner AS owner
				  FROM pg_catalog.pg_namespace AS n WHERE n.nspname IN ('respond', 'respond_internal')
				UNION ALL
				SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, c.relacl, c.relowner
				  FROM pg_catalog.pg_class AS c
				 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
				   AND (NOT only_partitions OR (c.relispartition AND c.relnamespace = 'respond_internal'::regnamespace))
				UNION ALL
				SELECT 'FUNCTION', p.oid::regprocedure::text, p.proacl, p.proowner
				  FROM pg_catalog.pg_proc AS p
				 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)) AS o,
			   pg_catalog.aclexplode(o.acl) AS a
		 WHERE (o.kind = 'TABLE' OR NOT only_partitions) AND a.grantee <> o.owner AND NOT (o.kind = 'SCHEMA' AND a.grantee = 'respond_worker'::regrole)
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE', given.kind, given.name, given.grantee);
	END LOOP;
END
$$;
SELECT respond_internal.take_back_defaults(false);

-- Everybody: nothing but what stands behind defaults and constraints, which
-- whoever may insert a row needs; none of these functions does or tells a thing.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA respond, respond_internal FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA respond, respond_internal FROM PUBLIC;
SELECT respond_internal.grant_execute('PUBLIC', 'respond_internal',
	'actor', 'session_actor', 'current_cause', 'current_run', 'event_xid', 'clock_start', 'ticket_is_valid', 'comment_is_valid', 'is_restricted');
-- what row policies ask about whoever reads
SELECT respond_internal.grant_execute('PUBLIC', 'respond_internal', 'is_agent', 'agents_of_caller', 'teams_of_caller', 'writes_ticket');
-- what the private types are read with; they decide themselves
SELECT respond_internal.grant_execute('PUBLIC', 'respond_internal', 'to_text', 'to_jsonb', 'to_json', 'from_text', 'from_jsonb',
	'private_text_cmp', 'private_text_lt', 'private_text_le', 'private_text_eq', 'private_text_ne', 'private_text_ge', 'private_text_gt',
	'private_jsonb_cmp', 'private_jsonb_lt', 'private_jsonb_le', 'private_jsonb_eq', 'private_jsonb_ne', 'private_jsonb_ge', 'private_jsonb_gt');

-- Producers: record events, read nothing.  The other columns of an event are
-- not theirs to say.
GRANT USAGE ON SCHEMA respond TO respond_producer;
GRANT INSERT (type, source, subject, "time", data, key) ON respond.event TO respond_producer;
SELECT respond_internal.grant_execute('respond_producer', 'respond', 'emit', 'capture', 'watch', 'unwatch');

-- Agents: work on tickets.  What a ticket says of its origin is not theirs to
-- say, and what was said stays said.
GRANT USAGE ON SCHEMA respond TO respond_agent;
GRANT SELECT ON respond.ticket, respond.comment, respond.rating, respond.team, respond.ticket_history, respond.run, respond.waiting TO respond_agent;
GRANT SELECT ON respond.agent, respond.team_member, respond.approval, respond.approval_vote, respond.calendar, respond.calendar_exception TO respond_agent;
GRANT SELECT ON respond.rotation, respond.rotation_member, respond.on_call_layer, respond.on_call_override TO respond_agent;
GRANT INSERT (subject, description, status, priority, team, assignee, requester, tags, key, fields),
	UPDATE (subject, description, status, priority, team, assignee, requester, tags, key, fields)
	ON respond.ticket TO respond_agent;
GRANT INSERT (ticket_id, kind, body) ON respond.comment TO respond_agent;
GRANT INSERT (ticket_id, comment_id, score, comment) ON respond.rating TO respond_agent;
SELECT respond_internal.grant_execute('respond_agent', 'respond', 'start', 'cancel_run', 'retry_run', 'pause_run', 'resume_run', 'signal', 'decide', 'merge', 'approval_link',
	'rating_link', 'local_instant', 'business_open', 'business_add', 'business_between', 'next_open', 'next_close', 'open_periods',
	'rotation_shift', 'on_call_now', 'on_call_shifts', 'on_call_gaps');
-- what decides which approvals and runs they see, and which comments they may write
SELECT respond_internal.grant_execute('respond_agent', 'respond_internal', 'is_approver', 'may_start', 'ticket_of_event', 'require_ticket');

-- Auditors: read everything, change nothing.
GRANT USAGE ON SCHEMA respond, respond_internal TO respond_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA respond, respond_internal TO respond_auditor;
SELECT respond_internal.grant_execute('respond_auditor', 'respond', 'matches', 'render', 'cron_next', 'local_instant', 'schedule_preview', 'explain', 'export_rules', 'health',
	'rule_map', 'rule_doc', 'metrics', 'audit_head', 'verify_audit', 'business_open', 'business_add', 'business_between', 'next_open', 'next_close', 'open_periods',
	'rotation_shift', 'on_call_now', 'on_call_shifts', 'on_call_gaps');
SELECT respond_internal.grant_execute('respond_auditor', 'respond_internal', 'rule_document', 'explain_rules', 'explain_waits', 'schedule_preview');
-- rule_map() and rule_doc() show what their caller may read
SELECT respond_internal.grant_execute(role_name, 'respond_internal', 'rule_steps', 'texts_of', 'awaited_events', 'host_of', 'type_pattern',
	'types_meet', 'rule_hears', 'rule_does', 'rule_edges', 'map_label', 'map_node', 'map_edge', 'md_text', 'md_code', 'md_block', 'tags_in',
	'pattern_paths', 'step_goal', 'step_codes', 'ticket_words', 'request_words', 'awaited_words', 'wait_words', 'foreach_words', 'approve_words',
	'step_words', 'step_item', 'thing_words', 'output_words', 'doc_head', 'doc_trigger', 'doc_inputs', 'doc_steps', 'doc_outputs', 'doc_failures',
	'doc_record')
  FROM unnest(ARRAY['respond_auditor', 'respond_admin']) AS role_name;

-- Ciphertext is nobody's business either.
REVOKE ALL ON respond_internal.channel_secret FROM respond_auditor;
GRANT SELECT (channel, set_at, set_by) ON respond_internal.channel_secret TO respond_auditor;
REVOKE ALL ON respond_internal.inbound_secret FROM respond_auditor;
GRANT SELECT (source, number, set_at, set_by) ON respond_internal.inbound_secret TO respond_auditor;

-- Admins: everything of the public surface.  Events, runs, history and audit
-- are written by pg_respond alone.
GRANT USAGE ON SCHEMA respond, respond_internal TO respond_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA respond, respond_internal TO respond_admin;
REVOKE ALL ON respond_internal.channel_secret FROM respond_admin;
GRANT SELECT (channel, set_at, set_by) ON respond_internal.channel_secret TO respond_admin;
REVOKE ALL ON respond_internal.inbound_secret FROM respond_admin;
GRANT SELECT (source, number, set_at, set_by) ON respond_internal.inbound_secret TO respond_admin;

-- Keys, answers and signals may hold what SQL of a rule returned to its owner, answers of requests what a role read.
REVOKE ALL ON respond_internal.callback, respond_internal.idempotency, respond_internal.link, respond_internal.wait, respond_internal.passed, respond_internal.run_inbox, respond_internal.timer, respond_internal.wait_decision,
	respond_internal.wait_decision_default FROM respond_auditor, respond_admin;
GRANT SELECT (run_id, rule, rule_version, step, outcome, event_id, since, due_at, decided_at) ON respond_internal.wait_decision TO respond_auditor, respond_admin;
GRANT SELECT (run_id, run_started_at, pattern_id, since, due_at, incarnation, rule_version, alternative, early, passed_from, rule, step)
	ON respond_internal.wait TO respond_auditor, respond_admin;
GRANT SELECT (id, pattern_id, run_id, event_id, recorded_at) ON respond_internal.passed TO respond_auditor, respond_admin;
GRANT SELECT (id, run_id, run_started_at, kind, pause, step, event_id, actor, at, incarnation)
	ON respond_internal.run_inbox TO respond_auditor, respond_admin;
GRANT SELECT (delivery_id, run_id, run_started_at, step, due_at, called_at) ON respond_internal.callback TO respond_auditor, respond_admin;
GRANT SELECT (id, due_at, reader, kind, run_id, run_started_at, name, incarnation)
	ON respond_internal.timer TO respond_auditor, respond_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA respond TO respond_admin;
GRANT INSERT (type, source, subject, "time", data, key) ON respond.event TO respond_admin;
GRANT INSERT, UPDATE, DELETE ON respond.rule, respond.schedule, respond.mute, respond.route, respond.channel, respond.channel_kind, respond.mask,
	respond.producer, respond.inbound_scheme, respond.inbound_source, respond.calendar, respond.calendar_exception,
	respond.rotation, respond.rotation_member, respond.on_call_layer, respond.on_call_override,
	respond.team, respond.agent, respond.team_member, respond.ticket, respond.comment, respond.rating TO respond_admin;
-- A token is made by create_token() alone, and stays with its role.
GRANT UPDATE (scopes, expires_at, allow_networks, enabled), DELETE ON respond.api_token TO respond_admin;
-- what simulate(), explain(), export_rules(), import_rules() and import_ical() call with the rights of their caller
SELECT respond_internal.grant_execute('respond_admin', 'respond_internal',
	'simulate_rules', 'explain_rules', 'explain_waits', 'rule_document', 'read_rule', 'check_primary', 'schedule_preview', 'ical_days');

-- A view calls functions with the rights of its reader, so those who read all
-- views need the internal functions in them.
DO $$
DECLARE
	signature regprocedure;
BEGIN
	FOR signature IN
		SELECT DISTINCT d.refobjid
		  FROM pg_catalog.pg_depend AS d
		  JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
		  JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relnamespace = 'respond'::regnamespace
		  JOIN pg_catalog.pg_proc AS p ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.refobjid
		 WHERE p.pronamespace = 'respond_internal'::regnamespace
	LOOP
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO respond_admin, respond_auditor', signature);
	END LOOP;
END
$$;

DROP FUNCTION respond_internal.grant_execute(text, text, text[]);
