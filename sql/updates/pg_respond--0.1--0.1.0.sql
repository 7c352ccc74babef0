-- pg_respond 0.1 to 0.1.0.
--
-- Run in a quiet hour: respond.run is written anew, and the indexes of partitions that hold events and deliveries are built again.
-- Secrets of channels must be set again afterwards: from 0.1.0 on a secret is sealed for one channel, one kind and one host.
-- What a user granted on the views cloud_event, dead_letter and lag must be granted again.

\echo Use "ALTER EXTENSION pg_respond UPDATE" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- The triggers of the old version have nothing to say here.
SET LOCAL session_replication_role = replica;

-- Functions that were there before, whose rights stay as they are.
CREATE TEMPORARY TABLE respond_update_functions ON COMMIT DROP AS
SELECT p.oid FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace);

CREATE FUNCTION respond_internal.library_version() RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_library_version';

DO $$
DECLARE
	wanted CONSTANT text := (SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_respond');
	library CONSTANT text := respond_internal.library_version();
BEGIN
	IF pg_catalog.string_to_array(library, '.')::integer[] < pg_catalog.string_to_array(wanted, '.')::integer[] THEN
		RAISE EXCEPTION 'this updates pg_respond to %, but the server has library % in memory', wanted, library
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = pg_catalog.format('Restart the server, so that it loads the library of version %s.', wanted);
	END IF;
END
$$;

-- What is replaced.
DROP VIEW respond.lag;
DROP VIEW respond.dead_letter;
DROP VIEW respond.cloud_event;
DROP TRIGGER ticket_guard_insert ON respond.ticket;
DROP FUNCTION respond.emit(text,jsonb,text,text,text,timestamp with time zone);
DROP FUNCTION respond.watch(regclass,text,text[],text[],text,text);
DROP FUNCTION respond.unwatch(regclass);
DROP FUNCTION respond_internal.secret_fault(text,bytea);
DROP FUNCTION respond.simulate(text,jsonb,text,text,text,timestamp with time zone);
DROP FUNCTION respond_internal.check_rule_runs(text);
DROP FUNCTION respond_internal.event_is_done(xid8,bigint,text);
DROP FUNCTION respond_internal.cursor_now();
DROP FUNCTION respond_internal.rebase();
DROP FUNCTION respond_internal.announce_hold(boolean,boolean);
DROP FUNCTION respond_internal.worker_status();

-- Types whose values are shown to those who may read them.
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

-- Functions.
CREATE OR REPLACE FUNCTION respond_internal.copy_mark()
 RETURNS bigint
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_copy_mark$function$;
COMMENT ON FUNCTION respond_internal.copy_mark() IS 'random number that this cluster got when it started as a physical copy of another one, 0: it is none';
CREATE OR REPLACE FUNCTION respond_internal.new_incarnation()
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_new_incarnation$function$;
COMMENT ON FUNCTION respond_internal.new_incarnation() IS 'a random number that no other database has';
CREATE OR REPLACE FUNCTION respond_internal.incarnation()
 RETURNS bigint
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_incarnation$function$;
COMMENT ON FUNCTION respond_internal.incarnation() IS 'the mark of rows that were recorded in this database; others came from elsewhere';
CREATE OR REPLACE FUNCTION respond_internal.forget_incarnation()
 RETURNS void
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_forget_incarnation$function$;
COMMENT ON FUNCTION respond_internal.forget_incarnation() IS 'makes all sessions read respond_internal.state again';
CREATE OR REPLACE FUNCTION respond_internal.is_new_copy()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
SELECT s.copy <> respond_internal.copy_mark() AND respond_internal.copy_mark() <> 0
	   AND s.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  FROM respond_internal.state AS s
$function$;
COMMENT ON FUNCTION respond_internal.is_new_copy() IS 'whether the workers will hold as soon as they start, because the cluster is a copy';
CREATE OR REPLACE FUNCTION respond_internal.private_text_in(cstring)
 RETURNS respond.private_text
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_in$function$;
COMMENT ON FUNCTION respond_internal.private_text_in(cstring) IS 'input of type private_text';
CREATE OR REPLACE FUNCTION respond_internal.private_text_out(respond.private_text)
 RETURNS cstring
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_out$function$;
COMMENT ON FUNCTION respond_internal.private_text_out(respond.private_text) IS 'output of type private_text: what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_recv(internal)
 RETURNS respond.private_text
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_recv$function$;
COMMENT ON FUNCTION respond_internal.private_text_recv(internal) IS 'binary input of type private_text';
CREATE OR REPLACE FUNCTION respond_internal.private_text_send(respond.private_text)
 RETURNS bytea
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_send$function$;
COMMENT ON FUNCTION respond_internal.private_text_send(respond.private_text) IS 'binary output of type private_text: what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.to_text(respond.private_text)
 RETURNS text
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_to_text$function$;
COMMENT ON FUNCTION respond_internal.to_text(respond.private_text) IS 'what the current user may see of the value';
CREATE OR REPLACE FUNCTION respond_internal.from_text(text)
 RETURNS respond.private_text
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_from_text$function$;
COMMENT ON FUNCTION respond_internal.from_text(text) IS 'a value of which everybody sees everything';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_in(cstring)
 RETURNS respond.private_jsonb
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_in$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_in(cstring) IS 'input of type private_jsonb';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb)
 RETURNS cstring
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_out$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_out(respond.private_jsonb) IS 'output of type private_jsonb: what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_recv(internal)
 RETURNS respond.private_jsonb
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_recv$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_recv(internal) IS 'binary input of type private_jsonb';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb)
 RETURNS bytea
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_send$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_send(respond.private_jsonb) IS 'binary output of type private_jsonb: what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.to_jsonb(respond.private_jsonb)
 RETURNS jsonb
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_to_jsonb$function$;
COMMENT ON FUNCTION respond_internal.to_jsonb(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE OR REPLACE FUNCTION respond_internal.from_jsonb(jsonb)
 RETURNS respond.private_jsonb
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_from_jsonb$function$;
COMMENT ON FUNCTION respond_internal.from_jsonb(jsonb) IS 'a value of which everybody sees everything';
CREATE OR REPLACE FUNCTION respond_internal.to_json(respond.private_jsonb)
 RETURNS json
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_to_json$function$;
COMMENT ON FUNCTION respond_internal.to_json(respond.private_jsonb) IS 'what the current user may see of the value';
CREATE OR REPLACE FUNCTION respond_internal.private_text_cmp(respond.private_text, respond.private_text)
 RETURNS integer
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_cmp$function$;
COMMENT ON FUNCTION respond_internal.private_text_cmp(respond.private_text,respond.private_text) IS 'order of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_lt(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_lt$function$;
COMMENT ON FUNCTION respond_internal.private_text_lt(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_le(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_le$function$;
COMMENT ON FUNCTION respond_internal.private_text_le(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_eq(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_eq$function$;
COMMENT ON FUNCTION respond_internal.private_text_eq(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_ne(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_ne$function$;
COMMENT ON FUNCTION respond_internal.private_text_ne(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_ge(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_ge$function$;
COMMENT ON FUNCTION respond_internal.private_text_ge(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_text_gt(respond.private_text, respond.private_text)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_text_gt$function$;
COMMENT ON FUNCTION respond_internal.private_text_gt(respond.private_text,respond.private_text) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb, respond.private_jsonb)
 RETURNS integer
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_cmp$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_cmp(respond.private_jsonb,respond.private_jsonb) IS 'order of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_lt$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_lt(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_le$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_le(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_eq$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_eq(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_ne$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_ne(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_ge$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_ge(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb, respond.private_jsonb)
 RETURNS boolean
 LANGUAGE c
 STABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_private_jsonb_gt$function$;
COMMENT ON FUNCTION respond_internal.private_jsonb_gt(respond.private_jsonb,respond.private_jsonb) IS 'comparison of what the current user may see';
CREATE OR REPLACE FUNCTION respond_internal.session_actor()
 RETURNS text
 LANGUAGE c
 STABLE STRICT
AS 'MODULE_PATHNAME', $function$respond_event_session_actor$function$;
COMMENT ON FUNCTION respond_internal.session_actor() IS 'who is logged in, when SET ROLE made the actor another role; else NULL';
CREATE OR REPLACE FUNCTION respond_internal.event_guard()
 RETURNS trigger
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_event_guard$function$;
COMMENT ON FUNCTION respond_internal.event_guard() IS 'trigger: refuses to change or remove events';
CREATE OR REPLACE FUNCTION respond_internal.guard_event_partition(partition regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
	EXECUTE pg_catalog.format('CREATE TRIGGER event_guard_truncate BEFORE TRUNCATE ON %s
		FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.event_guard()', partition);
	EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER event_guard_truncate', partition);
END
$function$;
COMMENT ON FUNCTION respond_internal.guard_event_partition(regclass) IS 'keeps a new partition of the event log from being emptied';
CREATE OR REPLACE FUNCTION respond_internal.producer_validate()
 RETURNS trigger
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_producer_validate$function$;
COMMENT ON FUNCTION respond_internal.producer_validate() IS 'trigger: refuses sources that no event can have';
CREATE OR REPLACE FUNCTION respond_internal.producers_changed()
 RETURNS trigger
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_producers_changed$function$;
COMMENT ON FUNCTION respond_internal.producers_changed() IS 'trigger: makes sessions and workers read the producers again after the commit';
CREATE OR REPLACE FUNCTION respond.emit(type text, data jsonb DEFAULT '{}'::jsonb, subject text DEFAULT NULL::text, source text DEFAULT NULL::text, key text DEFAULT NULL::text, "time" timestamp with time zone DEFAULT NULL::timestamp with time zone, occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_emit$function$;
COMMENT ON FUNCTION respond.emit(text,jsonb,text,text,text,timestamp with time zone,timestamp with time zone) IS 'records an event and returns its id; with a key that this role has used, the id of the event that has it. occurred_at is the same as "time" and needs no quotes. Needs the right to INSERT into respond.event';
CREATE OR REPLACE FUNCTION respond.watch("table" regclass, type text DEFAULT NULL::text, operations text[] DEFAULT NULL::text[], columns text[] DEFAULT NULL::text[], condition text DEFAULT NULL::text, subject text DEFAULT NULL::text, replicated boolean DEFAULT false)
 RETURNS text
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_watch$function$;
COMMENT ON FUNCTION respond.watch(regclass,text,text[],text[],text,text,boolean) IS 'makes a table a producer: changes of its rows become events of this type, by default of INSERT, UPDATE and DELETE, type TABLE.inserted and so on, subject TABLE/KEY. With columns, an UPDATE counts only if one of them changed. condition is SQL over OLD and NEW. subject is a column, a template or SQL. With replicated, rows that a subscription applies count too. Returns the name of the first trigger; watching again with the same type replaces';
CREATE OR REPLACE FUNCTION respond.unwatch("table" regclass, type text DEFAULT NULL::text)
 RETURNS integer
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_unwatch$function$;
COMMENT ON FUNCTION respond.unwatch(regclass,text) IS 'ends the watch of a table with this type (as respond.watched shows it), or every watch, and returns the number of triggers dropped';
CREATE OR REPLACE FUNCTION respond_internal.watch_triggers(OUT trigger oid, OUT name text, OUT "table" oid, OUT by_watch boolean, OUT type text, OUT operations text[], OUT columns text[], OUT condition text, OUT subject text, OUT replicated boolean, OUT enabled boolean, OUT problem text)
 RETURNS SETOF record
 LANGUAGE c
 SET search_path TO 'pg_catalog', 'pg_temp'
AS 'MODULE_PATHNAME', $function$respond_watch_triggers$function$;
COMMENT ON FUNCTION respond_internal.watch_triggers() IS 'the triggers of this database that capture changes, and whether they still fit their tables';
CREATE OR REPLACE FUNCTION respond_internal.capture_faults(OUT trigger oid, OUT "table" oid, OUT fault text, OUT count bigint, OUT first_at timestamp with time zone, OUT last_at timestamp with time zone, OUT message text)
 RETURNS SETOF record
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_capture_faults$function$;
COMMENT ON FUNCTION respond_internal.capture_faults() IS 'what went wrong in capture() since the server started and did not fail the writes, from shared memory';
CREATE OR REPLACE FUNCTION respond_internal.capture_forget_faults("table" oid)
 RETURNS integer
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_capture_forget_faults$function$;
COMMENT ON FUNCTION respond_internal.capture_forget_faults(oid) IS 'forgets those of a table; for acknowledge()';
CREATE OR REPLACE FUNCTION respond_internal.cloud_event_id(id bigint, recorded_at timestamp with time zone)
 RETURNS text
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_cloud_event_id_sql$function$;
COMMENT ON FUNCTION respond_internal.cloud_event_id(bigint,timestamp with time zone) IS 'id of an event for the outside, the same wherever it goes and never given to another one';
CREATE OR REPLACE FUNCTION respond_internal.cloud_event_source(source text)
 RETURNS text
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_cloud_event_source_sql$function$;
COMMENT ON FUNCTION respond_internal.cloud_event_source(text) IS 'a source as URI-reference';
CREATE OR REPLACE FUNCTION respond_internal.cloud_event_text(value text)
 RETURNS text
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_cloud_event_text_sql$function$;
COMMENT ON FUNCTION respond_internal.cloud_event_text(text) IS 'a text without control characters; NULL when it is empty';
CREATE OR REPLACE FUNCTION respond_internal.cloud_event_time(at timestamp with time zone)
 RETURNS text
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_cloud_event_time_sql$function$;
COMMENT ON FUNCTION respond_internal.cloud_event_time(timestamp with time zone) IS 'a time as RFC 3339 has it; NULL when it has none';
CREATE OR REPLACE FUNCTION respond_internal.foreign_row()
 RETURNS trigger
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_foreign_row$function$;
COMMENT ON FUNCTION respond_internal.foreign_row() IS 'trigger: a row that was written in another database makes the workers hold';
COMMENT ON FUNCTION respond.render(text,jsonb,text) IS 'renders a Mustache template over a context; escape is applied to the values of tags: none, html, json, markdown, slack or url';
CREATE OR REPLACE FUNCTION respond_internal.text_size(document jsonb)
 RETURNS bigint
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS 'MODULE_PATHNAME', $function$respond_text_size$function$;
COMMENT ON FUNCTION respond_internal.text_size(jsonb) IS 'bytes of the document as text, counted without writing it';
CREATE OR REPLACE FUNCTION respond_internal.channel_kind_renamed()
 RETURNS trigger
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_channel_kind_renamed$function$;
COMMENT ON FUNCTION respond_internal.channel_kind_renamed() IS 'trigger: channels show the new name of their kind';
CREATE OR REPLACE FUNCTION respond_internal.secret_fault(channel text)
 RETURNS text
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_secret_fault$function$;
COMMENT ON FUNCTION respond_internal.secret_fault(text) IS 'why the secret of a channel cannot be used where the channel leads now; NULL: it can, or there is none';
CREATE OR REPLACE FUNCTION respond_internal.is_acknowledged(kind text, id bigint, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT EXISTS (SELECT FROM respond_internal.acknowledged AS a WHERE a.kind = $1 AND a.id = $2 AND a.at >= $3)
$function$;
COMMENT ON FUNCTION respond_internal.is_acknowledged(text,bigint,timestamp with time zone) IS 'whether somebody acknowledged this dead letter after it was given up at this time';
CREATE OR REPLACE FUNCTION respond_internal.mark_acknowledged(kind text, id bigint)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	INSERT INTO respond_internal.acknowledged AS a (kind, id) VALUES ($1, $2)
	ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, actor = excluded.actor
$function$;
COMMENT ON FUNCTION respond_internal.mark_acknowledged(text,bigint) IS 'notes that somebody dealt with a dead letter';
CREATE OR REPLACE FUNCTION respond_internal.acknowledge(kind text, id bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.acknowledge(text,bigint) IS 'says that somebody has dealt with a dead letter (kind: event, run or delivery), or with what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
COMMENT ON FUNCTION respond_internal.deliveries_changed() IS 'trigger: makes the courier look at the pending deliveries again after the commit';
CREATE OR REPLACE FUNCTION respond_internal.breakers(OUT name text, OUT is_channel boolean, OUT probing boolean, OUT failures integer, OUT answer integer, OUT since timestamp with time zone, OUT until timestamp with time zone)
 RETURNS SETOF record
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_breakers$function$;
COMMENT ON FUNCTION respond_internal.breakers() IS 'hosts that do not answer, and channels whose receivers answer with errors, that are left alone for a while; from shared memory';
CREATE OR REPLACE FUNCTION respond_internal.breakers_try_now()
 RETURNS void
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_breakers_try_now$function$;
COMMENT ON FUNCTION respond_internal.breakers_try_now() IS 'whoever is left alone is tried at once when the courier looks next';
CREATE OR REPLACE FUNCTION respond_internal.retried_depth(depth integer)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
	RETURN greatest(depth, (SELECT e.depth FROM respond.event AS e WHERE e.id = respond_internal.current_cause()));
END
$function$;
COMMENT ON FUNCTION respond_internal.retried_depth(integer) IS 'depth of a delivery that is tried again: at least that of the event whose rule asks for it';
CREATE OR REPLACE FUNCTION respond_internal.retry(delivery_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.retry(bigint) IS 'retries a delivery after the commit, whatever it waits for; a dead or cancelled one starts with all of its tries';
CREATE OR REPLACE FUNCTION respond_internal.retry_channel(name text)
 RETURNS bigint
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.retry_channel(text) IS 'retries the dead deliveries of a channel, and at once those that wait for their next try; returns how many of both';
CREATE OR REPLACE FUNCTION respond_internal.discard(delivery_id bigint)
 RETURNS void
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.discard(bigint) IS 'cancels a delivery that is pending or dead; a request under way is not stopped';
CREATE OR REPLACE FUNCTION respond_internal.has_secret(channel text)
 RETURNS boolean
 LANGUAGE sql
 STABLE STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT EXISTS (SELECT FROM respond.channel AS c JOIN respond_internal.channel_secret AS s ON s.channel_id = c.id WHERE c.name = $1)
$function$;
CREATE OR REPLACE FUNCTION respond_internal.simulate(type text, data jsonb DEFAULT '{}'::jsonb, subject text DEFAULT NULL::text, source text DEFAULT NULL::text, key text DEFAULT NULL::text, "time" timestamp with time zone DEFAULT NULL::timestamp with time zone, occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS TABLE(rule text, matched boolean, failed_test text, steps jsonb, remark text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT s.rule, s.matched, s.failed_test, s.steps, s.remark
	  FROM respond_internal.simulate_rules($1, $2, $3, $4, $5, coalesce($6, $7)) AS s
	UNION ALL
	SELECT r.name, false, 'the rule is disabled', NULL, NULL
	  FROM respond.rule AS r WHERE NOT r.enabled
$function$;
COMMENT ON FUNCTION respond_internal.simulate(text,jsonb,text,text,text,timestamp with time zone,timestamp with time zone) IS 'what each rule would do with this event: matched or not, the test that failed, the steps with their parameters; changes nothing. occurred_at is the same as "time" and needs no quotes';
CREATE OR REPLACE FUNCTION respond_internal.explain(event_id bigint)
 RETURNS TABLE(rule text, fired boolean, reason text, run_id bigint)
 LANGUAGE sql
 STABLE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.explain(bigint) IS 'why each rule fired or did not fire for an event, with the run if there is one';
CREATE OR REPLACE FUNCTION respond_internal.replay(event_id bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.replay(bigint) IS 'runs an event again through the rules of today, marked as a replay; returns 1';
CREATE OR REPLACE FUNCTION respond.replay(from_time timestamp with time zone, to_time timestamp with time zone, rule text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_replay_span$function$;
COMMENT ON FUNCTION respond.replay(timestamp with time zone,timestamp with time zone,text) IS 'runs the events recorded in [from_time, to_time) again through the rules of today, or through one of them, marked as a replay; returns how many events, of one rule those that it acts on now. One rule needs the right to act as its owner, or the owner''s leave, see rule.start_roles';
CREATE OR REPLACE FUNCTION respond.start(rule text, data jsonb DEFAULT '{}'::jsonb, subject text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_start$function$;
COMMENT ON FUNCTION respond.start(text,jsonb,text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, without asking its type, pattern and condition; returns the number that the run will have. Needs the right to act as the owner of the rule, or the owner''s leave, see rule.start_roles';
CREATE OR REPLACE FUNCTION respond_internal.rule_document(rule respond.rule)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT pg_catalog.jsonb_object_agg(f.key, f.value)
	  FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb($1) - ARRAY['version', 'created_at', 'updated_at', 'owner_id', 'start_role_ids', 'owner_system']) AS f
	 WHERE f.value <> 'null'
$function$;
CREATE OR REPLACE FUNCTION respond_internal.export_rules(folder text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT COALESCE(pg_catalog.jsonb_agg(respond_internal.rule_document(r) ORDER BY r.name COLLATE "C"), '[]')
	  FROM respond.rule AS r
	 WHERE $1 IS NULL OR r.folder = $1 OR pg_catalog.starts_with(r.folder, $1 || '/')
$function$;
COMMENT ON FUNCTION respond_internal.export_rules(text) IS 'all rules, or those of a folder and the folders below it, as a JSON array for import_rules()';
CREATE OR REPLACE FUNCTION respond_internal.read_rule(document jsonb)
 RETURNS respond.rule
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
CREATE OR REPLACE FUNCTION respond_internal.import_rules(rules jsonb)
 RETURNS integer
 LANGUAGE plpgsql
 STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none; rules that match already keep their version, rules that it does not name stay; returns how many were created or changed';
CREATE OR REPLACE FUNCTION respond_internal.rule_failures(rule text)
 RETURNS bigint
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_rule_failures$function$;
COMMENT ON FUNCTION respond_internal.rule_failures(text) IS 'how many runs of a rule failed since one succeeded or the server started, from shared memory';
CREATE OR REPLACE FUNCTION respond_internal.event_is_done(incarnation bigint, xid xid8, id bigint, subject text)
 RETURNS boolean
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_event_is_done$function$;
COMMENT ON FUNCTION respond_internal.event_is_done(bigint,xid8,bigint,text) IS 'whether the cursors stored by the event''s database say that it was handled';
CREATE OR REPLACE FUNCTION respond_internal.handled_below(incarnation bigint)
 RETURNS xid8
 LANGUAGE c
 STABLE STRICT
AS 'MODULE_PATHNAME', $function$respond_handled_below$function$;
COMMENT ON FUNCTION respond_internal.handled_below(bigint) IS 'events of transactions below this one were handled by the database with this mark';
CREATE OR REPLACE FUNCTION respond_internal.has_foreign_rows()
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.has_foreign_rows() IS 'whether there is work that came from elsewhere and that release() has not made ours';
CREATE OR REPLACE FUNCTION respond_internal.adopt_events()
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_adopt_events$function$;
COMMENT ON FUNCTION respond_internal.adopt_events() IS 'puts events that came from elsewhere, and were not handled there, into the requeue; returns how many';
CREATE OR REPLACE FUNCTION respond_internal.adopt()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.adopt() IS 'makes what came from elsewhere, and was not done there, a task of this database';
CREATE OR REPLACE FUNCTION respond_internal.event_lane(subject text, id bigint, lanes integer)
 RETURNS integer
 LANGUAGE c
 IMMUTABLE
AS 'MODULE_PATHNAME', $function$respond_event_lane$function$;
COMMENT ON FUNCTION respond_internal.event_lane(text,bigint,integer) IS 'number of the dispatcher that handles the event, of so many';
CREATE OR REPLACE FUNCTION respond_internal.retry_set_aside(rule text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.retry_set_aside(text) IS 'tries events that were set aside again at once, all or those of one rule; returns how many';
CREATE OR REPLACE FUNCTION respond_internal.resume_rule(rule text, owner oid, replay boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.resume_rule(text,oid,boolean) IS 'what resume_rule() does once it is allowed';
CREATE OR REPLACE FUNCTION respond.resume_rule(rule text, replay boolean DEFAULT false)
 RETURNS bigint
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_resume_rule$function$;
COMMENT ON FUNCTION respond.resume_rule(text,boolean) IS 'resumes a rule that was stopped because it multiplied its own events; the events that were given up for it meanwhile count as dealt with, or are replayed; returns how many are replayed. Needs the right to act as the owner of the rule, or the owner''s leave, see rule.start_roles';
CREATE OR REPLACE FUNCTION respond_internal.announce_hold(restart boolean)
 RETURNS void
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_announce_hold$function$;
COMMENT ON FUNCTION respond_internal.announce_hold(boolean) IS 'makes the commit of this transaction tell the workers of this database to pause or resume, as the table says, or replace them';
CREATE OR REPLACE FUNCTION respond_internal.hold(reason text DEFAULT 'hold'::text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.hold(text) IS 'pauses the workers of this database after the commit and the batch that they are in; events are still recorded';
CREATE OR REPLACE FUNCTION respond_internal.begin_new_life()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
AS $function$
BEGIN
	LOCK TABLE respond.event IN SHARE MODE;
	UPDATE respond_internal.state SET incarnation = respond_internal.new_incarnation();
	PERFORM respond_internal.forget_incarnation();
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION 'could not lock the event log for release() within ten seconds'
		USING ERRCODE = 'lock_not_available',
			HINT = 'A transaction that recorded events is open or prepared, see pg_locks and pg_prepared_xacts; end it, then call respond.release() again.';
END
$function$;
COMMENT ON FUNCTION respond_internal.begin_new_life() IS 'gives this database a mark of its own after a copy of the files';
CREATE OR REPLACE FUNCTION respond_internal.advance_sequences()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.advance_sequences() IS 'moves sequences above the numbers that a restore brought';
CREATE OR REPLACE FUNCTION respond_internal.release()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.release() IS 'resumes the workers of this database after the commit; after a restore they handle what the original had not handled';
CREATE OR REPLACE FUNCTION respond_internal.worker_status(OUT in_recovery boolean, OUT launcher boolean, OUT known boolean, OUT role_missing boolean, OUT missing_workers integer, OUT missing_setting text, OUT dispatchers integer, OUT wanted_workers integer, OUT needed_processes integer)
 RETURNS record
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_worker_status$function$;
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() asks shared memory for';
CREATE OR REPLACE FUNCTION respond_internal.library_version()
 RETURNS text
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_library_version$function$;
COMMENT ON FUNCTION respond_internal.library_version() IS 'version of the library that the server has in memory';
CREATE OR REPLACE FUNCTION respond_internal.shape_faults(OUT table_name text, OUT fault text)
 RETURNS SETOF record
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_shape_faults$function$;
COMMENT ON FUNCTION respond_internal.shape_faults() IS 'tables and partitions whose columns are not as the library expects them';
CREATE OR REPLACE FUNCTION respond_internal.worker_errors(OUT kind text, OUT lane integer, OUT errors integer, OUT since timestamp with time zone, OUT sqlstate text)
 RETURNS SETOF record
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_worker_errors$function$;
COMMENT ON FUNCTION respond_internal.worker_errors() IS 'workers of this database that caught errors and have done nothing well since; from shared memory';
CREATE OR REPLACE FUNCTION respond_internal.settle(timeout interval DEFAULT '00:00:10'::interval)
 RETURNS boolean
 LANGUAGE plpgsql
 STRICT SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.settle(interval) IS 'waits until no committed event waits for the dispatchers, those that rules recorded included; false if there was no such moment within the timeout. For scripts and tests';
CREATE OR REPLACE FUNCTION respond_internal.health_role(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_role() IS 'health(): the role that the workers act as';
CREATE OR REPLACE FUNCTION respond_internal.health_switches(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_switches() IS 'health(): the emergency switches pg_respond.enabled and pg_respond.courier';
CREATE OR REPLACE FUNCTION respond_internal.health_launcher(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_launcher() IS 'health(): the process that starts the workers';
CREATE OR REPLACE FUNCTION respond_internal.health_hold(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_hold() IS 'health(): whether the workers are paused by hold() or because of a restore';
CREATE OR REPLACE FUNCTION respond_internal.health_places(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_places() IS 'health(): whether every worker found a slot for its process';
CREATE OR REPLACE FUNCTION respond_internal.health_workers(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_workers() IS 'health(): whether the workers of this database run';
CREATE OR REPLACE FUNCTION respond_internal.health_shapes(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_shapes() IS 'health(): whether the tables are as the library expects them, and both of the same version';
CREATE OR REPLACE FUNCTION respond_internal.health_errors(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
	failing text;
BEGIN
	SELECT string_agg(format('%s: %s errors in a row since %s, SQLSTATE %s', concat_ws(' ', e.kind, e.lane), e.errors, e.since, e.sqlstate), '; ' ORDER BY e.kind, e.lane)
	  INTO failing FROM respond_internal.worker_errors() AS e WHERE e.errors >= 3;
	ok := failing IS NULL;
	message := CASE WHEN ok THEN 'no worker keeps failing' ELSE 'workers that keep failing: ' || failing END;
	remedy := CASE WHEN NOT ok THEN 'the server log has the errors in full; look for pg_respond. A change by hand in schemas respond and respond_internal, a full disk or a lock is likely' END;
END
$function$;
COMMENT ON FUNCTION respond_internal.health_errors() IS 'health(): workers that catch errors and try again without ever succeeding';
CREATE OR REPLACE FUNCTION respond_internal.health_replica_identity(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_replica_identity() IS 'health(): tables that a publication would keep the workers from changing';
CREATE OR REPLACE FUNCTION respond_internal.health_untried(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_untried() IS 'health(): deliveries that are due and that nobody has tried to send';
CREATE OR REPLACE FUNCTION respond_internal.health_lag(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_lag() IS 'health(): whether events wait for the dispatchers';
CREATE OR REPLACE FUNCTION respond_internal.health_sequences(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_sequences() IS 'health(): whether sequences are behind the ids of rows, as on the subscriber of a logical replication';
CREATE OR REPLACE FUNCTION respond_internal.health_storms(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_storms() IS 'health(): rules that were stopped';
CREATE OR REPLACE FUNCTION respond_internal.health_failing_rules(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_failing_rules() IS 'health(): rules that never succeed';
CREATE OR REPLACE FUNCTION respond_internal.health_set_aside(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_set_aside() IS 'health(): events that a rule could not be applied to yet';
CREATE OR REPLACE FUNCTION respond_internal.health_partitions(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_partitions() IS 'health(): whether rows have a partition to go to';
CREATE OR REPLACE FUNCTION respond_internal.health_dead_letters(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_dead_letters() IS 'health(): events that were given up and that nobody replayed or acknowledged';
CREATE OR REPLACE FUNCTION respond_internal.health_owners(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_owners() IS 'health(): whether the owners of rules exist';
CREATE OR REPLACE FUNCTION respond_internal.health_secrets(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_secrets() IS 'health(): whether the secrets of channels can be used where the channels lead now';
CREATE OR REPLACE FUNCTION respond_internal.ca_file_status()
 RETURNS text
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_ca_file_status$function$;
COMMENT ON FUNCTION respond_internal.ca_file_status() IS 'why the file of pg_respond.ca_file cannot be used; NULL: nothing is in the way';
CREATE OR REPLACE FUNCTION respond_internal.health_certificates(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
	fault CONSTANT text := respond_internal.ca_file_status();
BEGIN
	ok := fault IS NULL;
	message := CASE WHEN ok THEN 'the certificates that receivers are checked against can be read'
		ELSE format('messages over TLS cannot be sent: %s', fault) END;
	remedy := CASE WHEN NOT ok THEN 'set pg_respond.ca_file to a file with certificates in PEM form that the server''s user may read, or to '''' for those of the system, and reload' END;
END
$function$;
COMMENT ON FUNCTION respond_internal.health_certificates() IS 'health(): the file that pg_respond.ca_file names';
CREATE OR REPLACE FUNCTION respond_internal.health_channels(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_channels() IS 'health(): channels that receivers closed';
CREATE OR REPLACE FUNCTION respond_internal.health_breakers(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_breakers() IS 'health(): hosts and channels that are left alone for a while';
CREATE OR REPLACE FUNCTION respond_internal.health_receivers(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_receivers() IS 'health(): deliveries that keep failing';
CREATE OR REPLACE FUNCTION respond_internal.health_deliveries(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_deliveries() IS 'health(): deliveries that were given up and that nobody retried, discarded or acknowledged';
CREATE OR REPLACE FUNCTION respond_internal.health_watches(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_watches() IS 'health(): watches whose column is gone, whose subject or condition fails, or that are disabled';
CREATE OR REPLACE FUNCTION respond_internal.health_lost_events(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_lost_events() IS 'health(): changes whose events could not be recorded';
CREATE OR REPLACE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '200ms'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond.health() IS 'plain-language checks: what is wrong and how to fix it';
CREATE OR REPLACE FUNCTION respond_internal.manifest_relation(OUT oid oid, OUT name text, OUT kind "char", OUT is_made_by_clock boolean)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT c.oid, c.oid::regclass::text, c.relkind, NOT m.is_member
	  FROM pg_class AS c
	 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
			 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')) AS m (is_member)
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'S')
	   AND (m.is_member OR c.relispartition)
$function$;
COMMENT ON FUNCTION respond_internal.manifest_relation() IS 'tables, views and sequences of pg_respond, with the partitions that the clock made';
CREATE OR REPLACE FUNCTION respond_internal.calls_foreign_code(class oid, object oid)
 RETURNS boolean
 LANGUAGE sql
 STABLE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
	SELECT EXISTS (
		SELECT FROM pg_depend AS d
		  LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
		  LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		  LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		 WHERE d.classid = $1 AND d.objid = $2
		   AND coalesce(p.pronamespace, o.oprnamespace, t.typnamespace)
			   NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace))
$function$;
COMMENT ON FUNCTION respond_internal.calls_foreign_code(oid,oid) IS 'whether an object uses functions, operators or types from outside of the server and of pg_respond';
CREATE OR REPLACE FUNCTION respond_internal.manifest_now(OUT kind text, OUT object text, OUT definition text, OUT removal text, OUT runs_code boolean, OUT is_wanted boolean)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.manifest_now() IS 'what the catalogs hold now that the manifest tells of, or should not hold';
CREATE OR REPLACE FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.missing_table() IS 'tables of pg_respond that are gone or were renamed, and the statement that brings them back';
CREATE OR REPLACE FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean)
 RETURNS SETOF record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.manifest_fault() IS 'what somebody added to the objects of pg_respond, changed or took away, and the statement that undoes it';
CREATE OR REPLACE FUNCTION respond_internal.health_manifest(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION respond_internal.health_manifest() IS 'health(): what somebody added to the objects of pg_respond, changed or took away';
CREATE OR REPLACE FUNCTION respond.acknowledge(kind text, id bigint)
 RETURNS boolean
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.acknowledge(text,bigint) IS 'says that somebody has dealt with a dead letter (kind: event, run or delivery), or with what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
CREATE OR REPLACE FUNCTION respond.discard(delivery_id bigint)
 RETURNS void
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.discard(bigint) IS 'cancels a delivery that is pending or dead; a request under way is not stopped';
CREATE OR REPLACE FUNCTION respond.explain(event_id bigint)
 RETURNS TABLE(rule text, fired boolean, reason text, run_id bigint)
 LANGUAGE c
 STABLE STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
CREATE OR REPLACE FUNCTION respond.export_rules(folder text DEFAULT NULL::text)
 RETURNS jsonb
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
CREATE OR REPLACE FUNCTION respond.hold(reason text DEFAULT 'hold'::text)
 RETURNS void
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.hold(text) IS 'pauses the workers of this database after the commit and the batch that they are in; events are still recorded';
CREATE OR REPLACE FUNCTION respond.import_rules(rules jsonb)
 RETURNS integer
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none; rules that match already keep their version, rules that it does not name stay; returns how many were created or changed';
CREATE OR REPLACE FUNCTION respond.release()
 RETURNS void
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.release() IS 'resumes the workers of this database after the commit; after a restore they handle what the original had not handled';
CREATE OR REPLACE FUNCTION respond.replay(event_id bigint)
 RETURNS bigint
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
CREATE OR REPLACE FUNCTION respond.retry(delivery_id bigint)
 RETURNS void
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.retry(bigint) IS 'retries a delivery after the commit, whatever it waits for; a dead or cancelled one starts with all of its tries';
CREATE OR REPLACE FUNCTION respond.retry_channel(name text)
 RETURNS bigint
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.retry_channel(text) IS 'retries the dead deliveries of a channel, and at once those that wait for their next try; returns how many of both';
CREATE OR REPLACE FUNCTION respond.retry_set_aside(rule text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.retry_set_aside(text) IS 'tries events that were set aside again at once, all or those of one rule; returns how many';
CREATE OR REPLACE FUNCTION respond.settle(timeout interval DEFAULT '00:00:10'::interval)
 RETURNS boolean
 LANGUAGE c
 STRICT
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.settle(interval) IS 'waits until no committed event waits for the dispatchers, those that rules recorded included; false if there was no such moment within the timeout. For scripts and tests';
CREATE OR REPLACE FUNCTION respond.simulate(type text, data jsonb DEFAULT '{}'::jsonb, subject text DEFAULT NULL::text, source text DEFAULT NULL::text, key text DEFAULT NULL::text, "time" timestamp with time zone DEFAULT NULL::timestamp with time zone, occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS TABLE(rule text, matched boolean, failed_test text, steps jsonb, remark text)
 LANGUAGE c
 STABLE
AS 'MODULE_PATHNAME', $function$respond_quiet_call$function$;
COMMENT ON FUNCTION respond.simulate(text,jsonb,text,text,text,timestamp with time zone,timestamp with time zone) IS 'what each rule would do with this event: matched or not, the test that failed, the steps with their parameters; changes nothing. occurred_at is the same as "time" and needs no quotes';

-- Tables that are new.
CREATE TABLE respond_internal.stopped_rule (
	rule text PRIMARY KEY,
	version integer NOT NULL,
	event_id bigint NOT NULL,
	caused bigint NOT NULL,
	since timestamptz NOT NULL DEFAULT now()
);

CREATE SEQUENCE respond_internal.set_aside_queue;

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

SELECT pg_catalog.pg_extension_config_dump('respond_internal.stopped_rule', '');

SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event', '');

SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_event_id_seq', '');

SELECT pg_catalog.pg_extension_config_dump('respond_internal.set_aside_queue', '');

CREATE TABLE respond.producer (
	role regrole NOT NULL,
	source text NOT NULL,
	description text,
	PRIMARY KEY (role, source)
);

SELECT pg_catalog.pg_extension_config_dump('respond.producer', '');

CREATE TABLE respond_internal.suspect_delivery (
	delivery_id bigint PRIMARY KEY,
	created_at timestamptz NOT NULL,
	tries integer NOT NULL,
	vanished integer NOT NULL,
	life bigint NOT NULL,
	alone boolean NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE respond_internal.acknowledged (
	kind text NOT NULL CHECK (kind IN ('event', 'run', 'delivery')),
	id bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	PRIMARY KEY (kind, id)
);

SELECT pg_catalog.pg_extension_config_dump('respond_internal.acknowledged', '');

CREATE TABLE respond_internal.manifest (
	kind text NOT NULL,
	object text NOT NULL,
	definition text NOT NULL,
	server_version integer NOT NULL,
	PRIMARY KEY (kind, object)
);

-- Bookkeeping: the mark of this database, which all that it has recorded carries.
ALTER TABLE respond_internal.state ADD COLUMN incarnation bigint, ADD COLUMN source text, ADD COLUMN copy bigint,
	ADD COLUMN adopted text[] NOT NULL DEFAULT '{}';
UPDATE respond_internal.state
   SET incarnation = respond_internal.new_incarnation(), source = '/' || pg_catalog.current_database(), copy = respond_internal.copy_mark();
ALTER TABLE respond_internal.state ALTER COLUMN incarnation SET NOT NULL, ALTER COLUMN source SET NOT NULL, ALTER COLUMN copy SET NOT NULL;
SELECT respond_internal.forget_incarnation();

DO $$
DECLARE
	mark CONSTANT bigint := (SELECT s.incarnation FROM respond_internal.state AS s);
	part record;
BEGIN
	-- A constant default is kept beside the table, so no row is written.
	EXECUTE pg_catalog.format('ALTER TABLE respond.event ADD COLUMN incarnation bigint NOT NULL DEFAULT %L', mark);
	ALTER TABLE respond.event ALTER COLUMN incarnation DROP DEFAULT;
	FOR part IN
		SELECT i.inhrelid::pg_catalog.regclass AS name FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = 'respond.event'::pg_catalog.regclass
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN incarnation DROP DEFAULT', part.name);
	END LOOP;
	EXECUTE pg_catalog.format('ALTER TABLE respond_internal.progress_0 ADD COLUMN incarnation bigint NOT NULL DEFAULT %L', mark);
	ALTER TABLE respond_internal.progress_0 ALTER COLUMN incarnation DROP DEFAULT;
	EXECUTE pg_catalog.format('ALTER TABLE respond_internal.progress_1 ADD COLUMN incarnation bigint NOT NULL DEFAULT %L', mark);
	ALTER TABLE respond_internal.progress_1 ALTER COLUMN incarnation DROP DEFAULT;
	EXECUTE pg_catalog.format('ALTER TABLE respond_internal.requeue ADD COLUMN rule_owner oid, ADD COLUMN incarnation bigint NOT NULL DEFAULT %L', mark);
	ALTER TABLE respond_internal.requeue ALTER COLUMN incarnation SET DEFAULT respond_internal.incarnation();
	EXECUTE pg_catalog.format('ALTER TABLE respond.delivery ADD COLUMN incarnation bigint NOT NULL DEFAULT %L, ADD COLUMN channel_id uuid, ADD COLUMN definition text', mark);
	ALTER TABLE respond.delivery ALTER COLUMN incarnation SET DEFAULT respond_internal.incarnation();
	FOR part IN
		SELECT i.inhrelid::pg_catalog.regclass AS name FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = 'respond.delivery'::pg_catalog.regclass
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN incarnation SET DEFAULT respond_internal.incarnation()', part.name);
	END LOOP;
END
$$;

-- Markers of crashes belong to workers that are gone.
TRUNCATE respond_internal.suspect;
ALTER TABLE respond_internal.suspect ADD COLUMN vanished integer NOT NULL DEFAULT 0, ADD COLUMN life bigint NOT NULL;

ALTER TABLE respond_internal.event_key ADD COLUMN producer oid NOT NULL DEFAULT 0;
ALTER TABLE respond_internal.event_key DROP CONSTRAINT event_key_pkey;
ALTER TABLE respond_internal.event_key ADD PRIMARY KEY (source, key, producer);
CREATE INDEX event_key_common_idx ON respond_internal.event_key (producer) WHERE producer = 0;

-- Owners of rules are roles, not names.  One that is gone is said by health().
ALTER TABLE respond.rule ADD COLUMN start_roles name[], ADD COLUMN owner_id oid, ADD COLUMN start_role_ids oid[], ADD COLUMN owner_system bigint;
UPDATE respond.rule AS r
   SET owner_id = o.oid, owner_system = s.system_identifier
  FROM pg_catalog.pg_roles AS o, pg_catalog.pg_control_system() AS s
 WHERE o.rolname = r.owner;
ALTER TABLE respond.rule_version ADD COLUMN start_roles name[], ADD COLUMN owner_id oid, ADD COLUMN start_role_ids oid[], ADD COLUMN owner_system bigint,
	ADD COLUMN session_actor text;
ALTER TABLE respond.rule_version ALTER COLUMN session_actor SET DEFAULT respond_internal.session_actor();
UPDATE respond.rule_version AS r
   SET owner_id = o.oid, owner_system = s.system_identifier
  FROM pg_catalog.pg_roles AS o, pg_catalog.pg_control_system() AS s
 WHERE o.rolname = r.owner;

ALTER TABLE respond.run ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE respond.private_jsonb USING state::respond.private_jsonb,
	ALTER COLUMN error TYPE respond.private_text USING error::respond.private_text, ALTER COLUMN state SET DEFAULT '{}';
ALTER TABLE respond_internal.dead_event ALTER COLUMN error TYPE respond.private_text USING error::respond.private_text;

ALTER TABLE respond.ticket ADD COLUMN session_actor text;
ALTER TABLE respond.ticket ALTER COLUMN session_actor SET DEFAULT respond_internal.session_actor();
ALTER TABLE respond.ticket_history ADD COLUMN session_actor text;
ALTER TABLE respond.ticket_history ALTER COLUMN session_actor SET DEFAULT respond_internal.session_actor();
ALTER TABLE respond.audit_log ADD COLUMN session_actor text;
ALTER TABLE respond.audit_log ALTER COLUMN session_actor SET DEFAULT respond_internal.session_actor();

-- Kinds and channels have ids.
ALTER TABLE respond.channel_kind DROP CONSTRAINT channel_kind_escape_check,
	ADD CONSTRAINT channel_kind_escape_check CHECK (escape IN ('none', 'html', 'json', 'markdown', 'slack', 'url')),
	ADD COLUMN max_text integer CHECK (max_text BETWEEN 10 AND 1000000),
	ADD COLUMN id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE,
	ADD COLUMN hmac jsonb;
DELETE FROM respond.channel_kind WHERE built_in;
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

UPDATE respond.channel_kind AS k SET max_text = m.characters
  FROM (VALUES ('slack', 40000), ('teams', 9000), ('sms', 1600), ('pagerduty', 1024)) AS m (name, characters) WHERE k.name = m.name;
ALTER TABLE respond.channel ALTER COLUMN timeout DROP DEFAULT,
	ADD COLUMN id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE, ADD COLUMN kind_id uuid;
ALTER TABLE respond.channel DISABLE TRIGGER USER;
UPDATE respond.channel AS c SET kind_id = k.id FROM respond.channel_kind AS k WHERE k.name = c.kind;
ALTER TABLE respond.channel ENABLE TRIGGER USER;
ALTER TABLE respond.channel ALTER COLUMN kind_id SET NOT NULL;
UPDATE respond.delivery AS d SET channel_id = c.id FROM respond.channel AS c WHERE c.name = d.channel;

-- What was sealed without a place cannot be opened for one.
DO $$
DECLARE
	names CONSTANT text := (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(s.channel), ', ' ORDER BY s.channel) FROM respond_internal.channel_secret AS s);
BEGIN
	IF names IS NOT NULL THEN
		RAISE WARNING 'the secrets of these channels must be set again: %', names
			USING HINT = 'SELECT respond.set_secret(channel, secret). Their deliveries wait or fail until then.';
	END IF;
END
$$;
DELETE FROM respond_internal.channel_secret;
ALTER TABLE respond_internal.channel_secret DROP CONSTRAINT channel_secret_pkey,
	ADD COLUMN channel_id uuid PRIMARY KEY, ADD COLUMN kind_id uuid NOT NULL, ADD COLUMN definition bytea NOT NULL, ADD COLUMN host text NOT NULL;

-- Indexes of the default partitions, and of those that were made like them.
DO $$
DECLARE
	part record;
	stale record;
BEGIN
	FOR part IN
		SELECT i.inhrelid AS id, c.relname AS name, n.nspname AS schema, i.inhparent = 'respond.event'::pg_catalog.regclass AS is_event
		  FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		 WHERE i.inhparent IN ('respond.event'::pg_catalog.regclass, 'respond.delivery'::pg_catalog.regclass)
	LOOP
		FOR stale IN
			SELECT x.indexrelid::pg_catalog.regclass AS name FROM pg_catalog.pg_index AS x
			 WHERE x.indrelid = part.id AND NOT x.indisprimary AND x.indnatts > 1
		LOOP
			IF EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
					AND d.objid = stale.name AND d.deptype = 'e') THEN
				EXECUTE pg_catalog.format('ALTER EXTENSION pg_respond DROP INDEX %s', stale.name);
			END IF;
			EXECUTE pg_catalog.format('DROP INDEX %s', stale.name);
		END LOOP;
		IF part.is_event THEN
			EXECUTE pg_catalog.format('CREATE INDEX %I ON %I.%I (incarnation, xid, id)',
				part.name || CASE WHEN part.name = 'event_default' THEN '_xid_id_idx' ELSE '_incarnation_xid_id_idx' END, part.schema, part.name);
		ELSE
			EXECUTE pg_catalog.format('CREATE INDEX %I ON %I.%I (channel_id, next_attempt_at, id) WHERE status = ''pending''', part.name || '_pending_idx', part.schema, part.name);
			EXECUTE pg_catalog.format('CREATE INDEX %I ON %I.%I (channel_id, (coalesce(subject, '''')), id) WHERE status = ''pending''', part.name || '_subject_idx', part.schema, part.name);
			EXECUTE pg_catalog.format('CREATE INDEX %I ON %I.%I (channel_id, id) WHERE status = ''dead''', part.name || '_dead_idx', part.schema, part.name);
		END IF;
	END LOOP;
END
$$;
COMMENT ON SCHEMA respond_internal IS 'bookkeeping of pg_respond; not an interface';

COMMENT ON SCHEMA respond IS 'pg_respond: events, rules, runs, tickets and their audit';

COMMENT ON TYPE respond.private_text IS 'text of which members of its owner and superusers see everything, others what everybody may see; becomes text by itself';

COMMENT ON TYPE respond.private_jsonb IS 'jsonb of which members of its owner and superusers see everything, others what everybody may see; becomes jsonb by itself';

COMMENT ON INDEX respond_internal.event_key_common_idx IS 'finds keys that hold for all producers, usually none';

COMMENT ON INDEX respond.run_default_id_idx IS 'finds a run by its number';

COMMENT ON INDEX respond.run_default_event_id_idx IS 'finds the runs of an event';

COMMENT ON CONSTRAINT ticket_valid ON respond.ticket IS 'refuses values that a ticket cannot have, and names those that it can';

COMMENT ON INDEX respond.ticket_open_key_idx IS 'one unsolved ticket for each key';

COMMENT ON INDEX respond.ticket_team_status_idx IS 'the queue of a team';

COMMENT ON INDEX respond.ticket_assignee_idx IS 'the work of a person';

COMMENT ON CONSTRAINT comment_valid ON respond.comment IS 'refuses kinds of comments that there are not';

COMMENT ON INDEX respond.comment_ticket_id_idx IS 'the comments of a ticket';

COMMENT ON INDEX respond.ticket_history_ticket_id_idx IS 'the history of a ticket';

COMMENT ON INDEX respond.audit_log_default_id_idx IS 'finds an audit row by its number';

COMMENT ON INDEX respond.delivery_default_id_idx IS 'finds a delivery by its number';

COMMENT ON INDEX respond.delivery_default_event_id_idx IS 'finds the deliveries of an event';

COMMENT ON INDEX respond.delivery_default_pending_idx IS 'finds pending deliveries for the courier in the order in which they are due';

COMMENT ON INDEX respond.delivery_default_subject_idx IS 'finds the first that waits of each subject in an ordered channel';

COMMENT ON INDEX respond.delivery_default_dead_idx IS 'finds dead letters';

COMMENT ON INDEX respond.attempt_default_delivery_id_idx IS 'finds the tries of a delivery';

-- Every table of ours, partitions too, says by what its rows are known: publications of all tables do not stop us.
ALTER TABLE respond_internal.progress_0 REPLICA IDENTITY FULL;

ALTER TABLE respond_internal.progress_1 REPLICA IDENTITY FULL;

ALTER TABLE respond_internal.requeue REPLICA IDENTITY FULL;

ALTER TABLE respond.event_default REPLICA IDENTITY USING INDEX event_default_id_idx;

ALTER TABLE respond.run_default REPLICA IDENTITY USING INDEX run_default_id_idx;

ALTER TABLE respond.audit_log_default REPLICA IDENTITY USING INDEX audit_log_default_id_idx;

ALTER TABLE respond.delivery_default REPLICA IDENTITY USING INDEX delivery_default_id_idx;

ALTER TABLE respond.attempt_default REPLICA IDENTITY FULL;

ALTER TABLE respond_internal.dead_event REPLICA IDENTITY FULL;
DO $$
DECLARE
	part record;
	unique_index text;
BEGIN
	FOR part IN
		SELECT i.inhrelid AS id, i.inhrelid::pg_catalog.regclass AS name, i.inhparent = 'respond.event'::pg_catalog.regclass AS is_event
		  FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
		 WHERE i.inhparent IN ('respond.event'::pg_catalog.regclass, 'respond.run'::pg_catalog.regclass, 'respond.delivery'::pg_catalog.regclass,
				'respond.attempt'::pg_catalog.regclass, 'respond.audit_log'::pg_catalog.regclass)
		   AND c.relnamespace = 'respond_internal'::pg_catalog.regnamespace
	LOOP
		SELECT c.relname INTO unique_index FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
		 WHERE x.indrelid = part.id AND x.indisunique LIMIT 1;
		IF unique_index IS NULL THEN
			EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY FULL', part.name);
		ELSE
			EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', part.name, unique_index);
		END IF;
		IF part.is_event THEN
			PERFORM respond_internal.guard_event_partition(part.id::pg_catalog.regclass);
		END IF;
	END LOOP;
END
$$;

-- Views.
CREATE VIEW respond.watched WITH (security_invoker=true) AS
 SELECT (w."table")::regclass AS "table",
    w.type,
    w.operations,
    w.columns,
    w.condition,
    w.subject,
    w.replicated,
    w.enabled,
    NULLIF(concat_ws('; '::text, w.problem, f.problem), ''::text) AS problem,
    w.triggers
   FROM (( SELECT t."table",
            t.type,
            ARRAY( SELECT DISTINCT o.o
                   FROM unnest(array_agg(array_to_string(t.operations, ','::text))) a(a),
                    LATERAL unnest(string_to_array(a.a, ','::text)) o(o)
                  ORDER BY o.o) AS operations,
            min(t.columns) AS columns,
            min(t.condition) AS condition,
            min(t.subject) AS subject,
            bool_and((t.replicated OR (t.operations = '{TRUNCATE}'::text[]))) AS replicated,
            bool_and(t.enabled) AS enabled,
            min(t.problem) AS problem,
            array_agg(t.name ORDER BY t.name) AS triggers,
            array_agg(t.trigger) AS trigger_ids
           FROM respond_internal.watch_triggers() t(trigger, name, "table", by_watch, type, operations, columns, condition, subject, replicated, enabled, problem)
          GROUP BY t."table", t.type, t.by_watch,
                CASE
                    WHEN (NOT t.by_watch) THEN t.trigger
                    ELSE NULL::oid
                END) w
     LEFT JOIN LATERAL ( SELECT string_agg(DISTINCT format('%s: %s'::text, c.fault, c.message), '; '::text) AS problem
           FROM respond_internal.capture_faults() c(trigger, "table", fault, count, first_at, last_at, message)
          WHERE ((c.count > 0) AND (c.trigger = ANY (w.trigger_ids)))) f ON (true));
COMMENT ON VIEW respond.watched IS 'the watches of this database, and hand-written triggers that call capture()';
COMMENT ON COLUMN respond.watched.table IS 'the table';
COMMENT ON COLUMN respond.watched.type IS 'type of the events; TABLE.* for a watch without a type of its own, whose events are TABLE.inserted and so on';
COMMENT ON COLUMN respond.watched.operations IS 'INSERT, UPDATE, DELETE, TRUNCATE';
COMMENT ON COLUMN respond.watched.columns IS 'an UPDATE counts only if one of these changed; NULL: any';
COMMENT ON COLUMN respond.watched.condition IS 'what must hold for the row; NULL: nothing';
COMMENT ON COLUMN respond.watched.subject IS 'how the subject is made; NULL: from the table and its key';
COMMENT ON COLUMN respond.watched.replicated IS 'whether rows that a subscription applies count';
COMMENT ON COLUMN respond.watched.enabled IS 'false when one of its triggers is disabled, be it in one partition';
COMMENT ON COLUMN respond.watched.problem IS 'what is wrong with it; NULL: nothing';
COMMENT ON COLUMN respond.watched.triggers IS 'names of its triggers';
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

-- Triggers.
CREATE TRIGGER event_guard_row BEFORE DELETE OR UPDATE ON respond.event FOR EACH ROW EXECUTE FUNCTION respond_internal.event_guard();
ALTER TABLE respond.event ENABLE ALWAYS TRIGGER event_guard_row;
COMMENT ON TRIGGER event_guard_row ON respond.event IS 'keeps events as they are, in partitions too';
CREATE TRIGGER event_guard_truncate BEFORE TRUNCATE ON respond.event FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.event_guard();
ALTER TABLE respond.event ENABLE ALWAYS TRIGGER event_guard_truncate;
COMMENT ON TRIGGER event_guard_truncate ON respond.event IS 'keeps the event log from being emptied';
CREATE TRIGGER event_guard_truncate BEFORE TRUNCATE ON respond.event_default FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.event_guard();
ALTER TABLE respond.event_default ENABLE ALWAYS TRIGGER event_guard_truncate;
COMMENT ON TRIGGER event_guard_truncate ON respond.event_default IS 'keeps the event log from being emptied';
CREATE TRIGGER producer_validate BEFORE INSERT OR UPDATE ON respond.producer FOR EACH ROW EXECUTE FUNCTION respond_internal.producer_validate();
ALTER TABLE respond.producer ENABLE ALWAYS TRIGGER producer_validate;
COMMENT ON TRIGGER producer_validate ON respond.producer IS 'refuses sources that no event can have';
CREATE TRIGGER producers_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON respond.producer FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.producers_changed();
ALTER TABLE respond.producer ENABLE ALWAYS TRIGGER producers_changed;
COMMENT ON TRIGGER producers_changed ON respond.producer IS 'makes sessions and workers read the producers again';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.requeue FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.requeue ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.requeue IS 'pauses the workers when a row comes from elsewhere';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.set_aside_event FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.set_aside_event ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.set_aside_event IS 'pauses the workers when a row comes from elsewhere';
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_validate;
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_keep_version;
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_keep_all_versions;
ALTER TABLE respond.mute ENABLE ALWAYS TRIGGER mute_validate;
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rules_changed;
ALTER TABLE respond.mute ENABLE ALWAYS TRIGGER rules_changed;
CREATE TRIGGER ticket_guard_insert BEFORE INSERT ON respond.ticket FOR EACH ROW WHEN (((new.status = ANY (ARRAY['solved'::text, 'closed'::text])) OR (cardinality(new.tags) > 1) OR (new.session_actor IS DISTINCT FROM respond_internal.session_actor()))) EXECUTE FUNCTION respond_internal.ticket_guard();
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_guard_insert;
COMMENT ON TRIGGER ticket_guard_insert ON respond.ticket IS 'gives a ticket that is entered solved or closed its times, each tag once, and says who is logged in';
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_guard_update;
COMMENT ON TRIGGER ticket_guard_update ON respond.ticket IS 'refuses illegal transitions and a second open ticket with a key, keeps updated_at, solved_at and closed_at';
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER team_reference;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER team_reference_rename;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER team_reference_truncate;
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_reference_truncate;
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_record_insert;
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_record_update;
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_record_delete;
ALTER TABLE respond.comment ENABLE ALWAYS TRIGGER comment_record_insert;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER team_audit;
ALTER TABLE respond.comment ENABLE ALWAYS TRIGGER comment_audit;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER team_audit_truncate;
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_audit_truncate;
ALTER TABLE respond.comment ENABLE ALWAYS TRIGGER comment_audit_truncate;
CREATE TRIGGER producer_audit AFTER INSERT OR DELETE OR UPDATE ON respond.producer FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.producer ENABLE ALWAYS TRIGGER producer_audit;
COMMENT ON TRIGGER producer_audit ON respond.producer IS 'puts changes of producers on record';
CREATE TRIGGER producer_audit_truncate AFTER TRUNCATE ON respond.producer FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.producer ENABLE ALWAYS TRIGGER producer_audit_truncate;
COMMENT ON TRIGGER producer_audit_truncate ON respond.producer IS 'puts the removal of all producers on record';
ALTER TABLE respond.channel_kind ENABLE ALWAYS TRIGGER channel_kind_validate;
CREATE TRIGGER channel_kind_renamed AFTER UPDATE ON respond.channel_kind FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_renamed();
ALTER TABLE respond.channel_kind ENABLE ALWAYS TRIGGER channel_kind_renamed;
COMMENT ON TRIGGER channel_kind_renamed ON respond.channel_kind IS 'channels show the new name of their kind';
ALTER TABLE respond.channel_kind ENABLE ALWAYS TRIGGER channels_changed;
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channels_changed;
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_audit;
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_audit_truncate;
ALTER TABLE respond.channel_kind ENABLE ALWAYS TRIGGER channel_kind_audit;
ALTER TABLE respond.channel_kind ENABLE ALWAYS TRIGGER channel_kind_audit_truncate;
CREATE TRIGGER foreign_row BEFORE INSERT ON respond.delivery FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond.delivery ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond.delivery IS 'pauses the workers when a row comes from elsewhere';
COMMENT ON TRIGGER deliveries_changed ON respond.delivery IS 'makes the courier look at the pending deliveries again';
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_deleted;
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_truncated;
ALTER TABLE respond.mask ENABLE ALWAYS TRIGGER mask_validate;
ALTER TABLE respond.mask ENABLE ALWAYS TRIGGER masks_changed;
ALTER TABLE respond.mask ENABLE ALWAYS TRIGGER mask_audit;
ALTER TABLE respond.mask ENABLE ALWAYS TRIGGER mask_audit_truncate;
ALTER TABLE respond.route ENABLE ALWAYS TRIGGER route_validate;
ALTER TABLE respond.route ENABLE ALWAYS TRIGGER rules_changed;
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_audit;
ALTER TABLE respond.rule ENABLE ALWAYS TRIGGER rule_audit_truncate;
ALTER TABLE respond.mute ENABLE ALWAYS TRIGGER mute_audit;
ALTER TABLE respond.mute ENABLE ALWAYS TRIGGER mute_audit_truncate;
ALTER TABLE respond.route ENABLE ALWAYS TRIGGER route_audit;
ALTER TABLE respond.route ENABLE ALWAYS TRIGGER route_audit_truncate;

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

-- What is said of tables and columns.
COMMENT ON COLUMN respond_internal.state.hold IS 'why the workers hold: restore, or copied (the whole cluster), or the reason given to hold(); NULL when they work';
COMMENT ON COLUMN respond_internal.state.incarnation IS 'random number that marks the rows recorded here; valid together with system_identifier and database';
COMMENT ON COLUMN respond_internal.state.source IS 'source of events that do not name one: the name that the database had when the extension was created';
COMMENT ON COLUMN respond_internal.state.copy IS 'mark of the copied cluster in which the database last held for that, 0: none';
COMMENT ON COLUMN respond_internal.state.adopted IS 'rows of the requeue that came from elsewhere and were handled here: their mark and number';
COMMENT ON COLUMN respond_internal.progress_0.incarnation IS 'of the database that wrote it: the cursor is about events with the same mark';
COMMENT ON TABLE respond_internal.suspect IS 'events that are handled one by one because a worker died; one over which too many workers died is given up';
COMMENT ON COLUMN respond_internal.suspect.tries IS 'how often it was touched, without those tries that somebody else put an end to';
COMMENT ON COLUMN respond_internal.suspect.vanished IS 'how often the whole server vanished during a try; three of them count as one try';
COMMENT ON COLUMN respond_internal.suspect.life IS 'process that touched it last, by the number of its life';
COMMENT ON TABLE respond_internal.stopped_rule IS 'rules that are not applied to events that rules caused, because they multiply them; until the rule is changed, or respond.resume_rule()';
COMMENT ON COLUMN respond_internal.stopped_rule.version IS 'version of the rule; another one is not stopped';
COMMENT ON COLUMN respond_internal.stopped_rule.event_id IS 'event for which it was stopped';
COMMENT ON COLUMN respond_internal.stopped_rule.caused IS 'how many events, tickets and deliveries it had caused at one depth';
COMMENT ON COLUMN respond_internal.stopped_rule.since IS 'start of the transaction in which it was stopped, as in its dead letters';
COMMENT ON COLUMN respond_internal.requeue.run_id IS 'number that the run gets; NULL: a new one';
COMMENT ON COLUMN respond_internal.requeue.rule_owner IS 'who owned the rule when somebody was allowed to run it by hand; a rule of that name with another owner is not meant; NULL: whoever owns it';
COMMENT ON COLUMN respond_internal.requeue.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON SEQUENCE respond_internal.set_aside_queue IS 'places in queues of rules';
COMMENT ON TABLE respond_internal.set_aside_event IS 'events that a rule could not be applied to yet; shown in view respond.set_aside';
COMMENT ON COLUMN respond_internal.set_aside_event.rule IS 'the rule; empty for all';
COMMENT ON COLUMN respond_internal.set_aside_event.rule_hash IS 'hash of it';
COMMENT ON COLUMN respond_internal.set_aside_event.strand IS 'hash of rule and subject: rows with the same one are tried in the order of their ids';
COMMENT ON COLUMN respond_internal.set_aside_event.forced IS 'as in requeue, also replay, run_id and rule_owner';
COMMENT ON COLUMN respond_internal.set_aside_event.sqlstate IS 'class of the error of the last try; NULL: none was made yet';
COMMENT ON COLUMN respond_internal.set_aside_event.tries IS 'tries that failed';
COMMENT ON COLUMN respond_internal.set_aside_event.first_at IS 'when it was set aside first';
COMMENT ON COLUMN respond_internal.set_aside_event.due_at IS 'when it is tried again; infinity: behind another one, or when the rule has time';
COMMENT ON COLUMN respond_internal.set_aside_event.queue IS 'its place in the queue of a rule that takes too long';
COMMENT ON COLUMN respond_internal.set_aside_event.incarnation IS 'of the database that wrote it; rows from elsewhere make the workers hold';
COMMENT ON COLUMN respond.event.source IS 'where it happened; the name that this database had when the extension was created, if not given; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.key IS 'the id that the producer gave it: a second event of the same role with the same source and key is not stored again; 1 to 1,024 bytes';
COMMENT ON COLUMN respond.event.incarnation IS 'mark of the database that recorded it; an event with another one than this database''s came from elsewhere';
COMMENT ON COLUMN respond_internal.event_key.producer IS 'role whose key it is; 0: of all, because the event came with a dump and its role is not here';
COMMENT ON TABLE respond.producer IS 'sources that belong to roles: a role with rows here may use no other source, and nobody else may use it; superusers are not bound';
COMMENT ON COLUMN respond.producer.role IS 'the role; its members may use the source too';
COMMENT ON COLUMN respond.producer.source IS 'source of events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.producer.description IS 'what it is for';
COMMENT ON TABLE respond.rule IS 'what to do when an event matches; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.rule.on_failure IS 'steps to run when a step without an on_failure of its own failed';
COMMENT ON COLUMN respond.rule.owner IS 'role whose rights its SQL has; turning the rule on, and changing what it does or when, needs the right to act as this role';
COMMENT ON COLUMN respond.rule.start_roles IS 'roles whose members may run it by hand with start() and replay(), beside those who may act as the owner; "public" stands for everybody, NULL: none';
COMMENT ON COLUMN respond.rule.owner_id IS 'number of the owner, kept by pg_respond: the rule stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.rule.start_role_ids IS 'numbers of the start_roles, kept by pg_respond';
COMMENT ON COLUMN respond.rule.owner_system IS 'system (see pg_control_system()) in which these are numbers of roles; in another one the names count';
COMMENT ON COLUMN respond.rule_version.start_roles IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_id IS 'see rule';
COMMENT ON COLUMN respond.rule_version.start_role_ids IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_system IS 'see rule';
COMMENT ON COLUMN respond.rule_version.changed_by IS 'who changed or deleted it';
COMMENT ON COLUMN respond.rule_version.session_actor IS 'who was logged in, when SET ROLE made changed_by another role; NULL: the same';
COMMENT ON TABLE respond.mute IS 'events that rules and routes ignore for a time; the runs say suppressed';
COMMENT ON COLUMN respond.run.step IS 'step that the run is at or failed in: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.run.state IS 'data chain: what each step with a name gave, by its name; lines of the log under "_log"; of a shadow run, what it would have done under "shadow"; of a suppressed one, why under "suppressed". What SQL of the rule gave is shown to its owner and superusers alone';
COMMENT ON COLUMN respond.run.error IS 'why the run failed; of a run that succeeded, the failure that on_failure of its rule dealt with. Its message is shown to the owner of the rule and superusers, to others place and class';
COMMENT ON COLUMN respond.run.replay IS 'whether the event was run again by replay()';
COMMENT ON COLUMN respond.run.resume_at IS 'when a waiting run resumes';
COMMENT ON COLUMN respond.team.description IS 'what the team is for';
COMMENT ON COLUMN respond.ticket.tags IS 'labels, each once';
COMMENT ON COLUMN respond.ticket.key IS 'what the ticket is for: at most one ticket with the same key is neither solved nor closed';
COMMENT ON COLUMN respond.ticket.session_actor IS 'who was logged in when it was opened, if SET ROLE made created_by another role';
COMMENT ON COLUMN respond.ticket_history.session_actor IS 'who was logged in, when SET ROLE made the actor another role; NULL: the actor';
COMMENT ON COLUMN respond.audit_log.session_actor IS 'who was logged in, when SET ROLE made the actor another role; NULL: the actor';
COMMENT ON COLUMN respond.channel_kind.method IS 'HTTP method: GET, POST, PUT, PATCH or DELETE';
COMMENT ON COLUMN respond.channel_kind.max_text IS 'characters that the provider takes in a text: a longer one is cut and ends with three dots; NULL: no limit';
COMMENT ON COLUMN respond.channel_kind.id IS 'given by pg_respond; the name may one day be that of another kind, the id never is';
COMMENT ON COLUMN respond.channel_kind.hmac IS 'how requests are signed when the channel has a secret: an object of algorithm (sha1, sha256, sha384, sha512), encoding (hex, base64, base64url), secret (text, hex, base64), content ({{body}}, {{timestamp}}, {{key}}) and headers ({{signature}} and the same); NULL: not so';
COMMENT ON COLUMN respond.channel.timeout IS 'time that one try may take, from its sending on; 15 seconds if not given, 5 minutes for mail';
COMMENT ON COLUMN respond.channel.id IS 'given by pg_respond; deliveries and the secret belong to this, not to the name, which may one day be that of another channel';
COMMENT ON COLUMN respond.channel.kind_id IS 'given by pg_respond: the kind that had the name in column kind when that was set';
COMMENT ON COLUMN respond_internal.channel_secret.channel IS 'name of the channel';
COMMENT ON COLUMN respond_internal.channel_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM; the channel''s id, kind_id, definition and host are authenticated with it, so it is of no use anywhere else';
COMMENT ON COLUMN respond_internal.channel_secret.channel_id IS 'the channel';
COMMENT ON COLUMN respond_internal.channel_secret.kind_id IS 'the kind that the channel had when it was set';
COMMENT ON COLUMN respond_internal.channel_secret.definition IS 'SHA-256 of what said then where in a request the secret goes';
COMMENT ON COLUMN respond_internal.channel_secret.host IS 'scheme, host and port that the channel led to then';
COMMENT ON COLUMN respond.delivery.attempts_before IS 'tries before it was restarted with retry()';
COMMENT ON COLUMN respond.delivery.due_since IS 'when it was restarted with retry(); NULL: never';
COMMENT ON COLUMN respond.delivery.incarnation IS 'mark of the database that recorded it; one from elsewhere is not sent before release()';
COMMENT ON COLUMN respond.delivery.channel_id IS 'id of the channel; it goes through no other one, whatever that is called';
COMMENT ON COLUMN respond.delivery.definition IS 'with secret_mark: which kind filled in the request, and a digest of what said where the secret goes';
COMMENT ON TABLE respond_internal.suspect_delivery IS 'deliveries that are sent one by one because a courier died; one over which too many couriers died is given up';
COMMENT ON COLUMN respond_internal.suspect_delivery.delivery_id IS 'the delivery; 0: the courier itself, whatever it sends';
COMMENT ON COLUMN respond_internal.suspect_delivery.created_at IS 'that of the delivery';
COMMENT ON COLUMN respond_internal.suspect_delivery.tries IS 'how often it was touched, without those tries that somebody else put an end to; of the courier, how often one after the other died';
COMMENT ON COLUMN respond_internal.suspect_delivery.vanished IS 'how often the whole server vanished during a try; three of them count as one try';
COMMENT ON COLUMN respond_internal.suspect_delivery.life IS 'process that touched it last, by the number of its life';
COMMENT ON COLUMN respond_internal.suspect_delivery.alone IS 'whether it was the only one under way then and since';
COMMENT ON COLUMN respond_internal.suspect_delivery.at IS 'when it was touched last';
COMMENT ON TABLE respond_internal.acknowledged IS 'dead letters that somebody has dealt with, see respond.acknowledge()';
COMMENT ON COLUMN respond_internal.acknowledged.kind IS 'event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.id IS 'number of the event, run or delivery';
COMMENT ON COLUMN respond_internal.acknowledged.at IS 'when; a dead letter of a later time is a new one';
COMMENT ON COLUMN respond_internal.acknowledged.actor IS 'who acknowledged';
COMMENT ON COLUMN respond.mask.path IS 'the field in data: names separated by dots, such as card.number; "*" stands for any one name, arrays are looked through';
COMMENT ON TABLE respond.route IS 'events that are announced with NOTIFY: on which channel and with what text';
COMMENT ON TABLE respond_internal.manifest IS 'objects that belong to pg_respond as it was installed; see respond_internal.manifest_fault()';
COMMENT ON COLUMN respond_internal.manifest.kind IS 'kind of thing: trigger, firing, rule, constraint, not null, default, index, statistics, view, function, owner, row security, persistence, privilege, column';
COMMENT ON COLUMN respond_internal.manifest.object IS 'which one';
COMMENT ON COLUMN respond_internal.manifest.definition IS 'statement that makes it what it was';
COMMENT ON COLUMN respond_internal.manifest.server_version IS 'release of the server that wrote the definition; another one may write it differently';

-- Owners and rights.  What a user has granted stays.
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

-- ALTER DEFAULT PRIVILEGES may have given rights on what is new.
DO $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT DISTINCT o.kind, o.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END AS grantee
		  FROM (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::pg_catalog.regclass::text AS name, c.relacl AS acl, c.relowner AS owner, c.xmin, c.oid
				  FROM pg_catalog.pg_class AS c
				 WHERE c.oid::pg_catalog.regclass::text = ANY (ARRAY['respond_internal.stopped_rule', 'respond_internal.set_aside_queue', 'respond_internal.set_aside_event', 'respond.producer', 'respond_internal.suspect_delivery', 'respond_internal.acknowledged', 'respond_internal.manifest', 'respond_internal.set_aside_event_id_seq', 'respond.cloud_event', 'respond.dead_letter', 'respond.lag', 'respond.watched', 'respond.set_aside'])
				UNION ALL
				SELECT 'FUNCTION', p.oid::pg_catalog.regprocedure::text, p.proacl, p.proowner, p.xmin, p.oid
				  FROM pg_catalog.pg_proc AS p
				 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
				   AND p.oid NOT IN (SELECT f.oid FROM respond_update_functions AS f)) AS o,
			   LATERAL pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(CASE o.kind WHEN 'FUNCTION' THEN 'f'::"char" WHEN 'SEQUENCE' THEN 's'::"char" ELSE 'r'::"char" END, o.owner))) AS a
		 WHERE a.grantee <> o.owner
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s CASCADE', given.kind, given.name, given.grantee);
	END LOOP;
END
$$;
DROP TABLE respond_update_functions;
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


-- 99_manifest.sql: takes down what was installed; after everything else, and again at the end of each update script.

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal\.[a-z_]+_\d{8}_\d{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';
