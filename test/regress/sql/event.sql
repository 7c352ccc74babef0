-- The event log: defaults, refusals, keys, privileges, CloudEvents.
CREATE ROLE event_test_producer IN ROLE respond_producer;
CREATE ROLE event_test_nobody;

-- defaults
BEGIN;
INSERT INTO respond.event (type) VALUES ('test.default');
SELECT type, source, subject, data, key, cause, depth, actor = current_user AS own,
	time = now() AS happened_now, recorded_at = now() AS recorded_now, xid = pg_current_xact_id() AS own_xid
FROM respond.event WHERE type = 'test.default';
COMMIT;

-- the xid is that of the top-level transaction, in a savepoint too
BEGIN;
SAVEPOINT a;
INSERT INTO respond.event (type) VALUES ('test.savepoint');
ROLLBACK TO a;
SAVEPOINT b;
INSERT INTO respond.event (type, subject) VALUES ('test.savepoint', 'kept');
RELEASE b;
SELECT subject, xid = pg_current_xact_id() AS own_xid FROM respond.event WHERE type = 'test.savepoint';
COMMIT;

-- a transaction that was rolled back leaves nothing
BEGIN;
INSERT INTO respond.event (type) VALUES ('test.rollback');
ROLLBACK;
SELECT count(*) FROM respond.event WHERE type = 'test.rollback';

-- many rows at once, and COPY
INSERT INTO respond.event (type, data) SELECT 'test.many', jsonb_build_object('n', n) FROM generate_series(1, 1000) AS n;
COPY respond.event (type, subject, data) FROM stdin;
test.many	s	{"n": 1001}
test.many	s	{"n": 1002}
\.
SELECT count(*), count(DISTINCT id), count(DISTINCT xid), sum((data->>'n')::int) FROM respond.event WHERE type = 'test.many';

-- what is no event
\set VERBOSITY sqlstate
INSERT INTO respond.event (type) VALUES (NULL);
\set VERBOSITY default
INSERT INTO respond.event (type) VALUES ('');
INSERT INTO respond.event (type) VALUES (repeat('x', 255)), (repeat('x', 256));
INSERT INTO respond.event (type) VALUES (repeat('x', 10000));
INSERT INTO respond.event (type) VALUES (E'two\nlines');
INSERT INTO respond.event (type, source) VALUES ('test.bad', '');
INSERT INTO respond.event (type, source) VALUES ('test.bad', E'a\tb');
INSERT INTO respond.event (type, source) VALUES ('test.bad', repeat('s', 1025));
INSERT INTO respond.event (type, subject) VALUES ('test.bad', repeat('s', 1025));
INSERT INTO respond.event (type, key) VALUES ('test.bad', '');
INSERT INTO respond.event (type, key) VALUES ('test.bad', repeat('k', 10000));
INSERT INTO respond.event (type, data) VALUES ('test.bad', '[]');
INSERT INTO respond.event (type, data) VALUES ('test.bad', '"text"');
INSERT INTO respond.event (type, data) VALUES ('test.bad', '1');
INSERT INTO respond.event (type, data) VALUES ('test.bad', 'true');
INSERT INTO respond.event (type, data) VALUES ('test.bad', 'null');
\set VERBOSITY sqlstate
INSERT INTO respond.event (type, data) VALUES ('test.bad', NULL);
\set VERBOSITY default
INSERT INTO respond.event (type, id) VALUES ('test.bad', 1);
COPY respond.event (type, data) FROM stdin;
test.bad	[1]
\.
SELECT count(*) FROM respond.event WHERE type IN ('test.bad', '');

-- a large object, a deep one and a number that only numeric can hold are recorded
INSERT INTO respond.event (type, data) VALUES
	('test.large', jsonb_build_object('text', repeat('0123456789', 1000000))),
	('test.large', (repeat('{"a":', 6000) || '1' || repeat('}', 6000))::jsonb),
	('test.large', '{"n": 1e131071}');
SELECT count(*), max(length(data->>'text')) FROM respond.event WHERE type = 'test.large';

