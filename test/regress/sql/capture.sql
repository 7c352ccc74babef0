-- watch(), unwatch() and capture(): changes of tables as events.
CREATE SCHEMA capture_test;
SET search_path = capture_test, public;

-- What was recorded since the last look, in order.
CREATE TABLE seen (id bigint NOT NULL);
INSERT INTO seen SELECT coalesce(max(id), 0) FROM respond.event;
CREATE FUNCTION recorded(OUT type text, OUT subject text, OUT data jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(e.id) INTO last FROM respond.event AS e;
	RETURN QUERY SELECT e.type, e.subject, e.data FROM respond.event AS e, seen AS s
		WHERE e.id > s.id AND e.data ? 'op' ORDER BY e.id;
	UPDATE seen SET id = greatest(id, last);
END
$$;

-- The first screen of the manual
CREATE TABLE payment (id integer PRIMARY KEY, status text NOT NULL, email text, amount numeric(10, 2));
SELECT respond.watch('payment', 'payment.updated');
INSERT INTO payment VALUES (42, 'new', 'ada@example.org', 19.90), (43, 'new', NULL, NULL);
UPDATE payment SET status = 'failed' WHERE id = 42;
UPDATE payment SET status = 'failed', amount = 5;
DELETE FROM payment WHERE id = 43;
SELECT * FROM recorded();
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'payment'::regclass ORDER BY tgname;

-- nothing changed: recorded with changed empty; no row: no event
UPDATE payment SET status = status;
UPDATE payment SET status = 'x' WHERE false;
DELETE FROM payment WHERE false;
INSERT INTO payment SELECT * FROM payment WHERE false;
SELECT * FROM recorded();

-- rollback and savepoints leave nothing
BEGIN;
UPDATE payment SET status = 'lost';
ROLLBACK;
BEGIN;
SAVEPOINT a;
UPDATE payment SET status = 'lost too';
ROLLBACK TO a;
UPDATE payment SET status = 'kept';
COMMIT;
SELECT subject, data->'new'->'status' AS status FROM recorded();

-- INSERT ... ON CONFLICT, MERGE, COPY
INSERT INTO payment VALUES (42, 'conflict', NULL, 1), (44, 'fresh', NULL, 1)
	ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status;
MERGE INTO payment AS p USING (VALUES (42, 'merged'), (45, 'merged')) AS v (id, status) ON p.id = v.id
	WHEN MATCHED THEN UPDATE SET status = v.status
	WHEN NOT MATCHED THEN INSERT (id, status) VALUES (v.id, v.status);
COPY payment (id, status) FROM stdin;
46	copied
\.
SELECT data->>'op' AS op, subject, coalesce(data->'new', data->'old')->>'status' AS status, data->'changed' AS changed FROM recorded();

-- watching again with the same type replaces, with another adds
SELECT respond.watch('payment', 'payment.updated', '{update}');
SELECT respond.watch('payment', 'payment.gone', '{Delete,TRUNCATE}');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'payment'::regclass ORDER BY tgname;
DELETE FROM payment WHERE id > 44;
TRUNCATE payment;
SELECT * FROM recorded();
SELECT respond.unwatch('payment');
SELECT respond.unwatch('payment');
INSERT INTO payment VALUES (42, 'new', 'ada@example.org', 19.90);
SELECT * FROM recorded();

-- types of its own
SELECT respond.watch('payment', operations => '{INSERT,UPDATE,DELETE,TRUNCATE}');
INSERT INTO payment VALUES (1, 'new');
UPDATE payment SET status = 'old' WHERE id = 1;
DELETE FROM payment WHERE id = 1;
TRUNCATE payment;
SELECT type, subject FROM recorded();
SELECT respond.unwatch('payment');

-- columns: the value must really change
SELECT respond.watch('payment', 'payment.status', columns => '{status,amount}');
INSERT INTO payment VALUES (1, 'new', 'a', 1), (2, 'old', 'a', 2);
UPDATE payment SET email = 'b';
UPDATE payment SET status = 'new';
UPDATE payment SET status = 'new', email = 'c', amount = 1.00;
SELECT data->>'op' AS op, subject, data->'changed' AS changed FROM recorded();
-- also through a BEFORE trigger
CREATE FUNCTION raise_amount() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.amount := NEW.amount + 1; RETURN NEW; END $$;
CREATE TRIGGER raise_amount BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION raise_amount();
UPDATE payment SET email = 'd';
SELECT data->>'op' AS op, subject, data->'changed' AS changed FROM recorded();
DROP TRIGGER raise_amount ON payment;
-- a renamed column: rather an event too many than one too few
ALTER TABLE payment RENAME COLUMN amount TO total;
UPDATE payment SET email = 'e' WHERE id = 1;
SELECT data->>'op' AS op, subject, data->'changed' AS changed FROM recorded();
ALTER TABLE payment RENAME COLUMN total TO amount;
SELECT respond.unwatch('payment');

-- conditions over OLD and NEW; alone, a column is that of the row there is
SELECT respond.watch('payment', 'payment.high', condition => 'amount > 100 -- much');
SELECT respond.watch('payment', 'payment.failed', condition => $$NEW.status = 'failed' AND OLD.status IS DISTINCT FROM 'failed'$$);
SELECT tgname, tgqual IS NOT NULL AS conditional, tgtype FROM pg_trigger WHERE tgrelid = 'payment'::regclass ORDER BY tgname;
INSERT INTO payment VALUES (3, 'new', NULL, 200), (4, 'new', NULL, 50);
UPDATE payment SET status = 'failed' WHERE id IN (3, 4);
UPDATE payment SET status = 'failed' WHERE id IN (3, 4);
DELETE FROM payment WHERE id IN (3, 4);
SELECT type, data->>'op' AS op, subject FROM recorded() ORDER BY subject, type, op;
SELECT respond.unwatch('payment');

-- subjects
SELECT respond.watch('payment', 's.column', subject => 'email');
SELECT respond.watch('payment', 's.template', subject => 'payment {{data.op}} {{new.id}} {{old.status}} {{type}}');
SELECT respond.watch('payment', 's.expression', subject => $$NEW.id % 2 || ':' || upper(status)$$);
SELECT respond.watch('payment', 's.constant', subject => $$'payments'$$);
SELECT respond.watch('payment', 's.null', subject => 'CASE WHEN id > 0 THEN NULL END');
INSERT INTO payment VALUES (5, 'new', 'eve@example.org', 1);
UPDATE payment SET status = 'paid' WHERE id = 5;
DELETE FROM payment WHERE id = 5;
SELECT data->>'op' AS op, type, subject FROM recorded() ORDER BY type, op;
SELECT respond.unwatch('payment');

-- keys of several columns, of none, and very long ones
CREATE TABLE line (order_id integer, line_no integer, sku text, PRIMARY KEY (order_id, line_no));
CREATE TABLE note (body text);
CREATE TABLE long_key (id text PRIMARY KEY);
SELECT respond.watch('line'), respond.watch('note'), respond.watch('long_key');
INSERT INTO line VALUES (7, 1, 'a');
INSERT INTO note VALUES ('n');
INSERT INTO long_key VALUES (repeat('é', 1000));
SELECT type, left(subject, 20) AS subject, octet_length(subject) FROM recorded();

-- every kind of type, NULLs, dropped and generated columns
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE point3 AS (x float8, y float8, label text);
CREATE DOMAIN cents AS integer CHECK (VALUE >= 0);
CREATE TABLE every (
	id bigint PRIMARY KEY, gone text, b boolean, i2 smallint, i4 integer, f4 real, f8 double precision, n numeric,
	t text, v varchar(5), c char(4), nm name, d date, tm time, ttz timetz, ts timestamp, tstz timestamptz, iv interval,
	j json, jb jsonb, by bytea, u uuid, ta text[], ia integer[][], m mood, ma mood[], p point3, r int4range, ct cents, ip inet,
	twice bigint GENERATED ALWAYS AS (id * 2) STORED
);
ALTER TABLE every DROP COLUMN gone;
SELECT respond.watch('every');
SET timezone = 'Asia/Tokyo';
INSERT INTO every VALUES (1, true, -2, 3, 0.1, 1e-300, 1e-10, 'text "quoted" \ é', 'v', 'c', 'n', '2024-02-29', '12:00', '12:00+02', '2024-02-29 12:00',
	'2024-02-29 12:00Z', '1 day 2 hours', '{"a": [1, 2]}', '{"b": null}', '\x00ff', '00000000-0000-0000-0000-000000000001',
	'{a,NULL,"b c"}', '{{1,2},{3,4}}', 'bad', '{good}', ROW(1.5, 'NaN', 'l'), '[1,5)', 7, '10.0.0.1/8');
RESET timezone;
SELECT jsonb_pretty(data) FROM recorded();
INSERT INTO every (id, f4, f8, n, d, ts, tstz) VALUES (2, 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity', 'infinity'), (3, 0, -0.0, 'Infinity', '4714-11-24 BC', NULL, NULL);
INSERT INTO every (id, j, jb) VALUES (4, '"\u0000"', '7'), (5, '[]', '"text"'), (6, '3', 'null');
SELECT jsonb_strip_nulls(data->'new') AS new FROM recorded();
-- the same value written again, in other bytes, NULL to value
UPDATE every SET n = 1e-10, f8 = 0 WHERE id = 1;
UPDATE every SET n = NULL, t = '', ia = '{}' WHERE id = 1;
SELECT data->'changed' AS changed FROM recorded();
-- columns come and go
ALTER TABLE every ADD COLUMN later text DEFAULT 'default';
ALTER TABLE every DROP COLUMN t;
UPDATE every SET later = 'set' WHERE id = 1;
SELECT data->'changed' AS changed, data->'old'->'later' AS old, data->'new'->'later' AS new, data->'new' ? 't' AS has_t FROM recorded();

-- names that need quoting, a renamed table, a renamed schema
CREATE TABLE "Odd ""table""" ("Odd ""id""" integer PRIMARY KEY, "select" text);
SELECT respond.watch('"Odd ""table"""', 'odd ''type''', columns => '{select}', subject => 'Odd "id"');
INSERT INTO "Odd ""table""" VALUES (1, 'a');
UPDATE "Odd ""table""" SET "select" = 'b';
ALTER TABLE "Odd ""table""" RENAME TO odd;
UPDATE odd SET "select" = 'c';
ALTER SCHEMA capture_test RENAME TO capture_renamed;
SET search_path = capture_renamed, public;
UPDATE odd SET "select" = 'd';
ALTER SCHEMA capture_renamed RENAME TO capture_test;
SET search_path = capture_test, public;
SELECT type, subject, data FROM recorded();

-- large values: unchanged ones are not compared byte by byte, very large ones are left out
CREATE TABLE document (id integer PRIMARY KEY, body text, title text);
ALTER TABLE document ALTER COLUMN body SET STORAGE EXTERNAL;
SELECT respond.watch('document');
INSERT INTO document VALUES (1, repeat('x', 100000), 'a'), (2, repeat('y', 2000000), 'b');
UPDATE document SET title = 'c';
SELECT data->>'op' AS op, subject, length(data->'new'->>'body') AS body, data->'new'->'title' AS title, data->'changed' AS changed, data->'omitted' AS omitted FROM recorded();

-- partitioned tables, from above and below; a row that moves is deleted and inserted
CREATE TABLE measure (id integer, at date NOT NULL, value float8, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT respond.watch('measure', 'measured');
CREATE TABLE measure_2025 (value float8, at date NOT NULL, id integer NOT NULL);
ALTER TABLE measure ATTACH PARTITION measure_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO measure VALUES (1, '2024-05-05', 1), (2, '2025-05-05', 2);
INSERT INTO measure_2025 (id, at, value) VALUES (3, '2025-06-06', 3);
UPDATE measure SET value = value + 1 WHERE id = 2;
UPDATE measure SET at = '2025-07-07' WHERE id = 1;
DELETE FROM measure_2025 WHERE id = 3;
SELECT data->>'op' AS op, data->>'table' AS "table", subject, data->'changed' AS changed FROM recorded();
SELECT respond.watch('measure_2024', 'one level');
INSERT INTO measure VALUES (4, '2024-05-05', 1);
SELECT type, data->>'table' AS "table" FROM recorded() ORDER BY type;
SELECT respond.unwatch('measure_2024'), respond.unwatch('measure');

-- inheritance: statements on the parent
CREATE TABLE animal (id integer, name text);
CREATE TABLE dog (breed text) INHERITS (animal);
SELECT respond.watch('animal', 'animal');
INSERT INTO dog VALUES (1, 'Rex', 'terrier');
UPDATE animal SET name = 'Max';
SELECT data FROM recorded();

-- cascades
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent ON DELETE CASCADE);
SELECT respond.watch('child');
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (10, 1), (11, 1), (12, 2);
DELETE FROM parent;
SELECT type, subject FROM recorded();

-- bulk
CREATE TABLE bulk (id integer PRIMARY KEY, value integer);
SELECT respond.watch('bulk', 'bulk');
INSERT INTO bulk SELECT n, n FROM generate_series(1, 10000) AS n;
UPDATE bulk SET value = -value;
SELECT data->>'op' AS op, count(*), count(DISTINCT subject), bool_and(subject = 'capture_test.bulk/' || (data->'new'->>'id')) AS subjects,
	sum((data->'new'->>'value')::int) AS new, sum((data->'old'->>'value')::int) AS old,
	bool_and((data->'old'->>'id') = (data->'new'->>'id')) IS NOT FALSE AS paired
FROM recorded() GROUP BY op;

-- hand-written triggers
CREATE TABLE hand (id integer PRIMARY KEY, a text, b text);
CREATE TRIGGER by_row AFTER INSERT OR UPDATE OR DELETE ON hand FOR EACH ROW EXECUTE FUNCTION respond.capture('hand.row', 'subject=a', 'column=b');
CREATE TRIGGER by_statement AFTER UPDATE ON hand FOR EACH STATEMENT EXECUTE FUNCTION respond.capture('hand.statement');
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON hand DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION respond.capture();
BEGIN;
INSERT INTO hand VALUES (1, 'x', 'y');
UPDATE hand SET a = 'z';
UPDATE hand SET b = 'z';
DELETE FROM hand;
COMMIT;
SELECT * FROM recorded();
CREATE TRIGGER early BEFORE INSERT ON hand FOR EACH ROW EXECUTE FUNCTION respond.capture();
INSERT INTO hand VALUES (1, 'x', 'y');
DROP TRIGGER early ON hand;
CREATE TRIGGER odd AFTER INSERT ON hand FOR EACH ROW EXECUTE FUNCTION respond.capture('t', 'columns=a,b');
INSERT INTO hand VALUES (2, 'x', 'y');
DROP TRIGGER odd ON hand;
CREATE TRIGGER odd AFTER INSERT ON hand FOR EACH ROW EXECUTE FUNCTION respond.capture(E'a\nb');
INSERT INTO hand VALUES (3, 'x', 'y');
DROP TRIGGER odd ON hand;
SELECT type, subject, data->'new' AS new FROM recorded() WHERE type NOT LIKE 'hand.row';
SELECT respond.capture();

-- refusals of watch()
SELECT respond.watch(NULL);
SELECT respond.watch('no_such_table');
SELECT respond.watch('pg_class');
SELECT respond.watch('information_schema.sql_features');
SELECT respond.watch('respond.event');
SELECT respond.watch('respond.ticket');
CREATE VIEW payment_view AS SELECT * FROM payment;
SELECT respond.watch('payment_view');
CREATE MATERIALIZED VIEW payment_copy AS SELECT * FROM payment;
SELECT respond.watch('payment_copy');
SELECT respond.watch('payment_pkey');
SELECT respond.watch('payment', '');
SELECT respond.watch('payment', repeat('x', 10000));
SELECT respond.watch('payment', 'p', '{INSERT,UPSERT}');
SELECT respond.watch('payment', 'p', '{}');
SELECT respond.watch('payment', 'p', '{NULL}');
SELECT respond.watch('payment', 'p', columns => '{status,statsu}');
SELECT respond.watch('payment', 'p', '{INSERT}', columns => '{status}');
SELECT respond.watch('payment', 'p', columns => '{}');
SELECT respond.watch('payment', 'p', columns => '{ctid}');
SELECT respond.watch('payment', 'p', condition => 'NEW.amount >');
SELECT respond.watch('payment', 'p', condition => 'true) EXECUTE FUNCTION respond.capture(); DROP TABLE payment; --');
SELECT respond.watch('payment', 'p', condition => 'true ORDER BY 1');
SELECT respond.watch('payment', 'p', condition => 'NEW.amount');
SELECT respond.watch('payment', 'p', condition => 'NEW.no_such_column > 1');
SELECT respond.watch('payment', 'p', condition => 'amount > (SELECT 1)');
SELECT respond.watch('payment', 'p', '{INSERT}', condition => 'OLD.amount > 1');
SELECT respond.watch('payment', 'p', subject => 'no_such_column');
SELECT respond.watch('payment', 'p', subject => '{{#open}}');
SELECT respond.watch('payment', 'p', subject => 'NEW.no_such_column || ''x''');
SELECT respond.watch('payment', 'p', subject => 'recorded()::text');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'payment'::regclass;

-- long names of types become different names of triggers
SELECT respond.watch('payment', repeat('x', 100) || 'a'), respond.watch('payment', repeat('x', 100) || 'b');
SELECT respond.unwatch('payment');

-- rights: to watch takes the right to record events and to create the trigger; to change the table takes neither
CREATE ROLE capture_test_owner IN ROLE respond_producer;
CREATE ROLE capture_test_writer;
CREATE ROLE capture_test_stranger IN ROLE respond_producer;
GRANT USAGE, CREATE ON SCHEMA capture_test TO capture_test_owner;
GRANT USAGE ON SCHEMA capture_test TO capture_test_writer, capture_test_stranger;
SET ROLE capture_test_owner;
CREATE TABLE owned (id integer PRIMARY KEY, value text);
GRANT INSERT ON owned TO capture_test_writer;
SELECT respond.watch('owned', 'owned', subject => $$'o' || id$$);
SET ROLE capture_test_writer;
INSERT INTO owned VALUES (1, 'by writer');
SELECT respond.watch('owned');
SET ROLE capture_test_stranger;
SELECT respond.watch('owned', 'stranger');
SELECT respond.unwatch('owned');
RESET ROLE;
SELECT actor, type, subject, e.data FROM respond.event AS e WHERE type = 'owned';
SELECT count(*) FROM recorded();

SET client_min_messages = warning;
DROP SCHEMA capture_test CASCADE;
DROP ROLE capture_test_owner, capture_test_writer, capture_test_stranger;
