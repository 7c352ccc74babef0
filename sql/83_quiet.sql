-- 83_quiet.sql: errors of functions that people call do not tell of their insides.

-- Functions in PL/pgSQL and SQL move to respond_internal; those of their names in schema
-- respond pass the calls on, see src/common/quiet_call.c.
DO $$
DECLARE
	function record;
BEGIN
	FOR function IN
		SELECT p.oid, p.proname, p.oid::pg_catalog.regprocedure::text AS signature, pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
			   pg_catalog.pg_get_function_identity_arguments(p.oid) AS identity, pg_catalog.pg_get_function_result(p.oid) AS result,
			   CASE p.provolatile WHEN 'v' THEN 'VOLATILE' ELSE 'STABLE' END AS volatility, p.proisstrict, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment
		  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
		 WHERE p.pronamespace = 'respond'::pg_catalog.regnamespace AND l.lanname IN ('plpgsql', 'sql') AND p.proname <> 'health'
		 ORDER BY p.proname
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s SET SCHEMA respond_internal', function.signature);
		EXECUTE pg_catalog.format('CREATE FUNCTION respond.%I(%s) RETURNS %s LANGUAGE c %s%s AS %L, %L', function.proname, function.arguments,
			function.result, function.volatility, CASE WHEN function.proisstrict THEN ' STRICT' ELSE '' END, 'MODULE_PATHNAME', 'respond_quiet_call');
		EXECUTE pg_catalog.format('COMMENT ON FUNCTION respond.%I(%s) IS %L', function.proname, function.identity, function.comment);
	END LOOP;
END
$$;
