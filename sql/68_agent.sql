-- 68_agent.sql: the people of the desk.

CREATE TABLE respond.agent (
	name text PRIMARY KEY CHECK (name <> '' AND name !~ '^(team|on_call|role):'),
	db_role name UNIQUE,
	available boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE respond.agent IS 'people who work at the desk';
COMMENT ON COLUMN respond.agent.name IS 'name by which tickets and approvers refer to the person';
COMMENT ON COLUMN respond.agent.db_role IS 'role that the person works as in the database; NULL: none';
COMMENT ON COLUMN respond.agent.available IS 'whether the person is there; on_call:TEAM asks only those who are';
COMMENT ON COLUMN respond.agent.created_at IS 'when the row was created';

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
