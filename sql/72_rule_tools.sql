-- 72_rule_tools.sql: trying rules out, asking why, doing it again, starting by hand.

CREATE FUNCTION respond_internal.simulate_rules(type text, data jsonb, subject text, source text, key text, "time" timestamptz)
RETURNS TABLE (rule text, matched boolean, failed_test text, remark text, steps jsonb)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_simulate_rules';
COMMENT ON FUNCTION respond_internal.simulate_rules(text, jsonb, text, text, text, timestamptz) IS 'what each enabled rule would do with an event';

CREATE FUNCTION respond_internal.explain_rules(event_id bigint)
RETURNS TABLE (rule text, matched boolean, failed_test text, remark text, steps jsonb)
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_explain_rules';
COMMENT ON FUNCTION respond_internal.explain_rules(bigint) IS 'what each enabled rule makes of an event of the log';

CREATE FUNCTION respond_internal.explain_waits(event_id bigint)
RETURNS TABLE (rule text, heard boolean, reason text, run_id bigint)
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_explain_waits';
COMMENT ON FUNCTION respond_internal.explain_waits(bigint) IS 'what runs that wait, or waited, made of an event of the log';

-- Conditions run with the rights of their rule's owner, so their outcome is
-- for those alone who may see rules.
CREATE FUNCTION respond.simulate(type text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, source text DEFAULT NULL,
	key text DEFAULT NULL, "time" timestamptz DEFAULT NULL, occurred_at timestamptz DEFAULT NULL)
