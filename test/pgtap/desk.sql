-- Tickets: transitions, times, history, events, references.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

-- The whole matrix of transitions.
CREATE TEMP TABLE legal (from_status text, to_status text);
INSERT INTO legal
SELECT f, unnest(t) FROM (VALUES
	('new', '{open,pending,on_hold,solved,closed}'::text[]),
	('open', '{pending,on_hold,solved,closed}'),
	('pending', '{open,on_hold,solved,closed}'),
	('on_hold', '{open,pending,solved,closed}'),
	('solved', '{open,closed}')) AS l (f, t);
CREATE FUNCTION pg_temp.attempt(from_status text, to_status text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	number bigint;
BEGIN
	INSERT INTO respond.ticket (subject, status) VALUES ('matrix', from_status) RETURNING id INTO number;
	UPDATE respond.ticket SET status = to_status WHERE id = number;
	RETURN 'legal';
EXCEPTION WHEN SQLSTATE 'RS003' THEN
	RETURN 'refused';
END
$$;
SELECT is(pg_temp.attempt(f, t), CASE WHEN f = t OR EXISTS (SELECT FROM legal WHERE from_status = f AND to_status = t) THEN 'legal' ELSE 'refused' END,
	format('from %s to %s', f, t))
  FROM unnest('{new,open,pending,on_hold,solved,closed}'::text[]) AS f, unnest('{new,open,pending,on_hold,solved,closed}'::text[]) AS t;

SELECT throws_ok($$ INSERT INTO respond.ticket (subject, status) VALUES ('x', 'asleep') $$, '23514', 'invalid status of a ticket: "asleep"');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject, priority) VALUES ('x', 'Urgent') $$, '23514', 'invalid priority of a ticket: "Urgent"');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject, fields) VALUES ('x', '[]') $$, '23514', 'fields of a ticket must be a JSON object');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject) VALUES (NULL) $$, '23502');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject, team) VALUES ('x', 'no such team') $$, '23503', 'team "no such team" does not exist');
SELECT throws_ok($$ INSERT INTO respond.comment (ticket_id, body) VALUES (-1, 'x') $$, '23503', 'ticket -1 does not exist');

-- Times.
INSERT INTO respond.ticket (subject, created_at, updated_at) VALUES ('times', '2020-01-01', '2020-01-01');
SELECT results_eq($$ SELECT solved_at IS NULL, closed_at IS NULL FROM respond.ticket WHERE subject = 'times' $$, 'VALUES (true, true)', 'a new ticket is neither solved nor closed');
UPDATE respond.ticket SET subject = subject WHERE subject = 'times';
SELECT is((SELECT updated_at FROM respond.ticket WHERE subject = 'times'), '2020-01-01'::timestamptz, 'an update that changes nothing leaves updated_at');
UPDATE respond.ticket SET tags = '{x}', updated_at = '2019-01-01', solved_at = '2019-01-01' WHERE subject = 'times';
SELECT results_eq($$ SELECT updated_at = now(), solved_at IS NULL FROM respond.ticket WHERE subject = 'times' $$, 'VALUES (true, true)', 'the times are ours to say');
UPDATE respond.ticket SET status = 'solved' WHERE subject = 'times';
SELECT results_eq($$ SELECT solved_at = now(), closed_at IS NULL FROM respond.ticket WHERE subject = 'times' $$, 'VALUES (true, true)', 'solved_at is when it was solved');
UPDATE respond.ticket SET status = 'open' WHERE subject = 'times';
SELECT is((SELECT solved_at FROM respond.ticket WHERE subject = 'times'), NULL, 'a reopened ticket is not solved');
UPDATE respond.ticket SET status = 'closed' WHERE subject = 'times';
SELECT results_eq($$ SELECT solved_at IS NULL, closed_at = now() FROM respond.ticket WHERE subject = 'times' $$, 'VALUES (true, true)', 'closed_at is when it was closed');
INSERT INTO respond.ticket (subject, status) VALUES ('imported', 'solved'), ('imported', 'closed');
SELECT results_eq($$ SELECT status, solved_at IS NULL, closed_at IS NULL FROM respond.ticket WHERE subject = 'imported' ORDER BY id $$,
	$$ VALUES ('solved', false, true), ('closed', true, false) $$, 'a ticket may be entered solved or closed');

