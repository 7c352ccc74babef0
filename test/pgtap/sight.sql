-- Agents see the tickets of their teams: no way around it, and nothing in the way of their work.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();

-- What holds for all there is.
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	AND c.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false) $$, 'views read with the rights, and the rows, of their reader');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relforcerowsecurity $$,
	'no policy holds for the owner of the tables, as which the workers write');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND has_any_column_privilege('respond_agent', c.oid, 'SELECT')
	AND c.relname NOT IN ('team', 'agent', 'team_member', 'calendar', 'calendar_exception', 'rotation', 'rotation_member', 'on_call_layer', 'on_call_override') $$, 'of tables without policies agents read the phone book, the opening hours and who is on call alone');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	AND p.prosecdef AND has_function_privilege('respond_agent', p.oid, 'EXECUTE') $$, 'no function of theirs has the rights of another role');
SELECT is_empty($$ SELECT n.nspname FROM pg_namespace AS n WHERE n.nspname = 'respond_internal' AND has_schema_privilege('respond_agent', n.oid, 'USAGE') $$,
	'nor can they call what policies call');

CREATE ROLE sight_ann IN ROLE respond_agent;
CREATE ROLE sight_bea IN ROLE respond_agent;
CREATE ROLE sight_group IN ROLE respond_agent;
CREATE ROLE sight_cy IN ROLE sight_group;
CREATE ROLE sight_dot NOINHERIT IN ROLE sight_ann;
CREATE ROLE sight_admin IN ROLE respond_admin;
INSERT INTO respond.team (name) VALUES ('a'), ('b'), ('c');
INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'sight_ann'), ('Bea', 'sight_bea'), ('The group', 'sight_group'), ('Nobody', NULL);
INSERT INTO respond.team_member (team, agent) VALUES ('a', 'Ann'), ('b', 'Bea'), ('c', 'The group');
INSERT INTO respond.ticket (id, subject, team, key, run_id) VALUES (1, 'of a', 'a', 'A', 11), (2, 'SECRET of b', 'b', 'B', 12), (3, 'of nobody', NULL, 'N', NULL), (4, 'of c', 'c', NULL, NULL);
SELECT FROM setval('respond.ticket_id_seq', 1000);
INSERT INTO respond.comment (ticket_id, body) VALUES (1, 'said of a'), (2, 'SECRET said'), (3, 'said of nobody');
INSERT INTO respond.rating (ticket_id, score, comment) VALUES (1, 1, 'rated'), (2, 1, 'SECRET rating');
UPDATE respond.ticket SET priority = 'urgent', requester = 'SECRET requester' WHERE id = 2;
UPDATE respond.ticket SET priority = 'low' WHERE id = 1;
INSERT INTO respond.run (id, rule, rule_version, event_id, status, key, waits_for) VALUES (11, 'r', 1, NULL, 'waiting', 'of a', 'x'), (12, 'r', 1, NULL, 'waiting', 'SECRET key', 'SECRET wait'),
	(13, 'r', 1, NULL, 'waiting', 'SECRET too', 'x');
-- what these roles do is on record in temporary tables
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;

