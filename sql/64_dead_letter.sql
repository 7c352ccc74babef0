-- 64_dead_letter.sql: what was given up, and what somebody has dealt with.

-- Events that no rule will be applied to, and why.
CREATE TABLE respond_internal.dead_event (
	event_id bigint NOT NULL,
	event_type text NOT NULL,
	rule text,
	reason text NOT NULL,
	error respond.private_text,
	at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE respond_internal.dead_event REPLICA IDENTITY FULL;
CREATE INDEX dead_event_event_id_idx ON respond_internal.dead_event (event_id);
COMMENT ON TABLE respond_internal.dead_event IS 'events that were given up; shown in view respond.dead_letter';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.dead_event', '');

CREATE TABLE respond_internal.acknowledged (
	kind text NOT NULL CHECK (kind IN ('event', 'run', 'delivery')),
	id bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	PRIMARY KEY (kind, id)
);
COMMENT ON TABLE respond_internal.acknowledged IS 'dead letters that somebody has dealt with, see respond.acknowledge()';
COMMENT ON COLUMN respond_internal.acknowledged.kind IS 'event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.id IS 'number of the event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.at IS 'when; a dead letter of a later time is a new one';
COMMENT ON COLUMN respond_internal.acknowledged.actor IS 'who acknowledged';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.acknowledged', '');

CREATE FUNCTION respond_internal.is_acknowledged(kind text, id bigint, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM respond_internal.acknowledged AS a WHERE a.kind = $1 AND a.id = $2 AND a.at >= $3)
$$;
COMMENT ON FUNCTION respond_internal.is_acknowledged(text, bigint, timestamptz) IS 'whether somebody acknowledged this dead letter after it was given up at this time';

-- A request that failed is told to its run, which fails if it has no other way.
-- The type of the event is looked up for the rows that are shown: one look into the index of each partition.
-- Constants say their type: pg_upgrade writes a view out, and one without types reads differently afterwards, see 83_manifest.sql.
CREATE VIEW respond.dead_letter WITH (security_invoker = true) AS
SELECT l.kind, l.event_id,
	CASE WHEN l.kind = 'event' THEN l.event_type
		ELSE (SELECT e.type FROM respond.event AS e WHERE e.id = l.event_id LIMIT 1) END AS event_type, l.rule, l.run_id, l.step, l.reason, l.error, l.at, l.delivery_id, l.id,
	a.at AS acknowledged_at, a.actor AS acknowledged_by
  FROM (
	SELECT 'run'::text AS kind, r.event_id, NULL::text AS event_type, r.rule, r.id AS run_id, r.step, 'failed'::text AS reason, r.error,
		COALESCE(r.finished_at, r.started_at) AS at, NULL::bigint AS delivery_id, r.id
	  FROM respond.run AS r
	 WHERE r.status = 'failed'
	UNION ALL
	SELECT 'event'::text, d.event_id, d.event_type, d.rule, NULL::bigint, NULL::text, d.reason, d.error, d.at, NULL::bigint, d.event_id
	  FROM respond_internal.dead_event AS d
	UNION ALL
	SELECT 'delivery'::text, d.event_id, NULL::text, d.rule, d.run_id, NULL::text, 'channel ' || d.channel, d.last_error, d.finished_at, d.id, d.id
	  FROM respond.delivery AS d
	 WHERE d.status = 'dead' AND d.deadline IS NULL) AS l
  LEFT JOIN respond_internal.acknowledged AS a ON a.kind = l.kind AND a.id = l.id AND a.at >= l.at;
COMMENT ON VIEW respond.dead_letter IS 'runs that failed, events that no rule was applied to, and deliveries that were given up';
COMMENT ON COLUMN respond.dead_letter.kind IS 'run: a rule failed for an event; event: the event was given up as a whole; delivery: a message did not arrive';
COMMENT ON COLUMN respond.dead_letter.event_id IS 'the event';
COMMENT ON COLUMN respond.dead_letter.event_type IS 'its type; NULL if the event no longer exists';
COMMENT ON COLUMN respond.dead_letter.rule IS 'the rule that failed; for an event, the only rule that it was meant for, if any';
COMMENT ON COLUMN respond.dead_letter.run_id IS 'the run that failed';
COMMENT ON COLUMN respond.dead_letter.step IS 'step that failed';
COMMENT ON COLUMN respond.dead_letter.reason IS 'failed; why the event was given up: depth, size, ...; or the channel of the delivery';
COMMENT ON COLUMN respond.dead_letter.error IS 'what went wrong';
COMMENT ON COLUMN respond.dead_letter.at IS 'when';
COMMENT ON COLUMN respond.dead_letter.delivery_id IS 'the delivery; respond.retry(delivery_id) retries it';
COMMENT ON COLUMN respond.dead_letter.id IS 'number of the event, run or delivery, for respond.acknowledge(kind, id)';
COMMENT ON COLUMN respond.dead_letter.acknowledged_at IS 'when somebody dealt with it; NULL: not yet';
COMMENT ON COLUMN respond.dead_letter.acknowledged_by IS 'who did';

-- Also called for what is tried again: replay() of an event.
CREATE FUNCTION respond_internal.mark_acknowledged(kind text, id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO respond_internal.acknowledged AS a (kind, id) VALUES ($1, $2)
	ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, actor = excluded.actor
$$;
COMMENT ON FUNCTION respond_internal.mark_acknowledged(text, bigint) IS 'notes that somebody dealt with a dead letter';

CREATE FUNCTION respond.acknowledge(kind text, id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given_up_at timestamptz;
BEGIN
	PERFORM respond_internal.check_primary('acknowledge()');
	CASE $1
		WHEN 'event' THEN
			SELECT max(d.at) INTO given_up_at FROM respond_internal.dead_event AS d WHERE d.event_id = $2;
		WHEN 'run' THEN
			SELECT coalesce(r.finished_at, r.started_at) INTO given_up_at FROM respond.run AS r WHERE r.id = $2 AND r.status = 'failed';
		WHEN 'delivery' THEN
			SELECT d.finished_at INTO given_up_at FROM respond.delivery AS d WHERE d.id = $2 AND d.status = 'dead' AND d.deadline IS NULL;
		WHEN 'watch' THEN
			IF respond_internal.capture_forget_faults($2::oid) = 0 THEN
				RETURN false;
			END IF;
			PERFORM respond_internal.audit('watch.acknowledged', 'watch', $2::text, NULL, NULL);
			RETURN true;
		ELSE
			RAISE EXCEPTION 'there is no kind of dead letter "%"', $1
				USING ERRCODE = 'invalid_parameter_value', HINT = 'The kinds are event, run, delivery and watch.';
	END CASE;
	IF given_up_at IS NULL THEN
		RAISE EXCEPTION '% % is not a dead letter', $1, $2
			USING ERRCODE = 'no_data_found', HINT = 'Columns kind and id of respond.dead_letter list the dead letters.';
	END IF;
	IF respond_internal.is_acknowledged($1, $2, given_up_at) THEN
		RETURN false;
	END IF;
	PERFORM respond_internal.mark_acknowledged($1, $2);
	PERFORM respond_internal.audit('dead_letter.acknowledged', $1, $2::text, NULL, NULL);
	RETURN true;
END
$$;
COMMENT ON FUNCTION respond.acknowledge(text, bigint) IS
	'marks a dead letter as dealt with (kind: event, run or delivery), or what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
