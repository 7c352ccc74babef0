-- What somebody plants in the search_path of a session never runs in SQL of ours, whoever's session it is.
--
-- A schema in front of everything holds an operator and a function for each of pg_catalog's with the same arguments, a domain for
-- each of its types, and a view for each relation of ours; temporary views have the names of catalogs and of our tables.  Each of
-- them counts when it runs.  Then every function of schema respond is called and every table of ours is written by every role:
-- nothing may have run, and everything must end as it does without the plants.
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT no_plan();

CREATE ROLE planted_owner;
CREATE ROLE planted_admin; GRANT respond_admin TO planted_admin;
CREATE SCHEMA eve;
GRANT ALL ON SCHEMA eve, public TO PUBLIC;
CREATE SEQUENCE eve.ran;
GRANT ALL ON SEQUENCE eve.ran TO PUBLIC;
CREATE FUNCTION eve.noted() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval('eve.ran'); RETURN true; END $$;
SET search_path = pg_catalog;

-- Functions, then operators that call functions of their own.
DO $$
DECLARE
	f record;
	body CONSTANT text := 'BEGIN PERFORM pg_catalog.nextval(''eve.ran''); RETURN%s; END';
BEGIN
	FOR f IN
		SELECT p.proname, p.oidvectortypes, p.prorettype::regtype AS result, p.proretset
		  FROM (SELECT p.*, oidvectortypes(p.proargtypes) FROM pg_proc AS p
				 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a', 'w') AND p.provariadic = 0
				   AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t JOIN pg_type AS y ON y.oid = t WHERE y.typtype = 'p')
				   AND NOT EXISTS (SELECT FROM pg_type AS y WHERE y.oid = p.prorettype AND y.typtype = 'p' AND y.typname <> 'void')) AS p
	LOOP
		EXECUTE format('CREATE OR REPLACE FUNCTION eve.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS %L', f.proname, f.oidvectortypes,
			CASE WHEN f.proretset THEN 'SETOF ' ELSE '' END, f.result,
			format(body, CASE WHEN f.proretset OR f.result = 'void'::regtype THEN '' ELSE ' NULL' END));
	END LOOP;
	FOR f IN
		SELECT o.oid, o.oprname, o.oprleft, o.oprleft::regtype AS "left", o.oprright::regtype AS "right", o.oprresult::regtype AS result
		  FROM pg_operator AS o
		 WHERE o.oprnamespace = 'pg_catalog'::regnamespace
		   AND NOT EXISTS (SELECT FROM unnest(ARRAY[o.oprleft, o.oprright, o.oprresult]) AS t JOIN pg_type AS y ON y.oid = t WHERE y.typtype = 'p')
	LOOP
		EXECUTE format('CREATE FUNCTION eve.operator_%s(%s%s) RETURNS %s LANGUAGE plpgsql AS %L', f.oid,
			CASE WHEN f.oprleft <> 0 THEN f."left" || ', ' ELSE '' END, f."right", f.result, format(body, ' NULL'));
		EXECUTE format('CREATE OPERATOR eve.%s (%sRIGHTARG = %s, FUNCTION = eve.operator_%s)', f.oprname,
			CASE WHEN f.oprleft <> 0 THEN 'LEFTARG = ' || f."left" || ', ' ELSE '' END, f."right", f.oid);
	END LOOP;
	FOR f IN
		SELECT DISTINCT ON (c.relname) c.oid::regclass AS name, c.relname FROM pg_class AS c
		 WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
		   AND (c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
				OR (c.relnamespace = 'pg_catalog'::regnamespace AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atttypid = 'anyarray'::regtype OR a.atttypid = 'pg_statistic[]'::regtype))))
		 ORDER BY c.relname, c.relkind
	LOOP
		EXECUTE format('CREATE VIEW eve.%I AS SELECT * FROM %s WHERE eve.noted()', f.relname, f.name);
		EXECUTE format('CREATE TEMP VIEW %I AS SELECT * FROM %s WHERE eve.noted()', f.relname, f.name);
		EXECUTE format('GRANT ALL ON eve.%I, pg_temp.%I TO PUBLIC', f.relname, f.relname);
	END LOOP;
	FOR f IN
		SELECT t.typname, t.oid::regtype AS name FROM pg_type AS t
		 WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm') AND t.typelem = 0 AND t.typname NOT LIKE '\_%'
	LOOP
		EXECUTE format('CREATE DOMAIN eve.%I AS %s CHECK (eve.noted())', f.typname, 'pg_catalog.' || quote_ident(f.typname));
		EXECUTE format('CREATE DOMAIN pg_temp.%I AS %s CHECK (eve.noted())', f.typname, 'pg_catalog.' || quote_ident(f.typname));
	END LOOP;
