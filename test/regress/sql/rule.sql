-- Rules: what is refused when they are written, versions, whose rights they need.
CREATE TABLE public.rule_test_customer (id int PRIMARY KEY, vip boolean);
CREATE ROLE rule_test_admin IN ROLE respond_admin;
CREATE ROLE rule_test_owner;
CREATE ROLE rule_test_gone;

-- versions
INSERT INTO respond.rule (name, event_type) VALUES ('rt a', 'rt.*') RETURNING version, owner = current_user AS own, created_at = now() AS created, updated_at = now() AS updated;
UPDATE respond.rule SET description = 'changed' WHERE name = 'rt a' RETURNING version;
UPDATE respond.rule SET description = 'changed' WHERE name = 'rt a' RETURNING version;
UPDATE respond.rule SET version = 77, created_at = '2000-01-01', updated_at = '2000-01-01' WHERE name = 'rt a' RETURNING version, created_at > '2001-01-01' AS kept;
UPDATE respond.rule SET enabled = false, steps = '[{"action": "log", "text": "x"}]' WHERE name = 'rt a' RETURNING version;
DELETE FROM respond.rule WHERE name = 'rt a';
INSERT INTO respond.rule (name, event_type, version) VALUES ('rt a', 'rt.*', 50) RETURNING version;
UPDATE respond.rule SET name = 'rt b' WHERE name = 'rt a' RETURNING version;
INSERT INTO respond.rule (name, event_type) VALUES ('rt a', 'rt.*') RETURNING version;
SELECT name, version, enabled, description, steps, changed_by = current_user AS own FROM respond.rule_version WHERE name LIKE 'rt %' ORDER BY name, version;
SELECT action, object_id, new ->> 'version' AS version FROM respond.audit_log WHERE object_type = 'rule' AND object_id LIKE 'rt %' ORDER BY id;
BEGIN;
TRUNCATE respond.rule;
SELECT name, version FROM respond.rule_version WHERE name IN ('rt a', 'rt b') ORDER BY name, version;
ROLLBACK;
DELETE FROM respond.rule WHERE name LIKE 'rt %';

-- names and types
INSERT INTO respond.rule (name, event_type) VALUES ('', 'rt');
INSERT INTO respond.rule (name, event_type) VALUES (NULL, 'rt');
INSERT INTO respond.rule (name, event_type) VALUES (repeat('x', 256), 'rt');
INSERT INTO respond.rule (name, event_type) VALUES (E'a\nb', 'rt');
INSERT INTO respond.rule (name, event_type) VALUES ('schedule:rt', 'rt');
BEGIN;
INSERT INTO respond.rule (name, event_type) VALUES ('rt schedule:', 'rt');
SAVEPOINT named;
UPDATE respond.rule SET name = 'schedule:rt' WHERE name = 'rt schedule:';
ROLLBACK TO named;
-- one that has the name already
ALTER TABLE respond.rule DISABLE TRIGGER USER;
UPDATE respond.rule SET name = 'schedule:rt' WHERE name = 'rt schedule:';
ALTER TABLE respond.rule ENABLE TRIGGER USER;
UPDATE respond.rule SET description = 'changed' WHERE name = 'schedule:rt' RETURNING description;
ROLLBACK;
INSERT INTO respond.rule (name, event_type) VALUES ('rt', '');
INSERT INTO respond.rule (name, event_type) VALUES ('rt', E'a\nb');
INSERT INTO respond.rule (name, event_type) VALUES ('rt', NULL);
INSERT INTO respond.rule (name, event_type) VALUES ('rt', repeat('x', 10000));
INSERT INTO respond.rule (name, event_type, correlate) VALUES ('rt', 'rt', '{"count": 3, "within": "1 min"}');
INSERT INTO respond.rule (name, event_type, steps) VALUES ('rt', 'rt', NULL);
INSERT INTO respond.rule (name, event_type, steps) VALUES ('rt', 'rt', '{}');
INSERT INTO respond.rule (name, event_type, on_failure) VALUES ('rt', 'rt', '[{"action": "fly"}]');

-- patterns
INSERT INTO respond.rule (name, event_type, pattern) VALUES ('rt', 'rt', '{"data": {"status": "failed"}}');
INSERT INTO respond.rule (name, event_type, pattern) VALUES ('rt', 'rt', '{"data": {"amount": [{"numeric": [">"]}]}}');
INSERT INTO respond.rule (name, event_type, pattern) VALUES ('rt', 'rt', '[]');
INSERT INTO respond.rule (name, event_type, pattern) VALUES ('rt', 'rt', 'null');

-- conditions that are right
INSERT INTO respond.rule (name, event_type, condition) VALUES
	('rt 1', 'rt', $$(data ->> 'amount')::numeric > 100$$),
	('rt 2', 'rt', $$EXISTS (SELECT 1 FROM public.rule_test_customer AS c WHERE c.id = (data ->> 'customer')::int AND vip)$$),
	('rt 3', 'rt', $$time > now() - interval '1 day' AND event.id > 3 AND $2 = type AND source <> '' AND subject IS NULL$$),
	('rt 4', 'rt', $$subject = {{data.customer.name}} -- a tag is a parameter$$),
	('rt 5', 'rt', $$'{{1,2},{3,4}}'::int[] <> {{data.list}}$$),
	('rt 6', 'rt', $$/* {{nothing}} */ true$$);
DELETE FROM respond.rule WHERE name LIKE 'rt %';

