-- 64_dead_letter.sql: what was given up.

CREATE VIEW respond.dead_letter WITH (security_invoker = true) AS
SELECT 'run'::text AS kind, r.event_id, NULL::text AS event_type, r.rule, r.id AS run_id, r.step, 'failed'::text AS reason, r.error,
	COALESCE(r.finished_at, r.started_at) AS at, NULL::bigint AS delivery_id
  FROM respond.run AS r
 WHERE r.status = 'failed'
UNION ALL
SELECT 'event', d.event_id, d.event_type, d.rule, NULL, NULL, d.reason, d.error, d.at, NULL
  FROM respond_internal.dead_event AS d
UNION ALL
SELECT 'delivery', d.event_id, NULL, d.rule, d.run_id, NULL, 'channel ' || d.channel, d.last_error, d.finished_at, d.id
  FROM respond.delivery AS d
 WHERE d.status = 'dead';
COMMENT ON VIEW respond.dead_letter IS 'runs that failed, events that no rule was applied to, and deliveries that were given up';
COMMENT ON COLUMN respond.dead_letter.kind IS 'run: a rule failed for an event; event: the event was given up as a whole; delivery: a message did not arrive';
COMMENT ON COLUMN respond.dead_letter.event_id IS 'the event';
COMMENT ON COLUMN respond.dead_letter.event_type IS 'type of an event that was given up';
COMMENT ON COLUMN respond.dead_letter.rule IS 'the rule that failed; of an event, the only rule that it was meant for, if any';
COMMENT ON COLUMN respond.dead_letter.run_id IS 'the run that failed';
COMMENT ON COLUMN respond.dead_letter.step IS 'step that failed';
COMMENT ON COLUMN respond.dead_letter.reason IS 'failed; why the event was given up: depth, size, ...; or the channel of the delivery';
COMMENT ON COLUMN respond.dead_letter.error IS 'what went wrong';
COMMENT ON COLUMN respond.dead_letter.at IS 'when';
COMMENT ON COLUMN respond.dead_letter.delivery_id IS 'the delivery; respond.retry(delivery_id) tries it again';
