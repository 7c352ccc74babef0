-- Example rules.  A rule is one row: which events, and what to do.  Run "make psql" and try them with
-- respond.simulate(); change one and the next event is handled by the new version.

INSERT INTO respond.team (name, description) VALUES
	('billing', 'payments and invoices'),
	('dba', 'the database itself'),
	('backend', 'the code that talks to the database'),
	('support', 'issues of users'),
	('security', 'alerts that cannot wait'),
	('ci', 'builds and deployments');

-- ---------------------------------------------------------------------------------------------------------------
-- Payments: table "payment" is watched, so each UPDATE is an event with the old and the new row.

-- The steps are run in order; what one gives, here the ticket's number, the next ones can use.  The ticket is there with the
-- commit; mail and message are recorded in the same transaction as deliveries, and sent after it.
INSERT INTO respond.rule (name, folder, description, event_type, pattern, steps) VALUES (
	'failed payment', 'payments', 'a payment that did not fail before fails now', 'payment.updated',
	'{"data": {"new": {"status": ["failed"]}, "old": {"status": [{"anything-but": "failed"}]}}}',
	'[{"action": "email", "channel": "mail", "to": "{{data.new.email}}", "subject": "Your payment {{data.new.id}} did not go through",
	   "text": "Your payment of {{data.new.amount}} {{data.new.currency}} did not go through. Please check your card.",
	   "html": "<p>Your payment of <b>{{data.new.amount}} {{data.new.currency}}</b> did not go through. Please check your card.</p>"},
	  {"action": "ticket", "name": "t", "key": "payment/{{data.new.id}}", "team": "billing", "priority": "high",
	   "subject": "Payment {{data.new.id}} failed", "description": "{{data.new.amount}} {{data.new.currency}} from {{data.new.email}}"},
	  {"action": "notify", "channel": "billing", "text": "Payment {{data.new.id}} failed, ticket {{steps.t.id}}"}]');

-- Without text and body, a webhook sends the event.
INSERT INTO respond.rule (name, folder, description, event_type, pattern, steps) VALUES (
	'book', 'payments', 'each payment that failed or was settled goes to the ledger', 'payment.updated',
	'{"data": {"changed": ["status"], "new": {"status": ["failed", "settled"]}}}',
	'[{"action": "notify", "channel": "ledger"}]');

-- A SQL condition may look into other tables; it runs with the rights of the rule's owner.
INSERT INTO respond.rule (name, folder, description, event_type, pattern, condition, steps) VALUES (
	'large payment', 'payments', 'a settled payment above the limit that table payment_limit names', 'payment.updated',
	'{"data": {"new": {"status": ["settled"]}}}',
	'(data #>> ''{new,amount}'')::numeric > (SELECT amount FROM public.payment_limit WHERE currency = data #>> ''{new,currency}'')',
	'[{"action": "emit", "type": "payment.review_wanted", "data": {"payment": "{{data.new.id}}", "amount": "{{data.new.amount}}"}}]');

INSERT INTO respond.rule (name, folder, description, event_type, steps) VALUES (
	'payment review', 'payments', 'what the rule above asks for', 'payment.review_wanted',
	'[{"action": "ticket", "key": "review/{{data.payment}}", "team": "billing", "subject": "Review payment {{data.payment}} over {{data.amount}}"}]');

-- ---------------------------------------------------------------------------------------------------------------
-- The server's own log, one event "postgres.log" for each line, by severity and team.

INSERT INTO respond.rule (name, folder, description, priority, event_type, pattern, steps) VALUES
	('deadlock', 'postgres', 'one ticket for each database, with every further deadlock added to it', 10, 'postgres.log',
	 '{"data": {"state_code": ["40P01"]}}',
	 '[{"action": "ticket", "key": "deadlock/{{data.dbname}}", "team": "dba", "priority": "high",
	    "subject": "Deadlocks in database {{data.dbname}}", "description": "{{data.detail}}"}]'),
	('constraint violation', 'postgres', 'SQLSTATE class 23', 0, 'postgres.log',
	 '{"data": {"error_severity": ["ERROR"], "state_code": [{"prefix": "23"}]}}',
	 '[{"action": "ticket", "key": "constraint/{{data.message}}", "team": "backend", "priority": "normal",
	    "subject": "{{data.message}}", "description": "{{data.detail}}\n{{data.statement}}"}]'),
	('timeout', 'postgres', 'statement and lock timeouts', 0, 'postgres.log',
	 '{"data": {"error_severity": ["ERROR"], "state_code": ["57014", "55P03"]}}',
	 '[{"action": "ticket", "key": "timeout/{{data.dbname}}/{{data.message}}", "team": "dba", "priority": "normal",
	    "subject": "{{data.message}}", "description": "{{data.statement}}"}]'),
	('program error', 'postgres', 'SQLSTATE class 22: the statement''s own values are wrong', 0, 'postgres.log',
	 '{"data": {"error_severity": ["ERROR"], "state_code": [{"prefix": "22"}]}}',
	 '[{"action": "ticket", "key": "program/{{data.state_code}}", "team": "backend", "priority": "low",
	    "subject": "{{data.message}}", "description": "{{data.statement}}"}]'),
	('connection refused', 'postgres', 'FATAL and worse', 20, 'postgres.log',
	 '{"data": {"error_severity": ["FATAL", "PANIC"]}}',
	 '[{"action": "ticket", "key": "fatal/{{data.message}}", "team": "dba", "priority": "urgent", "subject": "{{data.message}}"},
	   {"action": "notify", "channel": "operators", "text": "{{data.error_severity}}: {{data.message}}"}]');