-- and those that are not
CREATE FUNCTION pg_temp.try_condition(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	INSERT INTO respond.rule (name, event_type, condition) VALUES ('rt', 'rt', try_condition.condition);
	RAISE EXCEPTION 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN message || E'\n  ' || hint;
END
$$;
\pset format unaligned
SELECT c AS condition, pg_temp.try_condition(c) FROM unnest(ARRAY[
	'', '   ', '1 =', 'true) OR (true', 'true; DROP TABLE public.rule_test_customer', 'true FROM pg_class', 'true, false', 'true AS a',
	'true ORDER BY 1', 'true UNION SELECT true', 'SELECT true', 'data', 'data ->> ''x''', 'amount > 3', 'data.new.id = 1', 'event.amount = 1',
	'generate_series(1, 2) = 1', '$8 = 3', '$0 = 3', 'EXISTS (SELECT FROM rule_test_customer)', 'no_function(1)', '''x''::no_type = ''x''', 'subject = ''{{data.x}}''', '$q${{ data.x }}$q$ = subject', '"{{data.x}}" = 1', '{{foo}} = 1',
	'{{data.x = 1', '{{#data.x}} = 1', 'subject = ''a', '''x''::int = 1']) AS c;
\pset format aligned
\set VERBOSITY default
-- the place is shown
INSERT INTO respond.rule (name, event_type, condition) VALUES ('rt', 'rt', E'subject = {{data.a}} AND\n  {{data.b}} = no_column');
DROP TABLE public.rule_test_customer;

-- owners: whoever writes a rule must be allowed to act as its owner
INSERT INTO respond.rule (name, event_type, owner) VALUES ('rt', 'rt', 'rule_test_nobody');
INSERT INTO respond.rule (name, event_type, owner, description) VALUES ('rt owned', 'rt', 'rule_test_owner', 'of another role'), ('rt gone', 'rt', 'rule_test_gone', 'of a role that goes');
DROP ROLE rule_test_gone;
SET ROLE rule_test_admin;
INSERT INTO respond.rule (name, event_type, owner) VALUES ('rt', 'rt', 'rule_test_owner');
INSERT INTO respond.rule (name, event_type, owner) VALUES ('rt', 'rt', 'respond_worker');
UPDATE respond.rule SET event_type = 'other' WHERE name = 'rt owned';
UPDATE respond.rule SET condition = 'true' WHERE name = 'rt owned';
UPDATE respond.rule SET owner = 'rule_test_admin', steps = '[]' WHERE name = 'rt gone' RETURNING owner;
UPDATE respond.rule SET enabled = false, description = 'off', folder = 'f', shadow = true WHERE name = 'rt owned' RETURNING version;
INSERT INTO respond.rule (name, event_type) VALUES ('rt mine', 'rt') RETURNING owner;
UPDATE respond.rule SET owner = 'rule_test_owner' WHERE name = 'rt mine';
RESET ROLE;
GRANT rule_test_owner TO rule_test_admin;
SET ROLE rule_test_admin;
UPDATE respond.rule SET owner = 'rule_test_owner' WHERE name = 'rt mine' RETURNING owner;
RESET ROLE;
SET ROLE rule_test_owner;
SELECT * FROM respond.rule;
RESET ROLE;

-- SQL is parsed with the rights of the owner
INSERT INTO respond.rule (name, event_type, owner, condition) VALUES ('rt', 'rt', 'rule_test_owner', 'EXISTS (SELECT FROM respond.ticket)');

-- a rule that is broken by now can be turned off, but not on
CREATE TABLE public.rule_test_late (id int);
GRANT SELECT ON public.rule_test_late TO rule_test_owner;
INSERT INTO respond.rule (name, event_type, owner, condition) VALUES ('rt late', 'rt', 'rule_test_owner', 'EXISTS (SELECT FROM public.rule_test_late)');
DROP TABLE public.rule_test_late;
UPDATE respond.rule SET enabled = false WHERE name = 'rt late';
UPDATE respond.rule SET enabled = true WHERE name = 'rt late';
DELETE FROM respond.rule WHERE name LIKE 'rt%';

-- days of a rule are those of a zone with a name: in the notation of POSIX UTC+2 lies behind UTC
INSERT INTO respond.rule (name, event_type, timezone) VALUES ('rt', 'rt', 'UTC+2');
INSERT INTO respond.rule (name, event_type, timezone) VALUES ('rt', 'rt', '+02');
INSERT INTO respond.rule (name, event_type, timezone) VALUES ('rt', 'rt', 'Mars/Crater');
INSERT INTO respond.rule (name, event_type, timezone) VALUES ('rt', 'rt', 'europe/berlin'), ('rt fixed', 'rt', 'Etc/GMT-2') RETURNING timezone;
DELETE FROM respond.rule WHERE name LIKE 'rt%';

-- mutes
INSERT INTO respond.mute (event_type) VALUES ('');
INSERT INTO respond.mute (pattern) VALUES ('{"data": 5}');
INSERT INTO respond.mute (from_time, until_time) VALUES ('2000-01-02', '2000-01-01');
INSERT INTO respond.mute (event_type, until_time, reason) VALUES ('rt.none', now() + interval '1 hour', 'works') RETURNING actor = current_user AS own;
DELETE FROM respond.mute WHERE event_type = 'rt.none';

DROP OWNED BY rule_test_admin, rule_test_owner;
DROP ROLE rule_test_admin, rule_test_owner;
