--
-- respond.render(): templates over jsonb
--
\pset null '(null)'
\set VERBOSITY terse

-- variables, types and paths
SELECT respond.render('Dear {{name}}, {{data.items.1.n}} of {{data.count}}: {{t}} [{{none}}] [{{data.none.x}}]',
	'{"name": "Ann", "t": true, "none": null, "data": {"count": 3.50, "items": [{"n": 1}, {"n": 2}]}}');
SELECT respond.render('{{#items}}{{n}}{{^last}}, {{/last}}{{/items}}', '{"items": [{"n": 1}, {"n": 2}, {"n": 3, "last": true}]}');
SELECT respond.render(E'Items:\n{{#items}}\n- {{.}}\n{{/items}}\n{{^items}}\nnone\n{{/items}}\n', '{"items": ["a", "b"]}');
SELECT respond.render('{{=<% %>=}}<% a %>{{a}}<%! comment %>', '{"a": 1}');
-- a value that is not a scalar gives the text that jsonb itself gives
SELECT respond.render('{{v}}', jsonb_build_object('v', v)) = v::text AS same, v
  FROM (VALUES ('{"b": [1, "x\"\n", null, {"c": {}}, []], "a": {"d": -0.10}}'::jsonb), ('[]'), ('[[], [1, [2, {"a": 3}], 4]]'), ('{}')) AS t(v);
-- values are not rendered again
SELECT respond.render('{{a}} {{{b}}}', '{"a": "{{b}}", "b": "{{=<% %>=}}<%a%>"}');
-- contexts that are no objects
SELECT respond.render('{{.}}', '"text"'), respond.render('{{.}}', '12'), respond.render('{{#.}}{{.}};{{/.}}{{1}}', '[1, 2]'),
	respond.render('[{{.}}]', 'null'), respond.render('{{.}}{{a}}', 'true');
-- what counts as false
SELECT k, respond.render('{{#v}}true{{/v}}{{^v}}false{{/v}}', jsonb_build_object('v', v))
  FROM (VALUES (1, '0'::jsonb), (2, '0.00'), (3, '""'), (4, '[]'), (5, 'null'), (6, 'false'),
	(7, '{}'), (8, '"0"'), (9, '0.001'), (10, '-1'), (11, '1e100'), (12, '[0]')) AS t(k, v) ORDER BY k;

-- escapes
SELECT e, respond.render('<{{v}}|{{{v}}}>', '{"v": "<a href=\"x\">''&\\\n\u0001é~-._/%"}', e)
  FROM unnest(ARRAY['none', 'html', 'json', 'slack', 'url']) AS e;
SELECT respond.render('{"text": "{{v}}"}', '{"v": "say \"hi\"\n\\ \t"}', 'json')::jsonb;
SELECT respond.render('https://example.com/?q={{q}}', '{"q": "50 % & more: ü"}', escape => 'url');
\set VERBOSITY default
SELECT respond.render('{{v}}', '{"v": 1}', 'xml');
\set VERBOSITY terse
SELECT respond.render('{{v}}', '{"v": 1}', 'HTML');

-- NULL
SELECT respond.render(NULL, '{}'), respond.render('[{{a}}]', NULL), respond.render('{{a}}', '{"a": "<"}', NULL);

-- errors name the place
\set VERBOSITY default
SELECT respond.render(E'Dear {{name}},\n  {{#items}} {{n}}', '{}');
SELECT respond.render('{{#if paid}}x{{/if}}', '{}');
\set VERBOSITY terse
SELECT respond.render('{{a', '{}');
SELECT respond.render('{{}}', '{}');
SELECT respond.render('{{#a}}{{/b}}', '{}');
SELECT respond.render('{{/a}}', '{}');
SELECT respond.render('{{> header}}', '{}');
SELECT respond.render('{{a..b}}', '{}');
SELECT respond.render('äö {{=x=}}', '{}');
SELECT respond.render(repeat('{{#a}}', 65), '{}');
SELECT respond.render(repeat('x', 16 * 1024 * 1024 + 1), '{}');
DO $$
BEGIN
	PERFORM respond.render('{{a', '{}');
EXCEPTION WHEN SQLSTATE 'RS001' THEN
	RAISE NOTICE 'caught %', SQLSTATE;
END
$$;

-- limits; pg_respond.max_rendered_size is 1 MB
SHOW pg_respond.max_rendered_size;
SELECT length(respond.render('{{a}}', jsonb_build_object('a', repeat('x', 1024 * 1024))));
\set VERBOSITY default
SELECT respond.render('{{a}}', jsonb_build_object('a', repeat('x', 1024 * 1024 + 1)));
\set VERBOSITY terse
SELECT respond.render('{{a}}', jsonb_build_object('a', repeat('<', 1024 * 1024)), 'html');
SELECT respond.render('{{#a}}{{#a}}{{#a}}{{.}}{{/a}}{{/a}}{{/a}}', jsonb_build_object('a', (SELECT jsonb_agg(i) FROM generate_series(1, 1000) AS i)));
SELECT respond.render('{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}', jsonb_build_object('a', (SELECT jsonb_agg(i) FROM generate_series(1, 1000) AS i)));
DO $$
BEGIN
	PERFORM respond.render('{{a}}{{a}}', jsonb_build_object('a', repeat('x', 1024 * 1024)));
