-- Rotations, and who is on call for a team.
SET timezone = 'UTC';
SET datestyle = 'ISO';
INSERT INTO respond.team (name) VALUES ('ops'), ('free');
INSERT INTO respond.agent (name) VALUES ('Ann'), ('Bob'), ('Cleo'), ('Dan');
INSERT INTO respond.rotation (name, timezone, starts) VALUES ('weekly', 'Europe/Berlin', '2026-01-05 09:00');
-- without members: nobody
SELECT * FROM respond.rotation_shift('weekly', '2026-01-06');
INSERT INTO respond.rotation_member (rotation, agent, position, valid_from) VALUES
	('weekly', 'Bob', 2, '-infinity'), ('weekly', 'Ann', 1, '-infinity'), ('weekly', 'Cleo', 3, '-infinity');
SELECT s.* FROM (VALUES ('2026-01-05 07:59+00'), ('2026-01-05 08:00+00'), ('2026-01-12 08:00+00'), ('2026-01-19 08:00+00'), ('2026-03-29 12:00+00')) AS t (at),
	respond.rotation_shift('weekly', t.at::timestamptz) AS s;
SELECT * FROM respond.rotation_shift('weekly', 'infinity');
SELECT respond.rotation_shift('none');

-- A change keeps who is on, and goes on after whoever was on at the next handoff.
INSERT INTO respond.rotation_member (rotation, agent, position, valid_from) VALUES ('weekly', 'Dan', 0, '2026-01-13 12:00+00');
SELECT s.* FROM generate_series(timestamptz '2026-01-13 13:00+00', '2026-02-12', '7 days') AS t (at), respond.rotation_shift('weekly', t.at) AS s;
-- Who leaves within a shift is off at once, and the next one takes the rest.
UPDATE respond.rotation_member SET valid_to = '2026-01-21 12:00+00' WHERE agent = 'Cleo';
SELECT s.* FROM (VALUES ('2026-01-20'), ('2026-01-22'), ('2026-01-27')) AS t (at), respond.rotation_shift('weekly', t.at::timestamptz) AS s;
-- The first member of a rotation that had none goes on at once.
INSERT INTO respond.rotation (name, starts, unit, length) VALUES ('new', '2026-01-01', 'day', 2);
INSERT INTO respond.rotation_member (rotation, agent, position, valid_from) VALUES ('new', 'Ann', 1, '2026-01-04 12:00+00'), ('new', 'Bob', 2, '2026-01-04 13:00+00');
SELECT s.* FROM (VALUES ('2026-01-04'), ('2026-01-04 12:30'), ('2026-01-04 14:00'), ('2026-01-05')) AS t (at), respond.rotation_shift('new', t.at::timestamptz) AS s;

-- Layers: the first that has somebody.
SELECT respond.on_call_now('ops');
SELECT respond.on_call_now('none');
INSERT INTO respond.on_call_layer (team, position, rotation, windows) VALUES ('ops', 1, 'weekly', '{"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}');
SELECT * FROM respond.on_call_gaps('ops', '2026-01-12', '2026-01-14');
INSERT INTO respond.on_call_layer (team, position, agent, valid_to) VALUES ('ops', 2, 'Dan', '2026-02-01');
SELECT t.at, respond.on_call_now('ops', t.at::timestamptz) FROM (VALUES ('2026-01-12 07:59+00'), ('2026-01-12 08:00+00'), ('2026-01-12 16:00+00')) AS t (at);
SELECT * FROM respond.on_call_shifts('ops', '2026-01-12 12:00', '2026-01-14');
SELECT * FROM respond.on_call_gaps('ops', '2026-01-30', '2026-02-04');
-- somebody who is not available: the next layer, and then nobody
UPDATE respond.agent SET available = false WHERE name = 'Bob';
SELECT respond.on_call_now('ops', '2026-01-12 09:00+00');
UPDATE respond.agent SET available = false WHERE name = 'Dan';
SELECT respond.on_call_now('ops', '2026-01-12 09:00+00');
UPDATE respond.agent SET available = true;

