-- 42_timer.sql: what is to be done at a time.

CREATE SEQUENCE respond_internal.timer_id_seq;
COMMENT ON SEQUENCE respond_internal.timer_id_seq IS 'numbers of timers';

-- The key is the order in which they are read; what came from elsewhere is behind
-- another mark, where nobody reads it.
CREATE TABLE respond_internal.timer (
	id bigint NOT NULL DEFAULT nextval('respond_internal.timer_id_seq'),
	due_at timestamptz NOT NULL CHECK (isfinite(due_at)),
	reader smallint NOT NULL CHECK (reader IN (0, 1)),
	kind text NOT NULL,
	run_id bigint,
	run_started_at timestamptz,
	name text,
	data jsonb,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	PRIMARY KEY (incarnation, reader, due_at, id)
);
CREATE INDEX timer_again_idx ON respond_internal.timer (run_id) WHERE kind = 'again';
COMMENT ON TABLE respond_internal.timer IS 'what is to be done at a time; a row is deleted when that was done, or when it is not wanted any more';
COMMENT ON COLUMN respond_internal.timer.due_at IS 'when, by the time of pg_respond';
COMMENT ON COLUMN respond_internal.timer.reader IS 'who does it: 0 the first dispatcher, 1 the clock';
COMMENT ON COLUMN respond_internal.timer.kind IS 'what is to be done';
COMMENT ON COLUMN respond_internal.timer.run_id IS 'run that waits for it';
COMMENT ON COLUMN respond_internal.timer.run_started_at IS 'when that run started; finds its partition';
COMMENT ON COLUMN respond_internal.timer.name IS 'what it is about, for example a step or a schedule';
COMMENT ON COLUMN respond_internal.timer.data IS 'what more the reader has to know';
COMMENT ON COLUMN respond_internal.timer.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON INDEX respond_internal.timer_again_idx IS 'finds what runs could not be told yet';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.timer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.timer ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.timer IS 'pauses the workers when a row comes from elsewhere';

CREATE FUNCTION respond_internal.timers_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_timers_changed';
COMMENT ON FUNCTION respond_internal.timers_changed() IS 'trigger: makes workers look at all timers after the commit';
CREATE TRIGGER timers_changed AFTER INSERT OR UPDATE ON respond_internal.timer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.timers_changed();
ALTER TABLE respond_internal.timer ENABLE ALWAYS TRIGGER timers_changed;
COMMENT ON TRIGGER timers_changed ON respond_internal.timer IS 'makes workers look at all timers';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.timer', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.timer_id_seq', '');

-- Not dumped: where a dump is restored, it may be earlier.
CREATE TABLE respond_internal.time_seen (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	seen_at timestamptz NOT NULL,
	flow_passed timestamptz NOT NULL,
	clock_passed timestamptz NOT NULL
);
COMMENT ON TABLE respond_internal.time_seen IS 'one row about time, written once a minute while timers wait';
COMMENT ON COLUMN respond_internal.time_seen.seen_at IS 'the latest time that was seen; while it is earlier than that, timers wait';
COMMENT ON COLUMN respond_internal.time_seen.flow_passed IS 'up to where the first dispatcher found no timer that waits';
COMMENT ON COLUMN respond_internal.time_seen.clock_passed IS 'the same of the clock';

CREATE FUNCTION respond_internal.time_status(OUT now timestamptz, OUT seen timestamptz, OUT ahead_ms double precision)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_time_status';
COMMENT ON FUNCTION respond_internal.time_status() IS 'the time of pg_respond, the latest one that was seen, and how far it is ahead of the server''s';

CREATE FUNCTION respond_internal.accept_time() RETURNS timestamptz
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_accept_time';
COMMENT ON FUNCTION respond_internal.accept_time() IS 'makes timers go by the time that it is, whatever was seen before; returns what was';
