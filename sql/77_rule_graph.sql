-- 77_rule_graph.sql: what leads to a rule, and where a rule leads; for rule_map() and rule_doc().
--
-- A function with a backslash in it says what that means, whatever the session says.

-- For all rules at once: one query costs less than a function for each rule.
CREATE FUNCTION respond_internal.rule_steps(rule text) RETURNS TABLE (rule text, n bigint, part text, place text, depth integer, step jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE list AS (
		SELECT r.name, p.part, ARRAY[p.n] AS path, p.part AS place, to_jsonb(r) -> p.part AS steps
		  FROM respond.rule AS r, (VALUES (1::bigint, 'steps'), (2, 'on_failure'), (3, 'on_cancel')) AS p (n, part)
		 WHERE $1 IS NULL OR r.name = $1
		UNION ALL
		SELECT l.name, l.part, l.path || s.n, format('%s[%s].steps', l.place, s.n - 1), s.step -> 'steps'
		  FROM list AS l, jsonb_array_elements(CASE jsonb_typeof(l.steps) WHEN 'array' THEN l.steps ELSE '[]' END) WITH ORDINALITY AS s (step, n)
	)
	SELECT l.name, row_number() OVER (PARTITION BY l.name ORDER BY l.path || s.n), l.part, format('%s[%s]', l.place, s.n - 1), cardinality(l.path) - 1, s.step
	  FROM list AS l, jsonb_array_elements(CASE jsonb_typeof(l.steps) WHEN 'array' THEN l.steps ELSE '[]' END) WITH ORDINALITY AS s (step, n)
$$;
COMMENT ON FUNCTION respond_internal.rule_steps(text) IS
	'the steps of a rule, or for NULL of all rules, with those inside of steps, in the order in which they are written; each has its place as errors name it';

CREATE FUNCTION respond_internal.texts_of(value jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT e.text FROM jsonb_array_elements_text(CASE jsonb_typeof($1) WHEN 'array' THEN $1 WHEN 'string' THEN jsonb_build_array($1) ELSE '[]' END) AS e (text)
$$;
COMMENT ON FUNCTION respond_internal.texts_of(jsonb) IS 'a text, or the texts of an array';

CREATE FUNCTION respond_internal.awaited_events(step jsonb) RETURNS SETOF jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT e.event
	  FROM jsonb_array_elements(CASE WHEN $1 ->> 'action' <> 'wait' THEN '[]' WHEN jsonb_typeof($1 -> 'events') = 'array' THEN $1 -> 'events'
			WHEN $1 ? 'event_type' THEN jsonb_build_array($1) ELSE '[]' END) AS e (event)
$$;
COMMENT ON FUNCTION respond_internal.awaited_events(jsonb) IS 'the events that a step waits for';

-- A path or a query may hold a secret, and so may what stands before an "@".
CREATE FUNCTION respond_internal.host_of(url text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT coalesce(lower((regexp_match($1, '^\s*https?://(?:[^/?#]*@)?((?:\[[0-9a-f:.]+\]|[^][/?#@\\{}:\s]+)(?::\d+)?)(?:[/?#\\\s]|$)', 'i'))[1]), '(a template)')
$$;
COMMENT ON FUNCTION respond_internal.host_of(text) IS 'the host of a url, and nothing else of it; a word when it is a template';

-- What a template writes can be anything; so can what a tag stands for in a type.
CREATE FUNCTION respond_internal.type_pattern(template text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT regexp_replace($1, '(?:\{\{.*?\}\}\}?|\*)+', '*', 'g')
$$;
COMMENT ON FUNCTION respond_internal.type_pattern(text) IS 'the type of an event that a template writes, with "*" where a tag stands';

CREATE FUNCTION respond_internal.types_meet(one text, other text) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_types_meet';
COMMENT ON FUNCTION respond_internal.types_meet(text, text) IS 'whether an event can have both types; in each "*" stands for any run of characters';

CREATE FUNCTION respond_internal.rule_hears(rule text) RETURNS TABLE (rule text, type text, label text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT r.name, r.event_type, NULL FROM respond.rule AS r WHERE $1 IS NULL OR r.name = $1
	UNION
	SELECT s.rule, e.event ->> 'event_type', 'waits' FROM respond_internal.rule_steps($1) AS s, respond_internal.awaited_events(s.step) AS e (event)
	 WHERE e.event ->> 'event_type' IS NOT NULL
	UNION
	SELECT c.name, e.event ->> 'event_type', 'cancels'
	  FROM (SELECT r.name, to_jsonb(r) -> 'cancel_on' AS events FROM respond.rule AS r WHERE $1 IS NULL OR r.name = $1) AS c,
		   jsonb_array_elements(CASE jsonb_typeof(c.events) WHEN 'array' THEN c.events WHEN 'object' THEN jsonb_build_array(c.events) ELSE '[]' END) AS e (event)
	 WHERE e.event ->> 'event_type' IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.rule_hears(text) IS 'types of the events that start a rule, that its runs wait for, or that end them; NULL: of all rules';

CREATE FUNCTION respond_internal.rule_does(rule text) RETURNS TABLE (rule text, kind text, name text, label text, dashed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT DISTINCT s.rule, d.*
	  FROM (SELECT x.rule, x.step ->> 'action' AS action, x.step FROM respond_internal.rule_steps($1) AS x) AS s,
		   LATERAL (SELECT 'type', respond_internal.type_pattern(s.step ->> 'type'), 'emits', false WHERE s.action = 'emit'
					UNION ALL
					SELECT 'channel', s.step ->> 'channel', CASE s.action WHEN 'request' THEN 'asks' ELSE s.action END, false WHERE s.action IN ('notify', 'email', 'request')
					UNION ALL
					SELECT 'host', respond_internal.host_of(s.step ->> 'url'), 'asks', false WHERE s.action = 'request' AND s.step ? 'url'
					UNION ALL
					SELECT 'rule', s.step ->> 'rule', CASE s.step -> 'wait' WHEN 'false' THEN 'starts' ELSE 'calls' END, s.step -> 'wait' = 'false' IS TRUE WHERE s.action = 'call'
					UNION ALL
					SELECT 'approver', a.name, 'asks', true FROM respond_internal.texts_of(s.step -> 'approvers') AS a (name) WHERE s.action = 'approve'
					UNION ALL
					SELECT 'approver', a.name, 'escalates to', true FROM respond_internal.texts_of(s.step -> 'escalate_to') AS a (name) WHERE s.action = 'approve'
					UNION ALL
					SELECT 'tickets', 'tickets', CASE s.action WHEN 'ticket' THEN 'opens' ELSE 'changes' END, false
					 WHERE s.action IN ('ticket', 'update_ticket', 'comment', 'assign', 'escalate')) AS d (kind, name, label, dashed)
	 WHERE d.name IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.rule_does(text) IS 'what the steps of a rule, or for NULL of all rules, reach: event types, channels, hosts, rules, approvers, tickets';

-- It reads with the rights of its caller.
CREATE FUNCTION respond_internal.rule_edges()
RETURNS TABLE (source_kind text, source text, target_kind text, target text, label text, dashed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH hears AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_hears(NULL)
	), does AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_does(NULL)
	), heard AS MATERIALIZED (
		SELECT DISTINCT h.type FROM hears AS h
	), watch AS (
		-- a watch without a type of its own records one type for each operation
		SELECT w."table"::text AS name, w.type, CASE WHEN w.type ~ '\.\*$' THEN ARRAY(SELECT left(w.type, -1) || CASE o.operation WHEN 'TRUNCATE' THEN 'truncated'
			WHEN 'INSERT' THEN 'inserted' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END FROM unnest(w.operations) AS o (operation)) ELSE ARRAY[w.type] END AS types
		  FROM respond.watched AS w
	), producer (kind, name, type, is_shown) AS (
		-- what nobody listens for is shown where there is nothing else to show
		SELECT 'table', w.name, t.type, EXISTS (SELECT FROM heard AS h WHERE respond_internal.types_meet(h.type, t.type)) FROM watch AS w, unnest(w.types) AS t (type)
		UNION ALL
		SELECT 'table', w.name, w.type, NOT EXISTS (SELECT FROM heard AS h, unnest(w.types) AS t (type) WHERE respond_internal.types_meet(h.type, t.type)) FROM watch AS w
		UNION ALL
		SELECT 'schedule', s.name, s.event_type, true FROM respond.schedule AS s
		UNION ALL
		SELECT o.kind, o.name, t.type, EXISTS (SELECT FROM heard AS h WHERE h.type <> '*' AND respond_internal.types_meet(h.type, t.type))
		  FROM (VALUES ('tickets', 'tickets', '{ticket.created,ticket.updated,ticket.commented,ticket.deleted,ticket.escalated}'::text[]),
				('engine', 'pg_respond', '{run.failed,run.cancelled,delivery.dead,rule.storm,approval.requested,approval.reminded,approval.escalated,approval.decided,approval.expired}')) AS o (kind, name, types),
			   unnest(o.types) AS t (type)
	), recorded AS MATERIALIZED (
		SELECT p.type FROM producer AS p WHERE p.is_shown UNION SELECT d.name FROM does AS d WHERE d.kind = 'type'
	)
	SELECT DISTINCT p.kind, p.name, 'type', p.type, NULL, false FROM producer AS p WHERE p.is_shown
	UNION ALL
	SELECT 'type', h.type, 'rule', h.rule, h.label, h.label IS NOT NULL FROM hears AS h
	UNION ALL
	SELECT 'rule', d.rule, d.kind, d.name, d.label, d.dashed FROM does AS d
	UNION ALL
	SELECT 'type', t.type, 'type', h.type, NULL, true
	  FROM (SELECT r.type FROM recorded AS r UNION SELECT h.type FROM heard AS h WHERE strpos(h.type, '*') = 0) AS t, heard AS h
	 WHERE t.type <> h.type AND (strpos(t.type, '*') > 0 OR strpos(h.type, '*') > 0) AND respond_internal.types_meet(t.type, h.type)
$$;
COMMENT ON FUNCTION respond_internal.rule_edges() IS 'what leads from one thing to another: tables, schedules, event types, rules, channels, hosts, approvers, tickets';
