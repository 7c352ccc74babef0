-- Functions called by whom and with what they are not made for; what lesser roles can reach.
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT no_plan();

CREATE TABLE plain (id bigint PRIMARY KEY, status int, name int, source int, key int, recorded_at int);
CREATE TABLE wide (name text, a text, b int, c jsonb, d text[]);
DO $$ BEGIN FOR i IN 1 .. 100 LOOP EXECUTE format('ALTER TABLE wide ADD COLUMN c%s text', i); END LOOP; END $$;

CREATE TEMP VIEW ours AS
SELECT p.oid, p.proname, n.nspname, p.prorettype, p.prosecdef, p.proconfig, p.prolang, p.proargtypes, p.oid::regprocedure::text AS signature
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE n.nspname IN ('respond', 'respond_internal');

-- SQLSTATE of a statement that is undone; NULL when it worked.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE statement;
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN OTHERS THEN
		RETURN NULLIF(SQLSTATE, 'ZZ001');
	END;
END
$$;

-- Every function, with arguments of each type in turn: NULL, empty, huge, wrong.  No internal error, and no crash.
CREATE TEMP TABLE argument (type text PRIMARY KEY, samples text[]);
INSERT INTO argument VALUES
	('text', ARRAY['NULL', '''''', '''x''', 'repeat(''{{#a}}'', 5000)', 'repeat(''x'', 1000000)', '''{{data.x}}{{#a}}''']),
	('jsonb', ARRAY['NULL', '''{}''', '''[]''', '''null''', '''{"a": 1e131071}''', '''[1, {"a": [[[]]]}]''', '(repeat(''['', 6000) || repeat('']'', 6000))::jsonb',
		'(repeat(''{"a":'', 3000) || ''1'' || repeat(''}'', 3000))::jsonb', 'jsonb_build_object(''a'', repeat(''y'', 2000000))', '''"s"''']),
	('bigint', ARRAY['NULL', '0', '-1', '9223372036854775807', '-9223372036854775807 - 1']),
	('bytea', ARRAY['NULL', '''''', '''\x00''', 'pg_catalog.decode(pg_catalog.repeat(''00'', 100), ''hex'')']),
	('integer', ARRAY['NULL', '0', '-1', '2147483647']),
	('smallint', ARRAY['NULL', '0']),
	('boolean', ARRAY['NULL', 'true', 'false']),
	('timestamp with time zone', ARRAY['NULL', 'now()', '''infinity''', '''-infinity''', '''4713-01-01 BC''']),
	('timestamp without time zone', ARRAY['NULL', '''2027-03-28 02:30''', '''infinity''', '''4713-01-01 BC''', '''294276-12-31 23:59:59''']),
	('oid', ARRAY['NULL', '0', '4294967295', '''pg_class''::regclass']),
	('regclass', ARRAY['NULL', '0', '4294967295', '''pg_class''', '''respond.event''', '''respond.worker''', '''respond.event_id_seq''', '''plain''']),
	('oid[]', ARRAY['NULL', '''{}''', '''{NULL}''', '''{0,4294967295}''', '''{{1,2},{3,4}}''']),
	('text[]', ARRAY['NULL', '''{}''', '''{NULL}''', '''{INSERT,x}''', '''{{a,b},{c,d}}''', '''{UPDATE}''']),
	('interval', ARRAY['NULL', '''0''', '''-1 day''', '''-178000000 years''']),
	('xid8', ARRAY['NULL', '''0''', '''1''', '''18446744073709551615''']),
	('pg_snapshot', ARRAY['NULL', '''1:1:''', '''1:10:5''']),
	('respond.private_text', ARRAY['NULL', '''''', '''x''', 'pg_catalog.repeat(''x'', 1000000)']),
	('respond.private_jsonb', ARRAY['NULL', '''{}''', '''[1, "a"]''']),
	('cstring', ARRAY['NULL', '''''', '''{"a": 1}''', '''{''']),
	('uuid', ARRAY['NULL', '''00000000-0000-0000-0000-000000000000''']),
	('internal', ARRAY['NULL']),
	('bigint[]', ARRAY['NULL', '''{}''', '''{NULL}''', '''{1,9223372036854775807}''', '''{{1,2},{3,4}}''']),
	('respond.audit_log', ARRAY['NULL']),
	('respond.audit_seal', ARRAY['NULL']),
	('respond.rule', ARRAY['NULL']);
SELECT is_empty($$ SELECT signature, format_type(t, NULL) FROM ours, unnest(proargtypes) AS t WHERE format_type(t, NULL) NOT IN (SELECT type FROM argument) $$,
	'every type of an argument is tried');
CREATE TEMP TABLE tried AS
SELECT call, pg_temp.outcome(call) AS outcome
  FROM (SELECT format('SELECT %I.%I(%s)', nspname, proname,
			(SELECT string_agg(format('%s::%s', (SELECT samples[1 + (CASE turn WHEN 0 THEN 0 ELSE turn * (n + 1) + n END) % cardinality(samples)] FROM argument WHERE type = format_type(t, NULL)), format_type(t, NULL)), ', ' ORDER BY n)
			   FROM unnest(proargtypes) WITH ORDINALITY AS u (t, n))) AS call
		  FROM ours, generate_series(0, 12) AS turn
		 WHERE prorettype <> 'trigger'::regtype
		 ORDER BY signature, turn) AS c;
SELECT is_empty($$ SELECT call, outcome FROM tried WHERE outcome LIKE 'XX%' $$, 'no function ends in an internal error, whatever it is given');
SELECT is_empty($$ SELECT signature FROM ours WHERE prorettype = 'trigger'::regtype AND pg_temp.outcome(format('SELECT %I.%I()', nspname, proname)) IS DISTINCT FROM '39P01' $$,
	'trigger functions cannot be called by hand');

-- Trigger functions on tables that they are not made for, at all times and levels: an error or nothing, never a crash.
CREATE FUNCTION pg_temp.misuse(function text, tab text, timing text, op text, kind text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER misuse %s %s ON %s %s FOR EACH %s EXECUTE FUNCTION %s()', timing, op, tab,
		CASE WHEN kind = 'TABLES' THEN 'REFERENCING' || CASE WHEN op <> 'INSERT' THEN ' OLD TABLE AS old_rows' ELSE '' END
			|| CASE WHEN op <> 'DELETE' THEN ' NEW TABLE AS new_rows' ELSE '' END ELSE '' END,
		CASE kind WHEN 'ROW' THEN 'ROW' ELSE 'STATEMENT' END, function);
	EXECUTE CASE op
		WHEN 'INSERT' THEN format('INSERT INTO %s (name) VALUES (''2'')', tab)
		WHEN 'UPDATE' THEN format('UPDATE %s SET name = ''3''', tab)
		WHEN 'DELETE' THEN 'DELETE FROM ' || tab
		ELSE 'TRUNCATE ' || tab END;
	RETURN 'worked';
END
$$;
ALTER TABLE plain ALTER id SET DEFAULT 2, ALTER source SET DEFAULT 1, ALTER key SET DEFAULT 1;
INSERT INTO plain (id, status, name) VALUES (1, 1, 1);
INSERT INTO wide (name) VALUES ('1');
SELECT is_empty($$
	SELECT * FROM (SELECT f, tab, timing, op, kind, pg_temp.outcome(format('SELECT pg_temp.misuse(%L, %L, %L, %L, %L)', f, tab, timing, op, kind)) AS outcome
	  FROM (SELECT oid::regproc::text AS f FROM ours WHERE prorettype = 'trigger'::regtype) AS functions,
		unnest(ARRAY['plain', 'wide']) AS tab, unnest(ARRAY['BEFORE', 'AFTER']) AS timing,
		unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS op, unnest(ARRAY['ROW', 'STATEMENT', 'TABLES']) AS kind
	 WHERE NOT (op = 'TRUNCATE' AND kind <> 'STATEMENT') AND NOT (timing = 'BEFORE' AND kind = 'TABLES')
	   -- these are for any table
	   AND f NOT IN ('respond.capture', 'respond_internal.audit_row', 'respond_internal.audit_guard', 'respond_internal.rules_changed')) AS m
	 WHERE outcome IS DISTINCT FROM '39P01' $$, 'trigger functions refuse tables and events that they are not made for');

-- Functions that run as the workers' role.
SELECT is_empty($$ SELECT signature FROM ours WHERE prosecdef AND NOT (proconfig @> ARRAY['search_path=pg_catalog, pg_temp']) $$, 'they all have a search_path');
SELECT set_eq($$ SELECT proname::text FROM ours WHERE prosecdef $$, ARRAY['hold', 'release', 'accept_clock', 'retry_set_aside', 'health', 'acknowledge', 'settle', 'replay', 'retry', 'retry_channel', 'discard', 'has_secret', 'inbound_secrets', 'seal_audit', 'audit_head', 'verify_audit'], 'they are few');

-- Names that shadow ours, in public and in pg_temp, first in search_path.
CREATE TABLE pg_temp.event (type text, data jsonb);
CREATE TABLE pg_temp.rule (name text, enabled boolean);
CREATE SCHEMA shadow;
CREATE FUNCTION shadow.trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadowed' USING ERRCODE = 'ZZ002'; END $$;
CREATE FUNCTION shadow.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT shadow.trap()';
CREATE FUNCTION shadow.equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT shadow.trap()';
CREATE OPERATOR shadow.= (LEFTARG = text, RIGHTARG = text, FUNCTION = shadow.equal);
CREATE OPERATOR shadow.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = shadow.equal);
CREATE FUNCTION shadow.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT shadow.trap(); SELECT pg_catalog.now()';
CREATE FUNCTION shadow.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT shadow.trap()::text';
CREATE FUNCTION shadow.count(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint WHERE shadow.trap()';
INSERT INTO respond.rule (name, event_type, steps) VALUES ('shadowed', 'sh.*', '[]');
CREATE FUNCTION pg_temp.among_shadows(statement text) RETURNS text LANGUAGE plpgsql SET search_path = shadow, pg_temp, pg_catalog, public AS $$
BEGIN
	EXECUTE statement;
	RETURN 'worked';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END
$$;
SELECT is(pg_temp.among_shadows($$ SELECT respond.emit('sh.a', key => 'shadow'), respond.emit('sh.a', key => 'shadow') $$), 'worked', 'shadows: emit()');
SELECT is(pg_temp.among_shadows($$ SELECT respond.simulate('sh.a'), respond.export_rules(), respond.import_rules(respond.export_rules()), respond.rule_map(), respond.rule_doc('shadowed') $$), 'worked', 'shadows: tools');
SELECT is(pg_temp.among_shadows($$ SELECT respond.start('shadowed'), respond.replay('-infinity', 'infinity', 'shadowed'), respond.hold(), respond.release() $$), 'worked', 'shadows: operations');
SELECT is(pg_temp.among_shadows($$ SELECT respond.health() $$), 'worked', 'shadows: health()');
SELECT is(pg_temp.among_shadows($$ INSERT INTO respond.team (name) VALUES ('shadow'); INSERT INTO respond.ticket (subject, team, key) VALUES ('s', 'shadow', 'k'); UPDATE respond.ticket SET status = 'open' WHERE pg_catalog.texteq(key, 'k');
	UPDATE respond.team SET name = 'shadow 2' WHERE pg_catalog.texteq(name, 'shadow'); INSERT INTO respond.comment (ticket_id, body) SELECT max(id), 'c' FROM respond.ticket; DELETE FROM respond.ticket WHERE pg_catalog.texteq(key, 'k') $$), 'worked', 'shadows: desk');
SELECT is(pg_temp.among_shadows($$ SELECT * FROM respond.worker, respond.lag, respond.rule_stats, respond.dead_letter; SELECT cloud_event FROM respond.cloud_event $$), 'worked', 'shadows: views');

-- A session that looks like a restore is one only for a superuser who is one himself.
CREATE ROLE security_test_user;
GRANT respond_admin TO security_test_user;
CREATE FUNCTION public.solve(number bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'UPDATE respond.ticket SET status = ''solved'' WHERE id = number';
INSERT INTO respond.ticket (subject) VALUES ('definer') RETURNING id AS ticket \gset
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE security_test_user;
SELECT public.solve(:ticket);
RESET ROLE;
SET LOCAL check_function_bodies = on;
SELECT is((SELECT count(*) FROM respond.ticket_history WHERE ticket_id = :ticket AND field = 'status'), 1::bigint, 'a function with SECURITY DEFINER cannot be made to change a ticket without a record');
SET LOCAL ROLE security_test_user;
SET LOCAL check_function_bodies = off;
SET LOCAL search_path = '';
SELECT pg_temp.outcome('INSERT INTO respond.rule (name, event_type, owner) VALUES (''forged'', ''x'', ''respond_worker'')') AS forging \gset
RESET search_path;
SELECT is(:'forging'::text, '42501', 'an admin cannot make a rule for somebody else, in the guise of a restore neither');
SELECT throws_ok('INSERT INTO respond.rule (name, event_type, owner) VALUES (''forged'', ''x'', session_user)', '42501', NULL, 'nor one that acts as a superuser');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['CREATE TRIGGER t BEFORE INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE POLICY p ON respond.event USING (true)', 'CREATE RULE r AS ON INSERT TO respond.event DO NOTHING', 'ALTER TABLE respond.rule DISABLE TRIGGER ALL',
	'CREATE FUNCTION respond.f() RETURNS int LANGUAGE sql AS ''SELECT 1''', 'CREATE TABLE respond_internal.t ()', 'TRUNCATE respond.rule', 'LOCK TABLE respond.event IN ACCESS EXCLUSIVE MODE',
	'INSERT INTO respond_internal.requeue (event_id, recorded_at) VALUES (1, now())', 'UPDATE respond_internal.state SET hold = NULL', 'DELETE FROM respond.event',
	'INSERT INTO respond.event (type, actor) VALUES (''x'', ''y'')', 'INSERT INTO respond.event (type, depth) VALUES (''x'', 0)', 'INSERT INTO respond.event (type, xid) VALUES (''x'', ''3'')',
	'INSERT INTO respond.event (type, recorded_at) VALUES (''x'', ''2000-01-01'')', 'INSERT INTO respond.event (type, cause) VALUES (''x'', 1)', 'INSERT INTO respond.event_default (type) VALUES (''x'')',
	'SELECT respond_internal.audit(''a'', ''b'', ''c'', NULL, NULL)', 'SELECT respond_internal.announce_hold(false)', 'SELECT respond_internal.adopt()',
	'SELECT setval(''respond.run_id_seq'', 1)', 'ALTER ROLE respond_worker PASSWORD ''x''', 'GRANT respond_worker TO security_test_user', 'CREATE TABLE public_reference (id bigint REFERENCES respond.ticket)',
	'COPY respond.rule TO PROGRAM ''true''', 'DROP EXTENSION pg_respond']) AS s;
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
