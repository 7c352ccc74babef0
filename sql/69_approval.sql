-- 69_approval.sql: questions that runs ask people, and what they say.

CREATE TABLE respond.approval (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	run_id bigint NOT NULL,
	run_started_at timestamptz NOT NULL,
	rule text NOT NULL,
	rule_version integer NOT NULL,
	step text NOT NULL,
	pause integer NOT NULL,
	event_id bigint,
	depth integer NOT NULL,
	question text NOT NULL,
	options text[] NOT NULL,
	context jsonb NOT NULL DEFAULT '{}',
	approvers text[] NOT NULL,
	quorum integer,
	asked_of text[] NOT NULL,
	caused_by text[] NOT NULL DEFAULT '{}',
	self_approval boolean NOT NULL,
	deny_wins boolean NOT NULL,
	status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'decided', 'tied', 'expired', 'cancelled')),
	decision text,
	asked_at timestamptz NOT NULL,
	due_at timestamptz,
	ended_at timestamptz,
	remind_every interval,
	escalate_to text[] NOT NULL DEFAULT '{}',
	escalated_at timestamptz,
	roles text[] NOT NULL DEFAULT '{}',
	role_ids oid[] NOT NULL DEFAULT '{}',
	role_system bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE respond.approval IS 'questions that runs ask people; decide() answers them. Agents see those that they may answer';
COMMENT ON COLUMN respond.approval.id IS 'by which decide() knows it';
COMMENT ON COLUMN respond.approval.run_id IS 'the run that waits for it';
COMMENT ON COLUMN respond.approval.run_started_at IS 'when that run started; finds its partition';
COMMENT ON COLUMN respond.approval.rule IS 'the rule that asks';
COMMENT ON COLUMN respond.approval.rule_version IS 'the version of the rule that the run began with';
COMMENT ON COLUMN respond.approval.step IS 'the step that asks: its name, or its place';
COMMENT ON COLUMN respond.approval.pause IS 'number of the pause of the run that a decision ends';
COMMENT ON COLUMN respond.approval.event_id IS 'event that led to the question';
COMMENT ON COLUMN respond.approval.depth IS 'depth of the events that the approval records';
COMMENT ON COLUMN respond.approval.question IS 'what is asked';
COMMENT ON COLUMN respond.approval.options IS 'what may be answered';
COMMENT ON COLUMN respond.approval.context IS 'what one needs to know to decide';
COMMENT ON COLUMN respond.approval.approvers IS 'who may answer: agents, team:NAME, on_call:NAME, roles; looked up at each vote';
COMMENT ON COLUMN respond.approval.quorum IS 'so many have to choose the same option; NULL: all of asked_of';
COMMENT ON COLUMN respond.approval.asked_of IS 'the people who could answer when the question was asked';
COMMENT ON COLUMN respond.approval.caused_by IS 'who caused the event of the run, and the events that led to it';
COMMENT ON COLUMN respond.approval.self_approval IS 'whether they may answer, too';
COMMENT ON COLUMN respond.approval.deny_wins IS 'whether one reject is enough';
COMMENT ON COLUMN respond.approval.status IS 'open, decided, tied (no option can reach the quorum any more), expired or cancelled';
COMMENT ON COLUMN respond.approval.decision IS 'the option that won';
COMMENT ON COLUMN respond.approval.asked_at IS 'when it was asked';
COMMENT ON COLUMN respond.approval.due_at IS 'until when it can be answered; NULL: without a limit';
COMMENT ON COLUMN respond.approval.ended_at IS 'when it was decided, or ended in another way';
COMMENT ON COLUMN respond.approval.remind_every IS 'how often the event approval.reminded is recorded; NULL: never';
COMMENT ON COLUMN respond.approval.escalate_to IS 'who becomes an approver when nobody has decided for a while';
COMMENT ON COLUMN respond.approval.escalated_at IS 'when that happened';
COMMENT ON COLUMN respond.approval.roles IS 'names in it that were names of roles when it was asked';
COMMENT ON COLUMN respond.approval.role_ids IS 'numbers of these roles: one that is renamed may still answer, and another that takes its name may not';
COMMENT ON COLUMN respond.approval.role_system IS 'system (see pg_control_system()) in which these are numbers of roles; in another one the names count';
CREATE INDEX approval_run_id_idx ON respond.approval (run_id);
COMMENT ON INDEX respond.approval_run_id_idx IS 'finds the questions of a run';
CREATE INDEX approval_open_idx ON respond.approval (asked_at) WHERE status = 'open';
COMMENT ON INDEX respond.approval_open_idx IS 'lists the open questions';
CREATE INDEX approval_asked_at_id_idx ON respond.approval (asked_at, id);
COMMENT ON INDEX respond.approval_asked_at_id_idx IS 'lists the questions in the order in which they were asked';

