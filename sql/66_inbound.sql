-- 66_inbound.sql: how providers sign the requests that they send.

-- A provider is a row.
CREATE TABLE respond.inbound_scheme (
	name text PRIMARY KEY,
	description text,
	algorithm text NOT NULL,
	header text,
	signature_path text,
	prefix text,
	public_prefix text,
	separator text,
	pairs text,
	encoding text NOT NULL DEFAULT 'hex',
	secret_form text NOT NULL DEFAULT 'text',
	signed text,
	timestamp_header text,
	timestamp_path text,
	milliseconds boolean NOT NULL DEFAULT false,
	tolerance interval,
	id_path text,
	type_path text,
	event_type text,
	subject text,
	key text,
	split text,
	challenge text,
	answer text,
	built_in boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE respond.inbound_scheme IS 'how providers sign the requests that they send: a new provider is one more row';
COMMENT ON COLUMN respond.inbound_scheme.name IS 'name of the scheme';
COMMENT ON COLUMN respond.inbound_scheme.description IS 'whose requests it is for, and what the secret is';
COMMENT ON COLUMN respond.inbound_scheme.algorithm IS 'hmac-sha1, hmac-sha256, hmac-sha512; ed25519 or ecdsa (P-256), whose secret is a public key; basic (the secret is USER:PASSWORD); bearer (the secret itself is sent); none';
COMMENT ON COLUMN respond.inbound_scheme.header IS 'header that the signature stands in';
COMMENT ON COLUMN respond.inbound_scheme.signature_path IS 'where in the body it stands, such as data.signature.signature, if it is in no header';
COMMENT ON COLUMN respond.inbound_scheme.prefix IS 'what stands before each signature; what begins otherwise is no signature';
COMMENT ON COLUMN respond.inbound_scheme.public_prefix IS 'what stands before signatures of ed25519 in base64 in the same list, for secrets that are public keys (whpk_)';
COMMENT ON COLUMN respond.inbound_scheme.separator IS 'what stands between signatures: a comma, a semicolon or a blank; NULL: there is one signature';
COMMENT ON COLUMN respond.inbound_scheme.pairs IS 'how a header with names is built, such as t={{timestamp}},v1={{signature}}';
COMMENT ON COLUMN respond.inbound_scheme.encoding IS 'how signatures are written: hex or base64, of either alphabet';
COMMENT ON COLUMN respond.inbound_scheme.secret_form IS 'how secrets of an HMAC are written: text, hex, or base64, before which whsec_ may stand';
COMMENT ON COLUMN respond.inbound_scheme.signed IS 'what is signed: a text with {{id}}, {{timestamp}}, {{body}}, {{url}}, {{form}} (fields of a form, sorted) and {{data.PATH}}';
COMMENT ON COLUMN respond.inbound_scheme.timestamp_header IS 'header that the time of sending stands in';
COMMENT ON COLUMN respond.inbound_scheme.timestamp_path IS 'where in the body it stands, if it is in no header';
COMMENT ON COLUMN respond.inbound_scheme.milliseconds IS 'whether that time counts milliseconds since 1970, not seconds';
COMMENT ON COLUMN respond.inbound_scheme.tolerance IS 'how far that time may be from now, both ways; NULL: it is not looked at';
COMMENT ON COLUMN respond.inbound_scheme.id_path IS 'where the id of a request stands, such as headers.x-github-delivery or data.id';
COMMENT ON COLUMN respond.inbound_scheme.type_path IS 'where its type stands';
COMMENT ON COLUMN respond.inbound_scheme.event_type IS 'template of the type of events, for sources that have none; NULL: {{type}}, what stands at type_path';
COMMENT ON COLUMN respond.inbound_scheme.subject IS 'the same of their subject; NULL: none';
COMMENT ON COLUMN respond.inbound_scheme.key IS 'the same of their key; NULL: {{id}}, what stands at id_path';
COMMENT ON COLUMN respond.inbound_scheme.split IS 'where in the body a list stands of which each item is an event: data, or data.PATH; for templates and paths data is then the item, body all of it; NULL: a request is one event';
COMMENT ON COLUMN respond.inbound_scheme.challenge IS 'which question the provider asks before it sends: slack, discord, zoom, meta, cloudevents; NULL: none';
COMMENT ON COLUMN respond.inbound_scheme.answer IS 'pagerduty: requests come in through /v2/enqueue too, and are answered as its Events API v2 does; NULL: as all others';
COMMENT ON COLUMN respond.inbound_scheme.built_in IS 'part of pg_respond; cannot be changed';

CREATE FUNCTION respond_internal.inbound_scheme_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_scheme_validate';
COMMENT ON FUNCTION respond_internal.inbound_scheme_validate() IS 'trigger: refuses schemes that could not work, and changes of the built-in ones';

-- The rows that come with the extension; before the triggers, which refuse them to everybody else.
INSERT INTO respond.inbound_scheme (name, description, algorithm, header, signature_path, prefix, separator, encoding, signed,
	timestamp_header, timestamp_path, tolerance, id_path, type_path, challenge, built_in) VALUES
('standard_webhooks', 'Standard Webhooks; secrets whsec_ and public keys whpk_', 'hmac-sha256', 'webhook-signature', NULL, 'v1,', ' ', 'base64',
	'{{id}}.{{timestamp}}.{{body}}', 'webhook-timestamp', NULL, '5 minutes', 'headers.webhook-id', 'data.type', NULL, true),
('svix', 'Svix, whose headers have names of their own; secrets whsec_', 'hmac-sha256', 'svix-signature', NULL, 'v1,', ' ', 'base64',
	'{{id}}.{{timestamp}}.{{body}}', 'svix-timestamp', NULL, '5 minutes', 'headers.svix-id', 'data.type', NULL, true),
('github', 'GitHub; the secret of the webhook', 'hmac-sha256', 'x-hub-signature-256', NULL, 'sha256=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'headers.x-github-delivery', 'headers.x-github-event', NULL, true),
('gitlab', 'GitLab; the secret token of the webhook', 'bearer', 'x-gitlab-token', NULL, NULL, NULL, 'hex',
	NULL, NULL, NULL, NULL, 'headers.idempotency-key', 'headers.x-gitlab-event', NULL, true),
('stripe', 'Stripe; the signing secret, with its whsec_', 'hmac-sha256', 'stripe-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}.{{body}}', NULL, NULL, '5 minutes', 'data.id', 'data.type', NULL, true),
('slack', 'Slack; the signing secret of the app', 'hmac-sha256', 'x-slack-signature', NULL, 'v0=', NULL, 'hex',
	'v0:{{timestamp}}:{{body}}', 'x-slack-request-timestamp', NULL, '5 minutes', 'data.event_id', 'data.event.type', 'slack', true),
('pagerduty', 'webhooks V3 of PagerDuty; the secret of the subscription', 'hmac-sha256', 'x-pagerduty-signature', NULL, 'v1=', ',', 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.event.id', 'data.event.event_type', NULL, true),
('pagerduty_events', 'what tools send to Events API v2 of PagerDuty; the secret is the routing key', 'bearer', NULL, 'data.routing_key', NULL, NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, 'data.event_action', NULL, true),
('alertmanager', 'Alertmanager; the secret is the credentials of its http_config', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, 'data.status', NULL, true),
('grafana', 'Grafana Alerting; the secret of the HMAC signature', 'hmac-sha256', 'x-grafana-alerting-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, NULL, 'data.status', NULL, true),
('grafana_timestamp', 'the same with a timestamp header, named x-grafana-alerting-timestamp', 'hmac-sha256', 'x-grafana-alerting-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}:{{body}}', 'x-grafana-alerting-timestamp', NULL, '5 minutes', NULL, 'data.status', NULL, true),
('sentry', 'Sentry; the client secret of the integration', 'hmac-sha256', 'sentry-hook-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'headers.request-id', 'headers.sentry-hook-resource', NULL, true),
('datadog', 'Datadog; the secret is sent in a custom header, Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, 'data.id', 'data.event_type', NULL, true),
('shopify', 'Shopify; the client secret of the app', 'hmac-sha256', 'x-shopify-hmac-sha256', NULL, NULL, NULL, 'base64',
	'{{body}}', NULL, NULL, NULL, 'headers.x-shopify-webhook-id', 'headers.x-shopify-topic', NULL, true),
('twilio', 'Twilio; the auth token of the account', 'hmac-sha1', 'x-twilio-signature', NULL, NULL, NULL, 'base64',
	'{{url}}{{form}}', NULL, NULL, NULL, 'data.MessageSid', NULL, NULL, true),
('mailgun', 'Mailgun; the HTTP webhook signing key', 'hmac-sha256', NULL, 'data.signature.signature', NULL, NULL, 'hex',
	'{{timestamp}}{{data.signature.token}}', NULL, 'data.signature.timestamp', NULL, 'data.event-data.id', 'data.event-data.event', NULL, true),
('sendgrid', 'signed event webhook of SendGrid; the verification key', 'ecdsa', 'x-twilio-email-event-webhook-signature', NULL, NULL, NULL, 'base64',
	'{{timestamp}}{{body}}', 'x-twilio-email-event-webhook-timestamp', NULL, NULL, 'data.sg_event_id', 'data.event', NULL, true),
('zendesk', 'Zendesk; the signing secret of the webhook', 'hmac-sha256', 'x-zendesk-webhook-signature', NULL, NULL, NULL, 'base64',
	'{{timestamp}}{{body}}', 'x-zendesk-webhook-signature-timestamp', NULL, NULL, 'data.id', 'data.type', NULL, true),
('linear', 'Linear; the signing secret of the webhook', 'hmac-sha256', 'linear-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, 'data.webhookTimestamp', '1 minute', 'headers.linear-delivery', 'data.type', NULL, true),
('paddle', 'Paddle; the secret key of the destination', 'hmac-sha256', 'paddle-signature', NULL, NULL, NULL, 'hex',
	'{{timestamp}}:{{body}}', NULL, NULL, '1 minute', 'data.event_id', 'data.event_type', NULL, true),
('intercom', 'Intercom; the client secret of the app', 'hmac-sha1', 'x-hub-signature', NULL, 'sha1=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.id', 'data.topic', NULL, true),
('discord', 'Discord; the public key of the app', 'ed25519', 'x-signature-ed25519', NULL, NULL, NULL, 'hex',
	'{{timestamp}}{{body}}', 'x-signature-timestamp', NULL, '5 minutes', 'data.id', 'data.type', 'discord', true),
('zoom', 'Zoom; the secret token of the app', 'hmac-sha256', 'x-zm-signature', NULL, 'v0=', NULL, 'hex',
	'v0:{{timestamp}}:{{body}}', 'x-zm-request-timestamp', NULL, '5 minutes', NULL, 'data.event', 'zoom', true),
('meta', 'Meta: Facebook, Instagram, WhatsApp; the secret of the app, and the verify token as a second secret', 'hmac-sha256', 'x-hub-signature-256', NULL, 'sha256=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, NULL, 'data.object', 'meta', true),
('hmac', 'anybody who signs the body with HMAC-SHA256, in hex, in the header X-Signature', 'hmac-sha256', 'x-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('bearer', 'anybody who sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('basic', 'anybody who sends a user and a password; the secret is USER:PASSWORD', 'basic', 'authorization', NULL, 'Basic ', NULL, 'base64',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('cloudevents', 'CloudEvents from whoever sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, NULL, 'cloudevents', true);
UPDATE respond.inbound_scheme AS s SET public_prefix = 'v1a,', secret_form = 'base64' WHERE s.name IN ('standard_webhooks', 'svix');
UPDATE respond.inbound_scheme AS s SET pairs = 't={{timestamp}},v1={{signature}}' WHERE s.name = 'stripe';
UPDATE respond.inbound_scheme AS s SET pairs = 'ts={{timestamp}};h1={{signature}}' WHERE s.name = 'paddle';
UPDATE respond.inbound_scheme AS s SET milliseconds = true WHERE s.name = 'linear';
-- What events are called, and what they are about.
UPDATE respond.inbound_scheme AS s SET subject = t.subject
  FROM (VALUES
	('standard_webhooks', '{{data.data.id}}'), ('svix', '{{data.data.id}}'), ('github', '{{data.repository.full_name}}'), ('gitlab', '{{data.project.path_with_namespace}}'),
	('stripe', '{{data.data.object.id}}'), ('pagerduty', '{{data.event.data.id}}'), ('pagerduty_events', '{{data.dedup_key}}'),
	('slack', '{{#data.event}}{{data.event.channel}}{{/data.event}}{{^data.event}}{{data.channel_id}}{{data.channel.id}}{{/data.event}}'),
	('alertmanager', '{{data.fingerprint}}'), ('grafana', '{{data.fingerprint}}'), ('grafana_timestamp', '{{data.fingerprint}}'),
	('sentry', '{{data.data.issue.id}}{{^data.data.issue}}{{data.data.event.issue_id}}{{/data.data.issue}}'), ('datadog', '{{data.alert_id}}'),
	('shopify', '{{data.admin_graphql_api_id}}'), ('twilio', '{{data.From}}'), ('mailgun', '{{data.event-data.recipient}}'), ('sendgrid', '{{data.email}}'),
	('zendesk', '{{data.subject}}'), ('linear', '{{data.data.id}}'), ('paddle', '{{data.data.id}}'), ('intercom', '{{data.data.item.id}}'),
	('discord', '{{data.channel_id}}'), ('zoom', '{{data.payload.object.id}}'), ('meta', '{{data.entry.0.id}}'),
	('hmac', '{{data.subject}}'), ('bearer', '{{data.subject}}'), ('basic', '{{data.subject}}')) AS t (name, subject)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET event_type = t.event_type
  FROM (VALUES
	('alertmanager', 'alertmanager.{{type}}'), ('grafana', 'grafana.{{type}}'), ('grafana_timestamp', 'grafana.{{type}}'), ('twilio', 'twilio.message'),
	('pagerduty_events', 'pagerduty.{{type}}'),
	('slack', '{{type}}{{^type}}{{data.type | default: "command"}}{{/type}}')) AS t (name, event_type)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET key = t.key
  FROM (VALUES
	('gitlab', '{{id}}{{^id}}{{headers.x-gitlab-event-uuid}}{{/id}}'), ('slack', '{{id}}{{^id}}{{data.trigger_id}}{{/id}}'),
	('twilio', '{{id}}{{#data.MessageStatus}}/{{data.MessageStatus}}{{/data.MessageStatus}}'),
	('alertmanager', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}'), ('grafana', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}'),
	('grafana_timestamp', '{{data.fingerprint}}/{{data.startsAt}}/{{data.status}}')) AS t (name, key)
 WHERE s.name = t.name;
UPDATE respond.inbound_scheme AS s SET split = 'data.alerts' WHERE s.name IN ('alertmanager', 'grafana', 'grafana_timestamp');
UPDATE respond.inbound_scheme AS s SET split = 'data' WHERE s.name = 'sendgrid';
UPDATE respond.inbound_scheme AS s SET answer = 'pagerduty' WHERE s.name = 'pagerduty_events';

CREATE TRIGGER inbound_scheme_validate BEFORE INSERT OR UPDATE OR DELETE ON respond.inbound_scheme
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_scheme_validate();
COMMENT ON TRIGGER inbound_scheme_validate ON respond.inbound_scheme IS 'refuses schemes that could not work, and changes of the built-in ones';

CREATE TRIGGER inbound_scheme_audit AFTER INSERT OR UPDATE OR DELETE ON respond.inbound_scheme
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_scheme_audit ON respond.inbound_scheme IS 'records changes to schemes in the audit log';
CREATE TRIGGER inbound_scheme_audit_truncate AFTER TRUNCATE ON respond.inbound_scheme
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_scheme_audit_truncate ON respond.inbound_scheme IS 'records the removal of all schemes in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.inbound_scheme', 'WHERE NOT built_in');

-- Who may send requests, and what events these become.
CREATE TABLE respond.inbound_source (
	name text PRIMARY KEY,
	path text NOT NULL UNIQUE,
	scheme text NOT NULL,
	secret text,
	secrets text[],
	event_type text,
	subject text,
	key text,
	data text,
	split text,
	dedup text NOT NULL DEFAULT 'key',
	allow_networks text[],
	rate_limit double precision,
	max_body integer NOT NULL DEFAULT 1048576,
	enabled boolean NOT NULL DEFAULT true,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() UNIQUE
);
COMMENT ON TABLE respond.inbound_source IS 'whose requests become events; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.inbound_source.name IS 'name of the source; it cannot be changed';
COMMENT ON COLUMN respond.inbound_source.path IS 'what stands behind /in/ in the url to send to; by default the name';
COMMENT ON COLUMN respond.inbound_source.scheme IS 'a row of inbound_scheme: how requests are signed';
COMMENT ON COLUMN respond.inbound_source.secret IS 'write only: kept encrypted elsewhere, always reads as NULL; replaces all secrets of the source';
COMMENT ON COLUMN respond.inbound_source.secrets IS 'the same for several, any of which is right, the newest first; see also set_inbound_secret() and add_inbound_secret()';
COMMENT ON COLUMN respond.inbound_source.event_type IS 'template of the type of events, over data, body, headers, query, type, id, source, path, method, index, and attributes of CloudEvents; NULL: that of the scheme';
COMMENT ON COLUMN respond.inbound_source.subject IS 'the same of their subject';
COMMENT ON COLUMN respond.inbound_source.key IS 'the same of their key: a second event of the source with the same key is not recorded';
COMMENT ON COLUMN respond.inbound_source.data IS 'the same of their data: JSON whose strings are templates, or one template; NULL: the body, or the item of it';
COMMENT ON COLUMN respond.inbound_source.split IS 'where in the body a list stands of which each item is an event: data, or data.PATH; empty: a request is one event; NULL: as the scheme says';
COMMENT ON COLUMN respond.inbound_source.dedup IS 'key: by their keys, and not at all without one; body: the same body counts once, whatever the headers say';
COMMENT ON COLUMN respond.inbound_source.allow_networks IS 'addresses and networks that requests may come from; NULL: from anywhere';
COMMENT ON COLUMN respond.inbound_source.rate_limit IS 'most requests per second; NULL: no limit';
COMMENT ON COLUMN respond.inbound_source.max_body IS 'largest body in bytes, 16 MB at most';
COMMENT ON COLUMN respond.inbound_source.enabled IS 'whether requests are taken';
COMMENT ON COLUMN respond.inbound_source.description IS 'what it is for';
COMMENT ON COLUMN respond.inbound_source.created_at IS 'when it was created';
COMMENT ON COLUMN respond.inbound_source.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.inbound_source.id IS 'assigned by pg_respond; secrets belong to the id, because the name may be used again for another source';

-- Written by C code alone: the functions below and the triggers of respond.inbound_source.
CREATE TABLE respond_internal.inbound_secret (
	source text NOT NULL,
	number integer NOT NULL,
	sealed bytea NOT NULL,
	set_at timestamptz NOT NULL,
	set_by text,
	source_id uuid NOT NULL,
	definition bytea NOT NULL,
	PRIMARY KEY (source_id, number)
);
COMMENT ON TABLE respond_internal.inbound_secret IS 'secrets of inbound sources, encrypted with a key from pg_respond.secret_key_file';
COMMENT ON COLUMN respond_internal.inbound_secret.source IS 'name of the source';
COMMENT ON COLUMN respond_internal.inbound_secret.number IS 'newer secrets of a source have larger ones';
COMMENT ON COLUMN respond_internal.inbound_secret.sealed IS 'version, key id, nonce, ciphertext and tag of AES-256-GCM; the source''s id and the definition are authenticated with it, so it is of no use anywhere else';
COMMENT ON COLUMN respond_internal.inbound_secret.set_at IS 'when the secret was set; encrypting it with another key does not count';
COMMENT ON COLUMN respond_internal.inbound_secret.set_by IS 'who set it: a role, or rule:NAME';
COMMENT ON COLUMN respond_internal.inbound_secret.source_id IS 'the source';
COMMENT ON COLUMN respond_internal.inbound_secret.definition IS 'SHA-256 of what the scheme of the source did with secrets then';

-- A sample; no more than the newest 1,000 are kept.
CREATE TABLE respond.inbound_reject (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	source text,
	reason text NOT NULL,
	detail text,
	method text,
	path text,
	peer text,
	headers jsonb,
	body_size bigint
);
COMMENT ON TABLE respond.inbound_reject IS 'requests that were refused: the first of each source and reason and then one in a second, the newest 1,000 of all; inbound_stats counts all of them';
COMMENT ON COLUMN respond.inbound_reject.id IS 'number of the row';
COMMENT ON COLUMN respond.inbound_reject.at IS 'when it was refused';
COMMENT ON COLUMN respond.inbound_reject.source IS 'name of the source; NULL: the path is none''s';
COMMENT ON COLUMN respond.inbound_reject.reason IS 'no_source, method, size, rate, network, missing_signature, missing_timestamp, missing_id, malformed, stale, signature, challenge, split or invalid_event';
COMMENT ON COLUMN respond.inbound_reject.detail IS 'more about it, which the sender was not told';
COMMENT ON COLUMN respond.inbound_reject.method IS 'HTTP method';
COMMENT ON COLUMN respond.inbound_reject.path IS 'path of the url, without the name of the database and without the query';
COMMENT ON COLUMN respond.inbound_reject.peer IS 'address that it came from; NULL: a Unix socket';
COMMENT ON COLUMN respond.inbound_reject.headers IS 'its headers, with *** for what might let somebody in';
COMMENT ON COLUMN respond.inbound_reject.body_size IS 'bytes of its body';

CREATE FUNCTION respond_internal.inbound_source_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_validate';
COMMENT ON FUNCTION respond_internal.inbound_source_validate() IS 'trigger: refuses sources that could not work, and keeps secrets out of the row';
CREATE FUNCTION respond_internal.inbound_source_begin() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_begin';
COMMENT ON FUNCTION respond_internal.inbound_source_begin() IS 'trigger: forgets secrets that an earlier statement gave for rows that did not come about';
CREATE FUNCTION respond_internal.inbound_source_keep_secrets() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_keep_secrets';
COMMENT ON FUNCTION respond_internal.inbound_source_keep_secrets() IS 'trigger: encrypts and keeps the secrets that were given with the row';
CREATE FUNCTION respond_internal.inbound_source_deleted() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_source_deleted';
COMMENT ON FUNCTION respond_internal.inbound_source_deleted() IS 'trigger: forgets the secrets of sources that are gone';
CREATE FUNCTION respond_internal.inbound_sources_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_sources_changed';
COMMENT ON FUNCTION respond_internal.inbound_sources_changed() IS 'trigger: makes workers reload the sources after the commit';

CREATE TRIGGER inbound_sources_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.inbound_scheme
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_sources_changed();
COMMENT ON TRIGGER inbound_sources_changed ON respond.inbound_scheme IS 'makes workers reload the sources';
CREATE TRIGGER inbound_source_validate BEFORE INSERT OR UPDATE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_validate();
COMMENT ON TRIGGER inbound_source_validate ON respond.inbound_source IS 'refuses sources that could not work, and keeps secrets out of the row';
CREATE TRIGGER inbound_source_begin BEFORE INSERT OR UPDATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_source_begin();
COMMENT ON TRIGGER inbound_source_begin ON respond.inbound_source IS 'forgets secrets that an earlier statement gave for rows that did not come about';
CREATE TRIGGER inbound_source_keep_secrets AFTER INSERT OR UPDATE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_keep_secrets();
COMMENT ON TRIGGER inbound_source_keep_secrets ON respond.inbound_source IS 'encrypts and keeps the secrets that were given with the row';
CREATE TRIGGER inbound_source_deleted AFTER DELETE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.inbound_source_deleted();
COMMENT ON TRIGGER inbound_source_deleted ON respond.inbound_source IS 'forgets the secrets of a source that is gone';
CREATE TRIGGER inbound_source_truncated AFTER TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_source_deleted();
COMMENT ON TRIGGER inbound_source_truncated ON respond.inbound_source IS 'forgets the secrets of all sources';
CREATE TRIGGER inbound_sources_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.inbound_sources_changed();
COMMENT ON TRIGGER inbound_sources_changed ON respond.inbound_source IS 'makes workers reload the sources';
CREATE TRIGGER inbound_source_audit AFTER INSERT OR UPDATE OR DELETE ON respond.inbound_source
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_source_audit ON respond.inbound_source IS 'records changes to sources in the audit log, without their secrets';
CREATE TRIGGER inbound_source_audit_truncate AFTER TRUNCATE ON respond.inbound_source
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER inbound_source_audit_truncate ON respond.inbound_source IS 'records the removal of all sources in the audit log';
-- Whatever the session's replication role: a secret must never reach the table.
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_validate;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_begin;
ALTER TABLE respond.inbound_source ENABLE ALWAYS TRIGGER inbound_source_keep_secrets;

CREATE FUNCTION respond.set_inbound_secret(source text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_set_inbound_secret';
COMMENT ON FUNCTION respond.set_inbound_secret(text, text) IS 'sets the secret of a source in place of all that it has, NULL removes them; needs the right to update sources';
CREATE FUNCTION respond.add_inbound_secret(source text, secret text) RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_add_inbound_secret';
COMMENT ON FUNCTION respond.add_inbound_secret(text, text) IS 'gives a source one more secret: requests with this one and with the others are right, until drop_inbound_secrets()';
CREATE FUNCTION respond.drop_inbound_secrets(source text, keep integer DEFAULT 1) RETURNS integer
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_drop_inbound_secrets';
COMMENT ON FUNCTION respond.drop_inbound_secrets(text, integer) IS 'removes all secrets of a source but the newest; returns how many';

CREATE FUNCTION respond.inbound_test(source text, headers jsonb DEFAULT '{}', body bytea DEFAULT NULL, method text DEFAULT 'POST', url text DEFAULT NULL, at timestamptz DEFAULT NULL,
	OUT ok boolean, OUT reason text, OUT events jsonb)
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_inbound_test';
COMMENT ON FUNCTION respond.inbound_test(text, jsonb, bytea, text, text, timestamptz) IS 'what would come of a request to a source, at this time or now: whether it is taken, if not why, and the events that would be recorded; records nothing';

CREATE FUNCTION respond_internal.inbound_secret_fault(source text) RETURNS text
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_inbound_secret_fault';
COMMENT ON FUNCTION respond_internal.inbound_secret_fault(text) IS 'why no request to a source can be checked; NULL: it can';
CREATE FUNCTION respond_internal.inbound_counters(source text, OUT taken bigint, OUT events bigint, OUT duplicates bigint, OUT refused bigint, OUT reasons jsonb,
	OUT last_taken_at timestamptz, OUT last_refused_at timestamptz, OUT last_reason text, OUT refused_in_row bigint, OUT longest_pause interval, OUT since timestamptz)
LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'respond_inbound_counters';
COMMENT ON FUNCTION respond_internal.inbound_counters(text) IS 'requests to a source since the server started, from shared memory; an empty name: those to none';
CREATE FUNCTION respond_internal.inbound_secrets(source text) RETURNS bigint
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT count(*) FROM respond.inbound_source AS s JOIN respond_internal.inbound_secret AS k ON k.source_id = s.id WHERE s.name = $1
$$;
COMMENT ON FUNCTION respond_internal.inbound_secrets(text) IS 'how many secrets a source has';

CREATE VIEW respond.inbound_stats WITH (security_invoker = true) AS
SELECT s.name AS source, s.path, s.scheme, s.enabled, respond_internal.inbound_secrets(s.name) AS secrets, c.taken, c.events, c.duplicates, c.refused, c.reasons,
	   c.last_taken_at, c.last_refused_at, c.last_reason, c.refused_in_row, c.longest_pause, c.since
  FROM respond.inbound_source AS s
 CROSS JOIN LATERAL respond_internal.inbound_counters(s.name) AS c
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, c.taken, c.events, c.duplicates, c.refused, c.reasons,
	   c.last_taken_at, c.last_refused_at, c.last_reason, c.refused_in_row, c.longest_pause, c.since
  FROM respond_internal.inbound_counters('') AS c;
COMMENT ON VIEW respond.inbound_stats IS 'requests to each source since the server started, from shared memory; the row without a source has those whose path is none''s';
COMMENT ON COLUMN respond.inbound_stats.source IS 'name of the source';
COMMENT ON COLUMN respond.inbound_stats.path IS 'its path';
COMMENT ON COLUMN respond.inbound_stats.scheme IS 'its scheme';
COMMENT ON COLUMN respond.inbound_stats.enabled IS 'whether its requests are taken';
COMMENT ON COLUMN respond.inbound_stats.secrets IS 'how many secrets it has, which nobody can read';
COMMENT ON COLUMN respond.inbound_stats.taken IS 'requests that were taken, challenges too';
COMMENT ON COLUMN respond.inbound_stats.events IS 'events that were recorded';
COMMENT ON COLUMN respond.inbound_stats.duplicates IS 'events that were not, because their key was known';
COMMENT ON COLUMN respond.inbound_stats.refused IS 'requests that were refused';
COMMENT ON COLUMN respond.inbound_stats.reasons IS 'how many of them for each reason; inbound_reject has a sample';
COMMENT ON COLUMN respond.inbound_stats.last_taken_at IS 'when the last one was taken';
COMMENT ON COLUMN respond.inbound_stats.last_refused_at IS 'when the last one was refused';
COMMENT ON COLUMN respond.inbound_stats.last_reason IS 'why';
COMMENT ON COLUMN respond.inbound_stats.refused_in_row IS 'how many were refused since the last one that was taken';
COMMENT ON COLUMN respond.inbound_stats.longest_pause IS 'longest time between two that were taken';
COMMENT ON COLUMN respond.inbound_stats.since IS 'when counting began';

COMMENT ON SEQUENCE respond.inbound_reject_id_seq IS 'numbers of refused requests';
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_source', '');
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_reject', '');
SELECT pg_catalog.pg_extension_config_dump('respond.inbound_reject_id_seq', '');
-- A dump holds what is sealed; without the key file it is of no use.
SELECT pg_catalog.pg_extension_config_dump('respond_internal.inbound_secret', '');
