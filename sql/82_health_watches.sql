-- 82_health_watches.sql: checks of health() about watched tables.

CREATE FUNCTION respond_internal.health_watches(OUT ok boolean, OUT message text, OUT remedy text)
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
COMMENT ON FUNCTION respond_internal.health_watches() IS 'health(): watches whose column is gone, whose subject or condition fails, or that are disabled';

CREATE FUNCTION respond_internal.health_lost_events(OUT ok boolean, OUT message text, OUT remedy text)
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
COMMENT ON FUNCTION respond_internal.health_lost_events() IS 'health(): changes whose events could not be recorded';
