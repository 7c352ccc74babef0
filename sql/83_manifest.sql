-- 83_manifest.sql: our triggers fire in every session, and nobody else's hang beside them.

-- session_replication_role = replica would switch checks, guards and records
-- off, and with them the owner of a rule could be forged.  The hint to the
-- courier alone may be missed: it looks for itself.  See src/common/restore.c
-- for rows that a subscription applies.
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT t.tgrelid::pg_catalog.regclass AS table_name, t.tgname
		  FROM pg_catalog.pg_trigger AS t
		  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
		 WHERE c.relnamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
		   AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'A' AND t.tgname <> 'deliveries_changed'
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', one.table_name, one.tgname);
	END LOOP;
END
$$;

-- What this version of the extension put here.  A trigger or a rule that
-- somebody hangs on one of our tables runs as the workers; a trigger of ours
-- that is switched off lets things in unchecked.  Both are noticed by comparing
-- with this table: by health(), and by the clock, which makes the workers wait
-- while foreign code would run with their rights.  Not dumped: CREATE EXTENSION
-- fills it.
CREATE TABLE respond_internal.manifest (
	kind text NOT NULL,
	object text NOT NULL,
	definition text NOT NULL,
	server_version integer NOT NULL,
	PRIMARY KEY (kind, object)
);
COMMENT ON TABLE respond_internal.manifest IS 'objects that belong to pg_respond as it was installed; see respond_internal.manifest_fault()';
COMMENT ON COLUMN respond_internal.manifest.kind IS 'kind of object: trigger, firing, rule, constraint, not null, default, index, statistics, view, function, owner, row security, persistence, privilege, column';
COMMENT ON COLUMN respond_internal.manifest.object IS 'which one';
COMMENT ON COLUMN respond_internal.manifest.definition IS 'statement that makes it what it was';
COMMENT ON COLUMN respond_internal.manifest.server_version IS 'release of the server that wrote the definition; another one may write it differently';

-- Names in what follows are those of the pinned path: qualified but for pg_catalog's.
CREATE FUNCTION respond_internal.manifest_relation(OUT oid oid, OUT name text, OUT kind "char", OUT is_made_by_clock boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT c.oid, c.oid::regclass::text, c.relkind, NOT m.is_member
	  FROM pg_class AS c
	 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
			 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')) AS m (is_member)
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'S')
	   AND (m.is_member OR c.relispartition)
$$;
COMMENT ON FUNCTION respond_internal.manifest_relation(OUT oid oid, OUT name text, OUT kind "char", OUT is_made_by_clock boolean) IS
	'tables, views and sequences of pg_respond, with the partitions that the clock made';

-- Whether something calls code from outside of the server and of pg_respond.
CREATE FUNCTION respond_internal.calls_foreign_code(class oid, object oid) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT EXISTS (
		SELECT FROM pg_depend AS d
		  LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
		  LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		  LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		 WHERE d.classid = $1 AND d.objid = $2
		   AND coalesce(p.pronamespace, o.oprnamespace, t.typnamespace)
			   NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace))
$$;
COMMENT ON FUNCTION respond_internal.calls_foreign_code(oid, oid) IS 'whether an object uses functions, operators or types from outside of the server and of pg_respond';

