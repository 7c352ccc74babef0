-- 20_event.sql: the event log and its producers.

CREATE FUNCTION respond_internal.event_xid() RETURNS xid8
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_xid';
COMMENT ON FUNCTION respond_internal.event_xid() IS 'top-level transaction id; also makes the commit of this transaction wake the dispatchers';

CREATE FUNCTION respond_internal.actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_actor';
COMMENT ON FUNCTION respond_internal.actor() IS 'who acts: the current role, or rule:NAME while a rule runs';

CREATE FUNCTION respond_internal.session_actor() RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_session_actor';
COMMENT ON FUNCTION respond_internal.session_actor() IS 'who is logged in, if SET ROLE made the actor another role; else NULL';

CREATE FUNCTION respond_internal.current_cause() RETURNS bigint
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_event_current_cause';
COMMENT ON FUNCTION respond_internal.current_cause() IS 'id of the event whose rule runs now; NULL outside of rules';

CREATE FUNCTION respond_internal.clock_start() RETURNS timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_clock_start';
COMMENT ON FUNCTION respond_internal.clock_start() IS 'start of the transaction by the time of pg_respond, which "pg_respond.clock_offset" can move';

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
	recorded_at timestamptz NOT NULL DEFAULT respond_internal.clock_start(),
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
COMMENT ON COLUMN respond.event.key IS 'the id that the producer gave it: a second event of the same role with the same source and key is not stored; 1 to 1,024 bytes';
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
COMMENT ON COLUMN respond_internal.event_key.producer IS 'role whose key it is; 0: all roles, because the event came with a dump and its role does not exist here';

CREATE FUNCTION respond_internal.event_row() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_event_row';
COMMENT ON FUNCTION respond_internal.event_row() IS 'checks and completes an event; skips an event whose source and key are known';

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
COMMENT ON TABLE respond.producer IS 'sources that belong to roles: a role with rows here may use no other source, and nobody else may use its sources; superusers may use all';
COMMENT ON COLUMN respond.producer.role IS 'the role; its members may use the source too';
COMMENT ON COLUMN respond.producer.source IS 'source of events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.producer.description IS 'what it is for';

CREATE FUNCTION respond_internal.producer_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_producer_validate';
COMMENT ON FUNCTION respond_internal.producer_validate() IS 'trigger: refuses sources that no event can have';
CREATE FUNCTION respond_internal.producers_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_producers_changed';
COMMENT ON FUNCTION respond_internal.producers_changed() IS 'trigger: makes sessions and workers reload the producers after the commit';

CREATE TRIGGER producer_validate BEFORE INSERT OR UPDATE ON respond.producer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.producer_validate();
COMMENT ON TRIGGER producer_validate ON respond.producer IS 'refuses sources that no event can have';
CREATE TRIGGER producers_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.producer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.producers_changed();
COMMENT ON TRIGGER producers_changed ON respond.producer IS 'makes sessions and workers reload the producers';

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
	'makes a table a producer: changes to its rows become events of this type. Defaults: INSERT, UPDATE and DELETE; types TABLE.inserted and so on; subject TABLE/KEY. With columns, an UPDATE counts only if one of them changed. condition is SQL over OLD and NEW. subject is a column, a template or SQL. With replicated, rows that a subscription applies count too. Returns the name of the first trigger; watching again with the same type replaces the watch';

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
COMMENT ON FUNCTION respond_internal.capture_faults() IS 'what went wrong in capture() since the server started, without failing the writes; from shared memory';

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
