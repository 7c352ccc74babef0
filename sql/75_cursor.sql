-- 75_cursor.sql: the cursor as SQL sees it.

CREATE FUNCTION respond_internal.event_is_done(incarnation bigint, xid xid8, id bigint, subject text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_event_is_done';
COMMENT ON FUNCTION respond_internal.event_is_done(bigint, xid8, bigint, text) IS 'whether the cursors stored by the event''s database say that it was handled';

CREATE FUNCTION respond_internal.handled_below(incarnation bigint) RETURNS xid8
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_handled_below';
COMMENT ON FUNCTION respond_internal.handled_below(bigint) IS 'events of transactions below this one were handled by the database with this mark';

-- Rows can come in without triggers.  Indexes lead from one mark to the next, and
-- past what was handled, so that looking costs nothing however long the log is.
CREATE FUNCTION respond_internal.has_foreign_rows() RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
	other bigint := (SELECT e.incarnation FROM respond.event AS e ORDER BY e.incarnation LIMIT 1);
	below xid8;
BEGIN
	WHILE other IS NOT NULL LOOP
		IF other <> own THEN
			below := respond_internal.handled_below(other);
			IF EXISTS (SELECT FROM respond.event AS e WHERE e.incarnation = other AND e.xid >= below
				AND NOT respond_internal.event_is_done(e.incarnation, e.xid, e.id, e.subject)) THEN
				RETURN true;
			END IF;
		END IF;
		other := (SELECT e.incarnation FROM respond.event AS e WHERE e.incarnation > other ORDER BY e.incarnation LIMIT 1);
	END LOOP;
	RETURN EXISTS (SELECT FROM respond_internal.timer AS t WHERE t.incarnation < own)
		OR EXISTS (SELECT FROM respond_internal.timer AS t WHERE t.incarnation > own)
		OR EXISTS (SELECT FROM respond_internal.requeue AS r WHERE r.incarnation <> own)
		OR EXISTS (SELECT FROM respond_internal.set_aside_event AS s WHERE s.incarnation <> own)
		-- a wait has its pattern, and of these there are few
		OR EXISTS (SELECT FROM respond_internal.run_inbox AS n WHERE n.incarnation <> own)
		OR EXISTS (SELECT FROM respond_internal.wait_pattern AS w WHERE w.incarnation <> own);
END
$$;
COMMENT ON FUNCTION respond_internal.has_foreign_rows() IS 'whether there is work that came from elsewhere and that release() has not made ours';

-- What came from elsewhere and was not handled there is handled here, once.
-- Events that were handled keep the mark of where that was, and the cursors that
-- say so stay with them: whatever more comes from there is told by them.
CREATE FUNCTION respond_internal.adopt_events() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_adopt_events';
COMMENT ON FUNCTION respond_internal.adopt_events() IS 'puts events that came from elsewhere, and were not handled there, into the requeue; returns how many';

CREATE FUNCTION respond_internal.adopt() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
BEGIN
	PERFORM respond_internal.adopt_events();
	-- Rows of the requeue are gone when they were handled; the same dump may be restored again.
	DELETE FROM respond_internal.requeue AS r
	 WHERE r.incarnation <> own AND format('%s %s', r.incarnation, r.id) IN (SELECT unnest(s.adopted) FROM respond_internal.state AS s);
	UPDATE respond_internal.state AS s
	   SET adopted = s.adopted || ARRAY(SELECT format('%s %s', r.incarnation, r.id) FROM respond_internal.requeue AS r WHERE r.incarnation <> own);
	UPDATE respond_internal.requeue AS r SET incarnation = own, rule_owner = NULL WHERE r.incarnation <> own;
	UPDATE respond_internal.set_aside_event AS s SET incarnation = own, rule_owner = NULL WHERE s.incarnation <> own;
	-- What has passed there is not known here.
	DELETE FROM respond_internal.wait AS w WHERE w.incarnation <> own AND w.passed_from IS NOT NULL;
	-- The other database may have had another encoding.
	UPDATE respond_internal.wait AS w SET incarnation = own, key_hash = respond_internal.wait_key_hash(w.key) WHERE w.incarnation <> own;
	UPDATE respond_internal.heard AS h SET incarnation = own WHERE h.incarnation <> own;
	UPDATE respond_internal.wait_pattern AS w SET incarnation = own WHERE w.incarnation <> own;
	-- A note that comes twice finds that the run has gone on.
	UPDATE respond_internal.run_inbox AS n SET incarnation = own WHERE n.incarnation <> own;
	-- A timer that is here already came with the same dump.
	DELETE FROM respond_internal.timer AS t
	 WHERE t.incarnation <> own AND EXISTS (SELECT FROM respond_internal.timer AS o
		WHERE o.incarnation = own AND o.reader = t.reader AND o.due_at = t.due_at AND o.id = t.id);
	UPDATE respond_internal.timer AS t SET incarnation = own WHERE t.incarnation <> own;
	-- A first try is due at once, also where the clock is behind.
	UPDATE respond.delivery AS d
	   SET incarnation = own, next_attempt_at = CASE WHEN d.attempts = 0 THEN least(d.next_attempt_at, now()) ELSE d.next_attempt_at END
	 WHERE d.status = 'pending' AND d.incarnation <> own;

	-- What was adopted has transaction 3, which every cursor covers once there is one.
	INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at, incarnation)
	SELECT 0, 1, 0, '4:4:', now(), own
	 WHERE NOT EXISTS (SELECT FROM respond_internal.progress_0 AS p WHERE p.incarnation = own)
	   AND NOT EXISTS (SELECT FROM respond_internal.progress_1 AS p WHERE p.incarnation = own);
