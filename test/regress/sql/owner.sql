-- Whose a rule is: who may make it act, roles that are renamed, dropped and made anew, REASSIGN OWNED, start_roles.
CREATE ROLE owner_test_admin IN ROLE respond_admin;
CREATE ROLE owner_test_agent IN ROLE respond_agent;
CREATE ROLE owner_test_lead;
CREATE ROLE owner_test_alice;
CREATE ROLE owner_test_bob;
INSERT INTO respond.rule (name, event_type, owner, enabled, shadow, steps) VALUES
	('ot off', 'ot.x', 'owner_test_alice', false, false, '[{"action": "log", "text": "x"}]'),
	('ot shadow', 'ot.x', 'owner_test_alice', true, true, '[]'),
	('ot super', 'ot.x', current_user, false, false, '[]'),
	('ot on', 'ot.x', 'owner_test_alice', true, false, '[]');

-- what makes the owner's rights act is refused
SET ROLE owner_test_admin;
\set VERBOSITY terse
UPDATE respond.rule SET enabled = true WHERE name = 'ot off';
\set VERBOSITY sqlstate
UPDATE respond.rule SET enabled = true WHERE name = 'ot super';
\set VERBOSITY terse
UPDATE respond.rule SET shadow = false WHERE name = 'ot shadow';
UPDATE respond.rule SET name = 'ot renamed' WHERE name = 'ot on';
UPDATE respond.rule SET priority = 5 WHERE name = 'ot on';
UPDATE respond.rule SET event_type = '*' WHERE name = 'ot on';
UPDATE respond.rule SET pattern = '{"data": {"a": [1]}}' WHERE name = 'ot on';
UPDATE respond.rule SET steps = '[]', on_failure = '[{"action": "log", "text": "x"}]' WHERE name = 'ot on';
UPDATE respond.rule SET start_roles = '{owner_test_admin}' WHERE name = 'ot on';
UPDATE respond.rule SET owner_id = 'owner_test_admin'::regrole, owner_system = 1 WHERE name = 'ot on' RETURNING owner_id = 'owner_test_alice'::regrole AS kept;
SELECT respond.import_rules(jsonb_set(respond.export_rules(), '{0,enabled}', 'true')) WHERE respond.export_rules() -> 0 ->> 'name' = 'ot off';
SELECT respond.start('ot on');
SELECT respond.replay('-infinity', 'infinity', 'ot on');
INSERT INTO respond.rule (name, event_type) VALUES ('ot on', 'ot.x') ON CONFLICT (name) DO UPDATE SET priority = 7;
\set VERBOSITY default
UPDATE respond.rule SET enabled = true WHERE name = 'ot off';
SELECT respond.start('ot on');
-- neither may what is stopped be turned on, and what one may run by hand is of that owner alone
RESET ROLE;
INSERT INTO respond_internal.stopped_rule (rule, version, event_id, caused) SELECT r.name, r.version, 1, 1 FROM respond.rule AS r WHERE r.name = 'ot on';
SET ROLE owner_test_admin;
SELECT respond.resume_rule('ot on', true);
RESET ROLE;
SET ROLE owner_test_alice;
SELECT respond.resume_rule('ot on');
RESET ROLE;
UPDATE respond.rule SET start_roles = '{owner_test_admin}' WHERE name = 'ot on';
SET ROLE owner_test_admin;
SELECT respond.resume_rule('ot on');
SELECT respond.resume_rule('ot on');
SELECT respond.resume_rule('no such rule');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ot taken', 'ot.none', '[{"action": "log", "text": "of the admin"}]');
BEGIN;
SELECT respond.start('ot taken', '{"by": "admin"}') > 0 AS started;
RESET ROLE;
DELETE FROM respond.rule WHERE name = 'ot taken';
INSERT INTO respond.rule (name, event_type, steps) VALUES ('ot taken', 'ot.none', '[{"action": "log", "text": "of the superuser"}]');
COMMIT;
DO $$ BEGIN FOR i IN 1 .. 3000 LOOP
	EXIT WHEN EXISTS (SELECT FROM respond.dead_letter WHERE rule = 'ot taken') OR EXISTS (SELECT FROM respond.run WHERE rule = 'ot taken');
	COMMIT; PERFORM pg_sleep(0.01);
