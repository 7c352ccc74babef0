-- 70_route.sql: NOTIFY by rule.

CREATE TABLE respond.route (
	name text PRIMARY KEY,
	event_type text NOT NULL,
	pattern jsonb,
	notify_channel text NOT NULL,
	payload text,
	enabled boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE respond.route IS 'events that are announced with NOTIFY: the channel and the text';
COMMENT ON COLUMN respond.route.name IS 'name of the route';
COMMENT ON COLUMN respond.route.event_type IS 'type of the events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.route.pattern IS 'event pattern; NULL: every event of the type';
COMMENT ON COLUMN respond.route.notify_channel IS 'channel to LISTEN on';
COMMENT ON COLUMN respond.route.payload IS 'Mustache template over the event, in which values are escaped for JSON if it begins as JSON; NULL: the event in the JSON format of CloudEvents';
COMMENT ON COLUMN respond.route.enabled IS 'whether it is used';

CREATE FUNCTION respond_internal.route_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_route_validate';
COMMENT ON FUNCTION respond_internal.route_validate() IS 'trigger: refuses routes that could not work';

CREATE TRIGGER route_validate BEFORE INSERT OR UPDATE ON respond.route
	FOR EACH ROW EXECUTE FUNCTION respond_internal.route_validate();
COMMENT ON TRIGGER route_validate ON respond.route IS 'refuses routes that could not work';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.route
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rules_changed();
COMMENT ON TRIGGER rules_changed ON respond.route IS 'makes dispatchers reload the routes';

SELECT pg_catalog.pg_extension_config_dump('respond.route', '');
