-- 81_health.sql: respond.health(), one function for each check.
--
-- A check says ok, what is wrong in words, and which statement or setting fixes
-- it; once that is done, the check is ok.  Their order is that in which one
-- would fix things: what is below may follow from what is above.  A check that
-- cannot be made (a table is locked, an object was renamed by hand) says so and
-- does not hide the others.  To add one: a function health_NAME() and its name
-- in the list.

CREATE FUNCTION respond_internal.health_role(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing boolean;
	can_login boolean;
	not_owned text;
BEGIN
	SELECT s.role_missing INTO missing FROM respond_internal.worker_status() AS s;
	SELECT r.rolcanlogin INTO can_login FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'respond_worker';
	missing := missing OR can_login IS NULL;
	SELECT format('%s belongs to %I', c.oid::regclass, r.rolname) INTO not_owned
	  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p') AND r.rolname <> 'respond_worker'
	 ORDER BY c.relname LIMIT 1;
	ok := NOT missing AND can_login AND not_owned IS NULL;
	message := CASE
		WHEN ok THEN 'role respond_worker exists and owns the tables'
		WHEN missing THEN 'role respond_worker is missing, so no workers can start'
		WHEN NOT can_login THEN 'role respond_worker may not log in, so no workers can start'
		ELSE format('the workers cannot use tables that role respond_worker does not own: %s', not_owned) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN missing THEN 'rename the role that owns the tables of schema respond back: ALTER ROLE ... RENAME TO respond_worker'
		WHEN NOT can_login THEN 'ALTER ROLE respond_worker LOGIN'
		ELSE (SELECT string_agg(format('ALTER %s %s OWNER TO respond_worker', o.kind, o.name), '; ' ORDER BY o.kind DESC, o.name)
			FROM (SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
					FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
				   WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'S') AND r.rolname <> 'respond_worker'
					 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
				  UNION ALL
				  SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner
				   WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND r.rolname <> 'respond_worker') AS o) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_role() IS 'health(): the role that the workers run as';

