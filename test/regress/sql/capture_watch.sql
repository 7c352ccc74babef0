-- Watches that do not fit their table any more, subjects and conditions that fail, the list of watches.
CREATE SCHEMA watch_test;
SET search_path = watch_test, public;
CREATE TABLE seen (id bigint NOT NULL);
INSERT INTO seen SELECT coalesce(max(id), 0) FROM respond.event;
CREATE FUNCTION recorded(OUT type text, OUT subject text, OUT data jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(e.id) INTO last FROM respond.event AS e;
	RETURN QUERY SELECT e.type, e.subject, e.data FROM respond.event AS e, watch_test.seen AS s
		WHERE e.id > s.id AND e.data ? 'op' ORDER BY e.id;
	UPDATE watch_test.seen SET id = greatest(id, last);
END
$$;
CREATE VIEW watches AS SELECT * FROM respond.watched WHERE "table"::text !~ '\.' ORDER BY "table"::text, type;
CREATE VIEW health AS SELECT ok, message FROM respond.health() WHERE "check" = 'watches';

-- a subject in SQL whose column is renamed, retyped, dropped: the key, one warning, health() says so
CREATE TABLE item (id integer PRIMARY KEY, code integer, label text);
SELECT respond.watch('item', 'item', subject => $$'code/' || (NEW.code + 1)$$);
INSERT INTO item VALUES (1, 10, 'a');
ALTER TABLE item RENAME COLUMN code TO number;
INSERT INTO item VALUES (2, 20, 'b');
UPDATE item SET label = 'c';
DELETE FROM item WHERE id = 2;
SELECT data->>'op' AS op, subject FROM recorded();
SELECT type, problem FROM watches;
SELECT * FROM health;
SELECT regexp_replace(remedy, '[0-9]+', 'N') AS remedy FROM respond.health() WHERE "check" = 'watches';
ALTER TABLE item RENAME COLUMN number TO code;
SELECT * FROM health;
INSERT INTO item VALUES (3, 30, 'd');
ALTER TABLE item ALTER COLUMN code TYPE text;
INSERT INTO item VALUES (4, '40', 'e');
SELECT problem IS NOT NULL AS has_problem FROM watches;
ALTER TABLE item DROP COLUMN code;
INSERT INTO item VALUES (5, 'f');
SELECT data->>'op' AS op, subject FROM recorded();
SELECT problem IS NOT NULL AS has_problem FROM watches;
-- the remedy
SELECT respond.watch('item', 'item', subject => $$'label/' || label$$);
INSERT INTO item VALUES (6, 'g');
SELECT subject FROM recorded();
SELECT * FROM health;
SELECT respond.unwatch('item');

-- a subject that is a column, and columns that are watched
SELECT respond.watch('item', 'by label', subject => 'label'), respond.watch('item', 'of label', '{UPDATE}', columns => '{label}');
ALTER TABLE item RENAME COLUMN label TO name;
UPDATE item SET name = 'h' WHERE id = 6;
SELECT type, subject FROM recorded() ORDER BY type;
SELECT type, problem FROM watches;
SELECT respond.unwatch('item', 'by label');
SELECT respond.unwatch('item', 'of label');
SELECT respond.unwatch('item', 'of label');
SELECT * FROM health;

-- a subject that raises for some rows, and one whose function is gone and comes back
CREATE FUNCTION half(integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'half/' || 100 / $1; END $$;
SELECT respond.watch('item', 'raises', subject => 'watch_test.half(id)');
INSERT INTO item VALUES (0, 'zero'), (50, 'fifty');
INSERT INTO item VALUES (-1, 'x');
DELETE FROM item WHERE id = 0;
SELECT data->>'op' AS op, subject FROM recorded();
SELECT problem FROM watches;
SELECT respond.acknowledge('watch', 'item'::regclass::oid::bigint);
SELECT * FROM health;
DROP FUNCTION half(integer);
INSERT INTO item VALUES (51, 'x'), (52, 'y');
INSERT INTO item VALUES (53, 'x');
CREATE FUNCTION half(integer) RETURNS text LANGUAGE sql AS $$ SELECT 'new/' || $1 $$;
INSERT INTO item VALUES (54, 'x');
INSERT INTO item VALUES (55, 'x');
SELECT subject FROM recorded();
SELECT respond.unwatch('item');

-- a template that asks for too much
CREATE TABLE page (id integer PRIMARY KEY, body text);
SELECT respond.watch('page', 'page', subject => '{{#data}}{{#new}}{{body}}{{body}}{{body}}{{/new}}{{/data}}');
INSERT INTO page VALUES (1, repeat('x', 1000000)), (2, 'y');
SELECT octet_length(subject) AS octets, left(subject, 17) AS subject FROM recorded();
SELECT respond.unwatch('page');

-- a template whose column is renamed
SELECT respond.watch('page', 'page', subject => 'page/{{new.nope}}');
SELECT respond.watch('page', 'page', subject => 'page/{{data.old.nope}}');
SELECT respond.watch('page', 'page', subject => 'page/{{new.body}}/{{#new}}{{nope}}{{/new}}');
INSERT INTO page VALUES (3, 'z');
ALTER TABLE page RENAME COLUMN body TO content;
INSERT INTO page VALUES (4, 'z');
SELECT subject FROM recorded();
SELECT problem FROM watches WHERE "table" = 'page'::regclass;
SELECT respond.unwatch('page');

-- a condition that raises is true, with a mark
CREATE TABLE collated (id integer PRIMARY KEY, a text COLLATE "C", b text COLLATE "POSIX");
SELECT respond.watch('collated', 'collated', condition => 'NEW.a = NEW.b');
INSERT INTO collated VALUES (1, 'a', 'b');
SELECT data->'condition_failed' AS failed FROM recorded();
SELECT respond.unwatch('collated');
CREATE TABLE ratio (id integer PRIMARY KEY, a numeric, b numeric, at timestamptz);
SELECT respond.watch('ratio', 'high', condition => 'a / b > 2');
SELECT respond.watch('ratio', 'either', condition => $$a / b > 2 OR at::text LIKE '2024%'$$);
SELECT respond.watch('ratio', 'cheap', condition => 'a > 100 AND NEW.id <> 5');
SELECT type, operations, condition FROM watches;
INSERT INTO ratio VALUES (1, 5, 2), (2, 1, 2), (3, 1, 0), (4, 500, 100), (5, NULL, 1);
UPDATE ratio SET a = a + 0 WHERE id IN (1, 2, 3);
DELETE FROM ratio WHERE id IN (1, 2);
SELECT data->>'op' AS op, type, subject, data->'condition_failed' AS failed FROM recorded() ORDER BY type, subject, op;
SELECT type, problem FROM watches;
-- the server follows renamed columns, and keeps those that are named
ALTER TABLE ratio RENAME COLUMN b TO divisor;
INSERT INTO ratio VALUES (6, 5, 2), (7, 1, 2);
SELECT type, subject FROM recorded();
SELECT type, condition FROM watches;
ALTER TABLE ratio DROP COLUMN divisor;
SELECT respond.unwatch('ratio');
-- and its settings are those of everybody
SELECT respond.watch('ratio', 'shown', condition => $$NEW.at::text LIKE '2024-01-01 12:%'$$);
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
INSERT INTO ratio VALUES (8, 5, 2, '2024-01-01 12:00+00'), (9, 5, 2, '2024-01-01 03:00+00');
RESET TimeZone;
RESET DateStyle;
SELECT subject FROM recorded();
SELECT respond.unwatch('ratio');

-- types and subjects tell schemas apart, and stay when things are renamed
CREATE SCHEMA watch_test_2;
CREATE TABLE public.watch_orders (id integer PRIMARY KEY, note text);
CREATE TABLE watch_orders (id integer PRIMARY KEY, note text);
CREATE TABLE watch_test_2.watch_orders (id integer PRIMARY KEY, note text);
CREATE TABLE public."watch_test.watch_orders" (id integer PRIMARY KEY);
SELECT respond.watch('public.watch_orders'), respond.watch('watch_orders'), respond.watch('watch_test_2.watch_orders'),
	respond.watch('public."watch_test.watch_orders"');
INSERT INTO public.watch_orders VALUES (1);
INSERT INTO watch_test.watch_orders VALUES (1);
INSERT INTO watch_test_2.watch_orders VALUES (1);
INSERT INTO public."watch_test.watch_orders" VALUES (1);
SELECT type, subject FROM recorded();
ALTER TABLE watch_test_2.watch_orders RENAME TO purchase;
ALTER SCHEMA watch_test_2 RENAME TO watch_test_3;
ALTER TABLE watch_test_3.purchase RENAME COLUMN id TO number;
UPDATE watch_test_3.purchase SET note = 'x';
SELECT type, subject, data->>'table' AS "table" FROM recorded();
SELECT "table", type FROM respond.watched WHERE type LIKE '%watch\_orders%' ORDER BY type;
SELECT respond.unwatch('watch_test_3.purchase', 'watch_test_2.watch_orders.*');
SELECT respond.unwatch('watch_orders', ''), respond.unwatch('public.watch_orders', 'watch_orders.*');
SET client_min_messages = warning;
DROP TABLE public.watch_orders, public."watch_test.watch_orders";
DROP SCHEMA watch_test_3 CASCADE;
RESET client_min_messages;

-- the list
CREATE TABLE listed (id integer PRIMARY KEY, a text, b text);
SELECT respond.watch('listed'), respond.watch('listed', 'typed', '{UPDATE,TRUNCATE}', '{a,b}', subject => 'a'), respond.watch('listed', 'far', replicated => true);
CREATE TRIGGER by_hand AFTER INSERT OR DELETE ON listed FOR EACH ROW EXECUTE FUNCTION respond.capture('hand', 'subject=b');
ALTER TABLE listed DISABLE TRIGGER respond_watch_typed;
SELECT * FROM watches WHERE "table" = 'listed'::regclass;
SELECT message, remedy FROM respond.health() WHERE "check" = 'watches';
ALTER TABLE listed ENABLE TRIGGER respond_watch_typed;
SELECT * FROM health;
-- one made by hand, which unwatch() leaves alone
CREATE TRIGGER by_hand_too AFTER INSERT ON listed FOR EACH ROW EXECUTE FUNCTION respond.capture('hand too', 'nonsense');
SELECT message, regexp_replace(remedy, '[0-9]+', 'N') AS remedy FROM respond.health() WHERE "check" = 'watches';
DROP TRIGGER by_hand_too ON listed;
SELECT * FROM health;
SELECT tgname, tgenabled, tgtype & 1 AS for_each_row FROM pg_trigger WHERE tgrelid = 'listed'::regclass ORDER BY tgname;
SELECT respond.unwatch('listed', 'typed'), respond.unwatch('listed', 'watch_test.listed.*');
SELECT type FROM watches WHERE "table" = 'listed'::regclass;
SELECT respond.unwatch('listed', 'no such type');

-- a condition is looked at where a WHEN clause is, whoever looks at it
CREATE TABLE depth (id integer PRIMARY KEY, v text);
CREATE TABLE depth_cause (id integer PRIMARY KEY);
CREATE FUNCTION go_deeper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO watch_test.depth VALUES (NEW.id, '7');
	RETURN NULL;
END
$$;
CREATE TRIGGER go_deeper AFTER INSERT ON depth_cause FOR EACH ROW EXECUTE FUNCTION go_deeper();
SELECT respond.watch('depth', 'by server', condition => 'pg_trigger_depth() = 0'), respond.watch('depth', 'by us', condition => 'v::integer > 5 AND pg_trigger_depth() = 0'),
	respond.watch('depth', 'deeper', condition => 'CASE WHEN v::integer > 5 THEN pg_trigger_depth() END = 1');
INSERT INTO depth VALUES (1, '7');
INSERT INTO depth_cause VALUES (2);
SELECT type, subject FROM recorded() ORDER BY type, subject;

-- a name that no type may have
CREATE TABLE "tab	and
line" (id integer PRIMARY KEY);
SELECT respond.watch(E'"tab\tand\nline"');
INSERT INTO "tab	and
line" VALUES (1);
SELECT type, subject FROM recorded();
DROP TABLE "tab	and
line";

-- what an error quotes is for the owner of the table
SET client_min_messages = error;
CREATE ROLE watch_test_reader;
CREATE ROLE watch_test_owner;
GRANT respond_auditor TO watch_test_reader, watch_test_owner;
CREATE TABLE confidential (id integer PRIMARY KEY, v text);
GRANT USAGE ON SCHEMA watch_test TO watch_test_reader, watch_test_owner;
SELECT respond.watch('confidential', 'confidential', subject => $$'x' || v::integer$$);
ALTER TABLE confidential OWNER TO watch_test_owner;
INSERT INTO confidential VALUES (1, 'TOP SECRET');
SET ROLE watch_test_reader;
SELECT problem FROM respond.watched WHERE type = 'confidential';
SELECT message LIKE '%invalid_text_representation%' AS class, message LIKE '%TOP%' AS message FROM respond.health() WHERE "check" = 'watches';
SET ROLE watch_test_owner;
SELECT problem FROM respond.watched WHERE type = 'confidential';
RESET ROLE;
SELECT problem FROM respond.watched WHERE type = 'confidential';
DROP TABLE confidential;
REVOKE respond_auditor FROM watch_test_reader, watch_test_owner;
REVOKE USAGE ON SCHEMA watch_test FROM watch_test_reader, watch_test_owner;
DROP ROLE watch_test_reader, watch_test_owner;
RESET client_min_messages;

-- operations are no types
SELECT respond.watch('listed', 'INSERT');
SELECT respond.watch('listed', 'update');
SELECT respond.watch('listed', '{INSERT, DELETE}');
SELECT respond.watch('listed', 'insert or update');
SELECT respond.watch('listed', 'name=x');
SELECT respond.watch('listed', 'inserted'), respond.watch('listed', 'row.insert');

-- a time without quotes
SELECT count(respond.emit('emitted', occurred_at => '2024-01-01 12:00+00'));
SELECT count(respond.emit('emitted', "time" => '2024-01-01 13:00+00'));
SELECT count(respond.emit('emitted', '{}', NULL, NULL, NULL, '2024-01-01 14:00+00'));
SELECT respond.emit('emitted', "time" => '2024-01-01 13:00+00', occurred_at => '2024-01-01 13:00+00');
SELECT "time" AT TIME ZONE 'UTC' AS "time" FROM respond.event WHERE type = 'emitted' ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA watch_test CASCADE;