-- definition makes the thing, removal takes it away; is_wanted: even if it is
-- not in the manifest it is no fault, unless it runs foreign code.
-- Definitions are written down in one session and compared in another, so how they are written must not depend on it.
CREATE FUNCTION respond_internal.manifest_now(OUT kind text, OUT object text, OUT definition text, OUT removal text,
	OUT runs_code boolean, OUT is_wanted boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on SET quote_all_identifiers = off
SET IntervalStyle = postgres SET DateStyle = 'ISO, YMD' SET extra_float_digits = 1 AS $$
	WITH relation AS MATERIALIZED (SELECT r.oid, r.name, r.kind, r.is_made_by_clock FROM respond_internal.manifest_relation() AS r)
	SELECT 'trigger', format('%I on %s', t.tgname, r.name), pg_get_triggerdef(t.oid), format('DROP TRIGGER %I ON %s', t.tgname, r.name),
		   f.pronamespace NOT IN ('pg_catalog'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace)
			   OR respond_internal.calls_foreign_code('pg_trigger'::regclass, t.oid),
		   r.is_made_by_clock AND f.pronamespace = 'respond_internal'::regnamespace
	  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid JOIN pg_proc AS f ON f.oid = t.tgfoid
	 WHERE NOT t.tgisinternal AND t.tgparentid = 0
	UNION ALL
	SELECT 'firing', format('%I on %s', t.tgname, r.name),
		   format('ALTER TABLE %s %s TRIGGER %I', r.name, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE' END, t.tgname),
		   CASE WHEN r.is_made_by_clock THEN format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.name, t.tgname) END, false, NOT r.is_made_by_clock
	  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid
	 WHERE NOT t.tgisinternal
	   AND NOT (r.is_made_by_clock AND t.tgenabled = COALESCE((SELECT p.tgenabled FROM pg_trigger AS p WHERE p.oid = t.tgparentid), 'A'))
	   AND NOT (r.is_made_by_clock AND t.tgparentid = 0 AND (SELECT p.pronamespace FROM pg_proc AS p WHERE p.oid = t.tgfoid) <> 'respond_internal'::regnamespace)
	UNION ALL
	SELECT 'rule', format('%I on %s', w.rulename, r.name), pg_get_ruledef(w.oid), format('DROP RULE %I ON %s', w.rulename, r.name), true, false
	  FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid
	 WHERE w.rulename <> '_RETURN'
	UNION ALL
	SELECT 'view', r.name, format('CREATE OR REPLACE VIEW %s WITH (%s) AS %s', r.name, array_to_string(c.reloptions, ', '), rtrim(pg_get_viewdef(r.oid), ';')), NULL, false, false
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind = 'v'
	UNION ALL
	SELECT 'policy', format('%I on %s', p.polname, r.name), format('policy %I', p.polname), format('DROP POLICY %I ON %s', p.polname, r.name),
		   respond_internal.calls_foreign_code('pg_policy'::regclass, p.oid), false
	  FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
	UNION ALL
	SELECT 'row security', r.name, format('ALTER TABLE %s %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY', r.name,
			CASE WHEN c.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END), NULL, false, true
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind IN ('r', 'p') AND NOT (r.is_made_by_clock AND NOT c.relrowsecurity)
	UNION ALL
	SELECT 'constraint', format('%I on %s', k.conname, r.name), format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.name, k.conname, pg_get_constraintdef(k.oid)),
		   format('ALTER TABLE %s DROP CONSTRAINT %I', r.name, k.conname), respond_internal.calls_foreign_code('pg_constraint'::regclass, k.oid), r.is_made_by_clock
	  FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.oid
	 WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND k.conislocal
	UNION ALL
	SELECT 'default', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', r.name, a.attname, pg_get_expr(d.adbin, d.adrelid)),
		   format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', r.name, a.attname), respond_internal.calls_foreign_code('pg_attrdef'::regclass, d.oid),
		   r.is_made_by_clock OR NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'column' AND m.object = format('%I of %s', a.attname, r.name))
	  FROM relation AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	 WHERE a.attgenerated = ''
	UNION ALL
	SELECT 'generated column', format('%I of %s', a.attname, r.name), pg_get_expr(d.adbin, d.adrelid),
		   format('ALTER TABLE %s DROP COLUMN %I', r.name, a.attname), respond_internal.calls_foreign_code('pg_attrdef'::regclass, d.oid), true
	  FROM relation AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	 WHERE a.attgenerated <> ''
	UNION ALL
	SELECT 'column', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ADD COLUMN %I %s', r.name, a.attname, format_type(a.atttypid, a.atttypmod)),
		   format('ALTER TABLE %s ALTER COLUMN %I TYPE text', r.name, a.attname),
		   -- a domain checks values, and a cast to json may be anybody's function
		   t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
			   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'), true
	  FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid JOIN pg_type AS y ON y.oid = a.atttypid JOIN pg_type AS t ON t.oid = COALESCE(NULLIF(y.typelem, 0), y.oid)
	 WHERE r.kind IN ('r', 'p') AND NOT r.is_made_by_clock AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), format('DROP INDEX %s', i.indexrelid::regclass),
		   respond_internal.calls_foreign_code('pg_class'::regclass, i.indexrelid), true
	  FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid
	 WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
	UNION ALL
	-- ANALYZE evaluates their expressions as the owner of the table
	SELECT 'statistics', format('%I.%I on %s', n.nspname, s.stxname, r.name), pg_get_statisticsobjdef(s.oid), format('DROP STATISTICS %I.%I', n.nspname, s.stxname),
		   respond_internal.calls_foreign_code('pg_statistic_ext'::regclass, s.oid), true
	  FROM relation AS r JOIN pg_statistic_ext AS s ON s.stxrelid = r.oid JOIN pg_namespace AS n ON n.oid = s.stxnamespace
	UNION ALL
	SELECT 'persistence', r.name, format('ALTER TABLE %s SET %s', r.name, CASE c.relpersistence WHEN 'p' THEN 'LOGGED' ELSE 'UNLOGGED' END),
		   format('ALTER TABLE %s SET LOGGED', r.name), false, c.relpersistence = 'p'
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE r.kind = 'r'
	UNION ALL
	SELECT 'not null', format('%I of %s', a.attname, r.name), format('ALTER TABLE %s ALTER COLUMN %I %s NOT NULL', r.name, a.attname, CASE WHEN a.attnotnull THEN 'SET' ELSE 'DROP' END),
		   NULL, false, true
	  FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
	 WHERE r.kind IN ('r', 'p') AND NOT r.is_made_by_clock AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'inheritance', i.inhrelid::regclass::text, '', format(CASE c.relispartition WHEN true THEN 'ALTER TABLE %2$s DETACH PARTITION %1$s' ELSE 'ALTER TABLE %s NO INHERIT %s' END,
			i.inhrelid::regclass, r.name), false, c.relispartition AND c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind = 'r'
	  FROM relation AS r JOIN pg_inherits AS i ON i.inhparent = r.oid JOIN pg_class AS c ON c.oid = i.inhrelid
	 WHERE c.relkind NOT IN ('i', 'I')
	UNION ALL
	SELECT 'owner', r.name, format('ALTER %s %s OWNER TO %I', CASE r.kind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name, c.relowner::regrole), NULL, false,
		   r.is_made_by_clock AND c.relowner = (SELECT e.relowner FROM pg_class AS e WHERE e.oid = 'respond.event'::regclass)
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid
	 WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i') AND r.kind = 'S')
	UNION ALL
	-- one of the same name as one of ours would be called instead of it
	SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), format('DROP FUNCTION %s', p.oid::regprocedure),
		   NOT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
				WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
			   AND EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'function' AND starts_with(m.object, format('%s.%I(', p.pronamespace::regnamespace, p.proname))), true
	  FROM pg_proc AS p
	 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND p.prokind IN ('f', 'p')
	UNION ALL
	SELECT 'owner', p.oid::regprocedure::text, format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, p.proowner::regrole), NULL, false, true
	  FROM pg_proc AS p
	 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	UNION ALL
	-- whoever owns a schema can drop what is in it
	SELECT 'owner', 'schema ' || n.nspname, format('ALTER SCHEMA %I OWNER TO %I', n.nspname, n.nspowner::regrole), NULL, false, true
	  FROM pg_namespace AS n
	 WHERE n.nspname IN ('respond', 'respond_internal')
	UNION ALL
	-- a trigger of whoever has this right would run as the workers
	SELECT 'privilege', format('%s on %s for %s', a.privilege_type, r.name, g.name), '', format('REVOKE %s ON %s FROM %s', a.privilege_type, r.name, g.name), false, false
	  FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid CROSS JOIN LATERAL aclexplode(c.relacl) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE r.kind IN ('r', 'p', 'v') AND a.grantee <> c.relowner
	   AND (a.privilege_type = 'TRIGGER' OR (c.relnamespace = 'respond_internal'::regnamespace AND a.privilege_type NOT IN ('SELECT', 'MAINTAIN')))
	UNION ALL
	SELECT 'privilege', format('EXECUTE on %s for %s', p.oid::regprocedure, g.name), '', format('REVOKE EXECUTE ON FUNCTION %s FROM %s', p.oid::regprocedure, g.name), false, false
	  FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE p.pronamespace = 'respond_internal'::regnamespace AND a.grantee <> p.proowner
	UNION ALL
	SELECT 'privilege', format('CREATE on schema %s for %s', n.nspname, g.name), '', format('REVOKE CREATE ON SCHEMA %s FROM %s', n.nspname, g.name), false, false
	  FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
	 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS g (name)
	 WHERE n.nspname IN ('respond', 'respond_internal') AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND g.name <> 'respond_worker'
	UNION ALL
	-- whoever can act as the workers can write rules that act as anybody
	SELECT 'membership', format('%s in %s', m.member::regrole, m.roleid::regrole), '', format('REVOKE %s FROM %s', m.roleid::regrole, m.member::regrole), false, false
	  FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member
	 WHERE (m.roleid = 'respond_worker'::regrole AND NOT r.rolsuper) OR m.member = 'respond_worker'::regrole
	UNION ALL
	SELECT 'attributes', 'respond_worker', '', 'ALTER ROLE respond_worker NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS', false, false
	  FROM pg_roles AS r
	 WHERE r.rolname = 'respond_worker' AND (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
$$;
COMMENT ON FUNCTION respond_internal.manifest_now(OUT kind text, OUT object text, OUT definition text, OUT removal text, OUT runs_code boolean, OUT is_wanted boolean) IS
	'what the catalogs hold now that the manifest tells of, or should not hold';

-- A table that is gone or has another name.  It is taken for the one that is a
-- member of the extension, is in no manifest, and has its name in another schema
-- or all of its columns.  Of several lost tables with the same columns, each gets another one.
CREATE FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH lost AS MATERIALIZED (
		SELECT m.object AS name, parse_ident(m.object) AS parts
		  FROM respond_internal.manifest AS m
		 WHERE m.kind = 'owner' AND m.definition LIKE 'ALTER TABLE %' AND to_regclass(m.object) IS NULL),
	strange AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relnamespace, c.oid::regclass::text AS name
		  FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
		  JOIN pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
		 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		   AND EXISTS (SELECT FROM lost)
		   AND NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'owner' AND m.object = c.oid::regclass::text))
	SELECT l.name, 'is missing' || coalesce(format(', but there is %s', f.name), ''),
		CASE WHEN f.oid IS NULL THEN 'restore it from a backup; or DROP EXTENSION pg_respond CASCADE and CREATE EXTENSION pg_respond, which loses what its tables hold'
			ELSE concat_ws('; ',
				CASE WHEN f.relname <> l.parts[2] THEN format('ALTER TABLE %s RENAME TO %I', f.name, l.parts[2]) END,
				CASE WHEN f.relnamespace <> to_regnamespace(quote_ident(l.parts[1]))
					THEN format('ALTER TABLE %s.%I SET SCHEMA %I', f.relnamespace::regnamespace, l.parts[2], l.parts[1]) END) END
	  FROM (SELECT o.name, o.parts, o.renamed, row_number() OVER (PARTITION BY o.renamed, o.columns ORDER BY o.name) - 1 AS twins_before
			  FROM (SELECT lost.name, lost.parts, NOT EXISTS (SELECT FROM strange AS s WHERE s.relname = lost.parts[2]) AS renamed,
						(SELECT array_agg(split_part(m.object, ' of ', 1) ORDER BY m.object) FROM respond_internal.manifest AS m
						  WHERE m.kind = 'column' AND m.object LIKE '% of ' || lost.name) AS columns
					  FROM lost) AS o) AS l
	  LEFT JOIN LATERAL (
		SELECT x.oid, x.relname, x.relnamespace, x.name
		  FROM strange AS x
		 WHERE x.relname = l.parts[2]
			OR (NOT EXISTS (SELECT FROM lost AS o WHERE o.parts[2] = x.relname)
				AND NOT EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'column' AND m.object LIKE '% of ' || l.name
					AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = x.oid AND NOT a.attisdropped AND format('%I of %s', a.attname, l.name) = m.object)))
		 ORDER BY x.relname <> l.parts[2], x.relnamespace <> to_regnamespace(quote_ident(l.parts[1])), x.relname
		 LIMIT 1
		OFFSET CASE WHEN l.renamed THEN l.twins_before ELSE 0 END) AS f ON true
