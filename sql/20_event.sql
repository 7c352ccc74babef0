-- 20_event.sql: the event log and its producers.

CREATE FUNCTION respond_internal.event_xid() RETURNS xid8
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_event_xid';
COMMENT ON FUNCTION respond_internal.event_xid() IS 'top-level transaction id; also makes the commit of this transaction wake the dispatchers';

CREATE FUNCTION respond_internal.actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_actor';
COMMENT ON FUNCTION respond_internal.actor() IS 'who acts: the role of the session, or rule:NAME while a rule runs';

CREATE FUNCTION respond_internal.current_cause() RETURNS bigint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_current_cause';
COMMENT ON FUNCTION respond_internal.current_cause() IS 'id of the event whose rule runs now; NULL outside of rules';

CREATE FUNCTION respond_internal.current_depth() RETURNS integer
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_current_depth';
COMMENT ON FUNCTION respond_internal.current_depth() IS 'depth of an event recorded now: 0 outside of rules, else one more than that of its cause';

CREATE FUNCTION respond_internal.default_source() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_default_source';
COMMENT ON FUNCTION respond_internal.default_source() IS 'source of an event that names none: a slash and the name of the database';

CREATE FUNCTION respond_internal.event_is_valid(type text, source text, subject text, data jsonb, key text) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_event_is_valid';
COMMENT ON FUNCTION respond_internal.event_is_valid(text, text, text, jsonb, text) IS 'true, or an error that says what is wrong with the event';

CREATE TABLE respond.event (
	id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
	type text NOT NULL,
	source text NOT NULL DEFAULT respond_internal.default_source(),
	subject text,
	"time" timestamptz NOT NULL DEFAULT now(),
	data jsonb NOT NULL DEFAULT '{}',
	key text,
	cause bigint DEFAULT respond_internal.current_cause(),
	depth integer NOT NULL DEFAULT respond_internal.current_depth(),
	actor text NOT NULL DEFAULT respond_internal.actor(),
	recorded_at timestamptz NOT NULL DEFAULT now(),
	xid xid8 NOT NULL DEFAULT respond_internal.event_xid(),
	CONSTRAINT event_valid CHECK (respond_internal.event_is_valid(type, source, subject, data, key))
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE respond.event IS 'what happened; INSERT is the interface, rows are never changed';

CREATE TABLE respond.event_default PARTITION OF respond.event DEFAULT;
CREATE UNIQUE INDEX event_default_id_idx ON respond.event_default (id);
CREATE INDEX event_default_xid_id_idx ON respond.event_default (xid, id);

CREATE TABLE respond_internal.event_key (
	source text NOT NULL,
	key text NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (source, key)
);

SELECT pg_catalog.pg_extension_config_dump('respond.event', '');
SELECT pg_catalog.pg_extension_config_dump('respond.event_default', '');
SELECT pg_catalog.pg_extension_config_dump('respond.event_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.event_key', '');
