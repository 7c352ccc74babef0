-- Every table of ours can be published: rows that are changed or deleted have a replica identity.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE TEMP VIEW ours AS
SELECT c.oid, c.oid::regclass::text AS name, c.relreplident
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('respond', 'respond_internal');

SELECT cmp_ok((SELECT count(*) FROM ours), '>', 25::bigint, 'tables and partitions are there');
SELECT is_empty($$ SELECT name, relreplident FROM ours AS o WHERE NOT CASE relreplident
	WHEN 'f' THEN true
	WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = o.oid AND x.indisreplident AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL
		AND NOT EXISTS (SELECT FROM unnest(x.indkey) AS k JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attnum = k WHERE NOT a.attnotnull))
	WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = o.oid AND x.indisprimary)
	ELSE false END $$, 'each has a replica identity');
SELECT is_empty($$ SELECT name FROM ours WHERE relreplident = 'f'
	AND name !~ '^(respond|respond_internal)\.(attempt_.*|wait_decision_.*|run_inbox|progress_[01]|requeue|dead_event|wait_pattern)$' $$, 'all columns only where rows are not changed, or small');
SELECT is_empty($$ SELECT i.inhrelid::regclass FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
	WHERE i.inhparent = ANY (ARRAY['respond.event', 'respond.run', 'respond.delivery', 'respond.audit_log']::regclass[]) AND c.relreplident <> 'i' $$,
	'partitions have the index on their number');

SELECT * FROM finish();
ROLLBACK;
