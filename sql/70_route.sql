-- 70_route.sql: NOTIFY by rule.

CREATE TABLE respond.route (
	name text PRIMARY KEY,
	event_type text NOT NULL,
	pattern jsonb,
	notify_channel text NOT NULL,
	payload text,
	enabled boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE respond.route IS 'events that listeners are told of, through which channel, and in which words';

SELECT pg_catalog.pg_extension_config_dump('respond.route', '');
