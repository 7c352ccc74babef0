-- 75_cursor.sql: the cursor as SQL sees it.

CREATE FUNCTION respond_internal.event_is_done(incarnation bigint, xid xid8, id bigint, subject text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_event_is_done';
COMMENT ON FUNCTION respond_internal.event_is_done(bigint, xid8, bigint, text) IS 'whether the cursors stored by the event''s database say that it was handled';

-- What came from elsewhere and was not handled there is handled here, once.
-- Events that were handled keep the mark of where that was, and the cursors that
-- say so stay with them: whatever more comes from there is told by them.
CREATE FUNCTION respond_internal.adopt_events() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_adopt_events';
COMMENT ON FUNCTION respond_internal.adopt_events() IS 'puts events that came from elsewhere, and were not handled there, into the requeue; returns how many';

CREATE FUNCTION respond_internal.adopt() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	own CONSTANT bigint := respond_internal.incarnation();
BEGIN
	PERFORM respond_internal.adopt_events();
	UPDATE respond_internal.requeue AS r SET incarnation = own WHERE r.incarnation <> own;
	UPDATE respond.delivery AS d SET incarnation = own WHERE d.status = 'pending' AND d.incarnation <> own;

	-- What was adopted has transaction 3, which every cursor covers once there is one.
	INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at, incarnation)
	SELECT 0, 1, 0, '4:4:', now(), own
	 WHERE NOT EXISTS (SELECT FROM respond_internal.progress_0 AS p WHERE p.incarnation = own)
	   AND NOT EXISTS (SELECT FROM respond_internal.progress_1 AS p WHERE p.incarnation = own);
END
$$;
COMMENT ON FUNCTION respond_internal.adopt() IS 'makes what came from elsewhere, and was not done there, a task of this database';

CREATE FUNCTION respond_internal.lag(OUT lane integer, OUT lanes integer, OUT events bigint, OUT oldest timestamptz) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_lag';
COMMENT ON FUNCTION respond_internal.lag() IS 'for each dispatcher: committed events that wait (at most 1,000,000 are counted), and when the oldest was recorded';
