-- What a step "request" may look like, what simulate() shows of it, and what is said when it is wrong.
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.check_step(step jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
	code text;
BEGIN
	RETURN respond_internal.check_steps(jsonb_build_array('{"action": "request"}' || step), NULL);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
	RETURN concat_ws(E'\n  ', code || ' ' || message, nullif(hint, ''));
END
$$;

-- all that there is
SELECT pg_temp.check_step('{"name": "r", "url": "https://api.example/v1/{{data.id}}?q={{data.q}}", "method": "POST", "headers": {"X-A": "{{data.a}}", "Accept": "text/plain"},
	"body": {"a": "{{data.a}}", "b": [1, null]}, "timeout": "2 min", "attempt_timeout": 2.5, "max_attempts": 5, "retry_after": "1 s", "expect": [200, 404], "max_body": 1000}');
SELECT pg_temp.check_step('{"channel": "api"}');
SELECT pg_temp.check_step('{"channel": "{{data.channel}}", "url": "/v1/{{data.id}}"}');
SELECT pg_temp.check_step('{"url": "https://api.example", "expect": {"status": [{"numeric": ["<", 500]}], "body": {"state": ["done"]}}}');
SELECT pg_temp.check_step('{"url": "https://api.example", "body": "{{data.text}}", "method": "{{data.method}}"}');

-- hosts do not come from data
SELECT pg_temp.check_step(('{"url": ' || u || '}')::jsonb) FROM unnest(ARRAY['"{{data.url}}"', '"https://{{data.host}}/x"', '"https://api.example{{data.x}}"', '"//api.example/"', '"/v1"',
	'"ftp://api.example/"', '"https://ann:secret@api.example/"', '"https://api.example/a b"', '""', '7', '"https://"', '"https://api.example/{{data.x"']) AS u;
SELECT pg_temp.check_step('{"channel": "api", "url": "https://{{data.host}}/x"}');
SELECT pg_temp.check_step('{"channel": "api", "url": "v1/x"}');
SELECT pg_temp.check_step('{}');

-- headers
SELECT pg_temp.check_step(jsonb_build_object('url', 'https://api.example', 'headers', jsonb_build_object(h, 'x')))
  FROM unnest('{Host,content-length,Transfer-Encoding,Connection,expect,"X A","",X:A}'::text[]) AS h;
SELECT pg_temp.check_step('{"url": "https://api.example", "headers": "X-A: b"}');
SELECT pg_temp.check_step(jsonb_build_object('url', 'https://api.example', 'headers', h)) FROM unnest(ARRAY['{"X-A": "a\r\nX-B: b"}', '{"X-A": "a\tb"}', '{"X-A": "\u007f"}',
	'{"X-A": "{{data.a}}\n"}', '{"X-A": 1, "X-B": null, "X-C": ""}', '{"X-A": {"a": 1}}', '{"X-A": ["a"]}', '{"ce-note": "a\nb"}', '{"X-A": "1", "Accept": "2", "x-a": "3"}']::jsonb[]) AS h;

-- limits
SELECT pg_temp.check_step('{"url": "https://api.example"}' || s) FROM unnest(ARRAY['{"timeout": "2 days"}', '{"timeout": 0}', '{"attempt_timeout": "11 min"}', '{"attempt_timeout": "soon"}',
	'{"max_attempts": 0}', '{"max_body": 0}', '{"max_body": 16777217}', '{"max_body": 1.5}', '{"max_body": "1000"}', '{"expect": []}', '{"expect": [99]}', '{"expect": ["200"]}',
	'{"expect": 200}', '{"expect": {"status": 200}}', '{"expect": {"body": {"a": [{"prefix": 1}]}}}', '{"method": "BREW"}', '{"bodies": 1}']::jsonb[]) AS s;

-- a url to be called back
SELECT pg_temp.check_step('{"url": "https://api.example", "callback": true}' || s) FROM unnest(ARRAY['{"body": {"to": ["{{callback_url}}"]}}', '{"body": "{{callback_url}}", "callback_timeout": "366 days"}',
	'{"url": "https://api.example/?to={{callback_url}}", "callback_timeout": 90}', '{"headers": {"X-To": "{{{callback_url}}}"}, "timeout": "1 s", "callback_timeout": "2 s"}',
	'{"body": "{{#data.a}}{{callback_url}}{{/data.a}}"}', '{}', '{"body": "callback_url {{data.callback_url}} {{steps.callback_url}}"}', '{"body": "{{callback_url}}", "callback": "yes"}',
	'{"body": "{{callback_url}}", "callback_timeout": "1 min"}', '{"body": "{{callback_url}}", "timeout": "1 day"}', '{"body": "{{callback_url}}", "callback_timeout": "367 days"}',
	'{"body": "{{callback_url}}", "callback_timeout": "soon"}', '{"url": "{{callback_url}}"}', '{"body": "{{callback_url}}", "callback": false}', '{"body": "{{callback_url}}", "callback": null}',
	'{"callback": false}', '{"callback": false, "callback_timeout": "1 h"}']::jsonb[]) AS s;
SELECT pg_temp.check_step('{"url": "https://api.example", "headers": {"X-To": "{{callback_url}}"}}');
SELECT pg_temp.check_step('{"url": "https://api.example", "callback_timeout": "1 h"}');
SELECT pg_temp.check_step('{"action": "foreach", "items": [1], "as": "callback_url", "steps": [{"action": "log", "message": "x"}]}');

-- an answer has a status, headers and a body
SELECT pg_temp.check_step(jsonb_build_object('url', 'https://api.example', 'expect', e)) FROM unnest(ARRAY['{"stat": [200]}', '{"body": {"stat": [200]}}', '{"Body": {"a": [1]}}',
	'{"$or": [{"status": [200]}, {"body": {"a": [1]}}]}', '{"$or": [{"status": [200]}, {"stat": [201]}]}', '{"$or": [{"$or": [{"stat": [1]}, {"body": {"a": [1]}}]}, {"status": [201]}]}',
	'{"$or": [{"status": [200]}]}', '{"headers": {"x-a": ["b"]}, "$or": [{"status": [200]}, {"status": [404]}]}']::jsonb[]) AS e;

-- what is seen before it is done
INSERT INTO respond.rule (name, event_type, steps) VALUES ('asks', 'ask', '[
	{"action": "request", "name": "r", "url": "https://api.example/{{data.id}}", "headers": {"X-Id": "{{data.id}}"}, "body": {"id": "{{data.id}}", "text": "{{data.text}}"}},
	{"action": "log", "message": "answered {{steps.r.status}}: {{steps.r.body.state}}"}]');
SELECT jsonb_pretty(steps) FROM respond.simulate('ask', '{"id": "a/b?c", "text": "x\"y"}') WHERE rule = 'asks';
SELECT jsonb_pretty(steps) FROM respond.simulate('ask', '{"id": "a\nb"}') WHERE rule = 'asks';
UPDATE respond.rule SET steps = '[{"action": "request", "url": "https://api.example/", "headers": "{{data.headers}}"}]' WHERE name = 'asks';
SELECT jsonb_pretty(steps) FROM respond.simulate('ask', '{"headers": {"X-A": "1", "x-a": "2"}}') WHERE rule = 'asks';
-- and what is missing for a url to be called back
UPDATE respond.rule SET steps = '[{"action": "request", "url": "https://api.example/{{data.id}}?to={{callback_url}}", "callback": true, "headers": {"X-To": "{{callback_url}}"}, "body": {"to": "{{callback_url}}"}},
	{"action": "log", "message": "{{callback_url}}."}]' WHERE name = 'asks';
SELECT jsonb_pretty(steps) FROM respond.simulate('ask', '{"id": 7}') WHERE rule = 'asks';
DELETE FROM respond.rule WHERE name = 'asks';
