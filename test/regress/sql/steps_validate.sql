-- What a rule's steps may look like, and what is said when they do not.
-- Each row: the steps, and true or the error with its hint.
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.check_steps(steps jsonb, on_failure jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	code text;
BEGIN
	RETURN respond_internal.check_steps(steps, on_failure);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
	RETURN concat_ws(E'\n  ', code || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- every action that there is, with everything it takes
SELECT pg_temp.check_steps('[]');
SELECT pg_temp.check_steps('[
	{"action": "ticket", "name": "t", "subject": "Payment {{data.id}} failed", "description": null, "status": "open", "priority": "{{data.priority}}",
	 "team": "billing", "assignee": "ann", "requester": "{{data.email}}", "tags": ["a", "{{data.tag}}"], "key": "payment/{{data.id}}", "fields": {"n": "{{data.n}}"}},
	{"action": "update_ticket", "ticket": 12, "status": "solved", "team": null, "tags": "{{data.tags}}", "fields": "{{data}}"},
	{"action": "update_ticket", "key": "k", "subject": "s"},
	{"action": "comment", "body": "text", "kind": "internal", "author": "bot", "ticket": "{{steps.t.id}}"},
	{"action": "comment", "text": "text"},
	{"action": "assign", "team": "billing"},
	{"action": "emit", "type": "a.b", "data": {"x": ["{{data}}", 1, true, null]}, "subject": "s", "source": "/s", "key": "k", "time": "2030-01-01 00:00+00"},
	{"action": "sql", "sql": "SELECT 1"},
	{"action": "sql", "query": "SELECT {{data.id}}"},
	{"action": "sql", "statement": "SELECT steps, data", "timeout": "500 ms"},
	{"action": "set", "name": "s", "values": {"a": "{{data.a}}"}},
	{"action": "set", "value": null},
	{"action": "set", "sql": "data->''a''"},
	{"action": "set", "expression": "1 + 1", "timeout": 0.5},
	{"action": "log", "message": "m", "if": "data ? ''a''", "on_success": "s", "on_failure": "stop", "max_attempts": 3},
	{"action": "log", "text": "m", "on_success": "last"},
	{"action": "fail", "message": "m"},
	{"action": "fail"},
	{"action": "stop", "message": "m"},
	{"action": "stop", "name": "last"}]', '[{"action": "log", "message": "{{error.message}} in {{error.step}}"}]');

-- the array, and its elements
SELECT pg_temp.check_steps('{}');
SELECT pg_temp.check_steps('null');
SELECT pg_temp.check_steps('[]', '{}');
SELECT pg_temp.check_steps('[[]]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m"}, "log"]');
SELECT pg_temp.check_steps((SELECT jsonb_agg('{"action": "log", "message": "m"}'::jsonb) FROM generate_series(1, 1000)));
SELECT pg_temp.check_steps((SELECT jsonb_agg('{"action": "log", "message": "m"}'::jsonb) FROM generate_series(1, 1001)));

-- actions
SELECT pg_temp.check_steps('[{"message": "m"}]');
SELECT pg_temp.check_steps('[{"action": null}]');
SELECT pg_temp.check_steps('[{"action": "tickets"}]');
SELECT action, pg_temp.check_steps(jsonb_build_array('{"action": "log", "message": "m"}'::jsonb, jsonb_build_object('action', action)))
  FROM unnest('{notify,email,request,wait,foreach,call,publish,escalate}'::text[]) AS action;
SELECT pg_temp.check_steps('[]', '[{"action": "notify", "channel": "c"}]');

-- fields
SELECT pg_temp.check_steps('[{"action": "log"}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "team": "billing"}]');
SELECT pg_temp.check_steps('[{"action": "emit"}]');
SELECT pg_temp.check_steps('[{"action": "sql"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "priority": "high"}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "Priority": "high"}]');
SELECT pg_temp.check_steps('[{"action": "comment", "body": "a", "text": "b"}]');
SELECT pg_temp.check_steps('[{"action": "update_ticket", "ticket": 1}]');
SELECT pg_temp.check_steps('[{"action": "update_ticket", "ticket": 1, "key": "k", "status": "open"}]');
SELECT pg_temp.check_steps('[{"action": "assign", "ticket": 1}]');
SELECT pg_temp.check_steps('[{"action": "set"}]');
SELECT pg_temp.check_steps('[{"action": "set", "value": 1, "sql": "1"}]');

-- types of fields
SELECT pg_temp.check_steps('[{"action": "log", "message": 5}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": null}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": ["s"]}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m"}, {"action": "log", "message": "m"}, {"action": "ticket", "subject": "s", "priority": "hgh"}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "status": 1}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "tags": {"a": 1}}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "tags": ["a", 1]}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "fields": ["a"]}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "fields": "x{{data}}"}]');
SELECT pg_temp.check_steps('[{"action": "comment", "body": "b", "kind": "secret"}]');
SELECT pg_temp.check_steps('[{"action": "comment", "body": "b", "ticket": "first"}]');
SELECT pg_temp.check_steps('[{"action": "comment", "body": "b", "ticket": -1}]');
SELECT pg_temp.check_steps('[{"action": "emit", "type": "t", "time": "soon"}]');
SELECT pg_temp.check_steps('[{"action": "emit", "type": "t", "data": [1]}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "max_attempts": 0}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "max_attempts": 1.5}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "max_attempts": "3"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "timeout": "2 dogs"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "timeout": -1}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "timeout": "1 day"}]');

-- names and jumps
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": "a"}, {"action": "stop"}, {"action": "log", "message": "m", "name": "a"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": "a"}]', '[{"action": "log", "message": "m", "name": "a"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": "stop"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": ""}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": "_log"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": "a.b"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "name": 1}]');
SELECT pg_temp.check_steps(jsonb_build_array(jsonb_build_object('action', 'stop', 'name', repeat('n', 63))));
SELECT pg_temp.check_steps(jsonb_build_array(jsonb_build_object('action', 'stop', 'name', repeat('n', 64))));
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "on_success": "b"}, {"action": "stop", "name": "a"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "on_failure": "b"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "on_failure": [{"action": "stop"}]}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "on_failure": "b"}]', '[{"action": "stop", "name": "b"}]');

