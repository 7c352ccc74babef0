-- 68_on_call.sql: rotations, and who is on call for a team.

CREATE TABLE respond.rotation (
	name text PRIMARY KEY,
	timezone text NOT NULL DEFAULT 'UTC',
	starts timestamp NOT NULL,
	unit text NOT NULL DEFAULT 'week',
	length integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE respond.rotation IS 'people who take turns; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.rotation.name IS 'name of the rotation';
COMMENT ON COLUMN respond.rotation.timezone IS 'name of the time zone in which its handoffs are meant';
COMMENT ON COLUMN respond.rotation.starts IS 'local time of the first handoff; nobody is on before it';
COMMENT ON COLUMN respond.rotation.unit IS 'hour, day, week or month';
COMMENT ON COLUMN respond.rotation.length IS 'how many units a shift has';

CREATE TABLE respond.rotation_member (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	rotation text NOT NULL,
	agent text NOT NULL,
	position integer NOT NULL,
	valid_from timestamptz NOT NULL DEFAULT pg_catalog.now(),
	valid_to timestamptz
);
CREATE INDEX rotation_member_rotation_idx ON respond.rotation_member (rotation);
CREATE INDEX rotation_member_agent_idx ON respond.rotation_member (agent);
COMMENT ON INDEX respond.rotation_member_rotation_idx IS 'finds the members of a rotation';
COMMENT ON INDEX respond.rotation_member_agent_idx IS 'finds the rotations of a person';
COMMENT ON TABLE respond.rotation_member IS 'who takes turns in a rotation, and when';
COMMENT ON COLUMN respond.rotation_member.id IS 'number of the member';
COMMENT ON COLUMN respond.rotation_member.rotation IS 'the rotation, a row of respond.rotation';
COMMENT ON COLUMN respond.rotation_member.agent IS 'the person, a row of respond.agent';
COMMENT ON COLUMN respond.rotation_member.position IS 'place in the order of turns, the lowest first';
COMMENT ON COLUMN respond.rotation_member.valid_from IS 'since when; handoffs from then on count the person in';
COMMENT ON COLUMN respond.rotation_member.valid_to IS 'the time from which on the person is no member any more; NULL: without end';

CREATE TABLE respond.on_call_layer (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team text NOT NULL,
	position integer NOT NULL DEFAULT 1,
	rotation text,
	agent text,
	windows jsonb,
	timezone text,
	valid_from timestamptz,
	valid_to timestamptz
);
CREATE INDEX on_call_layer_team_idx ON respond.on_call_layer (team);
COMMENT ON INDEX respond.on_call_layer_team_idx IS 'finds the layers of a team';
COMMENT ON TABLE respond.on_call_layer IS 'who is on call for a team: the first layer that has somebody says it';
COMMENT ON COLUMN respond.on_call_layer.id IS 'number of the layer';
COMMENT ON COLUMN respond.on_call_layer.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.on_call_layer.position IS 'place among the layers of the team, 1 is the top';
COMMENT ON COLUMN respond.on_call_layer.rotation IS 'whose turns decide, a row of respond.rotation; NULL: agent is given';
COMMENT ON COLUMN respond.on_call_layer.agent IS 'the person, a row of respond.agent; NULL: rotation is given';
COMMENT ON COLUMN respond.on_call_layer.windows IS 'hours of the week in which the layer has somebody, such as {"mon": [["09:00", "17:00"]]}; NULL: always';
COMMENT ON COLUMN respond.on_call_layer.timezone IS 'name of the time zone in which the windows are meant; NULL: that of the rotation, or UTC';
COMMENT ON COLUMN respond.on_call_layer.valid_from IS 'since when the layer counts; NULL: always has';
COMMENT ON COLUMN respond.on_call_layer.valid_to IS 'the time from which on the layer does not count any more; NULL: without end';

CREATE TABLE respond.on_call_override (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	team text NOT NULL,
	kind text NOT NULL,
	agent text NOT NULL,
	with_agent text,
	from_time timestamptz NOT NULL,
	to_time timestamptz NOT NULL,
	reason text
);
CREATE INDEX on_call_override_team_idx ON respond.on_call_override (team, to_time);
COMMENT ON INDEX respond.on_call_override_team_idx IS 'finds the overrides of a team';
COMMENT ON TABLE respond.on_call_override IS 'who is on call for a team in place of, without, or besides those that the layers say';
COMMENT ON COLUMN respond.on_call_override.id IS 'number of the override';
COMMENT ON COLUMN respond.on_call_override.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.on_call_override.kind IS 'replace, remove or add';
COMMENT ON COLUMN respond.on_call_override.agent IS 'who is replaced, removed or added, a row of respond.agent';
COMMENT ON COLUMN respond.on_call_override.with_agent IS 'who replaces, a row of respond.agent; only for replace';
COMMENT ON COLUMN respond.on_call_override.from_time IS 'since when';
COMMENT ON COLUMN respond.on_call_override.to_time IS 'the time from which on it does not count any more';
COMMENT ON COLUMN respond.on_call_override.reason IS 'why, in words';

-- References.  There are no foreign keys: see src/desk/reference.c.
CREATE FUNCTION respond_internal.rotation_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rotation_validate';
COMMENT ON FUNCTION respond_internal.rotation_validate() IS 'trigger: refuses rotations that could not work';
CREATE FUNCTION respond_internal.rotation_member_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rotation_member_validate';
COMMENT ON FUNCTION respond_internal.rotation_member_validate() IS 'trigger: refuses members of rotations that could not work';
CREATE FUNCTION respond_internal.on_call_layer_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_layer_validate';
COMMENT ON FUNCTION respond_internal.on_call_layer_validate() IS 'trigger: refuses layers that could not work';
CREATE FUNCTION respond_internal.on_call_override_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_override_validate';
COMMENT ON FUNCTION respond_internal.on_call_override_validate() IS 'trigger: refuses overrides that could not work';
CREATE FUNCTION respond_internal.on_call_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_on_call_follow';
COMMENT ON FUNCTION respond_internal.on_call_follow() IS 'trigger: members of rotations, layers and overrides go and change their names with what they name';

CREATE TRIGGER rotation_validate BEFORE INSERT OR UPDATE ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rotation_validate();
COMMENT ON TRIGGER rotation_validate ON respond.rotation IS 'refuses rotations that could not work';
CREATE TRIGGER rotation_member_validate BEFORE INSERT OR UPDATE ON respond.rotation_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rotation_member_validate();
COMMENT ON TRIGGER rotation_member_validate ON respond.rotation_member IS 'refuses members of rotations that could not work';
CREATE TRIGGER on_call_layer_validate BEFORE INSERT OR UPDATE ON respond.on_call_layer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_layer_validate();
COMMENT ON TRIGGER on_call_layer_validate ON respond.on_call_layer IS 'refuses layers that could not work';
CREATE TRIGGER on_call_override_validate BEFORE INSERT OR UPDATE ON respond.on_call_override
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_override_validate();
COMMENT ON TRIGGER on_call_override_validate ON respond.on_call_override IS 'refuses overrides that could not work';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.team IS 'what names one of the teams goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.team IS 'what names one of the teams goes along';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.agent IS 'what names one of the people goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.agent IS 'what names one of the people goes along';
CREATE TRIGGER on_call_follow AFTER DELETE OR UPDATE OF name ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow ON respond.rotation IS 'what names one of the rotations goes and changes its name along';
CREATE TRIGGER on_call_follow_truncate AFTER TRUNCATE ON respond.rotation
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.on_call_follow();
COMMENT ON TRIGGER on_call_follow_truncate ON respond.rotation IS 'what names one of the rotations goes along';

CREATE TRIGGER rotation_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rotation
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_audit ON respond.rotation IS 'records changes to rotations in the audit log';
CREATE TRIGGER rotation_audit_truncate AFTER TRUNCATE ON respond.rotation
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_audit_truncate ON respond.rotation IS 'records the removal of all rotations in the audit log';
CREATE TRIGGER rotation_member_audit AFTER INSERT OR UPDATE OR DELETE ON respond.rotation_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_member_audit ON respond.rotation_member IS 'records changes to members of rotations in the audit log';
CREATE TRIGGER rotation_member_audit_truncate AFTER TRUNCATE ON respond.rotation_member
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER rotation_member_audit_truncate ON respond.rotation_member IS 'records the removal of all members of rotations in the audit log';
CREATE TRIGGER on_call_layer_audit AFTER INSERT OR UPDATE OR DELETE ON respond.on_call_layer
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_layer_audit ON respond.on_call_layer IS 'records changes to layers in the audit log';
CREATE TRIGGER on_call_layer_audit_truncate AFTER TRUNCATE ON respond.on_call_layer
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_layer_audit_truncate ON respond.on_call_layer IS 'records the removal of all layers in the audit log';
CREATE TRIGGER on_call_override_audit AFTER INSERT OR UPDATE OR DELETE ON respond.on_call_override
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_override_audit ON respond.on_call_override IS 'records changes to overrides in the audit log';
CREATE TRIGGER on_call_override_audit_truncate AFTER TRUNCATE ON respond.on_call_override
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER on_call_override_audit_truncate ON respond.on_call_override IS 'records the removal of all overrides in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.rotation', '');
SELECT pg_catalog.pg_extension_config_dump('respond.rotation_member', '');
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_layer', '');
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_override', '');
COMMENT ON SEQUENCE respond.rotation_member_id_seq IS 'numbers of members of rotations';
SELECT pg_catalog.pg_extension_config_dump('respond.rotation_member_id_seq', '');
COMMENT ON SEQUENCE respond.on_call_layer_id_seq IS 'numbers of layers';
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_layer_id_seq', '');
COMMENT ON SEQUENCE respond.on_call_override_id_seq IS 'numbers of overrides';
SELECT pg_catalog.pg_extension_config_dump('respond.on_call_override_id_seq', '');

