-- Sources of requests: what a row may say, what comes of requests, and who may do what.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

CREATE FUNCTION pg_temp.source(changes jsonb) RETURNS text LANGUAGE sql AS $$
SELECT pg_temp.outcome(format('INSERT INTO respond.inbound_source (%s) VALUES (%s)', string_agg(quote_ident(key), ', '), string_agg(quote_nullable(value), ', ')))
  FROM jsonb_each_text('{"name": "mine", "scheme": "none"}'::jsonb || changes)
$$;
INSERT INTO respond.inbound_scheme (name, algorithm, id_path, type_path) VALUES ('none', 'none', 'data.id', 'data.type'), ('plain', 'none', 'headers.x-id', 'headers.x-type');

SELECT is(pg_temp.source(changes), 'done', 'legal: ' || changes::text)
  FROM jsonb_array_elements('[{"name": "a"}, {"name": "b", "path": "/b/c"}, {"name": "c", "path": "x-y_z.~1"}, {"name": "d", "data": "{{data.x}}"}, {"name": "e", "data": "{\"a\": [\"{{data.x}}\", 1]}"},
	{"name": "f", "data": "[\"{{data}}\"]"}, {"name": "g", "split": "data"}, {"name": "h", "split": "data.a[\"b c\"]"}, {"name": "i", "split": ""}, {"name": "j", "dedup": "body"},
	{"name": "k", "allow_networks": "{10.0.0.0/8, 2001:db8::1}"}, {"name": "l", "rate_limit": "0.0001"}, {"name": "m", "max_body": "16777216"}, {"name": "n", "path": "callbacks"},
	{"name": "o", "event_type": "{{headers.x-type}}"}, {"name": "p", "path": "a...b"}, {"name": "q r", "path": "q"}]'::jsonb) AS changes;
SELECT is((SELECT string_agg(name || '=' || path, ' ' ORDER BY name) FROM respond.inbound_source WHERE name IN ('a', 'b')), 'a=a b=b/c', 'a path is the name, and has no slash before it');

SELECT is(pg_temp.source(changes), 'RS010: ' || message, 'not legal: ' || changes::text)
  FROM (VALUES
	('{"scheme": "no such"}'::jsonb, 'scheme: there is no scheme "no such"'),
	('{"path": ""}', 'path: is empty'), ('{"path": "/"}', 'path: is empty'), ('{"path": "a//b"}', 'path: has an empty part'), ('{"path": "a/"}', 'path: has an empty part'),
	('{"path": "a/../b"}', 'path: has a part that means another place'), ('{"path": "."}', 'path: has a part that means another place'),
	('{"path": "a b"}', 'path: holds a character that does not stand for itself in a url'), ('{"path": "a%20b"}', 'path: holds a character that does not stand for itself in a url'),
	('{"name": "é"}', 'path: holds a character that does not stand for itself in a url'),
	('{"path": "callback"}', 'path: "callback" is for the answers to steps'), ('{"path": "callback/x"}', 'path: "callback" is for the answers to steps'),
	(jsonb_build_object('path', repeat('a', 201)), 'path: is longer than 200 bytes'), (jsonb_build_object('name', repeat('a', 201), 'path', 'x'), 'name: is longer than 200 bytes'),
	('{"data": "{\"a\": "}', 'data: is neither JSON nor a template'), ('{"split": "alerts"}', 'split: is neither "data" nor begins with "data."'), ('{"split": "data."}', 'split: is not a path'),
	('{"dedup": "id"}', 'dedup: "id" is not one of key, body'), ('{"allow_networks": "{}"}', 'allow_networks: is empty, so that nobody could send anything'),
	('{"allow_networks": "{10.0.0.0/8,x}"}', 'allow_networks[2]: "x" is no address and no network'), ('{"allow_networks": "{10.0.0.1/8}"}', 'allow_networks[1]: "10.0.0.1/8" has bits set behind those that count'),
	('{"rate_limit": "0"}', 'rate_limit: must be a number of requests per second, from 0.0001 to 1000000'), ('{"rate_limit": "NaN"}', 'rate_limit: must be a number of requests per second, from 0.0001 to 1000000'),
	('{"max_body": "0"}', 'max_body: must be from 1 to 16777216 bytes'), ('{"max_body": "16777217"}', 'max_body: must be from 1 to 16777216 bytes'),
	('{"event_type": "{{headers.authorization}}"}', 'event_type: header authorization is recorded in no event, because it lets in whoever knows it'),
	('{"data": "{\"a\": \"{{headers.x-api-key}}\"}"}', 'data: header x-api-key is recorded in no event, because it lets in whoever knows it'),
	('{"secret": "something"}', 'secret: it cannot be given: scheme "none" checks none'),
	('{"scheme": "standard_webhooks", "secret": "whsec_!"}', 'secret: it is not base64'), ('{"scheme": "standard_webhooks", "secret": "whsec_AAAA"}', 'secret: it has less than 16 bytes'),
	('{"scheme": "github", "secret": "ab"}', 'secret: it is shorter than 3 characters'), ('{"scheme": "github", "secrets": "{good secret,\"\"}"}', 'secrets[2]: it is empty'),
	('{"scheme": "github", "secret": "line\n"}', 'secret: it contains a control character'), ('{"scheme": "basic", "secret": "no colon"}', 'secret: it is not USER:PASSWORD'),
	('{"scheme": "discord", "secret": "00"}', 'secret: it is not a public key of ed25519'), ('{"scheme": "github", "secret": "whpk_AAAA"}', 'secret: it is a public key, with which anybody could sign'),
	(jsonb_build_object('scheme', 'github', 'secret', repeat('a', 4097)), 'secret: it is longer than 4096 bytes'),
	('{"scheme": "github", "secrets": "{aaa,bbb,ccc,ddd,eee,fff,ggg,hhh,iii,jjj,kkk}"}', 'secrets: more than 10 secrets')) AS c (changes, message);