CREATE TABLE respond.approval_vote (
	approval_id uuid NOT NULL,
	voter text NOT NULL,
	option text NOT NULL,
	comment text,
	voted_at timestamptz NOT NULL,
	changed_at timestamptz,
	session_actor text,
	PRIMARY KEY (approval_id, voter)
);
COMMENT ON TABLE respond.approval_vote IS 'what each person answered';
COMMENT ON COLUMN respond.approval_vote.approval_id IS 'the question, a row of respond.approval';
COMMENT ON COLUMN respond.approval_vote.voter IS 'who answered: an agent, or a role that is no agent''s, which is role:NAME if there is an agent of that name';
COMMENT ON COLUMN respond.approval_vote.option IS 'the answer';
COMMENT ON COLUMN respond.approval_vote.comment IS 'what the person said about it';
COMMENT ON COLUMN respond.approval_vote.voted_at IS 'when the person first answered';
COMMENT ON COLUMN respond.approval_vote.changed_at IS 'when the person changed the answer; NULL: never';
COMMENT ON COLUMN respond.approval_vote.session_actor IS 'who was logged in, if not the role of the voter';

CREATE FUNCTION respond.decide(approval uuid, option text, comment text DEFAULT NULL) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'respond_decide';
COMMENT ON FUNCTION respond.decide(uuid, text, text) IS
	'answers an open approval as the session''s role, or changes the answer; returns the option that won, NULL while nothing is decided';
CREATE FUNCTION respond_internal.cancel_approvals(run_id bigint) RETURNS bigint
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'respond_cancel_approvals';
COMMENT ON FUNCTION respond_internal.cancel_approvals(bigint) IS 'ends the open approvals of a run that waits for them no more; returns how many';

-- Whoever may answer may read, and nobody else at the desk.
CREATE FUNCTION respond_internal.is_approver(approvers text[], roles text[], role_ids oid[], role_system bigint) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'respond_is_approver';
COMMENT ON FUNCTION respond_internal.is_approver(text[], text[], oid[], bigint) IS 'whether the current role is among them';
ALTER TABLE respond.approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE respond.approval_vote ENABLE ROW LEVEL SECURITY;
CREATE POLICY overseers ON respond.approval FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY overseers ON respond.approval IS 'admins and auditors see all';
CREATE POLICY approvers ON respond.approval FOR SELECT TO respond_agent USING (respond_internal.is_approver(approvers, roles, role_ids, role_system));
COMMENT ON POLICY approvers ON respond.approval IS 'agents see what they may answer';
CREATE POLICY overseers ON respond.approval_vote FOR SELECT TO respond_admin, respond_auditor USING (true);
COMMENT ON POLICY overseers ON respond.approval_vote IS 'admins and auditors see all';
CREATE POLICY approvers ON respond.approval_vote FOR SELECT TO respond_agent
	USING (EXISTS (SELECT FROM respond.approval AS a WHERE a.id = approval_id));
COMMENT ON POLICY approvers ON respond.approval_vote IS 'agents see the answers to what they may answer';

SELECT pg_catalog.pg_extension_config_dump('respond.approval', '');
SELECT pg_catalog.pg_extension_config_dump('respond.approval_vote', '');
