-- pg_respond 0.1 as it was installed, for the test of the update script (test/t/031_update.pl).
-- Functions in C whose code is gone have another one, and no partitions are made beyond the default ones.

-- 10_schema.sql: roles, schemas and the bookkeeping that every part shares.

\echo Use "CREATE EXTENSION pg_respond" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- The server takes a schema that is there already as it is.  What somebody else
-- has put into it would become the workers' own, with their rights, and who
-- owns it could drop our tables.  Nothing outside of pg_catalog is named here.
DO $$
DECLARE
	found_schema CONSTANT oid := (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'respond');
	found_object text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS o ON o.oid = n.nspowner
		WHERE n.oid = found_schema AND o.rolsuper) THEN
		RAISE EXCEPTION 'schema "respond" exists and belongs to a role that is no superuser'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Drop or rename it, or take it over with ALTER SCHEMA respond OWNER TO CURRENT_USER.';
	END IF;
	SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) INTO found_object
	  FROM pg_catalog.pg_depend AS d
	 WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = found_schema
	   AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
	 LIMIT 1;
	IF found_object IS NOT NULL THEN
		RAISE EXCEPTION 'schema "respond" exists and is not empty'
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'It holds ' || found_object || '.',
				HINT = 'Move what it holds to another schema, or drop it.';
	END IF;
END
$$;

CREATE SCHEMA respond_internal;
COMMENT ON SCHEMA respond_internal IS 'bookkeeping of pg_respond; not an interface';
COMMENT ON SCHEMA respond IS 'event-driven support desk: events, rules, runs, tickets and their audit';

-- The library refuses to load unless it was preloaded; this first function of
-- it makes CREATE EXTENSION fail with that hint before anything else is made.
CREATE FUNCTION respond_internal.is_restore() RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_is_restore';
COMMENT ON FUNCTION respond_internal.is_restore() IS 'whether this session looks like pg_restore or psql loading a dump';

-- Roles are shared by all databases of a cluster, so they may be there
-- already.  One that could do more than it should is refused: somebody else
-- may have made it.  That of the workers must moreover be nobody's: who can act
-- as it can write rules that act as anybody.
DO $$
DECLARE
	wanted record;
	existing record;
	worker oid;
	fault text;
	remedy text;
BEGIN
	FOR wanted IN
		SELECT * FROM (VALUES
			('respond_worker', true, 'runs the background workers of pg_respond and owns its tables; nobody logs in as it'),
			('respond_admin', false, 'may do everything in pg_respond'),
			('respond_agent', false, 'works on tickets'),
			('respond_producer', false, 'may record events'),
			('respond_auditor', false, 'may read everything')) AS w (name, login, comment)
	LOOP
		SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
		  INTO existing FROM pg_catalog.pg_roles WHERE rolname = wanted.name;
		IF NOT FOUND THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I NOINHERIT %s', wanted.name,
				CASE WHEN wanted.login THEN 'LOGIN CONNECTION LIMIT 0' ELSE 'NOLOGIN' END);
			EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', wanted.name, 'pg_respond: ' || wanted.comment);
		ELSIF existing.rolsuper OR existing.rolcreaterole OR existing.rolcreatedb OR existing.rolreplication OR existing.rolbypassrls THEN
			RAISE EXCEPTION 'role "%" exists and has rights that pg_respond must not use', wanted.name
				USING ERRCODE = 'object_not_in_prerequisite_state',
					HINT = pg_catalog.format('Rename it, or run ALTER ROLE %I NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS.', wanted.name);
		END IF;
	END LOOP;
	worker := 'respond_worker'::pg_catalog.regrole;
	SELECT f.fault, f.remedy INTO fault, remedy
	  FROM (SELECT 1 AS place, 'its attributes are not those of the role of the workers' AS fault, 'ALTER ROLE respond_worker LOGIN CONNECTION LIMIT 0' AS remedy
			  FROM pg_catalog.pg_roles AS r WHERE r.oid = worker AND (NOT r.rolcanlogin OR r.rolconnlimit <> 0)
			UNION ALL
			SELECT 2, pg_catalog.format('role %I can act as it', r.rolname), pg_catalog.format('REVOKE respond_worker FROM %I', r.rolname)
			  FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
			 WHERE m.roleid = worker AND NOT r.rolsuper
			UNION ALL
			SELECT 3, pg_catalog.format('it has the rights of role %I', r.rolname), pg_catalog.format('REVOKE %I FROM respond_worker', r.rolname)
			  FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
			 WHERE m.member = worker
			UNION ALL
			SELECT 4, 'it owns ' || pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), 'REASSIGN OWNED BY respond_worker TO another role'
			  FROM pg_catalog.pg_shdepend AS d
			 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.refobjid = worker AND d.deptype = 'o'
			   AND d.dbid IN (0, (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()))) AS f
	 ORDER BY f.place LIMIT 1;
	IF fault IS NOT NULL THEN
		RAISE EXCEPTION 'role "respond_worker" exists and cannot be used by pg_respond: %', fault
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Rename it, or run: ' || remedy || '.';
	END IF;
	-- Connecting is granted to everybody by default, but a careful owner may have revoked it.
	EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO respond_worker', pg_catalog.current_database());
END
$$;

-- One row: what holds for the whole database.
CREATE TABLE respond_internal.state (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	hold text,
	hold_since timestamptz,
	created_at timestamptz NOT NULL,
	system_identifier bigint NOT NULL,
	database oid NOT NULL
);
COMMENT ON TABLE respond_internal.state IS 'one row about this database; not dumped, so that a restored copy knows that it is one';
COMMENT ON COLUMN respond_internal.state.hold IS 'why the workers hold: restore, or the reason given to hold(); NULL when they work';
COMMENT ON COLUMN respond_internal.state.system_identifier IS 'cluster in which the extension was created';
COMMENT ON COLUMN respond_internal.state.database IS 'database in which the extension was created; a copy of it has another number';