-- The result of a statement as somebody, as JSON; or the error.
CREATE FUNCTION pg_temp.as(who name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	BEGIN
		IF statement ~ '^(CREATE|UPDATE|INSERT|MERGE|SET)' AND statement !~ 'RETURNING' THEN
			EXECUTE statement;
		ELSE
			EXECUTE statement INTO result;
		END IF;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		result := concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
	END;
	RESET ROLE;
	RETURN result;
END
$$;
CREATE FUNCTION pg_temp.seen(who name) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.as(who, 'SELECT string_agg(id::text, '','' ORDER BY id) FROM respond.ticket WHERE id < 1000')
$$;

SELECT is(pg_temp.seen('sight_ann'), '1,3', 'an agent sees what their team has, and what nobody has');
SELECT is(pg_temp.seen('sight_bea'), '2,3', 'so does another');
SELECT is(pg_temp.seen('sight_cy'), '3,4', 'a member of the role that is an agent is that agent');
SELECT is(pg_temp.seen('sight_dot'), '42501 | permission denied for schema respond', 'a member that does not inherit has to become it first');
SELECT is(pg_temp.seen('sight_admin'), '1,2,3,4', 'an admin sees all');

-- A function of the agent's own, cheaper than anything: the planner would like to call it first.
CREATE TABLE public.leaked (what text);
GRANT ALL ON public.leaked TO PUBLIC;
CREATE FUNCTION public.leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO public.leaked VALUES (what); RETURN true; END $$;
CREATE FUNCTION public.leak_in_parallel(what text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0000001 AS $$
	BEGIN IF what LIKE '%SECRET%' THEN RAISE EXCEPTION 'leaked %', what; END IF; RETURN true; END $$;
CREATE OPERATOR public.<<<< (PROCEDURE = public.leak, RIGHTARG = text);
CREATE FUNCTION pg_temp.probe(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	DELETE FROM public.leaked;
	result := pg_temp.as('sight_ann', statement);
	RETURN concat_ws(' ', CASE WHEN result LIKE '%SECRET%' OR result ~ '^[0-9A-Z]{5} [|]' THEN result END, (SELECT string_agg(what, ' ') FROM public.leaked WHERE what LIKE '%SECRET%' OR what ~ '^[(][0-9]+,2,'));
END
$$;
GRANT CREATE ON SCHEMA public TO sight_ann;
CREATE TEMP TABLE place (name text);
INSERT INTO place SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'respond'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('respond_agent', c.oid, 'SELECT');
SELECT ok(count(*) >= 10, 'there is much to be probed') FROM place;
SELECT is(pg_temp.probe(format(s, name)), '', format(s, name))
  FROM place, unnest(ARRAY[
	'SELECT count(*) FROM %1$s AS r WHERE leak(r::text)',
	'SELECT count(*) FROM %1$s AS r WHERE <<<< r::text',
	'SELECT count(*) FROM (SELECT r::text AS x FROM %1$s AS r OFFSET 0) AS r WHERE leak(x)',
	'SELECT count(*) FROM %1$s AS r JOIN %1$s AS o ON leak(r::text) AND leak(o::text)',
	'SELECT count(*) FROM generate_series(1, 3) AS g LEFT JOIN LATERAL (SELECT FROM %1$s AS r WHERE leak(r::text)) AS x ON true',
	'SELECT count(*) FROM %1$s AS r WHERE CASE WHEN leak(r::text) THEN true END',
	'SELECT count(*) FROM %1$s AS r GROUP BY leak(r::text)',
	'SELECT max(r::text) FROM %1$s AS r',
	'SELECT string_agg(r::text, '' '') FROM %1$s AS r',
	'WITH x AS NOT MATERIALIZED (SELECT * FROM %1$s) SELECT count(*) FROM x WHERE leak(x::text)',
	'SELECT count(*) FROM %1$s AS r WHERE leak_in_parallel(r::text)',
	'SELECT count(*) FROM %1$s AS r TABLESAMPLE SYSTEM (100) WHERE leak(r::text)',
	'SELECT json_agg(s) FROM pg_stats AS s WHERE s.schemaname = ''respond'' AND ''%1$s'' NOT IN (''respond.team'', ''respond.agent'', ''respond.team_member'', ''respond.calendar'', ''respond.calendar_exception'', ''respond.rotation'', ''respond.rotation_member'', ''respond.on_call_layer'', ''respond.on_call_override'')']) AS s
 WHERE NOT (name = 'respond.waiting' AND s LIKE '%TABLESAMPLE%');
SELECT is(pg_temp.as('sight_ann', 'CREATE VIEW public.barrier AS SELECT * FROM respond.ticket'), NULL, 'a view');
SELECT is(pg_temp.probe('SELECT count(*) FROM public.barrier AS r WHERE leak(r::text)'), '', 'in a view of their own');
SELECT is(pg_temp.probe('UPDATE respond.ticket AS t SET priority = priority WHERE leak(t::text)'), '', 'in an UPDATE');
SELECT is(pg_temp.probe('UPDATE respond.ticket AS t SET priority = t.priority FROM respond.ticket AS o WHERE leak(o::text)'), '', 'in what it joins');
SELECT is(pg_temp.probe('SELECT id FROM respond.ticket AS t WHERE leak(t::text) FOR UPDATE'), '', 'in a lock');
SELECT is(pg_temp.probe('INSERT INTO respond.ticket (subject) SELECT t.subject FROM respond.ticket AS t WHERE leak(t::text)'), '', 'in an INSERT');
SELECT is(pg_temp.probe($$MERGE INTO respond.ticket AS t USING (VALUES (2)) AS v (id) ON t.id = v.id AND leak(t::text) WHEN MATCHED THEN UPDATE SET subject = 'mine'$$), '', 'in a MERGE');
SELECT is(pg_temp.probe($$INSERT INTO respond.ticket AS t (subject, key) VALUES ('x', 'B') ON CONFLICT (key) WHERE key IS NOT NULL AND status NOT IN ('solved', 'closed')
	DO UPDATE SET subject = 'mine' WHERE leak(t::text)$$), '42501 | new row violates row-level security policy (USING expression) for table "ticket"', 'in what a conflict updates');
-- Errors tell values, too.
SELECT is(pg_temp.as('sight_ann', statement) LIKE '2_%', false, statement)
  FROM unnest(ARRAY['SELECT count(*) FROM respond.ticket WHERE 1 / (1 - (subject LIKE ''SECRET%'')::integer) = 1',
	'SELECT count(*) FROM respond.ticket WHERE CASE WHEN subject LIKE ''SECRET%'' THEN subject::integer END = 1',
	'SELECT count(*) FROM respond.comment WHERE CASE WHEN body LIKE ''SECRET%'' THEN body::integer END = 1',
	'SELECT count(*) FROM respond.run WHERE CASE WHEN key LIKE ''SECRET%'' THEN key::integer END = 1',
	'SELECT count(CASE WHEN new::text LIKE ''%SECRET%'' THEN new::text::integer END) FROM respond.ticket_history']) AS statement;
SELECT is(pg_temp.as('sight_ann', 'SET LOCAL row_security = off; SELECT count(*) FROM respond.ticket'), '42501 | query would be affected by row-level security policy for table "ticket"',
	'who asks for all or nothing gets nothing');
SET LOCAL row_security = on;
SELECT is((SELECT array_agg(subject || priority ORDER BY id) FROM respond.ticket WHERE id < 1000), '{"of alow","SECRET of burgent","of nobodynormal","of cnormal"}', 'and nothing was changed by all that');
DELETE FROM respond.ticket WHERE id > 1000;

-- What policies ask does not keep the server from its indexes: with none to be had it would have to read the whole table.
CREATE FUNCTION pg_temp.plan(who name, query text) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
	RETURN pg_temp.as(who, 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || query);
END
$$;
SELECT alike(pg_temp.plan('sight_ann', query), format('%%"Index Name": "%s"%%', index), query)
  FROM (VALUES ('SELECT * FROM respond.ticket ORDER BY id DESC LIMIT 50', 'ticket_pkey'), ('SELECT * FROM respond.ticket WHERE id = 7', 'ticket_pkey'),
	('SELECT * FROM respond.ticket WHERE team = ''a'' AND status = ''open'' ORDER BY updated_at DESC LIMIT 50', 'ticket_queue_idx'),
	('SELECT * FROM respond.ticket WHERE team = ''a'' AND status NOT IN (''solved'', ''closed'') AND (updated_at, id) < (now(), 7) ORDER BY updated_at DESC, id DESC LIMIT 50', 'ticket_queue_idx'),
	('SELECT * FROM respond.ticket WHERE key = ''A'' AND status = ''open''', 'ticket_open_key_idx'),
	('SELECT * FROM respond.comment WHERE ticket_id = 7', 'comment_ticket_id_idx'), ('SELECT * FROM respond.run WHERE id = 7', 'ticket_run_id_idx')) AS q (query, index);
SELECT doesnt_match(pg_temp.plan('sight_ann', format('SELECT * FROM respond.%s = 7', place)), '"Node Type": "Seq Scan",[^{}]*"Relation Name": "ticket"', 'tickets are looked up for a row of ' || place)
  FROM unnest('{comment WHERE id,rating WHERE id,ticket_history WHERE id,run WHERE id,waiting WHERE run_id}'::text[]) AS place;

-- Writing: what they see.  What they do not see is not there.
SELECT is(pg_temp.as('sight_ann', $$WITH u AS (UPDATE respond.ticket SET subject = 'mine' WHERE id = 2 RETURNING id) SELECT count(*) FROM u$$), '0', 'what is not seen is not updated');
SELECT is(pg_temp.as('sight_ann', $$WITH u AS (UPDATE respond.ticket SET priority = 'high' RETURNING id) SELECT string_agg(id::text, ',' ORDER BY id) FROM u$$), '1,3', 'an UPDATE of all is one of those');
SELECT is(pg_temp.as('sight_ann', 'INSERT INTO respond.comment (ticket_id, body) VALUES (2, ''x'')'),
	replace(pg_temp.as('sight_ann', 'INSERT INTO respond.comment (ticket_id, body) VALUES (99, ''x'')'), '99', '2'), 'a comment on it fails as on one that is not there');
SELECT is(pg_temp.as('sight_ann', 'INSERT INTO respond.comment (ticket_id, body) VALUES (2, ''x'')'),
	'23503 | ticket 2 does not exist | A comment refers to it. | Look it up in respond.ticket; it may have been deleted.', 'in these words');
SELECT alike(pg_temp.as('sight_ann', 'INSERT INTO respond.rating (ticket_id, score) VALUES (2, 1)'), '23503 | ticket 2 does not exist%', 'nor can it be rated');
SELECT is(pg_temp.as('sight_ann', 'INSERT INTO respond.comment (ticket_id, body) VALUES (1, ''x''), (3, ''y'') RETURNING body'), 'x', 'one on their own can be read at once');
SELECT is(pg_temp.as('sight_ann', 'SELECT respond.rating_link(2, ''x'')'), 'P0002 | ticket 2 does not exist', 'no link can be made for it');
SELECT is(pg_temp.as('sight_ann', format('SELECT respond.%s', call)), replace(pg_temp.as('sight_ann', format('SELECT respond.%s', replace(call, '12', '98'))), '98', '12'), call || ' as of no run')
  FROM unnest('{cancel_run(12),pause_run(12),resume_run(12),retry_run(12),"signal(12, ''s'')"}'::text[]) AS call;
SELECT alike(pg_temp.as('sight_ann', 'SELECT respond.cancel_run(11)'), '42501 | permission denied to cancel run 11 of rule "r"%', 'of one that is seen it says more');

-- Keys: another ticket has it, and no word more.
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket (subject, key) VALUES ('x', 'B')$$), '23505 | duplicate key value violates unique constraint "ticket_open_key_idx"', 'a key that a hidden ticket has');
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET key = 'B' WHERE id = 1$$),
	'23505 | ticket 1 cannot be open: another ticket with the same key is | Only one ticket with the key "B" can be unsolved at a time. You do not see the other one. | Give the ticket another key.',
	'by UPDATE');
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET key = 'N' WHERE id = 1$$),
	'23505 | ticket 1 cannot be open: ticket 3 with the same key is | Only one ticket with the key "N" can be unsolved at a time. | Continue with ticket 3, or solve it first, or give one of them another key.',
	'a key that a ticket has that is seen');
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket (subject, key) VALUES ('x', 'B') ON CONFLICT DO NOTHING RETURNING id$$), NULL, 'ON CONFLICT DO NOTHING');
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket AS t (subject, key) VALUES ('x', 'B') ON CONFLICT (key) WHERE key IS NOT NULL AND status NOT IN ('solved', 'closed')
	DO UPDATE SET subject = 'mine' RETURNING t.subject$$), '42501 | new row violates row-level security policy (USING expression) for table "ticket"', 'ON CONFLICT DO UPDATE');
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket AS t (subject, key) VALUES ('again', 'A') ON CONFLICT (key) WHERE key IS NOT NULL AND status NOT IN ('solved', 'closed')
	DO UPDATE SET subject = excluded.subject RETURNING t.subject || t.id$$), 'again1', 'which works on one that is seen');

