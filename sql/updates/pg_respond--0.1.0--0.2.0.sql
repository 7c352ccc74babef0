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
			SELECT d.finished_at INTO given_up_at FROM respond.delivery AS d WHERE d.id = $2 AND d.status = 'dead' AND d.deadline IS NULL;
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
-- Runs that are under way.
ALTER TABLE respond.run
	ADD COLUMN waits_for text,
	ADD COLUMN key text,
	ADD COLUMN parent_id bigint,
	ADD COLUMN paused_at timestamptz,
	ADD COLUMN saved respond.private_jsonb,
	ADD COLUMN waiting_since timestamptz,
	ADD COLUMN waiting respond.private_jsonb;
COMMENT ON COLUMN respond.run.resume_at IS 'until when a waiting run waits; NULL: without a limit';
COMMENT ON COLUMN respond.run.waits_for IS 'what a waiting run waits for: event, time, answer, callback, approval, run, retry, place or turn';
COMMENT ON COLUMN respond.run.key IS 'name that start() gave to the run';
COMMENT ON COLUMN respond.run.parent_id IS 'run that called this one and waits for it';
COMMENT ON COLUMN respond.run.paused_at IS 'when pause_run() stopped it; NULL: it is not paused';
COMMENT ON COLUMN respond.run.saved IS 'all that a run needs to continue which is under way, failed or was cancelled; only the owner of the rule and superusers see it';
COMMENT ON COLUMN respond.run.waiting_since IS 'since when a waiting run waits';
COMMENT ON COLUMN respond.run.waiting IS 'what a waiting run waits for, see view waiting; only the owner of the rule and superusers see the key';
CREATE INDEX run_default_parent_id_idx ON respond.run_default (parent_id) WHERE parent_id IS NOT NULL AND status IN ('running', 'waiting');
CREATE INDEX run_default_under_way_idx ON respond.run_default (rule, key, id) WHERE status IN ('running', 'waiting');
COMMENT ON INDEX respond.run_default_parent_id_idx IS 'finds the runs under way that a run has called';
COMMENT ON INDEX respond.run_default_under_way_idx IS 'finds the runs of a rule that are under way';
-- Partitions that were made like the default one.
DO $$
DECLARE
	part text;
BEGIN
	FOR part IN
		SELECT c.relname FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
		 WHERE i.inhparent = 'respond.run'::pg_catalog.regclass AND c.relnamespace = 'respond_internal'::pg_catalog.regnamespace
	LOOP
		EXECUTE pg_catalog.format('CREATE INDEX ON respond_internal.%I (parent_id) WHERE parent_id IS NOT NULL AND status IN (''running'', ''waiting'')', part);
		EXECUTE pg_catalog.format('CREATE INDEX ON respond_internal.%I (rule, key, id) WHERE status IN (''running'', ''waiting'')', part);
	END LOOP;
END
$$;

-- Loops.
CREATE TABLE respond_internal.loop_items (
	run_id bigint NOT NULL,
	loop bigint NOT NULL,
	first bigint NOT NULL,
	items respond.private_jsonb NOT NULL
);
CREATE UNIQUE INDEX loop_items_run_id_loop_first_idx ON respond_internal.loop_items (run_id, loop, first);
ALTER TABLE respond_internal.loop_items REPLICA IDENTITY USING INDEX loop_items_run_id_loop_first_idx;
COMMENT ON TABLE respond_internal.loop_items IS 'what runs have still to go through in a loop, when it is much: a row for each piece; a row goes when its items are done';
COMMENT ON COLUMN respond_internal.loop_items.run_id IS 'the run';
COMMENT ON COLUMN respond_internal.loop_items.loop IS 'how many loops of the run are around this one';
COMMENT ON COLUMN respond_internal.loop_items.first IS 'number of the first item in the piece, from 0';
COMMENT ON COLUMN respond_internal.loop_items.items IS 'array of items; only the owner of the rule and superusers see it';
COMMENT ON INDEX respond_internal.loop_items_run_id_loop_first_idx IS 'finds the items of a loop, in order';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.loop_items', '');
-- Rules that call each other.
CREATE FUNCTION respond_internal.called_rules(steps jsonb, on_failure jsonb, on_cancel jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE step (value) AS (
		SELECT e.value FROM (VALUES ($1), ($2), ($3)) AS part (steps),
			LATERAL jsonb_array_elements(CASE jsonb_typeof(part.steps) WHEN 'array' THEN part.steps END) AS e
		UNION ALL
		SELECT e.value FROM step AS s,
			LATERAL jsonb_array_elements(CASE jsonb_typeof(s.value -> 'steps') WHEN 'array' THEN s.value -> 'steps' END) AS e
		 WHERE s.value ->> 'action' = 'foreach'
	)
	SELECT DISTINCT s.value ->> 'rule' FROM step AS s
	 WHERE s.value ->> 'action' = 'call' AND position('{{' IN s.value ->> 'rule') = 0
$$;
COMMENT ON FUNCTION respond_internal.called_rules(jsonb, jsonb, jsonb) IS 'the rules that steps call by a constant name';
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
	ADD COLUMN retry_after interval,
	ADD COLUMN callback_mark text;
COMMENT ON COLUMN respond.delivery.channel IS 'name of the channel; of a request without one, the scheme, name and port of the host';
COMMENT ON COLUMN respond.delivery.method IS 'of a request: GET, POST, PUT, PATCH, DELETE or HEAD; NULL: that of the kind';
COMMENT ON COLUMN respond.delivery.deadline IS 'of a request: when it ends, whatever it waits for';
COMMENT ON COLUMN respond.delivery.attempt_timeout IS 'of a request: how long a try may take; NULL: the timeout of the channel';
COMMENT ON COLUMN respond.delivery.max_attempts IS 'of a request: tries before it is dead; NULL: those of the channel';
COMMENT ON COLUMN respond.delivery.max_body IS 'of a request: bytes that the body of the answer may have';
COMMENT ON COLUMN respond.delivery.expect IS 'of a request: statuses of answers that are no failure; NULL: 200 to 299';
COMMENT ON COLUMN respond.delivery.run_started_at IS 'when the run started that waits for the answer; NULL: no run waits for one';
COMMENT ON COLUMN respond.delivery.step IS 'the step of the run that waits for the answer';
COMMENT ON COLUMN respond.delivery.callback_mark IS 'of a request that asks to be called back: where this stands in url, headers and body, what is secret in the url is put in when the request is sent; NULL: nowhere';
COMMENT ON COLUMN respond.delivery.retry_after IS 'of a request: pause before the second try, twice as long before each one after it; NULL: as the channel has it';
-- Steps that wait for a call, each until it ends.
CREATE TABLE respond_internal.callback (
	delivery_id bigint PRIMARY KEY,
	hash bytea NOT NULL,
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	step text NOT NULL,
	due_at timestamptz NOT NULL,
	called_at timestamptz,
	data jsonb
);
CREATE UNIQUE INDEX callback_hash_idx ON respond_internal.callback (hash);
CREATE INDEX callback_run_id_idx ON respond_internal.callback (run_id);
COMMENT ON TABLE respond_internal.callback IS 'steps that wait until the url is called that their request has named; a row goes when its step ends';
COMMENT ON COLUMN respond_internal.callback.delivery_id IS 'the request';
COMMENT ON COLUMN respond_internal.callback.hash IS 'SHA-256 of what is secret in the url, which is nowhere';
COMMENT ON COLUMN respond_internal.callback.run_id IS 'the run that waits';
COMMENT ON COLUMN respond_internal.callback.run_started_at IS 'finds the partition of the run';
COMMENT ON COLUMN respond_internal.callback.step IS 'the step that waits';
COMMENT ON COLUMN respond_internal.callback.due_at IS 'calls that come later are refused';
COMMENT ON COLUMN respond_internal.callback.called_at IS 'when it was called; NULL: not yet';
COMMENT ON COLUMN respond_internal.callback.data IS 'what the call brought, until the step takes it';
COMMENT ON INDEX respond_internal.callback_hash_idx IS 'finds the step that a call is for';
COMMENT ON INDEX respond_internal.callback_run_id_idx IS 'finds what a run waits for that ends';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.callback', '');
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
CREATE OR REPLACE VIEW respond.dead_letter WITH (security_invoker = true) AS
SELECT l.kind, l.event_id,
	CASE WHEN l.kind = 'event' THEN l.event_type
		ELSE (SELECT e.type FROM respond.event AS e WHERE e.id = l.event_id LIMIT 1) END AS event_type, l.rule, l.run_id, l.step, l.reason, l.error, l.at, l.delivery_id, l.id,
	a.at AS acknowledged_at, a.actor AS acknowledged_by
  FROM (
	SELECT 'run'::text AS kind, r.event_id, NULL::text AS event_type, r.rule, r.id AS run_id, r.step, 'failed'::text AS reason, r.error,
		COALESCE(r.finished_at, r.started_at) AS at, NULL::bigint AS delivery_id, r.id
	  FROM respond.run AS r
	 WHERE r.status = 'failed'
	UNION ALL
	SELECT 'event'::text, d.event_id, d.event_type, d.rule, NULL::bigint, NULL::text, d.reason, d.error, d.at, NULL::bigint, d.event_id
	  FROM respond_internal.dead_event AS d
	UNION ALL
	SELECT 'delivery'::text, d.event_id, NULL::text, d.rule, d.run_id, NULL::text, 'channel ' || d.channel, d.last_error, d.finished_at, d.id, d.id
	  FROM respond.delivery AS d
	 WHERE d.status = 'dead' AND d.deadline IS NULL) AS l
  LEFT JOIN respond_internal.acknowledged AS a ON a.kind = l.kind AND a.id = l.id AND a.at >= l.at;
CREATE OR REPLACE FUNCTION respond_internal.health_deliveries(OUT ok boolean, OUT message text, OUT remedy text)
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
		"correlate": "object", "steps": "array", "on_failure": "array", "owner": "string", "start_roles": "array",
		"timezone": "string", "concurrency": "object", "cancel_on": "object", "on_cancel": "array"}';
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
		ELSIF field.kind NOT IN (known ->> field.key, 'null') AND NOT (field.key = 'cancel_on' AND field.kind = 'array') THEN
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
	result.on_cancel := NULLIF(result.on_cancel, 'null');
	result.concurrency := NULLIF(result.concurrency, 'null');
	result.cancel_on := NULLIF(result.cancel_on, 'null');
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
		string_agg(CASE WHEN starts_with(w.triggers[1], 'respond_watch') THEN format('SELECT respond.unwatch(%L, %L)', w."table", w.type)
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
COMMENT ON COLUMN respond_internal.wait_pattern.alternative IS 'which one of the events of the step, from 0; from -1 down for waits whose key is not known';
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
	passed_from bigint,
	rule text NOT NULL,
	step text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL
);
CREATE INDEX wait_pattern_id_key_hash_run_id_idx ON respond_internal.wait (pattern_id, key_hash, run_id);
CREATE UNIQUE INDEX wait_run_id_step_alternative_idx ON respond_internal.wait (run_id, step, alternative);
ALTER TABLE respond_internal.wait REPLICA IDENTITY USING INDEX wait_run_id_step_alternative_idx;
CREATE INDEX wait_passed_from_idx ON respond_internal.wait (passed_from) WHERE passed_from IS NOT NULL;
COMMENT ON TABLE respond_internal.wait IS 'events that runs wait for: a row for each run, step and alternative';
COMMENT ON INDEX respond_internal.wait_pattern_id_key_hash_run_id_idx IS 'finds the runs that wait for an event';
COMMENT ON INDEX respond_internal.wait_run_id_step_alternative_idx IS 'finds what a run waits for';
COMMENT ON INDEX respond_internal.wait_passed_from_idx IS 'finds what no run has to hear any more';
COMMENT ON COLUMN respond_internal.wait.alternative IS 'which one of the events of the step, from 0; from -1 down while its key is not known';
COMMENT ON COLUMN respond_internal.wait.key_hash IS 'hash of the key, by which an event finds the row';
COMMENT ON COLUMN respond_internal.wait.since IS 'from when on it hears events';
COMMENT ON COLUMN respond_internal.wait.due_at IS 'events that are recorded later do not count; NULL: it waits without end';
COMMENT ON COLUMN respond_internal.wait.early IS 'whether the run has yet to reach the step: what it hears is kept';
COMMENT ON COLUMN respond_internal.wait.key IS 'what the event has to have in its key; empty: that is not known yet';
COMMENT ON COLUMN respond_internal.wait.passed_from IS 'while its key is not known: it has to hear what has passed behind this id';
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

