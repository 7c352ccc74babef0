-- respond.schedule: what is refused, whose a schedule is, what pg_respond keeps itself
SET TimeZone = 'America/Los_Angeles';
\pset null '(null)'
CREATE ROLE regress_sched_ann;
CREATE ROLE regress_sched_ben;
CREATE ROLE regress_sched_admin;
CREATE ROLE regress_sched_auditor;
GRANT respond_admin TO regress_sched_admin, regress_sched_ann;
GRANT respond_auditor TO regress_sched_auditor;
CREATE TABLE public.regress_stock (sku text, amount integer);
GRANT SELECT ON public.regress_stock TO regress_sched_ann;

CREATE FUNCTION pg_temp.try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	state text;
BEGIN
	EXECUTE command;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
	RETURN pg_catalog.concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- what cannot fire is refused, and the column named
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.try(format('INSERT INTO respond.schedule (name, %s) VALUES (''bad'', %s)', columns, "values"))
  FROM (VALUES ('cron, event_type', '''0 8 * *'', ''a.b'''), ('cron, event_type', '''0 24 * * *'', ''a.b'''), ('cron, event_type', '''0 0 30 2 *'', ''a.b'''),
	('cron, event_type', '''@reboot'', ''a.b'''),
	('cron, event_type, timezone', '''@daily'', ''a.b'', ''Mars/Phobos'''), ('cron, event_type', '''@daily'', ''a.*'''), ('cron, event_type', '''@daily'', '''''),
	('cron, event_type', '''@daily'', E''a\nb'''),
	('cron, event_type, subject', '''@daily'', ''a.b'', ''{{data.x'''), ('cron, event_type, data', '''@daily'', ''a.b'', ''[1]'''),
	('cron, event_type, catch_up', '''@daily'', ''a.b'', ''twice'''), ('cron, event_type, max_catch_up', '''@daily'', ''a.b'', 0'),
	('cron, event_type, max_catch_up', '''@daily'', ''a.b'', NULL'), ('cron, event_type, enabled', '''@daily'', ''a.b'', NULL'),
	('cron, event_type', '''@daily'', repeat(''t'', 256)'), ('cron, event_type', '''@daily'', ''{{data.type}}'''),
	('cron, event_type, max_catch_up', '''@daily'', ''a.b'', 10001'), ('cron, event_type, owner', '''@daily'', ''a.b'', ''regress_nobody'''),
	('cron, event_type, query', '''@daily'', ''a.b'', '''''), ('cron, event_type, query', '''@daily'', ''a.b'', ''SELEC 1'''),
	('cron, event_type, query', '''@daily'', ''a.b'', ''SELECT 1; SELECT 2'''), ('cron, event_type, query', '''@daily'', ''a.b'', ''DELETE FROM public.regress_stock'''),
	('cron, event_type, query', '''@daily'', ''a.b'', ''WITH d AS (DELETE FROM public.regress_stock RETURNING *) SELECT * FROM d'''),
	('cron, event_type, query', '''@daily'', ''a.b'', ''SELECT * INTO public.regress_more FROM public.regress_stock'''),
	('cron, event_type, query', '''@daily'', ''a.b'', ''EXPLAIN SELECT 1'''),
	('cron, event_type, query', '''@daily'', ''a.b'', ''SELECT sku FROM regress_stock'''), ('cron, event_type, query', '''@daily'', ''a.b'', ''SELECT colour FROM public.regress_stock'''),
	('cron', '''@daily'''), ('event_type', '''a.b''')) AS v (columns, "values");
SELECT pg_temp.try($$INSERT INTO respond.schedule (name, cron, event_type) VALUES ('', '@daily', 'a.b')$$);
SELECT pg_temp.try(format($$INSERT INTO respond.schedule (name, cron, event_type) VALUES (%L, '@daily', 'a.b')$$, repeat('n', 256)));
\pset format aligned
\pset tuples_only off

-- what pg_respond keeps is not said by those who write
INSERT INTO respond.schedule (name, cron, timezone, event_type, query, next_at, last_at, failures, tries, owner_id)
VALUES ('yearly', '0 8 1 1 *', 'Europe/Berlin', 'year.begun', 'VALUES (1)', 'infinity', now(), 7, 7, 1);
SELECT name, next_at = respond.cron_next('0 8 1 1 *', 'Europe/Berlin') AS next, last_at, failures, tries, owner_id = owner::regrole AS owner, enabled, catch_up, max_catch_up
  FROM respond.schedule;
UPDATE respond.schedule SET next_at = now(), last_at = now(), failures = 3, tries = 3, created_at = 'epoch', owner_id = 1, owner_system = 1;
SELECT next_at > now() AS next, last_at, failures, tries, created_at > 'epoch' AS created, owner_id = owner::regrole AS owner FROM respond.schedule;
UPDATE respond.schedule SET enabled = false;
SELECT enabled, next_at FROM respond.schedule;
UPDATE respond.schedule SET enabled = true, cron = '0 0 1 7 *';
SELECT enabled, next_at = respond.cron_next('0 0 1 7 *', 'Europe/Berlin') AS next FROM respond.schedule;
UPDATE respond.schedule SET timezone = 'Asia/Tokyo';
SELECT next_at = respond.cron_next('0 0 1 7 *', 'Asia/Tokyo') AS next FROM respond.schedule;

-- its next times, turned on or not
SELECT * FROM respond.schedule_preview('yearly', 3) AS t WHERE to_char(t AT TIME ZONE 'Asia/Tokyo', 'MM-DD HH24:MI') <> '07-01 00:00';
SELECT count(*), min(t) = (SELECT next_at FROM respond.schedule) AS first FROM respond.schedule_preview(name => 'yearly', n => 3) AS t;
SELECT respond.schedule_preview('weekly');
SELECT respond.schedule_preview('yearly', -1);
SELECT respond.schedule_preview('yearly', 10001);

-- whose it is
GRANT USAGE ON SCHEMA public TO regress_sched_ann;
SET ROLE regress_sched_ann;
INSERT INTO respond.schedule (name, cron, event_type, query) VALUES ('of ann', '0 0 1 1 *', 'a.b', 'SELECT sku FROM public.regress_stock');
SELECT pg_temp.try($$UPDATE respond.schedule SET owner = 'regress_sched_ben' WHERE name = 'of ann'$$);
SET ROLE regress_sched_admin;
SELECT owner FROM respond.schedule WHERE name = 'of ann';
\pset format unaligned
SELECT command, pg_temp.try(command) FROM unnest(ARRAY[
	$$UPDATE respond.schedule SET description = 'says what it is for' WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET query = 'SELECT sku FROM public.regress_stock LIMIT 1' WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET cron = '* * * * *' WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET name = 'other' WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET enabled = false WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET enabled = true WHERE name = 'of ann'$$,
	$$INSERT INTO respond.schedule (name, cron, event_type, owner) VALUES ('for ben', '0 0 1 1 *', 'a.b', 'regress_sched_ben')$$,
	$$UPDATE respond.schedule SET owner = current_user WHERE name = 'of ann'$$,
	$$UPDATE respond.schedule SET owner = current_user, query = NULL WHERE name = 'of ann'$$]) AS command;
\pset format aligned
SET ROLE regress_sched_auditor;
SELECT count(*) FROM respond.schedule;
SELECT count(*) FROM respond.schedule_preview('of ann', 2);
SELECT pg_temp.try('DELETE FROM respond.schedule');
SET ROLE regress_sched_ben;
SELECT pg_temp.try('SELECT FROM respond.schedule');
SELECT pg_temp.try($$SELECT respond.cron_next('@daily')$$);
RESET ROLE;

-- roles that are renamed, reassigned and dropped
UPDATE respond.schedule SET owner = 'regress_sched_ann', enabled = true WHERE name = 'of ann';
ALTER ROLE regress_sched_ann RENAME TO regress_sched_anna;
SELECT name, owner FROM respond.schedule ORDER BY name COLLATE "C" LIMIT 1;
REASSIGN OWNED BY regress_sched_anna TO regress_sched_ben;
SELECT name, owner, owner_id = owner::regrole AS right FROM respond.schedule ORDER BY name COLLATE "C" LIMIT 1;
DROP ROLE regress_sched_ben;
SELECT ok, message, remedy FROM respond.health() WHERE "check" = 'owners';
\pset format unaligned
SELECT pg_temp.try($$UPDATE respond.schedule SET cron = '@yearly' WHERE name = 'of ann'$$);
\pset format aligned
UPDATE respond.schedule SET enabled = false WHERE name = 'of ann';
SELECT ok, message FROM respond.health() WHERE "check" = 'owners';

-- changes are on record, and only they
SELECT action, object_id, actor, new ->> 'enabled' AS enabled FROM respond.audit_log WHERE object_type = 'schedule' AND object_id = 'of ann' ORDER BY id;
DELETE FROM respond.schedule WHERE name = 'of ann';
TRUNCATE respond.schedule;
SELECT action, object_id FROM respond.audit_log WHERE object_type = 'schedule' ORDER BY id DESC LIMIT 2;
SELECT ok, message FROM respond.health() WHERE "check" = 'schedules';
DROP TABLE public.regress_stock;
DROP OWNED BY regress_sched_anna, regress_sched_admin, regress_sched_auditor;
DROP ROLE regress_sched_anna, regress_sched_admin, regress_sched_auditor;
