-- 79_rule_doc.sql: one rule, told in words.

-- Text of other people between ours: what Markdown would read as its own is escaped.
CREATE FUNCTION respond_internal.md_text(value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT string_agg(regexp_replace(regexp_replace(l.line, '([][\\`*_<>&|~#])', '\\\1', 'g'), '^(\d*)([-+=.)])', '\1\\\2'), E'\n' ORDER BY l.n)
	  FROM (SELECT n, btrim(regexp_replace(x.line, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS line
			  FROM regexp_split_to_table($1, '\r\n|\r|\n') WITH ORDINALITY AS x (line, n)) AS l
$$;
COMMENT ON FUNCTION respond_internal.md_text(text) IS 'a text for Markdown; its lines stay lines';

CREATE FUNCTION respond_internal.md_code(value text) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT CASE WHEN s.text = '' THEN '(empty)' ELSE concat(f.fence, f.pad, s.text, f.pad, f.fence) END
	  FROM (SELECT CASE WHEN length(c.clean) > 200 THEN left(c.clean, 197) || '...' ELSE c.clean END AS text
			  FROM (SELECT btrim(regexp_replace($1, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS clean) AS c) AS s,
		   LATERAL (SELECT repeat('`', 1 + coalesce(max(length(m[1])), 0)) AS fence, CASE WHEN s.text ~ '^`|`$' THEN ' ' ELSE '' END AS pad
					  FROM regexp_matches(s.text, '(`+)', 'g') AS m) AS f
$$;
COMMENT ON FUNCTION respond_internal.md_code(text) IS 'a text as code within a line of Markdown; a long one is cut';

CREATE FUNCTION respond_internal.md_block(language text, value text, indent integer) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT regexp_replace(concat(E'\n', f.fence, $1, E'\n', regexp_replace(replace(replace($2, E'\r\n', E'\n'), E'\r', E'\n'), '[\x01-\x08\x0b-\x1f\x7f\ufffe\uffff]', ' ', 'g'), E'\n', f.fence),
		'\n', E'\n' || repeat(' ', $3), 'g') || E'\n'
	  FROM (SELECT repeat('`', greatest(3, 1 + max(length(m[1])))) AS fence FROM regexp_matches($2, '(`+)', 'g') AS m) AS f
$$;
COMMENT ON FUNCTION respond_internal.md_block(text, text, integer) IS 'a text as a block of code of Markdown, in a list item when it is indented';

CREATE FUNCTION respond_internal.tags_in(value jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT DISTINCT btrim(m[1])
	  FROM jsonb_path_query($1, 'strict $.** ? (@.type() == "string")') AS s (value),
		   regexp_matches(s.value #>> '{}', '\{\{\{?\s*[#^&]?\s*([A-Za-z_](?:[^]["''{}|]|\["[^"]*"\]|\[''[^'']*''\])*)(?:\|[^{}]*)?\}\}', 'g') AS m
$$;
COMMENT ON FUNCTION respond_internal.tags_in(jsonb) IS 'what the tags name in all texts of a JSON value';

CREATE FUNCTION respond_internal.pattern_paths(pattern jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE part AS (
		SELECT NULL::text AS path, $1 AS test
		UNION ALL
		SELECT CASE WHEN f.key = '$or' THEN p.path ELSE concat_ws('.', p.path, f.key) END, t.test
		  FROM part AS p, jsonb_each(CASE jsonb_typeof(p.test) WHEN 'object' THEN p.test ELSE '{}' END) AS f,
			   LATERAL (SELECT f.value AS test WHERE f.key <> '$or' OR jsonb_typeof(f.value) <> 'array'
						UNION ALL SELECT a.value FROM jsonb_array_elements(CASE WHEN f.key = '$or' AND jsonb_typeof(f.value) = 'array' THEN f.value ELSE '[]' END) AS a) AS t
	)
	SELECT DISTINCT p.path FROM part AS p WHERE p.path IS NOT NULL AND jsonb_typeof(p.test) <> 'object'
$$;
COMMENT ON FUNCTION respond_internal.pattern_paths(jsonb) IS 'the fields that a pattern looks at';

-- The words of a step.  A part that is not given is NULL, which || keeps and concat() leaves out.
CREATE FUNCTION respond_internal.step_goal(target text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'stop' THEN 'the run ends' ELSE 'it goes on at ' || respond_internal.md_code($1) END
$$;
COMMENT ON FUNCTION respond_internal.step_goal(text) IS 'where a run goes on, in words';

CREATE FUNCTION respond_internal.step_codes(step jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_object_agg(f.key, respond_internal.md_code(f.value)) FROM jsonb_each_text($1) AS f WHERE f.value IS NOT NULL
$$;
COMMENT ON FUNCTION respond_internal.step_codes(jsonb) IS 'the fields of a step as code of Markdown';

CREATE FUNCTION respond_internal.ticket_words(step jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	code CONSTANT jsonb := respond_internal.step_codes(step);
	which CONSTANT text := coalesce('ticket ' || (code ->> 'ticket'), 'the open ticket with the key ' || (code ->> 'key'), 'the ticket of the run');
BEGIN
	CASE step ->> 'action'
		WHEN 'ticket' THEN
			RETURN concat('opens a ticket ', code ->> 'subject', ' for team ' || (code ->> 'team'), ', assigned to ' || (code ->> 'assignee'), ', with priority ' || (code ->> 'priority'),
				'; while one with the key ' || (code ->> 'key') || ' is open, that one gets a comment instead');
		WHEN 'update_ticket' THEN
			RETURN concat('changes ', which, ': ', (SELECT string_agg(respond_internal.md_code(f.name), ', ' ORDER BY f.name) FROM jsonb_object_keys(step) AS f (name)
				WHERE f.name NOT IN ('action', 'name', 'if', 'on_success', 'on_failure', 'max_attempts', 'retry_after', 'timeout', 'ticket', 'key')));
		WHEN 'comment' THEN
			RETURN concat('comments on ', which, ': ', coalesce(code ->> 'body', code ->> 'text'));
		WHEN 'assign' THEN
			RETURN concat('assigns ', which, ' to ', concat_ws(', ', 'team ' || (code ->> 'team'), code ->> 'assignee'));
		ELSE
			RETURN concat('escalates ', which, ' to ', concat_ws(', ', 'team ' || (code ->> 'team'), code ->> 'assignee'), ', with priority ' || (code ->> 'priority'));
	END CASE;
END
$$;
COMMENT ON FUNCTION respond_internal.ticket_words(jsonb) IS 'what a step does with a ticket, in words';

-- Addresses, headers and bodies may hold what is nobody's business: of a request only its method and host are told.
CREATE FUNCTION respond_internal.request_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('sends a request ', respond_internal.md_code(upper(coalesce($1 ->> 'method', CASE WHEN $1 ? 'body' THEN 'POST' ELSE 'GET' END))),
		' to ' || respond_internal.md_code(CASE WHEN $1 ? 'url' THEN respond_internal.host_of($1 ->> 'url') END), ' through channel ' || (c.code ->> 'channel'),
		' and waits for the answer, at most ', coalesce(c.code ->> 'timeout', '`1 min`'), ', for each try at most ' || (c.code ->> 'attempt_timeout'),
		'; what is expected: ' || (c.code ->> 'expect'),
		CASE WHEN $1 -> 'callback' = 'true' THEN concat('; then waits until the receiver calls back, at most ', coalesce(c.code ->> 'callback_timeout', '`1 day`')) END)
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.request_words(jsonb) IS 'a request that a step sends, in words';

CREATE FUNCTION respond_internal.awaited_words(event jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('an event ', c.code ->> 'event_type', ' whose ', coalesce(c.code ->> 'event_key', '`subject`'), ' is ',
			coalesce(c.code ->> 'key', 'the subject of the run''s event'),
		' that matches ' || respond_internal.md_code(nullif($1 -> 'pattern', '{}')::text), ' (' || respond_internal.step_goal(coalesce($1 ->> 'go_to', $1 ->> 'on_event')) || ')')
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.awaited_words(jsonb) IS 'an event that a step waits for, in words';

CREATE FUNCTION respond_internal.wait_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN e.words IS NULL THEN concat('waits ', coalesce('for ' || (c.code ->> 'for'), 'until ' || (c.code ->> 'until'), 'without a deadline'))
		ELSE concat('waits for ', (c.code ->> 'collect') || ' of: ', e.words,
			CASE $1 ->> 'since' WHEN 'run' THEN ', since the run began' WHEN 'now' THEN ', from when the run comes here' END,
			coalesce(', at most for ' || (c.code ->> 'for'), ', at most until ' || (c.code ->> 'until'), ', without a deadline'),
			'; when that has passed, ' || respond_internal.step_goal($1 ->> 'on_timeout')) END
	  FROM respond_internal.step_codes($1) AS c (code),
		   LATERAL (SELECT string_agg(respond_internal.awaited_words(a.event), ', or ' ORDER BY a.n) AS words
					  FROM respond_internal.awaited_events($1) WITH ORDINALITY AS a (event, n)) AS e
$$;
COMMENT ON FUNCTION respond_internal.wait_words(jsonb) IS 'what a step waits for, in words';

CREATE FUNCTION respond_internal.foreach_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('runs the steps below for each ', coalesce(c.code ->> 'as', '`item`'), ' of ', coalesce(c.code ->> 'items', 'the rows of a query'), ', in batches of ' || (c.code ->> 'batch'),
		CASE $1 ->> 'mode' WHEN 'parallel' THEN concat(', ', coalesce(c.code ->> 'concurrency', '`10`'), ' at a time') ELSE ', one after the other' END,
		CASE $1 ->> 'on_item_failure' WHEN 'continue' THEN '; an item that fails does not stop the others' END)
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.foreach_words(jsonb) IS 'a loop, in words';

CREATE FUNCTION respond_internal.approve_words(step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat('asks ', coalesce((SELECT string_agg(respond_internal.md_code(a.name), ', ' ORDER BY a.n)
			FROM respond_internal.texts_of($1 -> 'approvers') WITH ORDINALITY AS a (name, n)), 'people'), ' to decide', ': ' || (c.code ->> 'question'),
		' (', coalesce((SELECT string_agg(respond_internal.md_code(o.name), ' or ' ORDER BY o.n) FROM respond_internal.texts_of($1 -> 'options') WITH ORDINALITY AS o (name, n)),
			'`approve` or `reject`'), ', quorum ' || (c.code ->> 'quorum'), CASE $1 -> 'deny_wins' WHEN 'false' THEN ', one `reject` alone does not decide' END, ')',
		coalesce(', at most for ' || (c.code ->> 'for'), ', without a deadline'), '; when that has passed, ' || respond_internal.step_goal($1 ->> 'on_timeout'),
		(SELECT string_agg('; on ' || respond_internal.md_code(w.option) || ' ' || respond_internal.step_goal(w.target), '' ORDER BY w.option)
		   FROM (VALUES ('approve', $1 ->> 'on_approve'), ('reject', $1 ->> 'on_reject')
				 UNION ALL SELECT o.key, o.value FROM jsonb_each_text(CASE jsonb_typeof($1 -> 'on') WHEN 'object' THEN $1 -> 'on' ELSE '{}' END) AS o) AS w (option, target)),
		CASE $1 -> 'self_approval' WHEN 'true' THEN '; who caused the event may decide, too' END,
		'; reminds of it every ' || (c.code ->> 'remind_every'),
		'; after ' || (c.code ->> 'escalate_after') || coalesce(' also asks ' || (SELECT string_agg(respond_internal.md_code(a.name), ', ' ORDER BY a.n)
			FROM respond_internal.texts_of($1 -> 'escalate_to') WITH ORDINALITY AS a (name, n)), ' records the event `approval.escalated`'))
	  FROM respond_internal.step_codes($1) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.approve_words(jsonb) IS 'a decision that a step asks for, in words';

CREATE FUNCTION respond_internal.step_words(step jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	code CONSTANT jsonb := respond_internal.step_codes(step);
BEGIN
	CASE step ->> 'action'
		WHEN 'ticket', 'update_ticket', 'comment', 'assign', 'escalate' THEN
			RETURN respond_internal.ticket_words(step);
		WHEN 'emit' THEN
			RETURN concat('records the event ', code ->> 'type', ' about ' || (code ->> 'subject'), ', once for the key ' || (code ->> 'key'));
		WHEN 'sql' THEN
			RETURN 'runs SQL as the owner of the rule';
		WHEN 'set' THEN
			RETURN 'computes ' || coalesce(code ->> 'values', code ->> 'value', 'a value with SQL, as the owner of the rule');
		WHEN 'notify' THEN
			RETURN concat('sends a message through channel ', code ->> 'channel', ': ' || coalesce(code ->> 'text', code ->> 'message', code ->> 'body'));
		WHEN 'email' THEN
			RETURN concat('sends mail through channel ', code ->> 'channel', ' to ' || (code ->> 'to'), ': ' || (code ->> 'subject'));
		WHEN 'request' THEN
			RETURN respond_internal.request_words(step);
		WHEN 'wait' THEN
			RETURN respond_internal.wait_words(step);
		WHEN 'foreach' THEN
			RETURN respond_internal.foreach_words(step);
		WHEN 'approve' THEN
			RETURN respond_internal.approve_words(step);
		WHEN 'call' THEN
			RETURN concat('runs the rule ', code ->> 'rule', CASE step -> 'wait' WHEN 'false' THEN ' and does not wait for it' ELSE ' and waits until it has ended' END);
		WHEN 'log' THEN
			RETURN concat('writes a line into the run: ', coalesce(code ->> 'message', code ->> 'text'));
		WHEN 'fail' THEN
			RETURN concat('fails', ': ' || coalesce(code ->> 'message', code ->> 'text'));
		WHEN 'stop' THEN
			RETURN concat('ends the run', ': ' || coalesce(code ->> 'message', code ->> 'text'));
		ELSE
			RETURN concat('does ', code ->> 'action');
	END CASE;
END
$$;
COMMENT ON FUNCTION respond_internal.step_words(jsonb) IS 'what a step does, in words';

-- A step as an item of a list, with the way from it.
CREATE FUNCTION respond_internal.step_item(place text, depth integer, step jsonb) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(repeat(' ', 4 * $2), '- `', $1, '` ', '(' || (c.code ->> 'name') || ') ', respond_internal.step_words($3), E'.\n',
		(SELECT string_agg(concat(repeat(' ', 4 * $2 + 4), '- ', l.line, E'.\n'), '' ORDER BY l.n)
		   FROM (VALUES (1, 'Only if this is true: ' || (c.code ->> 'if')),
				(2, 'If it succeeds, ' || respond_internal.step_goal($3 ->> 'on_success')),
				(3, 'If it fails, ' || respond_internal.step_goal($3 ->> 'on_failure')),
				(4, 'It is tried at most ' || (c.code ->> 'max_attempts') || ' times' || coalesce(', with pauses of ' || (c.code ->> 'retry_after'), '')),
				(5, 'It may take ' || CASE WHEN $3 ->> 'action' <> 'request' THEN c.code ->> 'timeout' END)) AS l (n, line)
		  WHERE l.line IS NOT NULL),
		respond_internal.md_block('sql', CASE WHEN $3 ->> 'action' IN ('sql', 'set') THEN coalesce($3 ->> 'sql', $3 ->> 'query', $3 ->> 'statement', $3 ->> 'expression')
			WHEN $3 ->> 'action' = 'foreach' THEN $3 ->> 'query' END, 4 * $2 + 2))
	  FROM respond_internal.step_codes($3) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.step_item(text, integer, jsonb) IS 'a step as an item of a list of Markdown';

CREATE FUNCTION respond_internal.thing_words(kind text, name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'table' THEN 'the watch of table ' || c.code
		WHEN 'schedule' THEN (SELECT format('schedule %s (%s in %s%s)', c.code, respond_internal.md_code(s.cron), respond_internal.md_code(s.timezone),
			CASE WHEN s.enabled THEN '' ELSE ', disabled' END) FROM respond.schedule AS s WHERE s.name = $2)
		WHEN 'tickets' THEN 'changes of tickets' WHEN 'engine' THEN 'pg_respond itself'
		WHEN 'approver' THEN c.code ELSE concat($1, ' ', c.code) END
	  FROM respond_internal.md_code($2) AS c (code)
$$;
COMMENT ON FUNCTION respond_internal.thing_words(text, text) IS 'a thing of rule_edges(), in words';

-- The sections of rule_doc().
CREATE FUNCTION respond_internal.doc_head(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT concat('# ', respond_internal.md_text(regexp_replace($1.name, '[\x01-\x20]+', ' ', 'g')), E'\n\n', nullif(respond_internal.md_text($1.description), '') || E'\n\n',
		CASE WHEN NOT $1.enabled THEN 'The rule is disabled: it does nothing.' WHEN $1.shadow THEN 'The rule is a shadow: it records what it would do, and does nothing.'
			ELSE 'The rule is enabled.' END,
		format(E' This is version %s, owned by %s', $1.version, respond_internal.md_code($1.owner::text)), ', in folder ' || respond_internal.md_code($1.folder),
		CASE WHEN $1.priority <> 0 THEN format(', with priority %s', $1.priority) END, E'.\n')
$$;
COMMENT ON FUNCTION respond_internal.doc_head(respond.rule) IS 'rule_doc(): name and purpose';

CREATE FUNCTION respond_internal.doc_trigger(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH edge AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_edges()
	), source AS (
		SELECT DISTINCT respond_internal.thing_words(e.source_kind, e.source) AS words FROM edge AS e
		 WHERE e.target_kind = 'type' AND e.source_kind <> 'type' AND respond_internal.types_meet(e.target, $1.event_type)
	), caller AS (
		SELECT DISTINCT respond_internal.thing_words(e.source_kind, e.source) AS words FROM edge AS e WHERE e.target_kind = 'rule' AND e.target = $1.name AND e.source_kind = 'rule'
	), extra AS (
		SELECT to_jsonb($1) AS field
	)
	SELECT concat(E'\n## Trigger\n\nIt runs for each event ', CASE $1.event_type WHEN '*' THEN 'of any type' ELSE respond_internal.md_code($1.event_type) END, E'.\n',
		E'\nSuch events come from ' || (SELECT string_agg(s.words, ', ' ORDER BY s.words COLLATE "C") FROM source AS s) || E'.\n',
		E'\nThe rule is also run by ' || (SELECT string_agg(c.words, ', ' ORDER BY c.words COLLATE "C") FROM caller AS c) || E'.\n',
		E'\nThe event must match this pattern:\n' || respond_internal.md_block('json', jsonb_pretty($1.pattern), 0),
		E'\nThis condition must be true; it has the rights of the owner:\n' || respond_internal.md_block('sql', $1.condition, 0),
		E'\nThe condition is evaluated across events:\n' || respond_internal.md_block('json', jsonb_pretty($1.correlate), 0),
		CASE WHEN 'public' = ANY ($1.start_roles) THEN E'\nEverybody who may call `respond.start()` may start it by hand.\n'
			ELSE E'\nMembers of ' || (SELECT string_agg(respond_internal.md_code(s.name::text), ', ' ORDER BY s.name) FROM unnest($1.start_roles) AS s (name))
				|| E' may start it by hand.\n' END,
		E'\nHow many of its runs may go on at the same time:\n' || respond_internal.md_block('json', jsonb_pretty(nullif(x.field -> 'concurrency', 'null')), 0),
		E'\nAn event that matches this ends its runs:\n' || respond_internal.md_block('json', jsonb_pretty(nullif(x.field -> 'cancel_on', 'null')), 0),
		E'\nIts days are those of time zone ' || respond_internal.md_code(x.field ->> 'timezone') || E'.\n')
	  FROM extra AS x
$$;
COMMENT ON FUNCTION respond_internal.doc_trigger(respond.rule) IS 'rule_doc(): which events it is for, and where they come from';

CREATE FUNCTION respond_internal.doc_inputs(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH input AS (
		SELECT p.path, 'the pattern' AS place, 0::bigint AS n FROM respond_internal.pattern_paths($1.pattern) AS p (path)
		UNION ALL
		SELECT t.path, 'the condition', 1 FROM respond_internal.tags_in(to_jsonb($1.condition)) AS t (path)
		UNION ALL
		SELECT t.path, respond_internal.md_code(s.place), 1 + s.n
		  FROM respond_internal.rule_steps($1.name) AS s, respond_internal.tags_in(s.step - 'steps') AS t (path)
		UNION ALL
		-- the path of an array needs no tag
		SELECT s.step ->> 'items', respond_internal.md_code(s.place), 1 + s.n
		  FROM respond_internal.rule_steps($1.name) AS s
		 WHERE s.step ->> 'action' = 'foreach' AND jsonb_typeof(s.step -> 'items') = 'string' AND strpos(s.step ->> 'items', '{{') = 0
		UNION ALL
		SELECT t.path, respond_internal.md_code(c.name), -1
		  FROM (VALUES ('concurrency', to_jsonb($1) -> 'concurrency'), ('cancel_on', to_jsonb($1) -> 'cancel_on')) AS c (name, value),
			   respond_internal.tags_in(c.value) AS t (path)
	), field AS (
		SELECT regexp_replace(i.path, '^event\.', '') AS path, i.place, min(i.n) AS n FROM input AS i
		 WHERE i.path ~ '^(event\.)?(id|type|source|subject|time|data|key|cause|depth|actor|recorded_at)($|[].[])' GROUP BY 1, 2
	), line AS (
		SELECT f.path, string_agg(f.place, ', ' ORDER BY f.n) AS places FROM field AS f GROUP BY f.path
	)
	SELECT concat(E'\n## Inputs\n\n', coalesce((SELECT string_agg(format(E'- %s, in %s\n', respond_internal.md_code(l.path), l.places), '' ORDER BY l.path COLLATE "C") FROM line AS l),
		E'Pattern and templates use no field of the event.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_inputs(respond.rule) IS 'rule_doc(): which fields of the event are used, and where';

CREATE FUNCTION respond_internal.doc_steps(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT concat(E'\n## Steps\n\n', coalesce(string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'steps'), E'There are none.\n'),
		E'\n## When a step failed\n\n' || string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'on_failure'),
		E'\n## When a run is cancelled\n\n' || string_agg(respond_internal.step_item(s.place, s.depth, s.step), '' ORDER BY s.n) FILTER (WHERE s.part = 'on_cancel'))
	  FROM respond_internal.rule_steps($1.name) AS s
$$;
COMMENT ON FUNCTION respond_internal.doc_steps(respond.rule) IS 'rule_doc(): what is done';

CREATE FUNCTION respond_internal.output_words(action text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1 WHEN 'ticket' THEN '`{"id", "opened"}`' WHEN 'update_ticket' THEN '`{"id"}`' WHEN 'assign' THEN '`{"id"}`' WHEN 'escalate' THEN '`{"id"}`'
		WHEN 'comment' THEN '`{"id", "ticket_id"}`' WHEN 'emit' THEN '`{"id"}`' WHEN 'sql' THEN '`{"rows", "count"}`' WHEN 'set' THEN 'the value'
		WHEN 'notify' THEN '`{"id", "key"}` of the delivery' WHEN 'email' THEN '`{"id", "key"}` of the delivery' WHEN 'log' THEN '`{"message"}`'
		WHEN 'request' THEN '`{"status", "headers", "body"}`' WHEN 'foreach' THEN '`{"count", "succeeded", "failed", "items"}`' WHEN 'wait' THEN 'what it waited for'
		WHEN 'approve' THEN 'the decision' WHEN 'call' THEN 'what the called rule left' ELSE 'its output' END
$$;
COMMENT ON FUNCTION respond_internal.output_words(text) IS 'what a step with this action leaves for the steps after it';

CREATE FUNCTION respond_internal.doc_outputs(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH line AS (
		SELECT 1 AS part, CASE d.kind WHEN 'tickets' THEN d.label || ' tickets' ELSE concat(CASE d.kind WHEN 'type' THEN 'records the event' WHEN 'rule' THEN 'runs'
			WHEN 'approver' THEN 'asks' WHEN 'host' THEN 'sends requests to' ELSE CASE d.label WHEN 'asks' THEN 'sends requests through' ELSE 'sends messages through' END END, ' ',
			CASE d.kind WHEN 'type' THEN respond_internal.md_code(d.name) ELSE respond_internal.thing_words(d.kind, d.name) END) END AS text
		  FROM respond_internal.rule_does($1.name) AS d
		UNION ALL
		SELECT 2, format('leaves %s in %s', respond_internal.output_words(s.step ->> 'action'), respond_internal.md_code('steps.' || (s.step ->> 'name')))
		  FROM respond_internal.rule_steps($1.name) AS s WHERE s.step ->> 'name' IS NOT NULL AND s.step ->> 'action' NOT IN ('fail', 'stop')
	)
	SELECT concat(E'\n## Outputs\n\n', coalesce((SELECT string_agg(format(E'- It %s.\n', l.text), '' ORDER BY l.part, l.text COLLATE "C") FROM (SELECT DISTINCT line.part, line.text FROM line) AS l),
		E'There are none but the run itself.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_outputs(respond.rule) IS 'rule_doc(): what a run leaves';

CREATE FUNCTION respond_internal.doc_failures(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH step AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_steps($1.name) AS s
	), line (n, text) AS (
		SELECT 1, CASE WHEN EXISTS (SELECT FROM step AS s WHERE s.part = 'on_failure')
			THEN 'A step that fails and names no other way leads to the steps for failures; what they do decides how the run ends.'
			ELSE 'A step that fails and names no other way fails the run: it is in `respond.dead_letter`, and the event `run.failed` is recorded.' END
		 WHERE EXISTS (SELECT FROM step)
		UNION ALL
		SELECT 2, 'An error of the condition fails the run, before its first step.' WHERE $1.condition IS NOT NULL
		UNION ALL
		SELECT 3, format('Channel %s does not exist: steps that use it fail.', respond_internal.md_code(m.channel))
		  FROM (SELECT DISTINCT s.step ->> 'channel' AS channel FROM step AS s) AS m
		 WHERE strpos(m.channel, '{{') = 0 AND NOT EXISTS (SELECT FROM respond.channel AS c WHERE c.name = m.channel)
		UNION ALL
		SELECT 4, format('Channel %s is disabled: what is sent through it waits.', respond_internal.md_code(c.name))
		  FROM respond.channel AS c WHERE NOT c.enabled AND c.name IN (SELECT s.step ->> 'channel' FROM step AS s)
		UNION ALL
		SELECT 5, 'Messages are tried again until they are delivered or given up; one that is given up is the event `delivery.dead`, and does not fail the run.'
		 WHERE EXISTS (SELECT FROM step AS s WHERE s.step ->> 'action' IN ('notify', 'email'))
		UNION ALL
		SELECT 6, format('Step %s has no deadline: if what it waits for does not come, the run waits until somebody cancels it.', respond_internal.md_code(s.place))
		  FROM step AS s WHERE s.step ->> 'action' IN ('wait', 'approve') AND NOT s.step ?| ARRAY['for', 'until']
		UNION ALL
		SELECT 7, format('Step %s runs the rule %s, which %s: the step fails.', respond_internal.md_code(s.place), respond_internal.md_code(s.step ->> 'rule'),
			CASE WHEN r.name IS NULL THEN 'does not exist' WHEN NOT r.enabled THEN 'is disabled' ELSE 'is a shadow' END)
		  FROM step AS s LEFT JOIN respond.rule AS r ON r.name = s.step ->> 'rule'
		 WHERE s.step ->> 'action' = 'call' AND strpos(s.step ->> 'rule', '{{') = 0 AND (r.name IS NULL OR NOT r.enabled OR r.shadow)
	)
	SELECT concat(E'\n## Failures\n\n', coalesce((SELECT string_agg(format(E'- %s\n', l.text), '' ORDER BY l.n, l.text COLLATE "C") FROM line AS l), E'Nothing can fail.\n'))
$$;
COMMENT ON FUNCTION respond_internal.doc_failures(respond.rule) IS 'rule_doc(): what happens when something fails';

CREATE FUNCTION respond_internal.doc_record(rule respond.rule) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
	SELECT concat(E'\n## Record\n\n', CASE WHEN s.matched = 0 THEN concat('No run has ended since ', at.since, E'.\n')
		ELSE concat('Since ', at.since, E':\n\n| runs | succeeded | failed | shadow | suppressed | last |\n| ---: | ---: | ---: | ---: | ---: | --- |\n',
			format(E'| %s | %s | %s | %s | %s | %s |\n', s.matched, s.succeeded, s.failed, s.shadow, s.suppressed, at.last_at)) END,
		E'\nHalf of the runs were done ' || s.latency_p50::numeric || ' ms after their event was recorded, 99 percent after ' || s.latency_p99::numeric || E' ms.\n',
		CASE WHEN s.waiting > 0 THEN format(E'\nRuns that wait now: %s. One of them has waited since %s.\n', s.waiting,
			to_char(s.oldest_wait AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')) END)
	  FROM respond.rule_stats AS s,
		   LATERAL (SELECT to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS since, to_char(s.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS last_at) AS at
	 WHERE s.rule = $1.name
$$;
COMMENT ON FUNCTION respond_internal.doc_record(respond.rule) IS 'rule_doc(): how often it fired and failed';

CREATE FUNCTION respond.rule_doc(name text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	wanted respond.rule;
BEGIN
	SELECT * INTO wanted FROM respond.rule AS r WHERE r.name = $1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'rule "%" does not exist', $1 USING ERRCODE = 'no_data_found', HINT = 'Table respond.rule lists the rules.';
	END IF;
	RETURN concat(respond_internal.doc_head(wanted), respond_internal.doc_trigger(wanted), respond_internal.doc_inputs(wanted), respond_internal.doc_steps(wanted),
		respond_internal.doc_outputs(wanted), respond_internal.doc_failures(wanted), respond_internal.doc_record(wanted));
END
$$;
COMMENT ON FUNCTION respond.rule_doc(text) IS
	'a rule in words, as Markdown: purpose, trigger, inputs, steps, outputs, what happens on failures, and how often it fired and failed';
