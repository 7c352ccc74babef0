-- rule_map() and rule_doc(): what leads to what, and a rule in words.
\pset format unaligned
CREATE ROLE map_test_owner;
CREATE ROLE map_test_auditor IN ROLE respond_auditor;
CREATE ROLE map_test_agent IN ROLE respond_agent;
CREATE TABLE public.mp_order (id bigint PRIMARY KEY, status text);
CREATE TABLE public.mp_login (id bigint PRIMARY KEY);
SELECT respond.watch('public.mp_order');
SELECT respond.watch('public.mp_login', 'mp_login.failed', operations => '{INSERT}');
INSERT INTO respond.channel (name, kind, url, enabled) VALUES
	('mp chat', 'slack', 'https://user-of-path.example/T0/s3cret', true), ('mp mail', 'email', 'smtp://mail.example', false);
INSERT INTO respond.schedule (name, cron, event_type, enabled, timezone) VALUES ('mp every "day"', '0 3 * * *', 'mp.daily', true, 'UTC'), ('mp never', '@yearly', 'mp_login.failed', false, 'Europe/Berlin');
INSERT INTO respond.rule (name, folder, event_type, owner, description, pattern, condition, steps, on_failure, priority, start_roles) VALUES
('mp paid', 'mp', 'mp_order.updated', 'map_test_owner', E'Thanks who paid.\n\n# No heading, *no* emphasis, <b>no</b> html\n- no list\n1. nor this\n    nor code',
	'{"data": {"new": {"status": ["paid"]}}, "$or": [{"subject": [{"prefix": "a"}]}, {"source": ["x"]}]}', 'data ? ''new'' AND {{data.new.id}} > 5',
	'[{"action": "ticket", "name": "t", "subject": "Order {{data.new.id}}", "team": "mp", "priority": "high", "key": "o/{{event.subject}}"},
	  {"action": "comment", "body": "a ` and `` in {{data.new[\"my column\"].x}}", "if": "steps ? ''t''"},
	  {"action": "update_ticket", "status": "open", "fields": {"a": 1}},
	  {"action": "assign", "team": "mp"},
	  {"action": "emit", "name": "e", "type": "mp.{{data.kind}}{{data.what}}.sent", "data": {"a": "{{#data.list}}{{x}}{{/data.list}}"}, "subject": "s", "key": "k"},
	  {"action": "sql", "name": "s", "sql": "SELECT ''```'',\n\t{{data.n}}", "max_attempts": 3, "timeout": "2 s", "on_failure": "last"},
	  {"action": "set", "values": {"a": "{{steps.t.id}}"}},
	  {"action": "set", "name": "v", "sql": "1 + 1"},
	  {"action": "notify", "channel": "mp chat", "text": "{{data.text | default: \"none\"}}", "on_success": "stop"},
	  {"action": "log", "name": "last", "message": "done"},
	  {"action": "fail", "if": "false", "message": "why"},
	  {"action": "stop"}]',
	'[{"action": "email", "channel": "mp mail", "to": "a@b.example", "subject": "{{error.message}}", "text": "x"}, {"action": "fail"}]', 5, '{public}'),
('mp all', 'mp/sub', 'mp.*', 'map_test_owner', NULL, NULL, NULL, '[{"action": "notify", "channel": "mp gone", "text": "x"}]', NULL, 0, NULL),
('mp "q" <b>&amp; #35; %% `c` [x](y) {{z}} | \ 1. end', 'mp', 'mp_login.failed', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL),
('mp desk', 'mp', 'ticket.created', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL),
('mp ended', 'ends', 'run.*', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL),
('mp asked', 'ends', 'approval.*', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL),
('mp escalated', 'ends', 'ticket.escalated', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL),
('mp shadow', 'mp', 'mp_login.*', 'map_test_owner', NULL, NULL, NULL, '[]', NULL, 0, NULL);
UPDATE respond.rule SET shadow = true WHERE name = 'mp shadow';
UPDATE respond.rule SET enabled = false WHERE name = 'mp all';

SELECT respond.rule_map('mermaid', 'mp');
SELECT respond.rule_map('DOT', 'mp');
SELECT respond.rule_map('dot', 'mp/sub');
SELECT respond.rule_map('dot', 'ends');
SELECT respond.rule_map('mermaid', 'mp no such folder'), respond.rule_map('dot', 'mp no such folder');
SELECT respond.rule_map('svg');
SELECT respond.rule_map(NULL);
SELECT respond.rule_map() LIKE 'flowchart LR%mp all%mp paid%' AS all_folders;

SELECT regexp_replace(respond.rule_doc(name), 'since \d{4}.* UTC', 'since WHEN') FROM respond.rule WHERE name LIKE 'mp%' AND folder <> 'ends' ORDER BY name COLLATE "C";
SELECT respond.rule_doc('mp no such rule');
SELECT respond.rule_doc(NULL) IS NULL AS is_null;

