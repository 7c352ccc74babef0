-- Watched tables in trees of tables: partitions and inheritance, watched above, below and at both levels.
CREATE SCHEMA tree_test;
SET search_path = tree_test, public;
CREATE TABLE seen (id bigint NOT NULL);
INSERT INTO seen SELECT coalesce(max(id), 0) FROM respond.event;
CREATE FUNCTION recorded(OUT type text, OUT subject text, OUT data jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(e.id) INTO last FROM respond.event AS e;
	RETURN QUERY SELECT e.type, e.subject, e.data FROM respond.event AS e, tree_test.seen AS s
		WHERE e.id > s.id AND e.data ? 'op' ORDER BY e.id;
	UPDATE tree_test.seen SET id = greatest(id, last);
END
$$;
CREATE VIEW health AS SELECT ok, message FROM respond.health() WHERE "check" = 'watches';

-- a watched table that becomes a partition
CREATE TABLE m (id integer NOT NULL, k integer NOT NULL, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE m_1 (k integer NOT NULL, v text, id integer NOT NULL);
SELECT respond.watch('m_1', 'one', '{INSERT,UPDATE,DELETE,TRUNCATE}');
ALTER TABLE m ATTACH PARTITION m_1 FOR VALUES IN (1);
INSERT INTO m VALUES (1, 1, 'through m');
INSERT INTO m_1 (id, k, v) VALUES (2, 1, 'direct');
UPDATE m SET v = 'updated';
DELETE FROM m WHERE id = 2;
COPY m FROM stdin;
3	1	copied
\.
SELECT type, data->>'op' AS op, subject FROM recorded();
SELECT * FROM health;

-- and of which the parent is watched too, with other types and with the same; one event for each type and row
CREATE TABLE m_2 (id integer NOT NULL, k integer NOT NULL, v text);
SELECT respond.watch('m'), respond.watch('m', 'same'), respond.watch('m_2'), respond.watch('m_2', 'same');
ALTER TABLE m ATTACH PARTITION m_2 FOR VALUES IN (2);
INSERT INTO m VALUES (5, 2, 'x');
INSERT INTO m_2 VALUES (6, 2, 'x');
SELECT type, subject, count(*) FROM recorded() GROUP BY type, subject ORDER BY subject, type;
-- a row that moves
UPDATE m SET k = 1 WHERE id = 5;
SELECT type, data->>'op' AS op, subject, count(*) FROM recorded() GROUP BY 1, 2, 3 ORDER BY type, op;
SELECT "table", type, triggers FROM respond.watched WHERE "table" IN ('m'::regclass, 'm_2'::regclass) ORDER BY "table"::text, type;
-- each is ended by itself
SELECT respond.unwatch('m', 'same'), respond.unwatch('m_2', 'tree_test.m_2.*');
INSERT INTO m VALUES (7, 2, 'x');
SELECT type, subject, count(*) FROM recorded() GROUP BY type, subject ORDER BY subject, type;
-- after a DETACH the parent's watch is gone and its own stays
ALTER TABLE m DETACH PARTITION m_2;
INSERT INTO m_2 VALUES (8, 2, 'x');
SELECT type, subject, data->>'table' AS "table" FROM recorded();
-- back again
ALTER TABLE m ATTACH PARTITION m_2 FOR VALUES IN (2);
INSERT INTO m VALUES (9, 2, 'x');
SELECT type, subject FROM recorded() ORDER BY type;

-- a partition of a partition, a partition made in place, a watch that comes after
CREATE TABLE m_3 (id integer NOT NULL, k integer NOT NULL, v text) PARTITION BY RANGE (id);
CREATE TABLE m_3_low PARTITION OF m_3 FOR VALUES FROM (0) TO (100);
SELECT respond.watch('m_3_low', 'low'), respond.watch('m_3', 'three'), respond.watch('m_3');
ALTER TABLE m ATTACH PARTITION m_3 FOR VALUES IN (3);
CREATE TABLE m_3_high PARTITION OF m_3 FOR VALUES FROM (100) TO (200);
SELECT respond.watch('m_3_high', 'three', subject => 'v');
INSERT INTO m VALUES (1, 3, 'l'), (101, 3, 'h');
UPDATE m SET v = 'u' WHERE k = 3;
SELECT type, data->>'op' AS op, subject, count(*) FROM recorded() GROUP BY 1, 2, 3 ORDER BY op, subject, type;
SELECT * FROM health;

-- who owns both tables may attach, whoever made the watches
CREATE ROLE tree_test_owner IN ROLE respond_producer;
GRANT USAGE, CREATE ON SCHEMA tree_test TO tree_test_owner;
CREATE TABLE o (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE o_1 (id integer NOT NULL);
SELECT respond.watch('o'), respond.watch('o_1');
SELECT respond.watch('o', 't'), respond.watch('o_1', 't');
ALTER TABLE o OWNER TO tree_test_owner;
ALTER TABLE o_1 OWNER TO tree_test_owner;
SET ROLE tree_test_owner;
ALTER TABLE o ATTACH PARTITION o_1 FOR VALUES IN (1);
CREATE TABLE o_3 PARTITION OF o FOR VALUES IN (3);
INSERT INTO o VALUES (1);
RESET ROLE;
SELECT type, count(*) FROM recorded() GROUP BY type ORDER BY type;
-- an attach that fails leaves all as it was
CREATE TABLE o_2 (id integer NOT NULL, extra text);
SELECT respond.watch('o_2', 't');
ALTER TABLE o ATTACH PARTITION o_2 FOR VALUES IN (2);
SELECT tgname, tgtype & 1 AS for_each_row FROM pg_trigger WHERE tgrelid = 'o_2'::regclass ORDER BY 1;
BEGIN;
ALTER TABLE o_2 DROP COLUMN extra;
ALTER TABLE o ATTACH PARTITION o_2 FOR VALUES IN (2);
INSERT INTO o VALUES (2);
ROLLBACK;
INSERT INTO o_2 VALUES (2);
SELECT type, count(*) FROM recorded() GROUP BY type ORDER BY type;

-- inheritance: a child that is watched before or after it is one
CREATE TABLE animal (id integer, name text);
CREATE TABLE dog (breed text) INHERITS (animal);
CREATE TABLE cat (id integer, name text, lives integer);
SELECT respond.watch('dog', 'dog'), respond.watch('cat', 'cat');
ALTER TABLE cat INHERIT animal;
INSERT INTO dog VALUES (1, 'Rex');
INSERT INTO cat VALUES (2, 'Tom', 9);
UPDATE animal SET name = name || '!';
DELETE FROM animal WHERE id = 2;
SELECT type, data->>'op' AS op, coalesce(data->'new', data->'old')->>'name' AS name FROM recorded() ORDER BY type, op;
SELECT respond.watch('animal', 'animal');
UPDATE animal SET name = 'Max';
SELECT type, data->>'op' AS op, data->'new' AS new FROM recorded() ORDER BY type;
ALTER TABLE dog NO INHERIT animal;
UPDATE dog SET name = 'Fox';
SELECT type, data->'new' AS new FROM recorded();
SELECT * FROM health;

-- a trigger that was made by hand and does not see what it should
CREATE TABLE hidden (id integer) PARTITION BY LIST (id);
CREATE TABLE hidden_1 PARTITION OF hidden FOR VALUES IN (1);
CREATE TRIGGER by_hand AFTER INSERT ON hidden_1 REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION respond.capture('hidden');
SELECT * FROM health;

-- a trigger that is disabled in a partition alone, two levels below
CREATE TABLE off (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE off_1 PARTITION OF off FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
CREATE TABLE off_1_1 PARTITION OF off_1 FOR VALUES FROM (0) TO (100);
SELECT respond.watch('off', 'off', '{INSERT}');
ALTER TABLE off_1_1 DISABLE TRIGGER ALL;
SELECT enabled FROM respond.watched WHERE type = 'off';
SELECT substring(message FROM 'disabled: .*') AS message, substring(remedy FROM 'enable it: [^;]*') AS remedy FROM respond.health() WHERE "check" = 'watches';
ALTER TABLE off ENABLE TRIGGER respond_watch_off;
SELECT enabled FROM respond.watched WHERE type = 'off';
INSERT INTO off VALUES (1);
SELECT subject FROM respond.event WHERE type = 'off';

-- a session that has written to a partition knows when the partitioned table gets another name or schema
CREATE SCHEMA tree_test_other;
CREATE TABLE renamed (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE renamed_1 PARTITION OF renamed FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
CREATE TABLE renamed_1_1 PARTITION OF renamed_1 FOR VALUES FROM (0) TO (100);
SELECT respond.watch('renamed', 'renamed');
INSERT INTO renamed VALUES (1);
ALTER TABLE renamed RENAME TO renamed_too;
INSERT INTO renamed_too VALUES (2);
ALTER TABLE renamed_too SET SCHEMA tree_test_other;
INSERT INTO renamed_1_1 VALUES (3);
SELECT e.subject, e.data->>'table' AS "table" FROM respond.event AS e WHERE e.type = 'renamed' ORDER BY e.id;

SET client_min_messages = warning;
DROP SCHEMA tree_test_other CASCADE;
DROP SCHEMA tree_test CASCADE;
DROP ROLE tree_test_owner;
