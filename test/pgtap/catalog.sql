-- What holds for every object of the extension, those of later versions too.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE TEMP VIEW relation AS
SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.reloptions, c.relowner, c.oid::regclass::text AS name
  FROM pg_class AS c
  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'pg_respond';
CREATE TEMP VIEW function AS
SELECT p.*, p.oid::regprocedure::text AS name
  FROM pg_proc AS p
  JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'pg_respond';

SELECT cmp_ok((SELECT count(*) FROM relation WHERE relkind IN ('r', 'p')), '>', 10::bigint, 'the tables are members of the extension');
SELECT cmp_ok((SELECT count(*) FROM function), '>', 20::bigint, 'the functions are members of the extension');

-- Comments.
SELECT is_empty($$ SELECT name FROM relation WHERE relkind IN ('r', 'p', 'v', 'm') AND obj_description(oid, 'pg_class') IS NULL $$,
	'every table and view has a comment');
SELECT is_empty($$ SELECT r.name || '.' || a.attname FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
	WHERE r.relnamespace = 'respond'::regnamespace AND r.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
	  AND NOT (SELECT relispartition FROM pg_class AS c WHERE c.oid = r.oid)
	  AND col_description(r.oid, a.attnum) IS NULL $$,
	'every column of schema respond has a comment');
SELECT is_empty($$ SELECT name FROM function WHERE obj_description(oid, 'pg_proc') IS NULL $$,
	'every function has a comment');
SELECT is_empty($$ SELECT r.name || '.' || t.tgname FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid
	WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND obj_description(t.oid, 'pg_trigger') IS NULL $$,
	'every trigger has a comment');
SELECT is_empty($$ SELECT n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('respond', 'respond_internal')
	AND obj_description(n.oid, 'pg_namespace') IS NULL $$,
	'both schemas have a comment');
SELECT is_empty($$ SELECT rolname FROM pg_roles WHERE rolname ~ '^respond_(worker|admin|agent|producer|auditor)$'
	AND shobj_description(oid, 'pg_authid') IS NULL $$,
	'every role has a comment');

-- Owners.
SELECT is_empty($$ SELECT name, relowner::regrole FROM relation WHERE relowner <> 'respond_worker'::regrole $$,
	'respond_worker owns every table, view and sequence');
SELECT is_empty($$ SELECT name, proowner::regrole FROM function WHERE proowner <> 'respond_worker'::regrole $$,
	'respond_worker owns every function');

