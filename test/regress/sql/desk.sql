-- Tickets: the messages for what is refused.
\set VERBOSITY terse
INSERT INTO respond.team (name) VALUES ('');
\set VERBOSITY default
INSERT INTO respond.team (name, description) VALUES ('desk test', 'of the regression tests');

-- values
INSERT INTO respond.ticket (subject, status) VALUES ('x', 'asleep');
INSERT INTO respond.ticket (subject, status) VALUES ('x', repeat('long ', 2000));
INSERT INTO respond.ticket (subject, priority) VALUES ('x', 'HIGH');
INSERT INTO respond.ticket (subject, fields) VALUES ('x', '[1]');
INSERT INTO respond.ticket (subject, fields) VALUES ('x', '"a"');
INSERT INTO respond.ticket (subject, key) VALUES ('x', '');
INSERT INTO respond.ticket (subject, key) VALUES ('x', repeat('k', 2000));
INSERT INTO respond.ticket (subject, team) VALUES ('x', 'it''s not there');
COPY respond.ticket (subject, status) FROM stdin;
x	asleep
\.
\set VERBOSITY terse
INSERT INTO respond.ticket (description) VALUES ('no subject');
\set VERBOSITY default

-- transitions
INSERT INTO respond.ticket (subject, team) VALUES ('desk test', 'desk test') RETURNING id AS ticket \gset
\set VERBOSITY terse
UPDATE respond.ticket SET status = 'open' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'new' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'asleep' WHERE id = :ticket;
UPDATE respond.ticket SET status = NULL WHERE id = :ticket;
UPDATE respond.ticket SET status = 'solved' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'pending' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'open' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'closed' WHERE id = :ticket;
UPDATE respond.ticket SET status = 'open' WHERE id = :ticket;
\set VERBOSITY default
DO $$
DECLARE
	detail text;
	hint text;
BEGIN
	UPDATE respond.ticket SET status = 'open' WHERE subject = 'desk test';
EXCEPTION WHEN SQLSTATE 'RS003' THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RAISE NOTICE '%', regexp_replace(detail, '[0-9]+', 'N');
	RAISE NOTICE '%', hint;
END
$$;
BEGIN;
INSERT INTO respond.ticket (id, subject, status) VALUES (-1, 'solved', 'solved');
UPDATE respond.ticket SET status = 'on_hold' WHERE id = -1;
ROLLBACK;

-- origin
UPDATE respond.ticket SET created_by = 'somebody else' WHERE id = :ticket;

-- history and events
SELECT field, old, new, actor = session_user AS own FROM respond.ticket_history WHERE ticket_id = :ticket ORDER BY id;
SELECT type, data -> 'old' AS old, data -> 'new' AS new, data -> 'changed' AS changed, data #> '{ticket,status}' AS status
  FROM respond.event WHERE subject = 'ticket/' || :ticket ORDER BY id;

-- comments
INSERT INTO respond.comment (ticket_id, kind, body) VALUES (:ticket, 'secret', 'x');
INSERT INTO respond.comment (ticket_id, body) VALUES (0, 'x');
INSERT INTO respond.comment (ticket_id, body) VALUES (:ticket, 'said');
SELECT data - 'ticket_id' #- '{comment,id}' #- '{comment,ticket_id}' #- '{comment,created_at}' #- '{comment,author}' AS data
  FROM respond.event WHERE subject = 'ticket/' || :ticket AND type = 'ticket.commented';

-- references
\set VERBOSITY terse
DELETE FROM respond.team WHERE name = 'desk test';
\set VERBOSITY default
UPDATE respond.team SET name = 'desk test 2' WHERE name = 'desk test';
SELECT team FROM respond.ticket WHERE id = :ticket;
DELETE FROM respond.ticket WHERE id = :ticket;
DELETE FROM respond.team WHERE name = 'desk test 2';
SELECT count(*) FROM respond.comment WHERE ticket_id = :ticket;

-- hostile documents
\set VERBOSITY terse
INSERT INTO respond.ticket (subject, fields) VALUES ('numbers', '{"n": 1e131071}') RETURNING id AS ticket \gset
SELECT length(data #>> '{ticket,fields,n}') FROM respond.event WHERE subject = 'ticket/' || :ticket;
DELETE FROM respond.ticket WHERE id = :ticket;
INSERT INTO respond.ticket (subject, fields) VALUES ('large', jsonb_build_object('a', repeat('x', 10 * 1024 * 1024))) RETURNING id AS ticket \gset
SELECT length(new #>> '{fields,a}') FROM respond.audit_log WHERE object_id = :'ticket' AND action = 'ticket.created';
UPDATE respond.ticket SET status = 'open' WHERE id = :ticket;
SELECT data -> 'changed' AS changed FROM respond.event WHERE subject = 'ticket/' || :ticket AND type = 'ticket.updated';
DELETE FROM respond.ticket WHERE id = :ticket;
INSERT INTO respond.ticket (subject, fields) VALUES ('deep', ('{"a":' || repeat('[', 2000) || repeat(']', 2000) || '}')::jsonb) RETURNING id AS ticket \gset
SELECT count(*) FROM respond.event WHERE subject = 'ticket/' || :ticket;
DELETE FROM respond.ticket WHERE id = :ticket;
