-- Runs that are laid down: what cannot be resumed is refused in words, and nobody else may do this.
\set VERBOSITY terse
INSERT INTO respond.rule (name, event_type, steps, on_failure) VALUES ('saved', 'never',
	'[{"action": "set", "name": "a", "values": {"n": 1.50}}, {"action": "log", "message": "{{steps.a.n}}"}, {"action": "fail", "name": "f", "max_attempts": 3}, {"action": "log", "message": "no"}]',
	'[{"action": "log", "message": "{{error.step}}"}, {"action": "log", "name": "last", "message": "{{steps}}"}]');
CREATE TEMPORARY TABLE saved (place integer, run jsonb);
CREATE FUNCTION pg_temp.resume(run jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM respond_internal.continue_run(run, 0);
	RETURN 'resumed';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- one for each place at which it can be laid down
SELECT respond.emit('none', '{"n": 1}', subject => 's') AS event \gset
INSERT INTO saved SELECT i, respond_internal.begin_run('saved', 1, :event, i) FROM generate_series(0, 9) AS i;
SELECT place, run #- '{event}' #- '{run}' #- '{started_at}' AS run FROM saved ORDER BY place;
SELECT place, pg_temp.resume(run) FROM saved WHERE place <= 7 ORDER BY place;
DELETE FROM saved WHERE run IS NULL;

-- what it says of the rest
SELECT change, pg_temp.resume(CASE WHEN change ? '' THEN change -> '' ELSE run || change END) FROM saved, (VALUES
	('{"": 1}'::jsonb), ('{"": "run"}'), ('{"": []}'), ('{"": {}}'), ('{"": {"format": 1}}'), ('{"format": 2}'), ('{"format": "1"}'), ('{"format": 1.5}'),
	('{"rule": "nothing"}'), ('{"rule": null}'), ('{"version": 2}'), ('{"version": -1}'), ('{"run": 0}'), ('{"run": 9223372036854775808}'), ('{"run": 1e100}'),
	('{"started_at": "then"}'), ('{"started_at": 1}'), ('{"event": []}'), ('{"event": {}}'), ('{"event": {"id": 1, "type": ""}}'), ('{"event": {"id": 1, "type": "a"}}'),
	('{"event": {"id": 1, "type": "a", "source": "b", "time": "now", "recorded_at": "now", "data": [1]}}'), ('{"event": null}'),
	('{"at": []}'), ('{"at": [1]}'), ('{"at": [{}]}'), ('{"at": [{"part": "steps"}]}'), ('{"at": [{"part": "step", "step": "a"}]}'),
	('{"at": [{"part": "steps", "step": "a"}, {"part": "steps", "step": "a"}]}'), ('{"at": [{"part": "steps", "step": "last"}]}'),
	('{"at": [{"part": "steps", "step": 0}]}'), ('{"at": [{"part": "steps", "step": 4}]}'), ('{"at": [{"part": "steps", "step": -1}]}'), ('{"at": [{"part": "steps", "step": null}]}'),
	('{"at": [{"part": "steps", "step": "stop"}]}'), ('{"at": [{"part": "steps", "step": "a", "attempts": 100}]}'), ('{"at": [{"part": "steps", "step": "a", "more": 1}]}'),
	('{"at": [{"part": "on_failure", "step": 0}]}'), ('{"executed": 1001}'), ('{"executed": -1}'), ('{"chain": {}}'), ('{"chain": [{"step": "a"}]}'),
	('{"chain": [{"step": "b", "value": 1}]}'), ('{"chain": [{"step": "a", "value": 1}, {"step": "a", "value": 2}]}'), ('{"log": [1]}'), ('{"log": [{"text": "a"}]}'),
	('{"log_is_full": 1}'), ('{"failure": {"step": "a"}}'),
	('{"failure": {"step": "a", "message": "b", "text": "c", "shown": "d", "code": "1234"}}'), ('{"first_failure": {"step": "a", "message": "b", "text": "c", "shown": "d", "code": "12345"}}'),
	('{"caused": "1"}'), ('{"else": 1}'),
	('{"pauses": 1, "pause": {"for": "answer", "since": "2026-01-01 00:00:00+00"}}'), ('{"pauses": 1, "pause": {"for": "retry", "since": "2026-01-01 00:00:00+00", "memo": [1]}}')) AS c (change)
 WHERE place = 2;

-- times are read as the server reads them; no row: both agree on all of them, and on what is none
CREATE FUNCTION pg_temp.own_time(run jsonb, written text) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
	RETURN respond_internal.continue_run(run || jsonb_build_object('started_at', written), 0) ->> 'started_at';
EXCEPTION WHEN SQLSTATE 'RS007' THEN
	RETURN NULL;
END
$$;
CREATE FUNCTION pg_temp.server_time(written text) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
	RETURN written::timestamptz;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END
$$;
SELECT t.written, pg_temp.own_time(s.run, t.written), pg_temp.server_time(t.written)
  FROM saved AS s, (
	SELECT unnest(ARRAY['2026-05-03T10:00:00+00:00', '2026-05-03T10:00:00.1+00:00', '2026-05-03T10:00:00.123456+00:00', '2026-05-03T10:00:00.1234567+00:00',
		'2026-05-03T10:00:00.+00:00', '2026-05-03T10:00:00.000001+00:00', '2026-05-03T10:00:00', '2026-05-03T10:00:00Z', '2026-05-03T10:00:00+02:00', '2026-05-03T10:00:00-00:00',
		'2026-05-03T10:00:00+00:00 BC', '2026-05-03 10:00:00+00', '2026-02-29T10:00:00+00:00', '2024-02-29T10:00:00+00:00', '1900-02-29T10:00:00+00:00',
		'2000-02-29T10:00:00+00:00', '2026-13-03T10:00:00+00:00', '2026-00-03T10:00:00+00:00', '2026-05-00T10:00:00+00:00', '2026-05-32T10:00:00+00:00',
		'2026-05-03T24:00:00+00:00', '2026-05-03T24:00:01+00:00', '2026-05-03T23:59:60+00:00', '2026-05-03T23:60:00+00:00', '0000-05-03T10:00:00+00:00',
		'0001-01-01T00:00:00+00:00', '9999-12-31T23:59:59.999999+00:00', '20260-05-03T10:00:00+00:00', '2026-5-3T10:00:00+00:00', '2026-05-03T10:00+00:00',
		'2026x05-03T10:00:00+00:00', '2026-05-03T10:00:00+00:0', '2026-05-03T1a:00:00+00:00', '2026-05-03T10:00:00.12a+00:00', '']) AS written
	UNION ALL SELECT to_jsonb(timestamptz '0001-01-01 00:00+00' + n * interval '1 month 37 hours 61.234567 seconds') #>> '{}' FROM generate_series(0, 20000, 7) AS n) AS t
 WHERE s.place = 2 AND pg_temp.own_time(s.run, t.written) IS DISTINCT FROM pg_temp.server_time(t.written);

-- any member changed, taken away, or put in another's place: resumed or refused, nothing else; and what is resumed runs to an end
CREATE FUNCTION pg_temp.paths(document jsonb, path text[] DEFAULT '{}') RETURNS SETOF text[] LANGUAGE sql AS $$
	SELECT path UNION ALL
	SELECT p.path FROM (
		SELECT pg_temp.paths(e.value, path || e.key) FROM jsonb_each(CASE jsonb_typeof(document) WHEN 'object' THEN document END) AS e
		UNION ALL
		SELECT pg_temp.paths(e.value, path || (e.place - 1)::text) FROM jsonb_array_elements(CASE jsonb_typeof(document) WHEN 'array' THEN document END) WITH ORDINALITY AS e (value, place)) AS p (path)
$$;
CREATE FUNCTION pg_temp.outcome(run jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rest jsonb;
	answer text;
BEGIN
	BEGIN
		rest := respond_internal.continue_run(run, 1);
		rest := respond_internal.continue_run(rest);
		RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO0';
	EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
		answer := CASE WHEN rest IS NULL THEN 'ran' ELSE 'did not end' END;
	WHEN SQLSTATE 'RS007' THEN
		answer := CASE WHEN SQLERRM LIKE 'the saved run cannot be resumed: _%' THEN 'refused' ELSE SQLERRM END;
	WHEN undefined_object THEN
		answer := 'no such rule';
	WHEN unique_violation THEN
		-- its number is that of another run by now
		answer := 'ran';
	END;
	RETURN answer;
END
$$;
CREATE TEMPORARY TABLE values_to_try AS SELECT value FROM (VALUES
	('null'::jsonb), ('true'), ('0'), ('-1'), ('1'), ('2'), ('1e300'), ('9223372036854775807'), ('-9223372036854775808'), ('0.5'), ('""'), ('"a"'), ('"stop"'), ('"steps"'),
	('"on_failure"'), ('"\n\u0001"'), ('[]'), ('{}'), ('[[[[]]]]'), ('[{}]'), (to_jsonb(repeat('long', 100000))), ('{"step": "a", "value": {}}'), ('"infinity"')) AS v (value);
SELECT o.outcome, count(*) > 30 AS many
  FROM (SELECT pg_temp.outcome(changed.run)
		  FROM saved AS s CROSS JOIN LATERAL pg_temp.paths(s.run) AS p (path)
		 CROSS JOIN LATERAL (
			SELECT jsonb_set(s.run, p.path, v.value) FROM values_to_try AS v WHERE p.path <> '{}'
			UNION ALL SELECT v.value FROM values_to_try AS v WHERE p.path = '{}'
			UNION ALL SELECT s.run #- p.path
			UNION ALL SELECT jsonb_insert(s.run, p.path, '1') WHERE p.path[cardinality(p.path)] ~ '^\d+$'
			UNION ALL SELECT jsonb_set(s.run, p.path, t.run #> p.path) FROM saved AS t WHERE t.place <> s.place AND t.run #> p.path IS NOT NULL) AS changed (run)
		 WHERE s.place IN (1, 3, 6) AND (p.path[1:2] <> '{event,data}' OR cardinality(p.path) = 2)) AS o (outcome)
 GROUP BY 1 ORDER BY 1;

-- not within the SQL of a rule
UPDATE respond.rule SET steps = '[{"action": "sql", "name": "q", "sql": "SELECT respond_internal.begin_run(''saved'', 1, NULL)"}]' WHERE name = 'saved';
SELECT respond_internal.begin_run('saved', 2, NULL);
SELECT error FROM respond.run WHERE rule = 'saved' AND rule_version = 2;
SELECT respond_internal.begin_run('saved', 7, NULL);
SELECT respond_internal.begin_run(NULL, 7, NULL);
SELECT respond_internal.begin_run('saved', 1, -1);
SELECT respond_internal.continue_run(NULL);

-- nobody else
CREATE ROLE saved_admin IN ROLE respond_admin;
SELECT r.rolname, p.proname FROM pg_roles AS r, pg_proc AS p
 WHERE p.pronamespace = 'respond_internal'::regnamespace AND p.proname IN ('begin_run', 'continue_run')
   AND r.rolname IN ('saved_admin', 'respond_admin', 'respond_agent', 'respond_producer', 'respond_auditor') AND has_function_privilege(r.oid, p.oid, 'EXECUTE');
SET ROLE saved_admin;
SELECT respond_internal.begin_run('saved', 1, NULL);
SELECT respond_internal.continue_run('{}');
RESET ROLE;
DROP ROLE saved_admin;
DELETE FROM respond.rule WHERE name = 'saved';
