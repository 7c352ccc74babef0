-- respond.local_instant(): both changes of the clock, times far away, errors
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'ISO, MDY';
\pset null '(null)'

-- the setting TimeZone does not count; AT TIME ZONE gives other times in a gap and in a repeated hour
CREATE FUNCTION pg_temp.utc(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') $$;
SELECT zone, local, pg_temp.utc(respond.local_instant(zone, local)) AS utc, pg_temp.utc(local AT TIME ZONE zone) AS at_time_zone
  FROM (VALUES ('Europe/Berlin', timestamp '2026-03-29 01:59:59.999999'), ('Europe/Berlin', '2026-03-29 02:00'), ('Europe/Berlin', '2026-03-29 02:30:00.5'),
	('europe/berlin', '2026-03-29 03:00:00.5'), ('Europe/Berlin', '2026-10-25 02:30:00.25'), ('Europe/Berlin', '2026-10-25 03:00'),
	('America/Chicago', '2026-03-08 02:30'), ('America/Chicago', '2026-11-01 01:30'), ('Australia/Lord_Howe', '2026-10-04 02:10'),
	('Australia/Lord_Howe', '2026-04-05 01:45'), ('America/Sao_Paulo', '2018-11-04 00:00'), ('America/Sao_Paulo', '2018-02-17 23:30'),
	('Asia/Kathmandu', '1986-01-01 00:10'), ('Pacific/Apia', '2011-12-30 12:00'), ('UTC', '2026-11-30 08:00')) AS asked (zone, local);

-- as cron does it
SELECT respond.local_instant('Europe/Berlin', '2026-03-29 02:30') = respond.cron_next('30 2 29 3 *', 'Europe/Berlin', '2026-01-01') AS gap,
	respond.local_instant('Europe/Berlin', '2026-10-25 02:30') = respond.cron_next('30 2 25 10 *', 'Europe/Berlin', '2026-01-01') AS repeated;

-- far away, and without end
SELECT respond.local_instant('Europe/Berlin', 'infinity') AS infinity, respond.local_instant('Europe/Berlin', '-infinity') AS minus_infinity;
SELECT respond.local_instant('UTC', '4713-01-01 00:00 BC') = '4713-01-01 00:00+00 BC' AS bc, respond.local_instant('UTC', '294276-12-31 23:59:59.999999') = '294276-12-31 23:59:59.999999+00' AS last,
	pg_temp.utc(respond.local_instant('Europe/Berlin', '12026-07-01 12:00')) AS far;
SELECT respond.local_instant('America/Chicago', '294276-12-31 23:59:59');
SELECT respond.local_instant('Europe/Berlin', '4714-11-24 00:00 BC');
SELECT respond.local_instant(NULL, '2026-01-01') AS zone, respond.local_instant('UTC', NULL) AS local;

-- zones that are none
SELECT respond.local_instant('Europe/Atlantis', '2026-01-01');
SELECT respond.local_instant('UTC+2', '2026-01-01');
SELECT respond.local_instant('', '2026-01-01');
