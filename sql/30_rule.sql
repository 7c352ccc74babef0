-- 30_rule.sql: rules, their versions, and silence.

CREATE TABLE respond.rule (
	name text PRIMARY KEY,
	folder text,
	description text,
	enabled boolean NOT NULL DEFAULT true,
	shadow boolean NOT NULL DEFAULT false,
	priority integer NOT NULL DEFAULT 0,
	event_type text NOT NULL,
	pattern jsonb,
	condition text,
	correlate jsonb,
	steps jsonb NOT NULL DEFAULT '[]',
	on_failure jsonb,
	owner name NOT NULL DEFAULT current_user,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	start_roles name[],
	owner_id oid,
	start_role_ids oid[],
	owner_system bigint,
	timezone text,
	concurrency jsonb,
	cancel_on jsonb,
	on_cancel jsonb
);
COMMENT ON TABLE respond.rule IS 'what to do when an event matches; plain INSERT, UPDATE and DELETE are the interface';
COMMENT ON COLUMN respond.rule.name IS 'name of the rule';
COMMENT ON COLUMN respond.rule.folder IS 'where people keep it; see export_rules()';
COMMENT ON COLUMN respond.rule.description IS 'what it is for';
COMMENT ON COLUMN respond.rule.enabled IS 'whether it is applied';
COMMENT ON COLUMN respond.rule.shadow IS 'match and record a run, but do nothing';
COMMENT ON COLUMN respond.rule.priority IS 'rules with a higher one are applied first, those with the same in the order of their names';
COMMENT ON COLUMN respond.rule.event_type IS 'type of the events it is for; "*" stands for any run of characters';
COMMENT ON COLUMN respond.rule.pattern IS 'event pattern over id, type, source, subject, time, data, ...; NULL: every event of the type';
COMMENT ON COLUMN respond.rule.condition IS 'SQL expression over id, type, source, subject, time and data that must be true, evaluated as the owner; NULL: none';
COMMENT ON COLUMN respond.rule.correlate IS 'state across events; must be NULL in this version';
COMMENT ON COLUMN respond.rule.steps IS 'what to do: an array of steps, run in order';
COMMENT ON COLUMN respond.rule.on_failure IS 'steps to run when a step without an on_failure of its own failed';
COMMENT ON COLUMN respond.rule.owner IS 'role whose rights its SQL has; turning the rule on, and changing what it does or when, needs the right to act as this role';
COMMENT ON COLUMN respond.rule.version IS 'counted up by each change';
COMMENT ON COLUMN respond.rule.created_at IS 'when it was created';
COMMENT ON COLUMN respond.rule.updated_at IS 'when it was last changed';
COMMENT ON COLUMN respond.rule.start_roles IS 'roles whose members may run it by hand with start() and replay(), beside those who may act as the owner; "public" stands for everybody, NULL: none';
COMMENT ON COLUMN respond.rule.owner_id IS 'number of the owner, kept by pg_respond: the rule stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.rule.start_role_ids IS 'numbers of the start_roles, kept by pg_respond';
COMMENT ON COLUMN respond.rule.owner_system IS 'system (see pg_control_system()) in which these are numbers of roles; in another one the names count';
COMMENT ON COLUMN respond.rule.timezone IS 'time zone in which its waits count days and months, and in which "until" is read; NULL: UTC';
COMMENT ON COLUMN respond.rule.concurrency IS 'how many runs may be under way at once: {"limit", "key": template, "when_full": queue, drop or cancel_oldest}; NULL: any number';
COMMENT ON COLUMN respond.rule.cancel_on IS 'an event that cancels runs under way: {"event_type", "pattern", "key", "event_key"}, or an array of these; NULL: none';
COMMENT ON COLUMN respond.rule.on_cancel IS 'steps to run when a run is cancelled';

CREATE TABLE respond.rule_version (
	LIKE respond.rule,
	changed_by text NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now(),
	session_actor text DEFAULT respond_internal.session_actor(),
	PRIMARY KEY (name, version)
);
COMMENT ON TABLE respond.rule_version IS 'rules as they were before they were changed or deleted';
COMMENT ON COLUMN respond.rule_version.name IS 'name of the rule';
COMMENT ON COLUMN respond.rule_version.folder IS 'see rule';
COMMENT ON COLUMN respond.rule_version.description IS 'see rule';
COMMENT ON COLUMN respond.rule_version.enabled IS 'see rule';
COMMENT ON COLUMN respond.rule_version.shadow IS 'see rule';
COMMENT ON COLUMN respond.rule_version.priority IS 'see rule';
COMMENT ON COLUMN respond.rule_version.event_type IS 'see rule';
COMMENT ON COLUMN respond.rule_version.pattern IS 'see rule';
COMMENT ON COLUMN respond.rule_version.condition IS 'see rule';
COMMENT ON COLUMN respond.rule_version.correlate IS 'see rule';
COMMENT ON COLUMN respond.rule_version.steps IS 'see rule';
COMMENT ON COLUMN respond.rule_version.on_failure IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner IS 'see rule';
COMMENT ON COLUMN respond.rule_version.version IS 'number of this version; runs name it in rule_version';
COMMENT ON COLUMN respond.rule_version.created_at IS 'when the rule was created';
COMMENT ON COLUMN respond.rule_version.updated_at IS 'from when this version was in force';
COMMENT ON COLUMN respond.rule_version.start_roles IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_id IS 'see rule';
COMMENT ON COLUMN respond.rule_version.start_role_ids IS 'see rule';
COMMENT ON COLUMN respond.rule_version.owner_system IS 'see rule';
COMMENT ON COLUMN respond.rule_version.timezone IS 'see rule';
COMMENT ON COLUMN respond.rule_version.concurrency IS 'see rule';
COMMENT ON COLUMN respond.rule_version.cancel_on IS 'see rule';
COMMENT ON COLUMN respond.rule_version.on_cancel IS 'see rule';
COMMENT ON COLUMN respond.rule_version.changed_by IS 'who changed or deleted it';
COMMENT ON COLUMN respond.rule_version.changed_at IS 'until when this version was in force';
COMMENT ON COLUMN respond.rule_version.session_actor IS 'who was logged in, if SET ROLE made changed_by another role; NULL: the same';

