-- respond.matches(): semantics over jsonb, errors with place and hint, hostile input
\set VERBOSITY default
SELECT respond.matches('{"data": {"new": {"status": ["failed"]}}}', '{"data": {"new": {"status": "failed"}}}');
SELECT respond.matches('{"data": {"new": {"status": ["failed"]}}}', '{"data": {"new": {"status": "paid"}}}');
SELECT respond.matches(NULL, '{}') IS NULL AS strict;

-- every kind of value and test; the wrong answers, if any
CREATE TEMP TABLE matches_case (pattern jsonb, document jsonb, wanted boolean);
INSERT INTO matches_case VALUES
	('{"a": ["x", 5, true, null]}', '{"a": null}', true),
	('{"a": ["x", 5, true]}', '{"a": true}', true),
	('{"a": ["x", 5, true]}', '{"a": false}', false),
	('{"a": [35]}', '{"a": 35.000}', true),
	('{"a": [35]}', '{"a": 3.5e1}', true),
	('{"a": [100000000]}', '{"a": 1e8}', true),
	('{"a": [0.000001]}', '{"a": 1e-6}', true),
	('{"a": [-12.5]}', '{"a": -12.50}', true),
	('{"a": [0]}', '{"a": -0.0}', true),
	('{"a": [123456789012]}', '{"a": 123456789012}', true),
	('{"a": [9007199254740993]}', '{"a": 9007199254740993}', true),
	('{"a": [9007199254740993]}', '{"a": 9007199254740992}', false),
	('{"a": [{"numeric": [">", 9007199254740992, "<", 9007199254740994]}]}', '{"a": 9007199254740993}', true),
	('{"a": [{"numeric": [">", 1000]}]}', jsonb_build_object('a', (SELECT avg(v) FROM (VALUES (1000), (1000), (1001)) AS n (v))), true),
	('{"a": [{"numeric": ["<=", 1000]}]}', '{"a": 1000.0000000000000000001}', false),
	('{"a": [{"numeric": [">=", 1000.3333333333333333]}]}', '{"a": 1000.33333333333333330000}', true),
	('{"a": [{"numeric": [">", 0, "<", 1]}]}', '{"a": 1e-16383}', true),
	('{"a": [{"numeric": ["<", 0]}]}', '{"a": -1e131071}', true),
	('{"a": [{"numeric": [">", 0]}]}', '{"a": 9007199254740992}', true),
	('{"a": [{"numeric": [">", 1e300]}]}', '{"a": 2e300}', true),
	('{"a": [{"numeric": ["<", 1e-300]}]}', '{"a": 1e-310}', true),
	('{"a": [{"numeric": [">", 0, "<=", 5]}]}', '{"a": 0.1}', true),
	('{"a": [{"numeric": ["=", 301.8]}]}', '{"a": 3.018e2}', true),
	('{"a": [{"prefix": "ab"}]}', '{"a": "abc"}', true),
	('{"a": [{"suffix": {"equals-ignore-case": "ÄB"}}]}', '{"a": "xäb"}', true),
	('{"a": [{"wildcard": "a*\\*c"}]}', '{"a": "abb*c"}', true),
	('{"a": [{"anything-but": ["x", "y"]}]}', '{"a": 5}', true),
	('{"a": [{"anything-but": {"suffix": [".a", ".b"]}}]}', '{"a": "x.b"}', false),
	('{"a": [{"cidr": "10.0.0.0/8"}]}', '{"a": "10.200.1.1"}', true),
	('{"a": [{"cidr": "10.0.0.1/32"}]}', '{"a": "10.0.0.1"}', true),
	('{"a": [{"cidr": "2001:db8::1/128"}]}', '{"a": "2001:db8::1"}', true),
	('{"a": [{"exists": false}]}', '{"a": {"b": 1}}', true),
	('{"a": [{"all-of": [{"prefix": "a"}, {"anything-but": "ab"}]}]}', '{"a": "ab"}', false),
	('{"$or": [{"a": [1]}, {"b": [2]}]}', '{"b": 2}', true),
	('{"a.b": [1]}', '{"a": {"b": 1}}', true),
	('{"a": {"b": [1]}}', '{"a.b": 1}', true),
	('{"a": {"b": [1]}}', '{"x.y": 2, "a": {"b": 1}}', true),
	('{"a": {"b": [1], "c": [2]}}', '{"a": [{"b": 1}, {"c": 2}]}', false),
	('{"a": {"b": [1], "c": [2]}}', '{"a": [{"b": 1}, {"b": 1, "c": 2}]}', true),
	('{"a": ["x"]}', '{"a": [["y"], [["x"]]]}', true);
SELECT pattern, document, wanted FROM matches_case WHERE respond.matches(pattern, document) IS DISTINCT FROM wanted;
SELECT count(*) FROM matches_case;

-- objects and arrays with many entries, where jsonb stores offsets
SELECT count(*) FROM generate_series(1, 100) AS i,
	LATERAL (SELECT jsonb_object_agg('k' || n, n) AS document FROM generate_series(1, 100) AS n) AS d
WHERE respond.matches(jsonb_build_object('k' || i, jsonb_build_array(i)), document);
SELECT count(*) FROM generate_series(1, 100) AS i,
	LATERAL (SELECT jsonb_build_object('a', jsonb_agg('v' || n ORDER BY n)) AS document FROM generate_series(1, 100) AS n) AS d