-- Overrides: replace, which is not chained, then remove, then add.
INSERT INTO respond.on_call_override (team, kind, agent, with_agent, from_time, to_time, reason) VALUES
	('ops', 'replace', 'Bob', 'Cleo', '2026-01-12 10:00+00', '2026-01-12 14:00+00', 'dentist'),
	('ops', 'replace', 'Cleo', 'Dan', '2026-01-12 10:00+00', '2026-01-12 14:00+00', NULL),
	('ops', 'replace', 'Bob', 'Ann', '2026-01-12 12:00+00', '2026-01-12 13:00+00', NULL),
	('ops', 'add', 'Dan', NULL, '2026-01-12 11:00+00', '2026-01-12 15:00+00', NULL),
	('ops', 'remove', 'Bob', NULL, '2026-01-13 09:00+00', '2026-01-13 10:00+00', NULL);
SELECT * FROM respond.on_call_shifts('ops', '2026-01-12 08:00', '2026-01-13 16:00');
-- an override that leaves nobody is a gap
SELECT * FROM respond.on_call_gaps('ops', '2026-01-12', '2026-01-14');
SELECT t.at, n FROM generate_series(timestamptz '2026-01-12 09:30', '2026-01-12 15:30', '1 hour') AS t (at), respond.on_call_now('ops', t.at) AS n;
SELECT respond.on_call_now('ops', 'infinity');
SELECT respond.on_call_shifts('ops', '-infinity', now());
SELECT respond.on_call_gaps('ops', now(), 'infinity');

-- What could not work is refused.
INSERT INTO respond.rotation (name, starts) VALUES ('', '2026-01-01');
INSERT INTO respond.rotation (name, starts) VALUES (repeat('x', 256), '2026-01-01');
INSERT INTO respond.rotation (name, starts, timezone) VALUES ('x', '2026-01-01', 'Nowhere');
INSERT INTO respond.rotation (name, starts, unit) VALUES ('x', '2026-01-01', 'fortnight');
INSERT INTO respond.rotation (name, starts, length) VALUES ('x', '2026-01-01', 0);
INSERT INTO respond.rotation (name, starts, length) VALUES ('x', '2026-01-01', 10001);
INSERT INTO respond.rotation (name, starts) VALUES ('x', 'infinity');
INSERT INTO respond.rotation (name, starts) VALUES ('x', '2026-01-01 00:00:00.5');
INSERT INTO respond.rotation_member (rotation, agent, position) VALUES ('x', 'Ann', 1);
INSERT INTO respond.rotation_member (rotation, agent, position) VALUES ('weekly', 'x', 1);
INSERT INTO respond.rotation_member (rotation, agent, position, valid_from, valid_to) VALUES ('weekly', 'Ann', 1, '2026-01-01', '2026-01-01');
INSERT INTO respond.on_call_layer (team) VALUES ('ops');
INSERT INTO respond.on_call_layer (team, rotation, agent) VALUES ('ops', 'weekly', 'Ann');
INSERT INTO respond.on_call_layer (team, agent) VALUES ('x', 'Ann');
INSERT INTO respond.on_call_layer (team, agent) VALUES ('ops', 'x');
INSERT INTO respond.on_call_layer (team, rotation) VALUES ('ops', 'x');
INSERT INTO respond.on_call_layer (team, agent, windows) VALUES ('ops', 'Ann', '{"mon": [["9", "10"]]}');
INSERT INTO respond.on_call_layer (team, agent, timezone) VALUES ('ops', 'Ann', 'Nowhere');
INSERT INTO respond.on_call_layer (team, agent, valid_from, valid_to) VALUES ('ops', 'Ann', '2026-01-02', '2026-01-01');
INSERT INTO respond.on_call_override (team, kind, agent, from_time, to_time) VALUES ('ops', 'add', 'Ann', '2026-01-02', '2026-01-01');
INSERT INTO respond.on_call_override (team, kind, agent, from_time, to_time) VALUES ('ops', 'swap', 'Ann', '2026-01-01', '2026-01-02');
INSERT INTO respond.on_call_override (team, kind, agent, from_time, to_time) VALUES ('ops', 'replace', 'Ann', '2026-01-01', '2026-01-02');
INSERT INTO respond.on_call_override (team, kind, agent, with_agent, from_time, to_time) VALUES ('ops', 'add', 'Ann', 'Bob', '2026-01-01', '2026-01-02');
INSERT INTO respond.on_call_override (team, kind, agent, from_time, to_time) VALUES ('x', 'add', 'Ann', '2026-01-01', '2026-01-02');
UPDATE respond.on_call_override SET to_time = from_time;

