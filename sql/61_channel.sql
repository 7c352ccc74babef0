-- 61_channel.sql: where messages go, and how each provider wants them.

-- A provider is a row: what it is spoken to with, and templates for what it is told.
CREATE TABLE respond.channel_kind (
	name text PRIMARY KEY,
	transport text NOT NULL CHECK (transport IN ('http', 'smtp', 'notify')),
	description text,
	method text NOT NULL DEFAULT 'POST',
	url text,
	headers jsonb NOT NULL DEFAULT '{}',
	body jsonb,
	encoding text NOT NULL DEFAULT 'json' CHECK (encoding IN ('json', 'form', 'text')),
	escape text NOT NULL DEFAULT 'none' CHECK (escape IN ('none', 'html', 'json', 'markdown', 'slack', 'url')),
	signature boolean NOT NULL DEFAULT false,
	auth text CHECK (auth IN ('basic', 'bearer')),
	needs_text boolean NOT NULL DEFAULT false,
	options jsonb NOT NULL DEFAULT '{}',
	required_options text[] NOT NULL DEFAULT '{}',
	built_in boolean NOT NULL DEFAULT false,
	max_text integer CHECK (max_text BETWEEN 10 AND 1000000),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE,
	hmac jsonb
);
COMMENT ON TABLE respond.channel_kind IS 'kinds of channels: a new provider is one more row';
COMMENT ON COLUMN respond.channel_kind.name IS 'name of the kind; channels refer to it';
COMMENT ON COLUMN respond.channel_kind.transport IS 'http (and https), smtp (and smtps), or notify for LISTEN/NOTIFY in this database';
COMMENT ON COLUMN respond.channel_kind.description IS 'what it is for, and what its options mean';
COMMENT ON COLUMN respond.channel_kind.method IS 'HTTP method: GET, POST, PUT, PATCH or DELETE';
COMMENT ON COLUMN respond.channel_kind.url IS 'url of channels that have none; a template like the url of a channel';
COMMENT ON COLUMN respond.channel_kind.headers IS 'HTTP headers: an object of templates; headers that come out empty are not sent';
COMMENT ON COLUMN respond.channel_kind.body IS 'the request body: a JSON value whose strings are templates over text, title, to, data, type, subject, options, secret and so on; members of the outermost object that come out null or empty are left out';
COMMENT ON COLUMN respond.channel_kind.encoding IS 'how the body is written: json, form (urlencoded members), or text (the body is one string)';
COMMENT ON COLUMN respond.channel_kind.escape IS 'what is done to values in text and body, see render(); JSON quoting and urlencoding are done in any case';
COMMENT ON COLUMN respond.channel_kind.signature IS 'whether requests are signed as in Standard Webhooks, if the channel has a secret';
COMMENT ON COLUMN respond.channel_kind.auth IS 'basic: option username and the secret; bearer: the secret as token; NULL: neither';
COMMENT ON COLUMN respond.channel_kind.needs_text IS 'whether a message without text and body is refused';
COMMENT ON COLUMN respond.channel_kind.options IS 'the options that channels of this kind may have, with their defaults; null: no default';
COMMENT ON COLUMN respond.channel_kind.required_options IS 'options that a channel must have';
COMMENT ON COLUMN respond.channel_kind.built_in IS 'part of pg_respond; cannot be changed';
COMMENT ON COLUMN respond.channel_kind.max_text IS 'most characters of a text that the provider accepts; a longer one is cut and ends with three dots; NULL: no limit';
COMMENT ON COLUMN respond.channel_kind.hmac IS 'how requests are signed if the channel has a secret: an object of algorithm (sha1, sha256, sha384, sha512), encoding (hex, base64, base64url), secret (text, hex, base64), content ({{body}}, {{timestamp}}, {{key}}) and headers ({{signature}} and the same); NULL: they are not';
COMMENT ON COLUMN respond.channel_kind.id IS 'assigned by pg_respond; a name may be used again for another kind, an id never';

