-- Channels, kinds, masks and the steps that send: what is refused, defaults, and what is shown but not sent.
CREATE ROLE channel_test_admin IN ROLE respond_admin;
CREATE FUNCTION pg_temp.wait_for(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	done boolean := false;
BEGIN
	FOR i IN 1 .. 6000 LOOP
		EXECUTE query INTO done;
		EXIT WHEN done;
		PERFORM pg_catalog.pg_sleep(0.01);
	END LOOP;
	IF NOT done THEN
		RAISE EXCEPTION 'waited in vain for: %', query;
	END IF;
END
$$;
CREATE FUNCTION pg_temp.fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'worked';
EXCEPTION WHEN OTHERS THEN
	RETURN regexp_replace(SQLERRM, '[0-9]+', 'N');
END
$$;

-- the kinds that come with the extension
SELECT name, transport, method, url, encoding, escape, signature, auth, needs_text, options, required_options, built_in FROM respond.channel_kind ORDER BY name;

-- defaults
INSERT INTO respond.channel (name, kind, url) VALUES ('ct hook', 'webhook', 'https://hook.test/x') RETURNING kind, url, options, secret, max_attempts, retry_delays, timeout, rate_limit, concurrency, ordered, enabled, disabled_reason, description;
INSERT INTO respond.channel (name, kind) VALUES ('ct notify', 'notify'), ('ct pager', 'pagerduty') RETURNING name, url;
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct mail', 'email', 'smtp://mail.test', '{"from": "Desk <desk@sender.test>"}');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct slack', 'slack', 'https://slack.test/{{secret}}'), ('ct teams', 'teams', 'HTTPS://teams.test'), ('ct url', 'webhook', 'https://hook.test/{{options.content_type}}?{{data.x}}#{{{type}}}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct sms', 'sms', 'https://sms.test', '{"from": "+1", "username": "AC1"}');

-- names and kinds
INSERT INTO respond.channel (name, kind, url) VALUES ('', 'webhook', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES (repeat('x', 1000), 'webhook', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES (E'a\nb', 'webhook', 'https://hook.test');
\set VERBOSITY terse
INSERT INTO respond.channel (name, kind, url) VALUES (NULL, 'webhook', 'https://hook.test');
\set VERBOSITY default
INSERT INTO respond.channel (name, kind, url) VALUES ('ct hook', 'webhook', 'https://hook.test');
\set VERBOSITY terse
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', NULL, 'https://hook.test');
\set VERBOSITY default
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhok', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'Webhook', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'kafka', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'amqp', 'https://hook.test');

-- urls
INSERT INTO respond.channel (name, kind) VALUES ('ct', 'webhook');
INSERT INTO respond.channel (name, kind) VALUES ('ct', 'email');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', '');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'hook.test/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'ftp://hook.test/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'file:///etc/passwd');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'smtp://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://user:word@hook.test/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test:99999/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https:///');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test/a b');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', E'https://hook.test/\r\nHost: x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test\x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test/' || repeat('x', 9000));
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://{{data.host}}/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test{{data.x}}');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', '{{data.scheme}}://hook.test/');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test/{{#data}}');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https://hook.test/{{data..x}}');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'notify', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'email', 'https://mail.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'email', 'smtp://user@mail.test');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'email', 'smtp://mail.test/{{data.x}}');

-- options
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'webhook', 'https://hook.test', '[]');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'webhook', 'https://hook.test', '{"contenttype": "x"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'slack', 'https://hook.test', '{"x": "x"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'webhook', 'https://hook.test', '{"content_type": ["x"]}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'webhook', 'https://hook.test', '{"content_type": "x\r\nX-Evil: 1"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'sms', 'https://sms.test', '{"username": "AC1"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'sms', 'https://sms.test', '{"from": null}');
INSERT INTO respond.channel (name, kind, options) VALUES ('ct', 'notify', '{"notify_channel": ""}');
INSERT INTO respond.channel (name, kind, options) VALUES ('ct', 'notify', jsonb_build_object('notify_channel', repeat('x', 64)));
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"from": "nobody"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"from": "a@b.test, c@d.test"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"to": "a@b.test; c@d.test"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"cc": ""}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"bcc": "a@b.test\r\nTo: c@d.test"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"reply_to": "<a@b.test"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"tls": "off"}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"domain": "a b"}');
SET ROLE channel_test_admin;
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct', 'email', 'smtp://mail.test', '{"tls": "none"}');
RESET ROLE;
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct clear', 'email', 'smtp://mail.test', '{"tls": "none"}');

