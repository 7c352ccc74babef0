-- Tickets that become one: what moves, what is on record, what is refused, and for whom.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

CREATE ROLE merge_ann IN ROLE respond_agent;
CREATE ROLE merge_auditor IN ROLE respond_auditor;
CREATE ROLE merge_reader;
INSERT INTO respond.team (name) VALUES ('a'), ('b');
INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'merge_ann');
INSERT INTO respond.team_member (team, agent) VALUES ('a', 'Ann');
INSERT INTO respond.ticket (id, subject, team, status, tags, key) VALUES
	(1, 'goes', 'a', 'open', '{x,y}', 'K'), (2, 'stays', 'a', 'pending', '{y,z}', NULL), (3, 'closed', 'a', 'closed', '{}', NULL),
	(4, 'solved', 'a', 'solved', '{}', NULL), (5, 'end', 'a', 'new', '{}', NULL), (6, 'hidden', 'b', 'new', '{}', NULL),
	(7, 'nobody''s', NULL, 'new', '{}', NULL), (8, 'given away', 'a', 'new', '{}', NULL);
SELECT FROM setval('respond.ticket_id_seq', 1000);
INSERT INTO respond.comment (ticket_id, body) VALUES (1, 'first'), (2, 'second'), (1, 'third'), (6, 'of b');
INSERT INTO respond.rating (ticket_id, score) VALUES (1, 2);