CREATE FUNCTION respond.rotation_shift(rotation text, at timestamptz DEFAULT pg_catalog.now(), OUT agent text, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_rotation_shift_at';
COMMENT ON FUNCTION respond.rotation_shift(text, timestamptz) IS 'whose turn it is in a rotation at a time, and from when until when; agent NULL: nobody''s';
CREATE FUNCTION respond.on_call_now(team text, at timestamptz DEFAULT pg_catalog.now()) RETURNS SETOF text
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'respond_on_call_now';
COMMENT ON FUNCTION respond.on_call_now(text, timestamptz) IS 'the people who are on call for a team at a time, and available';
CREATE FUNCTION respond.on_call_shifts(team text, a timestamptz, b timestamptz, OUT agent text, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_on_call_shifts';
COMMENT ON FUNCTION respond.on_call_shifts(text, timestamptz, timestamptz) IS 'the shifts of a team that have a part between a and b, whole';
CREATE FUNCTION respond.on_call_gaps(team text, a timestamptz, b timestamptz, OUT from_time timestamptz, OUT to_time timestamptz) RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'respond_on_call_gaps';
COMMENT ON FUNCTION respond.on_call_gaps(text, timestamptz, timestamptz) IS 'the times from a to b in which nobody is on call for a team, cut to that';
