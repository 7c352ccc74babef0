-- 74_rule_stats.sql: how often each rule fired.

CREATE FUNCTION respond_internal.rule_counters(rule text,
	OUT matched bigint, OUT succeeded bigint, OUT failed bigint, OUT shadow bigint, OUT suppressed bigint,
	OUT last_at timestamptz, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_counters';
COMMENT ON FUNCTION respond_internal.rule_counters(text) IS 'runs of a rule since the server started, from shared memory';

CREATE FUNCTION respond_internal.rule_failures(rule text) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_failures';
COMMENT ON FUNCTION respond_internal.rule_failures(text) IS 'how many runs of a rule failed since one succeeded or the server started, from shared memory';

CREATE FUNCTION respond_internal.rule_latencies(rule text,
	OUT latency_p50 double precision, OUT latency_p99 double precision, OUT duration_p50 double precision, OUT duration_p99 double precision)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_latencies';
COMMENT ON FUNCTION respond_internal.rule_latencies(text) IS 'how many milliseconds the runs of a rule took since the server started, from shared memory';

-- The runs that wait are counted where an index has them, and only when somebody asks for these columns.
CREATE VIEW respond.rule_stats WITH (security_invoker = true) AS
SELECT r.name AS rule, r.folder, r.enabled, c.matched, c.succeeded, c.failed, c.shadow, c.suppressed, c.last_at, c.since,
	l.latency_p50, l.latency_p99, l.duration_p50, l.duration_p99,
	(SELECT count(*) FROM respond.run AS w WHERE w.rule = r.name AND w.status = 'waiting') AS waiting,
	(SELECT min(w.waiting_since) FROM respond.run AS w WHERE w.rule = r.name AND w.status = 'waiting') AS oldest_wait
  FROM respond.rule AS r
 CROSS JOIN LATERAL respond_internal.rule_counters(r.name) AS c
 CROSS JOIN LATERAL respond_internal.rule_latencies(r.name) AS l;
COMMENT ON VIEW respond.rule_stats IS 'how often each rule fired since the server started, from shared memory; table run has the single runs';
COMMENT ON COLUMN respond.rule_stats.rule IS 'name of the rule';
COMMENT ON COLUMN respond.rule_stats.folder IS 'its folder';
COMMENT ON COLUMN respond.rule_stats.enabled IS 'whether it is applied';
COMMENT ON COLUMN respond.rule_stats.matched IS 'events that it matched: its runs that have ended, whatever became of them';
COMMENT ON COLUMN respond.rule_stats.succeeded IS 'runs that succeeded';
COMMENT ON COLUMN respond.rule_stats.failed IS 'runs that failed';
COMMENT ON COLUMN respond.rule_stats.shadow IS 'runs that were recorded only';
COMMENT ON COLUMN respond.rule_stats.suppressed IS 'runs that were suppressed, for example by a mute';
COMMENT ON COLUMN respond.rule_stats.last_at IS 'when the last of them committed';
COMMENT ON COLUMN respond.rule_stats.since IS 'when counting began';
COMMENT ON COLUMN respond.rule_stats.latency_p50 IS 'milliseconds from when an event was recorded until its run was committed that half of the runs did not exceed, accurate to a tenth; replays do not count';
COMMENT ON COLUMN respond.rule_stats.latency_p99 IS 'the same for 99 percent of the runs';
COMMENT ON COLUMN respond.rule_stats.duration_p50 IS 'milliseconds from the start to the end of a run that half of the runs did not exceed, with the time in which it waited';
COMMENT ON COLUMN respond.rule_stats.duration_p99 IS 'the same for 99 percent of the runs';
COMMENT ON COLUMN respond.rule_stats.waiting IS 'runs that wait now';
COMMENT ON COLUMN respond.rule_stats.oldest_wait IS 'since when the one waits that has waited longest; NULL: none waits';
