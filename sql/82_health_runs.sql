-- 82_health_runs.sql: what health() says of runs that wait.

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
