-- respond.cron_next(): times, zones, changes of the clock, errors that name the field
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'ISO, MDY';
\pset null '(null)'

-- the setting TimeZone does not count, and after is exclusive
SELECT respond.cron_next('0 8 * * *', after => '2026-11-30 08:00+00') AT TIME ZONE 'UTC' AS utc,
	respond.cron_next('0 8 * * *', 'Europe/Berlin', '2026-11-30 06:59:59.999999+00') AT TIME ZONE 'UTC' AS berlin,
	respond.cron_next('0 8 * * *', 'europe/berlin', '2026-11-30 07:00+00') AT TIME ZONE 'UTC' AS next;
SELECT respond.cron_next('* * * * * *', 'UTC', '2026-11-30 08:00:00.5+00') AT TIME ZONE 'UTC' AS next_second,
	respond.cron_next('* * * * * *', 'UTC', '1969-12-31 23:59:58.5+00') AT TIME ZONE 'UTC' AS before_1970,
	respond.cron_next('@hourly') > now() AS from_now;
SELECT respond.cron_next(NULL) IS NULL AS cron, respond.cron_next('@daily', NULL) IS NULL AS zone, respond.cron_next('@daily', 'UTC', NULL) IS NULL AS after;

-- days of the month, and of the week: either
CREATE TEMPORARY TABLE asked (cron text, zone text, after timestamp);
CREATE FUNCTION pg_temp.times(cron text, zone text, after timestamptz, count integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	times text[];
BEGIN
	FOR i IN 1 .. count LOOP
		after := respond.cron_next(cron, zone, after);
		times := times || to_char(after AT TIME ZONE zone, 'Dy YYYY-MM-DD HH24:MI:SS');
	END LOOP;
	RETURN times;
END
$$;
SELECT cron, pg_temp.times(cron, 'UTC', '2026-11-30 00:00+00', 4)
  FROM unnest(ARRAY['0 0 13 * FRI', '0 0 ? * 5', '0 0 13 * *', '0 0 L * *', '0 0 L-3 * ?', '0 0 LW * *', '0 0 15W * *', '0 0 * * 5L', '0 0 * * MON#2',
	'0 0 29 2 *', '0 0 31 * *', '0 0 * FEB SUN#5', '0 0 * * FRI-MON', '30,45-15/20 22-2 * * *', '0/25 * * * *', '@weekly', '@yearly', '  5	4   *  *  7 ']) AS cron;

-- both changes of the clock: New York, half an hour on Lord Howe, at midnight in Sao Paulo, and the day that Apia left out
SELECT cron, pg_temp.times(cron, 'America/New_York', '2026-03-08 05:30+00', 4) AS spring, pg_temp.times(cron, 'America/New_York', '2026-11-01 04:30+00', 4) AS autumn
  FROM unnest(ARRAY['30 2 * * *', '30 1 * * *', '*/30 1 * * *', '15,45 1-2 * * *', '30 * * * *', '0 0 */2 * * *']) AS cron;
SELECT pg_temp.times('0 2 * * *', 'Australia/Lord_Howe', '2026-10-03 10:00+00', 2) AS gap, pg_temp.times('45 1 * * *', 'Australia/Lord_Howe', '2026-04-03 20:00+00', 2) AS once,
	pg_temp.times('45 * * * *', 'Australia/Lord_Howe', '2026-04-04 14:00+00', 4) AS twice;
SELECT pg_temp.times('0 0 * * *', 'America/Sao_Paulo', '2018-11-03 12:00+00', 2) AS gap, pg_temp.times('30 23 * * *', 'America/Sao_Paulo', '2018-02-17 12:00+00', 2) AS once;
SELECT pg_temp.times('0 9 * * *', 'Pacific/Apia', '2011-12-29 12:00+00', 4) AS apia;

-- years far away, and no time at all
SELECT respond.cron_next('0 12 1 1 *', 'Europe/Berlin', '275000-06-01 00:00+00') AT TIME ZONE 'UTC' AS far,
	respond.cron_next('0 12 1 7 *', 'Europe/Berlin', '275000-06-01 00:00+00') AT TIME ZONE 'UTC' AS far_summer,
	respond.cron_next('0 12 * * *', 'Europe/Berlin', '0044-03-15 00:00+00 BC') AT TIME ZONE 'UTC' AS before_zones;
SELECT respond.cron_next('0 0 30 2 *') AS never, respond.cron_next('0 0 31 4,6,9,11 *') AS nor_these, respond.cron_next('@daily', 'UTC', 'infinity') AS after_all,
	respond.cron_next('@daily', 'UTC', '-infinity') AS before_all, respond.cron_next('@yearly', 'UTC', '294276-06-01 00:00+00') AS end_of_time;
SELECT respond.cron_next('0 0 L-30 2 *') AS never, respond.cron_next('0 0 30 2 MON', 'UTC', '2026-11-30 00:00+00') AT TIME ZONE 'UTC' AS rescued;

-- errors name the field, and what may stand there
CREATE FUNCTION pg_temp.error(cron text, zone text DEFAULT 'UTC') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
	state text;
BEGIN
	RETURN respond.cron_next(cron, zone);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
	RETURN pg_catalog.format(E'%s %s\n%s', state, message, hint);
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.error(cron) FROM unnest(ARRAY['', '* * * *', '* * * * * * *', '@often', '@daily 5', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '99 * * * * *',
	'*/90 * * * *', '*/0 * * * *', '5- * * * *', '1,,2 * * * *', 'x * * * *', 'MON * * * *', '* * * January *', '* * L-31 * *', '* * * * L', '* * * * MON#6', '* * 1-5W * *',
	'* * 29-L * *', E'\u00fc * * * *', repeat('9', 1000) || ' * * * *', '-1 * * * *', '1.5 * * * *', '* * * * MON-FRI#1']) AS cron;
SELECT pg_temp.error('@daily', zone) FROM unnest(ARRAY['', 'Berlin', 'UTC+2', 'Europe/Berlin+2', 'EST5EDT,M3.2.0,M11.1.0', '<+02>-2', '../../etc/passwd', '+02', E'Europe\\Berlin', repeat('x', 300)]) AS zone;
SELECT zone, respond.cron_next('@daily', zone, '2026-11-30 00:00+00') AT TIME ZONE 'UTC' FROM unnest(ARRAY['EST5EDT', 'Etc/GMT+5', 'UTC', 'gmt', 'Asia/Kathmandu']) AS zone;