CREATE TABLE respond.channel (
	name text PRIMARY KEY,
	kind text NOT NULL,
	url text,
	options jsonb NOT NULL DEFAULT '{}',
	secret text,
	max_attempts integer NOT NULL DEFAULT 10,
	retry_delays interval[],
	timeout interval NOT NULL,
	rate_limit double precision,
	concurrency integer NOT NULL DEFAULT 16,
	ordered boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	disabled_reason text,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE,
	kind_id uuid NOT NULL
);
COMMENT ON TABLE respond.channel IS 'where messages go; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.channel.name IS 'name of the channel; steps refer to it; it cannot be changed';
COMMENT ON COLUMN respond.channel.kind IS 'a row of channel_kind';
COMMENT ON COLUMN respond.channel.url IS 'where it leads; a template whose path and query may name {{secret}}, {{options.x}} and values of the event; never with a user or password';
COMMENT ON COLUMN respond.channel.options IS 'options of the kind, see channel_kind.options';
COMMENT ON COLUMN respond.channel.secret IS 'write only: kept encrypted elsewhere, always reads as NULL; see set_secret()';
COMMENT ON COLUMN respond.channel.max_attempts IS 'tries before a delivery is dead';
COMMENT ON COLUMN respond.channel.retry_delays IS 'pauses between tries, of which the last one repeats; NULL: those of Standard Webhooks, 10 tries over 75 hours';
COMMENT ON COLUMN respond.channel.timeout IS 'longest time for one try, counted from when it is sent; by default 15 seconds, for mail 5 minutes';
COMMENT ON COLUMN respond.channel.rate_limit IS 'most requests per second; NULL: no limit';
COMMENT ON COLUMN respond.channel.concurrency IS 'most requests at the same time';
COMMENT ON COLUMN respond.channel.ordered IS 'one request at a time for each subject of an event, in the order of the events';
COMMENT ON COLUMN respond.channel.enabled IS 'whether it is used; deliveries of a disabled channel wait';
COMMENT ON COLUMN respond.channel.disabled_reason IS 'why pg_respond disabled it, for example after an answer 410';
COMMENT ON COLUMN respond.channel.description IS 'what it is for';
COMMENT ON COLUMN respond.channel.created_at IS 'when it was created';
COMMENT ON COLUMN respond.channel.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.channel.id IS 'assigned by pg_respond; deliveries and the secret belong to the id, because the name may be used again for another channel';
COMMENT ON COLUMN respond.channel.kind_id IS 'assigned by pg_respond: the kind that had the name in column kind when that column was set';

CREATE FUNCTION respond_internal.channel_kind_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_kind_validate';
COMMENT ON FUNCTION respond_internal.channel_kind_validate() IS 'trigger: refuses kinds that could not work, and changes of the built-in ones';
CREATE FUNCTION respond_internal.channel_kind_renamed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_kind_renamed';
COMMENT ON FUNCTION respond_internal.channel_kind_renamed() IS 'trigger: channels show the new name of their kind';
CREATE FUNCTION respond_internal.channel_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_validate';
COMMENT ON FUNCTION respond_internal.channel_validate() IS 'trigger: refuses channels that could not work, and keeps the secret out of the row';
CREATE FUNCTION respond_internal.channel_begin() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_begin';
COMMENT ON FUNCTION respond_internal.channel_begin() IS 'trigger: forgets secrets that an earlier statement gave for rows that did not come about';
CREATE FUNCTION respond_internal.channel_keep_secret() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channel_keep_secret';
COMMENT ON FUNCTION respond_internal.channel_keep_secret() IS 'trigger: encrypts and keeps the secret that was given with the row';
CREATE FUNCTION respond_internal.channels_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_channels_changed';
COMMENT ON FUNCTION respond_internal.channels_changed() IS 'trigger: makes workers reload the channels after the commit';

-- The rows that come with the extension; before the triggers, which refuse them to everybody else.
-- Their ids are the same everywhere, so that channels that come from a dump find them.
INSERT INTO respond.channel_kind (name, transport, description, url, headers, body, encoding, escape, signature, auth, needs_text, options, required_options, built_in, id) VALUES
('webhook', 'http', 'signed request as Standard Webhooks describes it, with the headers of CloudEvents. content_type: of the body; client_cert, client_key: files in PEM, for receivers that ask for a certificate (superusers only)',
	NULL,
	'{"ce-specversion": "1.0", "ce-id": "{{{ce.id}}}", "ce-source": "{{{ce.source}}}", "ce-type": "{{{ce.type}}}", "ce-subject": "{{{ce.subject}}}", "ce-time": "{{{ce.time}}}"}',
	'{"type": "{{{ce.type}}}", "timestamp": "{{{ce.time}}}", "text": "{{{text}}}", "data": "{{data}}"}',
	'json', 'none', true, NULL, false, '{"content_type": null, "client_cert": null, "client_key": null}', '{}', true, '00000000-0000-4000-8000-000000000001'),
('slack', 'http', 'incoming webhook of Slack; the url, or its last part as {{secret}}, is the secret',
	NULL, '{}', '{"text": "{{{text}}}"}', 'json', 'slack', false, NULL, true, '{}', '{}', true, '00000000-0000-4000-8000-000000000002'),
('teams', 'http', 'workflow webhook of Microsoft Teams',
	NULL, '{}',
	'{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, "text": "{{{text}}}"}]}}]}',
	'json', 'markdown', false, NULL, true, '{}', '{}', true, '00000000-0000-4000-8000-000000000003'),
('sms', 'http', 'form-encoded API as that of Twilio. username: account, the secret is its token; from, to: numbers',
	NULL, '{}', '{"To": "{{to}}", "From": "{{options.from}}", "Body": "{{{text}}}"}',
	'form', 'none', false, 'basic', true, '{"username": null, "from": null, "to": null}', '{from}', true, '00000000-0000-4000-8000-000000000004'),
