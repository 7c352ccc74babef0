-- 75_cursor.sql: the cursor as SQL sees it.

CREATE FUNCTION respond_internal.event_is_done(xid xid8, id bigint, subject text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_event_is_done';
COMMENT ON FUNCTION respond_internal.event_is_done(xid8, bigint, text) IS 'whether the stored cursors say that the event was handled';

CREATE FUNCTION respond_internal.cursor_now() RETURNS pg_snapshot
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_cursor_now';
COMMENT ON FUNCTION respond_internal.cursor_now() IS 'all transactions that this statement can see, but for its own';

-- After a restore the numbers of transactions mean nothing any more.  What the
-- old cursors had not handled, and what was recorded since, is handled from the
-- requeue; the cursor begins anew.  Numbers that this cluster has yet to give out
-- would come round again, so they are replaced by the first of all, which every
-- cursor covers.  One statement, so that all of it is of the same snapshot.
CREATE FUNCTION respond_internal.rebase() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
	WITH old_0 AS (
		DELETE FROM respond_internal.progress_0 RETURNING seq
	), old_1 AS (
		DELETE FROM respond_internal.progress_1 RETURNING seq
	), started AS (
		INSERT INTO respond_internal.progress_0 (seq, lanes, lane, cursor, at)
		SELECT 1 + coalesce(max(seq), 0), 1, 0, respond_internal.cursor_now(), now()
		  FROM (SELECT seq FROM old_0 UNION ALL SELECT seq FROM old_1) AS old
	), settled AS (
		UPDATE respond.event SET xid = '3'
		 WHERE xid <> pg_current_xact_id() AND NOT pg_visible_in_snapshot(xid, respond_internal.cursor_now())
	), waiting AS (
		INSERT INTO respond_internal.requeue (event_id, recorded_at)
		SELECT e.id, e.recorded_at
		  FROM respond.event AS e, respond_internal.state AS s
		 WHERE e.xid <> pg_current_xact_id()
		   AND (e.recorded_at >= s.hold_since OR NOT respond_internal.event_is_done(e.xid, e.id, e.subject))
		 ORDER BY e.recorded_at, e.id
		RETURNING id
	)
	SELECT count(*) FROM waiting
$$;
COMMENT ON FUNCTION respond_internal.rebase() IS 'begins the cursor anew after a restore; gives the number of events that still wait';

CREATE FUNCTION respond_internal.lag(OUT lane integer, OUT lanes integer, OUT events bigint, OUT oldest timestamptz) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'respond_lag';
COMMENT ON FUNCTION respond_internal.lag() IS 'for each dispatcher: committed events that wait (at most 1,000,000 are counted), and when the oldest was recorded';