-- A ticket may be opened for any team, and given to any.
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket (subject, team) VALUES ('for b', 'b') RETURNING subject || team || (id > 1000)$$), 'for bbtrue', 'opened for another team, and its number told');
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket (subject, team, key) VALUES ('for b', 'b', 'new') ON CONFLICT DO NOTHING RETURNING subject$$), 'for b', 'with ON CONFLICT, too');
SELECT is(pg_temp.seen('sight_ann'), '1,3', 'it is not seen');
SELECT is(pg_temp.as('sight_ann', $$INSERT INTO respond.ticket (subject, team) VALUES ('x', 'none')$$),
	'23503 | team "none" does not exist | A ticket refers to it. | Create it with INSERT INTO respond.team (name) VALUES (''none''), or use a team that exists.', 'the team has to be there');
SAVEPOINT before;
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET team = 'b' WHERE id = 1 RETURNING team$$), 'b', 'given away, with WHERE and RETURNING');
SELECT is(pg_temp.seen('sight_ann'), '3', 'it is gone');
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET team = 'a' WHERE id = 1 RETURNING team$$), NULL, 'and cannot be taken back');
SELECT is(pg_temp.as('sight_ann', 'SELECT count(*) FROM respond.comment WHERE ticket_id = 1'), '0', 'its comments are gone, too');
SELECT is(pg_temp.as('sight_bea', 'SELECT count(*) FROM respond.comment WHERE ticket_id = 1'), '2', 'to those who have it now');
ROLLBACK TO before;
SELECT is(pg_temp.as('sight_ann', $$WITH u AS (UPDATE respond.ticket SET team = 'b' RETURNING id) SELECT string_agg(id::text, ',' ORDER BY id) FROM u$$), '1,3', 'several at once');
ROLLBACK TO before;
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET assignee = 'Bea' WHERE id = 3 RETURNING assignee$$), 'Bea', 'given to a person');
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET team = 'b' WHERE id = 3$$), NULL, 'and to a team');
SELECT is(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET assignee = 'Ann' WHERE id = 3$$), NULL, 'then it is too late');
SELECT is((SELECT team || assignee FROM respond.ticket WHERE id = 3), 'bBea', 'so it is');
ROLLBACK TO before;
SELECT is(pg_temp.as('sight_ann', $$MERGE INTO respond.ticket AS t USING (VALUES (1), (2)) AS v (id) ON t.id = v.id WHEN MATCHED THEN UPDATE SET team = 'c' WHEN NOT MATCHED THEN INSERT (subject, team) VALUES ('merged', 'b')$$),
	NULL, 'MERGE');
