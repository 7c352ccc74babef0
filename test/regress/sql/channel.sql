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
INSERT INTO respond.channel (name, kind, url) VALUES ('ch hook', 'webhook', 'https://hook.test/x') RETURNING kind, url, options, secret, max_attempts, retry_delays, timeout, rate_limit, concurrency, ordered, enabled, disabled_reason, description;
INSERT INTO respond.channel (name, kind) VALUES ('ch notify', 'notify'), ('ch pager', 'pagerduty') RETURNING name, url;
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ch mail', 'email', 'smtp://mail.test', '{"from": "Desk <desk@sender.test>"}');
INSERT INTO respond.channel (name, kind, url) VALUES ('ch slack', 'slack', 'https://slack.test/{{secret}}'), ('ch teams', 'teams', 'HTTPS://teams.test'), ('ch url', 'webhook', 'https://hook.test/{{options.content_type}}?{{data.x}}#{{{type}}}');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ch sms', 'sms', 'https://sms.test', '{"from": "+1", "username": "AC1"}');

-- names and kinds
INSERT INTO respond.channel (name, kind, url) VALUES ('', 'webhook', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES (repeat('x', 1000), 'webhook', 'https://hook.test');
INSERT INTO respond.channel (name, kind, url) VALUES (E'a\nb', 'webhook', 'https://hook.test');
\set VERBOSITY terse
INSERT INTO respond.channel (name, kind, url) VALUES (NULL, 'webhook', 'https://hook.test');
\set VERBOSITY default
INSERT INTO respond.channel (name, kind, url) VALUES ('ch hook', 'webhook', 'https://hook.test');
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
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https:///{{{data.host}}}hook.test/x');
INSERT INTO respond.channel (name, kind, url) VALUES ('ct', 'webhook', 'https:/{{{data.host}}}hook.test/://x');
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
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ch clear', 'email', 'smtp://mail.test', '{"tls": "none"}');

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
INSERT INTO respond.channel (name, kind, url, max_attempts, concurrency, rate_limit, timeout, retry_delays) VALUES ('ch edges', 'webhook', 'https://hook.test', 100, 1000, 0.0001, '10 min', '{0, 366 days}') RETURNING max_attempts;

-- secrets: there is no key file here; what a message tells is proved in test/t
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsec_short');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'webhook', 'https://hook.test', 'whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
INSERT INTO respond.channel (name, kind, url, secret) VALUES ('ct', 'slack', 'https://hook.test', '');
SELECT respond.set_secret('ch nobody', 'x');
SELECT respond.set_secret(NULL, 'x');
SELECT respond.set_secret('ch hook', 'whsec_short');
SELECT respond.set_secret('ch hook', NULL);
SELECT respond.rotate_secrets();
SELECT count(*) FROM respond.channel WHERE name = 'ct' OR secret IS NOT NULL;

-- changes
UPDATE respond.channel SET name = 'ch other' WHERE name = 'ch hook';
UPDATE respond.channel SET kind = 'slack' WHERE name = 'ch hook' RETURNING kind;
UPDATE respond.channel SET kind = 'email' WHERE name = 'ch hook';
UPDATE respond.channel SET kind = 'webhook', options = '{"content_type": "text/x"}' WHERE name = 'ch hook';
UPDATE respond.channel SET kind = 'slack' WHERE name = 'ch hook';
UPDATE respond.channel SET options = '{}', enabled = false, disabled_reason = 'because' WHERE name = 'ch hook' RETURNING disabled_reason;
UPDATE respond.channel SET enabled = true WHERE name = 'ch hook' RETURNING disabled_reason, updated_at > created_at AS later;
SELECT action, object_id, old ->> 'enabled' AS old, new ->> 'enabled' AS new, (old || new) ? 'secret' AND (old || new) ->> 'secret' IS NOT NULL AS has_secret FROM respond.audit_log WHERE object_type = 'channel' AND object_id = 'ch hook' ORDER BY id;

-- kinds
UPDATE respond.channel_kind SET description = 'x' WHERE name = 'webhook';
DELETE FROM respond.channel_kind WHERE name = 'webhook';
UPDATE respond.channel_kind SET built_in = false WHERE name = 'webhook';
INSERT INTO respond.channel_kind (name, transport) VALUES ('webhook', 'http');
INSERT INTO respond.channel_kind (name, transport, built_in) VALUES ('ctk', 'http', true);
INSERT INTO respond.channel_kind (name, transport) VALUES ('', 'http');
\set VERBOSITY terse
INSERT INTO respond.channel_kind (name, transport) VALUES ('ctk', 'gopher');
\set VERBOSITY default
INSERT INTO respond.channel_kind (name, transport, method) VALUES ('ctk', 'http', 'HEAD');
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
\set VERBOSITY terse
INSERT INTO respond.channel_kind (name, transport, encoding) VALUES ('ctk', 'http', 'xml');
\set VERBOSITY default
\set VERBOSITY terse
INSERT INTO respond.channel_kind (name, transport, escape) VALUES ('ctk', 'http', 'shell');
\set VERBOSITY default
\set VERBOSITY terse
INSERT INTO respond.channel_kind (name, transport, auth) VALUES ('ctk', 'http', 'digest');
\set VERBOSITY default
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'http', '[]');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '[]');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"headers": {"X": "y"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"headers": {"Host": "{{signature}}"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"headers": {"X": "{{signature}} {{secret}}"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"content": "{{data}}", "headers": {"X": "{{signature}}"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"algorithm": "md5", "headers": {"X": "{{signature}}"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'http', '{"digest": "sha1", "headers": {"X": "{{signature}}"}}');
INSERT INTO respond.channel_kind (name, transport, hmac) VALUES ('ctk', 'smtp', '{"headers": {"X": "{{signature}}"}}');
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'smtp', '{"from": "nobody"}');
SET ROLE channel_test_admin;
INSERT INTO respond.channel_kind (name, transport, options) VALUES ('ctk', 'smtp', '{"tls": "none"}');
INSERT INTO respond.channel_kind (name, transport, body, options, required_options, needs_text) VALUES ('ch kind', 'http', '{"content": "{{{text}}}", "who": "{{options.who}}"}', '{"who": null}', '{who}', true);
INSERT INTO respond.channel (name, kind, url) VALUES ('ch own', 'ch kind', 'https://own.test');
INSERT INTO respond.channel (name, kind, url, options) VALUES ('ch own', 'ch kind', 'https://own.test', '{"who": "desk"}');
UPDATE respond.channel_kind SET name = 'ch kind 2' WHERE name = 'ch kind';
UPDATE respond.channel_kind SET name = 'ch kind' WHERE name = 'ch kind 2';
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
INSERT INTO respond.mask (event_type, path) VALUES ('ch.*', 'card.number'), ('ch.*', 'people.*.phone') RETURNING event_type, path, reason;
UPDATE respond.mask SET path = '' WHERE path = 'card.number';

-- steps
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify"}]');
-- channels are looked up when the rule runs
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ch nobody", "text": "x"}, {"action": "notify", "channel": "{{data.x}}", "text": "x"}]');
DELETE FROM respond.rule WHERE name = 'ct';
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": 1, "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ch hook", "text": "x", "body": {}}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ch hook", "text": "{{#x}}"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ch hook", "txt": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "notify", "channel": "ch hook", "options": []}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ch mail", "to": "a@b.test"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "to": "a@b.test", "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ch mail", "to": {"a": 1}, "text": "x"}]');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ct', 'ct', '[{"action": "email", "channel": "ch mail", "subject": ["x"], "text": "x"}]');

