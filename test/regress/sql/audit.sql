-- The audit log refuses changes, whoever asks.
INSERT INTO respond.audit_log (action, object_type) VALUES ('x', 'x');
UPDATE respond.audit_log SET actor = 'x';
DELETE FROM respond.audit_log_default;
TRUNCATE respond.audit_log;
\set VERBOSITY terse
TRUNCATE respond.audit_log_default;
MERGE INTO respond.audit_log AS a USING (VALUES (1)) AS v (n) ON false WHEN NOT MATCHED THEN INSERT (action, object_type) VALUES ('x', 'x');
SET ROLE respond_worker;
DELETE FROM respond.audit_log;
RESET ROLE;
SET ROLE respond_admin;
DELETE FROM respond.audit_log;
SELECT respond_internal.audit('x', 'x', NULL, NULL, NULL);
RESET ROLE;
SELECT respond_internal.audit(NULL, 'x', NULL, NULL, NULL);
COPY respond.audit_log (action, object_type) FROM stdin;
x	x
\.

-- An agent's work is on record with the agent's name, through a savepoint and not without it.
CREATE ROLE audit_test_agent IN ROLE respond_agent;
SET ROLE audit_test_agent;
BEGIN;
INSERT INTO respond.ticket (subject) VALUES ('kept');
SAVEPOINT s;
INSERT INTO respond.ticket (subject) VALUES ('rolled back');
ROLLBACK TO s;
COMMIT;
RESET ROLE;
SELECT action, object_type, new ->> 'subject' AS subject, new ->> 'created_by' AS created_by, event_id, run_id, rule
  FROM respond.audit_log WHERE actor = 'audit_test_agent';
DELETE FROM respond.ticket WHERE subject = 'kept';

-- Settings of a session that loads a dump hide nothing unless it is a superuser's.
SET ROLE audit_test_agent;
SET check_function_bodies = off;
SET search_path = '';
INSERT INTO respond.ticket (subject) VALUES ('hidden');
RESET search_path;
RESET check_function_bodies;
RESET ROLE;
SELECT count(*) FROM respond.audit_log WHERE actor = 'audit_test_agent' AND new ->> 'subject' = 'hidden';
DELETE FROM respond.ticket WHERE subject = 'hidden';
DROP ROLE audit_test_agent;
