-- Callers from outside: GitHub's webhooks, and tools that speak to PagerDuty.  The secrets come from files of the demo.
\set github `cat "$SECRETS/github"`
\set routing_key `cat "$SECRETS/routing_key"`

SET client_min_messages = warning;
DROP ROLE IF EXISTS demo_watcher;
CREATE ROLE demo_watcher LOGIN IN ROLE respond_auditor;

INSERT INTO respond.inbound_source (name, scheme, secret, event_type, description) VALUES
	('github', 'github', :'github', 'github.{{type}}', 'webhooks of our repositories');
INSERT INTO respond.inbound_source (name, scheme, secret, description) VALUES
	('monitoring', 'pagerduty_events', :'routing_key', 'whatever can send to PagerDuty');

INSERT INTO respond.rule (name, folder, description, event_type, steps) VALUES
	('alert opens', 'monitoring', 'an alert becomes a ticket', 'pagerduty.trigger',
	 '[{"action": "ticket", "key": "{{subject}}", "team": "dba", "priority": "urgent", "subject": "{{data.payload.summary}}"}]'),
	('alert ends', 'monitoring', 'and its end solves it', 'pagerduty.resolve',
	 '[{"action": "update_ticket", "key": "{{subject}}", "status": "solved"}]');
