-- 82_health_inbound.sql: checks of health() about requests from outside.

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