END LOOP; END $$;
SELECT (SELECT count(*) FROM respond.run WHERE rule = 'ot taken') AS runs, reason, error FROM respond.dead_letter WHERE rule = 'ot taken';
DELETE FROM respond.rule WHERE name = 'ot taken';
SELECT respond.acknowledge(kind, id) FROM respond.dead_letter WHERE rule = 'ot taken';
UPDATE respond.rule SET start_roles = NULL WHERE name = 'ot on';
SET ROLE owner_test_admin;
-- turning off and describing is free, and a rule can be made one's own
UPDATE respond.rule SET shadow = true, folder = 'f', description = 'd' WHERE name = 'ot on' RETURNING version;
UPDATE respond.rule SET enabled = false WHERE name = 'ot on' RETURNING version;
UPDATE respond.rule SET owner = current_user, enabled = true, shadow = false WHERE name = 'ot on' RETURNING owner, enabled;
DELETE FROM respond.rule WHERE name = 'ot shadow' RETURNING name;
RESET ROLE;
UPDATE respond.rule SET owner = 'owner_test_alice' WHERE name = 'ot on';

-- the owner's leave
UPDATE respond.rule SET start_roles = '{owner_test_lead,owner_test_nobody}' WHERE name = 'ot on';
UPDATE respond.rule SET start_roles = '{owner_test_lead}' WHERE name = 'ot on' RETURNING start_roles;
SET ROLE owner_test_agent;
SELECT respond.start('ot on');
RESET ROLE;
GRANT owner_test_lead TO owner_test_agent;
SET ROLE owner_test_agent;
SELECT respond.start('ot on') > 0 AS started;
SELECT respond.start('ot nothing');
RESET ROLE;
REVOKE owner_test_lead FROM owner_test_agent;
UPDATE respond.rule SET start_roles = '{public}' WHERE name = 'ot on' RETURNING start_roles;
SET ROLE owner_test_agent;
SELECT respond.start('ot on') > 0 AS started;
RESET ROLE;
-- a function that runs with its owner's rights is judged by those
CREATE FUNCTION public.owner_test_start() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT respond.start('ot on') $$;
UPDATE respond.rule SET start_roles = NULL WHERE name = 'ot on';
SET ROLE owner_test_agent;
SELECT public.owner_test_start() > 0 AS started;
RESET ROLE;
DROP FUNCTION public.owner_test_start();
-- taking leave back is free
UPDATE respond.rule SET start_roles = '{owner_test_lead,owner_test_bob}' WHERE name = 'ot on';
SET ROLE owner_test_admin;
UPDATE respond.rule SET start_roles = '{owner_test_bob}' WHERE name = 'ot on' RETURNING start_roles;
UPDATE respond.rule SET start_roles = '{owner_test_bob,owner_test_lead}' WHERE name = 'ot on' RETURNING start_roles;
RESET ROLE;

-- replay() through one rule counts what it acts on
INSERT INTO respond.rule (name, event_type, pattern, condition) VALUES
	('ot count', 'ot.count', '{"data": {"a": [1, 2, 5]}}', $$(data ->> 'a')::int < 3 AND source = '/ot'$$),
	('ot broken', 'ot.count', NULL, $$(data ->> 'b')::int = 1$$);
INSERT INTO respond.event (type, source, data) SELECT 'ot.count', '/ot', jsonb_build_object('a', a, 'b', CASE a WHEN 1 THEN 'x' END) FROM generate_series(1, 6) AS a;
INSERT INTO respond.event (type, source) SELECT 'ot.other', '/ot' FROM generate_series(1, 5);
BEGIN;
SELECT respond.replay('-infinity', 'infinity', 'ot count');
SELECT respond.replay('-infinity', 'infinity', 'ot broken') AS one_whose_condition_fails;
SELECT respond.replay('-infinity', '-infinity', 'ot count');
SELECT rule, count(*) FROM respond_internal.requeue WHERE rule LIKE 'ot %' AND replay GROUP BY rule ORDER BY rule;
SELECT respond.replay('-infinity', 'infinity') = count(*) AS everything FROM respond.event;
ROLLBACK;

