-- 66_channel_stats.sql: how each channel fares.

CREATE FUNCTION respond_internal.channel_counters(channel text,
	OUT delivered bigint, OUT retried bigint, OUT dead bigint, OUT p50 double precision, OUT p95 double precision,
	OUT p99 double precision, OUT last_at timestamptz, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_channel_counters';
COMMENT ON FUNCTION respond_internal.channel_counters(text) IS 'requests of a channel since the server started, from shared memory';

CREATE FUNCTION respond_internal.has_secret(channel text) RETURNS boolean
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM respond.channel AS c JOIN respond_internal.channel_secret AS s ON s.channel_id = c.id WHERE c.name = $1)
$$;
COMMENT ON FUNCTION respond_internal.has_secret(text) IS 'whether the channel has a secret';

CREATE VIEW respond.channel_stats WITH (security_invoker = true) AS
SELECT c.name AS channel, c.kind, c.enabled, s.delivered, s.retried, s.dead, s.p50, s.p95, s.p99, s.last_at, s.since,
	   respond_internal.has_secret(c.name) AS has_secret
  FROM respond.channel AS c
 CROSS JOIN LATERAL respond_internal.channel_counters(c.name) AS s;
COMMENT ON VIEW respond.channel_stats IS 'results of the requests of each channel since the server started, from shared memory; tables delivery and attempt have the single ones';
COMMENT ON COLUMN respond.channel_stats.channel IS 'name of the channel';
COMMENT ON COLUMN respond.channel_stats.kind IS 'its kind';
COMMENT ON COLUMN respond.channel_stats.enabled IS 'whether it is used';
COMMENT ON COLUMN respond.channel_stats.delivered IS 'deliveries that arrived';
COMMENT ON COLUMN respond.channel_stats.retried IS 'tries that failed and were followed, or will be, by another';
COMMENT ON COLUMN respond.channel_stats.dead IS 'deliveries that were given up';
COMMENT ON COLUMN respond.channel_stats.p50 IS 'milliseconds that half of the requests did not exceed, accurate to a tenth';
COMMENT ON COLUMN respond.channel_stats.p95 IS 'the same for 95 percent of the requests';
COMMENT ON COLUMN respond.channel_stats.p99 IS 'the same for 99 percent of the requests';
COMMENT ON COLUMN respond.channel_stats.last_at IS 'when the last of them was recorded';
COMMENT ON COLUMN respond.channel_stats.since IS 'when counting began';
COMMENT ON COLUMN respond.channel_stats.has_secret IS 'whether it has a secret, which nobody can read';
