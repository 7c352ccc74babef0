-- Conditions: what they see, and that they never have more rights than their owner.
CREATE ROLE condition_test_owner IN ROLE respond_admin;
CREATE SCHEMA condition_test AUTHORIZATION condition_test_owner;
SET ROLE condition_test_owner;
CREATE FUNCTION condition_test.try(condition text, type text DEFAULT 'ct', data jsonb DEFAULT '{}', subject text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	verdict text;
BEGIN
	INSERT INTO respond.rule (name, event_type, condition) VALUES ('ct', '*', try.condition);
	SELECT CASE WHEN s.matched THEN 'true' ELSE s.failed_test END INTO verdict FROM respond.simulate(try.type, try.data, try.subject) AS s WHERE s.rule = 'ct';
	DELETE FROM respond.rule WHERE name = 'ct';
	RETURN verdict;
END
$$;

-- what they see
SELECT condition_test.try($$id = 0 AND type = 'ct' AND source = '/' || current_database() AND subject = 's' AND time = now() AND data = '{"a": 1}' AND steps IS NULL$$, 'ct', '{"a": 1}', 's');
SELECT condition_test.try($$event.type = $2 AND event.data ->> 'a' = '1' AND $6 = data$$, data => '{"a": 1}');
SELECT condition_test.try($$(data ->> 'amount')::numeric > 100$$, data => '{"amount": 100.01}');
SELECT condition_test.try($$(data ->> 'amount')::numeric > 100$$, data => '{"amount": 100}');
SELECT condition_test.try($$(data ->> 'amount')::numeric > 100$$);
SELECT condition_test.try($$(data ->> 'amount')::numeric > 100$$, data => '{"amount": "a lot"}');
SELECT condition_test.try($$1 / (data ->> 'zero')::int = 1$$, data => '{"zero": 0}');
SELECT condition_test.try($$NULL::boolean$$);

-- a column of a table comes first, event.X is always the event's
CREATE TABLE condition_test.customer (id int, type text, data jsonb);
INSERT INTO condition_test.customer VALUES (7, 'gold', '{"a": 2}');
SELECT condition_test.try($$EXISTS (SELECT FROM condition_test.customer AS c WHERE type = 'gold' AND data ->> 'a' = '2' AND event.data ->> 'a' = '1')$$, data => '{"a": 1}');
SELECT condition_test.try($$(SELECT c.type FROM condition_test.customer AS c WHERE c.id = (event.data ->> 'customer')::int) = 'gold'$$, data => '{"customer": 7}');

-- tags are parameters of the type that their place wants
SELECT condition_test.try($${{data.n}} + 1 = 8 AND {{data.s}} = 'it''s' AND {{data.b}} AND {{data.o}} @> '{"x": 1}'::jsonb AND 2 = ANY ({{data.l}}::int[]) AND {{data.l.1}} = 2 AND {{data.missing}} IS NULL AND {{type}} = 'ct'$$,
	data => '{"n": 7, "s": "it''s", "b": true, "o": {"x": 1, "y": 2}, "l": [1, 2, 3]}');
SELECT condition_test.try($${{data.s}} = 'x'$$, data => '{"s": "x'' OR ''1'' = ''1"}');
SELECT condition_test.try($${{data.s}}::int = 1$$, data => '{"s": "1; DROP TABLE condition_test.customer"}');
SELECT condition_test.try($${{data.time}}::date = '2026-02-28'$$, data => '{"time": "2026-02-28T10:00:00Z"}');

-- rights: the owner's, in parse, plan and run
CREATE TABLE condition_test.log (what text, who text, super boolean);
CREATE FUNCTION condition_test.note(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO condition_test.log VALUES (what, current_user, (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user));
	RETURN true;
END
$$;
CREATE FUNCTION condition_test.folded(what text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN condition_test.note(what);
END
$$;
CREATE TYPE condition_test.thing AS (a int);
CREATE FUNCTION condition_test.equal(a condition_test.thing, b condition_test.thing) RETURNS boolean LANGUAGE sql AS $$ SELECT condition_test.note('operator') $$;
CREATE OPERATOR condition_test.= (LEFTARG = condition_test.thing, RIGHTARG = condition_test.thing, FUNCTION = condition_test.equal);
CREATE DOMAIN condition_test.checked AS int CHECK (condition_test.note('domain'));
CREATE VIEW condition_test.view AS SELECT condition_test.note('view') AS n;
CREATE TABLE condition_test.guarded (a int);
INSERT INTO condition_test.guarded VALUES (1);
ALTER TABLE condition_test.guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON condition_test.guarded USING (condition_test.note('policy'));
CREATE TABLE condition_test.late (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION condition_test.defer() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO condition_test.late VALUES (1), (1); RETURN true; END $$;
CREATE FUNCTION condition_test.run(statement text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN true; END $$;
RESET ROLE;

-- in a worker: the log is written there, by the owner
INSERT INTO respond.rule (name, event_type, owner, condition, steps) VALUES
	('ct 1', 'ct.rights', 'condition_test_owner', $$condition_test.note('function')$$, '[]'),
	('ct 2', 'ct.rights', 'condition_test_owner', $$condition_test.folded('immutable')$$, '[]'),
	('ct 3', 'ct.rights', 'condition_test_owner', $$ROW(1)::condition_test.thing OPERATOR(condition_test.=) ROW(1)::condition_test.thing$$, '[]'),
	('ct 4', 'ct.rights', 'condition_test_owner', $$(data ->> 'n')::condition_test.checked = 1$$, '[]'),
	('ct 5', 'ct.rights', 'condition_test_owner', $$(SELECT n FROM condition_test.view)$$, '[]'),
	('ct 6', 'ct.rights', 'condition_test_owner', $$EXISTS (SELECT FROM condition_test.guarded)$$, '[]'),
	('ct 7', 'ct.rights', 'condition_test_owner', $$condition_test.defer()$$, '[]'),
	('ct 8', 'ct.rights', 'condition_test_owner', $$current_user = 'condition_test_owner'$$, '[{"action": "sql", "sql": "SELECT condition_test.note(''action'') AS n"}]'),
	('ct 9', 'ct.rights', 'condition_test_owner', $$current_setting('search_path') = 'pg_catalog, pg_temp'$$, '[]');
CREATE FUNCTION pg_temp.wait_for(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	done boolean := false;
BEGIN
	FOR i IN 1 .. 6000 LOOP
		EXECUTE query INTO done;
		EXIT WHEN done;
		PERFORM pg_catalog.pg_sleep(0.01);
	END LOOP;
	IF NOT done THEN
		RAISE EXCEPTION 'waited in vain for: %', query;
	END IF;
END
$$;
INSERT INTO respond.event (type, data) VALUES ('ct.rights', '{"n": 1}');
SELECT pg_temp.wait_for($$SELECT count(*) = 9 FROM respond.run WHERE rule LIKE 'ct %'$$);
SELECT rule, status, error FROM respond.run WHERE rule LIKE 'ct %' ORDER BY rule;
SELECT DISTINCT what, who, super FROM condition_test.log ORDER BY what;

-- ways out that are closed, in a worker
DELETE FROM respond.rule WHERE name LIKE 'ct %';
INSERT INTO respond.rule (name, event_type, owner, condition)
SELECT 'ct out ' || n, 'ct.out', 'condition_test_owner', format('condition_test.run(%L)', statement)
  FROM unnest(ARRAY['SET ROLE respond_worker', 'RESET ROLE', 'SET SESSION AUTHORIZATION respond_worker', 'RESET SESSION AUTHORIZATION',
	'CREATE TEMP TABLE t (a int)', 'PREPARE p AS SELECT 1', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'LISTEN x', 'DO ''BEGIN COMMIT; END''',
	'SELECT pg_advisory_lock(4711)', 'SELECT set_config(''work_mem'', ''64kB'', false)', 'SELECT set_config(''search_path'', ''condition_test'', false)',
	'UPDATE respond.event SET type = ''x''', 'DELETE FROM respond.audit_log',
	'SELECT respond.simulate(''ct'')']) WITH ORDINALITY AS s (statement, n);
INSERT INTO respond.event (type) VALUES ('ct.out');
SELECT pg_temp.wait_for($$SELECT count(*) = 15 FROM respond.run WHERE rule LIKE 'ct out %'$$);
SELECT rule, status, error FROM respond.run WHERE rule LIKE 'ct out %' ORDER BY substr(rule, 7)::int;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711;
DELETE FROM respond.rule WHERE name LIKE 'ct %';

-- what one rule set does not reach the next
INSERT INTO respond.rule (name, event_type, owner, condition) VALUES
	('ct 1', 'ct.next', 'condition_test_owner', $$current_setting('work_mem') <> '64kB' AND current_setting('search_path') = 'pg_catalog, pg_temp' AND current_user = 'condition_test_owner'$$);
INSERT INTO respond.event (type) VALUES ('ct.next'), ('ct.next');
SELECT pg_temp.wait_for($$SELECT count(*) = 2 FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type = 'ct.next' AND r.rule = 'ct 1' AND r.status = 'succeeded'$$);
DELETE FROM respond.rule WHERE name LIKE 'ct %';

-- objects that shadow built-in ones are not found
SET ROLE condition_test_owner;
CREATE FUNCTION condition_test.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadow' $$;
CREATE TABLE condition_test.pg_class (a int);
SET search_path = condition_test, pg_catalog;
SELECT condition_test.try($$lower('A') = 'a' AND EXISTS (SELECT FROM pg_class WHERE relname = 'pg_proc')$$);
RESET search_path;

-- a simulation changes nothing: neither tables nor settings nor locks
TRUNCATE condition_test.log;
SELECT condition_test.try($$condition_test.note('simulated')$$);
TABLE condition_test.log;
SELECT pg_advisory_lock(4712);
SELECT condition_test.try($$condition_test.run('SELECT pg_advisory_lock(4711), pg_advisory_lock_shared(4713), set_config(''work_mem'', ''65kB'', false)')$$);
SELECT objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT current_setting('work_mem') <> '65kB' AS same, current_user;
SELECT pg_advisory_unlock(4712);
RESET ROLE;

-- an owner that goes breaks its rules alone
INSERT INTO respond.rule (name, event_type, owner) VALUES ('ct gone', 'ct.gone', 'condition_test_owner'), ('ct here', 'ct.gone', current_user);
DROP OWNED BY condition_test_owner CASCADE;
DROP ROLE condition_test_owner;
INSERT INTO respond.event (type) VALUES ('ct.gone');
SELECT pg_temp.wait_for($$SELECT count(*) = 2 FROM respond.run WHERE rule IN ('ct gone', 'ct here')$$);
SELECT rule, status, error FROM respond.run WHERE rule IN ('ct gone', 'ct here') ORDER BY rule;
SELECT rule, matched, failed_test FROM respond.simulate('ct.gone') WHERE rule LIKE 'ct %' ORDER BY rule;
DELETE FROM respond.rule WHERE name LIKE 'ct %';
