-- Errors and rows of rules' SQL: their owner and superusers see them, others the class, the place and the run.
CREATE FUNCTION pg_temp.wait_for(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	done boolean := false;
BEGIN
	FOR i IN 1 .. 3000 LOOP
		EXECUTE query INTO done;
		EXIT WHEN done;
		PERFORM pg_sleep(0.01);
	END LOOP;
	IF NOT done THEN
		RAISE EXCEPTION 'waited in vain for: %', query;
	END IF;
END
$$;
CREATE ROLE private_test_owner;
CREATE ROLE private_test_member IN ROLE private_test_owner, respond_admin;
CREATE ROLE private_test_admin IN ROLE respond_admin;
CREATE ROLE private_test_agent IN ROLE respond_agent;
CREATE ROLE private_test_auditor IN ROLE respond_auditor;
CREATE TABLE public.private_test_secret (v text);
INSERT INTO public.private_test_secret VALUES ('TOP1');
GRANT SELECT ON public.private_test_secret TO private_test_owner;
INSERT INTO respond.rule (name, event_type, owner, condition, steps, on_failure, shadow) VALUES
	('pv condition', 'pv.x', 'private_test_owner', $$((SELECT v FROM public.private_test_secret) || '')::int = 1$$, '[]', NULL, false),
	('pv rows', 'pv.x', 'private_test_owner', NULL, '[{"action": "sql", "name": "q", "sql": "SELECT v FROM public.private_test_secret"}, {"action": "set", "name": "s", "expression": "steps -> ''q''"}, {"action": "log", "name": "l", "text": "done"}]', NULL, false),
	('pv step', 'pv.x', 'private_test_owner', NULL, '[{"action": "sql", "name": "q", "sql": "SELECT (v || ''!'')::int FROM public.private_test_secret"}]', NULL, false),
	('pv caught', 'pv.x', 'private_test_owner', NULL, '[{"action": "sql", "name": "q", "sql": "SELECT v::date FROM public.private_test_secret"}]', '[{"action": "log", "text": "caught"}]', false),
	('pv ours', 'pv.x', 'private_test_owner', NULL, '[{"action": "sql", "name": "q", "sql": "SELECT v FROM public.private_test_secret"}, {"action": "ticket", "subject": "x", "team": "{{steps.q.rows.0.v}}"}]', NULL, false),
	('pv fail', 'pv.x', 'private_test_owner', NULL, '[{"action": "fail", "text": "in the author''s words"}]', NULL, false),
	('pv shadow', 'pv.x', 'private_test_owner', NULL, '[{"action": "log", "text": "{{data.x}}"}, {"action": "log", "if": "((SELECT v FROM public.private_test_secret) || '''')::int = 1", "text": "y"}]', NULL, true);
INSERT INTO respond.event (type, data) VALUES ('pv.x', '{"x": "of the event"}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 7 FROM respond.run WHERE event_id = %s', :event));

-- superusers and members of the owner
SELECT rule, status, step, error, state FROM respond.run WHERE event_id = :event ORDER BY rule;
SET ROLE private_test_member;
SELECT count(*) FILTER (WHERE error LIKE '%TOP1%') AS errors, count(*) FILTER (WHERE state::text LIKE '%TOP1%') AS states FROM respond.run WHERE event_id = :event;
SELECT rule, failed_test FROM respond.simulate('pv.x') WHERE rule = 'pv condition';
RESET ROLE;

-- everybody else, whichever way they read
SET ROLE private_test_admin;
SELECT rule, status, step, regexp_replace(error, '[0-9]+$', 'N') AS error, regexp_replace(state::text, 'run [0-9]+', 'run N', 'g') AS state FROM respond.run WHERE event_id = :event ORDER BY rule;
SELECT count(*) AS leaks FROM respond.run AS r
 WHERE r::text LIKE '%TOP1%' OR to_jsonb(r)::text LIKE '%TOP1%' OR row_to_json(r)::text LIKE '%TOP1%' OR error = 'x' OR error || '' LIKE '%TOP1%'
	OR concat(error, state) LIKE '%TOP1%' OR format('%s %s', error, state) LIKE '%TOP1%' OR coalesce(state -> 'q' ->> 'rows', '') <> '' OR state @> '{"q": {"rows": []}}' OR array_to_string(ARRAY[error], '') LIKE '%TOP1%';
SELECT count(*) AS leaks FROM (SELECT max(error) AS a, string_agg(error, ',') AS b, jsonb_agg(state)::text AS c, json_agg(error)::text AS d FROM respond.run) AS x WHERE x::text LIKE '%TOP1%';
SELECT count(*) > 0 AS groups FROM (SELECT DISTINCT error FROM respond.run GROUP BY error ORDER BY error) AS g;
SELECT count(*) AS copies FROM (SELECT DISTINCT r.* FROM respond.run AS r WHERE event_id = :event UNION SELECT * FROM respond.run WHERE event_id = :event) AS r;
SELECT state, count(*) FROM respond.run WHERE event_id = :event AND rule IN ('pv rows', 'pv fail') GROUP BY state ORDER BY state;
CREATE TEMP TABLE private_test_copy AS SELECT * FROM respond.run WHERE event_id = :event;
SELECT count(*) AS leaks FROM private_test_copy AS c WHERE c::text LIKE '%TOP1%';
COPY (SELECT error FROM respond.run WHERE rule = 'pv step' AND error::text LIKE '%TOP1%') TO STDOUT;
SELECT rule, regexp_replace(failed_test, '[0-9]+$', 'N') AS failed_test, steps FROM respond.simulate('pv.x', '{"x": "mine"}') WHERE rule IN ('pv condition', 'pv shadow');
SELECT rule, fired, regexp_replace(reason, '[0-9]+$', 'N') AS reason FROM respond.explain(:event) WHERE rule = 'pv condition';
SELECT count(*) AS leaks FROM respond.explain(:event) AS e WHERE e::text LIKE '%TOP1%';
SELECT count(*) AS leaks FROM respond.dead_letter AS d WHERE d::text LIKE '%TOP1%';
SELECT count(*) AS leaks FROM respond.event AS e WHERE e.data::text LIKE '%TOP1%';
SELECT count(*) AS leaks FROM respond.audit_log AS a WHERE a::text LIKE '%TOP1%';
SET ROLE private_test_auditor;
SELECT count(*) AS leaks FROM respond.run AS r WHERE r::text LIKE '%TOP1%';
RESET ROLE;
UPDATE respond.rule SET start_roles = '{private_test_agent}' WHERE name LIKE 'pv %';
SET ROLE private_test_agent;
SELECT count(*) AS leaks FROM respond.run AS r WHERE r::text LIKE '%TOP1%' OR r::text LIKE '%of the event%';
SELECT count(*) FROM respond.run WHERE error LIKE 'steps[0]: invalid_text_representation (SQLSTATE 22P02)%run ' || id;
RESET ROLE;

-- what the SQL says by the way, and what it raises with the class of a cancel
GRANT CREATE ON SCHEMA public TO private_test_owner;
SET ROLE private_test_owner;
CREATE FUNCTION public.private_test_talk() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE s text := (SELECT v FROM public.private_test_secret);
BEGIN RAISE INFO 'info %', s; RAISE WARNING 'warning %', s; RAISE NOTICE 'notice %', s; RAISE LOG 'log %', s; RETURN true; END $$;
CREATE FUNCTION public.private_test_end() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE s text := (SELECT v FROM public.private_test_secret);
BEGIN RAISE EXCEPTION 'message %', s USING ERRCODE = '57P03', DETAIL = s, HINT = s, COLUMN = s; END $$;
CREATE FUNCTION public.private_test_wait() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE s text := (SELECT v FROM public.private_test_secret);
BEGIN EXECUTE format('SELECT pg_sleep(600) /* %s */', s); RETURN true; END $$;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM private_test_owner;
INSERT INTO respond.rule (name, event_type, owner, condition, start_roles) VALUES
	('pv talks', 'pv.talks', 'private_test_owner', 'public.private_test_talk()', '{private_test_admin}'),
	('pv ends', 'pv.ends', 'private_test_owner', 'public.private_test_end()', NULL),
	('pv waits', 'pv.waits', 'private_test_owner', 'public.private_test_wait()', NULL);
INSERT INTO respond.event (type) VALUES ('pv.talks') RETURNING id AS talks \gset
SET ROLE private_test_admin;
SELECT rule, matched FROM respond.simulate('pv.talks') WHERE rule = 'pv talks';
SELECT rule, matched FROM respond_internal.simulate_rules('pv.talks', '{}', NULL, NULL, NULL, NULL) WHERE rule = 'pv talks';
SELECT count(*) FROM respond.explain(:talks) WHERE rule = 'pv talks';
SELECT respond.replay('-infinity', 'infinity', 'pv talks');
SELECT count(*) FROM respond.simulate('pv.ends');
SELECT count(*) FROM respond_internal.simulate_rules('pv.ends', '{}', NULL, NULL, NULL, NULL);
SET statement_timeout = '200ms';
SELECT count(*) FROM respond_internal.simulate_rules('pv.waits', '{}', NULL, NULL, NULL, NULL);
RESET statement_timeout;
SET ROLE private_test_member;
SELECT rule, matched FROM respond.simulate('pv.talks') WHERE rule = 'pv talks';
SELECT count(*) FROM respond.simulate('pv.ends');
RESET ROLE;
DROP FUNCTION public.private_test_talk, public.private_test_end, public.private_test_wait;

-- what users write is for everybody
CREATE TEMP TABLE private_test_own (t respond.private_text, j respond.private_jsonb);
INSERT INTO private_test_own VALUES ('a', '{"a": 1}'), ('b'::text, '{"a": 2}'::jsonb), (NULL, NULL);
GRANT SELECT ON private_test_own TO private_test_agent;
SET ROLE private_test_agent;
SELECT t, j, j -> 'a' AS a, t = 'a' AS same, t || '!' AS more, length(t), t < 'b'::respond.private_text AS less, t LIKE 'a' AS alike FROM private_test_own ORDER BY t;
SELECT t FROM private_test_own UNION ALL SELECT 'c'::text ORDER BY 1;
RESET ROLE;
INSERT INTO private_test_own (j) VALUES ('{');
DROP TABLE private_test_own;
DELETE FROM respond.rule WHERE name LIKE 'pv %';
DROP TABLE public.private_test_secret, private_test_copy;
DROP OWNED BY private_test_owner, private_test_member, private_test_admin, private_test_agent, private_test_auditor;
DROP ROLE private_test_owner, private_test_member, private_test_admin, private_test_agent, private_test_auditor;
