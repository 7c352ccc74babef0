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
		RAISE EXCEPTION 'schema "respond" exists and belongs to a role that is not a superuser'
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
COMMENT ON SCHEMA respond IS 'pg_respond: events, rules, runs, tickets and their audit';

-- The library refuses to load unless it was preloaded; this first function of
-- it makes CREATE EXTENSION fail with that hint before anything else is made.
-- A server that was not restarted since the package was installed has the
-- library of another version in memory.
CREATE FUNCTION respond_internal.library_version() RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_library_version';
COMMENT ON FUNCTION respond_internal.library_version() IS 'version of the library that the server has in memory';

DO $$
DECLARE
	wanted CONSTANT text := (SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_respond');
	library CONSTANT text := respond_internal.library_version();
BEGIN
	IF library <> wanted THEN
		RAISE EXCEPTION 'this is extension pg_respond %, but the server has library % in memory', wanted, library
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = pg_catalog.format('Restart the server, so that it loads the library of version %s.', wanted);
	END IF;
END
$$;

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
	database oid NOT NULL,
	incarnation bigint NOT NULL,
	source text NOT NULL,
	copy bigint NOT NULL,
	adopted text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE respond_internal.state IS 'one row about this database; not dumped, so that a restored copy knows that it is one';
COMMENT ON COLUMN respond_internal.state.hold IS 'why the workers hold: restore, or copied (the whole cluster), or the reason given to hold(); NULL when they work';
COMMENT ON COLUMN respond_internal.state.system_identifier IS 'cluster in which the extension was created';
COMMENT ON COLUMN respond_internal.state.database IS 'database in which the extension was created; a copy of it has another number';
COMMENT ON COLUMN respond_internal.state.incarnation IS 'random number that marks the rows recorded here; valid together with system_identifier and database';
COMMENT ON COLUMN respond_internal.state.source IS 'source of events that do not name one: the name that the database had when the extension was created';

COMMENT ON COLUMN respond_internal.state.adopted IS 'rows of the requeue that came from elsewhere and were handled here: their mark and number';
COMMENT ON COLUMN respond_internal.state.copy IS 'mark of the copied cluster in which the database last held for that reason; 0: never';

CREATE FUNCTION respond_internal.copy_mark() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_copy_mark';
COMMENT ON FUNCTION respond_internal.copy_mark() IS 'random number that this cluster got when it started as a physical copy of another one, 0 if it is not a copy';

CREATE FUNCTION respond_internal.new_incarnation() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_new_incarnation';
COMMENT ON FUNCTION respond_internal.new_incarnation() IS 'a random number that no other database has';

CREATE FUNCTION respond_internal.incarnation() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_incarnation';
COMMENT ON FUNCTION respond_internal.incarnation() IS 'the mark of rows that were recorded in this database; others came from elsewhere';

CREATE FUNCTION respond_internal.forget_incarnation() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_forget_incarnation';
COMMENT ON FUNCTION respond_internal.forget_incarnation() IS 'makes all sessions reload respond_internal.state';

INSERT INTO respond_internal.state (hold, hold_since, created_at, system_identifier, database, incarnation, source, copy)
SELECT h, CASE WHEN h IS NOT NULL THEN pg_catalog.now() END, pg_catalog.now(), c.system_identifier,
	   (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()),
	   respond_internal.new_incarnation(), '/' || pg_catalog.current_database(), respond_internal.copy_mark()
  FROM pg_catalog.pg_control_system() AS c,
	   (SELECT CASE WHEN respond_internal.is_restore() THEN 'restore' END) AS s (h);

-- A copy of the cluster in which no clock has looked at this database yet.
CREATE FUNCTION respond_internal.is_new_copy() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT s.copy <> respond_internal.copy_mark() AND respond_internal.copy_mark() <> 0
	   AND s.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  FROM respond_internal.state AS s
$$;
COMMENT ON FUNCTION respond_internal.is_new_copy() IS 'whether the workers will hold as soon as they start, because the cluster is a copy';

-- Progress is appended, never updated.  There are two tables: the workers
-- write one while the other is emptied (see src/clock).
CREATE TABLE respond_internal.progress_0 (
	seq bigint NOT NULL,
	lanes smallint NOT NULL,
	lane smallint NOT NULL,
	cursor pg_snapshot NOT NULL,
	split_xid xid8,
	split_id bigint,
	at timestamptz NOT NULL,
	incarnation bigint NOT NULL
);
CREATE TABLE respond_internal.progress_1 (LIKE respond_internal.progress_0 INCLUDING ALL);
-- Every table has a replica identity: a publication for all tables must not
-- make the server refuse what the workers do.  Of these rows few are deleted.
ALTER TABLE respond_internal.progress_0 REPLICA IDENTITY FULL;
ALTER TABLE respond_internal.progress_1 REPLICA IDENTITY FULL;
COMMENT ON TABLE respond_internal.progress_0 IS 'how far each dispatcher has got, appended once per batch; the row with the largest seq of a lane counts';
COMMENT ON TABLE respond_internal.progress_1 IS 'the other side of progress_0';
COMMENT ON COLUMN respond_internal.progress_0.cursor IS 'transactions visible in this snapshot are handled';
COMMENT ON COLUMN respond_internal.progress_0.incarnation IS 'of the database that wrote it: the cursor is about events with the same mark';
COMMENT ON COLUMN respond_internal.progress_0.split_xid IS 'a transaction too large for one batch: handled up to split_id, although not visible in cursor';

-- An event of whose handling a process died.  Written and committed before the
-- event is touched again.
CREATE TABLE respond_internal.suspect (
	event_id bigint PRIMARY KEY,
	tries integer NOT NULL,
	vanished integer NOT NULL DEFAULT 0,
	life bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond_internal.suspect IS 'events that are handled one by one because a worker died; one over which too many workers died is given up';
COMMENT ON COLUMN respond_internal.suspect.tries IS 'how often it was touched, not counting tries that were ended from outside';
COMMENT ON COLUMN respond_internal.suspect.vanished IS 'how often the whole server vanished during a try; three of them count as one try';
COMMENT ON COLUMN respond_internal.suspect.life IS 'process that touched it last, by the number of its life';

-- Rules that multiplied their own events, see src/dispatcher/storm.c.
CREATE TABLE respond_internal.stopped_rule (
	rule text PRIMARY KEY,
	version integer NOT NULL,
	event_id bigint NOT NULL,
	caused bigint NOT NULL,
	since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond_internal.stopped_rule IS 'rules that are not applied to events that rules caused, because they multiply them; until the rule is changed, or respond.resume_rule()';
COMMENT ON COLUMN respond_internal.stopped_rule.since IS 'start of the transaction in which it was stopped, as in its dead letters';
COMMENT ON COLUMN respond_internal.stopped_rule.version IS 'version of the rule; another one is not stopped';
COMMENT ON COLUMN respond_internal.stopped_rule.event_id IS 'event for which it was stopped';
COMMENT ON COLUMN respond_internal.stopped_rule.caused IS 'how many events, tickets and deliveries it had caused at one depth';

-- Events to be handled although the cursor has passed them: replays, and what
-- a restored copy had not yet handled.
CREATE TABLE respond_internal.requeue (
	id bigint GENERATED ALWAYS AS IDENTITY,
	event_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	rule text,
	forced boolean NOT NULL DEFAULT false,
	replay boolean NOT NULL DEFAULT false,
	run_id bigint,
	rule_owner oid,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	place jsonb
);
ALTER TABLE respond_internal.requeue REPLICA IDENTITY FULL;
CREATE INDEX requeue_id_idx ON respond_internal.requeue (id);
CREATE INDEX requeue_run_id_idx ON respond_internal.requeue (run_id) WHERE run_id IS NOT NULL;
COMMENT ON TABLE respond_internal.requeue IS 'events to be handled outside the order of the log';
COMMENT ON COLUMN respond_internal.requeue.rule IS 'only this rule; NULL for all';
COMMENT ON COLUMN respond_internal.requeue.forced IS 'whether the rule runs without asking type, pattern and condition; for start()';
COMMENT ON COLUMN respond_internal.requeue.rule_owner IS 'who owned the rule when somebody was allowed to run it by hand; a rule of that name with another owner is not meant; NULL: whoever owns it';
COMMENT ON COLUMN respond_internal.requeue.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON COLUMN respond_internal.requeue.run_id IS 'number that the run gets; NULL: a new one';
COMMENT ON COLUMN respond_internal.requeue.place IS 'place in the order of events from which on the run hears events; NULL: from when it begins';

-- Events that a rule could not be applied to yet, see src/dispatcher/set_aside.c.
CREATE SEQUENCE respond_internal.set_aside_queue;
COMMENT ON SEQUENCE respond_internal.set_aside_queue IS 'places in queues of rules';
CREATE TABLE respond_internal.set_aside_event (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	event_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	rule text NOT NULL,
	rule_hash bigint NOT NULL,
	subject text,
	strand bigint,
	forced boolean NOT NULL,
	replay boolean NOT NULL,
	run_id bigint,
	sqlstate text,
	tries integer NOT NULL,
	first_at timestamptz NOT NULL,
	due_at timestamptz NOT NULL,
	queue bigint,
	rule_owner oid,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	place jsonb
);
CREATE INDEX set_aside_event_due_at_id_idx ON respond_internal.set_aside_event (due_at, id);
CREATE INDEX set_aside_event_strand_id_idx ON respond_internal.set_aside_event (strand, id) WHERE strand IS NOT NULL;
CREATE INDEX set_aside_event_rule_hash_queue_idx ON respond_internal.set_aside_event (rule_hash, queue) WHERE queue IS NOT NULL;
CREATE INDEX set_aside_event_run_id_idx ON respond_internal.set_aside_event (run_id) WHERE run_id IS NOT NULL;
COMMENT ON TABLE respond_internal.set_aside_event IS 'events that a rule could not be applied to yet; shown in view respond.set_aside';
COMMENT ON COLUMN respond_internal.set_aside_event.rule IS 'the rule; empty for all';
COMMENT ON COLUMN respond_internal.set_aside_event.rule_hash IS 'hash of it';
COMMENT ON COLUMN respond_internal.set_aside_event.strand IS 'hash of rule and subject: rows with the same one are tried in the order of their ids';
COMMENT ON COLUMN respond_internal.set_aside_event.forced IS 'as in requeue, also replay, run_id and rule_owner';
COMMENT ON COLUMN respond_internal.set_aside_event.sqlstate IS 'SQLSTATE of the last try; NULL: none yet';
COMMENT ON COLUMN respond_internal.set_aside_event.incarnation IS 'of the database that wrote it; rows from elsewhere make the workers hold';
COMMENT ON COLUMN respond_internal.set_aside_event.tries IS 'tries that failed';
COMMENT ON COLUMN respond_internal.set_aside_event.first_at IS 'when it was first set aside';
COMMENT ON COLUMN respond_internal.set_aside_event.due_at IS 'when it is retried; infinity: after the one before it, or when the rule has time';
COMMENT ON COLUMN respond_internal.set_aside_event.queue IS 'its place in the queue of a rule that takes too long';
COMMENT ON COLUMN respond_internal.set_aside_event.place IS 'place in the order of events from which on the runs hear events; NULL: from when they begin';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.stopped_rule', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_queue', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_0', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_1', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.suspect', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.requeue', '');