END
$$;
COMMENT ON FUNCTION respond_internal.adopt() IS 'makes what came from elsewhere, and was not done there, a task of this database';

CREATE FUNCTION respond_internal.lag(OUT lane integer, OUT lanes integer, OUT events bigint, OUT oldest timestamptz) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_lag';
COMMENT ON FUNCTION respond_internal.lag() IS 'for each dispatcher: committed events that wait (at most 1,000,000 are counted), and when the oldest was recorded';

CREATE FUNCTION respond_internal.event_lane(subject text, id bigint, lanes integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'respond_event_lane';
COMMENT ON FUNCTION respond_internal.event_lane(text, bigint, integer) IS 'number of the dispatcher that handles the event, of so many';

CREATE VIEW respond.set_aside WITH (security_invoker = true) AS
SELECT s.event_id, nullif(s.rule, '') AS rule, s.subject,
	CASE
		WHEN s.queue IS NOT NULL THEN 'the rule takes too long'
		WHEN s.due_at = 'infinity' THEN 'an earlier event of the subject is set aside'
		WHEN s.sqlstate = '55P03' THEN 'a lock was not available'
		WHEN s.sqlstate = '53100' THEN 'the disk was full'
		WHEN s.sqlstate LIKE '08%' THEN 'a connection failed'
		WHEN s.sqlstate LIKE '40%' THEN 'a conflict with another transaction'
		WHEN s.sqlstate LIKE '53%' THEN 'the server lacked resources'
		WHEN s.sqlstate LIKE '57%' THEN 'it was cancelled'
		ELSE 'an error of the system' END AS reason,
	s.sqlstate, s.tries, s.first_at, CASE WHEN s.due_at < 'infinity' THEN s.due_at END AS next_try_at
  FROM respond_internal.set_aside_event AS s;
COMMENT ON VIEW respond.set_aside IS 'events that a rule could not be applied to yet, because of a temporary error or because the rule takes too long; they are retried';
COMMENT ON COLUMN respond.set_aside.event_id IS 'the event';
COMMENT ON COLUMN respond.set_aside.rule IS 'the rule; NULL: all rules';
COMMENT ON COLUMN respond.set_aside.subject IS 'subject of the event; later events with the same subject wait for it, for this rule';
COMMENT ON COLUMN respond.set_aside.reason IS 'why it waits; the server log has the message';
COMMENT ON COLUMN respond.set_aside.sqlstate IS 'SQLSTATE of the last try; NULL: none yet';
COMMENT ON COLUMN respond.set_aside.tries IS 'tries that failed';
COMMENT ON COLUMN respond.set_aside.first_at IS 'when it was set aside';
COMMENT ON COLUMN respond.set_aside.next_try_at IS 'when it is retried; NULL: after the one before it, or when the rule has time';

CREATE FUNCTION respond.retry_set_aside(rule text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	row_count bigint;
BEGIN
	PERFORM respond_internal.check_primary('retry_set_aside()');
	UPDATE respond_internal.set_aside_event AS s SET due_at = clock_timestamp()
	 WHERE s.due_at < 'infinity' AND (retry_set_aside.rule IS NULL OR s.rule = retry_set_aside.rule);
	GET DIAGNOSTICS row_count = ROW_COUNT;
	IF row_count > 0 THEN
		PERFORM respond_internal.event_xid();
	END IF;
	RETURN row_count;
END
$$;
COMMENT ON FUNCTION respond.retry_set_aside(text) IS 'retries set-aside events at once, all of them or those of one rule; returns how many';

-- What was given up meanwhile is played again for this rule alone, or has been dealt with.
-- NULL when the rule is not stopped.
CREATE FUNCTION respond_internal.resume_rule(rule text, owner oid, replay boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event_count bigint := 0;
	stopped_since timestamptz;
BEGIN
	DELETE FROM respond_internal.stopped_rule AS s WHERE s.rule = resume_rule.rule RETURNING s.since INTO stopped_since;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	IF replay THEN
		INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, replay, rule_owner)
		SELECT e.id, e.recorded_at, resume_rule.rule, true, resume_rule.owner
		  FROM respond_internal.dead_event AS d JOIN respond.event AS e ON e.id = d.event_id
		 WHERE d.rule = resume_rule.rule AND d.reason = 'storm' AND d.at >= stopped_since
		 ORDER BY e.id;
		GET DIAGNOSTICS event_count = ROW_COUNT;
	END IF;
	PERFORM respond_internal.mark_acknowledged('event', d.event_id)
	   FROM (SELECT DISTINCT e.event_id FROM respond_internal.dead_event AS e WHERE e.rule = resume_rule.rule AND e.reason = 'storm') AS d;
	PERFORM respond_internal.event_xid();
	PERFORM respond_internal.audit('rule.resumed', 'rule', rule, NULL, jsonb_build_object('replay', replay, 'events', event_count));
	RETURN event_count;
END
$$;
COMMENT ON FUNCTION respond_internal.resume_rule(text, oid, boolean) IS 'what resume_rule() does once it is allowed';

CREATE FUNCTION respond.resume_rule(rule text, replay boolean DEFAULT false) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_resume_rule';
COMMENT ON FUNCTION respond.resume_rule(text, boolean) IS
	'resumes a rule that was stopped because it multiplied its own events; the events that were given up for it in the meantime count as dealt with, or are replayed. Returns how many are replayed. Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';
