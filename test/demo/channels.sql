-- Where messages go.  The demo gives :receiver and :mail_server, with ports that were free.
-- Secrets come out of files into variables of psql, and so appear neither here nor in a history of commands.
\set mail_password `cat "$SECRETS/mail"`
\set billing_secret `cat "$SECRETS/billing"`
\set ledger_secret `cat "$SECRETS/ledger"`
\set warehouse_secret `cat "$SECRETS/warehouse"`
\set partner_secret `cat "$SECRETS/partner.old"`
\set probe_secret `cat "$SECRETS/probe"`

-- A provider that pg_respond does not know is one more row: what is sent to it, as a template.
INSERT INTO respond.channel_kind (name, transport, description, body, needs_text) VALUES
	('discord', 'http', 'webhook of Discord; the url is the secret', '{"content": "{{{text}}}"}', true);

INSERT INTO respond.channel (name, kind, url, secret, options, description) VALUES
	('mail', 'email', :'mail_server', :'mail_password', '{"from": "\"Müller & Söhne\" <billing@example.org>", "username": "shop"}',
	 'mail to customers; the secret is the password'),
	('billing', 'slack', :'receiver' || '/services/T1/{{secret}}', :'billing_secret', '{}',
	 'the room of the billing team; who knows the end of the url may write there'),
	('operators', 'discord', :'receiver' || '/api/webhooks/7/operators', NULL, '{}', 'the room of those who run the database'),
	('ledger', 'webhook', :'receiver' || '/hooks/ledger', :'ledger_secret', '{}', 'books each payment; the secret signs'),
	('probe', 'webhook', :'receiver' || '/hooks/probe', :'probe_secret', '{}', 'for the measurement of how long it takes');

-- Short waits, for a demo; without retry_delays there are ten tries in 75 hours.
INSERT INTO respond.channel (name, kind, url, secret, retry_delays, max_attempts, description) VALUES
	('warehouse', 'webhook', :'receiver' || '/hooks/warehouse', :'warehouse_secret', '{200ms,400ms}', 5, 'not well at first');

-- A secret can be set and replaced later, too.  This one is not what the partner expects.
INSERT INTO respond.channel (name, kind, url, description) VALUES
	('partner', 'webhook', :'receiver' || '/hooks/partner', 'has another secret than we think');
SELECT respond.set_secret('partner', :'partner_secret') \g /dev/null
