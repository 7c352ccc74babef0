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
CREATE OR REPLACE FUNCTION respond_internal.continue_run(saved jsonb, attempts integer DEFAULT NULL::integer)
 RETURNS jsonb
 LANGUAGE c
AS 'MODULE_PATHNAME', $function$respond_continue_run$function$;

CREATE OR REPLACE FUNCTION respond_internal.acknowledge(kind text, id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given_up_at timestamptz;
BEGIN
	PERFORM respond_internal.check_primary('acknowledge()');
	CASE $1
		WHEN 'event' THEN
			SELECT max(d.at) INTO given_up_at FROM respond_internal.dead_event AS d WHERE d.event_id = $2;
		WHEN 'run' THEN
			SELECT coalesce(r.finished_at, r.started_at) INTO given_up_at FROM respond.run AS r WHERE r.id = $2 AND r.status = 'failed';
		WHEN 'delivery' THEN
			SELECT d.finished_at INTO given_up_at FROM respond.delivery AS d WHERE d.id = $2 AND d.status = 'dead';
		WHEN 'watch' THEN
			IF respond_internal.capture_forget_faults($2::oid) = 0 THEN
				RETURN false;
			END IF;
			PERFORM respond_internal.audit('watch.acknowledged', 'watch', $2::text, NULL, NULL);
			RETURN true;
		ELSE
			RAISE EXCEPTION 'there is no kind of dead letter "%"', $1
				USING ERRCODE = 'invalid_parameter_value', HINT = 'The kinds are event, run, delivery and watch.';
	END CASE;
	IF given_up_at IS NULL THEN
		RAISE EXCEPTION '% % is not a dead letter', $1, $2
			USING ERRCODE = 'no_data_found', HINT = 'Columns kind and id of respond.dead_letter list the dead letters.';
	END IF;
	IF respond_internal.is_acknowledged($1, $2, given_up_at) THEN
		RETURN false;
	END IF;
	PERFORM respond_internal.mark_acknowledged($1, $2);
	PERFORM respond_internal.audit('dead_letter.acknowledged', $1, $2::text, NULL, NULL);
	RETURN true;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.retry(delivery_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	PERFORM respond_internal.check_primary('retry()');
	SELECT d.id, d.status, d.channel, d.channel_id, d.created_at, d.deadline INTO found_one FROM respond.delivery AS d WHERE d.id = $1 FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % does not exist', $1 USING ERRCODE = 'no_data_found';
	ELSIF found_one.status = 'delivered' THEN
		RAISE EXCEPTION 'delivery % was delivered', $1
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'respond.replay(event_id) makes a new delivery.';
	END IF;
	IF found_one.deadline IS NOT NULL AND found_one.status <> 'pending' THEN
		RAISE EXCEPTION 'delivery % is a request that has ended: the run that waited for its answer has gone on', $1
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'respond.retry_run(run_id) runs the step again.';
	END IF;
	-- a channel that has the name now may be somebody else's; that of a host has no row
	PERFORM FROM respond.channel AS c
	  WHERE c.id = found_one.channel_id OR (found_one.channel_id IS NULL AND c.name = found_one.channel) FOR KEY SHARE;
	IF NOT FOUND AND (found_one.deadline IS NULL OR found_one.channel_id < 'ffffffff-ffff-8000-8000-000000000000'::uuid) THEN
		RAISE EXCEPTION 'delivery % cannot be retried: channel "%" no longer exists', $1, found_one.channel
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'A channel created later under that name is another one. respond.replay(event_id) makes a new delivery.';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL, depth = respond_internal.retried_depth(d.depth),
		   last_error = CASE WHEN d.status <> 'cancelled' THEN d.last_error END,
		   attempts_before = CASE WHEN d.status = 'pending' THEN d.attempts_before ELSE d.attempts END,
		   due_since = CASE WHEN d.status = 'pending' THEN d.due_since ELSE clock_timestamp() END
	 WHERE d.id = $1 AND d.created_at = found_one.created_at;
	PERFORM respond_internal.audit('delivery.retried', 'delivery', $1::text, jsonb_build_object('status', found_one.status), jsonb_build_object('status', 'pending'));
END
$$;
-- Requests whose answer a run waits for.
ALTER TABLE respond.delivery
	ADD COLUMN method text,
	ADD COLUMN deadline timestamptz,
	ADD COLUMN attempt_timeout interval,
	ADD COLUMN max_attempts integer,
	ADD COLUMN max_body integer,
	ADD COLUMN expect integer[],
	ADD COLUMN run_started_at timestamptz,
	ADD COLUMN step text,
	ADD COLUMN run_pause integer;
COMMENT ON COLUMN respond.delivery.channel IS 'name of the channel; of a request without one, the scheme, name and port of the host';
COMMENT ON COLUMN respond.delivery.method IS 'of a request: GET, POST, PUT, PATCH, DELETE or HEAD; NULL: that of the kind';
COMMENT ON COLUMN respond.delivery.deadline IS 'of a request: when it ends, whatever it waits for';
COMMENT ON COLUMN respond.delivery.attempt_timeout IS 'of a request: how long a try may take; NULL: the timeout of the channel';
COMMENT ON COLUMN respond.delivery.max_attempts IS 'of a request: tries before it is dead; NULL: those of the channel';
COMMENT ON COLUMN respond.delivery.max_body IS 'of a request: bytes that the body of the answer may have';
COMMENT ON COLUMN respond.delivery.expect IS 'of a request: statuses of answers that are no failure; NULL: 200 to 299';
COMMENT ON COLUMN respond.delivery.run_started_at IS 'when the run started that waits for the answer; NULL: no run waits for one';
COMMENT ON COLUMN respond.delivery.step IS 'the step of the run that waits for the answer';
COMMENT ON COLUMN respond.delivery.run_pause IS 'which pause of the run it is';
CREATE FUNCTION respond_internal.delivery_cancelled() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_delivery_cancelled';
COMMENT ON FUNCTION respond_internal.delivery_cancelled() IS 'trigger: tells the run that waits for the answer of a request that there is none';
CREATE TRIGGER delivery_cancelled AFTER UPDATE ON respond.delivery
	FOR EACH ROW WHEN (NEW.run_started_at IS NOT NULL AND OLD.status = 'pending' AND NEW.status = 'cancelled')
	EXECUTE FUNCTION respond_internal.delivery_cancelled();
ALTER TABLE respond.delivery ENABLE ALWAYS TRIGGER delivery_cancelled;
COMMENT ON TRIGGER delivery_cancelled ON respond.delivery IS 'tells the run that waits for the answer of a request that there is none';
CREATE OR REPLACE FUNCTION respond_internal.retry_channel(name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted uuid;
	retried bigint;
	hastened bigint;
BEGIN
	PERFORM respond_internal.check_primary('retry_channel()');
	SELECT c.id INTO wanted FROM respond.channel AS c WHERE c.name = $1 FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'channel "%" does not exist', $1 USING ERRCODE = 'undefined_object';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL, attempts_before = d.attempts, due_since = clock_timestamp(),
		   depth = respond_internal.retried_depth(d.depth)
	 WHERE d.channel_id = wanted AND d.status = 'dead' AND d.deadline IS NULL;
	GET DIAGNOSTICS retried = ROW_COUNT;
	UPDATE respond.delivery AS d SET next_attempt_at = clock_timestamp()
	 WHERE d.channel_id = wanted AND d.status = 'pending' AND d.next_attempt_at > clock_timestamp();
	GET DIAGNOSTICS hastened = ROW_COUNT;
	PERFORM respond_internal.breakers_try_now();
	PERFORM respond_internal.audit('channel.retried', 'channel', $1, NULL, jsonb_build_object('deliveries', retried + hastened));
	RETURN retried + hastened;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.check_primary(what text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RAISE EXCEPTION '% is not possible on a standby', what
			USING ERRCODE = 'read_only_sql_transaction', HINT = 'Call it on the primary; pg_respond does not run here before promotion.';
	END IF;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.replay(event_id bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('replay()');
	PERFORM respond_internal.check_outside_rule('replay()');
	INSERT INTO respond_internal.requeue (event_id, recorded_at, replay)
	SELECT e.id, e.recorded_at, true FROM respond.event AS e WHERE e.id = replay.event_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'event % does not exist', event_id
			USING ERRCODE = 'no_data_found', HINT = 'Events are dropped with their partition, see "pg_respond.event_retention".';
	END IF;
	PERFORM respond_internal.event_xid();
	IF EXISTS (SELECT FROM respond_internal.dead_event AS d WHERE d.event_id = replay.event_id) THEN
		PERFORM respond_internal.mark_acknowledged('event', event_id);
	END IF;
	PERFORM respond_internal.audit('event.replayed', 'event', event_id::text, NULL, NULL);
	RETURN 1;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.read_rule(document jsonb) RETURNS respond.rule
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	field record;
	result respond.rule;
	known CONSTANT jsonb := '{"name": "string", "folder": "string", "description": "string", "enabled": "boolean",
		"shadow": "boolean", "priority": "number", "event_type": "string", "pattern": "object", "condition": "string",
		"correlate": "object", "steps": "array", "on_failure": "array", "owner": "string", "start_roles": "array"}';
	required text;
BEGIN
	IF pg_catalog.jsonb_typeof(document) <> 'object' THEN
		RAISE EXCEPTION 'it is not an object' USING ERRCODE = 'RS001',
			HINT = 'A rule is an object such as {"name": "...", "event_type": "...", "steps": [...]}.';
	END IF;
	FOR field IN SELECT f.key, pg_catalog.jsonb_typeof(f.value) AS kind FROM pg_catalog.jsonb_each(document) AS f LOOP
		IF NOT known ? field.key THEN
			RAISE EXCEPTION '%: there is no such field', field.key USING ERRCODE = 'RS001',
				HINT = 'Fields are: ' || (SELECT pg_catalog.string_agg(k, ', ' ORDER BY k) FROM pg_catalog.jsonb_object_keys(known) AS k) || '.';
		ELSIF field.kind NOT IN (known ->> field.key, 'null') THEN
			RAISE EXCEPTION '%: it must be of type %, but is of type %', field.key, known ->> field.key, field.kind
				USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	FOREACH required IN ARRAY ARRAY['name', 'event_type'] LOOP
		IF document ->> required IS NULL THEN
			RAISE EXCEPTION '%: it is missing', required USING ERRCODE = 'RS001';
		END IF;
	END LOOP;
	IF (document ->> 'priority')::numeric <> pg_catalog.trunc((document ->> 'priority')::numeric)
		OR pg_catalog.abs((document ->> 'priority')::numeric) > 2147483647 THEN
		RAISE EXCEPTION 'priority: it is not an integer' USING ERRCODE = 'RS001';
	END IF;
	IF pg_catalog.octet_length(document ->> 'owner') > 63 THEN
		RAISE EXCEPTION 'owner: no role has such a long name' USING ERRCODE = 'RS001';
	END IF;
	result := pg_catalog.jsonb_populate_record(NULL::respond.rule, document);
	-- a JSON null is a field that was not given
	result.pattern := NULLIF(result.pattern, 'null');
	result.correlate := NULLIF(result.correlate, 'null');
	result.on_failure := NULLIF(result.on_failure, 'null');
	result.steps := COALESCE(NULLIF(result.steps, 'null'), '[]');
	result.enabled := COALESCE(result.enabled, true);
	result.shadow := COALESCE(result.shadow, false);
	result.priority := COALESCE(result.priority, 0);
	RETURN result;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.hold(reason text DEFAULT 'hold') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('hold()');
	IF hold.reason IS NULL OR hold.reason IN ('', 'restore', 'copied') THEN
		RAISE EXCEPTION 'the reason of respond.hold() must be given, and must not be "restore" or "copied"'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Say in a few words why the workers are paused.';
	END IF;
	UPDATE respond_internal.state AS s
	   SET hold = CASE WHEN s.hold IN ('restore', 'copied') THEN s.hold ELSE hold.reason END,
		   hold_since = coalesce(s.hold_since, now());
	PERFORM respond_internal.announce_hold(false);
	PERFORM respond_internal.audit('hold', 'database', current_database(), NULL, jsonb_build_object('reason', hold.reason));
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.release() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held_for text;
	is_copy boolean;
	waiting bigint;
BEGIN
	PERFORM respond_internal.check_primary('release()');
	SELECT s.hold INTO held_for FROM respond_internal.state AS s FOR UPDATE;
	IF respond_internal.is_new_copy() THEN
		held_for := 'copied';
	END IF;
	IF held_for IS NULL THEN
		RAISE NOTICE 'the workers of this database were not paused';
		RETURN;
	END IF;
	is_copy := held_for IN ('restore', 'copied');
	IF held_for = 'copied' THEN
		PERFORM respond_internal.begin_new_life();
	END IF;
	IF is_copy THEN
		PERFORM respond_internal.adopt();
		PERFORM respond_internal.advance_sequences();
		waiting := (SELECT coalesce(sum(l.events), 0) FROM respond_internal.lag() AS l) + (SELECT count(*) FROM respond_internal.requeue)
			+ (SELECT count(DISTINCT s.event_id) FROM respond_internal.set_aside_event AS s);
		RAISE NOTICE 'the workers resume; % to be handled', CASE waiting WHEN 1 THEN '1 event waits' ELSE format('%s events wait', waiting) END;
	END IF;
	UPDATE respond_internal.state
	   SET hold = NULL, hold_since = NULL, system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c),
		   database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
		   incarnation = respond_internal.incarnation(), copy = respond_internal.copy_mark();
	PERFORM respond_internal.announce_hold(is_copy);
	PERFORM respond_internal.audit('release', 'database', current_database(), jsonb_build_object('reason', held_for), NULL);
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.health_launcher(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_workers(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_replica_identity(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_untried(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_failing_rules(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_set_aside(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_partitions(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_secrets(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_certificates(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_breakers(OUT ok boolean, OUT message text, OUT remedy text)
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
CREATE OR REPLACE FUNCTION respond_internal.health_watches(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	problems text;
	disabled text;
	ends text;
	enables text;
	statements text;
BEGIN
	SELECT string_agg(format('%s of %s: %s', w.type, w."table", w.problem), '; ' ORDER BY w."table"::text, w.type)
			FILTER (WHERE w.problem IS NOT NULL AND w.enabled),
		string_agg(format('%s of %s', w.type, w."table"), ', ' ORDER BY w."table"::text, w.type) FILTER (WHERE NOT w.enabled),
		-- unwatch() leaves triggers alone that watch() did not make
		string_agg(CASE WHEN w.triggers[1] LIKE 'respond\_watch%' THEN format('SELECT respond.unwatch(%L, %L)', w."table", w.type)
			ELSE format('DROP TRIGGER %I ON %s', w.triggers[1], w."table") END, '; ' ORDER BY w."table"::text, w.type) FILTER (WHERE w.problem IS NOT NULL OR NOT w.enabled),
		string_agg((SELECT string_agg(format('ALTER TABLE %s ENABLE TRIGGER %I', w."table", t), '; ' ORDER BY t) FROM unnest(w.triggers) AS t), '; '
			ORDER BY w."table"::text, w.type) FILTER (WHERE NOT w.enabled),
		string_agg(DISTINCT format('SELECT respond.acknowledge(''watch'', %s)', w."table"::oid), '; ') FILTER (WHERE w.problem IS NOT NULL AND w.enabled)
	  INTO problems, disabled, ends, enables, statements FROM respond.watched AS w;
	ok := problems IS NULL AND disabled IS NULL;
	message := CASE
		WHEN ok THEN 'every watch fits its table'
		ELSE concat_ws('; ', problems, 'disabled: ' || disabled) END;
	remedy := CASE WHEN NOT ok THEN concat_ws('; ',
		CASE WHEN problems IS NOT NULL THEN 'call respond.watch() again so that it fits the table' END,
		'enable it: ' || enables,
		'or end it: ' || ends,
		'if only single rows failed: ' || statements) END;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.health_lost_events(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lost record;
BEGIN
	SELECT sum(f.count) AS count, min(f.first_at) AS since, string_agg(DISTINCT format('%s: %s', f."table"::regclass, f.message), '; ') AS why,
		string_agg(DISTINCT format('SELECT respond.acknowledge(''watch'', %s)', f."table"), '; ') AS statements
	  INTO lost FROM respond_internal.capture_faults() AS f WHERE f.fault = 'lost';
	ok := lost.count IS NULL;
	message := CASE WHEN ok THEN 'every change of a watched table was recorded'
		ELSE format('%s changes of watched tables were made since %s but could not be recorded: %s', lost.count, lost.since, lost.why) END;
	remedy := CASE WHEN NOT ok THEN 'fix the cause; record what is missing with respond.emit() if it matters; then ' || lost.statements END;
END
$$;
CREATE OR REPLACE FUNCTION respond_internal.missing_table(OUT name text, OUT fault text, OUT remedy text) RETURNS SETOF record
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
CREATE OR REPLACE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
DECLARE
	in_recovery boolean;
	checks CONSTANT text[] := ARRAY[
		'switches',
		'shapes',
		'launcher',
		'role',
		'hold',
		'manifest',
		'places',
		'workers',
		'errors',
		'replica identity',
		'lag',
		'set aside',
		'storms',
		'failing rules',
		'sequences',
		'watches',
		'lost events',
		'partitions',
		'dead letters',
		'owners',
		'secrets',
		'certificates',
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

-- What runs wait for.
-- One row for each way of going on of each wait step in use.  Workers keep all of
-- them in memory, so there is one row however many runs wait.
CREATE TABLE respond_internal.wait_pattern (
	id bigint NOT NULL,
	rule_version integer NOT NULL,
	alternative integer NOT NULL,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	rule text NOT NULL,
	step text NOT NULL,
	event_type text NOT NULL,
	event_key text NOT NULL,
	pattern jsonb
);
ALTER TABLE respond_internal.wait_pattern REPLICA IDENTITY FULL;
COMMENT ON TABLE respond_internal.wait_pattern IS 'what the wait steps wait for that runs stand at';
COMMENT ON COLUMN respond_internal.wait_pattern.id IS 'made from the other columns, so that it is the same in a copy of the database';
COMMENT ON COLUMN respond_internal.wait_pattern.alternative IS 'which one of the events of the step, from 0';
COMMENT ON COLUMN respond_internal.wait_pattern.event_key IS 'path in the awaited event whose value has to be the key';
COMMENT ON COLUMN respond_internal.wait_pattern.pattern IS 'NULL: every event of the type';
COMMENT ON COLUMN respond_internal.wait_pattern.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';

-- Written and read without SQL, see src/wait/wait_rows.c.
CREATE TABLE respond_internal.wait (
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	pattern_id bigint NOT NULL,
	key_hash bigint NOT NULL,
	since timestamptz NOT NULL,
	due_at timestamptz,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	rule_version integer NOT NULL,
	alternative integer NOT NULL,
	early boolean NOT NULL,
	rule text NOT NULL,
	step text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL
);
CREATE INDEX wait_pattern_id_key_hash_run_id_idx ON respond_internal.wait (pattern_id, key_hash, run_id);
CREATE UNIQUE INDEX wait_run_id_step_alternative_idx ON respond_internal.wait (run_id, step, alternative);
ALTER TABLE respond_internal.wait REPLICA IDENTITY USING INDEX wait_run_id_step_alternative_idx;
COMMENT ON TABLE respond_internal.wait IS 'events that runs wait for: a row for each run, step and alternative';
COMMENT ON INDEX respond_internal.wait_pattern_id_key_hash_run_id_idx IS 'finds the runs that wait for an event';
COMMENT ON INDEX respond_internal.wait_run_id_step_alternative_idx IS 'finds what a run waits for';
COMMENT ON COLUMN respond_internal.wait.key_hash IS 'hash of the key, by which an event finds the row';
COMMENT ON COLUMN respond_internal.wait.since IS 'from when on it hears events';
COMMENT ON COLUMN respond_internal.wait.due_at IS 'events that are recorded later do not count; NULL: it waits without end';
COMMENT ON COLUMN respond_internal.wait.early IS 'whether the run has yet to reach the step: what it hears is kept';
COMMENT ON COLUMN respond_internal.wait.key IS 'what the event has to have in its key';
COMMENT ON COLUMN respond_internal.wait.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';

CREATE TABLE respond_internal.heard (
	id bigint GENERATED BY DEFAULT AS IDENTITY,
	run_id bigint NOT NULL,
	event_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	alternative integer NOT NULL,
	step text NOT NULL
);
CREATE UNIQUE INDEX heard_run_id_id_idx ON respond_internal.heard (run_id, id);
ALTER TABLE respond_internal.heard REPLICA IDENTITY USING INDEX heard_run_id_id_idx;
COMMENT ON TABLE respond_internal.heard IS 'events that runs have heard and not yet used: before they reached the step, or while it collects';
COMMENT ON INDEX respond_internal.heard_run_id_id_idx IS 'finds what a run has heard, in order';
COMMENT ON COLUMN respond_internal.heard.recorded_at IS 'when the event was recorded';
COMMENT ON COLUMN respond_internal.heard.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON SEQUENCE respond_internal.heard_id_seq IS 'order in which events were heard';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.wait_pattern
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.wait_pattern ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.wait_pattern IS 'pauses the workers when a row comes from elsewhere';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.wait
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.wait ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.wait IS 'pauses the workers when a row comes from elsewhere';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.heard
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.heard ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.heard IS 'pauses the workers when a row comes from elsewhere';

CREATE FUNCTION respond_internal.wait_patterns_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_wait_patterns_changed';
COMMENT ON FUNCTION respond_internal.wait_patterns_changed() IS 'trigger: makes dispatchers reload what runs wait for after the commit';
CREATE TRIGGER wait_patterns_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond_internal.wait_pattern
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.wait_patterns_changed();
ALTER TABLE respond_internal.wait_pattern ENABLE ALWAYS TRIGGER wait_patterns_changed;
COMMENT ON TRIGGER wait_patterns_changed ON respond_internal.wait_pattern IS 'makes dispatchers reload what runs wait for';

CREATE FUNCTION respond_internal.wait_key_hash(key text) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_wait_key_hash_sql';
COMMENT ON FUNCTION respond_internal.wait_key_hash(text) IS 'hash of a key in respond_internal.wait; depends on the encoding of the database and on the machine';

CREATE FUNCTION respond_internal.try_waits(program jsonb) RETURNS jsonb
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_try_waits';
COMMENT ON FUNCTION respond_internal.try_waits(jsonb) IS 'carries out steps with armed waits, for tests, and returns what each gave: {"arm": ...}, {"hit": event}, {"hear": ...}, {"take": run}, {"flush": true}';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait_pattern', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.heard', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.heard_id_seq', '');

-- Time, and timers.
CREATE FUNCTION respond_internal.clock_start() RETURNS timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_clock_start';
COMMENT ON FUNCTION respond_internal.clock_start() IS 'start of the transaction by the time of pg_respond, which "pg_respond.clock_offset" can move';
ALTER TABLE respond.event ALTER COLUMN recorded_at SET DEFAULT respond_internal.clock_start();

CREATE SEQUENCE respond_internal.timer_id_seq;
COMMENT ON SEQUENCE respond_internal.timer_id_seq IS 'numbers of timers';

-- The key is the order in which they are read; what came from elsewhere is behind
-- another mark, where nobody reads it.
CREATE TABLE respond_internal.timer (
	id bigint NOT NULL DEFAULT nextval('respond_internal.timer_id_seq'),
	due_at timestamptz NOT NULL CHECK (isfinite(due_at)),
	reader smallint NOT NULL CHECK (reader IN (0, 1)),
	kind text NOT NULL,
	run_id bigint,
	run_started_at timestamptz,
	name text,
	data jsonb,
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation(),
	PRIMARY KEY (incarnation, reader, due_at, id)
);
COMMENT ON TABLE respond_internal.timer IS 'what is to be done at a time; a row is deleted when that was done, or when it is not wanted any more';
COMMENT ON COLUMN respond_internal.timer.due_at IS 'when, by the time of pg_respond';
COMMENT ON COLUMN respond_internal.timer.reader IS 'who does it: 0 the first dispatcher, 1 the clock';
COMMENT ON COLUMN respond_internal.timer.kind IS 'what is to be done';
COMMENT ON COLUMN respond_internal.timer.run_id IS 'run that waits for it';
COMMENT ON COLUMN respond_internal.timer.run_started_at IS 'when that run started; finds its partition';
COMMENT ON COLUMN respond_internal.timer.name IS 'what it is about, for example a step or a schedule';
COMMENT ON COLUMN respond_internal.timer.data IS 'what more the reader has to know';
COMMENT ON COLUMN respond_internal.timer.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';

CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.timer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.timer ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.timer IS 'pauses the workers when a row comes from elsewhere';

CREATE FUNCTION respond_internal.timers_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_timers_changed';
COMMENT ON FUNCTION respond_internal.timers_changed() IS 'trigger: makes workers look at all timers after the commit';
CREATE TRIGGER timers_changed AFTER INSERT OR UPDATE ON respond_internal.timer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.timers_changed();
ALTER TABLE respond_internal.timer ENABLE ALWAYS TRIGGER timers_changed;
COMMENT ON TRIGGER timers_changed ON respond_internal.timer IS 'makes workers look at all timers';

SELECT pg_catalog.pg_extension_config_dump('respond_internal.timer', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.timer_id_seq', '');

CREATE OR REPLACE FUNCTION respond_internal.has_foreign_rows() RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
	other bigint := (SELECT e.incarnation FROM respond.event AS e ORDER BY e.incarnation LIMIT 1);
	below xid8;
BEGIN
	WHILE other IS NOT NULL LOOP
		IF other <> own THEN
			below := respond_internal.handled_below(other);
			IF EXISTS (SELECT FROM respond.event AS e WHERE e.incarnation = other AND e.xid >= below
				AND NOT respond_internal.event_is_done(e.incarnation, e.xid, e.id, e.subject)) THEN
				RETURN true;
			END IF;
		END IF;
		other := (SELECT e.incarnation FROM respond.event AS e WHERE e.incarnation > other ORDER BY e.incarnation LIMIT 1);
	END LOOP;
	RETURN EXISTS (SELECT FROM respond_internal.timer AS t WHERE t.incarnation < own)
		OR EXISTS (SELECT FROM respond_internal.timer AS t WHERE t.incarnation > own)
		OR EXISTS (SELECT FROM respond_internal.requeue AS r WHERE r.incarnation <> own)
		OR EXISTS (SELECT FROM respond_internal.set_aside_event AS s WHERE s.incarnation <> own)
		-- a wait has its pattern, and of these there are few
		OR EXISTS (SELECT FROM respond_internal.wait_pattern AS w WHERE w.incarnation <> own);
END
$$;

CREATE OR REPLACE FUNCTION respond_internal.adopt() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
BEGIN
	PERFORM respond_internal.adopt_events();
	-- Rows of the requeue are gone when they were handled; the same dump may be restored again.
	DELETE FROM respond_internal.requeue AS r
	 WHERE r.incarnation <> own AND format('%s %s', r.incarnation, r.id) IN (SELECT unnest(s.adopted) FROM respond_internal.state AS s);
	UPDATE respond_internal.state AS s
	   SET adopted = s.adopted || ARRAY(SELECT format('%s %s', r.incarnation, r.id) FROM respond_internal.requeue AS r WHERE r.incarnation <> own);
	UPDATE respond_internal.requeue AS r SET incarnation = own, rule_owner = NULL WHERE r.incarnation <> own;
	UPDATE respond_internal.set_aside_event AS s SET incarnation = own, rule_owner = NULL WHERE s.incarnation <> own;
	-- The other database may have had another encoding.
	UPDATE respond_internal.wait AS w SET incarnation = own, key_hash = respond_internal.wait_key_hash(w.key) WHERE w.incarnation <> own;
	UPDATE respond_internal.heard AS h SET incarnation = own WHERE h.incarnation <> own;
	UPDATE respond_internal.wait_pattern AS w SET incarnation = own WHERE w.incarnation <> own;
	-- A timer that is here already came with the same dump.
	DELETE FROM respond_internal.timer AS t
	 WHERE t.incarnation <> own AND EXISTS (SELECT FROM respond_internal.timer AS o
		WHERE o.incarnation = own AND o.reader = t.reader AND o.due_at = t.due_at AND o.id = t.id);
	UPDATE respond_internal.timer AS t SET incarnation = own WHERE t.incarnation <> own;
	-- A first try is due at once, also where the clock is behind.
	UPDATE respond.delivery AS d
	   SET incarnation = own, next_attempt_at = CASE WHEN d.attempts = 0 THEN least(d.next_attempt_at, now()) ELSE d.next_attempt_at END
	 WHERE d.status = 'pending' AND d.incarnation <> own;

	-- What was adopted has transaction 3, which every cursor covers once there is one.
	INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at, incarnation)
	SELECT 0, 1, 0, '4:4:', now(), own
	 WHERE NOT EXISTS (SELECT FROM respond_internal.progress_0 AS p WHERE p.incarnation = own)
	   AND NOT EXISTS (SELECT FROM respond_internal.progress_1 AS p WHERE p.incarnation = own);
END
$$;

-- Comments.
COMMENT ON COLUMN respond_internal.state.copy IS 'mark of the copied cluster in which the database last held for that reason; 0: never';
COMMENT ON FUNCTION respond_internal.copy_mark() IS 'random number that this cluster got when it started as a physical copy of another one, 0 if it is not a copy';
COMMENT ON FUNCTION respond_internal.forget_incarnation() IS 'makes all sessions reload respond_internal.state';
COMMENT ON TABLE respond_internal.progress_0 IS 'how far each dispatcher has got, appended once per batch; the row with the largest seq of a lane counts';
COMMENT ON COLUMN respond_internal.suspect.tries IS 'how often it was touched, not counting tries that were ended from outside';
COMMENT ON COLUMN respond_internal.set_aside_event.sqlstate IS 'SQLSTATE of the last try; NULL: none yet';
COMMENT ON COLUMN respond_internal.set_aside_event.first_at IS 'when it was first set aside';
COMMENT ON COLUMN respond_internal.set_aside_event.due_at IS 'when it is retried; infinity: after the one before it, or when the rule has time';
COMMENT ON TYPE respond.private_text IS 'text that members of its owner and superusers see whole, and others only as far as everybody may see it; is converted to text automatically';
COMMENT ON FUNCTION respond_internal.from_text(text) IS 'a value that everybody sees whole';
COMMENT ON CAST (text AS respond.private_text) IS 'a value that everybody sees whole';
COMMENT ON TYPE respond.private_jsonb IS 'jsonb that members of its owner and superusers see whole, and others only as far as everybody may see it; is converted to jsonb automatically';
COMMENT ON FUNCTION respond_internal.from_jsonb(jsonb) IS 'a value that everybody sees whole';
COMMENT ON CAST (jsonb AS respond.private_jsonb) IS 'a value that everybody sees whole';
COMMENT ON FUNCTION respond_internal.actor() IS 'who acts: the current role, or rule:NAME while a rule runs';
COMMENT ON FUNCTION respond_internal.session_actor() IS 'who is logged in, if SET ROLE made the actor another role; else NULL';
COMMENT ON COLUMN respond.event.key IS 'the id that the producer gave it: a second event of the same role with the same source and key is not stored; 1 to 1,024 bytes';
COMMENT ON COLUMN respond_internal.event_key.producer IS 'role whose key it is; 0: all roles, because the event came with a dump and its role does not exist here';
COMMENT ON FUNCTION respond_internal.event_row() IS 'checks and completes an event; skips an event whose source and key are known';
COMMENT ON TABLE respond.producer IS 'sources that belong to roles: a role with rows here may use no other source, and nobody else may use its sources; superusers may use all';
COMMENT ON FUNCTION respond_internal.producers_changed() IS 'trigger: makes sessions and workers reload the producers after the commit';
COMMENT ON TRIGGER producers_changed ON respond.producer IS 'makes sessions and workers reload the producers';
COMMENT ON FUNCTION respond.watch(regclass, text, text[], text[], text, text, boolean) IS
	'makes a table a producer: changes to its rows become events of this type. Defaults: INSERT, UPDATE and DELETE; types TABLE.inserted and so on; subject TABLE/KEY. With columns, an UPDATE counts only if one of them changed. condition is SQL over OLD and NEW. subject is a column, a template or SQL. With replicated, rows that a subscription applies count too. Returns the name of the first trigger; watching again with the same type replaces the watch';
COMMENT ON FUNCTION respond_internal.capture_faults() IS 'what went wrong in capture() since the server started, without failing the writes; from shared memory';
COMMENT ON COLUMN respond.rule.created_at IS 'when it was created';
COMMENT ON TABLE respond.rule_version IS 'rules as they were before they were changed or deleted';
COMMENT ON COLUMN respond.rule_version.name IS 'name of the rule';
COMMENT ON COLUMN respond.rule_version.created_at IS 'when the rule was created';
COMMENT ON COLUMN respond.rule_version.session_actor IS 'who was logged in, if SET ROLE made changed_by another role; NULL: the same';
COMMENT ON COLUMN respond.mute.actor IS 'who created the mute';
COMMENT ON FUNCTION respond_internal.rules_changed() IS 'trigger: makes dispatchers reload the rules after the commit';
COMMENT ON TRIGGER rules_changed ON respond.rule IS 'makes dispatchers reload the rules';
COMMENT ON TRIGGER rules_changed ON respond.mute IS 'makes dispatchers reload the mutes';
COMMENT ON FUNCTION respond.matches(jsonb, jsonb) IS 'whether the document matches the event pattern, by the code that matches events with rules; an invalid pattern raises an error that names the place';
COMMENT ON COLUMN respond.run.event_id IS 'event that fired the rule; NULL if it was started by hand without one';
COMMENT ON COLUMN respond.run.state IS 'outputs of the steps that have a name, by name; lines of the log under "_log"; for a shadow run, what it would have done under "shadow"; for a suppressed one, why under "suppressed". Only the owner of the rule and superusers see what its SQL returned';
COMMENT ON COLUMN respond.run.error IS 'why the run failed; for a run that succeeded, the failure that on_failure of its rule handled. Only the owner of the rule and superusers see the message; others see place and class';
COMMENT ON FUNCTION respond_internal.check_steps(jsonb, jsonb) IS 'true if a rule of the current user may have these steps; else the error that saving it would raise';
COMMENT ON FUNCTION respond_internal.begin_run(text, integer, bigint, integer) IS
	'begins a run of a version of a rule for an event (NULL: none) and saves it after so many attempts of steps (NULL: runs it to its end); returns the saved run, NULL if it ended';
COMMENT ON FUNCTION respond_internal.continue_run(jsonb, integer) IS
	'continues a saved run, and saves it again after so many attempts of steps (NULL: runs it to its end); returns what begin_run() returns';
COMMENT ON COLUMN respond.team.created_at IS 'when the team was created';
COMMENT ON COLUMN respond.ticket.event_id IS 'event whose rule opened it; NULL for a ticket created by hand';
COMMENT ON CONSTRAINT comment_valid ON respond.comment IS 'refuses kinds of comments that do not exist';
COMMENT ON COLUMN respond.ticket_history.new IS 'value after; for a created ticket, status, priority, team and assignee; for a comment, its id, kind and author';
COMMENT ON COLUMN respond.ticket_history.session_actor IS 'who was logged in, if SET ROLE made the actor another role; NULL: the actor';
COMMENT ON FUNCTION respond_internal.ticket_guard() IS 'trigger: refuses transitions that are not allowed, keeps updated_at, solved_at and closed_at';
COMMENT ON TRIGGER ticket_guard_insert ON respond.ticket IS 'sets the times of a ticket that is inserted as solved or closed, removes duplicate tags, and notes who is logged in';
COMMENT ON TRIGGER ticket_guard_update ON respond.ticket IS 'refuses transitions that are not allowed and a second open ticket with a key, keeps updated_at, solved_at and closed_at';
COMMENT ON FUNCTION respond_internal.ticket_record() IS 'trigger: records what a statement did to tickets in history, events and audit log';
COMMENT ON FUNCTION respond_internal.comment_record() IS 'trigger: records new comments in history, events and audit log';
COMMENT ON COLUMN respond.audit_log.object_type IS 'kind of object';
COMMENT ON COLUMN respond.audit_log.old IS 'what was there before; for a changed object, the values that changed';
COMMENT ON COLUMN respond.audit_log.new IS 'what is there now; for a changed object, the values that changed';
COMMENT ON COLUMN respond.audit_log.session_actor IS 'who was logged in, if SET ROLE made the actor another role; NULL: the actor';
COMMENT ON FUNCTION respond_internal.audit_row() IS 'trigger: records what happened to a row in the audit log; argument: kind of the object, by default the name of the table';
COMMENT ON TRIGGER team_audit ON respond.team IS 'records changes to teams in the audit log';
COMMENT ON TRIGGER comment_audit ON respond.comment IS 'records changes to comments in the audit log';
COMMENT ON TRIGGER team_audit_truncate ON respond.team IS 'records the removal of all teams in the audit log';
COMMENT ON TRIGGER ticket_audit_truncate ON respond.ticket IS 'records the removal of all tickets in the audit log';
COMMENT ON TRIGGER comment_audit_truncate ON respond.comment IS 'records the removal of all comments in the audit log';
COMMENT ON TRIGGER producer_audit ON respond.producer IS 'records changes to producers in the audit log';
COMMENT ON TRIGGER producer_audit_truncate ON respond.producer IS 'records the removal of all producers in the audit log';
COMMENT ON COLUMN respond.channel_kind.url IS 'url of channels that have none; a template like the url of a channel';
COMMENT ON COLUMN respond.channel_kind.headers IS 'HTTP headers: an object of templates; headers that come out empty are not sent';
COMMENT ON COLUMN respond.channel_kind.signature IS 'whether requests are signed as in Standard Webhooks, if the channel has a secret';
COMMENT ON COLUMN respond.channel_kind.max_text IS 'most characters of a text that the provider accepts; a longer one is cut and ends with three dots; NULL: no limit';
COMMENT ON COLUMN respond.channel_kind.hmac IS 'how requests are signed if the channel has a secret: an object of algorithm (sha1, sha256, sha384, sha512), encoding (hex, base64, base64url), secret (text, hex, base64), content ({{body}}, {{timestamp}}, {{key}}) and headers ({{signature}} and the same); NULL: they are not';
COMMENT ON COLUMN respond.channel_kind.id IS 'assigned by pg_respond; a name may be used again for another kind, an id never';
COMMENT ON COLUMN respond.channel.url IS 'where it leads; a template whose path and query may name {{secret}}, {{options.x}} and values of the event; never with a user or password';
COMMENT ON COLUMN respond.channel.retry_delays IS 'pauses between tries, of which the last one repeats; NULL: those of Standard Webhooks, 10 tries over 75 hours';
COMMENT ON COLUMN respond.channel.timeout IS 'longest time for one try, counted from when it is sent; by default 15 seconds, for mail 5 minutes';
COMMENT ON COLUMN respond.channel.rate_limit IS 'most requests per second; NULL: no limit';
COMMENT ON COLUMN respond.channel.concurrency IS 'most requests at the same time';
COMMENT ON COLUMN respond.channel.created_at IS 'when it was created';
COMMENT ON COLUMN respond.channel.id IS 'assigned by pg_respond; deliveries and the secret belong to the id, because the name may be used again for another channel';
COMMENT ON COLUMN respond.channel.kind_id IS 'assigned by pg_respond: the kind that had the name in column kind when that column was set';
COMMENT ON FUNCTION respond_internal.channel_validate() IS 'trigger: refuses channels that could not work, and keeps the secret out of the row';
COMMENT ON FUNCTION respond_internal.channels_changed() IS 'trigger: makes workers reload the channels after the commit';
COMMENT ON TRIGGER channels_changed ON respond.channel_kind IS 'makes workers reload the channels';
COMMENT ON TRIGGER channel_validate ON respond.channel IS 'refuses channels that could not work, and keeps the secret out of the row';
COMMENT ON TRIGGER channels_changed ON respond.channel IS 'makes workers reload the channels';
COMMENT ON TRIGGER channel_audit ON respond.channel IS 'records changes to channels in the audit log, without their secrets';
COMMENT ON TRIGGER channel_audit_truncate ON respond.channel IS 'records the removal of all channels in the audit log';
COMMENT ON TRIGGER channel_kind_audit ON respond.channel_kind IS 'records changes to kinds of channels in the audit log';
COMMENT ON TRIGGER channel_kind_audit_truncate ON respond.channel_kind IS 'records the removal of all kinds of channels in the audit log';
COMMENT ON COLUMN respond.delivery.key IS 'random and constant over all tries; receivers recognize repeats by it (webhook-id, Message-ID)';
COMMENT ON COLUMN respond.delivery.last_status IS 'HTTP or SMTP status of the last answer; NULL: no answer';
COMMENT ON COLUMN respond.delivery.last_error IS 'what went wrong last, or why it was given up; for a delivered one, a remark';
COMMENT ON COLUMN respond.delivery.url IS 'where it goes, if that depends on the event; NULL: to the url of the channel';
COMMENT ON COLUMN respond.delivery.body IS 'request body; for a mail, its text';
COMMENT ON COLUMN respond.delivery.html IS 'for a mail, its HTML part';
COMMENT ON COLUMN respond.delivery.channel_id IS 'id of the channel; the delivery goes through no other channel, even one of the same name';
COMMENT ON INDEX respond.delivery_default_subject_idx IS 'finds the first pending delivery of each subject in an ordered channel';
COMMENT ON COLUMN respond.attempt.status IS 'HTTP or SMTP status of the answer; NULL: there was none';
COMMENT ON COLUMN respond_internal.suspect_delivery.tries IS 'how often it was touched, not counting tries that were ended from outside; of the courier, how often one after the other died';
COMMENT ON COLUMN respond.dead_letter.event_type IS 'its type; NULL if the event no longer exists';
COMMENT ON COLUMN respond.dead_letter.rule IS 'the rule that failed; for an event, the only rule that it was meant for, if any';
COMMENT ON COLUMN respond.dead_letter.delivery_id IS 'the delivery; respond.retry(delivery_id) retries it';
COMMENT ON COLUMN respond.dead_letter.acknowledged_at IS 'when somebody dealt with it; NULL: not yet';
COMMENT ON FUNCTION respond.acknowledge(text, bigint) IS
	'marks a dead letter as dealt with (kind: event, run or delivery), or what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
COMMENT ON FUNCTION respond_internal.acknowledge(text, bigint) IS
	'marks a dead letter as dealt with (kind: event, run or delivery), or what went wrong in the watch of a table (kind watch, id: oid of the table), so that health() is ok again; returns false if it was acknowledged already';
COMMENT ON FUNCTION respond_internal.deliveries_changed() IS 'trigger: makes the courier look at the pending deliveries anew after the commit';
COMMENT ON TRIGGER deliveries_changed ON respond.delivery IS 'makes the courier look at the pending deliveries anew';
COMMENT ON FUNCTION respond_internal.breakers_try_now() IS 'hosts and channels that are left alone are tried when the courier looks next';
COMMENT ON FUNCTION respond_internal.retried_depth(integer) IS 'depth of a delivery that is retried: at least that of the event whose rule asks for it';
COMMENT ON FUNCTION respond.send_test(text, text) IS 'sends a test message through a channel, to this recipient if the kind has recipients, and returns the id of the delivery, whose row shows the result';
COMMENT ON FUNCTION respond_internal.channel_deleted() IS 'trigger: cancels deliveries that wait for the channel, forgets its secret';
COMMENT ON TRIGGER channel_deleted ON respond.channel IS 'cancels deliveries that wait for the channel';
COMMENT ON TRIGGER channel_truncated ON respond.channel IS 'cancels deliveries that wait for the channels';
COMMENT ON VIEW respond.channel_stats IS 'results of the requests of each channel since the server started, from shared memory; tables delivery and attempt have the single ones';
COMMENT ON COLUMN respond.channel_stats.p50 IS 'milliseconds that half of the requests did not exceed, accurate to a tenth';
COMMENT ON COLUMN respond.channel_stats.p95 IS 'the same for 95 percent of the requests';
COMMENT ON COLUMN respond.channel_stats.p99 IS 'the same for 99 percent of the requests';
COMMENT ON COLUMN respond.channel_stats.since IS 'when counting began';
COMMENT ON COLUMN respond.mask.path IS 'the field in data: names separated by dots, such as card.number; "*" stands for any one name, arrays are searched';
COMMENT ON COLUMN respond.mask.actor IS 'who created the mask';
COMMENT ON FUNCTION respond_internal.masks_changed() IS 'trigger: makes sessions and workers reload the masks after the commit';
COMMENT ON TRIGGER masks_changed ON respond.mask IS 'makes sessions and workers reload the masks';
COMMENT ON TRIGGER mask_audit ON respond.mask IS 'records changes to masks in the audit log';
COMMENT ON TRIGGER mask_audit_truncate ON respond.mask IS 'records the removal of all masks in the audit log';
COMMENT ON TABLE respond.route IS 'events that are announced with NOTIFY: the channel and the text';
COMMENT ON TRIGGER rules_changed ON respond.route IS 'makes dispatchers reload the routes';
COMMENT ON TRIGGER rule_audit ON respond.rule IS 'records changes to rules in the audit log';
COMMENT ON TRIGGER rule_audit_truncate ON respond.rule IS 'records the removal of all rules in the audit log';
COMMENT ON TRIGGER mute_audit ON respond.mute IS 'records changes to mutes in the audit log';
COMMENT ON TRIGGER mute_audit_truncate ON respond.mute IS 'records the removal of all mutes in the audit log';
COMMENT ON TRIGGER route_audit ON respond.route IS 'records changes to routes in the audit log';
COMMENT ON TRIGGER route_audit_truncate ON respond.route IS 'records the removal of all routes in the audit log';
COMMENT ON FUNCTION respond.replay(timestamptz, timestamptz, text) IS 'runs the events recorded in [from_time, to_time) again through the rules of today, or through one of them, marked as a replay; returns the number of events, with a rule the number of those that it acts on now. A rule needs the right to act as its owner, or membership in one of rule.start_roles';
COMMENT ON FUNCTION respond.start(text, jsonb, text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, whatever its type, pattern and condition; returns the id that the run will have. Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';
COMMENT ON FUNCTION respond.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none. Rules that match already keep their version; rules that are not in the array stay. Returns how many were created or changed';
COMMENT ON FUNCTION respond_internal.import_rules(jsonb) IS 'creates and changes rules to match the array, all or none. Rules that match already keep their version; rules that are not in the array stay. Returns how many were created or changed';
COMMENT ON VIEW respond.rule_stats IS 'how often each rule fired since the server started, from shared memory; table run has the single runs';
COMMENT ON COLUMN respond.rule_stats.matched IS 'events that it matched: its runs, whatever became of them';
COMMENT ON COLUMN respond.rule_stats.suppressed IS 'runs that were suppressed, for example by a mute';
COMMENT ON COLUMN respond.rule_stats.since IS 'when counting began';
COMMENT ON VIEW respond.set_aside IS 'events that a rule could not be applied to yet, because of a temporary error or because the rule takes too long; they are retried';
COMMENT ON COLUMN respond.set_aside.subject IS 'subject of the event; later events with the same subject wait for it, for this rule';
COMMENT ON COLUMN respond.set_aside.sqlstate IS 'SQLSTATE of the last try; NULL: none yet';
COMMENT ON COLUMN respond.set_aside.next_try_at IS 'when it is retried; NULL: after the one before it, or when the rule has time';
COMMENT ON FUNCTION respond.retry_set_aside(text) IS 'retries set-aside events at once, all of them or those of one rule; returns how many';
COMMENT ON FUNCTION respond_internal.retry_set_aside(text) IS 'retries set-aside events at once, all of them or those of one rule; returns how many';
COMMENT ON FUNCTION respond.resume_rule(text, boolean) IS
	'resumes a rule that was stopped because it multiplied its own events; the events that were given up for it in the meantime count as dealt with, or are replayed. Returns how many are replayed. Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';
COMMENT ON COLUMN respond.worker.database IS 'database that it works in; NULL for the launcher, which serves the cluster';
COMMENT ON COLUMN respond.worker.pid IS 'its process, as in pg_stat_activity; NULL if it has none now';
COMMENT ON COLUMN respond.worker.lane IS 'for a dispatcher: which share of the events it handles, counted from 1';
COMMENT ON COLUMN respond.worker.state IS 'starting, idle, busy, holding, stopping, ended or failed (it is restarted at restart_at)';
COMMENT ON COLUMN respond.worker.generation IS 'how often the slot of this worker was given to a new process';
COMMENT ON COLUMN respond.worker.restart_at IS 'when a failed worker is restarted';
COMMENT ON COLUMN respond.worker.events IS 'events handled since started_at; for a courier, delivery tries';
COMMENT ON COLUMN respond.lag.lane IS 'number of the dispatcher, counted from 1';
COMMENT ON FUNCTION respond.hold(text) IS 'pauses the workers of this database after the commit, once they have finished their current batch; events are still recorded';
COMMENT ON FUNCTION respond_internal.hold(text) IS 'pauses the workers of this database after the commit, once they have finished their current batch; events are still recorded';
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() reads from shared memory';
COMMENT ON FUNCTION respond_internal.worker_errors() IS 'workers of this database that caught errors and have not succeeded since; from shared memory';
COMMENT ON FUNCTION respond.settle(interval) IS
	'waits until no committed event waits for the dispatchers, including those that rules record; false if there was no such moment within the timeout. For scripts and tests';
COMMENT ON FUNCTION respond_internal.settle(interval) IS
	'waits until no committed event waits for the dispatchers, including those that rules record; false if there was no such moment within the timeout. For scripts and tests';
COMMENT ON FUNCTION respond_internal.health_role() IS 'health(): the role that the workers run as';
COMMENT ON FUNCTION respond_internal.health_errors() IS 'health(): workers that retry after errors and never succeed';
COMMENT ON FUNCTION respond_internal.health_partitions() IS 'health(): whether there are partitions for new rows';
COMMENT ON FUNCTION respond_internal.health_channels() IS 'health(): channels that pg_respond disabled';
COMMENT ON FUNCTION respond_internal.health_breakers() IS 'health(): hosts and channels that get no requests for a while';
COMMENT ON COLUMN respond_internal.manifest.kind IS 'kind of object: trigger, firing, rule, constraint, not null, default, index, statistics, view, function, owner, row security, persistence, privilege, column';
COMMENT ON FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) IS
	'what somebody added to, changed in or removed from the objects of pg_respond, and the statement that undoes it';
COMMENT ON FUNCTION respond_internal.health_manifest() IS 'health(): what somebody added to, changed in or removed from the objects of pg_respond';

-- Schedules.
CREATE FUNCTION respond.cron_next(cron text, timezone text DEFAULT 'UTC', after timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cron_next_sql';
COMMENT ON FUNCTION respond.cron_next(text, text, timestamptz) IS 'the first time after another at which a cron expression fires in a time zone; NULL if it never does; an invalid expression raises an error that names the field';

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
GRANT EXECUTE ON FUNCTION respond_internal.clock_start() TO PUBLIC;
GRANT SELECT ON respond_internal.timer TO respond_admin, respond_auditor;
GRANT EXECUTE ON FUNCTION respond.cron_next(text, text, timestamptz) TO respond_admin, respond_auditor;
GRANT SELECT ON respond_internal.wait_pattern, respond_internal.wait, respond_internal.heard TO respond_auditor, respond_admin;

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal\.[a-z_]+_\d{8}_\d{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';