-- The result of a statement as somebody; or the error, and the hint.
CREATE FUNCTION pg_temp.as(who name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	hint text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	BEGIN
		EXECUTE statement INTO result;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		result := concat_ws(' | ', SQLSTATE, SQLERRM, nullif(hint, ''));
	END;
	RESET ROLE;
	RETURN result;
END
$$;
CREATE TEMP TABLE before AS SELECT max(id) AS event, (SELECT max(id) FROM respond.audit_log) AS audit, (SELECT max(id) FROM respond.ticket_history) AS history FROM respond.event;

-- What an agent does to tickets of theirs.
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(1, 2)'), '2', 'merge() says how many comments moved');
SELECT is((SELECT array_agg(c.body ORDER BY c.id) FROM respond.comment AS c WHERE c.ticket_id = 2), '{first,second,third}', 'they stand in their order');
SELECT is_empty('SELECT FROM respond.comment WHERE ticket_id = 1', 'none stays behind');
SELECT results_eq('SELECT status, merged_into, closed_at IS NOT NULL, key, tags, subject FROM respond.ticket WHERE id = 1',
	$$ VALUES ('closed', 2::bigint, true, 'K', '{x,y}'::text[], 'goes') $$, 'the one is closed and leads to the other; the rest of it is as it was');
SELECT results_eq('SELECT status, merged_into, key, tags FROM respond.ticket WHERE id = 2', $$ VALUES ('pending', NULL::bigint, NULL::text, '{y,z,x}'::text[]) $$,
	'the other gets the tags that it had not');
SELECT is((SELECT ticket_id FROM respond.rating), 1::bigint, 'ratings stay with what was rated');
SELECT results_eq('SELECT e.subject, e.type, e.actor, e.data - ''{new,old,ticket}''::text[] FROM respond.event AS e, before WHERE e.id > before.event ORDER BY e.id',
	$$ VALUES ('ticket/2', 'ticket.updated', 'merge_ann', '{"changed": ["tags"]}'::jsonb),
		('ticket/1', 'ticket.updated', 'merge_ann', '{"changed": ["status", "merged_into"]}'),
		('ticket/1', 'ticket.merged', 'merge_ann', '{"ticket_id": 1, "from_ticket": 1, "into_ticket": 2, "comments": 2}'),
		('ticket/2', 'ticket.merged', 'merge_ann', '{"ticket_id": 2, "from_ticket": 1, "into_ticket": 2, "comments": 2}') $$, 'events of both');
SELECT results_eq('SELECT a.object_id, a.actor, a.old, a.new FROM respond.audit_log AS a, before WHERE a.id > before.audit AND a.action = ''ticket.merged'' ORDER BY a.id',
	$$ SELECT id, 'merge_ann', NULL::jsonb, '{"from_ticket": 1, "into_ticket": 2, "comments": 2}'::jsonb FROM unnest('{1,2}'::text[]) AS id $$, 'audit of both');
SELECT results_eq('SELECT h.ticket_id, h.field, h.actor, h.new FROM respond.ticket_history AS h, before WHERE h.id > before.history ORDER BY h.id',
	$$ VALUES (2::bigint, 'tags', 'merge_ann', '["y", "z", "x"]'::jsonb), (1, 'status', 'merge_ann', '"closed"'), (1, 'merged_into', 'merge_ann', '2'),
		(1, 'merged', 'merge_ann', '{"from_ticket": 1, "into_ticket": 2, "comments": 2}'), (2, 'merged', 'merge_ann', '{"from_ticket": 1, "into_ticket": 2, "comments": 2}') $$,
	'history of both');

-- What cannot be.
SELECT is(pg_temp.as('merge_ann', statement), expected, statement) FROM (VALUES
	('SELECT respond.merge(2, 2)', '22023 | a ticket cannot be merged into itself | Name the ticket that goes first, then the one that stays.'),
	('SELECT respond.merge(1, 5)', 'RS003 | ticket 1 cannot be merged: it was merged into ticket 2 | Name ticket 2 instead.'),
	('SELECT respond.merge(5, 1)', 'RS003 | ticket 1 cannot be merged: it was merged into ticket 2 | Name ticket 2 instead.'),
	('SELECT respond.merge(2, 1)', 'RS003 | ticket 2 cannot be merged into ticket 1, which was merged into it | Both numbers lead to ticket 2 already.'),
	('SELECT respond.merge(3, 2)', 'RS003 | ticket 3 cannot be merged: it is closed | A closed ticket stays as it is.'),
	('SELECT respond.merge(2, 3)', 'RS003 | ticket 3 cannot be merged: it is closed | A closed ticket stays as it is.'),
	('SELECT respond.merge(2, 99)', 'P0002 | ticket 99 does not exist | Look it up in respond.ticket.'),
	('SELECT respond.merge(99, 2)', 'P0002 | ticket 99 does not exist | Look it up in respond.ticket.'),
	('SELECT respond.merge(2, 6)', 'P0002 | ticket 6 does not exist | Look it up in respond.ticket.'),
	('SELECT respond.merge(6, 2)', 'P0002 | ticket 6 does not exist | Look it up in respond.ticket.'),
	('SELECT respond.merge(NULL, 2)', NULL),
	('SELECT respond.merge(2, NULL)', NULL)) AS refused (statement, expected);
SELECT is((SELECT count(*) FROM respond.ticket WHERE merged_into IS NOT NULL), 1::bigint, 'and nothing was done');
SELECT is(pg_temp.as(who, 'SELECT respond.merge(5, 7)') ~ '^42501', true, format('%s may not', who)) FROM unnest('{merge_auditor,merge_reader}'::name[]) AS who;
SELECT throws_like($$ UPDATE respond.ticket SET merged_into = 7 WHERE id = 5 $$, 'column "merged_into" of a ticket cannot be written', 'nobody writes where a number leads');
SELECT throws_like($$ UPDATE respond.ticket SET merged_into = NULL WHERE id = 1 $$, 'column "merged_into" of a ticket cannot be written', 'or takes it back');
SELECT throws_like($$ INSERT INTO respond.ticket (subject, status, merged_into) VALUES ('new', 'closed', 5) $$, 'column "merged_into" of a ticket cannot be written', 'nor is a ticket born so');
SELECT throws_like($$ INSERT INTO respond.ticket (subject, merged_into) VALUES ('new', 5) $$, 'column "merged_into" of a ticket cannot be written', 'in any status');
SELECT throws_like($$ UPDATE respond.ticket SET status = 'open' WHERE id = 1 $$, 'a ticket cannot go from status "closed" to "open"', 'a merged ticket stays closed');

-- Chains, and rings over them.
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(2, 4)'), '3', 'a solved ticket can be merged into, and what came with an earlier one moves on');
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(4, 5)'), '3', 'and be merged');
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(5, 1)'), 'RS003 | ticket 5 cannot be merged into ticket 1, which was merged into it | Both numbers lead to ticket 5 already.', 'a ring over a chain');
SELECT is((SELECT array_agg(merged_into ORDER BY id) FROM respond.ticket WHERE id IN (1, 2, 4, 5)), '{2,4,5,NULL}', 'each leads to the next');

-- A chain over a ticket that went to another team tells nothing of it.
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(5, 8)'), '3', 'one more');
INSERT INTO respond.ticket (id, subject, team) VALUES (9, 'last', 'a');
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(8, 9)'), '3', 'and one');
UPDATE respond.ticket SET team = 'b' WHERE id = 8;
SELECT is(pg_temp.as('merge_ann', 'SELECT respond.merge(9, 5)'), 'RS003 | ticket 5 cannot be merged: it was merged into ticket 8 | Name ticket 8 instead.', 'a chain ends for an agent where they see no more');
SELECT is(pg_temp.as(current_user, 'SELECT respond.merge(9, 5)'), 'RS003 | ticket 9 cannot be merged into ticket 5, which was merged into it | Both numbers lead to ticket 9 already.', 'and not for others');

-- Sets.
INSERT INTO respond.ticket (id, subject, team) SELECT n, 'many', 'a' FROM generate_series(20, 25) AS n;
INSERT INTO respond.comment (ticket_id, body) SELECT n, 'many' FROM generate_series(20, 25) AS n;
SELECT is((SELECT sum(respond.merge(t.id, 25)) FROM respond.ticket AS t WHERE t.subject = 'many' AND t.id <> 25), 5::numeric, 'many at once');
SELECT is((SELECT count(*) FROM respond.comment WHERE ticket_id = 25), 6::bigint, 'all comments are there');

SELECT * FROM finish();
ROLLBACK;