RETURNS TABLE (rule text, matched boolean, failed_test text, steps jsonb, remark text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT s.rule, s.matched, s.failed_test, s.steps, s.remark
	  FROM respond_internal.simulate_rules($1, $2, $3, $4, $5, coalesce($6, $7)) AS s
	UNION ALL
	SELECT r.name, false, 'the rule is disabled', NULL, NULL
	  FROM respond.rule AS r WHERE NOT r.enabled
$$;
COMMENT ON FUNCTION respond.simulate(text, jsonb, text, text, text, timestamptz, timestamptz) IS 'what each rule would do with this event: matched or not, the test that failed, the steps with their parameters; changes nothing. occurred_at is the same as "time" and needs no quotes';

CREATE FUNCTION respond.explain(event_id bigint)
RETURNS TABLE (rule text, fired boolean, reason text, run_id bigint)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
	WITH today AS (
		SELECT x.rule, x.matched, x.failed_test, x.remark FROM respond_internal.explain_rules($1) AS x
		UNION ALL
		SELECT r.name, false, 'the rule is disabled', NULL FROM respond.rule AS r WHERE NOT r.enabled
	), done AS (
		SELECT r.id, r.rule, r.status, r.error, r.state, r.replay FROM respond.run AS r WHERE r.event_id = $1
	), dead AS (
		SELECT d.rule, d.reason, d.error FROM respond_internal.dead_event AS d WHERE d.event_id = $1
		 ORDER BY d.at DESC LIMIT 1
	), event AS (
		SELECT e.recorded_at FROM respond.event AS e WHERE e.id = $1
	)
	SELECT COALESCE(d.rule, t.rule),
		d.id IS NOT NULL AND d.status <> 'suppressed',
		CASE
			WHEN d.id IS NOT NULL THEN d.status
				|| COALESCE(': ' || CASE WHEN d.status = 'suppressed' THEN d.state ->> 'suppressed' ELSE d.error END, '')
				|| CASE WHEN d.replay THEN ' (replay)' ELSE '' END
			WHEN NOT t.matched THEN t.failed_test
			WHEN EXISTS (SELECT FROM dead WHERE dead.rule IS NULL OR dead.rule = t.rule)
				THEN (SELECT 'dead letter: ' || COALESCE(dead.error, dead.reason) FROM dead)
			WHEN EXISTS (SELECT FROM respond.rule AS r, event AS e WHERE r.name = t.rule AND r.updated_at > e.recorded_at)
				THEN 'matches as the rule is now, but it was last changed after the event; replay() applies it'
			ELSE 'matches, and was not handled yet'
		END,
		d.id
	  FROM today AS t FULL JOIN done AS d ON d.rule = t.rule
	UNION ALL
	SELECT w.rule, w.heard, w.reason, w.run_id FROM respond_internal.explain_waits($1) AS w
	 ORDER BY 1, 4
$$;
COMMENT ON FUNCTION respond.explain(bigint) IS 'why each rule fired or did not fire for an event, with the run if there is one; and what runs that wait made of it: heard, waits or late';

-- What these change belongs to the workers, so they run as its owner; who may
-- call them is decided by grants.
CREATE FUNCTION respond_internal.check_primary(what text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RAISE EXCEPTION '% is not possible on a standby', what
			USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call it on the primary; pg_respond does not run here before promotion.';
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.check_primary(text) IS 'raises an error on a standby';

-- A replayed event has the depth it had, so nothing would end the loop.
CREATE FUNCTION respond_internal.check_outside_rule(what text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF respond_internal.current_cause() IS NOT NULL THEN
		RAISE EXCEPTION '% cannot be called by the SQL of a rule', what
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Record a new event with respond.emit() instead.';
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.check_outside_rule(text) IS 'raises an error while a rule runs';

CREATE FUNCTION respond.replay(event_id bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('replay()');
	PERFORM respond_internal.check_outside_rule('replay()');
	INSERT INTO respond_internal.requeue (event_id, recorded_at, replay)
	SELECT e.id, e.recorded_at, true FROM respond.event AS e WHERE e.id = replay.event_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'event % does not exist', event_id
			USING ERRCODE = 'no_data_found', HINT = 'Events are dropped with their partition, see "pg_respond.event_retention".';
	END IF;
	PERFORM respond_internal.event_xid();
	IF EXISTS (SELECT FROM respond_internal.dead_event AS d WHERE d.event_id = replay.event_id) THEN
		PERFORM respond_internal.mark_acknowledged('event', event_id);
	END IF;
	PERFORM respond_internal.audit('event.replayed', 'event', event_id::text, NULL, NULL);
	RETURN 1;
END
$$;
COMMENT ON FUNCTION respond.replay(bigint) IS 'runs an event again through the rules of today, marked as a replay; returns 1';

CREATE FUNCTION respond.replay(from_time timestamptz, to_time timestamptz, rule text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_replay_span';
COMMENT ON FUNCTION respond.replay(timestamptz, timestamptz, text) IS 'runs the events recorded in [from_time, to_time) again through the rules of today, or through one of them, marked as a replay; returns the number of events, with a rule the number of those that it acts on now. A rule needs the right to act as its owner, or membership in one of rule.start_roles';

CREATE FUNCTION respond.start(rule text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, key text DEFAULT NULL, on_conflict text DEFAULT 'return') RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_start';
COMMENT ON FUNCTION respond.start(text, jsonb, text, text, text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, whatever its type, pattern and condition; returns the id that the run will have. Of runs of the rule that are under way one has the key; a second start returns that one, replaces it, or is an error, as on_conflict says (return, replace, error). Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';

-- Runs by hand.  These ask who calls them, so they are C, see src/dispatcher/run_hand.c.
CREATE FUNCTION respond.cancel_run(run_id bigint, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_cancel_run';
COMMENT ON FUNCTION respond.cancel_run(bigint, text) IS 'ends a run that is under way, with what it waits for and the runs that it called; then steps "on_cancel" of its rule are run. Returns whether it was under way. Needs the right to act as the owner of the rule, membership in one of rule.start_roles or in respond_admin';

CREATE FUNCTION respond.pause_run(run_id bigint) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_pause_run';
COMMENT ON FUNCTION respond.pause_run(bigint) IS 'stops the steps of a run that is under way until resume_run(): events, answers and deadlines are kept until then. Returns whether it was under way. Needs the same as cancel_run()';

CREATE FUNCTION respond.resume_run(run_id bigint) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_resume_run';
COMMENT ON FUNCTION respond.resume_run(bigint) IS 'lets a run go on that pause_run() stopped, with what came first meanwhile. Returns whether it was paused. Needs the same as cancel_run()';

CREATE FUNCTION respond.signal(run_id bigint, step text, data jsonb DEFAULT '{}') RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_signal';
COMMENT ON FUNCTION respond.signal(bigint, text, jsonb) IS 'ends the wait of a run in this step, as if its first event had come; the data is what the step gives. Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';

CREATE FUNCTION respond.retry_run(run_id bigint, from_step text DEFAULT NULL, version text DEFAULT 'same') RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_retry_run';
COMMENT ON FUNCTION respond.retry_run(bigint, text, text) IS 'lets a run that failed or was cancelled go on from the step where that was, or from another one, with what its steps gave before; on the version of the rule that it began with ("same"), or on that of today ("latest"). Returns false for a run that has neither failed nor was cancelled. Needs the same as signal()';

CREATE FUNCTION respond.move_runs(rule text, from_version integer DEFAULT NULL, step_map jsonb DEFAULT NULL) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_move_runs';
COMMENT ON FUNCTION respond.move_runs(text, integer, jsonb) IS 'takes the runs of a rule that are under way on an older version (NULL: on any) to that of today, at the steps of the same names or those that step_map names; all of them or, with an error that lists them, none. Returns how many. Needs the right to act as the owner of the rule';
