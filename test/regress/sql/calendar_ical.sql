-- import_ical(): holidays from calendar files, and what cannot be taken over
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'German';
\pset null '(null)'
INSERT INTO respond.calendar (name, timezone, hours) VALUES ('office', 'Europe/Berlin', '{"mon": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]]}');

-- folded lines, escapes, parameters, alarms; days, ranges, times of whole days; each year, and some years
CREATE FUNCTION pg_temp.lines(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$ SELECT array_to_string(lines, E'\r\n') || E'\r\n' $$;
SELECT pg_temp.lines('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN',
	'BEGIN:VTIMEZONE', 'TZID:Berlin', 'BEGIN:STANDARD', 'DTSTART:19701025T030000', 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10', 'END:STANDARD', 'END:VTIMEZONE',
	'BEGIN:VEVENT', 'UID:1', 'SUMMARY;LANGUAGE=en:New Year\, the ', ' first\; of', E'\t all \\n days \\\\', 'RRULE:FREQ=YEARLY;BYMONTHDAY=1;BYMONTH=1;INTERVAL=1;WKST=MO', 'DTSTART;VALUE=DATE:20260101', 'DTEND;VALUE=DATE:20260102', 'TRANSP:TRANSPARENT',
	'BEGIN:VALARM', 'TRIGGER:-PT15M', 'DURATION:PT5M', 'SUMMARY:not this', 'END:VALARM', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:Between the years', 'DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20270102', 'END:VEVENT',
	'begin:vevent', 'Summary:One day without an end', 'dtstart;value=date:20260514', 'end:vevent',
	'BEGIN:VEVENT', 'SUMMARY:Ends when it begins', 'DTSTART;VALUE=DATE:20260604', 'DTEND;VALUE=DATE:20260604', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:A week', 'DTSTART;VALUE=DATE:20260803', 'DURATION:P1W', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:Floating', 'DTSTART:20260329T000000', 'DTEND:20260330T000000', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:In UTC', 'DTSTART:20260328T230000Z', 'DTEND:20260329T220000Z', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:In its zone', 'DTSTART;TZID="Europe/Berlin":20260901T000000', 'DURATION:P1DT24H', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:In another zone', 'DTSTART;X-A="a;b:c";TZID=America/New_York:20260930T180000', 'DTEND;TZID=America/New_York:20261001T180000', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:Three times', 'DTSTART;VALUE=DATE:20261003', 'RRULE:FREQ=YEARLY;COUNT=3', 'END:VEVENT',
	'BEGIN:VEVENT', 'SUMMARY:Until', 'DTSTART;VALUE=DATE:20240229', 'DTEND;VALUE=DATE:20240302', 'RRULE:FREQ=YEARLY;UNTIL=20320229T000000Z', 'END:VEVENT',
	'BEGIN:VEVENT', 'DTSTART;VALUE=DATE:20261111', 'END:VEVENT',
	'END:VCALENDAR') AS good \gset
SELECT * FROM respond.import_ical('office', :'good');
SELECT taken, note, count(*) FROM respond.import_ical('office', :'good') GROUP BY taken, note;
SELECT to_char(from_date, 'YYYY-MM-DD') AS from_date, to_char(to_date, 'YYYY-MM-DD') AS to_date, yearly, name, hours FROM respond.calendar_exception WHERE calendar = 'office' ORDER BY id;
SELECT respond.business_open('office', '2027-01-01 12:00+01') AS new_year, respond.business_open('office', '2027-01-04 12:00+01') AS day_after;

-- what cannot be taken over is named
CREATE FUNCTION pg_temp.event(VARIADIC lines text[]) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.lines(VARIADIC ARRAY['BEGIN:VEVENT'] || lines || ARRAY['END:VEVENT']) $$;
SELECT 'BEGIN:VCALENDAR' || E'\n' || pg_temp.event('SUMMARY:no start') || pg_temp.event('SUMMARY:no date', 'DTSTART;VALUE=DATE:20260230') || pg_temp.event('SUMMARY:no time', 'DTSTART:20260101T250000')
	|| pg_temp.event('SUMMARY:part of a day', 'DTSTART:20260101T090000', 'DTEND:20260101T170000') || pg_temp.event('SUMMARY:a moment', 'DTSTART:20260101T000000') || pg_temp.event('SUMMARY:midnight elsewhere', 'DTSTART:20260101T000000Z', 'DTEND:20260102T000000Z')
	|| pg_temp.event('SUMMARY:unknown zone', 'DTSTART;TZID=Berlin:20260101T000000', 'DTEND;TZID=Berlin:20260102T000000') || pg_temp.event('SUMMARY:fourth Thursday', 'DTSTART;VALUE=DATE:20261126', 'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH')
	|| pg_temp.event('SUMMARY:each month', 'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=MONTHLY') || pg_temp.event('SUMMARY:first of each month', 'DTSTART;VALUE=DATE:20260101', 'RRULE:FREQ=YEARLY;BYMONTHDAY=1')
	|| pg_temp.event('SUMMARY:every second year', 'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=YEARLY;INTERVAL=2') || pg_temp.event('SUMMARY:another day', 'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=2')
	|| pg_temp.event('SUMMARY:two rules', 'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=YEARLY', 'RRULE:FREQ=YEARLY') || pg_temp.event('SUMMARY:more days', 'DTSTART;VALUE=DATE:20261101', 'RDATE;VALUE=DATE:20261105')
	|| pg_temp.event('SUMMARY:less days', 'DTSTART;VALUE=DATE:20261101', 'RRULE:FREQ=YEARLY', 'EXDATE;VALUE=DATE:20271101') || pg_temp.event('SUMMARY:changed', 'RECURRENCE-ID;VALUE=DATE:20261101', 'DTSTART;VALUE=DATE:20261102')
	|| pg_temp.event('SUMMARY:cancelled', 'DTSTART;VALUE=DATE:20261101', 'STATUS:CANCELLED') || pg_temp.event('SUMMARY:date and time', 'DTSTART;VALUE=DATE:20261101', 'DTEND:20261102T000000')
	|| pg_temp.event('SUMMARY:duration', 'DTSTART;VALUE=DATE:20261101', 'DURATION:1 day') || pg_temp.event('SUMMARY:two years', 'DTSTART;VALUE=DATE:20260101', 'DTEND;VALUE=DATE:20280101', 'RRULE:FREQ=YEARLY')
	|| pg_temp.event('SUMMARY:for ever and more', 'DTSTART;VALUE=DATE:20260101', 'RRULE:FREQ=YEARLY;COUNT=202') || 'END:VCALENDAR' AS bad \gset
BEGIN;
SELECT name, taken, note, count(*) FROM respond.import_ical('office', :'bad') GROUP BY name, taken, note ORDER BY min(note), name, taken;
ROLLBACK;

-- what is no such file
CREATE FUNCTION pg_temp.try(ical text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT count(*) FROM respond.import_ical('office', ical));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT left(ical, 30) AS ical, pg_temp.try(ical) FROM unnest(ARRAY['', E'\n\n', 'hello', E'SUMMARY:x\nBEGIN:VCALENDAR', E'BEGIN:VEVENT\nEND:VEVENT', E'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR', E'BEGIN:VCALENDAR\nBEGIN:VEVENT',
	E'BEGIN:VCALENDAR\nX"a:b\nEND:VCALENDAR', E'END:VCALENDAR', E'BEGIN:VCALENDAR\nEND:VCALENDAR', repeat(E'BEGIN:VCALENDAR\n', 20), E'BEGIN:VCALENDAR\n' || repeat(E'BEGIN:VEVENT\nEND:VEVENT\n', 10001)]) AS t (ical);
SELECT length(name), note FROM respond.import_ical('office', E'BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260707\nSUMMARY:' || repeat('ä', 1000000) || E'\nEND:VEVENT\nEND:VCALENDAR\n');
SELECT * FROM respond.import_ical('nowhere', :'good');
SELECT count(*) FROM respond.import_ical('office', NULL);

-- a file that closes for years is refused with the transaction
SELECT name FROM respond.import_ical('office', E'BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20200101\nDTEND:20990101\nEND:VEVENT\nEND:VCALENDAR\n');
CREATE ROLE ical_agent IN ROLE respond_agent;
CREATE ROLE ical_admin IN ROLE respond_admin;
SET ROLE ical_agent;
SELECT * FROM respond.import_ical('office', :'good');
SET ROLE ical_admin;
SELECT note, count(*) FROM respond.import_ical('office', :'good') GROUP BY note;
RESET ROLE;
DROP ROLE ical_agent, ical_admin;
DELETE FROM respond.calendar;