$$;
COMMENT ON FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text) IS 'tables of pg_respond that are gone or were renamed, and the statement that brings them back';

CREATE FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on SET quote_all_identifiers = off
SET IntervalStyle = postgres SET DateStyle = 'ISO, YMD' SET extra_float_digits = 1 AS $$
	SELECT f.object, f.fault, f.remedy, f.runs_code
	  FROM (SELECT format('%s %s', coalesce(m.kind, n.kind), coalesce(m.object, n.object)) AS object,
				CASE
					WHEN coalesce(m.kind, n.kind) = 'firing' AND n.kind IS NOT NULL THEN 'is not as it was installed'
					WHEN m.kind IS NULL AND n.runs_code THEN 'does not belong to pg_respond, and its code would run with the rights of the workers'
					WHEN m.kind IS NULL THEN 'does not belong to pg_respond'
					WHEN n.kind IS NULL THEN 'is missing'
					WHEN n.runs_code THEN 'was changed, and its code would run with the rights of the workers'
					ELSE 'was changed' END AS fault,
				CASE
					WHEN m.kind IS NULL THEN n.removal
					WHEN m.kind = 'function' THEN m.definition
					WHEN n.kind IS NULL OR n.removal IS NULL OR m.kind IN ('default', 'persistence') THEN m.definition
					ELSE n.removal || '; ' || m.definition END
				|| CASE m.kind WHEN 'trigger' THEN coalesce('; ' || (SELECT e.definition FROM respond_internal.manifest AS e WHERE e.kind = 'firing' AND e.object = m.object), '') ELSE '' END AS remedy,
				n.runs_code AND (m.kind IS NULL OR m.definition <> n.definition) AS runs_code,
				m.kind AS kind, n.kind AS now_kind, m.definition, n.definition AS definition_now, n.is_wanted, m.server_version
			  FROM respond_internal.manifest AS m
			  FULL JOIN respond_internal.manifest_now() AS n ON n.kind = m.kind AND n.object = m.object) AS f
	 WHERE CASE
			WHEN f.kind IS NULL THEN f.runs_code OR NOT f.is_wanted
			-- a trigger that is gone is told of once, and columns are looked after by whoever reads them
			WHEN f.now_kind IS NULL THEN f.kind NOT IN ('firing', 'column', 'inheritance', 'privilege', 'row security', 'persistence', 'not null', 'default')
				OR (f.kind = 'default' AND EXISTS (SELECT FROM respond_internal.manifest_now() AS c WHERE c.kind = 'column' AND 'default ' || c.object = f.object))
			WHEN f.kind = 'column' THEN false
			ELSE f.definition <> f.definition_now
				AND (f.kind IN ('firing', 'owner', 'row security', 'persistence', 'not null') OR f.server_version / 10000 = current_setting('server_version_num')::integer / 10000) END
	   -- otherwise everything would seem foreign, and the remedy would be to drop it all
	   AND EXISTS (SELECT FROM respond_internal.manifest)
	   -- what hangs on a table that has another name is told of when it has its own again
	   AND (f.runs_code OR NOT EXISTS (SELECT FROM respond_internal.missing_table()))
	UNION ALL
	SELECT format('table %s', t.name), t.fault, t.remedy, false FROM respond_internal.missing_table() AS t
	UNION ALL
	SELECT 'table respond_internal.manifest', 'has no rows that the workers can read, so nobody can tell what belongs to pg_respond',
		CASE WHEN c.relrowsecurity THEN 'ALTER TABLE respond_internal.manifest DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY'
			ELSE format('INSERT INTO respond_internal.manifest (kind, object, definition, server_version) SELECT n.kind, n.object, n.definition, %s'
				' FROM respond_internal.manifest_now() AS n WHERE n.object !~ ''respond_internal\.[a-z_]+_\d{8}_\d{4}'' AND n.kind <> ''inheritance'','
				' when you know that nothing foreign hangs on these tables', current_setting('server_version_num')) END, true
	  FROM pg_class AS c
	 WHERE c.oid = 'respond_internal.manifest'::regclass AND NOT EXISTS (SELECT FROM respond_internal.manifest)
