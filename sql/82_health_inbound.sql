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
	remedy := CASE WHEN NOT ok THEN format('SELECT respond.set_inbound_secret(%L, ''...''), or bring back the key file that the secret was encrypted with; UPDATE respond.inbound_source SET enabled = false WHERE name = %L if nobody is to send any',
		first_source, first_source) END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_inbound_secrets() IS 'health(): inbound sources that have no secret, or whose secret cannot be used';

-- Who sends nothing but requests that are refused has an old secret, or a source that nobody needs any more.
CREATE FUNCTION respond_internal.health_inbound_rejects(OUT ok boolean, OUT message text, OUT remedy text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	refused text;
	disabled text;
BEGIN
	SELECT string_agg(format('%s (%s in a row, %s)', s.name, c.refused_in_row, c.last_reason), ', ' ORDER BY s.name) FILTER (WHERE s.enabled AND c.refused_in_row >= 10),
		string_agg(s.name, ', ' ORDER BY s.name) FILTER (WHERE NOT s.enabled)
	  INTO refused, disabled
	  FROM respond.inbound_source AS s, respond_internal.inbound_counters(s.name) AS c
	 WHERE c.refused_in_row > 0 AND c.last_refused_at > clock_timestamp() - interval '10 minutes' AND c.last_refused_at > s.updated_at;
	ok := refused IS NULL AND disabled IS NULL;
	message := CASE WHEN ok THEN 'inbound sources take what is sent to them'
		ELSE concat_ws('; ', 'inbound sources that have refused all requests of late: ' || refused, 'disabled inbound sources that get requests: ' || disabled) END;
	remedy := CASE
		WHEN ok THEN NULL
		WHEN refused IS NOT NULL THEN 'respond.inbound_reject says why; signature: the sender has another secret, see respond.set_inbound_secret(). Without further requests this check is ok after ten minutes'
		ELSE 'enable the source, or have its sender stop. Without further requests this check is ok after ten minutes' END;
END
$$;
COMMENT ON FUNCTION respond_internal.health_inbound_rejects() IS 'health(): inbound sources whose requests are refused';

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
