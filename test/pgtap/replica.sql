-- Under session_replication_role = replica nothing comes in that would not come in otherwise, and everything is put on record.
\set QUIET on
SET client_min_messages = error;
BEGIN;
SELECT no_plan();

CREATE ROLE replica_admin;
CREATE ROLE replica_agent;
GRANT respond_admin TO replica_admin;
GRANT respond_agent TO replica_agent;
GRANT SET ON PARAMETER session_replication_role TO replica_admin, replica_agent;

CREATE FUNCTION pg_temp.outcome(caller text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM set_config('role', caller, true);
		SET LOCAL session_replication_role = replica;
		EXECUTE statement;
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN OTHERS THEN
		RETURN NULLIF(SQLSTATE, 'ZZ001') || ': ' || SQLERRM;
	END;
END
$$;

INSERT INTO respond.rule (name, event_type, steps) VALUES ('mine', 'x', '[]');
INSERT INTO respond.team (name) VALUES ('replica');
INSERT INTO respond.ticket (subject, team, status) VALUES ('replica', 'replica', 'closed');

-- Owners of rules cannot be forged.
SELECT matches(pg_temp.outcome('replica_admin', format($$INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('forged', 'x', '[]', %L)$$, current_user)),
	'^42501: owner: "replica_admin" cannot make a rule that acts as', 'a rule with somebody else''s rights');
SELECT matches(pg_temp.outcome('replica_admin', $$UPDATE respond.rule SET steps = '[{"action": "stop"}]' WHERE name = 'mine'$$),
	'^42501: owner: "replica_admin" cannot make a rule that acts as', 'other steps for somebody else''s rule');
SELECT matches(pg_temp.outcome('replica_admin', $$UPDATE respond.rule SET condition = 'true' WHERE name = 'mine'$$),
	'^42501: ', 'another condition for somebody else''s rule');

-- Nothing comes in unchecked, from whomever.
SELECT matches(pg_temp.outcome(w, s), e, format('%s: %s', w, s))
  FROM (VALUES ('replica_admin'), (current_user::text)) AS who (w),
	   (VALUES ($$INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('a', 'x', '[]', 'nobody at all')$$, '^RS001: '),
		($$INSERT INTO respond.rule (name, event_type, pattern) VALUES ('a', 'x', '{"data": 1}')$$, '^RS'),
		($$INSERT INTO respond.rule (name, event_type, condition) VALUES ('a', 'x', 'true) OR (true')$$, '^RS001: condition'),
		($$INSERT INTO respond.rule (name, event_type, steps) VALUES ('a', 'x', '[{"action": "no such"}]')$$, '^RS001: steps'),
		($$INSERT INTO respond.rule (name, event_type) VALUES ('', 'x')$$, '^RS001: '),
		($$INSERT INTO respond.mute (event_type, pattern) VALUES ('x', '{"data": 1}')$$, '^RS'),
		($$INSERT INTO respond.route (name, event_type, notify_channel, payload) VALUES ('a', 'x', 'c', '{{')$$, '^RS'),
		($$INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('a', 'x', '')$$, '^RS'),
		($$INSERT INTO respond.mask (path) VALUES ('')$$, '^RS'),
		($$INSERT INTO respond.channel_kind (name, transport, url) VALUES ('a', 'http', 'file:///etc/passwd')$$, '^RS006: url'),
		($$UPDATE respond.channel_kind SET url = 'https://evil.example/' WHERE name = 'pagerduty'$$, '^RS006: '),
		($$INSERT INTO respond.channel (name, kind, url) VALUES ('a', 'no such', 'https://x.example/')$$, '^RS006: '),
		($$INSERT INTO respond.inbound_scheme (name, algorithm) VALUES ('a', 'none such')$$, '^RS010: algorithm'),
		($$UPDATE respond.inbound_scheme SET signed = '{{timestamp}}' WHERE name = 'github'$$, '^RS010: built_in'),
		($$INSERT INTO respond.inbound_source (name, scheme) VALUES ('a', 'no such')$$, '^RS010: scheme'),
		($$INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('a', 'github', 'x')$$, '^RS010: secret'),
		($$INSERT INTO respond.event (type) VALUES ('')$$, '^RS'),
		($$UPDATE respond.ticket SET status = 'open'$$, '^RS'),
		($$INSERT INTO respond.ticket (subject, team) VALUES ('a', 'no such')$$, '^23503: '),
		($$INSERT INTO respond.comment (ticket_id, body) VALUES (-1, 'a')$$, '^23503: '),
		($$DELETE FROM respond.team WHERE name = 'replica'$$, '^23503: '),
		($$TRUNCATE respond.team$$, '^(23503|42501): ')) AS statement (s, e);

-- What is done is on record.
SET LOCAL session_replication_role = replica;
INSERT INTO respond.rule (name, event_type, steps, version) VALUES ('recorded', 'x', '[]', 77);
UPDATE respond.rule SET description = 'changed' WHERE name = 'recorded';
DELETE FROM respond.rule WHERE name = 'recorded';
INSERT INTO respond.team (name) VALUES ('recorded');
INSERT INTO respond.ticket (subject, team, key) VALUES ('recorded', 'recorded', 'recorded');
INSERT INTO respond.comment (ticket_id, body) SELECT id, 'recorded' FROM respond.ticket WHERE key = 'recorded';
UPDATE respond.team SET name = 'renamed' WHERE name = 'recorded';
INSERT INTO respond.channel (name, kind, url) VALUES ('recorded', 'webhook', 'https://x.example/');
INSERT INTO respond.delivery (channel, next_attempt_at) VALUES ('recorded', 'infinity');
DELETE FROM respond.channel WHERE name = 'recorded';
SET LOCAL session_replication_role = origin;

SELECT is(array_agg(version ORDER BY version), '{1,2}', 'versions of a rule are counted and kept') FROM respond.rule_version WHERE name = 'recorded';
SELECT is(array_agg(action ORDER BY id), '{rule.inserted,rule.updated,rule.deleted}', 'changes of a rule are audited') FROM respond.audit_log WHERE object_type = 'rule' AND object_id = 'recorded';
SELECT is(team, 'renamed', 'tickets go with their team') FROM respond.ticket WHERE key = 'recorded';
SELECT is(array_agg(h.field ORDER BY h.id), '{created,comment,team}', 'history of a ticket is written')
  FROM respond.ticket_history AS h JOIN respond.ticket AS t ON t.id = h.ticket_id WHERE t.key = 'recorded';
SELECT set_has($$ SELECT type FROM respond.event WHERE xid = pg_current_xact_id() $$, $$ VALUES ('ticket.created'), ('ticket.commented'), ('ticket.updated') $$, 'and its events are recorded');
SELECT is(status, 'cancelled', 'what waited for a deleted channel ends') FROM respond.delivery WHERE channel = 'recorded';

SELECT * FROM finish();
ROLLBACK;