-- What comes while runs do not know yet under which key they will wait for it.
-- It is not dumped: a wait that comes without it looks through the log.
CREATE TABLE respond_internal.passed (
	id bigint GENERATED BY DEFAULT AS IDENTITY,
	pattern_id bigint NOT NULL,
	key_hash bigint NOT NULL,
	run_id bigint NOT NULL,
	event_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX passed_pattern_id_key_hash_id_idx ON respond_internal.passed (pattern_id, key_hash, id);
ALTER TABLE respond_internal.passed REPLICA IDENTITY USING INDEX passed_pattern_id_key_hash_id_idx;
COMMENT ON TABLE respond_internal.passed IS 'events that met the pattern of a wait whose key was not known';
COMMENT ON INDEX respond_internal.passed_pattern_id_key_hash_id_idx IS 'finds those with a key, in order';
COMMENT ON COLUMN respond_internal.passed.id IS 'order in which they passed';
COMMENT ON COLUMN respond_internal.passed.pattern_id IS 'of respond_internal.wait_pattern';
COMMENT ON COLUMN respond_internal.passed.key_hash IS 'hash of the key of the event; 0 where there is no event';
COMMENT ON COLUMN respond_internal.passed.run_id IS 'the only run that it is for; 0: it is for all';
COMMENT ON COLUMN respond_internal.passed.event_id IS 'the event; 0: too many have passed for this run, which looks through the log';
COMMENT ON COLUMN respond_internal.passed.recorded_at IS 'when the event was recorded';
COMMENT ON SEQUENCE respond_internal.passed_id_seq IS 'order in which events passed';

CREATE FUNCTION respond_internal.leave_out() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_leave_out';
COMMENT ON FUNCTION respond_internal.leave_out() IS 'trigger: a wait whose key is not known is not inserted';
CREATE TRIGGER leave_out BEFORE INSERT ON respond_internal.wait
	FOR EACH ROW WHEN (NEW.passed_from IS NOT NULL) EXECUTE FUNCTION respond_internal.leave_out();
ALTER TABLE respond_internal.wait ENABLE ALWAYS TRIGGER leave_out;
COMMENT ON TRIGGER leave_out ON respond_internal.wait IS 'what has passed does not come with a dump';

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
COMMENT ON FUNCTION respond_internal.try_waits(jsonb) IS 'carries out steps with armed waits, for tests, and returns what each gave: {"arm": ...}, {"hit": event}, {"hear": ...}, {"want": event with the run}, {"take": run}, {"flush": true}';

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
CREATE INDEX timer_again_idx ON respond_internal.timer (run_id) WHERE kind = 'again';
COMMENT ON TABLE respond_internal.timer IS 'what is to be done at a time; a row is deleted when that was done, or when it is not wanted any more';
COMMENT ON COLUMN respond_internal.timer.due_at IS 'when, by the time of pg_respond';
COMMENT ON COLUMN respond_internal.timer.reader IS 'who does it: 0 the first dispatcher, 1 the clock';
COMMENT ON COLUMN respond_internal.timer.kind IS 'what is to be done';
COMMENT ON COLUMN respond_internal.timer.run_id IS 'run that waits for it';
COMMENT ON COLUMN respond_internal.timer.run_started_at IS 'when that run started; finds its partition';
COMMENT ON COLUMN respond_internal.timer.name IS 'what it is about, for example a step or a schedule';
COMMENT ON COLUMN respond_internal.timer.data IS 'what more the reader has to know';
COMMENT ON COLUMN respond_internal.timer.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON INDEX respond_internal.timer_again_idx IS 'finds what runs could not be told yet';

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

-- Not dumped: where a dump is restored, it may be earlier.
CREATE TABLE respond_internal.time_seen (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	seen_at timestamptz NOT NULL,
	flow_passed timestamptz NOT NULL,
	clock_passed timestamptz NOT NULL
);
COMMENT ON TABLE respond_internal.time_seen IS 'one row about time, written once a minute while timers wait';
COMMENT ON COLUMN respond_internal.time_seen.seen_at IS 'the latest time that was seen; while it is earlier than that, timers wait';
COMMENT ON COLUMN respond_internal.time_seen.flow_passed IS 'up to where the first dispatcher found no timer that waits';
COMMENT ON COLUMN respond_internal.time_seen.clock_passed IS 'the same of the clock';

CREATE FUNCTION respond_internal.time_status(OUT now timestamptz, OUT seen timestamptz, OUT ahead_ms double precision)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_time_status';
COMMENT ON FUNCTION respond_internal.time_status() IS 'the time of pg_respond, the latest one that was seen, and how far it is ahead of the server''s';

CREATE FUNCTION respond_internal.accept_time() RETURNS timestamptz
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_accept_time';
COMMENT ON FUNCTION respond_internal.accept_time() IS 'makes timers go by the time that it is, whatever was seen before; returns what was';

CREATE FUNCTION respond_internal.accept_clock() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	seen timestamptz;
	accepted timestamptz;
BEGIN
	PERFORM respond_internal.check_primary('accept_clock()');
	seen := respond_internal.accept_time();
	accepted := (SELECT s.now FROM respond_internal.time_status() AS s);
	UPDATE respond_internal.time_seen SET seen_at = accepted;
	PERFORM respond_internal.accept_schedules();
	PERFORM respond_internal.audit('clock.accepted', 'database', current_database(), jsonb_build_object('time', seen), jsonb_build_object('time', accepted));
END
$$;
COMMENT ON FUNCTION respond_internal.accept_clock() IS 'lets timers and schedules go by the time that it is now, although it was later before; otherwise they wait until it has caught up';

CREATE FUNCTION respond.accept_clock() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.accept_clock() IS 'lets timers and schedules go by the time that it is now, although it was later before; otherwise they wait until it has caught up';

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
		OR EXISTS (SELECT FROM respond_internal.run_inbox AS n WHERE n.incarnation <> own)
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
	-- What has passed there is not known here.
	DELETE FROM respond_internal.wait AS w WHERE w.incarnation <> own AND w.passed_from IS NOT NULL;
	-- The other database may have had another encoding.
	UPDATE respond_internal.wait AS w SET incarnation = own, key_hash = respond_internal.wait_key_hash(w.key) WHERE w.incarnation <> own;
	UPDATE respond_internal.heard AS h SET incarnation = own WHERE h.incarnation <> own;
	UPDATE respond_internal.wait_pattern AS w SET incarnation = own WHERE w.incarnation <> own;
	-- A note that comes twice finds that the run has gone on.
	UPDATE respond_internal.run_inbox AS n SET incarnation = own WHERE n.incarnation <> own;
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

-- What explain() says of waits.
CREATE FUNCTION respond_internal.explain_waits(event_id bigint)
RETURNS TABLE (rule text, heard boolean, reason text, run_id bigint)
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_explain_waits';
COMMENT ON FUNCTION respond_internal.explain_waits(bigint) IS 'what runs that wait, or waited, made of an event of the log';
CREATE OR REPLACE FUNCTION respond_internal.explain(event_id bigint)
RETURNS TABLE (rule text, fired boolean, reason text, run_id bigint)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
	WITH today AS (
		SELECT x.rule, x.matched, x.failed_test, x.remark FROM respond_internal.explain_rules($1) AS x
		UNION ALL
		SELECT r.name, false, 'the rule is disabled', NULL FROM respond.rule AS r WHERE NOT r.enabled
	), done AS (
		SELECT r.id, r.rule, r.status, r.error, r.state, r.replay FROM respond.run AS r WHERE r.event_id = $1
	), dead AS (
		SELECT d.rule, d.reason, d.error FROM respond_internal.dead_event AS d WHERE d.event_id = $1
		 ORDER BY d.at DESC LIMIT 1
	), event AS (
		SELECT e.recorded_at FROM respond.event AS e WHERE e.id = $1
	)
	SELECT COALESCE(d.rule, t.rule),
		d.id IS NOT NULL AND d.status <> 'suppressed',
		CASE
			WHEN d.id IS NOT NULL THEN d.status
				|| COALESCE(': ' || CASE WHEN d.status = 'suppressed' THEN d.state ->> 'suppressed' ELSE d.error END, '')
				|| CASE WHEN d.replay THEN ' (replay)' ELSE '' END
			WHEN NOT t.matched THEN t.failed_test
			WHEN EXISTS (SELECT FROM dead WHERE dead.rule IS NULL OR dead.rule = t.rule)
				THEN (SELECT 'dead letter: ' || COALESCE(dead.error, dead.reason) FROM dead)
			WHEN EXISTS (SELECT FROM respond.rule AS r, event AS e WHERE r.name = t.rule AND r.updated_at > e.recorded_at)
				THEN 'matches as the rule is now, but it was last changed after the event; replay() applies it'
			ELSE 'matches, and was not handled yet'
		END,
		d.id
	  FROM today AS t FULL JOIN done AS d ON d.rule = t.rule
	UNION ALL
	SELECT w.rule, w.heard, w.reason, w.run_id FROM respond_internal.explain_waits($1) AS w
	 ORDER BY 1, 4
$$;
COMMENT ON FUNCTION respond.explain(bigint) IS 'why each rule fired or did not fire for an event, with the run if there is one; and what runs that wait made of it: heard, waits or late';
COMMENT ON FUNCTION respond_internal.explain(bigint) IS 'why each rule fired or did not fire for an event, with the run if there is one; and what runs that wait made of it: heard, waits or late';

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
CREATE FUNCTION respond_internal.gateway_addresses(OUT address text, OUT fault text) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_gateway_addresses';
COMMENT ON FUNCTION respond_internal.gateway_addresses() IS 'addresses of the gateway, and why one is not listened to; from shared memory';

CREATE FUNCTION respond_internal.gateway_program(OUT pid integer, OUT started_at timestamptz, OUT starts bigint, OUT connections bigint,
	OUT accepted bigint, OUT refused bigint, OUT certificate_fault text, OUT certificate_until timestamptz) RETURNS record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_gateway_program';
COMMENT ON FUNCTION respond_internal.gateway_program() IS 'how the program of the gateway is; from shared memory';

CREATE VIEW respond.gateway WITH (security_invoker = true) AS
SELECT a.address, a.fault IS NULL AS listening, a.fault, p.pid, p.started_at, p.starts, p.connections, p.accepted, p.refused, p.certificate_fault,
	p.certificate_until
  FROM respond_internal.gateway_addresses() AS a
 CROSS JOIN respond_internal.gateway_program() AS p;
COMMENT ON VIEW respond.gateway IS 'what the gateway of the cluster listens to, one row for each address of pg_respond.gateway_listen';
COMMENT ON COLUMN respond.gateway.address IS 'as in pg_respond.gateway_listen';
COMMENT ON COLUMN respond.gateway.listening IS 'whether requests can come there';
COMMENT ON COLUMN respond.gateway.fault IS 'why not';
COMMENT ON COLUMN respond.gateway.pid IS 'process of the program that listens; NULL if it does not run';
COMMENT ON COLUMN respond.gateway.started_at IS 'when it started';
COMMENT ON COLUMN respond.gateway.starts IS 'how often the program was started since the server was';
COMMENT ON COLUMN respond.gateway.connections IS 'connections that are open, of all addresses together';
COMMENT ON COLUMN respond.gateway.accepted IS 'connections accepted since started_at';
COMMENT ON COLUMN respond.gateway.refused IS 'connections and requests that the program itself refused since started_at';
COMMENT ON COLUMN respond.gateway.certificate_fault IS 'what is wrong with pg_respond.gateway_certificate or pg_respond.gateway_key; NULL: nothing';
COMMENT ON COLUMN respond.gateway.certificate_until IS 'when the certificate in use ends; NULL: none is in use';

CREATE FUNCTION respond_internal.health_gateway(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	is_off CONSTANT boolean := NOT current_setting('pg_respond.enabled')::boolean OR current_setting('pg_respond.gateway_listen') = '';
	state record;
	ends boolean;
BEGIN
	SELECT string_agg(g.address, ', ') FILTER (WHERE g.listening) AS open,
		string_agg(format('%s: %s', g.address, g.fault), '; ') FILTER (WHERE NOT g.listening) AS closed,
		bool_and(g.pid IS NOT NULL) AS has_program, max(g.connections) AS connections, max(g.certificate_fault) AS certificate_fault,
		max(g.certificate_until) AS certificate_until,
		string_agg(DISTINCT CASE
			WHEN g.listening OR g.pid IS NULL THEN NULL
			WHEN g.fault ~ 'there is no certificate$' THEN CASE WHEN g.certificate_fault IS NULL
				THEN 'set pg_respond.gateway_certificate and pg_respond.gateway_key with ALTER SYSTEM, then SELECT pg_reload_conf(); or listen to 127.0.0.1 and put a proxy in front' END
			WHEN g.fault ~ 'Permission denied$' AND g.address ~ '^unix:' THEN format('let the user of the server write to the folder of %s', g.address)
			WHEN g.fault ~ 'No such file or directory$' THEN format('create the folder of %s, and let the user of the server write to it', g.address)
			WHEN g.fault ~ 'Permission denied$'
				THEN 'use a port from 1024 on: set pg_respond.gateway_listen with ALTER SYSTEM, then SELECT pg_reload_conf()'
			ELSE 'free the address, or set pg_respond.gateway_listen to others with ALTER SYSTEM, then SELECT pg_reload_conf()' END, '; ') AS remedy
	  INTO state FROM respond.gateway AS g;
	ends := coalesce(state.certificate_until < now() + interval '14 days', false);
	ok := is_off OR (state.closed IS NULL AND state.certificate_fault IS NULL AND NOT ends);
	message := CASE
		WHEN is_off THEN 'the gateway is off'
		WHEN ok THEN format('the gateway listens to %s; open connections: %s', state.open, state.connections)
		ELSE concat_ws('; ',
			'the gateway does not listen to ' || state.closed,
			'certificate of the gateway: ' || state.certificate_fault,
			CASE WHEN ends THEN format('the certificate of the gateway %s at %s',
				CASE WHEN state.certificate_until < now() THEN 'ended' ELSE 'ends' END, state.certificate_until) END) END;
	remedy := CASE WHEN NOT ok THEN concat_ws('; ',
		CASE WHEN state.closed IS NOT NULL AND NOT state.has_program
			THEN 'it is started again by itself; if it keeps ending, the server log says why, look for pg_respond_gateway' END,
		state.remedy,
		CASE WHEN state.certificate_fault IS NOT NULL OR ends
			THEN 'put a certificate that is valid and its key into the files that pg_respond.gateway_certificate and pg_respond.gateway_key name, in PEM, then SELECT pg_reload_conf()' END) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_gateway() IS 'health(): whether the gateway listens where it is to';

COMMENT ON COLUMN respond.worker.kind IS 'launcher, clock, dispatcher, courier, listener or gateway';
COMMENT ON COLUMN respond.worker.waiting_for IS 'what it waits for: events, deliveries, requests, time, respond.release(), or a wait event of the server such as a lock';
COMMENT ON COLUMN respond.worker.database IS 'database that it works in; NULL for the launcher and the listener, which serve the cluster';
COMMENT ON COLUMN respond.worker.pid IS 'its process, as in pg_stat_activity; NULL if it has none now';
COMMENT ON COLUMN respond.worker.lane IS 'for a dispatcher: which share of the events it handles, counted from 1; for a gateway: 1 takes webhooks, streams and metrics, the others requests of REST';
COMMENT ON COLUMN respond.worker.state IS 'starting, idle, busy, holding, stopping, ended or failed (it is restarted at restart_at)';
COMMENT ON COLUMN respond.worker.generation IS 'how often the slot of this worker was given to a new process';
COMMENT ON COLUMN respond.worker.restart_at IS 'when a failed worker is restarted';
COMMENT ON COLUMN respond.worker.events IS 'events handled since started_at; for a courier, delivery tries; for a gateway, requests';
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
DO $$
DECLARE
	setting text;
	signature text;
BEGIN
	FOREACH setting IN ARRAY ARRAY['standard_conforming_strings = on', 'quote_all_identifiers = off', 'IntervalStyle = postgres', 'DateStyle = ''ISO, YMD''',
		'extra_float_digits = 1'] LOOP
		FOREACH signature IN ARRAY ARRAY['manifest_now()', 'manifest_fault()'] LOOP
			EXECUTE pg_catalog.format('ALTER FUNCTION respond_internal.%s SET %s', signature, setting);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.manifest_fault(OUT object text, OUT fault text, OUT remedy text, OUT runs_code boolean) IS
	'what somebody added to, changed in or removed from the objects of pg_respond, and the statement that undoes it';
COMMENT ON FUNCTION respond_internal.health_manifest() IS 'health(): what somebody added to, changed in or removed from the objects of pg_respond';

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

-- Local times.
CREATE FUNCTION respond.local_instant(zone text, local timestamp) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_local_instant_sql';
COMMENT ON FUNCTION respond.local_instant(text, timestamp) IS 'the instant of a local time in a time zone: of one that the clock shows twice, the first; of one that it leaves out, the first instant after the gap';

-- Schedules.
CREATE FUNCTION respond.cron_next(cron text, timezone text DEFAULT 'UTC', after timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_cron_next_sql';
COMMENT ON FUNCTION respond.cron_next(text, text, timestamptz) IS 'the first time after another at which a cron expression fires in a time zone; NULL if it never does; an invalid expression raises an error that names the field';

CREATE TABLE respond.schedule (
	name text PRIMARY KEY,
	description text,
	enabled boolean NOT NULL DEFAULT true,
	cron text NOT NULL,
	timezone text NOT NULL DEFAULT 'UTC',
	event_type text NOT NULL,
	subject text,
	data jsonb NOT NULL DEFAULT '{}',
	query text,
	catch_up text NOT NULL DEFAULT 'once',
	max_catch_up integer NOT NULL DEFAULT 100,
	owner name NOT NULL DEFAULT current_user,
	next_at timestamptz,
	last_at timestamptz,
	failures integer NOT NULL DEFAULT 0,
	tries integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	owner_id oid,
	owner_system bigint
) WITH (fillfactor = 50);
COMMENT ON TABLE respond.schedule IS 'when to record which event; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.schedule.name IS 'name of the schedule';
COMMENT ON COLUMN respond.schedule.description IS 'what it is for';
COMMENT ON COLUMN respond.schedule.enabled IS 'whether it fires; when it is turned on it fires next at its next time from then';
COMMENT ON COLUMN respond.schedule.cron IS 'its times: a cron expression of five fields, or six with seconds first, see cron_next()';
COMMENT ON COLUMN respond.schedule.timezone IS 'name of the time zone in which cron is meant';
COMMENT ON COLUMN respond.schedule.event_type IS 'type of the event';
COMMENT ON COLUMN respond.schedule.subject IS 'subject of the event, a template over data, such as stock/{{data.sku}}; NULL: none';
COMMENT ON COLUMN respond.schedule.data IS 'data of the event, an object, to which scheduled_for and, for times that were missed, missed are added';
COMMENT ON COLUMN respond.schedule.query IS 'one SELECT, run as the owner: an event is recorded for each row, with the row as its data; NULL: one event';
COMMENT ON COLUMN respond.schedule.catch_up IS 'times that were missed fire once, as the last of them (once), each (all), or not at all (none)';
COMMENT ON COLUMN respond.schedule.max_catch_up IS 'with all: most missed times that fire; those before them count in the missed of the first';
COMMENT ON COLUMN respond.schedule.owner IS 'role whose rights its query has; turning it on, and changing what it does or when, needs the right to act as this role';
COMMENT ON COLUMN respond.schedule.next_at IS 'when it fires next, kept by pg_respond; NULL: never';
COMMENT ON COLUMN respond.schedule.last_at IS 'for which time it fired last, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.failures IS 'how many times in a row it failed, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.tries IS 'how many processes began to run its query for the time that is due, kept by pg_respond';
COMMENT ON COLUMN respond.schedule.created_at IS 'when it was created';
COMMENT ON COLUMN respond.schedule.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.schedule.owner_id IS 'number of the owner, kept by pg_respond, as for rules';
COMMENT ON COLUMN respond.schedule.owner_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';

CREATE FUNCTION respond_internal.schedule_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_schedule_validate';
COMMENT ON FUNCTION respond_internal.schedule_validate() IS 'trigger: refuses schedules that could not fire, keeps their times';

CREATE FUNCTION respond_internal.schedules_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_schedules_changed';
COMMENT ON FUNCTION respond_internal.schedules_changed() IS 'trigger: makes the clock reload the schedules after the commit';

CREATE FUNCTION respond_internal.accept_schedules() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_accept_schedules';
COMMENT ON FUNCTION respond_internal.accept_schedules() IS 'accept_clock(): schedules whose next time was reckoned with a later time fire next at their next time from now';

-- What the clock changes with each time it fires is in none of these lists.
CREATE TRIGGER schedule_validate BEFORE INSERT OR UPDATE ON respond.schedule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.schedule_validate();
COMMENT ON TRIGGER schedule_validate ON respond.schedule IS 'refuses schedules that could not fire, keeps their times';
CREATE TRIGGER schedules_changed AFTER INSERT OR UPDATE OF name, enabled, cron, timezone, event_type, subject, data, query, catch_up, max_catch_up, owner
	OR DELETE OR TRUNCATE ON respond.schedule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.schedules_changed();
COMMENT ON TRIGGER schedules_changed ON respond.schedule IS 'makes the clock reload the schedules';
CREATE TRIGGER schedule_audit AFTER INSERT
	OR UPDATE OF name, description, enabled, cron, timezone, event_type, subject, data, query, catch_up, max_catch_up, owner
	OR DELETE ON respond.schedule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER schedule_audit ON respond.schedule IS 'records changes to schedules in the audit log';
CREATE TRIGGER schedule_audit_truncate AFTER TRUNCATE ON respond.schedule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER schedule_audit_truncate ON respond.schedule IS 'records the removal of all schedules in the audit log';

ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedule_validate;
ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedules_changed;
ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedule_audit;
ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedule_audit_truncate;
SELECT pg_catalog.pg_extension_config_dump('respond.schedule', '');

CREATE FUNCTION respond_internal.schedule_preview(name text, n integer DEFAULT 10) RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	schedule record;
	fires_at timestamptz := respond_internal.clock_start();
BEGIN
	IF n NOT BETWEEN 0 AND 10000 THEN
		RAISE EXCEPTION 'n: % is not between 0 and 10000', n USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT s.cron, s.timezone INTO schedule FROM respond.schedule AS s WHERE s.name = schedule_preview.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no schedule "%"', name USING ERRCODE = 'no_data_found', HINT = 'respond.schedule lists the schedules.';
	END IF;
	FOR i IN 1 .. n LOOP
		fires_at := respond.cron_next(schedule.cron, schedule.timezone, fires_at);
		EXIT WHEN fires_at IS NULL;
		RETURN NEXT fires_at;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.schedule_preview(text, integer) IS 'the next n times of a schedule from now on, whether it is turned on or not';
CREATE FUNCTION respond.schedule_preview(name text, n integer DEFAULT 10) RETURNS SETOF timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.schedule_preview(text, integer) IS 'the next n times of a schedule from now on, whether it is turned on or not';

CREATE OR REPLACE FUNCTION respond_internal.health_owners(OUT ok boolean, OUT message text, OUT remedy text)
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

-- Times of runs.
CREATE FUNCTION respond_internal.rule_latencies(rule text,
	OUT latency_p50 double precision, OUT latency_p99 double precision, OUT duration_p50 double precision, OUT duration_p99 double precision)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_rule_latencies';
COMMENT ON FUNCTION respond_internal.rule_latencies(text) IS 'how many milliseconds the runs of a rule took since the server started, from shared memory';
CREATE OR REPLACE VIEW respond.rule_stats WITH (security_invoker = true) AS
SELECT r.name AS rule, r.folder, r.enabled, c.matched, c.succeeded, c.failed, c.shadow, c.suppressed, c.last_at, c.since,
	l.latency_p50, l.latency_p99, l.duration_p50, l.duration_p99,
	(SELECT count(*) FROM respond.run AS w WHERE w.rule = r.name AND w.status = 'waiting') AS waiting,
	(SELECT min(w.waiting_since) FROM respond.run AS w WHERE w.rule = r.name AND w.status = 'waiting') AS oldest_wait
  FROM respond.rule AS r
 CROSS JOIN LATERAL respond_internal.rule_counters(r.name) AS c
 CROSS JOIN LATERAL respond_internal.rule_latencies(r.name) AS l;
COMMENT ON COLUMN respond.rule_stats.matched IS 'events that it matched: its runs that have ended, whatever became of them';
COMMENT ON COLUMN respond.rule_stats.latency_p50 IS 'milliseconds from when an event was recorded until its run was committed that half of the runs did not exceed, accurate to a tenth; replays do not count';
COMMENT ON COLUMN respond.rule_stats.latency_p99 IS 'the same for 99 percent of the runs';
COMMENT ON COLUMN respond.rule_stats.duration_p50 IS 'milliseconds from the start to the end of a run that half of the runs did not exceed, with the time in which it waited';
COMMENT ON COLUMN respond.rule_stats.duration_p99 IS 'the same for 99 percent of the runs';
COMMENT ON COLUMN respond.rule_stats.waiting IS 'runs that wait now';
COMMENT ON COLUMN respond.rule_stats.oldest_wait IS 'since when the one waits that has waited longest; NULL: none waits';

-- Maps and descriptions of rules.
-- For all rules at once: one query costs less than a function for each rule.
CREATE FUNCTION respond_internal.rule_steps(rule text) RETURNS TABLE (rule text, n bigint, part text, place text, depth integer, step jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE list AS (
		SELECT r.name, p.part, ARRAY[p.n] AS path, p.part AS place, to_jsonb(r) -> p.part AS steps
		  FROM respond.rule AS r, (VALUES (1::bigint, 'steps'), (2, 'on_failure'), (3, 'on_cancel')) AS p (n, part)
		 WHERE $1 IS NULL OR r.name = $1
		UNION ALL
		SELECT l.name, l.part, l.path || s.n, format('%s[%s].steps', l.place, s.n - 1), s.step -> 'steps'
		  FROM list AS l, jsonb_array_elements(CASE jsonb_typeof(l.steps) WHEN 'array' THEN l.steps ELSE '[]' END) WITH ORDINALITY AS s (step, n)
	)
	SELECT l.name, row_number() OVER (PARTITION BY l.name ORDER BY l.path || s.n), l.part, format('%s[%s]', l.place, s.n - 1), cardinality(l.path) - 1, s.step
	  FROM list AS l, jsonb_array_elements(CASE jsonb_typeof(l.steps) WHEN 'array' THEN l.steps ELSE '[]' END) WITH ORDINALITY AS s (step, n)
$$;
COMMENT ON FUNCTION respond_internal.rule_steps(text) IS
	'the steps of a rule, or for NULL of all rules, with those inside of steps, in the order in which they are written; each has its place as errors name it';

CREATE FUNCTION respond_internal.texts_of(value jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT e.text FROM jsonb_array_elements_text(CASE jsonb_typeof($1) WHEN 'array' THEN $1 WHEN 'string' THEN jsonb_build_array($1) ELSE '[]' END) AS e (text)
$$;
COMMENT ON FUNCTION respond_internal.texts_of(jsonb) IS 'a text, or the texts of an array';

CREATE FUNCTION respond_internal.awaited_events(step jsonb) RETURNS SETOF jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT e.event
	  FROM jsonb_array_elements(CASE WHEN $1 ->> 'action' <> 'wait' THEN '[]' WHEN jsonb_typeof($1 -> 'events') = 'array' THEN $1 -> 'events'
			WHEN $1 ? 'event_type' THEN jsonb_build_array($1) ELSE '[]' END) AS e (event)
$$;
COMMENT ON FUNCTION respond_internal.awaited_events(jsonb) IS 'the events that a step waits for';

-- A path or a query may hold a secret, and so may what stands before an "@".
CREATE FUNCTION respond_internal.host_of(url text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT coalesce(lower((regexp_match($1, '^\s*https?://(?:[^/?#]*@)?((?:\[[0-9a-f:.]+\]|[^][/?#@\\{}:\s]+)(?::\d+)?)(?:[/?#\\\s]|$)', 'i'))[1]), '(a template)')
$$;
COMMENT ON FUNCTION respond_internal.host_of(text) IS 'the host of a url, and nothing else of it; a word when it is a template';

-- What a template writes can be anything; so can what a tag stands for in a type.
CREATE FUNCTION respond_internal.type_pattern(template text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT regexp_replace($1, '(?:\{\{.*?\}\}\}?|\*)+', '*', 'g')
$$;
COMMENT ON FUNCTION respond_internal.type_pattern(text) IS 'the type of an event that a template writes, with "*" where a tag stands';

CREATE FUNCTION respond_internal.types_meet(one text, other text) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_types_meet';
COMMENT ON FUNCTION respond_internal.types_meet(text, text) IS 'whether an event can have both types; in each "*" stands for any run of characters';

CREATE FUNCTION respond_internal.rule_hears(rule text) RETURNS TABLE (rule text, type text, label text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT r.name, r.event_type, NULL FROM respond.rule AS r WHERE $1 IS NULL OR r.name = $1
	UNION
	SELECT s.rule, e.event ->> 'event_type', 'waits' FROM respond_internal.rule_steps($1) AS s, respond_internal.awaited_events(s.step) AS e (event)
	 WHERE e.event ->> 'event_type' IS NOT NULL
	UNION
	SELECT c.name, e.event ->> 'event_type', 'cancels'
	  FROM (SELECT r.name, to_jsonb(r) -> 'cancel_on' AS events FROM respond.rule AS r WHERE $1 IS NULL OR r.name = $1) AS c,
		   jsonb_array_elements(CASE jsonb_typeof(c.events) WHEN 'array' THEN c.events WHEN 'object' THEN jsonb_build_array(c.events) ELSE '[]' END) AS e (event)
	 WHERE e.event ->> 'event_type' IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.rule_hears(text) IS 'types of the events that start a rule, that its runs wait for, or that end them; NULL: of all rules';

CREATE FUNCTION respond_internal.rule_does(rule text) RETURNS TABLE (rule text, kind text, name text, label text, dashed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT DISTINCT s.rule, d.*
	  FROM (SELECT x.rule, x.step ->> 'action' AS action, x.step FROM respond_internal.rule_steps($1) AS x) AS s,
		   LATERAL (SELECT 'type', respond_internal.type_pattern(s.step ->> 'type'), 'emits', false WHERE s.action = 'emit'
					UNION ALL
					SELECT 'channel', s.step ->> 'channel', CASE s.action WHEN 'request' THEN 'asks' ELSE s.action END, false WHERE s.action IN ('notify', 'email', 'request')
					UNION ALL
					SELECT 'host', respond_internal.host_of(s.step ->> 'url'), 'asks', false WHERE s.action = 'request' AND s.step ? 'url'
					UNION ALL
					SELECT 'rule', s.step ->> 'rule', CASE s.step -> 'wait' WHEN 'false' THEN 'starts' ELSE 'calls' END, s.step -> 'wait' = 'false' IS TRUE WHERE s.action = 'call'
					UNION ALL
					SELECT 'approver', a.name, 'asks', true FROM respond_internal.texts_of(s.step -> 'approvers') AS a (name) WHERE s.action = 'approve'
					UNION ALL
					SELECT 'approver', a.name, 'escalates to', true FROM respond_internal.texts_of(s.step -> 'escalate_to') AS a (name) WHERE s.action = 'approve'
					UNION ALL
					SELECT 'tickets', 'tickets', CASE s.action WHEN 'ticket' THEN 'opens' ELSE 'changes' END, false
					 WHERE s.action IN ('ticket', 'update_ticket', 'comment', 'assign', 'escalate')) AS d (kind, name, label, dashed)
	 WHERE d.name IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.rule_does(text) IS 'what the steps of a rule, or for NULL of all rules, reach: event types, channels, hosts, rules, approvers, tickets';

-- It reads with the rights of its caller.
CREATE FUNCTION respond_internal.rule_edges()
RETURNS TABLE (source_kind text, source text, target_kind text, target text, label text, dashed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH hears AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_hears(NULL)
	), does AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_does(NULL)
	), heard AS MATERIALIZED (
		SELECT DISTINCT h.type FROM hears AS h
	), watch AS (
		-- a watch without a type of its own records one type for each operation
		SELECT w."table"::text AS name, w.type, CASE WHEN w.type ~ '\.\*$' THEN ARRAY(SELECT left(w.type, -1) || CASE o.operation WHEN 'TRUNCATE' THEN 'truncated'
			WHEN 'INSERT' THEN 'inserted' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END FROM unnest(w.operations) AS o (operation)) ELSE ARRAY[w.type] END AS types
		  FROM respond.watched AS w
	), producer (kind, name, type, is_shown) AS (
		-- what nobody listens for is shown where there is nothing else to show
		SELECT 'table', w.name, t.type, EXISTS (SELECT FROM heard AS h WHERE respond_internal.types_meet(h.type, t.type)) FROM watch AS w, unnest(w.types) AS t (type)
		UNION ALL
		SELECT 'table', w.name, w.type, NOT EXISTS (SELECT FROM heard AS h, unnest(w.types) AS t (type) WHERE respond_internal.types_meet(h.type, t.type)) FROM watch AS w
		UNION ALL
		SELECT 'schedule', s.name, s.event_type, true FROM respond.schedule AS s
		UNION ALL
		SELECT o.kind, o.name, t.type, EXISTS (SELECT FROM heard AS h WHERE h.type <> '*' AND respond_internal.types_meet(h.type, t.type))
		  FROM (VALUES ('tickets', 'tickets', '{ticket.created,ticket.updated,ticket.commented,ticket.deleted,ticket.escalated}'::text[]),
				('engine', 'pg_respond', '{run.failed,run.cancelled,delivery.dead,rule.storm,approval.requested,approval.reminded,approval.escalated,approval.decided,approval.expired}')) AS o (kind, name, types),
			   unnest(o.types) AS t (type)
	), recorded AS MATERIALIZED (
		SELECT p.type FROM producer AS p WHERE p.is_shown UNION SELECT d.name FROM does AS d WHERE d.kind = 'type'
	)
	SELECT DISTINCT p.kind, p.name, 'type', p.type, NULL, false FROM producer AS p WHERE p.is_shown
	UNION ALL
	SELECT 'type', h.type, 'rule', h.rule, h.label, h.label IS NOT NULL FROM hears AS h
	UNION ALL
	SELECT 'rule', d.rule, d.kind, d.name, d.label, d.dashed FROM does AS d
	UNION ALL
	SELECT 'type', t.type, 'type', h.type, NULL, true
	  FROM (SELECT r.type FROM recorded AS r UNION SELECT h.type FROM heard AS h WHERE strpos(h.type, '*') = 0) AS t, heard AS h
	 WHERE t.type <> h.type AND (strpos(t.type, '*') > 0 OR strpos(h.type, '*') > 0) AND respond_internal.types_meet(t.type, h.type)
$$;
COMMENT ON FUNCTION respond_internal.rule_edges() IS 'what leads from one thing to another: tables, schedules, event types, rules, channels, hosts, approvers, tickets';

-- Names are other people's: in a label nothing may end the label, or mean something to who draws it.  U+FFFE and U+FFFF
-- must not be in XML, which is what it is drawn as.
CREATE FUNCTION respond_internal.map_label(format text, name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH short AS (
		SELECT CASE WHEN c.clean = '' THEN '(no name)' WHEN length(c.clean) > 80 THEN left(c.clean, 77) || '...' ELSE c.clean END AS text
		  FROM (SELECT btrim(regexp_replace($2, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS clean) AS c
	)
	SELECT CASE $1
		WHEN 'dot' THEN (SELECT replace(replace(replace(s.text, '\', '\\'), '"', '\"'), '&', '&amp;') FROM short AS s)
		-- Mermaid reads Markdown, HTML and entities of its own in a label
		ELSE (SELECT string_agg(CASE
				WHEN l.letter !~ '^[!-~]$' OR l.letter ~ '^[A-Za-z0-9/,]$' OR (l.letter ~ '^[_-]$' AND l.inside) OR (l.letter = '.' AND l.next <> ' ') THEN l.letter
				ELSE format('#%s;', ascii(l.letter)) END, '' ORDER BY l.n)
			FROM (SELECT x.letter, x.n, lag(x.letter) OVER w ~ '^[A-Za-z0-9]$' AND lead(x.letter) OVER w ~ '^[A-Za-z0-9]$' AS inside, lead(x.letter) OVER w AS next
					FROM short AS s, regexp_split_to_table(s.text, '') WITH ORDINALITY AS x (letter, n) WINDOW w AS (ORDER BY x.n)) AS l) END
$$;
COMMENT ON FUNCTION respond_internal.map_label(text, text) IS 'a name as a label of Mermaid or DOT, without its quotes';

CREATE FUNCTION respond_internal.map_node(format text, id text, kind text, label text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT CASE $1
		WHEN 'dot' THEN format('%s [label="%s", shape=%s]', $2, $4, s.dot)
		ELSE format('%s%s"%s"%s', $2, s.mermaid[1], $4, s.mermaid[2]) END
	  FROM (VALUES ('table', 'cylinder', ARRAY['[(', ')]']), ('schedule', 'hexagon', '{"{{", "}}"}'), ('engine', 'component', '{"[[", "]]"}'),
			('type', 'ellipse', '{"([", "])"}'), ('rule', 'box', '{"[", "]"}'), ('channel', 'cds', '{">", "]"}'), ('host', 'tab', '{"[\\", "/]"}'),
			('approver', 'house', '{"[/", "\\]"}'), ('tickets', 'cylinder', '{"[(", ")]"}')) AS s (kind, dot, mermaid)
	 WHERE s.kind = $3
$$;
COMMENT ON FUNCTION respond_internal.map_node(text, text, text, text) IS 'a node of the map, in the shape of its kind';

CREATE FUNCTION respond_internal.map_edge(format text, source text, target text, label text, dashed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1
		WHEN 'dot' THEN format('%s -> %s%s', $2, $3, coalesce(' [' || nullif(concat_ws(', ', 'label="' || $4 || '"', CASE WHEN $5 THEN 'style=dashed' END), '') || ']', ''))
		ELSE format('%s %s%s %s', $2, CASE WHEN $5 THEN '-.->' ELSE '-->' END, coalesce('|"' || $4 || '"|', ''), $3) END
$$;
COMMENT ON FUNCTION respond_internal.map_edge(text, text, text, text, boolean) IS 'an arrow of the map';

-- The planner expects a hundred elements in each array, and would compile the query, which takes longer than to run it.
CREATE FUNCTION respond_internal.rule_map(format text DEFAULT 'mermaid', folder text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	wanted CONSTANT text := lower($1);
	body text;
BEGIN
	IF wanted IS NULL OR wanted NOT IN ('mermaid', 'dot') THEN
		RAISE EXCEPTION 'there is no format "%" of maps', $1
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The formats are mermaid and dot.';
	END IF;
	WITH RECURSIVE edge AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_edges()
	), thing AS MATERIALIZED (
		SELECT e.source_kind AS kind, e.source AS name FROM edge AS e
		UNION
		SELECT e.target_kind, e.target FROM edge AS e
		UNION
		SELECT 'channel', c.name FROM respond.channel AS c
	), chosen AS (
		SELECT r.name FROM respond.rule AS r WHERE $2 IS NULL OR r.folder = $2 OR starts_with(r.folder, $2 || '/')
	), upstream AS (
		-- what leads to a chosen rule, through types, but not through other rules
		SELECT e.source_kind AS kind, e.source AS name FROM edge AS e JOIN chosen AS c ON e.target_kind = 'rule' AND e.target = c.name
		UNION
		SELECT e.source_kind, e.source FROM upstream AS u JOIN edge AS e ON e.target_kind = u.kind AND e.target = u.name WHERE u.kind = 'type'
	), downstream AS (
		SELECT e.target_kind AS kind, e.target AS name FROM edge AS e JOIN chosen AS c ON e.source_kind = 'rule' AND e.source = c.name
		UNION
		SELECT e.target_kind, e.target FROM downstream AS d JOIN edge AS e ON e.source_kind = d.kind AND e.source = d.name WHERE d.kind = 'type'
	), node AS MATERIALIZED (
		SELECT t.kind, t.name, row_number() OVER (ORDER BY array_position('{table,schedule,engine,type,rule,tickets,channel,host,approver}', t.kind), t.name COLLATE "C") AS n
		  FROM thing AS t
		 WHERE $2 IS NULL OR (t.kind = 'rule' AND t.name IN (SELECT c.name FROM chosen AS c))
			OR (t.kind, t.name) IN (SELECT u.kind, u.name FROM upstream AS u UNION SELECT d.kind, d.name FROM downstream AS d)
	), line AS (
		SELECT 1 AS part, n.n, 0::bigint AS m, respond_internal.map_node(wanted, 'n' || n.n, n.kind,
				respond_internal.map_label(wanted, n.name) || CASE
					WHEN n.kind NOT IN ('schedule', 'rule', 'channel') THEN ''
					WHEN coalesce(s.name, r.name, c.name) IS NULL THEN CASE WHEN strpos(n.name, '{{') > 0 THEN '' ELSE ' (missing)' END
					ELSE coalesce(' (' || respond_internal.map_label(wanted, coalesce(s.cron, c.kind)) || ')', '')
						|| CASE WHEN coalesce(s.enabled, r.enabled, c.enabled) THEN '' ELSE ' (disabled)' END || CASE WHEN r.shadow THEN ' (shadow)' ELSE '' END END) AS text
		  FROM node AS n
		  LEFT JOIN respond.schedule AS s ON n.kind = 'schedule' AND s.name = n.name
		  LEFT JOIN respond.rule AS r ON n.kind = 'rule' AND r.name = n.name
		  LEFT JOIN respond.channel AS c ON n.kind = 'channel' AND c.name = n.name
		UNION ALL
		SELECT 2, s.n, t.n, respond_internal.map_edge(wanted, 'n' || s.n, 'n' || t.n, string_agg(e.label, ', ' ORDER BY e.label COLLATE "C"), e.dashed)
		  FROM edge AS e
		  JOIN node AS s ON s.kind = e.source_kind AND s.name = e.source
		  JOIN node AS t ON t.kind = e.target_kind AND t.name = e.target
		 GROUP BY s.n, t.n, e.dashed
	)
	SELECT string_agg(format(E'\n%s%s%s', CASE wanted WHEN 'dot' THEN E'\t' ELSE '    ' END, l.text, CASE wanted WHEN 'dot' THEN ';' ELSE '' END), ''
		ORDER BY l.part, l.n, l.m, l.text COLLATE "C") INTO body FROM line AS l;
	IF wanted = 'dot' THEN
		RETURN format(E'digraph respond {\n\trankdir=LR;%s\n}\n', body);
	END IF;
	RETURN format(E'flowchart LR%s\n', coalesce(body, E'\n    none["no rules"]'));
END
$$;
COMMENT ON FUNCTION respond_internal.rule_map(text, text) IS
	'what leads to which rule and where rules lead, as a flowchart of Mermaid or a graph of DOT; with folder only its rules, those of folders below it, and what they touch';

-- Text of other people between ours: what Markdown would read as its own is escaped.
CREATE FUNCTION respond_internal.md_text(value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT string_agg(regexp_replace(regexp_replace(l.line, '([][\\`*_<>&|~#])', '\\\1', 'g'), '^(\d*)([-+=.)])', '\1\\\2'), E'\n' ORDER BY l.n)
	  FROM (SELECT n, btrim(regexp_replace(x.line, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS line
			  FROM regexp_split_to_table($1, '\r\n|\r|\n') WITH ORDINALITY AS x (line, n)) AS l
$$;
COMMENT ON FUNCTION respond_internal.md_text(text) IS 'a text for Markdown; its lines stay lines';

CREATE FUNCTION respond_internal.md_code(value text) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT CASE WHEN s.text = '' THEN '(empty)' ELSE concat(f.fence, f.pad, s.text, f.pad, f.fence) END
	  FROM (SELECT CASE WHEN length(c.clean) > 200 THEN left(c.clean, 197) || '...' ELSE c.clean END AS text
			  FROM (SELECT btrim(regexp_replace($1, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS clean) AS c) AS s,
		   LATERAL (SELECT repeat('`', 1 + coalesce(max(length(m[1])), 0)) AS fence, CASE WHEN s.text ~ '^`|`$' THEN ' ' ELSE '' END AS pad
					  FROM regexp_matches(s.text, '(`+)', 'g') AS m) AS f
$$;
COMMENT ON FUNCTION respond_internal.md_code(text) IS 'a text as code within a line of Markdown; a long one is cut';

CREATE FUNCTION respond_internal.md_block(language text, value text, indent integer) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT regexp_replace(concat(E'\n', f.fence, $1, E'\n', regexp_replace(replace(replace($2, E'\r\n', E'\n'), E'\r', E'\n'), '[\x01-\x08\x0b-\x1f\x7f\ufffe\uffff]', ' ', 'g'), E'\n', f.fence),
		'\n', E'\n' || repeat(' ', $3), 'g') || E'\n'
	  FROM (SELECT repeat('`', greatest(3, 1 + max(length(m[1])))) AS fence FROM regexp_matches($2, '(`+)', 'g') AS m) AS f
$$;
COMMENT ON FUNCTION respond_internal.md_block(text, text, integer) IS 'a text as a block of code of Markdown, in a list item when it is indented';

CREATE FUNCTION respond_internal.tags_in(value jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT DISTINCT btrim(m[1])
	  FROM jsonb_path_query($1, 'strict $.** ? (@.type() == "string")') AS s (value),
		   regexp_matches(s.value #>> '{}', '\{\{\{?\s*[#^&]?\s*([A-Za-z_](?:[^]["''{}|]|\["[^"]*"\]|\[''[^'']*''\])*)(?:\|[^{}]*)?\}\}', 'g') AS m
$$;
COMMENT ON FUNCTION respond_internal.tags_in(jsonb) IS 'what the tags name in all texts of a JSON value';

CREATE FUNCTION respond_internal.pattern_paths(pattern jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE part AS (
		SELECT NULL::text AS path, $1 AS test
		UNION ALL
		SELECT CASE WHEN f.key = '$or' THEN p.path ELSE concat_ws('.', p.path, f.key) END, t.test
		  FROM part AS p, jsonb_each(CASE jsonb_typeof(p.test) WHEN 'object' THEN p.test ELSE '{}' END) AS f,
			   LATERAL (SELECT f.value AS test WHERE f.key <> '$or' OR jsonb_typeof(f.value) <> 'array'
						UNION ALL SELECT a.value FROM jsonb_array_elements(CASE WHEN f.key = '$or' AND jsonb_typeof(f.value) = 'array' THEN f.value ELSE '[]' END) AS a) AS t
	)
	SELECT DISTINCT p.path FROM part AS p WHERE p.path IS NOT NULL AND jsonb_typeof(p.test) <> 'object'
$$;
COMMENT ON FUNCTION respond_internal.pattern_paths(jsonb) IS 'the fields that a pattern looks at';

-- The words of a step.  A part that is not given is NULL, which || keeps and concat() leaves out.
CREATE FUNCTION respond_internal.step_goal(target text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'stop' THEN 'the run ends' ELSE 'it goes on at ' || respond_internal.md_code($1) END
$$;
COMMENT ON FUNCTION respond_internal.step_goal(text) IS 'where a run goes on, in words';

CREATE FUNCTION respond_internal.step_codes(step jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_object_agg(f.key, respond_internal.md_code(f.value)) FROM jsonb_each_text($1) AS f WHERE f.value IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.step_codes(jsonb) IS 'the fields of a step as code of Markdown';

CREATE FUNCTION respond_internal.ticket_words(step jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	code CONSTANT jsonb := respond_internal.step_codes(step);
	which CONSTANT text := coalesce('ticket ' || (code ->> 'ticket'), 'the open ticket with the key ' || (code ->> 'key'), 'the ticket of the run');
BEGIN
	CASE step ->> 'action'
		WHEN 'ticket' THEN
			RETURN concat('opens a ticket ', code ->> 'subject', ' for team ' || (code ->> 'team'), ', assigned to ' || (code ->> 'assignee'), ', with priority ' || (code ->> 'priority'),
				'; while one with the key ' || (code ->> 'key') || ' is open, that one gets a comment instead');
		WHEN 'update_ticket' THEN
			RETURN concat('changes ', which, ': ', (SELECT string_agg(respond_internal.md_code(f.name), ', ' ORDER BY f.name) FROM jsonb_object_keys(step) AS f (name)
				WHERE f.name NOT IN ('action', 'name', 'if', 'on_success', 'on_failure', 'max_attempts', 'retry_after', 'timeout', 'ticket', 'key')));
		WHEN 'comment' THEN
			RETURN concat('comments on ', which, ': ', coalesce(code ->> 'body', code ->> 'text'));
		WHEN 'assign' THEN
			RETURN concat('assigns ', which, ' to ', concat_ws(', ', 'team ' || (code ->> 'team'), code ->> 'assignee'));
		ELSE
			RETURN concat('escalates ', which, ' to ', concat_ws(', ', 'team ' || (code ->> 'team'), code ->> 'assignee'), ', with priority ' || (code ->> 'priority'));
	END CASE;
END
$$;
COMMENT ON FUNCTION respond_internal.ticket_words(jsonb) IS 'what a step does with a ticket, in words';

-- Addresses, headers and bodies may hold what is nobody's business: of a request only its method and host are told.
CREATE FUNCTION respond_internal.request_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('sends a request ', respond_internal.md_code(upper(coalesce($1 ->> 'method', CASE WHEN $1 ? 'body' THEN 'POST' ELSE 'GET' END))),
		' to ' || respond_internal.md_code(CASE WHEN $1 ? 'url' THEN respond_internal.host_of($1 ->> 'url') END), ' through channel ' || (c.code ->> 'channel'),
		' and waits for the answer, at most ', coalesce(c.code ->> 'timeout', '`1 min`'), ', for each try at most ' || (c.code ->> 'attempt_timeout'),
		'; what is expected: ' || (c.code ->> 'expect'),
		CASE WHEN $1 -> 'callback' = 'true' THEN concat('; then waits until the receiver calls back, at most ', coalesce(c.code ->> 'callback_timeout', '`1 day`')) END)
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.request_words(jsonb) IS 'a request that a step sends, in words';

CREATE FUNCTION respond_internal.awaited_words(event jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('an event ', c.code ->> 'event_type', ' whose ', coalesce(c.code ->> 'event_key', '`subject`'), ' is ',
			coalesce(c.code ->> 'key', 'the subject of the run''s event'),
		' that matches ' || respond_internal.md_code(nullif($1 -> 'pattern', '{}')::text), ' (' || respond_internal.step_goal(coalesce($1 ->> 'go_to', $1 ->> 'on_event')) || ')')
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.awaited_words(jsonb) IS 'an event that a step waits for, in words';

CREATE FUNCTION respond_internal.wait_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN e.words IS NULL THEN concat('waits ', coalesce('for ' || (c.code ->> 'for'), 'until ' || (c.code ->> 'until'), 'without a deadline'))
		ELSE concat('waits for ', (c.code ->> 'collect') || ' of: ', e.words,
			CASE $1 ->> 'since' WHEN 'run' THEN ', since the run began' WHEN 'now' THEN ', from when the run comes here' END,
			coalesce(', at most for ' || (c.code ->> 'for'), ', at most until ' || (c.code ->> 'until'), ', without a deadline'),
			'; when that has passed, ' || respond_internal.step_goal($1 ->> 'on_timeout')) END
	  FROM respond_internal.step_codes($1) AS c (code),
		   LATERAL (SELECT string_agg(respond_internal.awaited_words(a.event), ', or ' ORDER BY a.n) AS words
					  FROM respond_internal.awaited_events($1) WITH ORDINALITY AS a (event, n)) AS e
$$;
COMMENT ON FUNCTION respond_internal.wait_words(jsonb) IS 'what a step waits for, in words';

CREATE FUNCTION respond_internal.foreach_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('runs the steps below for each ', coalesce(c.code ->> 'as', '`item`'), ' of ', coalesce(c.code ->> 'items', 'the rows of a query'), ', in batches of ' || (c.code ->> 'batch'),
		CASE $1 ->> 'mode' WHEN 'parallel' THEN concat(', ', coalesce(c.code ->> 'concurrency', '`10`'), ' at a time') ELSE ', one after the other' END,
		CASE $1 ->> 'on_item_failure' WHEN 'continue' THEN '; an item that fails does not stop the others' END)
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.foreach_words(jsonb) IS 'a loop, in words';

CREATE FUNCTION respond_internal.approve_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('asks ', coalesce((SELECT string_agg(respond_internal.md_code(a.name), ', ' ORDER BY a.n)
			FROM respond_internal.texts_of($1 -> 'approvers') WITH ORDINALITY AS a (name, n)), 'people'), ' to decide', ': ' || (c.code ->> 'question'),
		' (', coalesce((SELECT string_agg(respond_internal.md_code(o.name), ' or ' ORDER BY o.n) FROM respond_internal.texts_of($1 -> 'options') WITH ORDINALITY AS o (name, n)),
			'`approve` or `reject`'), ', quorum ' || (c.code ->> 'quorum'), CASE $1 -> 'deny_wins' WHEN 'false' THEN ', one `reject` alone does not decide' END, ')',
		coalesce(', at most for ' || (c.code ->> 'for'), ', without a deadline'), '; when that has passed, ' || respond_internal.step_goal($1 ->> 'on_timeout'),
		(SELECT string_agg('; on ' || respond_internal.md_code(w.option) || ' ' || respond_internal.step_goal(w.target), '' ORDER BY w.option)
		   FROM (VALUES ('approve', $1 ->> 'on_approve'), ('reject', $1 ->> 'on_reject')
				 UNION ALL SELECT o.key, o.value FROM jsonb_each_text(CASE jsonb_typeof($1 -> 'on') WHEN 'object' THEN $1 -> 'on' ELSE '{}' END) AS o) AS w (option, target)),
		CASE $1 -> 'self_approval' WHEN 'true' THEN '; who caused the event may decide, too' END,
		'; reminds of it every ' || (c.code ->> 'remind_every'),
		'; after ' || (c.code ->> 'escalate_after') || coalesce(' also asks ' || (SELECT string_agg(respond_internal.md_code(a.name), ', ' ORDER BY a.n)
			FROM respond_internal.texts_of($1 -> 'escalate_to') WITH ORDINALITY AS a (name, n)), ' records the event `approval.escalated`'))
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.approve_words(jsonb) IS 'a decision that a step asks for, in words';

CREATE FUNCTION respond_internal.step_words(step jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	code CONSTANT jsonb := respond_internal.step_codes(step);
BEGIN
	CASE step ->> 'action'
		WHEN 'ticket', 'update_ticket', 'comment', 'assign', 'escalate' THEN
			RETURN respond_internal.ticket_words(step);
		WHEN 'emit' THEN
			RETURN concat('records the event ', code ->> 'type', ' about ' || (code ->> 'subject'), ', once for the key ' || (code ->> 'key'));
		WHEN 'sql' THEN
			RETURN 'runs SQL as the owner of the rule';
		WHEN 'set' THEN
			RETURN 'computes ' || coalesce(code ->> 'values', code ->> 'value', 'a value with SQL, as the owner of the rule');
		WHEN 'notify' THEN
			RETURN concat('sends a message through channel ', code ->> 'channel', ': ' || coalesce(code ->> 'text', code ->> 'message', code ->> 'body'));
		WHEN 'email' THEN
			RETURN concat('sends mail through channel ', code ->> 'channel', ' to ' || (code ->> 'to'), ': ' || (code ->> 'subject'));
		WHEN 'request' THEN
			RETURN respond_internal.request_words(step);
		WHEN 'wait' THEN
			RETURN respond_internal.wait_words(step);
		WHEN 'foreach' THEN
			RETURN respond_internal.foreach_words(step);
		WHEN 'approve' THEN
			RETURN respond_internal.approve_words(step);
		WHEN 'call' THEN
			RETURN concat('runs the rule ', code ->> 'rule', CASE step -> 'wait' WHEN 'false' THEN ' and does not wait for it' ELSE ' and waits until it has ended' END);
		WHEN 'log' THEN
			RETURN concat('writes a line into the run: ', coalesce(code ->> 'message', code ->> 'text'));
		WHEN 'fail' THEN
			RETURN concat('fails', ': ' || coalesce(code ->> 'message', code ->> 'text'));
		WHEN 'stop' THEN
			RETURN concat('ends the run', ': ' || coalesce(code ->> 'message', code ->> 'text'));
		ELSE
			RETURN concat('does ', code ->> 'action');
	END CASE;
END
$$;
COMMENT ON FUNCTION respond_internal.step_words(jsonb) IS 'what a step does, in words';

-- A step as an item of a list, with the way from it.
CREATE FUNCTION respond_internal.step_item(place text, depth integer, step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(repeat(' ', 4 * $2), '- `', $1, '` ', '(' || (c.code ->> 'name') || ') ', respond_internal.step_words($3), E'.\n',
		(SELECT string_agg(concat(repeat(' ', 4 * $2 + 4), '- ', l.line, E'.\n'), '' ORDER BY l.n)
		   FROM (VALUES (1, 'Only if this is true: ' || (c.code ->> 'if')),
				(2, 'If it succeeds, ' || respond_internal.step_goal($3 ->> 'on_success')),
				(3, 'If it fails, ' || respond_internal.step_goal($3 ->> 'on_failure')),
				(4, 'It is tried at most ' || (c.code ->> 'max_attempts') || ' times' || coalesce(', with pauses of ' || (c.code ->> 'retry_after'), '')),
				(5, 'It may take ' || CASE WHEN $3 ->> 'action' <> 'request' THEN c.code ->> 'timeout' END)) AS l (n, line)
		  WHERE l.line IS NOT NULL),
		respond_internal.md_block('sql', CASE WHEN $3 ->> 'action' IN ('sql', 'set') THEN coalesce($3 ->> 'sql', $3 ->> 'query', $3 ->> 'statement', $3 ->> 'expression')
			WHEN $3 ->> 'action' = 'foreach' THEN $3 ->> 'query' END, 4 * $2 + 2))
	  FROM respond_internal.step_codes($3) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.step_item(text, integer, jsonb) IS 'a step as an item of a list of Markdown';

CREATE FUNCTION respond_internal.thing_words(kind text, name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'table' THEN 'the watch of table ' || c.code
		WHEN 'schedule' THEN (SELECT format('schedule %s (%s in %s%s)', c.code, respond_internal.md_code(s.cron), respond_internal.md_code(s.timezone),
			CASE WHEN s.enabled THEN '' ELSE ', disabled' END) FROM respond.schedule AS s WHERE s.name = $2)
		WHEN 'tickets' THEN 'changes of tickets' WHEN 'engine' THEN 'pg_respond itself'
		WHEN 'approver' THEN c.code ELSE concat($1, ' ', c.code) END
	  FROM respond_internal.md_code($2) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.thing_words(text, text) IS 'a thing of rule_edges(), in words';

-- The sections of rule_doc().
CREATE FUNCTION respond_internal.doc_head(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT concat('# ', respond_internal.md_text(regexp_replace($1.name, '[\x01-\x20]+', ' ', 'g')), E'\n\n', nullif(respond_internal.md_text($1.description), '') || E'\n\n',
		CASE WHEN NOT $1.enabled THEN 'The rule is disabled: it does nothing.' WHEN $1.shadow THEN 'The rule is a shadow: it records what it would do, and does nothing.'
			ELSE 'The rule is enabled.' END,
		format(E' This is version %s, owned by %s', $1.version, respond_internal.md_code($1.owner::text)), ', in folder ' || respond_internal.md_code($1.folder),
		CASE WHEN $1.priority <> 0 THEN format(', with priority %s', $1.priority) END, E'.\n')
$$;
COMMENT ON FUNCTION respond_internal.doc_head(respond.rule) IS 'rule_doc(): name and purpose';

CREATE FUNCTION respond_internal.doc_trigger(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH edge AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_edges()
	), source AS (
		SELECT DISTINCT respond_internal.thing_words(e.source_kind, e.source) AS words FROM edge AS e
		 WHERE e.target_kind = 'type' AND e.source_kind <> 'type' AND respond_internal.types_meet(e.target, $1.event_type)
	), caller AS (
		SELECT DISTINCT respond_internal.thing_words(e.source_kind, e.source) AS words FROM edge AS e WHERE e.target_kind = 'rule' AND e.target = $1.name AND e.source_kind = 'rule'
	), extra AS (
		SELECT to_jsonb($1) AS field
	)
	SELECT concat(E'\n## Trigger\n\nIt runs for each event ', CASE $1.event_type WHEN '*' THEN 'of any type' ELSE respond_internal.md_code($1.event_type) END, E'.\n',
		E'\nSuch events come from ' || (SELECT string_agg(s.words, ', ' ORDER BY s.words COLLATE "C") FROM source AS s) || E'.\n',
		E'\nThe rule is also run by ' || (SELECT string_agg(c.words, ', ' ORDER BY c.words COLLATE "C") FROM caller AS c) || E'.\n',
		E'\nThe event must match this pattern:\n' || respond_internal.md_block('json', jsonb_pretty($1.pattern), 0),
		E'\nThis condition must be true; it has the rights of the owner:\n' || respond_internal.md_block('sql', $1.condition, 0),
		E'\nThe condition is evaluated across events:\n' || respond_internal.md_block('json', jsonb_pretty($1.correlate), 0),
		CASE WHEN 'public' = ANY ($1.start_roles) THEN E'\nEverybody who may call `respond.start()` may start it by hand.\n'
			ELSE E'\nMembers of ' || (SELECT string_agg(respond_internal.md_code(s.name::text), ', ' ORDER BY s.name) FROM unnest($1.start_roles) AS s (name))
				|| E' may start it by hand.\n' END,
		E'\nHow many of its runs may go on at the same time:\n' || respond_internal.md_block('json', jsonb_pretty(nullif(x.field -> 'concurrency', 'null')), 0),
		E'\nAn event that matches this ends its runs:\n' || respond_internal.md_block('json', jsonb_pretty(nullif(x.field -> 'cancel_on', 'null')), 0),
		E'\nIts days are those of time zone ' || respond_internal.md_code(x.field ->> 'timezone') || E'.\n')
	  FROM extra AS x
$$;
COMMENT ON FUNCTION respond_internal.doc_trigger(respond.rule) IS 'rule_doc(): which events it is for, and where they come from';

CREATE FUNCTION respond_internal.doc_inputs(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH input AS (
		SELECT p.path, 'the pattern' AS place, 0::bigint AS n FROM respond_internal.pattern_paths($1.pattern) AS p (path)
		UNION ALL
		SELECT t.path, 'the condition', 1 FROM respond_internal.tags_in(to_jsonb($1.condition)) AS t (path)
		UNION ALL
		SELECT t.path, respond_internal.md_code(s.place), 1 + s.n
		  FROM respond_internal.rule_steps($1.name) AS s, respond_internal.tags_in(s.step - 'steps') AS t (path)
		UNION ALL
		-- the path of an array needs no tag
		SELECT s.step ->> 'items', respond_internal.md_code(s.place), 1 + s.n
		  FROM respond_internal.rule_steps($1.name) AS s
		 WHERE s.step ->> 'action' = 'foreach' AND jsonb_typeof(s.step -> 'items') = 'string' AND strpos(s.step ->> 'items', '{{') = 0
		UNION ALL
		SELECT t.path, respond_internal.md_code(c.name), -1
		  FROM (VALUES ('concurrency', to_jsonb($1) -> 'concurrency'), ('cancel_on', to_jsonb($1) -> 'cancel_on')) AS c (name, value),
			   respond_internal.tags_in(c.value) AS t (path)
	), field AS (
		SELECT regexp_replace(i.path, '^event\.', '') AS path, i.place, min(i.n) AS n FROM input AS i
		 WHERE i.path ~ '^(event\.)?(id|type|source|subject|time|data|key|cause|depth|actor|recorded_at)($|[].[])' GROUP BY 1, 2
	), line AS (
		SELECT f.path, string_agg(f.place, ', ' ORDER BY f.n) AS places FROM field AS f GROUP BY f.path
	)
	SELECT concat(E'\n## Inputs\n\n', coalesce((SELECT string_agg(format(E'- %s, in %s\n', respond_internal.md_code(l.path), l.places), '' ORDER BY l.path COLLATE "C") FROM line AS l),
		E'Pattern and templates use no field of the event.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_inputs(respond.rule) IS 'rule_doc(): which fields of the event are used, and where';

CREATE FUNCTION respond_internal.doc_steps(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(E'\n## Steps\n\n', coalesce(string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'steps'), E'There are none.\n'),
		E'\n## When a step failed\n\n' || string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'on_failure'),
		E'\n## When a run is cancelled\n\n' || string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'on_cancel'))
	  FROM respond_internal.rule_steps($1.name) AS s
$$;
COMMENT ON FUNCTION respond_internal.doc_steps(respond.rule) IS 'rule_doc(): what is done';

CREATE FUNCTION respond_internal.output_words(action text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'ticket' THEN '`{"id", "opened"}`' WHEN 'update_ticket' THEN '`{"id"}`' WHEN 'assign' THEN '`{"id"}`' WHEN 'escalate' THEN '`{"id"}`'
		WHEN 'comment' THEN '`{"id", "ticket_id"}`' WHEN 'emit' THEN '`{"id"}`' WHEN 'sql' THEN '`{"rows", "count"}`' WHEN 'set' THEN 'the value'
		WHEN 'notify' THEN '`{"id", "key"}` of the delivery' WHEN 'email' THEN '`{"id", "key"}` of the delivery' WHEN 'log' THEN '`{"message"}`'
		WHEN 'request' THEN '`{"status", "headers", "body"}`' WHEN 'foreach' THEN '`{"count", "succeeded", "failed", "items"}`' WHEN 'wait' THEN 'what it waited for'
		WHEN 'approve' THEN 'the decision' WHEN 'call' THEN 'what the called rule left' ELSE 'its output' END
$$;
COMMENT ON FUNCTION respond_internal.output_words(text) IS 'what a step with this action leaves for the steps after it';

CREATE FUNCTION respond_internal.doc_outputs(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH line AS (
		SELECT 1 AS part, CASE d.kind WHEN 'tickets' THEN d.label || ' tickets' ELSE concat(CASE d.kind WHEN 'type' THEN 'records the event' WHEN 'rule' THEN 'runs'
			WHEN 'approver' THEN 'asks' WHEN 'host' THEN 'sends requests to' ELSE CASE d.label WHEN 'asks' THEN 'sends requests through' ELSE 'sends messages through' END END, ' ',
			CASE d.kind WHEN 'type' THEN respond_internal.md_code(d.name) ELSE respond_internal.thing_words(d.kind, d.name) END) END AS text
		  FROM respond_internal.rule_does($1.name) AS d
		UNION ALL
		SELECT 2, format('leaves %s in %s', respond_internal.output_words(s.step ->> 'action'), respond_internal.md_code('steps.' || (s.step ->> 'name')))
		  FROM respond_internal.rule_steps($1.name) AS s WHERE s.step ->> 'name' IS NOT NULL AND s.step ->> 'action' NOT IN ('fail', 'stop')
	)
	SELECT concat(E'\n## Outputs\n\n', coalesce((SELECT string_agg(format(E'- It %s.\n', l.text), '' ORDER BY l.part, l.text COLLATE "C") FROM (SELECT DISTINCT line.part, line.text FROM line) AS l),
		E'There are none but the run itself.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_outputs(respond.rule) IS 'rule_doc(): what a run leaves';

CREATE FUNCTION respond_internal.doc_failures(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH step AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_steps($1.name) AS s
	), line (n, text) AS (
		SELECT 1, CASE WHEN EXISTS (SELECT FROM step AS s WHERE s.part = 'on_failure')
			THEN 'A step that fails and names no other way leads to the steps for failures; what they do decides how the run ends.'
			ELSE 'A step that fails and names no other way fails the run: it is in `respond.dead_letter`, and the event `run.failed` is recorded.' END
		 WHERE EXISTS (SELECT FROM step)
		UNION ALL
		SELECT 2, 'An error of the condition fails the run, before its first step.' WHERE $1.condition IS NOT NULL
		UNION ALL
		SELECT 3, format('Channel %s does not exist: steps that use it fail.', respond_internal.md_code(m.channel))
		  FROM (SELECT DISTINCT s.step ->> 'channel' AS channel FROM step AS s) AS m
		 WHERE strpos(m.channel, '{{') = 0 AND NOT EXISTS (SELECT FROM respond.channel AS c WHERE c.name = m.channel)
		UNION ALL
		SELECT 4, format('Channel %s is disabled: what is sent through it waits.', respond_internal.md_code(c.name))
		  FROM respond.channel AS c WHERE NOT c.enabled AND c.name IN (SELECT s.step ->> 'channel' FROM step AS s)
		UNION ALL
		SELECT 5, 'Messages are tried again until they are delivered or given up; one that is given up is the event `delivery.dead`, and does not fail the run.'
		 WHERE EXISTS (SELECT FROM step AS s WHERE s.step ->> 'action' IN ('notify', 'email'))
		UNION ALL
		SELECT 6, format('Step %s has no deadline: if what it waits for does not come, the run waits until somebody cancels it.', respond_internal.md_code(s.place))
		  FROM step AS s WHERE s.step ->> 'action' IN ('wait', 'approve') AND NOT s.step ?| ARRAY['for', 'until']
		UNION ALL
		SELECT 7, format('Step %s runs the rule %s, which %s: the step fails.', respond_internal.md_code(s.place), respond_internal.md_code(s.step ->> 'rule'),
			CASE WHEN r.name IS NULL THEN 'does not exist' WHEN NOT r.enabled THEN 'is disabled' ELSE 'is a shadow' END)
		  FROM step AS s LEFT JOIN respond.rule AS r ON r.name = s.step ->> 'rule'
		 WHERE s.step ->> 'action' = 'call' AND strpos(s.step ->> 'rule', '{{') = 0 AND (r.name IS NULL OR NOT r.enabled OR r.shadow)
	)
	SELECT concat(E'\n## Failures\n\n', coalesce((SELECT string_agg(format(E'- %s\n', l.text), '' ORDER BY l.n, l.text COLLATE "C") FROM line AS l), E'Nothing can fail.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_failures(respond.rule) IS 'rule_doc(): what happens when something fails';

CREATE FUNCTION respond_internal.doc_record(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
	SELECT concat(E'\n## Record\n\n', CASE WHEN s.matched = 0 THEN concat('No run has ended since ', at.since, E'.\n')
		ELSE concat('Since ', at.since, E':\n\n| runs | succeeded | failed | shadow | suppressed | last |\n| ---: | ---: | ---: | ---: | ---: | --- |\n',
			format(E'| %s | %s | %s | %s | %s | %s |\n', s.matched, s.succeeded, s.failed, s.shadow, s.suppressed, at.last_at)) END,
		E'\nHalf of the runs were done ' || s.latency_p50::numeric || ' ms after their event was recorded, 99 percent after ' || s.latency_p99::numeric || E' ms.\n',
		CASE WHEN s.waiting > 0 THEN format(E'\nRuns that wait now: %s. One of them has waited since %s.\n', s.waiting,
			to_char(s.oldest_wait AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) END)
	  FROM respond.rule_stats AS s,
		   LATERAL (SELECT to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS since, to_char(s.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS last_at) AS at
	 WHERE s.rule = $1.name
$$;
COMMENT ON FUNCTION respond_internal.doc_record(respond.rule) IS 'rule_doc(): how often it fired and failed';

CREATE FUNCTION respond_internal.rule_doc(name text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	wanted respond.rule;
BEGIN
	SELECT * INTO wanted FROM respond.rule AS r WHERE r.name = $1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'rule "%" does not exist', $1 USING ERRCODE = 'no_data_found', HINT = 'Table respond.rule lists the rules.';
	END IF;
	RETURN concat(respond_internal.doc_head(wanted), respond_internal.doc_trigger(wanted), respond_internal.doc_inputs(wanted), respond_internal.doc_steps(wanted),
		respond_internal.doc_outputs(wanted), respond_internal.doc_failures(wanted), respond_internal.doc_record(wanted));
END
$$;
COMMENT ON FUNCTION respond_internal.rule_doc(text) IS
	'a rule in words, as Markdown: purpose, trigger, inputs, steps, outputs, what happens on failures, and how often it fired and failed';
CREATE FUNCTION respond.rule_map(format text DEFAULT 'mermaid', folder text DEFAULT NULL) RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.rule_map(text, text) IS
	'what leads to which rule and where rules lead, as a flowchart of Mermaid or a graph of DOT; with folder only its rules, those of folders below it, and what they touch';
CREATE FUNCTION respond.rule_doc(name text) RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.rule_doc(text) IS
	'a rule in words, as Markdown: purpose, trigger, inputs, steps, outputs, what happens on failures, and how often it fired and failed';

-- The people of the desk.
CREATE TABLE respond.agent (
	name text PRIMARY KEY CHECK (name <> '' AND name !~ '^(team|on_call|role):'),
	db_role name,
	available boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	role_id oid,
	role_system bigint,
	-- two roles may have changed their names with each other
	UNIQUE (db_role) DEFERRABLE
);
CREATE INDEX agent_role_id_idx ON respond.agent (role_id);
COMMENT ON INDEX respond.agent_role_id_idx IS 'finds the agent of a role';
COMMENT ON TABLE respond.agent IS 'people who work at the desk';
COMMENT ON COLUMN respond.agent.name IS 'name by which tickets and approvers refer to the person';
COMMENT ON COLUMN respond.agent.db_role IS 'role that the person works as in the database; NULL: none';
COMMENT ON COLUMN respond.agent.available IS 'whether the person is there; on_call:TEAM asks only those who are';
COMMENT ON COLUMN respond.agent.created_at IS 'when the row was created';
COMMENT ON COLUMN respond.agent.role_id IS 'number of db_role, kept by pg_respond: the agent stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.agent.role_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';

CREATE TABLE respond.team_member (
	team text NOT NULL,
	agent text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (team, agent)
);
CREATE INDEX team_member_agent_idx ON respond.team_member (agent);
COMMENT ON TABLE respond.team_member IS 'who is in which team';
COMMENT ON COLUMN respond.team_member.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.team_member.agent IS 'the person, a row of respond.agent';
COMMENT ON COLUMN respond.team_member.created_at IS 'since when';
COMMENT ON INDEX respond.team_member_agent_idx IS 'finds the teams of a person';

-- References.  There are no foreign keys: see src/desk/member_reference.c.
CREATE FUNCTION respond_internal.member_reference() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_member_reference';
COMMENT ON FUNCTION respond_internal.member_reference() IS 'trigger: refuses members that are nobody, and teams that do not exist';
CREATE FUNCTION respond_internal.members_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_members_follow';
COMMENT ON FUNCTION respond_internal.members_follow() IS 'trigger: members of teams go and change their names with the team or the person';

CREATE TRIGGER member_reference BEFORE INSERT OR UPDATE ON respond.team_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.member_reference();
ALTER TABLE respond.team_member ENABLE ALWAYS TRIGGER member_reference;
COMMENT ON TRIGGER member_reference ON respond.team_member IS 'refuses members that are nobody, and teams that do not exist';
CREATE TRIGGER members_follow AFTER DELETE OR UPDATE OF name ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.members_follow();
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER members_follow;
COMMENT ON TRIGGER members_follow ON respond.team IS 'a team that goes has no members';
CREATE TRIGGER members_follow_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.members_follow();
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER members_follow_truncate;
COMMENT ON TRIGGER members_follow_truncate ON respond.team IS 'teams that go have no members';
CREATE TRIGGER members_follow AFTER DELETE OR UPDATE OF name ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.members_follow();
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER members_follow;
COMMENT ON TRIGGER members_follow ON respond.agent IS 'who goes leaves the teams';
CREATE TRIGGER members_follow_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.members_follow();
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER members_follow_truncate;
COMMENT ON TRIGGER members_follow_truncate ON respond.agent IS 'who goes leaves the teams';

CREATE FUNCTION respond_internal.agent_role() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_agent_role';
COMMENT ON FUNCTION respond_internal.agent_role() IS 'trigger: keeps the numbers of the roles that agents work as';
CREATE TRIGGER agent_role BEFORE INSERT OR UPDATE ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.agent_role();
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER agent_role;
COMMENT ON TRIGGER agent_role ON respond.agent IS 'keeps the numbers of the roles that agents work as';

-- Who is who decides who may approve.
CREATE TRIGGER agent_audit AFTER INSERT OR UPDATE OR DELETE ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER agent_audit;
COMMENT ON TRIGGER agent_audit ON respond.agent IS 'records changes to agents in the audit log';
CREATE TRIGGER agent_audit_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER agent_audit_truncate;
COMMENT ON TRIGGER agent_audit_truncate ON respond.agent IS 'records the removal of all agents in the audit log';
CREATE TRIGGER team_member_audit AFTER INSERT OR UPDATE OR DELETE ON respond.team_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.team_member ENABLE ALWAYS TRIGGER team_member_audit;
COMMENT ON TRIGGER team_member_audit ON respond.team_member IS 'records changes to teams in the audit log';
CREATE TRIGGER team_member_audit_truncate AFTER TRUNCATE ON respond.team_member
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
ALTER TABLE respond.team_member ENABLE ALWAYS TRIGGER team_member_audit_truncate;
COMMENT ON TRIGGER team_member_audit_truncate ON respond.team_member IS 'records the removal of all members in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.agent', '');
SELECT pg_catalog.pg_extension_config_dump('respond.team_member', '');

-- Questions that runs ask people.
CREATE TABLE respond.approval (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	rule text NOT NULL,
	rule_version integer NOT NULL,
	step text NOT NULL,
	pause integer NOT NULL,
	event_id bigint,
	depth integer NOT NULL,
	question text NOT NULL,
	options text[] NOT NULL,
	context jsonb NOT NULL DEFAULT '{}',
	approvers text[] NOT NULL,
	quorum integer,
	asked_of text[] NOT NULL,
	caused_by text[] NOT NULL DEFAULT '{}',
	self_approval boolean NOT NULL,
	deny_wins boolean NOT NULL,
	status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'decided', 'tied', 'expired', 'cancelled')),
	decision text,
	asked_at timestamptz NOT NULL,
	due_at timestamptz,
	ended_at timestamptz,
	remind_every interval,
	escalate_to text[] NOT NULL DEFAULT '{}',
	escalated_at timestamptz,
	roles text[] NOT NULL DEFAULT '{}',
	role_ids oid[] NOT NULL DEFAULT '{}',
	role_system bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE respond.approval IS 'questions that runs ask people; decide() answers them. Agents see those that they may answer';
COMMENT ON COLUMN respond.approval.id IS 'by which decide() knows it';
COMMENT ON COLUMN respond.approval.run_id IS 'the run that waits for it';
COMMENT ON COLUMN respond.approval.run_started_at IS 'when that run started; finds its partition';
COMMENT ON COLUMN respond.approval.rule IS 'the rule that asks';
COMMENT ON COLUMN respond.approval.rule_version IS 'the version of the rule that the run began with';
COMMENT ON COLUMN respond.approval.step IS 'the step that asks: its name, or its place';
COMMENT ON COLUMN respond.approval.pause IS 'number of the pause of the run that a decision ends';
COMMENT ON COLUMN respond.approval.event_id IS 'event that led to the question';
COMMENT ON COLUMN respond.approval.depth IS 'depth of the events that the approval records';
COMMENT ON COLUMN respond.approval.question IS 'what is asked';
COMMENT ON COLUMN respond.approval.options IS 'what may be answered';
COMMENT ON COLUMN respond.approval.context IS 'what one needs to know to decide';
COMMENT ON COLUMN respond.approval.approvers IS 'who may answer: agents, team:NAME, on_call:NAME, roles; looked up at each vote';
COMMENT ON COLUMN respond.approval.quorum IS 'so many have to choose the same option; NULL: all of asked_of';
COMMENT ON COLUMN respond.approval.asked_of IS 'the people who could answer when the question was asked';
COMMENT ON COLUMN respond.approval.caused_by IS 'who caused the event of the run, and the events that led to it';
COMMENT ON COLUMN respond.approval.self_approval IS 'whether they may answer, too';
COMMENT ON COLUMN respond.approval.deny_wins IS 'whether one reject is enough';
COMMENT ON COLUMN respond.approval.status IS 'open, decided, tied (no option can reach the quorum any more), expired or cancelled';
COMMENT ON COLUMN respond.approval.decision IS 'the option that won';
COMMENT ON COLUMN respond.approval.asked_at IS 'when it was asked';
COMMENT ON COLUMN respond.approval.due_at IS 'until when it can be answered; NULL: without a limit';
COMMENT ON COLUMN respond.approval.ended_at IS 'when it was decided, or ended in another way';
COMMENT ON COLUMN respond.approval.remind_every IS 'how often the event approval.reminded is recorded; NULL: never';
COMMENT ON COLUMN respond.approval.escalate_to IS 'who becomes an approver when nobody has decided for a while';
COMMENT ON COLUMN respond.approval.escalated_at IS 'when that happened';
COMMENT ON COLUMN respond.approval.roles IS 'names in it that were names of roles when it was asked';
COMMENT ON COLUMN respond.approval.role_ids IS 'numbers of these roles: one that is renamed may still answer, and another that takes its name may not';
COMMENT ON COLUMN respond.approval.role_system IS 'system (see pg_control_system()) in which these are numbers of roles; in another one the names count';
CREATE INDEX approval_run_id_idx ON respond.approval (run_id);
COMMENT ON INDEX respond.approval_run_id_idx IS 'finds the questions of a run';
CREATE INDEX approval_open_idx ON respond.approval (asked_at) WHERE status = 'open';
COMMENT ON INDEX respond.approval_open_idx IS 'lists the open questions';
CREATE INDEX approval_asked_at_id_idx ON respond.approval (asked_at, id);
COMMENT ON INDEX respond.approval_asked_at_id_idx IS 'lists the questions in the order in which they were asked';

CREATE TABLE respond.approval_vote (
	approval_id uuid NOT NULL,
	voter text NOT NULL,
	option text NOT NULL,
	comment text,
	voted_at timestamptz NOT NULL,
	changed_at timestamptz,
	session_actor text,
	PRIMARY KEY (approval_id, voter)
);
COMMENT ON TABLE respond.approval_vote IS 'what each person answered';
COMMENT ON COLUMN respond.approval_vote.approval_id IS 'the question, a row of respond.approval';
COMMENT ON COLUMN respond.approval_vote.voter IS 'who answered: an agent, or a role that is no agent''s, which is role:NAME if there is an agent of that name';
COMMENT ON COLUMN respond.approval_vote.option IS 'the answer';
COMMENT ON COLUMN respond.approval_vote.comment IS 'what the person said about it';
COMMENT ON COLUMN respond.approval_vote.voted_at IS 'when the person first answered';
COMMENT ON COLUMN respond.approval_vote.changed_at IS 'when the person changed the answer; NULL: never';
COMMENT ON COLUMN respond.approval_vote.session_actor IS 'who was logged in, if not the role of the voter';

CREATE FUNCTION respond.decide(approval uuid, option text, comment text DEFAULT NULL) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_decide';
COMMENT ON FUNCTION respond.decide(uuid, text, text) IS
	'answers an open approval as the session''s role, or changes the answer; returns the option that won, NULL while nothing is decided';
CREATE FUNCTION respond_internal.cancel_approvals(run_id bigint) RETURNS bigint
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'respond_cancel_approvals';
COMMENT ON FUNCTION respond_internal.cancel_approvals(bigint) IS 'ends the open approvals of a run that waits for them no more; returns how many';

-- Whoever may answer may read, and nobody else at the desk.
CREATE FUNCTION respond_internal.is_approver(approvers text[], roles text[], role_ids oid[], role_system bigint) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_is_approver';
COMMENT ON FUNCTION respond_internal.is_approver(text[], text[], oid[], bigint) IS 'whether the current role is among them';
ALTER TABLE respond.approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE respond.approval_vote ENABLE ROW LEVEL SECURITY;
CREATE POLICY overseers ON respond.approval FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY overseers ON respond.approval IS 'admins and auditors see all';
CREATE POLICY approvers ON respond.approval FOR SELECT TO respond_agent USING (respond_internal.is_approver(approvers, roles, role_ids, role_system));
COMMENT ON POLICY approvers ON respond.approval IS 'agents see what they may answer';
CREATE POLICY overseers ON respond.approval_vote FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY overseers ON respond.approval_vote IS 'admins and auditors see all';
CREATE POLICY approvers ON respond.approval_vote FOR SELECT TO respond_agent
	USING (EXISTS (SELECT FROM respond.approval AS a WHERE a.id = approval_id));
COMMENT ON POLICY approvers ON respond.approval_vote IS 'agents see the answers to what they may answer';

SELECT pg_catalog.pg_extension_config_dump('respond.approval', '');
SELECT pg_catalog.pg_extension_config_dump('respond.approval_vote', '');

-- Runs at rest.
ALTER TABLE respond.rule ADD COLUMN timezone text, ADD COLUMN concurrency jsonb, ADD COLUMN cancel_on jsonb, ADD COLUMN on_cancel jsonb;
ALTER TABLE respond.rule_version ADD COLUMN timezone text, ADD COLUMN concurrency jsonb, ADD COLUMN cancel_on jsonb, ADD COLUMN on_cancel jsonb;
COMMENT ON COLUMN respond.rule.timezone IS 'time zone in which its waits count days and months, and in which "until" is read; NULL: UTC';
COMMENT ON COLUMN respond.rule.concurrency IS 'how many runs may be under way at once: {"limit", "key": template, "when_full": queue, drop or cancel_oldest}; NULL: any number';
COMMENT ON COLUMN respond.rule.cancel_on IS 'an event that cancels runs under way: {"event_type", "pattern", "key", "event_key"}, or an array of these; NULL: none';
COMMENT ON COLUMN respond.rule.on_cancel IS 'steps to run when a run is cancelled';
COMMENT ON COLUMN respond.rule_version.timezone IS 'see rule';
COMMENT ON COLUMN respond.rule_version.concurrency IS 'see rule';
COMMENT ON COLUMN respond.rule_version.cancel_on IS 'see rule';
COMMENT ON COLUMN respond.rule_version.on_cancel IS 'see rule';
-- What others have to tell of runs that wait: answers, signals, decisions.  The
-- first dispatcher deletes the rows in the transaction that acts on them.
CREATE TABLE respond_internal.run_inbox (
	id bigint GENERATED BY DEFAULT AS IDENTITY,
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	kind text NOT NULL,
	pause integer,
	step text,
	event_id bigint,
	data jsonb,
	actor text,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	incarnation bigint NOT NULL DEFAULT respond_internal.incarnation()
);
ALTER TABLE respond_internal.run_inbox REPLICA IDENTITY FULL;
CREATE INDEX run_inbox_id_idx ON respond_internal.run_inbox (id);
COMMENT ON TABLE respond_internal.run_inbox IS 'what runs that wait are to be told';
COMMENT ON COLUMN respond_internal.run_inbox.kind IS 'continue (a run that another dispatcher began), answer, decision, signal, ended (a run that it called), turn (others had theirs), place (one may be free among the runs of a rule), cancelled, retry or resume';
COMMENT ON COLUMN respond_internal.run_inbox.pause IS 'number of the pause of the run that is meant; NULL: whichever';
COMMENT ON COLUMN respond_internal.run_inbox.actor IS 'who said it; NULL: a worker';
COMMENT ON COLUMN respond_internal.run_inbox.incarnation IS 'of the database that wrote it; rows from elsewhere wait for release()';
COMMENT ON INDEX respond_internal.run_inbox_id_idx IS 'gives the rows in their order';
CREATE TRIGGER foreign_row BEFORE INSERT ON respond_internal.run_inbox
	FOR EACH ROW EXECUTE FUNCTION respond_internal.foreign_row();
ALTER TABLE respond_internal.run_inbox ENABLE ALWAYS TRIGGER foreign_row;
COMMENT ON TRIGGER foreign_row ON respond_internal.run_inbox IS 'pauses the workers when a row comes from elsewhere';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_inbox', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_inbox_id_seq', '');
COMMENT ON SEQUENCE respond_internal.run_inbox_id_seq IS 'numbers of rows of run_inbox';

-- The hash of a key is as good as the key for whoever guesses, so the view leaves it out.
CREATE TABLE respond_internal.wait_decision (
	run_id bigint NOT NULL,
	rule text NOT NULL,
	rule_version integer NOT NULL,
	step text NOT NULL,
	outcome text NOT NULL,
	event_id bigint,
	key_hash bigint,
	since timestamptz NOT NULL,
	due_at timestamptz,
	decided_at timestamptz NOT NULL
) PARTITION BY RANGE (decided_at);
COMMENT ON TABLE respond_internal.wait_decision IS 'respond.wait_decision, with what nobody but the workers reads';
COMMENT ON COLUMN respond_internal.wait_decision.key_hash IS 'hash of the key that it waited for, by which explain() finds events that came late; NULL: no key';
CREATE TABLE respond_internal.wait_decision_default PARTITION OF respond_internal.wait_decision DEFAULT;
ALTER TABLE respond_internal.wait_decision_default REPLICA IDENTITY FULL;
CREATE INDEX wait_decision_default_run_id_idx ON respond_internal.wait_decision_default (run_id);
CREATE INDEX wait_decision_default_event_id_idx ON respond_internal.wait_decision_default (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX wait_decision_default_key_idx ON respond_internal.wait_decision_default (key_hash) WHERE key_hash IS NOT NULL;
COMMENT ON TABLE respond_internal.wait_decision_default IS 'decisions for whose time there is no partition yet';
COMMENT ON INDEX respond_internal.wait_decision_default_run_id_idx IS 'finds the decisions of a run';
COMMENT ON INDEX respond_internal.wait_decision_default_event_id_idx IS 'finds the waits that an event ended';
COMMENT ON INDEX respond_internal.wait_decision_default_key_idx IS 'finds the waits that an event came too late for';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait_decision', '');
SELECT pg_catalog.pg_extension_config_dump('respond_internal.wait_decision_default', '');

CREATE VIEW respond.wait_decision WITH (security_invoker = true) AS
SELECT d.run_id, d.rule, d.rule_version, d.step, d.outcome, d.event_id, d.since, d.due_at, d.decided_at
  FROM respond_internal.wait_decision AS d;
COMMENT ON VIEW respond.wait_decision IS 'how each wait of a run ended; a wait for several keys has a row for each';
COMMENT ON COLUMN respond.wait_decision.run_id IS 'the run';
COMMENT ON COLUMN respond.wait_decision.rule IS 'its rule';
COMMENT ON COLUMN respond.wait_decision.rule_version IS 'the version of the rule that it began with';
COMMENT ON COLUMN respond.wait_decision.step IS 'the step that waited: its name, or its place';
COMMENT ON COLUMN respond.wait_decision.outcome IS 'event, timeout, signal, answer, callback, decision, run, retry or cancelled; collected: it had heard this event before it ended';
COMMENT ON COLUMN respond.wait_decision.event_id IS 'the event that ended it, if one did';
COMMENT ON COLUMN respond.wait_decision.since IS 'since when it waited';
COMMENT ON COLUMN respond.wait_decision.due_at IS 'until when; NULL: without a limit';
COMMENT ON COLUMN respond.wait_decision.decided_at IS 'when it ended';
CREATE OR REPLACE FUNCTION respond_internal.import_rules(rules jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	documents jsonb := CASE pg_catalog.jsonb_typeof(rules) WHEN 'object' THEN pg_catalog.jsonb_build_array(rules) ELSE rules END;
	wanted respond.rule;
	present respond.rule;
	names text[] := '{}';
	current_rule text;
	changed integer := 0;
	message text;
	code text;
	hint_text text;
BEGIN
	PERFORM respond_internal.check_primary('import_rules()');
	IF pg_catalog.jsonb_typeof(documents) <> 'array' THEN
		RAISE EXCEPTION 'rules must be an array of rules' USING ERRCODE = 'RS001', HINT = 'export_rules() returns one.';
	END IF;
	FOR place IN 0 .. pg_catalog.jsonb_array_length(documents) - 1 LOOP
		current_rule := pg_catalog.format('rules[%s]', place);
		wanted := respond_internal.read_rule(documents -> place);
		current_rule := current_rule || pg_catalog.format(' "%s"', wanted.name);
		IF wanted.name = ANY (names) THEN
			RAISE EXCEPTION 'name: "%" is the name of two rules', wanted.name USING ERRCODE = 'RS001';
		END IF;
		names := names || wanted.name;
		SELECT * INTO present FROM respond.rule AS r WHERE r.name = wanted.name FOR UPDATE;
		IF NOT FOUND THEN
			INSERT INTO respond.rule (name, folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles,
				timezone, concurrency, cancel_on, on_cancel)
			VALUES (wanted.name, wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
				wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, COALESCE(wanted.owner, current_user), wanted.start_roles,
				wanted.timezone, wanted.concurrency, wanted.cancel_on, wanted.on_cancel);
			changed := changed + 1;
			CONTINUE;
		END IF;
		wanted.owner := COALESCE(wanted.owner, present.owner);
		IF respond_internal.rule_document(wanted) <> respond_internal.rule_document(present) THEN
			UPDATE respond.rule AS r
			   SET (folder, description, enabled, shadow, priority, event_type, pattern, condition, correlate, steps, on_failure, owner, start_roles,
					timezone, concurrency, cancel_on, on_cancel)
				 = (wanted.folder, wanted.description, wanted.enabled, wanted.shadow, wanted.priority, wanted.event_type,
					wanted.pattern, wanted.condition, wanted.correlate, wanted.steps, wanted.on_failure, wanted.owner, wanted.start_roles,
					wanted.timezone, wanted.concurrency, wanted.cancel_on, wanted.on_cancel)
			 WHERE r.name = wanted.name;
			changed := changed + 1;
		END IF;
	END LOOP;
	RETURN changed;
	-- which of the rules it was
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, code = RETURNED_SQLSTATE, hint_text = PG_EXCEPTION_HINT;
	message := COALESCE(current_rule || ': ', '') || message;
	IF hint_text <> '' THEN
		RAISE EXCEPTION '%', message USING ERRCODE = code, HINT = hint_text;
	END IF;
	RAISE EXCEPTION '%', message USING ERRCODE = code;
END
$$;
-- End of runs at rest.

-- Runs by hand: what they wait for, and what can be done to them.
CREATE INDEX requeue_run_id_idx ON respond_internal.requeue (run_id) WHERE run_id IS NOT NULL;
ALTER TABLE respond_internal.requeue ADD COLUMN place jsonb;
COMMENT ON COLUMN respond_internal.requeue.place IS 'place in the order of events from which on the run hears events; NULL: from when it begins';
ALTER TABLE respond_internal.set_aside_event ADD COLUMN place jsonb;
COMMENT ON COLUMN respond_internal.set_aside_event.place IS 'place in the order of events from which on the runs hear events; NULL: from when they begin';
CREATE INDEX set_aside_event_run_id_idx ON respond_internal.set_aside_event (run_id) WHERE run_id IS NOT NULL;
CREATE TABLE respond_internal.run_name (
	rule text NOT NULL,
	key text NOT NULL,
	run_id bigint NOT NULL,
	PRIMARY KEY (rule, key)
);
CREATE INDEX run_name_run_id_idx ON respond_internal.run_name (run_id);
COMMENT ON TABLE respond_internal.run_name IS 'keys that start() gave to runs; one whose run is not under way is free';
COMMENT ON COLUMN respond_internal.run_name.run_id IS 'number of the run, which may not have begun yet';
COMMENT ON INDEX respond_internal.run_name_run_id_idx IS 'finds the key of a run';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_name', '');

CREATE TABLE respond_internal.run_place (
	run_id bigint PRIMARY KEY,
	run_started_at timestamptz NOT NULL,
	rule text NOT NULL,
	key text NOT NULL,
	held boolean NOT NULL,
	ordinal bigint NOT NULL
);
CREATE INDEX run_place_rule_key_held_ordinal_idx ON respond_internal.run_place (rule, key, held, ordinal);
COMMENT ON TABLE respond_internal.run_place IS 'runs of rules with a limit of runs at once (rule.concurrency): those that have a place, and those that wait for one';
COMMENT ON COLUMN respond_internal.run_place.run_started_at IS 'finds the partition of the run';
COMMENT ON COLUMN respond_internal.run_place.key IS 'runs with the same key are counted together; empty: the rule has no key';
COMMENT ON COLUMN respond_internal.run_place.held IS 'whether the run has a place; else it is in the queue';
COMMENT ON COLUMN respond_internal.run_place.ordinal IS 'order among those with a place, and in the queue';
COMMENT ON INDEX respond_internal.run_place_rule_key_held_ordinal_idx IS 'counts the runs with a place, and finds the next in the queue';
SELECT pg_catalog.pg_extension_config_dump('respond_internal.run_place', '');
CREATE VIEW respond.waiting WITH (security_invoker = true) AS
SELECT r.id AS run_id, r.rule, r.rule_version, r.step,
	CASE WHEN r.status = 'waiting' THEN COALESCE(r.waiting::jsonb ->> 'for', r.waits_for)
		WHEN r.error IS NOT NULL THEN 'the dispatcher, to run what follows a cancellation'
		ELSE 'the dispatcher, to continue' END AS waits_for,
	r.waiting::jsonb ->> 'key' AS key, r.waiting_since AS since, r.resume_at AS due_at, r.paused_at, r.event_id, r.started_at
  FROM respond.run AS r
 WHERE r.status IN ('running', 'waiting');
COMMENT ON VIEW respond.waiting IS 'runs that are under way, and what each waits for';
COMMENT ON COLUMN respond.waiting.run_id IS 'number of the run';
COMMENT ON COLUMN respond.waiting.rule IS 'its rule';
COMMENT ON COLUMN respond.waiting.rule_version IS 'the version of the rule that it runs';
COMMENT ON COLUMN respond.waiting.step IS 'the step that it is at: its name, or its place as in steps[2]';
COMMENT ON COLUMN respond.waiting.waits_for IS 'what it waits for, in words';
COMMENT ON COLUMN respond.waiting.key IS 'what the event that it waits for has to have in its key; only the owner of the rule and superusers see it';
COMMENT ON COLUMN respond.waiting.since IS 'since when';
COMMENT ON COLUMN respond.waiting.due_at IS 'until when; NULL: without a limit';
COMMENT ON COLUMN respond.waiting.paused_at IS 'when pause_run() stopped it; NULL: it is not paused';
COMMENT ON COLUMN respond.waiting.event_id IS 'event that fired the rule';
COMMENT ON COLUMN respond.waiting.started_at IS 'when the run started';

DROP FUNCTION respond.start(text, jsonb, text);
CREATE FUNCTION respond.start(rule text, data jsonb DEFAULT '{}', subject text DEFAULT NULL, key text DEFAULT NULL, on_conflict text DEFAULT 'return') RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_start';
COMMENT ON FUNCTION respond.start(text, jsonb, text, text, text) IS 'runs the steps of a rule by hand, on an event "rule.start" with this data and subject, whatever its type, pattern and condition; returns the id that the run will have. Of runs of the rule that are under way one has the key; a second start returns that one, replaces it, or is an error, as on_conflict says (return, replace, error). Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';

-- Runs by hand.  These ask who calls them, so they are C, see src/dispatcher/run_hand.c.
CREATE FUNCTION respond.cancel_run(run_id bigint, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_cancel_run';
COMMENT ON FUNCTION respond.cancel_run(bigint, text) IS 'ends a run that is under way, with what it waits for and the runs that it called; then steps "on_cancel" of its rule are run. Returns whether it was under way. Needs the right to act as the owner of the rule, membership in one of rule.start_roles or in respond_admin';

CREATE FUNCTION respond.pause_run(run_id bigint) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_pause_run';
COMMENT ON FUNCTION respond.pause_run(bigint) IS 'stops the steps of a run that is under way until resume_run(): events, answers and deadlines are kept until then. Returns whether it was under way. Needs the same as cancel_run()';

CREATE FUNCTION respond.resume_run(run_id bigint) RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_resume_run';
COMMENT ON FUNCTION respond.resume_run(bigint) IS 'lets a run go on that pause_run() stopped, with what came first meanwhile. Returns whether it was paused. Needs the same as cancel_run()';

CREATE FUNCTION respond.signal(run_id bigint, step text, data jsonb DEFAULT '{}') RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_signal';
COMMENT ON FUNCTION respond.signal(bigint, text, jsonb) IS 'ends the wait of a run in this step, as if its first event had come; the data is what the step gives. Needs the right to act as the owner of the rule, or membership in one of rule.start_roles';

CREATE FUNCTION respond.retry_run(run_id bigint, from_step text DEFAULT NULL, version text DEFAULT 'same') RETURNS boolean
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_retry_run';
COMMENT ON FUNCTION respond.retry_run(bigint, text, text) IS 'lets a run that failed or was cancelled go on from the step where that was, or from another one, with what its steps gave before; on the version of the rule that it began with ("same"), or on that of today ("latest"). Returns false for a run that has neither failed nor was cancelled. Needs the same as signal()';

CREATE FUNCTION respond.move_runs(rule text, from_version integer DEFAULT NULL, step_map jsonb DEFAULT NULL) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_move_runs';
COMMENT ON FUNCTION respond.move_runs(text, integer, jsonb) IS 'takes the runs of a rule that are under way on an older version (NULL: on any) to that of today, at the steps of the same names or those that step_map names; all of them or, with an error that lists them, none. Returns how many. Needs the right to act as the owner of the rule';

CREATE FUNCTION respond_internal.health_waiting_runs(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	longest CONSTANT interval := current_setting('pg_respond.stale_wait')::interval;
	late CONSTANT timestamptz := respond_internal.clock_start() - interval '1 minute' - current_setting('pg_respond.timer_grace')::interval;
	lost record;
	stuck record;
	stale record;
BEGIN
	SELECT count(*) AS runs, string_agg(DISTINCT format('%s (version %s)', v.rule, v.rule_version), ', ') AS versions INTO lost
	  FROM (SELECT DISTINCT r.rule, r.rule_version FROM respond.run AS r WHERE r.status IN ('running', 'waiting')) AS v
	 WHERE NOT EXISTS (SELECT FROM respond.rule AS a WHERE a.name = v.rule AND a.version = v.rule_version)
	   AND NOT EXISTS (SELECT FROM respond.rule_version AS o WHERE o.name = v.rule AND o.version = v.rule_version);
	SELECT count(*) AS runs, min(r.resume_at) AS due, (array_agg(r.id ORDER BY r.resume_at, r.id))[1] AS first,
		string_agg(DISTINCT r.rule, ', ') AS rules INTO stuck
	  FROM respond.run AS r
	 WHERE r.status = 'waiting' AND r.paused_at IS NULL AND r.resume_at < late;
	SELECT count(*) AS runs, min(r.waiting_since) AS since, (array_agg(r.id ORDER BY r.waiting_since, r.id))[1] AS first,
		string_agg(DISTINCT r.rule, ', ') AS rules INTO stale
	  FROM respond.run AS r
	 WHERE r.status = 'waiting' AND longest > interval '0' AND r.waiting_since < clock_timestamp() - longest;
	ok := lost.runs = 0 AND stuck.runs = 0 AND stale.runs = 0;
	message := CASE
		WHEN lost.runs > 0 THEN format('there are runs of versions of rules that do not exist any more: %s', lost.versions)
		WHEN stuck.runs > 0 THEN format('runs whose time is over and that did not continue: %s, of %s; run %s since %s', stuck.runs, stuck.rules, stuck.first, stuck.due)
		WHEN stale.runs > 0 THEN format('runs that have waited for longer than %s: %s, of %s; run %s since %s', longest, stale.runs, stale.rules, stale.first, stale.since)
		ELSE 'no run has waited for too long' END;
	remedy := CASE
		WHEN lost.runs > 0 THEN 'SELECT respond.cancel_run(run_id) FROM respond.waiting WHERE rule = ... ends them'
		WHEN stuck.runs > 0 THEN 'see the checks above; if they are ok, and the server log does not say that it is retried, its timer was removed by hand: SELECT respond.pause_run(run_id), and then SELECT respond.resume_run(run_id), arms it again'
		WHEN stale.runs > 0 THEN 'respond.waiting says what each waits for; respond.signal(run_id, step) lets one go on, respond.cancel_run(run_id) ends it; a wait with "for" ends by itself; pg_respond.stale_wait says what is too long' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_waiting_runs() IS 'health(): runs that wait for too long, or cannot go on';

-- End of runs by hand.

-- How providers sign.
-- A provider is a row.
CREATE TABLE respond.inbound_scheme (
	name text PRIMARY KEY,
	description text,
	algorithm text NOT NULL,
	header text,
	signature_path text,
	prefix text,
	public_prefix text,
	separator text,
	pairs text,
	encoding text NOT NULL DEFAULT 'hex',
	secret_form text NOT NULL DEFAULT 'text',
	signed text,
	timestamp_header text,
	timestamp_path text,
	milliseconds boolean NOT NULL DEFAULT false,
	tolerance interval,
	id_path text,
	type_path text,
	event_type text,
	subject text,
	key text,
	split text,
	challenge text,
	answer text,
	built_in boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE respond.inbound_scheme IS 'how providers sign the requests that they send: a new provider is one more row';
COMMENT ON COLUMN respond.inbound_scheme.name IS 'name of the scheme';
COMMENT ON COLUMN respond.inbound_scheme.description IS 'whose requests it is for, and what the secret is';
COMMENT ON COLUMN respond.inbound_scheme.algorithm IS 'hmac-sha1, hmac-sha256, hmac-sha512; ed25519 or ecdsa (P-256), whose secret is a public key; basic (the secret is USER:PASSWORD); bearer (the secret itself is sent); none';
COMMENT ON COLUMN respond.inbound_scheme.header IS 'header that the signature stands in';
COMMENT ON COLUMN respond.inbound_scheme.signature_path IS 'where in the body it stands, such as data.signature.signature, if it is in no header';
COMMENT ON COLUMN respond.inbound_scheme.prefix IS 'what stands before each signature; what begins otherwise is no signature';
COMMENT ON COLUMN respond.inbound_scheme.public_prefix IS 'what stands before signatures of ed25519 in base64 in the same list, for secrets that are public keys (whpk_)';
COMMENT ON COLUMN respond.inbound_scheme.separator IS 'what stands between signatures: a comma, a semicolon or a blank; NULL: there is one signature';
COMMENT ON COLUMN respond.inbound_scheme.pairs IS 'how a header with names is built, such as t={{timestamp}},v1={{signature}}';
COMMENT ON COLUMN respond.inbound_scheme.encoding IS 'how signatures are written: hex or base64, of either alphabet';
COMMENT ON COLUMN respond.inbound_scheme.secret_form IS 'how secrets of an HMAC are written: text, hex, or base64, before which whsec_ may stand';
COMMENT ON COLUMN respond.inbound_scheme.signed IS 'what is signed: a text with {{id}}, {{timestamp}}, {{body}}, {{url}}, {{form}} (fields of a form, sorted) and {{data.PATH}}';
COMMENT ON COLUMN respond.inbound_scheme.timestamp_header IS 'header that the time of sending stands in';
COMMENT ON COLUMN respond.inbound_scheme.timestamp_path IS 'where in the body it stands, if it is in no header';
COMMENT ON COLUMN respond.inbound_scheme.milliseconds IS 'whether that time counts milliseconds since 1970, not seconds';
COMMENT ON COLUMN respond.inbound_scheme.tolerance IS 'how far that time may be from now, both ways; NULL: it is not looked at';
COMMENT ON COLUMN respond.inbound_scheme.id_path IS 'where the id of a request stands, such as headers.x-github-delivery or data.id';
COMMENT ON COLUMN respond.inbound_scheme.type_path IS 'where its type stands';
COMMENT ON COLUMN respond.inbound_scheme.event_type IS 'template of the type of events, for sources that have none; NULL: {{type}}, what stands at type_path';
COMMENT ON COLUMN respond.inbound_scheme.subject IS 'the same of their subject; NULL: none';
COMMENT ON COLUMN respond.inbound_scheme.key IS 'the same of their key; NULL: {{id}}, what stands at id_path';
COMMENT ON COLUMN respond.inbound_scheme.split IS 'where in the body a list stands of which each item is an event: data, or data.PATH; for templates and paths data is then the item, body all of it; NULL: a request is one event';
COMMENT ON COLUMN respond.inbound_scheme.challenge IS 'which question the provider asks before it sends: slack, discord, zoom, meta, cloudevents; NULL: none';
COMMENT ON COLUMN respond.inbound_scheme.answer IS 'pagerduty: requests come in through /v2/enqueue too, and are answered as its Events API v2 does; NULL: as all others';
COMMENT ON COLUMN respond.inbound_scheme.built_in IS 'part of pg_respond; cannot be changed';

CREATE FUNCTION respond_internal.inbound_scheme_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_scheme_validate';
COMMENT ON FUNCTION respond_internal.inbound_scheme_validate() IS 'trigger: refuses schemes that could not work, and changes of the built-in ones';

-- The rows that come with the extension; before the triggers, which refuse them to everybody else.
INSERT INTO respond.inbound_scheme (name, description, algorithm, header, signature_path, prefix, separator, encoding, signed,
	timestamp_header, timestamp_path, tolerance, id_path, type_path, challenge, built_in) VALUES
('standard_webhooks', 'Standard Webhooks; secrets whsec_ and public keys whpk_', 'hmac-sha256', 'webhook-signature', NULL, 'v1,', ' ', 'base64',
	'{{id}}.{{timestamp}}.{{body}}', 'webhook-timestamp', NULL, '5 minutes', 'headers.webhook-id', 'data.type', NULL, true),
('svix', 'Svix, whose headers have names of their own; secrets whsec_', 'hmac-sha256', 'svix-signature', NULL, 'v1,', ' ', 'base64',
	'{{id}}.{{timestamp}}.{{body}}', 'svix-timestamp', NULL, '5 minutes', 'headers.svix-id', 'data.type', NULL, true),
('github', 'GitHub; the secret of the webhook', 'hmac-sha256', 'x-hub-signature-256', NULL, 'sha256=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'headers.x-github-delivery', 'headers.x-github-event', NULL, true),
('gitlab', 'GitLab; the secret token of the webhook', 'bearer', 'x-gitlab-token', NULL, NULL, NULL, 'hex',
	NULL, NULL, NULL, NULL, 'headers.idempotency-key', 'headers.x-gitlab-event', NULL, true),
('stripe', 'Stripe; the signing secret, with its whsec_', 'hmac-sha256', 'stripe-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}.{{body}}', NULL, NULL, '5 minutes', 'data.id', 'data.type', NULL, true),
('slack', 'Slack; the signing secret of the app', 'hmac-sha256', 'x-slack-signature', NULL, 'v0=', NULL, 'hex',
	'v0:{{timestamp}}:{{body}}', 'x-slack-request-timestamp', NULL, '5 minutes', 'data.event_id', 'data.event.type', 'slack', true),
('pagerduty', 'webhooks V3 of PagerDuty; the secret of the subscription', 'hmac-sha256', 'x-pagerduty-signature', NULL, 'v1=', ',', 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.event.id', 'data.event.event_type', NULL, true),
('pagerduty_events', 'what tools send to Events API v2 of PagerDuty; the secret is the routing key', 'bearer', NULL, 'data.routing_key', NULL, NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, 'data.event_action', NULL, true),
('alertmanager', 'Alertmanager; the secret is the credentials of its http_config', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, 'data.status', NULL, true),
('grafana', 'Grafana Alerting; the secret of the HMAC signature', 'hmac-sha256', 'x-grafana-alerting-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, NULL, 'data.status', NULL, true),
('grafana_timestamp', 'the same with a timestamp header, named x-grafana-alerting-timestamp', 'hmac-sha256', 'x-grafana-alerting-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}:{{body}}', 'x-grafana-alerting-timestamp', NULL, '5 minutes', NULL, 'data.status', NULL, true),
('sentry', 'Sentry; the client secret of the integration', 'hmac-sha256', 'sentry-hook-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'headers.request-id', 'headers.sentry-hook-resource', NULL, true),
('datadog', 'Datadog; the secret is sent in a custom header, Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, 'data.id', 'data.event_type', NULL, true),
('shopify', 'Shopify; the client secret of the app', 'hmac-sha256', 'x-shopify-hmac-sha256', NULL, NULL, NULL, 'base64',
	'{{body}}', NULL, NULL, NULL, 'headers.x-shopify-webhook-id', 'headers.x-shopify-topic', NULL, true),
('twilio', 'Twilio; the auth token of the account', 'hmac-sha1', 'x-twilio-signature', NULL, NULL, NULL, 'base64',
	'{{url}}{{form}}', NULL, NULL, NULL, 'data.MessageSid', NULL, NULL, true),
('mailgun', 'Mailgun; the HTTP webhook signing key', 'hmac-sha256', NULL, 'data.signature.signature', NULL, NULL, 'hex',
	'{{timestamp}}{{data.signature.token}}', NULL, 'data.signature.timestamp', NULL, 'data.event-data.id', 'data.event-data.event', NULL, true),
('sendgrid', 'signed event webhook of SendGrid; the verification key', 'ecdsa', 'x-twilio-email-event-webhook-signature', NULL, NULL, NULL, 'base64',
	'{{timestamp}}{{body}}', 'x-twilio-email-event-webhook-timestamp', NULL, NULL, 'data.sg_event_id', 'data.event', NULL, true),
('zendesk', 'Zendesk; the signing secret of the webhook', 'hmac-sha256', 'x-zendesk-webhook-signature', NULL, NULL, NULL, 'base64',
	'{{timestamp}}{{body}}', 'x-zendesk-webhook-signature-timestamp', NULL, NULL, 'data.id', 'data.type', NULL, true),
('linear', 'Linear; the signing secret of the webhook', 'hmac-sha256', 'linear-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, 'data.webhookTimestamp', '1 minute', 'headers.linear-delivery', 'data.type', NULL, true),
('paddle', 'Paddle; the secret key of the destination', 'hmac-sha256', 'paddle-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}:{{body}}', NULL, NULL, '1 minute', 'data.event_id', 'data.event_type', NULL, true),
('intercom', 'Intercom; the client secret of the app', 'hmac-sha1', 'x-hub-signature', NULL, 'sha1=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.id', 'data.topic', NULL, true),
('discord', 'Discord; the public key of the app', 'ed25519', 'x-signature-ed25519', NULL, NULL, NULL, 'hex',
	'{{timestamp}}{{body}}', 'x-signature-timestamp', NULL, '5 minutes', 'data.id', 'data.type', 'discord', true),
('zoom', 'Zoom; the secret token of the app', 'hmac-sha256', 'x-zm-signature', NULL, 'v0=', NULL, 'hex',
	'v0:{{timestamp}}:{{body}}', 'x-zm-request-timestamp', NULL, '5 minutes', NULL, 'data.event', 'zoom', true),
('meta', 'Meta: Facebook, Instagram, WhatsApp; the secret of the app, and the verify token as a second secret', 'hmac-sha256', 'x-hub-signature-256', NULL, 'sha256=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, NULL, 'data.object', 'meta', true),
('hmac', 'anybody who signs the body with HMAC-SHA256, in hex, in the header X-Signature', 'hmac-sha256', 'x-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('bearer', 'anybody who sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('basic', 'anybody who sends a user and a password; the secret is USER:PASSWORD', 'basic', 'authorization', NULL, 'Basic ', NULL, 'base64',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('cloudevents', 'CloudEvents from whoever sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, NULL, 'cloudevents', true);
UPDATE respond.inbound_scheme AS s SET public_prefix = 'v1a,', secret_form = 'base64' WHERE s.name IN ('standard_webhooks', 'svix');
UPDATE respond.inbound_scheme AS s SET pairs = 't={{timestamp}},v1={{signature}}' WHERE s.name = 'stripe';
UPDATE respond.inbound_scheme AS s SET pairs = 'ts={{timestamp}};h1={{signature}}' WHERE s.name = 'paddle';
UPDATE respond.inbound_scheme AS s SET milliseconds = true WHERE s.name = 'linear';
-- What events are called, and what they are about.
UPDATE respond.inbound_scheme AS s SET subject = t.subject
  FROM (VALUES
	('standard_webhooks', '{{data.data.id}}'), ('svix', '{{data.data.id}}'), ('github', '{{data.repository.full_name}}'), ('gitlab', '{{data.project.path_with_namespace}}'),
	('stripe', '{{data.data.object.id}}'), ('pagerduty', '{{data.event.data.id}}'), ('pagerduty_events', '{{data.dedup_key}}'),
	('slack', '{{#data.event}}{{data.event.channel}}{{/data.event}}{{^data.event}}{{data.channel_id}}{{data.channel.id}}{{/data.event}}'),
	('alertmanager', '{{data.fingerprint}}'), ('grafana', '{{data.fingerprint}}'), ('grafana_timestamp', '{{data.fingerprint}}'),
	('sentry', '{{data.data.issue.id}}{{^data.data.issue}}{{data.data.event.issue_id}}{{/data.data.issue}}'), ('datadog', '{{data.alert_id}}'),
	('shopify', '{{data.admin_graphql_api_id}}'), ('twilio', '{{data.From}}'), ('mailgun', '{{data.event-data.recipient}}'), ('sendgrid', '{{data.email}}'),
	('zendesk', '{{data.subject}}'), ('linear', '{{data.data.id}}'), ('paddle', '{{data.data.id}}'), ('intercom', '{{data.data.item.id}}'),
	('discord', '{{data.channel_id}}'), ('zoom', '{{data.payload.object.id}}'), ('meta', '{{data.entry.0.id}}'),
	('hmac', '{{data.subject}}'), ('bearer', '{{data.subject}}'), ('basic', '{{data.subject}}')) AS t (name, subject)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET event_type = t.event_type
  FROM (VALUES
	('alertmanager', 'alertmanager.{{type}}'), ('grafana', 'grafana.{{type}}'), ('grafana_timestamp', 'grafana.{{type}}'), ('twilio', 'twilio.message'),
	('pagerduty_events', 'pagerduty.{{type}}'),
	('slack', '{{type}}{{^type}}{{data.type | default: "command"}}{{/type}}')) AS t (name, event_type)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET key = t.key
  FROM (VALUES
	('gitlab', '{{id}}{{^id}}{{headers.x-gitlab-event-uuid}}{{/id}}'), ('slack', '{{id}}{{^id}}{{data.trigger_id}}{{/id}}'),
	('twilio', '{{id}}{{#data.MessageStatus}}/{{data.MessageStatus}}{{/data.MessageStatus}}'),
	('alertmanager', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}'), ('grafana', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}'),
	('grafana_timestamp', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}')) AS t (name, key)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET split = 'data.alerts' WHERE s.name IN ('alertmanager', 'grafana', 'grafana_timestamp');
UPDATE respond.inbound_scheme AS s SET split = 'data' WHERE s.name = 'sendgrid';
UPDATE respond.inbound_scheme AS s SET answer = 'pagerduty' WHERE s.name = 'pagerduty_events';

CREATE TRIGGER inbound_scheme_validate BEFORE INSERT OR UPDATE OR DELETE ON respond.inbound_scheme
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_scheme_validate();
COMMENT ON TRIGGER inbound_scheme_validate ON respond.inbound_scheme IS 'refuses schemes that could not work, and changes of the built-in ones';

CREATE TRIGGER inbound_scheme_audit AFTER INSERT OR UPDATE OR DELETE ON respond.inbound_scheme
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_scheme_audit ON respond.inbound_scheme IS 'records changes to schemes in the audit log';
CREATE TRIGGER inbound_scheme_audit_truncate AFTER TRUNCATE ON respond.inbound_scheme
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_scheme_audit_truncate ON respond.inbound_scheme IS 'records the removal of all schemes in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.inbound_scheme', 'WHERE NOT built_in');

-- Who may send requests, and what events these become.
CREATE TABLE respond.inbound_source (
	name text PRIMARY KEY,
	path text NOT NULL UNIQUE,
	scheme text NOT NULL,
	secret text,
	secrets text[],
	event_type text,
	subject text,
	key text,
	data text,
	split text,
	dedup text NOT NULL DEFAULT 'key',
	allow_networks text[],
	rate_limit double precision,
	max_body integer NOT NULL DEFAULT 1048576,
	enabled boolean NOT NULL DEFAULT true,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE
);
COMMENT ON TABLE respond.inbound_source IS 'whose requests become events; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.inbound_source.name IS 'name of the source; it cannot be changed';
COMMENT ON COLUMN respond.inbound_source.path IS 'what stands behind /in/ in the url to send to; by default the name';
COMMENT ON COLUMN respond.inbound_source.scheme IS 'a row of inbound_scheme: how requests are signed';
COMMENT ON COLUMN respond.inbound_source.secret IS 'write only: kept encrypted elsewhere, always reads as NULL; replaces all secrets of the source';
COMMENT ON COLUMN respond.inbound_source.secrets IS 'the same for several, any of which is right, the newest first; see also set_inbound_secret() and add_inbound_secret()';
COMMENT ON COLUMN respond.inbound_source.event_type IS 'template of the type of events, over data, body, headers, query, type, id, source, path, method, index, and attributes of CloudEvents; NULL: that of the scheme';
COMMENT ON COLUMN respond.inbound_source.subject IS 'the same of their subject';
COMMENT ON COLUMN respond.inbound_source.key IS 'the same of their key: a second event of the source with the same key is not recorded';
COMMENT ON COLUMN respond.inbound_source.data IS 'the same of their data: JSON whose strings are templates, or one template; NULL: the body, or the item of it';
COMMENT ON COLUMN respond.inbound_source.split IS 'where in the body a list stands of which each item is an event: data, or data.PATH; empty: a request is one event; NULL: as the scheme says';
COMMENT ON COLUMN respond.inbound_source.dedup IS 'key: by their keys, and not at all without one; body: the same body counts once, whatever the headers say';
COMMENT ON COLUMN respond.inbound_source.allow_networks IS 'addresses and networks that requests may come from; NULL: from anywhere';
COMMENT ON COLUMN respond.inbound_source.rate_limit IS 'most requests per second; NULL: no limit';
COMMENT ON COLUMN respond.inbound_source.max_body IS 'largest body in bytes, 16 MB at most';
COMMENT ON COLUMN respond.inbound_source.enabled IS 'whether requests are taken';
COMMENT ON COLUMN respond.inbound_source.description IS 'what it is for';
COMMENT ON COLUMN respond.inbound_source.created_at IS 'when it was created';
COMMENT ON COLUMN respond.inbound_source.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.inbound_source.id IS 'assigned by pg_respond; secrets belong to the id, because the name may be used again for another source';

-- Written by C code alone: the functions below and the triggers of respond.inbound_source.
CREATE TABLE respond_internal.inbound_secret (
	source text NOT NULL,
	number integer NOT NULL,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text,
	source_id uuid NOT NULL,
	definition bytea NOT NULL,
	PRIMARY KEY (source_id, number)
);
COMMENT ON TABLE respond_internal.inbound_secret IS 'secrets of inbound sources, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.inbound_secret.source IS 'name of the source';
COMMENT ON COLUMN respond_internal.inbound_secret.number IS 'newer secrets of a source have larger ones';
COMMENT ON COLUMN respond_internal.inbound_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM; the source''s id and the definition are authenticated with it, so it is of no use anywhere else';
COMMENT ON COLUMN respond_internal.inbound_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.inbound_secret.set_by IS 'who set it: a role, or rule:NAME';
COMMENT ON COLUMN respond_internal.inbound_secret.source_id IS 'the source';
COMMENT ON COLUMN respond_internal.inbound_secret.definition IS 'SHA-256 of what the scheme of the source did with secrets then';

-- A sample; no more than the newest 1,000 are kept.
CREATE TABLE respond.inbound_reject (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	source text,
	reason text NOT NULL,
	detail text,
	method text,
	path text,
	peer text,
	headers jsonb,
	body_size bigint
);
COMMENT ON TABLE respond.inbound_reject IS 'requests that were refused: the first of each source and reason and then one in a second, the newest 1,000 of all; inbound_stats counts all of them';
COMMENT ON COLUMN respond.inbound_reject.id IS 'number of the row';
COMMENT ON COLUMN respond.inbound_reject.at IS 'when it was refused';
COMMENT ON COLUMN respond.inbound_reject.source IS 'name of the source; NULL: the path is none''s';
COMMENT ON COLUMN respond.inbound_reject.reason IS 'no_source, method, size, rate, network, missing_signature, missing_timestamp, missing_id, malformed, stale, signature, challenge, split or invalid_event';
COMMENT ON COLUMN respond.inbound_reject.detail IS 'more about it, which the sender was not told';
COMMENT ON COLUMN respond.inbound_reject.method IS 'HTTP method';
COMMENT ON COLUMN respond.inbound_reject.path IS 'path of the url, without the name of the database and without the query';
COMMENT ON COLUMN respond.inbound_reject.peer IS 'address that it came from; NULL: a Unix socket';
COMMENT ON COLUMN respond.inbound_reject.headers IS 'its headers, with *** for what might let somebody in';
COMMENT ON COLUMN respond.inbound_reject.body_size IS 'bytes of its body';

CREATE FUNCTION respond_internal.inbound_source_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_validate';
COMMENT ON FUNCTION respond_internal.inbound_source_validate() IS 'trigger: refuses sources that could not work, and keeps secrets out of the row';
CREATE FUNCTION respond_internal.inbound_source_begin() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_begin';
COMMENT ON FUNCTION respond_internal.inbound_source_begin() IS 'trigger: forgets secrets that an earlier statement gave for rows that did not come about';
CREATE FUNCTION respond_internal.inbound_source_keep_secrets() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_keep_secrets';
COMMENT ON FUNCTION respond_internal.inbound_source_keep_secrets() IS 'trigger: encrypts and keeps the secrets that were given with the row';
CREATE FUNCTION respond_internal.inbound_source_deleted() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_deleted';
COMMENT ON FUNCTION respond_internal.inbound_source_deleted() IS 'trigger: forgets the secrets of sources that are gone';
CREATE FUNCTION respond_internal.inbound_sources_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_sources_changed';
COMMENT ON FUNCTION respond_internal.inbound_sources_changed() IS 'trigger: makes workers reload the sources after the commit';

CREATE TRIGGER inbound_sources_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.inbound_scheme
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_sources_changed();
COMMENT ON TRIGGER inbound_sources_changed ON respond.inbound_scheme IS 'makes workers reload the sources';
CREATE TRIGGER inbound_source_validate BEFORE INSERT OR UPDATE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_validate();
COMMENT ON TRIGGER inbound_source_validate ON respond.inbound_source IS 'refuses sources that could not work, and keeps secrets out of the row';
CREATE TRIGGER inbound_source_begin BEFORE INSERT OR UPDATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_source_begin();
COMMENT ON TRIGGER inbound_source_begin ON respond.inbound_source IS 'forgets secrets that an earlier statement gave for rows that did not come about';
CREATE TRIGGER inbound_source_keep_secrets AFTER INSERT OR UPDATE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_keep_secrets();
COMMENT ON TRIGGER inbound_source_keep_secrets ON respond.inbound_source IS 'encrypts and keeps the secrets that were given with the row';
CREATE TRIGGER inbound_source_deleted AFTER DELETE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_deleted();
COMMENT ON TRIGGER inbound_source_deleted ON respond.inbound_source IS 'forgets the secrets of a source that is gone';
CREATE TRIGGER inbound_source_truncated AFTER TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_source_deleted();
COMMENT ON TRIGGER inbound_source_truncated ON respond.inbound_source IS 'forgets the secrets of all sources';
CREATE TRIGGER inbound_sources_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_sources_changed();
COMMENT ON TRIGGER inbound_sources_changed ON respond.inbound_source IS 'makes workers reload the sources';
CREATE TRIGGER inbound_source_audit AFTER INSERT OR UPDATE OR DELETE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_source_audit ON respond.inbound_source IS 'records changes to sources in the audit log, without their secrets';
CREATE TRIGGER inbound_source_audit_truncate AFTER TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_source_audit_truncate ON respond.inbound_source IS 'records the removal of all sources in the audit log';
-- Whatever the session's replication role: a secret must never reach the table.
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_validate;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_begin;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_keep_secrets;

CREATE FUNCTION respond.set_inbound_secret(source text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_inbound_secret';
COMMENT ON FUNCTION respond.set_inbound_secret(text, text) IS 'sets the secret of a source in place of all that it has, NULL removes them; needs the right to update sources';
CREATE FUNCTION respond.add_inbound_secret(source text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_add_inbound_secret';
COMMENT ON FUNCTION respond.add_inbound_secret(text, text) IS 'gives a source one more secret: requests with this one and with the others are right, until drop_inbound_secrets()';
CREATE FUNCTION respond.drop_inbound_secrets(source text, keep integer DEFAULT 1) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_drop_inbound_secrets';
COMMENT ON FUNCTION respond.drop_inbound_secrets(text, integer) IS 'removes all secrets of a source but the newest; returns how many';

CREATE FUNCTION respond.inbound_test(source text, headers jsonb DEFAULT '{}', body bytea DEFAULT NULL, method text DEFAULT 'POST', url text DEFAULT NULL, at timestamptz DEFAULT NULL,
	OUT ok boolean, OUT reason text, OUT events jsonb)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_inbound_test';
COMMENT ON FUNCTION respond.inbound_test(text, jsonb, bytea, text, text, timestamptz) IS 'what would come of a request to a source, at this time or now: whether it is taken, if not why, and the events that would be recorded; records nothing';

CREATE FUNCTION respond_internal.inbound_secret_fault(source text) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_inbound_secret_fault';
COMMENT ON FUNCTION respond_internal.inbound_secret_fault(text) IS 'why no request to a source can be checked; NULL: it can';
CREATE FUNCTION respond_internal.inbound_counters(source text, OUT taken bigint, OUT events bigint, OUT duplicates bigint, OUT refused bigint, OUT reasons jsonb,
	OUT last_taken_at timestamptz, OUT last_refused_at timestamptz, OUT last_reason text, OUT refused_in_row bigint, OUT longest_pause interval, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_inbound_counters';
COMMENT ON FUNCTION respond_internal.inbound_counters(text) IS 'requests to a source since the server started, from shared memory; an empty name: those to none';
CREATE FUNCTION respond_internal.inbound_secrets(source text) RETURNS bigint
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT count(*) FROM respond.inbound_source AS s JOIN respond_internal.inbound_secret AS k ON k.source_id = s.id WHERE s.name = $1
$$;
COMMENT ON FUNCTION respond_internal.inbound_secrets(text) IS 'how many secrets a source has';

CREATE VIEW respond.inbound_stats WITH (security_invoker = true) AS
SELECT s.name AS source, s.path, s.scheme, s.enabled, respond_internal.inbound_secrets(s.name) AS secrets, c.taken, c.events, c.duplicates, c.refused, c.reasons,
	   c.last_taken_at, c.last_refused_at, c.last_reason, c.refused_in_row, c.longest_pause, c.since
  FROM respond.inbound_source AS s
 CROSS JOIN LATERAL respond_internal.inbound_counters(s.name) AS c
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, c.taken, c.events, c.duplicates, c.refused, c.reasons,
	   c.last_taken_at, c.last_refused_at, c.last_reason, c.refused_in_row, c.longest_pause, c.since
  FROM respond_internal.inbound_counters('') AS c;
COMMENT ON VIEW respond.inbound_stats IS 'requests to each source since the server started, from shared memory; the row without a source has those whose path is none''s';
COMMENT ON COLUMN respond.inbound_stats.source IS 'name of the source';
COMMENT ON COLUMN respond.inbound_stats.path IS 'its path';
COMMENT ON COLUMN respond.inbound_stats.scheme IS 'its scheme';
COMMENT ON COLUMN respond.inbound_stats.enabled IS 'whether its requests are taken';
COMMENT ON COLUMN respond.inbound_stats.secrets IS 'how many secrets it has, which nobody can read';
COMMENT ON COLUMN respond.inbound_stats.taken IS 'requests that were taken, challenges too';
COMMENT ON COLUMN respond.inbound_stats.events IS 'events that were recorded';
COMMENT ON COLUMN respond.inbound_stats.duplicates IS 'events that were not, because their key was known';
COMMENT ON COLUMN respond.inbound_stats.refused IS 'requests that were refused';
COMMENT ON COLUMN respond.inbound_stats.reasons IS 'how many of them for each reason; inbound_reject has a sample';
COMMENT ON COLUMN respond.inbound_stats.last_taken_at IS 'when the last one was taken';
COMMENT ON COLUMN respond.inbound_stats.last_refused_at IS 'when the last one was refused';
COMMENT ON COLUMN respond.inbound_stats.last_reason IS 'why';
COMMENT ON COLUMN respond.inbound_stats.refused_in_row IS 'how many were refused since the last one that was taken';
COMMENT ON COLUMN respond.inbound_stats.longest_pause IS 'longest time between two that were taken';
COMMENT ON COLUMN respond.inbound_stats.since IS 'when counting began';

COMMENT ON SEQUENCE respond.inbound_reject_id_seq IS 'numbers of refused requests';
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_source', '');
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_reject', '');
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_reject_id_seq', '');
-- A dump holds what is sealed; without the key file it is of no use.
SELECT pg_catalog.pg_extension_config_dump('respond_internal.inbound_secret', '');
ALTER TABLE respond.inbound_scheme ENABLE ALWAYS TRIGGER inbound_scheme_validate;
ALTER TABLE respond.inbound_scheme ENABLE ALWAYS TRIGGER inbound_scheme_audit;
ALTER TABLE respond.inbound_scheme ENABLE ALWAYS TRIGGER inbound_scheme_audit_truncate;
ALTER TABLE respond.inbound_scheme ENABLE ALWAYS TRIGGER inbound_sources_changed;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_deleted;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_truncated;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_sources_changed;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_audit;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_audit_truncate;

CREATE FUNCTION respond_internal.health_inbound_secrets(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	faults text;
	first_source text;
BEGIN
	SELECT string_agg(format('%s (%s)', f.name, f.fault), ', ' ORDER BY f.name), min(f.name) INTO faults, first_source
	  FROM (SELECT s.name, respond_internal.inbound_secret_fault(s.name) AS fault FROM respond.inbound_source AS s WHERE s.enabled) AS f
	 WHERE f.fault IS NOT NULL;
	ok := faults IS NULL;
	message := CASE WHEN ok THEN 'every inbound source can check who sends requests' ELSE format('inbound sources that take no request: %s', faults) END;
	remedy := CASE WHEN NOT ok THEN format('SELECT respond.set_inbound_secret(%L, ''...''), or bring back the key file that the secret was encrypted with; or disable the source: UPDATE respond.inbound_source SET enabled = false WHERE name = %L',
		first_source, first_source) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_inbound_secrets() IS 'health(): inbound sources that have no secret, or whose secret cannot be used';

-- A source that takes nothing for longer than its senders ever paused, and refuses requests meanwhile, has lost its sender: a secret was changed,
-- for example.  Refused requests alone say nothing: anybody can send some.  A pause counts once a week has shown how long pauses are.
CREATE FUNCTION respond_internal.inbound_is_lost(taken bigint, refused_in_row bigint, longest_pause interval, last_taken_at timestamptz, since timestamptz, at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT coalesce(taken >= 10 AND refused_in_row >= 10
		AND at - last_taken_at > CASE WHEN last_taken_at - since < interval '7 days' THEN greatest(longest_pause, interval '3 days') ELSE greatest(longest_pause, interval '10 minutes') END, false)
$$;
COMMENT ON FUNCTION respond_internal.inbound_is_lost(bigint, bigint, interval, timestamptz, timestamptz, timestamptz) IS 'whether an inbound source has lost the sender whose requests it used to take';

CREATE FUNCTION respond_internal.health_inbound_rejects(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	lost text;
	refused text;
	disabled text;
BEGIN
	SELECT string_agg(format('%s (nothing for %s minutes, %s refused in a row, %s)', c.name, floor(extract(epoch FROM c.at - c.last_taken_at) / 60), c.refused_in_row, c.last_reason), ', ' ORDER BY c.name) FILTER (WHERE c.is_lost),
		string_agg(format('%s (%s in a row, %s)', c.name, c.refused_in_row, c.last_reason), ', ' ORDER BY c.name) FILTER (WHERE c.enabled AND NOT c.is_lost AND c.refused_in_row >= 10),
		string_agg(c.name, ', ' ORDER BY c.name) FILTER (WHERE NOT c.enabled)
	  INTO lost, refused, disabled
	  FROM (SELECT s.name, s.enabled, t.at, c.refused_in_row, c.last_reason, c.last_taken_at,
				s.enabled AND respond_internal.inbound_is_lost(c.taken, c.refused_in_row, c.longest_pause, c.last_taken_at, c.since, t.at) AS is_lost
			  FROM respond.inbound_source AS s, respond_internal.inbound_counters(s.name) AS c, clock_timestamp() AS t (at)
			 WHERE c.refused_in_row > 0 AND c.last_refused_at > t.at - interval '10 minutes' AND c.last_refused_at > s.updated_at) AS c;
	ok := lost IS NULL;
	message := concat_ws('; ', coalesce('inbound sources that take nothing any more: ' || lost, 'inbound sources take what their senders send'),
		'refused lately: ' || refused, 'disabled inbound sources that get requests: ' || disabled);
	remedy := CASE WHEN NOT ok THEN 'SELECT * FROM respond.inbound_reject ORDER BY id DESC LIMIT 10 says why, and where the requests came from. signature: if they are the sender''s, it has another secret: give it to respond.set_inbound_secret()'
		' or respond.add_inbound_secret(). If they are not, ask the sender why it sends nothing. Without further requests this check is ok after ten minutes' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_inbound_rejects() IS 'health(): inbound sources that refuse requests and take none any more';

-- Steps that cannot make a url for their peer, or whose peer could not reach it.
CREATE FUNCTION respond_internal.health_callbacks(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules text;
	fault text;
BEGIN
	SELECT string_agg(quote_literal(r.name), ', ' ORDER BY r.name) INTO rules FROM respond.rule AS r
	 WHERE r.enabled AND jsonb_path_exists(jsonb_build_array(r.steps, r.on_failure, r.on_cancel), '$.** ? (@.action == "request" && @.callback == true)');
	fault := CASE
		WHEN rules IS NULL THEN NULL
		WHEN current_setting('pg_respond.gateway_public_url') = '' THEN 'pg_respond.gateway_public_url is not set'
		WHEN current_setting('pg_respond.gateway_listen') = '' THEN 'pg_respond.gateway_listen is not set'
		ELSE respond_internal.secret_key_status() END;
	ok := fault IS NULL;
	message := CASE
		WHEN rules IS NULL THEN 'no rule asks to be called back'
		WHEN ok THEN 'peers can be told which url to call back'
		ELSE format('rules whose steps wait for a call cannot get one: %s (%s)', fault, rules) END;
	remedy := CASE WHEN NOT ok THEN
		'steps with "callback": true need pg_respond.gateway_listen, pg_respond.gateway_public_url and pg_respond.secret_key_file: set them and reload' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_callbacks() IS 'health(): rules whose steps wait for a call that nobody can make';
CREATE OR REPLACE FUNCTION respond_internal.health_sequences(OUT ok boolean, OUT message text, OUT remedy text)
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
-- End of how providers sign.

-- The REST interface.
CREATE TABLE respond.api_token (
	name text PRIMARY KEY,
	hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
	db_role name NOT NULL,
	scopes text[] NOT NULL DEFAULT '{*}',
	expires_at timestamptz,
	allow_networks cidr[],
	enabled boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL DEFAULT respond_internal.actor(),
	used_at timestamptz,
	used_from inet,
	role_id oid,
	role_system bigint,
	role_login boolean NOT NULL DEFAULT true,
	for_superuser boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE respond.api_token IS 'tokens of the REST interface and of streams, each for one role; create_token() makes them';
COMMENT ON COLUMN respond.api_token.name IS 'name of the token';
COMMENT ON COLUMN respond.api_token.hash IS 'SHA-256 of the token; the token itself is nowhere';
COMMENT ON COLUMN respond.api_token.db_role IS 'role that its requests run as';
COMMENT ON COLUMN respond.api_token.scopes IS 'what it may be used for: *, read, write, an area such as tickets, or one kind of use of it, such as tickets:read';
COMMENT ON COLUMN respond.api_token.expires_at IS 'until when it can be used; NULL: without a limit';
COMMENT ON COLUMN respond.api_token.allow_networks IS 'networks that it can be used from; NULL: from everywhere';
COMMENT ON COLUMN respond.api_token.enabled IS 'whether it can be used at all';
COMMENT ON COLUMN respond.api_token.created_at IS 'when it was created';
COMMENT ON COLUMN respond.api_token.created_by IS 'who created it';
COMMENT ON COLUMN respond.api_token.used_at IS 'when it was last used, give or take five minutes';
COMMENT ON COLUMN respond.api_token.used_from IS 'address that it was used from then; NULL: a Unix socket';
COMMENT ON COLUMN respond.api_token.role_id IS 'number of db_role, kept by pg_respond: the token stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.api_token.role_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';
COMMENT ON COLUMN respond.api_token.role_login IS 'whether the role could log in when it got the token: then the token is of no use once the role cannot';
COMMENT ON COLUMN respond.api_token.for_superuser IS 'whether the role was a superuser when a superuser gave it the token: only then the token can act as a superuser';

CREATE FUNCTION respond_internal.api_token_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_api_token_validate';
COMMENT ON FUNCTION respond_internal.api_token_validate() IS 'trigger: refuses tokens that could do nothing, keeps the numbers of their roles';
CREATE TRIGGER api_token_validate BEFORE INSERT OR UPDATE OF name, db_role, scopes ON respond.api_token
	FOR EACH ROW EXECUTE FUNCTION respond_internal.api_token_validate();
COMMENT ON TRIGGER api_token_validate ON respond.api_token IS 'refuses tokens that could do nothing, keeps the numbers of their roles';

-- Not each use.
CREATE TRIGGER api_token_audit AFTER INSERT OR DELETE OR UPDATE OF name, hash, db_role, scopes, expires_at, allow_networks, enabled ON respond.api_token
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER api_token_audit ON respond.api_token IS 'records changes to tokens in the audit log';
CREATE TRIGGER api_token_audit_truncate AFTER TRUNCATE ON respond.api_token
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER api_token_audit_truncate ON respond.api_token IS 'records the removal of all tokens in the audit log';

CREATE FUNCTION respond.create_token(name text, db_role text, scopes text[] DEFAULT '{*}', expires_at timestamptz DEFAULT NULL,
	allow_networks text[] DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_create_token';
COMMENT ON FUNCTION respond.create_token(text, text, text[], timestamptz, text[]) IS
	'creates a token whose requests run as a role that the caller can SET ROLE to, and returns it; nobody can read it again';

SELECT pg_catalog.pg_extension_config_dump('respond.api_token', '');

-- Written by C code alone: src/rest/idempotency.c.  Not dumped: an answer is kept for a day.
CREATE TABLE respond_internal.idempotency (
	token_hash bytea NOT NULL,
	key text NOT NULL,
	fingerprint bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	status integer,
	fields text[],
	body bytea,
	PRIMARY KEY (token_hash, key)
);
CREATE INDEX idempotency_created_at_idx ON respond_internal.idempotency (created_at);
COMMENT ON INDEX respond_internal.idempotency_created_at_idx IS 'finds answers that need not be kept any longer';
COMMENT ON TABLE respond_internal.idempotency IS 'answers to requests with an Idempotency-Key, for those who send them again';
COMMENT ON COLUMN respond_internal.idempotency.token_hash IS 'hash of the token that the request brought';
COMMENT ON COLUMN respond_internal.idempotency.key IS 'the key';
COMMENT ON COLUMN respond_internal.idempotency.fingerprint IS 'SHA-256 of method, address, body, If-Match and fields of CloudEvents of the request';
COMMENT ON COLUMN respond_internal.idempotency.created_at IS 'when it was answered';
COMMENT ON COLUMN respond_internal.idempotency.status IS 'status of the answer';
COMMENT ON COLUMN respond_internal.idempotency.fields IS 'names and values of its fields';
COMMENT ON COLUMN respond_internal.idempotency.body IS 'its body';

CREATE FUNCTION respond_internal.health_tokens(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	orphans text;
	expired text;
BEGIN
	SELECT string_agg(format('"%s" (role %s)', t.name, t.db_role), ', ' ORDER BY t.name) FILTER (WHERE NOT EXISTS (SELECT FROM pg_roles AS r
				WHERE CASE WHEN t.role_system = (SELECT c.system_identifier FROM pg_control_system() AS c)
					THEN r.oid = t.role_id ELSE r.rolname = t.db_role END)),
			string_agg(format('"%s"', t.name), ', ' ORDER BY t.name) FILTER (WHERE t.expires_at <= respond_internal.clock_start())
	  INTO orphans, expired FROM respond.api_token AS t WHERE t.enabled;
	ok := orphans IS NULL AND expired IS NULL;
	message := CASE WHEN ok THEN 'every token can be used'
		ELSE concat_ws('; ', 'tokens of no use because their role was dropped: ' || orphans, 'tokens that have expired: ' || expired) END;
	remedy := CASE WHEN NOT ok THEN 'DELETE FROM respond.api_token WHERE name = ''...''; if it is still needed, respond.create_token() makes a new one' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_tokens() IS 'health(): tokens that cannot be used because of their role or their age';

CREATE TABLE respond.rating (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	ticket_id bigint NOT NULL,
	comment_id bigint,
	score integer NOT NULL CHECK (score BETWEEN 1 AND 5),
	comment text,
	rated_by text NOT NULL DEFAULT respond_internal.actor(),
	event_id bigint DEFAULT respond_internal.current_cause(),
	run_id bigint DEFAULT respond_internal.current_run(),
	rated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.rating IS 'how good people found what was done about a ticket, or one answer; each rates once';
COMMENT ON COLUMN respond.rating.id IS 'number of the rating';
COMMENT ON COLUMN respond.rating.ticket_id IS 'ticket that it is about';
COMMENT ON COLUMN respond.rating.comment_id IS 'comment that is rated: the answer of a person or of a rule; NULL: the ticket as a whole';
COMMENT ON COLUMN respond.rating.score IS 'from 1, bad, to 5, good';
COMMENT ON COLUMN respond.rating.comment IS 'what was said about it';
COMMENT ON COLUMN respond.rating.rated_by IS 'who rated: a role, rule:NAME, or a requester';
COMMENT ON COLUMN respond.rating.event_id IS 'event whose rule wrote it; NULL for a rating by hand';
COMMENT ON COLUMN respond.rating.run_id IS 'run of the rule that wrote it';
COMMENT ON COLUMN respond.rating.rated_at IS 'when it was rated';
CREATE UNIQUE INDEX rating_once_idx ON respond.rating (ticket_id, coalesce(comment_id, 0), rated_by);
COMMENT ON INDEX respond.rating_once_idx IS 'one rating of each, and finds those of a ticket';

CREATE FUNCTION respond_internal.rating_record() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rating_record';
COMMENT ON FUNCTION respond_internal.rating_record() IS 'trigger: records new ratings in history, events and audit log';

CREATE TRIGGER rating_record_insert AFTER INSERT ON respond.rating REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rating_record();
COMMENT ON TRIGGER rating_record_insert ON respond.rating IS 'history, event ticket.rated and audit of new ratings';

SELECT pg_catalog.pg_extension_config_dump('respond.rating', '');
COMMENT ON SEQUENCE respond.rating_id_seq IS 'numbers of ratings';
SELECT pg_catalog.pg_extension_config_dump('respond.rating_id_seq', '');

-- Not dumped: a link of the original must not work in its copy.
CREATE TABLE respond_internal.link (
	hash bytea PRIMARY KEY,
	role oid,
	role_login boolean NOT NULL,
	approval_id uuid,
	ticket_id bigint,
	rater text,
	created_by text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz
);
COMMENT ON TABLE respond_internal.link IS 'links to approvals and ratings; approval_link() and rating_link() make them';
COMMENT ON COLUMN respond_internal.link.hash IS 'SHA-256 of what is secret in the link, which is nowhere';
COMMENT ON COLUMN respond_internal.link.role IS 'role that decides the approval; NULL: it is about a rating';
COMMENT ON COLUMN respond_internal.link.role_login IS 'whether that role could log in then: the link is of no use once it cannot';
COMMENT ON COLUMN respond_internal.link.approval_id IS 'the approval';
COMMENT ON COLUMN respond_internal.link.ticket_id IS 'the ticket that is rated';
COMMENT ON COLUMN respond_internal.link.rater IS 'who rates it';
COMMENT ON COLUMN respond_internal.link.created_by IS 'who made the link';
COMMENT ON COLUMN respond_internal.link.created_at IS 'when it was made';
COMMENT ON COLUMN respond_internal.link.expires_at IS 'until when it is good';
COMMENT ON COLUMN respond_internal.link.used_at IS 'when somebody answered with it; NULL: nobody has';

CREATE FUNCTION respond.approval_link(approval uuid, approver text, expires_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_approval_link';
COMMENT ON FUNCTION respond.approval_link(uuid, text, timestamptz) IS
	'a link with which an agent or a role decides an approval, once, without a token; good for a week if not said. For who can SET ROLE to the approver, or owns the rule';
CREATE FUNCTION respond.rating_link(ticket bigint, rater text, expires_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_rating_link';
COMMENT ON FUNCTION respond.rating_link(bigint, text, timestamptz) IS 'a link with which somebody rates a ticket, once, without a token; good for a week if not said';

CREATE OR REPLACE FUNCTION respond_internal.advance_sequences() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	numbered text;
	highest bigint;
	reached bigint;
BEGIN
	FOREACH numbered IN ARRAY ARRAY['event', 'run', 'delivery', 'ticket', 'comment', 'ticket_history', 'audit_log', 'mute', 'mask', 'calendar_exception', 'rotation_member', 'on_call_layer', 'on_call_override', 'rating'] LOOP
		EXECUTE format('SELECT max(id) FROM respond.%I', numbered) INTO highest;
		EXECUTE format('SELECT last_value FROM respond.%I', numbered || '_id_seq') INTO reached;
		IF highest > reached THEN
			PERFORM setval(format('respond.%I', numbered || '_id_seq'), highest);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.advance_sequences() IS 'moves sequences above the numbers that a restore brought';
ALTER TABLE respond.api_token ENABLE ALWAYS TRIGGER api_token_validate;
ALTER TABLE respond.api_token ENABLE ALWAYS TRIGGER api_token_audit;
ALTER TABLE respond.api_token ENABLE ALWAYS TRIGGER api_token_audit_truncate;
ALTER TABLE respond.rating ENABLE ALWAYS TRIGGER rating_record_insert;
-- End of the REST interface.

-- Streams.
CREATE FUNCTION respond_internal.api_tokens_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_api_tokens_changed';
COMMENT ON FUNCTION respond_internal.api_tokens_changed() IS 'trigger: makes workers look at the tokens of open streams after the commit';
CREATE TRIGGER api_tokens_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF name, hash, db_role, scopes, expires_at, allow_networks, enabled
	ON respond.api_token FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.api_tokens_changed();
COMMENT ON TRIGGER api_tokens_changed ON respond.api_token IS 'makes workers look at the tokens of open streams';
ALTER TABLE respond.api_token ENABLE ALWAYS TRIGGER api_tokens_changed;

-- Calendars.
CREATE TABLE respond.calendar (
	name text PRIMARY KEY,
	timezone text NOT NULL DEFAULT 'UTC',
	hours jsonb,
	revision bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE respond.calendar IS 'opening hours; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.calendar.name IS 'name of the calendar';
COMMENT ON COLUMN respond.calendar.timezone IS 'name of the time zone in which its hours are meant';
COMMENT ON COLUMN respond.calendar.hours IS 'hours of the week, such as {"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}; NULL: always open';
COMMENT ON COLUMN respond.calendar.revision IS 'counts changes of the calendar and of its exceptions, kept by pg_respond';

CREATE TABLE respond.calendar_exception (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	calendar text NOT NULL,
	from_date date NOT NULL,
	to_date date NOT NULL,
	hours jsonb,
	name text,
	yearly boolean NOT NULL DEFAULT false
);
CREATE INDEX calendar_exception_calendar_idx ON respond.calendar_exception (calendar);
COMMENT ON INDEX respond.calendar_exception_calendar_idx IS 'finds the exceptions of a calendar';
COMMENT ON TABLE respond.calendar_exception IS 'days with other hours than those of the week, such as holidays';
COMMENT ON COLUMN respond.calendar_exception.id IS 'number of the exception';
COMMENT ON COLUMN respond.calendar_exception.calendar IS 'the calendar, a row of respond.calendar';
COMMENT ON COLUMN respond.calendar_exception.from_date IS 'first day';
COMMENT ON COLUMN respond.calendar_exception.to_date IS 'last day; NULL when it is written: the first day';
COMMENT ON COLUMN respond.calendar_exception.hours IS 'hours of each of the days, such as [["09:00", "12:00"]]; NULL or an empty list: closed';
COMMENT ON COLUMN respond.calendar_exception.name IS 'what it is, such as New Year';
COMMENT ON COLUMN respond.calendar_exception.yearly IS 'whether it comes again each year';

-- References.  There are no foreign keys: see src/desk/member_reference.c.
CREATE FUNCTION respond_internal.calendar_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_validate';
COMMENT ON FUNCTION respond_internal.calendar_validate() IS 'trigger: refuses calendars that could not work, counts revisions';
CREATE FUNCTION respond_internal.calendar_opens() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_opens';
COMMENT ON FUNCTION respond_internal.calendar_opens() IS 'trigger: refuses calendars that would never open';
CREATE FUNCTION respond_internal.is_restricted() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_is_restricted';
COMMENT ON FUNCTION respond_internal.is_restricted() IS 'whether this is SQL of a rule, or another operation that can put nothing off to the end of the transaction';
CREATE FUNCTION respond_internal.calendar_exception_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exception_validate';
COMMENT ON FUNCTION respond_internal.calendar_exception_validate() IS 'trigger: refuses exceptions that could not work';
CREATE FUNCTION respond_internal.calendar_exception_forget() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exception_forget';
COMMENT ON FUNCTION respond_internal.calendar_exception_forget() IS 'trigger: a calendar whose exceptions change is read anew by this session';
CREATE FUNCTION respond_internal.calendar_exceptions_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exceptions_changed';
COMMENT ON FUNCTION respond_internal.calendar_exceptions_changed() IS 'trigger: calendars whose exceptions change get a new revision';
CREATE FUNCTION respond_internal.calendar_exceptions_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_calendar_exceptions_follow';
COMMENT ON FUNCTION respond_internal.calendar_exceptions_follow() IS 'trigger: exceptions go and change their names with the calendar';

CREATE TRIGGER calendar_validate BEFORE INSERT OR UPDATE ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_validate();
COMMENT ON TRIGGER calendar_validate ON respond.calendar IS 'refuses calendars that could not work, counts revisions';
-- Where nothing may be put off to the end of the transaction they are checked at once.
CREATE CONSTRAINT TRIGGER calendar_opens AFTER INSERT OR UPDATE OF name, timezone, hours ON respond.calendar
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens ON respond.calendar IS 'refuses calendars that would never open, at the end of the transaction';
CREATE TRIGGER calendar_opens_now AFTER INSERT OR UPDATE OF name, timezone, hours ON respond.calendar
	FOR EACH ROW WHEN (respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens_now ON respond.calendar IS 'refuses calendars that would never open, in SQL of rules';
CREATE CONSTRAINT TRIGGER calendar_opens AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT respond_internal.is_restricted()) EXECUTE FUNCTION respond_internal.calendar_opens();
COMMENT ON TRIGGER calendar_opens ON respond.calendar_exception IS 'refuses exceptions with which a calendar would never open, at the end of the transaction';
CREATE TRIGGER calendar_exceptions_follow AFTER DELETE OR UPDATE OF name ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exceptions_follow();
COMMENT ON TRIGGER calendar_exceptions_follow ON respond.calendar IS 'a calendar that goes has no exceptions';
CREATE TRIGGER calendar_exceptions_follow_truncate AFTER TRUNCATE ON respond.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_follow();
COMMENT ON TRIGGER calendar_exceptions_follow_truncate ON respond.calendar IS 'calendars that go have no exceptions';
CREATE TRIGGER calendar_exception_validate BEFORE INSERT OR UPDATE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exception_validate();
COMMENT ON TRIGGER calendar_exception_validate ON respond.calendar_exception IS 'refuses exceptions that could not work';
-- before calendar_opens, by its name
CREATE TRIGGER calendar_exception_forget AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.calendar_exception_forget();
COMMENT ON TRIGGER calendar_exception_forget ON respond.calendar_exception IS 'makes this session read the calendar anew';
CREATE TRIGGER calendar_exceptions_added AFTER INSERT ON respond.calendar_exception
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_added ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_changed AFTER UPDATE ON respond.calendar_exception
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_changed ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_removed AFTER DELETE ON respond.calendar_exception
	REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_removed ON respond.calendar_exception IS 'gives the calendar a new revision';
CREATE TRIGGER calendar_exceptions_truncated AFTER TRUNCATE ON respond.calendar_exception
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.calendar_exceptions_changed();
COMMENT ON TRIGGER calendar_exceptions_truncated ON respond.calendar_exception IS 'gives all calendars a new revision';

-- A new revision is on record as the change that makes it.
CREATE TRIGGER calendar_audit AFTER INSERT OR UPDATE OF name, timezone, hours OR DELETE ON respond.calendar
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_audit ON respond.calendar IS 'records changes to calendars in the audit log';
CREATE TRIGGER calendar_audit_truncate AFTER TRUNCATE ON respond.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_audit_truncate ON respond.calendar IS 'records the removal of all calendars in the audit log';
CREATE TRIGGER calendar_exception_audit AFTER INSERT OR UPDATE OR DELETE ON respond.calendar_exception
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_exception_audit ON respond.calendar_exception IS 'records changes to exceptions in the audit log';
CREATE TRIGGER calendar_exception_audit_truncate AFTER TRUNCATE ON respond.calendar_exception
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER calendar_exception_audit_truncate ON respond.calendar_exception IS 'records the removal of all exceptions in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('respond.calendar_exception', '');
COMMENT ON SEQUENCE respond.calendar_exception_id_seq IS 'numbers of exceptions';
SELECT pg_catalog.pg_extension_config_dump('respond.calendar_exception_id_seq', '');

CREATE FUNCTION respond.business_open(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_open';
COMMENT ON FUNCTION respond.business_open(text, timestamptz) IS 'whether a calendar is open at a time';
CREATE FUNCTION respond.business_add(calendar text, at timestamptz, amount interval) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_add';
COMMENT ON FUNCTION respond.business_add(text, timestamptz, interval) IS 'the time so much open time after another, or before it if the amount is negative; an amount that ends as the calendar closes ends there; NULL: more than ten years away';
CREATE FUNCTION respond.business_between(calendar text, a timestamptz, b timestamptz) RETURNS interval
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_business_between';
COMMENT ON FUNCTION respond.business_between(text, timestamptz, timestamptz) IS 'the open time from a to b, negative if b is before a';
CREATE FUNCTION respond.next_open(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_next_open';
COMMENT ON FUNCTION respond.next_open(text, timestamptz) IS 'the next time after another at which a calendar opens; NULL: not within ten years';
CREATE FUNCTION respond.next_close(calendar text, at timestamptz DEFAULT pg_catalog.now()) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_next_close';
COMMENT ON FUNCTION respond.next_close(text, timestamptz) IS 'the next time after another at which a calendar closes; NULL: not within ten years';
CREATE FUNCTION respond.open_periods(calendar text, a timestamptz, b timestamptz, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_open_periods';
COMMENT ON FUNCTION respond.open_periods(text, timestamptz, timestamptz) IS 'the periods from a to b in which a calendar is open, cut to that';
CREATE FUNCTION respond_internal.ical_days(ical text, timezone text, OUT event integer, OUT name text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT problem text) RETURNS SETOF record
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_ical_days';
COMMENT ON FUNCTION respond_internal.ical_days(text, text) IS 'import_ical(): the days of the events of a calendar file, or why they cannot be taken';

CREATE FUNCTION respond_internal.import_ical(calendar text, ical text, OUT name text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT taken boolean, OUT note text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	zone text;
	day record;
BEGIN
	SELECT c.timezone INTO zone FROM respond.calendar AS c WHERE c.name = calendar;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no calendar "%"', calendar USING ERRCODE = 'no_data_found', HINT = 'respond.calendar lists the calendars.';
	END IF;
	FOR day IN SELECT d.* FROM respond_internal.ical_days(ical, zone) AS d LOOP
		name := day.name;
		from_date := day.from_date;
		to_date := day.to_date;
		yearly := day.yearly;
		taken := day.problem IS NULL;
		note := day.problem;
		IF taken THEN
			note := 'was there already';
			IF NOT EXISTS (SELECT FROM respond.calendar_exception AS e WHERE e.calendar = import_ical.calendar AND e.from_date = day.from_date
				AND e.to_date = day.to_date AND e.yearly = day.yearly AND e.name IS NOT DISTINCT FROM day.name AND COALESCE(e.hours, '[]') = '[]') THEN
				INSERT INTO respond.calendar_exception (calendar, from_date, to_date, name, yearly)
				VALUES (import_ical.calendar, day.from_date, day.to_date, day.name, day.yearly);
				note := 'added';
			END IF;
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.import_ical(text, text) IS 'takes the events of a calendar file (iCalendar) that are whole days for days on which the calendar is closed; says of each event whether it was taken, and why not';
CREATE FUNCTION respond.import_ical(calendar text, ical text, OUT name text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT taken boolean, OUT note text) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.import_ical(text, text) IS 'takes the events of a calendar file (iCalendar) that are whole days for days on which the calendar is closed; says of each event whether it was taken, and why not';
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_validate;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_opens;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_opens_now;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_opens;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_exceptions_follow;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_exceptions_follow_truncate;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exception_validate;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exception_forget;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exceptions_added;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exceptions_changed;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exceptions_removed;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exceptions_truncated;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_audit;
ALTER TABLE respond.calendar ENABLE ALWAYS TRIGGER calendar_audit_truncate;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exception_audit;
ALTER TABLE respond.calendar_exception ENABLE ALWAYS TRIGGER calendar_exception_audit_truncate;
-- End of calendars.

-- On call.
CREATE TABLE respond.rotation (
	name text PRIMARY KEY,
	timezone text NOT NULL DEFAULT 'UTC',
	starts timestamp NOT NULL,
	unit text NOT NULL DEFAULT 'week',
	length integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE respond.rotation IS 'people who take turns; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.rotation.name IS 'name of the rotation';
COMMENT ON COLUMN respond.rotation.timezone IS 'name of the time zone in which its handoffs are meant';
COMMENT ON COLUMN respond.rotation.starts IS 'local time of the first handoff; nobody is on before it';
COMMENT ON COLUMN respond.rotation.unit IS 'hour, day, week or month';
COMMENT ON COLUMN respond.rotation.length IS 'how many units a shift has';

CREATE TABLE respond.rotation_member (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	rotation text NOT NULL,
	agent text NOT NULL,
	position integer NOT NULL,
	valid_from timestamptz NOT NULL DEFAULT pg_catalog.now(),
	valid_to timestamptz
);
CREATE INDEX rotation_member_rotation_idx ON respond.rotation_member (rotation);
CREATE INDEX rotation_member_agent_idx ON respond.rotation_member (agent);
COMMENT ON INDEX respond.rotation_member_rotation_idx IS 'finds the members of a rotation';
COMMENT ON INDEX respond.rotation_member_agent_idx IS 'finds the rotations of a person';
COMMENT ON TABLE respond.rotation_member IS 'who takes turns in a rotation, and when';
COMMENT ON COLUMN respond.rotation_member.id IS 'number of the member';
COMMENT ON COLUMN respond.rotation_member.rotation IS 'the rotation, a row of respond.rotation';
COMMENT ON COLUMN respond.rotation_member.agent IS 'the person, a row of respond.agent';
COMMENT ON COLUMN respond.rotation_member.position IS 'place in the order of turns, the lowest first';
COMMENT ON COLUMN respond.rotation_member.valid_from IS 'since when; handoffs from then on count the person in';
COMMENT ON COLUMN respond.rotation_member.valid_to IS 'the time from which on the person is no member any more; NULL: without end';

CREATE TABLE respond.on_call_layer (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team text NOT NULL,
	position integer NOT NULL DEFAULT 1,
	rotation text,
	agent text,
	windows jsonb,
	timezone text,
	valid_from timestamptz,
	valid_to timestamptz
);
CREATE INDEX on_call_layer_team_idx ON respond.on_call_layer (team);
COMMENT ON INDEX respond.on_call_layer_team_idx IS 'finds the layers of a team';
COMMENT ON TABLE respond.on_call_layer IS 'who is on call for a team: the first layer that has somebody says it';
COMMENT ON COLUMN respond.on_call_layer.id IS 'number of the layer';
COMMENT ON COLUMN respond.on_call_layer.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.on_call_layer.position IS 'place among the layers of the team, 1 is the top';
COMMENT ON COLUMN respond.on_call_layer.rotation IS 'whose turns decide, a row of respond.rotation; NULL: agent is given';
COMMENT ON COLUMN respond.on_call_layer.agent IS 'the person, a row of respond.agent; NULL: rotation is given';
COMMENT ON COLUMN respond.on_call_layer.windows IS 'hours of the week in which the layer has somebody, such as {"mon": [["09:00", "17:00"]]}; NULL: always';
COMMENT ON COLUMN respond.on_call_layer.timezone IS 'name of the time zone in which the windows are meant; NULL: that of the rotation, or UTC';
COMMENT ON COLUMN respond.on_call_layer.valid_from IS 'since when the layer counts; NULL: always has';
COMMENT ON COLUMN respond.on_call_layer.valid_to IS 'the time from which on the layer does not count any more; NULL: without end';

CREATE TABLE respond.on_call_override (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team text NOT NULL,
	kind text NOT NULL,
	agent text NOT NULL,
	with_agent text,
	from_time timestamptz NOT NULL,
	to_time timestamptz NOT NULL,
	reason text
);
CREATE INDEX on_call_override_team_idx ON respond.on_call_override (team, to_time);
COMMENT ON INDEX respond.on_call_override_team_idx IS 'finds the overrides of a team';
COMMENT ON TABLE respond.on_call_override IS 'who is on call for a team in place of, without, or besides those that the layers say';
COMMENT ON COLUMN respond.on_call_override.id IS 'number of the override';
COMMENT ON COLUMN respond.on_call_override.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.on_call_override.kind IS 'replace, remove or add';
COMMENT ON COLUMN respond.on_call_override.agent IS 'who is replaced, removed or added, a row of respond.agent';
COMMENT ON COLUMN respond.on_call_override.with_agent IS 'who replaces, a row of respond.agent; only for replace';
COMMENT ON COLUMN respond.on_call_override.from_time IS 'since when';
COMMENT ON COLUMN respond.on_call_override.to_time IS 'the time from which on it does not count any more';
COMMENT ON COLUMN respond.on_call_override.reason IS 'why, in words';

-- References.  There are no foreign keys: see src/desk/reference.c.
CREATE FUNCTION respond_internal.rotation_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rotation_validate';
COMMENT ON FUNCTION respond_internal.rotation_validate() IS 'trigger: refuses rotations that could not work';
CREATE FUNCTION respond_internal.rotation_member_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rotation_member_validate';
COMMENT ON FUNCTION respond_internal.rotation_member_validate() IS 'trigger: refuses members of rotations that could not work';
CREATE FUNCTION respond_internal.on_call_layer_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_layer_validate';
COMMENT ON FUNCTION respond_internal.on_call_layer_validate() IS 'trigger: refuses layers that could not work';
CREATE FUNCTION respond_internal.on_call_override_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_override_validate';
COMMENT ON FUNCTION respond_internal.on_call_override_validate() IS 'trigger: refuses overrides that could not work';
CREATE FUNCTION respond_internal.on_call_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_follow';
COMMENT ON FUNCTION respond_internal.on_call_follow() IS 'trigger: members of rotations, layers and overrides go and change their names with what they name';

CREATE TRIGGER rotation_validate BEFORE INSERT OR UPDATE ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rotation_validate();
COMMENT ON TRIGGER rotation_validate ON respond.rotation IS 'refuses rotations that could not work';
CREATE TRIGGER rotation_member_validate BEFORE INSERT OR UPDATE ON respond.rotation_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rotation_member_validate();
COMMENT ON TRIGGER rotation_member_validate ON respond.rotation_member IS 'refuses members of rotations that could not work';
CREATE TRIGGER on_call_layer_validate BEFORE INSERT OR UPDATE ON respond.on_call_layer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_layer_validate();
COMMENT ON TRIGGER on_call_layer_validate ON respond.on_call_layer IS 'refuses layers that could not work';
CREATE TRIGGER on_call_override_validate BEFORE INSERT OR UPDATE ON respond.on_call_override
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_override_validate();
COMMENT ON TRIGGER on_call_override_validate ON respond.on_call_override IS 'refuses overrides that could not work';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.team IS 'what names one of the teams goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.team IS 'what names one of the teams goes along';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.agent IS 'what names one of the people goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.agent IS 'what names one of the people goes along';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.rotation IS 'what names one of the rotations goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.rotation
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.rotation IS 'what names one of the rotations goes along';

CREATE TRIGGER rotation_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_audit ON respond.rotation IS 'records changes to rotations in the audit log';
CREATE TRIGGER rotation_audit_truncate AFTER TRUNCATE ON respond.rotation
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_audit_truncate ON respond.rotation IS 'records the removal of all rotations in the audit log';
CREATE TRIGGER rotation_member_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rotation_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_member_audit ON respond.rotation_member IS 'records changes to members of rotations in the audit log';
CREATE TRIGGER rotation_member_audit_truncate AFTER TRUNCATE ON respond.rotation_member
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_member_audit_truncate ON respond.rotation_member IS 'records the removal of all members of rotations in the audit log';
CREATE TRIGGER on_call_layer_audit AFTER INSERT OR UPDATE OR DELETE ON respond.on_call_layer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_layer_audit ON respond.on_call_layer IS 'records changes to layers in the audit log';
CREATE TRIGGER on_call_layer_audit_truncate AFTER TRUNCATE ON respond.on_call_layer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_layer_audit_truncate ON respond.on_call_layer IS 'records the removal of all layers in the audit log';
CREATE TRIGGER on_call_override_audit AFTER INSERT OR UPDATE OR DELETE ON respond.on_call_override
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_override_audit ON respond.on_call_override IS 'records changes to overrides in the audit log';
CREATE TRIGGER on_call_override_audit_truncate AFTER TRUNCATE ON respond.on_call_override
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_override_audit_truncate ON respond.on_call_override IS 'records the removal of all overrides in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.rotation', '');
SELECT pg_catalog.pg_extension_config_dump('respond.rotation_member', '');
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_layer', '');
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_override', '');
COMMENT ON SEQUENCE respond.rotation_member_id_seq IS 'numbers of members of rotations';
SELECT pg_catalog.pg_extension_config_dump('respond.rotation_member_id_seq', '');
COMMENT ON SEQUENCE respond.on_call_layer_id_seq IS 'numbers of layers';
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_layer_id_seq', '');
COMMENT ON SEQUENCE respond.on_call_override_id_seq IS 'numbers of overrides';
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_override_id_seq', '');

CREATE FUNCTION respond.rotation_shift(rotation text, at timestamptz DEFAULT pg_catalog.now(), OUT agent text, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_rotation_shift_at';
COMMENT ON FUNCTION respond.rotation_shift(text, timestamptz) IS 'whose turn it is in a rotation at a time, and from when until when; agent NULL: nobody''s';
CREATE FUNCTION respond.on_call_now(team text, at timestamptz DEFAULT pg_catalog.now()) RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'respond_on_call_now';
COMMENT ON FUNCTION respond.on_call_now(text, timestamptz) IS 'the people who are on call for a team at a time, and available';
CREATE FUNCTION respond.on_call_shifts(team text, a timestamptz, b timestamptz, OUT agent text, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_on_call_shifts';
COMMENT ON FUNCTION respond.on_call_shifts(text, timestamptz, timestamptz) IS 'the shifts of a team that have a part between a and b, whole';
CREATE FUNCTION respond.on_call_gaps(team text, a timestamptz, b timestamptz, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_on_call_gaps';
COMMENT ON FUNCTION respond.on_call_gaps(text, timestamptz, timestamptz) IS 'the times from a to b in which nobody is on call for a team, cut to that';
ALTER TABLE respond.rotation ENABLE ALWAYS TRIGGER rotation_validate;
ALTER TABLE respond.rotation_member ENABLE ALWAYS TRIGGER rotation_member_validate;
ALTER TABLE respond.on_call_layer ENABLE ALWAYS TRIGGER on_call_layer_validate;
ALTER TABLE respond.on_call_override ENABLE ALWAYS TRIGGER on_call_override_validate;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER on_call_follow;
ALTER TABLE respond.team ENABLE ALWAYS TRIGGER on_call_follow_truncate;
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER on_call_follow;
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER on_call_follow_truncate;
ALTER TABLE respond.rotation ENABLE ALWAYS TRIGGER on_call_follow;
ALTER TABLE respond.rotation ENABLE ALWAYS TRIGGER on_call_follow_truncate;
ALTER TABLE respond.rotation ENABLE ALWAYS TRIGGER rotation_audit;
ALTER TABLE respond.rotation ENABLE ALWAYS TRIGGER rotation_audit_truncate;
ALTER TABLE respond.rotation_member ENABLE ALWAYS TRIGGER rotation_member_audit;
ALTER TABLE respond.rotation_member ENABLE ALWAYS TRIGGER rotation_member_audit_truncate;
ALTER TABLE respond.on_call_layer ENABLE ALWAYS TRIGGER on_call_layer_audit;
ALTER TABLE respond.on_call_layer ENABLE ALWAYS TRIGGER on_call_layer_audit_truncate;
ALTER TABLE respond.on_call_override ENABLE ALWAYS TRIGGER on_call_override_audit;
ALTER TABLE respond.on_call_override ENABLE ALWAYS TRIGGER on_call_override_audit_truncate;
-- End of on call.

-- What is counted in shared memory.
CREATE FUNCTION respond.metrics() RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_metrics';
COMMENT ON FUNCTION respond.metrics() IS
	'the metrics of this database in the format of OpenMetrics, from shared memory: events, runs, deliveries, workers, requests and streams since the server started';

-- Agents see the tickets of their teams.
CREATE FUNCTION respond_internal.is_agent() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_is_agent';
COMMENT ON FUNCTION respond_internal.is_agent() IS 'whether the current role has the rights of respond_agent';
ALTER TABLE respond.ticket ADD COLUMN merged_into bigint;
COMMENT ON COLUMN respond.ticket.merged_into IS 'ticket that this one was merged into: its number leads there';
COMMENT ON COLUMN respond.ticket_history.field IS 'column that changed; or created, comment, rating, merged, deleted';
CREATE INDEX ticket_merged_key_idx ON respond.ticket (key) WHERE key IS NOT NULL AND merged_into IS NOT NULL;
COMMENT ON INDEX respond.ticket_merged_key_idx IS 'where the key of a merged ticket leads';
CREATE FUNCTION respond.merge(from_ticket bigint, into_ticket bigint) RETURNS bigint
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'respond_merge';
COMMENT ON FUNCTION respond.merge(bigint, bigint) IS
	'closes the first ticket, whose comments and tags go to the second and whose number leads there; returns how many comments moved';
DROP TRIGGER ticket_guard_insert ON respond.ticket;
CREATE TRIGGER ticket_guard_insert BEFORE INSERT ON respond.ticket
	FOR EACH ROW WHEN (NEW.status IN ('solved', 'closed') OR cardinality(NEW.tags) > 1 OR NEW.merged_into IS NOT NULL OR NEW.session_actor IS DISTINCT FROM respond_internal.session_actor() OR respond_internal.is_agent())
	EXECUTE FUNCTION respond_internal.ticket_guard();
COMMENT ON TRIGGER ticket_guard_insert ON respond.ticket IS 'sets the times of a ticket that is inserted as solved or closed, refuses one that was merged, removes duplicate tags, notes who is logged in, and that an agent sees the ticket until the statement is over';
ALTER TABLE respond.ticket ENABLE ALWAYS TRIGGER ticket_guard_insert;
CREATE INDEX ticket_queue_idx ON respond.ticket (team, updated_at) WHERE status NOT IN ('solved', 'closed');
COMMENT ON INDEX respond.ticket_queue_idx IS 'what a team has to do, in the order of the last change';

-- Asked once per statement, in a subquery of the policy's own.
CREATE FUNCTION respond_internal.agents_of_caller() RETURNS text[]
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_agents_of_caller';
COMMENT ON FUNCTION respond_internal.agents_of_caller() IS 'names of the agents that work as the current role, or as one whose rights it has';
CREATE FUNCTION respond_internal.teams_of_caller() RETURNS text[]
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_teams_of_caller';
COMMENT ON FUNCTION respond_internal.teams_of_caller() IS 'teams of the agents that work as the current role, or as one whose rights it has';
-- Asked for each row that is not seen otherwise; these cost little.
CREATE FUNCTION respond_internal.writes_ticket(id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_writes_ticket';
COMMENT ON FUNCTION respond_internal.writes_ticket(bigint) IS 'whether the running statement has just written this ticket';
CREATE FUNCTION respond_internal.require_ticket(id bigint) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_require_ticket';
COMMENT ON FUNCTION respond_internal.require_ticket(bigint) IS 'raises the error that there is no such ticket, for who does not see it';
CREATE FUNCTION respond_internal.may_start(rule text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_may_start';
COMMENT ON FUNCTION respond_internal.may_start(text) IS 'whether the current role may act as the owner of the rule, or is in one of its start_roles';
-- Or the server would not look a ticket up by what this gives before the policy of tickets has let the ticket pass.
CREATE FUNCTION respond_internal.ticket_of_event(event_id bigint) RETURNS bigint
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_ticket_of_event';
COMMENT ON FUNCTION respond_internal.ticket_of_event(bigint) IS 'number of the ticket that an event of this database is about; NULL: it is about none';

-- Owners of tables are not asked, so neither are the workers, nor what pg_respond does in sessions.  What a superuser
-- granted to roles of their own is not cut: only who has the rights of an agent sees as one.
ALTER TABLE respond.ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY overseers ON respond.ticket TO respond_admin USING (true);
COMMENT ON POLICY overseers ON respond.ticket IS 'admins see all';
CREATE POLICY readers ON respond.ticket FOR SELECT TO respond_auditor USING (true);
COMMENT ON POLICY readers ON respond.ticket IS 'auditors read all';
CREATE POLICY others ON respond.ticket USING (NOT (SELECT respond_internal.is_agent()));
COMMENT ON POLICY others ON respond.ticket IS 'roles that are no agents see all, if somebody gave them rights at all';
-- A ticket can be opened for any team and given to any: what it becomes is not checked.
CREATE POLICY agents ON respond.ticket TO respond_agent
	USING (team IS NULL
		OR team = ANY ((SELECT respond_internal.teams_of_caller())::text[])
		OR assignee = ANY ((SELECT respond_internal.agents_of_caller())::text[])
		OR respond_internal.writes_ticket(id))
	WITH CHECK (true);
COMMENT ON POLICY agents ON respond.ticket IS 'agents see the tickets of their teams, those assigned to them, and those without a team; they may give them to any team';

-- What hangs on a ticket is seen with it.
DO $$
DECLARE
	hanging text;
BEGIN
	FOREACH hanging IN ARRAY ARRAY['comment', 'rating', 'ticket_history'] LOOP
		EXECUTE pg_catalog.format('ALTER TABLE respond.%I ENABLE ROW LEVEL SECURITY', hanging);
		EXECUTE pg_catalog.format('CREATE POLICY overseers ON respond.%I TO respond_admin USING (true)', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY overseers ON respond.%I IS %L', hanging, 'admins see all');
		EXECUTE pg_catalog.format('CREATE POLICY readers ON respond.%I FOR SELECT TO respond_auditor USING (true)', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY readers ON respond.%I IS %L', hanging, 'auditors read all');
		EXECUTE pg_catalog.format('CREATE POLICY others ON respond.%I USING (NOT (SELECT respond_internal.is_agent()))', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY others ON respond.%I IS %L', hanging,
			'roles that are no agents see all, if somebody gave them rights at all');
		EXECUTE pg_catalog.format('CREATE POLICY agents ON respond.%1$I TO respond_agent'
			' USING (EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = %1$I.ticket_id))'
			' WITH CHECK (EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = %1$I.ticket_id) OR respond_internal.require_ticket(ticket_id))', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY agents ON respond.%I IS %L', hanging, 'agents see and write what belongs to tickets that they see');
	END LOOP;
END
$$;

-- Runs: those that opened or are about a ticket that is seen, and those that the agent may start and stop.
CREATE INDEX ticket_run_id_idx ON respond.ticket (run_id) WHERE run_id IS NOT NULL;
COMMENT ON INDEX respond.ticket_run_id_idx IS 'the tickets that a run opened';
ALTER TABLE respond.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON respond.run FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY readers ON respond.run IS 'admins and auditors read all';
CREATE POLICY others ON respond.run USING (NOT (SELECT respond_internal.is_agent()));
COMMENT ON POLICY others ON respond.run IS 'roles that are no agents see all, if somebody gave them rights at all';
CREATE POLICY agents ON respond.run FOR SELECT TO respond_agent
	USING (respond_internal.may_start(rule)
		OR EXISTS (SELECT FROM respond.ticket AS t WHERE t.run_id = run.id)
		OR EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = respond_internal.ticket_of_event(run.event_id)));
COMMENT ON POLICY agents ON respond.run IS 'agents see the runs of rules that they may start, those that opened a ticket that they see, and those whose event is about one';

-- Seals of the audit log.
ALTER TABLE respond.audit_log ADD COLUMN salt uuid;
COMMENT ON COLUMN respond.audit_log.salt IS 'random; keeps what is erased from the row from being guessed by its digest';
-- Rows become visible in another order than that of their ids.  A block covers the ids that were given out since the last one, and
-- says which of them had a row; those of transactions that were open then come with a later block.
CREATE TABLE respond.audit_seal (
	block bigint PRIMARY KEY CHECK (block > 0),
	kind text NOT NULL CHECK (kind IN ('rows', 'erased', 'dropped')),
	sealed_at timestamptz NOT NULL,
	from_id bigint NOT NULL,
	to_id bigint NOT NULL,
	ids int8multirange NOT NULL,
	row_count bigint NOT NULL,
	min_at timestamptz,
	max_at timestamptz,
	snapshot pg_snapshot NOT NULL,
	next_xid xid8 NOT NULL,
	incarnation bigint NOT NULL,
	digests bytea NOT NULL,
	previous bytea NOT NULL,
	hash bytea NOT NULL
);
COMMENT ON TABLE respond.audit_seal IS 'the audit log in hash-chained blocks; verify_audit() compares';
COMMENT ON COLUMN respond.audit_seal.block IS 'number of the block, from 1, without gaps';
COMMENT ON COLUMN respond.audit_seal.kind IS 'rows (of the audit log), erased (rows that a person was erased from), dropped (rows that left with their partition)';
COMMENT ON COLUMN respond.audit_seal.sealed_at IS 'when it was made';
COMMENT ON COLUMN respond.audit_seal.from_id IS 'ids above this one had not been looked at before';
COMMENT ON COLUMN respond.audit_seal.to_id IS 'last id that was looked at';
COMMENT ON COLUMN respond.audit_seal.ids IS 'ids of the rows that it is about';
COMMENT ON COLUMN respond.audit_seal.row_count IS 'how many they are';
COMMENT ON COLUMN respond.audit_seal.min_at IS 'earliest time of these rows';
COMMENT ON COLUMN respond.audit_seal.max_at IS 'latest time of these rows';
COMMENT ON COLUMN respond.audit_seal.snapshot IS 'which transactions were open: their rows come with later blocks';
COMMENT ON COLUMN respond.audit_seal.next_xid IS 'ids up to to_id were given to transactions before this one';
COMMENT ON COLUMN respond.audit_seal.incarnation IS 'of the database that made it; in another one the numbers of transactions say nothing';
COMMENT ON COLUMN respond.audit_seal.digests IS 'for each row, in the order of ids, the first 16 bytes of its digest; for an erased row its 32 bytes of commitment and then those';
COMMENT ON COLUMN respond.audit_seal.previous IS 'hash of the block before; for the first one 32 zero bytes';
COMMENT ON COLUMN respond.audit_seal.hash IS 'SHA-256 of all other columns';

CREATE FUNCTION respond_internal.audit_commitment(salt uuid, actor text, object_id text, old jsonb, new jsonb, session_actor text) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_audit_commitment';
COMMENT ON FUNCTION respond_internal.audit_commitment(uuid, text, text, jsonb, jsonb, text) IS 'SHA-256 of what of a row of the audit log may name a person';
CREATE FUNCTION respond_internal.audit_digest(id bigint, at timestamptz, action text, object_type text, event_id bigint, run_id bigint, rule text, commitment bytea) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_audit_digest';
COMMENT ON FUNCTION respond_internal.audit_digest(bigint, timestamptz, text, text, bigint, bigint, text, bytea) IS 'SHA-256 of a row of the audit log, whose other values are in the commitment';

CREATE FUNCTION respond_internal.audit_row_digest(a respond.audit_log) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT substr(respond_internal.audit_digest(a.id, a.at, a.action, a.object_type, a.event_id, a.run_id, a.rule,
		respond_internal.audit_commitment(a.salt, a.actor, a.object_id, a.old, a.new, a.session_actor)), 1, 16)
$$;
COMMENT ON FUNCTION respond_internal.audit_row_digest(respond.audit_log) IS 'what a seal holds of a row of the audit log';

-- The text does not depend on DateStyle, TimeZone or bytea_output.
CREATE FUNCTION respond_internal.seal_hash(s respond.audit_seal) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT sha256(convert_to(format('pg_respond audit seal 1|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|', s.block, s.kind, extract(epoch FROM s.sealed_at),
		s.from_id, s.to_id, s.ids, s.row_count, extract(epoch FROM s.min_at), extract(epoch FROM s.max_at), s.snapshot, s.next_xid, s.incarnation), 'UTF8') || s.previous || s.digests)
$$;
COMMENT ON FUNCTION respond_internal.seal_hash(respond.audit_seal) IS 'SHA-256 of a block of seals: of all its columns but hash';

-- What is given out in the place of the columns that follow from the chain.
CREATE FUNCTION respond_internal.add_seal(new_seal respond.audit_seal) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last record;
BEGIN
	SELECT s.block, s.hash INTO last FROM respond.audit_seal AS s ORDER BY s.block DESC LIMIT 1;
	new_seal.block := coalesce(last.block, 0) + 1;
	new_seal.sealed_at := clock_timestamp();
	new_seal.next_xid := pg_current_xact_id();
	new_seal.incarnation := respond_internal.incarnation();
	new_seal.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
	new_seal.hash := respond_internal.seal_hash(new_seal);
	INSERT INTO respond.audit_seal SELECT new_seal.*;
END
$$;
COMMENT ON FUNCTION respond_internal.add_seal(respond.audit_seal) IS 'appends a block to the seals';

CREATE FUNCTION respond_internal.seal_waits(snapshot pg_snapshot, before xid8) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_snapshot_xmax(snapshot) < before OR EXISTS (SELECT FROM pg_snapshot_xip(snapshot) AS x WHERE x < before)
$$;
COMMENT ON FUNCTION respond_internal.seal_waits(pg_snapshot, xid8) IS 'whether transactions before that one may be open in the snapshot';

-- The newest id is read first, and writers have their transaction's number before they take an id.  So an id up to that one belongs
-- to a row that is seen, or to none that will ever be, or to a transaction that is open in the snapshot: one of those that it lists, or
-- one from its xmax on and before the number that the transaction of the seal itself is given after all that.
CREATE FUNCTION respond_internal.seal_block(max_ids integer, OUT sealed bigint, OUT more boolean, OUT waits boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last respond.audit_seal;
	wide respond.audit_seal;
	next respond.audit_seal;
	earlier record;
	newest bigint;
	current pg_snapshot;
	ended xid8;
	late int8multirange := '{}';
	taken int8multirange := '{}';
BEGIN
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction', MESSAGE = 'the audit log can be sealed only in a transaction with isolation level READ COMMITTED',
			HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED as the first statement of the transaction.';
	END IF;
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	SELECT s.* INTO last FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LIMIT 1;
	SELECT s.* INTO wide FROM respond.audit_seal AS s WHERE s.kind = 'rows' AND s.to_id > s.from_id ORDER BY s.block DESC LIMIT 1;
	newest := coalesce(pg_sequence_last_value('respond.audit_log_id_seq'), 0);
	current := pg_current_snapshot();

	next.kind := 'rows';
	next.from_id := coalesce(last.to_id, 0);
	next.to_id := greatest(next.from_id, least(newest, next.from_id + max_ids));
	next.snapshot := current;
	more := newest > next.to_id;

	-- the earliest of the transactions that were open, could have had ids by then, and may have ended since
	IF last.incarnation = respond_internal.incarnation() THEN
		SELECT x INTO ended FROM pg_snapshot_xip(last.snapshot) AS x
		 WHERE x < wide.next_xid AND pg_visible_in_snapshot(x, current) ORDER BY x LIMIT 1;
		IF ended IS NULL AND pg_snapshot_xmax(last.snapshot) < wide.next_xid AND pg_snapshot_xmax(last.snapshot) < pg_snapshot_xmax(current) THEN
			ended := pg_snapshot_xmax(last.snapshot);
		END IF;
	END IF;
	IF ended IS NOT NULL THEN
		FOR earlier IN SELECT s.from_id, s.ids, s.next_xid, s.incarnation FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LOOP
			EXIT WHEN earlier.incarnation <> last.incarnation OR earlier.next_xid <= ended;
			taken := taken + earlier.ids;
			late := int8multirange(int8range(earlier.from_id, next.from_id, '(]'));
		END LOOP;
		late := late - taken;
	ELSIF next.to_id = next.from_id THEN
		sealed := 0;
		waits := respond_internal.seal_waits(last.snapshot, wide.next_xid);
		RETURN;
	END IF;

	SELECT coalesce(range_agg(int8range(r.id, r.id, '[]')), '{}'), count(*), min(r.at), max(r.at), coalesce(string_agg(r.digest, '' ORDER BY r.id), '')
	  INTO next.ids, next.row_count, next.min_at, next.max_at, next.digests
	  FROM (SELECT DISTINCT ON (a.id) a.id, a.at, respond_internal.audit_row_digest(a) AS digest
			  FROM unnest(late + int8multirange(int8range(next.from_id, next.to_id, '(]'))) AS part
			  JOIN respond.audit_log AS a ON a.id >= lower(part) AND a.id < upper(part)
			 ORDER BY a.id, a.at) AS r;
	PERFORM respond_internal.add_seal(next);
	sealed := next.row_count;
	waits := respond_internal.seal_waits(current, CASE WHEN next.to_id > next.from_id THEN pg_current_xact_id() ELSE wide.next_xid END);
END
$$;
COMMENT ON FUNCTION respond_internal.seal_block(integer, OUT bigint, OUT boolean, OUT boolean) IS
	'seals the rows of the next ids of the audit log, at most so many; more: there are further ids; waits: a transaction is open whose rows are to come';

CREATE FUNCTION respond_internal.seal_audit() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	block record;
	rows bigint := 0;
BEGIN
	LOOP
		SELECT b.sealed, b.more INTO block FROM respond_internal.seal_block(20000) AS b;
		rows := rows + block.sealed;
		EXIT WHEN NOT block.more;
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION respond_internal.seal_audit() IS 'seals now what is in the audit log; returns how many rows; the clock does it by itself every pg_respond.audit_seal_interval';

CREATE FUNCTION respond_internal.audit_head() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('%s:%s', s.block, encode(s.hash, 'hex')) FROM respond.audit_seal AS s ORDER BY s.block DESC LIMIT 1
$$;
COMMENT ON FUNCTION respond_internal.audit_head() IS 'number and hash of the newest block of seals, to be kept elsewhere; verify_audit(head) tells whether the log still leads to it; NULL: nothing is sealed yet';

-- Before a partition is dropped: its rows are gone for a reason.
CREATE FUNCTION respond_internal.seal_dropped(partition regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	dropped respond.audit_seal;
BEGIN
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	IF NOT EXISTS (SELECT FROM respond.audit_seal) THEN
		RETURN;
	END IF;
	PERFORM respond.seal_audit();
	EXECUTE format('SELECT range_agg(int8range(a.id, a.id, ''[]'')), count(*), min(a.at), max(a.at) FROM %s AS a', partition)
		INTO dropped.ids, dropped.row_count, dropped.min_at, dropped.max_at;
	IF dropped.row_count > 0 THEN
		dropped.kind := 'dropped';
		dropped.from_id := 0;
		dropped.to_id := 0;
		dropped.snapshot := pg_current_snapshot();
		dropped.digests := '';
		PERFORM respond_internal.add_seal(dropped);
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.seal_dropped(regclass) IS 'puts on record that the rows of a partition of the audit log leave with it';

CREATE FUNCTION respond_internal.overwrite_audit(ids bigint[], names text[]) RETURNS bigint
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_overwrite_audit';
COMMENT ON FUNCTION respond_internal.overwrite_audit(bigint[], text[]) IS 'for erase_audit(): replaces values and names in rows of the audit log; returns how many rows';

CREATE FUNCTION respond_internal.erase_audit(ids bigint[], names text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	erased respond.audit_seal;
	kept bytea[];
	place integer := 0;
	digest bytea;
BEGIN
	LOCK TABLE respond.audit_seal IN SHARE ROW EXCLUSIVE MODE;
	PERFORM respond.seal_audit();
	erased.kind := 'erased';
	erased.from_id := 0;
	erased.to_id := 0;
	erased.snapshot := pg_current_snapshot();
	SELECT range_agg(int8range(a.id, a.id, '[]')), count(*), min(a.at), max(a.at),
		array_agg(respond_internal.audit_commitment(a.salt, a.actor, a.object_id, a.old, a.new, a.session_actor) ORDER BY a.id)
	  INTO erased.ids, erased.row_count, erased.min_at, erased.max_at, kept
	  FROM respond.audit_log AS a WHERE a.id = ANY (erase_audit.ids) AND a.id <@ (SELECT range_agg(u) FROM respond.audit_seal AS s, unnest(s.ids) AS u WHERE s.kind = 'rows');
	IF erased.row_count = 0 THEN
		RETURN 0;
	END IF;
	PERFORM respond_internal.overwrite_audit(ids, names);
	erased.digests := '';
	FOR digest IN SELECT respond_internal.audit_row_digest(a) FROM respond.audit_log AS a WHERE a.id = ANY (erase_audit.ids) AND a.id <@ erased.ids ORDER BY a.id LOOP
		place := place + 1;
		erased.digests := erased.digests || kept[place] || digest;
	END LOOP;
	PERFORM respond_internal.add_seal(erased);
	RETURN erased.row_count;
END
$$;
COMMENT ON FUNCTION respond_internal.erase_audit(bigint[], text[]) IS
	'erases old and new of rows of the audit log, and these names of people where they are actor, session_actor or object_id; the log still verifies; returns how many rows';

CREATE FUNCTION respond_internal.verify_block(s respond.audit_seal) RETURNS TABLE (audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found bytea;
BEGIN
	SELECT coalesce(string_agg(respond_internal.audit_row_digest(a), '' ORDER BY a.id), '') INTO found
	  FROM unnest(s.ids) AS part JOIN respond.audit_log AS a ON a.id >= lower(part) AND a.id < upper(part)
	 WHERE a.at BETWEEN s.min_at AND s.max_at;
	IF found = s.digests THEN
		RETURN;
	END IF;
	-- which of them
	RETURN QUERY
	WITH expected AS (
		SELECT e.id, substr(s.digests, 16 * (row_number() OVER (ORDER BY e.id))::integer - 15, 16) AS digest
		  FROM unnest(s.ids) AS part, generate_series(lower(part), upper(part) - 1) AS e (id)),
	erased AS (
		SELECT x.block, x.id, substr(x.digests, 48 * x.place - 47, 32) AS commitment, substr(x.digests, 48 * x.place - 15, 16) AS digest
		  FROM (SELECT z.block, z.digests, e.id, (row_number() OVER (PARTITION BY z.block ORDER BY e.id))::integer AS place
				  FROM respond.audit_seal AS z, unnest(z.ids) AS part, generate_series(lower(part), upper(part) - 1) AS e (id)
				 WHERE z.kind = 'erased' AND z.ids && s.ids) AS x
		 WHERE x.id <@ s.ids),
	present AS (
		SELECT a.id, respond_internal.audit_row_digest(a) AS digest,
			   substr(respond_internal.audit_digest(a.id, a.at, a.action, a.object_type, a.event_id, a.run_id, a.rule,
				(SELECT z.commitment FROM erased AS z WHERE z.id = a.id ORDER BY z.block LIMIT 1)), 1, 16) AS digest_before,
			   (SELECT z.digest FROM erased AS z WHERE z.id = a.id ORDER BY z.block DESC LIMIT 1) AS erased_digest
		  FROM respond.audit_log AS a WHERE a.id >= lower(s.ids) AND a.id < upper(s.ids) AND a.id <@ s.ids),
	judged AS (
		SELECT e.id, count(p.id) AS rows,
			   bool_or(CASE WHEN p.erased_digest IS NULL THEN p.digest = e.digest ELSE p.digest = p.erased_digest AND p.digest_before = e.digest END) AS good
		  FROM expected AS e LEFT JOIN present AS p ON p.id = e.id GROUP BY e.id)
	SELECT j.id, CASE WHEN j.rows = 0 THEN 'removed' ELSE 'altered' END,
		   CASE WHEN j.rows = 0 THEN 'there is no row with this id' ELSE 'the row is not the one that was sealed' END
	  FROM judged AS j
	 WHERE (j.rows = 0 AND NOT EXISTS (SELECT FROM respond.audit_seal AS z WHERE z.kind = 'dropped' AND j.id <@ z.ids))
		OR NOT j.good
	 ORDER BY j.id;
END
$$;
COMMENT ON FUNCTION respond_internal.verify_block(respond.audit_seal) IS 'rows that are not as a block of seals says';

-- Rows that no block knows.
CREATE FUNCTION respond_internal.verify_unsealed() RETURNS TABLE (audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	sealed int8multirange;
	last respond.audit_seal;
	newest CONSTANT bigint := coalesce(pg_sequence_last_value('respond.audit_log_id_seq'), 0);
BEGIN
	SELECT coalesce(range_agg(u), '{}') INTO sealed FROM respond.audit_seal AS s, unnest(s.ids) AS u WHERE s.kind = 'rows';
	SELECT s.* INTO last FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LIMIT 1;
	RETURN QUERY
	SELECT a.id, 'inserted', CASE WHEN a.id > newest THEN 'this id has not been assigned yet' ELSE 'no block has this id' END
	  FROM respond.audit_log AS a
	 WHERE (a.id <= last.to_id AND NOT a.id <@ sealed
			-- a transaction that was open when its time was sealed, and still was with the last block
			AND NOT EXISTS (SELECT FROM respond.audit_seal AS s
				WHERE s.kind = 'rows' AND s.from_id < a.id AND a.id <= s.to_id AND s.incarnation = last.incarnation
				  AND respond_internal.seal_waits(last.snapshot, s.next_xid) AND last.incarnation = respond_internal.incarnation()))
		OR (a.id > newest AND last.incarnation = respond_internal.incarnation())
	 ORDER BY a.id;
	-- a second row with an id lies in another partition, where the time of its block does not lead
	IF (SELECT count(*) FROM respond.audit_log AS a WHERE a.id <@ sealed)
		<> (SELECT coalesce(sum(CASE s.kind WHEN 'rows' THEN s.row_count WHEN 'dropped' THEN -s.row_count END), 0) FROM respond.audit_seal AS s) THEN
		RETURN QUERY
		SELECT a.id, 'inserted', 'there are several rows with this id' FROM respond.audit_log AS a WHERE a.id <@ sealed GROUP BY a.id HAVING count(*) > 1 ORDER BY a.id;
	END IF;
END
$$;
COMMENT ON FUNCTION respond_internal.verify_unsealed() IS 'rows of the audit log whose id was sealed as one without a row, or was never given out';

CREATE FUNCTION respond_internal.verify_audit(head text DEFAULT NULL) RETURNS TABLE (block bigint, audit_id bigint, fault text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s respond.audit_seal;
	wanted bigint := 1;
	previous bytea := decode(repeat('00', 32), 'hex');
	head_block CONSTANT bigint := CASE WHEN head ~ '^[0-9]{1,18}:[0-9a-f]{64}$' THEN split_part(head, ':', 1) END;
	head_hash CONSTANT bytea := CASE WHEN head_block IS NOT NULL THEN decode(split_part(head, ':', 2), 'hex') END;
BEGIN
	IF head IS NOT NULL AND head_block IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'head must be what audit_head() returned: the number of a block, a colon, and 64 digits';
	END IF;
	FOR s IN SELECT z.* FROM respond.audit_seal AS z ORDER BY z.block LOOP
		audit_id := NULL;
		IF s.block > wanted THEN
			block := wanted;
			fault := 'seal removed';
			detail := CASE WHEN s.block = wanted + 1 THEN 'this block is missing' ELSE format('blocks %s to %s are missing', wanted, s.block - 1) END;
			RETURN NEXT;
		END IF;
		block := s.block;
		IF s.hash <> respond_internal.seal_hash(s) THEN
			fault := 'seal altered';
			detail := 'its hash is not that of its columns';
			RETURN NEXT;
		ELSIF s.block = wanted AND s.previous <> previous THEN
			fault := 'seal altered';
			detail := 'it does not follow on the block before';
			RETURN NEXT;
		END IF;
		IF s.block = head_block AND s.hash <> head_hash THEN
			fault := 'seal altered';
			detail := 'it had another hash when the head was exported';
			RETURN NEXT;
		END IF;
		IF s.kind = 'rows' THEN
			FOR audit_id, fault, detail IN SELECT v.audit_id, v.fault, v.detail FROM respond_internal.verify_block(s) AS v LOOP
				RETURN NEXT;
			END LOOP;
		END IF;
		wanted := s.block + 1;
		previous := s.hash;
	END LOOP;
	audit_id := NULL;
	IF head_block >= wanted THEN
		block := wanted;
		fault := 'seal removed';
		detail := CASE WHEN head_block = wanted THEN 'this block is missing' ELSE format('blocks %s to %s are missing', wanted, head_block) END;
		RETURN NEXT;
	END IF;
	block := NULL;
	FOR audit_id, fault, detail IN SELECT v.audit_id, v.fault, v.detail FROM respond_internal.verify_unsealed() AS v LOOP
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond_internal.verify_audit(text) IS
	'compares the audit log with its seals: one row for each that was altered, removed or inserted, also by a superuser; none: all is as it was sealed. head: what audit_head() returned earlier';

SELECT pg_catalog.pg_extension_config_dump('respond.audit_seal', '');

CREATE FUNCTION respond.seal_audit() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.seal_audit() IS 'seals now what is in the audit log; returns how many rows; the clock does it by itself every pg_respond.audit_seal_interval';

CREATE FUNCTION respond.audit_head() RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.audit_head() IS 'number and hash of the newest block of seals, to be kept elsewhere; verify_audit(head) tells whether the log still leads to it; NULL: nothing is sealed yet';

CREATE FUNCTION respond.verify_audit(head text DEFAULT NULL) RETURNS TABLE(block bigint, audit_id bigint, fault text, detail text)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_quiet_call';
COMMENT ON FUNCTION respond.verify_audit(text) IS
	'compares the audit log with its seals: one row for each that was altered, removed or inserted, also by a superuser; none: all is as it was sealed. head: what audit_head() returned earlier';

CREATE FUNCTION respond_internal.health_audit(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	span CONSTANT interval := current_setting('pg_respond.audit_seal_interval')::interval;
	limit_at CONSTANT timestamptz := clock_timestamp() - span - interval '10 minutes';
	last record;
	oldest timestamptz;
BEGIN
	SELECT s.to_id, s.sealed_at INTO last FROM respond.audit_seal AS s WHERE s.kind = 'rows' ORDER BY s.block DESC LIMIT 1;
	SELECT a.at INTO oldest FROM respond.audit_log AS a WHERE a.id > coalesce(last.to_id, 0) ORDER BY a.id LIMIT 1;
	ok := span = '0' OR coalesce(oldest > limit_at, true) OR coalesce(last.sealed_at > limit_at, false);
	message := CASE
		WHEN span = '0' THEN 'the audit log is not sealed, because pg_respond.audit_seal_interval is 0'
		WHEN ok THEN 'the audit log is sealed'
		ELSE format('rows of the audit log since %s are not sealed', oldest) END;
	remedy := CASE WHEN NOT ok THEN 'SELECT respond.seal_audit(); if that fails, its error says why; the server log has it, too: "could not seal the audit log"' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_audit() IS 'health(): whether the audit log is sealed';

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
GRANT SELECT ON respond.audit_seal TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond.audit_head(), respond.verify_audit(text) TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond.seal_audit() TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.metrics(), respond.rule_map(text, text), respond.rule_doc(text), respond_internal.rule_latencies(text),
	respond_internal.rule_steps(text), respond_internal.texts_of(jsonb), respond_internal.awaited_events(jsonb), respond_internal.host_of(text),
	respond_internal.type_pattern(text), respond_internal.types_meet(text, text), respond_internal.rule_hears(text), respond_internal.rule_does(text),
	respond_internal.rule_edges(), respond_internal.map_label(text, text), respond_internal.map_node(text, text, text, text),
	respond_internal.map_edge(text, text, text, text, boolean), respond_internal.md_text(text), respond_internal.md_code(text),
	respond_internal.md_block(text, text, integer), respond_internal.tags_in(jsonb), respond_internal.pattern_paths(jsonb),
	respond_internal.step_goal(text), respond_internal.step_codes(jsonb), respond_internal.ticket_words(jsonb), respond_internal.request_words(jsonb),
	respond_internal.awaited_words(jsonb), respond_internal.wait_words(jsonb), respond_internal.foreach_words(jsonb),
	respond_internal.approve_words(jsonb), respond_internal.step_words(jsonb), respond_internal.step_item(text, integer, jsonb),
	respond_internal.thing_words(text, text), respond_internal.output_words(text), respond_internal.doc_head(respond.rule),
	respond_internal.doc_trigger(respond.rule), respond_internal.doc_inputs(respond.rule), respond_internal.doc_steps(respond.rule),
	respond_internal.doc_outputs(respond.rule), respond_internal.doc_failures(respond.rule), respond_internal.doc_record(respond.rule)
	TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond_internal.gateway_addresses(), respond_internal.gateway_program() TO respond_admin, respond_auditor;
GRANT SELECT ON respond.gateway TO respond_admin, respond_auditor;
GRANT EXECUTE ON FUNCTION respond_internal.clock_start() TO PUBLIC;
GRANT EXECUTE ON FUNCTION respond_internal.is_agent(), respond_internal.agents_of_caller(), respond_internal.teams_of_caller(),
	respond_internal.writes_ticket(bigint) TO PUBLIC;
GRANT EXECUTE ON FUNCTION respond_internal.may_start(text), respond_internal.ticket_of_event(bigint), respond_internal.require_ticket(bigint)
	TO respond_agent;
GRANT SELECT (id, due_at, reader, kind, run_id, run_started_at, name, incarnation) ON respond_internal.timer TO respond_admin, respond_auditor;
GRANT SELECT ON respond_internal.time_seen TO respond_admin, respond_auditor;
GRANT EXECUTE ON FUNCTION respond.accept_clock() TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.cron_next(text, text, timestamptz) TO respond_admin, respond_auditor;
GRANT EXECUTE ON FUNCTION respond.local_instant(text, timestamp) TO respond_agent, respond_admin, respond_auditor;
GRANT SELECT ON respond.rotation, respond.rotation_member, respond.on_call_layer, respond.on_call_override TO respond_agent, respond_admin, respond_auditor;
GRANT INSERT, UPDATE, DELETE ON respond.rotation, respond.rotation_member, respond.on_call_layer, respond.on_call_override TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.rotation_shift(text, timestamptz), respond.on_call_now(text, timestamptz),
	respond.on_call_shifts(text, timestamptz, timestamptz), respond.on_call_gaps(text, timestamptz, timestamptz)
	TO respond_agent, respond_admin, respond_auditor;
GRANT SELECT ON respond.calendar, respond.calendar_exception TO respond_agent, respond_admin, respond_auditor;
GRANT INSERT, UPDATE, DELETE ON respond.calendar, respond.calendar_exception TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.business_open(text, timestamptz), respond.business_add(text, timestamptz, interval),
	respond.business_between(text, timestamptz, timestamptz), respond.next_open(text, timestamptz), respond.next_close(text, timestamptz),
	respond.open_periods(text, timestamptz, timestamptz) TO respond_agent, respond_admin, respond_auditor;
GRANT EXECUTE ON FUNCTION respond_internal.is_restricted() TO PUBLIC;
GRANT EXECUTE ON FUNCTION respond.import_ical(text, text), respond_internal.ical_days(text, text) TO respond_admin;
GRANT SELECT ON respond_internal.wait_pattern, respond_internal.wait, respond_internal.heard TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond_internal.explain_waits(bigint) TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond.schedule_preview(text, integer), respond_internal.schedule_preview(text, integer) TO respond_admin, respond_auditor;
GRANT SELECT ON respond.schedule TO respond_admin, respond_auditor;
GRANT INSERT, UPDATE, DELETE ON respond.schedule TO respond_admin;
GRANT SELECT ON respond.inbound_scheme TO respond_admin, respond_auditor;
GRANT INSERT, UPDATE, DELETE ON respond.inbound_scheme TO respond_admin;
GRANT SELECT ON respond.inbound_source, respond.inbound_reject, respond.inbound_stats TO respond_admin, respond_auditor;
REVOKE ALL ON respond_internal.inbound_secret FROM respond_admin, respond_auditor;
GRANT SELECT (source, number, set_at, set_by) ON respond_internal.inbound_secret TO respond_admin, respond_auditor;
GRANT INSERT, UPDATE, DELETE ON respond.inbound_source TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.set_inbound_secret(text, text), respond.add_inbound_secret(text, text), respond.drop_inbound_secrets(text, integer),
	respond.inbound_test(text, jsonb, bytea, text, text, timestamptz) TO respond_admin;
GRANT EXECUTE ON FUNCTION respond_internal.inbound_secrets(text), respond_internal.inbound_counters(text) TO respond_admin, respond_auditor;
GRANT SELECT ON respond.api_token TO respond_admin, respond_auditor;
GRANT SELECT ON respond.rating TO respond_agent, respond_admin, respond_auditor;
GRANT INSERT (ticket_id, comment_id, score, comment) ON respond.rating TO respond_agent;
GRANT INSERT, UPDATE, DELETE ON respond.rating TO respond_admin;
GRANT UPDATE (scopes, expires_at, allow_networks, enabled), DELETE ON respond.api_token TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.create_token(text, text, text[], timestamptz, text[]) TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.approval_link(uuid, text, timestamptz), respond.rating_link(bigint, text, timestamptz) TO respond_agent, respond_admin;
GRANT SELECT ON respond.agent, respond.team_member, respond.approval, respond.approval_vote TO respond_agent, respond_auditor, respond_admin;
GRANT INSERT, UPDATE, DELETE ON respond.agent, respond.team_member TO respond_admin;
GRANT EXECUTE ON FUNCTION respond.decide(uuid, text, text) TO respond_agent, respond_admin;
GRANT EXECUTE ON FUNCTION respond.merge(bigint, bigint) TO respond_agent, respond_admin;
GRANT EXECUTE ON FUNCTION respond_internal.is_approver(text[], text[], oid[], bigint) TO respond_agent;
GRANT SELECT ON respond_internal.run_name, respond_internal.run_place, respond_internal.loop_items, respond.wait_decision, respond.waiting TO respond_auditor, respond_admin;
GRANT SELECT ON respond.waiting TO respond_agent;
GRANT EXECUTE ON FUNCTION respond.start(text, jsonb, text, text, text), respond.cancel_run(bigint, text), respond.retry_run(bigint, text, text),
	respond.pause_run(bigint), respond.resume_run(bigint), respond.signal(bigint, text, jsonb) TO respond_agent, respond_admin;
GRANT EXECUTE ON FUNCTION respond.move_runs(text, integer, jsonb) TO respond_admin;
-- Keys, answers and signals are for the owners of rules.
REVOKE ALL ON respond_internal.callback, respond_internal.idempotency, respond_internal.link, respond_internal.wait, respond_internal.passed, respond_internal.run_inbox, respond_internal.timer, respond_internal.wait_decision,
	respond_internal.wait_decision_default FROM respond_auditor, respond_admin;
GRANT SELECT (run_id, run_started_at, pattern_id, since, due_at, incarnation, rule_version, alternative, early, passed_from, rule, step)
	ON respond_internal.wait TO respond_auditor, respond_admin;
GRANT SELECT (id, pattern_id, run_id, event_id, recorded_at) ON respond_internal.passed TO respond_auditor, respond_admin;
GRANT SELECT (run_id, rule, rule_version, step, outcome, event_id, since, due_at, decided_at) ON respond_internal.wait_decision TO respond_auditor, respond_admin;
GRANT SELECT (id, run_id, run_started_at, kind, pause, step, event_id, actor, at, incarnation)
	ON respond_internal.run_inbox TO respond_auditor, respond_admin;
GRANT SELECT (delivery_id, run_id, run_started_at, step, due_at, called_at) ON respond_internal.callback TO respond_auditor, respond_admin;
GRANT SELECT (id, due_at, reader, kind, run_id, run_started_at, name, incarnation)
	ON respond_internal.timer TO respond_auditor, respond_admin;
GRANT EXECUTE ON FUNCTION respond_internal.to_jsonb(respond.private_jsonb) TO respond_admin, respond_auditor;

DELETE FROM respond_internal.manifest;
INSERT INTO respond_internal.manifest (kind, object, definition, server_version)
SELECT n.kind, n.object, n.definition, pg_catalog.current_setting('server_version_num')::pg_catalog.int4
  FROM respond_internal.manifest_now() AS n
 WHERE NOT n.object OPERATOR(pg_catalog.~) 'respond_internal[.][a-z_]+_[0-9]{8}_[0-9]{4}' AND n.kind OPERATOR(pg_catalog.<>) 'inheritance';
