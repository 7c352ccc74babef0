-- 83_manifest.sql: our triggers fire in every session.

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
