-- 45_dead_letter.sql: what was given up.

CREATE VIEW respond.dead_letter WITH (security_invoker = true) AS
SELECT 'run'::text AS kind, r.event_id, NULL::text AS event_type, r.rule, r.id AS run_id, r.step, 'failed'::text AS reason, r.error,
	COALESCE(r.finished_at, r.started_at) AS at
  FROM respond.run AS r
 WHERE r.status = 'failed'
UNION ALL
SELECT 'event', d.event_id, d.event_type, d.rule, NULL, NULL, d.reason, d.error, d.at
  FROM respond_internal.dead_event AS d;
COMMENT ON VIEW respond.dead_letter IS 'runs that failed, and events that no rule was applied to';
COMMENT ON COLUMN respond.dead_letter.kind IS 'run: a rule failed for an event; event: the event was given up as a whole';
COMMENT ON COLUMN respond.dead_letter.event_id IS 'the event';
COMMENT ON COLUMN respond.dead_letter.event_type IS 'type of an event that was given up';
COMMENT ON COLUMN respond.dead_letter.rule IS 'the rule that failed; of an event, the only rule that it was meant for, if any';
COMMENT ON COLUMN respond.dead_letter.run_id IS 'the run that failed';
COMMENT ON COLUMN respond.dead_letter.step IS 'step that failed';
COMMENT ON COLUMN respond.dead_letter.reason IS 'failed, or why the event was given up: depth, size, ...';
COMMENT ON COLUMN respond.dead_letter.error IS 'what went wrong';
COMMENT ON COLUMN respond.dead_letter.at IS 'when';