$$;
COMMENT ON FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) IS
	'what somebody added to, changed in or removed from the objects of pg_respond, and the statement that undoes it';

-- Code from outside that would run as the workers: what manifest_now() says with runs_code, without definitions.
-- Writing a definition out waits for whoever has the table locked; this reads nothing but catalogs, so it is known at any time.
CREATE FUNCTION respond_internal.foreign_code(OUT kind text, OUT object text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH relation AS MATERIALIZED (SELECT r.oid, r.name, r.kind, r.is_made_by_clock FROM respond_internal.manifest_relation() AS r),
	-- what depends on something of theirs calls it
	foreign_dependent AS MATERIALIZED (
		SELECT DISTINCT d.classid, d.objid
		  FROM pg_depend AS d
		  LEFT JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
		  LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		  LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		 WHERE d.classid IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass, 'pg_statistic_ext'::regclass)
		   AND coalesce(p.pronamespace, o.oprnamespace, t.typnamespace)
			   NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace))
	SELECT 'trigger', format('%I on %s', t.tgname, r.name)
	  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid JOIN pg_proc AS f ON f.oid = t.tgfoid
	 WHERE NOT t.tgisinternal AND t.tgparentid = 0
	   AND (f.pronamespace NOT IN ('pg_catalog'::regnamespace, 'respond'::regnamespace, 'respond_internal'::regnamespace)
			OR (SELECT true FROM foreign_dependent AS d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid))
	UNION ALL
	SELECT 'rule', format('%I on %s', w.rulename, r.name)
	  FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid
	 WHERE w.rulename <> '_RETURN'
	UNION ALL
	SELECT 'policy', format('%I on %s', p.polname, r.name)
	  FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid JOIN foreign_dependent AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
	UNION ALL
	SELECT 'constraint', format('%I on %s', k.conname, r.name)
	  FROM relation AS r JOIN pg_constraint AS k ON k.conrelid = r.oid JOIN foreign_dependent AS d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
	 WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND k.conislocal
	UNION ALL
	SELECT CASE a.attgenerated WHEN '' THEN 'default' ELSE 'generated column' END, format('%I of %s', a.attname, r.name)
	  FROM relation AS r JOIN pg_attrdef AS e ON e.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
	  JOIN foreign_dependent AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid
	UNION ALL
	SELECT 'column', format('%I of %s', a.attname, r.name)
	  FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid JOIN pg_type AS y ON y.oid = a.atttypid JOIN pg_type AS t ON t.oid = COALESCE(NULLIF(y.typelem, 0), y.oid)
	 WHERE r.kind IN ('r', 'p') AND NOT r.is_made_by_clock AND a.attnum > 0 AND NOT a.attisdropped
	   AND t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
	   AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
	UNION ALL
	SELECT 'index', i.indexrelid::regclass::text
	  FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN foreign_dependent AS d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
	 WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
	UNION ALL
	SELECT 'statistics', format('%I.%I on %s', n.nspname, s.stxname, r.name)
	  FROM relation AS r JOIN pg_statistic_ext AS s ON s.stxrelid = r.oid JOIN pg_namespace AS n ON n.oid = s.stxnamespace
	  JOIN foreign_dependent AS d ON d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
	UNION ALL
	SELECT 'function', p.oid::regprocedure::text
	  FROM pg_proc AS p
	 WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND p.prokind IN ('f', 'p')
	   AND NOT EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_respond'
			WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
	   AND EXISTS (SELECT FROM respond_internal.manifest AS m WHERE m.kind = 'function' AND starts_with(m.object, format('%s.%I(', p.pronamespace::regnamespace, p.proname)))
