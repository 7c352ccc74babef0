-- emit(): an event by function call.
CREATE ROLE emit_test_producer IN ROLE respond_producer;
CREATE ROLE emit_test_columns;
CREATE ROLE emit_test_nobody;
GRANT USAGE ON SCHEMA respond TO emit_test_columns, emit_test_nobody;
GRANT INSERT (type, data) ON respond.event TO emit_test_columns;
GRANT EXECUTE ON FUNCTION respond.emit TO emit_test_columns, emit_test_nobody;

BEGIN;
SELECT respond.emit('emit.plain') AS id \gset
SELECT type, source, subject, data, key, cause, depth, time = now() AS happened_now, xid = pg_current_xact_id() AS own_xid
FROM respond.event WHERE id = :id;
COMMIT;
SELECT respond.emit('emit.full', '{"n": 1}', 'order/1', '/shop', 'k1', '2020-01-01 00:00Z') AS id \gset
SELECT type, source, subject, data, key, time AT TIME ZONE 'UTC' AS time FROM respond.event WHERE id = :id;
SELECT respond.emit(type => 'emit.named', "time" => '2020-01-01 00:00Z', subject => 's') AS id \gset
SELECT type, source, subject, data, key, time AT TIME ZONE 'UTC' AS time FROM respond.event WHERE id = :id;
SELECT respond.emit('emit.nulls', NULL, NULL, NULL, NULL, NULL) AS id \gset
SELECT type, source, subject, data, key FROM respond.event WHERE id = :id;

-- a known key returns the event that has it
SELECT respond.emit('emit.key', '{"n": 1}', key => 'same') AS first \gset
SELECT respond.emit('emit.key', '{"n": 2}', key => 'same') = :first AS same;
SELECT respond.emit('emit.key', '{"n": 3}', key => 'same', source => '/other') = :first AS same;
SELECT source, data FROM respond.event WHERE type = 'emit.key' ORDER BY id;
-- of INSERT and emit, whoever comes first
INSERT INTO respond.event (type, source, key) VALUES ('emit.mixed', '/m', '1');
SELECT respond.emit('emit.mixed', source => '/m', key => '1') = (SELECT id FROM respond.event WHERE type = 'emit.mixed') AS same;
SELECT count(*) FROM respond.event WHERE type = 'emit.mixed';

-- many in one statement, in order
SELECT count(respond.emit('emit.many', jsonb_build_object('n', n))) FROM generate_series(1, 2000) AS n;
SELECT count(*), count(DISTINCT id), bool_and(ordered) FROM (
	SELECT id, (data->>'n')::int > lag((data->>'n')::int, 1, 0) OVER (ORDER BY id) AS ordered
	FROM respond.event WHERE type = 'emit.many') AS e;

-- refusals
SELECT respond.emit(NULL);
SELECT respond.emit('');
SELECT respond.emit(repeat('x', 10000));
SELECT respond.emit(E'a\x01b');
SELECT respond.emit('emit.bad', '[1, 2]');
SELECT respond.emit('emit.bad', '"a"');
SELECT respond.emit('emit.bad', '{}', repeat('s', 1025));
SELECT respond.emit('emit.bad', source => '');
SELECT respond.emit('emit.bad', key => '');
SELECT respond.emit('emit.bad', key => repeat('k', 1025));
SELECT respond.emit();
BEGIN READ ONLY;
SELECT respond.emit('emit.bad');
ROLLBACK;
SELECT count(*) FROM respond.event WHERE type = 'emit.bad';

-- rights are those of an INSERT, whoever may call the function
SET ROLE emit_test_producer;
SELECT respond.emit('emit.role', '{}', 's', '/r', 'k', now()) > 0 AS recorded;
SET ROLE emit_test_columns;
SELECT respond.emit('emit.role', '{}') > 0 AS recorded;
SELECT respond.emit('emit.role', '{}', 's');
SET ROLE emit_test_nobody;
SELECT respond.emit('emit.role');
RESET ROLE;
SELECT actor FROM respond.event WHERE type = 'emit.role' ORDER BY id;

-- a function of the owner acts for its caller
GRANT CREATE ON SCHEMA public TO emit_test_producer;
SET ROLE emit_test_producer;
CREATE FUNCTION public.emit_for_all() RETURNS boolean LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT respond.emit('emit.definer') > 0 $$;
SET ROLE emit_test_nobody;
SELECT public.emit_for_all();
RESET ROLE;
SELECT actor FROM respond.event WHERE type = 'emit.definer';

DROP FUNCTION public.emit_for_all();
REVOKE CREATE ON SCHEMA public FROM emit_test_producer;
REVOKE EXECUTE ON FUNCTION respond.emit FROM emit_test_columns, emit_test_nobody;
REVOKE USAGE ON SCHEMA respond FROM emit_test_columns, emit_test_nobody;
REVOKE INSERT (type, data) ON respond.event FROM emit_test_columns;
DROP ROLE emit_test_producer, emit_test_columns, emit_test_nobody;