-- Origin.
SELECT throws_ok(format('UPDATE respond.ticket SET %s = %s WHERE subject = ''times''', c, v), '23000', format('column "%s" of a ticket cannot be changed', c))
  FROM (VALUES ('id', '-5'), ('created_by', '''x'''), ('created_at', 'now()'), ('event_id', '7'), ('run_id', '7')) AS o (c, v);

-- A key has one unsolved ticket.
INSERT INTO respond.ticket (subject, key, status) VALUES ('first', 'k', 'new');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject, key) VALUES ('second', 'k') $$, '23505');
UPDATE respond.ticket SET status = 'solved' WHERE key = 'k';
SELECT lives_ok($$ INSERT INTO respond.ticket (subject, key) VALUES ('second', 'k') $$, 'a solved ticket frees its key');
SELECT throws_ok($$ UPDATE respond.ticket SET status = 'open' WHERE subject = 'first' $$, '23505');

-- What a change leaves behind.
CREATE TEMP TABLE mark AS SELECT
	(SELECT max(id) FROM respond.ticket_history) AS history, (SELECT max(id) FROM respond.event) AS event, (SELECT max(id) FROM respond.audit_log) AS audit;
INSERT INTO respond.team (name) VALUES ('blue');
INSERT INTO respond.ticket (subject, team) VALUES ('recorded', 'blue');
SELECT id AS ticket FROM respond.ticket WHERE subject = 'recorded' \gset
UPDATE respond.ticket SET status = 'open', priority = 'urgent', tags = '{a}', fields = '{"n": 1}' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'open' WHERE id = :ticket;
INSERT INTO respond.comment (ticket_id, kind, body) VALUES (:ticket, 'internal', 'said');
SELECT results_eq($$ SELECT field, old, new FROM respond.ticket_history WHERE id > (SELECT history FROM mark) ORDER BY id $$,
	$$ VALUES ('created', NULL::jsonb, '{"team": "blue", "status": "new", "assignee": null, "priority": "normal"}'::jsonb),
		('status', '"new"', '"open"'), ('priority', '"normal"', '"urgent"'), ('tags', '[]', '["a"]'), ('fields', '{}', '{"n": 1}'),
		('comment', NULL, (SELECT jsonb_build_object('id', id, 'kind', 'internal', 'author', session_user) FROM respond.comment WHERE body = 'said')) $$,
	'history has one row for each field');
SELECT results_eq($$ SELECT type, subject, source = '/' || current_database(), depth, cause FROM respond.event WHERE id > (SELECT event FROM mark) ORDER BY id $$,
	format($$ SELECT t, 'ticket/%s', true, 0, NULL::bigint FROM (VALUES ('ticket.created'), ('ticket.updated'), ('ticket.commented')) AS e (t) $$, :ticket),
	'each change is an event');
SELECT results_eq(format($$ SELECT data FROM respond.event WHERE subject = 'ticket/%s' AND type = 'ticket.updated' $$, :ticket),
	format($$ SELECT jsonb_build_object('changed', '["status", "priority", "tags", "fields"]'::jsonb,
		'old', '{"status": "new", "priority": "normal", "tags": [], "fields": {}}'::jsonb,
		'new', '{"status": "open", "priority": "urgent", "tags": ["a"], "fields": {"n": 1}}'::jsonb,
		'ticket', e.data -> 'ticket') FROM respond.event AS e WHERE subject = 'ticket/%s' AND type = 'ticket.updated' $$, :ticket),
	'ticket.updated has what changed, before and after');
