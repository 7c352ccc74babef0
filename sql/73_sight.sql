-- 73_sight.sql: which tickets agents see, and what tells of them.

-- Asked once per statement, in a subquery of the policy's own.
CREATE FUNCTION respond_internal.agents_of_caller() RETURNS text[]
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_agents_of_caller';
COMMENT ON FUNCTION respond_internal.agents_of_caller() IS 'names of the agents that work as the current role, or as one whose rights it has';
CREATE FUNCTION respond_internal.teams_of_caller() RETURNS text[]
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_teams_of_caller';
COMMENT ON FUNCTION respond_internal.teams_of_caller() IS 'teams of the agents that work as the current role, or as one whose rights it has';
-- Asked for each row that is not seen otherwise; these cost little.
CREATE FUNCTION respond_internal.writes_ticket(id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_writes_ticket';
COMMENT ON FUNCTION respond_internal.writes_ticket(bigint) IS 'whether the running statement has just written this ticket';
CREATE FUNCTION respond_internal.require_ticket(id bigint) RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_require_ticket';
COMMENT ON FUNCTION respond_internal.require_ticket(bigint) IS 'raises the error that there is no such ticket, for who does not see it';
CREATE FUNCTION respond_internal.may_start(rule text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_may_start';
COMMENT ON FUNCTION respond_internal.may_start(text) IS 'whether the current role may act as the owner of the rule, or is in one of its start_roles';
-- Or the server would not look a ticket up by what this gives before the policy of tickets has let the ticket pass.
CREATE FUNCTION respond_internal.ticket_of_event(event_id bigint) RETURNS bigint
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'respond_ticket_of_event';
COMMENT ON FUNCTION respond_internal.ticket_of_event(bigint) IS 'number of the ticket that an event of this database is about; NULL: it is about none';

-- Owners of tables are not asked, so neither are the workers, nor what pg_respond does in sessions.  What a superuser
-- granted to roles of their own is not cut: only who has the rights of an agent sees as one.
ALTER TABLE respond.ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY overseers ON respond.ticket TO respond_admin USING (true);
COMMENT ON POLICY overseers ON respond.ticket IS 'admins see all';
CREATE POLICY readers ON respond.ticket FOR SELECT TO respond_auditor USING (true);
COMMENT ON POLICY readers ON respond.ticket IS 'auditors read all';
CREATE POLICY others ON respond.ticket USING (NOT (SELECT respond_internal.is_agent()));
COMMENT ON POLICY others ON respond.ticket IS 'roles that are no agents see all, if somebody gave them rights at all';
-- A ticket can be opened for any team and given to any: what it becomes is not checked.
CREATE POLICY agents ON respond.ticket TO respond_agent
	USING (team IS NULL
		OR team = ANY ((SELECT respond_internal.teams_of_caller())::text[])
		OR assignee = ANY ((SELECT respond_internal.agents_of_caller())::text[])
		OR respond_internal.writes_ticket(id))
	WITH CHECK (true);
COMMENT ON POLICY agents ON respond.ticket IS 'agents see the tickets of their teams, those assigned to them, and those without a team; they may give them to any team';

-- What hangs on a ticket is seen with it.
DO $$
DECLARE
	hanging text;
BEGIN
	FOREACH hanging IN ARRAY ARRAY['comment', 'rating', 'ticket_history'] LOOP
		EXECUTE pg_catalog.format('ALTER TABLE respond.%I ENABLE ROW LEVEL SECURITY', hanging);
		EXECUTE pg_catalog.format('CREATE POLICY overseers ON respond.%I TO respond_admin USING (true)', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY overseers ON respond.%I IS %L', hanging, 'admins see all');
		EXECUTE pg_catalog.format('CREATE POLICY readers ON respond.%I FOR SELECT TO respond_auditor USING (true)', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY readers ON respond.%I IS %L', hanging, 'auditors read all');
		EXECUTE pg_catalog.format('CREATE POLICY others ON respond.%I USING (NOT (SELECT respond_internal.is_agent()))', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY others ON respond.%I IS %L', hanging,
			'roles that are no agents see all, if somebody gave them rights at all');
		EXECUTE pg_catalog.format('CREATE POLICY agents ON respond.%1$I TO respond_agent'
			' USING (EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = %1$I.ticket_id))'
			' WITH CHECK (EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = %1$I.ticket_id) OR respond_internal.require_ticket(ticket_id))', hanging);
		EXECUTE pg_catalog.format('COMMENT ON POLICY agents ON respond.%I IS %L', hanging, 'agents see and write what belongs to tickets that they see');
	END LOOP;
END
$$;

-- Runs: those that opened or are about a ticket that is seen, and those that the agent may start and stop.
CREATE INDEX ticket_run_id_idx ON respond.ticket (run_id) WHERE run_id IS NOT NULL;
COMMENT ON INDEX respond.ticket_run_id_idx IS 'the tickets that a run opened';
ALTER TABLE respond.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON respond.run FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY readers ON respond.run IS 'admins and auditors read all';
CREATE POLICY others ON respond.run USING (NOT (SELECT respond_internal.is_agent()));
COMMENT ON POLICY others ON respond.run IS 'roles that are no agents see all, if somebody gave them rights at all';
CREATE POLICY agents ON respond.run FOR SELECT TO respond_agent
	USING (respond_internal.may_start(rule)
		OR EXISTS (SELECT FROM respond.ticket AS t WHERE t.run_id = run.id)
		OR EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = respond_internal.ticket_of_event(run.event_id)));
COMMENT ON POLICY agents ON respond.run IS 'agents see the runs of rules that they may start, those that opened a ticket that they see, and those whose event is about one';