CREATE FUNCTION respond_internal.health_switches(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	off CONSTANT text := CASE
		WHEN NOT current_setting('pg_respond.enabled')::boolean THEN 'pg_respond.enabled'
		WHEN NOT current_setting('pg_respond.courier')::boolean THEN 'pg_respond.courier' END;
BEGIN
	ok := off IS NULL;
	message := CASE
		WHEN ok THEN 'pg_respond is switched on'
		WHEN off = 'pg_respond.enabled' THEN 'pg_respond.enabled is off: no worker runs in the whole cluster; events are recorded and wait'
		ELSE 'pg_respond.courier is off: nothing leaves the databases of the cluster; deliveries are recorded and wait' END;
	remedy := CASE WHEN NOT ok THEN format('set %s = on where it was set to off (postgresql.conf, or ALTER SYSTEM SET %s = on), then SELECT pg_reload_conf()', off, off) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_switches() IS 'health(): the emergency switches pg_respond.enabled and pg_respond.courier';

CREATE FUNCTION respond_internal.health_launcher(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	SELECT s.launcher INTO ok FROM respond_internal.worker_status() AS s;
	message := CASE
		WHEN ok THEN 'the launcher runs'
		WHEN current_setting('max_worker_processes')::integer < 2 THEN 'the launcher does not run: max_worker_processes leaves no slot for it'
		ELSE 'the launcher does not run' END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN current_setting('max_worker_processes')::integer < 5 THEN format('raise max_worker_processes (now %s) to %s or more and restart the server',
			current_setting('max_worker_processes'), 4 + current_setting('pg_respond.dispatchers')::integer)
		ELSE 'it restarts one second after it ends; if it keeps ending, the server log says why' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_launcher() IS 'health(): the process that starts the workers';

CREATE FUNCTION respond_internal.health_hold(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	state record;
BEGIN
	SELECT CASE WHEN respond_internal.is_new_copy() THEN 'copied' ELSE s.hold END AS hold, s.hold_since INTO state FROM respond_internal.state AS s;
	ok := state.hold IS NULL;
	message := CASE
		WHEN ok THEN 'the workers are not paused'
		WHEN state.hold = 'restore' THEN format('the workers have been paused since %s because this database was restored or copied from elsewhere', state.hold_since)
		WHEN state.hold = 'copied' THEN format('the workers have been paused since %s because this cluster is a copy of another one, which may still act', coalesce(state.hold_since::text, 'the start of the server'))
		ELSE format('the workers have been paused since %s: %s', state.hold_since, state.hold) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN state.hold = 'restore' THEN 'make sure that the original no longer acts, then SELECT respond.release()'
		WHEN state.hold = 'copied' THEN 'if the original no longer acts, or this copy is to act beside it: SELECT respond.release(); to move a cluster without this, start it with pg_respond.hold_on_copy = off'
		ELSE 'SELECT respond.release()' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_hold() IS 'health(): whether the workers are paused by hold() or because of a restore';

CREATE FUNCTION respond_internal.health_time(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	behind boolean;
BEGIN
	SELECT s.now, s.seen, s.ahead_ms INTO status FROM respond_internal.time_status() AS s;
	behind := coalesce(status.now < status.seen - interval '5 seconds', false);
	ok := NOT behind AND status.ahead_ms = 0;
	message := CASE
		WHEN ok THEN 'time goes forward'
		WHEN behind THEN format('it is %s, but it was %s already: timers and schedules wait until time has caught up', status.now, status.seen)
		ELSE format('time is moved: pg_respond.clock_offset is %s ms', status.ahead_ms) END;
	remedy := CASE
		WHEN behind THEN 'if the time is right now: SELECT respond.accept_clock(); else set the clock of the server'
		WHEN NOT ok THEN 'that is for tests: reset pg_respond.clock_offset where it was set, SELECT pg_reload_conf(), then SELECT respond.accept_clock()' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_time() IS 'health(): whether time has gone back or is moved';

CREATE FUNCTION respond_internal.health_places(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	ok := status.missing_workers = 0;
	message := CASE
		WHEN ok THEN 'there is a slot for every worker of the cluster'
		WHEN status.missing_workers = 1 THEN '1 worker of the cluster cannot start: all slots are taken'
		ELSE format('%s workers of the cluster cannot start: all slots are taken', status.missing_workers) END;
	remedy := CASE WHEN NOT ok THEN concat(
		format('raise %s (now %s) to %s or more', status.missing_setting, current_setting(status.missing_setting),
			CASE status.missing_setting WHEN 'max_worker_processes' THEN status.needed_processes ELSE status.wanted_workers END),
		CASE
			WHEN status.missing_setting = 'max_worker_processes' AND current_setting('pg_respond.max_workers')::integer < status.wanted_workers
				THEN format(' and pg_respond.max_workers (now %s) to %s or more', current_setting('pg_respond.max_workers'), status.wanted_workers)
			WHEN status.missing_setting <> 'max_worker_processes' AND current_setting('max_worker_processes')::integer < status.needed_processes
				THEN format(' and max_worker_processes (now %s) to %s or more', current_setting('max_worker_processes'), status.needed_processes) END,
		format(' and restart the server: all databases together need %s workers', status.wanted_workers)) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_places() IS 'health(): whether every worker found a slot for its process';

CREATE FUNCTION respond_internal.health_workers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
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
			SELECT 'listener', 'listener', 1 WHERE current_setting('pg_respond.gateway_listen') <> ''
			UNION ALL
			SELECT CASE n WHEN 1 THEN 'gateway' ELSE format('gateway for REST %s', n - 1) END, 'gateway', n
			  FROM generate_series(1, 1 + current_setting('pg_respond.gateway_rest_workers')::integer) AS n
			 WHERE current_setting('pg_respond.gateway_listen') <> ''
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
		WHEN failed.failures < 2 THEN format('not running: %s; the %s ended and will be restarted at %s', missing, failed.kind, failed.restart_at)
		WHEN failed.kind IS NOT NULL THEN format('not running: %s; the %s failed %s times in a row and will be restarted at %s',
			missing, failed.kind, failed.failures, failed.restart_at)
		WHEN NOT status.known THEN format('not running: %s; the launcher has not started them yet', missing)
		ELSE format('not running: %s', missing) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN differs THEN 'see check shapes'
		WHEN failed.kind IS NOT NULL THEN 'the server log says why they end; look for pg_respond'
		WHEN status.missing_workers > 0 THEN 'see check places'
		ELSE 'they start within a second; if not, see the server log, and check that the database allows connections and is not a template (ALTER DATABASE ... ALLOW_CONNECTIONS true IS_TEMPLATE false)' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_workers() IS 'health(): whether the workers of this database run';

CREATE FUNCTION respond_internal.health_shapes(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	library CONSTANT text := respond_internal.library_version();
	installed CONSTANT text := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'pg_respond');
	faults text;
BEGIN
	SELECT string_agg(format('%s: %s', f.table_name, f.fault), '; ' ORDER BY f.table_name) INTO faults
	  FROM respond_internal.shape_faults() AS f;
	ok := faults IS NULL AND library = installed;
	message := CASE
		WHEN ok THEN 'library and extension agree'
		WHEN library <> installed THEN concat_ws('; ', format('library and extension differ: the server has library %s in memory, this database has extension %s', library, installed), faults)
		ELSE format('library and extension differ: %s', faults) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN library <> installed THEN format('restart the server if the library of version %s is installed, or run ALTER EXTENSION pg_respond UPDATE TO %L', installed, library)
		ELSE 'undo what was changed by hand: rename the table or column back, add it again or give it the type that is expected' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_shapes() IS 'health(): whether the tables are as the library expects them, and both of the same version';

CREATE FUNCTION respond_internal.health_errors(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	failing text;
BEGIN
	SELECT string_agg(format('%s: %s errors in a row since %s, SQLSTATE %s', concat_ws(' ', e.kind, e.lane), e.errors, e.since, e.sqlstate), '; ' ORDER BY e.kind, e.lane)
	  INTO failing FROM respond_internal.worker_errors() AS e WHERE e.errors >= 3;
	ok := failing IS NULL;
	message := CASE WHEN ok THEN 'no worker keeps failing' ELSE 'workers that keep failing: ' || failing END;
	remedy := CASE WHEN NOT ok THEN 'the server log has the errors in full; look for pg_respond. A change by hand in schemas respond and respond_internal, a full disk or a lock is likely' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_errors() IS 'health(): workers that retry after errors and never succeed';

CREATE FUNCTION respond_internal.health_replica_identity(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lacking record;
BEGIN
	SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text) AS tables,
		string_agg(format('ALTER TABLE %s REPLICA IDENTITY FULL', c.oid::regclass), '; ' ORDER BY c.oid::regclass::text) AS statements
	  INTO lacking
	  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	 WHERE c.relkind = 'r'
	   AND (n.nspname IN ('respond', 'respond_internal')
			OR EXISTS (SELECT FROM pg_partition_ancestors(c.oid) AS a JOIN pg_class AS p ON p.oid = a.relid
				WHERE p.relnamespace = 'respond'::regnamespace))
	   AND EXISTS (SELECT FROM pg_publication AS p
			WHERE (p.pubupdate OR p.pubdelete)
			  AND (p.puballtables OR EXISTS (SELECT FROM pg_class AS a
				LEFT JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prrelid = a.oid
				LEFT JOIN pg_publication_namespace AS s ON s.pnpubid = p.oid AND s.pnnspid = a.relnamespace
				WHERE (a.oid = c.oid OR a.oid IN (SELECT t.relid FROM pg_partition_ancestors(c.oid) AS t))
				  AND (r.oid IS NOT NULL OR s.oid IS NOT NULL))))
	   AND NOT CASE c.relreplident
			WHEN 'f' THEN true
			WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisreplident AND x.indisvalid)
			WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indisvalid)
			ELSE false END;
	ok := lacking.tables IS NULL;
	message := CASE WHEN ok THEN 'every table of pg_respond can be published'
		ELSE format('tables tables without replica identity, so that a publication of UPDATE and DELETE makes the workers fail: %s', lacking.tables) END;
	remedy := CASE WHEN NOT ok THEN lacking.statements END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_replica_identity() IS 'health(): tables that a publication would keep the workers from changing';

CREATE FUNCTION respond_internal.health_untried(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS channels, string_agg(format('%s (since %s)', u.name, u.due), ', ' ORDER BY u.due, u.name) FILTER (WHERE u.place <= 10) AS list INTO waiting
	  FROM (SELECT c.name, d.due, row_number() OVER (ORDER BY d.due, c.name) AS place
			  FROM respond.channel AS c,
				   LATERAL (SELECT p.next_attempt_at AS due FROM respond.delivery AS p
							 WHERE p.channel = c.name AND p.status = 'pending' AND p.attempts = 0
							   AND p.next_attempt_at < clock_timestamp() - interval '1 minute'
							 ORDER BY p.next_attempt_at LIMIT 1) AS d
			 WHERE c.enabled) AS u;
	ok := waiting.channels = 0;
	message := CASE WHEN ok THEN 'no delivery waits longer than a minute for its first try'
		ELSE format('channels with deliveries that have been due for over a minute and were never tried: %s: %s', waiting.channels, waiting.list) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if they are ok, respond.channel_stats says whether a rate limit, a concurrency or a receiver that is down holds them up' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_untried() IS 'health(): deliveries that are due and that nobody has tried to send';

CREATE FUNCTION respond_internal.health_lag(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	waiting record;
BEGIN
	SELECT * INTO status FROM respond_internal.worker_status();
	SELECT sum(l.events) AS events, min(l.oldest) AS oldest INTO waiting
	  FROM respond_internal.lag() AS l
	 WHERE NOT status.known OR EXISTS (SELECT FROM respond_internal.lane_status() AS s WHERE s.waiting);
	ok := coalesce(waiting.oldest > clock_timestamp() - interval '1 minute', true);
	message := CASE
		WHEN ok THEN 'no event has waited longer than a minute'
		ELSE format('waiting events: %s, the oldest since %s', waiting.events, waiting.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if they are ok, finished_at - started_at in respond.run tells which rule takes long, and a higher pg_respond.dispatchers lets more rules run at once' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_lag() IS 'health(): whether events wait for the dispatchers';

-- Logical replication copies rows and not sequences; each id has an index that leads to the largest one.
CREATE FUNCTION respond_internal.health_sequences(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	numbered record;
	largest bigint;
	behind text[] := '{}';
	remedies text[] := '{}';
BEGIN
	FOR numbered IN
		SELECT format('respond.%I', t.name) AS table_name, format('respond.%I', t.name || '_id_seq') AS sequence
		  FROM unnest(ARRAY['event', 'run', 'delivery', 'ticket', 'comment', 'ticket_history', 'audit_log', 'mute', 'mask', 'calendar_exception', 'rotation_member', 'on_call_layer', 'on_call_override', 'inbound_reject', 'rating']) AS t (name)
		UNION ALL
		SELECT 'respond_internal.set_aside_event', 'respond_internal.set_aside_event_id_seq'
	LOOP
		EXECUTE format('SELECT max(t.id) FROM %s AS t', numbered.table_name) INTO largest;
		IF largest > coalesce(pg_sequence_last_value(numbered.sequence::regclass), 0) THEN
			behind := behind || numbered.table_name;
			remedies := remedies || format('SELECT setval(%L, %s)', numbered.sequence, largest);
		END IF;
	END LOOP;
	ok := behind = '{}';
	message := CASE WHEN ok THEN 'the sequences of ids are ahead of the ids in use'
		ELSE format('ids in use will be assigned again, because sequences were not copied with the rows: %s', array_to_string(behind, ', ')) END;
	remedy := CASE WHEN NOT ok THEN array_to_string(remedies, '; ') END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_sequences() IS 'health(): whether sequences are behind the ids of rows, as on the subscriber of a logical replication';

CREATE FUNCTION respond_internal.health_storms(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
	first_rule text;
BEGIN
	SELECT string_agg(format('%s (since %s)', r.name, s.since), ', ' ORDER BY r.name), min(r.name) INTO rules, first_rule
	  FROM respond_internal.stopped_rule AS s JOIN respond.rule AS r ON r.name = s.rule AND r.version = s.version;
	ok := rules IS NULL;
	message := CASE WHEN ok THEN 'no rule multiplies its own events'
		ELSE format('stopped because they multiply their own events: %s', rules) END;
	remedy := CASE WHEN NOT ok THEN format('change the rule, then SELECT respond.resume_rule(%L): the events that were given up for it count as dealt with; respond.resume_rule(%L, replay => true) applies it to them', first_rule, first_rule) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_storms() IS 'health(): rules that were stopped';

-- A change of the rule is the remedy; what fails then counts anew as soon as it fails.
CREATE FUNCTION respond_internal.health_failing_rules(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
BEGIN
	SELECT string_agg(format('%s (%s times, the last at %s)', f.name, f.failures, f.last_at), ', ' ORDER BY f.name) INTO rules
	  FROM (SELECT r.name, respond_internal.rule_failures(r.name) AS failures, c.last_at
			  FROM respond.rule AS r, LATERAL respond_internal.rule_counters(r.name) AS c
			 WHERE r.enabled AND respond_internal.rule_failures(r.name) >= 100 AND c.last_at > r.updated_at
			 ORDER BY r.name LIMIT 10) AS f;
	ok := rules IS NULL;
	message := CASE WHEN ok THEN 'no rule fails all the time' ELSE format('rules that failed at least 100 times in a row: %s', rules) END;
	remedy := CASE WHEN NOT ok THEN 'error in respond.run says why, explain(event_id) shows one event; fix the rule with an UPDATE of respond.rule, or set its enabled to false, then SELECT respond.replay(event_id) for what failed' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_failing_rules() IS 'health(): rules that never succeed';

CREATE FUNCTION respond_internal.health_set_aside(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS events, min(s.first_at) AS oldest, string_agg(DISTINCT format('%s (%s)', coalesce(s.rule, 'all rules'), s.reason), ', ') AS rules,
		count(*) FILTER (WHERE s.reason = 'the rule takes too long') AS slow INTO waiting
	  FROM respond.set_aside AS s WHERE s.first_at < clock_timestamp() - interval '30 seconds' OR s.reason = 'the rule takes too long';
	ok := waiting.events = 0;
	message := CASE
		WHEN ok THEN 'no event has been set aside for longer than 30 seconds'
		ELSE format('events set aside: %s, the oldest since %s, for %s', waiting.events, waiting.oldest, waiting.rules) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN waiting.slow > 0 THEN 'make the condition or the SQL of the rule faster, for example with an index; until then its events get only a small share of the time, so that other rules are not held up'
		ELSE 'the server log has the message; end the transaction that holds the lock, or restore what the rule needs; the events are retried automatically, and SELECT respond.retry_set_aside() retries them at once' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_set_aside() IS 'health(): events that a rule could not be applied to yet';

CREATE FUNCTION respond_internal.health_partitions(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(format('respond.%s', p.table_name), ', ') INTO missing
	  FROM respond_internal.partition_status() AS p WHERE NOT p.present OR p.ahead = 0;
	ok := missing IS NULL;
	message := CASE WHEN ok THEN 'there are partitions for the present and for the time ahead'
		ELSE format('partitions are missing, so rows go to the default partition: %s', missing) END;
	remedy := CASE WHEN NOT ok THEN 'the clock creates them once it runs and gets the lock: look for long transactions and for LOCK TABLE on these tables, and for the clock in the server log' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_partitions() IS 'health(): whether there are partitions for new rows';

CREATE FUNCTION respond_internal.health_dead_letters(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dead record;
BEGIN
	SELECT count(*) AS events, max(d.at) AS last INTO dead
	  FROM respond_internal.dead_event AS d
	 WHERE d.at > now() - interval '1 day' AND NOT respond_internal.is_acknowledged('event', d.event_id, d.at);
	ok := dead.events = 0;
	message := CASE WHEN ok THEN 'no event was given up in the last day'
		ELSE format('events given up in the last day: %s, the last at %s', dead.events, dead.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; fix the rule, then SELECT respond.replay(event_id); or SELECT respond.acknowledge(''event'', event_id) if nothing needs to be done' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_dead_letters() IS 'health(): events that were given up and that nobody replayed or acknowledged';

CREATE FUNCTION respond_internal.health_owners(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
	schedules text;
BEGIN
	SELECT string_agg(a.label, ', ' ORDER BY a.label) FILTER (WHERE a.is_rule), string_agg(a.label, ', ' ORDER BY a.label) FILTER (WHERE NOT a.is_rule)
	  INTO rules, schedules
	  FROM (SELECT format('"%s" (owner: %s)', r.name, r.owner) AS label, true AS is_rule, r.owner, r.owner_id, r.owner_system FROM respond.rule AS r WHERE r.enabled
			UNION ALL
			SELECT format('"%s" (owner: %s)', s.name, s.owner), false, s.owner, s.owner_id, s.owner_system FROM respond.schedule AS s WHERE s.enabled) AS a
	 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS o
			WHERE CASE WHEN a.owner_system = (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c)
				THEN o.oid = a.owner_id ELSE o.rolname = a.owner END);
	ok := rules IS NULL AND schedules IS NULL;
	message := CASE WHEN ok THEN 'every rule and every schedule has an owner'
		ELSE concat_ws('; ', 'rules that cannot run because their owner was dropped: ' || rules,
			'schedules that cannot fire because their owner was dropped: ' || schedules) END;
	remedy := CASE WHEN NOT ok THEN concat_ws('; ',
		CASE WHEN rules IS NOT NULL THEN 'UPDATE respond.rule SET owner = ''...'' WHERE name = ''...'', or SET enabled = false' END,
		CASE WHEN schedules IS NOT NULL THEN 'UPDATE respond.schedule SET owner = ''...'' WHERE name = ''...'', or SET enabled = false' END) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_owners() IS 'health(): whether the owners of rules and schedules exist';

CREATE FUNCTION respond_internal.health_schedules(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	failing text;
BEGIN
	SELECT string_agg(format('"%s" (%s)', s.name, CASE WHEN s.failures = 1 THEN 'once' ELSE format('%s times in a row', s.failures) END), ', ' ORDER BY s.name)
	  INTO failing
	  FROM respond.schedule AS s WHERE s.enabled AND s.failures > 0;
	ok := failing IS NULL;
	message := CASE WHEN ok THEN 'no schedule failed last time' ELSE format('schedules that failed: %s', failing) END;
	remedy := CASE WHEN NOT ok THEN 'SELECT rule, error, started_at FROM respond.run WHERE rule LIKE ''schedule:%'' AND status = ''failed'' ORDER BY id DESC says why; it is over when they fire well' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_schedules() IS 'health(): schedules that failed when they fired last';

CREATE FUNCTION respond_internal.health_secrets(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	SELECT count(*) AS secrets, respond_internal.secret_key_status() AS fault,
		(SELECT string_agg(format('%s: %s', f.channel, f.fault), '; ' ORDER BY f.channel)
		   FROM (SELECT c.name AS channel, respond_internal.secret_fault(c.name) AS fault
				   FROM respond.channel AS c JOIN respond_internal.channel_secret AS s ON s.channel_id = c.id
				  WHERE respond_internal.secret_key_status() IS NULL) AS f
		  WHERE f.fault IS NOT NULL) AS channels
	  INTO found_one FROM respond_internal.channel_secret;
	ok := found_one.secrets = 0 OR (found_one.fault IS NULL AND found_one.channels IS NULL);
	message := CASE
		WHEN found_one.secrets = 0 THEN 'no channel has a secret'
		WHEN ok THEN 'the secrets of channels can be used'
		WHEN found_one.fault IS NOT NULL THEN format('secrets cannot be decrypted, so channels with one cannot send, except those whose secret the running courier has already read: %s', found_one.fault)
		ELSE format('channels that cannot send: %s', found_one.channels) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN found_one.fault IS NOT NULL THEN 'set pg_respond.secret_key_file to the file with the key and reload; until then deliveries of the other channels wait, and after the next start of the courier those of all channels with a secret'
		ELSE 'a secret stays with the host and the kind that it was given for: if it is meant for the place that the channel leads to now, SELECT respond.set_secret(channel, secret); else undo the change of the channel or its kind; put a key that is missing into the file that pg_respond.secret_key_file names; until then their deliveries wait' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_secrets() IS 'health(): whether the secrets of channels can be used where the channels lead now';

CREATE FUNCTION respond_internal.ca_file_status() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_ca_file_status';
COMMENT ON FUNCTION respond_internal.ca_file_status() IS 'why the file of pg_respond.ca_file cannot be used; NULL: nothing is in the way';

CREATE FUNCTION respond_internal.health_certificates(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	fault CONSTANT text := respond_internal.ca_file_status();
BEGIN
	ok := fault IS NULL;
	message := CASE WHEN ok THEN 'the certificates that receivers are checked against can be read'
		ELSE format('messages cannot be sent over TLS: %s', fault) END;
	remedy := CASE WHEN NOT ok THEN 'set pg_respond.ca_file to a file with certificates in PEM form that the server''s user may read, or to '''' for those of the system, and reload' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_certificates() IS 'health(): the file that pg_respond.ca_file names';

CREATE FUNCTION respond_internal.health_channels(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	disabled text;
	kindless text;
BEGIN
	SELECT string_agg(format('%s (%s)', c.name, c.disabled_reason), ', ' ORDER BY c.name) INTO disabled
	  FROM respond.channel AS c WHERE NOT c.enabled AND c.disabled_reason IS NOT NULL;
	SELECT string_agg(c.name, ', ' ORDER BY c.name) INTO kindless
	  FROM respond.channel AS c WHERE NOT EXISTS (SELECT FROM respond.channel_kind AS k WHERE k.id = c.kind_id);
	ok := disabled IS NULL AND kindless IS NULL;
	message := CASE WHEN ok THEN 'pg_respond has disabled no channel'
		WHEN disabled IS NULL THEN format('channels whose kind no longer exists: %s', kindless)
		ELSE format('channels that pg_respond disabled: %s', disabled) END;
	remedy := CASE WHEN ok THEN NULL
		WHEN disabled IS NULL THEN 'UPDATE respond.channel SET kind = ''KIND'' WHERE name = ''NAME'', and set its secret again if it has one; what waits for it is sent then'
		ELSE 'fix its url, then UPDATE respond.channel SET enabled = true WHERE name = ''NAME''; or delete the channel, which cancels what waits for it' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_channels() IS 'health(): channels that pg_respond disabled';

-- One that nothing waits for any more is not probed, and not told of once its time is over.
CREATE FUNCTION respond_internal.health_breakers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held text;
BEGIN
	SELECT string_agg(CASE
			WHEN b.is_channel THEN format('channel %s (its receiver answered %s, %s times in a row)', b.name, coalesce(b.answer::text, 'nothing'), b.failures)
			ELSE format('all channels to %s (no connection or no answer, %s times in a row)', b.name, b.failures) END
			|| CASE WHEN b.probing THEN ', one request is trying now' ELSE format(', next try at %s', date_trunc('second', b.until)) END, '; ' ORDER BY b.name)
	  INTO held FROM respond_internal.breakers() AS b WHERE b.probing OR b.until > clock_timestamp();
	ok := held IS NULL;
	message := CASE WHEN ok THEN 'no delivery is held back because its receiver fails'
		ELSE format('held back because receivers keep failing: %s', held) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; the others are sent once a try succeeds; SELECT respond.retry_channel(name) tries at once, respond.discard(delivery_id) gives up' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_breakers() IS 'health(): hosts and channels that get no requests for a while';

CREATE FUNCTION respond_internal.health_receivers(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting record;
BEGIN
	SELECT count(*) AS deliveries, string_agg(DISTINCT w.channel, ', ') AS channels, min(w.created_at) AS oldest INTO waiting
	  FROM (SELECT d.channel, d.created_at FROM respond.delivery AS d WHERE d.status = 'pending' AND d.attempts >= 2 LIMIT 1000) AS w;
	ok := waiting.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery has failed twice and waits'
		ELSE format('deliveries that failed more than once and wait for another try: %s, through %s, the oldest since %s',
			CASE waiting.deliveries WHEN 1000 THEN '1000 or more' ELSE waiting.deliveries::text END, waiting.channels, waiting.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; once the receiver is up again, SELECT respond.retry_channel(name) sends them now; respond.discard(delivery_id) drops one' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_receivers() IS 'health(): deliveries that keep failing';

CREATE FUNCTION respond_internal.health_deliveries(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dead record;
BEGIN
	SELECT count(*) AS deliveries, max(d.finished_at) AS last INTO dead
	  FROM respond.delivery AS d
	 WHERE d.status = 'dead' AND d.deadline IS NULL AND d.finished_at > now() - interval '1 day'
	   AND NOT respond_internal.is_acknowledged('delivery', d.id, d.finished_at);
	ok := dead.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery was given up in the last day'
		ELSE format('deliveries given up in the last day: %s, the last at %s', dead.deliveries, dead.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; once that is fixed, SELECT respond.retry_channel(name); or SELECT respond.acknowledge(''delivery'', delivery_id) if nothing needs to be done' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_deliveries() IS 'health(): deliveries that were given up and that nobody retried, discarded or acknowledged';

-- Nobody's lock makes a monitor wait: a check that would have to says so.
CREATE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
	in_recovery boolean;
	checks CONSTANT text[] := ARRAY[
		'switches',
		'shapes',
		'launcher',
		'role',
		'hold',
		'time',
		'manifest',
		'places',
		'workers',
		'gateway',
		'errors',
		'replica identity',
		'lag',
		'set aside',
		'waiting runs',
		'storms',
		'failing rules',
		'audit',
		'sequences',
		'watches',
		'lost events',
		'partitions',
		'dead letters',
		'owners',
		'schedules',
		'secrets',
		'tokens',
		'certificates',
		'inbound secrets',
		'inbound rejects',
		'callbacks',
		'channels',
		'breakers',
		'receivers',
		'untried',
		'deliveries'
	];
BEGIN
	"check" := 'library';
	BEGIN
		SELECT s.in_recovery INTO in_recovery FROM respond_internal.worker_status() AS s;
		ok := true;
		message := 'the library is loaded';
		RETURN NEXT;
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		ok := false;
		message := 'the library was not loaded when the server started, so no workers run';
		remedy := 'add pg_respond to shared_preload_libraries in postgresql.conf and restart the server';
		RETURN NEXT;
		RETURN;
	END;

	"check" := 'server';
	ok := NOT in_recovery;
	message := CASE WHEN ok THEN 'the server accepts writes' ELSE 'this server is a standby: no workers run here' END;
	remedy := CASE WHEN NOT ok THEN 'ask the primary; after a promotion the workers start by themselves' END;
	RETURN NEXT;
	IF NOT ok THEN
		RETURN;
	END IF;

	FOREACH "check" IN ARRAY checks LOOP
		BEGIN
			EXECUTE format('SELECT * FROM respond_internal.health_%s()', replace("check", ' ', '_'))
			   INTO STRICT ok, message, remedy;
		EXCEPTION
			WHEN lock_not_available THEN
				ok := false;
				message := 'this check could not be made: a table that it reads is locked by another session';
				remedy := 'pg_blocking_pids() and pg_locks name the session; end its transaction';
			WHEN OTHERS THEN
				ok := false;
				message := format('this check could not be made: %s', SQLERRM);
				remedy := 'undo what was changed by hand in schemas respond and respond_internal';
		END;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) IS 'plain-language checks: what is wrong and how to fix it';