-- templates
SELECT pg_temp.check_steps('[{"action": "log", "message": "{{data.a"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "a\n {{#data.a}} b"}]');
SELECT pg_temp.check_steps('[{"action": "set", "values": {"a": [1, {"b": "{{/x}}"}]}}]');
SELECT pg_temp.check_steps('[{"action": "ticket", "subject": "s", "fields": "{{data"}]');

-- SQL
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "if": true}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "if": "data ->"}]');
SELECT pg_temp.check_steps('[{"action": "log", "message": "m", "if": "1 + 1"}]');
SELECT pg_temp.check_steps('[{"action": "sql", "sql": 5}]');
SELECT pg_temp.check_steps('[{"action": "sql", "sql": "SELEC 1"}]');
SELECT pg_temp.check_steps('[{"action": "sql", "sql": "SELECT * FROM nowhere.nothing"}]');
SELECT pg_temp.check_steps('[{"action": "set", "sql": "nothing"}]');

-- large and deep
SELECT left(pg_temp.check_steps(('[{"action": "set", "value": ' || repeat('[', 100) || repeat(']', 100) || '}]')::jsonb), 60);
SELECT pg_temp.check_steps('[{"action": "set", "value": 1e131071}]');
SELECT pg_temp.check_steps(jsonb_build_array(jsonb_build_object('action', 'log', 'message', repeat('x', 10000000))));

-- which event, where a template would be compared with every one
SELECT pg_temp.check_steps('[{"action": "wait", "event_type": "{{data.type}}"}]');
SELECT pg_temp.check_steps('[{"action": "wait", "events": [{"event_type": "a.*"}, {"event_type": "{{data.type}}.paid"}]}]');
-- how long to wait, where it can be known
SELECT pg_temp.check_steps(jsonb_build_array(jsonb_build_object('action', 'wait', field, value)))
  FROM (VALUES (1, 'for', '0'), (2, 'for', '-1 day'), (3, 'for', 'infinity'), (4, 'for', '1000000 years'), (5, 'for', '9223372036854775807 us'), (6, 'for', '1000 years'),
	(7, 'until', '0001-01-01 BC'), (8, 'until', '-infinity'), (9, 'until', 'infinity'), (10, 'until', '294276-12-31')) AS v (n, field, value) ORDER BY n;

-- types of events that no event can have
SELECT left(pg_temp.check_steps(jsonb_build_array(jsonb_build_object('action', 'wait', 'event_type', type))), 200)
  FROM (VALUES (1, repeat('t', 256)), (2, E'a\nb'), (3, repeat('t', 255))) AS v (n, type) ORDER BY n;