SET timezone = 'UTC';
SELECT is((SELECT data -> 'ticket' FROM respond.event WHERE subject = 'ticket/' || :ticket AND type = 'ticket.updated'),
	(SELECT to_jsonb(t) FROM respond.ticket AS t WHERE id = :ticket), 'and the ticket as it is now, as to_jsonb() gives it');
SELECT is((SELECT data FROM respond.event WHERE subject = 'ticket/' || :ticket AND type = 'ticket.commented'),
	(SELECT jsonb_build_object('ticket_id', :ticket, 'comment', to_jsonb(c)) FROM respond.comment AS c WHERE ticket_id = :ticket),
	'ticket.commented has the comment');
SELECT results_eq($$ SELECT action, object_type, old, actor = session_user FROM respond.audit_log WHERE id > (SELECT audit FROM mark) AND object_type = 'ticket' ORDER BY id $$,
	$$ SELECT a, 'ticket', o::jsonb, true FROM (VALUES ('ticket.created', NULL),
		('ticket.updated', '{"status": "new", "priority": "normal", "tags": [], "fields": {}}'), ('ticket.commented', NULL)) AS v (a, o) $$,
	'each change is on record');

-- Many at once.
INSERT INTO respond.ticket (subject, team) SELECT 'bulk ' || n, 'blue' FROM generate_series(1, 1200) AS n;
UPDATE respond.ticket SET status = 'open' WHERE subject LIKE 'bulk %';
INSERT INTO respond.comment (ticket_id, body) SELECT id, 'bulk' FROM respond.ticket WHERE subject LIKE 'bulk %';
SELECT results_eq($$ SELECT e.type, count(*), count(DISTINCT e.subject) FROM respond.event AS e JOIN respond.ticket AS t ON e.subject = 'ticket/' || t.id
		WHERE t.subject LIKE 'bulk %' GROUP BY 1 ORDER BY 1 $$,
	$$ VALUES ('ticket.commented', 1200::bigint, 1200::bigint), ('ticket.created', 1200, 1200), ('ticket.updated', 1200, 1200) $$,
	'a statement on many tickets has an event for each');
SELECT results_eq($$ SELECT h.field, count(*) FROM respond.ticket_history AS h JOIN respond.ticket AS t ON h.ticket_id = t.id
		WHERE t.subject LIKE 'bulk %' GROUP BY 1 ORDER BY 1 $$,
	$$ VALUES ('comment', 1200::bigint), ('created', 1200), ('status', 1200) $$, 'and a row of history');
SELECT throws_ok($$ INSERT INTO respond.ticket (subject, team) SELECT 'x', CASE n WHEN 700 THEN 'pink' ELSE 'blue' END FROM generate_series(1, 1200) AS n $$,
	'23503', 'team "pink" does not exist');

-- References.
SELECT throws_ok($$ DELETE FROM respond.team WHERE name = 'blue' $$, '23503', 'team "blue" still has tickets');
SELECT throws_ok($$ TRUNCATE respond.team $$, '23503', 'teams still have tickets');
UPDATE respond.team SET name = 'navy' WHERE name = 'blue';
SELECT is((SELECT count(*) FROM respond.ticket WHERE team = 'navy'), 1201::bigint, 'tickets follow the new name of their team');
SELECT is((SELECT count(*) FROM respond.ticket_history WHERE field = 'team' AND new = '"navy"'), 1201::bigint, 'which is a change of the ticket');
DELETE FROM respond.ticket WHERE team = 'navy';
SELECT is((SELECT count(*) FROM respond.comment), 0::bigint, 'comments go with their tickets');
SELECT is((SELECT count(*) FROM respond.audit_log WHERE action = 'ticket.deleted'), 1201::bigint, 'a deletion is on record');
SELECT lives_ok($$ DELETE FROM respond.team WHERE name = 'navy' $$, 'a team without tickets can go');
SELECT lives_ok($$ WITH new_team AS (INSERT INTO respond.team (name) VALUES ('green')) INSERT INTO respond.ticket (subject, team) VALUES ('x', 'green') $$,
	'a team and its ticket can come in one statement');

SELECT * FROM finish();
ROLLBACK;