-- numbers
INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('ct', 'webhook', 'https://hook.test', 0);
INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('ct', 'webhook', 'https://hook.test', 101);
\set VERBOSITY terse
INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('ct', 'webhook', 'https://hook.test', NULL);
\set VERBOSITY default
INSERT INTO respond.channel (name, kind, url, concurrency) VALUES ('ct', 'webhook', 'https://hook.test', 0);
INSERT INTO respond.channel (name, kind, url, concurrency) VALUES ('ct', 'webhook', 'https://hook.test', 1001);
INSERT INTO respond.channel (name, kind, url, rate_limit) VALUES ('ct', 'webhook', 'https://hook.test', 0);
INSERT INTO respond.channel (name, kind, url, rate_limit) VALUES ('ct', 'webhook', 'https://hook.test', 'NaN');
INSERT INTO respond.channel (name, kind, url, rate_limit) VALUES ('ct', 'webhook', 'https://hook.test', 'Infinity');
INSERT INTO respond.channel (name, kind, url, timeout) VALUES ('ct', 'webhook', 'https://hook.test', '9 ms');
INSERT INTO respond.channel (name, kind, url, timeout) VALUES ('ct', 'webhook', 'https://hook.test', '11 min');
INSERT INTO respond.channel (name, kind, url, timeout) VALUES ('ct', 'webhook', 'https://hook.test', '-1 s');
INSERT INTO respond.channel (name, kind, url, retry_delays) VALUES ('ct', 'webhook', 'https://hook.test', '{}');
INSERT INTO respond.channel (name, kind, url, retry_delays) VALUES ('ct', 'webhook', 'https://hook.test', '{1 s, NULL}');
INSERT INTO respond.channel (name, kind, url, retry_delays) VALUES ('ct', 'webhook', 'https://hook.test', '{1 s, -1 s}');
INSERT INTO respond.channel (name, kind, url, retry_delays) VALUES ('ct', 'webhook', 'https://hook.test', '{2 years}');
INSERT INTO respond.channel (name, kind, url, retry_delays) VALUES ('ct', 'webhook', 'https://hook.test', array_fill('1 s'::interval, '{101}'));
INSERT INTO respond.channel (name, kind, url, max_attempts, concurrency, rate_limit, timeout, retry_delays) VALUES ('ct edges', 'webhook', 'https://hook.test', 100, 1000, 0.0001, '10 min', '{0, 366 days}') RETURNING max_attempts;

-- secrets: there is no key file here; what a message tells is proved in test/t
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsec_short');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'slack', 'https://hook.test', '');
SELECT respond.set_secret('ct nobody', 'x');
SELECT respond.set_secret(NULL, 'x');
SELECT respond.set_secret('ct hook', 'whsec_short');
SELECT respond.set_secret('ct hook', NULL);
SELECT respond.rotate_secrets();
SELECT count(*) FROM respond.channel WHERE name = 'ct' OR secret IS NOT NULL;

-- changes
UPDATE respond.channel SET name = 'ct other' WHERE name = 'ct hook';
UPDATE respond.channel SET kind = 'slack' WHERE name = 'ct hook' RETURNING kind;
UPDATE respond.channel SET kind = 'email' WHERE name = 'ct hook';
UPDATE respond.channel SET kind = 'webhook', options = '{"content_type": "text/x"}' WHERE name = 'ct hook';
UPDATE respond.channel SET kind = 'slack' WHERE name = 'ct hook';
UPDATE respond.channel SET options = '{}', enabled = false, disabled_reason = 'because' WHERE name = 'ct hook' RETURNING disabled_reason;
UPDATE respond.channel SET enabled = true WHERE name = 'ct hook' RETURNING disabled_reason, updated_at > created_at AS later;
SELECT action, object_id, old ->> 'enabled' AS old, new ->> 'enabled' AS new, (old || new) ? 'secret' AND (old || new) ->> 'secret' IS NOT NULL AS has_secret FROM respond.audit_log WHERE object_type = 'channel' AND object_id = 'ct hook' ORDER BY id;

