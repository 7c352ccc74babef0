-- simulate(), explain(), replay(), start(), mutes, rule_stats, dead_letter.
CREATE ROLE simulate_test_agent IN ROLE respond_agent;
CREATE ROLE simulate_test_nobody;
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

INSERT INTO respond.rule (name, priority, event_type, pattern, condition, steps, enabled, shadow) VALUES
	('st condition', 0, 'st.*', NULL, $$(data ->> 'amount')::numeric > 100$$, '[]', true, false),
	('st disabled', 0, 'st.*', NULL, NULL, '[]', false, false),
	('st error', 0, 'st.*', NULL, $$(data ->> 'amount')::numeric / 0 > 1$$, '[]', true, false),
	('st first', 9, 'st.paid', '{"data": {"status": ["failed", "void"]}}', NULL,
	 '[{"action": "ticket", "name": "t", "subject": "{{type}} {{data.amount}}"}, {"action": "log", "text": "ticket {{steps.t.id}}", "if": "false"}, {"action": "fail", "message": "no {{subject}}"}]', true, false),
	('st shadow', 0, 'st.paid', NULL, NULL, '[{"action": "log", "text": "x"}]', true, true);

-- one row for each rule, in the order in which they are applied
SELECT * FROM respond.simulate('st.paid', '{"amount": 101, "status": "failed"}', subject => 's') WHERE rule LIKE 'st %';
SELECT rule, matched, failed_test FROM respond.simulate('st.paid', '{"amount": 100, "status": "paid"}') WHERE rule LIKE 'st %';
SELECT rule, matched, failed_test FROM respond.simulate('other') WHERE rule LIKE 'st %';
BEGIN READ ONLY;
SELECT rule, matched FROM respond.simulate(type => 'st.paid', data => '{"amount": 101}', source => '/x', key => 'k', "time" => '2026-01-01') WHERE rule = 'st condition';
COMMIT;
SELECT count(*) FROM respond.run WHERE rule LIKE 'st %';
SELECT count(*) FROM respond.ticket WHERE subject LIKE 'st.paid%';
-- rules that are not committed yet count for the session that made them
BEGIN;
UPDATE respond.rule SET event_type = 'st.other' WHERE name = 'st first';
SELECT matched, failed_test FROM respond.simulate('st.paid', '{"status": "failed"}') WHERE rule = 'st first';
ROLLBACK;
SELECT matched FROM respond.simulate('st.paid', '{"status": "failed"}') WHERE rule = 'st first';
-- what could not be recorded cannot be simulated
SELECT * FROM respond.simulate('');
SELECT * FROM respond.simulate(NULL);
SELECT * FROM respond.simulate('x', '[]');
SELECT DISTINCT matched, regexp_replace(failed_test, '^data of [0-9]+ bytes', 'data of N bytes') FROM respond.simulate('x', jsonb_build_object('a', repeat('x', 2000000)));

-- explain
INSERT INTO respond.event (type, subject, data) VALUES ('st.paid', 's', '{"amount": 101, "status": "failed"}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 4 FROM respond.run WHERE event_id = %s', :event));
SELECT rule, fired, reason, run_id IS NOT NULL AS has_run FROM respond.explain(:event) WHERE rule LIKE 'st %';
INSERT INTO respond.rule (name, event_type) VALUES ('st later', 'st.paid');
SELECT rule, fired, reason FROM respond.explain(:event) WHERE rule = 'st later';
SELECT * FROM respond.explain(-1);
SELECT * FROM respond.explain(NULL);
INSERT INTO respond.event (type, data) VALUES ('st.paid', jsonb_build_object('a', repeat('x', 2000000))) RETURNING id AS large \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 1 FROM respond.dead_letter WHERE event_id = %s', :large));
SELECT rule, fired, regexp_replace(reason, '[0-9]{3,}', 'N') AS reason FROM respond.explain(:large) WHERE rule = 'st later';
SELECT kind, event_type, rule, reason, regexp_replace(error, '[0-9]{3,}', 'N') AS error FROM respond.dead_letter WHERE event_id = :large;
SELECT kind, rule, step, reason, error FROM respond.dead_letter WHERE event_id = :event ORDER BY rule;

