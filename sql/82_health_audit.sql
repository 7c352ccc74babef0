-- 82_health_audit.sql: check of health() about the seals of the audit log.

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