-- simulate() shows what would be sent, and what would fail, and sends nothing
INSERT INTO respond.rule (name, event_type, steps) VALUES
	('ch 1 hook', 'ch.seen', '[{"action": "notify", "name": "n", "channel": "ch hook", "text": "Card {{data.card.number}} of {{data.name}}"}, {"action": "log", "message": "{{steps.n}}"}]'),
	('ch 2 mail', 'ch.seen', '[{"action": "email", "channel": "ch mail", "to": ["{{data.to}}", "b@recipient.test"], "cc": "{{data.none}}", "subject": "Hello {{data.name}}", "text": "Dear {{data.name}}", "html": "<p>{{data.name}}</p>"}]'),
	('ch 3 no channel', 'ch.seen', '[{"action": "notify", "channel": "ch nobody", "text": "x"}]'),
	('ch 4 no text', 'ch.seen', '[{"action": "notify", "channel": "ch slack", "text": "{{data.none}}"}]'),
	('ch 5 wrong channel', 'ch.seen', '[{"action": "email", "channel": "ch hook", "to": "a@recipient.test", "text": "x"}]'),
	('ch 6 no address', 'ch.seen', '[{"action": "email", "channel": "ch mail", "to": "{{data.name}}", "text": "x"}]'),
	('ch 7 no recipient', 'ch.seen', '[{"action": "email", "channel": "ch mail", "to": "{{data.none}}", "text": "x"}]'),
	('ch 8 line break', 'ch.seen', '[{"action": "email", "channel": "ch mail", "to": "a@recipient.test", "subject": "{{data.lines}}", "text": "x"}]'),
	('ch 9 option', 'ch.seen', '[{"action": "notify", "channel": "ch own", "text": "x", "options": {"what": "x"}}]'),
	('ch a own', 'ch.seen', '[{"action": "notify", "channel": "ch own", "text": "{{data.name}} \"quoted\"", "options": {"who": "{{data.name}}"}}]'),
	('ch b body', 'ch.seen', '[{"action": "notify", "channel": "ch hook", "body": {"a": "{{data.name}}", "n": "{{data.n}}", "all": "{{data.card}}"}}]');
