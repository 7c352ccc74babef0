-- 84_metrics.sql: what is counted in shared memory, for monitors.

CREATE FUNCTION respond.metrics() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_metrics';
COMMENT ON FUNCTION respond.metrics() IS
	'the metrics of this database in the format of OpenMetrics, from shared memory: events, runs, deliveries, workers, requests and streams since the server started';
