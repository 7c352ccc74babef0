-- calendars: counting in open time, exceptions, changes of the clock, what is refused, what snapshots see
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'ISO, MDY';
SET IntervalStyle = 'sql_standard';
\pset null '(null)'
CREATE FUNCTION pg_temp.berlin(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at AT TIME ZONE 'Europe/Berlin', 'Dy YYYY-MM-DD HH24:MI:SS') $$;
CREATE FUNCTION pg_temp.utc(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US BC') $$;
CREATE FUNCTION pg_temp.at(local timestamp) RETURNS timestamptz LANGUAGE sql AS $$ SELECT respond.local_instant('Europe/Berlin', local) $$;
CREATE FUNCTION pg_temp.span(amount interval) RETURNS text LANGUAGE sql SET IntervalStyle = 'postgres' AS $$ SELECT amount::text $$;

INSERT INTO respond.calendar (name, timezone, hours) VALUES
	('office', 'Europe/Berlin', '{"mon": [["09:00", "12:00"], ["13:00", "17:30"]], "tue": [["09:00", "17:00"]], "wed": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "15:00"]]}'),
	('night', 'Europe/Berlin', '{"mon": [["22:00", "06:00"]], "tue": [["06:00", "07:00:30"], ["22:00", "24:00"]], "wed": [["00:00", "02:00"]]}'),
	('always', 'Europe/Berlin', NULL);

-- open, and the edges
SELECT asked, respond.business_open('office', pg_temp.at(asked)) AS open, pg_temp.berlin(respond.next_open('office', pg_temp.at(asked))) AS next_open,
	pg_temp.berlin(respond.next_close('office', pg_temp.at(asked))) AS next_close
  FROM (VALUES (timestamp '2026-11-30 08:59:59.999999'), ('2026-11-30 09:00'), ('2026-11-30 11:59:59.999999'), ('2026-11-30 12:00'), ('2026-11-30 17:30'), ('2026-12-04 16:00')) AS t (asked);
SELECT pg_temp.berlin(from_time) AS from_time, pg_temp.berlin(to_time) AS to_time FROM respond.open_periods('office', pg_temp.at('2026-11-30 10:00'), pg_temp.at('2026-12-02 10:00'));
SELECT pg_temp.berlin(from_time) AS from_time, pg_temp.berlin(to_time) AS to_time FROM respond.open_periods('night', pg_temp.at('2026-11-30 00:00'), pg_temp.at('2026-12-03'));

-- a deadline falls on the closing edge; amounts may be 0, negative, and of any fraction
SELECT asked, amount, pg_temp.berlin(respond.business_add('office', pg_temp.at(asked), amount::interval)) AS then
  FROM (VALUES (timestamp '2026-11-30 10:00', '2:00'), ('2026-11-30 10:00', '2:00:00.5'), ('2026-11-30 10:00', '6:30'), ('2026-11-30 10:00', '6:31'), ('2026-11-28 10:00', '0'), ('2026-11-30 10:00', '0'),
	('2026-11-30 12:00', '0'), ('2026-11-30 12:00', '-3:00'), ('2026-11-30 12:00', '-3:01'), ('2026-11-30 13:30', '-0:30'), ('2026-11-30 13:30', '-0:30:01')) AS t (asked, amount);
SELECT pg_temp.utc(respond.business_add('office', pg_temp.at('2026-11-30 11:59:59.999999'), '0.000001')) AS closes, pg_temp.utc(respond.business_add('office', pg_temp.at('2026-11-30 11:59:59.999999'), '0.000002')) AS goes_on;
SELECT pg_temp.span(respond.business_between('office', pg_temp.at('2026-11-30 10:00'), pg_temp.at('2026-12-07'))) AS week,
	pg_temp.span(respond.business_between('office', pg_temp.at('2026-12-07'), pg_temp.at('2026-11-30 10:00'))) AS back,
	pg_temp.span(respond.business_between('office', pg_temp.at('2026-11-30 10:00:00.25'), pg_temp.at('2026-11-30 11:00'))) AS part,
	pg_temp.span(respond.business_between('office', pg_temp.at('2026-01-01'), pg_temp.at('2027-01-01'))) AS year;
SELECT bool_and(respond.business_between('office', a, respond.business_add('office', a, d)) = d) AS between_add,
	bool_and(d = '0' OR respond.business_add('office', respond.business_add('office', a, '1:30'), d) = respond.business_add('office', a, d + '1:30')) AS add_add
  FROM (SELECT pg_temp.at('2026-03-20') + n * interval '37 minutes', n % 50 * interval '91 minutes' FROM generate_series(0, 999) AS n) AS t (a, d);

-- always open: no edges; with an exception there are
SELECT respond.business_open('always'), respond.next_open('always'), respond.next_close('always'), respond.business_add('always', '2026-11-30 12:00+00', '48:00') = '2026-12-02 12:00+00' AS adds,
	(SELECT count(*) FROM respond.open_periods('always', '2000-01-01', '2026-01-01')) AS periods;
INSERT INTO respond.calendar_exception (calendar, from_date, name) VALUES ('always', '2026-12-25', 'Christmas');
SELECT pg_temp.berlin(respond.next_close('always', '2026-11-30')) AS next_close, pg_temp.berlin(respond.next_open('always', '2026-11-30')) AS next_open;

-- exceptions: one-off before yearly, then the shorter range, then the newer; the tail of the day before stays
INSERT INTO respond.calendar_exception (calendar, from_date, to_date, hours, name, yearly) VALUES
	('office', '2024-12-24', '2024-12-31', NULL, 'between the years', true),
	('office', '2024-12-28', NULL, '[["10:00", "12:00"]]', 'inventory', true),
	('office', '2026-12-30', NULL, '[["08:00", "09:00"]]', 'older', false),
	('office', '2026-12-30', NULL, '[["20:00", "21:00"]]', 'newer', false),
	('office', '2024-02-29', NULL, '[]', 'leap day', true),
	('night', '2026-12-01', NULL, NULL, 'Tuesday', false);
SELECT pg_temp.berlin(from_time) AS from_time, pg_temp.berlin(to_time) AS to_time FROM respond.open_periods('office', pg_temp.at('2026-12-23'), pg_temp.at('2027-01-02'));
SELECT pg_temp.berlin(from_time) AS from_time, pg_temp.berlin(to_time) AS to_time FROM respond.open_periods('office', pg_temp.at('2023-12-22'), pg_temp.at('2023-12-29'));
SELECT day, respond.business_between('office', pg_temp.at(day), pg_temp.at(day + interval '1 day')) > '0' AS opens FROM (VALUES (timestamp '2024-02-29'), ('2027-03-01'), ('2028-02-29')) AS t (day);
SELECT pg_temp.berlin(from_time) AS from_time, pg_temp.berlin(to_time) AS to_time FROM respond.open_periods('night', pg_temp.at('2026-11-30 00:00'), pg_temp.at('2026-12-03'));

-- changes of the clock: edges decide, no day is torn
INSERT INTO respond.calendar (name, timezone, hours) VALUES
	('berlin', 'Europe/Berlin', '{"sun": [["00:00", "24:00"]]}'), ('break', 'Europe/Berlin', '{"sun": [["01:00", "02:15"], ["02:45", "06:00"]]}'),
	('gap', 'Europe/Berlin', '{"sun": [["02:15", "02:45"]]}'), ('howe', 'Australia/Lord_Howe', '{"sun": [["01:00", "03:00"]]}'), ('sao', 'America/Sao_Paulo', '{"sat": [["22:00", "24:00"]], "sun": [["00:00", "02:00"]]}'),
	('nepal', 'Asia/Kathmandu', '{"wed": [["00:00", "02:00"]]}'), ('apia', 'Pacific/Apia', '{"thu": [["20:00", "24:00"]], "fri": [["08:00", "16:00"]], "sat": [["00:00", "02:00"]]}'), ('chicago', 'America/Chicago', '{"sun": [["01:30", "02:30"]]}');
SELECT c.name, day, pg_temp.span(respond.business_between(c.name, respond.local_instant(c.timezone, day), respond.local_instant(c.timezone, day + interval '3 days'))) AS open,
	(SELECT string_agg(pg_temp.utc(from_time) || ' to ' || to_char(to_time AT TIME ZONE 'UTC', 'HH24:MI'), ', ' ORDER BY from_time) FROM respond.open_periods(c.name, respond.local_instant(c.timezone, day), respond.local_instant(c.timezone, day + interval '3 days'))) AS periods
  FROM (VALUES ('berlin', timestamp '2026-03-28'), ('berlin', '2026-10-24'), ('break', '2026-10-24'), ('break', '2026-03-28'), ('gap', '2026-03-28'), ('gap', '2026-10-24'), ('howe', '2026-10-03'), ('howe', '2026-04-04'),
	('sao', '2018-11-03'), ('sao', '2018-02-17'), ('nepal', '1985-12-31'), ('apia', '2011-12-29'), ('chicago', '2026-03-07'), ('chicago', '2026-10-31')) AS asked (name, day)
  JOIN respond.calendar AS c ON c.name = asked.name;

-- far away
SELECT pg_temp.utc(respond.next_open('office', '4713-01-01 BC')) AS bc, pg_temp.utc(respond.business_add('office', '0044-03-15 BC', '8:00')) AS ides,
	pg_temp.utc(respond.business_add('office', '12026-01-05', '100:00')) AS far, respond.business_add('office', '294276-12-31', '100:00') AS behind_the_end;
SELECT respond.business_add('office', '2026-01-01', '9999999:00') AS huge, respond.business_add('office', '2026-01-01', '-9999999:00') AS huge_back,
	respond.business_add('office', '2026-01-01', '9223372036854.775807 s') AS most, respond.business_add('always', '2026-01-01', '87600:00') AS within_ten_years, respond.business_add('always', '2026-01-01', '87673:00') AS beyond;
SELECT respond.business_open('office', 'infinity') AS open, respond.business_add('office', '-infinity', '1:00') AS add, respond.business_between('office', 'infinity', now()) AS between,
	respond.next_open('office', 'infinity') AS next_open, respond.next_close('office', '-infinity') AS next_close;
SELECT pg_temp.span(respond.business_between('always', '0001-01-01+00', '9999-12-31+00')) AS all, respond.business_between('office', now(), now()) AS nothing;
SELECT respond.business_between('always', '4713-01-01 BC', '294276-01-01');
SELECT * FROM respond.open_periods('office', now(), 'infinity');
SELECT * FROM respond.open_periods('office', '2026-12-01', '2026-11-01');
SELECT respond.business_open(NULL, now()), respond.business_open('office', NULL), respond.business_add('office', now(), NULL), respond.business_between('office', NULL, now()), respond.next_open(NULL), respond.next_close('office', NULL);
SELECT * FROM respond.open_periods('office', NULL, now());
SELECT respond.business_add('office', now(), '1 day');
SELECT respond.business_add('office', now(), '1 mon -30 days 1:00');
SELECT respond.business_open('nowhere');
SELECT respond.next_open(repeat('x', 300));

-- what is refused
INSERT INTO respond.calendar (name) VALUES ('');
INSERT INTO respond.calendar (name) VALUES (NULL);
INSERT INTO respond.calendar (name) VALUES (repeat('é', 128));
INSERT INTO respond.calendar (name, timezone) VALUES ('x', 'Europe/Atlantis');
INSERT INTO respond.calendar (name, timezone) VALUES ('x', 'UTC+2');
CREATE FUNCTION pg_temp.try(hours jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
	INSERT INTO respond.calendar (name, hours) VALUES ('tried', hours);
	DELETE FROM respond.calendar WHERE name = 'tried';
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ' ' || SQLERRM || '. ' || hint;
END
$$;
SELECT left(hours::text, 60) AS hours, pg_temp.try(hours) FROM unnest(ARRAY['{}', '[]', 'null', '"mon"', '{"mon": []}', '{"monday": [["09:00", "17:00"]]}', '{"mon": ["09:00", "17:00"]}', '{"mon": [["09:00"]]}', '{"mon": null}',
	'{"mon": [["09:00", "17:00"], ["9:00", "17:00"]]}', '{"mon": [["09:00", "24:01"]]}', '{"mon": [["09:00", "17:60"]]}', '{"mon": [["24:00", "02:00"]]}', '{"mon": [["09:00", "09:00:00"]]}', '{"sun": [["00:00", "24:00:00"]]}',
	'{"sun": [["09:00", 17]]}', '{"sun": [["09:00", "noon"]]}', '{"sun": [["-1:00", "02:00"]]}', '{"sun": [["23:59:59", "00:00"]]}']::jsonb[]) AS t (hours);
SELECT pg_temp.try(jsonb_build_object('mon', (SELECT jsonb_agg(jsonb_build_array(to_char(n * interval '10 min', 'HH24:MI'), to_char(n * interval '10 min' + interval '5 min', 'HH24:MI'))) FROM generate_series(0, 48) AS n)));
SELECT pg_temp.try(jsonb_build_object(repeat('x', 100000), '[]'::jsonb)) AS long_name, pg_temp.try(jsonb_build_object('mon', jsonb_build_array(jsonb_build_array('09:00', repeat('y', 100000))))) AS long_time;
INSERT INTO respond.calendar_exception (calendar, from_date) VALUES ('nowhere', '2026-12-25');
INSERT INTO respond.calendar_exception (calendar, from_date) VALUES ('office', 'infinity');
INSERT INTO respond.calendar_exception (calendar, from_date, to_date) VALUES ('office', '2026-12-25', 'infinity');
INSERT INTO respond.calendar_exception (calendar, from_date, to_date) VALUES ('office', '2026-12-25', '2026-12-24');
INSERT INTO respond.calendar_exception (calendar, from_date, to_date, yearly) VALUES ('office', '2026-01-01', '2027-01-02', true);
INSERT INTO respond.calendar_exception (calendar, from_date, hours) VALUES ('office', '2026-12-25', '{"mon": [["09:00", "17:00"]]}');
INSERT INTO respond.calendar_exception (calendar, from_date, hours) VALUES ('office', '2026-12-25', '[["09:00", "17:00"], ["17:00", "17:00"]]');
INSERT INTO respond.calendar_exception (calendar) VALUES ('office');

-- a calendar that would not open within two years, at the end of the transaction
INSERT INTO respond.calendar (name, timezone, hours) VALUES ('plain', 'UTC', '{"mon": [["09:00", "17:00"]]}');
INSERT INTO respond.calendar_exception (calendar, from_date, to_date) VALUES ('plain', '2020-01-01', current_date + 800);
BEGIN;
INSERT INTO respond.calendar_exception (calendar, from_date, to_date) VALUES ('plain', '2020-01-01', current_date + 800);
SELECT respond.next_open('plain') > now() + interval '2 years' AS later, respond.business_open('plain') AS open;
INSERT INTO respond.calendar_exception (calendar, from_date, hours) VALUES ('plain', current_date + 700, '[["09:00", "10:00"]]');
COMMIT;
DELETE FROM respond.calendar_exception WHERE calendar = 'plain' AND hours IS NOT NULL;
UPDATE respond.calendar_exception SET hours = NULL WHERE calendar = 'plain';
UPDATE respond.calendar_exception SET from_date = from_date + 90, to_date = to_date + 90 WHERE calendar = 'plain' AND hours IS NOT NULL;
UPDATE respond.calendar_exception SET calendar = 'always' WHERE calendar = 'plain' AND hours IS NOT NULL;
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT respond.business_open('plain') AS open;
DELETE FROM respond.calendar_exception WHERE calendar = 'plain' AND hours IS NOT NULL;
ROLLBACK;
BEGIN;
DELETE FROM respond.calendar_exception WHERE calendar = 'plain' AND hours IS NOT NULL;
UPDATE respond.calendar SET name = 'renamed' WHERE name = 'plain';
COMMIT;
BEGIN;
DELETE FROM respond.calendar_exception WHERE calendar = 'plain' AND hours IS NOT NULL;
DELETE FROM respond.calendar WHERE name = 'plain';
ROLLBACK;
-- in SQL of rules at once, as nothing may be put off there
CREATE FUNCTION calendar_restricted() RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM respond.calendar_exception WHERE calendar = 'plain' AND hours IS NOT NULL;
	RETURN 1;
END
$$;
CREATE MATERIALIZED VIEW calendar_view AS SELECT calendar_restricted();
CREATE OR REPLACE FUNCTION calendar_restricted() RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN
	UPDATE respond.calendar SET name = 'other' WHERE name = 'plain';
	DELETE FROM respond.calendar_exception WHERE calendar = 'other' AND hours IS NULL;
	INSERT INTO respond.calendar (name) VALUES ('plain');
	DELETE FROM respond.calendar WHERE name = 'plain';
	UPDATE respond.calendar SET name = 'plain' WHERE name = 'other';
	RETURN 1;
END
$$;
BEGIN;
CREATE MATERIALIZED VIEW calendar_view AS SELECT calendar_restricted();
SELECT count(*) FROM respond.calendar_exception WHERE calendar = 'plain';
ROLLBACK;
DROP FUNCTION calendar_restricted();

-- exceptions follow their calendar
UPDATE respond.calendar SET name = 'renamed' WHERE name = 'plain';
SELECT calendar, count(*) FROM respond.calendar_exception GROUP BY calendar ORDER BY calendar;
DELETE FROM respond.calendar WHERE name = 'renamed';
SELECT calendar, count(*) FROM respond.calendar_exception GROUP BY calendar ORDER BY calendar;

-- each query sees what its snapshot sees: commands, savepoints, cursors, functions
BEGIN;
SELECT revision AS revision FROM respond.calendar WHERE name = 'office' \gset
SELECT respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open;
DECLARE before CURSOR FOR SELECT respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open FROM generate_series(1, 3);
FETCH before;
SAVEPOINT s;
INSERT INTO respond.calendar_exception (calendar, from_date, name) VALUES ('office', '2026-11-30', 'closed');
SELECT respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open, revision - :revision AS revisions FROM respond.calendar WHERE name = 'office';
FETCH before;
UPDATE respond.calendar_exception SET hours = '[["10:00", "10:30"]]' WHERE name = 'closed';
SELECT respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open;
ROLLBACK TO s;
SELECT respond.business_open('office', pg_temp.at('2026-11-30 12:30')) AS open, respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open, revision - :revision AS revisions FROM respond.calendar WHERE name = 'office';
FETCH before;
UPDATE respond.calendar SET hours = NULL WHERE name = 'office';
SELECT respond.business_open('office', pg_temp.at('2026-11-30 12:30')) AS open;
DELETE FROM respond.calendar WHERE name = 'office';
SAVEPOINT s;
SELECT respond.business_open('office');
ROLLBACK TO s;
INSERT INTO respond.calendar (name, timezone) VALUES ('office', 'UTC');
SELECT respond.business_open('office', pg_temp.at('2026-11-30 12:30')) AS open;
ROLLBACK;
SELECT respond.business_open('office', pg_temp.at('2026-11-30 12:30')) AS open, revision - :revision AS revisions FROM respond.calendar WHERE name = 'office';
DO $$
BEGIN
	BEGIN
		UPDATE respond.calendar SET hours = NULL WHERE name = 'office';
		RAISE NOTICE 'within: %', respond.business_open('office', pg_temp.at('2026-11-30 12:30'));
		RAISE EXCEPTION 'undo';
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE 'after: %', respond.business_open('office', pg_temp.at('2026-11-30 12:30'));
	END;
END
$$;

-- more calendars than are kept
INSERT INTO respond.calendar (name, timezone, hours) SELECT 'many ' || n, 'UTC', jsonb_build_object('mon', jsonb_build_array(jsonb_build_array('00:00', to_char(n * interval '1 min', 'HH24:MI')))) FROM generate_series(1, 150) AS n;
SELECT bool_and(respond.business_between('many ' || n, '2026-11-29 00:00+00', '2026-12-05 00:00+00') = n * interval '1 min') FROM generate_series(1, 150) AS n, generate_series(1, 2);

-- parallel workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE TABLE calendar_asked AS SELECT n, pg_temp.at('2026-11-30') + n * interval '7 minutes' AS at FROM generate_series(1, 20000) AS n;
ALTER TABLE calendar_asked SET (parallel_workers = 2);
EXPLAIN (COSTS off) SELECT count(respond.business_add('office', at, '8:00')) FROM calendar_asked;
SELECT count(respond.business_add('office', at, '8:00')) FROM calendar_asked;
DROP TABLE calendar_asked;

-- what is on record, and who may do what
DELETE FROM respond.calendar WHERE name LIKE 'many %';
SELECT action, object_id, old ->> 'name' AS old, new ->> 'name' AS new FROM respond.audit_log WHERE object_type IN ('calendar', 'calendar_exception') AND object_id IN ('night', 'always') ORDER BY id;
CREATE ROLE cal_agent IN ROLE respond_agent;
CREATE ROLE cal_admin IN ROLE respond_admin;
CREATE ROLE cal_nobody;
SET ROLE cal_agent;
SELECT respond.business_open('office', pg_temp.at('2026-11-30 10:00')) AS open, count(*) FROM respond.calendar_exception;
INSERT INTO respond.calendar (name) VALUES ('mine');
DELETE FROM respond.calendar_exception;
SET ROLE cal_nobody;
SELECT respond.business_open('office');
SET ROLE cal_admin;
SET search_path = public;
INSERT INTO respond.calendar (name) VALUES ('mine');
INSERT INTO respond.calendar_exception (calendar, from_date) VALUES ('mine', '2026-12-25');
UPDATE respond.calendar SET revision = 77, timezone = 'Asia/Tokyo' WHERE name = 'mine';
SELECT timezone, revision FROM respond.calendar WHERE name = 'mine';
DELETE FROM respond.calendar WHERE name = 'mine';
RESET search_path;
RESET ROLE;
DROP ROLE cal_agent, cal_admin, cal_nobody;
DELETE FROM respond.calendar;
SELECT count(*) FROM respond.calendar_exception;
