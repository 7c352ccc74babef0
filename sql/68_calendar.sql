-- 68_calendar.sql: opening hours, and counting in open time.

CREATE TABLE respond.calendar (
	name text PRIMARY KEY,
	timezone text NOT NULL DEFAULT 'UTC',
	hours jsonb,
	revision bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE respond.calendar IS 'opening hours; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.calendar.name IS 'name of the calendar';
COMMENT ON COLUMN respond.calendar.timezone IS 'name of the time zone in which its hours are meant';
COMMENT ON COLUMN respond.calendar.hours IS 'hours of the week, such as {"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}; NULL: always open';
COMMENT ON COLUMN respond.calendar.revision IS 'counts changes of the calendar and of its exceptions, kept by pg_respond';

CREATE TABLE respond.calendar_exception (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	calendar text NOT NULL,
	from_date date NOT NULL,
	to_date date NOT NULL,
	hours jsonb,
	name text,
	yearly boolean NOT NULL DEFAULT false
);
CREATE INDEX calendar_exception_calendar_idx ON respond.calendar_exception (calendar);
COMMENT ON INDEX respond.calendar_exception_calendar_idx IS 'finds the exceptions of a calendar';
COMMENT ON TABLE respond.calendar_exception IS 'days with other hours than those of the week, such as holidays';
COMMENT ON COLUMN respond.calendar_exception.id IS 'number of the exception';
COMMENT ON COLUMN respond.calendar_exception.calendar IS 'the calendar, a row of respond.calendar';
COMMENT ON COLUMN respond.calendar_exception.from_date IS 'first day';
COMMENT ON COLUMN respond.calendar_exception.to_date IS 'last day; NULL when it is written: the first day';
COMMENT ON COLUMN respond.calendar_exception.hours IS 'hours of each of the days, such as [["09:00", "12:00"]]; NULL or an empty list: closed';
COMMENT ON COLUMN respond.calendar_exception.name IS 'what it is, such as New Year';
COMMENT ON COLUMN respond.calendar_exception.yearly IS 'whether it comes again each year';

-- References.  There are no foreign keys: see src/desk/member_reference.c.
CREATE FUNCTION respond_internal.calendar_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_validate';
COMMENT ON FUNCTION respond_internal.calendar_validate() IS 'trigger: refuses calendars that could not work, counts revisions';
CREATE FUNCTION respond_internal.calendar_opens() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_opens';
COMMENT ON FUNCTION respond_internal.calendar_opens() IS 'trigger: refuses calendars that would never open';
CREATE FUNCTION respond_internal.is_restricted() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_is_restricted';
COMMENT ON FUNCTION respond_internal.is_restricted() IS 'whether this is SQL of a rule, or another operation that can put nothing off to the end of the transaction';
CREATE FUNCTION respond_internal.calendar_exception_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exception_validate';
COMMENT ON FUNCTION respond_internal.calendar_exception_validate() IS 'trigger: refuses exceptions that could not work';
CREATE FUNCTION respond_internal.calendar_exception_forget() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exception_forget';
COMMENT ON FUNCTION respond_internal.calendar_exception_forget() IS 'trigger: a calendar whose exceptions change is read anew by this session';
CREATE FUNCTION respond_internal.calendar_exceptions_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exceptions_changed';
COMMENT ON FUNCTION respond_internal.calendar_exceptions_changed() IS 'trigger: calendars whose exceptions change get a new revision';
CREATE FUNCTION respond_internal.calendar_exceptions_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exceptions_follow';
COMMENT ON FUNCTION respond_internal.calendar_exceptions_follow() IS 'trigger: exceptions go and change their names with the calendar';

CREATE TRIGGER calendar_validate BEFORE INSERT OR UPDATE ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_validate();
COMMENT ON TRIGGER calendar_validate ON respond.calendar IS 'refuses calendars that could not work, counts revisions';
-- Where nothing may be put off to the end of the transaction they are checked at once.
CREATE CONSTRAINT TRIGGER calendar_opens AFTER INSERT OR UPDATE OF name, timezone, hours ON respond.calendar
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens ON respond.calendar IS 'refuses calendars that would never open, at the end of the transaction';
CREATE TRIGGER calendar_opens_now AFTER INSERT OR UPDATE OF name, timezone, hours ON respond.calendar
	FOR EACH ROW WHEN (respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens_now ON respond.calendar IS 'refuses calendars that would never open, in SQL of rules';
CREATE CONSTRAINT TRIGGER calendar_opens AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens ON respond.calendar_exception IS 'refuses exceptions with which a calendar would never open, at the end of the transaction';
CREATE TRIGGER calendar_exceptions_follow AFTER DELETE OR UPDATE OF name ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exceptions_follow();
COMMENT ON TRIGGER calendar_exceptions_follow ON respond.calendar IS 'a calendar that goes has no exceptions';
CREATE TRIGGER calendar_exceptions_follow_truncate AFTER TRUNCATE ON respond.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_follow();
COMMENT ON TRIGGER calendar_exceptions_follow_truncate ON respond.calendar IS 'calendars that go have no exceptions';
CREATE TRIGGER calendar_exception_validate BEFORE INSERT OR UPDATE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exception_validate();
COMMENT ON TRIGGER calendar_exception_validate ON respond.calendar_exception IS 'refuses exceptions that could not work';
-- before calendar_opens, by its name
CREATE TRIGGER calendar_exception_forget AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exception_forget();
COMMENT ON TRIGGER calendar_exception_forget ON respond.calendar_exception IS 'makes this session read the calendar anew';
CREATE TRIGGER calendar_exceptions_added AFTER INSERT ON respond.calendar_exception
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_added ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_changed AFTER UPDATE ON respond.calendar_exception
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_changed ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_removed AFTER DELETE ON respond.calendar_exception
	REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_removed ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_truncated AFTER TRUNCATE ON respond.calendar_exception
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_truncated ON respond.calendar_exception IS 'gives all calendars a new revision';

-- A new revision is on record as the change that makes it.
CREATE TRIGGER calendar_audit AFTER INSERT OR UPDATE OF name, timezone, hours OR DELETE ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_audit ON respond.calendar IS 'records changes to calendars in the audit log';
CREATE TRIGGER calendar_audit_truncate AFTER TRUNCATE ON respond.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_audit_truncate ON respond.calendar IS 'records the removal of all calendars in the audit log';
CREATE TRIGGER calendar_exception_audit AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_exception_audit ON respond.calendar_exception IS 'records changes to exceptions in the audit log';
CREATE TRIGGER calendar_exception_audit_truncate AFTER TRUNCATE ON respond.calendar_exception
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_exception_audit_truncate ON respond.calendar_exception IS 'records the removal of all exceptions in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('respond.calendar_exception', '');
COMMENT ON SEQUENCE respond.calendar_exception_id_seq IS 'numbers of exceptions';
SELECT pg_catalog.pg_extension_config_dump('respond.calendar_exception_id_seq', '');

CREATE FUNCTION respond.business_open(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_open';
COMMENT ON FUNCTION respond.business_open(text, timestamptz) IS 'whether a calendar is open at a time';
CREATE FUNCTION respond.business_add(calendar text, at timestamptz, amount interval) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_add';
COMMENT ON FUNCTION respond.business_add(text, timestamptz, interval) IS 'the time so much open time after another, or before it if the amount is negative; an amount that ends as the calendar closes ends there; NULL: more than ten years away';
CREATE FUNCTION respond.business_between(calendar text, a timestamptz, b timestamptz) RETURNS interval
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_between';
COMMENT ON FUNCTION respond.business_between(text, timestamptz, timestamptz) IS 'the open time from a to b, negative if b is before a';
CREATE FUNCTION respond.next_open(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_next_open';
COMMENT ON FUNCTION respond.next_open(text, timestamptz) IS 'the next time after another at which a calendar opens; NULL: not within ten years';
CREATE FUNCTION respond.next_close(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_next_close';
COMMENT ON FUNCTION respond.next_close(text, timestamptz) IS 'the next time after another at which a calendar closes; NULL: not within ten years';
CREATE FUNCTION respond.open_periods(calendar text, a timestamptz, b timestamptz, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_open_periods';
COMMENT ON FUNCTION respond.open_periods(text, timestamptz, timestamptz) IS 'the periods from a to b in which a calendar is open, cut to that';

CREATE FUNCTION respond_internal.ical_days(ical text, timezone text, OUT event integer, OUT name text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT problem text) RETURNS SETOF record
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_ical_days';
COMMENT ON FUNCTION respond_internal.ical_days(text, text) IS 'import_ical(): the days of the events of a calendar file, or why they cannot be taken';

CREATE FUNCTION respond.import_ical(calendar text, ical text, OUT name text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT taken boolean, OUT note text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	zone text;
	day record;
BEGIN
	SELECT c.timezone INTO zone FROM respond.calendar AS c WHERE c.name = calendar;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no calendar "%"', calendar USING ERRCODE = 'no_data_found', HINT = 'respond.calendar lists the calendars.';
	END IF;
	FOR day IN SELECT d.* FROM respond_internal.ical_days(ical, zone) AS d LOOP
		name := day.name;
		from_date := day.from_date;
		to_date := day.to_date;
		yearly := day.yearly;
		taken := day.problem IS NULL;
		note := day.problem;
		IF taken THEN
			note := 'was there already';
			IF NOT EXISTS (SELECT FROM respond.calendar_exception AS e WHERE e.calendar = import_ical.calendar AND e.from_date = day.from_date
				AND e.to_date = day.to_date AND e.yearly = day.yearly AND e.name IS NOT DISTINCT FROM day.name AND COALESCE(e.hours, '[]') = '[]') THEN
				INSERT INTO respond.calendar_exception (calendar, from_date, to_date, name, yearly)
				VALUES (import_ical.calendar, day.from_date, day.to_date, day.name, day.yearly);
				note := 'added';
			END IF;
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.import_ical(text, text) IS 'takes the events of a calendar file (iCalendar) that are whole days for days on which the calendar is closed; says of each event whether it was taken, and why not';
