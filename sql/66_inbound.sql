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
	challenge text,
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
COMMENT ON COLUMN respond.inbound_scheme.challenge IS 'which question the provider asks before it sends: slack, discord, zoom, meta, cloudevents; NULL: none';
COMMENT ON COLUMN respond.inbound_scheme.built_in IS 'part of pg_respond; cannot be changed';

CREATE FUNCTION respond_internal.inbound_scheme_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_inbound_scheme_validate';
COMMENT ON FUNCTION respond_internal.inbound_scheme_validate() IS 'trigger: refuses schemes that could not work, and changes of the built-in ones';

-- The rows that come with the extension; before the triggers, which refuse them to everybody else.
INSERT INTO respond.inbound_scheme (name, description, algorithm, header, signature_path, prefix, separator, encoding, signed,
	timestamp_header, timestamp_path, tolerance, id_path, type_path, challenge, built_in) VALUES
('standard_webhooks', 'Standard Webhooks, Svix; secrets whsec_ and public keys whpk_', 'hmac-sha256', 'webhook-signature', NULL, 'v1,', ' ', 'base64',
	'{{id}}.{{timestamp}}.{{body}}', 'webhook-timestamp', NULL, '5 minutes', 'headers.webhook-id', 'data.type', NULL, true),
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
('meta', 'Meta: Facebook, Instagram, WhatsApp; the secret of the app', 'hmac-sha256', 'x-hub-signature-256', NULL, 'sha256=', NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, NULL, 'data.object', 'meta', true),
('hmac', 'anybody who signs the body with HMAC-SHA256, in hex, in the header X-Signature', 'hmac-sha256', 'x-signature', NULL, NULL, NULL, 'hex',
	'{{body}}', NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('bearer', 'anybody who sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('basic', 'anybody who sends a user and a password; the secret is USER:PASSWORD', 'basic', 'authorization', NULL, 'Basic ', NULL, 'base64',
	NULL, NULL, NULL, NULL, 'data.id', 'data.type', NULL, true),
('cloudevents', 'CloudEvents from whoever sends Authorization: Bearer SECRET', 'bearer', 'authorization', NULL, 'Bearer ', NULL, 'hex',
	NULL, NULL, NULL, NULL, NULL, NULL, 'cloudevents', true);
UPDATE respond.inbound_scheme AS s SET public_prefix = 'v1a,', secret_form = 'base64' WHERE s.name = 'standard_webhooks';
UPDATE respond.inbound_scheme AS s SET pairs = 't={{timestamp}},v1={{signature}}' WHERE s.name = 'stripe';
UPDATE respond.inbound_scheme AS s SET pairs = 'ts={{timestamp}};h1={{signature}}' WHERE s.name = 'paddle';
UPDATE respond.inbound_scheme AS s SET milliseconds = true WHERE s.name = 'linear';

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
