-- Recorded events stay as they are, whoever asks: superusers, sessions of replication, the log and each of its partitions.
\set QUIET on
BEGIN;
SELECT no_plan();
INSERT INTO respond.event (type, source, data) VALUES ('guard.a', '/guard', '{"n": 1}');
CREATE TEMP TABLE parts AS SELECT relid::regclass::text AS part, level FROM pg_partition_tree('respond.event') ORDER BY relid LIMIT 4;
CREATE TEMP TABLE filled AS SELECT DISTINCT tableoid::regclass::text AS part, 1 AS level FROM respond.event UNION ALL VALUES ('respond.event', 0);

SELECT format('SET LOCAL session_replication_role = %s; SELECT throws_ok(%L, ''42501'', NULL, %L)', role, format(statement, part),
		role || ': ' || format(statement, CASE WHEN part LIKE '%event_2%' THEN 'a partition' ELSE part END))
  FROM unnest(ARRAY['origin', 'replica', 'local']) AS role,
	(SELECT f.part, s.statement FROM filled AS f, unnest(ARRAY['UPDATE %s SET type = ''x''', 'DELETE FROM %s',
			'MERGE INTO %s AS e USING (VALUES (1)) AS v ON true WHEN MATCHED THEN DELETE',
			'WITH gone AS (DELETE FROM %s RETURNING id) SELECT count(*) FROM gone',
			'UPDATE ONLY %s SET data = ''{}''', 'DELETE FROM ONLY %s']) AS s (statement) WHERE f.level > 0 OR s.statement NOT LIKE '%ONLY%'
	 UNION ALL SELECT p.part, s.statement FROM parts AS p, unnest(ARRAY['TRUNCATE %s', 'TRUNCATE %s CASCADE', 'TRUNCATE ONLY %s RESTART IDENTITY']) AS s (statement)
	 WHERE p.level > 0 OR s.statement NOT LIKE '%ONLY%') AS s
\gexec
SET LOCAL session_replication_role = origin;
SELECT is((SELECT data ->> 'n' FROM respond.event WHERE source = '/guard'), '1', 'the event is as it was');
SELECT throws_ok('UPDATE respond.event SET type = ''x''', '42501', 'UPDATE on the event log is not allowed', 'in words');
SELECT throws_ok('TRUNCATE respond.event', '42501', 'TRUNCATE on the event log is not allowed', 'in words, too');
SELECT * FROM finish();
ROLLBACK;