-- ---------------------------------------------------------------------------------------------------------------
-- GitHub's webhooks, one event "github.EVENT" for each payload.

INSERT INTO respond.rule (name, folder, description, event_type, pattern, steps) VALUES
	('issue opened', 'github', 'an issue becomes a ticket', 'github.issues',
	 '{"data": {"action": ["opened", "reopened"], "sender": {"type": [{"anything-but": "Bot"}]}}}',
	 '[{"action": "ticket", "key": "{{data.repository.full_name}}#{{data.issue.number}}", "team": "support",
	    "subject": "{{data.issue.title}}", "description": "{{data.issue.body}}", "requester": "{{data.issue.user.login}}"}]'),
	('issue commented', 'github', 'a comment on an issue goes to its ticket, which is opened where there is none yet', 'github.issue_comment',
	 '{"data": {"action": ["created"]}}',
	 '[{"action": "ticket", "name": "t", "key": "{{data.repository.full_name}}#{{data.issue.number}}", "team": "support",
	    "subject": "{{data.issue.title}}"},
	   {"action": "comment", "ticket": "{{steps.t.id}}", "body": "{{data.comment.user.login}}: {{data.comment.body}}"}]'),
	('security alert', 'github', 'any event whose name speaks of an alert', 'github.*',
	 '{"type": [{"wildcard": "github.*_alert"}], "data": {"action": [{"anything-but": ["fixed", "resolved", "dismissed"]}]}}',
	 '[{"action": "ticket", "key": "{{type}}/{{data.repository.full_name}}", "team": "security", "priority": "urgent",
	    "subject": "{{type}}: {{data.action}} in {{data.repository.full_name}}"}]'),
	('build failed', 'github', 'a build on any branch but those of bots', 'github.*',
	 '{"$or": [{"data": {"workflow_run": {"conclusion": ["failure", "timed_out"]}}},
	           {"data": {"workflow_job": {"conclusion": ["failure"]}}},
	           {"data": {"check_run": {"conclusion": ["failure"]}}},
	           {"data": {"deployment_status": {"state": ["failure", "error"]}}},
	           {"type": ["github.status"], "data": {"state": ["failure", "error"]}}]}',
	 '[{"action": "ticket", "key": "build/{{data.repository.full_name}}", "team": "ci", "priority": "high",
	    "subject": "Build of {{data.repository.full_name}} failed"}]'),
	('release', 'github', 'tells listeners, opens nothing', 'github.release', '{"data": {"action": ["published"]}}',
	 '[{"action": "set", "name": "r", "value": {"tag": "{{data.release.tag_name}}", "by": "{{data.release.author.login}}"}},
	   {"action": "emit", "type": "release.published", "data": {"tag": "{{steps.r.tag}}", "repository": "{{data.repository.full_name}}"}}]');

-- A shadow rule matches and is recorded, but does nothing: the way to try a rule on real events.
INSERT INTO respond.rule (name, folder, description, event_type, pattern, shadow, steps) VALUES (
	'large push', 'github', 'pushes to the main branch, to see how many there would be', 'github.push', '{"data": {"ref": [{"suffix": "/main"}, {"suffix": "/master"}]}}', true,
	'[{"action": "ticket", "team": "ci", "subject": "Push to {{data.ref}} of {{data.repository.full_name}}"}]');

-- ---------------------------------------------------------------------------------------------------------------
-- Receivers that are not well, see test/demo/channels.sql.

INSERT INTO respond.rule (name, folder, description, event_type, steps) VALUES
	('stock low', 'shop', 'the warehouse shall order more', 'stock.low',
	 '[{"action": "notify", "channel": "warehouse", "text": "{{data.sku}} is down to {{data.left}}"}]'),
	('report ready', 'shop', 'the partner fetches it', 'report.ready',
	 '[{"action": "notify", "channel": "partner", "body": {"report": "{{data.report}}", "pages": "{{data.pages}}"}}]');

-- ---------------------------------------------------------------------------------------------------------------
-- Listeners: LISTEN on the channel and hear of the event.

INSERT INTO respond.route (name, event_type, pattern, notify_channel, payload) VALUES
	('pressing tickets', 'ticket.created', '{"data": {"ticket": {"priority": ["high", "urgent"]}}}', 'desk',
	 '{{data.ticket.priority}} for {{data.ticket.team}}: {{data.ticket.subject}}'),
	('releases', 'release.published', NULL, 'desk', 'released {{data.tag}} of {{data.repository}} (event {{id}})'),
	('latency probe', 'probe.latency', NULL, 'probe', '{{id}}');

INSERT INTO respond.rule (name, folder, description, event_type, steps) VALUES
	('latency probe', 'demo', 'a ticket for each event of the latency measurement', 'probe.latency',
	 '[{"action": "ticket", "subject": "probe {{id}}"}]'),
	('delivery probe', 'demo', 'a webhook for each event of the latency measurement', 'probe.delivery',
	 '[{"action": "notify", "channel": "probe"}]');