END
$$;
SET search_path = pg_catalog, public, pg_temp;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA eve TO PUBLIC;

-- How a statement ends (SQLSTATE; ZZ001 when it worked) as which role and under which path, and whether a plant ran; it is undone.
CREATE FUNCTION public.outcome(caller text, path text, statement text, OUT state text, OUT ran boolean) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_catalog.setval('eve.ran', 1, false);
	BEGIN
		PERFORM pg_catalog.set_config('role', caller, true);
		PERFORM pg_catalog.set_config('search_path', path, true);
		EXECUTE statement;
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN OTHERS THEN
		state := SQLSTATE;
	END;
	SELECT s.is_called INTO ran FROM eve.ran AS s;
END
$$;

-- What there is to work with.
INSERT INTO respond.team (name) VALUES ('planted'), ('planted too');
INSERT INTO respond.channel_kind (name, transport, url) VALUES ('planted_kind', 'http', 'https://provider.example/x'), ('planted_unused', 'http', 'https://provider.example/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('planted', 'webhook', 'https://receiver.example/{{data.x}}'), ('planted kind', 'planted_kind', NULL);
INSERT INTO respond.rule (name, event_type, condition, steps) VALUES
	('planted', 'planted', $$ data ->> 'x' = 'y' AND lower(subject) || 'z' <> 'q' AND EXISTS (SELECT FROM respond.team AS t WHERE t.name = 'planted') $$,
	'[{"action": "ticket", "subject": "{{data.x}}", "team": "planted", "key": "k"}, {"action": "notify", "channel": "planted", "text": "x"},
	  {"action": "sql", "sql": "SELECT count(*) FROM respond.team AS t WHERE t.name = {{data.x}}"}, {"action": "set", "values": {"a": "{{data.x}}"}}]');
INSERT INTO respond.ticket (subject, team, key) VALUES ('planted', 'planted', 'planted');
INSERT INTO respond.comment (ticket_id, body) SELECT max(id), 'planted' FROM respond.ticket;
INSERT INTO respond.mute (event_type) VALUES ('planted.mute');
INSERT INTO respond.mask (event_type, path) VALUES ('planted', 'card');
INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('planted', 'planted', 'planted');
INSERT INTO respond.event (type, source, key, data) VALUES ('planted', '/planted', 'known', '{"x": "y", "card": 1}');
CREATE TABLE public.watched (id bigint PRIMARY KEY, t text, n numeric, j jsonb, a text[], at timestamptz, r tstzrange);
ALTER TABLE public.watched OWNER TO planted_owner;
GRANT respond_producer TO planted_owner;
SELECT respond.watch('public.watched', 'planted.watched', subject => '{{new.t}}');
SELECT respond.watch('public.watched', 'planted.subject', subject => 'NEW.t || ''x''');
INSERT INTO public.watched VALUES (1, 'a', 1.5, '{}', '{a}', now(), '[2026-01-01,)');

CREATE TEMP TABLE caller (name text);
INSERT INTO caller VALUES (current_user), ('planted_admin'), ('respond_admin'), ('respond_agent'), ('respond_producer'), ('respond_auditor'), ('planted_owner');
CREATE TEMP TABLE statement (text text);

-- Every function, twice: with nothing, and with what it may know.
INSERT INTO statement
SELECT format('SELECT %I.%I(%s)', n.nspname, p.proname,
		(SELECT string_agg(CASE turn WHEN 0 THEN 'NULL' ELSE
				CASE WHEN y.typname IN ('text', 'name') THEN '''planted''' WHEN y.typname = 'jsonb' THEN '''{"x": "y"}''' WHEN y.typname LIKE 'int_' THEN '1'
					WHEN y.typname = 'timestamptz' THEN '''2026-01-01''' WHEN y.typname = 'regclass' THEN '''public.watched''' WHEN y.typname = 'bool' THEN 'true'
					WHEN y.typname = '_text' THEN '''{UPDATE}''' ELSE 'NULL' END
				END || '::' || quote_ident(z.nspname) || '.' || quote_ident(y.typname), ', ' ORDER BY u.n)
		   FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, n) JOIN pg_type AS y ON y.oid = u.t JOIN pg_namespace AS z ON z.oid = y.typnamespace))
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, generate_series(0, 1) AS turn
 WHERE n.nspname IN ('respond', 'respond_internal') AND p.prorettype <> 'trigger'::regtype AND p.prorettype <> 'event_trigger'::regtype;