INSERT INTO respond_internal.state (hold, hold_since, created_at, system_identifier, database)
SELECT h, CASE WHEN h IS NOT NULL THEN pg_catalog.now() END, pg_catalog.now(), c.system_identifier,
	   (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  FROM pg_catalog.pg_control_system() AS c,
	   (SELECT CASE WHEN respond_internal.is_restore() THEN 'restore' END) AS s (h);

-- Progress is appended, never updated.  There are two tables: the workers
-- write one while the other is emptied (see src/clock).
CREATE TABLE respond_internal.progress_0 (
	seq bigint NOT NULL,
	lanes smallint NOT NULL,
	lane smallint NOT NULL,
	cursor pg_snapshot NOT NULL,
	split_xid xid8,
	split_id bigint,
	at timestamptz NOT NULL
);
CREATE TABLE respond_internal.progress_1 (LIKE respond_internal.progress_0 INCLUDING ALL);
COMMENT ON TABLE respond_internal.progress_0 IS 'where each dispatcher has got to, appended once per batch; the row with the largest seq of a lane counts';
COMMENT ON TABLE respond_internal.progress_1 IS 'the other side of progress_0';
COMMENT ON COLUMN respond_internal.progress_0.cursor IS 'transactions visible in this snapshot are handled';
COMMENT ON COLUMN respond_internal.progress_0.split_xid IS 'a transaction too large for one batch: handled up to split_id, although not visible in cursor';

-- An event of whose handling a process died.  Written and committed before the
-- event is touched again.
CREATE TABLE respond_internal.suspect (
	event_id bigint PRIMARY KEY,
	tries integer NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond_internal.suspect IS 'events that are handled one by one because a worker died; with two tries an event is given up';

-- Events that no rule will be applied to, and why.
CREATE TABLE respond_internal.dead_event (
	event_id bigint NOT NULL,
	event_type text NOT NULL,
	rule text,
	reason text NOT NULL,
	error text,
	at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_event_event_id_idx ON respond_internal.dead_event (event_id);
COMMENT ON TABLE respond_internal.dead_event IS 'events that were given up; shown in view respond.dead_letter';

-- Events to be handled although the cursor has passed them: replays, and what
-- a restored copy had not yet handled.
CREATE TABLE respond_internal.requeue (
	id bigint GENERATED ALWAYS AS IDENTITY,
	event_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	rule text,
	forced boolean NOT NULL DEFAULT false,
	replay boolean NOT NULL DEFAULT false,
	run_id bigint
);
CREATE INDEX requeue_id_idx ON respond_internal.requeue (id);
COMMENT ON TABLE respond_internal.requeue IS 'events to be handled outside the order of the log';
COMMENT ON COLUMN respond_internal.requeue.rule IS 'only this rule; NULL for all';
COMMENT ON COLUMN respond_internal.requeue.forced IS 'whether the rule runs without asking type, pattern and condition; for start()';
COMMENT ON COLUMN respond_internal.requeue.run_id IS 'number that the run shall have; NULL: a new one';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_0', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_1', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.suspect', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.dead_event', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.requeue', '');
-- 20_event.sql: the event log and its producers.

CREATE FUNCTION respond_internal.event_xid() RETURNS xid8
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_xid';
COMMENT ON FUNCTION respond_internal.event_xid() IS 'top-level transaction id; also makes the commit of this transaction wake the dispatchers';

CREATE FUNCTION respond_internal.actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_actor';
COMMENT ON FUNCTION respond_internal.actor() IS 'who acts: the role of the session, or rule:NAME while a rule runs';

CREATE FUNCTION respond_internal.current_cause() RETURNS bigint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_current_cause';
COMMENT ON FUNCTION respond_internal.current_cause() IS 'id of the event whose rule runs now; NULL outside of rules';

-- The trigger below checks the rows and fills in source, cause, depth, actor and xid.
CREATE TABLE respond.event (
	id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
	type text NOT NULL,
	source text NOT NULL,
	subject text,
	"time" timestamptz NOT NULL DEFAULT now(),
	data jsonb NOT NULL DEFAULT '{}',
	key text,
	cause bigint,
	depth integer NOT NULL DEFAULT 0,
	actor text NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	xid xid8 NOT NULL
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE respond.event IS 'what happened; INSERT is the interface, rows are never changed';
COMMENT ON COLUMN respond.event.id IS 'grows with the order of recording, which is not the order of commit';
COMMENT ON COLUMN respond.event.type IS 'what kind of thing happened, for example order.created; 1 to 255 bytes';
COMMENT ON COLUMN respond.event.source IS 'where it happened; the name of this database if not given; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.subject IS 'what it happened to; events with the same subject take effect in commit order; up to 1,024 bytes';
COMMENT ON COLUMN respond.event."time" IS 'when it happened, as the producer says; the start of its transaction if not given';
COMMENT ON COLUMN respond.event.data IS 'a JSON object with everything else';
COMMENT ON COLUMN respond.event.key IS 'the id that the producer gave it: a second event with the same source and key is not stored again; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.cause IS 'id of the event whose rule recorded this one';
COMMENT ON COLUMN respond.event.depth IS 'number of events that caused each other before this one';
COMMENT ON COLUMN respond.event.actor IS 'role that recorded it, or rule:NAME';
COMMENT ON COLUMN respond.event.recorded_at IS 'start of the transaction that recorded it; the log is partitioned by it';
COMMENT ON COLUMN respond.event.xid IS 'top-level transaction that recorded it; the cursor of the dispatchers goes by it';

CREATE TABLE respond.event_default PARTITION OF respond.event DEFAULT;
CREATE UNIQUE INDEX event_default_id_idx ON respond.event_default (id);
CREATE INDEX event_default_xid_id_idx ON respond.event_default (xid, id);
COMMENT ON TABLE respond.event_default IS 'events for whose time there is no partition, usually none';

-- Not dumped: restored events claim their keys again through the trigger below.
CREATE TABLE respond_internal.event_key (
	source text NOT NULL,
	key text NOT NULL,
	id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (source, key)
);
COMMENT ON TABLE respond_internal.event_key IS 'keys that are taken; kept as long as the events';
COMMENT ON COLUMN respond_internal.event_key.source IS 'source of the event that has the key';
COMMENT ON COLUMN respond_internal.event_key.key IS 'the key';
COMMENT ON COLUMN respond_internal.event_key.id IS 'id of the event that has the key';
COMMENT ON COLUMN respond_internal.event_key.recorded_at IS 'of the event; says when the key may be forgotten';

CREATE FUNCTION respond_internal.event_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_event_row';
COMMENT ON FUNCTION respond_internal.event_row() IS 'checks and completes an event; skips one whose source and key are known';

CREATE TRIGGER event_row BEFORE INSERT ON respond.event
FOR EACH ROW EXECUTE FUNCTION respond_internal.event_row();
-- A session that replays changes of another server records events as well.
ALTER TABLE respond.event ENABLE ALWAYS TRIGGER event_row;
COMMENT ON TRIGGER event_row ON respond.event IS 'checks and completes the row; a second event with the same source and key is not stored';

CREATE FUNCTION respond.emit(type text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, source text DEFAULT NULL,
	key text DEFAULT NULL, "time" timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_emit';
COMMENT ON FUNCTION respond.emit(text, jsonb, text, text, text, timestamptz) IS
	'records an event and returns its id; with a key that is known, the id of the event that has it. Needs the right to INSERT into respond.event';

CREATE FUNCTION respond.capture() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_capture';
COMMENT ON FUNCTION respond.capture() IS
	'AFTER trigger, for each row or statement, that records changes as events: capture(type, ''subject=...'', ''column=...''); watch() creates such triggers';

CREATE FUNCTION respond.watch("table" regclass, type text DEFAULT NULL, operations text[] DEFAULT NULL,
	columns text[] DEFAULT NULL, condition text DEFAULT NULL, subject text DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_watch';
COMMENT ON FUNCTION respond.watch(regclass, text, text[], text[], text, text) IS
	'makes a table a producer: changes of its rows become events of this type, by default of INSERT, UPDATE and DELETE, type TABLE.inserted and so on, subject TABLE/KEY. With columns, an UPDATE counts only if one of them changed. condition is SQL over OLD and NEW. subject is a column, a template or SQL. Returns the name of the first trigger; watching again with the same type replaces';

CREATE FUNCTION respond.unwatch("table" regclass) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_unwatch';
COMMENT ON FUNCTION respond.unwatch(regclass) IS 'undoes every watch() of a table and returns the number of triggers dropped';

CREATE VIEW respond.cloud_event WITH (security_invoker = true) AS
SELECT e.id, e.recorded_at,
	pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
		'specversion', '1.0',
		'id', e.id::text,
		'source', e.source,
		'type', e.type,
		'subject', NULLIF(e.subject, ''),
		'time', CASE WHEN pg_catalog.isfinite(e."time")
			THEN pg_catalog.to_char(e."time" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
		'datacontenttype', 'application/json',
		'key', e.key,
		'cause', e.cause::text,
		'depth', e.depth,
		'actor', e.actor,
		'recordedat', pg_catalog.to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
	|| pg_catalog.jsonb_build_object('data', e.data) AS cloud_event
FROM respond.event AS e;
COMMENT ON VIEW respond.cloud_event IS 'the events as CloudEvents 1.0 in JSON; key, cause, depth, actor and recordedat are extension attributes';
COMMENT ON COLUMN respond.cloud_event.id IS 'id of the event';
COMMENT ON COLUMN respond.cloud_event.recorded_at IS 'when it was recorded; a condition on it spares the other partitions';
COMMENT ON COLUMN respond.cloud_event.cloud_event IS 'the event in the JSON format of CloudEvents';

SELECT pg_catalog.pg_extension_config_dump('respond.event', '');
SELECT pg_catalog.pg_extension_config_dump('respond.event_default', '');
COMMENT ON SEQUENCE respond.event_id_seq IS 'numbers of events';
SELECT pg_catalog.pg_extension_config_dump('respond.event_id_seq', '');
-- 30_rule.sql: rules, their versions, and silence.

CREATE TABLE respond.rule (
	name text PRIMARY KEY,
	folder text,
	description text,
	enabled boolean NOT NULL DEFAULT true,
	shadow boolean NOT NULL DEFAULT false,
	priority integer NOT NULL DEFAULT 0,
	event_type text NOT NULL,
	pattern jsonb,
	condition text,
	correlate jsonb,
	steps jsonb NOT NULL DEFAULT '[]',
	on_failure jsonb,
	owner name NOT NULL DEFAULT current_user,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.rule IS 'what is to be done when an event matches; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.rule.name IS 'name of the rule';
COMMENT ON COLUMN respond.rule.folder IS 'where people keep it; see export_rules()';
COMMENT ON COLUMN respond.rule.description IS 'what it is for';
COMMENT ON COLUMN respond.rule.enabled IS 'whether it is applied';
COMMENT ON COLUMN respond.rule.shadow IS 'match and record a run, but do nothing';
COMMENT ON COLUMN respond.rule.priority IS 'rules with a higher one are applied first, those with the same in the order of their names';
COMMENT ON COLUMN respond.rule.event_type IS 'type of the events it is for; "*" stands for any run of characters';
COMMENT ON COLUMN respond.rule.pattern IS 'event pattern over id, type, source, subject, time, data, ...; NULL: every event of the type';
COMMENT ON COLUMN respond.rule.condition IS 'SQL expression over id, type, source, subject, time and data that must be true, evaluated as the owner; NULL: none';
COMMENT ON COLUMN respond.rule.correlate IS 'state across events; must be NULL in this version';
COMMENT ON COLUMN respond.rule.steps IS 'what to do: an array of steps, run in order';
COMMENT ON COLUMN respond.rule.on_failure IS 'steps to run when a step failed and says nothing itself';
COMMENT ON COLUMN respond.rule.owner IS 'role whose rights its SQL has';
COMMENT ON COLUMN respond.rule.version IS 'counted up by each change';
COMMENT ON COLUMN respond.rule.created_at IS 'when it was made';
COMMENT ON COLUMN respond.rule.updated_at IS 'when it was last changed';

CREATE TABLE respond.rule_version (
	LIKE respond.rule,
	changed_by text NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (name, version)
);
COMMENT ON TABLE respond.rule_version IS 'what rules were before they were changed or deleted';
COMMENT ON COLUMN respond.rule_version.name IS 'name the rule had';
COMMENT ON COLUMN respond.rule_version.folder IS 'see rule';
COMMENT ON COLUMN respond.rule_version.description IS 'see rule';
COMMENT ON COLUMN respond.rule_version.enabled IS 'see rule';
COMMENT ON COLUMN respond.rule_version.shadow IS 'see rule';
COMMENT ON COLUMN respond.rule_version.priority IS 'see rule';
COMMENT ON COLUMN respond.rule_version.event_type IS 'see rule';
COMMENT ON COLUMN respond.rule_version.pattern IS 'see rule';
COMMENT ON COLUMN respond.rule_version.condition IS 'see rule';
COMMENT ON COLUMN respond.rule_version.correlate IS 'see rule';
COMMENT ON COLUMN respond.rule_version.steps IS 'see rule';
COMMENT ON COLUMN respond.rule_version.on_failure IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner IS 'see rule';
COMMENT ON COLUMN respond.rule_version.version IS 'number of this version; runs name it in rule_version';
COMMENT ON COLUMN respond.rule_version.created_at IS 'when the rule was made';
COMMENT ON COLUMN respond.rule_version.updated_at IS 'from when this version was in force';
COMMENT ON COLUMN respond.rule_version.changed_by IS 'who put an end to this version';
COMMENT ON COLUMN respond.rule_version.changed_at IS 'until when this version was in force';

CREATE TABLE respond.mute (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	pattern jsonb,
	from_time timestamptz NOT NULL DEFAULT now(),
	until_time timestamptz,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mute IS 'events that no rule acts on and no route tells of for a time; the runs say suppressed';
COMMENT ON COLUMN respond.mute.id IS 'number of the mute';
COMMENT ON COLUMN respond.mute.event_type IS 'type of the events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.mute.pattern IS 'event pattern; NULL: every event of the type';
COMMENT ON COLUMN respond.mute.from_time IS 'events recorded from this time on are muted';
COMMENT ON COLUMN respond.mute.until_time IS 'events recorded before this time are; NULL: until the row is deleted';
COMMENT ON COLUMN respond.mute.reason IS 'why; the runs repeat it';
COMMENT ON COLUMN respond.mute.actor IS 'who muted';

CREATE FUNCTION respond_internal.rule_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rule_validate';
COMMENT ON FUNCTION respond_internal.rule_validate() IS 'trigger: refuses rules that could not run, counts versions';

CREATE FUNCTION respond_internal.rule_keep_version() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rule_keep_version';
COMMENT ON FUNCTION respond_internal.rule_keep_version() IS 'trigger: keeps the version of a rule that ends';

CREATE FUNCTION respond_internal.mute_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_mute_validate';
COMMENT ON FUNCTION respond_internal.mute_validate() IS 'trigger: refuses mutes that could not work';

CREATE FUNCTION respond_internal.rules_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rules_changed';
COMMENT ON FUNCTION respond_internal.rules_changed() IS 'trigger: makes dispatchers load the rules again after the commit';

CREATE TRIGGER rule_validate BEFORE INSERT OR UPDATE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rule_validate();
COMMENT ON TRIGGER rule_validate ON respond.rule IS 'refuses rules that could not run, counts versions';
CREATE TRIGGER rule_keep_version AFTER UPDATE OR DELETE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rule_keep_version();
COMMENT ON TRIGGER rule_keep_version ON respond.rule IS 'fills rule_version';
CREATE TRIGGER rule_keep_all_versions BEFORE TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rule_keep_version();
COMMENT ON TRIGGER rule_keep_all_versions ON respond.rule IS 'fills rule_version';
CREATE TRIGGER mute_validate BEFORE INSERT OR UPDATE ON respond.mute
	FOR EACH ROW EXECUTE FUNCTION respond_internal.mute_validate();
COMMENT ON TRIGGER mute_validate ON respond.mute IS 'refuses mutes that could not work';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rules_changed();
COMMENT ON TRIGGER rules_changed ON respond.rule IS 'makes dispatchers load the rules again';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.mute
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rules_changed();
COMMENT ON TRIGGER rules_changed ON respond.mute IS 'makes dispatchers load the mutes again';

SELECT pg_catalog.pg_extension_config_dump('respond.rule', '');
SELECT pg_catalog.pg_extension_config_dump('respond.rule_version', '');
SELECT pg_catalog.pg_extension_config_dump('respond.mute', '');
COMMENT ON SEQUENCE respond.mute_id_seq IS 'numbers of mutes';
SELECT pg_catalog.pg_extension_config_dump('respond.mute_id_seq', '');
-- 31_matches.sql: patterns.

CREATE FUNCTION respond.matches(pattern jsonb, document jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_matches';
COMMENT ON FUNCTION respond.matches(jsonb, jsonb) IS 'does the document match the event pattern: the same code that matches events with rules; raises an error that names the place when the pattern is invalid';
-- 32_render.sql: templates.

CREATE FUNCTION respond.render(template text, context jsonb, escape text DEFAULT 'none') RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_render';
COMMENT ON FUNCTION respond.render(text, jsonb, text) IS 'renders a Mustache template over a context; escape is applied to the values of tags: none, html, json, slack or url';
-- 40_run.sql: runs, one for each rule that an event fired.

CREATE SEQUENCE respond.run_id_seq;
COMMENT ON SEQUENCE respond.run_id_seq IS 'numbers of runs';

CREATE TABLE respond.run (
	id bigint NOT NULL DEFAULT nextval('respond.run_id_seq'),
	rule text NOT NULL,
	rule_version integer NOT NULL,
	event_id bigint,
	status text NOT NULL CHECK (status IN ('running', 'waiting', 'succeeded', 'failed', 'cancelled', 'shadow', 'suppressed')),
	step text,
	state jsonb NOT NULL DEFAULT '{}',
	error text,
	replay boolean NOT NULL DEFAULT false,
	started_at timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,
	resume_at timestamptz
) PARTITION BY RANGE (started_at);
COMMENT ON TABLE respond.run IS 'one row for each rule that fired for an event';
COMMENT ON COLUMN respond.run.id IS 'number of the run';
COMMENT ON COLUMN respond.run.rule IS 'name of the rule';
COMMENT ON COLUMN respond.run.rule_version IS 'version of the rule that this run began with';
COMMENT ON COLUMN respond.run.event_id IS 'event that fired the rule; NULL when started by hand without one';
COMMENT ON COLUMN respond.run.status IS 'running, waiting, succeeded, failed, cancelled, shadow (matched, did nothing) or suppressed (the state says why)';
COMMENT ON COLUMN respond.run.step IS 'step that the run stands at or failed in: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.run.state IS 'data chain: what each step with a name gave, by its name; lines of the log under "_log"; of a shadow run, what it would have done under "shadow"; of a suppressed one, why under "suppressed"';
COMMENT ON COLUMN respond.run.error IS 'why the run failed; of a run that succeeded, the failure that on_failure of its rule dealt with';
COMMENT ON COLUMN respond.run.replay IS 'whether the event was played again by replay()';
COMMENT ON COLUMN respond.run.started_at IS 'when its first step began';
COMMENT ON COLUMN respond.run.finished_at IS 'when it ended; NULL while it runs or waits';
COMMENT ON COLUMN respond.run.resume_at IS 'when a waiting run goes on';

CREATE TABLE respond.run_default PARTITION OF respond.run DEFAULT;
CREATE UNIQUE INDEX run_default_id_idx ON respond.run_default (id);
CREATE INDEX run_default_event_id_idx ON respond.run_default (event_id);
COMMENT ON INDEX respond.run_default_id_idx IS 'finds a run by its number';
COMMENT ON INDEX respond.run_default_event_id_idx IS 'finds the runs of an event';
COMMENT ON TABLE respond.run_default IS 'runs for whose time there is no partition yet';

SELECT pg_catalog.pg_extension_config_dump('respond.run', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.run_id_seq', '');

CREATE FUNCTION respond_internal.check_steps(steps jsonb, on_failure jsonb DEFAULT NULL) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_check_steps';
COMMENT ON FUNCTION respond_internal.check_steps(jsonb, jsonb) IS 'true when a rule of the current user may have these steps, else the error that saving it would give';
-- 50_desk.sql: tickets, comments, teams.

CREATE TABLE respond.team (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.team IS 'groups of people who work on tickets';
COMMENT ON COLUMN respond.team.name IS 'name by which tickets refer to the team';
COMMENT ON COLUMN respond.team.description IS 'what the team is there for';
COMMENT ON COLUMN respond.team.created_at IS 'when the team was entered';

CREATE FUNCTION respond_internal.current_run() RETURNS bigint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_current_run';
COMMENT ON FUNCTION respond_internal.current_run() IS 'run of the rule whose SQL this is; NULL outside of rules';

CREATE FUNCTION respond_internal.ticket_is_valid(status text, priority text, key text, fields jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_ticket_is_valid';
COMMENT ON FUNCTION respond_internal.ticket_is_valid(text, text, text, jsonb) IS 'true, or an error that says what is wrong with the ticket';

CREATE TABLE respond.ticket (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	subject text NOT NULL,
	description text,
	status text NOT NULL DEFAULT 'new',
	priority text NOT NULL DEFAULT 'normal',
	team text,
	assignee text,
	requester text,
	tags text[] NOT NULL DEFAULT '{}',
	key text,
	fields jsonb NOT NULL DEFAULT '{}',
	event_id bigint DEFAULT respond_internal.current_cause(),
	run_id bigint DEFAULT respond_internal.current_run(),
	created_by text NOT NULL DEFAULT respond_internal.actor(),
	solved_at timestamptz,
	closed_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT ticket_valid CHECK (respond_internal.ticket_is_valid(status, priority, key, fields))
);
COMMENT ON TABLE respond.ticket IS 'tickets; plain INSERT and UPDATE are the interface';
COMMENT ON COLUMN respond.ticket.id IS 'number of the ticket';
COMMENT ON COLUMN respond.ticket.subject IS 'what it is about, in a line';
COMMENT ON COLUMN respond.ticket.description IS 'what it is about, at length';
COMMENT ON COLUMN respond.ticket.status IS 'new, open, pending (waits for the requester), on_hold (waits for somebody else), solved or closed; a solved ticket can be opened again, a closed one is final';
COMMENT ON COLUMN respond.ticket.priority IS 'low, normal, high or urgent';
COMMENT ON COLUMN respond.ticket.team IS 'team that works on it, a row of respond.team';
COMMENT ON COLUMN respond.ticket.assignee IS 'person who works on it';
COMMENT ON COLUMN respond.ticket.requester IS 'who asked for it';
COMMENT ON COLUMN respond.ticket.tags IS 'labels';
COMMENT ON COLUMN respond.ticket.key IS 'what it is the ticket for: at most one ticket with the same key is neither solved nor closed';
COMMENT ON COLUMN respond.ticket.fields IS 'further values, a JSON object';
COMMENT ON COLUMN respond.ticket.event_id IS 'event whose rule opened it; NULL for a ticket entered by hand';
COMMENT ON COLUMN respond.ticket.run_id IS 'run of the rule that opened it';
COMMENT ON COLUMN respond.ticket.created_by IS 'who opened it: a role, or rule:NAME';
COMMENT ON COLUMN respond.ticket.solved_at IS 'when it was solved; NULL again once it is reopened';
COMMENT ON COLUMN respond.ticket.closed_at IS 'when it was closed';
COMMENT ON COLUMN respond.ticket.created_at IS 'when it was opened';
COMMENT ON COLUMN respond.ticket.updated_at IS 'when something about it was last changed';
COMMENT ON CONSTRAINT ticket_valid ON respond.ticket IS 'refuses values that a ticket cannot have, and names those that it can';

CREATE UNIQUE INDEX ticket_open_key_idx ON respond.ticket (key) WHERE key IS NOT NULL AND status NOT IN ('solved', 'closed');
COMMENT ON INDEX respond.ticket_open_key_idx IS 'one unsolved ticket for each key';
CREATE INDEX ticket_team_status_idx ON respond.ticket (team, status);
COMMENT ON INDEX respond.ticket_team_status_idx IS 'the queue of a team';
CREATE INDEX ticket_assignee_idx ON respond.ticket (assignee) WHERE assignee IS NOT NULL AND status NOT IN ('solved', 'closed');
COMMENT ON INDEX respond.ticket_assignee_idx IS 'the work of a person';

CREATE FUNCTION respond_internal.comment_is_valid(kind text) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_comment_is_valid';
COMMENT ON FUNCTION respond_internal.comment_is_valid(text) IS 'true, or an error that says which kinds of comments there are';

CREATE TABLE respond.comment (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	ticket_id bigint NOT NULL,
	author text NOT NULL DEFAULT respond_internal.actor(),
	kind text NOT NULL DEFAULT 'public',
	body text NOT NULL,
	event_id bigint DEFAULT respond_internal.current_cause(),
	run_id bigint DEFAULT respond_internal.current_run(),
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT comment_valid CHECK (respond_internal.comment_is_valid(kind))
);
COMMENT ON TABLE respond.comment IS 'what was said about a ticket';
COMMENT ON COLUMN respond.comment.id IS 'number of the comment';
COMMENT ON COLUMN respond.comment.ticket_id IS 'ticket that it is about';
COMMENT ON COLUMN respond.comment.author IS 'who wrote it: a role, rule:NAME, or a requester''s address';
COMMENT ON COLUMN respond.comment.kind IS 'public (the requester sees it), internal (the team alone) or automatic (written by a rule)';
COMMENT ON COLUMN respond.comment.body IS 'what was said';
COMMENT ON COLUMN respond.comment.event_id IS 'event whose rule wrote it; NULL for a comment by hand';
COMMENT ON COLUMN respond.comment.run_id IS 'run of the rule that wrote it';
COMMENT ON COLUMN respond.comment.created_at IS 'when it was written';
COMMENT ON CONSTRAINT comment_valid ON respond.comment IS 'refuses kinds of comments that there are not';

CREATE INDEX comment_ticket_id_idx ON respond.comment (ticket_id);
COMMENT ON INDEX respond.comment_ticket_id_idx IS 'the comments of a ticket';

CREATE TABLE respond.ticket_history (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	ticket_id bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	field text NOT NULL,
	old jsonb,
	new jsonb,
	event_id bigint,
	run_id bigint,
	rule text
);
COMMENT ON TABLE respond.ticket_history IS 'one row for each field of a ticket that changed; written by the desk''s triggers';
COMMENT ON COLUMN respond.ticket_history.id IS 'number of the change';
COMMENT ON COLUMN respond.ticket_history.ticket_id IS 'ticket that changed; it may be deleted by now';
COMMENT ON COLUMN respond.ticket_history.at IS 'when it changed';
COMMENT ON COLUMN respond.ticket_history.actor IS 'who changed it: a role, or rule:NAME';
COMMENT ON COLUMN respond.ticket_history.field IS 'column that changed; or created, comment, deleted';
COMMENT ON COLUMN respond.ticket_history.old IS 'value before';
COMMENT ON COLUMN respond.ticket_history.new IS 'value after; of a created ticket, status, priority, team and assignee; of a comment, its id, kind and author';
COMMENT ON COLUMN respond.ticket_history.event_id IS 'event whose rule changed it';
COMMENT ON COLUMN respond.ticket_history.run_id IS 'run of the rule that changed it';
COMMENT ON COLUMN respond.ticket_history.rule IS 'rule that changed it';

CREATE INDEX ticket_history_ticket_id_idx ON respond.ticket_history (ticket_id);
COMMENT ON INDEX respond.ticket_history_ticket_id_idx IS 'the history of a ticket';

-- Transitions, times and what may not change: before the row is written.
CREATE FUNCTION respond_internal.ticket_guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_ticket_guard';
COMMENT ON FUNCTION respond_internal.ticket_guard() IS 'trigger: refuses illegal transitions, keeps updated_at, solved_at and closed_at';

CREATE TRIGGER ticket_guard_insert BEFORE INSERT ON respond.ticket
	FOR EACH ROW WHEN (NEW.status IN ('solved', 'closed')) EXECUTE FUNCTION respond_internal.ticket_guard();
COMMENT ON TRIGGER ticket_guard_insert ON respond.ticket IS 'gives a ticket that is entered solved or closed its times';
CREATE TRIGGER ticket_guard_update BEFORE UPDATE ON respond.ticket
	FOR EACH ROW EXECUTE FUNCTION respond_internal.ticket_guard();
COMMENT ON TRIGGER ticket_guard_update ON respond.ticket IS 'refuses illegal transitions, keeps updated_at, solved_at and closed_at';

-- References.  There are no foreign keys: see src/desk/reference.c.
CREATE FUNCTION respond_internal.team_reference() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_team_reference';
COMMENT ON FUNCTION respond_internal.team_reference() IS 'trigger: keeps a team that has tickets, gives them its new name';

CREATE TRIGGER team_reference AFTER DELETE ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.team_reference();
COMMENT ON TRIGGER team_reference ON respond.team IS 'refuses to delete a team that has tickets';
CREATE TRIGGER team_reference_rename AFTER UPDATE OF name ON respond.team
	FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name) EXECUTE FUNCTION respond_internal.team_reference();
COMMENT ON TRIGGER team_reference_rename ON respond.team IS 'gives the tickets of a team its new name';
CREATE TRIGGER team_reference_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.team_reference();
COMMENT ON TRIGGER team_reference_truncate ON respond.team IS 'refuses to remove teams that have tickets';

CREATE FUNCTION respond_internal.ticket_reference() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_ticket_reference';
COMMENT ON FUNCTION respond_internal.ticket_reference() IS 'trigger: removes the comments when all tickets are removed';

CREATE TRIGGER ticket_reference_truncate AFTER TRUNCATE ON respond.ticket
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.ticket_reference();
COMMENT ON TRIGGER ticket_reference_truncate ON respond.ticket IS 'removes the comments when all tickets are removed';

-- History, events and audit: once per statement.
CREATE FUNCTION respond_internal.ticket_record() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_ticket_record';
COMMENT ON FUNCTION respond_internal.ticket_record() IS 'trigger: writes what a statement did to tickets into history, events and audit log';

CREATE TRIGGER ticket_record_insert AFTER INSERT ON respond.ticket REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.ticket_record();
COMMENT ON TRIGGER ticket_record_insert ON respond.ticket IS 'history, event ticket.created and audit of new tickets';
CREATE TRIGGER ticket_record_update AFTER UPDATE ON respond.ticket REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.ticket_record();
COMMENT ON TRIGGER ticket_record_update ON respond.ticket IS 'history, event ticket.updated and audit of changed tickets';
CREATE TRIGGER ticket_record_delete AFTER DELETE ON respond.ticket REFERENCING OLD TABLE AS old_rows
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.ticket_record();
COMMENT ON TRIGGER ticket_record_delete ON respond.ticket IS 'history, event ticket.deleted and audit of deleted tickets';

CREATE FUNCTION respond_internal.comment_record() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_comment_record';
COMMENT ON FUNCTION respond_internal.comment_record() IS 'trigger: writes new comments into history, events and audit log';

CREATE TRIGGER comment_record_insert AFTER INSERT ON respond.comment REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.comment_record();
COMMENT ON TRIGGER comment_record_insert ON respond.comment IS 'history, event ticket.commented and audit of new comments';

SELECT pg_catalog.pg_extension_config_dump('respond.team', '');
SELECT pg_catalog.pg_extension_config_dump('respond.ticket', '');
COMMENT ON SEQUENCE respond.ticket_id_seq IS 'numbers of tickets';
SELECT pg_catalog.pg_extension_config_dump('respond.ticket_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond.comment', '');
COMMENT ON SEQUENCE respond.comment_id_seq IS 'numbers of comments';
SELECT pg_catalog.pg_extension_config_dump('respond.comment_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond.ticket_history', '');
COMMENT ON SEQUENCE respond.ticket_history_id_seq IS 'numbers of changes of tickets';
SELECT pg_catalog.pg_extension_config_dump('respond.ticket_history_id_seq', '');
-- 60_audit.sql: the audit log.

CREATE TABLE respond.audit_log (
	id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	action text NOT NULL,
	object_type text NOT NULL,
	object_id text,
	event_id bigint,
	run_id bigint,
	rule text,
	old jsonb,
	new jsonb
) PARTITION BY RANGE (at);
COMMENT ON TABLE respond.audit_log IS 'who did what, when and why; append-only for everybody';
COMMENT ON COLUMN respond.audit_log.id IS 'number of the row';
COMMENT ON COLUMN respond.audit_log.at IS 'when it was done';
COMMENT ON COLUMN respond.audit_log.actor IS 'who did it: a role, or rule:NAME';
COMMENT ON COLUMN respond.audit_log.action IS 'what was done, for example ticket.created or rule.updated';
COMMENT ON COLUMN respond.audit_log.object_type IS 'kind of thing that it was done to';
COMMENT ON COLUMN respond.audit_log.object_id IS 'which one';
COMMENT ON COLUMN respond.audit_log.event_id IS 'event that led to it';
COMMENT ON COLUMN respond.audit_log.run_id IS 'run that did it';
COMMENT ON COLUMN respond.audit_log.rule IS 'rule that did it';
COMMENT ON COLUMN respond.audit_log.old IS 'what was there before; of a changed thing, the values that changed';
COMMENT ON COLUMN respond.audit_log.new IS 'what is there now; of a changed thing, the values that changed';

CREATE TABLE respond.audit_log_default PARTITION OF respond.audit_log DEFAULT;
CREATE UNIQUE INDEX audit_log_default_id_idx ON respond.audit_log_default (id);
COMMENT ON TABLE respond.audit_log_default IS 'audit rows for whose time there is no partition yet';
COMMENT ON INDEX respond.audit_log_default_id_idx IS 'finds an audit row by its number';

CREATE FUNCTION respond_internal.audit_guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_guard';
COMMENT ON FUNCTION respond_internal.audit_guard() IS 'trigger: refuses to change the audit log';

-- The trigger for each row is inherited by partitions, the one for each
-- statement is not; it covers TRUNCATE, and INSERT without a cost per row.
-- ALWAYS: session_replication_role does not switch them off.
CREATE FUNCTION respond_internal.guard_audit_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE pg_catalog.format('CREATE TRIGGER audit_guard_statement BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
		FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_guard()', partition);
	EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_guard_statement', partition);
END
$$;
COMMENT ON FUNCTION respond_internal.guard_audit_partition(regclass) IS 'makes a new partition of the audit log append-only';

CREATE TRIGGER audit_guard_row BEFORE UPDATE OR DELETE ON respond.audit_log
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_guard();
ALTER TABLE respond.audit_log ENABLE ALWAYS TRIGGER audit_guard_row;
COMMENT ON TRIGGER audit_guard_row ON respond.audit_log IS 'keeps the rows of the audit log as they are, in partitions too';
SELECT respond_internal.guard_audit_partition('respond.audit_log');
SELECT respond_internal.guard_audit_partition('respond.audit_log_default');
COMMENT ON TRIGGER audit_guard_statement ON respond.audit_log IS 'keeps the audit log append-only';
COMMENT ON TRIGGER audit_guard_statement ON respond.audit_log_default IS 'keeps the audit log append-only';

CREATE FUNCTION respond_internal.audit(action text, object_type text, object_id text, old jsonb, new jsonb) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_record';
COMMENT ON FUNCTION respond_internal.audit(text, text, text, jsonb, jsonb) IS 'appends one row to the audit log; for functions of pg_respond';

CREATE FUNCTION respond_internal.audit_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_audit_row';
COMMENT ON FUNCTION respond_internal.audit_row() IS 'trigger: writes what happened to a row into the audit log; argument: kind of the object, default the table''s name';

CREATE TRIGGER team_audit AFTER INSERT OR UPDATE OR DELETE ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_audit ON respond.team IS 'puts changes of teams on record';
CREATE TRIGGER comment_audit AFTER UPDATE OR DELETE ON respond.comment
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER comment_audit ON respond.comment IS 'puts changes of comments on record';
CREATE TRIGGER team_audit_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_audit_truncate ON respond.team IS 'puts the removal of all teams on record';
CREATE TRIGGER ticket_audit_truncate AFTER TRUNCATE ON respond.ticket
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER ticket_audit_truncate ON respond.ticket IS 'puts the removal of all tickets on record';
CREATE TRIGGER comment_audit_truncate AFTER TRUNCATE ON respond.comment
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER comment_audit_truncate ON respond.comment IS 'puts the removal of all comments on record';

SELECT pg_catalog.pg_extension_config_dump('respond.audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_default', '');
COMMENT ON SEQUENCE respond.audit_log_id_seq IS 'numbers of rows of the audit log';
SELECT pg_catalog.pg_extension_config_dump('respond.audit_log_id_seq', '');
-- 61_channel.sql: where messages go, and how each provider wants them.

-- A provider is a row: what it is spoken to with, and templates for what it is told.
CREATE TABLE respond.channel_kind (
	name text PRIMARY KEY,
	transport text NOT NULL CHECK (transport IN ('http', 'smtp', 'notify')),
	description text,
	method text NOT NULL DEFAULT 'POST',
	url text,
	headers jsonb NOT NULL DEFAULT '{}',
	body jsonb,
	encoding text NOT NULL DEFAULT 'json' CHECK (encoding IN ('json', 'form', 'text')),
	escape text NOT NULL DEFAULT 'none' CHECK (escape IN ('none', 'html', 'json', 'slack', 'url')),
	signature boolean NOT NULL DEFAULT false,
	auth text CHECK (auth IN ('basic', 'bearer')),
	needs_text boolean NOT NULL DEFAULT false,
	options jsonb NOT NULL DEFAULT '{}',
	required_options text[] NOT NULL DEFAULT '{}',
	built_in boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE respond.channel_kind IS 'kinds of channels: a new provider is one more row';
COMMENT ON COLUMN respond.channel_kind.name IS 'name of the kind; channels refer to it';
COMMENT ON COLUMN respond.channel_kind.transport IS 'http (and https), smtp (and smtps), or notify for LISTEN/NOTIFY in this database';
COMMENT ON COLUMN respond.channel_kind.description IS 'what it is for, and what its options mean';
COMMENT ON COLUMN respond.channel_kind.method IS 'HTTP method';
COMMENT ON COLUMN respond.channel_kind.url IS 'where channels without url send to; a template, as the url of a channel';
COMMENT ON COLUMN respond.channel_kind.headers IS 'HTTP headers: an object of templates; those that come out empty are not sent';
COMMENT ON COLUMN respond.channel_kind.body IS 'the request body: a JSON value whose strings are templates over text, title, to, data, type, subject, options, secret and so on; members of the outermost object that come out null or empty are left out';
COMMENT ON COLUMN respond.channel_kind.encoding IS 'how the body is written: json, form (urlencoded members), or text (the body is one string)';
COMMENT ON COLUMN respond.channel_kind.escape IS 'what is done to values in text and body, see render(); JSON quoting and urlencoding are done in any case';
COMMENT ON COLUMN respond.channel_kind.signature IS 'whether requests are signed as Standard Webhooks asks for, when the channel has a secret';
COMMENT ON COLUMN respond.channel_kind.auth IS 'basic: option username and the secret; bearer: the secret as token; NULL: neither';
COMMENT ON COLUMN respond.channel_kind.needs_text IS 'whether a message without text and body is refused';
COMMENT ON COLUMN respond.channel_kind.options IS 'the options that channels of this kind may have, with their defaults; null: no default';
COMMENT ON COLUMN respond.channel_kind.required_options IS 'options that a channel must have';
COMMENT ON COLUMN respond.channel_kind.built_in IS 'part of pg_respond; cannot be changed';

CREATE TABLE respond.channel (
	name text PRIMARY KEY,
	kind text NOT NULL,
	url text,
	options jsonb NOT NULL DEFAULT '{}',
	secret text,
	max_attempts integer NOT NULL DEFAULT 10,
	retry_delays interval[],
	timeout interval NOT NULL DEFAULT '15 s',
	rate_limit double precision,
	concurrency integer NOT NULL DEFAULT 16,
	ordered boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	disabled_reason text,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.channel IS 'where messages go; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.channel.name IS 'name of the channel; steps refer to it; it cannot be changed';
COMMENT ON COLUMN respond.channel.kind IS 'a row of channel_kind';
COMMENT ON COLUMN respond.channel.url IS 'where to; a template in which path and query may name {{secret}}, {{options.x}} and values of the event; never with a user or password';
COMMENT ON COLUMN respond.channel.options IS 'options of the kind, see channel_kind.options';
COMMENT ON COLUMN respond.channel.secret IS 'write only: kept encrypted elsewhere, always reads as NULL; see set_secret()';
COMMENT ON COLUMN respond.channel.max_attempts IS 'tries before a delivery is dead';
COMMENT ON COLUMN respond.channel.retry_delays IS 'waits between tries, the last one repeats; NULL: those of Standard Webhooks, 10 tries over 75 hours';
COMMENT ON COLUMN respond.channel.timeout IS 'time that one try may take, from its sending on';
COMMENT ON COLUMN respond.channel.rate_limit IS 'requests per second at most; NULL: no limit';
COMMENT ON COLUMN respond.channel.concurrency IS 'requests at the same time at most';
COMMENT ON COLUMN respond.channel.ordered IS 'one request at a time for each subject of an event, in the order of the events';
COMMENT ON COLUMN respond.channel.enabled IS 'whether it is used; deliveries of a disabled channel wait';
COMMENT ON COLUMN respond.channel.disabled_reason IS 'why pg_respond disabled it, for example after an answer 410';
COMMENT ON COLUMN respond.channel.description IS 'what it is for';
COMMENT ON COLUMN respond.channel.created_at IS 'when it was made';
COMMENT ON COLUMN respond.channel.updated_at IS 'when it was last changed';

CREATE FUNCTION respond_internal.channel_kind_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_kind_validate';
COMMENT ON FUNCTION respond_internal.channel_kind_validate() IS 'trigger: refuses kinds that could not work, and changes of the built-in ones';
CREATE FUNCTION respond_internal.channel_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_validate';
COMMENT ON FUNCTION respond_internal.channel_validate() IS 'trigger: refuses channels that could not work, puts the secret away';
CREATE FUNCTION respond_internal.channel_begin() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_begin';
COMMENT ON FUNCTION respond_internal.channel_begin() IS 'trigger: forgets secrets that an earlier statement gave for rows that did not come about';
CREATE FUNCTION respond_internal.channel_keep_secret() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_keep_secret';
COMMENT ON FUNCTION respond_internal.channel_keep_secret() IS 'trigger: encrypts and keeps the secret that was given with the row';
CREATE FUNCTION respond_internal.channels_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channels_changed';
COMMENT ON FUNCTION respond_internal.channels_changed() IS 'trigger: makes workers read the channels again after the commit';

-- The rows that come with the extension; before the triggers, which refuse them to everybody else.
INSERT INTO respond.channel_kind (name, transport, description, url, headers, body, encoding, escape, signature, auth, needs_text, options, required_options, built_in) VALUES
('webhook', 'http', 'signed request as Standard Webhooks describes it, with the headers of CloudEvents. content_type: of the body',
	NULL,
	'{"ce-specversion": "1.0", "ce-id": "{{{ce.id}}}", "ce-source": "{{{ce.source}}}", "ce-type": "{{{ce.type}}}", "ce-subject": "{{{ce.subject}}}", "ce-time": "{{{ce.time}}}"}',
	'{"type": "{{{ce.type}}}", "timestamp": "{{{ce.time}}}", "text": "{{{text}}}", "data": "{{data}}"}',
	'json', 'none', true, NULL, false, '{"content_type": null}', '{}', true),
('slack', 'http', 'incoming webhook of Slack; the url, or its last part as {{secret}}, is the secret',
	NULL, '{}', '{"text": "{{{text}}}"}', 'json', 'slack', false, NULL, true, '{}', '{}', true),
('teams', 'http', 'workflow webhook of Microsoft Teams',
	NULL, '{}',
	'{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, "text": "{{{text}}}"}]}}]}',
	'json', 'none', false, NULL, true, '{}', '{}', true),
('sms', 'http', 'form-encoded API as that of Twilio. username: account, the secret is its token; from, to: numbers',
	NULL, '{}', '{"To": "{{to}}", "From": "{{options.from}}", "Body": "{{{text}}}"}',
	'form', 'none', false, 'basic', true, '{"username": null, "from": null, "to": null}', '{from}', true),
('pagerduty', 'http', 'Events API v2 of PagerDuty; the secret is the routing key. severity, event_action, dedup_key (the event''s subject if not given): as PagerDuty has them',
	'https://events.pagerduty.com/v2/enqueue', '{}',
	'{"routing_key": "{{{secret}}}", "event_action": "{{{options.event_action}}}", "dedup_key": "{{{options.dedup_key}}}{{^options.dedup_key}}{{{subject}}}{{/options.dedup_key}}", "payload": {"summary": "{{{text}}}", "source": "{{{ce.source}}}", "severity": "{{{options.severity}}}", "timestamp": "{{{ce.time}}}", "custom_details": "{{data}}"}}',
	'json', 'none', false, NULL, true, '{"severity": "error", "event_action": "trigger", "dedup_key": null}', '{}', true),
('email', 'smtp', 'mail. from, reply_to, to, cc, bcc: addresses, where steps do not say; username with the secret as password; tls: starttls or none (superusers only), smtps:// has TLS from the start; domain: said in EHLO',
	NULL, '{}', NULL, 'text', 'none', false, NULL, true,
	'{"from": null, "reply_to": null, "to": null, "cc": null, "bcc": null, "username": null, "tls": "starttls", "domain": null}', '{}', true),
('notify', 'notify', 'NOTIFY in this database. notify_channel: channel to LISTEN on, the name of the channel if not given',
	NULL, '{}', NULL, 'text', 'none', false, NULL, false, '{"notify_channel": null}', '{}', true);

CREATE TRIGGER channel_kind_validate BEFORE INSERT OR UPDATE OR DELETE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_validate();
COMMENT ON TRIGGER channel_kind_validate ON respond.channel_kind IS 'refuses kinds that could not work, and changes of the built-in ones';
CREATE TRIGGER channels_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.channel_kind
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channels_changed();
COMMENT ON TRIGGER channels_changed ON respond.channel_kind IS 'makes workers read the channels again';
CREATE TRIGGER channel_validate BEFORE INSERT OR UPDATE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_validate();
-- Whatever the session's replication role: a secret must never reach the table.
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_validate;
COMMENT ON TRIGGER channel_validate ON respond.channel IS 'refuses channels that could not work, puts the secret away';
CREATE TRIGGER channel_begin BEFORE INSERT OR UPDATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channel_begin();
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_begin;
COMMENT ON TRIGGER channel_begin ON respond.channel IS 'forgets secrets that an earlier statement gave for rows that did not come about';
CREATE TRIGGER channel_keep_secret AFTER INSERT OR UPDATE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_keep_secret();
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_keep_secret;
COMMENT ON TRIGGER channel_keep_secret ON respond.channel IS 'encrypts and keeps the secret that was given with the row';
CREATE TRIGGER channels_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channels_changed();
COMMENT ON TRIGGER channels_changed ON respond.channel IS 'makes workers read the channels again';

CREATE TRIGGER channel_audit AFTER INSERT OR UPDATE OR DELETE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_audit ON respond.channel IS 'puts changes of channels on record, without their secrets';
CREATE TRIGGER channel_audit_truncate AFTER TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_audit_truncate ON respond.channel IS 'puts the removal of all channels on record';
CREATE TRIGGER channel_kind_audit AFTER INSERT OR UPDATE OR DELETE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_kind_audit ON respond.channel_kind IS 'puts changes of kinds of channels on record';
CREATE TRIGGER channel_kind_audit_truncate AFTER TRUNCATE ON respond.channel_kind
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_kind_audit_truncate ON respond.channel_kind IS 'puts the removal of all kinds of channels on record';

SELECT pg_catalog.pg_extension_config_dump('respond.channel_kind', 'WHERE NOT built_in');
SELECT pg_catalog.pg_extension_config_dump('respond.channel', '');
-- 62_secret.sql: secrets of channels.

-- Written by C code alone: set_secret() and the trigger of respond.channel.
CREATE TABLE respond_internal.channel_secret (
	channel text PRIMARY KEY,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text
);
COMMENT ON TABLE respond_internal.channel_secret IS 'secrets of channels, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.channel_secret.channel IS 'name of the channel; part of what is sealed, so a row is of no use to another channel';
COMMENT ON COLUMN respond_internal.channel_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM';
COMMENT ON COLUMN respond_internal.channel_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.channel_secret.set_by IS 'who set it: a role, or rule:NAME';

CREATE FUNCTION respond.set_secret(channel text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_secret';
COMMENT ON FUNCTION respond.set_secret(text, text) IS 'sets the secret of a channel, NULL removes it; needs the right to update channels';

CREATE FUNCTION respond.rotate_secrets() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rotate_secrets';
COMMENT ON FUNCTION respond.rotate_secrets() IS 'encrypts all secrets with the first key of pg_respond.secret_key_file; returns how many were under another key';

CREATE FUNCTION respond_internal.secret_key_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_secret_key_status_sql';
COMMENT ON FUNCTION respond_internal.secret_key_status() IS 'why no secret can be encrypted or decrypted now; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.secret_fault(channel text, sealed bytea) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_secret_fault';
COMMENT ON FUNCTION respond_internal.secret_fault(text, bytea) IS 'why the secret of a channel cannot be decrypted; NULL: it can';

-- A dump holds what is sealed; without the key file it is of no use.
SELECT pg_catalog.pg_extension_config_dump('respond_internal.channel_secret', '');
-- 63_delivery.sql: what leaves the database: the outbox, and each try.

CREATE SEQUENCE respond.delivery_id_seq;
COMMENT ON SEQUENCE respond.delivery_id_seq IS 'numbers of deliveries';

CREATE TABLE respond.delivery (
	id bigint NOT NULL DEFAULT nextval('respond.delivery_id_seq'),
	key uuid NOT NULL DEFAULT gen_random_uuid(),
	channel text NOT NULL,
	rule text,
	run_id bigint,
	event_id bigint,
	ticket_id bigint,
	subject text,
	status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead', 'cancelled')),
	attempts integer NOT NULL DEFAULT 0,
	next_attempt_at timestamptz,
	last_status integer,
	last_error text,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	attempts_before integer NOT NULL DEFAULT 0,
	due_since timestamptz,
	depth integer NOT NULL DEFAULT 0,
	url text,
	headers jsonb,
	recipients text[],
	body text,
	html text,
	secret_mark text,
	CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE respond.delivery IS 'one row for each message that leaves the database; written before anything is sent';
COMMENT ON COLUMN respond.delivery.id IS 'number of the delivery';
COMMENT ON COLUMN respond.delivery.key IS 'random and constant over all tries; receivers know repeats by it (webhook-id, Message-ID)';
COMMENT ON COLUMN respond.delivery.channel IS 'name of the channel';
COMMENT ON COLUMN respond.delivery.rule IS 'rule that asked for it; NULL: send_test()';
COMMENT ON COLUMN respond.delivery.run_id IS 'run that asked for it';
COMMENT ON COLUMN respond.delivery.event_id IS 'event that led to it';
COMMENT ON COLUMN respond.delivery.ticket_id IS 'ticket that the run opened or is about, if any';
COMMENT ON COLUMN respond.delivery.subject IS 'subject of the event; ordered channels go by it';
COMMENT ON COLUMN respond.delivery.status IS 'pending, delivered, dead (last_error says why) or cancelled';
COMMENT ON COLUMN respond.delivery.attempts IS 'tries so far';
COMMENT ON COLUMN respond.delivery.next_attempt_at IS 'when it is tried next; NULL once it ended';
COMMENT ON COLUMN respond.delivery.last_status IS 'status that the receiver answered with last: of HTTP or SMTP; NULL: no answer';
COMMENT ON COLUMN respond.delivery.last_error IS 'what went wrong last, or why it was given up; of one that was delivered, a remark';
COMMENT ON COLUMN respond.delivery.created_at IS 'when it was recorded';
COMMENT ON COLUMN respond.delivery.finished_at IS 'when it ended';
COMMENT ON COLUMN respond.delivery.attempts_before IS 'tries before it was begun anew with retry()';
COMMENT ON COLUMN respond.delivery.due_since IS 'when it was begun anew with retry(); NULL: never';
COMMENT ON COLUMN respond.delivery.depth IS 'number of events that caused each other before it';
COMMENT ON COLUMN respond.delivery.url IS 'where to, if that depends on the event; NULL: the url of the channel';
COMMENT ON COLUMN respond.delivery.headers IS 'HTTP headers, or From, To, Cc, Reply-To and Subject of a mail';
COMMENT ON COLUMN respond.delivery.recipients IS 'addresses that a mail goes to; the channel to LISTEN on when a step has named one';
COMMENT ON COLUMN respond.delivery.body IS 'request body; of a mail, its text';
COMMENT ON COLUMN respond.delivery.html IS 'of a mail, its text as HTML';
COMMENT ON COLUMN respond.delivery.secret_mark IS 'where this stands in url, headers and body, the secret of the channel is put in when the request is sent; NULL: nowhere';

CREATE TABLE respond.delivery_default PARTITION OF respond.delivery DEFAULT;
CREATE UNIQUE INDEX delivery_default_id_idx ON respond.delivery_default (id);
CREATE INDEX delivery_default_event_id_idx ON respond.delivery_default (event_id);
CREATE INDEX delivery_default_pending_idx ON respond.delivery_default (channel, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX delivery_default_subject_idx ON respond.delivery_default (channel, (coalesce(subject, '')), id) WHERE status = 'pending';
CREATE INDEX delivery_default_dead_idx ON respond.delivery_default (channel, id) WHERE status = 'dead';
COMMENT ON INDEX respond.delivery_default_id_idx IS 'finds a delivery by its number';
COMMENT ON INDEX respond.delivery_default_event_id_idx IS 'finds the deliveries of an event';
COMMENT ON INDEX respond.delivery_default_pending_idx IS 'lets the courier take up what waits, in the order in which it is due';
COMMENT ON INDEX respond.delivery_default_subject_idx IS 'finds the first that waits of each subject in an ordered channel';
COMMENT ON INDEX respond.delivery_default_dead_idx IS 'finds dead letters';
COMMENT ON TABLE respond.delivery_default IS 'deliveries for whose time there is no partition yet';

CREATE TABLE respond.attempt (
	delivery_id bigint NOT NULL,
	number integer NOT NULL,
	at timestamptz NOT NULL,
	duration interval NOT NULL,
	status integer,
	error text,
	response text
) PARTITION BY RANGE (at);
COMMENT ON TABLE respond.attempt IS 'one row for each try of a delivery';
COMMENT ON COLUMN respond.attempt.delivery_id IS 'the delivery';
COMMENT ON COLUMN respond.attempt.number IS 'counted from 1 for each delivery';
COMMENT ON COLUMN respond.attempt.at IS 'when the request was sent';
COMMENT ON COLUMN respond.attempt.duration IS 'from the sending to the end of the answer';
COMMENT ON COLUMN respond.attempt.status IS 'status of the answer, of HTTP or SMTP; NULL: none came';
COMMENT ON COLUMN respond.attempt.error IS 'what went wrong; NULL: nothing';
COMMENT ON COLUMN respond.attempt.response IS 'the beginning of the answer';

CREATE TABLE respond.attempt_default PARTITION OF respond.attempt DEFAULT;
CREATE INDEX attempt_default_delivery_id_idx ON respond.attempt_default (delivery_id);
COMMENT ON INDEX respond.attempt_default_delivery_id_idx IS 'finds the tries of a delivery';
COMMENT ON TABLE respond.attempt_default IS 'tries for whose time there is no partition yet';

SELECT pg_catalog.pg_extension_config_dump('respond.delivery', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt_default', '');
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
-- 65_delivery_tools.sql: deliveries by hand: again, or not at all.

-- Dispatchers tell the courier themselves of what they record.  Whatever else is
-- done to deliveries makes it look at all that is pending, after the commit.
CREATE FUNCTION respond_internal.deliveries_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_deliveries_changed';
COMMENT ON FUNCTION respond_internal.deliveries_changed() IS 'trigger: lets the courier look at the pending deliveries anew after the commit';
CREATE TRIGGER deliveries_changed AFTER INSERT OR UPDATE OR DELETE ON respond.delivery
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.deliveries_changed();
COMMENT ON TRIGGER deliveries_changed ON respond.delivery IS 'lets the courier look at the pending deliveries anew';

CREATE FUNCTION respond.retry(delivery_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	PERFORM respond_internal.check_primary('retry()');
	SELECT d.id, d.status, d.channel, d.created_at, EXISTS (SELECT FROM respond.channel AS c WHERE c.name = d.channel) AS has_channel
	  INTO found_one FROM respond.delivery AS d WHERE d.id = $1 FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % does not exist', $1 USING ERRCODE = 'no_data_found';
	ELSIF found_one.status = 'delivered' THEN
		RAISE EXCEPTION 'delivery % was delivered', $1
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'respond.replay(event_id) makes a new one.';
	ELSIF NOT found_one.has_channel THEN
		RAISE EXCEPTION 'delivery % cannot be tried again: channel "%" does not exist', $1, found_one.channel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Make a channel of that name first.';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL,
		   last_error = CASE WHEN d.status <> 'cancelled' THEN d.last_error END,
		   attempts_before = CASE WHEN d.status = 'pending' THEN d.attempts_before ELSE d.attempts END,
		   due_since = CASE WHEN d.status = 'pending' THEN d.due_since ELSE clock_timestamp() END
	 WHERE d.id = $1 AND d.created_at = found_one.created_at;
	PERFORM respond_internal.audit('delivery.retried', 'delivery', $1::text, jsonb_build_object('status', found_one.status), jsonb_build_object('status', 'pending'));
END
$$;
COMMENT ON FUNCTION respond.retry(bigint) IS 'tries a delivery again from the commit on, whatever it waits for; one that is dead or cancelled begins its tries anew';

CREATE FUNCTION respond.retry_channel(name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	retried bigint;
BEGIN
	PERFORM respond_internal.check_primary('retry_channel()');
	IF NOT EXISTS (SELECT FROM respond.channel AS c WHERE c.name = $1) THEN
		RAISE EXCEPTION 'channel "%" does not exist', $1 USING ERRCODE = 'undefined_object';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL, attempts_before = d.attempts, due_since = clock_timestamp()
	 WHERE d.channel = $1 AND d.status = 'dead';
	GET DIAGNOSTICS retried = ROW_COUNT;
	UPDATE respond.delivery AS d SET next_attempt_at = clock_timestamp()
	 WHERE d.channel = $1 AND d.status = 'pending' AND d.next_attempt_at > clock_timestamp();
	PERFORM respond_internal.audit('channel.retried', 'channel', $1, NULL, jsonb_build_object('deliveries', retried));
	RETURN retried;
END
$$;
COMMENT ON FUNCTION respond.retry_channel(text) IS 'tries the dead deliveries of a channel again, and those that wait for their next try at once; returns how many were dead';

CREATE FUNCTION respond.discard(delivery_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	PERFORM respond_internal.check_primary('discard()');
	SELECT d.status, d.created_at, d.channel INTO found_one FROM respond.delivery AS d WHERE d.id = $1 FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % does not exist', $1 USING ERRCODE = 'no_data_found';
	ELSIF found_one.status NOT IN ('pending', 'dead') THEN
		RAISE EXCEPTION 'delivery % is % and cannot be discarded', $1, found_one.status USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'cancelled', next_attempt_at = NULL, finished_at = clock_timestamp(),
		   last_error = concat_ws(E'\n', 'discarded by ' || respond_internal.actor(), d.last_error)
	 WHERE d.id = $1 AND d.created_at = found_one.created_at;
	PERFORM respond_internal.audit('delivery.discarded', 'delivery', $1::text, jsonb_build_object('status', found_one.status), jsonb_build_object('status', 'cancelled'));
END
$$;
COMMENT ON FUNCTION respond.discard(bigint) IS 'cancels a delivery that is pending or dead; a try that is under way is not called back';

CREATE FUNCTION respond.send_test(channel text, recipient text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_send_test';
COMMENT ON FUNCTION respond.send_test(text, text) IS 'sends a test message through a channel, to this recipient if the kind has recipients, and returns the number of the delivery, whose row tells what came of it';

-- Whatever waits for a channel that is gone ends here, with the reason.
CREATE FUNCTION respond_internal.channel_deleted() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_deleted';
COMMENT ON FUNCTION respond_internal.channel_deleted() IS 'trigger: cancels what was to go through the channel, forgets its secret';
CREATE TRIGGER channel_deleted AFTER DELETE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_deleted();
COMMENT ON TRIGGER channel_deleted ON respond.channel IS 'cancels what was to go through the channel';
CREATE TRIGGER channel_truncated AFTER TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channel_deleted();
COMMENT ON TRIGGER channel_truncated ON respond.channel IS 'cancels what was to go through the channels';
-- 66_channel_stats.sql: how each channel fares.

CREATE FUNCTION respond_internal.channel_counters(channel text,
	OUT delivered bigint, OUT retried bigint, OUT dead bigint, OUT p50 double precision, OUT p95 double precision,
	OUT p99 double precision, OUT last_at timestamptz, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_channel_counters';
COMMENT ON FUNCTION respond_internal.channel_counters(text) IS 'requests of a channel since the server started, from shared memory';

CREATE FUNCTION respond_internal.has_secret(channel text) RETURNS boolean
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM respond_internal.channel_secret AS s WHERE s.channel = $1)
$$;
COMMENT ON FUNCTION respond_internal.has_secret(text) IS 'whether the channel has a secret';

CREATE VIEW respond.channel_stats WITH (security_invoker = true) AS
SELECT c.name AS channel, c.kind, c.enabled, s.delivered, s.retried, s.dead, s.p50, s.p95, s.p99, s.last_at, s.since,
	   respond_internal.has_secret(c.name) AS has_secret
  FROM respond.channel AS c
 CROSS JOIN LATERAL respond_internal.channel_counters(c.name) AS s;
COMMENT ON VIEW respond.channel_stats IS 'how the requests of each channel fared since the server started, from shared memory; tables delivery and attempt have them one by one';
COMMENT ON COLUMN respond.channel_stats.channel IS 'name of the channel';
COMMENT ON COLUMN respond.channel_stats.kind IS 'its kind';
COMMENT ON COLUMN respond.channel_stats.enabled IS 'whether it is used';
COMMENT ON COLUMN respond.channel_stats.delivered IS 'deliveries that arrived';
COMMENT ON COLUMN respond.channel_stats.retried IS 'tries that failed and were followed, or will be, by another';
COMMENT ON COLUMN respond.channel_stats.dead IS 'deliveries that were given up';
COMMENT ON COLUMN respond.channel_stats.p50 IS 'milliseconds that half of the requests did not exceed, to a tenth of it';
COMMENT ON COLUMN respond.channel_stats.p95 IS 'the same for 95 of 100';
COMMENT ON COLUMN respond.channel_stats.p99 IS 'the same for 99 of 100';
COMMENT ON COLUMN respond.channel_stats.last_at IS 'when the last of them was recorded';
COMMENT ON COLUMN respond.channel_stats.since IS 'since when they are counted';
COMMENT ON COLUMN respond.channel_stats.has_secret IS 'whether it has a secret, which nobody can read';
-- 67_mask.sql: fields that are kept out of the audit log and of what leaves the database.

CREATE TABLE respond.mask (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	path text NOT NULL,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mask IS 'fields of events whose values reach neither the audit log nor a delivery; *** stands in their place';
COMMENT ON COLUMN respond.mask.id IS 'number of the mask';
COMMENT ON COLUMN respond.mask.event_type IS 'type of the events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.mask.path IS 'the field in data: names with points between them, such as card.number; "*" stands for any one name, arrays are looked through';
COMMENT ON COLUMN respond.mask.reason IS 'why';
COMMENT ON COLUMN respond.mask.actor IS 'who masked';

CREATE FUNCTION respond_internal.mask_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_mask_validate';
COMMENT ON FUNCTION respond_internal.mask_validate() IS 'trigger: refuses masks that name nothing';
CREATE FUNCTION respond_internal.masks_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_masks_changed';
COMMENT ON FUNCTION respond_internal.masks_changed() IS 'trigger: makes sessions and workers read the masks again after the commit';

CREATE TRIGGER mask_validate BEFORE INSERT OR UPDATE ON respond.mask
	FOR EACH ROW EXECUTE FUNCTION respond_internal.mask_validate();
COMMENT ON TRIGGER mask_validate ON respond.mask IS 'refuses masks that name nothing';
CREATE TRIGGER masks_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.mask
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.masks_changed();
COMMENT ON TRIGGER masks_changed ON respond.mask IS 'makes sessions and workers read the masks again';
CREATE TRIGGER mask_audit AFTER INSERT OR UPDATE OR DELETE ON respond.mask
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mask_audit ON respond.mask IS 'puts changes of masks on record';
CREATE TRIGGER mask_audit_truncate AFTER TRUNCATE ON respond.mask
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mask_audit_truncate ON respond.mask IS 'puts the removal of all masks on record';

SELECT pg_catalog.pg_extension_config_dump('respond.mask', '');
COMMENT ON SEQUENCE respond.mask_id_seq IS 'numbers of masks';
SELECT pg_catalog.pg_extension_config_dump('respond.mask_id_seq', '');
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
COMMENT ON TRIGGER rules_changed ON respond.route IS 'makes dispatchers load the routes again';

SELECT pg_catalog.pg_extension_config_dump('respond.route', '');
-- 71_rule_audit.sql: changes of rules, mutes and routes on record.

CREATE TRIGGER rule_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit ON respond.rule IS 'puts changes of rules on record';
CREATE TRIGGER rule_audit_truncate AFTER TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rule_audit_truncate ON respond.rule IS 'puts the removal of all rules on record';
CREATE TRIGGER mute_audit AFTER INSERT OR UPDATE OR DELETE ON respond.mute
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit ON respond.mute IS 'puts changes of mutes on record';
CREATE TRIGGER mute_audit_truncate AFTER TRUNCATE ON respond.mute
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER mute_audit_truncate ON respond.mute IS 'puts the removal of all mutes on record';
CREATE TRIGGER route_audit AFTER INSERT OR UPDATE OR DELETE ON respond.route
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit ON respond.route IS 'puts changes of routes on record';
CREATE TRIGGER route_audit_truncate AFTER TRUNCATE ON respond.route
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER route_audit_truncate ON respond.route IS 'puts the removal of all routes on record';
-- 72_rule_tools.sql: trying rules out, asking why, doing it again, starting by hand.

CREATE FUNCTION respond_internal.simulate_rules(type text, data jsonb, subject text, source text, key text, "time" timestamptz)
RETURNS TABLE (rule text, matched boolean, failed_test text, remark text, steps jsonb)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_simulate_rules';
COMMENT ON FUNCTION respond_internal.simulate_rules(text, jsonb, text, text, text, timestamptz) IS 'what each enabled rule would do with an event';

CREATE FUNCTION respond_internal.explain_rules(event_id bigint)
RETURNS TABLE (rule text, matched boolean, failed_test text, remark text, steps jsonb)
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_explain_rules';
COMMENT ON FUNCTION respond_internal.explain_rules(bigint) IS 'what each enabled rule makes of an event of the log';

-- Conditions run with the rights of their rule's owner, so their outcome is
-- for those alone who may see rules.
CREATE FUNCTION respond.simulate(type text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, source text DEFAULT NULL,
	key text DEFAULT NULL, "time" timestamptz DEFAULT NULL)
RETURNS TABLE (rule text, matched boolean, failed_test text, steps jsonb, remark text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT s.rule, s.matched, s.failed_test, s.steps, s.remark
	  FROM respond_internal.simulate_rules($1, $2, $3, $4, $5, $6) AS s
	UNION ALL
	SELECT r.name, false, 'the rule is disabled', NULL, NULL
	  FROM respond.rule AS r WHERE NOT r.enabled
$$;
COMMENT ON FUNCTION respond.simulate(text, jsonb, text, text, text, timestamptz) IS 'what each rule would do with this event: matched or not, the test that failed, the steps with their parameters; changes nothing';

CREATE FUNCTION respond.explain(event_id bigint)
RETURNS TABLE (rule text, fired boolean, reason text, run_id bigint)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	WITH today AS (
		SELECT x.rule, x.matched, x.failed_test, x.remark FROM respond_internal.explain_rules($1) AS x
		UNION ALL
		SELECT r.name, false, 'the rule is disabled', NULL FROM respond.rule AS r WHERE NOT r.enabled
	), done AS (
		SELECT r.id, r.rule, r.status, r.error, r.state, r.replay FROM respond.run AS r WHERE r.event_id = $1
	), dead AS (
		SELECT d.rule, d.reason, d.error FROM respond_internal.dead_event AS d WHERE d.event_id = $1
		 ORDER BY d.at DESC LIMIT 1
	), event AS (
		SELECT e.recorded_at FROM respond.event AS e WHERE e.id = $1
	)
	SELECT COALESCE(d.rule, t.rule),
		d.id IS NOT NULL AND d.status <> 'suppressed',
		CASE
			WHEN d.id IS NOT NULL THEN d.status
				|| COALESCE(': ' || CASE WHEN d.status = 'suppressed' THEN d.state ->> 'suppressed' ELSE d.error END, '')
				|| CASE WHEN d.replay THEN ' (replay)' ELSE '' END
			WHEN NOT t.matched THEN t.failed_test
			WHEN EXISTS (SELECT FROM dead WHERE dead.rule IS NULL OR dead.rule = t.rule)
				THEN (SELECT 'dead letter: ' || COALESCE(dead.error, dead.reason) FROM dead)
			WHEN EXISTS (SELECT FROM respond.rule AS r, event AS e WHERE r.name = t.rule AND r.updated_at > e.recorded_at)
				THEN 'matches as the rule is now, but it was last changed after the event; replay() applies it'
			ELSE 'matches, and was not handled yet'
		END,
		d.id
	  FROM today AS t FULL JOIN done AS d ON d.rule = t.rule
	 ORDER BY 1, 4
$$;
COMMENT ON FUNCTION respond.explain(bigint) IS 'why each rule fired or did not fire for an event, with the run if there is one';

-- What these change belongs to the workers, so they run as its owner; who may
-- call them is decided by grants.
CREATE FUNCTION respond_internal.check_primary(what text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RAISE EXCEPTION '% is not possible on a standby', what
			USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call it on the primary; nothing of pg_respond runs here before promotion.';
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.check_primary(text) IS 'raises an error on a standby';

-- A replayed event has the depth it had, so nothing would end the loop.
CREATE FUNCTION respond_internal.check_outside_rule(what text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF respond_internal.current_cause() IS NOT NULL THEN
		RAISE EXCEPTION '% cannot be called by the SQL of a rule', what
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Record a new event with respond.emit() instead.';
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.check_outside_rule(text) IS 'raises an error while a rule runs';

CREATE FUNCTION respond_internal.check_rule_runs(rule text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	is_enabled boolean;
BEGIN
	SELECT r.enabled INTO is_enabled FROM respond.rule AS r WHERE r.name = check_rule_runs.rule;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'rule "%" does not exist', rule USING ERRCODE = 'undefined_object';
	ELSIF NOT is_enabled THEN
		RAISE EXCEPTION 'rule "%" is disabled', rule USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Enable it first: UPDATE respond.rule SET enabled = true WHERE name = ...';
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.check_rule_runs(text) IS 'raises an error when there is no such rule or it is disabled';

CREATE FUNCTION respond.replay(event_id bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('replay()');
	PERFORM respond_internal.check_outside_rule('replay()');
	INSERT INTO respond_internal.requeue (event_id, recorded_at, replay)
	SELECT e.id, e.recorded_at, true FROM respond.event AS e WHERE e.id = replay.event_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'event % does not exist', event_id
			USING ERRCODE = 'no_data_found', HINT = 'Events leave with their partition, see "pg_respond.event_retention".';
	END IF;
	PERFORM respond_internal.event_xid();
	PERFORM respond_internal.audit('event.replayed', 'event', event_id::text, NULL, NULL);
	RETURN 1;
END
$$;
COMMENT ON FUNCTION respond.replay(bigint) IS 'runs an event again through the rules of today, marked as a replay; returns 1';

CREATE FUNCTION respond.replay(from_time timestamptz, to_time timestamptz, rule text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event_count bigint;
BEGIN
	PERFORM respond_internal.check_primary('replay()');
	PERFORM respond_internal.check_outside_rule('replay()');
	IF from_time IS NULL OR to_time IS NULL THEN
		RAISE EXCEPTION 'replay() needs a time to begin at and one to end before'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Use ''-infinity'' and ''infinity'' for no limit.';
	END IF;
	IF rule IS NOT NULL THEN
		PERFORM respond_internal.check_rule_runs(rule);
	END IF;
	INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, replay)
	SELECT e.id, e.recorded_at, replay.rule, true FROM respond.event AS e
	 WHERE e.recorded_at >= from_time AND e.recorded_at < to_time
	 ORDER BY e.recorded_at, e.id;
	GET DIAGNOSTICS event_count = ROW_COUNT;
	IF event_count > 0 THEN
		PERFORM respond_internal.event_xid();
		PERFORM respond_internal.audit('event.replayed', 'rule', rule, NULL,
			pg_catalog.jsonb_build_object('from_time', from_time, 'to_time', to_time, 'events', event_count));
	END IF;
	RETURN event_count;
END
$$;
COMMENT ON FUNCTION respond.replay(timestamptz, timestamptz, text) IS 'runs the events recorded in [from_time, to_time) again through the rules of today, or through one of them, marked as a replay; returns how many';

CREATE FUNCTION respond.start(rule text, data jsonb DEFAULT '{}', subject text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	new_run bigint;
	new_event record;
BEGIN
	PERFORM respond_internal.check_primary('start()');
	PERFORM respond_internal.check_rule_runs(rule);
	new_run := pg_catalog.nextval('respond.run_id_seq');
	INSERT INTO respond.event (type, subject, data)
	VALUES ('rule.start', start.subject, COALESCE(start.data, '{}'))
	RETURNING id, recorded_at INTO new_event;
	INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, forced, run_id)
	VALUES (new_event.id, new_event.recorded_at, start.rule, true, new_run);
	PERFORM respond_internal.audit('rule.started', 'rule', rule, NULL, pg_catalog.jsonb_build_object('run_id', new_run, 'event_id', new_event.id));
	RETURN new_run;
END
$$;
COMMENT ON FUNCTION respond.start(text, jsonb, text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, without asking its type, pattern and condition; returns the number that the run will have';
-- 73_rule_import.sql: rules under version control.

-- The fields of a rule that are its own, and not of the database it is in.
CREATE FUNCTION respond_internal.rule_document(rule respond.rule) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.jsonb_object_agg(f.key, f.value)
	  FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb($1) - ARRAY['version', 'created_at', 'updated_at']) AS f
	 WHERE f.value <> 'null'
$$;
COMMENT ON FUNCTION respond_internal.rule_document(respond.rule) IS 'a rule as export_rules() writes it: fields that are NULL are left out';

CREATE FUNCTION respond.export_rules(folder text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT COALESCE(pg_catalog.jsonb_agg(respond_internal.rule_document(r) ORDER BY r.name COLLATE "C"), '[]')
	  FROM respond.rule AS r
	 WHERE $1 IS NULL OR r.folder = $1 OR pg_catalog.starts_with(r.folder, $1 || '/')
$$;
COMMENT ON FUNCTION respond.export_rules(text) IS 'all rules, or those of a folder and the folders below it, as a JSON array for import_rules()';

-- One rule, read and checked as far as the table itself does not check it.
CREATE FUNCTION respond_internal.read_rule(document jsonb) RETURNS respond.rule
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	field record;
	result respond.rule;
	known CONSTANT jsonb := '{"name": "string", "folder": "string", "description": "string", "enabled": "boolean",
		"shadow": "boolean", "priority": "number", "event_type": "string", "pattern": "object", "condition": "string",
		"correlate": "object", "steps": "array", "on_failure": "array", "owner": "string"}';
	required text;
BEGIN
	IF pg_catalog.jsonb_typeof(document) <> 'object' THEN
		RAISE EXCEPTION 'it is not an object' USING ERRCODE = 'RS001',
			HINT = 'A rule is an object such as {"name": "...", "event_type": "...", "steps": [...]}.';
	END IF;
	FOR field IN SELECT f.key, pg_catalog.jsonb_typeof(f.value) AS kind FROM pg_catalog.jsonb_each(document) AS f LOOP
		IF NOT known ? field.key THEN
			RAISE EXCEPTION '%: there is no such field', field.key USING ERRCODE = 'RS001',
				HINT = 'Fields are: ' || (SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) FROM pg_catalog.jsonb_object_keys(known) AS k) || '.';
		ELSIF field.kind NOT IN (known ->> field.key, 'null') THEN
			RAISE EXCEPTION '%: it must be of type %, but is of type %', field.key, known ->> field.key, field.kind
				USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	FOREACH required IN ARRAY ARRAY['name', 'event_type'] LOOP
		IF document ->> required IS NULL THEN
			RAISE EXCEPTION '%: it is missing', required USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	IF (document ->> 'priority')::numeric <> pg_catalog.trunc((document ->> 'priority')::numeric)
		OR pg_catalog.abs((document ->> 'priority')::numeric) > 2147483647 THEN
		RAISE EXCEPTION 'priority: it is not a whole number of the type integer' USING ERRCODE = 'RS001';
	END IF;
	IF pg_catalog.octet_length(document ->> 'owner') > 63 THEN
		RAISE EXCEPTION 'owner: no role has such a long name' USING ERRCODE = 'RS001';
	END IF;
	result := pg_catalog.jsonb_populate_record(NULL::respond.rule, document);
	-- a JSON null is a field that was not given
	result.pattern := NULLIF(result.pattern, 'null');
	result.correlate := NULLIF(result.correlate, 'null');
	result.on_failure := NULLIF(result.on_failure, 'null');
	result.steps := COALESCE(NULLIF(result.steps, 'null'), '[]');
	result.enabled := COALESCE(result.enabled, true);
	result.shadow := COALESCE(result.shadow, false);
	result.priority := COALESCE(result.priority, 0);
	RETURN result;
END
$$;
COMMENT ON FUNCTION respond_internal.read_rule(jsonb) IS 'a rule from what export_rules() writes; fields that are missing have their defaults, an owner that is missing stays NULL';

-- Runs with the rights of whoever calls it: the table's grants and checks hold.
CREATE FUNCTION respond.import_rules(rules jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	documents jsonb := CASE pg_catalog.jsonb_typeof(rules) WHEN 'object' THEN pg_catalog.jsonb_build_array(rules) ELSE rules END;
	wanted respond.rule;
	present respond.rule;
	names text[] := '{}';
	current_rule text;
	changed integer := 0;
	message text;
	code text;
	hint_text text;
BEGIN
	PERFORM respond_internal.check_primary('import_rules()');
	IF pg_catalog.jsonb_typeof(documents) <> 'array' THEN
		RAISE EXCEPTION 'rules must be an array of rules' USING ERRCODE = 'RS001', HINT = 'export_rules() returns one.';
	END IF;
	FOR place IN 0 .. pg_catalog.jsonb_array_length(documents) - 1 LOOP
		current_rule := pg_catalog.format('rules[%s]', place);
		wanted := respond_internal.read_rule(documents -> place);
		current_rule := current_rule || pg_catalog.format(' "%s"', wanted.name);
		IF wanted.name = ANY (names) THEN
			RAISE EXCEPTION 'name: "%" is the name of two rules', wanted.name USING ERRCODE = 'RS001';
		END IF;
		names := names || wanted.name;
		SELECT * INTO present FROM respond.rule AS r WHERE r.name = wanted.name FOR UPDATE;
		IF NOT FOUND THEN
			INSERT INTO respond.rule (name, folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner)
			VALUES (wanted.name, wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
				wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, COALESCE(wanted.owner, current_user));
			changed := changed + 1;
			CONTINUE;
		END IF;
		wanted.owner := COALESCE(wanted.owner, present.owner);
		IF respond_internal.rule_document(wanted) <> respond_internal.rule_document(present) THEN
			UPDATE respond.rule AS r
			   SET (folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner)
				 = (wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
					wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, wanted.owner)
			 WHERE r.name = wanted.name;
			changed := changed + 1;
		END IF;
	END LOOP;
	RETURN changed;
	-- which of the rules it was
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, code = RETURNED_SQLSTATE, hint_text = PG_EXCEPTION_HINT;
	message := COALESCE(current_rule || ': ', '') || message;
	IF hint_text <> '' THEN
		RAISE EXCEPTION '%', message USING ERRCODE = code, HINT = hint_text;
	END IF;
	RAISE EXCEPTION '%', message USING ERRCODE = code;
END
$$;
COMMENT ON FUNCTION respond.import_rules(jsonb) IS 'makes the rules be as the array says, all or none; rules that are so already keep their version, rules that it does not name stay; returns how many were made or changed';
-- 74_rule_stats.sql: how often each rule fired.

CREATE FUNCTION respond_internal.rule_counters(rule text,
	OUT matched bigint, OUT succeeded bigint, OUT failed bigint, OUT shadow bigint, OUT suppressed bigint,
	OUT last_at timestamptz, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_counters';
COMMENT ON FUNCTION respond_internal.rule_counters(text) IS 'runs of a rule since the server started, from shared memory';

CREATE VIEW respond.rule_stats WITH (security_invoker = true) AS
SELECT r.name AS rule, r.folder, r.enabled, c.matched, c.succeeded, c.failed, c.shadow, c.suppressed, c.last_at, c.since
  FROM respond.rule AS r
 CROSS JOIN LATERAL respond_internal.rule_counters(r.name) AS c;
COMMENT ON VIEW respond.rule_stats IS 'how often each rule fired since the server started, from shared memory; table run has the runs themselves';
COMMENT ON COLUMN respond.rule_stats.rule IS 'name of the rule';
COMMENT ON COLUMN respond.rule_stats.folder IS 'its folder';
COMMENT ON COLUMN respond.rule_stats.enabled IS 'whether it is applied';
COMMENT ON COLUMN respond.rule_stats.matched IS 'events that it matched: its runs, whatever their end';
COMMENT ON COLUMN respond.rule_stats.succeeded IS 'runs that succeeded';
COMMENT ON COLUMN respond.rule_stats.failed IS 'runs that failed';
COMMENT ON COLUMN respond.rule_stats.shadow IS 'runs that were recorded only';
COMMENT ON COLUMN respond.rule_stats.suppressed IS 'runs that were held back, by a mute for example';
COMMENT ON COLUMN respond.rule_stats.last_at IS 'when the last of them committed';
COMMENT ON COLUMN respond.rule_stats.since IS 'since when they are counted';
-- 75_cursor.sql: the cursor as SQL sees it.

CREATE FUNCTION respond_internal.event_is_done(xid xid8, id bigint, subject text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_event_is_done';
COMMENT ON FUNCTION respond_internal.event_is_done(xid8, bigint, text) IS 'whether the stored cursors say that the event was handled';

CREATE FUNCTION respond_internal.cursor_now() RETURNS pg_snapshot
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_library_version';
COMMENT ON FUNCTION respond_internal.cursor_now() IS 'all transactions that this statement can see, but for its own';

-- After a restore the numbers of transactions mean nothing any more.  What the
-- old cursors had not handled, and what was recorded since, is handled from the
-- requeue; the cursor begins anew.  Numbers that this cluster has yet to give out
-- would come round again, so they are replaced by the first of all, which every
-- cursor covers.  One statement, so that all of it is of the same snapshot.
CREATE FUNCTION respond_internal.rebase() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	WITH old_0 AS (
		DELETE FROM respond_internal.progress_0 RETURNING seq
	), old_1 AS (
		DELETE FROM respond_internal.progress_1 RETURNING seq
	), started AS (
		INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at)
		SELECT 1 + coalesce(max(seq), 0), 1, 0, respond_internal.cursor_now(), now()
		  FROM (SELECT seq FROM old_0 UNION ALL SELECT seq FROM old_1) AS old
	), settled AS (
		UPDATE respond.event SET xid = '3'
		 WHERE xid <> pg_current_xact_id() AND NOT pg_visible_in_snapshot(xid, respond_internal.cursor_now())
	), waiting AS (
		INSERT INTO respond_internal.requeue (event_id, recorded_at)
		SELECT e.id, e.recorded_at
		  FROM respond.event AS e, respond_internal.state AS s
		 WHERE e.xid <> pg_current_xact_id()
		   AND (e.recorded_at >= s.hold_since OR NOT respond_internal.event_is_done(e.xid, e.id, e.subject))
		 ORDER BY e.recorded_at, e.id
		RETURNING id
	)
	SELECT count(*) FROM waiting
$$;
COMMENT ON FUNCTION respond_internal.rebase() IS 'begins the cursor anew after a restore; gives the number of events that still wait';

CREATE FUNCTION respond_internal.lag(OUT lane integer, OUT lanes integer, OUT events bigint, OUT oldest timestamptz) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_lag';
COMMENT ON FUNCTION respond_internal.lag() IS 'for each dispatcher: committed events that wait (at most 1,000,000 are counted), and when the oldest was recorded';
-- 80_ops.sql: what the workers do, and how to stop them.

CREATE FUNCTION respond_internal.workers(OUT kind text, OUT database oid, OUT pid integer, OUT lane integer, OUT state text,
	OUT waiting_for text, OUT generation bigint, OUT failures integer, OUT started_at timestamptz, OUT restart_at timestamptz,
	OUT events bigint, OUT batches bigint, OUT runs bigint, OUT errors bigint, OUT active_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_workers';
COMMENT ON FUNCTION respond_internal.workers() IS 'the launcher and the workers of all databases, from shared memory';

CREATE VIEW respond.worker WITH (security_invoker = true) AS
SELECT w.kind, d.datname AS database, w.pid, w.lane, w.state, w.waiting_for, w.generation, w.failures, w.started_at, w.restart_at,
	w.events, w.batches, w.runs, w.errors, w.active_at
  FROM respond_internal.workers() AS w
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = w.database
 WHERE w.database IS NULL OR d.datname = pg_catalog.current_database();
COMMENT ON VIEW respond.worker IS 'the launcher and the workers of this database: who they are, what they do, what they wait for';
COMMENT ON COLUMN respond.worker.kind IS 'launcher, clock, dispatcher or courier';
COMMENT ON COLUMN respond.worker.database IS 'where it works; NULL for the launcher, which serves the cluster';
COMMENT ON COLUMN respond.worker.pid IS 'its process, as in pg_stat_activity; NULL when it has none now';
COMMENT ON COLUMN respond.worker.lane IS 'of a dispatcher: which share of the events it handles, from 1 on';
COMMENT ON COLUMN respond.worker.state IS 'starting, idle, busy, holding, stopping, ended or failed (it is started again at restart_at)';
COMMENT ON COLUMN respond.worker.waiting_for IS 'what it waits for: events, deliveries, time, respond.release(), or a wait event of the server such as a lock';
COMMENT ON COLUMN respond.worker.generation IS 'how often the place of this worker was given to a new process';
COMMENT ON COLUMN respond.worker.failures IS 'abnormal ends in a row';
COMMENT ON COLUMN respond.worker.started_at IS 'when the process started';
COMMENT ON COLUMN respond.worker.restart_at IS 'when a failed worker is started again';
COMMENT ON COLUMN respond.worker.events IS 'events handled since started_at; of a courier, tries of deliveries';
COMMENT ON COLUMN respond.worker.batches IS 'transactions committed for that';
COMMENT ON COLUMN respond.worker.runs IS 'runs made since started_at';
COMMENT ON COLUMN respond.worker.errors IS 'batches, or duties of the clock, that failed and were repeated';
COMMENT ON COLUMN respond.worker.active_at IS 'when it last began or finished something';

CREATE FUNCTION respond_internal.lane_status(OUT lane integer, OUT waiting boolean, OUT looked_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_lane_status';
COMMENT ON FUNCTION respond_internal.lane_status() IS 'for each dispatcher of this database: whether something waits for it, and when it last looked; from shared memory';

CREATE VIEW respond.lag WITH (security_invoker = true) AS
SELECT l.lane, l.lanes, l.events + CASE l.lane WHEN 1 THEN (SELECT pg_catalog.count(*) FROM respond_internal.requeue) ELSE 0 END AS events, l.oldest, pg_catalog.now() - l.oldest AS age, s.looked_at
  FROM respond_internal.lag() AS l
  LEFT JOIN respond_internal.lane_status() AS s ON s.lane = l.lane;
COMMENT ON VIEW respond.lag IS 'for each dispatcher: committed events that it has not handled';
COMMENT ON COLUMN respond.lag.lane IS 'number of the dispatcher, from 1 on';
COMMENT ON COLUMN respond.lag.lanes IS 'number of dispatchers that the events are split among';
COMMENT ON COLUMN respond.lag.events IS 'committed events that wait, with those to be played again; counting ends at 1,000,000';
COMMENT ON COLUMN respond.lag.oldest IS 'when the oldest of them was recorded';
COMMENT ON COLUMN respond.lag.age IS 'how long ago that was';
COMMENT ON COLUMN respond.lag.looked_at IS 'when the dispatcher last looked; NULL when it has not since the workers started';

CREATE FUNCTION respond_internal.announce_hold(hold boolean, restart boolean) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_announce_hold';
COMMENT ON FUNCTION respond_internal.announce_hold(boolean, boolean) IS 'makes the commit of this transaction stop the workers of this database, let them go on, or replace them';

-- A hold because of a restore outlasts the wish of a person: only release()
-- may end it, which then has more to do.
CREATE FUNCTION respond.hold(reason text DEFAULT 'hold') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('hold()');
	IF hold.reason IS NULL OR hold.reason = '' OR hold.reason = 'restore' THEN
		RAISE EXCEPTION 'the reason of respond.hold() must be a text, and not "restore"'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Say in a few words why the workers shall rest.';
	END IF;
	UPDATE respond_internal.state AS s
	   SET hold = CASE WHEN s.hold = 'restore' THEN s.hold ELSE hold.reason END,
		   hold_since = coalesce(s.hold_since, now());
	PERFORM respond_internal.announce_hold(true, false);
	PERFORM respond_internal.audit('hold', 'database', current_database(), NULL, jsonb_build_object('reason', hold.reason));
END
$$;
COMMENT ON FUNCTION respond.hold(text) IS 'lets the workers of this database rest from the commit on, after the batch that they are in; events are recorded all the same';

CREATE FUNCTION respond.release() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held_for text;
	waiting bigint;
BEGIN
	PERFORM respond_internal.check_primary('release()');
	SELECT s.hold INTO held_for FROM respond_internal.state AS s FOR UPDATE;
	IF held_for IS NULL THEN
		RAISE NOTICE 'the workers of this database were not held';
		RETURN;
	END IF;
	IF held_for = 'restore' THEN
		waiting := respond_internal.rebase();
		RAISE NOTICE 'the cursor begins anew; % events wait to be handled', waiting;
	END IF;
	UPDATE respond_internal.state
	   SET hold = NULL, hold_since = NULL, system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c),
		   database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
	PERFORM respond_internal.announce_hold(false, held_for = 'restore');
	PERFORM respond_internal.audit('release', 'database', current_database(), jsonb_build_object('reason', held_for), NULL);
END
$$;
COMMENT ON FUNCTION respond.release() IS 'lets the workers of this database go on from the commit on; after a restore it first begins the cursor anew';

CREATE FUNCTION respond_internal.worker_status(OUT in_recovery boolean, OUT launcher boolean, OUT known boolean, OUT role_missing boolean,
	OUT missing_workers integer, OUT missing_setting text, OUT dispatchers integer)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_status';
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() asks shared memory for';

CREATE FUNCTION respond_internal.partition_status(OUT table_name text, OUT present boolean, OUT ahead integer) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_partition_status';
COMMENT ON FUNCTION respond_internal.partition_status() IS 'for each table that is partitioned by time: whether there is a partition for the present, and how many lie ahead';

-- Each line is a check: ok, and why if not.  The order is that in which one
-- would mend things: what is below may follow from what is above.
CREATE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	state record;
	found_one record;
	wanted text;
BEGIN
	"check" := 'library';
	BEGIN
		SELECT * INTO status FROM respond_internal.worker_status();
		ok := true;
		message := 'the library is loaded';
		RETURN NEXT;
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		ok := false;
		message := 'the library was not loaded when the server started, so no workers run';
		remedy := 'add pg_respond to shared_preload_libraries in postgresql.conf and restart the server';
		RETURN NEXT;
		RETURN;
	END;

	"check" := 'server';
	ok := NOT status.in_recovery;
	message := CASE WHEN ok THEN 'the server can be written to' ELSE 'this server is a standby: no workers run here' END;
	remedy := CASE WHEN NOT ok THEN 'ask the primary; after a promotion the workers start by themselves' END;
	RETURN NEXT;
	IF NOT ok THEN
		RETURN;
	END IF;

	"check" := 'launcher';
	ok := status.launcher;
	message := CASE WHEN ok THEN 'the launcher runs' ELSE 'the launcher does not run' END;
	remedy := CASE WHEN NOT ok THEN 'it is started again a second after it ended; if it keeps ending, the server''s log says why' END;
	RETURN NEXT;

	"check" := 'role';
	ok := NOT status.role_missing;
	message := CASE WHEN ok THEN 'role respond_worker is there' ELSE 'role respond_worker is missing, so no workers can be started' END;
	remedy := CASE WHEN NOT ok THEN 'give the role that owns the tables of schema respond that name again: ALTER ROLE ... RENAME TO respond_worker' END;
	RETURN NEXT;

	"check" := 'hold';
	SELECT s.hold, s.hold_since INTO state FROM respond_internal.state AS s;
	ok := state.hold IS NULL;
	message := CASE
		WHEN ok THEN 'the workers are not held'
		WHEN state.hold = 'restore' THEN format('the workers hold since %s because this database was restored or copied from elsewhere', state.hold_since)
		ELSE format('the workers hold since %s: %s', state.hold_since, state.hold) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN state.hold = 'restore' THEN 'make sure that the original does not act any more, then SELECT respond.release()'
		ELSE 'SELECT respond.release()' END;
	RETURN NEXT;

	"check" := 'places';
	ok := status.missing_workers = 0;
	message := CASE WHEN ok THEN 'there is a place for every worker of the cluster'
		ELSE format('there is no place for %s workers of the cluster', status.missing_workers) END;
	remedy := CASE WHEN NOT ok THEN format('raise %s (now %s) and restart the server', status.missing_setting,
		current_setting(status.missing_setting)) END;
	RETURN NEXT;

	"check" := 'workers';
	SELECT string_agg(w.name, ', ') INTO wanted
	  FROM (SELECT 'clock' AS name, 'clock' AS kind, 1 AS lane
			UNION ALL
			SELECT 'courier', 'courier', 1
			UNION ALL
			SELECT 'dispatcher ' || n, 'dispatcher', n FROM generate_series(1, status.dispatchers) AS n) AS w
	 WHERE NOT EXISTS (SELECT FROM respond.worker AS r
			WHERE r.kind = w.kind AND coalesce(r.lane, 1) = w.lane AND r.state NOT IN ('starting', 'failed', 'ended'));
	SELECT w.kind, w.failures, w.restart_at INTO found_one
	  FROM respond.worker AS w WHERE w.state = 'failed' ORDER BY w.failures DESC LIMIT 1;
	ok := wanted IS NULL;
	message := CASE
		WHEN ok THEN 'all workers of this database run'
		WHEN found_one.kind IS NOT NULL THEN format('not running: %s; the %s failed %s times in a row and is started again at %s',
			wanted, found_one.kind, found_one.failures, found_one.restart_at)
		WHEN NOT status.known THEN format('not running: %s; the launcher has not started them yet', wanted)
		ELSE format('not running: %s', wanted) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN found_one.kind IS NOT NULL THEN 'the server''s log says why they end; look for pg_respond'
		WHEN status.missing_workers > 0 THEN 'see check places'
		ELSE 'they start within a second; if they do not, the server''s log says why, and ALTER DATABASE ... ALLOW_CONNECTIONS and IS_TEMPLATE must not be in the way' END;
	RETURN NEXT;

	"check" := 'lag';
	SELECT sum(l.events) AS events, min(l.oldest) AS oldest INTO found_one
	  FROM respond_internal.lag() AS l
	 WHERE NOT status.known OR EXISTS (SELECT FROM respond_internal.lane_status() AS s WHERE s.waiting);
	ok := coalesce(found_one.oldest > clock_timestamp() - interval '1 minute', true);
	message := CASE
		WHEN ok THEN 'no event waits longer than a minute'
		ELSE format('%s events wait, the oldest since %s', found_one.events, found_one.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if all is well there, finished_at - started_at in respond.run tells which rule takes long, and pg_respond.dispatchers lets more of them run at once' END;
	RETURN NEXT;

	"check" := 'partitions';
	SELECT string_agg(format('respond.%s', p.table_name), ', ') AS tables INTO found_one
	  FROM respond_internal.partition_status() AS p WHERE NOT p.present OR p.ahead = 0;
	ok := found_one.tables IS NULL;
	message := CASE WHEN ok THEN 'there are partitions for the present and the time ahead'
		ELSE format('partitions are missing, so the default partition fills: %s', found_one.tables) END;
	remedy := CASE WHEN NOT ok THEN 'the clock makes them when it runs and gets the lock: look for long transactions and for LOCK TABLE on these tables, and for the clock in the server''s log' END;
	RETURN NEXT;

	"check" := 'dead letters';
	SELECT count(*) AS events, max(d.at) AS last INTO found_one
	  FROM respond_internal.dead_event AS d WHERE d.at > now() - interval '1 day';
	ok := found_one.events = 0;
	message := CASE WHEN ok THEN 'no event was given up in the last day'
		ELSE format('%s events were given up in the last day, the last at %s', found_one.events, found_one.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; mend the rule, then SELECT respond.replay(event_id)' END;
	RETURN NEXT;

	"check" := 'secrets';
	SELECT count(*) AS secrets, respond_internal.secret_key_status() AS fault,
		(SELECT string_agg(format('%s: %s', f.channel, f.fault), '; ' ORDER BY f.channel)
		   FROM (SELECT c.channel, respond_internal.secret_fault(c.channel, c.sealed) AS fault
				   FROM respond_internal.channel_secret AS c WHERE respond_internal.secret_key_status() IS NULL) AS f
		  WHERE f.fault IS NOT NULL) AS channels
	  INTO found_one FROM respond_internal.channel_secret;
	ok := found_one.secrets = 0 OR (found_one.fault IS NULL AND found_one.channels IS NULL);
	message := CASE
		WHEN found_one.secrets = 0 THEN 'no channel has a secret'
		WHEN ok THEN 'the secrets of channels can be used'
		WHEN found_one.fault IS NOT NULL THEN format('channels with a secret cannot send: %s', found_one.fault)
		ELSE format('channels that cannot send: %s', found_one.channels) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN found_one.fault IS NOT NULL THEN 'set pg_respond.secret_key_file to the file with the key and reload; their deliveries wait'
		ELSE 'put the key that was used into the file that pg_respond.secret_key_file names, or set the secret anew with respond.set_secret(); their deliveries wait' END;
	RETURN NEXT;

	"check" := 'channels';
	SELECT string_agg(format('%s (%s)', c.name, c.disabled_reason), ', ' ORDER BY c.name) AS channels INTO found_one
	  FROM respond.channel AS c WHERE NOT c.enabled AND c.disabled_reason IS NOT NULL;
	ok := found_one.channels IS NULL;
	message := CASE WHEN ok THEN 'pg_respond has disabled no channel'
		ELSE format('channels that pg_respond disabled: %s', found_one.channels) END;
	remedy := CASE WHEN NOT ok THEN 'mend its url, then UPDATE respond.channel SET enabled = true WHERE name = ''NAME''; or delete it, which cancels what waits for it' END;
	RETURN NEXT;

	"check" := 'receivers';
	SELECT count(*) AS deliveries, string_agg(DISTINCT w.channel, ', ') AS channels, min(w.created_at) AS oldest INTO found_one
	  FROM (SELECT d.channel, d.created_at FROM respond.delivery AS d WHERE d.status = 'pending' AND d.attempts >= 2 LIMIT 1000) AS w;
	ok := found_one.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery failed twice and waits'
		ELSE format('deliveries that failed more than once and wait for another try: %s, through %s, the oldest since %s',
			CASE found_one.deliveries WHEN 1000 THEN '1000 or more' ELSE found_one.deliveries::text END, found_one.channels, found_one.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; when the receiver is well again, SELECT respond.retry_channel(name) spares the wait' END;
	RETURN NEXT;

	"check" := 'deliveries';
	SELECT count(*) AS deliveries, max(d.finished_at) AS last INTO found_one
	  FROM respond.delivery AS d WHERE d.status = 'dead' AND d.finished_at > now() - interval '1 day';
	ok := found_one.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery was given up in the last day'
		ELSE format('deliveries given up in the last day: %s, the last at %s', found_one.deliveries, found_one.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; when the reason is gone, SELECT respond.retry_channel(name)' END;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) IS 'what is wrong, in words, and which setting or command mends it';
-- 85_owner.sql: everything belongs to the workers' role.

-- The workers are no superuser; they own what they write to, and nobody else
-- may hang triggers or policies on it.
DO $$
DECLARE
	object record;
BEGIN
	FOR object IN
		SELECT c.oid::pg_catalog.regclass AS name, c.relkind
		  FROM pg_catalog.pg_class AS c
		 WHERE c.relnamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
		   AND c.relkind IN ('r', 'p', 'v', 'S')
		   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
				AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
	LOOP
		EXECUTE pg_catalog.format('ALTER %s %s OWNER TO respond_worker',
			CASE object.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, object.name);
	END LOOP;
	FOR object IN
		SELECT p.oid::pg_catalog.regprocedure AS name
		  FROM pg_catalog.pg_proc AS p
		 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO respond_worker', object.name);
	END LOOP;
	GRANT USAGE, CREATE ON SCHEMA respond, respond_internal TO respond_worker;
END
$$;
-- 90_grants.sql: who may do what.
--
-- One block for each role.  What reads is granted for whole schemas, so that a
-- new table or view is readable without a line here; what writes is named.
-- Functions are named without arguments: all functions of that name are meant.

CREATE FUNCTION respond_internal.grant_execute(role_name text, schema_name text, VARIADIC function_names text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	function_name text;
	signature regprocedure;
BEGIN
	FOREACH function_name IN ARRAY function_names LOOP
		FOR signature IN
			SELECT p.oid FROM pg_catalog.pg_proc AS p
			 WHERE p.pronamespace = schema_name::regnamespace AND p.proname = function_name
		LOOP
			EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %s', signature, role_name);
		END LOOP;
	END LOOP;
END
$$;

-- ALTER DEFAULT PRIVILEGES of whoever creates the extension gave rights on
-- everything above.  A trigger on one of these tables would run as the workers.
CREATE FUNCTION respond_internal.take_back_defaults(only_partitions boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT DISTINCT o.kind, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
		  FROM (SELECT 'SCHEMA' AS kind, n.oid::regnamespace::text AS name, n.nspacl AS acl, n.nspowner AS owner
				  FROM pg_catalog.pg_namespace AS n WHERE n.nspname IN ('respond', 'respond_internal')
				UNION ALL
				SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, c.relacl, c.relowner
				  FROM pg_catalog.pg_class AS c
				 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
				   AND (NOT only_partitions OR (c.relispartition AND c.relnamespace = 'respond_internal'::regnamespace))
				UNION ALL
				SELECT 'FUNCTION', p.oid::regprocedure::text, p.proacl, p.proowner
				  FROM pg_catalog.pg_proc AS p
				 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)) AS o,
			   pg_catalog.aclexplode(o.acl) AS a
		 WHERE (o.kind = 'TABLE' OR NOT only_partitions) AND a.grantee <> o.owner AND NOT (o.kind = 'SCHEMA' AND a.grantee = 'respond_worker'::regrole)
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE', given.kind, given.name, given.grantee);
	END LOOP;
END
$$;
SELECT respond_internal.take_back_defaults(false);

-- Everybody: nothing but what stands behind defaults and constraints, which
-- whoever may insert a row needs; none of these functions does or tells a thing.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA respond, respond_internal FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA respond, respond_internal FROM PUBLIC;
SELECT respond_internal.grant_execute('PUBLIC', 'respond_internal',
	'actor', 'current_cause', 'current_run', 'event_xid', 'ticket_is_valid', 'comment_is_valid');

-- Producers: record events, read nothing.  The other columns of an event are
-- not theirs to say.
GRANT USAGE ON SCHEMA respond TO respond_producer;
GRANT INSERT (type, source, subject, "time", data, key) ON respond.event TO respond_producer;
SELECT respond_internal.grant_execute('respond_producer', 'respond', 'emit', 'capture', 'watch', 'unwatch');

-- Agents: work on tickets.  What a ticket says of its origin is not theirs to
-- say, and what was said stays said.
GRANT USAGE ON SCHEMA respond TO respond_agent;
GRANT SELECT ON respond.ticket, respond.comment, respond.team, respond.ticket_history, respond.run TO respond_agent;
GRANT INSERT (subject, description, status, priority, team, assignee, requester, tags, key, fields),
	UPDATE (subject, description, status, priority, team, assignee, requester, tags, key, fields)
	ON respond.ticket TO respond_agent;
GRANT INSERT (ticket_id, kind, body) ON respond.comment TO respond_agent;
SELECT respond_internal.grant_execute('respond_agent', 'respond', 'start');

-- Auditors: read everything, change nothing.
GRANT USAGE ON SCHEMA respond, respond_internal TO respond_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA respond, respond_internal TO respond_auditor;
SELECT respond_internal.grant_execute('respond_auditor', 'respond', 'matches', 'render', 'explain', 'export_rules', 'health');
SELECT respond_internal.grant_execute('respond_auditor', 'respond_internal', 'rule_document', 'explain_rules');

-- Ciphertext is nobody's business either.
REVOKE ALL ON respond_internal.channel_secret FROM respond_auditor;
GRANT SELECT (channel, set_at, set_by) ON respond_internal.channel_secret TO respond_auditor;

-- Admins: everything of the public surface.  Events, runs, history and audit
-- are written by pg_respond alone.
GRANT USAGE ON SCHEMA respond, respond_internal TO respond_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA respond, respond_internal TO respond_admin;
REVOKE ALL ON respond_internal.channel_secret FROM respond_admin;
GRANT SELECT (channel, set_at, set_by) ON respond_internal.channel_secret TO respond_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA respond TO respond_admin;
GRANT INSERT (type, source, subject, "time", data, key) ON respond.event TO respond_admin;
GRANT INSERT, UPDATE, DELETE ON respond.rule, respond.mute, respond.route, respond.channel, respond.channel_kind, respond.mask,
	respond.team, respond.ticket, respond.comment TO respond_admin;
-- what simulate(), explain(), export_rules() and import_rules() call with the rights of their caller
SELECT respond_internal.grant_execute('respond_admin', 'respond_internal',
	'simulate_rules', 'explain_rules', 'rule_document', 'read_rule', 'check_primary');

-- A view calls functions with the rights of its reader, so those who read all
-- views need the internal functions in them.
DO $$
DECLARE
	signature regprocedure;
BEGIN
	FOR signature IN
		SELECT DISTINCT d.refobjid
		  FROM pg_catalog.pg_depend AS d
		  JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
		  JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relnamespace = 'respond'::regnamespace
		  JOIN pg_catalog.pg_proc AS p ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.refobjid
		 WHERE p.pronamespace = 'respond_internal'::regnamespace
	LOOP
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO respond_admin, respond_auditor', signature);
	END LOOP;
END
$$;

DROP FUNCTION respond_internal.grant_execute(text, text, text[]);
-- 95_partition.sql: partitions for the first days.

-- After everything that gives the default partitions their shape, because the
-- others are made like them.  A dump brings partitions of its own.
CREATE FUNCTION respond_internal.make_first_partitions() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_make_first_partitions';
COMMENT ON FUNCTION respond_internal.make_first_partitions() IS 'for the script of the extension alone';
REVOKE ALL ON FUNCTION respond_internal.make_first_partitions() FROM PUBLIC;


SELECT respond_internal.take_back_defaults(true);

DROP FUNCTION respond_internal.make_first_partitions();
DROP FUNCTION respond_internal.take_back_defaults(boolean);
