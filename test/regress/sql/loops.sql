-- Loops without waits, in one session: each kind of items, failures, laid down after every attempt.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.in_parts(rule text, event bigint, attempts integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	saved jsonb;
BEGIN
	saved := respond_internal.begin_run(rule, 1, event, attempts);
	WHILE saved IS NOT NULL LOOP
		saved := respond_internal.continue_run(saved, attempts);
	END LOOP;
	RETURN (SELECT concat_ws(' ', r.status, r.state::text, regexp_replace(r.error::text, E'\n', ' ', 'g')) FROM respond.run AS r WHERE r.rule = in_parts.rule ORDER BY r.id DESC LIMIT 1);
END
$$;
INSERT INTO respond.rule (name, event_type, steps) VALUES
	('array', 'never', '[{"action": "foreach", "name": "l", "items": "data.list", "steps": [{"action": "set", "values": {"v": "{{item}}", "i": "{{item_index}}", "n": "{{item.n}}"}}]}]'),
	('sql', 'never', '[{"action": "foreach", "name": "l", "query": "SELECT g AS n, g % 2 = 0 AS even FROM generate_series(1, 3) AS g", "as": "r", "steps": [{"action": "sql", "name": "s", "sql": "SELECT {{r.n}}::integer * 2 AS twice, {{r}}::jsonb AS r, {{r_index}} AS i", "if": "NOT {{r.even}}::boolean"}]}]'),
	('nested', 'never', '[{"action": "foreach", "name": "l", "items": [[1, 2], [], [3]], "as": "a", "steps": [{"action": "foreach", "name": "m", "items": "a", "as": "b", "batch": 2, "mode": "parallel", "steps": [{"action": "log", "message": "{{a_index}} {{b_index}} {{b.0}} {{b.1}}"}]}, {"action": "set", "values": "{{steps.m.count}}"}]}]'),
	('continue', 'never', '[{"action": "foreach", "name": "l", "items": [1, 0, 2], "on_item_failure": "continue", "steps": [{"action": "set", "name": "s", "sql": "6 / {{item}}::integer"}]}, {"action": "log", "message": "{{steps.l.failed}} {{steps.s}}"}]'),
	('stop', 'never', '[{"action": "foreach", "name": "l", "items": [1, 0, 2], "steps": [{"action": "set", "name": "s", "sql": "6 / {{item}}::integer"}], "max_attempts": 2}]'),
	('many', 'never', '[{"action": "foreach", "name": "l", "query": "SELECT g AS n FROM generate_series(1, 2500) AS g", "steps": [{"action": "stop"}]}]');
SELECT respond.emit('none', '{"list": [1, "two", null, {"n": 3}, [4]]}') AS event \gset
SELECT rule, pg_temp.in_parts(rule, :event, 1) AS step_by_step, pg_temp.in_parts(rule, :event, 1) = pg_temp.in_parts(rule, :event, NULL) AS same
  FROM unnest('{array,sql,nested,continue,stop}'::text[]) AS rule;
SELECT length(pg_temp.in_parts('many', :event, 100)) > 1000 AS done;
SELECT jsonb_array_length(state -> 'l' -> 'items'), state -> 'l' -> 'succeeded' AS succeeded, state -> 'l' -> 'truncated' AS truncated
  FROM respond.run WHERE rule = 'many';
SELECT pg_temp.in_parts('array', respond.emit('none', '{"list": "x"}'), 1);
SELECT count(*) FROM respond_internal.loop_items;

-- an item is in work while the run stands at a step of the loop, in the loops around it always
CREATE FUNCTION pg_temp.resume(run jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM respond_internal.continue_run(run, 0);
	RETURN 'resumed';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
INSERT INTO respond.rule (name, event_type, steps) VALUES ('open', 'never',
	'[{"action": "foreach", "name": "l", "items": [1], "steps": [{"action": "foreach", "name": "m", "items": [2], "as": "b", "steps": [{"action": "log", "message": "x"}, {"action": "fail"}]}]}]');
CREATE TEMPORARY TABLE laid_down AS SELECT respond_internal.begin_run('open', 1, :event, 5) AS run;
SELECT level, pg_temp.resume(run #- ARRAY['at', level::text, 'loop', 'open'] #- CASE level WHEN 1 THEN '{at,1,loop,next}'::text[] ELSE '{none}' END)
  FROM laid_down, generate_series(0, 2) AS level ORDER BY level;
DELETE FROM respond.rule WHERE name = 'open';

-- rules that call each other
CREATE FUNCTION pg_temp.save(name text, steps jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO respond.rule (name, event_type, steps) VALUES (save.name, 'never', save.steps);
	RETURN 'saved';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT pg_temp.save('a', '[{"action": "call", "rule": "b"}]');
SELECT pg_temp.save('b', '[{"action": "foreach", "items": [1], "steps": [{"action": "call", "rule": "c"}]}]');
SELECT pg_temp.save('c', '[{"action": "log", "message": "x"}, {"action": "call", "rule": "a", "wait": false}]');
SELECT pg_temp.save('c', '[{"action": "call", "rule": "{{data.rule}}"}, {"action": "set", "values": {"action": "call", "rule": "a"}}]');
UPDATE respond.rule SET steps = '[{"action": "call", "rule": "a"}]' WHERE name = 'c';
DELETE FROM respond.rule;