SELECT results_eq($$ SELECT id < 1000, team, subject FROM respond.ticket WHERE subject IN ('of a', 'again', 'merged') ORDER BY id $$, $$ VALUES (true, 'c', 'again'), (false, 'b', 'merged') $$,
	'updates what is seen, and takes the rest as missing');
ROLLBACK TO before;
-- The note that lets a ticket go is gone with its statement, also when that fails.
SELECT alike(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET team = 'none' WHERE id = 1$$), '23503%', 'a statement that fails at its end');
SELECT alike(pg_temp.as('sight_ann', $$UPDATE respond.ticket SET subject = NULL WHERE id = 1$$), '23502%', 'and one that fails at the row');
DELETE FROM respond.team_member WHERE agent = 'Ann';
SELECT is(pg_temp.seen('sight_ann'), '3', 'leave no ticket to be seen');
ROLLBACK TO before;
SELECT is(pg_temp.as('sight_ann', $$WITH u AS (UPDATE respond.ticket SET team = 'b' WHERE id = 1 RETURNING id), x AS (SELECT leak(t::text) FROM respond.ticket AS t, u) SELECT count(*) FROM x$$), '2',
	'nor does one in the same statement see more than before');
ROLLBACK TO before;

CREATE FUNCTION public.give_and_look() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	UPDATE respond.ticket SET team = 'b' WHERE id = 1;
	RETURN (SELECT count(*) FROM respond.ticket WHERE id = 1);