-- Safety.
SELECT is_empty($$ SELECT name FROM relation WHERE relkind = 'v'
	AND NOT COALESCE(reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1'] $$,
	'every view asks for the rights of its reader');
SELECT is_empty($$ SELECT name, proconfig FROM function AS f JOIN pg_language AS l ON l.oid = f.prolang
	WHERE l.lanname <> 'c' AND NOT EXISTS (SELECT FROM unnest(f.proconfig) AS s WHERE s IN ('search_path=pg_catalog, pg_temp', 'search_path=pg_catalog,pg_temp')) $$,
	'every function in SQL or PL/pgSQL has a pinned search_path');
SELECT is_empty($$ SELECT name FROM function AS f JOIN pg_language AS l ON l.oid = f.prolang
	WHERE f.prosecdef AND l.lanname = 'c' AND f.proconfig IS NULL $$,
	'a C function that runs with its owner''s rights has a pinned search_path');
SELECT is_empty($$ SELECT r.name, g.privilege_type FROM relation AS r JOIN pg_class AS c USING (oid), aclexplode(c.relacl) AS g WHERE g.grantee = 0 $$,
	'PUBLIC has no rights on tables, views and sequences');
SELECT is_empty($$ SELECT r.name || '.' || a.attname FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid, aclexplode(a.attacl) AS g WHERE g.grantee = 0 $$,
	'PUBLIC has no rights on columns');
SELECT set_eq($$ SELECT f.proname::text FROM function AS f, aclexplode(COALESCE(f.proacl, acldefault('f', f.proowner))) AS g WHERE g.grantee = 0 $$,
	ARRAY['actor', 'session_actor', 'current_cause', 'current_run', 'event_xid', 'clock_start', 'ticket_is_valid', 'comment_is_valid', 'is_restricted',
		'is_agent', 'agents_of_caller', 'teams_of_caller', 'writes_ticket', 'to_text', 'to_jsonb', 'to_json', 'from_text', 'from_jsonb',
		'private_text_cmp', 'private_text_lt', 'private_text_le', 'private_text_eq', 'private_text_ne', 'private_text_ge', 'private_text_gt',
		'private_jsonb_cmp', 'private_jsonb_lt', 'private_jsonb_le', 'private_jsonb_eq', 'private_jsonb_ne', 'private_jsonb_ge', 'private_jsonb_gt'],
	'PUBLIC executes what stands behind defaults, constraints, row policies and the private types, nothing else');
SELECT is_empty($$ SELECT n.nspname FROM pg_namespace AS n, aclexplode(n.nspacl) AS g
	WHERE n.nspname IN ('respond', 'respond_internal') AND g.grantee = 0 $$,
	'PUBLIC has no rights on the schemas');

-- The rows of people survive a dump.
SELECT is_empty($$ SELECT r.name FROM relation AS r
	WHERE r.relnamespace = 'respond'::regnamespace AND r.relkind IN ('r', 'p', 'S')
	  AND NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_respond' AND r.oid = ANY (e.extconfig)) $$,
	'every table and sequence of schema respond is dumped');
SELECT is_empty($$ SELECT conrelid::regclass, conname FROM pg_constraint
	WHERE contype = 'f' AND connamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) $$,
	'no foreign key is in the way of a parallel restore');

SELECT ok((SELECT 'respond_internal.channel_secret'::regclass = ANY (extconfig) FROM pg_extension WHERE extname = 'pg_respond'), 'sealed secrets are dumped');

-- Whatever session_replication_role says; the hint to the courier alone may be missed.
SELECT is_empty($$ SELECT tgrelid::regclass, tgname FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
	WHERE NOT t.tgisinternal AND t.tgenabled <> 'A' AND t.tgname <> 'deliveries_changed' $$, 'our triggers always fire');
SELECT is_empty($$ SELECT c.name FROM relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid WHERE a.attname = 'secret' AND c.oid NOT IN ('respond.channel'::regclass, 'respond.inbound_source'::regclass) $$,
	'no other table or view has a secret');
SELECT is_empty($$ SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'respond.channel'::regclass
	AND (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'secret') = ANY (indkey) $$,
	'and none is in an index');

-- Partitions are all made alike.
SELECT is_empty($$ SELECT p.inhparent::regclass, p.inhrelid::regclass FROM pg_inherits AS p JOIN pg_inherits AS d USING (inhparent) JOIN pg_class AS dc ON dc.oid = d.inhrelid
	WHERE p.inhparent IN ('respond.delivery'::regclass, 'respond.attempt'::regclass) AND dc.relname LIKE '%\_default'
	  AND (SELECT array_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '') ORDER BY regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')) FROM (SELECT indexrelid FROM pg_index WHERE indrelid = p.inhrelid) AS i)
	   IS DISTINCT FROM (SELECT array_agg(regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '') ORDER BY regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')) FROM (SELECT indexrelid FROM pg_index WHERE indrelid = d.inhrelid) AS i) $$,
	'partitions of deliveries and tries have the indexes of the default one');

-- A backslash means what it says only where the session does not decide what it means.
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
	WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND l.lanname IN ('sql', 'plpgsql')
	  AND regexp_replace(p.prosrc, 'E''([^''\\]|\\.|'''')*''', '', 'g') ~ '\\'
	  AND NOT coalesce(p.proconfig @> '{standard_conforming_strings=on}', false) $$, 'no body of a function depends on standard_conforming_strings');

SELECT * FROM finish();
ROLLBACK;