SELECT rule, matched, jsonb_pretty(steps) AS steps, remark FROM respond.simulate('ch.seen', '{"name": "A & B <c>", "to": "a@recipient.test", "n": 5, "lines": "a\r\nBcc: eve@evil.test", "card": {"number": "4929123456781234", "kind": "visa"}}', subject => 's') WHERE rule LIKE 'ch %' ORDER BY rule;
SELECT count(*) FROM respond.delivery WHERE rule LIKE 'ch %';

-- shadow rules send nothing
UPDATE respond.rule SET shadow = true WHERE name LIKE 'ch %';
INSERT INTO respond.event (type, subject, data) VALUES ('ch.seen', 's', '{"name": "A", "to": "a@recipient.test"}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 11 FROM respond.run WHERE event_id = %s', :event));
SELECT DISTINCT status FROM respond.run WHERE event_id = :event;
SELECT count(*) FROM respond.delivery WHERE rule LIKE 'ch %';

-- of others the failures of steps are on record with the place, and nothing is sent for them; the channels are off
UPDATE respond.channel SET enabled = false WHERE name LIKE 'ch %';
UPDATE respond.rule SET shadow = false WHERE name LIKE 'ch %';
INSERT INTO respond.event (type, subject, data) VALUES ('ch.seen', 's', '{"name": "A & B <c>", "to": "a@recipient.test", "n": 5, "lines": "a\r\nBcc: eve@evil.test", "card": {"number": "4929123456781234", "kind": "visa"}}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 11 FROM respond.run WHERE event_id = %s', :event));
SELECT rule, status, step, error FROM respond.run WHERE event_id = :event ORDER BY rule;
SELECT rule, channel, subject, status, attempts, next_attempt_at IS NOT NULL AS waits, url, headers - 'ce-id' - 'ce-time' AS headers, recipients, regexp_replace(body, '"timestamp": "[^"]*"', '"timestamp": "T"') AS body, html, secret_mark
  FROM respond.delivery WHERE rule LIKE 'ch %' ORDER BY rule;
SELECT key::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' AS key FROM respond.delivery WHERE rule = 'ch 1 hook';

-- by hand
SELECT respond.retry(0);
SELECT respond.discard(0);
SELECT respond.retry_channel('ch nobody');
SELECT respond.send_test('ch nobody');
SELECT respond.send_test('ch mail');
SELECT respond.retry(id), respond.discard(id) FROM respond.delivery WHERE rule = 'ch 1 hook';
SELECT status, last_error ~ '^discarded by ' AS reason, next_attempt_at, finished_at IS NOT NULL AS finished FROM respond.delivery WHERE rule = 'ch 1 hook';
SELECT pg_temp.fails(format('SELECT respond.discard(%s)', id)) FROM respond.delivery WHERE rule = 'ch 1 hook';
DELETE FROM respond.channel WHERE name IN ('ch mail', 'ch hook');
SELECT rule, status, regexp_replace(last_error, 'by .*', 'by X') AS last_error FROM respond.delivery WHERE rule LIKE 'ch %' ORDER BY rule;
SELECT pg_temp.fails(format('SELECT respond.retry(%s)', id)) FROM respond.delivery WHERE rule = 'ch 2 mail';

-- the kind of a channel is gone
DELETE FROM respond.channel_kind WHERE name = 'ch kind';
SELECT matched, steps -> 0 ->> 'error' AS error, remark FROM respond.simulate('ch.seen', '{"name": "A"}') WHERE rule = 'ch a own';
UPDATE respond.channel SET description = 'x' WHERE name = 'ch own';

DELETE FROM respond.rule WHERE name LIKE 'ch %';
DELETE FROM respond.channel WHERE name LIKE 'ch %';
DELETE FROM respond.mask WHERE event_type = 'ch.*';
DROP ROLE channel_test_admin;
