-- pg_respond 0.1.0 as it was installed, for the test of the update script (test/t/031_update.pl).
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
COMMENT ON SCHEMA respond IS 'pg_respond: events, rules, runs, tickets and their audit';

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
COMMENT ON COLUMN respond_internal.state.copy IS 'mark of the copied cluster in which the database last held for that, 0: none';

CREATE FUNCTION respond_internal.copy_mark() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_copy_mark';
COMMENT ON FUNCTION respond_internal.copy_mark() IS 'random number that this cluster got when it started as a physical copy of another one, 0: it is none';

CREATE FUNCTION respond_internal.new_incarnation() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_new_incarnation';
COMMENT ON FUNCTION respond_internal.new_incarnation() IS 'a random number that no other database has';

CREATE FUNCTION respond_internal.incarnation() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_incarnation';
COMMENT ON FUNCTION respond_internal.incarnation() IS 'the mark of rows that were recorded in this database; others came from elsewhere';

CREATE FUNCTION respond_internal.forget_incarnation() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_forget_incarnation';
COMMENT ON FUNCTION respond_internal.forget_incarnation() IS 'makes all sessions read respond_internal.state again';

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
COMMENT ON TABLE respond_internal.progress_0 IS 'where each dispatcher has got to, appended once per batch; the row with the largest seq of a lane counts';
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
COMMENT ON COLUMN respond_internal.suspect.tries IS 'how often it was touched, without those tries that somebody else put an end to';
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
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation()
);
ALTER TABLE respond_internal.requeue REPLICA IDENTITY FULL;
CREATE INDEX requeue_id_idx ON respond_internal.requeue (id);
COMMENT ON TABLE respond_internal.requeue IS 'events to be handled outside the order of the log';
COMMENT ON COLUMN respond_internal.requeue.rule IS 'only this rule; NULL for all';
COMMENT ON COLUMN respond_internal.requeue.forced IS 'whether the rule runs without asking type, pattern and condition; for start()';
COMMENT ON COLUMN respond_internal.requeue.rule_owner IS 'who owned the rule when somebody was allowed to run it by hand; a rule of that name with another owner is not meant; NULL: whoever owns it';
COMMENT ON COLUMN respond_internal.requeue.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON COLUMN respond_internal.requeue.run_id IS 'number that the run gets; NULL: a new one';

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
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation()
);
CREATE INDEX set_aside_event_due_at_id_idx ON respond_internal.set_aside_event (due_at, id);
CREATE INDEX set_aside_event_strand_id_idx ON respond_internal.set_aside_event (strand, id) WHERE strand IS NOT NULL;
CREATE INDEX set_aside_event_rule_hash_queue_idx ON respond_internal.set_aside_event (rule_hash, queue) WHERE queue IS NOT NULL;
COMMENT ON TABLE respond_internal.set_aside_event IS 'events that a rule could not be applied to yet; shown in view respond.set_aside';
COMMENT ON COLUMN respond_internal.set_aside_event.rule IS 'the rule; empty for all';
COMMENT ON COLUMN respond_internal.set_aside_event.rule_hash IS 'hash of it';
COMMENT ON COLUMN respond_internal.set_aside_event.strand IS 'hash of rule and subject: rows with the same one are tried in the order of their ids';
COMMENT ON COLUMN respond_internal.set_aside_event.forced IS 'as in requeue, also replay, run_id and rule_owner';
COMMENT ON COLUMN respond_internal.set_aside_event.sqlstate IS 'class of the error of the last try; NULL: none was made yet';
COMMENT ON COLUMN respond_internal.set_aside_event.incarnation IS 'of the database that wrote it; rows from elsewhere make the workers hold';
COMMENT ON COLUMN respond_internal.set_aside_event.tries IS 'tries that failed';
COMMENT ON COLUMN respond_internal.set_aside_event.first_at IS 'when it was set aside first';
COMMENT ON COLUMN respond_internal.set_aside_event.due_at IS 'when it is tried again; infinity: behind another one, or when the rule has time';
COMMENT ON COLUMN respond_internal.set_aside_event.queue IS 'its place in the queue of a rule that takes too long';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.stopped_rule', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_queue', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_0', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.progress_1', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.suspect', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.requeue', '');
-- 12_private.sql: values of which not every reader sees everything.