SELECT is(pg_temp.source('{"event_type": "{{a"}'), 'RS001: event_type: invalid template at line 1, column 1: the tag that begins here is not closed', 'a template that is none');
SELECT matches(pg_temp.source('{"data": "{\"a\": {\"b\": \"{{a\"}}"}'), '^RS001: data\.a\.b: invalid template', 'one in data, with its place');
SELECT matches(pg_temp.source('{"name": "a"}'), '^23505: ', 'a name that is taken');
SELECT matches(pg_temp.source('{"path": "a"}'), '^23505: ', 'a path that is taken');
SELECT is(pg_temp.outcome($$UPDATE respond.inbound_source SET name = 'z' WHERE name = 'a'$$), 'RS010: name: a source cannot be renamed', 'a source keeps its name');
SELECT is((SELECT s.id FROM respond.inbound_source AS s WHERE s.name = 'a') IS NOT NULL, true, 'it has an id');
UPDATE respond.inbound_source SET id = '00000000-0000-4000-8000-000000000000' WHERE name = 'a';
SELECT isnt((SELECT s.id::text FROM respond.inbound_source AS s WHERE s.name = 'a'), '00000000-0000-4000-8000-000000000000', 'which stays');

-- A scheme that a source uses.
INSERT INTO respond.inbound_scheme (name, algorithm, header, signed) VALUES ('used', 'hmac-sha256', 'x-sig', '{{body}}');
INSERT INTO respond.inbound_source (name, scheme) VALUES ('user', 'used');
SELECT is(pg_temp.outcome($$DELETE FROM respond.inbound_scheme WHERE name = 'used'$$), 'RS010: name: scheme "used" is used by source "user"', 'is not deleted');
SELECT is(pg_temp.outcome(format('UPDATE respond.inbound_scheme SET %s WHERE name = ''used''', change)), 'RS010: name: scheme "used" is used by source "user"; what it does with secrets cannot change, nor its name', change)
  FROM unnest(ARRAY['name = ''other''', 'algorithm = ''hmac-sha1''', 'header = ''x-other''', 'prefix = ''v1=''', 'separator = '',''', 'encoding = ''base64''', 'secret_form = ''hex''', 'signed = ''.{{body}}''',
	'challenge = ''zoom''', 'answer = ''pagerduty''', 'timestamp_header = ''x-t''', 'id_path = ''data.id''', 'milliseconds = true', 'public_prefix = ''p''', 'header = NULL, signature_path = ''data.s''',
	'pairs = ''t={{timestamp}},v={{signature}}''']) AS change;