WHERE respond.matches(jsonb_build_object('a', jsonb_build_array('v' || i)), document);

-- arrays within arrays: what cannot make a difference is not tried; what takes too long ends
SELECT respond.matches('{"l": {"k": {"p": [1]}, "m": {"x": [1], "y": [1]}}}', jsonb_build_object('l', jsonb_agg(jsonb_build_object(
	'k', (SELECT jsonb_agg('{"p": 1}'::jsonb) FROM generate_series(1, 10000)),
	'm', (SELECT jsonb_agg(CASE n % 2 WHEN 0 THEN '{"x": 1}'::jsonb ELSE '{"y": 1}' END) FROM generate_series(1, 10000) AS n))))) FROM generate_series(1, 2);
SELECT respond.matches('{"l": {"m": {"x": [1], "y": [1]}, "n": {"x": [1], "y": [1]}}}', jsonb_build_object('l', jsonb_agg(jsonb_build_object(
	'm', (SELECT jsonb_agg('{"x": 1, "y": 1}'::jsonb) FROM generate_series(1, 10000)),
	'n', (SELECT jsonb_agg(CASE n % 2 WHEN 0 THEN '{"x": 1}'::jsonb ELSE '{"y": 1}' END) FROM generate_series(1, 10000) AS n))))) FROM generate_series(1, 2);

-- errors
SELECT respond.matches('[]', '{}');
SELECT respond.matches('{}', '{}');
SELECT respond.matches('{"a": 1}', '{}');
SELECT respond.matches('{"a": []}', '{}');
SELECT respond.matches('{"data": {"new": {"status": [{"numeric": ["<>", 5]}]}}}', '{}');
SELECT respond.matches('{"data": {"new": {"amount": ["x", {"numeric": [">", 5, "<", 5]}]}}}', '{}');
SELECT respond.matches('{"a": [{"numeric": ["=", 1e131071]}]}', '{}');
SELECT respond.matches('{"a": [{"prefix": "x", "suffix": "y"}]}', '{}');
SELECT respond.matches('{"a": [{"startswith": "x"}]}', '{}');
SELECT respond.matches('{"a": [{"wildcard": "a**b"}]}', '{}');
SELECT respond.matches('{"a": [{"wildcard": "a\\b"}]}', '{}');
SELECT respond.matches('{"a": [{"cidr": "10.0.0.0/33"}]}', '{}');
SELECT respond.matches('{"a": [{"anything-but": ["x", 5]}]}', '{}');
SELECT respond.matches('{"a": [{"anything-but": {"prefix": ""}}]}', '{}');
SELECT respond.matches('{"a": [{"all-of": [{"exists": false}]}]}', '{}');
SELECT respond.matches('{"data": {"$or": [{"a": [1]}, {"b": 2}]}}', '{}');
SELECT respond.matches('{"a.b": [1], "a": {"b": [2]}}', '{}');
SELECT respond.matches('{"a": [1]}', '[1]');
SELECT respond.matches('{"a": [1]}', '"a"');
\set VERBOSITY sqlstate
SELECT respond.matches('{"a": 1}', '{}');
\set VERBOSITY default

-- too much: nesting, alternatives, fields
SELECT respond.matches((repeat('{"a":', 500) || '["x"]' || repeat('}', 500))::jsonb, '{}');
SELECT respond.matches(jsonb_build_object('$or', o, 'x', jsonb_build_object('$or', o)), '{}')
FROM (SELECT jsonb_agg(jsonb_build_object('f', jsonb_build_array(i))) AS o FROM generate_series(1, 40) AS i) AS s;
SELECT respond.matches(jsonb_object_agg('f' || i, '[1]'::jsonb), '{}') FROM generate_series(1, 300) AS i;

-- hostile documents: huge numbers, deep nesting, large arrays
SELECT respond.matches('{"a": [1e131071]}', '{"a": 1e131071}') AS equal,
	respond.matches('{"a": [1e131071]}', '{"a": 1e131070}') AS smaller,
	respond.matches('{"a": [{"numeric": [">", 0]}]}', '{"a": 1e131071}') AS in_range;
SELECT respond.matches('{"a": ["x"]}', ('{"a": ' || repeat('[', 10000) || '"x"' || repeat(']', 10000) || '}')::jsonb) AS deep_array;
SELECT respond.matches('{"a": {"b": ["x"]}}', ('{"a": ' || repeat('{"b":', 10000) || '"x"' || repeat('}', 10000) || '}')::jsonb) AS deep_object;
SELECT respond.matches('{"a": {"b": [-1], "c": [-1]}}',
	(SELECT jsonb_build_object('a', jsonb_agg(jsonb_build_object('b', -1, 'c', i))) FROM generate_series(1, 20000) AS i)) AS large_array,
	respond.matches('{"a": {"b": [-1]}, "c": {"b": [-1], "d": [1]}}',
	(SELECT jsonb_build_object('a', a, 'c', a) FROM (SELECT jsonb_agg(jsonb_build_object('b', -1, 'd', 0)) AS a FROM generate_series(1, 20000)) AS s)) AS two_large_arrays;

-- one call site, changing patterns
SELECT p, respond.matches(p, '{"a": 1}') FROM (VALUES ('{"a": [1]}'::jsonb), ('{"a": [2]}'), ('{"a": [1]}'), ('{"b": [1]}')) AS v(p);
