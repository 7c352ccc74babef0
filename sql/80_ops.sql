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
COMMENT ON COLUMN respond.worker.kind IS 'launcher, clock, dispatcher, courier, listener or gateway';
COMMENT ON COLUMN respond.worker.database IS 'database that it works in; NULL for the launcher and the listener, which serve the cluster';
COMMENT ON COLUMN respond.worker.pid IS 'its process, as in pg_stat_activity; NULL if it has none now';
COMMENT ON COLUMN respond.worker.lane IS 'for a dispatcher: which share of the events it handles, counted from 1; for a gateway: 1 takes webhooks, streams and metrics, the others requests of REST';
COMMENT ON COLUMN respond.worker.state IS 'starting, idle, busy, holding, stopping, ended or failed (it is restarted at restart_at)';
COMMENT ON COLUMN respond.worker.waiting_for IS 'what it waits for: events, deliveries, requests, time, respond.release(), or a wait event of the server such as a lock';
COMMENT ON COLUMN respond.worker.generation IS 'how often the slot of this worker was given to a new process';
COMMENT ON COLUMN respond.worker.failures IS 'abnormal ends in a row';
COMMENT ON COLUMN respond.worker.started_at IS 'when the process started';
COMMENT ON COLUMN respond.worker.restart_at IS 'when a failed worker is restarted';
COMMENT ON COLUMN respond.worker.events IS 'events handled since started_at; for a courier, delivery tries; for a gateway, requests';
COMMENT ON COLUMN respond.worker.batches IS 'transactions committed for that';
COMMENT ON COLUMN respond.worker.runs IS 'runs made since started_at';
COMMENT ON COLUMN respond.worker.errors IS 'batches, or duties of the clock, that failed and were repeated';
COMMENT ON COLUMN respond.worker.active_at IS 'when it last began or finished something';

CREATE FUNCTION respond_internal.lane_status(OUT lane integer, OUT waiting boolean, OUT looked_at timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_lane_status';
COMMENT ON FUNCTION respond_internal.lane_status() IS 'for each dispatcher of this database: whether something waits for it, and when it last looked; from shared memory';

CREATE VIEW respond.lag WITH (security_invoker = true) AS
SELECT l.lane, l.lanes, l.events + a.set_aside + CASE l.lane WHEN 1 THEN (SELECT pg_catalog.count(*) FROM respond_internal.requeue) ELSE 0 END AS events,
	LEAST(l.oldest, a.oldest) AS oldest, pg_catalog.now() - LEAST(l.oldest, a.oldest) AS age, s.looked_at, a.set_aside
  FROM respond_internal.lag() AS l
 CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS set_aside, pg_catalog.min(w.recorded_at) AS oldest FROM respond_internal.set_aside_event AS w
	WHERE respond_internal.event_lane(w.subject, w.event_id, l.lanes) = l.lane) AS a
  LEFT JOIN respond_internal.lane_status() AS s ON s.lane = l.lane;
COMMENT ON VIEW respond.lag IS 'for each dispatcher: committed events that it has not handled';
COMMENT ON COLUMN respond.lag.lane IS 'number of the dispatcher, counted from 1';
COMMENT ON COLUMN respond.lag.lanes IS 'number of dispatchers that the events are split among';
COMMENT ON COLUMN respond.lag.events IS 'committed events that wait, including replays and those set aside; counting ends at 1,000,000';
COMMENT ON COLUMN respond.lag.oldest IS 'when the oldest of them was recorded';
COMMENT ON COLUMN respond.lag.age IS 'how long ago that was';
COMMENT ON COLUMN respond.lag.looked_at IS 'when the dispatcher last looked; NULL when it has not since the workers started';
COMMENT ON COLUMN respond.lag.set_aside IS 'how many of them were set aside, once for each rule; see respond.set_aside';

CREATE FUNCTION respond_internal.announce_hold(restart boolean) RETURNS void
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_announce_hold';
COMMENT ON FUNCTION respond_internal.announce_hold(boolean) IS 'makes the commit of this transaction tell the workers of this database to pause or resume, as the table says, or replace them';