$$;
COMMENT ON FUNCTION respond_internal.foreign_code(OUT kind text, OUT object text) IS
	'what hangs on the objects of pg_respond and calls code from outside, as far as catalogs tell without waiting for locks';

-- What an update or a superuser took into the manifest is known as long as it is what it was then; only that asks for definitions.
CREATE FUNCTION respond_internal.is_foreign() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT NOT EXISTS (SELECT FROM respond_internal.manifest)
		OR EXISTS (SELECT FROM respond_internal.foreign_code() AS c LEFT JOIN respond_internal.manifest AS m ON m.kind = c.kind AND m.object = c.object
			WHERE m.kind IS NULL
			   OR (m.kind <> 'column' AND m.server_version / 10000 = current_setting('server_version_num')::integer / 10000
				   AND m.definition IS DISTINCT FROM (SELECT n.definition FROM respond_internal.manifest_now() AS n WHERE n.kind = m.kind AND n.object = m.object)))
$$;
COMMENT ON FUNCTION respond_internal.is_foreign() IS 'whether foreign code would run as the workers, who then wait';

CREATE FUNCTION respond_internal.health_manifest(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	SELECT count(*) AS faults, count(*) FILTER (WHERE f.runs_code) AS dangers,
		   string_agg(format('%s %s', f.object, f.fault), '; ' ORDER BY f.place) FILTER (WHERE f.place <= 5) AS faults_text,
		   string_agg(f.remedy, '; ' ORDER BY f.place) FILTER (WHERE f.place <= 100) AS remedies
	  INTO found_one
	  FROM (SELECT m.object, m.fault, m.remedy, m.runs_code, row_number() OVER (ORDER BY m.runs_code DESC, m.object) AS place FROM respond_internal.manifest_fault() AS m) AS f;
	ok := found_one.faults = 0;
	message := CASE WHEN ok THEN 'the objects of pg_respond are as they were installed'
		ELSE concat(CASE WHEN found_one.dangers > 0 THEN 'the workers wait: ' END, found_one.faults_text,
			CASE WHEN found_one.faults > 5 THEN format('; and %s more', found_one.faults - 5) END) END;
	remedy := CASE WHEN NOT ok THEN concat('as a superuser: ', found_one.remedies,
		CASE WHEN found_one.faults > 100 THEN '; and so on, see SELECT * FROM respond_internal.manifest_fault()' END) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_manifest() IS 'health(): what somebody added to, changed in or removed from the objects of pg_respond';