CREATE TYPE respond.private_text;
CREATE FUNCTION respond_internal.private_text_in(cstring) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_in';
COMMENT ON FUNCTION respond_internal.private_text_in(cstring) IS 'input of type private_text';
CREATE FUNCTION respond_internal.private_text_out(respond.private_text) RETURNS cstring
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_out';
COMMENT ON FUNCTION respond_internal.private_text_out(respond.private_text) IS 'output of type private_text: what the current user may see';
CREATE FUNCTION respond_internal.private_text_recv(internal) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_recv';
COMMENT ON FUNCTION respond_internal.private_text_recv(internal) IS 'binary input of type private_text';
CREATE FUNCTION respond_internal.private_text_send(respond.private_text) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_send';
COMMENT ON FUNCTION respond_internal.private_text_send(respond.private_text) IS 'binary output of type private_text: what the current user may see';
CREATE TYPE respond.private_text (INPUT = respond_internal.private_text_in, OUTPUT = respond_internal.private_text_out, RECEIVE = respond_internal.private_text_recv, SEND = respond_internal.private_text_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended, CATEGORY = 'S');
COMMENT ON TYPE respond.private_text IS 'text of which members of its owner and superusers see everything, others what everybody may see; becomes text by itself';
CREATE FUNCTION respond_internal.to_text(respond.private_text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_to_text';
COMMENT ON FUNCTION respond_internal.to_text(respond.private_text) IS 'what the current user may see of the value';
CREATE FUNCTION respond_internal.from_text(text) RETURNS respond.private_text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_from_text';
COMMENT ON FUNCTION respond_internal.from_text(text) IS 'a value of which everybody sees everything';
CREATE CAST (respond.private_text AS text) WITH FUNCTION respond_internal.to_text(respond.private_text) AS IMPLICIT;
COMMENT ON CAST (respond.private_text AS text) IS 'what the current user may see';
CREATE CAST (text AS respond.private_text) WITH FUNCTION respond_internal.from_text(text) AS ASSIGNMENT;
COMMENT ON CAST (text AS respond.private_text) IS 'a value of which everybody sees everything';

CREATE TYPE respond.private_jsonb;
CREATE FUNCTION respond_internal.private_jsonb_in(cstring) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_in';
COMMENT ON FUNCTION respond_internal.private_jsonb_in(cstring) IS 'input of type private_jsonb';
CREATE FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb) RETURNS cstring
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_out';
COMMENT ON FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb) IS 'output of type private_jsonb: what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_recv(internal) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_recv';
COMMENT ON FUNCTION respond_internal.private_jsonb_recv(internal) IS 'binary input of type private_jsonb';
CREATE FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_send';
COMMENT ON FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb) IS 'binary output of type private_jsonb: what the current user may see';
CREATE TYPE respond.private_jsonb (INPUT = respond_internal.private_jsonb_in, OUTPUT = respond_internal.private_jsonb_out, RECEIVE = respond_internal.private_jsonb_recv, SEND = respond_internal.private_jsonb_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = int4, STORAGE = extended);
COMMENT ON TYPE respond.private_jsonb IS 'jsonb of which members of its owner and superusers see everything, others what everybody may see; becomes jsonb by itself';
CREATE FUNCTION respond_internal.to_jsonb(respond.private_jsonb) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_to_jsonb';
COMMENT ON FUNCTION respond_internal.to_jsonb(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE FUNCTION respond_internal.from_jsonb(jsonb) RETURNS respond.private_jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_from_jsonb';
COMMENT ON FUNCTION respond_internal.from_jsonb(jsonb) IS 'a value of which everybody sees everything';
CREATE CAST (respond.private_jsonb AS jsonb) WITH FUNCTION respond_internal.to_jsonb(respond.private_jsonb) AS IMPLICIT;
COMMENT ON CAST (respond.private_jsonb AS jsonb) IS 'what the current user may see';
CREATE CAST (jsonb AS respond.private_jsonb) WITH FUNCTION respond_internal.from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS respond.private_jsonb) IS 'a value of which everybody sees everything';
CREATE FUNCTION respond_internal.to_json(respond.private_jsonb) RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_to_json';
COMMENT ON FUNCTION respond_internal.to_json(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE CAST (respond.private_jsonb AS json) WITH FUNCTION respond_internal.to_json(respond.private_jsonb) AS ASSIGNMENT;
COMMENT ON CAST (respond.private_jsonb AS json) IS 'what the current user may see';

-- For ORDER BY, GROUP BY and DISTINCT.
CREATE FUNCTION respond_internal.private_text_cmp(respond.private_text, respond.private_text) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_cmp';
COMMENT ON FUNCTION respond_internal.private_text_cmp(respond.private_text, respond.private_text) IS 'order of what the current user may see';
CREATE FUNCTION respond_internal.private_text_lt(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_lt';
COMMENT ON FUNCTION respond_internal.private_text_lt(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_le(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_le';
COMMENT ON FUNCTION respond_internal.private_text_le(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_eq(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_eq';
COMMENT ON FUNCTION respond_internal.private_text_eq(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_ne(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_ne';
COMMENT ON FUNCTION respond_internal.private_text_ne(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_ge(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_ge';
COMMENT ON FUNCTION respond_internal.private_text_ge(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_text_gt(respond.private_text, respond.private_text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_text_gt';
COMMENT ON FUNCTION respond_internal.private_text_gt(respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.< (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_lt,
	COMMUTATOR = OPERATOR(respond_internal.>), NEGATOR = OPERATOR(respond_internal.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR respond_internal.< (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_le,
	COMMUTATOR = OPERATOR(respond_internal.>=), NEGATOR = OPERATOR(respond_internal.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR respond_internal.<= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_eq,
	COMMUTATOR = OPERATOR(respond_internal.=), NEGATOR = OPERATOR(respond_internal.<>), RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR respond_internal.= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<> (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_ne,
	COMMUTATOR = OPERATOR(respond_internal.<>), NEGATOR = OPERATOR(respond_internal.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR respond_internal.<> (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.>= (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_ge,
	COMMUTATOR = OPERATOR(respond_internal.<=), NEGATOR = OPERATOR(respond_internal.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR respond_internal.>= (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.> (LEFTARG = respond.private_text, RIGHTARG = respond.private_text, FUNCTION = respond_internal.private_text_gt,
	COMMUTATOR = OPERATOR(respond_internal.<), NEGATOR = OPERATOR(respond_internal.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR respond_internal.> (respond.private_text, respond.private_text) IS 'comparison of what the current user may see';
CREATE OPERATOR CLASS respond_internal.private_text_ops DEFAULT FOR TYPE respond.private_text USING btree AS
	OPERATOR 1 respond_internal.<, OPERATOR 2 respond_internal.<=, OPERATOR 3 respond_internal.=, OPERATOR 4 respond_internal.>=, OPERATOR 5 respond_internal.>,
	FUNCTION 1 respond_internal.private_text_cmp(respond.private_text, respond.private_text);
COMMENT ON OPERATOR CLASS respond_internal.private_text_ops USING btree IS 'order of what the current user may see';
COMMENT ON OPERATOR FAMILY respond_internal.private_text_ops USING btree IS 'order of what the current user may see';

CREATE FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_cmp';
COMMENT ON FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb) IS 'order of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_lt';
COMMENT ON FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_le';
COMMENT ON FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_eq';
COMMENT ON FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_ne';
COMMENT ON FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_ge';
COMMENT ON FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb, respond.private_jsonb) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_private_jsonb_gt';
COMMENT ON FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.< (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_lt,
	COMMUTATOR = OPERATOR(respond_internal.>), NEGATOR = OPERATOR(respond_internal.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR respond_internal.< (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_le,
	COMMUTATOR = OPERATOR(respond_internal.>=), NEGATOR = OPERATOR(respond_internal.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR respond_internal.<= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_eq,
	COMMUTATOR = OPERATOR(respond_internal.=), NEGATOR = OPERATOR(respond_internal.<>), RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR respond_internal.= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.<> (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_ne,
	COMMUTATOR = OPERATOR(respond_internal.<>), NEGATOR = OPERATOR(respond_internal.=), RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR respond_internal.<> (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.>= (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_ge,
	COMMUTATOR = OPERATOR(respond_internal.<=), NEGATOR = OPERATOR(respond_internal.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR respond_internal.>= (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR respond_internal.> (LEFTARG = respond.private_jsonb, RIGHTARG = respond.private_jsonb, FUNCTION = respond_internal.private_jsonb_gt,
	COMMUTATOR = OPERATOR(respond_internal.<), NEGATOR = OPERATOR(respond_internal.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR respond_internal.> (respond.private_jsonb, respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OPERATOR CLASS respond_internal.private_jsonb_ops DEFAULT FOR TYPE respond.private_jsonb USING btree AS
	OPERATOR 1 respond_internal.<, OPERATOR 2 respond_internal.<=, OPERATOR 3 respond_internal.=, OPERATOR 4 respond_internal.>=, OPERATOR 5 respond_internal.>,
	FUNCTION 1 respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb);
COMMENT ON OPERATOR CLASS respond_internal.private_jsonb_ops USING btree IS 'order of what the current user may see';
COMMENT ON OPERATOR FAMILY respond_internal.private_jsonb_ops USING btree IS 'order of what the current user may see';
-- 20_event.sql: the event log and its producers.

CREATE FUNCTION respond_internal.event_xid() RETURNS xid8
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_xid';
COMMENT ON FUNCTION respond_internal.event_xid() IS 'top-level transaction id; also makes the commit of this transaction wake the dispatchers';

CREATE FUNCTION respond_internal.actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_actor';
COMMENT ON FUNCTION respond_internal.actor() IS 'who acts: the role of the session, or rule:NAME while a rule runs';

CREATE FUNCTION respond_internal.session_actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_session_actor';
COMMENT ON FUNCTION respond_internal.session_actor() IS 'who is logged in, when SET ROLE made the actor another role; else NULL';

CREATE FUNCTION respond_internal.current_cause() RETURNS bigint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_current_cause';
COMMENT ON FUNCTION respond_internal.current_cause() IS 'id of the event whose rule runs now; NULL outside of rules';

-- The trigger below checks the rows and fills in source, cause, depth, actor,
-- xid and incarnation.
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
	xid xid8 NOT NULL,
	incarnation bigint NOT NULL
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE respond.event IS 'what happened; INSERT is the interface, rows are never changed';
COMMENT ON COLUMN respond.event.id IS 'grows with the order of recording, which is not the order of commit';
COMMENT ON COLUMN respond.event.type IS 'what kind of thing happened, for example order.created; 1 to 255 bytes';
COMMENT ON COLUMN respond.event.source IS 'where it happened; the name that this database had when the extension was created, if not given; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.subject IS 'what it happened to; events with the same subject take effect in commit order; up to 1,024 bytes';
COMMENT ON COLUMN respond.event."time" IS 'when it happened, as the producer says; the start of its transaction if not given';
COMMENT ON COLUMN respond.event.data IS 'a JSON object with everything else';
COMMENT ON COLUMN respond.event.key IS 'the id that the producer gave it: a second event of the same role with the same source and key is not stored again; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.cause IS 'id of the event whose rule recorded this one';
COMMENT ON COLUMN respond.event.depth IS 'number of events that caused each other before this one';
COMMENT ON COLUMN respond.event.actor IS 'role that recorded it, or rule:NAME';
COMMENT ON COLUMN respond.event.recorded_at IS 'start of the transaction that recorded it; the log is partitioned by it';
COMMENT ON COLUMN respond.event.xid IS 'top-level transaction that recorded it; the cursor of the dispatchers goes by it';
COMMENT ON COLUMN respond.event.incarnation IS 'mark of the database that recorded it; an event with another one than this database''s came from elsewhere';

CREATE TABLE respond.event_default PARTITION OF respond.event DEFAULT;
CREATE UNIQUE INDEX event_default_id_idx ON respond.event_default (id);
ALTER TABLE respond.event_default REPLICA IDENTITY USING INDEX event_default_id_idx;
CREATE INDEX event_default_xid_id_idx ON respond.event_default (incarnation, xid, id);
COMMENT ON TABLE respond.event_default IS 'events for whose time there is no partition, usually none';

-- Not dumped: restored events claim their keys again through the trigger below.
CREATE TABLE respond_internal.event_key (
	source text NOT NULL,
	key text NOT NULL,
	id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	producer oid NOT NULL DEFAULT 0,
	PRIMARY KEY (source, key, producer)
);
CREATE INDEX event_key_common_idx ON respond_internal.event_key (producer) WHERE producer = 0;
COMMENT ON INDEX respond_internal.event_key_common_idx IS 'finds keys that hold for all producers, usually none';
COMMENT ON TABLE respond_internal.event_key IS 'keys that are taken; kept as long as the events';
COMMENT ON COLUMN respond_internal.event_key.source IS 'source of the event that has the key';
COMMENT ON COLUMN respond_internal.event_key.key IS 'the key';
COMMENT ON COLUMN respond_internal.event_key.id IS 'id of the event that has the key';
COMMENT ON COLUMN respond_internal.event_key.recorded_at IS 'of the event; says when the key may be forgotten';
COMMENT ON COLUMN respond_internal.event_key.producer IS 'role whose key it is; 0: of all, because the event came with a dump and its role is not here';

CREATE FUNCTION respond_internal.event_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_event_row';
COMMENT ON FUNCTION respond_internal.event_row() IS 'checks and completes an event; skips one whose source and key are known';

CREATE TRIGGER event_row BEFORE INSERT ON respond.event
FOR EACH ROW EXECUTE FUNCTION respond_internal.event_row();
-- A session that replays changes of another server records events as well.
ALTER TABLE respond.event ENABLE ALWAYS TRIGGER event_row;
COMMENT ON TRIGGER event_row ON respond.event IS 'checks and completes the row; a second event with the same source and key is not stored';

CREATE FUNCTION respond_internal.event_guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_event_guard';
COMMENT ON FUNCTION respond_internal.event_guard() IS 'trigger: refuses to change or remove events';

-- As with the audit log: partitions inherit the trigger for each row only.
CREATE FUNCTION respond_internal.guard_event_partition(partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE pg_catalog.format('CREATE TRIGGER event_guard_truncate BEFORE TRUNCATE ON %s
		FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.event_guard()', partition);
	EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER event_guard_truncate', partition);
END
$$;
COMMENT ON FUNCTION respond_internal.guard_event_partition(regclass) IS 'keeps a new partition of the event log from being emptied';

CREATE TRIGGER event_guard_row BEFORE UPDATE OR DELETE ON respond.event
	FOR EACH ROW EXECUTE FUNCTION respond_internal.event_guard();
ALTER TABLE respond.event ENABLE ALWAYS TRIGGER event_guard_row;
COMMENT ON TRIGGER event_guard_row ON respond.event IS 'keeps events as they are, in partitions too';
SELECT respond_internal.guard_event_partition('respond.event');
SELECT respond_internal.guard_event_partition('respond.event_default');
COMMENT ON TRIGGER event_guard_truncate ON respond.event IS 'keeps the event log from being emptied';
COMMENT ON TRIGGER event_guard_truncate ON respond.event_default IS 'keeps the event log from being emptied';

-- Sources that belong to somebody.
CREATE TABLE respond.producer (
	role regrole NOT NULL,
	source text NOT NULL,
	description text,
	PRIMARY KEY (role, source)
);
COMMENT ON TABLE respond.producer IS 'sources that belong to roles: a role with rows here may use no other source, and nobody else may use it; superusers are not bound';
COMMENT ON COLUMN respond.producer.role IS 'the role; its members may use the source too';
COMMENT ON COLUMN respond.producer.source IS 'source of events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.producer.description IS 'what it is for';

CREATE FUNCTION respond_internal.producer_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_producer_validate';
COMMENT ON FUNCTION respond_internal.producer_validate() IS 'trigger: refuses sources that no event can have';
CREATE FUNCTION respond_internal.producers_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_producers_changed';
COMMENT ON FUNCTION respond_internal.producers_changed() IS 'trigger: makes sessions and workers read the producers again after the commit';

CREATE TRIGGER producer_validate BEFORE INSERT OR UPDATE ON respond.producer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.producer_validate();
COMMENT ON TRIGGER producer_validate ON respond.producer IS 'refuses sources that no event can have';
CREATE TRIGGER producers_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.producer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.producers_changed();
COMMENT ON TRIGGER producers_changed ON respond.producer IS 'makes sessions and workers read the producers again';

SELECT pg_catalog.pg_extension_config_dump('respond.producer', '');

CREATE FUNCTION respond.emit(type text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, source text DEFAULT NULL,
	key text DEFAULT NULL, "time" timestamptz DEFAULT NULL, occurred_at timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_emit';
COMMENT ON FUNCTION respond.emit(text, jsonb, text, text, text, timestamptz, timestamptz) IS
	'records an event and returns its id; with a key that this role has used, the id of the event that has it. occurred_at is the same as "time" and needs no quotes. Needs the right to INSERT into respond.event';

CREATE FUNCTION respond.capture() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_capture';
COMMENT ON FUNCTION respond.capture() IS
	'AFTER trigger, for each row or statement, that records changes as events: capture(type, ''subject=...'', ''column=...''); watch() creates such triggers';

CREATE FUNCTION respond.watch("table" regclass, type text DEFAULT NULL, operations text[] DEFAULT NULL,
	columns text[] DEFAULT NULL, condition text DEFAULT NULL, subject text DEFAULT NULL, replicated boolean DEFAULT false) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_watch';
COMMENT ON FUNCTION respond.watch(regclass, text, text[], text[], text, text, boolean) IS
	'makes a table a producer: changes of its rows become events of this type, by default of INSERT, UPDATE and DELETE, type TABLE.inserted and so on, subject TABLE/KEY. With columns, an UPDATE counts only if one of them changed. condition is SQL over OLD and NEW. subject is a column, a template or SQL. With replicated, rows that a subscription applies count too. Returns the name of the first trigger; watching again with the same type replaces';

CREATE FUNCTION respond.unwatch("table" regclass, type text DEFAULT NULL) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_unwatch';
COMMENT ON FUNCTION respond.unwatch(regclass, text) IS 'ends the watch of a table with this type (as respond.watched shows it), or every watch, and returns the number of triggers dropped';

CREATE FUNCTION respond_internal.watch_triggers(OUT trigger oid, OUT name text, OUT "table" oid, OUT by_watch boolean, OUT type text, OUT operations text[],
	OUT columns text[], OUT condition text, OUT subject text, OUT replicated boolean, OUT enabled boolean, OUT problem text) RETURNS SETOF record
LANGUAGE c VOLATILE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'respond_watch_triggers';
COMMENT ON FUNCTION respond_internal.watch_triggers() IS 'the triggers of this database that capture changes, and whether they still fit their tables';

CREATE FUNCTION respond_internal.capture_faults(OUT trigger oid, OUT "table" oid, OUT fault text, OUT count bigint, OUT first_at timestamptz, OUT last_at timestamptz,
	OUT message text) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_capture_faults';
COMMENT ON FUNCTION respond_internal.capture_faults() IS 'what went wrong in capture() since the server started and did not fail the writes, from shared memory';

CREATE FUNCTION respond_internal.capture_forget_faults("table" oid) RETURNS integer
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_capture_forget_faults';
COMMENT ON FUNCTION respond_internal.capture_forget_faults(oid) IS 'forgets those of a table; for acknowledge()';

CREATE VIEW respond.watched WITH (security_invoker = true) AS
SELECT w."table"::regclass AS "table", w.type, w.operations, w.columns, w.condition, w.subject, w.replicated, w.enabled,
	NULLIF(pg_catalog.concat_ws('; ', w.problem, f.problem), '') AS problem, w.triggers
  FROM (
	SELECT t."table", t.type,
		ARRAY(SELECT DISTINCT o FROM pg_catalog.unnest(pg_catalog.array_agg(pg_catalog.array_to_string(t.operations, ','))) AS a,
			pg_catalog.unnest(pg_catalog.string_to_array(a, ',')) AS o ORDER BY o) AS operations,
		pg_catalog.min(t.columns) AS columns, pg_catalog.min(t.condition) AS condition, pg_catalog.min(t.subject) AS subject,
		pg_catalog.bool_and(t.replicated OR t.operations OPERATOR(pg_catalog.=) '{TRUNCATE}') AS replicated, pg_catalog.bool_and(t.enabled) AS enabled,
		pg_catalog.min(t.problem) AS problem, pg_catalog.array_agg(t.name ORDER BY t.name) AS triggers, pg_catalog.array_agg(t.trigger) AS trigger_ids
	  FROM respond_internal.watch_triggers() AS t
	 GROUP BY t."table", t.type, t.by_watch, CASE WHEN NOT t.by_watch THEN t.trigger END) AS w
  LEFT JOIN LATERAL (
	SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%s: %s', c.fault, c.message), '; ') AS problem
	  FROM respond_internal.capture_faults() AS c
	 WHERE c.count OPERATOR(pg_catalog.>) 0 AND c.trigger OPERATOR(pg_catalog.=) ANY (w.trigger_ids)) AS f ON true;
COMMENT ON VIEW respond.watched IS 'the watches of this database, and hand-written triggers that call capture()';
COMMENT ON COLUMN respond.watched."table" IS 'the table';
COMMENT ON COLUMN respond.watched.type IS 'type of the events; TABLE.* for a watch without a type of its own, whose events are TABLE.inserted and so on';
COMMENT ON COLUMN respond.watched.operations IS 'INSERT, UPDATE, DELETE, TRUNCATE';
COMMENT ON COLUMN respond.watched.columns IS 'an UPDATE counts only if one of these changed; NULL: any';
COMMENT ON COLUMN respond.watched.condition IS 'what must hold for the row; NULL: nothing';
COMMENT ON COLUMN respond.watched.subject IS 'how the subject is made; NULL: from the table and its key';
COMMENT ON COLUMN respond.watched.replicated IS 'whether rows that a subscription applies count';
COMMENT ON COLUMN respond.watched.enabled IS 'false when one of its triggers is disabled, be it in one partition';
COMMENT ON COLUMN respond.watched.problem IS 'what is wrong with it; NULL: nothing';
COMMENT ON COLUMN respond.watched.triggers IS 'names of its triggers';

-- What is the same for webhooks and for the view.
CREATE FUNCTION respond_internal.cloud_event_id(id bigint, recorded_at timestamptz) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cloud_event_id_sql';
COMMENT ON FUNCTION respond_internal.cloud_event_id(bigint, timestamptz) IS 'id of an event for the outside, the same wherever it goes and never given to another one';
CREATE FUNCTION respond_internal.cloud_event_source(source text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cloud_event_source_sql';
COMMENT ON FUNCTION respond_internal.cloud_event_source(text) IS 'a source as URI-reference';
CREATE FUNCTION respond_internal.cloud_event_text(value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cloud_event_text_sql';
COMMENT ON FUNCTION respond_internal.cloud_event_text(text) IS 'a text without control characters; NULL when it is empty';
CREATE FUNCTION respond_internal.cloud_event_time(at timestamptz) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cloud_event_time_sql';
COMMENT ON FUNCTION respond_internal.cloud_event_time(timestamptz) IS 'a time as RFC 3339 has it; NULL when it has none';

CREATE VIEW respond.cloud_event WITH (security_invoker = true) AS
SELECT e.id, e.recorded_at,
	pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
		'specversion', '1.0',
		'id', respond_internal.cloud_event_id(e.id, e.recorded_at),
		'source', respond_internal.cloud_event_source(e.source),
		'type', respond_internal.cloud_event_text(e.type),
		'subject', respond_internal.cloud_event_text(e.subject),
		'time', respond_internal.cloud_event_time(e."time"),
		'datacontenttype', 'application/json',
		'key', respond_internal.cloud_event_text(e.key),
		'cause', e.cause::text,
		'depth', e.depth,
		'actor', respond_internal.cloud_event_text(e.actor),
		'recordedat', respond_internal.cloud_event_time(e.recorded_at)))
	|| pg_catalog.jsonb_build_object('data', e.data) AS cloud_event
FROM respond.event AS e;
COMMENT ON VIEW respond.cloud_event IS 'the events as CloudEvents 1.0 in JSON; key, cause, depth, actor and recordedat are extension attributes';
COMMENT ON COLUMN respond.cloud_event.id IS 'id of the event';
COMMENT ON COLUMN respond.cloud_event.recorded_at IS 'when it was recorded; a condition on it spares the other partitions';
COMMENT ON COLUMN respond.cloud_event.cloud_event IS 'the event in the JSON format of CloudEvents';

CREATE FUNCTION respond_internal.foreign_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_foreign_row';
COMMENT ON FUNCTION respond_internal.foreign_row() IS 'trigger: a row that was written in another database makes the workers hold';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.requeue
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.requeue ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.requeue IS 'pauses the workers when a row comes from elsewhere';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.set_aside_event
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.set_aside_event ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.set_aside_event IS 'pauses the workers when a row comes from elsewhere';

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
	updated_at timestamptz NOT NULL DEFAULT now(),
	start_roles name[],
	owner_id oid,
	start_role_ids oid[],
	owner_system bigint
);
COMMENT ON TABLE respond.rule IS 'what to do when an event matches; plain INSERT, UPDATE and DELETE are the interface';
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
COMMENT ON COLUMN respond.rule.on_failure IS 'steps to run when a step without an on_failure of its own failed';
COMMENT ON COLUMN respond.rule.owner IS 'role whose rights its SQL has; turning the rule on, and changing what it does or when, needs the right to act as this role';
COMMENT ON COLUMN respond.rule.version IS 'counted up by each change';
COMMENT ON COLUMN respond.rule.created_at IS 'when it was made';
COMMENT ON COLUMN respond.rule.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.rule.start_roles IS 'roles whose members may run it by hand with start() and replay(), beside those who may act as the owner; "public" stands for everybody, NULL: none';
COMMENT ON COLUMN respond.rule.owner_id IS 'number of the owner, kept by pg_respond: the rule stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.rule.start_role_ids IS 'numbers of the start_roles, kept by pg_respond';
COMMENT ON COLUMN respond.rule.owner_system IS 'system (see pg_control_system()) in which these are numbers of roles; in another one the names count';

CREATE TABLE respond.rule_version (
	LIKE respond.rule,
	changed_by text NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	session_actor text DEFAULT respond_internal.session_actor(),
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
COMMENT ON COLUMN respond.rule_version.start_roles IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_id IS 'see rule';
COMMENT ON COLUMN respond.rule_version.start_role_ids IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_system IS 'see rule';
COMMENT ON COLUMN respond.rule_version.changed_by IS 'who changed or deleted it';
COMMENT ON COLUMN respond.rule_version.changed_at IS 'until when this version was in force';
COMMENT ON COLUMN respond.rule_version.session_actor IS 'who was logged in, when SET ROLE made changed_by another role; NULL: the same';

CREATE TABLE respond.mute (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	pattern jsonb,
	from_time timestamptz NOT NULL DEFAULT now(),
	until_time timestamptz,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mute IS 'events that rules and routes ignore for a time; the runs say suppressed';
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
COMMENT ON FUNCTION respond.render(text, jsonb, text) IS 'renders a Mustache template over a context; escape is applied to the values of tags: none, html, json, markdown, slack or url';

CREATE FUNCTION respond_internal.text_size(document jsonb) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_text_size';
COMMENT ON FUNCTION respond_internal.text_size(jsonb) IS 'bytes of the document as text, counted without writing it';
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
	state respond.private_jsonb NOT NULL DEFAULT '{}',
	error respond.private_text,
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
COMMENT ON COLUMN respond.run.step IS 'step that the run is at or failed in: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.run.state IS 'data chain: what each step with a name gave, by its name; lines of the log under "_log"; of a shadow run, what it would have done under "shadow"; of a suppressed one, why under "suppressed". What SQL of the rule gave is shown to its owner and superusers alone';
COMMENT ON COLUMN respond.run.error IS 'why the run failed; of a run that succeeded, the failure that on_failure of its rule dealt with. Its message is shown to the owner of the rule and superusers, to others place and class';
COMMENT ON COLUMN respond.run.replay IS 'whether the event was run again by replay()';
COMMENT ON COLUMN respond.run.started_at IS 'when its first step began';
COMMENT ON COLUMN respond.run.finished_at IS 'when it ended; NULL while it runs or waits';
COMMENT ON COLUMN respond.run.resume_at IS 'when a waiting run resumes';

CREATE TABLE respond.run_default PARTITION OF respond.run DEFAULT;
CREATE UNIQUE INDEX run_default_id_idx ON respond.run_default (id);
ALTER TABLE respond.run_default REPLICA IDENTITY USING INDEX run_default_id_idx;
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
COMMENT ON COLUMN respond.team.description IS 'what the team is for';
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
	session_actor text DEFAULT respond_internal.session_actor(),
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
COMMENT ON COLUMN respond.ticket.tags IS 'labels, each once';
COMMENT ON COLUMN respond.ticket.key IS 'what the ticket is for: at most one ticket with the same key is neither solved nor closed';
COMMENT ON COLUMN respond.ticket.fields IS 'further values, a JSON object';
COMMENT ON COLUMN respond.ticket.event_id IS 'event whose rule opened it; NULL for a ticket entered by hand';
COMMENT ON COLUMN respond.ticket.run_id IS 'run of the rule that opened it';
COMMENT ON COLUMN respond.ticket.created_by IS 'who opened it: a role, or rule:NAME';
COMMENT ON COLUMN respond.ticket.solved_at IS 'when it was solved; NULL again once it is reopened';
COMMENT ON COLUMN respond.ticket.closed_at IS 'when it was closed';
COMMENT ON COLUMN respond.ticket.created_at IS 'when it was opened';
COMMENT ON COLUMN respond.ticket.updated_at IS 'when something about it was last changed';
COMMENT ON COLUMN respond.ticket.session_actor IS 'who was logged in when it was opened, if SET ROLE made created_by another role';
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
	rule text,
	session_actor text DEFAULT respond_internal.session_actor()
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
COMMENT ON COLUMN respond.ticket_history.session_actor IS 'who was logged in, when SET ROLE made the actor another role; NULL: the actor';

CREATE INDEX ticket_history_ticket_id_idx ON respond.ticket_history (ticket_id);
COMMENT ON INDEX respond.ticket_history_ticket_id_idx IS 'the history of a ticket';

-- Transitions, times and what may not change: before the row is written.
CREATE FUNCTION respond_internal.ticket_guard() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_ticket_guard';
COMMENT ON FUNCTION respond_internal.ticket_guard() IS 'trigger: refuses illegal transitions, keeps updated_at, solved_at and closed_at';

CREATE TRIGGER ticket_guard_insert BEFORE INSERT ON respond.ticket
	FOR EACH ROW WHEN (NEW.status IN ('solved', 'closed') OR cardinality(NEW.tags) > 1 OR NEW.session_actor IS DISTINCT FROM respond_internal.session_actor())
	EXECUTE FUNCTION respond_internal.ticket_guard();
COMMENT ON TRIGGER ticket_guard_insert ON respond.ticket IS 'gives a ticket that is entered solved or closed its times, each tag once, and says who is logged in';
CREATE TRIGGER ticket_guard_update BEFORE UPDATE ON respond.ticket
	FOR EACH ROW EXECUTE FUNCTION respond_internal.ticket_guard();
COMMENT ON TRIGGER ticket_guard_update ON respond.ticket IS 'refuses illegal transitions and a second open ticket with a key, keeps updated_at, solved_at and closed_at';

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
	new jsonb,
	session_actor text DEFAULT respond_internal.session_actor()
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
COMMENT ON COLUMN respond.audit_log.session_actor IS 'who was logged in, when SET ROLE made the actor another role; NULL: the actor';

CREATE TABLE respond.audit_log_default PARTITION OF respond.audit_log DEFAULT;
CREATE UNIQUE INDEX audit_log_default_id_idx ON respond.audit_log_default (id);
ALTER TABLE respond.audit_log_default REPLICA IDENTITY USING INDEX audit_log_default_id_idx;
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

CREATE TRIGGER producer_audit AFTER INSERT OR UPDATE OR DELETE ON respond.producer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER producer_audit ON respond.producer IS 'puts changes of producers on record';
CREATE TRIGGER producer_audit_truncate AFTER TRUNCATE ON respond.producer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER producer_audit_truncate ON respond.producer IS 'puts the removal of all producers on record';

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
	escape text NOT NULL DEFAULT 'none' CHECK (escape IN ('none', 'html', 'json', 'markdown', 'slack', 'url')),
	signature boolean NOT NULL DEFAULT false,
	auth text CHECK (auth IN ('basic', 'bearer')),
	needs_text boolean NOT NULL DEFAULT false,
	options jsonb NOT NULL DEFAULT '{}',
	required_options text[] NOT NULL DEFAULT '{}',
	built_in boolean NOT NULL DEFAULT false,
	max_text integer CHECK (max_text BETWEEN 10 AND 1000000),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE,
	hmac jsonb
);
COMMENT ON TABLE respond.channel_kind IS 'kinds of channels: a new provider is one more row';
COMMENT ON COLUMN respond.channel_kind.name IS 'name of the kind; channels refer to it';
COMMENT ON COLUMN respond.channel_kind.transport IS 'http (and https), smtp (and smtps), or notify for LISTEN/NOTIFY in this database';
COMMENT ON COLUMN respond.channel_kind.description IS 'what it is for, and what its options mean';
COMMENT ON COLUMN respond.channel_kind.method IS 'HTTP method: GET, POST, PUT, PATCH or DELETE';
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
COMMENT ON COLUMN respond.channel_kind.max_text IS 'characters that the provider takes in a text: a longer one is cut and ends with three dots; NULL: no limit';
COMMENT ON COLUMN respond.channel_kind.hmac IS 'how requests are signed when the channel has a secret: an object of algorithm (sha1, sha256, sha384, sha512), encoding (hex, base64, base64url), secret (text, hex, base64), content ({{body}}, {{timestamp}}, {{key}}) and headers ({{signature}} and the same); NULL: not so';
COMMENT ON COLUMN respond.channel_kind.id IS 'given by pg_respond; the name may one day be that of another kind, the id never is';

CREATE TABLE respond.channel (
	name text PRIMARY KEY,
	kind text NOT NULL,
	url text,
	options jsonb NOT NULL DEFAULT '{}',
	secret text,
	max_attempts integer NOT NULL DEFAULT 10,
	retry_delays interval[],
	timeout interval NOT NULL,
	rate_limit double precision,
	concurrency integer NOT NULL DEFAULT 16,
	ordered boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	disabled_reason text,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE,
	kind_id uuid NOT NULL
);
COMMENT ON TABLE respond.channel IS 'where messages go; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.channel.name IS 'name of the channel; steps refer to it; it cannot be changed';
COMMENT ON COLUMN respond.channel.kind IS 'a row of channel_kind';
COMMENT ON COLUMN respond.channel.url IS 'where to; a template in which path and query may name {{secret}}, {{options.x}} and values of the event; never with a user or password';
COMMENT ON COLUMN respond.channel.options IS 'options of the kind, see channel_kind.options';
COMMENT ON COLUMN respond.channel.secret IS 'write only: kept encrypted elsewhere, always reads as NULL; see set_secret()';
COMMENT ON COLUMN respond.channel.max_attempts IS 'tries before a delivery is dead';
COMMENT ON COLUMN respond.channel.retry_delays IS 'waits between tries, the last one repeats; NULL: those of Standard Webhooks, 10 tries over 75 hours';
COMMENT ON COLUMN respond.channel.timeout IS 'time that one try may take, from its sending on; 15 seconds if not given, 5 minutes for mail';
COMMENT ON COLUMN respond.channel.rate_limit IS 'requests per second at most; NULL: no limit';
COMMENT ON COLUMN respond.channel.concurrency IS 'requests at the same time at most';
COMMENT ON COLUMN respond.channel.ordered IS 'one request at a time for each subject of an event, in the order of the events';
COMMENT ON COLUMN respond.channel.enabled IS 'whether it is used; deliveries of a disabled channel wait';
COMMENT ON COLUMN respond.channel.disabled_reason IS 'why pg_respond disabled it, for example after an answer 410';
COMMENT ON COLUMN respond.channel.description IS 'what it is for';
COMMENT ON COLUMN respond.channel.created_at IS 'when it was made';
COMMENT ON COLUMN respond.channel.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.channel.id IS 'given by pg_respond; deliveries and the secret belong to this, not to the name, which may one day be that of another channel';
COMMENT ON COLUMN respond.channel.kind_id IS 'given by pg_respond: the kind that had the name in column kind when that was set';

CREATE FUNCTION respond_internal.channel_kind_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_kind_validate';
COMMENT ON FUNCTION respond_internal.channel_kind_validate() IS 'trigger: refuses kinds that could not work, and changes of the built-in ones';
CREATE FUNCTION respond_internal.channel_kind_renamed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_kind_renamed';
COMMENT ON FUNCTION respond_internal.channel_kind_renamed() IS 'trigger: channels show the new name of their kind';
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
-- Their ids are the same everywhere, so that channels that come from a dump find them.
INSERT INTO respond.channel_kind (name, transport, description, url, headers, body, encoding, escape, signature, auth, needs_text, options, required_options, built_in, id) VALUES
('webhook', 'http', 'signed request as Standard Webhooks describes it, with the headers of CloudEvents. content_type: of the body; client_cert, client_key: files in PEM, for receivers that ask for a certificate (superusers only)',
	NULL,
	'{"ce-specversion": "1.0", "ce-id": "{{{ce.id}}}", "ce-source": "{{{ce.source}}}", "ce-type": "{{{ce.type}}}", "ce-subject": "{{{ce.subject}}}", "ce-time": "{{{ce.time}}}"}',
	'{"type": "{{{ce.type}}}", "timestamp": "{{{ce.time}}}", "text": "{{{text}}}", "data": "{{data}}"}',
	'json', 'none', true, NULL, false, '{"content_type": null, "client_cert": null, "client_key": null}', '{}', true, '00000000-0000-4000-8000-000000000001'),
('slack', 'http', 'incoming webhook of Slack; the url, or its last part as {{secret}}, is the secret',
	NULL, '{}', '{"text": "{{{text}}}"}', 'json', 'slack', false, NULL, true, '{}', '{}', true, '00000000-0000-4000-8000-000000000002'),
('teams', 'http', 'workflow webhook of Microsoft Teams',
	NULL, '{}',
	'{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, "text": "{{{text}}}"}]}}]}',
	'json', 'markdown', false, NULL, true, '{}', '{}', true, '00000000-0000-4000-8000-000000000003'),
('sms', 'http', 'form-encoded API as that of Twilio. username: account, the secret is its token; from, to: numbers',
	NULL, '{}', '{"To": "{{to}}", "From": "{{options.from}}", "Body": "{{{text}}}"}',
	'form', 'none', false, 'basic', true, '{"username": null, "from": null, "to": null}', '{from}', true, '00000000-0000-4000-8000-000000000004'),
('pagerduty', 'http', 'Events API v2 of PagerDuty; the secret is the routing key. severity, event_action, dedup_key (the event''s subject if not given): as PagerDuty has them',
	'https://events.pagerduty.com/v2/enqueue', '{}',
	'{"routing_key": "{{{secret}}}", "event_action": "{{{options.event_action}}}", "dedup_key": "{{{options.dedup_key}}}{{^options.dedup_key}}{{{subject | truncate: 255}}}{{/options.dedup_key}}", "payload": {"summary": "{{{text}}}", "source": "{{{ce.source}}}", "severity": "{{{options.severity}}}", "timestamp": "{{{ce.time}}}", "custom_details": "{{data}}"}}',
	'json', 'none', false, NULL, true, '{"severity": "error", "event_action": "trigger", "dedup_key": null}', '{}', true, '00000000-0000-4000-8000-000000000005'),
('email', 'smtp', 'mail. from, reply_to, to, cc, bcc: addresses, where steps do not say; username with the secret as password; tls: starttls or none (superusers only), smtps:// has TLS from the start; auth: how to log in (plain, login, cram-md5...); domain: said in EHLO',
	NULL, '{}', NULL, 'text', 'none', false, NULL, true,
	'{"from": null, "reply_to": null, "to": null, "cc": null, "bcc": null, "username": null, "tls": "starttls", "domain": null, "auth": null}', '{}', true, '00000000-0000-4000-8000-000000000006'),
('notify', 'notify', 'NOTIFY in this database. notify_channel: channel to LISTEN on, the name of the channel if not given',
	NULL, '{}', NULL, 'text', 'none', false, NULL, false, '{"notify_channel": null}', '{}', true, '00000000-0000-4000-8000-000000000007');

-- As the providers say; Teams takes 28 kB of JSON, in which a character is three bytes at most where it counts as one.
UPDATE respond.channel_kind AS k SET max_text = m.characters
  FROM (VALUES ('slack', 40000), ('teams', 9000), ('sms', 1600), ('pagerduty', 1024)) AS m (name, characters) WHERE k.name = m.name;

CREATE TRIGGER channel_kind_validate BEFORE INSERT OR UPDATE OR DELETE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_validate();
COMMENT ON TRIGGER channel_kind_validate ON respond.channel_kind IS 'refuses kinds that could not work, and changes of the built-in ones';
CREATE TRIGGER channel_kind_renamed AFTER UPDATE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_renamed();
COMMENT ON TRIGGER channel_kind_renamed ON respond.channel_kind IS 'channels show the new name of their kind';
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
	channel text NOT NULL,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text,
	channel_id uuid PRIMARY KEY,
	kind_id uuid NOT NULL,
	definition bytea NOT NULL,
	host text NOT NULL
);
COMMENT ON TABLE respond_internal.channel_secret IS 'secrets of channels, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.channel_secret.channel IS 'name of the channel';
COMMENT ON COLUMN respond_internal.channel_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM; the channel''s id, kind_id, definition and host are authenticated with it, so it is of no use anywhere else';
COMMENT ON COLUMN respond_internal.channel_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.channel_secret.set_by IS 'who set it: a role, or rule:NAME';
COMMENT ON COLUMN respond_internal.channel_secret.channel_id IS 'the channel';
COMMENT ON COLUMN respond_internal.channel_secret.kind_id IS 'the kind that the channel had when it was set';
COMMENT ON COLUMN respond_internal.channel_secret.definition IS 'SHA-256 of what said then where in a request the secret goes';
COMMENT ON COLUMN respond_internal.channel_secret.host IS 'scheme, host and port that the channel led to then';

CREATE FUNCTION respond.set_secret(channel text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_secret';
COMMENT ON FUNCTION respond.set_secret(text, text) IS 'sets the secret of a channel, NULL removes it; needs the right to update channels';

CREATE FUNCTION respond.rotate_secrets() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rotate_secrets';
COMMENT ON FUNCTION respond.rotate_secrets() IS 'encrypts all secrets with the first key of pg_respond.secret_key_file; returns how many were under another key';

CREATE FUNCTION respond_internal.secret_key_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_secret_key_status_sql';
COMMENT ON FUNCTION respond_internal.secret_key_status() IS 'why no secret can be encrypted or decrypted now; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.secret_fault(channel text) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_secret_fault';
COMMENT ON FUNCTION respond_internal.secret_fault(text) IS 'why the secret of a channel cannot be used where the channel leads now; NULL: it can, or there is none';

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
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	channel_id uuid,
	definition text,
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
COMMENT ON COLUMN respond.delivery.attempts_before IS 'tries before it was restarted with retry()';
COMMENT ON COLUMN respond.delivery.due_since IS 'when it was restarted with retry(); NULL: never';
COMMENT ON COLUMN respond.delivery.depth IS 'number of events that caused each other before it';
COMMENT ON COLUMN respond.delivery.url IS 'where to, if that depends on the event; NULL: the url of the channel';
COMMENT ON COLUMN respond.delivery.headers IS 'HTTP headers, or From, To, Cc, Reply-To and Subject of a mail';
COMMENT ON COLUMN respond.delivery.recipients IS 'addresses that a mail goes to; the channel to LISTEN on when a step has named one';
COMMENT ON COLUMN respond.delivery.body IS 'request body; of a mail, its text';
COMMENT ON COLUMN respond.delivery.html IS 'of a mail, its text as HTML';
COMMENT ON COLUMN respond.delivery.secret_mark IS 'where this stands in url, headers and body, the secret of the channel is put in when the request is sent; NULL: nowhere';
COMMENT ON COLUMN respond.delivery.channel_id IS 'id of the channel; it goes through no other one, whatever that is called';
COMMENT ON COLUMN respond.delivery.definition IS 'with secret_mark: which kind filled in the request, and a digest of what said where the secret goes';

COMMENT ON COLUMN respond.delivery.incarnation IS 'mark of the database that recorded it; one from elsewhere is not sent before release()';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond.delivery
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond.delivery ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond.delivery IS 'pauses the workers when a row comes from elsewhere';

CREATE TABLE respond.delivery_default PARTITION OF respond.delivery DEFAULT;
CREATE UNIQUE INDEX delivery_default_id_idx ON respond.delivery_default (id);
ALTER TABLE respond.delivery_default REPLICA IDENTITY USING INDEX delivery_default_id_idx;
CREATE INDEX delivery_default_event_id_idx ON respond.delivery_default (event_id);
CREATE INDEX delivery_default_pending_idx ON respond.delivery_default (channel_id, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX delivery_default_subject_idx ON respond.delivery_default (channel_id, (coalesce(subject, '')), id) WHERE status = 'pending';
CREATE INDEX delivery_default_dead_idx ON respond.delivery_default (channel_id, id) WHERE status = 'dead';
COMMENT ON INDEX respond.delivery_default_id_idx IS 'finds a delivery by its number';
COMMENT ON INDEX respond.delivery_default_event_id_idx IS 'finds the deliveries of an event';
COMMENT ON INDEX respond.delivery_default_pending_idx IS 'finds pending deliveries for the courier in the order in which they are due';
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
-- Nobody changes these rows, so it costs nothing.
ALTER TABLE respond.attempt_default REPLICA IDENTITY FULL;
CREATE INDEX attempt_default_delivery_id_idx ON respond.attempt_default (delivery_id);
COMMENT ON INDEX respond.attempt_default_delivery_id_idx IS 'finds the tries of a delivery';
COMMENT ON TABLE respond.attempt_default IS 'tries for whose time there is no partition yet';

-- Deliveries that a courier sends alone because one before it died, and the couriers themselves.  Written and committed before
-- the delivery is touched again.
CREATE TABLE respond_internal.suspect_delivery (
	delivery_id bigint PRIMARY KEY,
	created_at timestamptz NOT NULL,
	tries integer NOT NULL,
	vanished integer NOT NULL,
	life bigint NOT NULL,
	alone boolean NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE respond_internal.suspect_delivery IS 'deliveries that are sent one by one because a courier died; one over which too many couriers died is given up';
COMMENT ON COLUMN respond_internal.suspect_delivery.delivery_id IS 'the delivery; 0: the courier itself, whatever it sends';
COMMENT ON COLUMN respond_internal.suspect_delivery.created_at IS 'that of the delivery';
COMMENT ON COLUMN respond_internal.suspect_delivery.tries IS 'how often it was touched, without those tries that somebody else put an end to; of the courier, how often one after the other died';
COMMENT ON COLUMN respond_internal.suspect_delivery.vanished IS 'how often the whole server vanished during a try; three of them count as one try';
COMMENT ON COLUMN respond_internal.suspect_delivery.life IS 'process that touched it last, by the number of its life';
COMMENT ON COLUMN respond_internal.suspect_delivery.alone IS 'whether it was the only one under way then and since';
COMMENT ON COLUMN respond_internal.suspect_delivery.at IS 'when it was touched last';

SELECT pg_catalog.pg_extension_config_dump('respond.delivery', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.delivery_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt', '');
SELECT pg_catalog.pg_extension_config_dump('respond.attempt_default', '');
-- 64_dead_letter.sql: what was given up, and what somebody has dealt with.

-- Events that no rule will be applied to, and why.
CREATE TABLE respond_internal.dead_event (
	event_id bigint NOT NULL,
	event_type text NOT NULL,
	rule text,
	reason text NOT NULL,
	error respond.private_text,
	at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE respond_internal.dead_event REPLICA IDENTITY FULL;
CREATE INDEX dead_event_event_id_idx ON respond_internal.dead_event (event_id);
COMMENT ON TABLE respond_internal.dead_event IS 'events that were given up; shown in view respond.dead_letter';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.dead_event', '');

CREATE TABLE respond_internal.acknowledged (
	kind text NOT NULL CHECK (kind IN ('event', 'run', 'delivery')),
	id bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	PRIMARY KEY (kind, id)
);
COMMENT ON TABLE respond_internal.acknowledged IS 'dead letters that somebody has dealt with, see respond.acknowledge()';
COMMENT ON COLUMN respond_internal.acknowledged.kind IS 'event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.id IS 'number of the event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.at IS 'when; a dead letter of a later time is a new one';
COMMENT ON COLUMN respond_internal.acknowledged.actor IS 'who acknowledged';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.acknowledged', '');

CREATE FUNCTION respond_internal.is_acknowledged(kind text, id bigint, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (SELECT FROM respond_internal.acknowledged AS a WHERE a.kind = $1 AND a.id = $2 AND a.at >= $3)
$$;
COMMENT ON FUNCTION respond_internal.is_acknowledged(text, bigint, timestamptz) IS 'whether somebody acknowledged this dead letter after it was given up at this time';

-- The type of the event is looked up for the rows that are shown: one look into the index of each partition.
CREATE VIEW respond.dead_letter WITH (security_invoker = true) AS
SELECT l.kind, l.event_id,
	CASE WHEN l.kind = 'event' THEN l.event_type
		ELSE (SELECT e.type FROM respond.event AS e WHERE e.id = l.event_id LIMIT 1) END AS event_type, l.rule, l.run_id, l.step, l.reason, l.error, l.at, l.delivery_id, l.id,
	a.at AS acknowledged_at, a.actor AS acknowledged_by
  FROM (
	SELECT 'run'::text AS kind, r.event_id, NULL::text AS event_type, r.rule, r.id AS run_id, r.step, 'failed'::text AS reason, r.error,
		COALESCE(r.finished_at, r.started_at) AS at, NULL::bigint AS delivery_id, r.id
	  FROM respond.run AS r
	 WHERE r.status = 'failed'
	UNION ALL
	SELECT 'event', d.event_id, d.event_type, d.rule, NULL, NULL, d.reason, d.error, d.at, NULL, d.event_id
	  FROM respond_internal.dead_event AS d
	UNION ALL
	SELECT 'delivery', d.event_id, NULL, d.rule, d.run_id, NULL, 'channel ' || d.channel, d.last_error, d.finished_at, d.id, d.id
	  FROM respond.delivery AS d
	 WHERE d.status = 'dead') AS l
  LEFT JOIN respond_internal.acknowledged AS a ON a.kind = l.kind AND a.id = l.id AND a.at >= l.at;
COMMENT ON VIEW respond.dead_letter IS 'runs that failed, events that no rule was applied to, and deliveries that were given up';
COMMENT ON COLUMN respond.dead_letter.kind IS 'run: a rule failed for an event; event: the event was given up as a whole; delivery: a message did not arrive';
COMMENT ON COLUMN respond.dead_letter.event_id IS 'the event';
COMMENT ON COLUMN respond.dead_letter.event_type IS 'its type; NULL when there is no such event any more';
COMMENT ON COLUMN respond.dead_letter.rule IS 'the rule that failed; of an event, the only rule that it was meant for, if any';
COMMENT ON COLUMN respond.dead_letter.run_id IS 'the run that failed';
COMMENT ON COLUMN respond.dead_letter.step IS 'step that failed';
COMMENT ON COLUMN respond.dead_letter.reason IS 'failed; why the event was given up: depth, size, ...; or the channel of the delivery';
COMMENT ON COLUMN respond.dead_letter.error IS 'what went wrong';
COMMENT ON COLUMN respond.dead_letter.at IS 'when';
COMMENT ON COLUMN respond.dead_letter.delivery_id IS 'the delivery; respond.retry(delivery_id) tries it again';
COMMENT ON COLUMN respond.dead_letter.id IS 'number of the event, run or delivery, for respond.acknowledge(kind, id)';
COMMENT ON COLUMN respond.dead_letter.acknowledged_at IS 'when somebody dealt with it; NULL: nobody has';
COMMENT ON COLUMN respond.dead_letter.acknowledged_by IS 'who did';

-- Also called for what is tried again: replay() of an event.
CREATE FUNCTION respond_internal.mark_acknowledged(kind text, id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO respond_internal.acknowledged AS a (kind, id) VALUES ($1, $2)
	ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, actor = excluded.actor
$$;
COMMENT ON FUNCTION respond_internal.mark_acknowledged(text, bigint) IS 'notes that somebody dealt with a dead letter';

CREATE FUNCTION respond.acknowledge(kind text, id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given_up_at timestamptz;
BEGIN
	PERFORM respond_internal.check_primary('acknowledge()');
	CASE $1
		WHEN 'event' THEN
			SELECT max(d.at) INTO given_up_at FROM respond_internal.dead_event AS d WHERE d.event_id = $2;
		WHEN 'run' THEN
			SELECT coalesce(r.finished_at, r.started_at) INTO given_up_at FROM respond.run AS r WHERE r.id = $2 AND r.status = 'failed';
		WHEN 'delivery' THEN
			SELECT d.finished_at INTO given_up_at FROM respond.delivery AS d WHERE d.id = $2 AND d.status = 'dead';
		WHEN 'watch' THEN
			IF respond_internal.capture_forget_faults($2::oid) = 0 THEN
				RETURN false;
			END IF;
			PERFORM respond_internal.audit('watch.acknowledged', 'watch', $2::text, NULL, NULL);
			RETURN true;
		ELSE
			RAISE EXCEPTION 'there is no kind of dead letter "%"', $1
				USING ERRCODE = 'invalid_parameter_value', HINT = 'The kinds are event, run, delivery and watch.';
	END CASE;
	IF given_up_at IS NULL THEN
		RAISE EXCEPTION '% % is not a dead letter', $1, $2
			USING ERRCODE = 'no_data_found', HINT = 'Columns kind and id of respond.dead_letter name those that are.';
	END IF;
	IF respond_internal.is_acknowledged($1, $2, given_up_at) THEN
		RETURN false;
	END IF;
	PERFORM respond_internal.mark_acknowledged($1, $2);
	PERFORM respond_internal.audit('dead_letter.acknowledged', $1, $2::text, NULL, NULL);
	RETURN true;
END
$$;
COMMENT ON FUNCTION respond.acknowledge(text, bigint) IS
	'says that somebody has dealt with a dead letter (kind: event, run or delivery), or with what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
-- 65_delivery_tools.sql: deliveries by hand: again, or not at all.

-- Dispatchers tell the courier themselves of what they record.  Whatever else is
-- done to deliveries makes it look at all that is pending, after the commit.
CREATE FUNCTION respond_internal.deliveries_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_deliveries_changed';
COMMENT ON FUNCTION respond_internal.deliveries_changed() IS 'trigger: makes the courier look at the pending deliveries again after the commit';
CREATE TRIGGER deliveries_changed AFTER INSERT OR UPDATE OR DELETE ON respond.delivery
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.deliveries_changed();
COMMENT ON TRIGGER deliveries_changed ON respond.delivery IS 'makes the courier look at the pending deliveries again';

CREATE FUNCTION respond_internal.breakers(OUT name text, OUT is_channel boolean, OUT probing boolean, OUT failures integer,
	OUT answer integer, OUT since timestamptz, OUT until timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_breakers';
COMMENT ON FUNCTION respond_internal.breakers() IS 'hosts that do not answer, and channels whose receivers answer with errors, that are left alone for a while; from shared memory';
CREATE FUNCTION respond_internal.breakers_try_now() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_breakers_try_now';
COMMENT ON FUNCTION respond_internal.breakers_try_now() IS 'whoever is left alone is tried at once when the courier looks next';

-- A try that a rule asks for is caused by it, or nothing would end a loop of tries.
CREATE FUNCTION respond_internal.retried_depth(depth integer) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN greatest(depth, (SELECT e.depth FROM respond.event AS e WHERE e.id = respond_internal.current_cause()));
END
$$;
COMMENT ON FUNCTION respond_internal.retried_depth(integer) IS 'depth of a delivery that is tried again: at least that of the event whose rule asks for it';

CREATE FUNCTION respond.retry(delivery_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	PERFORM respond_internal.check_primary('retry()');
	SELECT d.id, d.status, d.channel, d.channel_id, d.created_at INTO found_one FROM respond.delivery AS d WHERE d.id = $1 FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % does not exist', $1 USING ERRCODE = 'no_data_found';
	ELSIF found_one.status = 'delivered' THEN
		RAISE EXCEPTION 'delivery % was delivered', $1
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'respond.replay(event_id) makes a new one.';
	END IF;
	-- a channel that has the name now may be somebody else's
	PERFORM FROM respond.channel AS c
	  WHERE c.id = found_one.channel_id OR (found_one.channel_id IS NULL AND c.name = found_one.channel) FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % cannot be tried again: channel "%" does not exist any more', $1, found_one.channel
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'One that was made under that name later is another channel. respond.replay(event_id) makes a new delivery.';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL, depth = respond_internal.retried_depth(d.depth),
		   last_error = CASE WHEN d.status <> 'cancelled' THEN d.last_error END,
		   attempts_before = CASE WHEN d.status = 'pending' THEN d.attempts_before ELSE d.attempts END,
		   due_since = CASE WHEN d.status = 'pending' THEN d.due_since ELSE clock_timestamp() END
	 WHERE d.id = $1 AND d.created_at = found_one.created_at;
	PERFORM respond_internal.audit('delivery.retried', 'delivery', $1::text, jsonb_build_object('status', found_one.status), jsonb_build_object('status', 'pending'));
END
$$;
COMMENT ON FUNCTION respond.retry(bigint) IS 'retries a delivery after the commit, whatever it waits for; a dead or cancelled one starts with all of its tries';

CREATE FUNCTION respond.retry_channel(name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted uuid;
	retried bigint;
	hastened bigint;
BEGIN
	PERFORM respond_internal.check_primary('retry_channel()');
	SELECT c.id INTO wanted FROM respond.channel AS c WHERE c.name = $1 FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'channel "%" does not exist', $1 USING ERRCODE = 'undefined_object';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL, attempts_before = d.attempts, due_since = clock_timestamp(),
		   depth = respond_internal.retried_depth(d.depth)
	 WHERE d.channel_id = wanted AND d.status = 'dead';
	GET DIAGNOSTICS retried = ROW_COUNT;
	UPDATE respond.delivery AS d SET next_attempt_at = clock_timestamp()
	 WHERE d.channel_id = wanted AND d.status = 'pending' AND d.next_attempt_at > clock_timestamp();
	GET DIAGNOSTICS hastened = ROW_COUNT;
	PERFORM respond_internal.breakers_try_now();
	PERFORM respond_internal.audit('channel.retried', 'channel', $1, NULL, jsonb_build_object('deliveries', retried + hastened));
	RETURN retried + hastened;
END
$$;
COMMENT ON FUNCTION respond.retry_channel(text) IS 'retries the dead deliveries of a channel, and at once those that wait for their next try; returns how many of both';

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
COMMENT ON FUNCTION respond.discard(bigint) IS 'cancels a delivery that is pending or dead; a request under way is not stopped';

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
	SELECT EXISTS (SELECT FROM respond.channel AS c JOIN respond_internal.channel_secret AS s ON s.channel_id = c.id WHERE c.name = $1)
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
COMMENT ON COLUMN respond.mask.path IS 'the field in data: names separated by dots, such as card.number; "*" stands for any one name, arrays are looked through';
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
COMMENT ON TABLE respond.route IS 'events that are announced with NOTIFY: on which channel and with what text';
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
	key text DEFAULT NULL, "time" timestamptz DEFAULT NULL, occurred_at timestamptz DEFAULT NULL)
RETURNS TABLE (rule text, matched boolean, failed_test text, steps jsonb, remark text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT s.rule, s.matched, s.failed_test, s.steps, s.remark
	  FROM respond_internal.simulate_rules($1, $2, $3, $4, $5, coalesce($6, $7)) AS s
	UNION ALL
	SELECT r.name, false, 'the rule is disabled', NULL, NULL
	  FROM respond.rule AS r WHERE NOT r.enabled
$$;
COMMENT ON FUNCTION respond.simulate(text, jsonb, text, text, text, timestamptz, timestamptz) IS 'what each rule would do with this event: matched or not, the test that failed, the steps with their parameters; changes nothing. occurred_at is the same as "time" and needs no quotes';

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
	IF EXISTS (SELECT FROM respond_internal.dead_event AS d WHERE d.event_id = replay.event_id) THEN
		PERFORM respond_internal.mark_acknowledged('event', event_id);
	END IF;
	PERFORM respond_internal.audit('event.replayed', 'event', event_id::text, NULL, NULL);
	RETURN 1;
END
$$;
COMMENT ON FUNCTION respond.replay(bigint) IS 'runs an event again through the rules of today, marked as a replay; returns 1';

CREATE FUNCTION respond.replay(from_time timestamptz, to_time timestamptz, rule text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_replay_span';
COMMENT ON FUNCTION respond.replay(timestamptz, timestamptz, text) IS 'runs the events recorded in [from_time, to_time) again through the rules of today, or through one of them, marked as a replay; returns how many events, of one rule those that it acts on now. One rule needs the right to act as its owner, or the owner''s leave, see rule.start_roles';

CREATE FUNCTION respond.start(rule text, data jsonb DEFAULT '{}', subject text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_start';
COMMENT ON FUNCTION respond.start(text, jsonb, text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, without asking its type, pattern and condition; returns the number that the run will have. Needs the right to act as the owner of the rule, or the owner''s leave, see rule.start_roles';
-- 73_rule_import.sql: rules under version control.

-- The fields of a rule that are its own, and not of the database it is in.
CREATE FUNCTION respond_internal.rule_document(rule respond.rule) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_catalog.jsonb_object_agg(f.key, f.value)
	  FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb($1) - ARRAY['version', 'created_at', 'updated_at', 'owner_id', 'start_role_ids', 'owner_system']) AS f
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
		"correlate": "object", "steps": "array", "on_failure": "array", "owner": "string", "start_roles": "array"}';
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
			INSERT INTO respond.rule (name, folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles)
			VALUES (wanted.name, wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
				wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, COALESCE(wanted.owner, current_user), wanted.start_roles);
			changed := changed + 1;
			CONTINUE;
		END IF;
		wanted.owner := COALESCE(wanted.owner, present.owner);
		IF respond_internal.rule_document(wanted) <> respond_internal.rule_document(present) THEN
			UPDATE respond.rule AS r
			   SET (folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles)
				 = (wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
					wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, wanted.owner, wanted.start_roles)
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
COMMENT ON FUNCTION respond.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none; rules that match already keep their version, rules that it does not name stay; returns how many were created or changed';
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

CREATE FUNCTION respond_internal.event_is_done(incarnation bigint, xid xid8, id bigint, subject text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_event_is_done';
COMMENT ON FUNCTION respond_internal.event_is_done(bigint, xid8, bigint, text) IS 'whether the cursors stored by the event''s database say that it was handled';

CREATE FUNCTION respond_internal.handled_below(incarnation bigint) RETURNS xid8
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_handled_below';
COMMENT ON FUNCTION respond_internal.handled_below(bigint) IS 'events of transactions below this one were handled by the database with this mark';

-- Rows can come in without triggers.  Indexes lead from one mark to the next, and
-- past what was handled, so that looking costs nothing however long the log is.
CREATE FUNCTION respond_internal.has_foreign_rows() RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
	other bigint := (SELECT e.incarnation FROM respond.event AS e ORDER BY e.incarnation LIMIT 1);
	below xid8;
BEGIN
	WHILE other IS NOT NULL LOOP
		IF other <> own THEN
			below := respond_internal.handled_below(other);
			IF EXISTS (SELECT FROM respond.event AS e WHERE e.incarnation = other AND e.xid >= below
				AND NOT respond_internal.event_is_done(e.incarnation, e.xid, e.id, e.subject)) THEN
				RETURN true;
			END IF;
		END IF;
		other := (SELECT e.incarnation FROM respond.event AS e WHERE e.incarnation > other ORDER BY e.incarnation LIMIT 1);
	END LOOP;
	RETURN EXISTS (SELECT FROM respond_internal.requeue AS r WHERE r.incarnation <> own)
		OR EXISTS (SELECT FROM respond_internal.set_aside_event AS s WHERE s.incarnation <> own);
END
$$;
COMMENT ON FUNCTION respond_internal.has_foreign_rows() IS 'whether there is work that came from elsewhere and that release() has not made ours';

-- What came from elsewhere and was not handled there is handled here, once.
-- Events that were handled keep the mark of where that was, and the cursors that
-- say so stay with them: whatever more comes from there is told by them.
CREATE FUNCTION respond_internal.adopt_events() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_adopt_events';
COMMENT ON FUNCTION respond_internal.adopt_events() IS 'puts events that came from elsewhere, and were not handled there, into the requeue; returns how many';

CREATE FUNCTION respond_internal.adopt() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
BEGIN
	PERFORM respond_internal.adopt_events();
	-- Rows of the requeue are gone when they were handled; the same dump may be restored again.
	DELETE FROM respond_internal.requeue AS r
	 WHERE r.incarnation <> own AND format('%s %s', r.incarnation, r.id) IN (SELECT unnest(s.adopted) FROM respond_internal.state AS s);
	UPDATE respond_internal.state AS s
	   SET adopted = s.adopted || ARRAY(SELECT format('%s %s', r.incarnation, r.id) FROM respond_internal.requeue AS r WHERE r.incarnation <> own);
	UPDATE respond_internal.requeue AS r SET incarnation = own, rule_owner = NULL WHERE r.incarnation <> own;
	UPDATE respond_internal.set_aside_event AS s SET incarnation = own, rule_owner = NULL WHERE s.incarnation <> own;
	-- A first try is due at once, also where the clock is behind.
	UPDATE respond.delivery AS d
	   SET incarnation = own, next_attempt_at = CASE WHEN d.attempts = 0 THEN least(d.next_attempt_at, now()) ELSE d.next_attempt_at END
	 WHERE d.status = 'pending' AND d.incarnation <> own;

	-- What was adopted has transaction 3, which every cursor covers once there is one.
	INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at, incarnation)
	SELECT 0, 1, 0, '4:4:', now(), own
	 WHERE NOT EXISTS (SELECT FROM respond_internal.progress_0 AS p WHERE p.incarnation = own)
	   AND NOT EXISTS (SELECT FROM respond_internal.progress_1 AS p WHERE p.incarnation = own);
END
$$;
COMMENT ON FUNCTION respond_internal.adopt() IS 'makes what came from elsewhere, and was not done there, a task of this database';

CREATE FUNCTION respond_internal.lag(OUT lane integer, OUT lanes integer, OUT events bigint, OUT oldest timestamptz) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_lag';
COMMENT ON FUNCTION respond_internal.lag() IS 'for each dispatcher: committed events that wait (at most 1,000,000 are counted), and when the oldest was recorded';

CREATE FUNCTION respond_internal.event_lane(subject text, id bigint, lanes integer) RETURNS integer
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'respond_event_lane';
COMMENT ON FUNCTION respond_internal.event_lane(text, bigint, integer) IS 'number of the dispatcher that handles the event, of so many';

CREATE VIEW respond.set_aside WITH (security_invoker = true) AS
SELECT s.event_id, nullif(s.rule, '') AS rule, s.subject,
	CASE
		WHEN s.queue IS NOT NULL THEN 'the rule takes too long'
		WHEN s.due_at = 'infinity' THEN 'an earlier event of the subject is set aside'
		WHEN s.sqlstate = '55P03' THEN 'a lock was not available'
		WHEN s.sqlstate = '53100' THEN 'the disk was full'
		WHEN s.sqlstate LIKE '08%' THEN 'a connection failed'
		WHEN s.sqlstate LIKE '40%' THEN 'a conflict with another transaction'
		WHEN s.sqlstate LIKE '53%' THEN 'the server lacked resources'
		WHEN s.sqlstate LIKE '57%' THEN 'it was cancelled'
		ELSE 'an error of the system' END AS reason,
	s.sqlstate, s.tries, s.first_at, CASE WHEN s.due_at < 'infinity' THEN s.due_at END AS next_try_at
  FROM respond_internal.set_aside_event AS s;
COMMENT ON VIEW respond.set_aside IS 'events that a rule could not be applied to yet, because of a temporary error or because the rule takes too long; they are tried again';
COMMENT ON COLUMN respond.set_aside.event_id IS 'the event';
COMMENT ON COLUMN respond.set_aside.rule IS 'the rule; NULL: all rules';
COMMENT ON COLUMN respond.set_aside.subject IS 'subject of the event; later events with the same one wait for it, as far as this rule goes';
COMMENT ON COLUMN respond.set_aside.reason IS 'why it waits; the server log has the message';
COMMENT ON COLUMN respond.set_aside.sqlstate IS 'code of the error of the last try; NULL: none was made yet';
COMMENT ON COLUMN respond.set_aside.tries IS 'tries that failed';
COMMENT ON COLUMN respond.set_aside.first_at IS 'when it was set aside';
COMMENT ON COLUMN respond.set_aside.next_try_at IS 'when it is tried again; NULL: after the one before it, or when the rule has time';

CREATE FUNCTION respond.retry_set_aside(rule text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	row_count bigint;
BEGIN
	PERFORM respond_internal.check_primary('retry_set_aside()');
	UPDATE respond_internal.set_aside_event AS s SET due_at = clock_timestamp()
	 WHERE s.due_at < 'infinity' AND (retry_set_aside.rule IS NULL OR s.rule = retry_set_aside.rule);
	GET DIAGNOSTICS row_count = ROW_COUNT;
	IF row_count > 0 THEN
		PERFORM respond_internal.event_xid();
	END IF;
	RETURN row_count;
END
$$;
COMMENT ON FUNCTION respond.retry_set_aside(text) IS 'tries events that were set aside again at once, all or those of one rule; returns how many';

-- What was given up meanwhile is played again for this rule alone, or has been dealt with.
-- NULL when the rule is not stopped.
CREATE FUNCTION respond_internal.resume_rule(rule text, owner oid, replay boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	event_count bigint := 0;
	stopped_since timestamptz;
BEGIN
	DELETE FROM respond_internal.stopped_rule AS s WHERE s.rule = resume_rule.rule RETURNING s.since INTO stopped_since;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	IF replay THEN
		INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, replay, rule_owner)
		SELECT e.id, e.recorded_at, resume_rule.rule, true, resume_rule.owner
		  FROM respond_internal.dead_event AS d JOIN respond.event AS e ON e.id = d.event_id
		 WHERE d.rule = resume_rule.rule AND d.reason = 'storm' AND d.at >= stopped_since
		 ORDER BY e.id;
		GET DIAGNOSTICS event_count = ROW_COUNT;
	END IF;
	PERFORM respond_internal.mark_acknowledged('event', d.event_id)
	   FROM (SELECT DISTINCT e.event_id FROM respond_internal.dead_event AS e WHERE e.rule = resume_rule.rule AND e.reason = 'storm') AS d;
	PERFORM respond_internal.event_xid();
	PERFORM respond_internal.audit('rule.resumed', 'rule', rule, NULL, jsonb_build_object('replay', replay, 'events', event_count));
	RETURN event_count;
END
$$;
COMMENT ON FUNCTION respond_internal.resume_rule(text, oid, boolean) IS 'what resume_rule() does once it is allowed';

CREATE FUNCTION respond.resume_rule(rule text, replay boolean DEFAULT false) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_resume_rule';
COMMENT ON FUNCTION respond.resume_rule(text, boolean) IS
	'resumes a rule that was stopped because it multiplied its own events; the events that were given up for it meanwhile count as dealt with, or are replayed; returns how many are replayed. Needs the right to act as the owner of the rule, or the owner''s leave, see rule.start_roles';
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
SELECT l.lane, l.lanes, l.events + a.set_aside + CASE l.lane WHEN 1 THEN (SELECT pg_catalog.count(*) FROM respond_internal.requeue) ELSE 0 END AS events,
	LEAST(l.oldest, a.oldest) AS oldest, pg_catalog.now() - LEAST(l.oldest, a.oldest) AS age, s.looked_at, a.set_aside
  FROM respond_internal.lag() AS l
 CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS set_aside, pg_catalog.min(w.recorded_at) AS oldest FROM respond_internal.set_aside_event AS w
	WHERE respond_internal.event_lane(w.subject, w.event_id, l.lanes) = l.lane) AS a
  LEFT JOIN respond_internal.lane_status() AS s ON s.lane = l.lane;
COMMENT ON VIEW respond.lag IS 'for each dispatcher: committed events that it has not handled';
COMMENT ON COLUMN respond.lag.lane IS 'number of the dispatcher, from 1 on';
COMMENT ON COLUMN respond.lag.lanes IS 'number of dispatchers that the events are split among';
COMMENT ON COLUMN respond.lag.events IS 'committed events that wait, including replays and those set aside; counting ends at 1,000,000';
COMMENT ON COLUMN respond.lag.oldest IS 'when the oldest of them was recorded';
COMMENT ON COLUMN respond.lag.age IS 'how long ago that was';
COMMENT ON COLUMN respond.lag.looked_at IS 'when the dispatcher last looked; NULL when it has not since the workers started';
COMMENT ON COLUMN respond.lag.set_aside IS 'how many of them were set aside, once for each rule; see respond.set_aside';

CREATE FUNCTION respond_internal.announce_hold(restart boolean) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_announce_hold';
COMMENT ON FUNCTION respond_internal.announce_hold(boolean) IS 'makes the commit of this transaction tell the workers of this database to pause or resume, as the table says, or replace them';

-- A hold because of a restore or a copy outlasts the wish of a person: only
-- release() may end it, which then has more to do.
CREATE FUNCTION respond.hold(reason text DEFAULT 'hold') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('hold()');
	IF hold.reason IS NULL OR hold.reason IN ('', 'restore', 'copied') THEN
		RAISE EXCEPTION 'the reason of respond.hold() must be a text, and not "restore" or "copied"'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Say in a few words why the workers pause.';
	END IF;
	UPDATE respond_internal.state AS s
	   SET hold = CASE WHEN s.hold IN ('restore', 'copied') THEN s.hold ELSE hold.reason END,
		   hold_since = coalesce(s.hold_since, now());
	PERFORM respond_internal.announce_hold(false);
	PERFORM respond_internal.audit('hold', 'database', current_database(), NULL, jsonb_build_object('reason', hold.reason));
END
$$;
COMMENT ON FUNCTION respond.hold(text) IS 'pauses the workers of this database after the commit and the batch that they are in; events are still recorded';

-- A copy of the files has the mark of its original; what the original records
-- from now on must not be taken for what is recorded here.  Nobody writes
-- events meanwhile, so that none gets the old mark afterwards.
CREATE FUNCTION respond_internal.begin_new_life() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
	LOCK TABLE respond.event IN SHARE MODE;
	UPDATE respond_internal.state SET incarnation = respond_internal.new_incarnation();
	PERFORM respond_internal.forget_incarnation();
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION 'could not lock the event log for release() within ten seconds'
		USING ERRCODE = 'lock_not_available',
			HINT = 'A transaction that recorded events is open or prepared, see pg_locks and pg_prepared_xacts; end it, then call respond.release() again.';
END
$$;
COMMENT ON FUNCTION respond_internal.begin_new_life() IS 'gives this database a mark of its own after a copy of the files';

-- A dump that is restored over other rows sets sequences back.
CREATE FUNCTION respond_internal.advance_sequences() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	numbered text;
	highest bigint;
	reached bigint;
BEGIN
	FOREACH numbered IN ARRAY ARRAY['event', 'run', 'delivery', 'ticket', 'comment', 'ticket_history', 'audit_log', 'mute', 'mask'] LOOP
		EXECUTE format('SELECT max(id) FROM respond.%I', numbered) INTO highest;
		EXECUTE format('SELECT last_value FROM respond.%I', numbered || '_id_seq') INTO reached;
		IF highest > reached THEN
			PERFORM setval(format('respond.%I', numbered || '_id_seq'), highest);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.advance_sequences() IS 'moves sequences above the numbers that a restore brought';

CREATE FUNCTION respond.release() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held_for text;
	is_copy boolean;
BEGIN
	PERFORM respond_internal.check_primary('release()');
	SELECT s.hold INTO held_for FROM respond_internal.state AS s FOR UPDATE;
	IF respond_internal.is_new_copy() THEN
		held_for := 'copied';
	END IF;
	IF held_for IS NULL THEN
		RAISE NOTICE 'the workers of this database were not paused';
		RETURN;
	END IF;
	is_copy := held_for IN ('restore', 'copied');
	IF held_for = 'copied' THEN
		PERFORM respond_internal.begin_new_life();
	END IF;
	IF is_copy THEN
		PERFORM respond_internal.adopt();
		PERFORM respond_internal.advance_sequences();
		RAISE NOTICE 'the workers resume; % events wait to be handled', (SELECT coalesce(sum(l.events), 0) FROM respond_internal.lag() AS l)
			+ (SELECT count(*) FROM respond_internal.requeue);
	END IF;
	UPDATE respond_internal.state
	   SET hold = NULL, hold_since = NULL, system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c),
		   database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
		   incarnation = respond_internal.incarnation(), copy = respond_internal.copy_mark();
	PERFORM respond_internal.announce_hold(is_copy);
	PERFORM respond_internal.audit('release', 'database', current_database(), jsonb_build_object('reason', held_for), NULL);
END
$$;
COMMENT ON FUNCTION respond.release() IS 'resumes the workers of this database after the commit; after a restore they handle what the original had not handled';

CREATE FUNCTION respond_internal.worker_status(OUT in_recovery boolean, OUT launcher boolean, OUT known boolean, OUT role_missing boolean,
	OUT missing_workers integer, OUT missing_setting text, OUT dispatchers integer, OUT wanted_workers integer, OUT needed_processes integer)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_status';
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() asks shared memory for';

CREATE FUNCTION respond_internal.library_version() RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_library_version';
COMMENT ON FUNCTION respond_internal.library_version() IS 'version of the library that the server has in memory';

CREATE FUNCTION respond_internal.shape_faults(OUT table_name text, OUT fault text) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_shape_faults';
COMMENT ON FUNCTION respond_internal.shape_faults() IS 'tables and partitions whose columns are not as the library expects them';

CREATE FUNCTION respond_internal.worker_errors(OUT kind text, OUT lane integer, OUT errors integer, OUT since timestamptz, OUT sqlstate text) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_errors';
COMMENT ON FUNCTION respond_internal.worker_errors() IS 'workers of this database that caught errors and have done nothing well since; from shared memory';

CREATE FUNCTION respond_internal.partition_status(OUT table_name text, OUT present boolean, OUT ahead integer) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_partition_status';
COMMENT ON FUNCTION respond_internal.partition_status() IS 'for each table that is partitioned by time: whether there is a partition for the present, and how many lie ahead';

-- A function, so that scripts and tests need no loop of their own.
CREATE FUNCTION respond.settle(timeout interval DEFAULT '10 seconds') RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ends_at CONSTANT timestamptz := clock_timestamp() + timeout;
BEGIN
	PERFORM respond_internal.check_primary('settle()');
	PERFORM respond_internal.check_outside_rule('settle()');
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION 'settle() cannot see the work of others in a transaction of isolation level "%"', current_setting('transaction_isolation')
			USING ERRCODE = 'active_sql_transaction', HINT = 'Call it in a transaction of level READ COMMITTED.';
	END IF;
	LOOP
		IF (SELECT coalesce(bool_and(l.events = 0), false) FROM respond.lag AS l) THEN
			RETURN true;
		ELSIF clock_timestamp() >= ends_at THEN
			RETURN false;
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.settle(interval) IS
	'waits until no committed event waits for the dispatchers, those that rules recorded included; false if there was no such moment within the timeout. For scripts and tests';
-- 81_health.sql: respond.health(), one function for each check.
--
-- A check says ok, what is wrong in words, and which statement or setting fixes
-- it; once that is done, the check is ok.  Their order is that in which one
-- would fix things: what is below may follow from what is above.  A check that
-- cannot be made (a table is locked, an object was renamed by hand) says so and
-- does not hide the others.  To add one: a function health_NAME() and its name
-- in the list.

CREATE FUNCTION respond_internal.health_role(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing boolean;
	can_login boolean;
	not_owned text;
BEGIN
	SELECT s.role_missing INTO missing FROM respond_internal.worker_status() AS s;
	SELECT r.rolcanlogin INTO can_login FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'respond_worker';
	missing := missing OR can_login IS NULL;
	SELECT format('%s belongs to %I', c.oid::regclass, r.rolname) INTO not_owned
	  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p') AND r.rolname <> 'respond_worker'
	 ORDER BY c.relname LIMIT 1;
	ok := NOT missing AND can_login AND not_owned IS NULL;
	message := CASE
		WHEN ok THEN 'role respond_worker exists and owns the tables'
		WHEN missing THEN 'role respond_worker is missing, so no workers can start'
		WHEN NOT can_login THEN 'role respond_worker may not log in, so no workers can start'
		ELSE format('the workers cannot use tables that role respond_worker does not own: %s', not_owned) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN missing THEN 'rename the role that owns the tables of schema respond back: ALTER ROLE ... RENAME TO respond_worker'
		WHEN NOT can_login THEN 'ALTER ROLE respond_worker LOGIN'
		ELSE (SELECT string_agg(format('ALTER %s %s OWNER TO respond_worker', o.kind, o.name), '; ' ORDER BY o.kind DESC, o.name)
			FROM (SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
					FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
				   WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'S') AND r.rolname <> 'respond_worker'
					 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
				  UNION ALL
				  SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner
				   WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND r.rolname <> 'respond_worker') AS o) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_role() IS 'health(): the role that the workers act as';

CREATE FUNCTION respond_internal.health_switches(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	off CONSTANT text := CASE
		WHEN NOT current_setting('pg_respond.enabled')::boolean THEN 'pg_respond.enabled'
		WHEN NOT current_setting('pg_respond.courier')::boolean THEN 'pg_respond.courier' END;
BEGIN
	ok := off IS NULL;
	message := CASE
		WHEN ok THEN 'pg_respond is switched on'
		WHEN off = 'pg_respond.enabled' THEN 'pg_respond.enabled is off: no worker runs in the whole cluster; events are recorded and wait'
		ELSE 'pg_respond.courier is off: nothing leaves the databases of the cluster; deliveries are recorded and wait' END;
	remedy := CASE WHEN NOT ok THEN format('set %s = on where it was set to off (postgresql.conf, or ALTER SYSTEM SET %s = on), then SELECT pg_reload_conf()', off, off) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_switches() IS 'health(): the emergency switches pg_respond.enabled and pg_respond.courier';

CREATE FUNCTION respond_internal.health_launcher(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	SELECT s.launcher INTO ok FROM respond_internal.worker_status() AS s;
	message := CASE
		WHEN ok THEN 'the launcher runs'
		WHEN current_setting('max_worker_processes')::integer < 2 THEN 'the launcher does not run: max_worker_processes leaves no slot for it'
		ELSE 'the launcher does not run' END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN current_setting('max_worker_processes')::integer < 5 THEN format('raise max_worker_processes (now %s) to %s or more and restart the server',
			current_setting('max_worker_processes'), 4 + current_setting('pg_respond.dispatchers')::integer)
		ELSE 'it is restarted a second after it ends; if it keeps ending, the server log says why' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_launcher() IS 'health(): the process that starts the workers';

CREATE FUNCTION respond_internal.health_hold(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	state record;
BEGIN
	SELECT CASE WHEN respond_internal.is_new_copy() THEN 'copied' ELSE s.hold END AS hold, s.hold_since INTO state FROM respond_internal.state AS s;
	ok := state.hold IS NULL;
	message := CASE
		WHEN ok THEN 'the workers are not paused'
		WHEN state.hold = 'restore' THEN format('the workers have been paused since %s because this database was restored or copied from elsewhere', state.hold_since)
		WHEN state.hold = 'copied' THEN format('the workers have been paused since %s because this cluster is a copy of another one, which may still act', coalesce(state.hold_since::text, 'the start of the server'))
		ELSE format('the workers have been paused since %s: %s', state.hold_since, state.hold) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN state.hold = 'restore' THEN 'make sure that the original no longer acts, then SELECT respond.release()'
		WHEN state.hold = 'copied' THEN 'if the original no longer acts, or this copy is to act beside it: SELECT respond.release(); to move a cluster without this, start it with pg_respond.hold_on_copy = off'
		ELSE 'SELECT respond.release()' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_hold() IS 'health(): whether the workers are paused by hold() or because of a restore';

CREATE FUNCTION respond_internal.health_places(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	ok := status.missing_workers = 0;
	message := CASE
		WHEN ok THEN 'there is a slot for every worker of the cluster'
		WHEN status.missing_workers = 1 THEN '1 worker of the cluster cannot start: all slots are taken'
		ELSE format('%s workers of the cluster cannot start: all slots are taken', status.missing_workers) END;
	remedy := CASE WHEN NOT ok THEN concat(
		format('raise %s (now %s) to %s or more', status.missing_setting, current_setting(status.missing_setting),
			CASE status.missing_setting WHEN 'max_worker_processes' THEN status.needed_processes ELSE status.wanted_workers END),
		CASE
			WHEN status.missing_setting = 'max_worker_processes' AND current_setting('pg_respond.max_workers')::integer < status.wanted_workers
				THEN format(' and pg_respond.max_workers (now %s) to %s or more', current_setting('pg_respond.max_workers'), status.wanted_workers)
			WHEN status.missing_setting <> 'max_worker_processes' AND current_setting('max_worker_processes')::integer < status.needed_processes
				THEN format(' and max_worker_processes (now %s) to %s or more', current_setting('max_worker_processes'), status.needed_processes) END,
		format(' and restart the server: all databases together need %s workers', status.wanted_workers)) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_places() IS 'health(): whether every worker found a slot for its process';

CREATE FUNCTION respond_internal.health_workers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	missing text;
	failed record;
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	SELECT string_agg(w.name, ', ') INTO missing
	  FROM (SELECT 'clock' AS name, 'clock' AS kind, 1 AS lane
			UNION ALL
			SELECT 'courier', 'courier', 1 WHERE current_setting('pg_respond.courier')::boolean
			UNION ALL
			SELECT 'dispatcher ' || n, 'dispatcher', n FROM generate_series(1, status.dispatchers) AS n) AS w
	 WHERE current_setting('pg_respond.enabled')::boolean AND NOT EXISTS (SELECT FROM respond.worker AS r
			WHERE r.kind = w.kind AND coalesce(r.lane, 1) = w.lane AND r.state NOT IN ('starting', 'failed', 'ended'));
	SELECT w.kind, w.failures, w.restart_at INTO failed
	  FROM respond.worker AS w WHERE w.state = 'failed' ORDER BY w.failures DESC LIMIT 1;
	ok := missing IS NULL;
	message := CASE
		WHEN NOT current_setting('pg_respond.enabled')::boolean THEN 'no workers should run: see check switches'
		WHEN ok THEN 'all workers of this database run'
		WHEN failed.kind IS NOT NULL THEN format('not running: %s; the %s failed %s times in a row and is restarted at %s',
			missing, failed.kind, failed.failures, failed.restart_at)
		WHEN NOT status.known THEN format('not running: %s; the launcher has not started them yet', missing)
		ELSE format('not running: %s', missing) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN failed.kind IS NOT NULL THEN 'the server log says why they end; look for pg_respond'
		WHEN status.missing_workers > 0 THEN 'see check places'
		ELSE 'they start within a second; if they do not, see the server log, and check that the database allows connections and is not a template (ALTER DATABASE ... ALLOW_CONNECTIONS true IS_TEMPLATE false)' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_workers() IS 'health(): whether the workers of this database run';

CREATE FUNCTION respond_internal.health_shapes(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	library CONSTANT text := respond_internal.library_version();
	installed CONSTANT text := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_respond');
	faults text;
BEGIN
	SELECT string_agg(format('%s: %s', f.table_name, f.fault), '; ' ORDER BY f.table_name) INTO faults
	  FROM respond_internal.shape_faults() AS f;
	ok := faults IS NULL AND library = installed;
	message := CASE
		WHEN ok THEN 'library and extension agree'
		WHEN library <> installed THEN concat_ws('; ', format('library and extension differ: the server has library %s in memory, this database has extension %s', library, installed), faults)
		ELSE format('library and extension differ: %s', faults) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN library <> installed THEN format('restart the server if the library of version %s is installed, or run ALTER EXTENSION pg_respond UPDATE TO %L', installed, library)
		ELSE 'undo what was changed by hand: rename the table or column back, add it again or give it the type that is expected' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_shapes() IS 'health(): whether the tables are as the library expects them, and both of the same version';

CREATE FUNCTION respond_internal.health_errors(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	failing text;
BEGIN
	SELECT string_agg(format('%s: %s errors in a row since %s, SQLSTATE %s', concat_ws(' ', e.kind, e.lane), e.errors, e.since, e.sqlstate), '; ' ORDER BY e.kind, e.lane)
	  INTO failing FROM respond_internal.worker_errors() AS e WHERE e.errors >= 3;
	ok := failing IS NULL;
	message := CASE WHEN ok THEN 'no worker keeps failing' ELSE 'workers that keep failing: ' || failing END;
	remedy := CASE WHEN NOT ok THEN 'the server log has the errors in full; look for pg_respond. A change by hand in schemas respond and respond_internal, a full disk or a lock is likely' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_errors() IS 'health(): workers that catch errors and try again without ever succeeding';

CREATE FUNCTION respond_internal.health_replica_identity(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lacking record;
BEGIN
	SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text) AS tables,
		string_agg(format('ALTER TABLE %s REPLICA IDENTITY FULL', c.oid::regclass), '; ' ORDER BY c.oid::regclass::text) AS statements
	  INTO lacking
	  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	 WHERE c.relkind = 'r'
	   AND (n.nspname IN ('respond', 'respond_internal')
			OR EXISTS (SELECT FROM pg_partition_ancestors(c.oid) AS a JOIN pg_class AS p ON p.oid = a.relid
				WHERE p.relnamespace = 'respond'::regnamespace))
	   AND EXISTS (SELECT FROM pg_publication AS p
			WHERE (p.pubupdate OR p.pubdelete)
			  AND (p.puballtables OR EXISTS (SELECT FROM pg_class AS a
				LEFT JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prrelid = a.oid
				LEFT JOIN pg_publication_namespace AS s ON s.pnpubid = p.oid AND s.pnnspid = a.relnamespace
				WHERE (a.oid = c.oid OR a.oid IN (SELECT t.relid FROM pg_partition_ancestors(c.oid) AS t))
				  AND (r.oid IS NOT NULL OR s.oid IS NOT NULL))))
	   AND NOT CASE c.relreplident
			WHEN 'f' THEN true
			WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisreplident AND x.indisvalid)
			WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indisvalid)
			ELSE false END;
	ok := lacking.tables IS NULL;
	message := CASE WHEN ok THEN 'every table of pg_respond can be published'
		ELSE format('without replica identity, so that a publication of UPDATE and DELETE makes the workers fail: %s', lacking.tables) END;
	remedy := CASE WHEN NOT ok THEN lacking.statements END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_replica_identity() IS 'health(): tables that a publication would keep the workers from changing';

CREATE FUNCTION respond_internal.health_untried(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS channels, string_agg(format('%s (since %s)', u.name, u.due), ', ' ORDER BY u.due, u.name) FILTER (WHERE u.place <= 10) AS list INTO waiting
	  FROM (SELECT c.name, d.due, row_number() OVER (ORDER BY d.due, c.name) AS place
			  FROM respond.channel AS c,
				   LATERAL (SELECT p.next_attempt_at AS due FROM respond.delivery AS p
							 WHERE p.channel = c.name AND p.status = 'pending' AND p.attempts = 0
							   AND p.next_attempt_at < clock_timestamp() - interval '1 minute'
							 ORDER BY p.next_attempt_at LIMIT 1) AS d
			 WHERE c.enabled) AS u;
	ok := waiting.channels = 0;
	message := CASE WHEN ok THEN 'no delivery waits longer than a minute for its first try'
		ELSE format('channels with deliveries that have been due for over a minute and were never tried: %s: %s', waiting.channels, waiting.list) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if all is well there, respond.channel_stats says whether a rate limit, a concurrency or a receiver that is down holds them up' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_untried() IS 'health(): deliveries that are due and that nobody has tried to send';

CREATE FUNCTION respond_internal.health_lag(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	waiting record;
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	SELECT sum(l.events) AS events, min(l.oldest) AS oldest INTO waiting
	  FROM respond_internal.lag() AS l
	 WHERE NOT status.known OR EXISTS (SELECT FROM respond_internal.lane_status() AS s WHERE s.waiting);
	ok := coalesce(waiting.oldest > clock_timestamp() - interval '1 minute', true);
	message := CASE
		WHEN ok THEN 'no event has waited longer than a minute'
		ELSE format('waiting events: %s, the oldest since %s', waiting.events, waiting.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if they are ok, finished_at - started_at in respond.run tells which rule takes long, and a higher pg_respond.dispatchers lets more rules run at once' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_lag() IS 'health(): whether events wait for the dispatchers';

-- Logical replication copies rows and not sequences; each id has an index that leads to the largest one.
CREATE FUNCTION respond_internal.health_sequences(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	numbered record;
	largest bigint;
	behind text[] := '{}';
	remedies text[] := '{}';
BEGIN
	FOR numbered IN
		SELECT format('respond.%I', t.name) AS table_name, format('respond.%I', t.name || '_id_seq') AS sequence
		  FROM unnest(ARRAY['event', 'run', 'delivery', 'ticket', 'comment', 'ticket_history', 'audit_log', 'mute', 'mask']) AS t (name)
		UNION ALL
		SELECT 'respond_internal.set_aside_event', 'respond_internal.set_aside_event_id_seq'
	LOOP
		EXECUTE format('SELECT max(t.id) FROM %s AS t', numbered.table_name) INTO largest;
		IF largest > coalesce(pg_sequence_last_value(numbered.sequence::regclass), 0) THEN
			behind := behind || numbered.table_name;
			remedies := remedies || format('SELECT setval(%L, %s)', numbered.sequence, largest);
		END IF;
	END LOOP;
	ok := behind = '{}';
	message := CASE WHEN ok THEN 'the sequences of ids are ahead of the ids in use'
		ELSE format('ids in use will be assigned again, because sequences were not copied with the rows: %s', array_to_string(behind, ', ')) END;
	remedy := CASE WHEN NOT ok THEN array_to_string(remedies, '; ') END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_sequences() IS 'health(): whether sequences are behind the ids of rows, as on the subscriber of a logical replication';

CREATE FUNCTION respond_internal.health_storms(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
	first_rule text;
BEGIN
	SELECT string_agg(format('%s (since %s)', r.name, s.since), ', ' ORDER BY r.name), min(r.name) INTO rules, first_rule
	  FROM respond_internal.stopped_rule AS s JOIN respond.rule AS r ON r.name = s.rule AND r.version = s.version;
	ok := rules IS NULL;
	message := CASE WHEN ok THEN 'no rule multiplies its own events'
		ELSE format('stopped because they multiply their own events: %s', rules) END;
	remedy := CASE WHEN NOT ok THEN format('change the rule, then SELECT respond.resume_rule(%L): the events that were given up for it count as dealt with; respond.resume_rule(%L, replay => true) applies it to them', first_rule, first_rule) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_storms() IS 'health(): rules that were stopped';

-- A change of the rule is the remedy; what fails then counts anew as soon as it fails.
CREATE FUNCTION respond_internal.health_failing_rules(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
BEGIN
	SELECT string_agg(format('%s (%s times, the last at %s)', f.name, f.failures, f.last_at), ', ' ORDER BY f.name) INTO rules
	  FROM (SELECT r.name, respond_internal.rule_failures(r.name) AS failures, c.last_at
			  FROM respond.rule AS r, LATERAL respond_internal.rule_counters(r.name) AS c
			 WHERE r.enabled AND respond_internal.rule_failures(r.name) >= 100 AND c.last_at > r.updated_at
			 ORDER BY r.name LIMIT 10) AS f;
	ok := rules IS NULL;
	message := CASE WHEN ok THEN 'no rule only fails' ELSE format('rules that failed at least 100 times in a row: %s', rules) END;
	remedy := CASE WHEN NOT ok THEN 'error in respond.run says why, explain(event_id) shows one event; fix the rule with an UPDATE of respond.rule, or set its enabled to false, then SELECT respond.replay(event_id) for what failed' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_failing_rules() IS 'health(): rules that never succeed';

CREATE FUNCTION respond_internal.health_set_aside(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS events, min(s.first_at) AS oldest, string_agg(DISTINCT format('%s (%s)', coalesce(s.rule, 'all rules'), s.reason), ', ') AS rules,
		count(*) FILTER (WHERE s.reason = 'the rule takes too long') AS slow INTO waiting
	  FROM respond.set_aside AS s WHERE s.first_at < clock_timestamp() - interval '30 seconds' OR s.reason = 'the rule takes too long';
	ok := waiting.events = 0;
	message := CASE
		WHEN ok THEN 'no event has been set aside for longer than 30 seconds'
		ELSE format('events set aside: %s, the oldest since %s, for %s', waiting.events, waiting.oldest, waiting.rules) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN waiting.slow > 0 THEN 'make the condition or the SQL of the rule faster, for example with an index; until then its events are handled in a small share of the time, so that other rules are not held up'
		ELSE 'the server log has the message; end the transaction that holds the lock, or restore what the rule needs; the events are retried automatically, and SELECT respond.retry_set_aside() retries them at once' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_set_aside() IS 'health(): events that a rule could not be applied to yet';

CREATE FUNCTION respond_internal.health_partitions(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(format('respond.%s', p.table_name), ', ') INTO missing
	  FROM respond_internal.partition_status() AS p WHERE NOT p.present OR p.ahead = 0;
	ok := missing IS NULL;
	message := CASE WHEN ok THEN 'there are partitions for today and for the time ahead'
		ELSE format('partitions are missing, so the default partition fills: %s', missing) END;
	remedy := CASE WHEN NOT ok THEN 'the clock creates them when it runs and gets the lock: look for long transactions and for LOCK TABLE on these tables, and for the clock in the server log' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_partitions() IS 'health(): whether rows have a partition to go to';

CREATE FUNCTION respond_internal.health_dead_letters(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dead record;
BEGIN
	SELECT count(*) AS events, max(d.at) AS last INTO dead
	  FROM respond_internal.dead_event AS d
	 WHERE d.at > now() - interval '1 day' AND NOT respond_internal.is_acknowledged('event', d.event_id, d.at);
	ok := dead.events = 0;
	message := CASE WHEN ok THEN 'no event was given up in the last day'
		ELSE format('events given up in the last day: %s, the last at %s', dead.events, dead.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; fix the rule, then SELECT respond.replay(event_id); or SELECT respond.acknowledge(''event'', event_id) if nothing needs to be done' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_dead_letters() IS 'health(): events that were given up and that nobody replayed or acknowledged';

CREATE FUNCTION respond_internal.health_owners(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	names text;
BEGIN
	SELECT string_agg(format('"%s" (owner: %s)', r.name, r.owner), ', ' ORDER BY r.name) INTO names
	  FROM respond.rule AS r
	 WHERE r.enabled
	   AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS o
			WHERE CASE WHEN r.owner_system = (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c)
				THEN o.oid = r.owner_id ELSE o.rolname = r.owner END);
	ok := names IS NULL;
	message := CASE WHEN ok THEN 'every rule has an owner' ELSE format('rules that cannot run because their owner was dropped: %s', names) END;
	remedy := CASE WHEN NOT ok THEN 'UPDATE respond.rule SET owner = ''...'' WHERE name = ''...'', or SET enabled = false' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_owners() IS 'health(): whether the owners of rules exist';

CREATE FUNCTION respond_internal.health_secrets(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	SELECT count(*) AS secrets, respond_internal.secret_key_status() AS fault,
		(SELECT string_agg(format('%s: %s', f.channel, f.fault), '; ' ORDER BY f.channel)
		   FROM (SELECT c.name AS channel, respond_internal.secret_fault(c.name) AS fault
				   FROM respond.channel AS c JOIN respond_internal.channel_secret AS s ON s.channel_id = c.id
				  WHERE respond_internal.secret_key_status() IS NULL) AS f
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
		ELSE 'a secret stays with the host and the kind that it was given for: if it is meant for where the channel leads now, SELECT respond.set_secret(channel, secret); else undo the change of the channel or its kind; put a key that is missing into the file that pg_respond.secret_key_file names; until then their deliveries wait' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_secrets() IS 'health(): whether the secrets of channels can be used where the channels lead now';

CREATE FUNCTION respond_internal.ca_file_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_ca_file_status';
COMMENT ON FUNCTION respond_internal.ca_file_status() IS 'why the file of pg_respond.ca_file cannot be used; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.health_certificates(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	fault CONSTANT text := respond_internal.ca_file_status();
BEGIN
	ok := fault IS NULL;
	message := CASE WHEN ok THEN 'the certificates that receivers are checked against can be read'
		ELSE format('messages over TLS cannot be sent: %s', fault) END;
	remedy := CASE WHEN NOT ok THEN 'set pg_respond.ca_file to a file with certificates in PEM form that the server''s user may read, or to '''' for those of the system, and reload' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_certificates() IS 'health(): the file that pg_respond.ca_file names';

CREATE FUNCTION respond_internal.health_channels(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	disabled text;
	kindless text;
BEGIN
	SELECT string_agg(format('%s (%s)', c.name, c.disabled_reason), ', ' ORDER BY c.name) INTO disabled
	  FROM respond.channel AS c WHERE NOT c.enabled AND c.disabled_reason IS NOT NULL;
	SELECT string_agg(c.name, ', ' ORDER BY c.name) INTO kindless
	  FROM respond.channel AS c WHERE NOT EXISTS (SELECT FROM respond.channel_kind AS k WHERE k.id = c.kind_id);
	ok := disabled IS NULL AND kindless IS NULL;
	message := CASE WHEN ok THEN 'pg_respond has disabled no channel'
		WHEN disabled IS NULL THEN format('channels whose kind no longer exists: %s', kindless)
		ELSE format('channels that pg_respond disabled: %s', disabled) END;
	remedy := CASE WHEN ok THEN NULL
		WHEN disabled IS NULL THEN 'UPDATE respond.channel SET kind = ''KIND'' WHERE name = ''NAME'', and set its secret again if it has one; what waits for it is sent then'
		ELSE 'fix its url, then UPDATE respond.channel SET enabled = true WHERE name = ''NAME''; or delete the channel, which cancels what waits for it' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_channels() IS 'health(): channels that receivers closed';

-- One that nothing waits for any more is not probed, and not told of once its time is over.
CREATE FUNCTION respond_internal.health_breakers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held text;
BEGIN
	SELECT string_agg(CASE
			WHEN b.is_channel THEN format('channel %s (its receiver answered %s, %s times in a row)', b.name, coalesce(b.answer::text, 'nothing'), b.failures)
			ELSE format('all channels to %s (no connection or no answer, %s times in a row)', b.name, b.failures) END
			|| CASE WHEN b.probing THEN ', one request tries now' ELSE format(', next try at %s', date_trunc('second', b.until)) END, '; ' ORDER BY b.name)
	  INTO held FROM respond_internal.breakers() AS b WHERE b.probing OR b.until > clock_timestamp();
	ok := held IS NULL;
	message := CASE WHEN ok THEN 'no delivery is held back because its receiver fails'
		ELSE format('held back by a breaker: %s', held) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; the others are sent once a try succeeds; SELECT respond.retry_channel(name) tries at once, respond.discard(delivery_id) gives up' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_breakers() IS 'health(): hosts and channels that are left alone for a while';

CREATE FUNCTION respond_internal.health_receivers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS deliveries, string_agg(DISTINCT w.channel, ', ') AS channels, min(w.created_at) AS oldest INTO waiting
	  FROM (SELECT d.channel, d.created_at FROM respond.delivery AS d WHERE d.status = 'pending' AND d.attempts >= 2 LIMIT 1000) AS w;
	ok := waiting.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery has failed twice and waits'
		ELSE format('deliveries that failed more than once and wait for another try: %s, through %s, the oldest since %s',
			CASE waiting.deliveries WHEN 1000 THEN '1000 or more' ELSE waiting.deliveries::text END, waiting.channels, waiting.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; once the receiver is up again, SELECT respond.retry_channel(name) sends them now; respond.discard(delivery_id) drops one' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_receivers() IS 'health(): deliveries that keep failing';

CREATE FUNCTION respond_internal.health_deliveries(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dead record;
BEGIN
	SELECT count(*) AS deliveries, max(d.finished_at) AS last INTO dead
	  FROM respond.delivery AS d
	 WHERE d.status = 'dead' AND d.finished_at > now() - interval '1 day'
	   AND NOT respond_internal.is_acknowledged('delivery', d.id, d.finished_at);
	ok := dead.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery was given up in the last day'
		ELSE format('deliveries given up in the last day: %s, the last at %s', dead.deliveries, dead.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; once that is fixed, SELECT respond.retry_channel(name); or SELECT respond.acknowledge(''delivery'', delivery_id) if nothing needs to be done' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_deliveries() IS 'health(): deliveries that were given up and that nobody retried, discarded or acknowledged';

-- Nobody's lock makes a monitor wait: a check that would have to says so.
CREATE FUNCTION respond_internal.health_watches(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	problems text;
	disabled text;
	ends text;
	enables text;
	statements text;
BEGIN
	SELECT string_agg(format('%s of %s: %s', w.type, w."table", w.problem), '; ' ORDER BY w."table"::text, w.type)
			FILTER (WHERE w.problem IS NOT NULL AND w.enabled),
		string_agg(format('%s of %s', w.type, w."table"), ', ' ORDER BY w."table"::text, w.type) FILTER (WHERE NOT w.enabled),
		-- unwatch() leaves triggers alone that watch() did not make
		string_agg(CASE WHEN w.triggers[1] LIKE 'respond\_watch%' THEN format('SELECT respond.unwatch(%L, %L)', w."table", w.type)
			ELSE format('DROP TRIGGER %I ON %s', w.triggers[1], w."table") END, '; ' ORDER BY w."table"::text, w.type) FILTER (WHERE w.problem IS NOT NULL OR NOT w.enabled),
		string_agg((SELECT string_agg(format('ALTER TABLE %s ENABLE TRIGGER %I', w."table", t), '; ' ORDER BY t) FROM unnest(w.triggers) AS t), '; '
			ORDER BY w."table"::text, w.type) FILTER (WHERE NOT w.enabled),
		string_agg(DISTINCT format('SELECT respond.acknowledge(''watch'', %s)', w."table"::oid), '; ') FILTER (WHERE w.problem IS NOT NULL AND w.enabled)
	  INTO problems, disabled, ends, enables, statements FROM respond.watched AS w;
	ok := problems IS NULL AND disabled IS NULL;
	message := CASE
		WHEN ok THEN 'every watch fits its table'
		ELSE concat_ws('; ', problems, 'disabled: ' || disabled) END;
	remedy := CASE WHEN NOT ok THEN concat_ws('; ',
		CASE WHEN problems IS NOT NULL THEN 'call respond.watch() again in a way that fits the table' END,
		'enable it: ' || enables,
		'or end it: ' || ends,
		'where only single rows failed: ' || statements) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_watches() IS 'health(): watches whose column is gone, whose subject or condition fails, or that are disabled';

CREATE FUNCTION respond_internal.health_lost_events(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lost record;
BEGIN
	SELECT sum(f.count) AS count, min(f.first_at) AS since, string_agg(DISTINCT format('%s: %s', f."table"::regclass, f.message), '; ') AS why,
		string_agg(DISTINCT format('SELECT respond.acknowledge(''watch'', %s)', f."table"), '; ') AS statements
	  INTO lost FROM respond_internal.capture_faults() AS f WHERE f.fault = 'lost';
	ok := lost.count IS NULL;
	message := CASE WHEN ok THEN 'every change of a watched table was recorded'
		ELSE format('%s changes of watched tables could not be recorded since %s, although they were made: %s', lost.count, lost.since, lost.why) END;
	remedy := CASE WHEN NOT ok THEN 'fix the cause; record what is missing with respond.emit() if it matters; then ' || lost.statements END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_lost_events() IS 'health(): changes whose events could not be recorded';

CREATE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
	in_recovery boolean;
	checks CONSTANT text[] := ARRAY[
		'switches',
		'shapes',
		'launcher',
		'role',
		'hold',
		'manifest',
		'places',
		'workers',
		'errors',
		'replica identity',
		'lag',
		'set aside',
		'storms',
		'failing rules',
		'sequences',
		'watches',
		'lost events',
		'partitions',
		'dead letters',
		'owners',
		'secrets',
		'certificates',
		'channels',
		'breakers',
		'receivers',
		'untried',
		'deliveries'
	];
BEGIN
	"check" := 'library';
	BEGIN
		SELECT s.in_recovery INTO in_recovery FROM respond_internal.worker_status() AS s;
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
	ok := NOT in_recovery;
	message := CASE WHEN ok THEN 'the server can be written to' ELSE 'this server is a standby: no workers run here' END;
	remedy := CASE WHEN NOT ok THEN 'ask the primary; after a promotion the workers start by themselves' END;
	RETURN NEXT;
	IF NOT ok THEN
		RETURN;
	END IF;

	FOREACH "check" IN ARRAY checks LOOP
		BEGIN
			EXECUTE format('SELECT * FROM respond_internal.health_%s()', replace("check", ' ', '_'))
			   INTO STRICT ok, message, remedy;
		EXCEPTION
			WHEN lock_not_available THEN
				ok := false;
				message := 'this check could not be made: a table that it reads is locked by another session';
				remedy := 'pg_blocking_pids() and pg_locks name the session; end its transaction';
			WHEN OTHERS THEN
				ok := false;
				message := format('this check could not be made: %s', SQLERRM);
				remedy := 'undo what was changed by hand in schemas respond and respond_internal';
		END;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) IS 'plain-language checks: what is wrong and how to fix it';
-- 83_manifest.sql: our triggers fire in every session, and nobody else's hang beside them.

-- session_replication_role = replica would switch checks, guards and records
-- off, and with them the owner of a rule could be forged.  The hint to the
-- courier alone may be missed: it looks for itself.  See src/common/restore.c
-- for rows that a subscription applies.
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT t.tgrelid::pg_catalog.regclass AS table_name, t.tgname
		  FROM pg_catalog.pg_trigger AS t
		  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
		 WHERE c.relnamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
		   AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'A' AND t.tgname <> 'deliveries_changed'
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', one.table_name, one.tgname);
	END LOOP;
END
$$;

-- What this version of the extension put here.  A trigger or a rule that
-- somebody hangs on one of our tables runs as the workers; a trigger of ours
-- that is switched off lets things in unchecked.  Both are noticed by comparing
-- with this table: by health(), and by the clock, which makes the workers wait
-- while foreign code would run with their rights.  Not dumped: CREATE EXTENSION
-- fills it.
CREATE TABLE respond_internal.manifest (
	kind text NOT NULL,
	object text NOT NULL,
	definition text NOT NULL,
	server_version integer NOT NULL,
	PRIMARY KEY (kind, object)
);
COMMENT ON TABLE respond_internal.manifest IS 'objects that belong to pg_respond as it was installed; see respond_internal.manifest_fault()';
COMMENT ON COLUMN respond_internal.manifest.kind IS 'kind of thing: trigger, firing, rule, constraint, not null, default, index, statistics, view, function, owner, row security, persistence, privilege, column';
COMMENT ON COLUMN respond_internal.manifest.object IS 'which one';
COMMENT ON COLUMN respond_internal.manifest.definition IS 'statement that makes it what it was';
COMMENT ON COLUMN respond_internal.manifest.server_version IS 'release of the server that wrote the definition; another one may write it differently';

-- Names in what follows are those of the pinned path: qualified but for pg_catalog's.
CREATE FUNCTION respond_internal.manifest_relation(OUT oid oid, OUT name text, OUT kind "char", OUT is_made_by_clock boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT c.oid, c.oid::regclass::text, c.relkind, NOT m.is_member
	  FROM pg_class AS c
	 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
			 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')) AS m (is_member)
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'S')
	   AND (m.is_member OR c.relispartition)
$$;
COMMENT ON FUNCTION respond_internal.manifest_relation(OUT oid oid, OUT name text, OUT kind "char", OUT is_made_by_clock boolean) IS
	'tables, views and sequences of pg_respond, with the partitions that the clock made';

-- Whether something calls code from outside of the server and of pg_respond.
CREATE FUNCTION respond_internal.calls_foreign_code(class oid, object oid) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (
		SELECT FROM pg_depend AS d
		  LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
		  LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		  LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		 WHERE d.classid = $1 AND d.objid = $2
		   AND coalesce(p.pronamespace, o.oprnamespace, t.typnamespace)
			   NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace))
$$;
COMMENT ON FUNCTION respond_internal.calls_foreign_code(oid, oid) IS 'whether an object uses functions, operators or types from outside of the server and of pg_respond';

-- definition makes the thing, removal takes it away; is_wanted: even if it is
-- not in the manifest it is no fault, unless it runs foreign code.
CREATE FUNCTION respond_internal.manifest_now(OUT kind text, OUT object text, OUT definition text, OUT removal text,
	OUT runs_code boolean, OUT is_wanted boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH relation AS MATERIALIZED (SELECT r.oid, r.name, r.kind, r.is_made_by_clock FROM respond_internal.manifest_relation() AS r)
	SELECT 'trigger', format('%I on %s', t.tgname, r.name), pg_get_triggerdef(t.oid), format('DROP TRIGGER %I ON %s', t.tgname, r.name),
		   f.pronamespace NOT IN ('pg_catalog'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace)
			   OR respond_internal.calls_foreign_code('pg_trigger'::regclass, t.oid),
		   r.is_made_by_clock AND f.pronamespace = 'respond_internal'::regnamespace
	  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid JOIN pg_proc AS f ON f.oid = t.tgfoid
	 WHERE NOT t.tgisinternal AND t.tgparentid = 0
	UNION ALL
	SELECT 'firing', format('%I on %s', t.tgname, r.name),
		   format('ALTER TABLE %s %s TRIGGER %I', r.name, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE' END, t.tgname),
		   CASE WHEN r.is_made_by_clock THEN format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.name, t.tgname) END, false, NOT r.is_made_by_clock
	  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid
	 WHERE NOT t.tgisinternal
	   AND NOT (r.is_made_by_clock AND t.tgenabled = COALESCE((SELECT p.tgenabled FROM pg_trigger AS p WHERE p.oid = t.tgparentid), 'A'))
	   AND NOT (r.is_made_by_clock AND t.tgparentid = 0 AND (SELECT p.pronamespace FROM pg_proc AS p WHERE p.oid = t.tgfoid) <> 'respond_internal'::regnamespace)
	UNION ALL
	SELECT 'rule', format('%I on %s', w.rulename, r.name), pg_get_ruledef(w.oid), format('DROP RULE %I ON %s', w.rulename, r.name), true, false
	  FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid
	 WHERE w.rulename <> '_RETURN'
	UNION ALL
	SELECT 'view', r.name, format('CREATE OR REPLACE VIEW %s WITH (%s) AS %s', r.name, array_to_string(c.reloptions, ', '), rtrim(pg_get_viewdef(r.oid), ';')), NULL, false, false
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind = 'v'
	UNION ALL
	SELECT 'policy', format('%I on %s', p.polname, r.name), format('policy %I', p.polname), format('DROP POLICY %I ON %s', p.polname, r.name),
		   respond_internal.calls_foreign_code('pg_policy'::regclass, p.oid), false
	  FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
	UNION ALL
	SELECT 'row security', r.name, format('ALTER TABLE %s %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY', r.name,
			CASE WHEN c.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END), NULL, false, true
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind IN ('r', 'p') AND NOT (r.is_made_by_clock AND NOT c.relrowsecurity)
	UNION ALL
	SELECT 'constraint', format('%I on %s', k.conname, r.name), format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.name, k.conname, pg_get_constraintdef(k.oid)),
		   format('ALTER TABLE %s DROP CONSTRAINT %I', r.name, k.conname), respond_internal.calls_foreign_code('pg_constraint'::regclass, k.oid), r.is_made_by_clock
	  FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.oid
	 WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND k.conislocal
	UNION ALL
	SELECT 'default', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', r.name, a.attname, pg_get_expr(d.adbin, d.adrelid)),
		   format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', r.name, a.attname), respond_internal.calls_foreign_code('pg_attrdef'::regclass, d.oid),
		   r.is_made_by_clock OR NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'column' AND m.object = format('%I of %s', a.attname, r.name))
	  FROM relation AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	 WHERE a.attgenerated = ''
	UNION ALL
	SELECT 'generated column', format('%I of %s', a.attname, r.name), pg_get_expr(d.adbin, d.adrelid),
		   format('ALTER TABLE %s DROP COLUMN %I', r.name, a.attname), respond_internal.calls_foreign_code('pg_attrdef'::regclass, d.oid), true
	  FROM relation AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	 WHERE a.attgenerated <> ''
	UNION ALL
	SELECT 'column', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ADD COLUMN %I %s', r.name, a.attname, format_type(a.atttypid, a.atttypmod)),
		   format('ALTER TABLE %s ALTER COLUMN %I TYPE text', r.name, a.attname),
		   -- a domain checks values, and a cast to json may be anybody's function
		   t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
			   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'), true
	  FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid JOIN pg_type AS y ON y.oid = a.atttypid JOIN pg_type AS t ON t.oid = COALESCE(NULLIF(y.typelem, 0), y.oid)
	 WHERE r.kind IN ('r', 'p') AND NOT r.is_made_by_clock AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), format('DROP INDEX %s', i.indexrelid::regclass),
		   respond_internal.calls_foreign_code('pg_class'::regclass, i.indexrelid), true
	  FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid
	 WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
	UNION ALL
	-- ANALYZE evaluates their expressions as the owner of the table
	SELECT 'statistics', format('%I.%I on %s', n.nspname, s.stxname, r.name), pg_get_statisticsobjdef(s.oid), format('DROP STATISTICS %I.%I', n.nspname, s.stxname),
		   respond_internal.calls_foreign_code('pg_statistic_ext'::regclass, s.oid), true
	  FROM relation AS r JOIN pg_statistic_ext AS s ON s.stxrelid = r.oid JOIN pg_namespace AS n ON n.oid = s.stxnamespace
	UNION ALL
	SELECT 'persistence', r.name, format('ALTER TABLE %s SET %s', r.name, CASE c.relpersistence WHEN 'p' THEN 'LOGGED' ELSE 'UNLOGGED' END),
		   format('ALTER TABLE %s SET LOGGED', r.name), false, c.relpersistence = 'p'
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind = 'r'
	UNION ALL
	SELECT 'not null', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ALTER COLUMN %I %s NOT NULL', r.name, a.attname, CASE WHEN a.attnotnull THEN 'SET' ELSE 'DROP' END),
		   NULL, false, true
	  FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
	 WHERE r.kind IN ('r', 'p') AND NOT r.is_made_by_clock AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'inheritance', i.inhrelid::regclass::text, '', format(CASE c.relispartition WHEN true THEN 'ALTER TABLE %2$s DETACH PARTITION %1$s' ELSE 'ALTER TABLE %s NO INHERIT %s' END,
			i.inhrelid::regclass, r.name), false, c.relispartition AND c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind = 'r'
	  FROM relation AS r JOIN pg_inherits AS i ON i.inhparent = r.oid JOIN pg_class AS c ON c.oid = i.inhrelid
	 WHERE c.relkind NOT IN ('i', 'I')
	UNION ALL
	SELECT 'owner', r.name, format('ALTER %s %s OWNER TO %I', CASE r.kind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name, c.relowner::regrole), NULL, false,
		   r.is_made_by_clock AND c.relowner = (SELECT e.relowner FROM pg_class AS e WHERE e.oid = 'respond.event'::regclass)
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i') AND r.kind = 'S')
	UNION ALL
	-- one of the same name as one of ours would be called instead of it
	SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), format('DROP FUNCTION %s', p.oid::regprocedure),
		   NOT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
				WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
			   AND EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'function' AND starts_with(m.object, format('%s.%I(', p.pronamespace::regnamespace, p.proname))), true
	  FROM pg_proc AS p
	 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND p.prokind IN ('f', 'p')
	UNION ALL
	SELECT 'owner', p.oid::regprocedure::text, format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, p.proowner::regrole), NULL, false, true
	  FROM pg_proc AS p
	 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	UNION ALL
	-- whoever owns a schema can drop what is in it
	SELECT 'owner', 'schema ' || n.nspname, format('ALTER SCHEMA %I OWNER TO %I', n.nspname, n.nspowner::regrole), NULL, false, true
	  FROM pg_namespace AS n
	 WHERE n.nspname IN ('respond', 'respond_internal')
	UNION ALL
	-- a trigger of whoever has this right would run as the workers
	SELECT 'privilege', format('%s on %s for %s', a.privilege_type, r.name, g.name), '', format('REVOKE %s ON %s FROM %s', a.privilege_type, r.name, g.name), false, false
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid CROSS JOIN LATERAL aclexplode(c.relacl) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE r.kind IN ('r', 'p', 'v') AND a.grantee <> c.relowner
	   AND (a.privilege_type = 'TRIGGER' OR (c.relnamespace = 'respond_internal'::regnamespace AND a.privilege_type NOT IN ('SELECT', 'MAINTAIN')))
	UNION ALL
	SELECT 'privilege', format('EXECUTE on %s for %s', p.oid::regprocedure, g.name), '', format('REVOKE EXECUTE ON FUNCTION %s FROM %s', p.oid::regprocedure, g.name), false, false
	  FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE p.pronamespace = 'respond_internal'::regnamespace AND a.grantee <> p.proowner
	UNION ALL
	SELECT 'privilege', format('CREATE on schema %s for %s', n.nspname, g.name), '', format('REVOKE CREATE ON SCHEMA %s FROM %s', n.nspname, g.name), false, false
	  FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE n.nspname IN ('respond', 'respond_internal') AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND g.name <> 'respond_worker'
	UNION ALL
	-- whoever can act as the workers can write rules that act as anybody
	SELECT 'membership', format('%s in %s', m.member::regrole, m.roleid::regrole), '', format('REVOKE %s FROM %s', m.roleid::regrole, m.member::regrole), false, false
	  FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member
	 WHERE (m.roleid = 'respond_worker'::regrole AND NOT r.rolsuper) OR m.member = 'respond_worker'::regrole
	UNION ALL
	SELECT 'attributes', 'respond_worker', '', 'ALTER ROLE respond_worker NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS', false, false
	  FROM pg_roles AS r
	 WHERE r.rolname = 'respond_worker' AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
$$;
COMMENT ON FUNCTION respond_internal.manifest_now(OUT kind text, OUT object text, OUT definition text, OUT removal text, OUT runs_code boolean, OUT is_wanted boolean) IS
	'what the catalogs hold now that the manifest tells of, or should not hold';

-- A table that is gone or has another name.  It is taken for the one that is a
-- member of the extension, is in no manifest, and has its name in another schema
-- or all of its columns.
CREATE FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH lost AS MATERIALIZED (
		SELECT m.object AS name, parse_ident(m.object) AS parts
		  FROM respond_internal.manifest AS m
		 WHERE m.kind = 'owner' AND m.definition LIKE 'ALTER TABLE %' AND to_regclass(m.object) IS NULL),
	strange AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relnamespace, c.oid::regclass::text AS name
		  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
		  JOIN pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
		 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		   AND EXISTS (SELECT FROM lost)
		   AND NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'owner' AND m.object = c.oid::regclass::text))
	SELECT l.name, 'is missing' || coalesce(format(', but there is %s', f.name), ''),
		CASE WHEN f.oid IS NULL THEN 'restore it from a backup; or DROP EXTENSION pg_respond CASCADE and CREATE EXTENSION pg_respond, which loses what its tables hold'
			ELSE concat_ws('; ',
				CASE WHEN f.relname <> l.parts[2] THEN format('ALTER TABLE %s RENAME TO %I', f.name, l.parts[2]) END,
				CASE WHEN f.relnamespace <> to_regnamespace(quote_ident(l.parts[1]))
					THEN format('ALTER TABLE %s.%I SET SCHEMA %I', f.relnamespace::regnamespace, l.parts[2], l.parts[1]) END) END
	  FROM lost AS l
	  LEFT JOIN LATERAL (
		SELECT x.oid, x.relname, x.relnamespace, x.name
		  FROM strange AS x
		 WHERE x.relname = l.parts[2]
			OR NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'column' AND m.object LIKE '% of ' || l.name
				AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = x.oid AND NOT a.attisdropped AND format('%I of %s', a.attname, l.name) = m.object))
		 ORDER BY x.relname <> l.parts[2], x.relnamespace <> to_regnamespace(quote_ident(l.parts[1])), x.relname
		 LIMIT 1) AS f ON true
$$;
COMMENT ON FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text) IS 'tables of pg_respond that are gone or were renamed, and the statement that brings them back';

CREATE FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT f.object, f.fault, f.remedy, f.runs_code
	  FROM (SELECT format('%s %s', coalesce(m.kind, n.kind), coalesce(m.object, n.object)) AS object,
				CASE
					WHEN coalesce(m.kind, n.kind) = 'firing' AND n.kind IS NOT NULL THEN 'is not as it was installed'
					WHEN m.kind IS NULL AND n.runs_code THEN 'does not belong to pg_respond, and its code would run with the rights of the workers'
					WHEN m.kind IS NULL THEN 'does not belong to pg_respond'
					WHEN n.kind IS NULL THEN 'is missing'
					WHEN n.runs_code THEN 'was changed, and its code would run with the rights of the workers'
					ELSE 'was changed' END AS fault,
				CASE
					WHEN m.kind IS NULL THEN n.removal
					WHEN m.kind = 'function' THEN m.definition
					WHEN n.kind IS NULL OR n.removal IS NULL OR m.kind IN ('default', 'persistence') THEN m.definition
					ELSE n.removal || '; ' || m.definition END
				|| CASE m.kind WHEN 'trigger' THEN coalesce('; ' || (SELECT e.definition FROM respond_internal.manifest AS e WHERE e.kind = 'firing' AND e.object = m.object), '') ELSE '' END AS remedy,
				n.runs_code AND (m.kind IS NULL OR m.definition <> n.definition) AS runs_code,
				m.kind AS kind, n.kind AS now_kind, m.definition, n.definition AS definition_now, n.is_wanted, m.server_version
			  FROM respond_internal.manifest AS m
			  FULL JOIN respond_internal.manifest_now() AS n ON n.kind = m.kind AND n.object = m.object) AS f
	 WHERE CASE
			WHEN f.kind IS NULL THEN f.runs_code OR NOT f.is_wanted
			-- a trigger that is gone is told of once, and columns are looked after by whoever reads them
			WHEN f.now_kind IS NULL THEN f.kind NOT IN ('firing', 'column', 'inheritance', 'privilege', 'row security', 'persistence', 'not null', 'default')
				OR (f.kind = 'default' AND EXISTS (SELECT FROM respond_internal.manifest_now() AS c WHERE c.kind = 'column' AND 'default ' || c.object = f.object))
			WHEN f.kind = 'column' THEN false
			ELSE f.definition <> f.definition_now
				AND (f.kind IN ('firing', 'owner', 'row security', 'persistence', 'not null') OR f.server_version / 10000 = current_setting('server_version_num')::integer / 10000) END
	   -- otherwise everything would seem foreign, and the remedy would be to drop it all
	   AND EXISTS (SELECT FROM respond_internal.manifest)
	   -- what hangs on a table that has another name is told of when it has its own again
	   AND (f.runs_code OR NOT EXISTS (SELECT FROM respond_internal.missing_table()))
	UNION ALL
	SELECT format('table %s', t.name), t.fault, t.remedy, false FROM respond_internal.missing_table() AS t
	UNION ALL
	SELECT 'table respond_internal.manifest', 'has no rows that the workers can read, so nobody can tell what belongs to pg_respond',
		CASE WHEN c.relrowsecurity THEN 'ALTER TABLE respond_internal.manifest DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY'
			ELSE format('INSERT INTO respond_internal.manifest (kind, object, definition, server_version) SELECT n.kind, n.object, n.definition, %s'
				' FROM respond_internal.manifest_now() AS n WHERE n.object !~ ''respond_internal\.[a-z_]+_\d{8}_\d{4}'' AND n.kind <> ''inheritance'','
				' when you know that nothing foreign hangs on these tables', current_setting('server_version_num')) END, true
	  FROM pg_class AS c
	 WHERE c.oid = 'respond_internal.manifest'::regclass AND NOT EXISTS (SELECT FROM respond_internal.manifest)
$$;
COMMENT ON FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) IS
	'what somebody added to the objects of pg_respond, changed or took away, and the statement that undoes it';

CREATE FUNCTION respond_internal.health_manifest(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	SELECT count(*) AS faults, count(*) FILTER (WHERE f.runs_code) AS dangers,
		   string_agg(format('%s %s', f.object, f.fault), '; ' ORDER BY f.place) FILTER (WHERE f.place <= 5) AS faults_text,
		   string_agg(f.remedy, '; ' ORDER BY f.place) FILTER (WHERE f.place <= 100) AS remedies
	  INTO found_one
	  FROM (SELECT m.object, m.fault, m.remedy, m.runs_code, row_number() OVER (ORDER BY m.runs_code DESC, m.object) AS place FROM respond_internal.manifest_fault() AS m) AS f;
	ok := found_one.faults = 0;
	message := CASE WHEN ok THEN 'the objects of pg_respond are as they were installed'
		ELSE concat(CASE WHEN found_one.dangers > 0 THEN 'the workers wait: ' END, found_one.faults_text,
			CASE WHEN found_one.faults > 5 THEN format('; and %s more', found_one.faults - 5) END) END;
	remedy := CASE WHEN NOT ok THEN concat('as a superuser: ', found_one.remedies,
		CASE WHEN found_one.faults > 100 THEN '; and so on, see SELECT * FROM respond_internal.manifest_fault()' END) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_manifest() IS 'health(): what somebody added to the objects of pg_respond, changed or took away';
-- 83_quiet.sql: errors of functions that people call do not tell of their insides.

-- Functions in PL/pgSQL and SQL move to respond_internal; those of their names in schema
-- respond pass the calls on, see src/common/quiet_call.c.
DO $$
DECLARE
	function record;
BEGIN
	FOR function IN
		SELECT p.oid, p.proname, p.oid::pg_catalog.regprocedure::text AS signature, pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
			   pg_catalog.pg_get_function_identity_arguments(p.oid) AS identity, pg_catalog.pg_get_function_result(p.oid) AS result,
			   CASE p.provolatile WHEN 'v' THEN 'VOLATILE' ELSE 'STABLE' END AS volatility, p.proisstrict, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment
		  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
		 WHERE p.pronamespace = 'respond'::pg_catalog.regnamespace AND l.lanname IN ('plpgsql', 'sql') AND p.proname <> 'health'
		 ORDER BY p.proname
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s SET SCHEMA respond_internal', function.signature);
		EXECUTE pg_catalog.format('CREATE FUNCTION respond.%I(%s) RETURNS %s LANGUAGE c %s%s AS %L, %L', function.proname, function.arguments,
			function.result, function.volatility, CASE WHEN function.proisstrict THEN ' STRICT' ELSE '' END, 'MODULE_PATHNAME', 'respond_quiet_call');
		EXECUTE pg_catalog.format('COMMENT ON FUNCTION respond.%I(%s) IS %L', function.proname, function.identity, function.comment);
	END LOOP;
END
$$;
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
	'actor', 'session_actor', 'current_cause', 'current_run', 'event_xid', 'ticket_is_valid', 'comment_is_valid');
-- what the private types are read with; they decide themselves
SELECT respond_internal.grant_execute('PUBLIC', 'respond_internal', 'to_text', 'to_jsonb', 'to_json', 'from_text', 'from_jsonb',
	'private_text_cmp', 'private_text_lt', 'private_text_le', 'private_text_eq', 'private_text_ne', 'private_text_ge', 'private_text_gt',
	'private_jsonb_cmp', 'private_jsonb_lt', 'private_jsonb_le', 'private_jsonb_eq', 'private_jsonb_ne', 'private_jsonb_ge', 'private_jsonb_gt');

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
	respond.producer,
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
-- 99_manifest.sql: takes down what was installed; after everything else, and again at the end of each update script.

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal\.[a-z_]+_\d{8}_\d{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';