CREATE TABLE respond.mute (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_type text NOT NULL DEFAULT '*',
	pattern jsonb,
	from_time timestamptz NOT NULL DEFAULT now(),
	until_time timestamptz,
	reason text,
	actor text NOT NULL DEFAULT respond_internal.actor()
);
COMMENT ON TABLE respond.mute IS 'events that rules and routes ignore for a time; the runs say suppressed';
COMMENT ON COLUMN respond.mute.id IS 'number of the mute';
COMMENT ON COLUMN respond.mute.event_type IS 'type of the events; "*" stands for any run of characters';
COMMENT ON COLUMN respond.mute.pattern IS 'event pattern; NULL: every event of the type';
COMMENT ON COLUMN respond.mute.from_time IS 'events recorded from this time on are muted';
COMMENT ON COLUMN respond.mute.until_time IS 'events recorded before this time are; NULL: until the row is deleted';
COMMENT ON COLUMN respond.mute.reason IS 'why; the runs repeat it';
COMMENT ON COLUMN respond.mute.actor IS 'who created the mute';

CREATE FUNCTION respond_internal.rule_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rule_validate';
COMMENT ON FUNCTION respond_internal.rule_validate() IS 'trigger: refuses rules that could not run, counts versions';

CREATE FUNCTION respond_internal.called_rules(steps jsonb, on_failure jsonb, on_cancel jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE step (value) AS (
		SELECT e.value FROM (VALUES ($1), ($2), ($3)) AS part (steps),
			LATERAL jsonb_array_elements(CASE jsonb_typeof(part.steps) WHEN 'array' THEN part.steps END) AS e
		UNION ALL
		SELECT e.value FROM step AS s,
			LATERAL jsonb_array_elements(CASE jsonb_typeof(s.value -> 'steps') WHEN 'array' THEN s.value -> 'steps' END) AS e
		 WHERE s.value ->> 'action' = 'foreach'
	)
	SELECT DISTINCT s.value ->> 'rule' FROM step AS s
	 WHERE s.value ->> 'action' = 'call' AND position('{{' IN s.value ->> 'rule') = 0
$$;
COMMENT ON FUNCTION respond_internal.called_rules(jsonb, jsonb, jsonb) IS 'the rules that steps call by a constant name';

CREATE FUNCTION respond_internal.rule_keep_version() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rule_keep_version';
COMMENT ON FUNCTION respond_internal.rule_keep_version() IS 'trigger: keeps the version of a rule that ends';

CREATE FUNCTION respond_internal.mute_validate() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_mute_validate';
COMMENT ON FUNCTION respond_internal.mute_validate() IS 'trigger: refuses mutes that could not work';

CREATE FUNCTION respond_internal.rules_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_rules_changed';
COMMENT ON FUNCTION respond_internal.rules_changed() IS 'trigger: makes dispatchers reload the rules after the commit';

CREATE TRIGGER rule_validate BEFORE INSERT OR UPDATE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rule_validate();
COMMENT ON TRIGGER rule_validate ON respond.rule IS 'refuses rules that could not run, counts versions';
CREATE TRIGGER rule_keep_version AFTER UPDATE OR DELETE ON respond.rule
	FOR EACH ROW EXECUTE FUNCTION respond_internal.rule_keep_version();
COMMENT ON TRIGGER rule_keep_version ON respond.rule IS 'fills rule_version';
CREATE TRIGGER rule_keep_all_versions BEFORE TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rule_keep_version();
COMMENT ON TRIGGER rule_keep_all_versions ON respond.rule IS 'fills rule_version';
CREATE TRIGGER mute_validate BEFORE INSERT OR UPDATE ON respond.mute
	FOR EACH ROW EXECUTE FUNCTION respond_internal.mute_validate();
COMMENT ON TRIGGER mute_validate ON respond.mute IS 'refuses mutes that could not work';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.rule
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rules_changed();
COMMENT ON TRIGGER rules_changed ON respond.rule IS 'makes dispatchers reload the rules';
CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON respond.mute
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.rules_changed();
COMMENT ON TRIGGER rules_changed ON respond.mute IS 'makes dispatchers reload the mutes';

SELECT pg_catalog.pg_extension_config_dump('respond.rule', '');
SELECT pg_catalog.pg_extension_config_dump('respond.rule_version', '');
SELECT pg_catalog.pg_extension_config_dump('respond.mute', '');
COMMENT ON SEQUENCE respond.mute_id_seq IS 'numbers of mutes';
SELECT pg_catalog.pg_extension_config_dump('respond.mute_id_seq', '');