-- keys: the second is not stored; another source has keys of its own
INSERT INTO respond.event (type, source, key, data) VALUES ('test.key', '/a', '1', '{"n": 1}') RETURNING type, data;
INSERT INTO respond.event (type, source, key, data) VALUES ('test.key', '/a', '1', '{"n": 2}') RETURNING type, data;
INSERT INTO respond.event (type, source, key, data) VALUES
	('test.key', '/b', '1', '{"n": 3}'), ('test.key', '/b', '1', '{"n": 4}'), ('test.key', '/b', NULL, '{"n": 5}');
COPY respond.event (type, source, key, data) FROM stdin;
test.key	/a	1	{"n": 6}
test.key	/a	2	{"n": 7}
\.
SELECT source, key, data FROM respond.event WHERE type = 'test.key' ORDER BY data->'n';

-- a key whose transaction was rolled back is free again
BEGIN;
INSERT INTO respond.event (type, source, key) VALUES ('test.key', '/rolled back', '1');
ROLLBACK;
INSERT INTO respond.event (type, source, key) VALUES ('test.key', '/rolled back', '1');
SELECT count(*) FROM respond.event WHERE source = '/rolled back';

-- a row that comes back from a dump keeps its key
BEGIN;
CREATE TEMP TABLE dump AS SELECT * FROM respond.event WHERE source = '/rolled back';
ALTER TABLE respond.event DISABLE TRIGGER event_guard_row;
DELETE FROM respond.event WHERE source = '/rolled back';
INSERT INTO respond.event OVERRIDING SYSTEM VALUE SELECT * FROM dump;
SELECT count(*) FROM respond.event WHERE source = '/rolled back';
ROLLBACK;

-- whatever the session's role in replication is, in partitions of any age
SET session_replication_role = replica;
INSERT INTO respond.event (type, source, key) VALUES ('test.replica', '/replica', '1'), ('test.replica', '/replica', '1');
RESET session_replication_role;
SELECT type, key, xid IS NOT NULL AS has_xid FROM respond.event WHERE type = 'test.replica';
SELECT DISTINCT t.tgenabled FROM pg_trigger AS t, pg_partition_tree('respond.event') AS p WHERE t.tgrelid = p.relid AND t.tgname = 'event_row';

-- producers write six columns and read none
SET ROLE event_test_producer;
INSERT INTO respond.event (type, source, subject, time, data, key)
VALUES ('test.producer', '/p', 's', '2020-01-01 00:00Z', '{}', 'k');
INSERT INTO respond.event (type, source, key) VALUES ('test.producer', '/p', 'k');
INSERT INTO respond.event (type, xid) VALUES ('test.producer', '3');
INSERT INTO respond.event (type, actor) VALUES ('test.producer', 'somebody');
INSERT INTO respond.event (type, depth) VALUES ('test.producer', -1);
INSERT INTO respond.event (type, cause) VALUES ('test.producer', 1);
INSERT INTO respond.event (type, recorded_at) VALUES ('test.producer', '1970-01-01');
SELECT count(*) FROM respond.event;
UPDATE respond.event SET type = 'x';
DELETE FROM respond.event;
TRUNCATE respond.event;
SELECT * FROM respond.cloud_event;
SELECT * FROM respond_internal.event_key;
RESET ROLE;
SET ROLE event_test_nobody;
INSERT INTO respond.event (type) VALUES ('test.nobody');
RESET ROLE;
SELECT actor, count(*) FROM respond.event WHERE type = 'test.producer' GROUP BY actor;

-- read-only transactions say so
BEGIN READ ONLY;
SELECT respond_internal.event_xid();
ROLLBACK;

-- CloudEvents
INSERT INTO respond.event (type, source, subject, time, data, key)
VALUES ('test.cloud', '/shop', 'order/1', '2024-02-29 12:30:00.25+02', '{"total": 1.50, "note": null}', 'o1');
SELECT cloud_event - 'id' - 'actor' - 'recordedat' AS cloud_event, cloud_event->>'id' ~ ('^' || id || '-[0-9a-f]+$') AS own_id,
	(cloud_event->>'recordedat')::timestamptz = recorded_at AS own_time
FROM respond.cloud_event WHERE cloud_event->>'type' = 'test.cloud';
INSERT INTO respond.event (type, subject, time) VALUES ('test.cloud.never', '', 'infinity');
SELECT cloud_event ? 'time' AS time, cloud_event ? 'subject' AS subject
FROM respond.cloud_event WHERE cloud_event->>'type' = 'test.cloud.never';

DROP ROLE event_test_producer, event_test_nobody;
