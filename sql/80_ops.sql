-- 80_ops.sql: what the workers do, and how to stop them.

CREATE FUNCTION respond_internal.workers(OUT kind text, OUT database oid, OUT pid integer, OUT lane integer, OUT state text,
	OUT waiting_for text, OUT generation bigint, OUT failures integer, OUT started_at timestamptz, OUT restart_at timestamptz,
	OUT events bigint, OUT batches bigint, OUT runs bigint, OUT errors bigint, OUT active_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_workers';
COMMENT ON FUNCTION respond_internal.workers() IS 'the launcher and the workers of all databases, from shared memory';

CREATE VIEW respond.worker WITH (security_invoker = true) AS
SELECT w.kind, d.datname AS database, w.pid, w.lane, w.state, w.waiting_for, w.generation, w.failures, w.started_at, w.restart_at,
	w.events, w.batches, w.runs, w.errors, w.active_at
  FROM respond_internal.workers() AS w
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = w.database
 WHERE w.database IS NULL OR d.datname = pg_catalog.current_database();
COMMENT ON VIEW respond.worker IS 'the launcher and the workers of this database: who they are, what they do, what they wait for';
COMMENT ON COLUMN respond.worker.kind IS 'launcher, clock, dispatcher or courier';
COMMENT ON COLUMN respond.worker.database IS 'where it works; NULL for the launcher, which serves the cluster';
COMMENT ON COLUMN respond.worker.pid IS 'its process, as in pg_stat_activity; NULL when it has none now';
COMMENT ON COLUMN respond.worker.lane IS 'of a dispatcher: which share of the events it handles, from 1 on';
COMMENT ON COLUMN respond.worker.state IS 'starting, idle, busy, holding, stopping, ended or failed (it is started again at restart_at)';
COMMENT ON COLUMN respond.worker.waiting_for IS 'what it waits for: events, deliveries, time, respond.release(), or a wait event of the server such as a lock';
COMMENT ON COLUMN respond.worker.generation IS 'how often the place of this worker was given to a new process';
COMMENT ON COLUMN respond.worker.failures IS 'abnormal ends in a row';
COMMENT ON COLUMN respond.worker.started_at IS 'when the process started';
COMMENT ON COLUMN respond.worker.restart_at IS 'when a failed worker is started again';
COMMENT ON COLUMN respond.worker.events IS 'events handled since started_at; of a courier, tries of deliveries';
COMMENT ON COLUMN respond.worker.batches IS 'transactions committed for that';
COMMENT ON COLUMN respond.worker.runs IS 'runs made since started_at';
COMMENT ON COLUMN respond.worker.errors IS 'batches, or duties of the clock, that failed and were repeated';
COMMENT ON COLUMN respond.worker.active_at IS 'when it last began or finished something';

CREATE FUNCTION respond_internal.lane_status(OUT lane integer, OUT waiting boolean, OUT looked_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_lane_status';
COMMENT ON FUNCTION respond_internal.lane_status() IS 'for each dispatcher of this database: whether something waits for it, and when it last looked; from shared memory';

CREATE VIEW respond.lag WITH (security_invoker = true) AS
SELECT l.lane, l.lanes, l.events + CASE l.lane WHEN 1 THEN (SELECT pg_catalog.count(*) FROM respond_internal.requeue) ELSE 0 END AS events, l.oldest, pg_catalog.now() - l.oldest AS age, s.looked_at
  FROM respond_internal.lag() AS l
  LEFT JOIN respond_internal.lane_status() AS s ON s.lane = l.lane;
COMMENT ON VIEW respond.lag IS 'for each dispatcher: committed events that it has not handled';
COMMENT ON COLUMN respond.lag.lane IS 'number of the dispatcher, from 1 on';
COMMENT ON COLUMN respond.lag.lanes IS 'number of dispatchers that the events are split among';
COMMENT ON COLUMN respond.lag.events IS 'committed events that wait, with those to be played again; counting ends at 1,000,000';
COMMENT ON COLUMN respond.lag.oldest IS 'when the oldest of them was recorded';
COMMENT ON COLUMN respond.lag.age IS 'how long ago that was';
COMMENT ON COLUMN respond.lag.looked_at IS 'when the dispatcher last looked; NULL when it has not since the workers started';

CREATE FUNCTION respond_internal.announce_hold(hold boolean, restart boolean) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_announce_hold';
COMMENT ON FUNCTION respond_internal.announce_hold(boolean, boolean) IS 'makes the commit of this transaction stop the workers of this database, let them go on, or replace them';

-- A hold because of a restore outlasts the wish of a person: only release()
-- may end it, which then has more to do.
CREATE FUNCTION respond.hold(reason text DEFAULT 'hold') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM respond_internal.check_primary('hold()');
	IF hold.reason IS NULL OR hold.reason = '' OR hold.reason = 'restore' THEN
		RAISE EXCEPTION 'the reason of respond.hold() must be a text, and not "restore"'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Say in a few words why the workers shall rest.';
	END IF;
	UPDATE respond_internal.state AS s
	   SET hold = CASE WHEN s.hold = 'restore' THEN s.hold ELSE hold.reason END,
		   hold_since = coalesce(s.hold_since, now());
	PERFORM respond_internal.announce_hold(true, false);
	PERFORM respond_internal.audit('hold', 'database', current_database(), NULL, jsonb_build_object('reason', hold.reason));
END
$$;
COMMENT ON FUNCTION respond.hold(text) IS 'lets the workers of this database rest from the commit on, after the batch that they are in; events are recorded all the same';

CREATE FUNCTION respond.release() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	held_for text;
	waiting bigint;
BEGIN
	PERFORM respond_internal.check_primary('release()');
	SELECT s.hold INTO held_for FROM respond_internal.state AS s FOR UPDATE;
	IF held_for IS NULL THEN
		RAISE NOTICE 'the workers of this database were not held';
		RETURN;
	END IF;
	IF held_for = 'restore' THEN
		waiting := respond_internal.rebase();
		RAISE NOTICE 'the cursor begins anew; % events wait to be handled', waiting;
	END IF;
	UPDATE respond_internal.state
	   SET hold = NULL, hold_since = NULL, system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c),
		   database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
	PERFORM respond_internal.announce_hold(false, held_for = 'restore');
	PERFORM respond_internal.audit('release', 'database', current_database(), jsonb_build_object('reason', held_for), NULL);
END
$$;
COMMENT ON FUNCTION respond.release() IS 'lets the workers of this database go on from the commit on; after a restore it first begins the cursor anew';

CREATE FUNCTION respond_internal.worker_status(OUT in_recovery boolean, OUT launcher boolean, OUT known boolean, OUT role_missing boolean,
	OUT missing_workers integer, OUT missing_setting text, OUT dispatchers integer)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_status';
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() asks shared memory for';

CREATE FUNCTION respond_internal.partition_status(OUT table_name text, OUT present boolean, OUT ahead integer) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_partition_status';
COMMENT ON FUNCTION respond_internal.partition_status() IS 'for each table that is partitioned by time: whether there is a partition for the present, and how many lie ahead';

-- Each line is a check: ok, and why if not.  The order is that in which one
-- would mend things: what is below may follow from what is above.
CREATE FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	status record;
	state record;
	found_one record;
	wanted text;
BEGIN
	"check" := 'library';
	BEGIN
		SELECT * INTO status FROM respond_internal.worker_status();
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
	ok := NOT status.in_recovery;
	message := CASE WHEN ok THEN 'the server can be written to' ELSE 'this server is a standby: no workers run here' END;
	remedy := CASE WHEN NOT ok THEN 'ask the primary; after a promotion the workers start by themselves' END;
	RETURN NEXT;
	IF NOT ok THEN
		RETURN;
	END IF;

	"check" := 'launcher';
	ok := status.launcher;
	message := CASE WHEN ok THEN 'the launcher runs' ELSE 'the launcher does not run' END;
	remedy := CASE WHEN NOT ok THEN 'it is started again a second after it ended; if it keeps ending, the server''s log says why' END;
	RETURN NEXT;

	"check" := 'role';
	ok := NOT status.role_missing;
	message := CASE WHEN ok THEN 'role respond_worker is there' ELSE 'role respond_worker is missing, so no workers can be started' END;
	remedy := CASE WHEN NOT ok THEN 'give the role that owns the tables of schema respond that name again: ALTER ROLE ... RENAME TO respond_worker' END;
	RETURN NEXT;

	"check" := 'hold';
	SELECT s.hold, s.hold_since INTO state FROM respond_internal.state AS s;
	ok := state.hold IS NULL;
	message := CASE
		WHEN ok THEN 'the workers are not held'
		WHEN state.hold = 'restore' THEN format('the workers hold since %s because this database was restored or copied from elsewhere', state.hold_since)
		ELSE format('the workers hold since %s: %s', state.hold_since, state.hold) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN state.hold = 'restore' THEN 'make sure that the original does not act any more, then SELECT respond.release()'
		ELSE 'SELECT respond.release()' END;
	RETURN NEXT;

	"check" := 'places';
	ok := status.missing_workers = 0;
	message := CASE WHEN ok THEN 'there is a place for every worker of the cluster'
		ELSE format('there is no place for %s workers of the cluster', status.missing_workers) END;
	remedy := CASE WHEN NOT ok THEN format('raise %s (now %s) and restart the server', status.missing_setting,
		current_setting(status.missing_setting)) END;
	RETURN NEXT;

	"check" := 'workers';
	SELECT string_agg(w.name, ', ') INTO wanted
	  FROM (SELECT 'clock' AS name, 'clock' AS kind, 1 AS lane
			UNION ALL
			SELECT 'courier', 'courier', 1
			UNION ALL
			SELECT 'dispatcher ' || n, 'dispatcher', n FROM generate_series(1, status.dispatchers) AS n) AS w
	 WHERE NOT EXISTS (SELECT FROM respond.worker AS r
			WHERE r.kind = w.kind AND coalesce(r.lane, 1) = w.lane AND r.state NOT IN ('starting', 'failed', 'ended'));
	SELECT w.kind, w.failures, w.restart_at INTO found_one
	  FROM respond.worker AS w WHERE w.state = 'failed' ORDER BY w.failures DESC LIMIT 1;
	ok := wanted IS NULL;
	message := CASE
		WHEN ok THEN 'all workers of this database run'
		WHEN found_one.kind IS NOT NULL THEN format('not running: %s; the %s failed %s times in a row and is started again at %s',
			wanted, found_one.kind, found_one.failures, found_one.restart_at)
		WHEN NOT status.known THEN format('not running: %s; the launcher has not started them yet', wanted)
		ELSE format('not running: %s', wanted) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN found_one.kind IS NOT NULL THEN 'the server''s log says why they end; look for pg_respond'
		WHEN status.missing_workers > 0 THEN 'see check places'
		ELSE 'they start within a second; if they do not, the server''s log says why, and ALTER DATABASE ... ALLOW_CONNECTIONS and IS_TEMPLATE must not be in the way' END;
	RETURN NEXT;

	"check" := 'lag';
	SELECT sum(l.events) AS events, min(l.oldest) AS oldest INTO found_one
	  FROM respond_internal.lag() AS l
	 WHERE NOT status.known OR EXISTS (SELECT FROM respond_internal.lane_status() AS s WHERE s.waiting);
	ok := coalesce(found_one.oldest > clock_timestamp() - interval '1 minute', true);
	message := CASE
		WHEN ok THEN 'no event waits longer than a minute'
		ELSE format('%s events wait, the oldest since %s', found_one.events, found_one.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'see the checks above; if all is well there, finished_at - started_at in respond.run tells which rule takes long, and pg_respond.dispatchers lets more of them run at once' END;
	RETURN NEXT;

	"check" := 'partitions';
	SELECT string_agg(format('respond.%s', p.table_name), ', ') AS tables INTO found_one
	  FROM respond_internal.partition_status() AS p WHERE NOT p.present OR p.ahead = 0;
	ok := found_one.tables IS NULL;
	message := CASE WHEN ok THEN 'there are partitions for the present and the time ahead'
		ELSE format('partitions are missing, so the default partition fills: %s', found_one.tables) END;
	remedy := CASE WHEN NOT ok THEN 'the clock makes them when it runs and gets the lock: look for long transactions and for LOCK TABLE on these tables, and for the clock in the server''s log' END;
	RETURN NEXT;

	"check" := 'dead letters';
	SELECT count(*) AS events, max(d.at) AS last INTO found_one
	  FROM respond_internal.dead_event AS d WHERE d.at > now() - interval '1 day';
	ok := found_one.events = 0;
	message := CASE WHEN ok THEN 'no event was given up in the last day'
		ELSE format('%s events were given up in the last day, the last at %s', found_one.events, found_one.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; mend the rule, then SELECT respond.replay(event_id)' END;
	RETURN NEXT;

	"check" := 'secrets';
	SELECT count(*) AS secrets, respond_internal.secret_key_status() AS fault,
		(SELECT string_agg(format('%s: %s', f.channel, f.fault), '; ' ORDER BY f.channel)
		   FROM (SELECT c.channel, respond_internal.secret_fault(c.channel, c.sealed) AS fault
				   FROM respond_internal.channel_secret AS c WHERE respond_internal.secret_key_status() IS NULL) AS f
		  WHERE f.fault IS NOT NULL) AS channels
	  INTO found_one FROM respond_internal.channel_secret;
	ok := found_one.secrets = 0 OR (found_one.fault IS NULL AND found_one.channels IS NULL);
	message := CASE
		WHEN found_one.secrets = 0 THEN 'no channel has a secret'
		WHEN ok THEN 'the secrets of channels can be used'
		WHEN found_one.fault IS NOT NULL THEN format('channels with a secret cannot send: %s', found_one.fault)
		ELSE format('channels that cannot send: %s', found_one.channels) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN found_one.fault IS NOT NULL THEN 'set pg_respond.secret_key_file to the file with the key and reload; their deliveries wait'
		ELSE 'put the key that was used into the file that pg_respond.secret_key_file names, or set the secret anew with respond.set_secret(); their deliveries wait' END;
	RETURN NEXT;

	"check" := 'channels';
	SELECT string_agg(format('%s (%s)', c.name, c.disabled_reason), ', ' ORDER BY c.name) AS channels INTO found_one
	  FROM respond.channel AS c WHERE NOT c.enabled AND c.disabled_reason IS NOT NULL;
	ok := found_one.channels IS NULL;
	message := CASE WHEN ok THEN 'pg_respond has disabled no channel'
		ELSE format('channels that pg_respond disabled: %s', found_one.channels) END;
	remedy := CASE WHEN NOT ok THEN 'mend its url, then UPDATE respond.channel SET enabled = true WHERE name = ''NAME''; or delete it, which cancels what waits for it' END;
	RETURN NEXT;

	"check" := 'receivers';
	SELECT count(*) AS deliveries, string_agg(DISTINCT w.channel, ', ') AS channels, min(w.created_at) AS oldest INTO found_one
	  FROM (SELECT d.channel, d.created_at FROM respond.delivery AS d WHERE d.status = 'pending' AND d.attempts >= 2 LIMIT 1000) AS w;
	ok := found_one.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery failed twice and waits'
		ELSE format('deliveries that failed more than once and wait for another try: %s, through %s, the oldest since %s',
			CASE found_one.deliveries WHEN 1000 THEN '1000 or more' ELSE found_one.deliveries::text END, found_one.channels, found_one.oldest) END;
	remedy := CASE WHEN NOT ok THEN 'last_error in respond.delivery says why; when the receiver is well again, SELECT respond.retry_channel(name) spares the wait' END;
	RETURN NEXT;

	"check" := 'deliveries';
	SELECT count(*) AS deliveries, max(d.finished_at) AS last INTO found_one
	  FROM respond.delivery AS d WHERE d.status = 'dead' AND d.finished_at > now() - interval '1 day';
	ok := found_one.deliveries = 0;
	message := CASE WHEN ok THEN 'no delivery was given up in the last day'
		ELSE format('deliveries given up in the last day: %s, the last at %s', found_one.deliveries, found_one.last) END;
	remedy := CASE WHEN NOT ok THEN 'respond.dead_letter says why; when the reason is gone, SELECT respond.retry_channel(name)' END;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION respond.health(OUT "check" text, OUT ok boolean, OUT message text, OUT remedy text) IS 'what is wrong, in words, and which setting or command mends it';
