-- What capture() makes of values: no value fails a write, and each is the same in every session.
CREATE SCHEMA value_test;
SET search_path = value_test, public;
CREATE TABLE seen (id bigint NOT NULL);
INSERT INTO seen SELECT coalesce(max(id), 0) FROM respond.event;
CREATE FUNCTION recorded(OUT type text, OUT subject text, OUT data jsonb) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	last bigint;
BEGIN
	SELECT max(e.id) INTO last FROM respond.event AS e;
	RETURN QUERY SELECT e.type, e.subject, e.data FROM respond.event AS e, value_test.seen AS s
		WHERE e.id > s.id AND e.data ? 'op' ORDER BY e.id;
	UPDATE value_test.seen SET id = greatest(id, last);
END
$$;

-- json that jsonb refuses, at every depth of types
CREATE TYPE part AS (n integer, j json, t text);
CREATE TYPE whole AS (p part, ps part[]);
CREATE DOMAIN document AS json;
CREATE TABLE refused (id integer PRIMARY KEY, j json, js json[], p part, ps part[], w whole, d document, tail text);
SELECT respond.watch('refused', 'refused');
INSERT INTO refused (id, j, tail) VALUES (1, '{"a": "\ud83d"}', 'half a pair');
INSERT INTO refused (id, j) VALUES (2, '{"n": 1e200000}'), (3, '{"a": "\u0000"}'), (4, '"\udc00\ud83d"'), (5, '{"a": "\\u0000", "b": "\ud83d\ude00"}');
INSERT INTO refused (id, js) VALUES (6, ARRAY['{"a": "\u0000"}', NULL, '{"b": 1}']::json[]);
INSERT INTO refused (id, p) VALUES (7, ROW(1, '{"a": "\u0000"}', 'x'));
INSERT INTO refused (id, ps) VALUES (8, ARRAY[ROW(1, '"\ud83d"', 'x')::part, ROW(2, '{"a": 1}', 'y')::part]);
INSERT INTO refused (id, w) VALUES (9, ROW(ROW(1, '{"a": -1e999999}', 'x')::part, ARRAY[ROW(NULL, NULL, NULL)::part]));
INSERT INTO refused (id, d) VALUES (10, '"\udc00"');
UPDATE refused SET tail = 'changed' WHERE id = 1;
DELETE FROM refused WHERE id = 1;
SELECT data->>'op' AS op, subject, jsonb_strip_nulls(data->'new') AS new, jsonb_strip_nulls(data->'old') AS old, data->'as_text' AS as_text FROM recorded();
SELECT type, problem FROM respond.watched WHERE "table" = 'refused'::regclass;
SELECT ok, regexp_replace(remedy, '[0-9]+', 'N') AS remedy FROM respond.health() WHERE "check" = 'watches';
SELECT respond.acknowledge('watch', 'refused'::regclass::oid::bigint);
SELECT respond.acknowledge('watch', 'refused'::regclass::oid::bigint);
SELECT ok, message, remedy FROM respond.health() WHERE "check" = 'watches';
SELECT type, problem FROM respond.watched WHERE "table" = 'refused'::regclass;

-- nesting beyond the stack: deeper on the way into jsonb than on the way in
SET max_stack_depth = '2MB';
CREATE TABLE deep (id integer PRIMARY KEY, j json);
SELECT respond.watch('deep', 'deep');
SET client_min_messages = error;
DO $$
DECLARE
	depth integer := 1000;
	written integer := 0;
BEGIN
	LOOP
		BEGIN
			PERFORM (repeat('[', depth) || repeat(']', depth))::json;
		EXCEPTION WHEN statement_too_complex THEN
			EXIT;
		END;
		INSERT INTO value_test.deep VALUES (depth, (repeat('[', depth) || repeat(']', depth))::json);
		written := written + 1;
		depth := depth + 500;
	END LOOP;
	IF written = 0 THEN
		RAISE EXCEPTION 'nothing was written';
	END IF;
END
$$;
RESET client_min_messages;
RESET max_stack_depth;
SELECT (SELECT count(*) FROM deep) = count(*) AS all_recorded FROM recorded();

-- types whose functions raise
CREATE TYPE grumpy;
SET client_min_messages = warning;
CREATE FUNCTION grumpy_in(cstring) RETURNS grumpy LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION grumpy_out(grumpy) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
RESET client_min_messages;
CREATE TYPE grumpy (INPUT = grumpy_in, OUTPUT = grumpy_out, LIKE = text);
CREATE FUNCTION grumpy_json(grumpy) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 / (length($1::text) - 3);
	RETURN to_json($1::text || '!');
