-- pg_respond 0.1.0 to 0.2.0.

\echo Use "ALTER EXTENSION pg_respond UPDATE" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
DECLARE
	wanted CONSTANT text := (SELECT e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname = 'pg_respond');
	library CONSTANT text := respond_internal.library_version();
BEGIN
	IF pg_catalog.string_to_array(library, '.')::integer[] < pg_catalog.string_to_array(wanted, '.')::integer[] THEN
		RAISE EXCEPTION 'this updates pg_respond to %, but the server has library % in memory', wanted, library
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = pg_catalog.format('Restart the server, so that it loads the library of version %s.', wanted);
	END IF;
END
$$;

-- Functions that were there before, whose rights stay as they are.
CREATE TEMPORARY TABLE respond_update_functions ON COMMIT DROP AS
SELECT p.oid FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace);

-- Functions.
CREATE OR REPLACE FUNCTION respond_internal.begin_run(rule text, rule_version integer, event_id bigint, attempts integer DEFAULT NULL::integer)
 RETURNS jsonb
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_begin_run$function$;
COMMENT ON FUNCTION respond_internal.begin_run(text,integer,bigint,integer) IS 'begins a run of a version of a rule for an event (NULL: none) and lays it down after so many attempts of steps (NULL: runs it to its end); returns it as it was laid down, NULL when it ended';
CREATE OR REPLACE FUNCTION respond_internal.continue_run(saved jsonb, attempts integer DEFAULT NULL::integer)
 RETURNS jsonb
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_continue_run$function$;
COMMENT ON FUNCTION respond_internal.continue_run(jsonb,integer) IS 'goes on with a run that was laid down, and lays it down again after so many attempts of steps (NULL: runs it to its end); returns as begin_run() does';
CREATE OR REPLACE FUNCTION respond_internal.health_workers(OUT ok boolean, OUT message text, OUT remedy text)
 RETURNS record
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
	status record;
	missing text;
	failed record;
	differs CONSTANT boolean := respond_internal.library_version() <>
		(SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_respond');
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	SELECT string_agg(w.name, ', ') INTO missing
	  FROM (SELECT 'clock' AS name, 'clock' AS kind, 1 AS lane
			UNION ALL
			SELECT 'courier', 'courier', 1 WHERE current_setting('pg_respond.courier')::boolean
			UNION ALL
			SELECT 'dispatcher ' || n, 'dispatcher', n FROM generate_series(1, status.dispatchers) AS n) AS w
	 WHERE current_setting('pg_respond.enabled')::boolean AND NOT EXISTS (SELECT FROM respond.worker AS r
			WHERE r.kind = w.kind AND coalesce(r.lane, 1) = w.lane AND r.state NOT IN ('starting', 'failed', 'ended'));
	SELECT w.kind, w.failures, w.restart_at INTO failed
	  FROM respond.worker AS w WHERE w.state = 'failed' ORDER BY w.failures DESC LIMIT 1;
	ok := missing IS NULL;
	message := CASE
		WHEN NOT current_setting('pg_respond.enabled')::boolean THEN 'no workers should run: see check switches'
		WHEN differs THEN format('not running: %s, because library and extension differ', missing)
		WHEN ok THEN 'all workers of this database run'
		WHEN failed.kind IS NOT NULL THEN format('not running: %s; the %s failed %s times in a row and is restarted at %s',
			missing, failed.kind, failed.failures, failed.restart_at)
		WHEN NOT status.known THEN format('not running: %s; the launcher has not started them yet', missing)
		ELSE format('not running: %s', missing) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN differs THEN 'see check shapes'
		WHEN failed.kind IS NOT NULL THEN 'the server log says why they end; look for pg_respond'
		WHEN status.missing_workers > 0 THEN 'see check places'
		ELSE 'they start within a second; if they do not, see the server log, and check that the database allows connections and is not a template (ALTER DATABASE ... ALLOW_CONNECTIONS true IS_TEMPLATE false)' END;
END
$function$;

-- Owners and rights.  What a user has granted stays.
DO $$
DECLARE
	object record;
BEGIN
	FOR object IN
		SELECT c.oid::pg_catalog.regclass AS name, c.relkind
		  FROM pg_catalog.pg_class AS c
		 WHERE c.relnamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
		   AND c.relkind IN ('r', 'p', 'v', 'S')
		   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
				AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
	LOOP
		EXECUTE pg_catalog.format('ALTER %s %s OWNER TO respond_worker',
			CASE object.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, object.name);
	END LOOP;
	FOR object IN
		SELECT p.oid::pg_catalog.regprocedure AS name
		  FROM pg_catalog.pg_proc AS p
		 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
	LOOP
		EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO respond_worker', object.name);
	END LOOP;
	GRANT USAGE, CREATE ON SCHEMA respond, respond_internal TO respond_worker;
END
$$;

DO $$
DECLARE
	function record;
BEGIN
	FOR function IN
		SELECT p.oid::pg_catalog.regprocedure AS signature, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END AS grantee
		  FROM pg_catalog.pg_proc AS p, LATERAL pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS a
		 WHERE p.pronamespace IN ('respond'::pg_catalog.regnamespace, 'respond_internal'::pg_catalog.regnamespace)
		   AND p.oid NOT IN (SELECT f.oid FROM respond_update_functions AS f) AND a.grantee <> p.proowner
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM %s', function.signature, function.grantee);
	END LOOP;
END
$$;
DROP TABLE respond_update_functions;

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal\.[a-z_]+_\d{8}_\d{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';