END
$$;
SELECT is(pg_temp.as('sight_ann', 'SELECT public.give_and_look()'), '0', 'nor the next one, in the same subtransaction');
ROLLBACK TO before;

-- Who is who.
UPDATE respond.ticket SET assignee = 'Ann' WHERE id = 4;
SELECT is(pg_temp.seen('sight_ann'), '1,3,4', 'what is assigned to them');
UPDATE respond.ticket SET assignee = 'sight_ann' WHERE id = 4;
SELECT is(pg_temp.seen('sight_ann'), '1,3', 'by their name as an agent, not by that of the role');
ALTER ROLE sight_ann RENAME TO sight_anna;
CREATE ROLE sight_ann IN ROLE respond_agent;
SELECT is(pg_temp.seen('sight_anna'), '1,3', 'a role that is renamed stays the agent');
SELECT is(pg_temp.seen('sight_ann'), '3', 'another with its name is nobody');
ALTER TABLE respond.agent DISABLE TRIGGER agent_role;
UPDATE respond.agent SET db_role = 'sight_ann' WHERE name = 'Ann';
ALTER TABLE respond.agent ENABLE ALWAYS TRIGGER agent_role;
SELECT is(pg_temp.seen('sight_ann') || ' ' || pg_temp.seen('sight_anna'), '3 1,3', 'also until the new name has come to the table, from another database');
INSERT INTO respond.team_member (team, agent) VALUES ('b', 'Ann'), ('c', 'Ann');
SELECT is(pg_temp.seen('sight_anna'), '1,2,3,4', 'who is in many teams');
PREPARE whose AS SELECT string_agg(id::text, ',' ORDER BY id) FROM respond.ticket WHERE id < 1000;
CREATE FUNCTION pg_temp.prepared(who name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	EXECUTE 'EXECUTE whose' INTO result;
	RESET ROLE;
	RETURN result;
END
$$;
SELECT is(pg_temp.prepared(who), seen, format('prepared once: %s', who))
  FROM (VALUES ('sight_anna', '1,2,3,4'), ('sight_bea', '2,3'), ('sight_admin', '1,2,3,4'), ('sight_anna', '1,2,3,4'), ('sight_cy', '3,4')) AS w (who, seen);
DELETE FROM respond.team_member WHERE agent = 'Ann';
SELECT is(pg_temp.prepared('sight_anna'), '3', 'memberships count as they are at each execution');
UPDATE respond.team SET name = 'bb' WHERE name = 'b';
SELECT is(pg_temp.seen('sight_bea'), '2,3', 'a team that is renamed stays theirs');
DELETE FROM respond.agent WHERE name = 'Bea';
SELECT is(pg_temp.seen('sight_bea'), '3', 'who is no agent any more');
REVOKE respond_agent FROM sight_bea;
SELECT is(pg_temp.seen('sight_bea'), '42501 | permission denied for schema respond', 'and has no rights');

SELECT * FROM finish();
ROLLBACK;
