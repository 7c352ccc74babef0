-- 34_local_time.sql: local times.

CREATE FUNCTION respond.local_instant(zone text, local timestamp) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_local_instant_sql';
COMMENT ON FUNCTION respond.local_instant(text, timestamp) IS 'the instant of a local time in a time zone: of one that the clock shows twice, the first; of one that it leaves out, the first instant after the gap';
