-- 76_schedule.sql: events at times that repeat.

CREATE TABLE respond.schedule (
	name text PRIMARY KEY,
	description text,
	enabled boolean NOT NULL DEFAULT true,
	cron text NOT NULL,
	timezone text NOT NULL DEFAULT 'UTC',
	event_type text NOT NULL,
	subject text,
	data jsonb NOT NULL DEFAULT '{}',
	query text,
	catch_up text NOT NULL DEFAULT 'once',
	max_catch_up integer NOT NULL DEFAULT 100,
	owner name NOT NULL DEFAULT current_user,
	next_at timestamptz,
	last_at timestamptz,
	failures integer NOT NULL DEFAULT 0,
	tries integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	owner_id oid,
	owner_system bigint
) WITH (fillfactor = 50);
COMMENT ON TABLE respond.schedule IS 'when to record which event; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.schedule.name IS 'name of the schedule';
COMMENT ON COLUMN respond.schedule.description IS 'what it is for';
COMMENT ON COLUMN respond.schedule.enabled IS 'whether it fires; when it is turned on it fires next at its next time from then';
COMMENT ON COLUMN respond.schedule.cron IS 'its times: a cron expression of five fields, or six with seconds first, see cron_next()';
COMMENT ON COLUMN respond.schedule.timezone IS 'name of the time zone in which cron is meant';
COMMENT ON COLUMN respond.schedule.event_type IS 'type of the event';
COMMENT ON COLUMN respond.schedule.subject IS 'subject of the event, a template over data, such as stock/{{data.sku}}; NULL: none';
COMMENT ON COLUMN respond.schedule.data IS 'data of the event, an object, to which scheduled_for and, for times that were missed, missed are added';
COMMENT ON COLUMN respond.schedule.query IS 'one SELECT, run as the owner: an event is recorded for each row, with the row as its data; NULL: one event';
COMMENT ON COLUMN respond.schedule.catch_up IS 'times that were missed fire once, as the last of them (once), each (all), or not at all (none)';
COMMENT ON COLUMN respond.schedule.max_catch_up IS 'with all: most missed times that fire; those before them count in the missed of the first';
COMMENT ON COLUMN respond.schedule.owner IS 'role whose rights its query has; turning it on, and changing what it does or when, needs the right to act as this role';
COMMENT ON COLUMN respond.schedule.next_at IS 'when it fires next, kept by pg_respond; NULL: never';
COMMENT ON COLUMN respond.schedule.last_at IS 'for which time it fired last, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.failures IS 'how many times in a row it failed, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.tries IS 'how many processes began to run its query for the time that is due, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.created_at IS 'when it was created';
COMMENT ON COLUMN respond.schedule.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.schedule.owner_id IS 'number of the owner, kept by pg_respond, as for rules';
COMMENT ON COLUMN respond.schedule.owner_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';

CREATE FUNCTION respond_internal.schedule_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_schedule_validate';
COMMENT ON FUNCTION respond_internal.schedule_validate() IS 'trigger: refuses schedules that could not fire, keeps their times';

CREATE FUNCTION respond_internal.schedules_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_schedules_changed';
COMMENT ON FUNCTION respond_internal.schedules_changed() IS 'trigger: makes the clock reload the schedules after the commit';

CREATE FUNCTION respond_internal.accept_schedules() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_accept_schedules';
COMMENT ON FUNCTION respond_internal.accept_schedules() IS 'accept_clock(): schedules whose next time was reckoned with a later time fire next at their next time from now';

-- What the clock changes with each time it fires is in none of these lists.
CREATE TRIGGER schedule_validate BEFORE INSERT OR UPDATE ON respond.schedule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.schedule_validate();
COMMENT ON TRIGGER schedule_validate ON respond.schedule IS 'refuses schedules that could not fire, keeps their times';
CREATE TRIGGER schedules_changed AFTER INSERT OR UPDATE OF name, enabled, cron, timezone, event_type, subject, data, query, catch_up, max_catch_up, owner
	OR DELETE OR TRUNCATE ON respond.schedule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.schedules_changed();
COMMENT ON TRIGGER schedules_changed ON respond.schedule IS 'makes the clock reload the schedules';
CREATE TRIGGER schedule_audit AFTER INSERT
	OR UPDATE OF name, description, enabled, cron, timezone, event_type, subject, data, query, catch_up, max_catch_up, owner
	OR DELETE ON respond.schedule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER schedule_audit ON respond.schedule IS 'records changes to schedules in the audit log';
CREATE TRIGGER schedule_audit_truncate AFTER TRUNCATE ON respond.schedule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER schedule_audit_truncate ON respond.schedule IS 'records the removal of all schedules in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.schedule', '');

CREATE FUNCTION respond.schedule_preview(name text, n integer DEFAULT 10) RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	schedule record;
	fires_at timestamptz := respond_internal.clock_start();
BEGIN
	IF n NOT BETWEEN 0 AND 10000 THEN
		RAISE EXCEPTION 'n: % is not between 0 and 10000', n USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT s.cron, s.timezone INTO schedule FROM respond.schedule AS s WHERE s.name = schedule_preview.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no schedule "%"', name USING ERRCODE = 'no_data_found', HINT = 'respond.schedule lists the schedules.';
	END IF;
	FOR i IN 1 .. n LOOP
		fires_at := respond.cron_next(schedule.cron, schedule.timezone, fires_at);
		EXIT WHEN fires_at IS NULL;
		RETURN NEXT fires_at;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.schedule_preview(text, integer) IS 'the next n times of a schedule from now on, whether it is turned on or not';