-- replay: the rules of today
SELECT respond.replay(:event);
SELECT pg_temp.wait_for(format('SELECT count(*) = 9 FROM respond.run WHERE event_id = %s', :event));
SELECT rule, fired, reason FROM respond.explain(:event) WHERE rule IN ('st later', 'st first');
SELECT replay, count(*) FROM respond.run WHERE event_id = :event GROUP BY replay ORDER BY replay;
SELECT respond.replay(recorded_at, recorded_at + interval '1 microsecond', 'st later') FROM respond.event WHERE id = :event;
SELECT pg_temp.wait_for(format('SELECT count(*) = 10 FROM respond.run WHERE event_id = %s', :event));
SELECT respond.replay('2000-01-01', '2000-01-02');
SELECT respond.replay(-1);
SELECT respond.replay(NULL, now());
SELECT respond.replay(now(), now(), 'st nothing');
SELECT respond.replay(now(), now(), 'st disabled');

-- start: by hand, whatever the rule asks for
INSERT INTO respond.rule (name, event_type, pattern, condition, steps) VALUES
	('st macro', 'nothing', '{"data": {"a": ["never"]}}', 'false', '[{"action": "set", "name": "v", "value": {"a": "{{data.a}}", "s": "{{subject}}", "t": "{{type}}", "who": "{{actor}}"}}]');
UPDATE respond.rule SET start_roles = '{simulate_test_agent}' WHERE name IN ('st macro', 'st disabled');
SET ROLE simulate_test_agent;
SELECT respond.start('st macro', '{"a": [1]}', 'me') AS run \gset
SELECT respond.start('st nothing');
SELECT respond.start('st disabled');
SELECT respond.simulate('x');
RESET ROLE;
SELECT pg_temp.wait_for(format('SELECT count(*) = 1 FROM respond.run WHERE id = %s', :run));
SELECT rule, status, state, replay FROM respond.run WHERE id = :run;
SELECT respond.start('st macro') AS run \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 1 FROM respond.run WHERE id = %s', :run));
SELECT actor, action, object_id FROM respond.audit_log WHERE action = 'rule.started' AND actor LIKE 'simulate%';

-- mutes: events recorded in their time, and no others
INSERT INTO respond.mute (event_type, pattern, reason) VALUES ('st.mu*', '{"data": {"m": [true]}}', 'maintenance');
INSERT INTO respond.mute (event_type, until_time) VALUES ('st.mute', now() + interval '1 day');
INSERT INTO respond.mute (event_type, from_time, until_time) VALUES ('st.paid', now() - interval '2 days', now() - interval '1 day');
INSERT INTO respond.rule (name, event_type, condition) VALUES ('st muted', 'st.m*', $$data ->> 'no' IS NULL$$);
SELECT matched, regexp_replace(remark, 'mute [0-9]+', 'mute N') AS remark FROM respond.simulate('st.mux', '{"m": true}') WHERE rule = 'st muted';
SELECT matched, regexp_replace(remark, 'mute [0-9]+', 'mute N') AS remark FROM respond.simulate('st.mux', '{"m": false}') WHERE rule = 'st muted';
INSERT INTO respond.event (type, data) VALUES ('st.mux', '{"m": true}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 1 FROM respond.run WHERE rule = ''st muted'' AND event_id = %s', :event));
SELECT status, regexp_replace(state ->> 'suppressed', 'mute [0-9]+', 'mute N') AS why FROM respond.run WHERE rule = 'st muted' AND event_id = :event;
SELECT rule, fired, regexp_replace(reason, 'mute [0-9]+', 'mute N') AS reason FROM respond.explain(:event) WHERE rule = 'st muted';
DELETE FROM respond.mute WHERE event_type LIKE 'st.%';
INSERT INTO respond.event (type, data) VALUES ('st.mux', '{"m": true}') RETURNING id AS event \gset
SELECT pg_temp.wait_for(format('SELECT count(*) = 1 FROM respond.run WHERE rule = ''st muted'' AND event_id = %s', :event));
SELECT status FROM respond.run WHERE rule = 'st muted' AND event_id = :event;

-- counters
SELECT rule, matched, succeeded, failed, shadow, suppressed, last_at > since AS later FROM respond.rule_stats WHERE rule LIKE 'st %' ORDER BY rule;

SET ROLE simulate_test_nobody;
SELECT respond.replay(1);
SELECT respond.start('x');
RESET ROLE;
DELETE FROM respond.rule WHERE name LIKE 'st %';
DROP ROLE simulate_test_agent, simulate_test_nobody;
