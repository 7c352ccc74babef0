-- 68_agent.sql: the people of the desk.

CREATE TABLE respond.agent (
	name text PRIMARY KEY CHECK (name <> '' AND name !~ '^(team|on_call|role):'),
	db_role name,
	available boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	role_id oid,
	role_system bigint,
	-- two roles may have changed their names with each other
	UNIQUE (db_role) DEFERRABLE
);
CREATE INDEX agent_role_id_idx ON respond.agent (role_id);
COMMENT ON INDEX respond.agent_role_id_idx IS 'finds the agent of a role';
COMMENT ON TABLE respond.agent IS 'people who work at the desk';
COMMENT ON COLUMN respond.agent.name IS 'name by which tickets and approvers refer to the person';
COMMENT ON COLUMN respond.agent.db_role IS 'role that the person works as in the database; NULL: none';
COMMENT ON COLUMN respond.agent.available IS 'whether the person is there; on_call:TEAM asks only those who are';
COMMENT ON COLUMN respond.agent.created_at IS 'when the row was created';
COMMENT ON COLUMN respond.agent.role_id IS 'number of db_role, kept by pg_respond: the agent stays with a role that is renamed, and does not go to another that takes its name';
COMMENT ON COLUMN respond.agent.role_system IS 'system (see pg_control_system()) in which this is the number of a role; in another one the name counts';

CREATE TABLE respond.team_member (
	team text NOT NULL,
	agent text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (team, agent)
);
CREATE INDEX team_member_agent_idx ON respond.team_member (agent);
COMMENT ON TABLE respond.team_member IS 'who is in which team';
COMMENT ON COLUMN respond.team_member.team IS 'the team, a row of respond.team';
COMMENT ON COLUMN respond.team_member.agent IS 'the person, a row of respond.agent';
COMMENT ON COLUMN respond.team_member.created_at IS 'since when';
COMMENT ON INDEX respond.team_member_agent_idx IS 'finds the teams of a person';

-- References.  There are no foreign keys: see src/desk/member_reference.c.
CREATE FUNCTION respond_internal.member_reference() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_member_reference';
COMMENT ON FUNCTION respond_internal.member_reference() IS 'trigger: refuses members that are nobody, and teams that do not exist';
CREATE FUNCTION respond_internal.members_follow() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_members_follow';
COMMENT ON FUNCTION respond_internal.members_follow() IS 'trigger: members of teams go and change their names with the team or the person';

CREATE TRIGGER member_reference BEFORE INSERT OR UPDATE ON respond.team_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.member_reference();
COMMENT ON TRIGGER member_reference ON respond.team_member IS 'refuses members that are nobody, and teams that do not exist';
CREATE TRIGGER members_follow AFTER DELETE OR UPDATE OF name ON respond.team
	FOR EACH ROW EXECUTE FUNCTION respond_internal.members_follow();
COMMENT ON TRIGGER members_follow ON respond.team IS 'a team that goes has no members';
CREATE TRIGGER members_follow_truncate AFTER TRUNCATE ON respond.team
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.members_follow();
COMMENT ON TRIGGER members_follow_truncate ON respond.team IS 'teams that go have no members';
CREATE TRIGGER members_follow AFTER DELETE OR UPDATE OF name ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.members_follow();
COMMENT ON TRIGGER members_follow ON respond.agent IS 'who goes leaves the teams';
CREATE TRIGGER members_follow_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.members_follow();
COMMENT ON TRIGGER members_follow_truncate ON respond.agent IS 'who goes leaves the teams';

CREATE FUNCTION respond_internal.agent_role() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_agent_role';
COMMENT ON FUNCTION respond_internal.agent_role() IS 'trigger: keeps the numbers of the roles that agents work as';
CREATE TRIGGER agent_role BEFORE INSERT OR UPDATE ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.agent_role();
COMMENT ON TRIGGER agent_role ON respond.agent IS 'keeps the numbers of the roles that agents work as';

-- Who is who decides who may approve.
CREATE TRIGGER agent_audit AFTER INSERT OR UPDATE OR DELETE ON respond.agent
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER agent_audit ON respond.agent IS 'records changes to agents in the audit log';
CREATE TRIGGER agent_audit_truncate AFTER TRUNCATE ON respond.agent
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER agent_audit_truncate ON respond.agent IS 'records the removal of all agents in the audit log';
CREATE TRIGGER team_member_audit AFTER INSERT OR UPDATE OR DELETE ON respond.team_member
	FOR EACH ROW EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_member_audit ON respond.team_member IS 'records changes to teams in the audit log';
CREATE TRIGGER team_member_audit_truncate AFTER TRUNCATE ON respond.team_member
	FOR EACH STATEMENT EXECUTE FUNCTION respond_internal.audit_row();
COMMENT ON TRIGGER team_member_audit_truncate ON respond.team_member IS 'records the removal of all members in the audit log';

SELECT pg_catalog.pg_extension_config_dump('respond.agent', '');
SELECT pg_catalog.pg_extension_config_dump('respond.team_member', '');