END
$$;
CREATE CAST (grumpy AS text) WITH INOUT;
CREATE CAST (grumpy AS json) WITH FUNCTION grumpy_json(grumpy);
CREATE TYPE sulky;
SET client_min_messages = warning;
CREATE FUNCTION sulky_in(cstring) RETURNS sulky LANGUAGE internal IMMUTABLE STRICT AS 'oidin';
CREATE FUNCTION sulky_out(sulky) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'enum_out';
RESET client_min_messages;
CREATE TYPE sulky (INPUT = sulky_in, OUTPUT = sulky_out, LIKE = oid);
CREATE TABLE moody (id integer PRIMARY KEY, g grumpy, gs grumpy[], fine text, s sulky);
SELECT respond.watch('moody', 'moody');
INSERT INTO moody VALUES (1, 'four', '{four,five}', 'a'), (2, 'six', '{four,six}', 'b'), (3, 'four', NULL, 'c');
INSERT INTO moody VALUES (4, NULL, NULL, 'd', '5');
UPDATE moody SET fine = 'e' WHERE id = 4;
SELECT subject, data->'new' AS new, data->'as_text' AS as_text, data->'omitted' AS omitted FROM recorded();

-- bytes that are no text in the encoding, and every other type of the server, whatever the session says
CREATE TYPE spectrum AS RANGE (subtype = float8);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE every (
	id integer PRIMARY KEY, f4 real, f8 float8, f8s float8[], tz timestamptz, tzs timestamptz[], tr tstzrange, tmr tstzmultirange, dr daterange,
	iv interval, ivs interval[], by bytea, bys bytea[], m money, ms money[], x xml, pt point, pa path, bx box, ci circle, rc regclass, rp regprocedure,
	rt regtype, rr regrole, ns regnamespace, b bit(5), vb varbit, ch "char", nm name, ip inet, cd cidr, mac macaddr, lsn pg_lsn, tv tsvector,
	tq tsquery, jp jsonpath, o oid, ov oidvector, iv2 int2vector, sp spectrum, mo mood, mos mood[], u uuid, snap pg_snapshot, rf refcursor,
	tt time, ttz timetz, d date, ds date[], n numeric, ns2 numeric[], e2 text[], ts timestamp);
SELECT respond.watch('every', 'every');
PREPARE fill (integer) AS INSERT INTO value_test.every VALUES ($1, 0.1, 0.1::float8 + 0.2, '{0.30000000000000004,NaN,-Infinity}', '2024-01-01 12:00+00',
	'{2024-01-01 12:00+00,infinity}', '["2024-01-01 12:00+00",)', '{["2024-01-01 12:00+00",infinity)}', '[2024-01-01,2024-02-01)',
	'1 mon -2 days 03:04:05.678', '{1 day}', '\xdeadbeef', '{"\\xde"}', 1234567.89::numeric::money, ARRAY[(-5.5)::numeric::money], '<a>&#233;</a>',
	'(0.1,0.30000000000000004)', '((0,0),(1,1))', '((0,0),(1,0.1))', '<(0,0),0.1>', 'value_test.every', 'value_test.grumpy_out(value_test.grumpy)',
	'value_test.mood', 'respond_admin', 'value_test', '10101', '101', 'x', 'n', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '16/B374D848',
	'''fat'' ''cat''', '''a'' & ''b''', '$.a', 1, '1 2', '3 4', '[0.1,0.2)', 'bad', '{good,bad}', '00000000-0000-0000-0000-000000000001', '10:20:10,14,15', 'rf',
	'12:00:01.5', '12:00+02', '4714-11-24 BC', '{infinity,5874897-12-31}', '1e131071', '{NaN,1.50}', '{NULL,""}', '294276-12-31 23:59:59.999999');
SET TimeZone = 'UTC';
EXECUTE fill (1);
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -10;
SET bytea_output = 'escape';
SET xmlbinary = 'hex';
SET quote_all_identifiers = on;
SET search_path = value_test;
SET client_encoding = 'LATIN1';
EXECUTE fill (2);
SET TimeZone = 'America/New_York';
SET DateStyle = 'German';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = 3;
SET search_path = '';
EXECUTE fill (3);
RESET ALL;
SET search_path = value_test, public;
SELECT key, count(DISTINCT value) AS values, left(min(value::text), 60) AS value
  FROM (SELECT (jsonb_each((data->'new') - 'id'::text)).* FROM recorded()) AS e GROUP BY key ORDER BY key;