SELECT is(pg_temp.outcome($$UPDATE respond.inbound_scheme SET description = 'x', subject = '{{data.id}}', type_path = 'data.t', event_type = '{{type}}', key = '{{id}}', split = 'data' WHERE name = 'used'$$), 'done', 'the rest of it may');
SELECT is(pg_temp.outcome($$DELETE FROM respond.inbound_source WHERE name = 'user'; DELETE FROM respond.inbound_scheme WHERE name = 'used'$$), 'done', 'without the source it goes');
SELECT is(pg_temp.outcome(format('INSERT INTO respond.inbound_scheme (name, algorithm, %s) VALUES (''x'', ''none'', %L)', c, v)), 'RS0' || e, c || ': ' || v)
  FROM (VALUES ('split', 'x', '10: split: is neither "data" nor begins with "data."'), ('answer', 'x', '10: answer: "x" is not pagerduty'),
	('key', '{{a', '01: key: invalid template at line 1, column 1: the tag that begins here is not closed')) AS f (c, v, e);

-- What comes of requests; the scheme asks for no signature.
CREATE FUNCTION pg_temp.test(name text, headers jsonb, body text) RETURNS text LANGUAGE sql AS $$
SELECT coalesce(reason, events::text) FROM respond.inbound_test(name, headers, convert_to(body, 'UTF8'))
$$;
INSERT INTO respond.inbound_source (name, scheme, split, event_type, subject, key, data) VALUES ('listed', 'none', 'data.l', 'x.{{data.k}}', '{{body.site}}/{{index}}', '{{data.n}}', '{"v": "{{data.v}}", "h": "{{headers.x-h}}", "all": "{{source}} {{path}} {{method}}"}');
INSERT INTO respond.inbound_source (name, scheme, dedup) VALUES ('hashed', 'plain', 'body');
INSERT INTO respond.inbound_source (name, scheme, split) VALUES ('numbered', 'plain', 'data');
SELECT is(pg_temp.test(n, h::jsonb, b), e, format('%s, %s: %s', n, h, b))
  FROM (VALUES
	('a', '{}', '{"id": "1", "type": "t", "x": [1]}', '[{"key": "1", "data": {"x": [1], "id": "1", "type": "t"}, "type": "t", "subject": null}]'),
	('a', '{}', '', '[{"key": null, "data": {}, "type": "inbound.a", "subject": null}]'),
	('a', '{}', '[1, {"a": 2}]', '[{"key": null, "data": {"value": [1, {"a": 2}]}, "type": "inbound.a", "subject": null}]'),
	('a', '{"content-type": "application/json"}', '7', '[{"key": null, "data": {"value": 7}, "type": "inbound.a", "subject": null}]'),
	('a', '{"content-type": "application/json"}', 'no', 'malformed'), ('a', '{"content-type": "application/vnd.x+json; charset=utf-8"}', 'no', 'malformed'), ('a', '{}', '{"a"', 'malformed'),
	('a', '{"content-type": "text/plain"}', '{"a"', '[{"key": null, "data": {"text": "{\"a\""}, "type": "inbound.a", "subject": null}]'),
	('a', '{}', 'hello', '[{"key": null, "data": {"text": "hello"}, "type": "inbound.a", "subject": null}]'),
	('a', '{"content-type": "application/x-www-form-urlencoded"}', 'type=t&id=5&a=1&a=2&b=%C3%A9+x', '[{"key": "5", "data": {"a": ["1", "2"], "b": "é x", "id": "5", "type": "t"}, "type": "t", "subject": null}]'),
	('a', '{"content-type": "application/x-www-form-urlencoded"}', 'payload=%7B%22type%22%3A%22t%22%7D', '[{"key": null, "data": {"type": "t"}, "type": "t", "subject": null}]'),
	('a', '{"content-type": "application/x-www-form-urlencoded"}', 'payload=x', '[{"key": null, "data": {"payload": "x"}, "type": "inbound.a", "subject": null}]'),
	('a', '{"content-type": "application/x-www-form-urlencoded"}', '{"type": "t"}', '[{"key": null, "data": {"type": "t"}, "type": "t", "subject": null}]'),
	('a', '{}', '{"type": "a\u0000b", "x": "\ud83d"}', '[{"key": null, "data": {"x": "�", "type": "a�b"}, "type": "a�b", "subject": null}]'),
	('a', '{}', '{"x": "a\u0000b\ud83d", "\u0000": 1}', '[{"key": null, "data": {"x": "a�b�", "�": 1}, "type": "inbound.a", "subject": null}]'),
	('a', '{}', '{"type": 12, "id": true}', '[{"key": "true", "data": {"id": true, "type": 12}, "type": "12", "subject": null}]'),
	('a', '{}', '{"type": {"a": 1}, "id": null}', '[{"key": null, "data": {"id": null, "type": {"a": 1}}, "type": "inbound.a", "subject": null}]'),
	('a', '{}', '{"n": 1e200000}', 'malformed'), ('a', '{}', repeat('[', 1001) || repeat(']', 1001), 'malformed'), ('a', '{}', format('{"type": "%s"}', repeat('t', 256)), 'invalid_event'),
	('q r', '{}', '{}', '[{"key": null, "data": {}, "type": "inbound.q r", "subject": null}]'),
	('d', '{}', '{"x": {"y": 1}}', '[{"key": null, "data": {"y": 1}, "type": "inbound.d", "subject": null}]'),
	('e', '{}', '{"x": 3}', '[{"key": null, "data": {"a": [3, 1]}, "type": "inbound.e", "subject": null}]'),
	('f', '{}', '{}', '[{"key": null, "data": {"value": [{}]}, "type": "inbound.f", "subject": null}]'),
	('listed', '{"X-H": "h"}', '{"site": "s", "l": [{"k": "a", "n": 1, "v": [2]}, {"k": "b"}]}', '[{"key": "1", "data": {"h": "h", "v": [2], "all": "listed listed POST"}, "type": "x.a", "subject": "s/0"}, {"key": null, "data": {"h": "h", "v": null, "all": "listed listed POST"}, "type": "x.b", "subject": "s/1"}]'),
	('listed', '{}', '{"l": []}', '[]'), ('listed', '{}', '{"l": 1}', 'split'), ('listed', '{}', '{}', 'split'), ('listed', '{}', 'x', 'split'),
	('g', '{}', '[{"id": 1, "type": "a"}, 5]', '[{"key": "1", "data": {"id": 1, "type": "a"}, "type": "a", "subject": null}, {"key": null, "data": {"value": 5}, "type": "inbound.g", "subject": null}]'),
	('numbered', '{"X-Id": "r", "X-Type": "t"}', '[{}, {}]', '[{"key": "r/0", "data": {}, "type": "t", "subject": null}, {"key": "r/1", "data": {}, "type": "t", "subject": null}]'),
	('hashed', '{"X-Id": "r", "X-Type": "t"}', '{}', '[{"key": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "data": {}, "type": "t", "subject": null}]'),
	('hashed', '{"X-Id": ["r", "r"]}', '{}', 'malformed'),
	('a', '{"ce-specversion": "1.0", "ce-id": "c", "ce-source": "/s", "ce-type": "t"}', '{"x": 1}', '[{"key": "c", "data": {"x": 1}, "type": "t", "source": "/s", "subject": null}]'),
	('a', '{"ce-specversion": "0.3", "ce-id": "c", "ce-source": "/s", "ce-type": "t"}', '', 'invalid_event'), ('a', '{"content-type": "application/cloudevents+avro"}', '', 'invalid_event')) AS c (n, h, b, e);