-- kinds
UPDATE respond.channel_kind SET description = 'x' WHERE name = 'webhook';
DELETE FROM respond.channel_kind WHERE name = 'webhook';
UPDATE respond.channel_kind SET built_in = false WHERE name = 'webhook';
INSERT INTO respond.channel_kind (name, transport) VALUES ('webhook', 'http');
INSERT INTO respond.channel_kind (name, transport, built_in) VALUES ('ctk', 'http', true);
INSERT INTO respond.channel_kind (name, transport) VALUES ('', 'http');
INSERT INTO respond.channel_kind (name, transport) VALUES ('ctk', 'gopher');
INSERT INTO respond.channel_kind (name, transport, method) VALUES ('ctk', 'http', 'GET');
INSERT INTO respond.channel_kind (name, transport, method) VALUES ('ctk', 'http', 'post');
INSERT INTO respond.channel_kind (name, transport, url) VALUES ('ctk', 'http', 'ftp://x.test');
INSERT INTO respond.channel_kind (name, transport, url) VALUES ('ctk', 'http', 'https://{{data.x}}.test/');
INSERT INTO respond.channel_kind (name, transport, url) VALUES ('ctk', 'http', 'https://x.test/{{');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '[]');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"X Y": "z"}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"": "z"}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"Host": "z"}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"content-length": "1"}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"Transfer-Encoding": "chunked"}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"X": 1}');
INSERT INTO respond.channel_kind (name, transport, headers) VALUES ('ctk', 'http', '{"X": "{{"}');
INSERT INTO respond.channel_kind (name, transport, body) VALUES ('ctk', 'http', '{"x": "{{#a}}"}');
INSERT INTO respond.channel_kind (name, transport, body, encoding) VALUES ('ctk', 'http', '["x"]', 'form');
INSERT INTO respond.channel_kind (name, transport, body, encoding) VALUES ('ctk', 'http', '{"x": 1}', 'text');
INSERT INTO respond.channel_kind (name, transport, encoding) VALUES ('ctk', 'http', 'xml');
INSERT INTO respond.channel_kind (name, transport, escape) VALUES ('ctk', 'http', 'shell');
INSERT INTO respond.channel_kind (name, transport, auth) VALUES ('ctk', 'http', 'digest');
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'http', '[]');
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'smtp', '{"from": "nobody"}');
SET ROLE channel_test_admin;
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'smtp', '{"tls": "none"}');
INSERT INTO respond.channel_kind (name, transport, body, options, required_options, needs_text) VALUES ('ct kind', 'http', '{"content": "{{{text}}}", "who": "{{options.who}}"}', '{"who": null}', '{who}', true);
INSERT INTO respond.channel (name, kind, url) VALUES ('ct own', 'ct kind', 'https://own.test');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ct own', 'ct kind', 'https://own.test', '{"who": "desk"}');
UPDATE respond.channel_kind SET name = 'ct kind 2' WHERE name = 'ct kind';
UPDATE respond.channel_kind SET name = 'ct kind' WHERE name = 'ct kind 2';
RESET ROLE;
SELECT action, object_id FROM respond.audit_log WHERE object_type = 'channel_kind' ORDER BY id;

-- masks
INSERT INTO respond.mask (path) VALUES ('');
\set VERBOSITY terse
INSERT INTO respond.mask (path) VALUES (NULL);
\set VERBOSITY default
INSERT INTO respond.mask (path) VALUES ('a..b');
INSERT INTO respond.mask (path) VALUES ('.a');
INSERT INTO respond.mask (path) VALUES ('a.');
INSERT INTO respond.mask (path) VALUES ('*');
INSERT INTO respond.mask (path) VALUES (repeat('a.', 100) || 'a');
INSERT INTO respond.mask (event_type, path) VALUES ('', 'a');
\set VERBOSITY terse
INSERT INTO respond.mask (event_type, path) VALUES (NULL, 'a');
\set VERBOSITY default
INSERT INTO respond.mask (event_type, path) VALUES ('ct.*', 'card.number'), ('ct.*', 'people.*.phone') RETURNING event_type, path, reason;
UPDATE respond.mask SET path = '' WHERE path = 'card.number';

-- steps
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify"}]');
-- channels are looked up when the rule runs
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ct nobody", "text": "x"}, {"action": "notify", "channel": "{{data.x}}", "text": "x"}]');
DELETE FROM respond.rule WHERE name = 'ct';
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": 1, "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ct hook", "text": "x", "body": {}}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ct hook", "text": "{{#x}}"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ct hook", "txt": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ct hook", "options": []}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ct mail", "to": "a@b.test"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "to": "a@b.test", "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ct mail", "to": {"a": 1}, "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ct mail", "subject": ["x"], "text": "x"}]');

-- simulate() shows what would be sent, and what would fail, and sends nothing
INSERT INTO respond.rule (name, event_type, steps) VALUES
	('ct 1 hook', 'ct.seen', '[{"action": "notify", "name": "n", "channel": "ct hook", "text": "Card {{data.card.number}} of {{data.name}}"}, {"action": "log", "message": "{{steps.n}}"}]'),
	('ct 2 mail', 'ct.seen', '[{"action": "email", "channel": "ct mail", "to": ["{{data.to}}", "b@recipient.test"], "cc": "{{data.none}}", "subject": "Hello {{data.name}}", "text": "Dear {{data.name}}", "html": "<p>{{data.name}}</p>"}]'),
	('ct 3 no channel', 'ct.seen', '[{"action": "notify", "channel": "ct nobody", "text": "x"}]'),
	('ct 4 no text', 'ct.seen', '[{"action": "notify", "channel": "ct slack", "text": "{{data.none}}"}]'),
	('ct 5 wrong channel', 'ct.seen', '[{"action": "email", "channel": "ct hook", "to": "a@recipient.test", "text": "x"}]'),
	('ct 6 no address', 'ct.seen', '[{"action": "email", "channel": "ct mail", "to": "{{data.name}}", "text": "x"}]'),
	('ct 7 no recipient', 'ct.seen', '[{"action": "email", "channel": "ct mail", "to": "{{data.none}}", "text": "x"}]'),
	('ct 8 line break', 'ct.seen', '[{"action": "email", "channel": "ct mail", "to": "a@recipient.test", "subject": "{{data.lines}}", "text": "x"}]'),
	('ct 9 option', 'ct.seen', '[{"action": "notify", "channel": "ct own", "text": "x", "options": {"what": "x"}}]'),
	('ct a own', 'ct.seen', '[{"action": "notify", "channel": "ct own", "text": "{{data.name}} \"quoted\"", "options": {"who": "{{data.name}}"}}]'),
	('ct b body', 'ct.seen', '[{"action": "notify", "channel": "ct hook", "body": {"a": "{{data.name}}", "n": "{{data.n}}", "all": "{{data.card}}"}}]');