-- Every table: each kind of write, as far as a statement can say it without knowing the table.
INSERT INTO statement
SELECT format(s.text, c.oid::regclass, quote_ident(a.attname))
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1,
	   (VALUES ('INSERT INTO %1$s DEFAULT VALUES'), ('INSERT INTO %1$s SELECT * FROM %1$s'), ('UPDATE %1$s SET %2$s = %2$s'), ('UPDATE %1$s SET %2$s = DEFAULT'),
		('DELETE FROM %1$s'), ('TRUNCATE %1$s'), ('SELECT * FROM %1$s'), ('LOCK TABLE %1$s IN ROW SHARE MODE')) AS s (text)
 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition;

-- Writes that reach what triggers look up.
INSERT INTO statement VALUES
	($$INSERT INTO respond.event (type, source, key) VALUES ('planted', '/planted', 'known'), ('planted', '/planted', 'new')$$),
	($$SELECT respond.emit('planted', '{"x": "y"}', source => '/planted', key => 'known')$$),
	($$DELETE FROM respond.channel_kind WHERE name OPERATOR(pg_catalog.=) 'planted_unused'$$),
	($$DELETE FROM respond.channel_kind WHERE name OPERATOR(pg_catalog.=) 'planted_kind'$$),
	($$UPDATE respond.channel_kind SET description = 'x' WHERE name OPERATOR(pg_catalog.=) 'planted_kind'$$),
	($$INSERT INTO respond.channel (name, kind, url) VALUES ('p', 'webhook', 'https://receiver.example/')$$),
	($$INSERT INTO respond.channel (name, kind, url, secret) VALUES ('p', 'webhook', 'https://receiver.example/', 'x')$$),
	($$UPDATE respond.channel SET url = 'https://other.example/' WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$DELETE FROM respond.channel WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$SELECT respond.set_secret('planted', 'x'), respond.set_secret('planted', NULL)$$),
	($$INSERT INTO respond.ticket (subject, team, key, tags) VALUES ('x', 'planted', 'other', '{a}'), ('x', 'nobody', 'x', '{}')$$),
	($$INSERT INTO respond.ticket (subject, team, key, tags) VALUES ('x', 'planted', 'other', '{a}')$$),
	($$UPDATE respond.ticket SET team = 'planted too', status = 'solved', fields = '{"a": 1}'$$),
	($$INSERT INTO respond.comment (ticket_id, body) VALUES (1, 'x')$$),
	($$UPDATE respond.team SET name = 'renamed' WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$DELETE FROM respond.team WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$DELETE FROM respond.team WHERE name OPERATOR(pg_catalog.=) 'planted too'$$),
	($$UPDATE respond.rule SET description = 'x' WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$UPDATE respond.rule SET condition = 'lower(type) = ''planted''', name = 'other' WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$DELETE FROM respond.rule WHERE name OPERATOR(pg_catalog.=) 'planted'$$),
	($$INSERT INTO respond.rule (name, event_type, condition, steps) VALUES ('p', 'p', 'type || subject = lower(''x'')', '[{"action": "log", "text": "{{data.x}}"}]')$$),
	($$INSERT INTO respond.mute (event_type, pattern) VALUES ('p', '{"data": {"x": ["y"]}}')$$),
	($$INSERT INTO respond.mask (path) VALUES ('a.b')$$),
	($$INSERT INTO respond.route (name, event_type, notify_channel, payload) VALUES ('p', 'p', 'p', '{{data.x}}')$$),
	($$SELECT * FROM respond.simulate('planted', '{"x": "y"}', 'S', '/planted', 'key')$$),
	($$SELECT respond.import_rules(respond.export_rules())$$),
	($$SELECT respond.unwatch('public.watched')$$),
	($$SELECT respond.watch('public.watched', 'planted.more', '{INSERT,DELETE}', NULL, NULL, '{{new.id}}')$$),
	($$INSERT INTO public.watched VALUES (2, 'b', 2.5, '{"a": 1}', '{b,c}', '2026-01-01', '[2026-01-01,)')$$),
	($$UPDATE public.watched SET t = 'z'$$),
	($$DELETE FROM public.watched$$),
	($$TRUNCATE public.watched$$),
	($$DROP EXTENSION pg_respond CASCADE$$);

