-- 74_rule_stats.sql: how often each rule fired.

CREATE FUNCTION respond_internal.rule_counters(rule text,
	OUT matched bigint, OUT succeeded bigint, OUT failed bigint, OUT shadow bigint, OUT suppressed bigint,
	OUT last_at timestamptz, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_counters';
COMMENT ON FUNCTION respond_internal.rule_counters(text) IS 'runs of a rule since the server started, from shared memory';

CREATE FUNCTION respond_internal.rule_failures(rule text) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_failures';
COMMENT ON FUNCTION respond_internal.rule_failures(text) IS 'how many runs of a rule failed since one succeeded or the server started, from shared memory';

CREATE VIEW respond.rule_stats WITH (security_invoker = true) AS
SELECT r.name AS rule, r.folder, r.enabled, c.matched, c.succeeded, c.failed, c.shadow, c.suppressed, c.last_at, c.since
  FROM respond.rule AS r
 CROSS JOIN LATERAL respond_internal.rule_counters(r.name) AS c;
COMMENT ON VIEW respond.rule_stats IS 'how often each rule fired since the server started, from shared memory; table run has the single runs';
COMMENT ON COLUMN respond.rule_stats.rule IS 'name of the rule';
COMMENT ON COLUMN respond.rule_stats.folder IS 'its folder';
COMMENT ON COLUMN respond.rule_stats.enabled IS 'whether it is applied';
COMMENT ON COLUMN respond.rule_stats.matched IS 'events that it matched: its runs, whatever became of them';
COMMENT ON COLUMN respond.rule_stats.succeeded IS 'runs that succeeded';
COMMENT ON COLUMN respond.rule_stats.failed IS 'runs that failed';
COMMENT ON COLUMN respond.rule_stats.shadow IS 'runs that were recorded only';
COMMENT ON COLUMN respond.rule_stats.suppressed IS 'runs that were suppressed, for example by a mute';
COMMENT ON COLUMN respond.rule_stats.last_at IS 'when the last of them committed';
COMMENT ON COLUMN respond.rule_stats.since IS 'when counting began';