-- a role that is renamed keeps its rules, also those that let it start
ALTER ROLE owner_test_alice RENAME TO owner_test_carol;
ALTER ROLE owner_test_bob RENAME TO owner_test_ben;
SELECT name, owner, owner_id::regrole, start_roles, version FROM respond.rule WHERE name LIKE 'ot o%' AND owner <> current_user ORDER BY name;
SELECT rule, matched, failed_test FROM respond.simulate('ot.x') WHERE rule = 'ot on';
SELECT count(*) FROM respond.rule WHERE owner = 'owner_test_carol';
-- another that takes the name does not get them
CREATE ROLE owner_test_alice;
SET ROLE owner_test_alice;
RESET ROLE;
SELECT name, owner FROM respond.rule WHERE owner = 'owner_test_alice';
DROP ROLE owner_test_alice;
-- neither does one that is made anew
DROP ROLE owner_test_carol;
CREATE ROLE owner_test_carol;
SELECT name, owner FROM respond.rule WHERE name LIKE 'ot o%' AND owner <> current_user ORDER BY name;
SELECT rule, matched, failed_test FROM respond.simulate('ot.x') WHERE rule = 'ot on';
UPDATE respond.rule SET condition = 'true' WHERE name = 'ot on';
UPDATE respond.rule SET enabled = true WHERE name = 'ot off';
UPDATE respond.rule SET description = 'still' WHERE name = 'ot on' RETURNING owner_id IN (SELECT oid FROM pg_roles) AS has_owner;
-- until a person gives them to it
UPDATE respond.rule SET owner = 'owner_test_carol' WHERE name IN ('ot on', 'ot off') RETURNING owner_id::regrole;
SELECT rule, matched, failed_test FROM respond.simulate('ot.x') WHERE rule = 'ot on';

-- REASSIGN OWNED takes the rules along, as DROP ROLE would like to have it
REASSIGN OWNED BY owner_test_carol TO owner_test_ben;
SELECT name, owner, owner_id::regrole FROM respond.rule WHERE name IN ('ot on', 'ot off') ORDER BY name;
DROP ROLE owner_test_carol;
BEGIN;
REASSIGN OWNED BY owner_test_ben TO owner_test_lead;
ROLLBACK;
SELECT DISTINCT owner FROM respond.rule WHERE name IN ('ot on', 'ot off');
REASSIGN OWNED BY owner_test_nobody TO owner_test_ben;
-- the workers' tables stay theirs
REASSIGN OWNED BY respond_worker TO owner_test_ben;
REASSIGN OWNED BY owner_test_ben, respond_worker TO owner_test_lead;
DROP OWNED BY respond_worker;
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'respond'::regnamespace AND relkind IN ('r', 'p');

-- a table of rules that is not what the library knows: statements about roles work all the same
CREATE ROLE owner_test_gone;
BEGIN;
ALTER TABLE respond.rule RENAME COLUMN owner_id TO owner_number;
ALTER ROLE owner_test_gone RENAME TO owner_test_lost;
REASSIGN OWNED BY owner_test_lost TO owner_test_ben;
DROP OWNED BY owner_test_lost;
DROP ROLE owner_test_lost;
ROLLBACK;
BEGIN;
ALTER TABLE respond.event RENAME TO away;
REASSIGN OWNED BY owner_test_gone TO owner_test_ben;
DROP ROLE owner_test_gone;
ROLLBACK;
BEGIN;
ALTER SCHEMA respond RENAME TO respond_away;
REASSIGN OWNED BY owner_test_gone TO owner_test_ben;
DROP OWNED BY owner_test_gone;
DROP ROLE owner_test_gone;
DROP EXTENSION pg_respond;
ROLLBACK;
DROP ROLE owner_test_gone;

DELETE FROM respond.rule WHERE name LIKE 'ot %';
DROP OWNED BY owner_test_admin, owner_test_agent;
DROP ROLE owner_test_admin, owner_test_agent, owner_test_lead, owner_test_ben;