-- With the plants and without, in either order of a session's first use.
CREATE TEMP TABLE outcome AS
SELECT c.name AS caller, s.text AS statement, planted.state AS planted, plain.state AS plain, planted.ran
  FROM pg_temp.caller AS c CROSS JOIN pg_temp.statement AS s
 CROSS JOIN LATERAL public.outcome(c.name, 'eve, pg_temp, pg_catalog, public', s.text) AS planted
 CROSS JOIN LATERAL public.outcome(c.name, 'pg_catalog, public', s.text) AS plain;
SELECT cmp_ok(count(*), '>', 1000::bigint, 'functions and tables were tried by each role') FROM pg_temp.outcome;
SELECT is_empty($$ SELECT caller, statement FROM pg_temp.outcome WHERE ran $$, 'nothing that was planted in the search_path ran');
SELECT is_empty($$ SELECT caller, statement, planted, plain FROM pg_temp.outcome WHERE planted IS DISTINCT FROM plain $$,
	'every statement ends as it does without what was planted');
SELECT cmp_ok(count(*), '>', 500::bigint, 'many of them worked') FROM pg_temp.outcome WHERE plain = 'ZZ001';

-- Settings that change what SQL means do not change what ours does.
CREATE TEMP TABLE setting (name text, value text);
INSERT INTO setting VALUES ('row_security', 'off'), ('transform_null_equals', 'on'), ('standard_conforming_strings', 'off'), ('backslash_quote', 'on'),
	('array_nulls', 'off'), ('quote_all_identifiers', 'on'), ('DateStyle', 'SQL, DMY'), ('IntervalStyle', 'sql_standard'), ('TimeZone', 'Asia/Kathmandu'),
	('extra_float_digits', '-15'), ('bytea_output', 'escape'), ('xmlbinary', 'hex'), ('xmloption', 'document'), ('check_function_bodies', 'off'),
	('plpgsql.extra_errors', 'all'), ('plpgsql.variable_conflict', 'error'), ('enable_seqscan', 'off'), ('enable_indexscan', 'off'), ('plan_cache_mode', 'force_generic_plan'),
	('default_transaction_read_only', 'on'), ('escape_string_warning', 'off'), ('lc_numeric', 'C'),
	('jit', 'off'), ('join_collapse_limit', '1'), ('default_table_access_method', 'heap'), ('constraint_exclusion', 'on');
DELETE FROM setting WHERE name NOT IN (SELECT s.name FROM pg_settings AS s);
CREATE FUNCTION pg_temp.with_settings(caller text, statement text, which text, OUT state text) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM set_config(s.name, s.value, true) FROM pg_temp.setting AS s WHERE s.name = which OR which IS NULL;
		SELECT o.state INTO state FROM public.outcome(caller, 'pg_catalog, public', statement) AS o;
		RAISE EXCEPTION USING ERRCODE = 'ZZ002';
	EXCEPTION WHEN SQLSTATE 'ZZ002' THEN
		NULL;
	END;
END
$$;
-- Whoever asks for all rows, or none, is refused those of tables with row level security by the server.
CREATE TEMP TABLE guarded AS SELECT c.oid::regclass::text AS name FROM pg_class AS c WHERE c.relnamespace = 'respond'::regnamespace AND c.relrowsecurity
	UNION ALL SELECT unnest('{respond.waiting,respond.dead_letter,respond.rule_stats}'::text[]);
SELECT is_empty($$ SELECT o.caller, o.statement, o.plain, w.state FROM pg_temp.outcome AS o CROSS JOIN LATERAL pg_temp.with_settings(o.caller, o.statement, NULL) AS w
	WHERE o.caller IN (current_user, 'planted_admin', 'planted_owner') AND w.state IS DISTINCT FROM o.plain
	  AND NOT (w.state = '42501' AND o.caller = 'planted_admin'
			AND EXISTS (SELECT FROM guarded AS g WHERE o.statement ~ ('^(SELECT [*] FROM|INSERT INTO|UPDATE|DELETE FROM) ' || g.name || '( |$)'))) $$, 'every statement ends as it does with the usual settings');

SELECT ok(ran, 'what was planted does run where a name is not qualified')
  FROM public.outcome(current_user, 'eve, pg_temp, pg_catalog, public', 'SELECT FROM respond.team WHERE name = ''x''');

SELECT * FROM finish();
ROLLBACK;
