-- What is refused of steps "approve", "escalate" and "publish" when a rule is saved, and what simulate() shows of them.
SET client_min_messages = warning;
BEGIN;
CREATE FUNCTION pg_temp.check_step(step jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	RETURN respond_internal.check_steps(jsonb_build_array('{"action": "approve", "question": "q", "approvers": "approve_ann"}'::jsonb || step,
		'{"action": "log", "name": "a", "message": "m"}'::jsonb))::text;
EXCEPTION WHEN SQLSTATE 'RS001' THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n  ', SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;
\pset tuples_only
\pset format unaligned
CREATE ROLE approve_ann LOGIN;
CREATE ROLE approve_bob LOGIN;
CREATE ROLE approve_group;
GRANT approve_group TO approve_ann, approve_bob;
INSERT INTO respond.team (name) VALUES ('approve desk'), ('approve empty');
INSERT INTO respond.agent (name, db_role) VALUES ('Approve Ann', 'approve_ann');
INSERT INTO respond.team_member (team, agent) VALUES ('approve desk', 'Approve Ann');

-- question and approvers
SELECT pg_temp.check_step('{}');
SELECT pg_temp.check_step('{"question": null}');
SELECT pg_temp.check_step('{"question": ""}');
SELECT pg_temp.check_step(jsonb_build_object('question', repeat('q', 16384) || tail)) FROM unnest('{"",?,"{{data.x}}"}'::text[]) AS tail;
SELECT pg_temp.check_step('{"approvers": []}');
SELECT pg_temp.check_step('{"approvers": ""}');
SELECT pg_temp.check_step('{"approvers": ["approve_ann", 1]}');
SELECT pg_temp.check_step('{"approvers": ["approve_ann", "approve_nobody"]}');
SELECT pg_temp.check_step('{"approvers": "team:approve nothing"}');
SELECT pg_temp.check_step('{"approvers": "on_call:approve nothing"}');
SELECT pg_temp.check_step('{"approvers": ["team:approve desk", "on_call:approve desk", "approve_group", "Approve Ann", "{{data.x}}"]}');
SELECT pg_temp.check_step('{"approvers": "{{data.approvers}}"}');
SELECT pg_temp.check_step('{"approvers": "team:approve empty"}');
SELECT pg_temp.check_step(jsonb_build_object('approvers', array_agg('approve_ann'::text))) FROM generate_series(1, 101);
SELECT pg_temp.check_step('{"escalate_to": "approve_nobody", "escalate_after": "1 day"}');
SELECT pg_temp.check_step('{"escalate_to": "approve_bob"}');
-- options
SELECT pg_temp.check_step('{"options": "yes"}');
SELECT pg_temp.check_step('{"options": ["yes"]}');
SELECT pg_temp.check_step('{"options": ["yes", "yes"]}');
SELECT pg_temp.check_step('{"options": ["yes", ""]}');
SELECT pg_temp.check_step('{"options": ["yes", 1]}');
SELECT pg_temp.check_step('{"options": ["yes", "{{data.x}}"]}');
SELECT pg_temp.check_step(jsonb_build_object('options', jsonb_build_array('yes', repeat('n', 64))));
SELECT pg_temp.check_step(jsonb_build_object('options', array_agg(n::text))) FROM generate_series(1, 33) AS n;
-- where they lead
SELECT pg_temp.check_step('{"on_approve": "a", "on_reject": "stop"}');
SELECT pg_temp.check_step('{"on_approve": "b"}');
SELECT pg_temp.check_step('{"on": {"approve": "b"}}');
SELECT pg_temp.check_step('{"on": {"maybe": "a"}}');
SELECT pg_temp.check_step('{"on": ["a"]}');
SELECT pg_temp.check_step('{"on": {"approve": "a"}, "on_approve": "a"}');
SELECT pg_temp.check_step('{"options": ["yes", "no"], "on_approve": "a"}');
SELECT pg_temp.check_step('{"options": ["yes", "no"], "on": {"no": "a"}}');
SELECT pg_temp.check_step('{"on_timeout": "a"}');
SELECT pg_temp.check_step('{"for": "1 day", "on_timeout": "a"}');
-- quorum and flags
SELECT pg_temp.check_step('{"quorum": 0}');
SELECT pg_temp.check_step('{"quorum": 1.5}');
SELECT pg_temp.check_step('{"quorum": "some"}');
SELECT pg_temp.check_step('{"quorum": 2}');
SELECT pg_temp.check_step('{"quorum": 2, "approvers": ["approve_ann", "Approve Ann"]}');
SELECT pg_temp.check_step('{"quorum": 2, "approvers": ["approve_ann", "approve_bob"]}');
SELECT pg_temp.check_step('{"quorum": 2, "escalate_after": "1 h", "escalate_to": "approve_bob"}');
SELECT pg_temp.check_step('{"quorum": 9, "approvers": "approve_group"}');
SELECT pg_temp.check_step('{"quorum": "all"}');
SELECT pg_temp.check_step('{"self_approval": "yes"}');
SELECT pg_temp.check_step('{"deny_wins": null}');
-- times
SELECT pg_temp.check_step('{"for": "soon"}');
SELECT pg_temp.check_step('{"for": "0"}');
SELECT pg_temp.check_step('{"for": "{{data.x}}", "remind_every": "500 ms"}');
SELECT pg_temp.check_step('{"remind_every": "1 day", "escalate_after": "-1 day"}');

-- simulate()
INSERT INTO respond.rule (name, event_type, steps) VALUES ('approve simulated', 'approve.simulated', '[
	{"action": "approve", "question": "{{data.x}}?", "approvers": ["team:approve desk", "{{data.who}}"], "options": ["red", "blue"], "on": {"red": "b"}},
	{"action": "log", "message": "a"}, {"action": "log", "name": "b", "message": "b"}]');
SELECT jsonb_pretty(s.steps) FROM respond.simulate('approve.simulated', '{"x": 1, "who": "approve_bob"}') AS s WHERE s.rule = 'approve simulated';
UPDATE respond.rule SET steps = jsonb_set(steps, '{0,approvers}', '"{{data.who}}"') WHERE name = 'approve simulated';
SELECT s.steps->0 FROM respond.simulate('approve.simulated', '{"x": 1, "who": "approve_nobody"}') AS s WHERE s.rule = 'approve simulated';

-- escalate and publish
CREATE FUNCTION pg_temp.refusal(steps jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	RETURN respond_internal.check_steps(steps)::text;
EXCEPTION WHEN SQLSTATE 'RS001' THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n  ', SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;
SELECT pg_temp.refusal('[{"action": "escalate", "priority": "high"}]');
SELECT pg_temp.refusal('[{"action": "escalate", "team": "x", "priority": "highest"}]');
SELECT pg_temp.refusal('[{"action": "escalate", "team": "x", "ticket": 1, "key": "k"}]');
SELECT pg_temp.refusal('[{"action": "escalate", "team": "{{data.team}}", "assignee": "ann", "priority": "urgent", "comment": "c", "key": "k"}]');
SELECT pg_temp.refusal('[{"action": "publish", "topic": "t"}]');
SELECT pg_temp.refusal('[{"action": "publish", "bridge": "kafka"}]');
SELECT pg_temp.refusal('[{"action": "publish", "bridge": "kafka", "topic": "t", "exchange": "e"}]');
SELECT pg_temp.refusal('[{"action": "publish", "bridge": "kafka", "topic": "t", "size": 1}]');
SELECT pg_temp.refusal('[{"action": "publish", "bridge": "kafka", "topic": "t", "key": "{{subject}}", "data": {"a": "{{data.a}}"}, "headers": {"x": "y"}}]');
ROLLBACK;
