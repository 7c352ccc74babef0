-- Events of a transaction are in the order of the changes they tell of, also when a trigger writes.
CREATE SCHEMA order_test;
SET search_path = order_test, public;
CREATE TABLE seen (id bigint NOT NULL);
INSERT INTO seen SELECT coalesce(max(id), 0) FROM respond.event;
CREATE FUNCTION recorded(OUT what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(e.id) INTO last FROM respond.event AS e;
	RETURN QUERY SELECT concat_ws(' ', e.type, e.data->>'op', coalesce(e.data->'new', e.data->'old')->>'id', coalesce(e.data->'new', e.data->'old')->>'state')
		FROM respond.event AS e, order_test.seen AS s WHERE e.id > s.id AND e.data ? 'op' ORDER BY e.id;
	UPDATE order_test.seen SET id = greatest(id, last);
END
$$;

-- a trigger that updates the same row, for each row and for the statement
CREATE TABLE task (id integer PRIMARY KEY, state text);
CREATE FUNCTION advance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE order_test.task SET state = 'second' WHERE id = NEW.id;
	RETURN NULL;
END
$$;
CREATE TRIGGER a_first AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION advance();
CREATE TRIGGER z_last AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION advance();
SELECT respond.watch('task', 'task');
INSERT INTO task VALUES (1, 'first'), (2, 'first');
COPY task FROM stdin;
3	first
\.
SELECT * FROM recorded();

-- three levels, another table, and a level that is not watched
CREATE TABLE log (id integer, state text);
CREATE TABLE quiet (id integer, state text);
SELECT respond.watch('log', 'log');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.quiet VALUES (NEW.id, NEW.state);
	RETURN NULL;
END
$$;
CREATE FUNCTION note_further() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.log VALUES (NEW.id, NEW.state);
	RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER UPDATE ON task FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER note_further AFTER INSERT ON quiet FOR EACH ROW EXECUTE FUNCTION note_further();
INSERT INTO task VALUES (4, 'first');
INSERT INTO quiet VALUES (5, 'top');
UPDATE log SET state = 'after' WHERE id = 5;
SELECT * FROM recorded();

-- what a block takes back is not recorded, what it does not is
CREATE TABLE attempt (id integer, state text);
CREATE FUNCTION try() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.log VALUES (NEW.id, 'kept');
	BEGIN
		INSERT INTO order_test.log VALUES (NEW.id, 'taken back');
		BEGIN
			INSERT INTO order_test.log VALUES (NEW.id, 'taken back too');
		END;
		RAISE EXCEPTION 'no';
	EXCEPTION WHEN raise_exception THEN
		INSERT INTO order_test.log VALUES (NEW.id, 'instead');
	END;
	BEGIN
		INSERT INTO order_test.log VALUES (NEW.id, 'block');
	EXCEPTION WHEN raise_exception THEN
		NULL;
	END;
	RETURN NULL;
END
$$;
CREATE TRIGGER try AFTER INSERT ON attempt FOR EACH ROW EXECUTE FUNCTION try();
SELECT respond.watch('attempt', 'attempt');
INSERT INTO attempt VALUES (1, 'x');
BEGIN;
SAVEPOINT a;
INSERT INTO attempt VALUES (2, 'x');
ROLLBACK TO a;
INSERT INTO attempt VALUES (3, 'x');
ROLLBACK;
SELECT * FROM recorded();
-- a statement that fails in the middle, and the next one
CREATE FUNCTION fail_for_9() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 9 THEN
		RAISE EXCEPTION 'nine';
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER z_fail AFTER INSERT ON attempt FOR EACH ROW EXECUTE FUNCTION fail_for_9();
INSERT INTO attempt VALUES (8, 'x'), (9, 'x');
INSERT INTO log VALUES (10, 'next');
DO $$
BEGIN
	INSERT INTO order_test.attempt VALUES (9, 'x');
EXCEPTION WHEN raise_exception THEN
	INSERT INTO order_test.log VALUES (11, 'in a block');
END
$$;
INSERT INTO log VALUES (12, 'and then');
SELECT * FROM recorded();

-- a function in a statement, a constraint trigger at the end of the transaction
CREATE FUNCTION write_log(i integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.log VALUES (i, 'by function');
	RETURN i;
END
$$;
SELECT write_log(20);
CREATE TABLE late (id integer, state text);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_further();
SELECT respond.watch('late', 'late');
BEGIN;
INSERT INTO late VALUES (21, 'deferred');
INSERT INTO log VALUES (22, 'before it');
COMMIT;
SELECT * FROM recorded();

-- many: order is kept up to a limit, and none is lost
CREATE TABLE many (id integer PRIMARY KEY, state text);
CREATE TABLE many_too (id integer, state text);
CREATE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.many_too VALUES (NEW.id, repeat('x', 1000));
	RETURN NULL;
END
$$;
CREATE TRIGGER copy_row AFTER INSERT ON many FOR EACH ROW EXECUTE FUNCTION copy_row();
SELECT respond.watch('many', 'many'), respond.watch('many_too', 'many too');
INSERT INTO many SELECT n, 'x' FROM generate_series(1, 20000) AS n;
SELECT split_part(what, ' INSERT', 1) AS type, count(*) FROM recorded() AS what GROUP BY 1 ORDER BY 1;

-- more than is kept, the rest of it in a block whose changes are taken back: what came before the block is not
CREATE TABLE heavy (id integer PRIMARY KEY, state text);
CREATE TABLE heavy_too (id integer, state text);
CREATE FUNCTION write_heavy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.heavy_too SELECT n, repeat('x', 900000) FROM generate_series(1, 17) AS n;
	BEGIN
		INSERT INTO order_test.heavy_too SELECT n, repeat('x', 900000) FROM generate_series(101, 105) AS n;
		RAISE EXCEPTION 'no';
	EXCEPTION WHEN raise_exception THEN
		INSERT INTO order_test.heavy_too VALUES (200, 'instead');
	END;
	BEGIN
		INSERT INTO order_test.heavy_too VALUES (201, 'in a block');
	EXCEPTION WHEN raise_exception THEN
		NULL;
	END;
	RETURN NULL;
END
$$;
CREATE TRIGGER write_heavy AFTER INSERT ON heavy FOR EACH ROW EXECUTE FUNCTION write_heavy();
SELECT respond.watch('heavy', 'heavy'), respond.watch('heavy_too', 'heavy too');
INSERT INTO heavy VALUES (1, 'x');
SELECT split_part(what, ' INSERT', 1) AS type, count(*), count(*) = count(DISTINCT what) AS once FROM (SELECT left(what, 30) AS what FROM recorded() AS what) AS r GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM heavy_too;

-- what a BEFORE trigger writes comes first, also for COPY
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer PRIMARY KEY, state text);
CREATE FUNCTION write_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_test.parent VALUES (NEW.id);
	RETURN NEW;
END
$$;
CREATE FUNCTION copy_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	COPY order_test.child FROM PROGRAM 'echo "12,nested"' (FORMAT csv);
	RETURN NULL;
END
$$;
CREATE TRIGGER write_parent BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION write_parent();
CREATE TRIGGER a_note AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION note_further();
CREATE TABLE calls (id integer, state text);
CREATE TRIGGER copy_child AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION copy_child();
SELECT respond.watch('parent', 'parent'), respond.watch('child', 'child'), respond.watch('calls', 'calls');
INSERT INTO child VALUES (10, 'inserted');
COPY child FROM stdin;
11	copied
\.
SELECT * FROM recorded();
INSERT INTO calls VALUES (1, 'calls');
SELECT * FROM recorded();

SET client_min_messages = warning;
DROP SCHEMA order_test CASCADE;
