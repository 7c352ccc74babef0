-- simulate() tells of what a step would fail on.
INSERT INTO respond.team (name) VALUES ('sd team');
INSERT INTO respond.ticket (subject, key, status) VALUES ('sd solved', 'sd key', 'open'), ('sd closed', NULL, 'closed');
SELECT id AS closed FROM respond.ticket WHERE subject = 'sd closed' \gset
CREATE TABLE public.sd_table (a int);
CREATE FUNCTION pg_temp.rule(name text, VARIADIC steps text[]) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO respond.rule (name, event_type, steps) VALUES (name, 'sd.x', (SELECT jsonb_agg(s::jsonb ORDER BY n) FROM unnest(steps) WITH ORDINALITY AS u (s, n))) $$;
\o /dev/null
SELECT pg_temp.rule('sd 01 team', '{"action": "ticket", "subject": "x", "team": "sd nowhere"}');
SELECT pg_temp.rule('sd 02 team from the event', '{"action": "ticket", "subject": "x", "team": "{{data.team}}"}');
SELECT pg_temp.rule('sd 03 right', '{"action": "ticket", "name": "t", "subject": "x", "team": "sd team"}', '{"action": "comment", "ticket": "{{steps.t.id}}", "body": "x"}', '{"action": "assign", "team": "sd team"}');
SELECT pg_temp.rule('sd 04 behind a ticket', '{"action": "ticket", "subject": "x"}', '{"action": "assign", "team": "sd nowhere"}');
SELECT pg_temp.rule('sd 05 no ticket', '{"action": "comment", "body": "x"}');
SELECT pg_temp.rule('sd 06 no such ticket', '{"action": "update_ticket", "ticket": 999999999, "priority": "high"}');
SELECT pg_temp.rule('sd 07 no such key', '{"action": "comment", "key": "sd none", "body": "x"}');
SELECT pg_temp.rule('sd 08 key', '{"action": "comment", "key": "sd key", "body": "x"}', '{"action": "update_ticket", "key": "sd key", "status": "pending"}');
SELECT pg_temp.rule('sd 09 transition', format('{"action": "update_ticket", "ticket": %s, "status": "open"}', :'closed'));
SELECT pg_temp.rule('sd 10 empty subject', '{"action": "ticket", "subject": "{{data.nothing}}"}');
SELECT pg_temp.rule('sd 11 empty comment', '{"action": "comment", "key": "sd key", "body": "{{data.nothing}}"}');
SELECT pg_temp.rule('sd 12 emit', '{"action": "emit", "type": "{{data.nothing}}"}');
SELECT pg_temp.rule('sd 13 dropped table', '{"action": "sql", "sql": "SELECT a FROM public.sd_table"}');
SELECT pg_temp.rule('sd 14 after SQL', '{"action": "sql", "sql": "SELECT 1"}', '{"action": "ticket", "subject": "x", "team": "sd nowhere"}');
SELECT pg_temp.rule('sd 15 from a step', '{"action": "sql", "name": "q", "sql": "SELECT 1 AS a"}', '{"action": "ticket", "subject": "{{steps.q.rows.0.a}}"}');
SELECT pg_temp.rule('sd 16 dealt with', '{"action": "ticket", "subject": "x", "team": "sd nowhere", "on_failure": "n"}', '{"action": "log", "name": "n", "text": "no team"}');
SELECT pg_temp.rule('sd 17 channel', '{"action": "notify", "channel": "{{data.channel}}", "text": "x"}');
\o
DROP TABLE public.sd_table;
SELECT s.rule, s.matched, (SELECT string_agg(concat_ws(' ', x ->> 'step', x ->> 'action', x ->> 'error'), '; ') FROM jsonb_array_elements(s.steps) AS x) AS steps
  FROM respond.simulate('sd.x', '{"team": "sd elsewhere", "channel": "sd none"}') AS s WHERE s.rule LIKE 'sd %' ORDER BY s.rule;
-- also to those who may not read what its SQL says
CREATE ROLE sd_admin IN ROLE respond_admin;
SET ROLE sd_admin;
SELECT s.rule, s.steps -> 0 ->> 'error' AS error FROM respond.simulate('sd.x') AS s WHERE s.rule IN ('sd 01 team', 'sd 13 dropped table') ORDER BY s.rule;
RESET ROLE;
DROP ROLE sd_admin;
-- and changes nothing
SELECT count(*) FROM respond.ticket WHERE subject IN ('x', '1');
SELECT count(*) FROM respond.comment WHERE body = 'x';
DELETE FROM respond.rule WHERE name LIKE 'sd %';
DELETE FROM respond.ticket WHERE subject LIKE 'sd %';
DELETE FROM respond.team WHERE name = 'sd team';