SELECT rule, matched, jsonb_pretty(steps) AS steps, remark FROM respond.simulate('ct.seen', '{"name": "A & B <c>", "to": "a@recipient.test", "n": 5, "lines": "a\r\nBcc: eve@evil.test", "card": {"number": "4929123456781234", "kind": "visa"}}', subject => 's') WHERE rule LIKE 'ct %' ORDER BY rule;
SELECT count(*) FROM respond.delivery WHERE rule LIKE 'ct %';

-- shadow rules send nothing
UPDATE respond.rule SET shadow = true WHERE name LIKE 'ct %';
INSERT INTO respond.event (type, subject, data) VALUES ('ct.seen', 's', '{"name": "A", "to": "a@recipient.test"}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 11 FROM respond.run WHERE event_id = %s', :event));
SELECT DISTINCT status FROM respond.run WHERE event_id = :event;
SELECT count(*) FROM respond.delivery WHERE rule LIKE 'ct %';

-- of others the failures of steps are on record with the place, and nothing is sent for them; the channels are off
UPDATE respond.channel SET enabled = false WHERE name LIKE 'ct %';
UPDATE respond.rule SET shadow = false WHERE name LIKE 'ct %';
INSERT INTO respond.event (type, subject, data) VALUES ('ct.seen', 's', '{"name": "A & B <c>", "to": "a@recipient.test", "n": 5, "lines": "a\r\nBcc: eve@evil.test", "card": {"number": "4929123456781234", "kind": "visa"}}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 11 FROM respond.run WHERE event_id = %s', :event));
SELECT rule, status, step, error FROM respond.run WHERE event_id = :event ORDER BY rule;
SELECT rule, channel, subject, status, attempts, next_attempt_at IS NOT NULL AS waits, url, headers - 'ce-id' - 'ce-time' AS headers, recipients, regexp_replace(body, '"timestamp": "[^"]*"', '"timestamp": "T"') AS body, html, secret_mark
  FROM respond.delivery WHERE rule LIKE 'ct %' ORDER BY rule;
SELECT key::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' AS key FROM respond.delivery WHERE rule = 'ct 1 hook';

-- by hand
SELECT respond.retry(0);
SELECT respond.discard(0);
SELECT respond.retry_channel('ct nobody');
SELECT respond.send_test('ct nobody');
SELECT respond.send_test('ct mail');
SELECT respond.retry(id), respond.discard(id) FROM respond.delivery WHERE rule = 'ct 1 hook';
SELECT status, last_error ~ '^discarded by ' AS reason, next_attempt_at, finished_at IS NOT NULL AS finished FROM respond.delivery WHERE rule = 'ct 1 hook';
SELECT pg_temp.fails(format('SELECT respond.discard(%s)', id)) FROM respond.delivery WHERE rule = 'ct 1 hook';
DELETE FROM respond.channel WHERE name IN ('ct mail', 'ct hook');
SELECT rule, status, regexp_replace(last_error, 'by .*', 'by X') AS last_error FROM respond.delivery WHERE rule LIKE 'ct %' ORDER BY rule;
SELECT pg_temp.fails(format('SELECT respond.retry(%s)', id)) FROM respond.delivery WHERE rule = 'ct 2 mail';

-- the kind of a channel is gone
DELETE FROM respond.channel_kind WHERE name = 'ct kind';
SELECT matched, steps -> 0 ->> 'error' AS error, remark FROM respond.simulate('ct.seen', '{"name": "A"}') WHERE rule = 'ct a own';
UPDATE respond.channel SET description = 'x' WHERE name = 'ct own';

DELETE FROM respond.rule WHERE name LIKE 'ct %';
DELETE FROM respond.channel WHERE name LIKE 'ct %';
DELETE FROM respond.mask WHERE event_type = 'ct.*';
