-- 78_rule_map.sql: all rules as one picture.

-- Names are other people's: in a label nothing may end the label, or mean something to who draws it.  U+FFFE and U+FFFF
-- must not be in XML, which is what it is drawn as.
CREATE FUNCTION respond_internal.map_label(format text, name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	WITH short AS (
		SELECT CASE WHEN c.clean = '' THEN '(no name)' WHEN length(c.clean) > 80 THEN left(c.clean, 77) || '...' ELSE c.clean END AS text
		  FROM (SELECT btrim(regexp_replace($2, '[\x01-\x20\x7f\ufffe\uffff]+', ' ', 'g')) AS clean) AS c
	)
	SELECT CASE $1
		WHEN 'dot' THEN (SELECT replace(replace(replace(s.text, '\', '\\'), '"', '\"'), '&', '&amp;') FROM short AS s)
		-- Mermaid reads Markdown, HTML and entities of its own in a label
		ELSE (SELECT string_agg(CASE
				WHEN l.letter !~ '^[!-~]$' OR l.letter ~ '^[A-Za-z0-9/,]$' OR (l.letter ~ '^[_-]$' AND l.inside) OR (l.letter = '.' AND l.next <> ' ') THEN l.letter
				ELSE format('#%s;', ascii(l.letter)) END, '' ORDER BY l.n)
			FROM (SELECT x.letter, x.n, lag(x.letter) OVER w ~ '^[A-Za-z0-9]$' AND lead(x.letter) OVER w ~ '^[A-Za-z0-9]$' AS inside, lead(x.letter) OVER w AS next
					FROM short AS s, regexp_split_to_table(s.text, '') WITH ORDINALITY AS x (letter, n) WINDOW w AS (ORDER BY x.n)) AS l) END
$$;
COMMENT ON FUNCTION respond_internal.map_label(text, text) IS 'a name as a label of Mermaid or DOT, without its quotes';

CREATE FUNCTION respond_internal.map_node(format text, id text, kind text, label text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
	SELECT CASE $1
		WHEN 'dot' THEN format('%s [label="%s", shape=%s]', $2, $4, s.dot)
		ELSE format('%s%s"%s"%s', $2, s.mermaid[1], $4, s.mermaid[2]) END
	  FROM (VALUES ('table', 'cylinder', ARRAY['[(', ')]']), ('schedule', 'hexagon', '{"{{", "}}"}'), ('engine', 'component', '{"[[", "]]"}'),
			('type', 'ellipse', '{"([", "])"}'), ('rule', 'box', '{"[", "]"}'), ('channel', 'cds', '{">", "]"}'), ('host', 'tab', '{"[\\", "/]"}'),
			('approver', 'house', '{"[/", "\\]"}'), ('tickets', 'cylinder', '{"[(", ")]"}')) AS s (kind, dot, mermaid)
	 WHERE s.kind = $3
$$;
COMMENT ON FUNCTION respond_internal.map_node(text, text, text, text) IS 'a node of the map, in the shape of its kind';

CREATE FUNCTION respond_internal.map_edge(format text, source text, target text, label text, dashed boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE $1
		WHEN 'dot' THEN format('%s -> %s%s', $2, $3, coalesce(' [' || nullif(concat_ws(', ', 'label="' || $4 || '"', CASE WHEN $5 THEN 'style=dashed' END), '') || ']', ''))
		ELSE format('%s %s%s %s', $2, CASE WHEN $5 THEN '-.->' ELSE '-->' END, coalesce('|"' || $4 || '"|', ''), $3) END
$$;
COMMENT ON FUNCTION respond_internal.map_edge(text, text, text, text, boolean) IS 'an arrow of the map';

-- The planner expects a hundred elements in each array, and would compile the query, which takes longer than to run it.
CREATE FUNCTION respond.rule_map(format text DEFAULT 'mermaid', folder text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	wanted CONSTANT text := lower($1);
	body text;
BEGIN
	IF wanted IS NULL OR wanted NOT IN ('mermaid', 'dot') THEN
		RAISE EXCEPTION 'there is no format "%" of maps', $1
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The formats are mermaid and dot.';
	END IF;
	WITH RECURSIVE edge AS MATERIALIZED (
		SELECT * FROM respond_internal.rule_edges()
	), thing AS MATERIALIZED (
		SELECT e.source_kind AS kind, e.source AS name FROM edge AS e
		UNION
		SELECT e.target_kind, e.target FROM edge AS e
		UNION
		SELECT 'channel', c.name FROM respond.channel AS c
	), chosen AS (
		SELECT r.name FROM respond.rule AS r WHERE $2 IS NULL OR r.folder = $2 OR starts_with(r.folder, $2 || '/')
	), upstream AS (
		-- what leads to a chosen rule, through types, but not through other rules
		SELECT e.source_kind AS kind, e.source AS name FROM edge AS e JOIN chosen AS c ON e.target_kind = 'rule' AND e.target = c.name
		UNION
		SELECT e.source_kind, e.source FROM upstream AS u JOIN edge AS e ON e.target_kind = u.kind AND e.target = u.name WHERE u.kind = 'type'
	), downstream AS (
		SELECT e.target_kind AS kind, e.target AS name FROM edge AS e JOIN chosen AS c ON e.source_kind = 'rule' AND e.source = c.name
		UNION
		SELECT e.target_kind, e.target FROM downstream AS d JOIN edge AS e ON e.source_kind = d.kind AND e.source = d.name WHERE d.kind = 'type'
	), node AS MATERIALIZED (
		SELECT t.kind, t.name, row_number() OVER (ORDER BY array_position('{table,schedule,engine,type,rule,tickets,channel,host,approver}', t.kind), t.name COLLATE "C") AS n
		  FROM thing AS t
		 WHERE $2 IS NULL OR (t.kind = 'rule' AND t.name IN (SELECT c.name FROM chosen AS c))
			OR (t.kind, t.name) IN (SELECT u.kind, u.name FROM upstream AS u UNION SELECT d.kind, d.name FROM downstream AS d)
	), line AS (
		SELECT 1 AS part, n.n, 0::bigint AS m, respond_internal.map_node(wanted, 'n' || n.n, n.kind,
				respond_internal.map_label(wanted, n.name) || CASE
					WHEN n.kind NOT IN ('schedule', 'rule', 'channel') THEN ''
					WHEN coalesce(s.name, r.name, c.name) IS NULL THEN CASE WHEN strpos(n.name, '{{') > 0 THEN '' ELSE ' (missing)' END
					ELSE coalesce(' (' || respond_internal.map_label(wanted, coalesce(s.cron, c.kind)) || ')', '')
						|| CASE WHEN coalesce(s.enabled, r.enabled, c.enabled) THEN '' ELSE ' (disabled)' END || CASE WHEN r.shadow THEN ' (shadow)' ELSE '' END END) AS text
		  FROM node AS n
		  LEFT JOIN respond.schedule AS s ON n.kind = 'schedule' AND s.name = n.name
		  LEFT JOIN respond.rule AS r ON n.kind = 'rule' AND r.name = n.name
		  LEFT JOIN respond.channel AS c ON n.kind = 'channel' AND c.name = n.name
		UNION ALL
		SELECT 2, s.n, t.n, respond_internal.map_edge(wanted, 'n' || s.n, 'n' || t.n, string_agg(e.label, ', ' ORDER BY e.label COLLATE "C"), e.dashed)
		  FROM edge AS e
		  JOIN node AS s ON s.kind = e.source_kind AND s.name = e.source
		  JOIN node AS t ON t.kind = e.target_kind AND t.name = e.target
		 GROUP BY s.n, t.n, e.dashed
	)
	SELECT string_agg(format(E'\n%s%s%s', CASE wanted WHEN 'dot' THEN E'\t' ELSE '    ' END, l.text, CASE wanted WHEN 'dot' THEN ';' ELSE '' END), ''
		ORDER BY l.part, l.n, l.m, l.text COLLATE "C") INTO body FROM line AS l;
	IF wanted = 'dot' THEN
		RETURN format(E'digraph respond {\n\trankdir=LR;%s\n}\n', body);
	END IF;
	RETURN format(E'flowchart LR%s\n', coalesce(body, E'\n    none["no rules"]'));
END
$$;
COMMENT ON FUNCTION respond.rule_map(text, text) IS
	'what leads to which rule and where rules lead, as a flowchart of Mermaid or a graph of DOT; with folder only its rules, those of folders below it, and what they touch';
