-- health() turns ok again when its remedy is followed, and one broken check does not hide the others.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.health(name text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN ok THEN 'ok' ELSE message || ' -> ' || remedy END FROM respond.health() WHERE "check" = name
$$;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true);
	RETURN QUERY EXECUTE 'EXPLAIN ' || query;
END
$$;
SELECT is_empty($$ SELECT * FROM respond.health() WHERE ok AND remedy IS NOT NULL OR NOT ok AND remedy IS NULL OR message IS NULL $$, 'what is wrong has a remedy, what is ok has none');

-- A dead event: acknowledged, replayed, and dead once more.
INSERT INTO respond.event (type) VALUES ('health.test');
INSERT INTO respond_internal.dead_event (event_id, event_type, reason) SELECT id, type, 'test' FROM respond.event WHERE type = 'health.test';
CREATE TEMP TABLE dead AS SELECT id FROM respond.event WHERE type = 'health.test';
SELECT matches(pg_temp.health('dead letters'), '^events given up in the last day: 1, .*respond\.replay\(event_id\).*respond\.acknowledge\(', 'a dead event is told of, with both remedies');
SELECT ok((SELECT respond.acknowledge('event', id) FROM dead), 'it is acknowledged');
SELECT is(pg_temp.health('dead letters'), 'ok', 'which makes health() ok');
SELECT ok(NOT (SELECT respond.acknowledge('event', id) FROM dead), 'a second time says that it was');
SELECT ok((SELECT acknowledged_at IS NOT NULL AND acknowledged_by = session_user FROM respond.dead_letter WHERE kind = 'event' AND id = (SELECT id FROM dead)), 'the view says when and who');
SELECT is((SELECT count(*) FROM respond.audit_log WHERE action = 'dead_letter.acknowledged' AND object_type = 'event'), 1::bigint, 'and the audit log');
INSERT INTO respond_internal.dead_event (event_id, event_type, reason, at) SELECT id, 'health.test', 'again', clock_timestamp() FROM dead;
SELECT isnt(pg_temp.health('dead letters'), 'ok', 'one that is given up once more counts again');
SELECT is((SELECT count(*) FROM respond.dead_letter WHERE kind = 'event' AND acknowledged_at IS NULL), 1::bigint, 'the view tells the two apart');
SELECT is((SELECT respond.replay(id) FROM dead), 1::bigint, 'replay() is the other remedy');
SELECT is(pg_temp.health('dead letters'), 'ok', 'which makes health() ok too');
INSERT INTO respond_internal.dead_event (event_id, event_type, reason, at) SELECT id, 'health.test', 'third', clock_timestamp() FROM dead;
SELECT is(respond.replay(now(), now() + '1 second'), (SELECT count(*) FROM respond.event WHERE recorded_at = now()), 'so does a replay of a time');
SELECT is(pg_temp.health('dead letters'), 'ok', 'which makes health() ok as well');

-- A dead delivery.
INSERT INTO respond.delivery (id, channel, status, finished_at) VALUES (-1, 'health', 'dead', clock_timestamp());
SELECT matches(pg_temp.health('deliveries'), '^deliveries given up in the last day: 1, .*respond\.retry_channel\(name\).*respond\.acknowledge\(', 'a dead delivery is told of');
SELECT ok(respond.acknowledge('delivery', -1), 'it is acknowledged');
SELECT is(pg_temp.health('deliveries'), 'ok', 'which makes health() ok');
INSERT INTO respond.delivery (id, channel, status, finished_at) VALUES (-2, 'health', 'dead', clock_timestamp());
SELECT lives_ok('SELECT respond.discard(-2)', 'or discarded');
SELECT is(pg_temp.health('deliveries'), 'ok', 'which makes health() ok too');

-- A failed run.
INSERT INTO respond.run (id, rule, rule_version, status, error) VALUES (-1, 'health', 1, 'failed', 'test');
SELECT ok(respond.acknowledge('run', -1), 'a failed run is acknowledged');
SELECT isnt((SELECT acknowledged_at FROM respond.dead_letter WHERE kind = 'run' AND id = -1), NULL, 'the view says so');

-- The type of the event is there for all kinds.
INSERT INTO respond.run (id, rule, rule_version, status, error, event_id) SELECT -2, 'health', 1, 'failed', 'test', id FROM dead;
INSERT INTO respond.delivery (id, channel, status, finished_at, event_id) SELECT -3, 'health', 'dead', clock_timestamp(), id FROM dead;
SELECT is((SELECT string_agg(kind || ' ' || event_type, ', ' ORDER BY kind) FROM respond.dead_letter WHERE id IN (-2, -3)), 'delivery health.test, run health.test', 'runs and deliveries name the type of their event');
SELECT is((SELECT event_type FROM respond.dead_letter WHERE kind = 'run' AND id = -1), NULL, 'unless they have none');
SELECT alike((SELECT string_agg(line, E'\n') FROM pg_temp.plan('SELECT event_type FROM respond.dead_letter') AS p (line)), '%Index%Scan using event%id_idx on event%', 'through the index');
SELECT ok(respond.acknowledge('delivery', -3), 'and the delivery is done with');

-- What cannot be acknowledged.
SELECT throws_ok($$ SELECT respond.acknowledge('event', -3) $$, 'P0002', 'event -3 is not a dead letter', 'an event that was not given up');
SELECT throws_ok($$ SELECT respond.acknowledge('delivery', -2) $$, 'P0002', 'delivery -2 is not a dead letter', 'a delivery that was discarded');
SELECT throws_ok($$ SELECT respond.acknowledge('ticket', 1) $$, '22023', 'there is no kind of dead letter "ticket"', 'another kind');

-- Objects that somebody renamed.
ALTER TABLE respond_internal.dead_event RENAME TO elsewhere;
SELECT matches(pg_temp.health('dead letters'), '^this check could not be made: relation "respond_internal.dead_event" does not exist -> ', 'a check that cannot be made says why');
SELECT is(pg_temp.health('deliveries'), 'ok', 'and the ones after it are made');
-- Workers that ended: once is told in other words than again and again.
CREATE FUNCTION pg_temp.failures(number integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	definition CONSTANT text := rtrim(pg_get_viewdef('respond.worker'::regclass), ';');
	columns CONSTANT text := (SELECT string_agg(CASE a.attname
			WHEN 'state' THEN format('%L::%s AS state', 'failed', format_type(a.atttypid, a.atttypmod))
			WHEN 'failures' THEN format('%s::%s AS failures', number, format_type(a.atttypid, a.atttypmod))
			WHEN 'restart_at' THEN $q$'2001-02-03 04:05:06+00'::timestamptz AS restart_at$q$ ELSE 'w.' || quote_ident(a.attname) END, ', ' ORDER BY a.attnum)
		FROM pg_attribute AS a WHERE a.attrelid = 'respond.worker'::regclass AND a.attnum > 0);
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW respond.worker AS SELECT %s FROM (%s) AS w', columns, definition);
END
$$;
SELECT pg_temp.failures(0);
SELECT matches(pg_temp.health('workers'), '^not running: clock, .*; the \w+ ended and will be restarted at 2001-02-0', 'a worker that somebody terminated has not failed');
SELECT pg_temp.failures(7);
SELECT matches(pg_temp.health('workers'), '^not running: clock, .*; the \w+ failed 7 times in a row and will be restarted at 2001-02-0', 'one that keeps ending has');

SELECT * FROM finish();
ROLLBACK;