SELECT is((SELECT jsonb_array_length(events) FROM respond.inbound_test('g', body => convert_to('[' || repeat('{},', 9999) || '{}]', 'UTF8'))), 10000, 'ten thousand items');
SELECT is((SELECT reason FROM respond.inbound_test('g', body => convert_to('[' || repeat('{},', 10000) || '{}]', 'UTF8'))), 'split', 'one more');
SELECT is((SELECT events #>> '{0,data}' FROM respond.inbound_test('a', '{}', '\xff00fe')), '{"base64": "/wD+"}', 'bytes');
SELECT is((SELECT reason FROM respond.inbound_test('a', '{"content-type": "application/json"}', '\x7b22ff227d')), 'malformed', 'JSON that is not UTF-8');
SELECT is((SELECT events #>> '{0,key}' FROM respond.inbound_test('a', '{}', convert_to(format('{"id": "%s"}', repeat('k', 2000)), 'UTF8'))), 'sha256:' || encode(sha256(repeat('k', 2000)::bytea), 'hex'), 'a key that is too long for an index');
SELECT is((SELECT reason FROM respond.inbound_test('a', body => convert_to(repeat('x', 1048577), 'UTF8'))), 'size', 'a body that is too large');
SELECT is((SELECT reason FROM respond.inbound_test(n, '{}', '', m)), r, format('%s to %s', m, n)) FROM (VALUES ('a', 'GET', 'method'), ('no such', 'POST', 'no_source'), (NULL, 'POST', 'no_source')) AS t (n, m, r);
UPDATE respond.inbound_source SET enabled = false WHERE name = 'a';
SELECT is((SELECT reason FROM respond.inbound_test('a')), 'no_source', 'a disabled source');
SELECT is((SELECT count(*) FROM respond.event WHERE type LIKE 'inbound.%'), 0::bigint, 'nothing was recorded');
SELECT matches(pg_temp.outcome(format('SELECT respond.inbound_test(''d'', %L)', h)), e, h) FROM (VALUES ('[]', '^22023: headers: is not an object'), ('{"a b": "x"}', '^22023: headers\.a b: '), ('{"a": "x\ny"}', '^22023: headers\.a: '),
	('{"a": {}}', '^22023: headers\.a: is no text')) AS t (h, e);

-- Rights.
CREATE ROLE inbound_admin IN ROLE respond_admin;
CREATE ROLE inbound_auditor IN ROLE respond_auditor;
CREATE ROLE inbound_agent IN ROLE respond_agent;
CREATE FUNCTION pg_temp.as_role(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('role', role_name, true);
	result := pg_temp.outcome(statement);
	RESET ROLE;
	RETURN result;
END
$$;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA pg_temp TO PUBLIC;
SELECT is(pg_temp.as_role('inbound_admin', s), 'done', 'an admin: ' || s)
  FROM unnest(ARRAY[$$INSERT INTO respond.inbound_source (name, scheme) VALUES ('ad', 'none')$$, $$UPDATE respond.inbound_source SET description = 'x' WHERE name = 'ad'$$, $$SELECT respond.inbound_test('ad')$$,
	'TABLE respond.inbound_reject', 'TABLE respond.inbound_stats', $$DELETE FROM respond.inbound_source WHERE name = 'ad'$$]) AS s;
SELECT matches(pg_temp.as_role('inbound_admin', s), '^42501: ', 'an admin cannot: ' || s)
  FROM unnest(ARRAY['TABLE respond_internal.inbound_secret', 'INSERT INTO respond.inbound_reject (at, reason) VALUES (now(), ''x'')', 'DELETE FROM respond.inbound_reject', 'TRUNCATE respond.inbound_source']) AS s;
SELECT is(pg_temp.as_role('inbound_auditor', s), 'done', 'an auditor: ' || s) FROM unnest(ARRAY['TABLE respond.inbound_source', 'TABLE respond.inbound_reject', 'TABLE respond.inbound_stats', 'SELECT source, number, set_at, set_by FROM respond_internal.inbound_secret']) AS s;
SELECT matches(pg_temp.as_role(r, s), '^42501: ', format('%s cannot: %s', r, s))
  FROM unnest(ARRAY['inbound_auditor', 'inbound_agent']) AS r, unnest(ARRAY[$$SELECT respond.inbound_test('d')$$, $$SELECT respond.set_inbound_secret('d', 'x')$$, $$SELECT respond.add_inbound_secret('d', 'x')$$, $$SELECT respond.drop_inbound_secrets('d')$$,
	$$INSERT INTO respond.inbound_source (name, scheme) VALUES ('x', 'none')$$, 'SELECT sealed FROM respond_internal.inbound_secret']) AS s;
SELECT matches(pg_temp.as_role('inbound_agent', s), '^42501: ', 'an agent cannot: ' || s) FROM unnest(ARRAY['TABLE respond.inbound_source', 'TABLE respond.inbound_reject', 'TABLE respond.inbound_stats']) AS s;
SELECT is((SELECT string_agg(action, ' ' ORDER BY id) FROM respond.audit_log WHERE object_type = 'inbound_source' AND object_id = 'ad'), 'inbound_source.inserted inbound_source.updated inbound_source.deleted', 'changes are on record');
SELECT finish();
ROLLBACK;