('pagerduty', 'http', 'Events API v2 of PagerDuty; the secret is the routing key. severity, event_action, dedup_key (the event''s subject if not given): as PagerDuty has them',
	'https://events.pagerduty.com/v2/enqueue', '{}',
	'{"routing_key": "{{{secret}}}", "event_action": "{{{options.event_action}}}", "dedup_key": "{{{options.dedup_key}}}{{^options.dedup_key}}{{{subject | truncate: 255}}}{{/options.dedup_key}}", "payload": {"summary": "{{{text}}}", "source": "{{{ce.source}}}", "severity": "{{{options.severity}}}", "timestamp": "{{{ce.time}}}", "custom_details": "{{data}}"}}',
	'json', 'none', false, NULL, true, '{"severity": "error", "event_action": "trigger", "dedup_key": null}', '{}', true, '00000000-0000-4000-8000-000000000005'),
('email', 'smtp', 'mail. from, reply_to, to, cc, bcc: addresses, where steps do not say; username with the secret as password; tls: starttls or none (superusers only), smtps:// has TLS from the start; auth: how to log in (plain, login, cram-md5...); domain: said in EHLO',
	NULL, '{}', NULL, 'text', 'none', false, NULL, true,
	'{"from": null, "reply_to": null, "to": null, "cc": null, "bcc": null, "username": null, "tls": "starttls", "domain": null, "auth": null}', '{}', true, '00000000-0000-4000-8000-000000000006'),
('notify', 'notify', 'NOTIFY in this database. notify_channel: channel to LISTEN on, the name of the channel if not given',
	NULL, '{}', NULL, 'text', 'none', false, NULL, false, '{"notify_channel": null}', '{}', true, '00000000-0000-4000-8000-000000000007');

-- As the providers say; Teams takes 28 kB of JSON, in which a character is three bytes at most where it counts as one.
UPDATE respond.channel_kind AS k SET max_text = m.characters
  FROM (VALUES ('slack', 40000), ('teams', 9000), ('sms', 1600), ('pagerduty', 1024)) AS m (name, characters) WHERE k.name = m.name;

CREATE TRIGGER channel_kind_validate BEFORE INSERT OR UPDATE OR DELETE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_validate();
COMMENT ON TRIGGER channel_kind_validate ON respond.channel_kind IS 'refuses kinds that could not work, and changes of the built-in ones';
CREATE TRIGGER channel_kind_renamed AFTER UPDATE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_kind_renamed();
COMMENT ON TRIGGER channel_kind_renamed ON respond.channel_kind IS 'channels show the new name of their kind';
CREATE TRIGGER channels_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.channel_kind
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channels_changed();
COMMENT ON TRIGGER channels_changed ON respond.channel_kind IS 'makes workers reload the channels';
CREATE TRIGGER channel_validate BEFORE INSERT OR UPDATE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_validate();
-- Whatever the session's replication role: a secret must never reach the table.
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_validate;
COMMENT ON TRIGGER channel_validate ON respond.channel IS 'refuses channels that could not work, and keeps the secret out of the row';
CREATE TRIGGER channel_begin BEFORE INSERT OR UPDATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channel_begin();
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_begin;
COMMENT ON TRIGGER channel_begin ON respond.channel IS 'forgets secrets that an earlier statement gave for rows that did not come about';
CREATE TRIGGER channel_keep_secret AFTER INSERT OR UPDATE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.channel_keep_secret();
ALTER TABLE respond.channel ENABLE ALWAYS TRIGGER channel_keep_secret;
COMMENT ON TRIGGER channel_keep_secret ON respond.channel IS 'encrypts and keeps the secret that was given with the row';
CREATE TRIGGER channels_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.channels_changed();
COMMENT ON TRIGGER channels_changed ON respond.channel IS 'makes workers reload the channels';

CREATE TRIGGER channel_audit AFTER INSERT OR UPDATE OR DELETE ON respond.channel
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_audit ON respond.channel IS 'records changes to channels in the audit log, without their secrets';
CREATE TRIGGER channel_audit_truncate AFTER TRUNCATE ON respond.channel
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_audit_truncate ON respond.channel IS 'records the removal of all channels in the audit log';
CREATE TRIGGER channel_kind_audit AFTER INSERT OR UPDATE OR DELETE ON respond.channel_kind
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_kind_audit ON respond.channel_kind IS 'records changes to kinds of channels in the audit log';
CREATE TRIGGER channel_kind_audit_truncate AFTER TRUNCATE ON respond.channel_kind
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER channel_kind_audit_truncate ON respond.channel_kind IS 'records the removal of all kinds of channels in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.channel_kind', 'WHERE NOT built_in');
SELECT pg_catalog.pg_extension_config_dump('respond.channel', '');