-- Names are followed, and what names somebody goes along.
UPDATE respond.agent SET name = 'Robert' WHERE name = 'Bob';
UPDATE respond.team SET name = 'operations' WHERE name = 'ops';
UPDATE respond.rotation SET name = 'each week' WHERE name = 'weekly';
SELECT rotation, agent FROM respond.rotation_member ORDER BY id;
SELECT team, rotation, agent FROM respond.on_call_layer ORDER BY id;
SELECT team, kind, agent, with_agent FROM respond.on_call_override ORDER BY id;
DELETE FROM respond.agent WHERE name = 'Robert';
SELECT rotation, agent FROM respond.rotation_member ORDER BY id;
SELECT team, kind, agent, with_agent FROM respond.on_call_override ORDER BY id;
DELETE FROM respond.rotation;
SELECT team, rotation, agent FROM respond.on_call_layer ORDER BY id;
DELETE FROM respond.team WHERE name IN ('operations', 'free');
SELECT count(*) FROM respond.on_call_layer;
SELECT count(*) FROM respond.rotation_member;
DELETE FROM respond.agent WHERE name IN ('Ann', 'Cleo', 'Dan');
SELECT count(*) > 20 AS audited FROM respond.audit_log WHERE object_type IN ('rotation', 'rotation_member', 'on_call_layer', 'on_call_override');
-- Approvers on_call:NAME: who is on call by the plan; without a plan, who is there.
CREATE ROLE on_call_ann IN ROLE respond_agent;
CREATE ROLE on_call_bob IN ROLE respond_agent;
GRANT USAGE ON SCHEMA respond_internal TO on_call_ann, on_call_bob;
INSERT INTO respond.team (name) VALUES ('desk');
INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'on_call_ann'), ('Bob', 'on_call_bob');
INSERT INTO respond.team_member (team, agent) VALUES ('desk', 'Ann'), ('desk', 'Bob');
CREATE FUNCTION pg_temp.asked() RETURNS TABLE (who name, is_asked boolean) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH who IN ARRAY '{on_call_ann,on_call_bob}'::name[] LOOP
		PERFORM set_config('role', who, true);
		is_asked := respond_internal.is_approver('{on_call:desk}', '{}', '{}', 0);
		PERFORM set_config('role', 'none', true);
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT * FROM pg_temp.asked();
INSERT INTO respond.on_call_layer (team, agent) VALUES ('desk', 'Ann');
SELECT * FROM pg_temp.asked();
INSERT INTO respond.on_call_override (team, kind, agent, with_agent, from_time, to_time) VALUES ('desk', 'replace', 'Ann', 'Bob', now() - interval '1 day', now() + interval '1 day');
SELECT * FROM pg_temp.asked();
DELETE FROM respond.team WHERE name = 'desk';
DELETE FROM respond.agent WHERE name IN ('Ann', 'Bob');
REVOKE USAGE ON SCHEMA respond_internal FROM on_call_ann, on_call_bob;
DROP ROLE on_call_ann, on_call_bob;
RESET timezone;
RESET datestyle;
