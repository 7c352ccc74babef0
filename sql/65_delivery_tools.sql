-- 65_delivery_tools.sql: deliveries by hand: again, or not at all.

-- Dispatchers tell the courier themselves of what they record.  Whatever else is
-- done to deliveries makes it look at all that is pending, after the commit.
CREATE FUNCTION respond_internal.deliveries_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_deliveries_changed';
COMMENT ON FUNCTION respond_internal.deliveries_changed() IS 'trigger: makes the courier look at the pending deliveries anew after the commit';
CREATE TRIGGER deliveries_changed AFTER INSERT OR UPDATE OR DELETE ON respond.delivery
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.deliveries_changed();
COMMENT ON TRIGGER deliveries_changed ON respond.delivery IS 'makes the courier look at the pending deliveries anew';

CREATE FUNCTION respond_internal.delivery_cancelled() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_delivery_cancelled';
COMMENT ON FUNCTION respond_internal.delivery_cancelled() IS 'trigger: tells the run that waits for the answer of a request that there is none';
CREATE TRIGGER delivery_cancelled AFTER UPDATE ON respond.delivery
	FOR EACH ROW WHEN (NEW.run_started_at IS NOT NULL AND OLD.status = 'pending' AND NEW.status = 'cancelled')
	EXECUTE FUNCTION respond_internal.delivery_cancelled();
ALTER TABLE respond.delivery ENABLE ALWAYS TRIGGER delivery_cancelled;
COMMENT ON TRIGGER delivery_cancelled ON respond.delivery IS 'tells the run that waits for the answer of a request that there is none';

CREATE FUNCTION respond_internal.breakers(OUT name text, OUT is_channel boolean, OUT probing boolean, OUT failures integer,
	OUT answer integer, OUT since timestamptz, OUT until timestamptz) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_breakers';
COMMENT ON FUNCTION respond_internal.breakers() IS 'hosts that do not answer, and channels whose receivers answer with errors, that are left alone for a while; from shared memory';
CREATE FUNCTION respond_internal.breakers_try_now() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_breakers_try_now';
COMMENT ON FUNCTION respond_internal.breakers_try_now() IS 'hosts and channels that are left alone are tried when the courier looks next';

-- A try that a rule asks for is caused by it, or nothing would end a loop of tries.
CREATE FUNCTION respond_internal.retried_depth(depth integer) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN greatest(depth, (SELECT e.depth FROM respond.event AS e WHERE e.id = respond_internal.current_cause()));
END
$$;
COMMENT ON FUNCTION respond_internal.retried_depth(integer) IS 'depth of a delivery that is retried: at least that of the event whose rule asks for it';

CREATE FUNCTION respond.retry(delivery_id bigint) RETURNS void
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
COMMENT ON FUNCTION respond.retry(bigint) IS 'retries a delivery after the commit, whatever it waits for; a dead or cancelled one starts with all of its tries';

CREATE FUNCTION respond.retry_channel(name text) RETURNS bigint
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
COMMENT ON FUNCTION respond.retry_channel(text) IS 'retries the dead deliveries of a channel, and at once those that wait for their next try; returns how many of both';

CREATE FUNCTION respond.discard(delivery_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_one record;
BEGIN
	PERFORM respond_internal.check_primary('discard()');
	SELECT d.status, d.created_at, d.channel INTO found_one FROM respond.delivery AS d WHERE d.id = $1 FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'delivery % does not exist', $1 USING ERRCODE = 'no_data_found';
	ELSIF found_one.status NOT IN ('pending', 'dead') THEN
		RAISE EXCEPTION 'delivery % is % and cannot be discarded', $1, found_one.status USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	UPDATE respond.delivery AS d
	   SET status = 'cancelled', next_attempt_at = NULL, finished_at = clock_timestamp(),
		   last_error = concat_ws(E'\n', 'discarded by ' || respond_internal.actor(), d.last_error)
	 WHERE d.id = $1 AND d.created_at = found_one.created_at;
	PERFORM respond_internal.audit('delivery.discarded', 'delivery', $1::text, jsonb_build_object('status', found_one.status), jsonb_build_object('status', 'cancelled'));
END
$$;
COMMENT ON FUNCTION respond.discard(bigint) IS 'cancels a delivery that is pending or dead; a request under way is not stopped';

CREATE FUNCTION respond.send_test(channel text, recipient text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_send_test';
COMMENT ON FUNCTION respond.send_test(text, text) IS 'sends a test message through a channel, to this recipient if the kind has recipients, and returns the id of the delivery, whose row shows the result';

-- Whatever waits for a channel that is gone ends here, with the reason.
CREATE FUNCTION respond_internal.channel_deleted() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_deleted';
COMMENT ON FUNCTION respond_internal.channel_deleted() IS 'trigger: cancels deliveries that wait for the channel, forgets its secret';
CREATE TRIGGER channel_deleted AFTER DELETE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_deleted();
COMMENT ON TRIGGER channel_deleted ON respond.channel IS 'cancels deliveries that wait for the channel';
CREATE TRIGGER channel_truncated AFTER TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channel_deleted();
COMMENT ON TRIGGER channel_truncated ON respond.channel IS 'cancels deliveries that wait for the channels';