-- A hold because of a restore or a copy outlasts the wish of a person: only
-- release() may end it, which then has more to do.
CREATE FUNCTION respond.hold(reason text DEFAULT 'hold') RETURNS void
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
COMMENT ON FUNCTION respond.hold(text) IS 'pauses the workers of this database after the commit, once they have finished their current batch; events are still recorded';

-- A copy of the files has the mark of its original; what the original records
-- from now on must not be taken for what is recorded here.  Nobody writes
-- events meanwhile, so that none gets the old mark afterwards.
CREATE FUNCTION respond_internal.begin_new_life() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
	LOCK TABLE respond.event IN SHARE MODE;
	UPDATE respond_internal.state SET incarnation = respond_internal.new_incarnation();
	PERFORM respond_internal.forget_incarnation();
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION 'could not lock the event log for release() within ten seconds'
		USING ERRCODE = 'lock_not_available',
			HINT = 'A transaction that recorded events is open or prepared, see pg_locks and pg_prepared_xacts; end it, then call respond.release() again.';
END
$$;
COMMENT ON FUNCTION respond_internal.begin_new_life() IS 'gives this database a mark of its own after a copy of the files';

-- A dump that is restored over other rows sets sequences back.
CREATE FUNCTION respond_internal.advance_sequences() RETURNS void
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

CREATE FUNCTION respond.release() RETURNS void
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
COMMENT ON FUNCTION respond.release() IS 'resumes the workers of this database after the commit; after a restore they handle what the original had not handled';

CREATE FUNCTION respond.accept_clock() RETURNS void
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
COMMENT ON FUNCTION respond.accept_clock() IS 'lets timers and schedules go by the time that it is now, although it was later before; otherwise they wait until it has caught up';

CREATE FUNCTION respond_internal.worker_status(OUT in_recovery boolean, OUT launcher boolean, OUT known boolean, OUT role_missing boolean,
	OUT missing_workers integer, OUT missing_setting text, OUT dispatchers integer, OUT wanted_workers integer, OUT needed_processes integer)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_status';
COMMENT ON FUNCTION respond_internal.worker_status() IS 'what health() reads from shared memory';

CREATE FUNCTION respond_internal.shape_faults(OUT table_name text, OUT fault text) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_shape_faults';
COMMENT ON FUNCTION respond_internal.shape_faults() IS 'tables and partitions whose columns are not as the library expects them';

CREATE FUNCTION respond_internal.worker_errors(OUT kind text, OUT lane integer, OUT errors integer, OUT since timestamptz, OUT sqlstate text) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_worker_errors';
COMMENT ON FUNCTION respond_internal.worker_errors() IS 'workers of this database that caught errors and have not succeeded since; from shared memory';

CREATE FUNCTION respond_internal.partition_status(OUT table_name text, OUT present boolean, OUT ahead integer) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_partition_status';
COMMENT ON FUNCTION respond_internal.partition_status() IS 'for each table that is partitioned by time: whether there is a partition for the present, and how many lie ahead';

-- A function, so that scripts and tests need no loop of their own.
CREATE FUNCTION respond.settle(timeout interval DEFAULT '10 seconds') RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ends_at CONSTANT timestamptz := clock_timestamp() + timeout;
BEGIN
	PERFORM respond_internal.check_primary('settle()');
	PERFORM respond_internal.check_outside_rule('settle()');
	IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION 'settle() cannot see the work of others in a transaction of isolation level "%"', current_setting('transaction_isolation')
			USING ERRCODE = 'active_sql_transaction', HINT = 'Call it in a transaction of level READ COMMITTED.';
	END IF;
	LOOP
		IF (SELECT coalesce(bool_and(l.events = 0), false) FROM respond.lag AS l) THEN
			RETURN true;
		ELSIF clock_timestamp() >= ends_at THEN
			RETURN false;
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
END
$$;
COMMENT ON FUNCTION respond.settle(interval) IS
	'waits until no committed event waits for the dispatchers, including those that rules record; false if there was no such moment within the timeout. For scripts and tests';