-- Actions that leave the database, wait, ask, loop and call: told of as they are written down.
BEGIN;
ALTER TABLE respond.rule DISABLE TRIGGER rule_validate;
INSERT INTO respond.rule (name, folder, event_type, owner, enabled, concurrency, cancel_on, steps) VALUES ('mp flow', 'mp/flow', 'mp.flow', 'map_test_owner', false,
	'{"limit": 1, "key": "{{data.customer}}"}', '{"event_type": "mp.off", "key": "{{data.id}}"}', '[
	{"action": "request", "name": "risk", "method": "post", "url": "https://user:passw0rd@Risk.example:8443/v1/s3cret/{{data.id}}?token=s3cret#s3cret", "headers": {"X-Key": "s3cret"},
	 "body": {"k": "s3cret"}, "timeout": "20 s", "attempt_timeout": "5 s", "expect": [200]},
	{"action": "request", "channel": "mp chat", "url": "https://{{data.host}}/s3cret"},
	{"action": "approve", "name": "ok", "question": "Ship {{data.id}}?", "approvers": ["team:ops", "boss"], "for": "2 days", "on_timeout": "stop", "on_reject": "stop", "quorum": 2},
	{"action": "approve", "question": "And?", "approvers": "on_call:x", "options": ["a", "b"], "on": {"a": "paid", "b": "stop"}, "remind_every": "4 h", "escalate_after": "1 day", "escalate_to": ["boss", "chief"], "self_approval": true},
	{"action": "approve", "question": "Sure?", "approvers": ["boss"], "deny_wins": false, "escalate_after": "1 h"},
	{"action": "wait", "name": "paid", "events": [{"event_type": "mp.settled", "key": "{{data.id}}", "event_key": "data.payment_id", "pattern": {"data": {"ok": [true]}}, "go_to": "next"},
		{"event_type": "mp_order.deleted", "go_to": "stop"}], "for": "48 hours", "on_timeout": "stop"},
	{"action": "wait", "event_type": "mp.answer", "on_event": "next", "until": "{{data.end}}"},
	{"action": "wait", "event_type": "mp.several", "collect": 3, "since": "run"},
	{"action": "wait", "event_type": "mp.new", "since": "now"},
	{"action": "wait", "name": "next", "for": "1 day"},
	{"action": "foreach", "name": "lines", "items": "data.lines", "batch": 5, "as": "line", "mode": "parallel", "concurrency": 4, "on_item_failure": "continue", "steps": [
		{"action": "sql", "sql": "UPDATE stock\nSET n = {{data.n}}"},
		{"action": "foreach", "query": "SELECT 1", "steps": [{"action": "emit", "type": "mp.line"}]}]},
	{"action": "call", "rule": "mp paid"},
	{"action": "call", "rule": "mp nobody", "wait": false},
	{"action": "call", "rule": "mp all"},
	{"action": "escalate", "team": "mp", "assignee": "boss", "priority": "urgent"},
	{"action": "of another version"}]');
SELECT respond.rule_map('mermaid', 'mp/flow');
SELECT respond.rule_map('dot', 'mp/flow');
SELECT regexp_replace(respond.rule_doc('mp flow'), 'since \d{4}.* UTC', 'since WHEN');
-- no path, query, header or body of a request; the text of SQL is shown
SELECT respond.rule_map() || respond.rule_map('dot') || respond.rule_doc('mp flow') ~ 's3cret|passw0rd' AS tells_secrets;
ROLLBACK;

-- Which types an event can have at once.
SELECT one, other, respond_internal.types_meet(one, other) AS meet, respond_internal.types_meet(other, one) AS other_way
  FROM (VALUES ('a', 'a'), ('a', 'b'), ('a', 'A'), ('*', 'a'), ('a.*', 'a.b'), ('a.*', 'a.'), ('a.*', 'a'), ('*.b', 'a.b'), ('a*b*c', 'a1b2c'), ('a*b*c', 'abcabc'),
		('a*b*c', 'acb'), ('a*a', 'a'), ('a%', 'ab'), ('a_*', 'ab.'), ('**', ''), ('*a*', 'bab'), ('*', '*'), ('a*', '*b'), ('a*', 'b*'), ('a*c', 'ab*'), ('*ab', '*b'), ('*ab', '*cb'), ('a*', 'a')) AS t (one, other);

-- Who may read rules may ask; nobody else.
SET ROLE map_test_auditor;
SELECT length(respond.rule_map('dot', 'mp')) > 500 AS map, length(respond.rule_doc('mp paid')) > 500 AS doc;
SET ROLE map_test_agent;
SELECT respond.rule_map();
SELECT respond.rule_doc('mp paid');
RESET ROLE;

DELETE FROM respond.rule WHERE folder LIKE 'mp%' OR folder = 'ends';
DELETE FROM respond.channel WHERE name LIKE 'mp %';
DELETE FROM respond.schedule WHERE name LIKE 'mp %';
DROP TABLE public.mp_order, public.mp_login;
DROP ROLE map_test_owner, map_test_auditor, map_test_agent;
\pset format aligned