EXCEPTION WHEN SQLSTATE 'RS005' THEN
	RAISE NOTICE 'caught %', SQLSTATE;
END
$$;
-- numbers that are short to store and long to write
SELECT length(respond.render('{{a}}', '{"a": 1e131071}')), length(respond.render('{{a}}', '{"a": -1e-16383}')),
	respond.render('{{a}}', '{"a": 1e131071}') = '1' || repeat('0', 131071) AS exact;
SELECT respond.render('{{#a}}{{.}}{{/a}}', jsonb_build_object('a', (SELECT jsonb_agg(1e131071::numeric) FROM generate_series(1, 1000))));
SELECT respond.render('{{a}}', jsonb_build_object('a', (SELECT jsonb_agg(1e131071::numeric) FROM generate_series(1, 1000))));
-- every number that fits is written whole
SELECT count(*) AS wrong
  FROM generate_series(-1500, 1500) AS e, (VALUES ('1e'), ('-9.99e'), ('123456789.123456789e'), ('-5e')) AS m(m), LATERAL (SELECT (m || e)::numeric) AS n(n)
 WHERE respond.render('{{.}}', to_jsonb(n)) IS DISTINCT FROM n::text;
-- deep values
SELECT length(respond.render('{{a}}', ('{"a": ' || repeat('[', 5000) || repeat(']', 5000) || '}')::jsonb));
SELECT length(respond.render('{{a}}', ('{"a": ' || repeat('{"b": [', 2500) || repeat(']}', 2500) || '}')::jsonb, 'json'));

-- one call site, many templates; a broken one does not spoil the next
SELECT respond.render(t, '{"a": 1, "b": 2}') FROM (VALUES ('{{a}}'), ('{{a}}'), ('{{b}}'), ('{{a}}{{b}}'), (''), ('{{a}}')) AS v(t);
CREATE FUNCTION pg_temp.try_render(template text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN respond.render(template, '{"a": 1}');
EXCEPTION WHEN SQLSTATE 'RS001' THEN
	RETURN SQLERRM;
END
$$;
SELECT pg_temp.try_render(t) FROM (VALUES ('{{a}}'), ('{{a'), ('{{a'), ('{{a}}'), ('[{{a}}]')) AS v(t);

-- usable in an index expression and by parallel workers
SELECT provolatile, proparallel, proisstrict, obj_description(oid, 'pg_proc') IS NOT NULL AS commented
  FROM pg_proc WHERE oid = 'respond.render(text, jsonb, text)'::regprocedure;

-- names in quotes, and filters
CREATE TEMP TABLE filter_case (template text, context jsonb, wanted text);
INSERT INTO filter_case VALUES
	('{{data["my column"]}} {{data[''a.b'']}} {{["x y"].z}}', '{"data": {"my column": 1, "a.b": 2}, "x y": {"z": 3}}', '1 2 3'),
	('{{a | default: "there"}}, {{b | default: "there"}}, {{c | default: 5}}, {{d | default: "x"}}', '{"b": "", "d": 0}', 'there, there, 5, 0'),
	('{{a | truncate: 10}}', jsonb_build_object('a', repeat('ä', 11)), 'äääääää...'),
	('{{a | truncate: 10}}', jsonb_build_object('a', repeat('ä', 10)), 'ääääääääää'),
	('{{a | truncate: 8}}', '{"a": 1e131071}', '10000...'),
	('{{a | truncate: 12}}', '{"a": {"b": [1, 2, 3, 4, 5]}}', '{"b": [1,...'),
	('{{a | truncate: 8}}', jsonb_build_object('a', (SELECT jsonb_agg(repeat('x', 1000)) FROM generate_series(1, 2000))), '["xxx...'),
	('{{#l}}{{n | truncate: 4 | default: "-"}} {{/l}}', '{"l": [{"n": "abcdef"}, {}, {"n": "ab"}]}', 'a... - ab ');
SELECT template, respond.render(template, context) FROM filter_case WHERE respond.render(template, context) IS DISTINCT FROM wanted;
SELECT respond.render('{{a}}', '{"a": "*b* _c_ [d](e) 1.5\n- f\n2. g"}', 'markdown');
SELECT respond.render('{{a | truncate: 4}}', '{"a": "<<<<<"}', 'html');
SELECT respond.render('{{a | upper}}', '{}');
SELECT respond.render('{{a["b}}', '{}');
