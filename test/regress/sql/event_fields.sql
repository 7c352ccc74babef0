-- The fields of an event have the same names and read the same in patterns, steps and SQL, whatever the session's settings are.
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('fields', 'fields.seen',
	'{"id": [{"exists": true}], "type": ["fields.seen"], "source": ["/here"], "subject": ["s"], "time": [{"suffix": "+00:00"}],
	  "key": ["k"], "depth": [0], "actor": [{"exists": true}], "recorded_at": [{"suffix": "+00:00"}]}',
	$$[{"name": "q", "action": "sql", "query": "SELECT {{time}}::text AS time, {{event.time}}::text AS again, {{key}}::text AS key, {{depth}}::int AS depth, {{data.n}}::int AS n, {{recorded_at}}::text LIKE '%+00:00' AS recorded, {{event.recorded_at}}::text = {{recorded_at}}::text AS same"},
	   {"action": "log", "message": "{{type}} {{source}} {{subject}} {{time}} {{key}} {{cause}} {{depth}} {{data.n}}"},
	   {"action": "log", "message": "{{event.type}} {{event.source}} {{event.subject}} {{event.time}} {{event.key}} {{event.cause}} {{event.depth}} {{event.data.n}}"}]$$);
SELECT matched, failed_test, jsonb_pretty(steps) AS steps, remark
  FROM respond.simulate('fields.seen', '{"n": 1}', 's', '/here', 'k', occurred_at => '2026-03-04 05:06:07+00');
SELECT respond.emit('fields.seen', '{"n": 1}', 's', '/here', 'k', occurred_at => '2026-03-04 05:06:07+00') > 0 AS recorded;
SELECT respond.settle();
SELECT status, error, jsonb_pretty(state::jsonb) AS state FROM respond.run WHERE rule = 'fields';
DELETE FROM respond.rule WHERE name = 'fields';