INSERT INTO every (id, ch) VALUES (4, (-23)::"char");
INSERT INTO every (id, ts, tz, d, iv) VALUES (5, '4714-11-24 00:00 BC', '4714-11-24 00:00+00 BC', '0044-03-15 BC', '-178000000 years'), (6, 'infinity', '-infinity', '-infinity', '0');
SELECT jsonb_strip_nulls(data->'new') AS new FROM recorded();

-- a subject too, and what a subject in SQL says of a value
CREATE TABLE stamped (at timestamptz, f float8, i interval, PRIMARY KEY (at, f, i));
SELECT respond.watch('stamped', 'key'), respond.watch('stamped', 'sql', subject => $$at || '/' || f || '/' || i || '/' || to_char(at, 'HH24')$$),
	respond.watch('stamped', 'template', subject => '{{new.at}} {{new.f}}');
INSERT INTO stamped VALUES ('2024-01-01 12:00+00', 0.1::float8 + 0.2, '1 day 2 hours');
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = -10;
SET IntervalStyle = 'iso_8601';
UPDATE stamped SET i = i;
RESET ALL;
SET search_path = value_test, public;
SELECT type, subject, count(*) FROM recorded() GROUP BY type, subject ORDER BY type;

-- a key of several parts is one subject, whatever is in the parts
CREATE TABLE pair (a text, b text, PRIMARY KEY (a, b));
SELECT respond.watch('pair', 'pair');
INSERT INTO pair VALUES ('x/y', 'z'), ('x', 'y/z'), ('x%2Fy', 'z'), ('', 'x'), ('x', '');
SELECT subject FROM recorded();
CREATE TABLE long (a text PRIMARY KEY);
SELECT respond.watch('long', 'long');
INSERT INTO long VALUES (repeat('a', 1100) || '1'), (repeat('a', 1100) || '2');
SELECT count(DISTINCT subject), max(octet_length(subject)) FROM recorded();

-- large values: unchanged ones are left out first, then the largest; nothing is read in vain
CREATE TABLE large (id integer PRIMARY KEY, a text, b text, c text);
SELECT respond.watch('large', 'large');
INSERT INTO large VALUES (1, repeat('a', 600000), repeat('b', 300000), 'c');
UPDATE large SET c = 'd';
UPDATE large SET b = repeat('e', 300000);
UPDATE large SET a = repeat('f', 600000);
SELECT data->>'op' AS op, data->'changed' AS changed, data->'omitted' AS omitted, length(data->'new'->>'a') AS a, length(data->'new'->>'b') AS b,
	data->'new'->>'c' AS c, length(data->'old'->>'b') AS old_b, pg_column_size(data) < 1048576 AS fits FROM recorded();
CREATE TABLE wide (id integer PRIMARY KEY);
SELECT respond.watch('wide', 'wide');
DO $$
BEGIN
	EXECUTE 'ALTER TABLE value_test.wide ' || (SELECT string_agg('ADD COLUMN c' || n || ' text', ', ') FROM generate_series(1, 280) AS n);
	EXECUTE 'INSERT INTO value_test.wide SELECT 1, ' || (SELECT string_agg('t', ', ') FROM generate_series(1, 280) AS n) || ' FROM repeat(''x'', 1048576) AS t';
END
$$;
SELECT data->'new' AS new, jsonb_array_length(data->'omitted') AS omitted FROM recorded();
-- small as stored, large as JSON
CREATE TABLE swollen (id integer PRIMARY KEY, i integer[], b bit varying, y bytea);
SELECT respond.watch('swollen', 'swollen');
INSERT INTO swollen SELECT 1, array_agg(n) , NULL, NULL FROM generate_series(1, 100000) AS n;
INSERT INTO swollen SELECT 2, NULL, repeat('1', 900000)::varbit, decode(repeat('ff', 600000), 'hex');
SELECT subject, data->'omitted' AS omitted, octet_length(data::text) < 1048576 AS fits FROM recorded();

SET client_min_messages = warning;
DROP SCHEMA value_test CASCADE;
