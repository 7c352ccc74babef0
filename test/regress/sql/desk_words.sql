-- Words instead of the text of an index; tags are labels, each once.
CREATE ROLE desk_words_agent IN ROLE respond_agent;
SET ROLE desk_words_agent;
INSERT INTO respond.ticket (subject, tags) VALUES ('tags', '{b,a,b,NULL,a,c,NULL}') RETURNING tags;
UPDATE respond.ticket SET tags = tags || '{c,d}' WHERE subject = 'tags' RETURNING tags;
UPDATE respond.ticket SET tags = '{}' WHERE subject = 'tags' RETURNING tags;
INSERT INTO respond.ticket (subject, status, tags) VALUES ('solved', 'solved', '{x,x}') RETURNING tags, solved_at IS NOT NULL AS solved;
RESET ROLE;
SELECT new FROM respond.ticket_history AS h JOIN respond.ticket AS t ON t.id = h.ticket_id WHERE t.subject = 'tags' AND h.field = 'tags' ORDER BY h.id;

INSERT INTO respond.ticket (subject, key, status) VALUES ('first', 'dw', 'solved');
INSERT INTO respond.ticket (subject, key) VALUES ('second', 'dw'), ('third', 'other');
CREATE FUNCTION pg_temp.words(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN unique_violation THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN regexp_replace(concat_ws(E'\n', message, detail, hint), 'ticket [0-9]+', 'ticket N', 'g');
END
$$;
SET ROLE desk_words_agent;
SELECT pg_temp.words($$ UPDATE respond.ticket SET status = 'open' WHERE subject = 'first' $$);
SELECT pg_temp.words($$ UPDATE respond.ticket SET key = 'dw' WHERE subject = 'third' $$);
SELECT pg_temp.words($$ UPDATE respond.ticket SET description = 'x' WHERE subject IN ('first', 'second') $$);
SELECT pg_temp.words($$ UPDATE respond.ticket SET status = 'solved' WHERE subject = 'second' $$);
SELECT pg_temp.words($$ UPDATE respond.ticket SET status = 'open' WHERE subject = 'first' $$);
RESET ROLE;
UPDATE respond.ticket SET session_actor = 'somebody' WHERE subject = 'first';
DELETE FROM respond.ticket WHERE subject IN ('tags', 'solved', 'first', 'second', 'third');

-- errors of functions that people call tell nothing of their insides
SELECT respond.replay(-1);
SELECT respond.explain(-1);
SELECT respond.retry(-1);
SELECT respond.import_rules('[{"name": 1}]');
SELECT respond.hold('restore');
SELECT respond.acknowledge('event', -1);
SELECT respond.start('nothing');
-- but what is the caller's own stays
DO $$ BEGIN PERFORM respond.retry(-1); END $$;
DROP OWNED BY desk_words_agent;
DROP ROLE desk_words_agent;
